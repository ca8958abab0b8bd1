//! A small set of integers in one sorted array.
//!
//! All members have the width of the widest, 16, 32 or 64 bits; the array widens when one does not fit, and
//! never narrows. The buffer is `[ width, count u32, members..., slack ]`, little-endian, so the handle is a
//! boxed slice.

use crate::base::relocate::{Mover, Relocate};
use alloc::{boxed::Box, vec::Vec};
use core::{fmt, mem};

/// Width in one byte and the number of members in four.
const HEADER_BYTES: usize = 5;
/// Free bytes beyond the bytes in use at which the buffer is reallocated smaller.
const SPARE_BYTES_MAX: usize = 64;

/// A sorted set of integers in one allocation; an empty one allocates nothing.
#[derive(Clone, Default)]
pub struct IntSet {
    buffer: Box<[u8]>,
}

impl Relocate for IntSet {
    fn relocate(&mut self, mover: &mut Mover) {
        mover.slice(&mut self.buffer);
    }
}

impl IntSet {
    /// An empty set, without an allocation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        match &*self.buffer {
            [_, a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]) as usize,
            _ => 0,
        }
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes allocated on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Bytes of other allocations that one more member may take: it may be the one that makes all of them wider, or a
    /// table of what was an array.
    #[must_use]
    pub fn growth_bytes(&self) -> usize {
        16 * self.len()
    }

    /// Whether `value` is a member.
    #[must_use]
    pub fn contains(&self, value: i64) -> bool {
        self.search(value).is_ok()
    }

    /// Adds `value`; `false` if it was a member already.
    pub fn insert(&mut self, value: i64) -> bool {
        let Err(index) = self.search(value) else { return false };
        self.make_room(index, Width::of(value));
        self.write(index, value);
        true
    }

    /// Removes `value`; `false` if it was not a member.
    pub fn remove(&mut self, value: i64) -> bool {
        let Ok(index) = self.search(value) else { return false };
        let (width, count) = (self.width(), self.len());
        self.buffer.copy_within(width.offset(index + 1)..width.offset(count), width.offset(index));
        self.set_count(count - 1);
        let used = width.offset(count - 1);
        if count == 1 {
            self.buffer = Box::default();
        } else if self.buffer.len() > 2 * used + SPARE_BYTES_MAX {
            self.buffer = self.buffer[..used].into();
        }
        true
    }

    /// The member at `index` in ascending order.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<i64> {
        (index < self.len()).then(|| self.read(self.width(), index))
    }

    /// The least member.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.get(0)
    }

    /// The greatest member.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All members in ascending order; from both ends.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> + DoubleEndedIterator + Clone + '_ {
        let width = self.width();
        (0..self.len()).map(move |index| self.read(width, index))
    }

    /// The index of `value`, or where it would be.
    fn search(&self, value: i64) -> Result<usize, usize> {
        let width = self.width();
        let (mut low, mut high) = (0, self.len());
        // Mostly values are added in ascending order.
        if high > 0 && value > self.read(width, high - 1) {
            return Err(high);
        }
        while low < high {
            let middle = low.midpoint(high);
            let found = self.read(width, middle);
            if found == value {
                return Ok(middle);
            }
            if found < value { low = middle + 1 } else { high = middle }
        }
        Err(low)
    }

    fn width(&self) -> Width {
        match self.buffer.first() {
            None | Some(2) => Width::Two,
            Some(4) => Width::Four,
            Some(_) => Width::Eight,
        }
    }

    #[inline]
    fn read(&self, width: Width, index: usize) -> i64 {
        let bytes = &self.buffer[width.offset(index)..];
        match width {
            Width::Two => i64::from(i16::from_le_bytes(prefix(bytes))),
            Width::Four => i64::from(i32::from_le_bytes(prefix(bytes))),
            Width::Eight => i64::from_le_bytes(prefix(bytes)),
        }
    }

    fn write(&mut self, index: usize, value: i64) {
        let (width, bytes) = (self.width(), value.to_le_bytes());
        // The low bytes are the narrower integer, because it fits.
        self.buffer[width.offset(index)..width.offset(index + 1)].copy_from_slice(&bytes[..width as usize]);
    }

    fn set_count(&mut self, count: usize) {
        let count = u32::try_from(count).expect("sets of billions are not kept in one array");
        self.buffer[1..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
    }

    /// Makes room for one more member of at least `width` at `index`.
    fn make_room(&mut self, index: usize, width: Width) {
        let (old_width, count) = (self.width(), self.len());
        if width > old_width {
            return self.widen(index, width);
        }
        let needed = old_width.offset(count + 1);
        if needed > self.buffer.len() {
            let capacity = grown_capacity(needed);
            let mut buffer = mem::take(&mut self.buffer).into_vec();
            buffer.reserve_exact(capacity - buffer.len());
            buffer.resize(capacity, 0);
            buffer[0] = old_width as u8;
            self.buffer = buffer.into_boxed_slice();
        }
        self.buffer
            .copy_within(old_width.offset(index)..old_width.offset(count), old_width.offset(index + 1));
        self.set_count(count + 1);
    }

    /// Copies all members into a wider array with room for one more at `index`, which is one of the ends.
    fn widen(&mut self, index: usize, width: Width) {
        let count = self.len();
        let mut wide = IntSet { buffer: alloc::vec![0; grown_capacity(width.offset(count + 1))].into() };
        wide.buffer[0] = width as u8;
        wide.set_count(count + 1);
        for (old_index, member) in self.iter().enumerate() {
            wide.write(old_index + usize::from(old_index >= index), member);
        }
        *self = wide;
    }
}

impl fmt::Debug for IntSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<i64> for IntSet {
    fn from_iter<I: IntoIterator<Item = i64>>(values: I) -> Self {
        let mut values: Vec<i64> = values.into_iter().collect();
        values.sort_unstable();
        values.dedup();
        let (Some(first), Some(last)) = (values.first(), values.last()) else { return Self::new() };
        let width = Width::of(*first).max(Width::of(*last));
        let mut set = IntSet { buffer: alloc::vec![0; width.offset(values.len())].into() };
        set.buffer[0] = width as u8;
        set.set_count(values.len());
        for (index, value) in values.into_iter().enumerate() {
            set.write(index, value);
        }
        set
    }
}

/// Bytes of each member.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Two = 2,
    Four = 4,
    Eight = 8,
}

impl Width {
    /// The narrowest that holds `value`.
    fn of(value: i64) -> Self {
        if i16::try_from(value).is_ok() {
            Width::Two
        } else if i32::try_from(value).is_ok() {
            Width::Four
        } else {
            Width::Eight
        }
    }

    /// Where the member at `index` begins.
    #[inline]
    fn offset(self, index: usize) -> usize {
        HEADER_BYTES + index * self as usize
    }
}

/// What to allocate when `needed` bytes are: an eighth more, in whole words.
fn grown_capacity(needed: usize) -> usize {
    (needed + needed / 8).next_multiple_of(8)
}

#[inline]
fn prefix<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("a member lies within the buffer")
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;
    use crate::structures::testing::Random;

    #[derive(Debug)]
    enum Op {
        Insert(i64),
        Remove(i64),
        RemoveAt(usize),
        Rebuild,
    }

    impl Op {
        fn random(random: &mut Random, len: usize, growth: usize, narrow: bool) -> Op {
            let value = if narrow { random.below(300) as i64 - 150 } else { random.integer() };
            match random.below(16) {
                choice if choice < growth => Op::Insert(value),
                15 => Op::Rebuild,
                choice if choice % 2 == 0 => Op::Remove(value),
                _ => Op::RemoveAt(random.below(len + 1)),
            }
        }
    }

    fn apply(set: &mut IntSet, model: &mut BTreeSet<i64>, op: &Op) {
        match *op {
            Op::Insert(value) => assert_eq!(set.insert(value), model.insert(value)),
            Op::Remove(value) => assert_eq!(set.remove(value), model.remove(&value)),
            Op::RemoveAt(index) => {
                let value = model.iter().nth(index).copied();
                assert_eq!(set.get(index), value);
                if let Some(value) = value {
                    assert!(set.remove(value) && model.remove(&value));
                }
            }
            Op::Rebuild => *set = set.iter().rev().chain(set.iter()).collect(),
        }
    }

    fn check(set: &IntSet, model: &BTreeSet<i64>) {
        assert_eq!(set.len(), model.len());
        assert!(set.iter().eq(model.iter().copied()));
        assert!(set.iter().rev().eq(model.iter().rev().copied()));
        assert_eq!((set.first(), set.last()), (model.first().copied(), model.last().copied()));
        assert_eq!(set.memory_bytes() == 0, model.is_empty());
        assert!(set.memory_bytes() <= 2 * set.width().offset(set.len()) + SPARE_BYTES_MAX);
        for value in -3..3 {
            assert_eq!(set.contains(value), model.contains(&value));
        }
    }

    #[test]
    fn behaves_as_a_tree_set() {
        for seed in 0..20 {
            let mut random = Random(seed);
            let (mut set, mut model) = (IntSet::new(), BTreeSet::new());
            for step in 0..2000 {
                let growth = if (step / 200) % 2 == 0 { 11 } else { 2 };
                // Starting narrow, so that every way of widening is taken.
                let op = Op::random(&mut random, model.len(), growth, step < 300 || seed % 2 == 0);
                apply(&mut set, &mut model, &op);
                check(&set, &model);
            }
        }
    }

    #[test]
    fn widens_at_either_end() {
        for (narrow, wide) in
            [(5, 40_000), (5, -40_000), (5, 1 << 40), (40_000, i64::MIN), (-40_000, i64::MAX)]
        {
            let mut set: IntSet = [narrow, narrow + 1].into_iter().collect();
            assert!(set.insert(wide) && !set.insert(wide));
            let model: BTreeSet<i64> = [narrow, narrow + 1, wide].into_iter().collect();
            check(&set, &model);
        }
    }

    #[test]
    fn a_large_set_takes_little_more_than_its_members() {
        let mut set = IntSet::new();
        for value in 0..200_000i64 {
            assert!(set.insert(value * 3));
        }
        for value in 0..200_000i64 {
            assert_eq!(set.get(value as usize), Some(value * 3));
            assert!(set.contains(value * 3) && !set.contains(value * 3 + 1));
        }
        assert!(set.memory_bytes() <= 200_000 * 4 * 9 / 8 + 16);
        assert_eq!(size_of::<IntSet>(), 2 * size_of::<usize>());
    }
}
