//! Looking at values without a handle for each part of them.

use crate::api::{Call, Value};
use crate::table::Table;
use crate::value::{Gc, Val};
use crate::vm::Vm;

/// A value as it is while nothing runs.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// Nil, or nothing at all.
    Nil,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// The bytes of a string.
    String(&'a [u8]),
    /// A table.
    Table(TableView<'a>),
    /// A function, a coroutine, or `cjson.null` and its like.
    Other,
}

/// A table as it is while nothing runs.
#[derive(Clone, Copy)]
pub struct TableView<'a> {
    vm: &'a Vm,
    table: Gc<Table>,
}

impl<'a> TableView<'a> {
    /// Whether there may be anything but the elements 1, 2, 3 and so on.
    pub fn has_entries(self) -> bool {
        self.table.has_nodes()
    }

    /// The value of an entry with a short string as key, without metamethods.
    pub fn field(self, name: &str) -> View<'a> {
        match self.vm.heap.find_short(name.as_bytes()) {
            Some(name) => self.vm.view_of(self.table.get_short(name)),
            None => View::Nil,
        }
    }

    /// The value of an element; the first has index 1.
    pub fn element(self, index: usize) -> View<'a> {
        self.vm.view_of(self.table.get_index(index))
    }

    /// The first entry from a position on, in the order of `pairs`, and the position after it; begins with 0.
    pub fn entry(self, position: usize) -> Option<(usize, View<'a>, View<'a>)> {
        let (next, key, value) = self.table.entry_at_or_after(position)?;
        Some((next, self.vm.view_of(key), self.vm.view_of(value)))
    }
}

impl Vm {
    /// A value as it is; nil if its handle has ended.
    pub fn view(&self, value: Value) -> View<'_> {
        self.view_of(self.peek(value).unwrap_or(Val::Nil))
    }

    /// A result of the last run; nil beyond the last.
    pub fn view_result(&self, index: usize) -> View<'_> {
        if index < self.main.top { self.view_of(self.main.at(index)) } else { View::Nil }
    }

    /// The error that ended the last run.
    pub fn view_failure(&self) -> View<'_> {
        self.view_of(self.thrown)
    }

    fn view_of(&self, value: Val) -> View<'_> {
        match value {
            Val::Nil | Val::Dead(_) => View::Nil,
            Val::Bool(value) => View::Bool(value),
            Val::Number(number) => View::Number(number),
            Val::Str(string) => View::String(string.bytes()),
            Val::Table(table) => View::Table(TableView { vm: self, table }),
            Val::Lua(_) | Val::Native(_) | Val::Thread(_) | Val::Light(_) => View::Other,
        }
    }
}

impl Call<'_> {
    /// An argument as it is; nil beyond the last.
    pub fn view(&self, index: usize) -> View<'_> {
        self.vm.view_of(self.arg(index))
    }
}
