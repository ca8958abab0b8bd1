//! The compact form: members and scores in turns in one [`Packed`], in order.
//!
//! A score that is an integer is stored as one; any other as a mark and the leading bytes of the double, without
//! trailing zero bytes. The mark keeps them apart from integers' text. Either way reading gives back the same
//! double, as negative zero does too.

use core::cmp::Ordering;
use core::ops::Range;

use super::bounds::{LexRange, ScoreRange};
use crate::base::relocate::{Mover, Relocate};
use crate::number;
use crate::structures::{Item, Packed};

/// Stands before the bytes of a double.
const MARK: u8 = b'~';
/// Up to here every integer is a double; beyond, a double's own bytes are as short.
const INTEGER_MAX: f64 = (1u64 << 53) as f64;

#[derive(Clone, Default)]
pub(super) struct Small {
    pairs: Packed,
}

impl Relocate for Small {
    fn relocate(&mut self, mover: &mut Mover) {
        self.pairs.relocate(mover);
    }
}

impl Small {
    pub(super) fn len(&self) -> usize {
        self.pairs.len() / 2
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.pairs.memory_bytes()
    }

    pub(super) fn clear(&mut self) {
        *self = Small::default();
    }

    /// The position of a member, and its score.
    pub(super) fn find(&self, member: &[u8]) -> Option<(usize, f64)> {
        let position = self.pairs.find(member, 1)?;
        Some((position, self.score_of(position)))
    }

    /// The rank and score of a member.
    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let (position, score) = self.find(member)?;
        Some((self.pairs.index_of(position) / 2, score))
    }

    /// Adds a member that is not there. A zero loses its sign, as it does in Redis's compact form.
    pub(super) fn insert_new(&mut self, member: &[u8], score: f64) {
        self.restore(member, score + 0.0);
    }

    /// The same with a score as it stands in a file, where a zero may have a sign.
    pub(super) fn restore(&mut self, member: &[u8], score: f64) {
        let mut bytes = [0; 9];
        let encoded = encode(score, &mut bytes);
        match self.place_for(member, score) {
            Some(next) => {
                let position = self.pairs.insert_before(next, encoded);
                self.pairs.insert_before(position, member);
            }
            None => {
                self.pairs.push_back(member);
                self.pairs.push_back(encoded);
            }
        }
    }

    /// Adds a member that belongs behind all others, as [`Small::insert_new`] does it.
    pub(super) fn push_back(&mut self, member: &[u8], score: f64) {
        self.pairs.push_back(member);
        self.pairs.push_back(encode(score + 0.0, &mut [0; 9]));
    }

    /// Removes the member at `position`.
    pub(super) fn remove(&mut self, position: usize) {
        let score = self.pairs.remove(position).expect("a score follows each member");
        self.pairs.remove(score);
    }

    pub(super) fn remove_range(&mut self, ranks: Range<usize>) {
        self.pairs.remove_range(ranks.start * 2, (ranks.end - ranks.start) * 2);
    }

    pub(super) fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        let mut scores = self.iter(0..self.len()).map(|(_, score)| score);
        let start = scores.by_ref().position(|score| !range.starts_after(score)).unwrap_or(self.len());
        let end = self.iter(start..self.len()).position(|(_, score)| !range.reaches(score));
        start..end.map_or(self.len(), |len| start + len)
    }

    /// The ranks of the members in `range`. Where scores differ, the answer depends on the end from which one
    /// looks; then it is that of Redis.
    pub(super) fn ranks_by_lex(&self, range: &LexRange<'_>, from_end: bool) -> Range<usize> {
        let len = self.len();
        let mut ends = self.iter(0..len).map(|(member, _)| member);
        let (Some(first), last) = (ends.next(), ends.next_back()) else { return 0..0 };
        if range.is_empty() || !range.reaches(first) || range.starts_after(last.unwrap_or(first)) {
            return 0..0;
        }
        if from_end {
            let behind = self.iter(0..len).rev().position(|(member, _)| range.reaches(member)).unwrap_or(len);
            let end = len - behind;
            let inside = self.iter(0..end).rev().position(|(member, _)| range.starts_after(member));
            end - inside.unwrap_or(end)..end
        } else {
            let start = self.iter(0..len).position(|(member, _)| !range.starts_after(member)).unwrap_or(len);
            let inside = self.iter(start..len).position(|(member, _)| !range.reaches(member));
            start..inside.map_or(len, |inside| start + inside)
        }
    }

    pub(super) fn iter(&self, ranks: Range<usize>) -> Iter<'_> {
        Iter {
            front: self.pairs.iter_from(ranks.start * 2),
            back: self.pairs.iter_until(ranks.end * 2),
            left: ranks.end - ranks.start,
        }
    }

    /// The position of the first member that belongs behind this one.
    fn place_for(&self, member: &[u8], score: f64) -> Option<usize> {
        // Scores that only grow, such as times, are told at the first look.
        let last = self.pairs.last()?;
        let last_member = self.pairs.prev(last).expect("a member stands before each score");
        if self.compare(last_member, member, score) == Ordering::Less {
            return None;
        }
        let mut position = self.pairs.first();
        while let Some(at) = position {
            if self.compare(at, member, score) == Ordering::Greater {
                break;
            }
            position = self.pairs.next(self.pairs.next(at).expect("a score follows each member"));
        }
        position
    }

    fn compare(&self, position: usize, member: &[u8], score: f64) -> Ordering {
        let own = self.score_of(position);
        let order = own.partial_cmp(&score).expect("a score is never NaN");
        order.then_with(|| self.pairs.item(position).cmp_bytes(member))
    }

    fn score_of(&self, position: usize) -> f64 {
        let score = self.pairs.next(position).expect("a score follows each member");
        decode(self.pairs.item(score))
    }
}

/// Members and scores of consecutive ranks, from both ends.
#[derive(Clone)]
pub(super) struct Iter<'a> {
    front: crate::structures::packed::Iter<'a>,
    back: crate::structures::packed::Iter<'a>,
    left: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Item<'a>, f64);

    fn next(&mut self) -> Option<(Item<'a>, f64)> {
        self.left = self.left.checked_sub(1)?;
        let member = self.front.next()?;
        Some((member, decode(self.front.next()?)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let score = decode(self.back.next_back()?);
        Some((self.back.next_back()?, score))
    }
}

fn encode(score: f64, bytes: &mut [u8; 9]) -> Item<'_> {
    let integer = number::truncated(score);
    let is_negative_zero = score == 0.0 && score.is_sign_negative();
    if score.abs() <= INTEGER_MAX && integer as f64 == score && !is_negative_zero {
        return Item::Int(integer);
    }
    bytes[0] = MARK;
    bytes[1..].copy_from_slice(&score.to_be_bytes());
    let len = bytes.iter().rposition(|&byte| byte != 0).expect("the mark is not zero") + 1;
    Item::from(&bytes[..len])
}

fn decode(score: Item<'_>) -> f64 {
    match score {
        Item::Int(integer) => integer as f64,
        Item::Bytes(marked) => {
            let mut bytes = [0; 8];
            bytes[..marked.len() - 1].copy_from_slice(&marked[1..]);
            f64::from_be_bytes(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_kept_to_the_bit() {
        for score in [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            0.1,
            -3.25e-300,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NEG_INFINITY,
            9007199254740992.0,
            9007199254740994.0,
            -9007199254740994.0,
            1e18,
            // These bytes would be the text of an integer, were it not for the mark.
            f64::from_be_bytes(*b"12345678"),
            f64::from_be_bytes(*b"-1\0\0\0\0\0\0"),
        ] {
            let mut bytes = [0; 9];
            let mut pairs = Packed::new();
            pairs.push_back(encode(score, &mut bytes));
            let read = decode(pairs.get(0).expect("one was pushed"));
            assert_eq!(read.to_bits(), score.to_bits(), "{score}");
        }
    }
}
