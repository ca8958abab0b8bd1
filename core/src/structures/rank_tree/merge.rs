//! Putting elements in order in a tree, with hardly any memory besides it.
//!
//! A list of all elements to sort would take as much again. Instead short runs of them are sorted, and trees of runs are
//! merged: what is read of one leaves it, so that all of them together have no more elements than there are.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::RankTree;

/// Elements of a run.
const RUN_ELEMENTS: usize = 4096;

impl<E: Copy> RankTree<E> {
    /// A tree of different elements in any order. `sort` sorts a few of them by the same order that `compare` tells, and
    /// `append` inserts one that is greater than all others of a tree.
    pub fn from_unsorted(
        mut elements: impl Iterator<Item = E>,
        sort: impl Fn(&mut [E]),
        compare: impl Fn(&E, &E) -> Ordering,
        append: impl Fn(&mut Self, E),
    ) -> Self {
        let merge = |one: Self, other: Self| {
            let mut merged = Self::new();
            let (mut one, mut other) = (Front::of(one), Front::of(other));
            while let Some(element) = lesser(&mut one, &mut other, &compare) {
                append(&mut merged, element);
            }
            merged
        };
        // As in a binary number, there is a tree of one run or none, of two or none, of four or none.
        let mut trees: Vec<Option<Self>> = Vec::new();
        let mut run = Vec::new();
        loop {
            run.clear();
            run.extend(elements.by_ref().take(RUN_ELEMENTS));
            if run.is_empty() {
                break;
            }
            sort(&mut run);
            let mut carried = Some(Self::from_sorted(&run));
            for place in &mut trees {
                match (carried.take(), place.take()) {
                    (Some(tree), Some(other)) => carried = Some(merge(other, tree)),
                    (Some(tree), None) => *place = Some(tree),
                    (None, there) => *place = there,
                }
            }
            trees.extend(carried.map(Some));
        }
        trees.into_iter().flatten().reduce(merge).unwrap_or_default()
    }
}

/// Takes the lesser one of the first elements of two trees.
fn lesser<E: Copy>(
    one: &mut Front<E>,
    other: &mut Front<E>,
    compare: &impl Fn(&E, &E) -> Ordering,
) -> Option<E> {
    match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if compare(&second, &first).is_lt() => other.take(),
        (Some(_), _) => one.take(),
        (None, _) => other.take(),
    }
}

/// A tree from whose front elements are taken, a leaf at a time.
struct Front<E> {
    tree: RankTree<E>,
    /// The elements of a leaf that is gone from the tree, of which so many are taken.
    leaf: Vec<E>,
    taken: usize,
}

impl<E: Copy> Front<E> {
    fn of(tree: RankTree<E>) -> Self {
        Front { tree, leaf: Vec::new(), taken: 0 }
    }

    /// The first element.
    fn peek(&mut self) -> Option<E> {
        if self.taken == self.leaf.len() {
            self.taken = 0;
            self.leaf.clear();
            self.leaf.extend_from_slice(self.tree.leaf_at(0)?.0);
            self.tree.discard(0, self.leaf.len());
        }
        self.leaf.get(self.taken).copied()
    }

    /// Takes it.
    fn take(&mut self) -> Option<E> {
        let first = self.peek();
        self.taken += usize::from(first.is_some());
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    #[test]
    fn elements_come_into_order_and_leaves_are_full() {
        let mut random = Random::new([7; 16]);
        let sizes: &[u64] =
            if cfg!(miri) { &[0, 1, 5000] } else { &[0, 1, 63, 64, 4096, 4097, 20_000, 123_457] };
        for &size in sizes {
            let mut numbers: Vec<u64> = (0..size).collect();
            for index in (1..numbers.len()).rev() {
                numbers.swap(index, random.index(index + 1));
            }
            let tree = RankTree::from_unsorted(
                numbers.into_iter(),
                |run| run.sort_unstable(),
                u64::cmp,
                |tree, number| {
                    tree.insert_by(number, |other| other.cmp(&number));
                },
            );
            assert_eq!(tree.len() as u64, size);
            assert!(tree.iter().eq(0..size));
            assert_eq!(tree.find_by(|other| other.cmp(&(size / 2))).map(|(rank, _)| rank as u64), {
                (size > 0).then_some(size / 2)
            });
            if size > 10_000 {
                let bytes = tree.memory_bytes() as f64 / size as f64;
                assert!(bytes < 9.2, "{bytes} for an element of 8");
            }
        }
    }
}
