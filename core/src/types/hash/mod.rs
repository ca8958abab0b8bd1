//! Hashes.
//!
//! A small hash is one [`Packed`] with fields and values in turns. Beyond the [`EncodingLimits`] it is a
//! [`Table`](crate::structures::table::Table) whose elements are one allocation each, and stays so. A field may have a
//! deadline. In a table it lies in the field's allocation; a small hash then becomes a sequence with deadlines, and
//! stays so. A hash does not know the time: [`Hash::take_due`] removes what is due, and the store calls it before
//! anyone looks.

mod bulk;
pub(crate) mod commands;
mod field;
mod large;
#[cfg(test)]
mod tests;
mod timed;

use alloc::boxed::Box;
use alloc::vec::Vec;

use self::large::Large;
use self::timed::{Timed, Triplets};
use crate::base::random::{Random, Selection};
use crate::base::relocate::{Mover, Relocate};
use crate::structures::table::Keyed;
use crate::structures::table::saving::{SavedByElement, Sink};
use crate::structures::{Item, Packed, packed};
use crate::types::{EncodingLimits, sample};
pub(crate) use bulk::Bulk;
pub(crate) use field::Field;

/// A map from fields to values.
///
/// Items that come out are integers only where a compact form keeps them so; compare them as text.
#[derive(Default)]
pub struct Hash {
    form: Form,
}

/// The form of most hashes, and a pointer to the others, so that the handle of a hash stays as small as a slice's.
enum Form {
    /// Fields and values in turns.
    Packed(Packed),
    Other(Box<Other>),
}

enum Other {
    Timed(Timed),
    Large(Large),
}

/// A hash of any form, to read.
enum View<'a> {
    Packed(&'a Packed),
    Timed(&'a Timed),
    Large(&'a Large),
}

impl Default for Form {
    fn default() -> Form {
        Form::Packed(Packed::new())
    }
}

impl Relocate for Hash {
    fn relocate(&mut self, mover: &mut Mover) {
        match &mut self.form {
            Form::Packed(packed) => packed.relocate(mover),
            Form::Other(other) => match &mut **other {
                Other::Timed(timed) => timed.relocate(mover),
                Other::Large(large) if mover.may_enter(large.table.len()) => large.table.relocate(mover),
                Other::Large(_) => {}
            },
        }
    }
}

/// A field and its value.
pub(crate) type Pair<'a> = (Item<'a>, Item<'a>);

impl Hash {
    #[inline(always)]
    fn view(&self) -> View<'_> {
        match &self.form {
            Form::Packed(packed) => View::Packed(packed),
            Form::Other(other) => match &**other {
                Other::Timed(timed) => View::Timed(timed),
                Other::Large(large) => View::Large(large),
            },
        }
    }

    /// An empty hash in the compact form for fields with deadlines.
    pub fn timed() -> Hash {
        Hash { form: Form::Other(Box::new(Other::Timed(Timed::of(&Packed::new())))) }
    }

    /// A hash of fields and values in turns, if that is a form that the limits allow and no field is there twice.
    pub fn from_packed(pairs: Packed, limits: &EncodingLimits) -> Option<Hash> {
        let bytes_max = limits.hash_value_bytes_max.get();
        let is_small = pairs.len().is_multiple_of(2)
            && pairs.len() / 2 <= limits.hash_entries_max.get()
            && pairs.iter().all(|item| item.text_len() <= bytes_max);
        if !is_small {
            return None;
        }
        let mut field = pairs.first();
        while let Some(position) = field {
            if pairs.find(pairs.item(position), 1) != Some(position) {
                return None;
            }
            field = pairs.next(position).and_then(|value| pairs.next(value));
        }
        Some(Hash { form: Form::Packed(pairs) })
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        match self.view() {
            View::Packed(packed) => packed.len() / 2,
            View::Timed(timed) => timed.len(),
            View::Large(large) => large.table.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of other allocations that one more field may take besides its own: a compact form is copied, or becomes
    /// a table.
    pub fn growth_bytes(&self) -> usize {
        match self.view() {
            View::Packed(packed) => 2 * packed.growth_bytes(),
            View::Timed(timed) => 3 * timed.memory_bytes(),
            View::Large(large) => large.table.growth_bytes(),
        }
    }

    /// The value of a field.
    pub fn get(&self, field: &[u8]) -> Option<Item<'_>> {
        match self.view() {
            View::Packed(packed) => {
                let value =
                    packed.next(packed.find(field, 1)?).expect("every field is followed by its value");
                Some(packed.item(value))
            }
            View::Timed(timed) => timed.get(field),
            View::Large(large) => large.find(field).map(|field| Item::Bytes(field.value())),
        }
    }

    /// Whether the field exists.
    pub fn contains(&self, field: &[u8]) -> bool {
        match self.view() {
            View::Packed(packed) => packed.find(field, 1).is_some(),
            View::Timed(timed) => timed.contains(field),
            View::Large(large) => large.find(field).is_some(),
        }
    }

    /// Sets a field, which then has no deadline; true if it is new.
    pub fn insert(&mut self, field: &[u8], value: &[u8], limits: &EncodingLimits) -> bool {
        self.put(field, value, false, limits)
    }

    /// As [`Hash::insert`], but a deadline stays.
    pub fn update(&mut self, field: &[u8], value: &[u8], limits: &EncodingLimits) -> bool {
        self.put(field, value, true, limits)
    }

    #[inline]
    fn put(&mut self, field: &[u8], value: &[u8], keep_deadline: bool, limits: &EncodingLimits) -> bool {
        let is_short = field.len().max(value.len()) <= limits.hash_value_bytes_max.get();
        match &mut self.form {
            Form::Packed(packed) => match packed.find(field, 1) {
                Some(position) if is_short => {
                    let position = packed.next(position).expect("every field is followed by its value");
                    packed.replace(position, value);
                    return false;
                }
                None if is_short && packed.len() / 2 < limits.hash_entries_max.get() => {
                    packed.push_back(field);
                    packed.push_back(value);
                    return true;
                }
                _ => {}
            },
            Form::Other(other) => match &mut **other {
                Other::Timed(timed) => {
                    if is_short && timed.replace(field, value, keep_deadline) {
                        return false;
                    }
                    if is_short && timed.len() < limits.hash_entries_max.get() {
                        timed.push(field, value);
                        return true;
                    }
                }
                Other::Large(large) => return large.insert(field, value, keep_deadline),
            },
        }
        self.enlarge(limits).insert(field, value, keep_deadline)
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
            Form::Other(other) => match &mut **other {
                Other::Timed(timed) => timed.remove(field),
                Other::Large(large) => large.remove(field),
            },
        }
    }

    /// The deadline of a field in unix milliseconds, if there is such a field and if it has one.
    pub fn deadline(&self, field: &[u8]) -> Option<Option<u64>> {
        match self.view() {
            View::Packed(packed) => packed.find(field, 1).map(|_| None),
            View::Timed(timed) => timed.deadline(field).map(|at| Some(at).filter(|&at| at != 0)),
            View::Large(large) => large.find(field).map(Field::deadline),
        }
    }

    /// Sets or clears the deadline of a field, which is not 0; `false` if there is no such field.
    pub fn set_deadline(&mut self, field: &[u8], deadline: Option<u64>) -> bool {
        if let Form::Packed(packed) = &self.form {
            if packed.find(field, 1).is_none() {
                return false;
            }
            if deadline.is_none() {
                return true;
            }
            self.form = Form::Other(Box::new(Other::Timed(Timed::of(packed))));
        }
        match &mut self.form {
            Form::Packed(_) => unreachable!("the form has just been changed"),
            Form::Other(other) => match &mut **other {
                Other::Timed(timed) => timed.set_deadline(field, deadline.unwrap_or(0)),
                Other::Large(large) => large.set_deadline(field, deadline),
            },
        }
    }

    /// Whether any field has a deadline.
    pub fn has_deadlines(&self) -> bool {
        match self.view() {
            View::Packed(_) => false,
            View::Timed(timed) => timed.iter().any(|(_, _, at)| at != 0),
            View::Large(large) => large.has_deadlines(),
        }
    }

    /// A time in unix milliseconds that no field's deadline is before; `u64::MAX` without deadlines.
    pub fn nearest_deadline(&self) -> u64 {
        match self.view() {
            View::Packed(_) => u64::MAX,
            View::Timed(timed) => timed.nearest(),
            View::Large(large) => large.nearest(),
        }
    }

    /// Removes about `most` fields whose deadlines are before `now`, or all such, and gives them to `removed`.
    pub fn take_due(&mut self, now: u64, most: usize, removed: impl FnMut(&[u8])) {
        match &mut self.form {
            Form::Packed(_) => {}
            Form::Other(other) => match &mut **other {
                Other::Timed(timed) => timed.take_due(now, removed),
                Other::Large(large) => large.take_due(now, most, removed),
            },
        }
    }

    /// All fields with their values, in no useful order.
    pub fn iter(&self) -> Iter<'_> {
        match self.view() {
            View::Packed(packed) => Iter(Walk::Packed(packed.iter())),
            View::Timed(timed) => Iter(Walk::Timed(timed.triplets(0))),
            View::Large(large) => Iter(Walk::Large(large.table.iter())),
        }
    }

    /// All fields with values and deadlines, in the order of [`Hash::iter`].
    pub fn iter_timed(&self) -> impl Iterator<Item = (Item<'_>, Item<'_>, Option<u64>)> {
        let mut walk = self.iter().0;
        core::iter::from_fn(move || match &mut walk {
            Walk::Packed(items) => Some((items.next()?, items.next()?, None)),
            Walk::Timed(items) => {
                items.next().map(|(field, value, at)| (field, value, Some(at).filter(|&at| at != 0)))
            }
            Walk::Large(fields) => fields.next().map(|field| {
                let (name, value) = pair(field);
                (name, value, field.deadline())
            }),
        })
    }

    /// Calls `visit` for about `count` fields from `cursor` on and returns the cursor to go on from; 0 begins
    /// and 0 ends. A compact hash is visited at once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Pair<'_>)) -> u64 {
        match self.view() {
            View::Large(large) => large.table.scan(cursor, count, |field| visit(pair(field))),
            _ => {
                self.iter().for_each(visit);
                0
            }
        }
    }

    /// A field chosen at random; `None` if there is none.
    pub fn random(&self, random: &mut Random) -> Option<Pair<'_>> {
        if self.is_empty() {
            return None;
        }
        let mut index = || random.index(self.len());
        match self.view() {
            View::Packed(packed) => {
                let mut items = packed.iter_from(index() * 2);
                Some((items.next()?, items.next()?))
            }
            View::Timed(timed) => timed.triplets(index()).next().map(|(field, value, _)| (field, value)),
            View::Large(large) => large.table.random(random).map(pair),
        }
    }

    /// Endless random fields, each drawn from all; the hash is not empty.
    pub fn draws<'a>(&'a self, random: &'a mut Random) -> impl Iterator<Item = Pair<'a>> {
        // Seeking in a packed hash walks, so its few fields are laid out once.
        let laid_out: Vec<Pair<'a>> = match self.view() {
            View::Large(_) => Vec::new(),
            _ => self.iter().collect(),
        };
        core::iter::from_fn(move || match self.view() {
            View::Large(large) => large.table.random(random).map(pair),
            _ => laid_out.get(random.index(laid_out.len())).copied(),
        })
    }

    /// Calls `visit` for `count` different random fields, or for all.
    pub fn sample(&self, count: usize, random: &mut Random, mut visit: impl FnMut(Pair<'_>)) {
        match self.view() {
            View::Large(large) => sample::distinct(&large.table, count, random, |field| visit(pair(field))),
            _ => {
                let mut selection = Selection::new(self.len(), count);
                self.iter().filter(|_| selection.takes_next(random)).for_each(visit);
            }
        }
    }

    /// The name that OBJECT ENCODING replies.
    pub fn encoding(&self) -> &'static str {
        match self.view() {
            View::Packed(_) => "listpack",
            View::Timed(_) => "listpackex",
            View::Large(_) => "hashtable",
        }
    }

    /// Whether this is one of the compact forms.
    pub fn is_compact(&self) -> bool {
        !matches!(self.view(), View::Large(_))
    }

    /// Fields and values in turns, while they are one packed sequence.
    pub fn packed(&self) -> Option<&Packed> {
        match self.view() {
            View::Packed(packed) => Some(packed),
            _ => None,
        }
    }

    /// Bytes allocated on the heap; those of a large hash's fields are estimated from some of them.
    pub fn memory_bytes(&self) -> usize {
        match self.view() {
            View::Packed(packed) => packed.memory_bytes(),
            View::Timed(timed) => timed.memory_bytes(),
            View::Large(large) => sample::memory_bytes(&large.table, Field::memory_bytes),
        }
    }

    /// A copy, for COPY.
    pub fn copy(&self, limits: &EncodingLimits) -> Hash {
        let form = match self.view() {
            View::Packed(packed) => Form::Packed(packed.clone()),
            View::Timed(timed) => Form::Other(Box::new(Other::Timed(timed.clone()))),
            View::Large(large) => Form::Other(Box::new(Other::Large(large.copy(limits.seed)))),
        };
        Hash { form }
    }

    /// The fields as something that is saved one by one, in the large form.
    pub(crate) fn by_element(&mut self) -> Option<&mut dyn SavedByElement> {
        match &mut self.form {
            Form::Packed(_) => None,
            Form::Other(other) => match &mut **other {
                Other::Timed(_) => None,
                Other::Large(large) => Some(&mut large.table),
            },
        }
    }

    /// Begins to save the fields one by one, in the large form.
    pub(crate) fn begin_saving(&mut self, sink: Box<dyn Sink<Field>>) {
        if let Form::Other(other) = &mut self.form
            && let Other::Large(large) = &mut **other
        {
            large.table.begin_saving(sink);
        }
    }

    /// Frees about `budget` elements of a value that is being thrown away; true when nothing is left.
    pub fn free_some(&mut self, budget: usize) -> bool {
        if let Form::Other(other) = &mut self.form
            && let Other::Large(large) = &mut **other
        {
            return large.table.free_some(budget);
        }
        *self = Hash::default();
        true
    }

    /// Gives the hash its large form.
    fn enlarge(&mut self, limits: &EncodingLimits) -> &mut Large {
        let mut large = Large::new(limits.seed);
        let (mut name, mut text) = (Vec::new(), Vec::new());
        for (field, value, deadline) in self.iter_timed() {
            name.clear();
            text.clear();
            field.append_to(&mut name);
            value.append_to(&mut text);
            large.push(&name, &text, deadline);
        }
        self.form = Form::Other(Box::new(Other::Large(large)));
        match &mut self.form {
            Form::Other(other) => match &mut **other {
                Other::Large(large) => large,
                Other::Timed(_) => unreachable!("the form has just been changed"),
            },
            Form::Packed(_) => unreachable!("the form has just been changed"),
        }
    }
}

fn pair(field: &Field) -> Pair<'_> {
    (Item::Bytes(field.key()), Item::Bytes(field.value()))
}

/// Iterates over the fields of a [`Hash`](struct@Hash) with their values.
pub struct Iter<'a>(Walk<'a>);

enum Walk<'a> {
    Packed(packed::Iter<'a>),
    Timed(Triplets<'a>),
    Large(crate::structures::table::Iter<'a, Field>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        match &mut self.0 {
            Walk::Packed(items) => Some((items.next()?, items.next()?)),
            Walk::Timed(items) => items.next().map(|(field, value, _)| (field, value)),
            Walk::Large(fields) => fields.next().map(pair),
        }
    }
}
