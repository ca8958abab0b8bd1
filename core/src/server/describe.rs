//! A connection as a line of text, in the form of CLIENT LIST.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::full_name;
use crate::resp::Protocol;
use crate::server::Server;
use crate::server::client_eviction;
use crate::server::connection::{ConnId, Connection};
use crate::server::tracking::{self, Mode};

/// One line of CLIENT LIST, without its end.
pub(crate) fn describe(server: &Server, conn: ConnId) -> Vec<u8> {
    describe_one(server, conn, server.view(conn))
}

pub(crate) fn describe_one(server: &Server, conn: ConnId, connection: &Connection) -> Vec<u8> {
    let seconds_since = |then: u64| server.steady.saturating_sub(then) / 1_000_000;
    let subscriptions = &connection.subscriptions;
    let (multi, multi_bytes) = match &connection.transaction {
        Some(transaction) => (transaction.queue.len() as i64, transaction.bytes),
        None => (-1, 0),
    };
    let command = match connection.last_command {
        Some((parent, row)) => full_name(parent, row),
        None => "NULL".into(),
    };
    let mut line = format!(
        "id={} addr={} laddr={} fd={conn} name=",
        connection.client_id, connection.addr, connection.laddr
    )
    .into_bytes();
    line.extend_from_slice(&connection.name);
    line.extend(
        format!(
            " age={} idle={} flags={} db={} sub={} psub={} ssub={} multi={multi} watch={} qbuf={} qbuf-free=0 \
             argv-mem=0 multi-mem={multi_bytes} rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem={} events=r cmd={command} \
             user=",
            seconds_since(connection.created),
            seconds_since(connection.last_active),
            flags(connection),
            connection.db,
            subscriptions.channels.len(),
            subscriptions.patterns.len(),
            subscriptions.shard_channels.len(),
            connection.watched.len(),
            connection.pending_bytes() + connection.handled_bytes,
            client_eviction::bytes_of(connection) + connection.handled_bytes,
        )
        .into_bytes(),
    );
    line.extend_from_slice(&server.acl.user(connection.user).name);
    let redirect = tracking::redirect_id(connection.tracking.as_deref());
    let version = if connection.protocol == Protocol::Resp3 { 3 } else { 2 };
    line.extend(format!(" redir={redirect} resp={version} lib-name=").into_bytes());
    line.extend_from_slice(&connection.lib_name);
    line.extend_from_slice(b" lib-ver=");
    line.extend_from_slice(&connection.lib_ver);
    line
}

pub(crate) fn flags(connection: &Connection) -> String {
    let tracking = connection.tracking.as_deref();
    let letters = [
        (connection.is_monitor, 'O'),
        (connection.subscriptions.is_any(), 'P'),
        (connection.transaction.is_some(), 'x'),
        (connection.blocked.is_some() || connection.is_postponed, 'b'),
        (tracking.is_some(), 't'),
        (tracking.is_some_and(|tracking| tracking.is_redirect_broken), 'R'),
        (tracking.is_some_and(|tracking| tracking.mode == Mode::Broadcast), 'B'),
        (connection.is_dirty, 'd'),
        (connection.is_closing, 'c'),
        (connection.is_unix, 'U'),
        (connection.no_evict, 'e'),
        (connection.no_touch, 'T'),
    ];
    let flags: String = letters.iter().filter_map(|(is_set, letter)| is_set.then_some(*letter)).collect();
    if flags.is_empty() { "N".into() } else { flags }
}
