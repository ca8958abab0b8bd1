//! Commands that scripts call.

use alloc::vec::Vec;

use sanderling_lua::{Call, Error as LuaError};

use super::host::{ScriptHost, Words, collect, fail};
use super::machine;
use super::reply;
use crate::acl;
use crate::command::Flags;
use crate::engine::admit::{ScriptRights, admit_from_script, resolve};
use crate::engine::invoke::{Invocation, Origin, invoke};
use crate::resp::Reply;
use crate::resp::args::Args;

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
        let rights = ScriptRights {
            conn: run.conn,
            is_read_only: run.is_read_only,
            has_written: run.has_written,
            is_over_limit: run.is_over_limit && !run.allows_oom && !run.has_written,
        };
        let (parent, row) = match admit_from_script(store, server, &rights, args) {
            Ok(found) => found,
            Err((error, row)) => {
                server.note_error(&error);
                // It is not the script that has failed, unless its reply is this error.
                server.stats.errors_seen = server.stats.error_replies;
                if let Some(row) = row {
                    server.observer.statistics.of(row).rejected += 1;
                }
                return Reply::new(out, run.protocol).within(server.memory).error(&error);
            }
        };
        run.has_written |= row.flags.has(Flags::WRITE);
        let reply = Reply::new(out, run.protocol).within(server.memory);
        let invocation = Invocation { conn: run.conn, row, parent, args, origin: Origin::Script };
        invoke(store, server, reply, &invocation);
    }

    /// `redis.acl_check_cmd`: whether the user may run a command.
    pub(super) fn acl_check_cmd(&mut self, call: &mut Call<'_>) -> Result<usize, LuaError> {
        let mut words = Words::default();
        if let Err(text) = collect(call, &mut words, self.server) {
            return fail(call, text);
        }
        let args = Args::new(&words.buffer, &words.ranges);
        let found = self.server.lookup.resolve(args.at(0)).and_then(|found| resolve(found, args));
        let Some(((_, row), _)) = found else {
            return fail(call, b"ERR Invalid command passed to redis.acl_check_cmd()");
        };
        let user = self.server.connection(self.run.conn).user;
        let is_allowed = acl::check(self.server, user, row, args).is_ok();
        call.push(is_allowed.into())?;
        Ok(1)
    }
}
