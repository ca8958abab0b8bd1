//! Settings, by the names that CONFIG and the configuration file use.

use alloc::string::String;
use alloc::vec::Vec;

use crate::number::parse_i64;
use crate::resp::Limits;

/// Why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

/// What an engine begins with.
#[derive(Clone)]
pub struct Options {
    /// The settings.
    pub config: Config,
    /// Whether [`Output::Append`](crate::Output::Append) is produced.
    pub effects: bool,
    /// Bytes that the embedder's allocator has given out; 0 when it does not know.
    pub memory_used: fn() -> usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { config: Config::default(), effects: false, memory_used: || 0 }
    }
}

impl Options {
    /// Sets one setting by name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        match name {
            "effects" => {
                self.effects = value == "yes";
                Ok(())
            }
            _ => self.config.set(name, value),
        }
    }
}

/// The settings of an engine.
#[derive(Clone)]
pub struct Config {
    /// `databases`.
    pub databases: usize,
    /// `requirepass`; empty means that no password is needed.
    pub requirepass: Vec<u8>,
    /// `maxclients`.
    pub maxclients: usize,
    /// `maxmemory`, in bytes; 0 means no limit.
    pub maxmemory: usize,
    /// Bytes that the platform can give at most; 0 means unknown.
    pub memory_bytes_max: usize,
    /// `client-query-buffer-limit`, in bytes.
    pub query_buffer_bytes_max: usize,
    /// `proto-max-bulk-len`, in bytes.
    pub bulk_bytes_max: usize,
    /// `timeout`, in seconds; 0 means that idle clients stay.
    pub timeout_seconds: u64,
    /// Arguments per request.
    pub arguments_max: usize,
    /// Output of one call, in bytes, after which the rest of the input waits for the next one.
    pub output_batch_bytes_max: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            databases: 16,
            requirepass: Vec::new(),
            maxclients: 10_000,
            maxmemory: 0,
            memory_bytes_max: 0,
            query_buffer_bytes_max: 1 << 30,
            bulk_bytes_max: 512 << 20,
            timeout_seconds: 0,
            arguments_max: 1 << 20,
            output_batch_bytes_max: 1 << 20,
        }
    }
}

impl Config {
    /// Sets one setting by name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let number = || {
            parse_i64(value.as_bytes())
                .and_then(|number| usize::try_from(number).ok())
                .ok_or_else(|| ConfigError(alloc::format!("'{name}' takes a number, not '{value}'")))
        };
        match name {
            "databases" => self.databases = number()?.max(1),
            "requirepass" => self.requirepass = value.as_bytes().to_vec(),
            "maxclients" => self.maxclients = number()?,
            "maxmemory" => self.maxmemory = number()?,
            "timeout" => self.timeout_seconds = number()? as u64,
            _ => return Err(ConfigError(alloc::format!("'{name}' is not a setting"))),
        }
        Ok(())
    }

    /// What the parser accepts; `restricted` for clients that have not authenticated.
    #[inline]
    pub(crate) fn limits(&self, restricted: bool) -> Limits {
        Limits {
            arguments_max: self.arguments_max as i64,
            bulk_bytes_max: self.bulk_bytes_max as i64,
            line_bytes_max: LINE_BYTES_MAX,
            restricted,
        }
    }

    /// Bytes of memory above which commands that may take more are refused; 0 means no limit.
    #[inline]
    pub fn memory_limit(&self) -> usize {
        match (self.maxmemory, self.memory_bytes_max) {
            (0, 0) => 0,
            (0, hard) => hard - hard / 16,
            (soft, 0) => soft,
            (soft, hard) => soft.min(hard - hard / 16),
        }
    }
}

/// Bytes of an inline request or of a line that holds a length.
const LINE_BYTES_MAX: usize = 64 << 10;
