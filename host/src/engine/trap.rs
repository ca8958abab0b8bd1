//! Why an engine cannot be made, or cannot go on.

use std::{error, fmt};

/// The engine trapped, or was never there: its state is lost.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trap {
    /// The system has no random numbers for the engine to hash with.
    Randomness(getrandom::Error),
    /// The engine refuses its settings, in its own words.
    Settings(String),
    /// The settings do not fit the engine's input buffer.
    SettingsTooLong {
        /// How long they are.
        bytes: usize,
    },
    /// The guest's module cannot be loaded or is not what it should be.
    Module(String),
    /// The linked engine panicked, with this message.
    Panic(String),
    /// The guest panicked, with this message.
    GuestPanic(String),
    /// The guest did what it must not, such as reaching outside its memory.
    Guest {
        /// In the words of the sandbox.
        cause: String,
        /// Size of the last allocation that failed, in bytes, if one did.
        refused_bytes: Option<u64>,
    },
    /// What the guest left for the host is not where it says, or makes no sense.
    Unreadable(&'static str),
    /// An engine from elsewhere has a reason of its own.
    Other(String),
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trap::Randomness(error) => write!(f, "the system has no randomness: {error}"),
            Trap::SettingsTooLong { bytes } => write!(f, "{bytes} bytes of settings are too many"),
            Trap::Panic(message) => write!(f, "panic: {message}"),
            Trap::Guest { cause, refused_bytes: Some(bytes) } => {
                write!(f, "{cause}; memory ran out: the last refused allocation was of {bytes} bytes")
            }
            Trap::Unreadable(what) => write!(f, "the guest's {what} cannot be read"),
            Trap::Settings(text)
            | Trap::Module(text)
            | Trap::GuestPanic(text)
            | Trap::Guest { cause: text, refused_bytes: None }
            | Trap::Other(text) => f.write_str(text),
        }
    }
}

impl error::Error for Trap {}
