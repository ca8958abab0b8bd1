//! Maps by digests for lookups alone, whose order nothing may show.
//!
//! These are hashbrown's tables under a keyed hash: the first bytes of a digest are as good as random, so that they need
//! no more than to be mixed with the secret, without which nobody can tell what meets in a table. In which order they
//! hold their elements depends on the platform, and replies must not: what can be listed stands in an
//! [`OrderedMap`](super::ordered::OrderedMap), what SCAN goes through in a [`Table`](super::table::Table).

use hashbrown::HashTable;

use super::table::HashSeed;
use crate::base::error::Error;
use crate::base::memory::Memory;

/// What SHA-1 makes of a text.
pub(crate) type Digest = [u8; 20];

/// A map without an order.
pub(crate) struct UnorderedMap<V> {
    elements: HashTable<(Digest, V)>,
    seed: HashSeed,
}

impl<V> UnorderedMap<V> {
    /// An empty map; it allocates nothing until there is to be room.
    pub(crate) const fn new(seed: HashSeed) -> Self {
        UnorderedMap { elements: HashTable::new(), seed }
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.elements.len()
    }

    /// Removes all elements.
    pub(crate) fn clear(&mut self) {
        self.elements = HashTable::new();
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &Digest) -> Option<&V> {
        let found = self.elements.find(hash(self.seed, key), |(other, _)| other == key);
        found.map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub(crate) fn get_mut(&mut self, key: &Digest) -> Option<&mut V> {
        let found = self.elements.find_mut(hash(self.seed, key), |(other, _)| other == key);
        found.map(|(_, value)| value)
    }

    /// Makes room for one more element, which is doubling the table now and then, or says that there is no memory.
    pub(crate) fn make_room(&mut self, memory: &Memory) -> Result<(), Error> {
        let UnorderedMap { elements, seed } = self;
        if elements.len() == elements.capacity() {
            memory.may_grow(2 * elements.allocation_size())?;
        }
        elements.try_reserve(1, |(key, _)| hash(*seed, key)).map_err(|_| Error::OutOfMemory)
    }

    /// Adds an element whose key is not there yet, and for which there is [room](Self::make_room).
    pub(crate) fn insert_new(&mut self, key: Digest, value: V) {
        let UnorderedMap { elements, seed } = self;
        debug_assert!(elements.len() < elements.capacity(), "room was made");
        elements.insert_unique(hash(*seed, &key), (key, value), |(key, _)| hash(*seed, key));
    }

    /// Removes a key, and returns its value.
    pub(crate) fn remove(&mut self, key: &Digest) -> Option<V> {
        let found = self.elements.find_entry(hash(self.seed, key), |(other, _)| other == key);
        found.ok().map(|entry| entry.remove().0.1)
    }

    /// All elements in no order, from which only what is the same in every order may be taken.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Digest, &V)> {
        self.elements.iter().map(|(key, value)| (key, value))
    }
}

/// A product with a secret factor, whose upper half depends on all of the head; the table uses both ends of it.
#[inline]
fn hash(HashSeed(first, second): HashSeed, key: &Digest) -> u64 {
    let &head = key.first_chunk().expect("a digest has more than eight bytes");
    let product = (u64::from_le_bytes(head) ^ first).wrapping_mul(second | 1);
    product ^ product >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::memory::{HEADROOM_BYTES, Room};
    use crate::base::random::Random;
    use alloc::collections::BTreeMap;

    /// As good as a digest for a map, and far cheaper in Miri.
    fn digest(number: u64) -> Digest {
        let mut digest = [0; 20];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        digest
    }

    #[test]
    fn behaves_like_a_model() {
        let mut random = Random::new([7; 16]);
        let mut map = UnorderedMap::new(HashSeed(1, 2));
        let mut model = BTreeMap::new();
        for step in 0..if cfg!(miri) { 400 } else { 20_000_u32 } {
            // Keys come again, so that elements come, change and go.
            let key = digest(random.below(500));
            match random.below(3) {
                0 if map.get(&key).is_none() => {
                    assert_eq!(map.make_room(&Memory::UNKNOWN), Ok(()));
                    map.insert_new(key, step);
                    model.insert(key, step);
                }
                1 => assert_eq!(map.remove(&key), model.remove(&key)),
                _ => {
                    if let Some(value) = map.get_mut(&key) {
                        *value = step;
                    }
                    model.entry(key).and_modify(|value| *value = step);
                }
            }
            assert_eq!((map.len(), map.get(&key)), (model.len(), model.get(&key)));
        }
        assert!(map.iter().all(|(key, value)| model.get(key) == Some(value)));
        assert_eq!(map.iter().count(), model.len());
        map.clear();
        assert_eq!((map.len(), map.iter().count()), (0, 0));
    }

    #[test]
    fn large_growth_is_refused_when_memory_is_short() {
        let mut map = UnorderedMap::new(HashSeed(1, 2));
        let full = Memory::new(|_| Room::of(HEADROOM_BYTES));
        let mut added = 0_u32;
        while map.make_room(&full).is_ok() {
            map.insert_new(digest(added.into()), added);
            added += 1;
        }
        // What grows in small steps lives from the headroom, and what is there stays.
        assert!((100..1_000_000).contains(&added), "{added} elements were added");
        assert_eq!(map.len(), added as usize);
        assert!((0..added).all(|number| map.get(&digest(number.into())) == Some(&number)));
    }
}
