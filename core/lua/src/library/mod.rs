//! The libraries.

mod arguments;
mod base;
mod bit;
mod coroutine;
mod format;
mod json;
mod math;
mod msgpack;
mod pack;
mod pattern;
mod sort;
mod string;
mod table;

use crate::api::{Call, Host};
use crate::error::Raise;
use crate::table::Table;
use crate::value::{Gc, NativeKind, Val};
use crate::vm::Vm;

pub(crate) use base::{missing_global, next};

/// A function of a library: it pushes its results and says how many there are.
pub(crate) type Function = fn(&mut Call<'_>, &mut dyn Host) -> Result<usize, Raise>;

/// Puts all libraries into the globals.
pub(crate) fn open(vm: &mut Vm) -> Result<(), Raise> {
    base::open(vm)?;
    coroutine::open(vm)?;
    math::open(vm)?;
    string::open(vm)?;
    table::open(vm)?;
    json::open(vm)?;
    msgpack::open(vm)?;
    pack::open(vm)?;
    bit::open(vm)
}

/// Puts functions into a table.
fn register(vm: &mut Vm, table: Gc<Table>, functions: &[(&str, Function)]) -> Result<(), Raise> {
    for (name, function) in functions {
        register_kind(vm, table, name, NativeKind::Library(*function))?;
    }
    Ok(())
}

fn register_kind(vm: &mut Vm, table: Gc<Table>, name: &str, kind: NativeKind) -> Result<(), Raise> {
    register_native(vm, table, name, kind, Val::Nil)
}

/// As `register_kind`, with an upvalue.
fn register_native(
    vm: &mut Vm,
    mut table: Gc<Table>,
    name: &str,
    kind: NativeKind,
    upvalue: Val,
) -> Result<(), Raise> {
    let key = vm.heap.string(name.as_bytes())?;
    let native = vm.heap.new_native(kind, [upvalue, Val::Nil, Val::Nil])?;
    table.set(&mut vm.heap, Val::Str(key), Val::Native(native))
}

/// A new library: a table in a global variable.
fn library(vm: &mut Vm, name: &str, functions: &[(&str, Function)]) -> Result<Gc<Table>, Raise> {
    let table = vm.new_table(0, functions.len())?;
    register(vm, table, functions)?;
    let globals = vm.globals;
    set(vm, globals, name, Val::Table(table))?;
    Ok(table)
}

fn set(vm: &mut Vm, mut table: Gc<Table>, name: &str, value: Val) -> Result<(), Raise> {
    let key = vm.heap.string(name.as_bytes())?;
    table.set(&mut vm.heap, Val::Str(key), value)
}
