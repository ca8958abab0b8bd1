//! All databases of an engine, and the one door through which commands reach a key.
//!
//! Reading a key may delete it because its time has come; changing one touches the clients that WATCH it,
//! wakes those that wait for it, counts for persistence and may be announced. So handlers never reach into a
//! table: they ask the store, and call [`Store::changed`] for what they did.

mod databases;
mod evict;
mod fields;
mod interest;
mod load;
mod relocate;
mod save;
mod typed;
mod upkeep;

pub(crate) use evict::{Attempt, Policy};
pub(crate) use interest::Ready;
pub(crate) use relocate::Place;
pub(crate) use save::{SaveState, SaveStep, StreamsSeen};

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use super::access::Access;
use super::entry::{Entry, Value, ValueRef};
use super::keys::Keys;
use super::snapshot::Saver;
use crate::base::ConnId;
use crate::base::memory::Memory;
use crate::base::random::Random;
use crate::base::secret::{CHOICES, derive};
use crate::keyspace::effects::Effects;
use crate::number;
use crate::structures::ordered::{OrderedMap, OrderedSet};
use crate::structures::table::{HashSeed, Keyed, Table};
use crate::types::EncodingLimits;
use crate::types::stream::{Group, Stream};

/// A collection with at most so many elements is freed at once.
const FREE_AT_ONCE_ELEMENTS: usize = 64;

/// Values that are being freed step by step at most; another one is freed at once.
const GARBAGE_MAX: usize = 4096;

/// Kinds of keyspace notifications, with the letters of `notify-keyspace-events`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum NotifyClass {
    /// `g`: commands of any type.
    Generic = 1 << 2,
    /// `$`: strings.
    String = 1 << 3,
    /// `l`: lists.
    List = 1 << 4,
    /// `s`: sets.
    Set = 1 << 5,
    /// `h`: hashes.
    Hash = 1 << 6,
    /// `z`: sorted sets.
    Zset = 1 << 7,
    /// `x`: keys that expired.
    Expired = 1 << 8,
    /// `e`: keys that were evicted.
    Evicted = 1 << 9,
    /// `t`: streams.
    Stream = 1 << 10,
    /// `m`: keys that were looked for and not found.
    KeyMiss = 1 << 11,
    /// `n`: keys that are new.
    New = 1 << 14,
}

/// An announcement that is still to be published.
pub struct Notice {
    /// The database of the key.
    pub db: usize,
    /// The event's name.
    pub event: &'static str,
    /// The key.
    pub key: Box<[u8]>,
}

/// A change that clients who cache what they read must hear of.
pub enum Invalidation {
    /// A key has changed or gone.
    Key {
        /// The key; tracking knows no databases.
        key: Box<[u8]>,
        /// Whether the running command did that, and not time.
        is_by_command: bool,
    },
    /// Databases were emptied.
    All,
}

/// One database.
struct Db {
    keys: Keys,
    /// Keys with a deadline.
    volatile: usize,
    /// No key's deadline is earlier, in unix milliseconds; `u64::MAX` when there is none.
    expire_not_before: u64,
    /// When active expiry wants its next step, in unix milliseconds.
    expire_step_at: u64,
    /// Where active expiry goes on.
    expire_cursor: u64,
    /// The earliest deadline seen in the round of active expiry that is under way.
    expire_nearest: u64,
    /// Whether a hash may have fields with deadlines. The bounds above hold for these deadlines too.
    has_timed_fields: bool,
    /// Connections that watch a key.
    watchers: OrderedMap<Vec<u8>, Vec<ConnId>>,
    /// Connections that wait for a key, the one that waits longest first.
    waiters: OrderedMap<Vec<u8>, VecDeque<ConnId>>,
    /// Those of the keys with waiters for which every change counts, and not only that they come into being.
    growing: OrderedSet<Vec<u8>>,
    /// Keys whose end wakes the connections that wait for them, with the number of such waits.
    loss_waiters: OrderedMap<Vec<u8>, usize>,
}

impl Db {
    fn new(seed: HashSeed, index: usize) -> Db {
        Db {
            keys: Keys::new(seed, index),
            volatile: 0,
            expire_not_before: u64::MAX,
            expire_step_at: u64::MAX,
            expire_cursor: 0,
            expire_nearest: u64::MAX,
            has_timed_fields: false,
            watchers: OrderedMap::new(),
            waiters: OrderedMap::new(),
            growing: OrderedSet::new(),
            loss_waiters: OrderedMap::new(),
        }
    }

    /// Whether anything in here may expire.
    fn is_volatile(&self) -> bool {
        self.volatile > 0 || self.has_timed_fields
    }

    /// Takes note of a deadline that a key with this hash now has.
    fn note_deadline(&mut self, hash: u64, at: u64) {
        self.keys.note_deadline(hash, at);
        self.expire_not_before = self.expire_not_before.min(at);
        // A key lives through the millisecond of its deadline.
        self.expire_step_at = self.expire_step_at.min(at.saturating_add(1));
        // The round under way may have passed this key's segment already.
        self.expire_nearest = self.expire_nearest.min(at);
    }
}

/// The databases; see the module's description.
pub struct Store {
    dbs: Vec<Db>,
    /// What saves keys before they change.
    saver: Saver,
    /// What was seen of streams, for the version of files.
    pub(crate) streams_seen: StreamsSeen,
    /// The database that the running command works on.
    pub db: usize,
    /// The time of the running command, in unix milliseconds.
    pub now: u64,
    /// A time that does not go back, in milliseconds: see [`Server::steady`](crate::server::Server).
    pub steady: u64,
    /// Source of every random choice.
    pub random: Random,
    /// How collections are stored, and the secret that their tables hash with.
    pub encoding_limits: EncodingLimits,
    /// Changes since the engine began.
    pub dirty: u64,
    /// What the running command's writes amount to.
    pub effects: Effects,
    /// Kinds of notifications that are wanted, as bits of [`NotifyClass`] and the two channel bits.
    pub notify: u16,
    /// Announcements of the running command.
    pub notices: Vec<Notice>,
    /// Connections whose watched keys were changed by the running command.
    pub touched: Vec<ConnId>,
    /// Changes of the running command while any client tracks.
    pub invalidated: Vec<Invalidation>,
    /// Whether any client tracks; then [`Store::watching`] counts one more.
    notes_changes: bool,
    /// Whether nothing may be deleted by itself (CLIENT PAUSE): what has expired then only looks as if it were gone.
    pub is_still: bool,
    /// Fields that have expired meanwhile and were removed when someone asked for their hash: replicas and listeners
    /// hear of it afterwards.
    held_back: Vec<fields::ExpiredFields>,
    /// Keys that were changed while someone waits for them, the first one first.
    pub ready: Ready,
    /// Keys with at least one waiter in any database.
    waiting: usize,
    /// Waits, in any database, that the end of a key ends.
    waiting_for_loss: usize,
    /// Keys with at least one watcher in any database, and those whose growth a client waits for.
    watching: usize,
    /// Values being freed step by step.
    garbage: VecDeque<Garbage>,
    /// Lookups for reading that found a key, and those that did not.
    pub hits: u64,
    /// See `hits`.
    pub misses: u64,
    /// Keys that expired.
    pub expired_keys: u64,
    /// Keys that were evicted.
    pub evicted_keys: u64,
    /// How uses of keys are noted.
    pub access: Access,
    /// Keys that may be evicted next.
    pool: evict::Pool,
    /// Fields of hashes that expired.
    pub expired_fields: u64,
    /// Values and databases whose memory was given back in steps.
    pub freed: u64,
    /// Whether keys expire only when asked for (DEBUG SET-ACTIVE-EXPIRE 0).
    pub active_expire: bool,
    /// Whether reading leaves the access clock alone (CLIENT NO-TOUCH).
    pub no_touch: bool,
    /// Hash of the key that the pre-pass has computed, with the key's address.
    hint: (usize, usize, u64),
    /// What is left of memory.
    pub(crate) memory: Memory,
    /// Keys that were looked for and keys that were said to have changed, for tests.
    #[cfg(test)]
    pub(crate) used: core::cell::RefCell<Used>,
}

/// See [`Store::used`].
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Used {
    pub(crate) touched: Vec<Vec<u8>>,
    pub(crate) changed: Vec<Vec<u8>>,
}

/// What is deleted and still to be freed.
pub(super) enum Garbage {
    Value(Value),
    Table(Table<Entry>),
}

impl Store {
    /// `databases` empty databases.
    pub fn new(databases: usize, seed: [u8; 16]) -> Store {
        let choices = derive(seed, CHOICES);
        let mut random = Random::new(choices[..16].try_into().expect("a digest has more bytes"));
        let hash_seed = HashSeed::derived(seed);
        let access = Access::new(random.fork());
        Store {
            dbs: (0..databases).map(|index| Db::new(hash_seed, index)).collect(),
            saver: Saver::new(),
            streams_seen: StreamsSeen::default(),
            db: 0,
            now: 0,
            steady: 0,
            random,
            encoding_limits: EncodingLimits::new(hash_seed),
            dirty: 0,
            effects: Effects::default(),
            notify: 0,
            notices: Vec::new(),
            touched: Vec::new(),
            invalidated: Vec::new(),
            notes_changes: false,
            is_still: false,
            held_back: Vec::new(),
            ready: Ready::default(),
            waiting: 0,
            waiting_for_loss: 0,
            watching: 0,
            garbage: VecDeque::new(),
            hits: 0,
            misses: 0,
            expired_keys: 0,
            evicted_keys: 0,
            access,
            pool: evict::Pool::default(),
            expired_fields: 0,
            freed: 0,
            active_expire: true,
            no_touch: false,
            hint: (0, 0, 0),
            memory: Memory::UNKNOWN,
            #[cfg(test)]
            used: Default::default(),
        }
    }

    // ----- finding -----

    /// How many databases there are.
    pub fn databases(&self) -> usize {
        self.dbs.len()
    }

    /// The entry of `key` for a command that reads; counts as a hit or a miss.
    #[inline]
    pub fn read(&mut self, key: &[u8]) -> Option<&Entry> {
        self.read_with(key, !self.no_touch)
    }

    /// As [`Store::read`], without moving the access clock, as TTL and TYPE look.
    pub fn read_untouched(&mut self, key: &[u8]) -> Option<&Entry> {
        self.read_with(key, false)
    }

    #[inline]
    fn read_with(&mut self, key: &[u8], touch: bool) -> Option<&Entry> {
        let hash = self.hash(key);
        let is_hidden = self.is_expired(hash, key) && !self.expire(hash, key);
        let Store { dbs, db, hits, misses, notices, notify, access, steady, .. } = self;
        let keys = &mut dbs[*db].keys;
        let found = match is_hidden {
            true => None,
            false if touch => keys.used(hash, key, access, *steady),
            false => keys.find(hash, key),
        };
        if found.is_some() {
            *hits += 1;
        } else {
            *misses += 1;
            if *notify & NotifyClass::KeyMiss as u16 != 0 {
                notices.push(Notice { db: *db, event: "keymiss", key: key.into() });
            }
        }
        found
    }

    /// The entry of `key` without counting a hit or a miss, moving the access clock or announcing a miss.
    pub fn peek(&mut self, key: &[u8]) -> Option<&Entry> {
        let hash = self.hash(key);
        if self.is_expired(hash, key) && !self.expire(hash, key) {
            return None;
        }
        self.dbs[self.db].keys.find(hash, key)
    }

    /// The entry of `key` as it lies there, also after its time has come.
    pub(crate) fn look_at_all(&self, key: &[u8]) -> Option<&Entry> {
        self.dbs[self.db].keys.find(self.hash(key), key)
    }

    /// As [`Store::peek`], counting a hit or a miss: so OBJECT looks.
    pub fn peek_counted(&mut self, key: &[u8]) -> Option<&Entry> {
        let hash = self.hash(key);
        let is_gone = self.is_expired(hash, key) && !self.expire(hash, key);
        let Store { dbs, db, hits, misses, .. } = self;
        let entry = dbs[*db].keys.find(hash, key).filter(|_| !is_gone);
        *if entry.is_some() { hits } else { misses } += 1;
        entry
    }

    /// The entry of `key` as it is, for a command that has asked for several keys with [`Store::read`], which
    /// lets what must expire, and now looks at all of them at once.
    pub fn view(&self, key: &[u8]) -> Option<&Entry> {
        let hash = self.hash(key);
        self.dbs[self.db].keys.find(hash, key).filter(|_| !(self.is_still && self.is_expired(hash, key)))
    }

    /// The entry of `key` for a command that changes it.
    #[inline]
    pub fn write(&mut self, key: &[u8]) -> Option<&mut Entry> {
        self.write_bytes(key, 0..usize::MAX)
    }

    /// The entry of `key` for a command that changes only bytes of this range if it is a string, or appends some.
    #[inline(always)]
    pub fn write_bytes(&mut self, key: &[u8], bytes: Range<usize>) -> Option<&mut Entry> {
        let hash = self.hash(key);
        if self.is_expired(hash, key) {
            self.expire(hash, key);
        }
        let Store { dbs, db, access, steady, saver, .. } = self;
        let entry = dbs[*db].keys.change_bytes(hash, key, saver, bytes)?;
        access.mark(entry, *steady);
        Some(entry)
    }

    /// The entry of `key` for a command that may change it afterwards, only to look at.
    #[inline]
    pub fn look(&mut self, key: &[u8]) -> Option<&Entry> {
        let hash = self.hash(key);
        if self.is_expired(hash, key) {
            self.expire(hash, key);
        }
        let Store { dbs, db, access, steady, .. } = self;
        dbs[*db].keys.used(hash, key, access, *steady)
    }

    /// Whether the key exists, without counting.
    pub fn exists(&mut self, key: &[u8]) -> bool {
        self.peek(key).is_some()
    }

    // ----- changing -----

    /// Sets `key` to a string, replacing whatever was there; the old deadline goes unless `keep_deadline`.
    #[inline]
    pub fn put_string(&mut self, key: &[u8], bytes: &[u8], deadline: Option<u64>, keep_deadline: bool) {
        let hash = self.hash(key);
        if self.is_expired(hash, key) {
            self.expire(hash, key);
        }
        let number = number::parse_i64(bytes);
        let Store { dbs, db, saver, garbage, steady, .. } = self;
        let steady = *steady;
        if let Some((entry, was_collection)) = dbs[*db].keys.overwrite(hash, key, saver, garbage) {
            match number {
                Some(number) => entry.set_int(number),
                None => entry.set_bytes(bytes),
            }
            self.access.mark(entry, steady);
            let is_kept = keep_deadline && deadline.is_none();
            if !is_kept && entry.deadline() != deadline {
                self.put_deadline(hash, key, deadline);
            }
            if was_collection && self.waiting_for_loss != 0 {
                self.wake_of_loss(key);
            }
        } else {
            let mut entry = match number {
                Some(number) => Entry::with_value(key, Value::Int(number), deadline),
                None => Entry::with_bytes(key, bytes, deadline),
            };
            self.access.mark_new(&mut entry, steady);
            self.insert_new(hash, entry);
        }
    }

    /// Sets `key` to `value`, replacing whatever was there, deadline included.
    pub fn put(&mut self, key: &[u8], value: Value, deadline: Option<u64>) {
        self.put_entry(Entry::with_value(key, value, deadline));
    }

    /// Sets `key`, which must not be there, to `value`.
    pub fn put_new(&mut self, key: &[u8], value: Value) {
        let hash = self.hash(key);
        let mut entry = Entry::with_value(key, value, None);
        self.access.mark_new(&mut entry, self.steady);
        self.insert_new(hash, entry);
    }

    /// Puts an entry in, replacing whatever was at its key.
    pub fn put_entry(&mut self, mut entry: Entry) {
        // How often a key is used follows its value to another key.
        if !self.access.counts || entry.access() == 0 {
            self.access.mark_new(&mut entry, self.steady);
        }
        self.put_restored(entry);
    }

    /// As [`Store::put_entry`], with the entry's own access clock.
    pub fn put_restored(&mut self, entry: Entry) {
        let is_new = !self.remove(entry.key());
        let hash = self.hash(entry.key());
        let field_deadline = entry.field_deadline();
        if let ValueRef::Stream(stream) = entry.value() {
            self.streams_seen.look_at(stream);
        }
        if is_new {
            self.insert_new(hash, entry);
        } else {
            self.insert_silently(hash, entry);
        }
        if let Some(at) = field_deadline {
            let db = &mut self.dbs[self.db];
            db.has_timed_fields = true;
            db.note_deadline(hash, at);
        }
    }

    /// Sets or clears the deadline of an existing key, in unix milliseconds.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<u64>) {
        let hash = self.hash(key);
        self.put_deadline(hash, key, deadline);
    }

    /// Deletes `key`; true if it was there. Large values are freed step by step later.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        if self.is_expired(hash, key) {
            self.expire(hash, key);
        }
        self.delete(hash, key)
    }

    /// Takes the entry of `key` out of the database, to be put in again by the same command.
    pub fn take(&mut self, key: &[u8]) -> Option<Entry> {
        let hash = self.hash(key);
        if self.is_expired(hash, key) {
            self.expire(hash, key);
        }
        let db = &mut self.dbs[self.db];
        let entry = db.keys.take(hash, key, &mut self.saver)?;
        db.volatile -= usize::from(entry.deadline().is_some());
        if self.waiting_for_loss != 0 {
            self.wake_of_loss(key);
        }
        Some(entry)
    }

    /// Deletes `key` if its collection is empty, with the announcement that Redis makes; true if it did.
    pub fn remove_if_empty(&mut self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        let empty = self.dbs[self.db].keys.find(hash, key).is_some_and(|entry| match entry.value() {
            ValueRef::List(list) => list.is_empty(),
            ValueRef::Hash(hash) => hash.is_empty(),
            ValueRef::Set(set) => set.is_empty(),
            ValueRef::Zset(zset) => zset.is_empty(),
            // Streams and strings may be empty.
            ValueRef::Int(_) | ValueRef::Bytes(_) | ValueRef::Stream(_) => false,
        });
        if empty {
            self.delete(hash, key);
            self.notify(NotifyClass::Generic, "del", key);
        }
        empty
    }

    /// Says that `key` was changed: it counts, touches watchers and is announced.
    #[inline]
    pub fn changed(&mut self, key: &[u8], class: NotifyClass, event: &'static str) {
        self.dirty += 1;
        self.signal(key);
        self.notify(class, event, key);
    }

    /// Touches the watchers of `key`, without counting or announcing a change.
    #[inline]
    pub fn signal(&mut self, key: &[u8]) {
        #[cfg(test)]
        self.used.borrow_mut().changed.push(key.to_vec());
        if self.watching != 0 {
            self.signal_interested(self.db, key, true);
        }
    }

    /// Announces an event on `key`, if that kind is wanted.
    #[inline]
    pub fn notify(&mut self, class: NotifyClass, event: &'static str, key: &[u8]) {
        if self.notify & class as u16 != 0 && self.memory.reserve(&mut self.notices, 1) {
            self.notices.push(Notice { db: self.db, event, key: key.into() });
        }
    }

    /// Whether a command has had an effect on other connections that is still to be seen to.
    #[inline]
    pub fn has_consequences(&self) -> bool {
        !self.touched.is_empty()
            || !self.notices.is_empty()
            || !self.ready.is_empty()
            || !self.invalidated.is_empty()
    }

    /// Frees a group that was taken out of a stream, as a value would be.
    pub fn discard_group(&mut self, group: Group) {
        self.discard(Value::Stream(Box::new(Stream::of_group(group))));
    }

    /// Frees `value`, at once if it is small.
    pub fn discard(&mut self, value: Value) {
        discard(&mut self.garbage, value);
    }

    // ----- the pre-pass -----

    /// Looks up keys early, by their hashes, so that commands find them in the cache.
    ///
    /// Each pass makes one load for every key. The loads of a pass do not depend on each other, so the processor
    /// waits for all of them together.
    #[inline(never)]
    pub fn prefetch(&self, db: usize, hashes: &[u64]) {
        const KEYS_MAX: usize = 32;
        let keys = &self.dbs[db].keys;
        let mut found: [Option<&Entry>; KEYS_MAX] = [None; KEYS_MAX];
        for &hash in hashes {
            keys.touch_segment(hash);
        }
        for (&hash, slot) in hashes.iter().zip(&mut found) {
            *slot = keys.touch(hash);
        }
        for entry in found[..hashes.len().min(KEYS_MAX)].iter().flatten() {
            core::hint::black_box(entry.address());
        }
        for entry in found[..hashes.len().min(KEYS_MAX)].iter().flatten() {
            core::hint::black_box(entry.access());
        }
        for entry in found[..hashes.len().min(KEYS_MAX)].iter().flatten() {
            core::hint::black_box(entry.last_byte());
        }
    }

    /// Tells the store the hash of the key that the next command will ask for.
    #[inline]
    pub fn hint(&mut self, key: &[u8], hash: u64) {
        self.hint = (key.as_ptr() as usize, key.len(), hash);
    }

    /// Forgets the hint: the buffer that it points into may hold other bytes from now on.
    #[inline]
    pub fn forget_hint(&mut self) {
        self.hint = (0, 0, 0);
    }

    // ----- inside -----

    #[inline(always)]
    fn hash(&self, key: &[u8]) -> u64 {
        #[cfg(test)]
        self.used.borrow_mut().touched.push(key.to_vec());
        if self.hint.0 == key.as_ptr() as usize && self.hint.1 == key.len() && self.hint.0 != 0 {
            return self.hint.2;
        }
        self.encoding_limits.seed.hash(key)
    }

    #[inline(always)]
    fn is_expired(&self, hash: u64, key: &[u8]) -> bool {
        let db = &self.dbs[self.db];
        // Without a deadline that has come anywhere in the database, there is nothing to look up.
        db.expire_not_before < self.now
            && db.volatile > 0
            && db.keys.find(hash, key).and_then(Entry::deadline).is_some_and(|at| at < self.now)
    }

    fn write_or_new(&mut self, key: &[u8], new: impl FnOnce() -> Value) -> &mut Entry {
        if self.write(key).is_none() {
            self.put_new(key, new());
        }
        let hash = self.hash(key);
        let entry = self.dbs[self.db].keys.change(hash, key, &mut self.saver);
        entry.expect("the key was just found or inserted")
    }

    fn insert_new(&mut self, hash: u64, entry: Entry) {
        self.notify(NotifyClass::New, "new", entry.key());
        if self.waiting != 0 {
            self.wake(entry.key());
        }
        self.insert_silently(hash, entry);
    }

    fn insert_silently(&mut self, hash: u64, entry: Entry) {
        let deadline = entry.deadline();
        let db = &mut self.dbs[self.db];
        db.keys.insert(hash, entry, &mut self.saver);
        if let Some(at) = deadline {
            db.volatile += 1;
            db.note_deadline(hash, at);
        }
    }

    /// Deletes a key; true if it was there.
    fn delete(&mut self, hash: u64, key: &[u8]) -> bool {
        let db = &mut self.dbs[self.db];
        let Some(had_deadline) = db.keys.delete(hash, key, &mut self.saver, &mut self.garbage) else {
            return false;
        };
        db.volatile -= usize::from(had_deadline);
        if self.waiting_for_loss != 0 {
            self.wake_of_loss(key);
        }
        true
    }

    /// Deletes the key with this hash; what remains is its entry without the value.
    fn delete_hashed(&mut self, hash: u64) -> Option<Entry> {
        let db = &mut self.dbs[self.db];
        let entry = db.keys.delete_hashed(hash, &mut self.saver, &mut self.garbage)?;
        db.volatile -= usize::from(entry.deadline().is_some());
        if self.waiting_for_loss != 0 {
            self.wake_of_loss(entry.key());
        }
        Some(entry)
    }

    fn put_deadline(&mut self, hash: u64, key: &[u8], deadline: Option<u64>) {
        let db = &mut self.dbs[self.db];
        let Some(entry) = db.keys.change_bytes(hash, key, &mut self.saver, 0..0) else { return };
        db.volatile -= usize::from(entry.deadline().is_some());
        db.volatile += usize::from(deadline.is_some());
        entry.set_deadline(deadline);
        if let Some(at) = deadline {
            db.note_deadline(hash, at);
        }
    }

    /// Deletes a key whose time has come, wherever it was noticed.
    ///
    /// Returns `false` if it must stay for now, hidden.
    #[cold]
    fn expire(&mut self, hash: u64, key: &[u8]) -> bool {
        if self.is_still {
            return false;
        }
        self.delete(hash, key);
        self.has_expired(key);
        true
    }

    /// The same of a key that is named by its hash alone.
    fn expire_hashed(&mut self, hash: u64) {
        if let Some(entry) = self.delete_hashed(hash) {
            self.has_expired(entry.key());
        }
    }

    fn has_expired(&mut self, key: &[u8]) {
        self.expired_keys += 1;
        self.effects.append_now(self.db, [b"DEL".as_slice(), key].into_iter());
        if self.watching != 0 {
            self.signal_interested(self.db, key, false);
        }
        self.notify(NotifyClass::Expired, "expired", key);
    }
}

/// Frees an entry that is in no database, the value as [`discard`].
#[inline]
pub(super) fn discard_entry(garbage: &mut VecDeque<Garbage>, mut entry: Entry) {
    if !entry.is_string() {
        discard(garbage, entry.take_value());
    }
}

/// Frees a small value at once and queues a large one.
fn discard(garbage: &mut VecDeque<Garbage>, value: Value) {
    let len = match &value {
        Value::List(list) => list.len(),
        Value::Hash(hash) => hash.len(),
        Value::Set(set) => set.len(),
        Value::Zset(zset) => zset.len(),
        Value::Stream(stream) => stream.parts(),
        Value::Int(_) | Value::Bytes(_) => 0,
    };
    // The queue is short; otherwise whoever deletes waits for what was deleted before.
    if len > FREE_AT_ONCE_ELEMENTS && garbage.len() < GARBAGE_MAX {
        garbage.push_back(Garbage::Value(value));
    }
}
