//! Loading: files are read piece by piece and handed to the engine, between the turns in which clients are told that it
//! loads.

use crate::progress::{Lines, Progress, megabytes};
use crate::storage::{Content, LoadFile, Origin, Plan, StorageError};
use sanderling_core::{LoadFormat, Loaded};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes that are handed over at a time.
const PIECE_BYTES: usize = 256 << 10;

/// Files that are being loaded.
pub(super) struct Loading {
    files: VecDeque<LoadFile>,
    current: Option<Current>,
    pub(super) origin: Origin,
    /// Whether the engine was told that it loads.
    pub(super) was_told: bool,
    /// Whether a client waits for it.
    pub(super) is_asked_for: bool,
    pub(super) total: Loaded,
    bytes: u64,
    done: u64,
    progress: Progress,
}

/// The file that is being read.
struct Current {
    file: File,
    path: PathBuf,
    at: u64,
    end: u64,
    content: Content,
    keeps_expired: bool,
}

/// What is to be told to the engine next.
pub(super) enum Step {
    /// A file, or a part of one, begins; with its bytes.
    Begin(LoadFormat, u64),
    /// [`Loading::read`] has the next piece.
    Piece,
    /// It ends.
    End,
    /// Everything was loaded.
    Done,
}

impl Loading {
    pub(super) fn new(plan: Plan, is_asked_for: bool) -> Self {
        Self {
            bytes: plan.bytes(),
            files: plan.files.into(),
            current: None,
            origin: plan.origin,
            was_told: false,
            is_asked_for,
            total: Loaded::default(),
            done: 0,
            progress: Progress::begin("loading", Lines::Log),
        }
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What comes next.
    pub(super) fn next(&mut self, skips_modules: bool) -> Result<Step, StorageError> {
        match &self.current {
            Some(current) if current.at < current.end => return Ok(Step::Piece),
            Some(_) => return Ok(Step::End),
            None => {}
        }
        let Some(LoadFile { path, len, content, keeps_expired }) = self.files.pop_front() else {
            return Ok(Step::Done);
        };
        let file = File::open(&path).map_err(|error| unreadable(&path, &error))?;
        self.current = Some(Current { file, path, at: 0, end: len, content, keeps_expired });
        let format = match content {
            Content::Rdb => LoadFormat::Rdb { keeps_expired, skips_modules },
            Content::Commands => LoadFormat::Commands,
        };
        Ok(Step::Begin(format, len))
    }

    /// Reads the next piece into a buffer.
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(current) = &mut self.current else { return Ok(0) };
        let left = usize::try_from(current.end - current.at).unwrap_or(usize::MAX);
        let wanted = left.min(PIECE_BYTES).min(room.len());
        let count = current.file.read(&mut room[..wanted])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        current.at += count as u64;
        self.done += count as u64;
        Ok(count)
    }

    /// Takes note of what a file had. Behind an RDB file commands may follow in the same one, which are loaded then.
    pub(super) fn ended(&mut self, loaded: Loaded) -> Result<Option<(LoadFormat, u64)>, StorageError> {
        let Some(mut current) = self.current.take() else { return Ok(None) };
        let total = &mut self.total;
        total.keys += loaded.keys;
        total.expired += loaded.expired;
        total.empty += loaded.empty;
        total.skipped += loaded.skipped;
        total.member_deadlines += loaded.member_deadlines;
        total.errors += loaded.errors;
        let has_rest = current.content == Content::Rdb && loaded.bytes < current.end;
        if !has_rest || !current.keeps_expired {
            return Ok(None);
        }
        let sought = current.file.seek(SeekFrom::Start(loaded.bytes));
        sought.map_err(|error| unreadable(&current.path, &error))?;
        self.done = self.done.saturating_sub(current.at - loaded.bytes);
        (current.at, current.content) = (loaded.bytes, Content::Commands);
        let left = current.end - loaded.bytes;
        self.current = Some(current);
        Ok(Some((LoadFormat::Commands, left)))
    }

    /// Why the file cannot be loaded.
    pub(super) fn fault(&self, why: &str) -> StorageError {
        let (path, offset) = self
            .current
            .as_ref()
            .map_or_else(Default::default, |current| (current.path.display().to_string(), current.at));
        StorageError::Content { path, offset, why: why.to_owned() }
    }

    /// A failure to read.
    pub(super) fn unreadable(&self, error: &io::Error) -> StorageError {
        let path = self.current.as_ref().map_or_else(PathBuf::new, |current| current.path.clone());
        unreadable(&path, error)
    }

    /// Tells how far it is, where someone may be looking.
    pub(super) fn report(&mut self) {
        self.progress.tell(self.done, self.bytes, || megabytes(self.bytes));
    }

    /// How long it took, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.progress.seconds()
    }
}

fn unreadable(path: &Path, error: &io::Error) -> StorageError {
    StorageError::File { path: path.display().to_string(), why: error.to_string() }
}
