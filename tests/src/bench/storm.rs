//! How long a plain client waits while others shake hands for TLS.

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
use std::thread::sleep;
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

/// The table, quiet and stormy runs in turn.
pub(super) fn measure(options: &Options) -> Result<String> {
    let folder = std::env::temp_dir().join(format!("storm-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let lines = measure_in(&folder, options);
    fs::remove_dir_all(&folder)?;
    Ok(format!(
        "A plain client sends a GET every {} µs while others make {RATE} connections of TLS a second, each with a whole \
         handshake by a certificate on RSA with 2,048 bits: the time in which 50 and 99 of 100 replies are there.\n\n{}",
        PERIOD.as_micros(),
        markdown(&lines?)
    ))
}

fn measure_in(folder: &Path, options: &Options) -> Result<Vec<Vec<String>>> {
    let [certificate, key] = make_certificate(folder)?;
    let heading = ["Server", "p50 µs", "in the storm", "p99 µs", "in the storm", "ratio of p99"];
    let mut lines = vec![heading.map(str::to_owned).to_vec()];
    let servers: Vec<Server> = available(options)
        .into_iter()
        .map(|kind| Server::start_with_certificate(kind, &certificate, &key))
        .collect::<Result<_>>()?;
    let seconds = options.seconds.max(SECONDS_MIN);
    let mut samples = vec![[const { Vec::new() }; 4]; servers.len()];
    for _ in 0..options.rounds {
        for (server, samples) in servers.iter().zip(&mut samples) {
            let quiet = latencies(server, seconds)?;
            let storm = Storm::begin(server.tls_port, &certificate)?;
            let stormy = latencies(server, seconds)?;
            storm.end()?;
            for (at, value) in [quiet[0], stormy[0], quiet[1], stormy[1]].into_iter().enumerate() {
                samples[at].push(value);
            }
        }
    }
    for (server, samples) in servers.iter().zip(&samples) {
        let values = samples.each_ref().map(|samples| median(samples));
        let ratio = values[3] / values[2];
        let mark = match (server.kind, ratio <= TARGET) {
            (Kind::Wasm | Kind::Native, true) => " ✓",
            (Kind::Wasm | Kind::Native, false) => " ✗",
            _ => "",
        };
        let mut cells = vec![server.kind.title().to_owned()];
        cells.extend(values.map(grouped));
        cells.push(format!("{ratio:.2}×{mark}"));
        eprintln!("{}", cells.join("  "));
        lines.push(cells);
    }
    Ok(lines)
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
    all.sort_by(f64::total_cmp);
    Ok([all[all.len() / 2], all[all.len() * 99 / 100]])
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
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    // Each handshake is a whole one.
    config.resumption = rustls::client::Resumption::disabled();
    let config = Arc::new(config);
    let period = Duration::from_secs(1) / RATE;
    let (mut next, mut is_told) = (Instant::now(), false);
    loop {
        sleep(next.saturating_duration_since(Instant::now()));
        next += period;
        let mut connection = ClientConnection::new(Arc::clone(&config), ServerName::try_from("localhost")?)?;
        let mut socket = TcpStream::connect(("127.0.0.1", port))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        if !std::mem::replace(&mut is_told, true) {
            std::io::stdout().write_all(b".")?;
            std::io::stdout().flush()?;
        }
    }
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
