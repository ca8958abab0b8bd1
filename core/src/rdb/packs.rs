//! Sequences that Redis keeps, and therefore serialises, as one block of bytes.
//!
//! Each function visits the elements in order, checks all of the block while it does, and returns how many elements
//! there were.

use super::read::Fault;
use crate::structures::{Item, Packed};

type Visited = Result<(), Fault>;

/// The kinds of blocks whose elements stand for themselves.
#[derive(Clone, Copy)]
pub(super) enum Pack {
    Listpack,
    Ziplist,
}

impl Pack {
    pub(super) fn each<'a>(
        self,
        block: &'a [u8],
        visit: impl FnMut(Item<'a>) -> Visited,
    ) -> Result<usize, Fault> {
        let count = match self {
            Pack::Listpack => listpack(block, visit)?,
            Pack::Ziplist => ziplist(block, visit)?,
        };
        if count > 0 { Ok(count) } else { Err(Fault::Empty) }
    }

    /// Visits elements two by two.
    pub(super) fn each_pair<'a>(
        self,
        block: &'a [u8],
        mut visit: impl FnMut(Item<'a>, Item<'a>) -> Visited,
    ) -> Visited {
        let mut first = None;
        self.each(block, |item| match first.take() {
            None => {
                first = Some(item);
                Ok(())
            }
            Some(first) => visit(first, item),
        })?;
        if first.is_none() { Ok(()) } else { Err(Fault::Malformed) }
    }
}

/// The byte that ends listpacks, ziplists and zipmaps.
const END: u8 = 0xff;
/// A count of elements that is too large for its field.
const COUNT_UNKNOWN: u16 = u16::MAX;

/// `bytes u32 | count u16 | elements | 0xff`, where an element is as in [`Packed`].
fn listpack<'a>(block: &'a [u8], mut visit: impl FnMut(Item<'a>) -> Visited) -> Result<usize, Fault> {
    let (claimed, mut rest) = listpack_entries(block)?;
    let mut visited = 0;
    while !rest.is_empty() {
        let (item, len) = Packed::check_entry(rest).ok_or(Fault::Malformed)?;
        visit(item)?;
        visited += 1;
        rest = &rest[len..];
    }
    check_count(claimed, visited)
}

/// The sequence of a listpack that is as it would be written here; `None` if it has to be read element by element.
pub(super) fn canonical_listpack(block: &[u8]) -> Option<Packed> {
    let (claimed, entries) = listpack_entries(block).ok()?;
    Packed::from_canonical(entries, usize::from(claimed))
}

/// How many entries a listpack claims to have, and their bytes, which are not checked.
fn listpack_entries(block: &[u8]) -> Result<(u16, &[u8]), Fault> {
    let (bytes, rest) = block.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
    let (count, rest) = rest.split_first_chunk::<2>().ok_or(Fault::Malformed)?;
    let (&end, rest) = rest.split_last().ok_or(Fault::Malformed)?;
    if u32::from_le_bytes(*bytes) as usize != block.len() || end != END {
        return Err(Fault::Malformed);
    }
    Ok((u16::from_le_bytes(*count), rest))
}

/// `bytes u32 | offset of the last element u32 | count u16 | elements | 0xff`, where an element is
/// `bytes of the element before it: u8, or 0xfe and u32 | kind and length, or an integer | bytes`.
fn ziplist<'a>(block: &'a [u8], mut visit: impl FnMut(Item<'a>) -> Visited) -> Result<usize, Fault> {
    let (bytes, rest) = block.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
    let (tail, rest) = rest.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
    let (count, rest) = rest.split_first_chunk::<2>().ok_or(Fault::Malformed)?;
    let (&end, mut entries) = rest.split_last().ok_or(Fault::Malformed)?;
    if u32::from_le_bytes(*bytes) as usize != block.len() || end != END {
        return Err(Fault::Malformed);
    }
    let (mut visited, mut last, mut at, mut len_before) = (0, 10, 10, 0);
    while !entries.is_empty() {
        let (before, body) = len_of_previous(entries).ok_or(Fault::Malformed)?;
        let (item, after) = ziplist_item(body).ok_or(Fault::Malformed)?;
        if before != len_before {
            return Err(Fault::Malformed);
        }
        visit(item)?;
        visited += 1;
        last = at;
        len_before = entries.len() - after.len();
        at += len_before;
        entries = after;
    }
    if u32::from_le_bytes(*tail) as usize != last {
        return Err(Fault::Malformed);
    }
    check_count(u16::from_le_bytes(*count), visited)
}

fn check_count(claimed: u16, visited: usize) -> Result<usize, Fault> {
    if claimed == COUNT_UNKNOWN || usize::from(claimed) == visited {
        Ok(visited)
    } else {
        Err(Fault::Malformed)
    }
}

fn len_of_previous(entry: &[u8]) -> Option<(usize, &[u8])> {
    let (&short, rest) = entry.split_first()?;
    match short {
        0xff => None,
        0xfe => {
            let (long, rest) = rest.split_first_chunk::<4>()?;
            Some((u32::from_le_bytes(*long) as usize, rest))
        }
        short => Some((usize::from(short), rest)),
    }
}

/// The value of a ziplist's element from its kind on, and what follows it.
fn ziplist_item(body: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let (&kind, rest) = body.split_first()?;
    let text =
        |len: usize, rest| <[u8]>::split_at_checked(rest, len).map(|(text, rest)| (Item::from(text), rest));
    match kind {
        0..0x40 => text(usize::from(kind), rest),
        0x40..0x80 => {
            let (&low, rest) = rest.split_first()?;
            text(usize::from(kind & 0x3f) << 8 | usize::from(low), rest)
        }
        0x80..0xc0 => {
            let (len, rest) = rest.split_first_chunk::<4>()?;
            text(u32::from_be_bytes(*len) as usize, rest)
        }
        0xc0 => integer::<2>(rest),
        0xd0 => integer::<4>(rest),
        0xe0 => integer::<8>(rest),
        0xf0 => integer::<3>(rest),
        0xfe => integer::<1>(rest),
        0xf1..=0xfd => Some((Item::Int(i64::from(kind & 0x0f) - 1), rest)),
        _ => None,
    }
}

/// A little-endian integer of `N` bytes.
fn integer<const N: usize>(rest: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let (bytes, rest) = rest.split_first_chunk::<N>()?;
    Some((Item::Int(signed(bytes)), rest))
}

/// The little-endian integer in 1 to 8 bytes.
fn signed(bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[8 - bytes.len()..].copy_from_slice(bytes);
    // Shifting down from the top copies the sign.
    i64::from_le_bytes(wide) >> (64 - 8 * bytes.len())
}

/// `count u8 | (length | field | length | unused u8 | value | unused bytes)* | 0xff`, where a length is one byte, or
/// 0xfe and u32. This is how hashes were kept before 2.6.
pub(super) fn zipmap<'a>(
    block: &'a [u8],
    mut visit: impl FnMut(&'a [u8], &'a [u8]) -> Visited,
) -> Result<usize, Fault> {
    let (&claimed, rest) = block.split_first().ok_or(Fault::Malformed)?;
    let (&end, mut rest) = rest.split_last().ok_or(Fault::Malformed)?;
    if end != END {
        return Err(Fault::Malformed);
    }
    let mut visited = 0;
    while !rest.is_empty() {
        let (field, value, after) = zipmap_pair(rest).ok_or(Fault::Malformed)?;
        visit(field, value)?;
        visited += 1;
        rest = after;
    }
    let is_right = visited > 0 && (claimed >= 0xfe || usize::from(claimed) == visited);
    if is_right { Ok(visited) } else { Err(Fault::Malformed) }
}

fn zipmap_pair(rest: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (field_len, rest) = len_of_previous(rest)?;
    let (field, rest) = rest.split_at_checked(field_len)?;
    let (value_len, rest) = len_of_previous(rest)?;
    let (&unused, rest) = rest.split_first()?;
    let (value, rest) = rest.split_at_checked(value_len)?;
    Some((field, value, rest.get(usize::from(unused)..)?))
}

/// `bytes of a member u32 | count u32 | members in ascending order`.
pub(super) fn intset(block: &[u8], mut visit: impl FnMut(i64) -> Visited) -> Result<usize, Fault> {
    let (width, rest) = block.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
    let (count, members) = rest.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
    let (width, count) = (u32::from_le_bytes(*width) as usize, u32::from_le_bytes(*count) as usize);
    if !matches!(width, 2 | 4 | 8) || count == 0 || count.checked_mul(width) != Some(members.len()) {
        return Err(Fault::Malformed);
    }
    let mut last = None;
    for member in members.chunks_exact(width).map(signed) {
        if last.is_some_and(|last| last >= member) {
            return Err(Fault::Malformed);
        }
        visit(member)?;
        last = Some(member);
    }
    Ok(count)
}
