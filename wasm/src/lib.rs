//! The Sanderling engine as a WebAssembly guest and as JavaScript bindings.

pub mod allocator;

#[cfg(all(target_arch = "wasm32", feature = "bindings"))]
pub mod bindings;
#[cfg(all(target_arch = "wasm32", feature = "guest"))]
pub mod guest;
#[cfg(all(target_arch = "wasm32", any(feature = "bindings", feature = "guest")))]
mod outputs;
