//! Moving values to other memory, a bounded number of segments at a time.

use super::Store;
use crate::base::relocate::Mover;

/// Where a walk through all databases goes on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    db: usize,
    /// A position in the order of hashes.
    position: u64,
}

impl Store {
    /// Lets `mover` move what is in the next `segments` segments of tables; where to go on, or `None` at the end.
    pub(crate) fn relocate(&mut self, place: Place, mut segments: usize, mover: &mut Mover) -> Option<Place> {
        let Place { mut db, mut position } = place;
        while let Some(target) = self.dbs.get_mut(db) {
            while segments > 0 {
                segments -= 1;
                match target.keys.relocate_segment(position, mover) {
                    Some(next) => position = next,
                    None => break,
                }
                if segments == 0 {
                    return Some(Place { db, position });
                }
            }
            if segments == 0 {
                return Some(Place { db: db + 1, position: 0 });
            }
            (db, position) = (db + 1, 0);
        }
        None
    }
}
