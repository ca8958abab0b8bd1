//! Replies of commands as values of Lua.

use sanderling_lua::{Error, Value, Vm};

use crate::number::{exact, parse_f64, parse_i64};

/// A reply that the engine has written, as a value. Nothing of it is checked: it is our own.
pub(super) fn read(vm: &mut Vm, reply: &[u8]) -> Result<Value, Error> {
    let mut rest = reply;
    take(vm, &mut rest)
}

/// The table of an error with this text. One that was counted already must not be counted again when the script
/// returns it.
pub(super) fn error(vm: &mut Vm, text: &[u8], is_counted: bool) -> Result<Value, Error> {
    let table = single(vm, b"err", text)?;
    if is_counted {
        vm.set_field(table, b"ignore_error_stats_update", true.into())?;
    }
    Ok(table)
}

/// A table with one text in it.
pub(super) fn single(vm: &mut Vm, name: &[u8], text: &[u8]) -> Result<Value, Error> {
    let table = vm.table(0, 0)?;
    let text = vm.string(text)?;
    vm.set_field(table, name, text)?;
    Ok(table)
}

/// Reads one reply and steps over it.
fn take(vm: &mut Vm, rest: &mut &[u8]) -> Result<Value, Error> {
    let kind = rest.first().copied();
    let line = line(rest);
    match kind {
        Some(b':') => Ok((number(line) as f64).into()),
        Some(b'$') => match exact(number(line)) {
            Some(len) => vm.string(bytes(rest, len)),
            None => Ok(false.into()),
        },
        Some(b'+') => single(vm, b"ok", line),
        Some(b'-') => error(vm, line, true),
        Some(b'*' | b'>') => match exact(number(line)) {
            Some(len) => take_array(vm, rest, len),
            None => Ok(false.into()),
        },
        Some(b'_') => Ok(Value::Nil),
        Some(b'#') => Ok((line == b"t").into()),
        Some(b',') => {
            let table = vm.table(0, 0)?;
            vm.set_field(table, b"double", parse_f64(line).unwrap_or(f64::NAN).into())?;
            Ok(table)
        }
        Some(b'(') => single(vm, b"big_number", line),
        Some(b'=') => {
            let text = bytes(rest, len(line));
            take_verbatim(vm, text)
        }
        Some(b'%') => take_map(vm, rest, len(line)),
        Some(b'~') => take_set(vm, rest, len(line)),
        // The command had no memory for its reply.
        _ => error(vm, b"OOM command not allowed when all memory is used.", true),
    }
}

fn take_array(vm: &mut Vm, rest: &mut &[u8], len: usize) -> Result<Value, Error> {
    vm.charge_instructions(len)?;
    let table = vm.table(len, 0)?;
    for index in 1..=len {
        if rest.first() == Some(&b'$') && rest.get(1) != Some(&b'-') {
            let text_len = exact(number(line(rest))).unwrap_or(0);
            vm.set_index_bytes(table, index, bytes(rest, text_len))?;
            continue;
        }
        let mark = vm.handle_count();
        let value = take(vm, rest)?;
        vm.set_index(table, index, value)?;
        vm.release(mark);
    }
    Ok(table)
}

fn take_map(vm: &mut Vm, rest: &mut &[u8], len: usize) -> Result<Value, Error> {
    vm.charge_instructions(len)?;
    let (outer, map) = (vm.table(0, 0)?, vm.table(0, 0)?);
    vm.set_field(outer, b"map", map)?;
    for _ in 0..len {
        let mark = vm.handle_count();
        let (key, value) = (take(vm, rest)?, take(vm, rest)?);
        vm.set(map, key, value)?;
        vm.release(mark);
    }
    Ok(outer)
}

fn take_set(vm: &mut Vm, rest: &mut &[u8], len: usize) -> Result<Value, Error> {
    vm.charge_instructions(len)?;
    let (outer, set) = (vm.table(0, 0)?, vm.table(0, 0)?);
    vm.set_field(outer, b"set", set)?;
    for _ in 0..len {
        let mark = vm.handle_count();
        let key = take(vm, rest)?;
        vm.set(set, key, true.into())?;
        vm.release(mark);
    }
    Ok(outer)
}

fn take_verbatim(vm: &mut Vm, text: &[u8]) -> Result<Value, Error> {
    let (format, text) = text.split_at_checked(4).unwrap_or((b"txt:", text));
    let (outer, inner) = (vm.table(0, 0)?, vm.table(0, 0)?);
    vm.set_field(outer, b"verbatim_string", inner)?;
    let text = vm.string(text)?;
    vm.set_field(inner, b"string", text)?;
    let format = vm.string(&format[..3])?;
    vm.set_field(inner, b"format", format)?;
    Ok(outer)
}

/// The rest of the line behind the kind of a reply.
fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|&byte| byte == b'\r').unwrap_or(rest.len());
    let line = &rest[end.min(1)..end];
    *rest = rest.get(end + 2..).unwrap_or_default();
    line
}

/// The bytes of a string with the line end behind them.
fn bytes<'a>(rest: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (bytes, behind) = rest.split_at(len.min(rest.len()));
    *rest = behind.get(2..).unwrap_or_default();
    bytes
}

/// The length that an aggregate or a string has, which is one that was written here.
fn len(line: &[u8]) -> usize {
    exact(number(line)).unwrap_or(0)
}

fn number(line: &[u8]) -> i64 {
    parse_i64(line).unwrap_or(-1)
}
