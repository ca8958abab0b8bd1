//! Commands on ranges of ranks, scores or members.

use core::ops::Range;

use super::{WITH_SCORES, lex_range, score_range, store_result, write_members};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Command, Group, KeySpec, access, block, double, flags, integer, key, keys, one_of, string, token,
};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::args::Args;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};
use crate::types::zset::{Iter, LexRange, ScoreRange, Zset};

/// What a range is a range of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// What a command's name already says about its range; the options say the rest.
#[derive(Clone, Copy)]
struct Fixed {
    by: Option<By>,
    from_end: Option<bool>,
    /// Whether scores can be asked for.
    replies: bool,
}

/// A range with its options.
#[derive(Clone, Copy)]
struct Query<'a> {
    bounds: Bounds<'a>,
    from_end: bool,
    offset: i64,
    /// How many at most; all when negative.
    limit: i64,
    with_scores: bool,
}

#[derive(Clone, Copy)]
enum Bounds<'a> {
    /// First and last; from the end when negative.
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange<'a>),
}

impl<'a> Bounds<'a> {
    fn parse(by: By, min: &'a [u8], max: &'a [u8]) -> Result<Bounds<'a>, Error> {
        let int = |text| number::parse_i64(text).ok_or(Error::NotInteger);
        Ok(match by {
            By::Rank => Bounds::Rank(int(min)?, int(max)?),
            By::Score => Bounds::Score(score_range(min, max)?),
            By::Lex => Bounds::Lex(lex_range(min, max)?),
        })
    }

    /// The ranks of what lies inside, counted from the beginning of the order.
    fn ranks(&self, zset: &Zset, from_end: bool) -> Range<usize> {
        match self {
            Bounds::Score(range) => zset.ranks_by_score(range),
            Bounds::Lex(range) => zset.ranks_by_lex(range, from_end),
            &Bounds::Rank(first, last) => {
                let Range { start, end } = number::span(first, last, zset.len());
                if from_end { zset.len() - end..zset.len() - start } else { start..end }
            }
        }
    }
}

impl<'a> Query<'a> {
    /// Reads a range whose bounds stand at `first` and behind it.
    fn parse(args: Args<'a>, first: usize, fixed: Fixed) -> Result<Query<'a>, Error> {
        let Fixed { mut by, mut from_end, replies } = fixed;
        let (mut offset, mut limit, mut with_scores) = (0, -1, false);
        let mut cursor = args.cursor(first + 2);
        while !cursor.is_done() {
            if replies && cursor.accept("WITHSCORES") {
                with_scores = true;
            } else if cursor.accept_with("LIMIT", 2) {
                (offset, limit) = (cursor.int()?, cursor.int()?);
            } else if from_end.is_none() && cursor.accept("REV") {
                from_end = Some(true);
            } else if by.is_none() && cursor.accept("BYLEX") {
                by = Some(By::Lex);
            } else if by.is_none() && cursor.accept("BYSCORE") {
                by = Some(By::Score);
            } else {
                return Err(Error::Syntax);
            }
        }
        let (by, from_end) = (by.unwrap_or(By::Rank), from_end.unwrap_or(false));
        if limit != -1 && by == By::Rank {
            return Err(Error::Text(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if with_scores && by == By::Lex {
            return Err(Error::Text("ERR syntax error, WITHSCORES not supported in combination with BYLEX"));
        }
        let (min, max) = (args.at(first), args.at(first + 1));
        let is_swapped = from_end && by != By::Rank;
        let (min, max) = if is_swapped { (max, min) } else { (min, max) };
        let bounds = Bounds::parse(by, min, max)?;
        Ok(Query { bounds, from_end, offset, limit, with_scores })
    }

    /// The ranks asked for.
    fn ranks(&self, zset: &Zset) -> Range<usize> {
        let mut ranks = self.bounds.ranks(zset, self.from_end);
        if let Bounds::Rank(..) = self.bounds {
            return ranks;
        }
        // As in Redis, a negative offset passes over everything.
        let skipped = number::count(self.offset).unwrap_or(usize::MAX).min(ranks.len());
        let most = number::count(self.limit).unwrap_or(usize::MAX);
        if self.from_end {
            ranks.end -= skipped;
            ranks.start = ranks.start.max(ranks.end.saturating_sub(most));
        } else {
            ranks.start += skipped;
            ranks.end = ranks.end.min(ranks.start.saturating_add(most));
        }
        ranks
    }

    fn members<'z>(&self, zset: &'z Zset) -> Directed<'z> {
        Directed { iter: zset.range_by_rank(self.ranks(zset)), from_end: self.from_end }
    }
}

/// Members from either end on.
struct Directed<'a> {
    iter: Iter<'a>,
    from_end: bool,
}

impl<'a> Iterator for Directed<'a> {
    type Item = (Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.from_end { self.iter.next_back() } else { self.iter.next() }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.iter.size_hint()
    }
}

impl ExactSizeIterator for Directed<'_> {}

fn reply_range(ctx: &mut Context<'_>, args: Args<'_>, fixed: Fixed) -> Result<Flow, Error> {
    let query = Query::parse(args, 2, fixed)?;
    match ctx.store.zset(args.at(1))? {
        Some(zset) => write_members(&mut ctx.reply, query.members(zset), query.with_scores),
        None => ctx.reply.array(0),
    }
    Ok(Flow::Done)
}

fn zrange(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_range(ctx, args, Fixed { by: None, from_end: None, replies: true })
}

fn zrangebylex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_range(ctx, args, Fixed { by: Some(By::Lex), from_end: Some(false), replies: true })
}

fn zrangebyscore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_range(ctx, args, Fixed { by: Some(By::Score), from_end: Some(false), replies: true })
}

fn zrevrange(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_range(ctx, args, Fixed { by: Some(By::Rank), from_end: Some(true), replies: true })
}

fn zrevrangebylex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_range(ctx, args, Fixed { by: Some(By::Lex), from_end: Some(true), replies: true })
}

fn zrevrangebyscore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_range(ctx, args, Fixed { by: Some(By::Score), from_end: Some(true), replies: true })
}

fn zrangestore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let query = Query::parse(args, 3, Fixed { by: None, from_end: None, replies: false })?;
    let limits = ctx.store.encoding_limits;
    let mut result = Zset::default();
    if let Some(zset) = ctx.store.zset(args.at(2))? {
        let ranks = query.ranks(zset);
        if let Bounds::Rank(..) = query.bounds {
            // Other ranges are not counted beforehand in Redis; a negative zero shows the difference.
            result = Zset::for_members(ranks.len(), &limits);
        }
        // In order, so that each is appended.
        for (member, score) in zset.range_by_rank(ranks) {
            result.insert(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), score, &limits);
        }
    }
    store_result(ctx, args.at(1), result, "zrangestore");
    Ok(Flow::Done)
}

fn zcount(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let range = score_range(args.at(2), args.at(3))?;
    let count = ctx.store.zset(args.at(1))?.map_or(0, |zset| zset.ranks_by_score(&range).len());
    ctx.reply.count(count);
    Ok(Flow::Done)
}

fn zlexcount(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let range = lex_range(args.at(2), args.at(3))?;
    let count = ctx.store.zset(args.at(1))?.map_or(0, |zset| zset.ranks_by_lex(&range, false).len());
    ctx.reply.count(count);
    Ok(Flow::Done)
}

fn zremrangebyrank(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    remove_range(ctx, args, By::Rank, "zremrangebyrank")
}

fn zremrangebyscore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    remove_range(ctx, args, By::Score, "zremrangebyscore")
}

fn zremrangebylex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    remove_range(ctx, args, By::Lex, "zremrangebylex")
}

fn remove_range(ctx: &mut Context<'_>, args: Args<'_>, by: By, event: &'static str) -> Result<Flow, Error> {
    let key = args.at(1);
    let bounds = Bounds::parse(by, args.at(2), args.at(3))?;
    let mut removed = 0;
    if let Some(zset) = ctx.store.zset_mut(key)? {
        let ranks = bounds.ranks(zset, false);
        // A whole set goes with its key, step by step.
        if ranks.len() == zset.len() {
            removed = ranks.len();
            ctx.store.remove(key);
            ctx.store.changed(key, NotifyClass::Zset, event);
            ctx.store.notify(NotifyClass::Generic, "del", key);
        } else {
            removed = zset.remove_range(ranks);
            if removed > 0 {
                ctx.store.changed(key, NotifyClass::Zset, event);
            }
        }
    }
    ctx.reply.count(removed);
    Ok(Flow::Done)
}

const LIMIT: Arg = block("limit", &[integer("offset"), integer("count")]).after("LIMIT").optional();

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(log(N)) with N members",
        flags: flags::READ_FAST,
        args: &[key("key"), double("min"), double("max")],
        reply: "integer",
        handler: zcount,
        keys: Some(keys::READ),
        ..Group::SortedSet.row("ZCOUNT", "2.0.0", "Counts the members with scores in a range.")
    },
    Command {
        complexity: "O(log(N)) with N members",
        flags: flags::READ_FAST,
        args: &[key("key"), string("min"), string("max")],
        reply: "integer",
        handler: zlexcount,
        keys: Some(keys::READ),
        ..Group::SortedSet.row(
            "ZLEXCOUNT",
            "2.8.9",
            "Counts the members in a range of members, where all scores are equal.",
        )
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: flags::READ,
        args: &[
            key("key"),
            string("start"),
            string("stop"),
            one_of("sortby", &[token("byscore", "BYSCORE"), token("bylex", "BYLEX")])
                .optional()
                .since("6.2.0"),
            token("rev", "REV").optional().since("6.2.0"),
            LIMIT.since("6.2.0"),
            WITH_SCORES,
        ],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: zrange,
        keys: Some(keys::READ),
        ..Group::SortedSet.row(
            "ZRANGE",
            "1.2.0",
            "Returns the members in a range of ranks, scores or members.",
        )
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: flags::READ,
        args: &[key("key"), string("min"), string("max"), LIMIT],
        reply: "array of bulk-string",
        handler: zrangebylex,
        keys: Some(keys::READ),
        deprecated: Some(("6.2.0", "`ZRANGE` with the `BYLEX` argument")),
        ..Group::SortedSet.row(
            "ZRANGEBYLEX",
            "2.8.9",
            "Returns the members in a range of members, where all scores are equal.",
        )
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: flags::READ,
        args: &[key("key"), double("min"), double("max"), WITH_SCORES, LIMIT],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: zrangebyscore,
        keys: Some(keys::READ),
        deprecated: Some(("6.2.0", "`ZRANGE` with the `BYSCORE` argument")),
        ..Group::SortedSet.row("ZRANGEBYSCORE", "1.0.5", "Returns the members with scores in a range.")
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them stored",
        flags: flags::GROW,
        args: &[
            key("dst"),
            key("src"),
            string("min"),
            string("max"),
            one_of("sortby", &[token("byscore", "BYSCORE"), token("bylex", "BYLEX")]).optional(),
            token("rev", "REV").optional(),
            LIMIT,
        ],
        reply: "integer",
        handler: zrangestore,
        keys: Some(&[KeySpec::range(1, 0, access::OVERWRITE), KeySpec::range(2, 0, access::READ)]),
        ..Group::SortedSet.row(
            "ZRANGESTORE",
            "6.2.0",
            "Stores the members in a range of ranks, scores or members.",
        )
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them removed",
        flags: flags::WRITE,
        args: &[key("key"), string("min"), string("max")],
        reply: "integer",
        handler: zremrangebylex,
        keys: Some(keys::DELETE),
        ..Group::SortedSet.row(
            "ZREMRANGEBYLEX",
            "2.8.9",
            "Removes the members in a range of members, where all scores are equal.",
        )
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them removed",
        flags: flags::WRITE,
        args: &[key("key"), integer("start"), integer("stop")],
        reply: "integer",
        handler: zremrangebyrank,
        keys: Some(keys::DELETE),
        ..Group::SortedSet.row("ZREMRANGEBYRANK", "2.0.0", "Removes the members in a range of ranks.")
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them removed",
        flags: flags::WRITE,
        args: &[key("key"), double("min"), double("max")],
        reply: "integer",
        handler: zremrangebyscore,
        keys: Some(keys::DELETE),
        ..Group::SortedSet.row("ZREMRANGEBYSCORE", "1.2.0", "Removes the members with scores in a range.")
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: flags::READ,
        args: &[key("key"), integer("start"), integer("stop"), WITH_SCORES],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: zrevrange,
        keys: Some(keys::READ),
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` argument")),
        ..Group::SortedSet.row(
            "ZREVRANGE",
            "1.2.0",
            "Returns the members in a range of ranks, counted from the greatest score.",
        )
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: flags::READ,
        args: &[key("key"), string("max"), string("min"), LIMIT],
        reply: "array of bulk-string",
        handler: zrevrangebylex,
        keys: Some(keys::READ),
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")),
        ..Group::SortedSet.row(
            "ZREVRANGEBYLEX",
            "2.8.9",
            "Returns the members in a range of members from its end, where all scores are equal.",
        )
    },
    Command {
        complexity: "O(log(N) + M) with N members and M of them returned",
        flags: flags::READ,
        args: &[key("key"), double("max"), double("min"), WITH_SCORES, LIMIT],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: zrevrangebyscore,
        keys: Some(keys::READ),
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")),
        ..Group::SortedSet.row(
            "ZREVRANGEBYSCORE",
            "2.2.0",
            "Returns the members with scores in a range, the greatest first.",
        )
    },
];
