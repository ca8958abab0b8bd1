//! How long values are, which decides how they are saved.

use super::Part;
use crate::keyspace::entry::{Entry, ValueMut, ValueRef};
use crate::structures::Packed;
use crate::structures::table::saving::SavedByElement;

/// Longest value that is written in one go, in bytes.
pub(super) const AT_ONCE_BYTES: usize = 64 << 10;
/// The most elements of a collection that is written in one go.
const AT_ONCE_ELEMENTS: usize = 1024;
/// Longest string that is written in one go when the walk comes to it: only these are compressed.
const STRING_AT_ONCE_BYTES: usize = 256 << 10;

/// How an entry is saved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Small,
    /// In one go, but it is long.
    Long,
    /// A list, a stream or a string, in parts.
    Parts,
    /// A collection in a table, element by element.
    Elements,
}

/// Whether a string is so long that it is kept rather than copied when it is replaced.
pub(in crate::keyspace) fn is_long(entry: &Entry) -> bool {
    matches!(entry.value(), ValueRef::Bytes(bytes) if bytes.len() > AT_ONCE_BYTES)
}

/// Whether a string is so long that it is written in parts.
pub(super) fn is_in_parts(entry: &Entry) -> bool {
    matches!(entry.value(), ValueRef::Bytes(bytes) if bytes.len() > STRING_AT_ONCE_BYTES)
}

/// About how many bytes a value takes.
pub(super) fn value_bytes(entry: &Entry) -> usize {
    match entry.value() {
        ValueRef::Int(_) => 0,
        ValueRef::Bytes(bytes) => bytes.len(),
        ValueRef::List(list) => list.memory_bytes(),
        ValueRef::Hash(hash) => hash.memory_bytes(),
        ValueRef::Set(set) => set.memory_bytes(),
        ValueRef::Zset(zset) => zset.memory_bytes(),
        ValueRef::Stream(stream) => stream.memory_bytes(),
    }
}

/// About how many bytes the next part takes of what is written in parts.
pub(super) fn part_bytes(entry: &Entry, from: Part) -> usize {
    match entry.value() {
        ValueRef::List(list) => list.chunks_from(from.index).next().map_or(0, Packed::memory_bytes),
        ValueRef::Stream(stream) => stream.node_after(from.after).map_or(0, |node| node.memory_bytes()),
        // Strings have parts of their own, and those of groups are short.
        ValueRef::Int(_) | ValueRef::Bytes(_) | ValueRef::Hash(_) | ValueRef::Set(_) | ValueRef::Zset(_) => 0,
    }
}

/// Bytes that it takes to share a list or a stream.
pub(super) fn sharing_bytes(entry: &Entry) -> Option<usize> {
    match entry.value() {
        ValueRef::List(list) => Some(list.sharing_bytes()),
        ValueRef::Stream(stream) => Some(stream.sharing_bytes()),
        ValueRef::Int(_) | ValueRef::Bytes(_) | ValueRef::Hash(_) | ValueRef::Set(_) | ValueRef::Zset(_) => {
            None
        }
    }
}

pub(super) fn extent(entry: &mut Entry) -> Extent {
    let (len, kind) = match entry.value() {
        ValueRef::Int(_) => return Extent::Small,
        ValueRef::Bytes(_) if is_in_parts(entry) => return Extent::Parts,
        ValueRef::Bytes(bytes) if bytes.len() > AT_ONCE_BYTES => return Extent::Long,
        ValueRef::Bytes(_) => return Extent::Small,
        ValueRef::List(list) => (list.len(), Extent::Parts),
        ValueRef::Hash(hash) => (hash.len(), Extent::Long),
        ValueRef::Set(set) => (set.len(), Extent::Long),
        ValueRef::Zset(zset) => (zset.len(), Extent::Long),
        ValueRef::Stream(stream) => (stream.parts(), Extent::Parts),
    };
    if len <= AT_ONCE_ELEMENTS && value_bytes(entry) <= AT_ONCE_BYTES {
        return Extent::Small;
    }
    if by_element(entry).is_some() { Extent::Elements } else { kind }
}

/// A collection in a table.
pub(super) fn by_element(entry: &mut Entry) -> Option<&mut dyn SavedByElement> {
    match entry.value_mut() {
        ValueMut::Hash(hash) => hash.by_element(),
        ValueMut::Set(set) => set.by_element(),
        ValueMut::Zset(zset) => zset.by_element(),
        ValueMut::String | ValueMut::List(_) | ValueMut::Stream(_) => None,
    }
}

/// A collection whose elements are being saved.
pub(super) fn saved_by_element(entry: &mut Entry) -> Option<&mut dyn SavedByElement> {
    by_element(entry).filter(|elements| elements.is_saving())
}

pub(super) fn end_saving(entry: &mut Entry) {
    if let Some(elements) = by_element(entry) {
        elements.end_saving();
    }
}
