//! The commands of strings.

mod compare;
mod counter;
mod digest;
mod expiry;
mod increx;
mod lcs;
mod part;
mod several;
mod whole;

use alloc::vec::Vec;
use core::ops::Range;

use crate::base::error::Error;
use crate::command::context::Context;
use crate::command::{Arg, Command, integer, unix_time};
use crate::keyspace::{NotifyClass, ValueRef};
use crate::number;
use crate::resp::Reply;

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] =
    &[compare::ROWS, counter::ROWS, increx::ROWS, lcs::ROWS, part::ROWS, several::ROWS, whole::ROWS];

/// Changes the bytes of this range of the string at `key`, which then has at least `len` of them, if there is memory for
/// that.
pub(in crate::types) fn change_bytes(
    ctx: &mut Context<'_>,
    key: &[u8],
    len: usize,
    range: Range<usize>,
    change: impl FnOnce(&mut Vec<u8>),
) -> Result<(), Error> {
    let Context { store, server, .. } = ctx;
    let Some(entry) = store.write_bytes(key, range) else { return Ok(()) };
    let mut has_room = true;
    entry.change_bytes(|bytes| {
        has_room = server.memory.reserve(bytes, len.saturating_sub(bytes.len()));
        if has_room {
            change(bytes);
        }
    });
    if has_room { Ok(()) } else { Err(Error::OutOfMemory) }
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
    ctx.store.look(key).map(|entry| string_len(entry.value())).transpose()
}

fn string_len(value: ValueRef<'_>) -> Result<usize, Error> {
    match value {
        ValueRef::Bytes(bytes) => Ok(bytes.len()),
        ValueRef::Int(number) => Ok(number::decimal_len_i64(number)),
        _ => Err(Error::WrongType),
    }
}

/// EX, PX, EXAT and PXAT with their values.
const EXPIRY: [Arg; 4] = [
    integer("seconds").after("EX"),
    integer("milliseconds").after("PX"),
    unix_time("unix-time-seconds").after("EXAT"),
    unix_time("unix-time-milliseconds").after("PXAT"),
];
