//! The x87's 80-bit `long double`, in which Redis adds the floats of INCRBYFLOAT and HINCRBYFLOAT.
//! It shows in the replies: 0.1 + 0.2 is 0.3, not 0.30000000000000004.

#![expect(
    clippy::cast_possible_truncation,
    reason = "limbs have 32 bits, so that words are split, and exponents are bounded by what a double can have"
)]

use super::binary::{Big, Binary, EXTENDED};
use super::double::decompose;
use super::integer::write_u64;
use super::scan::{Magnitude, scan};
use alloc::vec::Vec;
use core::ops::{Add, Neg};

/// Text of this length or more is refused before it is looked at (`MAX_LONG_DOUBLE_CHARS`).
const TEXT_BYTES_MAX: usize = 5 * 1024;

/// Decimal places that Redis writes at most.
const PLACES: u32 = 17;

/// A number with a significand of 64 bits and an exponent of 15, rounded to nearest, ties to even.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongDouble {
    negative: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Zero has the smallest exponent, as numbers just above it do.
    Finite(Binary),
    Infinite,
    Nan,
}

const ZERO: Binary = Binary { significand: 0, exponent: EXTENDED.exponent_min };

impl LongDouble {
    /// Reads a number as Redis does with C's `strtold`: decimal or hexadecimal, `inf` and
    /// `infinity` in any case and with a sign. The number must be the whole text, of less than
    /// 5 KiB; NaN is refused, and so is what overflows, or rounds to zero without being zero.
    pub fn parse(text: &[u8]) -> Option<LongDouble> {
        if text.len() >= TEXT_BYTES_MAX {
            return None;
        }
        let number = scan(&EXTENDED, text)?;
        let kind = match number.magnitude {
            Magnitude::Zero => Kind::Finite(ZERO),
            Magnitude::Finite(binary) => Kind::Finite(binary),
            Magnitude::Infinite => Kind::Infinite,
        };
        Some(LongDouble { negative: number.negative, kind })
    }

    /// Whether this is not a number.
    pub fn is_nan(self) -> bool {
        self.kind == Kind::Nan
    }

    /// Whether this is less than another number; never for what is not a number.
    pub fn is_less(self, other: LongDouble) -> bool {
        let difference = self + -other;
        match difference.kind {
            Kind::Finite(binary) => difference.negative && binary.significand != 0,
            Kind::Infinite => difference.negative,
            // Infinities of one sign are equal.
            Kind::Nan => false,
        }
    }

    /// Whether this is infinite, of either sign.
    pub fn is_infinite(self) -> bool {
        self.kind == Kind::Infinite
    }

    /// The double that is nearest to a number that is too large for doubles, or too small.
    pub fn beyond_doubles(self) -> Option<f64> {
        let Kind::Finite(binary) = self.kind else { return None };
        let magnitude = if binary.exponent > 0 { f64::MAX } else { f64::MIN_POSITIVE };
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// Appends the number for people, as Redis stores and replies it: at most 17 decimal places,
    /// correctly rounded, no trailing zeros, no exponent, no `-0`; `inf`, `-inf` and `nan`.
    pub fn write_human(self, out: &mut Vec<u8>) {
        let start = out.len();
        if self.negative && !self.is_nan() {
            out.push(b'-');
        }
        match self.kind {
            Kind::Finite(binary) => write_magnitude(out, binary),
            Kind::Infinite => out.extend_from_slice(b"inf"),
            Kind::Nan => out.extend_from_slice(b"nan"),
        }
        if out[start..] == *b"-0" {
            out.remove(start);
        }
    }
}

impl Add for LongDouble {
    type Output = LongDouble;

    /// The sum, correctly rounded; infinite on overflow, NaN for infinities of opposite signs.
    fn add(self, other: LongDouble) -> LongDouble {
        match (self.kind, other.kind) {
            (Kind::Finite(a), Kind::Finite(b)) => {
                if (a.exponent, a.significand) >= (b.exponent, b.significand) {
                    add_smaller(self.negative, a, other.negative, b)
                } else {
                    add_smaller(other.negative, b, self.negative, a)
                }
            }
            (Kind::Nan, _) | (_, Kind::Finite(_)) => self,
            (Kind::Infinite, Kind::Infinite) if self.negative != other.negative => {
                LongDouble { negative: false, kind: Kind::Nan }
            }
            _ => other,
        }
    }
}

impl Neg for LongDouble {
    type Output = LongDouble;

    fn neg(self) -> LongDouble {
        LongDouble { negative: !self.negative, ..self }
    }
}

impl From<i64> for LongDouble {
    /// Exact: the significand holds every 64-bit integer.
    fn from(value: i64) -> LongDouble {
        let magnitude = u128::from(value.unsigned_abs());
        let kind = Kind::Finite(EXTENDED.round(magnitude, 0, false).unwrap_or(ZERO));
        LongDouble { negative: value < 0, kind }
    }
}

impl From<f64> for LongDouble {
    /// Exact: a double has fewer bits.
    fn from(value: f64) -> LongDouble {
        let kind = if value.is_nan() {
            Kind::Nan
        } else if value.is_infinite() {
            Kind::Infinite
        } else {
            let (significand, exponent) = decompose(value.abs());
            Kind::Finite(EXTENDED.round(significand.into(), exponent, false).unwrap_or(ZERO))
        };
        LongDouble { negative: value.is_sign_negative(), kind }
    }
}

/// Adds finite numbers of which the second is not larger in magnitude.
fn add_smaller(negative: bool, large: Binary, small_negative: bool, small: Binary) -> LongDouble {
    // Two bits above leave room for a carry, 62 below make every lost bit a mere tie-breaker.
    let a = u128::from(large.significand) << 62;
    let whole_b = u128::from(small.significand) << 62;
    let distance = large.exponent.abs_diff(small.exponent);
    let b = whole_b.checked_shr(distance).unwrap_or(0);
    let inexact = b.checked_shl(distance).unwrap_or(0) != whole_b;
    let sum = if negative == small_negative { a + b } else { a - b - u128::from(inexact) };
    if sum == 0 {
        // Zeros of one sign keep it; equal numbers of opposite signs leave the positive zero.
        return LongDouble { negative: negative && small_negative, kind: Kind::Finite(ZERO) };
    }
    // A sum is never too small for the format: both addends are multiples of its smallest number.
    let kind = EXTENDED.round(sum, large.exponent - 62, inexact).map_or(Kind::Infinite, Kind::Finite);
    LongDouble { negative, kind }
}

fn write_magnitude(out: &mut Vec<u8>, Binary { significand, exponent }: Binary) {
    if exponent >= 0 {
        let mut big = Big::from_u64(significand);
        big.shift_left(exponent.unsigned_abs() as usize);
        return big.write(out);
    }
    // In units of the last place: 10^17 is 5^17 * 2^17, and 5^17 has 40 bits, so that the product
    // has 104 at most and 120 after the shift.
    const UNIT: u128 = 10u128.pow(PLACES);
    let scaled = u128::from(significand) * 5u128.pow(PLACES);
    let units = shift_rounding(scaled, exponent + PLACES as i32);
    write_u64(out, (units / UNIT) as u64);
    let mut fraction = (units % UNIT) as u64;
    if fraction == 0 {
        return;
    }
    out.push(b'.');
    let mut power = UNIT as u64 / 10;
    while fraction > 0 {
        out.push(b'0' + (fraction / power) as u8);
        fraction %= power;
        power /= 10;
    }
}

/// `n * 2^shift` to the nearest integer, ties to even; `n` has at most 104 bits, and to the left
/// it is shifted by 16 at most.
fn shift_rounding(n: u128, shift: i32) -> u128 {
    if shift >= 0 {
        return n << shift;
    }
    let drop = shift.unsigned_abs();
    if drop > 105 {
        return 0;
    }
    let (kept, dropped, half) = (n >> drop, n & ((1 << drop) - 1), 1 << (drop - 1));
    kept + u128::from(dropped > half || dropped == half && kept & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use std::string::{String, ToString};
    use std::{format, vec};

    fn human(number: LongDouble) -> String {
        let mut out = Vec::new();
        number.write_human(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn parsed(text: &str) -> LongDouble {
        LongDouble::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a number"))
    }

    fn sum(a: &str, b: &str) -> String {
        human(parsed(a) + parsed(b))
    }

    /// What redis-server 7.0.15 replies to SET key a, INCRBYFLOAT key b.
    #[test]
    fn sums_as_redis_shows_them() {
        let cases = [
            ("10.50", "0.1", "10.6"),
            ("0.1", "0.2", "0.3"),
            ("5.0e3", "200", "5200"),
            ("3", "-3", "0"),
            ("-0", "-0", "0"),
            ("-0.5", "0.4999999999999999999", "0"),
            ("1e-18", "0", "0"),
            ("-1e-18", "0", "0"),
            ("5e-18", "0", "0"),
            ("5.0000001e-18", "0", "0.00000000000000001"),
            ("1.1", "0", "1.1"),
            ("1.15", "1.1", "2.25"),
            ("18446744073709551615", "1", "18446744073709551616"),
            ("18446744073709551616", "1", "18446744073709551616"),
            ("18446744073709551616", "3", "18446744073709551620"),
            ("9223372036854775807", "0.5", "9223372036854775807.5"),
            ("123456789.123456789", "0", "123456789.12345678899873747"),
            ("1000000000.1", "0", "1000000000.09999999997671694"),
            ("1e20", "1.5", "100000000000000000000"),
            ("0x1p-3", "0x.8", "0.625"),
            ("3.0e-5", "1e-10", "0.0000300001"),
        ];
        for (a, b, text) in cases {
            assert_eq!(sum(a, b), text, "{a} + {b}");
            assert_eq!(sum(b, a), text, "{b} + {a}");
        }
    }

    #[test]
    fn infinities_and_overflow() {
        let largest = "1.189731495357231765e4932";
        assert!(parsed(largest).add(parsed(largest)).is_infinite());
        assert!(!parsed(largest).add(parsed("1")).is_infinite());
        assert_eq!(human(parsed("Infinity")), "inf");
        assert_eq!(human(parsed("-inf").add(parsed("1"))), "-inf");
        assert_eq!(human(parsed("1").add(parsed("inf"))), "inf");
        let nan = parsed("inf").add(parsed("-inf"));
        assert!(nan.is_nan() && !nan.is_infinite());
        assert!(nan.add(parsed("1")).is_nan() && parsed("1").add(nan).is_nan());
        assert!(parsed("inf").add(nan).is_nan());
        assert_eq!(human(nan), "nan");
    }

    #[test]
    fn the_largest_number_in_full() {
        let text = human(parsed("0xf.fffffffffffffffp16380"));
        assert_eq!(text.len(), 4933);
        assert!(text.starts_with("118973149535723176502"));
        assert_eq!(parsed(&text), parsed("0xf.fffffffffffffffp16380"));
    }

    #[test]
    fn range_and_grammar() {
        let refused = [
            "",
            " 1",
            "1 ",
            "+",
            ".",
            "1e",
            "0x",
            "nan",
            "infinit",
            "1e4933",
            "1.189731495357231765114e4932",
            "1e99999999999999999999",
            "1.8225997659412373012e-4951",
            "1e-5000",
            "-1e-99999999999999999999",
        ];
        for text in refused {
            assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text:?}");
        }
        let smallest = parsed("0x1p-16445");
        assert_eq!(parsed("1.8225997659412373013e-4951"), smallest);
        assert_eq!(human(smallest), "0");
        assert_eq!(smallest.add(smallest), parsed("0x1p-16444"));
        assert_eq!(smallest.add(parsed("-0x1p-16445")), parsed("0"));
        assert_eq!(parsed("0e99999999999999"), parsed("0"));
    }

    #[test]
    fn text_has_a_limit() {
        let mut text = vec![b'0'; TEXT_BYTES_MAX - 1];
        text[TEXT_BYTES_MAX - 2] = b'7';
        assert_eq!(LongDouble::parse(&text), Some(LongDouble::from(7)));
        text.insert(0, b'0');
        assert_eq!(LongDouble::parse(&text), None);
    }

    #[test]
    fn integers_are_exact() {
        let mut random = Random::new([11; 16]);
        for value in (0..2_000).map(|_| (random.next_u64() >> random.below(64)) as i64) {
            let number = LongDouble::from(value);
            assert_eq!(human(number), value.to_string());
            assert_eq!(parsed(&value.to_string()), number);
        }
        assert_eq!(human(LongDouble::from(i64::MIN)), i64::MIN.to_string());
        assert_eq!(parsed("0"), LongDouble::from(0));
    }

    /// Numbers of at most 63 bits over a common power of two: integers are a model of their sums.
    #[test]
    fn sums_that_fit_are_exact() {
        let mut random = Random::new([12; 16]);
        for _ in 0..5_000 {
            let mut pick =
                || (random.next_u64() >> (2 + random.below(62))) as i64 * [1, -1][random.below(2) as usize];
            let (a, b, exponent) = (pick(), pick(), pick() % 16_000);
            let hex = |value: i64| {
                let sign = if value < 0 { "-" } else { "" };
                parsed(&format!("{sign}0x{:x}p{exponent}", value.unsigned_abs()))
            };
            assert_eq!(hex(a).add(hex(b)), hex(a + b), "{a} + {b}");
        }
    }

    /// A sum of far smaller numbers only ever breaks ties.
    #[test]
    fn sums_round_to_even() {
        let big = "0x1p64";
        assert_eq!(parsed(big).add(parsed("1")), parsed(big));
        assert_eq!(parsed(big).add(parsed("0x1.0000000000000002p0")), parsed("0x1.0000000000000002p64"));
        assert_eq!(parsed("0x1.0000000000000002p64").add(parsed("1")), parsed("0x1.0000000000000004p64"));
        // Just below a power of two the steps are half as wide.
        assert_eq!(parsed(big).add(parsed("-0.5")), parsed(big));
        assert_eq!(parsed(big).add(parsed("-0.50001")), parsed("0xffffffffffffffff"));
        assert_eq!(parsed(big).add(parsed("-1e-4000")), parsed(big));
    }
}
