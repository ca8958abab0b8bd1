//! A byte string behind a single pointer: the length lies in front of the bytes.
//!
//! A table of millions of members pays for every word of a handle, and a boxed slice's handle has two. The
//! allocation is `[ length u8 ][ bytes ]`, or `[ 0xff ][ length u32 ][ bytes ]` from 255 bytes on, both
//! without alignment, so that a string of 15 bytes takes 16.

#![expect(clippy::cast_possible_truncation, reason = "each head is chosen by what it can hold")]

use crate::base::relocate::{Mover, Relocate};
use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::{fmt, ptr::NonNull, slice};

/// The first byte when four bytes of length follow it.
const WIDE: u8 = 0xff;
/// Bytes before the string when its length takes one byte.
const NARROW_HEAD_BYTES: usize = 1;
/// Bytes before the string when its length takes four more.
const WIDE_HEAD_BYTES: usize = 5;

/// An owned byte string of fixed length in one pointer.
pub(crate) struct Thin(NonNull<u8>);

// SAFETY: the bytes are owned, as in a `Box<[u8]>`.
unsafe impl Send for Thin {}

impl Thin {
    /// A copy of all parts, one behind the other.
    #[must_use]
    pub(crate) fn new(parts: &[&[u8]]) -> Thin {
        let len = parts.iter().map(|part| part.len()).sum();
        let head = if len < usize::from(WIDE) { NARROW_HEAD_BYTES } else { WIDE_HEAD_BYTES };
        let layout = layout(head, len);
        // SAFETY: the layout is not empty; the head and then each part are written within it, one behind the
        // other, because `len` is the sum of the parts' lengths.
        unsafe {
            let Some(base) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            let mut at = base.as_ptr();
            if head == NARROW_HEAD_BYTES {
                *at = len as u8;
            } else {
                let wide = u32::try_from(len).expect("a request is shorter than 4 GiB");
                *at = WIDE;
                at.add(1).cast::<u32>().write_unaligned(wide);
            }
            at = at.add(head);
            for part in parts {
                at.copy_from_nonoverlapping(part.as_ptr(), part.len());
                at = at.add(part.len());
            }
            Thin(base)
        }
    }

    /// The bytes.
    #[must_use]
    #[inline(always)]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        let (head, len) = self.shape();
        // SAFETY: the bytes follow the head, and the borrow keeps the allocation alive.
        unsafe { slice::from_raw_parts(self.0.as_ptr().add(head), len) }
    }

    /// The bytes, to change in place.
    #[must_use]
    pub(crate) fn as_bytes_mut(&mut self) -> &mut [u8] {
        let (head, len) = self.shape();
        // SAFETY: as in `as_bytes`, and the borrow is exclusive.
        unsafe { slice::from_raw_parts_mut(self.0.as_ptr().add(head), len) }
    }

    /// Bytes allocated on the heap.
    #[must_use]
    pub(crate) fn memory_bytes(&self) -> usize {
        let (head, len) = self.shape();
        head + len
    }

    /// Bytes of the head and of the string.
    #[inline(always)]
    fn shape(&self) -> (usize, usize) {
        // SAFETY: the head is written at creation, and its first byte tells how long it is.
        unsafe {
            let at = self.0.as_ptr();
            match *at {
                WIDE => (WIDE_HEAD_BYTES, at.add(1).cast::<u32>().read_unaligned() as usize),
                len => (NARROW_HEAD_BYTES, usize::from(len)),
            }
        }
    }
}

impl Relocate for Thin {
    fn relocate(&mut self, mover: &mut Mover) {
        let (head, len) = self.shape();
        if mover.wants(self.0.as_ptr(), head + len) {
            *self = Thin::new(&[self.as_bytes()]);
        }
    }
}

impl Drop for Thin {
    fn drop(&mut self) {
        let (head, len) = self.shape();
        // SAFETY: this is the layout that the allocation was made with.
        unsafe { dealloc(self.0.as_ptr(), layout(head, len)) }
    }
}

impl fmt::Debug for Thin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().fmt(formatter)
    }
}

fn layout(head: usize, len: usize) -> Layout {
    Layout::from_size_align(head + len, 1).expect("a byte string is smaller than the address space")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn strings_of_every_length_are_kept() {
        for len in [0, 1, 15, 253, 254, 255, 256, 1000, if cfg!(miri) { 2000 } else { 70_000 }] {
            let bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
            let (left, right) = bytes.split_at(len / 3);
            let mut thin = Thin::new(&[left, right, b""]);
            assert_eq!(thin.as_bytes(), bytes);
            assert_eq!(thin.memory_bytes(), len + if len < 255 { 1 } else { 5 });
            if let Some(first) = thin.as_bytes_mut().first_mut() {
                *first = b'!';
                assert_eq!(thin.as_bytes()[0], b'!');
            }
        }
        assert_eq!(size_of::<Option<Thin>>(), size_of::<usize>());
    }
}
