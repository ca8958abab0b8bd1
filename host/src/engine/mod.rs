//! The two ways to run the engine, behind one batch interface: sandboxed in wasmtime or linked in.

mod cache;
mod guest;
mod native;
#[cfg(test)]
mod tests;
mod trap;
mod tuning;

pub use trap::Trap;

use sanderling_core::abi::{self, RequestKind};
use sanderling_core::{ConnId, Micros, Output, number};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// An engine that takes requests in batches.
///
/// A batch: write bytes into [`Engine::input_buffer`], [`Engine::push`] requests that name ranges of it, call
/// [`Engine::process`], then take every [`Engine::next_output`]. After an error the engine is poisoned and good
/// for nothing but being dropped.
pub trait Engine {
    /// Where input bytes go; its address and content stay for the whole batch, its length for good. All engines of a
    /// [`Factory`] have buffers of one length.
    fn input_buffer(&mut self) -> &mut [u8];
    /// How many requests a batch may have; the same for all engines of a [`Factory`].
    fn requests_max(&self) -> usize;
    /// Adds a request to the batch; the caller keeps count.
    fn push(&mut self, request: Request);
    /// Handles the batch in order and empties it.
    fn process(&mut self, now: Micros) -> Result<(), Trap>;
    /// The connection that request `index` of the batch just processed speaks of: for `Connect` the new one.
    fn processed_conn(&self, index: usize) -> ConnId;
    /// Does what is due at `now`; outputs follow as after `process`.
    fn timeout(&mut self, now: Micros) -> Result<(), Trap>;
    /// When [`Engine::timeout`] wants to be called; `None` is never.
    fn next_deadline(&mut self) -> Result<Option<Micros>, Trap>;
    /// The next output of the last call.
    fn next_output(&mut self) -> Result<Option<Output<'_>>, Trap>;
    /// Bytes that the engine's data takes; `None` where the implementation shares its allocator with the server.
    fn memory_used(&mut self) -> Result<Option<u64>, Trap>;
}

/// What the host tells the engine: one request of a batch. What clients ask for is bytes of [`Request::Input`], and what
/// the engine asks of the host is a [`HostRequest`](sanderling_core::HostRequest). Ranges are of the input buffer.
#[derive(Clone, Debug)]
pub enum Request {
    /// Bytes that arrived on a connection.
    Input {
        /// The connection.
        conn: ConnId,
        /// The bytes.
        bytes: Range<usize>,
    },
    /// A new connection, described as [`peer_text`](abi::peer_text) does.
    Connect {
        /// The description.
        peer: Range<usize>,
    },
    /// The peer takes no replies: its requests wait.
    Pause {
        /// The connection.
        conn: ConnId,
    },
    /// It takes replies again.
    Resume {
        /// The connection.
        conn: ConnId,
    },
    /// The host request of the last call is done.
    Done {
        /// What was asked for.
        text: Range<usize>,
    },
    /// It has failed.
    Failed {
        /// Why, as UTF-8.
        why: Range<usize>,
    },
    /// Something about files.
    Files {
        /// What.
        kind: RequestKind,
        /// A number that belongs to it.
        argument: u32,
        /// Bytes that belong to it.
        bytes: Range<usize>,
    },
    /// The peer is gone.
    Disconnect {
        /// The connection.
        conn: ConnId,
    },
}

impl From<Request> for abi::Request {
    fn from(request: Request) -> abi::Request {
        let with = |kind, conn, bytes: Range<usize>| {
            abi::Request::with(kind, conn, number::short(bytes.start), number::short(bytes.len()))
        };
        match request {
            Request::Input { conn, bytes } => with(RequestKind::Input, conn, bytes),
            Request::Connect { peer } => with(RequestKind::Connect, 0, peer),
            Request::Disconnect { conn } => abi::Request::of(RequestKind::Disconnect, conn),
            Request::Pause { conn } => abi::Request::of(RequestKind::Pause, conn),
            Request::Resume { conn } => abi::Request::of(RequestKind::Resume, conn),
            Request::Files { kind, argument, bytes } => with(kind, argument, bytes),
            Request::Done { text } => with(RequestKind::Done, 0, text),
            Request::Failed { why } => with(RequestKind::Failed, 0, why),
        }
    }
}

/// Which implementation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In a wasmtime sandbox, with at most 4 GiB.
    Wasm,
    /// Linked into the server, as large as the machine.
    Native,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Wasm => "wasm",
            Kind::Native => "native",
        })
    }
}

/// What an engine is made from.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The implementation.
    pub kind: Kind,
    /// Settings for the engine, `name value` lines.
    pub options: String,
    /// Cap on the guest's linear memory; growth beyond it fails and the engine answers `-OOM`.
    pub memory_bytes_max: u64,
    /// Where compiled guests are kept; `None` compiles at each start.
    pub cache_dir: Option<PathBuf>,
    /// Whether the guest is compiled for this very processor, instead of taking what the program brings.
    pub compiles: bool,
}

/// Makes engines: the first one, and another each time one traps.
pub struct Factory(Box<dyn Fn(Micros) -> Made>);

/// An engine or what is wrong with its options.
pub type Made = Result<Box<dyn Engine>, Trap>;

impl Factory {
    /// Compiles or loads what there is to.
    pub fn new(config: EngineConfig) -> Result<Self, Trap> {
        Ok(match config.kind {
            Kind::Wasm => {
                let module = guest::Module::load(&config)?;
                Self::from_fn(move |now| Ok(Box::new(module.instantiate(&config, seed()?, now)?)))
            }
            Kind::Native => {
                Self::from_fn(move |now| Ok(Box::new(native::Native::new(&config, seed()?, now)?)))
            }
        })
    }

    /// A factory of other engines than the two here.
    pub fn from_fn(make: impl Fn(Micros) -> Made + 'static) -> Self {
        Self(Box::new(make))
    }

    /// A fresh, empty engine.
    pub fn create(&self, now: Micros) -> Made {
        (self.0)(now)
    }
}

/// What the engine hashes with; unpredictable, so that clients cannot choose keys that collide.
fn seed() -> Result<[u8; 16], Trap> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(Trap::Randomness)?;
    Ok(seed)
}
