//! The commands that only read a hash.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, block, flags, integer, key, keys, pattern, string, token};
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};
use crate::types::hash::Pair;
use crate::types::sample::{Draw, reply_repeated};
use crate::types::scan::{ScanOptions, reply_empty, scan_cursor};

/// The most pairs that HRANDFIELD takes as a count WITHVALUES: twice as many replies must still be a count.
const PAIRS_MAX: u64 = i64::MAX as u64 / 2;

fn hget(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    match ctx.store.fields_at(args.at(1), [args.at(2)])?.and_then(|hash| hash.get(args.at(2))) {
        Some(value) => ctx.reply.item(value),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

fn hmget(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let fields = args.from(2).iter();
    let hash = ctx.store.fields_at(args.at(1), fields.clone())?;
    ctx.reply.array(fields.len());
    for field in fields {
        match hash.and_then(|hash| hash.get(field)) {
            Some(value) => ctx.reply.item(value),
            None => ctx.reply.null(),
        }
    }
    Ok(Flow::Done)
}

fn hexists(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let exists = ctx.store.fields_at(args.at(1), [args.at(2)])?.is_some_and(|hash| hash.contains(args.at(2)));
    ctx.reply.flag(exists);
    Ok(Flow::Done)
}

fn hlen(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = ctx.store.fields_at(args.at(1), [])?.map_or(0, |hash| hash.len());
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn hstrlen(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let value = ctx.store.fields_at(args.at(1), [args.at(2)])?.and_then(|hash| hash.get(args.at(2)));
    ctx.reply.count(value.map_or(0, Item::text_len));
    Ok(Flow::Done)
}

fn hgetall(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let Some(hash) = ctx.store.hash_at(args.at(1))? else {
        ctx.reply.map(0);
        return Ok(Flow::Done);
    };
    ctx.reply.map(hash.len());
    for (field, value) in hash.iter() {
        ctx.reply.item(field);
        ctx.reply.item(value);
    }
    Ok(Flow::Done)
}

fn hkeys(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_all(ctx, args.at(1), |(field, _)| field)
}

fn hvals(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_all(ctx, args.at(1), |(_, value)| value)
}

fn reply_all(ctx: &mut Context<'_>, key: &[u8], part: impl Fn(Pair<'_>) -> Item<'_>) -> Result<Flow, Error> {
    let Some(hash) = ctx.store.hash_at(key)? else {
        ctx.reply.array(0);
        return Ok(Flow::Done);
    };
    ctx.reply.array(hash.len());
    for pair in hash.iter() {
        ctx.reply.item(part(pair));
    }
    Ok(Flow::Done)
}

fn hscan(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (cursor, now) = (scan_cursor(args.at(2))?, ctx.store.now);
    let Some(hash) = ctx.store.fields_at(args.at(1), [])? else {
        reply_empty(&mut ctx.reply);
        return Ok(Flow::Done);
    };
    let mut without_values = false;
    let options = ScanOptions::parse(args.cursor(3), |cursor| {
        let is_own = cursor.accept("NOVALUES");
        without_values |= is_own;
        Ok(is_own)
    })?;
    // Only a hash with very many of them has any left.
    let has_due = hash.nearest_deadline() < now;
    let is_due = |field: Item<'_>| {
        let deadline = hash.deadline(field.text(&mut [0; INTEGER_TEXT_BYTES_MAX]));
        deadline.flatten().is_some_and(|at| at < now)
    };
    options.reply(&mut ctx.reply, |options, reply| {
        let mut replies = 0;
        let next = hash.scan(cursor, options.count, |(field, value)| {
            if options.passes(field) && !(has_due && is_due(field)) {
                reply.item(field);
                replies += 1;
                if !without_values {
                    reply.item(value);
                    replies += 1;
                }
            }
        });
        (next, replies)
    });
    Ok(Flow::Done)
}

fn hrandfield(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let mut random = ctx.store.random.fork();
    if args.len() == 2 {
        match ctx.store.hash_at(key)?.and_then(|hash| hash.random(&mut random)) {
            Some((field, _)) => ctx.reply.item(field),
            None => ctx.reply.null(),
        }
        return Ok(Flow::Done);
    }
    let count = args.int(2)?;
    let draw = Draw::from_count(count)?;
    let mut cursor = args.cursor(3);
    let with_values = cursor.accept("WITHVALUES");
    cursor.finish()?;
    if with_values && count.unsigned_abs() > PAIRS_MAX {
        return Err(Error::Text("ERR value is out of range"));
    }
    let Some(hash) = ctx.store.hash_at(key)? else {
        ctx.reply.array(0);
        return Ok(Flow::Done);
    };
    let reply = &mut ctx.reply;
    match draw {
        Draw::Distinct(count) => {
            reply_head(reply, count.min(hash.len()), with_values);
            hash.sample(count, &mut random, |pair| reply_pair(reply, pair, with_values));
        }
        Draw::Repeated(count) => {
            reply_head(reply, count, with_values);
            let draws = hash.draws(&mut random);
            reply_repeated(reply, count, draws, |reply, pair| reply_pair(reply, pair, with_values))?;
        }
    }
    Ok(Flow::Done)
}

/// The head of HRANDFIELD's reply: RESP3 nests a pair, RESP2 lays pairs out flat.
fn reply_head(reply: &mut Reply<'_>, count: usize, with_values: bool) {
    let is_flat = with_values && !reply.is_resp3();
    reply.array(if is_flat { count.saturating_mul(2) } else { count });
}

fn reply_pair(reply: &mut Reply<'_>, (field, value): Pair<'_>, with_values: bool) {
    if with_values && reply.is_resp3() {
        reply.array(2);
    }
    reply.item(field);
    if with_values {
        reply.item(value);
    }
}

pub(super) const ROWS: &[Command] = &[
    Command {
        flags: flags::READ_FAST,
        args: &[key("key"), string("field")],
        reply: "integer",
        handler: hexists,
        keys: Some(keys::LOOK),
        ..Group::Hash.row("HEXISTS", "2.0.0", "Tells whether a hash has a field.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key"), string("field")],
        reply: "bulk-string | null",
        handler: hget,
        ..Group::Hash.row("HGET", "2.0.0", "Returns the value of a field of a hash.")
    },
    Command {
        complexity: "O(N) where N is the size of the hash.",
        flags: flags::READ,
        args: &[key("key")],
        reply: "map of bulk-string to bulk-string",
        handler: hgetall,
        tips: &["nondeterministic_output_order"],
        ..Group::Hash.row("HGETALL", "2.0.0", "Returns all fields of a hash with their values.")
    },
    Command {
        complexity: "O(N) where N is the size of the hash.",
        flags: flags::READ,
        args: &[key("key")],
        reply: "array of bulk-string",
        handler: hkeys,
        tips: &["nondeterministic_output_order"],
        ..Group::Hash.row("HKEYS", "2.0.0", "Returns all fields of a hash.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: hlen,
        keys: Some(keys::LOOK),
        ..Group::Hash.row("HLEN", "2.0.0", "Returns the number of fields of a hash.")
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::READ_FAST,
        args: &[key("key"), string("field").multiple()],
        reply: "array of bulk-string or null",
        handler: hmget,
        ..Group::Hash.row("HMGET", "2.0.0", "Returns the values of several fields of a hash.")
    },
    Command {
        complexity: "O(N) where N is the number of fields returned.",
        flags: flags::READ,
        args: &[
            key("key"),
            block("options", &[integer("count"), token("withvalues", "WITHVALUES").optional()]).optional(),
        ],
        reply: "bulk-string | null | array of bulk-string | array of pairs of bulk-string",
        handler: hrandfield,
        tips: &["nondeterministic_output"],
        ..Group::Hash.row(
            "HRANDFIELD",
            "6.2.0",
            "Returns one random field of a hash, or several; a negative count allows repeated ones.",
        )
    },
    Command {
        complexity: "O(1) for each call, O(N) for a whole round, where N is the size of the hash.",
        flags: flags::READ,
        args: &[
            key("key"),
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
            token("novalues", "NOVALUES").optional(),
        ],
        reply: "array of cursor and array of bulk-string",
        handler: hscan,
        tips: &["nondeterministic_output"],
        ..Group::Hash.row("HSCAN", "2.8.0", "Walks through the fields of a hash step by step.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key"), string("field")],
        reply: "integer",
        handler: hstrlen,
        keys: Some(keys::LOOK),
        ..Group::Hash.row("HSTRLEN", "3.2.0", "Returns the length of the value of a field of a hash.")
    },
    Command {
        complexity: "O(N) where N is the size of the hash.",
        flags: flags::READ,
        args: &[key("key")],
        reply: "array of bulk-string",
        handler: hvals,
        tips: &["nondeterministic_output_order"],
        ..Group::Hash.row("HVALS", "2.0.0", "Returns the values of all fields of a hash.")
    },
];
