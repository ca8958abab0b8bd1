//! Sanderling's engine: Redis's data types, commands and semantics without I/O, clock or randomness.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod glob;
pub mod hash;
pub mod number;
pub mod random;
