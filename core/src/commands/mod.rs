//! Commands that belong to no single type of value.

pub mod connection;
pub mod keys;
pub mod pubsub;
pub mod server;
pub mod transactions;

use crate::args::Args;
use crate::command::Command;
use crate::context::{Context, Flow, unknown_subcommand};
use crate::error::Error;

/// The rows of all files here.
pub(crate) const ROWS: &[&[Command]] =
    &[connection::ROWS, keys::ROWS, pubsub::ROWS, server::ROWS, transactions::ROWS];

/// The handler of commands that consist of subcommands only.
pub(crate) fn container(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    Err(unknown_subcommand(ctx.row.name, args.get(1).unwrap_or_default()))
}
