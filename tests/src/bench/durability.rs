//! What it costs to keep data in files: writing with a log, loading, and saving while clients are served.

use super::options::{Kind, Options};
use super::resp::{push, push_set};
use super::rows::PLAIN;
use super::server::{Server, available};
use super::table::{grouped, markdown, ratio, verdict};
use super::{Result, median, repository, saving, throughput};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Keys that are loaded and saved.
const KEYS: u64 = 2_000_000;
/// Elements of one collection that is loaded.
const ELEMENTS: u64 = 1_000_000;
/// Requests that are sent together while a collection is filled.
const BATCH: u64 = 1000;
/// Rounds of loading and saving, which take seconds.
const ROUNDS: usize = 3;
/// The longest that a save may take.
const SAVE_SECONDS_MAX: u64 = 120;

/// A way to keep what is written.
const POLICIES: [(&str, &[&[&str]]); 3] = [
    ("no log", &[]),
    ("everysec", &[APPENDS, NO_REWRITE, &["--appendfsync", "everysec"]]),
    ("always", &[APPENDS, NO_REWRITE, &["--appendfsync", "always"]]),
];
const APPENDS: &[&str] = &["--appendonly", "yes"];
/// A rewrite comes whenever a log is large enough, and a fork's time is nobody's; it has figures of its own below.
const NO_REWRITE: &[&str] = &["--auto-aof-rewrite-percentage", "0"];

pub(super) fn measure(options: &Options) -> Result<String> {
    let kinds = available(options);
    let mut report = writes(options, &kinds)?;
    let files = Files::make()?;
    report.push_str(&loads(&kinds, &files)?);
    report.push_str(&saves(&kinds, &files)?);
    let folder = Folder::new("saving")?;
    let dump = files.of("keys").join("dump.rdb");
    report.push_str(&saving::measure(&kinds, KEYS, ROUNDS, |kind| {
        fs::copy(&dump, folder.0.join("dump.rdb"))?;
        Server::start_with(kind, &["--dir", folder.text()])
    })?);
    Ok(report)
}

/// An empty directory of a server, which goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Folder> {
        let path = repository().join("target/tmp").join(format!("durability-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("the repository's path is text")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

// ----- writing -----

fn writes(options: &Options, kinds: &[Kind]) -> Result<String> {
    let row = PLAIN.iter().find(|row| row.name == "set").ok_or("there is no row of SET")?;
    let mut rows = vec![heading("SET", "CPU ns/op", kinds)];
    for pipeline in [16, 1] {
        for (policy, flags) in POLICIES {
            let mut folders = Vec::new();
            let mut servers = Vec::new();
            for kind in kinds {
                let folder = Folder::new(kind.name())?;
                let flags: Vec<&str> = flags.concat().into_iter().chain(["--dir", folder.text()]).collect();
                servers.push(Server::start_with(*kind, &flags)?);
                folders.push(folder);
            }
            let way = throughput::Way::suiting(pipeline);
            let samples = throughput::measure_servers(&servers, row, way, options)?;
            let mut cells = vec![format!("P={pipeline}, {policy}")];
            for pick in [0, 1] {
                let values: Vec<f64> = samples.iter().map(|sample| sample[pick]).collect();
                cells.extend(compared(kinds, &values, pick == 1, target_of_writes(pipeline, policy, pick)));
            }
            eprintln!("{}", cells.join("  "));
            rows.push(cells);
        }
    }
    Ok(format!(
        "50 connections, values of 32 bytes, all servers in turns, without rewrites of the log; `vs redis` is times its requests per second and, for CPU, \
         its CPU time. Targets for wasm: with `everysec` at P=16 at most 0.40× of redis's CPU, with `always` 1.5× its \
         requests per second at P=16 and 1.2× at P=1.\n\n{}",
        markdown(&rows)
    ))
}

fn target_of_writes(pipeline: u32, policy: &str, pick: usize) -> Option<f64> {
    match (pipeline, policy, pick) {
        (16, "everysec", 1) => Some(0.40),
        (16, "always", 0) => Some(1.5),
        (1, "always", 0) => Some(1.2),
        _ => None,
    }
}

/// The heading of a table with two figures for each server, or one.
fn heading(first: &str, figure: &str, kinds: &[Kind]) -> Vec<String> {
    let mut cells = vec![first.to_owned()];
    let figures: &[&str] = if first == "SET" { &["req/s", figure] } else { &[figure] };
    for figure in figures {
        for kind in kinds {
            cells.push(format!("{} {figure}", kind.title()));
            if *kind != Kind::Redis {
                cells.push("vs redis".to_owned());
            }
        }
    }
    cells
}

/// Figures beside those of redis. Where less is better, the target is what may be reached at most.
fn compared(kinds: &[Kind], values: &[f64], is_less_better: bool, target: Option<f64>) -> Vec<String> {
    let redis = kinds.iter().position(|kind| *kind == Kind::Redis).map_or(f64::NAN, |index| values[index]);
    let mut cells = Vec::new();
    for (kind, value) in kinds.iter().zip(values) {
        cells.push(grouped(*value));
        if *kind == Kind::Redis {
            continue;
        }
        let target = target.filter(|_| *kind == Kind::Wasm);
        let part = value / redis;
        cells.push(match target {
            Some(most) if is_less_better && part.is_finite() => {
                format!("{part:.2}× {}", verdict(part <= most))
            }
            target => ratio(*value, redis, target.filter(|_| !is_less_better)),
        });
    }
    cells
}

// ----- files -----

/// Files to load, each in a directory as a server has it.
struct Files {
    folder: Folder,
}

/// What is loaded: its folder, its title, the flags of a server that loads it, and the wasm engine's target as part of
/// redis's time.
const LOADS: [(&str, &str, bool, f64); 4] = [
    ("keys", "2,000,000 keys, RDB", false, 0.35),
    ("log", "2,000,000 SETs, AOF", true, 0.40),
    ("zset", "sorted set of 1,000,000, RDB", false, 0.45),
    ("stream", "stream of 1,000,000, RDB", false, 1.2),
];

impl Files {
    /// Has redis-server write the dumps, so that all servers read the same.
    fn make() -> Result<Files> {
        let files = Files { folder: Folder::new("files")? };
        for (name, _, is_log, _) in LOADS {
            let path = files.of(name);
            fs::create_dir_all(&path)?;
            eprintln!("writing the file of {name}");
            if is_log {
                write_log(&path)?;
            } else {
                write_dump(&path, name)?;
            }
        }
        Ok(files)
    }

    fn of(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }
}

fn write_log(path: &Path) -> Result<()> {
    let logs = path.join("appendonlydir");
    fs::create_dir_all(&logs)?;
    fs::write(logs.join("appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n")?;
    let mut file = BufWriter::new(fs::File::create(logs.join("appendonly.aof.1.incr.aof"))?);
    let mut request = Vec::new();
    push(&mut request, &["SELECT", "0"]);
    for key in 0..KEYS {
        push_set(&mut request, key);
        file.write_all(&request)?;
        request.clear();
    }
    Ok(file.flush()?)
}

fn write_dump(path: &Path, name: &str) -> Result<()> {
    let dir = path.to_str().ok_or("the path is no text")?;
    let server = Server::start_with(Kind::Redis, &["--dir", dir])?;
    let mut client = server.client()?;
    let count = if name == "keys" { KEYS } else { ELEMENTS };
    let mut request = Vec::new();
    for first in (0..count).step_by(usize::try_from(BATCH)?) {
        request.clear();
        for number in first..first + BATCH {
            let number_text = number.to_string();
            match name {
                "keys" => push_set(&mut request, number),
                // Neither in the order of scores nor in that of members.
                "zset" => {
                    let score = (number.wrapping_mul(2_654_435_761) % ELEMENTS).to_string();
                    push(&mut request, &["ZADD", "zset", &score, &format!("member:{number:08}")]);
                }
                _ => push(
                    &mut request,
                    &["XADD", "stream", &format!("{}-0", number + 1), "field", &number_text],
                ),
            }
        }
        // An ID comes as a byte string, of two lines.
        let lines = if name == "stream" { 2 * BATCH } else { BATCH };
        client.lines(&request, usize::try_from(lines)?)?;
    }
    let saved = client.reply("SAVE")?;
    if saved.starts_with("+OK") { Ok(()) } else { Err(format!("SAVE got {saved}").into()) }
}

// ----- loading -----

fn loads(kinds: &[Kind], files: &Files) -> Result<String> {
    let mut rows = vec![heading("loaded", "CPU ms", kinds)];
    for (name, title, is_log, target) in LOADS {
        let mut values = vec![Vec::new(); kinds.len()];
        for _ in 0..ROUNDS {
            for (index, kind) in kinds.iter().enumerate() {
                values[index].push(load(*kind, &files.of(name), is_log)?);
            }
        }
        let medians: Vec<f64> = values.iter().map(|values| median(values)).collect();
        let mut cells = vec![title.to_owned()];
        cells.extend(compared(kinds, &medians, true, Some(target)));
        eprintln!("{}", cells.join("  "));
        rows.push(cells);
    }
    let targets: Vec<String> = LOADS.iter().map(|(_, title, _, most)| format!("{title} {most}×")).collect();
    Ok(format!(
        "\nCPU time of a server from its start to its first `+PONG` with data to load, without that of a start with none; the \
         dumps were written by redis-server. Targets for wasm, of redis's time: {}.\n\n{}",
        targets.join(", "),
        markdown(&rows)
    ))
}

/// CPU milliseconds of loading.
fn load(kind: Kind, path: &Path, is_log: bool) -> Result<f64> {
    let empty = Folder::new("empty")?;
    let mut spent = [0.0; 2];
    for (index, dir) in [empty.text(), path.to_str().ok_or("the path is no text")?].into_iter().enumerate() {
        let mut all = vec!["--dir", dir];
        if is_log {
            all.extend(["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"]);
        }
        let server = Server::start_with(kind, &all)?;
        spent[index] = server.cpu_nanoseconds()? as f64 / 1e6;
    }
    Ok(spent[1] - spent[0])
}

// ----- saving -----

fn saves(kinds: &[Kind], files: &Files) -> Result<String> {
    let mut rows = vec![heading("saved", "CPU ms", kinds)];
    let mut values = vec![Vec::new(); kinds.len()];
    for _ in 0..ROUNDS {
        for (index, kind) in kinds.iter().enumerate() {
            values[index].push(save(*kind, &files.of("keys"))?);
        }
    }
    let medians: Vec<f64> = values.iter().map(|values| median(values)).collect();
    let mut cells = vec!["2,000,000 keys, BGSAVE".to_owned()];
    cells.extend(compared(kinds, &medians, true, Some(0.35)));
    eprintln!("{}", cells.join("  "));
    rows.push(cells);
    Ok(format!(
        "\nCPU time of a `BGSAVE` while nothing else happens, that of forked processes included. Target for wasm: at most 0.35× \
         of redis's.\n\n{}",
        markdown(&rows)
    ))
}

/// CPU milliseconds of a save of what a dump has.
fn save(kind: Kind, path: &Path) -> Result<f64> {
    let folder = Folder::new("save")?;
    fs::copy(path.join("dump.rdb"), folder.0.join("dump.rdb"))?;
    let server = Server::start_with(kind, &["--dir", folder.text()])?;
    let mut client = server.client()?;
    let before = (server.cpu_nanoseconds()?, children_micros(&server)?);
    let started = client.reply("BGSAVE")?;
    if !started.starts_with("+Background saving started") {
        return Err(format!("BGSAVE got {started}").into());
    }
    let begun = Instant::now();
    while client.bulk("INFO persistence")?.contains("rdb_bgsave_in_progress:1") {
        if begun.elapsed() > Duration::from_secs(SAVE_SECONDS_MAX) {
            return Err("the save does not end".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let own = server.cpu_nanoseconds()? - before.0;
    Ok(own as f64 / 1e6 + (children_micros(&server)? - before.1) / 1e3)
}

/// CPU time of processes that the server has forked and that have ended, as it tells, in microseconds.
fn children_micros(server: &Server) -> Result<f64> {
    let info = server.client()?.bulk("INFO cpu")?;
    let field = |name: &str| {
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.and_then(|value| value.trim().parse::<f64>().ok()).unwrap_or(0.0)
    };
    Ok((field("used_cpu_sys_children") + field("used_cpu_user_children")) * 1e6)
}
