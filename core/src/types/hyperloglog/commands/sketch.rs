//! Adding to sketches, merging and estimating them.

use super::{bytes_of, change, encoding_of};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, KeySpec, access, flags, key, keys, string};
use crate::keyspace::{NotifyClass, Value};
use crate::resp::args::Args;
use crate::types::hyperloglog::{
    Corrupt, DENSE_BYTES, Encoding, Union, add, add_dense, cache, cached, cardinality, empty, forget_cached,
    make_dense,
};

/// Makes sure that there is a sketch at a key, and memory for what it may become; true if it is new.
fn make_sure(ctx: &mut Context<'_>, key: &[u8]) -> Result<bool, Error> {
    let is_there = ctx.store.look(key).map(encoding_of).transpose()?.is_some();
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

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(1) for each element",
        flags: flags::GROW_FAST,
        args: &[key("key"), string("element").multiple().optional()],
        reply: "integer",
        handler: pfadd,
        keys: Some(keys::INSERT),
        ..Group::HyperLogLog.row(
            "PFADD",
            "2.8.9",
            "Adds elements to a sketch; tells whether its estimate may have changed.",
        )
    },
    Command {
        complexity: "O(N) in the number of keys; O(1) for one key that has not changed",
        flags: flags::READ,
        args: &[key("key").multiple()],
        reply: "integer",
        handler: pfcount,
        keys: Some(&[KeySpec::range(1, -1, &["RW", "access"])
            .noting("It may write down the count that it has computed.")]),
        ..Group::HyperLogLog.row(
            "PFCOUNT",
            "2.8.9",
            "Estimates how many different elements were added to the union of several sketches.",
        )
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::GROW,
        args: &[key("destkey"), key("sourcekey").multiple().optional()],
        handler: pfmerge,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "access", "insert"]), KeySpec::range(2, -1, access::READ)]),
        ..Group::HyperLogLog.row("PFMERGE", "2.8.9", "Makes a sketch the union of itself and others.")
    },
];
