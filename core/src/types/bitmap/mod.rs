//! Bitmaps: strings whose bits are counted from the highest one of the first byte. There is no structure of their
//! own; this is what is computed on bytes.

pub(crate) mod commands;
mod field;

use crate::number;
use core::ops::RangeInclusive;

/// Which bit of its byte the bit at a position is.
fn mask(position: u64) -> u8 {
    0x80 >> (position & 7)
}

/// Where a position's byte is; positions are below eight times the length of what they are looked up in.
fn byte_of(position: u64) -> usize {
    number::index(position >> 3)
}

/// Whether the bit at a position is set; those behind the end are not.
fn bit(bytes: &[u8], position: u64) -> bool {
    let byte = number::exact(position >> 3).and_then(|byte| bytes.get(byte));
    byte.is_some_and(|byte| byte & mask(position) != 0)
}

/// How many bits are set.
fn count(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let whole: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    whole + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

/// How many of the bits at these positions are set; all of them lie within `bytes`.
fn count_between(bytes: &[u8], positions: RangeInclusive<u64>) -> u64 {
    let (start, end) = (*positions.start(), *positions.end());
    let before = bytes[byte_of(start)] & !head_mask(start);
    let after = bytes[byte_of(end)] & !tail_mask(end);
    count(&bytes[byte_of(start)..=byte_of(end)]) - u64::from(before.count_ones() + after.count_ones())
}

/// The bits of a position's byte from the position on.
fn head_mask(position: u64) -> u8 {
    0xff >> (position & 7)
}

/// The bits of a position's byte up to the position.
fn tail_mask(position: u64) -> u8 {
    !(0x7f >> (position & 7))
}

/// The first of these positions whose bit is `wanted`; all of them lie within `bytes`.
fn find(bytes: &[u8], wanted: bool, positions: RangeInclusive<u64>) -> Option<u64> {
    let (start, end) = (*positions.start(), *positions.end());
    // What is searched for is then always a set bit.
    let flip = if wanted { 0 } else { 0xff };
    let at = |byte: usize, bits: u8| (byte as u64) * 8 + u64::from(bits.leading_zeros());
    let first = (bytes[byte_of(start)] ^ flip) & head_mask(start);
    let found = if first != 0 {
        at(byte_of(start), first)
    } else {
        let from = byte_of(start) + 1;
        let rest = bytes.get(from..=byte_of(end))?;
        let skipped = find_other(rest, flip)?;
        at(from + skipped, rest[skipped] ^ flip)
    };
    (found <= end).then_some(found)
}

/// Index of the first byte that is not `byte`.
fn find_other(bytes: &[u8], byte: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let plain = [byte; 8];
    let word = words.iter().position(|word| *word != plain);
    match word {
        Some(word) => words[word].iter().position(|other| *other != byte).map(|at| word * 8 + at),
        None => rest.iter().position(|other| *other != byte).map(|at| words.len() * 8 + at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use alloc::vec::Vec;

    #[test]
    fn counting_and_finding_agree_with_looking_at_each_bit() {
        let mut random = Random::new([3; 16]);
        for _ in 0..3000 {
            let len = random.below(40) as usize + 1;
            let fill = [0, 0xff][random.below(2) as usize];
            let bytes: Vec<u8> =
                (0..len).map(|_| if random.below(4) == 0 { random.next_u64() as u8 } else { fill }).collect();
            let bits: Vec<bool> = (0..len as u64 * 8).map(|at| bit(&bytes, at)).collect();
            let end = random.below(len as u64 * 8);
            let start = random.below(end + 1);
            let part = &bits[start as usize..=end as usize];
            assert_eq!(count(&bytes), bits.iter().filter(|bit| **bit).count() as u64);
            assert_eq!(count_between(&bytes, start..=end), part.iter().filter(|bit| **bit).count() as u64);
            for wanted in [false, true] {
                let expect = part.iter().position(|bit| *bit == wanted).map(|at| start + at as u64);
                assert_eq!(find(&bytes, wanted, start..=end), expect, "{bytes:?} {start} {end}");
            }
        }
    }

    #[test]
    fn bits_are_counted_from_the_highest() {
        assert!(bit(&[0x80], 0) && bit(&[0, 1], 15));
        assert!(!bit(&[0x80], 1) && !bit(&[0xff], 8));
    }
}
