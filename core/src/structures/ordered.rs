//! Ordered maps and sets whose code is small.
//!
//! The standard library's `BTreeMap` is compiled anew for every pair of types, some ten kilobytes each time, and
//! a browser that opens a page with the engine in it has to download them. Here the elements lie in sorted chunks and the
//! chunks in a sorted list, so that everything is a search or a move in a slice. A chunk may be as long as there are
//! chunks: with n elements neither list is much longer than the square root of n.

use super::shared::Shared;
use crate::base::relocate::Mover;
use alloc::vec::{self, Vec};
use core::borrow::Borrow;
use core::fmt;
use core::iter::Flatten;
use core::marker::PhantomData;
use core::mem;
use core::ops::{Bound, RangeBounds};

/// A chunk of so many elements is never too long.
const CHUNK_LEN_MIN: usize = 64;

/// A map in the order of its keys.
#[derive(Clone)]
pub struct OrderedMap<K, V, C = Vec<(K, V)>> {
    /// None of them is empty.
    chunks: Vec<C>,
    len: usize,
    elements: PhantomData<(K, V)>,
}

/// A map whose chunks are shared with another one until they change.
pub(crate) type SharedMap<K, V> = OrderedMap<K, V, Shared<Vec<(K, V)>>>;

/// A set of that kind.
pub(crate) type SharedSet<K> = OrderedSet<K, Shared<Vec<(K, ())>>>;

/// Elements that lie in a row.
pub trait Chunk<T>: From<Vec<T>> {
    /// The elements.
    fn list(&self) -> &Vec<T>;

    /// The elements, to be changed.
    fn list_mut(&mut self) -> &mut Vec<T>;
}

impl<T> Chunk<T> for Vec<T> {
    #[inline(always)]
    fn list(&self) -> &Vec<T> {
        self
    }

    #[inline(always)]
    fn list_mut(&mut self) -> &mut Vec<T> {
        self
    }
}

impl<T: Clone> Chunk<T> for Shared<Vec<T>> {
    #[inline(always)]
    fn list(&self) -> &Vec<T> {
        self
    }

    #[inline(always)]
    fn list_mut(&mut self) -> &mut Vec<T> {
        self.get_mut()
    }
}

/// A chunk, and an index in it, which may be its length.
type Position = (usize, usize);

impl<K, V, C> Default for OrderedMap<K, V, C> {
    fn default() -> Self {
        OrderedMap { chunks: Vec::new(), len: 0, elements: PhantomData }
    }
}

impl<K, V> OrderedMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        OrderedMap { chunks: Vec::new(), len: 0, elements: PhantomData }
    }

    /// A map of the same keys with other values.
    pub(crate) fn mapped<W>(&mut self, mut map: impl FnMut(&mut V) -> W) -> OrderedMap<K, W>
    where
        K: Clone,
    {
        let chunks = self.chunks.iter_mut();
        let chunks =
            chunks.map(|chunk| chunk.iter_mut().map(|(key, value)| (key.clone(), map(value))).collect());
        OrderedMap { chunks: chunks.collect(), len: self.len, elements: PhantomData }
    }

    /// Lets `mover` move the lists of elements.
    pub(crate) fn relocate_lists(&mut self, mover: &mut Mover) {
        mover.vec(&mut self.chunks);
        self.chunks.iter_mut().for_each(|chunk| mover.vec(chunk));
    }
}

impl<K: Clone, V: Clone> SharedMap<K, V> {
    /// The same map once more: both have the same chunks, of which each that changes is copied before.
    pub(crate) fn share(&mut self) -> Self {
        let chunks = self.chunks.iter_mut().map(Shared::share).collect();
        OrderedMap { chunks, len: self.len, elements: PhantomData }
    }

    /// Lets go of the last chunk, which costs as much whether others have it or not; `false` if there is none.
    pub(crate) fn drop_chunk(&mut self) -> bool {
        let last = self.chunks.pop();
        self.len -= last.as_ref().map_or(0, |chunk| chunk.len());
        last.is_some()
    }

    /// Bytes that [`SharedMap::share`] takes.
    pub(crate) fn sharing_bytes(&self) -> usize {
        self.chunks.len() * (size_of::<Shared<Vec<(K, V)>>>() + Shared::<Vec<(K, V)>>::COUNTED_BYTES)
    }

    /// Bytes that changing all chunks would copy.
    pub(crate) fn shared_bytes(&self) -> usize {
        let shared = self.chunks.iter().filter(|chunk| chunk.is_shared());
        shared.map(|chunk| chunk.len() * size_of::<(K, V)>()).sum()
    }
}

impl<K, V, C: Chunk<(K, V)>> OrderedMap<K, V, C> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes all elements.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// All elements in order.
    pub fn iter(&self) -> Range<'_, K, V, C> {
        Range { chunks: &self.chunks, start: (0, 0), end: (self.chunks.len(), 0), elements: PhantomData }
    }

    /// All elements in order but so many of the first.
    #[inline(never)]
    pub fn iter_from(&self, mut index: usize) -> Range<'_, K, V, C> {
        let is_before = |chunk: &&C| {
            let rest = index.checked_sub(chunk.list().len());
            index = rest.unwrap_or(index);
            rest.is_some()
        };
        let chunk = self.chunks.iter().take_while(is_before).count();
        Range {
            chunks: &self.chunks,
            start: (chunk, index),
            end: (self.chunks.len(), 0),
            elements: PhantomData,
        }
    }

    /// All keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// All values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// All elements in order, with values that may be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.chunks.iter_mut().flat_map(C::list_mut).map(|(key, value)| (&*key, value))
    }

    /// All values in the order of their keys, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.chunks.iter_mut().flat_map(C::list_mut).map(|(_, value)| value)
    }

    /// The first element.
    pub fn first(&self) -> Option<(&K, &V)> {
        // A chunk is never empty.
        let (key, value) = self.chunks.first()?.list().first()?;
        Some((key, value))
    }

    /// The last element.
    pub fn last(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// The first element, with a value that may be changed.
    pub fn first_mut(&mut self) -> Option<(&K, &mut V)> {
        self.iter_mut().next()
    }

    /// The last element, with a value that may be changed.
    pub fn last_mut(&mut self) -> Option<(&K, &mut V)> {
        self.iter_mut().next_back()
    }

    /// Removes the first element.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.is_empty()).then(|| self.remove_at((0, 0)))
    }

    /// Removes the last element.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        let last = self.chunks.last()?.list().len() - 1;
        Some(self.remove_at((self.chunks.len() - 1, last)))
    }

    /// Keeps only some elements.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for chunk in &mut self.chunks {
            chunk.list_mut().retain_mut(|(key, value)| keep(key, value));
        }
        self.chunks.retain(|chunk| !chunk.list().is_empty());
        self.len = self.chunks.iter().map(|chunk| chunk.list().len()).sum();
    }

    fn chunk_len_max(&self) -> usize {
        self.chunks.len().max(CHUNK_LEN_MIN)
    }

    fn insert_at(&mut self, (mut chunk, mut at): Position, key: K, value: V) -> &mut V {
        if self.chunks.get(chunk).is_none_or(|chunk| chunk.list().len() >= self.chunk_len_max()) {
            (chunk, at) = self.split((chunk, at));
        }
        self.len += 1;
        let chunk = self.chunks[chunk].list_mut();
        chunk.insert(at, (key, value));
        &mut chunk[at].1
    }

    /// Makes room at a position, in a chunk that is full or missing, and says which position that is now.
    #[cold]
    fn split(&mut self, (chunk, at): Position) -> Position {
        let Some(full) = self.chunks.get_mut(chunk) else {
            self.chunks.push(C::from(Vec::new()));
            return (chunk, 0);
        };
        let full = full.list_mut();
        // What comes in order leaves full chunks behind.
        let half = if at == full.len() { at } else { full.len() / 2 };
        let rest = full.split_off(half);
        full.shrink_to_fit();
        let is_behind = at == full.len();
        self.chunks.insert(chunk + 1, C::from(rest));
        if at > half || is_behind { (chunk + 1, at - half) } else { (chunk, at) }
    }

    fn remove_at(&mut self, (chunk, at): Position) -> (K, V) {
        self.len -= 1;
        let list = self.chunks[chunk].list_mut();
        let element = list.remove(at);
        if list.len() <= list.capacity() / 4 {
            self.tidy(chunk);
        }
        element
    }

    /// Lets go of room in a chunk that has become short, or of the chunk.
    #[cold]
    fn tidy(&mut self, chunk: usize) {
        let most = self.chunk_len_max() / 2;
        let list = self.chunks[chunk].list_mut();
        if list.is_empty() {
            self.chunks.remove(chunk);
            return;
        }
        list.shrink_to(2 * list.len());
        let joins = |pair: &[C]| pair[0].list().len() + pair[1].list().len() <= most;
        for first in chunk.saturating_sub(1)..=chunk {
            if self.chunks.get(first..first + 2).is_some_and(joins) {
                let mut second = self.chunks.remove(first + 1);
                self.chunks[first].list_mut().append(second.list_mut());
                return;
            }
        }
    }
}

impl<K: Ord, V, C: Chunk<(K, V)>> OrderedMap<K, V, C> {
    /// Where a key is, or where it would be.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Position, Position>
    where
        K: Borrow<Q>,
    {
        // It can only be in the last chunk that begins at or before it.
        let after = self.chunks.partition_point(|chunk| chunk.list()[0].0.borrow() <= key);
        let chunk = after.saturating_sub(1);
        let Some(list) = self.chunks.get(chunk) else { return Err((0, 0)) };
        match list.list().binary_search_by(|(other, _)| other.borrow().cmp(key)) {
            Ok(at) => Ok((chunk, at)),
            Err(at) => Err((chunk, at)),
        }
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|(chunk, at)| &self.chunks[chunk].list()[at].1)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|(chunk, at)| &mut self.chunks[chunk].list_mut()[at].1)
    }

    /// Whether there is such a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Sets the value of a key and returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok((chunk, at)) => Some(mem::replace(&mut self.chunks[chunk].list_mut()[at].1, value)),
            Err(position) => {
                self.insert_at(position, key, value);
                None
            }
        }
    }

    /// The value of a key, which gets one if it has none.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        match self.find(&key) {
            Ok((chunk, at)) => &mut self.chunks[chunk].list_mut()[at].1,
            Err(position) => self.insert_at(position, key, V::default()),
        }
    }

    /// Removes a key and returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let position = self.find(key).ok()?;
        Some(self.remove_at(position).1)
    }

    /// The elements whose keys are in a range; none if it ends before it begins.
    pub fn range<Q: Ord + ?Sized, R: RangeBounds<Q>>(&self, bounds: R) -> Range<'_, K, V, C>
    where
        K: Borrow<Q>,
    {
        let start = match bounds.start_bound() {
            Bound::Unbounded => (0, 0),
            Bound::Included(key) => self.find(key).unwrap_or_else(|position| position),
            Bound::Excluded(key) => {
                self.find(key).map_or_else(|position| position, |(chunk, at)| (chunk, at + 1))
            }
        };
        let end = match bounds.end_bound() {
            Bound::Unbounded => (self.chunks.len(), 0),
            Bound::Included(key) => {
                self.find(key).map_or_else(|position| position, |(chunk, at)| (chunk, at + 1))
            }
            Bound::Excluded(key) => self.find(key).unwrap_or_else(|position| position),
        };
        Range { chunks: &self.chunks, start, end, elements: PhantomData }
    }

    /// The last element whose key is not above this one, with a value that may be changed.
    pub fn last_up_to_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(&K, &mut V)>
    where
        K: Borrow<Q>,
    {
        let (chunk, at) = self
            .find(key)
            .map_or_else(|(chunk, at)| (chunk, at.checked_sub(1)), |(chunk, at)| (chunk, Some(at)));
        let (key, value) = self.chunks.get_mut(chunk)?.list_mut().get_mut(at?)?;
        Some((key, value))
    }
}

impl<K: Ord, V, C: Chunk<(K, V)>> FromIterator<(K, V)> for OrderedMap<K, V, C> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(elements: I) -> Self {
        let mut map = Self::default();
        for (key, value) in elements {
            map.insert(key, value);
        }
        map
    }
}

impl<K, V> IntoIterator for OrderedMap<K, V> {
    type Item = (K, V);
    type IntoIter = Flatten<vec::IntoIter<Vec<(K, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.into_iter().flatten()
    }
}

impl<'a, K, V, C: Chunk<(K, V)>> IntoIterator for &'a OrderedMap<K, V, C> {
    type Item = (&'a K, &'a V);
    type IntoIter = Range<'a, K, V, C>;

    fn into_iter(self) -> Range<'a, K, V, C> {
        self.iter()
    }
}

impl<K: fmt::Debug, V: fmt::Debug, C: Chunk<(K, V)>> fmt::Debug for OrderedMap<K, V, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

impl<K: PartialEq, V: PartialEq, C: Chunk<(K, V)>> PartialEq for OrderedMap<K, V, C> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

/// Elements between two positions, from both ends.
pub struct Range<'a, K, V, C = Vec<(K, V)>> {
    chunks: &'a [C],
    start: Position,
    end: Position,
    elements: PhantomData<&'a (K, V)>,
}

impl<K, V, C> Clone for Range<'_, K, V, C> {
    fn clone(&self) -> Self {
        Range { ..*self }
    }
}

impl<'a, K, V, C: Chunk<(K, V)>> Iterator for Range<'a, K, V, C> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let (mut chunk, mut at) = self.start;
        if self.chunks.get(chunk).is_some_and(|chunk| chunk.list().len() == at) {
            (chunk, at) = (chunk + 1, 0);
        }
        if (chunk, at) >= self.end {
            return None;
        }
        self.start = (chunk, at + 1);
        let (key, value) = &self.chunks[chunk].list()[at];
        Some((key, value))
    }
}

impl<K, V, C: Chunk<(K, V)>> DoubleEndedIterator for Range<'_, K, V, C> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let (mut chunk, mut at) = self.end;
        if at == 0 {
            chunk = chunk.checked_sub(1)?;
            at = self.chunks[chunk].list().len();
        }
        if (chunk, at) <= self.start {
            return None;
        }
        self.end = (chunk, at - 1);
        let (key, value) = &self.chunks[chunk].list()[at - 1];
        Some((key, value))
    }
}

/// A set in order.
#[derive(Clone)]
pub struct OrderedSet<K, C = Vec<(K, ())>>(OrderedMap<K, (), C>);

impl<K, C> Default for OrderedSet<K, C> {
    fn default() -> Self {
        OrderedSet(OrderedMap::default())
    }
}

impl<K> OrderedSet<K> {
    /// An empty set.
    pub const fn new() -> Self {
        OrderedSet(OrderedMap::new())
    }
}

impl<K: Clone> SharedSet<K> {
    /// As [`SharedMap::share`].
    pub(crate) fn share(&mut self) -> Self {
        OrderedSet(self.0.share())
    }

    /// As [`SharedMap::drop_chunk`].
    pub(crate) fn drop_chunk(&mut self) -> bool {
        self.0.drop_chunk()
    }

    /// As [`SharedMap::sharing_bytes`].
    pub(crate) fn sharing_bytes(&self) -> usize {
        self.0.sharing_bytes()
    }

    /// As [`SharedMap::shared_bytes`].
    pub(crate) fn shared_bytes(&self) -> usize {
        self.0.shared_bytes()
    }
}

impl<K, C: Chunk<(K, ())>> OrderedSet<K, C> {
    /// Number of members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All members in order.
    pub fn iter(&self) -> Members<'_, K, C> {
        Members(self.0.iter())
    }

    /// All members in order but so many of the first.
    pub fn iter_from(&self, index: usize) -> Members<'_, K, C> {
        Members(self.0.iter_from(index))
    }

    /// The first member.
    pub fn first(&self) -> Option<&K> {
        self.iter().next()
    }

    /// Removes the first member.
    pub fn pop_first(&mut self) -> Option<K> {
        self.0.pop_first().map(|(key, ())| key)
    }

    /// Removes the last member.
    pub fn pop_last(&mut self) -> Option<K> {
        self.0.pop_last().map(|(key, ())| key)
    }
}

impl<K: Ord, C: Chunk<(K, ())>> OrderedSet<K, C> {
    /// Whether this is a member.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// Adds a member; `false` if it was there.
    pub fn insert(&mut self, key: K) -> bool {
        self.0.insert(key, ()).is_none()
    }

    /// Removes a member; `false` if it was not there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.remove(key).is_some()
    }

    /// The members in a range.
    pub fn range<Q: Ord + ?Sized, R: RangeBounds<Q>>(&self, bounds: R) -> Members<'_, K, C>
    where
        K: Borrow<Q>,
    {
        Members(self.0.range(bounds))
    }
}

/// Members in order, from both ends.
pub struct Members<'a, K, C = Vec<(K, ())>>(Range<'a, K, (), C>);

impl<K, C> Clone for Members<'_, K, C> {
    fn clone(&self) -> Self {
        Members(self.0.clone())
    }
}

impl<'a, K, C: Chunk<(K, ())>> Iterator for Members<'a, K, C> {
    type Item = &'a K;

    fn next(&mut self) -> Option<&'a K> {
        self.0.next().map(|(key, ())| key)
    }
}

impl<K, C: Chunk<(K, ())>> DoubleEndedIterator for Members<'_, K, C> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, ())| key)
    }
}

impl<K: Ord, C: Chunk<(K, ())>> Extend<K> for OrderedSet<K, C> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, members: I) {
        for member in members {
            self.insert(member);
        }
    }
}

impl<K: Ord, C: Chunk<(K, ())>> FromIterator<K> for OrderedSet<K, C> {
    fn from_iter<I: IntoIterator<Item = K>>(members: I) -> Self {
        let mut set = Self::default();
        set.extend(members);
        set
    }
}

impl<K> IntoIterator for OrderedSet<K> {
    type Item = K;
    type IntoIter = core::iter::Map<<OrderedMap<K, ()> as IntoIterator>::IntoIter, fn((K, ())) -> K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(key, ())| key)
    }
}

impl<'a, K, C: Chunk<(K, ())>> IntoIterator for &'a OrderedSet<K, C> {
    type Item = &'a K;
    type IntoIter = Members<'a, K, C>;

    fn into_iter(self) -> Members<'a, K, C> {
        self.iter()
    }
}

impl<K: PartialEq, C: Chunk<(K, ())>> PartialEq for OrderedSet<K, C> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: fmt::Debug, C: Chunk<(K, ())>> fmt::Debug for OrderedSet<K, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    /// A sequence that looks random and is always the same.
    fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed;
        move |below| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        }
    }

    fn check(map: &OrderedMap<u64, u64>, model: &BTreeMap<u64, u64>) {
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model.iter()));
        assert!(map.iter().rev().eq(model.iter().rev()));
        assert!(map.chunks.iter().all(|chunk| !chunk.is_empty()));
    }

    #[test]
    fn it_does_what_a_tree_does() {
        for (seed, keys) in [(1, 50), (2, 3_000), (3, 1 << 40)] {
            let mut below = numbers(seed);
            let (mut map, mut model) = (OrderedMap::new(), BTreeMap::new());
            for step in 0..30_000u64 {
                let key = below(keys);
                // It grows first, and shrinks afterwards.
                let is_removal = below(10) < if step < 15_000 { 3 } else { 7 };
                let old = model.keys().nth(below(4) as usize).copied().unwrap_or(key);
                match below(8) {
                    0 => assert_eq!(map.pop_first(), model.pop_first()),
                    1 if is_removal => assert_eq!(map.pop_last(), model.pop_last()),
                    2 if is_removal => assert_eq!(map.remove(&old), model.remove(&old)),
                    3 => {
                        *map.or_default(key) += 1;
                        *model.entry(key).or_default() += 1;
                    }
                    4..8 if is_removal => assert_eq!(map.remove(&key), model.remove(&key)),
                    _ => assert_eq!(map.insert(key, step), model.insert(key, step)),
                }
                assert_eq!(map.get(&old), model.get(&old));
                if step % 500 == 0 {
                    check(&map, &model);
                }
            }
            check(&map, &model);
        }
    }

    #[test]
    fn ranges_are_those_of_a_tree() {
        let mut below = numbers(4);
        let model: BTreeMap<u64, u64> = (0..1_000).map(|_| (below(5_000), below(9))).collect();
        let mut map: OrderedMap<u64, u64> = model.clone().into_iter().collect();
        for _ in 0..2_000 {
            let (start, end) = (below(5_100), below(5_100));
            let (low, high) = (start.min(end), start.max(end));
            assert!(map.range(low..high).eq(model.range(low..high)));
            assert!(map.range(low..=high).rev().eq(model.range(low..=high).rev()));
            assert!(map.range(..high).eq(model.range(..high)));
            let after = (Bound::Excluded(low), Bound::Unbounded);
            assert!(map.range(after).eq(model.range(after)));
            assert_eq!(map.range(high + 1..low).next(), None);
            assert_eq!(map.range(high + 1..low).next_back(), None);
            let last = map.last_up_to_mut(&high).map(|(key, value)| (*key, *value));
            assert_eq!(last, model.range(..=high).next_back().map(|(key, value)| (*key, *value)));
        }
        map.retain(|key, _| key % 3 == 0);
        assert!(map.keys().eq(model.keys().filter(|&key| key % 3 == 0)));
        assert_eq!(map.first().map(|(key, _)| *key), model.keys().copied().find(|key| key % 3 == 0));
    }

    #[test]
    fn no_list_is_long_and_none_keeps_room() {
        let mut map = OrderedMap::new();
        let count = 100_000u64;
        for key in 0..count {
            map.insert(key, key);
        }
        assert!(map.chunks.len() < 1_000 && map.chunks.iter().all(|chunk| chunk.len() < 1_000));
        // Every hundredth stays.
        for key in (0..count).filter(|key| key % 100 != 0) {
            map.remove(&key);
        }
        let room: usize = map.chunks.iter().map(Vec::capacity).sum();
        assert!(room <= 8 * map.len(), "room for {room}");
        assert!(map.chunks.len() < 100, "{} chunks", map.chunks.len());
    }
}
