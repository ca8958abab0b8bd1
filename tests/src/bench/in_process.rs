//! The engine alone, in this process: how long a single command holds it while it grows.

use super::Result;
use super::options::{Kind, Options};
use super::resp;
use super::table::{grouped, markdown, verdict};
use cpu_time::ThreadTime;
use sanderling::engine::{self, Engine, EngineConfig, Factory, Request};
use sanderling_core::abi::peer_text;
use sanderling_core::{Output, Peer};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The most that a single call may take on the wasm engine.
const PAUSE_MILLISECONDS_MAX: f64 = 1.0;
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
    Ok(format!(
        "{} keys of 16 bytes with values of 32, one SET per call of the engine, without sockets; calls of its timer \
         count like commands. CPU time of the calling thread, two readings of the clock included. Target for wasm: \
         under {PAUSE_MILLISECONDS_MAX} ms.\n\n{}",
        grouped(keys as f64),
        markdown(&rows)
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
    let config =
        EngineConfig { kind, options: String::new(), memory_bytes_max: MEMORY_BYTES_MAX, cache_dir: None };
    let mut engine = Factory::new(config)?.create(now())?;
    let conn = connect(engine.as_mut())?;
    let mut calls = Calls { cpu_nanoseconds: Vec::with_capacity(keys as usize), worst_wall_nanoseconds: 0 };
    let mut request = Vec::new();
    for key in 0..keys {
        request.clear();
        resp::push_set(&mut request, key);
        engine.input_buffer()[..request.len()].copy_from_slice(&request);
        engine.push(Request::Input { conn, bytes: 0..request.len() });
        calls.time(|| Ok(engine.process(now())?))?;
        expect_ok(engine.as_mut())?;
        while engine.next_deadline()?.is_some_and(|deadline| deadline <= now()) {
            calls.time(|| Ok(engine.timeout(now())?))?;
            while engine.next_output()?.is_some() {}
        }
    }
    Ok(calls)
}

fn connect(engine: &mut dyn Engine) -> Result<sanderling_core::ConnId> {
    let peer = peer_text(Peer { addr: "127.0.0.1:1", laddr: "127.0.0.1:2", unix: false });
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
