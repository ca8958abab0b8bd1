//! A client that sends and expects bytes.

use crate::process::PATIENCE;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
}

impl Client {
    pub(crate) fn tcp(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }
}

impl Client<UnixStream> {
    pub(crate) fn unix(path: &str) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream }
    }
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Reads as many bytes as are expected and compares them.
    pub(crate) fn expect(&mut self, expected: impl AsRef<[u8]>) -> &mut Self {
        let expected = expected.as_ref();
        let mut got = vec![0; expected.len()];
        let mut len = 0;
        while len < got.len() && got[..len] == expected[..len] {
            match self.stream.read(&mut got[len..]) {
                Ok(0) => break,
                Ok(count) => len += count,
                Err(error) => panic!("{error} after {:?}", show(&got[..len])),
            }
        }
        assert_eq!(show(&got[..len]), show(expected));
        self
    }

    pub(crate) fn call(&mut self, command: &[&[u8]], expected: impl AsRef<[u8]>) -> &mut Self {
        self.send(request(command)).expect(expected)
    }

    pub(crate) fn ping(&mut self) -> &mut Self {
        self.call(&[b"PING"], "+PONG\r\n")
    }

    /// One line of reply, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            assert_eq!(self.stream.read(&mut byte).unwrap(), 1, "closed after {:?}", show(&line));
            line.push(byte[0]);
        }
        line.truncate(line.len() - 2);
        String::from_utf8(line).unwrap()
    }

    /// Sends a command that is answered with a line.
    pub(crate) fn line_of(&mut self, command: &[&[u8]]) -> String {
        self.send(request(command)).line()
    }

    /// Sends a command that is answered with a bulk string.
    pub(crate) fn text(&mut self, command: &[&[u8]]) -> String {
        let head = self.line_of(command);
        let len: usize = head.strip_prefix('$').expect(&head).parse().unwrap();
        let mut text = vec![0; len + 2];
        self.stream.read_exact(&mut text).unwrap();
        text.truncate(len);
        String::from_utf8(text).unwrap()
    }

    /// Waits for the server to close, whatever comes before.
    pub(crate) fn drain(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            // A server that cuts a client off resets the connection.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{error}"),
        }
        rest
    }

    /// Expects the server to close without another byte.
    pub(crate) fn expect_end(&mut self) {
        assert_eq!(show(&self.drain()), "");
    }
}

/// A request as clients send it.
pub(crate) fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

pub(crate) fn bulk(bytes: &[u8]) -> Vec<u8> {
    let mut reply = format!("${}\r\n", bytes.len()).into_bytes();
    reply.extend_from_slice(bytes);
    reply.extend_from_slice(b"\r\n");
    reply
}

fn show(bytes: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    if bytes.len() > 300 { format!("{shown}… {} bytes", bytes.len()) } else { shown }
}
