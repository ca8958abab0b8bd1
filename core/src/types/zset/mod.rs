//! Sorted sets: members, each with a score, in the order of scores and, among equal scores, of members' bytes.
//!
//! A small one is one packed sequence; a large one is a table of members and a counted tree of their order, so
//! that finding a member, its rank, or the member at a rank takes O(log n) at most.

mod bounds;
mod bulk;
pub(crate) mod commands;
mod gather;
mod large;
mod member;
mod small;

pub(crate) use bounds::{LexRange, ScoreRange};
pub(crate) use bulk::Bulk;
pub(crate) use gather::Gather;
pub(crate) use member::Member;

use alloc::boxed::Box;
use core::ops::Range;

use self::large::Large;
use self::small::Small;
use super::EncodingLimits;
use crate::base::random::{Random, Selection};
use crate::base::relocate::{Mover, Relocate};
use crate::structures::ordered::OrderedSet;
use crate::structures::table::saving::{SavedByElement, Sink};
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};

/// From one in so many members on, a walk over all of them is cheaper than seeking each random one.
const SAMPLE_WALK_FACTOR: usize = 8;

/// A sorted set. Scores are never NaN.
#[derive(Default)]
pub struct Zset {
    form: Form,
}

enum Form {
    Small(Small),
    Large(Box<Large>),
}

impl Default for Form {
    fn default() -> Self {
        Form::Small(Small::default())
    }
}

impl Relocate for Zset {
    fn relocate(&mut self, mover: &mut Mover) {
        // The order of a large set points at its members, so that they stay where they are.
        if let Form::Small(small) = &mut self.form {
            small.relocate(mover);
        }
    }
}

impl Zset {
    /// An empty set that will take so many members: in the large form at once when they are too many.
    pub fn for_members(count: usize, limits: &EncodingLimits) -> Zset {
        if count <= limits.zset_entries_max.get() {
            return Zset::default();
        }
        Zset { form: Form::Large(Box::new(Large::new(limits.seed))) }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Small(small) => small.len(),
            Form::Large(large) => large.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of other allocations that one more member may take besides its own: the compact form is copied, or
    /// becomes the large one.
    pub fn growth_bytes(&self) -> usize {
        match &self.form {
            Form::Small(small) => 4 * small.memory_bytes(),
            Form::Large(large) => large.growth_bytes(),
        }
    }

    /// The name that OBJECT ENCODING replies.
    pub fn encoding(&self) -> &'static str {
        if self.is_small() { "listpack" } else { "skiplist" }
    }

    /// Whether this is the compact form.
    pub fn is_small(&self) -> bool {
        matches!(self.form, Form::Small(_))
    }

    /// Takes the form of large sets, as SORT makes every set do that it sorts.
    pub fn make_large(&mut self, limits: &EncodingLimits) {
        self.enlarge(limits);
    }

    /// Bytes allocated on the heap; estimated for a large one.
    pub fn memory_bytes(&self) -> usize {
        match &self.form {
            Form::Small(small) => small.memory_bytes(),
            Form::Large(large) => large.memory_bytes(),
        }
    }

    /// A copy for another key.
    pub fn copy(&self, limits: &EncodingLimits) -> Zset {
        let form = match &self.form {
            Form::Small(small) => Form::Small(small.clone()),
            Form::Large(large) => Form::Large(Box::new(large.copy(limits.seed))),
        };
        Zset { form }
    }

    /// The members as something that is saved one by one, in the large form.
    pub(crate) fn by_element(&mut self) -> Option<&mut dyn SavedByElement> {
        match &mut self.form {
            Form::Small(_) => None,
            Form::Large(large) => Some(large.by_element()),
        }
    }

    /// Begins to save the members one by one, in the large form.
    pub(crate) fn begin_saving(&mut self, sink: Box<dyn Sink<Member>>) {
        if let Form::Large(large) = &mut self.form {
            large.begin_saving(sink);
        }
    }

    /// Frees about `budget` elements of a value that is being thrown away; true when nothing is left. Nothing
    /// else may be asked of it after the first call.
    pub fn free_some(&mut self, budget: usize) -> bool {
        match &mut self.form {
            Form::Small(small) => {
                small.clear();
                true
            }
            Form::Large(large) => large.free_some(budget),
        }
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.form {
            Form::Small(small) => small.find(member).map(|(_, score)| score),
            Form::Large(large) => large.score(member),
        }
    }

    /// The rank of a member, counted from 0 at the least score, and its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.form {
            Form::Small(small) => small.rank(member),
            Form::Large(large) => large.rank(member),
        }
    }

    /// Gives a member a score and returns the one that it had; a member that is not there is added.
    pub fn insert(&mut self, member: &[u8], score: f64, limits: &EncodingLimits) -> Option<f64> {
        self.upsert(member, limits, |_| Some(score))
    }

    /// Adds a member that is not there, with its score as it stands in a file: there a zero may have a sign in the compact
    /// form, too.
    pub(crate) fn restore(&mut self, member: &[u8], score: f64, limits: &EncodingLimits) {
        match &mut self.form {
            Form::Small(small)
                if small.len() < limits.zset_entries_max.get()
                    && member.len() <= limits.zset_value_bytes_max.get() =>
            {
                small.restore(member, score);
            }
            _ => _ = self.insert(member, score, limits),
        }
    }

    /// Lets `decide` see a member's score, if it has one, and say the new one; `None` leaves all as it is.
    /// Returns the score from before. One look-up for what would be two with [`Zset::score`] and
    /// [`Zset::insert`]. A score equal to the old one, such as -0 to 0, changes nothing.
    pub fn upsert(
        &mut self,
        member: &[u8],
        limits: &EncodingLimits,
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Option<f64> {
        let small = match &mut self.form {
            Form::Small(small) => small,
            Form::Large(large) => return large.upsert(member, decide),
        };
        if let Some((position, old)) = small.find(member) {
            if let Some(score) = decide(Some(old)).filter(|&score| score != old) {
                small.remove(position);
                small.insert_new(member, score);
            }
            return Some(old);
        }
        let score = decide(None)?;
        if small.len() < limits.zset_entries_max.get() && member.len() <= limits.zset_value_bytes_max.get() {
            small.insert_new(member, score);
        } else {
            self.enlarge(limits).upsert(member, |_| Some(score));
        }
        None
    }

    /// Removes a member and returns its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.form {
            Form::Small(small) => {
                let (position, score) = small.find(member)?;
                small.remove(position);
                Some(score)
            }
            Form::Large(large) => large.remove(member),
        }
    }

    /// Removes the members of these ranks, or as many of them as there are, and returns how many there were.
    pub fn remove_range(&mut self, ranks: Range<usize>) -> usize {
        let ranks = self.clip(ranks);
        let removed = ranks.len();
        match &mut self.form {
            Form::Small(small) => small.remove_range(ranks),
            Form::Large(large) => large.remove_range(ranks),
        }
        removed
    }

    /// All members with their scores in order; from both ends.
    pub fn iter(&self) -> Iter<'_> {
        self.range_by_rank(0..self.len())
    }

    /// The members of these ranks, or as many of them as there are; from both ends.
    pub fn range_by_rank(&self, ranks: Range<usize>) -> Iter<'_> {
        let ranks = self.clip(ranks);
        match &self.form {
            Form::Small(small) => Iter(Walk::Small(small.iter(ranks))),
            Form::Large(large) => Iter(Walk::Large(large.iter(ranks))),
        }
    }

    /// The members with scores in `range`; from both ends.
    pub fn range_by_score(&self, range: &ScoreRange) -> Iter<'_> {
        self.range_by_rank(self.ranks_by_score(range))
    }

    /// The ranks of the members with scores in `range`.
    pub fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        match &self.form {
            Form::Small(small) => small.ranks_by_score(range),
            Form::Large(large) => {
                let start = large.partition(|score, _| range.starts_after(score));
                let end = large.partition(|score, _| range.reaches(score));
                start..end.max(start)
            }
        }
    }

    /// The ranks of the members in `range`, where all scores are equal. Where they are not, the answer has no
    /// meaning, and may depend on whether the range is meant to be read from its end.
    pub fn ranks_by_lex(&self, range: &LexRange<'_>, from_end: bool) -> Range<usize> {
        match &self.form {
            Form::Small(small) => small.ranks_by_lex(range, from_end),
            Form::Large(large) => {
                let mut ends = self.iter().map(|(member, _)| member);
                let (Some(first), last) = (ends.next(), ends.next_back()) else { return 0..0 };
                if range.is_empty() || !range.reaches(first) || range.starts_after(last.unwrap_or(first)) {
                    return 0..0;
                }
                let start = large.partition(|_, member| range.starts_after(Item::Bytes(member)));
                let end = large.partition(|_, member| range.reaches(Item::Bytes(member)));
                start..end.max(start)
            }
        }
    }

    /// Visits at least `count` members from `cursor` on, or all that remain, and returns the cursor to go on
    /// from; 0 begins and 0 ends. The compact form gives everything at once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Item<'_>, f64)) -> u64 {
        match &self.form {
            Form::Small(_) => {
                self.iter().for_each(|(member, score)| visit(member, score));
                0
            }
            Form::Large(large) => {
                large.scan(cursor, count, |member, score| visit(Item::Bytes(member), score))
            }
        }
    }

    /// A member chosen at random; `None` if there is none.
    pub fn random(&self, random: &mut Random) -> Option<(Item<'_>, f64)> {
        if self.is_empty() {
            return None;
        }
        let rank = random.index(self.len());
        self.range_by_rank(rank..rank + 1).next()
    }

    /// Endless random members, each drawn from all; none if there is none.
    pub fn draws<'a>(&'a self, random: &'a mut Random) -> impl Iterator<Item = (Item<'a>, f64)> {
        core::iter::from_fn(move || self.random(random))
    }

    /// Calls `visit` for `count` different random members, or for all, in order.
    pub fn sample(&self, count: usize, random: &mut Random, mut visit: impl FnMut(Item<'_>, f64)) {
        let len = self.len();
        if count >= len / SAMPLE_WALK_FACTOR {
            let mut selection = Selection::new(len, count);
            let chosen = self.iter().filter(|_| selection.takes_next(random));
            chosen.for_each(|(member, score)| visit(member, score));
            return;
        }
        // Floyd's method (Bentley, "Programming Pearls", CACM 30(9), 1987).
        let mut ranks = OrderedSet::new();
        for last in len - count..len {
            let rank = random.index(last + 1);
            if !ranks.insert(rank) {
                ranks.insert(last);
            }
        }
        for rank in ranks {
            self.range_by_rank(rank..rank + 1).for_each(|(member, score)| visit(member, score));
        }
    }

    fn clip(&self, ranks: Range<usize>) -> Range<usize> {
        let end = ranks.end.min(self.len());
        ranks.start.min(end)..end
    }

    /// Takes on the large form.
    fn enlarge(&mut self, limits: &EncodingLimits) -> &mut Large {
        if let Form::Small(small) = &self.form {
            let mut large = Large::new(limits.seed);
            for (member, score) in small.iter(0..small.len()) {
                large.upsert(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), |_| Some(score));
            }
            self.form = Form::Large(Box::new(large));
        }
        match &mut self.form {
            Form::Large(large) => large,
            Form::Small(_) => unreachable!("the form has just been changed"),
        }
    }
}

/// Members of consecutive ranks with their scores, from both ends.
///
/// A member of the compact form may be an [`Item::Int`]; one of the large form is always [`Item::Bytes`], even
/// when its text is an integer's. So compare and store the text, not the item.
#[derive(Clone)]
pub struct Iter<'a>(Walk<'a>);

#[derive(Clone)]
enum Walk<'a> {
    Small(small::Iter<'a>),
    Large(large::Iter<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Small(iter) => iter.next(),
            Walk::Large(iter) => iter.next().map(|(member, score)| (Item::Bytes(member), score)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Walk::Small(iter) => iter.size_hint(),
            Walk::Large(iter) => iter.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Small(iter) => iter.next_back(),
            Walk::Large(iter) => iter.next_back().map(|(member, score)| (Item::Bytes(member), score)),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

#[cfg(test)]
mod tests;
