//! The edge: a thread that does for new connections what takes long, and hands them over when that is done.
//!
//! A handshake of TLS takes as long as thousands of commands. So connections to the TLS port are accepted here, and
//! join the loop as a socket with the keys that were agreed on; from then on nothing of them passes through this thread.
//!
//! HTTP stays here: it takes longer to read a request than to run its commands. These go to the engine by connections
//! that are no sockets. The thread exists only once there is a port for either.

mod beginner;
mod failures;
mod handshake;
mod http;
mod watch;

use crate::config::{HttpSettings, Settings};
use crate::exchange::{Exchange, Incoming};
use crate::log;
use crate::memory::tell_held_bytes;
use crate::net::Arrival;
use crate::tls::{self, Stamp, TlsError, TlsSettings};
use beginner::Beginner;
use failures::Failures;
use http::Http;
use mio::Waker;
use rustls::ServerConfig;
use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections that are not clients yet: in a handshake, or on their way to the loop. Others wait in the kernel.
pub(crate) const NEWCOMERS_MAX: usize = 256;
/// Connections of HTTP at a time. Others wait in the kernel.
pub(crate) const HTTP_CONNECTIONS_MAX: usize = 1024;
/// Pause after a part of the edge has failed that must go on.
const RESTART_PAUSE: Duration = Duration::from_millis(100);
/// How long connections may take to end when the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(1);
/// A certificate that ends so soon is worth a warning, in days.
const CERTIFICATE_DAYS_MIN: i64 = 14;

/// The thread. It ends with this.
pub(crate) struct Edge {
    shared: Arc<Shared>,
    commands: Option<UnboundedSender<Listen>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is told: to accept connections from these, in the place of those before.
struct Listen(Door, Vec<TcpListener>);

/// Where a connection comes in, by which it is known what is spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Door {
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
    beginner: Beginner,
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
    fn load_for(tls: &TlsSettings, http: &HttpSettings) -> Result<Option<Self>, TlsError> {
        if tls.port == 0 && http.tls_port == 0 { Ok(None) } else { Self::load(tls).map(Some) }
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
    pub(crate) fn start(
        settings: &Settings,
        tls: &TlsSettings,
        http: &HttpSettings,
        waker: Arc<Waker>,
    ) -> Result<Self, TlsError> {
        let tls = Tls::load_for(tls, http)?;
        show(tls.as_ref());
        let has_news = Arc::new(AtomicBool::new(false));
        let exchange = Exchange::new(Arc::clone(&has_news), Arc::clone(&waker));
        let http = Arc::new(Http::new(settings, http, Arc::clone(&exchange)));
        let shared = Arc::new(Shared {
            tls: Mutex::new(tls),
            newcomers: Mutex::new(Vec::new()),
            has_news,
            waker,
            places: Arc::new(Semaphore::new(NEWCOMERS_MAX)),
            http_places: Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX)),
            exchange,
            http,
            beginner: Beginner::default(),
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
    pub(crate) fn configure(
        &self,
        settings: &Settings,
        tls: &TlsSettings,
        http: &HttpSettings,
    ) -> Result<(), TlsError> {
        let tls = Tls::load_for(tls, http)?;
        show(tls.as_ref());
        self.shared.http.configure(settings, http);
        *self.shared.tls() = tls;
        self.shared.look.notify_one();
        Ok(())
    }

    /// Accepts from these from now on, and closes those before that were this door's.
    pub(crate) fn listen(&self, door: Door, listeners: Vec<TcpListener>) {
        if let Some(commands) = &self.commands {
            // Without a receiver the thread has ended, and with it all that it could be told for.
            let _ = commands.send(Listen(door, listeners));
        }
    }

    /// Accepts nothing any more, and takes no more requests. Those that are under way have until a moment after this ends.
    pub(crate) fn begin_stop(&self) {
        for door in [Door::Tls, Door::Http, Door::Https] {
            self.listen(door, Vec::new());
        }
        self.shared.http.begin_stop();
    }

    /// The path of the console, if it is there, with what lets a browser in that is in the log anyway.
    pub(crate) fn console(&self) -> Option<String> {
        self.shared.http.console()
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
        tell_held_bytes();
        if !self.has_news.swap(true, Ordering::AcqRel)
            && let Err(error) = self.waker.wake()
        {
            log::warning!("the edge cannot wake the loop: {error}");
        }
    }
}

/// The thread: accepts connections where it is told to until it is told no more.
async fn run(shared: &Arc<Shared>, mut commands: UnboundedReceiver<Listen>) {
    // All of it ends with the runtime.
    let always = Arc::clone(shared);
    tokio::spawn(keep_up("the watch of TLS's files", move || watch::watch(Arc::clone(&always))));
    let exchange = Arc::clone(&shared.exchange);
    tokio::spawn(keep_up("the exchange with the engine", move || Arc::clone(&exchange).hand_out()));
    let exchange = Arc::clone(&shared.exchange);
    tokio::spawn(keep_up("the exchange with the engine", move || Arc::clone(&exchange).pass_on()));
    let mut doors: HashMap<Door, JoinSet<()>> = HashMap::new();
    while let Some(Listen(door, listeners)) = commands.recv().await {
        let accepting = doors.entry(door).or_default();
        accepting.shutdown().await;
        for listener in listeners {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => {
                    let (listener, shared) = (Arc::new(listener), Arc::clone(shared));
                    let accept = move || handshake::accept(Arc::clone(&listener), door, Arc::clone(&shared));
                    accepting.spawn(keep_up("a listener of the edge", accept));
                }
                Err(error) => log::warning!("cannot accept connections at the edge: {error}"),
            }
        }
    }
    // Those who take longer are cut off.
    let _ = timeout(STOP_PATIENCE, shared.http.end()).await;
}

/// Does something that never ends, and begins it anew should it panic: no fault in what strangers send stops the server.
async fn keep_up<F>(name: &str, make: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // It ends with this, too.
        let mut task = JoinSet::new();
        task.spawn(make());
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                log::warning!("{name} has failed and begins anew: {error}")
            }
            _ => return,
        }
        sleep(RESTART_PAUSE).await;
    }
}

/// Leaves for INFO what TLS tells, in the thread of the loop.
fn show(tls: Option<&Tls>) {
    tls::show_certificate_end(tls.and_then(|tls| tls.certificate_end).unwrap_or(0));
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Such tasks never end; this one does, so that the test does.
    #[test]
    fn what_panics_begins_anew() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        runtime.block_on(keep_up("a test", move || {
            let runs = Arc::clone(&counted);
            async move { assert!(runs.fetch_add(1, Ordering::Relaxed) > 0, "the first run fails") }
        }));
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }
}
