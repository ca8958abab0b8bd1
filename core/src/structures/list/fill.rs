//! `list-max-listpack-size`: up to which size a list is one packed sequence.

use crate::number;

/// What a packed sequence of Redis takes besides its entries, in bytes.
const FRAME_BYTES: usize = 7;
/// Bytes for the settings -1 to -5.
const BYTES_MAX: [usize; 5] = [4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];
/// Bytes of a sequence whose entries are counted.
const COUNTED_BYTES_MAX: usize = 8 << 10;

/// The setting: a number of entries, or one of five sizes in bytes as a negative number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fill(pub i32);

impl Default for Fill {
    /// Redis's: 8 KiB.
    fn default() -> Fill {
        Fill(-2)
    }
}

impl Fill {
    /// Whether entries of so many bytes are too much for one sequence, or so many of them.
    pub(super) fn is_exceeded(self, entry_bytes: usize, count: usize) -> bool {
        let bytes = entry_bytes + FRAME_BYTES;
        match self.bytes_max() {
            Some(most) => bytes > most,
            None => bytes > COUNTED_BYTES_MAX || count > self.count_max(),
        }
    }

    /// Whether so little is left that a list becomes one sequence again: half of what is the limit while it grows.
    pub(super) fn is_well_below(self, entry_bytes: usize, count: usize) -> bool {
        match self.bytes_max() {
            Some(most) => entry_bytes + FRAME_BYTES <= most / 2,
            None => count <= self.count_max() / 2,
        }
    }

    fn bytes_max(self) -> Option<usize> {
        let size = number::exact(-1 - i64::from(self.0))?;
        Some(BYTES_MAX[size.min(BYTES_MAX.len() - 1)])
    }

    fn count_max(self) -> usize {
        self.0.max(1) as usize
    }
}
