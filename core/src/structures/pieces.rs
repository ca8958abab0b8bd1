//! Bytes in several buffers, so that a lot of them need no place that is as large, and adding to them moves none.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

/// A buffer with so many bytes takes no more, in bytes.
pub(crate) const PIECE_BYTES: usize = 64 << 10;
/// Fewer bytes than this are copied when all of others are appended, in bytes.
const COPIED_BYTES_MAX: usize = 16 << 10;

/// See the module's description.
#[derive(Default)]
pub struct Pieces {
    full: VecDeque<Vec<u8>>,
    open: Vec<u8>,
    /// Bytes of the full ones, without those that were taken.
    full_bytes: usize,
    /// Bytes of the first full one that were taken.
    taken: usize,
}

impl Pieces {
    /// How many bytes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.full_bytes + self.open.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // ----- adding -----

    /// Lets `write` append to the last buffer, whatever it adds.
    pub(crate) fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.open);
        if self.open.len() >= PIECE_BYTES {
            self.begin_piece();
        }
    }

    /// A buffer with room for so many bytes behind all others; `None` if they have to be divided.
    #[inline]
    pub(crate) fn room(&mut self, bytes: usize) -> Option<&mut Vec<u8>> {
        if self.open.len() + bytes > PIECE_BYTES {
            if bytes > PIECE_BYTES {
                return None;
            }
            self.begin_piece();
        }
        if self.open.capacity() - self.open.len() < bytes {
            // It doubles, but no buffer becomes longer than a piece: memory may be left in short ones.
            let more = self.open.len().max(bytes).min(PIECE_BYTES - self.open.len());
            self.open.reserve_exact(more);
        }
        Some(&mut self.open)
    }

    /// Adds bytes, in as many buffers as it takes.
    pub(crate) fn extend_from_slice(&mut self, mut bytes: &[u8]) {
        while self.open.len() + bytes.len() > PIECE_BYTES {
            let (first, rest) = bytes.split_at(PIECE_BYTES.saturating_sub(self.open.len()));
            self.open.reserve_exact(first.len());
            self.open.extend_from_slice(first);
            self.begin_piece();
            bytes = rest;
        }
        self.open.extend_from_slice(bytes);
    }

    /// Takes all bytes of another one, of which none were taken.
    pub(crate) fn append(&mut self, other: &mut Pieces) {
        if other.len() <= COPIED_BYTES_MAX {
            for piece in other.iter() {
                self.extend_from_slice(piece);
            }
            return other.clear();
        }
        self.begin_piece();
        self.full_bytes += mem::take(&mut other.full_bytes);
        self.full.append(&mut other.full);
        self.open = mem::take(&mut other.open);
    }

    // ----- looking and taking -----

    /// The buffers in order, none of them empty.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..).map_while(|index| self.get(index))
    }

    /// The buffer of this number, counted from the first that has anything left.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        match self.full.get(index) {
            Some(piece) if index == 0 => Some(&piece[self.taken..]),
            Some(piece) => Some(piece),
            None => (index == self.full.len() && !self.open.is_empty()).then_some(&self.open),
        }
    }

    /// Moves the first bytes behind those of `out`, at most about twice [`PIECE_BYTES`].
    pub(crate) fn pop_into(&mut self, out: &mut Vec<u8>) {
        if self.full.is_empty() {
            self.begin_piece();
        }
        let Some(first) = self.full.front_mut() else { return };
        let end =
            if first.len() - self.taken > 2 * PIECE_BYTES { self.taken + PIECE_BYTES } else { first.len() };
        self.full_bytes -= end - self.taken;
        if out.is_empty() && self.taken == 0 && end == first.len() {
            *out = mem::take(first);
        } else {
            out.extend_from_slice(&first[self.taken..end]);
        }
        self.taken = end;
        if first.len() <= end {
            self.full.pop_front();
            self.taken = 0;
        }
    }

    /// Forgets all bytes, and keeps no more than one buffer.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.open.clear();
        if !self.full.is_empty() {
            self.full = VecDeque::new();
            (self.full_bytes, self.taken) = (0, 0);
        }
        if self.open.capacity() > 2 * PIECE_BYTES {
            self.open = Vec::new();
        }
    }

    fn begin_piece(&mut self) {
        if !self.open.is_empty() {
            self.full_bytes += self.open.len();
            self.full.push_back(mem::take(&mut self.open));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    #[test]
    fn bytes_stay_in_order_whatever_their_pieces() {
        let mut random = Random::new([3; 16]);
        let (mut pieces, mut flat, mut taken) = (Pieces::default(), Vec::new(), Vec::new());
        for _ in 0..300 {
            let bits = random.below(20);
            let len = random.below(1 << bits) as usize;
            let bytes: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[0]).collect();
            flat.extend_from_slice(&bytes);
            match random.below(4) {
                0 => pieces.extend_from_slice(&bytes),
                1 => {
                    let mut other = Pieces::default();
                    other.extend_from_slice(&bytes);
                    pieces.append(&mut other);
                    assert!(other.is_empty());
                }
                2 => pieces.append_with(|open| open.extend_from_slice(&bytes)),
                _ => match pieces.room(len) {
                    Some(piece) => piece.extend_from_slice(&bytes),
                    None => pieces.extend_from_slice(&bytes),
                },
            }
            if random.below(9) == 0 {
                let mut piece = Vec::new();
                pieces.pop_into(&mut piece);
                assert!(piece.len() <= 2 * PIECE_BYTES);
                taken.extend(piece);
            }
            assert_eq!(taken.len() + pieces.len(), flat.len());
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
        }
        assert!(pieces.iter().collect::<Vec<_>>().concat() == flat[taken.len()..]);
        while !pieces.is_empty() {
            pieces.pop_into(&mut taken);
        }
        assert!(taken == flat);
        pieces.pop_into(&mut taken);
        assert!(taken == flat && pieces.get(0).is_none());
        pieces.extend_from_slice(b"x");
        pieces.clear();
        assert!(pieces.is_empty());
    }
}
