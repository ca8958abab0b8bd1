//! The commands of bitmaps.

mod bits;
mod combine;
mod field;

#[cfg(test)]
mod tests;

use super::field::Width;
use crate::base::error::Error;
use crate::command::context::Context;
use crate::command::{Arg, Command, Flags, Group, KeySpec, block, integer, key, one_of, string, token};
use crate::keyspace::{Store, Value, ValueRef};
use crate::number;
use crate::structures::INTEGER_TEXT_BYTES_MAX;
use crate::types::string::commands::{change_bytes, len_for_change};

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

/// The position of a bit; for a field, `#3` is the place of the fourth one of its width.
fn position(ctx: &Context<'_>, text: &[u8], field: Option<Width>) -> Result<u64, Error> {
    const FAULT: Error = Error::Text("ERR bit offset is not an integer or out of range");
    let (unit, digits) = match (field, text) {
        (Some(width), [b'#', digits @ ..]) => (i64::from(width.bits), digits),
        _ => (1, text),
    };
    number::parse_i64(digits)
        .and_then(|number| number.checked_mul(unit))
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
        change_bytes(ctx, key, len, |bytes| bytes.resize(len, 0))?;
    } else if ctx.store.write(key).is_some_and(|entry| entry.bytes_mut().is_none()) {
        change_bytes(ctx, key, old_len, |_| {})?;
    }
    Ok(old_len < len)
}

/// The bytes of a string that [`grow`] has looked at.
fn bytes_at<'a>(ctx: &'a mut Context<'_>, key: &[u8]) -> &'a mut [u8] {
    ctx.store.write(key).and_then(|entry| entry.bytes_mut()).expect("the string was made one of bytes")
}

const GROWS: Flags = Flags::WRITE.and(Flags::DENYOOM);
const READS: Flags = Flags::READONLY;

const FROM: [Arg; 2] = [string("encoding"), integer("offset")];
const GET: Arg = block("get-block", &FROM).after("GET");
const OVERFLOW: Arg =
    one_of("overflow-block", &[token("wrap", "WRAP"), token("sat", "SAT"), token("fail", "FAIL")])
        .after("OVERFLOW")
        .optional();
const WRITE: Arg = one_of(
    "write-operation",
    &[
        block("set-block", &[FROM[0], FROM[1], integer("value")]).after("SET"),
        block("incrby-block", &[FROM[0], FROM[1], integer("increment")]).after("INCRBY"),
    ],
);
const UNIT: Arg = one_of("unit", &[token("byte", "BYTE"), token("bit", "BIT")]).optional();

/// A row of this file: all are of one group.
const fn row(name: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::Bitmap, summary, ..Command::DEFAULT }
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        since: "2.6.0",
        complexity: "O(N) in the length of the part",
        flags: READS,
        args: &[key("key"), block("range", &[integer("start"), integer("end"), UNIT]).optional()],
        reply: "integer",
        handler: bits::bitcount,
        ..row("BITCOUNT", "Counts the set bits of a string or of a part of it.")
    },
    Command {
        since: "3.2.0",
        complexity: "O(1) for each operation",
        flags: GROWS,
        args: &[
            key("key"),
            one_of("operation", &[GET, block("write", &[OVERFLOW, WRITE])]).multiple().optional(),
        ],
        reply: "array of integer or null",
        handler: field::bitfield,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "access", "update", "variable_flags"])]),
        keys_of: Some(field::keys_of_bitfield),
        ..row("BITFIELD", "Reads, sets and increments integers of any width in a string.")
    },
    Command {
        since: "6.0.0",
        complexity: "O(1) for each operation",
        flags: READS.and(Flags::FAST),
        args: &[key("key"), block("get-block", &FROM).after("GET").multiple_with_token().optional()],
        reply: "array of integer",
        handler: field::bitfield_ro,
        ..row("BITFIELD_RO", "Reads integers of any width in a string.")
    },
    Command {
        since: "2.6.0",
        complexity: "O(N) in the length of the longest string",
        flags: GROWS,
        args: &[
            one_of(
                "operation",
                &[
                    token("and", "AND"),
                    token("or", "OR"),
                    token("xor", "XOR"),
                    token("not", "NOT"),
                    token("diff", "DIFF"),
                    token("diff1", "DIFF1"),
                    token("andor", "ANDOR"),
                    token("one", "ONE"),
                ],
            ),
            key("destkey"),
            key("key").multiple(),
        ],
        reply: "integer",
        handler: combine::bitop,
        arity: Some(-4),
        keys: Some(&[KeySpec::range(2, 0, &["OW", "update"]), KeySpec::range(3, -1, &["RO", "access"])]),
        ..row("BITOP", "Combines the bits of several strings and stores the result.")
    },
    Command {
        since: "2.8.7",
        complexity: "O(N) in the length of the part",
        flags: READS,
        args: &[
            key("key"),
            integer("bit"),
            block("range", &[integer("start"), block("end-unit-block", &[integer("end"), UNIT]).optional()])
                .optional(),
        ],
        reply: "integer",
        handler: bits::bitpos,
        ..row("BITPOS", "Finds the first set or clear bit of a string or of a part of it.")
    },
    Command {
        since: "2.2.0",
        flags: READS.and(Flags::FAST),
        args: &[key("key"), integer("offset")],
        reply: "integer",
        handler: bits::getbit,
        ..row("GETBIT", "Returns the bit at a position of a string.")
    },
    Command {
        since: "2.2.0",
        complexity: "O(1), plus the zeros in front of the bit when the string grows",
        flags: GROWS,
        args: &[key("key"), integer("offset"), integer("value")],
        reply: "integer",
        handler: bits::setbit,
        ..row("SETBIT", "Sets or clears the bit at a position of a string, and returns what it was.")
    },
];
