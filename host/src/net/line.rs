//! Connections that are no sockets: their bytes come from the edge, and go there.

use super::{Received, Transport};
use crate::exchange::LineEnd;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};

/// The loop's side of one.
pub(crate) struct Virtual {
    end: LineEnd,
    /// What has come and was not read.
    input: VecDeque<Vec<u8>>,
    /// How much of the first piece was.
    read: usize,
    /// Nothing more comes.
    is_closed: bool,
}

impl Virtual {
    pub(crate) fn new(end: LineEnd) -> Self {
        Self { end, input: VecDeque::new(), read: 0, is_closed: false }
    }

    /// Which connection of the edge it is.
    pub(crate) fn id(&self) -> u64 {
        self.end.id
    }

    pub(crate) fn push(&mut self, piece: Vec<u8>) {
        if !piece.is_empty() {
            self.input.push_back(piece);
        }
    }

    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }
}

impl Transport for Virtual {
    fn read(&mut self, room: &mut [u8]) -> io::Result<Received> {
        let mut bytes = 0;
        while bytes < room.len()
            && let Some(first) = self.input.front()
        {
            let rest = &first[self.read..];
            let count = rest.len().min(room.len() - bytes);
            room[bytes..bytes + count].copy_from_slice(&rest[..count]);
            (bytes, self.read) = (bytes + count, self.read + count);
            if self.read == first.len() {
                self.input.pop_front();
                self.read = 0;
            }
        }
        self.end.took(bytes);
        if bytes == 0 && !self.is_closed {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(Received { bytes, is_drained: self.input.is_empty() && !self.is_closed })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.end.write(bytes) {
            0 if self.is_closed => Err(ErrorKind::BrokenPipe.into()),
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.end.end();
        Ok(())
    }
}
