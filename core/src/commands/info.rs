//! INFO: the state of the server, in sections of `name:value` lines.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, string};
use crate::config::{self, Fact, edge};
use crate::number::{decimal, fixed};
use crate::observe::Counts;
use crate::resp::args::Args;
use crate::server::SaveKind;
use crate::server::connection::Connection;
use crate::server::persistence;

use super::memory::Parts;

/// Writes the lines of one section.
type Writer = fn(&Context<'_>, &mut String);

/// A section.
struct Section {
    name: &'static str,
    /// Whether it is shown unless others are asked for.
    is_default: bool,
    write: Writer,
}

const fn section(name: &'static str, write: Writer) -> Section {
    Section { name, is_default: true, write }
}

/// The sections, in order.
const SECTIONS: &[Section] = &[
    section("Server", server),
    section("Clients", clients),
    section("Memory", memory),
    section("Persistence", persistence),
    section("Stats", stats),
    section("Replication", replication),
    section("CPU", cpu),
    section("Modules", |_, _| {}),
    Section { name: "Commandstats", is_default: false, write: commandstats },
    section("Errorstats", errorstats),
    Section { name: "Latencystats", is_default: false, write: latencystats },
    section("Cluster", |_, out| lines(out, &[("cluster_enabled", "0".into())])),
    section("Keyspace", keyspace),
];

fn info(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let wanted = args.from(1);
    let asks_for = |word: &str| wanted.iter().any(|section| section.eq_ignore_ascii_case(word.as_bytes()));
    let (all, default) =
        (asks_for("all") || asks_for("everything"), wanted.is_empty() || asks_for("default"));
    let is_wanted = |section: &&Section| all || default && section.is_default || asks_for(section.name);
    ctx.server.rate.look(ctx.server.steady, &ctx.server.stats);
    ctx.server.memory_peak = ctx.server.memory_peak.max((ctx.server.memory_used)());
    let mut text = String::new();
    for Section { name, write, .. } in SECTIONS.iter().filter(is_wanted) {
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
    let (server, machine) = (&ctx.server, &ctx.server.machine);
    let hz = setting(ctx, "hz");
    let uptime = (server.steady - server.started) / 1_000_000;
    let port = Some(server.config.host("port")).filter(|port| !port.is_empty()).unwrap_or("0");
    let tls_port = String::from(edge::port(&server.config, edge::TLS_PORT));
    lines(
        out,
        &[
            ("redis_version", server.config.reported_version.clone()),
            ("sanderling_version", env!("CARGO_PKG_VERSION").into()),
            ("redis_git_sha1", "00000000".into()),
            ("redis_git_dirty", "0".into()),
            ("redis_build_id", "0".into()),
            ("redis_mode", "standalone".into()),
            ("os", if machine.os.is_empty() { os().into() } else { machine.os.clone() }),
            ("arch_bits", if machine.arch_bits == 0 { usize::BITS } else { machine.arch_bits }.to_string()),
            ("monotonic_clock", "host".into()),
            ("multiplexing_api", "host".into()),
            ("process_id", server.process_id.to_string()),
            ("process_supervised", "no".into()),
            ("run_id", server.run_id.clone()),
            // As in Redis, a server that speaks TLS alone shows that port here.
            ("tcp_port", if port == "0" { tls_port.clone() } else { port.into() }),
            ("server_time_usec", server.now.to_string()),
            ("uptime_in_seconds", uptime.to_string()),
            ("uptime_in_days", (uptime / 86_400).to_string()),
            ("hz", hz.clone()),
            ("configured_hz", hz),
            ("lru_clock", ((ctx.store.steady / 1000) & 0x00ff_ffff).to_string()),
            ("executable", machine.executable.clone()),
            ("config_file", server.config_file.clone()),
            ("io_threads_active", "0".into()),
            ("sanderling_engine", server.config.host("engine").into()),
        ],
    );
    listeners(ctx, out, port, &tls_port);
    certificate(ctx, out);
}

/// What the host listens on.
fn listeners(ctx: &Context<'_>, out: &mut String, port: &str, tls_port: &str) {
    let config = &ctx.server.config;
    let (bind, socket) = (config.host("bind"), config.host("unixsocket"));
    let addresses: String = bind.split_whitespace().map(|address| format!(",bind={address}")).collect();
    let mut all = Vec::new();
    if port != "0" {
        all.push(format!("name=tcp{addresses},port={port}"));
    }
    if !socket.is_empty() {
        all.push(format!("name=unix,bind={socket}"));
    }
    if tls_port != "0" {
        all.push(format!("name=tls{addresses},port={tls_port}"));
    }
    for (number, listener) in all.into_iter().enumerate() {
        lines(out, &[(&format!("listener{number}"), listener)]);
    }
}

/// How long the certificate of TLS is good, if there is one. It is negative once it is not any more.
fn certificate(ctx: &Context<'_>, out: &mut String) {
    let end = ctx.server.fact.map_or(0, |fact| fact(Fact::CertificateEnd));
    if end > 0 {
        let seconds = i128::from(end) - i128::from(ctx.server.now / 1_000_000);
        lines(out, &[("tls_cert_expires_in_days", seconds.div_euclid(86_400).to_string())]);
    }
}

/// Where the engine was built for.
const fn os() -> &'static str {
    if cfg!(target_family = "wasm") {
        "WebAssembly"
    } else if cfg!(target_os = "linux") {
        "Linux"
    } else if cfg!(target_os = "macos") {
        "Darwin"
    } else {
        "unknown"
    }
}

/// Processor time, if the host tells it.
fn cpu(ctx: &Context<'_>, out: &mut String) {
    let Some(fact) = ctx.server.fact else { return };
    let fields = [
        ("used_cpu_sys", Fact::SystemTime),
        ("used_cpu_user", Fact::UserTime),
        ("used_cpu_sys_children", Fact::ChildrenSystemTime),
        ("used_cpu_user_children", Fact::ChildrenUserTime),
        ("used_cpu_sys_main_thread", Fact::ThreadSystemTime),
        ("used_cpu_user_main_thread", Fact::ThreadUserTime),
    ];
    // A host may know its files alone.
    if fields.iter().all(|&(_, which)| fact(which) == 0) {
        return;
    }
    let seconds = |micros: u64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    lines(out, &fields.map(|(name, which)| (name, seconds(fact(which)))));
}

/// A setting as CONFIG GET replies it.
fn setting(ctx: &Context<'_>, name: &str) -> String {
    let setting = config::find(name).expect("the engine knows its own settings");
    (setting.read)(&ctx.server.config, setting.name)
}

fn clients(ctx: &Context<'_>, out: &mut String) {
    let connections = ctx.server.connections();
    let count = |is_such: fn(&Connection) -> bool| {
        connections.iter().filter(|(_, connection)| is_such(connection)).count().to_string()
    };
    lines(
        out,
        &[
            ("connected_clients", ctx.server.connected.to_string()),
            ("cluster_connections", "0".into()),
            ("maxclients", ctx.server.config.maxclients.to_string()),
            ("client_recent_max_input_buffer", largest_input(ctx).to_string()),
            ("client_recent_max_output_buffer", "0".into()),
            ("blocked_clients", ctx.server.blocked.to_string()),
            ("tracking_clients", ctx.server.tracking.clients.to_string()),
            ("pubsub_clients", count(|other| other.subscriptions.is_any())),
            ("watching_clients", count(|other| !other.watched.is_empty())),
            ("clients_in_timeout_table", ctx.server.timers.len().to_string()),
            ("total_watched_keys", ctx.store.watched_keys().to_string()),
            ("total_blocking_keys", ctx.store.waited_keys().0.to_string()),
            ("total_blocking_keys_on_nokey", ctx.store.waited_keys().1.to_string()),
        ],
    );
}

/// The most input that waits of any client, in bytes.
fn largest_input(ctx: &Context<'_>) -> usize {
    let connections = ctx.server.connections();
    connections.into_iter().map(|(_, connection)| connection.pending_bytes()).max().unwrap_or(0)
}

fn memory(ctx: &Context<'_>, out: &mut String) {
    let parts = Parts::of(ctx);
    let limit = ctx.server.config.maxmemory;
    let fact = |which| ctx.server.fact.map(|fact| fact(which));
    // A host that does not tell uses what was taken.
    let resident = fact(Fact::ResidentBytes).filter(|&bytes| bytes > 0).unwrap_or(parts.used as u64);
    let machine = fact(Fact::MachineBytes).unwrap_or(0);
    let sandbox = ctx.server.config.memory_bytes_max as u64;
    let scripts = &ctx.server.scripting.scripts;
    let libraries = &ctx.server.scripting.libraries;
    let (library_count, function_count) = libraries.counts();
    let (vm_eval, vm_functions) = (scripts.machine_bytes(), libraries.machine_bytes());
    let script_bytes = scripts.bytes() + libraries.bytes();
    lines(
        out,
        &[
            ("used_memory", parts.used.to_string()),
            ("used_memory_human", human(parts.used as u64)),
            ("used_memory_rss", resident.to_string()),
            ("used_memory_rss_human", human(resident)),
            ("used_memory_peak", parts.peak.to_string()),
            ("used_memory_peak_human", human(parts.peak as u64)),
            ("used_memory_peak_perc", fixed(parts.peak_percent(), 2) + "%"),
            ("used_memory_overhead", parts.overhead.to_string()),
            ("used_memory_startup", parts.startup.to_string()),
            ("used_memory_dataset", parts.dataset.to_string()),
            ("used_memory_dataset_perc", fixed(parts.dataset_percent(), 2) + "%"),
            ("total_system_memory", machine.to_string()),
            ("total_system_memory_human", human(machine)),
            ("maxmemory", limit.to_string()),
            ("maxmemory_human", human(limit.value())),
            ("maxmemory_policy", ctx.server.config.maxmemory_policy.name.into()),
            ("mem_fragmentation_ratio", format!("{:.2}", resident as f64 / parts.used.max(1) as f64)),
            ("mem_fragmentation_bytes", (resident as i64 - parts.used as i64).to_string()),
            // The allocator keeps no more than its blocks, as far as it tells.
            ("allocator_allocated", parts.used.to_string()),
            ("allocator_active", parts.used.to_string()),
            ("allocator_resident", resident.to_string()),
            ("allocator_muzzy", "0".into()),
            ("allocator_frag_ratio", "1.00".into()),
            ("allocator_frag_bytes", "0".into()),
            ("allocator_rss_ratio", format!("{:.2}", resident as f64 / parts.used.max(1) as f64)),
            ("allocator_rss_bytes", (resident as i64 - parts.used as i64).to_string()),
            ("rss_overhead_ratio", "1.00".into()),
            ("rss_overhead_bytes", "0".into()),
            ("sandbox_memory_max", sandbox.to_string()),
            ("sandbox_memory_max_human", human(sandbox)),
            ("mem_overhead_db_hashtable_rehashing", "0".into()),
            ("mem_not_counted_for_evict", "0".into()),
            ("mem_replication_backlog", "0".into()),
            ("mem_total_replication_buffers", "0".into()),
            ("mem_clients_slaves", "0".into()),
            ("mem_clients_normal", parts.clients.to_string()),
            ("mem_cluster_links", "0".into()),
            ("mem_aof_buffer", ctx.server.fact.map_or(0, |fact| fact(Fact::LogBufferBytes)).to_string()),
            ("used_memory_lua", vm_eval.to_string()),
            ("used_memory_vm_eval", vm_eval.to_string()),
            ("used_memory_lua_human", human(vm_eval as u64)),
            ("used_memory_scripts_eval", scripts.bytes().to_string()),
            ("number_of_cached_scripts", scripts.len().to_string()),
            ("number_of_functions", function_count.to_string()),
            ("number_of_libraries", library_count.to_string()),
            ("used_memory_vm_functions", vm_functions.to_string()),
            ("used_memory_vm_total", (vm_eval + vm_functions).to_string()),
            ("used_memory_vm_total_human", human((vm_eval + vm_functions) as u64)),
            ("used_memory_functions", libraries.bytes().to_string()),
            ("used_memory_scripts", script_bytes.to_string()),
            ("used_memory_scripts_human", human(script_bytes as u64)),
            ("mem_allocator", "sanderling".into()),
            ("active_defrag_running", "0".into()),
            ("lazyfree_pending_objects", ctx.store.pending_frees().to_string()),
            ("lazyfreed_objects", ctx.store.freed.to_string()),
        ],
    );
}

/// A number of bytes with the unit that keeps it short, as Redis prints it.
fn human(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("T", 40), ("G", 30), ("M", 20), ("K", 10)];
    match UNITS.iter().find(|(_, shift)| bytes >> shift > 0) {
        Some((unit, shift)) => fixed(bytes as f64 / (1u64 << shift) as f64, 2) + unit,
        None => format!("{bytes}B"),
    }
}

fn persistence(ctx: &Context<'_>, out: &mut String) {
    let (files, steady) = (&ctx.server.files, ctx.server.steady);
    let [dump, base] = files.records;
    let status = |is_ok: bool| if is_ok { "ok" } else { "err" }.to_string();
    let flag = |is: bool| u8::from(is).to_string();
    let seconds = |seconds: Option<u64>| seconds.map_or("-1".into(), |seconds| seconds.to_string());
    let (saved, saving) = ctx.store.save_progress();
    let (loaded, expired) = files.loaded;
    lines(
        out,
        &[
            ("loading", flag(files.loading.is_some())),
            ("async_loading", "0".into()),
            ("current_cow_peak", "0".into()),
            ("current_cow_size", "0".into()),
            ("current_cow_size_age", "0".into()),
            ("current_fork_perc", fixed(saved as f64 / saving.max(1) as f64 * 100.0, 2)),
            ("current_save_keys_processed", saved.to_string()),
            ("current_save_keys_total", saving.to_string()),
            ("rdb_changes_since_last_save", files.changes(ctx.store.dirty).to_string()),
            ("rdb_bgsave_in_progress", flag(files.running() == Some(SaveKind::Dump))),
            ("rdb_last_save_time", files.saved_at_seconds().to_string()),
            ("rdb_last_bgsave_status", status(dump.is_ok)),
            ("rdb_last_bgsave_time_sec", seconds(dump.seconds)),
            ("rdb_current_bgsave_time_sec", seconds(files.running_seconds(SaveKind::Dump, steady))),
            ("rdb_saves", dump.count.to_string()),
            ("rdb_last_cow_size", "0".into()),
            ("rdb_last_load_keys_expired", expired.to_string()),
            ("rdb_last_load_keys_loaded", loaded.to_string()),
            ("aof_enabled", flag(ctx.server.config.persistence.has_log)),
            ("aof_rewrite_in_progress", flag(files.running() == Some(SaveKind::Base))),
            ("aof_rewrite_scheduled", flag(base.is_scheduled)),
            ("aof_last_rewrite_time_sec", seconds(base.seconds)),
            ("aof_current_rewrite_time_sec", seconds(files.running_seconds(SaveKind::Base, steady))),
            ("aof_last_bgrewrite_status", status(base.is_ok)),
            ("aof_rewrites", base.count.to_string()),
            ("aof_rewrites_consecutive_failures", base.failures.to_string()),
            ("aof_last_write_status", status(files.is_log_ok())),
            ("aof_last_cow_size", "0".into()),
            ("module_fork_in_progress", "0".into()),
            ("module_fork_last_cow_size", "0".into()),
        ],
    );
    if ctx.server.config.persistence.has_log {
        let tell = |which| ctx.server.fact.map_or(0, |fact| fact(which)).to_string();
        lines(
            out,
            &[
                ("aof_current_size", tell(Fact::LogBytes)),
                ("aof_base_size", tell(Fact::LogBaseBytes)),
                ("aof_pending_rewrite", flag(base.is_scheduled)),
                ("aof_buffer_length", tell(Fact::LogBufferBytes)),
                ("aof_pending_bio_fsync", tell(Fact::LogSyncsPending)),
                ("aof_delayed_fsync", tell(Fact::LogSyncsDelayed)),
            ],
        );
    }
    if let Some(progress) = files.loading {
        let (percent, left) = persistence::progress(progress, ctx.server.now);
        lines(
            out,
            &[
                ("loading_start_time", (progress.since / 1_000_000).to_string()),
                ("loading_total_bytes", progress.total.to_string()),
                ("loading_rdb_used_mem", "0".into()),
                ("loading_loaded_bytes", progress.done.to_string()),
                ("loading_loaded_perc", fixed(percent, 2)),
                ("loading_eta_seconds", left.to_string()),
            ],
        );
    }
}

fn stats(ctx: &Context<'_>, out: &mut String) {
    let (stats, store, pubsub) = (&ctx.server.stats, &ctx.store, &ctx.server.pubsub);
    let [commands, bytes_in, bytes_out] = ctx.server.rate.per_second;
    let kilobytes = |bytes: u64| fixed(bytes as f64 / 1024.0, 2);
    let (keys, items, prefixes) = ctx.server.tracking.sizes();
    lines(
        out,
        &[
            ("total_connections_received", stats.connections.to_string()),
            ("total_commands_processed", stats.commands.to_string()),
            ("instantaneous_ops_per_sec", commands.to_string()),
            ("total_net_input_bytes", stats.bytes_in.to_string()),
            ("total_net_output_bytes", stats.bytes_out.to_string()),
            ("total_net_repl_input_bytes", "0".into()),
            ("total_net_repl_output_bytes", "0".into()),
            ("instantaneous_input_kbps", kilobytes(bytes_in)),
            ("instantaneous_output_kbps", kilobytes(bytes_out)),
            ("instantaneous_input_repl_kbps", "0.00".into()),
            ("instantaneous_output_repl_kbps", "0.00".into()),
            ("rejected_connections", stats.rejected.to_string()),
            ("sync_full", "0".into()),
            ("sync_partial_ok", "0".into()),
            ("sync_partial_err", "0".into()),
            ("expired_keys", store.expired_keys.to_string()),
            ("expired_subkeys", store.expired_fields.to_string()),
            ("expired_stale_perc", "0.00".into()),
            ("expired_time_cap_reached_count", "0".into()),
            ("expire_cycle_cpu_milliseconds", "0".into()),
            ("evicted_keys", store.evicted_keys.to_string()),
            ("evicted_scripts", ctx.server.scripting.scripts.evicted.to_string()),
            ("evicted_clients", stats.evicted_clients.to_string()),
            ("total_eviction_exceeded_time", "0".into()),
            ("current_eviction_exceeded_time", "0".into()),
            ("keyspace_hits", store.hits.to_string()),
            ("keyspace_misses", store.misses.to_string()),
            ("pubsub_channels", pubsub.channels.len().to_string()),
            ("pubsub_patterns", pubsub.patterns.len().to_string()),
            ("pubsubshard_channels", pubsub.shard_channels.len().to_string()),
            ("latest_fork_usec", "0".into()),
            ("total_forks", "0".into()),
            ("migrate_cached_sockets", "0".into()),
            ("slave_expires_tracked_keys", "0".into()),
            ("unexpected_error_replies", "0".into()),
            ("tracking_total_keys", keys.to_string()),
            ("tracking_total_items", items.to_string()),
            ("tracking_total_prefixes", prefixes.to_string()),
            ("active_defrag_hits", "0".into()),
            ("active_defrag_misses", "0".into()),
            ("active_defrag_key_hits", "0".into()),
            ("active_defrag_key_misses", "0".into()),
            ("total_active_defrag_time", "0".into()),
            ("current_active_defrag_time", "0".into()),
            ("dump_payload_sanitizations", "0".into()),
            ("total_reads_processed", stats.reads.to_string()),
            ("total_writes_processed", stats.writes.to_string()),
            ("reply_buffer_shrinks", "0".into()),
            ("reply_buffer_expands", "0".into()),
            ("client_query_buffer_limit_disconnections", stats.input_limit_disconnects.to_string()),
            ("io_threaded_reads_processed", "0".into()),
            ("io_threaded_writes_processed", "0".into()),
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
            ("master_replid", ctx.server.repl_id.clone()),
            ("master_replid2", "0".repeat(40)),
            ("master_repl_offset", "0".into()),
            ("second_repl_offset", "-1".into()),
            ("repl_backlog_active", "0".into()),
            ("repl_backlog_size", "1048576".into()),
            ("repl_backlog_first_byte_offset", "0".into()),
            ("repl_backlog_histlen", "0".into()),
        ],
    );
}

fn commandstats(ctx: &Context<'_>, out: &mut String) {
    for (name, counts) in ctx.server.observer.statistics.all() {
        let Counts { calls, micros, rejected, failed, .. } = counts;
        if calls + rejected + failed > 0 {
            let per_call = fixed(if *calls == 0 { 0.0 } else { *micros as f64 / *calls as f64 }, 2);
            write!(
                out,
                "cmdstat_{name}:calls={calls},usec={micros},usec_per_call={per_call},\
                 rejected_calls={rejected},failed_calls={failed}\r\n"
            )
            .expect("writing to a string cannot fail");
        }
    }
}

fn errorstats(ctx: &Context<'_>, out: &mut String) {
    for (code, count) in &ctx.server.observer.statistics.errors {
        write!(out, "errorstat_{code}:count={count}\r\n").expect("writing to a string cannot fail");
    }
}

fn latencystats(ctx: &Context<'_>, out: &mut String) {
    for (name, counts) in ctx.server.observer.statistics.all() {
        let Some(histogram) = &counts.histogram else { continue };
        let percentiles: Vec<String> = ctx
            .server
            .config
            .latency_percentiles
            .iter()
            .map(|&percent| {
                format!("p{}={}", decimal(percent), fixed(histogram.percentile(percent) as f64, 3))
            })
            .collect();
        write!(out, "latency_percentiles_usec_{name}:{}\r\n", percentiles.join(","))
            .expect("writing to a string cannot fail");
    }
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
    flags: flags::ANYTIME,
    args: &[string("section").optional().multiple()],
    reply: "bulk-string",
    handler: info,
    categories: &["dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    ..Group::Server.row("INFO", "1.0.0", "Returns the state of the server, in sections.")
}];
