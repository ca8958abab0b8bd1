//! A segment of the table: one allocation with a head, a control byte per slot, and the slots.

#![expect(clippy::cast_possible_truncation, reason = "segments have few slots")]

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::mem::{align_of, size_of};
use core::ptr::NonNull;

/// Slots of the largest segment; a fuller one splits. Few in Miri, where a table that splits must be small.
pub(super) const SEGMENT_SLOTS_MAX: usize = if cfg!(miri) { 32 } else { 256 };
/// Slots of the first segment of a small table.
pub(super) const SEGMENT_SLOTS_MIN: usize = 8;
/// Control bytes compared at once.
pub(super) const GROUP: usize = 8;
/// Control byte of a slot that was never used since the last rehash.
pub(super) const EMPTY: u8 = 0xff;
/// Control byte of a slot whose element was removed while its group was full.
pub(super) const DELETED: u8 = 0x80;

/// The head of a segment's allocation; control bytes and then slots follow it.
#[repr(C, align(8))]
pub(super) struct Segment {
    /// Lower bound of the deadlines noted for this segment's elements; `u64::MAX` when there are none.
    pub(super) min_deadline: u64,
    pub(super) slots: u16,
    pub(super) len: u16,
    pub(super) deleted: u16,
    pub(super) depth: u16,
}

/// Elements that a segment of `slots` slots takes before it must grow.
pub(super) const fn capacity(slots: usize) -> usize {
    slots / 8 * 7
}

#[inline(always)]
pub(super) fn fingerprint(hash: u64) -> u8 {
    (hash & 0x7f) as u8
}

#[inline(always)]
pub(super) fn first_group(hash: u64, slots: usize) -> usize {
    (hash >> 7) as usize & (slots / GROUP - 1)
}

/// Reads the control bytes of one group.
///
/// # Safety
/// `group` must lie within the segment that `controls` belongs to.
#[inline(always)]
pub(super) unsafe fn load_group(controls: *const u8, group: usize) -> u64 {
    // SAFETY: the caller's; the control bytes are 8-aligned behind the 16-byte head.
    u64::from_le(unsafe { controls.add(group * GROUP).cast::<u64>().read() })
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A high bit for each byte of `word` that equals `byte`; a byte above a match may match falsely.
#[inline(always)]
pub(super) fn match_byte(word: u64, byte: u8) -> u64 {
    let difference = word ^ (ONES * u64::from(byte));
    difference.wrapping_sub(ONES) & !difference & HIGHS
}

/// A high bit for each empty slot: only `EMPTY` has both of its top bits set.
#[inline(always)]
pub(super) fn match_empty(word: u64) -> u64 {
    word & (word << 1) & HIGHS
}

#[inline(always)]
pub(super) fn lowest(matches: u64) -> usize {
    (matches.trailing_zeros() / 8) as usize
}

/// The control bytes of a segment.
#[inline(always)]
pub(super) fn controls(segment: NonNull<Segment>) -> *mut u8 {
    // SAFETY: the control bytes follow the head in the same allocation.
    unsafe { segment.as_ptr().cast::<u8>().add(size_of::<Segment>()) }
}

#[inline(always)]
pub(super) fn slot<E>(segment: NonNull<Segment>, index: usize) -> NonNull<E> {
    // SAFETY: the slots follow the control bytes, whose number is a multiple of 8, at the alignment of E,
    // which `layout` has checked to be at most 8.
    unsafe {
        let slots = usize::from(segment.as_ref().slots);
        NonNull::new_unchecked(controls(segment).add(slots).cast::<E>().add(index))
    }
}

pub(super) fn layout<E>(slots: usize) -> (Layout, usize) {
    const { assert!(align_of::<E>() <= 8) };
    let bytes = size_of::<Segment>() + slots + slots * size_of::<E>();
    (Layout::from_size_align(bytes, 8).expect("a segment is far smaller than the address space"), bytes)
}

pub(super) fn new_segment<E>(slots: usize, depth: u32) -> NonNull<Segment> {
    let (layout, _) = layout::<E>(slots);
    // SAFETY: the layout is not empty; head and control bytes are initialised before use.
    unsafe {
        let Some(segment) = NonNull::new(alloc(layout).cast::<Segment>()) else { handle_alloc_error(layout) };
        segment.write(Segment {
            min_deadline: u64::MAX,
            slots: slots as u16,
            len: 0,
            deleted: 0,
            depth: depth as u16,
        });
        core::ptr::write_bytes(controls(segment), EMPTY, slots);
        segment
    }
}

/// Moves a segment to another allocation; the old one is gone.
pub(super) fn move_segment<E>(segment: NonNull<Segment>) -> NonNull<Segment> {
    // SAFETY: the caller gives up the old segment; both are as long as the layout says, and the elements are moved
    // bitwise and stay owned once.
    unsafe {
        let (layout, bytes) = layout::<E>(usize::from(segment.as_ref().slots));
        let Some(moved) = NonNull::new(alloc(layout).cast::<Segment>()) else { handle_alloc_error(layout) };
        moved.cast::<u8>().copy_from_nonoverlapping(segment.cast(), bytes);
        dealloc(segment.as_ptr().cast(), layout);
        moved
    }
}

/// Drops a segment's elements and gives its memory back.
pub(super) fn free_segment<E>(segment: NonNull<Segment>) {
    // SAFETY: the caller gives up the segment; each full slot is dropped once.
    unsafe {
        let head = segment.as_ref();
        let slots = usize::from(head.slots);
        if head.len > 0 {
            for index in 0..slots {
                if *controls(segment).add(index) < DELETED {
                    slot::<E>(segment, index).drop_in_place();
                }
            }
        }
        dealloc(segment.as_ptr().cast(), layout::<E>(slots).0);
    }
}

/// Puts an element into the first free slot of its probe sequence.
pub(super) fn fill_slot<E>(mut segment: NonNull<Segment>, hash: u64, element: E) -> usize {
    // SAFETY: the caller made sure that a slot is free; groups stay within the segment.
    unsafe {
        let slots = usize::from(segment.as_ref().slots);
        let groups = slots / GROUP;
        let mut group = first_group(hash, slots);
        loop {
            let free = load_group(controls(segment), group) & HIGHS;
            if free != 0 {
                let index = group * GROUP + lowest(free);
                let control = controls(segment).add(index);
                let head = segment.as_mut();
                head.deleted -= u16::from(*control == DELETED);
                head.len += 1;
                *control = fingerprint(hash);
                slot::<E>(segment, index).write(element);
                return index;
            }
            group = (group + 1) & (groups - 1);
        }
    }
}
