//! A list of any length: a deque of [`Packed`] chunks of up to 8 KiB.
//!
//! A list that is small, by `list-max-listpack-size`, is only one chunk. Beyond it, chunks and their entry counts lie side by side
//! in one deque, so seeking an index in the middle of millions of elements reads counts in a row, not chunks.

use crate::base::relocate::{Mover, Relocate};
use crate::number;
use alloc::{boxed::Box, collections::VecDeque};
use core::{fmt, mem};

use super::packed::{self, Item, Packed};
use super::shared::Shared;

mod fill;
mod whole;
pub(crate) use fill::Fill;

/// Bytes of entries that a chunk holds at most, unless it is one longer element alone. A little below 8 KiB,
/// so that the allocation with its header is at most that.
const CHUNK_BYTES_MAX: usize = 8 * 1024 - 16;
/// Neighbours that together have no more bytes than this are merged after a removal. Half a chunk leaves room
/// before the next insertion would split it again.
const MERGED_BYTES_MAX: usize = CHUNK_BYTES_MAX / 2;

/// A list of byte strings with cheap ends and compact chunks.
#[derive(Clone, Default)]
pub struct List {
    chunks: Chunks,
}

#[derive(Clone)]
enum Chunks {
    One(Packed),
    Many(Box<Many>),
}

/// Chunks, none of which is empty but while a mutation is under way.
#[derive(Clone)]
struct Many {
    deque: VecDeque<Chunk>,
    len: usize,
    /// What was exceeded, and must be fallen well below of for the list to be one chunk again.
    fill: Fill,
    /// Whether chunks may be shared.
    was_shared: bool,
}

/// A chunk with its number of entries, which saves a visit to the chunk.
#[derive(Clone, Default)]
struct Chunk {
    items: Shared<Packed>,
    count: usize,
}

impl Default for Chunks {
    fn default() -> Self {
        Chunks::One(Packed::new())
    }
}

impl Relocate for List {
    fn relocate(&mut self, mover: &mut Mover) {
        match &mut self.chunks {
            Chunks::One(items) => items.relocate(mover),
            Chunks::Many(many) if mover.may_enter(many.deque.len()) => {
                mover.deque(&mut many.deque);
                many.deque
                    .iter_mut()
                    .filter_map(|chunk| chunk.items.alone_mut())
                    .for_each(|items| items.relocate(mover));
            }
            Chunks::Many(_) => {}
        }
    }
}

impl List {
    /// An empty list, without an allocation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.chunks {
            Chunks::One(items) => items.len(),
            Chunks::Many(many) => many.len,
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the list is one chunk and no more: `listpack` to OBJECT ENCODING, otherwise `quicklist`. A list that has
    /// shrunk becomes one chunk again at half the limit.
    #[must_use]
    pub fn is_single_chunk(&self) -> bool {
        matches!(&self.chunks, Chunks::One(_))
    }

    /// Makes a list ready for so many more elements, with so many bytes of text: after this it stays one chunk, or it
    /// is not one any more. What follows takes the room that this returns.
    pub fn grow(&mut self, fill: Fill, more_bytes: usize, more_count: usize) -> Room {
        if let Chunks::One(items) = &self.chunks {
            if !fill.is_exceeded(items.byte_len() + more_bytes, items.len() + more_count) {
                return Room(usize::MAX);
            }
            self.many().fill = fill;
        }
        Room(0)
    }

    /// Bytes allocated on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match &self.chunks {
            Chunks::One(items) => items.memory_bytes(),
            Chunks::Many(many) => {
                let chunks: usize = many.deque.iter().map(|chunk| chunk.items.memory_bytes()).sum();
                chunks + size_of::<Many>() + many.deque.capacity() * size_of::<Chunk>()
            }
        }
    }

    /// Bytes of another allocation that one more element may take: that of a longer deque, or of a larger chunk.
    #[must_use]
    pub fn growth_bytes(&self) -> usize {
        match &self.chunks {
            Chunks::One(items) => items.growth_bytes(),
            Chunks::Many(many) if many.deque.len() == many.deque.capacity() => {
                2 * many.deque.len() * size_of::<Chunk>()
            }
            Chunks::Many(_) => 0,
        }
    }

    /// A list that was built for its content, without regard to how it became so: one chunk if it may be.
    pub fn fit(&mut self, fill: Fill) {
        self.grow(fill, 0, 0);
        if let Chunks::Many(many) = &mut self.chunks
            && let [chunk] = many.deque.make_contiguous()
            && !fill.is_exceeded(chunk.items.byte_len(), chunk.count)
        {
            self.chunks = Chunks::One(chunk.items.take());
        }
    }

    /// Lets an empty list be more than one chunk from the beginning.
    pub fn spread(&mut self, fill: Fill) {
        self.many().fill = fill;
    }

    /// Appends `value`.
    pub fn push_back<'v>(&mut self, value: impl Into<Item<'v>>) {
        self.push_back_within(value, Room::default());
    }

    /// The same after [`List::grow`].
    pub fn push_back_within<'v>(&mut self, value: impl Into<Item<'v>>, room: Room) {
        let value = value.into();
        if let Chunks::One(items) = &mut self.chunks
            && room.has(items.byte_len(), value)
        {
            items.push_back(value);
            return;
        }
        let many = self.many();
        many.len += 1;
        match many.deque.back_mut() {
            Some(chunk) if fits(many.fill, &chunk.items, value) => {
                chunk.items.get_mut().push_back(value);
                chunk.count += 1;
            }
            _ => many.deque.push_back(Chunk::of(value)),
        }
    }

    /// Puts `value` before all others.
    pub fn push_front<'v>(&mut self, value: impl Into<Item<'v>>) {
        self.push_front_within(value, Room::default());
    }

    /// The same after [`List::grow`].
    pub fn push_front_within<'v>(&mut self, value: impl Into<Item<'v>>, room: Room) {
        let value = value.into();
        if let Chunks::One(items) = &mut self.chunks
            && room.has(items.byte_len(), value)
        {
            items.push_front(value);
            return;
        }
        let many = self.many();
        many.len += 1;
        match many.deque.front_mut() {
            Some(chunk) if fits(many.fill, &chunk.items, value) => {
                chunk.items.get_mut().push_front(value);
                chunk.count += 1;
            }
            _ => many.deque.push_front(Chunk::of(value)),
        }
    }

    /// The first element.
    #[must_use]
    pub fn front(&self) -> Option<Item<'_>> {
        let items = match &self.chunks {
            Chunks::One(items) => items,
            Chunks::Many(many) => &many.deque.front()?.items,
        };
        items.first().map(|position| items.item(position))
    }

    /// The last element.
    #[must_use]
    pub fn back(&self) -> Option<Item<'_>> {
        let items = match &self.chunks {
            Chunks::One(items) => items,
            Chunks::Many(many) => &many.deque.back()?.items,
        };
        items.last().map(|position| items.item(position))
    }

    /// Removes the first `count` elements, or all.
    pub fn drop_front(&mut self, mut count: usize) {
        match &mut self.chunks {
            Chunks::One(items) => items.remove_range(0, count),
            Chunks::Many(many) => {
                while let Some(chunk) = many.deque.front_mut()
                    && count > 0
                {
                    let dropped = count.min(chunk.count);
                    count -= dropped;
                    many.len -= dropped;
                    if dropped == chunk.count {
                        many.deque.pop_front();
                    } else {
                        chunk.items.get_mut().remove_range(0, dropped);
                        chunk.count -= dropped;
                    }
                }
                self.settle();
            }
        }
    }

    /// Removes the last `count` elements, or all.
    pub fn drop_back(&mut self, mut count: usize) {
        match &mut self.chunks {
            Chunks::One(items) => items.remove_range(items.len().saturating_sub(count), count),
            Chunks::Many(many) => {
                while let Some(chunk) = many.deque.back_mut()
                    && count > 0
                {
                    let dropped = count.min(chunk.count);
                    count -= dropped;
                    many.len -= dropped;
                    if dropped == chunk.count {
                        many.deque.pop_back();
                    } else {
                        chunk.items.get_mut().remove_range(chunk.count - dropped, dropped);
                        chunk.count -= dropped;
                    }
                }
                self.settle();
            }
        }
    }

    /// Keeps `count` elements from index `start` on, and removes the others.
    pub fn trim(&mut self, start: usize, count: usize) {
        let keep_end = start.saturating_add(count).min(self.len());
        self.drop_back(self.len() - keep_end);
        self.drop_front(start);
    }

    /// The element at `index`, counted from 0; seeks from the nearer end.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Item<'_>> {
        match &self.chunks {
            Chunks::One(items) => items.get(index),
            Chunks::Many(many) => {
                let (chunk, index) = many.locate(index)?;
                many.deque[chunk].items.get(index)
            }
        }
    }

    /// Puts `value` in the place of the element at `index`; `false` if there is none.
    pub fn set<'v>(&mut self, index: usize, value: impl Into<Item<'v>>) -> bool {
        self.set_within(index, value, Room::default())
    }

    /// The same after [`List::grow`].
    pub fn set_within<'v>(&mut self, index: usize, value: impl Into<Item<'v>>, room: Room) -> bool {
        let value = value.into();
        if index >= self.len() {
            return false;
        }
        if let Chunks::One(items) = &mut self.chunks
            && replace(items, index, value, room)
        {
            return true;
        }
        let many = self.many();
        let (chunk, index) = many.locate(index).expect("the index is below the length");
        let place = &mut many.deque[chunk];
        if place.count == 1 && place.items.is_shared() {
            // However long it is, nobody needs a copy of it.
            *place = Chunk::of(value);
            return true;
        }
        let room = if place.count == 1 { Room(usize::MAX) } else { Room::default() };
        if !replace(place.items.get_mut(), index, value, room) {
            // Only a chunk of several elements refuses, so it keeps some.
            let Chunk { items, count } = &mut many.deque[chunk];
            items.get_mut().remove_range(index, 1);
            *count -= 1;
            many.len -= 1;
            many.insert(chunk, index, value);
        }
        many.tidy(chunk.saturating_sub(1), chunk + 3);
        self.settle();
        true
    }

    /// Puts `value` before the element at `index`, or at the end if `index` is the length.
    ///
    /// # Panics
    /// If `index` is greater than the length.
    pub fn insert<'v>(&mut self, index: usize, value: impl Into<Item<'v>>) {
        self.insert_within(index, value, Room::default());
    }

    /// The same after [`List::grow`].
    pub fn insert_within<'v>(&mut self, index: usize, value: impl Into<Item<'v>>, room: Room) {
        let (value, len) = (value.into(), self.len());
        assert!(index <= len, "an insertion is within the list or at its end");
        if index == len {
            return self.push_back_within(value, room);
        }
        if let Chunks::One(items) = &mut self.chunks
            && room.has(items.byte_len(), value)
        {
            let position = items.seek(index).expect("the index is below the length");
            items.insert_before(position, value);
            return;
        }
        let many = self.many();
        let (chunk, index) = many.locate(index).expect("the index is below the length");
        many.insert(chunk, index, value);
    }

    /// The index of the first element that equals `value`.
    #[must_use]
    pub fn find(&self, value: Item<'_>) -> Option<usize> {
        let mut before = 0;
        for items in self.chunks() {
            if let Some(position) = items.find(value, 0) {
                return Some(before + items.index_of(position));
            }
            before += items.len();
        }
        None
    }

    /// Removes elements that equal `value`, with LREM's count: the first `count` of them, or the last
    /// `-count`, or all for 0. Returns how many were removed.
    pub fn remove(&mut self, count: i64, value: Item<'_>) -> usize {
        let limit = if count == 0 { usize::MAX } else { number::saturate(count.unsigned_abs()) };
        match &mut self.chunks {
            Chunks::One(items) => remove_equal(items, value, limit, count < 0),
            Chunks::Many(many) => {
                let removed = many.remove_equal(value, limit, count < 0);
                self.settle();
                removed
            }
        }
    }

    /// All elements in order; from both ends.
    #[must_use]
    pub fn iter(&self) -> Range<'_> {
        self.range(0, usize::MAX)
    }

    /// Up to `count` elements from index `start` on; from both ends.
    #[must_use]
    pub fn range(&self, start: usize, count: usize) -> Range<'_> {
        let remaining = count.min(self.len().saturating_sub(start));
        Range { list: self, next: start, remaining, front: None, back: None }
    }

    /// The chunks in order, to write the list out as it is.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = &Packed> + DoubleEndedIterator {
        let count = match &self.chunks {
            Chunks::One(items) => usize::from(!items.is_empty()),
            Chunks::Many(many) => many.deque.len(),
        };
        (0..count).map(|index| self.chunk(index))
    }

    /// The chunks from one on, by its number.
    pub fn chunks_from(&self, start: usize) -> impl ExactSizeIterator<Item = &Packed> {
        let count = self.chunks().len();
        (start.min(count)..count).map(|index| self.chunk(index))
    }

    // ----- sharing -----

    /// The same list once more, for a snapshot: both have the same chunks, of which each that changes is copied before.
    /// A list of only one chunk has nothing to share.
    pub(crate) fn share(&mut self) -> Option<List> {
        let Chunks::Many(many) = &mut self.chunks else { return None };
        many.was_shared = true;
        let share = |chunk: &mut Chunk| Chunk { items: chunk.items.share(), count: chunk.count };
        let deque = many.deque.iter_mut().map(share).collect();
        let other = Many { deque, len: many.len, fill: many.fill, was_shared: true };
        Some(List { chunks: Chunks::Many(Box::new(other)) })
    }

    /// Bytes that sharing takes.
    pub(crate) fn sharing_bytes(&self) -> usize {
        self.chunks().len() * (size_of::<Chunk>() + Shared::<Packed>::COUNTED_BYTES)
    }

    /// Bytes that changing all of the list would copy.
    pub(crate) fn shared_bytes(&mut self) -> usize {
        let Chunks::Many(many) = &mut self.chunks else { return 0 };
        if !many.was_shared {
            return 0;
        }
        let shared = many.deque.iter().filter(|chunk| chunk.items.is_shared());
        let bytes = shared.map(|chunk| chunk.items.memory_bytes()).sum();
        many.was_shared = bytes > 0;
        bytes
    }

    // ----- freeing -----

    /// Removes up to `chunks_max` chunks from the end, each one allocation; `true` when nothing is left.
    pub fn free_some(&mut self, chunks_max: usize) -> bool {
        if let Chunks::Many(many) = &mut self.chunks {
            let kept = many.deque.len().saturating_sub(chunks_max);
            many.len -= many.deque.drain(kept..).map(|chunk| chunk.count).sum::<usize>();
            if kept > 0 {
                return false;
            }
        }
        *self = List::new();
        true
    }

    fn chunk(&self, index: usize) -> &Packed {
        match &self.chunks {
            Chunks::One(items) => items,
            Chunks::Many(many) => &many.deque[index].items,
        }
    }

    /// The deque, made from the only chunk if need be.
    fn many(&mut self) -> &mut Many {
        if let Chunks::One(items) = &mut self.chunks {
            let items = mem::take(items);
            let len = items.len();
            let items = Shared::Own(items);
            let deque =
                if len == 0 { VecDeque::new() } else { VecDeque::from([Chunk { items, count: len }]) };
            let many = Many { deque, len, fill: Fill::default(), was_shared: false };
            self.chunks = Chunks::Many(Box::new(many));
        }
        match &mut self.chunks {
            Chunks::Many(many) => many,
            Chunks::One(_) => unreachable!("one chunk was made many"),
        }
    }

    /// After a removal: gives back a deque that has become too large, or does without one.
    fn settle(&mut self) {
        let Chunks::Many(many) = &mut self.chunks else { return };
        let deque = &mut many.deque;
        match deque.len() {
            0 => self.chunks = Chunks::default(),
            1 if many.fill.is_well_below(deque[0].items.byte_len(), deque[0].count) => {
                self.chunks = Chunks::One(deque[0].items.take());
            }
            len if deque.capacity() > 4 * len.max(4) => deque.shrink_to(2 * len),
            _ => {}
        }
    }
}

impl fmt::Debug for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = Item<'a>;
    type IntoIter = Range<'a>;

    fn into_iter(self) -> Range<'a> {
        self.iter()
    }
}

impl Many {
    /// The chunk that has the element at `index`, and its index in there.
    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.len {
            return None;
        }
        if index < self.len / 2 {
            let mut rest = index;
            for (at, chunk) in self.deque.iter().enumerate() {
                if rest < chunk.count {
                    return Some((at, rest));
                }
                rest -= chunk.count;
            }
        } else {
            let mut behind = self.len - index;
            for (at, chunk) in self.deque.iter().enumerate().rev() {
                if behind <= chunk.count {
                    return Some((at, chunk.count - behind));
                }
                behind -= chunk.count;
            }
        }
        unreachable!("the counts of the chunks add up to the length")
    }

    /// Puts `value` before the element at `index` of `chunk`, or behind its last one.
    fn insert(&mut self, chunk: usize, index: usize, value: Item<'_>) {
        self.len += 1;
        let count = self.deque[chunk].count;
        if fits(self.fill, &self.deque[chunk].items, value) {
            self.deque[chunk].insert(index, value);
        } else if index == 0 {
            match chunk.checked_sub(1) {
                Some(previous) if fits(self.fill, &self.deque[previous].items, value) => {
                    let end = self.deque[previous].count;
                    self.deque[previous].insert(end, value);
                }
                _ => self.deque.insert(chunk, Chunk::of(value)),
            }
        } else if index == count {
            match self.deque.get_mut(chunk + 1) {
                Some(next) if fits(self.fill, &next.items, value) => next.insert(0, value),
                _ => self.deque.insert(chunk + 1, Chunk::of(value)),
            }
        } else {
            let right = self.deque[chunk].split_off(index);
            self.deque.insert(chunk + 1, right);
            if fits(self.fill, &self.deque[chunk].items, value) {
                self.deque[chunk].insert(index, value);
            } else if fits(self.fill, &self.deque[chunk + 1].items, value) {
                self.deque[chunk + 1].insert(0, value);
            } else {
                self.deque.insert(chunk + 1, Chunk::of(value));
            }
        }
    }

    fn remove_equal(&mut self, value: Item<'_>, limit: usize, is_from_back: bool) -> usize {
        let (mut removed, mut touched) = (0, 0..0);
        for step in 0..self.deque.len() {
            let at = if is_from_back { self.deque.len() - 1 - step } else { step };
            let chunk = &mut self.deque[at];
            let now = chunk.remove_equal(value, limit - removed, is_from_back);
            chunk.count -= now;
            if now > 0 {
                touched = if touched.is_empty() {
                    at..at + 1
                } else {
                    touched.start.min(at)..touched.end.max(at + 1)
                };
            }
            removed += now;
            if removed == limit {
                break;
            }
        }
        self.len -= removed;
        if removed > 0 {
            self.tidy(touched.start.saturating_sub(1), touched.end + 1);
        }
        removed
    }

    /// Drops empty chunks and merges small neighbours among those from `start` up to before `end`.
    fn tidy(&mut self, start: usize, end: usize) {
        let end = end.min(self.deque.len());
        // Chunks up to `write` are done; those between `write` and `read` are empty.
        let mut write = start;
        for read in start + 1..end {
            let mut chunk = mem::take(&mut self.deque[read]);
            let last = &mut self.deque[write];
            if chunk.count == 0 {
                continue;
            }
            let bytes = last.items.byte_len() + chunk.items.byte_len();
            let is_mergeable =
                bytes <= MERGED_BYTES_MAX && !self.fill.is_exceeded(bytes, last.count + chunk.count);
            if is_mergeable || last.count == 0 {
                last.append(&mut chunk);
            } else {
                write += 1;
                self.deque[write] = chunk;
            }
        }
        if start < end {
            let kept = if self.deque[write].count == 0 { write } else { write + 1 };
            self.deque.drain(kept..end);
        }
    }
}

impl Chunk {
    fn of(value: Item<'_>) -> Self {
        let mut chunk = Self::default();
        chunk.insert(0, value);
        chunk
    }

    fn insert(&mut self, index: usize, value: Item<'_>) {
        match self.items.seek(index) {
            Some(position) => _ = self.items.get_mut().insert_before(position, value),
            None => self.items.get_mut().push_back(value),
        }
        self.count += 1;
    }

    fn split_off(&mut self, index: usize) -> Chunk {
        let items = Shared::Own(self.items.get_mut().split_off(index));
        let right = Chunk { items, count: self.count - index };
        self.count = index;
        right
    }

    fn append(&mut self, other: &mut Chunk) {
        self.items.get_mut().append(other.items.get_mut());
        self.count += mem::take(&mut other.count);
    }

    /// As [`remove_equal`]; what is shared is not copied where nothing, or all, is going.
    fn remove_equal(&mut self, value: Item<'_>, limit: usize, is_from_back: bool) -> usize {
        if self.items.is_shared() {
            if self.items.find(value, 0).is_none() {
                return 0;
            }
            if self.count == 1 && limit > 0 {
                self.items = Shared::default();
                return 1;
            }
        }
        remove_equal(self.items.get_mut(), value, limit, is_from_back)
    }
}

/// Iterates over consecutive elements of a [`List`] from both ends.
#[derive(Clone)]
pub struct Range<'a> {
    list: &'a List,
    /// The index of the next element from the front.
    next: usize,
    remaining: usize,
    /// The chunk being read from the front and the rest of it; found when first asked for.
    front: Option<(usize, packed::Iter<'a>)>,
    back: Option<(usize, packed::Iter<'a>)>,
}

impl<'a> Iterator for Range<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let (chunk, items) = self.front.get_or_insert_with(|| {
            let (chunk, index) = self.list.locate(self.next);
            (chunk, self.list.chunk(chunk).iter_from(index))
        });
        self.next += 1;
        if let Some(item) = items.next() {
            return Some(item);
        }
        *chunk += 1;
        *items = self.list.chunk(*chunk).iter();
        items.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }

    /// Walks chunk by chunk, without asking at every element whether its chunk has ended.
    fn fold<B, F: FnMut(B, Item<'a>) -> B>(mut self, init: B, mut step: F) -> B {
        let mut result = init;
        while self.remaining > 0 {
            let (chunk, items) = match self.front.take() {
                Some(front) => front,
                None => {
                    let (chunk, index) = self.list.locate(self.next);
                    (chunk, self.list.chunk(chunk).iter_from(index))
                }
            };
            let count = items.len().min(self.remaining);
            result = items.take(count).fold(result, &mut step);
            self.remaining -= count;
            if self.remaining > 0 {
                self.front = Some((chunk + 1, self.list.chunk(chunk + 1).iter()));
            }
        }
        result
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        let (chunk, items) = self.back.get_or_insert_with(|| {
            let (chunk, index) = self.list.locate(self.next + self.remaining);
            (chunk, self.list.chunk(chunk).iter_until(index + 1))
        });
        if let Some(item) = items.next_back() {
            return Some(item);
        }
        *chunk -= 1;
        *items = self.list.chunk(*chunk).iter();
        items.next_back()
    }
}

impl ExactSizeIterator for Range<'_> {}

impl List {
    /// The chunk that has the element at `index`, which is below the length, and its index in there.
    fn locate(&self, index: usize) -> (usize, usize) {
        match &self.chunks {
            Chunks::One(_) => (0, index),
            Chunks::Many(many) => many.locate(index).expect("a range ends at the length"),
        }
    }
}

/// Whether `items` may take `value` in without becoming too large a chunk.
fn fits(fill: Fill, items: &Packed, value: Item<'_>) -> bool {
    let bytes = items.byte_len() + value.entry_len();
    items.is_empty() || bytes <= CHUNK_BYTES_MAX && !fill.is_exceeded(bytes, items.len() + 1)
}

/// Bytes that a list may have while it is one chunk.
#[derive(Clone, Copy, Debug)]
pub struct Room(usize);

impl Default for Room {
    fn default() -> Room {
        Room(CHUNK_BYTES_MAX)
    }
}

impl Room {
    fn has(self, bytes: usize, value: Item<'_>) -> bool {
        bytes.saturating_add(value.entry_len()) <= self.0
    }
}

/// Puts `value` in the place of the element at `index`, unless there is no room for it.
fn replace(items: &mut Packed, index: usize, value: Item<'_>, room: Room) -> bool {
    let position = items.seek(index).expect("the index is within the chunk");
    let others_bytes = items.byte_len() - items.item(position).entry_len();
    let fits = room.has(others_bytes, value);
    if fits {
        items.replace(position, value);
    }
    fits
}

/// Removes up to `limit` elements that equal `value`, the first or the last ones.
fn remove_equal(items: &mut Packed, value: Item<'_>, limit: usize, is_from_back: bool) -> usize {
    let skip = if is_from_back { items.count_equal(value).saturating_sub(limit) } else { 0 };
    items.remove_equal(value, skip, limit)
}

#[cfg(test)]
mod tests;
