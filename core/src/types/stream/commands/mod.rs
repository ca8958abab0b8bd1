//! The commands of streams, by subject.

mod add;
mod claim;
mod group;
mod info;
mod nack;
mod pending;
mod range;
mod read;
mod record;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use super::{Entry, Group, ID_CHARS_MAX, Id, Stream};
use crate::base::error::{Error, until_zero};
use crate::command::context::Context;
use crate::command::{Arg, Command, block, integer, one_of, string, token};
use crate::number::{self, parse_i64};
use crate::resp::Reply;
use crate::resp::args::Args;

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] =
    &[add::ROWS, claim::ROWS, group::ROWS, info::ROWS, nack::ROWS, pending::ROWS, range::ROWS, read::ROWS];

/// Longest part of a key or a group's name that an error quotes, in bytes.
const QUOTED_NAME_BYTES_MAX: usize = 4096;
/// Texts of so many bytes are no IDs of entries, as Redis has it.
const ID_TEXT_BYTES_MAX: usize = 127;

const INVALID_ID: Error = Error::Text("ERR Invalid stream ID specified as stream command argument");

/// Reads `ms-seq` or `ms`, where a missing sequence number is `missing_seq`.
fn strict_id(text: &[u8], missing_seq: u64) -> Result<Id, Error> {
    match parse_id(text, missing_seq)? {
        (id, true) => Ok(id),
        _ => Err(INVALID_ID),
    }
}

/// The same, or `-` for the least ID and `+` for the greatest.
fn loose_id(text: &[u8], missing_seq: u64) -> Result<Id, Error> {
    match text {
        b"-" => Ok(Id::MIN),
        b"+" => Ok(Id::MAX),
        _ => strict_id(text, missing_seq),
    }
}

/// The same as [`strict_id`], or `ms-*`; tells whether a sequence number was given.
fn parse_id(text: &[u8], missing_seq: u64) -> Result<(Id, bool), Error> {
    if text.len() > ID_TEXT_BYTES_MAX {
        return Err(INVALID_ID);
    }
    // Redis reads up to a zero byte, as C does.
    let text = until_zero(text, text.len());
    let (ms, seq) = match text.iter().position(|&byte| byte == b'-') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let ms = parse_unsigned(ms).ok_or(INVALID_ID)?;
    match seq {
        None => Ok((Id::new(ms, missing_seq), true)),
        Some(b"*") => Ok((Id::new(ms, 0), false)),
        Some(seq) => parse_unsigned(seq).map(|seq| (Id::new(ms, seq), true)).ok_or(INVALID_ID),
    }
}

/// Reads an unsigned number as C's `strtoull` does, after Redis's own reader has found no negative one: with blanks
/// before it, a sign, zeros.
fn parse_unsigned(text: &[u8]) -> Option<u64> {
    if let Some(number) = parse_i64(text) {
        return u64::try_from(number).ok();
    }
    let blanks = text.iter().take_while(|&&byte| byte == b' ' || (9..=13).contains(&byte)).count();
    let (is_negative, digits) = match &text[blanks..] {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(u64::from(digit)) }
    })?;
    Some(if is_negative { number.wrapping_neg() } else { number })
}

/// One end of a range: an ID, `-`, `+`, or `(` and an ID that is not part of the range.
#[derive(Clone, Copy)]
enum End {
    Start,
    Stop,
}

impl End {
    fn parse(self, text: &[u8]) -> Result<Id, Error> {
        let missing_seq = match self {
            End::Start => 0,
            End::Stop => u64::MAX,
        };
        let Some(excluded) = text.strip_prefix(b"(").filter(|rest| !rest.is_empty()) else {
            return loose_id(text, missing_seq);
        };
        let id = strict_id(excluded, missing_seq)?;
        match self {
            End::Start => id.next().ok_or(Error::Text("ERR invalid start ID for the interval")),
            End::Stop => id.previous().ok_or(Error::Text("ERR invalid end ID for the interval")),
        }
    }
}

fn write_id(reply: &mut Reply<'_>, id: Id) {
    reply.bulk(id.text(&mut [0; ID_CHARS_MAX]));
}

fn write_entry(reply: &mut Reply<'_>, entry: Entry<'_>) {
    reply.array(2);
    write_id(reply, entry.id);
    reply.array(2 * entry.fields.len());
    for (name, value) in entry.fields {
        reply.item(name);
        reply.item(value);
    }
}

/// Writes an array of entries.
fn write_entries<'a>(reply: &mut Reply<'_>, entries: impl Iterator<Item = Entry<'a>>) {
    let (mark, mut count) = (reply.mark(), 0);
    for entry in entries {
        if reply.is_cut() {
            break;
        }
        write_entry(reply, entry);
        count += 1;
    }
    reply.wrap_array(mark, count);
}

/// An error that quotes names between its parts.
fn quoting(parts: &[&[u8]]) -> Error {
    let shown: Vec<&[u8]> = parts.iter().map(|part| until_zero(part, QUOTED_NAME_BYTES_MAX)).collect();
    Error::Quoting(shown.concat())
}

fn no_such_key_or_group(key: &[u8], group: &[u8]) -> Error {
    quoting(&[b"NOGROUP No such key '", key, b"' or consumer group '", group, b"'"])
}

fn no_such_group(key: &[u8], group: &[u8]) -> Error {
    quoting(&[b"NOGROUP No such consumer group '", group, b"' for key name '", key, b"'"])
}

/// A group that a command needs, of a stream that it reads.
fn group_or<'a>(
    stream: Result<Option<&'a mut Stream>, Error>,
    name: &[u8],
    error: impl FnOnce() -> Error,
) -> Result<&'a mut Group, Error> {
    stream?.and_then(|stream| stream.group_mut(name)).ok_or_else(error)
}

/// Takes note of a change that breaks no watch, as those of groups do not.
fn group_changed(ctx: &mut Context<'_>, key: &[u8], event: &'static str) {
    ctx.store.dirty += 1;
    ctx.store.notify(crate::keyspace::NotifyClass::Stream, event, key);
}

/// A number of elements that a reply may have at most, where Redis takes all for zero.
fn at_most(count: u64) -> usize {
    if count == 0 { usize::MAX } else { number::saturate(count) }
}

/// The error for a subcommand with arguments that it does not know.
fn unknown_or_wrong(args: Args<'_>, container: &str) -> Error {
    Error::quoting(
        "ERR unknown subcommand or wrong number of arguments for '",
        args.at(1),
        &alloc::format!("'. Try {container} HELP."),
    )
}

const REFERENCES: Arg =
    one_of("condition", &[token("keepref", "KEEPREF"), token("delref", "DELREF"), token("acked", "ACKED")])
        .optional();
const IDS: Arg = block("ids", &[integer("numids"), string("id").multiple()]).after("IDS");
const COUNT: Arg = integer("count").after("COUNT").optional();
