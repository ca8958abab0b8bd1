//! An engine that traps is replaced, and serving goes on.

use crate::client::Client;
use crate::process::TempDir;
use sanderling::Server;
use sanderling::StorageSettings;
use sanderling::config::Settings;
use sanderling::engine::{Engine, Factory, Request, Trap};
use sanderling_core::{Class, ConnId, Micros, Output};

/// More than the kernel keeps of a Unix socket's.
const FLOOD_BYTES: usize = 16 << 20;

/// Echoes; at input with `TRAP` in it, it traps, `STOP` stops the server, `LIMIT` lowers the limit of unsent replies,
/// `FLOOD` is answered with many bytes.
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
                        return Err(Trap::Other("as asked".to_owned()));
                    }
                    let is_flood = bytes == b"FLOOD";
                    self.outputs.push((conn, if is_flood { vec![b'x'; FLOOD_BYTES] } else { bytes }));
                    conn
                }
                Request::Disconnect { conn } | Request::Pause { conn } | Request::Resume { conn } => conn,
                Request::Done { .. } | Request::Failed { .. } | Request::Files { .. } => 0,
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
            b"LIMIT" => Output::Setting { name: "client-output-buffer-limit", value: "normal 65536 0 0" },
            bytes => Output::Write { conn, bytes, class: Class::Normal },
        }))
    }

    fn memory_used(&mut self) -> Result<Option<u64>, Trap> {
        Ok(None)
    }
}

/// Runs a server with such engines until `talk` has stopped it.
fn with_fragile_engines(talk: impl FnOnce(&str)) {
    let dir = TempDir::new();
    let path = dir.join("s");
    let storage = StorageSettings { has_save_rules: false, ..StorageSettings::default() };
    let unix_socket = Some((&path).into());
    let settings = Settings { port: 0, unix_socket, storage, ..Settings::default() };
    let (started, ready) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let factory = Factory::from_fn(|_| Ok(Box::new(Fragile::default())));
        let server = Server::start_with(settings, |_| Ok(factory)).unwrap();
        started.send(()).unwrap();
        server.run().unwrap();
    });
    ready.recv().unwrap();
    talk(&path);
    server.join().unwrap();
}

#[test]
fn a_trap_loses_the_clients_and_not_the_server() {
    with_fragile_engines(|path| {
        for _ in 0..3 {
            let (mut one, mut two) = (Client::unix(path), Client::unix(path));
            one.send("hello").expect("hello");
            two.send("TRAP");
            one.expect_end();
            two.expect_end();
        }
        Client::unix(path).send("again").expect("again").send("STOP").expect_end();
    });
}

/// The engine that takes over begins with the settings of the start, so the server must, too: it went on as if a
/// password that only the lost engine knew still kept clients without it out.
#[test]
fn after_a_trap_settings_are_those_of_the_start() {
    with_fragile_engines(|path| {
        let mut client = Client::unix(path);
        // Two inputs that come as one are none that the engine knows.
        client.send("hello").expect("hello").send("LIMIT");
        Client::unix(path).send("hello").expect("hello");
        assert!(client.send("FLOOD").drain().len() < FLOOD_BYTES);
        Client::unix(path).send("TRAP").expect_end();
        Client::unix(path).send("FLOOD").expect(vec![b'x'; FLOOD_BYTES]).send("STOP").expect_end();
    });
}
