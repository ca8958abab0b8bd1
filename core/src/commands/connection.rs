//! Commands about the connection itself.

use crate::args::Args;
use crate::command::{Command, Flags, Group, integer, string};
use crate::context::{Context, Flow};
use crate::error::Error;

fn ping(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 2 {
        return Err(Error::Arity(ctx.name()));
    }
    if ctx.session().is_subscribed_only() {
        // In RESP2, a subscriber tells replies from messages by their form alone.
        ctx.reply.array(2);
        ctx.reply.text("pong");
        ctx.reply.bulk(args.get(1).unwrap_or_default());
    } else if let Some(message) = args.get(1) {
        ctx.reply.bulk(message);
    } else {
        ctx.reply.simple("PONG");
    }
    Ok(Flow::Done)
}

fn echo(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.bulk(args.at(1));
    Ok(Flow::Done)
}

fn select(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let index = args.int(1).map_err(|_| Error::Text("ERR invalid DB index"))?;
    let db = usize::try_from(index).ok().filter(|&db| db < ctx.store.databases()).ok_or(Error::DbIndex)?;
    ctx.session().db = db;
    ctx.store.db = db;
    ctx.reply.ok();
    Ok(Flow::Done)
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        name: "ECHO",
        group: Group::Connection,
        summary: "Replies with the given message.",
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
        args: &[string("message")],
        reply: "bulk-string",
        handler: echo,
        ..Command::DEFAULT
    },
    Command {
        name: "PING",
        group: Group::Connection,
        summary: "Replies PONG, or the given message.",
        flags: Flags::FAST.and(Flags::SUBSCRIBED),
        args: &[string("message").optional()],
        reply: "simple-string | bulk-string",
        handler: ping,
        ..Command::DEFAULT
    },
    Command {
        name: "SELECT",
        group: Group::Connection,
        summary: "Chooses the database that this connection works on.",
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
        args: &[integer("index")],
        handler: select,
        ..Command::DEFAULT
    },
];
