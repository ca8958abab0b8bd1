//! Numbers in strings.

use alloc::vec::Vec;

use super::text_of;
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, double, flags, integer, key};
use crate::keyspace::{NotifyClass, Value, ValueRef};
use crate::number::{self, LongDouble};
use crate::resp::args::Args;

fn incr(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    increment(ctx, args.at(1), 1)
}

fn decr(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    increment(ctx, args.at(1), -1)
}

fn incrby(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    increment(ctx, args.at(1), args.int(2)?)
}

fn decrby(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let by = args.int(2)?.checked_neg().ok_or(Error::Text("ERR decrement would overflow"))?;
    increment(ctx, args.at(1), by)
}

/// Adds to the integer at `key` and replies with the sum.
fn increment(ctx: &mut Context<'_>, key: &[u8], by: i64) -> Result<Flow, Error> {
    let sum = match ctx.store.write(key) {
        None => {
            ctx.store.put_new(key, Value::Int(by));
            by
        }
        Some(entry) => {
            let old = match entry.value() {
                ValueRef::Int(number) => number,
                ValueRef::Bytes(bytes) => number::parse_i64(bytes).ok_or(Error::NotInteger)?,
                _ => return Err(Error::WrongType),
            };
            let sum = old.checked_add(by).ok_or(Error::Overflow)?;
            entry.set_int(sum);
            sum
        }
    };
    ctx.store.changed(key, NotifyClass::String, "incrby");
    ctx.reply.int(sum);
    Ok(Flow::Done)
}

fn incrbyfloat(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let old = match ctx.store.look(key).map(|entry| text_of(entry.value())) {
        Some(text) => LongDouble::parse(&text?).ok_or(Error::NotFloat)?,
        None => LongDouble::parse(b"0").expect("zero is a number"),
    };
    let by = LongDouble::parse(args.at(2)).ok_or(Error::NotFloat)?;
    let sum = old + by;
    if sum.is_nan() || sum.is_infinite() {
        return Err(Error::NanOrInfinity);
    }
    let mut text = Vec::new();
    sum.write_human(&mut text);
    match ctx.store.write(key) {
        // The text stays a text even where it could be stored as an integer, as OBJECT ENCODING shows.
        Some(entry) => entry.set_bytes(&text),
        None => ctx.store.put(key, Value::Bytes(text.clone()), None),
    }
    ctx.store.changed(key, NotifyClass::String, "incrbyfloat");
    ctx.rewrite(&[b"SET", key, &text, b"KEEPTTL"]);
    ctx.reply.bulk(&text);
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: decr,
        ..Group::String.row(
            "DECR",
            "1.0.0",
            "Subtracts one from the integer at a key; a missing key counts as 0.",
        )
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key"), integer("decrement")],
        reply: "integer",
        handler: decrby,
        ..Group::String.row(
            "DECRBY",
            "1.0.0",
            "Subtracts a number from the integer at a key; a missing key counts as 0.",
        )
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: incr,
        ..Group::String.row("INCR", "1.0.0", "Adds one to the integer at a key; a missing key counts as 0.")
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key"), integer("increment")],
        reply: "integer",
        handler: incrby,
        ..Group::String.row(
            "INCRBY",
            "1.0.0",
            "Adds a number to the integer at a key; a missing key counts as 0.",
        )
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[key("key"), double("increment")],
        reply: "bulk-string",
        handler: incrbyfloat,
        ..Group::String.row(
            "INCRBYFLOAT",
            "2.6.0",
            "Adds a floating-point number to the number at a key; a missing key counts as 0.",
        )
    },
];
