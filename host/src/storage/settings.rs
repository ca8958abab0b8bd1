//! Settings of what is kept in files.

use crate::config::{SettingError, number, yes_or_no};
use crate::limits::bytes;
use sanderling_persist::{BaseForm, Names, Options, Policy};

/// What the server keeps, and where; file names are in the working directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageSettings {
    /// Whether there is an append-only log (`appendonly`).
    pub has_log: bool,
    /// When what was written is answered and made durable (`appendfsync`).
    pub policy: Policy,
    /// The log's directory (`appenddirname`).
    pub log_dir: String,
    /// What the log's files begin with (`appendfilename`).
    pub log_name: String,
    /// Whether batches have checksums (`aof-checksum`).
    pub has_lines: bool,
    /// Whether a log may end in the midst of a command (`aof-load-truncated`).
    pub loads_truncated: bool,
    /// Whether the log tells the time (`aof-timestamp-enabled`).
    pub has_timestamps: bool,
    /// What the base of the log is written as (`aof-use-rdb-preamble`).
    pub base_form: BaseForm,
    /// By how many percent the log has to grow before it is rewritten (`auto-aof-rewrite-percentage`); 0 is never.
    pub rewrite_percent: u64,
    /// A smaller log is not rewritten, in bytes (`auto-aof-rewrite-min-size`).
    pub rewrite_bytes_min: u64,
    /// Whether saves and rewrites have the disk for themselves (`no-appendfsync-on-rewrite`).
    pub spares_saves: bool,
    /// The dump (`dbfilename`).
    pub dump_name: String,
    /// Whether there are rules by which dumps are written (`save`).
    pub has_save_rules: bool,
    /// Whether strings in dumps and bases are compressed (`rdbcompression`).
    pub compresses: bool,
    /// Whether they end with a checksum (`rdbchecksum`).
    pub has_checksum: bool,
    /// Whether what modules have left in files is skipped (`import-skip-unsupported`).
    pub skips_modules: bool,
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            has_log: false,
            policy: Policy::EverySecond,
            log_dir: "appendonlydir".to_owned(),
            log_name: "appendonly.aof".to_owned(),
            has_lines: true,
            loads_truncated: true,
            has_timestamps: false,
            base_form: BaseForm::Rdb,
            rewrite_percent: 100,
            rewrite_bytes_min: 64 << 20,
            spares_saves: false,
            dump_name: "dump.rdb".to_owned(),
            has_save_rules: true,
            compresses: true,
            has_checksum: true,
            skips_modules: false,
        }
    }
}

impl StorageSettings {
    /// Sets what this name stands for; `false` if it is another's.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool, SettingError> {
        match name {
            "appendonly" => self.has_log = yes_or_no(value)?,
            "appendfsync" => {
                self.policy = match value.to_ascii_lowercase().as_str() {
                    "always" => Policy::Always,
                    "everysec" => Policy::EverySecond,
                    "no" => Policy::No,
                    _ => return Err(SettingError::NotOneOf(&["always", "everysec", "no"])),
                }
            }
            "appenddirname" => self.log_dir = value.to_owned(),
            "appendfilename" => self.log_name = value.to_owned(),
            "aof-checksum" => self.has_lines = yes_or_no(value)?,
            "aof-load-truncated" => self.loads_truncated = yes_or_no(value)?,
            "aof-timestamp-enabled" => self.has_timestamps = yes_or_no(value)?,
            "aof-use-rdb-preamble" => {
                self.base_form = if yes_or_no(value)? { BaseForm::Rdb } else { BaseForm::Commands };
            }
            "auto-aof-rewrite-percentage" => self.rewrite_percent = number(value)?,
            "auto-aof-rewrite-min-size" => self.rewrite_bytes_min = bytes(value)? as u64,
            "no-appendfsync-on-rewrite" => self.spares_saves = yes_or_no(value)?,
            "dbfilename" => self.dump_name = value.to_owned(),
            "save" => self.has_save_rules = !value.trim().is_empty(),
            "rdbcompression" => self.compresses = yes_or_no(value)?,
            "rdbchecksum" => self.has_checksum = yes_or_no(value)?,
            "import-skip-unsupported" => self.skips_modules = yes_or_no(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// How the log is read.
    pub(crate) fn log_options(&self) -> Options {
        Options {
            names: Names { prefix: self.log_name.clone() },
            checksum: crc32c::crc32c_append,
            load_truncated: self.loads_truncated,
        }
    }

    /// Whether anything is kept at all.
    pub(crate) fn keeps_data(&self) -> bool {
        self.has_log || self.has_save_rules
    }
}
