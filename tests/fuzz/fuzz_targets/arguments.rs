//! Requests for every row of the command table, right and spoiled, must neither panic nor take memory without end.
//!
//! `cargo +nightly fuzz run arguments` in `tests/`. The bytes make the choices of `tests/src/vectors.rs`; the fuzzer's
//! own limit on memory (`-rss_limit_mb`) judges what the requests take.
#![no_main]

#[path = "../../src/vectors.rs"]
mod vectors;

use libfuzzer_sys::fuzz_target;
use sanderling_core::{Engine, Options, Output, Peer, Room};

const NOW: u64 = 1_704_067_200_000_000;

fuzz_target!(|data: &[u8]| {
    let mut options = Options { memory_available: |_| Room::of(64 << 20), ..Options::default() };
    options.set("proto-max-bulk-len", "1mb").expect("the value is right");
    let mut engine = Engine::new(options, [7; 16], NOW);
    let mut bytes = data.iter();
    for request in vectors::OPENING {
        let words: Vec<Vec<u8>> = request.iter().map(|word| word.as_bytes().to_vec()).collect();
        send(&mut engine, &words);
    }
    while !bytes.as_slice().is_empty() {
        let mut choose = |bound: usize| {
            let mut next = || usize::from(bytes.next().copied().unwrap_or(1));
            if bound > 256 { (next() << 8 | next()) % bound } else { next() % bound }
        };
        send(&mut engine, &vectors::vector(&mut choose));
    }
});

/// Each request has a connection of its own, so that none waits behind another.
fn send(engine: &mut Engine, words: &[Vec<u8>]) {
    let peer = Peer { addr: "127.0.0.1:50000", laddr: "127.0.0.1:6379", unix: false, trusted: false };
    let conn = engine.connect(NOW, peer);
    let mut input = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        input.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        input.extend_from_slice(word);
        input.extend_from_slice(b"\r\n");
    }
    let mut is_open = true;
    engine.handle_input(NOW, conn, &input);
    while let Some(output) = engine.poll_output() {
        is_open &= output != Output::Close { conn };
    }
    if is_open {
        engine.disconnect(NOW, conn);
        while engine.poll_output().is_some() {}
    }
}
