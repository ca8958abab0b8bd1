//! An engine whose memory ends: what it holds never passes the end, whatever it is asked, and it loses nothing.
//!
//! The allocator counts what is really taken, so that an allocation that nobody asked for shows as what it would be in
//! a sandbox: the end of the engine.

use std::cell::Cell;

use sanderling_core::{Options, Room};
use sanderling_tests::random::Random;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Connection, Native, Received, Target};
use sanderling_tests::text::encode_request;
use sanderling_tests::vectors::{OPENING, vector};

use crate::memory::{held, peak_during};

const CLOCK: Clock = Clock::Virtual(1_704_067_200_000_000);
/// What an engine and its data may take, in bytes.
const MEMORY: usize = 8 << 20;
/// Requests to each full engine.
const REQUESTS: usize = 3_000;

thread_local! {
    /// Where memory ends for this thread.
    static END: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn available(_: usize) -> Room {
    Room::of(END.get().saturating_sub(held()))
}

fn engine() -> Native {
    END.set(held() + MEMORY);
    let options = Options { memory_available: available, memory_used: held, ..Options::default() };
    Native::with(CLOCK, [3; 16], options)
}

/// Sends a request on a connection of its own.
fn ask(engine: &mut Native, words: &[Vec<u8>]) -> Option<Reply> {
    let connection = engine.open();
    let reply = ask_on(engine, connection, words);
    engine.close(connection);
    reply
}

fn ask_on(engine: &mut Native, connection: Connection, words: &[Vec<u8>]) -> Option<Reply> {
    let mut bytes = Vec::new();
    encode_request(words, &mut bytes);
    engine.send(connection, &bytes);
    match engine.receive(connection) {
        Received::Reply(reply) => Some(reply),
        _ => None,
    }
}

fn words(request: &[&str]) -> Vec<Vec<u8>> {
    request.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// Fills an engine until it refuses more, and returns how many keys it has then.
fn fill(engine: &mut Native, bytes: usize) -> usize {
    let connection = engine.open();
    for index in 0.. {
        let request = words(&["SET", &format!("fill{index}"), &"v".repeat(bytes)]);
        if let Some(Reply::Error(_)) = ask_on(engine, connection, &request) {
            engine.close(connection);
            return index;
        }
    }
    unreachable!("memory has an end")
}

fn keys(engine: &mut Native) -> usize {
    match ask(engine, &words(&["DBSIZE"])) {
        Some(Reply::Integer(count)) => usize::try_from(count).expect("it is a count"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_request_passes_the_end_of_memory() {
    let mut random = Random::new(5);
    for bytes in [10, 700, 50_000, 1_000_000] {
        let mut engine = engine();
        for request in OPENING {
            ask(&mut engine, &words(request));
        }
        let filled = fill(&mut engine, bytes);
        for _ in 0..REQUESTS {
            let request = vector(&mut |bound| random.below(bound));
            let name = request[0].to_ascii_uppercase();
            if matches!(
                &*name,
                b"FLUSHALL" | b"FLUSHDB" | b"SWAPDB" | b"DEBUG" | b"CONFIG" | b"ACL" | b"CLIENT"
            ) {
                continue;
            }
            let before = held();
            let peak = peak_during(|| _ = ask(&mut engine, &request));
            let shown: Vec<_> = request.iter().map(|word| String::from_utf8_lossy(word)).collect();
            assert!(before + peak < END.get(), "{} bytes too many for {shown:?}", before + peak - END.get());
        }
        assert!(keys(&mut engine) >= filled, "values of {bytes} bytes are lost");
        END.set(usize::MAX);
    }
}

#[test]
fn deadlines_take_what_they_may() {
    let mut engine = engine();
    let filled = fill(&mut engine, 20);
    let connection = engine.open();
    let mut refused = 0;
    for index in 0..filled {
        let request = words(&["EXPIRE", &format!("fill{index}"), "1000"]);
        let before = held();
        let peak = peak_during(|| {
            let reply = ask_on(&mut engine, connection, &request);
            refused += usize::from(matches!(reply, Some(Reply::Error(_))));
        });
        assert!(before + peak < END.get(), "after {index}, of which {refused} were refused");
    }
    assert!(refused > 0, "all of them found room");
    assert_eq!(keys(&mut engine), filled);
    // All may go again although there is no memory.
    for index in 0..filled {
        let request = words(&["DEL", &format!("fill{index}")]);
        assert!(matches!(ask_on(&mut engine, connection, &request), Some(Reply::Integer(1))));
    }
    END.set(usize::MAX);
}
