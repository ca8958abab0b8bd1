//! The edge: a thread that does for new connections what takes long, and hands them over when that is done.
//!
//! A handshake of TLS takes as long as thousands of commands. So connections to the TLS port are accepted here, and
//! join the loop as a socket with the keys that were agreed on; from then on nothing of them passes through this thread.
//!
//! HTTP stays here: it takes longer to read a request than to run its commands. These go to the engine by connections
//! that are no sockets. The thread exists only once there is a port for either.

mod failures;
mod handshake;
mod http;
mod watch;

use crate::config::Settings;
use crate::exchange::{Exchange, Incoming};
use crate::log;
use crate::net::Arrival;
use crate::tls::{self, Stamp, TlsError, TlsSettings};
use failures::Failures;
use http::Http;
use mio::Waker;
use rustls::ServerConfig;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Connections that are not clients yet: in a handshake, or on their way to the loop. Others wait in the kernel.
pub(crate) const NEWCOMERS_MAX: usize = 256;
/// Connections of HTTP at a time. Others wait in the kernel.
pub(crate) const HTTP_CONNECTIONS_MAX: usize = 1024;
/// A certificate that ends so soon is worth a warning, in days.
const CERTIFICATE_DAYS_MIN: i64 = 14;

/// The thread. It ends with this.
pub(crate) struct Edge {
    shared: Arc<Shared>,
    commands: Option<UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is told.
enum Command {
    /// Accept clients from these, in the place of those before.
    Listen(Vec<TcpListener>),
    /// Accept requests over HTTP from these too.
    ListenHttp(Vec<TcpListener>, Door),
}

/// Where a connection comes in, by which it is known what is spoken there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Tls,
    Http,
    Https,
}

/// A connection that is ready for the loop, and its place among the newcomers.
struct Newcomer {
    arrival: Arrival,
    _place: OwnedSemaphorePermit,
}

/// What the thread shares with the loop.
struct Shared {
    /// Without a port for it there is nothing to speak it with.
    tls: Mutex<Option<Tls>>,
    newcomers: Mutex<Vec<Newcomer>>,
    /// The loop has something to look at: newcomers, or another certificate. It is woken whenever this becomes true.
    has_news: Arc<AtomicBool>,
    waker: Arc<Waker>,
    places: Arc<Semaphore>,
    http_places: Arc<Semaphore>,
    exchange: Arc<Exchange>,
    http: Arc<Http>,
    failures: Failures,
    /// Settings have changed, or someone wants the files to be loaded anew.
    look: Notify,
    /// The files are loaded anew although they seem to be the same.
    is_forced: AtomicBool,
}

/// What handshakes are done with, and where it is from.
struct Tls {
    settings: TlsSettings,
    /// Of the files when they were looked at last, whether they could be loaded or not.
    stamp: Stamp,
    config: Arc<ServerConfig>,
    certificate_end: Option<u64>,
}

impl Tls {
    /// What a server needs that has such ports; nothing without one.
    fn load_for(settings: &Settings, tls: &TlsSettings) -> Result<Option<Self>, TlsError> {
        if tls.port == 0 && settings.http.tls_port == 0 { Ok(None) } else { Self::load(tls).map(Some) }
    }

    fn load(settings: &TlsSettings) -> Result<Self, TlsError> {
        // What changes while it is loaded is seen as a change later.
        let stamp = Stamp::of(settings);
        let loaded = tls::load(settings)?;
        warn_of_end(loaded.certificate_end);
        Ok(Self {
            settings: settings.clone(),
            stamp,
            config: loaded.config,
            certificate_end: loaded.certificate_end,
        })
    }
}

impl Edge {
    /// Loads what handshakes need, and starts the thread. It wakes the loop for what [`Edge::take_newcomers`] has.
    pub(crate) fn start(settings: &Settings, tls: &TlsSettings, waker: Arc<Waker>) -> Result<Self, TlsError> {
        let tls = Tls::load_for(settings, tls)?;
        show(tls.as_ref());
        let has_news = Arc::new(AtomicBool::new(false));
        let exchange = Exchange::new(Arc::clone(&has_news), Arc::clone(&waker));
        let http = Arc::new(Http::new(settings, token(settings), Arc::clone(&exchange)));
        let shared = Arc::new(Shared {
            tls: Mutex::new(tls),
            newcomers: Mutex::new(Vec::new()),
            has_news,
            waker,
            places: Arc::new(Semaphore::new(NEWCOMERS_MAX)),
            http_places: Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX)),
            exchange,
            http,
            failures: Failures::default(),
            look: Notify::new(),
            is_forced: AtomicBool::new(false),
        });
        let (commands, received) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(TlsError::Thread)?;
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("edge".to_owned())
            .spawn(move || runtime.block_on(run(&of_thread, received)))
            .map_err(TlsError::Thread)?;
        Ok(Self { shared, commands: Some(commands), thread: Some(thread) })
    }

    /// Goes on with other settings, or the same ones and files that may have changed; if they are no good, with what
    /// there was.
    pub(crate) fn configure(&self, settings: &Settings, tls: &TlsSettings) -> Result<(), TlsError> {
        let tls = Tls::load_for(settings, tls)?;
        show(tls.as_ref());
        *self.shared.tls() = tls;
        self.shared.look.notify_one();
        Ok(())
    }

    /// Accepts from these from now on, and closes those before.
    pub(crate) fn listen(&self, listeners: Vec<TcpListener>) {
        self.command(Command::Listen(listeners));
    }

    /// Accepts requests over HTTP from these too.
    pub(crate) fn listen_http(&self, listeners: Vec<TcpListener>, is_tls: bool) {
        self.command(Command::ListenHttp(listeners, if is_tls { Door::Https } else { Door::Http }));
    }

    fn command(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // Without a receiver the thread has ended, and with it all that it could be told for.
            let _ = commands.send(command);
        }
    }

    /// What has come over connections that are no sockets; [`Edge::take_newcomers`] has to be called before.
    pub(crate) fn take_messages(&self) -> Vec<Incoming> {
        self.shared.exchange.take_incoming()
    }

    /// Tells the thread of replies over such connections.
    #[inline]
    pub(crate) fn end_turn(&self) {
        self.shared.exchange.end_turn();
    }

    /// Has the files loaded anew.
    pub(crate) fn reload(&self) {
        self.shared.is_forced.store(true, Ordering::Release);
        self.shared.look.notify_one();
    }

    /// Whether [`Edge::take_newcomers`] might have something.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.shared.has_news.load(Ordering::Relaxed)
    }

    /// Connections that are ready, no more than [`NEWCOMERS_MAX`].
    pub(crate) fn take_newcomers(&self) -> Vec<Arrival> {
        self.shared.has_news.store(false, Ordering::Release);
        show(self.shared.tls().as_ref());
        let newcomers = std::mem::take(&mut *self.shared.newcomers());
        newcomers.into_iter().map(|newcomer| newcomer.arrival).collect()
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // The thread ends when there will be no more commands.
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        tls::show_certificate_end(0);
    }
}

impl Shared {
    fn tls(&self) -> MutexGuard<'_, Option<Tls>> {
        self.tls.lock().expect("no holder of the lock panics")
    }

    fn newcomers(&self) -> MutexGuard<'_, Vec<Newcomer>> {
        self.newcomers.lock().expect("no holder of the lock panics")
    }

    /// Hands a connection to the loop.
    fn deliver(&self, newcomer: Newcomer) {
        self.newcomers().push(newcomer);
        self.tell_loop();
    }

    fn tell_loop(&self) {
        if !self.has_news.swap(true, Ordering::AcqRel)
            && let Err(error) = self.waker.wake()
        {
            log::warning!("the edge cannot wake the loop: {error}");
        }
    }
}

/// The thread: follows commands until there will be none.
async fn run(shared: &Arc<Shared>, mut commands: UnboundedReceiver<Command>) {
    // All of it ends with the runtime.
    tokio::spawn(watch::watch(Arc::clone(shared)));
    tokio::spawn(Arc::clone(&shared.exchange).hand_out());
    let (mut clients, mut requests) = (JoinSet::new(), JoinSet::new());
    while let Some(command) = commands.recv().await {
        let (listeners, door, accepting) = match command {
            Command::Listen(listeners) => {
                clients.shutdown().await;
                (listeners, Door::Tls, &mut clients)
            }
            Command::ListenHttp(listeners, door) => (listeners, door, &mut requests),
        };
        for listener in listeners {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => drop(accepting.spawn(handshake::accept(listener, door, Arc::clone(shared)))),
                Err(error) => log::warning!("cannot accept connections at the edge: {error}"),
            }
        }
    }
}

/// Leaves for INFO what TLS tells, in the thread of the loop.
fn show(tls: Option<&Tls>) {
    tls::show_certificate_end(tls.and_then(|tls| tls.certificate_end).unwrap_or(0));
}

/// What requests over HTTP bring. Where there is no password either, nobody shall be let in who has not seen the log.
fn token(settings: &Settings) -> Option<String> {
    if !settings.http.is_on() || settings.http.token.is_some() || settings.has_password {
        return settings.http.token.clone();
    }
    match http::random_token() {
        Ok(token) => {
            log::notice!("requests over HTTP bring this token, since http-token is not set: {token}");
            Some(token)
        }
        Err(error) => {
            log::warning!("there is no randomness for a token, and nobody is let in by one: {error}");
            None
        }
    }
}

/// Says so if a certificate has ended or soon will.
fn warn_of_end(end: Option<u64>) {
    let Some(end) = end else { return };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let days = (i128::from(end) - i128::from(now)).div_euclid(86_400);
    if days < 0 {
        log::warning!("the certificate of TLS has ended {} days ago: clients will refuse it", -days);
    } else if days < i128::from(CERTIFICATE_DAYS_MIN) {
        log::warning!("the certificate of TLS ends in {days} days");
    }
}
