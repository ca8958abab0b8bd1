//! Drives one engine: fills its batches, tells it what it must know, and hands its outputs to the sessions.
//!
//! The engine knows connections by their ids, the host by slots; only the driver knows both. It knows neither sockets
//! nor protocols, so that there may be several drivers beside each other, and tests of one without a socket.

mod commit;
#[cfg(test)]
pub(crate) mod fake;
mod links;

pub(crate) use commit::{CommitLog, Lsn, NoLog};

use crate::clock::Clock;
use crate::engine::{Engine, Factory, Request, Trap};
use links::{Link, Links};
use sanderling_core::abi::RequestKind;
use sanderling_core::{Class, ConnId, HostRequest, Loaded, Micros, Output, SaveKind};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// A batch with less room than this is full.
const ROOM_BYTES_MIN: usize = 4 << 10;

/// An engine, and what is between it and the host.
pub(crate) struct Driver<L = NoLog> {
    factory: Factory,
    engine: Box<dyn Engine>,
    /// Length of the engine's input buffer.
    input_bytes: usize,
    /// How many requests a batch may have.
    requests_max: usize,
    clock: Clock,
    log: L,
    batch: Batch,
    links: Links,
    /// Connections that the engine has named but whose ids lead elsewhere until the outputs have come to that point.
    named: VecDeque<(ConnId, usize)>,
    /// Connections that are gone and that the engine does not know to be.
    dropped: Vec<ConnId>,
    /// What the engine must hear of connections' requests, in order.
    holds: VecDeque<Hold>,
    /// What the engine waits for, with the text that belongs to it.
    host_request: Option<(HostRequest, Vec<u8>)>,
    /// When the engine wants to be called next.
    deadline: Option<Micros>,
}

/// The batch that is being filled.
#[derive(Default)]
struct Batch {
    requests: usize,
    bytes: usize,
    /// Requests that connect a slot, by their indices.
    connects: Vec<(usize, usize)>,
}

/// The requests of a connection shall wait in the engine, or go on.
struct Hold {
    conn: ConnId,
    slot: usize,
    is_held: bool,
}

/// Bytes for a connection.
pub(crate) struct Reply<'a> {
    /// Where the engine left them.
    pub(crate) bytes: &'a [u8],
    /// Which limit on unsent bytes holds.
    pub(crate) class: Class,
    /// What must be committed before they leave.
    pub(crate) awaited: Option<Lsn>,
}

/// Commits the effects of a call; what its replies wait for.
fn commit(log: &mut impl CommitLog) -> Option<Lsn> {
    let lsn = log.commit();
    (lsn > log.committed()).then_some(lsn)
}

/// What the engine puts out of a save.
pub(crate) enum Snapshot<'a> {
    /// The next bytes of the file, and how much is saved then, in thousandths.
    Piece(&'a [u8], u32),
    /// It is whole.
    End,
    /// It cannot become whole.
    Failed(&'a str),
}

/// Takes what an engine puts out, by slots.
pub(crate) trait Receiver {
    /// The engine has taken the connection of a slot, and calls it `conn` from now on.
    fn connected(&mut self, slot: usize, conn: ConnId);
    /// Sends or keeps a reply. After an error the slot is empty, and the engine is told that the peer is gone.
    fn reply(&mut self, slot: usize, reply: Reply<'_>) -> io::Result<()>;
    /// Closes a connection, of which the engine knows no more, after its replies and once `awaited` is committed.
    fn close(&mut self, slot: usize, awaited: Option<Lsn>);
    /// A setting that the host acts on has changed.
    fn setting(&mut self, name: &str, value: &str);
    /// Files were loaded up to an end, or cannot be.
    fn loaded(&mut self, outcome: Result<Loaded, &str>);
    /// All data shall be saved.
    fn save_wanted(&mut self, kind: SaveKind);
    /// What comes of a save that is under way.
    fn snapshot(&mut self, part: Snapshot<'_>);
    /// The server shall stop.
    fn shutdown(&mut self);
}

impl<L: CommitLog> Driver<L> {
    /// Makes the first engine.
    pub(crate) fn start(factory: Factory, log: L) -> Result<Self, Trap> {
        let mut clock = Clock::default();
        let mut engine = factory.create(clock.now())?;
        Ok(Self {
            factory,
            input_bytes: engine.input_buffer().len(),
            requests_max: engine.requests_max(),
            engine,
            clock,
            log,
            batch: Batch::default(),
            links: Links::default(),
            named: VecDeque::new(),
            dropped: Vec::new(),
            holds: VecDeque::new(),
            host_request: None,
            deadline: None,
        })
    }

    /// Puts an empty engine in the place of one that has trapped. All connections are forgotten.
    pub(crate) fn replace_engine(&mut self) -> Result<(), Trap> {
        self.batch = Batch::default();
        self.links = Links::default();
        self.named.clear();
        self.dropped.clear();
        self.holds.clear();
        self.host_request = None;
        // The next turn asks the new engine.
        self.deadline = Some(0);
        self.engine = self.factory.create(self.clock.now())?;
        Ok(())
    }

    // ----- the batch -----

    /// Whether the batch must be processed before anything is added to it.
    pub(crate) fn is_full(&self) -> bool {
        self.input_bytes - self.batch.bytes < ROOM_BYTES_MIN || self.batch.requests == self.requests_max
    }

    /// The free part of the input buffer: what a connection sends is read into its beginning.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.engine.input_buffer()[self.batch.bytes..]
    }

    /// Adds so many bytes of the room as a connection's input.
    pub(crate) fn push_input(&mut self, conn: ConnId, len: usize) {
        let start = self.batch.bytes;
        self.batch.bytes += len;
        self.push(Request::Input { conn, bytes: start..start + len });
    }

    /// Adds a newcomer, described as [`peer_text`](sanderling_core::abi::peer_text) does.
    pub(crate) fn push_connect(&mut self, slot: usize, peer: &str) {
        self.room()[..peer.len()].copy_from_slice(peer.as_bytes());
        let start = self.batch.bytes;
        self.batch.bytes += peer.len();
        self.batch.connects.push((self.batch.requests, slot));
        self.push(Request::Connect { peer: start..start + peer.len() });
    }

    /// Adds that a peer has sent all it wanted.
    pub(crate) fn push_disconnect(&mut self, conn: ConnId) {
        self.links.set(conn, Link::Free);
        self.push(Request::Disconnect { conn });
    }

    fn push(&mut self, request: Request) {
        self.engine.push(request);
        self.batch.requests += 1;
    }

    // ----- what the engine is told with the next batch -----

    /// A connection is gone at once, with all that the engine still has for it.
    pub(crate) fn drop_connection(&mut self, conn: ConnId) {
        self.links.set(conn, Link::Dropped);
        self.dropped.push(conn);
    }

    /// The requests of a connection shall wait in the engine, or go on.
    pub(crate) fn hold_requests(&mut self, conn: ConnId, slot: usize, is_held: bool) {
        self.holds.push_back(Hold { conn, slot, is_held });
    }

    fn tell(&mut self) {
        while self.batch.requests < self.requests_max
            && let Some(conn) = self.dropped.pop()
        {
            // If the engine has closed it meanwhile, the id may soon be that of another connection.
            if matches!(self.links.of(conn), Link::Dropped) {
                self.push_disconnect(conn);
            }
        }
        while self.batch.requests < self.requests_max
            && let Some(Hold { conn, slot, is_held }) = self.holds.pop_front()
        {
            if self.links.of(conn) == Link::Slot(slot) {
                self.push(if is_held { Request::Pause { conn } } else { Request::Resume { conn } });
            }
        }
    }

    // ----- calls -----

    /// Whether there is anything to call the engine for.
    #[inline]
    pub(crate) fn has_batch(&self) -> bool {
        self.batch.requests > 0 || self.has_news()
    }

    /// Whether the engine must be told something beside the batch.
    #[inline]
    fn has_news(&self) -> bool {
        !self.dropped.is_empty() || !self.holds.is_empty()
    }

    /// Calls the engine with the batch.
    pub(crate) fn process(&mut self, to: &mut impl Receiver) -> Result<(), Trap> {
        if self.has_news() {
            self.tell();
        }
        if self.batch.requests == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        self.batch.requests = 0;
        self.batch.bytes = 0;
        self.engine.process(now)?;
        if !self.batch.connects.is_empty() {
            let Self { batch, named, engine, .. } = self;
            named.extend(batch.connects.drain(..).map(|(index, slot)| (engine.processed_conn(index), slot)));
        }
        self.deliver(to)
    }

    /// Asks the engine for its deadline, and calls it if that has come.
    pub(crate) fn process_due(&mut self, to: &mut impl Receiver) -> Result<(), Trap> {
        self.deadline = self.engine.next_deadline()?;
        if self.wait_time().is_some_and(|time| time.is_zero()) {
            let now = self.clock.now();
            self.timeout(now, to)?;
            self.deadline = self.engine.next_deadline()?;
        }
        Ok(())
    }

    /// The times that the engine must be told of one after the other since the system's clock was set back: the one by
    /// the clock as it was, so that no wait grows longer, and the right one.
    #[inline]
    pub(crate) fn correction(&mut self) -> Option<[Micros; 2]> {
        let old = self.clock.correction()?;
        Some([old, self.clock.now()])
    }

    /// Lets the engine do what is due.
    pub(crate) fn timeout(&mut self, now: Micros, to: &mut impl Receiver) -> Result<(), Trap> {
        self.engine.timeout(now)?;
        self.deliver(to)
    }

    /// What the engine waits for, with the text that belongs to it; [`Driver::answer`] ends it.
    pub(crate) fn take_host_request(&mut self) -> Option<(HostRequest, Vec<u8>)> {
        self.host_request.take()
    }

    /// The longest answer there may be, in bytes.
    pub(crate) fn answer_bytes_max(&self) -> usize {
        self.input_bytes
    }

    /// Tells the engine how a host request went. Between two batches, which is now, the input buffer is free.
    pub(crate) fn answer(
        &mut self,
        done: &Result<Vec<u8>, String>,
        to: &mut impl Receiver,
    ) -> Result<(), Trap> {
        let room = self.engine.input_buffer();
        let answer = match done {
            Ok(text) => text.as_slice(),
            Err(why) => &why.as_bytes()[..why.len().min(room.len())],
        };
        room[..answer.len()].copy_from_slice(answer);
        let text = 0..answer.len();
        self.engine.push(if done.is_ok() { Request::Done { text } } else { Request::Failed { why: text } });
        let now = self.clock.now();
        self.engine.process(now)?;
        self.deliver(to)
    }

    // ----- files -----

    /// Tells the engine something about files, in a call of its own. Between two batches, which is now, the input buffer is
    /// free.
    pub(crate) fn tell_files(
        &mut self,
        kind: RequestKind,
        argument: u32,
        text: &str,
        to: &mut impl Receiver,
    ) -> Result<(), Trap> {
        let read = |room: &mut [u8]| {
            room[..text.len()].copy_from_slice(text.as_bytes());
            Ok(text.len())
        };
        let told = self.hand_over(kind, argument, read, to)?;
        told.expect("a copy in memory does not fail");
        Ok(())
    }

    /// Begins a save; the number of the [`SaveFault`](sanderling_core::SaveFault) if that cannot be, else 0.
    pub(crate) fn begin_save(&mut self, options: &str, to: &mut impl Receiver) -> Result<u32, Trap> {
        self.tell_files(RequestKind::SaveBegin, 0, options, to)?;
        Ok(self.engine.processed_conn(0))
    }

    /// The same with bytes that `read` puts into the input buffer, of which it says how many there are.
    pub(crate) fn hand_over(
        &mut self,
        kind: RequestKind,
        argument: u32,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
        to: &mut impl Receiver,
    ) -> Result<io::Result<usize>, Trap> {
        assert!(self.batch.requests == 0, "batches are processed before files are seen to");
        let len = match read(self.engine.input_buffer()) {
            Ok(len) => len,
            Err(error) => return Ok(Err(error)),
        };
        self.engine.push(Request::Files { kind, argument, bytes: 0..len });
        let now = self.clock.now();
        self.engine.process(now)?;
        self.deliver(to)?;
        Ok(Ok(len))
    }

    /// Whether there is something to do without another event.
    pub(crate) fn has_work(&self) -> bool {
        self.has_news() || self.host_request.is_some()
    }

    /// How long it is until the engine's deadline.
    pub(crate) fn wait_time(&self) -> Option<Duration> {
        self.deadline.map(|deadline| self.clock.until(deadline))
    }

    /// The log.
    pub(crate) fn log(&mut self) -> &mut L {
        &mut self.log
    }

    /// The same, only to look at it.
    pub(crate) fn view_log(&self) -> &L {
        &self.log
    }

    /// The last effects of which clients may hear; replies that wait for them may leave.
    pub(crate) fn committed(&self) -> Lsn {
        self.log.committed()
    }

    // ----- outputs -----

    /// Hands over the outputs of a call.
    fn deliver(&mut self, to: &mut impl Receiver) -> Result<(), Trap> {
        let mut awaited = self.log.awaited();
        let mut has_effects = false;
        if !self.named.is_empty() {
            self.link_newcomers(to);
        }
        while let Some(output) = self.engine.next_output()? {
            if let Output::Append { bytes, db } = output {
                self.log.push(bytes, db);
                has_effects = true;
                continue;
            }
            if has_effects {
                has_effects = false;
                awaited = commit(&mut self.log).or(awaited);
            }
            match output {
                Output::Write { conn, bytes, class } => {
                    let Link::Slot(slot) = self.links.of(conn) else { continue };
                    if to.reply(slot, Reply { bytes, class, awaited }).is_err() {
                        self.drop_connection(conn);
                    }
                }
                Output::Close { conn } => {
                    let link = self.links.of(conn);
                    self.links.set(conn, Link::Free);
                    if let Link::Slot(slot) = link {
                        to.close(slot, awaited);
                    }
                    if !self.named.is_empty() {
                        self.link_newcomers(to);
                    }
                }
                // They were taken above.
                Output::Append { .. } => {}
                Output::Setting { name, value } => to.setting(name, value),
                Output::HostRequest { request, text } => self.host_request = Some((request, text.to_vec())),
                Output::Loaded(loaded) => to.loaded(Ok(loaded)),
                Output::LoadFailed { why } => to.loaded(Err(why)),
                Output::SaveWanted { kind } => to.save_wanted(kind),
                Output::Shutdown => to.shutdown(),
                Output::Snapshot { bytes, saved } => to.snapshot(Snapshot::Piece(bytes, saved)),
                Output::SnapshotEnd { .. } => to.snapshot(Snapshot::End),
                Output::SnapshotFailed { text } => to.snapshot(Snapshot::Failed(text)),
            }
        }
        if has_effects {
            commit(&mut self.log);
        }
        Ok(())
    }

    /// Links newcomers to their ids. One that the engine has turned away at once leaves its id to the next one, which
    /// waits until the outputs have come to that point.
    fn link_newcomers(&mut self, to: &mut impl Receiver) {
        let Self { named, links, .. } = self;
        named.retain(|&(conn, slot)| {
            if links.of(conn) != Link::Free {
                return true;
            }
            links.set(conn, Link::Slot(slot));
            to.connected(slot, conn);
            false
        });
    }
}
