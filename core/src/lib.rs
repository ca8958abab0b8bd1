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
mod base;
pub mod command;
mod commands;
pub mod config;
mod engine;
mod keyspace;
pub mod number;
mod observe;
pub mod rdb;
mod resp;
mod scripting;
mod server;
mod structures;
mod types;

/// What only tests and tools of this repository use, and what may change at any time.
#[doc(hidden)]
pub mod internals {
    pub use crate::base::memory::Memory;
    pub use crate::base::sha1::sha1;
    pub use crate::keyspace::{Entry, Value, ValueRef};
    pub use crate::structures::table::{HashSeed, Keyed};
    pub use crate::types::EncodingLimits;
}

pub use base::glob::glob_match;
pub use base::memory::{Compaction, HEADROOM_BYTES, Room};
pub use config::{Config, ConfigError, Fact, Fsync, Machine, Options, SaveRule};
pub use engine::{
    Called, Class, DEFAULT_USER_GUARDED, Engine, LoadFault, LoadFormat, Loaded, Micros, Output, SaveFault,
    SaveFormat, SaveOptions,
};
pub use server::{ConnId, HostRequest, Peer, Present, SaveKind, SlowOperation, StorageEvent, quoted};
