//! Deadlines of fields: setting, reading and clearing them.

use alloc::vec::Vec;

use super::FIELDS;
use crate::base::error::Error;
use crate::base::memory::{ELEMENT_BYTES, Memory};
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Group, flags, integer, key, keys, one_of, token, unix_time};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::args::Args;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};
use crate::types::hash::Hash;

/// The latest deadline of a field, in unix milliseconds.
const DEADLINE_MAX: i64 = (1 << 46) - 1;

/// What replies say of a field that does not exist, and of one without a deadline.
const NO_FIELD: i64 = -2;
const NO_DEADLINE: i64 = -1;

/// How a command tells a time.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    millis: i64,
    is_relative: bool,
}

pub(super) const SECONDS: Unit = Unit { millis: 1000, is_relative: true };
pub(super) const MILLIS: Unit = Unit { millis: 1, is_relative: true };
pub(super) const UNIX_SECONDS: Unit = Unit { millis: 1000, is_relative: false };
pub(super) const UNIX_MILLIS: Unit = Unit { millis: 1, is_relative: false };

/// When a new deadline replaces an old one.
#[derive(Clone, Copy)]
enum Condition {
    Always,
    IfNone,
    IfSome,
    IfLater,
    IfEarlier,
}

impl Condition {
    /// The condition that a word names.
    fn parse(word: &[u8]) -> Option<Condition> {
        let words = [
            ("NX", Condition::IfNone),
            ("XX", Condition::IfSome),
            ("GT", Condition::IfLater),
            ("LT", Condition::IfEarlier),
        ];
        words
            .into_iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, condition)| condition)
    }

    /// A field without a deadline counts as one that expires at the end of time.
    fn allows(self, old: Option<u64>, new: u64) -> bool {
        match self {
            Condition::Always => true,
            Condition::IfNone => old.is_none(),
            Condition::IfSome => old.is_some(),
            Condition::IfLater => old.is_some_and(|old| new > old),
            Condition::IfEarlier => old.is_none_or(|old| new < old),
        }
    }
}

/// The deadline in unix milliseconds that an argument tells.
pub(super) fn parse_deadline(ctx: &Context<'_>, text: &[u8], unit: Unit) -> Result<u64, Error> {
    let time = number::parse_i64(text).ok_or(Error::NotInteger)?;
    if time < 0 {
        return Err(Error::Text("ERR invalid expire time, must be >= 0"));
    }
    let base = if unit.is_relative { ctx.clock_millis() as i64 } else { 0 };
    let deadline = time.checked_mul(unit.millis).and_then(|millis| millis.checked_add(base));
    match deadline {
        Some(at @ 0..=DEADLINE_MAX) => Ok(at as u64),
        _ => Err(Error::invalid_expire(&ctx.name())),
    }
}

/// The fields behind `FIELDS` and their number, which stand at `at` and take up the rest.
pub(super) fn parse_fields<'a>(
    args: Args<'a>,
    at: usize,
    not_positive: &'static str,
) -> Result<Args<'a>, Error> {
    if args.get(at).is_none_or(|word| !word.eq_ignore_ascii_case(b"FIELDS")) {
        return Err(Error::Text("ERR Mandatory argument FIELDS is missing or not at the right position"));
    }
    const UNEQUAL: Error = Error::Text("ERR The `numfields` parameter must match the number of arguments");
    let count = number::parse_i64(args.get(at + 1).ok_or(UNEQUAL)?).filter(|&count| count > 0);
    let count = count.ok_or(Error::Text(not_positive))?;
    let fields = args.from(at + 2);
    if number::exact(count) == Some(fields.len()) { Ok(fields) } else { Err(UNEQUAL) }
}

/// What most commands say of a number of fields that is none.
pub(super) const NOT_POSITIVE: &str = "ERR Number of fields must be a positive integer";

/// Asks for the memory that setting deadlines may take: the whole of a compact hash may take another form; of a
/// large one, field after field is copied.
pub(super) fn reserve(memory: &mut Memory, hash: &Hash, fields: Args<'_>) -> Result<(), Error> {
    let copied = if hash.is_compact() {
        2 * hash.memory_bytes()
    } else {
        fields.iter().map(|field| hash.get(field).map_or(0, Item::text_len)).max().unwrap_or(0)
    };
    memory.take(copied + fields.len() * ELEMENT_BYTES)
}

/// Records a command on several fields in place of the running one.
pub(super) fn rewrite(ctx: &mut Context<'_>, head: &[&[u8]], count: usize, rest: &[&[u8]]) {
    let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
    let count = number::format_u64(&mut scratch, count as u64);
    ctx.rewrite(&[head, &[b"FIELDS", count], rest].concat());
}

/// Says and records that fields were removed because their new deadline has passed.
pub(super) fn removed(ctx: &mut Context<'_>, key: &[u8], fields: &[&[u8]]) {
    ctx.store.changed(key, NotifyClass::Hash, "hdel");
    ctx.store.remove_if_empty(key);
    ctx.rewrite(&[&[b"HDEL", key], fields].concat());
}

/// Says and records that fields have got a deadline.
pub(super) fn postponed(ctx: &mut Context<'_>, key: &[u8], deadline: u64, fields: &[&[u8]]) {
    ctx.store.note_field_deadline(key, deadline);
    ctx.store.changed(key, NotifyClass::Hash, "hexpire");
    let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
    let at = number::format_u64(&mut scratch, deadline);
    rewrite(ctx, &[b"HPEXPIREAT", key, at], fields.len(), fields);
}

/// Says and records that fields have no deadline any more.
pub(super) fn persisted(ctx: &mut Context<'_>, key: &[u8], fields: &[&[u8]]) {
    ctx.store.changed(key, NotifyClass::Hash, "hpersist");
    rewrite(ctx, &[b"HPERSIST", key], fields.len(), fields);
}

fn hexpire(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_deadlines(ctx, args, SECONDS)
}

fn hpexpire(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_deadlines(ctx, args, MILLIS)
}

fn hexpireat(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_deadlines(ctx, args, UNIX_SECONDS)
}

fn hpexpireat(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_deadlines(ctx, args, UNIX_MILLIS)
}

fn set_deadlines(ctx: &mut Context<'_>, args: Args<'_>, unit: Unit) -> Result<Flow, Error> {
    let key = args.at(1);
    ctx.store.fields_mut(key, [])?;
    let deadline = parse_deadline(ctx, args.at(2), unit)?;
    let condition = Condition::parse(args.at(3));
    let at = if condition.is_some() { 4 } else { 3 };
    let fields = parse_fields(args, at, "ERR Parameter `numFields` should be greater than 0")?;
    let condition = condition.unwrap_or(Condition::Always);
    let is_past = deadline <= ctx.store.now;
    let Some(hash) = ctx.store.fields_mut(key, fields.iter())? else {
        reply_none(ctx, fields.len());
        return Ok(Flow::Done);
    };
    reserve(&mut ctx.server.memory, hash, fields)?;
    let mut touched: Vec<&[u8]> = Vec::new();
    ctx.reply.array(fields.len());
    for field in fields.iter() {
        let Some(old) = hash.deadline(field) else {
            ctx.reply.int(NO_FIELD);
            continue;
        };
        if !condition.allows(old, deadline) {
            ctx.reply.int(0);
            continue;
        }
        if is_past {
            hash.remove(field);
        } else {
            hash.set_deadline(field, Some(deadline));
        }
        ctx.reply.int(if is_past { 2 } else { 1 });
        touched.push(field);
    }
    match touched.as_slice() {
        [] => {}
        touched if is_past => removed(ctx, key, touched),
        touched => postponed(ctx, key, deadline, touched),
    }
    Ok(Flow::Done)
}

fn hpersist(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    ctx.store.fields_mut(key, [])?;
    let fields = parse_fields(args, 2, NOT_POSITIVE)?;
    let Some(hash) = ctx.store.fields_mut(key, fields.iter())? else {
        reply_none(ctx, fields.len());
        return Ok(Flow::Done);
    };
    reserve(&mut ctx.server.memory, hash, fields)?;
    let mut touched: Vec<&[u8]> = Vec::new();
    ctx.reply.array(fields.len());
    for field in fields.iter() {
        match hash.deadline(field) {
            None => ctx.reply.int(NO_FIELD),
            Some(None) => ctx.reply.int(NO_DEADLINE),
            Some(Some(_)) => {
                hash.set_deadline(field, None);
                ctx.reply.int(1);
                touched.push(field);
            }
        }
    }
    if !touched.is_empty() {
        persisted(ctx, key, &touched);
    }
    Ok(Flow::Done)
}

fn httl(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_deadlines(ctx, args, |at, now| at.saturating_sub(now).div_ceil(1000))
}

fn hpttl(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_deadlines(ctx, args, u64::saturating_sub)
}

fn hexpiretime(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_deadlines(ctx, args, |at, _| at.div_ceil(1000))
}

fn hpexpiretime(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_deadlines(ctx, args, |at, _| at)
}

/// Replies what `form` makes of each field's deadline and the present time.
fn reply_deadlines(ctx: &mut Context<'_>, args: Args<'_>, form: fn(u64, u64) -> u64) -> Result<Flow, Error> {
    let (key, now) = (args.at(1), ctx.store.now);
    ctx.store.fields_at(key, [])?;
    let fields = parse_fields(args, 2, NOT_POSITIVE)?;
    let Some(hash) = ctx.store.fields_at(key, fields.iter())? else {
        reply_none(ctx, fields.len());
        return Ok(Flow::Done);
    };
    ctx.reply.array(fields.len());
    for field in fields.iter() {
        ctx.reply.int(match hash.deadline(field) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(at)) => form(at, now) as i64,
        });
    }
    Ok(Flow::Done)
}

/// A hash that does not exist has none of the fields.
fn reply_none(ctx: &mut Context<'_>, fields: usize) {
    ctx.reply.array(fields);
    (0..fields).for_each(|_| ctx.reply.int(NO_FIELD));
}

const CONDITION: Arg =
    one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
        .optional();

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), integer("seconds"), CONDITION, FIELDS],
        reply: "array of integer",
        handler: hexpire,
        keys: Some(keys::UPDATE),
        ..Group::Hash.row("HEXPIRE", "7.4.0", "Lets fields of a hash expire after so many seconds.")
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), unix_time("unix-time-seconds"), CONDITION, FIELDS],
        reply: "array of integer",
        handler: hexpireat,
        keys: Some(keys::UPDATE),
        ..Group::Hash.row("HEXPIREAT", "7.4.0", "Lets fields of a hash expire at a unix time in seconds.")
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::READ_FAST,
        args: &[key("key"), FIELDS],
        reply: "array of integer",
        handler: hexpiretime,
        ..Group::Hash.row(
            "HEXPIRETIME",
            "7.4.0",
            "Returns the unix times in seconds at which fields of a hash expire.",
        )
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), FIELDS],
        reply: "array of integer",
        handler: hpersist,
        keys: Some(keys::UPDATE),
        ..Group::Hash.row("HPERSIST", "7.4.0", "Lets fields of a hash no longer expire.")
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), integer("milliseconds"), CONDITION, FIELDS],
        reply: "array of integer",
        handler: hpexpire,
        keys: Some(keys::UPDATE),
        ..Group::Hash.row("HPEXPIRE", "7.4.0", "Lets fields of a hash expire after so many milliseconds.")
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), unix_time("unix-time-milliseconds"), CONDITION, FIELDS],
        reply: "array of integer",
        handler: hpexpireat,
        keys: Some(keys::UPDATE),
        ..Group::Hash.row(
            "HPEXPIREAT",
            "7.4.0",
            "Lets fields of a hash expire at a unix time in milliseconds.",
        )
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::READ_FAST,
        args: &[key("key"), FIELDS],
        reply: "array of integer",
        handler: hpexpiretime,
        ..Group::Hash.row(
            "HPEXPIRETIME",
            "7.4.0",
            "Returns the unix times in milliseconds at which fields of a hash expire.",
        )
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::READ_FAST,
        args: &[key("key"), FIELDS],
        reply: "array of integer",
        handler: hpttl,
        tips: &["nondeterministic_output"],
        ..Group::Hash.row(
            "HPTTL",
            "7.4.0",
            "Returns how many milliseconds are left until fields of a hash expire.",
        )
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::READ_FAST,
        args: &[key("key"), FIELDS],
        reply: "array of integer",
        handler: httl,
        tips: &["nondeterministic_output"],
        ..Group::Hash.row("HTTL", "7.4.0", "Returns how many seconds are left until fields of a hash expire.")
    },
];
