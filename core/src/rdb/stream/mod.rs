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
use crate::types::stream::{Consumer, Group, GroupAt, Id, Node, Stream, TailAt, write_some};

/// A number of entries read, or a time, that is not known: -1.
const UNKNOWN: u64 = u64::MAX;
/// For how many seconds, and how many of them, Redis remembers the entries of a producer, unless it is told
/// otherwise.
const PRODUCER_SECONDS: u64 = 100;
const PRODUCER_ENTRIES: u64 = 100;

impl Writer {
    pub(super) fn stream(&mut self, stream: &Stream) {
        let number = least_form(stream);
        self.begin(form_of(number));
        self.length(stream.chunks_len() as u64);
        stream.nodes().for_each(|node| self.stream_node(&node));
        let mut next = Some(TailAt::default());
        while let Some(at) = next {
            next = self.stream_tail(stream, number, at);
        }
    }

    /// A chunk.
    pub(super) fn stream_node(&mut self, node: &Node<'_>) {
        self.string(&raw(node.base));
        let mut block = Vec::new();
        node.write_listpack(&mut block);
        self.string(&block);
    }

    /// A part of what follows the chunks in the form of this number; where the next part begins, if there is one.
    pub(super) fn stream_tail(&mut self, stream: &Stream, number: u8, at: TailAt) -> Option<TailAt> {
        let TailAt::Group(index, at) = at else {
            self.stream_numbers(stream);
            return Some(TailAt::AFTER_NUMBERS);
        };
        if let Some((name, group)) = stream.group_at(index) {
            let rest = self.group(name, group, number, at);
            return Some(TailAt::after(index, rest));
        }
        if number == 5 {
            for value in [PRODUCER_SECONDS, PRODUCER_ENTRIES, 0, 0, 0] {
                self.length(value);
            }
        }
        None
    }

    fn stream_numbers(&mut self, stream: &Stream) {
        self.length(stream.len() as u64);
        for id in [stream.last_id, stream.first_id(), stream.max_deleted_id] {
            self.id(id);
        }
        self.length(stream.entries_added);
        self.length(stream.groups().len() as u64);
    }

    /// A part of a group; where the next part of it begins, if there is one.
    fn group(&mut self, name: &[u8], group: &Group, number: u8, at: GroupAt) -> Option<GroupAt> {
        match at {
            GroupAt::Head => {
                self.string(name);
                self.id(group.last_id);
                self.length(group.entries_read.map_or(UNKNOWN, |read| read as u64));
                self.length(group.pending().len() as u64);
                Some(GroupAt::Pending(0))
            }
            GroupAt::Pending(from) => {
                let next = write_some(from, group.pending().iter_from(from), |(id, pending)| {
                    self.bytes.extend_from_slice(&raw(*id));
                    self.bytes.extend_from_slice(&pending.delivered_at.to_le_bytes());
                    self.length(pending.deliveries);
                });
                if next.is_none() {
                    self.length(group.consumers_len() as u64);
                }
                Some(next.map_or(GroupAt::Consumer(0), GroupAt::Pending))
            }
            GroupAt::Consumer(index) => match group.consumers_from(index).next() {
                Some(consumer) => {
                    self.consumer(consumer, number);
                    Some(GroupAt::PendingOf(index, 0))
                }
                None if number == 5 => {
                    self.length(group.unowned_len() as u64);
                    Some(GroupAt::Unowned(0))
                }
                None => None,
            },
            GroupAt::PendingOf(index, from) => {
                let pending = group.consumers_from(index).next().map(|one| one.pending().iter_from(from));
                let next = write_some(from, pending.into_iter().flatten(), |id| {
                    self.bytes.extend_from_slice(&raw(*id));
                });
                Some(next.map_or(GroupAt::Consumer(index + 1), |next| GroupAt::PendingOf(index, next)))
            }
            GroupAt::Unowned(from) => {
                let next = write_some(from, group.pending().iter_from(from), |(id, pending)| {
                    if pending.consumer.is_none() {
                        self.bytes.extend_from_slice(&raw(*id));
                    }
                });
                next.map(GroupAt::Unowned)
            }
        }
    }

    /// What stands before the entries that are pending for a consumer.
    fn consumer(&mut self, consumer: &Consumer, number: u8) {
        self.string(consumer.name());
        self.bytes.extend_from_slice(&consumer.seen_at.to_le_bytes());
        if number >= 3 {
            self.bytes.extend_from_slice(&consumer.active_at.unwrap_or(UNKNOWN).to_le_bytes());
        }
        self.length(consumer.pending().len() as u64);
    }

    fn id(&mut self, id: Id) {
        self.length(id.ms);
        self.length(id.seq);
    }
}

/// The form of this number.
pub(super) fn form_of(number: u8) -> u8 {
    match number {
        2 => form::STREAM_2,
        3 => form::STREAM_3,
        _ => form::STREAM_5,
    }
}

/// The number of the oldest form that loses nothing of a stream.
pub(super) fn least_form(stream: &Stream) -> u8 {
    if stream.groups().values().any(|group| group.unowned_len() > 0) {
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
