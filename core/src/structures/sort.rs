//! Sorting for what need not be the fastest, compiled once.
//!
//! Each of the standard library's sorts takes some eight kilobytes of code for every type and every order. This one
//! sorts numbers of elements with a comparison that it calls through a pointer, and moves the elements afterwards.

use crate::number;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// What sorting takes for each element, meanwhile.
pub(crate) const ELEMENT_BYTES: usize = 2 * size_of::<u32>();

/// Sorts elements; equal ones stay in order.
pub(crate) fn sort_by<T>(elements: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut order = in_order(elements.len(), &mut |one, other| compare(&elements[one], &elements[other]));
    // Each turn of the outer loop follows one cycle of the permutation.
    for start in 0..order.len() {
        let mut at = start;
        loop {
            let next = core::mem::replace(&mut order[at], number::short(at)) as usize;
            if next == start {
                break;
            }
            elements.swap(at, next);
            at = next;
        }
    }
}

/// Sorts elements by what is computed of each; equal ones stay in order.
pub(crate) fn sort_by_key<T, K: Ord>(elements: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(elements, |one, other| key(one).cmp(&key(other)));
}

/// Drops all but the first of those with equal keys; the order stays.
pub(crate) fn distinct_by_key<T, K: Ord>(elements: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let firsts = firsts_by_key(elements, key);
    let mut nth = 0;
    elements.retain(|_| {
        nth += 1;
        firsts[nth - 1] as usize == nth - 1
    });
}

/// For each element the index of the first one with an equal key.
pub(crate) fn firsts_by_key<T, K: Ord>(elements: &[T], key: impl Fn(&T) -> K) -> Vec<u32> {
    let order = in_order(elements.len(), &mut |one, other| key(&elements[one]).cmp(&key(&elements[other])));
    let mut firsts = alloc::vec![0; elements.len()];
    // Equal ones are in order, so the first of them comes first.
    for same in order.chunk_by(|&one, &next| key(&elements[one as usize]) == key(&elements[next as usize])) {
        same.iter().for_each(|&nth| firsts[nth as usize] = same[0]);
    }
    firsts
}

/// The numbers below `len` in the order that a comparison of them gives.
fn in_order(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<u32> {
    let mut order: Vec<u32> =
        (0..u32::try_from(len).expect("so many elements do not fit into memory")).collect();
    order.sort_by(|&one, &other| compare(one as usize, other as usize));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_ones_stays() {
        let words = ["c", "a", "c", "b", "a", "a", "d"];
        assert_eq!(firsts_by_key(&words, |word| *word), [0, 1, 0, 3, 1, 1, 6]);
        let mut words = words.to_vec();
        distinct_by_key(&mut words, |word| *word);
        assert_eq!(words, ["c", "a", "b", "d"]);
        let mut none: Vec<u8> = Vec::new();
        distinct_by_key(&mut none, |one| *one);
        assert!(none.is_empty());
    }

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut state = 1u64;
        for len in (0..40).chain([1_000]) {
            let mut elements: Vec<(u64, usize)> = (0..len)
                .map(|nth| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    ((state >> 33) % (1 + len as u64 / 2), nth)
                })
                .collect();
            let mut expected = elements.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by_key(&mut elements, |(key, _)| *key);
            assert_eq!(elements, expected);
            expected.sort_by(|one, other| other.cmp(one));
            sort_by(&mut elements, |one, other| other.cmp(one));
            assert_eq!(elements, expected);
        }
    }
}
