//! Commands that take members from an end, at once or as soon as there are some.

use alloc::vec::Vec;

use super::at_least;
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Command, Flags, Group, KeySpec, access, double, flags, integer, key, keys, one_of, token,
};
use crate::keyspace::{NotifyClass, Type};
use crate::number;
use crate::resp::args::Args;
use crate::server::blocking::{Block, deadline_after};
use crate::types::multiple_pop::MultiplePop;

/// The end to take from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Min,
    Max,
}

impl End {
    fn parse(word: &[u8]) -> Result<End, Error> {
        match word {
            word if word.eq_ignore_ascii_case(b"MIN") => Ok(End::Min),
            word if word.eq_ignore_ascii_case(b"MAX") => Ok(End::Max),
            _ => Err(Error::Syntax),
        }
    }

    /// The command that takes from this end, and its event.
    fn names(self) -> (&'static [u8], &'static str) {
        match self {
            End::Min => (b"ZPOPMIN", "zpopmin"),
            End::Max => (b"ZPOPMAX", "zpopmax"),
        }
    }
}

/// How the members that were taken are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Members and scores in one array.
    Flat,
    /// An array of pairs.
    Pairs,
    /// The key and then both in one array.
    KeyFlat,
    /// The key and an array of pairs.
    KeyPairs,
}

/// Takes up to `count` members, at least one, from the end of a sorted set that is there.
fn take(ctx: &mut Context<'_>, key: &[u8], end: End, count: u64, shape: Shape) -> Result<(), Error> {
    let Some(zset) = ctx.store.zset_mut(key)? else { return Ok(()) };
    let len = zset.len();
    let taken = number::saturate(count).min(len);
    match shape {
        Shape::Flat => ctx.reply.array(taken * 2),
        Shape::Pairs => ctx.reply.array(taken),
        Shape::KeyFlat => ctx.reply.array(taken * 2 + 1),
        Shape::KeyPairs => ctx.reply.array(2),
    }
    if matches!(shape, Shape::KeyFlat | Shape::KeyPairs) {
        ctx.reply.bulk(key);
    }
    if shape == Shape::KeyPairs {
        ctx.reply.array(taken);
    }
    let ranks = if end == End::Min { 0..taken } else { len - taken..len };
    let mut members = zset.range_by_rank(ranks.clone());
    while let Some((member, score)) = if end == End::Min { members.next() } else { members.next_back() } {
        if matches!(shape, Shape::Pairs | Shape::KeyPairs) {
            ctx.reply.array(2);
        }
        ctx.reply.item(member);
        ctx.reply.double(score);
    }
    ctx.reply.whole()?;
    zset.remove_range(ranks);
    let (_, event) = end.names();
    ctx.store.changed(key, NotifyClass::Zset, event);
    ctx.store.remove_if_empty(key);
    Ok(())
}

/// As [`take`], for a command that stands for ZPOPMIN or ZPOPMAX in the effects.
fn take_rewritten(
    ctx: &mut Context<'_>,
    key: &[u8],
    end: End,
    count: Option<u64>,
    shape: Shape,
) -> Result<(), Error> {
    let len = ctx.store.zset_mut(key)?.map_or(0, |zset| zset.len());
    take(ctx, key, end, count.unwrap_or(1), shape)?;
    let (command, _) = end.names();
    match count {
        None => ctx.rewrite(&[command, key]),
        Some(count) => {
            let mut text = Vec::new();
            number::write_u64(&mut text, count.min(len as u64));
            ctx.rewrite(&[command, key, &text]);
        }
    }
    Ok(())
}

/// The first key that is there; it must be a sorted set.
fn first_present<'a>(ctx: &mut Context<'_>, keys: Args<'a>) -> Result<Option<&'a [u8]>, Error> {
    for key in keys.iter() {
        if ctx.store.zset_mut(key)?.is_some() {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn zpopmin(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop(ctx, args, End::Min)
}

fn zpopmax(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop(ctx, args, End::Max)
}

fn pop(ctx: &mut Context<'_>, args: Args<'_>, end: End) -> Result<Flow, Error> {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let count = match args.get(2) {
        None => None,
        Some(text) => Some(at_least(0, text, "ERR value is out of range, must be positive")?),
    };
    let is_there = ctx.store.zset_mut(args.at(1))?.is_some();
    if !is_there || count == Some(0) {
        ctx.reply.array(0);
        return Ok(Flow::Done);
    }
    let shape = if ctx.reply.is_resp3() && count.is_some() { Shape::Pairs } else { Shape::Flat };
    take(ctx, args.at(1), end, count.unwrap_or(1), shape)?;
    Ok(Flow::Done)
}

fn zmpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let MultiplePop { keys, end, count } = MultiplePop::parse(args, 1, End::parse)?;
    match first_present(ctx, keys)? {
        Some(key) => take_rewritten(ctx, key, end, Some(count as u64), Shape::KeyPairs)?,
        None => ctx.reply.null_array(),
    }
    Ok(Flow::Done)
}

fn bzmpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let MultiplePop { keys, end, count } = MultiplePop::parse(args, 2, End::parse)?;
    let deadline = deadline_after(ctx.server.steady, args.at(1))?;
    match first_present(ctx, keys)? {
        Some(key) => {
            take_rewritten(ctx, key, end, Some(count as u64), Shape::KeyPairs)?;
            Ok(Flow::Done)
        }
        None => Ok(wait_for(keys, deadline)),
    }
}

fn bzpopmin(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop_or_wait(ctx, args, End::Min)
}

fn bzpopmax(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop_or_wait(ctx, args, End::Max)
}

fn pop_or_wait(ctx: &mut Context<'_>, args: Args<'_>, end: End) -> Result<Flow, Error> {
    let keys = args.slice(1, args.len() - 1);
    let deadline = deadline_after(ctx.server.steady, args.at(args.len() - 1))?;
    match first_present(ctx, keys)? {
        Some(key) => {
            take_rewritten(ctx, key, end, None, Shape::KeyFlat)?;
            Ok(Flow::Done)
        }
        None => Ok(wait_for(keys, deadline)),
    }
}

fn wait_for(keys: Args<'_>, deadline: Option<u64>) -> Flow {
    Flow::wait(Block::on_keys(Type::Zset, keys, deadline))
}

const END: Arg = one_of("where", &[token("min", "MIN"), token("max", "MAX")]);

pub(super) const ROWS: &[Command] = &[
Command {
complexity: "O(K) + O(M*log(N)) with K keys, N members and M of them popped",
flags: flags::WAIT.and(Flags::MOVABLEKEYS),
args: &[
            double("timeout"),
            integer("numkeys"),
            key("key").multiple(),
            END,
            integer("count").after("COUNT").optional(),
        ],
reply: "array of key and array of array of bulk-string and double | null",
handler: bzmpop,
keys: Some(&[KeySpec::counted(2, access::TAKE)]),
..Group::SortedSet.row("BZMPOP", "7.0.0", "Pops members from the first sorted set that is not empty; waits for one if there is none.")
},
Command {
complexity: "O(log(N)) with N members",
flags: flags::WRITE_FAST.and(Flags::BLOCKING),
args: &[key("key").multiple(), double("timeout")],
reply: "array of key and bulk-string and double | null",
handler: bzpopmax,
keys: Some(&[KeySpec::range(1, -2, access::TAKE)]),
..Group::SortedSet.row("BZPOPMAX", "5.0.0", "Pops the member with the greatest score from the first sorted set that is not empty; waits for one if there is none.")
},
Command {
complexity: "O(log(N)) with N members",
flags: flags::WRITE_FAST.and(Flags::BLOCKING),
args: &[key("key").multiple(), double("timeout")],
reply: "array of key and bulk-string and double | null",
handler: bzpopmin,
keys: Some(&[KeySpec::range(1, -2, access::TAKE)]),
..Group::SortedSet.row("BZPOPMIN", "5.0.0", "Pops the member with the least score from the first sorted set that is not empty; waits for one if there is none.")
},
Command {
complexity: "O(K) + O(M*log(N)) with K keys, N members and M of them popped",
flags: flags::WRITE.and(Flags::MOVABLEKEYS),
args: &[integer("numkeys"), key("key").multiple(), END, integer("count").after("COUNT").optional()],
reply: "array of key and array of array of bulk-string and double | null",
handler: zmpop,
keys: Some(&[KeySpec::counted(1, access::TAKE)]),
..Group::SortedSet.row("ZMPOP", "7.0.0", "Pops members from the first sorted set that is not empty.")
},
Command {
complexity: "O(log(N)*M) with N members and M of them popped",
flags: flags::WRITE_FAST,
args: &[key("key"), integer("count").optional()],
reply: "array of bulk-string and double",
handler: zpopmax,
keys: Some(keys::TAKE),
..Group::SortedSet.row("ZPOPMAX", "5.0.0", "Removes the members with the greatest scores and replies with them.")
},
Command {
complexity: "O(log(N)*M) with N members and M of them popped",
flags: flags::WRITE_FAST,
args: &[key("key"), integer("count").optional()],
reply: "array of bulk-string and double",
handler: zpopmin,
keys: Some(keys::TAKE),
..Group::SortedSet.row("ZPOPMIN", "5.0.0", "Removes the members with the least scores and replies with them.")
},
];
