//! Counters of commands and of errors, for INFO.

use alloc::string::String;
use alloc::vec::Vec;
use core::ptr;

use super::Histogram;
use crate::base::error::Error;
use crate::command::{Command, Lookup, full_name};
use crate::number;
use crate::structures::ordered::OrderedMap;

/// Kinds of errors that are told apart; scripts can make up any number of them.
const ERRORS_MAX: usize = 128;

/// Rows whose counters are found at once; a power of two.
const RECENT_ROWS: usize = 8;

/// What was counted of a command.
#[derive(Default)]
pub struct Counts {
    /// How often it ran.
    pub calls: u64,
    /// For how long, in microseconds, as far as it was timed.
    pub micros: u64,
    /// How often it was refused before it ran.
    pub rejected: u64,
    /// How often it failed.
    pub failed: u64,
    /// How long it took each time.
    pub histogram: Option<Histogram>,
}

/// Counters of all commands and errors.
pub struct Statistics {
    rows: Vec<(&'static Command, String)>,
    counts: Vec<Counts>,
    /// Indexes of rows by where the rows lie, plus one.
    slots: Vec<u16>,
    /// Rows that were looked up of late, each at the place that its address gives it: what repeats is a handful.
    recent: [(*const Command, usize); RECENT_ROWS],
    /// How often there was an error, by its code.
    pub errors: OrderedMap<String, u64>,
}

// SAFETY: the pointer is only compared, never followed.
unsafe impl Send for Statistics {}

impl Statistics {
    /// Counters for every row of the table.
    pub fn new(lookup: &Lookup) -> Statistics {
        let mut rows = Vec::new();
        for &row in lookup.rows() {
            rows.push((row, full_name(None, row)));
            rows.extend(row.subcommands.iter().map(|own| (own, full_name(Some(row), own))));
        }
        let size = (rows.len() * 4).next_power_of_two();
        let mut slots = alloc::vec![0; size];
        for (index, (row, _)) in rows.iter().enumerate() {
            let mut at = slot_of(row, size);
            while slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = number::low_u16(index as u64) + 1;
        }
        let counts = rows.iter().map(|_| Counts::default()).collect();
        Statistics { rows, counts, slots, recent: [(ptr::null(), 0); RECENT_ROWS], errors: OrderedMap::new() }
    }

    /// The counters of a command.
    #[inline]
    pub fn of(&mut self, row: &'static Command) -> &mut Counts {
        let place = (ptr::from_ref(row).addr() >> 6) % RECENT_ROWS;
        if !ptr::eq(self.recent[place].0, row) {
            self.recent[place] = (row, self.find(row));
        }
        &mut self.counts[self.recent[place].1]
    }

    /// Counts how long a command took.
    pub fn time(&mut self, row: &'static Command, micros: u64) {
        let counts = self.of(row);
        counts.micros += micros;
        counts.histogram.get_or_insert_default().add(micros);
    }

    /// Counts an error.
    #[cold]
    pub fn error(&mut self, error: &Error) {
        let text = error.text();
        let code = text.split(|&byte| byte == b' ').next().unwrap_or_default();
        let code = String::from_utf8_lossy(code).into_owned();
        if self.errors.len() < ERRORS_MAX || self.errors.contains_key(&code) {
            *self.errors.or_default(code) += 1;
        }
    }

    /// Names and counters of all commands.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Counts)> {
        self.rows.iter().map(|(_, name)| name.as_str()).zip(&self.counts)
    }

    /// Sets all counters to zero.
    pub fn reset(&mut self) {
        self.counts.iter_mut().for_each(|counts| *counts = Counts::default());
        self.errors.clear();
    }

    #[inline(never)]
    fn find(&self, row: &'static Command) -> usize {
        let mut at = slot_of(row, self.slots.len());
        loop {
            let Some(index) = usize::from(self.slots[at]).checked_sub(1) else {
                // The compiler may keep a second copy of a row.
                let is_same = |own: &Command| own.name == row.name && own.summary == row.summary;
                let found = self.rows.iter().position(|(own, _)| is_same(own));
                return found.expect("every row that runs is one of the table");
            };
            if ptr::eq(self.rows[index].0, row) {
                return index;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

fn slot_of(row: &Command, size: usize) -> usize {
    let address = ptr::from_ref(row) as u64;
    ((address >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (size - 1)
}
