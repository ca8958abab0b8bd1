//! The engine's doors, and the way of a request behind them.

use alloc::vec::Vec;
use core::mem;

use crate::base::error::Error;
use crate::base::memory::Purpose;
use crate::command::ResolvedCommand;
use crate::command::context::Context;
use crate::config::Options;
use crate::engine::admit::{Dispatched, dispatch};
use crate::engine::outbox::Outbox;
use crate::keyspace::{Entry, Store};
use crate::number;
use crate::observe;
use crate::resp::args::{Args, Range};
use crate::resp::{Parsed, Parser, Protocol, Reply, split_inline};
use crate::scripting;
use crate::server::blocking;
use crate::server::client_eviction;
use crate::server::connection::{ConnId, Connection, Peer, ReplyMode, unwatch_all};
use crate::server::eviction;
use crate::server::host_request;
use crate::server::pause;
use crate::server::persistence::{self, StorageEvent};
use crate::server::pubsub;
use crate::server::tracking;
use crate::server::{GlobalState, Server};

pub(crate) mod admit;
mod ahead;
mod call;
#[cfg(test)]
pub(crate) mod conversation;
pub(crate) mod invoke;
mod load;
pub(crate) mod outbox;
mod receive;
mod save;
mod session;

pub use call::Called;
pub use load::{LoadFault, LoadFormat, Loaded};
pub use outbox::{Class, DEFAULT_USER_GUARDED, Output};
pub use save::{SaveFault, SaveFormat, SaveOptions};
#[cfg(test)]
mod tests;

/// Unix time in microseconds.
pub type Micros = u64;

/// Requests that are parsed and looked up ahead, so that their cache misses overlap.
const BATCH_REQUESTS_MAX: usize = 32;
/// Microseconds between two looks at idle connections.
const IDLE_CHECK_MICROS: u64 = 1_000_000;
/// What a connection takes, with what the host says of it, in bytes.
const CONNECTION_BYTES: usize = 2 << 10;
/// A partial request's arguments are copied up to so many.
const RANGES_COPIED_MAX: usize = 64;
/// Connections served per call before the host gets its turn.
const RUNNABLE_PER_CALL_MAX: usize = 1024;

/// A Redis-compatible store without I/O, clock or randomness of its own: bytes, time and a seed go in, outputs come out.
///
/// There are four kinds of methods, and an embedder calls them in this order:
///
/// 1. What has happened: any number of [`connect`](Engine::connect), [`handle_input`](Engine::handle_input),
///    [`disconnect`](Engine::disconnect), [`pause`](Engine::pause), [`resume`](Engine::resume), and
///    [`answer`](Engine::answer) after an [`Output::HostRequest`]. [`look_ahead`](Engine::look_ahead) may come before
///    them and changes nothing.
/// 2. Time: [`handle_timeout`](Engine::handle_timeout), once the time has come that `poll_timeout` has told.
/// 3. What is to be done: [`poll_output`](Engine::poll_output), until it gives `None`. Outputs come in order, and an
///    [`Output::Append`] comes before the writes that it justifies. Their bytes lie in the engine until it is called
///    again.
/// 4. When to come back: [`poll_timeout`](Engine::poll_timeout), after all outputs are taken.
///
/// Times are unix times in microseconds. Equal calls with equal seeds give equal outputs.
///
/// ```
/// use sanderling_core::{Engine, Options, Output, Peer};
///
/// let mut now = 1_700_000_000_000_000;
/// let mut engine = Engine::new(Options::default(), [7; 16], now);
/// let conn = engine.connect(now, Peer { addr: "127.0.0.1:50000", laddr: "127.0.0.1:6379", unix: false, trusted: false });
///
/// // Requests may be cut anywhere.
/// engine.handle_input(now, conn, b"SET greeting hello PX 50\r\nGET gree");
/// engine.handle_input(now, conn, b"ting\r\n");
/// let mut sent = Vec::new();
/// while let Some(output) = engine.poll_output() {
///     if let Output::Write { bytes, .. } = output {
///         sent.extend_from_slice(bytes);
///     }
/// }
/// assert_eq!(sent, b"+OK\r\n$5\r\nhello\r\n");
///
/// // The key goes when its time is over, and the engine says when it wants to see to that.
/// now = engine.poll_timeout().expect("a key is going to expire");
/// engine.handle_timeout(now);
/// assert!(engine.poll_output().is_none());
/// ```
pub struct Engine {
    store: Store,
    server: Server,
    outbox: Outbox,
    /// Requests of the batch that is being processed.
    requests: Vec<Request>,
    /// Their arguments.
    ranges: Vec<Range>,
    /// Where the arena's bytes begin that the running connection has written and that no output names yet.
    unclaimed: usize,
    /// In steady microseconds.
    idle_check_at: Micros,
    /// Pieces of the effects that were handed over.
    effects_polled: usize,
    /// The database that the first effect of the call is about unless it says another.
    effects_db: Option<u32>,
    /// What is being loaded, between two pieces of it.
    loading: Option<load::Loading>,
    /// The file of the snapshot that is under way.
    saving: Option<save::SnapshotFile>,
}

/// A parsed request: where it ends, its arguments, and what the pre-pass found.
#[derive(Clone, Copy)]
struct Request {
    /// First and last of its ranges.
    ranges: (u32, u32),
    /// Bytes of input up to its end.
    end: usize,
    row: Option<ResolvedCommand>,
    /// Hash of its first key, if `is_keyed`.
    hash: u64,
    /// Whether its second word is its first key.
    is_keyed: bool,
    /// Whether it is an inline command, still to be split.
    is_inline: bool,
}

impl Request {
    #[inline(always)]
    fn args<'a>(&self, input: &'a [u8], ranges: &'a [Range]) -> Args<'a> {
        Args::new(input, &ranges[self.ranges.0 as usize..self.ranges.1 as usize])
    }
}

impl Engine {
    /// An engine with these options. The seed decides every random choice and every hash.
    pub fn new(options: Options, seed: [u8; 16], now: Micros) -> Engine {
        let mut store = Store::new(options.config.databases, seed);
        store.effects.enabled = options.effects;
        options.config.apply(&mut store);
        let run_id = store.random.run_id();
        let server = Server::new(options, seed, run_id, now);
        store.memory = server.memory;
        Engine {
            store,
            server,
            outbox: Outbox::default(),
            requests: Vec::with_capacity(BATCH_REQUESTS_MAX),
            ranges: Vec::new(),
            unclaimed: 0,
            idle_check_at: now + IDLE_CHECK_MICROS,
            effects_polled: 0,
            effects_db: None,
            loading: None,
            saving: None,
        }
    }

    /// A client has connected.
    pub fn connect(&mut self, now: Micros, peer: Peer<'_>) -> ConnId {
        self.begin(now);
        let mut take =
            || eviction::take(&mut self.store, &mut self.server, Purpose::Connection, CONNECTION_BYTES);
        let has_memory = take() || (self.outbox.give_back() && take());
        let is_in = self.server.acl.admits(peer.trusted);
        let steady = self.server.steady;
        let conn = self.server.add(|client_id| Connection::new(client_id, peer, steady, is_in));
        self.server.refresh_restrictions(conn);
        if self.server.connected > self.server.config.maxclients || !has_memory {
            self.server.stats.rejected += 1;
            let error = if has_memory {
                Error::Text("ERR max number of clients reached")
            } else {
                Error::OutOfMemory
            };
            self.server.output_of(conn).error(&error);
            self.server.close(conn);
            self.close_connections();
        } else {
            self.server.stats.connections += 1;
        }
        conn
    }

    /// A client has gone.
    pub fn disconnect(&mut self, now: Micros, conn: ConnId) {
        self.begin(now);
        if self.server.get(conn).is_some() {
            self.forget(conn);
        }
    }

    /// Bytes have come from a client. Partial requests are kept.
    pub fn handle_input(&mut self, now: Micros, conn: ConnId, bytes: &[u8]) {
        self.begin(now);
        let limit = self.server.config.input_bytes_max();
        let steady = self.server.steady;
        let Some(connection) = self.server.get(conn) else { return };
        connection.last_active = steady;
        connection.bytes_in += bytes.len() as u64;
        let is_over = connection.pending.len() + bytes.len() > limit && connection.skip.is_none();
        self.server.stats.note_received(bytes.len());
        if is_over {
            self.server.stats.input_limit_disconnects += 1;
            self.server.close(conn);
        } else {
            let mut rest = bytes;
            while !rest.is_empty() {
                rest = self.receive(conn, rest);
            }
        }
        if self.server.config.maxmemory_clients != 0 {
            client_eviction::note(&mut self.server, conn);
        }
        self.finish();
    }

    /// A client takes no replies for now: its requests are kept, so that it cannot pile replies up in the host by
    /// what it has sent already.
    pub fn pause(&mut self, conn: ConnId) {
        if let Some(connection) = self.server.get(conn) {
            connection.is_paused = true;
        }
    }

    /// It takes replies again; `handle_timeout` goes on with its requests.
    pub fn resume(&mut self, conn: ConnId) {
        if let Some(connection) = self.server.get(conn)
            && connection.is_paused
        {
            connection.is_paused = false;
            self.server.make_runnable(conn);
        }
    }

    /// Time has passed: does what is due, in bounded steps.
    pub fn handle_timeout(&mut self, now: Micros) {
        self.begin(now);
        if self.server.scripting.paused.is_some() && !scripting::go_on(&mut self.store, &mut self.server) {
            self.finish();
            return;
        }
        if self.server.is_asleep() {
            self.finish();
            return;
        }
        if self.server.asleep_until != 0 {
            self.server.wake_up();
            self.store.ready = mem::take(&mut self.server.ready_later);
        }
        pause::lift_if_over(&mut self.store, &mut self.server);
        blocking::end_waits(&mut self.store, &mut self.server);
        if !self.is_filling() {
            observe::maintain(&mut self.store, &mut self.server);
            persistence::follow_rules(&self.store, &mut self.server);
        }
        self.server.memory_peak = self.server.memory_peak.max((self.server.memory_used)());
        eviction::go_on(&mut self.store, &mut self.server);
        tracking::keep_limit(&mut self.server);
        self.after_command(None);
        if self.idle_check_at <= self.server.steady {
            self.idle_check_at = self.server.steady + IDLE_CHECK_MICROS;
            self.close_idle();
        }
        self.finish();
    }

    /// When `handle_timeout` is wanted next; a time that is not after now means at once. When the clock is set back
    /// meanwhile, it must be called before that time comes, so that the engine can say how long it is still to wait.
    pub fn poll_timeout(&self) -> Option<Micros> {
        let wanted = self.poll_waits();
        // Nothing expires while files are loaded.
        if self.rests() || self.is_filling() {
            return wanted;
        }
        [wanted, self.store.next_deadline()].into_iter().flatten().min()
    }

    /// The same, but for the upkeep of keys: what has expired goes when it is next looked at, too. An embedder that pays for
    /// being awake need not be so for its sake.
    pub fn poll_waits(&self) -> Option<Micros> {
        if self.server.host_request.is_some() {
            return None;
        }
        if self.rests() {
            let is_script = self.server.scripting.paused.is_some();
            return Some(if is_script { 0 } else { self.server.clock_at(self.server.asleep_until) });
        }
        // What was loaded wakes waiters in the next call.
        if self.server.has_work_left() || !self.store.ready.is_empty() {
            return Some(0);
        }
        let wait = self.server.timers.first().map(|&(at, _)| at);
        let idle = (self.server.config.timeout_seconds > 0 && self.server.connected > 0)
            .then_some(self.idle_check_at);
        let pause = pause::deadline(&self.server);
        let dump = persistence::deadline(&self.store, &self.server);
        [wait, idle, pause, dump].into_iter().flatten().min().map(|at| self.server.clock_at(at))
    }

    /// Whether no request may run before something has ended: an answer of the host, a script, or a nap.
    fn rests(&self) -> bool {
        let is_busy = self.server.global_state.has(GlobalState::BUSY);
        self.server.host_request.is_some() || self.server.asleep_until != 0 || is_busy
    }

    /// The next thing for the host to do, in order.
    pub fn poll_output(&mut self) -> Option<Output<'_>> {
        let effects = &self.store.effects.bytes;
        if !effects.is_empty() && effects.get(self.effects_polled).is_some() {
            let (bytes, db) = self.poll_effects()?;
            return Some(Output::Append { bytes, db });
        }
        self.outbox.poll()
    }

    /// The next piece of effects, and the database of an [`Output::Append`]: an embedder may take all pieces before it asks
    /// for outputs, which then are without them.
    pub fn poll_effects(&mut self) -> Option<(&[u8], Option<u32>)> {
        let bytes = self.store.effects.bytes.get(self.effects_polled)?;
        self.server.files.appended += u64::from(self.effects_polled == 0);
        self.effects_polled += 1;
        Some((bytes, self.effects_db))
    }

    /// How an [`Output::HostRequest`] went: with the text that was asked for, if any, or why it failed, as the operating
    /// system words it. Everything goes on that has waited for it.
    pub fn answer(&mut self, now: Micros, answer: Result<&[u8], &str>) {
        self.begin(now);
        host_request::end(&mut self.store, &mut self.server, answer);
        self.finish();
    }

    /// The embedder tells of the files that it keeps.
    pub fn storage(&mut self, now: Micros, event: StorageEvent<'_>) {
        self.begin(now);
        persistence::note(&mut self.store, &mut self.server, event);
        self.finish();
    }

    /// Every entry of a database whose time has not come, in no useful order.
    pub fn entries(&self, db: usize) -> impl Iterator<Item = &Entry> {
        self.store.entries(db)
    }

    /// The most arguments of a request, the most bytes of one of them, and the most bytes of a whole request. What is
    /// longer ends a conversation, so that whoever writes requests can keep to it.
    pub fn request_limits(&self) -> [usize; 3] {
        let config = &self.server.config;
        [config.arguments_max, config.bulk_bytes_max.get(), config.input_bytes_max()]
    }

    /// The parts behind the doors, for tests of states that no command reaches alone.
    #[cfg(test)]
    pub(crate) fn parts(&mut self) -> (&mut Store, &mut Server) {
        (&mut self.store, &mut self.server)
    }

    /// The same, only to look at the server.
    #[cfg(test)]
    pub(crate) fn view(&self) -> &Server {
        &self.server
    }

    // ----- one batch -----

    fn begin(&mut self, now: Micros) {
        self.outbox.reset_if_drained();
        if self.effects_polled > 0 {
            self.effects_polled = 0;
            self.store.effects.bytes.clear();
            self.effects_db = self.store.effects.database();
        }
        if self.server.set_time(now) {
            self.store.go_back(now / 1000);
        }
        self.store.now = if self.server.is_loading { 0 } else { now / 1000 };
        self.store.steady = self.server.steady / 1000;
    }

    /// Lets connections go on that were kept waiting, then hands over what was written for others.
    fn finish(&mut self) {
        if !self.is_followed() {
            self.server.told_bytes = 0;
            return;
        }
        for _ in 0..RUNNABLE_PER_CALL_MAX.min(self.server.runnable.len()) {
            if self.is_full() || self.server.is_asleep() {
                break;
            }
            let Some(conn) = self.server.runnable.pop_front() else { break };
            let Some(connection) = self.server.get(conn) else { continue };
            connection.is_runnable = false;
            if connection.may_run() {
                let input = mem::take(&mut connection.pending);
                self.process_kept(conn, input);
            }
        }
        if self.server.config.maxmemory_clients != 0 {
            client_eviction::enforce(&mut self.server);
        }
        if self.server.global_state.has(GlobalState::TRACKING) {
            tracking::broadcast(&mut self.server);
        }
        for conn in mem::take(&mut self.server.with_deferred) {
            if self.server.get(conn).is_some() {
                self.flush_side(conn);
            }
        }
        self.server.told_bytes = 0;
        self.close_connections();
        for (name, value) in mem::take(&mut self.server.settings) {
            self.outbox.setting(name, value);
        }
        if let Some((request, text)) =
            self.server.host_request.as_mut().and_then(host_request::Asked::take_question)
        {
            self.outbox.host_request(request, text);
        }
        self.report_failed_save();
        if let Some(kind) = self.server.files.take_wanted() {
            self.outbox.save_wanted(kind);
        }
        if mem::take(&mut self.server.is_shutdown) {
            self.outbox.shutdown();
        }
    }

    /// Whether files are being loaded.
    fn is_filling(&self) -> bool {
        self.loading.is_some() || self.server.files.loading.is_some()
    }

    /// Whether the host should take what there is before there is more.
    fn is_full(&mut self) -> bool {
        let bytes_max = self.server.config.output_batch_bytes_max;
        self.outbox.is_full(bytes_max)
            || self.server.told_bytes.max(self.store.effects.bytes.len()) >= bytes_max
            || !self.outbox.has_slack(self.server.memory)
    }

    /// Processes requests until the input ends or the connection cannot go on; returns the bytes used up, and whether that
    /// was all of it but for a partial request at its end.
    fn process(&mut self, conn: ConnId, input: &[u8]) -> (usize, bool) {
        let connection = self.server.connection(conn);
        connection.handled_bytes = input.len();
        let mut parser = mem::take(&mut connection.parser);
        // Only a partial request's arguments are kept with their connection.
        let is_partial = parser.is_within();
        let mut ranges = mem::take(if is_partial { &mut connection.ranges } else { &mut self.ranges });
        let mut requests = mem::take(&mut self.requests);
        self.unclaimed = self.outbox.arena.len();
        let mut consumed = 0;
        // Whether all is processed, but for a partial request at the end.
        let is_drained = loop {
            requests.clear();
            let parsed = self.gather(conn, input, &mut parser, &mut ranges, &mut requests);
            if !self.execute_all(conn, input, &ranges, &requests, &mut consumed) {
                // What was parsed ahead is parsed again later, since the connection's state may change it.
                parser = Parser::default();
                ranges.clear();
                break false;
            }
            match parsed {
                Parsed::Partial => {
                    let first = requests.last().map_or(0, |request| request.ranges.1 as usize);
                    if parser.is_within() {
                        ranges.drain(..first);
                        for range in &mut ranges {
                            range.0 -= number::short(consumed);
                        }
                        parser.position -= consumed;
                    } else {
                        consumed = parser.position;
                        parser = Parser::default();
                        ranges.clear();
                    }
                    break true;
                }
                Parsed::Invalid(text) => {
                    self.refuse(conn, &Error::Owned(alloc::format!("ERR Protocol error: {text}")));
                    break false;
                }
                Parsed::ExpectedBulk(byte) => {
                    let text = alloc::format!("ERR Protocol error: expected '$', got '{}'", byte as char);
                    self.refuse(conn, &Error::Owned(text));
                    break false;
                }
                Parsed::OutOfMemory => {
                    match self.refuse_parsed(conn, &parser, &input[parser.position..]) {
                        Some(skipped) => consumed = parser.position + skipped,
                        None => break false,
                    }
                    parser = Parser::at(consumed);
                    ranges.clear();
                    if consumed == input.len() {
                        parser = Parser::default();
                        break true;
                    }
                }
                Parsed::Request | Parsed::Inline(_) | Parsed::Nothing => ranges.clear(),
            }
        };
        self.claim(conn);
        self.requests = requests;
        if let Some(connection) = self.server.get(conn) {
            if parser.is_within() && ranges.len() <= RANGES_COPIED_MAX {
                // A list stays here for whoever comes next, whatever is left of memory then.
                connection.ranges = ranges.clone();
                ranges.clear();
                self.ranges = ranges;
            } else if parser.is_within() {
                connection.ranges = ranges;
            } else {
                ranges.clear();
                self.ranges = ranges;
            }
            connection.parser = parser;
            connection.handled_bytes = 0;
            if !is_drained && consumed < input.len() && connection.may_run() && !connection.is_runnable {
                connection.is_runnable = true;
                self.server.runnable.push_back(conn);
            }
        }
        (consumed, is_drained)
    }

    /// Runs requests in order; `false` if the connection cannot go on now.
    fn execute_all(
        &mut self,
        conn: ConnId,
        input: &[u8],
        ranges: &[Range],
        requests: &[Request],
        consumed: &mut usize,
    ) -> bool {
        let mut at = 0;
        while at < requests.len() {
            if !self.outbox.has_slack(self.server.memory) {
                return false;
            }
            let request = &requests[at];
            match self.execute_fast(conn, input, ranges, &requests[at..]) {
                0 => {
                    if !self.execute_one(conn, input, ranges, request) {
                        return false;
                    }
                    at += 1;
                }
                done => at += done,
            }
            *consumed = requests[at - 1].end;
            let Some(connection) = self.server.get(conn) else { return false };
            if !connection.may_run()
                || self.outbox.is_full_with(self.unclaimed, self.server.config.output_batch_bytes_max)
                || self.server.told_bytes.max(self.store.effects.bytes.len())
                    >= self.server.config.output_batch_bytes_max
            {
                return false;
            }
        }
        true
    }

    /// Runs requests that need nothing but their handlers, up to the first that does, and returns how many.
    ///
    /// A connection without a special state asks for nothing that [`dispatch`] would look at, and the commands of
    /// the value types change no such state: so it is looked at once here and not for each request.
    #[inline(never)]
    fn execute_fast(&mut self, conn: ConnId, input: &[u8], ranges: &[Range], requests: &[Request]) -> usize {
        let Some(first) = requests[0].row.filter(|found| found.takes_fast_path()) else { return 0 };
        if !self.server.takes_fast_path(conn) || self.server.is_out_of_memory() {
            return 0;
        }
        let batch_bytes_max = self.server.config.output_batch_bytes_max;
        let full_at = self.outbox.full_at(self.unclaimed, batch_bytes_max);
        let (protocol, _) = invoke::prepare(&mut self.store, &mut self.server, conn);
        let reply = Reply::new(&mut self.outbox.arena, protocol).within(self.server.memory);
        let (store, server) = (&mut self.store, &mut self.server);
        let mut ctx = Context { store, server, reply, conn, row: first.row, parent: None, may_block: true };
        let mut done = 0;
        for request in requests {
            let Some(found) = request.row.filter(|found| found.takes_fast_path()) else { break };
            let args = request.args(input, ranges);
            if !found.accepts(args.len()) || (found.takes_memory() && !ctx.server.takes(args)) {
                break;
            }
            if request.is_keyed {
                ctx.store.hint(args.at(1), request.hash);
            }
            ctx.row = found.row;
            ctx.call(args);
            ctx.store.forget_hint();
            done += 1;
            if ctx.store.has_consequences()
                || !ctx.server.closing.is_empty()
                || ctx.reply.mark() >= full_at
                || (ctx.store.effects.enabled && ctx.store.effects.bytes.len() >= batch_bytes_max)
            {
                break;
            }
        }
        if done > 0 {
            let connection = self.server.connection(conn);
            connection.commands += done as u64;
            connection.last_command = requests[done - 1].row.map(|found| (None, found.row));
            self.see_to_consequences(conn);
        }
        done
    }

    /// Runs one request, whatever it is; `false` if it must be sent again later.
    #[inline(never)]
    fn execute_one(&mut self, conn: ConnId, input: &[u8], ranges: &[Range], request: &Request) -> bool {
        let args = request.args(input, ranges);
        if request.is_inline {
            return self.execute_inline(conn, args.at(0));
        }
        if request.is_keyed {
            self.store.hint(args.at(1), request.hash);
        }
        let is_done = self.execute(conn, args, request.row);
        self.store.forget_hint();
        is_done
    }

    /// As [`Engine::execute`].
    fn execute_inline(&mut self, conn: ConnId, line: &[u8]) -> bool {
        if self.server.is_loading {
            // Logs have no other lines than comments.
            if !line.starts_with(b"#") {
                self.server.stop_loading("a line that is no command", line.get(..32).unwrap_or(line));
            }
            return true;
        }
        let (mut buffer, mut ranges) = (Vec::new(), Vec::new());
        if split_inline(line, &mut buffer, &mut ranges).is_none() {
            self.refuse(conn, &Error::Text("ERR Protocol error: unbalanced quotes in request"));
        } else if !ranges.is_empty() {
            let args = Args::new(&buffer, &ranges);
            let row = self.server.lookup.resolve(args.at(0));
            return self.execute(conn, args, row);
        }
        true
    }

    /// Runs one request of a connection and everything that follows from it; `false` if it must be sent again
    /// later.
    #[inline]
    fn execute(&mut self, conn: ConnId, args: Args<'_>, row: Option<ResolvedCommand>) -> bool {
        if !self.server.deferred(conn).is_empty() {
            self.claim(conn);
            self.flush_side(conn);
            self.unclaimed = self.outbox.arena.len();
        }
        let row = row.or_else(|| self.server.born_with(args.at(0)));
        let start = self.outbox.arena.len();
        let connection = self.server.connection(conn);
        connection.commands += 1;
        let protocol = connection.protocol;
        let arena = &mut self.outbox.arena;
        match dispatch(&mut self.store, &mut self.server, arena, conn, protocol, args, row) {
            Dispatched::Done => {}
            Dispatched::Waits(row, block) => {
                blocking::wait(&mut self.store, &mut self.server, conn, row, *block, args);
            }
            Dispatched::Postponed => {
                self.server.connection(conn).commands -= 1;
                return false;
            }
        }
        let connection = self.server.connection(conn);
        // While a request waits, its reply and what CLIENT REPLY says of it are still to come.
        if connection.reply_mode != ReplyMode::On && connection.blocked.is_none() {
            self.outbox.arena.truncate(start);
            connection.reply_mode.advance();
        }
        self.see_to_consequences(conn);
        true
    }

    #[inline]
    fn see_to_consequences(&mut self, conn: ConnId) {
        if self.has_consequences() {
            self.claim(conn);
            self.after_command(Some(conn));
            self.unclaimed = self.outbox.arena.len();
        }
    }

    /// Makes an output of what the running connection has written since the last one.
    fn claim(&mut self, conn: ConnId) {
        let class = self.server.class(conn);
        self.server.stats.note_sent(self.outbox.arena.len() - self.unclaimed);
        self.outbox.written(conn, self.unclaimed, class);
        self.unclaimed = self.outbox.arena.len();
    }

    #[inline]
    fn has_consequences(&self) -> bool {
        self.store.has_consequences()
            || !self.server.broadcast.deliveries.is_empty()
            || !self.server.closing.is_empty()
    }

    /// What a command causes elsewhere: broken watches, messages, closed connections, woken waiters.
    fn after_command(&mut self, conn: Option<ConnId>) {
        while self.has_consequences() {
            if !self.store.invalidated.is_empty() {
                tracking::settle(&mut self.store, &mut self.server, conn);
            }
            for conn in mem::take(&mut self.store.touched) {
                if let Some(connection) = self.server.get(conn) {
                    connection.is_dirty = true;
                }
            }
            if !self.store.notices.is_empty() {
                pubsub::publish_notices(&mut self.store, &mut self.server);
            }
            self.deliver();
            self.close_connections();
            for (db, key) in mem::take(&mut self.store.ready) {
                blocking::serve(&mut self.store, &mut self.server, db, &key);
            }
        }
    }

    // ----- closing -----

    /// Says why to a connection, and closes it.
    fn refuse(&mut self, conn: ConnId, error: &Error) {
        self.claim(conn);
        let start = self.outbox.arena.len();
        Reply::new(&mut self.outbox.arena, Protocol::Resp2).within(self.server.memory).error(error);
        let class = self.server.class(conn);
        self.outbox.written(conn, start, class);
        self.unclaimed = self.outbox.arena.len();
        self.server.close(conn);
    }

    fn close_idle(&mut self) {
        let seconds = self.server.config.timeout_seconds;
        if seconds == 0 {
            return;
        }
        let oldest = self.server.steady.saturating_sub(seconds.saturating_mul(1_000_000));
        let idle: Vec<ConnId> = self
            .server
            .connections()
            .into_iter()
            .filter(|(_, connection)| {
                connection.last_active < oldest
                    && connection.blocked.is_none()
                    && !connection.is_postponed
                    && !connection.subscriptions.is_any()
            })
            .map(|(conn, _)| conn)
            .collect();
        for conn in idle {
            self.server.close(conn);
        }
    }

    fn close_connections(&mut self) {
        for conn in mem::take(&mut self.server.closing) {
            if self.server.get(conn).is_some() {
                self.flush_side(conn);
                self.forget(conn);
                self.outbox.close(conn);
            }
        }
    }

    fn forget(&mut self, conn: ConnId) {
        scripting::abandon(&mut self.store, &mut self.server, conn);
        blocking::forget(&mut self.store, &mut self.server, conn);
        pause::forget(&mut self.server, conn);
        tracking::forget(&mut self.store, &mut self.server, conn);
        unwatch_all(&mut self.store, self.server.connection(conn), conn);
        pubsub::forget(&mut self.server, conn);
        self.server.set_monitor(conn, false);
        client_eviction::forget(&mut self.server, conn);
        self.server.delete(conn);
    }
}
