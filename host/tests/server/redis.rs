//! redis-server 7.0.15 and its tools, which read what the server leaves.

use crate::client::Client;
use crate::process::free_port;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Whether there is one; with `SANDERLING_ORACLE=required` it is a failure that there is none.
pub(crate) fn is_there() -> bool {
    let version = Command::new("redis-server").arg("--version").output();
    match version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()) {
        Ok(version) if version.contains("v=7.0.15") => true,
        other if is_required() => panic!("redis-server 7.0.15 is wanted, and there is {other:?}"),
        _ => false,
    }
}

/// Whether nothing may be skipped.
pub(crate) fn is_required() -> bool {
    std::env::var("SANDERLING_ORACLE").is_ok_and(|value| value == "required")
}

/// A redis-server that ends with the test.
pub(crate) struct Redis {
    child: Child,
    log: BufReader<ChildStdout>,
    port: u16,
}

impl Redis {
    /// Starts one in a directory, and waits until it has loaded what is there.
    pub(crate) fn start(dir: &Path, flags: &[&str]) -> Self {
        let port = free_port();
        let mut child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--enable-debug-command", "yes", "--dir", dir.to_str().unwrap()])
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stdout.take().unwrap());
        let mut redis = Self { child, log, port };
        let mut said = String::new();
        while !said.contains("Ready to accept connections") {
            assert!(
                redis.log.read_line(&mut said).unwrap() > 0,
                "redis-server does not load the directory: {said}"
            );
        }
        redis
    }

    pub(crate) fn client(&self) -> Client {
        Client::tcp(self.port)
    }

    pub(crate) fn digest(&self) -> String {
        self.client().send(b"DEBUG DIGEST\r\n").line()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // What is left of its log ends with it.
        let _ = self.log.read_to_end(&mut Vec::new());
    }
}

/// Has one of Redis's tools look at a file, which it must call good.
pub(crate) fn check(tool: &str, file: &Path) {
    let output = Command::new(tool).arg(file).output().unwrap_or_else(|error| panic!("{tool}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{tool} {}: {said}", file.display());
}
