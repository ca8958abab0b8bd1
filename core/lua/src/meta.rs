//! Metamethods: their names, and finding them.

use crate::table::Table;
use crate::value::{Gc, Str, Val};
use crate::vm::Vm;

/// What a metatable can define. The first eight are remembered as absent, a bit each in [`Table::absent`].
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub(crate) enum Event {
    Index,
    NewIndex,
    Eq,
    Len,
    Call,
    Mode,
    Concat,
    Lt,
    Le,
    Unm,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Tostring,
    Metatable,
}

/// In the order of [`Event`].
pub(crate) const NAMES: [&str; 18] = [
    "__index",
    "__newindex",
    "__eq",
    "__len",
    "__call",
    "__mode",
    "__concat",
    "__lt",
    "__le",
    "__unm",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__mod",
    "__pow",
    "__tostring",
    "__metatable",
];

impl Vm {
    pub(crate) fn name(&self, event: Event) -> Gc<Str> {
        self.names[event as usize]
    }

    pub(crate) fn metatable(&self, value: &Val) -> Option<Gc<Table>> {
        match value {
            Val::Table(table) => table.meta,
            Val::Str(_) => self.string_meta,
            _ => None,
        }
    }

    /// A metamethod of a value, or nil.
    pub(crate) fn metamethod(&self, value: &Val, event: Event) -> Val {
        match self.metatable(value) {
            Some(meta) => meta.get_short(self.name(event)),
            None => Val::Nil,
        }
    }

    /// As `metamethod`, for a metatable and one of the first eight events, most often absent.
    #[inline(always)]
    pub(crate) fn fast_metamethod(&self, mut meta: Gc<Table>, event: Event) -> Option<Val> {
        let bit = 1u8 << event as u8;
        if meta.absent & bit != 0 {
            return None;
        }
        let found = meta.get_short(self.name(event));
        if found.is_nil() {
            meta.absent |= bit;
            return None;
        }
        Some(found)
    }
}
