//! Everything of an engine besides its data: connections, configuration, counters.

pub(crate) mod blocking;
pub(crate) mod change;
pub(crate) mod client_eviction;
pub(crate) mod connection;
pub(crate) mod describe;
pub(crate) mod eviction;
pub(crate) mod host_request;
pub(crate) mod pause;
pub(crate) mod persistence;
pub(crate) mod pubsub;
pub(crate) mod session;
pub(crate) mod tracking;

pub use connection::{ConnId, Peer};
pub use host_request::{HostRequest, quoted};
pub use persistence::{Present, SaveKind, SlowOperation, StorageEvent};

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::OnceCell;

use crate::acl::{self, Acl, Names};
use crate::base::error::Error;
use crate::base::memory::Memory;
use crate::base::secret::Passwords;
use crate::command::{Command, Flags, Index, Lookup, ResolvedCommand};
use crate::config::{Config, Fact, Machine, Options};
use crate::engine::outbox::{Class, DEFAULT_USER_GUARDED};
use crate::keyspace::Ready;
use crate::keyspace::compaction::Compactor;
use crate::number;
use crate::observe::{Observer, Statistics};
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::scripting::Scripting;
use crate::server::connection::{Connection, Restrictions};
use crate::server::host_request::Asked;
use crate::server::pause::Pause;
use crate::server::persistence::Files;
use crate::server::pubsub::PubSub;
use crate::server::tracking::TrackingTable;
use crate::structures::ordered::OrderedSet;
use crate::structures::sort::sort_by_key;
use crate::structures::table::HashSeed;

/// Counters for INFO.
#[derive(Default)]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Connections refused because there were too many.
    pub rejected: u64,
    /// Connections closed since all of them together kept too much.
    pub evicted_clients: u64,
    /// Commands processed.
    pub commands: u64,
    /// Error replies.
    pub error_replies: u64,
    /// How many there were when the running command began, or when the last one within it ended.
    pub(crate) errors_seen: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Pieces of input.
    pub reads: u64,
    /// Pieces of output.
    pub writes: u64,
    /// Connections closed since they had sent more than may wait.
    pub input_limit_disconnects: u64,
}

impl Stats {
    /// So many bytes have come.
    pub(crate) fn note_received(&mut self, bytes: usize) {
        self.bytes_in += bytes as u64;
        self.reads += 1;
    }

    /// So many bytes are handed over to be sent.
    #[inline]
    pub(crate) fn note_sent(&mut self, bytes: usize) {
        self.bytes_out += bytes as u64;
        self.writes += u64::from(bytes > 0);
    }
}

/// How fast counters grow: between two looks that are at least a second apart.
#[derive(Default, Clone, Copy)]
pub(crate) struct Rate {
    at: u64,
    counted: [u64; 3],
    /// Commands, bytes received and bytes sent per second.
    pub(crate) per_second: [u64; 3],
}

impl Rate {
    /// Takes another look, in steady microseconds.
    pub(crate) fn look(&mut self, now: u64, stats: &Stats) {
        let passed = now.saturating_sub(self.at);
        if passed >= 1_000_000 {
            let counted = [stats.commands, stats.bytes_in, stats.bytes_out];
            for (index, count) in counted.into_iter().enumerate() {
                let grown = u128::from(count.saturating_sub(self.counted[index]));
                self.per_second[index] =
                    u64::try_from(grown * 1_000_000 / u128::from(passed)).unwrap_or(u64::MAX);
            }
            (self.at, self.counted) = (now, counted);
        }
    }
}

/// Messages that the running command sends to many connections: each is written once and delivered as often
/// as there are receivers.
#[derive(Default)]
pub(crate) struct Broadcast {
    /// The messages, one after the other.
    pub(crate) bytes: Vec<u8>,
    /// Who gets which bytes, in order: start and end.
    pub(crate) deliveries: Vec<(ConnId, usize, usize)>,
}

/// What concerns the requests of all connections while it lasts, as a set of bits, so that one comparison tells that
/// nothing does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct GlobalState(u8);

impl GlobalState {
    /// CLIENT PAUSE is in force.
    pub(crate) const PAUSED: GlobalState = GlobalState(1);
    /// Some client tracks what it has read.
    pub(crate) const TRACKING: GlobalState = GlobalState(1 << 1);
    /// A script is busy, and others are told so.
    pub(crate) const BUSY: GlobalState = GlobalState(1 << 2);
    /// Files are being loaded, and most commands have to wait for that.
    pub(crate) const LOADING: GlobalState = GlobalState(1 << 3);
    /// What is written could not be kept, so that nothing may be.
    pub(crate) const WRITES_DENIED: GlobalState = GlobalState(1 << 4);
    /// No request may take the fast path.
    const HELD: GlobalState = GlobalState(
        GlobalState::PAUSED.0 | GlobalState::BUSY.0 | GlobalState::LOADING.0 | GlobalState::WRITES_DENIED.0,
    );

    /// All of both.
    pub(crate) const fn and(self, other: GlobalState) -> GlobalState {
        GlobalState(self.0 | other.0)
    }

    /// Whether nothing is out of the ordinary.
    #[inline(always)]
    pub(crate) fn is_usual(self) -> bool {
        self.0 == 0
    }

    /// Whether any of these is the case.
    pub(crate) fn has(self, other: GlobalState) -> bool {
        self.0 & other.0 != 0
    }

    /// Begins or ends these.
    pub(crate) fn set(&mut self, other: GlobalState, is_set: bool) {
        self.0 = if is_set { self.0 | other.0 } else { self.0 & !other.0 };
    }
}

/// See the module's description.
pub struct Server {
    connections: Vec<Option<Box<Connection>>>,
    free: Vec<ConnId>,
    /// Deferred output, by connection: what is sent to it after the running command's reply.
    deferred: Vec<Vec<u8>>,
    /// Connections that have deferred output.
    pub(crate) with_deferred: Vec<ConnId>,
    /// Bytes of [`Server::tell`] since the host has taken any.
    pub(crate) told_bytes: usize,
    /// Messages to be delivered after the running command.
    pub(crate) broadcast: Broadcast,
    next_client_id: u64,
    /// Open connections.
    pub connected: usize,
    /// Settings.
    pub config: Config,
    /// The command table, by name.
    pub lookup: Lookup,
    /// Numbers of the commands, from the first time that they are needed.
    index: OnceCell<Index>,
    /// Users.
    pub(crate) acl: Acl,
    /// What concerns every request.
    pub(crate) global_state: GlobalState,
    /// CLIENT PAUSE.
    pub(crate) pause: Pause,
    /// CLIENT TRACKING.
    pub(crate) tracking: TrackingTable,
    /// Lua.
    pub(crate) scripting: Scripting,
    /// Channels and patterns.
    pub pubsub: PubSub,
    /// Counters.
    pub stats: Stats,
    /// What is seen of the commands that run.
    pub observer: Observer,
    /// Deadlines of waiting connections, in steady microseconds.
    pub timers: OrderedSet<(u64, ConnId)>,
    /// Connections to be closed after the running command, once their output is taken.
    pub closing: Vec<ConnId>,
    /// Settings that the host must hear of.
    pub settings: Vec<(String, String)>,
    /// Whether the default user needs a password, as the host knows it.
    is_guarded: bool,
    /// What connections keep in the engine, while `maxmemory-clients` limits it.
    pub(crate) clients_bytes: usize,
    /// Whether keys are being evicted step by step.
    pub(crate) is_evicting: bool,
    /// Whether SHUTDOWN was accepted.
    pub is_shutdown: bool,
    /// Connections whose kept input can be processed.
    pub(crate) runnable: VecDeque<ConnId>,
    /// Connections that wait for a key.
    pub blocked: usize,
    /// The time of the running command, in unix microseconds.
    pub now: u64,
    /// What TIME told last, in unix microseconds; `u64::MAX` before it is asked.
    pub time_told: u64,
    /// A time that begins as [`Server::now`] and goes on with it, but does not go back, in microseconds. What lasts for
    /// a while is measured by it, so that it ends after that while although the clock is corrected meanwhile.
    pub steady: u64,
    /// When the engine began, in unix microseconds, which are steady ones as well.
    pub started: u64,
    /// Forty hexadecimal digits that tell this run from others.
    pub run_id: String,
    /// Forty hexadecimal digits that name the history of the data, for replicas.
    pub repl_id: String,
    /// What the host is asked, while everything waits for its answer.
    pub(crate) host_request: Option<Asked>,
    /// What is known of the files that the embedder keeps.
    pub(crate) files: Files,
    /// Whether effects are recorded.
    pub(crate) records_effects: bool,
    /// Whether a piece of a file is being loaded: then no time passes for keys.
    pub(crate) is_loading: bool,
    /// Why what follows in them must not be loaded any more.
    pub(crate) load_stop: Option<String>,
    /// For ACL GENPASS.
    pub(crate) passwords: Passwords,
    /// The host's numbers, for INFO.
    pub(crate) fact: Option<fn(Fact) -> u64>,
    /// The file that the settings came from; empty without one.
    pub(crate) config_file: String,
    /// Where the engine runs.
    pub(crate) machine: Machine,
    /// No request runs before this time, in steady microseconds (DEBUG SLEEP).
    pub(crate) asleep_until: u64,
    /// Keys that others wait for and that came into being before it went to sleep: they are looked at when it wakes up.
    pub(crate) ready_later: Ready,
    /// Whether scripts may call DEBUG (DEBUG SET-DISABLE-DENY-SCRIPTS).
    pub(crate) scripts_may_debug: bool,
    /// The number of the process; 0 where there is none.
    pub process_id: u32,
    /// Bytes that the embedder's allocator has given out.
    pub memory_used: fn() -> usize,
    /// Those of them that a snapshot keeps until it has written them. They are no data: no limit counts them.
    pub(crate) memory_held: usize,
    /// What is left of memory.
    pub memory: Memory,
    /// What makes one piece of memory that lies in many.
    pub(crate) compactor: Compactor,
    /// Bytes given out when the engine began.
    pub memory_at_start: usize,
    /// The most bytes that were seen to be given out.
    pub memory_peak: usize,
    /// Commands per second, as of when they were last counted.
    pub(crate) rate: Rate,
}

impl Server {
    /// Takes note that the commands that are being loaded must not go on: what follows would have another meaning.
    pub(crate) fn stop_loading(&mut self, why: &str, name: &[u8]) {
        if self.is_loading && self.load_stop.is_none() {
            let name = String::from_utf8_lossy(name);
            self.load_stop =
                Some(if name.is_empty() { why.into() } else { alloc::format!("{why}: '{name}'") });
        }
    }

    /// A command that has another name now, or none, where what is being loaded was written before it had.
    #[cold]
    pub(crate) fn born_with(&self, name: &[u8]) -> Option<ResolvedCommand> {
        if self.is_loading { self.lookup.resolve_original(name) } else { None }
    }

    pub(crate) fn new(options: Options, seed: [u8; 16], run_id: String, now: u64) -> Server {
        let mut lookup = Lookup::new();
        for (old, new) in &options.renames {
            lookup.rename(old, new).expect("it was tried when the setting was made");
        }
        let observer = Observer::new(options.clock, Statistics::new(&lookup), &options.config);
        let mut acl = Acl::new();
        acl.set_default_password(&options.config.requirepass);
        let mut server = Server {
            connections: Vec::new(),
            free: Vec::new(),
            deferred: Vec::new(),
            with_deferred: Vec::new(),
            told_bytes: 0,
            broadcast: Broadcast::default(),
            next_client_id: 1,
            connected: 0,
            config: options.config,
            lookup,
            index: OnceCell::new(),
            acl,
            global_state: GlobalState::default(),
            pause: Pause::default(),
            tracking: TrackingTable::default(),
            scripting: Scripting::new(HashSeed::derived(seed)),
            pubsub: PubSub::default(),
            stats: Stats::default(),
            observer,
            timers: OrderedSet::new(),
            closing: Vec::new(),
            settings: Vec::new(),
            is_guarded: false,
            clients_bytes: 0,
            is_evicting: false,
            is_shutdown: false,
            runnable: VecDeque::new(),
            blocked: 0,
            now,
            time_told: u64::MAX,
            steady: now,
            started: now,
            repl_id: run_id.chars().rev().collect(),
            host_request: None,
            files: Files::new(now),
            records_effects: options.effects,
            is_loading: false,
            load_stop: None,
            passwords: Passwords::new(seed),
            fact: options.fact,
            config_file: options.config_file,
            machine: options.machine,
            asleep_until: 0,
            ready_later: Ready::default(),
            scripts_may_debug: false,
            run_id,
            process_id: options.process_id,
            memory_used: options.memory_used,
            memory_held: 0,
            memory: Memory::new(options.memory_available),
            compactor: Compactor::new(options.compaction),
            memory_at_start: (options.memory_used)(),
            memory_peak: 0,
            rate: Rate { at: now, ..Rate::default() },
        };
        server.configure_users(&options.users);
        server.is_guarded = server.acl.is_guarded();
        server
    }

    /// Puts in the users that the settings name, which were checked when they were set.
    fn configure_users(&mut self, lines: &[String]) {
        for line in lines {
            if let Ok(user) = acl::parse_user(self.names(), line.as_bytes()) {
                self.acl.configure(user);
            }
        }
    }

    /// Takes over what the clock tells; whether it has gone back.
    #[inline]
    pub(crate) fn set_time(&mut self, now: u64) -> bool {
        let has_gone_back = now < self.now;
        self.steady = self.steady.saturating_add(now.saturating_sub(self.now));
        self.now = now;
        has_gone_back
    }

    /// The steady time at which the clock will tell this time, unless it is corrected before.
    pub(crate) fn steady_of(&self, at: u64) -> u64 {
        self.steady.saturating_add(at.saturating_sub(self.now))
    }

    /// What the clock will tell at this steady time, unless it is corrected before.
    pub(crate) fn clock_at(&self, steady: u64) -> u64 {
        self.now.saturating_add(steady.saturating_sub(self.steady))
    }

    /// The numbers of all commands.
    pub(crate) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.lookup))
    }

    /// What rules for users are read with.
    pub(crate) fn names(&self) -> Names<'_> {
        Names { lookup: &self.lookup, index: self.index(), all_channels: self.config.acl_all_channels }
    }

    /// Computes a connection's restrictions again.
    pub(crate) fn refresh_restrictions(&mut self, conn: ConnId) {
        let is_open = self.acl.is_open();
        let user = self.connection(conn).user;
        let is_unrestricted = self.acl.user(user).is_unrestricted();
        let connection = self.connection(conn);
        connection.restrictions = Restrictions::default()
            .with(Restrictions::NOT_LOGGED_IN, !is_open && !connection.is_authenticated)
            .with(Restrictions::LIMITED_USER, !is_unrestricted)
            .with(Restrictions::MONITOR, connection.is_monitor)
            .with(Restrictions::TRACKING, connection.tracking.is_some());
    }

    /// The same for all connections, when users have changed.
    pub(crate) fn refresh_all_restrictions(&mut self) {
        for conn in 0..number::short(self.connections.len()) {
            if self.get(conn).is_some() {
                self.refresh_restrictions(conn);
            }
        }
        // The host lets remote peers in only while there is a password, however it came or went.
        let is_guarded = self.acl.is_guarded();
        if is_guarded != self.is_guarded {
            self.is_guarded = is_guarded;
            let value = if is_guarded { "yes" } else { "no" };
            self.settings.push((DEFAULT_USER_GUARDED.into(), value.into()));
        }
    }

    /// The connection with this id, which is open.
    #[inline]
    pub fn connection(&mut self, conn: ConnId) -> &mut Connection {
        self.connections[conn as usize].as_mut().expect("the engine only keeps ids of open connections")
    }

    /// The same, only to look at it.
    pub(crate) fn view(&self, conn: ConnId) -> &Connection {
        self.connections[conn as usize].as_ref().expect("the engine only keeps ids of open connections")
    }

    /// The same, if it is open.
    pub(crate) fn find(&self, conn: ConnId) -> Option<&Connection> {
        self.connections.get(conn as usize)?.as_deref()
    }

    /// The connection with this id, if it is open.
    pub fn get(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.connections.get_mut(conn as usize)?.as_deref_mut()
    }

    /// All open connections, the oldest first.
    pub fn connections(&self) -> Vec<(ConnId, &Connection)> {
        let mut all: Vec<_> = self
            .connections
            .iter()
            .enumerate()
            .filter_map(|(id, connection)| Some((number::short(id), connection.as_deref()?)))
            .collect();
        sort_by_key(&mut all, |(_, connection)| connection.client_id);
        all
    }

    /// The open connection with this client id.
    pub fn find_client(&self, client_id: u64) -> Option<ConnId> {
        self.connections().into_iter().find(|(_, other)| other.client_id == client_id).map(|(conn, _)| conn)
    }

    pub(crate) fn add(&mut self, make: impl FnOnce(u64) -> Connection) -> ConnId {
        let client_id = self.next_client_id;
        self.next_client_id += 1;
        let connection = Some(Box::new(make(client_id)));
        self.connected += 1;
        match self.free.pop() {
            Some(conn) => {
                self.connections[conn as usize] = connection;
                conn
            }
            None => {
                self.connections.push(connection);
                self.deferred.push(Vec::new());
                number::short(self.connections.len() - 1)
            }
        }
    }

    /// Gives a connection the number for CLIENT ID that it had in another engine, which no later one gets.
    pub(crate) fn take_client_id(&mut self, conn: ConnId, client_id: u64) {
        self.connection(conn).client_id = client_id;
        self.next_client_id = self.next_client_id.max(client_id.saturating_add(1));
    }

    pub(crate) fn delete(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections[conn as usize].take() {
            self.connected -= 1;
            if connection.is_runnable {
                // The id may soon name another connection.
                self.runnable.retain(|&other| other != conn);
            }
            self.deferred[conn as usize].clear();
            self.free.push(conn);
        }
    }

    /// Where to write what is not a part of the running command's reply, for any connection: it is sent after
    /// that reply.
    pub fn output_of(&mut self, conn: ConnId) -> Reply<'_> {
        let protocol = self.connection(conn).protocol;
        let deferred = &mut self.deferred[conn as usize];
        if deferred.is_empty() {
            self.with_deferred.push(conn);
        }
        Reply::new(deferred, protocol)
    }

    /// Sends something that a connection has not asked for, after the running command's reply. If there is no memory for
    /// that the connection is closed, as one is that does not read: it must not believe that it has heard everything.
    pub(crate) fn tell(&mut self, conn: ConnId, write: impl FnOnce(&mut Reply<'_>)) {
        let memory = self.memory;
        let mut reply = self.output_of(conn).within(memory);
        let mark = reply.mark();
        write(&mut reply);
        let (is_cut, bytes) = (reply.is_cut(), reply.mark() - mark);
        if is_cut {
            reply.discard(mark);
            self.close(conn);
        } else {
            self.told_bytes += bytes;
        }
    }

    /// The deferred output of a connection; a caller that takes the buffer gives it back.
    #[inline]
    pub(crate) fn deferred(&mut self, conn: ConnId) -> &mut Vec<u8> {
        &mut self.deferred[conn as usize]
    }

    /// Gives a buffer back that was taken from [`Server::deferred`], with what is still to be sent.
    pub(crate) fn put_deferred(&mut self, conn: ConnId, mut out: Vec<u8>) {
        let deferred = &mut self.deferred[conn as usize];
        let (had_noted, has_more) = (!deferred.is_empty(), !out.is_empty());
        out.append(deferred);
        *deferred = out;
        if has_more && !had_noted {
            self.with_deferred.push(conn);
        }
    }

    /// Which limit for unsent bytes a connection has.
    pub(crate) fn class(&self, conn: ConnId) -> Class {
        match self.connections.get(conn as usize).and_then(|connection| connection.as_deref()) {
            Some(connection) if connection.subscriptions.is_any() || connection.is_monitor => Class::Pubsub,
            _ => Class::Normal,
        }
    }

    /// Counts an error reply.
    pub fn note_error(&mut self, error: &Error) {
        if matches!(error, Error::OutOfMemory) {
            // Others are passed over, as they were when the log was written; this one was not there then.
            self.stop_loading("there is no memory for a command", &[]);
        }
        self.stats.error_replies += 1;
        self.observer.statistics.error(error);
    }

    /// Lets a connection see all commands from now on, or no more.
    pub(crate) fn set_monitor(&mut self, conn: ConnId, is_monitor: bool) {
        let connection = self.connection(conn);
        if connection.is_monitor != is_monitor {
            connection.is_monitor = is_monitor;
            if is_monitor {
                self.observer.add_monitor(conn);
            } else {
                self.observer.remove_monitor(conn);
            }
            self.refresh_restrictions(conn);
        }
    }

    /// Closes a connection after the running command.
    pub fn close(&mut self, conn: ConnId) {
        if let Some(connection) = self.get(conn)
            && !connection.is_closing
        {
            connection.is_closing = true;
            self.closing.push(conn);
        }
    }

    /// Whether no request may run for now.
    #[inline]
    pub(crate) fn is_asleep(&self) -> bool {
        self.asleep_until > self.steady
    }

    /// Whether there is something to do at once that has been left for later.
    pub(crate) fn has_work_left(&self) -> bool {
        !self.runnable.is_empty()
            || self.is_evicting
            || self.compactor.is_wanted()
            || tracking::is_over_limit(self)
    }

    /// Lets all connections go on once nothing keeps them from it any more.
    pub(crate) fn wake_up(&mut self) {
        self.asleep_until = 0;
        for conn in 0..number::short(self.connections.len()) {
            if self.get(conn).is_some_and(|connection| connection.may_run()) {
                self.make_runnable(conn);
            }
        }
    }

    /// Whether nothing about a connection, or about the whole server, asks for more than running the handlers of its
    /// requests. That others track what they have read asks for nothing here: changes are noted in the store.
    #[inline]
    pub(crate) fn takes_fast_path(&mut self, conn: ConnId) -> bool {
        self.deferred[conn as usize].is_empty()
            && self.closing.is_empty()
            && !self.global_state.has(GlobalState::HELD)
            && self.connection(conn).takes_fast_path()
    }

    /// Sets memory aside for what a request may take; `false` if that needs a closer look.
    #[inline]
    pub(crate) fn takes(&mut self, args: Args<'_>) -> bool {
        !self.is_out_of_memory()
            && self.memory.take(args.memory_bytes()).is_ok()
            && (!self.records_effects || self.memory.take(args.memory_bytes()).is_ok())
    }

    /// Whether a command may be written down as an effect, for which it takes its arguments' memory once more.
    #[inline]
    pub(crate) fn records(&self, row: &Command) -> bool {
        self.records_effects && row.flags.has(Flags::WRITE)
    }

    /// Puts a connection in line to go on with the input that was kept.
    pub(crate) fn make_runnable(&mut self, conn: ConnId) {
        let connection = self.connection(conn);
        if !connection.is_runnable && !connection.pending.is_empty() {
            connection.is_runnable = true;
            self.runnable.push_back(conn);
        }
    }

    /// Why such a command is refused.
    #[cold]
    pub(crate) fn over_limit(&self) -> Error {
        let limit = self.config.maxmemory.get();
        if limit != 0 && self.counted_memory() > limit { Error::OverMaxmemory } else { Error::OutOfMemory }
    }

    /// Whether a command that may take memory must be refused.
    #[inline]
    pub fn is_out_of_memory(&self) -> bool {
        let limit = self.config.memory_limit();
        limit != 0 && self.counted_memory() > limit
    }

    /// Bytes in use that limits count.
    #[inline]
    fn counted_memory(&self) -> usize {
        (self.memory_used)().saturating_sub(self.memory_held)
    }
}
