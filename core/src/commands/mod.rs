//! Commands that belong to no single type of value.

mod acl;
mod client;
mod cluster;
mod config;
pub(crate) mod connection;
pub(crate) mod debug;
mod docs;
mod dump;
pub(crate) mod expire;
mod info;
pub(crate) mod keys;
mod latency;
mod memory;
mod module;
mod monitor;
mod persistence;
pub(crate) mod pubsub;
mod replication;
pub(crate) mod scan;
pub(crate) mod server;
mod slowlog;
pub(crate) mod sort;
pub(crate) mod transactions;

use crate::base::error::Error;
use crate::command::Command;
use crate::command::context::{Context, Flow, unknown_subcommand};
use crate::resp::args::Args;

/// The rows of all files here.
pub(crate) const ROWS: &[&[Command]] = &[
    acl::ROWS,
    client::ROWS,
    cluster::ROWS,
    config::ROWS,
    connection::ROWS,
    debug::ROWS,
    docs::ROWS,
    dump::ROWS,
    expire::ROWS,
    info::ROWS,
    keys::ROWS,
    latency::ROWS,
    memory::ROWS,
    module::ROWS,
    monitor::ROWS,
    persistence::ROWS,
    pubsub::ROWS,
    replication::ROWS,
    scan::ROWS,
    server::ROWS,
    slowlog::ROWS,
    sort::ROWS,
    transactions::ROWS,
];

/// The handler of commands that consist of subcommands only.
pub(crate) fn container(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    Err(unknown_subcommand(ctx.row.name, args.get(1).unwrap_or_default()))
}
