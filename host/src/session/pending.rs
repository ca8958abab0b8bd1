//! Replies that the kernel has not taken yet.
//!
//! They lie in pieces that never move: a receiver that is far behind costs no more per message than one that is not.
//! A large message with many receivers exists once, however many of them are behind.
//!
//! The last of them may have to wait for a commit; the kernel is not offered these.

use crate::driver::Lsn;
use sanderling_core::Class;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::rc::Rc;

/// Bytes of a connection's first piece, which an idle connection keeps for its next burst of replies.
const PIECE_BYTES_MIN: usize = 4 << 10;
/// Pieces grow with what waits already, to no more than this.
const PIECE_BYTES_MAX: usize = 64 << 10;
/// An idle connection keeps no more than this for its next burst of replies.
const KEPT_BYTES_MAX: usize = 16 << 10;
/// Smaller messages are copied for each receiver: to share them would take as much memory.
const SHARED_BYTES_MIN: usize = 512;
/// Messages that are remembered for their next receiver: one for each protocol, of a channel and of some patterns.
const REMEMBERED: usize = 8;
/// Pieces that the kernel is offered at a time.
pub(crate) const OFFERED_PIECES_MAX: usize = 64;

/// Bytes that wait for the kernel, or for a commit first.
#[derive(Default)]
pub(crate) struct Pending {
    /// In order; all of them stand in front of `tail`.
    pieces: VecDeque<Piece>,
    /// The piece that small replies are added to, as long as they fit: it never grows.
    tail: Vec<u8>,
    /// How many bytes of the first piece are gone.
    sent: usize,
    /// Bytes of all pieces without those that are gone.
    len: usize,
    /// What waits for commits, in order: the last bytes of all, and perhaps the end of the connection behind them.
    held: VecDeque<Held>,
    /// Bytes of all that is held.
    held_bytes: usize,
}

/// Bytes that wait until `lsn` is committed.
struct Held {
    lsn: Lsn,
    bytes: usize,
}

enum Piece {
    Own(Vec<u8>),
    Shared(Rc<[u8]>),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Piece::Own(bytes) => bytes,
            Piece::Shared(bytes) => bytes,
        }
    }
}

impl Pending {
    /// Bytes that wait, for whatever it is.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether neither bytes nor the end of the connection wait.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0 && self.held.is_empty()
    }

    /// Whether something waits for a commit.
    pub(crate) fn is_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Bytes that wait for nothing but the kernel.
    pub(crate) fn sendable(&self) -> usize {
        self.len - self.held_bytes
    }

    /// Lets the last `count` bytes, which were added now, wait for a commit. They wait in any case for what those in
    /// front of them wait for.
    pub(crate) fn hold(&mut self, count: usize, awaited: Option<Lsn>) {
        match (self.held.back_mut(), awaited) {
            (None, None) => return,
            (Some(last), awaited) if awaited.is_none_or(|lsn| lsn <= last.lsn) => last.bytes += count,
            (_, awaited) => {
                let lsn = awaited.expect("the other arms have what awaits nothing");
                self.held.push_back(Held { lsn, bytes: count });
            }
        }
        self.held_bytes += count;
    }

    /// Everything up to `upto` is committed: what has waited for it may leave.
    pub(crate) fn release(&mut self, upto: Lsn) {
        while let Some(first) = self.held.front()
            && first.lsn <= upto
        {
            self.held_bytes -= first.bytes;
            self.held.pop_front();
        }
        if self.held.is_empty() {
            self.held = VecDeque::new();
        }
    }

    /// Adds bytes, of which a copy is made.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
        let (now, later) = bytes.split_at(bytes.len().min(self.tail.capacity() - self.tail.len()));
        self.tail.extend_from_slice(now);
        if !later.is_empty() {
            self.seal();
            let size = self.len.clamp(PIECE_BYTES_MIN, PIECE_BYTES_MAX);
            self.tail = Vec::with_capacity(size.max(later.len()));
            self.tail.extend_from_slice(later);
        }
    }

    /// Adds a message from `start` on, which others may have as well.
    pub(crate) fn push_shared(&mut self, message: Rc<[u8]>, start: usize) {
        if start == message.len() {
            return;
        }
        if start > 0 && self.len > 0 {
            return self.push(&message[start..]);
        }
        self.seal();
        if self.pieces.is_empty() {
            self.sent = start;
        }
        self.len += message.len() - start;
        self.pieces.push_back(Piece::Shared(message));
    }

    /// What waits for the kernel, in order, as far as it is offered it at a time.
    pub(crate) fn offer<'a>(&'a self, slices: &mut [IoSlice<'a>; OFFERED_PIECES_MAX]) -> usize {
        let pieces = self.pieces.iter().map(Piece::bytes).chain([self.tail.as_slice()]);
        let mut left = self.sendable();
        let mut count = 0;
        for (nth, bytes) in pieces.enumerate().take(OFFERED_PIECES_MAX) {
            let bytes = if nth == 0 { &bytes[self.sent..] } else { bytes };
            let bytes = &bytes[..bytes.len().min(left)];
            left -= bytes.len();
            if !bytes.is_empty() {
                slices[count] = IoSlice::new(bytes);
                count += 1;
            }
        }
        count
    }

    /// Forgets bytes that the kernel has taken.
    pub(crate) fn take(&mut self, count: usize) {
        self.len -= count;
        self.sent += count;
        while let Some(first) = self.pieces.front()
            && self.sent >= first.bytes().len()
        {
            self.sent -= first.bytes().len();
            self.pieces.pop_front();
        }
        if self.len == 0 {
            self.sent = 0;
            if self.tail.capacity() > KEPT_BYTES_MAX {
                self.tail = Vec::new();
            }
            self.tail.clear();
            self.pieces.shrink_to(OFFERED_PIECES_MAX);
        }
    }

    /// Ends the piece that small replies are added to.
    fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(Piece::Own(std::mem::take(&mut self.tail)));
        }
    }
}

struct Message {
    /// Where it lies in the engine's memory, and its length.
    location: (*const u8, usize),
    /// The copy, once there is one.
    copy: Option<Rc<[u8]>>,
}

/// Messages of the engine's last call that more than one connection gets, each copied once from the engine's memory.
#[derive(Default)]
pub(crate) struct Messages {
    /// The latest first.
    recent: VecDeque<Message>,
    /// Copies that were made.
    #[cfg(test)]
    copies: usize,
}

impl Messages {
    /// Forgets all: the engine is about to write over its outputs.
    pub(crate) fn clear(&mut self) {
        self.recent.clear();
    }

    /// A copy for all receivers of these bytes, if several are likely to be behind.
    pub(crate) fn share(&mut self, bytes: &[u8], class: Class) -> Option<Rc<[u8]>> {
        if bytes.len() < SHARED_BYTES_MIN {
            return None;
        }
        let location = (bytes.as_ptr(), bytes.len());
        let known = self.recent.iter().position(|message| message.location == location);
        if known.is_none() {
            self.recent.truncate(REMEMBERED - 1);
            self.recent.push_front(Message { location, copy: None });
            // What a subscriber gets is mostly a message, of which others get the same; what comes twice certainly is.
            if class != Class::Pubsub {
                return None;
            }
        }
        let copy = &mut self.recent[known.unwrap_or(0)].copy;
        #[cfg(test)]
        {
            self.copies += usize::from(copy.is_none());
        }
        Some(copy.get_or_insert_with(|| Rc::from(bytes)).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces with what is left of the first one.
    fn pieces(pending: &Pending) -> Vec<&[u8]> {
        let mut slices = [IoSlice::new(&[]); OFFERED_PIECES_MAX];
        let count = pending.offer(&mut slices);
        let all = pending.pieces.iter().map(Piece::bytes).chain([pending.tail.as_slice()]);
        let mut all: Vec<&[u8]> = all.filter(|bytes| !bytes.is_empty()).collect();
        if let Some(first) = all.first_mut() {
            *first = &first[pending.sent..];
        }
        let all: Vec<&[u8]> = all.into_iter().filter(|bytes| !bytes.is_empty()).collect();
        for (slice, bytes) in slices[..count].iter().zip(&all) {
            assert_eq!(slice.as_ptr(), bytes.as_ptr());
        }
        all
    }

    #[test]
    fn pending_bytes_keep_their_order() {
        let mut pending = Pending::default();
        let (mut expected, mut taken) = (Vec::new(), Vec::new());
        for round in 0..3000usize {
            let bytes = vec![round as u8; round * 7 % 1500];
            expected.extend_from_slice(&bytes);
            if round % 3 == 0 {
                pending.push_shared(Rc::from(bytes), 0);
            } else {
                pending.push(&bytes);
            }
            let count = (round * 11 % 2500).min(pending.len());
            let waiting = pieces(&pending).concat();
            assert_eq!(waiting.len(), pending.len());
            taken.extend_from_slice(&waiting[..count]);
            pending.take(count);
        }
        taken.extend_from_slice(&pieces(&pending).concat());
        assert!(taken == expected);
    }

    #[test]
    fn a_message_of_which_a_part_is_sent_goes_on_there() {
        let message: Rc<[u8]> = Rc::from(&b"a message"[..]);
        let mut pending = Pending::default();
        pending.push_shared(message.clone(), 2);
        pending.push_shared(message.clone(), 8);
        pending.push_shared(message.clone(), 9);
        assert_eq!(pieces(&pending).concat(), b"messagee");
        pending.take(3);
        assert_eq!((pieces(&pending).concat(), pending.len()), (b"sagee".to_vec(), 5));
    }

    #[test]
    fn held_bytes_are_offered_once_their_commit_has_come() {
        let offered = |pending: &Pending| {
            let mut slices = [IoSlice::new(&[]); OFFERED_PIECES_MAX];
            let count = pending.offer(&mut slices);
            slices[..count]
                .iter()
                .map(|slice| String::from_utf8_lossy(slice).into_owned())
                .collect::<String>()
        };
        let mut pending = Pending::default();
        let message: Rc<[u8]> = Rc::from(&b"shared;"[..]);
        pending.push(b"free;");
        pending.hold(5, None);
        assert_eq!((offered(&pending).as_str(), pending.is_held()), ("free;", false));
        for (lsn, bytes) in
            [(Some(3), &b"three;"[..]), (Some(3), b"more;"), (None, b"none;"), (Some(5), b"five;")]
        {
            pending.push(bytes);
            pending.hold(bytes.len(), lsn);
        }
        pending.push_shared(message, 0);
        pending.hold(7, None);
        pending.hold(0, Some(6));
        assert_eq!((offered(&pending).as_str(), pending.sendable(), pending.len()), ("free;", 5, 33));
        pending.take(5);
        pending.release(2);
        assert_eq!((offered(&pending).as_str(), pending.sendable()), ("", 0));
        pending.release(4);
        assert_eq!((offered(&pending).as_str(), pending.sendable()), ("three;more;none;", 16));
        pending.take(8);
        pending.release(5);
        assert_eq!(offered(&pending), "re;none;five;shared;");
        pending.take(20);
        assert_eq!((pending.len(), pending.is_empty()), (0, false), "the end still waits");
        pending.release(6);
        assert!(pending.is_empty() && !pending.is_held());
    }

    #[test]
    fn an_emptied_buffer_gives_its_memory_back() {
        let mut pending = Pending::default();
        for _ in 0..100 {
            pending.push(&vec![0; 1 << 20]);
        }
        pending.take(100 << 20);
        assert!(pending.is_empty() && pending.tail.capacity() <= KEPT_BYTES_MAX && pending.pieces.is_empty());
    }

    /// All of a receiver's unsent bytes moved when its buffer doubled, which happened to all receivers at the same
    /// message: 200 of them kept all clients waiting for 1.5 s.
    #[test]
    fn a_message_is_copied_once_and_what_waits_never_moves() {
        const RECEIVERS: usize = 50;
        for size in [10, SHARED_BYTES_MIN, 100_000] {
            let mut messages = Messages::default();
            let mut receivers: Vec<Pending> = (0..RECEIVERS).map(|_| Pending::default()).collect();
            let mut places: Vec<Vec<*const u8>> = vec![Vec::new(); RECEIVERS];
            for nth in 0..60u8 {
                let message = vec![nth; size];
                for (pending, places) in receivers.iter_mut().zip(&mut places) {
                    match messages.share(&message, Class::Pubsub) {
                        Some(message) => pending.push_shared(message, 0),
                        None => pending.push(&message),
                    }
                    let now: Vec<*const u8> = pieces(pending).iter().map(|piece| piece.as_ptr()).collect();
                    assert_eq!(now[..places.len()], places[..], "what waits has moved");
                    *places = now;
                }
                messages.clear();
            }
            assert_eq!(messages.copies, if size < SHARED_BYTES_MIN { 0 } else { 60 });
            assert!(places.iter().all(|own| own.len() <= 60), "small messages share pieces");
            if size >= SHARED_BYTES_MIN {
                assert!(places.iter().all(|own| own == &places[0]), "large ones exist once");
            }
            assert!(receivers.iter().all(|pending| pending.len() == 60 * size));
        }
    }

    /// A client that monitors is of the same class as most clients, and gets what other monitors get.
    #[test]
    fn what_comes_twice_is_shared_by_all_classes() {
        let mut messages = Messages::default();
        let (one, other) = (vec![1; 1000], vec![2; 1000]);
        assert!(messages.share(&one, Class::Normal).is_none());
        assert!(messages.share(&other, Class::Normal).is_none());
        let again = messages.share(&one, Class::Normal).expect("it came before");
        assert!(Rc::ptr_eq(&again, &messages.share(&one, Class::Pubsub).expect("so it did now")));
        messages.clear();
        assert!(messages.share(&one, Class::Normal).is_none());
    }
}
