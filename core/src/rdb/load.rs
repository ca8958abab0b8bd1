//! Reading a value of any form.

use alloc::borrow::Cow;
use alloc::boxed::Box;

use super::form;
use super::packs::{self, Pack};
use super::partial::{Deadlines, NODE_PACKED, Partial, Scores};
use super::read::{Fault, Reader};
use crate::base::memory::ELEMENT_BYTES;
use crate::keyspace::Value;
use crate::number;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item, List};
use crate::types::EncodingLimits;
use crate::types::hash::Hash;
use crate::types::set::Set;
use crate::types::zset::Zset;

/// The latest deadline of a field that Redis can store, in unix milliseconds.
pub(super) const FIELD_DEADLINE_MAX: u64 = (1 << 48) - 2;
/// Bytes that an element of a list takes besides its own.
const LIST_ELEMENT_BYTES: usize = 12;
/// A longer string is read as its bytes come, even if there are others of it in front of them.
const STRING_WHOLE_BYTES_MAX: usize = 64 << 10;

/// What follows the form of a value.
pub(super) enum Begun<'a> {
    /// A short string.
    Text(Cow<'a, [u8]>),
    /// The value, since it was one block.
    Whole(Value),
    /// What is read part by part.
    Partial(Partial),
}

impl<'a> Reader<'a> {
    /// What follows a form. One of Valkey's forms means something else than Redis's of the same number.
    ///
    /// Collections end up in the form that the present limits give them, and no element is there twice.
    pub(super) fn value_of_form(
        &mut self,
        form: u8,
        is_valkey: bool,
        limits: &EncodingLimits,
    ) -> Result<Value, Fault> {
        match self.begin_value(form, is_valkey, limits)?.ok_or(Fault::Malformed)? {
            Begun::Text(text) => match number::parse_i64(&text) {
                Some(number) => Ok(Value::Int(number)),
                None => {
                    self.reserve(text.len())?;
                    Ok(Value::Bytes(text.into_owned()))
                }
            },
            Begun::Whole(value) => Ok(value),
            Begun::Partial(mut partial) => {
                partial.go_on(self, limits)?;
                partial.finish(self, limits)?.ok_or(Fault::Malformed)
            }
        }
    }

    /// The beginning of what follows a form; `None` if there is no such form.
    pub(super) fn begin_value(
        &mut self,
        form: u8,
        is_valkey: bool,
        limits: &EncodingLimits,
    ) -> Result<Option<Begun<'a>>, Fault> {
        Ok(Some(Begun::Partial(match form {
            form::STRING => return self.string_value().map(Some),
            form::LIST => Partial::list(self)?,
            form::LIST_QUICKLIST => Partial::list_of_ziplists(self)?,
            form::LIST_QUICKLIST_2 => match self.single_node(limits)? {
                Some(list) => return Ok(Some(Begun::Whole(Value::List(Box::new(list))))),
                None => Partial::list_of_nodes(self)?,
            },
            form::SET => Partial::set(self, limits)?,
            form::HASH => Partial::hash(self, Deadlines::None, limits)?,
            form::HASH_TIMED_EARLY if is_valkey => Partial::hash(self, Deadlines::Plain, limits)?,
            form::HASH_TIMED_EARLY => Partial::hash(self, Deadlines::After(1), limits)?,
            form::HASH_TIMED => {
                let base = u64::from_le_bytes(self.array()?);
                Partial::hash(self, Deadlines::After(base), limits)?
            }
            form::STREAM => Partial::stream(self, 1)?,
            form::STREAM_2 => Partial::stream(self, 2)?,
            form::STREAM_3 => Partial::stream(self, 3)?,
            form::STREAM_4 => Partial::stream(self, 4)?,
            form::STREAM_5 => Partial::stream(self, 5)?,
            form::ZSET_TEXT => Partial::zset(self, Scores::Text, limits)?,
            form::ZSET => Partial::zset(self, Scores::Binary, limits)?,
            _ => return Ok(self.block_value(form, limits)?.map(Begun::Whole)),
        })))
    }

    /// A value that is one block.
    fn block_value(&mut self, form: u8, limits: &EncodingLimits) -> Result<Option<Value>, Fault> {
        Ok(Some(match form {
            form::LIST_ZIPLIST => Value::List(Box::new(self.list_packed(Pack::Ziplist, limits)?)),
            form::SET_INTSET => Value::Set(Box::new(self.set_of_integers(limits)?)),
            form::SET_LISTPACK => Value::Set(Box::new(self.set_packed(limits)?)),
            form::HASH_ZIPMAP => Value::Hash(Box::new(self.hash_zipmap(limits)?)),
            form::HASH_ZIPLIST => Value::Hash(Box::new(self.hash_packed(Pack::Ziplist, limits)?)),
            form::HASH_LISTPACK => Value::Hash(Box::new(self.hash_packed(Pack::Listpack, limits)?)),
            form::HASH_TIMED_LISTPACK_EARLY => Value::Hash(Box::new(self.hash_timed_packed(limits)?)),
            form::HASH_TIMED_LISTPACK => {
                // The earliest deadline, which those of the fields tell too.
                self.array::<8>()?;
                Value::Hash(Box::new(self.hash_timed_packed(limits)?))
            }
            form::ZSET_ZIPLIST => Value::Zset(Box::new(self.zset_packed(Pack::Ziplist, limits)?)),
            form::ZSET_LISTPACK => Value::Zset(Box::new(self.zset_packed(Pack::Listpack, limits)?)),
            _ => return Ok(None),
        }))
    }

    fn string_value(&mut self) -> Result<Begun<'a>, Fault> {
        let mark = self.clone();
        let text = match self.plain_len()? {
            Some(len) if len > STRING_WHOLE_BYTES_MAX => return Partial::text(len, self).map(Begun::Partial),
            Some(len) => Cow::Borrowed(self.bytes(len)?),
            None => {
                self.rewind(mark);
                self.string()?
            }
        };
        Ok(Begun::Text(text))
    }

    /// A list of one node, as most are, if all of it is there and can be taken as it is.
    fn single_node(&mut self, limits: &EncodingLimits) -> Result<Option<List>, Fault> {
        let mark = self.clone();
        let mut list = None;
        if let (Ok(1), Ok(NODE_PACKED)) = (self.length(), self.length())
            && let Ok(block) = self.string()
        {
            self.reserve(block.len() + ELEMENT_BYTES)?;
            let items = packs::canonical_listpack(&block);
            list = items.and_then(|items| List::from_packed(items, limits.list_fill));
        }
        if list.is_none() {
            self.rewind(mark);
        }
        Ok(list)
    }

    fn list_packed(&mut self, pack: Pack, limits: &EncodingLimits) -> Result<List, Fault> {
        let mut list = List::new();
        // All servers leave a list that was written so in the form for any length.
        list.spread(limits.list_fill);
        let block = self.string()?;
        pack.each(&block, |item| push(self, &mut list, limits, item))?;
        Ok(list)
    }

    fn set_of_integers(&mut self, limits: &EncodingLimits) -> Result<Set, Fault> {
        let mut set = Set::default();
        let block = self.string()?;
        packs::intset(&block, |member| {
            add(self, &mut set, number::format_i64(&mut [0; INTEGER_TEXT_BYTES_MAX], member), limits)
        })?;
        Ok(set)
    }

    fn set_packed(&mut self, limits: &EncodingLimits) -> Result<Set, Fault> {
        let mut set = Set::default();
        let block = self.string()?;
        Pack::Listpack.each(&block, |member| {
            add(self, &mut set, member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), limits)
        })?;
        Ok(set)
    }

    fn hash_zipmap(&mut self, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let mut hash = Hash::default();
        let block = self.string()?;
        packs::zipmap(&block, |field, value| set_field(self, &mut hash, field, value, limits))?;
        Ok(hash)
    }

    fn hash_packed(&mut self, pack: Pack, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let block = self.string()?;
        if matches!(pack, Pack::Listpack) {
            self.reserve(block.len() + ELEMENT_BYTES)?;
            let pairs = packs::canonical_listpack(&block);
            if let Some(hash) = pairs.and_then(|pairs| Hash::from_packed(pairs, limits)) {
                return Ok(hash);
            }
        }
        let mut hash = Hash::default();
        pack.each_pair(&block, |field, value| {
            let (mut name, mut text) = ([0; INTEGER_TEXT_BYTES_MAX], [0; INTEGER_TEXT_BYTES_MAX]);
            set_field(self, &mut hash, field.text(&mut name), value.text(&mut text), limits)
        })?;
        Ok(hash)
    }

    /// Field, value and deadline in turns.
    fn hash_timed_packed(&mut self, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let mut hash = Hash::timed();
        let block = self.string()?;
        let (mut pair, mut field) = ((None, None), [0; INTEGER_TEXT_BYTES_MAX]);
        Pack::Listpack.each(&block, |item| {
            match (pair, item) {
                ((None, _), item) => pair = (Some(item), None),
                ((first, None), item) => pair = (first, Some(item)),
                ((Some(name), Some(value)), Item::Int(at)) => {
                    let name = name.text(&mut field);
                    set_field(self, &mut hash, name, value.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), limits)?;
                    let at = u64::try_from(at).map_err(|_| Fault::Malformed)?;
                    set_deadline(&mut hash, name, Some(at).filter(|&at| at != 0))?;
                    pair = (None, None);
                }
                _ => return Err(Fault::Malformed),
            }
            Ok(())
        })?;
        if pair.0.is_none() { Ok(hash) } else { Err(Fault::Malformed) }
    }

    fn zset_packed(&mut self, pack: Pack, limits: &EncodingLimits) -> Result<Zset, Fault> {
        let mut zset = Zset::default();
        let block = self.string()?;
        pack.each_pair(&block, |member, score| {
            let (mut name, mut text) = ([0; INTEGER_TEXT_BYTES_MAX], [0; INTEGER_TEXT_BYTES_MAX]);
            let score = number::parse_f64(score.text(&mut text)).ok_or(Fault::Malformed)?;
            self.set_score(&mut zset, member.text(&mut name), score, limits)
        })?;
        Ok(zset)
    }

    pub(super) fn set_score(
        &mut self,
        zset: &mut Zset,
        member: &[u8],
        score: f64,
        limits: &EncodingLimits,
    ) -> Result<(), Fault> {
        // A member of a large set stands in a table and in an order.
        self.reserve(member.len() + 2 * ELEMENT_BYTES)?;
        if score.is_nan() || zset.score(member).is_some() {
            return Err(Fault::Malformed);
        }
        zset.restore(member, score, limits);
        Ok(())
    }
}

pub(super) fn push(
    reader: &mut Reader<'_>,
    list: &mut List,
    limits: &EncodingLimits,
    element: Item<'_>,
) -> Result<(), Fault> {
    reader.reserve(element.text_len() + LIST_ELEMENT_BYTES)?;
    let room = list.grow(limits.list_fill, element.text_len(), 1);
    list.push_back_within(element, room);
    Ok(())
}

pub(super) fn add(
    reader: &mut Reader<'_>,
    set: &mut Set,
    member: &[u8],
    limits: &EncodingLimits,
) -> Result<(), Fault> {
    reader.reserve(member.len() + ELEMENT_BYTES)?;
    if set.insert(member, limits) { Ok(()) } else { Err(Fault::Malformed) }
}

pub(super) fn set_field(
    reader: &mut Reader<'_>,
    hash: &mut Hash,
    field: &[u8],
    value: &[u8],
    limits: &EncodingLimits,
) -> Result<(), Fault> {
    reader.reserve(field.len() + value.len() + ELEMENT_BYTES)?;
    if hash.insert(field, value, limits) { Ok(()) } else { Err(Fault::Malformed) }
}

/// A node of a list may be empty, as long as the others are not.
pub(super) fn nothing_is_enough(visited: Result<usize, Fault>) -> Result<(), Fault> {
    match visited {
        Ok(_) | Err(Fault::Empty) => Ok(()),
        Err(fault) => Err(fault),
    }
}

pub(super) fn not_empty(mut list: List, limits: &EncodingLimits) -> Result<List, Fault> {
    if list.is_empty() {
        return Err(Fault::Empty);
    }
    list.fit(limits.list_fill);
    Ok(list)
}

pub(super) fn set_deadline(hash: &mut Hash, field: &[u8], deadline: Option<u64>) -> Result<(), Fault> {
    match deadline {
        None => Ok(()),
        Some(at) if at <= FIELD_DEADLINE_MAX && hash.set_deadline(field, Some(at)) => Ok(()),
        Some(_) => Err(Fault::Malformed),
    }
}
