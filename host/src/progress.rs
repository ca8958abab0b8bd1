//! How far something is that takes its time: a bar where someone may be looking at a terminal, and else a line now and
//! then.

use crate::clock::running_micros;
use crate::log;
use sanderling_core::Micros;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// How often a bar is drawn anew, in microseconds.
const BAR_MICROS: Micros = 200_000;
/// How often a line tells it, in microseconds.
const LINE_MICROS: Micros = 5_000_000;
/// Width of a bar, in characters.
const BAR_WIDTH: usize = 40;
/// All of something, in thousandths.
const WHOLE: u64 = 1000;

/// Whether the terminal's line is a bar.
static IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// Where lines go if there is no terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// To the log.
    Log,
    /// To standard error, of a program that has no log.
    Stderr,
}

/// Something that takes its time. Its bar goes with it.
pub(crate) struct Progress {
    what: String,
    lines: Lines,
    has_bar: bool,
    begun_at: Micros,
    told_at: Micros,
}

impl Progress {
    /// Something begins that is called so: "loading".
    pub(crate) fn begin(what: impl Into<String>, lines: Lines) -> Self {
        let now = running_micros();
        Self { what: what.into(), lines, has_bar: io::stderr().is_terminal(), begun_at: now, told_at: now }
    }

    /// Tells how much of it is done if nobody has been told for a while: so many parts, of all that there are, and how large
    /// it is.
    pub(crate) fn tell(&mut self, done: u64, all: u64, size: impl FnOnce() -> String) {
        let now = running_micros();
        let interval = if self.has_bar { BAR_MICROS } else { LINE_MICROS };
        if now < self.told_at + interval {
            return;
        }
        self.told_at = now;
        let thousandths = u128::from(done) * u128::from(WHOLE) / u128::from(all.max(1));
        let thousandths = u64::try_from(thousandths).unwrap_or(WHOLE).min(WHOLE);
        let text = text(&self.what, thousandths, &size(), self.has_bar);
        // Nobody depends on it.
        let _ = match self.lines {
            _ if self.has_bar => {
                IS_DRAWN.store(true, Ordering::Relaxed);
                io::stderr().write_all(text.as_bytes())
            }
            Lines::Stderr => io::stderr().write_all(format!("{text}\n").as_bytes()),
            Lines::Log => {
                log::notice!("{text}");
                Ok(())
            }
        };
    }

    /// For how long it has been going on, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        running_micros().saturating_sub(self.begun_at) as f64 / 1e6
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        clear();
    }
}

/// Takes the bar away, before anything else is written to the terminal.
pub(crate) fn clear() {
    if IS_DRAWN.swap(false, Ordering::Relaxed) {
        let _ = io::stderr().write_all(b"\r\x1b[K");
    }
}

fn text(what: &str, thousandths: u64, size: &str, has_bar: bool) -> String {
    let percent = thousandths * 100 / WHOLE;
    if !has_bar {
        return format!("{what}: {percent}% of {size}");
    }
    let full = usize::try_from(thousandths).unwrap_or(0) * BAR_WIDTH / 1000;
    format!("\r{what} [{:<BAR_WIDTH$}] {percent}% of {size}\x1b[K", "#".repeat(full))
}

/// A number of bytes, to read.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_what_is_done() {
        assert_eq!(text("loading", 0, "1.0 MB", false), "loading: 0% of 1.0 MB");
        let bar = |full: usize| format!("[{}{}]", "#".repeat(full), " ".repeat(BAR_WIDTH - full));
        for (thousandths, full, percent) in [(0, 0, 0), (499, 19, 49), (500, 20, 50), (1000, 40, 100)] {
            let drawn = text("saving", thousandths, "7 keys", true);
            assert_eq!(drawn, format!("\rsaving {} {percent}% of 7 keys\x1b[K", bar(full)));
        }
    }
}
