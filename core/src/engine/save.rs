//! Snapshots of an engine as RDB files or as commands, written in steps while everything goes on.
//!
//! What is written is what was there when the snapshot began, between two calls.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::{fmt, mem};

use super::{Engine, Micros};
use crate::base::numbered::numbered;
use crate::config::REDIS_VERSION;
use crate::keyspace::{Recorder, SaveState, SaveStep};
use crate::number;
use crate::rdb::file::{CommandRecorder, Compression, FileWriter, RecordWriter, write_function};

/// What a step does at most, in bytes that are written, or in work that is worth as much.
const STEP_BYTES_MAX: usize = 64 << 10;

numbered! {
    /// What a snapshot is written as.
    pub enum SaveFormat {
        /// An RDB file by itself.
        Dump = 0,
        /// An RDB file that is the base of a log, and says so.
        Base = 1,
        /// Commands, which are the base of a log; they are not compressed and have no checksum of their own.
        Commands = 2,
    }
}

/// All of a snapshot, in thousandths.
const WHOLE: u32 = 1000;

/// How a snapshot is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SaveOptions {
    /// As what.
    pub format: SaveFormat,
    /// Whether strings are compressed.
    pub is_compressed: bool,
    /// Shorter strings are not compressed, in bytes.
    pub compress_min_bytes: usize,
    /// Whether it ends with a checksum.
    pub has_checksum: bool,
}

/// A snapshot that is being written.
pub(super) enum SnapshotFile {
    Rdb(Box<FileWriter>),
    /// Commands that were not taken.
    Commands(Vec<u8>),
}

impl SnapshotFile {
    fn append(&mut self, mut records: Vec<u8>) {
        match self {
            SnapshotFile::Rdb(file) => file.append(records),
            SnapshotFile::Commands(bytes) if bytes.is_empty() => *bytes = records,
            SnapshotFile::Commands(bytes) => bytes.append(&mut records),
        }
    }

    fn end(&mut self) {
        match self {
            SnapshotFile::Rdb(file) => file.end(),
            SnapshotFile::Commands(_) => {}
        }
    }

    fn take(&mut self) -> Vec<u8> {
        match self {
            SnapshotFile::Rdb(file) => file.take(),
            SnapshotFile::Commands(bytes) => mem::take(bytes),
        }
    }
}

/// Why a snapshot cannot begin. The numbers are those of the guest's interface, where 0 is that it has begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum SaveFault {
    /// One is under way.
    Running = 1,
    /// One was aborted, and what it has left is still to be cleared away, by steps or by time.
    Clearing = 2,
    /// Files are being loaded.
    Loading = 3,
    /// A script has paused in the midst of what it does, of which there are no effects yet.
    Busy = 4,
}

impl fmt::Display for SaveFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SaveFault::Running => "a snapshot is under way already",
            SaveFault::Clearing => "an aborted snapshot is still being cleared away",
            SaveFault::Loading => "files are being loaded",
            SaveFault::Busy => "a script is in the midst of what it does",
        })
    }
}

impl Engine {
    /// Begins a snapshot of what is there now. Whoever needs to know which effects it holds takes the outputs of earlier
    /// calls first: it holds those, and none of later ones. [`Engine::save_step`] writes it.
    pub fn save_begin(&mut self, now: Micros, options: SaveOptions) -> Result<(), SaveFault> {
        self.begin(now);
        match self.store.save_state() {
            SaveState::Saving => return Err(SaveFault::Running),
            SaveState::Clearing => return Err(SaveFault::Clearing),
            SaveState::Idle if self.is_filling() => return Err(SaveFault::Loading),
            SaveState::Idle if self.is_in_script() => return Err(SaveFault::Busy),
            SaveState::Idle => {}
        }
        let SaveOptions { format, is_compressed, compress_min_bytes, .. } = options;
        let recorder: Box<dyn Recorder> = match format {
            SaveFormat::Dump | SaveFormat::Base => {
                let compression = Compression { is_on: is_compressed, bytes_min: compress_min_bytes };
                self.saving = Some(SnapshotFile::Rdb(Box::new(self.begin_file(now, options))));
                Box::new(RecordWriter::new(compression))
            }
            SaveFormat::Commands => {
                let mut bytes = Vec::new();
                let libraries = &self.server.scripting.libraries;
                libraries.texts().for_each(|text| write_function(&mut bytes, text));
                self.saving = Some(SnapshotFile::Commands(bytes));
                Box::new(CommandRecorder::default())
            }
        };
        let uses = self.server.config.maxmemory_policy.tells_use().then(|| {
            let steady = self.store.steady;
            self.store.access.reader(steady)
        });
        self.store.save_begin(recorder, uses, self.server.memory);
        Ok(())
    }

    /// An RDB file with what stands before its keys.
    fn begin_file(&self, now: Micros, options: SaveOptions) -> FileWriter {
        let SaveOptions { format, is_compressed, has_checksum, .. } = options;
        let version =
            FileWriter::version_that_holds(self.store.may_have_timed_fields(), self.store.streams_seen);
        let mut file = FileWriter::new(version, is_compressed, has_checksum);
        let seconds = now / 1_000_000;
        file.aux("redis-ver", REDIS_VERSION.as_bytes());
        // All numbers in the file are as on 64 bits, wherever it is written.
        file.aux("redis-bits", b"64");
        file.aux("ctime", &decimal(seconds));
        file.aux("used-mem", &decimal((self.server.memory_used)() as u64));
        file.aux("aof-base", if format == SaveFormat::Base { b"1" } else { b"0" });
        for text in self.server.scripting.libraries.texts() {
            file.function(text);
        }
        for db in (0..self.store.databases()).filter(|&db| self.store.len(db) > 0) {
            file.database(db as u64);
            file.sizes(self.store.len(db) as u64, self.store.volatile_len(db) as u64);
        }
        file
    }

    /// Writes about `bytes` bytes of the snapshot, but no more than one bounded step, which comes as
    /// [`Output::Snapshot`](super::Output::Snapshot), and after the last one
    /// [`Output::SnapshotEnd`](super::Output::SnapshotEnd). After an abort it clears away what is left instead. Does
    /// nothing when there is nothing to do.
    pub fn save_step(&mut self, now: Micros, bytes: usize) {
        self.begin(now);
        let mut written = Vec::new();
        let step = self.store.save_step(bytes.clamp(1, STEP_BYTES_MAX), &mut written);
        self.server.memory_held = self.store.save_held_bytes();
        self.report_failed_save();
        let (saved, all) = self.store.save_progress();
        let Some(file) = &mut self.saving else { return };
        file.append(written);
        if let SaveStep::Done(keys) = step {
            file.end();
            self.outbox.snapshot(file.take(), WHOLE);
            self.outbox.snapshot_end(keys);
            self.saving = None;
        } else {
            let thousandths = saved.saturating_mul(WHOLE.into()) / all.max(1);
            self.outbox.snapshot(file.take(), number::short(number::saturate(thousandths)));
        }
    }

    /// Ends the snapshot; what was written of it is no file, and nothing more comes of it.
    pub fn save_abort(&mut self, now: Micros) {
        self.begin(now);
        self.saving = None;
        self.store.save_abort();
        self.server.memory_held = 0;
    }

    /// Whether a script has paused in the midst of what it does, when no snapshot can begin and nothing should be loaded.
    pub fn is_in_script(&self) -> bool {
        self.server.scripting.paused.is_some()
    }

    /// Whether a snapshot is under way.
    pub fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    /// Whether one was aborted and the next one cannot begin yet.
    pub fn is_clearing(&self) -> bool {
        self.store.save_state() == SaveState::Clearing
    }

    /// Of the snapshot that is under way the keys that are saved, and how many there were when it began.
    pub fn save_progress(&self) -> (u64, u64) {
        self.store.save_progress()
    }

    /// Tells of a snapshot that could not go on.
    pub(super) fn report_failed_save(&mut self) {
        if self.saving.is_some()
            && let Some(why) = self.store.save_failure()
        {
            self.saving = None;
            self.server.memory_held = 0;
            self.outbox.snapshot_failed(why);
        }
    }
}

fn decimal(number: u64) -> Vec<u8> {
    let mut text = Vec::new();
    number::write_i64(&mut text, number.cast_signed());
    text
}
