//! Reading a value of any form.

use alloc::boxed::Box;

use super::form;
use super::packs::{self, Pack};
use super::read::{Fault, Reader};
use crate::base::memory::ELEMENT_BYTES;
use crate::keyspace::Value;
use crate::number;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item, List};
use crate::types::EncodingLimits;
use crate::types::hash::Hash;
use crate::types::set::Set;
use crate::types::zset::Zset;

/// Kinds of the nodes of a quicklist.
const NODE_PLAIN: u64 = 1;
const NODE_PACKED: u64 = 2;
/// The latest deadline of a field that Redis can store, in unix milliseconds.
const FIELD_DEADLINE_MAX: u64 = (1 << 48) - 2;
/// Bytes that an element of a list takes besides its own.
const LIST_ELEMENT_BYTES: usize = 12;

impl Reader<'_> {
    /// A value, from its form on.
    ///
    /// Collections are built element by element as commands build them, so they end up in the form that the present
    /// limits give them, and no element is there twice.
    pub fn value(&mut self, limits: &EncodingLimits) -> Result<Value, Fault> {
        let form = self.byte()?;
        self.value_of_form(form, false, limits)?.ok_or(Fault::Malformed)
    }

    /// What follows a form; `None` if there is no such form. One of Valkey's forms means something else than Redis's of
    /// the same number.
    pub(super) fn value_of_form(
        &mut self,
        form: u8,
        is_valkey: bool,
        limits: &EncodingLimits,
    ) -> Result<Option<Value>, Fault> {
        Ok(Some(match form {
            form::STRING => self.string_value()?,
            form::LIST => Value::List(Box::new(self.list(limits)?)),
            form::LIST_ZIPLIST => Value::List(Box::new(self.list_packed(Pack::Ziplist, limits)?)),
            form::LIST_QUICKLIST => Value::List(Box::new(self.list_of_ziplists(limits)?)),
            form::LIST_QUICKLIST_2 => Value::List(Box::new(self.list_of_nodes(limits)?)),
            form::SET => Value::Set(Box::new(self.set(limits)?)),
            form::SET_INTSET => Value::Set(Box::new(self.set_of_integers(limits)?)),
            form::SET_LISTPACK => Value::Set(Box::new(self.set_packed(limits)?)),
            form::HASH => Value::Hash(Box::new(self.hash(limits)?)),
            form::HASH_ZIPMAP => Value::Hash(Box::new(self.hash_zipmap(limits)?)),
            form::HASH_ZIPLIST => Value::Hash(Box::new(self.hash_packed(Pack::Ziplist, limits)?)),
            form::HASH_LISTPACK => Value::Hash(Box::new(self.hash_packed(Pack::Listpack, limits)?)),
            form::HASH_TIMED_EARLY if is_valkey => Value::Hash(Box::new(self.hash_timed_valkey(limits)?)),
            form::HASH_TIMED_EARLY => Value::Hash(Box::new(self.hash_timed(false, limits)?)),
            form::HASH_TIMED => Value::Hash(Box::new(self.hash_timed(true, limits)?)),
            form::HASH_TIMED_LISTPACK_EARLY => Value::Hash(Box::new(self.hash_timed_packed(limits)?)),
            form::HASH_TIMED_LISTPACK => {
                // The earliest deadline, which those of the fields tell too.
                self.array::<8>()?;
                Value::Hash(Box::new(self.hash_timed_packed(limits)?))
            }
            form::STREAM => Value::Stream(Box::new(self.stream(1)?)),
            form::STREAM_2 => Value::Stream(Box::new(self.stream(2)?)),
            form::STREAM_3 => Value::Stream(Box::new(self.stream(3)?)),
            form::STREAM_4 => Value::Stream(Box::new(self.stream(4)?)),
            form::STREAM_5 => Value::Stream(Box::new(self.stream(5)?)),
            form::ZSET_TEXT => Value::Zset(Box::new(self.zset(limits, 1, Self::text_score)?)),
            form::ZSET => Value::Zset(Box::new(self.zset(limits, 8, Self::binary_score)?)),
            form::ZSET_ZIPLIST => Value::Zset(Box::new(self.zset_packed(Pack::Ziplist, limits)?)),
            form::ZSET_LISTPACK => Value::Zset(Box::new(self.zset_packed(Pack::Listpack, limits)?)),
            _ => return Ok(None),
        }))
    }

    fn string_value(&mut self) -> Result<Value, Fault> {
        let text = self.string()?;
        if let Some(number) = number::parse_i64(&text) {
            return Ok(Value::Int(number));
        }
        self.reserve(text.len())?;
        Ok(Value::Bytes(text.into_owned()))
    }

    fn list(&mut self, limits: &EncodingLimits) -> Result<List, Fault> {
        let mut list = List::new();
        for _ in 0..self.count(1)? {
            let element = self.string()?;
            self.push(&mut list, limits, Item::from(&*element))?;
        }
        list.fit(limits.list_fill);
        Ok(list)
    }

    fn list_packed(&mut self, pack: Pack, limits: &EncodingLimits) -> Result<List, Fault> {
        let mut list = List::new();
        let block = self.string()?;
        pack.each(&block, |item| self.push(&mut list, limits, item))?;
        list.fit(limits.list_fill);
        Ok(list)
    }

    fn list_of_ziplists(&mut self, limits: &EncodingLimits) -> Result<List, Fault> {
        let mut list = List::new();
        for _ in 0..self.count(1)? {
            let block = self.string()?;
            nothing_is_enough(Pack::Ziplist.each(&block, |item| self.push(&mut list, limits, item)))?;
        }
        not_empty(list, limits)
    }

    fn list_of_nodes(&mut self, limits: &EncodingLimits) -> Result<List, Fault> {
        let mut list = List::new();
        for _ in 0..self.count(2)? {
            let kind = self.length()?;
            let block = self.string()?;
            match kind {
                NODE_PLAIN => self.push(&mut list, limits, Item::from(&*block))?,
                NODE_PACKED => {
                    nothing_is_enough(Pack::Listpack.each(&block, |item| self.push(&mut list, limits, item)))?
                }
                _ => return Err(Fault::Malformed),
            }
        }
        not_empty(list, limits)
    }

    fn push(&mut self, list: &mut List, limits: &EncodingLimits, element: Item<'_>) -> Result<(), Fault> {
        self.reserve(element.text_len() + LIST_ELEMENT_BYTES)?;
        let room = list.grow(limits.list_fill, element.text_len(), 1);
        list.push_back_within(element, room);
        Ok(())
    }

    fn set(&mut self, limits: &EncodingLimits) -> Result<Set, Fault> {
        let mut set = Set::default();
        for _ in 0..self.count(1)? {
            let member = self.string()?;
            self.add(&mut set, &member, limits)?;
        }
        Ok(set)
    }

    fn set_of_integers(&mut self, limits: &EncodingLimits) -> Result<Set, Fault> {
        let mut set = Set::default();
        let block = self.string()?;
        packs::intset(&block, |member| {
            self.add(&mut set, number::format_i64(&mut [0; INTEGER_TEXT_BYTES_MAX], member), limits)
        })?;
        Ok(set)
    }

    fn set_packed(&mut self, limits: &EncodingLimits) -> Result<Set, Fault> {
        let mut set = Set::default();
        let block = self.string()?;
        Pack::Listpack.each(&block, |member| {
            self.add(&mut set, member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), limits)
        })?;
        Ok(set)
    }

    fn add(&mut self, set: &mut Set, member: &[u8], limits: &EncodingLimits) -> Result<(), Fault> {
        self.reserve(member.len() + ELEMENT_BYTES)?;
        if set.insert(member, limits) { Ok(()) } else { Err(Fault::Malformed) }
    }

    fn hash(&mut self, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let mut hash = Hash::default();
        for _ in 0..self.count(2)? {
            let (field, value) = (self.string()?, self.string()?);
            self.set_field(&mut hash, &field, &value, limits)?;
        }
        Ok(hash)
    }

    fn hash_zipmap(&mut self, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let mut hash = Hash::default();
        let block = self.string()?;
        packs::zipmap(&block, |field, value| self.set_field(&mut hash, field, value, limits))?;
        Ok(hash)
    }

    fn hash_packed(&mut self, pack: Pack, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let mut hash = Hash::default();
        let block = self.string()?;
        pack.each_pair(&block, |field, value| {
            let (mut name, mut text) = ([0; INTEGER_TEXT_BYTES_MAX], [0; INTEGER_TEXT_BYTES_MAX]);
            self.set_field(&mut hash, field.text(&mut name), value.text(&mut text), limits)
        })?;
        Ok(hash)
    }

    /// Deadline, field and value of each field. A deadline of 0 is none. If the earliest one stands in front, the
    /// others count from it, beginning with 1.
    fn hash_timed(&mut self, is_relative: bool, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let mut hash = Hash::default();
        let base = if is_relative { u64::from_le_bytes(self.array()?) } else { 1 };
        for _ in 0..self.count(3)? {
            let deadline = match self.length()? {
                0 => None,
                offset => Some(base.checked_add(offset - 1).ok_or(Fault::Malformed)?),
            };
            let (field, value) = (self.string()?, self.string()?);
            self.set_field(&mut hash, &field, &value, limits)?;
            set_deadline(&mut hash, &field, deadline)?;
        }
        Ok(hash)
    }

    /// Field, value and deadline in turns.
    fn hash_timed_packed(&mut self, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let mut hash = Hash::default();
        let block = self.string()?;
        let (mut pair, mut field) = ((None, None), [0; INTEGER_TEXT_BYTES_MAX]);
        Pack::Listpack.each(&block, |item| {
            match (pair, item) {
                ((None, _), item) => pair = (Some(item), None),
                ((first, None), item) => pair = (first, Some(item)),
                ((Some(name), Some(value)), Item::Int(at)) => {
                    let name = name.text(&mut field);
                    self.set_field(&mut hash, name, value.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), limits)?;
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

    /// As Valkey 9 writes them: a name, a value, and a deadline of eight bytes in unix milliseconds, -1 for none.
    fn hash_timed_valkey(&mut self, limits: &EncodingLimits) -> Result<Hash, Fault> {
        let mut hash = Hash::default();
        for _ in 0..self.count(10)? {
            let (name, value) = (self.string()?, self.string()?);
            let deadline = i64::from_le_bytes(self.array()?);
            self.set_field(&mut hash, &name, &value, limits)?;
            set_deadline(&mut hash, &name, u64::try_from(deadline).ok())?;
        }
        Ok(hash)
    }

    fn set_field(
        &mut self,
        hash: &mut Hash,
        field: &[u8],
        value: &[u8],
        limits: &EncodingLimits,
    ) -> Result<(), Fault> {
        self.reserve(field.len() + value.len() + ELEMENT_BYTES)?;
        if hash.insert(field, value, limits) { Ok(()) } else { Err(Fault::Malformed) }
    }

    fn zset(
        &mut self,
        limits: &EncodingLimits,
        score_bytes: usize,
        score: fn(&mut Self) -> Result<f64, Fault>,
    ) -> Result<Zset, Fault> {
        let count = self.count(1 + score_bytes)?;
        // The sign of a zero is lost in the limits form, so a set that will be large is so from the beginning.
        let is_compact =
            count <= limits.zset_entries_max.get() && self.clone().has_short_members(count, limits, score)?;
        let mut zset = Zset::for_members(if is_compact { count } else { usize::MAX }, limits);
        for _ in 0..count {
            let (member, score) = (self.string()?, score(self)?);
            self.set_score(&mut zset, &member, score, limits)?;
        }
        Ok(zset)
    }

    /// Whether all members are short enough for the limits form.
    fn has_short_members(
        mut self,
        count: usize,
        limits: &EncodingLimits,
        score: fn(&mut Self) -> Result<f64, Fault>,
    ) -> Result<bool, Fault> {
        let mut longest = 0;
        for _ in 0..count {
            longest = longest.max(self.string()?.len());
            score(&mut self)?;
        }
        Ok(longest <= limits.zset_value_bytes_max.get())
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

    fn set_score(
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

    fn binary_score(&mut self) -> Result<f64, Fault> {
        self.array().map(f64::from_le_bytes)
    }

    /// A length below 253 and so many bytes of text; the other lengths are values themselves.
    fn text_score(&mut self) -> Result<f64, Fault> {
        match self.byte()? {
            255 => Ok(f64::NEG_INFINITY),
            254 => Ok(f64::INFINITY),
            253 => Ok(f64::NAN),
            len => number::parse_f64(self.bytes(usize::from(len))?).ok_or(Fault::Malformed),
        }
    }
}

/// A node of a list may be empty, as long as the others are not.
fn nothing_is_enough(visited: Result<usize, Fault>) -> Result<(), Fault> {
    match visited {
        Ok(_) | Err(Fault::Empty) => Ok(()),
        Err(fault) => Err(fault),
    }
}

fn not_empty(mut list: List, limits: &EncodingLimits) -> Result<List, Fault> {
    if list.is_empty() {
        return Err(Fault::Empty);
    }
    list.fit(limits.list_fill);
    Ok(list)
}

fn set_deadline(hash: &mut Hash, field: &[u8], deadline: Option<u64>) -> Result<(), Fault> {
    match deadline {
        None => Ok(()),
        Some(at) if at <= FIELD_DEADLINE_MAX && hash.set_deadline(field, Some(at)) => Ok(()),
        Some(_) => Err(Fault::Malformed),
    }
}
