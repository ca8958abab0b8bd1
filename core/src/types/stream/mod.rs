//! Streams: entries of fields with values, each with an ID greater than all before it, and the groups that
//! read them.
//!
//! The entries lie in chunks, which are ordered by the ID of their first entry. A chunk ends where Redis ends a
//! node of its radix tree, because approximate trimming takes away whole chunks only.

mod chunk;
pub(crate) mod commands;
mod group;
mod id;
mod listpack;
mod nodes;
mod range;
mod serial;

pub(crate) use chunk::Entry;
pub(crate) use group::{Consumer, ConsumerRef, Group, PENDING_BYTES, Pending};
pub(crate) use id::{ID_CHARS_MAX, Id};
pub(crate) use range::{Range, RangeBack};
#[cfg(test)]
pub(crate) use serial::NodeEntry;
pub(crate) use serial::{GroupAt, Node, TailAt, write_some};

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use self::chunk::Chunk;
use super::EncodingLimits;
use crate::base::relocate::{Mover, Relocate};
use crate::number;
use crate::structures::Shared;
use crate::structures::ordered::OrderedMap;

/// Bytes of a chunk whatever the settings say, so that there is always memory to let it grow.
const CHUNK_BYTES_MAX: usize = 1 << 20;

/// A stream.
#[derive(Default, Clone)]
pub struct Stream {
    chunks: OrderedMap<Id, Chunk>,
    len: u64,
    /// The ID given last; that of an entry, unless it was deleted or set.
    pub last_id: Id,
    /// The greatest ID of an entry that was deleted by its ID.
    pub max_deleted_id: Id,
    /// How many entries were ever added, as far as that is known.
    pub entries_added: u64,
    /// The first entry, or the least ID when there is none.
    first_id: Id,
    /// The last entry, when there is one.
    newest_id: Id,
    groups: OrderedMap<Box<[u8]>, Group>,
    /// Whether chunks may be shared.
    was_shared: bool,
}

/// Which entries are too many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Excess {
    /// All but so many of the newest.
    MaxLen(u64),
    /// Those with smaller IDs.
    MinId(Id),
}

/// What becomes of what groups know of an entry that is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum References {
    /// It stays.
    #[default]
    Keep,
    /// It is deleted as well.
    Delete,
    /// The entry is only deleted if every group has read and acknowledged it.
    Acknowledged,
}

/// How to trim.
#[derive(Clone, Copy, Debug)]
pub struct Trim {
    /// What is too much.
    pub excess: Excess,
    /// Whether only whole chunks go.
    pub is_approximate: bool,
    /// How many entries go at most.
    pub limit: Option<u64>,
    /// What becomes of what groups know of them.
    pub references: References,
}

impl Relocate for Stream {
    fn relocate(&mut self, mover: &mut Mover) {
        if mover.may_enter(self.chunks.len()) {
            self.chunks.relocate_lists(mover);
            self.chunks.values_mut().for_each(|chunk| chunk.relocate(mover));
        }
    }
}

impl Stream {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        number::index(self.len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of another allocation that one more entry may take besides its own: that of a larger chunk.
    pub fn growth_bytes(&self) -> usize {
        self.chunks.last().map_or(0, |(_, chunk)| 2 * chunk.memory_bytes())
    }

    /// The first entry's ID; when there is no entry the least ID, or what a file told.
    pub fn first_id(&self) -> Id {
        self.first_id
    }

    /// Sets what [`Stream::first_id`] tells while there is no entry.
    pub fn set_first_id(&mut self, id: Id) {
        if self.len == 0 {
            self.first_id = id;
        }
    }

    /// The last entry's ID.
    pub fn newest_id(&self) -> Option<Id> {
        (self.len > 0).then_some(self.newest_id)
    }

    /// How many chunks there are.
    pub fn chunks_len(&self) -> usize {
        self.chunks.len()
    }

    /// The nodes of Redis's radix tree of the chunks.
    pub fn radix_nodes(&self) -> usize {
        nodes::count(self.chunks.keys().map(|id| id.as_number()))
    }

    /// The name that OBJECT ENCODING replies.
    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    // ----- entries -----

    /// Appends an entry, whose ID is greater than [`Stream::last_id`].
    pub fn append<'a>(
        &mut self,
        id: Id,
        fields: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + Clone,
        limits: &EncodingLimits,
    ) {
        debug_assert!(id > self.last_id, "IDs only grow");
        let bytes: usize = fields.clone().map(|(name, value)| name.len() + value.len()).sum();
        let bytes_max = match limits.stream_node_bytes_max.get() {
            0 => CHUNK_BYTES_MAX,
            max => max.min(CHUNK_BYTES_MAX),
        };
        let entries_max = match limits.stream_node_entries_max.get() {
            0 => usize::MAX,
            max => max,
        };
        let is_full = |chunk: &Chunk| {
            chunk.listpack_bytes().saturating_add(bytes) >= bytes_max || chunk.entries() >= entries_max
        };
        match self.chunks.last_mut() {
            Some((&base, last)) if !is_full(last) => last.push(base, id, fields),
            last => {
                if let Some((_, full)) = last {
                    full.close();
                }
                let names = fields.clone().map(|(name, _)| name);
                let mut chunk = Chunk::new(names, 2 * bytes);
                chunk.push(id, id, fields);
                self.chunks.insert(id, chunk);
            }
        }
        if self.len == 0 {
            self.first_id = id;
        }
        self.len += 1;
        self.entries_added += 1;
        self.last_id = id;
        self.newest_id = id;
    }

    /// The entries of a range of IDs, in order.
    pub fn range(&self, ids: RangeInclusive<Id>) -> Range<'_> {
        Range::new(&self.chunks, ids)
    }

    /// The same, the last one first.
    pub fn range_back(&self, ids: RangeInclusive<Id>) -> RangeBack<'_> {
        RangeBack::new(&self.chunks, ids)
    }

    /// The entry of this ID.
    pub fn get(&self, id: Id) -> Option<Entry<'_>> {
        let (base, chunk) = self.chunks.range(..=id).next_back()?;
        let mut walk = chunk.walk(*base);
        let found = walk.find(|found| found.id >= id)?;
        (found.id == id && !found.is_deleted).then(|| walk.entry(found))
    }

    /// Whether there is an entry of this ID.
    pub fn contains(&self, id: Id) -> bool {
        self.get(id).is_some()
    }

    /// Deletes an entry by its ID; true if it was there.
    pub fn delete(&mut self, id: Id) -> bool {
        if !self.remove(id) {
            return false;
        }
        self.max_deleted_id = self.max_deleted_id.max(id);
        if id == self.first_id {
            self.find_first();
        }
        if id == self.newest_id {
            self.find_newest();
        }
        true
    }

    fn remove(&mut self, id: Id) -> bool {
        let Some((&base, chunk)) = self.chunks.last_up_to_mut(&id) else { return false };
        let Some(found) = chunk.walk(base).find(|found| found.id >= id) else { return false };
        if found.id != id || found.is_deleted {
            return false;
        }
        let at = found.at;
        if chunk.live() == 1 {
            self.chunks.remove(&base);
        } else {
            chunk.delete(at);
        }
        self.len -= 1;
        true
    }

    fn find_first(&mut self) {
        self.first_id = self.range(Id::MIN..=Id::MAX).next().map_or(Id::MIN, |entry| entry.id);
    }

    fn find_newest(&mut self) {
        self.newest_id = self.range_back(Id::MIN..=Id::MAX).next().map_or(Id::MIN, |entry| entry.id);
    }

    // ----- trimming -----

    /// Deletes what is too much and returns how many entries that were.
    pub fn trim(&mut self, trim: &Trim) -> u64 {
        let removed = match trim.references {
            References::Keep => self.trim_front(trim),
            References::Delete | References::Acknowledged => self.trim_with_references(trim),
        };
        if removed > 0 {
            self.find_first();
            if self.len == 0 {
                self.newest_id = Id::MIN;
            } else if trim.references == References::Acknowledged {
                self.find_newest();
            }
        }
        removed
    }

    fn trim_front(&mut self, trim: &Trim) -> u64 {
        let mut removed = 0;
        while let Some((&base, first)) = self.chunks.first_mut() {
            let live = first.live() as u64;
            if is_enough(trim.excess, self.len) || trim.limit.is_some_and(|limit| removed + live > limit) {
                break;
            }
            if goes_whole(trim.excess, self.len, base, first) {
                self.chunks.pop_first();
                self.len -= live;
                removed += live;
                continue;
            }
            if !trim.is_approximate {
                removed += trim_within(first, base, trim.excess, &mut self.len);
            }
            break;
        }
        removed
    }

    /// As [`Stream::trim_front`], where each entry may be one to keep or to be forgotten by the groups.
    fn trim_with_references(&mut self, trim: &Trim) -> u64 {
        let mut removed = 0;
        let mut after = Some(Id::MIN);
        while let Some(from) = after
            && let Some((&base, chunk)) = self.chunks.range(from..).next()
        {
            let live = chunk.live() as u64;
            if is_enough(trim.excess, self.len) || trim.limit.is_some_and(|limit| removed + live > limit) {
                break;
            }
            let is_whole = goes_whole(trim.excess, self.len, base, chunk);
            if !is_whole && trim.is_approximate {
                break;
            }
            let ids: Vec<Id> =
                chunk.walk(base).filter(|found| !found.is_deleted).map(|found| found.id).collect();
            for id in ids {
                let is_within = match trim.excess {
                    Excess::MaxLen(_) => !is_enough(trim.excess, self.len),
                    Excess::MinId(least) => id < least,
                };
                if !is_within {
                    break;
                }
                if trim.references == References::Acknowledged && self.is_referenced(id) {
                    continue;
                }
                self.remove(id);
                self.forget(id);
                removed += 1;
            }
            if !is_whole {
                break;
            }
            after = base.next();
        }
        removed
    }

    // ----- groups -----

    /// The groups, by name.
    pub fn groups(&self) -> &OrderedMap<Box<[u8]>, Group> {
        &self.groups
    }

    /// The group of this index, with its name.
    pub(crate) fn group_at(&self, index: usize) -> Option<(&[u8], &Group)> {
        self.groups.iter_from(index).next().map(|(name, group)| (&**name, group))
    }

    /// A group.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// A group, to change.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.groups.get_mut(name)
    }

    /// Adds a group; false if the name is taken.
    pub fn add_group(&mut self, name: &[u8], group: Group) -> bool {
        let is_new = !self.groups.contains_key(name);
        if is_new {
            self.groups.insert(name.into(), group);
        }
        is_new
    }

    /// Takes a group out.
    pub fn remove_group(&mut self, name: &[u8]) -> Option<Group> {
        self.groups.remove(name)
    }

    /// Takes note that a group has read an entry: if it is further than what it had read before, it has read that far.
    /// True if so.
    pub fn advance(&mut self, group: &[u8], id: Id) -> bool {
        let (has_gaps, position) = (self.has_gaps_after(id), self.position(id));
        let added = self.entries_added;
        let Some(group) = self.groups.get_mut(group).filter(|group| group.last_id < id) else { return false };
        match group.entries_read {
            Some(read) if !has_gaps => group.entries_read = Some(read.wrapping_add(1)),
            _ if added > 0 => group.entries_read = position,
            _ => {}
        }
        group.last_id = id;
        true
    }

    /// Whether a group has still to read an entry of this ID, or to acknowledge it.
    pub fn is_referenced(&self, id: Id) -> bool {
        self.groups.values().any(|group| group.last_id < id || group.pending().contains_key(&id))
    }

    /// Lets all groups forget an entry; true if one knew it.
    pub fn forget(&mut self, id: Id) -> bool {
        // No group may be passed over because another knew it.
        self.groups.values_mut().filter_map(|group| group.acknowledge(id)).count() > 0
    }

    /// Whether an entry between `id` and the end may have been deleted by its ID, so that counting from there
    /// could go wrong.
    pub fn has_gaps_after(&self, id: Id) -> bool {
        self.len > 0
            && !self.max_deleted_id.is_min()
            && self.first_id <= self.max_deleted_id
            && id <= self.max_deleted_id
    }

    /// How many entries were added up to and with that of this ID, where that can be told.
    pub fn position(&self, id: Id) -> Option<i64> {
        let added = self.entries_added;
        if added == 0 {
            return Some(0);
        }
        if self.len == 0 && id <= self.last_id {
            return Some(added as i64);
        }
        if id >= self.last_id {
            return (id == self.last_id).then_some(added as i64);
        }
        if self.max_deleted_id.is_min() || self.max_deleted_id < self.first_id {
            let before = added.wrapping_sub(self.len) as i64;
            if id < self.first_id {
                return Some(before);
            }
            if id == self.first_id {
                return Some(before.wrapping_add(1));
            }
        }
        None
    }

    /// How many entries a group has still to read, where that can be told.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        let read = match group.entries_read {
            _ if self.entries_added == 0 => Some(0),
            Some(read) if !self.has_gaps_after(group.last_id) => Some(read),
            _ => self.position(group.last_id),
        };
        read.map(|read| (self.entries_added as i64).wrapping_sub(read))
    }

    /// How many entries are pending in all groups together.
    pub fn pending_len(&self) -> usize {
        self.groups.values().map(|group| group.pending().len()).sum()
    }

    /// A stream that is nothing but a group, so that the group can be thrown away like a value.
    pub fn of_group(group: Group) -> Stream {
        Stream { groups: OrderedMap::from_iter([(Box::default(), group)]), ..Stream::default() }
    }

    // ----- sharing -----

    /// The same stream once more, for a snapshot: both have the same chunks and pending entries, which are copied as they
    /// change, a part at a time.
    pub(crate) fn share(&mut self) -> Stream {
        self.was_shared = true;
        let groups = self.groups.mapped(Group::share);
        Stream { chunks: self.chunks.mapped(Chunk::share), groups, ..*self }
    }

    /// Bytes that sharing takes.
    pub(crate) fn sharing_bytes(&self) -> usize {
        let chunk_bytes = size_of::<(Id, Chunk)>() + Shared::<Vec<u8>>::COUNTED_BYTES;
        let groups: usize = self.groups.values().map(Group::sharing_bytes).sum();
        self.chunks.len() * chunk_bytes + self.groups.len() * size_of::<Group>() + groups
    }

    /// Bytes that changing all chunks would copy.
    pub(crate) fn shared_bytes(&mut self) -> usize {
        if !self.was_shared {
            return 0;
        }
        let entries: usize = self.chunks.values().map(Chunk::shared_bytes).sum();
        let pending = self.shared_pending_bytes();
        self.was_shared = entries + pending > 0;
        entries + pending
    }

    /// Bytes that changing all pending entries would copy.
    pub(crate) fn shared_pending_bytes(&self) -> usize {
        if !self.was_shared {
            return 0;
        }
        self.groups.values().map(Group::shared_bytes).sum()
    }

    // ----- memory -----

    /// About how many bytes are allocated on the heap.
    pub fn memory_bytes(&self) -> usize {
        let entries: usize = self.chunks.values().map(Chunk::memory_bytes).sum();
        let groups: usize = self.groups.values().map(Group::memory_bytes).sum();
        entries
            + self.chunks.len() * size_of::<(Id, Chunk)>()
            + groups
            + self.groups.len() * size_of::<Group>()
    }

    /// About how many elements there are to free one by one.
    pub fn parts(&self) -> usize {
        self.chunks.len() + self.groups.values().map(Group::parts).sum::<usize>() + self.groups.len()
    }

    /// Frees about `budget` parts of a stream that is being thrown away; true when nothing is left. Nothing else
    /// may be asked of it after the first call.
    pub fn free_some(&mut self, mut budget: usize) -> bool {
        while budget > 0 && self.chunks.pop_last().is_some() {
            budget -= 1;
        }
        while budget > 0
            && let Some((_, group)) = self.groups.last_mut()
        {
            budget -= 1;
            if group.free_some(&mut budget) {
                self.groups.pop_last();
            }
        }
        self.chunks.is_empty() && self.groups.is_empty()
    }
}

fn is_enough(excess: Excess, len: u64) -> bool {
    matches!(excess, Excess::MaxLen(max) if len <= max)
}

/// Whether all entries of the first chunk are too many.
fn goes_whole(excess: Excess, len: u64, base: Id, chunk: &Chunk) -> bool {
    match excess {
        Excess::MaxLen(max) => len - chunk.live() as u64 >= max,
        Excess::MinId(least) => chunk.walk(base).last().is_none_or(|last| last.id < least),
    }
}

/// Deletes entries of the first chunk; returns how many.
fn trim_within(chunk: &mut Chunk, base: Id, excess: Excess, len: &mut u64) -> u64 {
    let excessive: Vec<usize> = match excess {
        Excess::MaxLen(max) => {
            let count = number::index(len.saturating_sub(max));
            chunk.walk(base).filter(|found| !found.is_deleted).take(count).map(|found| found.at).collect()
        }
        Excess::MinId(least) => chunk
            .walk(base)
            .take_while(|found| found.id < least)
            .filter(|found| !found.is_deleted)
            .map(|found| found.at)
            .collect(),
    };
    excessive.iter().for_each(|&at| chunk.delete(at));
    *len -= excessive.len() as u64;
    excessive.len() as u64
}

#[cfg(test)]
mod tests;
