//! Channels, patterns and who listens to them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::connection::ConnId;
use crate::context::Context;
use crate::glob::glob_match;
use crate::keyspace::{Notice, Store};
use crate::resp::Reply;
use crate::server::Server;

/// Subscribers by channel and by pattern.
#[derive(Default)]
pub struct PubSub {
    /// Subscribers of channels.
    pub channels: BTreeMap<Vec<u8>, Vec<ConnId>>,
    /// Subscribers of patterns.
    pub patterns: BTreeMap<Vec<u8>, Vec<ConnId>>,
    /// Subscribers of shard channels.
    pub shard_channels: BTreeMap<Vec<u8>, Vec<ConnId>>,
}

/// Adds a subscriber.
pub(crate) fn add(map: &mut BTreeMap<Vec<u8>, Vec<ConnId>>, name: &[u8], conn: ConnId) {
    match map.get_mut(name) {
        Some(list) => list.push(conn),
        None => drop(map.insert(name.to_vec(), alloc::vec![conn])),
    }
}

/// Removes a subscriber.
pub(crate) fn remove(map: &mut BTreeMap<Vec<u8>, Vec<ConnId>>, name: &[u8], conn: ConnId) {
    if let Some(list) = map.get_mut(name) {
        list.retain(|&other| other != conn);
        if list.is_empty() {
            map.remove(name);
        }
    }
}

/// Who gets a message: the connection, and the pattern that matched.
fn receivers(pubsub: &PubSub, channel: &[u8]) -> Vec<(ConnId, Option<Vec<u8>>)> {
    let direct = pubsub.channels.get(channel).into_iter().flatten().map(|&conn| (conn, None));
    let by_pattern = pubsub
        .patterns
        .iter()
        .filter(|(pattern, _)| glob_match(pattern, channel, false))
        .flat_map(|(pattern, list)| list.iter().map(move |&conn| (conn, Some(pattern.clone()))));
    direct.chain(by_pattern).collect()
}

/// Sends a message to the subscribers of a channel and of matching patterns; returns how many got it.
pub fn publish(ctx: &mut Context<'_>, channel: &[u8], message: &[u8]) -> usize {
    let receivers = receivers(&ctx.server.pubsub, channel);
    for (conn, pattern) in &receivers {
        write_message(&mut ctx.output_of(*conn), pattern.as_deref(), channel, message);
    }
    receivers.len()
}

/// Sends a message to the subscribers of a shard channel; returns how many got it.
pub fn publish_shard(ctx: &mut Context<'_>, channel: &[u8], message: &[u8]) -> usize {
    let receivers = ctx.server.pubsub.shard_channels.get(channel).cloned().unwrap_or_default();
    for &conn in &receivers {
        let mut reply = ctx.output_of(conn);
        reply.push(3);
        reply.text("smessage");
        reply.bulk(channel);
        reply.bulk(message);
    }
    receivers.len()
}

fn write_message(reply: &mut Reply<'_>, pattern: Option<&[u8]>, channel: &[u8], message: &[u8]) {
    match pattern {
        None => {
            reply.push(3);
            reply.text("message");
        }
        Some(pattern) => {
            reply.push(4);
            reply.text("pmessage");
            reply.bulk(pattern);
        }
    }
    reply.bulk(channel);
    reply.bulk(message);
}

/// Bit of `notify-keyspace-events` for channels named after the key.
pub const NOTIFY_KEYSPACE: u16 = 1;
/// Bit of `notify-keyspace-events` for channels named after the event.
pub const NOTIFY_KEYEVENT: u16 = 1 << 1;

/// Publishes the announcements that the last command left.
pub(crate) fn publish_notices(store: &mut Store, server: &mut Server) {
    for Notice { db, event, key } in core::mem::take(&mut store.notices) {
        let mut send = |channel: &[u8], message: &[u8]| {
            for (conn, pattern) in receivers(&server.pubsub, channel) {
                write_message(&mut server.output_of(conn), pattern.as_deref(), channel, message);
            }
        };
        if store.notify & NOTIFY_KEYSPACE != 0 {
            let mut channel = alloc::format!("__keyspace@{db}__:").into_bytes();
            channel.extend_from_slice(&key);
            send(&channel, event.as_bytes());
        }
        if store.notify & NOTIFY_KEYEVENT != 0 {
            send(alloc::format!("__keyevent@{db}__:{event}").as_bytes(), &key);
        }
    }
}

/// Ends all of a connection's subscriptions without telling it.
pub(crate) fn forget(server: &mut Server, conn: ConnId) {
    let subscriptions = core::mem::take(&mut server.connection(conn).subscriptions);
    for channel in &subscriptions.channels {
        remove(&mut server.pubsub.channels, channel, conn);
    }
    for pattern in &subscriptions.patterns {
        remove(&mut server.pubsub.patterns, pattern, conn);
    }
    for channel in &subscriptions.shard_channels {
        remove(&mut server.pubsub.shard_channels, channel, conn);
    }
}
