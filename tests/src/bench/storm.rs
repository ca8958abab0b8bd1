//! How long a plain client waits while others shake hands for TLS, and how long a handshake takes while plain clients leave
//! the core no time.

use super::options::{Kind, Options};
use super::server::{Server, available};
use super::table::{grouped, markdown};
use super::{Result, median};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// Handshakes in a second, each a whole one.
const RATE: u32 = 200;
/// Between two requests of the plain client.
const PERIOD: Duration = Duration::from_micros(250);
/// Shorter runs have too few handshakes.
const SECONDS_MIN: f64 = 1.0;
/// How much the storm may add to what 99 of 100 requests wait at most.
const TARGET: f64 = 1.1;

/// A request and its reply.
const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
const NIL: &[u8] = b"$-1\r\n";
/// Requests of a batch of the client that fills the core: replies to it are short, so that the server has most of the work.
const CROWD_BATCH: usize = 2000;

/// The tables: quiet and stormy runs in turn, and handshakes on an idle core and on a full one.
pub(super) fn measure(options: &Options) -> Result<String> {
    let folder = std::env::temp_dir().join(format!("storm-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let tables = measure_in(&folder, options);
    fs::remove_dir_all(&folder)?;
    let [waits, handshakes] = tables?;
    Ok(format!(
        "A plain client sends a GET every {} µs while others make {RATE} connections of TLS a second, each with a whole \
         handshake by a certificate on RSA with 2,048 bits: the time in which 50 and 99 of 100 replies are there.\n\n{}\n\
         How long such handshakes take, one after the other, on a core that is idle and on one that a plain client keeps \
         busy with batches of {CROWD_BATCH} GETs; and how much of the core's time the server has then.\n\n{}",
        PERIOD.as_micros(),
        markdown(&waits),
        markdown(&handshakes)
    ))
}

fn measure_in(folder: &Path, options: &Options) -> Result<[Vec<Vec<String>>; 2]> {
    let [certificate, key] = make_certificate(folder)?;
    let servers: Vec<Server> = available(options)
        .into_iter()
        .map(|kind| Server::start_with_certificate(kind, &certificate, &key))
        .collect::<Result<_>>()?;
    let seconds = options.seconds.max(SECONDS_MIN);
    let mut waits = vec![[const { Vec::new() }; 4]; servers.len()];
    let mut handshakes = vec![[const { Vec::new() }; 5]; servers.len()];
    for _ in 0..options.rounds {
        for (at, server) in servers.iter().enumerate() {
            let quiet = latencies(server, seconds)?;
            let storm = Storm::begin(server.tls_port, &certificate)?;
            let stormy = latencies(server, seconds)?;
            storm.end()?;
            push(&mut waits[at], [quiet[0], stormy[0], quiet[1], stormy[1]]);
            let idle = handshake_times(server, &certificate, seconds)?;
            let (full, share) = in_crowd(server, || handshake_times(server, &certificate, seconds))?;
            push(&mut handshakes[at], [idle[0], idle[1], full[0], full[1], share * 100.0]);
        }
    }
    let mut lines = [waits_heading(), handshakes_heading()];
    for ((server, waits), handshakes) in servers.iter().zip(&waits).zip(&handshakes) {
        lines[0].push(waits_line(server.kind, waits.each_ref().map(|samples| median(samples))));
        lines[1].push(handshakes_line(server.kind, handshakes.each_ref().map(|samples| median(samples))));
    }
    for line in lines.iter().flatten() {
        eprintln!("{}", line.join("  "));
    }
    Ok(lines)
}

fn push<const N: usize>(samples: &mut [Vec<f64>; N], values: [f64; N]) {
    for (samples, value) in samples.iter_mut().zip(values) {
        samples.push(value);
    }
}

fn waits_heading() -> Vec<Vec<String>> {
    let heading = ["Server", "p50 µs", "in the storm", "p99 µs", "in the storm", "ratio of p99"];
    vec![heading.map(str::to_owned).to_vec()]
}

fn waits_line(kind: Kind, values: [f64; 4]) -> Vec<String> {
    let ratio = values[3] / values[2];
    let mark = match (kind, ratio <= TARGET) {
        (Kind::Wasm | Kind::Native, true) => " ✓",
        (Kind::Wasm | Kind::Native, false) => " ✗",
        _ => "",
    };
    let mut cells = vec![kind.title().to_owned()];
    cells.extend(values.map(grouped));
    cells.push(format!("{ratio:.2}×{mark}"));
    cells
}

fn handshakes_heading() -> Vec<Vec<String>> {
    let heading = ["Server", "p50 µs", "p99 µs", "p50 on a full core", "p99 there", "server's share"];
    vec![heading.map(str::to_owned).to_vec()]
}

fn handshakes_line(kind: Kind, values: [f64; 5]) -> Vec<String> {
    let mut cells = vec![kind.title().to_owned()];
    cells.extend(values.map(grouped));
    cells.last_mut().expect("there is one for each value").push_str(" %");
    cells
}

/// Microseconds in which half of the replies are there, and 99 of 100.
fn latencies(server: &Server, seconds: f64) -> Result<[f64; 2]> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port))?;
    stream.set_nodelay(true)?;
    let begin = Instant::now();
    let (mut next, mut all) = (begin, Vec::new());
    let mut reply = [0; NIL.len()];
    while begin.elapsed().as_secs_f64() < seconds {
        sleep(next.saturating_duration_since(Instant::now()));
        // Late ones are not made up for: nobody shall wait behind another.
        next = Instant::now() + PERIOD;
        let sent = Instant::now();
        stream.write_all(GET)?;
        stream.read_exact(&mut reply)?;
        all.push(sent.elapsed().as_secs_f64() * 1e6);
        if reply != NIL {
            return Err("GET was answered by something else than nothing".into());
        }
    }
    Ok(middle_and_tail(all))
}

/// Below which half of the values are, and 99 of 100.
fn middle_and_tail(mut values: Vec<f64>) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    [values[values.len() / 2], values[values.len() * 99 / 100]]
}

/// Microseconds in which half of the handshakes are through that a client makes one after the other, and 99 of 100.
fn handshake_times(server: &Server, certificate: &Path, seconds: f64) -> Result<[f64; 2]> {
    let config = client_config(certificate)?;
    let (begin, mut all) = (Instant::now(), Vec::new());
    while begin.elapsed().as_secs_f64() < seconds {
        let began = Instant::now();
        shake_hands(server.tls_port, &config)?;
        all.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(middle_and_tail(all))
}

/// Does something while a plain client keeps the server's core busy, and which part of the time the server then works.
fn in_crowd<T>(server: &Server, work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (begin, before) = (Instant::now(), server.cpu_nanoseconds()?);
        let crowd = scope.spawn(|| crowd(server.port, &is_over));
        let outcome = work();
        is_over.store(true, Ordering::Relaxed);
        crowd.join().map_err(|_| "the thread of the crowd panicked")??;
        let worked = server.cpu_nanoseconds()? - before;
        Ok((outcome?, worked as f64 / begin.elapsed().as_nanos() as f64))
    })
}

/// Sends batch after batch, each before the replies to the one before have come.
fn crowd(port: u16, is_over: &AtomicBool) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let (batch, mut replies) = (GET.repeat(CROWD_BATCH), vec![0; NIL.len() * CROWD_BATCH]);
    stream.write_all(&batch)?;
    while !is_over.load(Ordering::Relaxed) {
        stream.write_all(&batch)?;
        stream.read_exact(&mut replies)?;
    }
    stream.read_exact(&mut replies)
}

/// This program once more, see [`strike`]. It takes what the plain client leaves of their core.
struct Storm(Child);

impl Storm {
    fn begin(port: u16, certificate: &Path) -> Result<Storm> {
        let mut command = Command::new("chrt");
        command.args(["--idle", "0"]).arg(std::env::current_exe()?);
        command.args(["--storm", &port.to_string()]).arg(certificate);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("chrt is needed: {error}"))?;
        // It tells when the first handshake was done.
        let mut byte = [0];
        child.stdout.take().expect("it is piped").read_exact(&mut byte)?;
        Ok(Storm(child))
    }

    /// Ends it, if it has not ended before, which it does for a reason.
    fn end(mut self) -> Result<()> {
        match self.0.try_wait()? {
            Some(status) => Err(format!("the storm has ended by itself: {status}").into()),
            None => Ok(()),
        }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Shakes hands so many times a second, for ever.
pub(super) fn strike(port: u16, certificate: &str) -> Result<()> {
    let config = client_config(Path::new(certificate))?;
    let period = Duration::from_secs(1) / RATE;
    let (mut next, mut is_told) = (Instant::now(), false);
    loop {
        sleep(next.saturating_duration_since(Instant::now()));
        next += period;
        shake_hands(port, &config)?;
        if !std::mem::replace(&mut is_told, true) {
            std::io::stdout().write_all(b".")?;
            std::io::stdout().flush()?;
        }
    }
}

/// What a client needs each of whose handshakes is a whole one.
fn client_config(certificate: &Path) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

fn shake_hands(port: u16, config: &Arc<ClientConfig>) -> Result<()> {
    let mut connection = ClientConnection::new(Arc::clone(config), ServerName::try_from("localhost")?)?;
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(())
}

/// Paths of a certificate on RSA that is its own authority, and of its key.
fn make_certificate(folder: &Path) -> Result<[PathBuf; 2]> {
    let [certificate, key] = ["server.crt", "server.key"].map(|name| folder.join(name));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .map_err(|error| format!("openssl is needed: {error}"))?;
    if !made.status.success() {
        return Err(format!("openssl failed: {}", String::from_utf8_lossy(&made.stderr)).into());
    }
    Ok([certificate, key])
}
