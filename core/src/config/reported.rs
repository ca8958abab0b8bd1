//! Settings of Redis that clients and test suites look at, and that nothing here depends on.
//!
//! Some can be set to their one value only: what they would turn on does not exist. Others can be set, since what
//! they ask for happens whatever they say; each group says why.

use alloc::string::ToString;

use super::{ConfigError, Setting, boolean, fitting, integer};

/// A setting that tells what is always so; CONFIG SET refuses it.
macro_rules! constant {
    ($name:literal, $value:literal) => {
        Setting { is_mutable: false, ..fixed!($name, $value) }
    };
}

/// A setting whose value is yes or no, and that nothing depends on.
macro_rules! idle_flag {
    ($name:literal, $value:literal) => {
        Setting {
            name: $name,
            alias: None,
            is_mutable: true,
            is_host: false,
            read: |config, _| config.idle($name, $value).to_string(),
            write: |config, name, value| {
                let value = if boolean(value)? { "yes" } else { "no" };
                config.host.insert(name, value.to_string());
                Ok(())
            },
        }
    };
}

/// A setting whose value is a number within bounds, and that nothing depends on.
macro_rules! idle_number {
    ($name:literal, $alias:expr, $value:literal, $least:expr, $most:expr) => {
        Setting {
            name: $name,
            alias: $alias,
            is_mutable: true,
            is_host: false,
            read: |config, _| config.idle($name, $value).to_string(),
            write: |config, name, value| {
                let value = integer(value, $least, $most)?;
                config.host.insert(name, value.to_string());
                Ok(())
            },
        }
    };
}

pub(super) const REPORTED: &[Setting] = &[
    // Expiry, freeing and the growth of tables go in steps of their own, whenever there is something to do.
    idle_number!("active-expire-effort", None, "1", 1, 10),
    idle_flag!("activerehashing", "yes"),
    idle_flag!("dynamic-hz", "yes"),
    idle_flag!("lazyfree-lazy-eviction", "no"),
    idle_flag!("lazyfree-lazy-expire", "no"),
    idle_flag!("lazyfree-lazy-server-del", "no"),
    idle_flag!("lazyfree-lazy-user-del", "no"),
    idle_flag!("lazyfree-lazy-user-flush", "no"),
    // Chunks of lists are not compressed.
    idle_number!("list-compress-depth", None, "0", 0, i32::MAX as i64),
    // Memory is not moved about, and there is one thread.
    fixed!("activedefrag", "no"),
    constant!("io-threads", "1"),
    constant!("io-threads-do-reads", "no"),
    // What logs and dumps take for granted.
    fixed!("aof-use-rdb-preamble", "yes"),
    // Valkey's logs.
    number!("commandlog-large-reply-max-len", None, large_replies.max_len, 0, i64::MAX),
    number!("commandlog-large-request-max-len", None, large_requests.max_len, 0, i64::MAX),
    number!("commandlog-reply-larger-than", None, large_replies.than, -1, i64::MAX),
    number!("commandlog-request-larger-than", None, large_requests.than, -1, i64::MAX),
    // Where the server is, which Valkey's clients ask for.
    Setting {
        name: "availability-zone",
        alias: None,
        is_mutable: true,
        is_host: false,
        read: |config, name| config.host(name).to_string(),
        write: |config, name, value| {
            config.host.insert(name, value.to_string());
            Ok(())
        },
    },
    // There are no replicas and no master.
    fixed!("masterauth", ""),
    fixed!("masteruser", ""),
    fixed!("min-replicas-max-lag", "10"),
    fixed!("min-replicas-to-write", "0"),
    fixed!("repl-backlog-size", "1048576"),
    fixed!("repl-diskless-load", "disabled"),
    fixed!("repl-diskless-sync", "yes"),
    fixed!("repl-diskless-sync-delay", "5"),
    fixed!("repl-ping-replica-period", "10"),
    fixed!("repl-timeout", "60"),
    fixed!("replica-ignore-maxmemory", "yes"),
    fixed!("replica-priority", "100"),
    fixed!("replica-read-only", "yes"),
    fixed!("replica-serve-stale-data", "yes"),
    constant!("replicaof", ""),
    // There is no cluster.
    constant!("cluster-enabled", "no"),
    fixed!("cluster-node-timeout", "15000"),
    // There are no modules.
    constant!("enable-module-command", "no"),
    // The host has no transport security of its own.
    fixed!("tls-port", "0"),
    // The host runs in the foreground.
    constant!("daemonize", "no"),
    constant!("supervised", "no"),
];
