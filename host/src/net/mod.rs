//! Where clients connect, and the transports that carry their bytes.

mod line;
mod listener;
mod tcp;
mod tls;
mod unix;

pub(crate) use line::Virtual;
pub use listener::ListenError;
pub(crate) use listener::{Arrival, Listener, listen, listen_port};
pub(crate) use tcp::is_local;
pub(crate) use tls::Tls;

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;

/// What carries a connection's bytes both ways, without waiting: a read or write that would have to wait is an error of
/// the kind [`io::ErrorKind::WouldBlock`].
pub(crate) trait Transport {
    /// Reads what has arrived, as far as there is room for it.
    fn read(&mut self, room: &mut [u8]) -> io::Result<Received>;
    /// Writes a part of the bytes, and tells how many. After it has refused bytes, it is offered the same ones first the next
    /// time.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// The same with bytes that lie in several pieces; one after the other where there is no better way.
    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut sent = 0;
        for piece in pieces {
            match self.write(piece) {
                // What follows has to wait for the rest, although there may be room again by now.
                Ok(count) if count < piece.len() => return Ok(sent + count),
                Ok(count) => sent += count,
                Err(_) if sent > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }
    /// Tells the peer that nothing more comes.
    fn finish(&mut self) -> io::Result<()>;
}

/// What a read has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// How many bytes; 0 is the end of what the peer sends.
    pub(crate) bytes: usize,
    /// Whether nothing is left, so that more will be an event of the poll. Where a transport cannot tell, this is
    /// `false`, and it is read from again.
    pub(crate) is_drained: bool,
}

/// A socket, or what stands for one, and how it carries bytes.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Tls),
    Virtual(Virtual),
}

impl Stream {
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Stream::Tcp(stream) => stream.register(registry, token, interest),
            Stream::Unix(stream) => stream.register(registry, token, interest),
            Stream::Tls(stream) => stream.socket.register(registry, token, interest),
            // The edge says when there is something.
            Stream::Virtual(_) => Ok(()),
        }
    }

    /// Probes the peer after so many seconds of silence, where that is possible.
    pub(crate) fn keep_alive(&self, seconds: u32) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => tcp::keep_alive(stream, seconds),
            Stream::Unix(_) | Stream::Virtual(_) => Ok(()),
            Stream::Tls(stream) => tcp::keep_alive(&stream.socket, seconds),
        }
    }

    /// Whether something may be there to read that will be no event of the poll.
    pub(crate) fn may_have_input(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }
}

impl Transport for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<Received> {
        let bytes = match self {
            Stream::Tcp(stream) => stream.read(room),
            Stream::Unix(stream) => stream.read(room),
            Stream::Tls(stream) => return stream.read(room),
            Stream::Virtual(stream) => return stream.read(room),
        }?;
        // A socket gives all it has: a read that is short has emptied it.
        Ok(Received { bytes, is_drained: bytes < room.len() })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
            Stream::Virtual(stream) => stream.write(bytes),
        }
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write_vectored(pieces),
            Stream::Unix(stream) => stream.write_vectored(pieces),
            Stream::Tls(stream) => stream.write_vectored(pieces),
            Stream::Virtual(stream) => stream.write_vectored(pieces),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
            Stream::Tls(stream) => stream.finish(),
            Stream::Virtual(stream) => stream.finish(),
        }
    }
}

#[cfg(test)]
pub(crate) mod fake;

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes two bytes of whatever it is offered.
    #[derive(Default)]
    struct Narrow(Vec<u8>);

    impl Transport for Narrow {
        fn read(&mut self, _room: &mut [u8]) -> io::Result<Received> {
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(2);
            self.0.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn finish(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_piece_leaves_before_the_rest_of_the_one_before() {
        let mut transport = Narrow::default();
        let pieces = [&b"a"[..], b"bcd", b"e"].map(IoSlice::new);
        assert_eq!(transport.write_vectored(&pieces).unwrap(), 3);
        assert_eq!(transport.0, b"abc");
    }
}
