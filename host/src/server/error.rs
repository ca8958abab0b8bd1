//! Why a server does not run.

use crate::engine::Trap;
use crate::net::ListenError;
use crate::storage::StorageError;
use crate::tls::TlsError;
use std::path::PathBuf;
use std::{fmt, io};

/// Why a server cannot start, or had to stop.
#[derive(Debug)]
pub enum StartError {
    /// The directory to work in cannot be entered.
    WorkingDir {
        /// The directory.
        dir: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The log's file cannot be opened.
    LogFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// No socket to listen on.
    Listen(ListenError),
    /// TLS cannot be spoken by the settings.
    Tls(TlsError),
    /// The engine cannot be made.
    Engine(Trap),
    /// Data cannot be kept, or what was kept cannot be loaded.
    Storage(StorageError),
    /// The system refuses what the event loop needs.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::WorkingDir { dir, error } => {
                write!(f, "cannot work in {}: {error}", dir.display())
            }
            StartError::LogFile { path, error } => {
                write!(f, "cannot open the log file {}: {error}", path.display())
            }
            StartError::Listen(error) => error.fmt(f),
            StartError::Tls(error) => write!(f, "cannot speak TLS: {error}"),
            StartError::Engine(trap) => trap.fmt(f),
            StartError::Storage(error) => error.fmt(f),
            StartError::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::System(error)
    }
}

impl From<Trap> for StartError {
    fn from(trap: Trap) -> Self {
        StartError::Engine(trap)
    }
}

impl From<ListenError> for StartError {
    fn from(error: ListenError) -> Self {
        StartError::Listen(error)
    }
}

impl From<StorageError> for StartError {
    fn from(error: StorageError) -> Self {
        StartError::Storage(error)
    }
}

impl From<TlsError> for StartError {
    fn from(error: TlsError) -> Self {
        StartError::Tls(error)
    }
}
