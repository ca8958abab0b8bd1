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
use crate::outputs::{Outputs, describe};
use crate::storage::{self, Directory, Fault, Storage};
use core::cell::UnsafeCell;
use core::mem;
use js_sys::{Array, JsString, Number, Object, TypeError, Uint8Array};
use sanderling_core::abi::{self, OutputDescriptor, OutputKind};
use sanderling_core::command::ResolvedCommand;
use sanderling_core::config;
use sanderling_core::{
    Called, ConnId, Engine, LoadFormat, Options, Peer, SaveFormat, SaveOptions, StorageEvent, number,
};
use sanderling_persist::Policy;
use std::panic;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// Bytes of the scratch region; longer requests come in pieces.
const SCRATCH_BYTES: usize = 256 << 10;

/// Arguments of a request that is [called](call), at most, with its name.
const ARGUMENTS_MAX: usize = 1024;

/// What the log keeps of what is not durable, in bytes, with which a sync should not wait.
const UNSYNCED_BYTES_MAX: usize = 32 << 20;
/// Shorter strings in the base of a log are not compressed, in bytes: it is read by this engine, most often soon.
const BASE_COMPRESSED_BYTES_MIN: usize = 256;

/// The one instance of this module.
struct Instance {
    engine: Option<Engine>,
    outputs: Outputs,
    /// Commands that are called by their place here.
    commands: Vec<ResolvedCommand>,
    /// The log, if the database is kept in files.
    storage: Option<Storage>,
    /// What the engine was told of it last: why it takes nothing, and the last call whose effects are durable.
    told: (Option<String>, u64),
}

/// What JavaScript looks at after each call.
#[repr(C)]
struct Head {
    /// When [`timeout`] wants to be called; infinity is never.
    deadline: f64,
    /// Address of the output descriptors.
    outputs: u32,
    /// Calls whose effects go into the log, modulo 2^32.
    calls: u32,
    /// The first output, if there is one.
    first: OutputDescriptor,
    /// Bytes of effects that no batch of the log has yet.
    unwritten: u32,
    reserved: u32,
}

struct Shared<T>(UnsafeCell<T>);

// SAFETY: without the `atomics` feature a module has one thread.
#[cfg(not(target_feature = "atomics"))]
unsafe impl<T> Sync for Shared<T> {}

static SCRATCH: Shared<[u8; SCRATCH_BYTES]> = Shared(UnsafeCell::new([0; SCRATCH_BYTES]));
static RANGES: Shared<[(u32, u32); ARGUMENTS_MAX]> = Shared(UnsafeCell::new([(0, 0); ARGUMENTS_MAX]));
static HEAD: Shared<Head> = Shared(UnsafeCell::new(Head {
    deadline: f64::INFINITY,
    outputs: 0,
    calls: 0,
    first: OutputDescriptor { kind: 0, conn: 0, start: 0, len: 0 },
    unwritten: 0,
    reserved: 0,
}));
static INSTANCE: Shared<Instance> = Shared(UnsafeCell::new(Instance {
    engine: None,
    outputs: Outputs::new(),
    commands: Vec::new(),
    storage: None,
    told: (None, 0),
}));

fn instance() -> &'static mut Instance {
    // SAFETY: one thread, and each exported function takes the reference once; none calls another, and none calls
    // JavaScript while it holds it, other than to throw, after which nothing returns into it, and for operations on files,
    // which do not call back.
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

/// Address of the head: deadline (f64), address of the output descriptors (u32), the number of calls whose effects go
/// into the log (u32), a copy of the first descriptor, and the bytes of effects that are not written (u32). A descriptor is
/// `kind`, `conn`, `ptr` and `len`, each a u32; the copy never moves, unlike the others.
#[wasm_bindgen(js_name = headPtr)]
pub fn head_ptr() -> usize {
    HEAD.0.get() as usize
}

/// Address of the ranges that a request is [called](call) with: start and length of each argument, each a u32.
#[wasm_bindgen(js_name = rangesPtr)]
pub fn ranges_ptr() -> usize {
    RANGES.0.get() as usize
}

/// How many there may be.
#[wasm_bindgen(js_name = rangesMax)]
pub fn ranges_max() -> usize {
    ARGUMENTS_MAX
}

/// Creates the engine, once; the seed is 16 random bytes. Options are an object with [some of the settings](SETTINGS);
/// those that are left out are as [`Options::default`] has them. What is kept in files is told by the path of their
/// directory and a value of `appendfsync`.
#[wasm_bindgen]
pub fn init(
    options: &Object,
    seed: &Uint8Array,
    now: f64,
    dir: Option<String>,
    fsync: &str,
) -> Result<(), TypeError> {
    panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&info.to_string())));
    let mut options = configured(options).map_err(|reason| TypeError::new(&reason))?;
    if let Some(dir) = dir {
        keep_in_files(&mut options, &dir, fsync).map_err(|reason| TypeError::new(&reason))?;
    }
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
    let peer = Peer { addr: "127.0.0.1:0", laddr: "127.0.0.1:0", unix: false, trusted: false };
    let mut conn = 0;
    run(|engine| conn = engine.connect(number::whole(now), peer));
    conn
}

/// A client has gone; returns the number of outputs.
#[wasm_bindgen]
pub fn disconnect(now: f64, conn: ConnId) -> usize {
    run(|engine| engine.disconnect(number::whole(now), conn))
}

/// What a client has set up on its connection, for [`restore`]; nothing while only this engine has all of it.
#[wasm_bindgen]
pub fn session(conn: ConnId) -> Option<Vec<u8>> {
    instance().engine.as_ref().and_then(|engine| engine.session(conn))
}

/// Makes a connection that has just been made what another one was; returns whether that can be. The outputs are those of
/// [`output_count`].
#[wasm_bindgen]
pub fn restore(now: f64, conn: ConnId, session: &[u8]) -> bool {
    let mut is_restored = false;
    run(|engine| is_restored = engine.restore(number::whole(now), conn, session));
    is_restored
}

/// When somebody waits for [`timeout`], not counting the upkeep of keys; infinity is never.
#[wasm_bindgen(js_name = waitsUntil)]
pub fn waits_until() -> f64 {
    let Instance { engine, outputs, .. } = instance();
    let deadline = engine.as_ref().expect("init comes first").poll_waits();
    if outputs.undrained { 0.0 } else { deadline.map_or(f64::INFINITY, |deadline| deadline as f64) }
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

/// The number by which requests of a command are [called](call), or -1 where all of them go by [`process`].
#[wasm_bindgen]
pub fn callable(name: &str) -> i32 {
    let Instance { engine, commands, .. } = instance();
    let command = engine.as_ref().expect("init comes first").callable(name.as_bytes());
    command.map_or(-1, |command| {
        commands.push(command);
        i32::try_from(commands.len() - 1).expect("there are hundreds of commands")
    })
}

/// Handles one request of `conn`, whose `count` arguments lie at the [ranges](ranges_ptr) of the first `len` bytes of the
/// scratch region, the command's name first and without gaps; returns the number of outputs, or -1 if it has to go by
/// [`process`].
#[wasm_bindgen]
pub fn call(now: f64, conn: ConnId, command: usize, count: usize, len: usize) -> isize {
    let Instance { engine, outputs, commands, storage, .. } = instance();
    let engine = engine.as_mut().expect("init comes first");
    // SAFETY: one thread, and JavaScript writes only between calls; the slice indices check the lengths.
    let (input, ranges) = unsafe { (&(&*SCRATCH.0.get())[..len], &(&*RANGES.0.get())[..count]) };
    let (reply, has_changes) = match engine.call(number::whole(now), conn, commands[command], input, ranges) {
        Called::Declined => return -1,
        Called::Followed => return settle(engine, outputs, storage).cast_signed(),
        Called::Replied { reply, has_changes } => (describe(OutputKind::Write, conn, reply), has_changes),
    };
    let written = storage.as_mut().and_then(|storage| storage.take_effects(engine));
    if has_changes {
        note_deadline(engine, false);
    }
    let head = head();
    note_effects(head, written);
    head.first = reply;
    head.outputs = (&raw const head.first) as u32;
    1
}

/// Does the work that is due; returns the number of outputs.
#[wasm_bindgen]
pub fn timeout(now: f64) -> usize {
    run(|engine| engine.handle_timeout(number::whole(now)))
}

/// Begins a snapshot of all databases, as the base of a log or as a file by itself; 0, or the number of the
/// [`SaveFault`](sanderling_core::SaveFault) for which it cannot begin now.
#[wasm_bindgen(js_name = saveBegin)]
pub fn save_begin(now: f64, is_base: bool) -> u32 {
    let options = SaveOptions {
        format: if is_base { SaveFormat::Base } else { SaveFormat::Dump },
        is_compressed: true,
        compress_min_bytes: if is_base { BASE_COMPRESSED_BYTES_MIN } else { 0 },
        has_checksum: true,
    };
    let mut fault = 0;
    run(|engine| {
        fault = engine.save_begin(number::whole(now), options).err().map_or(0, |fault| fault as u32);
    });
    fault
}

/// Writes about so many bytes of the snapshot; returns the number of outputs.
#[wasm_bindgen(js_name = saveStep)]
pub fn save_step(now: f64, bytes: usize) -> usize {
    run(|engine| engine.save_step(number::whole(now), bytes))
}

/// Gives the snapshot up; returns the number of outputs.
#[wasm_bindgen(js_name = saveAbort)]
pub fn save_abort(now: f64) -> usize {
    run(|engine| engine.save_abort(number::whole(now)))
}

/// Whether a script has paused in the midst of what it does.
#[wasm_bindgen(js_name = isInScript)]
pub fn is_in_script() -> bool {
    instance().engine.as_ref().is_some_and(Engine::is_in_script)
}

/// Begins to load the next file, of so many bytes: of the kind 0 a dump, 1 the RDB file that is the base of a log, 2
/// commands. Files are loaded between the events `loading-begun` and `loading-ended`; pieces follow by [`load`], then
/// [`load_end`], and no other call in between; no script may have paused. What belongs to modules is left out or cannot be
/// loaded. Returns the number of outputs.
#[wasm_bindgen(js_name = loadBegin)]
pub fn load_begin(now: f64, kind: u32, bytes: f64, skips_modules: bool) -> usize {
    let format = match kind {
        0 | 1 => LoadFormat::Rdb { keeps_expired: kind == 1, skips_modules },
        _ => LoadFormat::Commands,
    };
    run(|engine| engine.load_begin(number::whole(now), format, Some(number::whole(bytes))))
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
        let outcome = engine.load_end(number::whole(now));
        engine.tell_loaded(outcome);
    })
}

/// Tells the engine of its files, by the text of an [event](abi::event_text); returns the number of outputs.
#[wasm_bindgen]
pub fn tell(now: f64, event: &str) -> usize {
    run(|engine| {
        let event = abi::parse_event(event.as_bytes()).expect("the package knows the events");
        engine.storage(number::whole(now), event);
    })
}

/// How what the engine has asked for went: with no reason it is done. Returns the number of outputs.
#[wasm_bindgen]
pub fn answer(now: f64, reason: Option<String>) -> usize {
    run(|engine| engine.answer(number::whole(now), reason.as_deref().map_or(Ok(&[]), Err)))
}

// ----- the log; times are microseconds of a clock that only goes forward -----

/// Finds what there is to load in the directory of a log: see [`storage::Found`].
#[wasm_bindgen(js_name = recoverLog)]
pub fn recover_log(directory: Directory) -> Result<JsValue, JsValue> {
    let kept = &mut instance().storage;
    let calls = kept.as_ref().map_or(0, |before| before.calls);
    let (storage, found) = Storage::recover(directory, calls).map_err(Fault::from)?;
    *kept = Some(storage);
    Ok(serde_wasm_bindgen::to_value(&found).expect("numbers and texts make an object"))
}

/// Goes on with the log, or begins one that counts for nothing before its first base.
#[wasm_bindgen(js_name = openLog)]
pub fn open_log(fsync: &str, begins: bool) -> Result<(), JsValue> {
    Ok(kept().open(policy(fsync), begins).map_err(Fault::from)?)
}

/// Writes what is not written; 1 if all of it is committed, 2 more if [`follow_log`] has something to tell, and 4 more if
/// so much is not durable that a sync should not wait.
#[wasm_bindgen(js_name = flushLog)]
pub fn flush_log(now: f64) -> u32 {
    let Instance { storage, told, .. } = instance();
    let storage = storage.as_mut().expect("a log is recovered first");
    let is_committed = storage.flush(number::whole(now));
    let has_news = storage.trouble() != told.0 || storage.durable_call() != told.1;
    let is_much = storage.kept_bytes() >= UNSYNCED_BYTES_MAX;
    u32::from(is_committed) + 2 * u32::from(has_news) + 4 * u32::from(is_much)
}

/// Tells the engine how the log is; returns the number of outputs.
#[wasm_bindgen(js_name = followLog)]
pub fn follow_log(now: f64) -> usize {
    let Instance { storage, told, .. } = instance();
    let storage = storage.as_mut().expect("a log is recovered first");
    let (trouble, durable) = (storage.trouble(), storage.durable_call());
    let old = mem::replace(told, (trouble.clone(), durable));
    run(|engine| {
        let now = number::whole(now);
        if trouble != old.0 {
            engine.storage(
                now,
                trouble.as_deref().map_or(StorageEvent::LogRecovered, |why| StorageEvent::LogFailed { why }),
            );
        }
        if durable != old.1 {
            engine.storage(now, StorageEvent::Durable { upto: durable });
        }
    })
}

/// Why nothing can be written, if so.
#[wasm_bindgen(js_name = logTrouble)]
pub fn log_trouble() -> Option<String> {
    kept().trouble()
}

/// The file that is to be made durable now, beside everything else; [`synced`] tells how that went.
#[wasm_bindgen(js_name = wantedSync)]
pub fn wanted_sync(now: f64) -> Option<String> {
    kept().wanted_sync(number::whole(now))
}

/// How it went: a reason as [`Directory`] has them, or none.
#[wasm_bindgen]
pub fn synced(now: f64, reason: Option<String>) {
    let result = reason.map_or(Ok(()), |reason| Err(storage::failure(reason)));
    kept().synced(number::whole(now), result);
}

/// The sync before took more than a second.
#[wasm_bindgen(js_name = syncDelayed)]
pub fn sync_delayed() {
    storage::note_delay();
}

/// Changes when batches are committed, by a value of `appendfsync`.
#[wasm_bindgen(js_name = setFsync)]
pub fn set_fsync(now: f64, fsync: &str) {
    kept().set_policy(number::whole(now), policy(fsync));
}

/// Writes everything and makes it durable; a sync that is under way has to end before.
#[wasm_bindgen(js_name = closeLog)]
pub fn close_log(now: f64) -> Result<(), JsValue> {
    Ok(kept().close(number::whole(now)).map_err(Fault::from)?)
}

/// Bytes of the log.
#[wasm_bindgen(js_name = logBytes)]
pub fn log_bytes() -> f64 {
    kept().sizes().0 as f64
}

/// The same when it was opened or last rewritten.
#[wasm_bindgen(js_name = logBaseBytes)]
pub fn log_base_bytes() -> f64 {
    kept().sizes().1 as f64
}

/// Whether only another base can mend the log.
#[wasm_bindgen(js_name = logNeedsBase)]
pub fn log_needs_base() -> bool {
    kept().needs_base()
}

/// Lets another file take what is new, directly before [`save_begin`]; the name of the base that is to be made. A sync that
/// is under way has to end before.
#[wasm_bindgen(js_name = rewriteBegin)]
pub fn rewrite_begin(now: f64) -> Result<String, JsValue> {
    Ok(kept().rewrite_begin(number::whole(now)).map_err(Fault::from)?)
}

/// The base is there, and durable.
#[wasm_bindgen(js_name = rewriteEnd)]
pub fn rewrite_end(now: f64) -> Result<(), JsValue> {
    Ok(kept().rewrite_end(number::whole(now)).map_err(Fault::from)?)
}

/// There will be no base.
#[wasm_bindgen(js_name = rewriteAbort)]
pub fn rewrite_abort() {
    kept().rewrite_abort();
}

fn kept() -> &'static mut Storage {
    instance().storage.as_mut().expect("a log is recovered first")
}

fn policy(fsync: &str) -> Policy {
    match fsync {
        "always" => Policy::Always,
        "no" => Policy::No,
        _ => Policy::EverySecond,
    }
}

/// Number of outputs of the call before, which may be [`connect`] or [`restore`].
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

/// Bytes of memory that data takes.
#[wasm_bindgen(js_name = memoryUsed)]
pub fn memory_used() -> usize {
    data_bytes()
}

/// Bytes in live allocations but for those of the log, which come and go with what is not durable yet.
fn data_bytes() -> usize {
    allocator::used_bytes().saturating_sub(storage::memory_bytes())
}

/// Calls the engine and describes its outputs.
#[inline]
fn run(call: impl FnOnce(&mut Engine)) -> usize {
    let Instance { engine, outputs, storage, .. } = instance();
    let engine = engine.as_mut().expect("init comes first");
    call(engine);
    settle(engine, outputs, storage)
}

/// Describes what a call has put out; returns the number of outputs.
fn settle(engine: &mut Engine, outputs: &mut Outputs, storage: &mut Option<Storage>) -> usize {
    let written = storage.as_mut().and_then(|storage| storage.take_effects(engine));
    let count = outputs.drain(engine);
    note_deadline(engine, outputs.undrained);
    let head = head();
    note_effects(head, written);
    let descs = outputs.descriptors();
    head.outputs = descs.as_ptr() as u32;
    if let Some(first) = descs.first() {
        head.first = *first;
    }
    count
}

/// What JavaScript looks at.
fn head() -> &'static mut Head {
    // SAFETY: one thread, JavaScript reads the head only between calls, and each function here takes the reference for
    // its last writes.
    unsafe { &mut *HEAD.0.get() }
}

/// Tells JavaScript when to come back.
fn note_deadline(engine: &Engine, is_undrained: bool) {
    head().deadline = match engine.poll_timeout() {
        _ if is_undrained => 0.0,
        Some(deadline) => deadline as f64,
        None => f64::INFINITY,
    };
}

/// Tells JavaScript of effects.
fn note_effects(head: &mut Head, written: Option<usize>) {
    if let Some(unwritten) = written {
        head.calls = head.calls.wrapping_add(1);
        head.unwritten = number::short(unwritten);
    }
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

/// Keeps a log in any case, and dumps if they are asked for.
fn keep_in_files(options: &mut Options, dir: &str, fsync: &str) -> Result<(), String> {
    options.effects = true;
    options.memory_used = data_bytes;
    options.config.persistence.keep_log_always();
    options.fact = Some(storage::fact);
    for (name, value) in [("appendfsync", fsync), ("dir", dir)] {
        let setting = config::find(name).expect("the engine knows its own settings");
        (setting.write)(&mut options.config, setting.name, value).map_err(|error| error.0)?;
    }
    Ok(())
}
