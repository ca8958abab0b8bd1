//! One connection: its socket, and the replies that the kernel has not taken yet.

use crate::net::Stream;
use crate::pending::{Messages, OFFERED_PIECES_MAX, Pending};
use sanderling_core::{Class, ConnId, Micros};
use std::io::{self, IoSlice};

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
    pub(crate) fn send(&mut self, bytes: &[u8], messages: &mut Messages) -> io::Result<()> {
        debug_assert!(self.pending.is_empty());
        let sent = if self.blocked { 0 } else { write_some(&mut self.stream, bytes, &mut self.blocked)? };
        self.keep(bytes, sent, messages);
        Ok(())
    }

    /// Keeps bytes from `start` on until the kernel takes them.
    pub(crate) fn keep(&mut self, bytes: &[u8], start: usize, messages: &mut Messages) {
        if start == bytes.len() {
            return;
        }
        match messages.share(bytes, self.class) {
            Some(message) => self.pending.push_shared(message, start),
            None => self.pending.push(&bytes[start..]),
        }
    }

    /// Offers what is pending to the kernel.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.blocked && !self.pending.is_empty() {
            let mut slices = [IoSlice::new(&[]); OFFERED_PIECES_MAX];
            let count = self.pending.offer(&mut slices);
            let sent = write_once(&mut self.blocked, || self.stream.write_vectored(&slices[..count]))?;
            self.pending.take(sent);
        }
        Ok(())
    }
}

/// Writes until the kernel refuses; returns how much it took.
fn write_some(stream: &mut Stream, bytes: &[u8], blocked: &mut bool) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() && !*blocked {
        sent += write_once(blocked, || stream.write(&bytes[sent..]))?;
    }
    Ok(sent)
}

/// Writes what is not empty, and notes whether the kernel refuses.
fn write_once(blocked: &mut bool, mut write: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    match write() {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            *blocked = true;
            Ok(0)
        }
        done => done,
    }
}
