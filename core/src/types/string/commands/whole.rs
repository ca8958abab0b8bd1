//! Whole strings: GET, SET and what they are combined with.

use alloc::vec::Vec;

use super::{
    EXPIRY,
    compare::Condition,
    expiry::{Expiry, expiry_time},
    reply_string, store_string,
};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{
    Command, Group, KeyAt, KeySpec, access, flags, integer, key, keys, one_of, string, token,
};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::args::Args;

fn get(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_string(ctx, args.at(1))?;
    Ok(Flow::Done)
}

/// The key of SET, of which GET tells the value, and a condition something about it.
fn keys_of_set(args: Args<'_>) -> Vec<KeyAt> {
    let has = |words: &[&str], followed: usize| {
        (3..args.len().saturating_sub(followed)).any(|at| words.iter().any(|word| args.is(at, word)))
    };
    let flags: &[_] = if has(&["GET"], 0) {
        &["RW", "access", "update"]
    } else if has(&["IFEQ", "IFNE", "IFDEQ", "IFDNE"], 1) {
        &["RW", "update"]
    } else {
        &["OW", "update"]
    };
    alloc::vec![(1, flags)]
}

fn set(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, value) = (args.at(1), args.at(2));
    if args.len() == 3 {
        store_string(ctx, key, value, None, false);
        ctx.reply.ok();
        return Ok(Flow::Done);
    }
    let (mut if_absent, mut if_present, mut wants_old, mut expiry) = (false, false, false, Expiry::Unchanged);
    let mut condition = None;
    let mut cursor = args.cursor(3);
    while !cursor.is_done() {
        if !if_present && condition.is_none() && cursor.accept("NX") {
            if_absent = true;
        } else if !if_absent && condition.is_none() && cursor.accept("XX") {
            if_present = true;
        } else if cursor.accept("GET") {
            wants_old = true;
        } else if matches!(expiry, Expiry::Unchanged | Expiry::Keep) && cursor.accept("KEEPTTL") {
            expiry = Expiry::Keep;
        } else if let Some(time) = expiry.accept_time(&mut cursor)? {
            expiry = time;
        } else if !if_absent
            && !if_present
            && let Some(given) = Condition::accept(&mut cursor, condition)
        {
            condition = Some(given);
        } else {
            return Err(Error::Syntax);
        }
    }
    let deadline = expiry.deadline(ctx)?;
    let exists = if wants_old {
        reply_string(ctx, key)?
    } else {
        (if_absent || if_present) && ctx.store.look(key).is_some()
    };
    let holds = condition.map_or(Ok(true), |condition| condition.holds(ctx.store, key))?;
    if !holds || (if_absent && exists) || (if_present && !exists) {
        if !wants_old {
            ctx.reply.null();
        }
        return Ok(Flow::Done);
    }
    store_string(ctx, key, value, deadline, matches!(expiry, Expiry::Keep));
    if !wants_old {
        ctx.reply.ok();
    }
    Ok(Flow::Done)
}

fn setnx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_new = ctx.store.look(args.at(1)).is_none();
    if is_new {
        store_string(ctx, args.at(1), args.at(2), None, false);
    }
    ctx.reply.flag(is_new);
    Ok(Flow::Done)
}

fn setex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_with_time(ctx, args, 1000)
}

fn psetex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_with_time(ctx, args, 1)
}

fn set_with_time(ctx: &mut Context<'_>, args: Args<'_>, unit_millis: i64) -> Result<Flow, Error> {
    let deadline = expiry_time(ctx, args.at(2), unit_millis, true)?;
    store_string(ctx, args.at(1), args.at(3), Some(deadline), false);
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn getset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_string(ctx, args.at(1))?;
    ctx.reply.whole()?;
    store_string(ctx, args.at(1), args.at(2), None, false);
    ctx.rewrite(&[b"SET", args.at(1), args.at(2)]);
    Ok(Flow::Done)
}

fn getdel(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    if reply_string(ctx, key)? {
        ctx.reply.whole()?;
        ctx.store.remove(key);
        ctx.store.changed(key, NotifyClass::Generic, "del");
        ctx.rewrite(&[b"DEL", key]);
    }
    Ok(Flow::Done)
}

fn getex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let mut expiry = Expiry::Unchanged;
    let mut cursor = args.cursor(2);
    while !cursor.is_done() {
        if matches!(expiry, Expiry::Unchanged | Expiry::Persist) && cursor.accept("PERSIST") {
            expiry = Expiry::Persist;
        } else if let Some(time) = expiry.accept_time(&mut cursor)? {
            expiry = time;
        } else {
            return Err(Error::Syntax);
        }
    }
    if !reply_string(ctx, key)? {
        return Ok(Flow::Done);
    }
    // A missing key is answered before a time is looked at.
    match expiry.deadline(ctx)? {
        Some(at) if at <= ctx.store.now => {
            ctx.store.remove(key);
            ctx.store.changed(key, NotifyClass::Generic, "del");
            ctx.rewrite(&[b"DEL", key]);
        }
        Some(at) => {
            ctx.store.set_deadline(key, Some(at));
            ctx.store.changed(key, NotifyClass::Generic, "expire");
            let mut text = Vec::new();
            number::write_u64(&mut text, at);
            ctx.rewrite(&[b"PEXPIREAT", key, &text]);
        }
        None if matches!(expiry, Expiry::Persist) && has_deadline(ctx, key) => {
            ctx.store.set_deadline(key, None);
            ctx.store.changed(key, NotifyClass::Generic, "persist");
            ctx.rewrite(&[b"PERSIST", key]);
        }
        None => {}
    }
    Ok(Flow::Done)
}

fn has_deadline(ctx: &mut Context<'_>, key: &[u8]) -> bool {
    ctx.store.peek(key).is_some_and(|entry| entry.deadline().is_some())
}

pub(super) const ROWS: &[Command] = &[
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "bulk-string | null",
        handler: get,
        ..Group::String.row("GET", "1.0.0", "Returns the string at a key.")
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key")],
        reply: "bulk-string | null",
        handler: getdel,
        keys: Some(keys::TAKE),
        ..Group::String.row("GETDEL", "6.2.0", "Returns the string at a key and deletes the key.")
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[
            key("key"),
            one_of("expiration", &[EXPIRY[0], EXPIRY[1], EXPIRY[2], EXPIRY[3], token("persist", "PERSIST")])
                .optional(),
        ],
        reply: "bulk-string | null",
        handler: getex,
        keys: Some(&[KeySpec::range(1, 0, access::CHANGE).noting("It may change the deadline.")]),
        ..Group::String.row("GETEX", "6.2.0", "Returns the string at a key and sets or clears its deadline.")
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key"), string("value")],
        reply: "bulk-string | null",
        handler: getset,
        deprecated: Some(("6.2.0", "`SET` with the `GET` argument")),
        ..Group::String.row("GETSET", "1.0.0", "Sets a key to a string and returns the one it held before.")
    },
    Command {
        flags: flags::GROW,
        args: &[key("key"), integer("milliseconds"), string("value")],
        handler: psetex,
        keys: Some(keys::OVERWRITE),
        deprecated: Some(("2.6.12", "`SET` with the `PX` argument")),
        ..Group::String.row(
            "PSETEX",
            "2.6.0",
            "Sets a key to a string that expires after so many milliseconds.",
        )
    },
    Command {
        flags: flags::GROW,
        args: &[
            key("key"),
            string("value"),
            one_of(
                "condition",
                &[
                    token("nx", "NX"),
                    token("xx", "XX"),
                    string("ifeq-value").after("IFEQ").since("8.4.0"),
                    string("ifne-value").after("IFNE").since("8.4.0"),
                    string("ifdeq-digest").after("IFDEQ").since("8.4.0"),
                    string("ifdne-digest").after("IFDNE").since("8.4.0"),
                ],
            )
            .optional(),
            token("get", "GET").optional().since("6.2.0"),
            one_of(
                "expiration",
                &[
                    EXPIRY[0].since("2.6.12"),
                    EXPIRY[1].since("2.6.12"),
                    EXPIRY[2].since("6.2.0"),
                    EXPIRY[3].since("6.2.0"),
                    token("keepttl", "KEEPTTL").since("6.0.0"),
                ],
            )
            .optional(),
        ],
        reply: "simple-string | null | bulk-string | null",
        handler: set,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "access", "update", "variable_flags"])
            .noting("It reads only with GET or a condition.")]),
        keys_of: Some(keys_of_set),
        ..Group::String.row(
            "SET",
            "1.0.0",
            "Sets a key to a string, whatever it held before, and optionally its deadline.",
        )
    },
    Command {
        flags: flags::GROW,
        args: &[key("key"), integer("seconds"), string("value")],
        handler: setex,
        keys: Some(keys::OVERWRITE),
        deprecated: Some(("2.6.12", "`SET` with the `EX` argument")),
        ..Group::String.row("SETEX", "2.0.0", "Sets a key to a string that expires after so many seconds.")
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key"), string("value")],
        reply: "integer",
        handler: setnx,
        keys: Some(keys::CREATE),
        deprecated: Some(("2.6.12", "`SET` with the `NX` argument")),
        ..Group::String.row("SETNX", "1.0.0", "Sets a key to a string, but only if the key does not exist.")
    },
];
