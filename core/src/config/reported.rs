//! Settings of Redis that clients and test suites look at, and that nothing here depends on.
//!
//! Some can be set to their one value only: what they would turn on does not exist. Others can be set, since what
//! they ask for happens whatever they say; each group says why.

use alloc::string::{String, ToString};

use super::values::shutdown_flags;
use super::{ConfigError, Setting, boolean, fitting, host, integer, one_of};

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
    Setting { alias: Some("min-slaves-to-write"), ..fixed!("min-replicas-to-write", "0") },
    Setting { alias: Some("slaveof"), ..constant!("replicaof", "") },
    // There is no cluster.
    constant!("cluster-enabled", "no"),
    // How a signal ends the host's process.
    Setting {
        read: |config, name| config.idle(name, "default").to_string(),
        ..host_checked!("shutdown-on-sigint", |_, value| shutdown_flags(value))
    },
    Setting {
        read: |config, name| config.idle(name, "default").to_string(),
        ..host_checked!("shutdown-on-sigterm", |_, value| shutdown_flags(value))
    },
    // The host goes into the background, and tells who has started it, before there is an engine.
    Setting { is_mutable: false, ..idle_flag!("daemonize", "no") },
    Setting {
        is_mutable: false,
        read: |config, name| config.idle(name, "no").to_string(),
        write: |config, name, value| {
            config.host.insert(name, SUPERVISORS[one_of(value, &SUPERVISORS)?].to_string());
            Ok(())
        },
        ..constant!("supervised", "no")
    },
];

/// The values of `supervised`.
const SUPERVISORS: [&str; 4] = ["no", "systemd", "upstart", "auto"];
