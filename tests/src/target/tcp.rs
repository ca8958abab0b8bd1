//! A server at an address: redis-server or a running host.

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
    since: (u32, u32),
    links: Vec<Option<Link>>,
    /// A connection of our own that tells when the server has handled what was sent before.
    control: Link,
    /// Bytes sent since the last [`Target::settle`].
    unsettled: usize,
}

struct Link {
    stream: TcpStream,
    inbox: Inbox,
}

impl Tcp {
    /// Connects to `address` (`host:port`).
    pub fn new(name: &str, address: &str, since: (u32, u32)) -> std::io::Result<Tcp> {
        let control = Link::open(address)?;
        Ok(Tcp {
            name: name.into(),
            address: address.into(),
            since,
            links: Vec::new(),
            control,
            unsettled: 0,
        })
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
        let link = Link::open(&self.address)
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
        let _ = self.link(connection).stream.write_all(bytes);
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
                    Link::open(&self.address).expect("the server accepts connections as it did before");
            }
            // What lacks an argument is refused before it runs, so that neither MONITOR nor SLOWLOG shows it.
            let _ = self.control.stream.write_all(b"ECHO\r\n");
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
    fn open(address: &str) -> std::io::Result<Link> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Link { stream, inbox: Inbox::default() })
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
            Ok(len) => self.inbox.bytes.extend_from_slice(&buffer[..len]),
            Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return false;
            }
            Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.inbox.closed = true,
        }
        true
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        for link in self.links.iter().flatten() {
            let _ = link.stream.shutdown(Shutdown::Both);
        }
    }
}
