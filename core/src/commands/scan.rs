//! Looking through the whole keyspace: KEYS, SCAN and RANDOMKEY, and the options that all scans share.

use alloc::vec::Vec;

use crate::args::{Args, Cursor};
use crate::command::{Command, Flags, Group, integer, pattern, string};
use crate::context::{Context, Flow};
use crate::error::Error;
use crate::glob::glob_match;
use crate::keyspace::Keyed;
use crate::number;
use crate::resp::Reply;

/// MATCH, COUNT and what else a scan takes.
pub(crate) struct ScanOptions<'a> {
    pattern: Option<&'a [u8]>,
    /// COUNT: about how many elements to look at.
    pub(crate) count: usize,
}

impl<'a> ScanOptions<'a> {
    /// Reads the cursor at `args[start]` and the options after it; `other` may take further ones.
    pub(crate) fn parse(
        args: Args<'a>,
        start: usize,
        mut other: impl FnMut(&mut Cursor<'a>) -> Result<bool, Error>,
    ) -> Result<(u64, ScanOptions<'a>), Error> {
        let scan_cursor = scan_cursor(args.at(start))?;
        let mut options = ScanOptions { pattern: None, count: 10 };
        let mut cursor = args.cursor(start + 1);
        while !cursor.is_done() {
            if cursor.accept_with("COUNT", 1) {
                let count = cursor.int()?;
                if count < 1 {
                    return Err(Error::Syntax);
                }
                options.count = usize::try_from(count).unwrap_or(usize::MAX);
            } else if cursor.accept_with("MATCH", 1) {
                // A lone star matches everything, the empty string included.
                options.pattern = Some(cursor.take()?).filter(|pattern| *pattern != b"*");
            } else if !other(&mut cursor)? {
                return Err(Error::Syntax);
            }
        }
        Ok((scan_cursor, options))
    }

    /// Whether an element is wanted.
    pub(crate) fn matches(&self, element: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob_match(pattern, element, false))
    }
}

/// Reads a cursor as the scans take it.
pub(crate) fn scan_cursor(argument: &[u8]) -> Result<u64, Error> {
    number::parse_cursor(argument).ok_or(Error::Text("ERR invalid cursor"))
}

/// Writes the two parts of a scan's reply around what `mark` begins.
pub(crate) fn finish_scan(reply: &mut Reply<'_>, mark: usize, cursor: u64, elements: usize) {
    reply.wrap(mark, |head| {
        head.array(2);
        let mut text = Vec::new();
        number::write_u64(&mut text, cursor);
        head.bulk(&text);
        head.array(elements);
    });
}

fn scan(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut type_name = None;
    let (cursor, options) = ScanOptions::parse(args, 1, |cursor| {
        let is_type = cursor.accept_with("TYPE", 1);
        if is_type {
            type_name = Some(cursor.take()?);
        }
        Ok(is_type)
    })?;
    let mark = ctx.reply.mark();
    let (store, reply) = (&mut *ctx.store, &mut ctx.reply);
    let mut found = 0;
    let next = store.scan(cursor, options.count, |entry| {
        let is_wanted =
            type_name.is_none_or(|name| entry.type_of().name().as_bytes().eq_ignore_ascii_case(name));
        if is_wanted && options.matches(entry.key()) {
            reply.bulk(entry.key());
            found += 1;
        }
    });
    finish_scan(reply, mark, next, found);
    Ok(Flow::Done)
}

fn keys(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let pattern = Some(args.at(1)).filter(|pattern| *pattern != b"*");
    let mark = ctx.reply.mark();
    let (store, reply) = (&*ctx.store, &mut ctx.reply);
    let mut found = 0;
    for entry in store.entries() {
        if pattern.is_none_or(|pattern| glob_match(pattern, entry.key(), false)) {
            reply.bulk(entry.key());
            found += 1;
        }
    }
    reply.wrap_array(mark, found);
    Ok(Flow::Done)
}

fn randomkey(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    match ctx.store.random_key() {
        Some(key) => ctx.reply.bulk(&key),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

/// A row of this file: all are of one group.
const fn row(name: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::Generic, summary, flags: Flags::READONLY, ..Command::DEFAULT }
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) in the number of keys",
        args: &[pattern("pattern")],
        reply: "array of bulk-string",
        handler: keys,
        categories: &["dangerous"],
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        ..row("KEYS", "Returns all keys that match a pattern.")
    },
    Command {
        reply: "bulk-string | null",
        handler: randomkey,
        tips: &["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
        ..row("RANDOMKEY", "Returns a key chosen at random.")
    },
    Command {
        since: "2.8.0",
        complexity: "O(1) per call, O(N) for a whole iteration",
        args: &[
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
            string("type").after("TYPE").optional(),
        ],
        reply: "[cursor: bulk-string, keys: array of bulk-string]",
        handler: scan,
        tips: &["nondeterministic_output", "request_policy:special", "response_policy:special"],
        ..row("SCAN", "Iterates over the keys; each key that is there throughout is returned exactly once.")
    },
];
