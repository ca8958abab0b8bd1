//! A server process that ends with the test.

use crate::client::Client;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything here takes; reached only by a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Process {
    child: Child,
    log: Receiver<String>,
    seen: String,
    pub(crate) port: u16,
    /// Where the server works, unless a flag says another.
    _dir: TempDir,
}

impl Process {
    /// Starts a server on a free port and waits until it is ready.
    pub(crate) fn start(engine: &str, flags: &[&str]) -> Self {
        Self::start_in(&[], engine, flags)
    }

    /// The same in an environment of more variables.
    pub(crate) fn start_in(variables: &[(&str, &str)], engine: &str, flags: &[&str]) -> Self {
        // Between finding a free port and taking it another process may take it.
        for _ in 0..10 {
            let port = free_port();
            let mut process = Self::launch_in(variables, engine, port, flags);
            if process.wait_log_or_end("Ready to accept connections") {
                return process;
            }
            assert!(process.seen.contains("Address already in use"), "{}", process.seen);
        }
        panic!("found no free port");
    }

    /// Starts a server and does not wait.
    pub(crate) fn launch(engine: &str, port: u16, flags: &[&str]) -> Self {
        Self::launch_in(&[], engine, port, flags)
    }

    fn launch_in(variables: &[(&str, &str)], engine: &str, port: u16, flags: &[&str]) -> Self {
        let dir = TempDir::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanderling"));
        // Flags come last, so that they may override.
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--engine", engine])
            .args(["--cache-dir", &shared_cache_dir(), "--dir", dir.path().to_str().unwrap(), "--save", ""])
            .args(flags)
            .envs(variables.iter().copied());
        Self::spawn(command, port, dir)
    }

    /// Starts a server that logs to a file, on a socket beside it, and waits until it is ready.
    pub(crate) fn start_logging(path: &str) -> Self {
        let process =
            Self::launch("native", 0, &["--unixsocket", &format!("{path}.sock"), "--logfile", path]);
        let until = Instant::now() + PATIENCE;
        while !fs::read_to_string(path).unwrap_or_default().contains("Ready to accept connections") {
            assert!(Instant::now() < until, "the server is not ready");
            std::thread::yield_now();
        }
        process
    }

    /// Starts a server with nothing but these arguments.
    pub(crate) fn launch_bare(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanderling"));
        command.args(arguments);
        Self::spawn(command, 0, TempDir::new())
    }

    /// Starts a server on a Unix socket that may have so many files open.
    pub(crate) fn launch_with_descriptors(count: usize, engine: &str, socket: &str) -> Self {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -n {count} && exec \"$0\" \"$@\"");
        command
            .args(["-c", &limited, env!("CARGO_BIN_EXE_sanderling"), "--port", "0", "--unixsocket", socket])
            .args(["--engine", engine, "--cache-dir", &shared_cache_dir()]);
        Self::spawn(command, 0, TempDir::new())
    }

    fn spawn(mut command: Command, port: u16, dir: TempDir) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What is kept in files goes with the directory.
        let mut child = command.current_dir(dir.path()).spawn().unwrap();
        let (sender, log) = channel();
        for stream in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Self { child, log, seen: String::new(), port, _dir: dir }
    }

    pub(crate) fn client(&self) -> Client {
        Client::tcp(self.port)
    }

    /// Waits for a log line that contains `text`; all that was logged so far.
    pub(crate) fn wait_log(&mut self, text: &str) -> &str {
        assert!(self.wait_log_or_end(text), "the server ended without saying {text:?}:\n{}", self.seen);
        &self.seen
    }

    /// Waits until `text` has come so many times.
    pub(crate) fn wait_log_times(&mut self, text: &str, times: usize) {
        let until = Instant::now() + PATIENCE;
        while self.log_so_far().matches(text).count() < times {
            assert!(Instant::now() < until, "{times} times {text:?}:\n{}", self.seen);
            std::thread::yield_now();
        }
    }

    /// What was logged, without a wait for more.
    pub(crate) fn log_so_far(&mut self) -> &str {
        for line in self.log.try_iter() {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        &self.seen
    }

    fn wait_log_or_end(&mut self, text: &str) -> bool {
        let until = Instant::now() + PATIENCE;
        while !self.seen.contains(text) {
            match self.log.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return false,
                Err(error) => panic!("{error} waiting for {text:?}:\n{}", self.seen),
            }
        }
        true
    }

    /// Memory of the process that is in use, as Linux tells it; 0 elsewhere.
    pub(crate) fn resident_bytes(&self) -> usize {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap_or_default();
        statm.split(' ').nth(1).map_or(0, |pages| pages.parse::<usize>().unwrap() * 4096)
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Ends the process as a loss of its machine would, as far as other processes can see.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process to end; its exit status and all that it printed.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        // The pipes close when the process ends.
        while let Ok(line) = self.log.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push_str(&line);
            self.seen.push('\n');
        }
        assert!(Instant::now() < until, "the server did not end:\n{}", self.seen);
        (self.child.wait().unwrap(), std::mem::take(&mut self.seen))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            // What it has said may tell why a test has failed.
            let rest: Vec<String> = self.log.iter().collect();
            eprintln!("the log of the server:\n{}{}", self.seen, rest.join("\n"));
        }
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One cache for all tests, so that the guest is compiled once.
fn shared_cache_dir() -> String {
    format!("{}/cache", env!("CARGO_TARGET_TMPDIR"))
}

/// A directory that ends with the test. Its path is short, since a Unix socket's is limited.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("sanderling-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
