//! Chunks as they are, deleted entries included, for code that writes a stream down and reads it again. What trimming
//! takes away depends on where chunks end.

use alloc::vec::Vec;
use core::ops::Bound;

#[cfg(test)]
use super::chunk::Fields;
use super::chunk::{Chunk, Entry};
use super::{Id, Stream, listpack};

/// Elements of a group that are written at a time at most.
const GROUP_PART_LEN_MAX: usize = 512;

/// Where a part of what follows the chunks begins, for code that writes it down part by part.
#[derive(Clone, Copy, Default)]
pub(crate) enum TailAt {
    /// What the stream knows of itself.
    #[default]
    Numbers,
    /// The group of this index, and what it has.
    Group(usize, GroupAt),
}

/// Where a part of a group begins.
#[derive(Clone, Copy, Default)]
pub(crate) enum GroupAt {
    /// What it knows of itself.
    #[default]
    Head,
    /// The pending entry of this index.
    Pending(usize),
    /// The consumer of this index.
    Consumer(usize),
    /// The entry of this index that is pending for the consumer of the first one.
    PendingOf(usize, usize),
    /// The pending entry of this index, of which those are looked for that nobody has.
    Unowned(usize),
}

impl TailAt {
    /// Where the part begins that follows the first of all.
    pub(crate) const AFTER_NUMBERS: TailAt = TailAt::Group(0, GroupAt::Head);

    /// What follows a part of the group of this index: more of it, or the next one.
    pub(crate) fn after(index: usize, rest: Option<GroupAt>) -> TailAt {
        rest.map_or(TailAt::Group(index + 1, GroupAt::Head), |at| TailAt::Group(index, at))
    }
}

/// Lets `write` write as many elements, which begin with that of index `from`, as a part may have; the index of the next
/// one, unless these were all.
pub(crate) fn write_some<T>(
    from: usize,
    elements: impl Iterator<Item = T>,
    mut write: impl FnMut(T),
) -> Option<usize> {
    let mut count = 0;
    for element in elements.take(GROUP_PART_LEN_MAX) {
        write(element);
        count += 1;
    }
    (count == GROUP_PART_LEN_MAX).then_some(from + count)
}

/// A chunk, to read.
pub struct Node<'a> {
    /// What the IDs of its entries count from.
    pub base: Id,
    chunk: &'a Chunk,
}

/// An entry of a chunk.
#[cfg(test)]
pub struct NodeEntry<'a> {
    /// Its ID.
    pub id: Id,
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// Whether its fields have the names of the chunk.
    pub has_shared_names: bool,
    /// Its fields.
    pub fields: Fields<'a>,
}

impl<'a> Node<'a> {
    /// Bytes that it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.chunk.memory_bytes()
    }

    /// Appends the listpack that Redis keeps the same entries in.
    pub fn write_listpack(&self, out: &mut Vec<u8>) {
        listpack::write(self.chunk, self.base, out);
    }

    /// The entries that are not deleted, in order.
    pub(crate) fn live_entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let walk = self.chunk.walk(self.base);
        walk.clone().filter(|found| !found.is_deleted).map(move |found| walk.entry(found))
    }

    /// How many entries are deleted.
    #[cfg(test)]
    pub fn deleted(&self) -> usize {
        self.chunk.entries() - self.chunk.live()
    }

    /// All entries in order.
    #[cfg(test)]
    pub fn entries(&self) -> impl Iterator<Item = NodeEntry<'a>> + use<'a> {
        let walk = self.chunk.walk(self.base);
        walk.clone().map(move |found| NodeEntry {
            id: found.id,
            is_deleted: found.is_deleted,
            has_shared_names: found.has_shared_names(),
            fields: walk.entry(found).fields,
        })
    }
}

impl Stream {
    /// The chunks in order.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.chunks.iter().map(|(base, chunk)| Node { base: *base, chunk })
    }

    /// The chunk that follows the one with this base, or the first one.
    pub(crate) fn node_after(&self, base: Option<Id>) -> Option<Node<'_>> {
        let start = base.map_or(Bound::Unbounded, Bound::Excluded);
        let (base, chunk) = self.chunks.range((start, Bound::Unbounded)).next()?;
        Some(Node { base: *base, chunk })
    }

    /// Appends the chunk of a listpack that is not trusted, whose IDs count from `base`; `false`, and nothing happens, if
    /// it is malformed, if all its entries are deleted, or if not all come after those that are there. Scratch is memory
    /// that is used again, with room for [`Stream::scratch_bytes`].
    pub fn push_listpack(&mut self, base: Id, block: &[u8], scratch: &mut Vec<u8>) -> bool {
        let is_first = self.chunks.is_empty();
        let Some((chunk, last)) = listpack::read(base, block, scratch)
            .filter(|(chunk, _)| chunk.live() > 0 && (is_first || base > self.last_id))
        else {
            return false;
        };
        self.len += chunk.live() as u64;
        self.last_id = last;
        self.chunks.insert(base, chunk);
        true
    }

    /// Bytes that a listpack takes while it is read, besides the chunk that it becomes.
    pub fn scratch_bytes(listpack: usize) -> usize {
        listpack::scratch_bytes(listpack)
    }

    /// To be called after the last [`Stream::push_listpack`].
    pub fn finish_nodes(&mut self) {
        self.find_first();
        self.find_newest();
    }
}
