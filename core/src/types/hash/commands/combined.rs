//! The commands that read or write fields and do something else to them at once.

use alloc::vec::Vec;

use super::FIELDS;
use super::deadlines::{
    MILLIS, NOT_POSITIVE, SECONDS, UNIX_MILLIS, UNIX_SECONDS, Unit, parse_deadline, parse_fields, persisted,
    postponed, removed, reserve, rewrite,
};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Command, Group, block, flags, integer, key, keys, one_of, string, token, unix_time,
};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::args::Args;
use crate::structures::INTEGER_TEXT_BYTES_MAX;
use crate::types::hash::Hash;

/// What becomes of the deadlines of the fields that a command names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deadline {
    /// HSETEX clears them, HGETEX leaves them alone.
    Unsaid,
    Set(u64),
    Clear,
    Keep,
}

/// The unit of the time that follows this word.
fn unit(word: &[u8]) -> Option<Unit> {
    let units = [("EX", SECONDS), ("PX", MILLIS), ("EXAT", UNIX_SECONDS), ("PXAT", UNIX_MILLIS)];
    units.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, unit)| unit)
}

fn hgetex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    ctx.store.fields_mut(key, [])?;
    let (deadline, at) = match unit(args.at(2)) {
        Some(unit) => (Deadline::Set(parse_deadline(ctx, args.at(3), unit)?), 4),
        None if args.is(2, "PERSIST") => (Deadline::Clear, 3),
        None => (Deadline::Unsaid, 2),
    };
    let fields = parse_fields(args, at, NOT_POSITIVE)?;
    let now = ctx.store.now;
    let Some(hash) = ctx.store.fields_mut(key, fields.iter())? else {
        reply_nulls(ctx, fields.len());
        return Ok(Flow::Done);
    };
    if deadline != Deadline::Unsaid {
        reserve(&mut ctx.server.memory, hash, fields)?;
    }
    ctx.reply.expect(fields.len(), values_bytes(hash, fields))?;
    let mut touched: Vec<&[u8]> = Vec::new();
    ctx.reply.array(fields.len());
    for field in fields.iter() {
        let Some(value) = hash.get(field) else {
            ctx.reply.null();
            continue;
        };
        ctx.reply.item(value);
        let is_touched = match deadline {
            Deadline::Set(at) if at <= now => hash.remove(field),
            Deadline::Set(at) => hash.set_deadline(field, Some(at)),
            Deadline::Clear => hash.deadline(field).flatten().is_some() && hash.set_deadline(field, None),
            Deadline::Unsaid | Deadline::Keep => false,
        };
        if is_touched {
            touched.push(field);
        }
    }
    match deadline {
        _ if touched.is_empty() => {}
        Deadline::Set(at) if at <= now => removed(ctx, key, &touched),
        Deadline::Set(at) => postponed(ctx, key, at, &touched),
        _ => persisted(ctx, key, &touched),
    }
    Ok(Flow::Done)
}

fn hgetdel(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    ctx.store.fields_mut(key, [])?;
    let fields = parse_fields(args, 2, NOT_POSITIVE)?;
    let Some(hash) = ctx.store.fields_mut(key, fields.iter())? else {
        reply_nulls(ctx, fields.len());
        return Ok(Flow::Done);
    };
    ctx.reply.expect(fields.len(), values_bytes(hash, fields))?;
    let mut is_changed = false;
    ctx.reply.array(fields.len());
    for field in fields.iter() {
        match hash.get(field) {
            Some(value) => ctx.reply.item(value),
            None => ctx.reply.null(),
        }
        is_changed |= hash.remove(field);
    }
    if is_changed {
        ctx.store.changed(key, NotifyClass::Hash, "hdel");
        ctx.store.remove_if_empty(key);
    }
    Ok(Flow::Done)
}

/// Bytes of the values of these fields.
fn values_bytes(hash: &Hash, fields: Args<'_>) -> usize {
    fields.iter().filter_map(|field| hash.get(field)).map(|value| value.text_len()).sum()
}

fn reply_nulls(ctx: &mut Context<'_>, count: usize) {
    ctx.reply.array(count);
    (0..count).for_each(|_| ctx.reply.null());
}

/// The arguments of HSETEX.
struct SetEx<'a> {
    /// Whether all fields must exist, or none; `None` when that does not matter.
    must_exist: Option<bool>,
    deadline: Deadline,
    /// Fields and values in turns.
    pairs: Args<'a>,
}

impl<'a> SetEx<'a> {
    fn parse(ctx: &Context<'_>, args: Args<'a>) -> Result<SetEx<'a>, Error> {
        let (mut must_exist, mut deadline) = (None, Deadline::Unsaid);
        let mut at = 2;
        loop {
            let word = args.get(at).ok_or_else(|| Error::Arity(ctx.name()))?;
            at += 1;
            if word.eq_ignore_ascii_case(b"FIELDS") {
                return Ok(SetEx { must_exist, deadline, pairs: Self::pairs(ctx, args, at)? });
            }
            let is_fnx = word.eq_ignore_ascii_case(b"FNX");
            if is_fnx || word.eq_ignore_ascii_case(b"FXX") {
                if must_exist.replace(!is_fnx).is_some() {
                    return Err(Error::Text("ERR Only one of FXX or FNX arguments can be specified"));
                }
                continue;
            }
            let unit = unit(word);
            if unit.is_none() && !word.eq_ignore_ascii_case(b"KEEPTTL") {
                return Err(Error::quoting("ERR unknown argument: ", word, ""));
            }
            if deadline != Deadline::Unsaid {
                return Err(Error::Text(
                    "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
                ));
            }
            deadline = match unit {
                Some(unit) => {
                    let time = args.get(at).ok_or(Error::Text("ERR missing expire time"))?;
                    at += 1;
                    Deadline::Set(parse_deadline(ctx, time, unit)?)
                }
                None => Deadline::Keep,
            };
        }
    }

    /// The pairs behind their number at `at`.
    fn pairs(ctx: &Context<'_>, args: Args<'a>, at: usize) -> Result<Args<'a>, Error> {
        if args.len() < at + 3 {
            return Err(Error::Arity(ctx.name()));
        }
        let count = number::parse_i64(args.at(at)).filter(|count| (1..=i64::from(i32::MAX)).contains(count));
        let count = count.and_then(number::count);
        let count = count.ok_or(Error::Text("ERR invalid number of fields"))?;
        let pairs = args.from(at + 1);
        if pairs.len().checked_div(2) == Some(count) && pairs.len().is_multiple_of(2) {
            Ok(pairs)
        } else {
            Err(Error::Arity(ctx.name()))
        }
    }

    fn fields(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.pairs.iter().step_by(2)
    }
}

fn hsetex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, limits, now) = (args.at(1), ctx.store.encoding_limits, ctx.store.now);
    let options = SetEx::parse(ctx, args)?;
    let pairs = options.pairs;
    let hash = ctx.store.fields_mut(key, options.fields())?;
    let has = |field: &[u8]| hash.as_ref().is_some_and(|hash| hash.contains(field));
    if options.must_exist.is_some_and(|must| options.fields().any(|field| has(field) != must)) {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    }
    if let Deadline::Set(_) = options.deadline {
        if let Some(hash) = &hash {
            reserve(&mut ctx.server.memory, hash, pairs)?;
        }
        // A field is put in first, and its deadline makes another one of it.
        let longest = pairs.iter().map(<[u8]>::len).max().unwrap_or(0);
        ctx.server.memory.take(2 * longest)?;
    }
    let hash = ctx.store.fields_or_new(key, [])?;
    for index in (0..pairs.len()).step_by(2) {
        let (field, value) = (pairs.at(index), pairs.at(index + 1));
        if options.deadline == Deadline::Keep {
            hash.update(field, value, &limits);
        } else {
            hash.insert(field, value, &limits);
        }
        if let Deadline::Set(at) = options.deadline
            && at > now
        {
            hash.set_deadline(field, Some(at));
        }
    }
    ctx.store.changed(key, NotifyClass::Hash, "hset");
    match options.deadline {
        Deadline::Set(at) if at <= now => remove_again(ctx, key, &options),
        Deadline::Set(at) => {
            ctx.store.note_field_deadline(key, at);
            ctx.store.changed(key, NotifyClass::Hash, "hexpire");
            let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
            let at = number::format_u64(&mut scratch, at);
            let all: Vec<&[u8]> = pairs.iter().collect();
            rewrite(ctx, &[b"HSETEX", key, b"PXAT", at], pairs.len() / 2, &all);
        }
        _ => {}
    }
    ctx.reply.int(1);
    Ok(Flow::Done)
}

/// The fields were set with a deadline that has passed.
fn remove_again(ctx: &mut Context<'_>, key: &[u8], options: &SetEx<'_>) {
    let fields: Vec<&[u8]> = options.fields().collect();
    if let Ok(Some(hash)) = ctx.store.fields_mut(key, []) {
        for field in &fields {
            hash.remove(field);
        }
    }
    removed(ctx, key, &fields);
}

const COUNTED_FIELD_VALUES: Arg =
    block("fields", &[integer("numfields"), block("data", &[string("field"), string("value")]).multiple()])
        .after("FIELDS");
const EX: Arg = integer("seconds").after("EX");
const PX: Arg = integer("milliseconds").after("PX");
const EXAT: Arg = unix_time("unix-time-seconds").after("EXAT");
const PXAT: Arg = unix_time("unix-time-milliseconds").after("PXAT");

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), FIELDS],
        reply: "array of bulk-string or null",
        handler: hgetdel,
        keys: Some(keys::TAKE),
        ..Group::Hash.row("HGETDEL", "8.0.0", "Returns the values of fields of a hash and removes them.")
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::WRITE_FAST,
        args: &[
            key("key"),
            one_of("expiration", &[EX, PX, EXAT, PXAT, token("persist", "PERSIST")]).optional(),
            FIELDS,
        ],
        reply: "array of bulk-string or null",
        handler: hgetex,
        keys: Some(keys::CHANGE),
        ..Group::Hash.row(
            "HGETEX",
            "8.0.0",
            "Returns the values of fields of a hash, and sets or clears when they expire.",
        )
    },
    Command {
        complexity: "O(N) where N is the number of fields given.",
        flags: flags::GROW_FAST,
        args: &[
            key("key"),
            one_of("condition", &[token("fnx", "FNX"), token("fxx", "FXX")]).optional(),
            one_of("expiration", &[EX, PX, EXAT, PXAT, token("keepttl", "KEEPTTL")]).optional(),
            COUNTED_FIELD_VALUES,
        ],
        reply: "integer",
        handler: hsetex,
        keys: Some(keys::UPDATE),
        ..Group::Hash.row("HSETEX", "8.0.0", "Sets fields of a hash, and when they expire.")
    },
];
