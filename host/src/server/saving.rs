//! Saving: the engine writes all data in steps, between the turns in which clients are served.

use crate::log;
use crate::progress::{Lines, Progress, megabytes};
use crate::storage::{Job, JobNumber, Worker};
use sanderling_core::SaveKind;
use sanderling_persist::{BaseForm, Failure};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// After so many bytes the thread begins to make durable what there is, so that the end has less to do.
const SYNC_BYTES: u64 = 4 << 20;

/// A save that is under way.
pub(super) struct Saving {
    pub(super) kind: SaveKind,
    file: Option<File>,
    path: PathBuf,
    /// The name that the file gets when it is complete; `None` where the log gives it.
    target: Option<PathBuf>,
    len: u64,
    /// The checksum of so many bytes, where the file has none of its own.
    crc: Option<u32>,
    synced: u64,
    progress: Progress,
    /// How much is saved, in thousandths.
    saved: u32,
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
        Self::at(SaveKind::Dump, path, Some(dir.join(name)), None)
    }

    /// The base of a log, at the path that the log wants it at.
    pub(super) fn base(path: PathBuf, form: BaseForm) -> io::Result<Self> {
        let crc = (form == BaseForm::Commands).then_some(0);
        Self::at(SaveKind::Base, path, None, crc)
    }

    fn at(kind: SaveKind, path: PathBuf, target: Option<PathBuf>, crc: Option<u32>) -> io::Result<Self> {
        let file = File::create(&path)?;
        Ok(Self {
            kind,
            file: Some(file),
            path,
            target,
            len: 0,
            crc,
            synced: 0,
            progress: Progress::begin(format!("saving {}", name_of(kind)), Lines::Log),
            saved: 0,
            error: None,
            is_complete: false,
            job: None,
            closes_log: false,
        })
    }

    /// Writes what the engine has written, by which so many thousandths are saved.
    pub(super) fn write(&mut self, bytes: &[u8], saved: u32) {
        self.saved = saved;
        let Some(file) = &mut self.file else { return };
        if self.error.is_some() {
            return;
        }
        match file.write_all(bytes) {
            Ok(()) => {
                self.len += bytes.len() as u64;
                self.crc = self.crc.map(|crc| crc32c::crc32c_append(crc, bytes));
            }
            Err(error) => self.error = Some(error.to_string()),
        }
    }

    /// The engine cannot go on.
    pub(super) fn fail(&mut self, why: &str) {
        self.error.get_or_insert_with(|| why.to_owned());
    }

    /// How many bytes were written, and their checksum if it was counted.
    pub(super) fn written(&self) -> (u64, u32) {
        (self.len, self.crc.unwrap_or_default())
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
    pub(super) fn tell_progress(&mut self) {
        let len = self.len;
        self.progress.tell(self.saved.into(), 1000, || format!("the keys, {}", megabytes(len)));
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
        let what = name_of(self.kind);
        let seconds = self.progress.seconds();
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

fn name_of(kind: SaveKind) -> &'static str {
    match kind {
        SaveKind::Dump => "the dump",
        SaveKind::Base => "the log's base",
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
