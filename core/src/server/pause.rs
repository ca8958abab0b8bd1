//! CLIENT PAUSE: requests that wait in the engine until the pause is over, and a dataset that stands still meanwhile.
//!
//! A request that must wait is not taken out of its connection's input: it, and all that follows it, is read again
//! when the pause ends.

use alloc::vec::Vec;
use core::mem;

use crate::command::{Command, Flags};
use crate::keyspace::Store;
use crate::resp::args::Args;
use crate::scripting;
use crate::server::connection::ConnId;
use crate::server::eviction;
use crate::server::{GlobalState, Server};

/// The pause, if there is one.
#[derive(Default)]
pub(crate) struct Pause {
    /// When it ends, in steady microseconds.
    ends: u64,
    /// Whether every request waits, or only those that may change something.
    holds_all: bool,
    /// The connections that wait, the first one first.
    waiting: Vec<ConnId>,
}

/// Commands that send to others, or run what does, although they are not writes.
const ALSO_HELD: [&str; 6] = ["PUBLISH", "SPUBLISH", "EVAL", "EVALSHA", "FCALL", "PFCOUNT"];

/// Begins a pause, or makes the one there is longer and stricter.
pub(crate) fn begin(store: &mut Store, server: &mut Server, ends: u64, holds_all: bool) {
    let is_paused = lift_if_over(store, server);
    let pause = &mut server.pause;
    pause.ends = pause.ends.max(ends);
    pause.holds_all = holds_all || (is_paused && pause.holds_all);
    if pause.ends > server.steady {
        server.global_state.set(GlobalState::PAUSED, true);
        store.stand_still();
    }
}

/// Ends the pause; who waits goes on in the order of waiting.
pub(crate) fn end(store: &mut Store, server: &mut Server) {
    server.global_state.set(GlobalState::PAUSED, false);
    store.go_on();
    server.pause.ends = 0;
    eviction::wake(server);
    for conn in mem::take(&mut server.pause.waiting) {
        server.blocked -= 1;
        server.connection(conn).is_postponed = false;
        server.make_runnable(conn);
    }
}

/// When the pause ends, in steady microseconds.
pub(crate) fn deadline(server: &Server) -> Option<u64> {
    server.global_state.has(GlobalState::PAUSED).then_some(server.pause.ends)
}

/// Ends a pause whose time has come; whether there still is one.
pub(crate) fn lift_if_over(store: &mut Store, server: &mut Server) -> bool {
    if server.global_state.has(GlobalState::PAUSED) && server.pause.ends <= server.steady {
        end(store, server);
    }
    server.global_state.has(GlobalState::PAUSED)
}

/// Whether a request that has passed all checks must wait; then its connection is noted.
#[cold]
pub(crate) fn holds(
    store: &mut Store,
    server: &mut Server,
    conn: ConnId,
    row: &Command,
    args: Args<'_>,
) -> bool {
    if !lift_if_over(store, server) {
        return false;
    }
    let holds_all = server.pause.holds_all;
    let queue = server.view(conn).transaction.as_ref().filter(|_| row.name == "EXEC");
    let queued_changes = queue.is_some_and(|queue| {
        queue.queue.iter().any(|queued| may_change(server, queued.row, queued.request.args()))
    });
    if !(holds_all || may_change(server, row, args) || queued_changes) {
        return false;
    }
    server.connection(conn).is_postponed = true;
    server.blocked += 1;
    server.pause.waiting.push(conn);
    true
}

/// Whether a request may change data: a script that declares that it does not write does not.
fn may_change(server: &Server, row: &Command, args: Args<'_>) -> bool {
    changes(row) && !scripting::declares_no_writes(server, row, args)
}

/// Whether a command changes data, or is handed on to replicas although it does not.
pub(crate) fn changes(row: &Command) -> bool {
    row.flags.has(Flags::WRITE) || row.flags.has(Flags::MAY_REPLICATE) || ALSO_HELD.contains(&row.name)
}

/// Forgets a connection that is going.
pub(crate) fn forget(server: &mut Server, conn: ConnId) {
    if mem::take(&mut server.connection(conn).is_postponed) {
        server.blocked -= 1;
        server.pause.waiting.retain(|&other| other != conn);
    }
}

#[cfg(test)]
mod tests;
