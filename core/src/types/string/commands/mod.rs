//! The commands of strings.

pub(crate) mod compare;
mod digest;
mod expiry;
pub(crate) mod increx;
mod lcs;

use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Begin, Command, Find, Flags, Group, KeyAt, KeySpec, block, double, integer, key, one_of, string,
    token, unix_time,
};
use crate::keyspace::{NotifyClass, Value, ValueRef};
use crate::number::{self, LongDouble};
use crate::resp::Reply;
use crate::resp::args::Args;
use compare::Condition;
use expiry::{Expiry, expiry_time};

fn get(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_string(ctx, args.at(1))?;
    Ok(Flow::Done)
}

/// The key of SET, of which GET tells the value, and a condition something about it.
fn keys_of_set(args: Args<'_>) -> Vec<KeyAt> {
    let has = |words: &[&str], followed: usize| {
        (3..args.len().saturating_sub(followed)).any(|at| words.iter().any(|word| args.is(at, word)))
    };
    let flags: &[_] = if has(&["GET"], 0) {
        &["RW", "access", "update"]
    } else if has(&["IFEQ", "IFNE", "IFDEQ", "IFDNE"], 1) {
        &["RW", "update"]
    } else {
        &["OW", "update"]
    };
    alloc::vec![(1, flags)]
}

fn set(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, value) = (args.at(1), args.at(2));
    if args.len() == 3 {
        store_string(ctx, key, value, None, false);
        ctx.reply.ok();
        return Ok(Flow::Done);
    }
    let (mut if_absent, mut if_present, mut wants_old, mut expiry) = (false, false, false, Expiry::Unchanged);
    let mut condition = None;
    let mut cursor = args.cursor(3);
    while !cursor.is_done() {
        if !if_present && condition.is_none() && cursor.accept("NX") {
            if_absent = true;
        } else if !if_absent && condition.is_none() && cursor.accept("XX") {
            if_present = true;
        } else if cursor.accept("GET") {
            wants_old = true;
        } else if matches!(expiry, Expiry::Unchanged | Expiry::Keep) && cursor.accept("KEEPTTL") {
            expiry = Expiry::Keep;
        } else if let Some(time) = expiry.accept_time(&mut cursor)? {
            expiry = time;
        } else if !if_absent
            && !if_present
            && let Some(given) = Condition::accept(&mut cursor, condition)
        {
            condition = Some(given);
        } else {
            return Err(Error::Syntax);
        }
    }
    let deadline = expiry.deadline(ctx)?;
    let exists = if wants_old {
        reply_string(ctx, key)?
    } else {
        (if_absent || if_present) && ctx.store.write(key).is_some()
    };
    let holds = condition.map_or(Ok(true), |condition| condition.holds(ctx.store, key))?;
    if !holds || (if_absent && exists) || (if_present && !exists) {
        if !wants_old {
            ctx.reply.null();
        }
        return Ok(Flow::Done);
    }
    store_string(ctx, key, value, deadline, matches!(expiry, Expiry::Keep));
    if !wants_old {
        ctx.reply.ok();
    }
    Ok(Flow::Done)
}

fn setnx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_new = ctx.store.write(args.at(1)).is_none();
    if is_new {
        store_string(ctx, args.at(1), args.at(2), None, false);
    }
    ctx.reply.flag(is_new);
    Ok(Flow::Done)
}

fn setex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_with_time(ctx, args, 1000)
}

fn psetex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_with_time(ctx, args, 1)
}

fn set_with_time(ctx: &mut Context<'_>, args: Args<'_>, unit_millis: i64) -> Result<Flow, Error> {
    let deadline = expiry_time(ctx, args.at(2), unit_millis, true)?;
    store_string(ctx, args.at(1), args.at(3), Some(deadline), false);
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn getset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_string(ctx, args.at(1))?;
    ctx.reply.whole()?;
    store_string(ctx, args.at(1), args.at(2), None, false);
    ctx.rewrite(&[b"SET", args.at(1), args.at(2)]);
    Ok(Flow::Done)
}

fn getdel(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    if reply_string(ctx, key)? {
        ctx.reply.whole()?;
        ctx.store.remove(key);
        ctx.store.changed(key, NotifyClass::Generic, "del");
        ctx.rewrite(&[b"DEL", key]);
    }
    Ok(Flow::Done)
}

fn getex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let mut expiry = Expiry::Unchanged;
    let mut cursor = args.cursor(2);
    while !cursor.is_done() {
        if matches!(expiry, Expiry::Unchanged | Expiry::Persist) && cursor.accept("PERSIST") {
            expiry = Expiry::Persist;
        } else if let Some(time) = expiry.accept_time(&mut cursor)? {
            expiry = time;
        } else {
            return Err(Error::Syntax);
        }
    }
    if !reply_string(ctx, key)? {
        return Ok(Flow::Done);
    }
    // A missing key is answered before a time is looked at.
    match expiry.deadline(ctx)? {
        Some(at) if at <= ctx.store.now => {
            ctx.store.remove(key);
            ctx.store.changed(key, NotifyClass::Generic, "del");
            ctx.rewrite(&[b"DEL", key]);
        }
        Some(at) => {
            ctx.store.set_deadline(key, Some(at));
            ctx.store.changed(key, NotifyClass::Generic, "expire");
            let mut text = Vec::new();
            number::write_u64(&mut text, at);
            ctx.rewrite(&[b"PEXPIREAT", key, &text]);
        }
        None if matches!(expiry, Expiry::Persist) && has_deadline(ctx, key) => {
            ctx.store.set_deadline(key, None);
            ctx.store.changed(key, NotifyClass::Generic, "persist");
            ctx.rewrite(&[b"PERSIST", key]);
        }
        None => {}
    }
    Ok(Flow::Done)
}

fn has_deadline(ctx: &mut Context<'_>, key: &[u8]) -> bool {
    ctx.store.peek(key).is_some_and(|entry| entry.deadline().is_some())
}

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
    let old = match ctx.store.write(key).map(|entry| text_of(entry.value())) {
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

fn append(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, tail) = (args.at(1), args.at(2));
    let len = match len_for_change(ctx, key)? {
        None => {
            ctx.store.put_string(key, tail, None, false);
            tail.len()
        }
        Some(len) => {
            check_len(ctx, len, tail.len())?;
            change_bytes(ctx, key, len + tail.len(), |bytes| bytes.extend_from_slice(tail))?;
            len + tail.len()
        }
    };
    ctx.store.changed(key, NotifyClass::String, "append");
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn setrange(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, part) = (args.at(1), args.at(3));
    let offset = number::count(args.int(2)?).ok_or(Error::Text("ERR offset is out of range"))?;
    let old_len = len_for_change(ctx, key)?;
    if part.is_empty() {
        ctx.reply.count(old_len.unwrap_or(0));
        return Ok(Flow::Done);
    }
    check_len(ctx, offset, part.len())?;
    let end = offset + part.len();
    if old_len.is_none() {
        ctx.server.memory.take(end)?;
        ctx.store.put(key, Value::Bytes(Vec::new()), None);
    }
    change_bytes(ctx, key, end, |bytes| {
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[offset..end].copy_from_slice(part);
    })?;
    ctx.store.changed(key, NotifyClass::String, "setrange");
    ctx.reply.count(end.max(old_len.unwrap_or(0)));
    Ok(Flow::Done)
}

/// Changes the bytes of the string at `key`, which then has at least `len` of them, if there is memory for that.
pub(in crate::types) fn change_bytes(
    ctx: &mut Context<'_>,
    key: &[u8],
    len: usize,
    change: impl FnOnce(&mut Vec<u8>),
) -> Result<(), Error> {
    let Context { store, server, .. } = ctx;
    let Some(entry) = store.write(key) else { return Ok(()) };
    let mut has_room = true;
    entry.change_bytes(|bytes| {
        has_room = server.memory.reserve(bytes, len.saturating_sub(bytes.len()));
        if has_room {
            change(bytes);
        }
    });
    if has_room { Ok(()) } else { Err(Error::OutOfMemory) }
}

fn getrange(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (start, end) = (args.int(2)?, args.int(3)?);
    let mut scratch = [0; 20];
    let bytes = match ctx.store.read(args.at(1)).map(|entry| entry.value()) {
        None => &[],
        Some(ValueRef::Bytes(bytes)) => bytes,
        Some(ValueRef::Int(number)) => number::format_i64(&mut scratch, number),
        Some(_) => return Err(Error::WrongType),
    };
    let len = bytes.len() as i64;
    let from_end = |index: i64| if index < 0 { index.saturating_add(len).max(0) } else { index };
    let is_inverted = start < 0 && end < 0 && start > end;
    let (start, end) = (from_end(start), from_end(end).min(len - 1));
    if is_inverted || start > end || bytes.is_empty() {
        ctx.reply.bulk(b"");
    } else {
        ctx.reply.bulk(&bytes[number::index(start.cast_unsigned())..=number::index(end.cast_unsigned())]);
    }
    Ok(Flow::Done)
}

fn strlen(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = match ctx.store.read(args.at(1)) {
        Some(entry) => string_len(entry.value())?,
        None => 0,
    };
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn mget(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.array(args.len() - 1);
    for key in args.from(1).iter() {
        match ctx.store.read(key).map(|entry| entry.value()) {
            Some(ValueRef::Bytes(bytes)) => ctx.reply.bulk(bytes),
            Some(ValueRef::Int(number)) => ctx.reply.bulk_int(number),
            _ => ctx.reply.null(),
        }
    }
    Ok(Flow::Done)
}

fn mset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    check_pairs(ctx, args)?;
    set_pairs(ctx, args);
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn msetnx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    check_pairs(ctx, args)?;
    let is_any_there = args.from(1).iter().step_by(2).any(|key| ctx.store.write(key).is_some());
    if !is_any_there {
        set_pairs(ctx, args);
    }
    ctx.reply.flag(!is_any_there);
    Ok(Flow::Done)
}

fn msetex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let count = number::parse_i64(args.at(1))
        .filter(|&count| count > 0 && i32::try_from(count).is_ok())
        .and_then(number::count)
        .ok_or(Error::Text("ERR invalid numkeys value"))?;
    let mut cursor = args.cursor(2);
    let pairs = count.checked_mul(2).and_then(|count| cursor.many(count).ok());
    let pairs = pairs.ok_or(Error::Text("ERR wrong number of key-value pairs"))?;
    let (mut if_absent, mut if_present, mut expiry) = (false, false, Expiry::Unchanged);
    while !cursor.is_done() {
        if !if_present && cursor.accept("NX") {
            if_absent = true;
        } else if !if_absent && cursor.accept("XX") {
            if_present = true;
        } else if matches!(expiry, Expiry::Unchanged | Expiry::Keep) && cursor.accept("KEEPTTL") {
            expiry = Expiry::Keep;
        } else if let Some(time) = expiry.accept_time(&mut cursor)? {
            expiry = time;
        } else {
            return Err(Error::Syntax);
        }
    }
    let deadline = expiry.deadline(ctx)?;
    let mut keys = pairs.iter().step_by(2);
    let is_refused = (if_absent || if_present) && keys.any(|key| ctx.store.exists(key) == if_absent);
    if !is_refused {
        let mut pairs = pairs.iter();
        while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
            store_string(ctx, key, value, deadline, matches!(expiry, Expiry::Keep));
        }
    }
    ctx.reply.flag(!is_refused);
    Ok(Flow::Done)
}

fn check_pairs(ctx: &Context<'_>, args: Args<'_>) -> Result<(), Error> {
    if args.len().is_multiple_of(2) { Err(Error::Arity(ctx.name())) } else { Ok(()) }
}

fn set_pairs(ctx: &mut Context<'_>, args: Args<'_>) {
    let mut pairs = args.from(1).iter();
    while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
        ctx.store.put_string(key, value, None, false);
        ctx.store.changed(key, NotifyClass::String, "set");
    }
}

/// Stores a string for the SET family, with its events and its effect.
#[inline]
fn store_string(ctx: &mut Context<'_>, key: &[u8], value: &[u8], deadline: Option<u64>, keep_deadline: bool) {
    ctx.store.put_string(key, value, deadline, keep_deadline);
    ctx.store.changed(key, NotifyClass::String, "set");
    if let Some(at) = deadline {
        ctx.store.notify(NotifyClass::Generic, "expire", key);
        let mut text = Vec::new();
        number::write_u64(&mut text, at);
        ctx.rewrite(&[b"SET", key, value, b"PXAT", &text]);
    }
}

/// Replies with the string at `key`, or with null; true if it was there.
#[inline(always)]
fn reply_string(ctx: &mut Context<'_>, key: &[u8]) -> Result<bool, Error> {
    match ctx.store.read(key) {
        Some(entry) => write_string(&mut ctx.reply, entry.value()).map(|()| true),
        None => {
            ctx.reply.null();
            Ok(false)
        }
    }
}

#[inline]
fn write_string(reply: &mut Reply<'_>, value: ValueRef<'_>) -> Result<(), Error> {
    match value {
        ValueRef::Bytes(bytes) => reply.bulk(bytes),
        ValueRef::Int(number) => reply.bulk_int(number),
        _ => return Err(Error::WrongType),
    }
    Ok(())
}

/// A copy of a string value's bytes.
pub(in crate::types) fn text_of(value: ValueRef<'_>) -> Result<Vec<u8>, Error> {
    match value {
        ValueRef::Bytes(bytes) => Ok(bytes.to_vec()),
        ValueRef::Int(number) => {
            let mut text = Vec::new();
            number::write_i64(&mut text, number);
            Ok(text)
        }
        _ => Err(Error::WrongType),
    }
}

/// The length in bytes of the string at `key`, for a command that changes it.
pub(in crate::types) fn len_for_change(ctx: &mut Context<'_>, key: &[u8]) -> Result<Option<usize>, Error> {
    ctx.store.write(key).map(|entry| string_len(entry.value())).transpose()
}

fn string_len(value: ValueRef<'_>) -> Result<usize, Error> {
    match value {
        ValueRef::Bytes(bytes) => Ok(bytes.len()),
        ValueRef::Int(number) => Ok(number::decimal_len_i64(number)),
        _ => Err(Error::WrongType),
    }
}

/// Refuses a string that would be longer than one argument may be.
fn check_len(ctx: &Context<'_>, start: usize, added: usize) -> Result<(), Error> {
    match start.checked_add(added) {
        Some(len) if len <= ctx.server.config.value_bytes_max() => Ok(()),
        _ => Err(Error::StringTooLong),
    }
}

const READ: Flags = Flags::READONLY.and(Flags::FAST);
const DENYOOM: Flags = Flags::WRITE.and(Flags::DENYOOM);
const DENYOOM_FAST: Flags = DENYOOM.and(Flags::FAST);

/// EX, PX, EXAT and PXAT with their values.
const EXPIRY: [Arg; 4] = [
    integer("seconds").after("EX"),
    integer("milliseconds").after("PX"),
    unix_time("unix-time-seconds").after("EXAT"),
    unix_time("unix-time-milliseconds").after("PXAT"),
];

const PAIRS: &[Arg] = &[block("data", &[key("key"), string("value")]).multiple()];

/// The keys of MSET and MSETNX: every second argument.
const PAIR_KEYS: &[KeySpec] = &[pair_keys(&["OW", "update"])];
const NEW_PAIR_KEYS: &[KeySpec] = &[pair_keys(&["OW", "insert"])];

const fn pair_keys(flags: &'static [&'static str]) -> KeySpec {
    KeySpec { flags, begin: Begin::Index(1), find: Find::Range { last: -1, step: 2, limit: 0 } }
}

const INSERTED: &[KeySpec] = &[KeySpec::range(1, 0, &["RW", "insert"])];
const OVERWRITTEN: &[KeySpec] = &[KeySpec::range(1, 0, &["OW", "update"])];

/// A row of this file: all are of one group.
const fn row(name: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::String, summary, ..Command::DEFAULT }
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        since: "2.0.0",
        complexity: "O(1) amortized; the string grows by doubling",
        flags: DENYOOM_FAST,
        args: &[key("key"), string("value")],
        reply: "integer",
        handler: append,
        keys: Some(INSERTED),
        ..row("APPEND", "Adds bytes at the end of a string; a missing key counts as empty.")
    },
    Command {
        flags: DENYOOM_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: decr,
        ..row("DECR", "Subtracts one from the integer at a key; a missing key counts as 0.")
    },
    Command {
        flags: DENYOOM_FAST,
        args: &[key("key"), integer("decrement")],
        reply: "integer",
        handler: decrby,
        ..row("DECRBY", "Subtracts a number from the integer at a key; a missing key counts as 0.")
    },
    Command {
        flags: READ,
        args: &[key("key")],
        reply: "bulk-string | null",
        handler: get,
        ..row("GET", "Returns the string at a key.")
    },
    Command {
        since: "6.2.0",
        flags: Flags::WRITE.and(Flags::FAST),
        args: &[key("key")],
        reply: "bulk-string | null",
        handler: getdel,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "access", "delete"])]),
        ..row("GETDEL", "Returns the string at a key and deletes the key.")
    },
    Command {
        since: "6.2.0",
        flags: Flags::WRITE.and(Flags::FAST),
        args: &[
            key("key"),
            one_of("expiration", &[EXPIRY[0], EXPIRY[1], EXPIRY[2], EXPIRY[3], token("persist", "PERSIST")])
                .optional(),
        ],
        reply: "bulk-string | null",
        handler: getex,
        ..row("GETEX", "Returns the string at a key and sets or clears its deadline.")
    },
    Command {
        since: "2.4.0",
        complexity: "O(N) in the length of the part",
        flags: Flags::READONLY,
        args: &[key("key"), integer("start"), integer("end")],
        reply: "bulk-string",
        handler: getrange,
        ..row("GETRANGE", "Returns the part of a string between two positions, both included.")
    },
    Command {
        deprecated: Some(("6.2.0", "`SET` with the `GET` argument")),
        flags: DENYOOM_FAST,
        args: &[key("key"), string("value")],
        reply: "bulk-string | null",
        handler: getset,
        ..row("GETSET", "Sets a key to a string and returns the one it held before.")
    },
    Command {
        flags: DENYOOM_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: incr,
        ..row("INCR", "Adds one to the integer at a key; a missing key counts as 0.")
    },
    Command {
        flags: DENYOOM_FAST,
        args: &[key("key"), integer("increment")],
        reply: "integer",
        handler: incrby,
        ..row("INCRBY", "Adds a number to the integer at a key; a missing key counts as 0.")
    },
    Command {
        since: "2.6.0",
        flags: DENYOOM_FAST,
        args: &[key("key"), double("increment")],
        reply: "bulk-string",
        handler: incrbyfloat,
        ..row(
            "INCRBYFLOAT",
            "Adds a floating-point number to the number at a key; a missing key counts as 0.",
        )
    },
    Command {
        since: "7.0.0",
        complexity: "O(N*M) in the lengths of the two strings",
        flags: Flags::READONLY,
        args: &[
            key("key1"),
            key("key2"),
            token("len", "LEN").optional(),
            token("idx", "IDX").optional(),
            integer("min-match-len").after("MINMATCHLEN").optional(),
            token("withmatchlen", "WITHMATCHLEN").optional(),
        ],
        reply: "bulk-string | integer | map",
        handler: lcs::lcs,
        keys: Some(&[KeySpec::range(1, 1, &["RO", "access"])]),
        ..row("LCS", "Finds the longest common subsequence of two strings.")
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: READ,
        args: &[key("key").multiple()],
        reply: "array of bulk-string or null",
        handler: mget,
        tips: &["request_policy:multi_shard"],
        ..row("MGET", "Returns the strings at several keys; null for those that hold none.")
    },
    Command {
        since: "1.0.1",
        complexity: "O(N) in the number of keys",
        flags: DENYOOM,
        args: PAIRS,
        handler: mset,
        keys: Some(PAIR_KEYS),
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        ..row("MSET", "Sets several keys to strings at once.")
    },
    Command {
        since: "8.4.0",
        complexity: "O(N) in the number of keys",
        flags: DENYOOM.and(Flags::MOVABLEKEYS),
        args: &[
            integer("numkeys"),
            PAIRS[0],
            one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).optional(),
            one_of("expiration", &[EXPIRY[0], EXPIRY[1], EXPIRY[2], EXPIRY[3], token("keepttl", "KEEPTTL")])
                .optional(),
        ],
        reply: "integer",
        handler: msetex,
        keys: Some(&[KeySpec {
            flags: &["OW", "update"],
            begin: Begin::Index(1),
            find: Find::KeyNum { count: 0, first: 1, step: 2 },
        }]),
        tips: &["request_policy:multi_shard", "response_policy:agg_min"],
        ..row(
            "MSETEX",
            "Sets several keys to strings with one deadline, perhaps only if all or none of them exist.",
        )
    },
    Command {
        since: "1.0.1",
        complexity: "O(N) in the number of keys",
        flags: DENYOOM,
        args: PAIRS,
        reply: "integer",
        handler: msetnx,
        keys: Some(NEW_PAIR_KEYS),
        tips: &["request_policy:multi_shard", "response_policy:agg_min"],
        ..row("MSETNX", "Sets several keys to strings at once, but only if none of them exists.")
    },
    Command {
        since: "2.6.0",
        deprecated: Some(("2.6.12", "`SET` with the `PX` argument")),
        flags: DENYOOM,
        args: &[key("key"), integer("milliseconds"), string("value")],
        handler: psetex,
        keys: Some(OVERWRITTEN),
        ..row("PSETEX", "Sets a key to a string that expires after so many milliseconds.")
    },
    Command {
        flags: DENYOOM,
        args: &[
            key("key"),
            string("value"),
            one_of(
                "condition",
                &[
                    token("nx", "NX"),
                    token("xx", "XX"),
                    string("ifeq-value").after("IFEQ"),
                    string("ifne-value").after("IFNE"),
                    string("ifdeq-digest").after("IFDEQ"),
                    string("ifdne-digest").after("IFDNE"),
                ],
            )
            .optional(),
            token("get", "GET").optional(),
            one_of("expiration", &[EXPIRY[0], EXPIRY[1], EXPIRY[2], EXPIRY[3], token("keepttl", "KEEPTTL")])
                .optional(),
        ],
        reply: "simple-string | null | bulk-string | null",
        handler: set,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "access", "update", "variable_flags"])]),
        keys_of: Some(keys_of_set),
        ..row("SET", "Sets a key to a string, whatever it held before, and optionally its deadline.")
    },
    Command {
        since: "2.0.0",
        deprecated: Some(("2.6.12", "`SET` with the `EX` argument")),
        flags: DENYOOM,
        args: &[key("key"), integer("seconds"), string("value")],
        handler: setex,
        keys: Some(OVERWRITTEN),
        ..row("SETEX", "Sets a key to a string that expires after so many seconds.")
    },
    Command {
        deprecated: Some(("2.6.12", "`SET` with the `NX` argument")),
        flags: DENYOOM_FAST,
        args: &[key("key"), string("value")],
        reply: "integer",
        handler: setnx,
        keys: Some(&[KeySpec::range(1, 0, &["OW", "insert"])]),
        ..row("SETNX", "Sets a key to a string, but only if the key does not exist.")
    },
    Command {
        since: "2.2.0",
        complexity: "O(N) in the length of the part, plus the zeros in front of it",
        flags: DENYOOM,
        args: &[key("key"), integer("offset"), string("value")],
        reply: "integer",
        handler: setrange,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "update"])]),
        ..row("SETRANGE", "Overwrites a part of a string; bytes between its end and the part become zero.")
    },
    Command {
        since: "2.2.0",
        flags: READ,
        args: &[key("key")],
        reply: "integer",
        handler: strlen,
        keys: Some(&[KeySpec::range(1, 0, &["RO"])]),
        ..row("STRLEN", "Returns the length of a string in bytes.")
    },
    Command {
        deprecated: Some(("2.0.0", "`GETRANGE`")),
        complexity: "O(N) in the length of the part",
        flags: Flags::READONLY,
        args: &[key("key"), integer("start"), integer("end")],
        reply: "bulk-string",
        handler: getrange,
        ..row("SUBSTR", "Returns the part of a string between two positions, both included.")
    },
];
