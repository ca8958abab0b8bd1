//! Sanderling's engine: Redis's data types, commands and semantics without I/O, clock or randomness.
#![no_std]

extern crate alloc;

pub mod structures;
