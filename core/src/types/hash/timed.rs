//! The compact form of a hash in which a field has got a deadline: fields, values and deadlines in turns.

use crate::base::relocate::{Mover, Relocate};
use crate::structures::{Item, Packed};

/// Entries per field.
const STRIDE: usize = 3;

/// See the module's description. A deadline is in unix milliseconds; 0 stands for none.
#[derive(Clone)]
pub(super) struct Timed {
    items: Packed,
    /// No deadline is earlier.
    nearest: u64,
}

impl Relocate for Timed {
    fn relocate(&mut self, mover: &mut Mover) {
        self.items.relocate(mover);
    }
}

impl Timed {
    /// The same fields as in a sequence of fields and values, none with a deadline.
    pub(super) fn of(pairs: &Packed) -> Timed {
        let mut timed = Timed { items: Packed::new(), nearest: u64::MAX };
        let mut items = pairs.iter();
        while let (Some(field), Some(value)) = (items.next(), items.next()) {
            timed.items.push_back(field);
            timed.items.push_back(value);
            timed.items.push_back(0);
        }
        timed
    }

    pub(super) fn len(&self) -> usize {
        self.items.len() / STRIDE
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Timed>() + self.items.memory_bytes()
    }

    /// A lower bound of all deadlines.
    pub(super) fn nearest(&self) -> u64 {
        self.nearest
    }

    pub(super) fn contains(&self, field: &[u8]) -> bool {
        self.items.find(field, STRIDE - 1).is_some()
    }

    pub(super) fn get(&self, field: &[u8]) -> Option<Item<'_>> {
        let value = self.items.next(self.items.find(field, STRIDE - 1)?)?;
        Some(self.items.item(value))
    }

    /// The deadline of a field, 0 for none.
    pub(super) fn deadline(&self, field: &[u8]) -> Option<u64> {
        let value = self.items.next(self.items.find(field, STRIDE - 1)?)?;
        Some(decode(self.items.item(self.items.next(value)?)))
    }

    /// Replaces the value of a field and leaves its deadline or clears it; `false` if there is no such field.
    pub(super) fn replace(&mut self, field: &[u8], value: &[u8], keep_deadline: bool) -> bool {
        let Some(at) = self.items.find(field, STRIDE - 1) else { return false };
        let at = self.items.next(at).expect("every field is followed by its value");
        let at = self.items.replace(at, value);
        if !keep_deadline {
            let at = self.items.next(at).expect("every value is followed by a deadline");
            self.items.replace(at, 0);
        }
        true
    }

    /// Adds a field that is not there yet.
    pub(super) fn push(&mut self, field: &[u8], value: &[u8]) {
        self.items.push_back(field);
        self.items.push_back(value);
        self.items.push_back(0);
    }

    /// Sets or clears the deadline of a field, 0 for none; `false` if there is no such field.
    pub(super) fn set_deadline(&mut self, field: &[u8], deadline: u64) -> bool {
        let Some(at) = self.items.find(field, STRIDE - 1) else { return false };
        let at = self.items.next(at).expect("every field is followed by its value");
        let at = self.items.next(at).expect("every value is followed by a deadline");
        self.items.replace(at, deadline as i64);
        if deadline != 0 {
            self.nearest = self.nearest.min(deadline);
        }
        true
    }

    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let Some(at) = self.items.find(field, STRIDE - 1) else { return false };
        let at = self.items.remove(at).expect("every field is followed by its value");
        let at = self.items.remove(at).expect("every value is followed by a deadline");
        self.items.remove(at);
        true
    }

    /// Removes the fields whose deadlines are before `now`, and gives them to `removed`.
    pub(super) fn take_due(&mut self, now: u64, mut removed: impl FnMut(&[u8])) {
        let (mut kept, mut nearest) = (Packed::new(), u64::MAX);
        for (field, value, deadline) in self.iter() {
            if deadline != 0 && deadline < now {
                removed(&field.to_vec());
                continue;
            }
            kept.push_back(field);
            kept.push_back(value);
            kept.push_back(deadline as i64);
            if deadline != 0 {
                nearest = nearest.min(deadline);
            }
        }
        self.items = kept;
        self.nearest = nearest;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Item<'_>, Item<'_>, u64)> {
        self.triplets(0)
    }

    /// The fields from an index on.
    pub(super) fn triplets(&self, index: usize) -> Triplets<'_> {
        Triplets(self.items.iter_from(index * STRIDE))
    }
}

/// Iterates over fields with values and deadlines.
#[derive(Clone)]
pub(super) struct Triplets<'a>(crate::structures::packed::Iter<'a>);

impl<'a> Iterator for Triplets<'a> {
    type Item = (Item<'a>, Item<'a>, u64);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.0.next()?, decode(self.0.next()?)))
    }
}

fn decode(deadline: Item<'_>) -> u64 {
    match deadline {
        Item::Int(at) => at as u64,
        Item::Bytes(_) => unreachable!("deadlines are integers"),
    }
}
