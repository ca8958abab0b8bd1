//! What the edge and the loop tell each other about connections that are no sockets: requests that came over HTTP go to
//! the engine by them, and are clients like all others there.
//!
//! Both ways have a list that is taken as a whole, and one wake-up for however much there is.

use crate::memory::tell_held_bytes;
use mio::Waker;
use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{self, Context, Poll, ready};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Bytes of a connection that the edge has not taken yet, above which the loop keeps the rest.
const UNTAKEN_BYTES_MAX: usize = 1 << 20;

/// Bytes of a connection that the loop has not taken yet, above which the edge waits.
const UNREAD_BYTES_MAX: usize = 1 << 20;

/// Tells connections apart; none is used twice.
pub(crate) type LineId = u64;

/// Both lists, and who looks at them.
pub(crate) struct Exchange {
    incoming: Mutex<Vec<Incoming>>,
    outgoing: Mutex<Outgoing>,
    lines: Mutex<Lines>,
    /// The loop has something to look at.
    has_news: Arc<AtomicBool>,
    waker: Arc<Waker>,
    /// The edge has said something of which the loop is not told yet.
    said: Notify,
    /// There is something in `outgoing` that the edge has not been told of.
    has_output: AtomicBool,
    told: Notify,
}

/// What the edge says.
pub(crate) enum Incoming {
    /// A connection begins.
    Open { end: LineEnd, addr: String, laddr: String, local: bool, trusted: bool },
    /// Bytes of it.
    Input(LineId, Vec<u8>),
    /// The edge has taken what there was, and takes more.
    Drained(LineId),
    /// It ends.
    Close(LineId),
}

/// What the loop says: bytes one behind the other, and whose they are.
#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    items: Vec<(LineId, Item)>,
}

enum Item {
    /// So many bytes.
    Bytes(usize),
    /// Nothing more comes.
    End,
}

/// The connections by the edge's view.
#[derive(Default)]
struct Lines {
    next: LineId,
    open: HashMap<LineId, UnboundedSender<Vec<u8>>>,
}

/// What both ends know of a connection at once.
#[derive(Default)]
struct State {
    /// Bytes that the edge has not taken yet.
    untaken: AtomicUsize,
    /// Bytes that the loop has not taken yet.
    unread: AtomicUsize,
    /// The loop has said that nothing more comes, whether that has arrived or not.
    is_ended: AtomicBool,
    /// Who waits for the loop to take bytes.
    waiting: Mutex<Option<task::Waker>>,
}

/// The edge's end of a connection. What is there of it in the engine ends with it.
pub(crate) struct Line {
    id: LineId,
    exchange: Arc<Exchange>,
    state: Arc<State>,
    pieces: UnboundedReceiver<Vec<u8>>,
}

/// The loop's end.
pub(crate) struct LineEnd {
    pub(crate) id: LineId,
    exchange: Arc<Exchange>,
    state: Arc<State>,
}

impl Exchange {
    /// One whose loop looks when `has_news` is set, and is woken for it.
    pub(crate) fn new(has_news: Arc<AtomicBool>, waker: Arc<Waker>) -> Arc<Self> {
        Arc::new(Self {
            incoming: Mutex::default(),
            outgoing: Mutex::default(),
            lines: Mutex::default(),
            has_news,
            waker,
            said: Notify::new(),
            has_output: AtomicBool::new(false),
            told: Notify::new(),
        })
    }

    /// Begins a connection, of a peer whose address and own are told to the engine. One that is trusted is the default user
    /// without a password.
    pub(crate) fn open(self: &Arc<Self>, addr: &str, laddr: &str, local: bool, trusted: bool) -> Line {
        let (sender, pieces) = unbounded_channel();
        let state = Arc::new(State::default());
        let id = {
            let mut lines = lock(&self.lines);
            lines.next += 1;
            let id = lines.next;
            lines.open.insert(id, sender);
            id
        };
        let end = LineEnd { id, exchange: Arc::clone(self), state: Arc::clone(&state) };
        self.say(Incoming::Open { end, addr: addr.to_owned(), laddr: laddr.to_owned(), local, trusted });
        Line { id, exchange: Arc::clone(self), state, pieces }
    }

    fn say(&self, message: Incoming) {
        lock(&self.incoming).push(message);
        self.said.notify_one();
    }

    /// For the edge: tells the loop of what was said, for ever. This task comes last in a turn of the runtime, behind those
    /// whose sockets were ready together, so that the loop wakes once for all of them.
    pub(crate) async fn pass_on(self: Arc<Self>) {
        loop {
            self.said.notified().await;
            tell_held_bytes();
            if !self.has_news.swap(true, Ordering::AcqRel) {
                // Without it the loop looks when anything else happens.
                let _ = self.waker.wake();
            }
        }
    }

    /// For the loop: all that the edge has said.
    pub(crate) fn take_incoming(&self) -> Vec<Incoming> {
        std::mem::take(&mut *lock(&self.incoming))
    }

    /// For the loop, at the end of a turn: tells the edge that there is output.
    pub(crate) fn end_turn(&self) {
        if self.has_output.swap(false, Ordering::AcqRel) {
            self.told.notify_one();
        }
    }

    /// For the edge: hands output to whom it belongs, for ever.
    pub(crate) async fn hand_out(self: Arc<Self>) {
        loop {
            self.told.notified().await;
            let Outgoing { bytes, items } = std::mem::take(&mut *lock(&self.outgoing));
            let mut rest = bytes.as_slice();
            for (id, item) in items {
                match item {
                    Item::Bytes(count) => {
                        let (piece, behind) = rest.split_at(count);
                        rest = behind;
                        self.hand_to(id, piece);
                    }
                    // The receiver sees that there will be nothing more.
                    Item::End => drop(lock(&self.lines).open.remove(&id)),
                }
            }
            drop(bytes);
            tell_held_bytes();
        }
    }

    fn hand_to(&self, id: LineId, piece: &[u8]) {
        let lines = lock(&self.lines);
        let Some(receiver) = lines.open.get(&id) else { return };
        // Who waits for it may be gone; then the connection is about to end.
        let _ = receiver.send(piece.to_vec());
    }
}

impl Line {
    /// Sends bytes.
    pub(crate) fn send(&self, bytes: Vec<u8>) {
        self.state.unread.fetch_add(bytes.len(), Ordering::AcqRel);
        self.exchange.say(Incoming::Input(self.id, bytes));
    }

    /// Whether more may come.
    pub(crate) fn is_open(&self) -> bool {
        !self.state.is_ended.load(Ordering::Acquire)
    }

    /// Whether more may be sent: not while the loop is behind, and then `false` once it takes nothing any more.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<bool> {
        // Who waits is known before it looks, so that what happens in between wakes it.
        *lock(&self.state.waiting) = Some(cx.waker().clone());
        if !self.is_open() {
            return Poll::Ready(false);
        }
        let is_behind = self.state.unread.load(Ordering::Acquire) > UNREAD_BYTES_MAX;
        if is_behind { Poll::Pending } else { Poll::Ready(true) }
    }

    /// The bytes that come next; none at the end.
    pub(crate) async fn receive(&mut self) -> Option<Vec<u8>> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// The same for who polls.
    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let piece = ready!(self.pieces.poll_recv(cx));
        if let Some(piece) = &piece {
            // What is not taken is kept by the loop, above a limit, so that a client that does not read is one there.
            let before = self.state.untaken.fetch_sub(piece.len(), Ordering::AcqRel);
            if before >= UNTAKEN_BYTES_MAX {
                self.exchange.say(Incoming::Drained(self.id));
            }
        }
        Poll::Ready(piece)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        lock(&self.exchange.lines).open.remove(&self.id);
        self.exchange.say(Incoming::Close(self.id));
    }
}

impl LineEnd {
    /// Takes a part of the bytes; none while the edge is behind.
    pub(crate) fn write(&self, bytes: &[u8]) -> usize {
        let room = UNTAKEN_BYTES_MAX.saturating_sub(self.state.untaken.load(Ordering::Acquire));
        let count = bytes.len().min(room);
        if count > 0 {
            self.state.untaken.fetch_add(count, Ordering::AcqRel);
            let mut outgoing = lock(&self.exchange.outgoing);
            outgoing.bytes.extend_from_slice(&bytes[..count]);
            outgoing.items.push((self.id, Item::Bytes(count)));
            drop(outgoing);
            self.exchange.has_output.store(true, Ordering::Release);
        }
        count
    }

    /// Has taken bytes that were sent.
    pub(crate) fn took(&self, bytes: usize) {
        let before = self.state.unread.fetch_sub(bytes, Ordering::AcqRel);
        if before > UNREAD_BYTES_MAX && before - bytes <= UNREAD_BYTES_MAX {
            self.state.wake();
        }
    }

    /// Says that nothing more comes.
    pub(crate) fn end(&self) {
        if !self.state.is_ended.swap(true, Ordering::AcqRel) {
            self.state.wake();
            lock(&self.exchange.outgoing).items.push((self.id, Item::End));
            self.exchange.has_output.store(true, Ordering::Release);
        }
    }
}

impl State {
    fn wake(&self) {
        if let Some(waiting) = lock(&self.waiting).take() {
            waiting.wake();
        }
    }
}

impl Drop for LineEnd {
    fn drop(&mut self) {
        self.end();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of the lock panics")
}
