//! HTTP at the edge: connections, who may ask, and answers by way of the engine.

mod conversation;
mod guard;
mod metrics;
mod refusal;
mod reply;
mod request;
mod rest;
mod stream;
mod wording;

use crate::config::{HttpSettings, Metrics, Settings};
use crate::exchange::Exchange;
use crate::log;
use conversation::Pool;
use guard::Admission;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use refusal::Refusal;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};
use wording::Wording;

/// Bytes that a head may have.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Headers that it may have.
const HEADERS_MAX: usize = 100;
/// Requests with a wrong token from an address in a second, before those that follow are slowed down.
const FAILURES_MAX: u32 = 5;
/// How long their answers take then.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// Addresses whose failures are known.
const ADDRESSES_MAX: usize = 1024;
/// Names that this machine has for itself.
const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Everything that requests are answered with.
pub(super) struct Http {
    admission: Admission,
    limits: HttpSettings,
    metrics: Metrics,
    exchange: Arc<Exchange>,
    pool: Pool,
    /// Bytes that all requests keep.
    held: Arc<AtomicUsize>,
    /// How long clients may keep a connection that they do not use, as the header has it.
    keep_alive: HeaderValue,
    /// Tells the answers of this process from those of others.
    name: String,
    answers: AtomicU64,
    failures: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

/// Who is at the other end.
pub(super) struct Peer {
    pub(super) addr: String,
    pub(super) laddr: String,
    pub(super) ip: IpAddr,
    pub(super) is_local: bool,
}

impl Http {
    /// What the settings let in, by this token too.
    pub(super) fn new(settings: &Settings, token: Option<String>, exchange: Arc<Exchange>) -> Self {
        let http = &settings.http;
        let bound = settings.bind.iter().map(|address| {
            let address = address.trim_start_matches('-');
            if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
        });
        let own = LOCAL_HOSTS.iter().map(|&host| host.to_owned()).chain(bound.filter(|host| host != "*"));
        let hosts = own.chain(http.hosts.iter().cloned()).map(|host| host.to_ascii_lowercase()).collect();
        let mut name = [0; 8];
        // A name that is not random is only less telling.
        let _ = getrandom::fill(&mut name);
        Self {
            admission: Admission { token, hosts, cors_origins: http.cors_origins.clone() },
            limits: http.clone(),
            metrics: http.metrics,
            exchange,
            pool: Pool::default(),
            held: Arc::default(),
            keep_alive: HeaderValue::from_str(&format!("timeout={}", http.idle_seconds_max))
                .expect("digits and letters are a header"),
            name: hex(&name),
            answers: AtomicU64::new(0),
            failures: Mutex::default(),
        }
    }

    /// Serves a connection to its end.
    pub(super) async fn serve(self: Arc<Self>, io: impl AsyncRead + AsyncWrite + Unpin, peer: Peer) {
        let peer = Arc::new(peer);
        let idle = Duration::from_secs(self.limits.idle_seconds_max);
        let service = service_fn(|request| {
            let (http, peer) = (Arc::clone(&self), Arc::clone(&peer));
            async move { Ok::<_, Infallible>(rest::answer(&http, &peer, request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // It runs while a connection is idle, too.
            .header_read_timeout(idle)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(Wording::new(io)), service);
        if let Err(error) = connection.await {
            log::verbose!("a connection of HTTP with {} failed: {error}", peer.addr);
        }
    }

    /// Lets who guesses wait.
    async fn failed_login(&self, peer: &Peer, refusal: Refusal) -> Refusal {
        if self.count_failure(peer.ip) > FAILURES_MAX {
            sleep(FAILURE_PAUSE).await;
        }
        refusal
    }

    /// How many failures there were from an address in this second.
    fn count_failure(&self, ip: IpAddr) -> u32 {
        let now = Instant::now();
        let mut failures = self.failures.lock().expect("no holder of the lock panics");
        if failures.len() >= ADDRESSES_MAX {
            failures.retain(|_, (since, _)| now - *since < FAILURE_PAUSE);
        }
        if failures.len() >= ADDRESSES_MAX {
            failures.clear();
        }
        let (since, count) = failures.entry(ip).or_insert((now, 0));
        if now - *since >= FAILURE_PAUSE {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count
    }
}

/// A token that nobody can guess.
pub(super) fn random_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
