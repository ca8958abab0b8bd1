//! Short pauses before waiting, so that requests are served by the handful.
//!
//! With many busy clients, a server that is faster than they are finds one request or two whenever it looks, and falls
//! asleep after each. That costs it two switches of context, and costs the client that wakes it an interrupt of
//! another core; together they cost more than the request. Network cards have the same trouble and moderate their
//! interrupts; this moderates wake-ups. A pause is a small part of the time in which a busy connection comes back with
//! its next request, so that it makes none noticeably slower, and is not made unless several requests come during it.

use sanderling_core::Micros;
use std::time::Duration;

/// How long turns are watched before the pause is chosen anew, in microseconds.
const WINDOW_MICROS: Micros = 5_000;
/// The part of the time between two requests of a connection that a pause takes.
const PERIOD_PART: u64 = 8;
/// A turn that finds this part of the busy connections ready is not paused after: the server has enough to do.
const BUSY_PART: u64 = 4;
/// Requests that must be expected in a pause; for fewer it is not worth its timer.
const GATHERED_MIN: u64 = 3;

/// What the last turns were like, and what follows from it.
pub(super) struct Pacing {
    pause_micros_max: u64,
    /// Counts windows. A connection that has kept another number has not been read from in this one.
    window: u32,
    since: Micros,
    /// Connections that were read from in this window, and how often.
    connections: u64,
    reads: u64,
    /// Reads of the turn that is under way.
    turn: u64,
    /// Reads after which a turn is followed by no pause; 0 when there are no pauses at all.
    enough: u64,
    pause_micros: u64,
}

impl Pacing {
    /// Pauses of at most so many microseconds.
    pub(super) fn new(pause_micros_max: u64) -> Self {
        Self {
            pause_micros_max,
            // Connections begin with zero.
            window: 1,
            since: 0,
            connections: 0,
            reads: 0,
            turn: 0,
            enough: 0,
            pause_micros: 0,
        }
    }

    /// A connection has been read from; it keeps for us in which window that was.
    pub(super) fn note_read(&mut self, last: &mut u32) {
        self.turn += 1;
        self.connections += u64::from(*last != self.window);
        *last = self.window;
    }

    /// A turn is over; how long to pause before the next wait, if at all.
    pub(super) fn end_turn(&mut self, now: Micros) -> Option<Duration> {
        let turn = std::mem::take(&mut self.turn);
        self.reads += turn;
        let elapsed = now.saturating_sub(self.since);
        if elapsed >= WINDOW_MICROS {
            self.choose(elapsed);
            self.since = now;
        }
        (turn < self.enough).then(|| Duration::from_micros(self.pause_micros))
    }

    fn choose(&mut self, elapsed: Micros) {
        // Each connection has sent reads / connections requests in this time.
        let period = elapsed * self.connections / self.reads.max(1);
        self.pause_micros = (period / PERIOD_PART).min(self.pause_micros_max);
        let gathered = self.pause_micros * self.reads / elapsed;
        self.enough = if gathered < GATHERED_MIN { 0 } else { self.connections / BUSY_PART };
        (self.connections, self.reads) = (0, 0);
        self.window = self.window.wrapping_add(1).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pause after a turn that has found `ready` connections ready, once `clients` of them have sent a request
    /// each in every `period` microseconds.
    fn pause(pause_micros_max: u64, clients: usize, period: Micros, ready: usize) -> Option<Duration> {
        let mut pacing = Pacing::new(pause_micros_max);
        let mut connections = vec![0; clients];
        let mut now = 1_700_000_000_000_000;
        pacing.end_turn(now);
        let end = now + 2 * WINDOW_MICROS.max(period);
        while now <= end {
            connections.iter_mut().for_each(|last| pacing.note_read(last));
            now += period;
            pacing.end_turn(now);
        }
        connections[..ready].iter_mut().for_each(|last| pacing.note_read(last));
        pacing.end_turn(now)
    }

    #[test]
    fn many_busy_clients_gather() {
        assert_eq!(pause(100, 50, 800, 1), Some(Duration::from_micros(100)));
        assert_eq!(pause(100, 50, 400, 1), Some(Duration::from_micros(50)));
        assert_eq!(pause(20, 1000, 1000, 1), Some(Duration::from_micros(20)));
    }

    #[test]
    fn a_turn_with_much_to_do_is_not_paused_after() {
        assert!(pause(100, 50, 800, 11).is_some());
        assert_eq!(pause(100, 50, 800, 12), None);
        assert_eq!(pause(100, 50, 800, 50), None);
    }

    #[test]
    fn few_or_calm_clients_are_not_kept_waiting() {
        assert_eq!(pause(100, 1, 30, 1), None);
        assert_eq!(pause(100, 16, 200, 1), None);
        // A thousand requests per second: in 100 microseconds none is expected.
        assert_eq!(pause(100, 1000, 1_000_000, 1), None);
    }

    #[test]
    fn pauses_can_be_switched_off_and_end_with_the_load() {
        assert_eq!(pause(0, 50, 800, 1), None);
        let mut pacing = Pacing::new(100);
        let mut connections = [0; 50];
        for now in (0..20_000).step_by(800) {
            connections.iter_mut().for_each(|last| pacing.note_read(last));
            pacing.end_turn(now);
        }
        assert!(pacing.end_turn(20_001).is_some());
        assert_eq!(pacing.end_turn(26_000), None);
    }
}
