//! An engine whose memory ends: what it holds never passes the end, whatever it is asked, and it loses nothing.
//!
//! The allocator counts what is really taken, so that an allocation that nobody asked for shows as what it would be in
//! a sandbox: the end of the engine.

use std::cell::Cell;
use std::iter::repeat_n;

use sanderling_core::{ConnId, Engine, Options, Output, Peer, Room};
use sanderling_tests::random::Random;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Connection, Native, Received, Target};
use sanderling_tests::text::encode_request;
use sanderling_tests::vectors::{OPENING, vector};

use crate::memory::{held, largest_during, peak_during};

const CLOCK: Clock = Clock::Virtual(1_704_067_200_000_000);
/// What an engine and its data may take, in bytes.
const MEMORY: usize = 8 << 20;
/// Requests to each full engine.
const REQUESTS: usize = 3_000;

thread_local! {
    /// Where memory ends for this thread.
    static END: Cell<usize> = const { Cell::new(usize::MAX) };
    /// How many bytes of it are in one piece.
    static PIECE: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn available(_: usize) -> Room {
    let total = END.get().saturating_sub(held());
    Room { contiguous: total.min(PIECE.get()), total }
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

/// An engine whose host throws away what it sends, so that nothing but the engine is counted.
struct Unheard {
    engine: Engine,
    closed: Vec<ConnId>,
    sent: usize,
    /// What it reads at a time, in bytes.
    read_bytes: usize,
}

const NOW: u64 = 1_704_067_200_000_000;

impl Unheard {
    fn new(settings: &[(&str, &str)]) -> Unheard {
        END.set(held() + MEMORY);
        let mut options = Options { memory_available: available, memory_used: held, ..Options::default() };
        settings.iter().for_each(|(name, value)| options.set(name, value).expect("they are settings"));
        Unheard {
            engine: Engine::new(options, [3; 16], NOW),
            closed: Vec::new(),
            sent: 0,
            read_bytes: 64 << 10,
        }
    }

    fn client(&mut self, requests: &[&[&str]]) -> ConnId {
        let conn = self
            .engine
            .connect(NOW, Peer { addr: "1.2.3.4:5", laddr: "1.2.3.4:6", unix: false, trusted: false });
        for request in requests {
            self.send(conn, [words(request)]);
        }
        conn
    }

    /// Sends requests together, and lets the engine go on until it has answered all of them. Memory must not end meanwhile.
    fn send(&mut self, conn: ConnId, requests: impl IntoIterator<Item = Vec<Vec<u8>>>) {
        // What the host has read lies elsewhere.
        let mut bytes = Vec::new();
        requests.into_iter().for_each(|request| encode_request(&request, &mut bytes));
        let (own, before) = (bytes.capacity(), held());
        END.set(END.get() + own);
        let mut largest = 0;
        let work = || {
            for piece in bytes.chunks(self.read_bytes) {
                self.engine.handle_input(NOW, conn, piece);
                self.drain();
                while self.engine.poll_timeout().is_some_and(|at| at <= NOW) {
                    self.engine.handle_timeout(NOW);
                    self.drain();
                }
            }
        };
        let peak = peak_during(|| largest = largest_during(work));
        let over = (before + peak).saturating_sub(END.get()) + largest.saturating_sub(PIECE.get());
        END.set(END.get() - own);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert!(over == 0, "{over} bytes too many for {shown:?}");
    }

    fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Write { bytes, .. } => self.sent += bytes.len(),
                Output::Close { conn } => self.closed.push(conn),
                _ => {}
            }
        }
    }
}

/// Who is told of what others do takes memory, too: as much as there is, and then the connection is closed or told that
/// any key may have changed.
#[test]
fn those_who_are_told_take_what_they_may() {
    let settings = [("maxmemory-policy", "allkeys-lru"), ("notify-keyspace-events", "KEA")];
    let mut unheard = Unheard::new(&settings);
    let writer = unheard.client(&[]);
    let listeners = [
        unheard.client(&[&["HELLO", "3"], &["CLIENT", "TRACKING", "ON", "BCAST"]]),
        unheard.client(&[&["HELLO", "3"], &["CLIENT", "TRACKING", "ON"]]),
        unheard.client(&[&["PSUBSCRIBE", "*"]]),
        unheard.client(&[&["MONITOR"]]),
    ];
    // Keys of which none is refused, since others go for them; then values for which thousands go at once.
    for index in 0..600 {
        let set = |nth: usize| words(&["SET", &format!("key:{index}:{nth}"), "a value of some bytes"]);
        unheard.send(writer, (0..100).map(set));
        let get = |nth: usize| words(&["GET", &format!("key:{index}:{nth}")]);
        unheard.send(listeners[1], (0..100).map(get));
    }
    for size in [300_000, 1_000_000, 2_000_000] {
        for index in 0..5 {
            unheard.send(writer, [words(&["SET", &format!("large{index}"), &"v".repeat(size)])]);
        }
    }
    let delete = |index: usize| words(&["DEL", &format!("key:{}:{}", index / 100, index % 100)]);
    unheard.send(writer, (0..60_000).map(delete));
    // Long messages and arguments, each of which is quoted, encoded and copied.
    (0..20).for_each(|_| _ = unheard.client(&[&["SUBSCRIBE", "news"]]));
    for size in [100, 10_000, 400_000, 1_000_000] {
        let publish = words(&["PUBLISH", "news", &"\0".repeat(size)]);
        unheard.send(writer, repeat_n(publish, 2_000_000 / size.max(1_000)));
    }
    assert!(unheard.sent > 10_000_000, "{}", unheard.sent);
    assert!(!unheard.closed.contains(&writer), "who writes is served");
    END.set(usize::MAX);
}

/// Replies too short to be asked for, and errors, find room: in pipelines, in transactions and in scripts.
#[test]
fn short_replies_always_have_room() {
    let mut unheard = Unheard::new(&[]);
    let filler = unheard.client(&[]);
    // What is left lies in pieces, so that nothing long can grow.
    PIECE.set(200 << 10);
    // First what the host takes becomes long, while there is memory.
    unheard.send(filler, [words(&["SET", "long", &"v".repeat(10_000)])]);
    unheard.send(filler, repeat_n(words(&["GET", "long"]), 200));
    for size in [100_000, 1_000, 10] {
        for index in 0..20_000_000 / size / 10 {
            unheard.send(filler, [words(&["SET", &format!("{size}:{index}"), &"v".repeat(size)])]);
        }
    }
    let many = |request: &[&str]| repeat_n(words(request), 20_000);
    unheard.send(filler, many(&["PING"]));
    unheard.send(filler, many(&["NOSUCHCOMMAND", &"x".repeat(100)]));
    unheard.send(filler, many(&["LPUSH", "long", "x"]));
    unheard.send(filler, many(&["INCR", "long"]));
    let sent = unheard.sent;
    unheard.send(filler, [words(&["MULTI"])]);
    unheard.send(filler, repeat_n(words(&["PING", "a"]), 3_000));
    unheard.send(filler, repeat_n(words(&["LPUSH", "long", "x"]), 3_000));
    unheard.send(filler, [words(&["EXEC"])]);
    assert!(unheard.sent > sent && unheard.closed.is_empty());
    let script = "for i = 1, 20000 do redis.pcall('LPUSH', 'long', 'x') end return 1";
    unheard.send(filler, [words(&["EVAL", script, "0"])]);
    PIECE.set(usize::MAX);
    END.set(usize::MAX);
}

/// A field gets its deadline by becoming another one, so that for a moment its value is there twice.
#[test]
fn values_with_deadlines_have_room_twice() {
    let mut unheard = Unheard::new(&[]);
    let client = unheard.client(&[]);
    unheard.read_bytes = 8 << 20;
    for kept in [0, 1_500_000, 2_000_000, 2_500_000] {
        unheard.send(client, [words(&["SET", "kept", &"k".repeat(kept)])]);
        for hash in ["new", "old"] {
            unheard.send(client, [words(&["DEL", "new"]), words(&["HSET", "old", "f", "v"])]);
            let value = "v".repeat(3_000_000);
            unheard.send(client, [words(&["HSETEX", hash, "EX", "100", "FIELDS", "1", "f", &value])]);
            unheard.send(client, [words(&["HGETEX", hash, "PX", "100", "FIELDS", "1", "f"])]);
            unheard.send(client, [words(&["HEXPIRE", hash, "100", "FIELDS", "1", "f"])]);
        }
    }
    END.set(usize::MAX);
}
