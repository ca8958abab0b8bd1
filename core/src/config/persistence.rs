//! Settings of what is kept in files: the append-only log and dumps.
//!
//! The embedder keeps the files and acts on most of them. One that keeps none leaves [`Persistence::is_available`] unset;
//! then what would turn them on is refused.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::values::yes_or_no;
use super::{BYTES_MAX, Config, ConfigError, Setting, boolean, bytes, integer, one_of};

/// Changes that were made, and for how long, before a dump is written; from `save`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SaveRule {
    /// Seconds since the last dump.
    pub seconds: u64,
    /// Changes since then.
    pub changes: u64,
}

/// When a write is answered; the values of `appendfsync`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fsync {
    /// Once it is durable.
    Always,
    /// Once it is written; it is durable about a second later.
    EverySecond,
    /// Once it is written.
    No,
}

/// What the engine has to know of files.
#[derive(Clone, Debug)]
pub struct Persistence {
    /// Whether the embedder keeps files.
    pub is_available: bool,
    /// `appendonly`.
    pub has_log: bool,
    /// Whether that cannot be changed, since the embedder keeps a log or nothing.
    pub is_log_fixed: bool,
    /// `appendfsync`.
    pub fsync: Fsync,
    /// `save`.
    pub save_rules: Vec<SaveRule>,
    /// `stop-writes-on-bgsave-error`.
    pub stops_writes: bool,
    /// `rdbchecksum`.
    pub has_checksum: bool,
}

impl Default for Persistence {
    fn default() -> Persistence {
        Persistence {
            is_available: false,
            has_log: false,
            is_log_fixed: false,
            fsync: Fsync::EverySecond,
            save_rules: Vec::new(),
            stops_writes: true,
            has_checksum: true,
        }
    }
}

impl Persistence {
    /// The embedder keeps files, and dumps are written as Redis does it unless `save` says otherwise.
    pub(crate) fn make_available(&mut self) {
        self.is_available = true;
        self.save_rules = [(3600, 1), (300, 100), (60, 10_000)]
            .map(|(seconds, changes)| SaveRule { seconds, changes })
            .to_vec();
    }

    /// The same of an embedder that keeps a log in any case, and dumps only when it is asked for them.
    pub fn keep_log_always(&mut self) {
        self.is_available = true;
        self.has_log = true;
        self.is_log_fixed = true;
    }

    fn refuse_unless_available(&self, allowed: &str) -> Result<(), ConfigError> {
        if self.is_available {
            return Ok(());
        }
        Err(ConfigError(alloc::format!("argument must be '{allowed}'")))
    }
}

const FSYNC: [(&str, Fsync); 3] =
    [("always", Fsync::Always), ("everysec", Fsync::EverySecond), ("no", Fsync::No)];

/// The rules that a text of pairs of numbers tells; an empty one has none.
fn save_rules(text: &str) -> Result<Vec<SaveRule>, ConfigError> {
    const INVALID: &str = "Invalid save parameters";
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(ConfigError::new(INVALID));
    }
    let number = |word: &str, least: i64| {
        let number = integer(word, least, i32::MAX.into()).map_err(|_| ConfigError::new(INVALID))?;
        Ok(number.unsigned_abs())
    };
    pairs
        .iter()
        .map(|[seconds, changes]| Ok(SaveRule { seconds: number(seconds, 1)?, changes: number(changes, 0)? }))
        .collect()
}

fn save_text(rules: &[SaveRule]) -> String {
    let texts: Vec<String> =
        rules.iter().map(|rule| alloc::format!("{} {}", rule.seconds, rule.changes)).collect();
    texts.join(" ")
}

/// A setting that only the embedder acts on, whose values `text` brings into one form or refuses.
macro_rules! kept {
    ($name:literal, $default:literal, $text:expr) => {
        Setting {
            name: $name,
            alias: None,
            is_mutable: true,
            is_host: true,
            read: |config, name| config.idle(name, $default).to_string(),
            write: |config, name, value| {
                let text: Result<String, ConfigError> = $text(value);
                config.host.insert(name, text?);
                Ok(())
            },
        }
    };
}

fn flag_text(value: &str) -> Result<String, ConfigError> {
    boolean(value).map(|is| yes_or_no(is).to_string())
}

/// A name of a file in the working directory, not a path.
fn name_text(value: &str) -> Result<String, ConfigError> {
    if value.is_empty() {
        return Err(ConfigError::new("can't be empty"));
    }
    if value.contains(['/', '\\']) {
        return Err(ConfigError::new("can't be a path, just a filename"));
    }
    Ok(value.to_string())
}

/// CONFIG SET may not change it.
const fn immutable(setting: Setting) -> Setting {
    Setting { is_mutable: false, ..setting }
}

pub(super) const PERSISTENCE: &[Setting] = &[
    immutable(kept!("aof-checksum", "yes", flag_text)),
    kept!("aof-load-truncated", "yes", flag_text),
    kept!("aof-timestamp-enabled", "no", flag_text),
    kept!("aof-use-rdb-preamble", "yes", flag_text),
    immutable(kept!("appenddirname", "appendonlydir", name_text)),
    immutable(kept!("appendfilename", "appendonly.aof", name_text)),
    Setting {
        name: "appendfsync",
        alias: None,
        is_mutable: true,
        is_host: true,
        read: |config, _| {
            let fsync = config.persistence.fsync;
            FSYNC.iter().find(|(_, value)| *value == fsync).map_or("", |(name, _)| name).to_string()
        },
        write: |config, _, value| {
            config.persistence.fsync = FSYNC[one_of(value, &FSYNC.map(|(name, _)| name))?].1;
            Ok(())
        },
    },
    Setting {
        name: "appendonly",
        alias: None,
        is_mutable: true,
        is_host: true,
        read: |config, _| yes_or_no(config.persistence.has_log).to_string(),
        write: |config, _, value| {
            let has_log = boolean(value)?;
            if has_log {
                config.persistence.refuse_unless_available("no")?;
            } else if config.persistence.is_log_fixed {
                return Err(ConfigError::new("argument must be 'yes'"));
            }
            config.persistence.has_log = has_log;
            Ok(())
        },
    },
    kept!("auto-aof-rewrite-min-size", "67108864", |value| {
        let size: u64 = bytes(value, 0, BYTES_MAX)?;
        Ok(size.to_string())
    }),
    kept!("auto-aof-rewrite-percentage", "100", |value| {
        integer(value, 0, i32::MAX.into()).map(|percent| percent.to_string())
    }),
    kept!("dbfilename", "dump.rdb", |value: &str| {
        if value.contains(['/', '\\']) {
            return Err(ConfigError::new("dbfilename can't be a path, just a filename"));
        }
        name_text(value)
    }),
    kept!("dir", "", |value: &str| Ok(value.to_string())),
    kept!("no-appendfsync-on-rewrite", "no", flag_text),
    Setting {
        name: "rdbchecksum",
        alias: None,
        is_mutable: false,
        is_host: true,
        read: |config, _| yes_or_no(config.persistence.has_checksum).to_string(),
        write: |config, _, value| {
            config.persistence.has_checksum = boolean(value)?;
            Ok(())
        },
    },
    Setting {
        name: "save",
        alias: None,
        is_mutable: true,
        is_host: true,
        read: |config, _| save_text(&config.persistence.save_rules),
        write: |config, _, value| {
            let rules = save_rules(value)?;
            if !rules.is_empty() {
                config.persistence.refuse_unless_available("")?;
            }
            config.persistence.save_rules = rules;
            Ok(())
        },
    },
    Setting {
        name: "stop-writes-on-bgsave-error",
        alias: None,
        is_mutable: true,
        is_host: false,
        read: |config, _| yes_or_no(config.persistence.stops_writes).to_string(),
        write: |config, _, value| {
            config.persistence.stops_writes = boolean(value)?;
            Ok(())
        },
    },
];

impl Config {
    /// Changes since the last dump with which the first rule of `save` is met at all; `u64::MAX` without one.
    #[inline]
    pub(crate) fn save_changes_min(&self) -> u64 {
        self.persistence.save_rules.iter().map(|rule| rule.changes).min().unwrap_or(u64::MAX)
    }
}
