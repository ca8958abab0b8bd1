//! Saving and stopping. Nothing is persisted yet, and what would save says so.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, flags, one_of, token};
use crate::resp::args::Args;
use crate::scripting;
use crate::server::GlobalState;

const NOT_PERSISTED: Error =
    Error::Text("ERR nothing can be saved: the engine holds its data in memory only");

fn save(_: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    Err(NOT_PERSISTED)
}

fn bgsave(_: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 2 || args.len() == 2 && !args.is(1, "SCHEDULE") {
        return Err(Error::Syntax);
    }
    Err(NOT_PERSISTED)
}

/// Redis takes the time of its start for the last save as long as there was none.
fn lastsave(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.int((ctx.server.started / 1_000_000) as i64);
    Ok(Flow::Done)
}

fn shutdown(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (mut saves, mut saves_not, mut is_now, mut is_forced, mut is_abort) =
        (false, false, false, false, false);
    for index in 1..args.len() {
        let words = [
            ("NOSAVE", &mut saves_not),
            ("SAVE", &mut saves),
            ("NOW", &mut is_now),
            ("FORCE", &mut is_forced),
            ("ABORT", &mut is_abort),
        ];
        let found = words.into_iter().find(|(word, _)| args.is(index, word));
        *found.ok_or(Error::Syntax)?.1 = true;
    }
    if is_abort && (saves || saves_not || is_now || is_forced) || saves && saves_not {
        return Err(Error::Syntax);
    }
    if is_abort {
        return Err(Error::Text("ERR No shutdown in progress."));
    }
    if !saves_not && ctx.server.global_state.has(GlobalState::BUSY) {
        return Err(scripting::busy(ctx.server));
    }
    if saves && !is_forced {
        return Err(Error::Text("ERR Errors trying to SHUTDOWN. Check logs."));
    }
    // The end of the connection is the reply.
    ctx.server.is_shutdown = true;
    Ok(Flow::Done)
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        flags: flags::ADMIN.and(Flags::NO_ASYNC_LOADING),
        handler: save,
        ..Group::Server.row("BGREWRITEAOF", "1.0.0", "Fails: nothing is persisted.")
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_ASYNC_LOADING),
        args: &[token("schedule", "SCHEDULE").optional()],
        handler: bgsave,
        arity: Some(-1),
        ..Group::Server.row("BGSAVE", "1.0.0", "Fails: nothing is persisted.")
    },
    Command {
        flags: flags::ANYTIME.and(Flags::FAST),
        reply: "integer",
        handler: lastsave,
        categories: &["admin", "dangerous"],
        tips: &["nondeterministic_output"],
        ..Group::Server.row(
            "LASTSAVE",
            "1.0.0",
            "Returns the unix time at which the server began, since nothing was saved.",
        )
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_MULTI).and(Flags::NO_ASYNC_LOADING),
        handler: save,
        ..Group::Server.row("SAVE", "1.0.0", "Fails: nothing is persisted.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME.and(Flags::NO_MULTI).and(Flags::ALLOW_BUSY),
        args: &[
            one_of("save-selector", &[token("nosave", "NOSAVE"), token("save", "SAVE")]).optional(),
            token("now", "NOW").optional(),
            token("force", "FORCE").optional(),
            token("abort", "ABORT").optional(),
        ],
        reply: "simple-string | none",
        handler: shutdown,
        ..Group::Server.row("SHUTDOWN", "1.0.0", "Stops the server.")
    },
];
