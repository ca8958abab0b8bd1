//! What a server keeps in files: an append-only log, dumps, or both.
//!
//! The log itself, with all that may go wrong, is `sanderling-persist`; here are its directory, the thread that waits for
//! the disk, and what is to be loaded at a start. Who calls the engine for it is [`server`](crate::server).

mod counters;
pub(crate) mod disk;
mod error;
mod lock;
mod plan;
mod settings;
mod worker;

pub use error::StorageError;
pub use lock::LockError;
pub use settings::StorageSettings;

pub(crate) use counters::fact;
pub(crate) use plan::{Content, LoadFile, Origin, Plan, content};
pub(crate) use worker::{Done, Job, JobNumber, Worker};

use crate::clock::running_micros;
use crate::driver::{CommitLog, Lsn};
use crate::log;
use counters::Counters;
use disk::Directory;
use lock::Lock;
use mio::Waker;
use sanderling_core::{Micros, SlowOperation};
use sanderling_persist::{BaseForm, Failure, Log, Policy, Recovered};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How long what cannot be made durable holds up reads under `appendfsync always`, in microseconds.
const ROLL_BACK_MICROS: Micros = 1_000_000;
/// How often a disk is tried out that has refused what was written, in microseconds.
const PROBE_MICROS: Micros = 1_000_000;
/// What it must take then, in bytes.
const PROBE_BYTES: usize = 256 << 10;
/// An operation that takes this long is told to the engine, in microseconds.
const SLOW_MICROS: Micros = 1_000;
/// A rewrite wants so much more room than the last base, in percent.
const ROOM_PERCENT: u64 = 110;

/// See the module's description.
pub(crate) struct Storage {
    settings: StorageSettings,
    lock: Option<Lock>,
    log: Option<OpenLog>,
    worker: Option<Worker>,
    /// Bytes of the effects of the call that is under way.
    batch_bytes: u64,
    /// Calls that had effects, as the engine counts them.
    calls: u64,
    /// It has been failing for as long as anyone may have to wait.
    is_stuck: bool,
    /// What was slow and is still to be told.
    slow: Vec<(SlowOperation, u64)>,
    /// Syncs that found the one before them under way.
    syncs_delayed: u64,
    /// When the log last told the time, in unix seconds.
    told_time: u64,
    /// What became of files that the thread had to finish.
    finished: VecDeque<(JobNumber, Result<(), Failure>)>,
    /// Whether something is being saved.
    is_saving: bool,
    /// The disk has refused what was written, and is tried out before anything is entrusted to it.
    distrust: Option<Distrust>,
}

/// See [`Storage::distrust_disk`].
struct Distrust {
    why: String,
    /// When it is tried out next.
    probe_at: Micros,
}

/// A log that is written to.
struct OpenLog {
    log: Log,
    disk: Directory,
    /// [`Storage::calls`] when its numbers began.
    calls_before: u64,
    /// Bytes of commands and base together when it was opened or last rewritten.
    base_bytes: u64,
    /// The same now.
    bytes: u64,
    /// Since when it has not taken what is written.
    failing_since: Option<Micros>,
    /// When the disk was last found busy with a sync.
    waited_at: Micros,
}

/// What became of the log since it was last asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LogState {
    /// It takes what is written, or there is none.
    Well,
    /// It does not, for this reason.
    Failing(String),
    /// It has not for so long that what is not committed should be undone.
    Stuck(String),
}

impl Storage {
    /// Storage that keeps nothing yet.
    pub(crate) fn new(settings: StorageSettings) -> Storage {
        Storage {
            settings,
            lock: None,
            log: None,
            worker: None,
            batch_bytes: 0,
            calls: 0,
            is_stuck: false,
            slow: Vec::new(),
            syncs_delayed: 0,
            told_time: 0,
            finished: VecDeque::new(),
            is_saving: false,
            distrust: None,
        }
    }

    pub(crate) fn settings(&self) -> &StorageSettings {
        &self.settings
    }

    /// Takes the directory for this process, if anything is going to be kept in it.
    pub(crate) fn lock(&mut self) -> Result<(), StorageError> {
        if self.lock.is_some() || !self.settings.keeps_data() {
            return Ok(());
        }
        match Lock::take(Path::new(".")) {
            Ok(lock) => self.lock = Some(lock),
            // Dumps may never be asked for, and fail when they are.
            Err(LockError::System(error)) if !self.settings.has_log => {
                log::warning!("nothing can be saved in this directory: {error}");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Keeps files in another directory from now on; its whole path, or why that cannot be. There must be no log.
    pub(crate) fn change_directory(&mut self, to: &Path) -> Result<String, String> {
        let worded = |error: io::Error| disk::failure(error).to_string();
        let path = to.canonicalize().map_err(worded)?;
        let is_same = std::env::current_dir().is_ok_and(|dir| dir == path);
        if !is_same {
            let lock = match self.lock.is_some().then(|| Lock::take(&path)) {
                Some(Err(error @ LockError::Held(_))) => return Err(StorageError::from(error).to_string()),
                Some(taken) => taken.ok(),
                None => None,
            };
            std::env::set_current_dir(&path).map_err(worded)?;
            self.lock = lock;
        }
        Ok(path.display().to_string())
    }

    /// Starts the thread that waits for the disk.
    pub(crate) fn start_worker(&mut self, waker: Arc<Waker>) -> io::Result<()> {
        self.worker = Some(Worker::start(waker)?);
        Ok(())
    }

    /// The thread, which was started.
    pub(crate) fn worker(&self) -> &Worker {
        self.worker.as_ref().expect("the worker is started before anything is kept")
    }

    // ----- the log -----

    /// Whether there is a log that is written to.
    pub(crate) fn has_log(&self) -> bool {
        self.log.is_some()
    }

    /// Goes on with the log that was recovered and loaded.
    pub(crate) fn open_log(&mut self, recovered: Recovered) -> Result<(), StorageError> {
        let (mut disk, options) = (self.log_directory(), self.settings.log_options());
        let log = Log::open(&mut disk, &options, recovered, self.settings.policy, self.settings.has_lines);
        self.keep(log, disk)
    }

    /// Begins a log whose first base is still to be made, by [`Storage::begin_rewrite`].
    pub(crate) fn begin_log(&mut self) -> Result<(), StorageError> {
        self.lock()?;
        self.make_log_directory()?;
        let (mut disk, options) = (self.log_directory(), self.settings.log_options());
        let log = Log::begin(&mut disk, &options, self.settings.policy, self.settings.has_lines);
        self.keep(log, disk)
    }

    fn keep(&mut self, log: Result<Log, Failure>, mut disk: Directory) -> Result<(), StorageError> {
        let failed = |failure| StorageError::Log { dir: self.settings.log_dir.clone(), failure };
        let log = log.map_err(failed)?;
        let (base, commands) = log.sizes(&mut disk).map_err(failed)?;
        let bytes = base + commands;
        self.log = Some(OpenLog {
            log,
            disk,
            calls_before: self.calls,
            base_bytes: bytes,
            bytes,
            failing_since: None,
            waited_at: 0,
        });
        self.show_counters();
        Ok(())
    }

    /// Ends the log: everything is written and durable, or it is told why not.
    pub(crate) fn close_log(&mut self) -> Result<(), Failure> {
        self.finish_syncs();
        let Some(mut open) = self.log.take() else { return Ok(()) };
        let done = open.log.flush(&mut open.disk, running_micros());
        self.show_counters();
        done
    }

    /// Gives up what was not committed, and the log with it, so that it can be recovered; `false` if it must stay.
    pub(crate) fn roll_back(&mut self) -> bool {
        self.finish_syncs();
        let Some(open) = &mut self.log else { return true };
        if open.log.appended() > open.log.committed() && !open.log.roll_back(&mut open.disk) {
            return false;
        }
        self.log = None;
        true
    }

    /// Waits for the sync that is under way, if one is.
    fn finish_syncs(&mut self) {
        while self.log.as_ref().is_some_and(|open| open.log.is_syncing()) {
            let Some(done) = self.worker.as_ref().and_then(Worker::wait) else { return };
            self.take(done);
        }
    }

    /// A new engine counts its calls anew.
    pub(crate) fn engine_is_new(&mut self) {
        self.calls = 0;
        self.batch_bytes = 0;
        if let Some(open) = &mut self.log {
            open.log.abandon();
        }
    }

    /// Acts on settings that have changed.
    pub(crate) fn change_settings(&mut self, settings: &StorageSettings) {
        self.settings = settings.clone();
        self.set_policy();
    }

    /// A save has begun or ended.
    pub(crate) fn note_saving(&mut self, is_saving: bool) {
        self.is_saving = is_saving;
        self.set_policy();
    }

    /// Whether the disk is left to a save.
    fn spares(&self) -> bool {
        self.settings.spares_saves && self.is_saving
    }

    /// As in Redis, what is spared during a save is what `always` promises, too.
    fn set_policy(&mut self) {
        let is_spared = self.spares() && self.settings.policy == Policy::Always;
        let policy = if is_spared { Policy::No } else { self.settings.policy };
        if let Some(open) = &mut self.log {
            open.log.set_policy(&mut open.disk, running_micros(), policy);
        }
    }

    /// Does what is due, and tells how the log is.
    pub(crate) fn tick(&mut self, now: Micros) -> LogState {
        if let Some(why) = self.probe(now) {
            return LogState::Failing(why);
        }
        let spares = self.spares();
        let Some(open) = &mut self.log else { return LogState::Well };
        open.log.tick(&mut open.disk, now);
        if !spares && let Some(sync) = open.log.sync_wanted(now) {
            open.waited_at = now;
            match open.disk.handle(&sync.name) {
                Ok(file) => self.worker().give(Job::SyncLog { sync, file }),
                Err(failure) => open.log.synced(&mut open.disk, now, &sync, Err(failure)),
            }
        } else if open.log.is_syncing() && now >= open.waited_at + 1_000_000 {
            open.waited_at = now;
            self.syncs_delayed += 1;
        }
        self.state(now)
    }

    /// When [`Storage::tick`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Micros> {
        let open = self.log.as_ref()?;
        // Once it is stuck, what follows is under way.
        let stuck = open.failing_since.map(|since| since + ROLL_BACK_MICROS).filter(|_| !self.is_stuck);
        let probe = self.distrust.as_ref().map(|distrust| distrust.probe_at);
        [open.log.deadline(), stuck, probe].into_iter().flatten().min()
    }

    /// The disk has not taken what was written, and what is written next is refused until it takes as much for a trial.
    pub(crate) fn distrust_disk(&mut self, why: &str) {
        self.distrust = Some(Distrust { why: why.to_owned(), probe_at: running_micros() + PROBE_MICROS });
    }

    /// Tries the disk out if that is due; why it is not trusted.
    fn probe(&mut self, now: Micros) -> Option<String> {
        let distrust = self.distrust.as_mut()?;
        if now < distrust.probe_at {
            return Some(distrust.why.clone());
        }
        let path =
            Path::new(&self.settings.log_dir).join(format!("temp-{}.manifest", self.settings.log_name));
        let tried = fs::write(&path, vec![0; PROBE_BYTES]).and_then(|()| File::open(&path)?.sync_all());
        // What is left of it is taken away when the log is opened again.
        let _ = fs::remove_file(&path);
        let settled = tried.map_err(disk::failure).and_then(|()| match &mut self.log {
            Some(open) => open.disk.settle(),
            None => Ok(()),
        });
        match settled {
            Ok(()) => {
                self.distrust = None;
                None
            }
            Err(failure) => {
                distrust.why = failure.to_string();
                distrust.probe_at = now + PROBE_MICROS;
                Some(distrust.why.clone())
            }
        }
    }

    fn state(&mut self, now: Micros) -> LogState {
        let Some(open) = &mut self.log else { return LogState::Well };
        let Some(trouble) = open.log.trouble() else {
            open.failing_since = None;
            return LogState::Well;
        };
        let why = trouble.failure().to_string();
        let since = *open.failing_since.get_or_insert(now);
        let is_late = now >= since + ROLL_BACK_MICROS;
        self.is_stuck = is_late;
        let holds_up = self.settings.policy == Policy::Always && open.log.appended() > open.log.committed();
        if is_late && holds_up { LogState::Stuck(why) } else { LogState::Failing(why) }
    }

    /// Takes note of what the thread has done, if it is about the log; else that is for who makes a file.
    fn take(&mut self, done: Done) {
        match (done, &mut self.log) {
            (Done::Log(sync, result), Some(open)) => {
                open.log.synced(&mut open.disk, running_micros(), &sync, result);
            }
            (Done::Log(..), None) => {}
            (Done::Finished(number, result), _) => self.finished.push_back((number, result)),
        }
    }

    /// The same of all that it has done.
    pub(crate) fn take_all_done(&mut self) {
        while let Some(done) = self.worker.as_ref().and_then(Worker::take_done) {
            self.take(done);
        }
    }

    /// Waits for the thread to have done something.
    pub(crate) fn wait_for_one(&mut self) {
        if self.finished.is_empty()
            && let Some(done) = self.worker.as_ref().and_then(Worker::wait)
        {
            self.take(done);
        }
    }

    /// What became of the file that the thread had to finish with this job, once. Nobody waits for others any more.
    pub(crate) fn take_finished(&mut self, number: JobNumber) -> Option<Result<(), Failure>> {
        let at = self.finished.iter().position(|(job, _)| *job == number);
        let result = at.map(|at| self.finished.swap_remove_back(at).expect("it was found").1);
        self.finished.clear();
        result
    }

    /// Whether the effects of a call are durable before its replies leave. A save that is about to begin, and settings that
    /// are about to change, are to be told before they make a difference.
    pub(crate) fn commits_are_durable(&self) -> bool {
        let counts = self.log.as_ref().is_some_and(|open| !open.log.is_waiting());
        counts && self.settings.policy == Policy::Always && !self.spares()
    }

    /// The engine's calls with effects so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }

    /// The last of them whose effects are durable.
    pub(crate) fn durable_call(&self) -> u64 {
        let counts = self.log.as_ref().filter(|open| !open.log.is_waiting());
        counts.map_or(0, |open| open.calls_before + open.log.durable())
    }

    /// What was slow.
    pub(crate) fn take_slow(&mut self) -> Vec<(SlowOperation, u64)> {
        std::mem::take(&mut self.slow)
    }

    // ----- rewriting -----

    /// Whether the log has grown by as much as the settings allow, or cannot go on without another base.
    pub(crate) fn wants_rewrite(&self) -> bool {
        let Some(open) = self.log.as_ref().filter(|open| !open.log.is_rewriting()) else { return false };
        let StorageSettings { rewrite_percent, rewrite_bytes_min, .. } = self.settings;
        let grown = open.bytes.saturating_sub(open.base_bytes).saturating_mul(100);
        let is_large = rewrite_percent > 0
            && open.bytes > rewrite_bytes_min
            && grown >= open.base_bytes.max(1).saturating_mul(rewrite_percent);
        is_large || open.log.needs_base()
    }

    /// Lets another file take what is new; the path of the base that is to be made of all that came before, in this form.
    pub(crate) fn begin_rewrite(&mut self, form: BaseForm) -> Result<PathBuf, Failure> {
        self.finish_syncs();
        let room = self.room_for_base();
        let Some(open) = &mut self.log else { return Err(Failure::Other("there is no log".to_owned())) };
        if !open.log.is_rewriting() {
            room?;
        }
        let name = open.log.rewrite_begin(&mut open.disk, running_micros(), form)?;
        Ok(Path::new(&self.settings.log_dir).join(name))
    }

    /// The base is there, and durable; how many bytes it has, and their checksum.
    pub(crate) fn end_rewrite(&mut self, sealed: (u64, u32)) -> Result<(), Failure> {
        let Some(open) = &mut self.log else { return Err(Failure::Other("there is no log".to_owned())) };
        open.log.rewrite_end(&mut open.disk, running_micros(), Some(sealed))?;
        let (base, commands) = open.log.sizes(&mut open.disk)?;
        (open.bytes, open.base_bytes) = (base + commands, base + commands);
        self.show_counters();
        Ok(())
    }

    /// There will be no base.
    pub(crate) fn abort_rewrite(&mut self) {
        if let Some(open) = &mut self.log {
            open.log.rewrite_abort(&mut open.disk);
        }
    }

    /// Fails if the disk has clearly no room for another base.
    fn room_for_base(&self) -> Result<(), Failure> {
        let Some(open) = &self.log else { return Ok(()) };
        let Ok(system) = rustix::fs::statvfs(self.settings.log_dir.as_str()) else { return Ok(()) };
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        // What is left of the base that there is when it was made is all that is known of the next one.
        let wanted = open.base_bytes / 100 * ROOM_PERCENT;
        if free < wanted { Err(Failure::NoSpace) } else { Ok(()) }
    }

    // ----- inside -----

    /// Where the log is. As long as the disk is not trusted nothing is entrusted to it, so that reads go on with what was
    /// made durable before.
    fn log_directory(&self) -> Directory {
        let path = Path::new(&self.settings.log_dir);
        if self.distrust.is_some() { Directory::on_failing_disk(path) } else { Directory::new(path) }
    }

    pub(crate) fn make_log_directory(&self) -> Result<(), StorageError> {
        let dir = Path::new(&self.settings.log_dir);
        let made = match fs::create_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            // That it is there must be durable before what is in it.
            made => made.and_then(|()| File::open(".")?.sync_all()),
        };
        made.map_err(|error| StorageError::Log {
            dir: self.settings.log_dir.clone(),
            failure: disk::failure(error),
        })
    }

    /// A line with the time, once a second.
    fn time_line(&mut self) -> Option<String> {
        if !self.settings.has_timestamps {
            return None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let is_new = std::mem::replace(&mut self.told_time, now) != now;
        is_new.then(|| format!("#TS:{now}\r\n"))
    }

    fn show_counters(&self) {
        let counters = self.log.as_ref().map_or(Counters::NONE, |open| Counters {
            log_bytes: open.bytes,
            base_bytes: open.base_bytes,
            buffer_bytes: open.log.unwritten_bytes(),
            syncs_pending: open.log.is_syncing().into(),
            syncs_delayed: self.syncs_delayed,
        });
        counters.show();
    }
}

impl CommitLog for Storage {
    fn push(&mut self, effects: &[u8], mut db: Option<u32>) {
        if self.log.is_none() {
            return;
        }
        let time = if self.batch_bytes == 0 { self.time_line() } else { None };
        let Some(open) = &mut self.log else { return };
        if let Some(time) = time {
            open.log.push(db.take(), time.as_bytes());
            self.batch_bytes += time.len() as u64;
        }
        open.log.push(db, effects);
        self.batch_bytes += effects.len() as u64;
    }

    fn commit(&mut self) -> Lsn {
        self.calls += 1;
        let bytes = std::mem::take(&mut self.batch_bytes);
        let Some(open) = &mut self.log else { return 0 };
        let (begun, was_syncing) = (running_micros(), open.log.is_syncing());
        let lsn = open.log.append(&mut open.disk, begun);
        open.bytes += bytes;
        let taken = running_micros().saturating_sub(begun);
        if taken >= SLOW_MICROS {
            let operation = match (self.settings.policy, was_syncing) {
                (Policy::Always, _) => SlowOperation::Sync,
                (_, true) => SlowOperation::WriteDuringSync,
                (_, false) => SlowOperation::Write,
            };
            self.slow.push((operation, taken / 1000));
        }
        self.show_counters();
        lsn
    }

    fn committed(&self) -> Lsn {
        // Without a log there is nothing to wait for.
        self.log.as_ref().map_or(Lsn::MAX, |open| open.log.committed())
    }

    fn awaited(&self) -> Option<Lsn> {
        let open = self.log.as_ref().filter(|_| self.settings.policy == Policy::Always)?;
        Some(open.log.appended()).filter(|&appended| appended > open.log.committed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_job_is_taken_by_who_gave_it() {
        let mut storage = Storage::new(StorageSettings::default());
        let failed = || Err(Failure::NoSpace);
        // The one that gave the first job is gone, as after a trap.
        storage.take(Done::Finished(1, failed()));
        assert_eq!(storage.take_finished(2), None);
        storage.take(Done::Finished(1, failed()));
        storage.take(Done::Finished(2, Ok(())));
        assert_eq!(storage.take_finished(2), Some(Ok(())));
        assert_eq!((storage.take_finished(2), storage.take_finished(1)), (None, None));
    }
}
