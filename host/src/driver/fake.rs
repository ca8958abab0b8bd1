//! An engine and a log for tests.

use super::{CommitLog, Lsn};
use crate::engine::{Engine, Factory, Request, Trap};
use sanderling_core::{Class, ConnId, Micros, Output};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

/// Bytes of the input buffer.
const INPUT_BYTES: usize = 1 << 20;

/// What the engine was told, beside input, and where its last reply lies.
#[derive(Default)]
pub(crate) struct Seen {
    /// `connect 1`, `disconnect 1`, `pause 1`, `resume 1`.
    pub(crate) told: Vec<String>,
    pub(crate) last_reply: Option<*const u8>,
}

/// An engine that does what clients say, each request being a word that ends with a semicolon:
///
/// * `w:text;` writes `text`, which is an effect, and replies `text;`
/// * `r:text;` only replies
/// * `all:text;` replies to all connections
/// * `quit;` closes the connection, `kill:2;` another one
/// * `stop;` stops the server
/// * `trap;` traps
#[derive(Default)]
pub(crate) struct FakeEngine {
    input: Vec<u8>,
    requests: Vec<Request>,
    conns: Vec<ConnId>,
    open: BTreeSet<ConnId>,
    /// Input that is not a whole request yet.
    rest: Vec<(ConnId, String)>,
    effects: Option<Vec<u8>>,
    outputs: VecDeque<Put>,
    current: Vec<u8>,
    seen: Rc<RefCell<Seen>>,
}

enum Put {
    Effects(Vec<u8>),
    Reply(ConnId, Vec<u8>, Class),
    Close(ConnId),
    Shutdown,
}

impl FakeEngine {
    /// Makes such engines, each with the same ledger of what they see.
    pub(crate) fn factory() -> (Factory, Rc<RefCell<Seen>>) {
        let seen = Rc::new(RefCell::new(Seen::default()));
        let ledger = Rc::clone(&seen);
        let make = move |_| {
            let engine =
                FakeEngine { input: vec![0; INPUT_BYTES], seen: Rc::clone(&ledger), ..FakeEngine::default() };
            Ok(Box::new(engine) as Box<dyn Engine>)
        };
        (Factory::from_fn(make), seen)
    }

    fn take(&mut self, request: Request) -> Result<ConnId, Trap> {
        let (word, conn) = match request {
            Request::Connect { .. } => {
                let conn = (1..).find(|conn| !self.open.contains(conn)).expect("there are enough ids");
                self.open.insert(conn);
                ("connect", conn)
            }
            Request::Disconnect { conn } => {
                self.open.remove(&conn);
                ("disconnect", conn)
            }
            Request::Pause { conn } => ("pause", conn),
            Request::Resume { conn } => ("resume", conn),
            Request::Input { conn, bytes } => {
                let text = String::from_utf8(self.input[bytes].to_vec()).expect("tests send text");
                self.execute(conn, &text)?;
                return Ok(conn);
            }
            Request::Done { .. } | Request::Failed { .. } | Request::Files { .. } => return Ok(0),
        };
        self.seen.borrow_mut().told.push(format!("{word} {conn}"));
        Ok(conn)
    }

    fn execute(&mut self, conn: ConnId, text: &str) -> Result<(), Trap> {
        let known = self.rest.iter().position(|(other, _)| *other == conn);
        let mut text = known.map(|index| self.rest.remove(index).1).unwrap_or_default() + text;
        while let Some(end) = text.find(';') {
            let request: String = text.drain(..=end).collect();
            let (word, argument) = request[..end].split_once(':').unwrap_or((&request[..end], ""));
            let reply = format!("{argument};").into_bytes();
            match word {
                "w" => {
                    self.effects.get_or_insert_default().extend_from_slice(argument.as_bytes());
                    self.outputs.push_back(Put::Reply(conn, reply, Class::Normal));
                }
                "r" => self.outputs.push_back(Put::Reply(conn, reply, Class::Normal)),
                "all" => {
                    let all = self.open.iter().map(|&conn| Put::Reply(conn, reply.clone(), Class::Pubsub));
                    self.outputs.extend(all);
                }
                "quit" => self.close(conn),
                "kill" => self.close(argument.parse().expect("an id")),
                "stop" => self.outputs.push_back(Put::Shutdown),
                "trap" => return Err(Trap::Other("as asked".to_owned())),
                other => panic!("{other} is no request"),
            }
        }
        self.rest.push((conn, text));
        Ok(())
    }

    fn close(&mut self, conn: ConnId) {
        self.open.remove(&conn);
        self.outputs.push_back(Put::Close(conn));
    }
}

impl Engine for FakeEngine {
    fn input_buffer(&mut self) -> &mut [u8] {
        &mut self.input
    }

    fn requests_max(&self) -> usize {
        16
    }

    fn push(&mut self, request: Request) {
        assert!(self.requests.len() < self.requests_max(), "the caller keeps to requests_max");
        self.requests.push(request);
    }

    fn process(&mut self, _: Micros) -> Result<(), Trap> {
        self.conns.clear();
        for request in std::mem::take(&mut self.requests) {
            let conn = self.take(request)?;
            self.conns.push(conn);
        }
        if let Some(effects) = self.effects.take() {
            self.outputs.push_front(Put::Effects(effects));
        }
        Ok(())
    }

    fn processed_conn(&self, index: usize) -> ConnId {
        self.conns[index]
    }

    fn timeout(&mut self, _: Micros) -> Result<(), Trap> {
        Ok(())
    }

    fn next_deadline(&mut self) -> Result<Option<Micros>, Trap> {
        Ok(None)
    }

    fn next_output(&mut self) -> Result<Option<Output<'_>>, Trap> {
        let Some(put) = self.outputs.pop_front() else { return Ok(None) };
        Ok(Some(match put {
            Put::Effects(bytes) => {
                self.current = bytes;
                Output::Append { bytes: &self.current, db: None }
            }
            Put::Reply(conn, bytes, class) => {
                self.current = bytes;
                self.seen.borrow_mut().last_reply = Some(self.current.as_ptr());
                Output::Write { conn, bytes: &self.current, class }
            }
            Put::Close(conn) => Output::Close { conn },
            Put::Shutdown => Output::Shutdown,
        }))
    }

    fn memory_used(&mut self) -> Result<Option<u64>, Trap> {
        Ok(None)
    }
}

/// A log whose commits come when the test says so.
#[derive(Clone, Default)]
pub(crate) struct FakeLog(pub(crate) Rc<RefCell<FakeLogState>>);

/// What is in it.
#[derive(Default)]
pub(crate) struct FakeLogState {
    pub(crate) effects: Vec<Vec<u8>>,
    /// Pieces of the call that is under way.
    batch: Vec<u8>,
    pub(crate) committed: Lsn,
    /// Whether effects are committed as soon as they come.
    pub(crate) commits_at_once: bool,
}

impl CommitLog for FakeLog {
    fn push(&mut self, effects: &[u8], _: Option<u32>) {
        self.0.borrow_mut().batch.extend_from_slice(effects);
    }

    fn commit(&mut self) -> Lsn {
        let mut state = self.0.borrow_mut();
        let batch = std::mem::take(&mut state.batch);
        state.effects.push(batch);
        let lsn = state.effects.len() as Lsn;
        if state.commits_at_once {
            state.committed = lsn;
        }
        lsn
    }

    fn committed(&self) -> Lsn {
        self.0.borrow().committed
    }
}
