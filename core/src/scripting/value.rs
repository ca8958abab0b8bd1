//! What a script returns, as a reply.

use alloc::vec::Vec;

use sanderling_lua::{TableView, View};

use super::host::LINE_BYTES_MAX;
use crate::base::error::{Error, until_zero};
use crate::resp::{Protocol, Reply};

/// Tables in each other, beyond which Redis's stack has no room.
const DEPTH_MAX: usize = 7995;

/// What is to be known to write a value.
pub(super) struct Rules {
    /// What the script has asked for by `redis.setresp`: it decides how booleans look.
    pub(super) script_protocol: Protocol,
    /// The longest reply.
    pub(super) bytes_max: usize,
}

/// An aggregate whose elements are being written.
enum Open<'a> {
    /// The elements from an index on.
    Array(TableView<'a>, usize),
    /// The entries from a position on, and a value whose key is written.
    Map(TableView<'a>, usize, Option<View<'a>>),
    /// The keys from a position on.
    Set(TableView<'a>, usize),
}

/// Writes a value, and gives the errors that are in it and have not been counted; `false` if it is too long.
pub(super) fn write(reply: &mut Reply<'_>, value: View<'_>, rules: &Rules, errors: &mut Errors) -> bool {
    let start = reply.mark();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut next = Some(value);
    loop {
        if let Some(value) = next.take() {
            if open.len() >= DEPTH_MAX {
                let error = Error::Text("ERR reached lua stack limit");
                reply.error(&error);
                errors.new.push(error);
            } else if let Some(aggregate) = write_one(reply, value, rules, errors) {
                open.push(aggregate);
            }
            if reply.mark() - start > rules.bytes_max {
                return false;
            }
        }
        let Some(innermost) = open.last_mut() else { return true };
        next = innermost.next();
        if next.is_none() {
            open.pop();
        }
    }
}

impl<'a> Open<'a> {
    /// The next value to be written.
    fn next(&mut self) -> Option<View<'a>> {
        match self {
            Open::Array(table, index) => {
                *index += 1;
                let element = table.element(*index);
                (!matches!(element, View::Nil)).then_some(element)
            }
            Open::Map(_, _, value @ Some(_)) => value.take(),
            Open::Map(table, position, value) => {
                let (next, key, of_key) = table.entry(*position)?;
                (*position, *value) = (next, Some(of_key));
                Some(key)
            }
            Open::Set(table, position) => {
                let (next, key, _) = table.entry(*position)?;
                *position = next;
                Some(key)
            }
        }
    }
}

/// The errors in a reply.
#[derive(Default)]
pub(super) struct Errors {
    /// Those that the script has made.
    pub(super) new: Vec<Error>,
    /// How many there are of those that a command has replied to it, which were counted then.
    pub(super) counted: u64,
}

/// Writes a value, or the head of one that has others in it.
fn write_one<'a>(
    reply: &mut Reply<'_>,
    value: View<'a>,
    rules: &Rules,
    errors: &mut Errors,
) -> Option<Open<'a>> {
    match value {
        View::String(text) => reply.bulk(text),
        View::Number(number) => reply.int(truncated(number)),
        View::Bool(value) if rules.script_protocol == Protocol::Resp3 => reply.bool(value),
        View::Bool(true) => reply.int(1),
        View::Table(table) => {
            if !table.has_entries() || !write_special(reply, table, errors) {
                return Some(open(reply, table));
            }
        }
        View::Nil | View::Bool(false) | View::Other => reply.null(),
    }
    None
}

/// Writes a table that stands for something else than an array; `false` if it does not.
fn write_special(reply: &mut Reply<'_>, table: TableView<'_>, errors: &mut Errors) -> bool {
    if let View::String(text) = table.field("err") {
        let error = Error::Quoting(trimmed(until_zero(text, LINE_BYTES_MAX)).to_vec());
        reply.error(&error);
        if matches!(table.field("ignore_error_stats_update"), View::Bool(true)) {
            errors.counted += 1;
        } else {
            errors.new.push(error);
        }
    } else if let View::String(text) = table.field("ok") {
        reply.line(b'+', until_zero(text, LINE_BYTES_MAX));
    } else if let View::Number(number) = table.field("double") {
        reply.double(number);
    } else if let View::String(text) = table.field("big_number") {
        match reply.protocol {
            Protocol::Resp2 => reply.bulk_line(text),
            Protocol::Resp3 => reply.line(b'(', text),
        }
    } else if let View::Table(inner) = table.field("verbatim_string")
        && let (View::String(format), View::String(text)) = (inner.field("format"), inner.field("string"))
    {
        // Redis takes three letters of the format, whatever there is.
        let format = until_zero(format, usize::MAX);
        let letter = |at: usize| format.get(at).copied().unwrap_or(b' ');
        reply.verbatim_as([letter(0), letter(1), letter(2)], text);
    } else {
        return false;
    }
    true
}

/// Writes the head of a table with others in it.
fn open<'a>(reply: &mut Reply<'_>, table: TableView<'a>) -> Open<'a> {
    let fields = |name| if table.has_entries() { table.field(name) } else { View::Nil };
    if let View::Table(map) = fields("map") {
        reply.map(count_entries(map));
        return Open::Map(map, 0, None);
    }
    if let View::Table(set) = fields("set") {
        reply.set(count_entries(set));
        return Open::Set(set, 0);
    }
    let mut len = 0;
    while !matches!(table.element(len + 1), View::Nil) {
        len += 1;
    }
    reply.array(len);
    Open::Array(table, 0)
}

fn count_entries(table: TableView<'_>) -> usize {
    let (mut count, mut position) = (0, 0);
    while let Some((next, _, _)) = table.entry(position) {
        (count, position) = (count + 1, next);
    }
    count
}

/// The text of an error without the line ends behind it, which Redis takes away.
pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    &text[..end]
}

/// The whole part of a number. What is too large becomes the smallest integer, as x86 converts it.
#[expect(clippy::cast_possible_truncation, reason = "the number is within the bounds")]
fn truncated(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}
