//! A client's session: a protocol over a transport, and the replies that have not left yet.
//!
//! The protocol is RESP, which the engine itself reads and writes: what arrives goes to it as it is, and a reply is
//! written from where the engine left it, unless it must wait.

mod pending;

pub(crate) use pending::Messages;

use crate::driver::{Lsn, Reply};
use crate::net::{Received, Stream, Transport};
use pending::{OFFERED_PIECES_MAX, Pending};
use sanderling_core::{Class, ConnId, Micros};
use std::io::{self, IoSlice};

/// Most bytes that are read at a time, so that one client does not fill a batch alone.
const READ_BYTES_MAX: usize = 64 << 10;

/// One client.
pub(crate) struct Session<T = Stream> {
    pub(crate) transport: T,
    /// The engine's id for it; `None` before the engine knows it, and once it has forgotten it.
    pub(crate) conn: Option<ConnId>,
    /// Tells it apart from others that had its slot before.
    pub(crate) serial: u64,
    /// Replies that have not left.
    pub(crate) pending: Pending,
    /// Class of the last reply, which decides about limits.
    pub(crate) class: Class,
    /// Since when it has been above its soft limit.
    pub(crate) soft_since: Option<Micros>,
    /// When it was last read from, as pacing counts time.
    pub(crate) window: u32,
    /// It stands in the queue of those to be read.
    pub(crate) is_queued: bool,
    /// It stands in the queue of those to be flushed at the end of the call.
    pub(crate) to_flush: bool,
    /// It is not read from until its peer takes replies.
    pub(crate) reads_stopped: bool,
    /// The engine has been, or will be, told to let its requests wait until its peer takes replies.
    pub(crate) requests_held: bool,
    /// The peer has closed its side: more to read is not an event any more.
    pub(crate) read_closed: bool,
    /// The transport refused bytes; that it takes more will be an event.
    pub(crate) is_socket_full: bool,
    /// We have said that nothing more comes.
    pub(crate) is_finished: bool,
    /// The peer's address, where the log is to tell when it goes.
    pub(crate) told_as: Option<Box<str>>,
}

impl<T: Transport> Session<T> {
    pub(crate) fn new(transport: T, serial: u64) -> Self {
        Self {
            transport,
            conn: None,
            serial,
            pending: Pending::default(),
            class: Class::Normal,
            soft_since: None,
            window: 0,
            is_queued: false,
            to_flush: false,
            reads_stopped: false,
            requests_held: false,
            read_closed: false,
            is_socket_full: false,
            is_finished: false,
            told_as: None,
        }
    }

    /// Reads once, a bounded piece.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> io::Result<Received> {
        let len = room.len().min(READ_BYTES_MAX);
        self.transport.read(&mut room[..len])
    }

    /// Offers a reply to the transport, unless it must wait for a commit or for others before it, and keeps what does
    /// not leave.
    pub(crate) fn send(&mut self, reply: &Reply<'_>, messages: &mut Messages) -> io::Result<()> {
        self.class = reply.class;
        let may_leave = reply.awaited.is_none() && !self.to_flush && self.pending.is_empty();
        let sent = if may_leave { self.write_some(reply.bytes)? } else { 0 };
        if sent < reply.bytes.len() {
            match messages.share(reply.bytes, reply.class) {
                Some(message) => self.pending.push_shared(message, sent),
                None => self.pending.push(&reply.bytes[sent..]),
            }
            self.pending.hold(reply.bytes.len() - sent, reply.awaited);
        }
        Ok(())
    }

    /// Lets the end of the connection wait for a commit.
    pub(crate) fn hold_end(&mut self, awaited: Lsn) {
        self.pending.hold(0, Some(awaited));
    }

    /// Offers what is pending to the transport.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.is_socket_full && self.pending.sendable() > 0 {
            let mut slices = [IoSlice::new(&[]); OFFERED_PIECES_MAX];
            let count = self.pending.offer(&mut slices);
            let transport = &mut self.transport;
            let sent = write_once(&mut self.is_socket_full, || transport.write_vectored(&slices[..count]))?;
            self.pending.take(sent);
        }
        Ok(())
    }

    /// Writes until the transport refuses; returns how much it took.
    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() && !self.is_socket_full {
            let transport = &mut self.transport;
            sent += write_once(&mut self.is_socket_full, || transport.write(&bytes[sent..]))?;
        }
        Ok(sent)
    }
}

/// Writes what is not empty, and notes whether the transport refuses.
fn write_once(is_full: &mut bool, write: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
    match write() {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            *is_full = true;
            Ok(0)
        }
        done => done,
    }
}
