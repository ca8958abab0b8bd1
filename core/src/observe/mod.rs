//! What can be seen of the commands that run: MONITOR, SLOWLOG, LATENCY, and the counters of INFO.
//!
//! None of it changes a reply of any other command. The engine has no clock within a command; the embedder may
//! lend one ([`Options::clock`](crate::Options)). It is read as seldom as an honest answer allows: a command whose
//! row says that it is fast cannot pass a threshold of a millisecond unless it brings much with it, so it is only
//! timed when every command is to be timed. All other commands are timed by two readings.

mod histogram;
mod latency;
mod monitor;
mod slowlog;
mod statistics;

pub(crate) use histogram::Histogram;
pub(crate) use latency::{Event, Latency, Sample};
pub(crate) use slowlog::SlowLog;
pub(crate) use statistics::{Counts, Statistics};

use alloc::vec::Vec;

use crate::command::context::Context;
use crate::command::{Command, Flags};
use crate::config::Config;
use crate::keyspace::Store;
use crate::number;
use crate::resp::args::Args;
use crate::server::Server;
use crate::server::connection::ConnId;

/// A fast command with so many bytes of arguments may take long all the same.
const HEAVY_REQUEST_BYTES: usize = 64 << 10;
/// Thresholds below this, in microseconds, are passed by fast commands too.
const FAST_MICROS_MAX: i64 = 1000;

/// Who looks at commands, and what was seen.
pub struct Observer {
    clock: Option<fn() -> u64>,
    /// Any bit set means that commands are looked at: see the constants.
    wants: u8,
    /// Connections in MONITOR's mode.
    pub(crate) monitors: Vec<ConnId>,
    /// The log of slow commands.
    pub slowlog: SlowLog,
    /// The logs of large requests and of large replies.
    pub large: [SlowLog; 2],
    /// Requests, and replies, of more bytes than this are logged.
    large_than: [usize; 2],
    /// Latency events.
    pub latency: Latency,
    /// Counters of commands and errors.
    pub statistics: Statistics,
    /// Whether durations of all commands are kept for LATENCY HISTOGRAM.
    is_tracking: bool,
    /// What the running command has let pass besides its work, in microseconds (DEBUG SLEEP).
    pub(crate) slept: u64,
    /// How long expiry has taken since something became due, in microseconds.
    expiry_micros: u64,
    /// Whether a script's commands run.
    pub(crate) in_script: bool,
}

/// Someone monitors.
const MONITORED: u8 = 1;
/// Commands that may be slow are timed.
const SLOW_TIMED: u8 = 1 << 1;
/// All commands are timed.
const ALL_TIMED: u8 = 1 << 2;

/// What is known before a command runs.
#[derive(Clone, Copy)]
pub(crate) struct Start(Option<u64>);

impl Observer {
    pub(crate) fn new(clock: Option<fn() -> u64>, statistics: Statistics, config: &Config) -> Observer {
        let mut observer = Observer {
            clock,
            wants: 0,
            monitors: Vec::new(),
            slowlog: SlowLog::default(),
            large: Default::default(),
            large_than: [usize::MAX; 2],
            latency: Latency::default(),
            statistics,
            is_tracking: false,
            slept: 0,
            expiry_micros: 0,
            in_script: false,
        };
        observer.configure(config);
        observer
    }

    /// Takes over what the settings say.
    pub(crate) fn configure(&mut self, config: &Config) {
        self.slowlog.threshold_micros = config.slowlog_log_slower_than;
        self.slowlog.set_max_len(config.slowlog_max_len.get());
        for (nth, wanted) in [config.large_requests, config.large_replies].into_iter().enumerate() {
            self.large[nth].set_max_len(wanted.max_len.get());
            self.large_than[nth] = number::count(wanted.than).unwrap_or(usize::MAX);
        }
        self.latency.threshold_millis = config.latency_monitor_threshold as u64;
        self.is_tracking = config.latency_tracking;
        let logs = config.slowlog_log_slower_than >= 0;
        let mut wants = if self.monitors.is_empty() { 0 } else { MONITORED };
        // Without a clock commands take no time, which passes a threshold of nothing all the same.
        let has_clock = self.clock.is_some();
        let logs_fast = logs && config.slowlog_log_slower_than < FAST_MICROS_MAX;
        if logs_fast && (has_clock || config.slowlog_log_slower_than == 0) || self.is_tracking && has_clock {
            wants |= ALL_TIMED;
        } else if has_clock && (logs || config.latency_monitor_threshold > 0) {
            wants |= SLOW_TIMED;
        }
        self.wants = wants;
    }

    /// Whether a request, or a reply of so many bytes, may be one that is logged.
    #[inline(always)]
    pub(crate) fn is_large(&self, args: Args<'_>, reply_bytes: usize) -> bool {
        // Most come in pieces of input that are short themselves, and a request is a little longer than its arguments.
        let [request_bytes_max, reply_bytes_max] = self.large_than;
        reply_bytes > reply_bytes_max
            || args.buffer_len() + 16 > request_bytes_max && args.extent() + 16 > request_bytes_max
    }

    /// Whether nothing is to be done around a command.
    #[inline(always)]
    pub(crate) fn skips(&self, row: &Command, args: Args<'_>) -> bool {
        self.wants == 0 || self.wants == SLOW_TIMED && !may_be_slow(row, args)
    }

    /// Whether a command that sleeps is not going to be timed.
    fn is_timeless(&self) -> bool {
        self.wants & (SLOW_TIMED | ALL_TIMED) == 0
    }

    /// A command is about to run.
    pub(crate) fn begin(&mut self, row: &Command, args: Args<'_>) -> Start {
        self.slept = 0;
        let is_timed = self.wants & ALL_TIMED != 0 || self.wants & SLOW_TIMED != 0 && may_be_slow(row, args);
        Start(self.clock.filter(|_| is_timed).map(|clock| clock()))
    }

    fn duration(&self, start: Start) -> Option<u64> {
        match (start.0, self.clock) {
            (Some(start), Some(clock)) => Some(clock().saturating_sub(start) + self.slept),
            _ if self.slept > 0 || self.wants & ALL_TIMED != 0 => Some(self.slept),
            _ => None,
        }
    }

    /// A connection begins to monitor.
    pub(crate) fn add_monitor(&mut self, conn: ConnId) {
        self.monitors.push(conn);
        self.wants |= MONITORED;
    }

    /// A connection monitors no more.
    pub(crate) fn remove_monitor(&mut self, conn: ConnId) {
        self.monitors.retain(|&other| other != conn);
        if self.monitors.is_empty() {
            self.wants &= !MONITORED;
        }
    }
}

/// A command sleeps, which takes its time whether there is a clock or not.
pub(crate) fn sleep(ctx: &mut Context<'_>, args: Args<'_>, micros: u64) {
    ctx.server.observer.slept = micros;
    if ctx.server.observer.is_timeless() {
        end(ctx, args, Start(None), false, true);
        // What follows must not count it again.
        ctx.server.observer.slept = 0;
    }
}

/// Lets time do its work on the data, and notes how long expiry takes: that of one step by itself, and all steps until
/// nothing is due any more.
pub(crate) fn maintain(store: &mut Store, server: &mut Server) {
    let observer = &mut server.observer;
    let Some(clock) = observer.clock.filter(|_| observer.latency.threshold_millis > 0) else {
        return store.maintain();
    };
    let (expired, start) = (store.expired_keys + store.expired_fields, clock());
    store.maintain();
    let micros = clock().saturating_sub(start);
    let at = server.now / 1_000_000;
    if store.expired_keys + store.expired_fields != expired {
        observer.expiry_micros += micros;
        observer.latency.add("expire-del", at, micros / 1000);
    }
    if store.next_deadline().is_none_or(|due| due > server.now) {
        let cycle = core::mem::take(&mut observer.expiry_micros);
        observer.latency.add("expire-cycle", at, cycle / 1000);
    }
}

/// Whether a command may take a millisecond. Those that are fast do the same for each argument, however much the
/// database holds.
#[inline(always)]
fn may_be_slow(row: &Command, args: Args<'_>) -> bool {
    !(row.flags.has(Flags::FAST) || row.complexity == "O(1)") || args.extent() > HEAVY_REQUEST_BYTES
}

/// A command has run: shows it to the clients in MONITOR, and keeps how long it took. A wait that goes on was shown when
/// it began, so the caller says whether this is the first run.
#[cold]
pub(crate) fn end(ctx: &mut Context<'_>, args: Args<'_>, start: Start, is_first: bool, has_ended: bool) {
    let Context { store, server, row, parent, conn, .. } = ctx;
    if let Some(micros) = server.observer.duration(start).filter(|_| has_ended) {
        note_time(server, *conn, *parent, row, args, micros);
    }
    let is_shown = !row.flags.has(Flags::ADMIN) && !row.flags.has(Flags::SKIP_MONITOR);
    if server.observer.wants & MONITORED != 0 && is_first && is_shown {
        monitor::feed(store, server, *conn, *parent, row, args);
    }
}

/// Keeps how long a command took.
pub(crate) fn note_time(
    server: &mut Server,
    conn: ConnId,
    parent: Option<&Command>,
    row: &'static Command,
    args: Args<'_>,
    micros: u64,
) {
    let observer = &mut server.observer;
    if observer.is_tracking && observer.clock.is_some() {
        observer.statistics.time(row, micros);
    } else {
        observer.statistics.of(row).micros += micros;
    }
    if observer.latency.threshold_millis > 0 {
        let event = if row.flags.has(Flags::FAST) { "fast-command" } else { "command" };
        observer.latency.add(event, server.now / 1_000_000, micros / 1000);
    }
    if observer.slowlog.wants(micros) && !row.flags.has(Flags::SKIP_SLOWLOG) {
        slowlog::add(server, |observer| &mut observer.slowlog, conn, parent, row, args, micros);
    }
}

/// Shows a command to the clients in MONITOR before it runs.
pub(crate) fn show(ctx: &mut Context<'_>, args: Args<'_>) {
    if ctx.server.observer.wants & MONITORED != 0 {
        monitor::feed(ctx.store, ctx.server, ctx.conn, ctx.parent, ctx.row, args);
    }
}

/// Keeps a command whose request or reply was large.
#[cold]
pub(crate) fn note_large(
    server: &mut Server,
    conn: ConnId,
    parent: Option<&Command>,
    row: &Command,
    args: Args<'_>,
    reply_bytes: usize,
) {
    if row.flags.has(Flags::SKIP_SLOWLOG) {
        return;
    }
    for (nth, bytes) in [args.request_bytes(), reply_bytes].into_iter().enumerate() {
        if bytes > server.observer.large_than[nth] && server.observer.large[nth].has_room() {
            slowlog::add(server, |observer| &mut observer.large[nth], conn, parent, row, args, bytes as u64);
        }
    }
}

/// Whether an argument must not be shown: passwords, and what is said of users.
pub(crate) fn is_secret(parent: Option<&Command>, row: &Command, args: Args<'_>, index: usize) -> bool {
    let name = row.name;
    match parent.map(|parent| parent.name) {
        Some("ACL") => matches!(name, "SETUSER" | "DELUSER" | "GETUSER" | "RESTTOKEN") && index >= 2,
        Some("CONFIG") => {
            name == "SET"
                && index >= 3
                && index % 2 == 1
                && ["requirepass", "masterauth", "masteruser"]
                    .iter()
                    .any(|setting| args.is(index - 1, setting))
        }
        Some(_) => false,
        None if name == "AUTH" => index >= 1,
        None if name == "HELLO" || name == "MIGRATE" => {
            index >= 3 && args.is(index - 1, "AUTH")
                || name == "HELLO" && index >= 4 && args.is(index - 2, "AUTH")
                || name == "MIGRATE" && (index >= 3 && args.is(index - 1, "AUTH2"))
                || name == "MIGRATE" && (index >= 4 && args.is(index - 2, "AUTH2"))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests;
