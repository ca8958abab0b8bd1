//! The commands that choose members at random.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use crate::base::error::Error;
use crate::base::memory::Purpose;
use crate::base::random::Random;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, integer, key, keys};
use crate::keyspace::{NotifyClass, Value};
use crate::number;
use crate::resp::args::Args;
use crate::structures::Item;
use crate::types::EncodingLimits;
use crate::types::sample::{Draw, reply_repeated};
use crate::types::set::Set;

/// Members that one SREM takes away in the effect of an SPOP.
const REPLAYED_MEMBERS_MAX: usize = 1024;
/// When so many times more members go than stay, SPOP chooses those that stay.
const KEEP_FACTOR: usize = 5;

fn srandmember(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let key = args.at(1);
    let mut random = ctx.store.random.fork();
    if args.len() == 2 {
        match ctx.store.set_at(key)?.and_then(|set| set.random(&mut random)) {
            Some(member) => ctx.reply.item(member),
            None => ctx.reply.null(),
        }
        return Ok(Flow::Done);
    }
    let draw = Draw::from_count(args.int(2)?)?;
    let Some(set) = ctx.store.set_at(key)? else {
        ctx.reply.array(0);
        return Ok(Flow::Done);
    };
    let reply = &mut ctx.reply;
    match draw {
        Draw::Distinct(count) => {
            reply.array(count.min(set.len()));
            set.sample(count, &mut random, |member| reply.item(member));
        }
        Draw::Repeated(count) => {
            reply.array(count);
            reply_repeated(reply, count, set.draws(&mut random), |reply, member| reply.item(member))?;
        }
    }
    Ok(Flow::Done)
}

fn spop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    match args.len() {
        2 => pop_one(ctx, args.at(1)),
        3 => {
            const NOT_POSITIVE: Error = Error::Text("ERR value is out of range, must be positive");
            let count = args.int(2).ok().filter(|&count| count >= 0).ok_or(NOT_POSITIVE)?;
            pop_many(ctx, args.at(1), number::count(count).unwrap_or(usize::MAX))
        }
        _ => Err(Error::Syntax),
    }
}

fn pop_one(ctx: &mut Context<'_>, key: &[u8]) -> Result<Flow, Error> {
    let mut random = ctx.store.random.fork();
    let Some(member) = ctx.store.set_mut(key)?.and_then(|set| set.pop(&mut random)) else {
        ctx.reply.null();
        return Ok(Flow::Done);
    };
    ctx.store.changed(key, NotifyClass::Set, "spop");
    ctx.store.remove_if_empty(key);
    ctx.rewrite(&[b"SREM", key, &member]);
    ctx.reply.bulk(&member);
    Ok(Flow::Done)
}

fn pop_many(ctx: &mut Context<'_>, key: &[u8], count: usize) -> Result<Flow, Error> {
    let mut random = ctx.store.random.fork();
    let limits = ctx.store.encoding_limits;
    let Some(set) = ctx.store.set_mut(key)?.filter(|_| count > 0) else {
        ctx.reply.set(0);
        return Ok(Flow::Done);
    };
    if count >= set.len() {
        return pop_all(ctx, key);
    }
    // What is taken is there twice until it is replied, and once more as an effect.
    let share = set.memory_bytes() / set.len() * count + count * size_of::<Vec<u8>>();
    ctx.server.memory.take_for(Purpose::Temporary, if ctx.server.records_effects { 3 } else { 2 } * share)?;
    ctx.reply.expect(count, share)?;
    let (popped, old) = take_some(set, count, &mut random, &limits);
    if let Some(old) = old {
        ctx.store.discard(Value::Set(Box::new(old)));
    }
    ctx.store.changed(key, NotifyClass::Set, "spop");
    ctx.reply.set(count);
    for member in &popped {
        ctx.reply.bulk(member);
    }
    for members in popped.chunks(REPLAYED_MEMBERS_MAX) {
        let mut command: Vec<&[u8]> = alloc::vec![b"SREM", key];
        command.extend(members.iter().map(Vec::as_slice));
        ctx.rewrite(&command);
    }
    Ok(Flow::Done)
}

fn pop_all(ctx: &mut Context<'_>, key: &[u8]) -> Result<Flow, Error> {
    // Redis reads the whole set with another lookup, which counts.
    ctx.store.hits += 1;
    if let Some(set) = ctx.store.set_mut(key)? {
        ctx.reply.set(set.len());
        for member in set.iter() {
            ctx.reply.item(member);
        }
    }
    ctx.reply.whole()?;
    ctx.store.changed(key, NotifyClass::Set, "spop");
    ctx.store.remove(key);
    ctx.store.notify(NotifyClass::Generic, "del", key);
    ctx.rewrite(&[b"DEL", key]);
    Ok(Flow::Done)
}

/// Takes `count` random members out of a set that has more; also returns what is left of the old set when the
/// remaining members have moved to a new one.
fn take_some(
    set: &mut Set,
    count: usize,
    random: &mut Random,
    limits: &EncodingLimits,
) -> (Vec<Vec<u8>>, Option<Set>) {
    let kept_count = set.len() - count;
    // Of what is being saved each member must be seen to go.
    if kept_count.saturating_mul(KEEP_FACTOR) > count || set.is_saving() {
        return ((0..count).filter_map(|_| set.pop(random)).collect(), None);
    }
    let mut kept = Set::default();
    for _ in 0..kept_count {
        if let Some(member) = set.pop(random) {
            kept.insert(&member, limits);
        }
    }
    let old = mem::replace(set, kept);
    (old.iter().map(Item::to_vec).collect(), Some(old))
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(1) without a count, otherwise O(N) where N is the count.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), integer("count").optional().since("3.2.0")],
        reply: "bulk-string | null | set of bulk-string",
        handler: spop,
        keys: Some(keys::TAKE),
        tips: &["nondeterministic_output"],
        ..Group::Set.row("SPOP", "1.0.0", "Removes and returns one random member of a set, or several.")
    },
    Command {
        complexity: "O(1) without a count, otherwise O(N) where N is the count's amount.",
        flags: flags::READ,
        args: &[key("key"), integer("count").optional().since("2.6.0")],
        reply: "bulk-string | null | array of bulk-string",
        handler: srandmember,
        tips: &["nondeterministic_output"],
        ..Group::Set.row(
            "SRANDMEMBER",
            "1.0.0",
            "Returns one random member of a set, or several; a negative count allows repeated ones.",
        )
    },
];
