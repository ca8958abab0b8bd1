//! A server that grows: bytes per key at a few sizes, and the worst pause on the way there.

use super::options::{Kind, Options};
use super::server::{Server, available, first_number};
use super::table::{grouped, markdown, verdict};
use super::{Result, resp};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Instant;

/// Commands sent at once. A pause is the server's CPU time for that many, so it bounds that of one from above;
/// one at a time would take minutes per server.
const BATCH: u64 = 16;

/// Bytes per key may be at most this part of redis's.
const BYTES_TARGET: f64 = 0.5;

/// What was seen of one server.
struct Growth {
    kind: Kind,
    /// Resident and self-reported bytes per key at each size.
    bytes: Vec<(f64, f64)>,
    worst_cpu_nanoseconds: u64,
    worst_wall_nanoseconds: u64,
    /// The 99.99th percentile of CPU time.
    rare_cpu_nanoseconds: u64,
}

pub(super) fn measure(options: &Options) -> Result<String> {
    let mut all = Vec::new();
    for kind in available(options) {
        eprintln!("growing {}", kind.title());
        all.push(grow(kind, &options.keys)?);
    }
    let redis = all.iter().find(|growth| growth.kind == Kind::Redis);
    let mut rows = vec![heading(&options.keys)];
    rows.extend(all.iter().map(|growth| format_row(growth, redis)));
    Ok(format!(
        "Keys of 16 bytes with values of 32, set one after another, {BATCH} commands at a time. Bytes per key are \
         the growth of the process in RAM (RSS), in brackets that of `used_memory`; target for wasm: at most half \
         of redis's RSS. Pauses are for one such batch, so they bound that of one command: the CPU time of the \
         server's main thread, and the client's wait, in which other processes on the core count too.\n\n{}",
        markdown(&rows)
    ))
}

fn grow(kind: Kind, sizes: &[u64]) -> Result<Growth> {
    let server = Server::start(kind)?;
    let mut client = server.client()?;
    let (empty_resident, empty_used) = (server.resident_bytes()?, server.used_memory()?);
    let schedstat = server.main_thread_schedstat()?;
    let mut growth = Growth {
        kind,
        bytes: Vec::new(),
        worst_cpu_nanoseconds: 0,
        worst_wall_nanoseconds: 0,
        rare_cpu_nanoseconds: 0,
    };
    let mut cpu_times = Vec::new();
    let mut request = Vec::new();
    let mut keys = 0;
    for size in sizes {
        let mut cpu = cpu_nanoseconds(&schedstat)?;
        while keys < *size {
            let next = (keys + BATCH).min(*size);
            request.clear();
            (keys..next).for_each(|key| resp::push_set(&mut request, key));
            let before = Instant::now();
            client.lines(&request, (next - keys) as usize)?;
            let wall = before.elapsed().as_nanos() as u64;
            growth.worst_wall_nanoseconds = growth.worst_wall_nanoseconds.max(wall);
            let now = cpu_nanoseconds(&schedstat)?;
            cpu_times.push(now - cpu);
            cpu = now;
            keys = next;
        }
        let per_key = |now: u64, empty: u64| (now as f64 - empty as f64) / *size as f64;
        let used = per_key(server.used_memory()?, empty_used);
        growth.bytes.push((per_key(server.resident_bytes()?, empty_resident), used));
    }
    cpu_times.sort_unstable();
    growth.worst_cpu_nanoseconds = cpu_times.last().copied().unwrap_or_default();
    growth.rare_cpu_nanoseconds = cpu_times.get(cpu_times.len() * 9999 / 10_000).copied().unwrap_or_default();
    Ok(growth)
}

fn cpu_nanoseconds(schedstat: &File) -> Result<u64> {
    let mut buffer = [0; 96];
    let length = schedstat.read_at(&mut buffer, 0)?;
    first_number(std::str::from_utf8(&buffer[..length])?)
}

fn heading(sizes: &[u64]) -> Vec<String> {
    let mut cells = vec!["server".to_owned()];
    cells.extend(sizes.iter().map(|size| format!("bytes/key at {}", grouped(*size as f64))));
    cells.extend(["worst CPU ms", "99.99% CPU ms", "worst wait ms"].map(str::to_owned));
    cells
}

fn format_row(growth: &Growth, redis: Option<&Growth>) -> Vec<String> {
    let mut cells = vec![growth.kind.title().to_owned()];
    for (index, (resident, used)) in growth.bytes.iter().enumerate() {
        let mut cell = format!("{resident:.1} ({used:.1})");
        if let (Kind::Wasm | Kind::Native, Some(redis)) = (growth.kind, redis) {
            let part = resident / redis.bytes[index].0;
            cell.push_str(&format!(", {part:.2}×"));
            if growth.kind == Kind::Wasm {
                cell.push_str(&format!(" {}", verdict(part <= BYTES_TARGET)));
            }
        }
        cells.push(cell);
    }
    let milliseconds = |nanoseconds: u64| format!("{:.2}", nanoseconds as f64 / 1e6);
    cells.push(milliseconds(growth.worst_cpu_nanoseconds));
    cells.push(milliseconds(growth.rare_cpu_nanoseconds));
    cells.push(milliseconds(growth.worst_wall_nanoseconds));
    cells
}
