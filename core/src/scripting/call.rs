//! Commands that scripts call.

use alloc::vec::Vec;

use sanderling_lua::{Call, Error as LuaError};

use super::host::{ScriptHost, Words, collect, fail};
use super::machine;
use super::reply;
use super::run::Run;
use crate::acl::{self, Place};
use crate::args::Args;
use crate::command::{Command, Flags, accepts};
use crate::connection::Gate;
use crate::context::{Context, Flow};
use crate::dispatch::takes_within;
use crate::error::Error;
use crate::keyspace::Store;
use crate::pause;
use crate::pubsub;
use crate::resp::Reply;
use crate::server::Server;
use crate::tracking;

/// What a call of a command costs beyond its reply, in instructions.
const CALL_COST: usize = 20;
/// Bytes that the buffers of a script keep between two calls.
pub(super) const KEPT_BYTES_MAX: usize = 64 << 10;

impl ScriptHost<'_> {
    /// `redis.call`, which throws the errors of the command, and `redis.pcall`, which returns them.
    pub(super) fn command(&mut self, call: &mut Call<'_>, throws: bool) -> Result<usize, LuaError> {
        let mut words = core::mem::take(&mut self.run.words);
        let mut out = core::mem::take(&mut self.run.out);
        out.clear();
        let collected = collect(call, &mut words, self.server);
        if collected.is_ok() {
            self.run_command(&words, &mut out);
        }
        // What the command has taken is not there for the script.
        machine::limit(call.vm, &self.server.config, &self.server.memory);
        let result = match collected {
            Ok(()) => call
                .vm
                .charge_instructions(CALL_COST + (words.buffer.len() + out.len()) / 8)
                .and_then(|()| reply::read(call.vm, &out)),
            Err(text) => reply::error(call.vm, text, false),
        };
        let is_error = collected.is_err() || out.first().is_none_or(|&kind| kind == b'-');
        words.shrink();
        if out.capacity() > KEPT_BYTES_MAX {
            out = Vec::new();
        }
        (self.run.words, self.run.out) = (words, out);
        let value = result?;
        if throws && is_error {
            return Err(call.vm.error_value(value));
        }
        call.push(value)?;
        Ok(1)
    }

    /// Runs a command and everything that follows from it within the script; its reply is appended to `out`.
    fn run_command(&mut self, words: &Words, out: &mut Vec<u8>) {
        let ScriptHost { store, server, run } = self;
        let args = Args::new(&words.buffer, &words.ranges);
        let (parent, row) = match admit(store, server, run, args) {
            Ok(found) => found,
            Err((error, row)) => {
                server.note_error(&error);
                if let Some(row) = row {
                    server.observer.statistics.of(row).rejected += 1;
                }
                return error.write(out);
            }
        };
        let conn = run.conn;
        run.has_written |= row.flags.has(Flags::WRITE);
        let connection = server.connection(conn);
        store.db = connection.db;
        store.no_touch = connection.no_touch;
        let gate = connection.gate;
        let reply = Reply::new(out, run.protocol).within(server.memory);
        let mut ctx = Context { store, server, reply, conn, row, parent, may_block: false };
        if let Flow::Block(block) = ctx.call(args) {
            block.on_timeout.write(&mut ctx.reply);
        }
        if !store.invalidated.is_empty() {
            tracking::settle(store, server, Some(conn));
        }
        if gate.has(Gate::TRACKING) {
            tracking::remember(server, conn, row, args);
        }
        // What the command announces is sent before what the next ones publish.
        if !store.notices.is_empty() {
            pubsub::publish_notices(store, server);
        }
    }

    /// `redis.acl_check_cmd`: whether the user may run a command.
    pub(super) fn acl_check_cmd(&mut self, call: &mut Call<'_>) -> Result<usize, LuaError> {
        let mut words = Words::default();
        if let Err(text) = collect(call, &mut words, self.server) {
            return fail(call, text);
        }
        let args = Args::new(&words.buffer, &words.ranges);
        let Some((_, row, _)) = find(self.server, args) else {
            return fail(call, b"ERR Invalid command passed to redis.acl_check_cmd()");
        };
        let user = self.server.connection(self.run.conn).user;
        let is_allowed = acl::check(self.server, user, row, args).is_ok();
        call.push(is_allowed.into())?;
        Ok(1)
    }
}

/// The row of a command, a subcommand's where one is named, behind its container; and whether the arguments fit.
fn find(server: &Server, args: Args<'_>) -> Option<(Option<&'static Command>, &'static Command, bool)> {
    let found = server.lookup.find_row(args.at(0))?;
    match args.get(1).filter(|_| found.has_subcommands()) {
        Some(name) => {
            let row = found.row.subcommand(name)?;
            Some((Some(found.row), row, accepts(row.arity(2), args.len())))
        }
        None => Some((None, found.row, found.accepts(args.len()))),
    }
}

type Refused = (Error, Option<&'static Command>);

/// The checks before a command of a script runs, in Redis's order.
fn admit(
    store: &mut Store,
    server: &mut Server,
    run: &Run,
    args: Args<'_>,
) -> Result<(Option<&'static Command>, &'static Command), Refused> {
    let unknown = || (Error::Text("ERR Unknown Redis command called from script"), None);
    let (parent, row, fits) = find(server, args).ok_or_else(unknown)?;
    let refused = |error| (error, Some(row));
    if !fits {
        return Err(refused(Error::Text("ERR Wrong number of args calling Redis command from script")));
    }
    if row.flags.has(Flags::NOSCRIPT) {
        return Err(refused(Error::Text("ERR This Redis command is not allowed from script")));
    }
    if server.connection(run.conn).gate.has(Gate::RESTRICTED)
        && let Err(denied) = acl::admit(server, run.conn, row, args, Place::Lua)
    {
        return Err(refused(denied.script_error(server, run.conn, row)));
    }
    if run.is_read_only && pause::changes(row) {
        return Err(refused(Error::Text("ERR Write commands are not allowed from read-only scripts.")));
    }
    // Once it has written, a script is not stopped halfway by a limit that can be passed.
    let is_over = run.is_over_limit && !run.allows_oom && !run.has_written;
    if is_over && row.flags.has(Flags::DENYOOM) {
        return Err(refused(server.over_limit()));
    }
    if !takes_within(store, server, parent, row, args) {
        return Err(refused(Error::OutOfMemory));
    }
    Ok((parent, row))
}
