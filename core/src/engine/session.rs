//! The engine's doors for connections that outlive it.

use alloc::vec::Vec;

use crate::engine::{Engine, Micros};
use crate::server::ConnId;
use crate::server::session;

impl Engine {
    /// What a client has set up on its connection, for [`restore`](Engine::restore): its user, protocol, database, names,
    /// subscriptions and tracking. `None` while there is more than that to it, which only this engine has: a transaction,
    /// watched keys, a command that waits or is half there, MONITOR, or messages that go to another client; and for a
    /// connection that is not there.
    pub fn session(&self, conn: ConnId) -> Option<Vec<u8>> {
        self.server.find(conn).and_then(|connection| session::of(&self.server, connection))
    }

    /// Makes a connection that has just been made what the one was whose [`session`](Engine::session) this is. Nothing is
    /// sent, but to who may keep values that it was to be told of: it hears that it should forget them all. `false` if that
    /// cannot be, as when its user is gone: the connection is half of it then, and the embedder disconnects it.
    pub fn restore(&mut self, now: Micros, conn: ConnId, session: &[u8]) -> bool {
        self.begin(now);
        let is_there = self.server.get(conn).is_some();
        let is_restored =
            is_there && session::restore(&mut self.store, &mut self.server, conn, session).is_some();
        self.finish();
        is_restored
    }
}
