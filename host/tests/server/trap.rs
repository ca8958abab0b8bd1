//! An engine that breaks down is replaced, and serving goes on.

use crate::client::Client;
use crate::process::TempDir;
use sanderling::Server;
use sanderling::config::Settings;
use sanderling::engine::{Engine, Factory, Request, Trap};
use sanderling_core::{Class, ConnId, Micros, Output};

/// Echoes; input with `TRAP` in it breaks it down, input with `STOP` stops the server.
#[derive(Default)]
struct Fragile {
    input: Vec<u8>,
    requests: Vec<Request>,
    conns: Vec<ConnId>,
    next_conn: ConnId,
    outputs: Vec<(ConnId, Vec<u8>)>,
    current: Vec<u8>,
}

impl Engine for Fragile {
    fn input_buffer(&mut self) -> &mut [u8] {
        self.input.resize(1 << 16, 0);
        &mut self.input
    }

    fn requests_max(&self) -> usize {
        16
    }

    fn push(&mut self, request: Request) {
        self.requests.push(request);
    }

    fn process(&mut self, _: Micros) -> Result<(), Trap> {
        self.conns.clear();
        for request in self.requests.drain(..) {
            let conn = match request {
                Request::Connect { .. } => {
                    self.next_conn += 1;
                    self.next_conn
                }
                Request::Input { conn, bytes } => {
                    let bytes = self.input[bytes].to_vec();
                    if bytes.windows(4).any(|window| window == b"TRAP") {
                        return Err(Trap("as asked".to_owned()));
                    }
                    self.outputs.push((conn, bytes));
                    conn
                }
                Request::Disconnect { conn } | Request::Pause { conn } | Request::Resume { conn } => conn,
                Request::Done { .. } | Request::Failed { .. } => 0,
            };
            self.conns.push(conn);
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
        if self.outputs.is_empty() {
            return Ok(None);
        }
        let (conn, bytes) = self.outputs.remove(0);
        self.current = bytes;
        Ok(Some(match &self.current[..] {
            b"STOP" => Output::Shutdown,
            bytes => Output::Write { conn, bytes, class: Class::Normal },
        }))
    }

    fn memory_used(&mut self) -> Result<Option<u64>, Trap> {
        Ok(None)
    }
}

#[test]
fn a_trap_loses_the_clients_and_not_the_server() {
    let dir = TempDir::new();
    let path = dir.join("s");
    let settings = Settings { port: 0, unix_socket: Some((&path).into()), ..Settings::default() };
    let (started, ready) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let factory = Factory::from_fn(|_| Ok(Box::new(Fragile::default())));
        let server = Server::start_with(settings, |_| Ok(factory)).unwrap();
        started.send(()).unwrap();
        server.run().unwrap();
    });
    ready.recv().unwrap();
    for _ in 0..3 {
        let (mut one, mut two) = (Client::unix(&path), Client::unix(&path));
        one.send("hello").expect("hello");
        two.send("TRAP");
        one.expect_end();
        two.expect_end();
    }
    Client::unix(&path).send("again").expect("again").send("STOP").expect_end();
    server.join().unwrap();
}
