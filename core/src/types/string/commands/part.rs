//! Parts of strings, and their lengths.

use alloc::vec::Vec;

use super::{change_bytes, len_for_change, string_len};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, integer, key, keys, string};
use crate::keyspace::{NotifyClass, Value, ValueRef};
use crate::number;
use crate::resp::args::Args;

fn append(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, tail) = (args.at(1), args.at(2));
    let len = match len_for_change(ctx, key)? {
        None => {
            ctx.store.put_string(key, tail, None, false);
            tail.len()
        }
        Some(len) => {
            check_len(ctx, len, tail.len())?;
            change_bytes(ctx, key, len + tail.len(), 0..0, |bytes| bytes.extend_from_slice(tail))?;
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
    change_bytes(ctx, key, end, offset..end, |bytes| {
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[offset..end].copy_from_slice(part);
    })?;
    ctx.store.changed(key, NotifyClass::String, "setrange");
    ctx.reply.count(end.max(old_len.unwrap_or(0)));
    Ok(Flow::Done)
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

/// Refuses a string that would be longer than one argument may be.
fn check_len(ctx: &Context<'_>, start: usize, added: usize) -> Result<(), Error> {
    match start.checked_add(added) {
        Some(len) if len <= ctx.server.config.value_bytes_max() => Ok(()),
        _ => Err(Error::StringTooLong),
    }
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(1) amortized; the string grows by doubling",
        flags: flags::GROW_FAST,
        args: &[key("key"), string("value")],
        reply: "integer",
        handler: append,
        keys: Some(keys::INSERT),
        ..Group::String.row(
            "APPEND",
            "2.0.0",
            "Adds bytes at the end of a string; a missing key counts as empty.",
        )
    },
    Command {
        complexity: "O(N) in the length of the part",
        flags: flags::READ,
        args: &[key("key"), integer("start"), integer("end")],
        reply: "bulk-string",
        handler: getrange,
        ..Group::String.row(
            "GETRANGE",
            "2.4.0",
            "Returns the part of a string between two positions, both included.",
        )
    },
    Command {
        complexity: "O(N) in the length of the part, plus the zeros in front of it",
        flags: flags::GROW,
        args: &[key("key"), integer("offset"), string("value")],
        reply: "integer",
        handler: setrange,
        keys: Some(keys::UPDATE),
        ..Group::String.row(
            "SETRANGE",
            "2.2.0",
            "Overwrites a part of a string; bytes between its end and the part become zero.",
        )
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: strlen,
        keys: Some(keys::LOOK),
        ..Group::String.row("STRLEN", "2.2.0", "Returns the length of a string in bytes.")
    },
    Command {
        complexity: "O(N) in the length of the part",
        flags: flags::READ,
        args: &[key("key"), integer("start"), integer("end")],
        reply: "bulk-string",
        handler: getrange,
        deprecated: Some(("2.0.0", "`GETRANGE`")),
        ..Group::String.row(
            "SUBSTR",
            "1.0.0",
            "Returns the part of a string between two positions, both included.",
        )
    },
];
