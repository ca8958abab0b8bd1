//! Fields of hashes that expire.
//!
//! A hash knows a lower bound of its fields' deadlines, and the database keeps the least of them where it keeps the
//! deadlines of keys, so that both are found in the same way. A command that asks for a hash first lets its due fields go:
//! no client ever sees one. A command that asks for some fields lets those go, and a bounded number of others; of what is left
//! only the number can be seen, by HLEN, and active expiry lets it go step by step.

use alloc::vec::Vec;
use core::iter;

use super::{NotifyClass, Store};
use crate::keyspace::entry::{Entry, ValueMut, ValueRef};
use crate::types::hash::Hash;

/// Fields in one recorded command.
const EFFECT_FIELDS_MAX: usize = 1000;

/// Fields that are removed at most, besides those that are asked for, when some of a hash are asked for. More than a
/// segment of its table holds, so that most hashes are never left with any.
const ACCESS_FIELDS_MAX: usize = 500;

/// Fields of a hash that have expired.
pub(super) struct ExpiredFields {
    db: usize,
    key: Vec<u8>,
    fields: Vec<Vec<u8>>,
    /// Whether the hash has gone with them.
    is_last: bool,
}

impl Store {
    /// Removes the fields of the hash at `key` whose time has come.
    #[inline]
    pub fn drop_due_fields(&mut self, key: &[u8]) {
        let db = &self.dbs[self.db];
        if db.has_timed_fields && db.expire_not_before < self.now {
            let hash = self.hash(key);
            self.expire_fields(hash, key, usize::MAX, &mut iter::empty());
        }
    }

    /// Removes those of some fields of the hash at `key` whose time has come, and a bounded number of others.
    #[inline]
    pub fn drop_due_fields_of<'f>(&mut self, key: &[u8], fields: impl IntoIterator<Item = &'f [u8]>) {
        let db = &self.dbs[self.db];
        if db.has_timed_fields && db.expire_not_before < self.now {
            let hash = self.hash(key);
            self.expire_fields(hash, key, ACCESS_FIELDS_MAX, &mut fields.into_iter());
        }
    }

    /// Takes note that a field of the hash at `key` has this deadline, in unix milliseconds.
    pub fn note_field_deadline(&mut self, key: &[u8], at: u64) {
        let hash = self.hash(key);
        let db = &mut self.dbs[self.db];
        db.has_timed_fields = true;
        db.note_deadline(hash, at);
    }

    /// Removes about `most` due fields of a hash, or all, and `wanted` ones if they are due; returns how many.
    #[cold]
    pub(super) fn expire_fields(
        &mut self,
        hash: u64,
        key: &[u8],
        most: usize,
        wanted: &mut dyn Iterator<Item = &[u8]>,
    ) -> usize {
        let now = self.now;
        let db = &mut self.dbs[self.db];
        let is_due = |entry: &Entry| entry.field_deadline().is_some_and(|at| at < now);
        if !db.keys.find(hash, key).is_some_and(is_due) {
            return 0;
        }
        let Some(entry) = db.keys.change(hash, key, &mut self.saver) else { return 0 };
        let mut removed: Vec<Vec<u8>> = Vec::new();
        // Nothing but a hash has elements that expire.
        let ValueMut::Hash(fields) = entry.value_mut() else { return 0 };
        fields.take_due(now, most, |field| removed.push(field.to_vec()));
        if fields.nearest_deadline() < now {
            let is_due = |fields: &Hash, field| fields.deadline(field).flatten().is_some_and(|at| at < now);
            for field in wanted {
                if is_due(fields, field) && fields.remove(field) {
                    removed.push(field.to_vec());
                }
            }
        }
        let is_last = matches!(entry.value(), ValueRef::Hash(fields) if fields.is_empty());
        // A walk that has found this key has forgotten both deadlines.
        if let Some(at) = Entry::due_at(entry) {
            db.has_timed_fields = true;
            db.note_deadline(hash, at);
        }
        if removed.is_empty() {
            return 0;
        }
        let count = removed.len();
        if is_last {
            self.delete(hash, key);
        }
        let expired = ExpiredFields { db: self.db, key: key.to_vec(), fields: removed, is_last };
        if self.is_still {
            self.held_back.push(expired);
        } else {
            self.announce(expired);
        }
        count
    }

    /// Begins a time in which nothing expires for anyone to see but who looks for it.
    pub fn stand_still(&mut self) {
        self.is_still = true;
    }

    /// Ends it, and tells of the fields that no client has been shown meanwhile.
    pub fn go_on(&mut self) {
        self.is_still = false;
        let selected = self.db;
        for expired in core::mem::take(&mut self.held_back) {
            self.db = expired.db;
            self.announce(expired);
        }
        self.db = selected;
    }

    fn announce(&mut self, expired: ExpiredFields) {
        let ExpiredFields { key, fields, is_last, .. } = expired;
        self.expired_fields += fields.len() as u64;
        for fields in fields.chunks(EFFECT_FIELDS_MAX) {
            let fields = fields.iter().map(Vec::as_slice);
            self.effects.append_now(self.db, [b"HDEL".as_slice(), &key].into_iter().chain(fields));
        }
        self.signal(&key);
        self.notify(NotifyClass::Hash, "hexpired", &key);
        if is_last {
            self.notify(NotifyClass::Generic, "del", &key);
        }
    }
}
