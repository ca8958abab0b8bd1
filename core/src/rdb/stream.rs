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

use alloc::vec::Vec;

use super::form;
use super::packs::Elements;
use super::read::{Fault, Reader};
use super::save::Writer;
use crate::base::memory::ELEMENT_BYTES;
use crate::structures::ordered::OrderedSet;
use crate::structures::{Item, Packed};
use crate::types::stream::{Consumer, Group, Id, Node, NodeBuilder, Pending, Stream};

/// An entry is deleted.
const DELETED: i64 = 1;
/// The names of its fields are those at the front of its chunk.
const SHARED_NAMES: i64 = 2;
/// Elements of an entry besides its fields: flags, milliseconds and sequence; and the count of its fields.
const ENTRY_ELEMENTS: usize = 3;
const COUNT_ELEMENTS: usize = 1;
/// A number of entries read, or a time, that is not known: -1.
const UNKNOWN: u64 = u64::MAX;
/// For how many seconds, and how many of them, Redis remembers the entries of a producer, unless it is told
/// otherwise.
const PRODUCER_SECONDS: u64 = 100;
const PRODUCER_ENTRIES: u64 = 100;
/// Bytes of a pending entry in all maps that it is in.
const PENDING_BYTES: usize = 2 * ELEMENT_BYTES;

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
        self.listpack(&elements(node));
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

/// The elements of a chunk's listpack: how many entries live and are deleted, shared names, and then each entry:
/// flags, milliseconds and sequence from the chunk's on, fields, and how many elements these were.
fn elements(node: &Node<'_>) -> Packed {
    let mut elements = Packed::new();
    let names = node.names();
    let shared = names.len();
    for count in [node.live(), node.deleted(), shared] {
        elements.push_back(count as i64);
    }
    names.for_each(|name| elements.push_back(name));
    elements.push_back(0);
    for entry in node.entries() {
        let flag = |is_set: bool, flag: i64| if is_set { flag } else { 0 };
        elements.push_back(flag(entry.is_deleted, DELETED) | flag(entry.has_shared_names, SHARED_NAMES));
        elements.push_back(entry.id.ms.wrapping_sub(node.base.ms) as i64);
        elements.push_back(entry.id.seq.wrapping_sub(node.base.seq) as i64);
        let fields = entry.fields.len();
        if !entry.has_shared_names {
            elements.push_back(fields as i64);
        }
        for (name, value) in entry.fields {
            if !entry.has_shared_names {
                elements.push_back(name);
            }
            elements.push_back(value);
        }
        elements.push_back(entry_elements(entry.has_shared_names, fields) as i64);
    }
    elements
}

fn entry_elements(has_shared_names: bool, fields: usize) -> usize {
    if has_shared_names { ENTRY_ELEMENTS + fields } else { ENTRY_ELEMENTS + COUNT_ELEMENTS + 2 * fields }
}

/// An ID as bytes in its order.
fn raw(id: Id) -> [u8; 16] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}

fn from_raw(bytes: [u8; 16]) -> Id {
    let (ms, seq) = bytes.split_at(8);
    let half = |bytes: &[u8]| bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
    Id::new(half(ms), half(seq))
}

impl Reader<'_> {
    /// A stream in the form of this number.
    pub(super) fn stream(&mut self, number: u8) -> Result<Stream, Fault> {
        let mut stream = Stream::default();
        for _ in 0..self.length()? {
            let base = self.string()?;
            let base = from_raw(base[..].try_into().map_err(|_| Fault::Malformed)?);
            let block = self.string()?;
            let node = self.node(base, &block)?;
            check(stream.push_node(node))?;
        }
        stream.finish_nodes();
        let len = self.length()?;
        let last_id = self.id()?;
        check(len == stream.len() as u64 && last_id >= stream.last_id)?;
        stream.last_id = last_id;
        if number == 1 {
            stream.entries_added = len;
        } else {
            // The first entry's ID follows from the entries.
            self.id()?;
            stream.max_deleted_id = self.id()?;
            stream.entries_added = self.length()?;
        }
        for _ in 0..self.length()? {
            let name = self.string()?;
            let group = self.group(&stream, number)?;
            self.reserve(name.len() + 4 * ELEMENT_BYTES)?;
            check(stream.add_group(&name, group))?;
        }
        if number >= 4 {
            let (_seconds, _entries, producers) = (self.length()?, self.length()?, self.length()?);
            // What they have sent lately is not remembered here: only for as long as they would be could a request be taken
            // for a new one.
            for _ in 0..producers {
                self.string()?;
                for _ in 0..self.length()? {
                    self.string()?;
                    self.id()?;
                }
            }
            let (_added, _doubled) = (self.length()?, self.length()?);
        }
        Ok(stream)
    }

    fn node(&mut self, base: Id, block: &[u8]) -> Result<NodeBuilder, Fault> {
        // The chunk takes about as much, and it grows; an end of a text takes more than a short text.
        self.reserve(8 * block.len())?;
        let mut elements = Elements::new(block)?;
        let (live, deleted) = (elements.count()?, elements.count()?);
        let mut names = Texts::default();
        for _ in 0..elements.count()? {
            names.push(elements.item()?);
        }
        check(elements.integer()? == 0)?;
        let mut node = NodeBuilder::new(base, names.iter(0, 1));
        let mut found = [0, 0];
        let mut fields = Texts::default();
        while !elements.is_done() {
            let is_deleted = push_entry(&mut node, base, &names, &mut fields, &mut elements)?;
            found[usize::from(is_deleted)] += 1;
        }
        check(found == [live, deleted])?;
        elements.finish()?;
        Ok(node)
    }

    fn group(&mut self, stream: &Stream, number: u8) -> Result<Group, Fault> {
        let last_id = self.id()?;
        let entries_read = match number {
            1 => stream.position(last_id),
            _ => Some(self.length()?).filter(|&read| read != UNKNOWN).map(|read| read as i64),
        };
        let mut group = Group::new(last_id, entries_read);
        for _ in 0..self.length()? {
            let id = from_raw(self.array()?);
            let pending = Pending { consumer: None, delivered_at: self.time()?, deliveries: self.length()? };
            self.reserve(PENDING_BYTES)?;
            check(!group.pending().contains_key(&id))?;
            group.deliver(id, pending);
        }
        for _ in 0..self.length()? {
            self.consumer(&mut group, number)?;
        }
        let mut given_back = OrderedSet::new();
        for _ in 0..if number >= 5 { self.length()? } else { 0 } {
            self.reserve(ELEMENT_BYTES)?;
            check(given_back.insert(from_raw(self.array()?)))?;
        }
        // What is pending is somebody's, or was given back.
        check(unowned(&group).eq(given_back))?;
        Ok(group)
    }

    fn consumer(&mut self, group: &mut Group, number: u8) -> Result<(), Fault> {
        let name = self.string()?;
        self.reserve(2 * (name.len() + ELEMENT_BYTES))?;
        check(group.find(&name).is_none())?;
        let seen_at = self.time()?;
        let consumer = group.add_consumer(&name, seen_at);
        group.consumer_mut(consumer).active_at = match number {
            3.. => Some(u64::from_le_bytes(self.array()?)).filter(|&at| at <= i64::MAX as u64),
            _ => Some(seen_at),
        };
        for _ in 0..self.length()? {
            let id = from_raw(self.array()?);
            let pending = group.pending().get(&id).filter(|pending| pending.consumer.is_none());
            let pending = *pending.ok_or(Fault::Malformed)?;
            group.deliver(id, Pending { consumer: Some(consumer), ..pending });
        }
        Ok(())
    }

    fn id(&mut self) -> Result<Id, Fault> {
        Ok(Id::new(self.length()?, self.length()?))
    }

    /// A time, which may be negative in bytes from elsewhere.
    fn time(&mut self) -> Result<u64, Fault> {
        self.array().map(|bytes| i64::from_le_bytes(bytes).max(0) as u64)
    }
}

/// Reads an entry into a chunk; whether it is deleted.
fn push_entry(
    node: &mut NodeBuilder,
    base: Id,
    names: &Texts,
    fields: &mut Texts,
    elements: &mut Elements<'_>,
) -> Result<bool, Fault> {
    let flags = elements.integer()?;
    check(flags & !(DELETED | SHARED_NAMES) == 0)?;
    let (is_deleted, has_shared_names) = (flags & DELETED != 0, flags & SHARED_NAMES != 0);
    let ms = u64::try_from(elements.integer()?).map_err(|_| Fault::Malformed)?;
    let ms = base.ms.checked_add(ms).ok_or(Fault::Malformed)?;
    let id = Id::new(ms, base.seq.wrapping_add(elements.integer()? as u64));
    fields.clear();
    let count = if has_shared_names { names.len() } else { elements.count()? };
    for _ in 0..if has_shared_names { count } else { 2 * count } {
        fields.push(elements.item()?);
    }
    check(elements.integer()? == entry_elements(has_shared_names, count) as i64)?;
    check(if has_shared_names {
        node.push(id, is_deleted, names.iter(0, 1).zip(fields.iter(0, 1)))
    } else {
        node.push(id, is_deleted, fields.iter(0, 2).zip(fields.iter(1, 2)))
    })?;
    Ok(is_deleted)
}

fn check(is_right: bool) -> Result<(), Fault> {
    if is_right { Ok(()) } else { Err(Fault::Malformed) }
}

/// Texts one behind the other, in memory that is used again.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn push(&mut self, item: Item<'_>) {
        item.append_to(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// Every so many texts from one on.
    fn iter(&self, first: usize, step: usize) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        (first..self.len()).step_by(step).map(|index| {
            let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.bytes[start..self.ends[index]]
        })
    }
}
