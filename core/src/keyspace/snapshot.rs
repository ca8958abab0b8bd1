//! A snapshot of all databases at one moment, while they change.
//!
//! Every entry has a bit. Between snapshots all bits are equal, to the saver's parity; a snapshot begins by flipping the
//! parity, so that all entries are unsaved at once. A walk in the order of hashes saves them and sets their bits; who
//! changes, moves or deletes an unsaved entry saves it first, into records that wait for their turn. So what is written
//! is what was there when it began, to the last key.
//!
//! What is large is not saved at once:
//!
//! * What is deleted or replaced is kept as an [orphan](Orphan) until the walk has written it, and then freed.
//! * Collections in a table save single elements before these change
//!   ([`saving`](crate::structures::table::saving)). Such an entry stays unsaved until the walk is through with it; when
//!   its key gets another name, it is [displaced](Displaced), and the record is still of the old one.
//! * Lists and streams are written in parts. When one changes meanwhile, what it was becomes an orphan that
//!   [shares](crate::structures::shared) its chunks with what it is: each that changes is copied before.
//! * Long strings are written in parts, and keep those [as they were](Before) that change meanwhile.
//!
//! After an abort the walk goes on without writing, until all bits are equal again.

mod extent;
mod strings;
mod walk;

pub(super) use extent::is_long;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use self::extent::{Extent, end_saving, extent, is_in_parts, saved_by_element, sharing_bytes, value_bytes};
use self::strings::Before;
use super::access::{KeyUse, UseReader};
use super::entry::{Entry, Value, ValueMut};
use super::keys::Keys;
use super::store::{Garbage, discard_entry};
use crate::base::memory::Memory;
use crate::structures::Pieces;
use crate::structures::table::Keyed;
use crate::types::stream::{Id, TailAt};

/// What a record takes besides key and value, in bytes.
const RECORD_BYTES: usize = 64;

/// Writes records as files have them.
pub(crate) trait Recorder: Send {
    /// What follows belongs to this database.
    fn database(&mut self, out: &mut Vec<u8>, index: usize);

    /// A key with all that belongs to it; about how many more bytes writing it was worth.
    fn record(&mut self, out: &mut Vec<u8>, entry: &Entry, used: Option<KeyUse>) -> usize;

    /// The record of a string of so many bytes up to where they begin.
    fn begin_string(
        &mut self,
        out: &mut Vec<u8>,
        key: &[u8],
        deadline: Option<u64>,
        used: Option<KeyUse>,
        len: usize,
    );

    /// What follows these bytes.
    fn end_string(&mut self, out: &mut Vec<u8>, key: &[u8], deadline: Option<u64>);

    /// The record of a list or a stream up to where its parts begin.
    fn begin_parts(&mut self, out: &mut Vec<u8>, entry: &Entry, used: Option<KeyUse>);

    /// The next part; where the one after it begins, if there is one.
    fn part(&mut self, out: &mut Vec<u8>, entry: &Entry, from: Part) -> Option<Part>;

    /// Begins to save a collection that is in a table element by element.
    fn begin_elements(&mut self, entry: &mut Entry, used: Option<KeyUse>, memory: Memory);
}

/// Where a part of a value begins.
#[derive(Clone, Copy, Default)]
pub(crate) struct Part {
    /// The byte of a string, or the chunk of a list.
    pub(crate) index: usize,
    /// The ID at the front of the chunk of a stream that is written; none is yet.
    pub(crate) after: Option<Id>,
    /// What follows of what is behind the chunks of a stream.
    pub(crate) tail: TailAt,
}

/// Where an entry is, and of which database it was when the snapshot began, unless it is displaced.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) db: usize,
    pub(super) hash: u64,
    pub(super) origin: usize,
}

/// A value that is gone, but that is still to be saved.
enum Orphan {
    Entry(Kept),
    /// All keys of a database.
    Keys(Keys),
}

/// An entry that is gone, the database that it is saved as, and about how many bytes it takes: what it shares with an
/// entry that is there counts as that one's.
struct Kept {
    origin: usize,
    entry: Entry,
    before: Option<Box<Before>>,
    bytes: usize,
}

/// An unsaved entry in another place than the walk would look for it at, or a string that is not what it was.
struct Displaced {
    db: usize,
    hash: u64,
    origin: usize,
    before: Option<Box<Before>>,
}

/// What is being written in parts.
struct Current {
    place: Place,
    hash: u64,
    origin: usize,
    has_begun: bool,
    /// Where the next part begins, of what has parts.
    from: Part,
    /// What it was, if it is a string that is not that any more.
    before: Option<Box<Before>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A key of this database.
    Key(usize),
    /// The first orphan, or a key of it.
    Orphan,
}

/// An entry that was taken out to be put in elsewhere.
struct InHand {
    origin: usize,
    is_current: bool,
    before: Option<Box<Before>>,
}

/// Whether a snapshot is under way; see the module's description.
pub(crate) struct Saver {
    /// What the bits of saved entries are.
    parity: u8,
    run: Option<Box<Run>>,
}

/// A snapshot that is under way.
pub(super) struct Run {
    recorder: Box<dyn Recorder>,
    /// What tells how keys are used, where that is saved.
    uses: Option<UseReader>,
    memory: Memory,
    /// What this step has written, the database that it is in, and what looking and compressing was worth.
    ready: Vec<u8>,
    ready_db: Option<usize>,
    effort: usize,
    /// Records of what has changed before the walk came to it.
    early: Pieces,
    early_db: Option<usize>,
    current: Option<Current>,
    orphans: VecDeque<Orphan>,
    /// Bytes of the entries among them.
    kept_bytes: usize,
    /// Bytes of pieces of strings as they were.
    changed_bytes: usize,
    displaced: Vec<Displaced>,
    in_hand: Option<InHand>,
    /// Collections that are being saved element by element.
    by_element: usize,
    /// Keys that are saved, and all of them.
    done: u64,
    total: u64,
    /// Whether nothing is written any more.
    is_clearing: bool,
    /// Why, if nobody has asked for it.
    failure: Option<&'static str>,
}

/// What there is no memory for.
const NO_MEMORY: &str = "there is no memory for what changes during a snapshot";
/// What must not happen.
const NOT_WHOLE: &str = "the snapshot is not whole, which is a fault of the engine";

impl Saver {
    pub(super) fn new() -> Saver {
        Saver { parity: Entry::SAVED_BITS[0], run: None }
    }

    /// What the bit of an entry is that needs not be saved.
    #[inline(always)]
    pub(super) fn parity(&self) -> u8 {
        self.parity
    }

    /// Begins with all of `total` keys unsaved.
    pub(super) fn begin(
        &mut self,
        recorder: Box<dyn Recorder>,
        uses: Option<UseReader>,
        memory: Memory,
        total: u64,
    ) {
        self.parity = opposite(self.parity);
        self.run = Some(Box::new(Run {
            recorder,
            uses,
            memory: memory.anew(),
            ready: Vec::new(),
            ready_db: None,
            effort: 0,
            early: Pieces::default(),
            early_db: None,
            current: None,
            orphans: VecDeque::new(),
            kept_bytes: 0,
            changed_bytes: 0,
            displaced: Vec::new(),
            in_hand: None,
            by_element: 0,
            done: 0,
            total,
            is_clearing: false,
            failure: None,
        }));
    }

    /// The snapshot that is under way.
    pub(super) fn run(&mut self) -> Option<&mut Run> {
        self.run.as_deref_mut()
    }

    /// The same, only to look at.
    pub(super) fn view(&self) -> Option<&Run> {
        self.run.as_deref()
    }

    /// All bits are equal to the parity.
    pub(super) fn end(&mut self) {
        self.run = None;
    }

    // ----- before changes -----

    /// An unsaved entry is going to change where it is; if it is a string, of its bytes only those of this range.
    #[cold]
    pub(super) fn before_change(&mut self, at: At, entry: &mut Entry, bytes: Range<usize>) {
        let parity = self.parity;
        let stays_unsaved = self.run().is_some_and(|run| run.before_change(at, entry, bytes));
        if !stays_unsaved {
            entry.set_saved_bit(parity);
        }
    }

    /// An unsaved entry was taken out, to be put in elsewhere.
    #[cold]
    pub(super) fn before_move(&mut self, at: At, entry: &mut Entry) {
        self.before_change(at, entry, 0..0);
        let is_saved = entry.saved_bit() == self.parity;
        if let Some(run) = self.run.as_deref_mut().filter(|_| !is_saved) {
            let is_current = run.is_current(at);
            let (origin, before) = run.take_displaced(at);
            run.in_hand = Some(InHand { origin, is_current, before });
        }
    }

    /// An entry is going to be put in.
    #[inline(always)]
    pub(super) fn before_insert(&mut self, at: At, entry: &mut Entry) {
        if self.run.is_some() {
            self.settle(at, entry);
        }
    }

    /// What was taken out unsaved is unsaved where it is now.
    #[cold]
    fn settle(&mut self, at: At, entry: &mut Entry) {
        let parity = self.parity;
        let Some(run) = self.run() else { return };
        if run.in_hand.is_some() && (is_in_parts(entry) || saved_by_element(entry).is_some()) {
            let InHand { origin, is_current, before } = run.in_hand.take().expect("it was just seen");
            if is_current && let Some(current) = &mut run.current {
                (current.place, current.hash) = (Place::Key(at.db), at.hash);
            }
            run.displaced.push(Displaced { db: at.db, hash: at.hash, origin, before });
            entry.set_saved_bit(opposite(parity));
        }
    }

    /// Frees an entry that is out of its database, or keeps it until it is saved.
    #[inline]
    pub(super) fn leave(&mut self, at: At, entry: Entry, garbage: &mut VecDeque<Garbage>) {
        if entry.saved_bit() == self.parity {
            discard_entry(garbage, entry);
        } else {
            self.leave_unsaved(at, entry, garbage);
        }
    }

    #[cold]
    fn leave_unsaved(&mut self, at: At, mut entry: Entry, garbage: &mut VecDeque<Garbage>) {
        let Some(run) = self.run() else { return discard_entry(garbage, entry) };
        let (origin, before) = run.take_displaced(at);
        if run.is_clearing {
            discard_entry(garbage, entry);
        } else if run.is_current(at) {
            run.keep(origin, entry, before, true);
            run.make_current_an_orphan();
        } else if extent(&mut entry) != Extent::Small || saved_by_element(&mut entry).is_some() {
            run.keep(origin, entry, before, false);
        } else {
            run.record_early(origin, &entry);
            discard_entry(garbage, entry);
        }
    }

    /// Frees the keys of a database that is emptied, or keeps them until they are saved.
    pub(super) fn leave_all(&mut self, db: usize, mut keys: Keys, garbage: &mut VecDeque<Garbage>) {
        let Some(run) = self.run.as_deref_mut().filter(|run| !run.is_clearing) else {
            return garbage.push_back(Garbage::Table(keys.into_table()));
        };
        let current = run.current.as_ref().filter(|current| current.place == Place::Key(db));
        let current = current.map(|current| current.hash);
        if current.is_some() {
            run.make_current_an_orphan();
        }
        let mut is_found = false;
        // What the walk would not find among these keys is kept by itself. What is being written comes first.
        for displaced in core::mem::take(&mut run.displaced) {
            if displaced.db != db {
                run.displaced.push(displaced);
            } else if let Some(entry) = keys.take_for_saver(displaced.hash) {
                let is_current = current == Some(displaced.hash);
                is_found |= is_current;
                run.keep(displaced.origin, entry, displaced.before, is_current);
            }
        }
        match keys.is_walked_as() {
            Some(_) if current.is_some() && !is_found => run.orphans.push_front(Orphan::Keys(keys)),
            Some(_) => run.orphans.push_back(Orphan::Keys(keys)),
            None => garbage.push_back(Garbage::Table(keys.into_table())),
        }
    }

    /// The keys of two databases have changed places.
    pub(super) fn swapped(&mut self, first: usize, second: usize) {
        let Some(run) = self.run() else { return };
        let other = |db: usize| match db {
            db if db == first => second,
            db if db == second => first,
            db => db,
        };
        for displaced in &mut run.displaced {
            displaced.db = other(displaced.db);
        }
        if let Some(current) = &mut run.current
            && let Place::Key(db) = &mut current.place
        {
            *db = other(*db);
        }
    }

    /// Ends the snapshot; what was not written is not written any more.
    pub(super) fn abort(&mut self) {
        if let Some(run) = self.run() {
            run.stop();
        }
    }
}

impl Run {
    /// Keys that are saved, and all of them.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.done, self.total)
    }

    /// Whether nothing is written any more.
    pub(super) fn is_clearing(&self) -> bool {
        self.is_clearing
    }

    /// Why nothing is, if nobody has asked for it; the first time.
    pub(super) fn take_failure(&mut self) -> Option<&'static str> {
        self.failure.take()
    }

    /// Whether there is something to tell.
    pub(super) fn has_failure(&self) -> bool {
        self.failure.is_some()
    }

    /// Bytes of records and values that wait for their turn.
    pub(super) fn held_bytes(&self) -> usize {
        self.early.len() + self.kept_bytes + self.changed_bytes
    }

    /// Whether values are kept for the snapshot alone.
    pub(super) fn keeps_any(&self) -> bool {
        !self.is_clearing && (!self.early.is_empty() || !self.orphans.is_empty() || self.by_element > 0)
    }

    /// There is no memory to go on; what was kept is freed.
    pub(super) fn fail_for_memory(&mut self, garbage: &mut VecDeque<Garbage>) {
        self.fail(NO_MEMORY);
        while let Some(orphan) = self.orphans.pop_front() {
            self.free_orphan(orphan, garbage);
        }
    }

    fn free_orphan(&mut self, orphan: Orphan, garbage: &mut VecDeque<Garbage>) {
        match orphan {
            Orphan::Entry(kept) => self.free(kept, garbage),
            Orphan::Keys(keys) => garbage.push_back(Garbage::Table(keys.into_table())),
        }
    }

    fn fail(&mut self, why: &'static str) {
        if !self.is_clearing {
            self.failure = Some(why);
            self.stop();
        }
    }

    fn stop(&mut self) {
        self.is_clearing = true;
        self.current = None;
        self.in_hand = None;
        self.displaced.iter_mut().for_each(|displaced| displaced.before = None);
        self.changed_bytes = 0;
        self.early = Pieces::default();
        self.ready = Vec::new();
    }

    // ----- before changes -----

    fn keep(&mut self, origin: usize, entry: Entry, before: Option<Box<Before>>, is_first: bool) {
        let bytes = value_bytes(&entry);
        self.keep_counted(Kept { origin, entry, before, bytes }, is_first);
    }

    fn keep_counted(&mut self, kept: Kept, is_first: bool) {
        self.kept_bytes += kept.bytes;
        let orphan = Orphan::Entry(kept);
        if is_first { self.orphans.push_front(orphan) } else { self.orphans.push_back(orphan) }
    }

    fn free(&mut self, kept: Kept, garbage: &mut VecDeque<Garbage>) {
        self.kept_bytes -= kept.bytes;
        discard_entry(garbage, kept.entry);
    }

    /// Returns whether the entry stays unsaved, with its elements saved as they change.
    fn before_change(&mut self, at: At, entry: &mut Entry, bytes: Range<usize>) -> bool {
        if self.is_clearing {
            end_saving(entry);
            return false;
        }
        if saved_by_element(entry).is_some() {
            return true;
        }
        if is_in_parts(entry) {
            return self.keep_string(at, entry, bytes);
        }
        let is_current = self.is_current(at);
        if self.leave_shared(at, entry, is_current) {
            return false;
        }
        // Also when it is next, and nothing of it is written.
        if extent(entry) == Extent::Elements {
            self.begin_elements(entry);
            return true;
        }
        if is_current {
            self.finish_current(entry);
            return false;
        }
        self.record_early(at.origin, entry);
        false
    }

    /// Keeps what a long list or stream is as an orphan, which shares its chunks with what it becomes; `false` for what is
    /// saved in another way.
    fn leave_shared(&mut self, at: At, entry: &mut Entry, is_current: bool) -> bool {
        if extent(entry) != Extent::Parts {
            return false;
        }
        let Some(bytes) = sharing_bytes(entry) else { return false };
        if self.memory.take(bytes + entry.key().len() + RECORD_BYTES).is_err() {
            self.fail(NO_MEMORY);
            return true;
        }
        let value = match entry.value_mut() {
            ValueMut::List(list) => list.share().map(|list| Value::List(Box::new(list))),
            ValueMut::Stream(stream) => Some(Value::Stream(Box::new(stream.share()))),
            ValueMut::String | ValueMut::Hash(_) | ValueMut::Set(_) | ValueMut::Zset(_) => None,
        };
        let Some(value) = value else { return false };
        let mut orphan = Entry::with_value(entry.key(), value, entry.deadline());
        orphan.set_access(entry.access());
        let origin = self.take_origin(at);
        self.keep_counted(Kept { origin, entry: orphan, before: None, bytes }, is_current);
        if is_current {
            self.make_current_an_orphan();
        }
        true
    }

    fn record_early(&mut self, origin: usize, entry: &Entry) {
        let bytes = value_bytes(entry);
        if self.memory.take(entry.key().len() + bytes + RECORD_BYTES).is_err() || !self.has_memory(bytes) {
            return self.fail(NO_MEMORY);
        }
        let used = self.used(entry);
        let Run { recorder, early, early_db, .. } = self;
        early.append_with(|out| {
            if *early_db != Some(origin) {
                *early_db = Some(origin);
                recorder.database(out, origin);
            }
            recorder.record(out, entry, used);
        });
        self.done += 1;
    }

    fn begin_elements(&mut self, entry: &mut Entry) {
        let used = self.used(entry);
        self.recorder.begin_elements(entry, used, self.memory);
        self.by_element += 1;
    }

    /// Writes the rest of what is being written in parts.
    fn finish_current(&mut self, entry: &mut Entry) {
        if let Some(mut current) = self.current.take() {
            while !self.advance(&mut current, entry, usize::MAX) {}
            self.done += 1;
        }
    }

    fn is_current(&self, at: At) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| current.place == Place::Key(at.db) && current.hash == at.hash)
    }

    fn make_current_an_orphan(&mut self) {
        if let Some(current) = &mut self.current {
            current.place = Place::Orphan;
        }
    }

    /// The database that an entry is saved as, and what it was if it is not that; it is displaced no more.
    fn take_displaced(&mut self, at: At) -> (usize, Option<Box<Before>>) {
        let found = self.displaced.iter().position(|other| other.db == at.db && other.hash == at.hash);
        let found = found.map(|index| self.displaced.swap_remove(index));
        found.map_or((at.origin, None), |displaced| (displaced.origin, displaced.before))
    }

    fn take_origin(&mut self, at: At) -> usize {
        self.take_displaced(at).0
    }

    fn displaced_at(&mut self, at: At) -> Option<&mut Displaced> {
        self.displaced.iter_mut().find(|other| other.db == at.db && other.hash == at.hash)
    }

    fn used(&self, entry: &Entry) -> Option<KeyUse> {
        self.uses.map(|uses| uses.read(entry.access()))
    }
}

/// The other parity.
fn opposite(parity: u8) -> u8 {
    let [first, second] = Entry::SAVED_BITS;
    if parity == first { second } else { first }
}

#[cfg(test)]
mod tests;
