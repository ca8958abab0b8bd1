//! The edge: a thread that does for new connections what takes long, and hands them over when that is done.
//!
//! A handshake of TLS takes as long as thousands of commands. So connections to the TLS port are accepted here, and
//! join the loop as a socket with the keys that were agreed on; from then on nothing of them passes through this thread.
//! It exists only once there is such a port.

mod failures;
mod handshake;
mod watch;

use crate::log;
use crate::net::Arrival;
use crate::tls::{self, Stamp, TlsError, TlsSettings};
use failures::Failures;
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
/// A certificate that ends so soon is worth a warning, in days.
const CERTIFICATE_DAYS_MIN: i64 = 14;

/// The thread. It ends with this.
pub(crate) struct Edge {
    shared: Arc<Shared>,
    commands: Option<UnboundedSender<Listeners>>,
    thread: Option<JoinHandle<()>>,
}

/// Listeners that take the place of those before.
type Listeners = Vec<TcpListener>;

/// A connection that is ready for the loop, and its place among the newcomers.
struct Newcomer {
    arrival: Arrival,
    _place: OwnedSemaphorePermit,
}

/// What the thread shares with the loop.
struct Shared {
    tls: Mutex<Tls>,
    newcomers: Mutex<Vec<Newcomer>>,
    /// The loop has something to look at: newcomers, or another certificate. It is woken whenever this becomes true.
    has_news: AtomicBool,
    waker: Arc<Waker>,
    places: Arc<Semaphore>,
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

    /// Leaves for INFO what it tells, in the thread of the loop.
    fn show(&self) {
        tls::show_certificate_end(self.certificate_end.unwrap_or(0));
    }
}

impl Edge {
    /// Loads what handshakes need, and starts the thread. It wakes the loop for what [`Edge::take_newcomers`] has.
    pub(crate) fn start(settings: &TlsSettings, waker: Arc<Waker>) -> Result<Self, TlsError> {
        let tls = Tls::load(settings)?;
        tls.show();
        let shared = Arc::new(Shared {
            tls: Mutex::new(tls),
            newcomers: Mutex::new(Vec::new()),
            has_news: AtomicBool::new(false),
            waker,
            places: Arc::new(Semaphore::new(NEWCOMERS_MAX)),
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
    pub(crate) fn configure(&self, settings: &TlsSettings) -> Result<(), TlsError> {
        let tls = Tls::load(settings)?;
        tls.show();
        *self.shared.tls() = tls;
        self.shared.look.notify_one();
        Ok(())
    }

    /// Accepts from these from now on, and closes those before.
    pub(crate) fn listen(&self, listeners: Vec<TcpListener>) {
        if let Some(commands) = &self.commands {
            // Without a receiver the thread has ended, which it has told.
            let _ = commands.send(listeners);
        }
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
        self.shared.tls().show();
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
    fn tls(&self) -> MutexGuard<'_, Tls> {
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
async fn run(shared: &Arc<Shared>, mut commands: UnboundedReceiver<Listeners>) {
    let watching = tokio::spawn(watch::watch(Arc::clone(shared)));
    let mut accepting = JoinSet::new();
    while let Some(listeners) = commands.recv().await {
        accepting.shutdown().await;
        for listener in listeners {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => drop(accepting.spawn(handshake::accept(listener, Arc::clone(shared)))),
                Err(error) => log::warning!("cannot accept connections of TLS: {error}"),
            }
        }
    }
    watching.abort();
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
