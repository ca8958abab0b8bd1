//! Why files cannot be kept or loaded.

use super::lock::{LockError, NAME};
use sanderling_persist::{Failure, Refusal};
use std::{error, fmt};

/// Why a server's files cannot be kept or loaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum StorageError {
    /// The directory cannot be taken.
    Lock(LockError),
    /// The log cannot be written.
    Log {
        /// Its directory.
        dir: String,
        /// Why.
        failure: Failure,
    },
    /// The log must not be loaded as it is.
    Refused {
        /// Its directory.
        dir: String,
        /// Why.
        refusal: Refusal,
    },
    /// A file cannot be read.
    File {
        /// The file.
        path: String,
        /// Why, as the system words it.
        why: String,
    },
    /// What a file has cannot be loaded.
    Content {
        /// The file.
        path: String,
        /// Bytes of it that were handed over to be loaded when the fault was found.
        offset: u64,
        /// Why.
        why: String,
    },
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageError::Lock(LockError::Held(pid)) => {
                f.write_str("another process keeps its data in this directory")?;
                if let Some(pid) = pid {
                    write!(f, " (process {pid})")?;
                }
                f.write_str(": use another one with --dir, or keep nothing with --save \"\" --appendonly no")
            }
            StorageError::Lock(LockError::System(error)) => write!(f, "cannot lock {NAME}: {error}"),
            StorageError::Log { dir, failure } => write!(f, "cannot write the log in {dir}: {failure}"),
            StorageError::Refused { dir, refusal } => {
                write!(
                    f,
                    "the log in {dir} is not loaded: {refusal}. `sanderling check {dir}` tells more, and with --repair \
                     cuts off what is not whole"
                )
            }
            StorageError::File { path, why } => write!(f, "cannot read {path}: {why}"),
            StorageError::Content { path, offset, why } => {
                write!(f, "cannot load {path}: {why} (found with {offset} bytes read)")
            }
        }
    }
}

impl error::Error for StorageError {}

impl From<LockError> for StorageError {
    fn from(error: LockError) -> Self {
        StorageError::Lock(error)
    }
}
