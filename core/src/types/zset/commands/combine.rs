//! Unions, intersections and differences of sorted sets and sets; a member of a set counts with score 1.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::{WITH_SCORES, at_least, store_result, write_members};
use crate::base::error::Error;
use crate::base::memory::{ELEMENT_BYTES, Memory};
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Flags, Group, KeySpec, access, flags, integer, key, one_of, token};
use crate::config::Limit;
use crate::keyspace::{Entry, Store, Type, Value, ValueRef};
use crate::number;
use crate::resp::args::{Args, Cursor};
use crate::structures::INTEGER_TEXT_BYTES_MAX;
use crate::structures::sort::{distinct_by_key, firsts_by_key, sort_by_key};
use crate::types::EncodingLimits;
use crate::types::set::{Set, is_looked_up};
use crate::types::zset::{Gather, Zset};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// How the scores of one member become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn combine(self, score: f64, other: f64) -> f64 {
        match self {
            // Infinities of opposite signs cancel out, by Redis's convention.
            Aggregate::Sum => not_nan(score + other),
            // A NaN, which an infinity weighted by 0 is, changes nothing.
            Aggregate::Min => {
                if other < score {
                    other
                } else {
                    score
                }
            }
            Aggregate::Max => {
                if other > score {
                    other
                } else {
                    score
                }
            }
        }
    }
}

fn not_nan(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// What stands at one of the keys.
#[derive(Clone, Copy)]
enum Input<'a> {
    Absent,
    Zset(&'a Zset),
    Set(&'a Set),
}

impl<'a> Input<'a> {
    fn at(store: &'a Store, key: &[u8]) -> Input<'a> {
        match store.view(key).map(Entry::value) {
            Some(ValueRef::Zset(zset)) => Input::Zset(zset),
            Some(ValueRef::Set(set)) => Input::Set(set),
            _ => Input::Absent,
        }
    }

    fn len(self) -> usize {
        match self {
            Input::Absent => 0,
            Input::Zset(zset) => zset.len(),
            Input::Set(set) => set.len(),
        }
    }

    fn score(self, member: &[u8]) -> Option<f64> {
        #[cfg(test)]
        crate::types::count_lookup();
        match self {
            Input::Absent => None,
            Input::Zset(zset) => zset.score(member),
            Input::Set(set) => set.contains(member).then_some(1.0),
        }
    }

    /// Tells what stands at one key from what stands at another.
    fn address(self) -> usize {
        match self {
            Input::Absent => 0,
            Input::Zset(zset) => core::ptr::from_ref(zset).addr(),
            Input::Set(set) => core::ptr::from_ref(set).addr(),
        }
    }

    fn is_same(self, other: Input<'_>) -> bool {
        self.address() == other.address()
    }

    /// Calls `visit` for each member with its score, until it breaks.
    fn visit(self, mut visit: impl FnMut(&[u8], f64) -> ControlFlow<()>) {
        let _ = match self {
            Input::Absent => ControlFlow::Continue(()),
            Input::Zset(zset) => zset
                .iter()
                .try_for_each(|(member, score)| visit(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), score)),
            Input::Set(set) => {
                set.iter().try_for_each(|member| visit(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), 1.0))
            }
        };
    }
}

/// From so many keys on, those that are named again are put side by side, so that they are gone through once. For fewer
/// that would not be worth another order of sums than Redis's.
const GROUPED_MIN: usize = 64;

/// A key to combine, with its weight.
#[derive(Clone, Copy)]
struct Source<'a> {
    input: Input<'a>,
    weight: f64,
}

/// What a command asks for.
struct Request<'a> {
    operation: Operation,
    keys: Args<'a>,
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// Members to count at most; 0 for all.
    limit: u64,
}

/// Which options a command takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Reply,
    Store,
    Count,
}

impl<'a> Request<'a> {
    /// Reads a request from the number of keys on, and looks at the keys as Redis does between the arguments.
    fn parse(
        ctx: &mut Context<'_>,
        args: Args<'a>,
        operation: Operation,
        purpose: Purpose,
    ) -> Result<Request<'a>, Error> {
        let mut cursor = args.cursor(if purpose == Purpose::Store { 2 } else { 1 });
        let count = cursor.int()?;
        if count < 1 {
            return Err(Error::Owned(alloc::format!(
                "ERR at least 1 input key is needed for '{}' command",
                ctx.name()
            )));
        }
        let keys = cursor.many(number::count(count).unwrap_or(usize::MAX))?;
        for key in keys.iter() {
            let found = ctx.store.read(key).map(Entry::type_of);
            if found.is_some_and(|found| found != Type::Zset && found != Type::Set) {
                return Err(Error::WrongType);
            }
        }
        let mut request = Request {
            operation,
            keys,
            weights: alloc::vec![1.0; keys.len()],
            aggregate: Aggregate::Sum,
            with_scores: false,
            limit: 0,
        };
        while !cursor.is_done() {
            request.option(&mut cursor, purpose)?;
        }
        Ok(request)
    }

    fn option(&mut self, cursor: &mut Cursor<'a>, purpose: Purpose) -> Result<(), Error> {
        let is_weighted = self.operation != Operation::Difference && purpose != Purpose::Count;
        if is_weighted && cursor.accept_with("WEIGHTS", self.keys.len()) {
            for weight in &mut self.weights {
                *weight = number::parse_f64(cursor.take()?)
                    .ok_or(Error::Text("ERR weight value is not a float"))?;
            }
        } else if is_weighted && cursor.accept_with("AGGREGATE", 1) {
            self.aggregate = if cursor.accept("SUM") {
                Aggregate::Sum
            } else if cursor.accept("MIN") {
                Aggregate::Min
            } else if cursor.accept("MAX") {
                Aggregate::Max
            } else {
                return Err(Error::Syntax);
            };
        } else if purpose == Purpose::Reply && cursor.accept("WITHSCORES") {
            self.with_scores = true;
        } else if purpose == Purpose::Count && cursor.accept_with("LIMIT", 1) {
            self.limit = at_least(0, cursor.take()?, "ERR LIMIT can't be negative")?;
        } else {
            return Err(Error::Syntax);
        }
        Ok(())
    }

    /// The inputs in the order in which they are gone through.
    fn sources<'s>(&self, store: &'s Store) -> Vec<Source<'s>> {
        let mut sources: Vec<Source<'s>> = self
            .keys
            .iter()
            .zip(&self.weights)
            .map(|(key, &weight)| Source { input: Input::at(store, key), weight })
            .collect();
        if self.operation == Operation::Difference {
            // What is subtracted once is gone.
            let mut others = sources.split_off(1);
            distinct_by_key(&mut others, |source| source.input.address());
            sources.append(&mut others);
            return sources;
        }
        // The fewest first; the order also decides how sums are rounded.
        if sources.len() < GROUPED_MIN {
            sort_by_key(&mut sources, |source| source.input.len());
            return sources;
        }
        let firsts = firsts_by_key(&sources, |source| source.input.address());
        let mut ranked: Vec<(u32, Source<'s>)> = firsts.into_iter().zip(sources).collect();
        sort_by_key(&mut ranked, |(first, source)| (source.input.len(), *first));
        ranked.into_iter().map(|(_, source)| source).collect()
    }

    /// The result, in a form that `compact` chooses.
    fn run(&self, store: &Store, limits: &EncodingLimits, memory: Memory) -> Result<Zset, Error> {
        let sources = self.sources(store);
        let mut result = Gather::new(limits, memory);
        match self.operation {
            Operation::Union => self.unite(&sources, &mut result),
            Operation::Intersection => self.intersect(&sources, |member, score| {
                result.merge(member, score, |_| score);
                ControlFlow::Continue(())
            }),
            Operation::Difference => subtract(&sources, &mut result, limits, memory)?,
        }
        result.finish(limits)
    }

    fn unite(&self, sources: &[Source<'_>], result: &mut Gather) {
        // A key that is named again costs no other walk: its members are merged as often where they are met.
        for same in sources.chunk_by(|one, next| one.input.is_same(next.input)) {
            same[0].input.visit(|member, score| {
                let scores = same.iter().map(|source| not_nan(source.weight * score));
                let alone = scores.clone().reduce(|sum, score| self.aggregate.combine(sum, score));
                result.merge(member, alone.unwrap_or_default(), |other| {
                    scores.fold(other, |sum, score| self.aggregate.combine(sum, score))
                });
                ControlFlow::Continue(())
            });
        }
    }

    fn intersect(&self, sources: &[Source<'_>], mut found: impl FnMut(&[u8], f64) -> ControlFlow<()>) {
        let Some((first, others)) = sources.split_first() else { return };
        first.input.visit(|member, value| {
            let mut score = not_nan(first.weight * value);
            let mut known = (first.input, value);
            for other in others {
                if !other.input.is_same(known.0) {
                    let Some(value) = other.input.score(member) else { return ControlFlow::Continue(()) };
                    known = (other.input, value);
                }
                score = self.aggregate.combine(score, known.1 * other.weight);
            }
            found(member, score)
        });
    }
}

/// The members of the first that are in none of the others.
fn subtract(
    sources: &[Source<'_>],
    result: &mut Gather,
    limits: &EncodingLimits,
    mut memory: Memory,
) -> Result<(), Error> {
    let Some((first, others)) = sources.split_first() else { return Ok(()) };
    if others.iter().any(|other| other.input.is_same(first.input)) {
        return Ok(());
    }
    let total = others.iter().map(|other| other.input.len()).sum();
    if is_looked_up(first.input.len(), others.len(), total) {
        first.input.visit(|member, score| {
            if others.iter().all(|other| other.input.score(member).is_none()) {
                result.merge(member, score, |_| score);
            }
            ControlFlow::Continue(())
        });
        return Ok(());
    }
    let (mut gone, mut is_there) = (Set::for_many(limits), Ok(()));
    for other in others {
        other.input.visit(|member, _| {
            if first.input.score(member).is_some() {
                is_there = memory.take(ELEMENT_BYTES + member.len());
                if is_there.is_err() {
                    return ControlFlow::Break(());
                }
                gone.insert(member, limits);
            }
            ControlFlow::Continue(())
        });
        is_there.clone()?;
    }
    first.input.visit(|member, score| {
        if !gone.contains(member) {
            result.merge(member, score, |_| score);
        }
        ControlFlow::Continue(())
    });
    Ok(())
}

fn reply(ctx: &mut Context<'_>, args: Args<'_>, operation: Operation) -> Result<Flow, Error> {
    let request = Request::parse(ctx, args, operation, Purpose::Reply)?;
    // What is only replied need not be packed; as in Redis, negative zeros keep their signs on this way.
    let limits = EncodingLimits { zset_entries_max: Limit::new(0), ..ctx.store.encoding_limits };
    let result = request.run(ctx.store, &limits, ctx.server.memory)?;
    write_members(&mut ctx.reply, result.iter(), request.with_scores);
    // A large one is freed step by step.
    ctx.store.discard(Value::Zset(Box::new(result)));
    Ok(Flow::Done)
}

fn store(
    ctx: &mut Context<'_>,
    args: Args<'_>,
    operation: Operation,
    event: &'static str,
) -> Result<Flow, Error> {
    let request = Request::parse(ctx, args, operation, Purpose::Store)?;
    let limits = ctx.store.encoding_limits;
    let result = request.run(ctx.store, &limits, ctx.server.memory)?;
    store_result(ctx, args.at(1), result, event);
    Ok(Flow::Done)
}

fn zunion(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply(ctx, args, Operation::Union)
}

fn zinter(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply(ctx, args, Operation::Intersection)
}

fn zdiff(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply(ctx, args, Operation::Difference)
}

fn zunionstore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    store(ctx, args, Operation::Union, "zunionstore")
}

fn zinterstore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    store(ctx, args, Operation::Intersection, "zinterstore")
}

fn zdiffstore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    store(ctx, args, Operation::Difference, "zdiffstore")
}

fn zintercard(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let request = Request::parse(ctx, args, Operation::Intersection, Purpose::Count)?;
    let mut count = 0;
    request.intersect(&request.sources(ctx.store), |_, _| {
        count += 1;
        if count == request.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    ctx.reply.int(count as i64);
    Ok(Flow::Done)
}

const WEIGHTS: Arg = integer("weight").after("WEIGHTS").multiple().optional();
const AGGREGATE: Arg = one_of("aggregate", &[token("sum", "SUM"), token("min", "MIN"), token("max", "MAX")])
    .after("AGGREGATE")
    .optional();

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(L + (N-K)*log(N)) with L members in all inputs, N in the first and K in the result",
        flags: flags::READ.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), WITH_SCORES],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: zdiff,
        keys: Some(&[KeySpec::counted(1, access::READ)]),
        ..Group::SortedSet.row(
            "ZDIFF",
            "6.2.0",
            "Returns the members of the first sorted set that are in none of the others.",
        )
    },
    Command {
        complexity: "O(L + (N-K)*log(N)) with L members in all inputs, N in the first and K in the result",
        flags: flags::GROW.and(Flags::MOVABLEKEYS),
        args: &[key("destination"), integer("numkeys"), key("key").multiple()],
        reply: "integer",
        handler: zdiffstore,
        keys: Some(&[KeySpec::range(1, 0, access::OVERWRITE), KeySpec::counted(2, access::READ)]),
        ..Group::SortedSet.row(
            "ZDIFFSTORE",
            "6.2.0",
            "Stores the members of the first sorted set that are in none of the others.",
        )
    },
    Command {
        complexity: "O(N*K) + O(M*log(M)) with N members in the smallest of K inputs and M in the result",
        flags: flags::READ.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), WEIGHTS, AGGREGATE, WITH_SCORES],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: zinter,
        keys: Some(&[KeySpec::counted(1, access::READ)]),
        ..Group::SortedSet.row("ZINTER", "6.2.0", "Returns the members that are in all of the sorted sets.")
    },
    Command {
        complexity: "O(N*K) with N members in the smallest of K inputs",
        flags: flags::READ.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), integer("limit").after("LIMIT").optional()],
        reply: "integer",
        handler: zintercard,
        keys: Some(&[KeySpec::counted(1, access::READ)]),
        ..Group::SortedSet.row(
            "ZINTERCARD",
            "7.0.0",
            "Counts the members that are in all of the sorted sets.",
        )
    },
    Command {
        complexity: "O(N*K) + O(M*log(M)) with N members in the smallest of K inputs and M in the result",
        flags: flags::GROW.and(Flags::MOVABLEKEYS),
        args: &[key("destination"), integer("numkeys"), key("key").multiple(), WEIGHTS, AGGREGATE],
        reply: "integer",
        handler: zinterstore,
        keys: Some(&[KeySpec::range(1, 0, access::OVERWRITE), KeySpec::counted(2, access::READ)]),
        ..Group::SortedSet.row(
            "ZINTERSTORE",
            "2.0.0",
            "Stores the members that are in all of the sorted sets.",
        )
    },
    Command {
        complexity: "O(N) + O(M*log(M)) with N members in all inputs and M in the result",
        flags: flags::READ.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), WEIGHTS, AGGREGATE, WITH_SCORES],
        reply: "array of bulk-string | array of bulk-string and double",
        handler: zunion,
        keys: Some(&[KeySpec::counted(1, access::READ)]),
        ..Group::SortedSet.row("ZUNION", "6.2.0", "Returns the members that are in any of the sorted sets.")
    },
    Command {
        complexity: "O(N) + O(M*log(M)) with N members in all inputs and M in the result",
        flags: flags::GROW.and(Flags::MOVABLEKEYS),
        args: &[key("destination"), integer("numkeys"), key("key").multiple(), WEIGHTS, AGGREGATE],
        reply: "integer",
        handler: zunionstore,
        keys: Some(&[KeySpec::range(1, 0, access::OVERWRITE), KeySpec::counted(2, access::READ)]),
        ..Group::SortedSet.row(
            "ZUNIONSTORE",
            "2.0.0",
            "Stores the members that are in any of the sorted sets.",
        )
    },
];
