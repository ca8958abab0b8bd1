//! The short way of a request whose parts an embedder has apart: in the same address space no protocol has to say where
//! an argument begins.

use core::slice;

use super::{Engine, Micros, Request};
use crate::command::{Flags, ResolvedCommand};
use crate::number;
use crate::resp::args::{Args, Range};
use crate::server::GlobalState;
use crate::server::connection::ConnId;

/// What has become of a request that came by [`Engine::call`].
#[derive(Debug, PartialEq, Eq)]
pub enum Called<'a> {
    /// It has run, and nothing is to be put out but its reply, and perhaps effects.
    Replied {
        /// It.
        reply: &'a [u8],
        /// Whether [`Engine::poll_timeout`] may say something else than before.
        has_changes: bool,
    },
    /// It has run; its reply is among the outputs.
    Followed,
    /// It has not run, and is to be sent by [`Engine::handle_input`].
    Declined,
}

impl Engine {
    /// The command that [`Engine::call`] is to be called with for requests of this name, if there is any that it takes.
    pub fn callable(&self, name: &[u8]) -> Option<ResolvedCommand> {
        self.server.lookup.resolve(name).filter(|found| found.takes_fast_path())
    }

    /// Runs one request as [`Engine::handle_input`] does: its arguments lie at `ranges` of `input`, each told by its start
    /// and its length in bytes, one behind the other and the command's name first. Only what asks for nothing but its
    /// handler is taken: a connection in a special state, much memory in use and the like are for the other way, and
    /// so are arguments longer than 256 KiB together, or more than 1,024 of them.
    ///
    /// Effects are to be taken by [`Engine::poll_effects`] before the reply goes out.
    pub fn call(
        &mut self,
        now: Micros,
        conn: ConnId,
        command: ResolvedCommand,
        input: &[u8],
        ranges: &[Range],
    ) -> Called<'_> {
        let is_later = now >= self.server.now;
        self.begin(now);
        let args = Args::new(input, ranges);
        if args.len() > ARGUMENTS_MAX || input.len() > INPUT_BYTES_MAX || !self.takes_calls(conn) {
            return Called::Declined;
        }
        let is_keyed = args.len() > 1 && command.begins_with_key();
        let hash = if is_keyed { self.store.encoding_limits.seed.hash(args.at(1)) } else { 0 };
        let request = Request {
            ranges: (0, number::short(args.len())),
            end: input.len(),
            row: Some(command),
            hash,
            is_keyed,
            is_inline: false,
        };
        let before = self.changes();
        if self.execute_fast(conn, input, ranges, slice::from_ref(&request)) == 0 {
            return Called::Declined;
        }
        let steady = self.server.steady;
        self.server.stats.note_received(input.len());
        if let Some(connection) = self.server.get(conn) {
            connection.last_active = steady;
            connection.bytes_in += input.len() as u64;
        }
        if self.is_followed() || !self.outbox.holds_only_bytes() {
            self.claim(conn);
            self.finish();
            return Called::Followed;
        }
        self.server.told_bytes = 0;
        self.server.stats.note_sent(self.outbox.arena.len());
        // What only reads leaves all deadlines as they are, unless it has found something that had expired.
        let has_changes = !command.row.flags.has(Flags::READONLY) || self.changes() != before || !is_later;
        Called::Replied { reply: self.outbox.take_bytes(), has_changes }
    }

    fn changes(&self) -> [u64; 3] {
        [self.store.dirty, self.store.expired_keys, self.store.expired_fields]
    }

    /// Whether a request of this connection would run at once, and nothing asks for a closer look at it.
    fn takes_calls(&mut self, conn: ConnId) -> bool {
        self.unclaimed = self.outbox.arena.len();
        let is_free = self.server.get(conn).is_some_and(|connection| {
            connection.may_run()
                && !connection.is_runnable
                && connection.pending.is_empty()
                && connection.skip.is_none()
                && !connection.parser.is_within()
        });
        is_free && !self.is_followed() && !self.server.is_asleep() && self.unclaimed == 0 && !self.is_full()
    }

    /// Whether [`Engine::finish`] has more to do than to hand over a reply.
    pub(super) fn is_followed(&self) -> bool {
        let server = &self.server;
        !server.runnable.is_empty()
            || server.config.maxmemory_clients != 0
            || server.global_state.has(GlobalState::TRACKING)
            || !server.with_deferred.is_empty()
            || !server.closing.is_empty()
            || !server.settings.is_empty()
            || server.host_request.is_some()
            || self.saving.is_some()
            || server.files.is_wanted()
            || server.is_shutdown
    }
}

/// Arguments of a request that is called, at most, its name among them.
const ARGUMENTS_MAX: usize = 1024;
/// Bytes of all of them. Such a request is within the limits that protect the parser, however they are set.
const INPUT_BYTES_MAX: usize = 256 << 10;
