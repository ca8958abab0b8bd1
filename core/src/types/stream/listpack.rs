//! A chunk in the form that Redis gives it, a listpack, and back: in one pass, element by element.
//!
//! ```text
//! living entries | deleted entries | names | name* | 0 | entry*
//! entry: flags | milliseconds | sequence | value*                   | elements       with the names at the front
//!        flags | milliseconds | sequence | fields | (name | value)* | elements       with its own
//! ```
//! Milliseconds and sequence count from those of the chunk; the last element says how many there were before it.

use alloc::vec::Vec;

use super::Id;
use super::chunk::{Chunk, DELETED, Found, SAME_FIELDS, write_item, write_number, zigzag};
use crate::base::bytes::{append_start_within_capacity, append_within_capacity};
use crate::number;
use crate::structures::packed::append_entry;
use crate::structures::{Item, Packed};

/// Bytes in front of a listpack's entries: its length and their number.
const HEAD_BYTES: usize = 6;
/// The byte that ends a listpack.
const END: u8 = 0xff;
/// A number of elements that is too large for its field.
const COUNT_UNKNOWN: u16 = u16::MAX;
/// Elements of an entry besides its fields: flags, milliseconds and sequence; and the count of its fields.
const ENTRY_ELEMENTS: u64 = 3;
const COUNT_ELEMENTS: u64 = 1;
/// A chunk takes less than so many times the bytes of its listpack, and some.
const FACTOR_MAX: usize = 2;
const MORE_BYTES_MAX: usize = 64;

/// Bytes that [`read`] needs to read a listpack of `len` bytes, besides the chunk.
pub(super) fn scratch_bytes(len: usize) -> usize {
    FACTOR_MAX * len + MORE_BYTES_MAX
}

/// The chunk of an untrusted listpack whose IDs count from `base`, and the ID of its last entry; `None` if it is
/// malformed, or if it has no entry. It is put together in `scratch`, which has room for [`scratch_bytes`].
pub(super) fn read(base: Id, block: &[u8], scratch: &mut Vec<u8>) -> Option<(Chunk, Id)> {
    let (head, rest) = block.split_first_chunk::<HEAD_BYTES>()?;
    let [a, b, c, d, count @ ..] = *head;
    let (&end, bytes) = rest.split_last()?;
    let claimed = u16::from_le_bytes(count);
    if u32::from_le_bytes([a, b, c, d]) as usize != block.len() || end != END {
        return None;
    }
    let mut elements = Elements { bytes, at: 0, taken: 0 };
    let (live, deleted) = (elements.count()?, elements.count()?);
    let entries_from = elements.at;
    scratch.clear();
    let names = elements.count()?;
    write_number(scratch, names as u64);
    (0..names).try_for_each(|_| elements.copy(scratch))?;
    if elements.integer()? != 0 {
        return None;
    }
    let entries_at = scratch.len();
    let (mut last, mut found) = (None, [0, 0]);
    while elements.at < bytes.len() {
        let (id, is_deleted) = elements.entry(base, names, last, scratch)?;
        last = Some(id);
        found[usize::from(is_deleted)] += 1;
    }
    let is_counted = claimed == COUNT_UNKNOWN || u64::from(claimed) == elements.taken;
    if found != [live, deleted] || !is_counted {
        return None;
    }
    let chunk = Chunk::from_parts(scratch, entries_at, live, deleted, bytes.len() - entries_from);
    Some((chunk, last?))
}

/// Appends the listpack of a chunk.
pub(super) fn write(chunk: &Chunk, base: Id, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD_BYTES]);
    let mut count = 4 + chunk.names().len() as u64;
    for number in [chunk.live(), chunk.entries() - chunk.live(), chunk.names().len()] {
        append_entry(out, Item::Int(number as i64));
    }
    chunk.names().for_each(|name| append_entry(out, name));
    append_entry(out, Item::Int(0));
    let walk = chunk.walk(base);
    for found in walk.clone() {
        let Found { id, is_deleted, .. } = found;
        let has_shared_names = found.has_shared_names();
        let fields = walk.entry(found).fields;
        let flag = |is_set: bool, flag: u8| if is_set { i64::from(flag) } else { 0 };
        append_entry(out, Item::Int(flag(is_deleted, DELETED) | flag(has_shared_names, SAME_FIELDS)));
        append_entry(out, Item::Int(id.ms.wrapping_sub(base.ms) as i64));
        append_entry(out, Item::Int(id.seq.wrapping_sub(base.seq) as i64));
        let elements = elements_of(has_shared_names, fields.len());
        if !has_shared_names {
            append_entry(out, Item::Int(fields.len() as i64));
        }
        for (name, value) in fields {
            if !has_shared_names {
                append_entry(out, name);
            }
            append_entry(out, value);
        }
        append_entry(out, Item::Int(elements as i64));
        count += elements + 1;
    }
    out.push(END);
    let bytes = u32::try_from(out.len() - start).expect("chunks are far smaller than 4 GiB");
    out[start..start + 4].copy_from_slice(&bytes.to_le_bytes());
    // A server keeps 65535 for a count that does not fit.
    let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN);
    out[start + 4..start + HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
}

/// How many elements an entry has before the one that says so.
fn elements_of(has_shared_names: bool, fields: usize) -> u64 {
    let fields = fields as u64;
    if has_shared_names { ENTRY_ELEMENTS + fields } else { ENTRY_ELEMENTS + COUNT_ELEMENTS + 2 * fields }
}

/// Takes the elements of a listpack one by one. Most are integers of seven bits and short texts, which have a length of
/// one byte behind them.
struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    taken: u64,
}

impl Elements<'_> {
    #[inline(always)]
    fn integer(&mut self) -> Option<i64> {
        self.taken += 1;
        match self.bytes.get(self.at..self.at + 2)? {
            &[small @ 0..0x80, 1] => {
                self.at += 2;
                Some(i64::from(small))
            }
            _ => self.any_integer(),
        }
    }

    #[inline(never)]
    fn any_integer(&mut self) -> Option<i64> {
        let (item, len) = Packed::check_entry(&self.bytes[self.at..])?;
        self.at += len;
        match item {
            Item::Int(value) => Some(value),
            Item::Bytes(_) => None,
        }
    }

    /// An integer that counts elements, of which there can only be as many as there are bytes left.
    fn count(&mut self) -> Option<usize> {
        number::exact(self.integer()?).filter(|&count| count <= self.bytes.len() - self.at)
    }

    /// Copies an element in the form that it has in a chunk.
    #[inline(always)]
    fn copy(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let rest = &self.bytes[self.at..];
        match *rest {
            [tag @ 0x80..0xc0, ..] => {
                let len = usize::from(tag & 0x3f);
                // The bytes of an element behind it are those of its tag and text.
                let is_whole = rest.get(1 + len).is_some_and(|&back| usize::from(back) == 1 + len);
                if let Some(&(mut words)) = rest.first_chunk::<16>()
                    && is_whole
                    && is_no_integer(&words, len)
                {
                    self.at += len + 2;
                    self.taken += 1;
                    words[0] = tag << 1;
                    if len < words.len() {
                        append_start_within_capacity(out, words, 1 + len);
                    } else {
                        out.push(tag << 1);
                        append_within_capacity(out, &rest[1..=len]);
                    }
                    return Some(());
                }
            }
            [small @ 1..0x80, 1, ..] => {
                self.at += 2;
                self.taken += 1;
                append_start_within_capacity(out, [1 << 1 | 1, small << 1], 2);
                return Some(());
            }
            // Thirteen bits; those of less than eight stand above.
            [high @ 0xc0..0xd0, low, 2, ..] if high > 0xc0 || low >= 0x80 => {
                self.at += 3;
                self.taken += 1;
                let doubled = (u16::from(high & 0x0f) << 8 | u16::from(low)) << 1;
                let [low, high] = doubled.to_le_bytes();
                append_start_within_capacity(out, [2 << 1 | 1, low, high], 3);
                return Some(());
            }
            [tag @ 0xf1..0xf4, ..] => {
                if let Some(&words) = rest.first_chunk::<8>()
                    && let Some((count, doubled)) = plain_integer(tag, &words)
                {
                    self.at += count + 2;
                    self.taken += 1;
                    let [a, b, c, d, ..] = doubled.to_le_bytes();
                    let head = number::low_u8(count as u64) << 1 | 1;
                    append_start_within_capacity(out, [head, a, b, c, d, 0, 0, 0], 1 + count);
                    return Some(());
                }
            }
            _ => {}
        }
        self.copy_any(out)
    }

    #[inline(never)]
    fn copy_any(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let (item, len) = Packed::check_entry(&self.bytes[self.at..])?;
        self.at += len;
        self.taken += 1;
        write_item(out, item);
        Some(())
    }

    /// What an entry begins with: flags, milliseconds and sequence.
    #[inline(always)]
    fn head(&mut self) -> Option<(u8, u64, i64)> {
        const FLAGS: u8 = DELETED | SAME_FIELDS;
        if let &[flags @ 0..=FLAGS, 1, ms @ 0..0x80, 1, seq @ 0..0x80, 1, ..] = &self.bytes[self.at..] {
            self.at += 6;
            self.taken += 3;
            return Some((flags, u64::from(ms), i64::from(seq)));
        }
        let flags = u8::try_from(self.integer()?).ok().filter(|&flags| flags <= FLAGS)?;
        Some((flags, u64::try_from(self.integer()?).ok()?, self.integer()?))
    }

    /// Copies an entry; its ID, which has to come after `last`, and whether it is deleted.
    #[inline(always)]
    fn entry(&mut self, base: Id, names: usize, last: Option<Id>, out: &mut Vec<u8>) -> Option<(Id, bool)> {
        let taken_before = self.taken;
        let (flags, ms, seq) = self.head()?;
        let id = Id::new(base.ms.checked_add(ms)?, base.seq.wrapping_add(seq as u64));
        if id < base || last.is_some_and(|last| id <= last) {
            return None;
        }
        let start = out.len();
        // A place for the length, which is one byte for most.
        match (u8::try_from(ms), u8::try_from(zigzag(seq))) {
            (Ok(ms @ 0..0x80), Ok(seq @ 0..0x80)) => {
                append_start_within_capacity(out, [0, flags, ms, seq], 4);
            }
            _ => {
                append_start_within_capacity(out, [0, flags], 2);
                write_number(out, ms);
                write_number(out, zigzag(seq));
            }
        }
        if flags & SAME_FIELDS != 0 {
            for _ in 0..names {
                self.copy(out)?;
            }
        } else {
            let count = self.count()?;
            write_number(out, count as u64);
            for _ in 0..count {
                self.copy(out)?;
                self.copy(out)?;
            }
        }
        let elements = self.taken - taken_before;
        if u64::try_from(self.integer()?) != Ok(elements) {
            return None;
        }
        close_entry(out, start);
        Some((id, flags & DELETED != 0))
    }
}

/// The bytes of an integer of two, three or four of them that stand behind `tag`, and twice its value, if that takes as
/// many: it is positive, has the bytes of an element behind it, and takes no fewer.
#[inline(always)]
fn plain_integer(tag: u8, words: &[u8; 8]) -> Option<(usize, u64)> {
    let count = usize::from(tag - 0xef);
    let value = (u64::from_le_bytes(*words) >> 8) & !(u64::MAX << (8 * count));
    let (least, most) = match count {
        2 => (1 << 12, 1 << 15),
        3 => (1 << 15, 1 << 23),
        _ => (1 << 23, 1 << 31),
    };
    let is_plain = usize::from(words[1 + count]) == 1 + count && (least..most).contains(&value);
    is_plain.then_some((count, value << 1))
}

/// Whether a text of so many bytes, of which the first stand behind one of another meaning, is surely none of an integer:
/// one of its first eight bytes is no digit.
#[inline(always)]
fn is_no_integer(start: &[u8; 16], len: usize) -> bool {
    const ALL: u64 = u64::MAX / 0xff;
    let [_, a, b, c, d, e, f, g, h, ..] = *start;
    let text = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    // The highest bit is set of bytes above and below digits; only such a byte carries into the next one.
    let others =
        (text.wrapping_add(ALL * (0x7f - u64::from(b'9'))) | text.wrapping_sub(ALL * u64::from(b'0')) | text)
            & (ALL << 7);
    let within = if len < 8 { !(u64::MAX << (8 * len)) } else { u64::MAX };
    others & within != 0 && a != b'-'
}

/// Writes the bytes of an entry behind `start` there, where one byte was left for it.
#[inline(always)]
fn close_entry(out: &mut Vec<u8>, start: usize) {
    let len = out.len() - start - 1;
    match u8::try_from(len) {
        Ok(short @ 0..0x80) => out[start] = short,
        _ => {
            let end = out.len();
            write_number(out, len as u64);
            let more = out.len() - end;
            // The length goes in front of what it counts, over the byte that was left for it.
            out[start + 1..].rotate_right(more);
            out.remove(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    fn start(text: &[u8]) -> [u8; 16] {
        let mut start = [b'x'; 16];
        let count = text.len().min(15);
        start[1..=count].copy_from_slice(&text[..count]);
        start
    }

    #[test]
    fn integers_are_copied_as_the_general_way_does() {
        let around = [0, 1, 127, 128, 4095, 4096, 32767, 32768, 65535, 65536, (1 << 23) - 1, 1 << 23];
        let large = [1 << 24, i64::from(i32::MAX), i64::from(i32::MAX) + 1, i64::MAX];
        for value in around.into_iter().chain(large).flat_map(|value| [value, -value, -value - 1]) {
            let mut bytes = Vec::new();
            append_entry(&mut bytes, Item::Int(value));
            let len = bytes.len();
            bytes.extend_from_slice(&[0x81, b'x', 2, 0, 0, 0, 0, 0, 0, 0]);
            for end in [len, bytes.len()] {
                let mut elements = Elements { bytes: &bytes[..end], at: 0, taken: 0 };
                let (mut copied, mut general) = (Vec::with_capacity(64), Vec::new());
                assert_eq!(elements.copy(&mut copied), Some(()), "{value}");
                write_item(&mut general, Item::Int(value));
                assert_eq!((copied, elements.at, elements.taken), (general, len, 1), "{value}");
            }
            // With a wrong length behind it, it is none.
            bytes[len - 1] ^= 1;
            let mut elements = Elements { bytes: &bytes, at: 0, taken: 0 };
            assert_eq!(elements.copy(&mut Vec::with_capacity(64)), None, "{value}");
        }
        // Numbers that would take fewer bytes are not kept as they stand.
        for wide in
            [&[0xf2, 5, 0, 0, 4, 0, 0, 0][..], &[0xf1, 5, 0, 3, 0, 0, 0, 0], &[0xf3, 5, 0, 0, 0, 5, 0, 0]]
        {
            let mut copied = Vec::with_capacity(64);
            let mut general = Vec::new();
            let mut elements = Elements { bytes: wide, at: 0, taken: 0 };
            elements.copy(&mut copied);
            write_item(&mut general, Item::Int(5));
            assert_eq!(copied, general);
        }
    }

    #[test]
    fn texts_of_integers_are_never_passed_over() {
        let mut random = Random::new([2; 16]);
        for _ in 0..if cfg!(miri) { 50 } else { 20_000 } {
            let number = random.next_u64() as i64 >> random.below(64);
            let text = Item::Int(number).to_vec();
            assert!(!is_no_integer(&start(&text), text.len()), "{number}");
            // Each byte beside digits tells.
            let mut text = *b"12345678";
            text[random.index(8)] = random.next_u64() as u8;
            let has_other = text.iter().any(|byte| !byte.is_ascii_digit()) && text[0] != b'-';
            assert_eq!(is_no_integer(&start(&text), 8), has_other, "{text:?}");
        }
    }
}
