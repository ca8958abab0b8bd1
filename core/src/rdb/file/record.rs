//! Records of keys for a snapshot that is written while the keys change.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use super::elements::ElementPieces;
#[cfg(test)]
use super::elements::WRITTEN;
use super::opcode;
use crate::base::memory::Memory;
use crate::keyspace::{Entry, KeyUse, Part, Recorder, ValueMut, ValueRef};
use crate::rdb::stream::{form_of, least_form};
use crate::rdb::{Writer, form};
use crate::structures::table::Keyed;
use crate::structures::table::saving::{SavedBytes, Sink};
use crate::types::hash::Field;
use crate::types::set::Member;
use crate::types::zset::Member as Scored;

/// How strings in a file are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Compression {
    /// Whether they are.
    pub(crate) is_on: bool,
    /// Shorter ones are not, in bytes.
    pub(crate) bytes_min: usize,
}

/// Strings that are longer are not compressed, since that cannot be done in parts, in bytes.
const COMPRESSED_BYTES_MAX: usize = 256 << 10;

/// Writes records; they are put into the file by [`FileWriter::append`](super::FileWriter::append).
pub(crate) struct RecordWriter {
    writer: Writer,
    compression: Compression,
    /// The number of the form of the stream that is being written in parts.
    stream_form: u8,
}

impl RecordWriter {
    pub(crate) fn new(compression: Compression) -> RecordWriter {
        RecordWriter { writer: writer_of(compression), compression, stream_form: 0 }
    }

    /// Lets `write` append to `out`.
    fn with(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Writer)) {
        #[cfg(test)]
        let before = out.len();
        mem::swap(&mut self.writer.bytes, out);
        write(&mut self.writer);
        mem::swap(&mut self.writer.bytes, out);
        #[cfg(test)]
        WRITTEN.set(WRITTEN.get() + out.len() - before);
    }

    fn sink(&self, kind: Kind, head: Vec<u8>, memory: Memory) -> ElementSink {
        let pieces = ElementPieces::new(head, memory);
        ElementSink { writer: writer_of(self.compression), kind, pieces }
    }
}

fn writer_of(compression: Compression) -> Writer {
    let lengths = compression.bytes_min..=COMPRESSED_BYTES_MAX;
    Writer::new(compression.is_on).compressing(lengths)
}

/// What stands before the record of a key.
pub(super) fn before_key(out: &mut Writer, deadline: Option<u64>, used: Option<KeyUse>) {
    if let Some(at) = deadline {
        out.bytes.push(opcode::DEADLINE_MILLIS);
        out.bytes.extend_from_slice(&at.to_le_bytes());
    }
    match used {
        Some(KeyUse::IdleSeconds(idle)) => {
            out.bytes.push(opcode::IDLE);
            out.length(idle);
        }
        Some(KeyUse::Frequency(frequency)) => out.bytes.extend_from_slice(&[opcode::FREQUENCY, frequency]),
        None => {}
    }
}

impl Recorder for RecordWriter {
    fn database(&mut self, out: &mut Vec<u8>, index: usize) {
        self.with(out, |writer| {
            writer.bytes.push(opcode::DATABASE);
            writer.length(index as u64);
        });
    }

    fn record(&mut self, out: &mut Vec<u8>, entry: &Entry, used: Option<KeyUse>) -> usize {
        self.with(out, |writer| {
            before_key(writer, entry.deadline(), used);
            writer.key_and_value(entry.key(), &entry.value());
        });
        self.writer.take_effort()
    }

    fn begin_string(
        &mut self,
        out: &mut Vec<u8>,
        key: &[u8],
        deadline: Option<u64>,
        used: Option<KeyUse>,
        len: usize,
    ) {
        self.with(out, |writer| {
            before_key(writer, deadline, used);
            writer.bytes.push(form::STRING);
            writer.string(key);
            writer.length(len as u64);
        });
    }

    fn end_string(&mut self, _: &mut Vec<u8>, _: &[u8], _: Option<u64>) {}

    fn begin_parts(&mut self, out: &mut Vec<u8>, entry: &Entry, used: Option<KeyUse>) {
        if let ValueRef::Stream(stream) = entry.value() {
            self.stream_form = least_form(stream);
        }
        let stream_form = form_of(self.stream_form);
        self.with(out, |writer| {
            before_key(writer, entry.deadline(), used);
            let (form, len) = match entry.value() {
                ValueRef::Stream(stream) => (stream_form, stream.chunks_len()),
                ValueRef::List(list) => (form::LIST_QUICKLIST_2, list.chunks().len()),
                ValueRef::Int(_)
                | ValueRef::Bytes(_)
                | ValueRef::Hash(_)
                | ValueRef::Set(_)
                | ValueRef::Zset(_) => {
                    unreachable!("these have no parts")
                }
            };
            writer.bytes.push(form);
            writer.string(entry.key());
            writer.length(len as u64);
        });
    }

    fn part(&mut self, out: &mut Vec<u8>, entry: &Entry, from: Part) -> Option<Part> {
        match entry.value() {
            ValueRef::List(list) => {
                let mut chunks = list.chunks_from(from.index);
                if let Some(chunk) = chunks.next() {
                    self.with(out, |writer| writer.node(chunk));
                }
                (chunks.len() > 0).then_some(Part { index: from.index + 1, ..from })
            }
            ValueRef::Stream(stream) => match stream.node_after(from.after) {
                Some(node) => {
                    self.with(out, |writer| writer.stream_node(&node));
                    Some(Part { after: Some(node.base), ..from })
                }
                None => {
                    let (number, mut next) = (self.stream_form, None);
                    self.with(out, |writer| next = writer.stream_tail(stream, number, from.tail));
                    next.map(|tail| Part { tail, ..from })
                }
            },
            ValueRef::Int(_)
            | ValueRef::Bytes(_)
            | ValueRef::Hash(_)
            | ValueRef::Set(_)
            | ValueRef::Zset(_) => None,
        }
    }

    fn begin_elements(&mut self, entry: &mut Entry, used: Option<KeyUse>, memory: Memory) {
        let (form, len, nearest) = match entry.value() {
            ValueRef::Hash(hash) if hash.has_deadlines() => {
                // A bound does as well: it is what deadlines are counted from.
                (form::HASH_TIMED, hash.len(), Some(hash.nearest_deadline()))
            }
            ValueRef::Hash(hash) => (form::HASH, hash.len(), None),
            ValueRef::Set(set) => (form::SET, set.len(), None),
            ValueRef::Zset(zset) => (form::ZSET, zset.len(), None),
            ValueRef::Int(_) | ValueRef::Bytes(_) | ValueRef::List(_) | ValueRef::Stream(_) => {
                unreachable!("these have no table")
            }
        };
        let mut head = Vec::new();
        self.with(&mut head, |writer| {
            before_key(writer, entry.deadline(), used);
            writer.bytes.push(form);
            writer.string(entry.key());
            if let Some(nearest) = nearest {
                writer.bytes.extend_from_slice(&nearest.to_le_bytes());
            }
            writer.length(len as u64);
        });
        let sink = Box::new(self.sink(nearest.map_or(Kind::Plain, Kind::Timed), head, memory));
        match entry.value_mut() {
            ValueMut::Hash(hash) => hash.begin_saving(sink),
            ValueMut::Set(set) => set.begin_saving(sink),
            ValueMut::Zset(zset) => zset.begin_saving(sink),
            ValueMut::String | ValueMut::List(_) | ValueMut::Stream(_) => {}
        }
    }
}

/// What the elements of a collection are written with.
#[derive(Clone, Copy)]
enum Kind {
    Plain,
    /// With deadlines, counted from this one.
    Timed(u64),
}

/// Elements of one collection.
struct ElementSink {
    writer: Writer,
    kind: Kind,
    pieces: ElementPieces,
}

impl ElementSink {
    fn write(&mut self, bytes: usize, write: impl FnOnce(&mut Writer, Kind)) {
        let ElementSink { writer, kind, pieces } = self;
        pieces.write(bytes, |out| {
            mem::swap(&mut writer.bytes, out);
            write(writer, *kind);
            mem::swap(&mut writer.bytes, out);
        });
    }
}

impl Sink<Field> for ElementSink {
    fn add(&mut self, field: &Field) {
        self.write(field.key().len() + field.value().len(), |writer, kind| {
            if let Kind::Timed(nearest) = kind {
                writer.length(field.deadline().map_or(0, |at| at - nearest + 1));
            }
            writer.string(field.key());
            writer.string(field.value());
        });
    }

    fn output(&mut self) -> &mut dyn SavedBytes {
        self
    }
}

impl Sink<Member> for ElementSink {
    fn add(&mut self, member: &Member) {
        self.write(member.key().len(), |writer, _| writer.string(member.key()));
    }

    fn output(&mut self) -> &mut dyn SavedBytes {
        self
    }
}

impl Sink<Scored> for ElementSink {
    fn add(&mut self, member: &Scored) {
        self.write(member.key().len(), |writer, _| {
            writer.string(member.key());
            writer.bytes.extend_from_slice(&member.score().to_le_bytes());
        });
    }

    fn output(&mut self) -> &mut dyn SavedBytes {
        self
    }
}

impl SavedBytes for ElementSink {
    fn weight(&self) -> usize {
        self.pieces.len() + self.writer.effort()
    }

    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn pop_into(&mut self, out: &mut Vec<u8>) -> bool {
        self.pieces.pop_into(out)
    }

    fn take_effort(&mut self) -> usize {
        self.writer.take_effort()
    }

    fn has_failed(&self) -> bool {
        self.pieces.has_failed()
    }
}
