//! Tests that cross the engine, the guest, the host and real clients.
//!
//! The library holds what the tests share: a strict RESP client, the targets that it can talk to, the
//! language of conversation scripts, the differential fuzzer, and the benchmark. The tests themselves are in
//! `suite/`.

pub mod bench;
pub mod deciding;
pub mod differential;
pub mod forms;
pub mod generated;
pub mod random;
pub mod reply;
pub mod script;
pub mod target;
pub mod text;
pub mod vectors;
