//! What the store does by itself as time passes: active expiry and lazy freeing, a bounded step at a time.

use alloc::vec::Vec;

use super::{Garbage, SaveState, Store};
use crate::keyspace::entry::Value;
use crate::structures::table::Keyed;

/// Elements freed per step of lazy freeing, so that a step stays far under a millisecond.
const FREE_STEP_ELEMENTS: usize = 512;
/// What clearing away an aborted snapshot does per step, in bytes of a snapshot.
const CLEAR_STEP_WEIGHT: usize = 64 << 10;
/// Segments looked at per step of active expiry.
const EXPIRE_STEP_SEGMENTS: usize = 512;
/// Keys expired per step of active expiry.
const EXPIRE_STEP_KEYS: usize = 200;
/// Fields of hashes expired per step of active expiry.
const EXPIRE_STEP_FIELDS: usize = 500;
/// Pause after a step of active expiry that found nothing but has not seen the whole table, in milliseconds.
const EXPIRE_PAUSE_MILLIS: u64 = 10;

impl Store {
    /// Does one bounded step of active expiry and lazy freeing.
    pub fn maintain(&mut self) {
        self.free_step();
        if self.save_state() == SaveState::Clearing {
            self.save_step(CLEAR_STEP_WEIGHT, &mut Vec::new());
        }
        if self.active_expire && !self.is_still {
            for db in 0..self.dbs.len() {
                if self.dbs[db].is_volatile() && self.dbs[db].expire_step_at <= self.now {
                    self.expire_step(db);
                }
            }
        }
    }

    /// The clock is set back, to this time in unix milliseconds: a walk that was to go on in a moment does so now.
    pub(crate) fn go_back(&mut self, now: u64) {
        for db in self.dbs.iter_mut().filter(|db| db.expire_cursor != 0) {
            db.expire_step_at = db.expire_step_at.min(now);
        }
    }

    /// When [`Store::maintain`] wants to run next, in unix microseconds.
    pub fn next_deadline(&self) -> Option<u64> {
        if !self.garbage.is_empty() || self.save_state() == SaveState::Clearing {
            return Some(0);
        }
        let next = self.dbs.iter().filter(|db| db.is_volatile()).map(|db| db.expire_step_at).min()?;
        (self.active_expire && !self.is_still && next != u64::MAX).then(|| next.saturating_mul(1000))
    }

    fn expire_step(&mut self, db: usize) {
        let current = core::mem::replace(&mut self.db, db);
        // Keys may be long; their hashes name them as well.
        let mut expired: Vec<(u64, bool)> = Vec::new();
        let last = self.now.saturating_sub(1);
        let target = &mut self.dbs[db];
        let seed = self.encoding_limits.seed;
        let cursor = target.expire_cursor;
        if cursor == 0 {
            target.expire_nearest = u64::MAX;
        }
        let scan = target.keys.expired(cursor, last, (EXPIRE_STEP_SEGMENTS, EXPIRE_STEP_KEYS), |entry| {
            let is_whole = entry.deadline().is_some_and(|at| at <= last);
            expired.push((seed.hash(entry.key()), is_whole));
        });
        target.expire_nearest = target.expire_nearest.min(scan.nearest);
        match scan.cursor {
            Some(next) => {
                target.expire_cursor = next;
                // A step that was full goes on at once; an idle walk through a large table may wait.
                target.expire_step_at =
                    if expired.is_empty() { self.now + EXPIRE_PAUSE_MILLIS } else { self.now };
            }
            None => {
                target.expire_cursor = 0;
                // Those that are due now and have later fields say so again below.
                target.has_timed_fields &= target.expire_nearest != u64::MAX;
                target.expire_not_before = target.expire_nearest;
                target.expire_step_at = target.expire_nearest.saturating_add(1);
            }
        }
        let mut fields_left = EXPIRE_STEP_FIELDS;
        for (hash, is_whole) in expired {
            if is_whole {
                self.expire_hashed(hash);
            } else if let Some(key) = self.dbs[db].keys.find_hashed(hash).map(|entry| entry.key().to_vec()) {
                let removed = self.expire_fields(hash, &key, fields_left, &mut core::iter::empty());
                fields_left = fields_left.saturating_sub(removed);
            }
        }
        self.db = current;
    }

    pub(super) fn free_step(&mut self) {
        let Some(garbage) = self.garbage.front_mut() else { return };
        let done = match garbage {
            Garbage::Table(table) => table.free_some(FREE_STEP_ELEMENTS),
            Garbage::Value(Value::List(list)) => list.free_some(FREE_STEP_ELEMENTS),
            Garbage::Value(Value::Hash(hash)) => hash.free_some(FREE_STEP_ELEMENTS),
            Garbage::Value(Value::Set(set)) => set.free_some(FREE_STEP_ELEMENTS),
            Garbage::Value(Value::Zset(zset)) => zset.free_some(FREE_STEP_ELEMENTS),
            Garbage::Value(Value::Stream(stream)) => stream.free_some(FREE_STEP_ELEMENTS),
            Garbage::Value(Value::Int(_) | Value::Bytes(_)) => true,
        };
        if done {
            self.garbage.pop_front();
            self.freed += 1;
        }
    }
}
