//! Redis's serialised values, as DUMP, RESTORE and RDB files have them.
//!
//! ```text
//! type u8 | what the type prescribes | version u16 | CRC-64 of all before it u64     (little-endian)
//! ```
//! The format is described at <https://rdb.fnordig.de/file_format.html>; what that lacks was read from values that
//! servers wrote. Every form that Redis has written since 2.0 is read. What is written is what Redis 7.2 writes for
//! the same value, but in the oldest form that loses nothing, see `version_of`.
//!
//! A payload is not trusted: each length is compared with the bytes that are left before anything is allocated for
//! it, each packed sequence is checked entry by entry, and memory is asked for before it is taken.

pub mod file;
mod functions;
mod load;
mod lzf;
mod packs;
mod partial;
mod read;
mod save;
mod stream;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub use crate::base::crc64::crc64;
pub use functions::{dump_libraries, restore_libraries};
pub use read::{Fault, Reader};
pub use save::Writer;

use crate::base::error::Error;
use crate::base::memory::Memory;
use crate::keyspace::{Value, ValueRef};
use crate::types::EncodingLimits;

/// The version of Redis 7.0, of which all forms are that are written for ordinary values.
const VERSION_ORDINARY: u16 = 10;
/// The version of Redis 7.2, whose streams have consumers that were active at another time than they were seen.
const VERSION_ACTIVE: u16 = 11;
/// The version of Redis 7.4, whose hashes have fields with deadlines.
const VERSION_TIMED: u16 = 12;
/// The version of Redis 8.8, whose streams have pending entries that are unowned. Newer ones are refused.
const VERSION_NACKED: u16 = 14;
/// What Valkey 9 writes above its values. It counts for itself from here on, and one of its forms has a number of Redis's.
const VERSION_VALKEY: u16 = 80;
/// Bytes of version and checksum.
const FOOTER_BYTES: usize = 10;

/// What the first byte of a value says of its form.
mod form {
    pub(super) const STRING: u8 = 0;
    pub(super) const LIST: u8 = 1;
    /// Values of modules; those of the second kind tell where they end.
    pub(super) const MODULE: u8 = 6;
    pub(super) const MODULE_2: u8 = 7;
    pub(super) const SET: u8 = 2;
    /// Scores are texts.
    pub(super) const ZSET_TEXT: u8 = 3;
    pub(super) const HASH: u8 = 4;
    /// Scores are eight bytes.
    pub(super) const ZSET: u8 = 5;
    pub(super) const HASH_ZIPMAP: u8 = 9;
    pub(super) const LIST_ZIPLIST: u8 = 10;
    pub(super) const SET_INTSET: u8 = 11;
    pub(super) const ZSET_ZIPLIST: u8 = 12;
    pub(super) const HASH_ZIPLIST: u8 = 13;
    /// A list of ziplists.
    pub(super) const LIST_QUICKLIST: u8 = 14;
    pub(super) const HASH_LISTPACK: u8 = 16;
    pub(super) const ZSET_LISTPACK: u8 = 17;
    /// A list of listpacks and of single long elements.
    pub(super) const LIST_QUICKLIST_2: u8 = 18;
    pub(super) const SET_LISTPACK: u8 = 20;
    /// The forms of streams: without counts of what was ever added and read, with them, with the times at which
    /// consumers last got something, with producers, and with pending entries that are unowned.
    pub(super) const STREAM: u8 = 15;
    pub(super) const STREAM_2: u8 = 19;
    pub(super) const STREAM_3: u8 = 21;
    pub(super) const STREAM_4: u8 = 26;
    pub(super) const STREAM_5: u8 = 27;
    /// The forms of hashes whose fields have deadlines. The first two are of versions before 7.4.
    pub(super) const HASH_TIMED_EARLY: u8 = 22;
    pub(super) const HASH_TIMED_LISTPACK_EARLY: u8 = 23;
    pub(super) const HASH_TIMED: u8 = 24;
    pub(super) const HASH_TIMED_LISTPACK: u8 = 25;
}

/// Why a payload was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Its version is not known or its checksum wrong.
    Footer,
    /// It is not a value.
    Malformed,
    /// There is no memory for it.
    OutOfMemory,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Footer => Error::Text("ERR DUMP payload version or checksum are wrong"),
            Refusal::Malformed => Error::Text("ERR Bad data format"),
            Refusal::OutOfMemory => Error::OutOfMemory,
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        match fault {
            Fault::Malformed | Fault::Short | Fault::Beyond | Fault::Empty => Refusal::Malformed,
            Fault::OutOfMemory => Refusal::OutOfMemory,
        }
    }
}

/// A value as DUMP replies it; long strings in it are compressed if `is_compressed`.
pub fn dump(value: &ValueRef<'_>, is_compressed: bool) -> Vec<u8> {
    let mut writer = Writer::new(is_compressed);
    writer.value(value);
    let payload = writer.into_bytes();
    let version = version_of(payload[0]);
    seal(payload, version)
}

/// Puts version and checksum behind a payload.
fn seal(mut payload: Vec<u8>, version: u16) -> Vec<u8> {
    payload.extend_from_slice(&version.to_le_bytes());
    let checksum = crc64(&payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
    payload
}

/// The version of a payload, if that is known and the checksum right.
pub fn verify(payload: &[u8]) -> Result<u16, Refusal> {
    let (rest, checksum) = payload.split_last_chunk::<8>().ok_or(Refusal::Footer)?;
    let (_, version) = rest.split_last_chunk::<2>().ok_or(Refusal::Footer)?;
    let version = u16::from_le_bytes(*version);
    let is_known = version <= VERSION_NACKED || version == VERSION_VALKEY;
    let is_right = is_known && u64::from_le_bytes(*checksum) == crc64(rest);
    if is_right { Ok(version) } else { Err(Refusal::Footer) }
}

/// The value in a payload that DUMP replied, here or elsewhere. No string may be longer than `string_bytes_max`
/// once it is decompressed. What follows the value is not looked at, as no server does.
pub fn restore(
    payload: &[u8],
    limits: &EncodingLimits,
    memory: Memory,
    string_bytes_max: usize,
) -> Result<Value, Refusal> {
    let version = verify(payload)?;
    let value = &payload[..payload.len() - FOOTER_BYTES];
    let mut reader = Reader::new(value, memory, string_bytes_max);
    let form = reader.byte()?;
    Ok(reader.value_of_form(form, version == VERSION_VALKEY, limits)?)
}

/// The version to declare for a file with this value in it: the lowest that has its form.
fn version_of_value(value: &ValueRef<'_>) -> u16 {
    match value {
        ValueRef::Stream(stream) => version_of(stream::form_of(stream::least_form(stream))),
        ValueRef::Hash(hash) if hash.has_deadlines() => VERSION_TIMED,
        _ => VERSION_ORDINARY,
    }
}

/// The version to declare for a value of this form: the lowest that has it.
///
/// A server refuses every version above its own, whatever the value. Redis 7.2 writes version 11 above values that
/// 7.0 would understand; with the lowest one, both take them.
fn version_of(form: u8) -> u16 {
    match form {
        form::STREAM_3 => VERSION_ACTIVE,
        form::STREAM_5 => VERSION_NACKED,
        form::HASH_TIMED | form::HASH_TIMED_LISTPACK => VERSION_TIMED,
        _ => VERSION_ORDINARY,
    }
}
