//! Which register an element belongs to, and what it is raised to.

use super::{COUNT_MAX, INDEX_BITS, REGISTERS};
use crate::number;

/// The seed with which every Redis hashes elements.
const SEED: u64 = 0xadc8_3b19;

/// The index of an element's register, and the number of that element: one more than the zeros at the end of the
/// rest of its hash.
pub(super) fn register_of(element: &[u8]) -> (usize, u8) {
    let hash = murmur(element, SEED);
    let index = number::low_index(hash) & (REGISTERS - 1);
    let rest = hash >> INDEX_BITS | 1 << (COUNT_MAX - 1);
    (index, number::low_u8(rest.trailing_zeros().into()) + 1)
}

/// MurmurHash64A (Austin Appleby, public domain), reading words as little-endian.
fn murmur(bytes: &[u8], seed: u64) -> u64 {
    const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
    const SHIFT: u32 = 47;
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mut mixed = u64::from_le_bytes(*word).wrapping_mul(FACTOR);
        mixed = (mixed ^ mixed >> SHIFT).wrapping_mul(FACTOR);
        hash = (hash ^ mixed).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    }
    hash = (hash ^ hash >> SHIFT).wrapping_mul(FACTOR);
    hash ^ hash >> SHIFT
}
