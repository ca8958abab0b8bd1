//! The engine linked in: no sandbox, and memory as large as the machine's.

use super::{Engine, EngineConfig, Request, Trap, parse_options};
use crate::clock::running_micros;
use crate::facts::fact;
use crate::memory::held_bytes;
use sanderling_core::{ConnId, Micros, Output, Peer};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

const INPUT_BYTES: usize = 1 << 20;
const REQUESTS_MAX: usize = 1024;
/// Requests whose keys are looked up together before they are handled.
const LOOK_AHEAD: usize = 32;

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
        options.fact = Some(fact);
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
        let Self { engine, input, requests, processed } = self;
        caught(|| {
            for requests in requests.chunks(LOOK_AHEAD) {
                // One alone has nothing to overlap with.
                if requests.len() > 1 {
                    engine.look_ahead(requests.iter().filter_map(|request| match request {
                        Request::Input { conn, bytes } => Some((*conn, &input[bytes.clone()])),
                        _ => None,
                    }));
                }
                processed.extend(requests.iter().map(|request| handle(engine, now, input, request)));
            }
            requests.clear();
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

/// Does what is asked, and says for which connection.
fn handle(engine: &mut sanderling_core::Engine, now: Micros, input: &[u8], request: &Request) -> ConnId {
    match request {
        Request::Input { conn, bytes } => {
            engine.handle_input(now, *conn, &input[bytes.clone()]);
            *conn
        }
        Request::Connect { peer } => engine.connect(now, parse_peer(&input[peer.clone()])),
        Request::Disconnect { conn } => {
            engine.disconnect(now, *conn);
            *conn
        }
        Request::Pause { conn } => {
            engine.pause(*conn);
            *conn
        }
        Request::Resume { conn } => {
            engine.resume(*conn);
            *conn
        }
        Request::Done { text } => {
            engine.answer(now, Ok(&input[text.clone()]));
            0
        }
        Request::Failed { why } => {
            engine.answer(now, Err(str::from_utf8(&input[why.clone()]).unwrap_or_default()));
            0
        }
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
