//! The Sanderling engine as a WebAssembly guest and as JavaScript bindings.
