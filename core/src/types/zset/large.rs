//! The form for any size: a table that finds members by name, and an index of their order.
//!
//! Every key in the order is that of a member in the table with its present score; all methods keep this, and
//! the reads of keys rely on it. Once [`Large::free_some`] has begun, only it and dropping may follow.

use core::cmp::Ordering;
use core::iter::FusedIterator;
use core::ops::Range;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::member::{Member, OrderKey};
use crate::structures::rank_tree::{self, RankTree};
use crate::structures::table::saving::{SavedByElement, Sink};
use crate::structures::table::{HashSeed, Keyed, Table};

pub(super) struct Large {
    members: Table<Member>,
    order: RankTree<OrderKey>,
    /// Bytes of all members' allocations.
    member_bytes: usize,
}

impl Large {
    pub(super) fn new(seed: HashSeed) -> Large {
        Large::from_members(Table::new(seed))
    }

    /// Puts members in order.
    pub(super) fn from_members(members: Table<Member>) -> Large {
        let keys = members.iter().map(Member::order_key).collect();
        let member_bytes = members.iter().map(Member::memory_bytes).sum();
        Large::from_parts(members, keys, member_bytes)
    }

    /// The same where the keys of all members, in any order, and the bytes of their allocations are known.
    pub(super) fn from_parts(members: Table<Member>, mut keys: Vec<OrderKey>, member_bytes: usize) -> Large {
        debug_assert_eq!(members.len(), keys.len());
        // SAFETY: the members live in the table.
        unsafe { sort(&mut keys) };
        let order = RankTree::from_sorted(&keys);
        Large { members, order, member_bytes }
    }

    /// The same with hardly any memory besides what the order takes, which is slower.
    pub(super) fn from_members_in_place(members: Table<Member>, member_bytes: usize) -> Large {
        let keys = members.iter().map(Member::order_key);
        // SAFETY: the members live in the table.
        let compare =
            |one: &OrderKey, other: &OrderKey| unsafe { one.compare(other.score(), other.member()) };
        // SAFETY: as above.
        let sort = |run: &mut [OrderKey]| unsafe { sort(run) };
        let append = |tree: &mut RankTree<OrderKey>, key: OrderKey| {
            // SAFETY: as above.
            tree.insert_by(key, compare_to(key.score(), unsafe { key.member() }));
        };
        let order = RankTree::from_unsorted(keys, sort, compare, append);
        Large { members, order, member_bytes }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.members.memory_bytes() + self.order.memory_bytes() + self.member_bytes
    }

    pub(super) fn growth_bytes(&self) -> usize {
        self.members.growth_bytes()
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.members.find(self.members.hash(member), member).map(Member::score)
    }

    /// See [`Zset::upsert`](super::Zset::upsert).
    pub(super) fn upsert(
        &mut self,
        member: &[u8],
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Option<f64> {
        let hash = self.members.hash(member);
        let Some(found) = self.members.find_mut(hash, member) else {
            if let Some(score) = decide(None) {
                let new = Member::new(member, score);
                self.member_bytes += new.memory_bytes();
                let key = self.members.insert_new(hash, new).order_key();
                self.order.insert_by(key, compare_to(score, member));
            }
            return None;
        };
        let old = found.score();
        let score = decide(Some(old)).unwrap_or(old);
        if score != old {
            self.order.remove_by(compare_to(old, member));
            found.set_score(score);
            self.order.insert_by(found.order_key(), compare_to(score, member));
        }
        Some(old)
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let hash = self.members.hash(member);
        let score = self.members.find(hash, member)?.score();
        self.order.remove_by(compare_to(score, member));
        let removed = self.members.remove(hash, member)?;
        self.member_bytes -= removed.memory_bytes();
        Some(score)
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        let (rank, _) = self.order.find_by(compare_to(score, member))?;
        Some((rank, score))
    }

    /// How many members stand before the first one for which `is_before` does not hold.
    pub(super) fn partition(&self, mut is_before: impl FnMut(f64, &[u8]) -> bool) -> usize {
        // SAFETY: an order key is that of a living member.
        self.order.rank_partition(|key| is_before(key.score(), unsafe { key.member() }))
    }

    pub(super) fn iter(&self, ranks: Range<usize>) -> Iter<'_> {
        Iter(self.order.range(ranks.start, ranks.end))
    }

    pub(super) fn remove_range(&mut self, ranks: Range<usize>) {
        let Large { members, order, member_bytes } = self;
        order.remove_range(ranks.start, ranks.end, |key| {
            // SAFETY: the member is alive until it is removed below, and not read after that.
            let member = unsafe { key.member() };
            let removed = members.remove(members.hash(member), member).expect("an ordered member is known");
            *member_bytes -= removed.memory_bytes();
        });
    }

    /// Visits members as [`Table::scan`].
    pub(super) fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&[u8], f64)) -> u64 {
        self.members.scan(cursor, count, |member| visit(member.key(), member.score()))
    }

    /// Frees about `budget` elements; true when nothing is left. Nothing else may be asked after the first call.
    pub(super) fn free_some(&mut self, budget: usize) -> bool {
        // The order goes first, so that it never holds a key of a member that is gone.
        if !self.order.is_empty() {
            self.order.free_some(budget);
            return false;
        }
        self.members.free_some(budget)
    }

    /// See [`Zset::by_element`](super::Zset::by_element).
    pub(super) fn by_element(&mut self) -> &mut dyn SavedByElement {
        &mut self.members
    }

    /// See [`Zset::begin_saving`](super::Zset::begin_saving).
    pub(super) fn begin_saving(&mut self, sink: Box<dyn Sink<Member>>) {
        self.members.begin_saving(sink);
    }

    /// A copy of the table.
    pub(super) fn copy(&self, seed: HashSeed) -> Large {
        let mut members = Table::new(seed);
        for member in self.members.iter() {
            members.insert_new(members.hash(member.key()), Member::new(member.key(), member.score()));
        }
        Large::from_members(members)
    }
}

/// Sorts keys.
///
/// # Safety
/// The members of all of them must be alive.
#[inline(never)]
pub(super) unsafe fn sort(keys: &mut [OrderKey]) {
    // SAFETY: the caller's.
    keys.sort_unstable_by(|one, other| unsafe { one.compare(other.score(), other.member()) });
}

/// Compares keys of the order with a score and member.
fn compare_to(score: f64, member: &[u8]) -> impl FnMut(&OrderKey) -> Ordering {
    // SAFETY: an order key is that of a living member.
    move |key| unsafe { key.compare(score, member) }
}

/// Members and scores of consecutive ranks, from both ends.
#[derive(Clone)]
pub(super) struct Iter<'a>(rank_tree::Range<'a, OrderKey>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: an order key is that of a living member, and the set is borrowed for 'a.
        self.0.next().map(|key| (unsafe { key.member() }, key.score()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        // SAFETY: as in `next`.
        self.0.next_back().map(|key| (unsafe { key.member() }, key.score()))
    }
}

impl FusedIterator for Iter<'_> {}
