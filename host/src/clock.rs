//! Wall-clock time that never goes back, and a clock for durations.

use sanderling_core::Micros;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

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

/// Microseconds since this was first asked, by a clock that only goes forward. The engine measures with it how long
/// commands take, for SLOWLOG and LATENCY.
pub fn running_micros() -> Micros {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as Micros
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
