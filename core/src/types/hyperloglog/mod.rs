//! HyperLogLog: about how many different elements were added, in 12 KiB at most.
//!
//! A sketch is a string in Redis's format, so that one made here means the same there: a header of 16 bytes, and
//! 16384 registers of six bits in one of two encodings. The hash of an element chooses a register and gives the
//! number that it is raised to (Flajolet et al. 2007, "HyperLogLog: the analysis of a near-optimal cardinality
//! estimation algorithm").
//!
//! ```text
//! "HYLL" | encoding u8 (0 dense, 1 sparse) | 3 bytes unused | cached cardinality u64 | registers
//! ```
//! The highest bit of the cached cardinality tells that it is out of date.

pub(crate) mod commands;
mod dense;
mod estimate;
mod hash;
mod sparse;

use alloc::boxed::Box;
use alloc::vec::Vec;

use self::estimate::Histogram;
use crate::base::error::Error;
use crate::number;

/// Bits of the hash that choose a register.
const INDEX_BITS: u32 = 14;
/// How many registers there are.
const REGISTERS: usize = 1 << INDEX_BITS;
/// The greatest number that a register is raised to: the other bits of the hash, all zero, and one.
const COUNT_MAX: u8 = number::low_u8(64 - INDEX_BITS as u64 + 1);
const HEADER_BYTES: usize = 16;
/// Where the encoding stands in the header.
const ENCODING_AT: usize = 4;
/// Where the cached cardinality stands in the header.
const CACHE_AT: usize = 8;
/// The bit that tells of an outdated cache, in the header's last byte.
const OUTDATED: u8 = 0x80;
/// Bytes of a dense sketch, which are all it can ever have.
pub(crate) const DENSE_BYTES: usize = HEADER_BYTES + REGISTERS * 6 / 8;

/// The registers do not add up to what they must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Corrupt;

impl From<Corrupt> for Error {
    fn from(_: Corrupt) -> Error {
        Error::Text("INVALIDOBJ Corrupted HLL object detected")
    }
}

/// How the registers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Dense,
    Sparse,
}

impl Encoding {
    /// The encoding that a string's header tells; `None` when it is no sketch.
    fn of(bytes: &[u8]) -> Option<Encoding> {
        if bytes.len() < HEADER_BYTES || !bytes.starts_with(b"HYLL") {
            return None;
        }
        match bytes[ENCODING_AT] {
            0 if bytes.len() == DENSE_BYTES => Some(Encoding::Dense),
            1 => Some(Encoding::Sparse),
            _ => None,
        }
    }
}

/// A sketch of nothing.
fn empty() -> Vec<u8> {
    let mut bytes = Vec::from(*b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0");
    sparse::push_zeros(&mut bytes, REGISTERS);
    bytes
}

/// Raises the register of an element; whether that changed it.
fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_bytes_max: usize) -> Result<bool, Corrupt> {
    let (index, count) = hash::register_of(element);
    raise(bytes, &mut sparse::Cursor::default(), index, count, sparse_bytes_max)
}

/// The same with a dense sketch, which stays where it is.
fn add_dense(bytes: &mut [u8], element: &[u8]) -> bool {
    let (index, count) = hash::register_of(element);
    dense::raise(&mut bytes[HEADER_BYTES..], index, count)
}

/// Raises a register to `count`, if it is lower; whether it was. A sparse sketch that cannot hold that becomes dense.
///
/// A cursor may be used again for higher indexes of the same sketch.
fn raise(
    bytes: &mut Vec<u8>,
    cursor: &mut sparse::Cursor,
    index: usize,
    count: u8,
    sparse_bytes_max: usize,
) -> Result<bool, Corrupt> {
    if Encoding::of(bytes) == Some(Encoding::Sparse) {
        match sparse::raise(bytes, cursor, index, count, sparse_bytes_max)? {
            sparse::Outcome::Kept => return Ok(false),
            sparse::Outcome::Raised => {
                // Even when a later change fails.
                forget_cached(bytes);
                return Ok(true);
            }
            sparse::Outcome::TooLarge => make_dense(bytes)?,
        }
    }
    Ok(dense::raise(&mut bytes[HEADER_BYTES..], index, count))
}

/// Stores the registers of a sparse sketch densely.
fn make_dense(bytes: &mut Vec<u8>) -> Result<(), Corrupt> {
    let mut dense = Vec::with_capacity(DENSE_BYTES);
    dense.extend_from_slice(&bytes[..HEADER_BYTES]);
    dense[ENCODING_AT] = 0;
    dense.resize(DENSE_BYTES, 0);
    sparse::visit(&bytes[HEADER_BYTES..], |index, value| {
        dense::put(&mut dense[HEADER_BYTES..], index, value);
    })?;
    *bytes = dense;
    Ok(())
}

/// The cached cardinality, unless it is out of date.
fn cached(bytes: &[u8]) -> Option<u64> {
    let cache = bytes[CACHE_AT..HEADER_BYTES].try_into().expect("the cache has eight bytes");
    (bytes[HEADER_BYTES - 1] & OUTDATED == 0).then(|| u64::from_le_bytes(cache))
}

fn cache(bytes: &mut [u8], cardinality: u64) {
    bytes[CACHE_AT..HEADER_BYTES].copy_from_slice(&cardinality.to_le_bytes());
}

fn forget_cached(bytes: &mut [u8]) {
    bytes[HEADER_BYTES - 1] |= OUTDATED;
}

/// Estimates how many different elements were added to a sketch.
fn cardinality(bytes: &[u8], encoding: Encoding) -> Result<u64, Corrupt> {
    let registers = &bytes[HEADER_BYTES..];
    let mut histogram = Histogram::default();
    match encoding {
        Encoding::Dense => dense::values(registers).for_each(|value| histogram.add(value, 1)),
        Encoding::Sparse => {
            let mut covered = 0;
            for run in sparse::runs(registers) {
                histogram.add(run.value, run.len);
                covered += run.len;
            }
            if covered != REGISTERS {
                return Err(Corrupt);
            }
        }
    }
    Ok(histogram.estimate())
}

/// The registers of a union of sketches, each the greatest of theirs.
pub(crate) struct Union(Box<[u8; REGISTERS]>);

impl Union {
    /// Of nothing.
    pub(crate) fn new() -> Union {
        let registers = alloc::vec![0; REGISTERS].into_boxed_slice();
        Union(registers.try_into().expect("it has just that length"))
    }

    /// Adds an element as if one of the sketches had it.
    pub(crate) fn add(&mut self, element: &[u8]) {
        let (index, count) = hash::register_of(element);
        self.0[index] = self.0[index].max(count);
    }

    fn merge(&mut self, bytes: &[u8], encoding: Encoding) -> Result<(), Corrupt> {
        let own = &mut self.0;
        match encoding {
            Encoding::Dense => {
                let values = dense::values(&bytes[HEADER_BYTES..]);
                own.iter_mut().zip(values).for_each(|(own, value)| *own = value.max(*own));
                Ok(())
            }
            Encoding::Sparse => sparse::visit(&bytes[HEADER_BYTES..], |index, value| {
                own[index] = value.max(own[index]);
            }),
        }
    }

    /// How many different elements were added.
    pub(crate) fn estimate(&self) -> u64 {
        let mut histogram = Histogram::default();
        self.0.iter().for_each(|value| histogram.add(*value, 1));
        histogram.estimate()
    }

    /// Raises a sketch's registers to these.
    fn store(&self, bytes: &mut Vec<u8>, sparse_bytes_max: usize) -> Result<(), Corrupt> {
        let mut cursor = sparse::Cursor::default();
        for (index, &value) in self.0.iter().enumerate().filter(|(_, value)| **value != 0) {
            raise(bytes, &mut cursor, index, value, sparse_bytes_max)?;
        }
        forget_cached(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
