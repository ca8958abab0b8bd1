//! RDB files: a header, facts about the writer, and for each database its keys with their values.
//!
//! ```text
//! magic | (opcode | what it prescribes)* | 0xff | CRC-64 u64, little-endian
//! ```
//! Files of Redis (versions 1 to 16), of its forks that kept its numbers, and of Valkey 9, which has a magic and numbers
//! of its own, are read; what is written is the oldest version that holds the data.

mod commands;
mod elements;
mod read;
mod record;
mod write;

#[cfg(test)]
mod tests;

pub use crate::keyspace::KeyUse as Used;
pub(crate) use commands::{CommandRecorder, write_function};
#[cfg(test)]
pub(crate) use elements::WRITTEN;
pub use read::{FileFault, FileReader, Found, What};
pub(crate) use record::{Compression, RecordWriter};
pub use write::FileWriter;

/// What stands before a part of a file that is no key.
mod opcode {
    /// In Redis 8.6 what else belongs to the next key, in Valkey 9 a slot that is being moved.
    pub(super) const KEY_META: u8 = 243;
    /// A slot of a cluster: its number, its keys, those with deadlines.
    pub(super) const SLOT_INFO: u8 = 244;
    /// A library of functions.
    pub(super) const FUNCTION: u8 = 245;
    /// What a module keeps besides keys.
    pub(super) const MODULE_AUX: u8 = 247;
    /// For how many seconds the next key has not been used.
    pub(super) const IDLE: u8 = 248;
    /// How often it was, on a logarithmic scale.
    pub(super) const FREQUENCY: u8 = 249;
    /// A fact about the writer.
    pub(super) const AUX: u8 = 250;
    /// How many keys the database has, and how many of them have deadlines.
    pub(super) const SIZES: u8 = 251;
    /// The deadline of the next key, in unix milliseconds.
    pub(super) const DEADLINE_MILLIS: u8 = 252;
    /// The same in seconds.
    pub(super) const DEADLINE_SECONDS: u8 = 253;
    /// The number of the database that follows.
    pub(super) const DATABASE: u8 = 254;
    pub(super) const END: u8 = 255;
}
