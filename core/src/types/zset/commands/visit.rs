//! Commands that visit members in no useful order: ZRANDMEMBER and ZSCAN.

use alloc::vec::Vec;

use super::{write_head, write_member};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, block, flags, integer, key, keys, pattern, token};
use crate::number;
use crate::resp::args::Args;
use crate::types::sample::{Draw, reply_repeated};
use crate::types::scan::{ScanOptions, reply_empty, scan_cursor};

/// Most members with scores that ZRANDMEMBER can be asked for, as in Redis, which doubles the number.
const PAIRS_MAX: u64 = i64::MAX as u64 / 2;

fn zrandmember(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let mut random = ctx.store.random.fork();
    if args.len() == 2 {
        match ctx.store.zset(key)?.and_then(|zset| zset.random(&mut random)) {
            Some((member, _)) => ctx.reply.item(member),
            None => ctx.reply.null(),
        }
        return Ok(Flow::Done);
    }
    let count = args.int(2)?;
    let draw = Draw::from_count(count)?;
    let mut cursor = args.cursor(3);
    let with_scores = cursor.accept("WITHSCORES");
    cursor.finish()?;
    if with_scores && count.unsigned_abs() > PAIRS_MAX {
        return Err(Error::Text("ERR value is out of range"));
    }
    let Some(zset) = ctx.store.zset(key)? else {
        ctx.reply.array(0);
        return Ok(Flow::Done);
    };
    let reply = &mut ctx.reply;
    match draw {
        Draw::Distinct(count) => {
            write_head(reply, count.min(zset.len()), with_scores);
            zset.sample(count, &mut random, |member, score| {
                write_member(reply, member, score, with_scores);
            });
        }
        Draw::Repeated(count) => {
            write_head(reply, count, with_scores);
            reply_repeated(reply, count, zset.draws(&mut random), |reply, (member, score)| {
                write_member(reply, member, score, with_scores);
            })?;
        }
    }
    Ok(Flow::Done)
}

fn zscan(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let cursor = scan_cursor(args.at(2))?;
    let Some(zset) = ctx.store.zset(args.at(1))? else {
        reply_empty(&mut ctx.reply);
        return Ok(Flow::Done);
    };
    let mut without_scores = false;
    let options = ScanOptions::parse(args.cursor(3), |cursor| {
        let is_own = cursor.accept("NOSCORES");
        without_scores |= is_own;
        if !is_own {
            ScanOptions::refuse_others(cursor)?;
        }
        Ok(is_own)
    })?;
    options.reply(&mut ctx.reply, |options, reply| {
        let (mut replies, mut text) = (0, Vec::new());
        let next = zset.scan(cursor, options.count, |member, score| {
            if !options.passes(member) {
                return;
            }
            reply.item(member);
            replies += 1;
            if !without_scores {
                text.clear();
                // Redis shows the compact form's scores as it keeps them, and formats others with `%.17Lg`.
                if zset.is_small() {
                    number::write_f64(&mut text, score);
                } else {
                    number::write_f64_g17(&mut text, score);
                }
                reply.bulk(&text);
                replies += 1;
            }
        });
        (next, replies)
    });
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) with N members returned",
        flags: flags::READ,
        args: &[
            key("key"),
            block("options", &[integer("count"), token("withscores", "WITHSCORES").optional()]).optional(),
        ],
        reply: "bulk-string | null | array of bulk-string | array of bulk-string and double",
        handler: zrandmember,
        keys: Some(keys::READ),
        tips: &["nondeterministic_output"],
        ..Group::SortedSet.row("ZRANDMEMBER", "6.2.0", "Returns members chosen at random.")
    },
    Command {
        complexity: "O(1) for every call, O(N) for a whole iteration over N members",
        flags: flags::READ,
        args: &[
            key("key"),
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
            token("noscores", "NOSCORES").optional(),
        ],
        reply: "array of cursor and array of bulk-string",
        handler: zscan,
        keys: Some(keys::READ),
        tips: &["nondeterministic_output"],
        ..Group::SortedSet.row("ZSCAN", "2.8.0", "Goes through the members of a sorted set in steps.")
    },
];
