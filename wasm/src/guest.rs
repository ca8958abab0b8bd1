//! The raw ABI, version 1: an engine behind a few exported functions. The module imports two functions: a clock for
//! how long commands take, which no reply but those of SLOWLOG, LATENCY and INFO depends on, and numbers for INFO.
//!
//! The host writes input bytes and request descriptors into linear memory, calls [`process`] or [`timeout`],
//! and reads output descriptors that point at the engine's bytes, where they lie. Addresses are absolute, numbers
//! little-endian, times microseconds since 1970. A trap poisons the instance: the host discards it, after it
//! has read why from [`panic_message_ptr`].

use crate::allocator;
use crate::outputs::Outputs;
use core::cell::UnsafeCell;
use core::fmt::Write;
use core::mem;
use sanderling_core::abi::{self, INPUT_BYTES, OutputKind, REQUESTS_MAX, Request, RequestKind};
use sanderling_core::{Engine, Fact, Options};
use std::panic;

const PANIC_MESSAGE_BYTES_MAX: usize = 512;

#[link(wasm_import_module = "sanderling")]
unsafe extern "C" {
    /// Microseconds of a clock that only goes forward.
    #[link_name = "clock"]
    safe fn host_clock() -> u64;

    /// One of the numbers of [`Fact`], which INFO shows.
    #[link_name = "fact"]
    safe fn host_fact(which: u32) -> u64;
}

fn running_micros() -> u64 {
    host_clock()
}

fn fact(which: Fact) -> u64 {
    host_fact(which as u32)
}

/// The one instance of this module.
struct Guest {
    engine: Option<Engine>,
    outputs: Outputs,
    panic_message: Message,
}

struct Shared<T>(UnsafeCell<T>);

// SAFETY: without the `atomics` feature a module has one thread.
#[cfg(not(target_feature = "atomics"))]
unsafe impl<T> Sync for Shared<T> {}

static INPUT: Shared<[u8; INPUT_BYTES]> = Shared(UnsafeCell::new([0; INPUT_BYTES]));
static REQUESTS: Shared<[Request; REQUESTS_MAX]> =
    Shared(UnsafeCell::new([Request::of(RequestKind::Input, 0); REQUESTS_MAX]));
static GUEST: Shared<Guest> = Shared(UnsafeCell::new(Guest {
    engine: None,
    outputs: Outputs::new(),
    panic_message: Message { bytes: [0; PANIC_MESSAGE_BYTES_MAX], len: 0 },
}));

fn guest() -> &'static mut Guest {
    // SAFETY: one thread, and each exported function takes the reference once; none calls another. Only the panic
    // hook takes a second one, and after a panic nothing returns into the first.
    unsafe { &mut *GUEST.0.get() }
}

/// Version of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn abi_version() -> u32 {
    abi::VERSION
}

/// Address of the input buffer; it never moves.
#[unsafe(no_mangle)]
pub extern "C" fn input_ptr() -> usize {
    INPUT.0.get() as usize
}

/// Bytes of the input buffer.
#[unsafe(no_mangle)]
pub extern "C" fn input_cap() -> usize {
    INPUT_BYTES
}

/// Address of the request descriptors; they never move.
#[unsafe(no_mangle)]
pub extern "C" fn requests_ptr() -> usize {
    REQUESTS.0.get() as usize
}

/// Number of request descriptors.
#[unsafe(no_mangle)]
pub extern "C" fn requests_cap() -> usize {
    REQUESTS_MAX
}

/// Creates the engine, once. The options, `name value` lines, lie at the start of the input buffer; one of them
/// may be `memory-bytes-max`, the size at which `memory.grow` will fail. Returns 0, or 1 and an output that says
/// what is wrong with them.
#[unsafe(no_mangle)]
pub extern "C" fn init(seed_low: u64, seed_high: u64, now: u64, options_len: usize) -> u32 {
    panic::set_hook(Box::new(keep_panic_message));
    let guest = guest();
    guest.outputs.clear();
    let text = input(input_ptr(), options_len.min(INPUT_BYTES));
    match parse_options(text) {
        Ok(options) => {
            let mut seed = [0; 16];
            seed[..8].copy_from_slice(&seed_low.to_le_bytes());
            seed[8..].copy_from_slice(&seed_high.to_le_bytes());
            // What was there, nothing, needs no drop; code that drops an engine would be a good part of the module.
            mem::forget(guest.engine.replace(Engine::new(options, seed, now)));
            0
        }
        Err(message) => {
            guest.outputs.push_text(OutputKind::Error, message.into_bytes());
            1
        }
    }
}

/// Handles the first `count` requests in order; returns the number of outputs.
#[unsafe(no_mangle)]
pub extern "C" fn process(now: u64, count: usize) -> usize {
    let guest = guest();
    let engine = guest.engine.as_mut().expect("the host calls init first");
    // SAFETY: one thread; nothing else looks at the requests during the call.
    let requests = unsafe { &mut (&mut *REQUESTS.0.get())[..count.min(REQUESTS_MAX)] };
    abi::handle_batch(engine, now, requests, |request| input(request.start as usize, request.len as usize));
    guest.outputs.drain(engine)
}

/// Does the work that is due; returns the number of outputs.
#[unsafe(no_mangle)]
pub extern "C" fn timeout(now: u64) -> usize {
    let guest = guest();
    let engine = guest.engine.as_mut().expect("the host calls init first");
    engine.handle_timeout(now);
    guest.outputs.drain(engine)
}

/// When [`timeout`] wants to be called; `i64::MAX` is never.
#[unsafe(no_mangle)]
pub extern "C" fn next_deadline() -> i64 {
    let guest = guest();
    if guest.outputs.undrained {
        return 0;
    }
    let deadline = guest.engine.as_ref().and_then(Engine::poll_timeout);
    deadline.map_or(i64::MAX, |deadline| i64::try_from(deadline).unwrap_or(i64::MAX))
}

/// Address of the output descriptors; valid until the next call of `init`, `process` or `timeout`.
#[unsafe(no_mangle)]
pub extern "C" fn outputs_ptr() -> usize {
    guest().outputs.descriptors().as_ptr() as usize
}

/// Bytes in live allocations.
#[unsafe(no_mangle)]
pub extern "C" fn memory_used() -> u64 {
    allocator::used_bytes() as u64
}

/// Address of the last panic's message.
#[unsafe(no_mangle)]
pub extern "C" fn panic_message_ptr() -> usize {
    guest().panic_message.bytes.as_ptr() as usize
}

/// Length of the last panic's message; 0 when none was left, as by a failed allocation.
#[unsafe(no_mangle)]
pub extern "C" fn panic_message_len() -> usize {
    guest().panic_message.len
}

/// Size of the last allocation that was refused; 0 when none was.
#[unsafe(no_mangle)]
pub extern "C" fn memory_refused() -> u64 {
    allocator::refused_bytes() as u64
}

/// Part of the input buffer, which is all that a descriptor may name.
fn input(ptr: usize, len: usize) -> &'static [u8] {
    let start = ptr - input_ptr();
    // SAFETY: one thread, and the host writes only between calls; the slice index checks the bounds.
    unsafe { &(&*INPUT.0.get())[start..start + len] }
}

fn parse_options(text: &[u8]) -> Result<Options, String> {
    let mut options = abi::parse_options(text).map_err(|error| error.0)?;
    allocator::set_memory_max(options.config.memory_bytes_max);
    options.memory_used = allocator::used_bytes;
    options.clock = Some(running_micros);
    options.fact = Some(fact);
    options.memory_available = allocator::room;
    options.compaction = Some(allocator::compaction());
    Ok(options)
}

struct Message {
    bytes: [u8; PANIC_MESSAGE_BYTES_MAX],
    len: usize,
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = &mut self.bytes[self.len..];
        let taken = text.len().min(room.len());
        room[..taken].copy_from_slice(&text.as_bytes()[..taken]);
        self.len += taken;
        Ok(())
    }
}

/// Keeps what a panic says in a fixed place, since a panic may come of having no memory.
fn keep_panic_message(info: &panic::PanicHookInfo<'_>) {
    let message = &mut guest().panic_message;
    message.len = 0;
    // A message that is too long is cut.
    let _ = write!(message, "{info}");
}
