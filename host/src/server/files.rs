//! What the service does about files, between the turns in which clients are served: loading, saving, and what becomes of
//! the log.

use super::error::StartError;
use super::loading::{Loading, Step};
use super::saving::{Saving, clean_up, words};
use super::service::Service;
use crate::clock::running_micros;
use crate::config::OnSignal;
use crate::counters::ENGINE_TRAPS;
use crate::engine::Trap;
use crate::log;
use crate::net::Transport;
use crate::progress::megabytes;
use crate::storage::{LogState, Origin, Plan, Storage, StorageError};
use sanderling_core::abi::{self, RequestKind};
use sanderling_core::{
    HostRequest, Loaded, Micros, Present, SaveFault, SaveFormat, SaveKind, SaveOptions, SlowOperation,
    StorageEvent,
};
use sanderling_persist::{BaseForm, Failure, Policy};
use std::collections::VecDeque;
use std::path::PathBuf;

/// Bytes that a step of a save writes about.
const STEP_BYTES: u32 = 64 << 10;
/// Shorter strings of a base are not compressed, in bytes.
const BASE_COMPRESSED_BYTES_MIN: usize = 256;
/// After three rewrites that have failed the next one waits for so long, twice as long after each further one.
const RETRY_MICROS: Micros = 60_000_000;
/// And for no longer than this.
const RETRY_MICROS_MAX: Micros = 3_600_000_000;
/// Rewrites that may fail one after the other before any waits.
const FAILURES_MAX: u32 = 3;
/// A step of a save that takes this long is told to the engine, in microseconds.
const SLOW_MICROS: Micros = 1_000;

/// What the engine has said of files, and what is under way.
#[derive(Default)]
pub(super) struct Files {
    pub(super) inbox: Inbox,
    loading: Option<Loading>,
    /// What the engine was told of the log.
    told_fault: Option<String>,
    /// Whether it was told that commits are durable.
    told_commits: bool,
    /// The last call whose effects it was told to be durable.
    told_durable: u64,
    /// Up to which one it is told so whatever commits are: clients may have begun to wait before they were durable.
    awaited_call: u64,
    /// Whether the last save has failed.
    has_failed: bool,
    /// Rewrites that have failed one after the other.
    failures: u32,
    /// When the next one may begin by itself.
    rewrite_at: Micros,
}

/// What the engine has put out about files and nobody has seen to yet.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) loaded: Option<Result<Loaded, String>>,
    /// Saves that are to begin once no other one is under way.
    pub(super) wanted: VecDeque<SaveKind>,
    /// A setting of [`StorageSettings`](crate::StorageSettings) may have changed.
    pub(super) has_setting: bool,
    pub(super) saving: Option<Saving>,
}

/// Why a turn has no end.
pub(super) enum Stop {
    /// The engine is lost.
    Trap(Trap),
    /// The server cannot go on.
    Failed(StartError),
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Self {
        Stop::Trap(trap)
    }
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Stop::Failed(error.into())
    }
}

impl<T: Transport> Service<T, Storage> {
    /// Begins to load what is there, before the first client.
    pub(super) fn begin_storage(&mut self) -> Result<(), Stop> {
        if self.settings.storage.keeps_data() {
            clean_up(&self.settings.storage.dump_name);
        }
        let plan = self.storage().plan()?;
        self.begin_loading(plan, Present::Stays, false)
    }

    /// Whether there is something to do about files without another event.
    pub(super) fn has_file_work(&self) -> bool {
        let saving = self.files.inbox.saving.as_ref();
        self.files.loading.is_some() || saving.is_some_and(|saving| !saving.is_written())
    }

    /// When something about files is due.
    pub(super) fn files_due_at(&self) -> Option<Micros> {
        self.driver.view_log().deadline()
    }

    /// Does what is to be done about files in a turn.
    pub(super) fn keep_files(&mut self, now: Micros) -> Result<(), Stop> {
        self.take_done()?;
        if std::mem::take(&mut self.files.inbox.has_setting) {
            self.follow_settings()?;
        }
        if self.files.loading.is_some() {
            return self.step_loading();
        }
        self.follow_log(now)?;
        if self.files.inbox.saving.is_some() {
            return self.step_saving();
        }
        if let Some(kind) = self.files.inbox.wanted.pop_front() {
            return self.begin_saving(kind);
        }
        if now >= self.files.rewrite_at && self.storage().wants_rewrite() {
            self.begin_saving(SaveKind::Base)?;
        }
        Ok(())
    }

    /// Does what the engine waits for, as far as it is about data.
    pub(super) fn run_file_request(&mut self, request: HostRequest, text: &[u8]) -> Result<(), Stop> {
        match request {
            HostRequest::Save => {
                let done = self.save_now(SaveKind::Dump)?;
                self.answer(&done)
            }
            HostRequest::SaveAndStop => match self.save_now(SaveKind::Dump)? {
                Err(error) if text != b"force" => self.answer(&Err(error)),
                _ => {
                    log::notice!("a client asked for SHUTDOWN");
                    self.is_stopping = true;
                    Ok(())
                }
            },
            HostRequest::Reload => self.reload(text),
            HostRequest::ChangeDirectory => {
                let to = PathBuf::from(String::from_utf8_lossy(text).into_owned());
                let done = self.storage().change_directory(&to).map(String::into_bytes);
                Ok(self.call(|driver, to| driver.answer(&done, to))?)
            }
            HostRequest::LoadLog => {
                self.abort_saving("the log is loaded anew")?;
                if let Err(failure) = self.storage().close_log() {
                    log::warning!("the log could not be written before it is loaded: {failure}");
                }
                match self.storage().plan_log() {
                    Ok(plan) => self.begin_loading(plan, Present::Goes, true),
                    Err(error) => self.refuse_loading(&error),
                }
            }
            HostRequest::LoadUsers
            | HostRequest::SaveUsers
            | HostRequest::RewriteSettings
            | HostRequest::ChangeEdge => Ok(()),
        }
    }

    fn reload(&mut self, text: &[u8]) -> Result<(), Stop> {
        let (saves, present) = abi::parse_reload(text).unwrap_or((true, Present::Goes));
        if saves && let Err(error) = self.save_now(SaveKind::Dump)? {
            return self.answer(&Err(error));
        }
        match self.storage().plan_dump() {
            Ok(plan) if plan.files.is_empty() => {
                log::warning!("there is no {} that could be loaded", self.settings.storage.dump_name);
                self.answer(&Err("there is no dump".to_owned()))
            }
            Ok(plan) => {
                if !saves && self.driver.view_log().has_log() {
                    // What is loaded is not what the log says.
                    self.files.inbox.wanted.push_back(SaveKind::Base);
                }
                self.begin_loading(plan, present, true)
            }
            Err(error) => self.refuse_loading(&error),
        }
    }

    /// Everything is written and durable before the server stops; `false` if it must not stop, since what should be saved
    /// could not be.
    pub(super) fn end_storage(&mut self, signal: Option<OnSignal>) -> Result<bool, Stop> {
        // What is not loaded as a whole must not take the place of what is there.
        if self.files.loading.is_none() {
            let has_rules = self.settings.storage.has_save_rules;
            let how = signal.unwrap_or(OnSignal { saves: Some(false), is_forced: false });
            if how.saves.unwrap_or(has_rules) && self.save_now(SaveKind::Dump)?.is_err() && !how.is_forced {
                log::warning!(
                    "not stopping, since the data could not be saved; SHUTDOWN NOSAVE stops all the same"
                );
                return Ok(false);
            }
            self.abort_saving("the server stops")?;
        }
        if let Err(failure) = self.storage().close_log() {
            log::warning!("the last of the log could not be written: {failure}");
            // Nobody is told that it was.
            for slot in self.clients.take_held() {
                self.drop_client(slot);
            }
        }
        Ok(true)
    }

    /// After a trap: what is committed is loaded into a new engine.
    pub(super) fn rebuild(&mut self, trap: &Trap) -> Result<(), Stop> {
        if let Some(loading) = &self.files.loading {
            let why = format!("the engine trapped while it was loading: {trap}");
            return Err(loading.fault(&why).into());
        }
        ENGINE_TRAPS.add(1);
        log::warning!(
            "THE ENGINE TRAPPED: {trap}. {} clients are disconnected; starting again with the settings of the start \
             and what is in files",
            self.clients.len()
        );
        if let Some(saving) = self.files.inbox.saving.take() {
            saving.discard();
            self.storage().note_saving(false);
            self.storage().abort_rewrite();
        }
        self.files = Files::default();
        let has_log = self.settings.storage.has_log;
        let (dir, dump_name) = (self.settings.dir.clone(), self.settings.storage.dump_name.clone());
        self.replace_engine()?;
        if !self.storage().roll_back() {
            log::warning!("the log lacks what a failed disk has lost");
        }
        // Where the data is, is no setting that goes back with the others.
        let is_changed = has_log != std::mem::replace(&mut self.settings.storage.has_log, has_log);
        self.settings.dir = dir;
        self.settings.storage.dump_name = dump_name;
        let settings = self.settings.storage.clone();
        self.storage().change_settings(&settings);
        self.storage().engine_is_new();
        if is_changed {
            self.tell(StorageEvent::LogKept(has_log))?;
        }
        if let Ok(dir) = std::env::current_dir() {
            self.tell(StorageEvent::Place { setting: "dir", value: &dir.display().to_string() })?;
        }
        self.tell(StorageEvent::Place { setting: "dbfilename", value: &settings.dump_name })?;
        self.begin_storage()
    }

    // ----- the log -----

    fn storage(&mut self) -> &mut Storage {
        self.driver.log()
    }

    fn follow_log(&mut self, now: Micros) -> Result<(), Stop> {
        let state = self.storage().tick(now);
        let fault = match &state {
            LogState::Well => None,
            LogState::Failing(why) | LogState::Stuck(why) => Some(why.clone()),
        };
        if fault != self.files.told_fault {
            match &fault {
                Some(why) => {
                    log::warning!("the log cannot be written: {why}; writes are refused until it can");
                    self.tell(StorageEvent::LogFailed { why })?;
                }
                None => {
                    log::notice!("the log can be written again");
                    self.tell(StorageEvent::LogRecovered)?;
                }
            }
            self.files.told_fault = fault;
        }
        for (operation, millis) in self.storage().take_slow() {
            self.tell(StorageEvent::Slow { operation, millis })?;
        }
        let are_durable = self.storage().commits_are_durable();
        self.tell_commits(are_durable)?;
        let durable = self.storage().durable_call();
        let Files { told_commits, told_durable, awaited_call, .. } = self.files;
        if durable > told_durable && (!told_commits || told_durable < awaited_call) {
            self.files.told_durable = durable;
            self.tell(StorageEvent::Durable { upto: durable })?;
        }
        if let LogState::Stuck(why) = state {
            self.undo_uncommitted(&why)?;
        }
        Ok(())
    }

    /// Tells the engine whether the effects of a call are durable before its replies leave, if that has changed.
    fn tell_commits(&mut self, are_durable: bool) -> Result<(), Stop> {
        if are_durable != std::mem::replace(&mut self.files.told_commits, are_durable) {
            self.tell(StorageEvent::CommitsAreDurable(are_durable))?;
            self.files.awaited_call = self.storage().calls();
        }
        Ok(())
    }

    /// What could not be committed has to go, so that others see only what will stay: those who have caused it are cut off,
    /// and all data is loaded once more.
    fn undo_uncommitted(&mut self, why: &str) -> Result<(), Stop> {
        self.abort_saving(why)?;
        let held = self.clients.take_held();
        log::warning!("{} clients are disconnected whose writes could not be kept: {why}", held.len());
        for slot in held {
            self.drop_client(slot);
        }
        self.process()?;
        if !self.storage().roll_back() {
            return Ok(());
        }
        self.storage().distrust_disk(why);
        let plan = self.storage().plan()?;
        self.begin_loading(plan, Present::Goes, false)
    }

    fn follow_settings(&mut self) -> Result<(), Stop> {
        let settings = self.settings.storage.clone();
        // While the disk is spared, or perhaps soon.
        if settings.policy != Policy::Always || settings.spares_saves {
            self.tell_commits(false)?;
        }
        self.storage().change_settings(&settings);
        if self.files.loading.is_some() {
            return Ok(());
        }
        let has_log = self.driver.view_log().has_log();
        if settings.has_log && !has_log && !self.files.inbox.wanted.contains(&SaveKind::Base) {
            // It begins with a base of what there is now, once no other save is under way.
            self.files.inbox.wanted.push_front(SaveKind::Base);
        } else if !settings.has_log && has_log {
            self.abort_saving("there is no log any more")?;
            match self.storage().close_log() {
                Ok(()) => log::notice!("the log is ended"),
                Err(failure) => {
                    log::warning!("the log is ended, and its last part is not written: {failure}")
                }
            }
        }
        if let Err(error) = self.storage().lock() {
            log::warning!("{error}");
        }
        Ok(())
    }

    // ----- loading -----

    fn begin_loading(&mut self, plan: Plan, present: Present, is_asked_for: bool) -> Result<(), Stop> {
        let has_files = !plan.files.is_empty();
        let mut loading = Loading::new(plan, is_asked_for);
        if !has_files && present != Present::Goes {
            return self.end_loading(loading);
        }
        loading.was_told = true;
        let bytes = loading.bytes();
        self.files.loading = Some(loading);
        self.tell(StorageEvent::LoadingBegun { bytes, present })
    }

    fn step_loading(&mut self) -> Result<(), Stop> {
        let Some(mut loading) = self.files.loading.take() else { return Ok(()) };
        loading.report();
        let skips_modules = self.settings.storage.skips_modules;
        let step = match loading.next(skips_modules) {
            Ok(step) => step,
            Err(error) => return self.fail_loading(loading, error),
        };
        match step {
            Step::Begin(format, bytes) => {
                self.tell_files(RequestKind::LoadBegin, &abi::format_text(format, bytes))?;
            }
            Step::Piece => {
                let handed = self
                    .call(|driver, to| driver.hand_over(RequestKind::Load, 0, |room| loading.read(room), to));
                // A trap in the midst of it has to name the file.
                let handed = match handed {
                    Ok(handed) => handed,
                    Err(trap) => {
                        self.files.loading = Some(loading);
                        return Err(trap.into());
                    }
                };
                if let Err(error) = handed {
                    let error = loading.unreadable(&error);
                    return self.fail_loading(loading, error);
                }
            }
            Step::End => self.tell_files(RequestKind::LoadEnd, "")?,
            Step::Done => return self.end_loading(loading),
        }
        match self.files.inbox.loaded.take() {
            Some(Ok(loaded)) => match loading.ended(loaded) {
                Ok(Some((format, bytes))) => {
                    self.tell_files(RequestKind::LoadBegin, &abi::format_text(format, bytes))?;
                }
                Ok(None) => {}
                Err(error) => return self.fail_loading(loading, error),
            },
            Some(Err(why)) => {
                let error = loading.fault(&why);
                return self.fail_loading(loading, error);
            }
            None => {}
        }
        self.files.loading = Some(loading);
        Ok(())
    }

    fn end_loading(&mut self, loading: Loading) -> Result<(), Stop> {
        let seconds = loading.seconds();
        let Loaded { keys, expired, empty, skipped, member_deadlines, errors, .. } = loading.total;
        if loading.bytes() > 0 {
            log::notice!(
                "DB loaded from {}: {keys} keys of RDB files, {} in {seconds:.3} seconds (expired {expired}, empty {empty}, \
                 of modules {skipped}, deadlines of members {member_deadlines}, commands that failed {errors})",
                if matches!(loading.origin, Origin::Log(_)) { "the append only file" } else { "disk" },
                megabytes(loading.bytes())
            );
        }
        if loading.was_told {
            self.tell(StorageEvent::LoadingEnded)?;
        }
        match loading.origin {
            Origin::Dump => {}
            Origin::DumpBeforeLog => self.begin_first_log()?,
            Origin::Log(recovered) if self.settings.storage.has_log => self.storage().open_log(*recovered)?,
            Origin::Log(_) => {}
        }
        self.announce_ready();
        if loading.is_asked_for { self.answer(&Ok(())) } else { Ok(()) }
    }

    /// What was in a dump so far is put into a log before anything is acknowledged that only the log has.
    fn begin_first_log(&mut self) -> Result<(), Stop> {
        match self.save_now(SaveKind::Base)? {
            Ok(()) => Ok(()),
            Err(why) => {
                let dir = self.settings.storage.log_dir.clone();
                Err(StorageError::Log { dir, failure: Failure::Other(why) }.into())
            }
        }
    }

    /// What there was is gone, and what was to take its place cannot be had: as in Redis, the server cannot go on. The
    /// files are as they were.
    fn fail_loading(&mut self, loading: Loading, error: StorageError) -> Result<(), Stop> {
        if loading.is_asked_for {
            log::warning!("{error}");
        }
        Err(error.into())
    }

    fn refuse_loading(&mut self, error: &StorageError) -> Result<(), Stop> {
        log::warning!("{error}");
        self.answer(&Err(error.to_string()))
    }

    // ----- saving -----

    /// Begins a save if that can be; one that was aborted has to be cleared away before.
    fn begin_saving(&mut self, kind: SaveKind) -> Result<(), Stop> {
        // From here to the engine's next call nothing comes between the end of one file and the beginning of the next.
        self.process()?;
        let form = self.settings.storage.base_form;
        let options = abi::save_options_text(self.save_options(kind, form));
        match self.call(|driver, to| driver.begin_save(&options, to))? {
            0 => {}
            fault if fault == SaveFault::Clearing as u32 => {
                self.call(|driver, to| driver.tell_files(RequestKind::SaveStep, STEP_BYTES, "", to))?;
                self.files.inbox.wanted.push_front(kind);
                return Ok(());
            }
            // A script that is under way is whole or not there: it ends before.
            fault if fault == SaveFault::Busy as u32 => {
                self.files.has_failed = true;
                self.files.inbox.wanted.push_front(kind);
                return Ok(());
            }
            _ => {
                log::warning!("a save cannot begin while another one or a load is under way");
                return self.note_failed(kind);
            }
        }
        match self.open_save(kind, form) {
            Ok(saving) => {
                if self.settings.storage.spares_saves {
                    self.tell_commits(false)?;
                }
                self.files.inbox.saving = Some(saving);
                self.storage().note_saving(true);
                self.tell(StorageEvent::SaveBegun(kind))
            }
            Err(why) => {
                log::warning!("a save cannot begin: {why}");
                self.call(|driver, to| driver.tell_files(RequestKind::SaveAbort, 0, "", to))?;
                self.note_failed(kind)
            }
        }
    }

    fn save_options(&self, kind: SaveKind, form: BaseForm) -> SaveOptions {
        let settings = &self.settings.storage;
        let is_base = kind == SaveKind::Base;
        let format = match (kind, form) {
            (SaveKind::Dump, _) => SaveFormat::Dump,
            (SaveKind::Base, BaseForm::Rdb) => SaveFormat::Base,
            (SaveKind::Base, BaseForm::Commands) => SaveFormat::Commands,
        };
        SaveOptions {
            format,
            is_compressed: settings.compresses,
            // A base is read by servers, most often soon; a dump is also kept and sent about.
            compress_min_bytes: if is_base { BASE_COMPRESSED_BYTES_MIN } else { 0 },
            has_checksum: settings.has_checksum,
        }
    }

    fn open_save(&mut self, kind: SaveKind, form: BaseForm) -> Result<Saving, String> {
        match kind {
            SaveKind::Dump => {
                Saving::dump(&self.settings.storage.dump_name).map_err(|error| error.to_string())
            }
            SaveKind::Base => {
                let keeps_log = self.settings.storage.has_log;
                let storage = self.storage();
                if !storage.has_log() {
                    storage.begin_log().map_err(|error| error.to_string())?;
                }
                let path = storage.begin_rewrite(form).map_err(|failure| failure.to_string())?;
                let mut saving = Saving::base(path, form).map_err(|error| error.to_string())?;
                saving.closes_log = !keeps_log;
                Ok(saving)
            }
        }
    }

    fn step_saving(&mut self) -> Result<(), Stop> {
        if self.files.inbox.saving.as_ref().is_none_or(|saving| saving.is_written()) {
            return Ok(());
        }
        let begun = running_micros();
        self.call(|driver, to| driver.tell_files(RequestKind::SaveStep, STEP_BYTES, "", to))?;
        let taken = running_micros().saturating_sub(begun);
        if taken >= SLOW_MICROS {
            let operation = SlowOperation::SaveStep;
            self.tell(StorageEvent::Slow { operation, millis: taken / 1000 })?;
        }
        let Self { files, driver, .. } = self;
        let Some(saving) = &mut files.inbox.saving else { return Ok(()) };
        if let Some(why) = saving.error().map(str::to_owned) {
            self.tell_files(RequestKind::SaveAbort, "")?;
            return self.end_saving(Err(why));
        }
        saving.tell_progress();
        if saving.is_complete {
            saving.finish(driver.view_log().worker());
        } else {
            saving.sync_some(driver.view_log().worker());
        }
        Ok(())
    }

    /// Takes note of what the thread has done.
    fn take_done(&mut self) -> Result<(), Stop> {
        self.storage().take_all_done();
        if let Some(job) = self.files.inbox.saving.as_ref().and_then(|saving| saving.job)
            && let Some(result) = self.storage().take_finished(job)
        {
            self.end_saving(words(result))?;
        }
        Ok(())
    }

    fn end_saving(&mut self, result: Result<(), String>) -> Result<(), Stop> {
        let Some(saving) = self.files.inbox.saving.take() else { return Ok(()) };
        self.storage().note_saving(false);
        let result = match (saving.kind, result) {
            (SaveKind::Base, Ok(())) => words(self.storage().end_rewrite(saving.written())),
            (_, result) => result,
        };
        saving.report(result.as_ref().err().map(String::as_str));
        if result.is_err() {
            saving.discard();
            if saving.kind == SaveKind::Base {
                self.storage().abort_rewrite();
            }
            return self.note_failed(saving.kind);
        }
        self.files.has_failed = false;
        if saving.kind == SaveKind::Base {
            self.files.failures = 0;
        }
        if saving.closes_log && !self.settings.storage.has_log {
            _ = self.storage().close_log();
        }
        self.tell(StorageEvent::Saved(saving.kind))
    }

    fn note_failed(&mut self, kind: SaveKind) -> Result<(), Stop> {
        self.files.has_failed = true;
        if kind == SaveKind::Base {
            self.files.failures += 1;
            let over = self.files.failures.saturating_sub(FAILURES_MAX);
            let wait = if over == 0 { 0 } else { RETRY_MICROS << (over - 1).min(6) };
            self.files.rewrite_at = running_micros() + wait.clamp(1_000_000, RETRY_MICROS_MAX);
        }
        self.tell(StorageEvent::SaveFailed(kind))
    }

    fn abort_saving(&mut self, why: &str) -> Result<(), Stop> {
        if self.files.inbox.saving.is_none() {
            return Ok(());
        }
        if self.files.inbox.saving.as_ref().is_some_and(|saving| saving.is_written()) {
            return self.wait_for_save();
        }
        self.tell_files(RequestKind::SaveAbort, "")?;
        self.end_saving(Err(why.to_owned()))
    }

    /// Writes all data, and serves nobody meanwhile.
    fn save_now(&mut self, kind: SaveKind) -> Result<Result<(), String>, Stop> {
        // Another one ends before.
        self.run_save()?;
        self.files.has_failed = false;
        self.begin_saving(kind)?;
        while self.files.inbox.saving.is_none() && !self.files.has_failed {
            // One that was aborted is still being cleared away, and this one stands in line for it.
            self.files.inbox.wanted.pop_front();
            self.begin_saving(kind)?;
        }
        self.run_save()?;
        Ok(if self.files.has_failed { Err("it could not be saved".to_owned()) } else { Ok(()) })
    }

    /// Brings a save that is under way to its end.
    fn run_save(&mut self) -> Result<(), Stop> {
        while self.files.inbox.saving.as_ref().is_some_and(|saving| !saving.is_written()) {
            self.step_saving()?;
        }
        self.wait_for_save()
    }

    fn wait_for_save(&mut self) -> Result<(), Stop> {
        while self.files.inbox.saving.is_some() {
            self.storage().wait_for_one();
            self.take_done()?;
        }
        Ok(())
    }

    // ----- the engine -----

    fn tell(&mut self, event: StorageEvent<'_>) -> Result<(), Stop> {
        self.tell_files(RequestKind::Storage, &abi::event_text(event))
    }

    fn tell_files(&mut self, kind: RequestKind, text: &str) -> Result<(), Stop> {
        // What clients have sent comes first, and what is told has a call of its own.
        self.process()?;
        Ok(self.call(|driver, to| driver.tell_files(kind, 0, text, to))?)
    }

    fn answer(&mut self, done: &Result<(), String>) -> Result<(), Stop> {
        let done = done.clone().map(|()| Vec::new());
        Ok(self.call(|driver, to| driver.answer(&done, to))?)
    }
}
