//! CLIENT PAUSE and CLIENT UNPAUSE.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::number::parse_i64;
use crate::resp::args::Args;
use crate::server::pause;

pub(super) fn pause(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let holds_all = match args.len() {
        3 => true,
        4 if args.is(3, "ALL") => true,
        4 if args.is(3, "WRITE") => false,
        4 => return Err(Error::Text("ERR CLIENT PAUSE mode must be WRITE or ALL")),
        _ => return Err(super::wrong_form("PAUSE")),
    };
    let millis = parse_i64(args.at(2)).ok_or(Error::Text("ERR timeout is not an integer or out of range"))?;
    let millis = u64::try_from(millis).map_err(|_| Error::Text("ERR timeout is negative"))?;
    let ends = (ctx.server.steady / 1000).checked_add(millis).filter(|&ends| ends <= i64::MAX as u64);
    ends.ok_or(Error::Text("ERR timeout is out of range"))?;
    let ends = ctx.server.steady.saturating_add(millis.saturating_mul(1000));
    pause::begin(ctx.store, ctx.server, ends, holds_all);
    ctx.reply.ok();
    Ok(Flow::Done)
}

pub(super) fn unpause(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    pause::end(ctx.store, ctx.server);
    ctx.reply.ok();
    Ok(Flow::Done)
}
