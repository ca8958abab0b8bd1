//! Writing a file, in pieces.

use alloc::format;
use alloc::vec::Vec;

use super::opcode;
use super::record::before_key;
use crate::base::crc64::Crc64;
use crate::keyspace::{Entry, StreamsSeen, ValueRef};
use crate::rdb::{VERSION_ACTIVE, VERSION_NACKED, VERSION_ORDINARY, VERSION_TIMED, Writer, version_of_value};
use crate::structures::table::Keyed;

/// Writes a file: the header, then whatever is called in the order of the file, then [`FileWriter::end`].
pub struct FileWriter {
    writer: Writer,
    /// None leaves eight zeros where the checksum would stand, as `rdbchecksum no` does.
    crc: Option<Crc64>,
    is_ended: bool,
}

impl FileWriter {
    /// The least version that every file has: that of Redis 7.0.
    pub const VERSION_MIN: u16 = VERSION_ORDINARY;

    /// A file of this version, which has to be one that holds all of its values: see [`FileWriter::version_for`].
    pub fn new(version: u16, is_compressed: bool, has_checksum: bool) -> FileWriter {
        let mut file = FileWriter {
            writer: Writer::new(is_compressed),
            crc: has_checksum.then(Crc64::default),
            is_ended: false,
        };
        file.writer.bytes.extend_from_slice(format!("REDIS{version:04}").as_bytes());
        file
    }

    /// The oldest version that holds whatever there may be of hashes and streams.
    pub(crate) fn version_that_holds(has_timed_fields: bool, streams: StreamsSeen) -> u16 {
        if streams.unowned {
            VERSION_NACKED
        } else if has_timed_fields {
            VERSION_TIMED
        } else if streams.consumers {
            VERSION_ACTIVE
        } else {
            VERSION_ORDINARY
        }
    }

    /// The oldest version that holds a value.
    pub fn version_for(value: &ValueRef<'_>) -> u16 {
        version_of_value(value)
    }

    /// A fact about the writer.
    pub fn aux(&mut self, name: &str, value: &[u8]) {
        self.writer.bytes.push(opcode::AUX);
        self.writer.string(name.as_bytes());
        self.writer.string(value);
    }

    /// A library of functions.
    pub fn function(&mut self, text: &[u8]) {
        self.writer.bytes.push(opcode::FUNCTION);
        self.writer.string(text);
    }

    /// What follows belongs to this database.
    pub fn database(&mut self, index: u64) {
        self.writer.bytes.push(opcode::DATABASE);
        self.writer.length(index);
    }

    /// How many keys it has, and how many of them have deadlines.
    pub fn sizes(&mut self, keys: u64, volatile: u64) {
        self.writer.bytes.push(opcode::SIZES);
        self.writer.length(keys);
        self.writer.length(volatile);
    }

    /// A key with all that belongs to it.
    pub fn key(&mut self, entry: &Entry) {
        before_key(&mut self.writer, entry.deadline(), None);
        let value = entry.value();
        self.writer.key_and_value(entry.key(), &value);
    }

    /// Records that were written elsewhere.
    pub(crate) fn append(&mut self, records: Vec<u8>) {
        if self.writer.bytes.is_empty() {
            self.writer.bytes = records;
        } else {
            self.writer.bytes.extend_from_slice(&records);
        }
    }

    /// The end.
    pub fn end(&mut self) {
        self.writer.bytes.push(opcode::END);
        self.count();
        let checksum = self.crc.as_ref().map_or(0, Crc64::value);
        self.writer.bytes.extend_from_slice(&checksum.to_le_bytes());
        self.is_ended = true;
    }

    /// Bytes that were written and not taken.
    pub fn len(&self) -> usize {
        self.writer.bytes.len()
    }

    /// Whether all that was written is taken.
    pub fn is_empty(&self) -> bool {
        self.writer.bytes.is_empty()
    }

    /// Takes what was written.
    pub fn take(&mut self) -> Vec<u8> {
        if !self.is_ended {
            self.count();
        }
        core::mem::take(&mut self.writer.bytes)
    }

    /// Has the checksum cover what was written since it was taken.
    fn count(&mut self) {
        if let Some(crc) = &mut self.crc {
            crc.update(&self.writer.bytes);
        }
    }
}
