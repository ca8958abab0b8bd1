//! 64-bit integers as text.

#![expect(
    clippy::cast_possible_truncation,
    reason = "digits are below ten, and what is left at the end has at most four of them"
)]

use alloc::vec::Vec;

/// Longest decimal text of a 64-bit integer, sign included.
const INTEGER_CHARS_MAX: usize = 20;

/// Reads a signed integer in its canonical form, the only one that Redis treats as an integer:
/// no `+`, no leading zero, no space, no `-0`, nothing outside of `i64`.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (&first, rest) = digits.split_first()?;
    if !matches!(first, b'1'..=b'9') {
        return (text == b"0").then_some(0);
    }
    // Nineteen digits are below 10^19 and so never overflow an unsigned word.
    if rest.len() > 18 {
        return None;
    }
    let mut value = u64::from(first - b'0');
    for &byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    if negative { 0i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

/// Reads an unsigned integer as Redis reads the halves of a stream id: canonical text first, and
/// what is not canonical as C's `strtoull` takes it, which allows leading white space, a sign and
/// leading zeros, and ends at a NUL byte. A canonical negative number is refused; a negative
/// number in any other form wraps around.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    let text = &text[..end];
    if let Some(value) = parse_i64(text) {
        return u64::try_from(value).ok();
    }
    let (value, used) = unsigned_prefix(text)?;
    (!text.is_empty() && used == text.len()).then_some(value)
}

/// Reads the cursor of SCAN and its kin as Redis 7.0 does: C's `strtoul` without leading white
/// space, so that a sign and leading zeros pass, a negative number wraps around, empty text is 0,
/// and text after a NUL byte is not looked at.
pub fn parse_cursor(text: &[u8]) -> Option<u64> {
    if text.first().is_some_and(|&byte| is_space(byte)) {
        return None;
    }
    let (value, used) = unsigned_prefix(text)?;
    matches!(text.get(used), None | Some(0)).then_some(value)
}

/// Appends a signed integer in decimal.
#[inline]
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(format_i64(&mut [0; INTEGER_CHARS_MAX], value));
}

/// Appends an unsigned integer in decimal.
#[inline]
pub fn write_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(format_u64(&mut [0; INTEGER_CHARS_MAX], value));
}

/// Formats a signed integer at the end of `buffer` and returns the part it fills.
#[inline]
pub fn format_i64(buffer: &mut [u8; INTEGER_CHARS_MAX], value: i64) -> &[u8] {
    let mut start = fill_back(buffer, value.unsigned_abs());
    if value < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    &buffer[start..]
}

/// Formats an unsigned integer at the end of `buffer` and returns the part it fills.
#[inline]
pub fn format_u64(buffer: &mut [u8; INTEGER_CHARS_MAX], value: u64) -> &[u8] {
    let start = fill_back(buffer, value);
    &buffer[start..]
}

/// Number of bytes that [`write_i64`] appends.
#[inline]
pub fn decimal_len_i64(value: i64) -> usize {
    let digits = value.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
    digits + usize::from(value < 0)
}

/// "00" to "99": two digits per division are half of the divisions.
static DIGIT_PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

fn fill_back(buffer: &mut [u8; INTEGER_CHARS_MAX], mut value: u64) -> usize {
    let mut start = INTEGER_CHARS_MAX;
    while value >= 10_000 {
        let chunk = (value % 10_000) as usize;
        value /= 10_000;
        start -= 4;
        buffer[start..start + 2].copy_from_slice(&DIGIT_PAIRS[chunk / 100]);
        buffer[start + 2..start + 4].copy_from_slice(&DIGIT_PAIRS[chunk % 100]);
    }
    let mut rest = value as usize;
    if rest >= 100 {
        start -= 2;
        buffer[start..start + 2].copy_from_slice(&DIGIT_PAIRS[rest % 100]);
        rest /= 100;
    }
    if rest >= 10 {
        start -= 2;
        buffer[start..start + 2].copy_from_slice(&DIGIT_PAIRS[rest]);
    } else {
        start -= 1;
        buffer[start] = b'0' + rest as u8;
    }
    start
}

/// C's `strtoull` in base ten: the value and how many bytes it used, which is 0 when there is no
/// digit. Nothing when the digits overflow.
fn unsigned_prefix(text: &[u8]) -> Option<(u64, usize)> {
    let mut at = text.iter().take_while(|&&byte| is_space(byte)).count();
    let negative = text.get(at) == Some(&b'-');
    if matches!(text.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    let digits_start = at;
    let mut value = 0u64;
    while let Some(digit @ b'0'..=b'9') = text.get(at) {
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        at += 1;
    }
    if at == digits_start {
        return Some((0, 0));
    }
    Some((if negative { value.wrapping_neg() } else { value }, at))
}

/// C's `isspace`, which unlike Rust's counts the vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use std::string::ToString;

    #[test]
    fn integers_are_canonical() {
        let good: &[(&str, i64)] = &[
            ("0", 0),
            ("1", 1),
            ("-1", -1),
            ("10", 10),
            ("999999999999999999", 999_999_999_999_999_999),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ];
        for &(text, value) in good {
            assert_eq!(parse_i64(text.as_bytes()), Some(value), "{text}");
        }
        let bad = [
            "",
            "-",
            "+",
            "+1",
            "-0",
            "00",
            "01",
            "-01",
            " 1",
            "1 ",
            "1a",
            "a1",
            "1.0",
            "0x1",
            "1\0",
            "9223372036854775808",
            "-9223372036854775809",
            "9999999999999999999",
            "18446744073709551616",
            "92233720368547758070",
            "100000000000000000000000000000",
        ];
        for text in bad {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn integers_round_trip() {
        let mut random = Random::new([1; 16]);
        let edges = [0, 1, 9, 10, 99, 100, 9_999, 10_000, 99_999_999, 100_000_000, u64::MAX, 1 << 63];
        let samples = (0..20_000).map(|_| random.next_u64() >> random.below(64));
        for value in edges.into_iter().chain(samples) {
            let mut out = Vec::new();
            write_u64(&mut out, value);
            assert_eq!(out, value.to_string().as_bytes());
            assert_eq!(parse_u64(&out), Some(value));
            assert_eq!(parse_cursor(&out), Some(value));
            for signed in [value as i64, (value as i64).wrapping_neg()] {
                out.clear();
                write_i64(&mut out, signed);
                assert_eq!(out, signed.to_string().as_bytes());
                assert_eq!(decimal_len_i64(signed), out.len());
                assert_eq!(parse_i64(&out), Some(signed));
            }
        }
    }

    #[test]
    fn single_byte_damage_agrees_with_a_model() {
        let mut random = Random::new([2; 16]);
        for _ in 0..20_000 {
            let mut text = ((random.next_u64() >> random.below(64)) as i64).to_string().into_bytes();
            let at = random.below(text.len() as u64) as usize;
            text[at] = b"0123456789+- .x"[random.below(15) as usize];
            let model = std::str::from_utf8(&text).unwrap().parse::<i64>().ok();
            let model = model.filter(|value| value.to_string().as_bytes() == text);
            assert_eq!(parse_i64(&text), model, "{text:?}");
        }
    }

    #[test]
    fn cursors_follow_strtoul() {
        let cases: &[(&[u8], Option<u64>)] = &[
            (b"0", Some(0)),
            (b"", Some(0)),
            (b"\0", Some(0)),
            (b"12\0abc", Some(12)),
            (b"007", Some(7)),
            (b"+5", Some(5)),
            (b"-1", Some(u64::MAX)),
            (b"-18446744073709551615", Some(1)),
            (b"18446744073709551615", Some(u64::MAX)),
            (b"18446744073709551616", None),
            (b"-18446744073709551616", None),
            (b" 1", None),
            (b"\x0b1", None),
            (b"1 ", None),
            (b"+", None),
            (b"-", None),
            (b"+-1", None),
            (b"1x", None),
            (b"0x10", None),
            (b"abc", None),
        ];
        for &(text, value) in cases {
            assert_eq!(parse_cursor(text), value, "{text:?}");
        }
    }

    #[test]
    fn unsigned_integers_follow_strtoull() {
        let cases: &[(&[u8], Option<u64>)] = &[
            (b"0", Some(0)),
            (b"18446744073709551615", Some(u64::MAX)),
            (b"18446744073709551616", None),
            (b"-5", None),
            (b"-05", Some(5u64.wrapping_neg())),
            (b"+5", Some(5)),
            (b" 5", Some(5)),
            (b"\t 007", Some(7)),
            (b"5\0junk", Some(5)),
            (b"", None),
            (b"\0", None),
            (b" ", None),
            (b"-", None),
            (b"5 ", None),
            (b"5x", None),
        ];
        for &(text, value) in cases {
            assert_eq!(parse_u64(text), value, "{text:?}");
        }
    }
}
