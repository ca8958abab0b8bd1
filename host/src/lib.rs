//! The Sanderling server: sockets, timers and settings around the engine.
//!
//! One thread owns an engine and an event loop: wait, read every ready socket into the engine's input buffer, one
//! call for the whole batch, write every output from where the engine left it. `net` has the transports, `session` what
//! belongs to a client, `driver` what belongs to an engine, `server` the loop. Another thread, `edge`, does
//! handshakes of TLS and speaks HTTP; `exchange` is between the two.

// Sizes have 32 bits in the sandbox: a number that is cut there means something else than on other platforms. Tests
// know their numbers.
#![cfg_attr(not(test), deny(clippy::cast_possible_truncation))]

pub mod check;
pub mod clock;
pub mod config;
mod counters;
pub mod daemon;
mod driver;
mod edge;
pub mod engine;
mod exchange;
mod facts;
mod files;
pub mod limits;
pub mod log;
pub mod memory;
mod net;
pub mod ping;
mod progress;
mod server;
mod session;
mod storage;
mod supervisor;
pub mod tls;

pub use net::ListenError;
pub use server::{Server, StartError};
pub use storage::{LockError, StorageError, StorageSettings};

/// What `--version` says, in the form in which programs read redis-server's: behind `v=` stands the version of Redis that
/// clients are told.
pub fn version() -> String {
    let (redis, own) = (sanderling_core::config::redis_version(), env!("CARGO_PKG_VERSION"));
    format!("Sanderling server v={redis} sha=00000000:0 malloc=mimalloc bits={} build={own}", usize::BITS)
}
