//! Commands that wait for a key.
//!
//! A handler that finds nothing returns [`Flow::Block`](crate::context::Flow); the engine then keeps the
//! request and puts the connection at the end of the queue of each of its keys. Whoever changes such a key
//! marks it ready, and after that command the waiting requests run again, the oldest first, until one of them
//! finds nothing. Inside MULTI a command that would wait answers as if its time were over.

use alloc::vec::Vec;

use crate::command::Command;
use crate::connection::OwnedRequest;
use crate::error::Error;
use crate::keyspace::Type;
use crate::number;
use crate::resp::Reply;

/// What a handler returns when it has to wait.
pub struct Block {
    /// The keys to wait for.
    pub keys: Vec<Vec<u8>>,
    /// The type that a key must have to be worth another try.
    pub wants: Type,
    /// When to give up, in unix microseconds; `None` waits for ever.
    pub deadline: Option<u64>,
    /// What to reply then.
    pub on_timeout: Absent,
}

/// The reply of a wait that ended without a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absent {
    /// A null where a byte string would stand.
    Null,
    /// A null where an array would stand.
    NullArray,
}

impl Absent {
    /// Writes the reply.
    pub fn write(self, reply: &mut Reply<'_>) {
        match self {
            Absent::Null => reply.null(),
            Absent::NullArray => reply.null_array(),
        }
    }
}

/// A connection's wait.
pub struct Blocked {
    /// The request, to run again.
    pub request: OwnedRequest,
    /// Its row.
    pub row: &'static Command,
    /// The database of its keys.
    pub db: usize,
    /// What it waits for.
    pub block: Block,
}

/// Reads a timeout in seconds and gives the deadline in unix microseconds; 0 means none.
pub fn deadline_after(now: u64, timeout: &[u8]) -> Result<Option<u64>, Error> {
    const INVALID: Error = Error::Text("ERR timeout is not a float or out of range");
    let seconds = number::parse_f64(timeout).ok_or(INVALID)?;
    if seconds < 0.0 {
        return Err(Error::Text("ERR timeout is negative"));
    }
    let millis = ceil(seconds * 1000.0);
    // Redis keeps the deadline in signed milliseconds.
    if millis > i64::MAX as f64 {
        return Err(Error::Text("ERR timeout is out of range"));
    }
    let millis = millis as u64;
    if millis == 0 {
        return Ok(None);
    }
    match (now / 1000).checked_add(millis) {
        Some(at) if at <= i64::MAX as u64 => Ok(Some(now.saturating_add(millis.saturating_mul(1000)))),
        _ => Err(Error::Text("ERR timeout is out of range")),
    }
}

/// The smallest whole number that is not below a non-negative `value`.
fn ceil(value: f64) -> f64 {
    if value >= 9_007_199_254_740_992.0 {
        // Above 2^53 every double is whole.
        return value;
    }
    let whole = value as u64 as f64;
    if whole < value { whole + 1.0 } else { whole }
}
