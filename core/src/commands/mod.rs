//! Commands that belong to no single type of value.

mod acl;
mod client;
mod config;
pub mod connection;
mod docs;
mod dump;
pub mod expire;
mod info;
pub mod keys;
pub mod pubsub;
pub mod scan;
pub mod server;
pub mod sort;
pub mod transactions;

pub(crate) use client::describe as describe_client;

use crate::args::Args;
use crate::command::Command;
use crate::context::{Context, Flow, unknown_subcommand};
use crate::error::Error;

/// The rows of all files here.
pub(crate) const ROWS: &[&[Command]] = &[
    acl::ROWS,
    client::ROWS,
    config::ROWS,
    connection::ROWS,
    docs::ROWS,
    dump::ROWS,
    expire::ROWS,
    info::ROWS,
    keys::ROWS,
    pubsub::ROWS,
    scan::ROWS,
    server::ROWS,
    sort::ROWS,
    transactions::ROWS,
];

/// The handler of commands that consist of subcommands only.
pub(crate) fn container(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    Err(unknown_subcommand(ctx.row.name, args.get(1).unwrap_or_default()))
}
