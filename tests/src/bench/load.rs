//! Many connections with one command under way each, from one thread.
//!
//! redis-benchmark makes five calls of epoll_ctl for each reply when it does not pipeline, takes longer for a request
//! than any of the servers, and thus measures itself. This client receives once and sends once.

use super::Result;
use super::resp::{ReplyEnd, push};
use crate::random::Random;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// What is replaced by random numbers, and as long as they are.
const RANDOM: &[u8] = b"__rand_int__";
/// The longest that all connections together may be silent.
const SILENT_SECONDS_MAX: u64 = 60;
/// More than any reply that is measured.
const REPLY_BYTES_MAX: usize = 64 * 1024;

/// A command whose random numbers differ each time.
struct Request {
    bytes: Vec<u8>,
    /// Where the random numbers are.
    places: Vec<usize>,
    numbers: u64,
    random: Random,
}

struct Connection {
    stream: TcpStream,
    /// What has come of a reply whose end has not.
    reply: Vec<u8>,
    end: ReplyEnd,
    protocol: Protocol,
}

/// How it is known that a reply is there as a whole, and that it is no error.
#[derive(Clone, Copy)]
enum Protocol {
    Resp,
    Http,
}

/// Sends `words` so many times in all, with numbers below `numbers` in place of `__rand_int__`; requests per second.
pub(super) fn run(port: u16, connections: u32, words: &str, numbers: u64, requests: u64) -> Result<f64> {
    let mut bytes = Vec::new();
    push(&mut bytes, &words.split(' ').collect::<Vec<_>>());
    send_all(port, connections, Request::new(bytes, numbers), requests, Protocol::Resp)
}

/// The same with a request of HTTP, head and body.
pub(super) fn run_http(port: u16, connections: u32, text: &str, numbers: u64, requests: u64) -> Result<f64> {
    send_all(port, connections, Request::new(text.into(), numbers), requests, Protocol::Http)
}

fn send_all(
    port: u16,
    connections: u32,
    mut request: Request,
    requests: u64,
    protocol: Protocol,
) -> Result<f64> {
    let mut poll = Poll::new()?;
    let mut all = connect(&poll, port, connections, protocol)?;
    let mut events = Events::with_capacity(all.len());
    let mut buffer = vec![0; REPLY_BYTES_MAX];
    let (mut sent, mut received) = (0, 0);
    let begin = Instant::now();
    for connection in &mut all {
        connection.send(request.next())?;
        sent += 1;
    }
    while received < requests {
        poll.poll(&mut events, Some(Duration::from_secs(SILENT_SECONDS_MAX)))?;
        if events.is_empty() {
            return Err(format!("no reply for {SILENT_SECONDS_MAX} seconds").into());
        }
        for event in &events {
            let connection = &mut all[event.token().0];
            if !connection.receive(&mut buffer)? {
                continue;
            }
            received += 1;
            if sent < requests {
                connection.send(request.next())?;
                sent += 1;
            }
        }
    }
    Ok(received as f64 / begin.elapsed().as_secs_f64())
}

/// Connections that are established, so that connecting is no part of what is measured.
fn connect(poll: &Poll, port: u16, connections: u32, protocol: Protocol) -> Result<Vec<Connection>> {
    let connect = |index| {
        let stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(index as usize), Interest::READABLE)?;
        Ok(Connection { stream, reply: Vec::new(), end: ReplyEnd::default(), protocol })
    };
    (0..connections).map(connect).collect()
}

impl Request {
    fn new(bytes: Vec<u8>, numbers: u64) -> Request {
        let places = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(RANDOM)).collect();
        Request { bytes, places, numbers, random: Random::new(1) }
    }

    fn next(&mut self) -> &[u8] {
        for place in &self.places {
            let mut number = self.random.below(self.numbers as usize);
            for digit in self.bytes[*place..][..RANDOM.len()].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        &self.bytes
    }
}

impl Connection {
    fn send(&mut self, request: &[u8]) -> Result<()> {
        // The request before was answered, so the socket's buffer is empty.
        match self.stream.write(request)? {
            length if length == request.len() => Ok(()),
            length => Err(format!("of {} bytes only {length} could be sent", request.len()).into()),
        }
    }

    /// Takes what has come. Whether that ends the reply.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<bool> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err("the server closed a connection".into()),
                Ok(length) => {
                    self.reply.extend_from_slice(&buffer[..length]);
                    if self.is_whole() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let is_good = match self.protocol {
            Protocol::Resp => self.reply[0] != b'-',
            Protocol::Http => self.reply.starts_with(b"HTTP/1.1 200 "),
        };
        if !is_good {
            return Err(format!("the server answered {}", String::from_utf8_lossy(&self.reply)).into());
        }
        self.reply.clear();
        self.end = ReplyEnd::default();
        Ok(true)
    }

    fn is_whole(&mut self) -> bool {
        match self.protocol {
            Protocol::Resp => self.end.is_within(&self.reply),
            Protocol::Http => http_len(&self.reply).is_some_and(|length| length <= self.reply.len()),
        }
    }
}

/// How long a response is whose head is there, if that tells the length of the body.
fn http_len(bytes: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let head_len = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let mut lines = bytes[..head_len].split(|byte| *byte == b'\n');
    let line = lines.find(|line| line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME))?;
    let body_len: usize = str::from_utf8(&line[NAME.len()..]).ok()?.trim().parse().ok()?;
    Some(head_len + body_len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_their_place_and_differ() {
        let mut bytes = Vec::new();
        push(&mut bytes, &["SET", "key:__rand_int__", "x"]);
        let mut request = Request::new(bytes, 1000);
        let texts: Vec<String> =
            (0..100).map(|_| String::from_utf8(request.next().to_vec()).unwrap()).collect();
        for text in &texts {
            let (before, rest) = text.split_at("*3\r\n$3\r\nSET\r\n$16\r\nkey:".len());
            assert_eq!((before, &rest[12..]), ("*3\r\n$3\r\nSET\r\n$16\r\nkey:", "\r\n$1\r\nx\r\n"));
            assert!(rest[..12].parse::<u64>().unwrap() < 1000, "{rest}");
        }
        let different: std::collections::HashSet<&String> = texts.iter().collect();
        assert!(different.len() > 80, "{}", different.len());
    }

    #[test]
    fn responses_tell_how_long_they_are() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n";
        assert_eq!(http_len(head.as_bytes()), None);
        assert_eq!(http_len(format!("{head}\r\n{{").as_bytes()), Some(head.len() + 2 + 12));
        assert_eq!(http_len(b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
