//! The library `cmsgpack`, as version 0.4.0 that Redis carries. Nesting takes no native stack when reading; when
//! writing it is limited.

use super::arguments::{Buffer, to_float, to_int, to_integer};
use super::{library, set};
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::narrow;
use crate::number;
use crate::table::Table;
use crate::value::{Gc, Val};
use crate::vm::Vm;
use alloc::vec::Vec;

/// Tables in tables that are written; deeper ones become nil.
const NESTING_MAX: usize = 16;
/// Arrays and maps in each other that are read: what fits the stack of native functions in the original.
const DEPTH_MAX: usize = 4000;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    let table = library(
        vm,
        "cmsgpack",
        &[("pack", pack), ("unpack", unpack), ("unpack_limit", unpack_limit), ("unpack_one", unpack_one)],
    )?;
    for (name, text) in [
        ("_NAME", "cmsgpack"),
        ("_VERSION", "lua-cmsgpack 0.4.0"),
        ("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"),
        ("_DESCRIPTION", "MessagePack C implementation for Lua"),
    ] {
        let text = vm.heap.string(text.as_bytes())?;
        set(vm, table, name, Val::Str(text))?;
    }
    Ok(())
}

fn pack(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    if call.count == 0 {
        return Err(call.vm.bad_argument_number(0, "MessagePack pack needs input."));
    }
    call.with_buffer(|call, out| {
        for index in 0..call.count {
            let value = call.arg(index);
            write(call.vm, out, value, 0)?;
        }
        call.give_bytes(&out.bytes)
    })
}

fn write(vm: &mut Vm, out: &mut Buffer, value: Val, level: usize) -> Result<(), Raise> {
    vm.charge(1)?;
    match value {
        Val::Str(text) => {
            let text = text.bytes();
            write_len(
                vm,
                out,
                text.len(),
                [(32, 0xa0), (0x100, 0xd9), (0x1_0000, 0xda), (usize::MAX, 0xdb)],
            )?;
            out.push(vm, text)
        }
        Val::Bool(value) => out.push_byte(vm, if value { 0xc3 } else { 0xc2 }),
        Val::Number(number) => write_number(vm, out, number),
        Val::Table(table) if level < NESTING_MAX => write_table(vm, out, table, level),
        _ => out.push_byte(vm, 0xc0),
    }
}

/// A length, in the first form whose limit it is below: that is one byte together with the type, and then one, two
/// and four bytes behind the type.
fn write_len(vm: &mut Vm, out: &mut Buffer, len: usize, forms: [(usize, u8); 4]) -> Result<(), Raise> {
    let form = forms.iter().position(|(limit, _)| len < *limit).unwrap_or(3);
    let marker = forms[form].1;
    let bytes = narrow::short(len).to_be_bytes();
    match form {
        0 => out.push_byte(vm, marker | bytes[3]),
        1 => out.push(vm, &[marker, bytes[3]]),
        2 => out.push(vm, &[marker, bytes[2], bytes[3]]),
        _ => out.push(vm, &[marker, bytes[0], bytes[1], bytes[2], bytes[3]]),
    }
}

fn write_number(vm: &mut Vm, out: &mut Buffer, number: f64) -> Result<(), Raise> {
    let (integer, float) = (to_integer(number), to_float(number));
    if integer as f64 == number {
        return write_integer(vm, out, integer);
    }
    if f64::from(float) == number {
        out.push_byte(vm, 0xca)?;
        return out.push(vm, &float.to_be_bytes());
    }
    out.push_byte(vm, 0xcb)?;
    out.push(vm, &number.to_bits().to_be_bytes())
}

fn write_integer(vm: &mut Vm, out: &mut Buffer, number: i64) -> Result<(), Raise> {
    let (marker, len) = match number {
        -32..=127 => return out.push_byte(vm, narrow::low_u8(number.cast_unsigned())),
        128..=0xff => (0xcc, 1),
        0x100..=0xffff => (0xcd, 2),
        0x1_0000..=0xffff_ffff => (0xce, 4),
        0x1_0000_0000.. => (0xcf, 8),
        -0x80..-32 => (0xd0, 1),
        -0x8000..-0x80 => (0xd1, 2),
        -0x8000_0000..-0x8000 => (0xd2, 4),
        _ => (0xd3, 8),
    };
    out.push_byte(vm, marker)?;
    out.push(vm, &number.to_be_bytes()[8 - len..])
}

fn write_table(vm: &mut Vm, out: &mut Buffer, table: Gc<Table>, level: usize) -> Result<(), Raise> {
    let (mut count, mut max, mut array, mut position) = (0, 0.0, true, 0);
    while let Some((next, key, _)) = table.entry_at_or_after(position) {
        position = next;
        count += 1;
        match key {
            Val::Number(key) if key > 0.0 && key <= f64::from(i32::MAX) && number::floor(key) == key => {
                if key > max {
                    max = key;
                }
            }
            _ => array = false,
        }
    }
    vm.charge(table.size())?;
    if array && max == count as f64 {
        write_len(vm, out, count, [(16, 0x90), (0, 0), (0x1_0000, 0xdc), (usize::MAX, 0xdd)])?;
        for index in 1..=count {
            write(vm, out, table.get_index(index), level + 1)?;
        }
        return Ok(());
    }
    write_len(vm, out, count, [(16, 0x80), (0, 0), (0x1_0000, 0xde), (usize::MAX, 0xdf)])?;
    let mut position = 0;
    while let Some((next, key, value)) = table.entry_at_or_after(position) {
        position = next;
        write(vm, out, key, level + 1)?;
        write(vm, out, value, level + 1)?;
    }
    Ok(())
}

fn unpack(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    read_all(call, 0, 0)
}

fn unpack_one(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let offset = call.opt_integer(1, 0)?;
    read_all(call, 1, offset)
}

fn unpack_limit(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let limit = call.check_integer(1)?;
    let offset = call.opt_integer(2, 0)?;
    read_all(call, limit, offset)
}

/// Reads values from an offset on, and pushes in front of them where the rest begins: -1 for no rest. With neither
/// limit nor offset, reads all and pushes just the values.
fn read_all(call: &mut Call<'_>, limit: i64, offset: i64) -> Result<usize, Raise> {
    let text = call.check_string(0)?.bytes();
    let complain = |call: &mut Call<'_>, parts: [&str; 3]| {
        let mut message = parts[0].as_bytes().to_vec();
        // Its lower half, as the original writes it.
        number::write(&mut message, f64::from(to_int(offset)));
        message.extend_from_slice(parts[1].as_bytes());
        number::write_integer(&mut message, text.len() as u64);
        message.extend_from_slice(parts[2].as_bytes());
        call.fail(&message)
    };
    let (Some(start), Some(values_max)) = (narrow::count(offset), narrow::count(limit)) else {
        return Err(complain(call, ["Invalid request to unpack with offset of ", " and limit of ", "."]));
    };
    if start > text.len() {
        return Err(complain(call, ["Start offset ", " greater than input length ", "."]));
    }
    let all = limit == 0 && offset == 0;
    let mut reader = Reader { text, at: start };
    let place = call.vm.current.top;
    if !all {
        call.vm.push(Val::Nil)?;
    }
    let mut count = usize::from(!all);
    while reader.at < text.len() && (all || count <= values_max) {
        match reader.value(call.vm)? {
            Ok(value) => call.vm.push(value)?,
            Err(problem) => return Err(call.fail(problem.as_bytes())),
        }
        count += 1;
    }
    if !all {
        let rest = if reader.at == text.len() { -1.0 } else { reader.at as f64 };
        call.vm.current.put(place, Val::Number(rest));
    }
    Ok(count)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

/// What is read next: a value, or a container with so many elements or entries.
enum Item {
    Value(Val),
    Array(usize),
    Map(usize),
}

/// A container that is being read.
struct Open {
    table: Gc<Table>,
    left: usize,
    is_map: bool,
    /// The key of an array's next element, or of the entry whose value is next.
    key: Val,
    has_key: bool,
}

const MISSING: &str = "Missing bytes in input.";
const BAD: &str = "Bad data format in input.";

type Outcome<T> = Result<Result<T, &'static str>, Raise>;

impl Reader<'_> {
    fn value(&mut self, vm: &mut Vm) -> Outcome<Val> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            vm.charge(1)?;
            let mut value = match self.item(vm)? {
                Err(problem) => return Ok(Err(problem)),
                Ok(Item::Value(value)) => value,
                Ok(Item::Array(len) | Item::Map(len)) if len == 0 => Val::Table(vm.heap.new_table()?),
                Ok(container @ (Item::Array(_) | Item::Map(_))) => {
                    if open.len() >= DEPTH_MAX {
                        return Ok(Err("stack overflow (in function mp_decode_to_lua_array)"));
                    }
                    vm.heap.check(open.len() * 2 * size_of::<Open>())?;
                    let (left, is_map) = match container {
                        Item::Map(len) => (len, true),
                        Item::Array(len) => (len, false),
                        Item::Value(_) => (0, false),
                    };
                    let table = vm.heap.new_table()?;
                    open.push(Open { table, left, is_map, key: Val::Number(1.0), has_key: !is_map });
                    continue;
                }
            };
            // The value is complete, and maybe containers with it.
            loop {
                let Some(top) = open.last_mut() else { return Ok(Ok(value)) };
                if !top.has_key {
                    top.key = value;
                    top.has_key = true;
                    break;
                }
                match top.key {
                    Val::Nil => return Ok(Err("table index is nil")),
                    Val::Number(key) if key.is_nan() => return Ok(Err("table index is NaN")),
                    _ => {}
                }
                top.table.set(&mut vm.heap, top.key, value)?;
                top.left -= 1;
                if top.is_map {
                    top.has_key = false;
                } else if let Val::Number(key) = &mut top.key {
                    *key += 1.0;
                }
                if top.left > 0 {
                    break;
                }
                value = Val::Table(top.table);
                open.pop();
            }
        }
    }

    /// The next bytes as a number, the first the highest.
    fn number(&mut self, len: usize) -> Option<u64> {
        let bytes = self.text.get(self.at..self.at + len)?;
        self.at += len;
        Some(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn item(&mut self, vm: &mut Vm) -> Outcome<Item> {
        let Some(marker) = self.number(1) else { return Ok(Err(MISSING)) };
        let marker = narrow::low_u8(marker);
        let number = |number: f64| Item::Value(Val::Number(number));
        let item = match marker {
            0x00..=0x7f => Some(number(f64::from(marker))),
            0xe0..=0xff => Some(number(f64::from(marker as i8))),
            0xc0 => Some(Item::Value(Val::Nil)),
            0xc2 | 0xc3 => Some(Item::Value(Val::Bool(marker == 0xc3))),
            0xcc => self.number(1).map(|bits| number(bits as f64)),
            0xcd => self.number(2).map(|bits| number(bits as f64)),
            0xce => self.number(4).map(|bits| number(bits as f64)),
            0xd0 => self.number(1).map(|bits| number(f64::from(narrow::low_u8(bits).cast_signed()))),
            0xd1 => self.number(2).map(|bits| number(f64::from(narrow::low_u16(bits).cast_signed()))),
            0xd2 => self.number(4).map(|bits| number(f64::from(narrow::low_u32(bits).cast_signed()))),
            // The original pushes both as signed integers.
            0xcf | 0xd3 => self.number(8).map(|bits| number(bits as i64 as f64)),
            0xca => self
                .number(4)
                .map(|bits| number(crate::number::widened(f32::from_bits(narrow::low_u32(bits))))),
            0xcb => self.number(8).map(|bits| number(f64::from_bits(bits))),
            0xa0..=0xbf => return self.string(vm, Some(u64::from(marker & 31))),
            0xd9 => {
                let len = self.number(1);
                return self.string(vm, len);
            }
            0xda => {
                let len = self.number(2);
                return self.string(vm, len);
            }
            0xdb => {
                let len = self.number(4);
                return self.string(vm, len);
            }
            0x90..=0x9f => Some(Item::Array((marker & 15) as usize)),
            0xdc => self.number(2).map(|len| Item::Array(narrow::saturate(len))),
            0xdd => self.number(4).map(|len| Item::Array(narrow::saturate(len))),
            0x80..=0x8f => Some(Item::Map((marker & 15) as usize)),
            0xde => self.number(2).map(|len| Item::Map(narrow::saturate(len))),
            0xdf => self.number(4).map(|len| Item::Map(narrow::saturate(len))),
            _ => return Ok(Err(BAD)),
        };
        Ok(item.ok_or(MISSING))
    }

    fn string(&mut self, vm: &mut Vm, len: Option<u64>) -> Outcome<Item> {
        let end = len.and_then(|len| self.at.checked_add(narrow::saturate(len)));
        let Some(bytes) = end.and_then(|end| self.text.get(self.at..end)) else { return Ok(Err(MISSING)) };
        self.at += bytes.len();
        vm.charge(bytes.len() / 8)?;
        Ok(Ok(Item::Value(Val::Str(vm.heap.string(bytes)?))))
    }
}
