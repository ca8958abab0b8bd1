//! The commands of HyperLogLog.

mod debug;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use super::{
    Corrupt, DENSE_BYTES, Encoding, Union, add, add_dense, cache, cached, cardinality, empty, forget_cached,
    make_dense,
};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, KeySpec, key, string};
use crate::keyspace::{Entry, NotifyClass, Value, ValueRef};
use crate::resp::args::Args;

/// The encoding of the sketch in an entry.
fn encoding_of(entry: &Entry) -> Result<Encoding, Error> {
    const NO_SKETCH: Error = Error::Text("WRONGTYPE Key is not a valid HyperLogLog string value.");
    match entry.value() {
        ValueRef::Bytes(bytes) => Encoding::of(bytes).ok_or(NO_SKETCH),
        ValueRef::Int(_) => Err(NO_SKETCH),
        _ => Err(Error::WrongType),
    }
}

/// The bytes of an entry that is known to hold a sketch.
fn bytes_of(entry: &Entry) -> &[u8] {
    match entry.value() {
        ValueRef::Bytes(bytes) => bytes,
        _ => unreachable!("a sketch is stored as bytes"),
    }
}

/// Lets `change` work on the sketch at a key, which is known to be there.
fn change<T>(ctx: &mut Context<'_>, key: &[u8], change: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let mut result = None;
    let entry = ctx.store.write(key).expect("the sketch is there");
    entry.change_bytes(|bytes| result = Some(change(bytes)));
    result.expect("the change was made")
}

/// Makes sure that there is a sketch at a key, and memory for what it may become; true if it is new.
fn make_sure(ctx: &mut Context<'_>, key: &[u8]) -> Result<bool, Error> {
    let is_there = ctx.store.write(key).map(|entry| encoding_of(entry)).transpose()?.is_some();
    ctx.server.memory.take(DENSE_BYTES)?;
    if !is_there {
        ctx.store.put(key, Value::Bytes(empty()), None);
    }
    Ok(!is_there)
}

fn pfadd(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let sparse_bytes_max = ctx.server.config.hll_sparse_bytes_max.get();
    let is_new = make_sure(ctx, key)?;
    let mut changes = u64::from(is_new);
    let entry = ctx.store.write(key).expect("the sketch is there");
    if encoding_of(entry)? == Encoding::Dense {
        // It keeps its size, so it can stay where it is.
        let bytes = entry.bytes_mut().expect("a sketch is stored as bytes");
        changes += args.from(2).iter().map(|element| u64::from(add_dense(bytes, element))).sum::<u64>();
        if changes > 0 {
            forget_cached(bytes);
            ctx.store.changed(key, NotifyClass::String, "pfadd");
        }
        ctx.reply.flag(changes > 0);
        return Ok(Flow::Done);
    }
    let result = change(ctx, key, |bytes| {
        for element in args.from(2).iter() {
            changes += u64::from(add(bytes, element, sparse_bytes_max)?);
        }
        if changes > 0 {
            forget_cached(bytes);
        }
        Ok(())
    });
    if let Err(Corrupt) = result {
        if changes > 0 {
            record_remains(ctx, key);
        }
        return Err(Corrupt.into());
    }
    if changes > 0 {
        ctx.store.changed(key, NotifyClass::String, "pfadd");
    }
    ctx.reply.flag(changes > 0);
    Ok(Flow::Done)
}

/// Elements before the one that found the sketch corrupt were added. No client is told, but the effects must
/// come to the same bytes.
fn record_remains(ctx: &mut Context<'_>, key: &[u8]) {
    let bytes = ctx.store.view(key).map(|entry| bytes_of(entry).to_vec()).unwrap_or_default();
    ctx.store.dirty += 1;
    ctx.rewrite(&[b"SET", key, &bytes, b"KEEPTTL"]);
}

fn pfcount(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let estimate =
        if args.len() == 2 { count_one(ctx, args.at(1))? } else { count_union(ctx, args.from(1))? };
    ctx.reply.int(estimate.cast_signed());
    Ok(Flow::Done)
}

/// The cardinality of one sketch, which remembers it.
fn count_one(ctx: &mut Context<'_>, key: &[u8]) -> Result<u64, Error> {
    let Some(entry) = ctx.store.read(key) else { return Ok(0) };
    let encoding = encoding_of(entry)?;
    if let Some(cardinality) = cached(bytes_of(entry)) {
        return Ok(cardinality);
    }
    let entry = ctx.store.write(key).expect("it was just read");
    let bytes = entry.bytes_mut().expect("a sketch is stored as bytes");
    let estimate = cardinality(bytes, encoding)?;
    cache(bytes, estimate);
    // The bytes have changed, and GET shows them.
    ctx.store.signal(key);
    ctx.store.dirty += 1;
    Ok(estimate)
}

fn count_union(ctx: &mut Context<'_>, keys: Args<'_>) -> Result<u64, Error> {
    ctx.server.memory.take(2 * DENSE_BYTES)?;
    let mut union = Union::new();
    for key in keys.iter() {
        if let Some(entry) = ctx.store.read(key) {
            let encoding = encoding_of(entry)?;
            union.merge(bytes_of(entry), encoding)?;
        }
    }
    Ok(union.estimate())
}

fn pfmerge(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let sparse_bytes_max = ctx.server.config.hll_sparse_bytes_max.get();
    ctx.server.memory.take(2 * DENSE_BYTES)?;
    let mut union = Union::new();
    let mut is_dense = false;
    for key in args.from(1).iter() {
        if let Some(entry) = ctx.store.read(key) {
            let encoding = encoding_of(entry)?;
            is_dense |= encoding == Encoding::Dense;
            union.merge(bytes_of(entry), encoding)?;
        }
    }
    make_sure(ctx, key)?;
    change(ctx, key, |bytes| {
        if is_dense && Encoding::of(bytes) == Some(Encoding::Sparse) {
            make_dense(bytes)?;
        }
        union.store(bytes, sparse_bytes_max)
    })?;
    ctx.store.changed(key, NotifyClass::String, "pfadd");
    ctx.reply.ok();
    Ok(Flow::Done)
}

const GROWS: Flags = Flags::WRITE.and(Flags::DENYOOM);

/// A row of this file: all are of one group.
const fn row(name: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::HyperLogLog, since: "2.8.9", summary, ..Command::DEFAULT }
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(1) for each element",
        flags: GROWS.and(Flags::FAST),
        args: &[key("key"), string("element").multiple().optional()],
        reply: "integer",
        handler: pfadd,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "insert"])]),
        ..row("PFADD", "Adds elements to a sketch; tells whether its estimate may have changed.")
    },
    Command {
        complexity: "O(N) in the number of keys; O(1) for one key that has not changed",
        flags: Flags::READONLY,
        args: &[key("key").multiple()],
        reply: "integer",
        handler: pfcount,
        keys: Some(&[KeySpec::range(1, -1, &["RW", "access"])]),
        ..row("PFCOUNT", "Estimates how many different elements were added to the union of several sketches.")
    },
    Command {
        flags: GROWS.and(Flags::ADMIN),
        args: &[string("subcommand"), key("key")],
        reply: "array of integer | bulk-string | simple-string | integer",
        handler: debug::pfdebug,
        keys: Some(&[KeySpec::range(2, 0, &["RW", "access"])]),
        ..row("PFDEBUG", "Shows how a sketch is stored, or stores it densely.")
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: GROWS,
        args: &[key("destkey"), key("sourcekey").multiple().optional()],
        handler: pfmerge,
        keys: Some(&[
            KeySpec::range(1, 0, &["RW", "access", "insert"]),
            KeySpec::range(2, -1, &["RO", "access"]),
        ]),
        ..row("PFMERGE", "Makes a sketch the union of itself and others.")
    },
    Command {
        complexity: "O(1), though it takes some milliseconds",
        flags: Flags::ADMIN,
        handler: debug::pfselftest,
        ..row("PFSELFTEST", "Checks that the registers of sketches work and that estimates are near.")
    },
];
