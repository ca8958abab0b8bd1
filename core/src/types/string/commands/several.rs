//! Several keys at once.

use super::{EXPIRY, expiry::Expiry, store_string};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Begin, Command, Find, Flags, Group, KeySpec, block, flags, integer, key, one_of, string, token,
};
use crate::keyspace::{NotifyClass, ValueRef};
use crate::number;
use crate::resp::args::Args;

fn mget(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.array(args.len() - 1);
    for key in args.from(1).iter() {
        match ctx.store.read(key).map(|entry| entry.value()) {
            Some(ValueRef::Bytes(bytes)) => ctx.reply.bulk(bytes),
            Some(ValueRef::Int(number)) => ctx.reply.bulk_int(number),
            _ => ctx.reply.null(),
        }
    }
    Ok(Flow::Done)
}

fn mset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    check_pairs(ctx, args)?;
    set_pairs(ctx, args);
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn msetnx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    check_pairs(ctx, args)?;
    let is_any_there = args.from(1).iter().step_by(2).any(|key| ctx.store.look(key).is_some());
    if !is_any_there {
        set_pairs(ctx, args);
    }
    ctx.reply.flag(!is_any_there);
    Ok(Flow::Done)
}

fn msetex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let count = number::parse_i64(args.at(1))
        .filter(|&count| count > 0 && i32::try_from(count).is_ok())
        .and_then(number::count)
        .ok_or(Error::Text("ERR invalid numkeys value"))?;
    let mut cursor = args.cursor(2);
    let pairs = count.checked_mul(2).and_then(|count| cursor.many(count).ok());
    let pairs = pairs.ok_or(Error::Text("ERR wrong number of key-value pairs"))?;
    let (mut if_absent, mut if_present, mut expiry) = (false, false, Expiry::Unchanged);
    while !cursor.is_done() {
        if !if_present && cursor.accept("NX") {
            if_absent = true;
        } else if !if_absent && cursor.accept("XX") {
            if_present = true;
        } else if matches!(expiry, Expiry::Unchanged | Expiry::Keep) && cursor.accept("KEEPTTL") {
            expiry = Expiry::Keep;
        } else if let Some(time) = expiry.accept_time(&mut cursor)? {
            expiry = time;
        } else {
            return Err(Error::Syntax);
        }
    }
    let deadline = expiry.deadline(ctx)?;
    let mut keys = pairs.iter().step_by(2);
    let is_refused = (if_absent || if_present) && keys.any(|key| ctx.store.exists(key) == if_absent);
    if !is_refused {
        let mut pairs = pairs.iter();
        while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
            store_string(ctx, key, value, deadline, matches!(expiry, Expiry::Keep));
        }
    }
    ctx.reply.flag(!is_refused);
    Ok(Flow::Done)
}

fn check_pairs(ctx: &Context<'_>, args: Args<'_>) -> Result<(), Error> {
    if args.len().is_multiple_of(2) { Err(Error::Arity(ctx.name())) } else { Ok(()) }
}

fn set_pairs(ctx: &mut Context<'_>, args: Args<'_>) {
    let mut pairs = args.from(1).iter();
    while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
        ctx.store.put_string(key, value, None, false);
        ctx.store.changed(key, NotifyClass::String, "set");
    }
}

const PAIRS: &[Arg] = &[block("data", &[key("key"), string("value")]).multiple()];

/// The keys of MSET and MSETNX: every second argument.
const PAIR_KEYS: &[KeySpec] = &[pair_keys(&["OW", "update"])];

const NEW_PAIR_KEYS: &[KeySpec] = &[pair_keys(&["OW", "insert"])];

const fn pair_keys(flags: &'static [&'static str]) -> KeySpec {
    KeySpec { flags, begin: Begin::Index(1), find: Find::Range { last: -1, step: 2, limit: 0 }, notes: "" }
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::READ_FAST,
        args: &[key("key").multiple()],
        reply: "array of bulk-string or null",
        handler: mget,
        tips: &["request_policy:multi_shard"],
        ..Group::String.row(
            "MGET",
            "1.0.0",
            "Returns the strings at several keys; null for those that hold none.",
        )
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::GROW,
        args: PAIRS,
        handler: mset,
        keys: Some(PAIR_KEYS),
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        ..Group::String.row("MSET", "1.0.1", "Sets several keys to strings at once.")
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::GROW.and(Flags::MOVABLEKEYS),
        args: &[
            integer("numkeys"),
            PAIRS[0],
            one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).optional(),
            one_of("expiration", &[EXPIRY[0], EXPIRY[1], EXPIRY[2], EXPIRY[3], token("keepttl", "KEEPTTL")])
                .optional(),
        ],
        reply: "integer",
        handler: msetex,
        keys: Some(&[KeySpec {
            flags: &["OW", "update"],
            begin: Begin::Index(1),
            find: Find::KeyNum { count: 0, first: 1, step: 2 },
            notes: "",
        }]),
        tips: &["request_policy:multi_shard", "response_policy:agg_min"],
        ..Group::String.row(
            "MSETEX",
            "8.4.0",
            "Sets several keys to strings with one deadline, perhaps only if all or none of them exist.",
        )
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::GROW,
        args: PAIRS,
        reply: "integer",
        handler: msetnx,
        keys: Some(NEW_PAIR_KEYS),
        ..Group::String.row(
            "MSETNX",
            "1.0.1",
            "Sets several keys to strings at once, but only if none of them exists.",
        )
    },
];
