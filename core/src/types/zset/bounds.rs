//! Ranges of scores and of members, as commands name them.

use crate::number::parse_f64_bound;
use crate::structures::Item;

/// A range of scores.
#[derive(Clone, Copy, Debug)]
pub struct ScoreRange {
    /// The least score.
    pub min: f64,
    /// Whether the least score itself lies outside.
    pub excludes_min: bool,
    /// The greatest score.
    pub max: f64,
    /// Whether the greatest score itself lies outside.
    pub excludes_max: bool,
}

impl ScoreRange {
    /// Reads two scores, each perhaps with `(` in front, which excludes it. `None` if one of them is no number.
    pub fn parse(min: &[u8], max: &[u8]) -> Option<ScoreRange> {
        let end = |text: &[u8]| match text {
            [b'(', text @ ..] => Some((parse_f64_bound(text)?, true)),
            text => Some((parse_f64_bound(text)?, false)),
        };
        let ((min, excludes_min), (max, excludes_max)) = (end(min)?, end(max)?);
        Some(ScoreRange { min, excludes_min, max, excludes_max })
    }

    /// Whether `score` lies before the range.
    #[inline]
    pub fn starts_after(&self, score: f64) -> bool {
        if self.excludes_min { score <= self.min } else { score < self.min }
    }

    /// Whether `score` does not lie behind the range.
    #[inline]
    pub fn reaches(&self, score: f64) -> bool {
        if self.excludes_max { score < self.max } else { score <= self.max }
    }
}

/// One end of a range of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Before every member.
    Least,
    /// Behind every member.
    Greatest,
    /// This member, which lies inside.
    Included(&'a [u8]),
    /// This member, which lies outside.
    Excluded(&'a [u8]),
}

impl<'a> LexBound<'a> {
    fn parse(text: &'a [u8]) -> Option<LexBound<'a>> {
        Some(match text {
            // As in Redis, which reads the sign as C text.
            [b'-'] | [b'-', 0, ..] => LexBound::Least,
            [b'+'] | [b'+', 0, ..] => LexBound::Greatest,
            [b'[', member @ ..] => LexBound::Included(member),
            [b'(', member @ ..] => LexBound::Excluded(member),
            _ => return None,
        })
    }
}

/// A range of members in the order of their bytes, for sorted sets in which all scores are equal.
#[derive(Clone, Copy, Debug)]
pub struct LexRange<'a> {
    /// Where it begins.
    pub min: LexBound<'a>,
    /// Where it ends.
    pub max: LexBound<'a>,
}

impl<'a> LexRange<'a> {
    /// Reads two ends: `-`, `+`, or a member behind `[` or `(`. `None` if one of them is none of these.
    pub fn parse(min: &'a [u8], max: &'a [u8]) -> Option<LexRange<'a>> {
        Some(LexRange { min: LexBound::parse(min)?, max: LexBound::parse(max)? })
    }

    /// Whether no member at all could lie inside.
    pub fn is_empty(&self) -> bool {
        use LexBound::{Excluded, Greatest, Included, Least};
        match (self.min, self.max) {
            (Greatest, _) | (_, Least) => true,
            (Least, _) | (_, Greatest) => false,
            (Included(min), Included(max)) => min > max,
            (Included(min) | Excluded(min), Included(max) | Excluded(max)) => min >= max,
        }
    }

    /// Whether `member` lies before the range.
    pub fn starts_after(&self, member: Item<'_>) -> bool {
        match self.min {
            LexBound::Least => false,
            LexBound::Greatest => true,
            LexBound::Included(min) => member.cmp_bytes(min).is_lt(),
            LexBound::Excluded(min) => member.cmp_bytes(min).is_le(),
        }
    }

    /// Whether `member` does not lie behind the range.
    pub fn reaches(&self, member: Item<'_>) -> bool {
        match self.max {
            LexBound::Least => false,
            LexBound::Greatest => true,
            LexBound::Included(max) => member.cmp_bytes(max).is_le(),
            LexBound::Excluded(max) => member.cmp_bytes(max).is_lt(),
        }
    }
}
