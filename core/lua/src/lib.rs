//! Lua 5.1 for scripts that other people wrote: deterministic, and with limits that scripts cannot escape.
//!
//! The whole language, the libraries that Redis gives to scripts (base, `string`, `table`, `math`, `coroutine`,
//! `os.clock`, `cjson`, `cmsgpack`, `struct`, `bit`), and nothing that reaches outside: no files, no clock, no
//! randomness but a seeded one. Equal programs do equal things on every platform, `pairs` included.
//!
//! # Embedding
//!
//! ```
//! use sanderling_lua::{Call, Error, Host, Options, Run, Value, Vm};
//!
//! /// What scripts can reach. It may borrow: `Doubler<'a>` would do as well.
//! struct Doubler;
//!
//! impl Host for Doubler {
//!     fn call(&mut self, function: u32, call: &mut Call<'_>) -> Result<usize, Error> {
//!         assert_eq!(function, 7);
//!         let number = call.number(0)?;
//!         call.push(Value::Number(number * 2.0))?;
//!         Ok(1)
//!     }
//! }
//!
//! let mut vm = Vm::new(&Options::default()).expect("there is memory");
//! let double = vm.function("double", 7)?;
//! vm.set_global(b"double", double)?;
//!
//! let function = vm.load(b"@user_script", b"return double(...) + 1").expect("it compiles");
//! vm.start(function, &[20.into()], 1_000_000)?;
//! assert_eq!(vm.run(&mut Doubler, u64::MAX), Run::Done);
//! assert_eq!(vm.result(0), Value::Number(41.0));
//! # Ok::<(), Error>(())
//! ```
//!
//! * [`Vm::load`] compiles; [`Vm::start`] prepares a call with a limit of instructions; [`Vm::run`] runs it for a
//!   slice of instructions and says how it ended. After [`Run::Paused`] it can be run on, or ended with
//!   [`Vm::stop`]. However a run ends, the machine is whole and can start the next.
//! * A [`Value`] that is a string, table or function is a *handle*. Handles that a host function obtains end when it
//!   returns. Those obtained outside of host functions stay until [`Vm::release`], and [`Vm::pin`] keeps a value for
//!   as long as one likes. Handles keep their values alive; a handle that has ended gives errors, never memory of
//!   something else.
//! * Errors that Lua code can catch are made by [`Vm::error`] and [`Call::error`]. What exceeds the limits of memory
//!   or instructions passes every `pcall`.
//! * The embedder's own accesses ([`Vm::set`] and its like) know no metamethods and ignore the protection of
//!   read-only tables, which [`Vm::protect`] gives.
//!
//! # Limits
//!
//! | what | how |
//! |:--|:--|
//! | instructions | each costs 1; library functions cost what they do, for example a byte of a repeated string 1/8 |
//! | memory | every allocation is checked before it happens, buffers and stacks included |
//! | calls | 16,000 Lua calls in each other, 200 that go through native code, 200 levels of syntax |
//! | strings | [`Options::string_bytes_max`] |
//!
//! A pause is possible wherever Lua code runs that native code does not wait for: in calls, `pcall`, coroutines,
//! metamethods and the callbacks of library functions, but not in metamethods for `..` and the reader of `load`. There
//! the slice is exceeded, and the pause follows afterwards; the limit of instructions holds all the same.
//!
//! # Differences from Lua 5.1
//!
//! `print`, `dofile`, `loadfile`, `require`, `module`, `newproxy`, `io`, `debug`, most of `os` and precompiled code
//! are absent, as in Redis. There is no `__gc`, because there is no userdata to have it. Coroutines may yield across
//! `pcall` and metamethods. A NaN has the sign that it has on x86-64, on every platform. Addresses in `tostring` are numbers
//! of objects.
#![no_std]
// Sizes have 32 bits in the sandbox: a number that is cut there means something else than on other platforms. Tests
// know their numbers.
#![cfg_attr(not(test), deny(clippy::cast_possible_truncation))]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod api;
mod call;
mod code;
mod debug;
mod error;
mod expression;
mod gc;
mod heap;
mod interpret;
mod lexer;
mod library;
mod meta;
pub mod narrow;
mod number;
mod opcode;
mod operators;
mod parser;
mod slow;
mod steps;
mod table;
#[cfg(test)]
mod tests;
mod thread;
mod value;
mod view;
mod vm;

pub use api::{Call, Handle, Host, Kind, Pinned, Value};
pub use error::Error;
pub use view::{TableView, View};
pub use vm::{LoadError, Options, Run, Vm};
