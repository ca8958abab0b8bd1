//! Who watches a key, and who waits for it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{Invalidation, Store};
use crate::base::ConnId;
use crate::base::memory::Purpose;
use crate::keyspace::entry::Entry;
use crate::structures::ordered::OrderedSet;

impl Store {
    /// Lets a connection watch a key of a database.
    pub fn watch(&mut self, db: usize, key: &[u8], conn: ConnId) {
        let watchers = &mut self.dbs[db].watchers;
        match watchers.get_mut(key) {
            Some(list) => list.push(conn),
            None => {
                watchers.insert(key.to_vec(), alloc::vec![conn]);
                self.watching += 1;
            }
        }
    }

    /// Ends a watch.
    pub fn unwatch(&mut self, db: usize, key: &[u8], conn: ConnId) {
        let watchers = &mut self.dbs[db].watchers;
        if let Some(list) = watchers.get_mut(key) {
            list.retain(|&other| other != conn);
            if list.is_empty() {
                watchers.remove(key);
                self.watching -= 1;
            }
        }
    }

    /// Whether a watched key has expired without anyone looking at it.
    pub fn is_stale(&self, db: usize, key: &[u8]) -> bool {
        let keys = &self.dbs[db].keys;
        keys.find(keys.hash(key), key).and_then(Entry::deadline).is_some_and(|at| at < self.now)
    }

    /// Keys that are watched, each once for each database.
    pub(crate) fn watched_keys(&self) -> usize {
        self.dbs.iter().map(|db| db.watchers.len()).sum()
    }

    /// Keys that are waited for, and those whose end is waited for as well.
    pub(crate) fn waited_keys(&self) -> (usize, usize) {
        (self.waiting, self.waiting_for_loss)
    }

    /// Puts a connection at the end of a key's queue.
    pub fn wait(&mut self, db: usize, key: &[u8], conn: ConnId) {
        let waiters = &mut self.dbs[db].waiters;
        match waiters.get_mut(key) {
            // A key that is named twice is waited for once.
            Some(queue) if queue.back() == Some(&conn) => {}
            Some(queue) => queue.push_back(conn),
            None => {
                waiters.insert(key.to_vec(), VecDeque::from([conn]));
                self.waiting += 1;
            }
        }
    }

    /// Takes a connection out of a key's queue.
    pub fn unwait(&mut self, db: usize, key: &[u8], conn: ConnId) {
        let waiters = &mut self.dbs[db].waiters;
        if let Some(queue) = waiters.get_mut(key) {
            // The one that is served is nearly always the first, so the queue is not walked through.
            if let Some(at) = queue.iter().position(|&other| other == conn) {
                queue.remove(at);
            }
            if queue.is_empty() {
                waiters.remove(key);
                self.waiting -= 1;
                if self.dbs[db].growing.remove(key) {
                    self.watching -= 1;
                }
            }
        }
    }

    /// Lets every change of a key of the current database wake the connections that wait for it, as long as any does.
    /// A caller that asks for that waits for the key next.
    pub fn wait_for_growth(&mut self, key: &[u8]) {
        if self.dbs[self.db].growing.insert(key.to_vec()) {
            // It is looked for where watchers are: the path of a change has no other question to ask.
            self.watching += 1;
        }
    }

    /// How many connections wait for a key.
    pub fn waiters_count(&self, db: usize, key: &[u8]) -> usize {
        self.dbs[db].waiters.get(key).map_or(0, VecDeque::len)
    }

    /// The connection at this place of a key's queue; the one that waits longest is at 0.
    pub fn waiter(&self, db: usize, key: &[u8], at: usize) -> Option<ConnId> {
        self.dbs[db].waiters.get(key)?.get(at).copied()
    }

    /// Wakes the connections that wait for a key whose value has got something new.
    #[inline]
    pub fn wake_waiters(&mut self, key: &[u8]) {
        if self.waiting != 0 {
            self.wake(key);
        }
    }

    /// Files were loaded, key by key without a word to anyone: those who wait for what is there now are woken. Returns the
    /// connections that watch such a key.
    pub(crate) fn note_loaded(&mut self) -> Vec<ConnId> {
        let mut watchers = Vec::new();
        for (index, db) in self.dbs.iter().enumerate() {
            let is_there = |key: &[u8]| db.keys.find(db.keys.hash(key), key).is_some();
            for (_, conns) in db.watchers.iter().filter(|(key, _)| is_there(key)) {
                watchers.extend_from_slice(conns);
            }
            for key in db.waiters.keys().filter(|key| is_there(key)) {
                self.ready.add(index, key);
            }
        }
        watchers
    }

    /// Lets the end of a key, or of its being what it is, wake the connections that wait for it.
    pub fn expect_loss(&mut self, db: usize, key: &[u8]) {
        *self.dbs[db].loss_waiters.or_default(key.to_vec()) += 1;
        self.waiting_for_loss += 1;
    }

    /// Takes back one [`Store::expect_loss`].
    pub fn forget_loss(&mut self, db: usize, key: &[u8]) {
        let waiters = &mut self.dbs[db].loss_waiters;
        if let Some(count) = waiters.get_mut(key) {
            *count -= 1;
            self.waiting_for_loss -= 1;
            if *count == 0 {
                waiters.remove(key);
            }
        }
    }

    /// Wakes the connections that wait for a key and must know that it is gone.
    #[cold]
    pub(super) fn wake_of_loss(&mut self, key: &[u8]) {
        if self.dbs[self.db].loss_waiters.contains_key(key) {
            self.wake(key);
        }
    }

    #[cold]
    pub(super) fn signal_interested(&mut self, db: usize, key: &[u8], is_by_command: bool) {
        if let Some(watchers) = self.dbs[db].watchers.get(key) {
            self.touched.extend_from_slice(watchers);
        }
        if db == self.db && self.dbs[db].growing.contains(key) {
            self.wake(key);
        }
        if self.notes_changes && !matches!(self.invalidated.last(), Some(Invalidation::All)) {
            self.note_change(key, is_by_command);
        }
    }

    /// Notes a change for the clients that track; where there is no memory for that, as one of any key.
    fn note_change(&mut self, key: &[u8], is_by_command: bool) {
        let has_room = self.memory.reserve(&mut self.invalidated, 1)
            && self.memory.take_for(Purpose::Temporary, key.len()).is_ok();
        if has_room {
            self.invalidated.push(Invalidation::Key { key: key.into(), is_by_command });
        } else {
            self.invalidated.clear();
            self.invalidated.push(Invalidation::All);
        }
    }

    /// Begins or ends to note every change for the clients that track.
    pub fn note_changes(&mut self, is_wanted: bool) {
        if self.notes_changes != is_wanted {
            self.notes_changes = is_wanted;
            self.watching = if is_wanted { self.watching + 1 } else { self.watching - 1 };
        }
    }

    /// Wakes the connections that wait for a key that has just come into being. One that was there already and becomes
    /// another value wakes none, as in Redis.
    #[cold]
    pub(super) fn wake(&mut self, key: &[u8]) {
        let db = self.db;
        if self.dbs[db].waiters.contains_key(key) {
            self.ready.add(db, key);
        }
    }
}

/// Keys that were changed while someone waits for them, each once, the first one first.
#[derive(Default)]
pub struct Ready {
    keys: Vec<(usize, Vec<u8>)>,
    known: OrderedSet<(usize, Vec<u8>)>,
}

impl Ready {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn add(&mut self, db: usize, key: &[u8]) {
        let key = (db, key.to_vec());
        // Most commands make one key at most, which need not be looked up.
        if self.keys.last() != Some(&key) && self.known.insert(key.clone()) {
            self.keys.push(key);
        }
    }
}

impl IntoIterator for Ready {
    type Item = (usize, Vec<u8>);
    type IntoIter = alloc::vec::IntoIter<(usize, Vec<u8>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
}
