//! Tests that cross the engine, the guest, the host and real clients.

pub mod bench;
