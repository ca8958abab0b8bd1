//! SLOWLOG: which commands took long; and COMMANDLOG, Valkey's, which also tells which were large.

use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{Arg, Command, Flags, Group, flags, integer, one_of, token};
use crate::number;
use crate::observe::{Observer, SlowLog};
use crate::resp::Reply;
use crate::resp::args::Args;

/// Entries that GET replies without a count.
const ENTRIES_DEFAULT: usize = 10;

fn get(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let count = match args.len() {
        2 => ENTRIES_DEFAULT,
        3 => count_of(args)?,
        _ => {
            return Err(Error::quoting(
                "ERR unknown subcommand or wrong number of arguments for '",
                args.at(1),
                "'. Try SLOWLOG HELP.",
            ));
        }
    };
    let Context { server, reply, .. } = ctx;
    write_entries(reply, &server.observer.slowlog, count);
    Ok(Flow::Done)
}

fn write_entries(reply: &mut Reply<'_>, log: &SlowLog, count: usize) {
    reply.array(log.entries.len().min(count));
    for entry in log.entries.iter().take(count) {
        reply.array(6);
        reply.int(entry.id as i64);
        reply.int(entry.at as i64);
        reply.int(entry.amount as i64);
        reply.array(entry.args.len());
        entry.args.iter().for_each(|arg| reply.bulk(arg));
        reply.text(&entry.addr);
        reply.bulk(&entry.name);
    }
}

/// How many entries are wanted.
fn count_of(args: Args<'_>) -> Result<usize, Error> {
    const INVALID: Error = Error::Text("ERR count should be greater than or equal to -1");
    match args.int(2).map_err(|_| INVALID)? {
        -1 => Ok(usize::MAX),
        count => number::count(count).ok_or(INVALID),
    }
}

fn len(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.count(ctx.server.observer.slowlog.entries.len());
    Ok(Flow::Done)
}

fn reset(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.server.observer.slowlog.entries.clear();
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn slowlog_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "SLOWLOG",
        &[
            "GET [<count>]",
            "    The latest commands that took long, 10 of them by default, -1 for all. Each is",
            "    id, unix time, microseconds, arguments, address and name of the client.",
            "LEN",
            "    How many there are.",
            "RESET",
            "    Forget them.",
        ],
    );
    Ok(Flow::Done)
}

// ----- COMMANDLOG -----

/// The log that an argument names.
fn named<'a>(observer: &'a mut Observer, args: Args<'_>, at: usize) -> Result<&'a mut SlowLog, Error> {
    let [requests, replies] = &mut observer.large;
    match args.at(at).to_ascii_lowercase().as_slice() {
        b"slow" => Ok(&mut observer.slowlog),
        b"large-request" => Ok(requests),
        b"large-reply" => Ok(replies),
        _ => Err(Error::Text("ERR type should be one of the following: slow, large-request, large-reply")),
    }
}

fn command_get(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let count = count_of(args)?;
    let log = named(&mut ctx.server.observer, args, 3)?;
    write_entries(&mut ctx.reply, log, count);
    Ok(Flow::Done)
}

fn command_len(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = named(&mut ctx.server.observer, args, 2)?.entries.len();
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn command_reset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    named(&mut ctx.server.observer, args, 2)?.entries.clear();
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn commandlog_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "COMMANDLOG",
        &[
            "GET <count> <type>",
            "    The latest commands that took long (slow), or that had a large request (large-request) or a",
            "    large reply (large-reply); -1 for all. Each is id, unix time, microseconds or bytes,",
            "    arguments, address and name of the client.",
            "LEN <type>",
            "    How many there are.",
            "RESET <type>",
            "    Forget them.",
        ],
    );
    Ok(Flow::Done)
}

const TYPE: Arg = one_of(
    "type",
    &[token("slow", "SLOW"), token("large-request", "LARGE-REQUEST"), token("large-reply", "LARGE-REPLY")],
);

const COMMANDLOG: &[Command] = &[
    Command {
        complexity: "O(N) in the number of entries replied",
        flags: flags::ANYTIME.and(Flags::ADMIN),
        args: &[integer("count"), TYPE],
        reply: ENTRIES,
        handler: command_get,
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        ..Group::Server.row("GET", "8.1.0", "Returns the latest commands that took long or were large.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: commandlog_help,
        ..Group::Server.row("HELP", "8.1.0", "Lists the subcommands.")
    },
    Command {
        flags: flags::ANYTIME.and(Flags::ADMIN),
        args: &[TYPE],
        reply: "integer",
        handler: command_len,
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        ..Group::Server.row("LEN", "8.1.0", "Returns how many commands a log holds.")
    },
    Command {
        complexity: "O(N) in the number of entries",
        flags: flags::ANYTIME.and(Flags::ADMIN),
        args: &[TYPE],
        handler: command_reset,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Group::Server.row("RESET", "8.1.0", "Empties a log.")
    },
];

const ENTRIES: &str = "array of [id: integer, time: integer, microseconds: integer, arguments: array of bulk-string, address: bulk-string, name: bulk-string]";

const SLOWLOG: &[Command] = &[
    Command {
        complexity: "O(N) in the number of entries replied",
        flags: flags::ANYTIME.and(Flags::ADMIN),
        args: &[integer("count").optional()],
        reply: ENTRIES,
        handler: get,
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        ..Group::Server.row("GET", "2.2.12", "Returns the latest commands that took long.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: slowlog_help,
        ..Group::Server.row("HELP", "6.2.0", "Lists the subcommands.")
    },
    Command {
        flags: flags::ANYTIME.and(Flags::ADMIN),
        reply: "integer",
        handler: len,
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        ..Group::Server.row("LEN", "2.2.12", "Returns how many commands the log of slow ones holds.")
    },
    Command {
        complexity: "O(N) in the number of entries",
        flags: flags::ANYTIME.and(Flags::ADMIN),
        handler: reset,
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Group::Server.row("RESET", "2.2.12", "Empties the log of slow commands.")
    },
];

pub(crate) const ROWS: &[Command] = &[
    Command {
        subcommands: COMMANDLOG,
        ..Group::Server.row("COMMANDLOG", "8.1.0", "Tells which commands took long or were large.")
    },
    Command {
        subcommands: SLOWLOG,
        ..Group::Server.row("SLOWLOG", "2.2.12", "Tells which commands took long.")
    },
];
