//! Reads a file from its beginning to an end that is known before.

use alloc::vec::Vec;

use crate::checksum::Checksum;
use crate::disk::{Disk, Failure};

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// A file that is being read.
pub(crate) struct Reader<'a, D: Disk> {
    disk: &'a mut D,
    name: &'a str,
    end: u64,
    /// Bytes that were read, of which the first `used` are passed.
    buffer: Vec<u8>,
    used: usize,
    /// Where the next bytes are read from.
    next: u64,
}

impl<'a, D: Disk> Reader<'a, D> {
    /// Reads from `start` to `end`, or to where the file ends before.
    pub(crate) fn new(disk: &'a mut D, name: &'a str, start: u64, end: u64) -> Reader<'a, D> {
        Reader { disk, name, end, buffer: Vec::new(), used: 0, next: start }
    }

    /// Offset of the next byte.
    pub(crate) fn at(&self) -> u64 {
        self.next - (self.buffer.len() - self.used) as u64
    }

    /// The next bytes: at least `wanted`, unless the end comes before.
    pub(crate) fn peek(&mut self, wanted: usize) -> Result<&[u8], Failure> {
        while self.buffer.len() - self.used < wanted && self.next < self.end {
            self.buffer.drain(..self.used);
            self.used = 0;
            let left = self.end - self.next;
            let room = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES.max(wanted));
            let start = self.buffer.len();
            self.buffer.resize(start + room, 0);
            let count = self.disk.read(self.name, self.next, &mut self.buffer[start..])?;
            self.buffer.truncate(start + count);
            self.next += count as u64;
            if count < room {
                self.end = self.next;
            }
        }
        Ok(&self.buffer[self.used..])
    }

    /// Passes over bytes that were peeked at.
    pub(crate) fn take(&mut self, count: usize) {
        debug_assert!(count <= self.buffer.len() - self.used);
        self.used += count;
    }
}

/// The checksum of the first `len` bytes of a file, or of all if there are fewer, whatever they are.
pub fn checksum_of<D: Disk>(disk: &mut D, name: &str, len: u64, checksum: Checksum) -> Result<u32, Failure> {
    let mut reader = Reader::new(disk, name, 0, len);
    let mut crc = 0;
    loop {
        let bytes = reader.peek(1)?;
        if bytes.is_empty() {
            return Ok(crc);
        }
        crc = checksum(crc, bytes);
        let count = bytes.len();
        reader.take(count);
    }
}
