//! SLOWLOG: which commands took long.

use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{Command, Flags, Group, flags, integer};
use crate::number;
use crate::resp::args::Args;

/// Entries that GET replies without a count.
const ENTRIES_DEFAULT: usize = 10;

fn get(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    const INVALID: Error = Error::Text("ERR count should be greater than or equal to -1");
    let count = match args.len() {
        2 => ENTRIES_DEFAULT,
        3 => match args.int(2).map_err(|_| INVALID)? {
            -1 => usize::MAX,
            count => number::count(count).ok_or(INVALID)?,
        },
        _ => {
            return Err(Error::quoting(
                "ERR unknown subcommand or wrong number of arguments for '",
                args.at(1),
                "'. Try SLOWLOG HELP.",
            ));
        }
    };
    let entries = &ctx.server.observer.slowlog.entries;
    let reply = &mut ctx.reply;
    reply.array(entries.len().min(count));
    for entry in entries.iter().take(count) {
        reply.array(6);
        reply.int(entry.id as i64);
        reply.int(entry.at as i64);
        reply.int(entry.micros as i64);
        reply.array(entry.args.len());
        entry.args.iter().for_each(|arg| reply.bulk(arg));
        reply.text(&entry.addr);
        reply.bulk(&entry.name);
    }
    Ok(Flow::Done)
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

const SLOWLOG: &[Command] = &[
    Command {
        complexity: "O(N) in the number of entries replied",
        flags: flags::ANYTIME.and(Flags::ADMIN),
        args: &[integer("count").optional()],
        reply: "array of [id: integer, time: integer, microseconds: integer, arguments: array of bulk-string, address: bulk-string, name: bulk-string]",
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

pub(crate) const ROWS: &[Command] = &[Command {
    subcommands: SLOWLOG,
    ..Group::Server.row("SLOWLOG", "2.2.12", "Tells which commands took long.")
}];
