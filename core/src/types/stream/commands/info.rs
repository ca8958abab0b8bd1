//! Looking at a stream, its groups and their consumers.

use super::{no_such_group, write_entries, write_entry, write_id};
use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{self, Command, KeySpec, access, block, flags, integer, key, string, token};
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::types::stream::{Consumer, Group, Id, Stream};

/// How many elements of each kind FULL shows when it is not told.
const FULL_COUNT: usize = 10;

pub(super) fn stream(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let stream = ctx.store.stream(args.at(2))?.ok_or(Error::NoSuchKey)?;
    let unknown = super::unknown_or_wrong(args, "XINFO");
    let options = args.from(3);
    let reply = &mut ctx.reply;
    match options.len() {
        0 => summary(reply, stream),
        1 | 3 if options.is(0, "FULL") => {
            let mut count = FULL_COUNT;
            if options.len() == 3 {
                if !options.is(1, "COUNT") {
                    return Err(unknown);
                }
                count = match options.int(2)? {
                    given if given < 0 => FULL_COUNT,
                    given => super::at_most(given as u64),
                };
            }
            full(reply, stream, count);
        }
        _ => return Err(unknown),
    }
    Ok(Flow::Done)
}

fn head(reply: &mut Reply<'_>, stream: &Stream, fields: usize) {
    reply.map(fields);
    reply.text("length");
    reply.count(stream.len());
    reply.text("radix-tree-keys");
    reply.count(stream.chunks_len());
    reply.text("radix-tree-nodes");
    reply.count(stream.radix_nodes());
    reply.text("last-generated-id");
    write_id(reply, stream.last_id);
    reply.text("max-deleted-entry-id");
    write_id(reply, stream.max_deleted_id);
    reply.text("entries-added");
    reply.int(stream.entries_added as i64);
    reply.text("recorded-first-entry-id");
    write_id(reply, stream.first_id());
}

fn summary(reply: &mut Reply<'_>, stream: &Stream) {
    head(reply, stream, 10);
    reply.text("groups");
    reply.count(stream.groups().len());
    let ends = [("first-entry", stream.first_id()), ("last-entry", stream.newest_id().unwrap_or(Id::MIN))];
    for (name, id) in ends {
        reply.text(name);
        match stream.get(id) {
            Some(entry) => write_entry(reply, entry),
            None => reply.null(),
        }
    }
}

fn full(reply: &mut Reply<'_>, stream: &Stream, count: usize) {
    head(reply, stream, 9);
    reply.text("entries");
    write_entries(reply, stream.range(Id::MIN..=Id::MAX).take(count));
    reply.text("groups");
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(7);
        reply.text("name");
        reply.bulk(name);
        progress(reply, stream, group);
        reply.text("pel-count");
        reply.count(group.pending().len());
        reply.text("pending");
        reply.array(group.pending().len().min(count));
        for (id, one) in group.pending().iter().take(count) {
            reply.array(4);
            write_id(reply, *id);
            reply.bulk(one.consumer.map_or(b"", |owner| group.consumer(owner).name()));
            reply.int(one.delivered_at as i64);
            reply.int(one.deliveries as i64);
        }
        reply.text("consumers");
        reply.array(group.consumers_len());
        for consumer in group.consumers() {
            full_consumer(reply, group, consumer, count);
        }
    }
}

/// How far a group has read.
fn progress(reply: &mut Reply<'_>, stream: &Stream, group: &Group) {
    let number = |reply: &mut Reply<'_>, number: Option<i64>| match number {
        Some(number) => reply.int(number),
        None => reply.null(),
    };
    reply.text("last-delivered-id");
    write_id(reply, group.last_id);
    reply.text("entries-read");
    number(reply, group.entries_read);
    reply.text("lag");
    number(reply, stream.lag(group));
}

fn full_consumer(reply: &mut Reply<'_>, group: &Group, consumer: &Consumer, count: usize) {
    reply.map(5);
    reply.text("name");
    reply.bulk(consumer.name());
    reply.text("seen-time");
    reply.int(consumer.seen_at as i64);
    reply.text("active-time");
    reply.int(consumer.active_at.map_or(-1, |at| at as i64));
    reply.text("pel-count");
    reply.count(consumer.pending().len());
    reply.text("pending");
    reply.array(consumer.pending().len().min(count));
    for id in consumer.pending().iter().take(count) {
        let one = group.pending().get(id).copied();
        reply.array(3);
        write_id(reply, *id);
        reply.int(one.map_or(0, |one| one.delivered_at as i64));
        reply.int(one.map_or(0, |one| one.deliveries as i64));
    }
}

fn groups(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let stream = ctx.store.stream(args.at(2))?.ok_or(Error::NoSuchKey)?;
    let reply = &mut ctx.reply;
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.text("name");
        reply.bulk(name);
        reply.text("consumers");
        reply.count(group.consumers_len());
        reply.text("pending");
        reply.count(group.pending().len());
        progress(reply, stream, group);
    }
    Ok(Flow::Done)
}

fn consumers(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(2), args.at(3));
    let now = ctx.clock_millis();
    let stream = ctx.store.stream(key)?.ok_or(Error::NoSuchKey)?;
    let group = stream.group(name).ok_or_else(|| no_such_group(key, name))?;
    let reply = &mut ctx.reply;
    reply.array(group.consumers_len());
    for consumer in group.consumers() {
        reply.map(4);
        reply.text("name");
        reply.bulk(consumer.name());
        reply.text("pending");
        reply.count(consumer.pending().len());
        reply.text("idle");
        reply.int(now.saturating_sub(consumer.seen_at) as i64);
        reply.text("inactive");
        reply.int(consumer.active_at.map_or(-1, |at| now.saturating_sub(at) as i64));
    }
    Ok(Flow::Done)
}

fn info_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "XINFO",
        &[
            "CONSUMERS <key> <groupname>",
            "    Show consumers of <groupname>.",
            "GROUPS <key>",
            "    Show the stream consumer groups.",
            "STREAM <key> [FULL [COUNT <count>]",
            "    Show information about the stream.",
        ],
    );
    Ok(Flow::Done)
}

const XINFO: &[Command] = &[
    Command {
        flags: flags::READ,
        args: &[key("key"), string("group")],
        reply: "array of map of bulk-string to bulk-string or integer",
        handler: consumers,
        keys: Some(&[KeySpec::range(2, 0, access::READ)]),
        tips: &["nondeterministic_output"],
        ..command::Group::Stream.row("CONSUMERS", "5.0.0", "Describes the consumers of a group.")
    },
    Command {
        flags: flags::READ,
        args: &[key("key")],
        reply: "array of map of bulk-string to bulk-string, integer or null",
        handler: groups,
        keys: Some(&[KeySpec::range(2, 0, access::READ)]),
        ..command::Group::Stream.row("GROUPS", "5.0.0", "Describes the consumer groups of a stream.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: info_help,
        ..command::Group::Stream.row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        complexity: "O(N) in the number of chunks that hold the entries",
        flags: flags::READ,
        args: &[
            key("key"),
            block("full-block", &[token("full", "FULL"), integer("count").after("COUNT").optional()])
                .optional(),
        ],
        reply: "map of bulk-string to any",
        handler: stream,
        keys: Some(&[KeySpec::range(2, 0, access::READ)]),
        ..command::Group::Stream.row(
            "STREAM",
            "5.0.0",
            "Describes a stream, with FULL also its entries and groups.",
        )
    },
];

pub(super) const ROWS: &[Command] = &[Command {
    complexity: "Depends on the subcommand.",
    subcommands: XINFO,
    ..command::Group::Stream.row("XINFO", "5.0.0", "Commands that describe streams.")
}];
