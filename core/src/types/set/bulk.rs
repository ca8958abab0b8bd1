//! Building a large set from many members at once.

use super::{Member, Set};
use crate::base::memory::Memory;
use crate::structures::table::{Batch, HashSeed, Table};

/// A large set to be.
pub(crate) struct Bulk {
    table: Table<Member>,
    waiting: Batch<Member>,
}

impl Bulk {
    /// One that about `count` members will come to, for which at most `bytes_max` are reserved.
    pub(crate) fn new(seed: HashSeed, count: usize, bytes_max: usize, memory: &mut Memory) -> Bulk {
        let mut table = Table::new(seed);
        table.reserve(count, bytes_max, memory);
        Bulk { table, waiting: Batch::default() }
    }

    /// Adds a member; `false` if it was found out that one is there twice.
    pub(crate) fn push(&mut self, member: &[u8]) -> bool {
        !self.waiting.push(&self.table, Member::new(member)) || self.waiting.put_into(&mut self.table)
    }

    /// The set; `None` if a member is there twice.
    pub(crate) fn finish(mut self) -> Option<Set> {
        self.waiting.put_into(&mut self.table).then(|| Set::of(self.table))
    }
}
