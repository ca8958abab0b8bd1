//! Long strings, which are written in parts: those that change meanwhile are kept as they were.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use super::extent::is_in_parts;
use super::{At, Current, Displaced, NO_MEMORY, NOT_WHOLE, RECORD_BYTES, Run};
use crate::keyspace::access::KeyUse;
use crate::keyspace::entry::{Entry, ValueRef};
use crate::structures::ordered::OrderedMap;
use crate::structures::pieces::PIECE_BYTES;
use crate::structures::table::Keyed;

/// What a string was when the snapshot began, as far as it may have changed since.
pub(super) struct Before {
    key: Box<[u8]>,
    deadline: Option<u64>,
    used: Option<KeyUse>,
    len: usize,
    /// Pieces that are not what they were, by their numbers.
    pieces: OrderedMap<usize, Box<[u8]>>,
    /// Bytes of them.
    bytes: usize,
}

impl Before {
    fn of(entry: &Entry, used: Option<KeyUse>) -> Before {
        let (key, deadline) = (Box::from(entry.key()), entry.deadline());
        Before { key, deadline, used, len: bytes_of(entry).len(), pieces: OrderedMap::new(), bytes: 0 }
    }

    /// The pieces that bytes of this range are in, without those that are kept or were written: all before `written`.
    fn missing(
        &self,
        changing: &Range<usize>,
        written: usize,
    ) -> impl Iterator<Item = (usize, Range<usize>)> {
        let (start, end) = (changing.start.max(written), changing.end.min(self.len));
        let numbers = if start < end { start / PIECE_BYTES..end.div_ceil(PIECE_BYTES) } else { 0..0 };
        numbers
            .filter(|number| !self.pieces.contains_key(number))
            .map(|number| (number, number * PIECE_BYTES..self.len.min((number + 1) * PIECE_BYTES)))
    }
}

fn bytes_of(entry: &Entry) -> &[u8] {
    match entry.value() {
        ValueRef::Bytes(bytes) => bytes,
        _ => &[],
    }
}

impl Run {
    /// Some bytes of an unsaved string that is written in parts are going to change, or something else of it is; `false`
    /// if the snapshot ends with that.
    pub(super) fn keep_string(&mut self, at: At, entry: &Entry, changing: Range<usize>) -> bool {
        let is_current = self.is_current(at);
        let (known, written) = match &mut self.current {
            Some(current) if is_current => (current.before.take(), current.from.index),
            _ => (self.displaced_at(at).and_then(|displaced| displaced.before.take()), 0),
        };
        let mut before = known.unwrap_or_else(|| Box::new(Before::of(entry, self.used(entry))));
        let missing: Vec<(usize, Range<usize>)> = before.missing(&changing, written).collect();
        let bytes: usize = missing.iter().map(|(_, range)| range.len() + RECORD_BYTES).sum();
        if self.memory.take(bytes + before.key.len() + RECORD_BYTES).is_err() {
            self.fail(NO_MEMORY);
            return false;
        }
        for (number, range) in missing {
            before.bytes += range.len();
            self.changed_bytes += range.len();
            before.pieces.insert(number, Box::from(&bytes_of(entry)[range]));
        }
        if let Some(current) = self.current.as_mut().filter(|_| is_current) {
            current.before = Some(before);
        } else if let Some(displaced) = self.displaced_at(at) {
            displaced.before = Some(before);
        } else {
            self.displaced.push(Displaced {
                db: at.db,
                hash: at.hash,
                origin: at.origin,
                before: Some(before),
            });
        }
        true
    }

    /// Writes more of a string, whose record begins with the first of it; true once it is written.
    pub(super) fn write_string(&mut self, current: &mut Current, entry: &Entry, weight_max: usize) -> bool {
        let before = current.before.as_deref();
        let (key, deadline, len) = match before {
            Some(before) => (&*before.key, before.deadline, before.len),
            None => (entry.key(), entry.deadline(), bytes_of(entry).len()),
        };
        if !is_in_parts(entry) || bytes_of(entry).len() < len {
            self.fail(NOT_WHOLE);
            return false;
        }
        if !mem::replace(&mut current.has_begun, true) {
            let used = before.map_or_else(|| self.used(entry), |before| before.used);
            self.select(current.origin);
            self.recorder.begin_string(&mut self.ready, key, deadline, used, len);
        }
        while self.weight() < weight_max {
            let from = current.from.index;
            let end = len.min(from + PIECE_BYTES);
            let kept = before.and_then(|before| before.pieces.get(&(from / PIECE_BYTES)));
            self.ready.extend_from_slice(kept.map_or(&bytes_of(entry)[from..end], |piece| piece));
            current.from.index = end;
            if end == len {
                self.recorder.end_string(&mut self.ready, key, deadline);
                self.changed_bytes -= before.map_or(0, |before| before.bytes);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::conversation::Conversation;
    use crate::{SaveFormat, SaveOptions};

    #[test]
    fn nothing_is_held_for_a_snapshot_that_was_given_up() {
        let mut talk = Conversation::new();
        let conn = talk.client();
        talk.ask(conn, "SETRANGE string 400000 x");
        let options = SaveOptions {
            format: SaveFormat::Dump,
            is_compressed: true,
            compress_min_bytes: 0,
            has_checksum: true,
        };
        assert_eq!(talk.engine.save_begin(talk.now, options), Ok(()));
        assert_eq!(talk.ask(conn, "SETRANGE string 70000 new"), ":400001");
        assert!(talk.engine.parts().0.save_held_bytes() > 60_000);
        talk.engine.save_abort(talk.now);
        assert_eq!(talk.engine.parts().0.save_held_bytes(), 0);
    }
}
