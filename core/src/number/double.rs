//! Doubles as text: scores, coordinates and the numbers of scripts.

#![expect(
    clippy::cast_possible_truncation,
    reason = "a number is compared with its integer part, and digits and exponents of a double are few"
)]

use super::binary::{Big, Binary, DOUBLE};
use super::grisu;
use super::integer::write_i64;
use super::scan::{Magnitude, Scanned, scan, scan_beyond_range};
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
    scan(&DOUBLE, text).map(to_f64)
}

/// Reads a double as Redis does the ends of a range of scores, with C's `strtod` and little more: as
/// [`parse_f64`], but white space may lead, what overflows is infinite, what underflows is zero, so is empty
/// text, and nothing is looked at from a NUL byte on.
pub fn parse_f64_bound(text: &[u8]) -> Option<f64> {
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return Some(0.0);
    }
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    let text = &text[blanks..];
    parse_f64(text).or_else(|| scan_beyond_range(text).map(to_f64))
}

fn to_f64(number: Scanned) -> f64 {
    let value = match number.magnitude {
        Magnitude::Zero => 0.0,
        Magnitude::Infinite => f64::INFINITY,
        Magnitude::Finite(binary) => compose(binary),
    };
    if number.negative { -value } else { value }
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

/// Appends a double as C's `%.{places}f` does: with so many decimal places, correctly rounded.
pub fn write_f64_fixed(out: &mut Vec<u8>, value: f64, places: usize) {
    if !write_special(out, value) {
        return;
    }
    let (mut digits, mut point) = exact_digits(value.abs());
    // A leading zero takes a carry, and gives what is all behind the last place something to be cut to.
    let lead = (1 - point).max(1);
    digits.splice(..0, core::iter::repeat_n(b'0', lead as usize));
    point += lead;
    let kept = point.unsigned_abs() as usize + places;
    // A carry out of a number that begins with zero means that nothing but zeros was left.
    if round_digits(&mut digits, kept) {
        digits.clear();
    }
    digits.resize(kept, b'0');
    let whole = digits.iter().take(point as usize - 1).take_while(|digit| **digit == b'0').count();
    write_positional(out, &digits[whole..], point - whole as i32);
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
    match super::exact(point) {
        Some(point) if point >= digits.len() => {
            out.extend_from_slice(digits);
            out.extend(zeros(point - digits.len()));
        }
        Some(point) if point > 0 => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use std::format;
    use std::string::String;

    fn shown(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// Doubles of every size, with a bias to those that occur.
    fn any_double(random: &mut Random) -> f64 {
        match random.below(6) {
            0 => f64::from_bits(random.next_u64()),
            1 => (random.next_u64() >> random.below(64)) as f64,
            2 => random.below(1_000_000_000) as f64 / 1000.0,
            3 => f64::from_bits(random.next_u64() >> 12),
            4 => f64::from_bits(random.below(2047) << 52),
            _ => f64::from_bits(((random.below(130) + 960) << 52) | (random.next_u64() >> 12)),
        }
    }

    #[test]
    fn fixed_places_are_those_of_printf() {
        let check = |value: f64, places: usize, expect: &str| {
            let mut text = Vec::new();
            write_f64_fixed(&mut text, value, places);
            assert_eq!(String::from_utf8_lossy(&text), expect);
        };
        for value in [0.0, 1.0, 123.456, 9.9999999, 99.9999995, 0.0000005, 0.0000015, 1e-300, 0.5, 1e22, 2e-7]
        {
            for places in [0, 1, 4, 6] {
                check(value, places, &alloc::format!("{value:.places$}"));
            }
        }
        check(-200.5, 6, "-200.500000");
        check(f64::INFINITY, 6, "inf");
        check(f64::NEG_INFINITY, 6, "-inf");
    }

    #[test]
    fn ends_of_ranges_are_read_with_indulgence() {
        for (text, value) in [
            ("", 0.0),
            (" \t1.5", 1.5),
            ("1e999", f64::INFINITY),
            ("-1e999", f64::NEG_INFINITY),
            ("-1e-999", -0.0),
            ("0x1p9999", f64::INFINITY),
            ("1\0x", 1.0),
            ("\0x", 0.0),
            ("+inf", f64::INFINITY),
        ] {
            let found = parse_f64_bound(text.as_bytes());
            assert_eq!(found.map(f64::to_bits), Some(value.to_bits()), "{text:?}");
        }
        for text in ["x", " ", "1x", "nan", "1e", "(1", "- 1", "1 "] {
            assert_eq!(parse_f64_bound(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn reads_what_strtod_reads() {
        let cases: &[(&[u8], f64)] = &[
            (b"0", 0.0),
            (b"-0", -0.0),
            (b"1", 1.0),
            (b"+1", 1.0),
            (b"007", 7.0),
            (b".5", 0.5),
            (b"5.", 5.0),
            (b"-1.5e3", -1500.0),
            (b"1E+2", 100.0),
            (b"1e-2", 0.01),
            (b"inf", f64::INFINITY),
            (b"+INF", f64::INFINITY),
            (b"-Infinity", f64::NEG_INFINITY),
            (b"0x1p3", 8.0),
            (b"0X.8", 0.5),
            (b"-0x1.8P-1", -0.75),
            (b"0x10", 16.0),
            (b"0x1e5", 485.0),
            (b"0e99999999999999999999", 0.0),
            (b"0x0p99999999999999999999", 0.0),
            (b"9007199254740993", 9007199254740992.0),
            (b"9007199254740993.00000000000000000000000001", 9007199254740994.0),
            (b"1.7976931348623157e308", f64::MAX),
            // Just below the middle between the largest double and the next power of two.
            (b"1.797693134862315807e308", f64::MAX),
            (b"5e-324", 5e-324),
            (b"3e-324", 5e-324),
            (b"2.4703282292062328e-324", 5e-324),
            (b"0x0.80000000000000000000000000000000001p-1074", 5e-324),
        ];
        for &(text, value) in cases {
            let parsed = parse_f64(text).map(f64::to_bits);
            assert_eq!(parsed, Some(value.to_bits()), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn refuses_what_redis_refuses() {
        let cases: &[&[u8]] = &[
            b"",
            b" 1",
            b"\t1",
            b"\x0b1",
            b"1 ",
            b"1\0",
            b"+",
            b"-",
            b"++1",
            b".",
            b"-.",
            b"e5",
            b"1e",
            b"1e+",
            b"1e5.5",
            b"1..2",
            b"1,5",
            b"1_0",
            b"1f",
            b"0x",
            b"0x.",
            b"0xg",
            b"0x1p",
            b"0x1p+",
            b"i",
            b"in",
            b"infinit",
            b"infinityx",
            b"nan",
            b"-NaN",
            b"nan(1)",
            // Out of range, though C has a value for them.
            b"1e309",
            b"-1e400",
            b"1.797693134862315808e308",
            b"1e99999999999999999999999",
            b"1e-400",
            b"2.4703282292062327e-324",
            b"1e-99999999999999999999999",
            b"0x1p1024",
            b"0x0.8p-1074",
        ];
        for text in cases {
            assert_eq!(parse_f64(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn reading_agrees_with_std() {
        let mut random = Random::new([7; 16]);
        for _ in 0..20_000 {
            let digits = |random: &mut Random, max| -> String {
                (0..random.below(max)).map(|_| char::from(b'0' + random.below(10) as u8)).collect()
            };
            let (whole, places) = (digits(&mut random, 25), digits(&mut random, 25));
            let exponent = random.below(700) as i64 - 350;
            let text = match random.below(3) {
                0 => format!("{whole}.{places}"),
                1 => format!("{whole}.{places}e{}", exponent / 10),
                _ => format!("-{whole}.{places}e{exponent}"),
            };
            let zero = !text.split('e').next().unwrap().contains(|c| matches!(c, '1'..='9'));
            let model = text.parse::<f64>().ok().filter(|value| value.is_finite() && (*value != 0.0 || zero));
            assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), model.map(f64::to_bits), "{text}");
        }
    }

    #[test]
    fn ties_of_many_digits_go_to_even() {
        let mut random = Random::new([8; 16]);
        for _ in 0..300 {
            let low = any_double(&mut random).abs();
            let high = f64::from_bits(low.to_bits() + 1);
            if !high.is_finite() {
                continue;
            }
            // All digits of the middle: those of a number with one more bit.
            let (significand, exponent) = decompose(low);
            let mut middle = Big::from_u64(2 * significand + 1);
            if exponent > 0 {
                middle.shift_left(exponent as usize - 1);
            } else {
                middle.multiply_power_of_five((1 - exponent) as usize);
            }
            let digits = shown(|out| middle.write(out));
            let scale = (exponent - 1).min(0);
            let even = if low.to_bits().is_multiple_of(2) { low } else { high };
            let expected = (even != 0.0).then_some(even);
            assert_eq!(parse_f64(format!("{digits}e{scale}").as_bytes()), expected);
            let above = format!("{digits}{}1e{}", "0".repeat(900), scale - 901);
            assert_eq!(parse_f64(above.as_bytes()), Some(high));
        }
    }

    #[test]
    fn writes_as_redis_since_7_2() {
        let cases: &[(f64, &str)] = &[
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-17.0, "-17"),
            (0.1, "0.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-2.5, "-2.5"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-5, "0.000015"),
            (1.2345678e-5, "1.2345678e-5"),
            (1.2345678e-4, "1.2345678e-4"),
            (0.00012345678901234567, "1.2345678901234567e-4"),
            (0.000012345678901234567, "1.2345678901234568e-5"),
            (1e15, "1000000000000000"),
            (1e18, "1000000000000000000"),
            (4611686018427387904.0, "4611686018427387904"),
            (1e19, "1e+19"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (1.5e-300, "1.5e-300"),
            (123456789012345680000.0, "123456789012345680000"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for &(value, text) in cases {
            assert_eq!(shown(|out| write_f64(out, value)), text);
        }
    }

    #[test]
    fn doubles_round_trip_and_are_almost_always_shortest() {
        let mut random = Random::new([9; 16]);
        let (mut total, mut longer) = (0, 0);
        for _ in 0..20_000 {
            let value = any_double(&mut random);
            if value.is_nan() {
                continue;
            }
            let text = shown(|out| write_f64(out, value));
            let back = parse_f64(text.as_bytes()).map(f64::to_bits);
            assert_eq!(back, Some(value.to_bits()), "{value:e} as {text}");
            let exact = shown(|out| write_f64_g17(out, value));
            assert_eq!(parse_f64(exact.as_bytes()).map(f64::to_bits), back, "{exact}");
            if value.abs() < 4e18 && value.fract() == 0.0 || value.is_infinite() {
                continue;
            }
            let digits = grisu::shortest(value.abs());
            let shortest = format!("{:e}", value.abs());
            let shortest = shortest.split('e').next().unwrap().replace('.', "");
            total += 1;
            longer += usize::from(digits.as_slice().len() > shortest.len());
        }
        assert!(longer * 200 < total, "{longer} of {total} are longer than the shortest");
    }

    #[test]
    fn writes_as_printf() {
        let cases: &[(f64, usize, &str)] = &[
            (0.1, 17, "0.10000000000000001"),
            (3.0, 17, "3"),
            (1e17, 17, "1e+17"),
            (1e16, 17, "10000000000000000"),
            (123456789012345678.0, 17, "1.2345678901234568e+17"),
            (0.0001, 17, "0.0001"),
            (0.00001, 17, "1.0000000000000001e-05"),
            (5e-324, 17, "4.9406564584124654e-324"),
            (-f64::MAX, 17, "-1.7976931348623157e+308"),
            (3.15, 14, "3.15"),
            (1e14, 14, "1e+14"),
            (99999999999999.0, 14, "99999999999999"),
            (123456789.0, 6, "1.23457e+08"),
            (0.5, 0, "0.5"),
            (2.5, 1, "2"),
            (3.5, 1, "4"),
            (9.5, 1, "1e+01"),
            (99.95, 3, "100"),
            (999.5, 3, "1e+03"),
            (0.00099999, 2, "0.001"),
            (1e22, 40, "10000000000000000000000"),
            (0.1, 60, "0.1000000000000000055511151231257827021181583404541015625"),
            (-0.0, 17, "-0"),
            (f64::INFINITY, 17, "inf"),
            (f64::NEG_INFINITY, 17, "-inf"),
            (-f64::NAN, 17, "nan"),
        ];
        for &(value, precision, text) in cases {
            assert_eq!(shown(|out| write_f64_g(out, value, precision)), text);
        }
    }

    #[test]
    fn printf_digits_agree_with_std() {
        let mut random = Random::new([10; 16]);
        for _ in 0..5_000 {
            let value = any_double(&mut random).abs();
            let precision = 1 + random.below(25) as usize;
            if !value.is_finite() || value == 0.0 {
                continue;
            }
            // One digit before the point, so that std's places are one fewer than the digits.
            let model = format!("{value:.*e}", precision - 1);
            let (mantissa, exponent) = model.split_once('e').unwrap();
            let exponent: i32 = exponent.parse().unwrap();
            let text = shown(|out| write_f64_g(out, value, precision));
            let (ours, our_exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let trimmed = |text: &str| {
                let digits = text.replace('.', "");
                String::from(digits.trim_start_matches('0').trim_end_matches('0'))
            };
            assert_eq!(trimmed(ours), trimmed(mantissa), "{value:e} with {precision}");
            if text.contains('e') {
                assert!(exponent < -4 || exponent >= precision as i32, "{text}");
                assert_eq!(our_exponent.parse(), Ok(exponent));
            } else {
                assert!((-4..precision as i32).contains(&exponent), "{text}");
            }
        }
    }
}
