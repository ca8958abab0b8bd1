//! Requests per second and the server's CPU time per operation.

use super::options::{Kind, Options};
use super::rows::{MORE, PLAIN, RANDOM_KEYS, Row, fill_list};
use super::server::{Server, certificate};
use super::table::{grouped, markdown, ratio};
use super::{Result, load, median};
use std::process::Command;

const CLIENTS: u32 = 50;
/// The rows that are measured a second time, with the other client.
const TWICE: [&str; 2] = ["set", "get"];
/// A first guess, good enough for a probe whose result sizes the real runs.
const PROBE_REQUESTS: u64 = 20_000;
/// Runs of the many rows are shorter, so that all of them together take no longer than the others.
const MORE_SECONDS_MAX: f64 = 0.8;

/// The project's targets: pipeline, times redis's requests per second, times its operations per CPU second.
/// They are for GET and SET on the wasm engine.
const TARGETS: [(u32, f64, f64); 3] = [(1, 1.05, 1.1), (16, 1.5, 2.0), (64, 2.0, 3.0)];

/// What sends the requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Driver {
    /// What everybody measures with.
    RedisBenchmark,
    /// The same over TLS.
    OverTls,
    /// See [`load`].
    Own,
}

/// How requests are sent.
#[derive(Clone, Copy)]
pub(super) struct Way {
    /// Commands sent at once.
    pipeline: u32,
    driver: Driver,
}

impl Way {
    /// By redis-benchmark, over TLS or not.
    pub(super) fn by_redis_benchmark(pipeline: u32, over_tls: bool) -> Way {
        Way { pipeline, driver: if over_tls { Driver::OverTls } else { Driver::RedisBenchmark } }
    }

    /// At P=1 redis-benchmark takes longer for a request than servers do.
    pub(super) fn suiting(pipeline: u32) -> Way {
        Way { pipeline, driver: if pipeline == 1 { Driver::Own } else { Driver::RedisBenchmark } }
    }
}

/// What one run showed.
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
    let mut report = format!(
        "{CLIENTS} connections, keys and members of {} numbers, values of 32 bytes, P commands in a pipeline; sent \
         by redis-benchmark, and at P=1 by a client of our own, because redis-benchmark without a pipeline takes \
         longer for a request than servers do. CPU is the server's time for one operation, all threads, user and \
         kernel; for it, 2× means half as much. An operation of MSET sets ten keys. Targets for GET and SET on \
         wasm, requests per second and CPU: {targets}.\n\n",
        grouped(RANDOM_KEYS as f64)
    );
    let pipelines = options.pipelines_or(&[1, 16, 64]);
    let rows: Vec<&Row> = PLAIN.iter().filter(|row| options.rows.contains(&row.name)).collect();
    let ways: Vec<Way> = pipelines.iter().map(|pipeline| Way::suiting(*pipeline)).collect();
    report.push_str(&measure_rows(options, &rows, &ways, options.seconds)?);
    let twice: Vec<&Row> = rows.into_iter().filter(|row| TWICE.contains(&row.name)).collect();
    if pipelines.contains(&1) && !twice.is_empty() {
        report.push_str(
            "\nAt P=1 with redis-benchmark, whose own core is then what limits the rate, so CPU is what to compare:\n\n",
        );
        let way = Way { pipeline: 1, driver: Driver::RedisBenchmark };
        report.push_str(&measure_rows(options, &twice, &[way], options.seconds)?);
    }
    Ok(report)
}

/// The rows of other types and of larger replies.
pub(super) fn measure_more(options: &Options) -> Result<String> {
    let seconds = options.seconds.min(MORE_SECONDS_MAX);
    let rows: Vec<&Row> = MORE.iter().filter(|row| options.rows.contains(&row.name)).collect();
    let ways: Vec<Way> = options.pipelines_or(&[16]).into_iter().map(Way::suiting).collect();
    let table = measure_rows(options, &rows, &ways, seconds)?;
    let legend: String = rows.into_iter().map(explain).collect();
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

fn measure_rows(options: &Options, rows: &[&Row], ways: &[Way], seconds: f64) -> Result<String> {
    let servers = Server::start_all(options)?;
    let mut lines = vec![heading(&servers)];
    let mut notes = String::new();
    for way in ways {
        for row in rows {
            let samples = measure_row(&servers, row, *way, options.rounds, seconds)?;
            for (server, sample) in servers.iter().zip(&samples) {
                if sample.is_none() {
                    notes.push_str(&format!("\n{} does not know {}.\n", server.kind.title(), row.title));
                }
            }
            if samples.iter().any(Option::is_some) {
                let line = format_row(&servers, row, *way, &samples);
                eprintln!("{}", line.join("  "));
                lines.push(line);
            }
        }
    }
    eprint!("{notes}");
    Ok(format!("{}{notes}", markdown(&lines)))
}

/// Requests per second and CPU nanoseconds of an operation, of servers that run, as medians.
pub(super) fn measure_servers(
    servers: &[Server],
    row: &Row,
    way: Way,
    options: &Options,
) -> Result<Vec<[f64; 2]>> {
    let samples = measure_row(servers, row, way, options.rounds, options.seconds)?;
    let figures = |sample: Option<Sample>| {
        let sample = sample.unwrap_or(NOTHING);
        [sample.requests_per_second, sample.cpu_nanoseconds]
    };
    Ok(samples.into_iter().map(figures).collect())
}

/// The medians of each server; none of one that does not know the command.
fn measure_row(
    servers: &[Server],
    row: &Row,
    way: Way,
    rounds: usize,
    seconds: f64,
) -> Result<Vec<Option<Sample>>> {
    let mut knows = Vec::new();
    for server in servers {
        knows.push(row.prepare(&mut server.client()?)?);
    }
    let Some(first) = knows.iter().position(|knows| *knows) else { return Ok(vec![None; servers.len()]) };
    let requests = requests_per_run(&servers[first], row, way, seconds)?;
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); servers.len()];
    // The first round warms caches and fills collections; it does not count.
    for round in 0..=rounds {
        for (index, server) in servers.iter().enumerate().filter(|(index, _)| knows[*index]) {
            let sample = benchmark(server, row, &round.to_string(), way, requests)?;
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
fn requests_per_run(server: &Server, row: &Row, way: Way, seconds: f64) -> Result<u64> {
    let probe = benchmark(server, row, "probe", way, PROBE_REQUESTS)?;
    let requests = ((probe.requests_per_second * seconds) as u64).max(PROBE_REQUESTS);
    Ok(requests.min(row.requests_max))
}

fn benchmark(server: &Server, row: &Row, run: &str, way: Way, requests: u64) -> Result<Sample> {
    let mut client = server.client()?;
    if row.name == "lpop" {
        fill_list(&mut client, requests)?;
    }
    let words = row.begin_run(&mut client, run)?;
    let before = server.cpu_nanoseconds()?;
    let requests_per_second = match way.driver {
        Driver::RedisBenchmark | Driver::OverTls => {
            redis_benchmark(server, row.random, way, requests, &words)?
        }
        Driver::Own => load::run(server.port, CLIENTS, &words, row.random, requests)?,
    };
    let after = server.cpu_nanoseconds()?;
    Ok(Sample { requests_per_second, cpu_nanoseconds: (after - before) as f64 / requests as f64 })
}

/// Requests per second, as redis-benchmark says.
fn redis_benchmark(server: &Server, random: u64, way: Way, requests: u64, words: &str) -> Result<f64> {
    let trust = certificate("ca.crt");
    let (port, tls) = match way.driver {
        Driver::OverTls => (server.tls_port, &["--tls", "--cacert", &trust][..]),
        _ => (server.port, &[][..]),
    };
    let output = Command::new("redis-benchmark")
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "--csv"])
        .args(tls)
        .args(["-c", &CLIENTS.to_string(), "-r", &random.to_string()])
        .args(["-P", &way.pipeline.to_string(), "-n", &requests.to_string()])
        .args(words.split(' '))
        .output()
        .map_err(|error| format!("redis-benchmark (package redis-tools) is needed: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("redis-benchmark failed: {text}{error}").into());
    }
    rate(&text).ok_or_else(|| format!("redis-benchmark printed {text}").into())
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

fn format_row(servers: &[Server], row: &Row, way: Way, samples: &[Option<Sample>]) -> Vec<String> {
    let of = |index: usize| samples[index].unwrap_or(NOTHING);
    let base = servers.iter().position(|server| server.kind == Kind::Redis).map_or(NOTHING, of);
    let mut cells = vec![format!("{} {}", way.pipeline, row.title)];
    for (index, server) in servers.iter().enumerate() {
        let value = of(index).requests_per_second;
        cells.push(grouped(value));
        if server.kind != Kind::Redis {
            let target = target(server.kind, row.name, way).map(|(rate, _)| rate);
            cells.push(ratio(value, base.requests_per_second, target));
        }
    }
    for (index, server) in servers.iter().enumerate() {
        let value = of(index).cpu_nanoseconds;
        cells.push(grouped(value));
        if server.kind != Kind::Redis {
            let target = target(server.kind, row.name, way).map(|(_, cpu)| cpu);
            cells.push(ratio(base.cpu_nanoseconds, value, target));
        }
    }
    cells
}

/// None where the client is what limits the rate.
fn target(kind: Kind, row: &str, way: Way) -> Option<(f64, f64)> {
    let suits = way.driver == Way::suiting(way.pipeline).driver;
    if kind != Kind::Wasm || !matches!(row, "get" | "set") || !suits {
        return None;
    }
    TARGETS.iter().find(|target| target.0 == way.pipeline).map(|(_, rate, cpu)| (*rate, *cpu))
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
        assert_eq!(target(Kind::Wasm, "get", Way::suiting(64)), Some((2.0, 3.0)));
        assert_eq!(target(Kind::Wasm, "get", Way::suiting(1)), Some((1.05, 1.1)));
        assert_eq!(target(Kind::Wasm, "get", Way { pipeline: 1, driver: Driver::RedisBenchmark }), None);
        assert_eq!(target(Kind::Native, "get", Way::suiting(64)), None);
        assert_eq!(target(Kind::Wasm, "zadd", Way::suiting(64)), None);
        assert_eq!(target(Kind::Wasm, "set", Way::suiting(32)), None);
    }
}
