//! A run of entries in one buffer.
//!
//! ```text
//! [ count of names ][ name ]…   [ entry ][ entry ]…
//! entry: [ bytes of the rest ][ flags u8 ][ milliseconds ][ sequence ] and then
//!        [ value ]…                            for an entry whose fields have the names at the front,
//!        [ count ][ name ][ value ]…           for any other
//! ```
//! Lengths and numbers take seven bits per byte. An ID's parts are relative to those of the chunk's first entry. A
//! name or a value begins with twice its length, and an integer's canonical text with twice the bytes of its
//! binary form, plus one. A deleted entry keeps its bytes until the chunk goes.

#![expect(
    clippy::cast_possible_truncation,
    reason = "numbers are those that were written here, and chunks are shorter than `CHUNK_BYTES_MAX`"
)]

use alloc::vec::Vec;

use super::id::Id;
use crate::base::relocate::{Mover, Relocate};
use crate::structures::{Item, Shared};

/// The entry is deleted.
pub(super) const DELETED: u8 = 1;
/// The names of its fields are those at the front of the chunk.
pub(super) const SAME_FIELDS: u8 = 2;
/// Growth beyond this size adds an eighth instead of doubling.
const DOUBLING_BYTES_MAX: usize = 4096;

/// Entries with close IDs; see the module's description.
#[derive(Clone)]
pub(super) struct Chunk {
    bytes: Shared<Vec<u8>>,
    /// Where the first entry begins.
    entries_at: u32,
    /// Entries that are not deleted.
    live: u32,
    /// Entries that are.
    deleted: u32,
    /// What the entries take in Redis's form, which decides where the next chunk begins.
    listpack: u32,
}

impl Relocate for Chunk {
    fn relocate(&mut self, mover: &mut Mover) {
        if let Some(bytes) = self.bytes.alone_mut() {
            mover.vec(bytes);
        }
    }
}

impl Chunk {
    /// A chunk for entries whose fields have these names, without an entry yet.
    pub(super) fn new<'a>(names: impl ExactSizeIterator<Item = &'a [u8]>, room: usize) -> Chunk {
        let mut bytes = Vec::with_capacity(room.min(DOUBLING_BYTES_MAX));
        let count = names.len();
        write_number(&mut bytes, count as u64);
        // The count of names, and the mark behind them.
        let mut listpack = integer_len(count as i64) + integer_len(0);
        for name in names {
            listpack += write_item(&mut bytes, Item::from(name));
        }
        let entries_at = u32::try_from(bytes.len()).expect("a request is shorter than 4 GiB");
        Chunk { bytes: Shared::Own(bytes), entries_at, live: 0, deleted: 0, listpack: saturate(listpack) }
    }

    /// A chunk of bytes that were put together as the module's description says, with the number of its entries, where
    /// they begin, and how many bytes names and entries take in Redis's form.
    pub(super) fn from_parts(
        bytes: &[u8],
        entries_at: usize,
        live: usize,
        deleted: usize,
        listpack: usize,
    ) -> Chunk {
        let short = |number: usize| u32::try_from(number).expect("a chunk is shorter than 4 GiB");
        Chunk {
            bytes: Shared::Own(bytes.to_vec()),
            entries_at: short(entries_at),
            live: short(live),
            deleted: short(deleted),
            listpack: saturate(listpack),
        }
    }

    /// Entries that are not deleted.
    pub(super) fn live(&self) -> usize {
        self.live as usize
    }

    /// All entries, the deleted ones as well.
    pub(super) fn entries(&self) -> usize {
        self.live as usize + self.deleted as usize
    }

    /// Bytes of the same entries in Redis's form.
    pub(super) fn listpack_bytes(&self) -> usize {
        /// Its length, its number of elements, and the mark at its end.
        const FRAME_BYTES: usize = 7;
        FRAME_BYTES
            + self.listpack as usize
            + integer_len(i64::from(self.live))
            + integer_len(i64::from(self.deleted))
    }

    /// Bytes allocated on the heap.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends an entry. `base` is the ID of the chunk's first entry.
    pub(super) fn push<'a>(
        &mut self,
        base: Id,
        id: Id,
        pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + Clone,
    ) {
        let is_same = self.has_names(pairs.clone().map(|(name, _)| name));
        let count = pairs.len();
        let (ms, seq) = (id.ms - base.ms, id.seq.wrapping_sub(base.seq) as i64);
        let flags = if is_same { SAME_FIELDS } else { 0 };

        let mut bytes_max = 1 + 10 + 10 + 10;
        for (name, value) in pairs.clone() {
            bytes_max += item_bytes_max(value) + if is_same { 0 } else { item_bytes_max(name) };
        }
        let bytes = self.bytes.get_mut();
        reserve(bytes, bytes_max + 10);
        let start = bytes.len();
        bytes.push(flags);
        write_number(bytes, ms);
        write_number(bytes, zigzag(seq));
        let elements = if is_same { count + 3 } else { 2 * count + 4 };
        let mut listpack = integer_len(i64::from(flags))
            + integer_len(ms as i64)
            + integer_len(seq)
            + integer_len(elements as i64);
        if !is_same {
            write_number(bytes, count as u64);
            listpack += integer_len(count as i64);
        }
        for (name, value) in pairs {
            if !is_same {
                listpack += write_item(bytes, Item::from(name));
            }
            listpack += write_item(bytes, Item::from(value));
        }
        prefix_with_len(bytes, start);
        self.live += 1;
        self.listpack = saturate(self.listpack as usize + listpack);
    }

    /// The names at the front.
    pub(super) fn names(&self) -> Names<'_> {
        let (mut rest, mut at) = (&self.bytes[..self.entries_at as usize], 0);
        let left = read_number(rest, &mut at) as usize;
        rest = &rest[at..];
        Names { left, rest }
    }

    /// Deletes the entry that [`Chunk::walk`] found at `at`.
    pub(super) fn delete(&mut self, at: usize) {
        let bytes = self.bytes.get_mut();
        let mut flags_at = at;
        read_number(bytes, &mut flags_at);
        debug_assert_eq!(bytes[flags_at] & DELETED, 0, "only what is there can be deleted");
        bytes[flags_at] |= DELETED;
        self.live -= 1;
        self.deleted += 1;
    }

    /// Gives back the room behind the last entry, since no other will follow.
    pub(super) fn close(&mut self) {
        if let Some(bytes) = self.bytes.alone_mut() {
            bytes.shrink_to_fit();
        }
    }

    /// The same once more, with bytes of which whoever changes them makes a copy before.
    pub(super) fn share(&mut self) -> Chunk {
        Chunk { bytes: self.bytes.share(), ..*self }
    }

    /// Bytes of them that a change would copy.
    pub(super) fn shared_bytes(&self) -> usize {
        if self.bytes.is_shared() { self.memory_bytes() } else { 0 }
    }

    /// All entries in order, the deleted ones as well.
    pub(super) fn walk(&self, base: Id) -> Walk<'_> {
        Walk { chunk: self, base, at: self.entries_at as usize }
    }

    /// The entry that begins at `at`, and where the next one does.
    fn read(&self, base: Id, at: usize) -> (Found<'_>, usize) {
        let mut next = at;
        let len = read_number(&self.bytes, &mut next) as usize;
        let end = next + len;
        let flags = self.bytes[next];
        next += 1;
        let ms = base.ms + read_number(&self.bytes, &mut next);
        let seq = base.seq.wrapping_add(unzigzag(read_number(&self.bytes, &mut next)) as u64);
        let body = &self.bytes[next..end];
        let found = Found { at, id: Id { ms, seq }, is_deleted: flags & DELETED != 0, flags, body };
        (found, end)
    }

    fn has_names<'a>(&self, names: impl ExactSizeIterator<Item = &'a [u8]>) -> bool {
        let mut at = 0;
        let count = read_number(&self.bytes, &mut at) as usize;
        let mut names = names;
        count == names.len() && names.all(|name| read_item(&self.bytes, &mut at).eq_bytes(name))
    }
}

/// Makes room: twice as much while the chunk is small, so that few bytes are left over in large ones.
fn reserve(bytes: &mut Vec<u8>, more: usize) {
    let len = bytes.len();
    if bytes.capacity() - len < more {
        let extra = if len <= DOUBLING_BYTES_MAX / 2 { len } else { len / 8 };
        bytes.reserve_exact(more.max(extra));
    }
}

/// Puts the number of bytes from `start` on in front of them.
#[inline]
fn prefix_with_len(bytes: &mut Vec<u8>, start: usize) {
    let end = bytes.len();
    write_number(bytes, (end - start) as u64);
    let len_bytes = bytes.len() - end;
    bytes[start..].rotate_right(len_bytes);
}

/// What a step of a [`Walk`] finds.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    /// Where it begins.
    pub(super) at: usize,
    /// Its ID.
    pub(super) id: Id,
    /// Whether it is deleted.
    pub(super) is_deleted: bool,
    flags: u8,
    body: &'a [u8],
}

impl Found<'_> {
    /// Whether the names of its fields are those at the front of the chunk.
    pub(super) fn has_shared_names(&self) -> bool {
        self.flags & SAME_FIELDS != 0
    }
}

/// The names at the front of a chunk.
#[derive(Clone)]
pub(super) struct Names<'a> {
    left: usize,
    rest: &'a [u8],
}

impl<'a> Iterator for Names<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.left = self.left.checked_sub(1)?;
        Some(take_item(&mut self.rest))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Names<'_> {}

/// Goes through the entries of a chunk.
#[derive(Clone)]
pub(super) struct Walk<'a> {
    chunk: &'a Chunk,
    base: Id,
    at: usize,
}

impl<'a> Walk<'a> {
    /// The entry that was found.
    pub(super) fn entry(&self, found: Found<'a>) -> Entry<'a> {
        let (mut at, is_same) = (0, found.flags & SAME_FIELDS != 0);
        let (count, names, rest) = if is_same {
            let names = &self.chunk.bytes[..self.chunk.entries_at as usize];
            let count = read_number(names, &mut at);
            (count, Some(&names[at..]), found.body)
        } else {
            let count = read_number(found.body, &mut at);
            (count, None, &found.body[at..])
        };
        Entry { id: found.id, fields: Fields { left: count as usize, names, rest } }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Found<'a>;

    #[inline]
    fn next(&mut self) -> Option<Found<'a>> {
        if self.at >= self.chunk.bytes.len() {
            return None;
        }
        let (found, next) = self.chunk.read(self.base, self.at);
        self.at = next;
        Some(found)
    }
}

/// An entry, to read.
#[derive(Clone)]
pub struct Entry<'a> {
    /// Its ID.
    pub id: Id,
    /// Its fields.
    pub fields: Fields<'a>,
}

/// The fields of an entry: names with values.
#[derive(Clone)]
pub struct Fields<'a> {
    left: usize,
    /// The names, where they do not stand before their values.
    names: Option<&'a [u8]>,
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Item<'a>, Item<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = match &mut self.names {
            Some(names) => take_item(names),
            None => take_item(&mut self.rest),
        };
        Some((name, take_item(&mut self.rest)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

fn take_item<'a>(bytes: &mut &'a [u8]) -> Item<'a> {
    let mut at = 0;
    let item = read_item(bytes, &mut at);
    *bytes = &bytes[at..];
    item
}

/// Appends a value and returns what it takes in Redis's form.
pub(super) fn write_item(out: &mut Vec<u8>, item: Item<'_>) -> usize {
    match item {
        Item::Bytes(bytes) => {
            write_number(out, (bytes.len() as u64) << 1);
            out.extend_from_slice(bytes);
        }
        Item::Int(value) => {
            let bytes = zigzag(value).to_le_bytes();
            let used = bytes.len() - zigzag(value).leading_zeros() as usize / 8;
            write_number(out, (used as u64) << 1 | 1);
            out.extend_from_slice(&bytes[..used]);
        }
    }
    item.entry_len()
}

#[inline]
fn read_item<'a>(bytes: &'a [u8], at: &mut usize) -> Item<'a> {
    let head = read_number(bytes, at);
    let len = (head >> 1) as usize;
    let own = &bytes[*at..*at + len];
    *at += len;
    if head & 1 == 0 {
        return Item::Bytes(own);
    }
    let mut value = [0; 8];
    value[..len].copy_from_slice(own);
    Item::Int(unzigzag(u64::from_le_bytes(value)))
}

/// Bytes that a value takes at most.
fn item_bytes_max(bytes: &[u8]) -> usize {
    // A length of 32 bits, doubled.
    5 + bytes.len()
}

/// Appends a number, seven bits per byte, the lowest first.
#[inline(always)]
pub(super) fn write_number(out: &mut Vec<u8>, number: u64) {
    match number {
        0..0x80 => out.push(number as u8),
        _ => write_long_number(out, number),
    }
}

fn write_long_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[inline]
fn read_number(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
        shift += 7;
    }
}

/// Small numbers of either sign become small numbers.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// What an integer takes in Redis's form.
fn integer_len(value: i64) -> usize {
    Item::Int(value).entry_len()
}

fn saturate(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
