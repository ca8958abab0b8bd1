//! Making, changing and deleting groups and their consumers.

use super::{group_changed, group_or, no_such_group, strict_id};
use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{self, Command, KeySpec, access, flags, integer, key, one_of, string, token};
use crate::resp::args::Args;
use crate::types::stream::{Group, Id};

const MUST_EXIST: Error = Error::Text(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM \
     option to create an empty stream automatically.",
);

/// The options behind the ID of an entry.
struct Options {
    make_stream: bool,
    entries_read: Option<i64>,
}

impl Options {
    fn parse(args: Args<'_>, is_create: bool) -> Result<Options, Error> {
        let mut options = Options { make_stream: false, entries_read: None };
        let mut cursor = args.cursor(5);
        while !cursor.is_done() {
            if is_create && cursor.accept("MKSTREAM") {
                options.make_stream = true;
            } else if cursor.accept_with("ENTRIESREAD", 1) {
                options.entries_read = match cursor.int()? {
                    -1 => None,
                    read if read < 0 => {
                        return Err(Error::Text("ERR value for ENTRIESREAD must be positive or -1"));
                    }
                    read => Some(read),
                };
            } else {
                return Err(unknown(args));
            }
        }
        Ok(options)
    }
}

fn unknown(args: Args<'_>) -> Error {
    super::unknown_or_wrong(args, "XGROUP")
}

fn create(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(2), args.at(3));
    let options = Options::parse(args, true)?;
    let last_id = ctx.store.stream_mut(key)?.map(|stream| stream.last_id);
    let is_new = last_id.is_none();
    if is_new && !options.make_stream {
        return Err(MUST_EXIST);
    }
    // Options may be repeated only as far as Redis counts them.
    if args.len() > 8 {
        return Err(unknown(args));
    }
    let id = match args.at(4) {
        b"$" => last_id.unwrap_or(Id::MIN),
        text => strict_id(text, 0)?,
    };
    let stream = ctx.store.stream_or_new(key)?;
    let is_added = stream.add_group(name, Group::new(id, options.entries_read));
    if is_new {
        ctx.store.signal(key);
    }
    if !is_added {
        return Err(Error::Text("BUSYGROUP Consumer Group name already exists"));
    }
    group_changed(ctx, key, "xgroup-create");
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn set_id(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(2), args.at(3));
    let options = Options::parse(args, false)?;
    let last_id = existing(ctx, key)?;
    group_or(ctx.store.stream_mut(key), name, || no_such_group(key, name))?;
    if args.len() > 7 {
        return Err(unknown(args));
    }
    let id = match args.at(4) {
        b"$" => last_id,
        text => super::loose_id(text, 0)?,
    };
    let group = group_or(ctx.store.stream_mut(key), name, || no_such_group(key, name))?;
    group.last_id = id;
    group.entries_read = options.entries_read;
    group_changed(ctx, key, "xgroup-setid");
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// The last ID of a stream that must exist.
fn existing(ctx: &mut Context<'_>, key: &[u8]) -> Result<Id, Error> {
    ctx.store.stream_mut(key)?.map(|stream| stream.last_id).ok_or(MUST_EXIST)
}

fn destroy(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(2);
    existing(ctx, key)?;
    let Some(group) = ctx.store.stream_mut(key)?.and_then(|stream| stream.remove_group(args.at(3))) else {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    };
    ctx.store.discard_group(group);
    group_changed(ctx, key, "xgroup-destroy");
    // A client that waits for the group must learn that it is gone.
    ctx.store.wake_waiters(key);
    ctx.reply.int(1);
    Ok(Flow::Done)
}

fn create_consumer(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(2), args.at(3));
    existing(ctx, key)?;
    let now = ctx.clock_millis();
    let group = group_or(ctx.store.stream_mut(key), name, || no_such_group(key, name))?;
    let is_new = group.find(args.at(4)).is_none();
    if is_new {
        group.add_consumer(args.at(4), now);
        ctx.store.streams_seen.consumers = true;
        group_changed(ctx, key, "xgroup-createconsumer");
    }
    ctx.reply.flag(is_new);
    Ok(Flow::Done)
}

fn delete_consumer(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(2), args.at(3));
    existing(ctx, key)?;
    let group = group_or(ctx.store.pending_mut(key), name, || no_such_group(key, name))?;
    let pending = group.remove_consumer(args.at(4));
    if pending.is_some() {
        group_changed(ctx, key, "xgroup-delconsumer");
    }
    ctx.reply.count(pending.unwrap_or(0));
    Ok(Flow::Done)
}

fn group_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "XGROUP",
        &[
            "CREATE <key> <groupname> <id|$> [option]",
            "    Create a new consumer group. Options are:",
            "    * MKSTREAM",
            "      Create the empty stream if it does not exist.",
            "    * ENTRIESREAD entries_read",
            "      Set the group's entries_read counter (internal use).",
            "CREATECONSUMER <key> <groupname> <consumer>",
            "    Create a new consumer in the specified group.",
            "DELCONSUMER <key> <groupname> <consumer>",
            "    Remove the specified consumer.",
            "DESTROY <key> <groupname>",
            "    Remove the specified group.",
            "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
            "    Set the current group ID and entries_read counter.",
        ],
    );
    Ok(Flow::Done)
}

const XGROUP: &[Command] = &[
    Command {
        flags: flags::GROW,
        args: &[
            key("key"),
            string("group"),
            one_of("id-selector", &[string("id"), token("new-id", "$")]),
            token("mkstream", "MKSTREAM").optional(),
            integer("entries-read").after("ENTRIESREAD").optional(),
        ],
        handler: create,
        keys: Some(&[KeySpec::range(2, 0, access::INSERT)]),
        ..command::Group::Stream.row(
            "CREATE",
            "5.0.0",
            "Makes a consumer group that has read up to an entry, and the stream if asked to.",
        )
    },
    Command {
        flags: flags::GROW,
        args: &[key("key"), string("group"), string("consumer")],
        reply: "integer",
        handler: create_consumer,
        keys: Some(&[KeySpec::range(2, 0, access::INSERT)]),
        ..command::Group::Stream.row("CREATECONSUMER", "6.2.0", "Makes a consumer in a group.")
    },
    Command {
        flags: flags::WRITE,
        args: &[key("key"), string("group"), string("consumer")],
        reply: "integer",
        handler: delete_consumer,
        keys: Some(&[KeySpec::range(2, 0, access::DELETE)]),
        ..command::Group::Stream.row(
            "DELCONSUMER",
            "5.0.0",
            "Deletes a consumer of a group with what it has not acknowledged.",
        )
    },
    Command {
        complexity: "O(N) in the number of entries that are pending in the group",
        flags: flags::WRITE,
        args: &[key("key"), string("group")],
        reply: "integer",
        handler: destroy,
        keys: Some(&[KeySpec::range(2, 0, access::DELETE)]),
        ..command::Group::Stream.row("DESTROY", "5.0.0", "Deletes a consumer group.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: group_help,
        ..command::Group::Stream.row("HELP", "5.0.0", "Lists the subcommands.")
    },
    Command {
        flags: flags::WRITE,
        args: &[
            key("key"),
            string("group"),
            one_of("id-selector", &[string("id"), token("new-id", "$")]),
            integer("entriesread").after("ENTRIESREAD").optional(),
        ],
        handler: set_id,
        keys: Some(&[KeySpec::range(2, 0, access::UPDATE)]),
        ..command::Group::Stream.row("SETID", "5.0.0", "Sets up to which entry a group has read.")
    },
];

pub(super) const ROWS: &[Command] = &[Command {
    complexity: "Depends on the subcommand.",
    subcommands: XGROUP,
    ..command::Group::Stream.row("XGROUP", "5.0.0", "Commands about the consumer groups of streams.")
}];
