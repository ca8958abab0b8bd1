//! The x87's 80-bit `long double`, in which Redis adds the floats of INCRBYFLOAT and HINCRBYFLOAT.
//! It shows in the replies: 0.1 + 0.2 is 0.3, not 0.30000000000000004.

use super::binary::{Big, Binary, EXTENDED};
use super::integer::write_u64;
use super::scan::{Magnitude, scan};
use alloc::vec::Vec;

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

    /// The sum, correctly rounded; infinite on overflow, NaN for infinities of opposite signs.
    pub fn add(self, other: LongDouble) -> LongDouble {
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

    /// Whether this is not a number.
    pub fn is_nan(self) -> bool {
        self.kind == Kind::Nan
    }

    /// Whether this is infinite, of either sign.
    pub fn is_infinite(self) -> bool {
        self.kind == Kind::Infinite
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

impl From<i64> for LongDouble {
    /// Exact: the significand holds every 64-bit integer.
    fn from(value: i64) -> LongDouble {
        let magnitude = u128::from(value.unsigned_abs());
        let kind = Kind::Finite(EXTENDED.round(magnitude, 0, false).unwrap_or(ZERO));
        LongDouble { negative: value < 0, kind }
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
