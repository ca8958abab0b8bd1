//! Servers under measurement: started on a core of their own, watched through /proc.

use super::options::{Kind, Options};
use super::resp::Client;
use super::{Result, machine, repository};
use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START_SECONDS_MAX: u64 = 60;

/// A running server, ended with the value.
pub(super) struct Server {
    pub(super) kind: Kind,
    pub(super) port: u16,
    /// Where it speaks TLS; 0 is nowhere.
    pub(super) tls_port: u16,
    /// From just before the process was made to its first reply.
    pub(super) started_in: Duration,
    child: Child,
}

impl Server {
    /// Starts a server and waits for its first reply.
    pub(super) fn start(kind: Kind) -> Result<Server> {
        Server::start_with(kind, &[])
    }

    /// The same with further flags.
    pub(super) fn start_with(kind: Kind, flags: &[&str]) -> Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(program(kind));
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no"]);
        if !is_redis(kind) {
            command.args(["--engine", kind.name()]);
        }
        command.args(flags);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let before = Instant::now();
        let child = machine::spawn_on_server_core(&mut command)
            .map_err(|error| format!("{}: {error}", program(kind).display()))?;
        let mut server = Server { kind, port, tls_port: 0, started_in: Duration::ZERO, child };
        server.wait_for_reply(before)?;
        server.started_in = before.elapsed();
        Ok(server)
    }

    /// The same with a TLS port besides.
    pub(super) fn start_with_tls(kind: Kind) -> Result<Server> {
        let [certificate, key] = ["server.crt", "server.key"].map(|name| PathBuf::from(certificate(name)));
        Server::start_with_certificate(kind, &certificate, &key)
    }

    /// The same with a certificate of one's own.
    pub(super) fn start_with_certificate(kind: Kind, certificate: &Path, key: &Path) -> Result<Server> {
        let port = free_port()?;
        let flags = [
            ["--tls-port".to_owned(), port.to_string()],
            ["--tls-cert-file".to_owned(), certificate.display().to_string()],
            ["--tls-key-file".to_owned(), key.display().to_string()],
            ["--tls-auth-clients".to_owned(), "no".to_owned()],
        ];
        let flags: Vec<&str> = flags.as_flattened().iter().map(String::as_str).collect();
        let mut server = Server::start_with(kind, &flags)?;
        server.tls_port = port;
        Ok(server)
    }

    /// Starts those that take part and are there; says which are not.
    pub(super) fn start_all(options: &Options) -> Result<Vec<Server>> {
        available(options).into_iter().map(Server::start).collect()
    }

    pub(super) fn client(&self) -> Result<Client> {
        Client::connect(self.port)
    }

    /// CPU time of all the server's threads, in nanoseconds.
    pub(super) fn cpu_nanoseconds(&self) -> Result<u64> {
        cpu_nanoseconds(&self.child)
    }

    /// The same of the main thread, which is the engine's.
    pub(super) fn engine_nanoseconds(&self) -> Result<u64> {
        let pid = self.child.id();
        first_number(&fs::read_to_string(format!("/proc/{pid}/task/{pid}/schedstat"))?)
    }

    /// The file whose first number is the main thread's CPU time in nanoseconds.
    pub(super) fn main_thread_schedstat(&self) -> Result<fs::File> {
        let pid = self.child.id();
        Ok(fs::File::open(format!("/proc/{pid}/task/{pid}/schedstat"))?)
    }

    /// Memory of the process that is in RAM, in bytes.
    pub(super) fn resident_bytes(&self) -> Result<u64> {
        self.status_bytes("VmRSS:")
    }

    /// Forgets the most memory that the process ever had in RAM; what it has now, in bytes.
    pub(super) fn begin_peak(&self) -> Result<u64> {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?;
        self.resident_bytes()
    }

    /// The most memory that the process had in RAM since [`Server::begin_peak`], in bytes.
    pub(super) fn peak_bytes(&self) -> Result<u64> {
        self.status_bytes("VmHWM:")
    }

    fn status_bytes(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        Ok(first_number(line.ok_or_else(|| format!("the process has no {name}"))?)? * 1024)
    }

    /// What the engine itself says it uses, in bytes.
    pub(super) fn used_memory(&self) -> Result<u64> {
        let info = self.client()?.bulk("INFO memory")?;
        let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        first_number(line.ok_or("INFO has no used_memory")?)
    }

    fn wait_for_reply(&mut self, since: Instant) -> Result<()> {
        while since.elapsed() < Duration::from_secs(START_SECONDS_MAX) {
            if let Ok(mut client) = Client::connect(self.port) {
                let reply = match client.lines(b"PING\r\n", 1) {
                    Err(error) if error.to_string().contains("LOADING") => continue,
                    reply => reply?,
                };
                return if reply == "+PONG" { Ok(()) } else { Err(format!("PING got {reply}").into()) };
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{} ended at once: {status}", program(self.kind).display()).into());
            }
        }
        Err(format!("{} does not answer", program(self.kind).display()).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; there is nothing of value in it either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of all threads of a process, in nanoseconds.
pub(super) fn cpu_nanoseconds(process: &Child) -> Result<u64> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{}/task", process.id()))? {
        // A thread may end while we look.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        total += first_number(&text)?;
    }
    Ok(total)
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The path of a file of the tests' certificates.
pub(super) fn certificate(name: &str) -> String {
    repository().join("tests/clients/tls").join(name).display().to_string()
}

/// The servers of `options` whose programs exist; each of the others is named.
pub(super) fn available(options: &Options) -> Vec<Kind> {
    let (found, missing): (Vec<Kind>, Vec<Kind>) =
        options.servers.iter().partition(|kind| runs(&program(**kind)));
    for kind in missing {
        eprintln!("skipped: {} ({} does not run)", kind.title(), program(kind).display());
    }
    found
}

/// What `--version` says.
pub(super) fn version(kind: Kind) -> Option<String> {
    let output = Command::new(program(kind)).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

/// The program of a server.
pub(super) fn program(kind: Kind) -> PathBuf {
    let (variable, default) = match kind {
        Kind::Redis => ("REDIS_BIN", PathBuf::from("redis-server")),
        // No system has two of them: whoever has a newer one says where.
        Kind::Newer => ("REDIS_NEWER_BIN", PathBuf::from("$REDIS_NEWER_BIN")),
        Kind::Valkey => ("VALKEY_BIN", PathBuf::from("valkey-server")),
        Kind::Wasm | Kind::Native => ("SANDERLING_BIN", repository().join("target/release/sanderling")),
    };
    std::env::var_os(variable).filter(|name| !name.is_empty()).map_or(default, PathBuf::from)
}

/// Also true when SANDERLING_BIN names a redis-server, which is how the benchmark itself is checked.
fn is_redis(kind: Kind) -> bool {
    matches!(kind, Kind::Newer | Kind::Valkey)
        || program(kind).file_name() == Some(OsStr::new("redis-server"))
}

fn runs(program: &Path) -> bool {
    let status = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The first number in `text`.
pub(super) fn first_number(text: &str) -> Result<u64> {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.parse().map_err(|_| format!("'{word}' is not a number").into())
}
