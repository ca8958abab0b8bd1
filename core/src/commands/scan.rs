//! Looking through the whole keyspace: KEYS, SCAN and RANDOMKEY.

use crate::base::error::Error;
use crate::base::glob::glob_match;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, integer, pattern, string, token};
use crate::resp::args::Args;
use crate::structures::Item;
use crate::structures::table::Keyed;
use crate::types::scan::{ScanOptions, scan_cursor};

fn scan(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut type_name = None;
    let mut with_types = false;
    let cursor = scan_cursor(args.at(1))?;
    let options = ScanOptions::parse(args.cursor(2), |cursor| {
        if cursor.accept_with("TYPE", 1) {
            type_name = Some(cursor.take()?);
        } else if cursor.accept("WITHTYPE") {
            with_types = true;
        } else {
            return Ok(false);
        }
        Ok(true)
    })?;
    let store = &*ctx.store;
    options.reply(&mut ctx.reply, |options, reply| {
        let mut found = 0;
        let next = store.scan(cursor, options.count, |entry| {
            let own_type = entry.type_of().name();
            let is_wanted = type_name.is_none_or(|name| own_type.as_bytes().eq_ignore_ascii_case(name));
            if is_wanted && options.passes(Item::Bytes(entry.key())) {
                reply.bulk(entry.key());
                found += 1;
                if with_types {
                    reply.text(own_type);
                    found += 1;
                }
            }
        });
        (next, found)
    });
    Ok(Flow::Done)
}

fn keys(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let pattern = Some(args.at(1)).filter(|pattern| *pattern != b"*");
    let mark = ctx.reply.mark();
    let (store, reply) = (&*ctx.store, &mut ctx.reply);
    let mut found = 0;
    for entry in store.entries(store.db) {
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

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::READ,
        args: &[pattern("pattern")],
        reply: "array of bulk-string",
        handler: keys,
        categories: &["dangerous"],
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        ..Group::Generic.row("KEYS", "1.0.0", "Returns all keys that match a pattern.")
    },
    Command {
        flags: flags::READ,
        reply: "bulk-string | null",
        handler: randomkey,
        tips: &["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
        ..Group::Generic.row("RANDOMKEY", "1.0.0", "Returns a key chosen at random.")
    },
    Command {
        complexity: "O(1) per call, O(N) for a whole iteration",
        flags: flags::READ,
        args: &[
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
            string("type").after("TYPE").optional().since("6.0.0"),
            token("withtype", "WITHTYPE").optional(),
        ],
        reply: "[cursor: bulk-string, keys: array of bulk-string]",
        handler: scan,
        tips: &["nondeterministic_output", "request_policy:special", "response_policy:special"],
        ..Group::Generic.row(
            "SCAN",
            "2.8.0",
            "Iterates over the keys; each key that is there throughout is returned exactly once.",
        )
    },
];
