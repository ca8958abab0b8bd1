//! A redis-server of our own, the oracle that tells what the right answer is.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Connection, Received, Target, Tcp};

/// The version whose differences from Redis 7.2 are known and listed.
pub const VERSION_SUPPORTED: &str = "7.0.15";

/// A redis-server on a private port, ended with the value.
pub struct Oracle {
    tcp: Tcp,
    process: Child,
}

impl Oracle {
    /// Starts a redis-server, or says why there is none.
    pub fn start() -> Result<Oracle, String> {
        Oracle::start_with(&[])
    }

    /// The same with more arguments.
    pub fn start_with(arguments: &[&str]) -> Result<Oracle, String> {
        let binary = find_redis_server()?;
        // Another process may take the free port before redis-server does, so there are several tries.
        let mut fault = String::new();
        for _ in 0..5 {
            match launch(&binary, arguments) {
                Ok((process, address)) => {
                    let name = format!("redis-server {VERSION_SUPPORTED}");
                    let tcp = Tcp::new(&name, &address, (7, 0)).map_err(|fault| fault.to_string())?;
                    return Ok(Oracle { tcp, process });
                }
                Err(reason) => fault = reason,
            }
        }
        Err(fault)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a test compares with, or `None` after telling that the test is skipped. With `SANDERLING_ORACLE=required`, as in
/// CI, a test fails that would have to be skipped: it must not pass by not running.
///
/// # Panics
///
/// When the oracle is missing though it is required.
pub fn compared<T>(what: &str, oracle: Result<T, String>) -> Option<T> {
    let is_required = std::env::var("SANDERLING_ORACLE").is_ok_and(|value| value == "required");
    match oracle {
        Ok(oracle) => Some(oracle),
        Err(reason) if is_required => panic!("{what} cannot be skipped here: {reason}"),
        Err(reason) => {
            println!("SKIPPED {what}: {reason}");
            None
        }
    }
}

/// The path of redis-server (`SANDERLING_REDIS_SERVER`, else `PATH`) if it is of the right version.
pub fn find_redis_server() -> Result<PathBuf, String> {
    let help = format!("install redis-server {VERSION_SUPPORTED} or name it in SANDERLING_REDIS_SERVER");
    let binary = std::env::var_os("SANDERLING_REDIS_SERVER").map_or("redis-server".into(), PathBuf::from);
    let output = Command::new(&binary)
        .arg("--version")
        .output()
        .map_err(|fault| format!("{} does not start ({fault}): {help}", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !text.contains(&format!("v={VERSION_SUPPORTED} ")) {
        return Err(format!("{} is not the oracle's version ({}): {help}", binary.display(), text.trim()));
    }
    Ok(binary)
}

fn launch(binary: &PathBuf, arguments: &[&str]) -> Result<(Child, String), String> {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|fault| format!("no free port: {fault}"))?
        .port();
    let mut process = Command::new(binary)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        // Timeouts are looked at once per turn of this clock.
        .args(["--hz", "100"])
        .args(arguments)
        // Collation is that of bytes.
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|fault| format!("{} does not start: {fault}", binary.display()))?;
    let log = process.stdout.take().expect("its output was asked for");
    let mut lines = BufReader::new(log).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.contains("Ready to accept connections") {
            // The log goes on for as long as the process lives and somebody must read it.
            std::thread::spawn(move || for _ in lines {});
            return Ok((process, format!("127.0.0.1:{port}")));
        }
    }
    let _ = process.kill();
    let _ = process.wait();
    Err(format!("redis-server ended at once on port {port}"))
}

impl Target for Oracle {
    fn name(&self) -> String {
        self.tcp.name()
    }

    fn since(&self) -> (u32, u32) {
        self.tcp.since()
    }

    fn open(&mut self) -> Connection {
        self.tcp.open()
    }

    fn close(&mut self, connection: Connection) {
        self.tcp.close(connection);
    }

    fn send(&mut self, connection: Connection, bytes: &[u8]) {
        self.tcp.send(connection, bytes);
    }

    fn settle(&mut self) {
        self.tcp.settle();
    }

    fn receive(&mut self, connection: Connection) -> Received {
        self.tcp.receive(connection)
    }

    fn receive_now(&mut self, connection: Connection) -> Received {
        self.tcp.receive_now(connection)
    }

    fn advance(&mut self, time: Duration) -> bool {
        self.tcp.advance(time)
    }
}
