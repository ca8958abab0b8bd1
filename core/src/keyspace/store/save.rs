//! Snapshots of the store: beginning one, its steps, and what a file of it must be able to hold.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Store;
use crate::base::memory::Memory;
use crate::keyspace::access::UseReader;
use crate::keyspace::keys::Keys;
use crate::keyspace::snapshot::Recorder;
use crate::types::stream::Stream;

/// Whether a snapshot is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SaveState {
    /// None is, and one can begin.
    Idle,
    /// One is.
    Saving,
    /// One was aborted, and steps are still to be done before the next one can begin.
    Clearing,
}

/// What came of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SaveStep {
    /// There is more to do.
    Going,
    /// All is saved, so many keys.
    Done(u64),
    /// Nothing is left of what was aborted.
    Cleared,
}

/// What was seen of streams since the databases were empty: files with it need a newer version.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct StreamsSeen {
    /// One has had a consumer.
    pub(crate) consumers: bool,
    /// One has had pending entries that were given back.
    pub(crate) unowned: bool,
}

impl StreamsSeen {
    /// Looks at a stream that comes into a database.
    pub(super) fn look_at(&mut self, stream: &Stream) {
        for group in stream.groups().values() {
            self.consumers |= group.consumers_len() > 0;
            self.unowned |= group.unowned_len() > 0;
        }
    }
}

impl Store {
    /// Whether a snapshot is under way.
    pub(crate) fn save_state(&self) -> SaveState {
        match self.saver.view() {
            None => SaveState::Idle,
            Some(run) if run.is_clearing() => SaveState::Clearing,
            Some(_) => SaveState::Saving,
        }
    }

    /// Whether a hash may have fields with deadlines.
    pub(crate) fn may_have_timed_fields(&self) -> bool {
        self.dbs.iter().any(|db| db.has_timed_fields)
    }

    /// Begins a snapshot of what is there now, while none is under way.
    pub(crate) fn save_begin(
        &mut self,
        recorder: Box<dyn Recorder>,
        uses: Option<UseReader>,
        memory: Memory,
    ) {
        let total = self.dbs.iter().map(|db| db.keys.len() as u64).sum();
        self.saver.begin(recorder, uses, memory, total);
        self.dbs.iter_mut().for_each(|db| db.keys.begin_walk());
    }

    /// Goes on until about `weight_max` bytes are written or as much work is done; what was written is put into `out`.
    pub(crate) fn save_step(&mut self, weight_max: usize, out: &mut Vec<u8>) -> SaveStep {
        let Store { dbs, saver, garbage, .. } = self;
        let parity = saver.parity();
        let Some(run) = saver.run() else { return SaveStep::Cleared };
        let mut keys: Vec<&mut Keys> = dbs.iter_mut().map(|db| &mut db.keys).collect();
        let is_through = run.step(parity, &mut keys, garbage, weight_max);
        *out = run.take_ready();
        let (done, _) = run.progress();
        match (is_through, run.is_clearing()) {
            (false, _) => SaveStep::Going,
            // What has failed at its end has something to tell, and nothing to clear.
            (true, true) if run.has_failure() => SaveStep::Going,
            (true, is_clearing) => {
                saver.end();
                if is_clearing { SaveStep::Cleared } else { SaveStep::Done(done) }
            }
        }
    }

    /// Ends the snapshot without its being whole.
    pub(crate) fn save_abort(&mut self) {
        self.saver.abort();
    }

    /// Gives up a snapshot that keeps memory which others need; whether there was one.
    pub(crate) fn save_yield(&mut self) -> bool {
        let keeps_any = self.saver.view().is_some_and(|run| run.keeps_any());
        if keeps_any && let Some(run) = self.saver.run() {
            run.fail_for_memory(&mut self.garbage);
        }
        keeps_any
    }

    /// Why the snapshot has ended without being whole, the first time that it is asked for.
    pub(crate) fn save_failure(&mut self) -> Option<&'static str> {
        self.saver.run()?.take_failure()
    }

    /// Keys that are saved, and how many there were when the snapshot began.
    pub(crate) fn save_progress(&self) -> (u64, u64) {
        self.saver.view().filter(|run| !run.is_clearing()).map_or((0, 0), |run| run.progress())
    }

    /// Bytes that records of changed keys take until they are written. They are no data, and nothing is evicted for them.
    pub(crate) fn save_held_bytes(&self) -> usize {
        self.saver.view().map_or(0, |run| run.held_bytes())
    }
}
