//! Client-side caching: who has read a key is told when it changes.
//!
//! In the default mode the table remembers which clients have read a key, until it changes once. In broadcasting mode
//! clients name prefixes, and are told of every change below them, once per batch of requests. While no client
//! tracks, nothing of this costs anything: the store then notes no changes, and no restriction leads here.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use crate::base::memory::Purpose;
use crate::command::{Command, Flags, Group};
use crate::keyspace::{Invalidation, Store};
use crate::resp::args::Args;
use crate::resp::{Protocol, Reply};
use crate::server::connection::ConnId;
use crate::server::{GlobalState, Server};
use crate::structures::ordered::{OrderedMap, OrderedSet};

/// Keys that are given up before a command while the table holds too many.
const EVICTED_PER_COMMAND_MAX: usize = 100;
/// Where connections listen that get the invalidations of others in RESP2.
const CHANNEL: &[u8] = b"__redis__:invalidate";

/// How a connection wants to be told.
pub(crate) struct Tracking {
    /// What it is told of.
    pub(crate) mode: Mode,
    /// Whether it is not told of its own changes.
    pub(crate) no_loop: bool,
    /// Whether CLIENT CACHING came just before.
    pub(crate) is_caching: bool,
    /// The connection that gets the messages in its place, with its client id.
    pub(crate) redirect: Option<(ConnId, u64)>,
    /// Whether that connection was found to be gone.
    pub(crate) is_redirect_broken: bool,
    /// In broadcasting mode: what the keys begin with.
    pub(crate) prefixes: OrderedSet<Vec<u8>>,
}

/// What a connection is told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// All keys that it has read.
    Default,
    /// Those that it has read after CLIENT CACHING YES.
    OptIn,
    /// All that it has read, but not after CLIENT CACHING NO.
    OptOut,
    /// All keys with its prefixes.
    Broadcast,
}

impl Mode {
    /// Whether a read is remembered, of which CLIENT CACHING has said something or not.
    fn remembers(self, is_caching: bool) -> bool {
        match self {
            Mode::Default => true,
            Mode::OptIn => is_caching,
            Mode::OptOut => !is_caching,
            Mode::Broadcast => false,
        }
    }
}

/// A connection with its client id, since another may have taken its place meanwhile.
type Reader = (ConnId, u64);

/// Who is to be told of what.
#[derive(Default)]
pub(crate) struct TrackingTable {
    /// Connections that track.
    pub(crate) clients: usize,
    /// Connections that have turned it off, and may still keep what they had read.
    former: usize,
    keys: OrderedMap<Box<[u8]>, OrderedSet<Reader>>,
    prefixes: OrderedMap<Vec<u8>, Prefix>,
    /// Where the search for keys to give up goes on.
    cursor: Box<[u8]>,
}

#[derive(Default)]
struct Prefix {
    clients: OrderedSet<ConnId>,
    /// Keys that have changed in this batch, with the client that changed each first, unless none did.
    changed: OrderedMap<Box<[u8]>, Option<u64>>,
}

impl TrackingTable {
    /// Keys, readers of all keys, and prefixes.
    pub(crate) fn sizes(&self) -> (usize, usize, usize) {
        (self.keys.len(), self.keys.values().map(OrderedSet::len).sum(), self.prefixes.len())
    }
}

// ----- on and off -----

/// Turns tracking on, or changes how it is done; prefixes are added to those that there are.
pub(crate) fn enable(store: &mut Store, server: &mut Server, conn: ConnId, mut tracking: Tracking) {
    let connection = server.connection(conn);
    // Only those that are new cost something: there may be many by now.
    let added = mem::take(&mut tracking.prefixes);
    match connection.tracking.take() {
        Some(old) => {
            tracking.is_caching = old.is_caching;
            tracking.prefixes = old.prefixes;
        }
        None => {
            let has_tracked = mem::take(&mut connection.has_tracked);
            server.tracking.clients += 1;
            server.tracking.former -= usize::from(has_tracked);
        }
    }
    for prefix in added {
        server.tracking.prefixes.or_default(prefix.clone()).clients.insert(conn);
        tracking.prefixes.insert(prefix);
    }
    server.connection(conn).tracking = Some(Box::new(tracking));
    server.refresh_restrictions(conn);
    set_needed(store, server);
}

/// Turns tracking off. What was read stays in the table: if tracking is turned on again, its changes are told, as
/// the client may still keep it.
pub(crate) fn disable(store: &mut Store, server: &mut Server, conn: ConnId) {
    let Some(tracking) = server.connection(conn).tracking.take() else { return };
    for prefix in &tracking.prefixes {
        if let Some(known) = server.tracking.prefixes.get_mut(prefix) {
            known.clients.remove(&conn);
            if known.clients.is_empty() {
                server.tracking.prefixes.remove(prefix);
            }
        }
    }
    server.tracking.clients -= 1;
    server.tracking.former += 1;
    server.connection(conn).has_tracked = true;
    server.refresh_restrictions(conn);
    set_needed(store, server);
}

/// Forgets a connection that is going.
pub(crate) fn forget(store: &mut Store, server: &mut Server, conn: ConnId) {
    disable(store, server, conn);
    if mem::take(&mut server.connection(conn).has_tracked) {
        server.tracking.former -= 1;
        set_needed(store, server);
    }
}

/// Lets the store note changes as long as someone wants to be told, or may want to hear again of what they had read.
fn set_needed(store: &mut Store, server: &mut Server) {
    let table = &mut server.tracking;
    let is_needed = table.clients > 0 || table.former > 0 && !table.keys.is_empty();
    store.note_changes(is_needed);
    server.global_state.set(GlobalState::TRACKING, is_needed);
    if !is_needed {
        table.keys.clear();
        table.prefixes.clear();
    }
}

// ----- reading -----

/// Remembers the keys that a request of a tracking connection has read.
#[cold]
pub(crate) fn remember(server: &mut Server, conn: ConnId, row: &'static Command, args: Args<'_>) {
    // Channels are hashed like keys, but are none.
    // What a script reads is remembered by its own commands.
    if !row.flags.has(Flags::READONLY) || row.flags.has(Flags::PUBSUB) || row.group == Group::Scripting {
        return;
    }
    let connection = server.connection(conn);
    let reader = (conn, connection.client_id);
    let Some(tracking) = &connection.tracking else { return };
    if !tracking.mode.remembers(tracking.is_caching) {
        return;
    }
    let index = server.index();
    let keys = index.entry(index.id(row)).keys_in(args);
    for (at, _) in keys {
        let key = args.at(at);
        if server.memory.take(key.len() + size_of::<(Box<[u8]>, OrderedSet<Reader>)>()).is_err() {
            // What cannot be remembered must not be kept by the client either.
            send_key(server, conn, key);
            continue;
        }
        let live_max = 2 * server.connected;
        let readers = server.tracking.keys.or_default(key.into());
        readers.insert(reader);
        if readers.len() > live_max {
            // Most of them have gone.
            let readers = mem::take(readers);
            let live = readers.into_iter().filter(|&reader| is_there(server, reader)).collect();
            server.tracking.keys.insert(key.into(), live);
        }
    }
}

/// A request of a tracking connection has ended: what CLIENT CACHING said is over, unless it was just said.
#[cold]
pub(crate) fn advance(server: &mut Server, conn: ConnId, parent: Option<&Command>) {
    let connection = server.connection(conn);
    let is_client = parent.is_some_and(|parent| parent.name == "CLIENT");
    if connection.transaction.is_none()
        && !is_client
        && let Some(tracking) = &mut connection.tracking
    {
        tracking.is_caching = false;
    }
}

/// Whether there are more keys than the limit allows.
pub(crate) fn is_over_limit(server: &Server) -> bool {
    let limit = server.config.tracked_keys_max.get();
    limit != 0 && server.tracking.keys.len() > limit
}

/// Gives keys up while there are more than the limit allows; their readers are told as if they had changed.
pub(crate) fn keep_limit(server: &mut Server) {
    for _ in 0..EVICTED_PER_COMMAND_MAX {
        if !is_over_limit(server) {
            return;
        }
        let table = &mut server.tracking;
        // The next one in order, so that all come to their turn and none needs to be searched for.
        let after = (core::ops::Bound::Excluded(&*table.cursor), core::ops::Bound::Unbounded);
        let next = table.keys.range::<[u8], _>(after).next().or_else(|| table.keys.first());
        let Some((key, _)) = next else { return };
        let key = key.clone();
        tell_readers(server, None, &key);
        server.tracking.cursor = key;
    }
}

// ----- changes -----

/// Tells of what has changed since the last time, by a request of `current` or by itself.
#[cold]
pub(crate) fn settle(store: &mut Store, server: &mut Server, current: Option<ConnId>) {
    for change in mem::take(&mut store.invalidated) {
        match change {
            Invalidation::Key { key, is_by_command } => {
                let by = current.filter(|_| is_by_command).map(|conn| server.connection(conn).client_id);
                note_for_broadcast(server, by, &key);
                tell_readers(server, current, &key);
            }
            Invalidation::All => tell_all(server),
        }
    }
}

fn note_for_broadcast(server: &mut Server, by: Option<u64>, key: &[u8]) {
    let mut is_lost = false;
    for (prefix, waiting) in server.tracking.prefixes.iter_mut() {
        if key.starts_with(prefix) && !waiting.changed.contains_key(key) {
            let bytes = key.len() + size_of::<(Box<[u8]>, Option<u64>)>();
            if server.memory.take_for(Purpose::Temporary, bytes).is_err() {
                is_lost = true;
                break;
            }
            waiting.changed.insert(key.into(), by);
        }
    }
    if is_lost {
        // What cannot be noted may be any key.
        server.tracking.prefixes.values_mut().for_each(|prefix| prefix.changed.clear());
        tell_all(server);
    }
}

fn tell_readers(server: &mut Server, current: Option<ConnId>, key: &[u8]) {
    let Some(readers) = server.tracking.keys.remove(key) else { return };
    for reader in readers {
        if !is_there(server, reader) {
            continue;
        }
        let (conn, _) = reader;
        let Some(tracking) = &server.connection(conn).tracking else { continue };
        let is_own = tracking.no_loop && current == Some(conn);
        if tracking.mode != Mode::Broadcast && !is_own {
            send_key(server, conn, key);
        }
    }
}

/// Every key may have gone.
fn tell_all(server: &mut Server) {
    server.tracking.keys.clear();
    let connections = server.connections();
    let tracking = connections.into_iter().filter(|(_, connection)| connection.tracking.is_some());
    for conn in tracking.map(|(conn, _)| conn).collect::<Vec<_>>() {
        tell_to_forget(server, conn);
    }
}

/// Tells a connection that every key may have changed.
pub(crate) fn tell_to_forget(server: &mut Server, conn: ConnId) {
    let protocol = server.connection(conn).protocol;
    send(server, conn, |reply| {
        // The form is that of the connection that tracks, whichever connection gets the message.
        reply.raw(if protocol == Protocol::Resp3 { b"_\r\n" } else { b"$-1\r\n" });
    });
}

/// Sends what has changed below the prefixes that are listened to.
#[cold]
pub(crate) fn broadcast(server: &mut Server) {
    if server.tracking.prefixes.values().all(|prefix| prefix.changed.is_empty()) {
        return;
    }
    let mut batches = Vec::new();
    for prefix in server.tracking.prefixes.values_mut().filter(|prefix| !prefix.changed.is_empty()) {
        batches.push((mem::take(&mut prefix.changed), prefix.clients.iter().copied().collect::<Vec<_>>()));
    }
    for (changed, clients) in batches {
        for conn in clients {
            let connection = server.connection(conn);
            let own = Some(connection.client_id);
            let no_loop = connection.tracking.as_ref().is_some_and(|tracking| tracking.no_loop);
            let wanted = changed.iter().filter(|&(_, by)| !(no_loop && *by == own)).map(|(key, _)| key);
            if wanted.clone().next().is_some() {
                send(server, conn, |reply| {
                    reply.array(wanted.clone().count());
                    wanted.clone().for_each(|key| reply.bulk(key));
                });
            }
        }
    }
}

// ----- sending -----

fn send_key(server: &mut Server, conn: ConnId, key: &[u8]) {
    send(server, conn, |reply| {
        reply.array(1);
        reply.bulk(key);
    });
}

/// Sends an invalidation to a tracking connection, or to the one that gets them in its place.
fn send(server: &mut Server, conn: ConnId, write: impl FnOnce(&mut Reply<'_>)) {
    let redirect = server.connection(conn).tracking.as_ref().and_then(|tracking| tracking.redirect);
    let target = match redirect {
        None => conn,
        Some(reader) if is_there(server, reader) => reader.0,
        Some((_, id)) => return tell_broken_redirect(server, conn, id),
    };
    let connection = server.connection(target);
    let is_subscribed = redirect.is_some() && connection.subscriptions.is_any();
    if connection.protocol == Protocol::Resp3 {
        server.tell(target, |reply| {
            reply.push(2);
            reply.text("invalidate");
            write(reply);
        });
    } else if is_subscribed {
        server.tell(target, |reply| {
            reply.array(3);
            reply.text("message");
            reply.bulk(CHANNEL);
            write(reply);
        });
    }
}

fn tell_broken_redirect(server: &mut Server, conn: ConnId, id: u64) {
    let connection = server.connection(conn);
    if let Some(tracking) = &mut connection.tracking {
        tracking.is_redirect_broken = true;
    }
    if connection.protocol == Protocol::Resp3 {
        server.tell(conn, |reply| {
            reply.push(2);
            reply.text("tracking-redir-broken");
            reply.int(id as i64);
        });
    }
}

fn is_there(server: &mut Server, (conn, id): Reader) -> bool {
    server.get(conn).is_some_and(|connection| connection.client_id == id && !connection.is_closing)
}

/// The client that gets the invalidations: 0 for the connection itself, -1 when there are none.
pub(crate) fn redirect_id(tracking: Option<&Tracking>) -> i64 {
    tracking.map_or(-1, |tracking| tracking.redirect.map_or(0, |(_, id)| id as i64))
}

#[cfg(test)]
mod tests;
