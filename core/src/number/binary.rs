//! What decimal and binary floating point have in common: big integers and correct rounding.

#![expect(
    clippy::cast_possible_truncation,
    reason = "limbs have 32 bits, so that words are split, and exponents are bounded by what a double can have"
)]

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// A binary floating-point format.
pub(super) struct Format {
    /// Bits of the significand, the leading one included.
    pub(super) bits: u32,
    /// Exponent of the significand's last bit in the smallest numbers.
    pub(super) exponent_min: i32,
    /// Exponent of the significand's last bit in the largest numbers.
    pub(super) exponent_max: i32,
    /// 10^this is above every finite number of the format.
    pub(super) decimal_exponent_max: i64,
    /// What is below 10^this rounds to zero.
    pub(super) decimal_exponent_min: i64,
    /// Significant decimal digits beyond which it only matters whether one is not zero: no number
    /// halfway between two of the format has more.
    pub(super) digits_max: usize,
}

/// IEEE 754 binary64, `f64`.
pub(super) const DOUBLE: Format = Format {
    bits: 53,
    exponent_min: -1074,
    exponent_max: 971,
    decimal_exponent_max: 309,
    decimal_exponent_min: -324,
    digits_max: 800,
};

/// The x87's 80-bit extended format, C's `long double` on x86-64.
pub(super) const EXTENDED: Format = Format {
    bits: 64,
    exponent_min: -16_445,
    exponent_max: 16_320,
    decimal_exponent_max: 4_933,
    decimal_exponent_min: -4_951,
    digits_max: 12_000,
};

/// `significand * 2^exponent`. The significand has all the bits of its format, or fewer when the
/// exponent is the format's smallest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Binary {
    pub(super) significand: u64,
    pub(super) exponent: i32,
}

impl Format {
    /// The number nearest to `n * 2^exponent`, ties to even. With `inexact` the true value lies
    /// strictly between `n` and `n + 1` (times the power); `n` then has at least one bit more than
    /// the format. Nothing when a number that is not zero rounds to zero or to infinity.
    pub(super) fn round(&self, n: u128, exponent: i32, inexact: bool) -> Option<Binary> {
        let length = 128 - n.leading_zeros();
        let target = exponent.saturating_add(length as i32 - self.bits as i32).max(self.exponent_min);
        let drop = target.saturating_sub(exponent);
        if drop <= 0 {
            // Wide enough: the shift fills the format's bits at most.
            let significand = if n == 0 { 0 } else { (n << drop.unsigned_abs()) as u64 };
            return self.checked(significand, target);
        }
        if drop > 128 {
            // The true value is below 2^128, half of the last place at most.
            return None;
        }
        if drop == 128 {
            return self.round(n >> 1, exponent + 1, inexact || n & 1 == 1);
        }
        let (kept, dropped, half) = (n >> drop, n & ((1 << drop) - 1), 1u128 << (drop - 1));
        let up = match dropped.cmp(&half) {
            Ordering::Less => false,
            Ordering::Equal => inexact || kept & 1 == 1,
            Ordering::Greater => true,
        };
        let rounded = kept + u128::from(up);
        if rounded >> self.bits != 0 {
            return self.checked((rounded >> 1) as u64, target + 1);
        }
        self.checked(rounded as u64, target)
    }

    /// The number nearest to `numerator / denominator * 2^exponent`; as [`Format::round`].
    pub(super) fn round_ratio(
        &self,
        mut numerator: Big,
        mut denominator: Big,
        exponent: i32,
    ) -> Option<Binary> {
        let shift = denominator.bit_length() as i32 - numerator.bit_length() as i32;
        if shift > 0 {
            numerator.shift_left(shift.unsigned_abs() as usize);
        } else {
            denominator.shift_left(shift.unsigned_abs() as usize);
        }
        // Schoolbook division, one bit of the quotient at a time; the first may be zero.
        let steps = self.bits as i32 + 2;
        let mut quotient = 0u128;
        for step in 0..steps {
            if step > 0 {
                numerator.shift_left(1);
            }
            let bit = numerator.compare(&denominator) != Ordering::Less;
            if bit {
                numerator.subtract(&denominator);
            }
            quotient = (quotient << 1) | u128::from(bit);
        }
        self.round(quotient, exponent - shift - (steps - 1), !numerator.is_zero())
    }

    fn checked(&self, significand: u64, exponent: i32) -> Option<Binary> {
        let fits = significand != 0 && exponent <= self.exponent_max;
        fits.then_some(Binary { significand, exponent })
    }
}

/// An unsigned integer of any size: 32-bit limbs, the least significant first, no zero limb last.
pub(super) struct Big(Vec<u32>);

/// 5^13, the largest power of five in a limb.
const FIVE_POWER_IN_LIMB: u32 = 1_220_703_125;

impl Big {
    pub(super) fn from_u64(value: u64) -> Big {
        let mut big = Big(vec![value as u32, (value >> 32) as u32]);
        big.trim();
        big
    }

    /// Reads at most `digits_max` decimal digits, skipping what is not a digit. The second result
    /// is by how many powers of ten the number must be multiplied for the digits that are left
    /// out; where one of them is not zero, a last digit 1 stands for all.
    pub(super) fn from_digits(text: &[u8], digits_max: usize) -> (Big, i64) {
        let mut big = Big(Vec::with_capacity(text.len().min(digits_max) / 9 + 2));
        let mut digits = text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
        let mut digits = digits.by_ref().skip_while(|&digit| digit == 0);
        // Nine digits at a time: their power of ten still fits a limb.
        let (mut chunk, mut power) = (0, 1);
        for digit in digits.by_ref().take(digits_max) {
            (chunk, power) = (chunk * 10 + digit, power * 10);
            if power == 1_000_000_000 {
                big.multiply_add(power, chunk);
                (chunk, power) = (0, 1);
            }
        }
        big.multiply_add(power, chunk);
        let (left_out, any) = digits.fold((0i64, false), |(n, any), digit| (n + 1, any || digit != 0));
        if any {
            big.multiply_add(10, 1);
        }
        (big, left_out - i64::from(any))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn bit_length(&self) -> usize {
        self.0.last().map_or(0, |limb| self.0.len() * 32 - limb.leading_zeros() as usize)
    }

    /// The leading 128 bits (or all of fewer), how many bits follow them and whether one of those
    /// is not zero.
    pub(super) fn top(&self) -> (u128, usize, bool) {
        let below = self.bit_length().saturating_sub(128);
        let (limbs, bits) = (below / 32, below % 32);
        let mut inexact = self.0[..limbs].iter().any(|&limb| limb != 0);
        let mut n = 0u128;
        for (i, &limb) in self.0[limbs..].iter().enumerate() {
            let limb = u128::from(limb);
            if i == 0 {
                inexact |= limb & ((1 << bits) - 1) != 0;
                n = limb >> bits;
            } else {
                n |= limb << (i * 32 - bits);
            }
        }
        (n, below, inexact)
    }

    pub(super) fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            self.0.push(carry as u32);
        }
    }

    pub(super) fn multiply_power_of_five(&mut self, power: usize) {
        self.0.reserve(power / 13 + 2);
        for _ in 0..power / 13 {
            self.multiply_add(FIVE_POWER_IN_LIMB, 0);
        }
        self.multiply_add(5u32.pow((power % 13) as u32), 0);
    }

    pub(super) fn shift_left(&mut self, bits: usize) {
        if !bits.is_multiple_of(32) {
            self.multiply_add(1 << (bits % 32), 0);
        }
        let (limbs, shift) = (self.0.len(), bits / 32);
        if shift > 0 && limbs > 0 {
            self.0.resize(limbs + shift, 0);
            self.0.copy_within(..limbs, shift);
            self.0[..shift].fill(0);
        }
    }

    /// Appends the decimal digits; none for zero.
    pub(super) fn write(mut self, out: &mut Vec<u8>) {
        let mut chunks = Vec::with_capacity(self.0.len() + self.0.len() / 14 + 1);
        while !self.is_zero() {
            chunks.push(self.divide_by_billion());
        }
        let start = out.len();
        for chunk in chunks.into_iter().rev() {
            let mut power = 100_000_000;
            while power > 0 {
                let digit = (chunk / power % 10) as u8;
                if digit != 0 || out.len() > start {
                    out.push(b'0' + digit);
                }
                power /= 10;
            }
        }
    }

    /// Divides in place and returns the remainder.
    fn divide_by_billion(&mut self) -> u32 {
        const BILLION: u64 = 1_000_000_000;
        let mut rest = 0u64;
        for limb in self.0.iter_mut().rev() {
            let part = (rest << 32) | u64::from(*limb);
            *limb = (part / BILLION) as u32;
            rest = part % BILLION;
        }
        self.trim();
        rest as u32
    }

    fn compare(&self, other: &Big) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Subtracts a number that is not larger.
    fn subtract(&mut self, other: &Big) {
        let mut borrow = false;
        for (i, limb) in self.0.iter_mut().enumerate() {
            let subtrahend = other.0.get(i).copied().unwrap_or(0);
            (*limb, borrow) = limb.borrowing_sub(subtrahend, borrow);
        }
        debug_assert!(!borrow, "the subtrahend is not larger");
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use std::format;
    use std::string::String;

    fn text(big: Big) -> String {
        let mut out = Vec::new();
        big.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn digits_come_back() {
        let mut random = Random::new([5; 16]);
        for len in 1..200 {
            let digits: String =
                (0..len).map(|i| char::from(b'0' + u8::from(i == 0) + random.below(9) as u8)).collect();
            assert_eq!(text(Big::from_digits(digits.as_bytes(), 1000).0), digits);
        }
    }

    #[test]
    fn digits_beyond_the_limit_leave_a_mark() {
        let cut = |digits: &str, max| {
            let (big, exponent) = Big::from_digits(digits.as_bytes(), max);
            (text(big), exponent)
        };
        assert_eq!(cut("00123.45", 5), ("12345".into(), 0));
        assert_eq!(cut("0.012345", 3), ("1231".into(), 1));
        assert_eq!(cut("12300", 3), ("123".into(), 2));
        assert_eq!(cut("12301", 3), ("1231".into(), 1));
        assert_eq!(cut("000", 3), (String::new(), 0));
    }

    #[test]
    fn powers_and_shifts() {
        let mut big = Big::from_u64(1);
        big.multiply_power_of_five(40);
        big.shift_left(40);
        assert_eq!(text(big), format!("1{}", "0".repeat(40)));
        let mut big = Big::from_u64(3);
        big.shift_left(130);
        assert_eq!(big.bit_length(), 132);
        assert_eq!(big.top(), (3 << 126, 4, false));
        big.multiply_add(1, 1);
        assert_eq!(big.top(), (3 << 126, 4, true));
    }

    #[test]
    fn ratios_are_rounded_as_the_processor_divides() {
        let mut random = Random::new([6; 16]);
        for _ in 0..10_000 {
            let (a, b) = (random.next_u64() >> 11 | 1, random.next_u64() >> (11 + random.below(50)) | 1);
            let result = DOUBLE.round_ratio(Big::from_u64(a), Big::from_u64(b), 0).expect("in range");
            let expected = a as f64 / b as f64;
            assert_eq!(result.significand as f64 * 2f64.powi(result.exponent), expected, "{a} / {b}");
        }
    }

    #[test]
    fn rounding_at_the_edges() {
        let of = |significand, exponent| Some(Binary { significand, exponent });
        // Ties to even, and inexact breaks a tie.
        assert_eq!(DOUBLE.round((1 << 53) | 1, 0, false), of(1 << 52, 1));
        assert_eq!(DOUBLE.round((1 << 53) | 3, 0, false), of((1 << 52) | 2, 1));
        assert_eq!(DOUBLE.round((1 << 54) | 2, 0, true), of((1 << 52) | 1, 2));
        // A carry out of the significand.
        assert_eq!(DOUBLE.round((1 << 54) - 1, 0, false), of(1 << 52, 2));
        // Half of the smallest number rounds to zero, anything above it to the smallest.
        assert_eq!(DOUBLE.round(1, -1075, false), None);
        assert_eq!(DOUBLE.round(3, -1076, false), of(1, -1074));
        assert_eq!(DOUBLE.round(u128::MAX, -1400, false), None);
        assert_eq!(DOUBLE.round(1, i32::MIN, false), None);
        // The same with a value that the shift moves out whole.
        assert_eq!(DOUBLE.round(1 << 127, -1202, false), None);
        assert_eq!(DOUBLE.round(1 << 127, -1202, true), of(1, -1074));
        assert_eq!(DOUBLE.round((1 << 127) | 1, -1202, false), of(1, -1074));
        assert_eq!(DOUBLE.round(u128::MAX, -1203, true), None);
        // The largest number, and what rounds beyond it.
        assert_eq!(DOUBLE.round((1 << 53) - 1, 971, false), of((1 << 53) - 1, 971));
        assert_eq!(DOUBLE.round((1 << 54) - 1, 970, false), None);
        assert_eq!(DOUBLE.round(1, i32::MAX, false), None);
        assert_eq!(EXTENDED.round(u128::from(u64::MAX), 16_320, false), of(u64::MAX, 16_320));
        assert_eq!(EXTENDED.round((1 << 65) - 1, 16_319, false), None);
    }
}
