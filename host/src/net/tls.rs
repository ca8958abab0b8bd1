//! TLS over TCP, once the handshake is done: what is read and written here are records.

use super::{Received, Transport};
use mio::net::TcpStream;
use rustls::ServerConnection;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;

/// Most bytes of records that are read at a time. What brings no data, such as empty records, then cannot keep the loop.
const RECORD_BYTES_MAX: usize = 64 << 10;

/// A connection whose handshake is done.
pub(crate) struct Tls {
    pub(super) socket: TcpStream,
    session: Box<ServerConnection>,
    /// Bytes that were encrypted and have not left whole. They are not told as written before they have, so that they
    /// count as unsent and the next write brings them again.
    unsent: usize,
}

impl Tls {
    pub(crate) fn new(socket: TcpStream, session: ServerConnection) -> Self {
        Self { socket, session: Box::new(session), unsent: 0 }
    }

    /// Sends records, as far as the kernel takes them.
    fn send_records(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            if self.session.write_tls(&mut self.socket)? == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Takes one more piece from the kernel and decrypts what is whole; whether that was all there is, and its length.
    fn receive_records(&mut self) -> io::Result<(bool, usize)> {
        let mut source = Source { socket: &mut self.socket, is_drained: false };
        let bytes = match self.session.read_tls(&mut source) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok((true, 0)),
            read => read?,
        };
        let is_drained = source.is_drained;
        if let Err(error) = self.session.process_new_packets() {
            // It may be glad to learn why; whether it does makes no difference here.
            let _ = self.send_records();
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        Ok((is_drained, bytes))
    }
}

impl Transport for Tls {
    fn read(&mut self, room: &mut [u8]) -> io::Result<Received> {
        let (mut filled, mut taken, mut is_drained) = (0, 0, false);
        loop {
            // What came with the handshake, or did not fit last time, is there before anything arrives.
            match self.session.reader().read(&mut room[filled..]) {
                Ok(0) => return Ok(Received { bytes: filled, is_drained: false }),
                // It was not said that this is the end; for who asks and answers it is one all the same.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(Received { bytes: filled, is_drained: false });
                }
                Ok(bytes) => {
                    filled += bytes;
                    if filled == room.len() {
                        return Ok(Received { bytes: filled, is_drained: false });
                    }
                }
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                Err(_) if is_drained || taken >= RECORD_BYTES_MAX => break,
                Err(_) => {
                    let (drained, bytes) = self.receive_records()?;
                    is_drained = drained;
                    taken += bytes;
                }
            }
        }
        match (filled, is_drained) {
            (0, true) => Err(ErrorKind::WouldBlock.into()),
            (0, false) => Err(ErrorKind::Interrupted.into()),
            _ => Ok(Received { bytes: filled, is_drained }),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.unsent == 0 {
            // Answers of the protocol itself go first, so that there is room for these.
            self.send_records()?;
            self.unsent = self.session.writer().write_vectored(pieces)?;
        }
        self.send_records()?;
        Ok(std::mem::take(&mut self.unsent))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.session.send_close_notify();
        match self.send_records() {
            // The peer learns of the end by that of the connection.
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => self.socket.shutdown(Shutdown::Write),
        }
    }
}

/// A socket of which it is noted whether a read has drained it.
struct Source<'a> {
    socket: &'a mut TcpStream,
    is_drained: bool,
}

impl Read for Source<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let bytes = self.socket.read(room)?;
        // The end is not: that there is one has to be read.
        self.is_drained = bytes > 0 && bytes < room.len();
        Ok(bytes)
    }
}
