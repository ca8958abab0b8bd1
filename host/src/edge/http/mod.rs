//! HTTP at the edge: connections, who may ask, and answers by way of the engine.

mod console;
mod conversation;
mod counts;
mod guard;
mod metrics;
mod refusal;
mod reply;
mod request;
mod rest;
mod stream;
mod websocket;
mod wording;

use crate::config::{HttpSettings, Settings};
use crate::exchange::Exchange;
use crate::log;
use conversation::Pool;
use counts::Counts;
use guard::Admission;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use refusal::Refusal;
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use wording::{Heads, Wording};

/// Bytes that a head may have.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Headers that it may have.
const HEADERS_MAX: usize = 100;
/// How long a head may take, from its first byte on.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
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
    /// Each request keeps to those that it met.
    rules: Mutex<Arc<Rules>>,
    exchange: Arc<Exchange>,
    pool: Pool,
    /// Bytes that all requests keep.
    held: Arc<AtomicUsize>,
    counts: Counts,
    /// Tells the answers of this process from those of others.
    name: String,
    answers: AtomicU64,
    failures: Mutex<HashMap<IpAddr, (Instant, u32)>>,
    /// Whether the server stops. Each connection has a receiver as long as it lasts.
    stopping: watch::Sender<bool>,
}

/// What the settings say.
struct Rules {
    admission: Admission,
    limits: HttpSettings,
    /// Whether the token is in no setting, but made and told.
    is_made: bool,
    /// How long clients may keep a connection that they do not use, as the header has it.
    keep_alive: HeaderValue,
}

/// Who is at the other end.
pub(super) struct Peer {
    pub(super) addr: String,
    pub(super) laddr: String,
    pub(super) ip: IpAddr,
    pub(super) is_local: bool,
}

impl Rules {
    /// What the settings let in. Where neither they nor the default user have something secret, nobody shall be let in who
    /// has not seen the log: then there is a token that was made, the one from `before` if there was one.
    fn new(settings: &Settings, http: &HttpSettings, before: Option<&Self>) -> Self {
        let bound = settings.bind.iter().map(|address| {
            let address = address.trim_start_matches('-');
            if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
        });
        let own = LOCAL_HOSTS.iter().map(|&host| host.to_owned()).chain(bound.filter(|host| host != "*"));
        let hosts = own.chain(http.hosts.iter().cloned()).map(|host| host.to_ascii_lowercase()).collect();
        // Connections stay without a port for others.
        let is_on = http.is_on() || before.is_some_and(|before| before.is_made);
        let is_made = is_on && http.token.is_none() && !settings.has_password;
        let made = || {
            before.filter(|before| before.is_made).map_or_else(make_token, |old| old.admission.token.clone())
        };
        let token = if is_made { made() } else { http.token.clone() };
        Self {
            admission: Admission { token, hosts, cors_origins: http.cors_origins.clone() },
            limits: http.clone(),
            is_made,
            keep_alive: HeaderValue::from_str(&format!("timeout={}", http.idle_seconds_max))
                .expect("digits and letters are a header"),
        }
    }
}

impl Http {
    pub(super) fn new(settings: &Settings, http: &HttpSettings, exchange: Arc<Exchange>) -> Self {
        let mut name = [0; 8];
        // A name that is not random is only less telling.
        let _ = getrandom::fill(&mut name);
        Self {
            rules: Mutex::new(Arc::new(Rules::new(settings, http, None))),
            exchange,
            pool: Pool::default(),
            held: Arc::default(),
            counts: Counts::default(),
            name: hex(&name),
            answers: AtomicU64::new(0),
            failures: Mutex::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Goes on with other settings, which hold for the next request of every connection.
    pub(super) fn configure(&self, settings: &Settings, http: &HttpSettings) {
        let mut rules = self.rules.lock().expect("no holder of the lock panics");
        *rules = Arc::new(Rules::new(settings, http, Some(&rules)));
    }

    /// Takes no more requests. Those that are under way end with their connections to the engine.
    pub(super) fn begin_stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until all connections have ended, if the server stops.
    pub(super) async fn end(&self) {
        if *self.stopping.borrow() {
            self.stopping.closed().await;
        }
    }

    /// The path of the console, if it is there, with the token behind it if that was made and told.
    pub(super) fn console(&self) -> Option<String> {
        let rules = self.rules();
        let token = rules.admission.token.as_ref().filter(|_| rules.is_made);
        let fragment = token.map_or_else(String::new, |token| format!("#token={token}"));
        rules.limits.has_console.then(|| format!("{}{fragment}", console::PATH))
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.lock().expect("no holder of the lock panics"))
    }

    /// Serves a connection to its end, or until it is a client's like those that speak Redis's protocol, and counts as one.
    pub(super) async fn serve<S>(self: Arc<Self>, io: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let peer = Arc::new(peer);
        let idle = Duration::from_secs(self.rules().limits.idle_seconds_max);
        let heads = Arc::new(Heads::default());
        let io = Wording::new(io, Arc::clone(&heads), HEAD_PATIENCE);
        let opening = Mutex::new(None);
        let service = service_fn(|request| {
            let (http, peer, heads) = (Arc::clone(&self), Arc::clone(&peer), Arc::clone(&heads));
            let opening = &opening;
            async move {
                heads.begin();
                let response = rest::answer(&http, &peer, request, opening).await;
                // What comes behind a switch of protocols has no heads.
                if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    heads.end();
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // It runs while a connection is idle, too.
            .header_read_timeout(idle)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        let stopping = self.stopping.subscribe();
        let mut stopped = stopping.clone();
        let served = async move {
            let mut connection = pin!(connection);
            let (mut stop, mut is_last) = (pin!(stopped.wait_for(|&is_stopping| is_stopping)), false);
            poll_fn(|cx| {
                // When the server stops, the request that is under way is the last.
                if !is_last && stop.as_mut().poll(cx).is_ready() {
                    is_last = true;
                    connection.as_mut().graceful_shutdown();
                }
                connection.as_mut().poll(cx)
            })
            .await
        };
        if let Err(error) = served.await {
            log::verbose!("a connection of HTTP with {} failed: {error}", peer.addr);
        }
        if let Some(opening) = opening.into_inner().expect("no holder of the lock panics") {
            tokio::spawn(async move { websocket::serve::<S>(opening, &peer, stopping).await });
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

/// A token that nobody can guess, for who reads the log.
fn make_token() -> Option<String> {
    let mut bytes = [0; 32];
    match getrandom::fill(&mut bytes) {
        Ok(()) => {
            let token = hex(&bytes);
            log::notice!("requests over HTTP bring this token, since http-token is not set: {token}");
            Some(token)
        }
        Err(error) => {
            log::warning!("there is no randomness for a token, and nobody is let in by one: {error}");
            None
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
