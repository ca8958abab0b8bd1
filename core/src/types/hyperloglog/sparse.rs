//! The sparse encoding: runs of equal registers. To the byte it is what Redis makes of the same changes, down to
//! which neighbours are joined.
//!
//! ```text
//! 00nnnnnn            n+1 zeros, up to 64
//! 01nnnnnn nnnnnnnn   n+1 zeros, up to 16384
//! 1vvvvvnn            n+1 registers, up to 4, of v+1, up to 32
//! ```

#![expect(clippy::cast_possible_truncation, reason = "lengths are limited to what their bits can hold")]

use alloc::vec::Vec;

use super::{Corrupt, HEADER_BYTES, REGISTERS};

const SHORT_ZEROS_MAX: usize = 64;
const VALUE_MAX: u8 = 32;
const VALUES_MAX: usize = 4;
/// How many runs are looked at for neighbours to join after a change.
const JOIN_RUNS: usize = 5;

/// Equal registers one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) value: u8,
    pub(super) len: usize,
    /// Bytes that it takes.
    bytes: usize,
}

impl Run {
    /// The run that begins at a position.
    fn at(bytes: &[u8], at: usize) -> Run {
        let first = bytes[at];
        match first >> 6 {
            0 => Run { value: 0, len: usize::from(first) + 1, bytes: 1 },
            1 => {
                // What is cut off counts as zero.
                let low = bytes.get(at + 1).copied().unwrap_or(0);
                Run { value: 0, len: (usize::from(first & 0x3f) << 8 | usize::from(low)) + 1, bytes: 2 }
            }
            _ => Run { value: (first >> 2 & 0x1f) + 1, len: usize::from(first & 3) + 1, bytes: 1 },
        }
    }

    /// How PFDEBUG DECODE names its kind.
    pub(super) fn kind(&self) -> char {
        match (self.value, self.bytes) {
            (0, 1) => 'z',
            (0, _) => 'Z',
            _ => 'v',
        }
    }
}

/// The runs of a sketch's registers.
pub(super) fn runs(registers: &[u8]) -> impl Iterator<Item = Run> {
    let mut at = 0;
    core::iter::from_fn(move || {
        let run = (at < registers.len()).then(|| Run::at(registers, at))?;
        at += run.bytes;
        Some(run)
    })
}

/// Calls `visit` with every register that is not zero.
pub(super) fn visit(registers: &[u8], mut visit: impl FnMut(usize, u8)) -> Result<(), Corrupt> {
    let mut index = 0;
    for Run { value, len, .. } in runs(registers) {
        if index + len > REGISTERS {
            return Err(Corrupt);
        }
        if value != 0 {
            (index..index + len).for_each(|index| visit(index, value));
        }
        index += len;
    }
    if index == REGISTERS { Ok(()) } else { Err(Corrupt) }
}

/// Appends a run of zeros.
pub(super) fn push_zeros(out: &mut Vec<u8>, len: usize) {
    if len > SHORT_ZEROS_MAX {
        let [high, low] = (len as u16 - 1).to_be_bytes();
        out.extend_from_slice(&[0x40 | high, low]);
    } else if len > 0 {
        out.push(len as u8 - 1);
    }
}

fn push_values(out: &mut Vec<u8>, value: u8, len: usize) {
    if len > 0 {
        out.push(values(value, len));
    }
}

fn values(value: u8, len: usize) -> u8 {
    0x80 | (value - 1) << 2 | (len as u8 - 1)
}

/// Where to begin to look for a register.
///
/// Joining neighbours begins with the run before the one that was changed, so what is before that stays where it is,
/// and the search for a higher index can go on from there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    /// Position of a run, and the index of its first register.
    at: usize,
    first: usize,
}

impl Default for Cursor {
    fn default() -> Cursor {
        Cursor { at: HEADER_BYTES, first: 0 }
    }
}

impl Cursor {
    /// The run with the register of an index: its first index, its position, and that of the run before it.
    fn find(&mut self, bytes: &[u8], index: usize) -> Result<(usize, usize, Option<usize>), Corrupt> {
        let Cursor { mut at, mut first } = *self;
        let mut before = None;
        while at < bytes.len() {
            let run = Run::at(bytes, at);
            if index < first + run.len {
                if before.is_none() && self.at != HEADER_BYTES {
                    // The run before it is not known, and matters.
                    *self = Cursor::default();
                    return self.find(bytes, index);
                }
                return Ok((first, at, before.map(|before: Cursor| before.at)));
            }
            if let Some(before) = before {
                *self = before;
            }
            before = Some(Cursor { at, first });
            at += run.bytes;
            first += run.len;
        }
        Err(Corrupt)
    }
}

/// What became of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is as high already.
    Kept,
    Raised,
    /// The encoding cannot hold it; nothing was changed.
    TooLarge,
}

/// Raises the register at an index to `count`, if it is lower.
pub(super) fn raise(
    bytes: &mut Vec<u8>,
    cursor: &mut Cursor,
    index: usize,
    count: u8,
    bytes_max: usize,
) -> Result<Outcome, Corrupt> {
    if count > VALUE_MAX {
        return Ok(Outcome::TooLarge);
    }
    let (first, at, before) = cursor.find(bytes, index)?;
    let run = Run::at(bytes, at);
    if run.value >= count {
        return Ok(Outcome::Kept);
    }
    if run.len == 1 && run.bytes == 1 {
        bytes[at] = values(count, 1);
    } else {
        let parts = split(run, index - first, count);
        if parts.len() > run.bytes && bytes.len() + parts.len() - run.bytes > bytes_max {
            return Ok(Outcome::TooLarge);
        }
        // A run that is cut off has no place for what replaces it.
        let end = Some(at + run.bytes).filter(|end| *end <= bytes.len()).ok_or(Corrupt)?;
        bytes.splice(at..end, parts);
    }
    join(bytes, before.unwrap_or(at));
    Ok(Outcome::Raised)
}

/// The runs in place of one in which the register at an offset becomes `count`.
fn split(run: Run, offset: usize, count: u8) -> Vec<u8> {
    let mut parts = Vec::with_capacity(5);
    let push = |parts: &mut Vec<u8>, len| match run.value {
        0 => push_zeros(parts, len),
        value => push_values(parts, value, len),
    };
    push(&mut parts, offset);
    push_values(&mut parts, count, 1);
    push(&mut parts, run.len - offset - 1);
    parts
}

/// Joins neighbouring runs of one value, as far as they fit into one.
fn join(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOIN_RUNS {
        if at >= bytes.len() {
            return;
        }
        let run = Run::at(bytes, at);
        if run.value != 0 && at + 1 < bytes.len() {
            let next = Run::at(bytes, at + 1);
            if next.value == run.value && run.len + next.len <= VALUES_MAX {
                bytes[at] = values(run.value, run.len + next.len);
                bytes.remove(at + 1);
                // What has been joined may be joined with what follows.
                continue;
            }
        }
        at += run.bytes;
    }
}
