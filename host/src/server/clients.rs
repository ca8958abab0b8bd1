//! All sessions, and the queues in which they stand.

use super::slots::Slots;
use crate::clock::running_micros;
use crate::driver::{Lsn, Reply};
use crate::log;
use crate::net::Transport;
use crate::session::{Messages, Session};
use sanderling_core::{ConnId, Micros};
use std::collections::{BTreeSet, VecDeque};
use std::io;

/// How often soft limits and closing connections are looked at, when there are any.
const HOUSEKEEPING_MICROS: Micros = 250_000;
/// How long a closed connection's peer may take for its last replies.
const LINGER_MICROS: Micros = 5_000_000;
/// Closed connections that may linger at a time; beyond it the oldest is cut off.
const LINGERING_MAX: usize = 1024;

/// The clients of a server.
pub(super) struct Clients<T> {
    sessions: Slots<T>,
    /// Slots of sessions to be read, in turn.
    ready: VecDeque<usize>,
    /// Slots of sessions with replies that were put aside during the call.
    flushes: Vec<usize>,
    /// Slots of sessions with replies, or an end, that wait for a commit.
    held: BTreeSet<usize>,
    /// Messages of the last call, for all that get them.
    messages: Messages,
    /// Closed connections whose peers may still read.
    lingering: VecDeque<Lingering>,
    /// Sessions above their soft limit: slot and serial.
    watched: Vec<(usize, u64)>,
    housekeeping_at: Option<Micros>,
}

/// A closed connection, and when it is cut off.
struct Lingering {
    slot: usize,
    serial: u64,
    until: Micros,
}

impl<T: Transport> Clients<T> {
    pub(super) fn new() -> Self {
        Self {
            sessions: Slots::default(),
            ready: VecDeque::new(),
            flushes: Vec::new(),
            held: BTreeSet::new(),
            messages: Messages::default(),
            lingering: VecDeque::new(),
            watched: Vec::new(),
            housekeeping_at: None,
        }
    }

    /// Ends all sessions.
    pub(super) fn clear(&mut self) {
        self.sessions.clear();
        self.ready.clear();
        self.flushes.clear();
        self.held.clear();
        self.messages.clear();
        self.lingering.clear();
        self.watched.clear();
    }

    pub(super) fn add(&mut self, transport: T) -> usize {
        self.sessions.add(transport)
    }

    pub(super) fn get(&mut self, slot: usize) -> Option<&mut Session<T>> {
        self.sessions.get(slot)
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is a session to be read.
    pub(super) fn any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    pub(super) fn ready_len(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// Forgets which sessions are to be read: none will be.
    pub(super) fn forget_ready(&mut self) {
        self.ready.clear();
    }

    pub(super) fn any_pending(&self) -> bool {
        self.sessions.any_pending()
    }

    /// Puts a session at the end of the queue of those to be read, unless it is in it.
    pub(super) fn queue(&mut self, slot: usize) {
        if let Some(session) = self.sessions.get(slot)
            && !session.is_queued
        {
            session.is_queued = true;
            self.ready.push_back(slot);
        }
    }

    /// Ends a session at once, with all that it still has.
    pub(super) fn remove(&mut self, slot: usize) {
        if !self.held.is_empty() {
            self.held.remove(&slot);
        }
        if let Some(name) = self.sessions.get(slot).and_then(|session| session.told_as.as_ref()) {
            log::verbose!("closed {name}");
        }
        self.sessions.remove(slot);
    }

    // ----- outputs of a call -----

    pub(super) fn connected(&mut self, slot: usize, conn: ConnId) {
        if let Some(session) = self.sessions.get(slot) {
            session.conn = Some(conn);
        }
    }

    /// Sends or keeps a reply; after an error the session is gone.
    pub(super) fn reply(&mut self, slot: usize, reply: &Reply<'_>) -> io::Result<()> {
        let Some(session) = self.sessions.get(slot) else { return Ok(()) };
        let sent = session.send(reply, &mut self.messages);
        if !session.to_flush {
            session.to_flush = true;
            self.flushes.push(slot);
        }
        if sent.is_err() {
            self.remove(slot);
        } else if reply.awaited.is_some() {
            self.held.insert(slot);
        }
        sent
    }

    /// Ends a session that the engine has forgotten, after its last replies and a commit.
    pub(super) fn close(&mut self, slot: usize, awaited: Option<Lsn>) {
        let Some(session) = self.sessions.get(slot) else { return };
        session.conn = None;
        if let Some(lsn) = awaited {
            session.hold_end(lsn);
            self.held.insert(slot);
        }
        let now = running_micros();
        let is_done = !session.to_flush && session.pending.is_empty();
        self.lingering.push_back(Lingering { slot, serial: session.serial, until: now + LINGER_MICROS });
        self.housekeeping_at.get_or_insert(now + HOUSEKEEPING_MICROS);
        if is_done {
            self.finish(slot);
        }
        if self.lingering.len() > LINGERING_MAX
            && let Some(oldest) = self.lingering.pop_front()
        {
            self.cut_off(&oldest);
        }
    }

    /// Tells the peer that all is sent, and waits for it to close in turn.
    pub(super) fn finish(&mut self, slot: usize) {
        let Some(session) = self.sessions.get(slot) else { return };
        if session.is_finished {
            return;
        }
        session.is_finished = true;
        if session.transport.finish().is_err() {
            self.remove(slot);
        } else {
            self.queue(slot);
        }
    }

    /// Tells all peers that nothing more comes, as far as they take it at once.
    pub(super) fn finish_all(&mut self) {
        for session in self.sessions.iter_mut() {
            // Who cannot be told learns of it by the end of the connection.
            let _ = session.transport.finish();
        }
        self.clear();
    }

    /// Whether this call had replies.
    pub(super) fn any_flushes(&self) -> bool {
        !self.flushes.is_empty()
    }

    /// Sessions that replies were put aside for, now that the outputs of a call are taken.
    pub(super) fn take_flushes(&mut self) -> Vec<usize> {
        self.messages.clear();
        std::mem::take(&mut self.flushes)
    }

    /// Gives the list back, so that it is not allocated with each call.
    pub(super) fn give_flushes(&mut self, mut flushes: Vec<usize>) {
        flushes.clear();
        self.flushes = flushes;
    }

    // ----- commits -----

    /// Sessions of which something waits for a commit.
    pub(super) fn take_held(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.held).into_iter().collect()
    }

    /// Whether anything waits for a commit.
    pub(super) fn any_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Sessions of which something may leave that waited for commits up to `upto`.
    pub(super) fn release(&mut self, upto: Lsn) -> Vec<usize> {
        let mut released = Vec::new();
        let Self { held, sessions, .. } = self;
        held.retain(|&slot| {
            let Some(session) = sessions.get(slot) else { return false };
            let before = (session.pending.sendable(), session.pending.is_held());
            session.pending.release(upto);
            let is_held = session.pending.is_held();
            if before != (session.pending.sendable(), is_held) {
                released.push(slot);
            }
            is_held
        });
        released
    }

    // ----- housekeeping -----

    pub(super) fn housekeeping_at(&self) -> Option<Micros> {
        self.housekeeping_at
    }

    pub(super) fn set_housekeeping(&mut self, at: Micros) {
        self.housekeeping_at = Some(at);
    }

    /// A session has gone above its soft limit.
    pub(super) fn watch(&mut self, slot: usize, now: Micros) {
        if let Some(session) = self.sessions.get(slot) {
            self.watched.push((slot, session.serial));
            self.housekeeping_at.get_or_insert(now + HOUSEKEEPING_MICROS);
        }
    }

    pub(super) fn take_watched(&mut self) -> Vec<(usize, u64)> {
        std::mem::take(&mut self.watched)
    }

    /// Goes on watching the sessions of a list that are still above their limit. Others may have come meanwhile.
    pub(super) fn give_watched(&mut self, mut watched: Vec<(usize, u64)>) {
        let sessions = &mut self.sessions;
        watched.retain(|&(slot, serial)| {
            sessions.is(slot, serial)
                && sessions.get(slot).is_some_and(|session| session.soft_since.is_some())
        });
        self.watched.append(&mut watched);
    }

    pub(super) fn is(&self, slot: usize, serial: u64) -> bool {
        self.sessions.is(slot, serial)
    }

    /// Cuts off connections that linger too long. The time of one whose replies wait for a commit has not begun.
    pub(super) fn end_lingering(&mut self, now: Micros) {
        for _ in 0..self.lingering.len() {
            let Some(first) = self.lingering.front() else { break };
            let is_there = self.sessions.is(first.slot, first.serial);
            if is_there && first.until > now {
                break;
            }
            let Some(mut first) = self.lingering.pop_front() else { break };
            if is_there && self.held.contains(&first.slot) {
                first.until = now + LINGER_MICROS;
                self.lingering.push_back(first);
            } else {
                self.cut_off(&first);
            }
        }
    }

    /// Chooses when to look after sessions again, if there are any to be looked after.
    pub(super) fn end_housekeeping(&mut self, now: Micros) {
        let is_busy = !self.lingering.is_empty() || !self.watched.is_empty();
        self.housekeeping_at = is_busy.then_some(now + HOUSEKEEPING_MICROS);
    }

    fn cut_off(&mut self, lingering: &Lingering) {
        if self.sessions.is(lingering.slot, lingering.serial) {
            self.remove(lingering.slot);
        }
    }
}
