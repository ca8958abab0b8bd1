//! Saving and stopping.
//!
//! An embedder that keeps no files has nothing to save to, and the commands say so.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, flags, one_of, token};
use crate::resp::args::Args;
use crate::scripting;
use crate::server::{GlobalState, HostRequest, SaveKind, host_request};

const NOT_PERSISTED: Error =
    Error::Text("ERR nothing can be saved: the engine holds its data in memory only");

fn is_available(ctx: &Context<'_>) -> Result<(), Error> {
    if ctx.server.config.persistence.is_available { Ok(()) } else { Err(NOT_PERSISTED) }
}

const SAVES_ALREADY: Error = Error::Text("ERR Background save already in progress");

fn save(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    is_available(ctx)?;
    if ctx.server.files.running_for_clients() == Some(SaveKind::Dump) {
        return Err(SAVES_ALREADY);
    }
    host_request::files(ctx, HostRequest::Save, "")
}

fn bgsave(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_scheduled = args.len() > 1;
    if args.len() > 2 || is_scheduled && !args.is(1, "SCHEDULE") {
        return Err(Error::Syntax);
    }
    is_available(ctx)?;
    match ctx.server.files.running_for_clients() {
        Some(SaveKind::Dump) => return Err(SAVES_ALREADY),
        Some(SaveKind::Base) if !is_scheduled && ctx.may_block => {
            return Err(Error::Text(
                "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to \
                 schedule a BGSAVE whenever possible.",
            ));
        }
        Some(SaveKind::Base) => ctx.reply.simple("Background saving scheduled"),
        // A transaction has to end before anything is saved.
        None if !ctx.may_block => ctx.reply.simple("Background saving scheduled"),
        None => ctx.reply.simple("Background saving started"),
    }
    ctx.server.files.want(SaveKind::Dump);
    Ok(Flow::Done)
}

fn bgrewriteaof(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    is_available(ctx)?;
    match ctx.server.files.running() {
        Some(SaveKind::Base) => {
            return Err(Error::Text("ERR Background append only file rewriting already in progress"));
        }
        None if ctx.may_block => ctx.reply.simple("Background append only file rewriting started"),
        _ => ctx.reply.simple("Background append only file rewriting scheduled"),
    }
    ctx.server.files.want(SaveKind::Base);
    Ok(Flow::Done)
}

/// Redis takes the time of its start for the last save as long as there was none.
fn lastsave(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.int(ctx.server.files.saved_at_seconds().cast_signed());
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
    let files = &ctx.server.config.persistence;
    if saves && !files.is_available && !is_forced {
        return Err(Error::Text("ERR Errors trying to SHUTDOWN. Check logs."));
    }
    if files.is_available && (saves || !saves_not && !files.save_rules.is_empty()) {
        return host_request::files(ctx, HostRequest::SaveAndStop, if is_forced { "force" } else { "" });
    }
    // The end of the connection is the reply.
    ctx.server.is_shutdown = true;
    Ok(Flow::Done)
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        flags: flags::ADMIN.and(Flags::NO_ASYNC_LOADING),
        reply: "simple-string",
        handler: bgrewriteaof,
        ..Group::Server.row(
            "BGREWRITEAOF",
            "1.0.0",
            "Rewrites the append-only log, while clients are served.",
        )
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_ASYNC_LOADING),
        args: &[token("schedule", "SCHEDULE").optional().since("3.2.2")],
        handler: bgsave,
        reply: "simple-string",
        arity: Some(-1),
        ..Group::Server.row("BGSAVE", "1.0.0", "Saves all data to a file, while clients are served.")
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
            "Returns the unix time of the last save, or of the beginning.",
        )
    },
    Command {
        flags: flags::ADMIN.and(Flags::NO_MULTI).and(Flags::NO_ASYNC_LOADING),
        handler: save,
        ..Group::Server.row("SAVE", "1.0.0", "Saves all data to a file, and nothing else meanwhile.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME.and(Flags::NO_MULTI).and(Flags::ALLOW_BUSY),
        args: &[
            one_of("save-selector", &[token("nosave", "NOSAVE"), token("save", "SAVE")]).optional(),
            token("now", "NOW").optional().since("7.0.0"),
            token("force", "FORCE").optional().since("7.0.0"),
            token("abort", "ABORT").optional().since("7.0.0"),
        ],
        reply: "simple-string | none",
        handler: shutdown,
        ..Group::Server.row("SHUTDOWN", "1.0.0", "Saves what the settings say, and stops the server.")
    },
];
