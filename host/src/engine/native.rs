//! The engine linked in: no sandbox, and memory as large as the machine's.

use super::{Engine, EngineConfig, Request, Trap, parse_options};
use crate::clock::running_micros;
use crate::memory::held_bytes;
use sanderling_core::{ConnId, Micros, Output, Peer};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

const INPUT_BYTES: usize = 1 << 20;
const REQUESTS_MAX: usize = 1024;

/// The linked engine and the batch that it is about to get.
pub(super) struct Native {
    engine: sanderling_core::Engine,
    input: Box<[u8]>,
    requests: Vec<Request>,
    processed: Vec<ConnId>,
}

impl Native {
    pub(super) fn new(config: &EngineConfig, seed: [u8; 16], now: Micros) -> Result<Self, Trap> {
        let mut options = parse_options(&config.options)?;
        options.memory_used = held_bytes;
        options.clock = Some(running_micros);
        let engine = caught(|| sanderling_core::Engine::new(options, seed, now))?;
        Ok(Self {
            engine,
            input: vec![0; INPUT_BYTES].into_boxed_slice(),
            requests: Vec::with_capacity(REQUESTS_MAX),
            processed: Vec::with_capacity(REQUESTS_MAX),
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
        self.requests.push(request);
    }

    fn process(&mut self, now: Micros) -> Result<(), Trap> {
        self.processed.clear();
        caught(|| {
            for request in self.requests.drain(..) {
                let conn = match request {
                    Request::Input { conn, bytes } => {
                        self.engine.handle_input(now, conn, &self.input[bytes]);
                        conn
                    }
                    Request::Connect { peer } => self.engine.connect(now, parse_peer(&self.input[peer])),
                    Request::Disconnect { conn } => {
                        self.engine.disconnect(now, conn);
                        conn
                    }
                    Request::Pause { conn } => {
                        self.engine.pause(conn);
                        conn
                    }
                    Request::Resume { conn } => {
                        self.engine.resume(conn);
                        conn
                    }
                    Request::Done { text } => {
                        self.engine.answer(now, Ok(&self.input[text]));
                        0
                    }
                    Request::Failed { why } => {
                        self.engine.answer(now, Err(str::from_utf8(&self.input[why]).unwrap_or_default()));
                        0
                    }
                };
                self.processed.push(conn);
            }
        })
    }

    fn processed_conn(&self, index: usize) -> ConnId {
        self.processed[index]
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

fn parse_peer(text: &[u8]) -> Peer<'_> {
    let mut lines = str::from_utf8(text).unwrap_or_default().split('\n');
    let mut line = || lines.next().unwrap_or_default();
    Peer { addr: line(), laddr: line(), unix: line() == "1" }
}

/// A panic of the engine is to this implementation what a trap is to the guest.
fn caught<T>(f: impl FnOnce() -> T) -> Result<T, Trap> {
    // The engine is dropped after an error, so nobody sees what the panic left half done.
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| Trap(format!("panic: {}", panic_text(&*panic))))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}
