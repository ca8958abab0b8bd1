//! What a user's rules name: found by name, and shown in the order in which it was named.

use alloc::vec::Vec;
use core::borrow::Borrow;
use core::ops::Bound;

use crate::structures::ordered::OrderedMap;
use crate::structures::sort::sort_by_key;

/// See the module's description. Rules come in thousands, so none is looked for one by one.
#[derive(Clone)]
pub(crate) struct Listed<K, V> {
    /// With the number of the addition.
    by_name: OrderedMap<K, (u64, V)>,
    additions: u64,
}

impl<K, V> Default for Listed<K, V> {
    fn default() -> Self {
        Listed { by_name: OrderedMap::new(), additions: 0 }
    }
}

impl<K: Ord, V> Listed<K, V> {
    /// Adds what is not there yet, behind all others.
    pub(super) fn add(&mut self, name: K, value: V) {
        self.additions += 1;
        self.by_name.insert(name, (self.additions, value));
    }

    pub(super) fn contains<Q: Ord + ?Sized>(&self, name: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.by_name.contains_key(name)
    }

    pub(super) fn get_mut<Q: Ord + ?Sized>(&mut self, name: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.by_name.get_mut(name).map(|(_, value)| value)
    }

    /// Removes it; `false` if it was not there.
    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, name: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.by_name.remove(name).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.by_name.clear();
    }

    /// All of them in any order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.by_name.iter().map(|(name, (_, value))| (name, value))
    }

    /// All of them as they were added.
    pub(super) fn in_order(&self) -> Vec<(&K, &V)> {
        let mut all: Vec<(u64, (&K, &V))> =
            self.by_name.iter().map(|(name, (addition, value))| (*addition, (name, value))).collect();
        sort_by_key(&mut all, |(addition, _)| *addition);
        all.into_iter().map(|(_, one)| one).collect()
    }
}

impl<V> Listed<Vec<u8>, V> {
    /// Removes this name and those that go on behind it with a bar.
    pub(super) fn remove_with_parts(&mut self, name: &[u8]) {
        self.by_name.remove(name);
        let first = [name, b"|"].concat();
        let parts = self
            .by_name
            .range::<[u8], _>((Bound::Included(first.as_slice()), Bound::Unbounded))
            .map(|(known, _)| known);
        let parts: Vec<Vec<u8>> = parts.take_while(|known| known.starts_with(&first)).cloned().collect();
        for part in parts {
            self.by_name.remove(&part);
        }
    }
}
