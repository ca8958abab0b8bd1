//! The library `table`.

use super::library;
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::library::arguments::{Buffer, number_text};
use crate::library::sort::Sort;
use crate::narrow;
use crate::steps::{Next, Work};
use crate::table::Table;
use crate::value::{Gc, Str, Val};
use crate::vm::Vm;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    library(
        vm,
        "table",
        &[
            ("concat", concat),
            ("foreach", foreach),
            ("foreachi", foreachi),
            ("getn", getn),
            ("insert", insert),
            ("maxn", maxn),
            ("remove", remove),
            ("setn", setn),
            ("sort", sort),
        ],
    )?;
    Ok(())
}

pub(super) fn get(table: Gc<Table>, index: i64) -> Val {
    table.get_number(index as f64)
}

pub(super) fn put(vm: &mut Vm, mut table: Gc<Table>, index: i64, value: Val) -> Result<(), Raise> {
    match narrow::exact(index) {
        Some(index) if index > 0 => table.set_index(&mut vm.heap, index, value)?,
        _ => table.set(&mut vm.heap, Val::Number(index as f64), value)?,
    }
    vm.charge_work()
}

/// A table that may be changed.
fn check_mutable(call: &mut Call<'_>) -> Result<Gc<Table>, Raise> {
    let table = call.check_table(0)?;
    if table.readonly {
        return Err(call.vm.runtime_error("Attempt to modify a readonly table"));
    }
    Ok(table)
}

fn getn(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    call.give_number(table.border() as f64)
}

fn setn(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    call.check_table(0)?;
    Err(call.fail(b"'setn' is obsolete"))
}

fn maxn(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    call.vm.charge(table.size())?;
    let (mut position, mut max) = (0, 0.0);
    while let Some((next, key, _)) = table.entry_at_or_after(position) {
        position = next;
        if let Val::Number(key) = key
            && key > max
        {
            max = key;
        }
    }
    call.give_number(max)
}

fn insert(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = check_mutable(call)?;
    let end = table.border() as i64 + 1;
    let at = match call.count {
        2 => end,
        3 => call.check_int(1)?,
        _ => return Err(call.fail(b"wrong number of arguments to 'insert'")),
    };
    call.work(host, Insert { table, at, index: end.max(at) })
}

/// Moves up what lies behind `at`, down from `index`, however far that is outside of the table.
struct Insert {
    table: Gc<Table>,
    at: i64,
    index: i64,
}

impl Work for Insert {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        while self.index > self.at {
            call.vm.check_slice()?;
            put(call.vm, self.table, self.index, get(self.table, self.index - 1))?;
            self.index -= 1;
            call.vm.charge(1)?;
        }
        let value = call.arg(call.count - 1);
        put(call.vm, self.table, self.at, value)?;
        Ok(Next::Done(0))
    }
}

fn remove(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = check_mutable(call)?;
    let end = table.border() as i64;
    let at = call.opt_int(1, end)?;
    if !(1..=end).contains(&at) {
        return Ok(0);
    }
    call.vm.push(get(table, at))?;
    call.work(host, Remove { table, index: at, end })
}

/// Moves down what lies behind `index`; the element itself lies on top of the stack.
struct Remove {
    table: Gc<Table>,
    index: i64,
    end: i64,
}

impl Work for Remove {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        while self.index < self.end {
            call.vm.check_slice()?;
            put(call.vm, self.table, self.index, get(self.table, self.index + 1))?;
            self.index += 1;
            call.vm.charge(1)?;
        }
        put(call.vm, self.table, self.end, Val::Nil)?;
        Ok(Next::Done(1))
    }
}

fn concat(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    let separator = call.opt_string(1)?;
    let index = call.opt_int(2, 1)?;
    let last = match call.arg(3) {
        Val::Nil => table.border() as i64,
        _ => call.check_int(3)?,
    };
    call.work(host, Concat { table, separator, index, last, buffer: Buffer::new() })
}

struct Concat {
    table: Gc<Table>,
    separator: Option<Gc<Str>>,
    index: i64,
    last: i64,
    buffer: Buffer,
}

impl Work for Concat {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        while self.index <= self.last {
            call.vm.check_slice()?;
            call.vm.charge(1)?;
            match get(self.table, self.index) {
                Val::Str(text) => self.buffer.push(call.vm, text.bytes())?,
                Val::Number(number) => self.buffer.push(call.vm, &number_text(number))?,
                other => {
                    let mut message = b"invalid value (".to_vec();
                    message.extend_from_slice(other.type_name().as_bytes());
                    message.extend_from_slice(b") at index ");
                    message.extend_from_slice(&number_text(self.index as f64));
                    message.extend_from_slice(b" in table for 'concat'");
                    return Err(call.fail(&message));
                }
            }
            if self.index == self.last {
                break;
            }
            if let Some(separator) = self.separator {
                self.buffer.push(call.vm, separator.bytes())?;
            }
            self.index += 1;
        }
        call.give_bytes(&self.buffer.bytes).map(Next::Done)
    }

    fn charged(&self) -> usize {
        self.buffer.charged()
    }
}

fn foreachi(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    call.check_function(1)?;
    let place = call.vm.current.top;
    call.work(host, ForEach { table, border: Some(table.border()), index: 0, place, has_called: false })
}

fn foreach(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    call.check_function(1)?;
    // The key stays on the stack, so that it lives while it is needed to go on.
    call.vm.push(Val::Nil)?;
    let place = call.vm.current.top;
    call.work(host, ForEach { table, border: None, index: 0, place, has_called: false })
}

/// Calls a function with each element up to a border, or with each entry: until it returns something.
struct ForEach {
    table: Gc<Table>,
    border: Option<usize>,
    index: usize,
    /// Where the function is called; below it lies the key of `foreach`.
    place: usize,
    has_called: bool,
}

impl Work for ForEach {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        let mut thread = call.vm.current;
        if self.has_called {
            let result = if thread.top > self.place { thread.at(self.place) } else { Val::Nil };
            thread.top = self.place;
            self.has_called = false;
            if !result.is_nil() {
                return call.give(result).map(Next::Done);
            }
        }
        call.vm.check_slice()?;
        let (key, value) = match self.border {
            Some(border) if self.index == border => return Ok(Next::Done(0)),
            Some(_) => {
                self.index += 1;
                (Val::Number(self.index as f64), self.table.get_index(self.index))
            }
            None => match self.table.next(&thread.at(self.place - 1)) {
                None => return Err(call.vm.runtime_error("invalid key to 'next'")),
                Some((None, _)) => return Ok(Next::Done(0)),
                Some((Some((key, value)), cost)) => {
                    call.vm.charge(cost / 8)?;
                    thread.put(self.place - 1, key);
                    (key, value)
                }
            },
        };
        for value in [call.arg(1), key, value] {
            call.vm.push(value)?;
        }
        self.has_called = true;
        Ok(Next::Call(self.place))
    }
}

fn sort(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = check_mutable(call)?;
    if !call.arg(1).is_nil() {
        call.check_function(1)?;
    }
    let len = table.border() as i64;
    // For the elements that are compared: the function may drop them from the table.
    let place = call.vm.current.top;
    call.vm.push(Val::Nil)?;
    call.vm.push(Val::Nil)?;
    call.work(host, Sort::new(table, len, place))
}
