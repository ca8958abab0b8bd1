//! A digest of what the databases hold: equal data has equal digests, in whatever order and form it is stored.
//!
//! It is the one of Redis's DEBUG DIGEST, so that the data of two servers can be compared.

use alloc::string::String;
use alloc::vec::Vec;

use super::entry::{Entry, Type, ValueRef};
use super::store::Store;
use crate::base::sha1::sha1;
use crate::number::{self, hexadecimal, write_f64_g17};
use crate::structures::table::Keyed;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};
use crate::types::stream::Id;

/// A digest under construction.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Digest([u8; 20]);

impl Digest {
    /// The digest of all databases.
    pub(crate) fn of_all(store: &Store) -> Digest {
        let mut all = Digest::default();
        for db in (0..store.databases()).filter(|&db| store.len(db) > 0) {
            all.mix(&number::short(db).to_be_bytes());
            for entry in store.entries(db) {
                let mut own = Digest::default();
                own.mix(entry.key());
                own.add_value(entry);
                all.add(&own.0);
            }
        }
        all
    }

    /// The digest of a key's value and deadline.
    pub(crate) fn of_value(entry: &Entry) -> Digest {
        let mut digest = Digest::default();
        digest.add_value(entry);
        digest
    }

    /// Forty hexadecimal digits.
    pub(crate) fn text(&self) -> String {
        hexadecimal(&self.0)
    }

    fn add_value(&mut self, entry: &Entry) {
        self.mix(&type_number(entry.type_of()).to_be_bytes());
        match entry.value() {
            ValueRef::Int(number) => self.mix(Item::Int(number).text(&mut [0; INTEGER_TEXT_BYTES_MAX])),
            ValueRef::Bytes(bytes) => self.mix(bytes),
            ValueRef::List(list) => {
                list.iter().for_each(|item| self.mix(item.text(&mut [0; INTEGER_TEXT_BYTES_MAX])))
            }
            ValueRef::Set(set) => {
                set.iter().for_each(|item| self.add(item.text(&mut [0; INTEGER_TEXT_BYTES_MAX])))
            }
            ValueRef::Hash(hash) => {
                for (field, value) in hash.iter() {
                    self.add_pair(
                        field.text(&mut [0; INTEGER_TEXT_BYTES_MAX]),
                        value.text(&mut [0; INTEGER_TEXT_BYTES_MAX]),
                    );
                }
            }
            ValueRef::Stream(stream) => {
                for entry in stream.range(Id::MIN..=Id::MAX) {
                    self.mix(alloc::format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
                    for (field, value) in entry.fields {
                        self.mix(field.text(&mut [0; INTEGER_TEXT_BYTES_MAX]));
                        self.mix(value.text(&mut [0; INTEGER_TEXT_BYTES_MAX]));
                    }
                }
            }
            ValueRef::Zset(zset) => {
                for (member, score) in zset.iter() {
                    let mut number = Vec::new();
                    write_f64_g17(&mut number, score);
                    self.add_pair(member.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), &number);
                }
            }
        }
        if entry.deadline().is_some() {
            self.add(b"!!expire!!");
        }
    }

    /// Adds something whose place among others does not matter.
    fn add(&mut self, bytes: &[u8]) {
        self.0.iter_mut().zip(sha1(bytes)).for_each(|(own, other)| *own ^= other);
    }

    /// Adds something that comes after what is there.
    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = sha1(&self.0);
    }

    fn add_pair(&mut self, first: &[u8], second: &[u8]) {
        let mut pair = Digest::default();
        pair.mix(first);
        pair.mix(second);
        self.add(&pair.0);
    }
}

/// The number of a type in Redis.
fn type_number(kind: Type) -> u32 {
    match kind {
        Type::String => 0,
        Type::List => 1,
        Type::Set => 2,
        Type::Zset => 3,
        Type::Hash => 4,
        Type::Stream => 6,
    }
}
