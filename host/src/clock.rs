//! Wall-clock time that never goes back.

use sanderling_core::Micros;
use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock in microseconds since 1970, clamped so that the engine never sees time go back.
#[derive(Default)]
pub struct Clock {
    last: Micros,
}

impl Clock {
    /// The time now, or the last time told if the system's clock was set back.
    pub fn now(&mut self) -> Micros {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.advance(since.as_micros() as Micros)
    }

    fn advance(&mut self, time: Micros) -> Micros {
        self.last = self.last.max(time);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn time_never_goes_back() {
        let mut clock = Clock::default();
        assert_eq!(clock.advance(5), 5);
        assert_eq!(clock.advance(3), 5);
        assert_eq!(clock.advance(6), 6);
        assert!(clock.now() > 1_600_000_000_000_000);
    }
}
