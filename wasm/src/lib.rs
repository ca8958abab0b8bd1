//! The Sanderling engine as a WebAssembly guest and as JavaScript bindings.

pub mod allocator;

#[cfg(all(target_arch = "wasm32", feature = "guest"))]
pub mod guest;
