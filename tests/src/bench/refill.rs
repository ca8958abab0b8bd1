//! Memory that was filled once is filled again with values of other sizes, by eviction and after deletion.
//!
//! An allocator that cannot join what came free in pieces refuses, or evicts far more than it stores.

use super::options::{Kind, Options};
use super::server::{Server, available};
use super::table::{grouped, markdown, verdict};
use super::{Result, resp};
use std::time::{Duration, Instant};

/// What keys may take, in MiB; a sandbox has twice as much.
const MAXMEMORY_MIB: u64 = 128;
/// Values of these sizes follow each other, in bytes, each as often as it takes to pass the limit twice.
const EVICTED_SIZES: [u64; 5] = [100, 10_000, 100_000, 1_000_000, 100];
/// The same where keys are deleted, and not evicted: most of the small ones, before the large ones are set.
const DELETED_SIZES: [(u64, u64); 2] = [(100, 1_000_000), (10_000, 1_000_000)];
/// Of so many keys one is left.
const LEFT: u64 = 20;
/// Bytes that are sent together, about.
const BATCH_BYTES: u64 = 256 << 10;

/// One stage on one server.
struct Stage {
    name: String,
    kind: Kind,
    stored: u64,
    refused: u64,
    took: Duration,
    worst: Duration,
    resident: u64,
}

pub(super) fn measure(options: &Options) -> Result<String> {
    let mut stages = Vec::new();
    for kind in available(options) {
        eprintln!("filling {} again and again", kind.title());
        evict(kind, &mut stages)?;
        for (small, large) in DELETED_SIZES {
            delete(kind, small, large, &mut stages)?;
        }
    }
    let mut rows =
        vec![["stage", "server", "SET/s", "refused", "worst wait ms", "RSS MiB"].map(str::to_owned).to_vec()];
    for name in stages.iter().map(|stage| &stage.name).fold(Vec::new(), |mut names: Vec<&String>, name| {
        if !names.contains(&name) {
            names.push(name);
        }
        names
    }) {
        rows.extend(stages.iter().filter(|stage| stage.name == *name).map(format_row));
    }
    Ok(format!(
        "Values of one size after another under `maxmemory {MAXMEMORY_MIB}mb` with `allkeys-lru`, each size until twice \
         as much was sent; then values of one size of which all but every {LEFT}th are deleted before larger ones are \
         set. The sandbox has {} MiB. Target: nothing is refused. A wait is for some {} KiB of requests.\n\n{}",
        2 * MAXMEMORY_MIB,
        BATCH_BYTES >> 10,
        markdown(&rows)
    ))
}

fn start(kind: Kind, flags: &[&str]) -> Result<Server> {
    let sandbox = format!("{}mb", 2 * MAXMEMORY_MIB);
    let mut all = flags.to_vec();
    if kind == Kind::Wasm {
        all.extend(["--memory-bytes-max", &sandbox]);
    }
    Server::start_with(kind, &all)
}

fn evict(kind: Kind, stages: &mut Vec<Stage>) -> Result<()> {
    let limit = format!("{MAXMEMORY_MIB}mb");
    let server = start(kind, &["--maxmemory", &limit, "--maxmemory-policy", "allkeys-lru"])?;
    for (nth, bytes) in EVICTED_SIZES.into_iter().enumerate() {
        let count = 2 * (MAXMEMORY_MIB << 20) / (bytes + 60);
        let name = format!("evicting, {} B", grouped(bytes as f64));
        let name = if nth + 1 == EVICTED_SIZES.len() { format!("{name} again") } else { name };
        stages.push(store(&server, name, &format!("e{nth}"), bytes, count)?);
    }
    Ok(())
}

fn delete(kind: Kind, small: u64, large: u64, stages: &mut Vec<Stage>) -> Result<()> {
    let server = start(kind, &[])?;
    let count = (MAXMEMORY_MIB << 20) / (small + 60);
    store(&server, String::new(), "small", small, count)?;
    let mut client = server.client()?;
    for first in (0..count).step_by(1000) {
        let gone: Vec<u64> = (first..(first + 1000).min(count)).filter(|index| index % LEFT != 0).collect();
        let mut request = Vec::new();
        gone.iter().for_each(|index| resp::push(&mut request, &["DEL", &format!("small:{index}")]));
        client.lines(&request, gone.len())?;
    }
    let name = format!("deleted {} B, then {} B", grouped(small as f64), grouped(large as f64));
    stages.push(store(&server, name, "large", large, (MAXMEMORY_MIB << 20) / large)?);
    Ok(())
}

/// Sets so many keys of one size.
fn store(server: &Server, name: String, prefix: &str, bytes: u64, count: u64) -> Result<Stage> {
    let mut client = server.client()?;
    let value = "v".repeat(bytes as usize);
    let batch = (BATCH_BYTES / (bytes + 60)).max(1);
    let (mut refused, mut worst) = (0, Duration::ZERO);
    let mut request = Vec::new();
    let begin = Instant::now();
    for first in (0..count).step_by(batch as usize) {
        let last = (first + batch).min(count);
        request.clear();
        (first..last)
            .for_each(|index| resp::push(&mut request, &["SET", &format!("{prefix}:{index}"), &value]));
        let before = Instant::now();
        refused += client.errors(&request, (last - first) as usize)? as u64;
        worst = worst.max(before.elapsed());
    }
    let (took, resident) = (begin.elapsed(), server.resident_bytes()?);
    Ok(Stage { name, kind: server.kind, stored: count - refused, refused, took, worst, resident })
}

fn format_row(stage: &Stage) -> Vec<String> {
    let mut refused = grouped(stage.refused as f64);
    if stage.kind == Kind::Wasm {
        refused.push_str(&format!(" {}", verdict(stage.refused == 0)));
    }
    vec![
        stage.name.clone(),
        stage.kind.title().to_owned(),
        grouped(stage.stored as f64 / stage.took.as_secs_f64()),
        refused,
        format!("{:.1}", stage.worst.as_secs_f64() * 1e3),
        grouped((stage.resident >> 20) as f64),
    ]
}
