//! Settings of Redis and Valkey that mean nothing here: what they are about does not exist. They are taken and kept, so
//! that configuration files and scripts written for those servers work, and whoever sets one is told why nothing follows.

use alloc::string::{String, ToString};

use super::{BYTES_MAX, Config, ConfigError, Setting, boolean, bytes, integer, one_of};

/// A setting that means nothing here.
pub struct Unused {
    /// Its name.
    pub name: &'static str,
    /// Why nothing follows from it, as the end of a sentence.
    pub why: &'static str,
    alias: Option<&'static str>,
    default: &'static str,
    /// The value that asks for what is so anyway.
    holds: Option<&'static str>,
    kind: Kind,
    is_mutable: bool,
}

enum Kind {
    Flag,
    /// A number within bounds.
    Number(i64, i64),
    Bytes,
    Text,
    OneOf(&'static [&'static str]),
}

impl Unused {
    /// Whether a value, as CONFIG GET shows it, asks for what is so anyway: then there is nothing to tell.
    pub fn holds(&self, value: &str) -> bool {
        self.holds == Some(value)
    }

    fn text(&self, value: &str) -> Result<String, ConfigError> {
        Ok(match self.kind {
            Kind::Flag => if boolean(value)? { "yes" } else { "no" }.to_string(),
            Kind::Number(least, most) => integer(value, least, most)?.to_string(),
            Kind::Bytes => bytes(value, 0, BYTES_MAX)?.to_string(),
            Kind::Text => value.to_string(),
            Kind::OneOf(words) => words[one_of(value, words)?].to_string(),
        })
    }

    const fn alias(self, alias: &'static str) -> Unused {
        Unused { alias: Some(alias), ..self }
    }

    /// CONFIG SET may not change it.
    const fn immutable(self) -> Unused {
        Unused { is_mutable: false, ..self }
    }

    const fn holding(self, value: &'static str) -> Unused {
        Unused { holds: Some(value), ..self }
    }
}

/// The setting of this name, if it means nothing here.
pub fn unused(name: &str) -> Option<&'static Unused> {
    UNUSED.iter().find(|unused| unused.name == name)
}

const fn unused_of(kind: Kind, name: &'static str, default: &'static str, why: &'static str) -> Unused {
    Unused { name, why, alias: None, default, holds: None, kind, is_mutable: true }
}

const fn flag(name: &'static str, default: &'static str, why: &'static str) -> Unused {
    unused_of(Kind::Flag, name, default, why)
}

const fn number(name: &'static str, default: &'static str, why: &'static str) -> Unused {
    unused_of(Kind::Number(0, i64::MAX), name, default, why)
}

const fn size(name: &'static str, default: &'static str, why: &'static str) -> Unused {
    unused_of(Kind::Bytes, name, default, why)
}

const fn text(name: &'static str, default: &'static str, why: &'static str) -> Unused {
    unused_of(Kind::Text, name, default, why)
}

const fn word(
    name: &'static str,
    default: &'static str,
    words: &'static [&'static str],
    why: &'static str,
) -> Unused {
    unused_of(Kind::OneOf(words), name, default, why)
}

const fn setting(unused: &Unused) -> Setting {
    Setting {
        name: unused.name,
        alias: unused.alias,
        is_mutable: unused.is_mutable,
        is_host: false,
        read: |config, name| {
            config.idle(name, self::unused(name).map_or("", |unused| unused.default)).to_string()
        },
        write: |config: &mut Config, name, value| {
            let unused = self::unused(name).expect("the setting was made from the list");
            config.host.insert(name, unused.text(value)?);
            Ok(())
        },
    }
}

/// The same as settings.
pub(super) static SETTINGS: [Setting; UNUSED.len()] = {
    let mut settings = [setting(&UNUSED[0]); UNUSED.len()];
    let mut at = 0;
    while at < UNUSED.len() {
        settings[at] = setting(&UNUSED[at]);
        at += 1;
    }
    settings
};

const ALLOCATOR: &str = "the memory allocator is another";
const BANNER: &str = "no logo is shown";
const CHILDREN: &str = "no process is forked";
const CLUSTER: &str = "there is no cluster";
const CRASHES: &str = "crashes are logged in one line";
const LIMITS: &str = "as many connections are accepted at once as there are";
const MODULES: &str = "there are no modules";
const PIECES: &str = "data is made durable in pieces anyway";
const RDMA: &str = "there is no RDMA";
const REPLICAS: &str = "there are no replicas";
const SESSIONS: &str = "clients keep their sessions of TLS, sealed in tickets";
const SYSLOG: &str = "the log goes to standard output or a file";
const THREADS: &str = "one thread serves all clients";
const TITLE: &str = "the process keeps its title";
const TUNING: &str = "the system's defaults are left as they are";

static UNUSED: [Unused; COUNT] = [
    number("active-defrag-cycle-max", "25", ALLOCATOR),
    number("active-defrag-cycle-min", "1", ALLOCATOR),
    number("active-defrag-cycle-us", "500", ALLOCATOR),
    size("active-defrag-ignore-bytes", "104857600", ALLOCATOR),
    number("active-defrag-max-scan-fields", "1000", ALLOCATOR),
    number("active-defrag-threshold-lower", "10", ALLOCATOR),
    number("active-defrag-threshold-upper", "100", ALLOCATOR),
    flag("activedefrag", "no", ALLOCATOR).holding("no"),
    flag("always-show-logo", "no", BANNER).immutable(),
    flag("aof-disable-auto-gc", "no", "what a log does not need any more is always deleted"),
    size("aof-load-corrupt-tail-max-size", "0", "a torn end of the log may have any size"),
    text("aof-rewrite-cpulist", "", CHILDREN).immutable().alias("aof_rewrite_cpulist"),
    flag("aof-rewrite-incremental-fsync", "yes", PIECES),
    text("bgsave-cpulist", "", CHILDREN).immutable().alias("bgsave_cpulist"),
    text("bind-source-addr", "", "the server connects to no other"),
    text("bio-cpulist", "", THREADS).immutable().alias("bio_cpulist"),
    flag("cluster-allow-pubsubshard-when-down", "yes", CLUSTER),
    flag("cluster-allow-reads-when-down", "no", CLUSTER),
    flag("cluster-allow-replica-migration", "yes", CLUSTER),
    number("cluster-announce-bus-port", "0", CLUSTER),
    text("cluster-announce-client-ipv4", "", CLUSTER),
    text("cluster-announce-client-ipv6", "", CLUSTER),
    number("cluster-announce-client-port", "0", CLUSTER),
    number("cluster-announce-client-tls-port", "0", CLUSTER),
    text("cluster-announce-hostname", "", CLUSTER),
    text("cluster-announce-human-nodename", "", CLUSTER),
    text("cluster-announce-ip", "", CLUSTER),
    number("cluster-announce-port", "0", CLUSTER),
    number("cluster-announce-tls-port", "0", CLUSTER),
    number("cluster-blacklist-ttl", "60", CLUSTER),
    number("cluster-compatibility-sample-ratio", "0", CLUSTER),
    text("cluster-config-file", "nodes.conf", CLUSTER).immutable(),
    word("cluster-config-save-behavior", "sync", &["sync", "best-effort"], CLUSTER),
    number("cluster-databases", "1", CLUSTER).immutable(),
    size("cluster-link-sendbuf-limit", "0", CLUSTER),
    number("cluster-manual-failover-timeout", "5000", CLUSTER),
    number("cluster-migration-barrier", "1", CLUSTER),
    number("cluster-node-timeout", "15000", CLUSTER),
    number("cluster-port", "0", CLUSTER).immutable(),
    word("cluster-preferred-endpoint-type", "ip", &["ip", "hostname", "unknown-endpoint"], CLUSTER),
    flag("cluster-replica-no-failover", "no", CLUSTER).alias("cluster-slave-no-failover"),
    number("cluster-replica-validity-factor", "10", CLUSTER).alias("cluster-slave-validity-factor"),
    flag("cluster-require-full-coverage", "yes", CLUSTER),
    size("cluster-slot-migration-handoff-max-lag-bytes", "1048576", CLUSTER),
    number("cluster-slot-migration-log-max-len", "1000", CLUSTER),
    number("cluster-slot-migration-write-pause-timeout", "10000", CLUSTER),
    flag("cluster-slot-stats-enabled", "no", CLUSTER),
    flag("crash-log-enabled", "yes", CRASHES),
    flag("crash-memcheck-enabled", "yes", CRASHES),
    flag("disable-thp", "yes", TUNING).immutable(),
    flag("dual-channel-replication-enabled", "no", REPLICAS),
    word("enable-module-command", "no", &["no", "yes", "local"], MODULES).immutable().holding("no"),
    number("events-per-io-thread", "2", THREADS),
    text("hash-seed", "", "the seed is random").immutable(),
    flag("hide-user-data-from-log", "no", "the log has no data of users"),
    text("ignore-warnings", "", "there are no such warnings"),
    flag("import-mode", "no", "what is imported expires as it says"),
    number("io-threads", "1", THREADS).immutable().holding("1"),
    flag("io-threads-do-reads", "no", THREADS).immutable().holding("no"),
    flag("jemalloc-bg-thread", "yes", ALLOCATOR),
    flag("key-memory-histograms", "no", "MEMORY USAGE tells the size of a key"),
    number("list-max-ziplist-entries", "512", "list-max-listpack-size has taken its place"),
    number("list-max-ziplist-value", "64", "list-max-listpack-size has taken its place"),
    text("locale-collate", "", "SORT ALPHA compares bytes"),
    word(
        "log-timestamp-format",
        "legacy",
        &["legacy", "iso8601", "milliseconds"],
        "the log has times as RFC 3339 writes them",
    ),
    number("lookahead", "16", "as many requests are read ahead as have come"),
    flag("lua-enable-deprecated-api", "no", "scripts never have that interface").immutable(),
    flag("lua-replicate-commands", "yes", "what scripts change is always kept as commands"),
    text("masterauth", "", REPLICAS).alias("primaryauth").holding(""),
    text("masteruser", "", REPLICAS).alias("primaryuser").holding(""),
    number("max-new-connections-per-cycle", "10", LIMITS),
    number("max-new-tls-connections-per-cycle", "1", LIMITS),
    number("min-replicas-max-lag", "10", REPLICAS).alias("min-slaves-max-lag"),
    flag("mptcp", "no", "connections are plain TCP").immutable().holding("no"),
    word("oom-score-adj", "no", &["no", "yes", "relative", "absolute"], TUNING).holding("no"),
    text("oom-score-adj-values", "0 200 800", TUNING),
    number("prefetch-batch-max-size", "16", "as many keys are fetched ahead as requests have come"),
    text("proc-title-template", "{title} {listen-addr} {server-mode}", TITLE),
    word("propagation-error-behavior", "ignore", &["ignore", "panic", "panic-on-replicas"], REPLICAS),
    flag("rdb-del-sync-files", "no", REPLICAS),
    flag("rdb-save-incremental-fsync", "yes", PIECES),
    word(
        "rdb-version-check",
        "strict",
        &["strict", "relaxed"],
        "files of any version that is known are read",
    ),
    text("rdma-bind", "", RDMA).immutable(),
    unused_of(Kind::Number(-1, i64::MAX), "rdma-completion-vector", "-1", RDMA).immutable(),
    number("rdma-port", "0", RDMA).immutable(),
    size("rdma-rx-size", "1048576", RDMA).immutable(),
    size("repl-backlog-size", "1048576", REPLICAS),
    number("repl-backlog-ttl", "3600", REPLICAS),
    flag("repl-disable-tcp-nodelay", "no", REPLICAS),
    word(
        "repl-diskless-load",
        "disabled",
        &["disabled", "on-empty-db", "swapdb", "flush-before-load"],
        REPLICAS,
    ),
    flag("repl-diskless-sync", "yes", REPLICAS),
    number("repl-diskless-sync-delay", "5", REPLICAS),
    number("repl-diskless-sync-max-replicas", "0", REPLICAS),
    flag("repl-mptcp", "no", REPLICAS),
    number("repl-ping-replica-period", "10", REPLICAS).alias("repl-ping-slave-period"),
    number("repl-timeout", "60", REPLICAS),
    text("replica-announce-ip", "", REPLICAS).alias("slave-announce-ip"),
    number("replica-announce-port", "0", REPLICAS).alias("slave-announce-port"),
    flag("replica-announced", "yes", REPLICAS),
    size("replica-full-sync-buffer-limit", "0", REPLICAS),
    flag("replica-ignore-disk-write-errors", "no", REPLICAS),
    flag("replica-ignore-maxmemory", "yes", REPLICAS).alias("slave-ignore-maxmemory"),
    flag("replica-lazy-flush", "no", REPLICAS).alias("slave-lazy-flush"),
    number("replica-priority", "100", REPLICAS).alias("slave-priority"),
    flag("replica-read-only", "yes", REPLICAS).alias("slave-read-only"),
    flag("replica-serve-stale-data", "yes", REPLICAS).alias("slave-serve-stale-data"),
    text("server-cpulist", "", TUNING).immutable().alias("server_cpulist"),
    flag("set-proc-title", "yes", TITLE).immutable(),
    number("shutdown-timeout", "10", REPLICAS),
    size("slot-migration-max-failover-repl-bytes", "0", CLUSTER),
    number("socket-mark-id", "0", TUNING).immutable(),
    number("stream-idmp-duration", "100", "messages are known again as XADD says it"),
    number("stream-idmp-maxsize", "100", "messages are known again as XADD says it"),
    flag("syslog-enabled", "no", SYSLOG).immutable().holding("no"),
    text("syslog-facility", "local0", SYSLOG).immutable(),
    text("syslog-ident", "redis", SYSLOG).immutable(),
    text("tls-auth-clients-user", "off", "clients say with AUTH who they are").holding("off"),
    text("tls-client-cert-file", "", REPLICAS),
    text("tls-client-key-file", "", REPLICAS),
    text("tls-client-key-file-pass", "", REPLICAS),
    flag("tls-cluster", "no", CLUSTER),
    text("tls-dh-params-file", "", "keys are exchanged on elliptic curves alone"),
    flag("tls-replication", "no", REPLICAS),
    number("tls-session-cache-size", "20480", SESSIONS),
    number("tls-session-cache-timeout", "300", SESSIONS),
    text("unixsocketgroup", "", "the socket has the group of the process").immutable(),
    flag("use-exit-on-panic", "no", CRASHES),
    flag("vset-force-single-threaded-execution", "no", THREADS),
];

const COUNT: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use alloc::vec::Vec;

    #[test]
    fn defaults_are_values_and_names_are_in_order_and_nobody_elses() {
        assert!(UNUSED.is_sorted_by(|a, b| a.name < b.name));
        let names = || super::super::settings().flat_map(|other| [Some(other.name), other.alias]).flatten();
        for unused in &UNUSED {
            assert_eq!(unused.text(unused.default).as_deref(), Ok(unused.default), "{}", unused.name);
            assert!(!unused.why.ends_with('.'), "{}", unused.name);
            let same: Vec<_> =
                names().filter(|name| *name == unused.name || Some(*name) == unused.alias).collect();
            assert_eq!(same.len(), 1 + usize::from(unused.alias.is_some()), "{same:?}");
        }
    }

    #[test]
    fn values_are_checked_and_kept() {
        let mut options = Options::default();
        for (name, value, shown) in [
            ("repl-backlog-size", "2mb", "2097152"),
            ("slave-priority", "7", "7"),
            ("oom-score-adj", "ABSOLUTE", "absolute"),
            ("io-threads", "4", "4"),
            ("masterauth", "secret", "secret"),
        ] {
            options.set(name, value).unwrap();
            let setting = super::super::find(name).unwrap();
            assert_eq!((setting.read)(&options.config, setting.name), shown, "{name}");
        }
        for (name, value) in [("io-threads", "four"), ("set-proc-title", "1"), ("repl-backlog-size", "2xb")] {
            assert!(options.set(name, value).is_err(), "{name}");
        }
        assert!(unused("io-threads").unwrap().holds("1") && !unused("io-threads").unwrap().holds("4"));
    }
}
