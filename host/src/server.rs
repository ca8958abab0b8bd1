//! The event loop.
//!
//! A turn: wait for sockets or the next deadline; accept; read from each ready socket once, a bounded part, into the
//! engine's input buffer; one call for the batch; write each output from where it lies. Whoever has more to say
//! stands at the end of the queue again, so a client that floods shares the loop with all others.

use crate::clock::{Clock, running_micros};
use crate::config::Settings;
use crate::engine::{Engine, EngineConfig, Factory, Request, Trap};
use crate::files;
use crate::limits::OUTPUT_HIGH_WATER_BYTES;
use crate::log;
use crate::net::{Arrival, DENIED, Listener, listen};
use crate::pending::Messages;
use links::{Link, Links};
use mio::{Events, Poll, Token};
use pacing::Pacing;
use sanderling_core::abi::peer_text;
use sanderling_core::{ConnId, HostRequest, Micros, Output, Peer};
use settings::{apply, fit_descriptor_limit};
use signals::Signals;
use slots::Slots;
use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fmt, fs, io, thread};

mod links;
mod pacing;
mod settings;
mod signals;
mod slots;
mod time;

/// Most bytes that one connection may put into a batch.
const READ_BYTES_MAX: usize = 64 << 10;
/// A batch with less room than this is processed before the next read.
const READ_BYTES_MIN: usize = 4 << 10;
const EVENTS_MAX: usize = 1024;
/// Connections accepted in a turn, of which each listener has a share; the rest wait in the kernel.
const ACCEPTS_PER_TURN_MAX: usize = 256;
/// Pause after the system had no descriptor or memory for another connection.
const ACCEPT_RETRY_MICROS: Micros = 100_000;
/// How often soft limits and closing connections are looked at, when there are any.
const HOUSEKEEPING_MICROS: Micros = 250_000;
/// How long a closed connection's peer may take for its last replies.
const LINGER_MICROS: Micros = 5_000_000;
/// Closed connections that may linger at a time; beyond it the oldest is cut off.
const LINGERING_MAX: usize = 1024;
/// How long a stopping server waits for peers to take their replies.
const STOP_FLUSH_MICROS: Micros = 2_000_000;
/// How late the kernel may end a pause, in nanoseconds.
const TIMER_SLACK_NANOS: u64 = 1_000;

const SIGNALS: Token = Token(usize::MAX);
/// Listeners have the tokens below this one, connections those from 0 on.
const LISTENERS_END: usize = usize::MAX - 1;

/// A server that listens and is ready to run.
pub struct Server {
    settings: Settings,
    /// As they were at the start, and are again for an engine that takes over.
    first_settings: Settings,
    factory: Factory,
    engine: Box<dyn Engine>,
    poll: Poll,
    events: Events,
    listeners: Vec<Listener>,
    /// Listeners that may have connections waiting.
    arriving: Vec<bool>,
    accept_again_at: Option<Micros>,
    /// The log has been told that none can be accepted.
    accept_complained: bool,
    signals: Signals,
    clock: Clock,
    connections: Slots,
    links: Links,
    /// Slots of connections to be read, in turn.
    ready: VecDeque<usize>,
    batch: Batch,
    /// When the engine wants to be called next.
    deadline: Option<Micros>,
    pacing: Pacing,
    /// How long to let requests gather before the next wait.
    pause: Option<Duration>,
    /// Slots of connections with output that was put aside during the batch.
    flushes: Vec<usize>,
    /// Messages of the last batch, for all who get them.
    messages: Messages,
    /// Slots of connections that the engine must hear of: their requests shall wait, or go on.
    holds: Vec<usize>,
    /// Connections that are gone and that the engine does not know to be.
    dropped: Vec<ConnId>,
    /// What the engine waits for, with the text that belongs to it.
    host_request: Option<(HostRequest, Vec<u8>)>,
    /// Closed connections whose peers may still read: slot, serial, when they are cut off.
    lingering: VecDeque<(usize, u64, Micros)>,
    /// Connections above their soft limit: slot and serial.
    watched: Vec<(usize, u64)>,
    housekeeping_at: Option<Micros>,
    stopping: bool,
}

/// The batch that is being filled.
#[derive(Default)]
struct Batch {
    requests: usize,
    bytes: usize,
}

/// Why a server cannot start, or had to stop.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<Trap> for StartError {
    fn from(trap: Trap) -> Self {
        Self(trap.0)
    }
}

impl Server {
    /// Opens log and sockets, compiles or loads the engine.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_with(settings, Factory::new)
    }

    /// The same with engines from elsewhere, made once the sockets are open.
    pub fn start_with(
        mut settings: Settings,
        factory: impl FnOnce(EngineConfig) -> Result<Factory, Trap>,
    ) -> Result<Self, StartError> {
        let started = Instant::now();
        signals::ignore_others();
        if let Some(dir) = &settings.dir {
            let changed = std::env::set_current_dir(dir);
            changed.map_err(|error| StartError(format!("cannot work in {}: {error}", dir.display())))?;
        }
        let log_file = settings.log_file.as_deref();
        log::open(settings.log_level, settings.log_format, log_file).map_err(|error| {
            StartError(format!(
                "cannot open the log file {}: {error}",
                log_file.unwrap_or(Path::new("")).display()
            ))
        })?;
        log::notice!("{} starting, pid {}", crate::version(), std::process::id());
        fit_descriptor_limit(&mut settings);

        // The kernel would else make each pause up to 50 microseconds longer. If it cannot be told, they are.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(TIMER_SLACK_NANOS));
        let mut signals = Signals::new()?;
        let mut listeners = listen(&settings).map_err(StartError)?;
        let poll = Poll::new()?;
        poll.registry().register(signals.pipe(), SIGNALS, mio::Interest::READABLE)?;
        for (index, listener) in listeners.iter_mut().enumerate() {
            listener.register(poll.registry(), Token(LISTENERS_END - 1 - index))?;
        }
        let mut clock = Clock::default();
        let factory = factory(settings.engine.clone())?;
        let engine = factory.create(clock.now())?;
        if let Some(path) = &settings.pid_file {
            fs::write(path, format!("{}\n", std::process::id()))
                .map_err(|error| StartError(format!("cannot write {}: {error}", path.display())))?;
        }
        for listener in &listeners {
            log::notice!("listening on {}", listener.describe());
        }
        log::notice!(
            "Ready to accept connections (engine {}, started in {:.1} ms)",
            settings.engine.kind,
            started.elapsed().as_secs_f64() * 1000.0
        );
        Ok(Self {
            arriving: vec![true; listeners.len()],
            pacing: Pacing::new(settings.gather_micros_max),
            pause: None,
            first_settings: settings.clone(),
            settings,
            factory,
            engine,
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            listeners,
            accept_again_at: None,
            accept_complained: false,
            signals,
            clock,
            connections: Slots::default(),
            links: Links::default(),
            ready: VecDeque::new(),
            batch: Batch::default(),
            deadline: None,
            flushes: Vec::new(),
            messages: Messages::default(),
            holds: Vec::new(),
            dropped: Vec::new(),
            host_request: None,
            lingering: VecDeque::new(),
            watched: Vec::new(),
            housekeeping_at: None,
            stopping: false,
        })
    }

    /// Serves until a signal or SHUTDOWN.
    pub fn run(mut self) -> Result<(), StartError> {
        while !self.stopping {
            if let Err(trap) = self.turn()? {
                self.replace_engine(&trap)?;
            }
        }
        self.stop()
    }

    /// One round of the loop; the inner error is the engine's.
    fn turn(&mut self) -> Result<Result<(), Trap>, StartError> {
        self.wait(self.deadline)?;
        Ok(self.work())
    }

    fn work(&mut self) -> Result<(), Trap> {
        self.follow_clock()?;
        self.accept()?;
        self.serve()?;
        self.run_host_request()?;
        self.deadline = self.engine.next_deadline()?;
        if self.deadline.is_some_and(|deadline| self.clock.until(deadline).is_zero()) {
            self.engine.timeout(self.clock.now())?;
            self.deliver(&mut Vec::new())?;
            self.deadline = self.engine.next_deadline()?;
        }
        let now = running_micros();
        if self.housekeeping_at.is_some_and(|at| at <= now) {
            self.keep_house(now);
        }
        self.pause = self.pacing.end_turn(now);
        Ok(())
    }

    /// Waits for events or `deadline` and notes who is ready.
    fn wait(&mut self, deadline: Option<Micros>) -> Result<(), StartError> {
        let mut timeout = self.wait_time(deadline);
        if let Some(pause) = self.pause.take()
            && timeout.is_none_or(|timeout| timeout > pause)
        {
            thread::sleep(pause);
            timeout = self.wait_time(deadline);
        }
        if let Err(error) = self.poll.poll(&mut self.events, timeout) {
            return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error.into()) };
        }
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            match event.token() {
                SIGNALS => self.take_signal(),
                Token(token) if token >= LISTENERS_END - self.listeners.len() => {
                    self.arriving[LISTENERS_END - 1 - token] = true;
                }
                Token(slot) => {
                    let Some(connection) = self.connections.get(slot) else { continue };
                    connection.read_closed |= event.is_read_closed() || event.is_error();
                    if event.is_writable() {
                        connection.blocked = false;
                        if !connection.pending.is_empty() {
                            self.flush(slot);
                        }
                    }
                    if event.is_readable() || event.is_read_closed() || event.is_error() {
                        self.queue(slot);
                    }
                }
            }
        }
        std::mem::swap(&mut self.events, &mut events);
        Ok(())
    }

    fn take_signal(&mut self) {
        if let Some(name) = self.signals.take() {
            log::notice!("received {name}, shutting down");
            self.stopping = true;
        }
    }

    fn queue(&mut self, slot: usize) {
        if let Some(connection) = self.connections.get(slot)
            && !connection.queued
        {
            connection.queued = true;
            self.ready.push_back(slot);
        }
    }

    /// Takes connections that wait, a bounded number, and introduces them to the engine in one batch.
    fn accept(&mut self) -> Result<(), Trap> {
        if let Some(at) = self.accept_again_at {
            if at > running_micros() {
                return Ok(());
            }
            self.accept_again_at = None;
            self.arriving.fill(true);
        }
        if !self.arriving.contains(&true) {
            return Ok(());
        }
        // Whoever is gone is told first: the engine may then give the name to a newcomer.
        self.process()?;
        let mut arrivals = VecDeque::new();
        let share = (ACCEPTS_PER_TURN_MAX / self.listeners.len()).max(1);
        for index in 0..self.listeners.len() {
            for _ in 0..share {
                if !self.arriving[index] {
                    break;
                }
                match self.listeners[index].accept(self.settings.tcp_keepalive_seconds) {
                    Ok(arrival) => {
                        self.accept_complained = false;
                        arrivals.push_back(arrival);
                    }
                    Err(error) => self.accept_failed(index, &error),
                }
            }
        }
        self.introduce(arrivals)
    }

    fn accept_failed(&mut self, index: usize, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::WouldBlock => self.arriving[index] = false,
            io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
            _ => {
                if !std::mem::replace(&mut self.accept_complained, true) {
                    log::warning!("cannot accept connections for now: {error}");
                }
                self.accept_again_at = Some(running_micros() + ACCEPT_RETRY_MICROS);
                // What is missing is missing for all listeners.
                self.arriving.fill(false);
            }
        }
    }

    fn introduce(&mut self, arrivals: VecDeque<Arrival>) -> Result<(), Trap> {
        let mut slots = VecDeque::new();
        for arrival in arrivals {
            let protected = self.settings.protected_mode && !self.settings.has_password;
            let refused = protected && !arrival.local;
            if refused {
                log::verbose!("refused {}: protected mode serves this machine only", arrival.addr);
            }
            let text = peer_text(Peer { addr: &arrival.addr, laddr: &arrival.laddr, unix: arrival.unix });
            let Some(slot) = self.add(arrival) else { continue };
            if refused {
                self.refuse(slot);
                continue;
            }
            let start = self.batch.bytes;
            let room = &mut self.engine.input_buffer()[start..start + text.len()];
            room.copy_from_slice(text.as_bytes());
            self.engine.push(Request::Connect { peer: start..start + text.len() });
            self.batch.bytes += text.len();
            self.batch.requests += 1;
            slots.push_back(slot);
        }
        if self.batch.requests == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        self.batch = Batch::default();
        self.engine.process(now)?;
        let mut named: Vec<(ConnId, usize)> = Vec::with_capacity(slots.len());
        for (index, slot) in slots.into_iter().enumerate() {
            named.push((self.engine.processed_conn(index), slot));
        }
        self.link(&mut named);
        self.deliver(&mut named)
    }

    /// Links newcomers to their names. One that the engine turned away at once has left its name to the next one,
    /// which stays in the list until the outputs have come to that point.
    fn link(&mut self, named: &mut Vec<(ConnId, usize)>) {
        named.retain(|&(conn, slot)| {
            if !matches!(self.links.of(conn), Link::Free) {
                return true;
            }
            self.links.set(conn, Link::Slot(slot));
            if let Some(connection) = self.connections.get(slot) {
                connection.conn = Some(conn);
            }
            false
        });
    }

    fn add(&mut self, arrival: Arrival) -> Option<usize> {
        let slot = self.connections.add(arrival.stream);
        let connection = self.connections.get(slot)?;
        if let Err(error) = connection.stream.register(self.poll.registry(), Token(slot)) {
            log::warning!("cannot wait for {}: {error}", arrival.addr);
            self.connections.remove(slot);
            return None;
        }
        Some(slot)
    }

    fn refuse(&mut self, slot: usize) {
        if let Some(connection) = self.connections.get(slot)
            && connection.send(DENIED, &mut Messages::default()).is_err()
        {
            self.connections.remove(slot);
            return;
        }
        self.close(slot);
    }

    /// Reads once from everyone who is ready, and processes.
    fn serve(&mut self) -> Result<(), Trap> {
        let room = self.engine.input_buffer().len();
        for _ in 0..self.ready.len() {
            let Some(slot) = self.ready.pop_front() else { break };
            let full = room - self.batch.bytes < READ_BYTES_MIN;
            if full || self.batch.requests == self.engine.requests_max() {
                self.process()?;
            }
            self.read(slot);
        }
        self.process()
    }

    fn read(&mut self, slot: usize) {
        let Some(connection) = self.connections.get(slot) else { return };
        connection.queued = false;
        let Some(conn) = connection.conn else { return self.discard(slot) };
        if connection.pending.len() > OUTPUT_HIGH_WATER_BYTES && !connection.read_closed {
            connection.paused = true;
            return;
        }
        let start = self.batch.bytes;
        let buffer = self.engine.input_buffer();
        let end = buffer.len().min(start + READ_BYTES_MAX);
        match connection.stream.read(&mut buffer[start..end]) {
            Ok(0) => self.peer_gone(slot, conn),
            Ok(count) => {
                self.pacing.note_read(&mut connection.window);
                // A short read has emptied the socket, and more will be an event, unless there will be none.
                let more = count == end - start || connection.read_closed;
                self.engine.push(Request::Input { conn, bytes: start..start + count });
                self.batch.bytes += count;
                self.batch.requests += 1;
                if more {
                    self.queue(slot);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.queue(slot),
            Err(_) => {
                self.connections.remove(slot);
                self.disconnect(conn);
            }
        }
    }

    /// The peer has sent all it wanted; it may still be reading.
    fn peer_gone(&mut self, slot: usize, conn: ConnId) {
        self.disconnect(conn);
        let Some(connection) = self.connections.get(slot) else { return };
        connection.conn = None;
        if connection.pending.is_empty() {
            self.connections.remove(slot);
        } else {
            self.close(slot);
        }
    }

    /// Tells the engine within this batch; the caller has made room for a request.
    fn disconnect(&mut self, conn: ConnId) {
        self.links.set(conn, Link::Free);
        self.engine.push(Request::Disconnect { conn });
        self.batch.requests += 1;
    }

    /// Reads what a closed connection's peer still sends, so that its kernel does not throw our last reply away.
    fn discard(&mut self, slot: usize) {
        let Some(connection) = self.connections.get(slot) else { return };
        let mut scratch = [0; 4096];
        match connection.stream.read(&mut scratch) {
            Ok(0) if connection.pending.is_empty() => self.connections.remove(slot),
            Ok(0) => {}
            Ok(_) => self.queue(slot),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.queue(slot),
            Err(_) => self.connections.remove(slot),
        }
    }

    /// Hands the batch to the engine and its outputs to the sockets.
    fn process(&mut self) -> Result<(), Trap> {
        loop {
            while self.batch.requests < self.engine.requests_max()
                && let Some(conn) = self.dropped.pop()
            {
                // If the engine has closed it meanwhile, the name may be another's soon.
                if matches!(self.links.of(conn), Link::Dropped) {
                    self.disconnect(conn);
                }
            }
            while self.batch.requests < self.engine.requests_max()
                && let Some(slot) = self.holds.pop()
            {
                self.tell_hold(slot);
            }
            if self.batch.requests == 0 {
                return Ok(());
            }
            self.batch = Batch::default();
            let now = self.clock.now();
            self.engine.process(now)?;
            self.deliver(&mut Vec::new())?;
        }
    }

    /// Tells the engine whether a connection's requests wait; that it hears it twice, or of a newcomer in the same
    /// slot, does no harm.
    fn tell_hold(&mut self, slot: usize) {
        if let Some(connection) = self.connections.get(slot)
            && let Some(conn) = connection.conn
        {
            let held = connection.held;
            self.engine.push(if held { Request::Pause { conn } } else { Request::Resume { conn } });
            self.batch.requests += 1;
        }
    }

    /// Writes the outputs of the last call to their sockets.
    fn deliver(&mut self, named: &mut Vec<(ConnId, usize)>) -> Result<(), Trap> {
        while let Some(output) = self.engine.next_output()? {
            match output {
                Output::Write { conn, bytes, class } => {
                    let Link::Slot(slot) = self.links.of(conn) else { continue };
                    let Some(connection) = self.connections.get(slot) else { continue };
                    connection.class = class;
                    let sent = if connection.pending.is_empty() && !connection.to_flush {
                        connection.send(bytes, &mut self.messages)
                    } else {
                        connection.keep(bytes, 0, &mut self.messages);
                        Ok(())
                    };
                    if !connection.to_flush {
                        connection.to_flush = true;
                        self.flushes.push(slot);
                    }
                    if sent.is_err() {
                        self.drop_connection(slot);
                    }
                }
                Output::Close { conn } => {
                    let link = self.links.of(conn);
                    self.links.set(conn, Link::Free);
                    if let Link::Slot(slot) = link {
                        if let Some(connection) = self.connections.get(slot) {
                            connection.conn = None;
                        }
                        self.close(slot);
                    }
                    self.link(named);
                }
                // There is no log or replica yet that these would go to.
                Output::Append { .. } => {}
                Output::Setting { name, value } => apply(&mut self.settings, name, value),
                Output::HostRequest { request, text } => self.host_request = Some((request, text.to_vec())),
                Output::Shutdown => {
                    log::notice!("a client asked for SHUTDOWN");
                    self.stopping = true;
                }
            }
        }
        self.messages.clear();
        let mut flushes = std::mem::take(&mut self.flushes);
        for slot in flushes.drain(..) {
            if let Some(connection) = self.connections.get(slot) {
                connection.to_flush = false;
                self.flush(slot);
                self.hold(slot);
                self.check_limit(slot, running_micros());
            }
        }
        self.flushes = flushes;
        Ok(())
    }

    /// Does what the engine waits for, and hands over how it went. Between two batches the input buffer is free. What
    /// the answer leads to may be another host request, which is left for the next turn: others want to be read from, too.
    fn run_host_request(&mut self) -> Result<(), Trap> {
        let Some((request, text)) = self.host_request.take() else { return Ok(()) };
        let room = self.engine.input_buffer().len();
        let done = files::run(&self.settings, request, &text, room);
        let answer = match &done {
            Ok(text) => text.as_slice(),
            Err(why) => &why.as_bytes()[..why.len().min(room)],
        };
        self.engine.input_buffer()[..answer.len()].copy_from_slice(answer);
        let range = 0..answer.len();
        let is_done = done.is_ok();
        self.engine.push(if is_done {
            Request::Done { text: range }
        } else {
            Request::Failed { why: range }
        });
        let now = self.clock.now();
        self.engine.process(now)?;
        self.deliver(&mut Vec::new())
    }

    /// Lets the requests wait of a connection whose replies pile up.
    fn hold(&mut self, slot: usize) {
        if let Some(connection) = self.connections.get(slot)
            && connection.pending.len() > OUTPUT_HIGH_WATER_BYTES
            && !connection.held
        {
            connection.held = true;
            self.holds.push(slot);
        }
    }

    /// Offers pending output to the kernel, and what follows from its being gone.
    fn flush(&mut self, slot: usize) {
        let Some(connection) = self.connections.get(slot) else { return };
        if connection.flush().is_err() {
            return self.drop_connection(slot);
        }
        if connection.held && connection.pending.len() <= OUTPUT_HIGH_WATER_BYTES / 2 {
            connection.held = false;
            self.holds.push(slot);
        }
        if connection.paused && connection.pending.len() <= OUTPUT_HIGH_WATER_BYTES / 2 {
            connection.paused = false;
            self.queue(slot);
        } else if connection.conn.is_none() && connection.pending.is_empty() {
            self.finish(slot);
        }
    }

    fn check_limit(&mut self, slot: usize, now: Micros) {
        let Some(connection) = self.connections.get(slot) else { return };
        let limit = self.settings.output_limits.of(connection.class);
        let watched = connection.soft_since.is_some();
        if limit.exceeded(connection.pending.len(), &mut connection.soft_since, now) {
            log::warning!(
                "closed a client that does not read: {} bytes of replies waited for it (client-output-buffer-limit)",
                connection.pending.len()
            );
            self.drop_connection(slot);
        } else if !watched && connection.soft_since.is_some() {
            self.watched.push((slot, connection.serial));
            self.housekeeping_at.get_or_insert(now + HOUSEKEEPING_MICROS);
        }
    }

    /// Cuts a connection off at once.
    fn drop_connection(&mut self, slot: usize) {
        if let Some(conn) = self.connections.get(slot).and_then(|connection| connection.conn) {
            self.links.set(conn, Link::Dropped);
            self.dropped.push(conn);
        }
        self.connections.remove(slot);
    }

    /// Ends a connection that the engine has forgotten, after its last replies.
    fn close(&mut self, slot: usize) {
        let now = running_micros();
        let Some(connection) = self.connections.get(slot) else { return };
        self.lingering.push_back((slot, connection.serial, now + LINGER_MICROS));
        self.housekeeping_at.get_or_insert(now + HOUSEKEEPING_MICROS);
        if !connection.to_flush && connection.pending.is_empty() {
            self.finish(slot);
        }
        if self.lingering.len() > LINGERING_MAX
            && let Some((oldest, serial, _)) = self.lingering.pop_front()
        {
            self.connections.remove_if(oldest, serial);
        }
    }

    /// Tells the peer that all is sent, and waits for it to close in turn.
    fn finish(&mut self, slot: usize) {
        let Some(connection) = self.connections.get(slot) else { return };
        if connection.finished {
            return;
        }
        connection.finished = true;
        if connection.stream.finish().is_err() {
            self.connections.remove(slot);
        } else {
            self.queue(slot);
        }
    }

    /// Cuts off those that linger too long or stay above their soft limit.
    fn keep_house(&mut self, now: Micros) {
        while let Some(&(slot, serial, until)) = self.lingering.front()
            && (until <= now || !self.connections.is(slot, serial))
        {
            self.connections.remove_if(slot, serial);
            self.lingering.pop_front();
        }
        let mut watched = std::mem::take(&mut self.watched);
        watched.retain(|&(slot, serial)| {
            if !self.connections.is(slot, serial) {
                return false;
            }
            self.check_limit(slot, now);
            self.connections.is(slot, serial)
                && self.connections.get(slot).is_some_and(|connection| connection.soft_since.is_some())
        });
        self.watched.append(&mut watched);
        let busy = !self.lingering.is_empty() || !self.watched.is_empty();
        self.housekeeping_at = busy.then_some(now + HOUSEKEEPING_MICROS);
    }

    /// After a trap: everything that the engine held is gone, its clients included; serving goes on.
    fn replace_engine(&mut self, trap: &Trap) -> Result<(), StartError> {
        log::warning!(
            "THE ENGINE BROKE DOWN: {trap}. All data is lost and {} clients are disconnected; \
             starting again with an empty engine and the settings of the start",
            self.connections.len()
        );
        self.connections.clear();
        self.links = Links::default();
        self.ready.clear();
        self.flushes.clear();
        self.messages.clear();
        self.holds.clear();
        self.dropped.clear();
        self.host_request = None;
        self.lingering.clear();
        self.watched.clear();
        self.batch = Batch::default();
        // The next turn asks the new engine.
        self.deadline = Some(0);
        // The new engine knows nothing of what was changed since, such as a password.
        self.settings = self.first_settings.clone();
        log::set_level(self.settings.log_level);
        self.engine = self.factory.create(self.clock.now())?;
        Ok(())
    }

    /// Lets peers take their replies for a moment, then closes everything.
    fn stop(mut self) -> Result<(), StartError> {
        self.listeners.clear();
        self.arriving.clear();
        // Nothing else is looked after any more.
        self.accept_again_at = None;
        let until = running_micros() + STOP_FLUSH_MICROS;
        self.housekeeping_at = Some(until);
        while self.connections.any_pending() {
            if running_micros() >= until {
                log::warning!("some clients did not take their last replies in time");
                break;
            }
            self.wait(None)?;
            self.ready.clear();
        }
        if let Some(path) = &self.settings.pid_file {
            remove_pid_file(path);
        }
        log::notice!("bye");
        Ok(())
    }
}

fn remove_pid_file(path: &PathBuf) {
    if let Err(error) = fs::remove_file(path) {
        log::verbose!("cannot remove {}: {error}", path.display());
    }
}
