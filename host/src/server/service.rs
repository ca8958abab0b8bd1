//! Serves clients with an engine: all that a server does but wait for events.

use super::clients::Clients;
use super::files::{Files, Inbox};
use super::pacing::Pacing;
use super::settings::apply;
use crate::clock::running_micros;
use crate::config::Settings;
use crate::driver::{CommitLog, Driver, Lsn, NoLog, Receiver, Reply, Snapshot};
use crate::engine::Trap;
use crate::limits::OUTPUT_HIGH_WATER_BYTES;
use crate::net::{Stream, Transport};
use crate::{files, log, supervisor};
use sanderling_core::{Class, ConnId, HostRequest, Loaded, Micros, SaveKind};
use std::io;
use std::time::Duration;

/// Corrections of the clock that are not worth a line in the log, in microseconds.
const CORRECTION_MICROS_MIN: Micros = 100_000;

/// The clients, the engine that serves them, and the settings by which it does.
pub(super) struct Service<T = Stream, L = NoLog> {
    pub(super) settings: Settings,
    /// As they were at the start, and are again for an engine that takes over.
    first_settings: Settings,
    pub(super) driver: Driver<L>,
    pub(super) clients: Clients<T>,
    pub(super) pacing: Pacing,
    pub(super) files: Files,
    /// A client or a signal has ended the service.
    pub(super) is_stopping: bool,
    /// What is to be told once clients are served for the first time.
    pub(super) ready: Option<String>,
}

/// Where the outputs of a call go.
pub(super) struct Delivery<'a, T> {
    settings: &'a mut Settings,
    clients: &'a mut Clients<T>,
    inbox: &'a mut Inbox,
    is_stopping: &'a mut bool,
}

impl<T: Transport> Receiver for Delivery<'_, T> {
    fn connected(&mut self, slot: usize, conn: ConnId) {
        self.clients.connected(slot, conn);
    }

    fn reply(&mut self, slot: usize, reply: Reply<'_>) -> io::Result<()> {
        self.clients.reply(slot, &reply)
    }

    fn close(&mut self, slot: usize, awaited: Option<Lsn>) {
        self.clients.close(slot, awaited);
    }

    fn setting(&mut self, name: &str, value: &str) {
        apply(self.settings, name, value);
        self.inbox.has_setting = true;
    }

    fn loaded(&mut self, outcome: Result<Loaded, &str>) {
        self.inbox.loaded = Some(outcome.map_err(str::to_owned));
    }

    fn save_wanted(&mut self, kind: SaveKind) {
        self.inbox.wanted.push_back(kind);
    }

    fn snapshot(&mut self, part: Snapshot<'_>) {
        let Some(saving) = &mut self.inbox.saving else { return };
        match part {
            Snapshot::Piece(bytes, saved) => saving.write(bytes, saved),
            Snapshot::End => saving.is_complete = true,
            Snapshot::Failed(why) => saving.fail(why),
        }
    }

    fn shutdown(&mut self) {
        log::notice!("a client asked for SHUTDOWN");
        *self.is_stopping = true;
    }
}

impl<T: Transport, L: CommitLog> Service<T, L> {
    pub(super) fn new(settings: Settings, driver: Driver<L>) -> Self {
        Self {
            first_settings: settings.clone(),
            pacing: Pacing::new(settings.gather_micros_max),
            settings,
            driver,
            clients: Clients::new(),
            files: Files::default(),
            is_stopping: false,
            ready: None,
        }
    }

    /// After a trap: everything that the engine held is gone, its clients included; another one takes its place.
    pub(super) fn replace_engine(&mut self) -> Result<(), Trap> {
        self.clients.clear();
        // The new engine knows nothing of what was changed since, such as a password.
        self.settings = self.first_settings.clone();
        log::set_level(self.settings.log_level);
        self.driver.replace_engine()
    }

    // ----- input -----

    /// Takes note of what the poll says of a client's socket.
    pub(super) fn note_event(&mut self, slot: usize, is_readable: bool, is_writable: bool, is_closed: bool) {
        let Some(session) = self.clients.get(slot) else { return };
        session.read_closed |= is_closed;
        if is_writable {
            session.is_socket_full = false;
            if !session.pending.is_empty() {
                self.flush(slot);
            }
        }
        if is_readable || is_closed {
            self.clients.queue(slot);
        }
    }

    /// Reads once from each client that is ready, and processes.
    pub(super) fn serve(&mut self) -> Result<(), Trap> {
        for _ in 0..self.clients.ready_len() {
            let Some(slot) = self.clients.next_ready() else { break };
            if self.driver.is_full() {
                self.process()?;
            }
            self.read(slot);
        }
        self.process()
    }

    fn read(&mut self, slot: usize) {
        let Some(session) = self.clients.get(slot) else { return };
        session.is_queued = false;
        let Some(conn) = session.conn else { return self.discard(slot) };
        if session.pending.len() > OUTPUT_HIGH_WATER_BYTES && !session.read_closed {
            session.reads_stopped = true;
            return;
        }
        match session.read(self.driver.room()) {
            Ok(received) if received.bytes == 0 => self.peer_gone(slot, conn),
            Ok(received) => {
                self.pacing.note_read(&mut session.window);
                // What is left in the transport is an event only if the transport is drained first, and none if the
                // peer has closed its side.
                let has_more = !received.is_drained || session.read_closed;
                self.driver.push_input(conn, received.bytes);
                if has_more {
                    self.clients.queue(slot);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.clients.queue(slot),
            Err(_) => {
                self.clients.remove(slot);
                self.driver.push_disconnect(conn);
            }
        }
    }

    /// The peer has sent all it wanted; it may still be reading.
    fn peer_gone(&mut self, slot: usize, conn: ConnId) {
        self.driver.push_disconnect(conn);
        let Some(session) = self.clients.get(slot) else { return };
        session.conn = None;
        if session.pending.is_empty() {
            self.clients.remove(slot);
        } else {
            self.clients.close(slot, None);
        }
    }

    /// Reads what a closed connection's peer still sends, so that its kernel does not throw our last reply away.
    fn discard(&mut self, slot: usize) {
        let Some(session) = self.clients.get(slot) else { return };
        let mut scratch = [0; 4096];
        match session.read(&mut scratch) {
            Ok(received) if received.bytes > 0 => self.clients.queue(slot),
            Ok(_) if session.pending.is_empty() => self.clients.remove(slot),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.clients.queue(slot),
            Err(_) => self.clients.remove(slot),
        }
    }

    // ----- calls -----

    /// Adds a newcomer to the batch; the engine knows it after [`Service::process`].
    pub(super) fn introduce(&mut self, slot: usize, peer: &str) -> Result<(), Trap> {
        if self.driver.is_full() {
            self.process()?;
        }
        self.driver.push_connect(slot, peer);
        Ok(())
    }

    /// Sends a client away with an error reply, before the engine has heard of it.
    pub(super) fn refuse(&mut self, slot: usize, error: &[u8]) {
        let reply = Reply { bytes: error, class: Class::Normal, awaited: None };
        if self.clients.reply(slot, &reply).is_ok() {
            self.clients.close(slot, None);
        }
        self.settle();
    }

    /// Hands the batch to the engine and its outputs to the clients, and so on until there is nothing to tell it.
    pub(super) fn process(&mut self) -> Result<(), Trap> {
        while self.driver.has_batch() {
            self.call(|driver, to| driver.process(to))?;
        }
        Ok(())
    }

    /// When the system's clock was set back: tells the engine.
    #[inline]
    pub(super) fn follow_clock(&mut self) -> Result<(), Trap> {
        match self.driver.correction() {
            Some(times) => self.tell_correction(times),
            None => Ok(()),
        }
    }

    fn tell_correction(&mut self, [old, new]: [Micros; 2]) -> Result<(), Trap> {
        let by = old.saturating_sub(new);
        if by >= CORRECTION_MICROS_MIN {
            log::notice!(
                "the system's clock was set back by {:.1} seconds",
                Duration::from_micros(by).as_secs_f64()
            );
        }
        for now in [old, new] {
            self.call(|driver, to| driver.timeout(now, to))?;
        }
        Ok(())
    }

    /// Lets the engine do what is due.
    pub(super) fn process_due(&mut self) -> Result<(), Trap> {
        self.call(|driver, to| driver.process_due(to))
    }

    /// Does what the engine waits for, if that is about the host's files, and hands over how it went. What the answer leads
    /// to may be another host request, which is left for the next turn: others want to be read from, too.
    pub(super) fn run_host_request(&mut self, request: HostRequest, text: &[u8]) -> Result<(), Trap> {
        let done = files::run(&self.settings, request, text, self.driver.answer_bytes_max());
        self.call(|driver, to| driver.answer(&done, to))
    }

    /// Says once that clients are served.
    pub(super) fn announce_ready(&mut self) {
        if let Some(text) = self.ready.take() {
            log::notice!("{text}");
            supervisor::tell(self.settings.supervised, "STATUS=Ready to accept connections\nREADY=1\n");
        }
    }

    /// Calls the engine, and looks after the sessions that got something.
    pub(super) fn call<R>(
        &mut self,
        call: impl FnOnce(&mut Driver<L>, &mut Delivery<'_, T>) -> Result<R, Trap>,
    ) -> Result<R, Trap> {
        let Self { settings, driver, clients, files, is_stopping, .. } = self;
        let inbox = &mut files.inbox;
        let result = call(driver, &mut Delivery { settings, clients, inbox, is_stopping })?;
        if self.clients.any_flushes() {
            self.settle();
        }
        Ok(result)
    }

    // ----- output -----

    /// After a call: sends what was put aside, and checks the limits of those that do not take it.
    fn settle(&mut self) {
        let flushes = self.clients.take_flushes();
        for &slot in &flushes {
            if let Some(session) = self.clients.get(slot) {
                session.to_flush = false;
                self.flush(slot);
                self.hold_requests(slot);
                self.check_limit(slot, running_micros());
            }
        }
        self.clients.give_flushes(flushes);
    }

    /// Lets replies leave whose commit has come, wherever it came from.
    #[inline]
    pub(super) fn release_committed(&mut self) {
        if self.clients.any_held() {
            self.release(self.driver.committed());
        }
    }

    /// Lets replies leave that have waited for commits up to `upto`.
    fn release(&mut self, upto: Lsn) {
        for slot in self.clients.release(upto) {
            self.flush(slot);
        }
    }

    /// Offers pending replies to the transport, and what follows from their being gone.
    fn flush(&mut self, slot: usize) {
        let Some(session) = self.clients.get(slot) else { return };
        if session.flush().is_err() {
            return self.drop_client(slot);
        }
        let has_room = session.pending.len() <= OUTPUT_HIGH_WATER_BYTES / 2;
        if session.requests_held && has_room {
            session.requests_held = false;
            if let Some(conn) = session.conn {
                self.driver.hold_requests(conn, slot, false);
            }
        }
        if session.reads_stopped && has_room {
            session.reads_stopped = false;
            self.clients.queue(slot);
        } else if session.conn.is_none() && session.pending.is_empty() {
            self.clients.finish(slot);
        }
    }

    /// Lets the requests wait of a client whose replies pile up.
    fn hold_requests(&mut self, slot: usize) {
        if let Some(session) = self.clients.get(slot)
            && session.pending.len() > OUTPUT_HIGH_WATER_BYTES
            && !session.requests_held
            && let Some(conn) = session.conn
        {
            session.requests_held = true;
            self.driver.hold_requests(conn, slot, true);
        }
    }

    fn check_limit(&mut self, slot: usize, now: Micros) {
        let Some(session) = self.clients.get(slot) else { return };
        let limit = self.settings.output_limits.of(session.class);
        let is_watched = session.soft_since.is_some();
        let len = session.pending.len();
        if limit.exceeded(len, &mut session.soft_since, now) {
            log::warning!(
                "closed a client that does not read: {len} bytes of replies waited for it (client-output-buffer-limit)"
            );
            self.drop_client(slot);
        } else if !is_watched && session.soft_since.is_some() {
            self.clients.watch(slot, now);
        }
    }

    /// Cuts a client off at once.
    pub(super) fn drop_client(&mut self, slot: usize) {
        if let Some(conn) = self.clients.get(slot).and_then(|session| session.conn) {
            self.driver.drop_connection(conn);
        }
        self.clients.remove(slot);
    }

    /// Cuts off connections that linger too long and clients that stay above their soft limit, if it is time to look.
    #[inline]
    pub(super) fn keep_house(&mut self, now: Micros) {
        if self.clients.housekeeping_at().is_some_and(|at| at <= now) {
            self.look_after_clients(now);
        }
    }

    fn look_after_clients(&mut self, now: Micros) {
        self.clients.end_lingering(now);
        let watched = self.clients.take_watched();
        for &(slot, serial) in &watched {
            if self.clients.is(slot, serial) {
                self.check_limit(slot, now);
            }
        }
        self.clients.give_watched(watched);
        self.clients.end_housekeeping(now);
    }
}
