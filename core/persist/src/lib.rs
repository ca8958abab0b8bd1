//! An append-only log of commands in the files of Redis 7: a manifest, a base, and files of commands that were run since.
//!
//! The log does no I/O. An embedder gives it a [`Disk`], a handful of operations on files, and hands over what each call
//! of the engine amounts to; the log writes it as one batch, makes it durable as its [`Policy`] says, and tells which
//! batches are committed. [`recover`] reads the files again, whatever a crash has left of them.
//!
//! In front of each batch stands a comment line, which Redis passes over, with a checksum and with how much of the file
//! was known to be durable: see [`line`](mod@line). By it a write that a crash has torn, which nobody was promised, is told from
//! damage to what was promised, which is never passed over.
#![no_std]

extern crate alloc;

mod checksum;
mod disk;
pub mod line;
mod log;
mod manifest;
mod reader;
mod recover;
mod scan;
mod tail;

pub use checksum::{Checksum, crc32c};
pub use disk::{Disk, Failure, replace};
pub use log::{Log, Lsn, Policy, Sync, Trouble};
pub use manifest::{BaseForm, Entry, Kind, Manifest, ManifestError, Names};
pub use reader::checksum_of;
pub use recover::{Options, Recovered, Refusal, Segment, Torn, recover};
pub use scan::{Damage, End, Scanned, scan};
