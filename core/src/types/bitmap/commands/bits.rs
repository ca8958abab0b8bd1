//! Single bits and counts of them: SETBIT, GETBIT, BITCOUNT, BITPOS.

use core::ops::RangeInclusive;

use super::{grow, string_at};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Group, block, flags, integer, key, one_of, token};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::args::Args;
use crate::structures::INTEGER_TEXT_BYTES_MAX;
use crate::types::bitmap::{bit, byte_of, count, count_between, find, mask};

const NOT_A_BIT: Error = Error::Text("ERR bit is not an integer or out of range");

fn setbit(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let position = super::position(ctx, args.at(2), None)?;
    let is_set = match number::parse_i64(args.at(3)) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(NOT_A_BIT),
    };
    let has_grown = grow(ctx, key, byte_of(position) + 1)?;
    let bytes = super::bytes_at(ctx, key, byte_of(position)..byte_of(position) + 1);
    let was_set = bit(bytes, position);
    if has_grown || was_set != is_set {
        let byte = &mut bytes[byte_of(position)];
        *byte = if is_set { *byte | mask(position) } else { *byte & !mask(position) };
        ctx.store.changed(key, NotifyClass::String, "setbit");
    }
    ctx.reply.flag(was_set);
    Ok(Flow::Done)
}

fn getbit(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let position = super::position(ctx, args.at(2), None)?;
    let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
    let is_set = string_at(ctx.store, args.at(1), &mut scratch)?.is_some_and(|bytes| bit(bytes, position));
    ctx.reply.flag(is_set);
    Ok(Flow::Done)
}

/// The part of a string that BITCOUNT and BITPOS look at, as it was asked for.
struct Part {
    start: i64,
    /// To the end, unless it is given.
    end: Option<i64>,
    /// Whether bits are counted and not bytes.
    in_bits: bool,
}

impl Part {
    /// The positions of its bits in a string of so many bytes; none when it is empty.
    fn positions(&self, len: usize) -> Option<RangeInclusive<u64>> {
        let total = len as i64 * if self.in_bits { 8 } else { 1 };
        let from_end = |index: i64| if index < 0 { (total + index).max(0) } else { index };
        let start = from_end(self.start);
        let end = self.end.map_or(total - 1, |end| from_end(end).min(total - 1));
        if start > end {
            return None;
        }
        let (start, end) = (start.cast_unsigned(), end.cast_unsigned());
        Some(if self.in_bits { start..=end } else { start * 8..=end * 8 + 7 })
    }
}

fn is_in_bits(word: &[u8]) -> Result<bool, Error> {
    if word.eq_ignore_ascii_case(b"BIT") {
        Ok(true)
    } else if word.eq_ignore_ascii_case(b"BYTE") {
        Ok(false)
    } else {
        Err(Error::Syntax)
    }
}

fn bitcount(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let part = match args.len() {
        2 => None,
        4 | 5 => {
            let (start, end) = (args.int(2)?, args.int(3)?);
            let in_bits = args.get(4).map_or(Ok(false), is_in_bits)?;
            Some(Part { start, end: Some(end), in_bits })
        }
        _ => return Err(Error::Syntax),
    };
    let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
    let bytes = string_at(ctx.store, args.at(1), &mut scratch)?.unwrap_or_default();
    let ones = match part {
        None => count(bytes),
        // Both before the beginning of any string are still in the wrong order.
        Some(Part { start, end: Some(end), .. }) if start < 0 && end < 0 && start > end => 0,
        Some(part) => part.positions(bytes.len()).map_or(0, |positions| count_between(bytes, positions)),
    };
    ctx.reply.int(ones.cast_signed());
    Ok(Flow::Done)
}

fn bitpos(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let wanted = match args.int(2)? {
        0 => false,
        1 => true,
        _ => return Err(Error::Text("ERR The bit argument must be 1 or 0.")),
    };
    if args.len() > 6 {
        return Err(Error::Syntax);
    }
    let start = args.get(3).map_or(Ok(0), |_| args.int(3))?;
    let in_bits = args.get(5).map_or(Ok(false), is_in_bits)?;
    let end = args.get(4).map(|_| args.int(4)).transpose()?;
    let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
    let Some(bytes) = string_at(ctx.store, args.at(1), &mut scratch)? else {
        // As if it held zeros without end.
        ctx.reply.int(if wanted { -1 } else { 0 });
        return Ok(Flow::Done);
    };
    let position = match (Part { start, end, in_bits }).positions(bytes.len()) {
        None => None,
        Some(positions) => {
            let behind = *positions.end() + 1;
            // Unless the end is given, zeros follow the string.
            let follows = (!wanted && end.is_none()).then_some(behind);
            find(bytes, wanted, positions).or(follows)
        }
    };
    ctx.reply.int(position.map_or(-1, u64::cast_signed));
    Ok(Flow::Done)
}

const UNIT: Arg = one_of("unit", &[token("byte", "BYTE"), token("bit", "BIT")]).optional().since("7.0.0");

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) in the length of the part",
        flags: flags::READ,
        args: &[key("key"), block("range", &[integer("start"), integer("end"), UNIT]).optional()],
        reply: "integer",
        handler: bitcount,
        ..Group::Bitmap.row("BITCOUNT", "2.6.0", "Counts the set bits of a string or of a part of it.")
    },
    Command {
        complexity: "O(N) in the length of the part",
        flags: flags::READ,
        args: &[
            key("key"),
            integer("bit"),
            block("range", &[integer("start"), block("end-unit-block", &[integer("end"), UNIT]).optional()])
                .optional(),
        ],
        reply: "integer",
        handler: bitpos,
        ..Group::Bitmap.row(
            "BITPOS",
            "2.8.7",
            "Finds the first set or clear bit of a string or of a part of it.",
        )
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key"), integer("offset")],
        reply: "integer",
        handler: getbit,
        ..Group::Bitmap.row("GETBIT", "2.2.0", "Returns the bit at a position of a string.")
    },
    Command {
        complexity: "O(1), plus the zeros in front of the bit when the string grows",
        flags: flags::GROW,
        args: &[key("key"), integer("offset"), integer("value")],
        reply: "integer",
        handler: setbit,
        ..Group::Bitmap.row(
            "SETBIT",
            "2.2.0",
            "Sets or clears the bit at a position of a string, and returns what it was.",
        )
    },
];
