//! The line in front of each batch.
//!
//! ```text
//! #:<len>:<durable>:<crc>\r\n<len bytes of commands>
//! ```
//!
//! All three are lower-case hexadecimal numbers without leading zeros; but length and checksum have eight digits at least.
//! `durable` is how many bytes of the file were known to be durable when the line was written. `crc` is a CRC32C that
//! runs through the whole file: over everything before the line, then the line up to its last colon, then the batch, in
//! all of which the checksums themselves and the ends of their lines are left out. So the checksum of one batch begins where that of
//! the batch before it ended, and a batch that was replaced by another, or by zeros, spoils those behind it.
//!
//! Redis takes any line that begins with `#` for a comment (since 7.0; at most 1023 bytes).

use alloc::vec::Vec;
use core::iter;

use crate::checksum::Checksum;

/// What every line begins with.
pub const BEGIN: &[u8] = b"#:";
/// Bytes of the longest line.
pub const LINE_BYTES_MAX: usize = BEGIN.len() + 16 + 1 + 16 + 1 + CRC_DIGITS + 2;
const CRC_DIGITS: usize = 8;
/// A length is mostly put in once its batch has been written behind it.
const LEN_DIGITS_MIN: usize = 8;

/// A line's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Bytes of the batch.
    pub len: u64,
    /// Bytes at the beginning of the file that were known to be durable.
    pub durable: u64,
    /// The running checksum at the end of the batch.
    pub crc: u32,
}

/// Appends a line whose batch is to follow, for [`end`] to complete.
pub fn begin(out: &mut Vec<u8>, durable: u64) {
    out.extend_from_slice(BEGIN);
    out.extend_from_slice(&[b'0'; LEN_DIGITS_MIN]);
    out.push(b':');
    write_hex(out, durable);
    out.extend_from_slice(b":00000000\r\n");
}

/// Completes the line that begins at `start`, now that the batch stands from `batch` to the end; the running checksum behind
/// it, and where the batch begins.
pub fn end(out: &mut Vec<u8>, checksum: Checksum, crc: u32, start: usize, mut batch: usize) -> (u32, usize) {
    let len = (out.len() - batch) as u64;
    batch += put_len(out, start + BEGIN.len(), len);
    let crc_at = batch - CRC_DIGITS - 2;
    let crc = checksum(checksum(crc, &out[start..crc_at]), &out[batch..]);
    put_hex(&mut out[crc_at..batch - 2], crc.into());
    (crc, batch)
}

/// Puts a length in the place that was left for it; how many bytes more it takes than that.
fn put_len(out: &mut Vec<u8>, at: usize, len: u64) -> usize {
    let digits = hex_digits(len).max(LEN_DIGITS_MIN);
    let more = digits - LEN_DIGITS_MIN;
    if more > 0 {
        out.splice(at..at, iter::repeat_n(b'0', more));
    }
    put_hex(&mut out[at..at + digits], len);
    more
}

/// Appends a line and its batch, and returns the running checksum behind them.
pub fn write(out: &mut Vec<u8>, checksum: Checksum, crc: u32, durable: u64, batch: &[u8]) -> u32 {
    let start = out.len();
    begin(out, durable);
    let batch_at = out.len();
    out.extend_from_slice(batch);
    end(out, checksum, crc, start, batch_at).0
}

/// The line at the start of `bytes`, and how many of them it takes; `None` if there is none that is whole and written as
/// [`write()`] does it.
pub fn parse(bytes: &[u8]) -> Option<(Line, usize)> {
    let rest = bytes.strip_prefix(BEGIN)?;
    let (len, rest) = parse_hex(rest, LEN_DIGITS_MIN)?;
    let (durable, rest) = parse_hex(rest, 1)?;
    let (digits, rest) = rest.split_at_checked(CRC_DIGITS)?;
    let crc = digits.iter().try_fold(0u64, |number, &digit| Some(number << 4 | hex_value(digit)?))?;
    let rest = rest.strip_prefix(b"\r\n")?;
    let crc = u32::try_from(crc).expect("eight digits have 32 bits");
    Some((Line { len, durable, crc }, bytes.len() - rest.len()))
}

/// The part of a line of `length` bytes that its checksum covers.
pub(crate) fn covered(length: usize) -> usize {
    length - CRC_DIGITS - 2
}

fn write_hex(out: &mut Vec<u8>, number: u64) {
    let start = out.len();
    out.resize(start + hex_digits(number), b'0');
    put_hex(&mut out[start..], number);
}

/// How many digits a number has.
fn hex_digits(number: u64) -> usize {
    (64 - number.leading_zeros()).div_ceil(4).max(1) as usize
}

/// Writes a number with as many digits as there is room for.
fn put_hex(room: &mut [u8], number: u64) {
    for (index, digit) in room.iter_mut().rev().enumerate() {
        *digit = hex_digit(number >> (4 * index));
    }
}

fn hex_digit(number: u64) -> u8 {
    b"0123456789abcdef"[(number & 15) as usize]
}

fn hex_value(digit: u8) -> Option<u64> {
    match digit {
        b'0'..=b'9' => Some(u64::from(digit - b'0')),
        b'a'..=b'f' => Some(u64::from(digit - b'a') + 10),
        _ => None,
    }
}

/// A number of at most 16 digits and at least so many, with leading zeros only where it needs them for that, up to a colon.
fn parse_hex(bytes: &[u8], digits_min: usize) -> Option<(u64, &[u8])> {
    let len = bytes.iter().take(17).position(|&byte| byte == b':')?;
    let digits = &bytes[..len];
    if len < digits_min || (len > digits_min && digits[0] == b'0') {
        return None;
    }
    let number = digits.iter().try_fold(0u64, |number, &digit| Some(number << 4 | hex_value(digit)?))?;
    Some((number, &bytes[len + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::crc32c;

    #[test]
    fn what_was_written_is_read() {
        for (durable, batch) in [(0, &b"x"[..]), (u64::MAX, b"*1\r\n$4\r\nPING\r\n"), (0x1_0000, &[7; 300])] {
            let mut out = Vec::new();
            let crc = write(&mut out, crc32c, 5, durable, batch);
            let (line, length) = parse(&out).expect("a line was written");
            assert_eq!(line, Line { len: batch.len() as u64, durable, crc });
            assert_eq!(&out[length..], batch);
            assert!(length <= LINE_BYTES_MAX);
            let covered = crc32c(crc32c(5, &out[..covered(length)]), batch);
            assert_eq!(covered, crc);
        }
    }

    #[test]
    fn a_length_of_more_digits_makes_room_for_itself() {
        let (mut out, batch) = (b"before".to_vec(), [7; 20]);
        begin(&mut out, 5);
        let at = out.len();
        out.extend_from_slice(&batch);
        // As if there were so many bytes of the batch, which takes nine digits.
        assert_eq!(put_len(&mut out, 6 + BEGIN.len(), 0x1_2345_6789), 1);
        assert_eq!(
            parse(&out[6..]).map(|(line, length)| (line.len, length)),
            Some((0x1_2345_6789, at - 6 + 1))
        );
    }

    #[test]
    fn anything_else_is_no_line() {
        let mut out = Vec::new();
        write(&mut out, crc32c, 0, 0x20, b"abc");
        for end in 0..out.len() - 3 {
            assert_eq!(parse(&out[..end]), None);
        }
        for bad in [
            &b"#:00000003:20:0123456X\r\n"[..],
            b"#:000000003:20:01234567\r\n",
            b"#:0000003:20:01234567\r\n",
            b"#::20:01234567\r\n",
            b"#:00000003:20:01234567\n",
            b"#:00000003:20:0123456\r\n",
            b"#:00000003:020:01234567\r\n",
            b"#:0000000A:20:01234567\r\n",
            b"#:12345678123456781:20:01234567\r\n",
            b"#TS:1700000000\r\n",
        ] {
            assert_eq!(parse(bad), None);
        }
    }
}
