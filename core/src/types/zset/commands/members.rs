//! Commands that name members: adding, removing, scores and ranks.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, block, double, flags, integer, key, keys, one_of, string, token};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::Reply;
use crate::resp::args::Args;

const NOT_A_NUMBER: Error = Error::Text("ERR resulting score is not a number (NaN)");

/// What the options of ZADD ask for.
#[derive(Clone, Copy, Default)]
pub(in crate::types) struct Conditions {
    pub(in crate::types) if_absent: bool,
    pub(in crate::types) if_present: bool,
    if_greater: bool,
    if_less: bool,
    pub(in crate::types) counts_changes: bool,
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
        if left == 0 || !left.is_multiple_of(2) {
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

fn zadd(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    add(ctx, args, false)
}

fn zincrby(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    add(ctx, args, true)
}

fn add(ctx: &mut Context<'_>, args: Args<'_>, adds_up: bool) -> Result<Flow, Error> {
    let key = args.at(1);
    let (conditions, first) = Conditions::parse(args, adds_up)?;
    // All scores are read before any member is added.
    for index in (first..args.len()).step_by(2) {
        args.float(index)?;
    }
    let members = args.from(first);
    let score = |index| number::parse_f64(members.at(index)).expect("all scores were read before");
    let pairs = (0..members.len()).step_by(2).map(|index| (score(index), members.at(index + 1)));
    add_members(ctx, key, conditions, pairs)
}

/// Adds members with their scores, of which there is at least one, and replies as ZADD does.
pub(in crate::types) fn add_members<'a>(
    ctx: &mut Context<'_>,
    key: &[u8],
    conditions: Conditions,
    pairs: impl Iterator<Item = (f64, &'a [u8])>,
) -> Result<Flow, Error> {
    let limits = ctx.store.encoding_limits;
    let (mut added, mut updated, mut result) = (0, 0, None);
    let zset =
        if conditions.if_present { ctx.store.zset_mut(key)? } else { Some(ctx.store.zset_or_new(key)?) };
    if let Some(zset) = zset {
        for (given, member) in pairs {
            let mut decision = Ok(None);
            let old = zset.upsert(member, &limits, |old| {
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

fn zrem(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
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

fn zcard(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = ctx.store.zset(args.at(1))?.map_or(0, |zset| zset.len());
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn zscore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    match ctx.store.zset(args.at(1))?.and_then(|zset| zset.score(args.at(2))) {
        Some(score) => ctx.reply.double(score),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

fn zmscore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_of_scores(ctx, args, |reply, score| match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    })
}

/// Replies with an array of what `write` makes of the score of each member named behind the key.
pub(in crate::types) fn reply_of_scores(
    ctx: &mut Context<'_>,
    args: Args<'_>,
    write: impl Fn(&mut Reply<'_>, Option<f64>),
) -> Result<Flow, Error> {
    let zset = ctx.store.zset(args.at(1))?;
    let members = args.from(2);
    ctx.reply.array(members.len());
    for member in members.iter() {
        write(&mut ctx.reply, zset.and_then(|zset| zset.score(member)));
    }
    Ok(Flow::Done)
}

fn zrank(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    rank(ctx, args, false)
}

fn zrevrank(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
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

pub(super) const ROWS: &[Command] = &[
Command {
complexity: "O(log(N)) for each member added, with N members",
flags: flags::GROW_FAST,
args: &[
            key("key"),
            one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).optional().since("3.0.2"),
            one_of("comparison", &[token("gt", "GT"), token("lt", "LT")]).optional().since("6.2.0"),
            token("change", "CH").optional().since("3.0.2"),
            token("increment", "INCR").optional().since("3.0.2"),
            block("data", &[double("score"), string("member")]).multiple(),
        ],
reply: "integer | double | null",
handler: zadd,
keys: Some(keys::UPDATE),
..Group::SortedSet.row("ZADD", "1.2.0", "Adds members to a sorted set or changes their scores; the key is created when it does not exist.")
},
Command {
flags: flags::READ_FAST,
args: &[key("key")],
reply: "integer",
handler: zcard,
keys: Some(keys::LOOK),
..Group::SortedSet.row("ZCARD", "1.2.0", "Returns the number of members of a sorted set.")
},
Command {
complexity: "O(log(N)) with N members",
flags: flags::GROW_FAST,
args: &[key("key"), integer("increment"), string("member")],
reply: "double",
handler: zincrby,
keys: Some(keys::CHANGE),
..Group::SortedSet.row("ZINCRBY", "1.2.0", "Adds to a member's score; a missing member counts as 0.")
},
Command {
complexity: "O(N) with N members asked for",
flags: flags::READ_FAST,
args: &[key("key"), string("member").multiple()],
reply: "array of double or null",
handler: zmscore,
keys: Some(keys::READ),
..Group::SortedSet.row("ZMSCORE", "6.2.0", "Returns the scores of members.")
},
Command {
complexity: "O(log(N)) with N members",
flags: flags::READ_FAST,
args: &[key("key"), string("member"), token("withscore", "WITHSCORE").optional()],
reply: "integer | null | array of integer and double | null",
handler: zrank,
keys: Some(keys::READ),
..Group::SortedSet.row("ZRANK", "2.0.0", "Returns the rank of a member, counted from the least score.")
},
Command {
complexity: "O(M*log(N)) with N members and M of them removed",
flags: flags::WRITE_FAST,
args: &[key("key"), string("member").multiple()],
reply: "integer",
handler: zrem,
keys: Some(keys::DELETE),
..Group::SortedSet.row("ZREM", "1.2.0", "Removes members from a sorted set.")
},
Command {
complexity: "O(log(N)) with N members",
flags: flags::READ_FAST,
args: &[key("key"), string("member"), token("withscore", "WITHSCORE").optional()],
reply: "integer | null | array of integer and double | null",
handler: zrevrank,
keys: Some(keys::READ),
..Group::SortedSet.row("ZREVRANK", "2.0.0", "Returns the rank of a member, counted from the greatest score.")
},
Command {
flags: flags::READ_FAST,
args: &[key("key"), string("member")],
reply: "double | null",
handler: zscore,
keys: Some(keys::READ),
..Group::SortedSet.row("ZSCORE", "1.2.0", "Returns the score of a member.")
},
];
