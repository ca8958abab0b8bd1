//! LZF, the compression of long strings in serialised values (M. Lehmann, LibLZF).
//!
//! ```text
//! 000lllll                    l + 1 bytes follow as they are
//! lllooooo oooooooo           l + 2 bytes again from o + 1 bytes before; l from 1 to 6
//! 111ooooo llllllll oooooooo  l + 9 bytes again
//! ```

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths and distances are limited to what their bytes can hold"
)]

use alloc::vec::Vec;

use crate::base::bytes::{append_start_within_capacity, append_within_capacity, repeat_within_capacity};

/// Bits of a hash of three bytes. A table of 32 KiB is cleared faster than a long string is compressed.
const HASH_BITS: u32 = 13;
/// Bytes that one step copies from the input at most.
const LITERAL_BYTES_MAX: usize = 32;
/// Bytes that are copied for a few.
const COPIED_BYTES: usize = 16;
/// How far back a step may reach.
const DISTANCE_MAX: usize = 1 << 13;
/// Bytes that one step repeats at most.
const REPEAT_BYTES_MAX: usize = 264;
/// Fewer repeated bytes would take as many as they save.
const REPEAT_BYTES_MIN: usize = 3;

/// How many bytes `input` expands to; `None` if it is malformed. Allocates nothing.
pub(super) fn expanded_len(input: &[u8]) -> Option<usize> {
    let (mut rest, mut len) = (input, 0usize);
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        rest = after;
        len = match step {
            Step::Literal(bytes) => len.checked_add(bytes.len())?,
            Step::Repeat { distance, .. } if distance > len => return None,
            Step::Repeat { len: repeated, .. } => len.checked_add(repeated)?,
        };
    }
    Some(len)
}

/// What `input` expands to, if that is `len` bytes, and if it is not malformed. So many are allocated beforehand.
pub(super) fn expand(input: &[u8], len: usize) -> Option<Vec<u8>> {
    let (mut rest, mut out) = (input, Vec::with_capacity(len + COPIED_BYTES));
    while let Some((&control, after)) = rest.split_first() {
        if usize::from(control) < LITERAL_BYTES_MAX {
            let count = usize::from(control) + 1;
            let (bytes, behind) = after.split_at_checked(count).filter(|_| count <= len - out.len())?;
            match after.first_chunk::<COPIED_BYTES>() {
                // So many take less time than as many as there are.
                Some(most) if count <= COPIED_BYTES => append_start_within_capacity(&mut out, *most, count),
                _ => append_within_capacity(&mut out, bytes),
            }
            rest = behind;
            continue;
        }
        let (Step::Repeat { distance, len: count }, behind) = step(rest)? else { return None };
        if distance > out.len() || count > len - out.len() {
            return None;
        }
        repeat_within_capacity(&mut out, distance, count);
        rest = behind;
    }
    (out.len() == len).then_some(out)
}

enum Step<'a> {
    Literal(&'a [u8]),
    Repeat { distance: usize, len: usize },
}

/// The first step of `input`, and what follows it.
#[inline(always)]
fn step(input: &[u8]) -> Option<(Step<'_>, &[u8])> {
    let (&control, rest) = input.split_first()?;
    if usize::from(control) < LITERAL_BYTES_MAX {
        let (bytes, rest) = rest.split_at_checked(usize::from(control) + 1)?;
        return Some((Step::Literal(bytes), rest));
    }
    let (mut len, mut rest) = (usize::from(control >> 5) + 2, rest);
    if control >> 5 == 7 {
        let (&more, after) = rest.split_first()?;
        len += usize::from(more);
        rest = after;
    }
    let (&low, rest) = rest.split_first()?;
    let distance = (usize::from(control & 0x1f) << 8 | usize::from(low)) + 1;
    Some((Step::Repeat { distance, len }, rest))
}

/// Compresses strings one after the other; the table is made for the first one that needs it.
#[derive(Default)]
pub(super) struct Compressor {
    /// For each hash of three bytes, one more than where they were seen last. What an earlier string left there is
    /// only a wrong guess, which is checked anyway.
    seen: Vec<u32>,
}

impl Compressor {
    /// Appends `input` in compressed form to `out`, if that takes at most `bytes_max`; `false`, and nothing is
    /// appended, if not.
    pub(super) fn compress(&mut self, input: &[u8], out: &mut Vec<u8>, bytes_max: usize) -> bool {
        if self.seen.is_empty() {
            self.seen.resize(1 << HASH_BITS, 0);
        }
        let begin = out.len();
        let (mut literals, mut at) = (0, 0);
        while at + REPEAT_BYTES_MIN <= input.len() {
            let Some((distance, len)) = self.repeat_at(input, at) else {
                at += 1;
                if at - literals == LITERAL_BYTES_MAX {
                    write_literals(&input[literals..at], out);
                    literals = at;
                    if out.len() - begin > bytes_max {
                        break;
                    }
                }
                continue;
            };
            write_literals(&input[literals..at], out);
            write_repeat(distance, len, out);
            at += len;
            literals = at;
        }
        if out.len() - begin <= bytes_max {
            input[literals..].chunks(LITERAL_BYTES_MAX).for_each(|piece| write_literals(piece, out));
            if out.len() - begin <= bytes_max {
                return true;
            }
        }
        out.truncate(begin);
        false
    }

    /// How far before `at` the same bytes begin, and how many they are; remembers that these were seen.
    fn repeat_at(&mut self, input: &[u8], at: usize) -> Option<(usize, usize)> {
        let start = &input[at..];
        let three = u32::from_le_bytes([start[0], start[1], start[2], 0]);
        // The multiplier is that of Fibonacci hashing: 2^32 divided by the golden ratio.
        let slot = &mut self.seen[(three.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize];
        let seen = core::mem::replace(slot, u32::try_from(at + 1).ok()?) as usize;
        let earlier = seen.checked_sub(1).filter(|&earlier| earlier < at && at - earlier <= DISTANCE_MAX)?;
        let most = start.len().min(REPEAT_BYTES_MAX);
        let len = input[earlier..].iter().zip(&start[..most]).take_while(|(one, other)| one == other).count();
        (len >= REPEAT_BYTES_MIN).then_some((at - earlier, len))
    }
}

fn write_literals(bytes: &[u8], out: &mut Vec<u8>) {
    if let Some(less) = bytes.len().checked_sub(1) {
        out.push(less as u8);
        out.extend_from_slice(bytes);
    }
}

fn write_repeat(distance: usize, len: usize, out: &mut Vec<u8>) {
    let (distance, len) = (distance - 1, len - 2);
    let high = (distance >> 8) as u8;
    if len < 7 {
        out.push((len as u8) << 5 | high);
    } else {
        out.extend_from_slice(&[7 << 5 | high, (len - 7) as u8]);
    }
    out.push(distance as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    #[test]
    fn what_is_compressed_expands_again() {
        let mut random = Random::new([3; 16]);
        let mut compressor = Compressor::default();
        for round in 0..if cfg!(miri) { 10 } else { 2_000u64 } {
            let letters = 1 + random.below(1 + round % 50);
            let len = random.below(if round % 20 == 0 { 40_000 } else { 400 });
            let mut input: Vec<u8> = (0..len).map(|_| random.below(letters) as u8).collect();
            if round % 3 == 0 {
                let copy = input.clone();
                input.extend_from_slice(&copy);
            }
            let mut out = b"before".to_vec();
            let fits = compressor.compress(&input, &mut out, input.len());
            assert!(out.starts_with(b"before"));
            let compressed = &out[6..];
            if fits {
                assert!(compressed.len() <= input.len());
                assert_eq!(expanded_len(compressed), Some(input.len()));
                assert_eq!(expand(compressed, input.len() + 1), None);
                assert!(input.is_empty() || expand(compressed, input.len() - 1).is_none());
                assert_eq!(expand(compressed, input.len()), Some(input));
            } else {
                assert!(compressed.is_empty());
            }
        }
    }

    #[test]
    fn a_long_run_is_short() {
        let mut out = Vec::new();
        assert!(Compressor::default().compress(&[b'a'; 10_000], &mut out, 200));
        assert_eq!(expand(&out, 10_000), Some(alloc::vec![b'a'; 10_000]));
    }

    #[test]
    fn malformed_input_has_no_length() {
        for input in [&b"\x00"[..], b"\x05abc", b"\x20\x00", b"\x00a\x20\x01", b"\x00a\xe0\x01", b"\x00a\xe0"]
        {
            assert_eq!(expanded_len(input), None, "{input:?}");
            assert!((0..10).all(|len| expand(input, len).is_none()), "{input:?}");
        }
        assert_eq!(expanded_len(b"\x00a\x20\x00"), Some(4));
        assert_eq!(expand(b"\x00a\x20\x00", 4), Some(b"aaaa".to_vec()));
    }
}
