//! Requests for every row of the command table, made from its grammar and spoiled: none panics, and none takes more
//! memory than it may.

use sanderling_core::{Options, Room};
use sanderling_tests::random::Random;
use sanderling_tests::target::{Clock, Native, Target};
use sanderling_tests::text::encode_request;
use sanderling_tests::vectors::{OPENING, vector};

use crate::memory::peak_during;

const CLOCK: Clock = Clock::Virtual(1_704_067_200_000_000);
/// Requests to one engine: some of them lock others out, as `CONFIG SET requirepass` does.
const PER_ENGINE: usize = 300;
/// What an allocation may take that is sure to succeed; replies are cut and values refused beyond it.
const AVAILABLE_BYTES: usize = 16 << 20;
/// What a request may hold at most, above what was held before.
const PEAK_BYTES_MAX: usize = 8 * AVAILABLE_BYTES;

#[test]
fn every_row_stands_any_arguments() {
    let count = std::env::var("SANDERLING_VECTORS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let mut random = Random::new(11);
    let mut sent = 0;
    while sent < count {
        let mut options = Options {
            memory_used: || 1 << 20,
            memory_available: |_| Room::of(AVAILABLE_BYTES),
            ..Options::default()
        };
        options.set("proto-max-bulk-len", "1mb").expect("the value is right");
        let mut engine = Native::with(CLOCK, [3; 16], options);
        for request in OPENING {
            let words: Vec<Vec<u8>> = request.iter().map(|word| word.as_bytes().to_vec()).collect();
            send(&mut engine, &words);
        }
        for _ in 0..PER_ENGINE {
            let words = vector(&mut |bound| random.below(bound));
            let shown =
                || words.iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join(" ");
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                peak_during(|| send(&mut engine, &words))
            }));
            let Ok(peak) = caught else { panic!("this request panics: {}", shown()) };
            assert!(peak < PEAK_BYTES_MAX, "{peak} bytes for {}", shown());
            sent += 1;
        }
    }
}

/// Each request has a connection of its own, so that none waits behind another.
fn send(engine: &mut Native, words: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    encode_request(words, &mut bytes);
    let connection = engine.open();
    engine.send(connection, &bytes);
    engine.close(connection);
}
