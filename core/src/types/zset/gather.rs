//! Collecting a sorted set whose scores are not final until all of it has been seen.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::large::{Large, sort};
use super::member::{Member, OrderKey};
use super::small::Small;
use super::{Form, Zset};
use crate::base::error::Error;
use crate::base::memory::{ELEMENT_BYTES, Memory};
use crate::structures::table::Table;
use crate::types::EncodingLimits;

/// Members with scores, in no order yet. Unions are gathered like this, since keeping them in order all the
/// while would move a member each time its score changes.
pub(crate) struct Gather {
    members: Table<Member>,
    longest: usize,
    memory: Memory,
    is_refused: bool,
}

impl Gather {
    /// Nothing yet.
    pub(crate) fn new(limits: &EncodingLimits, memory: Memory) -> Gather {
        Gather { members: Table::new(limits.seed), longest: 0, memory, is_refused: false }
    }

    /// Adds a member, or lets `combine` make the new score of the one that a member has.
    pub(crate) fn merge(&mut self, member: &[u8], score: f64, combine: impl FnOnce(f64) -> f64) {
        let hash = self.members.hash(member);
        match self.members.find_mut(hash, member) {
            Some(found) => found.set_score(combine(found.score())),
            None if self.memory.take(ELEMENT_BYTES + member.len()).is_err() => self.is_refused = true,
            None => {
                self.longest = self.longest.max(member.len());
                self.members.insert_new(hash, Member::new(member, score));
            }
        }
    }

    /// The sorted set, if there was and is memory for it.
    pub(crate) fn finish(mut self, limits: &EncodingLimits) -> Result<Zset, Error> {
        // Places in a list, and the tree of their order.
        self.memory.take(self.members.len() * ELEMENT_BYTES)?;
        if self.is_refused {
            return Err(Error::OutOfMemory);
        }
        if self.members.len() > limits.zset_entries_max.get()
            || self.longest > limits.zset_value_bytes_max.get()
        {
            return Ok(Zset { form: Form::Large(Box::new(Large::from_members(self.members))) });
        }
        let mut keys: Vec<OrderKey> = self.members.iter().map(Member::order_key).collect();
        // SAFETY: the members live in the table until the end of this function.
        unsafe { sort(&mut keys) };
        let mut small = Small::default();
        for key in keys {
            // SAFETY: as above.
            small.push_back(unsafe { key.member() }, key.score());
        }
        Ok(Zset { form: Form::Small(small) })
    }
}
