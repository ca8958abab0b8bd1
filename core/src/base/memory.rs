//! What is left of memory, asked before it is taken: an allocation that fails cannot be undone, a request that has
//! not begun can be refused.

use alloc::vec::Vec;

use crate::base::error::Error;

/// What no request may plan with, in bytes. It serves what is too small to be asked for one by one: a slab per size
/// class, bookkeeping of connections and outputs, the reply that tells of the refusal.
pub const HEADROOM_BYTES: usize = 2 << 20;
/// Bytes that may be taken before the embedder is asked again; far less than the headroom, so that what others take
/// in between does no harm.
const STEP_BYTES: usize = 64 << 10;
/// What an argument or an element may take besides its own bytes: its place in a table or a tree, at their emptiest.
pub const ELEMENT_BYTES: usize = 64;

/// An account of memory that is sure to be there.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    available: fn() -> usize,
    /// Bytes that were found to be there and are not taken yet.
    left: usize,
}

impl Memory {
    /// Memory without a known end.
    pub const UNKNOWN: Memory = Memory::new(|| usize::MAX);

    /// `available` tells the size of an allocation that is sure to succeed; `usize::MAX` when that is not known.
    pub const fn new(available: fn() -> usize) -> Memory {
        Memory { available, left: 0 }
    }

    /// Bytes that others may take who keep an account of their own; `usize::MAX` when there is no known end.
    pub(crate) fn spare(&self) -> usize {
        match (self.available)() {
            usize::MAX => usize::MAX,
            available => available.saturating_sub(HEADROOM_BYTES),
        }
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
        let available = (self.available)();
        if available == usize::MAX {
            self.left = usize::MAX / 2;
            return Ok(());
        }
        if available.checked_sub(HEADROOM_BYTES).is_none_or(|free| free < bytes) {
            return Err(Error::OutOfMemory);
        }
        self.left = STEP_BYTES;
        Ok(())
    }

    /// Makes room for `more` elements: doubles the room if there is memory for the old and the new block side by
    /// side, or adds an eighth, or what is needed if that is as much; `false`, and nothing changes, if there is not.
    #[inline]
    pub fn reserve<T>(&self, list: &mut Vec<T>, more: usize) -> bool {
        list.capacity() - list.len() >= more || self.grow(list, more)
    }

    #[cold]
    fn grow<T>(&self, list: &mut Vec<T>, more: usize) -> bool {
        let most = (self.available)().saturating_sub(HEADROOM_BYTES) / size_of::<T>().max(1);
        let room = |extra: usize| list.len().checked_add(extra).filter(|&room| room <= most).map(|_| extra);
        let extra = room(more.max(list.len())).or_else(|| room(more.max(list.len() / 8)));
        extra.is_some_and(|extra| list.try_reserve_exact(extra).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headroom_is_left_alone() {
        let mut memory = Memory::new(|| HEADROOM_BYTES + 1000);
        assert_eq!(memory.take(1001), Err(Error::OutOfMemory));
        assert_eq!(memory.take(1000), Ok(()));
        assert_eq!(Memory::new(|| 0).take(1), Err(Error::OutOfMemory));
        assert_eq!({ Memory::UNKNOWN }.take(usize::MAX), Ok(()));
    }

    #[test]
    fn lists_double_while_they_can() {
        let memory = Memory::new(|| HEADROOM_BYTES + 3000);
        let mut list = alloc::vec![0u8; 1024];
        assert!(memory.reserve(&mut list, 1));
        assert_eq!(list.capacity(), 2048);
        list.resize(2048, 0);
        assert!(memory.reserve(&mut list, 1));
        assert_eq!(list.capacity(), 2048 + 256);
        list.resize(2304, 0);
        assert!(memory.reserve(&mut list, 696));
        list.resize(3000, 0);
        assert!(!memory.reserve(&mut list, 1));
        assert_eq!((list.len(), list.capacity()), (3000, 3000));
    }
}
