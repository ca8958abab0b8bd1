//! A set in which many members are looked up.
//!
//! Finding a member of a packed set walks over its entries, which is well for one, but intersecting two sets of a
//! hundred would walk ten thousand. So its entries are laid out by a hash first.

use alloc::vec::Vec;

use super::{Form, Set};
use crate::number;
use crate::structures::{Item, Packed};

/// With fewer entries or fewer look-ups, walking is cheaper.
const INDEXED_MIN: usize = 8;
/// With more entries, which only settings far from the defaults allow, the index would take memory worth asking for.
const INDEXED_MAX: usize = 2048;

/// A set, prepared for look-ups.
pub(super) enum Lookup<'a> {
    /// As it is.
    Set(&'a Set),
    /// By the hashes of its members.
    Index(Index<'a>),
}

impl<'a> Lookup<'a> {
    /// Prepares a set for so many look-ups.
    pub(super) fn new(set: &'a Set, lookups: usize) -> Lookup<'a> {
        match &set.form {
            Form::Packed(packed)
                if lookups >= INDEXED_MIN && (INDEXED_MIN..=INDEXED_MAX).contains(&packed.len()) =>
            {
                Lookup::Index(Index::new(packed))
            }
            _ => Lookup::Set(set),
        }
    }

    /// Whether the text of an item, of this or any other set, is a member.
    pub(super) fn contains(&self, item: Item<'_>) -> bool {
        #[cfg(test)]
        crate::types::count_lookup();
        match self {
            Lookup::Set(set) => set.contains_item(item),
            Lookup::Index(index) => index.contains(item),
        }
    }
}

/// A table with open addressing, at most half full. Its hash is no secret: members that were chosen to collide make it
/// as slow as the walk that it replaces.
pub(super) struct Index<'a> {
    slots: Vec<Option<Item<'a>>>,
}

impl<'a> Index<'a> {
    fn new(packed: &'a Packed) -> Index<'a> {
        let mut index = Index { slots: alloc::vec![None; 2 * packed.len().next_power_of_two()] };
        for item in packed.iter() {
            let mut at = index.first_slot(item);
            while index.slots[at].is_some() {
                at = (at + 1) & (index.slots.len() - 1);
            }
            index.slots[at] = Some(item);
        }
        index
    }

    fn contains(&self, item: Item<'_>) -> bool {
        // The item of a large set may be an integer's text.
        let item = if let Item::Bytes(bytes) = item { Item::from(bytes) } else { item };
        let mut at = self.first_slot(item);
        while let Some(found) = self.slots[at] {
            if found == item {
                return true;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        false
    }

    /// The slot at which the search for an item begins.
    fn first_slot(&self, item: Item<'_>) -> usize {
        // Half of the bits of the golden ratio, as Fibonacci hashing has it; the highest bits are the mixed ones.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
        let hash = match item {
            Item::Int(number) => mix(0, number.cast_unsigned()),
            Item::Bytes(bytes) => {
                let (words, rest) = bytes.as_chunks::<8>();
                let hash =
                    words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
                mix(hash, rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)))
            }
        };
        number::index(hash >> (u64::BITS - self.slots.len().trailing_zeros()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structures::INTEGER_TEXT_BYTES_MAX;
    use std::string::String;

    #[test]
    fn an_index_finds_what_is_there_and_nothing_else() {
        let mut packed = Packed::new();
        let texts: Vec<String> = (0..300)
            .map(|n| match n % 3 {
                0 => std::format!("{}", n as i64 * 977 - 100_000),
                1 => std::format!("member:{n:05}"),
                _ => "x".repeat(n),
            })
            .collect();
        texts.iter().for_each(|text| packed.push_back(text.as_bytes()));
        let index = Index::new(&packed);
        for text in &texts {
            assert!(index.contains(Item::from(text.as_bytes())), "{text}");
            // As a large set has it.
            assert!(index.contains(Item::Bytes(text.as_bytes())), "{text}");
            let other = std::format!("{text}x");
            assert!(!index.contains(Item::Bytes(other.as_bytes())) || texts.contains(&other), "{other}");
        }
        for number in -100..100 {
            let text = Item::Int(number).text(&mut [0; INTEGER_TEXT_BYTES_MAX]).to_vec();
            let is_there = texts.iter().any(|known| known.as_bytes() == text);
            assert_eq!(index.contains(Item::Int(number)), is_there, "{number}");
        }
    }
}
