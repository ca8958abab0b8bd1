//! Channels, patterns and who listens to them.

use alloc::vec::Vec;
use core::mem;

use crate::base::glob::glob_match;
use crate::keyspace::{Notice, Store};
use crate::resp::{Protocol, Reply};
use crate::server::Server;
use crate::server::connection::ConnId;
use crate::structures::ordered::OrderedMap;

/// Subscribers by channel and by pattern.
#[derive(Default)]
pub struct PubSub {
    /// Subscribers of channels.
    pub channels: OrderedMap<Vec<u8>, Vec<ConnId>>,
    /// Subscribers of patterns.
    pub patterns: OrderedMap<Vec<u8>, Vec<ConnId>>,
    /// Subscribers of shard channels.
    pub shard_channels: OrderedMap<Vec<u8>, Vec<ConnId>>,
}

/// Adds a subscriber.
pub(crate) fn add(map: &mut OrderedMap<Vec<u8>, Vec<ConnId>>, name: &[u8], conn: ConnId) {
    match map.get_mut(name) {
        Some(list) => list.push(conn),
        None => drop(map.insert(name.to_vec(), alloc::vec![conn])),
    }
}

/// Removes a subscriber.
pub(crate) fn remove(map: &mut OrderedMap<Vec<u8>, Vec<ConnId>>, name: &[u8], conn: ConnId) {
    if let Some(list) = map.get_mut(name) {
        if let Some(at) = list.iter().position(|&other| other == conn) {
            list.remove(at);
        }
        if list.is_empty() {
            map.remove(name);
        }
    }
}

/// Encoded bytes of a message from which on receivers share one copy of it. Smaller ones are copied into each
/// receiver's own buffer, so that the host gets the messages of a batch in one piece.
const SHARED_BYTES_MIN: usize = 512;

/// Sends a message to the subscribers of a channel and of matching patterns; returns how many get it.
///
/// They get it after the running command's reply, which matters to who publishes to itself.
pub(crate) fn publish(server: &mut Server, channel: &[u8], message: &[u8]) -> usize {
    // The subscribers are taken out meanwhile, so that none of their lists is cloned.
    let pubsub = mem::take(&mut server.pubsub);
    let mut count = 0;
    if let Some(list) = pubsub.channels.get(channel) {
        count += send(server, list, &[b"message", channel, message]);
    }
    for (pattern, list) in &pubsub.patterns {
        if glob_match(pattern, channel, false) {
            count += send(server, list, &[b"pmessage", pattern, channel, message]);
        }
    }
    server.pubsub = pubsub;
    count
}

/// Sends a message to the subscribers of a shard channel; returns how many get it.
pub(crate) fn publish_shard(server: &mut Server, channel: &[u8], message: &[u8]) -> usize {
    let pubsub = mem::take(&mut server.pubsub);
    let list = pubsub.shard_channels.get(channel);
    let count = list.map_or(0, |list| send(server, list, &[b"smessage", channel, message]));
    server.pubsub = pubsub;
    count
}

/// Sends a push of these parts to some connections, and encodes it only once for each protocol.
fn send(server: &mut Server, receivers: &[ConnId], parts: &[&[u8]]) -> usize {
    let mut broadcast = mem::take(&mut server.broadcast);
    let (base, memory) = (broadcast.bytes.len(), server.memory);
    let is_small = parts.iter().map(|part| part.len() + 16).sum::<usize>() < SHARED_BYTES_MIN;
    // What must be shared stays in order with all that follows it within the same command.
    let is_copied = is_small && broadcast.deliveries.is_empty();
    let mut encoded: [Option<(usize, usize)>; 2] = [None; 2];
    let mut count = 0;
    for &conn in receivers {
        let connection = server.connection(conn);
        if connection.is_closing {
            continue;
        }
        let protocol = connection.protocol;
        let (start, end) = *encoded[usize::from(protocol == Protocol::Resp3)].get_or_insert_with(|| {
            let start = broadcast.bytes.len();
            let mut reply = Reply::new(&mut broadcast.bytes, protocol).within(memory);
            reply.push(parts.len());
            parts.iter().for_each(|part| reply.bulk(part));
            if reply.is_cut() {
                reply.discard(start);
            }
            (start, broadcast.bytes.len())
        });
        if start == end || !is_copied && !memory.reserve(&mut broadcast.deliveries, 1) {
            // There is no memory for the message; who misses one must know.
            server.close(conn);
            continue;
        }
        if is_copied {
            server.tell(conn, |reply| reply.raw(&broadcast.bytes[start..end]));
        } else {
            broadcast.deliveries.push((conn, start, end));
        }
        count += 1;
    }
    if is_copied {
        broadcast.bytes.truncate(base);
    }
    server.broadcast = broadcast;
    count
}

/// Bit of `notify-keyspace-events` for channels named after the key.
pub(crate) const NOTIFY_KEYSPACE: u16 = 1;
/// Bit of `notify-keyspace-events` for channels named after the event.
pub(crate) const NOTIFY_KEYEVENT: u16 = 1 << 1;

/// Publishes the announcements that the last command left.
pub(crate) fn publish_notices(store: &mut Store, server: &mut Server) {
    for Notice { db, event, key } in mem::take(&mut store.notices) {
        if store.notify & NOTIFY_KEYSPACE != 0 {
            let mut channel = alloc::format!("__keyspace@{db}__:").into_bytes();
            channel.extend_from_slice(&key);
            publish(server, &channel, event.as_bytes());
        }
        if store.notify & NOTIFY_KEYEVENT != 0 {
            publish(server, alloc::format!("__keyevent@{db}__:{event}").as_bytes(), &key);
        }
    }
}

/// Ends all of a connection's subscriptions without telling it.
pub(crate) fn forget(server: &mut Server, conn: ConnId) {
    let subscriptions = mem::take(&mut server.connection(conn).subscriptions);
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
