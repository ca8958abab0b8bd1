//! The keyed hash of the keyspace and of every hash table that clients fill.

/// SipHash-1-3 of `bytes`: one round per word and three at the end, as Aumasson and Bernstein's
/// SipHash (2012) with fewer rounds. With a secret key clients cannot choose keys that collide.
#[inline]
pub(crate) fn siphash13(key: (u64, u64), bytes: &[u8]) -> u64 {
    let mut state = State {
        a: key.0 ^ 0x736f_6d65_7073_6575,
        b: key.1 ^ 0x646f_7261_6e64_6f6d,
        c: key.0 ^ 0x6c79_6765_6e65_7261,
        d: key.1 ^ 0x7465_6462_7974_6573,
    };
    let (words, tail) = bytes.as_chunks::<8>();
    for word in words {
        state.absorb(u64::from_le_bytes(*word));
    }
    state.absorb(((bytes.len() as u64) << 56) | load_tail(bytes, tail));
    state.c ^= 0xff;
    state.round();
    state.round();
    state.round();
    state.a ^ state.b ^ state.c ^ state.d
}

struct State {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
}

impl State {
    #[inline(always)]
    fn absorb(&mut self, word: u64) {
        self.d ^= word;
        self.round();
        self.a ^= word;
    }

    #[inline(always)]
    fn round(&mut self) {
        self.a = self.a.wrapping_add(self.b);
        self.c = self.c.wrapping_add(self.d);
        self.b = self.b.rotate_left(13) ^ self.a;
        self.d = self.d.rotate_left(16) ^ self.c;
        self.a = self.a.rotate_left(32);
        self.c = self.c.wrapping_add(self.b);
        self.a = self.a.wrapping_add(self.d);
        self.b = self.b.rotate_left(17) ^ self.c;
        self.d = self.d.rotate_left(21) ^ self.a;
        self.c = self.c.rotate_left(32);
    }
}

/// The last 0 to 7 bytes as a little-endian word, without a loop over bytes: most keys end in such
/// a tail.
#[inline(always)]
fn load_tail(bytes: &[u8], tail: &[u8]) -> u64 {
    if tail.is_empty() {
        return 0;
    }
    if let Some(last) = bytes.last_chunk::<8>() {
        // The word that ends with the last byte, less the bytes that are hashed already.
        return u64::from_le_bytes(*last) >> (64 - 8 * tail.len());
    }
    if let (Some(first), Some(last)) = (tail.first_chunk::<4>(), tail.last_chunk::<4>()) {
        // The two may overlap; then they agree on the bytes they share.
        let high = u64::from(u32::from_le_bytes(*last)) << (8 * (tail.len() - 4));
        return u64::from(u32::from_le_bytes(*first)) | high;
    }
    // One to three bytes: first, middle and last cover them all.
    let at = |i: usize| u64::from(tail[i]) << (8 * i);
    at(0) | at(tail.len() / 2) | at(tail.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use core::hash::Hasher;
    use std::collections::hash_map::DefaultHasher;
    use std::vec::Vec;

    #[test]
    fn agrees_with_std_under_the_zero_key() {
        let mut random = Random::new([4; 16]);
        for len in (0..100).chain([1000, 65_537]) {
            let bytes: Vec<u8> = (0..len).map(|_| random.next_u64() as u8).collect();
            let mut model = DefaultHasher::new();
            model.write(&bytes);
            assert_eq!(siphash13((0, 0), &bytes), model.finish(), "{len} bytes");
        }
    }

    /// The key and the message are 0, 1, 2, ... as in the authors' own test vectors.
    #[test]
    fn keyed_vectors() {
        let key = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let message: Vec<u8> = (0..63).collect();
        let expected: &[(usize, u64)] = &[
            (0, 0xabac_0158_050f_c4dc),
            (1, 0xc9f4_9bf3_7d57_ca93),
            (2, 0x82cb_9b02_4dc7_d44d),
            (3, 0x8bf8_0ab8_e7dd_f7fb),
            (4, 0xcf75_5760_88d3_8328),
            (7, 0xd392_7d98_9bb1_1140),
            (8, 0x3690_9511_8d29_9a8e),
            (9, 0x25a4_8eb3_6c06_3de4),
            (15, 0xd320_d86d_2a51_9956),
            (16, 0xcc4f_dd1a_7d90_8b66),
            (31, 0x2370_dd1f_8c21_d1bc),
            (32, 0x8115_7b6c_16a7_b60d),
            (63, 0x9d19_9062_b7bb_b3a8),
        ];
        for &(len, hash) in expected {
            assert_eq!(siphash13(key, &message[..len]), hash, "{len} bytes");
        }
    }
}
