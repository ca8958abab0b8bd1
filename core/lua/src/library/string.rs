//! The library `string`, but for `format`.

use super::pattern::{Extent, Matcher};
use super::{format, library, set};
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::library::arguments::Buffer;
use crate::meta::Event;
use crate::narrow;
use crate::steps::{Next, Work};
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

fn find(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    find_or_match(call, host, true)
}

fn match_(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    find_or_match(call, host, false)
}

fn find_or_match(call: &mut Call<'_>, host: &mut dyn Host, wants_position: bool) -> Result<usize, Raise> {
    let (text, pattern) = (call.check_string(0)?, call.check_string(1)?);
    let at = position(call.opt_integer(2, 1)?, text.len as usize) - 1;
    let at = narrow::count(at).unwrap_or(0).min(text.len as usize);
    if wants_position && (call.truth(3) || is_plain(pattern.bytes())) {
        return call.work(host, FindPlain { text, wanted: pattern, at });
    }
    let anchored = pattern.bytes().first() == Some(&b'^');
    call.work(host, Find { matcher: Matcher::new(text, pattern), at, anchored, wants_position })
}

/// `find` and `match`.
struct Find {
    matcher: Matcher,
    at: usize,
    anchored: bool,
    wants_position: bool,
}

impl Work for Find {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        while self.at <= self.matcher.text().len() {
            if let Some(end) = self.matcher.find(call.vm, self.at, usize::from(self.anchored))? {
                if !self.wants_position {
                    return push_captures(call.vm, &self.matcher, Some((self.at, end))).map(Next::Done);
                }
                give_range(call, self.at, end)?;
                return Ok(Next::Done(push_captures(call.vm, &self.matcher, None)? + 2));
            }
            if self.anchored {
                break;
            }
            self.at += 1;
        }
        call.give(Val::Nil).map(Next::Done)
    }
}

fn give_range(call: &mut Call<'_>, start: usize, end: usize) -> Result<usize, Raise> {
    call.give_number((start + 1) as f64)?;
    call.give_number(end as f64)?;
    Ok(2)
}

fn is_plain(pattern: &[u8]) -> bool {
    pattern.iter().take_while(|byte| **byte != 0).all(|byte| !b"^$*+?.([%-".contains(byte))
}

/// `find` for bytes as they are.
struct FindPlain {
    text: Gc<Str>,
    wanted: Gc<Str>,
    at: usize,
}

impl Work for FindPlain {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        let (text, wanted) = (self.text.bytes(), self.wanted.bytes());
        let Some((first, rest)) = wanted.split_first() else {
            return give_range(call, self.at, self.at).map(Next::Done);
        };
        let end = (text.len() + 1).saturating_sub(wanted.len());
        while self.at < end {
            call.vm.check_slice()?;
            let Some(skip) = text[self.at..end].iter().position(|byte| byte == first) else {
                call.vm.charge((end - self.at) / 8)?;
                break;
            };
            self.at += skip;
            let candidate = &text[self.at + 1..self.at + wanted.len()];
            if candidate == rest {
                call.vm.charge(skip / 8)?;
                return give_range(call, self.at, self.at + wanted.len()).map(Next::Done);
            }
            // What the comparison cost, as far as it went.
            let same = candidate.iter().zip(rest).take_while(|(a, b)| a == b).count();
            self.at += 1;
            call.vm.charge(skip / 8 + same / 8 + 1)?;
        }
        call.give(Val::Nil).map(Next::Done)
    }
}

/// Pushes a capture; `whole` is the match, for patterns without captures.
fn push_capture(
    vm: &mut Vm,
    matcher: &Matcher,
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

fn slice(vm: &mut Vm, matcher: &Matcher, start: usize, end: usize) -> Result<Gc<Str>, Raise> {
    vm.charge((end - start) / 8)?;
    vm.heap.string(&matcher.text()[start..end])
}

/// Pushes all captures, or the whole match if there are none.
fn push_captures(vm: &mut Vm, matcher: &Matcher, whole: Option<(usize, usize)>) -> Result<usize, Raise> {
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

fn gmatch_step(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let Val::Native(state) = call.vm.current.at(call.func) else { return Ok(0) };
    let [Val::Str(text), Val::Str(pattern), Val::Number(start)] = state.upvalues else { return Ok(0) };
    call.work(
        host,
        GmatchStep { matcher: Matcher::new(text, pattern), at: narrow::saturate(narrow::whole(start)) },
    )
}

/// A step of the loop with `gmatch`, whose function holds text and pattern.
struct GmatchStep {
    matcher: Matcher,
    at: usize,
}

impl Work for GmatchStep {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        while self.at <= self.matcher.text().len() {
            if let Some(end) = self.matcher.find(call.vm, self.at, 0)? {
                let next = if end == self.at { end + 1 } else { end };
                if let Val::Native(mut state) = call.vm.current.at(call.func) {
                    state.upvalues[2] = Val::Number(next as f64);
                }
                return push_captures(call.vm, &self.matcher, Some((self.at, end))).map(Next::Done);
            }
            self.at += 1;
        }
        Ok(Next::Done(0))
    }
}

fn gsub(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let (text, pattern) = (call.check_string(0)?, call.check_string(1)?);
    if let Val::Number(_) = call.arg(2) {
        call.check_string(2)?;
    }
    if !matches!(call.arg(2), Val::Str(_) | Val::Table(_) | Val::Lua(_) | Val::Native(_)) {
        return Err(call.bad_argument(2, "string/function/table expected"));
    }
    let limit = call.opt_int(3, i64::from(text.len) + 1)?;
    let anchored = pattern.bytes().first() == Some(&b'^');
    let matcher = Matcher::new(text, pattern);
    call.work(
        host,
        Gsub {
            matcher,
            at: 0,
            anchored,
            limit,
            count: 0,
            buffer: Buffer::new(),
            waits_for: None,
            is_over: false,
        },
    )
}

struct Gsub {
    matcher: Matcher,
    at: usize,
    anchored: bool,
    limit: i64,
    count: i64,
    buffer: Buffer,
    /// The end of the match for which a function was called, and where its result will be.
    waits_for: Option<(usize, usize)>,
    is_over: bool,
}

impl Work for Gsub {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        if let Some((end, place)) = self.waits_for.take() {
            let value = if call.vm.current.top > place { call.vm.current.at(place) } else { Val::Nil };
            call.vm.current.top = place;
            self.append(call, value, end)?;
            self.advance(call, Some(end))?;
        }
        while self.count < self.limit && !self.is_over {
            let found = self.matcher.find(call.vm, self.at, usize::from(self.anchored))?;
            if let Some(end) = found {
                self.count += 1;
                if let Some(place) = self.replace(call, end)? {
                    self.waits_for = Some((end, place));
                    return Ok(Next::Call(place));
                }
            }
            self.advance(call, found)?;
        }
        self.buffer.push(call.vm, &self.matcher.text()[self.at..])?;
        call.give_bytes(&self.buffer.bytes)?;
        call.give_number(self.count as f64)?;
        Ok(Next::Done(2))
    }

    fn charged(&self) -> usize {
        self.buffer.charged()
    }
}

impl Gsub {
    /// On behind a match, or behind a byte where there is none or an empty one.
    fn advance(&mut self, call: &mut Call<'_>, found: Option<usize>) -> Result<(), Raise> {
        match found {
            Some(end) if end > self.at => self.at = end,
            _ if self.at < self.matcher.text().len() => {
                self.buffer.push_byte(call.vm, self.matcher.text()[self.at])?;
                self.at += 1;
            }
            _ => self.is_over = true,
        }
        self.is_over |= self.anchored;
        Ok(())
    }

    /// Appends what stands for a match, unless a function has to tell: then that lies at the place that is returned.
    fn replace(&mut self, call: &mut Call<'_>, end: usize) -> Result<Option<usize>, Raise> {
        let (top, replacement, whole) = (call.vm.current.top, call.arg(2), (self.at, end));
        match replacement {
            Val::Str(template) => fill_in(call, &mut self.buffer, &self.matcher, template.bytes(), whole)?,
            Val::Table(_) => {
                push_capture(call.vm, &self.matcher, 0, Some(whole))?;
                let key = call.vm.current.at(top);
                match call.vm.index_or_method(replacement, key)? {
                    Ok(value) => {
                        call.vm.current.top = top;
                        self.append(call, value, end)?;
                    }
                    Err((method, object)) => {
                        call.vm.current.put(top, method);
                        call.vm.push(object)?;
                        call.vm.push(key)?;
                        return Ok(Some(top));
                    }
                }
            }
            function => {
                call.vm.push(function)?;
                push_captures(call.vm, &self.matcher, Some(whole))?;
                return Ok(Some(top));
            }
        }
        Ok(None)
    }

    /// Appends the value that stands for a match.
    fn append(&mut self, call: &mut Call<'_>, value: Val, end: usize) -> Result<(), Raise> {
        match value {
            Val::Nil | Val::Bool(false) => self.buffer.push(call.vm, &self.matcher.text()[self.at..end]),
            value => match call.vm.text_of(&value)? {
                Some(text) => self.buffer.push(call.vm, text.bytes()),
                None => {
                    let message = ["invalid replacement value (a ", value.type_name(), ")"].concat();
                    Err(call.fail(message.as_bytes()))
                }
            },
        }
    }
}

/// Appends a replacement string, in which `%1` stands for a capture.
fn fill_in(
    call: &mut Call<'_>,
    buffer: &mut Buffer,
    matcher: &Matcher,
    template: &[u8],
    whole: (usize, usize),
) -> Result<(), Raise> {
    let mut rest = template;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        buffer.push(call.vm, &rest[..at])?;
        let code = rest.get(at + 1).copied().unwrap_or(0);
        rest = rest.get(at + 2..).unwrap_or_default();
        match code {
            b'0' => buffer.push(call.vm, &matcher.text()[whole.0..whole.1])?,
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
