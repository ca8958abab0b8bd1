//! Integers of any width at any position of a bitmap, as BITFIELD reads and writes them.

use super::{bit, byte_of, mask};
use crate::number;

/// What happens to a number that its field cannot hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Overflow {
    /// The high bits are dropped.
    Wrap,
    /// It becomes the greatest or the least number that fits.
    Saturate,
    /// Nothing is written.
    Fail,
}

/// The type of a field: `i5`, `u12`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Width {
    pub(super) signed: bool,
    /// 1 to 64, and up to 63 for an unsigned one, so that any value is an `i64`.
    pub(super) bits: u32,
}

impl Width {
    /// Reads a type; nothing else than these is one.
    pub(super) fn parse(text: &[u8]) -> Option<Width> {
        let (sign, number) = text.split_first()?;
        let signed = match sign {
            b'i' => true,
            b'u' => false,
            _ => return None,
        };
        let bits = crate::number::parse_i64(number)?;
        let most = if signed { 64 } else { 63 };
        (1..=most).contains(&bits).then_some(Width { signed, bits: number::low_u32(bits.cast_unsigned()) })
    }

    fn least(self) -> i128 {
        if self.signed { -(1 << (self.bits - 1)) } else { 0 }
    }

    fn most(self) -> i128 {
        if self.signed { (1 << (self.bits - 1)) - 1 } else { (1 << self.bits) - 1 }
    }

    /// The number that is meant by one that is set. For an unsigned field a negative one is a large one, and Redis
    /// takes one so far below a signed field that their distance is no `i64` for one above it. Both leave the bits
    /// that the field can hold as they are.
    pub(super) fn given(self, value: i64) -> i128 {
        const CARRY: i128 = 1 << 64;
        let number = i128::from(value);
        let is_far_below = self.bits < 64 && self.most() - number > i128::from(i64::MAX);
        if number < 0 && (!self.signed || is_far_below) { number + CARRY } else { number }
    }

    /// The number that is stored for `number`; `None` when it must not be.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the type's bounds are within 64 bits, and wrapping cuts"
    )]
    pub(super) fn fit(self, number: i128, overflow: Overflow) -> Option<i64> {
        let fits = (self.least()..=self.most()).contains(&number);
        let stored = match overflow {
            _ if fits => number,
            Overflow::Wrap => return Some(self.extend(number as u64)),
            Overflow::Saturate => number.clamp(self.least(), self.most()),
            Overflow::Fail => return None,
        };
        Some(stored as i64)
    }

    /// What the low bits mean as a number of this type.
    fn extend(self, bits: u64) -> i64 {
        let unused = 64 - self.bits;
        if self.signed {
            (bits << unused).cast_signed() >> unused
        } else {
            (bits << unused >> unused).cast_signed()
        }
    }

    /// The field at a position; what lies behind the end is zero.
    pub(super) fn read(self, bytes: &[u8], position: u64) -> i64 {
        let mut value = 0;
        for at in position..position + u64::from(self.bits) {
            value = value << 1 | u64::from(bit(bytes, at));
        }
        self.extend(value)
    }

    /// Writes the field at a position, all of which lies within `bytes`.
    pub(super) fn write(self, bytes: &mut [u8], position: u64, value: i64) {
        for index in 0..self.bits {
            let at = position + u64::from(index);
            let is_set = value >> (self.bits - 1 - index) & 1 != 0;
            let byte = &mut bytes[byte_of(at)];
            *byte = if is_set { *byte | mask(at) } else { *byte & !mask(at) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use alloc::vec::Vec;

    #[test]
    fn types_are_read() {
        assert_eq!(Width::parse(b"i64"), Some(Width { signed: true, bits: 64 }));
        assert_eq!(Width::parse(b"u63"), Some(Width { signed: false, bits: 63 }));
        for text in [&b"u64"[..], b"i65", b"i0", b"u-1", b"I8", b"8", b"", b"u", b"u08"] {
            assert_eq!(Width::parse(text), None);
        }
    }

    #[test]
    fn numbers_that_do_not_fit_wrap_saturate_or_fail() {
        let check = |text: &[u8], number: i128, wrapped: i64, saturated: i64| {
            let width = Width::parse(text).expect("a type");
            assert_eq!(width.fit(number, Overflow::Wrap), Some(wrapped));
            assert_eq!(width.fit(number, Overflow::Saturate), Some(saturated));
            let fits = wrapped == saturated && i128::from(wrapped) == number;
            assert_eq!(width.fit(number, Overflow::Fail), fits.then_some(wrapped));
        };
        check(b"u8", 255, 255, 255);
        check(b"u8", 257, 1, 255);
        check(b"u8", -1, 255, 0);
        check(b"i8", 128, -128, 127);
        check(b"i8", -129, 127, -128);
        check(b"i64", i128::from(i64::MAX) + 1, i64::MIN, i64::MAX);
        check(b"i1", 1, -1, 0);
        check(b"i64", i128::from(i64::MIN) - 1, i64::MAX, i64::MIN);
        check(b"u63", 1 << 63, 0, i64::MAX);
    }

    #[test]
    fn numbers_far_below_count_as_above() {
        let check = |text: &[u8], value: i64, saturated: i64| {
            let width = Width::parse(text).expect("a type");
            assert_eq!(width.fit(width.given(value), Overflow::Saturate), Some(saturated));
            let wrapped = width.fit(width.given(value), Overflow::Wrap);
            assert_eq!(wrapped, width.fit(i128::from(value), Overflow::Wrap));
        };
        check(b"u8", -1, 255);
        check(b"i8", -1, -1);
        check(b"i8", -1000, -128);
        check(b"i8", i64::MIN + 128, -128);
        check(b"i8", i64::MIN + 127, 127);
        check(b"i64", i64::MIN, i64::MIN);
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_changes() {
        let mut random = Random::new([5; 16]);
        for _ in 0..3000 {
            let signed = random.below(2) == 0;
            let width = Width { signed, bits: random.below(if signed { 64 } else { 63 }) as u32 + 1 };
            let mut bytes: Vec<u8> = (0..20).map(|_| random.next_u64() as u8).collect();
            let before = bytes.clone();
            let position = random.below(160 - u64::from(width.bits) + 1);
            let value = width.extend(random.next_u64());
            width.write(&mut bytes, position, value);
            assert_eq!(width.read(&bytes, position), value);
            let field = position..position + u64::from(width.bits);
            for at in (0..160).filter(|at| !field.contains(at)) {
                assert_eq!(bit(&bytes, at), bit(&before, at));
            }
        }
        assert_eq!(Width { signed: false, bits: 16 }.read(&[0xff], 0), 0xff00);
    }
}
