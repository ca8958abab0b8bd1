//! What elements of a collection are gathered in that are saved one by one.

use alloc::vec::Vec;

use crate::base::memory::{Memory, Purpose};
use crate::structures::pieces::Pieces;

/// What an element takes besides its bytes: its length, and its score or deadline.
const ELEMENT_BYTES: usize = 32;

#[cfg(test)]
std::thread_local! {
    /// Bytes that were written of records, for tests of what single commands and steps cost.
    pub(crate) static WRITTEN: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// Bytes, as far as there is memory for them.
pub(super) struct ElementPieces {
    pieces: Pieces,
    memory: Memory,
    has_failed: bool,
}

impl ElementPieces {
    /// Pieces that begin with what stands before the first element.
    pub(super) fn new(head: Vec<u8>, memory: Memory) -> ElementPieces {
        let mut pieces = Pieces::default();
        pieces.append_with(|out| out.extend_from_slice(&head));
        ElementPieces { pieces, memory: memory.anew(), has_failed: false }
    }

    /// Lets `write` append an element whose parts have so many bytes.
    pub(super) fn write(&mut self, bytes: usize, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.has_room(bytes) {
            return;
        }
        self.pieces.append_with(|out| {
            #[cfg(test)]
            let before = out.len();
            write(out);
            #[cfg(test)]
            WRITTEN.set(WRITTEN.get() + out.len() - before);
        });
    }

    /// Whether there is memory for such an element; without it nothing is gathered any more.
    #[inline(never)]
    fn has_room(&mut self, bytes: usize) -> bool {
        // The walk writes a step at a time and gives it back at once: that it does also when data has no room any more.
        if !self.has_failed && self.memory.take_for(Purpose::Control, bytes + ELEMENT_BYTES).is_err() {
            self.has_failed = true;
            self.pieces = Pieces::default();
        }
        !self.has_failed
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Moves the first of it behind the bytes of `out`; `false` if there is nothing.
    pub(super) fn pop_into(&mut self, out: &mut Vec<u8>) -> bool {
        let is_any = !self.pieces.is_empty();
        self.pieces.pop_into(out);
        is_any
    }

    /// Whether there was no memory for some of it.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }
}
