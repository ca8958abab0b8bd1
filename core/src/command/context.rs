//! All that a handler may touch.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::{self, Command};
use crate::keyspace::Store;
use crate::resp::Reply;
use crate::server::Server;
use crate::server::blocking::Block;
use crate::server::connection::{ConnId, Connection};

/// How a handler ended.
pub enum Flow {
    /// The reply is written.
    Done,
    /// Nothing is written; the connection waits.
    Block(Box<Block>),
}

impl Flow {
    /// The connection waits.
    pub(crate) fn wait(block: Block) -> Flow {
        Flow::Block(Box::new(block))
    }
}

/// The engine's parts, as a running command sees them. The fields can be borrowed apart from each other, so
/// that a reply is written straight from a value.
pub struct Context<'a> {
    /// The databases.
    pub store: &'a mut Store,
    /// Connections, configuration, statistics, publish and subscribe.
    pub server: &'a mut Server,
    /// The reply of this command.
    pub reply: Reply<'a>,
    /// The connection that sent it.
    pub conn: ConnId,
    /// The command's row.
    pub row: &'static Command,
    /// The container of a subcommand.
    pub parent: Option<&'static Command>,
    /// Whether the command may wait; not inside MULTI.
    pub may_block: bool,
}

impl Context<'_> {
    /// What the clock says, in unix milliseconds. It goes on while files are loaded, whereas the time by which keys expire
    /// stands still then.
    pub fn clock_millis(&self) -> u64 {
        self.server.now / 1000
    }

    /// The connection that sent the command.
    pub fn session(&mut self) -> &mut Connection {
        self.server.connection(self.conn)
    }

    /// The command's name in lower case, with its container's, as errors quote it.
    pub fn name(&self) -> String {
        command::full_name(self.parent, self.row)
    }

    /// Puts a command in place of the running one in the effects.
    pub fn rewrite(&mut self, args: &[&[u8]]) {
        self.store.effects.rewrite(args.iter().copied());
    }
}

/// The replies to HELP of a container: the usage line and the subcommands' lines.
pub(crate) fn help(reply: &mut Reply<'_>, command: &str, lines: &[&str]) {
    let mut all: Vec<String> =
        alloc::vec![alloc::format!("{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")];
    all.extend(lines.iter().map(|line| String::from(*line)));
    all.push("HELP".into());
    all.push("    Print this help.".into());
    reply.array(all.len());
    for line in &all {
        reply.simple(line);
    }
}

/// The error for a subcommand that does not exist.
pub(crate) fn unknown_subcommand(command: &str, given: &[u8]) -> Error {
    Error::quoting("ERR unknown subcommand '", given, &alloc::format!("'. Try {command} HELP."))
}
