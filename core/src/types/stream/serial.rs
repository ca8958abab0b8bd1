//! Chunks as they are, deleted entries included, for code that writes a stream down and reads it again. What trimming
//! takes away depends on where chunks end.

use core::ops::Bound;

use super::chunk::{Chunk, Fields};
use super::{Id, Stream};
use crate::structures::Item;

/// A chunk, to read.
pub struct Node<'a> {
    /// What the IDs of its entries count from.
    pub base: Id,
    chunk: &'a Chunk,
}

/// An entry of a chunk.
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
    /// How many entries are not deleted.
    pub fn live(&self) -> usize {
        self.chunk.live()
    }

    /// How many are.
    pub fn deleted(&self) -> usize {
        self.chunk.entries() - self.chunk.live()
    }

    /// The names that the chunk keeps for its entries.
    pub fn names(&self) -> impl ExactSizeIterator<Item = Item<'a>> + use<'a> {
        self.chunk.names()
    }

    /// All entries in order.
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

/// A chunk under construction.
pub struct NodeBuilder {
    base: Id,
    /// The last entry's ID.
    last: Option<Id>,
    chunk: Chunk,
}

impl NodeBuilder {
    /// A chunk whose entries' IDs count from `base`, and which keeps these names of fields for them.
    pub fn new<'a>(base: Id, names: impl ExactSizeIterator<Item = &'a [u8]>) -> NodeBuilder {
        NodeBuilder { base, last: None, chunk: Chunk::new(names, 0) }
    }

    /// Appends an entry; `false`, and nothing happens, if its ID is not after all others.
    pub fn push<'a>(
        &mut self,
        id: Id,
        is_deleted: bool,
        fields: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + Clone,
    ) -> bool {
        if id.ms < self.base.ms || id < self.base || self.last.is_some_and(|last| id <= last) {
            return false;
        }
        self.chunk.push_marked(self.base, id, is_deleted, fields);
        self.last = Some(id);
        true
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

    /// Appends a chunk; `false`, and nothing happens, if all its entries are deleted or not all come after those that
    /// are there.
    pub fn push_node(&mut self, node: NodeBuilder) -> bool {
        let NodeBuilder { base, last: Some(last), mut chunk } = node else { return false };
        if chunk.live() == 0 || (!self.chunks.is_empty() && base <= self.last_id) {
            return false;
        }
        chunk.close();
        self.len += chunk.live() as u64;
        self.last_id = last;
        self.chunks.insert(base, chunk);
        true
    }

    /// To be called after the last [`Stream::push_node`].
    pub fn finish_nodes(&mut self) {
        self.find_first();
        self.find_newest();
    }
}
