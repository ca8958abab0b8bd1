//! A value of which only a part has come: what was read of it stays read.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use super::load::{self, FIELD_DEADLINE_MAX, not_empty, nothing_is_enough, set_deadline};
use super::packs::Pack;
use super::read::{Fault, Reader};
use super::stream::StreamReader;
use crate::base::memory::ELEMENT_BYTES;
use crate::keyspace::Value;
use crate::number;
use crate::structures::{Item, List};
use crate::types::EncodingLimits;
use crate::types::hash::{self, Hash};
use crate::types::set::{self, Set};
use crate::types::zset;

/// What a member of a sorted set takes besides its own bytes while the set is built at once: its places in a table, in the
/// order, and in a list of all.
const BULK_MEMBER_BYTES: usize = 3 * ELEMENT_BYTES;
/// Kinds of the nodes of a list.
const NODE_PLAIN: u64 = 1;
pub(super) const NODE_PACKED: u64 = 2;
/// Kinds of the parts of a module's value.
const PART_END: u64 = 0;
const PART_SIGNED: u64 = 1;
const PART_UNSIGNED: u64 = 2;
const PART_FLOAT: u64 = 3;
const PART_DOUBLE: u64 = 4;
const PART_STRING: u64 = 5;

/// A value that is a count and so many items, or a long string.
pub(super) struct Partial {
    kind: Kind,
    /// Items that are left, or bytes.
    left: usize,
}

enum Kind {
    Text(Vec<u8>),
    List(List),
    /// A list whose items are ziplists.
    Ziplists(List),
    /// A list whose items are listpacks and single long elements.
    Nodes(List),
    Set(Set),
    LargeSet(set::Bulk),
    Hash(Hash, Deadlines),
    LargeHash(hash::Bulk, Deadlines),
    Zset(zset::Bulk, Scores),
    Stream(Box<StreamReader>),
    /// What a module keeps, which is passed over.
    Module,
}

/// How a hash tells the deadlines of its fields.
#[derive(Clone, Copy)]
pub(super) enum Deadlines {
    /// It has none.
    None,
    /// In front of each field, counted from this one on, which is 1; 0 is none.
    After(u64),
    /// Behind each value, as eight bytes; negative is none.
    Plain,
}

/// How a sorted set writes scores.
#[derive(Clone, Copy)]
pub(super) enum Scores {
    Binary,
    Text,
}

impl Partial {
    /// A string of so many bytes.
    pub(super) fn text(len: usize, reader: &mut Reader<'_>) -> Result<Partial, Fault> {
        let mut text = Vec::new();
        reader.expect(len)?;
        // What is only announced is not allocated.
        let known = len.min(reader.ahead());
        reader.reserve(known)?;
        text.try_reserve_exact(known).map_err(|_| Fault::OutOfMemory)?;
        Ok(Partial { kind: Kind::Text(text), left: len })
    }

    pub(super) fn list(reader: &mut Reader<'_>) -> Result<Partial, Fault> {
        Ok(Partial { left: reader.count(1)?, kind: Kind::List(List::new()) })
    }

    pub(super) fn list_of_ziplists(reader: &mut Reader<'_>) -> Result<Partial, Fault> {
        Ok(Partial { left: reader.count(1)?, kind: Kind::Ziplists(List::new()) })
    }

    pub(super) fn list_of_nodes(reader: &mut Reader<'_>) -> Result<Partial, Fault> {
        Ok(Partial { left: reader.count(2)?, kind: Kind::Nodes(List::new()) })
    }

    pub(super) fn set(reader: &mut Reader<'_>, limits: &EncodingLimits) -> Result<Partial, Fault> {
        let left = reader.count(1)?;
        let is_large = left > limits.set_entries_max.get().max(limits.intset_entries_max.get());
        let kind = if is_large {
            let ahead = reader.ahead();
            Kind::LargeSet(set::Bulk::new(limits.seed, left, ahead, reader.memory()))
        } else {
            Kind::Set(Set::default())
        };
        Ok(Partial { kind, left })
    }

    pub(super) fn hash(
        reader: &mut Reader<'_>,
        deadlines: Deadlines,
        limits: &EncodingLimits,
    ) -> Result<Partial, Fault> {
        let left = reader.count(match deadlines {
            Deadlines::None => 2,
            Deadlines::After(_) => 3,
            Deadlines::Plain => 10,
        })?;
        let kind = if left > limits.hash_entries_max.get() {
            let ahead = reader.ahead();
            Kind::LargeHash(hash::Bulk::new(limits.seed, left, ahead, reader.memory()), deadlines)
        } else {
            // As in Redis, a form for deadlines stays one when there is none any more.
            let is_timed = matches!(deadlines, Deadlines::After(_));
            Kind::Hash(if is_timed { Hash::timed() } else { Hash::default() }, deadlines)
        };
        Ok(Partial { kind, left })
    }

    pub(super) fn zset(
        reader: &mut Reader<'_>,
        scores: Scores,
        limits: &EncodingLimits,
    ) -> Result<Partial, Fault> {
        let left = reader.count(match scores {
            Scores::Binary => 9,
            Scores::Text => 2,
        })?;
        let ahead = reader.ahead();
        let is_tight = left.saturating_mul(BULK_MEMBER_BYTES).saturating_add(ahead) > reader.memory().spare();
        let kind = if is_tight {
            Kind::Zset(zset::Bulk::tight(limits.seed), scores)
        } else {
            Kind::Zset(zset::Bulk::new(limits.seed, left, ahead, reader.memory()), scores)
        };
        Ok(Partial { kind, left })
    }

    /// A stream in the form of this number.
    pub(super) fn stream(reader: &mut Reader<'_>, number: u8) -> Result<Partial, Fault> {
        Ok(Partial { kind: Kind::Stream(Box::new(StreamReader::begin(number, reader)?)), left: 0 })
    }

    /// Parts of a module, up to their end.
    pub(super) fn module() -> Partial {
        Partial { kind: Kind::Module, left: 0 }
    }

    /// Reads on, up to the end of the value. What is not whole when [`Fault::Short`] is told is read again.
    pub(super) fn go_on(&mut self, reader: &mut Reader<'_>, limits: &EncodingLimits) -> Result<(), Fault> {
        match &mut self.kind {
            Kind::Stream(stream) => return stream.go_on(reader),
            Kind::Text(text) => return text_part(text, &mut self.left, reader),
            Kind::Module => return module_parts(reader),
            _ => {}
        }
        while self.left > 0 {
            let mark = reader.clone();
            if let Err(fault) = self.item(reader, limits) {
                reader.rewind(mark);
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Reads one item. Nothing is changed unless it is whole.
    fn item(&mut self, reader: &mut Reader<'_>, limits: &EncodingLimits) -> Result<(), Fault> {
        match &mut self.kind {
            // These have no items that are counted.
            Kind::Text(_) | Kind::Stream(_) | Kind::Module => {}
            Kind::List(list) => {
                let element = reader.string()?;
                load::push(reader, list, limits, Item::from(&*element))?;
            }
            Kind::Ziplists(list) => {
                let block = reader.string()?;
                nothing_is_enough(Pack::Ziplist.each(&block, |item| load::push(reader, list, limits, item)))?;
            }
            Kind::Nodes(list) => node(reader, list, limits)?,
            Kind::Set(set) => {
                let member = reader.string()?;
                load::add(reader, set, &member, limits)?;
            }
            Kind::LargeSet(set) => {
                let member = reader.string()?;
                reader.reserve(member.len() + ELEMENT_BYTES)?;
                check(set.push(&member))?;
            }
            Kind::Hash(hash, deadlines) => {
                let (name, value, deadline) = field(reader, *deadlines)?;
                load::set_field(reader, hash, &name, &value, limits)?;
                set_deadline(hash, &name, deadline)?;
            }
            Kind::LargeHash(hash, deadlines) => {
                let (name, value, deadline) = field(reader, *deadlines)?;
                reader.reserve(name.len() + value.len() + ELEMENT_BYTES)?;
                check(hash.push(&name, &value, deadline))?;
            }
            Kind::Zset(zset, scores) => {
                let (member, score) = (reader.string()?, scores.read(reader)?);
                // A member of a large set stands in a table and in an order.
                reader.reserve(member.len() + 2 * ELEMENT_BYTES)?;
                if !zset.reserve(reader.memory()) {
                    return Err(Fault::OutOfMemory);
                }
                check(!score.is_nan() && zset.push(&member, score))?;
            }
        }
        self.left -= 1;
        Ok(())
    }

    /// The value, when all of it is read; none of what was passed over.
    pub(super) fn finish(
        self,
        reader: &mut Reader<'_>,
        limits: &EncodingLimits,
    ) -> Result<Option<Value>, Fault> {
        let malformed = Fault::Malformed;
        Ok(Some(match self.kind {
            Kind::Text(text) => match number::parse_i64(&text) {
                Some(number) => Value::Int(number),
                None => Value::Bytes(text),
            },
            Kind::List(mut list) => {
                list.fit(limits.list_fill);
                Value::List(Box::new(list))
            }
            Kind::Ziplists(list) | Kind::Nodes(list) => Value::List(Box::new(not_empty(list, limits)?)),
            Kind::Set(set) => Value::Set(Box::new(set)),
            Kind::LargeSet(set) => Value::Set(Box::new(set.finish().ok_or(malformed)?)),
            Kind::Hash(hash, _) => Value::Hash(Box::new(hash)),
            Kind::LargeHash(hash, _) => Value::Hash(Box::new(hash.finish().ok_or(malformed)?)),
            Kind::Zset(zset, _) => {
                if !zset.has_room(reader.memory()) {
                    return Err(Fault::OutOfMemory);
                }
                Value::Zset(Box::new(zset.finish(limits).ok_or(malformed)?))
            }
            Kind::Stream(stream) => Value::Stream(Box::new(stream.finish())),
            Kind::Module => return Ok(None),
        }))
    }
}

/// Takes what there is of a string.
fn text_part(text: &mut Vec<u8>, left: &mut usize, reader: &mut Reader<'_>) -> Result<(), Fault> {
    let bytes = reader.bytes(reader.left().min(*left))?;
    if !reader.memory().reserve(text, bytes.len()) {
        return Err(Fault::OutOfMemory);
    }
    text.extend_from_slice(bytes);
    *left -= bytes.len();
    // Any more bytes are of use.
    reader.bytes((*left).min(1)).map(|_| ())
}

/// A node of a list of the later kind.
fn node(reader: &mut Reader<'_>, list: &mut List, limits: &EncodingLimits) -> Result<(), Fault> {
    let kind = reader.length()?;
    let block = reader.string()?;
    match kind {
        NODE_PLAIN => load::push(reader, list, limits, Item::from(&*block)),
        NODE_PACKED => {
            nothing_is_enough(Pack::Listpack.each(&block, |item| load::push(reader, list, limits, item)))
        }
        _ => Err(Fault::Malformed),
    }
}

type Field<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>, Option<u64>);

/// A field of a hash with its value and deadline.
fn field<'a>(reader: &mut Reader<'a>, deadlines: Deadlines) -> Result<Field<'a>, Fault> {
    let before = match deadlines {
        Deadlines::After(base) => match reader.length()? {
            0 => None,
            offset => Some(base.checked_add(offset - 1).ok_or(Fault::Malformed)?),
        },
        Deadlines::None | Deadlines::Plain => None,
    };
    let (name, value) = (reader.string()?, reader.string()?);
    let deadline = match deadlines {
        Deadlines::Plain => u64::try_from(i64::from_le_bytes(reader.array()?)).ok(),
        Deadlines::None | Deadlines::After(_) => before,
    };
    match deadline {
        Some(at) if at > FIELD_DEADLINE_MAX => Err(Fault::Malformed),
        // Here 0 stands for none; both are long past.
        _ => Ok((name, value, deadline.map(|at| at.max(1)))),
    }
}

impl Scores {
    fn read(self, reader: &mut Reader<'_>) -> Result<f64, Fault> {
        match self {
            Scores::Binary => Ok(f64::from_le_bytes(reader.array()?)),
            Scores::Text => text_score(reader),
        }
    }
}

/// A length below 253 and so many bytes of text; the other lengths are values themselves.
fn text_score(reader: &mut Reader<'_>) -> Result<f64, Fault> {
    match reader.byte()? {
        255 => Ok(f64::NEG_INFINITY),
        254 => Ok(f64::INFINITY),
        253 => Ok(f64::NAN),
        len => number::parse_f64(reader.bytes(usize::from(len))?).ok_or(Fault::Malformed),
    }
}

/// Passes over what a module keeps, up to its end.
fn module_parts(reader: &mut Reader<'_>) -> Result<(), Fault> {
    loop {
        let mark = reader.clone();
        match module_part(reader) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(fault) => {
                reader.rewind(mark);
                return Err(fault);
            }
        }
    }
}

/// Passes over one part; whether it was the end.
fn module_part(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    match reader.length()? {
        PART_END => return Ok(true),
        PART_SIGNED | PART_UNSIGNED => _ = reader.length()?,
        PART_FLOAT => _ = reader.array::<4>()?,
        PART_DOUBLE => _ = reader.array::<8>()?,
        PART_STRING => _ = reader.string()?,
        _ => return Err(Fault::Malformed),
    }
    Ok(false)
}

fn check(is_right: bool) -> Result<(), Fault> {
    if is_right { Ok(()) } else { Err(Fault::Malformed) }
}
