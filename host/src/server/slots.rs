//! Sessions by slot, which is also the token that the poll knows their sockets by.

use crate::net::Transport;
use crate::session::Session;

/// Slots are reused; a serial number tells which session is in one.
pub(super) struct Slots<T> {
    slots: Vec<Option<Session<T>>>,
    free: Vec<usize>,
    serial: u64,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), serial: 0 }
    }
}

impl<T: Transport> Slots<T> {
    pub(super) fn add(&mut self, transport: T) -> usize {
        self.serial += 1;
        let session = Some(Session::new(transport, self.serial));
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = session;
                slot
            }
            None => {
                self.slots.push(session);
                self.slots.len() - 1
            }
        }
    }

    pub(super) fn get(&mut self, slot: usize) -> Option<&mut Session<T>> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Whether `slot` still holds the session with `serial`.
    pub(super) fn is(&self, slot: usize, serial: u64) -> bool {
        self.slots.get(slot).and_then(Option::as_ref).is_some_and(|session| session.serial == serial)
    }

    /// Ends a session, and with it the connection.
    pub(super) fn remove(&mut self, slot: usize) {
        if self.slots.get_mut(slot).and_then(Option::take).is_some() {
            self.free.push(slot);
        }
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.free.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Session<T>> {
        self.slots.iter_mut().flatten()
    }

    pub(super) fn any_pending(&self) -> bool {
        self.slots.iter().flatten().any(|session| !session.pending.is_empty())
    }
}
