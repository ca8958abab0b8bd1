//! Hashes.
//!
//! A small hash is one [`Packed`] with fields and values in turns. Beyond the limits of [`Compact`] it is a
//! [`Table`] whose elements are one allocation each, and stays so.

pub mod commands;
mod field;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::keyspace::{Keyed, Table};
use crate::random::{Random, Selection};
use crate::structures::{Item, Packed, packed};
use crate::types::{Compact, sample};
pub use field::Field;

/// A map from fields to values.
///
/// Items that come out are integers only where the compact form keeps them so; compare them as text.
#[derive(Default)]
pub struct Hash {
    form: Form,
}

enum Form {
    /// Fields and values in turns.
    Packed(Packed),
    Table(Box<Table<Field>>),
}

impl Default for Form {
    fn default() -> Form {
        Form::Packed(Packed::new())
    }
}

/// A field and its value.
pub type Pair<'a> = (Item<'a>, Item<'a>);

impl Hash {
    /// How many fields there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.len() / 2,
            Form::Table(table) => table.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field.
    pub fn get(&self, field: &[u8]) -> Option<Item<'_>> {
        match &self.form {
            Form::Packed(packed) => {
                let value =
                    packed.next(packed.find(field, 1)?).expect("every field is followed by its value");
                Some(packed.item(value))
            }
            Form::Table(table) => {
                table.find(table.hash(field), field).map(|field| Item::Bytes(field.value()))
            }
        }
    }

    /// Whether the field exists.
    pub fn contains(&self, field: &[u8]) -> bool {
        match &self.form {
            Form::Packed(packed) => packed.find(field, 1).is_some(),
            Form::Table(table) => table.find(table.hash(field), field).is_some(),
        }
    }

    /// Sets a field; true if it is new.
    pub fn insert(&mut self, field: &[u8], value: &[u8], compact: &Compact) -> bool {
        if let Form::Packed(packed) = &mut self.form {
            let is_short = field.len().max(value.len()) <= compact.hash_value_bytes_max;
            match packed.find(field, 1) {
                Some(position) if is_short => {
                    let position = packed.next(position).expect("every field is followed by its value");
                    packed.replace(position, value);
                    return false;
                }
                None if is_short && packed.len() / 2 < compact.hash_entries_max => {
                    packed.push_back(field);
                    packed.push_back(value);
                    return true;
                }
                _ => self.convert(compact),
            }
        }
        let Form::Table(table) = &mut self.form else { unreachable!("a packed hash was converted above") };
        let hash = table.hash(field);
        if let Some(old) = table.find_mut(hash, field) {
            old.set_value(value);
            return false;
        }
        table.insert_new(hash, Field::new(field, value));
        true
    }

    /// Removes a field; true if it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.form {
            Form::Packed(packed) => {
                let Some(position) = packed.find(field, 1) else { return false };
                let value = packed.remove(position).expect("every field is followed by its value");
                packed.remove(value);
                true
            }
            Form::Table(table) => table.remove(table.hash(field), field).is_some(),
        }
    }

    /// All fields with their values, in no useful order.
    pub fn iter(&self) -> Iter<'_> {
        match &self.form {
            Form::Packed(packed) => Iter::Packed(packed.iter()),
            Form::Table(table) => Iter::Table(table.iter()),
        }
    }

    /// Calls `visit` for about `count` fields from `cursor` on and returns the cursor to go on from; 0 begins
    /// and 0 ends. A compact hash is visited at once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Pair<'_>)) -> u64 {
        match &self.form {
            Form::Packed(_) => {
                self.iter().for_each(visit);
                0
            }
            Form::Table(table) => table.scan(cursor, count, |field| visit(pair(field))),
        }
    }

    /// A field chosen at random; `None` if there is none.
    pub fn random(&self, random: &mut Random) -> Option<Pair<'_>> {
        match &self.form {
            Form::Packed(packed) if packed.is_empty() => None,
            Form::Packed(packed) => {
                let index = random.below(packed.len() as u64 / 2) as usize * 2;
                let mut items = packed.iter_from(index);
                Some((items.next()?, items.next()?))
            }
            Form::Table(table) => table.random(random).map(pair),
        }
    }

    /// Endless random fields, each drawn from all; the hash is not empty.
    pub fn draws<'a>(&'a self, random: &'a mut Random) -> impl Iterator<Item = Pair<'a>> {
        // Seeking in a packed hash walks, so its few fields are laid out once.
        let laid_out: Vec<Pair<'a>> = match &self.form {
            Form::Packed(_) => self.iter().collect(),
            Form::Table(_) => Vec::new(),
        };
        core::iter::from_fn(move || match &self.form {
            Form::Packed(_) => laid_out.get(random.below(laid_out.len() as u64) as usize).copied(),
            Form::Table(table) => table.random(random).map(pair),
        })
    }

    /// Calls `visit` for `count` different random fields, or for all.
    pub fn sample(&self, count: usize, random: &mut Random, mut visit: impl FnMut(Pair<'_>)) {
        match &self.form {
            Form::Packed(_) => {
                let mut selection = Selection::new(self.len(), count);
                self.iter().filter(|_| selection.takes_next(random)).for_each(visit);
            }
            Form::Table(table) => sample::distinct(table, count, random, |field| visit(pair(field))),
        }
    }

    /// The name that OBJECT ENCODING replies.
    pub fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Packed(_) => "listpack",
            Form::Table(_) => "hashtable",
        }
    }

    /// Fields and values in turns, while they are one packed sequence.
    pub fn packed(&self) -> Option<&Packed> {
        match &self.form {
            Form::Packed(packed) => Some(packed),
            Form::Table(_) => None,
        }
    }

    /// Bytes allocated on the heap; those of a large hash's fields are estimated from some of them.
    pub fn memory_bytes(&self) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.memory_bytes(),
            Form::Table(table) => sample::memory_bytes(table, Field::memory_bytes),
        }
    }

    /// A copy, for COPY.
    pub fn copy(&self, compact: &Compact) -> Hash {
        match &self.form {
            Form::Packed(packed) => Hash { form: Form::Packed(packed.clone()) },
            Form::Table(table) => {
                let mut copy = Table::new(compact.seed);
                for field in table.iter() {
                    copy.insert_new(copy.hash(field.key()), Field::new(field.key(), field.value()));
                }
                Hash { form: Form::Table(Box::new(copy)) }
            }
        }
    }

    /// Frees about `budget` elements of a value that is being thrown away; true when nothing is left.
    pub fn free_some(&mut self, budget: usize) -> bool {
        match &mut self.form {
            Form::Packed(packed) => {
                *packed = Packed::new();
                true
            }
            Form::Table(table) => table.free_some(budget),
        }
    }

    /// Gives the hash its large form.
    fn convert(&mut self, compact: &Compact) {
        let mut table = Table::new(compact.seed);
        let (mut name, mut text) = (Vec::new(), Vec::new());
        for (field, value) in self.iter() {
            name.clear();
            text.clear();
            field.append_to(&mut name);
            value.append_to(&mut text);
            table.insert_new(table.hash(&name), Field::new(&name, &text));
        }
        self.form = Form::Table(Box::new(table));
    }
}

fn pair(field: &Field) -> Pair<'_> {
    (Item::Bytes(field.key()), Item::Bytes(field.value()))
}

/// Iterates over the fields of a [`Hash`] with their values.
pub enum Iter<'a> {
    /// Over the compact form.
    Packed(packed::Iter<'a>),
    /// Over the large form.
    Table(crate::keyspace::Iter<'a, Field>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        match self {
            Iter::Packed(items) => Some((items.next()?, items.next()?)),
            Iter::Table(fields) => fields.next().map(pair),
        }
    }
}
