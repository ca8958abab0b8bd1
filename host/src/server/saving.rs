//! Saving: the engine writes all data in steps, between the turns in which clients are served.

use crate::clock::running_micros;
use crate::log;
use crate::storage::{Job, JobNumber, Worker};
use sanderling_core::{Micros, SaveKind};
use sanderling_persist::Failure;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::loading::megabytes;

/// After so many bytes the thread begins to make durable what there is, so that the end has less to do.
const SYNC_BYTES: u64 = 4 << 20;

/// How often the log tells how far a save is, in microseconds.
const PROGRESS_MICROS: Micros = 5_000_000;

/// A save that is under way.
pub(super) struct Saving {
    pub(super) kind: SaveKind,
    file: Option<File>,
    path: PathBuf,
    /// The name that the file gets when it is complete; `None` where the log gives it.
    target: Option<PathBuf>,
    len: u64,
    synced: u64,
    begun_at: Micros,
    told_at: Micros,
    /// Why it cannot be written.
    error: Option<String>,
    /// Whether the engine has put out all of it.
    pub(super) is_complete: bool,
    /// The job by which the thread makes it durable, once it has been told to.
    pub(super) job: Option<JobNumber>,
    /// Whether the log that its base is for is to be closed afterwards.
    pub(super) closes_log: bool,
}

impl Saving {
    /// A dump; its name is in the working directory. What is given up may still be waiting to get that name, so that each
    /// one has a number of its own.
    pub(super) fn dump(name: &str) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // It stays in the directory that it was begun in, also when that is changed.
        let dir = std::env::current_dir()?;
        let path = dir.join(format!("temp-{}-{count}-{name}", std::process::id()));
        Self::at(SaveKind::Dump, path, Some(dir.join(name)))
    }

    /// The base of a log, at the path that the log wants it at.
    pub(super) fn base(path: PathBuf) -> io::Result<Self> {
        Self::at(SaveKind::Base, path, None)
    }

    fn at(kind: SaveKind, path: PathBuf, target: Option<PathBuf>) -> io::Result<Self> {
        let file = File::create(&path)?;
        Ok(Self {
            kind,
            file: Some(file),
            path,
            target,
            len: 0,
            synced: 0,
            begun_at: running_micros(),
            told_at: running_micros(),
            error: None,
            is_complete: false,
            job: None,
            closes_log: false,
        })
    }

    /// Writes what the engine has written.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        if self.error.is_some() {
            return;
        }
        match file.write_all(bytes) {
            Ok(()) => self.len += bytes.len() as u64,
            Err(error) => self.error = Some(error.to_string()),
        }
    }

    /// The engine cannot go on.
    pub(super) fn fail(&mut self, why: &str) {
        self.error.get_or_insert_with(|| why.to_owned());
    }

    /// Whether all of it has been handed to the thread.
    pub(super) fn is_written(&self) -> bool {
        self.job.is_some()
    }

    /// Why it has failed, if it has.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Tells how far it is, once in a while.
    pub(super) fn tell_progress(&mut self, now: Micros) {
        if now >= self.told_at + PROGRESS_MICROS {
            self.told_at = now;
            log::notice!("saving {}: {} so far", self.what(), megabytes(self.len));
        }
    }

    fn what(&self) -> &'static str {
        match self.kind {
            SaveKind::Dump => "the dump",
            SaveKind::Base => "the log's base",
        }
    }

    /// Has the thread begin with what there is.
    pub(super) fn sync_some(&mut self, worker: &Worker) {
        if self.len >= self.synced + SYNC_BYTES
            && let Some(Ok(file)) = self.file.as_ref().map(File::try_clone)
        {
            self.synced = self.len;
            worker.give(Job::SyncSome(file));
        }
    }

    /// Has the thread make all of it durable, and give it its name.
    pub(super) fn finish(&mut self, worker: &Worker) {
        let Some(file) = self.file.take() else { return };
        let rename = self.target.as_ref().map(|target| (self.path.clone(), target.clone()));
        self.job = Some(worker.finish(file, rename));
    }

    /// Tells the log how it went: well, or why not.
    pub(super) fn report(&self, fault: Option<&str>) {
        let what = self.what();
        let seconds = running_micros().saturating_sub(self.begun_at) as f64 / 1e6;
        match fault {
            None => log::notice!("{what} is saved: {} in {seconds:.3} seconds", megabytes(self.len)),
            Some(why) => log::warning!("{what} could not be saved: {why}"),
        }
    }

    /// Takes away what there is of the file.
    pub(super) fn discard(&self) {
        // What is left is found by its name.
        let _ = fs::remove_file(&self.path);
    }
}

/// How a failure is worded.
pub(super) fn words(result: Result<(), Failure>) -> Result<(), String> {
    result.map_err(|failure| failure.to_string())
}

/// Takes away dumps that were never complete, of processes that are gone.
pub(super) fn clean_up(name: &str) {
    let Ok(entries) = fs::read_dir(Path::new(".")) else { return };
    for entry in entries.flatten() {
        let file = entry.file_name();
        let Some(file) = file.to_str() else { continue };
        let numbers = file
            .strip_prefix("temp-")
            .and_then(|rest| rest.strip_suffix(name))
            .and_then(|rest| rest.strip_suffix('-'))
            .and_then(|rest| rest.split_once('-'));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if numbers.is_some_and(|(process, count)| is_number(process) && is_number(count)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
