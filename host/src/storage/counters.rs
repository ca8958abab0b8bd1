//! Numbers that INFO asks for while the engine runs, which is in the thread of the server.

use sanderling_core::Fact;
use std::cell::Cell;

thread_local! {
    static COUNTERS: Cell<Counters> = const { Cell::new(Counters::NONE) };
}

/// See [`Fact`] for what they mean.
#[derive(Clone, Copy)]
pub(crate) struct Counters {
    pub(crate) log_bytes: u64,
    pub(crate) base_bytes: u64,
    pub(crate) buffer_bytes: u64,
    pub(crate) syncs_pending: u64,
    pub(crate) syncs_delayed: u64,
}

impl Counters {
    pub(crate) const NONE: Counters =
        Counters { log_bytes: 0, base_bytes: 0, buffer_bytes: 0, syncs_pending: 0, syncs_delayed: 0 };

    /// Leaves them where [`fact`] finds them.
    pub(crate) fn show(self) {
        COUNTERS.set(self);
    }
}

/// One of the numbers, if it is one of these.
pub(crate) fn fact(which: Fact) -> Option<u64> {
    let counters = COUNTERS.get();
    Some(match which {
        Fact::LogBytes => counters.log_bytes,
        Fact::LogBaseBytes => counters.base_bytes,
        Fact::LogBufferBytes => counters.buffer_bytes,
        Fact::LogSyncsPending => counters.syncs_pending,
        Fact::LogSyncsDelayed => counters.syncs_delayed,
        _ => return None,
    })
}
