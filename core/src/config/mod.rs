//! Settings, by the names that CONFIG and the configuration file use.
//!
//! [`settings`] is the only list of them. The engine acts on its own ones; those of the host are kept so that
//! CONFIG GET shows them, and the host is told when CONFIG SET changes one.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::acl::{self, Names};
use crate::base::memory::{Compaction, Room};
use crate::base::numbered::numbered;
use crate::command::{Index, Lookup};
use crate::keyspace::{Policy, Store};
use crate::number::{self, decimal};
use crate::structures::ordered::OrderedMap;
use crate::structures::table::HashSeed;
use crate::types::EncodingLimits;

/// The version of Redis whose behaviour the engine has; clients decide by it what they may use.
pub(crate) const REDIS_VERSION: &str = "7.4.7";

/// That version, for embedders.
pub fn redis_version() -> &'static str {
    REDIS_VERSION
}

/// Why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl ConfigError {
    fn new(text: impl Into<String>) -> ConfigError {
        ConfigError(text.into())
    }
}

/// What an engine begins with.
#[derive(Clone)]
pub struct Options {
    /// The settings.
    pub config: Config,
    /// Whether [`Output::Append`](crate::Output::Append) is produced.
    pub effects: bool,
    /// Bytes that the embedder's allocator has given out; 0 when it does not know.
    pub memory_used: fn() -> usize,
    /// The number of the process, for INFO; 0 where there is none.
    pub process_id: u32,
    /// A clock that goes on while a command runs, in microseconds from any beginning. It is read for SLOWLOG,
    /// LATENCY and the times in INFO, and for nothing else; without one, commands take no time.
    pub clock: Option<fn() -> u64>,
    /// Numbers that only the host knows, for INFO; without it they are left out.
    pub fact: Option<fn(Fact) -> u64>,
    /// The file that the settings came from, for INFO and CONFIG REWRITE; empty without one.
    pub config_file: String,
    /// What INFO tells of the program and the machine, by the names of its fields.
    pub machine: Machine,
    /// The users that the `user` settings name, as lines of an ACL file without their first word.
    pub users: Vec<String>,
    /// Commands and the names that they get, empty for none, in the order of the `rename-command` settings.
    pub renames: Vec<(String, String)>,
    /// What memory there is for whoever needs so many bytes; [`Room::UNKNOWN`] when the embedder does not know.
    pub memory_available: fn(usize) -> Room,
    /// How the embedder makes one piece of memory that lies in many, if it can.
    pub compaction: Option<Compaction>,
}

numbered! {
    /// Something that only the host knows. The numbers are those of the guest's interface.
    pub enum Fact {
        /// Processor time in the system, in microseconds.
        SystemTime = 0,
        /// Processor time outside of it.
        UserTime = 1,
        /// The same of child processes that have ended.
        ChildrenSystemTime = 2,
        /// See `ChildrenSystemTime`.
        ChildrenUserTime = 3,
        /// The same of the thread that the engine runs in.
        ThreadSystemTime = 4,
        /// See `ThreadSystemTime`.
        ThreadUserTime = 5,
        /// Memory of the process that is in use, in bytes.
        ResidentBytes = 6,
        /// Memory of the machine, in bytes.
        MachineBytes = 7,
        /// Bytes of the append-only log.
        LogBytes = 8,
        /// Bytes that it had when it was begun or last rewritten.
        LogBaseBytes = 9,
        /// Bytes of it that are not written yet.
        LogBufferBytes = 10,
        /// Syncs of it that are under way.
        LogSyncsPending = 11,
        /// Syncs that another one had to wait for.
        LogSyncsDelayed = 12,
        /// When the certificate of TLS ends, in seconds since 1970; 0 without one.
        CertificateEnd = 13,
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            config: Config::default(),
            effects: false,
            memory_used: || 0,
            clock: None,
            memory_available: |_| Room::UNKNOWN,
            compaction: None,
            process_id: 0,
            fact: None,
            config_file: String::new(),
            machine: Machine::default(),
            users: Vec::new(),
            renames: Vec::new(),
        }
    }
}

impl Options {
    /// Sets one setting by name, as the configuration file does.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        if name == "storage" {
            if boolean(value)? {
                self.config.persistence.make_available();
            }
            return Ok(());
        }
        if name == "process-id" {
            self.process_id = fitting(integer(value, 0, u32::MAX as i64)?)?;
            return Ok(());
        }
        match name {
            "effects" => self.effects = boolean(value)?,
            "config-file" => self.config_file = value.into(),
            "executable" => self.machine.executable = value.into(),
            "os" => self.machine.os = value.into(),
            "arch-bits" => self.machine.arch_bits = fitting(integer(value, 0, 128)?)?,
            _ => return self.set_further(name, value),
        }
        Ok(())
    }

    fn set_further(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        if name == "memory-bytes-max" {
            let bytes: u64 =
                value.parse().map_err(|_| ConfigError::new("'memory-bytes-max' is not a number"))?;
            // All of a 32-bit address space is one byte more than a `usize` can say there.
            self.config.memory_bytes_max = number::saturate(bytes);
            return Ok(());
        }
        if name == "user" {
            return self.add_user(value);
        }
        if name == "rename-command" {
            return self.rename_command(value);
        }
        let setting = find(name).ok_or_else(|| ConfigError(alloc::format!("'{name}' is not a setting")))?;
        (setting.write)(&mut self.config, setting.name, value)
            .map_err(|error| ConfigError(alloc::format!("'{name}': {}", error.0)))
    }
}

impl Options {
    /// Takes a line `user <name> <rule> …` of a configuration or ACL file, which may stand there once for each name.
    fn add_user(&mut self, line: &str) -> Result<(), ConfigError> {
        let lookup = Lookup::new();
        let index = Index::new(&lookup);
        let names = Names { lookup: &lookup, index: &index, all_channels: self.config.acl_all_channels };
        let refuse = |why: String| ConfigError(alloc::format!("'user': {why}"));
        let user = acl::parse_user(names, line.as_bytes()).map_err(refuse)?;
        let is_same =
            |known: &String| known.split_ascii_whitespace().next().map(str::as_bytes) == Some(&*user.name);
        if self.users.iter().any(is_same) {
            return Err(refuse("a user can be defined only once".into()));
        }
        self.users.push(line.into());
        Ok(())
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
    /// `reported-version`: the version of Redis that clients are told.
    pub reported_version: String,
    /// `maxmemory`, in bytes; 0 means no limit.
    pub maxmemory: Limit,
    /// `maxmemory-clients`, in bytes, or as a percentage of `maxmemory` if negative; 0 means no limit.
    pub maxmemory_clients: i64,
    /// `maxmemory-policy`.
    pub maxmemory_policy: Policy,
    /// `maxmemory-samples`.
    pub maxmemory_samples: usize,
    /// `maxmemory-eviction-tenacity`.
    pub eviction_tenacity: usize,
    /// `lfu-log-factor`.
    pub lfu_log_factor: u32,
    /// `lfu-decay-time`, in minutes.
    pub lfu_decay_minutes: u32,
    /// Bytes that the platform can give at most; 0 means unknown.
    pub memory_bytes_max: usize,
    /// `client-query-buffer-limit`, in bytes.
    pub query_buffer_bytes_max: Limit,
    /// `proto-max-bulk-len`, in bytes.
    pub bulk_bytes_max: Limit,
    /// `timeout`, in seconds; 0 means that idle clients stay.
    pub timeout_seconds: u64,
    /// Arguments per request.
    pub arguments_max: usize,
    /// Output of one call, in bytes, after which the rest of the input waits for the next one.
    pub output_batch_bytes_max: usize,
    /// `notify-keyspace-events`, as bits of `NotifyClass`.
    pub notify: u16,
    /// `rdbcompression`: whether long strings are compressed when values are serialised.
    pub rdb_compression: bool,
    /// `acllog-max-len`: entries of ACL LOG.
    pub acl_log_len_max: Limit,
    /// `acl-pubsub-default`: whether new users may use every channel.
    pub acl_all_channels: bool,
    /// `tracking-table-max-keys`; 0 means no limit.
    pub tracked_keys_max: Limit,
    /// Up to which size collections keep their compact forms; the seed in it means nothing.
    pub encoding_limits: EncodingLimits,
    /// `slowlog-log-slower-than`, in microseconds.
    pub slowlog_log_slower_than: i64,
    /// `slowlog-max-len`.
    pub slowlog_max_len: Limit,
    /// The log of large requests.
    pub large_requests: LargeLog,
    /// The log of large replies.
    pub large_replies: LargeLog,
    /// `latency-monitor-threshold`, in milliseconds.
    pub latency_monitor_threshold: i64,
    /// `latency-tracking`.
    pub latency_tracking: bool,
    /// `latency-tracking-info-percentiles`.
    pub latency_percentiles: Vec<f64>,
    /// `enable-debug-command`.
    pub debug_access: Access,
    /// `enable-protected-configs`: who may change where files are.
    pub protected_access: Access,
    /// `hll-sparse-max-bytes`: bytes of a HyperLogLog, beyond which it takes the dense form.
    pub hll_sparse_bytes_max: Limit,
    /// `busy-reply-threshold`, in milliseconds.
    pub busy_reply_millis: u64,
    /// `script-instructions-max`: what a script may do, in instructions of the Lua machine.
    pub script_instructions_max: u64,
    /// `script-memory-max`: what a Lua machine may take, in bytes.
    pub script_memory_bytes_max: Limit,
    /// `script-cache-max-entries`: scripts that EVAL has brought and that are kept.
    pub script_cache_entries_max: Limit,
    /// `script-cache-max-bytes`: what all scripts that are kept may take, in bytes.
    pub script_cache_bytes_max: Limit,
    /// `function-max-libraries`.
    pub function_libraries_max: Limit,
    /// `function-max-bytes`: what the texts of all libraries of functions may take, in bytes.
    pub function_bytes_max: Limit,
    /// What is kept in files.
    pub persistence: Persistence,
    /// Settings that only the host acts on, as text.
    host: OrderedMap<&'static str, String>,
}

/// Settings that say where files are.
pub(crate) const PROTECTED: [&str; 2] = ["dbfilename", "dir"];

/// Who may use something that is guarded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// No client.
    No,
    /// Everyone.
    Yes,
    /// Clients on the same machine.
    Local,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            databases: 16,
            requirepass: Vec::new(),
            maxclients: 10_000,
            reported_version: REDIS_VERSION.into(),
            maxmemory: Limit::new(0),
            maxmemory_clients: 0,
            maxmemory_policy: Policy::NONE,
            maxmemory_samples: 5,
            eviction_tenacity: 10,
            lfu_log_factor: 10,
            lfu_decay_minutes: 1,
            memory_bytes_max: 0,
            query_buffer_bytes_max: Limit::new(1 << 30),
            bulk_bytes_max: Limit::new(512 << 20),
            timeout_seconds: 0,
            arguments_max: 1 << 20,
            output_batch_bytes_max: 1 << 20,
            notify: 0,
            rdb_compression: true,
            acl_log_len_max: Limit::new(128),
            acl_all_channels: false,
            tracked_keys_max: Limit::new(1_000_000),
            encoding_limits: EncodingLimits::new(HashSeed(0, 0)),
            slowlog_log_slower_than: 10_000,
            slowlog_max_len: Limit::new(128),
            large_requests: LargeLog::DEFAULT,
            large_replies: LargeLog::DEFAULT,
            latency_monitor_threshold: 0,
            latency_tracking: false,
            latency_percentiles: alloc::vec![50.0, 99.0, 99.9],
            debug_access: Access::No,
            protected_access: Access::No,
            hll_sparse_bytes_max: Limit::new(3000),
            busy_reply_millis: 5000,
            script_instructions_max: 2_000_000_000,
            script_memory_bytes_max: Limit::new(256 << 20),
            script_cache_entries_max: Limit::new(500),
            script_cache_bytes_max: Limit::new(64 << 20),
            function_libraries_max: Limit::new(1000),
            function_bytes_max: Limit::new(64 << 20),
            persistence: Persistence::default(),
            host: OrderedMap::new(),
        }
    }
}

impl Config {
    /// The value of a setting that only the host acts on; empty when the host has not said it.
    pub fn host(&self, name: &str) -> &str {
        self.host.get(name).map_or("", String::as_str)
    }

    /// Takes note of what the host has made of a setting.
    pub(crate) fn set_host(&mut self, name: &'static str, value: String) {
        self.host.insert(name, value);
    }

    /// The value of a setting that nothing depends on, if it was set.
    fn idle<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.host.get(name).map_or(default, String::as_str)
    }

    /// Hands the settings to the store that it acts on.
    pub(crate) fn apply(&self, store: &mut Store) {
        store.notify = self.notify;
        store.access.counts = self.maxmemory_policy.counts();
        store.access.log_factor = self.lfu_log_factor;
        store.access.decay_minutes = self.lfu_decay_minutes;
        store.encoding_limits = EncodingLimits { seed: store.encoding_limits.seed, ..self.encoding_limits };
    }
}

/// One setting.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its older name.
    pub alias: Option<&'static str>,
    /// Whether CONFIG SET may change it.
    pub is_mutable: bool,
    /// Whether the host must hear of a change.
    pub is_host: bool,
    /// Its value as CONFIG GET replies it.
    pub read: fn(&Config, &'static str) -> String,
    /// Checks and stores a value.
    pub write: fn(&mut Config, &'static str, &str) -> Result<(), ConfigError>,
}

/// The setting of this name or alias, in any case.
pub fn find(name: &str) -> Option<&'static Setting> {
    settings().find(|setting| {
        setting.name.eq_ignore_ascii_case(name)
            || setting.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    })
}

/// All settings.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .chain(persistence::PERSISTENCE)
        .chain(reported::REPORTED)
        .chain(edge::EDGE)
        .chain(&unused::SETTINGS)
}

/// Who may use something that is guarded, which is decided at the start.
macro_rules! access {
    ($name:literal, $field:ident) => {
        Setting {
            name: $name,
            alias: None,
            is_mutable: false,
            is_host: false,
            read: |config, _| {
                match config.$field {
                    Access::No => "no",
                    Access::Yes => "yes",
                    Access::Local => "local",
                }
                .to_string()
            },
            write: |config, _, value| {
                let access = [Access::No, Access::Yes, Access::Local];
                config.$field = access[one_of(value, &["no", "yes", "local"])?];
                Ok(())
            },
        }
    };
}

/// A setting of the engine whose value is a number within bounds.
macro_rules! number {
    ($name:literal, $alias:expr, $($field:tt).+, $least:expr, $most:expr) => {
        Setting {
            name: $name,
            alias: $alias,
            is_mutable: true,
            is_host: false,
            read: |config, _| config.$($field).+.to_string(),
            write: |config, _, value| {
                config.$($field).+ = fitting(integer(value, $least, $most)?)?;
                Ok(())
            },
        }
    };
}

/// A setting of the engine whose value is a number of bytes.
macro_rules! bytes {
    ($name:literal, $alias:expr, $($field:tt).+, $least:expr, $most:expr) => {
        Setting {
            name: $name,
            alias: $alias,
            is_mutable: true,
            is_host: false,
            read: |config, _| config.$($field).+.to_string(),
            write: |config, _, value| {
                config.$($field).+ = Limit::new(bytes(value, $least, $most)?);
                Ok(())
            },
        }
    };
}

/// A setting that the host acts on.
const fn host(name: &'static str, is_mutable: bool) -> Setting {
    Setting {
        name,
        alias: None,
        is_mutable,
        is_host: true,
        read: |config, name| config.host(name).to_string(),
        write: |config, name, value| {
            config.host.insert(name, value.to_string());
            Ok(())
        },
    }
}

/// A setting that the host acts on and whose values are checked here, since it can refuse none: the second argument
/// makes the text that is kept out of the present one and the one that was given.
macro_rules! host_checked {
    ($name:literal, $text:expr) => {
        Setting {
            write: |config, name, value| {
                let text: Result<String, ConfigError> = $text(config.host(name), value);
                config.host.insert(name, text?);
                Ok(())
            },
            ..host($name, true)
        }
    };
}

/// A feature that does not exist here; clients look at the setting, and only its one value can be set.
macro_rules! fixed {
    ($name:literal, $value:literal) => {
        Setting {
            name: $name,
            alias: None,
            is_mutable: true,
            is_host: false,
            read: |_, _| $value.to_string(),
            write: |_, _, value| {
                if value == $value {
                    Ok(())
                } else {
                    Err(ConfigError::new(concat!("argument must be '", $value, "'")))
                }
            },
        }
    };
}

/// A setting of the engine that is yes or no.
macro_rules! flag {
    ($name:literal, $field:ident) => {
        Setting {
            name: $name,
            alias: None,
            is_mutable: true,
            is_host: false,
            read: |config, _| if config.$field { "yes" } else { "no" }.to_string(),
            write: |config, _, value| {
                config.$field = boolean(value)?;
                Ok(())
            },
        }
    };
}

mod bounds;
pub(crate) mod edge;
mod limit;
mod machine;
mod persistence;
mod renames;
mod reported;
mod unused;
mod values;

pub use limit::{LargeLog, Limit};
pub use machine::Machine;
pub use persistence::{Fsync, Persistence, SaveRule};
pub use unused::{Unused, unused};
pub use values::parse_bytes;
use values::{
    BYTES_MAX, boolean, bytes, bytes_or_percent, fitting, integer, notify_bits, notify_text, one_of,
    output_limits, percentiles, version,
};

/// The settings that something depends on, by name.
const SETTINGS: &[Setting] = &[
    Setting {
        name: "acl-pubsub-default",
        alias: None,
        is_mutable: true,
        is_host: false,
        read: |config, _| CHANNELS[usize::from(config.acl_all_channels)].to_string(),
        write: |config, _, value| {
            let at = CHANNELS.iter().position(|word| word.eq_ignore_ascii_case(value));
            config.acl_all_channels = at.ok_or_else(|| {
                ConfigError::new("argument(s) must be one of the following: allchannels, resetchannels")
            })? == 1;
            Ok(())
        },
    },
    // A host that has such a file hands its lines over as `user` settings.
    host("aclfile", false),
    number!("acllog-max-len", None, acl_log_len_max, 0, i64::MAX),
    host("bind", false),
    number!("busy-reply-threshold", Some("lua-time-limit"), busy_reply_millis, 0, i64::MAX),
    host_checked!("client-output-buffer-limit", output_limits),
    bytes!("client-query-buffer-limit", None, query_buffer_bytes_max, 1 << 20, BYTES_MAX),
    Setting { is_mutable: false, ..number!("databases", None, databases, 1, 10_000) },
    access!("enable-debug-command", debug_access),
    access!("enable-protected-configs", protected_access),
    host("engine", false),
    // What Valkey calls so is how the server always is.
    fixed!("extended-redis-compatibility", "yes"),
    bytes!("function-max-bytes", None, function_bytes_max, 0, BYTES_MAX),
    number!("function-max-libraries", None, function_libraries_max, 0, i64::MAX),
    number!(
        "hash-max-listpack-entries",
        Some("hash-max-ziplist-entries"),
        encoding_limits.hash_entries_max,
        0,
        i64::MAX
    ),
    bytes!(
        "hash-max-listpack-value",
        Some("hash-max-ziplist-value"),
        encoding_limits.hash_value_bytes_max,
        0,
        BYTES_MAX
    ),
    bytes!("hll-sparse-max-bytes", None, hll_sparse_bytes_max, 0, BYTES_MAX),
    Setting {
        name: "hz",
        alias: None,
        is_mutable: true,
        is_host: false,
        // Nothing happens so many times a second; the number is kept within Redis's bounds.
        read: |config, _| config.idle("hz", "10").to_string(),
        write: |config, name, value| {
            let value = integer(value, 0, i32::MAX as i64)?.clamp(1, 500);
            config.host.insert(name, value.to_string());
            Ok(())
        },
    },
    number!("latency-monitor-threshold", None, latency_monitor_threshold, 0, i64::MAX),
    flag!("latency-tracking", latency_tracking),
    Setting {
        name: "latency-tracking-info-percentiles",
        alias: None,
        is_mutable: true,
        is_host: false,
        read: |config, _| {
            let texts: Vec<String> =
                config.latency_percentiles.iter().map(|&percent| decimal(percent)).collect();
            texts.join(" ")
        },
        write: |config, _, value| {
            config.latency_percentiles = percentiles(value)?;
            Ok(())
        },
    },
    number!("lfu-decay-time", None, lfu_decay_minutes, 0, i32::MAX as i64),
    number!("lfu-log-factor", None, lfu_log_factor, 0, i32::MAX as i64),
    number!(
        "list-max-listpack-size",
        Some("list-max-ziplist-size"),
        encoding_limits.list_fill.0,
        i32::MIN as i64,
        i32::MAX as i64
    ),
    host("logfile", false),
    host_checked!("loglevel", |_, value: &str| { Ok(LOG_LEVELS[one_of(value, &LOG_LEVELS)?].to_string()) }),
    Setting { is_host: true, ..number!("maxclients", None, maxclients, 1, u32::MAX as i64) },
    bytes!("maxmemory", None, maxmemory, 0, u64::MAX),
    Setting {
        name: "maxmemory-clients",
        alias: None,
        is_mutable: true,
        is_host: false,
        read: |config, _| match config.maxmemory_clients {
            percent @ ..0 => alloc::format!("{}%", -percent),
            bytes => bytes.to_string(),
        },
        write: |config, _, value| {
            config.maxmemory_clients = bytes_or_percent(value)?;
            Ok(())
        },
    },
    number!("maxmemory-eviction-tenacity", None, eviction_tenacity, 0, 100),
    Setting {
        name: "maxmemory-policy",
        alias: None,
        is_mutable: true,
        is_host: false,
        read: |config, _| config.maxmemory_policy.name.to_string(),
        write: |config, _, value| {
            let index = one_of(value, &Policy::ALL.map(|policy| policy.name))?;
            config.maxmemory_policy = Policy::ALL[index];
            Ok(())
        },
    },
    number!("maxmemory-samples", None, maxmemory_samples, 1, i32::MAX as i64),
    Setting {
        name: "notify-keyspace-events",
        alias: None,
        is_mutable: true,
        is_host: false,
        read: |config, _| notify_text(config.notify),
        write: |config, _, value| {
            config.notify = notify_bits(value)?;
            Ok(())
        },
    },
    host("pidfile", false),
    host("port", false),
    host_checked!("protected-mode", |_, value| {
        Ok(if boolean(value)? { "yes" } else { "no" }.to_string())
    }),
    bytes!("proto-max-bulk-len", None, bulk_bytes_max, 1 << 20, BYTES_MAX),
    Setting {
        name: "rdbcompression",
        alias: None,
        is_mutable: true,
        is_host: true,
        read: |config, _| String::from(if config.rdb_compression { "yes" } else { "no" }),
        write: |config, _, value| {
            config.rdb_compression = boolean(value)?;
            Ok(())
        },
    },
    Setting {
        name: "reported-version",
        alias: None,
        // Scripts keep it.
        is_mutable: false,
        is_host: false,
        read: |config, _| config.reported_version.clone(),
        write: |config, _, value| {
            config.reported_version = version(value)?;
            Ok(())
        },
    },
    Setting {
        name: "requirepass",
        alias: None,
        is_mutable: true,
        is_host: false,
        read: |config, _| String::from_utf8_lossy(&config.requirepass).into_owned(),
        write: |config, _, value| {
            config.requirepass = value.as_bytes().to_vec();
            Ok(())
        },
    },
    // Payloads are always checked in depth, whichever client sends them.
    fixed!("sanitize-dump-payload", "yes"),
    bytes!("script-cache-max-bytes", None, script_cache_bytes_max, 0, BYTES_MAX),
    number!("script-cache-max-entries", None, script_cache_entries_max, 1, i64::MAX),
    number!("script-instructions-max", None, script_instructions_max, 1000, i64::MAX),
    bytes!("script-memory-max", None, script_memory_bytes_max, 1 << 20, BYTES_MAX),
    number!("set-max-intset-entries", None, encoding_limits.intset_entries_max, 0, i64::MAX),
    number!("set-max-listpack-entries", None, encoding_limits.set_entries_max, 0, i64::MAX),
    bytes!("set-max-listpack-value", None, encoding_limits.set_value_bytes_max, 0, BYTES_MAX),
    number!(
        "slowlog-log-slower-than",
        Some("commandlog-execution-slower-than"),
        slowlog_log_slower_than,
        -1,
        i64::MAX
    ),
    number!("slowlog-max-len", Some("commandlog-slow-execution-max-len"), slowlog_max_len, 0, i64::MAX),
    bytes!("stream-node-max-bytes", None, encoding_limits.stream_node_bytes_max, 0, BYTES_MAX),
    number!("stream-node-max-entries", None, encoding_limits.stream_node_entries_max, 0, i64::MAX),
    host("tcp-backlog", false),
    host_checked!("tcp-keepalive", |_, value| Ok(integer(value, 0, i32::MAX as i64)?.to_string())),
    number!("timeout", None, timeout_seconds, 0, i32::MAX as i64),
    number!("tracking-table-max-keys", None, tracked_keys_max, 0, i64::MAX),
    host("unixsocket", false),
    host("unixsocketperm", false),
    number!(
        "zset-max-listpack-entries",
        Some("zset-max-ziplist-entries"),
        encoding_limits.zset_entries_max,
        0,
        i64::MAX
    ),
    bytes!(
        "zset-max-listpack-value",
        Some("zset-max-ziplist-value"),
        encoding_limits.zset_value_bytes_max,
        0,
        BYTES_MAX
    ),
];

/// The values of `loglevel`.
const LOG_LEVELS: [&str; 4] = ["debug", "verbose", "notice", "warning"];

/// The values of `acl-pubsub-default`.
const CHANNELS: [&str; 2] = ["resetchannels", "allchannels"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked() {
        let mut options = Options::default();
        assert_eq!(options.set("maxmemory", "100mb"), Ok(()));
        assert_eq!(options.config.maxmemory, Limit::new(100 << 20));
        assert!(options.set("maxmemory", "1xb").is_err());
        assert!(options.set("maxclients", "0").is_err());
        assert!(options.set("hash-max-ziplist-entries", "7").is_ok());
        assert_eq!(options.config.encoding_limits.hash_entries_max, Limit::new(7));
        assert!(options.set("no-such-setting", "1").is_err());
    }

    #[test]
    fn settings_are_in_order_and_named_once() {
        assert!(SETTINGS.is_sorted_by(|a, b| a.name < b.name));
    }
}
