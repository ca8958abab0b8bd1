//! The servers that a test can talk to, behind one trait.

mod native;
mod oracle;
mod tcp;

pub use native::{Clock, Native};
pub use oracle::{Oracle, VERSION_SUPPORTED, compared, find_redis_server};
pub use tcp::Tcp;

use std::time::Duration;

use crate::reply::Reply;

/// Names a connection of a target: an index that the target chose.
pub type Connection = usize;

/// A server under test, with any number of connections to it.
pub trait Target {
    /// Its name for messages.
    fn name(&self) -> String;

    /// Whether it answers as Redis from this version on, as (major, minor).
    fn since(&self) -> (u32, u32);

    /// Opens a connection.
    fn open(&mut self) -> Connection;

    /// Closes a connection from the client's side.
    fn close(&mut self, connection: Connection);

    /// Sends bytes.
    fn send(&mut self, connection: Connection, bytes: &[u8]);

    /// Returns once everything sent so far is handled and all that came of it can be received.
    fn settle(&mut self);

    /// The next message of a connection, waiting while the server may still be at work on it.
    fn receive(&mut self, connection: Connection) -> Received;

    /// The next message of a connection if one is there; to be called after [`Target::settle`].
    fn receive_now(&mut self, connection: Connection) -> Received;

    /// Lets time pass; `false` when the target cannot travel so far in a test.
    fn advance(&mut self, time: Duration) -> bool;
}

/// What came from a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A message.
    Reply(Reply),
    /// Nothing, and nothing is to be expected before something else happens.
    Nothing,
    /// The server closed the connection.
    Closed,
    /// Bytes that are not RESP.
    Malformed(String),
}

/// Bytes of one connection on their way to becoming replies.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    used: usize,
    closed: bool,
}

impl Inbox {
    fn next(&mut self) -> Received {
        match Reply::parse(&self.bytes[self.used..]) {
            Ok(Some((reply, used))) => {
                self.used += used;
                if self.used == self.bytes.len() {
                    self.bytes.clear();
                    self.used = 0;
                }
                Received::Reply(reply)
            }
            Ok(None) if self.closed && self.used < self.bytes.len() => {
                self.bytes.clear();
                self.used = 0;
                Received::Malformed("closed within a message".into())
            }
            Ok(None) if self.closed => Received::Closed,
            Ok(None) => Received::Nothing,
            Err(fault) => Received::Malformed(fault.to_string()),
        }
    }
}
