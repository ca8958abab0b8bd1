//! Sets.
//!
//! A set of few integers is one sorted array, a small set of any strings one [`Packed`]. Beyond the
//! [`EncodingLimits`] it is a [`Table`] of thin byte strings, and stays so.

mod bulk;
pub(crate) mod commands;
mod lookup;
mod member;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::random::{Random, Selection};
use crate::base::relocate::{Mover, Relocate};
use crate::structures::table::saving::{SavedByElement, Sink};
use crate::structures::table::{Keyed, Table};
use crate::structures::{INTEGER_TEXT_BYTES_MAX, IntSet, Item, Packed, packed};
use crate::types::{EncodingLimits, sample};
pub(crate) use bulk::Bulk;
pub(crate) use member::Member;

/// A set of byte strings.
///
/// Items that come out are integers only where a compact form keeps them so; compare them as text.
#[derive(Default)]
pub struct Set {
    form: Form,
}

enum Form {
    Ints(IntSet),
    Packed(Packed),
    Table(Box<Table<Member>>),
}

/// Whether a difference looks for each member of the first set in all others, rather than for each member of the
/// others in the first set. As in Redis, the former is taken for half the work, since it ends at the first find.
pub(crate) fn is_looked_up(first: usize, others: usize, members_of_others: usize) -> bool {
    let (first, others, members) = (first as u64, others as u64, members_of_others as u64);
    first.saturating_mul(others + 1) / 2 <= first + members
}

impl Default for Form {
    fn default() -> Form {
        Form::Ints(IntSet::new())
    }
}

impl Relocate for Set {
    fn relocate(&mut self, mover: &mut Mover) {
        match &mut self.form {
            Form::Ints(ints) => ints.relocate(mover),
            Form::Packed(packed) => packed.relocate(mover),
            Form::Table(table) if mover.may_enter(table.len()) => table.relocate(mover),
            Form::Table(_) => {}
        }
    }
}

impl Set {
    /// The set of the members in a table.
    fn of(table: Table<Member>) -> Set {
        Set { form: Form::Table(Box::new(table)) }
    }

    /// An empty set that will take many members, in the large form at once.
    pub fn for_many(limits: &EncodingLimits) -> Set {
        Set::of(Table::new(limits.seed))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Ints(ints) => ints.len(),
            Form::Packed(packed) => packed.len(),
            Form::Table(table) => table.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of other allocations that one more member may take besides its own: a compact form is copied, or becomes
    /// another.
    pub fn growth_bytes(&self) -> usize {
        match &self.form {
            Form::Ints(ints) => ints.growth_bytes(),
            Form::Packed(packed) => 2 * packed.growth_bytes(),
            Form::Table(table) => table.growth_bytes(),
        }
    }

    /// Whether these bytes are a member.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.form {
            Form::Table(table) => table.find(table.hash(member), member).is_some(),
            _ => self.contains_item(Item::from(member)),
        }
    }

    /// Whether the text of an item, of this or any other set, is a member.
    pub fn contains_item(&self, item: Item<'_>) -> bool {
        match (&self.form, item) {
            (Form::Ints(ints), Item::Int(number)) => ints.contains(number),
            // The item of a large set may be an integer's text.
            (Form::Ints(ints), Item::Bytes(bytes)) => {
                matches!(Item::from(bytes), Item::Int(number) if ints.contains(number))
            }
            (Form::Packed(packed), Item::Int(_)) => packed.find(item, 0).is_some(),
            (Form::Packed(packed), Item::Bytes(bytes)) => packed.find(bytes, 0).is_some(),
            (Form::Table(_), _) => self.contains(item.text(&mut [0; INTEGER_TEXT_BYTES_MAX])),
        }
    }

    /// Adds a member; true if it is new.
    pub fn insert(&mut self, member: &[u8], limits: &EncodingLimits) -> bool {
        self.add(member, limits, false)
    }

    /// Adds what is known to be no member.
    pub fn insert_new(&mut self, member: &[u8], limits: &EncodingLimits) {
        self.add(member, limits, true);
    }

    fn add(&mut self, member: &[u8], limits: &EncodingLimits, is_known_to_be_new: bool) -> bool {
        match &mut self.form {
            Form::Ints(ints) => {
                if let Item::Int(number) = Item::from(member) {
                    let is_new = ints.insert(number);
                    if ints.len() > limits.intset_entries_max.get() {
                        self.convert(limits);
                    }
                    return is_new;
                }
                if ints.len() < limits.set_entries_max.get()
                    && member.len() <= limits.set_value_bytes_max.get()
                {
                    let mut packed = Packed::new();
                    ints.iter().for_each(|number| packed.push_back(number));
                    packed.push_back(member);
                    self.form = Form::Packed(packed);
                    return true;
                }
                self.convert(limits);
            }
            Form::Packed(packed) => {
                if !is_known_to_be_new && packed.find(member, 0).is_some() {
                    return false;
                }
                if packed.len() < limits.set_entries_max.get()
                    && member.len() <= limits.set_value_bytes_max.get()
                {
                    packed.push_back(member);
                    return true;
                }
                self.convert(limits);
            }
            Form::Table(_) => {}
        }
        let Form::Table(table) = &mut self.form else { unreachable!("a compact set was converted above") };
        let hash = table.hash(member);
        let is_new = is_known_to_be_new || table.find(hash, member).is_none();
        if is_new {
            table.insert_new(hash, Member::new(member));
        }
        is_new
    }

    /// Chooses the form for so many additions that begin with `first`, as Redis does before SADD.
    pub fn expect(&mut self, additions: usize, first: &[u8], limits: &EncodingLimits) {
        let most = match &self.form {
            Form::Ints(ints) if !ints.is_empty() || matches!(Item::from(first), Item::Int(_)) => {
                limits.intset_entries_max.get()
            }
            Form::Table(_) => return,
            _ => limits.set_entries_max.get(),
        };
        if additions > most {
            self.convert(limits);
        }
    }

    /// Removes a member; true if it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.form {
            Form::Ints(ints) => matches!(Item::from(member), Item::Int(number) if ints.remove(number)),
            Form::Packed(packed) => packed.find(member, 0).map(|position| packed.remove(position)).is_some(),
            Form::Table(table) => table.remove(table.hash(member), member).is_some(),
        }
    }

    /// All members; integers in ascending order while they are in an array, otherwise in no useful order.
    pub fn iter(&self) -> Iter<'_> {
        match &self.form {
            Form::Ints(ints) => Iter(Members::Ints(ints, 0)),
            Form::Packed(packed) => Iter(Members::Packed(packed.iter())),
            Form::Table(table) => Iter(Members::Table(table.iter())),
        }
    }

    /// Calls `visit` for about `count` members from `cursor` on and returns the cursor to go on from; 0 begins
    /// and 0 ends. A compact set is visited at once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Item<'_>)) -> u64 {
        match &self.form {
            Form::Table(table) => table.scan(cursor, count, |member| visit(Item::Bytes(member.key()))),
            _ => {
                self.iter().for_each(visit);
                0
            }
        }
    }

    /// A member chosen at random; `None` if there is none.
    pub fn random(&self, random: &mut Random) -> Option<Item<'_>> {
        if self.is_empty() {
            return None;
        }
        match &self.form {
            Form::Ints(ints) => ints.get(random.index(ints.len())).map(Item::Int),
            Form::Packed(packed) => packed.get(random.index(packed.len())),
            Form::Table(table) => table.random(random).map(|member| Item::Bytes(member.key())),
        }
    }

    /// Takes out a member chosen at random; `None` if there is none.
    pub fn pop(&mut self, random: &mut Random) -> Option<Vec<u8>> {
        let member = self.random(random)?.to_vec();
        self.remove(&member);
        Some(member)
    }

    /// Endless random members, each drawn from all; the set is not empty.
    pub fn draws<'a>(&'a self, random: &'a mut Random) -> impl Iterator<Item = Item<'a>> {
        // Seeking in a packed set walks, so its few members are laid out once.
        let laid_out: Vec<Item<'a>> = match &self.form {
            Form::Packed(packed) => packed.iter().collect(),
            _ => Vec::new(),
        };
        core::iter::from_fn(move || match &self.form {
            Form::Packed(_) => laid_out.get(random.index(laid_out.len())).copied(),
            _ => self.random(random),
        })
    }

    /// Calls `visit` for `count` different random members, or for all.
    pub fn sample(&self, count: usize, random: &mut Random, mut visit: impl FnMut(Item<'_>)) {
        match &self.form {
            Form::Table(table) => {
                sample::distinct(table, count, random, |member| visit(Item::Bytes(member.key())));
            }
            _ => {
                let mut selection = Selection::new(self.len(), count);
                self.iter().filter(|_| selection.takes_next(random)).for_each(visit);
            }
        }
    }

    /// The name that OBJECT ENCODING replies.
    pub fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Ints(_) => "intset",
            Form::Packed(_) => "listpack",
            Form::Table(_) => "hashtable",
        }
    }

    /// The members while they are integers in an array.
    pub fn integers(&self) -> Option<&IntSet> {
        match &self.form {
            Form::Ints(ints) => Some(ints),
            _ => None,
        }
    }

    /// Bytes allocated on the heap; those of a large set's members are estimated from some of them.
    pub fn memory_bytes(&self) -> usize {
        match &self.form {
            Form::Ints(ints) => ints.memory_bytes(),
            Form::Packed(packed) => packed.memory_bytes(),
            Form::Table(table) => sample::memory_bytes(table, |member| member.0.memory_bytes()),
        }
    }

    /// A copy, for COPY.
    pub fn copy(&self, limits: &EncodingLimits) -> Set {
        let form = match &self.form {
            Form::Ints(ints) => Form::Ints(ints.clone()),
            Form::Packed(packed) => Form::Packed(packed.clone()),
            Form::Table(_) => Form::Table(Box::new(self.to_table(limits))),
        };
        Set { form }
    }

    /// The members as something that is saved one by one, in the large form.
    pub(crate) fn by_element(&mut self) -> Option<&mut dyn SavedByElement> {
        match &mut self.form {
            Form::Table(table) => Some(&mut **table),
            Form::Ints(_) | Form::Packed(_) => None,
        }
    }

    /// Whether they are being saved so.
    pub(crate) fn is_saving(&self) -> bool {
        matches!(&self.form, Form::Table(table) if table.is_saving())
    }

    /// Begins to save the members one by one, in the large form.
    pub(crate) fn begin_saving(&mut self, sink: Box<dyn Sink<Member>>) {
        if let Form::Table(table) = &mut self.form {
            table.begin_saving(sink);
        }
    }

    /// Frees about `budget` elements of a value that is being thrown away; true when nothing is left.
    pub fn free_some(&mut self, budget: usize) -> bool {
        match &mut self.form {
            Form::Table(table) => table.free_some(budget),
            _ => {
                *self = Set::default();
                true
            }
        }
    }

    /// Gives the set its large form.
    fn convert(&mut self, limits: &EncodingLimits) {
        self.form = Form::Table(Box::new(self.to_table(limits)));
    }

    fn to_table(&self, limits: &EncodingLimits) -> Table<Member> {
        let mut table = Table::new(limits.seed);
        let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
        for item in self.iter() {
            let text = item.text(&mut scratch);
            table.insert_new(table.hash(text), Member::new(text));
        }
        table
    }
}

/// Iterates over the members of a [`Set`].
pub struct Iter<'a>(Members<'a>);

enum Members<'a> {
    /// The index of the next one.
    Ints(&'a IntSet, usize),
    Packed(packed::Iter<'a>),
    Table(crate::structures::table::Iter<'a, Member>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        match &mut self.0 {
            Members::Ints(ints, index) => {
                let number = ints.get(*index)?;
                *index += 1;
                Some(Item::Int(number))
            }
            Members::Packed(items) => items.next(),
            Members::Table(members) => members.next().map(|member| Item::Bytes(member.key())),
        }
    }
}
