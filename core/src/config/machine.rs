//! What the host says of itself.

use alloc::string::String;

/// Where the engine runs, as far as the host has told.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Path of the program.
    pub executable: String,
    /// The operating system with its version and the processor.
    pub os: String,
    /// Bits of an address there; 0 means those of the engine.
    pub arch_bits: u32,
}
