//! Making one piece of memory that lies in many, by moving values out of a part of it.
//!
//! Where the part is and what lies in it the embedder's allocator knows; what is here walks over the databases and
//! moves what is to be moved. A value that stays where it is does no harm but to the gain.

use crate::base::memory::{Compaction, Memory, Room};
use crate::base::relocate::Mover;
use crate::keyspace::{Place, Store};

/// Segments of tables that one request may wait for.
const SEGMENTS_PER_REQUEST: usize = 1 << 15;
/// Segments of tables that one step in the background looks through.
const SEGMENTS_PER_STEP: usize = 32;
/// A collection of more elements is moved only when a request waits for it.
const ELEMENTS_PER_STEP: usize = 4096;
/// Parts that are cleared for one request in vain, until it is refused.
const PARTS_PER_REQUEST: usize = 4;
/// What a part is chosen for in the background, in bytes.
const PIECE_BYTES: usize = 1 << 20;
/// After an attempt that was in vain, so much must have come free before another one, in bytes.
const RETRY_BYTES: usize = 512 << 10;
/// Clearing a part has to give so many bytes, or this share of what is in use.
const GAIN_BYTES_MIN: usize = 128 << 10;
/// See [`GAIN_BYTES_MIN`], as a divisor.
const GAIN_SHARE: usize = 256;

/// What was compacted, and what is under way.
pub(crate) struct Compactor {
    compaction: Option<Compaction>,
    /// Where the walk through the databases goes on, while a part is being cleared.
    place: Option<Place>,
    /// Whether parts are cleared one after the other in the background.
    is_wanted: bool,
    /// Per power of two the bytes that were in use when nothing was found for an allocation of about that size.
    in_vain_at: [Option<usize>; usize::BITS as usize],
    /// What there was of memory before the part that is being cleared was chosen.
    before: Room,
    /// What the part was chosen for.
    wanted: usize,
    /// Whether the last part that was cleared has brought something.
    has_gained: bool,
    /// Whether there was no memory to move to what lay there.
    was_short: bool,
}

impl Compactor {
    pub(crate) fn new(compaction: Option<Compaction>) -> Compactor {
        Compactor {
            compaction,
            place: None,
            is_wanted: false,
            in_vain_at: [None; usize::BITS as usize],
            before: Room::of(0),
            wanted: 0,
            has_gained: false,
            was_short: false,
        }
    }

    /// Whether there is something to do in the background.
    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Clears parts in which an allocation of so many bytes could lie, until one has brought something; `false` if that
    /// is in vain. A part that is being cleared is ended instead: what was withheld there may be enough.
    pub(crate) fn compact(&mut self, store: &mut Store, memory: Memory, used: usize, bytes: usize) -> bool {
        let Some(compaction) = self.compaction else { return false };
        if self.place.is_some() {
            self.clear(store, memory, compaction, used);
            return true;
        }
        let size = bytes.max(1).ilog2() as usize;
        if self.in_vain_at[size].is_some_and(|at| used.saturating_add(RETRY_BYTES) > at) {
            return false;
        }
        for _ in 0..PARTS_PER_REQUEST {
            if !self.open(compaction, memory, bytes) {
                break;
            }
            if self.clear(store, memory, compaction, used) {
                self.in_vain_at[size] = None;
                return true;
            }
            // Another part would need memory to move to as well.
            if self.was_short {
                break;
            }
        }
        self.in_vain_at[size] = Some(used);
        false
    }

    /// Has a part chosen in which so many bytes could lie; `false` if there is none.
    fn open(&mut self, compaction: Compaction, memory: Memory, bytes: usize) -> bool {
        (self.before, self.wanted) = (memory.room(), bytes);
        self.place = (compaction.open)(bytes).then(Place::default);
        self.is_wanted &= self.place.is_some();
        self.place.is_some()
    }

    /// Ends clearing the part; `false` if that has brought nothing.
    fn clear(&mut self, store: &mut Store, memory: Memory, compaction: Compaction, used: usize) -> bool {
        self.walk(store, memory, compaction, used, SEGMENTS_PER_REQUEST, usize::MAX);
        if self.place.take().is_some() {
            self.close(compaction, memory, used, false);
        }
        self.has_gained
    }

    /// Lets a part be used that was cleared, and looks what that has brought.
    fn close(&mut self, compaction: Compaction, memory: Memory, used: usize, was_asked: bool) {
        (compaction.close)(was_asked);
        let after = memory.room();
        // A walk through all keys for next to nothing would be repeated for every request.
        let gain = after.total.saturating_sub(self.before.total);
        let is_worth = gain >= GAIN_BYTES_MIN.max(used / GAIN_SHARE);
        let fits = |room: Room| room.contiguous >= self.wanted;
        self.has_gained = is_worth || (fits(after) && !fits(self.before));
        // Enough is enough: what is free already serves the next requests.
        self.is_wanted = self.has_gained && !memory.is_plenty();
    }

    /// Does a bounded step in the background.
    pub(crate) fn go_on(&mut self, store: &mut Store, memory: Memory, used: usize) {
        let Some(compaction) = self.compaction.filter(|_| self.is_wanted) else { return };
        if self.place.is_some() || self.open(compaction, memory, PIECE_BYTES) {
            self.walk(store, memory, compaction, used, SEGMENTS_PER_STEP, ELEMENTS_PER_STEP);
        }
    }

    fn walk(
        &mut self,
        store: &mut Store,
        memory: Memory,
        compaction: Compaction,
        used: usize,
        segments: usize,
        elements_max: usize,
    ) {
        let Some(place) = self.place else { return };
        let mut mover = Mover::new(compaction.is_within, memory, elements_max);
        self.place = store.relocate(place, segments, &mut mover);
        self.was_short = mover.is_short();
        if self.was_short {
            self.place = None;
        }
        if self.place.is_none() {
            self.close(compaction, memory, used, !self.was_short);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Options;
    use crate::engine::conversation::Conversation;
    use alloc::format;
    use alloc::string::String;

    /// Values of every type and form, some of them long.
    fn fill(talk: &mut Conversation, conn: u32) {
        let long = "x".repeat(3000);
        for index in 0..40 {
            let element = if index % 2 == 0 { format!("e{index}") } else { format!("{long}{index}") };
            for request in [
                format!("SET short{index} value{index}"),
                format!("SET {long}{index} {element}"),
                format!("SET int{index} {index}"),
                format!("SET due{index} {element} EX 1000"),
                format!("RPUSH list {element}"),
                format!("RPUSH list{index} {element}"),
                format!("HSET hash {element} {element}"),
                format!("HSET hash{index} a {index}"),
                format!("HSET timed{index} a {index} b {index}"),
                format!("HEXPIRE timed{index} 1000 FIELDS 1 a"),
                format!("SADD set {element}"),
                format!("SADD ints{index} {index} 5"),
                format!("ZADD zset {index} {element}"),
                format!("ZADD zset{index} {index} a"),
                format!("XADD stream {index}-1 {element} {element}"),
            ] {
                talk.ask(conn, &request);
            }
        }
    }

    fn digest(talk: &mut Conversation, conn: u32) -> String {
        let order = talk.ask(conn, "LRANGE list 0 -1") + &talk.ask(conn, "ZRANGE zset 0 -1 WITHSCORES");
        talk.ask(conn, "DEBUG DIGEST") + &order + &talk.ask(conn, "HTTL timed3 FIELDS 2 a b")
    }

    #[test]
    fn what_is_moved_stays_the_same() {
        let mut options = Options::default();
        options.set("enable-debug-command", "yes").expect("it can be enabled at the beginning");
        let mut talk = Conversation::with(options);
        let conn = talk.client();
        fill(&mut talk, conn);
        let before = digest(&mut talk, conn);
        let everything = Compaction { open: |_| true, is_within: |_| true, close: |_| {} };
        let (store, server) = talk.engine.parts();
        let mut compactor = Compactor::new(Some(everything));
        compactor.compact(store, server.memory, 0, 1);
        assert!(digest(&mut talk, conn) == before);
        // The same in steps.
        for _ in 0..100 {
            let (store, server) = talk.engine.parts();
            compactor.is_wanted = true;
            compactor.go_on(store, server.memory, 0);
        }
        assert!(digest(&mut talk, conn) == before);
        assert_eq!(talk.ask(conn, "FLUSHALL"), "+OK");
    }

    #[test]
    fn nothing_is_tried_again_before_something_has_come_free() {
        let mut talk = Conversation::new();
        let (store, server) = talk.engine.parts();
        let never = Compaction { open: |_| false, is_within: |_| false, close: |_| {} };
        let mut compactor = Compactor::new(Some(never));
        assert!(!compactor.compact(store, server.memory, 10 << 20, 1));
        assert_eq!(compactor.in_vain_at[0], Some(10 << 20));
        static GAINED: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);
        let close = |_| _ = GAINED.fetch_add(1 << 20, core::sync::atomic::Ordering::Relaxed);
        compactor.compaction = Some(Compaction { open: |_| true, close, ..never });
        let memory = Memory::new(|_| Room::of(GAINED.load(core::sync::atomic::Ordering::Relaxed)));
        assert!(!compactor.compact(store, memory, 10 << 20, 1));
        assert!(compactor.compact(store, memory, 9 << 20, 1));
        assert!(compactor.is_wanted());
        // What brings nothing is not tried again either.
        assert!(!compactor.compact(store, server.memory, 9 << 20, 1));
        assert!(!compactor.is_wanted());
        assert!(!compactor.compact(store, memory, 9 << 20, 1));
    }
}
