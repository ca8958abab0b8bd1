//! One field of a large hash with its value, in one allocation behind one thin pointer.
//!
//! ```text
//! head u8 | field length u32 (when the head's is full) | field | value
//! ```
//! The head's low seven bits are the field's length, or full for a longer one; its high bit is free for a
//! deadline, whose eight bytes would follow the length. The value is what remains.

use crate::keyspace::Keyed;
use crate::structures::Thin;

/// The low bits of the head when four bytes of length follow it.
const WIDE: u8 = 0x7f;

/// A field and its value.
pub struct Field(Thin);

impl Keyed for Field {
    #[inline(always)]
    fn key(&self) -> &[u8] {
        let bytes = self.0.as_bytes();
        let (start, end) = name_range(bytes);
        &bytes[start..end]
    }
}

impl Field {
    /// A field with copies of these bytes.
    pub fn new(name: &[u8], value: &[u8]) -> Field {
        if name.len() < usize::from(WIDE) {
            return Field(Thin::new(&[&[name.len() as u8], name, value]));
        }
        let len = u32::try_from(name.len()).expect("a request is shorter than 4 GiB");
        Field(Thin::new(&[&[WIDE], &len.to_le_bytes(), name, value]))
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        let bytes = self.0.as_bytes();
        &bytes[name_range(bytes).1..]
    }

    /// Replaces the value; in place when it is as long as the old one.
    pub fn set_value(&mut self, value: &[u8]) {
        let bytes = self.0.as_bytes_mut();
        let (start, end) = name_range(bytes);
        if bytes.len() - end == value.len() {
            bytes[end..].copy_from_slice(value);
        } else {
            *self = Field::new(&bytes[start..end], value);
        }
    }

    /// Bytes allocated on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }
}

/// Where the field's name begins and ends.
#[inline(always)]
fn name_range(bytes: &[u8]) -> (usize, usize) {
    if bytes[0] != WIDE {
        return (1, 1 + usize::from(bytes[0]));
    }
    let len = u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize;
    (5, 5 + len)
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
                assert_eq!((field.key(), field.value()), (&name[..], &value[..]));
                field.set_value(&vec![b'w'; value_len]);
                assert_eq!((field.key(), field.value()), (&name[..], &vec![b'w'; value_len][..]));
                field.set_value(b"another");
                assert_eq!((field.key(), field.value()), (&name[..], &b"another"[..]));
            }
        }
        assert_eq!(Field::new(b"0123456789", b"0123456789").memory_bytes(), 22);
    }
}
