//! The wall clock, which may be corrected, and a clock that only goes forward.

use sanderling_core::Micros;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The wall clock in microseconds since 1970, and what the engine was told of it last.
///
/// The engine follows corrections. But until it is told of one, its deadlines are those of the clock as it was.
pub struct Clock {
    told: Micros,
    told_at: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self { told: 0, told_at: Instant::now() }
    }
}

impl Clock {
    /// The time now, which the caller tells the engine.
    pub fn now(&mut self) -> Micros {
        (self.told, self.told_at) = (wall(), Instant::now());
        self.told
    }

    /// What the clock would tell now if it had not been set back since the engine was told the time, if it was: so the
    /// engine learns how much time has passed before it learns of the correction.
    pub fn correction(&self) -> Option<Micros> {
        self.correction_at(wall(), self.told_at.elapsed())
    }

    fn correction_at(&self, wall: Micros, elapsed: Duration) -> Option<Micros> {
        (wall < self.told).then(|| self.told.saturating_add(micros(elapsed)))
    }

    /// How long it is until a time that the engine gave; nothing if the clock was set back, of which it must hear.
    pub fn until(&self, deadline: Micros) -> Duration {
        self.until_at(deadline, wall())
    }

    fn until_at(&self, deadline: Micros, wall: Micros) -> Duration {
        Duration::from_micros(if wall < self.told { 0 } else { deadline.saturating_sub(wall) })
    }
}

fn wall() -> Micros {
    micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}

/// Microseconds since this was first asked, by a clock that only goes forward. The host's own deadlines are by it, and
/// the engine measures with it how long commands take, for SLOWLOG and LATENCY.
pub fn running_micros() -> Micros {
    static START: OnceLock<Instant> = OnceLock::new();
    micros(START.get_or_init(Instant::now).elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_are_noticed_until_the_engine_was_told() {
        let mut clock = Clock::default();
        assert!(clock.now() > 1_600_000_000_000_000);
        clock.told = 5_000_000;
        assert_eq!(clock.correction_at(5_000_000, Duration::from_secs(1)), None);
        assert_eq!(clock.correction_at(4_999_999, Duration::from_secs(1)), Some(6_000_000));
        assert_eq!(clock.until_at(5_500_000, 5_000_000), Duration::from_millis(500));
        assert_eq!(clock.until_at(5_500_000, 6_000_000), Duration::ZERO);
        assert_eq!(clock.until_at(5_500_000, 1_000_000), Duration::ZERO);
    }
}
