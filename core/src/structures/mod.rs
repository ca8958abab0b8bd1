//! Pure data structures behind the value types: no commands, no keys, no clock.
//!
//! Each one states its memory layout, is deterministic, and is checked against a naive model.

pub(crate) mod intset;
pub(crate) mod list;
pub(crate) mod ordered;
pub(crate) mod packed;
pub(crate) mod pieces;
pub(crate) mod rank_tree;
pub(crate) mod shared;
pub(crate) mod sort;
pub(crate) mod table;
pub(crate) mod thin;
pub(crate) mod unordered;

pub(crate) use intset::IntSet;
pub(crate) use list::{Fill, List, Room};
pub(crate) use packed::{Item, Packed};
pub(crate) use pieces::Pieces;
pub(crate) use shared::Shared;
pub(crate) use thin::Thin;

use alloc::vec::Vec;

use crate::number;

/// The longest text of an `i64`, which is that of `i64::MIN`.
pub(crate) const INTEGER_TEXT_BYTES_MAX: usize = 20;

/// The integer that `text` spells in its only canonical way: no sign but `-`, no leading zero, no `-0`.
fn parse_i64(text: &[u8]) -> Option<i64> {
    if text.len() > INTEGER_TEXT_BYTES_MAX {
        return None;
    }
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    let mut magnitude: u64 = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Appends the canonical text of `value` to `out`.
fn write_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(format_i64(value, &mut [0; INTEGER_TEXT_BYTES_MAX]));
}

/// The canonical text of `value`, written at the end of `scratch`.
fn format_i64(value: i64, scratch: &mut [u8; INTEGER_TEXT_BYTES_MAX]) -> &[u8] {
    number::format_i64(scratch, value)
}

#[cfg(test)]
mod testing {
    //! What the model tests share: a small deterministic generator and interesting values.

    use alloc::vec::Vec;

    /// SplitMix64 (Steele, Lea, Flood 2014): tiny, and good enough to choose operations.
    pub(super) struct Random(pub(super) u64);

    impl Random {
        pub(super) fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        }

        /// A number below `bound`, which is not zero.
        pub(super) fn below(&mut self, bound: usize) -> usize {
            (self.next() % bound as u64) as usize
        }

        /// A byte string: often a colliding small one, sometimes an integer at an edge of an encoding, seldom
        /// a long one of up to `long_bytes_max`.
        pub(super) fn value(&mut self, long_bytes_max: usize) -> Vec<u8> {
            match self.below(40) {
                0 => Vec::new(),
                1..=9 => self.small_text(),
                10..=19 => self.integer_text(),
                20..=24 => self.near_integer_text(),
                25..=36 => {
                    let len = self.below(100);
                    self.bytes(len)
                }
                37 => {
                    // Around the ends of the length encodings.
                    let edges = [62, 63, 64, 65, 126, 127, 128, 4093, 4094, 4095, 4096, 4097, 16382, 16383];
                    let len = edges[self.below(edges.len())].min(long_bytes_max);
                    self.bytes(len)
                }
                38 => {
                    let len = self.below(2000.min(long_bytes_max + 1));
                    self.bytes(len)
                }
                _ => {
                    let len = self.below(long_bytes_max + 1);
                    self.bytes(len)
                }
            }
        }

        /// An integer that is likely to lie at the edge of some width.
        pub(super) fn integer(&mut self) -> i64 {
            let edges = [
                0,
                1,
                127,
                128,
                4095,
                4096,
                i64::from(i16::MAX),
                i64::from(i16::MAX) + 1,
                (1 << 23) - 1,
                1 << 23,
                i64::from(i32::MAX),
                i64::from(i32::MAX) + 1,
                i64::MAX,
            ];
            let edge = edges[self.below(edges.len())];
            match self.below(4) {
                0 => edge,
                1 => !edge,
                2 => edge.wrapping_add(self.below(3) as i64 - 1),
                _ => self.below(50) as i64 - 25,
            }
        }

        fn small_text(&mut self) -> Vec<u8> {
            let words: [&[u8]; 6] = [b"a", b"b", b"ab", b"\0", b"\xff\xfe", b"value"];
            words[self.below(words.len())].to_vec()
        }

        fn integer_text(&mut self) -> Vec<u8> {
            alloc::format!("{}", self.integer()).into_bytes()
        }

        fn near_integer_text(&mut self) -> Vec<u8> {
            let words: [&[u8]; 10] = [
                b"-",
                b"-0",
                b"00",
                b"+1",
                b"01",
                b" 1",
                b"1 ",
                b"9223372036854775808",
                b"-9223372036854775809",
                b"1e3",
            ];
            words[self.below(words.len())].to_vec()
        }

        fn bytes(&mut self, len: usize) -> Vec<u8> {
            let mut bytes = Vec::with_capacity(len + 8);
            while bytes.len() < len {
                bytes.extend_from_slice(&self.next().to_le_bytes());
            }
            bytes.truncate(len);
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_integers_parse() {
        for value in [0, 7, -7, 10, i64::MAX, i64::MIN, 1 << 40] {
            let text = alloc::format!("{value}").into_bytes();
            assert_eq!(parse_i64(&text), Some(value));
            let mut written = Vec::new();
            write_i64(&mut written, value);
            assert_eq!(written, text);
        }
        for text in [
            &b""[..],
            b"-",
            b"-0",
            b"00",
            b"+1",
            b" 1",
            b"1 ",
            b"1a",
            b"9223372036854775808",
            b"-9223372036854775809",
            b"18446744073709551616",
            b"99999999999999999999",
            b"-99999999999999999999",
        ] {
            assert_eq!(parse_i64(text), None, "{text:?}");
        }
    }
}
