//! Takes clients that have come, and introduces them to the engine.

use super::service::Service;
use crate::clock::running_micros;
use crate::engine::Trap;
use crate::exchange::{Incoming, LineId};
use crate::log;
use crate::net::{Arrival, Listener, Stream, Virtual};
use crate::storage::Storage;
use mio::{Registry, Token};
use sanderling_core::abi::peer_text;
use sanderling_core::{Micros, Peer};
use std::collections::HashMap;
use std::io;

/// Connections accepted in a turn, of which each listener has a share; the rest wait in the kernel.
const ACCEPTS_PER_TURN_MAX: usize = 256;
/// Pause after the system had no descriptor or memory for another connection.
const ACCEPT_RETRY_MICROS: Micros = 100_000;

/// What a refused peer reads; Redis's text, which client libraries show to their users.
const DENIED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is enabled \
and no password is set for the default user. In this mode connections are only accepted from the loopback interface. \
If you want to connect from external computers to Redis you may adopt one of the following solutions: \
1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by \
connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from \
internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the \
protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then \
restarting the server. 3) If you started the server manually just for testing, restart it with the \
'--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do \
one of the above things in order for the server to start accepting connections from the outside.\r\n";

/// The listeners, and what is known of them.
pub(super) struct Listeners {
    listeners: Vec<Listener>,
    /// Listeners that may have connections waiting.
    arriving: Vec<bool>,
    accept_again_at: Option<Micros>,
    /// The log has been told that none can be accepted.
    has_complained: bool,
}

impl Listeners {
    pub(super) fn new(listeners: Vec<Listener>) -> Self {
        let arriving = vec![true; listeners.len()];
        Self { listeners, arriving, accept_again_at: None, has_complained: false }
    }

    pub(super) fn len(&self) -> usize {
        self.listeners.len()
    }

    /// The poll has seen that connections wait.
    pub(super) fn note_arrival(&mut self, listener: usize) {
        self.arriving[listener] = true;
    }

    /// Whether there may be something to accept at once.
    pub(super) fn is_busy(&self) -> bool {
        self.accept_again_at.is_none() && self.arriving.contains(&true)
    }

    /// Whether [`Listeners::accept`] might have something to do.
    #[inline]
    pub(super) fn may_accept(&self) -> bool {
        self.accept_again_at.is_some() || self.arriving.contains(&true)
    }

    /// When to accept again, after the system could not.
    pub(super) fn accept_again_at(&self) -> Option<Micros> {
        self.accept_again_at
    }

    /// Closes the listeners. Nothing arrives any more.
    pub(super) fn close(&mut self) {
        self.listeners.clear();
        self.arriving.clear();
        self.accept_again_at = None;
    }

    /// Takes connections that wait, a bounded number, and introduces them to the engine.
    pub(super) fn accept(
        &mut self,
        service: &mut Service<Stream, Storage>,
        registry: &Registry,
    ) -> Result<(), Trap> {
        if let Some(at) = self.accept_again_at {
            if at > running_micros() {
                return Ok(());
            }
            self.accept_again_at = None;
            self.arriving.fill(true);
        }
        if !self.arriving.contains(&true) {
            return Ok(());
        }
        // The engine hears first of clients that are gone: it may give their ids to newcomers.
        service.process()?;
        let share = (ACCEPTS_PER_TURN_MAX / self.listeners.len()).max(1);
        for index in 0..self.listeners.len() {
            for _ in 0..share {
                if !self.arriving[index] {
                    break;
                }
                match self.listeners[index].accept() {
                    Ok(arrival) => {
                        self.has_complained = false;
                        welcome(service, arrival, registry)?;
                    }
                    Err(error) => self.accept_failed(index, &error),
                }
            }
        }
        service.process()
    }

    fn accept_failed(&mut self, index: usize, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::WouldBlock => self.arriving[index] = false,
            io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
            _ => {
                if !std::mem::replace(&mut self.has_complained, true) {
                    log::warning!("cannot accept connections for now: {error}");
                }
                self.accept_again_at = Some(running_micros() + ACCEPT_RETRY_MICROS);
                // What is missing is missing for all listeners.
                self.arriving.fill(false);
            }
        }
    }
}

/// Introduces connections to the engine that come from elsewhere.
pub(super) fn adopt(
    service: &mut Service<Stream, Storage>,
    arrivals: Vec<Arrival>,
    registry: &Registry,
) -> Result<(), Trap> {
    // The engine hears first of clients that are gone, as in `accept`.
    service.process()?;
    for arrival in arrivals {
        welcome(service, arrival, registry)?;
    }
    service.process()
}

/// What comes over connections that are no sockets; `slots` has those that there are.
pub(super) fn take_in(
    service: &mut Service<Stream, Storage>,
    messages: Vec<Incoming>,
    slots: &mut HashMap<LineId, usize>,
    registry: &Registry,
) -> Result<(), Trap> {
    // The engine hears first of clients that are gone, as in `accept`.
    service.process()?;
    for message in messages {
        match message {
            Incoming::Open { end, addr, laddr, local, trusted } => {
                let (id, stream) = (end.id, Stream::Virtual(Virtual::new(end)));
                let arrival = Arrival { stream, addr, laddr, unix: false, local, trusted };
                slots.insert(id, welcome(service, arrival, registry)?);
            }
            Incoming::Input(id, piece) => {
                find(service, slots, id, |stream| stream.push(piece));
            }
            Incoming::Drained(id) => {
                if let Some(slot) = find(service, slots, id, |_| ()) {
                    service.note_event(slot, false, true, false);
                }
            }
            Incoming::Close(id) => {
                find(service, slots, id, Virtual::close);
                slots.remove(&id);
            }
        }
    }
    service.process()
}

/// The same once nothing is read any more: only replies leave.
pub(super) fn let_out(
    service: &mut Service<Stream, Storage>,
    messages: Vec<Incoming>,
    slots: &mut HashMap<LineId, usize>,
) {
    for message in messages {
        let slot = match message {
            Incoming::Drained(id) => find(service, slots, id, |_| ()),
            Incoming::Close(id) => find(service, slots, id, Virtual::close),
            Incoming::Open { .. } | Incoming::Input(..) => None,
        };
        if let Some(slot) = slot {
            service.note_event(slot, false, true, false);
        }
    }
}

/// The slot of a connection that is no socket, if it is still that one's, after something was done to it; there may be
/// something to read then.
fn find(
    service: &mut Service<Stream, Storage>,
    slots: &HashMap<LineId, usize>,
    id: LineId,
    change: impl FnOnce(&mut Virtual),
) -> Option<usize> {
    let slot = *slots.get(&id)?;
    match &mut service.clients.get(slot)?.transport {
        Stream::Virtual(stream) if stream.id() == id => change(stream),
        _ => return None,
    }
    service.clients.queue(slot);
    Some(slot)
}

/// Gives a newcomer a slot and adds it to the batch, or refuses it; which slot it has, or had.
fn welcome(
    service: &mut Service<Stream, Storage>,
    arrival: Arrival,
    registry: &Registry,
) -> Result<usize, Trap> {
    let Arrival { stream, addr, laddr, unix, local, trusted } = arrival;
    let is_protected = service.settings.protected_mode && !service.settings.has_password;
    let is_refused = is_protected && !local;
    if is_refused {
        log::verbose!("refused {addr}: protected mode serves this machine only");
    }
    // A peer that is gone already shows itself at the first read.
    let _ = stream.keep_alive(service.settings.tcp_keepalive_seconds);
    let may_have_input = stream.may_have_input();
    let slot = service.clients.add(stream);
    let session = service.clients.get(slot).expect("it was added now");
    if let Err(error) = session.transport.register(registry, Token(slot)) {
        log::warning!("cannot wait for {addr}: {error}");
        service.clients.remove(slot);
        return Ok(slot);
    }
    if is_refused {
        service.refuse(slot, DENIED);
        return Ok(slot);
    }
    if log::enabled(log::Level::Verbose) {
        // With as many connections as there may be, it is worth its memory only where it is told.
        session.told_as = Some(addr.as_str().into());
        log::verbose!("accepted {addr}");
    }
    service.introduce(slot, &peer_text(Peer { addr: &addr, laddr: &laddr, unix, trusted }))?;
    if may_have_input {
        service.clients.queue(slot);
    }
    Ok(slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_one_error_reply() {
        assert!(DENIED.starts_with(b"-DENIED ") && DENIED.ends_with(b"outside.\r\n"));
        assert_eq!(DENIED.iter().filter(|&&byte| byte == b'\n').count(), 1);
        assert!(!DENIED.windows(2).any(|pair| pair == b"  "));
    }
}
