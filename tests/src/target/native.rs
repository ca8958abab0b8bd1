//! The engine linked into the test: no sockets, and its clock is ours.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sanderling_core::rdb::file::FileWriter;
use sanderling_core::{
    Called, Class, ConnId, Engine, LoadFault, LoadFormat, Loaded, Options, Output, Peer, SaveFault,
    SaveOptions,
};

use super::{Connection, Inbox, Received, Target};

/// Work is bounded per turn, but it must come to an end.
const TURNS_MAX: u64 = 10_000_000;

/// Bytes of a file that are loaded at a time.
const LOAD_BYTES: usize = 4099;

/// Where the engine's time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Stands still between calls of [`Target::advance`]; in microseconds since 1970.
    Virtual(u64),
    /// The machine's clock, for comparing with a server that has no other.
    Machine,
}

/// An engine in this process.
pub struct Native {
    engine: Engine,
    clock: Clock,
    links: Vec<Link>,
    /// Which link an open connection of the engine belongs to.
    routes: HashMap<ConnId, Connection>,
    /// All effects so far, when the engine was told to produce them.
    pub effects: Vec<u8>,
    /// Everything the engine said so far in order, for comparing whole runs; empty unless asked for.
    pub transcript: Option<Vec<u8>>,
    /// Whether a request that comes alone is [called](Engine::call), if the engine takes it.
    pub calls: bool,
    /// How many were.
    pub called: usize,
    /// What was written of a snapshot since the last one began.
    pub snapshot: Vec<u8>,
    /// With how many bytes a step of it is done after each call, if at all.
    pub step_bytes: Option<usize>,
    /// How it has ended: with so many keys, or why without being whole.
    pub snapshot_end: Option<Result<u64, String>>,
}

struct Link {
    id: ConnId,
    inbox: Inbox,
}

impl Native {
    /// An engine with the given settings (`name`, `value`).
    pub fn new(clock: Clock, seed: [u8; 16], settings: &[(&str, &str)]) -> Native {
        // A limit of one byte is passed, as it is on any server.
        let mut options = Options { memory_used: || 1 << 20, ..Options::default() };
        for (name, value) in settings {
            if options.set(name, value).is_err() {
                panic!("the engine refuses the option {name} {value}");
            }
        }
        Native::with(clock, seed, options)
    }

    /// An engine with the given options.
    pub fn with(clock: Clock, seed: [u8; 16], options: Options) -> Native {
        Native {
            engine: Engine::new(options, seed, time(clock)),
            clock,
            links: Vec::new(),
            routes: HashMap::new(),
            effects: Vec::new(),
            transcript: None,
            calls: false,
            called: 0,
            snapshot: Vec::new(),
            step_bytes: None,
            snapshot_end: None,
        }
    }

    /// Loads a file, in pieces, as a host does at its start.
    pub fn load(&mut self, format: LoadFormat, file: &[u8]) -> Result<Loaded, LoadFault> {
        self.load_by(format, file, LOAD_BYTES, Some(file.len() as u64))
    }

    /// The same in pieces of so many bytes, and with so many bytes announced.
    pub fn load_by(
        &mut self,
        format: LoadFormat,
        file: &[u8],
        piece_bytes: usize,
        announced: Option<u64>,
    ) -> Result<Loaded, LoadFault> {
        let now = time(self.clock);
        self.engine.load_begin(now, format, announced);
        let mut done = Ok(());
        for piece in file.chunks(piece_bytes) {
            done = done.and_then(|()| self.engine.load(now, piece));
        }
        let ended = self.engine.load_end(now);
        done.and(ended)
    }

    /// Begins a snapshot.
    pub fn save_begin(&mut self, options: SaveOptions) -> Result<(), SaveFault> {
        self.drain();
        self.snapshot.clear();
        self.snapshot_end = None;
        self.engine.save_begin(time(self.clock), options)
    }

    /// Goes on with it by a step; whether there is more to do.
    pub fn save_step(&mut self, bytes: usize) -> bool {
        self.engine.save_step(time(self.clock), bytes);
        self.drain();
        self.engine.is_saving()
    }

    /// Ends it.
    pub fn save_abort(&mut self) {
        self.engine.save_abort(time(self.clock));
        self.drain();
    }

    /// An RDB file with all keys, of the oldest version that holds them.
    pub fn save(&self) -> Vec<u8> {
        const DATABASES: usize = 16;
        let entries = || (0..DATABASES).flat_map(|db| self.engine.entries(db));
        let version = entries().map(|entry| FileWriter::version_for(&entry.value())).max();
        let mut file = FileWriter::new(version.unwrap_or(FileWriter::VERSION_MIN), true, true);
        file.aux("redis-bits", b"64");
        for db in 0..DATABASES {
            let (count, volatile) = self.engine.entries(db).fold((0, 0), |(count, volatile), entry| {
                (count + 1, volatile + u64::from(entry.deadline().is_some()))
            });
            if count > 0 {
                file.database(db as u64);
                file.sizes(count, volatile);
                self.engine.entries(db).for_each(|entry| file.key(entry));
            }
        }
        file.end();
        file.take()
    }

    /// Calls the engine with a request, and takes the reply that is there at once; `false` if the engine does not take it.
    fn call(&mut self, id: ConnId, bytes: &[u8]) -> bool {
        let Some(arguments) = alone(bytes) else { return false };
        let Some(command) = self.engine.callable(&arguments[0]) else { return false };
        let mut ranges = Vec::new();
        for argument in &arguments {
            let start = ranges.last().map_or(0, |(start, len)| start + len);
            ranges.push((start, argument.len() as u32));
        }
        let now = time(self.clock);
        let before = self.engine.poll_timeout();
        let reply = match self.engine.call(now, id, command, &arguments.concat(), &ranges) {
            Called::Declined => return false,
            Called::Followed => None,
            Called::Replied { reply, has_changes } => Some((reply.to_vec(), has_changes)),
        };
        self.called += 1;
        if let Some((bytes, has_changes)) = reply {
            if !has_changes {
                assert_eq!(self.engine.poll_timeout(), before, "a reading command has changed a deadline");
            }
            while let Some((bytes, db)) = self.engine.poll_effects() {
                if let Some(transcript) = &mut self.transcript {
                    record(transcript, &Output::Append { bytes, db });
                }
                self.effects.extend_from_slice(bytes);
            }
            if let Some(transcript) = &mut self.transcript {
                record(transcript, &Output::Write { conn: id, bytes: &bytes, class: Class::Normal });
            }
            self.links[self.routes[&id]].inbox.bytes.extend_from_slice(&bytes);
        }
        true
    }

    /// The engine's time in microseconds since 1970.
    pub fn now(&self) -> u64 {
        time(self.clock)
    }

    /// Takes everything that the engine has to say, giving it time as long as it asks for more at once.
    fn drain(&mut self) {
        let mut turns = 0;
        loop {
            while let Some(output) = self.engine.poll_output() {
                if let Some(transcript) = &mut self.transcript {
                    record(transcript, &output);
                }
                match output {
                    Output::Write { conn, bytes, .. } => {
                        // Bytes for a connection that the client left are lost, as on a network.
                        if let Some(&link) = self.routes.get(&conn) {
                            self.links[link].inbox.bytes.extend_from_slice(bytes);
                        }
                    }
                    Output::Close { conn } => {
                        if let Some(link) = self.routes.remove(&conn) {
                            self.links[link].inbox.closed = true;
                        }
                    }
                    Output::Append { bytes, .. } => self.effects.extend_from_slice(bytes),
                    Output::Snapshot { bytes, .. } => self.snapshot.extend_from_slice(bytes),
                    Output::SnapshotEnd { keys } => self.snapshot_end = Some(Ok(keys)),
                    Output::SnapshotFailed { text } => self.snapshot_end = Some(Err(text.into())),
                    Output::Setting { .. }
                    | Output::HostRequest { .. }
                    | Output::Loaded(_)
                    | Output::LoadFailed { .. }
                    | Output::SaveWanted { .. }
                    | Output::Shutdown => {}
                }
            }
            let now = time(self.clock);
            if let Some(bytes) = self.step_bytes.filter(|_| self.engine.is_saving() && turns == 0) {
                turns += 1;
                self.engine.save_step(now, bytes);
                continue;
            }
            if self.engine.poll_timeout().is_none_or(|deadline| deadline > now) {
                return;
            }
            turns += 1;
            assert!(turns < TURNS_MAX, "the engine asks for more time without end");
            self.engine.handle_timeout(now);
        }
    }
}

impl Target for Native {
    fn name(&self) -> String {
        "native engine".into()
    }

    fn since(&self) -> (u32, u32) {
        (7, 2)
    }

    fn open(&mut self) -> Connection {
        let peer = Peer { addr: "127.0.0.1:50000", laddr: "127.0.0.1:6379", unix: false, trusted: false };
        let id = self.engine.connect(time(self.clock), peer);
        self.links.push(Link { id, inbox: Inbox::default() });
        self.routes.insert(id, self.links.len() - 1);
        self.drain();
        self.links.len() - 1
    }

    fn close(&mut self, connection: Connection) {
        let id = self.links[connection].id;
        if self.routes.get(&id) == Some(&connection) {
            self.routes.remove(&id);
            self.engine.disconnect(time(self.clock), id);
            self.drain();
        }
    }

    fn send(&mut self, connection: Connection, bytes: &[u8]) {
        let id = self.links[connection].id;
        if self.routes.get(&id) == Some(&connection) {
            if !self.calls || !self.call(id, bytes) {
                self.engine.handle_input(time(self.clock), id, bytes);
            }
            self.drain();
        }
    }

    fn settle(&mut self) {
        self.drain();
    }

    fn receive(&mut self, connection: Connection) -> Received {
        self.links[connection].inbox.next()
    }

    fn receive_now(&mut self, connection: Connection) -> Received {
        self.links[connection].inbox.next()
    }

    fn advance(&mut self, by: Duration) -> bool {
        let Clock::Virtual(now) = self.clock else { return false };
        let end = now + by.as_micros() as u64;
        // As a host would: wake at each deadline on the way, not only at the end.
        while let Some(deadline) = self.engine.poll_timeout().filter(|&deadline| deadline <= end) {
            self.clock = Clock::Virtual(deadline.max(time(self.clock)));
            self.drain();
        }
        self.clock = Clock::Virtual(end);
        self.drain();
        true
    }
}

fn time(clock: Clock) -> u64 {
    match clock {
        Clock::Virtual(now) => now,
        Clock::Machine => {
            let elapsed =
                SystemTime::now().duration_since(UNIX_EPOCH).expect("the machine's date is after 1970");
            elapsed.as_micros() as u64
        }
    }
}

/// The arguments of a request that the bytes are, and nothing else.
fn alone(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = bytes;
    let count = number(&mut rest, b'*')?;
    let mut arguments = Vec::new();
    for _ in 0..count {
        let len = number(&mut rest, b'$')?;
        arguments.push(rest.get(..len)?.to_vec());
        rest = rest.get(len + 2..)?;
    }
    (rest.is_empty() && count > 0).then_some(arguments)
}

/// The number in a line that begins with `kind`, with which `rest` begins.
fn number(rest: &mut &[u8], kind: u8) -> Option<usize> {
    let end = rest.iter().position(|&byte| byte == b'\r')?;
    let digits = rest[..end].strip_prefix(&[kind])?;
    *rest = rest.get(end + 2..)?;
    str::from_utf8(digits).ok()?.parse().ok()
}

fn record(transcript: &mut Vec<u8>, output: &Output<'_>) {
    match output {
        Output::Write { conn, bytes, .. } => {
            transcript.extend_from_slice(format!("write {conn} {}\n", bytes.len()).as_bytes());
            transcript.extend_from_slice(bytes);
        }
        Output::Close { conn } => transcript.extend_from_slice(format!("close {conn}\n").as_bytes()),
        Output::Append { bytes, .. } => {
            transcript.extend_from_slice(format!("append {}\n", bytes.len()).as_bytes());
            transcript.extend_from_slice(bytes);
        }
        Output::Setting { name, value } => {
            transcript.extend_from_slice(format!("setting {name} {value}\n").as_bytes());
        }
        Output::HostRequest { request, text } => {
            transcript.extend_from_slice(format!("host request {request:?} ").as_bytes());
            transcript.extend_from_slice(text);
        }
        Output::Loaded(_) | Output::LoadFailed { .. } | Output::SaveWanted { .. } => {
            transcript.extend_from_slice(format!("{output:?}\n").as_bytes());
        }
        Output::Shutdown => transcript.extend_from_slice(b"shutdown\n"),
        Output::Snapshot { bytes, .. } => {
            transcript.extend_from_slice(format!("snapshot {}\n", bytes.len()).as_bytes());
            transcript.extend_from_slice(bytes);
        }
        Output::SnapshotEnd { keys } => {
            transcript.extend_from_slice(format!("snapshot of {keys} keys\n").as_bytes());
        }
        Output::SnapshotFailed { text } => {
            transcript.extend_from_slice(format!("no snapshot: {text}\n").as_bytes());
        }
    }
}
