//! Which key goes when memory is short.
//!
//! As in Redis the best key to evict is not looked for but approximated: a few keys are drawn, and the best of
//! them and of those that were drawn before, which a small pool remembers, goes.

use alloc::vec::Vec;

use super::{NotifyClass, Store};
use crate::number;
use crate::structures::table::Keyed;

/// Keys that the pool remembers.
const POOL_KEYS: usize = 16;
/// Segments that one attempt looks through for keys with a deadline.
const SEGMENTS_PER_ATTEMPT: usize = 256;

/// `maxmemory-policy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Its name.
    pub name: &'static str,
    /// Which keys go first; `None` evicts nothing.
    pub order: Option<Order>,
    /// Whether only keys with a deadline may go.
    pub only_volatile: bool,
}

/// Which keys go first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Those not used for the longest time.
    Idle,
    /// Those used least often.
    Rare,
    /// Any.
    Random,
    /// Those whose deadline is the nearest.
    Deadline,
}

impl Policy {
    /// All policies, in the order in which Redis names them.
    pub const ALL: [Policy; 8] = [
        Policy { name: "volatile-lru", order: Some(Order::Idle), only_volatile: true },
        Policy { name: "volatile-lfu", order: Some(Order::Rare), only_volatile: true },
        Policy { name: "volatile-random", order: Some(Order::Random), only_volatile: true },
        Policy { name: "volatile-ttl", order: Some(Order::Deadline), only_volatile: true },
        Policy { name: "allkeys-lru", order: Some(Order::Idle), only_volatile: false },
        Policy { name: "allkeys-lfu", order: Some(Order::Rare), only_volatile: false },
        Policy { name: "allkeys-random", order: Some(Order::Random), only_volatile: false },
        Policy { name: "noeviction", order: None, only_volatile: false },
    ];

    /// Nothing is evicted.
    pub const NONE: Policy = Policy::ALL[7];

    /// Whether the policy goes by how keys are used, so that files tell it.
    pub(crate) fn tells_use(self) -> bool {
        matches!(self.order, Some(Order::Idle | Order::Rare))
    }

    /// Whether the policy counts how often keys are used.
    pub fn counts(self) -> bool {
        self.order == Some(Order::Rare)
    }
}

/// What came of an attempt to evict a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// A key is gone.
    Evicted,
    /// There is one that may go, but it was not found yet.
    Searching,
    /// No key may go.
    Nothing,
}

/// A key that was drawn; the greatest score goes first.
struct Candidate {
    score: u64,
    db: usize,
    /// The hash of the key, which may be long, and names it as well.
    hash: u64,
}

/// What is remembered from one eviction to the next.
#[derive(Default)]
pub(super) struct Pool {
    policy: Option<Policy>,
    /// In ascending order of scores.
    candidates: Vec<Candidate>,
    /// The database that random eviction looks at next.
    next_db: usize,
    /// Where the search for keys with a deadline goes on, in the order of hashes.
    search: Option<u64>,
}

impl Store {
    /// Evicts a key that `policy` chooses among about `samples` keys of each database.
    pub fn evict_one(&mut self, policy: Policy, samples: usize) -> Attempt {
        let Some(order) = policy.order else { return Attempt::Nothing };
        let has_candidates = self
            .dbs
            .iter()
            .any(|db| if policy.only_volatile { db.volatile > 0 } else { !db.keys.is_empty() });
        if !has_candidates {
            return Attempt::Nothing;
        }
        if self.pool.policy != Some(policy) {
            self.pool = Pool { policy: Some(policy), ..Pool::default() };
        }
        if order == Order::Random {
            return self.evict_any(policy);
        }
        for db in 0..self.dbs.len() {
            self.draw(db, policy, order, samples);
        }
        while let Some(Candidate { db, hash, .. }) = self.pool.candidates.pop() {
            let is_there = self.dbs[db]
                .keys
                .find_hashed(hash)
                .is_some_and(|entry| !policy.only_volatile || entry.deadline().is_some());
            if is_there {
                self.evict(db, hash);
                return Attempt::Evicted;
            }
        }
        Attempt::Searching
    }

    /// Frees a part of what is deleted already; `false` if there is nothing.
    pub(crate) fn free_deleted(&mut self) -> bool {
        let is_any = !self.garbage.is_empty();
        self.free_step();
        is_any
    }

    fn evict_any(&mut self, policy: Policy) -> Attempt {
        for _ in 0..self.dbs.len() {
            let db = self.pool.next_db % self.dbs.len();
            self.pool.next_db = db + 1;
            let mut chosen = None;
            let seed = self.encoding_limits.seed;
            self.sample(db, policy, 1, |_, entry| chosen = Some(seed.hash(entry.key())));
            if let Some(hash) = chosen {
                self.evict(db, hash);
                return Attempt::Evicted;
            }
        }
        Attempt::Searching
    }

    /// Draws keys of a database and puts those into the pool that are better than what is there.
    fn draw(&mut self, db: usize, policy: Policy, order: Order, samples: usize) {
        let (now, seed) = (self.steady, self.encoding_limits.seed);
        let mut drawn: Vec<Candidate> = Vec::new();
        self.sample(db, policy, samples, |access, entry| {
            let score = match order {
                Order::Idle => access.idle_seconds(entry.access(), now),
                Order::Rare => u64::from(255 - access.frequency(entry.access(), now)),
                Order::Deadline => u64::MAX - entry.deadline().unwrap_or(u64::MAX),
                Order::Random => 0,
            };
            drawn.push(Candidate { score, db, hash: seed.hash(entry.key()) });
        });
        let pool = &mut self.pool.candidates;
        for candidate in drawn {
            let is_known = pool.iter().any(|other| other.db == db && other.hash == candidate.hash);
            let at = pool.partition_point(|other| other.score < candidate.score);
            if !is_known && (at > 0 || pool.len() < POOL_KEYS) {
                pool.insert(at, candidate);
                if pool.len() > POOL_KEYS {
                    pool.remove(0);
                }
            }
        }
    }

    /// Gives about `most` keys of a database that may go to `visit`.
    fn sample(
        &mut self,
        db: usize,
        policy: Policy,
        most: usize,
        mut visit: impl FnMut(&crate::keyspace::access::Access, &crate::keyspace::Entry),
    ) {
        let Store { dbs, random, pool, access, .. } = self;
        let (keys, volatile) = (&dbs[db].keys, dbs[db].volatile);
        if policy.only_volatile && volatile == 0 || keys.is_empty() {
            return;
        }
        let start = pool.search.take().unwrap_or_else(|| random.next_u64());
        let offset = number::low_index(random.next_u64());
        let mut found = 0;
        let next = keys.sample(start, offset, SEGMENTS_PER_ATTEMPT, policy.only_volatile, |entry| {
            if !policy.only_volatile || entry.deadline().is_some() {
                visit(access, entry);
                found += 1;
            }
            found < most
        });
        // Rare keys with a deadline are found by going on, not by starting anew at random.
        if found == 0 {
            pool.search = Some(next);
        }
    }

    fn evict(&mut self, db: usize, hash: u64) {
        let current = core::mem::replace(&mut self.db, db);
        if let Some(entry) = self.delete_hashed(hash) {
            self.evicted_keys += 1;
            let key = entry.key();
            self.effects.append_now(db, [b"DEL".as_slice(), key].into_iter());
            self.signal(key);
            self.notify(NotifyClass::Evicted, "evicted", key);
        }
        self.db = current;
    }
}
