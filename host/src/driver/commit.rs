//! What the replies of a call wait for before they may leave.
//!
//! The effects of a call come before its replies. They go to a log, which gives them a number and may need time to
//! commit them. Until it has, the replies of that call are kept in their sessions, and so is everything behind them on
//! the same connections. Other calls have other connections: their replies leave.

use sanderling_core::Micros;

/// The number of a call's effects in the log: the first is 1, and each next one is one more.
pub(crate) type Lsn = u64;

/// Where effects go before the replies that tell of them.
pub(crate) trait CommitLog {
    /// Takes the effects of a call, tries to commit them, and numbers them.
    fn append(&mut self, now: Micros, effects: &[u8]) -> Lsn;

    /// The last effects of which clients may hear.
    fn committed(&self) -> Lsn;
}

/// Effects go nowhere, and no reply waits.
pub(crate) struct NoLog;

impl CommitLog for NoLog {
    fn append(&mut self, _: Micros, _: &[u8]) -> Lsn {
        0
    }

    fn committed(&self) -> Lsn {
        0
    }
}
