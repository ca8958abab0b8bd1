//! Moving values to other memory, so that a part of it comes free.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use crate::base::memory::Memory;

/// Bytes moved before memory is asked for again.
const STEP_BYTES: usize = 64 << 10;

/// Moves blocks out of the part that is being cleared.
pub(crate) struct Mover {
    is_within: fn(*const u8) -> bool,
    memory: Memory,
    /// Bytes that were found to be there.
    left: usize,
    /// There is no memory to move anything to.
    is_short: bool,
    elements_max: usize,
}

/// What can move to other memory.
pub(crate) trait Relocate {
    /// Moves what `mover` wants to be moved; nothing else changes.
    fn relocate(&mut self, mover: &mut Mover);
}

impl Mover {
    /// Moves what is within the part, where `memory` has room for it, and enters collections of so many elements.
    pub(crate) fn new(is_within: fn(*const u8) -> bool, memory: Memory, elements_max: usize) -> Mover {
        Mover { is_within, memory, left: 0, is_short: false, elements_max }
    }

    /// Whether there was no memory to move something to.
    pub(crate) fn is_short(&self) -> bool {
        self.is_short
    }

    /// One that moves everything.
    #[cfg(test)]
    pub(crate) fn of_everything() -> Mover {
        let memory = Memory::UNKNOWN;
        Mover { is_within: |_| true, memory, left: 0, is_short: false, elements_max: usize::MAX }
    }

    /// Whether a block of so many bytes is to be moved, and there is memory for that.
    #[inline]
    pub(crate) fn wants(&mut self, block: *const u8, bytes: usize) -> bool {
        bytes > 0 && (self.is_within)(block) && self.has(bytes)
    }

    /// Whether a block is to be moved, if there is memory for it.
    #[inline]
    pub(crate) fn is_within(&self, block: *const u8) -> bool {
        (self.is_within)(block)
    }

    /// Whether a collection of so many elements may be walked through.
    pub(crate) fn may_enter(&self, elements: usize) -> bool {
        elements <= self.elements_max
    }

    fn has(&mut self, bytes: usize) -> bool {
        if bytes > self.left {
            self.left = 0;
            if self.is_short || !self.memory.has(bytes + STEP_BYTES) {
                // A large block that has no place says nothing about the small ones.
                self.is_short |= bytes <= STEP_BYTES;
                return false;
            }
            self.left = bytes + STEP_BYTES;
        }
        self.left -= bytes;
        true
    }

    /// Moves the block of a boxed slice.
    pub(crate) fn slice(&mut self, slice: &mut Box<[u8]>) {
        if self.wants(slice.as_ptr(), slice.len()) {
            *slice = Box::from(&slice[..]);
        }
    }

    /// Moves the block of a list.
    pub(crate) fn vec<T>(&mut self, list: &mut Vec<T>) {
        if self.wants(list.as_ptr().cast(), list.capacity() * size_of::<T>()) {
            let mut moved = Vec::with_capacity(list.capacity());
            moved.append(list);
            *list = moved;
        }
    }

    /// Moves the block of a boxed value.
    pub(crate) fn boxed<T: Default>(&mut self, value: &mut Box<T>) {
        if self.wants((&raw const **value).cast(), size_of::<T>()) {
            let moved = Box::new(mem::take(&mut **value));
            *value = moved;
        }
    }

    /// Moves the block of a deque.
    pub(crate) fn deque<T>(&mut self, deque: &mut VecDeque<T>) {
        if self.wants(deque.as_slices().0.as_ptr().cast(), deque.capacity() * size_of::<T>()) {
            let mut moved = VecDeque::with_capacity(deque.capacity());
            moved.append(deque);
            *deque = moved;
        }
    }
}
