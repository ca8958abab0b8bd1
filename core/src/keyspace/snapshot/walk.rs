//! The walk of a snapshot: what is saved next, step by step.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use super::extent::{
    AT_ONCE_BYTES, Extent, end_saving, extent, is_in_parts, part_bytes, saved_by_element, value_bytes,
};
use super::strings::Before;
use super::{At, Current, Displaced, NO_MEMORY, NOT_WHOLE, Orphan, Part, Place, Run};
use crate::keyspace::entry::Entry;
use crate::keyspace::keys::{Keys, Walk};
use crate::keyspace::store::Garbage;
use crate::structures::table::saving::SavedByElement;

/// How many times what is written in one go may lie in memory meanwhile.
const COPIES: usize = 4;
/// What a look at an entry counts as, in bytes written.
const LOOK_WEIGHT: usize = 16;

impl Run {
    /// What the step has done, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.ready.len() + self.effort
    }

    /// Does a step of about `weight_max`; true when all is saved.
    pub(in crate::keyspace) fn step(
        &mut self,
        parity: u8,
        dbs: &mut [&mut Keys],
        garbage: &mut VecDeque<Garbage>,
        weight_max: usize,
    ) -> bool {
        self.effort = 0;
        while self.weight() < weight_max {
            if self.is_clearing {
                if !self.clear_one(parity, dbs, garbage) {
                    return true;
                }
            } else if !self.save_one(parity, dbs, garbage, weight_max) {
                if self.done != self.total || self.by_element != 0 {
                    self.fail(NOT_WHOLE);
                }
                return true;
            }
        }
        false
    }

    /// What this step has written.
    pub(in crate::keyspace) fn take_ready(&mut self) -> Vec<u8> {
        mem::take(&mut self.ready)
    }

    /// Saves what comes next, or a part of it; `false` if there is nothing.
    fn save_one(
        &mut self,
        parity: u8,
        dbs: &mut [&mut Keys],
        garbage: &mut VecDeque<Garbage>,
        weight_max: usize,
    ) -> bool {
        if let Some(current) = self.current.take() {
            self.go_on(current, parity, dbs, garbage, weight_max);
        } else if !self.early.is_empty() {
            self.early.pop_into(&mut self.ready);
            if self.early.is_empty() {
                self.ready_db = self.early_db.take();
            }
        } else if let Some(orphan) = self.orphans.pop_front() {
            self.save_orphan(orphan, parity, garbage, weight_max);
        } else if let Some(keys) =
            dbs.iter_mut().filter(|keys| keys.is_walked_as().is_some()).min_by_key(|keys| keys.is_walked_as())
        {
            self.walk(keys, parity, weight_max, true);
        } else if let Some(&Displaced { db, hash, origin, .. }) = self.displaced.first() {
            self.begin(Place::Key(db), At { db, hash, origin }, None);
        } else {
            return false;
        }
        true
    }

    /// Saves entries of a segment, up to one that is saved in parts.
    fn walk(&mut self, keys: &mut Keys, parity: u8, weight_max: usize, is_live: bool) {
        keys.walk(|walk: &Walk, entry| {
            self.effort += LOOK_WEIGHT;
            if entry.saved_bit() == parity {
                return true;
            }
            let kind = extent(entry);
            if matches!(kind, Extent::Parts | Extent::Elements) || saved_by_element(entry).is_some() {
                let at = walk.at(entry);
                self.begin(if is_live { Place::Key(at.db) } else { Place::Orphan }, at, None);
                return false;
            }
            if kind == Extent::Long && !self.has_memory(value_bytes(entry)) {
                return false;
            }
            self.record(walk.origin, entry);
            entry.set_saved_bit(parity);
            self.weight() < weight_max
        });
    }

    /// Begins to write an entry in parts. What is a key may be displaced.
    fn begin(&mut self, place: Place, at: At, before: Option<Box<Before>>) {
        let (mut origin, mut before) = (at.origin, before);
        if let Place::Key(_) = place
            && let Some(displaced) = self.displaced_at(at)
        {
            (origin, before) = (displaced.origin, displaced.before.take());
        }
        let (has_begun, from) = (false, Part::default());
        self.current = Some(Current { place, hash: at.hash, origin, has_begun, from, before });
    }

    /// Whether there is memory to write so many bytes in one go, which are put together, compressed and appended; else the
    /// snapshot ends. What is short is written from what is left over for that.
    pub(super) fn has_memory(&mut self, bytes: usize) -> bool {
        let has_memory = bytes <= AT_ONCE_BYTES || self.memory.take(COPIES * bytes).is_ok();
        if !has_memory {
            self.fail(NO_MEMORY);
        }
        has_memory
    }

    fn record(&mut self, origin: usize, entry: &Entry) {
        self.select(origin);
        let used = self.used(entry);
        self.effort += self.recorder.record(&mut self.ready, entry, used);
        self.done += 1;
    }

    pub(super) fn select(&mut self, origin: usize) {
        if self.ready_db != Some(origin) {
            self.ready_db = Some(origin);
            self.recorder.database(&mut self.ready, origin);
        }
    }

    fn save_orphan(
        &mut self,
        orphan: Orphan,
        parity: u8,
        garbage: &mut VecDeque<Garbage>,
        weight_max: usize,
    ) {
        match orphan {
            Orphan::Entry(mut kept) => {
                let at = At { db: 0, hash: 0, origin: kept.origin };
                let before = kept.before.take();
                self.orphans.push_front(Orphan::Entry(kept));
                self.begin(Place::Orphan, at, before);
            }
            Orphan::Keys(mut keys) => {
                self.walk(&mut keys, parity, weight_max, false);
                if keys.is_walked_as().is_some() {
                    self.orphans.push_front(Orphan::Keys(keys));
                } else {
                    garbage.push_back(Garbage::Table(keys.into_table()));
                }
            }
        }
    }

    /// Goes on with what is being written in parts.
    fn go_on(
        &mut self,
        mut current: Current,
        parity: u8,
        dbs: &mut [&mut Keys],
        garbage: &mut VecDeque<Garbage>,
        weight_max: usize,
    ) {
        if let Place::Key(db) = current.place {
            let entry = dbs.get_mut(db).and_then(|keys| keys.for_saver(current.hash));
            let Some(entry) = entry else { return self.fail(NOT_WHOLE) };
            if self.advance(&mut current, entry, weight_max) {
                entry.set_saved_bit(parity);
                self.take_origin(At { db, hash: current.hash, origin: current.origin });
                self.done += 1;
            } else if !self.is_clearing {
                self.current = Some(current);
            }
            return;
        }
        let is_through = match self.orphans.pop_front() {
            Some(Orphan::Entry(mut kept)) => {
                let is_through = self.advance(&mut current, &mut kept.entry, weight_max);
                if is_through {
                    self.free(kept, garbage);
                } else {
                    self.orphans.push_front(Orphan::Entry(kept));
                }
                is_through
            }
            Some(Orphan::Keys(mut keys)) => {
                let Some(entry) = keys.for_saver(current.hash) else { return self.fail(NOT_WHOLE) };
                let is_through = self.advance(&mut current, entry, weight_max);
                if is_through {
                    entry.set_saved_bit(parity);
                }
                self.orphans.push_front(Orphan::Keys(keys));
                is_through
            }
            None => return self.fail(NOT_WHOLE),
        };
        if is_through {
            self.done += 1;
        } else if !self.is_clearing {
            self.current = Some(current);
        }
    }

    /// Writes more of an entry; true once it is written.
    pub(super) fn advance(&mut self, current: &mut Current, entry: &mut Entry, weight_max: usize) -> bool {
        if is_in_parts(entry) {
            return self.write_string(current, entry, weight_max);
        }
        let kind = extent(entry);
        if !mem::replace(&mut current.has_begun, true) {
            self.select(current.origin);
            if kind == Extent::Elements && saved_by_element(entry).is_none() {
                self.begin_elements(entry);
            }
            if kind == Extent::Parts {
                let used = self.used(entry);
                self.recorder.begin_parts(&mut self.ready, entry, used);
            }
        }
        if let Some(elements) = saved_by_element(entry) {
            return self.save_elements(elements, weight_max);
        }
        if kind != Extent::Parts {
            if kind == Extent::Long && !self.has_memory(value_bytes(entry)) {
                return false;
            }
            let used = self.used(entry);
            self.effort += self.recorder.record(&mut self.ready, entry, used);
            return true;
        }
        while self.weight() < weight_max {
            if !self.has_memory(part_bytes(entry, current.from)) {
                return false;
            }
            match self.recorder.part(&mut self.ready, entry, current.from) {
                Some(next) => current.from = next,
                None => return true,
            }
        }
        false
    }

    /// Writes more of a collection that is saved element by element; true once it is written.
    fn save_elements(&mut self, elements: &mut dyn SavedByElement, weight_max: usize) -> bool {
        loop {
            let Some(output) = elements.output() else { return true };
            if output.has_failed() {
                self.fail(NO_MEMORY);
                return false;
            }
            while self.weight() < weight_max && output.pop_into(&mut self.ready) {}
            self.effort += output.take_effort();
            let Some(left) = weight_max.checked_sub(self.weight()).filter(|&left| left > 0) else {
                return false;
            };
            let is_through = elements.save_some(left);
            // What fails writes nothing more, and so seems to be through at once.
            if elements.output().is_some_and(|output| output.has_failed()) {
                continue;
            }
            if is_through && elements.output().is_none_or(|output| output.is_empty()) {
                elements.end_saving();
                self.by_element -= 1;
                return true;
            }
        }
    }

    // ----- after an abort -----

    /// Lets go of something that was kept, or makes bits equal; `false` if all are.
    fn clear_one(&mut self, parity: u8, dbs: &mut [&mut Keys], garbage: &mut VecDeque<Garbage>) -> bool {
        self.effort += LOOK_WEIGHT;
        if let Some(orphan) = self.orphans.pop_front() {
            self.free_orphan(orphan, garbage);
        } else if let Some(Displaced { db, hash, .. }) = self.displaced.pop() {
            if let Some(entry) = dbs.get_mut(db).and_then(|keys| keys.for_saver(hash)) {
                end_saving(entry);
                entry.set_saved_bit(parity);
            }
        } else if let Some(keys) = dbs.iter_mut().find(|keys| keys.is_walked_as().is_some()) {
            keys.walk(|_, entry| {
                self.effort += LOOK_WEIGHT;
                if entry.saved_bit() != parity {
                    end_saving(entry);
                    entry.set_saved_bit(parity);
                }
                true
            });
        } else {
            return false;
        }
        true
    }
}
