//! MONITOR: seeing every command that runs.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags};
use crate::resp::args::Args;

fn monitor(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    if !ctx.may_block {
        return Err(Error::Text("ERR MONITOR isn't allowed for DENY BLOCKING client"));
    }
    // Who monitors already gets no reply, as in Redis.
    if !ctx.session().is_monitor {
        ctx.server.set_monitor(ctx.conn, true);
        ctx.reply.ok();
    }
    Ok(Flow::Done)
}

pub(crate) const ROWS: &[Command] = &[Command {
    flags: flags::ADMIN_ANYTIME,
    handler: monitor,
    ..Group::Server.row("MONITOR", "1.0.0", "Sends every command that runs to the connection, until RESET.")
}];
