//! Sanderling's engine: Redis's data types, commands and semantics without I/O, clock or randomness.
//!
//! Bytes go in through [`Engine::handle_input`], time through every call, and what is to be sent comes out of
//! [`Engine::poll_output`]. The same inputs with the same seed give the same outputs to the byte, on every
//! platform.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod acl;
pub mod args;
pub mod blocking;
pub mod bytes;
mod client_eviction;
pub mod command;
pub mod commands;
mod compaction;
pub mod config;
pub mod connection;
pub mod context;
#[cfg(test)]
mod conversation;
mod dispatch;
mod effects;
mod engine;
mod errand;
pub mod error;
mod eviction;
pub mod glob;
pub mod hash;
pub mod keyspace;
pub mod memory;
pub mod number;
pub mod observe;
pub mod output;
mod pause;
pub mod pubsub;
pub mod random;
pub mod rdb;
pub mod resp;
mod scripting;
mod secret;
mod server;
pub mod sha1;
pub mod structures;
mod tracking;
pub mod types;

pub use config::{Config, ConfigError, Fact, Options};
pub use connection::{ConnId, Peer};
pub use engine::{Engine, Micros};
pub use errand::{Errand, quoted};
pub use memory::{Compaction, HEADROOM_BYTES, Room};
pub use output::{Class, DEFAULT_USER_GUARDED, Output};
