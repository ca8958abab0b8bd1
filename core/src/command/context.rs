//! All that a handler may touch.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::{self, Command};
use crate::keyspace::Store;
use crate::observe;
use crate::resp::Reply;
use crate::resp::args::Args;
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
    /// The connection that sent the command.
    pub fn session(&mut self) -> &mut Connection {
        self.server.connection(self.conn)
    }

    /// The command's name in lower case, with its container's, as errors quote it.
    pub fn name(&self) -> String {
        command::full_name(self.parent, self.row)
    }

    /// Runs one command with its bookkeeping; a failure becomes an error reply.
    #[inline(always)]
    pub fn call(&mut self, args: Args<'_>) -> Flow {
        if self.server.observer.skips(self.row, args) { self.execute(args) } else { self.run(args, true) }
    }

    /// The same for a command that has waited and runs again: it was shown to those who monitor already.
    pub(crate) fn call_again(&mut self, args: Args<'_>) -> Flow {
        self.run(args, false)
    }

    #[inline(never)]
    fn run(&mut self, args: Args<'_>, is_first: bool) -> Flow {
        let start = self.server.observer.begin(self.row, args);
        let flow = self.execute(args);
        // What sleeps has ended, though its reply is still to come.
        let has_ended = matches!(flow, Flow::Done) || self.server.observer.slept > 0;
        observe::end(self, args, start, is_first, has_ended);
        flow
    }

    #[inline(always)]
    fn execute(&mut self, args: Args<'_>) -> Flow {
        let mark = self.reply.mark();
        let dirty = self.store.dirty;
        let db = self.store.db;
        if self.store.effects.enabled {
            self.store.effects.reset_command();
        }
        let result = (self.row.handler)(self, args);
        if self.store.effects.enabled && self.store.dirty != dirty {
            self.record(db, args);
        }
        self.server.stats.commands += 1;
        if self.reply.is_cut() {
            return self.give_up_reply(mark, self.store.dirty != dirty);
        }
        match result {
            Ok(Flow::Done) => {
                self.server.observer.statistics.of(self.row).calls += 1;
                Flow::Done
            }
            Ok(flow) => flow,
            Err(error) => self.fail(mark, &error),
        }
    }

    #[inline(never)]
    fn record(&mut self, db: usize, args: Args<'_>) {
        self.store.effects.append(db, args.iter());
    }

    #[cold]
    fn fail(&mut self, mark: usize, error: &Error) -> Flow {
        self.reply.truncate(mark);
        self.reply.error(error);
        self.server.note_error(error);
        let counts = self.server.observer.statistics.of(self.row);
        counts.calls += 1;
        counts.failed += 1;
        Flow::Done
    }

    /// There is no memory for the reply. What was changed cannot be undone, and no reply may say that it was not
    /// done: then the connection ends, as it would have by a broken network.
    #[cold]
    fn give_up_reply(&mut self, mark: usize, has_changed: bool) -> Flow {
        self.reply.discard(mark);
        self.server.note_error(&Error::OutOfMemory);
        if has_changed {
            self.server.close(self.conn);
        } else {
            self.reply.error(&Error::OutOfMemory);
        }
        Flow::Done
    }

    /// Puts a command in place of the running one, for whoever replays effects.
    pub fn rewrite(&mut self, args: &[&[u8]]) {
        self.store.effects.rewrite(args.iter().copied());
    }
}

/// The replies to HELP of a container: the usage line and the subcommands' lines.
pub fn help(reply: &mut Reply<'_>, command: &str, lines: &[&str]) {
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
pub fn unknown_subcommand(command: &str, given: &[u8]) -> Error {
    Error::quoting("ERR unknown subcommand '", given, &alloc::format!("'. Try {command} HELP."))
}
