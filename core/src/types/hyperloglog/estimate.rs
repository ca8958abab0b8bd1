//! The estimate of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
//! (arXiv:1702.01284), in the order of operations that Redis uses, since the last digits depend on it.

use super::{COUNT_MAX, REGISTERS};
use crate::number;

/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// How often each value of a register occurs. Six bits can be more than any element gives.
pub(super) struct Histogram([usize; 64]);

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram([0; 64])
    }
}

impl Histogram {
    pub(super) fn add(&mut self, value: u8, times: usize) {
        self.0[usize::from(value)] += times;
    }

    /// How many different elements most likely make such registers.
    pub(super) fn estimate(&self) -> u64 {
        let all = REGISTERS as f64;
        let (zeros, full) = (self.0[0] as f64, self.0[usize::from(COUNT_MAX)] as f64);
        let mut sum = all * tau((all - full) / all);
        for &times in self.0[1..usize::from(COUNT_MAX)].iter().rev() {
            sum = (sum + times as f64) * 0.5;
        }
        sum += all * sigma(zeros / all);
        let estimate = libm::round(ALPHA * all * all / sum);
        // Registers that no elements make give infinity, and C's conversion of that is the least integer.
        if estimate.is_finite() { number::whole(estimate) } else { i64::MIN.cast_unsigned() }
    }
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * power;
        power += power;
        if before == sum {
            return sum;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut power, mut sum) = (1.0, 1.0 - x);
    loop {
        x = libm::sqrt(x);
        let before = sum;
        power *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * power;
        if before == sum {
            return sum / 3.0;
        }
    }
}
