//! One member of a large sorted set with its score, in one allocation behind a thin pointer.
//!
//! ```text
//! score f64 | member length u8, or 255 and then u32 | member
//! ```
//! The table that finds members by name owns these; the order index holds [`OrderKey`]s, copies of the score with a
//! pointer to the member, so that walking the order touches a member only where scores are equal.

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::cmp::Ordering;
use core::mem::size_of;
use core::ptr::NonNull;
use core::slice;

use crate::number;
use crate::structures::table::Keyed;

/// Where the length begins.
const LEN_AT: usize = size_of::<f64>();
/// The length byte that says that four bytes with the length follow.
const WIDE: u8 = u8::MAX;

/// A member and its score; see the module's description.
pub(crate) struct Member(NonNull<u8>);

// SAFETY: a member owns its allocation, which holds plain bytes.
unsafe impl Send for Member {}

impl Member {
    pub(super) fn new(member: &[u8], score: f64) -> Member {
        let len = u32::try_from(member.len()).expect("a request is shorter than 4 GiB");
        let is_wide = member.len() >= usize::from(WIDE);
        let layout = layout(head_bytes(is_wide) + member.len());
        // SAFETY: the layout is not empty, and what is written lies within it.
        unsafe {
            let Some(base) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            let at = base.as_ptr();
            at.cast::<f64>().write(score);
            if is_wide {
                *at.add(LEN_AT) = WIDE;
                at.add(LEN_AT + 1).cast::<u32>().write_unaligned(len);
            } else {
                *at.add(LEN_AT) = number::low_u8(len.into());
            }
            at.add(head_bytes(is_wide)).copy_from_nonoverlapping(member.as_ptr(), member.len());
            Member(base)
        }
    }

    #[inline]
    pub(crate) fn score(&self) -> f64 {
        // SAFETY: the score is always initialised, and members are 8-aligned.
        unsafe { self.0.as_ptr().cast::<f64>().read() }
    }

    #[inline]
    pub(super) fn set_score(&mut self, score: f64) {
        // SAFETY: as in `score`. Order keys borrow only the bytes behind it.
        unsafe { self.0.as_ptr().cast::<f64>().write(score) }
    }

    /// What it is ordered by.
    #[inline]
    pub(super) fn order_key(&self) -> OrderKey {
        OrderKey { score: self.score(), member: self.0 }
    }

    /// Bytes of the allocation.
    pub(super) fn memory_bytes(&self) -> usize {
        let member = self.key();
        head_bytes(member.len() >= usize::from(WIDE)) + member.len()
    }
}

impl Keyed for Member {
    #[inline(always)]
    fn key(&self) -> &[u8] {
        // SAFETY: the allocation lives as long as the borrow.
        unsafe { read(self.0) }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let layout = layout(self.memory_bytes());
        // SAFETY: the allocation was made with this layout, and is given up here.
        unsafe { dealloc(self.0.as_ptr(), layout) }
    }
}

/// What a large set is ordered by: a score, and whose it is. On 32-bit machines this takes 12 bytes, thanks to the packing.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(super) struct OrderKey {
    score: f64,
    member: NonNull<u8>,
}

// SAFETY: an order key is read only through the sorted set that owns the member.
unsafe impl Send for OrderKey {}
// SAFETY: as above; members are not changed while the sorted set is shared.
unsafe impl Sync for OrderKey {}

impl OrderKey {
    #[inline(always)]
    pub(super) fn score(self) -> f64 {
        self.score
    }

    /// The member's bytes.
    ///
    /// # Safety
    /// The [`Member`] that this key was taken from must live for `'a`.
    #[inline(always)]
    pub(super) unsafe fn member<'a>(self) -> &'a [u8] {
        // SAFETY: the caller's.
        unsafe { read(self.member) }
    }

    /// How this key compares to that of a score and member.
    ///
    /// # Safety
    /// As for [`OrderKey::member`].
    #[inline(always)]
    pub(super) unsafe fn compare(self, score: f64, member: &[u8]) -> Ordering {
        let own = self.score;
        if own < score {
            Ordering::Less
        } else if own > score {
            Ordering::Greater
        } else {
            // SAFETY: the caller's.
            unsafe { self.member() }.cmp(member)
        }
    }
}

/// The member's bytes.
///
/// # Safety
/// `base` must point at a [`Member`]'s allocation that lives for `'a`.
#[inline(always)]
unsafe fn read<'a>(base: NonNull<u8>) -> &'a [u8] {
    // SAFETY: the caller's; the length was written at creation and never changes.
    unsafe {
        let at = base.as_ptr();
        match *at.add(LEN_AT) {
            WIDE => {
                let len = at.add(LEN_AT + 1).cast::<u32>().read_unaligned();
                slice::from_raw_parts(at.add(head_bytes(true)), len as usize)
            }
            len => slice::from_raw_parts(at.add(head_bytes(false)), usize::from(len)),
        }
    }
}

/// Bytes in front of the member.
#[inline(always)]
const fn head_bytes(is_wide: bool) -> usize {
    if is_wide { LEN_AT + 5 } else { LEN_AT + 1 }
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, align_of::<u64>()).expect("a member is far smaller than the address space")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn members_of_every_length_are_kept_and_compared() {
        for len in [0, 1, 7, 8, 254, 255, 256, if cfg!(miri) { 2000 } else { 70_000 }] {
            let bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
            let mut member = Member::new(&bytes, 1.5);
            let order_key = member.order_key();
            member.set_score(-2.5);
            assert_eq!((member.key(), member.score(), order_key.score()), (&bytes[..], -2.5, 1.5));
            assert_eq!(member.memory_bytes(), len + if len < 255 { 9 } else { 13 });
            // SAFETY: the member lives until the end of the loop's body.
            unsafe {
                assert_eq!(order_key.member(), bytes);
                assert_eq!(order_key.compare(1.5, &bytes), Ordering::Equal);
                assert_eq!(order_key.compare(1.5, &[&bytes[..], b"!"].concat()), Ordering::Less);
                assert_eq!(order_key.compare(1.0, b"x"), Ordering::Greater);
                assert_eq!(order_key.compare(2.0, b""), Ordering::Less);
            }
        }
    }
}
