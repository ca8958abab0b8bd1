//! The commands of bitmaps.

mod bits;
mod combine;
mod field;

#[cfg(test)]
mod tests;

use core::ops::Range;

use super::field::Width;
use crate::base::error::Error;
use crate::command::context::Context;
use crate::command::{Arg, Command, integer, string};
use crate::keyspace::{Store, Value, ValueRef};
use crate::number;
use crate::structures::INTEGER_TEXT_BYTES_MAX;
use crate::types::string::commands::{change_bytes, len_for_change};

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] = &[bits::ROWS, combine::ROWS, field::ROWS];

/// The string at a key for reading; the decimal form of an integer is written to `scratch`.
fn string_at<'a>(
    store: &'a mut Store,
    key: &[u8],
    scratch: &'a mut [u8; INTEGER_TEXT_BYTES_MAX],
) -> Result<Option<&'a [u8]>, Error> {
    Ok(Some(match store.read(key).map(|entry| entry.value()) {
        None => return Ok(None),
        Some(ValueRef::Bytes(bytes)) => bytes,
        Some(ValueRef::Int(number)) => number::format_i64(scratch, number),
        Some(_) => return Err(Error::WrongType),
    }))
}

/// The position of a bit; for a field, `#3` is the place of the fourth one of its width. The product wraps around as it
/// does in servers, before it is looked at.
fn position(ctx: &Context<'_>, text: &[u8], field: Option<Width>) -> Result<u64, Error> {
    const FAULT: Error = Error::Text("ERR bit offset is not an integer or out of range");
    let (unit, digits) = match (field, text) {
        (Some(width), [b'#', digits @ ..]) => (i64::from(width.bits), digits),
        _ => (1, text),
    };
    number::parse_i64(digits)
        .map(|number| number.wrapping_mul(unit))
        .and_then(|position| u64::try_from(position).ok())
        .filter(|position| position >> 3 < ctx.server.config.value_bytes_max() as u64)
        .ok_or(FAULT)
}

/// Makes the string at a key at least `len` bytes long, all of them stored as bytes; true if it is new or has grown.
fn grow(ctx: &mut Context<'_>, key: &[u8], len: usize) -> Result<bool, Error> {
    let Some(old_len) = len_for_change(ctx, key)? else {
        let mut bytes = alloc::vec::Vec::new();
        if !ctx.server.memory.reserve(&mut bytes, len) {
            return Err(Error::OutOfMemory);
        }
        bytes.resize(len, 0);
        ctx.store.put(key, Value::Bytes(bytes), None);
        return Ok(true);
    };
    if old_len < len {
        change_bytes(ctx, key, len, 0..0, |bytes| bytes.resize(len, 0))?;
    } else if ctx.store.write_bytes(key, 0..0).is_some_and(|entry| entry.bytes_mut().is_none()) {
        change_bytes(ctx, key, old_len, 0..0, |_| {})?;
    }
    Ok(old_len < len)
}

/// The bytes of a string that [`grow`] has looked at, of which those of this range may be changed.
fn bytes_at<'a>(ctx: &'a mut Context<'_>, key: &[u8], range: Range<usize>) -> &'a mut [u8] {
    ctx.store
        .write_bytes(key, range)
        .and_then(|entry| entry.bytes_mut())
        .expect("the string was made one of bytes")
}

const FROM: [Arg; 2] = [string("encoding"), integer("offset")];
