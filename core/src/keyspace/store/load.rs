//! Keys that come from a file, many at a time.

use alloc::vec::Vec;

use super::Store;
use crate::keyspace::entry::{Entry, ValueMut, ValueRef};
use crate::structures::table::{Batch, Keyed};

impl Store {
    /// Makes the present database ready for so many keys, if it has none; what is reserved takes at most `bytes_max`.
    pub(crate) fn reserve_keys(&mut self, count: usize, bytes_max: usize) {
        self.dbs[self.db].keys.reserve(count, bytes_max, &mut self.memory);
    }

    /// Whether there is memory for what the table of the present database may take with the next keys.
    pub(crate) fn may_grow(&self) -> bool {
        self.memory.may_grow(self.dbs[self.db].keys.growth_bytes()).is_ok()
    }

    /// Gives back what was reserved in vain.
    pub(crate) fn end_reservations(&mut self) {
        self.dbs.iter_mut().for_each(|db| db.keys.settle());
    }

    /// Puts keys into the present database; or tells one that is there already, and then those behind it are lost. If it
    /// `merges`, that one gives way.
    pub(crate) fn put_loaded(&mut self, waiting: &mut Batch<Entry>, merges: bool) -> Result<(), Vec<u8>> {
        for (hash, entry) in waiting.take(&self.dbs[self.db].keys) {
            if self.dbs[self.db].keys.find(hash, entry.key()).is_some()
                && !(merges && self.delete(hash, entry.key()))
            {
                return Err(entry.key().to_vec());
            }
            let field_deadline = entry.field_deadline();
            if let ValueRef::Stream(stream) = entry.value() {
                self.streams_seen.look_at(stream);
            }
            self.insert_silently(hash, entry);
            if let Some(at) = field_deadline {
                self.note_hashed_field_deadline(hash, at);
            }
        }
        Ok(())
    }

    /// Gives a field of the hash whose key has this hash a deadline, in unix milliseconds; `false` if there is no such
    /// field, or no such hash.
    pub(crate) fn set_loaded_field_deadline(&mut self, hash: u64, field: &[u8], at: u64) -> bool {
        let Store { dbs, db, saver, .. } = self;
        let keys = &mut dbs[*db].keys;
        let Some(key) = keys.find_hashed(hash).map(|entry| entry.key().to_vec()) else { return false };
        let Some(entry) = keys.change(hash, &key, saver) else { return false };
        let is_set = match entry.value_mut() {
            ValueMut::Hash(fields) => fields.set_deadline(field, Some(at)),
            ValueMut::String
            | ValueMut::List(_)
            | ValueMut::Set(_)
            | ValueMut::Zset(_)
            | ValueMut::Stream(_) => false,
        };
        if is_set {
            self.note_hashed_field_deadline(hash, at);
        }
        is_set
    }

    fn note_hashed_field_deadline(&mut self, hash: u64, at: u64) {
        let db = &mut self.dbs[self.db];
        db.has_timed_fields = true;
        db.note_deadline(hash, at);
    }
}
