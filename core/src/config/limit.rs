//! Settings that limit a count or a number of bytes.

use core::fmt;

use crate::number;

/// Which commands a log of large ones keeps.
#[derive(Clone, Copy, Debug)]
pub struct LargeLog {
    /// Those of more bytes than this; negative is none.
    pub than: i64,
    /// The latest so many.
    pub max_len: Limit,
}

impl LargeLog {
    /// What Valkey keeps.
    pub const DEFAULT: LargeLog = LargeLog { than: 1 << 20, max_len: Limit::new(128) };
}

/// A limit as it was set. Settings have 64 bits on every platform, lengths only as many as addresses have; so that
/// both comparing with a length and showing what was set come out the same everywhere, the two are told apart here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Limit(u64);

impl Limit {
    /// A limit of so many.
    pub const fn new(limit: u64) -> Limit {
        Limit(limit)
    }

    /// What was set.
    #[inline]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// What lengths are compared with: a limit that no length on this platform can reach is the greatest length.
    #[inline]
    pub const fn get(self) -> usize {
        number::saturate(self.0)
    }

    /// Whether it is 0, which for many settings means that there is no limit.
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl TryFrom<i64> for Limit {
    type Error = core::num::TryFromIntError;

    fn try_from(number: i64) -> Result<Limit, Self::Error> {
        number.try_into().map(Limit)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_limit_shows_what_was_set_and_is_compared_as_far_as_lengths_go() {
        let limit = Limit::new(5 << 32);
        assert_eq!(limit.to_string(), "21474836480");
        assert_eq!(limit.get(), usize::try_from(5_u64 << 32).unwrap_or(usize::MAX));
        assert!(Limit::new(0).is_zero() && !limit.is_zero());
        assert!(Limit::try_from(-1).is_err());
    }
}
