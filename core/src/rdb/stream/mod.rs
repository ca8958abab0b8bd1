//! Streams: chunks of entries, then the numbers that the stream keeps, then its groups.
//!
//! ```text
//! chunks | (ID of the first entry, 16 bytes | listpack)*
//! entries | ID given last | ID of the first entry | greatest ID deleted | entries ever added
//! groups | group* | seconds | entries | producers | producer* | added | doubled
//! group: name | ID read last | entries read | pending | (ID | time | count)* | consumers | consumer* |
//!        unowned | ID*
//! consumer: name | time seen | time active | pending | ID*
//! ```
//! Counts and the parts of IDs are lengths, IDs of pending entries 16 bytes, times 8 bytes of milliseconds. The
//! first form lacks what follows the ID given last, and the entries read. The third has the times active, the
//! fourth what is about producers, the fifth the entries that are unowned.

mod read;

pub(super) use read::StreamReader;

use alloc::vec::Vec;

use super::form;
use super::save::Writer;
use crate::types::stream::{Consumer, Group, Id, Node, Stream};

/// A number of entries read, or a time, that is not known: -1.
const UNKNOWN: u64 = u64::MAX;
/// For how many seconds, and how many of them, Redis remembers the entries of a producer, unless it is told
/// otherwise.
const PRODUCER_SECONDS: u64 = 100;
const PRODUCER_ENTRIES: u64 = 100;

impl Writer {
    pub(super) fn stream(&mut self, stream: &Stream) {
        self.begin(least_form_of(stream));
        self.length(stream.chunks_len() as u64);
        stream.nodes().for_each(|node| self.stream_node(&node));
        self.stream_tail(stream);
    }

    /// A chunk.
    pub(super) fn stream_node(&mut self, node: &Node<'_>) {
        self.string(&raw(node.base));
        let mut block = Vec::new();
        node.write_listpack(&mut block);
        self.string(&block);
    }

    /// What follows the chunks.
    pub(super) fn stream_tail(&mut self, stream: &Stream) {
        let number = least_form(stream);
        self.length(stream.len() as u64);
        for id in [stream.last_id, stream.first_id(), stream.max_deleted_id] {
            self.id(id);
        }
        self.length(stream.entries_added);
        self.length(stream.groups().len() as u64);
        for (name, group) in stream.groups() {
            self.string(name);
            self.group(group, number);
        }
        if number == 5 {
            for value in [PRODUCER_SECONDS, PRODUCER_ENTRIES, 0, 0, 0] {
                self.length(value);
            }
        }
    }

    fn group(&mut self, group: &Group, number: u8) {
        self.id(group.last_id);
        self.length(group.entries_read.map_or(UNKNOWN, |read| read as u64));
        self.length(group.pending().len() as u64);
        for (id, pending) in group.pending() {
            self.bytes.extend_from_slice(&raw(*id));
            self.bytes.extend_from_slice(&pending.delivered_at.to_le_bytes());
            self.length(pending.deliveries);
        }
        self.length(group.consumers_len() as u64);
        for consumer in group.consumers() {
            self.consumer(consumer, number);
        }
        if number == 5 {
            self.length(unowned(group).count() as u64);
            unowned(group).for_each(|id| self.bytes.extend_from_slice(&raw(id)));
        }
    }

    fn consumer(&mut self, consumer: &Consumer, number: u8) {
        self.string(consumer.name());
        self.bytes.extend_from_slice(&consumer.seen_at.to_le_bytes());
        if number >= 3 {
            self.bytes.extend_from_slice(&consumer.active_at.unwrap_or(UNKNOWN).to_le_bytes());
        }
        self.length(consumer.pending().len() as u64);
        for id in consumer.pending() {
            self.bytes.extend_from_slice(&raw(*id));
        }
    }

    fn id(&mut self, id: Id) {
        self.length(id.ms);
        self.length(id.seq);
    }
}

/// The oldest form that loses nothing of a stream.
pub(super) fn least_form_of(stream: &Stream) -> u8 {
    form_of(least_form(stream))
}

fn form_of(number: u8) -> u8 {
    match number {
        2 => form::STREAM_2,
        3 => form::STREAM_3,
        _ => form::STREAM_5,
    }
}

/// The number of the oldest form that loses nothing of a stream.
fn least_form(stream: &Stream) -> u8 {
    if stream.groups().values().any(|group| unowned(group).next().is_some()) {
        return 5;
    }
    // A reader of the second form takes consumers as active when they were seen.
    let mut consumers = stream.groups().values().flat_map(Group::consumers);
    if consumers.all(|consumer| consumer.active_at == Some(consumer.seen_at)) { 2 } else { 3 }
}

/// The pending entries that were given back.
fn unowned(group: &Group) -> impl Iterator<Item = Id> {
    group.pending().iter().filter(|(_, pending)| pending.consumer.is_none()).map(|(id, _)| *id)
}

/// An ID as bytes in its order.
fn raw(id: Id) -> [u8; 16] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}
