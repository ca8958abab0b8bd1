//! Commands that name members: adding, removing, scores and ranks; and those that visit members in no order.

use alloc::collections::BTreeSet;

use super::{write_head, write_member};
use crate::args::Args;
use crate::context::{Context, Flow};
use crate::error::Error;
use crate::glob::glob_match;
use crate::keyspace::{NotifyClass, ValueRef};
use crate::number;

/// Members that one ZRANDMEMBER with repetition replies at most, so that a client cannot have a reply made that
/// fills all memory.
const RANDOM_MEMBERS_MAX: u64 = 1 << 24;
/// COUNT of ZSCAN when none is given.
const SCAN_COUNT_DEFAULT: usize = 10;
const NOT_A_NUMBER: Error = Error::Text("ERR resulting score is not a number (NaN)");

/// What the options of ZADD ask for.
#[derive(Clone, Copy, Default)]
struct Conditions {
    if_absent: bool,
    if_present: bool,
    if_greater: bool,
    if_less: bool,
    counts_changes: bool,
    adds_up: bool,
}

impl Conditions {
    fn parse(args: Args<'_>, adds_up: bool) -> Result<(Conditions, usize), Error> {
        let mut conditions = Conditions { adds_up, ..Conditions::default() };
        let mut cursor = args.cursor(2);
        loop {
            if cursor.accept("NX") {
                conditions.if_absent = true;
            } else if cursor.accept("XX") {
                conditions.if_present = true;
            } else if cursor.accept("CH") {
                conditions.counts_changes = true;
            } else if cursor.accept("INCR") {
                conditions.adds_up = true;
            } else if cursor.accept("GT") {
                conditions.if_greater = true;
            } else if cursor.accept("LT") {
                conditions.if_less = true;
            } else {
                break;
            }
        }
        let left = cursor.left();
        if left == 0 || left % 2 != 0 {
            return Err(Error::Syntax);
        }
        conditions.check(left / 2)?;
        Ok((conditions, cursor.position()))
    }

    fn check(self, pairs: usize) -> Result<(), Error> {
        if self.if_absent && self.if_present {
            return Err(Error::Text("ERR XX and NX options at the same time are not compatible"));
        }
        if (self.if_absent && (self.if_greater || self.if_less)) || (self.if_greater && self.if_less) {
            return Err(Error::Text("ERR GT, LT, and/or NX options at the same time are not compatible"));
        }
        if self.adds_up && pairs > 1 {
            return Err(Error::Text("ERR INCR option supports a single increment-element pair"));
        }
        Ok(())
    }

    /// The score that a member with the score `old` gets from `given`; `None` when it must stay as it is.
    fn decide(self, old: Option<f64>, given: f64) -> Result<Option<f64>, Error> {
        let Some(old) = old else { return Ok((!self.if_present).then_some(given)) };
        if self.if_absent {
            return Ok(None);
        }
        let score = if self.adds_up { old + given } else { given };
        if score.is_nan() {
            return Err(NOT_A_NUMBER);
        }
        let is_refused = (self.if_less && score >= old) || (self.if_greater && score <= old);
        Ok((!is_refused).then_some(score))
    }
}

pub(super) fn zadd(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    add(ctx, args, false)
}

pub(super) fn zincrby(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    add(ctx, args, true)
}

fn add(ctx: &mut Context<'_>, args: Args<'_>, adds_up: bool) -> Result<Flow, Error> {
    let key = args.at(1);
    let (conditions, first) = Conditions::parse(args, adds_up)?;
    // All scores are read before any member is added.
    for index in (first..args.len()).step_by(2) {
        args.float(index)?;
    }
    let compact = ctx.store.compact;
    let (mut added, mut updated, mut result) = (0, 0, None);
    let zset =
        if conditions.if_present { ctx.store.zset_mut(key)? } else { Some(ctx.store.zset_or_new(key)?) };
    if let Some(zset) = zset {
        for index in (first..args.len()).step_by(2) {
            let given = args.float(index)?;
            let mut decision = Ok(None);
            let old = zset.upsert(args.at(index + 1), &compact, |old| {
                decision = conditions.decide(old, given);
                decision.clone().ok().flatten()
            });
            // Only an increment can fail, and it has a single pair, so nothing was done yet.
            result = decision?;
            match (old, result) {
                (None, Some(_)) => added += 1,
                (Some(old), Some(new)) if old != new => updated += 1,
                _ => {}
            }
        }
    }
    if added + updated > 0 {
        ctx.store.changed(key, NotifyClass::Zset, if conditions.adds_up { "zincr" } else { "zadd" });
    }
    if !conditions.adds_up {
        ctx.reply.int(if conditions.counts_changes { added + updated } else { added });
    } else if let Some(score) = result {
        ctx.reply.double(score);
    } else {
        ctx.reply.null();
    }
    Ok(Flow::Done)
}

pub(super) fn zrem(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let mut removed = 0;
    if let Some(zset) = ctx.store.zset_mut(key)? {
        for member in args.from(2).iter() {
            removed += usize::from(zset.remove(member).is_some());
        }
    }
    if removed > 0 {
        ctx.store.changed(key, NotifyClass::Zset, "zrem");
        ctx.store.remove_if_empty(key);
    }
    ctx.reply.count(removed);
    Ok(Flow::Done)
}

pub(super) fn zcard(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = ctx.store.zset(args.at(1))?.map_or(0, |zset| zset.len());
    ctx.reply.count(len);
    Ok(Flow::Done)
}

pub(super) fn zscore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    match ctx.store.zset(args.at(1))?.and_then(|zset| zset.score(args.at(2))) {
        Some(score) => ctx.reply.double(score),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

pub(super) fn zmscore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let zset = ctx.store.zset(args.at(1))?;
    let members = args.from(2);
    ctx.reply.array(members.len());
    for member in members.iter() {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => ctx.reply.double(score),
            None => ctx.reply.null(),
        }
    }
    Ok(Flow::Done)
}

pub(super) fn zrank(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    rank(ctx, args, false)
}

pub(super) fn zrevrank(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    rank(ctx, args, true)
}

fn rank(ctx: &mut Context<'_>, args: Args<'_>, from_end: bool) -> Result<Flow, Error> {
    if args.len() > 4 {
        return Err(Error::Arity(ctx.name()));
    }
    let with_score = args.len() == 4;
    if with_score && !args.is(3, "WITHSCORE") {
        return Err(Error::Syntax);
    }
    let found = match ctx.store.zset(args.at(1))? {
        Some(zset) => zset
            .rank(args.at(2))
            .map(|(rank, score)| (if from_end { zset.len() - 1 - rank } else { rank }, score)),
        None => None,
    };
    match found {
        Some((rank, score)) if with_score => {
            ctx.reply.array(2);
            ctx.reply.count(rank);
            ctx.reply.double(score);
        }
        Some((rank, _)) => ctx.reply.count(rank),
        None if with_score => ctx.reply.null_array(),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

pub(super) fn zrandmember(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    if args.len() == 2 {
        let len = ctx.store.zset(key)?.map_or(0, |zset| zset.len());
        if len == 0 {
            ctx.reply.null();
        } else {
            let rank = ctx.store.random.below(len as u64);
            write_ranks(ctx, key, [rank].into_iter(), false);
        }
        return Ok(Flow::Done);
    }
    let count = args.int(2)?;
    if count == i64::MIN {
        return Err(Error::Text(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ));
    }
    let with_scores = args.len() == 4 && args.is(3, "WITHSCORES");
    if args.len() > 4 || (args.len() == 4 && !with_scores) {
        return Err(Error::Syntax);
    }
    let is_over = with_scores && count.unsigned_abs() > i64::MAX as u64 / 2;
    if is_over || count < -(RANDOM_MEMBERS_MAX as i64) {
        return Err(Error::Text("ERR value is out of range"));
    }
    let len = ctx.store.zset(key)?.map_or(0, |zset| zset.len()) as u64;
    if len == 0 || count == 0 {
        ctx.reply.array(0);
    } else if count < 0 {
        write_head(&mut ctx.reply, count.unsigned_abs() as usize, with_scores);
        for _ in 0..count.unsigned_abs() {
            let rank = ctx.store.random.below(len);
            write_ranks(ctx, key, [rank].into_iter(), with_scores);
        }
    } else {
        let count = len.min(count.unsigned_abs());
        write_head(&mut ctx.reply, count as usize, with_scores);
        if count > len / 4 {
            write_sample(ctx, key, (count, len), with_scores);
        } else {
            let ranks = distinct_below(ctx, len, count);
            write_ranks(ctx, key, ranks.into_iter(), with_scores);
        }
    }
    Ok(Flow::Done)
}

/// Writes the members of these ranks.
fn write_ranks(ctx: &mut Context<'_>, key: &[u8], ranks: impl Iterator<Item = u64>, with_scores: bool) {
    let Some(ValueRef::Zset(zset)) = ctx.store.view(key).map(|entry| entry.value()) else { return };
    for rank in ranks {
        let rank = rank as usize;
        for (member, score) in zset.range_by_rank(rank..rank + 1) {
            write_member(&mut ctx.reply, member, score, with_scores);
        }
    }
}

/// Writes `count` of `len` members in one walk over all, each choice equally likely: the selection sampling of
/// Fan, Muller and Rezucha (1962).
fn write_sample(ctx: &mut Context<'_>, key: &[u8], (count, len): (u64, u64), with_scores: bool) {
    let mut random = ctx.store.random.clone();
    let (mut wanted, mut left) = (count, len);
    if let Some(ValueRef::Zset(zset)) = ctx.store.view(key).map(|entry| entry.value()) {
        for (member, score) in zset.iter() {
            if wanted == left || random.below(left) < wanted {
                wanted -= 1;
                write_member(&mut ctx.reply, member, score, with_scores);
            }
            left -= 1;
        }
    }
    ctx.store.random = random;
}

/// `count` distinct numbers below `len`, each choice equally likely: Floyd's method (CACM 30(9), 1987).
fn distinct_below(ctx: &mut Context<'_>, len: u64, count: u64) -> BTreeSet<u64> {
    let mut chosen = BTreeSet::new();
    for last in len - count..len {
        let number = ctx.store.random.below(last + 1);
        if !chosen.insert(number) {
            chosen.insert(last);
        }
    }
    chosen
}

pub(super) fn zscan(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let cursor = number::parse_cursor(args.at(2)).ok_or(Error::Text("ERR invalid cursor"))?;
    let Some(zset) = ctx.store.zset(args.at(1))? else {
        ctx.reply.array(2);
        ctx.reply.text("0");
        ctx.reply.array(0);
        return Ok(Flow::Done);
    };
    let (mut count, mut pattern) = (SCAN_COUNT_DEFAULT, None);
    let mut options = args.cursor(3);
    while !options.is_done() {
        if options.accept_with("COUNT", 1) {
            count = usize::try_from(options.int()?).ok().filter(|&count| count > 0).ok_or(Error::Syntax)?;
        } else if options.accept_with("MATCH", 1) {
            pattern = Some(options.take()?);
        } else {
            return Err(Error::Syntax);
        }
    }
    let mark = ctx.reply.mark();
    let is_small = zset.is_small();
    let (mut found, mut text) = (0, alloc::vec::Vec::new());
    let next = zset.scan(cursor, count, |member, score| {
        text.clear();
        member.append_to(&mut text);
        if pattern.is_none_or(|pattern| glob_match(pattern, &text, false)) {
            ctx.reply.bulk(&text);
            text.clear();
            // Redis keeps the text of the score in the compact form, and formats it with `%.17Lg` otherwise.
            if is_small {
                number::write_f64(&mut text, score);
            } else {
                number::write_f64_g17(&mut text, score);
            }
            ctx.reply.bulk(&text);
            found += 2;
        }
    });
    text.clear();
    number::write_u64(&mut text, next);
    ctx.reply.wrap(mark, |reply| {
        reply.array(2);
        reply.bulk(&text);
        reply.array(found);
    });
    Ok(Flow::Done)
}
