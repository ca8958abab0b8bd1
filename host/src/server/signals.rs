//! SIGTERM, SIGINT and SIGHUP as events of the loop; what else could end the server is ignored.

use mio::net::UnixStream;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Ignores the end of pipes and of what files may grow to, both of which are errors of a write.
pub(super) fn ignore_others() {
    for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
        // SAFETY: ignoring a signal runs no code of ours.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// The two signals that end the server, of which the second one ends it at once, and SIGHUP, by which files of TLS are
/// loaded anew. It does not end the server, whose terminal need not be its own; and log files are opened again without
/// being told (see [`crate::log`]).
pub(super) struct Signals {
    pipe: UnixStream,
    last: Arc<AtomicUsize>,
    has_hung_up: Arc<AtomicBool>,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        let (pipe, writer) = std::os::unix::net::UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        let last = Arc::new(AtomicUsize::new(0));
        let stopping = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // Actions run in this order, so that the first signal only arms the shutdown.
            flag::register_conditional_shutdown(signal, 1, Arc::clone(&stopping))?;
            flag::register(signal, Arc::clone(&stopping))?;
            flag::register_usize(signal, Arc::clone(&last), signal as usize)?;
            low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        let has_hung_up = Arc::new(AtomicBool::new(false));
        flag::register(SIGHUP, Arc::clone(&has_hung_up))?;
        low_level::pipe::register(SIGHUP, writer)?;
        Ok(Self { pipe: UnixStream::from_std(pipe), last, has_hung_up })
    }

    /// What the poll waits for.
    pub(super) fn pipe(&mut self) -> &mut UnixStream {
        &mut self.pipe
    }

    /// Whether SIGHUP came.
    pub(super) fn take_hangup(&self) -> bool {
        self.has_hung_up.swap(false, Ordering::Relaxed)
    }

    /// Name of the signal that ends the server, if one came.
    pub(super) fn take(&mut self) -> Option<&'static str> {
        // The bytes only wake the loop up.
        let _ = self.pipe.read(&mut [0; 16]);
        match i32::try_from(self.last.swap(0, Ordering::Relaxed)) {
            Ok(SIGINT) => Some("SIGINT"),
            Ok(SIGTERM) => Some("SIGTERM"),
            _ => None,
        }
    }
}
