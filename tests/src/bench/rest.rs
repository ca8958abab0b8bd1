//! What a request over HTTP costs, beside the least that one costs at all, and beside webdis with redis-server behind it.

use super::options::{Kind, Options};
use super::resp::Client;
use super::server::{Server, available, cpu_nanoseconds, free_port};
use super::table::{grouped, markdown, ratio};
use super::{Result, load, machine, median};
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CLIENTS: u32 = 50;
/// Keys that are there, all of them.
const KEYS: u64 = 100_000;
const VALUE_BYTES: usize = 32;
const PIPELINE: usize = 64;
const TOKEN: &str = "token";
const PROBE_REQUESTS: u64 = 5_000;
const START_SECONDS_MAX: u64 = 20;
/// At most so many times the CPU time of a plain answer, and of webdis.
const TARGETS: [f64; 2] = [1.3, 0.8];
/// The engine's thread, in nanoseconds.
const ENGINE_TARGET: f64 = 1500.0;

/// Something that answers requests.
struct Party {
    title: String,
    port: u16,
    /// The request for one value, and the one for as many as a pipeline has, if it knows such.
    requests: [Option<String>; 2],
    processes: Processes,
}

enum Processes {
    Sanderling(Server),
    /// One of its own, and a server behind it.
    Own(Child, Option<Server>),
}

/// CPU nanoseconds of a request: all threads, and the engine's.
type Sample = [f64; 2];

/// A GET, and a pipeline of them, as an SDK of Upstash sends it.
pub(super) fn measure(options: &Options) -> Result<String> {
    let mut parties = Vec::new();
    if cfg!(feature = "in-process") {
        parties.extend([echo(1)?, echo(PIPELINE)?]);
    } else {
        eprintln!(
            "skipped: a plain answer (built without the feature `in-process`, which `make bench` turns on)"
        );
    }
    parties.extend(webdis(options)?);
    for kind in available(options).into_iter().filter(|kind| matches!(kind, Kind::Wasm | Kind::Native)) {
        parties.push(sanderling(kind)?);
    }
    let mut lines = vec![heading()];
    for (at, name) in [(0, "GET"), (1, "pipeline of 64 GETs")] {
        // Each answer has its size, so there is an echo for each.
        let parties: Vec<&Party> = parties.iter().filter(|party| party.requests[at].is_some()).collect();
        let samples = measure_all(&parties, at, options)?;
        lines.extend(rows(name, &parties, &samples));
    }
    for line in &lines {
        eprintln!("{}", line.join("  "));
    }
    Ok(format!(
        "{CLIENTS} connections that are kept, one request under way on each, with the headers of @upstash/redis and \
         answers in base64; values of {VALUE_BYTES} bytes under {} keys. CPU is the time of all threads for a request, \
         webdis's with that of the redis-server behind it. The plain answer is one of the same size from hyper, the \
         library that the server speaks HTTP with.\n\n{}",
        grouped(KEYS as f64),
        markdown(&lines)
    ))
}

fn heading() -> Vec<String> {
    ["Request", "By", "CPU ns", "vs plain answer", "vs webdis", "engine thread ns"]
        .map(str::to_owned)
        .to_vec()
}

fn rows(name: &str, parties: &[&Party], samples: &[Sample]) -> Vec<Vec<String>> {
    let of = |title: &str| {
        let at = parties.iter().position(|party| party.title.starts_with(title));
        at.map_or(f64::NAN, |at| samples[at][0])
    };
    let (plain, webdis) = (of("plain"), of("webdis"));
    let row = |(party, [all, engine]): (&&Party, &Sample)| {
        let is_ours = matches!(party.processes, Processes::Sanderling(_));
        let mut cells = vec![name.to_owned(), party.title.clone(), grouped(*all)];
        if is_ours {
            let [of_plain, of_webdis] = [plain, webdis].map(|base| all / base);
            let is_target = name == "GET";
            cells.push(most(of_plain, is_target.then_some(TARGETS[0])));
            cells.push(most(of_webdis, is_target.then_some(TARGETS[1])));
            let mark = if !is_target {
                ""
            } else if *engine <= ENGINE_TARGET {
                " ✓"
            } else {
                " ✗"
            };
            cells.push(format!("{}{mark}", grouped(*engine)));
        } else {
            cells.extend([String::new(), String::new(), String::new()]);
        }
        cells
    };
    parties.iter().zip(samples).map(row).collect()
}

/// A ratio that is to be no more than a target.
fn most(value: f64, target: Option<f64>) -> String {
    // Turned round, since the more the better is what the other tables say.
    let mark = match target {
        Some(target) if value <= target => " ✓",
        Some(_) => " ✗",
        None => "",
    };
    format!("{}{mark}", ratio(value, 1.0, None))
}

fn measure_all(parties: &[&Party], at: usize, options: &Options) -> Result<Vec<Sample>> {
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); parties.len()];
    let mut requests = PROBE_REQUESTS;
    for (nth, party) in parties.iter().enumerate() {
        let begin = Instant::now();
        benchmark(party, at, PROBE_REQUESTS)?;
        let rate = PROBE_REQUESTS as f64 / begin.elapsed().as_secs_f64();
        if nth == 0 {
            requests = ((rate * options.seconds) as u64).max(PROBE_REQUESTS);
        }
    }
    for _ in 0..options.rounds {
        for (party, samples) in parties.iter().zip(&mut samples) {
            samples.push(benchmark(party, at, requests)?);
        }
    }
    let middle = |samples: &Vec<Sample>| {
        [0, 1].map(|at| median(&samples.iter().map(|sample| sample[at]).collect::<Vec<_>>()))
    };
    Ok(samples.iter().map(middle).collect())
}

fn benchmark(party: &Party, at: usize, requests: u64) -> Result<Sample> {
    let text = party.requests[at].as_ref().expect("only those take part that know the request");
    let before = party.processes.nanoseconds()?;
    load::run_http(party.port, CLIENTS, text, KEYS, requests)?;
    let after = party.processes.nanoseconds()?;
    Ok([0, 1].map(|at| (after[at] - before[at]) as f64 / requests as f64))
}

impl Processes {
    /// CPU time so far, of all threads and of the engine's.
    fn nanoseconds(&self) -> Result<[u64; 2]> {
        match self {
            Processes::Sanderling(server) => Ok([server.cpu_nanoseconds()?, server.engine_nanoseconds()?]),
            Processes::Own(process, behind) => {
                let behind = behind.as_ref().map_or(Ok(0), Server::cpu_nanoseconds)?;
                Ok([cpu_nanoseconds(process)? + behind, 0])
            }
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        if let Processes::Own(process, _) = self {
            // It may have ended already; there is nothing of value in it either way.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn sanderling(kind: Kind) -> Result<Party> {
    let port = free_port()?;
    let server = Server::start_with(kind, &["--http-port", &port.to_string(), "--http-token", TOKEN])?;
    fill(&mut server.client()?)?;
    wait_for(port)?;
    Ok(Party {
        title: kind.title().to_owned(),
        port,
        requests: [Some(post(1)), Some(post(PIPELINE))],
        processes: Processes::Sanderling(server),
    })
}

/// This program once more, see [`echo`](super::echo).
fn echo(commands: usize) -> Result<Party> {
    let port = free_port()?;
    // As many bytes as the server's own answer has.
    let answer =
        format!("{{\"result\":\"{}\"}},", "x".repeat(VALUE_BYTES.div_ceil(3) * 4)).len() * commands + 1;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--echo", &port.to_string(), &answer.to_string()]).stdin(Stdio::null());
    let process = machine::spawn_on_server_core(&mut command)?;
    let processes = Processes::Own(process, None);
    wait_for(port)?;
    let mut requests = [None, None];
    requests[usize::from(commands > 1)] = Some(post(commands));
    Ok(Party { title: "plain answer".to_owned(), port, requests, processes })
}

/// Without the program it does not take part.
fn webdis(options: &Options) -> Result<Option<Party>> {
    if !available(options).contains(&Kind::Redis) {
        return Ok(None);
    }
    let behind = Server::start(Kind::Redis)?;
    fill(&mut behind.client()?)?;
    let port = free_port()?;
    let file = configuration(port, behind.port)?;
    let mut command = Command::new("webdis");
    command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(process) = machine::spawn_on_server_core(&mut command) else {
        eprintln!("skipped: webdis (it does not run)");
        return Ok(None);
    };
    let processes = Processes::Own(process, Some(behind));
    wait_for(port)?;
    fs::remove_file(file)?;
    let get = format!(
        "GET /GET/key:__rand_int__ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: keep-alive\r\n\r\n"
    );
    Ok(Some(Party { title: "webdis".to_owned(), port, requests: [Some(get), None], processes }))
}

fn configuration(port: u16, redis_port: u16) -> Result<PathBuf> {
    let file = std::env::temp_dir().join(format!("webdis-{}.json", std::process::id()));
    let text = format!(
        "{{\"redis_host\":\"127.0.0.1\",\"redis_port\":{redis_port},\"http_host\":\"127.0.0.1\",\"http_port\":{port},\
         \"threads\":1,\"pool_size\":4,\"daemonize\":false,\"websockets\":false,\"database\":0,\"verbosity\":0,\
         \"logfile\":\"/dev/null\",\"acl\":[{{\"enabled\":[\"*\"]}}]}}"
    );
    fs::write(&file, text)?;
    Ok(file)
}

/// A request with so many GETs, as @upstash/redis 1.39 sends it.
fn post(commands: usize) -> String {
    let body = format!("[{}]", vec!["[\"get\",\"key:__rand_int__\"]"; commands].join(","));
    format!(
        "POST /pipeline HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\nContent-Type: application/json\r\n\
         authorization: Bearer {TOKEN}\r\nUpstash-Encoding: base64\r\nUpstash-Telemetry-Runtime: node@v20.0.0\r\n\
         Upstash-Telemetry-Platform: unknown\r\nUpstash-Telemetry-Sdk: @upstash/redis@v1.39.0\r\n\
         upstash-sync-token: \r\naccept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\n\
         pragma: no-cache\r\ncache-control: no-cache\r\naccept-encoding: gzip, deflate\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn fill(client: &mut Client) -> Result<()> {
    let mut request = Vec::new();
    for key in 0..KEYS {
        super::resp::push_set(&mut request, key);
    }
    client.lines(&request, KEYS as usize)?;
    Ok(())
}

/// Waits until something listens there.
fn wait_for(port: u16) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > until {
            return Err(format!("nothing listens on port {port}").into());
        }
    }
    Ok(())
}
