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
        self.read_lines(request, count)?;
        if let Some(error) = error_line(&self.replies) {
            return Err(format!("the server answered {error}").into());
        }
        let first = self.replies.split(|byte| *byte == b'\r').next().unwrap_or_default();
        Ok(String::from_utf8_lossy(first).into_owned())
    }

    /// The same; how many of the replies are errors.
    pub(super) fn errors(&mut self, request: &[u8], count: usize) -> Result<usize> {
        self.read_lines(request, count)?;
        Ok(self.replies.split(|byte| *byte == b'\n').filter(|line| line.first() == Some(&b'-')).count())
    }

    fn read_lines(&mut self, request: &[u8], count: usize) -> Result<()> {
        self.stream.write_all(request)?;
        self.replies.clear();
        let mut left = count;
        while left > 0 {
            let length = self.read()?;
            left = left.saturating_sub(self.buffer[..length].iter().filter(|byte| **byte == b'\n').count());
            self.replies.extend_from_slice(&self.buffer[..length]);
        }
        Ok(())
    }

    /// Sends `words` as an inline command, and reads its reply, of which an error is one.
    pub(super) fn reply(&mut self, words: &str) -> Result<String> {
        self.stream.write_all(format!("{words}\r\n").as_bytes())?;
        self.replies.clear();
        let mut end = ReplyEnd::default();
        while !end.is_within(&self.replies) {
            let length = self.read()?;
            self.replies.extend_from_slice(&self.buffer[..length]);
        }
        if self.replies.first() == Some(&b'-') {
            let line = String::from_utf8_lossy(&self.replies);
            return Err(format!("{words} was answered {}", line.trim_end()).into());
        }
        Ok(String::from_utf8_lossy(&self.replies).into_owned())
    }

    /// Sends `words` as an inline command that is answered by one bulk string.
    pub(super) fn bulk(&mut self, words: &str) -> Result<String> {
        let reply = self.reply(words)?;
        let body = reply.strip_prefix('$').and_then(|rest| rest.split_once("\r\n"));
        let (_, body) = body.ok_or_else(|| format!("{words} was answered {reply}"))?;
        Ok(body.to_owned())
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

/// Appends a command.
pub(super) fn push(request: &mut Vec<u8>, words: &[&str]) {
    request.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        request.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
}

/// Looks for the end of a reply while more and more of it is there.
pub(super) struct ReplyEnd {
    /// Where what was not looked at begins.
    at: usize,
    /// Elements that begin there.
    left: i64,
}

impl Default for ReplyEnd {
    fn default() -> ReplyEnd {
        ReplyEnd { at: 0, left: 1 }
    }
}

impl ReplyEnd {
    /// Whether `bytes`, which hold all of the reply that has come, hold it to its end.
    pub(super) fn is_within(&mut self, bytes: &[u8]) -> bool {
        while self.left > 0 {
            let Some(rest) = bytes.get(self.at..) else { return false };
            let Some(line_len) = rest.iter().position(|byte| *byte == b'\n') else { return false };
            let number = String::from_utf8_lossy(&rest[1..line_len]).trim_end().parse::<i64>();
            self.at += line_len + 1;
            self.left -= 1;
            match (rest[0], number.unwrap_or_default()) {
                (b'$', length) if length >= 0 => self.at += length as usize + 2,
                (b'*', count) if count >= 0 => self.left += count,
                _ => {}
            }
        }
        self.at <= bytes.len()
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
    fn the_end_of_a_reply_is_found() {
        let reply = b"*3\r\n$2\r\n\r\n\r\n*1\r\n:5\r\n$-1\r\n";
        let mut grows = ReplyEnd::default();
        for end in 0..reply.len() {
            assert!(!ReplyEnd::default().is_within(&reply[..end]), "{end}");
            assert!(!grows.is_within(&reply[..end]), "{end}");
        }
        assert!(grows.is_within(reply));
    }

    #[test]
    fn commands_are_written_with_their_lengths() {
        let mut request = Vec::new();
        push(&mut request, &["GET", "ab"]);
        assert_eq!(request, b"*2\r\n$3\r\nGET\r\n$2\r\nab\r\n");
    }

    #[test]
    fn errors_among_replies_are_found() {
        assert_eq!(error_line(b"+OK\r\n:1\r\n"), None);
        assert_eq!(error_line(b"+OK\r\n-ERR no\r\n+OK\r\n").as_deref(), Some("-ERR no"));
    }
}
