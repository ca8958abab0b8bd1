//! The host's connections by slot, which is also the token that the poll knows them by.

use crate::connection::Connection;
use crate::net::Stream;

/// Slots are reused; a serial number tells who is in one.
#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Option<Connection>>,
    free: Vec<usize>,
    serial: u64,
}

impl Slots {
    pub(super) fn add(&mut self, stream: Stream) -> usize {
        self.serial += 1;
        let connection = Some(Connection::new(stream, self.serial));
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = connection;
                slot
            }
            None => {
                self.slots.push(connection);
                self.slots.len() - 1
            }
        }
    }

    pub(super) fn get(&mut self, slot: usize) -> Option<&mut Connection> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Whether `slot` still holds the connection with `serial`.
    pub(super) fn is(&self, slot: usize, serial: u64) -> bool {
        self.slots.get(slot).and_then(Option::as_ref).is_some_and(|connection| connection.serial == serial)
    }

    /// Closes a connection's socket.
    pub(super) fn remove(&mut self, slot: usize) {
        if self.slots.get_mut(slot).and_then(Option::take).is_some() {
            self.free.push(slot);
        }
    }

    pub(super) fn remove_if(&mut self, slot: usize, serial: u64) {
        if self.is(slot, serial) {
            self.remove(slot);
        }
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.free.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn any_pending(&self) -> bool {
        self.slots.iter().flatten().any(|connection| !connection.pending.is_empty())
    }
}
