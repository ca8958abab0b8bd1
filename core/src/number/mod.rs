//! Numbers as text, to the byte as Redis and the C library under it read and write them.
//!
//! Nothing here uses the standard library's float conversions: a handful of shared routines over
//! small big integers keeps the compiled module small, and the C library's rules (hexadecimal
//! floats, range errors, an 80-bit `long double`) have no counterpart there anyway.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

mod binary;
mod double;
mod grisu;
mod integer;
mod long_double;
mod scan;

pub use double::{parse_f64, parse_f64_bound, write_f64, write_f64_fixed, write_f64_g, write_f64_g17};
pub use integer::{
    decimal_len_i64, format_i64, format_u64, parse_cursor, parse_i64, parse_u64, write_i64, write_u64,
};
pub use long_double::LongDouble;
pub use sanderling_lua::narrow::{
    count, exact, index, low_index, low_u8, low_u16, low_u32, saturate, short, truncated, whole,
};

/// The positions from `start` to `stop`, both included, among `len` of them: what LRANGE and ZRANGE mean, where negative
/// numbers count from the end. `0..0` if there are none; any two numbers will do.
pub fn span(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_end = |index: i64| if index < 0 { index + len } else { index };
    let (start, stop) = (from_end(start).max(0), from_end(stop).min(len - 1));
    // They are compared before anything is made of their difference, which need not fit.
    if start > stop {
        return 0..0;
    }
    index(start.cast_unsigned())..index(stop.cast_unsigned()) + 1
}

/// Bytes as pairs of hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A double as [`write_f64`] writes it. Formatting one with `{}` would be code for the same a second time.
pub fn decimal(value: f64) -> String {
    text_of(|out| write_f64(out, value))
}

/// A double as [`write_f64_fixed`] writes it.
pub fn fixed(value: f64, places: usize) -> String {
    text_of(|out| write_f64_fixed(out, value, places))
}

fn text_of(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut text = Vec::new();
    write(&mut text);
    String::from_utf8(text).expect("numbers are written in ASCII")
}
