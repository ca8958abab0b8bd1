//! The server's log: one line per event, as text or JSON, with Redis's four levels. A log file that was renamed is
//! opened anew with the next line.

use crate::progress;
use std::fmt::{self, Write as _};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// How much an event matters; Redis's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the search for a fault.
    Debug,
    /// What happens to single clients.
    Verbose,
    /// What an operator wants to see once.
    Notice,
    /// What an operator should act on.
    Warning,
}

impl Level {
    /// The words in settings.
    pub(crate) const NAMES: &[&str] = &["debug", "verbose", "notice", "warning"];

    /// The level with a name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let levels = [Level::Debug, Level::Verbose, Level::Notice, Level::Warning];
        levels.into_iter().find(|level| level.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Verbose => "verbose",
            Level::Notice => "notice",
            Level::Warning => "warning",
        }
    }
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `time level message`.
    #[default]
    Text,
    /// An object with `time`, `level`, `pid` and `message`.
    Json,
}

impl Format {
    /// The words in settings.
    pub(crate) const NAMES: &[&str] = &["text", "json"];

    /// The format with a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Format::Text, Format::Json].into_iter().find(|format| format.name() == name)
    }

    /// The word in settings.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
        }
    }
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Notice as u8);
static SINK: Mutex<Sink> = Mutex::new(Sink { format: Format::Text, file: None });

struct Sink {
    format: Format,
    /// Standard output when there is none, as Redis has it: programs that start a server wait for its lines there.
    file: Option<LogFile>,
}

/// A file that lines are appended to, and where it is.
struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    fn open(path: &Path) -> io::Result<Self> {
        // The path stays good if the directory to work in is changed.
        let path = std::path::absolute(path)?;
        let file = OpenOptions::new().append(true).create(true).open(&path)?;
        Ok(Self { path, file })
    }

    /// Opens the file anew if it was renamed or deleted, as the rotation of logs does. One that cannot be opened is no
    /// reason to lose the line: then it goes where the last one went.
    fn follow(&mut self) {
        let same = |ours: Metadata| {
            fs::metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
        };
        if !self.file.metadata().is_ok_and(same)
            && let Ok(opened) = Self::open(&self.path)
        {
            *self = opened;
        }
    }
}

/// Sets where lines go: a file that is appended to, or standard output.
pub fn open(level: Level, format: Format, file: Option<&Path>) -> io::Result<()> {
    let file = match file {
        Some(path) => Some(LogFile::open(path)?),
        None => None,
    };
    set_level(level);
    *SINK.lock().expect("no holder of the lock panics") = Sink { format, file };
    Ok(())
}

/// Events below `level` are dropped from now on.
pub fn set_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Whether events of `level` are kept.
pub fn enabled(level: Level) -> bool {
    level as u8 >= LEVEL.load(Ordering::Relaxed)
}

/// Writes one event. A log that cannot be written must not stop the server.
pub fn write(level: Level, message: fmt::Arguments<'_>) {
    let mut sink = SINK.lock().expect("no holder of the lock panics");
    let line = line(sink.format, SystemTime::now(), level, &message.to_string());
    let _ = match &mut sink.file {
        Some(log) => {
            log.follow();
            log.file.write_all(line.as_bytes())
        }
        None => {
            progress::clear();
            io::stdout().write_all(line.as_bytes())
        }
    };
}

/// Writes why the server ends; whether that is a file, so that it must be said elsewhere too.
pub fn last_words(message: &str) -> bool {
    let has_file = SINK.lock().expect("no holder of the lock panics").file.is_some();
    write(Level::Warning, format_args!("{message}"));
    has_file
}

macro_rules! event {
    ($name:ident, $level:ident, $dollar:tt) => {
        macro_rules! $name {
                    ($dollar($argument:tt)*) => {
                        if $crate::log::enabled($crate::log::Level::$level) {
                            $crate::log::write($crate::log::Level::$level, format_args!($dollar($argument)*));
                        }
                    };
                }
        pub(crate) use $name;
    };
}

event!(verbose, Verbose, $);
event!(notice, Notice, $);
event!(warning, Warning, $);

fn line(format: Format, time: SystemTime, level: Level, message: &str) -> String {
    let (time, level) = (timestamp(time), level.name());
    match format {
        Format::Text => {
            // A client's text may be in the message; it must not be able to forge a line.
            let message = message.replace(['\n', '\r'], " ");
            format!("{time} {level:<7} {message}\n")
        }
        Format::Json => {
            let pid = std::process::id();
            let message = json_string(message);
            format!("{{\"time\":\"{time}\",\"level\":\"{level}\",\"pid\":{pid},\"message\":{message}}}\n")
        }
    }
}

/// RFC 3339 with milliseconds, in UTC.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days as i64);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let millis = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of a day counted from 1970-01-01. The year is taken to begin in March, so that the leap day
/// is its last, and an era has 400 such years.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, january) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + january, month, day)
}

fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            character if (character as u32) < 0x20 => {
                write!(out, "\\u{:04x}", character as u32).expect("a String takes everything");
            }
            character => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn lines_are_one_line_in_both_formats() {
        let time = UNIX_EPOCH + Duration::from_millis(1_709_210_096_789);
        assert_eq!(
            line(Format::Text, time, Level::Notice, "a\r\nb"),
            "2024-02-29T12:34:56.789Z notice  a  b\n"
        );
        let json = line(Format::Json, time, Level::Warning, "say \"hi\"\n\u{1}");
        let expected = format!(
            "{{\"time\":\"2024-02-29T12:34:56.789Z\",\"level\":\"warning\",\"pid\":{},\
             \"message\":\"say \\\"hi\\\"\\n\\u0001\"}}\n",
            std::process::id()
        );
        assert_eq!(json, expected);
    }

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(365), (1971, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_819), (2027, 1, 1));
    }
}
