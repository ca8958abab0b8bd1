//! The library `string`, but for `format`.

use super::pattern::{Extent, Matcher};
use super::{format, library, set};
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::library::arguments::Buffer;
use crate::meta::Event;
use crate::narrow;
use crate::value::{Gc, NativeKind, Str, Val};
use crate::vm::Vm;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    let table = library(
        vm,
        "string",
        &[
            ("byte", byte),
            ("char", char),
            ("dump", dump),
            ("find", find),
            ("format", format::format),
            ("gmatch", gmatch),
            ("gsub", gsub),
            ("len", len),
            ("lower", lower),
            ("match", match_),
            ("rep", rep),
            ("reverse", reverse),
            ("sub", sub),
            ("upper", upper),
        ],
    )?;
    let name = vm.heap.string(b"gmatch")?;
    let function = table.get_short(name);
    set(vm, table, "gfind", function)?;
    let mut meta = vm.heap.new_table()?;
    let name = vm.name(Event::Index);
    meta.set(&mut vm.heap, Val::Str(name), Val::Table(table))?;
    vm.string_meta = Some(meta);
    Ok(())
}

/// A position, which counts from the end if it is negative.
fn position(position: i64, len: usize) -> i64 {
    let position = if position < 0 { position.saturating_add(len as i64 + 1) } else { position };
    position.max(0)
}

/// The bytes from one position to another, both within the text and not in the wrong order.
fn between(text: &[u8], first: i64, last: i64) -> &[u8] {
    let index = |position| narrow::count(position).unwrap_or(0);
    &text[index(first - 1)..index(last)]
}

fn len(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let len = call.check_string(0)?.len;
    call.give_number(f64::from(len))
}

fn sub(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let text = call.check_string(0)?.bytes();
    let first = position(call.check_integer(1)?, text.len()).max(1);
    let last = position(call.opt_integer(2, -1)?, text.len()).min(text.len() as i64);
    if first > last {
        return call.give_bytes(b"");
    }
    let part = between(text, first, last);
    call.vm.charge(part.len() / 8)?;
    call.give_bytes(part)
}

/// A copy of the first argument, changed.
fn mapped(call: &mut Call<'_>, map: impl FnOnce(&mut [u8])) -> Result<usize, Raise> {
    let text = call.check_string(0)?.bytes();
    call.with_buffer(|call, buffer| {
        buffer.push(call.vm, text)?;
        map(&mut buffer.bytes);
        call.give_bytes(&buffer.bytes)
    })
}

fn reverse(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    mapped(call, <[u8]>::reverse)
}

fn lower(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    mapped(call, <[u8]>::make_ascii_lowercase)
}

fn upper(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    mapped(call, <[u8]>::make_ascii_uppercase)
}

fn rep(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let text = call.check_string(0)?.bytes();
    let count = narrow::count(call.check_int(1)?).unwrap_or(0);
    let Some(len) = text.len().checked_mul(count) else { return Err(Raise::OutOfMemory) };
    if len > call.vm.heap.string_bytes_max {
        return Err(Raise::OutOfMemory);
    }
    if text.is_empty() {
        return call.give_bytes(b"");
    }
    // Both the buffer and the string are there for a moment.
    call.vm.heap.check(len)?;
    call.with_buffer(|call, buffer| {
        buffer.reserve(call.vm, len)?;
        for _ in 0..count {
            buffer.bytes.extend_from_slice(text);
        }
        call.give_bytes(&buffer.bytes)
    })
}

fn byte(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let text = call.check_string(0)?.bytes();
    let first = position(call.opt_integer(1, 1)?, text.len());
    let last = position(call.opt_integer(2, first)?, text.len()).min(text.len() as i64);
    let first = first.max(1);
    if first > last {
        return Ok(0);
    }
    let bytes = between(text, first, last);
    // As many values as Lua allows on the stack of native functions.
    if bytes.len() >= 8000 {
        return Err(call.fail(b"stack overflow (string slice too long)"));
    }
    for byte in bytes {
        call.vm.push(Val::Number(f64::from(*byte)))?;
    }
    Ok(bytes.len())
}

fn char(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    call.with_buffer(|call, buffer| {
        for index in 0..call.count {
            match u8::try_from(call.check_int(index)?) {
                Ok(byte) => buffer.push_byte(call.vm, byte)?,
                Err(_) => return Err(call.bad_argument(index, "invalid value")),
            }
        }
        call.give_bytes(&buffer.bytes)
    })
}

fn dump(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    call.check_function(0)?;
    Err(call.fail(b"unable to dump given function"))
}

fn find(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    find_or_match(call, true)
}

fn match_(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    find_or_match(call, false)
}

fn find_or_match(call: &mut Call<'_>, wants_position: bool) -> Result<usize, Raise> {
    let text = call.check_string(0)?.bytes();
    let pattern = call.check_string(1)?.bytes();
    let start = position(call.opt_integer(2, 1)?, text.len()) - 1;
    let start = narrow::count(start).unwrap_or(0).min(text.len());
    if wants_position && (call.truth(3) || is_plain(pattern)) {
        return match find_plain(call.vm, &text[start..], pattern)? {
            Some(at) => give_range(call, start + at, start + at + pattern.len()),
            None => call.give(Val::Nil),
        };
    }
    let anchored = pattern.first() == Some(&b'^');
    let mut matcher = Matcher::new(text, pattern);
    for at in start..=text.len() {
        if let Some(end) = matcher.find(call.vm, at, usize::from(anchored))? {
            if !wants_position {
                return push_captures(call.vm, &matcher, Some((at, end)));
            }
            give_range(call, at, end)?;
            return Ok(push_captures(call.vm, &matcher, None)? + 2);
        }
        if anchored {
            break;
        }
    }
    call.give(Val::Nil)
}

fn give_range(call: &mut Call<'_>, start: usize, end: usize) -> Result<usize, Raise> {
    call.give_number((start + 1) as f64)?;
    call.give_number(end as f64)?;
    Ok(2)
}

fn is_plain(pattern: &[u8]) -> bool {
    pattern.iter().take_while(|byte| **byte != 0).all(|byte| !b"^$*+?.([%-".contains(byte))
}

/// Where the bytes are found first.
fn find_plain(vm: &mut Vm, text: &[u8], wanted: &[u8]) -> Result<Option<usize>, Raise> {
    let Some((first, rest)) = wanted.split_first() else { return Ok(Some(0)) };
    if wanted.len() > text.len() {
        return Ok(None);
    }
    let mut at = 0;
    let last = text.len() - wanted.len();
    while at <= last {
        let Some(skip) = text[at..=last].iter().position(|byte| byte == first) else {
            vm.charge((last - at) / 8)?;
            return Ok(None);
        };
        at += skip;
        let candidate = &text[at + 1..at + wanted.len()];
        if candidate == rest {
            vm.charge(skip / 8)?;
            return Ok(Some(at));
        }
        // What the comparison cost, as far as it went.
        let same = candidate.iter().zip(rest).take_while(|(a, b)| a == b).count();
        vm.charge(skip / 8 + same / 8 + 1)?;
        at += 1;
    }
    Ok(None)
}

/// Pushes a capture; `whole` is the match, for patterns without captures.
fn push_capture(
    vm: &mut Vm,
    matcher: &Matcher<'_>,
    index: usize,
    whole: Option<(usize, usize)>,
) -> Result<(), Raise> {
    let value = if index >= matcher.level {
        match whole {
            Some((start, end)) if index == 0 => Val::Str(slice(vm, matcher, start, end)?),
            _ => return Err(vm.runtime_error_at(1, b"invalid capture index")),
        }
    } else {
        match matcher.captures[index] {
            (start, Extent::Bytes(len)) => Val::Str(slice(vm, matcher, start, start + len)?),
            (start, Extent::Position) => Val::Number((start + 1) as f64),
            (_, Extent::Open) => return Err(vm.runtime_error_at(1, b"unfinished capture")),
        }
    };
    vm.push(value)
}

fn slice(vm: &mut Vm, matcher: &Matcher<'_>, start: usize, end: usize) -> Result<Gc<Str>, Raise> {
    vm.charge((end - start) / 8)?;
    vm.heap.string(&matcher.text[start..end])
}

/// Pushes all captures, or the whole match if there are none.
fn push_captures(vm: &mut Vm, matcher: &Matcher<'_>, whole: Option<(usize, usize)>) -> Result<usize, Raise> {
    let count = if matcher.level == 0 && whole.is_some() { 1 } else { matcher.level };
    for index in 0..count {
        push_capture(vm, matcher, index, whole)?;
    }
    Ok(count)
}

fn gmatch(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let (text, pattern) = (call.check_string(0)?, call.check_string(1)?);
    let state = [Val::Str(text), Val::Str(pattern), Val::Number(0.0)];
    let step = call.vm.heap.new_native(NativeKind::Library(gmatch_step), state)?;
    call.give(Val::Native(step))
}

fn gmatch_step(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let Val::Native(mut state) = call.vm.current.at(call.func) else { return Ok(0) };
    let [Val::Str(text), Val::Str(pattern), Val::Number(start)] = state.upvalues else { return Ok(0) };
    let text = text.bytes();
    let mut matcher = Matcher::new(text, pattern.bytes());
    for at in narrow::saturate(super::format::to_unsigned(start))..=text.len() {
        if let Some(end) = matcher.find(call.vm, at, 0)? {
            let next = if end == at { end + 1 } else { end };
            state.upvalues[2] = Val::Number(next as f64);
            return push_captures(call.vm, &matcher, Some((at, end)));
        }
    }
    Ok(0)
}

fn gsub(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let text = call.check_string(0)?.bytes();
    let pattern = call.check_string(1)?.bytes();
    if let Val::Number(_) = call.arg(2) {
        call.check_string(2)?;
    }
    let replacement = call.arg(2);
    if !matches!(replacement, Val::Str(_) | Val::Table(_) | Val::Lua(_) | Val::Native(_)) {
        return Err(call.bad_argument(2, "string/function/table expected"));
    }
    let limit = call.opt_int(3, text.len() as i64 + 1)?;
    let anchored = pattern.first() == Some(&b'^');
    call.with_buffer(|call, buffer| {
        let mut matcher = Matcher::new(text, pattern);
        let (mut at, mut count) = (0, 0);
        while count < limit {
            let found = matcher.find(call.vm, at, usize::from(anchored))?;
            if let Some(end) = found {
                count += 1;
                replace(call, host, buffer, &matcher, replacement, (at, end))?;
            }
            match found {
                Some(end) if end > at => at = end,
                _ if at < text.len() => {
                    buffer.push_byte(call.vm, text[at])?;
                    at += 1;
                }
                _ => break,
            }
            if anchored {
                break;
            }
        }
        buffer.push(call.vm, &text[at..])?;
        call.give_bytes(&buffer.bytes)?;
        call.give_number(count as f64)?;
        Ok(2)
    })
}

/// Appends what stands for a match.
fn replace(
    call: &mut Call<'_>,
    host: &mut dyn Host,
    buffer: &mut Buffer,
    matcher: &Matcher<'_>,
    replacement: Val,
    (start, end): (usize, usize),
) -> Result<(), Raise> {
    let top = call.vm.current.top;
    let value = match replacement {
        Val::Str(template) => {
            return fill_in(call, buffer, matcher, template.bytes(), (start, end));
        }
        Val::Table(_) => {
            push_capture(call.vm, matcher, 0, Some((start, end)))?;
            let key = call.vm.current.at(top);
            call.vm.index(host, replacement, key)?
        }
        function => {
            call.vm.push(function)?;
            push_captures(call.vm, matcher, Some((start, end)))?;
            call.vm.call_value(host, top, 1)?;
            call.vm.current.at(top)
        }
    };
    call.vm.current.top = top;
    match value {
        Val::Nil | Val::Bool(false) => buffer.push(call.vm, &matcher.text[start..end]),
        value => match call.vm.text_of(&value)? {
            Some(text) => buffer.push(call.vm, text.bytes()),
            None => {
                let message = ["invalid replacement value (a ", value.type_name(), ")"].concat();
                Err(call.fail(message.as_bytes()))
            }
        },
    }
}

/// Appends a replacement string, in which `%1` stands for a capture.
fn fill_in(
    call: &mut Call<'_>,
    buffer: &mut Buffer,
    matcher: &Matcher<'_>,
    template: &[u8],
    whole: (usize, usize),
) -> Result<(), Raise> {
    let mut rest = template;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        buffer.push(call.vm, &rest[..at])?;
        let code = rest.get(at + 1).copied().unwrap_or(0);
        rest = rest.get(at + 2..).unwrap_or_default();
        match code {
            b'0' => buffer.push(call.vm, &matcher.text[whole.0..whole.1])?,
            b'1'..=b'9' => {
                let top = call.vm.current.top;
                push_capture(call.vm, matcher, (code - b'1') as usize, Some(whole))?;
                let value = call.vm.current.at(top);
                call.vm.current.top = top;
                if let Some(text) = call.vm.text_of(&value)? {
                    buffer.push(call.vm, text.bytes())?;
                }
            }
            other => buffer.push_byte(call.vm, other)?,
        }
    }
    buffer.push(call.vm, rest)
}
