//! A transport for tests, whose peer is the test.

use super::{Received, Transport};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::rc::Rc;

/// The test's end of a [`Fake`].
#[derive(Default)]
pub(crate) struct Peer {
    /// What arrives: a read gets no more than one of these, however much room there is. An empty one is the end.
    pub(crate) arriving: VecDeque<Vec<u8>>,
    /// Whether the transport says so when a read has taken the last of what arrives.
    pub(crate) tells_end: bool,
    /// Reads that were tried.
    pub(crate) reads: usize,
    /// What was written.
    pub(crate) written: Vec<u8>,
    /// Where the bytes lay that were written last.
    pub(crate) written_from: Option<*const u8>,
    /// How much more may be written; then writes would have to wait.
    pub(crate) room: usize,
    /// Nothing more comes.
    pub(crate) is_finished: bool,
    /// The connection is reset.
    pub(crate) is_broken: bool,
}

/// A transport that gives what its [`Peer`] says.
pub(crate) struct Fake(pub(crate) Rc<RefCell<Peer>>);

impl Fake {
    /// A transport with as much room for replies as need be, and its other end.
    pub(crate) fn new() -> (Self, Rc<RefCell<Peer>>) {
        let peer = Rc::new(RefCell::new(Peer { room: usize::MAX, ..Peer::default() }));
        (Self(Rc::clone(&peer)), peer)
    }
}

impl Transport for Fake {
    fn read(&mut self, room: &mut [u8]) -> io::Result<Received> {
        let mut peer = self.0.borrow_mut();
        peer.reads += 1;
        if peer.is_broken {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let mut piece = peer.arriving.pop_front().ok_or(ErrorKind::WouldBlock)?;
        let bytes = piece.len().min(room.len());
        room[..bytes].copy_from_slice(&piece[..bytes]);
        if bytes < piece.len() {
            peer.arriving.push_front(piece.split_off(bytes));
        }
        Ok(Received { bytes, is_drained: peer.tells_end && peer.arriving.is_empty() })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut peer = self.0.borrow_mut();
        if peer.is_broken {
            return Err(ErrorKind::ConnectionReset.into());
        }
        if peer.room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(peer.room);
        peer.room -= count;
        peer.written_from = Some(bytes.as_ptr());
        peer.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.borrow_mut().is_finished = true;
        Ok(())
    }
}
