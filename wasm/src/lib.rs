//! The Sanderling engine as a WebAssembly guest and as JavaScript bindings.

// Sizes have 32 bits in the sandbox: a number that is cut there means something else than on other platforms. Tests
// know their numbers.
#![cfg_attr(not(test), deny(clippy::cast_possible_truncation))]

#[expect(
    clippy::cast_possible_truncation,
    reason = "units and slabs of a 32-bit address space fit into their fields"
)]
pub mod allocator;

#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
pub mod bindings;
#[cfg(all(target_arch = "wasm32", feature = "guest"))]
pub mod guest;
#[cfg(all(target_arch = "wasm32", any(feature = "bindings", feature = "guest")))]
mod outputs;
#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
mod storage;
