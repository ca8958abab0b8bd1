//! One field of a large hash with its value, in one allocation behind one thin pointer.
//!
//! ```text
//! head u8 | field length u32 (when the head's is full) | deadline u64 (when flagged) | field | value
//! ```
//! The head's low seven bits are the field's length, or full for a longer one; its high bit says that there is a
//! deadline. The value is what remains.

#![expect(clippy::cast_possible_truncation, reason = "short names have fewer bytes than a byte can say")]

use crate::base::relocate::{Mover, Relocate};
use crate::structures::Thin;
use crate::structures::table::Keyed;

/// The low bits of the head when four bytes of length follow it.
const WIDE: u8 = 0x7f;
/// The bit of the head for a deadline.
const TIMED: u8 = 0x80;
/// Bytes of a deadline.
const DEADLINE_BYTES: usize = 8;

/// A field and its value.
pub(crate) struct Field(Thin);

impl Keyed for Field {
    #[inline(always)]
    fn key(&self) -> &[u8] {
        let bytes = self.0.as_bytes();
        let (start, end) = name_range(bytes);
        &bytes[start..end]
    }
}

impl Relocate for Field {
    fn relocate(&mut self, mover: &mut Mover) {
        self.0.relocate(mover);
    }
}

impl Field {
    /// A field with copies of these bytes.
    pub(crate) fn new(name: &[u8], value: &[u8]) -> Field {
        if name.len() < usize::from(WIDE) {
            return Field(Thin::new(&[&[name.len() as u8], name, value]));
        }
        Field(Thin::new(&[&[WIDE], &wide_len(name), name, value]))
    }

    /// The same with a deadline in unix milliseconds, or without.
    pub(crate) fn timed(name: &[u8], value: &[u8], deadline: Option<u64>) -> Field {
        let Some(at) = deadline else { return Field::new(name, value) };
        let at = at.to_le_bytes();
        if name.len() < usize::from(WIDE) {
            return Field(Thin::new(&[&[TIMED | name.len() as u8], &at, name, value]));
        }
        Field(Thin::new(&[&[TIMED | WIDE], &wide_len(name), &at, name, value]))
    }

    /// The value.
    pub(crate) fn value(&self) -> &[u8] {
        let bytes = self.0.as_bytes();
        &bytes[name_range(bytes).1..]
    }

    /// When the field expires, in unix milliseconds.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let bytes = self.0.as_bytes();
        if bytes[0] < TIMED {
            return None;
        }
        let (_, deadline) = bytes[..name_range(bytes).0].split_last_chunk::<DEADLINE_BYTES>()?;
        Some(u64::from_le_bytes(*deadline))
    }

    /// Replaces the value; in place when it is as long as the old one. The deadline stays.
    pub(crate) fn set_value(&mut self, value: &[u8]) {
        let deadline = self.deadline();
        let bytes = self.0.as_bytes_mut();
        let (start, end) = name_range(bytes);
        if bytes.len() - end == value.len() {
            bytes[end..].copy_from_slice(value);
        } else {
            *self = Field::timed(&bytes[start..end], value, deadline);
        }
    }

    /// Sets or clears the deadline.
    pub(crate) fn set_deadline(&mut self, deadline: Option<u64>) {
        if self.deadline() != deadline {
            *self = Field::timed(self.key(), self.value(), deadline);
        }
    }

    /// Bytes allocated on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }
}

/// Where the field's name begins and ends.
#[inline(always)]
fn name_range(bytes: &[u8]) -> (usize, usize) {
    if bytes[0] < WIDE {
        return (1, 1 + usize::from(bytes[0]));
    }
    unusual_name_range(bytes)
}

/// That of a long name or of a field with a deadline.
fn unusual_name_range(bytes: &[u8]) -> (usize, usize) {
    let (mut start, len) = match bytes[0] & !TIMED {
        WIDE => (5, u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize),
        len => (1, usize::from(len)),
    };
    if bytes[0] >= TIMED {
        start += DEADLINE_BYTES;
    }
    (start, start + len)
}

fn wide_len(name: &[u8]) -> [u8; 4] {
    u32::try_from(name.len()).expect("a request is shorter than 4 GiB").to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn every_length_of_name_and_value_is_kept() {
        for name_len in [0, 1, 126, 127, 128, 255, 70_000] {
            for value_len in [0, 1, 100, 252, 253, 254, 70_000] {
                let (name, value) = (vec![b'n'; name_len], vec![b'v'; value_len]);
                let mut field = Field::new(&name, &value);
                for deadline in [None, Some(0), None, Some(1 << 45), Some(u64::MAX)] {
                    field.set_deadline(deadline);
                    assert_eq!((field.key(), field.value()), (&name[..], &value[..]));
                    field.set_value(&vec![b'w'; value_len]);
                    assert_eq!((field.key(), field.value()), (&name[..], &vec![b'w'; value_len][..]));
                    field.set_value(b"another");
                    assert_eq!((field.key(), field.value()), (&name[..], &b"another"[..]));
                    assert_eq!(field.deadline(), deadline);
                    field.set_value(&value);
                }
            }
        }
        assert_eq!(Field::new(b"0123456789", b"0123456789").memory_bytes(), 22);
        assert_eq!(Field::timed(b"0123456789", b"0123456789", Some(1)).memory_bytes(), 30);
    }
}
