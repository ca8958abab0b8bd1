//! The IDs of entries: unix time in milliseconds, and a sequence number within the millisecond.

use crate::number::format_u64;
use crate::structures::INTEGER_TEXT_BYTES_MAX;

/// The longest text of an ID, in bytes.
pub(crate) const ID_CHARS_MAX: usize = 2 * 20 + 1;

/// The ID of an entry. IDs within a stream only grow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Id {
    /// Unix milliseconds, or whatever the client chose to count.
    pub ms: u64,
    /// The sequence number within that millisecond.
    pub seq: u64,
}

impl Id {
    /// The least ID, which no entry has.
    pub const MIN: Id = Id { ms: 0, seq: 0 };
    /// The greatest ID, which only the last of all entries may have.
    pub const MAX: Id = Id { ms: u64::MAX, seq: u64::MAX };

    /// The ID `ms-seq`.
    pub const fn new(ms: u64, seq: u64) -> Id {
        Id { ms, seq }
    }

    /// The ID that follows this one; none follows the greatest.
    pub fn next(self) -> Option<Id> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Id { seq, ..self }),
            None => self.ms.checked_add(1).map(|ms| Id { ms, seq: 0 }),
        }
    }

    /// The ID before this one; none is before the least.
    pub fn previous(self) -> Option<Id> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Id { seq, ..self }),
            None => self.ms.checked_sub(1).map(|ms| Id { ms, seq: u64::MAX }),
        }
    }

    /// Whether this is the least ID.
    pub fn is_min(self) -> bool {
        self == Id::MIN
    }

    /// The text `ms-seq`, written into `buffer`.
    pub fn text(self, buffer: &mut [u8; ID_CHARS_MAX]) -> &[u8] {
        let mut len = 0;
        let mut digits = [0; INTEGER_TEXT_BYTES_MAX];
        for (number, before) in [(self.ms, None), (self.seq, Some(b'-'))] {
            if let Some(byte) = before {
                buffer[len] = byte;
                len += 1;
            }
            let text = format_u64(&mut digits, number);
            buffer[len..len + text.len()].copy_from_slice(text);
            len += text.len();
        }
        &buffer[..len]
    }

    /// As one number of 128 bits, whose bytes from the highest down are Redis's key of a node.
    pub(super) fn as_number(self) -> u128 {
        u128::from(self.ms) << 64 | u128::from(self.seq)
    }
}
