//! Filling a table with many elements that are known to come.

use alloc::vec::Vec;
use core::hint::black_box;
use core::ptr::NonNull;

use super::segment::{SEGMENT_SLOTS_MAX, Segment, layout, new_segment};
use super::{DEPTH_MAX, Keyed, Table};
use crate::base::memory::Memory;

/// Elements that a segment gets on average at most. Few segments then get so many more by chance that they split.
const FILL: usize = SEGMENT_SLOTS_MAX / 32 * 25;
/// A table with fewer elements in a segment on average joins its segments.
const FILL_MIN: usize = SEGMENT_SLOTS_MAX / 32;
/// Elements that are put in together.
const BATCH: usize = 32;

impl<E: Keyed> Table<E> {
    /// Makes an empty table as large as so many elements need, as far as there is memory for it and it takes at most
    /// `bytes_max`. What does not fit then is left to growth.
    pub(crate) fn reserve(&mut self, count: usize, bytes_max: usize, memory: &mut Memory) {
        if !self.directory.is_empty() {
            return;
        }
        let segment_bytes = layout::<E>(SEGMENT_SLOTS_MAX).1 + size_of::<NonNull<Segment>>();
        let mut depth = 0;
        while depth < DEPTH_MAX && count >> depth > FILL && (segment_bytes << depth) <= bytes_max / 2 {
            depth += 1;
        }
        // It may come out half empty, while one that grows is as dense as what was saved: where memory is short for what
        // comes, that counts more.
        let spare = memory.spare();
        while depth > 0 && (segment_bytes << depth).saturating_mul(2).saturating_add(bytes_max) > spare {
            depth -= 1;
        }
        // A table of one segment grows in no time.
        if depth == 0 || memory.take(segment_bytes << depth).is_err() {
            return;
        }
        self.directory.reserve_exact(1 << depth);
        self.directory.extend((0..1usize << depth).map(|_| new_segment::<E>(SEGMENT_SLOTS_MAX, depth)));
        self.depth = depth;
        self.deepest = 1 << depth;
    }

    /// Gives back what was reserved for elements that have not come.
    pub(crate) fn settle(&mut self) {
        while self.depth > 0 && self.len < self.directory.len() * FILL_MIN {
            let before = self.directory.len();
            let mut position = Some(0);
            while let Some(at) = position {
                position = self.shrink_at(at);
            }
            if self.directory.len() == before {
                return;
            }
        }
    }
}

/// Elements that are still to be put into a table. They go there together, so that the cache misses of their places
/// overlap.
pub(crate) struct Batch<E> {
    waiting: Vec<(u64, E)>,
}

impl<E> Default for Batch<E> {
    fn default() -> Batch<E> {
        Batch { waiting: Vec::new() }
    }
}

impl<E: Keyed> Batch<E> {
    /// Takes an element for a table; whether there are so many now that they are to be put in.
    #[inline]
    pub(crate) fn push(&mut self, table: &Table<E>, element: E) -> bool {
        self.push_hashed(table.hash(element.key()), element)
    }

    /// The same of an element whose hash is known.
    #[inline]
    pub(crate) fn push_hashed(&mut self, hash: u64, element: E) -> bool {
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(BATCH);
        }
        self.waiting.push((hash, element));
        self.waiting.len() >= BATCH
    }

    /// Takes the elements out, with their hashes, after their places in the table were looked at.
    pub(crate) fn take(&mut self, table: &Table<E>) -> impl Iterator<Item = (u64, E)> + use<'_, E> {
        for &(hash, _) in &self.waiting {
            table.touch_segment(hash);
        }
        for &(hash, _) in &self.waiting {
            black_box(table.touch(hash).is_some());
        }
        for &(hash, _) in &self.waiting {
            table.touch_slots(hash);
        }
        self.waiting.drain(..)
    }

    /// Puts all elements into their table; `false` if the key of one is there already, and then it and those behind it
    /// are dropped.
    pub(crate) fn put_into(&mut self, table: &mut Table<E>) -> bool {
        self.take(table).all(|(hash, element)| {
            let is_new = table.find(hash, element.key()).is_none();
            if is_new {
                table.insert_new(hash, element);
            }
            is_new
        })
    }
}
