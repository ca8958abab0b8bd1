//! A compact sequence of byte strings in one allocation.
//!
//! Small lists, hashes, sets and sorted sets are one of these; a long list is a deque of them. The buffer is
//!
//! ```text
//! [ start, end, count ][ gap ][ entry ][ entry ] ... [ slack ]
//!                             ^start               ^end
//! ```
//!
//! with a header of three u16, or of three u32 when the buffer is larger than 64 KiB. The gap lets the front
//! grow and shrink without moving the rest. An entry is encoded as in Redis's listpack: one tag byte that
//! holds a kind and often the length or the integer itself, the payload, and the length of both again,
//! readable backwards. Canonical integers are stored in binary, and each value has exactly one encoding, so
//! equality is equality of encoded bytes.

#![expect(
    clippy::cast_possible_truncation,
    reason = "each width is chosen by what it can hold, and lengths are asserted to fit into the wider"
)]

use crate::base::relocate::{Mover, Relocate};
use alloc::{boxed::Box, vec::Vec};
use core::{cmp::Ordering, fmt, mem};

mod entry;

pub(crate) use entry::Item;
use entry::{
    Encoded, Needle, back_len_bytes, checked_step_back, decode, entry_len, short_bytes_len, step_back,
};

/// The largest buffer whose header fields are u16.
const NARROW_BYTES_MAX: usize = u16::MAX as usize;
/// Bytes of the header of a buffer of up to [`NARROW_BYTES_MAX`] bytes.
const NARROW_HEADER_BYTES: usize = 6;
/// Bytes of the header of a larger buffer.
const WIDE_HEADER_BYTES: usize = 12;
/// Why the fields of the header can be read.
const HAS_HEADER: &str = "a buffer begins with its header";
/// Growth by a share never carries a buffer past this size, because that is where lists start another chunk.
const SHARED_GROWTH_BYTES_MAX: usize = 8 * 1024;
/// A buffer this small is rearranged rather than grown as long as it has any room: moving it costs nothing.
const CHEAP_MOVE_BYTES: usize = 256;
/// Free bytes beyond the bytes in use at which a buffer is reallocated smaller.
const SPARE_BYTES_MAX: usize = 64;

/// A compact sequence of byte strings in one allocation; empty ones allocate nothing.
///
/// A position is the offset of an entry, to be used until the next mutation. Every mutation that leaves an
/// entry of interest returns where that is afterwards.
#[derive(Clone, Default)]
pub struct Packed {
    buffer: Box<[u8]>,
}

impl Relocate for Packed {
    fn relocate(&mut self, mover: &mut Mover) {
        mover.slice(&mut self.buffer);
    }
}

impl Packed {
    /// An empty sequence, without an allocation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.header().count
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // The buffer goes with the last entry.
        self.buffer.is_empty()
    }

    /// Bytes of all entries, encoded.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        let Header { start, end, .. } = self.header();
        end - start
    }

    /// Bytes allocated on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Bytes of another allocation that one more entry may take: that of a larger buffer.
    #[must_use]
    pub fn growth_bytes(&self) -> usize {
        self.buffer.len() + self.buffer.len() / 2
    }

    /// Appends `value`.
    #[inline]
    pub fn push_back<'v>(&mut self, value: impl Into<Item<'v>>) {
        self.insert_encoded(self.header().end, &Encoded::new(value.into()));
    }

    /// Puts `value` before all others.
    #[inline]
    pub fn push_front<'v>(&mut self, value: impl Into<Item<'v>>) {
        self.insert_encoded(self.header().start, &Encoded::new(value.into()));
    }

    /// Puts `value` before the entry at `position`; returns the position of the new entry.
    pub fn insert_before<'v>(&mut self, position: usize, value: impl Into<Item<'v>>) -> usize {
        self.insert_encoded(position, &Encoded::new(value.into()))
    }

    /// Puts `value` after the entry at `position`; returns the position of the new entry.
    pub fn insert_after<'v>(&mut self, position: usize, value: impl Into<Item<'v>>) -> usize {
        self.insert_encoded(self.skip(position), &Encoded::new(value.into()))
    }

    /// Puts `value` in the place of the entry at `position`; returns the position of the new entry.
    pub fn replace<'v>(&mut self, position: usize, value: impl Into<Item<'v>>) -> usize {
        let encoded = Encoded::new(value.into());
        let old_len = self.skip(position) - position;
        let new_len = encoded.entry_len();
        let position = match new_len.cmp(&old_len) {
            Ordering::Greater => self.open(position, new_len - old_len, 0),
            Ordering::Equal => position,
            Ordering::Less => self.close(position, old_len - new_len),
        };
        encoded.write(&mut self.buffer[position..position + new_len]);
        self.shrink_if_sparse(position)
    }

    /// Removes the entry at `position`; returns the position of the entry that followed it.
    pub fn remove(&mut self, position: usize) -> Option<usize> {
        let next = self.skip(position);
        self.remove_bytes(position, next - position, 1)
    }

    /// Removes `count` entries from index `start` on, or as many as there are.
    pub fn remove_range(&mut self, start: usize, count: usize) {
        let Header { start: from, end, count: len } = self.header();
        let count = count.min(len.saturating_sub(start));
        if count == 0 {
            return;
        }
        if start == 0 && count == 1 {
            // The most frequent case: the first entry of a queue, behind which nothing need be moved.
            return self.truncate_to(Header { start: self.skip(from), end, count: len - 1 });
        }
        let first = self.seek(start).expect("start is below the length, or nothing would be removed");
        if start + count == len {
            return self.truncate_to(Header { start: from, end: first, count: start });
        }
        // Whichever walk is shorter.
        let last = if count > len - start - count {
            self.seek(start + count).expect("an entry follows the removed ones")
        } else {
            (0..count).fold(first, |position, _| self.skip(position))
        };
        self.remove_bytes(first, last - first, count);
    }

    /// Of the entries equal to `value`, passes over the first `skip`, then removes up to `limit`; returns how
    /// many.
    ///
    /// One pass and one move of each remaining entry, however many match.
    pub fn remove_equal(&mut self, value: Item<'_>, mut skip: usize, limit: usize) -> usize {
        let needle = Needle::new(value);
        let Header { start, end, count } = self.header();
        let (mut read, mut write, mut removed) = (start, start, 0);
        while read < end && removed < limit {
            let next = self.skip(read);
            let matches = needle.is_at(&self.buffer[read..]);
            if matches && skip == 0 {
                removed += 1;
            } else {
                skip -= usize::from(matches);
                if write < read {
                    self.buffer.copy_within(read..next, write);
                }
                write += next - read;
            }
            read = next;
        }
        if removed > 0 {
            self.buffer.copy_within(read..end, write);
            self.truncate_to(Header { start, end: write + (end - read), count: count - removed });
        }
        removed
    }

    /// How many entries equal `value`.
    #[must_use]
    pub fn count_equal(&self, value: Item<'_>) -> usize {
        let needle = Needle::new(value);
        let Header { start, end, .. } = self.header();
        let (mut position, mut found) = (start, 0);
        while position < end {
            found += usize::from(needle.is_at(&self.buffer[position..]));
            position = self.skip(position);
        }
        found
    }

    /// The value at `position`.
    ///
    /// # Panics
    /// If there is no entry at `position`.
    #[must_use]
    #[inline]
    pub fn item(&self, position: usize) -> Item<'_> {
        let (item, _) = decode(&self.buffer[position..]).expect("a position is that of an entry");
        item
    }

    /// The value at `index`, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Item<'_>> {
        self.seek(index).map(|position| self.item(position))
    }

    /// The position of the first entry.
    #[must_use]
    #[inline]
    pub fn first(&self) -> Option<usize> {
        (!self.is_empty()).then(|| self.header().start)
    }

    /// The position of the last entry.
    #[must_use]
    #[inline]
    pub fn last(&self) -> Option<usize> {
        (!self.is_empty()).then(|| step_back(&self.buffer, self.header().end))
    }

    /// The position of the entry after the one at `position`.
    #[must_use]
    #[inline]
    pub fn next(&self, position: usize) -> Option<usize> {
        let next = self.skip(position);
        (next < self.header().end).then_some(next)
    }

    /// The position of the entry before the one at `position`.
    #[must_use]
    #[inline]
    pub fn prev(&self, position: usize) -> Option<usize> {
        (position > self.header().start).then(|| step_back(&self.buffer, position))
    }

    /// The position of the entry at `index`, counted from 0; walks from the nearer end.
    #[must_use]
    pub fn seek(&self, index: usize) -> Option<usize> {
        let Header { start, end, count } = self.header();
        if index >= count {
            None
        } else if index <= count / 2 {
            Some((0..index).fold(start, |position, _| self.skip(position)))
        } else {
            Some((index..count).fold(end, |position, _| step_back(&self.buffer, position)))
        }
    }

    /// The index of the entry at `position`.
    #[must_use]
    pub fn index_of(&self, position: usize) -> usize {
        let (mut at, mut index) = (self.header().start, 0);
        while at < position {
            at = self.skip(at);
            index += 1;
        }
        index
    }

    /// The position of the first entry that equals `value`, looking only at every `skip + 1`th one from the
    /// first.
    ///
    /// With `skip` 1 it finds a field among alternating fields and values.
    #[must_use]
    pub fn find<'v>(&self, value: impl Into<Item<'v>>, skip: usize) -> Option<usize> {
        self.find_from(self.header().start, value, skip)
    }

    /// As [`Self::find`], starting at `position` instead of the first entry.
    #[must_use]
    pub fn find_from<'v>(&self, position: usize, value: impl Into<Item<'v>>, skip: usize) -> Option<usize> {
        let needle = Needle::new(value.into());
        let bytes = &self.buffer[..self.header().end];
        let mut position = position;
        while position < bytes.len() {
            if needle.is_at(&bytes[position..]) {
                return Some(position);
            }
            position += entry_len(&bytes[position..]);
            for _ in 0..skip {
                if position >= bytes.len() {
                    return None;
                }
                position += entry_len(&bytes[position..]);
            }
        }
        None
    }

    /// All values in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        let Header { start, end, count } = self.header();
        Iter { bytes: &self.buffer, front: start, back: end, remaining: count }
    }

    /// The values from `index` on; none if there is no such index.
    #[must_use]
    pub fn iter_from(&self, index: usize) -> Iter<'_> {
        let Header { end, count, .. } = self.header();
        let front = self.seek(index).unwrap_or(end);
        Iter { bytes: &self.buffer, front, back: end, remaining: count.saturating_sub(index) }
    }

    /// The first `count` values, or all; meant to be read from the back.
    #[must_use]
    pub fn iter_until(&self, count: usize) -> Iter<'_> {
        let Header { start, end, count: len } = self.header();
        let back = self.seek(count).unwrap_or(end);
        Iter { bytes: &self.buffer, front: start, back, remaining: count.min(len) }
    }

    /// Cuts off and returns the entries from `index` on.
    #[must_use]
    pub fn split_off(&mut self, index: usize) -> Packed {
        let Header { start, end, count } = self.header();
        let Some(position) = self.seek(index) else { return Packed::new() };
        let tail = Packed::from_encoded(&self.buffer[position..end], count - index);
        self.truncate_to(Header { start, end: position, count: index });
        tail
    }

    /// Moves all entries of `other` behind those of `self`.
    pub fn append(&mut self, other: &mut Packed) {
        let other = mem::take(other);
        if self.is_empty() {
            *self = other;
            return;
        }
        let entries = other.entries();
        let at = self.open(self.header().end, entries.len(), other.len());
        self.buffer[at..at + entries.len()].copy_from_slice(entries);
    }

    /// Reallocates so that nothing is free.
    pub fn shrink_to_fit(&mut self) {
        let Header { start, end, count } = self.header();
        if header_bytes(self.buffer.len()) + (end - start) < self.buffer.len() {
            *self = Packed::from_encoded(&self.buffer[start..end], count);
        }
    }

    /// The encoded entries: exactly those of a Redis listpack between its header and its end mark.
    #[must_use]
    pub fn entries(&self) -> &[u8] {
        let Header { start, end, .. } = self.header();
        &self.buffer[start..end]
    }

    /// Reads entries encoded by [`Self::entries`] or by Redis from a source that is not trusted.
    ///
    /// Values are encoded anew, because another writer may have chosen a longer encoding. `None` means that
    /// `entries` is malformed.
    #[must_use]
    pub fn from_entries(entries: &[u8]) -> Option<Packed> {
        let (mut canonical, mut count, mut rest) = (Vec::with_capacity(entries.len()), 0, entries);
        while !rest.is_empty() {
            let (item, entry_len) = Packed::check_entry(rest)?;
            let encoded = Encoded::new(item);
            let start = canonical.len();
            canonical.resize(start + encoded.entry_len(), 0);
            encoded.write(&mut canonical[start..]);
            count += 1;
            rest = &rest[entry_len..];
        }
        Some(Packed::from_encoded(&canonical, count))
    }

    /// A sequence of the untrusted `entries`, of which there are `count`, in one pass; `None` if these are malformed, or not
    /// written as they are here. [`Packed::check_entry`] then says more of them.
    #[must_use]
    pub fn from_canonical(entries: &[u8], count: usize) -> Option<Packed> {
        let (mut rest, mut found) = (entries, 0);
        while !rest.is_empty() {
            let (item, entry_len) = Packed::check_entry(rest)?;
            // Of the ways to write a value the right one is the only one of its length.
            if item.entry_len() != entry_len {
                return None;
            }
            found += 1;
            rest = &rest[entry_len..];
        }
        (found == count && count > 0).then(|| Packed::from_encoded(entries, count))
    }

    /// Reads the entry that untrusted `bytes` begin with, and how many bytes it takes; `None` if it is malformed.
    #[must_use]
    pub fn check_entry(bytes: &[u8]) -> Option<(Item<'_>, usize)> {
        let (item, body_len) = decode(bytes)?;
        let entry = bytes.get(..body_len.checked_add(back_len_bytes(body_len))?)?;
        if checked_step_back(entry)? != 0 {
            return None;
        }
        let item = if let Item::Bytes(bytes) = item { Item::from(bytes) } else { item };
        Some((item, entry.len()))
    }
}

/// Appends the entry of a value to those that [`Packed::entries`] gave.
#[inline]
pub(crate) fn append_entry(out: &mut Vec<u8>, item: Item<'_>) {
    Encoded::new(item).append_to(out);
}

impl fmt::Debug for Packed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for &'a Packed {
    type Item = Item<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Iterates over the values of a [`Packed`] from both ends.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    front: usize,
    back: usize,
    remaining: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let bytes = &self.bytes[self.front..];
        if let Some(len) = short_bytes_len(bytes[0]) {
            self.front += len + 2;
            return Some(Item::Bytes(&bytes[1..=len]));
        }
        let (item, body_len) = decode(bytes).expect("entries are well formed");
        self.front += body_len + back_len_bytes(body_len);
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        self.back = step_back(self.bytes, self.back);
        let (item, _) = decode(&self.bytes[self.back..]).expect("entries are well formed");
        Some(item)
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// Where the entries lie in the buffer and how many there are.
#[derive(Clone, Copy)]
struct Header {
    start: usize,
    end: usize,
    count: usize,
}

/// The buffer and its room.
impl Packed {
    #[inline]
    fn header(&self) -> Header {
        let buffer = &self.buffer;
        if buffer.is_empty() {
            return Header { start: 0, end: 0, count: 0 };
        }
        if buffer.len() <= NARROW_BYTES_MAX {
            let &[a, b, c, d, e, f] = buffer.first_chunk().expect(HAS_HEADER);
            let field = |low: u8, high: u8| usize::from(u16::from_le_bytes([low, high]));
            Header { start: field(a, b), end: field(c, d), count: field(e, f) }
        } else {
            let fields: &[u8; WIDE_HEADER_BYTES] = buffer.first_chunk().expect(HAS_HEADER);
            let (fields, _) = fields.as_chunks::<4>();
            let field = |at: usize| u32::from_le_bytes(fields[at]) as usize;
            Header { start: field(0), end: field(1), count: field(2) }
        }
    }

    #[inline]
    fn set_header(&mut self, header: Header) {
        let fields = [header.start, header.end, header.count];
        if self.buffer.len() <= NARROW_BYTES_MAX {
            // Offsets and counts are at most the buffer's length, so nothing is cut off.
            let [[a, b], [c, d], [e, f]] = fields.map(|field| (field as u16).to_le_bytes());
            *self.buffer.first_chunk_mut().expect(HAS_HEADER) = [a, b, c, d, e, f];
        } else {
            let bytes: &mut [u8; WIDE_HEADER_BYTES] = self.buffer.first_chunk_mut().expect(HAS_HEADER);
            let (places, _) = bytes.as_chunks_mut::<4>();
            for (place, field) in places.iter_mut().zip(fields) {
                *place = (field as u32).to_le_bytes();
            }
        }
    }

    /// Exactly these encoded entries, without any slack.
    fn from_encoded(entries: &[u8], count: usize) -> Packed {
        if count == 0 {
            return Packed::new();
        }
        let start = header_bytes(buffer_len_for(entries.len()));
        let mut buffer = Vec::with_capacity(start + entries.len());
        buffer.resize(start, 0);
        buffer.extend_from_slice(entries);
        let mut packed = Packed { buffer: buffer.into_boxed_slice() };
        packed.set_header(Header { start, end: start + entries.len(), count });
        packed
    }

    /// The position behind the entry at `position`.
    #[inline]
    fn skip(&self, position: usize) -> usize {
        position + entry_len(&self.buffer[position..])
    }

    fn insert_encoded(&mut self, position: usize, encoded: &Encoded<'_>) -> usize {
        let len = encoded.entry_len();
        let position = self.open(position, len, 1);
        encoded.write(&mut self.buffer[position..position + len]);
        position
    }

    fn remove_bytes(&mut self, position: usize, len: usize, entries: usize) -> Option<usize> {
        let position = self.close(position, len);
        let header = self.header();
        self.truncate_to(Header { count: header.count - entries, ..header });
        if self.is_empty() {
            return None;
        }
        // The reallocation moves the entries to the start of a buffer without a gap.
        let position = position - header.start + self.header().start;
        (position < self.header().end).then_some(position)
    }

    fn truncate_to(&mut self, header: Header) {
        if header.count == 0 {
            self.buffer = Box::default();
        } else {
            self.set_header(header);
            self.shrink_if_sparse(header.start);
        }
    }

    /// Makes `len` more bytes for `added` entries before `position`; returns where they begin.
    fn open(&mut self, position: usize, len: usize, added: usize) -> usize {
        let Header { start, end, count } = self.header();
        let count = count + added;
        let (front_room, back_room) = if self.buffer.is_empty() {
            (0, 0)
        } else {
            (start - header_bytes(self.buffer.len()), self.buffer.len() - end)
        };
        let (before, after) = (position - start, end - position);
        // Move the shorter side; the longer one only if it is short too, else a deque would move it on every
        // push.
        if back_room >= len && (after <= before || after <= CHEAP_MOVE_BYTES) {
            self.buffer.copy_within(position..end, position + len);
            self.set_header(Header { start, end: end + len, count });
            return position;
        }
        if front_room >= len && (before <= after || before <= CHEAP_MOVE_BYTES) {
            self.buffer.copy_within(start..position, start - len);
            self.set_header(Header { start: start - len, end, count });
            return position - len;
        }
        let (live, room) = (end - start, front_room + back_room);
        let is_worth_moving =
            room >= live / 16 || live <= CHEAP_MOVE_BYTES || self.buffer.len() == SHARED_GROWTH_BYTES_MAX;
        if room >= len && is_worth_moving {
            self.slide(position, len, added)
        } else {
            self.grow(position, len, added)
        }
    }

    /// Moves all entries so that the free bytes lie where the next ones are likely to be put.
    fn slide(&mut self, position: usize, len: usize, added: usize) -> usize {
        let Header { start, end, count } = self.header();
        let (before, after) = (position - start, end - position);
        let is_front = before == 0;
        let new_start =
            if is_front { self.buffer.len() - after - len } else { header_bytes(self.buffer.len()) };
        let new_position = new_start + before;
        if new_start <= start {
            self.buffer.copy_within(start..position, new_start);
            self.buffer.copy_within(position..end, new_position + len);
        } else {
            self.buffer.copy_within(position..end, new_position + len);
            self.buffer.copy_within(start..position, new_start);
        }
        self.set_header(Header { start: new_start, end: new_position + len + after, count: count + added });
        new_position
    }

    /// Reallocates with `len` more bytes at `position` and an eighth of slack at the end that grows.
    fn grow(&mut self, position: usize, len: usize, added: usize) -> usize {
        let Header { start, end, count } = self.header();
        let capacity = grown_capacity(buffer_len_for(end - start + len));
        let header_len = header_bytes(capacity);
        let (before, after) = (position - start, end - position);
        let is_front = before == 0 && after > 0;
        let new_start = if is_front { capacity - after - len } else { header_len };
        let new_position = new_start + before;
        if position == end && start == new_start {
            // The allocator may grow it in place.
            let mut buffer = mem::take(&mut self.buffer).into_vec();
            buffer.reserve_exact(capacity - buffer.len());
            buffer.resize(capacity, 0);
            self.buffer = buffer.into_boxed_slice();
        } else {
            let mut buffer = Vec::with_capacity(capacity);
            buffer.resize(new_start, 0);
            buffer.extend_from_slice(&self.buffer[start..position]);
            buffer.resize(new_position + len, 0);
            buffer.extend_from_slice(&self.buffer[position..end]);
            buffer.resize(capacity, 0);
            self.buffer = buffer.into_boxed_slice();
        }
        self.set_header(Header { start: new_start, end: new_position + len + after, count: count + added });
        new_position
    }

    /// Takes out the `len` bytes from `position` on; returns where what followed them begins.
    fn close(&mut self, position: usize, len: usize) -> usize {
        let Header { start, end, count } = self.header();
        let (before, after) = (position - start, end - position - len);
        if before < after {
            self.buffer.copy_within(start..position, start + len);
            self.set_header(Header { start: start + len, end, count });
            position + len
        } else {
            self.buffer.copy_within(position + len..end, position);
            self.set_header(Header { start, end: end - len, count });
            position
        }
    }

    /// Reallocates when more than half is free; returns where the entry at `position` is then.
    fn shrink_if_sparse(&mut self, position: usize) -> usize {
        let Header { start, end, count } = self.header();
        let live = end - start;
        if self.buffer.len() <= 2 * live + SPARE_BYTES_MAX {
            return position;
        }
        // Nothing is added, so that a sequence that only shrinks ends up small; growing again adds its slack.
        *self = Packed::from_encoded(&self.buffer[start..end], count);
        position - start + self.header().start
    }
}

/// Bytes of the header of a buffer of `buffer_len` bytes.
#[inline]
fn header_bytes(buffer_len: usize) -> usize {
    if buffer_len <= NARROW_BYTES_MAX { NARROW_HEADER_BYTES } else { WIDE_HEADER_BYTES }
}

/// Bytes of the smallest buffer with room for `live` bytes of entries.
fn buffer_len_for(live: usize) -> usize {
    let narrow = live + NARROW_HEADER_BYTES;
    let len = if narrow <= NARROW_BYTES_MAX { narrow } else { live + WIDE_HEADER_BYTES };
    assert!(u32::try_from(len).is_ok(), "values are limited far below 4 GiB before they get here");
    len
}

/// What to allocate when `needed` bytes are: an eighth more, in whole words.
fn grown_capacity(needed: usize) -> usize {
    let capacity = (needed + needed / 8).next_multiple_of(8);
    let capacity =
        if needed <= SHARED_GROWTH_BYTES_MAX { capacity.min(SHARED_GROWTH_BYTES_MAX) } else { capacity };
    // Slack must not change the header that `needed` was computed with.
    if needed <= NARROW_BYTES_MAX { capacity.min(NARROW_BYTES_MAX) } else { capacity.min(u32::MAX as usize) }
}

#[cfg(test)]
mod tests;
