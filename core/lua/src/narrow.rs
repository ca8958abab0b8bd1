//! Numbers of 64 bits as lengths and counts, which have 32 in the sandbox.
//!
//! Casts that lose bits are forbidden by a lint (`cast_possible_truncation`), and `usize::try_from`, whose failure on
//! one platform alone is easily taken for a mistake of the client's, by a test. What a client or a setting says goes
//! through here instead, so that it means the same on every platform.

/// A number as a count: the greatest there is when it is greater. No length exceeds that, so that a comparison with a
/// length comes out as it would with the number itself.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "it is compared before")]
pub const fn saturate(number: u64) -> usize {
    if number > usize::MAX as u64 { usize::MAX } else { number as usize }
}

/// A number as a count, as [`saturate`] has it; `None` when it is negative.
#[inline]
pub const fn count(number: i64) -> Option<usize> {
    if number < 0 { None } else { Some(saturate(number.cast_unsigned())) }
}

/// A number as an index or a size that must be exact; `None` when no length can be so great, or it is negative.
#[inline]
pub fn exact<N>(number: N) -> Option<usize>
where
    usize: TryFrom<N>,
{
    TryFrom::try_from(number).ok()
}

/// The index that a number means which is known to be one, since it was made of an index or drawn below a length.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the caller knows that it came from an index")]
pub const fn index(number: u64) -> usize {
    debug_assert!(number <= usize::MAX as u64, "it came from an index");
    number as usize
}

/// The whole part of a number, or the integer nearest to it that there is; 0 for no number.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "what is asked for")]
pub const fn truncated(number: f64) -> i64 {
    number as i64
}

/// The same without a sign.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "what is asked for")]
pub const fn whole(number: f64) -> u64 {
    number as u64
}

/// The lower 32 bits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what is asked for")]
pub const fn low_u32(number: u64) -> u32 {
    number as u32
}

/// The lower 16 bits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what is asked for")]
pub const fn low_u16(number: u64) -> u16 {
    number as u16
}

/// The lower 8 bits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what is asked for")]
pub const fn low_u8(number: u64) -> u8 {
    number as u8
}

/// The bits of a hash that fit into an index, the lower ones.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a mask follows, and tables are far smaller than 2^32")]
pub const fn low_index(hash: u64) -> usize {
    hash as usize
}

/// A length or an offset within one request or value, whose sizes are limited far below 4 GiB (see `Limits`).
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the caller knows that it is within 4 GiB")]
pub const fn short(len: usize) -> u32 {
    debug_assert!(len as u64 <= u32::MAX as u64, "requests and values are shorter than 4 GiB");
    len as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_great_is_the_greatest() {
        assert_eq!(saturate(0), 0);
        assert_eq!(saturate(u64::MAX), usize::MAX);
        assert_eq!(saturate(1 << 32), usize::try_from(1_u64 << 32).unwrap_or(usize::MAX));
        assert_eq!(count(-1), None);
        assert_eq!(count(i64::MIN), None);
        assert_eq!(count(7), Some(7));
        assert_eq!(count(i64::MAX), Some(saturate(i64::MAX as u64)));
        assert_eq!(exact(-1_i64), None);
        assert_eq!(exact(5_u64), Some(5));
    }
}
