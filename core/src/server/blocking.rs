//! Commands that wait for a key or a time, such as BLPOP: in the engine, *blocked* means this and nothing else. (A
//! client whose socket takes no more is *paused*, one that CLIENT PAUSE holds up is *postponed*.)
//!
//! A handler that finds nothing returns [`Flow::Block`](crate::command::context::Flow); the engine then keeps the
//! request and puts the connection at the end of the queue of each of its keys. A command that changes such a key
//! marks it ready, and after that command the waiting requests run again, the oldest first, until one of them
//! finds nothing. Inside MULTI a command that would wait answers as if its time were over.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use crate::base::error::Error;
use crate::command::Command;
use crate::command::context::Flow;
use crate::engine::invoke::{Invocation, Origin, invoke};
use crate::keyspace::{Entry, Store, Type};
use crate::number::{self, LongDouble};
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::server::Server;
use crate::server::connection::{ConnId, OwnedRequest};

/// What a handler returns when it has to wait.
pub struct Block {
    /// The keys to wait for.
    pub keys: Vec<Vec<u8>>,
    /// The type that a key must have to be worth another try.
    pub wants: Type,
    /// Whether the end of a key, or its becoming another type, is worth another try as well.
    pub wakes_on_loss: bool,
    /// When to give up, in steady microseconds; `None` waits for ever.
    pub deadline: Option<u64>,
    /// When to try again whatever happens, in steady microseconds: time alone may bring what is waited for.
    pub retry_at: Option<u64>,
    /// What to reply then.
    pub on_timeout: TimeoutReply,
    /// What to run again, where that is not the request as it came: one that asks for what follows the end of a
    /// stream means the end as it was.
    pub request: Option<OwnedRequest>,
    /// What to reply when the time is over in place of `on_timeout`, unless it is empty: a reply that is there already,
    /// of a command that sleeps.
    pub kept: Vec<u8>,
}

impl Block {
    /// A wait for time alone.
    pub(crate) fn until(deadline: Option<u64>, on_timeout: TimeoutReply) -> Block {
        Block {
            keys: Vec::new(),
            wants: Type::String,
            wakes_on_loss: false,
            deadline,
            retry_at: None,
            on_timeout,
            request: None,
            kept: Vec::new(),
        }
    }

    /// A wait for one of several keys to hold a value of a type, which ends with a null array.
    pub(crate) fn on_keys(wants: Type, keys: Args<'_>, deadline: Option<u64>) -> Block {
        let keys = keys.iter().map(<[u8]>::to_vec).collect();
        Block { keys, wants, ..Block::until(deadline, TimeoutReply::NullArray) }
    }

    /// When something is due, if nothing happens before.
    fn timer(&self) -> Option<u64> {
        [self.deadline, self.retry_at].into_iter().flatten().min()
    }
}

/// The reply of a wait that ended without a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeoutReply {
    /// A null where a byte string would stand.
    Null,
    /// A null where an array would stand.
    NullArray,
    /// The number 0.
    Zero,
    /// Two numbers, both 0.
    TwoZeros,
    /// Two numbers, 1 and 0.
    OneAndZero,
    /// The status OK.
    Ok,
}

impl TimeoutReply {
    /// Writes the reply.
    pub fn write(self, reply: &mut Reply<'_>) {
        match self {
            TimeoutReply::Null => reply.null(),
            TimeoutReply::NullArray => reply.null_array(),
            TimeoutReply::Zero => reply.int(0),
            TimeoutReply::TwoZeros | TimeoutReply::OneAndZero => {
                reply.array(2);
                reply.int((self == TimeoutReply::OneAndZero).into());
                reply.int(0);
            }
            TimeoutReply::Ok => reply.ok(),
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

/// Lets a connection wait for the keys of `block`, behind those that wait for them already.
pub(crate) fn wait(
    store: &mut Store,
    server: &mut Server,
    conn: ConnId,
    row: &'static Command,
    mut block: Block,
    args: Args<'_>,
) {
    let db = server.connection(conn).db;
    if let Some(at) = block.timer() {
        server.timers.insert((at, conn));
    }
    for key in &block.keys {
        store.wait(db, key, conn);
        if block.wakes_on_loss {
            store.expect_loss(db, key);
        }
    }
    server.blocked += 1;
    let request = block.request.take().unwrap_or_else(|| OwnedRequest::new(args));
    let blocked = Blocked { request, row, db, block };
    server.connection(conn).blocked = Some(Box::new(blocked));
}

/// Runs the requests that wait for a key again, the oldest first, as long as there is something for them.
pub(crate) fn serve(store: &mut Store, server: &mut Server, db: usize, key: &[u8]) {
    let mut passed_over = 0;
    for _ in 0..store.waiters_count(db, key) {
        let Some(conn) = store.waiter(db, key, passed_over) else { return };
        store.db = db;
        let type_now = store.peek(key).map(Entry::type_of);
        if !try_again(store, server, conn, type_now) {
            passed_over += 1;
        }
    }
}

/// Runs the request of a waiting connection again; `false` if it still waits.
fn try_again(store: &mut Store, server: &mut Server, conn: ConnId, type_now: Option<Type>) -> bool {
    let connection = server.connection(conn);
    // What a connection takes that is about to be closed would be lost.
    if connection.is_closing {
        return false;
    }
    // A request that names the key as its destination does not wait for it, and one that waits for another
    // type cannot use it.
    let Some(mut blocked) = connection
        .blocked
        .take_if(|blocked| type_now == Some(blocked.block.wants) || blocked.block.wakes_on_loss)
    else {
        return false;
    };
    let protocol = connection.protocol;
    let mut out = mem::take(server.deferred(conn));
    let start = out.len();
    let reply = Reply::new(&mut out, protocol).within(server.memory);
    let (row, args) = (blocked.row, blocked.request.args());
    let invocation = Invocation { conn, row, parent: None, args, origin: Origin::Waiter };
    let flow = invoke(store, server, reply, &invocation);
    if let Flow::Block(again) = flow {
        // It keeps its place in the queues, and its deadline.
        if let Some(at) = blocked.block.timer() {
            server.timers.remove(&(at, conn));
        }
        blocked.block.retry_at = again.retry_at;
        if let Some(at) = blocked.block.timer() {
            server.timers.insert((at, conn));
        }
        server.connection(conn).blocked = Some(blocked);
        server.put_deferred(conn, out);
        return false;
    }
    if server.connection(conn).reply_mode.is_muted() {
        out.truncate(start);
    }
    server.stats.bytes_out += (out.len() - start) as u64;
    server.put_deferred(conn, out);
    leave(store, server, conn, &blocked);
    server.make_runnable(conn);
    true
}

/// What ends a wait that its request does not end itself.
pub(crate) enum End<'a> {
    /// Its time, or whoever says that it is over.
    Timeout,
    /// Something has failed.
    Error(&'a Error),
    /// A reply that is written already, of a command that was counted.
    Reply(&'a [u8]),
}

/// Ends the wait of a connection and lets the connection go on; `false` if it does not wait.
pub(crate) fn end_wait(store: &mut Store, server: &mut Server, conn: ConnId, end: End<'_>) -> bool {
    let Some(blocked) = server.connection(conn).blocked.take() else { return false };
    if !server.connection(conn).reply_mode.is_muted() {
        let mut reply = server.output_of(conn);
        match end {
            End::Timeout if blocked.block.kept.is_empty() => blocked.block.on_timeout.write(&mut reply),
            End::Timeout => reply.raw(&blocked.block.kept),
            End::Error(error) => reply.error(error),
            End::Reply(bytes) => reply.raw(bytes),
        }
    }
    count(server, blocked.row, end);
    leave(store, server, conn, &blocked);
    server.make_runnable(conn);
    true
}

/// A command that has waited counts when its wait ends, whatever has ended it.
fn count(server: &mut Server, row: &'static Command, end: End<'_>) {
    let error = match end {
        End::Timeout => None,
        End::Error(error) => Some(error),
        End::Reply(_) => return,
    };
    server.stats.commands += 1;
    let counts = server.observer.statistics.of(row);
    counts.calls += 1;
    counts.failed += u64::from(error.is_some());
    if let Some(error) = error {
        server.note_error(error);
    }
}

/// Ends the waits whose time is over, and tries again where time may have brought something.
pub(crate) fn end_waits(store: &mut Store, server: &mut Server) {
    while let Some(&(at, conn)) = server.timers.first()
        && at <= server.steady
    {
        server.timers.pop_first();
        let blocked = server.connection(conn).blocked.as_mut();
        match blocked.filter(|blocked| blocked.block.deadline.is_none_or(|deadline| deadline > at)) {
            Some(blocked) => {
                blocked.block.retry_at = None;
                if let Some(deadline) = blocked.block.deadline {
                    server.timers.insert((deadline, conn));
                }
                retry(store, server, conn);
            }
            None => {
                _ = end_wait(store, server, conn, End::Timeout);
            }
        }
    }
}

/// Runs the request of a waiting connection again, because its time has come.
fn retry(store: &mut Store, server: &mut Server, conn: ConnId) {
    let Some(blocked) = &server.connection(conn).blocked else { return };
    let (db, wants) = (blocked.db, blocked.block.wants);
    store.db = db;
    try_again(store, server, conn, Some(wants));
}

/// Forgets the wait of a connection that is going.
pub(crate) fn forget(store: &mut Store, server: &mut Server, conn: ConnId) {
    if let Some(blocked) = server.connection(conn).blocked.take() {
        leave(store, server, conn, &blocked);
    }
}

/// Takes a connection out of the queues of the keys that it has waited for.
fn leave(store: &mut Store, server: &mut Server, conn: ConnId, blocked: &Blocked) {
    server.blocked -= 1;
    if let Some(at) = blocked.block.timer() {
        server.timers.remove(&(at, conn));
    }
    for key in &blocked.block.keys {
        store.unwait(blocked.db, key, conn);
        if blocked.block.wakes_on_loss {
            store.forget_loss(blocked.db, key);
        }
    }
    // A reply that CLIENT REPLY SKIP has asked to leave out was this one.
    server.connection(conn).reply_mode.advance();
}

/// Reads a timeout in seconds and gives the deadline in steady microseconds, see [`Server::steady`]; 0 means none.
pub(crate) fn deadline_after(now: u64, timeout: &[u8]) -> Result<Option<u64>, Error> {
    const INVALID: Error = Error::Text("ERR timeout is not a float or out of range");
    if timeout == b"0" {
        return Ok(None);
    }
    let seconds = match number::parse_f64(timeout) {
        Some(seconds) => seconds,
        // Redis reads it with more bits, which hold more than a double does, towards zero as well.
        None => LongDouble::parse(timeout).and_then(LongDouble::beyond_doubles).ok_or(INVALID)?,
    };
    // Less than a millisecond below zero is rounded up to zero.
    if seconds * 1000.0 <= -1.0 {
        return Err(Error::Text("ERR timeout is negative"));
    }
    let millis = ceil((seconds * 1000.0).max(0.0));
    // Redis keeps the deadline in signed milliseconds.
    if millis > i64::MAX as f64 {
        return Err(Error::Text("ERR timeout is out of range"));
    }
    let millis = number::whole(millis);
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
    let whole = number::whole(value) as f64;
    if whole < value { whole + 1.0 } else { whole }
}

#[cfg(test)]
mod tests;
