//! Bytes in several buffers, so that a lot of them need no place that is as large, and adding to them moves none.

use alloc::vec::Vec;
use core::mem;

/// Bytes of a buffer; only what was appended as a whole lies in others.
const PIECE_BYTES_MAX: usize = 256 << 10;
/// Fewer bytes than this are copied when they are appended, in bytes.
const COPIED_BYTES_MAX: usize = 16 << 10;

/// See the module's description.
#[derive(Default)]
pub struct Pieces {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
    /// Bytes of the full ones.
    full_bytes: usize,
}

impl Pieces {
    /// How many bytes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.full_bytes + self.last.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A buffer with room for so many bytes behind all others; `None` if they have to be divided.
    #[inline]
    pub(crate) fn room(&mut self, bytes: usize) -> Option<&mut Vec<u8>> {
        if self.last.len() + bytes > PIECE_BYTES_MAX {
            if bytes > PIECE_BYTES_MAX {
                return None;
            }
            self.begin_piece();
        }
        Some(&mut self.last)
    }

    /// Adds bytes, in as many buffers as it takes.
    pub(crate) fn extend_from_slice(&mut self, mut bytes: &[u8]) {
        while self.last.len() + bytes.len() > PIECE_BYTES_MAX {
            let (first, rest) = bytes.split_at(PIECE_BYTES_MAX.saturating_sub(self.last.len()));
            self.last.reserve_exact(first.len());
            self.last.extend_from_slice(first);
            self.begin_piece();
            bytes = rest;
        }
        self.last.extend_from_slice(bytes);
    }

    /// Takes all bytes of another one.
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
        self.last = mem::take(&mut other.last);
    }

    /// The buffers in order, none of them empty.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.full.iter().chain([&self.last]).filter(|piece| !piece.is_empty()).map(Vec::as_slice)
    }

    /// The buffer of this number, counted as [`Pieces::iter`] does.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        match self.full.get(index) {
            Some(piece) => Some(piece),
            None => (index == self.full.len() && !self.last.is_empty()).then_some(&self.last),
        }
    }

    /// Forgets all bytes, and keeps no more than one buffer.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.last.clear();
        if !self.full.is_empty() {
            self.full = Vec::new();
            self.full_bytes = 0;
        }
        if self.last.capacity() > 2 * PIECE_BYTES_MAX {
            self.last = Vec::new();
        }
    }

    fn begin_piece(&mut self) {
        if !self.last.is_empty() {
            self.full_bytes += self.last.len();
            self.full.push(mem::take(&mut self.last));
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
        let (mut pieces, mut flat) = (Pieces::default(), Vec::new());
        for _ in 0..300 {
            let bits = random.below(20);
            let len = random.below(1 << bits) as usize;
            let bytes: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[0]).collect();
            flat.extend_from_slice(&bytes);
            match random.below(3) {
                0 => pieces.extend_from_slice(&bytes),
                1 => {
                    let mut other = Pieces::default();
                    other.extend_from_slice(&bytes);
                    pieces.append(&mut other);
                    assert!(other.is_empty());
                }
                _ => match pieces.room(len) {
                    Some(piece) => piece.extend_from_slice(&bytes),
                    None => pieces.extend_from_slice(&bytes),
                },
            }
            assert_eq!(pieces.len(), flat.len());
        }
        assert!(pieces.iter().collect::<Vec<_>>().concat() == flat);
        assert!((0..).map_while(|index| pieces.get(index)).collect::<Vec<_>>().concat() == flat);
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE_BYTES_MAX));
        pieces.clear();
        assert!(pieces.is_empty() && pieces.get(0).is_none());
    }
}
