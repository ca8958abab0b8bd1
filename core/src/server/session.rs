//! What a client has set up on its connection, to be had again on another one: an embedder may be put to sleep with all that
//! it has in memory, while what its connections run over stays.
//!
//! A session is a list of parts, each a byte that tells which, the length of its value in four bytes, and the value. It has no
//! password: who may restore one is for the embedder to say.

use alloc::vec::Vec;

use crate::acl::DEFAULT_USER;
use crate::base::memory::Purpose;
use crate::keyspace::Store;
use crate::number;
use crate::resp::Protocol;
use crate::server::Server;
use crate::server::connection::{ConnId, Connection, ReplyMode};
use crate::server::pubsub;
use crate::server::tracking::{self, Mode, Tracking};
use crate::structures::ordered::OrderedSet;

/// Bytes in front of each value.
const HEAD_BYTES: usize = 5;

/// What a part is about. Embedders keep sessions, so that these numbers stay as they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Part {
    /// Its user's name; who has none has not logged in.
    User = 1,
    /// Its number for CLIENT ID, in eight bytes.
    ClientId = 2,
    /// It speaks RESP3.
    Resp3 = 3,
    /// Its database, in four bytes.
    Db = 4,
    Name = 5,
    LibName = 6,
    LibVer = 7,
    NoEvict = 8,
    NoTouch = 9,
    /// CLIENT REPLY OFF.
    Silent = 10,
    Channel = 11,
    Pattern = 12,
    ShardChannel = 13,
    /// CLIENT TRACKING, with its mode and whether it leaves out the client's own changes.
    Tracking = 14,
    /// What keys begin with that it is told of.
    Prefix = 15,
    /// It may keep values of which it was to be told when they change, and nobody remembers which.
    Keeps = 16,
}

/// All parts, in the order of their numbers.
const PARTS: [Part; 16] = [
    Part::User,
    Part::ClientId,
    Part::Resp3,
    Part::Db,
    Part::Name,
    Part::LibName,
    Part::LibVer,
    Part::NoEvict,
    Part::NoTouch,
    Part::Silent,
    Part::Channel,
    Part::Pattern,
    Part::ShardChannel,
    Part::Tracking,
    Part::Prefix,
    Part::Keeps,
];

/// The modes of tracking, by their numbers in a session.
const MODES: [Mode; 4] = [Mode::Default, Mode::OptIn, Mode::OptOut, Mode::Broadcast];

/// The session of a connection, unless there is more to it than a session can tell: see [`is_whole`].
pub(crate) fn of(server: &Server, connection: &Connection) -> Option<Vec<u8>> {
    if !is_whole(connection) {
        return None;
    }
    let mut session = Vec::new();
    let mut push = |part: Part, value: &[u8]| {
        session.push(part as u8);
        session.extend_from_slice(&number::short(value.len()).to_le_bytes());
        session.extend_from_slice(value);
    };
    if connection.is_authenticated {
        push(Part::User, &server.acl.user(connection.user).name);
    }
    push(Part::ClientId, &connection.client_id.to_le_bytes());
    if connection.db != 0 {
        push(Part::Db, &number::short(connection.db).to_le_bytes());
    }
    let flags = [
        (Part::Resp3, connection.protocol == Protocol::Resp3),
        (Part::NoEvict, connection.no_evict),
        (Part::NoTouch, connection.no_touch),
        (Part::Silent, connection.reply_mode == ReplyMode::Off),
    ];
    flags.iter().filter(|(_, is_set)| *is_set).for_each(|(part, _)| push(*part, b""));
    let texts = [
        (Part::Name, &connection.name),
        (Part::LibName, &connection.lib_name),
        (Part::LibVer, &connection.lib_ver),
    ];
    texts.iter().filter(|(_, text)| !text.is_empty()).for_each(|(part, text)| push(*part, text));
    let subscriptions = &connection.subscriptions;
    subscriptions.channels.iter().for_each(|name| push(Part::Channel, name));
    subscriptions.patterns.iter().for_each(|name| push(Part::Pattern, name));
    subscriptions.shard_channels.iter().for_each(|name| push(Part::ShardChannel, name));
    if let Some(tracking) = connection.tracking.as_deref() {
        let mode = (0..).zip(MODES).find(|(_, mode)| *mode == tracking.mode);
        let (mode, _) = mode.expect("all modes are there");
        push(Part::Tracking, &[mode, u8::from(tracking.no_loop)]);
        tracking.prefixes.iter().for_each(|prefix| push(Part::Prefix, prefix));
    }
    let remembers = connection.tracking.as_ref().is_some_and(|tracking| tracking.mode != Mode::Broadcast);
    if remembers || connection.has_tracked {
        push(Part::Keeps, b"");
    }
    Some(session)
}

/// Whether a session would be all that there is to a connection: nothing is open, waits or is half there, and it belongs
/// to no other connection.
fn is_whole(connection: &Connection) -> bool {
    let is_idle = connection.may_run() && !connection.is_runnable && connection.pending_bytes() == 0;
    let is_settled = matches!(connection.reply_mode, ReplyMode::On | ReplyMode::Off);
    let is_alone = |tracking: &Tracking| tracking.redirect.is_none() && !tracking.is_caching;
    is_idle
        && is_settled
        && connection.skip.is_none()
        && connection.transaction.is_none()
        && connection.watched.is_empty()
        && !connection.is_monitor
        && connection.tracking.as_deref().is_none_or(is_alone)
}

/// Makes a connection that has just come what another one was. `None` if that cannot be: its user is gone, its database is
/// not there, there is no memory, or this is no session; then the connection is to be closed.
pub(crate) fn restore(store: &mut Store, server: &mut Server, conn: ConnId, session: &[u8]) -> Option<()> {
    // Each name is kept by the connection and in a directory.
    server.memory.take_for(Purpose::Control, 3 * session.len()).ok()?;
    let connection = server.connection(conn);
    (connection.user, connection.is_authenticated) = (DEFAULT_USER, false);
    let mut tracking = None;
    let mut keeps = false;
    let mut rest = session;
    while !rest.is_empty() {
        let (part, value, behind) = first_part(rest)?;
        rest = behind;
        match part {
            Part::Tracking => tracking = Some(tracking_of(value)?),
            Part::Prefix => drop(tracking.as_mut()?.prefixes.insert(value.to_vec())),
            Part::Keeps => keeps = true,
            _ => apply(server, conn, part, value, store.databases())?,
        }
    }
    if let Some(tracking) = tracking {
        tracking::enable(store, server, conn, tracking);
    }
    server.refresh_restrictions(conn);
    if keeps {
        tracking::tell_to_forget(server, conn);
    }
    Some(())
}

/// The first part, its value, and what is behind it.
fn first_part(session: &[u8]) -> Option<(Part, &[u8], &[u8])> {
    let part = PARTS.into_iter().find(|&part| session.first() == Some(&(part as u8)))?;
    let length = u32::from_le_bytes(session.get(1..HEAD_BYTES)?.try_into().ok()?);
    let end = HEAD_BYTES.checked_add(number::exact(length)?)?;
    Some((part, session.get(HEAD_BYTES..end)?, &session[end..]))
}

fn tracking_of(value: &[u8]) -> Option<Tracking> {
    let &[mode, no_loop] = value else { return None };
    Some(Tracking {
        mode: *MODES.get(usize::from(mode))?,
        no_loop: no_loop != 0,
        is_caching: false,
        redirect: None,
        is_redirect_broken: false,
        prefixes: OrderedSet::new(),
    })
}

/// Applies a part that needs no other.
fn apply(server: &mut Server, conn: ConnId, part: Part, value: &[u8], databases: usize) -> Option<()> {
    match part {
        Part::User => {
            let user = server.acl.find(value)?;
            let connection = server.connection(conn);
            (connection.user, connection.is_authenticated) = (user, true);
        }
        Part::ClientId => server.take_client_id(conn, u64::from_le_bytes(value.try_into().ok()?)),
        Part::Db => {
            let db = number::exact(u32::from_le_bytes(value.try_into().ok()?))?;
            server.connection(conn).db = Some(db).filter(|&db| db < databases)?;
        }
        Part::Channel => {
            server.connection(conn).subscriptions.channels.insert(value.to_vec());
            pubsub::add(&mut server.pubsub.channels, value, conn);
        }
        Part::Pattern => {
            server.connection(conn).subscriptions.patterns.insert(value.to_vec());
            pubsub::add(&mut server.pubsub.patterns, value, conn);
        }
        Part::ShardChannel => {
            server.connection(conn).subscriptions.shard_channels.insert(value.to_vec());
            pubsub::add(&mut server.pubsub.shard_channels, value, conn);
        }
        _ => apply_to(server.connection(conn), part, value),
    }
    Some(())
}

/// Applies a part that concerns the connection alone.
fn apply_to(connection: &mut Connection, part: Part, value: &[u8]) {
    match part {
        Part::Resp3 => connection.protocol = Protocol::Resp3,
        Part::Name => connection.name = value.to_vec(),
        Part::LibName => connection.lib_name = value.to_vec(),
        Part::LibVer => connection.lib_ver = value.to_vec(),
        Part::NoEvict => connection.no_evict = true,
        Part::NoTouch => connection.no_touch = true,
        Part::Silent => connection.reply_mode = ReplyMode::Off,
        _ => unreachable!("the others are not about the connection alone"),
    }
}

#[cfg(test)]
mod tests;
