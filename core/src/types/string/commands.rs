//! The commands of strings.

use alloc::vec::Vec;

use crate::args::{Args, Cursor};
use crate::command::{
    Arg, Command, Flags, Group, block, double, integer, key, one_of, string, token, unix_time,
};
use crate::context::{Context, Flow};
use crate::error::Error;
use crate::keyspace::{NotifyClass, ValueRef};
use crate::number::{self, LongDouble};
use crate::resp::Reply;

/// What an expiry option asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expiry {
    /// No option was given.
    Unchanged,
    /// KEEPTTL.
    Keep,
    /// PERSIST.
    Persist,
    /// A time in unix milliseconds.
    At(u64),
}

/// Writes the string that a value is; `None` if it is no string.
fn write_string(reply: &mut Reply<'_>, value: ValueRef<'_>) -> Result<(), Error> {
    match value {
        ValueRef::Bytes(bytes) => reply.bulk(bytes),
        ValueRef::Int(number) => reply.bulk_int(number),
        _ => return Err(Error::WrongType),
    }
    Ok(())
}

/// A copy of the string at `key`.
fn read_string(ctx: &mut Context<'_>, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    match ctx.store.read(key).map(|entry| entry.value()) {
        None => Ok(None),
        Some(ValueRef::Bytes(bytes)) => Ok(Some(bytes.to_vec())),
        Some(ValueRef::Int(number)) => {
            let mut text = Vec::new();
            number::write_i64(&mut text, number);
            Ok(Some(text))
        }
        Some(_) => Err(Error::WrongType),
    }
}

/// Replies with the string at `key`, or with null.
fn reply_string(ctx: &mut Context<'_>, key: &[u8]) -> Result<bool, Error> {
    match ctx.store.read(key) {
        Some(entry) => write_string(&mut ctx.reply, entry.value()).map(|()| true),
        None => {
            ctx.reply.null();
            Ok(false)
        }
    }
}

fn get(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_string(ctx, args.at(1))?;
    Ok(Flow::Done)
}

/// Reads one of EX, PX, EXAT and PXAT with its value; `None` when none of them comes next.
fn expiry_option(ctx: &Context<'_>, cursor: &mut Cursor<'_>) -> Result<Option<u64>, Error> {
    for (word, unit_millis, is_relative) in
        [("EX", 1000, true), ("PX", 1, true), ("EXAT", 1000, false), ("PXAT", 1, false)]
    {
        if cursor.accept_with(word, 1) {
            let number = cursor.int()?;
            return expiry_time(ctx, number, unit_millis, is_relative).map(Some);
        }
    }
    Ok(None)
}

/// The deadline in unix milliseconds that a positive number of seconds or milliseconds means.
fn expiry_time(ctx: &Context<'_>, number: i64, unit_millis: i64, is_relative: bool) -> Result<u64, Error> {
    let base = if is_relative { ctx.store.now as i64 } else { 0 };
    number
        .checked_mul(unit_millis)
        .filter(|_| number > 0)
        .and_then(|millis| millis.checked_add(base))
        .map(|at| at as u64)
        .ok_or_else(|| Error::invalid_expire(&ctx.name()))
}

/// Stores a string for the SET family; a deadline that has passed already deletes the key instead.
fn store_string(ctx: &mut Context<'_>, key: &[u8], value: &[u8], deadline: Option<u64>, keep: bool) {
    ctx.store.put_string(key, value, deadline, keep);
    ctx.store.changed(key, NotifyClass::String, "set");
    if let Some(at) = deadline {
        ctx.store.notify(NotifyClass::Generic, "expire", key);
        let mut text = Vec::new();
        number::write_u64(&mut text, at);
        ctx.rewrite(&[b"SET", key, value, b"PXAT", &text]);
    }
}

fn set(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, value) = (args.at(1), args.at(2));
    if args.len() == 3 {
        store_string(ctx, key, value, None, false);
        ctx.reply.ok();
        return Ok(Flow::Done);
    }
    let (mut if_absent, mut if_present, mut wants_old, mut expiry) = (false, false, false, Expiry::Unchanged);
    let mut cursor = args.cursor(3);
    while !cursor.is_done() {
        if !if_present && cursor.accept("NX") {
            if_absent = true;
        } else if !if_absent && cursor.accept("XX") {
            if_present = true;
        } else if cursor.accept("GET") {
            wants_old = true;
        } else if expiry == Expiry::Unchanged && cursor.accept("KEEPTTL") {
            expiry = Expiry::Keep;
        } else if expiry == Expiry::Unchanged
            && let Some(at) = expiry_option(ctx, &mut cursor)?
        {
            expiry = Expiry::At(at);
        } else {
            return Err(Error::Syntax);
        }
    }
    let exists =
        if wants_old { reply_string(ctx, key)? } else { (if_absent || if_present) && ctx.store.exists(key) };
    if (if_absent && exists) || (if_present && !exists) {
        if !wants_old {
            ctx.reply.null();
        }
        return Ok(Flow::Done);
    }
    let deadline = if let Expiry::At(at) = expiry { Some(at) } else { None };
    store_string(ctx, key, value, deadline, expiry == Expiry::Keep);
    if !wants_old {
        ctx.reply.ok();
    }
    Ok(Flow::Done)
}

/// Adds to the integer at `key` and replies with the sum.
fn increment(ctx: &mut Context<'_>, key: &[u8], by: i64) -> Result<Flow, Error> {
    let sum = match ctx.store.write(key) {
        None => {
            let mut text = Vec::new();
            number::write_i64(&mut text, by);
            ctx.store.put_string(key, &text, None, false);
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

fn incr(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    increment(ctx, args.at(1), 1)
}

const READ: Flags = Flags::READONLY.and(Flags::FAST);
const WRITE_FAST: Flags = Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST);

/// EX, PX, EXAT and PXAT with their values.
const EXPIRY: [Arg; 4] = [
    integer("seconds").after("EX"),
    integer("milliseconds").after("PX"),
    unix_time("unix-time-seconds").after("EXAT"),
    unix_time("unix-time-milliseconds").after("PXAT"),
];

pub(crate) const ROWS: &[Command] = &[
    Command {
        name: "GET",
        group: Group::String,
        summary: "Returns the string at a key.",
        flags: READ,
        args: &[key("key")],
        reply: "bulk-string | null",
        handler: get,
        ..Command::DEFAULT
    },
    Command {
        name: "INCR",
        group: Group::String,
        summary: "Adds one to the integer at a key; a missing key counts as 0.",
        flags: WRITE_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: incr,
        ..Command::DEFAULT
    },
    Command {
        name: "SET",
        group: Group::String,
        summary: "Sets a key to a string, whatever it held before; the key is created when it does not exist.",
        flags: Flags::WRITE.and(Flags::DENYOOM),
        args: &[
            key("key"),
            string("value"),
            one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).optional(),
            token("get", "GET").optional(),
            one_of("expiration", &[EXPIRY[0], EXPIRY[1], EXPIRY[2], EXPIRY[3], token("keepttl", "KEEPTTL")])
                .optional(),
        ],
        reply: "simple-string | bulk-string | null",
        handler: set,
        ..Command::DEFAULT
    },
];
