//! Doubles as text: scores, coordinates and the numbers of scripts.

use super::binary::{Big, Binary, DOUBLE};
use super::grisu;
use super::integer::write_i64;
use super::scan::{Magnitude, scan};
use alloc::vec::Vec;

/// Bits of an `f64`'s significand that are stored; the leading one is implied.
const STORED_BITS: u32 = 52;

/// Reads a double as Redis does with C's `strtod`: decimal or hexadecimal, `inf` and `infinity` in
/// any case and with a sign. The number must be the whole text; NaN is refused, and so is what
/// overflows, or rounds to zero without being zero.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    if let Some(value) = parse_simple(text) {
        return Some(value);
    }
    let number = scan(&DOUBLE, text)?;
    let value = match number.magnitude {
        Magnitude::Zero => 0.0,
        Magnitude::Infinite => f64::INFINITY,
        Magnitude::Finite(binary) => compose(binary),
    };
    Some(if number.negative { -value } else { value })
}

/// Appends a double as Redis does since 7.2: the shortest digits that read back as the same
/// number, and `inf`, `-inf`, `nan` and `-0`.
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    // Up to 2^62 an integer is written as one; see Redis's `double2ll`.
    const INTEGER_MAX: f64 = (1u64 << 62) as f64;
    if value.abs() <= INTEGER_MAX && value as i64 as f64 == value {
        if value == 0.0 && value.is_sign_negative() {
            out.push(b'-');
        }
        return write_i64(out, value as i64);
    }
    if !write_special(out, value) {
        return;
    }
    let digits = grisu::shortest(value.abs());
    let (ascii, exponent) = (digits.as_slice(), digits.exponent);
    let len = ascii.len() as i32;
    let scientific = len + exponent - 1;
    let positional = if exponent >= 0 { scientific < len + 7 } else { exponent > -7 || scientific.abs() < 4 };
    if positional {
        write_positional(out, ascii, len + exponent);
    } else {
        write_scientific(out, ascii, scientific, 1);
    }
}

/// Appends a double as C's `%.17g` does, which always reads back as the same number; Redis's own
/// format before 7.2.
pub fn write_f64_g17(out: &mut Vec<u8>, value: f64) {
    write_f64_g(out, value, 17);
}

/// Appends a double as C's `%.{precision}g` does: that many significant digits, correctly rounded,
/// less trailing zeros. A NaN is `nan` whatever its sign: the sign of a computed NaN differs
/// between machines.
pub fn write_f64_g(out: &mut Vec<u8>, value: f64, precision: usize) {
    if !write_special(out, value) {
        return;
    }
    let value = value.abs();
    let precision = precision.max(1);
    // Integers that need no rounding, which is what most numbers are.
    let limit = 10u64.pow(precision.min(15) as u32);
    if value < limit as f64 && value as i64 as f64 == value {
        return write_i64(out, value as i64);
    }
    let (mut digits, mut point) = exact_digits(value);
    if round_digits(&mut digits, precision) {
        point += 1;
    }
    let scientific = point - 1;
    if scientific < -4 || scientific >= i32::try_from(precision).unwrap_or(i32::MAX) {
        write_scientific(out, &digits, scientific, 2);
    } else {
        write_positional(out, &digits, point);
    }
}

/// Splits a positive, finite double into significand and exponent of two.
pub(super) fn decompose(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let stored = bits & ((1 << STORED_BITS) - 1);
    let biased = (bits >> STORED_BITS) as i32;
    if biased == 0 {
        (stored, DOUBLE.exponent_min)
    } else {
        (stored | (1 << STORED_BITS), biased - 1 + DOUBLE.exponent_min)
    }
}

fn compose(Binary { significand, exponent }: Binary) -> f64 {
    // A full significand's leading bit carries into the exponent field, which makes up for the
    // field's being one higher than that of a smaller significand.
    let biased = (exponent - DOUBLE.exponent_min) as u64;
    f64::from_bits((biased << STORED_BITS) + significand)
}

/// The numbers that people write: few enough digits and few enough places that one exact division
/// of exact doubles rounds correctly (Clinger 1990). Nothing where that does not hold or the text
/// is not of this simplest form; the full grammar then decides.
fn parse_simple(text: &[u8]) -> Option<f64> {
    const DIGITS_MAX: usize = 15;
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if unsigned.len() > DIGITS_MAX + 1 {
        return None;
    }
    let (mut value, mut divisor, mut digits, mut point) = (0u64, 1u64, 0, false);
    for &byte in unsigned {
        if byte == b'.' && !point {
            point = true;
            continue;
        }
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
        digits += 1;
        if point {
            divisor *= 10;
        }
    }
    if digits == 0 || digits > DIGITS_MAX {
        return None;
    }
    let value = value as f64 / divisor as f64;
    Some(if negative { -value } else { value })
}

/// Writes the sign, and all of a number that has no digits; false when nothing is left to write.
fn write_special(out: &mut Vec<u8>, value: f64) -> bool {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
        return false;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value.is_infinite() {
        out.extend_from_slice(b"inf");
    }
    value.is_finite()
}

/// All the decimal digits of a positive, finite double, and where the point stands among them.
fn exact_digits(value: f64) -> (Vec<u8>, i32) {
    let (significand, exponent) = decompose(value);
    let mut big = Big::from_u64(significand);
    // A half has one decimal place, a quarter two: 2^-n is 5^n with n places.
    if exponent >= 0 {
        big.shift_left(exponent.unsigned_abs() as usize);
    } else {
        big.multiply_power_of_five(exponent.unsigned_abs() as usize);
    }
    let mut digits = Vec::new();
    big.write(&mut digits);
    let point = digits.len() as i32 + exponent.min(0);
    (digits, point)
}

/// Cuts to `precision` digits, ties to even, and drops trailing zeros; true when a carry made the
/// number one place longer.
fn round_digits(digits: &mut Vec<u8>, precision: usize) -> bool {
    let mut up = false;
    if let Some((&first, rest)) = digits.get(precision..).and_then(<[u8]>::split_first) {
        let odd = digits[precision - 1] % 2 == 1;
        up = first > b'5' || first == b'5' && (odd || rest.iter().any(|&digit| digit != b'0'));
        digits.truncate(precision);
    }
    let trailing = if up { b'9' } else { b'0' };
    while digits.last() == Some(&trailing) {
        digits.pop();
    }
    // Only nines round up to nothing but a carry.
    let carried = digits.is_empty();
    match digits.last_mut() {
        Some(last) => *last += u8::from(up),
        None => digits.push(b'1'),
    }
    carried
}

/// Appends digits with the point after the first `point` of them, and the zeros it takes.
fn write_positional(out: &mut Vec<u8>, digits: &[u8], point: i32) {
    let zeros = |count: usize| core::iter::repeat_n(b'0', count);
    match usize::try_from(point) {
        Ok(point) if point >= digits.len() => {
            out.extend_from_slice(digits);
            out.extend(zeros(point - digits.len()));
        }
        Ok(point) if point > 0 => {
            out.extend_from_slice(&digits[..point]);
            out.push(b'.');
            out.extend_from_slice(&digits[point..]);
        }
        _ => {
            out.extend_from_slice(b"0.");
            out.extend(zeros(point.unsigned_abs() as usize));
            out.extend_from_slice(digits);
        }
    }
}

/// Appends `d.ddde+x`, the exponent with at least so many digits.
fn write_scientific(out: &mut Vec<u8>, digits: &[u8], exponent: i32, exponent_digits_min: usize) {
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.push(b'e');
    out.push(if exponent < 0 { b'-' } else { b'+' });
    if exponent_digits_min > 1 && exponent.abs() < 10 {
        out.push(b'0');
    }
    write_i64(out, i64::from(exponent.abs()));
}
