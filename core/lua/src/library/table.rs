//! The library `table`.

use super::library;
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::library::arguments::number_text;
use crate::narrow;
use crate::table::Table;
use crate::value::{Gc, Val};
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

fn get(table: Gc<Table>, index: i64) -> Val {
    table.get_number(index as f64)
}

fn put(vm: &mut Vm, mut table: Gc<Table>, index: i64, value: Val) -> Result<(), Raise> {
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

fn insert(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = check_mutable(call)?;
    let mut end = table.border() as i64 + 1;
    let at = match call.count {
        2 => end,
        3 => {
            let at = call.check_int(1)?;
            end = end.max(at);
            let mut index = end;
            while index > at {
                call.vm.charge(1)?;
                put(call.vm, table, index, get(table, index - 1))?;
                index -= 1;
            }
            at
        }
        _ => return Err(call.fail(b"wrong number of arguments to 'insert'")),
    };
    let value = call.arg(call.count - 1);
    put(call.vm, table, at, value)?;
    Ok(0)
}

fn remove(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = check_mutable(call)?;
    let end = table.border() as i64;
    let at = call.opt_int(1, end)?;
    if !(1..=end).contains(&at) {
        return Ok(0);
    }
    call.vm.push(get(table, at))?;
    for index in at..end {
        call.vm.charge(1)?;
        put(call.vm, table, index, get(table, index + 1))?;
    }
    put(call.vm, table, end, Val::Nil)?;
    Ok(1)
}

fn concat(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    let separator = call.opt_string(1)?.map_or(b"".as_slice(), |separator| separator.bytes());
    let first = call.opt_int(2, 1)?;
    let last = match call.arg(3) {
        Val::Nil => table.border() as i64,
        _ => call.check_int(3)?,
    };
    call.with_buffer(|call, buffer| {
        let mut index = first;
        while index <= last {
            call.vm.charge(1)?;
            match get(table, index) {
                Val::Str(text) => buffer.push(call.vm, text.bytes())?,
                Val::Number(number) => buffer.push(call.vm, &number_text(number))?,
                other => {
                    let mut message = b"invalid value (".to_vec();
                    message.extend_from_slice(other.type_name().as_bytes());
                    message.extend_from_slice(b") at index ");
                    message.extend_from_slice(&number_text(index as f64));
                    message.extend_from_slice(b" in table for 'concat'");
                    return Err(call.fail(&message));
                }
            }
            if index != last {
                buffer.push(call.vm, separator)?;
            }
            index += 1;
        }
        call.give_bytes(&buffer.bytes)
    })
}

fn foreachi(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    let function = call.check_function(1)?;
    for index in 1..=table.border() {
        let value = table.get_index(index);
        let result = call.vm.call_for_value(host, function, &[Val::Number(index as f64), value])?;
        if !result.is_nil() {
            return call.give(result);
        }
    }
    Ok(0)
}

fn foreach(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    let function = call.check_function(1)?;
    let top = call.vm.current.top;
    // The key stays on the stack, so that it lives while it is needed to go on.
    call.vm.push(Val::Nil)?;
    loop {
        let key = call.vm.current.at(top);
        match table.next(&key) {
            None => return Err(call.vm.runtime_error("invalid key to 'next'")),
            Some((None, _)) => return Ok(0),
            Some((Some((key, value)), cost)) => {
                call.vm.charge(cost / 8)?;
                call.vm.current.put(top, key);
                let result = call.vm.call_for_value(host, function, &[key, value])?;
                if !result.is_nil() {
                    return call.give(result);
                }
            }
        }
    }
}

fn sort(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let table = check_mutable(call)?;
    let order = match call.arg(1) {
        Val::Nil => Val::Nil,
        _ => call.check_function(1)?,
    };
    let len = table.border() as i64;
    Sort { call, host, table, order }.range(1, len)?;
    Ok(0)
}

struct Sort<'a, 'b> {
    call: &'a mut Call<'b>,
    host: &'a mut dyn Host,
    table: Gc<Table>,
    /// A function, or nil for `<`.
    order: Val,
}

impl Sort<'_, '_> {
    /// Sorts with the quicksort of Lua 5.1: elements that are equal end in the same order as there.
    fn range(&mut self, mut low: i64, mut high: i64) -> Result<(), Raise> {
        while low < high {
            self.order_pair(low, high)?;
            if high - low == 1 {
                break;
            }
            let middle = i64::midpoint(low, high);
            if !self.order_pair(low, middle)? {
                self.order_pair(middle, high)?;
            }
            if high - low == 2 {
                break;
            }
            let split = self.partition(low, high, middle)?;
            // The smaller part first, on the stack; the larger in the loop.
            let (from, to) = if split - low < high - split {
                let part = (low, split - 1);
                low = split + 1;
                part
            } else {
                let part = (split + 1, high);
                high = split - 1;
                part
            };
            self.range(from, to)?;
        }
        Ok(())
    }

    /// Brings two elements into order; whether they were not.
    fn order_pair(&mut self, low: i64, high: i64) -> Result<bool, Raise> {
        let (a, b) = (get(self.table, low), get(self.table, high));
        let top = self.call.vm.current.top;
        // The function may drop them from the table.
        self.call.vm.push(a)?;
        self.call.vm.push(b)?;
        let swap = self.less(&b, &a)?;
        if swap {
            put(self.call.vm, self.table, low, b)?;
            put(self.call.vm, self.table, high, a)?;
        }
        self.call.vm.current.top = top;
        Ok(swap)
    }

    /// Puts what is smaller than the middle element before it, and the rest behind; where it ends.
    fn partition(&mut self, low: i64, high: i64, middle: i64) -> Result<i64, Raise> {
        let top = self.call.vm.current.top;
        let pivot = get(self.table, middle);
        self.call.vm.push(pivot)?;
        self.call.vm.push(Val::Nil)?;
        self.swap(middle, high - 1)?;
        let (mut left, mut right) = (low, high - 1);
        loop {
            left += 1;
            let mut value = get(self.table, left);
            self.call.vm.current.put(top + 1, value);
            while self.less(&value, &pivot)? {
                if left > high {
                    return Err(self.call.fail(b"invalid order function for sorting"));
                }
                left += 1;
                value = get(self.table, left);
                self.call.vm.current.put(top + 1, value);
            }
            right -= 1;
            let mut value = get(self.table, right);
            self.call.vm.current.put(top + 1, value);
            while self.less(&pivot, &value)? {
                if right < low {
                    return Err(self.call.fail(b"invalid order function for sorting"));
                }
                right -= 1;
                value = get(self.table, right);
                self.call.vm.current.put(top + 1, value);
            }
            if right < left {
                break;
            }
            self.swap(left, right)?;
        }
        self.swap(high - 1, left)?;
        self.call.vm.current.top = top;
        Ok(left)
    }

    fn swap(&mut self, a: i64, b: i64) -> Result<(), Raise> {
        let (x, y) = (get(self.table, a), get(self.table, b));
        put(self.call.vm, self.table, a, y)?;
        put(self.call.vm, self.table, b, x)
    }

    fn less(&mut self, a: &Val, b: &Val) -> Result<bool, Raise> {
        self.call.vm.charge(1)?;
        match self.order {
            Val::Nil => {
                if let (Val::Str(a), Val::Str(b)) = (a, b) {
                    self.call.vm.charge(a.len.min(b.len) as usize / 8)?;
                }
                self.call.vm.less(self.host, a, b)
            }
            function => Ok(!self.call.vm.call_for_value(self.host, function, &[*a, *b])?.is_falsy()),
        }
    }
}
