//! The engine for JavaScript, through wasm-bindgen.
//!
//! The hot path is numbers only. JavaScript writes requests into the scratch region, calls [`process`] with their
//! length, and finds replies where they lie in linear memory: the [head](head_ptr) describes the first output and
//! says where the descriptors of all of them are. Times are microseconds since 1970, as a double holds them
//! exactly; addresses are absolute. A view of linear memory must be taken anew after each call, since memory may
//! have grown.
//!
//! What does not belong to that path crosses as JavaScript's own values: the options of a database as an object, its
//! limits as another, and a refusal as a `TypeError`.

use crate::allocator;
use crate::outputs::Outputs;
use core::cell::UnsafeCell;
use core::mem;
use js_sys::{Array, JsString, Number, Object, TypeError, Uint8Array};
use sanderling_core::abi::OutputDescriptor;
use sanderling_core::config;
use sanderling_core::{
    ConnId, Engine, LoadFormat, Options, Peer, Present, SaveFormat, SaveOptions, StorageEvent, number,
};
use std::panic;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// Bytes of the scratch region; longer requests come in pieces.
const SCRATCH_BYTES: usize = 256 << 10;

/// How snapshots are written: whole files by themselves, as Redis writes them.
const SAVE_OPTIONS: SaveOptions =
    SaveOptions { format: SaveFormat::Dump, is_compressed: true, compress_min_bytes: 0, has_checksum: true };

/// The one instance of this module.
struct Instance {
    engine: Option<Engine>,
    outputs: Outputs,
}

/// What JavaScript looks at after each call.
#[repr(C)]
struct Head {
    /// When [`timeout`] wants to be called; infinity is never.
    deadline: f64,
    /// Address of the output descriptors.
    outputs: u32,
    reserved: u32,
    /// The first of them, if there is one.
    first: OutputDescriptor,
}

struct Shared<T>(UnsafeCell<T>);

// SAFETY: without the `atomics` feature a module has one thread.
#[cfg(not(target_feature = "atomics"))]
unsafe impl<T> Sync for Shared<T> {}

static SCRATCH: Shared<[u8; SCRATCH_BYTES]> = Shared(UnsafeCell::new([0; SCRATCH_BYTES]));
static HEAD: Shared<Head> = Shared(UnsafeCell::new(Head {
    deadline: f64::INFINITY,
    outputs: 0,
    reserved: 0,
    first: OutputDescriptor { kind: 0, conn: 0, start: 0, len: 0 },
}));
static INSTANCE: Shared<Instance> =
    Shared(UnsafeCell::new(Instance { engine: None, outputs: Outputs::new() }));

fn instance() -> &'static mut Instance {
    // SAFETY: one thread, and each exported function takes the reference once; none calls another, and none calls
    // JavaScript while it holds it, other than to throw, after which nothing returns into it.
    unsafe { &mut *INSTANCE.0.get() }
}

/// Address of the scratch region; it never moves.
#[wasm_bindgen(js_name = scratchPtr)]
pub fn scratch_ptr() -> usize {
    SCRATCH.0.get() as usize
}

/// Bytes of the scratch region.
#[wasm_bindgen(js_name = scratchCap)]
pub fn scratch_cap() -> usize {
    SCRATCH_BYTES
}

/// Address of the head: deadline (f64), address of the output descriptors (u32), a reserved word, and a copy of the
/// first descriptor. A descriptor is `kind`, `conn`, `ptr` and `len`, each a u32; it never moves, unlike the others.
#[wasm_bindgen(js_name = headPtr)]
pub fn head_ptr() -> usize {
    HEAD.0.get() as usize
}

/// Creates the engine, once; the seed is 16 random bytes. Options are an object with [some of the settings](SETTINGS);
/// those that are left out are as [`Options::default`] has them.
#[wasm_bindgen]
pub fn init(options: &Object, seed: &Uint8Array, now: f64) -> Result<(), TypeError> {
    panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&info.to_string())));
    let options = configured(options).map_err(|reason| TypeError::new(&reason))?;
    let mut bytes = [0; 16];
    if seed.length() != 16 {
        return Err(TypeError::new("the seed takes 16 bytes"));
    }
    seed.copy_to(&mut bytes);
    // What was there, nothing, needs no drop; code that drops an engine would be a good part of the module.
    mem::forget(instance().engine.replace(Engine::new(options, bytes, number::whole(now))));
    Ok(())
}

/// Connects a client and returns its number. A refused one has an output that says so, and is closed.
#[wasm_bindgen]
pub fn connect(now: f64) -> ConnId {
    let peer = Peer { addr: "127.0.0.1:0", laddr: "127.0.0.1:0", unix: false };
    let mut conn = 0;
    run(|engine| conn = engine.connect(number::whole(now), peer));
    conn
}

/// A client has gone; returns the number of outputs.
#[wasm_bindgen]
pub fn disconnect(now: f64, conn: ConnId) -> usize {
    run(|engine| engine.disconnect(number::whole(now), conn))
}

/// Handles the first `len` bytes of the scratch region as input of `conn`; returns the number of outputs.
#[wasm_bindgen]
pub fn process(now: f64, conn: ConnId, len: usize) -> usize {
    run(|engine| {
        // SAFETY: one thread, and JavaScript writes only between calls; the slice index checks the length.
        let input = unsafe { &(&*SCRATCH.0.get())[..len] };
        engine.handle_input(number::whole(now), conn, input);
    })
}

/// Does the work that is due; returns the number of outputs.
#[wasm_bindgen]
pub fn timeout(now: f64) -> usize {
    run(|engine| engine.handle_timeout(number::whole(now)))
}

/// Begins a snapshot of all databases; 0, or the number of the [`SaveFault`](sanderling_core::SaveFault) for which it
/// cannot begin now.
#[wasm_bindgen(js_name = saveBegin)]
pub fn save_begin(now: f64) -> u32 {
    let mut fault = 0;
    run(|engine| {
        fault = engine.save_begin(number::whole(now), SAVE_OPTIONS).err().map_or(0, |fault| fault as u32);
    });
    fault
}

/// Writes about so many bytes of the snapshot; returns the number of outputs.
#[wasm_bindgen(js_name = saveStep)]
pub fn save_step(now: f64, bytes: usize) -> usize {
    run(|engine| engine.save_step(number::whole(now), bytes))
}

/// Whether a script has paused in the midst of what it does.
#[wasm_bindgen(js_name = isInScript)]
pub fn is_in_script() -> bool {
    instance().engine.as_ref().is_some_and(Engine::is_in_script)
}

/// Begins to load an RDB file of so many bytes in the place of what is there; returns the number of outputs. Pieces follow
/// by [`load`], then [`load_end`], and no other call in between; no script may have paused. What belongs to modules is
/// left out or cannot be loaded.
#[wasm_bindgen(js_name = loadBegin)]
pub fn load_begin(now: f64, bytes: f64, skips_modules: bool) -> usize {
    let format = LoadFormat::Rdb { keeps_expired: false, skips_modules };
    let (now, bytes) = (number::whole(now), number::whole(bytes));
    run(|engine| {
        engine.storage(now, StorageEvent::LoadingBegun { bytes, present: Present::Goes });
        engine.load_begin(now, format, Some(bytes));
    })
}

/// Loads the first `len` bytes of the scratch region; returns the number of outputs, one of which says so if they cannot
/// be loaded.
#[wasm_bindgen]
pub fn load(now: f64, len: usize) -> usize {
    run(|engine| {
        // SAFETY: as in `process`.
        let piece = unsafe { &(&*SCRATCH.0.get())[..len] };
        if let Err(fault) = engine.load(number::whole(now), piece) {
            engine.tell_loaded(Err(fault));
        }
    })
}

/// All pieces are there; returns the number of outputs, one of which says what was loaded or why it cannot be.
#[wasm_bindgen(js_name = loadEnd)]
pub fn load_end(now: f64) -> usize {
    run(|engine| {
        let now = number::whole(now);
        let outcome = engine.load_end(now);
        engine.storage(now, StorageEvent::LoadingEnded);
        engine.tell_loaded(outcome);
    })
}

/// Number of outputs of the call before, which may be [`connect`].
#[wasm_bindgen(js_name = outputCount)]
pub fn output_count() -> usize {
    instance().outputs.descriptors().len()
}

/// What a request may have at most.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestLimits {
    /// Arguments.
    arguments: usize,
    /// Bytes of one of them.
    argument_bytes: usize,
    /// Bytes of all of them.
    bytes: usize,
}

/// What a request may have at most, as an object: `arguments`, `argumentBytes` in one of them, and `bytes` in all.
#[wasm_bindgen(js_name = requestLimits)]
pub fn request_limits() -> JsValue {
    let [arguments, argument_bytes, bytes] =
        instance().engine.as_ref().expect("init comes first").request_limits();
    let limits = RequestLimits { arguments, argument_bytes, bytes };
    serde_wasm_bindgen::to_value(&limits).expect("three numbers make an object")
}

/// Bytes in live allocations.
#[wasm_bindgen(js_name = memoryUsed)]
pub fn memory_used() -> usize {
    allocator::used_bytes()
}

/// Calls the engine and describes its outputs.
#[inline]
fn run(call: impl FnOnce(&mut Engine)) -> usize {
    let instance = instance();
    let engine = instance.engine.as_mut().expect("init comes first");
    call(engine);
    let count = instance.outputs.drain(engine);
    // SAFETY: one thread, and JavaScript reads the head only between calls.
    let head = unsafe { &mut *HEAD.0.get() };
    head.deadline = match engine.poll_timeout() {
        _ if instance.outputs.undrained => 0.0,
        Some(deadline) => deadline as f64,
        None => f64::INFINITY,
    };
    let descs = instance.outputs.descriptors();
    head.outputs = descs.as_ptr() as u32;
    if let Some(first) = descs.first() {
        head.first = *first;
    }
    count
}

/// The settings that a database can be opened with; the engine knows their bounds.
const SETTINGS: [&str; 3] = ["databases", "maxmemory", "maxclients"];

/// What the engine is made with, or why it cannot be made with that.
fn configured(given: &Object) -> Result<Options, String> {
    let mut options = Options::default();
    for entry in Object::entries(given).iter() {
        let entry: Array = entry.unchecked_into();
        let (name, value) = (String::from(JsString::from(entry.get(0))), entry.get(1));
        let setting = config::find(&name).filter(|_| SETTINGS.contains(&name.as_str()));
        let setting = setting.ok_or_else(|| format!("'{name}' is no option of a database"))?;
        let number = value.as_f64().filter(|number| *number >= 0.0 && Number::is_safe_integer(&value));
        let number = number.ok_or_else(|| format!("'{name}' takes a whole number"))?;
        (setting.write)(&mut options.config, setting.name, &number::whole(number).to_string())
            .map_err(|error| format!("'{name}': {}", error.0))?;
    }
    // All that 32-bit addresses can name; a platform that gives less refuses earlier.
    options.config.memory_bytes_max = usize::MAX;
    allocator::set_memory_max(options.config.memory_bytes_max);
    options.memory_used = allocator::used_bytes;
    options.memory_available = allocator::room;
    options.compaction = Some(allocator::compaction());
    Ok(options)
}
