//! How long the loop waits, and what it does when the system's clock is corrected.

use super::Server;
use crate::clock::running_micros;
use crate::engine::Trap;
use crate::log;
use sanderling_core::Micros;
use std::time::Duration;

/// Corrections that are not worth a line in the log, in microseconds.
const CORRECTION_MICROS_MIN: Micros = 100_000;

impl Server {
    /// How long to wait for events, if nothing happens before the engine's deadline or one of the host's own.
    pub(super) fn wait_time(&self, deadline: Option<Micros>) -> Option<Duration> {
        let work_left = !self.ready.is_empty()
            || !self.dropped.is_empty()
            || !self.holds.is_empty()
            || self.host_request.is_some();
        let accept_now = self.accept_again_at.is_none() && self.arriving.contains(&true);
        if work_left || accept_now {
            return Some(Duration::ZERO);
        }
        let own = [self.accept_again_at, self.housekeeping_at].into_iter().flatten().min();
        let own = own.map(|at| Duration::from_micros(at.saturating_sub(running_micros())));
        [own, deadline.map(|deadline| self.clock.until(deadline))].into_iter().flatten().min()
    }

    /// When the system's clock was set back: lets the engine do what was due by the clock as it was, so that no wait
    /// grows longer, and tells it the new time.
    pub(super) fn follow_clock(&mut self) -> Result<(), Trap> {
        let Some(old) = self.clock.correction() else { return Ok(()) };
        let new = self.clock.now();
        let by = old.saturating_sub(new);
        if by >= CORRECTION_MICROS_MIN {
            log::notice!(
                "the system's clock was set back by {:.1} seconds",
                Duration::from_micros(by).as_secs_f64()
            );
        }
        for now in [old, new] {
            self.engine.timeout(now)?;
            self.deliver(&mut Vec::new())?;
        }
        Ok(())
    }
}
