//! Whole databases: how large they are, walking through them, emptying and swapping them.

use alloc::vec::Vec;

use super::{Db, Invalidation, Store, StreamsSeen};
use crate::keyspace::entry::Entry;
use crate::structures::table::Keyed;

impl Store {
    /// How many keys the database holds, expired ones that were not found yet included.
    pub fn len(&self, db: usize) -> usize {
        self.dbs[db].keys.len()
    }

    /// How many keys of the database have a deadline.
    pub fn volatile_len(&self, db: usize) -> usize {
        self.dbs[db].volatile
    }

    /// Every entry of a database whose time has not come.
    pub fn entries(&self, db: usize) -> impl Iterator<Item = &Entry> {
        let now = self.now;
        self.dbs[db].keys.iter().filter(move |entry| entry.deadline().is_none_or(|at| at >= now))
    }

    /// Entries from `cursor` on, as [`Table::scan`]; expired ones are passed over.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&Entry)) -> u64 {
        let now = self.now;
        self.dbs[self.db].keys.scan(cursor, count, |entry| {
            if entry.deadline().is_none_or(|at| at >= now) {
                visit(entry);
            }
        })
    }

    /// A random key of the current database that has not expired.
    pub fn random_key(&mut self) -> Option<Vec<u8>> {
        // When nearly everything has expired, a bounded number of draws may find no living key.
        for _ in 0..100 {
            let Store { dbs, db, random, now, .. } = self;
            let entry = dbs[*db].keys.random(random)?;
            if entry.deadline().is_none_or(|at| at >= *now) {
                return Some(entry.key().to_vec());
            }
            let key = entry.key().to_vec();
            let hash = self.hash(&key);
            self.expire(hash, &key);
        }
        self.entries(self.db).next().map(|entry| entry.key().to_vec())
    }

    /// Deletes every key of a database, and returns how many there were.
    pub fn flush(&mut self, db: usize) -> usize {
        let target = &mut self.dbs[db];
        let keys = target.keys.detach();
        let removed = keys.len();
        target.volatile = 0;
        target.has_timed_fields = false;
        target.expire_not_before = u64::MAX;
        target.expire_step_at = u64::MAX;
        target.expire_nearest = u64::MAX;
        target.expire_cursor = 0;
        if self.watching > 0 {
            for (key, watchers) in &target.watchers {
                // Watchers of keys that were not there see no change.
                if keys.find(keys.hash(key), key).is_some() {
                    self.touched.extend_from_slice(watchers);
                }
            }
        }
        for key in target.loss_waiters.keys() {
            if keys.find(keys.hash(key), key).is_some() {
                self.ready.add(db, key);
            }
        }
        self.saver.leave_all(db, keys, &mut self.garbage);
        if self.dbs.iter().all(|db| db.keys.is_empty()) {
            self.streams_seen = StreamsSeen::default();
        }
        if self.notes_changes && !matches!(self.invalidated.last(), Some(Invalidation::All)) {
            self.invalidated.push(Invalidation::All);
        }
        removed
    }

    /// Swaps the keys of two databases; clients that watch or wait stay with the index.
    pub fn swap(&mut self, first: usize, second: usize) {
        if first == second {
            return;
        }
        self.dbs.swap(first, second);
        let [a, b] = self.dbs.get_disjoint_mut([first, second]).expect("the indexes differ and exist");
        core::mem::swap(&mut a.watchers, &mut b.watchers);
        core::mem::swap(&mut a.waiters, &mut b.waiters);
        core::mem::swap(&mut a.growing, &mut b.growing);
        core::mem::swap(&mut a.loss_waiters, &mut b.loss_waiters);
        a.keys.become_those_of(first);
        b.keys.become_those_of(second);
        self.saver.swapped(first, second);
        for index in [first, second] {
            let db = &self.dbs[index];
            let other = &self.dbs[first + second - index];
            for (key, watchers) in &db.watchers {
                // A key that is or was there has changed for the clients that watch it.
                let hash = db.keys.hash(key);
                if db.keys.find(hash, key).is_some() || other.keys.find(hash, key).is_some() {
                    self.touched.extend_from_slice(watchers);
                }
            }
            for key in db.waiters.keys() {
                let hash = db.keys.hash(key);
                let is_there = |db: &Db| db.keys.find(hash, key).is_some();
                if is_there(db) || (db.loss_waiters.contains_key(key) && is_there(other)) {
                    self.ready.add(index, key);
                }
            }
        }
    }

    /// Bytes of the keyspace's tables.
    pub fn table_bytes(&self) -> usize {
        self.dbs.iter().map(|db| db.keys.memory_bytes()).sum()
    }

    /// Bytes of the table of a database.
    pub fn table_bytes_of(&self, db: usize) -> usize {
        self.dbs[db].keys.memory_bytes()
    }

    /// Values that are deleted and still to be freed.
    pub fn pending_frees(&self) -> usize {
        self.garbage.len()
    }
}
