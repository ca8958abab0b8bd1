//! Both implementations do the same, to the byte.

use super::{Engine, EngineConfig, Kind, Request, guest, native};
use sanderling_core::abi::{self, RequestKind};
use sanderling_core::{ConnId, Output, Peer, SaveFormat, SaveOptions};

const BEGIN: u64 = 1_704_067_200_000_000;
const SEED: [u8; 16] = *b"of both the same";

/// An engine, a client of it, and the time.
struct Scene {
    engine: Box<dyn Engine>,
    conn: ConnId,
    now: u64,
    snapshot: Vec<u8>,
    is_saved: bool,
    effects: Vec<u8>,
}

impl Scene {
    fn new(kind: Kind) -> Self {
        let options = "effects yes\n".to_owned();
        let config =
            EngineConfig { kind, options, memory_bytes_max: 512 << 20, cache_dir: None, compiles: false };
        let engine: Box<dyn Engine> = match kind {
            Kind::Wasm => {
                let module = guest::Module::load(&config).unwrap();
                Box::new(module.instantiate(&config, SEED, BEGIN).unwrap())
            }
            Kind::Native => Box::new(native::Native::new(&config, SEED, BEGIN).unwrap()),
        };
        let (snapshot, is_saved, effects) = (Vec::new(), false, Vec::new());
        let mut scene = Self { engine, conn: 0, now: BEGIN, snapshot, is_saved, effects };
        let peer = abi::peer_text(Peer { addr: "one", laddr: "other", unix: false, trusted: false });
        scene.tell(peer.as_bytes(), |bytes| Request::Connect { peer: bytes });
        scene.conn = scene.engine.processed_conn(0);
        scene
    }

    /// One call with one request, whose bytes these are.
    fn tell(&mut self, bytes: &[u8], request: impl FnOnce(std::ops::Range<usize>) -> Request) {
        self.engine.input_buffer()[..bytes.len()].copy_from_slice(bytes);
        self.engine.push(request(0..bytes.len()));
        self.engine.process(self.now).unwrap();
        while let Some(output) = self.engine.next_output().unwrap() {
            match output {
                Output::Snapshot { bytes, .. } => self.snapshot.extend_from_slice(bytes),
                Output::SnapshotEnd { .. } => self.is_saved = true,
                Output::SnapshotFailed { text } => panic!("{text}"),
                Output::Append { bytes, .. } => self.effects.extend_from_slice(bytes),
                Output::Write { bytes, .. } => {
                    let text = String::from_utf8_lossy(bytes);
                    let error =
                        text.lines().find(|line| line.starts_with("-ERR") || line.starts_with("-OOM"));
                    assert_eq!(error, None);
                }
                _ => {}
            }
        }
    }

    fn send(&mut self, text: &str) {
        let conn = self.conn;
        self.tell(text.as_bytes(), |bytes| Request::Input { conn, bytes });
        self.now += 1_000;
    }

    fn save_step(&mut self, bytes: u32) {
        let step = RequestKind::SaveStep;
        self.tell(b"", |none| Request::Files { kind: step, argument: bytes, bytes: none });
    }

    /// Fills all types, then changes them while they are saved.
    fn perform(&mut self) {
        for turn in 0..40 {
            self.send(&writes(turn));
        }
        let options = SaveOptions {
            format: SaveFormat::Dump,
            is_compressed: true,
            compress_min_bytes: 0,
            has_checksum: false,
        };
        let text = abi::save_options_text(options);
        let begin = RequestKind::SaveBegin;
        self.tell(text.as_bytes(), |bytes| Request::Files { kind: begin, argument: 0, bytes });
        let mut turn = 40;
        while !self.is_saved {
            self.save_step(2 << 10);
            self.send(&writes(turn));
            turn += 1;
        }
        assert!(turn > 50, "{turn} turns");
    }
}

/// Requests of all kinds, other ones each turn.
fn writes(turn: u64) -> String {
    let mut text = String::new();
    for step in 0..200 {
        let n = (turn * 200 + step).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let (few, many) = (n % 40, n % 6_000);
        text += &match n % 17 {
            0 => format!("SET key:{many} value:{n}\r\n"),
            1 => format!("HSET hash f{many} {n} g{few} v\r\n"),
            2 => format!("SADD set m{many} n{n}\r\n"),
            3 => format!("ZADD zset {}.5 m{many}\r\n", n % 1_000),
            4 => format!("RPUSH list:{few} e{n} {}\r\n", "wide".repeat(few as usize * 40)),
            5 => format!("XADD stream:{few} * f v{n}\r\n"),
            6 => format!("HSET small:{few} f{} {n}\r\n", n % 9),
            7 => format!("SADD ints:{few} {n}\r\n"),
            8 => "SPOP set\r\n".to_owned(),
            9 => format!("HDEL hash f{many}\r\n"),
            10 => format!("SETEX gone:{few} {} v\r\n", few + 1),
            11 => format!("DEL key:{many}\r\n"),
            12 => format!("APPEND text:{few} {n}\r\n"),
            13 => format!("LPOP list:{few}\r\n"),
            14 => format!("ZREM zset m{many}\r\n"),
            15 => format!("INCRBYFLOAT float:{few} 0.{few}\r\n"),
            _ => format!("PFADD sketch:{few} {n}\r\n"),
        };
    }
    text
}

/// The snapshot without what it tells of the memory of its writer, which differs.
fn without_memory(mut file: Vec<u8>) -> Vec<u8> {
    const NAME: &[u8] = b"\xfa\x08used-mem";
    let at = file.windows(NAME.len()).position(|window| window == NAME).expect("it is told") + NAME.len();
    let len = match file[at] {
        0xc0 => 2,
        0xc1 => 3,
        0xc2 => 5,
        len => usize::from(len) + 1,
    };
    file.drain(at..at + len);
    file
}

#[test]
fn what_is_written_is_the_same() {
    let [wasm, native] = [Kind::Wasm, Kind::Native].map(|kind| {
        let mut scene = Scene::new(kind);
        scene.perform();
        (without_memory(scene.snapshot), scene.effects)
    });
    assert!(wasm.0.len() > 50_000 && wasm.1.len() > 50_000, "{} and {} bytes", wasm.0.len(), wasm.1.len());
    assert!(wasm.1 == native.1, "effects differ");
    let at = wasm.0.iter().zip(&native.0).position(|(one, other)| one != other);
    let around = |file: &[u8]| {
        at.map(|at| file[at.saturating_sub(60)..file.len().min(at + 60)].escape_ascii().to_string())
    };
    assert_eq!(around(&wasm.0), around(&native.0), "snapshots differ");
    assert_eq!(wasm.0.len(), native.0.len());
}
