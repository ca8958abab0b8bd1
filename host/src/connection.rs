//! One connection: its socket, and the replies that the kernel has not taken yet.

use crate::net::Stream;
use sanderling_core::{Class, ConnId, Micros};
use std::io;

/// An idle connection keeps no more than this for its next burst of replies.
const PENDING_KEPT_BYTES_MAX: usize = 16 << 10;

pub(crate) struct Connection {
    pub(crate) stream: Stream,
    /// The engine's name for it; `None` once the engine has forgotten it.
    pub(crate) conn: Option<ConnId>,
    /// Tells it apart from others that had its slot before.
    pub(crate) serial: u64,
    pub(crate) pending: Pending,
    /// Class of the last reply, which decides about limits.
    pub(crate) class: Class,
    /// Since when it has been above its soft limit.
    pub(crate) soft_since: Option<Micros>,
    /// When it was last read from, as pacing counts time.
    pub(crate) window: u32,
    /// It stands in the queue of those to be read.
    pub(crate) queued: bool,
    /// It stands in the queue of those to be flushed at the end of the batch.
    pub(crate) to_flush: bool,
    /// It is not read from until its peer takes replies.
    pub(crate) paused: bool,
    /// The engine has been, or will be, told to keep its requests until its peer takes replies.
    pub(crate) held: bool,
    /// The peer has closed its side: a short read does not mean that nothing more will be reported.
    pub(crate) read_closed: bool,
    /// The kernel refused bytes and will report when it takes more.
    pub(crate) blocked: bool,
    /// We have said that nothing more comes.
    pub(crate) finished: bool,
}

impl Connection {
    pub(crate) fn new(stream: Stream, serial: u64) -> Self {
        Self {
            stream,
            conn: None,
            serial,
            pending: Pending::default(),
            class: Class::Normal,
            soft_since: None,
            window: 0,
            queued: false,
            to_flush: false,
            paused: false,
            held: false,
            read_closed: false,
            blocked: false,
            finished: false,
        }
    }

    /// Offers bytes to the kernel and keeps what it refuses. Order matters: only when nothing is pending.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        debug_assert!(self.pending.is_empty());
        let sent = if self.blocked { 0 } else { write_some(&mut self.stream, bytes, &mut self.blocked)? };
        self.pending.push(&bytes[sent..]);
        Ok(())
    }

    /// Offers what is pending to the kernel.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if !self.blocked && !self.pending.is_empty() {
            let sent = write_some(&mut self.stream, self.pending.bytes(), &mut self.blocked)?;
            self.pending.take(sent);
        }
        Ok(())
    }
}

/// Writes until the kernel refuses; returns how much it took.
fn write_some(stream: &mut Stream, bytes: &[u8], blocked: &mut bool) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                *blocked = true;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

/// Bytes that wait for the kernel.
#[derive(Default)]
pub(crate) struct Pending {
    bytes: Vec<u8>,
    /// How many at the front are gone.
    sent: usize,
}

impl Pending {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn take(&mut self, count: usize) {
        self.sent += count;
        if self.is_empty() {
            self.sent = 0;
            self.bytes.clear();
            self.bytes.shrink_to(PENDING_KEPT_BYTES_MAX);
        } else if self.sent > self.bytes.len() / 2 {
            // Each byte is moved at most once for each that was sent.
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_bytes_keep_their_order() {
        let mut pending = Pending::default();
        let mut taken = Vec::new();
        for round in 0..100u8 {
            pending.push(&[round; 7]);
            let count = (round as usize % 11).min(pending.len());
            taken.extend_from_slice(&pending.bytes()[..count]);
            pending.take(count);
        }
        taken.extend_from_slice(pending.bytes());
        let expected: Vec<u8> = (0..100u8).flat_map(|round| [round; 7]).collect();
        assert_eq!(taken, expected);
    }

    #[test]
    fn an_emptied_buffer_gives_its_memory_back() {
        let mut pending = Pending::default();
        pending.push(&vec![0; 1 << 20]);
        pending.take(1 << 20);
        assert!(pending.is_empty() && pending.bytes.capacity() <= PENDING_KEPT_BYTES_MAX);
    }
}
