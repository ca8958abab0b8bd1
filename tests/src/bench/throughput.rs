//! Requests per second and the server's CPU time per operation, driven by redis-benchmark.

use super::options::{Kind, Options};
use super::server::Server;
use super::table::{grouped, markdown, ratio};
use super::{Result, median, resp};
use std::collections::HashMap;
use std::process::Command;

const CLIENTS: u32 = 50;
const RANDOM_KEYS: u64 = 1_000_000;
const VALUE_BYTES: u32 = 32;
/// A first guess, good enough for a probe whose result sizes the real runs.
const PROBE_REQUESTS: u64 = 20_000;

/// The project's targets: pipeline, times redis's requests per second, times its operations per CPU second.
/// They are for GET and SET on the wasm engine.
const TARGETS: [(u32, f64, f64); 3] = [(1, 1.05, 1.1), (16, 1.5, 2.0), (64, 2.0, 3.0)];

/// What one run of redis-benchmark showed.
#[derive(Clone, Copy)]
struct Sample {
    requests_per_second: f64,
    cpu_nanoseconds: f64,
}

pub(super) fn measure(options: &Options) -> Result<String> {
    let servers = Server::start_all(options)?;
    let mut rows = vec![heading(&servers)];
    for pipeline in &options.pipelines {
        for row in &options.rows {
            let samples = measure_row(&servers, row, *pipeline, options)?;
            let line = format_row(&servers, row, *pipeline, &samples);
            eprintln!("{}", line.join("  "));
            rows.push(line);
        }
    }
    let targets = TARGETS
        .iter()
        .rev()
        .map(|(pipeline, rate, cpu)| format!("P={pipeline} {rate}× and {cpu}×"))
        .collect::<Vec<_>>()
        .join(", ");
    Ok(format!(
        "`redis-benchmark -c {CLIENTS} -r {RANDOM_KEYS} -d {VALUE_BYTES}`, P commands in a pipeline. CPU is the \
         server's time for one operation, all threads, user and kernel; for it, 2× means half as much. An \
         operation of MSET sets ten keys. Targets for GET and SET on wasm, requests per second and CPU: \
         {targets}.\n\n{}",
        markdown(&rows)
    ))
}

fn measure_row(
    servers: &[Server],
    row: &str,
    pipeline: u32,
    options: &Options,
) -> Result<HashMap<usize, Sample>> {
    let requests = requests_per_run(servers, row, pipeline, options)?;
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); servers.len()];
    for server in servers {
        prepare(server, row)?;
    }
    // The first round warms caches and fills collections; it does not count.
    for round in 0..=options.rounds {
        for (index, server) in servers.iter().enumerate() {
            if row == "lpop" {
                // There must be as much to take as will be taken.
                benchmark(server, "lpush", 64, requests)?;
            }
            let sample = benchmark(server, row, pipeline, requests)?;
            if round > 0 {
                samples[index].push(sample);
            }
        }
    }
    let medians = samples.iter().enumerate().map(|(index, samples)| {
        let of = |field: fn(&Sample) -> f64| median(&samples.iter().map(field).collect::<Vec<_>>());
        let requests_per_second = of(|sample| sample.requests_per_second);
        (index, Sample { requests_per_second, cpu_nanoseconds: of(|sample| sample.cpu_nanoseconds) })
    });
    Ok(medians.collect())
}

/// As many requests as the first server handles in the time that one run shall take; the same for all servers.
fn requests_per_run(servers: &[Server], row: &str, pipeline: u32, options: &Options) -> Result<u64> {
    let Some(server) = servers.first() else { return Err("there is no server to measure".into()) };
    prepare(server, row)?;
    if row == "lpop" {
        benchmark(server, "lpush", 64, PROBE_REQUESTS)?;
    }
    let probe = benchmark(server, row, pipeline, PROBE_REQUESTS)?;
    Ok(((probe.requests_per_second * options.seconds) as u64).max(PROBE_REQUESTS))
}

/// An empty server, or for rows that touch `key:` one in which all of them are.
fn prepare(server: &Server, row: &str) -> Result<()> {
    let mut client = server.client()?;
    client.lines(b"FLUSHALL\r\n", 1)?;
    if !matches!(row, "set" | "get" | "mset") {
        return Ok(());
    }
    let mut request = Vec::new();
    for first in (0..RANDOM_KEYS).step_by(1000) {
        request.clear();
        (first..first + 1000).for_each(|key| resp::push_set(&mut request, key));
        client.lines(&request, 1000)?;
    }
    Ok(())
}

fn benchmark(server: &Server, row: &str, pipeline: u32, requests: u64) -> Result<Sample> {
    let before = server.cpu_nanoseconds()?;
    let output = Command::new("redis-benchmark")
        .args(["-h", "127.0.0.1", "-p", &server.port.to_string(), "-t", row, "--csv"])
        .args(["-c", &CLIENTS.to_string(), "-r", &RANDOM_KEYS.to_string(), "-d", &VALUE_BYTES.to_string()])
        .args(["-P", &pipeline.to_string(), "-n", &requests.to_string()])
        .output()
        .map_err(|error| format!("redis-benchmark (package redis-tools) is needed: {error}"))?;
    let after = server.cpu_nanoseconds()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(
            format!("redis-benchmark failed: {text}{}", String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    let requests_per_second = rate(&text, row).ok_or_else(|| format!("redis-benchmark printed {text}"))?;
    Ok(Sample { requests_per_second, cpu_nanoseconds: (after - before) as f64 / requests as f64 })
}

/// Requests per second in the line of `row`: `"SET","180505.41",...`.
fn rate(csv: &str, row: &str) -> Option<f64> {
    csv.lines().find_map(|line| {
        let mut fields = line.split(',').map(|field| field.trim_matches('"'));
        let name = fields.next()?.split(' ').next()?;
        if name.eq_ignore_ascii_case(row) { fields.next()?.parse().ok() } else { None }
    })
}

fn heading(servers: &[Server]) -> Vec<String> {
    let mut cells = vec!["P, command".to_owned()];
    for unit in ["req/s", "CPU ns/op"] {
        for server in servers {
            cells.push(format!("{} {unit}", server.kind.title()));
            if server.kind != Kind::Redis {
                cells.push("vs redis".to_owned());
            }
        }
    }
    cells
}

fn format_row(servers: &[Server], row: &str, pipeline: u32, samples: &HashMap<usize, Sample>) -> Vec<String> {
    let base = servers.iter().position(|server| server.kind == Kind::Redis).map(|index| samples[&index]);
    let base = base.unwrap_or(Sample { requests_per_second: f64::NAN, cpu_nanoseconds: f64::NAN });
    let mut cells = vec![format!("{pipeline} {}", row.to_uppercase())];
    for (index, server) in servers.iter().enumerate() {
        let value = samples[&index].requests_per_second;
        cells.push(grouped(value));
        if server.kind != Kind::Redis {
            let target = target(server.kind, row, pipeline).map(|(rate, _)| rate);
            cells.push(ratio(value, base.requests_per_second, target));
        }
    }
    for (index, server) in servers.iter().enumerate() {
        let value = samples[&index].cpu_nanoseconds;
        cells.push(grouped(value));
        if server.kind != Kind::Redis {
            let target = target(server.kind, row, pipeline).map(|(_, cpu)| cpu);
            cells.push(ratio(base.cpu_nanoseconds, value, target));
        }
    }
    cells
}

fn target(kind: Kind, row: &str, pipeline: u32) -> Option<(f64, f64)> {
    if kind != Kind::Wasm || !matches!(row, "get" | "set") {
        return None;
    }
    TARGETS.iter().find(|target| target.0 == pipeline).map(|(_, rate, cpu)| (*rate, *cpu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_from_csv() {
        let csv = "\"test\",\"rps\",\"avg_latency_ms\"\n\"SET\",\"180505.41\",\"0.2\"\n\
                   \"MSET (10 keys)\",\"5000.5\",\"1\"\n";
        assert_eq!(rate(csv, "set"), Some(180_505.41));
        assert_eq!(rate(csv, "mset"), Some(5000.5));
        assert_eq!(rate(csv, "get"), None);
    }

    #[test]
    fn targets_are_for_get_and_set_on_wasm() {
        assert_eq!(target(Kind::Wasm, "get", 64), Some((2.0, 3.0)));
        assert_eq!(target(Kind::Native, "get", 64), None);
        assert_eq!(target(Kind::Wasm, "zadd", 64), None);
        assert_eq!(target(Kind::Wasm, "set", 32), None);
    }
}
