//! The engine linked in: no sandbox, and memory as large as the machine's.

use super::{Engine, EngineConfig, Request, Trap};
use crate::clock::running_micros;
use crate::facts::fact;
use crate::memory::held_bytes;
use sanderling_core::abi::{self, INPUT_BYTES, REQUESTS_MAX};
use sanderling_core::{ConnId, Micros, Output};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The linked engine and the batch that it is about to get.
pub(super) struct Native {
    engine: sanderling_core::Engine,
    input: Box<[u8]>,
    requests: Vec<abi::Request>,
    /// How many of the requests the last call has handled.
    handled: usize,
}

impl Native {
    pub(super) fn new(config: &EngineConfig, seed: [u8; 16], now: Micros) -> Result<Self, Trap> {
        let options = abi::parse_options(config.options.as_bytes());
        let mut options = options.map_err(|error| Trap::Settings(error.0))?;
        options.memory_used = held_bytes;
        options.clock = Some(running_micros);
        options.fact = Some(fact);
        let engine = caught(|| sanderling_core::Engine::new(options, seed, now))?;
        Ok(Self {
            engine,
            input: vec![0; INPUT_BYTES].into_boxed_slice(),
            requests: Vec::with_capacity(REQUESTS_MAX),
            handled: 0,
        })
    }
}

impl Engine for Native {
    fn input_buffer(&mut self) -> &mut [u8] {
        &mut self.input
    }

    fn requests_max(&self) -> usize {
        REQUESTS_MAX
    }

    fn push(&mut self, request: Request) {
        self.requests.drain(..std::mem::take(&mut self.handled));
        self.requests.push(request.into());
    }

    fn process(&mut self, now: Micros) -> Result<(), Trap> {
        // A call without any request of its own finds those of the last one.
        self.requests.drain(..std::mem::take(&mut self.handled));
        let Self { engine, input, requests, .. } = self;
        let bytes = |request: &abi::Request| {
            let start = request.start as usize;
            &input[start..start + request.len as usize]
        };
        caught(|| abi::handle_batch(engine, now, requests, bytes))?;
        self.handled = self.requests.len();
        Ok(())
    }

    fn processed_conn(&self, index: usize) -> ConnId {
        self.requests[index].conn
    }

    fn timeout(&mut self, now: Micros) -> Result<(), Trap> {
        caught(|| self.engine.handle_timeout(now))
    }

    fn next_deadline(&mut self) -> Result<Option<Micros>, Trap> {
        Ok(self.engine.poll_timeout())
    }

    fn next_output(&mut self) -> Result<Option<Output<'_>>, Trap> {
        Ok(self.engine.poll_output())
    }

    fn memory_used(&mut self) -> Result<Option<u64>, Trap> {
        Ok(Some(held_bytes() as u64))
    }
}

/// A panic of the engine is to this implementation what a trap is to the guest.
fn caught<T>(f: impl FnOnce() -> T) -> Result<T, Trap> {
    // The engine is dropped after an error, so what the panic left half done is never seen.
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| Trap::Panic(panic_text(&*panic).to_owned()))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}
