//! Bytes in pieces that never move, for what may become long: nothing is copied when there are more.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A piece of so many bytes takes no more; what is written at once is never cut.
pub(crate) const PIECE_BYTES: usize = 64 << 10;

/// See the module's description.
#[derive(Default)]
pub(crate) struct Pieces {
    full: VecDeque<Vec<u8>>,
    open: Vec<u8>,
    /// Bytes in all of them that were not taken.
    len: usize,
    /// Bytes of the first full one that were.
    taken: usize,
}

impl Pieces {
    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lets `write` append to the last piece.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.open.len();
        write(&mut self.open);
        self.len += self.open.len() - before;
        if self.open.len() >= PIECE_BYTES {
            self.full.push_back(core::mem::take(&mut self.open));
        }
    }

    /// Moves the first bytes behind those of `out`, at most about twice [`PIECE_BYTES`].
    pub(crate) fn pop_into(&mut self, out: &mut Vec<u8>) {
        if self.full.is_empty() {
            self.full.push_back(core::mem::take(&mut self.open));
        }
        let Some(first) = self.full.front_mut() else { return };
        let end =
            if first.len() - self.taken > 2 * PIECE_BYTES { self.taken + PIECE_BYTES } else { first.len() };
        self.len -= end - self.taken;
        if out.is_empty() && self.taken == 0 && end == first.len() {
            *out = core::mem::take(first);
        } else {
            out.extend_from_slice(&first[self.taken..end]);
        }
        self.taken = end;
        if first.len() <= end {
            self.full.pop_front();
            self.taken = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let (mut pieces, mut all, mut taken) = (Pieces::default(), Vec::new(), Vec::new());
        for round in 0..400u32 {
            let len = if round % 50 == 7 { 3 * PIECE_BYTES + 5 } else { (round as usize * 37) % 5000 };
            let bytes = alloc::vec![round.to_le_bytes()[0]; len];
            all.extend_from_slice(&bytes);
            pieces.append(|out| out.extend_from_slice(&bytes));
            if round % 30 == 0 {
                pieces.pop_into(&mut taken);
            }
            assert_eq!(taken.len() + pieces.len(), all.len());
        }
        while !pieces.is_empty() {
            let mut piece = Vec::new();
            pieces.pop_into(&mut piece);
            assert!(!piece.is_empty() && piece.len() <= 2 * PIECE_BYTES);
            taken.extend(piece);
        }
        assert!(taken == all);
        pieces.pop_into(&mut taken);
        assert!(taken == all);
    }
}
