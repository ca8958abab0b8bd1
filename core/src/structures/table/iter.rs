//! Looking at all elements of a table, one after the other.

use super::segment::{DELETED, controls, slot};
use super::{Keyed, Table};

/// Iterator over a table's elements.
pub(crate) struct Iter<'a, E: Keyed> {
    pub(super) table: &'a Table<E>,
    pub(super) directory_index: usize,
    pub(super) slot: usize,
}

impl<'a, E: Keyed> Iterator for Iter<'a, E> {
    type Item = &'a E;

    fn next(&mut self) -> Option<&'a E> {
        loop {
            let segment = *self.table.directory.get(self.directory_index)?;
            // SAFETY: pointers in the directory are live for as long as the table is borrowed; only full
            // slots are referenced.
            unsafe {
                let head = segment.as_ref();
                while self.slot < usize::from(head.slots) {
                    let index = self.slot;
                    self.slot += 1;
                    if *controls(segment).add(index) < DELETED {
                        return Some(slot::<E>(segment, index).as_ref());
                    }
                }
                self.directory_index += 1 << (self.table.depth - u32::from(head.depth));
                self.slot = 0;
            }
        }
    }
}
