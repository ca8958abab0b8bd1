//! The grammar of C's `strtod` and `strtold`, and the way from their text to a rounded number.

#![expect(
    clippy::cast_possible_truncation,
    reason = "limbs have 32 bits, so that words are split, and exponents are bounded by what a double can have"
)]

use super::binary::{Big, Binary, Format};

/// A number that was read: its sign, and its magnitude.
pub(super) struct Scanned {
    pub(super) negative: bool,
    pub(super) magnitude: Magnitude,
}

pub(super) enum Magnitude {
    Zero,
    Finite(Binary),
    Infinite,
}

/// Reads `text` whole: nothing for what C's function would not use up to the last byte, for white
/// space before it, for NaN, and where C reports a range error with an infinite or zero result.
pub(super) fn scan(format: &Format, text: &[u8]) -> Option<Scanned> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let magnitude = match unsigned {
        [b'0', b'x' | b'X', digits @ ..] => hexadecimal(format, digits)?,
        [b'i' | b'I', ..] => infinity(unsigned)?,
        _ => decimal(format, unsigned)?,
    };
    Some(Scanned { negative, magnitude })
}

/// What C's function returns for a number that [`scan`] refuses for its range alone: an infinity or a zero. Nothing
/// for what is no number at all.
pub(super) fn scan_beyond_range(text: &[u8]) -> Option<Scanned> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (number, bits, rest, marker) = match unsigned {
        [b'0', b'x' | b'X', digits @ ..] => {
            let number = positional(digits, 16, 30)?;
            let rest = &digits[number.length..];
            (number, 4, rest, b'p')
        }
        _ => {
            let number = positional(unsigned, 10, 19)?;
            let rest = &unsigned[number.length..];
            (number, 1, rest, b'e')
        }
    };
    let order = (number.significant + number.scale) * bits + exponent(rest, marker)?;
    let magnitude = if number.significant > 0 && order > 0 { Magnitude::Infinite } else { Magnitude::Zero };
    Some(Scanned { negative, magnitude })
}

/// Powers of five up to here fit 64 bits, so that a significand of 64 bits can be scaled in 128.
const EXACT_POWER_MAX: i64 = 27;

/// Exponents are clamped here: far beyond every format, far below overflow of what adds to them.
const EXPONENT_CLAMP: i64 = 1 << 40;

fn infinity(text: &[u8]) -> Option<Magnitude> {
    let known = text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity");
    known.then_some(Magnitude::Infinite)
}

fn decimal(format: &Format, text: &[u8]) -> Option<Magnitude> {
    let Positional { length, significand, significant, dropped, scale, .. } = positional(text, 10, 19)?;
    let digits = &text[..length];
    let exponent = scale + exponent(&text[length..], b'e')?;
    if significant == 0 {
        return Some(Magnitude::Zero);
    }
    // The value is below 10^order and not below a tenth of that; the check also bounds the work.
    let order = significant + exponent;
    if order > format.decimal_exponent_max || order <= format.decimal_exponent_min {
        return None;
    }
    let binary = if !dropped && exponent.abs() <= EXACT_POWER_MAX {
        small_decimal(format, significand as u64, exponent as i32)
    } else {
        big_decimal(format, digits, exponent)
    };
    binary.map(Magnitude::Finite)
}

/// `significand * 10^exponent` with all arithmetic exact in 128 bits.
fn small_decimal(format: &Format, significand: u64, exponent: i32) -> Option<Binary> {
    let power = 5u64.pow(exponent.unsigned_abs());
    if exponent >= 0 {
        return format.round(u128::from(significand) * u128::from(power), exponent, false);
    }
    // The dividend has its top bit set and the divisor has 63 bits at most: 65 bits of quotient.
    let shift = u128::from(significand).leading_zeros();
    let dividend = u128::from(significand) << shift;
    let (quotient, rest) = (dividend / u128::from(power), dividend % u128::from(power));
    format.round(quotient, exponent - shift as i32, rest != 0)
}

fn big_decimal(format: &Format, digits: &[u8], exponent: i64) -> Option<Binary> {
    let (mut n, left_out) = Big::from_digits(digits, format.digits_max);
    let exponent = (exponent + left_out) as i32;
    if exponent < 0 {
        let mut denominator = Big::from_u64(1);
        denominator.multiply_power_of_five(exponent.unsigned_abs() as usize);
        return format.round_ratio(n, denominator, exponent);
    }
    n.multiply_power_of_five(exponent.unsigned_abs() as usize);
    let (top, below, inexact) = n.top();
    format.round(top, exponent + below as i32, inexact)
}

fn hexadecimal(format: &Format, text: &[u8]) -> Option<Magnitude> {
    // Thirty digits are 117 bits at least, more than any format has.
    let number = positional(text, 16, 30)?;
    let exponent = exponent(&text[number.length..], b'p')?;
    if number.significant == 0 {
        return Some(Magnitude::Zero);
    }
    let left_out = (number.significant - 30).max(0);
    let exponent = (number.scale + left_out) * 4 + exponent;
    let exponent = exponent.clamp(-(1 << 20), 1 << 20) as i32;
    format.round(number.significand, exponent, number.dropped).map(Magnitude::Finite)
}

/// Digits with at most one point among them.
struct Positional {
    /// Bytes of text, the point included.
    length: usize,
    /// Value of the leading significant digits.
    significand: u128,
    /// Digits from the first that is not zero.
    significant: i64,
    /// Whether a digit beyond the kept ones is not zero (or, in decimal, whether there is one).
    dropped: bool,
    /// Power of the base of the last digit's place.
    scale: i64,
}

fn positional(text: &[u8], base: u32, kept_max: i64) -> Option<Positional> {
    let mut number = Positional { length: 0, significand: 0, significant: 0, dropped: false, scale: 0 };
    let (mut any, mut point) = (false, false);
    for &byte in text {
        if byte == b'.' && !point {
            point = true;
        } else if let Some(digit) = char::from(byte).to_digit(base) {
            any = true;
            number.scale -= i64::from(point);
            if number.significant > 0 || digit != 0 {
                number.significant += 1;
                if number.significant <= kept_max {
                    number.significand = number.significand * u128::from(base) + u128::from(digit);
                } else {
                    number.dropped |= digit != 0 || base == 10;
                }
            }
        } else {
            break;
        }
        number.length += 1;
    }
    any.then_some(number)
}

/// The rest of a number: nothing, or a marker and a decimal exponent.
fn exponent(text: &[u8], marker: u8) -> Option<i64> {
    let Some((first, rest)) = text.split_first() else { return Some(0) };
    if !first.eq_ignore_ascii_case(&marker) {
        return None;
    }
    let (negative, digits) = match rest {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = (value * 10 + i64::from(byte - b'0')).min(EXPONENT_CLAMP);
    }
    Some(if negative { -value } else { value })
}
