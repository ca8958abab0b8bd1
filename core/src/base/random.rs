//! The engine's only source of chance: a generator that the host seeds, so that equal seeds and
//! equal inputs give equal transcripts everywhere.

#![expect(clippy::cast_possible_truncation, reason = "words are split into their halves")]

use alloc::string::String;

/// The xoshiro256** generator of Blackman and Vigna (2018). Not for secrets.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// A generator whose whole sequence is determined by `seed`; any seed is good, zeros too.
    pub fn new(seed: [u8; 16]) -> Random {
        let seed = u128::from_le_bytes(seed);
        let (mut low, mut high) = (seed as u64, (seed >> 64) as u64);
        // Two draws of one SplitMix64 stream are never both zero, so the state never is.
        let state = [split_mix(&mut low), split_mix(&mut high), split_mix(&mut low), split_mix(&mut high)];
        Random { state }
    }

    /// The next 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// One of so many places, each equally likely; there is at least one.
    #[inline]
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A number below `n`, each equally likely; `n` is at least 1.
    ///
    /// Lemire's method ("Fast Random Integer Generation in an Interval", 2019): the high half of
    /// a product is the result, and the few low halves that would make some results likelier
    /// than others are drawn again.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        debug_assert!(n > 0, "there is no number below 0");
        match u32::try_from(n) {
            Ok(n) => self.below_u32(n),
            Err(_) => self.below_u64(n),
        }
    }

    /// The same with half as long words, because WebAssembly has no product of 128 bits.
    #[inline]
    fn below_u32(&mut self, n: u32) -> u64 {
        let mut draw = || (self.next_u64() >> 32) * u64::from(n);
        let mut product = draw();
        if (product as u32) < n {
            let surplus = n.wrapping_neg().checked_rem(n).unwrap_or(0);
            while (product as u32) < surplus {
                product = draw();
            }
        }
        product >> 32
    }

    fn below_u64(&mut self, n: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let surplus = n.wrapping_neg().checked_rem(n).unwrap_or(0);
            while (product as u64) < surplus {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// Forty random hexadecimal digits, the form in which Redis names a run and a history of replication.
    pub fn run_id(&mut self) -> String {
        let mut id = String::new();
        while id.len() < 40 {
            id.push_str(&alloc::format!("{:016x}", self.next_u64()));
        }
        id.truncate(40);
        id
    }

    /// A generator of its own that continues from here, for a caller that cannot keep this one borrowed.
    pub fn fork(&mut self) -> Random {
        let seed = u128::from(self.next_u64()) << 64 | u128::from(self.next_u64());
        Random::new(seed.to_le_bytes())
    }
}

/// Chooses some of a known number of things that come by one after the other, each subset equally likely.
///
/// Algorithm S of Knuth, "The Art of Computer Programming", volume 2, section 3.4.2.
pub(crate) struct Selection {
    left: u64,
    wanted: u64,
}

impl Selection {
    /// Will choose `wanted` of `total` things; all of them if `wanted` is more.
    pub(crate) fn new(total: usize, wanted: usize) -> Selection {
        Selection { left: total as u64, wanted: wanted as u64 }
    }

    /// Whether the next thing is chosen.
    #[inline]
    pub(crate) fn takes_next(&mut self, random: &mut Random) -> bool {
        let takes = self.left > 0 && random.below(self.left) < self.wanted;
        self.left = self.left.saturating_sub(1);
        self.wanted -= u64::from(takes);
        takes
    }
}

/// One step of SplitMix64, the generator that xoshiro's authors recommend for seeding.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xoshiro_reference_sequence() {
        // The authors' C code gives these for the state 1, 2, 3, 4.
        let mut random = Random { state: [1, 2, 3, 4] };
        let expected = [11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600];
        for value in expected {
            assert_eq!(random.next_u64(), value);
        }
    }

    #[test]
    fn split_mix_reference_sequence() {
        // The authors' C code gives these for the seed 1234567.
        let mut state = 1_234_567;
        for value in [6457827717110365317, 3203168211198807973, 9817491932198370423] {
            assert_eq!(split_mix(&mut state), value);
        }
    }

    #[test]
    fn a_seed_fixes_the_sequence() {
        let mut seed = [0; 16];
        let first = Random::new(seed).next_u64();
        assert_eq!(first, Random::new(seed).next_u64());
        let mut zero = Random::new(seed);
        assert_ne!(zero.next_u64(), zero.next_u64());
        for byte in 0..16 {
            seed[byte] = 1;
            let (mut a, mut b) = (Random::new([0; 16]), Random::new(seed));
            assert!((0..4).any(|_| a.next_u64() != b.next_u64()), "seed byte {byte} is not used");
            seed[byte] = 0;
        }
    }

    #[test]
    fn a_selection_takes_what_is_wanted_and_favours_nothing() {
        let mut random = Random::new([5; 16]);
        let mut hits = [0u32; 10];
        for _ in 0..10_000 {
            let mut selection = Selection::new(10, 3);
            let taken: std::vec::Vec<usize> = (0..10).filter(|_| selection.takes_next(&mut random)).collect();
            assert_eq!(taken.len(), 3);
            taken.iter().for_each(|&index| hits[index] += 1);
        }
        // 3,000 expected with a deviation of 46.
        assert!(hits.iter().all(|hit| hit.abs_diff(3000) < 300), "{hits:?}");
        let mut all = Selection::new(4, 9);
        assert!((0..4).all(|_| all.takes_next(&mut random)));
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut random = Random::new([3; 16]);
        for n in [1, 2, 3, 7, 10, 1 << 32, (1 << 63) + 1, u64::MAX] {
            for _ in 0..100 {
                assert!(random.below(n) < n);
            }
        }
        // 10,000 expected per bucket with a deviation of about 91; six of them are far out.
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[random.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 550), "{counts:?}");
    }
}
