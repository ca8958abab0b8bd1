//! A snapshot as commands that give the same state when they are run: the base of a log with `aof-use-rdb-preamble no`,
//! which servers read that do not know each other's RDB files.
//!
//! What commands cannot tell is left out, as by Redis: when consumers were last seen, pending entries that are no entries
//! of their streams any more, and how keys are used.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::elements::ElementPieces;
use crate::base::bytes::{append_head_within_capacity, append_within_capacity};
use crate::base::memory::Memory;
use crate::keyspace::{Entry, KeyUse, Part, Recorder, ValueMut, ValueRef};
use crate::number::{format_i64, write_f64, write_i64};
use crate::structures::table::Keyed;
use crate::structures::table::saving::{SavedBytes, Sink};
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};
use crate::types::hash::Field;
use crate::types::set::Member;
use crate::types::stream::{Group, GroupAt, ID_CHARS_MAX, Id, Pending, Stream, TailAt, write_some};
use crate::types::zset::Member as Scored;

/// Elements that one command adds at most, as in Redis.
const ELEMENTS_MAX: usize = 64;
/// Bytes that stand before an argument and behind it, at most; with what is written beyond them on the way.
const FRAME_BYTES_MAX: usize = 32;

/// Appends the libraries of functions, before everything else.
pub(crate) fn write_function(out: &mut Vec<u8>, text: &[u8]) {
    command(out, &[b"FUNCTION", b"LOAD", text]);
}

/// Writes records as commands.
#[derive(Default)]
pub(crate) struct CommandRecorder {
    /// The deadline of the key that is being written in parts, when that began.
    deadline: Option<u64>,
}

impl Recorder for CommandRecorder {
    fn database(&mut self, out: &mut Vec<u8>, index: usize) {
        command(out, &[b"SELECT", &decimal(index as i64)]);
    }

    fn record(&mut self, out: &mut Vec<u8>, entry: &Entry, _: Option<KeyUse>) -> usize {
        let key = entry.key();
        match entry.value() {
            ValueRef::Int(number) => command(out, &[b"SET", key, &decimal(number)]),
            ValueRef::Bytes(bytes) => command(out, &[b"SET", key, bytes]),
            ValueRef::List(list) => {
                let mut batches = Batches::new(b"RPUSH", 1, list.len());
                list.iter().for_each(|element| batches.next(out, key).item(element));
            }
            ValueRef::Set(set) => {
                let mut batches = Batches::new(b"SADD", 1, set.len());
                set.iter().for_each(|member| batches.next(out, key).item(member));
            }
            ValueRef::Hash(hash) => {
                let mut fields = FieldWriter::new(hash.has_deadlines(), hash.len());
                for (field, value, deadline) in hash.iter_timed() {
                    let (mut field_text, mut value_text) = Default::default();
                    let field = text_of(field, &mut field_text);
                    fields.write(out, key, field, text_of(value, &mut value_text), deadline);
                }
            }
            ValueRef::Zset(zset) => {
                let mut batches = Batches::new(b"ZADD", 2, zset.len());
                for (member, score) in zset.iter() {
                    let mut out = batches.next(out, key);
                    out.score(score);
                    out.item(member);
                }
            }
            ValueRef::Stream(stream) => {
                stream.nodes().for_each(|node| write_entries(out, key, node.live_entries()));
                let mut next = Some(TailAt::default());
                while let Some(at) = next {
                    next = write_stream_tail(out, key, stream, at);
                }
            }
        }
        write_deadline(out, key, entry.deadline());
        0
    }

    fn begin_string(&mut self, out: &mut Vec<u8>, key: &[u8], _: Option<u64>, _: Option<KeyUse>, len: usize) {
        head(out, b'*', 3);
        argument(out, b"SET");
        argument(out, key);
        head(out, b'$', len);
    }

    fn end_string(&mut self, out: &mut Vec<u8>, key: &[u8], deadline: Option<u64>) {
        out.extend_from_slice(b"\r\n");
        write_deadline(out, key, deadline);
    }

    fn begin_parts(&mut self, _: &mut Vec<u8>, entry: &Entry, _: Option<KeyUse>) {
        self.deadline = entry.deadline();
    }

    fn part(&mut self, out: &mut Vec<u8>, entry: &Entry, from: Part) -> Option<Part> {
        let key = entry.key();
        let next = match entry.value() {
            ValueRef::List(list) => {
                let mut chunks = list.chunks_from(from.index);
                if let Some(chunk) = chunks.next() {
                    let mut batches = Batches::new(b"RPUSH", 1, chunk.len());
                    chunk.iter().for_each(|element| batches.next(out, key).item(element));
                }
                (chunks.len() > 0).then_some(Part { index: from.index + 1, ..from })
            }
            ValueRef::Stream(stream) => match stream.node_after(from.after) {
                Some(node) => {
                    write_entries(out, key, node.live_entries());
                    Some(Part { after: Some(node.base), ..from })
                }
                None => write_stream_tail(out, key, stream, from.tail).map(|tail| Part { tail, ..from }),
            },
            ValueRef::Int(_)
            | ValueRef::Bytes(_)
            | ValueRef::Hash(_)
            | ValueRef::Set(_)
            | ValueRef::Zset(_) => None,
        };
        if next.is_none() {
            write_deadline(out, key, self.deadline.take());
        }
        next
    }

    fn begin_elements(&mut self, entry: &mut Entry, _: Option<KeyUse>, memory: Memory) {
        let (key, deadline) = (Box::from(entry.key()), entry.deadline());
        let pieces = ElementPieces::new(Vec::new(), memory);
        match entry.value_mut() {
            ValueMut::Hash(hash) => {
                let writer = FieldWriter::new(hash.has_deadlines(), hash.len());
                hash.begin_saving(Box::new(ElementSink { key, deadline, writer, pieces }));
            }
            ValueMut::Set(set) => {
                let writer = Batches::new(b"SADD", 1, set.len());
                set.begin_saving(Box::new(ElementSink { key, deadline, writer, pieces }));
            }
            ValueMut::Zset(zset) => {
                let writer = Batches::new(b"ZADD", 2, zset.len());
                zset.begin_saving(Box::new(ElementSink { key, deadline, writer, pieces }));
            }
            ValueMut::String | ValueMut::List(_) | ValueMut::Stream(_) => {
                unreachable!("these have no table")
            }
        }
    }
}

/// Elements of one collection, and behind the last of them the deadline of its key.
struct ElementSink<W> {
    key: Box<[u8]>,
    deadline: Option<u64>,
    writer: W,
    pieces: ElementPieces,
}

impl Sink<Field> for ElementSink<FieldWriter> {
    fn add(&mut self, field: &Field) {
        let ElementSink { key, deadline, writer, pieces } = self;
        pieces.write(key.len() + field.key().len() + field.value().len(), |out| {
            writer.write(out, key, field.key(), field.value(), field.deadline());
            if writer.batches.is_through() {
                write_deadline(out, key, *deadline);
            }
        });
    }

    fn output(&mut self) -> &mut dyn SavedBytes {
        self
    }
}

impl Sink<Member> for ElementSink<Batches> {
    fn add(&mut self, member: &Member) {
        self.write(member.key(), None);
    }

    fn output(&mut self) -> &mut dyn SavedBytes {
        self
    }
}

impl Sink<Scored> for ElementSink<Batches> {
    fn add(&mut self, member: &Scored) {
        self.write(member.key(), Some(member.score()));
    }

    fn output(&mut self) -> &mut dyn SavedBytes {
        self
    }
}

impl ElementSink<Batches> {
    #[inline(never)]
    fn write(&mut self, member: &[u8], score: Option<f64>) {
        let ElementSink { key, deadline, writer, pieces } = self;
        pieces.write(key.len() + member.len(), |out| {
            let mut arguments = writer.next(out, key);
            if let Some(score) = score {
                arguments.score(score);
            }
            arguments.text(member);
            if writer.is_through() {
                write_deadline(out, key, *deadline);
            }
        });
    }
}

impl<W> SavedBytes for ElementSink<W> {
    fn weight(&self) -> usize {
        self.pieces.len()
    }

    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn pop_into(&mut self, out: &mut Vec<u8>) -> bool {
        self.pieces.pop_into(out)
    }

    fn take_effort(&mut self) -> usize {
        0
    }

    fn has_failed(&self) -> bool {
        self.pieces.has_failed()
    }
}

/// Writes elements of a key, so many with each command.
struct Batches {
    name: &'static [u8],
    /// Arguments that an element has.
    arguments: usize,
    /// Elements that the command which is being written still has room for.
    open: usize,
    /// Elements that are still to come.
    left: usize,
    elements_max: usize,
}

impl Batches {
    fn new(name: &'static [u8], arguments: usize, len: usize) -> Batches {
        Batches { name, arguments, open: 0, left: len, elements_max: ELEMENTS_MAX }
    }

    /// The place where the arguments of the next element go, in a command that has begun.
    #[inline(never)]
    fn next<'a>(&mut self, out: &'a mut Vec<u8>, key: &[u8]) -> Arguments<'a> {
        if self.open == 0 {
            self.open = self.left.min(self.elements_max);
            head(out, b'*', 2 + self.open * self.arguments);
            argument(out, self.name);
            argument(out, key);
        }
        self.open -= 1;
        self.left -= 1;
        Arguments(out)
    }

    fn is_through(&self) -> bool {
        self.left == 0
    }
}

/// Where arguments go.
struct Arguments<'a>(&'a mut Vec<u8>);

impl Arguments<'_> {
    #[inline(never)]
    fn text(&mut self, text: &[u8]) {
        argument(self.0, text);
    }

    #[inline(never)]
    fn item(&mut self, item: Item<'_>) {
        argument(self.0, text_of(item, &mut Default::default()));
    }

    #[inline(never)]
    fn score(&mut self, score: f64) {
        let mut text = Vec::new();
        write_f64(&mut text, score);
        argument(self.0, &text);
    }
}

/// Writes fields of a hash.
struct FieldWriter {
    batches: Batches,
}

impl FieldWriter {
    /// Of a hash with so many fields. Where some have deadlines each has a command of its own, which its deadline follows.
    fn new(has_deadlines: bool, len: usize) -> FieldWriter {
        let elements_max = if has_deadlines { 1 } else { ELEMENTS_MAX };
        FieldWriter { batches: Batches { elements_max, ..Batches::new(b"HSET", 2, len) } }
    }

    #[inline(never)]
    fn write(&mut self, out: &mut Vec<u8>, key: &[u8], field: &[u8], value: &[u8], deadline: Option<u64>) {
        let mut arguments = self.batches.next(out, key);
        arguments.text(field);
        arguments.text(value);
        if let Some(at) = deadline {
            command(out, &[b"HPEXPIREAT", key, &decimal(at.cast_signed()), b"FIELDS", b"1", field]);
        }
    }
}

#[inline(never)]
fn write_deadline(out: &mut Vec<u8>, key: &[u8], deadline: Option<u64>) {
    if let Some(at) = deadline {
        command(out, &[b"PEXPIREAT", key, &decimal(at.cast_signed())]);
    }
}

// ----- streams -----

#[inline(never)]
fn write_entries<'a>(
    out: &mut Vec<u8>,
    key: &[u8],
    entries: impl Iterator<Item = crate::types::stream::Entry<'a>>,
) {
    for entry in entries {
        head(out, b'*', 3 + 2 * entry.fields.len());
        argument(out, b"XADD");
        argument(out, key);
        argument(out, entry.id.text(&mut [0; ID_CHARS_MAX]));
        for (name, value) in entry.fields {
            let mut out = Arguments(out);
            out.item(name);
            out.item(value);
        }
    }
}

/// A part of what follows the entries; where the next part begins, if there is one.
#[inline(never)]
fn write_stream_tail(out: &mut Vec<u8>, key: &[u8], stream: &Stream, at: TailAt) -> Option<TailAt> {
    let TailAt::Group(index, at) = at else {
        write_numbers(out, key, stream);
        return Some(TailAt::AFTER_NUMBERS);
    };
    let (name, group) = stream.group_at(index)?;
    let rest = write_group(out, key, name, group, at);
    Some(TailAt::after(index, rest))
}

fn write_numbers(out: &mut Vec<u8>, key: &[u8], stream: &Stream) {
    if stream.is_empty() {
        // An entry that goes at once leaves an empty stream.
        command(out, &[b"XADD", key, b"MAXLEN", b"0", b"0-1", b"x", b"y"]);
    }
    // No ID may be set that is less than that of a deleted entry: where it is nevertheless, it was set before that was known.
    let least = stream.last_id.max(stream.max_deleted_id);
    let (mut last, mut deleted) = ([0; ID_CHARS_MAX], [0; ID_CHARS_MAX]);
    let (last, deleted) = (least.text(&mut last), stream.max_deleted_id.text(&mut deleted));
    let added = decimal(stream.entries_added.cast_signed());
    command(out, &[b"XSETID", key, last, b"ENTRIESADDED", &added, b"MAXDELETEDID", deleted]);
}

/// A part of a group: consumers come before what is pending for them. Where the next part begins, if there is one.
fn write_group(out: &mut Vec<u8>, key: &[u8], name: &[u8], group: &Group, at: GroupAt) -> Option<GroupAt> {
    match at {
        GroupAt::Consumer(from) => {
            let next = write_some(from, group.consumers_from(from), |consumer| {
                command(out, &[b"XGROUP", b"CREATECONSUMER", key, name, consumer.name()]);
            });
            Some(next.map_or(GroupAt::Pending(0), GroupAt::Consumer))
        }
        GroupAt::Pending(from) => {
            let next = write_some(from, group.pending().iter_from(from), |(&id, pending)| {
                write_pending(out, [key, name], group, id, pending);
            });
            next.map(GroupAt::Pending)
        }
        // The others are parts of the other format.
        GroupAt::Head | GroupAt::PendingOf(..) | GroupAt::Unowned(_) => {
            // A count that has wrapped around cannot be set, and says as little as none.
            let read = decimal(group.entries_read.unwrap_or(-1).max(-1));
            let mut last = [0; ID_CHARS_MAX];
            let last = group.last_id.text(&mut last);
            command(out, &[b"XGROUP", b"CREATE", key, name, last, b"ENTRIESREAD", &read]);
            Some(GroupAt::Consumer(0))
        }
    }
}

fn write_pending(out: &mut Vec<u8>, [key, name]: [&[u8]; 2], group: &Group, id: Id, pending: &Pending) {
    let (time, count) = (pending.delivered_at.cast_signed(), pending.deliveries.cast_signed());
    let (time, count) = (decimal(time), decimal(count));
    let mut text = [0; ID_CHARS_MAX];
    let id = Id::text(id, &mut text);
    match pending.consumer {
        Some(consumer) => {
            let consumer = group.consumer(consumer).name();
            let to = [b"XCLAIM", key, name, consumer, b"0", id];
            let how: [&[u8]; 6] = [b"TIME", &time, b"RETRYCOUNT", &count, b"JUSTID", b"FORCE"];
            divided_command(out, &to, &how);
        }
        None => {
            let what = [b"XNACK", key, name, b"FAIL", b"IDS", b"1", id];
            let how: [&[u8]; 3] = [b"RETRYCOUNT", &count, b"FORCE"];
            divided_command(out, &what, &how);
        }
    }
}

// ----- commands -----
//
// Nothing here has to be fast, and the package that pages download has it, too: it is compiled once and not inlined.

fn command(out: &mut Vec<u8>, arguments: &[&[u8]]) {
    divided_command(out, arguments, &[]);
}

/// A command whose arguments lie in two places.
#[inline(never)]
fn divided_command(out: &mut Vec<u8>, first: &[&[u8]], rest: &[&[u8]]) {
    head(out, b'*', first.len() + rest.len());
    first.iter().chain(rest).for_each(|text| argument(out, text));
}

#[inline(never)]
fn argument(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + FRAME_BYTES_MAX);
    append_head_within_capacity(out, b'$', text.len() as i64);
    append_within_capacity(out, text);
    append_within_capacity(out, b"\r\n");
}

#[inline(never)]
fn head(out: &mut Vec<u8>, kind: u8, number: usize) {
    out.reserve(FRAME_BYTES_MAX);
    append_head_within_capacity(out, kind, number as i64);
}

#[inline(never)]
fn decimal(number: i64) -> Vec<u8> {
    let mut text = Vec::new();
    write_i64(&mut text, number);
    text
}

fn text_of<'a>(item: Item<'a>, room: &'a mut [u8; INTEGER_TEXT_BYTES_MAX]) -> &'a [u8] {
    match item {
        Item::Bytes(bytes) => bytes,
        Item::Int(number) => format_i64(room, number),
    }
}
