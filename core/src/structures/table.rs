//! A hash table that grows in small steps: extendible hashing over segments of at most 256 slots.
//!
//! A directory indexed by the top bits of the hash points at segments; a full segment splits in two and only
//! its own entries move, so no insertion pays for the whole table. (R. Fagin et al., "Extendible hashing — a
//! fast access method for dynamic files", ACM TODS 4(3), 1979.) Inside a segment, a control byte per slot
//! holds seven bits of the hash and eight of them are compared at once, as in Google's "Swiss tables".
//!
//! Elements are kept in the order of their hashes as far as the directory goes, which gives SCAN its strong
//! form: a cursor is a position in hash order, so every element that is present throughout is returned
//! exactly once, however often the table grows or shrinks meanwhile.

mod bulk;
mod iter;
pub(crate) mod saving;
mod segment;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, size_of};
use core::ptr::NonNull;

pub(crate) use bulk::Batch;
pub(crate) use iter::Iter;
use saving::Saving;
use segment::{
    DELETED, EMPTY, GROUP, SEGMENT_SLOTS_MAX, SEGMENT_SLOTS_MIN, Segment, capacity, controls, fill_slot,
    fingerprint, first_group, free_segment, layout, load_group, lowest, match_byte, match_empty,
    move_segment, new_segment, slot,
};

use crate::base::bytes;
use crate::base::hash::siphash13;
use crate::base::random::Random;
use crate::base::relocate::{Mover, Relocate};
use crate::base::secret::{HASHES, derive};

/// What a `Table` stores: something that knows its own key.
pub trait Keyed {
    /// Whether it may be an element of a collection that is saved element by element.
    const IS_ELEMENT: bool = true;

    /// The bytes by which the element is found.
    fn key(&self) -> &[u8];
}

/// The secret with which a table hashes, so that clients cannot choose colliding keys.
#[derive(Clone, Copy, Debug)]
pub struct HashSeed(pub u64, pub u64);

impl HashSeed {
    /// The secret of all tables of an engine with this seed.
    pub(crate) fn derived(seed: [u8; 16]) -> HashSeed {
        let [first, second, ..] = *derive(seed, HASHES).as_chunks().0 else {
            unreachable!("a digest has four words")
        };
        HashSeed(u64::from_le_bytes(first), u64::from_le_bytes(second))
    }

    /// The keyed hash of `key`.
    #[inline(always)]
    pub fn hash(self, key: &[u8]) -> u64 {
        siphash13((self.0, self.1), key)
    }
}

/// The directory has at most `1 << DEPTH_MAX` slots; past that, segments overflow into larger ones.
const DEPTH_MAX: u32 = 28;
/// Hash bits below a scan position; the rest keeps a cursor under 2^48, exact in every client's numbers.
const SCAN_SHIFT: u32 = 16;

/// A set of elements found by key; see the module's description.
pub(crate) struct Table<E: Keyed> {
    /// Segment for each value of the top `depth` bits of a hash.
    directory: Vec<NonNull<Segment>>,
    depth: u32,
    len: usize,
    /// Segments whose own depth equals the directory's: at zero the directory can halve.
    deepest: usize,
    seed: HashSeed,
    /// What is to be saved of elements before they change.
    saving: Option<Box<Saving<E>>>,
    owns: PhantomData<E>,
}

impl<E: Keyed + Relocate> Relocate for Table<E> {
    fn relocate(&mut self, mover: &mut Mover) {
        let mut position = Some(0);
        while let Some(at) = position {
            position = self.relocate_segment(at, mover);
        }
    }
}

// SAFETY: the raw segment pointers are owned by the table, like a `Vec<E>`'s buffer.
unsafe impl<E: Keyed + Send> Send for Table<E> {}

impl<E: Keyed> Table<E> {
    /// An empty table; it allocates nothing until the first insertion.
    pub(crate) fn new(seed: HashSeed) -> Self {
        Table { directory: Vec::new(), depth: 0, len: 0, deepest: 0, seed, saving: None, owns: PhantomData }
    }

    /// How many elements the table holds.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether the table holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The hash by which `key` is stored here.
    #[inline(always)]
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        self.seed.hash(key)
    }

    /// The secret that this table hashes with.
    pub(crate) fn seed(&self) -> HashSeed {
        self.seed
    }

    /// The element with this key; `hash` must be [`Table::hash`] of it.
    #[inline]
    pub(crate) fn find(&self, hash: u64, key: &[u8]) -> Option<&E> {
        let segment = self.segment(hash)?;
        let index = self.probe(segment, hash, key)?;
        // SAFETY: `probe` returns the index of a full slot.
        Some(unsafe { self.slot(segment, index).as_ref() })
    }

    /// The element whose key has this hash. Of two with the same one, which nobody can bring about, it is either.
    pub(crate) fn find_hashed(&self, hash: u64) -> Option<&E> {
        let segment = self.segment(hash)?;
        let index = self.probe_for(segment, hash, |element| self.hash(element.key()) == hash)?;
        // SAFETY: `probe_for` returns the index of a full slot.
        Some(unsafe { self.slot(segment, index).as_ref() })
    }

    /// The element with this key, to change in place; its key must stay the same.
    #[inline(always)]
    pub(crate) fn find_mut(&mut self, hash: u64, key: &[u8]) -> Option<&mut E> {
        let segment = self.segment(hash)?;
        let index = self.probe(segment, hash, key)?;
        self.before_change(hash, segment, index);
        // SAFETY: `probe` returns the index of a full slot, and `&mut self` makes the access exclusive.
        Some(unsafe { self.slot(segment, index).as_mut() })
    }

    /// As [`Table::find_hashed`], to change in place.
    pub(crate) fn find_hashed_mut(&mut self, hash: u64) -> Option<&mut E> {
        let segment = self.segment(hash)?;
        let index = self.probe_for(segment, hash, |element| self.hash(element.key()) == hash)?;
        self.before_change(hash, segment, index);
        // SAFETY: as in `find_mut`.
        Some(unsafe { self.slot(segment, index).as_mut() })
    }

    /// Adds an element whose key is not in the table; `hash` must be [`Table::hash`] of its key.
    pub(crate) fn insert_new(&mut self, hash: u64, element: E) -> &mut E {
        if self.directory.is_empty() {
            self.directory.push(new_segment::<E>(SEGMENT_SLOTS_MIN, 0));
            self.deepest = 1;
        }
        let segment = loop {
            let segment = self.segment(hash).expect("the directory is not empty");
            // SAFETY: pointers in the directory are live segments.
            let head = unsafe { segment.as_ref() };
            if usize::from(head.len + head.deleted) < capacity(usize::from(head.slots)) {
                break segment;
            }
            self.make_room(segment, hash);
        };
        let index = fill_slot::<E>(segment, hash, element);
        self.len += 1;
        if E::IS_ELEMENT
            && let Some(saving) = &mut self.saving
        {
            saving.note_new(hash);
        }
        // SAFETY: `fill_slot` has just filled this slot.
        unsafe { self.slot(segment, index).as_mut() }
    }

    /// Loads the memory of the slots where an element with this hash is or would be put.
    #[inline]
    pub(crate) fn touch_slots(&self, hash: u64) {
        if let Some(segment) = self.segment(hash) {
            // SAFETY: the segment is live, and the group lies within its slots. What is read may be anything, also
            // nothing.
            unsafe {
                let slots = usize::from(segment.as_ref().slots);
                let slot = self.slot(segment, first_group(hash, slots) * GROUP);
                core::hint::black_box(slot.cast::<MaybeUninit<u8>>().read());
            }
        }
    }

    /// Takes the element with this key out of the table.
    pub(crate) fn remove(&mut self, hash: u64, key: &[u8]) -> Option<E> {
        let segment = self.segment(hash)?;
        let index = self.probe(segment, hash, key)?;
        Some(self.take(segment, index, hash))
    }

    /// Takes the element out whose key has this hash, as [`Table::find_hashed`].
    pub(crate) fn remove_hashed(&mut self, hash: u64) -> Option<E> {
        let segment = self.segment(hash)?;
        let index = self.probe_for(segment, hash, |element| self.hash(element.key()) == hash)?;
        Some(self.take(segment, index, hash))
    }

    /// Loads the head of `hash`'s segment.
    #[inline]
    pub(crate) fn touch_segment(&self, hash: u64) {
        if let Some(segment) = self.segment(hash) {
            // SAFETY: pointers in the directory are live segments.
            core::hint::black_box(unsafe { segment.as_ref() }.slots);
        }
    }

    /// Loads the control bytes of `hash`'s likely slot, so that a later access finds them in
    /// the cache, and returns that slot.
    #[inline]
    pub(crate) fn touch(&self, hash: u64) -> Option<&E> {
        let segment = self.segment(hash)?;
        // SAFETY: the segment is live; its control bytes are read group by group within its slots.
        unsafe {
            let slots = usize::from(segment.as_ref().slots);
            let start = first_group(hash, slots);
            let matches = match_byte(load_group(controls(segment), start), fingerprint(hash));
            if matches == 0 {
                return None;
            }
            let index = start * GROUP + lowest(matches);
            // A false match of the word-wide comparison may name a slot that is not full.
            (*controls(segment).add(index) == fingerprint(hash)).then(|| self.slot(segment, index).as_ref())
        }
    }

    /// Every element, in no useful order.
    pub(crate) fn iter(&self) -> Iter<'_, E> {
        Iter { table: self, directory_index: 0, slot: 0 }
    }

    /// Calls `visit` for at least `count` elements from `cursor` on, or for all that remain, and returns the
    /// cursor to go on from; 0 begins and 0 ends.
    pub(crate) fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&E)) -> u64 {
        let mut position = cursor;
        let mut left = count.max(1);
        let mut found: Vec<(u64, usize)> = Vec::new();
        if self.directory.is_empty() {
            return 0;
        }
        loop {
            if position >> (64 - SCAN_SHIFT) != 0 {
                return 0;
            }
            let segment = self.segment(position << SCAN_SHIFT).expect("the directory is not empty");
            found.clear();
            self.for_each_full(segment, |index, element| {
                let at = self.hash(element.key()) >> SCAN_SHIFT;
                if at >= position {
                    found.push((at, index));
                }
            });
            found.sort_unstable();
            for (nth, &(at, index)) in found.iter().enumerate() {
                // Elements at one position are never separated, since a cursor could not tell them apart.
                if nth >= left && found[nth - 1].0 != at {
                    return at;
                }
                // SAFETY: the indices were collected from full slots, and nothing changed since.
                visit(unsafe { self.slot(segment, index).as_ref() });
            }
            // SAFETY: the segment is live.
            let depth = u32::from(unsafe { segment.as_ref() }.depth);
            match next_prefix(position << SCAN_SHIFT, depth) {
                Some(start) => position = start >> SCAN_SHIFT,
                None => return 0,
            }
            left = left.saturating_sub(found.len());
            if left == 0 {
                return position;
            }
        }
    }

    /// An element chosen at random, each one about equally likely.
    pub(crate) fn random(&self, random: &mut Random) -> Option<&E> {
        if self.len == 0 {
            return None;
        }
        loop {
            let segment = self.directory[random.index(self.directory.len())];
            // SAFETY: pointers in the directory are live segments.
            let (slots, len, depth) =
                unsafe { (segment.as_ref().slots, segment.as_ref().len, segment.as_ref().depth) };
            // A sparse segment is refused in proportion, and so is one that the directory names many times,
            // or their elements would be drawn too often.
            let span = 1u64 << (self.depth - u32::from(depth));
            if random.below(u64::from(slots) * span) >= u64::from(len) && self.directory.len() > 1 {
                continue;
            }
            if len == 0 {
                continue;
            }
            loop {
                let index = random.index(usize::from(slots));
                // SAFETY: the index is below the segment's slots; a control byte under 0x80 marks a full one.
                unsafe {
                    if *controls(segment).add(index) < DELETED {
                        return Some(self.slot(segment, index).as_ref());
                    }
                }
            }
        }
    }

    /// Gives elements to `visit`, segment by segment from hash position `position` on and from slot `offset` of
    /// each on, until it wants no more or `segments` segments are looked through; with `only_volatile`, segments
    /// that have held no deadline are passed over. Returns the position to go on from.
    pub(crate) fn sample(
        &self,
        position: u64,
        offset: usize,
        segments: usize,
        only_volatile: bool,
        mut visit: impl FnMut(&E) -> bool,
    ) -> u64 {
        let mut position = position;
        for _ in 0..segments {
            let Some(segment) = self.segment(position) else { return position };
            // SAFETY: pointers in the directory are live segments.
            let head = unsafe { segment.as_ref() };
            let (slots, depth) = (usize::from(head.slots), u32::from(head.depth));
            let is_passed_over = only_volatile && head.min_deadline == u64::MAX;
            for nth in 0..if is_passed_over { 0 } else { slots } {
                let index = (offset.wrapping_add(nth)) % slots;
                // SAFETY: the index is below the segment's slots; a control byte under 0x80 marks a full one.
                let is_wanted = unsafe {
                    *controls(segment).add(index) >= DELETED || visit(self.slot(segment, index).as_ref())
                };
                if !is_wanted {
                    return position;
                }
            }
            position = next_prefix(position, depth).unwrap_or(0);
        }
        position
    }

    /// Records that an element with this hash has a deadline, for [`Table::expired`].
    pub(crate) fn note_deadline(&mut self, hash: u64, deadline: u64) {
        if let Some(mut segment) = self.segment(hash) {
            // SAFETY: the segment is live and `&mut self` makes the access exclusive.
            let head = unsafe { segment.as_mut() };
            head.min_deadline = head.min_deadline.min(deadline);
        }
    }

    /// Looks through segments from hash position `cursor` on for elements whose deadline has come.
    ///
    /// At most `segments` segments are looked at and about `most` elements gathered; their keys are given to
    /// `expired`. `deadline_of` tells an element's deadline.
    pub(crate) fn expired(
        &mut self,
        cursor: u64,
        now: u64,
        (segments, most): (usize, usize),
        deadline_of: impl Fn(&E) -> Option<u64>,
        mut expired: impl FnMut(&E),
    ) -> ExpiryScan {
        let mut position = cursor;
        let mut nearest = u64::MAX;
        let mut gathered = 0;
        if self.directory.is_empty() {
            return ExpiryScan { cursor: None, nearest };
        }
        for _ in 0..segments {
            let mut segment = self.segment(position).expect("the directory is not empty");
            // SAFETY: the segment is live and `&mut self` makes the access exclusive.
            let (depth, min) = unsafe { (u32::from(segment.as_ref().depth), segment.as_ref().min_deadline) };
            if min <= now {
                if gathered >= most {
                    return ExpiryScan { cursor: Some(position), nearest: now };
                }
                let mut next = u64::MAX;
                self.for_each_full(segment, |_, element| match deadline_of(element) {
                    Some(deadline) if deadline <= now => {
                        gathered += 1;
                        expired(element);
                    }
                    Some(deadline) => next = next.min(deadline),
                    None => {}
                });
                // The expired elements are removed by the caller; until then the bound need not hold them.
                // SAFETY: as above.
                unsafe { segment.as_mut() }.min_deadline = next;
                nearest = nearest.min(next);
            } else {
                nearest = nearest.min(min);
            }
            match next_prefix(position, depth) {
                Some(next) => position = next,
                None => return ExpiryScan { cursor: None, nearest },
            }
        }
        ExpiryScan { cursor: Some(position), nearest }
    }

    /// Gives the elements of the segment at a hash position to `visit`, which must leave their keys alone, until it
    /// wants no more.
    pub(crate) fn walk_segment(&mut self, position: u64, mut visit: impl FnMut(&mut E) -> bool) -> Walked {
        let Some(segment) = self.segment(position) else { return Walked::Through };
        // The elements lie anywhere. Their loads do not depend on each other here, so that they overlap.
        self.for_each_full(segment, |_, element| _ = core::hint::black_box(element.key().len()));
        // SAFETY: pointers in the directory are live segments.
        let (slots, depth) =
            unsafe { (usize::from(segment.as_ref().slots), u32::from(segment.as_ref().depth)) };
        for index in 0..slots {
            // SAFETY: the index is below the segment's slots; a control byte under 0x80 marks a full one, which
            // `&mut self` makes ours alone.
            let goes_on = unsafe {
                *controls(segment).add(index) >= DELETED || visit(self.slot(segment, index).as_mut())
            };
            if !goes_on {
                return Walked::Stopped;
            }
        }
        next_prefix(position, depth).map_or(Walked::Through, Walked::To)
    }

    /// Whether a segment begins at this hash position.
    fn begins_at(&self, position: u64) -> bool {
        self.segment(position).is_none_or(|segment| {
            // SAFETY: pointers in the directory are live segments.
            let depth = u32::from(unsafe { segment.as_ref() }.depth);
            depth == 0 || position & ((1 << (64 - depth)) - 1) == 0
        })
    }

    /// Moves the segment at a hash position to other memory, if `mover` wants it to be moved, and what it holds; the
    /// position to go on from.
    pub(crate) fn relocate_segment(&mut self, position: u64, mover: &mut Mover) -> Option<u64>
    where
        E: Relocate,
    {
        if position == 0 {
            mover.vec(&mut self.directory);
        }
        let mut segment = self.segment(position)?;
        // SAFETY: pointers in the directory are live segments.
        let (slots, depth) =
            unsafe { (usize::from(segment.as_ref().slots), u32::from(segment.as_ref().depth)) };
        if mover.wants(segment.as_ptr().cast(), layout::<E>(slots).0.size()) {
            segment = move_segment::<E>(segment);
            self.point(position, depth, segment);
        }
        for index in 0..slots {
            // SAFETY: the index is below the segment's slots; a control byte under 0x80 marks a full one, which
            // `&mut self` makes ours alone.
            unsafe {
                if *controls(segment).add(index) < DELETED {
                    self.slot(segment, index).as_mut().relocate(mover);
                }
            }
        }
        next_prefix(position, depth)
    }

    /// Frees about `budget` elements of a table that is being thrown away; true when nothing is left.
    pub(crate) fn free_some(&mut self, budget: usize) -> bool {
        let mut freed = 0;
        while freed < budget {
            let Some(&segment) = self.directory.last() else { return true };
            // SAFETY: the segment is live until it is freed below.
            let (depth, len) = unsafe { (u32::from(segment.as_ref().depth), segment.as_ref().len) };
            let span = 1usize << (self.depth - depth);
            self.directory.truncate(self.directory.len() - span);
            self.len -= usize::from(len);
            free_segment::<E>(segment);
            freed += usize::from(len).max(1);
        }
        self.directory.is_empty()
    }

    /// The most bytes that one more element may take at a time besides its own: the list of segments doubles, or a
    /// segment splits.
    pub(crate) fn growth_bytes(&self) -> usize {
        2 * self.directory.len() * size_of::<NonNull<Segment>>()
    }

    /// Bytes of the table itself, without what its elements point at.
    pub(crate) fn memory_bytes(&self) -> usize {
        let mut bytes = self.directory.capacity() * size_of::<NonNull<Segment>>();
        let mut index = 0;
        while index < self.directory.len() {
            // SAFETY: pointers in the directory are live segments.
            let head = unsafe { self.directory[index].as_ref() };
            bytes += layout::<E>(usize::from(head.slots)).0.size();
            index += 1 << (self.depth - u32::from(head.depth));
        }
        bytes
    }

    #[inline(always)]
    fn segment(&self, hash: u64) -> Option<NonNull<Segment>> {
        self.directory.get(directory_index(hash, self.depth)).copied()
    }

    #[inline(always)]
    fn probe(&self, segment: NonNull<Segment>, hash: u64, key: &[u8]) -> Option<usize> {
        self.probe_for(segment, hash, |element| bytes::equal(element.key(), key))
    }

    #[inline(always)]
    fn probe_for(
        &self,
        segment: NonNull<Segment>,
        hash: u64,
        is_wanted: impl Fn(&E) -> bool,
    ) -> Option<usize> {
        // SAFETY: the segment is live; groups are read within its slots, and a slot is only looked into when
        // its control byte says that it is full.
        unsafe {
            let slots = usize::from(segment.as_ref().slots);
            let groups = slots / GROUP;
            let byte = fingerprint(hash);
            let mut group = first_group(hash, slots);
            for _ in 0..groups {
                let word = load_group(controls(segment), group);
                let mut matches = match_byte(word, byte);
                while matches != 0 {
                    let index = group * GROUP + lowest(matches);
                    if *controls(segment).add(index) == byte && is_wanted(self.slot(segment, index).as_ref())
                    {
                        return Some(index);
                    }
                    matches &= matches - 1;
                }
                if match_empty(word) != 0 {
                    return None;
                }
                group = (group + 1) & (groups - 1);
            }
            None
        }
    }

    /// The address of a slot.
    #[inline(always)]
    fn slot(&self, segment: NonNull<Segment>, index: usize) -> NonNull<E> {
        slot::<E>(segment, index)
    }

    fn for_each_full(&self, segment: NonNull<Segment>, mut visit: impl FnMut(usize, &E)) {
        // SAFETY: the segment is live, indices stay below its slots, and only full slots are referenced.
        unsafe {
            for index in 0..usize::from(segment.as_ref().slots) {
                if *controls(segment).add(index) < DELETED {
                    visit(index, self.slot(segment, index).as_ref());
                }
            }
        }
    }

    /// Saves an element that is about to change, or to go, if that is still to be done.
    #[inline(always)]
    fn before_change(&mut self, hash: u64, segment: NonNull<Segment>, index: usize) {
        if E::IS_ELEMENT
            && let Some(saving) = &mut self.saving
        {
            // SAFETY: callers have found this slot full, and nothing else refers to its element.
            saving.before_change(hash, unsafe { slot::<E>(segment, index).as_ref() });
        }
    }

    fn take(&mut self, mut segment: NonNull<Segment>, index: usize, hash: u64) -> E {
        self.before_change(hash, segment, index);
        // SAFETY: the caller found this slot full; its element is moved out and the slot marked so.
        let element = unsafe {
            let word = load_group(controls(segment), index / GROUP);
            let head = segment.as_mut();
            let control = controls(segment).add(index);
            // A probe stops at a group with an empty slot, so only a full group needs a tombstone.
            if match_empty(word) != 0 {
                *control = EMPTY;
            } else {
                *control = DELETED;
                head.deleted += 1;
            }
            head.len -= 1;
            self.slot(segment, index).read()
        };
        self.len -= 1;
        self.shrink(segment, hash);
        element
    }

    /// Makes a full segment accept another element: sweeps its tombstones, enlarges it, or splits it.
    fn make_room(&mut self, segment: NonNull<Segment>, hash: u64) {
        // SAFETY: the segment is live.
        let head = unsafe { segment.as_ref() };
        let (slots, depth) = (usize::from(head.slots), u32::from(head.depth));
        if usize::from(head.deleted) > slots / 4 {
            self.rebuild(segment, hash, slots);
        } else if slots < SEGMENT_SLOTS_MAX || depth >= DEPTH_MAX {
            assert!(slots < 1 << 14, "a keyed hash does not put so many elements into one segment");
            self.rebuild(segment, hash, slots * 2);
        } else {
            self.split(segment, hash);
        }
    }

    /// Moves a segment's elements into a new one of `slots` slots.
    fn rebuild(&mut self, old: NonNull<Segment>, hash: u64, slots: usize) {
        // SAFETY: the old segment is live.
        let (depth, deadline) = unsafe { (u32::from(old.as_ref().depth), old.as_ref().min_deadline) };
        let mut new = new_segment::<E>(slots, depth);
        // SAFETY: the new segment was just made.
        unsafe { new.as_mut() }.min_deadline = deadline;
        self.move_elements(old, |_| new);
        self.point(hash, depth, new);
    }

    fn split(&mut self, old: NonNull<Segment>, hash: u64) {
        // SAFETY: the old segment is live.
        let (depth, deadline) = unsafe { (u32::from(old.as_ref().depth), old.as_ref().min_deadline) };
        if depth == self.depth {
            self.double_directory();
        }
        let bit = 1u64 << (63 - depth);
        let mut halves = [(); 2].map(|()| new_segment::<E>(SEGMENT_SLOTS_MAX, depth + 1));
        for half in &mut halves {
            // SAFETY: the halves were just made.
            unsafe { half.as_mut() }.min_deadline = deadline;
        }
        if depth + 1 == self.depth {
            self.deepest += 2;
        }
        self.move_elements(old, |hash| halves[usize::from(hash & bit != 0)]);
        self.point(hash & !bit, depth + 1, halves[0]);
        self.point(hash | bit, depth + 1, halves[1]);
    }

    /// Joins a segment with its neighbour, or makes it smaller, once few elements are left.
    fn shrink(&mut self, segment: NonNull<Segment>, hash: u64) {
        // SAFETY: the segment is live.
        let head = unsafe { segment.as_ref() };
        let (slots, len, depth) = (usize::from(head.slots), usize::from(head.len), u32::from(head.depth));
        if depth == 0 {
            if slots > SEGMENT_SLOTS_MIN && len * 8 < slots {
                self.rebuild(segment, hash, slots / 2);
            }
            return;
        }
        if len * 8 > slots {
            return;
        }
        let bit = 1u64 << (64 - depth);
        let buddy = self.segment(hash ^ bit).expect("the directory is not empty");
        // SAFETY: the buddy is live.
        let (buddy_depth, buddy_len) =
            unsafe { (u32::from(buddy.as_ref().depth), usize::from(buddy.as_ref().len)) };
        // Room is left, so that a table at the border does not split and join in turns.
        if buddy_depth != depth || len + buddy_len > SEGMENT_SLOTS_MAX * 3 / 8 {
            return;
        }
        let mut joined = new_segment::<E>(SEGMENT_SLOTS_MAX, depth - 1);
        // SAFETY: all three segments are live.
        unsafe {
            joined.as_mut().min_deadline = segment.as_ref().min_deadline.min(buddy.as_ref().min_deadline);
        }
        self.move_elements(segment, |_| joined);
        self.move_elements(buddy, |_| joined);
        self.point(hash & !bit, depth - 1, joined);
        if depth == self.depth {
            self.deepest -= 2;
            self.halve_directory();
        }
    }

    /// The same for the segment at a hash position, and the position behind it.
    fn shrink_at(&mut self, position: u64) -> Option<u64> {
        self.shrink(self.segment(position)?, position);
        // SAFETY: pointers in the directory are live segments.
        next_prefix(position, u32::from(unsafe { self.segment(position)?.as_ref() }.depth))
    }

    /// Gives the directory one more bit of the hash.
    ///
    /// It is the only step that grows with the table, so it works in place: an allocator that can extend the
    /// block then copies nothing, and only the new half is touched for the first time, which for fresh pages
    /// costs far more than the writing.
    fn double_directory(&mut self) {
        let len = self.directory.len();
        self.directory.reserve_exact(len);
        let filler = self.directory[len - 1];
        self.directory.resize(2 * len, filler);
        // From the back, so that no pointer is overwritten before it is read.
        for index in (0..len).rev() {
            let segment = self.directory[index];
            self.directory[2 * index] = segment;
            self.directory[2 * index + 1] = segment;
        }
        self.depth += 1;
        self.deepest = 0;
    }

    fn halve_directory(&mut self) {
        while self.deepest == 0 && self.depth > 0 {
            self.directory = self.directory.iter().copied().step_by(2).collect();
            self.depth -= 1;
            let mut index = 0;
            while index < self.directory.len() {
                // SAFETY: pointers in the directory are live segments.
                let depth = u32::from(unsafe { self.directory[index].as_ref() }.depth);
                self.deepest += usize::from(depth == self.depth);
                index += 1 << (self.depth - depth);
            }
        }
    }

    /// Moves every element of `old` to the segment that `target` names for its hash, and frees `old`.
    fn move_elements(&self, mut old: NonNull<Segment>, target: impl Fn(u64) -> NonNull<Segment>) {
        // Hashing takes long enough that one cache miss would not overlap with the next.
        self.for_each_full(old, |_, element| _ = core::hint::black_box(element.key().last()));
        self.for_each_full(old, |index, element| {
            let hash = self.hash(element.key());
            // SAFETY: the element is moved out of `old` bitwise; `old` forgets its elements below.
            fill_slot::<E>(target(hash), hash, unsafe { self.slot(old, index).read() });
        });
        // SAFETY: its elements have moved, so they must not be dropped with it.
        unsafe {
            let slots = usize::from(old.as_ref().slots);
            core::ptr::write_bytes(controls(old), EMPTY, slots);
            old.as_mut().len = 0;
        }
        free_segment::<E>(old);
    }

    /// Makes the directory point at `segment` for all hashes that share `hash`'s top `depth` bits.
    fn point(&mut self, hash: u64, depth: u32, segment: NonNull<Segment>) {
        let span = 1usize << (self.depth - depth);
        let start = directory_index(hash, self.depth) & !(span - 1);
        self.directory[start..start + span].fill(segment);
    }
}

impl<E: Keyed> Drop for Table<E> {
    fn drop(&mut self) {
        self.free_some(usize::MAX);
    }
}

/// How far [`Table::expired`] came.
pub(crate) struct ExpiryScan {
    /// Hash position to go on from; `None` when the end of the table was reached.
    pub cursor: Option<u64>,
    /// No element that was looked at and is still alive has an earlier deadline.
    pub nearest: u64,
}

/// How far [`Table::walk_segment`] came.
pub(crate) enum Walked {
    /// The visitor wanted no more of this segment.
    Stopped,
    /// To the segment at this hash position.
    To(u64),
    /// To the end of the table.
    Through,
}

#[inline(always)]
fn directory_index(hash: u64, depth: u32) -> usize {
    // Two shifts, since a shift by 64 for depth 0 is not defined.
    ((hash >> 1) >> (63 - depth)) as usize
}

/// The hash position after all those that share `hash`'s top `depth` bits.
fn next_prefix(hash: u64, depth: u32) -> Option<u64> {
    if depth == 0 {
        return None;
    }
    let unit = 1u64 << (64 - depth);
    (hash & !(unit - 1)).checked_add(unit)
}

#[cfg(test)]
mod tests;
