//! `string.format`.

use super::arguments::{Buffer, to_integer};
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::narrow;
use crate::number;
use alloc::vec::Vec;

/// Strings from this length on are not padded, as in Lua 5.1.
const LONG: usize = 100;

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

pub(super) fn format(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let template = call.check_string(0)?.bytes();
    call.with_buffer(|call, buffer| {
        let mut rest = template;
        let mut index = 0;
        while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
            buffer.push(call.vm, &rest[..at])?;
            rest = &rest[at + 1..];
            if rest.first() == Some(&b'%') {
                buffer.push_byte(call.vm, b'%')?;
                rest = &rest[1..];
                continue;
            }
            index += 1;
            if index >= call.count {
                return Err(call.bad_argument(index, "no value"));
            }
            let spec = parse(call, &mut rest)?;
            let conversion = rest.first().copied().unwrap_or(0);
            rest = rest.get(1..).unwrap_or_default();
            item(call, buffer, index, &spec, conversion)?;
        }
        buffer.push(call.vm, rest)?;
        call.give_bytes(&buffer.bytes)
    })
}

fn parse(call: &mut Call<'_>, rest: &mut &[u8]) -> Result<Spec, Raise> {
    const FLAGS: &[u8] = b"-+ #0";
    let mut spec = Spec::default();
    let flags = rest.iter().take_while(|byte| FLAGS.contains(byte)).count();
    if flags > FLAGS.len() {
        return Err(call.fail(b"invalid format (repeated flags)"));
    }
    for flag in &rest[..flags] {
        match flag {
            b'-' => spec.left = true,
            b'+' => spec.plus = true,
            b' ' => spec.space = true,
            b'#' => spec.alternate = true,
            _ => spec.zero = true,
        }
    }
    *rest = &rest[flags..];
    spec.width = two_digits(rest);
    if rest.first() == Some(&b'.') {
        *rest = &rest[1..];
        spec.precision = Some(two_digits(rest));
    }
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return Err(call.fail(b"invalid format (width or precision too long)"));
    }
    Ok(spec)
}

/// A number of at most two digits; 0 if there is none.
fn two_digits(rest: &mut &[u8]) -> usize {
    let digits = rest.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    let value = rest[..digits].iter().fold(0, |value, byte| value * 10 + (byte - b'0') as usize);
    *rest = &rest[digits..];
    value
}

fn item(
    call: &mut Call<'_>,
    buffer: &mut Buffer,
    index: usize,
    spec: &Spec,
    conversion: u8,
) -> Result<(), Raise> {
    let mut text = Vec::new();
    match conversion {
        b'c' => {
            // What C's `int` cannot hold becomes the least one.
            let number = i32::try_from(call.check_integer(index)?).unwrap_or(i32::MIN);
            let byte = narrow::low_u8(i64::from(number).cast_unsigned());
            // C's string ends at a zero byte, and so does what was padded before it.
            if byte == 0 {
                if !spec.left && spec.width > 1 {
                    text.resize(spec.width - 1, b' ');
                }
                return buffer.push(call.vm, &text);
            }
            text.push(byte);
            pad(spec, &mut text, 0, false);
        }
        b'd' | b'i' => {
            let number = call.check_integer(index)?;
            number::write_integer(&mut text, number.unsigned_abs());
            integer(spec, &mut text, number < 0, b"");
        }
        b'u' | b'o' | b'x' | b'X' => {
            let number = to_unsigned(call.check_number(index)?);
            write_radix(&mut text, number, conversion);
            let prefix: &[u8] = match conversion {
                b'x' if spec.alternate && number != 0 => b"0x",
                b'X' if spec.alternate && number != 0 => b"0X",
                b'o' if spec.alternate && text.first() != Some(&b'0') => b"0",
                _ => b"",
            };
            let unsigned = Spec { plus: false, space: false, ..copy(spec) };
            integer(&unsigned, &mut text, false, prefix);
        }
        b'e' | b'E' | b'f' | b'g' | b'G' => {
            let number = call.check_number(index)?;
            float(spec, &mut text, number, conversion);
        }
        b'q' => {
            let string = call.check_string(index)?.bytes();
            return quote(call, buffer, string);
        }
        b's' => {
            let string = call.check_string(index)?.bytes();
            if spec.precision.is_none() && string.len() >= LONG {
                return buffer.push(call.vm, string);
            }
            let end = string.iter().position(|byte| *byte == 0).unwrap_or(string.len());
            let end = end.min(spec.precision.unwrap_or(usize::MAX));
            text.extend_from_slice(&string[..end]);
            pad(spec, &mut text, 0, false);
        }
        other => {
            let mut message = b"invalid option '%".to_vec();
            if other != 0 {
                message.push(other);
            }
            message.extend_from_slice(b"' to 'format'");
            return Err(call.fail(&message));
        }
    }
    buffer.push(call.vm, &text)
}

fn copy(spec: &Spec) -> Spec {
    Spec { ..*spec }
}

/// As C converts a `double` to `unsigned long` on x86-64: negative numbers wrap around.
pub(super) fn to_unsigned(number: f64) -> u64 {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if number >= LIMIT { (to_integer(number - LIMIT) as u64) ^ (1 << 63) } else { to_integer(number) as u64 }
}

fn write_radix(text: &mut Vec<u8>, mut number: u64, conversion: u8) {
    let radix = match conversion {
        b'o' => 8,
        b'u' => 10,
        _ => 16,
    };
    let digits: &[u8; 16] = if conversion == b'X' { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    loop {
        text.push(digits[narrow::index(number % radix)]);
        number /= radix;
        if number == 0 {
            break;
        }
    }
    text.reverse();
}

/// Sign, prefix, least number of digits, and padding of an integer.
fn integer(spec: &Spec, text: &mut Vec<u8>, negative: bool, prefix: &[u8]) {
    if let Some(precision) = spec.precision {
        if precision == 0 && text.as_slice() == b"0" {
            text.clear();
        }
        let missing = precision.saturating_sub(text.len() + usize::from(prefix == b"0"));
        text.splice(0..0, core::iter::repeat_n(b'0', missing));
    }
    text.splice(0..0, prefix.iter().copied());
    let sign = sign(spec, negative);
    text.splice(0..0, sign);
    let skipped = usize::from(sign.is_some()) + if prefix.len() == 2 { 2 } else { 0 };
    pad(spec, text, skipped, spec.zero && spec.precision.is_none());
}

fn sign(spec: &Spec, negative: bool) -> Option<u8> {
    if negative {
        Some(b'-')
    } else if spec.plus {
        Some(b'+')
    } else if spec.space {
        Some(b' ')
    } else {
        None
    }
}

fn float(spec: &Spec, text: &mut Vec<u8>, number: f64, conversion: u8) {
    let precision = spec.precision.unwrap_or(6);
    match conversion.to_ascii_lowercase() {
        b'e' => number::write_e(text, number, precision, spec.alternate),
        b'f' => number::write_f(text, number, precision, spec.alternate),
        _ => number::write_g(text, number, precision, spec.alternate),
    }
    if conversion.is_ascii_uppercase() {
        text.make_ascii_uppercase();
    }
    let negative = text.first() == Some(&b'-');
    if !negative {
        text.splice(0..0, sign(spec, false));
    }
    let signed = usize::from(negative || sign(spec, false).is_some());
    pad(spec, text, signed, spec.zero && number.is_finite());
}

/// Fills up to the width: at the left behind the first `skipped` bytes with zeros, or before them with spaces, or at
/// the right.
fn pad(spec: &Spec, text: &mut Vec<u8>, skipped: usize, zeros: bool) {
    let missing = spec.width.saturating_sub(text.len());
    if spec.left {
        text.extend(core::iter::repeat_n(b' ', missing));
    } else if zeros {
        text.splice(skipped..skipped, core::iter::repeat_n(b'0', missing));
    } else {
        text.splice(0..0, core::iter::repeat_n(b' ', missing));
    }
}

fn quote(call: &mut Call<'_>, buffer: &mut Buffer, string: &[u8]) -> Result<(), Raise> {
    buffer.push_byte(call.vm, b'"')?;
    for byte in string {
        match byte {
            b'"' | b'\\' | b'\n' => buffer.push(call.vm, &[b'\\', *byte])?,
            b'\r' => buffer.push(call.vm, b"\\r")?,
            0 => buffer.push(call.vm, b"\\000")?,
            other => buffer.push_byte(call.vm, *other)?,
        }
    }
    buffer.push_byte(call.vm, b'"')
}
