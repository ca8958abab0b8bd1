//! The server as its users meet it: a process, sockets, settings, signals.

#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod client;
mod clock;
mod console;
mod drop_in;
mod dumps;
mod durability;
mod faults;
mod files;
mod http;
mod kills;
mod lifecycle;
mod limits;
mod memory;
mod numbers;
mod pressure;
mod process;
mod protocol;
mod redis;
mod tls;
mod trap;
mod websocket;

/// Runs tests of a module, functions of the engine's name, once with each engine.
macro_rules! on_both_engines {
    ($($test:ident),* $(,)?) => {
        mod wasm {
            $(#[test] fn $test() { super::$test("wasm"); })*
        }
        mod native {
            $(#[test] fn $test() { super::$test("native"); })*
        }
    };
}
use on_both_engines;
