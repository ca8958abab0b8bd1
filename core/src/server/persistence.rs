//! What the engine knows of the files that its embedder keeps: which save is under way and when the next one is due,
//! whether the log takes what is written, how far loading has come.
//!
//! The engine asks for saves by [`Output::SaveWanted`](crate::Output::SaveWanted), and hears what came of everything by
//! [`Engine::storage`](crate::Engine::storage).

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use crate::base::error::Error;
use crate::base::numbered::numbered;
use crate::command::{Command, Flags};
use crate::config::{Fsync, PROTECTED};
use crate::keyspace::Store;
use crate::server::blocking::{self, End, TimeoutReply};
use crate::server::{ConnId, GlobalState, Server};

/// How long after a dump has failed the next one is tried, in microseconds.
const RETRY_MICROS: u64 = 5_000_000;

numbered! {
    /// What all data is saved into.
    pub enum SaveKind {
        /// A file of its own, which BGSAVE and the rules of `save` ask for.
        Dump = 0,
        /// The base of the log, which takes the place of the commands so far (BGREWRITEAOF).
        Base = 1,
    }
}

impl SaveKind {
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// What an embedder tells of its files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StorageEvent<'a> {
    /// Files are loaded from now on, so many bytes of them: clients are told so.
    LoadingBegun {
        /// Bytes of all files.
        bytes: u64,
        /// What becomes of what there is.
        present: Present,
    },
    /// Everything is loaded.
    LoadingEnded,
    /// There is a log or there is none, although the options or the last CONFIG SET have said otherwise: another engine,
    /// which has failed, had been told.
    LogKept(bool),
    /// Files are elsewhere than the options have said, for the same reason.
    Place {
        /// The setting that tells it: `dir` or `dbfilename`.
        setting: &'a str,
        /// Its value.
        value: &'a str,
    },
    /// The log does not take what is written; writes are refused.
    LogFailed {
        /// Why, as the operating system words it.
        why: &'a str,
    },
    /// The log takes it again.
    LogRecovered,
    /// Whether the effects of a call are durable before its replies leave.
    CommitsAreDurable(bool),
    /// All effects up to those of this call are durable, counted from 1 over the calls that had any.
    Durable {
        /// The number of the call.
        upto: u64,
    },
    /// A save has begun. What was changed before is in it.
    SaveBegun(SaveKind),
    /// It is complete, and durable.
    Saved(SaveKind),
    /// It has failed, or it could not begin.
    SaveFailed(SaveKind),
    /// An operation on a file has taken long.
    Slow {
        /// Which, as LATENCY calls it.
        operation: SlowOperation,
        /// For how long, in milliseconds.
        millis: u64,
    },
}

numbered! {
    /// What becomes of the data that there is when files are loaded.
    pub enum Present {
        /// It stays; a key of a file that is there already ends loading.
        Stays = 0,
        /// It goes before.
        Goes = 1,
        /// It stays but for the keys that the files have, too.
        GivesWay = 2,
    }
}

impl Present {}

numbered! {
    /// Operations on files whose duration LATENCY shows.
    pub enum SlowOperation {
        /// The log was written to.
        Write = 0,
        /// The same, while a sync was under way.
        WriteDuringSync = 1,
        /// The log was made durable before replies.
        Sync = 2,
        /// A step of a save.
        SaveStep = 3,
    }
}

impl SlowOperation {
    /// The names of its events. As in Redis a write is told twice: by what went on beside it, and with all other writes.
    const fn events(self, is_saving: bool) -> &'static [&'static str] {
        match self {
            SlowOperation::Write if is_saving => &["aof-write-active-child", "aof-write"],
            SlowOperation::Write => &["aof-write-alone", "aof-write"],
            SlowOperation::WriteDuringSync => &["aof-write-pending-fsync", "aof-write"],
            SlowOperation::Sync => &["aof-fsync-always"],
            SlowOperation::SaveStep => &["rdb-step"],
        }
    }
}

/// What became of the saves of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SaveRecord {
    /// Whether another one is to begin once the one under way has ended.
    pub(crate) is_scheduled: bool,
    /// Whether the last one was complete.
    pub(crate) is_ok: bool,
    /// How many seconds the last one took; `None` before the first.
    pub(crate) seconds: Option<u64>,
    /// How many there were.
    pub(crate) count: u64,
    /// How many have failed since the last one that did not.
    pub(crate) failures: u64,
}

/// A save that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Running {
    kind: SaveKind,
    /// In steady microseconds.
    since: u64,
    /// [`Store::dirty`] when it began.
    dirty: u64,
}

/// Loading that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Progress {
    /// When it began, in unix microseconds.
    pub(crate) since: u64,
    /// Bytes in all.
    pub(crate) total: u64,
    /// Bytes so far.
    pub(crate) done: u64,
    /// Whether keys of files take the place of those that are there.
    pub(crate) merges: bool,
}

/// A client that waits until what was written is durable (WAITAOF).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wait {
    pub(crate) conn: ConnId,
    pub(crate) client_id: u64,
    /// The call whose effects are to be durable.
    pub(crate) upto: u64,
    /// Whether it waits for more.
    pub(crate) waits_on: bool,
}

/// See the module's description.
pub(crate) struct Files {
    running: Option<Running>,
    /// By kind.
    pub(crate) records: [SaveRecord; 2],
    /// The save that the embedder is still to be asked for.
    wanted: Option<SaveKind>,
    /// Whether that, or the one under way, is the dump after FLUSHALL.
    is_after_flush: bool,
    /// When the last dump was complete, in unix microseconds and in steady ones; at first when the engine began.
    saved_at: (u64, u64),
    /// When a dump was last begun, in steady microseconds.
    tried_at: u64,
    /// [`Store::dirty`] of which the last dump has everything.
    saved_dirty: u64,
    /// Why the log takes nothing.
    log_fault: Option<String>,
    /// Calls that had effects.
    pub(crate) appended: u64,
    /// Of these, those whose effects are durable.
    pub(crate) durable: u64,
    /// Whether those of all others are before the replies of their calls leave.
    commits_are_durable: bool,
    waits: Vec<Wait>,
    pub(crate) loading: Option<Progress>,
    /// Keys of RDB files, and those that had expired, at the last load.
    pub(crate) loaded: (u64, u64),
}

impl Files {
    pub(crate) fn new(now: u64) -> Files {
        let record = SaveRecord { is_scheduled: false, is_ok: true, seconds: None, count: 0, failures: 0 };
        Files {
            running: None,
            records: [record; 2],
            wanted: None,
            is_after_flush: false,
            saved_at: (now, now),
            tried_at: 0,
            saved_dirty: 0,
            log_fault: None,
            appended: 0,
            durable: 0,
            commits_are_durable: false,
            waits: Vec::new(),
            loading: None,
            loaded: (0, 0),
        }
    }

    /// The save that is under way, or about to be.
    pub(crate) fn running(&self) -> Option<SaveKind> {
        self.running.map(|running| running.kind).or(self.wanted)
    }

    /// The same but for the dump after FLUSHALL, which in Redis is over with that: another one may be asked for.
    pub(crate) fn running_for_clients(&self) -> Option<SaveKind> {
        self.running().filter(|_| !self.is_after_flush)
    }

    /// Asks for the dump after FLUSHALL.
    pub(crate) fn want_after_flush(&mut self) {
        self.is_after_flush |= self.running().is_none();
        self.want(SaveKind::Dump);
    }

    /// For how many seconds a save of this kind has been under way.
    pub(crate) fn running_seconds(&self, kind: SaveKind, steady: u64) -> Option<u64> {
        let running = self.running.filter(|running| running.kind == kind)?;
        Some(steady.saturating_sub(running.since) / 1_000_000)
    }

    /// When the last dump was complete, as a unix time in seconds.
    pub(crate) fn saved_at_seconds(&self) -> u64 {
        self.saved_at.0 / 1_000_000
    }

    /// Changes that no dump has.
    pub(crate) fn changes(&self, dirty: u64) -> u64 {
        dirty.saturating_sub(self.saved_dirty)
    }

    /// Whether the log takes what is written.
    pub(crate) fn is_log_ok(&self) -> bool {
        self.log_fault.is_none()
    }

    /// Whether the effects of a call are durable by the time that a reply of the present call leaves.
    pub(crate) fn is_durable(&self, call: u64, fsync: Fsync) -> bool {
        // A setting that has changed just now may not have reached the embedder yet.
        self.durable >= call || self.commits_are_durable && fsync == Fsync::Always
    }

    /// A client waits from now on.
    pub(crate) fn wait(&mut self, wait: Wait) {
        self.waits.retain(|other| other.conn != wait.conn);
        self.waits.push(wait);
    }

    /// Asks for a save, or for one after the one that is under way.
    pub(crate) fn want(&mut self, kind: SaveKind) {
        if self.running().is_some() {
            self.records[kind.index()].is_scheduled = true;
        } else {
            self.wanted = Some(kind);
        }
    }

    /// Whether the embedder is to be asked for something.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    /// What the embedder is to be asked for.
    pub(crate) fn take_wanted(&mut self) -> Option<SaveKind> {
        self.wanted.take()
    }

    /// All data is other than before, as what was loaded.
    pub(crate) fn begin_anew(&mut self) {
        self.saved_dirty = 0;
    }
}

/// The embedder tells of its files.
pub(crate) fn note(store: &mut Store, server: &mut Server, event: StorageEvent<'_>) {
    let (now, steady) = (server.now, server.steady);
    let files = &mut server.files;
    match event {
        StorageEvent::LoadingBegun { bytes, present } => {
            let merges = present == Present::GivesWay;
            files.loading = Some(Progress { since: now, total: bytes, done: 0, merges });
            if present == Present::Goes {
                empty(store, server);
            }
        }
        StorageEvent::LoadingEnded => {
            files.loading = None;
            files.begin_anew();
            for conn in store.note_loaded() {
                if let Some(connection) = server.get(conn) {
                    connection.is_dirty = true;
                }
            }
        }
        StorageEvent::LogKept(is_kept) => keep_log(store, server, is_kept),
        StorageEvent::Place { setting, value } => {
            if let Some(&name) = PROTECTED.iter().find(|&&name| name == setting) {
                server.config.set_host(name, String::from(value));
            }
        }
        StorageEvent::LogFailed { why } => files.log_fault = Some(String::from(why)),
        StorageEvent::LogRecovered => files.log_fault = None,
        StorageEvent::CommitsAreDurable(are_durable) => files.commits_are_durable = are_durable,
        StorageEvent::Durable { upto } => {
            files.durable = files.durable.max(upto);
            end_waits(store, server);
        }
        StorageEvent::SaveBegun(kind) => {
            files.running = Some(Running { kind, since: steady, dirty: store.dirty });
            files.records[kind.index()].is_scheduled = false;
            if kind == SaveKind::Dump {
                files.tried_at = steady;
            }
        }
        StorageEvent::Saved(kind) => {
            let running = files.running.take().filter(|running| running.kind == kind);
            if kind == SaveKind::Dump {
                files.saved_at = (now, steady);
                files.saved_dirty = running.map_or(store.dirty, |running| running.dirty);
            }
            ended(server, kind, running, true);
        }
        StorageEvent::SaveFailed(kind) => {
            let running = files.running.take();
            if kind == SaveKind::Dump {
                files.tried_at = steady;
            }
            ended(server, kind, running, false);
        }
        StorageEvent::Slow { operation, millis } => {
            for &event in operation.events(files.running.is_some()) {
                server.observer.latency.add(event, now / 1_000_000, millis);
            }
        }
    }
    refresh(server);
}

impl Server {
    /// Takes note that a client has caused effects, if there are any that are still to be made durable.
    #[inline]
    pub(crate) fn note_effects(&mut self, store: &Store, conn: ConnId) {
        if !store.effects.bytes.is_empty() {
            self.connection(conn).written_by = self.files.appended + 1;
        }
    }
}

/// Lets clients go on that have waited for what is durable now.
fn end_waits(store: &mut Store, server: &mut Server) {
    let durable = server.files.durable;
    let (over, left) = mem::take(&mut server.files.waits).into_iter().partition(|wait| wait.upto <= durable);
    server.files.waits = left;
    let over: Vec<Wait> = over;
    for Wait { conn, client_id, waits_on, .. } in over {
        let Some(connection) = server.get(conn).filter(|connection| connection.client_id == client_id) else {
            continue;
        };
        // It may wait for something else meanwhile.
        let Some(blocked) = connection.blocked.as_mut() else { continue };
        if blocked.block.on_timeout != TimeoutReply::TwoZeros {
            continue;
        }
        blocked.block.on_timeout = TimeoutReply::OneAndZero;
        if !waits_on {
            blocking::end_wait(store, server, conn, End::Timeout);
        }
    }
}

/// Records effects from now on, or not any more.
pub(crate) fn keep_log(store: &mut Store, server: &mut Server, is_kept: bool) {
    server.config.persistence.has_log = is_kept;
    server.records_effects = is_kept;
    store.effects.enabled = is_kept;
}

fn empty(store: &mut Store, server: &mut Server) {
    for db in 0..store.databases() {
        store.flush(db);
    }
    server.scripting.libraries.flush();
}

fn ended(server: &mut Server, kind: SaveKind, running: Option<Running>, is_ok: bool) {
    let steady = server.steady;
    let files = &mut server.files;
    files.is_after_flush = false;
    let record = &mut files.records[kind.index()];
    record.is_ok = is_ok;
    record.count += u64::from(is_ok);
    record.failures = if is_ok { 0 } else { record.failures + 1 };
    record.seconds = Some(running.map_or(0, |running| steady.saturating_sub(running.since) / 1_000_000));
    // As in Redis, the log comes first.
    let next =
        [SaveKind::Base, SaveKind::Dump].into_iter().find(|kind| files.records[kind.index()].is_scheduled);
    if let Some(kind) = next
        && files.wanted.is_none()
    {
        files.records[kind.index()].is_scheduled = false;
        files.wanted = Some(kind);
    }
}

/// Looks again at what requests depend on, since the state of files or a setting has changed.
pub(crate) fn refresh(server: &mut Server) {
    let is_denied = fault(server).is_some();
    server.global_state.set(GlobalState::WRITES_DENIED, is_denied);
    let is_loading = server.files.loading.is_some();
    server.global_state.set(GlobalState::LOADING, is_loading);
}

/// Why writes are refused, if they are.
pub(crate) fn fault(server: &Server) -> Option<Error> {
    let (settings, files) = (&server.config.persistence, &server.files);
    if settings.stops_writes
        && !settings.save_rules.is_empty()
        && !files.records[SaveKind::Dump.index()].is_ok
    {
        return Some(Error::Text(
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
             Commands that may modify the data set are disabled, because this instance is configured to report \
             errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the \
             Redis logs for details about the RDB error.",
        ));
    }
    let why = files.log_fault.as_ref().filter(|_| settings.has_log)?;
    Some(Error::Owned(alloc::format!("MISCONF Errors writing to the AOF file: {why}")))
}

/// What loading and failures of files have against a request, asked while there is any.
#[cold]
pub(crate) fn refusal(server: &Server, row: &Command, queues_writes: bool) -> Option<Error> {
    if row.flags.has(Flags::WRITE) || row.name == "PING" || queues_writes { fault(server) } else { None }
}

/// The same of a server that loads.
#[cold]
pub(crate) fn loading_refusal(server: &Server, row: &Command) -> Option<Error> {
    let is_refused = server.global_state.has(GlobalState::LOADING) && !row.flags.has(Flags::LOADING);
    is_refused.then_some(Error::Text("LOADING Redis is loading the dataset in memory"))
}

/// When a dump is due, in steady microseconds.
pub(crate) fn deadline(store: &Store, server: &Server) -> Option<u64> {
    let files = &server.files;
    let changes = files.changes(store.dirty);
    if changes < server.config.save_changes_min() || files.running().is_some() || files.loading.is_some() {
        return None;
    }
    let rules = server.config.persistence.save_rules.iter().filter(|rule| changes >= rule.changes);
    // Redis counts whole seconds, of which more must have passed than the rule says.
    let at = rules.map(|rule| (rule.seconds + 1).saturating_mul(1_000_000)).min()?;
    let at = files.saved_at.1.saturating_add(at);
    let is_ok = files.records[SaveKind::Dump.index()].is_ok;
    Some(if is_ok { at } else { at.max(files.tried_at.saturating_add(RETRY_MICROS)) })
}

/// Asks for a dump if one is due.
#[inline]
pub(crate) fn follow_rules(store: &Store, server: &mut Server) {
    if deadline(store, server).is_some_and(|at| at <= server.steady) {
        server.files.want(SaveKind::Dump);
    }
}

/// How much is loaded, in percent, and how many seconds the rest may take, as INFO tells.
pub(crate) fn progress(progress: Progress, now: u64) -> (f64, u64) {
    let Progress { since, total, done, .. } = progress;
    let total = total.max(1);
    let seconds = now.saturating_sub(since) / 1_000_000;
    let left = match done {
        0 => 1,
        done => {
            let left = u128::from(seconds) * u128::from(total.saturating_sub(done)) / u128::from(done);
            u64::try_from(left).unwrap_or(u64::MAX)
        }
    };
    (done as f64 / total as f64 * 100.0, left)
}

#[cfg(test)]
mod tests;
