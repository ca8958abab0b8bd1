//! Saving the elements of a table as they were at one moment, while the table changes.
//!
//! The walk goes through positions in the order of hashes. An element that is to change before the walk comes to it is
//! saved first, and its hash is noted, so that the walk passes over it; so are the hashes of those that come later.
//! Each first change costs its own element and nothing else, however large the table is.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{HashSeed, Keyed, Table, Walked};

/// A segment that weighs so much more than wanted, in bytes, is saved in several parts.
const OVERWEIGHT: usize = 16 << 10;

/// Where elements are saved to.
pub(crate) trait Sink<E>: Send {
    /// Saves an element.
    fn add(&mut self, element: &E);

    /// What was saved, for the walk, which takes it out as it goes.
    fn output(&mut self) -> &mut dyn SavedBytes;
}

/// What a sink has gathered.
pub(crate) trait SavedBytes {
    /// Bytes that were gathered and not taken, and about as many more as the work of gathering them was worth.
    fn weight(&self) -> usize;

    /// Whether all that was gathered is taken.
    fn is_empty(&self) -> bool;

    /// Moves the first of it behind the bytes of `out`; `false` if there is nothing.
    fn pop_into(&mut self, out: &mut Vec<u8>) -> bool;

    /// What the work since the last call was worth, in bytes, besides the bytes themselves.
    fn take_effort(&mut self) -> usize;

    /// Whether there was no memory for some of it.
    fn has_failed(&self) -> bool;
}

/// A collection whose elements can be saved one by one.
pub(crate) trait SavedByElement {
    /// Whether they are being saved.
    fn is_saving(&self) -> bool;

    /// What they are being saved to; `None` while they are not.
    fn output(&mut self) -> Option<&mut dyn SavedBytes>;

    /// Goes on with the walk until the output weighs `weight_max`; true once it is through.
    fn save_some(&mut self, weight_max: usize) -> bool;

    /// Ends saving, wherever the walk is.
    fn end_saving(&mut self);
}

/// The state of a walk.
pub(super) struct Saving<E: Keyed> {
    sink: Box<dyn Sink<E>>,
    /// The walk has been before this position; `None` once it is through.
    passed: Option<u64>,
    /// Hashes behind that position whose elements are saved, or are new.
    marks: Table<Mark>,
}

/// The hash of an element. Of two with the same one, which nobody can bring about, one would be left out.
struct Mark([u8; 8]);

impl Keyed for Mark {
    const IS_ELEMENT: bool = false;

    #[inline(always)]
    fn key(&self) -> &[u8] {
        &self.0
    }
}

impl<E: Keyed> Saving<E> {
    fn new(seed: HashSeed, sink: Box<dyn Sink<E>>) -> Saving<E> {
        Saving { sink, passed: Some(0), marks: Table::new(seed) }
    }

    /// Whether this hash is still to be thought of, and notes that it no longer is.
    fn is_first(&mut self, hash: u64) -> bool {
        if self.passed.is_none_or(|passed| hash < passed) {
            return false;
        }
        let mark = Mark(hash.to_le_bytes());
        let own = self.marks.hash(mark.key());
        let is_first = self.marks.find(own, mark.key()).is_none();
        if is_first {
            self.marks.insert_new(own, mark);
        }
        is_first
    }

    /// An element with this hash is about to change or to go.
    #[cold]
    #[inline(never)]
    pub(super) fn before_change(&mut self, hash: u64, element: &E) {
        if self.is_first(hash) {
            self.sink.add(element);
        }
    }

    /// An element with this hash has come.
    #[cold]
    #[inline(never)]
    pub(super) fn note_new(&mut self, hash: u64) {
        self.is_first(hash);
    }
}

impl<E: Keyed> Table<E> {
    /// Begins to save all elements as they are now. The sink must have gathered what stands before them.
    pub(crate) fn begin_saving(&mut self, sink: Box<dyn Sink<E>>) {
        self.saving = Some(Box::new(Saving::new(self.seed, sink)));
    }
}

impl<E: Keyed> Table<E> {
    /// Saves what is left of a segment, or a part of it if that weighs too much; where the walk goes on.
    fn save_segment(&mut self, position: u64, saving: &mut Saving<E>, weight_max: usize) -> Option<u64> {
        let seed = self.seed;
        let Saving { sink, marks, .. } = saving;
        // Of a segment that was joined, a part lies in front of the position.
        let is_simple = marks.is_empty() && self.begins_at(position);
        let mut visited = 0usize;
        let walked = self.walk_segment(position, |element| {
            if sink.output().weight() >= weight_max {
                return false;
            }
            visited += 1;
            let is_wanted = is_simple || {
                let hash = seed.hash(element.key());
                // What is passed needs its mark no more.
                hash >= position && marks.remove(mark_hash(marks, hash), &hash.to_le_bytes()).is_none()
            };
            if is_wanted {
                sink.add(element);
            }
            true
        });
        match walked {
            Walked::To(next) => return Some(next),
            Walked::Through => return None,
            Walked::Stopped => {}
        }
        // What was visited is saved, and the walk comes here again.
        self.walk_segment(position, |element| {
            let hash = seed.hash(element.key());
            if visited > 0 && hash >= position {
                marks.insert_new(mark_hash(marks, hash), Mark(hash.to_le_bytes()));
            }
            visited = visited.saturating_sub(1);
            visited > 0
        });
        Some(position)
    }
}

fn mark_hash(marks: &Table<Mark>, hash: u64) -> u64 {
    marks.hash(&hash.to_le_bytes())
}

impl<E: Keyed> SavedByElement for Table<E> {
    fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    fn output(&mut self) -> Option<&mut dyn SavedBytes> {
        self.saving.as_mut().map(|saving| saving.sink.output())
    }

    fn save_some(&mut self, weight_max: usize) -> bool {
        let Some(mut saving) = self.saving.take() else { return true };
        while let Some(position) = saving.passed {
            if saving.sink.output().weight() >= weight_max {
                break;
            }
            saving.passed = self.save_segment(position, &mut saving, weight_max.saturating_add(OVERWEIGHT));
        }
        let is_through = saving.passed.is_none();
        self.saving = Some(saving);
        is_through
    }

    fn end_saving(&mut self) {
        self.saving = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use alloc::collections::BTreeMap;

    /// A key with a number that changes.
    struct Numbered([u8; 8], u64);

    impl Keyed for Numbered {
        fn key(&self) -> &[u8] {
            &self.0
        }
    }

    /// What was saved, each element once.
    struct Gathered(BTreeMap<u64, u64>, Vec<u8>);

    impl Sink<Numbered> for Gathered {
        fn add(&mut self, element: &Numbered) {
            let key = u64::from_le_bytes(element.0);
            assert_eq!(self.0.insert(key, element.1), None, "{key} is saved twice");
            self.1.push(0);
            self.1.extend_from_slice(&key.to_le_bytes());
            self.1.extend_from_slice(&element.1.to_le_bytes());
        }

        fn output(&mut self) -> &mut dyn SavedBytes {
            self
        }
    }

    impl SavedBytes for Gathered {
        fn weight(&self) -> usize {
            self.1.len() * 100
        }

        fn is_empty(&self) -> bool {
            self.1.is_empty()
        }

        fn pop_into(&mut self, out: &mut Vec<u8>) -> bool {
            out.append(&mut self.1);
            false
        }

        fn take_effort(&mut self) -> usize {
            0
        }

        fn has_failed(&self) -> bool {
            false
        }
    }

    #[test]
    fn each_element_is_saved_once_and_as_it_was_however_the_table_grows_and_shrinks() {
        const KEYS: u64 = if cfg!(miri) { 150 } else { 3000 };
        for seed in 0..if cfg!(miri) { 2 } else { 24 } {
            // Some walks see a table that only shrinks, where they have been before or everywhere.
            let (shrinks, behind) = (seed % 3 == 0, seed % 2 == 0);
            let mut random = Random::new([seed; 16]);
            let mut table = Table::new(HashSeed(1, 2));
            let mut was = BTreeMap::new();
            for key in 0..KEYS {
                let hash = table.hash(&key.to_le_bytes());
                table.insert_new(hash, Numbered(key.to_le_bytes(), key));
                was.insert(key, key);
            }
            // So sparse a table joins segments soon, those that the walk has been in with those that it has not.
            if behind {
                for key in (0..KEYS).filter(|key| key % 10 > 2) {
                    table.remove(table.hash(&key.to_le_bytes()), &key.to_le_bytes());
                    was.remove(&key);
                }
            }
            table.begin_saving(Box::new(Gathered(BTreeMap::new(), Vec::new())));
            let mut saved = Vec::new();
            while !table.save_some(5000) {
                table.output().map(|output| output.pop_into(&mut saved));
                let passed = table.saving.as_ref().and_then(|saving| saving.passed).unwrap_or(u64::MAX);
                for _ in 0..random.below(if behind { 2 * KEYS } else { KEYS / 10 }) {
                    let key = random.below(KEYS + KEYS / 3).to_le_bytes();
                    let hash = table.hash(&key);
                    if behind && hash >= passed {
                        continue;
                    }
                    if shrinks || random.below(3) == 0 {
                        table.remove(hash, &key);
                    } else if let Some(found) = table.find_mut(hash, &key) {
                        found.1 += 1;
                    } else {
                        table.insert_new(hash, Numbered(key, 0));
                    }
                }
            }
            table.output().map(|output| output.pop_into(&mut saved));
            let found: BTreeMap<u64, u64> = saved
                .chunks(17)
                .map(|record| {
                    let [key, number] = [1, 9].map(|at| record[at..at + 8].try_into().expect("eight bytes"));
                    (u64::from_le_bytes(key), u64::from_le_bytes(number))
                })
                .collect();
            assert!(found == was, "seed {seed}");
            table.end_saving();
            assert!(!table.is_saving());
        }
    }
}
