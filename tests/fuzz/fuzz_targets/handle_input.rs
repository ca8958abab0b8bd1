//! Any bytes on two connections must neither panic nor keep the engine busy for ever.
//!
//! `cargo +nightly fuzz run handle_input` in `tests/`. The first byte of each piece says which connection gets
//! it and whether time passes after it; a piece ends with the byte 0xff.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sanderling_core::{Engine, Options, Output, Peer};

/// One input asks for no more time slices than this.
const TURNS_MAX: u32 = 1_000_000;

fuzz_target!(|data: &[u8]| {
    let mut now = 1_704_067_200_000_000;
    let mut engine = Engine::new(Options::default(), [7; 16], now);
    let mut connections = [0, 1].map(|_| Some(engine.connect(now, peer())));
    drain(&mut engine, now, &mut connections);
    for piece in data.split(|&byte| byte == 0xff) {
        let Some((&control, bytes)) = piece.split_first() else { continue };
        let place = usize::from(control & 1);
        match connections[place] {
            Some(connection) => engine.handle_input(now, connection, bytes),
            None => connections[place] = Some(engine.connect(now, peer())),
        }
        drain(&mut engine, now, &mut connections);
        now += u64::from(control >> 1) * 100_000;
        drain(&mut engine, now, &mut connections);
    }
});

fn peer() -> Peer<'static> {
    Peer { addr: "127.0.0.1:50000", laddr: "127.0.0.1:6379", unix: false, trusted: false }
}

fn drain(engine: &mut Engine, now: u64, connections: &mut [Option<u32>; 2]) {
    for _ in 0..TURNS_MAX {
        while let Some(output) = engine.poll_output() {
            if let Output::Close { conn } = output {
                connections.iter_mut().filter(|open| **open == Some(conn)).for_each(|open| *open = None);
            }
        }
        if engine.poll_timeout().is_none_or(|deadline| deadline > now) {
            return;
        }
        engine.handle_timeout(now);
    }
    panic!("the engine asks for more time without end");
}
