//! Handshakes that failed, in the log: the first ones of a minute with what was wrong, of the others the number. Nobody
//! fills a disk by knocking.

use super::Shared;
use crate::counters::HANDSHAKES_FAILED;
use crate::log;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Failures that are told with what was wrong, in a minute.
const TOLD_MAX: u64 = 10;
/// How long they are counted together.
const PERIOD: Duration = Duration::from_secs(60);

/// How many there were in the present minute; 0 is that none has begun.
#[derive(Default)]
pub(super) struct Failures(Mutex<u64>);

impl Failures {
    /// Takes note of a failure. Has to be called within the runtime.
    pub(super) fn tell(&self, peer: &SocketAddr, why: &str, shared: &Arc<Shared>) {
        HANDSHAKES_FAILED.add(1);
        let count = self.count();
        if count <= TOLD_MAX {
            log::notice!("a handshake of TLS with {peer} failed: {why}");
        }
        if count == 1 {
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                tokio::time::sleep(PERIOD).await;
                if let Some(text) = shared.failures.end_period() {
                    log::notice!("{text}");
                }
            });
        }
    }

    fn count(&self) -> u64 {
        let mut count = self.0.lock().expect("no holder of the lock panics");
        *count += 1;
        *count
    }

    /// What is to be said of those that were not told.
    fn end_period(&self) -> Option<String> {
        let count = std::mem::take(&mut *self.0.lock().expect("no holder of the lock panics"));
        let untold = count.saturating_sub(TOLD_MAX);
        (untold > 0).then(|| format!("{untold} more handshakes of TLS failed in the last minute"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_counted() {
        let failures = Failures::default();
        let counts: Vec<u64> = (0..TOLD_MAX + 7).map(|_| failures.count()).collect();
        assert_eq!(counts.iter().filter(|count| **count <= TOLD_MAX).count() as u64, TOLD_MAX);
        assert_eq!(
            failures.end_period().as_deref(),
            Some("7 more handshakes of TLS failed in the last minute")
        );
        assert_eq!(failures.count(), 1, "a new minute begins");
        assert_eq!(failures.end_period(), None);
    }
}
