//! Building a sorted set from many members at once: they are put in order when all of them are known.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::large::Large;
use super::member::{Member, OrderKey};
use super::small::Small;
use super::{Form, Zset};
use crate::base::memory::{ELEMENT_BYTES, Memory};
use crate::structures::table::{Batch, HashSeed, Table};
use crate::types::EncodingLimits;

/// What places in the order take besides the keys, as a part of these, if there is no list of them.
const TIGHT_PART: usize = 16;

/// A sorted set to be. Keys of the order are not read before all members are in the table.
pub(crate) struct Bulk {
    members: Table<Member>,
    waiting: Batch<Member>,
    /// Their keys; `None` where there is no memory for a list of them all.
    keys: Option<Vec<OrderKey>>,
    count: usize,
    longest: usize,
    member_bytes: usize,
}

impl Bulk {
    /// One that about `count` members will come to, for which at most `bytes_max` are reserved.
    pub(crate) fn new(seed: HashSeed, count: usize, bytes_max: usize, memory: &mut Memory) -> Bulk {
        let mut members = Table::new(seed);
        members.reserve(count, bytes_max, memory);
        Bulk { keys: Some(Vec::new()), ..Bulk::tight_in(members) }
    }

    /// One that takes hardly more memory while it is built than when it is.
    pub(crate) fn tight(seed: HashSeed) -> Bulk {
        Bulk::tight_in(Table::new(seed))
    }

    fn tight_in(members: Table<Member>) -> Bulk {
        Bulk { members, waiting: Batch::default(), keys: None, count: 0, longest: 0, member_bytes: 0 }
    }

    /// Makes room for the next member's place in the order; `false` if there is no memory for it.
    pub(crate) fn reserve(&mut self, memory: &Memory) -> bool {
        self.keys.as_mut().is_none_or(|keys| memory.reserve(keys, 1))
    }

    /// Adds a member, for whose place there is room; `false` if it was found out that one is there twice.
    pub(crate) fn push(&mut self, member: &[u8], score: f64) -> bool {
        self.longest = self.longest.max(member.len());
        let new = Member::new(member, score);
        self.member_bytes += new.memory_bytes();
        self.count += 1;
        if let Some(keys) = &mut self.keys {
            keys.push(new.order_key());
        }
        !self.waiting.push(&self.members, new) || self.waiting.put_into(&mut self.members)
    }

    /// Whether there is memory for what [`Bulk::finish`] takes, besides what is there already: places in the order and, for
    /// the time being, a list of them.
    pub(crate) fn has_room(&self, memory: &mut Memory) -> bool {
        let places = self.count * size_of::<OrderKey>();
        match self.keys {
            Some(_) => memory.take(places + places / 2 + ELEMENT_BYTES).is_ok(),
            // They are taken in small pieces.
            None => memory.spare() >= places + places / TIGHT_PART,
        }
    }

    /// The sorted set, in the form that the limits give it; `None` if a member is there twice.
    pub(crate) fn finish(mut self, limits: &EncodingLimits) -> Option<Zset> {
        if !self.waiting.put_into(&mut self.members) {
            return None;
        }
        let is_small =
            self.count <= limits.zset_entries_max.get() && self.longest <= limits.zset_value_bytes_max.get();
        let large = match self.keys {
            Some(keys) => Large::from_parts(self.members, keys, self.member_bytes),
            None => Large::from_members_in_place(self.members, self.member_bytes),
        };
        if !is_small {
            return Some(Zset { form: Form::Large(Box::new(large)) });
        }
        // On this way a zero loses its sign, as in Redis.
        let mut small = Small::default();
        large.iter(0..large.len()).for_each(|(member, score)| small.push_back(member, score));
        Some(Zset { form: Form::Small(small) })
    }
}
