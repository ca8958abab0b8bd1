//! Entries of a range of IDs, forwards or backwards.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::chunk::{Chunk, Entry, Found, Walk};
use super::id::Id;
use crate::structures::ordered::{self, OrderedMap};

/// The chunks with entries of a range of IDs; the first may have none.
fn chunks(all: &OrderedMap<Id, Chunk>, start: Id, end: Id) -> ordered::Range<'_, Id, Chunk> {
    let first = all.range(..=start).next_back().map_or(start, |(base, _)| *base);
    if start <= end { all.range(first..=end) } else { all.range(end..end) }
}

/// The entries of a range, the first one first.
pub struct Range<'a> {
    chunks: ordered::Range<'a, Id, Chunk>,
    walk: Option<Walk<'a>>,
    start: Id,
    end: Id,
}

impl<'a> Range<'a> {
    pub(super) fn new(all: &'a OrderedMap<Id, Chunk>, ids: RangeInclusive<Id>) -> Range<'a> {
        let (start, end) = ids.into_inner();
        Range { chunks: chunks(all, start, end), walk: None, start, end }
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some(walk) = &mut self.walk {
                let start = self.start;
                if let Some(found) = walk.find(|found| !found.is_deleted && found.id >= start) {
                    return (found.id <= self.end).then(|| walk.entry(found));
                }
            }
            let (base, chunk) = self.chunks.next()?;
            self.walk = Some(chunk.walk(*base));
        }
    }
}

/// The entries of a range, the last one first.
pub struct RangeBack<'a> {
    chunks: ordered::Range<'a, Id, Chunk>,
    /// What is left of the current chunk.
    rest: Vec<Found<'a>>,
    walk: Option<Walk<'a>>,
    start: Id,
    end: Id,
}

impl<'a> RangeBack<'a> {
    pub(super) fn new(all: &'a OrderedMap<Id, Chunk>, ids: RangeInclusive<Id>) -> RangeBack<'a> {
        let (start, end) = ids.into_inner();
        RangeBack { chunks: chunks(all, start, end), rest: Vec::new(), walk: None, start, end }
    }
}

impl<'a> Iterator for RangeBack<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let (Some(walk), Some(found)) = (&self.walk, self.rest.pop()) {
                return Some(walk.entry(found));
            }
            let (base, chunk) = self.chunks.next_back()?;
            let walk = chunk.walk(*base);
            let within = walk.clone().take_while(|found| found.id <= self.end);
            self.rest.extend(within.filter(|found| !found.is_deleted && found.id >= self.start));
            self.walk = Some(walk);
        }
    }
}
