//! What a save costs those who write meanwhile: how long they wait, and memory.

use super::options::Kind;
use super::resp::{self, Client};
use super::server::{Server, first_number};
use super::table::{markdown, verdict};
use super::{Result, median};
use crate::random::Random;
use std::time::{Duration, Instant};

/// Commands sent at once.
const BATCH: u64 = 16;
/// Memory that a save may take besides what is overwritten, for wasm, in MiB.
const MEMORY_TARGET: f64 = 16.0;
/// The longest that a save may take.
const SAVE_SECONDS_MAX: u64 = 120;

/// What was seen of one save.
struct Saving {
    worst_wait_ms: f64,
    extra_mib: f64,
    batches: f64,
}

/// Saves what each server has loaded while a client overwrites random keys out of `keys`, `rounds` times in turns. `start`
/// makes a server that has loaded them.
pub(super) fn measure(
    kinds: &[Kind],
    keys: u64,
    rounds: usize,
    start: impl Fn(Kind) -> Result<Server>,
) -> Result<String> {
    let mut seen: Vec<Vec<Saving>> = kinds.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (kind, seen) in kinds.iter().zip(&mut seen) {
            seen.push(save(&start(*kind)?, keys)?);
        }
    }
    let heading = ["server", "worst wait ms", "more memory, MiB", "SETs meanwhile"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (kind, seen) in kinds.iter().zip(&seen) {
        let middle = |of: fn(&Saving) -> f64| median(&seen.iter().map(of).collect::<Vec<_>>());
        let memory = middle(|saving| saving.extra_mib);
        let mut memory_cell = format!("{memory:.1}");
        if *kind == Kind::Wasm {
            memory_cell.push_str(&format!(" {}", verdict(memory <= MEMORY_TARGET)));
        }
        rows.push(vec![
            kind.title().to_owned(),
            format!("{:.2}", middle(|saving| saving.worst_wait_ms)),
            memory_cell,
            format!("{:.0}", middle(|saving| saving.batches) * BATCH as f64),
        ]);
        eprintln!("{}", rows[rows.len() - 1].join("  "));
    }
    Ok(format!(
        "\n`BGSAVE` of 2,000,000 keys while one client overwrites random ones with values as long, {BATCH} commands at a time, \
         medians of {rounds} saves. The wait is the longest of the client for one such batch or for the reply to `BGSAVE`, in \
         which whatever else the machine does counts too. Memory is the most that the process had in RAM during the save \
         beyond what it had before (at most {MEMORY_TARGET} MiB for wasm); for servers that fork, what they say that copying \
         on write has taken.\n\n{}",
        markdown(&rows)
    ))
}

fn save(server: &Server, keys: u64) -> Result<Saving> {
    let (mut client, mut watcher) = (server.client()?, server.client()?);
    let mut random = Random::new(keys);
    let mut request = Vec::new();
    // What the first batches make the server allocate is no part of the save.
    for _ in 0..1000 {
        overwrite(&mut client, &mut request, &mut random, keys)?;
    }
    let before = server.begin_peak()?;
    let mut saving = Saving { worst_wait_ms: 0.0, extra_mib: 0.0, batches: 0.0 };
    let begun = Instant::now();
    let mut asked_at = begun;
    let reply = watcher.reply("BGSAVE")?;
    if !reply.starts_with("+Background saving started") {
        return Err(format!("BGSAVE got {reply}").into());
    }
    saving.note(begun.elapsed());
    loop {
        let sent = Instant::now();
        overwrite(&mut client, &mut request, &mut random, keys)?;
        saving.note(sent.elapsed());
        saving.batches += 1.0;
        if asked_at.elapsed() < Duration::from_millis(10) {
            continue;
        }
        asked_at = Instant::now();
        let info = watcher.bulk("INFO persistence")?;
        if info.contains("rdb_bgsave_in_progress:0") {
            let copied = info.lines().find_map(|line| line.strip_prefix("rdb_last_cow_size:"));
            let copied = first_number(copied.unwrap_or("0"))?;
            saving.extra_mib =
                server.peak_bytes()?.saturating_sub(before).max(copied) as f64 / f64::from(1 << 20);
            return Ok(saving);
        }
        if begun.elapsed() > Duration::from_secs(SAVE_SECONDS_MAX) {
            return Err("the save does not end".into());
        }
    }
}

impl Saving {
    fn note(&mut self, wait: Duration) {
        self.worst_wait_ms = self.worst_wait_ms.max(wait.as_secs_f64() * 1e3);
    }
}

fn overwrite(client: &mut Client, request: &mut Vec<u8>, random: &mut Random, keys: u64) -> Result<()> {
    request.clear();
    for _ in 0..BATCH {
        resp::push_set(request, random.bits() % keys);
    }
    client.lines(request, BATCH as usize)?;
    Ok(())
}
