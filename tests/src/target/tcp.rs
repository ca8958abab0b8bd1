//! A server at an address: redis-server or a running host, which may speak WebSocket.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use super::{Connection, Inbox, Received, Target};

/// A reply that takes longer than this is taken as missing.
const REPLY_WAIT_MAX: Duration = Duration::from_secs(60);

/// Tests let no more real time pass than this in one step.
const ADVANCE_MAX: Duration = Duration::from_millis(500);

/// Servers read at least so much of a connection at a time.
const BITE_BYTES: usize = 8 << 10;

/// A server reached over TCP.
pub struct Tcp {
    name: String,
    address: String,
    /// Whether connections by WebSocket bring the token even where who brings none is asked for a password.
    brings_token: bool,
    since: (u32, u32),
    links: Vec<Option<Link>>,
    /// A connection of our own that tells when the server has handled what was sent before.
    control: Link,
    /// Bytes sent since the last [`Target::settle`].
    unsettled: usize,
}

struct Link {
    stream: TcpStream,
    /// What carries the bytes over it.
    frames: Option<Frames>,
    inbox: Inbox,
}

impl Tcp {
    /// Connects to `address`: `host:port`, or `ws://token@host:port`.
    pub fn new(name: &str, address: &str, since: (u32, u32)) -> std::io::Result<Tcp> {
        let control = Link::open(address, true)?;
        Ok(Tcp {
            name: name.into(),
            address: address.into(),
            brings_token: true,
            since,
            links: Vec::new(),
            control,
            unsettled: 0,
        })
    }

    /// Who brings the token is asked for no password, so conversations on passwords want connections that bring none. While
    /// nobody is asked, these are not let in, and then they bring it.
    pub fn with_passwords(mut self) -> Tcp {
        self.brings_token = false;
        self
    }

    fn link(&mut self, connection: Connection) -> &mut Link {
        self.links[connection]
            .as_mut()
            .expect("tests use only connections that they opened and did not close")
    }
}

impl Target for Tcp {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn since(&self) -> (u32, u32) {
        self.since
    }

    fn open(&mut self) -> Connection {
        let link = Link::open(&self.address, self.brings_token)
            .unwrap_or_else(|fault| panic!("cannot connect to {}: {fault}", self.address));
        self.links.push(Some(link));
        self.settle();
        self.links.len() - 1
    }

    fn close(&mut self, connection: Connection) {
        self.links[connection] = None;
        self.settle();
    }

    fn send(&mut self, connection: Connection, bytes: &[u8]) {
        self.unsettled += bytes.len();
        // The server may have closed the connection already; `receive` is what tells so.
        let _ = self.link(connection).write(bytes);
    }

    fn settle(&mut self) {
        // Sockets are served in the order in which they became readable, so the first answer says that
        // everything earlier was handled. Answers of one turn are written in any order, so only a second
        // answer says that the others are written too.
        // A server takes a long input in bites, one per turn.
        let turns = 2 + std::mem::take(&mut self.unsettled) / BITE_BYTES;
        for _ in 0..turns {
            if self.control.inbox.closed {
                // A test may have told the server to kill every client.
                self.control =
                    Link::open(&self.address, true).expect("the server accepts connections as it did before");
            }
            // What lacks an argument is refused before it runs, so that neither MONITOR nor SLOWLOG shows it.
            let _ = self.control.write(b"ECHO\r\n");
            while self.control.inbox.next() == Received::Nothing {
                if !self.control.read(REPLY_WAIT_MAX) {
                    break;
                }
            }
        }
    }

    fn receive(&mut self, connection: Connection) -> Received {
        self.link(connection).receive(REPLY_WAIT_MAX)
    }

    fn receive_now(&mut self, connection: Connection) -> Received {
        self.link(connection).receive(Duration::ZERO)
    }

    fn advance(&mut self, time: Duration) -> bool {
        if time > ADVANCE_MAX {
            return false;
        }
        // The passing of time is the subject here. Servers look at their clocks every 10 ms or so.
        thread::sleep(time + Duration::from_millis(120));
        self.settle();
        true
    }
}

impl Link {
    fn open(address: &str, brings_token: bool) -> std::io::Result<Link> {
        let Some((token, address)) = address.strip_prefix("ws://").and_then(|rest| rest.split_once('@'))
        else {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            return Ok(Link { stream, frames: None, inbox: Inbox::default() });
        };
        if !brings_token && let Some(link) = Link::upgrade(address, "")? {
            return Ok(link);
        }
        let link = Link::upgrade(address, &format!("Authorization: Bearer {token}\r\n"))?;
        link.ok_or_else(|| std::io::Error::other("the server does not take the token"))
    }

    /// A WebSocket, if the server lets somebody in with these headers.
    fn upgrade(address: &str, headers: &str) -> std::io::Result<Option<Link>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let frames = Frames::open(&mut stream, address, headers)?;
        Ok(frames.map(|frames| Link { stream, frames: Some(frames), inbox: Inbox::default() }))
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self.frames {
            None => self.stream.write_all(bytes),
            Some(_) => self.stream.write_all(&Frames::message(bytes)),
        }
    }

    fn receive(&mut self, wait: Duration) -> Received {
        loop {
            let received = self.inbox.next();
            if received != Received::Nothing || !self.read(wait) {
                return received;
            }
        }
    }

    /// Reads what is there, waiting at most `wait`; false when nothing came.
    fn read(&mut self, wait: Duration) -> bool {
        if self.inbox.closed {
            return false;
        }
        let mut buffer = [0; 64 << 10];
        let set = if wait.is_zero() {
            self.stream.set_nonblocking(true)
        } else {
            self.stream.set_nonblocking(false).and_then(|()| self.stream.set_read_timeout(Some(wait)))
        };
        set.expect("a socket accepts its own options");
        let read = self.stream.read(&mut buffer);
        self.stream.set_nonblocking(false).expect("a socket accepts its own options");
        match read {
            Ok(0) => self.inbox.closed = true,
            Ok(len) => match &mut self.frames {
                None => self.inbox.bytes.extend_from_slice(&buffer[..len]),
                Some(frames) => frames.read(&buffer[..len], &mut self.inbox),
            },
            Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return false;
            }
            Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.inbox.closed = true,
        }
        true
    }
}

/// WebSocket, as far as a test needs it: messages out, and what comes in messages.
struct Frames {
    /// What has come and is no whole frame.
    bytes: Vec<u8>,
}

impl Frames {
    /// Begins it; nothing without a right to that.
    fn open(stream: &mut TcpStream, host: &str, headers: &str) -> std::io::Result<Option<Frames>> {
        write!(
            stream,
            "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        )?;
        stream.set_read_timeout(Some(REPLY_WAIT_MAX))?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        match head.get(..13) {
            Some("HTTP/1.1 101 ") => Ok(Some(Frames { bytes: Vec::new() })),
            Some("HTTP/1.1 401 ") => Ok(None),
            _ => Err(std::io::Error::other(head.into_owned())),
        }
    }

    /// A message, under a mask that changes nothing.
    fn message(bytes: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x82];
        match u16::try_from(bytes.len()) {
            Ok(len) if len < 126 => frame.push(0x80 | bytes.len() as u8),
            Ok(len) => {
                frame.push(0x80 | 126);
                frame.extend(len.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend((bytes.len() as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(bytes);
        frame
    }

    /// Hands on what has come in whole frames, of which the server makes no long ones.
    fn read(&mut self, bytes: &[u8], inbox: &mut Inbox) {
        self.bytes.extend_from_slice(bytes);
        while let Some((first, payload)) = self.next() {
            match first {
                0x82 => inbox.bytes.extend(payload),
                0x88 => inbox.closed = true,
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let second = *self.bytes.get(1)?;
        let extra = match second {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let digits = self.bytes.get(2..2 + extra)?;
        let length = digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit));
        let length = if extra == 0 { usize::from(second) } else { length };
        let end = 2 + extra + length;
        let payload = self.bytes.get(2 + extra..end)?.to_vec();
        let first = self.bytes[0];
        self.bytes.drain(..end);
        Some((first, payload))
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        for link in self.links.iter().flatten() {
            let _ = link.stream.shutdown(Shutdown::Both);
        }
    }
}
