//! Building a large hash from many fields at once.

use alloc::boxed::Box;

use super::large::Large;
use super::{Field, Form, Hash, Other};
use crate::base::memory::Memory;
use crate::structures::table::{Batch, HashSeed, Keyed};

/// A large hash to be.
pub(crate) struct Bulk {
    large: Large,
    waiting: Batch<Field>,
}

impl Bulk {
    /// One that about `count` fields will come to, for which at most `bytes_max` are reserved.
    pub(crate) fn new(seed: HashSeed, count: usize, bytes_max: usize, memory: &mut Memory) -> Bulk {
        let mut large = Large::new(seed);
        large.table.reserve(count, bytes_max, memory);
        Bulk { large, waiting: Batch::default() }
    }

    /// Adds a field with its value and deadline; `false` if it was found out that one is there twice.
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8], deadline: Option<u64>) -> bool {
        let field = Field::timed(name, value, deadline);
        !self.waiting.push(&self.large.table, field) || self.put()
    }

    fn put(&mut self) -> bool {
        let Bulk { large, waiting } = self;
        waiting.take(&large.table).all(|(hash, field)| {
            let is_new = large.table.find(hash, field.key()).is_none();
            if is_new {
                large.push_field(hash, field);
            }
            is_new
        })
    }

    /// The hash; `None` if a field is there twice.
    pub(crate) fn finish(mut self) -> Option<Hash> {
        self.put().then(|| Hash { form: Form::Other(Box::new(Other::Large(self.large))) })
    }
}
