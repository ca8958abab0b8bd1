//! From the engine's connection ids to the host's slots.

use sanderling_core::ConnId;

/// What a connection id leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Nothing; the engine may give the id to a newcomer.
    Free,
    /// The slot of a session.
    Slot(usize),
    /// A connection that is gone, which the engine has not been told.
    Dropped,
}

/// A table, since the engine numbers connections densely.
#[derive(Default)]
pub(super) struct Links(Vec<Link>);

impl Links {
    pub(super) fn of(&self, conn: ConnId) -> Link {
        self.0.get(conn as usize).copied().unwrap_or(Link::Free)
    }

    pub(super) fn set(&mut self, conn: ConnId, link: Link) {
        let index = conn as usize;
        if index >= self.0.len() {
            self.0.resize(index + 1, Link::Free);
        }
        self.0[index] = link;
    }
}
