//! The file of a log that takes what is new: what of it is appended, written and durable.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;

use crate::checksum::Checksum;
use crate::disk::{Disk, Failure, write_all};
use crate::line;
use crate::log::Lsn;

/// Bytes that are written but not durable and are kept, in case a sync fails.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// Capacity that the buffer keeps while it is empty, in bytes.
const BUFFER_KEPT_BYTES_MAX: usize = 4 << 20;

/// What a command that selects a database begins with.
const SELECT: &[u8] = b"*2\r\n$6\r\nSELECT\r\n";

/// The file that takes what is new.
pub(crate) struct Tail {
    pub(crate) name: String,
    pub(crate) seq: u64,
    /// Where the first batch may begin, and the running checksum there.
    pub(crate) head: (u64, u32),
    /// Bytes that are durable: up to the end of a batch.
    pub(crate) durable: u64,
    /// The running checksum there.
    pub(crate) durable_crc: u32,
    /// Bytes that are written.
    pub(crate) written: u64,
    /// The running checksum behind all that was appended.
    pub(crate) crc: u32,
    /// The file from `kept_from` on: what is not written, and what is not durable as far as it is kept.
    pub(crate) bytes: Vec<u8>,
    pub(crate) kept_from: u64,
    /// Batches that are not durable, of which so many are written.
    pub(crate) batches: VecDeque<Batch>,
    pub(crate) batches_written: usize,
    /// The batch that is not complete, whose bytes are behind all others and are not offered to the disk.
    open: Option<OpenBatch>,
    /// Whether there is no command in it: it is read with database 0 selected, so that the first one has to tell.
    pub(crate) is_fresh: bool,
    /// A sync has failed: another success says nothing of what it should have made durable.
    pub(crate) is_doubtful: bool,
    /// What was given up may still stand behind the end: it has to be cut off before anything is written over it, of which
    /// a crash would leave a mixture.
    pub(crate) overhangs: bool,
}

/// A batch that pieces are added to.
struct OpenBatch {
    db: Option<u32>,
    /// Where it begins in the file, its line included.
    line: u64,
    /// Where its commands do.
    start: u64,
    /// Whether there was no command before.
    is_first: bool,
}

pub(crate) struct Batch {
    pub(crate) lsn: Lsn,
    /// The database that its first command is about unless it says another; `None` if it does.
    pub(crate) db: Option<u32>,
    /// Where its commands begin in the file.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) crc: u32,
}

impl Tail {
    /// A file that is there already, whole and durable up to its end.
    pub(crate) fn at(name: String, seq: u64, len: u64, crc: u32) -> Tail {
        Tail {
            name,
            seq,
            head: (len, crc),
            durable: len,
            durable_crc: crc,
            written: len,
            crc,
            bytes: Vec::new(),
            kept_from: len,
            batches: VecDeque::new(),
            batches_written: 0,
            open: None,
            is_fresh: false,
            is_doubtful: false,
            overhangs: false,
        }
    }

    /// A file that is still to be made. It begins with a line without a batch, so that whose it is can be told
    /// whatever becomes of the rest.
    pub(crate) fn new(name: String, seq: u64, checksum: Checksum, has_line: bool) -> Tail {
        let mut tail = Tail::at(name, seq, 0, 0);
        tail.is_fresh = true;
        if has_line {
            tail.begin_lines(checksum);
        }
        tail
    }

    /// Adds a line without a batch.
    pub(crate) fn begin_lines(&mut self, checksum: Checksum) {
        self.crc = line::write(&mut self.bytes, checksum, self.crc, self.durable, &[]);
        self.head = (self.end(), self.crc);
    }

    pub(crate) fn end(&self) -> u64 {
        self.kept_from + self.bytes.len() as u64
    }

    /// Where a place of the file is in `bytes`, which has it.
    fn index(&self, at: u64) -> usize {
        (at - self.kept_from) as usize
    }

    /// The commands of a batch that is kept.
    pub(crate) fn commands(&self, batch: &Batch) -> &[u8] {
        &self.bytes[self.index(batch.start)..self.index(batch.end)]
    }

    /// Adds a piece to the batch that is not complete; `db` counts for the first one.
    pub(crate) fn push(&mut self, has_line: bool, db: Option<u32>, commands: &[u8]) {
        if self.open.is_none() {
            self.begin_batch(has_line, db, commands);
        }
        self.bytes.extend_from_slice(commands);
    }

    fn begin_batch(&mut self, has_line: bool, db: Option<u32>, first: &[u8]) {
        let line = self.end();
        if has_line {
            line::begin(&mut self.bytes, self.durable);
        }
        let (start, is_first) = (self.end(), self.is_fresh);
        if let Some(db) = db
            && mem::take(&mut self.is_fresh)
            && !first.starts_with(SELECT)
        {
            let db = db.to_string();
            self.bytes.extend_from_slice(SELECT);
            self.bytes.extend_from_slice(format!("${}\r\n{db}\r\n", db.len()).as_bytes());
        }
        self.open = Some(OpenBatch { db, line, start, is_first });
    }

    /// The batch is complete.
    pub(crate) fn close_batch(&mut self, checksum: Checksum, has_line: bool, lsn: Lsn) {
        let Some(OpenBatch { db, line, mut start, .. }) = self.open.take() else { return };
        let (line_at, start_at) = (self.index(line), self.index(start));
        if has_line {
            let (crc, batch) = line::end(&mut self.bytes, checksum, self.crc, line_at, start_at);
            self.crc = crc;
            start = self.kept_from + batch as u64;
        } else {
            self.crc = checksum(self.crc, &self.bytes[start_at..]);
        }
        self.batches.push_back(Batch { lsn, db, start, end: self.end(), crc: self.crc });
    }

    /// The batch will not be completed.
    pub(crate) fn abandon_batch(&mut self) {
        if let Some(open) = self.open.take() {
            let line = self.index(open.line);
            self.bytes.truncate(line);
            self.is_fresh = open.is_first;
        }
    }

    /// Offers the disk what is not written.
    pub(crate) fn write<D: Disk>(&mut self, disk: &mut D) -> Option<Failure> {
        if self.overhangs {
            if let Err(failure) = disk.truncate(&self.name, self.written) {
                return Some(failure);
            }
            self.overhangs = false;
        }
        let end = self.open.as_ref().map_or(self.end(), |open| open.line);
        let range = self.index(self.written)..self.index(end);
        let (count, failure) = write_all(disk, &self.name, self.written, &self.bytes[range]);
        self.written += count as u64;
        while self.batches.get(self.batches_written).is_some_and(|batch| batch.end <= self.written) {
            self.batches_written += 1;
        }
        // More is not kept of what a slow disk has not made durable; a failed sync then takes a new base to mend. Half of
        // it goes at once, since what stays has to be moved.
        if self.bytes.len() > KEPT_BYTES_MAX {
            let surplus = self.bytes.len() - KEPT_BYTES_MAX / 2;
            let drop = surplus.min((self.written - self.kept_from) as usize);
            self.forget(self.kept_from + drop as u64);
        }
        failure
    }

    /// The last batch that is written.
    pub(crate) fn last_written(&self) -> Option<Lsn> {
        self.batches_written.checked_sub(1).map(|last| self.batches[last].lsn)
    }

    /// Takes note that the file is durable up to `upto`; returns the last batch that is.
    pub(crate) fn made_durable(&mut self, upto: u64) -> Option<Lsn> {
        let mut last = None;
        while let Some(batch) = self.batches.front()
            && batch.end <= upto
        {
            self.durable = batch.end;
            self.durable_crc = batch.crc;
            last = Some(batch.lsn);
            self.batches.pop_front();
            self.batches_written = self.batches_written.saturating_sub(1);
        }
        self.forget(self.durable);
        last
    }

    fn forget(&mut self, upto: u64) {
        let Some(count) = upto.checked_sub(self.kept_from) else { return };
        let count = (count as usize).min(self.bytes.len());
        self.bytes.drain(..count);
        self.kept_from += count as u64;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(BUFFER_KEPT_BYTES_MAX);
        }
    }

    /// Gives up all batches behind `last`, and returns where the file ends then.
    pub(crate) fn give_up_behind(&mut self, last: Lsn) -> u64 {
        self.abandon_batch();
        self.batches.retain(|batch| batch.lsn <= last);
        self.batches_written = self.batches_written.min(self.batches.len());
        let (end, crc) =
            self.batches.back().map_or((self.durable, self.durable_crc), |batch| (batch.end, batch.crc));
        let len = self.index(end);
        self.bytes.truncate(len);
        self.written = self.written.min(end);
        self.crc = crc;
        end
    }

    /// Whether all that is not durable is still at hand.
    pub(crate) fn has_all(&self) -> bool {
        self.kept_from <= self.durable
    }
}
