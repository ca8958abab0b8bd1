//! An RDB file on its way into the databases.

use alloc::string::String;
use alloc::vec::Vec;

use super::{LoadFault, Loaded};
use crate::base::memory::Memory;
use crate::engine::Engine;
use crate::keyspace::{Entry, ValueRef};
use crate::number;
use crate::rdb::file::{FileReader, Found, Used};
use crate::scripting;
use crate::structures::table::{Batch, Keyed};

/// Integers below this are one value for all keys in Redis, which then knows nothing of their use.
const SHARED_INTEGERS: i64 = 10_000;
/// What Redis keeps of the time of the last use, in seconds.
const CLOCK_MASK: u64 = (1 << 24) - 1;
/// For how long a file was written at most, in seconds, when it is to be told whether a time in it is none.
const WRITTEN_SECONDS_MAX: u64 = 3600;

/// See the module's description.
pub(super) struct RdbLoad {
    reader: FileReader,
    /// Whether keys that have expired are kept.
    keeps_expired: bool,
    is_ended: bool,
    /// Keys that go into their database together.
    waiting: Batch<Entry>,
    /// The hash of the last key, if it was kept.
    last: Option<u64>,
    /// When the file was written, in unix seconds.
    written_at: Option<u64>,
    /// The member of the last key that the next deadline belongs to, in files of KeyDB.
    member: Option<Vec<u8>>,
}

impl RdbLoad {
    pub(super) fn new(reader: FileReader, keeps_expired: bool) -> RdbLoad {
        let (waiting, is_ended) = (Batch::default(), false);
        RdbLoad { reader, keeps_expired, is_ended, waiting, last: None, written_at: None, member: None }
    }

    /// Whether what was told of the use of a key is what Redis tells of values that all keys share: never used, or not
    /// since 1970.
    fn is_unknown(&self, entry: &Entry, used: Used) -> bool {
        let is_shared = matches!(entry.value(), ValueRef::Int(0..SHARED_INTEGERS));
        is_shared
            && match used {
                Used::Frequency(frequency) => frequency == 0,
                Used::IdleSeconds(idle) => self.written_at.is_some_and(|at| {
                    let clock = at & CLOCK_MASK;
                    (clock.saturating_sub(1)..=clock + WRITTEN_SECONDS_MAX).contains(&idle)
                }),
            }
    }
}

impl Engine {
    /// Loads a piece of a file, or what is left of it.
    pub(super) fn load_rdb(
        &mut self,
        now: u64,
        rdb: &mut RdbLoad,
        bytes: Option<&[u8]>,
        loaded: &mut Loaded,
    ) -> Result<(), LoadFault> {
        if rdb.is_ended {
            return Ok(());
        }
        match bytes {
            Some(bytes) if !rdb.reader.push(bytes, &self.server.memory) => {
                return Err(LoadFault::OutOfMemory);
            }
            Some(_) => self.begin(now),
            None => rdb.reader.complete(),
        }
        let done = self.load_keys(now, rdb, loaded).and_then(|()| self.put_waiting(rdb));
        loaded.bytes = rdb.reader.offset();
        done
    }

    /// Puts the keys into the databases that the reader has whole.
    fn load_keys(&mut self, now: u64, rdb: &mut RdbLoad, loaded: &mut Loaded) -> Result<(), LoadFault> {
        let expired_before = if rdb.keeps_expired { 0 } else { now / 1000 };
        let limits = self.store.encoding_limits;
        // Nobody else takes any meanwhile.
        let mut memory: Memory = self.server.memory;
        loop {
            while let Some((entry, used)) = rdb.reader.next_short_string(&mut memory) {
                self.load_key(rdb, entry, used, expired_before, loaded)?;
            }
            match rdb.reader.next(&limits, &mut memory).map_err(LoadFault::File)? {
                None => return Ok(()),
                Some(Found::End) => {
                    rdb.is_ended = true;
                    return Ok(());
                }
                Some(Found::Key { entry, used }) => {
                    self.load_key(rdb, entry, used, expired_before, loaded)?
                }
                Some(found) => self.load_found(rdb, found, loaded)?,
            }
        }
    }

    #[inline]
    fn load_key(
        &mut self,
        rdb: &mut RdbLoad,
        mut entry: Entry,
        used: Option<Used>,
        expired_before: u64,
        loaded: &mut Loaded,
    ) -> Result<(), LoadFault> {
        if entry.deadline().is_some_and(|at| at < expired_before) {
            loaded.expired += 1;
            rdb.last = None;
            return Ok(());
        }
        loaded.keys += 1;
        let (access, now) = (&self.store.access, self.store.steady);
        match used.filter(|&used| !rdb.is_unknown(&entry, used)) {
            Some(Used::IdleSeconds(idle)) if !access.counts => access.set_idle_seconds(&mut entry, idle, now),
            Some(Used::Frequency(frequency)) if access.counts => {
                access.set_frequency(&mut entry, frequency, now)
            }
            _ => entry.set_access(access.of_new(now)),
        }
        let hash = self.store.encoding_limits.seed.hash(entry.key());
        rdb.last = Some(hash);
        if rdb.waiting.push_hashed(hash, entry) { self.put_waiting(rdb) } else { Ok(()) }
    }

    /// Puts the keys that wait into the present database.
    fn put_waiting(&mut self, rdb: &mut RdbLoad) -> Result<(), LoadFault> {
        if !self.store.may_grow() {
            return Err(LoadFault::OutOfMemory);
        }
        let offset = rdb.reader.offset();
        self.store
            .put_loaded(&mut rdb.waiting, self.merges())
            .map_err(|key| LoadFault::Duplicate { key, offset })
    }

    /// Whether what is loaded takes the place of what is there.
    fn merges(&self) -> bool {
        self.server.files.loading.is_some_and(|loading| loading.merges)
    }

    /// What is no key.
    fn load_found(&mut self, rdb: &mut RdbLoad, found: Found, loaded: &mut Loaded) -> Result<(), LoadFault> {
        match found {
            Found::Key { .. } | Found::End => {}
            Found::Aux { name, value } => self.load_fact(rdb, &name, value, loaded)?,
            Found::Sizes { keys, .. } => {
                self.put_waiting(rdb)?;
                self.store.reserve_keys(number::saturate(keys), number::saturate(rdb.reader.left()));
            }
            Found::Function(text) => {
                let merges = self.merges();
                let added = scripting::add_library(&mut self.server, text, merges);
                added.map_err(|error| {
                    LoadFault::Function(String::from_utf8_lossy(&error.text()).into_owned())
                })?;
            }
            Found::Database(index) => {
                self.put_waiting(rdb)?;
                let known = number::exact(index).filter(|&index| index < self.store.databases());
                let offset = rdb.reader.offset();
                self.store.db = known.ok_or(LoadFault::Database { index, offset })?;
            }
            Found::EmptyKey(_) => {
                loaded.empty += 1;
                rdb.last = None;
            }
            Found::Skipped(_) => {
                loaded.skipped += 1;
                rdb.last = None;
            }
        }
        Ok(())
    }

    /// What the writer says of itself changes nothing, but for scripts, which servers before 7.0 have kept so, and for
    /// deadlines of members, which KeyDB writes behind their key.
    fn load_fact(
        &mut self,
        rdb: &mut RdbLoad,
        name: &[u8],
        value: Vec<u8>,
        loaded: &mut Loaded,
    ) -> Result<(), LoadFault> {
        match name {
            b"ctime" => rdb.written_at = number::parse_i64(&value).and_then(|at| u64::try_from(at).ok()),
            // Scripts are a cache: whoever misses one sends it again.
            b"lua" => _ = scripting::keep_script(&mut self.server, &value),
            b"keydb-subexpire-key" => rdb.member = Some(value),
            b"keydb-subexpire-when" => {
                self.put_waiting(rdb)?;
                let at = number::parse_i64(&value).and_then(|at| u64::try_from(at).ok());
                let is_set = match (rdb.last, rdb.member.take(), at) {
                    (Some(hash), Some(member), Some(at)) => {
                        self.store.set_loaded_field_deadline(hash, &member, at.max(1))
                    }
                    _ => false,
                };
                loaded.member_deadlines += u64::from(!is_set);
            }
            _ => {}
        }
        Ok(())
    }
}
