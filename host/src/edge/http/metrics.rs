//! `/metrics` for Prometheus: what INFO tells, under the names that redis_exporter has for it, so that its dashboards and
//! alerts work.

use super::Http;
use super::conversation::Conversation;
use super::counts::{Counted, SECONDS};
use super::refusal::Refusal;
use super::reply::error_of;
use super::request::Commands;
use crate::counters::{ENGINE_TRAPS, HANDSHAKES, HANDSHAKES_FAILED, SANDBOX_BYTES};
use hyper::StatusCode;
use std::fmt::Write;
use std::sync::atomic::Ordering;

const TYPE: &str = "text/plain; version=0.0.4";

/// A field of INFO, the metric that it is, and whether that only grows.
const FIELDS: [(&str, &str, bool); 40] = [
    ("uptime_in_seconds", "uptime_in_seconds", false),
    ("connected_clients", "connected_clients", false),
    ("blocked_clients", "blocked_clients", false),
    ("tracking_clients", "tracking_clients", false),
    ("maxclients", "max_clients", false),
    ("client_recent_max_input_buffer", "client_recent_max_input_buffer_bytes", false),
    ("used_memory", "memory_used_bytes", false),
    ("used_memory_rss", "memory_used_rss_bytes", false),
    ("used_memory_peak", "memory_used_peak_bytes", false),
    ("used_memory_dataset", "memory_used_dataset_bytes", false),
    ("used_memory_overhead", "memory_used_overhead_bytes", false),
    ("used_memory_lua", "memory_used_lua_bytes", false),
    ("used_memory_scripts", "memory_used_scripts_bytes", false),
    ("total_system_memory", "total_system_memory_bytes", false),
    ("maxmemory", "memory_max_bytes", false),
    ("mem_fragmentation_ratio", "mem_fragmentation_ratio", false),
    ("loading", "loading_dump_file", false),
    ("rdb_changes_since_last_save", "rdb_changes_since_last_save", false),
    ("rdb_bgsave_in_progress", "rdb_bgsave_in_progress", false),
    ("rdb_last_save_time", "rdb_last_save_timestamp_seconds", false),
    ("aof_enabled", "aof_enabled", false),
    ("aof_rewrite_in_progress", "aof_rewrite_in_progress", false),
    ("aof_current_size", "aof_current_size_bytes", false),
    ("aof_base_size", "aof_base_size_bytes", false),
    ("total_connections_received", "connections_received_total", true),
    ("total_commands_processed", "commands_processed_total", true),
    ("instantaneous_ops_per_sec", "instantaneous_ops_per_sec", false),
    ("total_net_input_bytes", "net_input_bytes_total", true),
    ("total_net_output_bytes", "net_output_bytes_total", true),
    ("rejected_connections", "rejected_connections_total", true),
    ("expired_keys", "expired_keys_total", true),
    ("evicted_keys", "evicted_keys_total", true),
    ("keyspace_hits", "keyspace_hits_total", true),
    ("keyspace_misses", "keyspace_misses_total", true),
    ("pubsub_channels", "pubsub_channels", false),
    ("pubsub_patterns", "pubsub_patterns", false),
    ("connected_slaves", "connected_slaves", false),
    ("used_cpu_sys", "cpu_sys_seconds_total", true),
    ("used_cpu_user", "cpu_user_seconds_total", true),
    ("tls_cert_expires_in_days", "tls_cert_expires_in_days", false),
];

/// What Prometheus reads.
pub(super) async fn answer(
    http: &Http,
    conversation: &mut Conversation,
) -> Result<(StatusCode, Vec<u8>, &'static str), Refusal> {
    let mut commands = Commands::one(&["INFO", "everything"]);
    commands.push(&["SLOWLOG", "LEN"]);
    let replies = conversation.run(&commands).await?;
    let [info, slowlog] = [0, 1].map(|nth| replies.get(nth).expect("each command has a reply"));
    if let Some(error) = error_of(info) {
        return Err(Refusal::new(conversation.status_of(info), error));
    }
    let info = String::from_utf8_lossy(info);
    let slowlog = String::from_utf8_lossy(slowlog);
    let slowlog = slowlog.strip_prefix(':').and_then(|number| number.trim().parse().ok());
    let mut text = text(&info, slowlog);
    push_own(&mut text, &info, http);
    Ok((StatusCode::OK, text.into_bytes(), TYPE))
}

/// Metrics out of INFO's text and the length of the slow log.
fn text(info: &str, slowlog: Option<u64>) -> String {
    let fields: Vec<(&str, &str)> = info.lines().filter_map(|line| line.trim().split_once(':')).collect();
    let field = |name: &str| fields.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    let mut out = String::new();
    push(&mut out, "up", false, &[(String::new(), "1".to_owned())]);
    let label = |name: &str| format!("{name}=\"{}\"", escaped(field(name).unwrap_or_default()));
    let labels = ["redis_version", "redis_mode", "os", "run_id", "tcp_port"].map(label).join(",");
    push(&mut out, "instance_info", false, &[(labels, "1".to_owned())]);
    if let (Some(now), Some(uptime)) = (field("server_time_usec"), field("uptime_in_seconds"))
        && let (Ok(now), Ok(uptime)) = (now.parse::<u64>(), uptime.parse::<u64>())
    {
        let started = (now / 1_000_000).saturating_sub(uptime).to_string();
        push(&mut out, "start_time_seconds", false, &[(String::new(), started)]);
    }
    for (name, metric, grows) in FIELDS {
        if let Some(value) = field(name).filter(|value| value.parse::<f64>().is_ok()) {
            push(&mut out, metric, grows, &[(String::new(), value.to_owned())]);
        }
    }
    if let Some(length) = slowlog {
        push(&mut out, "slowlog_length", false, &[(String::new(), length.to_string())]);
    }
    push_parts(&mut out, &fields);
    out
}

/// The metrics of which there are several: of databases, commands and errors.
fn push_parts(out: &mut String, fields: &[(&str, &str)]) {
    let of = |start: &str, label: &str, part: &str, factor: f64| {
        let rows = fields.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(start).filter(|name| !name.is_empty())?;
            let pair = value.split(',').find_map(|pair| pair.strip_prefix(part)?.strip_prefix('='))?;
            let number: f64 = pair.parse().ok()?;
            Some((format!("{label}=\"{}\"", escaped(name)), (number * factor).to_string()))
        });
        rows.collect::<Vec<_>>()
    };
    let databases = |part: &str, factor: f64| {
        let named = |(label, value): (String, String)| (label.replacen("=\"", "=\"db", 1), value);
        of("db", "db", part, factor).into_iter().map(named).collect::<Vec<_>>()
    };
    push(out, "db_keys", false, &databases("keys", 1.0));
    push(out, "db_keys_expiring", false, &databases("expires", 1.0));
    push(out, "db_avg_ttl_seconds", false, &databases("avg_ttl", 1e-3));
    push(out, "commands_total", true, &of("cmdstat_", "cmd", "calls", 1.0));
    push(out, "commands_duration_seconds_total", true, &of("cmdstat_", "cmd", "usec", 1e-6));
    push(out, "commands_failed_calls_total", true, &of("cmdstat_", "cmd", "failed_calls", 1.0));
    push(out, "commands_rejected_calls_total", true, &of("cmdstat_", "cmd", "rejected_calls", 1.0));
    push(out, "errors_total", true, &of("errorstat_", "err", "count", 1.0));
}

/// The metrics that a Redis server does not have.
fn push_own(out: &mut String, info: &str, http: &Http) {
    let mut one = |name: &str, grows: bool, value: u64| {
        push_named(out, &format!("sanderling_{name}"), grows, &[(String::new(), value.to_string())]);
    };
    one("engine_traps_total", true, ENGINE_TRAPS.get());
    one("wasm_memory_bytes", false, SANDBOX_BYTES.get());
    one("http_held_bytes", false, http.held.load(Ordering::Relaxed) as u64);
    let days = info.lines().find_map(|line| line.trim().strip_prefix("tls_cert_expires_in_days:"));
    if let Some(days) = days.and_then(|days| days.parse::<i64>().ok()) {
        one("tls_cert_expiry_seconds", false, u64::try_from(days * 86_400).unwrap_or(0));
    }
    let result = |result: &str, count: u64| (format!("result=\"{result}\""), count.to_string());
    let handshakes = [result("ok", HANDSHAKES.get()), result("failed", HANDSHAKES_FAILED.get())];
    push_named(out, "sanderling_tls_handshakes_total", true, &handshakes);
    let counted = http.counts.now();
    let requests = counted.requests.iter();
    let requests = requests
        .map(|((route, code), count)| (format!("route=\"{route}\",code=\"{code}\""), count.to_string()));
    push_named(out, "sanderling_http_requests_total", true, &requests.collect::<Vec<_>>());
    push_histogram(out, "sanderling_http_request_seconds", &counted);
}

fn push_histogram(out: &mut String, name: &str, counted: &Counted) {
    writeln!(out, "# TYPE {name} histogram").expect("a string takes everything");
    let mut line = |label: &str, value: String| {
        writeln!(out, "{name}{label} {value}").expect("a string takes everything");
    };
    let mut below = 0;
    for (end, count) in SECONDS.iter().zip(counted.buckets) {
        below += count;
        line(&format!("_bucket{{le=\"{end}\"}}"), below.to_string());
    }
    line("_bucket{le=\"+Inf\"}", counted.count.to_string());
    line("_sum", counted.seconds.to_string());
    line("_count", counted.count.to_string());
}

/// Appends a metric of redis_exporter's with its values by their labels.
fn push(out: &mut String, name: &str, grows: bool, values: &[(String, String)]) {
    push_named(out, &format!("redis_{name}"), grows, values);
}

/// The same under a name as it stands.
fn push_named(out: &mut String, name: &str, grows: bool, values: &[(String, String)]) {
    if values.is_empty() {
        return;
    }
    let kind = if grows { "counter" } else { "gauge" };
    writeln!(out, "# TYPE {name} {kind}").expect("a string takes everything");
    for (labels, value) in values {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        writeln!(out, "{name}{labels} {value}").expect("a string takes everything");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_of_redis_exporter() {
        let info = "# Server\r\nredis_version:7.4.7\r\nos:Linux \"x\"\r\nserver_time_usec:1000000000\r\nuptime_in_seconds:400\r\n\
                    used_memory:123\r\nused_memory_human:123B\r\nexpired_keys:7\r\n# Commandstats\r\n\
                    cmdstat_get:calls=3,usec=1500,usec_per_call=500,rejected_calls=0,failed_calls=1\r\n\
                    cmdstat_client|list:calls=1,usec=2,usec_per_call=2.00,rejected_calls=0,failed_calls=0\r\n\
                    # Errorstats\r\nerrorstat_ERR:count=2\r\n# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=2500,subexpiry=0\r\n";
        let text = text(info, Some(4));
        for line in [
            "redis_up 1",
            "redis_instance_info{redis_version=\"7.4.7\",redis_mode=\"\",os=\"Linux \\\"x\\\"\",run_id=\"\",tcp_port=\"\"} 1",
            "redis_start_time_seconds 600",
            "redis_memory_used_bytes 123",
            "# TYPE redis_expired_keys_total counter",
            "redis_expired_keys_total 7",
            "redis_slowlog_length 4",
            "redis_db_keys{db=\"db0\"} 5",
            "redis_db_avg_ttl_seconds{db=\"db0\"} 2.5",
            "redis_commands_total{cmd=\"get\"} 3",
            "redis_commands_total{cmd=\"client|list\"} 1",
            "redis_commands_duration_seconds_total{cmd=\"get\"} 0.0015",
            "redis_errors_total{err=\"ERR\"} 2",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
    }
}
