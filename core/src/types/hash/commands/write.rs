//! The commands that change a hash.

use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Group, block, double, flags, integer, key, keys, string};
use crate::keyspace::NotifyClass;
use crate::number::{self, LongDouble};
use crate::resp::args::Args;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};

fn hset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let added = set_all(ctx, args)?;
    ctx.reply.count(added);
    Ok(Flow::Done)
}

fn hmset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_all(ctx, args)?;
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// Sets the fields from the third argument on; returns how many are new.
fn set_all(ctx: &mut Context<'_>, args: Args<'_>) -> Result<usize, Error> {
    if !args.len().is_multiple_of(2) {
        return Err(Error::Arity(ctx.name()));
    }
    let (key, limits) = (args.at(1), ctx.store.encoding_limits);
    let hash = ctx.store.fields_or_new(key, args.from(2).iter().step_by(2))?;
    let mut added = 0;
    for index in (2..args.len()).step_by(2) {
        added += usize::from(hash.insert(args.at(index), args.at(index + 1), &limits));
    }
    ctx.store.changed(key, NotifyClass::Hash, "hset");
    Ok(added)
}

fn hsetnx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, field, limits) = (args.at(1), args.at(2), ctx.store.encoding_limits);
    let hash = ctx.store.fields_or_new(key, [field])?;
    let is_new = !hash.contains(field);
    if is_new {
        hash.insert(field, args.at(3), &limits);
        ctx.store.changed(key, NotifyClass::Hash, "hset");
    }
    ctx.reply.flag(is_new);
    Ok(Flow::Done)
}

pub(super) fn hdel(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let Some(hash) = ctx.store.fields_mut(key, args.from(2).iter())? else {
        ctx.reply.count(0);
        return Ok(Flow::Done);
    };
    let removed = args.from(2).iter().filter(|field| hash.remove(field)).count();
    if removed > 0 {
        ctx.store.changed(key, NotifyClass::Hash, "hdel");
        ctx.store.remove_if_empty(key);
    }
    ctx.reply.count(removed);
    Ok(Flow::Done)
}

fn hincrby(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, field, limits) = (args.at(1), args.at(2), ctx.store.encoding_limits);
    let increment = args.int(3)?;
    // The sum of a new hash cannot overflow, so that one is never left empty.
    let hash = ctx.store.fields_or_new(key, [field])?;
    let old = match hash.get(field) {
        None => 0,
        Some(Item::Int(number)) => number,
        Some(Item::Bytes(text)) => {
            number::parse_i64(text).ok_or(Error::Text("ERR hash value is not an integer"))?
        }
    };
    let sum = old.checked_add(increment).ok_or(Error::Overflow)?;
    hash.update(field, number::format_i64(&mut [0; INTEGER_TEXT_BYTES_MAX], sum), &limits);
    ctx.store.changed(key, NotifyClass::Hash, "hincrby");
    ctx.reply.int(sum);
    Ok(Flow::Done)
}

fn hincrbyfloat(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, field, limits) = (args.at(1), args.at(2), ctx.store.encoding_limits);
    let increment = LongDouble::parse(args.at(3)).ok_or(Error::NotFloat)?;
    if increment.is_nan() || increment.is_infinite() {
        return Err(Error::Text("ERR value is NaN or Infinity"));
    }
    // A finite increment alone is a valid sum, so a new hash is never left empty.
    let hash = ctx.store.fields_or_new(key, [field])?;
    let old = match hash.get(field) {
        None => LongDouble::from(0),
        Some(Item::Int(number)) => LongDouble::from(number),
        Some(Item::Bytes(text)) => {
            LongDouble::parse(text).ok_or(Error::Text("ERR hash value is not a float"))?
        }
    };
    let sum = old + increment;
    if sum.is_nan() || sum.is_infinite() {
        return Err(Error::NanOrInfinity);
    }
    let mut text = Vec::new();
    sum.write_human(&mut text);
    hash.update(field, &text, &limits);
    let is_timed = hash.deadline(field).flatten().is_some();
    ctx.store.changed(key, NotifyClass::Hash, "hincrbyfloat");
    // A replay must not depend on the rounding of an addition.
    if is_timed {
        ctx.rewrite(&[b"HSETEX", key, b"KEEPTTL", b"FIELDS", b"1", field, &text]);
    } else {
        ctx.rewrite(&[b"HSET", key, field, &text]);
    }
    ctx.reply.bulk(&text);
    Ok(Flow::Done)
}

/// Fields with their values.
const FIELD_VALUES: Arg = block("data", &[string("field"), string("value")]).multiple();

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), string("field").multiple()],
        reply: "integer",
        handler: hdel,
        keys: Some(keys::DELETE),
        ..Group::Hash.row("HDEL", "2.0.0", "Removes fields from a hash; the key goes with the last one.")
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key"), string("field"), integer("increment")],
        reply: "integer",
        handler: hincrby,
        ..Group::Hash.row(
            "HINCRBY",
            "2.0.0",
            "Adds to the integer in a field of a hash; a missing field counts as 0.",
        )
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key"), string("field"), double("increment")],
        reply: "bulk-string",
        handler: hincrbyfloat,
        ..Group::Hash.row(
            "HINCRBYFLOAT",
            "2.6.0",
            "Adds to the floating-point number in a field of a hash; a missing field counts as 0.",
        )
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::GROW_FAST,
        args: &[key("key"), FIELD_VALUES],
        handler: hmset,
        keys: Some(keys::UPDATE),
        deprecated: Some(("4.0.0", "`HSET` with multiple field-value pairs")),
        ..Group::Hash.row("HMSET", "2.0.0", "Sets several fields of a hash.")
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::GROW_FAST,
        args: &[key("key"), FIELD_VALUES],
        reply: "integer",
        handler: hset,
        keys: Some(keys::UPDATE),
        ..Group::Hash.row("HSET", "2.0.0", "Sets fields of a hash, and returns how many are new.")
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key"), string("field"), string("value")],
        reply: "integer",
        handler: hsetnx,
        keys: Some(keys::INSERT),
        ..Group::Hash.row("HSETNX", "2.0.0", "Sets a field of a hash only when it does not exist.")
    },
];
