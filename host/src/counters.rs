//! Numbers about this process that only its metrics tell, counted where it happens.

use std::sync::atomic::{AtomicU64, Ordering};

/// Engines that trapped, and were replaced.
pub(crate) static ENGINE_TRAPS: Counter = Counter::new();
/// Bytes of the sandbox's memory; 0 without a sandbox.
pub(crate) static SANDBOX_BYTES: Counter = Counter::new();
/// Handshakes of TLS that led to a connection.
pub(crate) static HANDSHAKES: Counter = Counter::new();
/// Handshakes of TLS that failed.
pub(crate) static HANDSHAKES_FAILED: Counter = Counter::new();

/// A number that all threads may change.
pub(crate) struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
