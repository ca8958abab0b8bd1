//! The keys of one database, behind doors that let a snapshot save an entry before it changes.
//!
//! Nothing else yields an entry that may be changed, or takes one away: who reads gets the table itself, only to look
//! at.

use core::ops::{Deref, Range};

use alloc::collections::VecDeque;

use super::access::Access;
use super::entry::Entry;
use super::snapshot::{At, Saver, is_long};
use super::store::Garbage;
use crate::base::memory::Memory;
use crate::base::relocate::Mover;
use crate::structures::table::{ExpiryScan, HashSeed, Keyed, Table, Walked};

/// Whose entries a walk visits.
pub(super) struct Walk {
    db: usize,
    pub(super) origin: usize,
    seed: HashSeed,
}

impl Walk {
    /// Where an entry is.
    pub(super) fn at(&self, entry: &Entry) -> At {
        At { db: self.db, hash: self.seed.hash(entry.key()), origin: self.origin }
    }
}

/// See the module's description.
pub(super) struct Keys {
    table: Table<Entry>,
    /// The number of the database.
    index: usize,
    /// The number that it had when the snapshot began.
    origin: usize,
    /// Where the walk of the snapshot goes on, in the order of hashes; `None` once it has seen all.
    cursor: Option<u64>,
}

impl Deref for Keys {
    type Target = Table<Entry>;

    #[inline(always)]
    fn deref(&self) -> &Table<Entry> {
        &self.table
    }
}

impl Keys {
    pub(super) fn new(seed: HashSeed, index: usize) -> Keys {
        Keys { table: Table::new(seed), index, origin: index, cursor: None }
    }

    // ----- doors -----

    /// The entry of a key that is used now, only to look at.
    #[inline]
    pub(super) fn used(&mut self, hash: u64, key: &[u8], access: &mut Access, now: u64) -> Option<&Entry> {
        // How a key is used is not a part of what is saved.
        let entry = self.table.find_mut(hash, key)?;
        access.mark(entry, now);
        Some(entry)
    }

    /// The entry of a key, to change.
    #[inline]
    pub(super) fn change(&mut self, hash: u64, key: &[u8], saver: &mut Saver) -> Option<&mut Entry> {
        self.change_bytes(hash, key, saver, 0..usize::MAX)
    }

    /// The entry of a key, to change it but for a value that is no string, and of one that is only bytes of this range.
    #[inline(always)]
    pub(super) fn change_bytes(
        &mut self,
        hash: u64,
        key: &[u8],
        saver: &mut Saver,
        bytes: Range<usize>,
    ) -> Option<&mut Entry> {
        let entry = self.table.find_mut(hash, key)?;
        if entry.saved_bit() != saver.parity() {
            saver.before_change(At { db: self.index, hash, origin: self.origin }, entry, bytes);
        }
        Some(entry)
    }

    /// The entry of a key whose value is going to be replaced, and whether that was a collection, which is gone.
    #[inline]
    pub(super) fn overwrite(
        &mut self,
        hash: u64,
        key: &[u8],
        saver: &mut Saver,
        garbage: &mut VecDeque<Garbage>,
    ) -> Option<(&mut Entry, bool)> {
        let at = At { db: self.index, hash, origin: self.origin };
        let entry = self.table.find_mut(hash, key)?;
        let was_collection = !entry.is_string();
        let is_unsaved = entry.saved_bit() != saver.parity();
        if was_collection || (is_unsaved && is_long(entry)) {
            let mut empty = Entry::with_bytes(key, b"", entry.deadline());
            empty.set_access(entry.access());
            empty.set_saved_bit(saver.parity());
            saver.leave(at, core::mem::replace(entry, empty), garbage);
        } else if is_unsaved {
            saver.before_change(at, entry, 0..usize::MAX);
        }
        Some((entry, was_collection))
    }

    /// Puts in an entry whose key is not there.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64, mut entry: Entry, saver: &mut Saver) {
        entry.set_saved_bit(saver.parity());
        saver.before_insert(At { db: self.index, hash, origin: self.origin }, &mut entry);
        self.table.insert_new(hash, entry);
    }

    /// Takes the entry of a key out, to be put in elsewhere by the same command.
    pub(super) fn take(&mut self, hash: u64, key: &[u8], saver: &mut Saver) -> Option<Entry> {
        let mut entry = self.table.remove(hash, key)?;
        if entry.saved_bit() != saver.parity() {
            saver.before_move(At { db: self.index, hash, origin: self.origin }, &mut entry);
        }
        Some(entry)
    }

    /// Deletes a key; whether it had a deadline, if it was there.
    #[inline]
    pub(super) fn delete(
        &mut self,
        hash: u64,
        key: &[u8],
        saver: &mut Saver,
        garbage: &mut VecDeque<Garbage>,
    ) -> Option<bool> {
        let entry = self.table.remove(hash, key)?;
        let had_deadline = entry.deadline().is_some();
        saver.leave(At { db: self.index, hash, origin: self.origin }, entry, garbage);
        Some(had_deadline)
    }

    /// Deletes the key with this hash; what remains is its entry without the value.
    pub(super) fn delete_hashed(
        &mut self,
        hash: u64,
        saver: &mut Saver,
        garbage: &mut VecDeque<Garbage>,
    ) -> Option<Entry> {
        let entry = self.table.remove_hashed(hash)?;
        let remains = Entry::with_bytes(entry.key(), b"", entry.deadline());
        saver.leave(At { db: self.index, hash, origin: self.origin }, entry, garbage);
        Some(remains)
    }

    /// Takes all keys out, so that these are none.
    pub(super) fn detach(&mut self) -> Keys {
        let empty = Keys::new(self.table.seed(), self.index);
        core::mem::replace(self, empty)
    }

    /// The table of keys that were detached, of which the snapshot wants nothing any more.
    pub(super) fn into_table(self) -> Table<Entry> {
        self.table
    }

    /// These are the keys of another database from now on.
    pub(super) fn become_those_of(&mut self, index: usize) {
        self.index = index;
    }

    // ----- what changes no entry -----

    /// See [`Table::reserve`].
    pub(super) fn reserve(&mut self, count: usize, bytes_max: usize, memory: &mut Memory) {
        self.table.reserve(count, bytes_max, memory);
    }

    /// See [`Table::settle`].
    pub(super) fn settle(&mut self) {
        self.table.settle();
    }

    /// See [`Table::note_deadline`].
    pub(super) fn note_deadline(&mut self, hash: u64, deadline: u64) {
        self.table.note_deadline(hash, deadline);
    }

    /// See [`Table::expired`].
    pub(super) fn expired(
        &mut self,
        cursor: u64,
        now: u64,
        bounds: (usize, usize),
        expired: impl FnMut(&Entry),
    ) -> ExpiryScan {
        self.table.expired(cursor, now, bounds, Entry::due_at, expired)
    }

    /// See [`Table::relocate_segment`].
    pub(super) fn relocate_segment(&mut self, position: u64, mover: &mut Mover) -> Option<u64> {
        self.table.relocate_segment(position, mover)
    }

    // ----- for the walk of a snapshot -----

    /// All entries are to be saved.
    pub(super) fn begin_walk(&mut self) {
        self.origin = self.index;
        self.cursor = (!self.table.is_empty()).then_some(0);
    }

    /// The number that the database had when the snapshot began, while there is something to save.
    pub(super) fn is_walked_as(&self) -> Option<usize> {
        self.cursor.map(|_| self.origin)
    }

    /// Goes on with the walk by a segment, or up to where `visit` wants no more.
    pub(super) fn walk(&mut self, mut visit: impl FnMut(&Walk, &mut Entry) -> bool) {
        let Some(position) = self.cursor else { return };
        let walk = Walk { db: self.index, origin: self.origin, seed: self.table.seed() };
        let walked = self.table.walk_segment(position, |entry| visit(&walk, entry));
        match walked {
            Walked::To(next) => self.cursor = Some(next),
            Walked::Through => self.cursor = None,
            Walked::Stopped => {}
        }
    }

    /// The entry with this hash, for the snapshot alone.
    pub(super) fn for_saver(&mut self, hash: u64) -> Option<&mut Entry> {
        self.table.find_hashed_mut(hash)
    }

    /// Takes an entry out of keys that are going to be detached, for the snapshot alone.
    pub(super) fn take_for_saver(&mut self, hash: u64) -> Option<Entry> {
        self.table.remove_hashed(hash)
    }
}
