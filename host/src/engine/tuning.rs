//! How the guest is compiled: when the server is built, and by the server itself where that code does not fit.

use wasmtime::{Config, OptLevel};

/// What both compilers are told.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        // The whole address space of a 32-bit memory is reserved, with guard pages behind it: no bounds checks in
        // the code, and the memory never moves.
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .memory_may_move(false)
        // The engine is our own code and bounds its work itself; being interruptible would cost 12 to 25%.
        .consume_fuel(false)
        .epoch_interruption(false)
        .wasm_backtrace_max_frames(None)
        // Nothing unwinds through the guest, and to register tables for it takes time at each start.
        .native_unwind_info(false)
        .generate_address_map(false);
    config
}
