//! What the replies of a call wait for before they may leave.
//!
//! The effects of a call come before its replies. They go to a log, which gives them a number and may need time to
//! commit them. Until it has, the replies of that call are kept in their sessions, and so is everything behind them on
//! the same connections. Other calls have other connections: their replies leave.

/// The number of a call's effects in the log: the first is 1, and each next one is one more.
pub(crate) type Lsn = u64;

/// Where effects go before the replies that tell of them.
pub(crate) trait CommitLog {
    /// Takes a piece of the effects of a call; `db` is the database that the first one presupposes.
    fn push(&mut self, effects: &[u8], db: Option<u32>);

    /// They are complete: tries to commit them, and numbers them.
    fn commit(&mut self) -> Lsn;

    /// The last effects of which clients may hear.
    fn committed(&self) -> Lsn;

    /// What the replies of a call without effects wait for, since they may tell of what is not committed.
    fn awaited(&self) -> Option<Lsn> {
        None
    }
}

/// Effects go nowhere, and no reply waits.
pub(crate) struct NoLog;

impl CommitLog for NoLog {
    fn push(&mut self, _: &[u8], _: Option<u32>) {}

    fn commit(&mut self) -> Lsn {
        0
    }

    fn committed(&self) -> Lsn {
        0
    }
}
