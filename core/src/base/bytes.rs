//! Comparing and copying short byte strings word by word.
//!
//! Keys, names and values are mostly a few words long. For those the general routines cost more to reach than
//! the work takes, above all in WebAssembly, where comparing goes byte by byte and every copy of a length that
//! the compiler does not know leaves the module for the runtime.

use alloc::vec::Vec;
use core::ptr::copy_nonoverlapping;

use crate::number;

/// Longest string that is copied word by word, in bytes.
const SHORT_BYTES_MAX: usize = 64;

/// Whether two byte strings are equal.
#[inline(always)]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        // The last word may overlap the one before it, so that no bytes are left over.
        last_a == last_b && a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).all(|(a, b)| a == b)
    } else if let (Some(last_a), Some(last_b)) = (a.last_chunk::<4>(), b.last_chunk::<4>()) {
        last_a == last_b && a.first_chunk::<4>() == b.first_chunk::<4>()
    } else {
        a.iter().zip(b).all(|(a, b)| a == b)
    }
}

/// Appends `bytes` to `out`, whose capacity holds them already.
#[inline(always)]
pub(crate) fn append_within_capacity(out: &mut Vec<u8>, bytes: &[u8]) {
    let (len, more) = (out.len(), bytes.len());
    assert!(out.capacity() - len >= more, "the caller has made room");
    // SAFETY: so many bytes of capacity were checked to be there, and `bytes` borrows other memory than `out`,
    // which is borrowed exclusively.
    unsafe {
        copy(bytes.as_ptr(), out.as_mut_ptr().add(len), more);
        out.set_len(len + more);
    }
}

/// Appends the first `len` bytes of `words` to `out`, which has capacity for all of them.
#[inline(always)]
pub(crate) fn append_start_within_capacity<const N: usize>(out: &mut Vec<u8>, words: [u8; N], len: usize) {
    assert!(out.capacity() - out.len() >= N && len <= N, "the caller has made room");
    // SAFETY: so many bytes of capacity were checked to be there, and at most those become part of the vector.
    unsafe {
        out.as_mut_ptr().add(out.len()).cast::<[u8; N]>().write_unaligned(words);
        out.set_len(out.len() + len);
    }
}

/// Appends the line that begins a value in RESP: its kind and a number. The capacity holds them already, with eight bytes at
/// least, of which some are used on the way.
#[inline(always)]
pub(crate) fn append_head_within_capacity(out: &mut Vec<u8>, kind: u8, number: i64) {
    let digit = |value: i64| b'0' + number::low_u8(value.cast_unsigned());
    if (0..10).contains(&number) {
        let word = [kind, digit(number), b'\r', b'\n', 0, 0, 0, 0];
        append_start_within_capacity(out, word, 4);
    } else if (10..100).contains(&number) {
        let word = [kind, digit(number / 10), digit(number % 10), b'\r', b'\n', 0, 0, 0];
        append_start_within_capacity(out, word, 5);
    } else {
        append_long_head(out, kind, number);
    }
}

#[inline(never)]
fn append_long_head(out: &mut Vec<u8>, kind: u8, number: i64) {
    out.push(kind);
    number::write_i64(out, number);
    append_within_capacity(out, b"\r\n");
}

/// Appends `len` bytes of `out` that begin `distance` bytes before its end, and go on with what is appended if these are
/// fewer. The capacity holds them already and sixteen bytes more, of which some are used on the way.
#[inline(always)]
pub(crate) fn repeat_within_capacity(out: &mut Vec<u8>, distance: usize, len: usize) {
    let end = out.len();
    assert!((1..=end).contains(&distance), "what is repeated is there");
    let room = out.capacity() - end;
    assert!(room >= 16 && room - 16 >= len, "the caller has made room");
    // SAFETY: what is read begins within the vector, by the first assertion, and ends before what is written next: in
    // words only if it is a word away. What is written ends less than sixteen bytes behind `len` bytes, for which there is
    // room by the second one; and so many become part of the vector.
    unsafe {
        let to = out.as_mut_ptr().add(end);
        let from = to.sub(distance);
        let mut at = 0;
        if distance >= 8 {
            // Most are no longer than two words, which a loop would take longer to begin with.
            to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned());
            to.add(8).cast::<u64>().write_unaligned(from.add(8).cast::<u64>().read_unaligned());
            at = 16;
            while at < len {
                to.add(at).cast::<u64>().write_unaligned(from.add(at).cast::<u64>().read_unaligned());
                at += 8;
            }
        } else {
            while at < len {
                *to.add(at) = *from.add(at);
                at += 1;
            }
        }
        out.set_len(end + len);
    }
}

/// Copies `len` bytes.
///
/// # Safety
/// As for [`copy_nonoverlapping`]: `from` must be readable and `to` writable for `len` bytes, and the two must not
/// overlap.
#[inline(always)]
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: each word lies within the first or the last bytes of both ranges, by the comparisons before it.
    unsafe {
        if len > SHORT_BYTES_MAX {
            copy_nonoverlapping(from, to, len);
        } else if len > 32 {
            copy_ends::<[u64; 4]>(from, to, len);
        } else if len > 16 {
            copy_ends::<[u64; 2]>(from, to, len);
        } else if len >= 8 {
            copy_ends::<u64>(from, to, len);
        } else if len >= 4 {
            copy_ends::<u32>(from, to, len);
        } else if len > 0 {
            // First, middle and last cover up to three bytes.
            let (first, middle, last) = (*from, *from.add(len / 2), *from.add(len - 1));
            *to = first;
            *to.add(len / 2) = middle;
            *to.add(len - 1) = last;
        }
    }
}

/// Copies as many bytes as two `T` have, or fewer but no less than one has: the first and the last ones, which may
/// overlap. A loop over words would be turned into a call of the general routine.
///
/// # Safety
/// As for [`copy`], and `len` must be at least the size of a `T` and at most twice that.
#[inline(always)]
unsafe fn copy_ends<T>(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's.
    unsafe {
        let last = len - size_of::<T>();
        let (low, high) = (from.cast::<T>().read_unaligned(), from.add(last).cast::<T>().read_unaligned());
        to.cast::<T>().write_unaligned(low);
        to.add(last).cast::<T>().write_unaligned(high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts() {
        for len in 0..if cfg!(miri) { 20 } else { 100usize } {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            assert!(equal(&bytes, &bytes.clone()));
            assert!(!equal(&bytes, &[&bytes[..], b"x"].concat()));
            for at in 0..len {
                let mut other = bytes.clone();
                other[at] ^= 0x80;
                assert!(!equal(&bytes, &other), "byte {at} of {len}");
            }
        }
    }

    #[test]
    fn what_is_repeated_overlaps_itself() {
        for distance in 1..if cfg!(miri) { 12 } else { 40usize } {
            for len in 0..if cfg!(miri) { 20 } else { 100usize } {
                let start: Vec<u8> = (1..=40).collect();
                let mut out = Vec::with_capacity(start.len() + len + 16);
                out.extend_from_slice(&start);
                repeat_within_capacity(&mut out, distance, len);
                let expected = start[40 - distance..].iter().cycle().take(len);
                assert!(out[..40] == start && out[40..].iter().eq(expected), "{len} from {distance} before");
            }
        }
    }

    #[test]
    fn every_byte_arrives_and_no_other() {
        for len in 0..if cfg!(miri) { 70 } else { 200usize } {
            let bytes: Vec<u8> = (1..=len).map(|at| at as u8).collect();
            let mut out = alloc::vec![0xee; 3];
            out.reserve_exact(len);
            append_within_capacity(&mut out, &bytes);
            assert_eq!(out[..3], [0xee; 3]);
            assert_eq!(out[3..], bytes[..]);
            out.reserve_exact(8);
            append_start_within_capacity(&mut out, *b"12345678", len % 9);
            assert_eq!(out[3 + len..], b"12345678"[..len % 9]);
        }
    }
}
