//! Durations of a command, counted in buckets whose width grows with the duration.

#![expect(clippy::cast_possible_truncation, reason = "there are as many steps as are counted here")]

use alloc::boxed::Box;

/// Buckets per doubling: a bucket is at most a sixteenth wide.
const STEPS: usize = 16;
/// Doublings that are told apart; the last bucket holds whatever is longer (about an hour).
const DOUBLINGS: usize = 32;

/// Counts of durations in microseconds.
pub struct Histogram {
    counts: Box<[u32; STEPS * DOUBLINGS]>,
    /// Durations counted.
    pub total: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: Box::new([0; STEPS * DOUBLINGS]), total: 0 }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn add(&mut self, micros: u64) {
        let count = &mut self.counts[bucket(micros)];
        *count = count.saturating_add(1);
        self.total += 1;
    }

    /// The duration below or at which `percent` of all durations lie, in microseconds.
    pub fn percentile(&self, percent: f64) -> u64 {
        let wanted = ((self.total as f64 * percent / 100.0 + 0.5) as u64).clamp(1, self.total.max(1));
        let mut passed = 0;
        for (index, &count) in self.counts.iter().enumerate() {
            passed += u64::from(count);
            if passed >= wanted {
                return greatest(index);
            }
        }
        0
    }

    /// For each power of two at which it grows: how many durations are at most so long.
    pub fn powers(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut before = 0;
        (0..DOUBLINGS as u32).filter_map(move |power| {
            let until: u64 = self.counts[..=bucket(1 << power)].iter().map(|&count| u64::from(count)).sum();
            let has_grown = until > before;
            before = until;
            has_grown.then_some((1 << power, until))
        })
    }
}

/// Durations below `STEPS` have a bucket each; above, each doubling has `STEPS`. Buckets end at their power of two,
/// so that "at most a power of two" needs no rounding.
fn bucket(micros: u64) -> usize {
    let least = micros.saturating_sub(1);
    let power = (least | 1).ilog2() as usize;
    let index = if least < STEPS as u64 {
        least as usize
    } else {
        let shift = power - STEPS.ilog2() as usize;
        STEPS * (shift + 1) + ((least >> shift) as usize - STEPS)
    };
    index.min(STEPS * DOUBLINGS - 1)
}

/// The greatest duration of a bucket.
fn greatest(index: usize) -> u64 {
    if index < STEPS {
        return index as u64 + 1;
    }
    let shift = index / STEPS - 1;
    ((STEPS + index % STEPS + 1) as u64) << shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn buckets_are_narrow_and_in_order() {
        for micros in [1, 2, 15, 16, 17, 31, 32, 33, 1000, 1024, 1025, 123_456, 10_000_000] {
            let most = greatest(bucket(micros));
            assert!(most >= micros && most - micros <= micros / 8, "{micros} lies below {most}");
        }
        assert!((1..100_000).all(|micros| bucket(micros) <= bucket(micros + 1)));
        assert_eq!(bucket(u64::MAX), STEPS * DOUBLINGS - 1);
    }

    #[test]
    fn percentiles_and_powers_follow_from_the_counts() {
        let mut histogram = Histogram::default();
        (1..=100).for_each(|micros| histogram.add(micros));
        assert!((48..=52).contains(&histogram.percentile(50.0)));
        assert!((96..=104).contains(&histogram.percentile(99.0)));
        let powers: Vec<_> = histogram.powers().collect();
        assert_eq!(powers[..4], [(1, 1), (2, 2), (4, 4), (8, 8)]);
        assert_eq!(powers.last(), Some(&(128, 100)));
    }
}
