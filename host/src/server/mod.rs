//! The event loop.
//!
//! A turn: wait for sockets or the next deadline; accept; read from each ready socket once, a bounded part, into the
//! engine's input buffer; one call for the batch; write each output from where it lies. A client that has more to say
//! stands at the end of the queue again, so one that floods shares the loop with all others.

use crate::clock::running_micros;
use crate::config::Settings;
use crate::driver::Driver;
use crate::engine::{EngineConfig, Factory, Trap};
use crate::log;
use crate::net::{Listener, Stream, listen};
use crate::storage::Storage;
use crate::supervisor;
use accept::Listeners;
use files::Stop;
use mio::{Events, Poll, Token};
use network::Network;
use sanderling_core::{HostRequest, Micros};
use service::Service;
use settings::fit_descriptor_limit;
use signals::Signals;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

mod accept;
mod clients;
mod error;
mod files;
mod loading;
mod network;
mod pacing;
mod saving;
mod service;
mod settings;
mod signals;
mod slots;
#[cfg(test)]
mod tests;

pub use error::StartError;

const EVENTS_MAX: usize = 1024;
/// How long a stopping server waits for peers to take their replies.
const STOP_FLUSH_MICROS: Micros = 2_000_000;
/// How late the kernel may end a pause, in nanoseconds.
const TIMER_SLACK_NANOS: u64 = 1_000;

const SIGNALS: Token = Token(usize::MAX);
/// Another thread has done something: the one that waits for the disk, or the edge.
const THREADS: Token = Token(usize::MAX - 1);
/// Listeners have the tokens below this one, sessions those from 0 on.
const LISTENERS_END: usize = usize::MAX - 2;

/// A server that listens and is ready to run.
pub struct Server {
    service: Service<Stream, Storage>,
    poll: Poll,
    events: Events,
    listeners: Listeners,
    network: Network,
    signals: Signals,
    /// How long to let requests gather before the next wait.
    pause: Option<Duration>,
    /// The signal that stops the server, if it is one.
    signal: Option<&'static str>,
}

impl Server {
    /// Opens log and sockets, compiles or loads the engine.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_with(settings, Factory::new)
    }

    /// The same with engines from elsewhere, made once the sockets are open.
    pub fn start_with(
        mut settings: Settings,
        factory: impl FnOnce(EngineConfig) -> Result<Factory, Trap>,
    ) -> Result<Self, StartError> {
        let started = Instant::now();
        signals::ignore_others();
        prepare_process(&mut settings)?;
        let mut storage = Storage::new(settings.storage.clone());
        storage.lock()?;
        let mut signals = Signals::new()?;
        let mut listeners = listen(&settings)?;
        let poll = Poll::new()?;
        register(&poll, &mut signals, &mut listeners)?;
        let factory = factory(settings.engine.clone())?;
        let waker = Arc::new(mio::Waker::new(poll.registry(), THREADS)?);
        storage.start_worker(Arc::clone(&waker))?;
        let network = Network::start(&settings, waker)?;
        let driver = Driver::start(factory, storage)?;
        if let Some(path) = &settings.pid_file
            && let Err(error) = fs::write(path, format!("{}\n", std::process::id()))
        {
            // As with Redis, the server is of use without it.
            log::warning!("cannot write the process id to {}: {error}", path.display());
        }
        for listener in &listeners {
            log::notice!("listening on {}", listener.describe());
        }
        supervisor::tell(settings.supervised, "STATUS=Loading data\n");
        let mut service = Service::new(settings, driver);
        service.ready = Some(format!(
            "Ready to accept connections (engine {}, started in {:.1} ms)",
            service.settings.engine.kind,
            started.elapsed().as_secs_f64() * 1000.0
        ));
        match service.begin_storage() {
            Ok(()) => {}
            Err(Stop::Trap(trap)) => return Err(trap.into()),
            Err(Stop::Failed(error)) => return Err(error),
        }
        Ok(Self {
            service,
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            listeners: Listeners::new(listeners),
            network,
            signals,
            pause: None,
            signal: None,
        })
    }

    /// Serves until a signal or SHUTDOWN.
    pub fn run(mut self) -> Result<(), StartError> {
        loop {
            while !self.service.is_stopping {
                self.wait(true)?;
                if let Err(stop) = self.work() {
                    self.go_on_after(stop)?;
                }
            }
            let how = match self.signal.take() {
                Some("SIGINT") => Some(self.service.settings.on_sigint),
                Some(_) => Some(self.service.settings.on_sigterm),
                None => None,
            };
            match self.service.end_storage(how) {
                Ok(true) => return self.stop(),
                Ok(false) => self.service.is_stopping = false,
                Err(stop) => self.go_on_after(stop)?,
            }
        }
    }

    /// After a trap with another engine; other ends are for good.
    fn go_on_after(&mut self, stop: Stop) -> Result<(), StartError> {
        let done = match stop {
            Stop::Trap(trap) => self.service.rebuild(&trap),
            stop @ Stop::Failed(_) => Err(stop),
        };
        self.network.go_back_to(&self.service.settings);
        match done {
            Ok(()) => Ok(()),
            Err(Stop::Trap(trap)) => Err(trap.into()),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// A turn without the wait.
    fn work(&mut self) -> Result<(), Stop> {
        let service = &mut self.service;
        service.follow_clock()?;
        if self.listeners.may_accept() {
            self.listeners.accept(service, self.poll.registry())?;
        }
        if self.network.has_news() {
            let arrivals = self.network.take_newcomers();
            accept::adopt(service, arrivals, self.poll.registry())?;
            let (messages, slots) = self.network.take_messages();
            accept::take_in(service, messages, slots, self.poll.registry())?;
        }
        service.serve()?;
        if let Some((request, text)) = service.driver.take_host_request() {
            match request {
                HostRequest::ChangeEdge => {
                    let done = self.network.change(&mut service.settings, &text);
                    service.call(|driver, to| driver.answer(&done, to))?;
                }
                request if request.is_about_data() => service.run_file_request(request, &text)?,
                request => service.run_host_request(request, &text)?,
            }
        }
        service.process_due()?;
        let now = running_micros();
        service.keep_files(now)?;
        service.release_committed();
        service.keep_house(now);
        self.network.end_turn();
        self.pause = service.pacing.end_turn(now);
        Ok(())
    }

    /// Waits for events or deadlines, and notes which clients are ready. What the engine waits for only counts as long as
    /// it is called.
    fn wait(&mut self, for_engine: bool) -> Result<(), StartError> {
        let mut timeout = self.wait_time(for_engine);
        if let Some(pause) = self.pause.take()
            && timeout.is_none_or(|timeout| timeout > pause)
        {
            thread::sleep(pause);
            timeout = self.wait_time(for_engine);
        }
        if let Err(error) = self.poll.poll(&mut self.events, timeout) {
            return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error.into()) };
        }
        for event in &self.events {
            match event.token() {
                SIGNALS => {
                    if self.signals.take_hangup() {
                        self.network.reload();
                    }
                    if let Some(name) = self.signals.take() {
                        log::notice!("received {name}, shutting down");
                        self.service.is_stopping = true;
                        self.signal = Some(name);
                    }
                }
                // What they have done is looked at in every turn.
                THREADS => {}
                Token(token) if token >= LISTENERS_END - self.listeners.len() => {
                    self.listeners.note_arrival(LISTENERS_END - 1 - token);
                }
                Token(slot) => {
                    let is_closed = event.is_read_closed() || event.is_error();
                    self.service.note_event(slot, event.is_readable(), event.is_writable(), is_closed);
                }
            }
        }
        Ok(())
    }

    /// How long to wait for events, if nothing happens before a deadline.
    fn wait_time(&self, for_engine: bool) -> Option<Duration> {
        let Service { clients, driver, .. } = &self.service;
        let has_work = driver.has_work() || self.service.has_file_work();
        if clients.any_ready() || for_engine && has_work || self.listeners.is_busy() {
            return Some(Duration::ZERO);
        }
        let files = self.service.files_due_at();
        let own =
            [self.listeners.accept_again_at(), clients.housekeeping_at(), files].into_iter().flatten().min();
        let own = own.map(|at| Duration::from_micros(at.saturating_sub(running_micros())));
        let engine = driver.wait_time().filter(|_| for_engine);
        [own, engine].into_iter().flatten().min()
    }

    /// Lets peers take their replies for a moment, then closes everything.
    fn stop(mut self) -> Result<(), StartError> {
        self.listeners.close();
        self.network.begin_stop();
        supervisor::tell(self.service.settings.supervised, "STOPPING=1\n");
        let until = running_micros() + STOP_FLUSH_MICROS;
        self.service.clients.set_housekeeping(until);
        while self.service.clients.any_pending() {
            if running_micros() >= until {
                log::warning!("some clients did not take their last replies in time");
                break;
            }
            self.wait(false)?;
            // Who comes now is too late.
            drop(self.network.take_newcomers());
            let (messages, slots) = self.network.take_messages();
            accept::let_out(&mut self.service, messages, slots);
            self.service.clients.forget_ready();
            self.service.release_committed();
            self.network.end_turn();
        }
        self.service.clients.finish_all();
        self.network.end_turn();
        self.network.close();
        if let Some(path) = &self.service.settings.pid_file {
            remove_pid_file(path);
        }
        log::notice!("stopped");
        Ok(())
    }
}

/// What belongs to the process: the directory it works in, its log, and what the system grants it.
fn prepare_process(settings: &mut Settings) -> Result<(), StartError> {
    if let Some(dir) = &settings.dir {
        let changed = std::env::set_current_dir(dir);
        changed.map_err(|error| StartError::WorkingDir { dir: dir.clone(), error })?;
    }
    log::open(settings.log_level, settings.log_format, settings.log_file.as_deref()).map_err(|error| {
        StartError::LogFile { path: settings.log_file.clone().unwrap_or_default(), error }
    })?;
    log::notice!("{} starting, pid {}", crate::version(), std::process::id());
    for warning in &settings.warnings {
        log::warning!("{warning}");
    }
    fit_descriptor_limit(settings);
    // The kernel would else make each pause up to 50 microseconds longer. If it cannot be told, they are.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(TIMER_SLACK_NANOS));
    Ok(())
}

fn register(poll: &Poll, signals: &mut Signals, listeners: &mut [Listener]) -> Result<(), StartError> {
    poll.registry().register(signals.pipe(), SIGNALS, mio::Interest::READABLE)?;
    for (index, listener) in listeners.iter_mut().enumerate() {
        listener.register(poll.registry(), Token(LISTENERS_END - 1 - index))?;
    }
    Ok(())
}

fn remove_pid_file(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        log::verbose!("cannot remove {}: {error}", path.display());
    }
}
