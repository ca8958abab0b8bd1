//! The engine alone, in this process: how long a single command holds it while it grows, and while it saves.

use super::Result;
use super::options::{Kind, Options};
use super::resp;
use super::table::{grouped, markdown, verdict};
use crate::random::Random;
use cpu_time::ThreadTime;
use sanderling::engine::{self, Engine, EngineConfig, Factory, Request};
use sanderling_core::abi::{RequestKind, peer_text, save_options_text};
use sanderling_core::{ConnId, Output, Peer, SaveFormat, SaveOptions};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The most that a single call may take on the wasm engine.
const PAUSE_MILLISECONDS_MAX: f64 = 1.0;
/// What a step of a save may write, in bytes, as the server has it.
const STEP_BYTES: u32 = 64 << 10;
/// Writes after each step.
const WRITES: u32 = 16;
/// Commands of one call while an engine is filled.
const FILL: u64 = 1000;
/// Size of the sandbox, ample for what is put in.
const MEMORY_BYTES_MAX: u64 = 4 << 30;

pub(super) fn measure(options: &Options) -> Result<String> {
    let keys = options.keys.last().copied().ok_or("--keys names no size")?;
    let mut rows = vec![
        ["engine", "worst CPU ms", "99.99% CPU ms", "median CPU ns", "worst wall ms"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (kind, engine_kind) in [(Kind::Wasm, engine::Kind::Wasm), (Kind::Native, engine::Kind::Native)] {
        if options.servers.contains(&kind) {
            eprintln!("growing {} in process", kind.title());
            rows.push(format_row(kind, &mut grow(engine_kind, keys)?));
        }
    }
    let mut saved = vec![
        [
            "engine, what is saved",
            "worst step, CPU ms",
            "worst write meanwhile, CPU ms",
            "median write, CPU ns",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for (kind, engine_kind) in [(Kind::Wasm, engine::Kind::Wasm), (Kind::Native, engine::Kind::Native)] {
        if options.servers.contains(&kind) {
            for content in &CONTENTS {
                eprintln!("saving {} of {} in process", content.title, kind.title());
                saved.push(format_save(kind, content, &mut save(engine_kind, content)?));
            }
        }
    }
    Ok(format!(
        "{} keys of 16 bytes with values of 32, one SET per call of the engine, without sockets; calls of its timer \
         count like commands. CPU time of the calling thread, two readings of the clock included. Target for wasm: \
         under {PAUSE_MILLISECONDS_MAX} ms.\n\n{}\nThe same while all is saved, in steps of {} KiB with {WRITES} writes of \
         random keys, fields or elements after each: so most of these are first ones, which save what was there before.\n\n{}",
        grouped(keys as f64),
        markdown(&rows),
        STEP_BYTES >> 10,
        markdown(&saved)
    ))
}

/// Time of every call: on the CPU, and the longest by the wall clock.
struct Calls {
    cpu_nanoseconds: Vec<u32>,
    worst_wall_nanoseconds: u64,
}

impl Calls {
    fn time(&mut self, call: impl FnOnce() -> Result<()>) -> Result<()> {
        let (wall, cpu) = (Instant::now(), ThreadTime::now());
        call()?;
        let spent = cpu.elapsed().as_nanos();
        self.cpu_nanoseconds.push(u32::try_from(spent).unwrap_or(u32::MAX));
        self.worst_wall_nanoseconds = self.worst_wall_nanoseconds.max(wall.elapsed().as_nanos() as u64);
        Ok(())
    }
}

fn grow(kind: engine::Kind, keys: u64) -> Result<Calls> {
    let mut engine = new_engine(kind)?;
    let conn = connect(engine.as_mut())?;
    let mut calls = Calls { cpu_nanoseconds: Vec::with_capacity(keys as usize), worst_wall_nanoseconds: 0 };
    let mut request = Vec::new();
    for key in 0..keys {
        request.clear();
        resp::push_set(&mut request, key);
        hand_over(engine.as_mut(), conn, &request);
        calls.time(|| Ok(engine.process(now())?))?;
        expect_ok(engine.as_mut())?;
        while engine.next_deadline()?.is_some_and(|deadline| deadline <= now()) {
            calls.time(|| Ok(engine.timeout(now())?))?;
            while engine.next_output()?.is_some() {}
        }
    }
    Ok(calls)
}

/// Something that is saved while it changes.
struct Content {
    title: &'static str,
    /// How many parts it has, and the command that makes or changes one.
    parts: u64,
    fill: fn(&mut Vec<u8>, u64),
    write: fn(&mut Vec<u8>, u64),
}

const CONTENTS: [Content; 4] = [
    Content { title: "2,000,000 strings", parts: 2_000_000, fill: resp::push_set, write: resp::push_set },
    Content { title: "hash of 1,000,000", parts: 1_000_000, fill: push_hset, write: push_hset },
    Content { title: "sorted set of 1,000,000", parts: 1_000_000, fill: push_zadd, write: push_zadd },
    Content { title: "list of 1,000,000", parts: 1_000_000, fill: push_rpush, write: push_rpush },
];

fn push_hset(request: &mut Vec<u8>, number: u64) {
    resp::push(request, &["HSET", "hash", &format!("field:{number:08}"), "value of a field"]);
}

fn push_zadd(request: &mut Vec<u8>, number: u64) {
    // Another score each time.
    let score = (request.len() as u64 + number.wrapping_mul(2_654_435_761) % 1_000_003).to_string();
    resp::push(request, &["ZADD", "zset", &score, &format!("member:{number:08}")]);
}

fn push_rpush(request: &mut Vec<u8>, number: u64) {
    resp::push(request, &["RPUSH", "list", &format!("element:{number:08}")]);
}

/// Fills an engine, and times the steps of a save and the writes in between.
fn save(kind: engine::Kind, content: &Content) -> Result<[Calls; 2]> {
    let mut engine = new_engine(kind)?;
    let conn = connect(engine.as_mut())?;
    let mut request = Vec::new();
    for first in (0..content.parts).step_by(FILL as usize) {
        request.clear();
        (first..first + FILL).for_each(|part| (content.fill)(&mut request, part));
        hand_over(engine.as_mut(), conn, &request);
        engine.process(now())?;
        while engine.next_output()?.is_some() {}
    }
    let options = SaveOptions {
        format: SaveFormat::Dump,
        is_compressed: true,
        compress_min_bytes: 0,
        has_checksum: true,
    };
    let text = save_options_text(options);
    let mut calls = [0; 2].map(|_| Calls { cpu_nanoseconds: Vec::new(), worst_wall_nanoseconds: 0 });
    let [steps, writes] = &mut calls;
    engine.input_buffer()[..text.len()].copy_from_slice(text.as_bytes());
    engine.push(Request::Files { kind: RequestKind::SaveBegin, argument: 0, bytes: 0..text.len() });
    steps.time(|| Ok(engine.process(now())?))?;
    let mut random = Random::new(content.parts);
    while !has_ended(engine.as_mut())? {
        for _ in 0..WRITES {
            request.clear();
            (content.write)(&mut request, random.bits() % content.parts);
            hand_over(engine.as_mut(), conn, &request);
            writes.time(|| Ok(engine.process(now())?))?;
            while engine.next_output()?.is_some() {}
        }
        engine.push(Request::Files { kind: RequestKind::SaveStep, argument: STEP_BYTES, bytes: 0..0 });
        steps.time(|| Ok(engine.process(now())?))?;
    }
    Ok(calls)
}

fn hand_over(engine: &mut dyn Engine, conn: ConnId, request: &[u8]) {
    engine.input_buffer()[..request.len()].copy_from_slice(request);
    engine.push(Request::Input { conn, bytes: 0..request.len() });
}

/// Whether the last step was the last of all.
fn has_ended(engine: &mut dyn Engine) -> Result<bool> {
    let mut has_ended = false;
    while let Some(output) = engine.next_output()? {
        match output {
            Output::SnapshotEnd { .. } => has_ended = true,
            Output::SnapshotFailed { text } => return Err(text.into()),
            _ => {}
        }
    }
    Ok(has_ended)
}

fn format_save(kind: Kind, content: &Content, calls: &mut [Calls; 2]) -> Vec<String> {
    let worst = calls.each_mut().map(|calls| {
        calls.cpu_nanoseconds.sort_unstable();
        let worst = f64::from(calls.cpu_nanoseconds.last().copied().unwrap_or_default()) / 1e6;
        let mark = if kind == Kind::Wasm { verdict(worst < PAUSE_MILLISECONDS_MAX) } else { "" };
        format!("{worst:.3} {mark}").trim_end().to_owned()
    });
    let writes = &calls[1].cpu_nanoseconds;
    let [step, write] = worst;
    let middle = writes.get(writes.len() / 2).copied().unwrap_or_default();
    vec![format!("{}, {}", kind.title(), content.title), step, write, grouped(f64::from(middle))]
}

fn new_engine(kind: engine::Kind) -> Result<Box<dyn Engine>> {
    let config = EngineConfig {
        kind,
        options: String::new(),
        memory_bytes_max: MEMORY_BYTES_MAX,
        cache_dir: None,
        compiles: false,
    };
    Ok(Factory::new(config)?.create(now())?)
}

fn connect(engine: &mut dyn Engine) -> Result<ConnId> {
    let peer = peer_text(Peer { addr: "127.0.0.1:1", laddr: "127.0.0.1:2", unix: false, trusted: false });
    engine.input_buffer()[..peer.len()].copy_from_slice(peer.as_bytes());
    engine.push(Request::Connect { peer: 0..peer.len() });
    engine.process(now())?;
    while engine.next_output()?.is_some() {}
    Ok(engine.processed_conn(0))
}

fn expect_ok(engine: &mut dyn Engine) -> Result<()> {
    let mut answered = false;
    while let Some(output) = engine.next_output()? {
        match output {
            Output::Write { bytes: b"+OK\r\n", .. } => answered = true,
            Output::Write { bytes, .. } => return Err(String::from_utf8_lossy(bytes).into()),
            _ => {}
        }
    }
    if answered { Ok(()) } else { Err("a SET was not answered".into()) }
}

fn format_row(kind: Kind, calls: &mut Calls) -> Vec<String> {
    let times = &mut calls.cpu_nanoseconds;
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 10_000] as f64;
    let worst = at(10_000) / 1e6;
    let mark = if kind == Kind::Wasm { verdict(worst < PAUSE_MILLISECONDS_MAX) } else { "" };
    vec![
        kind.title().to_owned(),
        format!("{worst:.3} {mark}").trim_end().to_owned(),
        format!("{:.3}", at(9_999) / 1e6),
        grouped(at(5_000)),
        format!("{:.2}", calls.worst_wall_nanoseconds as f64 / 1e6),
    ]
}

fn now() -> sanderling_core::Micros {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_micros() as u64
}
