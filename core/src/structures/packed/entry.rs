//! One entry of a [`Packed`](super::Packed)(super::Packed): the value it stands for and its encoding.

#![expect(clippy::cast_possible_truncation, reason = "each form is chosen by what its bytes can hold")]

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::base::bytes::{append_within_capacity, equal};
use crate::number;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, format_i64, parse_i64, write_i64};

/// Tag, integer or length: the longest part of an entry before its payload.
const HEAD_BYTES_MAX: usize = 9;

/// A value of a [`Packed`](super::Packed) or of a list: an integer if its text is canonical, bytes otherwise.
///
/// Build one with `Item::from`, which keeps that invariant; `Item::Bytes(b"12")` would be another value than
/// `Item::Int(12)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The value whose text is that of this integer.
    Int(i64),
    /// Any other byte string.
    Bytes(&'a [u8]),
}

impl<'a> From<&'a [u8]> for Item<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        parse_i64(bytes).map_or(Item::Bytes(bytes), Item::Int)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Item<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Item::from(&bytes[..])
    }
}

impl<'a> From<&'a Vec<u8>> for Item<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Item::from(&bytes[..])
    }
}

impl From<i64> for Item<'_> {
    fn from(value: i64) -> Self {
        Item::Int(value)
    }
}

impl<'a> Item<'a> {
    /// Whether the text of this value is `bytes`; an integer is not formatted for it.
    #[must_use]
    #[inline]
    pub fn eq_bytes(self, bytes: &[u8]) -> bool {
        match self {
            Item::Int(value) => parse_i64(bytes) == Some(value),
            Item::Bytes(own) => own == bytes,
        }
    }

    /// The order of the text of this value and `bytes`, bytewise.
    #[must_use]
    pub fn cmp_bytes(self, bytes: &[u8]) -> Ordering {
        self.text(&mut [0; INTEGER_TEXT_BYTES_MAX]).cmp(bytes)
    }

    /// The text of this value; an integer is formatted into `scratch`.
    #[must_use]
    pub fn text<'b>(self, scratch: &'b mut [u8; INTEGER_TEXT_BYTES_MAX]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Item::Int(value) => format_i64(value, scratch),
            Item::Bytes(bytes) => bytes,
        }
    }

    /// Appends the text of this value to `out`.
    pub fn append_to(self, out: &mut Vec<u8>) {
        match self {
            Item::Int(value) => write_i64(out, value),
            Item::Bytes(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// The text of this value in a vector of its own.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        self.text(&mut [0; INTEGER_TEXT_BYTES_MAX]).to_vec()
    }

    /// Bytes of the text of this value.
    #[must_use]
    #[inline]
    pub fn text_len(self) -> usize {
        match self {
            Item::Int(value) => {
                let digits = value.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
                digits + usize::from(value < 0)
            }
            Item::Bytes(bytes) => bytes.len(),
        }
    }

    /// Bytes that this value takes as an entry of a [`Packed`](super::Packed).
    #[must_use]
    #[inline]
    pub fn entry_len(self) -> usize {
        Encoded::new(self).entry_len()
    }
}

/// A value as it is stored: tag with integer or length, then the payload.
pub(super) struct Encoded<'a> {
    head: [u8; HEAD_BYTES_MAX],
    head_len: usize,
    payload: &'a [u8],
}

impl<'a> Encoded<'a> {
    #[inline]
    pub(super) fn new(item: Item<'a>) -> Self {
        match item {
            Item::Int(value) => Self::integer(value),
            Item::Bytes(bytes) => Self::bytes(bytes),
        }
    }

    fn integer(value: i64) -> Self {
        let wide = value.to_le_bytes();
        let (tag, payload) = match value {
            0..=0x7F => (wide[0], &[][..]),
            -0x1000..=0xFFF => (TAG_INT_13 | (wide[1] & 0x1F), &wide[..1]),
            -0x8000..=0x7FFF => (TAG_INT_16, &wide[..2]),
            -0x80_0000..=0x7F_FFFF => (TAG_INT_24, &wide[..3]),
            -0x8000_0000..=0x7FFF_FFFF => (TAG_INT_32, &wide[..4]),
            _ => (TAG_INT_64, &wide[..]),
        };
        Self::head(tag, payload, &[])
    }

    fn bytes(bytes: &'a [u8]) -> Self {
        debug_assert!(parse_i64(bytes).is_none(), "Item::from makes integers of these bytes");
        let wide = (bytes.len() as u64).to_le_bytes();
        match bytes.len() {
            0..=0x3F => Self::head(TAG_BYTES_6 | wide[0], &[], bytes),
            0x40..=0xFFF => Self::head(TAG_BYTES_12 | wide[1], &wide[..1], bytes),
            _ => Self::head(TAG_BYTES_32, &wide[..4], bytes),
        }
    }

    fn head(tag: u8, rest: &[u8], payload: &'a [u8]) -> Self {
        let mut head = [0; HEAD_BYTES_MAX];
        head[0] = tag;
        head[1..=rest.len()].copy_from_slice(rest);
        Self { head, head_len: 1 + rest.len(), payload }
    }

    fn body_len(&self) -> usize {
        self.head_len + self.payload.len()
    }

    #[inline]
    pub(super) fn entry_len(&self) -> usize {
        self.body_len() + back_len_bytes(self.body_len())
    }

    /// Appends the whole entry.
    #[inline]
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        let (body_len, start) = (self.body_len(), out.len());
        // Room for words behind what is used of them.
        out.reserve(body_len + 2 * HEAD_BYTES_MAX);
        if let Ok(short @ 0..=127) = u8::try_from(body_len) {
            append_within_capacity(out, &self.head[..self.head_len]);
            append_within_capacity(out, self.payload);
            out.push(short);
        } else {
            out.resize(start + self.entry_len(), 0);
            self.write(&mut out[start..]);
        }
    }

    /// Writes the whole entry into `out`, which has its length.
    pub(super) fn write(&self, out: &mut [u8]) {
        let body_len = self.body_len();
        out[..self.head_len].copy_from_slice(&self.head[..self.head_len]);
        out[self.head_len..body_len].copy_from_slice(self.payload);
        let mut rest = body_len;
        for (index, byte) in out[body_len..].iter_mut().rev().enumerate() {
            // Seven bits each; all but the leftmost say that more follow to the left.
            *byte = (rest & 0x7F) as u8;
            rest >>= 7;
            if index + 1 < back_len_bytes(body_len) {
                *byte |= 0x80;
            }
        }
    }
}

/// What a value looks like at the begin of an equal entry.
pub(super) struct Needle<'a> {
    encoded: Encoded<'a>,
    tag: u8,
    /// The last byte of the payload or the head, and where it lies: where entries begin alike, they often end
    /// differently.
    last: u8,
    last_at: usize,
}

impl<'a> Needle<'a> {
    pub(super) fn new(item: Item<'a>) -> Self {
        let encoded = Encoded::new(item);
        let last = encoded.payload.last().copied().unwrap_or(encoded.head[encoded.head_len - 1]);
        Self { tag: encoded.head[0], last, last_at: encoded.body_len() - 1, encoded }
    }

    #[inline(always)]
    pub(super) fn is_at(&self, bytes: &[u8]) -> bool {
        bytes[0] == self.tag && bytes.get(self.last_at) == Some(&self.last) && self.equals(bytes)
    }

    /// Not inlined, so that the walk up to here stays small.
    #[inline(never)]
    fn equals(&self, bytes: &[u8]) -> bool {
        let Encoded { head, head_len, payload } = &self.encoded;
        bytes[1..*head_len] == head[1..*head_len]
            && equal(&bytes[*head_len..head_len + payload.len()], payload)
    }
}

// Tags, by their leading ones; values below 0x80 are integers themselves.
const TAG_BYTES_6: u8 = 0x80;
const TAG_INT_13: u8 = 0xC0;
const TAG_BYTES_12: u8 = 0xE0;
const TAG_BYTES_32: u8 = 0xF0;
const TAG_INT_16: u8 = 0xF1;
const TAG_INT_24: u8 = 0xF2;
const TAG_INT_32: u8 = 0xF3;
const TAG_INT_64: u8 = 0xF4;

/// The length of a byte string that its tag tells, as it does of all but long ones.
#[inline(always)]
pub(super) fn short_bytes_len(tag: u8) -> Option<usize> {
    (TAG_BYTES_6..TAG_INT_13).contains(&tag).then_some(usize::from(tag & 0x3F))
}

/// Bytes of the well-formed entry that `bytes` begin with.
#[inline(always)]
pub(super) fn entry_len(bytes: &[u8]) -> usize {
    match bytes[0] {
        // Most are integers of seven bits and short strings, with a length of one byte behind them.
        0..TAG_BYTES_6 => 2,
        tag @ TAG_BYTES_6..TAG_INT_13 => 2 + usize::from(tag & 0x3F),
        _ => long_entry_len(bytes),
    }
}

fn long_entry_len(bytes: &[u8]) -> usize {
    let body_len = body_len(bytes).expect("a position is that of an entry");
    body_len + back_len_bytes(body_len)
}

/// Bytes of tag and payload of the entry that `bytes` begin with.
#[inline]
pub(super) fn body_len(bytes: &[u8]) -> Option<usize> {
    let tag = *bytes.first()?;
    Some(match tag {
        0..TAG_BYTES_6 => 1,
        TAG_BYTES_6..TAG_INT_13 => 1 + usize::from(tag & 0x3F),
        TAG_INT_13..TAG_BYTES_12 => 2,
        TAG_BYTES_12..TAG_BYTES_32 => 2 + (usize::from(tag & 0xF) << 8 | usize::from(*bytes.get(1)?)),
        TAG_BYTES_32 => (u32::from_le_bytes(array(bytes)?) as usize).checked_add(5)?,
        TAG_INT_16 => 3,
        TAG_INT_24 => 4,
        TAG_INT_32 => 5,
        TAG_INT_64 => 9,
        _ => return None,
    })
}

/// The value that `bytes` begin with, and the bytes of its tag and payload.
#[inline]
pub(super) fn decode(bytes: &[u8]) -> Option<(Item<'_>, usize)> {
    let tag = *bytes.first()?;
    let len = body_len(bytes)?;
    let item = match tag {
        0..TAG_BYTES_6 => Item::Int(i64::from(tag)),
        TAG_BYTES_6..TAG_INT_13 => Item::Bytes(bytes.get(1..len)?),
        // Shifting to the top and back copies the sign bit of 13 or 24 bits.
        TAG_INT_13..TAG_BYTES_12 => {
            Item::Int(i64::from(i16::from_be_bytes([tag << 3, 0]) | i16::from(*bytes.get(1)?) << 3) >> 3)
        }
        TAG_BYTES_12..TAG_BYTES_32 => Item::Bytes(bytes.get(2..len)?),
        TAG_BYTES_32 => Item::Bytes(bytes.get(5..len)?),
        TAG_INT_16 => Item::Int(i64::from(i16::from_le_bytes(array(bytes)?))),
        TAG_INT_24 => {
            let [low, middle, high] = array(bytes)?;
            Item::Int(i64::from(i32::from_le_bytes([0, low, middle, high]) >> 8))
        }
        TAG_INT_32 => Item::Int(i64::from(i32::from_le_bytes(array(bytes)?))),
        _ => Item::Int(i64::from_le_bytes(array(bytes)?)),
    };
    Some((item, len))
}

/// The `N` bytes after the tag.
#[inline]
fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.get(1..=N)?.try_into().ok()
}

/// Bytes of the length that follows a body of `body_len` bytes. The limits are those of Redis's format, which
/// does not use the largest value of each width.
#[inline]
pub(super) fn back_len_bytes(body_len: usize) -> usize {
    match body_len {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

/// The position of the entry that ends at `end`.
#[inline]
pub(super) fn step_back(bytes: &[u8], end: usize) -> usize {
    checked_step_back(&bytes[..end]).expect("entries are well formed")
}

/// Where the entry that ends with `bytes` begins.
#[inline]
pub(super) fn checked_step_back(bytes: &[u8]) -> Option<usize> {
    let (mut body_len, mut at) = (0u64, bytes.len());
    for index in 0..5 {
        at = at.checked_sub(1)?;
        body_len |= u64::from(bytes[at] & 0x7F) << (7 * index);
        if bytes[at] & 0x80 == 0 {
            return at.checked_sub(number::exact(body_len)?);
        }
    }
    None
}
