//! As much of a client as the benchmark needs to fill a server itself.

use super::Result;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The longest that a reply may take.
const REPLY_SECONDS_MAX: u64 = 60;

/// One connection.
pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    replies: Vec<u8>,
}

impl Client {
    pub(super) fn connect(port: u16) -> Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(REPLY_SECONDS_MAX)))?;
        Ok(Client { stream, buffer: vec![0; 64 * 1024], replies: Vec::new() })
    }

    /// Sends `request` and reads `count` replies that are one line each; the first one.
    pub(super) fn lines(&mut self, request: &[u8], count: usize) -> Result<String> {
        self.stream.write_all(request)?;
        self.replies.clear();
        let mut left = count;
        while left > 0 {
            let length = self.read()?;
            left = left.saturating_sub(self.buffer[..length].iter().filter(|byte| **byte == b'\n').count());
            self.replies.extend_from_slice(&self.buffer[..length]);
        }
        if let Some(error) = error_line(&self.replies) {
            return Err(format!("the server answered {error}").into());
        }
        let first = self.replies.split(|byte| *byte == b'\r').next().unwrap_or_default();
        Ok(String::from_utf8_lossy(first).into_owned())
    }

    /// Sends `words` as an inline command that is answered by one bulk string.
    pub(super) fn bulk(&mut self, words: &str) -> Result<String> {
        self.stream.write_all(format!("{words}\r\n").as_bytes())?;
        self.replies.clear();
        loop {
            let length = self.read()?;
            self.replies.extend_from_slice(&self.buffer[..length]);
            let Some(end) = self.replies.windows(2).position(|pair| pair == b"\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.replies[..end]).into_owned();
            let body: usize = head
                .strip_prefix('$')
                .and_then(|length| length.parse().ok())
                .ok_or_else(|| format!("{words} was answered {head}"))?;
            if self.replies.len() >= end + 2 + body + 2 {
                return Ok(String::from_utf8_lossy(&self.replies[end + 2..end + 2 + body]).into_owned());
            }
        }
    }

    fn read(&mut self) -> Result<usize> {
        loop {
            match self.stream.read(&mut self.buffer) {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(length) => return Ok(length),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Appends `SET key:000000000123 <32 bytes>`: a key of 16 bytes, as redis-benchmark names them.
pub(super) fn push_set(request: &mut Vec<u8>, key: u64) {
    request.extend_from_slice(b"*3\r\n$3\r\nSET\r\n$16\r\nkey:");
    request.extend_from_slice(format!("{key:012}").as_bytes());
    request.extend_from_slice(b"\r\n$32\r\n");
    request.extend_from_slice(&[b'x'; 32]);
    request.extend_from_slice(b"\r\n");
}

fn error_line(replies: &[u8]) -> Option<String> {
    let line = replies.split(|byte| *byte == b'\n').find(|line| line.first() == Some(&b'-'))?;
    Some(String::from_utf8_lossy(line).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_sizes_it_says() {
        let mut request = Vec::new();
        push_set(&mut request, 123);
        let text = String::from_utf8(request).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[..5], ["*3", "$3", "SET", "$16", "key:000000000123"]);
        assert_eq!((lines[4].len(), lines[6].len()), (16, 32));
    }

    #[test]
    fn errors_among_replies_are_found() {
        assert_eq!(error_line(b"+OK\r\n:1\r\n"), None);
        assert_eq!(error_line(b"+OK\r\n-ERR no\r\n+OK\r\n").as_deref(), Some("-ERR no"));
    }
}
