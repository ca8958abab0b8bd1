//! The engine as a WebAssembly guest under wasmtime.
//!
//! The module imports nothing but a clock, by which it tells how long commands take, and numbers for INFO: it can
//! reach its own linear memory and nothing else. What it says about addresses is checked before it is believed.

use super::{Engine, EngineConfig, Request, Trap, cache, tuning};
use crate::clock::running_micros;
use crate::counters::SANDBOX_BYTES;
use crate::facts::fact;
use sanderling_core::abi::{self, DESCRIPTOR_BYTES};
use sanderling_core::{ConnId, Fact, Micros, Output, number};
use std::ops::Range;
use wasmtime::{Error, Func, Instance, Memory, ResourceLimiter, Store, TypedFunc, WasmParams, WasmResults};

const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest.wasm"));
/// Fingerprint of [`MODULE`], made when it was built.
const MODULE_HASH: &str = env!("SANDERLING_GUEST_HASH");
/// [`MODULE`] compiled for the processors that the server is built for.
static COMPILED: &AtPage<[u8]> = &AtPage(*include_bytes!(concat!(env!("OUT_DIR"), "/guest.cwasm")));

/// [`COMPILED`], for tests.
#[cfg(test)]
pub(super) fn compiled() -> &'static [u8] {
    &COMPILED.0
}

/// What begins where a page does, so that code in it can run where it lies.
#[repr(C, align(4096))]
struct AtPage<T: ?Sized>(T);

/// The compiled guest, ready to be instantiated.
pub(super) struct Module {
    engine: wasmtime::Engine,
    module: wasmtime::Module,
}

impl Module {
    /// Takes the compiled guest that the server has in itself. Where it does not fit the processor, or is not
    /// wanted, takes the one in the cache, or compiles it and puts it there.
    pub(super) fn load(config: &EngineConfig) -> Result<Self, Trap> {
        if !config.compiles
            && let Some((engine, module)) = cache::embedded(&COMPILED.0)
        {
            return Ok(Self { engine, module });
        }
        let engine = wasmtime::Engine::new(&tuning::config()).map_err(trap)?;
        let module = cache::load(&engine, config.cache_dir.as_deref(), MODULE_HASH, MODULE).map_err(trap)?;
        Ok(Self { engine, module })
    }

    /// A new guest with an engine in it.
    pub(super) fn instantiate(
        &self,
        config: &EngineConfig,
        seed: [u8; 16],
        now: Micros,
    ) -> Result<Guest, Trap> {
        let mut store = Store::new(&self.engine, MemoryCap { bytes_max: config.memory_bytes_max });
        store.limiter(|cap| cap);
        let instance = instantiate(&mut store, &self.module).map_err(trap)?;
        let mut guest = Guest::new(store, instance).map_err(trap)?;
        let options = format!("{}memory-bytes-max {}\n", config.options, config.memory_bytes_max);
        guest.init(&options, seed, now)?;
        Ok(guest)
    }
}

/// Refuses growth of the linear memory beyond a cap; the guest sees `memory.grow` fail.
struct MemoryCap {
    bytes_max: u64,
}

impl ResourceLimiter for MemoryCap {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool, Error> {
        let may_grow = desired as u64 <= self.bytes_max;
        if may_grow {
            SANDBOX_BYTES.set(desired as u64);
        }
        Ok(may_grow)
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> Result<bool, Error> {
        Ok(maximum.is_none_or(|maximum| desired <= maximum))
    }
}

/// One instance and the batch that it is about to get.
pub(super) struct Guest {
    store: Store<MemoryCap>,
    memory: Memory,
    exports: Exports,
    input: Range<usize>,
    requests: usize,
    requests_max: usize,
    requests_len: usize,
    /// Descriptors of the last call that have not been taken.
    outputs: Range<usize>,
}

struct Exports {
    init: TypedFunc<(u64, u64, u64, u32), u32>,
    process: TypedFunc<(u64, u32), u32>,
    timeout: TypedFunc<u64, u32>,
    next_deadline: TypedFunc<(), i64>,
    outputs_ptr: TypedFunc<(), u32>,
    memory_used: TypedFunc<(), u64>,
    memory_refused: TypedFunc<(), u64>,
    panic_message_ptr: TypedFunc<(), u32>,
    panic_message_len: TypedFunc<(), u32>,
}

struct Descriptor<'a> {
    kind: u32,
    conn: ConnId,
    bytes: &'a [u8],
}

impl Guest {
    fn new(mut store: Store<MemoryCap>, instance: Instance) -> Result<Self, Error> {
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| Error::msg("the guest exports no memory"))?;
        let version = constant(&mut store, &instance, "abi_version")?;
        if version != abi::VERSION as usize {
            return Err(Error::msg(format!("the guest speaks ABI {version}, the host {}", abi::VERSION)));
        }
        let input = constant(&mut store, &instance, "input_ptr")?;
        let input = input..input + constant(&mut store, &instance, "input_cap")?;
        let requests = constant(&mut store, &instance, "requests_ptr")?;
        let requests_max = constant(&mut store, &instance, "requests_cap")?;
        let size = memory.data_size(&store);
        if input.end > size || requests + requests_max * DESCRIPTOR_BYTES > size {
            return Err(Error::msg("the guest's buffers lie outside its memory"));
        }
        let exports = Exports {
            init: function(&mut store, &instance, "init")?,
            process: function(&mut store, &instance, "process")?,
            timeout: function(&mut store, &instance, "timeout")?,
            next_deadline: function(&mut store, &instance, "next_deadline")?,
            outputs_ptr: function(&mut store, &instance, "outputs_ptr")?,
            memory_used: function(&mut store, &instance, "memory_used")?,
            memory_refused: function(&mut store, &instance, "memory_refused")?,
            panic_message_ptr: function(&mut store, &instance, "panic_message_ptr")?,
            panic_message_len: function(&mut store, &instance, "panic_message_len")?,
        };
        Ok(Self { store, memory, exports, input, requests, requests_max, requests_len: 0, outputs: 0..0 })
    }

    fn init(&mut self, options: &str, seed: [u8; 16], now: Micros) -> Result<(), Trap> {
        let room = self.input_buffer();
        let Some(room) = room.get_mut(..options.len()) else {
            return Err(Trap::SettingsTooLong { bytes: options.len() });
        };
        room.copy_from_slice(options.as_bytes());
        let half = |bytes: &[u8]| bytes.iter().rev().fold(0, |half, &byte| half << 8 | u64::from(byte));
        let (low, high) = (half(&seed[..8]), half(&seed[8..]));
        let arguments = (low, high, now, number::short(options.len()));
        let failed = self.exports.init.call(&mut self.store, arguments);
        if failed.map_err(|error| self.trap(error))? == 0 {
            return Ok(());
        }
        self.take_outputs(1)?;
        let error = self.next_descriptor()?.ok_or(Trap::Unreadable("error text"))?;
        Err(Trap::Settings(String::from_utf8_lossy(error.bytes).into_owned()))
    }

    /// Notes where the outputs of a call lie.
    fn take_outputs(&mut self, count: u32) -> Result<(), Trap> {
        let start = self.exports.outputs_ptr.call(&mut self.store, ());
        let start = start.map_err(|error| self.trap(error))? as usize;
        self.outputs = start..start + count as usize * DESCRIPTOR_BYTES;
        if count > 0 && self.outputs.end > self.memory.data_size(&self.store) {
            return Err(Trap::Unreadable("output descriptors"));
        }
        Ok(())
    }

    /// The next output, not yet understood.
    fn next_descriptor(&mut self) -> Result<Option<Descriptor<'_>>, Trap> {
        if self.outputs.is_empty() {
            return Ok(None);
        }
        let memory = self.memory.data(&self.store);
        let word = |index: usize| {
            let at = self.outputs.start + index * 4;
            u32::from_le_bytes(memory[at..at + 4].try_into().expect("the range is 4 bytes long"))
        };
        let (kind, conn, start, len) = (word(0), word(1), word(2) as usize, word(3) as usize);
        self.outputs.start += DESCRIPTOR_BYTES;
        let bytes = memory.get(start..start + len).ok_or(Trap::Unreadable("output"))?;
        Ok(Some(Descriptor { kind, conn, bytes }))
    }

    /// Says why the guest trapped: its own panic message if it left one, else wasmtime's.
    fn trap(&mut self, error: Error) -> Trap {
        let message = self.panic_message().unwrap_or_default();
        if !message.is_empty() {
            return Trap::GuestPanic(message);
        }
        let refused = self.exports.memory_refused.call(&mut self.store, ()).unwrap_or_default();
        let cause = error.root_cause().to_string();
        Trap::Guest { cause, refused_bytes: (refused > 0).then_some(refused) }
    }

    fn panic_message(&mut self) -> Result<String, Error> {
        let start = self.exports.panic_message_ptr.call(&mut self.store, ())? as usize;
        let len = self.exports.panic_message_len.call(&mut self.store, ())? as usize;
        let bytes = self.memory.data(&self.store).get(start..start + len).unwrap_or_default();
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}

impl Engine for Guest {
    fn input_buffer(&mut self) -> &mut [u8] {
        &mut self.memory.data_mut(&mut self.store)[self.input.clone()]
    }

    fn requests_max(&self) -> usize {
        self.requests_max
    }

    fn push(&mut self, request: Request) {
        assert!(self.requests_len < self.requests_max, "the caller keeps to requests_max");
        let request = abi::Request::from(request);
        let at = self.requests + self.requests_len * DESCRIPTOR_BYTES;
        let start = number::short(self.input.start) + request.start;
        let descriptor = &mut self.memory.data_mut(&mut self.store)[at..at + DESCRIPTOR_BYTES];
        descriptor[..4].copy_from_slice(&request.conn.to_le_bytes());
        descriptor[4..8].copy_from_slice(&start.to_le_bytes());
        descriptor[8..12].copy_from_slice(&request.len.to_le_bytes());
        descriptor[12..].copy_from_slice(&request.kind.to_le_bytes());
        self.requests_len += 1;
    }

    fn process(&mut self, now: Micros) -> Result<(), Trap> {
        let count = number::short(std::mem::take(&mut self.requests_len));
        let outputs = self.exports.process.call(&mut self.store, (now, count));
        let outputs = outputs.map_err(|error| self.trap(error))?;
        self.take_outputs(outputs)
    }

    fn processed_conn(&self, index: usize) -> ConnId {
        let at = self.requests + index * DESCRIPTOR_BYTES;
        let bytes = &self.memory.data(&self.store)[at..at + 4];
        ConnId::from_le_bytes(bytes.try_into().expect("the range is 4 bytes long"))
    }

    fn timeout(&mut self, now: Micros) -> Result<(), Trap> {
        let outputs = self.exports.timeout.call(&mut self.store, now);
        let outputs = outputs.map_err(|error| self.trap(error))?;
        self.take_outputs(outputs)
    }

    fn next_deadline(&mut self) -> Result<Option<Micros>, Trap> {
        let deadline = self.exports.next_deadline.call(&mut self.store, ());
        match deadline.map_err(|error| self.trap(error))? {
            i64::MAX => Ok(None),
            deadline => Ok(Some(deadline.max(0) as Micros)),
        }
    }

    fn next_output(&mut self) -> Result<Option<Output<'_>>, Trap> {
        let Some(Descriptor { kind, conn, bytes }) = self.next_descriptor()? else { return Ok(None) };
        abi::decode(kind, conn, bytes).map(Some).map_err(Trap::Unreadable)
    }

    fn memory_used(&mut self) -> Result<Option<u64>, Trap> {
        let used = self.exports.memory_used.call(&mut self.store, ());
        used.map(Some).map_err(|error| self.trap(error))
    }
}

/// An instance that is given a clock and numbers for INFO, and nothing else whatever it may ask for.
fn instantiate(store: &mut Store<MemoryCap>, module: &wasmtime::Module) -> Result<Instance, Error> {
    let mut imports = Vec::new();
    for import in module.imports() {
        imports.push(match (import.module(), import.name()) {
            ("sanderling", "clock") => Func::wrap(&mut *store, running_micros).into(),
            ("sanderling", "fact") => Func::wrap(&mut *store, numbered_fact).into(),
            (module, name) => return Err(Error::msg(format!("the guest asks for {module}.{name}"))),
        });
    }
    Instance::new(store, module, &imports)
}

fn numbered_fact(which: u32) -> u64 {
    Fact::ALL.get(which as usize).map_or(0, |&which| fact(which))
}

fn function<P: WasmParams, R: WasmResults>(
    store: &mut Store<MemoryCap>,
    instance: &Instance,
    name: &str,
) -> Result<TypedFunc<P, R>, Error> {
    instance.get_typed_func(store, name)
}

fn constant(store: &mut Store<MemoryCap>, instance: &Instance, name: &str) -> Result<usize, Error> {
    let value = function::<(), u32>(store, instance, name)?.call(store, ())?;
    Ok(value as usize)
}

fn trap(error: Error) -> Trap {
    Trap::Module(format!("{error:#}"))
}
