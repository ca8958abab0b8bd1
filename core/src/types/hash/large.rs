//! The large form of a hash: a table of fields, some of which may have deadlines.

use alloc::vec::Vec;

use super::field::Field;
use crate::structures::table::{HashSeed, Keyed, Table};

pub(super) struct Large {
    pub(super) table: Table<Field>,
    /// How many fields have deadlines.
    timed: usize,
    /// No deadline is earlier.
    nearest: u64,
    /// Where the removal of due fields goes on, 0 for the beginning, and the nearest deadline in front of it.
    due_cursor: u64,
    passed_nearest: u64,
}

impl Large {
    pub(super) fn new(seed: HashSeed) -> Large {
        Large {
            table: Table::new(seed),
            timed: 0,
            nearest: u64::MAX,
            due_cursor: 0,
            passed_nearest: u64::MAX,
        }
    }

    pub(super) fn has_deadlines(&self) -> bool {
        self.timed > 0
    }

    /// A lower bound of all deadlines.
    pub(super) fn nearest(&self) -> u64 {
        if self.timed > 0 { self.nearest } else { u64::MAX }
    }

    pub(super) fn find(&self, field: &[u8]) -> Option<&Field> {
        self.table.find(self.table.hash(field), field)
    }

    /// Sets the value of a field and leaves its deadline or clears it; true if the field is new.
    pub(super) fn insert(&mut self, field: &[u8], value: &[u8], keep_deadline: bool) -> bool {
        let hash = self.table.hash(field);
        let Some(old) = self.table.find_mut(hash, field) else {
            self.table.insert_new(hash, Field::new(field, value));
            return true;
        };
        if self.timed > 0 && !keep_deadline && old.deadline().is_some() {
            old.set_deadline(None);
            self.timed -= 1;
        }
        old.set_value(value);
        false
    }

    /// Adds a field that is not there yet.
    pub(super) fn push(&mut self, field: &[u8], value: &[u8], deadline: Option<u64>) {
        self.push_field(self.table.hash(field), Field::timed(field, value, deadline));
    }

    /// The same of a field whose hash is known.
    pub(super) fn push_field(&mut self, hash: u64, field: Field) {
        let deadline = field.deadline();
        self.table.insert_new(hash, field);
        if let Some(at) = deadline {
            self.timed += 1;
            self.note(hash, at);
        }
    }

    /// Sets or clears the deadline of a field; `false` if there is no such field.
    pub(super) fn set_deadline(&mut self, field: &[u8], deadline: Option<u64>) -> bool {
        let hash = self.table.hash(field);
        let Some(found) = self.table.find_mut(hash, field) else { return false };
        self.timed -= usize::from(found.deadline().is_some());
        self.timed += usize::from(deadline.is_some());
        found.set_deadline(deadline);
        if let Some(at) = deadline {
            self.note(hash, at);
        }
        true
    }

    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let removed = self.table.remove(self.table.hash(field), field);
        if let Some(removed) = &removed
            && self.timed > 0
        {
            self.timed -= usize::from(removed.deadline().is_some());
        }
        removed.is_some()
    }

    /// Removes about `most` fields whose deadlines are before `now`, or all of them, and gives them to `removed`.
    pub(super) fn take_due(&mut self, now: u64, most: usize, mut removed: impl FnMut(&[u8])) {
        let mut due: Vec<Vec<u8>> = Vec::new();
        let last = now.saturating_sub(1);
        if most == usize::MAX {
            self.due_cursor = 0;
        }
        loop {
            let start = self.due_cursor;
            if start == 0 {
                self.passed_nearest = u64::MAX;
            }
            let left = most.saturating_sub(due.len());
            let scan = self.table.expired(start, last, (usize::MAX, left), Field::deadline, |field| {
                due.push(field.key().to_vec());
            });
            self.passed_nearest = self.passed_nearest.min(scan.nearest);
            self.due_cursor = scan.cursor.unwrap_or(0);
            self.nearest = if scan.cursor.is_some() { last } else { self.passed_nearest };
            // What has come due in front of where this began is still there.
            if start == 0 || scan.cursor.is_some() || self.nearest > last {
                break;
            }
        }
        for field in &due {
            self.remove(field);
            removed(field);
        }
    }

    pub(super) fn copy(&self, seed: HashSeed) -> Large {
        let mut copy = Large::new(seed);
        for field in self.table.iter() {
            copy.push(field.key(), field.value(), field.deadline());
        }
        copy
    }

    fn note(&mut self, hash: u64, deadline: u64) {
        self.table.note_deadline(hash, deadline);
        self.nearest = self.nearest.min(deadline);
        self.passed_nearest = self.passed_nearest.min(deadline);
    }
}
