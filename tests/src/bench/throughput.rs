//! Requests per second and the server's CPU time per operation, driven by redis-benchmark.

use super::options::{Kind, Options};
use super::rows::{MORE, PLAIN, RANDOM_KEYS, Row};
use super::server::Server;
use super::table::{grouped, markdown, ratio};
use super::{Result, median};
use std::process::Command;

const CLIENTS: u32 = 50;
const VALUE_BYTES: u32 = 32;
/// A first guess, good enough for a probe whose result sizes the real runs.
const PROBE_REQUESTS: u64 = 20_000;
/// Runs of the many rows are shorter, so that all of them together take no longer than the others.
const MORE_SECONDS_MAX: f64 = 0.8;

/// The project's targets: pipeline, times redis's requests per second, times its operations per CPU second.
/// They are for GET and SET on the wasm engine.
const TARGETS: [(u32, f64, f64); 3] = [(1, 1.05, 1.1), (16, 1.5, 2.0), (64, 2.0, 3.0)];

/// What one run of redis-benchmark showed.
#[derive(Clone, Copy)]
struct Sample {
    requests_per_second: f64,
    cpu_nanoseconds: f64,
}

const NOTHING: Sample = Sample { requests_per_second: f64::NAN, cpu_nanoseconds: f64::NAN };

/// The rows at every depth of the pipeline.
pub(super) fn measure(options: &Options) -> Result<String> {
    let targets = TARGETS
        .iter()
        .rev()
        .map(|(pipeline, rate, cpu)| format!("P={pipeline} {rate}× and {cpu}×"))
        .collect::<Vec<_>>()
        .join(", ");
    let table = measure_rows(options, &PLAIN, &[1, 16, 64], options.seconds)?;
    Ok(format!(
        "`redis-benchmark -c {CLIENTS} -r 1000000 -d {VALUE_BYTES}`, P commands in a pipeline. CPU is the \
         server's time for one operation, all threads, user and kernel; for it, 2× means half as much. An \
         operation of MSET sets ten keys. Targets for GET and SET on wasm, requests per second and CPU: \
         {targets}.\n\n{table}"
    ))
}

/// The rows of other types and of larger replies.
pub(super) fn measure_more(options: &Options) -> Result<String> {
    let seconds = options.seconds.min(MORE_SECONDS_MAX);
    let table = measure_rows(options, &MORE, &[16], seconds)?;
    let wanted = MORE.iter().filter(|row| options.rows.contains(&row.name));
    let legend: String = wanted.map(explain).collect();
    Ok(format!(
        "Like the table of GET and SET, with commands that redis-benchmark is given; CPU is what to compare, because with larger replies \
         the client is what runs at its limit.\n\n{table}\nWhat is sent, and to what; \
         `__rand_int__` is one of so many numbers:\n\n{legend}"
    ))
}

/// What a row sends, as a line of a list.
fn explain(row: &Row) -> String {
    let random = match row.words.matches("__rand_int__").count() {
        0 => String::new(),
        _ => format!(" (one of {})", grouped(row.random as f64)),
    };
    let mut words = row.words.replace("{run}", "…").replace("{sha}", "…");
    if let Some(first) = words.find(" key:__rand_int__ key:__rand_int__") {
        words.replace_range(first.., " key:__rand_int__ …");
    }
    format!("- {}: `{words}`{random}; {}\n", row.title, row.holds)
}

fn measure_rows(options: &Options, rows: &[Row], pipelines: &[u32], seconds: f64) -> Result<String> {
    let servers = Server::start_all(options)?;
    let mut lines = vec![heading(&servers)];
    let mut notes = String::new();
    for pipeline in options.pipelines_or(pipelines) {
        for row in rows.iter().filter(|row| options.rows.contains(&row.name)) {
            let samples = measure_row(&servers, row, pipeline, options.rounds, seconds)?;
            for (server, sample) in servers.iter().zip(&samples) {
                if sample.is_none() {
                    notes.push_str(&format!("\n{} does not know {}.\n", server.kind.title(), row.title));
                }
            }
            if samples.iter().any(Option::is_some) {
                let line = format_row(&servers, row, pipeline, &samples);
                eprintln!("{}", line.join("  "));
                lines.push(line);
            }
        }
    }
    eprint!("{notes}");
    Ok(format!("{}{notes}", markdown(&lines)))
}

/// The medians of each server; none of one that does not know the command.
fn measure_row(
    servers: &[Server],
    row: &Row,
    pipeline: u32,
    rounds: usize,
    seconds: f64,
) -> Result<Vec<Option<Sample>>> {
    let mut knows = Vec::new();
    for server in servers {
        knows.push(row.prepare(&mut server.client()?)?);
    }
    let Some(first) = knows.iter().position(|knows| *knows) else { return Ok(vec![None; servers.len()]) };
    let requests = requests_per_run(&servers[first], row, pipeline, seconds)?;
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); servers.len()];
    // The first round warms caches and fills collections; it does not count.
    for round in 0..=rounds {
        for (index, server) in servers.iter().enumerate().filter(|(index, _)| knows[*index]) {
            let sample = benchmark(server, row, &round.to_string(), pipeline, requests)?;
            if round > 0 {
                samples[index].push(sample);
            }
        }
    }
    let medians = samples.iter().map(|samples| {
        let of = |field: fn(&Sample) -> f64| median(&samples.iter().map(field).collect::<Vec<_>>());
        let requests_per_second = of(|sample| sample.requests_per_second);
        Sample { requests_per_second, cpu_nanoseconds: of(|sample| sample.cpu_nanoseconds) }
    });
    Ok(medians.zip(knows).map(|(sample, knows)| knows.then_some(sample)).collect())
}

/// As many requests as a server handles in the time that one run shall take; the same for all servers.
fn requests_per_run(server: &Server, row: &Row, pipeline: u32, seconds: f64) -> Result<u64> {
    let probe = benchmark(server, row, "probe", pipeline, PROBE_REQUESTS)?;
    let requests = ((probe.requests_per_second * seconds) as u64).max(PROBE_REQUESTS);
    Ok(requests.min(row.requests_max))
}

fn benchmark(server: &Server, row: &Row, run: &str, pipeline: u32, requests: u64) -> Result<Sample> {
    if row.name == "lpop" {
        // There must be as much to take as will be taken.
        redis_benchmark(server, RANDOM_KEYS, 64, requests, &["-t", "lpush"])?;
    }
    let words = row.begin_run(&mut server.client()?, run)?;
    let what: Vec<&str> = match &words {
        Some(words) => words.split(' ').collect(),
        None => vec!["-t", row.name],
    };
    let before = server.cpu_nanoseconds()?;
    let csv = redis_benchmark(server, row.random, pipeline, requests, &what)?;
    let after = server.cpu_nanoseconds()?;
    let requests_per_second = rate(&csv).ok_or_else(|| format!("redis-benchmark printed {csv}"))?;
    Ok(Sample { requests_per_second, cpu_nanoseconds: (after - before) as f64 / requests as f64 })
}

/// What redis-benchmark prints.
fn redis_benchmark(
    server: &Server,
    random: u64,
    pipeline: u32,
    requests: u64,
    what: &[&str],
) -> Result<String> {
    let output = Command::new("redis-benchmark")
        .args(["-h", "127.0.0.1", "-p", &server.port.to_string(), "--csv"])
        .args(["-c", &CLIENTS.to_string(), "-r", &random.to_string(), "-d", &VALUE_BYTES.to_string()])
        .args(["-P", &pipeline.to_string(), "-n", &requests.to_string()])
        .args(what)
        .output()
        .map_err(|error| format!("redis-benchmark (package redis-tools) is needed: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("redis-benchmark failed: {text}{error}").into());
    }
    Ok(text)
}

/// Requests per second in the line behind the heading: `"SET","180505.41",...`.
fn rate(csv: &str) -> Option<f64> {
    // The name may hold commas and quotes, and the columns behind it never do.
    const COLUMNS_BEHIND_NAME: usize = 7;
    let line = csv.lines().filter(|line| !line.is_empty()).nth(1)?;
    line.rsplit(',').nth(COLUMNS_BEHIND_NAME - 1)?.trim_matches('"').parse().ok()
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

fn format_row(servers: &[Server], row: &Row, pipeline: u32, samples: &[Option<Sample>]) -> Vec<String> {
    let of = |index: usize| samples[index].unwrap_or(NOTHING);
    let base = servers.iter().position(|server| server.kind == Kind::Redis).map_or(NOTHING, of);
    let mut cells = vec![format!("{pipeline} {}", row.title)];
    for (index, server) in servers.iter().enumerate() {
        let value = of(index).requests_per_second;
        cells.push(grouped(value));
        if server.kind != Kind::Redis {
            let target = target(server.kind, row.name, pipeline).map(|(rate, _)| rate);
            cells.push(ratio(value, base.requests_per_second, target));
        }
    }
    for (index, server) in servers.iter().enumerate() {
        let value = of(index).cpu_nanoseconds;
        cells.push(grouped(value));
        if server.kind != Kind::Redis {
            let target = target(server.kind, row.name, pipeline).map(|(_, cpu)| cpu);
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
        let heading = "\"test\",\"rps\",\"avg\",\"min\",\"p50\",\"p95\",\"p99\",\"max\"\n";
        let csv =
            |name: &str| format!("{heading}\"{name}\",\"180505.41\",\"0.2\",\"1\",\"1\",\"1\",\"1\",\"1\"\n");
        assert_eq!(rate(&csv("SET")), Some(180_505.41));
        assert_eq!(rate(&csv("ZADD a,\"b\",c")), Some(180_505.41));
        assert_eq!(rate(heading), None);
    }

    #[test]
    fn targets_are_for_get_and_set_on_wasm() {
        assert_eq!(target(Kind::Wasm, "get", 64), Some((2.0, 3.0)));
        assert_eq!(target(Kind::Native, "get", 64), None);
        assert_eq!(target(Kind::Wasm, "zadd", 64), None);
        assert_eq!(target(Kind::Wasm, "set", 32), None);
    }
}
