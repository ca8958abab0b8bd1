//! Writing a value.

#![expect(clippy::cast_possible_truncation, reason = "each form is chosen by what its bytes can hold")]

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::form;
use super::lzf::Compressor;
use crate::keyspace::ValueRef;
use crate::number;
use crate::structures::sort::sort_by_key;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, IntSet, Item, List, Packed};
use crate::types::hash::Hash;
use crate::types::set::Set;
use crate::types::zset::Zset;

/// Longest string that is looked at for being a small integer, in bytes.
const INTEGER_BYTES_MAX: usize = 11;
/// Longest string that is never compressed, in bytes.
const INCOMPRESSIBLE_BYTES_MAX: usize = 20;
/// What compression must save at least, in bytes.
const SAVED_BYTES_MIN: usize = 4;
/// The node of a quicklist that holds several elements.
const NODE_PACKED: u64 = 2;

/// Appends values to a buffer.
pub struct Writer {
    pub(super) bytes: Vec<u8>,
    is_compressed: bool,
    /// How long strings are that are compressed, in bytes.
    compressed_lengths: RangeInclusive<usize>,
    compressor: Compressor,
    /// Bytes that were looked at to be compressed.
    effort: usize,
    /// The key that stands between the form of the next value and what the form prescribes, in files.
    key: Vec<u8>,
    has_key: bool,
}

impl Writer {
    /// A writer with an empty buffer, which compresses long strings or does not.
    pub fn new(is_compressed: bool) -> Writer {
        Writer {
            bytes: Vec::new(),
            is_compressed,
            compressed_lengths: INCOMPRESSIBLE_BYTES_MAX + 1..=usize::MAX,
            compressor: Compressor::default(),
            effort: 0,
            key: Vec::new(),
            has_key: false,
        }
    }

    /// The same, which compresses only strings of these lengths in bytes.
    pub(super) fn compressing(mut self, lengths: RangeInclusive<usize>) -> Writer {
        self.compressed_lengths = (*lengths.start()).max(INCOMPRESSIBLE_BYTES_MAX + 1)..=*lengths.end();
        self
    }

    /// Bytes that were looked at to be compressed since [`Writer::take_effort`].
    pub(super) fn effort(&self) -> usize {
        self.effort
    }

    /// The same, which begin anew.
    pub(super) fn take_effort(&mut self) -> usize {
        core::mem::take(&mut self.effort)
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A value: its form, then what the form prescribes.
    pub fn value(&mut self, value: &ValueRef<'_>) {
        match value {
            ValueRef::Int(number) => {
                self.begin(form::STRING);
                self.integer(*number);
            }
            ValueRef::Bytes(bytes) => {
                self.begin(form::STRING);
                self.string(bytes);
            }
            ValueRef::List(list) => self.list(list),
            ValueRef::Set(set) => self.set(set),
            ValueRef::Hash(hash) => self.hash(hash),
            ValueRef::Zset(zset) => self.zset(zset),
            ValueRef::Stream(stream) => self.stream(stream),
        }
    }

    /// A value with its key, as files have them: the form, the key, what the form prescribes.
    pub(super) fn key_and_value(&mut self, key: &[u8], value: &ValueRef<'_>) {
        self.key.clear();
        self.key.extend_from_slice(key);
        self.has_key = true;
        self.value(value);
    }

    /// The form of a value.
    pub(super) fn begin(&mut self, form: u8) {
        self.bytes.push(form);
        if core::mem::take(&mut self.has_key) {
            let key = core::mem::take(&mut self.key);
            self.string(&key);
            self.key = key;
        }
    }

    /// A number as a length.
    pub fn length(&mut self, len: u64) {
        match len {
            0..0x40 => self.bytes.push(len as u8),
            0x40..0x4000 => self.bytes.extend_from_slice(&(0x4000 | len as u16).to_be_bytes()),
            0x4000..=0xffff_ffff => {
                self.bytes.push(0x80);
                self.bytes.extend_from_slice(&(len as u32).to_be_bytes());
            }
            _ => {
                self.bytes.push(0x81);
                self.bytes.extend_from_slice(&len.to_be_bytes());
            }
        }
    }

    /// A string, as an integer or compressed where that is shorter.
    pub fn string(&mut self, text: &[u8]) {
        if text.len() <= INTEGER_BYTES_MAX
            && let Some(number) = number::parse_i64(text)
        {
            return self.integer(number);
        }
        if self.is_compressed && self.compressed_lengths.contains(&text.len()) && self.compressed(text) {
            return;
        }
        self.length(text.len() as u64);
        self.bytes.extend_from_slice(text);
    }

    /// A string that is the text of an integer.
    fn integer(&mut self, number: i64) {
        if let Ok(number) = i8::try_from(number) {
            self.bytes.extend_from_slice(&[0xc0, number as u8]);
        } else if let Ok(number) = i16::try_from(number) {
            self.bytes.push(0xc1);
            self.bytes.extend_from_slice(&number.to_le_bytes());
        } else if let Ok(number) = i32::try_from(number) {
            self.bytes.push(0xc2);
            self.bytes.extend_from_slice(&number.to_le_bytes());
        } else {
            let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
            let text = number::format_i64(&mut scratch, number);
            self.length(text.len() as u64);
            self.bytes.extend_from_slice(text);
        }
    }

    fn item(&mut self, item: Item<'_>) {
        match item {
            Item::Int(number) => self.integer(number),
            Item::Bytes(bytes) => self.string(bytes),
        }
    }

    fn compressed(&mut self, text: &[u8]) -> bool {
        self.effort += text.len();
        let begin = self.bytes.len();
        let mut compressed = Vec::new();
        if !self.compressor.compress(text, &mut compressed, text.len() - SAVED_BYTES_MIN) {
            self.bytes.truncate(begin);
            return false;
        }
        self.bytes.push(0xc3);
        self.length(compressed.len() as u64);
        self.length(text.len() as u64);
        self.bytes.extend_from_slice(&compressed);
        true
    }

    /// A string that is the listpack of these elements.
    pub(super) fn listpack(&mut self, elements: &Packed) {
        let entries = elements.entries();
        // Header and end mark are seven bytes. A server keeps 65535 for a count that does not fit.
        let bytes = u32::try_from(entries.len() + 7).expect("packed sequences are far smaller than 4 GiB");
        let count = u16::try_from(elements.len()).unwrap_or(u16::MAX);
        let block = [&bytes.to_le_bytes(), &count.to_le_bytes()[..], entries, &[0xff]].concat();
        self.string(&block);
    }

    fn list(&mut self, list: &List) {
        self.begin(form::LIST_QUICKLIST_2);
        let chunks = list.chunks();
        self.length(chunks.len() as u64);
        for chunk in chunks {
            self.node(chunk);
        }
    }

    /// A node of a list.
    pub(super) fn node(&mut self, chunk: &Packed) {
        self.length(NODE_PACKED);
        self.listpack(chunk);
    }

    /// A small set of strings is written one by one: the listpack that 7.2 writes is unknown to 7.0, and both make
    /// the same set of it.
    fn set(&mut self, set: &Set) {
        if let Some(integers) = set.integers() {
            self.begin(form::SET_INTSET);
            return self.string(&intset(integers));
        }
        self.begin(form::SET);
        self.length(set.len() as u64);
        for member in set.iter() {
            self.item(member);
        }
    }

    fn hash(&mut self, hash: &Hash) {
        if hash.has_deadlines()
            && let Some(nearest) = hash.iter_timed().filter_map(|(_, _, at)| at).min()
        {
            return self.hash_timed(hash, nearest);
        }
        if let Some(pairs) = hash.packed() {
            self.begin(form::HASH_LISTPACK);
            return self.listpack(pairs);
        }
        if hash.is_compact() {
            let mut pairs = Packed::new();
            for (field, value) in hash.iter() {
                pairs.push_back(field);
                pairs.push_back(value);
            }
            self.begin(form::HASH_LISTPACK);
            return self.listpack(&pairs);
        }
        self.begin(form::HASH);
        self.length(hash.len() as u64);
        for (field, value) in hash.iter() {
            self.item(field);
            self.item(value);
        }
    }

    /// A hash whose fields have deadlines, of which `nearest` is the earliest.
    fn hash_timed(&mut self, hash: &Hash, nearest: u64) {
        self.begin(if hash.is_compact() { form::HASH_TIMED_LISTPACK } else { form::HASH_TIMED });
        self.bytes.extend_from_slice(&nearest.to_le_bytes());
        if !hash.is_compact() {
            self.length(hash.len() as u64);
            for (field, value, deadline) in hash.iter_timed() {
                self.length(deadline.map_or(0, |at| at - nearest + 1));
                self.item(field);
                self.item(value);
            }
            return;
        }
        // Redis keeps them in the order of their deadlines and relies on that; those without come last.
        let mut fields: Vec<_> = hash.iter_timed().collect();
        sort_by_key(&mut fields, |(_, _, deadline)| deadline.unwrap_or(u64::MAX));
        let mut triplets = Packed::new();
        for (field, value, deadline) in fields {
            triplets.push_back(field);
            triplets.push_back(value);
            triplets.push_back(deadline.unwrap_or(0) as i64);
        }
        self.listpack(&triplets);
    }

    fn zset(&mut self, zset: &Zset) {
        if !zset.is_small() {
            self.begin(form::ZSET);
            self.length(zset.len() as u64);
            // Redis reads them fastest from the greatest on.
            for (member, score) in zset.iter().rev() {
                self.item(member);
                self.bytes.extend_from_slice(&score.to_le_bytes());
            }
            return;
        }
        self.begin(form::ZSET_LISTPACK);
        let (mut pairs, mut text) = (Packed::new(), Vec::new());
        for (member, score) in zset.iter() {
            text.clear();
            number::write_f64(&mut text, score);
            pairs.push_back(member);
            pairs.push_back(&text);
        }
        self.listpack(&pairs);
    }
}

/// The block of a set of integers, all as wide as the widest.
fn intset(integers: &IntSet) -> Vec<u8> {
    let ends = [integers.first(), integers.last()].map(Option::unwrap_or_default);
    let width = if ends.iter().all(|&end| i16::try_from(end).is_ok()) {
        2
    } else if ends.iter().all(|&end| i32::try_from(end).is_ok()) {
        4
    } else {
        8
    };
    let count = u32::try_from(integers.len()).expect("sets of billions are not kept in one array");
    let mut block = [(width as u32).to_le_bytes(), count.to_le_bytes()].concat();
    // The low bytes are the narrower integer.
    integers.iter().for_each(|member| block.extend_from_slice(&member.to_le_bytes()[..width]));
    block
}
