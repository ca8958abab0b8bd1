//! What is counted of requests, for `/metrics`.

use hyper::StatusCode;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// The upper ends of the histogram's buckets, in seconds.
pub(super) const SECONDS: [f64; 10] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 1.0, 10.0];

/// Requests by where they went, and how long their answers took.
#[derive(Default)]
pub(super) struct Counts(Mutex<Counted>);

/// The same at a moment.
#[derive(Clone, Default)]
pub(super) struct Counted {
    /// By route and status.
    pub(super) requests: BTreeMap<(&'static str, u16), u64>,
    /// How many took no longer than each of [`SECONDS`], but longer than the one before.
    pub(super) buckets: [u64; SECONDS.len()],
    /// How many there were.
    pub(super) count: u64,
    /// The time of all of them, in seconds.
    pub(super) seconds: f64,
}

impl Counts {
    /// Counts a request whose answer was ready after `time`.
    pub(super) fn count(&self, route: &'static str, status: StatusCode, time: Duration) {
        let seconds = time.as_secs_f64();
        let mut counted = self.0.lock().expect("no holder of the lock panics");
        *counted.requests.entry((route, status.as_u16())).or_default() += 1;
        if let Some(bucket) = SECONDS.iter().position(|&end| seconds <= end) {
            counted.buckets[bucket] += 1;
        }
        counted.count += 1;
        counted.seconds += seconds;
    }

    /// What there is.
    pub(super) fn now(&self) -> Counted {
        self.0.lock().expect("no holder of the lock panics").clone()
    }
}
