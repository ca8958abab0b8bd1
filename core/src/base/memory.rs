//! What is left of memory, asked before it is taken: an allocation that fails cannot be undone, a request that has
//! not begun can be refused.
//!
//! Whoever keeps something plans it: [`Memory::take`] leaves [`HEADROOM_BYTES`] untouched. What is not planned, the
//! temporaries of a command and its reply, comes from there and goes back when the command has ended. So that the
//! server can be reached when memory is full, what every conversation needs may go deeper, by its [`Purpose`]: input,
//! then what control commands keep, then new connections, then replies and lists of arguments, a part for each.

use alloc::vec::Vec;

use crate::base::error::Error;

/// What no request may plan with, in bytes. It serves what is too small to be asked for one by one: a slab per size
/// class, bookkeeping of connections and outputs, the reply that tells of the refusal.
pub const HEADROOM_BYTES: usize = 2 << 20;
/// Bytes that may be taken before the embedder is asked again; far less than the headroom, so that what others take
/// in between does no harm.
const STEP_BYTES: usize = 64 << 10;
/// What an argument or an element may take besides its own bytes: its place in a table or a tree, at their emptiest.
pub(crate) const ELEMENT_BYTES: usize = 64;
/// The part of the headroom that has to be in one piece, for buffers that are not planned.
pub(crate) const PIECE_BYTES: usize = 128 << 10;
/// The same for conversations that keep nothing: who looks and deletes is served also when large values lie so that there is
/// no longer piece.
const SHORT_PIECE_BYTES: usize = 16 << 10;
/// A list of at most so many bytes may be made from the headroom.
const LIST_GRANTED_BYTES: usize = 64 << 10;
/// What waits may be as long as what a host hands over at a time.
const BACKLOG_GRANTED_BYTES: usize = 1 << 20;
/// With so much in one piece behind the headroom, nothing need be moved in the background.
const PLENTY_BYTES: usize = 4 << 20;
/// What grows by more than this at a time has to be planned, in bytes.
pub(crate) const GROWTH_GRANTED_BYTES: usize = 128 << 10;

/// What there is of memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Bytes of one allocation that is sure to succeed.
    pub contiguous: usize,
    /// Bytes of small allocations that are sure to succeed, all together.
    pub total: usize,
}

impl Room {
    /// Nobody knows.
    pub const UNKNOWN: Room = Room::of(usize::MAX);

    /// So many bytes in one piece.
    pub const fn of(bytes: usize) -> Room {
        Room { contiguous: bytes, total: bytes }
    }

    /// Whether so many bytes can be had and leave `floor`, of which `piece` are in one piece.
    fn leaves(self, bytes: usize, floor: usize, piece: usize) -> bool {
        let has = |all: usize, kept: usize| all.checked_sub(kept).is_some_and(|free| free >= bytes);
        has(self.total, floor) && has(self.contiguous, floor.min(piece))
    }
}

/// What memory is for, which decides how much must be left of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// To be kept as data.
    Data,
    /// A request that has not come as a whole.
    Input,
    /// Requests that wait for others of the same client.
    Backlog,
    /// What control commands keep of a connection.
    Control,
    /// A connection: whatever others keep, there is room for someone who puts it right.
    Connection,
    /// What is gone when the command has ended.
    Temporary,
}

impl Purpose {
    const fn floor(self) -> usize {
        match self {
            Purpose::Data => HEADROOM_BYTES,
            Purpose::Input | Purpose::Backlog => HEADROOM_BYTES / 2,
            Purpose::Control => HEADROOM_BYTES / 4,
            Purpose::Connection => HEADROOM_BYTES * 3 / 16,
            Purpose::Temporary => HEADROOM_BYTES / 8,
        }
    }

    const fn piece(self) -> usize {
        match self {
            Purpose::Data | Purpose::Input | Purpose::Backlog => PIECE_BYTES,
            Purpose::Control | Purpose::Connection | Purpose::Temporary => SHORT_PIECE_BYTES,
        }
    }
}

/// How an embedder's allocator makes one piece of memory that lies in many: it clears a part of it, and blocks that lie
/// there are moved by whoever owns them.
#[derive(Clone, Copy, Debug)]
pub struct Compaction {
    /// Chooses a part in which an allocation of so many bytes could lie; `false` if there is none. Until it is closed
    /// nothing is allocated there.
    pub open: fn(usize) -> bool,
    /// Whether a block at this address is to be moved.
    pub is_within: fn(*const u8) -> bool,
    /// What was cleared can be used. It is told whether all blocks were asked about and there was memory to move them
    /// to, so that those which stayed will stay again.
    pub close: fn(bool),
}

/// What files may fill memory up to, in bytes that are left: deeper than clients may, so that what they have filled it
/// with can be loaded again, though it may come to lie less densely, nothing being moved meanwhile; but not as deep as
/// control commands, which can then delete some of it.
const LOADING_FLOOR_BYTES: usize = HEADROOM_BYTES * 5 / 16;

/// An account of memory that is sure to be there.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    available: fn(usize) -> Room,
    /// What data leaves untouched, in bytes.
    floor: usize,
    /// Bytes that were found to be there and are not taken yet.
    left: usize,
}

impl Memory {
    /// Memory without a known end.
    pub const UNKNOWN: Memory = Memory::new(|_| Room::UNKNOWN);

    /// `available` tells what there is for whoever needs so many bytes.
    pub const fn new(available: fn(usize) -> Room) -> Memory {
        Memory { available, floor: HEADROOM_BYTES, left: 0 }
    }

    /// An account of the same memory, of which nothing is granted yet.
    pub(crate) const fn anew(&self) -> Memory {
        Memory { left: 0, ..*self }
    }

    /// The same for what files have, or again for what clients bring.
    pub(crate) fn for_files(&self, is_for_files: bool) -> Memory {
        let floor = if is_for_files { LOADING_FLOOR_BYTES } else { HEADROOM_BYTES };
        Memory { floor, left: 0, ..*self }
    }

    fn floor(&self, purpose: Purpose) -> usize {
        purpose.floor().min(self.floor)
    }

    /// Bytes that others may take who keep an account of their own; `usize::MAX` when there is no known end.
    pub(crate) fn spare(&self) -> usize {
        let room = (self.available)(0);
        match room.total {
            usize::MAX => usize::MAX,
            total => total.saturating_sub(self.floor),
        }
    }

    /// What there is.
    pub(crate) fn room(&self) -> Room {
        (self.available)(0)
    }

    /// Takes note that so many bytes are about to be allocated, or refuses.
    #[inline]
    pub fn take(&mut self, bytes: usize) -> Result<(), Error> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => self.ask(bytes),
        }
    }

    #[cold]
    fn ask(&mut self, bytes: usize) -> Result<(), Error> {
        let room = (self.available)(bytes);
        if room == Room::UNKNOWN {
            self.left = usize::MAX / 2;
            return Ok(());
        }
        // What was granted before may be gone.
        self.left = 0;
        if !room.leaves(bytes, self.floor, PIECE_BYTES) {
            return Err(Error::OutOfMemory);
        }
        self.left = STEP_BYTES;
        Ok(())
    }

    /// As [`Memory::take`] for another purpose than data; what is not small has to be planned like data.
    pub(crate) fn take_for(&mut self, purpose: Purpose, bytes: usize) -> Result<(), Error> {
        if self.take(bytes).is_ok() || self.has_for(purpose, bytes) {
            Ok(())
        } else {
            Err(Error::OutOfMemory)
        }
    }

    /// Whether so many bytes can be had for a purpose.
    pub(crate) fn has_for(&self, purpose: Purpose, bytes: usize) -> bool {
        let granted = if purpose == Purpose::Backlog { BACKLOG_GRANTED_BYTES } else { LIST_GRANTED_BYTES };
        let purpose = if bytes > granted { Purpose::Data } else { purpose };
        (self.available)(bytes).leaves(bytes, self.floor(purpose), purpose.piece())
    }

    /// Whether what grows by so many bytes at a time may do so; what grows in small steps always may.
    #[inline]
    pub(crate) fn may_grow(&self, bytes: usize) -> Result<(), Error> {
        if bytes <= GROWTH_GRANTED_BYTES || self.has_for(Purpose::Data, bytes) {
            Ok(())
        } else {
            Err(Error::OutOfMemory)
        }
    }

    /// Whether one allocation of so many bytes can be had whatever is left afterwards. It is for who gives as much back.
    pub(crate) fn has(&self, bytes: usize) -> bool {
        (self.available)(bytes).leaves(bytes, PIECE_BYTES, PIECE_BYTES)
    }

    /// Whether there is so much that nothing need be done for more.
    pub(crate) fn is_plenty(&self) -> bool {
        (self.available)(0).leaves(PLENTY_BYTES, Purpose::Data.floor(), PIECE_BYTES)
    }

    /// Makes room for `more` elements: doubles the room if there is memory for the old and the new block side by
    /// side, or adds an eighth, or what is needed if that is as much; `false`, and nothing changes, if there is not.
    /// A short list may be made from the headroom.
    #[inline]
    pub fn reserve<T>(&self, list: &mut Vec<T>, more: usize) -> bool {
        list.capacity() - list.len() >= more || self.grow(list, more, Purpose::Temporary)
    }

    /// The same for a list that is kept.
    #[inline]
    pub(crate) fn reserve_for<T>(&self, purpose: Purpose, list: &mut Vec<T>, more: usize) -> bool {
        list.capacity() - list.len() >= more || self.grow(list, more, purpose)
    }

    #[cold]
    fn grow<T>(&self, list: &mut Vec<T>, more: usize, purpose: Purpose) -> bool {
        let has = |&extra: &usize| {
            let len = list.len().checked_add(extra);
            let bytes = len.and_then(|len| len.checked_mul(size_of::<T>()));
            bytes.is_some_and(|bytes| self.has_for(purpose, bytes))
        };
        let extra = [more.max(list.len()), more.max(list.len() / 8)].into_iter().find(has);
        extra.is_some_and(|extra| list.try_reserve_exact(extra).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headroom_is_left_alone() {
        let mut memory = Memory::new(|_| Room::of(HEADROOM_BYTES + 1000));
        assert_eq!(memory.take(1001), Err(Error::OutOfMemory));
        assert_eq!(memory.take(1000), Ok(()));
        assert_eq!(Memory::new(|_| Room::of(0)).take(1), Err(Error::OutOfMemory));
        assert_eq!({ Memory::UNKNOWN }.take(usize::MAX), Ok(()));
    }

    #[test]
    fn small_requests_need_no_large_piece() {
        let mut memory = Memory::new(|_| Room { contiguous: PIECE_BYTES + 1000, total: 2 * HEADROOM_BYTES });
        assert_eq!(memory.take(1001), Err(Error::OutOfMemory));
        assert_eq!(memory.take(1000), Ok(()));
        // Who keeps nothing needs less.
        let mut memory =
            Memory::new(|_| Room { contiguous: SHORT_PIECE_BYTES + 1000, total: HEADROOM_BYTES });
        assert_eq!(memory.take_for(Purpose::Control, 1000), Ok(()));
        assert_eq!(memory.take_for(Purpose::Temporary, 1001), Err(Error::OutOfMemory));
        assert_eq!(memory.take_for(Purpose::Input, 1), Err(Error::OutOfMemory));
    }

    #[test]
    fn the_headroom_serves_conversations() {
        let mut memory = Memory::new(|_| Room::of(HEADROOM_BYTES / 4 + 1000));
        assert_eq!(memory.take_for(Purpose::Control, 1000), Ok(()));
        assert_eq!(memory.take_for(Purpose::Control, 1001), Err(Error::OutOfMemory));
        assert_eq!(memory.take_for(Purpose::Input, 1), Err(Error::OutOfMemory));
        let mut list = Vec::new();
        assert!(memory.reserve::<u8>(&mut list, 64 << 10));
        assert!(!memory.reserve_for::<u8>(Purpose::Input, &mut Vec::new(), 1));
        // What is longer is planned.
        assert!(!memory.reserve(&mut list, (64 << 10) + 1));
    }

    #[test]
    fn lists_double_while_they_can() {
        const KIB: usize = 1 << 10;
        let memory = Memory::new(|_| Room::of(HEADROOM_BYTES + 300 * KIB));
        let mut list = alloc::vec![0u8; 100 * KIB];
        assert!(memory.reserve(&mut list, 1));
        assert_eq!(list.capacity(), 200 * KIB);
        list.resize(200 * KIB, 0);
        assert!(memory.reserve(&mut list, 1));
        assert_eq!(list.capacity(), 225 * KIB);
        list.resize(225 * KIB, 0);
        assert!(memory.reserve(&mut list, 75 * KIB));
        list.resize(300 * KIB, 0);
        assert!(!memory.reserve(&mut list, 1));
        assert_eq!((list.len(), list.capacity()), (300 * KIB, 300 * KIB));
    }
}
