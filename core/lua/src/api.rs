//! What the embedder works with: values, tables, functions of its own.

#![expect(
    clippy::cast_possible_truncation,
    reason = "handles and elements take memory, and more bytes than 2^32 of them are refused"
)]

use crate::error::{Error, Raise};
use crate::table::Table;
use crate::value::{Gc, NativeKind, Val};
use crate::vm::Vm;
use alloc::vec::Vec;

/// The embedder's functions. An implementation may borrow whatever it needs for the time of a run.
pub trait Host {
    /// Calls the function that was given this number by [`Vm::function`]. The results are pushed on the call, and
    /// their number is returned.
    ///
    /// # Errors
    /// Those of [`Vm`] and [`Call`], or one made by [`Call::error`].
    fn call(&mut self, function: u32, call: &mut Call<'_>) -> Result<usize, Error>;

    /// Seconds of processor time, for `os.clock`. It must be the same in every repetition of a run.
    fn clock(&mut self) -> f64 {
        0.0
    }
}

/// A value of Lua.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// `nil`.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A number; Lua 5.1 has only doubles.
    Number(f64),
    /// A string of any bytes.
    String(Handle),
    /// A table.
    Table(Handle),
    /// A function, of Lua, a library, or the embedder.
    Function(Handle),
    /// A coroutine.
    Thread(Handle),
    /// `cjson.null` and its like.
    Light(u32),
}

/// Refers to a string, table, function or coroutine. See the crate's documentation for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle {
    index: u32,
    /// Tells it from handles that had the same index before.
    serial: u32,
}

const HANDLE_BYTES: usize = size_of::<(Val, u32)>();

/// A value that is kept until [`Vm::unpin`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pinned(u32);

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// No argument was given.
    None,
    /// See [`Value::Nil`].
    Nil,
    /// See [`Value::Bool`].
    Bool,
    /// See [`Value::Number`].
    Number,
    /// See [`Value::String`].
    String,
    /// See [`Value::Table`].
    Table,
    /// See [`Value::Function`].
    Function,
    /// See [`Value::Thread`].
    Thread,
    /// See [`Value::Light`].
    Light,
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Value {
        Value::Number(f64::from(number))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

fn kind(value: &Val) -> Kind {
    match value {
        Val::Nil | Val::Dead(_) => Kind::Nil,
        Val::Bool(_) => Kind::Bool,
        Val::Number(_) => Kind::Number,
        Val::Str(_) => Kind::String,
        Val::Table(_) => Kind::Table,
        Val::Lua(_) | Val::Native(_) => Kind::Function,
        Val::Thread(_) => Kind::Thread,
        Val::Light(_) => Kind::Light,
    }
}

/// Values.
impl Vm {
    /// A string.
    ///
    /// # Errors
    /// Too little memory, as for everything here that makes something.
    pub fn string(&mut self, bytes: &[u8]) -> Result<Value, Error> {
        let string = self.heap.string(bytes)?;
        Ok(self.handle(Val::Str(string))?)
    }

    /// An empty table with room for elements and other entries.
    ///
    /// # Errors
    /// Too little memory.
    pub fn table(&mut self, elements: usize, entries: usize) -> Result<Value, Error> {
        let table = self.new_table(elements, entries)?;
        Ok(self.handle(Val::Table(table))?)
    }

    /// A function of the embedder: a call of it is [`Host::call`] with this number. The name is for messages where
    /// the program gives none.
    ///
    /// # Errors
    /// Too little memory.
    pub fn function(&mut self, name: &str, number: u32) -> Result<Value, Error> {
        let name = self.heap.string(name.as_bytes())?;
        let native = self.heap.new_native(NativeKind::Host(number), [Val::Str(name), Val::Nil, Val::Nil])?;
        Ok(self.handle(Val::Native(native))?)
    }

    /// The table of global variables.
    pub fn globals(&mut self) -> Value {
        let globals = Val::Table(self.globals);
        self.handle_unchecked(globals)
    }

    /// Sets a global variable, protected or not.
    ///
    /// # Errors
    /// As for [`Vm::set`].
    pub fn set_global(&mut self, name: &[u8], value: Value) -> Result<(), Error> {
        let (mut globals, value) = (self.globals, self.resolve(value)?);
        let name = self.heap.string(name)?;
        Ok(globals.set(&mut self.heap, Val::Str(name), value)?)
    }

    /// The bytes of a string; nothing for other values.
    pub fn as_bytes(&self, value: Value) -> Option<&[u8]> {
        match self.peek(value) {
            Some(Val::Str(string)) => Some(string.bytes()),
            _ => None,
        }
    }

    /// The value of a number; nothing for other values.
    pub fn as_number(&self, value: Value) -> Option<f64> {
        match value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The bytes of a string, or a number as Lua writes it; nothing for other values.
    pub fn to_bytes(&self, value: Value) -> Option<Vec<u8>> {
        match self.peek(value) {
            Some(Val::Str(string)) => Some(string.bytes().to_vec()),
            Some(Val::Number(number)) => {
                let mut text = Vec::new();
                crate::number::write(&mut text, number);
                Some(text)
            }
            _ => None,
        }
    }

    /// The number that a value is or, a string, reads as.
    pub fn to_number(&self, value: Value) -> Option<f64> {
        match self.peek(value) {
            Some(Val::Str(string)) => crate::number::parse(string.bytes()),
            Some(Val::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// The value of an entry, nil if there is none.
    ///
    /// # Errors
    /// `table` is not a table, or a handle has ended, as for all that follow.
    pub fn get(&mut self, table: Value, key: Value) -> Result<Value, Error> {
        let (table, key) = (self.resolve_table(table)?, self.resolve(key)?);
        Ok(self.handle(table.get(&key))?)
    }

    /// The value of an element; the first has index 1.
    ///
    /// # Errors
    /// As for [`Vm::get`].
    pub fn get_index(&mut self, table: Value, index: usize) -> Result<Value, Error> {
        let table = self.resolve_table(table)?;
        Ok(self.handle(table.get_index(index))?)
    }

    /// Sets an entry; nil removes it.
    ///
    /// # Errors
    /// As for [`Vm::get`]; the key is nil or NaN; too little memory.
    pub fn set(&mut self, table: Value, key: Value, value: Value) -> Result<(), Error> {
        let (mut table, key, value) = (self.resolve_table(table)?, self.resolve(key)?, self.resolve(value)?);
        match key {
            Val::Nil => return Err(self.error(b"table index is nil")),
            Val::Number(number) if number.is_nan() => return Err(self.error(b"table index is NaN")),
            _ => {}
        }
        Ok(table.set(&mut self.heap, key, value)?)
    }

    /// Sets an entry with a string as key.
    ///
    /// # Errors
    /// As for [`Vm::set`].
    pub fn set_field(&mut self, table: Value, key: &[u8], value: Value) -> Result<(), Error> {
        let (mut table, value) = (self.resolve_table(table)?, self.resolve(value)?);
        let key = self.heap.string(key)?;
        Ok(table.set(&mut self.heap, Val::Str(key), value)?)
    }

    /// Sets an element; the first has index 1.
    ///
    /// # Errors
    /// As for [`Vm::set`].
    pub fn set_index(&mut self, table: Value, index: usize, value: Value) -> Result<(), Error> {
        let (mut table, value) = (self.resolve_table(table)?, self.resolve(value)?);
        Ok(table.set_index(&mut self.heap, index, value)?)
    }

    /// Sets an element to a string, without a handle for it.
    ///
    /// # Errors
    /// As for [`Vm::set`].
    pub fn set_index_bytes(&mut self, table: Value, index: usize, bytes: &[u8]) -> Result<(), Error> {
        let mut table = self.resolve_table(table)?;
        let string = self.heap.string(bytes)?;
        Ok(table.set_index(&mut self.heap, index, Val::Str(string))?)
    }

    /// What `#` gives for a table.
    ///
    /// # Errors
    /// As for [`Vm::get`].
    pub fn len(&mut self, table: Value) -> Result<usize, Error> {
        Ok(self.resolve_table(table)?.border())
    }

    /// The entry after the one with this key, in the order of `pairs`; the first after nil.
    ///
    /// # Errors
    /// As for [`Vm::get`]; the table has no such key.
    pub fn next(&mut self, table: Value, key: Value) -> Result<Option<(Value, Value)>, Error> {
        let (table, key) = (self.resolve_table(table)?, self.resolve(key)?);
        match table.next(&key) {
            None => Err(self.error(b"invalid key to 'next'")),
            Some((None, _)) => Ok(None),
            Some((Some((key, value)), _)) => Ok(Some((self.handle(key)?, self.handle(value)?))),
        }
    }

    /// Sets or, with nil, removes the metatable of a table.
    ///
    /// # Errors
    /// As for [`Vm::get`].
    pub fn set_metatable(&mut self, table: Value, meta: Value) -> Result<(), Error> {
        let mut table = self.resolve_table(table)?;
        table.meta = match meta {
            Value::Nil => None,
            _ => Some(self.resolve_table(meta)?),
        };
        Ok(())
    }

    /// Makes a table, and every table and metatable that it reaches, read-only, as Redis does with the globals; the
    /// metatable of strings as well.
    ///
    /// # Errors
    /// As for [`Vm::get`].
    pub fn protect(&mut self, table: Value) -> Result<(), Error> {
        let mut left = alloc::vec![self.resolve_table(table)?];
        left.extend(self.string_meta);
        while let Some(mut table) = left.pop() {
            if core::mem::replace(&mut table.readonly, true) {
                continue;
            }
            left.extend(table.meta);
            let mut position = 0;
            while let Some((next, _, value)) = table.entry_at_or_after(position) {
                position = next;
                if let Val::Table(inner) = value {
                    left.push(inner);
                }
            }
        }
        Ok(())
    }

    /// Gives a table, usually the globals, the metatable with which reading what is not there fails: "Script attempted
    /// to access nonexistent global variable 'x'".
    ///
    /// # Errors
    /// As for [`Vm::get`], or too little memory.
    pub fn forbid_missing(&mut self, table: Value) -> Result<(), Error> {
        let mut table = self.resolve_table(table)?;
        let function =
            self.heap.new_native(NativeKind::Library(crate::library::missing_global), [Val::Nil; 3])?;
        let mut meta = self.heap.new_table()?;
        let name = self.name(crate::meta::Event::Index);
        meta.set(&mut self.heap, Val::Str(name), Val::Native(function))?;
        table.meta = Some(meta);
        Ok(())
    }

    /// Keeps a value until [`Vm::unpin`].
    ///
    /// # Errors
    /// The handle has ended.
    pub fn pin(&mut self, value: Value) -> Result<Pinned, Error> {
        let value = self.resolve(value)?;
        if let Some(index) = self.registry_free.pop() {
            self.registry[index as usize] = value;
            return Ok(Pinned(index));
        }
        self.registry.push(value);
        Ok(Pinned(self.registry.len() as u32 - 1))
    }

    /// A handle for a value that was pinned; nil if it is not any more.
    pub fn pinned(&mut self, pinned: Pinned) -> Value {
        let value = self.registry.get(pinned.0 as usize).copied().unwrap_or(Val::Nil);
        self.handle_unchecked(value)
    }

    /// Ends what [`Vm::pin`] began.
    pub fn unpin(&mut self, pinned: Pinned) {
        if let Some(value) = self.registry.get_mut(pinned.0 as usize) {
            *value = Val::Nil;
            self.registry_free.push(pinned.0);
        }
    }

    /// How many handles there are, for [`Vm::release`].
    pub fn handle_count(&self) -> usize {
        self.handles.len()
    }

    /// Ends all handles but the first `count`.
    pub fn release(&mut self, count: usize) {
        if count < self.handles.len() {
            self.heap.refund((self.handles.len() - count) * HANDLE_BYTES);
            self.handles.truncate(count);
        }
    }

    /// How many results the last run had.
    pub fn result_count(&self) -> usize {
        self.main.top
    }

    /// A result of the last run; nil beyond the last.
    pub fn result(&mut self, index: usize) -> Value {
        let value = if index < self.main.top { self.main.at(index) } else { Val::Nil };
        self.handle_unchecked(value)
    }

    /// The error that ended the last run.
    pub fn failure(&mut self) -> Value {
        let value = self.thrown;
        self.handle_unchecked(value)
    }

    /// Where the last run failed, reached a limit or was ended by [`Vm::stop`]: the name of the chunk, as it was given to [`Vm::load`], and
    /// the line. Nothing if it was not in a Lua function.
    pub fn failure_position(&self) -> Option<(&[u8], u32)> {
        self.thrown_at.map(|(source, line)| (source.bytes(), line))
    }

    /// An error with this text, which Lua code can catch.
    pub fn error(&mut self, message: &[u8]) -> Error {
        Error(self.throw_text(message))
    }

    /// An error with this value.
    pub fn error_value(&mut self, value: Value) -> Error {
        match self.resolve(value) {
            Ok(value) => Error(self.throw(value)),
            Err(raise) => Error(raise),
        }
    }

    /// Charges work to the run, in instructions.
    ///
    /// # Errors
    /// The limit is reached: to be passed on.
    pub fn charge_instructions(&mut self, cost: usize) -> Result<(), Error> {
        Ok(self.charge(cost)?)
    }

    pub(crate) fn new_table(&mut self, elements: usize, entries: usize) -> Result<Gc<Table>, Raise> {
        let mut table = self.heap.new_table()?;
        if elements > 0 || entries > 0 {
            table.resize(&mut self.heap, elements.min(u32::MAX as usize) as u32, entries)?;
        }
        Ok(table)
    }

    /// The value, unless its handle has ended.
    pub(crate) fn peek(&self, value: Value) -> Option<Val> {
        Some(match value {
            Value::Nil => Val::Nil,
            Value::Bool(value) => Val::Bool(value),
            Value::Number(number) => Val::Number(number),
            Value::Light(value) => Val::Light(value),
            Value::String(handle)
            | Value::Table(handle)
            | Value::Function(handle)
            | Value::Thread(handle) => {
                let (value, serial) = self.handles.get(handle.index as usize)?;
                if *serial != handle.serial {
                    return None;
                }
                *value
            }
        })
    }

    pub(crate) fn resolve(&mut self, value: Value) -> Result<Val, Raise> {
        match self.peek(value) {
            Some(value) => Ok(value),
            None => Err(self.throw_text(b"the handle has ended")),
        }
    }

    pub(crate) fn resolve_table(&mut self, value: Value) -> Result<Gc<Table>, Raise> {
        match self.resolve(value)? {
            Val::Table(table) => Ok(table),
            _ => Err(self.throw_text(b"table expected")),
        }
    }

    pub(crate) fn handle(&mut self, value: Val) -> Result<Value, Raise> {
        if value.object().is_some() {
            self.heap.check(HANDLE_BYTES)?;
        }
        Ok(self.handle_unchecked(value))
    }

    fn handle_unchecked(&mut self, value: Val) -> Value {
        let handle = Handle { index: self.handles.len() as u32, serial: self.handles_made };
        let wrapped = match value {
            Val::Nil | Val::Dead(_) => return Value::Nil,
            Val::Bool(value) => return Value::Bool(value),
            Val::Number(number) => return Value::Number(number),
            Val::Light(value) => return Value::Light(value),
            Val::Str(_) => Value::String(handle),
            Val::Table(_) => Value::Table(handle),
            Val::Lua(_) | Val::Native(_) => Value::Function(handle),
            Val::Thread(_) => Value::Thread(handle),
        };
        self.heap.bytes += HANDLE_BYTES;
        self.handles_made = self.handles_made.wrapping_add(1);
        self.handles.push((value, handle.serial));
        wrapped
    }
}

/// A call of a native function: its arguments, and the place for its results.
pub struct Call<'a> {
    /// The machine.
    pub vm: &'a mut Vm,
    pub(crate) func: usize,
    pub(crate) count: usize,
}

impl Call<'_> {
    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no arguments.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The type of an argument; the first has index 0.
    pub fn kind(&self, index: usize) -> Kind {
        if index < self.count { kind(&self.arg(index)) } else { Kind::None }
    }

    /// An argument; nil beyond the last.
    ///
    /// # Errors
    /// Too little memory for the handle.
    pub fn value(&mut self, index: usize) -> Result<Value, Error> {
        let value = self.arg(index);
        Ok(self.vm.handle(value)?)
    }

    /// An argument that is a string; nothing for others.
    pub fn bytes(&self, index: usize) -> Option<&[u8]> {
        match self.arg(index) {
            Val::Str(string) => Some(string.bytes()),
            _ => None,
        }
    }

    /// An argument as a number, which strings may be too.
    ///
    /// # Errors
    /// Lua's message for a wrong argument.
    pub fn number(&mut self, index: usize) -> Result<f64, Error> {
        Ok(self.check_number(index)?)
    }

    /// What Lua's `tostring` gives for an argument.
    ///
    /// # Errors
    /// Those of a metamethod `__tostring`, or one that gives no string.
    pub fn text(&mut self, host: &mut dyn Host, index: usize) -> Result<Vec<u8>, Error> {
        let value = self.arg(index);
        match self.shown(host, value)? {
            Val::Str(text) => Ok(text.bytes().to_vec()),
            _ => Err(self.error(b"'tostring' must return a string to 'print'")),
        }
    }

    /// The truth of an argument.
    pub fn truth(&self, index: usize) -> bool {
        !self.arg(index).is_falsy()
    }

    /// Adds a result.
    ///
    /// # Errors
    /// Too little memory, or a handle that has ended.
    pub fn push(&mut self, value: Value) -> Result<(), Error> {
        let value = self.vm.resolve(value)?;
        Ok(self.vm.push(value)?)
    }

    /// Adds a string as result.
    ///
    /// # Errors
    /// Too little memory.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let string = self.vm.heap.string(bytes)?;
        Ok(self.vm.push(Val::Str(string))?)
    }

    /// An error with this text behind the position in the program, `user_script:1: `, as Lua's `error` makes it.
    pub fn error(&mut self, message: &[u8]) -> Error {
        Error(self.fail(message))
    }

    /// Lua's message for a wrong argument: "bad argument #1 to 'name' (message)".
    pub fn argument_error(&mut self, index: usize, message: &str) -> Error {
        Error(self.bad_argument(index, message))
    }

    /// Calls a function from a host function and keeps its results, at most `results_max` of them.
    ///
    /// # Errors
    /// The function's own.
    pub fn call(
        &mut self,
        host: &mut dyn Host,
        function: Value,
        arguments: &[Value],
        results_max: usize,
    ) -> Result<Vec<Value>, Error> {
        let vm = &mut *self.vm;
        let func = vm.current.top;
        let function = vm.resolve(function)?;
        vm.push(function)?;
        for argument in arguments {
            let argument = vm.resolve(*argument)?;
            vm.push(argument)?;
        }
        vm.call_value(host, func, -1)?;
        let end = vm.current.top.min(func + results_max);
        let results: Result<Vec<_>, Raise> =
            (func..end).map(|index| vm.handle(vm.current.at(index))).collect();
        vm.current.top = func;
        Ok(results?)
    }
}
