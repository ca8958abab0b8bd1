//! Intersection, union and difference.
//!
//! Nothing is copied but the result: the sets are read where they are, and what only a reply needs goes
//! straight into it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::error::Error;
use crate::base::memory::ELEMENT_BYTES;
use crate::base::memory::Memory;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, KeySpec, access, flags, integer, key, token};
use crate::keyspace::{Entry, NotifyClass, Store, Value, ValueRef};
use crate::number;
use crate::resp::args::Args;
use crate::structures::sort::{distinct_by_key, sort_by_key};
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};
use crate::types::set::lookup::Lookup;
use crate::types::set::{Set, is_looked_up};
use crate::types::{EncodingLimits, hyperloglog};

/// From so many members on, those that a union remembers are a table from the beginning, since no walk then finds
/// them cheaply.
const REMEMBERED_IN_TABLE_MIN: usize = 16;

/// One of the three operations: calls the visitor for each member of the result until it says no. It fails when there
/// is no memory for what it has to remember besides what the visitor asks for.
type Operation =
    fn(&[Option<&Set>], &EncodingLimits, Memory, &mut dyn FnMut(Item<'_>) -> bool) -> Result<(), Error>;

fn sinter(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply(ctx, args.from(1), intersection)
}

fn sunion(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply(ctx, args.from(1), union)
}

fn sdiff(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply(ctx, args.from(1), difference)
}

fn sinterstore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    store(ctx, args, intersection, "sinterstore")
}

fn sunionstore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    store(ctx, args, union, "sunionstore")
}

fn sdiffstore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    store(ctx, args, difference, "sdiffstore")
}

fn sintercard(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    count(ctx, &Count::parse(args, false)?, intersection)
}

fn sdiffcard(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    count(ctx, &Count::parse(args, false)?, difference)
}

fn sunioncard(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let request = Count::parse(args, true)?;
    if request.approximately { estimate(ctx, &request) } else { count(ctx, &request, union) }
}

/// What a command asks for that only counts.
struct Count<'a> {
    keys: Args<'a>,
    /// The most to count to; 0 for all.
    limit: usize,
    /// An estimate will do.
    approximately: bool,
}

impl<'a> Count<'a> {
    fn parse(args: Args<'a>, may_estimate: bool) -> Result<Count<'a>, Error> {
        let count = number::parse_i64(args.at(1))
            .filter(|&count| count > 0)
            .ok_or(Error::Text("ERR numkeys should be greater than 0"))?;
        let mut cursor = args.cursor(2);
        let keys = number::count(count)
            .and_then(|count| cursor.many(count).ok())
            .ok_or(Error::Text("ERR Number of keys can't be greater than number of args"))?;
        let mut request = Count { keys, limit: 0, approximately: false };
        while !cursor.is_done() {
            if may_estimate && cursor.accept("APPROX") {
                request.approximately = true;
            } else if cursor.accept_with("LIMIT", 1) {
                let limit = number::parse_i64(cursor.take()?).filter(|&limit| limit >= 0);
                let limit = limit.ok_or(Error::Text("ERR LIMIT can't be negative"))?;
                request.limit = number::count(limit).unwrap_or(usize::MAX);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(request)
    }
}

fn count(ctx: &mut Context<'_>, request: &Count<'_>, operation: Operation) -> Result<Flow, Error> {
    let (limits, account) = (ctx.store.encoding_limits, ctx.server.memory);
    let sets = gather(ctx.store, request.keys)?;
    let (mut found, mut memory) = (0, Ok(()));
    operation(&sets, &limits, account, &mut |member| {
        found += 1;
        // A union of several sets remembers its members.
        memory = ctx.server.memory.take(member_bytes(member));
        memory.is_ok() && found != request.limit
    })?;
    memory?;
    ctx.reply.count(found);
    Ok(Flow::Done)
}

/// The size of a union as a HyperLogLog estimates it.
fn estimate(ctx: &mut Context<'_>, request: &Count<'_>) -> Result<Flow, Error> {
    ctx.server.memory.take(hyperloglog::DENSE_BYTES * 2)?;
    let sets = gather(ctx.store, request.keys)?;
    let mut seen = hyperloglog::Union::new();
    for member in sets.into_iter().flatten().flat_map(Set::iter) {
        seen.add(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]));
    }
    let estimate = number::saturate(seen.estimate());
    ctx.reply.count(if request.limit == 0 { estimate } else { estimate.min(request.limit) });
    Ok(Flow::Done)
}

/// The sets at all keys, once every key's type is known to be right.
fn gather<'a>(store: &'a mut Store, keys: Args<'_>) -> Result<Vec<Option<&'a Set>>, Error> {
    for key in keys.iter() {
        store.set_at(key)?;
    }
    let store = &*store;
    Ok(keys
        .iter()
        .map(|key| match store.view(key).map(Entry::value) {
            Some(ValueRef::Set(set)) => Some(set),
            _ => None,
        })
        .collect())
}

fn reply(ctx: &mut Context<'_>, keys: Args<'_>, operation: Operation) -> Result<Flow, Error> {
    let (limits, account) = (ctx.store.encoding_limits, ctx.server.memory);
    let sets = gather(ctx.store, keys)?;
    let mark = ctx.reply.mark();
    let (mut count, mut memory) = (0, Ok(()));
    operation(&sets, &limits, account, &mut |member| {
        ctx.reply.item(member);
        count += 1;
        // A union of several sets remembers its members.
        memory = ctx.server.memory.take(member_bytes(member));
        memory.is_ok() && !ctx.reply.is_cut()
    })?;
    memory?;
    ctx.reply.wrap(mark, |head| head.set(count));
    Ok(Flow::Done)
}

fn store(
    ctx: &mut Context<'_>,
    args: Args<'_>,
    operation: Operation,
    event: &'static str,
) -> Result<Flow, Error> {
    let (destination, limits, account) = (args.at(1), ctx.store.encoding_limits, ctx.server.memory);
    let sets = gather(ctx.store, args.from(2))?;
    let mut result = Set::default();
    let mut memory = Ok(());
    operation(&sets, &limits, account, &mut |member| {
        // Once for the result, and once for what a union of several sets remembers.
        memory = ctx.server.memory.take(2 * member_bytes(member));
        memory.is_ok() && {
            // Operations visit each member once.
            result.insert_new(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), &limits);
            true
        }
    })?;
    memory?;
    let len = result.len();
    if len > 0 {
        ctx.store.put(destination, Value::Set(Box::new(result)), None);
        ctx.store.changed(destination, NotifyClass::Set, event);
    } else if ctx.store.remove(destination) {
        ctx.store.changed(destination, NotifyClass::Generic, "del");
    }
    ctx.reply.count(len);
    Ok(Flow::Done)
}

/// What a member takes in another set.
fn member_bytes(member: Item<'_>) -> usize {
    ELEMENT_BYTES + member.text_len()
}

/// Each set once, in the order in which they were named first: naming one again must not cost another walk.
fn distinct<'a>(sets: impl Iterator<Item = &'a Set>) -> Vec<&'a Set> {
    let mut sets: Vec<&Set> = sets.collect();
    distinct_by_key(&mut sets, |set| core::ptr::from_ref(*set).addr());
    sets
}

fn intersection(
    sets: &[Option<&Set>],
    _: &EncodingLimits,
    _: Memory,
    visit: &mut dyn FnMut(Item<'_>) -> bool,
) -> Result<(), Error> {
    if sets.iter().any(Option::is_none) {
        return Ok(());
    }
    let mut sets = distinct(sets.iter().copied().flatten());
    // The smallest decides how much there is to do.
    sort_by_key(&mut sets, |set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return Ok(()) };
    let others: Vec<Lookup<'_>> = others.iter().map(|other| Lookup::new(other, smallest.len())).collect();
    for member in smallest.iter() {
        if others.iter().all(|other| other.contains(member)) && !visit(member) {
            break;
        }
    }
    Ok(())
}

fn union(
    sets: &[Option<&Set>],
    limits: &EncodingLimits,
    _: Memory,
    visit: &mut dyn FnMut(Item<'_>) -> bool,
) -> Result<(), Error> {
    let sets = distinct(sets.iter().copied().flatten());
    let Some((largest, base)) = sets.iter().enumerate().max_by_key(|(_, set)| set.len()) else {
        return Ok(());
    };
    if !base.iter().all(&mut *visit) {
        return Ok(());
    }
    // Only what the largest set lacks has to be remembered, and nothing when there is no third set.
    let lookups = sets.iter().map(|set| set.len()).sum::<usize>() - base.len();
    let base = Lookup::new(base, lookups);
    let mut added = match lookups {
        REMEMBERED_IN_TABLE_MIN.. => Set::for_many(limits),
        _ => Set::default(),
    };
    for (_, set) in sets.iter().enumerate().filter(|&(index, _)| index != largest) {
        for member in set.iter().filter(|&member| !base.contains(member)) {
            let is_new =
                sets.len() <= 2 || added.insert(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), limits);
            if is_new && !visit(member) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn difference(
    sets: &[Option<&Set>],
    limits: &EncodingLimits,
    mut memory: Memory,
    visit: &mut dyn FnMut(Item<'_>) -> bool,
) -> Result<(), Error> {
    let Some((Some(first), others)) = sets.split_first() else { return Ok(()) };
    let others = distinct(others.iter().copied().flatten());
    if others.iter().any(|&other| core::ptr::eq(other, *first)) {
        return Ok(());
    }
    let total = others.iter().map(|other| other.len()).sum::<usize>();
    if is_looked_up(first.len(), others.len(), total) {
        let others: Vec<Lookup<'_>> = others.iter().map(|other| Lookup::new(other, first.len())).collect();
        for member in first.iter() {
            if !others.iter().any(|other| other.contains(member)) && !visit(member) {
                break;
            }
        }
        return Ok(());
    }
    let lookup = Lookup::new(first, total);
    let mut gone = Set::for_many(limits);
    for member in others.iter().flat_map(|other| other.iter()).filter(|&member| lookup.contains(member)) {
        memory.take(member_bytes(member))?;
        gone.insert(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), limits);
    }
    for member in first.iter() {
        if !gone.contains_item(member) && !visit(member) {
            break;
        }
    }
    Ok(())
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N*M) where N is the size of the first set and M the number of sets.",
        flags: flags::READ,
        args: &[key("key").multiple()],
        reply: "set of bulk-string",
        handler: sdiff,
        tips: &["nondeterministic_output_order"],
        ..Group::Set.row("SDIFF", "1.0.0", "Returns the members of the first set that no other set has.")
    },
    Command {
        complexity: "O(N*M) where N is the size of the first set and M the number of sets.",
        flags: flags::READ.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), integer("limit").after("LIMIT").optional()],
        reply: "integer",
        handler: sdiffcard,
        ..Group::Set.row(
            "SDIFFCARD",
            "8.10.0",
            "Returns the number of members of the first set that no other set has, counted up to a limit.",
        )
    },
    Command {
        complexity: "O(N*M) where N is the size of the first set and M the number of sets.",
        flags: flags::GROW,
        args: &[key("destination"), key("key").multiple()],
        reply: "integer",
        handler: sdiffstore,
        keys: Some(&[KeySpec::range(1, 0, access::OVERWRITE), KeySpec::range(2, -1, access::READ)]),
        ..Group::Set.row(
            "SDIFFSTORE",
            "1.0.0",
            "Stores the members of the first set that no other set has, and returns their number.",
        )
    },
    Command {
        complexity: "O(N*M) where N is the size of the smallest set and M the number of sets.",
        flags: flags::READ,
        args: &[key("key").multiple()],
        reply: "set of bulk-string",
        handler: sinter,
        tips: &["nondeterministic_output_order"],
        ..Group::Set.row("SINTER", "1.0.0", "Returns the members that all sets have.")
    },
    Command {
        complexity: "O(N*M) where N is the size of the smallest set and M the number of sets.",
        flags: flags::READ.and(Flags::MOVABLEKEYS),
        args: &[integer("numkeys"), key("key").multiple(), integer("limit").after("LIMIT").optional()],
        reply: "integer",
        handler: sintercard,
        ..Group::Set.row(
            "SINTERCARD",
            "7.0.0",
            "Returns the number of members that all sets have, counted up to a limit.",
        )
    },
    Command {
        complexity: "O(N*M) where N is the size of the smallest set and M the number of sets.",
        flags: flags::GROW,
        args: &[key("destination"), key("key").multiple()],
        reply: "integer",
        handler: sinterstore,
        keys: Some(&[KeySpec::range(1, 0, access::OVERWRITE), KeySpec::range(2, -1, access::READ)]),
        ..Group::Set.row(
            "SINTERSTORE",
            "1.0.0",
            "Stores the members that all sets have, and returns their number.",
        )
    },
    Command {
        complexity: "O(N) where N is the number of members of all sets together.",
        flags: flags::READ,
        args: &[key("key").multiple()],
        reply: "set of bulk-string",
        handler: sunion,
        tips: &["nondeterministic_output_order"],
        ..Group::Set.row("SUNION", "1.0.0", "Returns the members that any of the sets has.")
    },
    Command {
        complexity: "O(N) where N is the number of members of all sets together.",
        flags: flags::READ.and(Flags::MOVABLEKEYS),
        args: &[
            integer("numkeys"),
            key("key").multiple(),
            token("approx", "APPROX").optional(),
            integer("limit").after("LIMIT").optional(),
        ],
        reply: "integer",
        handler: sunioncard,
        ..Group::Set.row(
            "SUNIONCARD",
            "8.10.0",
            "Returns or estimates the number of members that any of the sets has, counted up to a limit.",
        )
    },
    Command {
        complexity: "O(N) where N is the number of members of all sets together.",
        flags: flags::GROW,
        args: &[key("destination"), key("key").multiple()],
        reply: "integer",
        handler: sunionstore,
        keys: Some(&[KeySpec::range(1, 0, access::OVERWRITE), KeySpec::range(2, -1, access::READ)]),
        ..Group::Set.row(
            "SUNIONSTORE",
            "1.0.0",
            "Stores the members that any of the sets has, and returns their number.",
        )
    },
];
