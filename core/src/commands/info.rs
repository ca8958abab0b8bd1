//! INFO: the state of the server, in sections of `name:value` lines.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write;

use crate::args::Args;
use crate::command::{Command, Flags, Group, string};
use crate::context::{Context, Flow};
use crate::error::Error;

/// The version of Redis whose behaviour the engine has; clients decide by it what they may use.
pub(crate) const REDIS_VERSION: &str = "7.2.7";

/// Writes the lines of one section.
type Writer = fn(&Context<'_>, &mut String);

/// The sections, in order; all are shown by default.
const SECTIONS: &[(&str, Writer)] = &[
    ("Server", server),
    ("Clients", clients),
    ("Memory", memory),
    ("Persistence", persistence),
    ("Stats", stats),
    ("Replication", replication),
    ("Modules", |_, _| {}),
    ("Errorstats", |_, _| {}),
    ("Cluster", |_, out| lines(out, &[("cluster_enabled", "0".into())])),
    ("Keyspace", keyspace),
];

fn info(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let wanted = args.from(1);
    let is_wanted = |name: &str| {
        wanted.is_empty()
            || wanted.iter().any(|section| {
                ["all", "default", "everything", name]
                    .iter()
                    .any(|word| word.as_bytes().eq_ignore_ascii_case(section))
            })
    };
    let mut text = String::new();
    for (name, write) in SECTIONS.iter().filter(|(name, _)| is_wanted(name)) {
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        text.push_str(&format!("# {name}\r\n"));
        write(ctx, &mut text);
    }
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(Flow::Done)
}

fn lines(out: &mut String, lines: &[(&str, String)]) {
    for (name, value) in lines {
        write!(out, "{name}:{value}\r\n").expect("writing to a string cannot fail");
    }
}

fn server(ctx: &Context<'_>, out: &mut String) {
    let server = &ctx.server;
    let uptime = (server.now - server.started) / 1_000_000;
    let port = Some(server.config.host("port")).filter(|port| !port.is_empty()).unwrap_or("0");
    lines(
        out,
        &[
            ("redis_version", REDIS_VERSION.into()),
            ("sanderling_version", env!("CARGO_PKG_VERSION").into()),
            ("redis_mode", "standalone".into()),
            ("arch_bits", usize::BITS.to_string()),
            ("process_id", server.process_id.to_string()),
            ("run_id", server.run_id.clone()),
            ("tcp_port", port.into()),
            ("server_time_usec", server.now.to_string()),
            ("uptime_in_seconds", uptime.to_string()),
            ("uptime_in_days", (uptime / 86_400).to_string()),
            ("hz", "10".into()),
            ("configured_hz", "10".into()),
            ("lru_clock", ((ctx.store.now / 1000) & 0x00ff_ffff).to_string()),
            ("executable", String::new()),
            ("config_file", String::new()),
        ],
    );
}

fn clients(ctx: &Context<'_>, out: &mut String) {
    lines(
        out,
        &[
            ("connected_clients", ctx.server.connected.to_string()),
            ("cluster_connections", "0".into()),
            ("maxclients", ctx.server.config.maxclients.to_string()),
            ("blocked_clients", ctx.server.blocked.to_string()),
            ("tracking_clients", ctx.server.tracking.clients.to_string()),
            ("clients_in_timeout_table", ctx.server.timers.len().to_string()),
        ],
    );
}

fn memory(ctx: &Context<'_>, out: &mut String) {
    let used = (ctx.server.memory_used)();
    let limit = ctx.server.config.maxmemory;
    lines(
        out,
        &[
            ("used_memory", used.to_string()),
            ("used_memory_human", human(used)),
            ("used_memory_overhead", ctx.store.table_bytes().to_string()),
            ("used_memory_dataset", used.saturating_sub(ctx.store.table_bytes()).to_string()),
            ("maxmemory", limit.to_string()),
            ("maxmemory_human", human(limit)),
            ("maxmemory_policy", "noeviction".into()),
            ("mem_allocator", "sanderling".into()),
        ],
    );
}

/// A number of bytes with the unit that keeps it short, as Redis prints it.
fn human(bytes: usize) -> String {
    const UNITS: [(&str, u32); 4] = [("T", 40), ("G", 30), ("M", 20), ("K", 10)];
    match UNITS.iter().find(|(_, shift)| (bytes as u64) >> shift > 0) {
        Some((unit, shift)) => format!("{:.2}{unit}", bytes as f64 / (1u64 << shift) as f64),
        None => format!("{bytes}B"),
    }
}

fn persistence(ctx: &Context<'_>, out: &mut String) {
    lines(
        out,
        &[
            ("loading", "0".into()),
            ("async_loading", "0".into()),
            ("rdb_changes_since_last_save", ctx.store.dirty.to_string()),
            ("rdb_bgsave_in_progress", "0".into()),
            ("rdb_last_save_time", (ctx.server.started / 1_000_000).to_string()),
            ("rdb_last_bgsave_status", "ok".into()),
            ("aof_enabled", "0".into()),
            ("aof_rewrite_in_progress", "0".into()),
            ("aof_rewrite_scheduled", "0".into()),
            ("aof_last_bgrewrite_status", "ok".into()),
            ("aof_last_write_status", "ok".into()),
        ],
    );
}

fn stats(ctx: &Context<'_>, out: &mut String) {
    let (stats, store, pubsub) = (&ctx.server.stats, &ctx.store, &ctx.server.pubsub);
    let (keys, items, prefixes) = ctx.server.tracking.sizes();
    lines(
        out,
        &[
            ("total_connections_received", stats.connections.to_string()),
            ("total_commands_processed", stats.commands.to_string()),
            ("total_net_input_bytes", stats.bytes_in.to_string()),
            ("total_net_output_bytes", stats.bytes_out.to_string()),
            ("rejected_connections", stats.rejected.to_string()),
            ("expired_keys", store.expired_keys.to_string()),
            ("expired_subkeys", store.expired_fields.to_string()),
            ("evicted_keys", "0".into()),
            ("keyspace_hits", store.hits.to_string()),
            ("keyspace_misses", store.misses.to_string()),
            ("pubsub_channels", pubsub.channels.len().to_string()),
            ("pubsub_patterns", pubsub.patterns.len().to_string()),
            ("pubsubshard_channels", pubsub.shard_channels.len().to_string()),
            ("tracking_total_keys", keys.to_string()),
            ("tracking_total_items", items.to_string()),
            ("tracking_total_prefixes", prefixes.to_string()),
            ("total_error_replies", stats.error_replies.to_string()),
        ],
    );
    lines(out, &ctx.server.acl.log.counts());
}

fn replication(ctx: &Context<'_>, out: &mut String) {
    lines(
        out,
        &[
            ("role", "master".into()),
            ("connected_slaves", "0".into()),
            ("master_failover_state", "no-failover".into()),
            ("master_replid", ctx.server.run_id.clone()),
            ("master_replid2", "0".repeat(40)),
            ("master_repl_offset", "0".into()),
            ("second_repl_offset", "-1".into()),
            ("repl_backlog_active", "0".into()),
        ],
    );
}

fn keyspace(ctx: &Context<'_>, out: &mut String) {
    for db in 0..ctx.store.databases() {
        let keys = ctx.store.len(db);
        if keys > 0 {
            let expires = ctx.store.volatile_len(db);
            write!(out, "db{db}:keys={keys},expires={expires},avg_ttl=0\r\n")
                .expect("writing to a string cannot fail");
        }
    }
}

pub(crate) const ROWS: &[Command] = &[Command {
    name: "INFO",
    group: Group::Server,
    summary: "Returns the state of the server, in sections.",
    flags: Flags::LOADING.and(Flags::STALE),
    args: &[string("section").optional().multiple()],
    reply: "bulk-string",
    handler: info,
    categories: &["dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    ..Command::DEFAULT
}];
