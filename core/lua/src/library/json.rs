//! The library `cjson`, as version 2.1.0 that Redis carries: what is an array, how numbers look, and all complaints.
//!
//! Nesting takes no native stack.

use super::arguments::Buffer;
use super::{register_native, set};
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::narrow;
use crate::number;
use crate::table::Table;
use crate::value::{Gc, Native, NativeKind, Val};
use crate::vm::Vm;
use alloc::string::String;
use alloc::vec::Vec;

/// `cjson.null`.
pub(super) const NULL: Val = Val::Light(0);

/// Settings, which are kept in a table that the functions of one instance of the library share. These are the indices
/// there.
#[derive(Clone, Copy)]
enum Setting {
    SparseConvert = 1,
    SparseRatio,
    SparseSafe,
    EncodeDepth,
    DecodeDepth,
    EncodeInvalid,
    DecodeInvalid,
    KeepBuffer,
    Precision,
}

/// In the order of [`Setting`].
const DEFAULTS: [f64; 9] = [0.0, 2.0, 10.0, 1000.0, 1000.0, 0.0, 1.0, 1.0, 14.0];

/// Nesting has a limit of its own, as Lua's stack has in the original.
const DEPTH_MAX: usize = 8000;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    let table = instance(vm)?;
    let globals = vm.globals;
    set(vm, globals, "cjson", Val::Table(table))
}

/// A new instance of the library, with the default settings.
fn instance(vm: &mut Vm) -> Result<Gc<Table>, Raise> {
    let functions: [(&str, super::Function); 10] = [
        ("decode", decode),
        ("decode_invalid_numbers", decode_invalid_numbers),
        ("decode_max_depth", decode_max_depth),
        ("encode", encode),
        ("encode_invalid_numbers", encode_invalid_numbers),
        ("encode_keep_buffer", encode_keep_buffer),
        ("encode_max_depth", encode_max_depth),
        ("encode_number_precision", encode_number_precision),
        ("encode_sparse_array", encode_sparse_array),
        ("new", new),
    ];
    let mut settings = vm.new_table(DEFAULTS.len(), 0)?;
    for (index, value) in DEFAULTS.iter().enumerate() {
        settings.set_index(&mut vm.heap, index + 1, Val::Number(*value))?;
    }
    let table = vm.new_table(0, functions.len() + 3)?;
    for (name, function) in functions {
        register_native(vm, table, name, NativeKind::Library(function), Val::Table(settings))?;
    }
    set(vm, table, "null", NULL)?;
    for (name, text) in [("_NAME", "cjson"), ("_VERSION", "2.1.0")] {
        let text = vm.heap.string(text.as_bytes())?;
        set(vm, table, name, Val::Str(text))?;
    }
    Ok(table)
}

fn new(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = instance(call.vm)?;
    call.give(Val::Table(table))
}

/// The settings of the function that is called.
fn settings(call: &Call<'_>) -> Option<Gc<Table>> {
    let Val::Native(function) = call.vm.current.at(call.func) else { return None };
    let function: Gc<Native> = function;
    match function.upvalues[0] {
        Val::Table(settings) => Some(settings),
        _ => None,
    }
}

fn setting(call: &Call<'_>, setting: Setting) -> f64 {
    match settings(call).map(|settings| settings.get_index(setting as usize)) {
        Some(Val::Number(value)) => value,
        _ => DEFAULTS[setting as usize - 1],
    }
}

fn change(call: &mut Call<'_>, setting: Setting, value: f64) -> Result<(), Raise> {
    match settings(call) {
        Some(mut settings) => settings.set_index(&mut call.vm.heap, setting as usize, Val::Number(value)),
        None => Ok(()),
    }
}

fn check_count(call: &mut Call<'_>, count: usize) -> Result<(), Raise> {
    if call.count > count { Err(call.bad_argument(count, "found too many arguments")) } else { Ok(()) }
}

/// Gives a setting that is an integer, after changing it if there is an argument.
fn integer_option(
    call: &mut Call<'_>,
    index: usize,
    which: Setting,
    min: i64,
    max: i64,
) -> Result<(), Raise> {
    if !call.arg(index).is_nil() {
        let value = call.check_int(index)?;
        if !(min..=max).contains(&value) {
            let mut message = b"expected integer between ".to_vec();
            number::write_integer(&mut message, min as u64);
            message.extend_from_slice(b" and ");
            number::write_integer(&mut message, max as u64);
            return Err(call.bad_argument(index, &String::from_utf8_lossy(&message)));
        }
        change(call, which, value as f64)?;
    }
    let value = setting(call, which);
    call.give_number(value)?;
    Ok(())
}

/// A whole number that is not negative as a count, which no length exceeds.
fn whole(number: f64) -> usize {
    narrow::saturate(super::format::to_unsigned(number))
}

/// Gives a setting that is one of several words, of which the first two may be booleans.
fn word_option(call: &mut Call<'_>, index: usize, which: Setting, words: &[&str]) -> Result<(), Raise> {
    match call.arg(index) {
        Val::Nil => {}
        Val::Bool(value) => change(call, which, f64::from(u8::from(value)))?,
        _ => {
            // There is no default: it was not nil.
            let value = call.check_option(index, "", words)?;
            change(call, which, value as f64)?;
        }
    }
    let value = whole(setting(call, which));
    if value < 2 {
        call.give(Val::Bool(value == 1))?;
    } else {
        call.give_bytes(words[value].as_bytes())?;
    }
    Ok(())
}

const SWITCH: [&str; 2] = ["off", "on"];
const INT_MAX: i64 = i32::MAX as i64;

fn encode_sparse_array(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    check_count(call, 3)?;
    word_option(call, 0, Setting::SparseConvert, &SWITCH)?;
    integer_option(call, 1, Setting::SparseRatio, 0, INT_MAX)?;
    integer_option(call, 2, Setting::SparseSafe, 0, INT_MAX)?;
    Ok(3)
}

fn encode_max_depth(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    check_count(call, 1)?;
    integer_option(call, 0, Setting::EncodeDepth, 1, INT_MAX)?;
    Ok(1)
}

fn decode_max_depth(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    check_count(call, 1)?;
    integer_option(call, 0, Setting::DecodeDepth, 1, INT_MAX)?;
    Ok(1)
}

fn encode_number_precision(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    check_count(call, 1)?;
    integer_option(call, 0, Setting::Precision, 1, 14)?;
    Ok(1)
}

fn encode_keep_buffer(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    check_count(call, 1)?;
    word_option(call, 0, Setting::KeepBuffer, &SWITCH)?;
    Ok(1)
}

fn encode_invalid_numbers(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    check_count(call, 1)?;
    word_option(call, 0, Setting::EncodeInvalid, &["off", "on", "null"])?;
    Ok(1)
}

fn decode_invalid_numbers(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    check_count(call, 1)?;
    word_option(call, 0, Setting::DecodeInvalid, &SWITCH)?;
    Ok(1)
}

// Encoding.

/// A table that is being written.
enum Open {
    Array { table: Gc<Table>, next: usize, len: usize },
    Object { table: Gc<Table>, position: usize, first: bool },
}

struct Encoder<'a, 'b> {
    call: &'a mut Call<'b>,
    out: &'a mut Buffer,
    open: Vec<Open>,
    depth_max: usize,
    invalid: usize,
    precision: usize,
}

fn encode(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    if call.count != 1 {
        return Err(call.bad_argument(0, "expected 1 argument"));
    }
    let value = call.arg(0);
    call.with_buffer(|call, out| {
        let depth_max = whole(setting(call, Setting::EncodeDepth));
        let invalid = whole(setting(call, Setting::EncodeInvalid));
        let precision = whole(setting(call, Setting::Precision));
        Encoder { call, out, open: Vec::new(), depth_max, invalid, precision }.run(value)?;
        call.give_bytes(&out.bytes)
    })
}

impl Encoder<'_, '_> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Raise> {
        self.out.push(self.call.vm, bytes)
    }

    fn refuse(&mut self, value: &Val, reason: &str) -> Raise {
        let message = ["Cannot serialise ", value.type_name(), ": ", reason].concat();
        self.call.fail(message.as_bytes())
    }

    fn run(&mut self, value: Val) -> Result<(), Raise> {
        self.value(value)?;
        while let Some(open) = self.open.last_mut() {
            self.call.vm.charge(1)?;
            match open {
                Open::Array { table, next, len } => {
                    if *next > *len {
                        self.open.pop();
                        self.push(b"]")?;
                        continue;
                    }
                    let (value, comma) = (table.get_index(*next), *next > 1);
                    *next += 1;
                    if comma {
                        self.push(b",")?;
                    }
                    self.value(value)?;
                }
                Open::Object { table, position, first } => {
                    let Some((next, key, value)) = table.entry_at_or_after(*position) else {
                        self.open.pop();
                        self.push(b"}")?;
                        continue;
                    };
                    *position = next;
                    if !core::mem::replace(first, false) {
                        self.push(b",")?;
                    }
                    self.key(key)?;
                    self.value(value)?;
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, key: Val) -> Result<(), Raise> {
        match key {
            Val::Number(number) => {
                self.push(b"\"")?;
                self.number(number)?;
                self.push(b"\":")
            }
            Val::Str(text) => {
                self.string(text.bytes())?;
                self.push(b":")
            }
            other => Err(self.refuse(&other, "table key must be a number or string")),
        }
    }

    fn value(&mut self, value: Val) -> Result<(), Raise> {
        match value {
            Val::Nil | Val::Light(0) => self.push(b"null"),
            Val::Bool(true) => self.push(b"true"),
            Val::Bool(false) => self.push(b"false"),
            Val::Number(number) => self.number(number),
            Val::Str(text) => self.string(text.bytes()),
            Val::Table(table) => self.table(table),
            other => Err(self.refuse(&other, "type not supported")),
        }
    }

    fn table(&mut self, table: Gc<Table>) -> Result<(), Raise> {
        let depth = self.open.len() + 1;
        if depth > self.depth_max.min(DEPTH_MAX) {
            let mut message = b"Cannot serialise, excessive nesting (".to_vec();
            number::write_integer(&mut message, depth as u64);
            message.push(b')');
            return Err(self.call.fail(&message));
        }
        self.call.vm.heap.check(self.open.len() * 2 * size_of::<Open>())?;
        match self.array_len(table)? {
            Some(len) if len > 0 => {
                self.open.push(Open::Array { table, next: 1, len });
                self.push(b"[")
            }
            _ => {
                self.open.push(Open::Object { table, position: 0, first: true });
                self.push(b"{")
            }
        }
    }

    /// The length of an array; nothing for a table with other keys, or too few elements for its length. The original
    /// has it as C's `int`, so that a key beyond makes an object.
    fn array_len(&mut self, table: Gc<Table>) -> Result<Option<usize>, Raise> {
        let (mut max, mut items, mut position) = (0.0, 0.0, 0);
        while let Some((next, key, _)) = table.entry_at_or_after(position) {
            position = next;
            match key {
                Val::Number(key) if key >= 1.0 && number::floor(key) == key => {
                    if key > max {
                        max = if key > f64::from(i32::MAX) { f64::from(i32::MIN) } else { key };
                    }
                    items += 1.0;
                }
                _ => return Ok(None),
            }
        }
        self.call.vm.charge(position)?;
        let ratio = setting(self.call, Setting::SparseRatio);
        if ratio > 0.0 && max > items * ratio && max > setting(self.call, Setting::SparseSafe) {
            if setting(self.call, Setting::SparseConvert) == 0.0 {
                return Err(self.refuse(&Val::Table(table), "excessively sparse array"));
            }
            return Ok(None);
        }
        Ok((max >= 0.0).then(|| whole(max)))
    }

    fn number(&mut self, number: f64) -> Result<(), Raise> {
        if !number.is_finite() {
            match self.invalid {
                0 => return Err(self.refuse(&Val::Number(number), "must not be NaN or Inf")),
                1 if number.is_nan() => return self.push(b"nan"),
                1 => {}
                _ => return self.push(b"null"),
            }
        }
        self.out.reserve(self.call.vm, 32)?;
        number::write_g(&mut self.out.bytes, number, self.precision, false);
        Ok(())
    }

    fn string(&mut self, text: &[u8]) -> Result<(), Raise> {
        self.out.reserve(self.call.vm, text.len() + 2)?;
        self.push(b"\"")?;
        let mut rest = text;
        while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
            self.push(&rest[..at])?;
            let byte = rest[at];
            let short = match byte {
                b'"' | b'\\' | b'/' => byte,
                8 => b'b',
                9 => b't',
                10 => b'n',
                12 => b'f',
                13 => b'r',
                _ => 0,
            };
            if short != 0 {
                self.push(&[b'\\', short])?;
            } else {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let digits = [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]];
                self.push(&[b'\\', b'u', b'0', b'0', digits[0], digits[1]])?;
            }
            rest = &rest[at + 1..];
        }
        self.push(rest)?;
        self.push(b"\"")
    }
}

fn needs_escape(byte: u8) -> bool {
    byte < 32 || matches!(byte, b'"' | b'\\' | b'/' | 127)
}

// Decoding.

#[derive(Clone, Copy)]
enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Value(Val, &'static str),
    Colon,
    Comma,
    End,
    Error(&'static str),
}

impl Token {
    fn name(self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::Value(_, name) => name,
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Error(what) => what,
        }
    }
}

struct Decoder<'a, 'b> {
    call: &'a mut Call<'b>,
    text: &'a [u8],
    at: usize,
    /// Where the token began, or is wrong.
    token_at: usize,
    buffer: &'a mut Buffer,
    allows_invalid: bool,
}

/// A container that is being read: an array with its length, or an object with the key of the next value.
enum Reading {
    Array(Gc<Table>, usize),
    Object(Gc<Table>, Val),
}

fn decode(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    if call.count != 1 {
        return Err(call.bad_argument(0, "expected 1 argument"));
    }
    let text = call.check_string(0)?.bytes();
    if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
        return Err(call.fail(b"JSON parser does not support UTF-16 or UTF-32"));
    }
    let depth_max = whole(setting(call, Setting::DecodeDepth));
    let allows_invalid = setting(call, Setting::DecodeInvalid) != 0.0;
    let value = call.with_buffer(|call, buffer| {
        Decoder { call, text, at: 0, token_at: 0, buffer, allows_invalid }.run(depth_max.min(DEPTH_MAX))
    })?;
    call.give(value)
}

impl Decoder<'_, '_> {
    fn run(&mut self, depth_max: usize) -> Result<Val, Raise> {
        let mut open: Vec<Reading> = Vec::new();
        let mut token = self.next()?;
        loop {
            // A value begins here.
            let mut value = match token {
                Token::Value(value, _) => value,
                Token::ObjectBegin | Token::ArrayBegin => {
                    if open.len() + 1 > depth_max {
                        let mut message = b"Found too many nested data structures (".to_vec();
                        number::write_integer(&mut message, open.len() as u64 + 1);
                        message.extend_from_slice(b") at character ");
                        number::write_integer(&mut message, self.at as u64);
                        return Err(self.call.fail(&message));
                    }
                    self.call.vm.heap.check(open.len() * 2 * size_of::<Reading>())?;
                    let table = self.call.vm.heap.new_table()?;
                    let is_array = matches!(token, Token::ArrayBegin);
                    token = self.next()?;
                    match (is_array, token) {
                        (true, Token::ArrayEnd) | (false, Token::ObjectEnd) => Val::Table(table),
                        (true, _) => {
                            open.push(Reading::Array(table, 0));
                            continue;
                        }
                        (false, _) => {
                            let key = self.key(token)?;
                            open.push(Reading::Object(table, key));
                            token = self.next()?;
                            continue;
                        }
                    }
                }
                other => return Err(self.unexpected("value", other)),
            };
            // A value ends here, and whatever ends with it.
            loop {
                let heap = &mut self.call.vm.heap;
                match open.last_mut() {
                    None => {
                        let end = self.next()?;
                        return if let Token::End = end {
                            Ok(value)
                        } else {
                            Err(self.unexpected("the end", end))
                        };
                    }
                    Some(Reading::Array(table, len)) => {
                        *len += 1;
                        table.set_index(heap, *len, value)?;
                        value = Val::Table(*table);
                        match self.next()? {
                            Token::ArrayEnd => {}
                            Token::Comma => {
                                token = self.next()?;
                                break;
                            }
                            other => return Err(self.unexpected("comma or array end", other)),
                        }
                    }
                    Some(Reading::Object(table, key)) => {
                        table.set(heap, *key, value)?;
                        value = Val::Table(*table);
                        match self.next()? {
                            Token::ObjectEnd => {}
                            Token::Comma => {
                                token = self.next()?;
                                let next = self.key(token)?;
                                if let Some(Reading::Object(_, key)) = open.last_mut() {
                                    *key = next;
                                }
                                token = self.next()?;
                                break;
                            }
                            other => return Err(self.unexpected("comma or object end", other)),
                        }
                    }
                }
                open.pop();
            }
        }
    }

    /// The key of an entry, and the colon behind it.
    fn key(&mut self, token: Token) -> Result<Val, Raise> {
        let Token::Value(key @ Val::Str(_), _) = token else {
            return Err(self.unexpected("object key string", token));
        };
        match self.next()? {
            Token::Colon => Ok(key),
            other => Err(self.unexpected("colon", other)),
        }
    }

    fn unexpected(&mut self, expected: &str, token: Token) -> Raise {
        let mut message = b"Expected ".to_vec();
        message.extend_from_slice(expected.as_bytes());
        message.extend_from_slice(b" but found ");
        message.extend_from_slice(token.name().as_bytes());
        message.extend_from_slice(b" at character ");
        number::write_integer(&mut message, self.token_at as u64 + 1);
        self.call.fail(&message)
    }

    /// The byte here; 0 at the end, as C has it.
    fn byte(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn error(&mut self, what: &'static str) -> Token {
        self.token_at = self.at;
        Token::Error(what)
    }

    fn next(&mut self) -> Result<Token, Raise> {
        self.call.vm.charge(1)?;
        while matches!(self.byte(0), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.token_at = self.at;
        let single = match self.byte(0) {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b':' => Token::Colon,
            b',' => Token::Comma,
            0 => return Ok(Token::End),
            b'"' => return self.string(),
            b'-' | b'0'..=b'9' => {
                if !self.allows_invalid && self.is_invalid_number() {
                    return Ok(self.error("invalid number"));
                }
                return Ok(self.number());
            }
            b't' if self.word(b"true") => return Ok(Token::Value(Val::Bool(true), "T_BOOLEAN")),
            b'f' if self.word(b"false") => return Ok(Token::Value(Val::Bool(false), "T_BOOLEAN")),
            b'n' if self.word(b"null") => return Ok(Token::Value(NULL, "T_NULL")),
            b'i' | b'I' | b'n' | b'N' | b'+' if self.allows_invalid && self.is_invalid_number() => {
                return Ok(self.number());
            }
            _ => return Ok(self.error("invalid token")),
        };
        self.at += 1;
        Ok(single)
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// What C reads as a number but JSON does not allow.
    fn is_invalid_number(&self) -> bool {
        if self.byte(0) == b'+' {
            return true;
        }
        let skip = usize::from(self.byte(0) == b'-');
        let first = self.byte(skip);
        if first == b'0' {
            return matches!(self.byte(skip + 1), b'x' | b'X' | b'0'..=b'9');
        }
        if first <= b'9' {
            return false;
        }
        let rest = &self.text[(self.at + skip).min(self.text.len())..];
        rest.len() >= 3 && (rest[..3].eq_ignore_ascii_case(b"inf") || rest[..3].eq_ignore_ascii_case(b"nan"))
    }

    fn number(&mut self) -> Token {
        match number::parse_prefix(&self.text[self.at..]) {
            Some((number, len)) => {
                self.at += len;
                Token::Value(Val::Number(number), "T_NUMBER")
            }
            None => self.error("invalid number"),
        }
    }

    fn string(&mut self) -> Result<Token, Raise> {
        self.at += 1;
        self.buffer.bytes.clear();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0)).unwrap_or(rest.len());
            self.buffer.push(self.call.vm, &rest[..plain])?;
            self.at += plain;
            match self.byte(0) {
                b'"' => break,
                0 => return Ok(self.error("unexpected end of string")),
                _ => {}
            }
            let meant = match self.byte(1) {
                byte @ (b'"' | b'\\' | b'/') => byte,
                b'b' => 8,
                b't' => 9,
                b'n' => 10,
                b'f' => 12,
                b'r' => 13,
                b'u' => {
                    let Some((character, len)) = self.escaped_character() else {
                        return Ok(self.error("invalid unicode escape code"));
                    };
                    self.at += len;
                    let mut utf8 = [0; 4];
                    let utf8 = character.encode_utf8(&mut utf8);
                    self.buffer.push(self.call.vm, utf8.as_bytes())?;
                    continue;
                }
                _ => return Ok(self.error("invalid escape code")),
            };
            self.buffer.push_byte(self.call.vm, meant)?;
            self.at += 2;
        }
        self.at += 1;
        let string = self.call.vm.heap.string(&self.buffer.bytes)?;
        Ok(Token::Value(Val::Str(string), "T_STRING"))
    }

    /// The character that `\uXXXX`, or two of them, stand for, and the length of their text.
    fn escaped_character(&self) -> Option<(char, usize)> {
        let unit = |ahead: usize| {
            (0..4).try_fold(0, |value, index| {
                (self.byte(ahead + index) as char).to_digit(16).map(|digit| value << 4 | digit)
            })
        };
        let first = unit(2)?;
        if first & 0xf800 != 0xd800 {
            return Some((char::from_u32(first)?, 6));
        }
        if first & 0x400 != 0 || self.byte(6) != b'\\' || self.byte(7) != b'u' {
            return None;
        }
        let second = unit(8)?;
        if second & 0xfc00 != 0xdc00 {
            return None;
        }
        let code = 0x10000 + ((first & 0x3ff) << 10 | second & 0x3ff);
        Some((char::from_u32(code)?, 12))
    }
}
