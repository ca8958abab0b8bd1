//! Sanderling's engine: Redis's data types, commands and semantics without I/O, clock or randomness.
//!
//! [`Engine`] is the way in: bytes go in through [`Engine::handle_input`], time through every call, and what is to be sent
//! comes out of [`Engine::poll_output`]. Its page tells in which order. The same inputs with the same seed give the same
//! outputs to the byte, on every platform. [`abi`] is how that crosses into another address space, [`command`] the table of
//! all commands.
#![no_std]
// Sizes have 32 bits in the sandbox: a number that is cut there means something else than on other platforms. Tests
// know their numbers.
#![cfg_attr(not(test), deny(clippy::cast_possible_truncation))]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod abi;
mod acl;
pub mod base;
pub mod command;
pub mod commands;
pub mod config;
mod engine;
pub mod keyspace;
pub mod number;
pub mod observe;
pub mod rdb;
pub mod resp;
mod scripting;
pub mod server;
pub mod structures;
pub mod types;

pub use base::memory::{Compaction, HEADROOM_BYTES, Room};
pub use config::{Config, ConfigError, Fact, Options};
pub use engine::{Class, DEFAULT_USER_GUARDED, Engine, LoadFault, LoadFormat, Loaded, Micros, Output};
pub use server::{ConnId, HostRequest, Peer, quoted};
