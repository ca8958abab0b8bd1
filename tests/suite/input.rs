//! What a client can send: the same bytes in any pieces mean the same, and no bytes do harm.

use sanderling_tests::differential::grammar::Grammar;
use sanderling_tests::differential::operation::Op;
use sanderling_tests::random::Random;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Native, Received, Target};
use sanderling_tests::text::encode_request;

use crate::memory::peak_during;

const CLOCK: Clock = Clock::Virtual(1_704_067_200_000_000);

/// A connection that only announces large things may cost this much.
const ANNOUNCEMENT_BYTES_MAX: usize = 4 << 20;

#[test]
fn one_split_anywhere_changes_nothing() {
    let stream = stream(1, 40);
    let whole = play(&[&stream]);
    for at in 0..=stream.len() {
        assert_eq!(play(&[&stream[..at], &stream[at..]]), whole, "split at byte {at} of {}", stream.len());
    }
}

#[test]
fn many_splits_change_nothing() {
    for seed in 2..16 {
        let stream = stream(seed, 300);
        let whole = play(&[&stream]);
        let mut random = Random::new(seed);
        for longest in [1, 2, 7, 100, 4_000] {
            let mut pieces = Vec::new();
            let mut rest = stream.as_slice();
            while !rest.is_empty() {
                let (piece, left) = rest.split_at(random.between(1, longest).min(rest.len()));
                pieces.push(piece);
                rest = left;
            }
            assert_eq!(play(&pieces), whole, "seed {seed}, pieces of at most {longest} bytes");
        }
    }
}

#[test]
fn garbage_does_no_harm() {
    let mut random = Random::new(3);
    for round in 0..1_000 {
        let bytes = if round % 2 == 0 { garbage(&mut random) } else { spoiled(&mut random, round) };
        let mut engine = Native::new(CLOCK, [1; 16], &[]);
        let (connection, witness) = (engine.open(), engine.open());
        let peak = peak_during(|| engine.send(connection, &bytes));
        engine.send(witness, b"PING\r\n");
        // The bytes may have been a PUBLISH or a CLIENT KILL, but hardly that.
        assert_eq!(engine.receive(witness), Received::Reply(Reply::Simple("PONG".into())), "round {round}");
        assert!(peak < 64 << 20, "round {round}: {} bytes of input cost {peak}", bytes.len());
    }
}

#[test]
fn large_announcements_cost_little() {
    for bytes in [
        &b"*1048576\r\n"[..],
        b"*2147483647\r\n",
        b"*9223372036854775807\r\n",
        b"*1\r\n$536870912\r\n",
        b"*1024\r\n$536870912\r\nab",
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nv",
        b"*1\r\n$9223372036854775807\r\n",
        b"*1\r\n$99999999999999999999999999999999\r\n",
        b"*-9223372036854775808\r\n",
    ] {
        let mut engine = Native::new(CLOCK, [1; 16], &[]);
        let connection = engine.open();
        let peak = peak_during(|| engine.send(connection, bytes));
        assert!(peak < ANNOUNCEMENT_BYTES_MAX, "{:?} cost {peak} bytes", String::from_utf8_lossy(bytes));
    }
}

/// An endless inline line is refused and not collected.
#[test]
fn a_line_without_end_is_refused() {
    let mut engine = Native::new(CLOCK, [1; 16], &[]);
    let connection = engine.open();
    let mut replies = Vec::new();
    for _ in 0..1_000 {
        engine.send(connection, &[b'a'; 1_000]);
        while let Received::Reply(reply) = engine.receive(connection) {
            replies.push(reply);
        }
    }
    assert_eq!(replies, [Reply::Error(b"ERR Protocol error: too big inline request".to_vec())]);
    assert_eq!(engine.receive(connection), Received::Closed);
}

/// Everything that comes back when the pieces are sent one after the other.
fn play(pieces: &[&[u8]]) -> Vec<Received> {
    let mut engine = Native::new(CLOCK, [9; 16], &[]);
    let connection = engine.open();
    let mut received = Vec::new();
    for piece in pieces {
        engine.send(connection, piece);
    }
    loop {
        match engine.receive(connection) {
            Received::Nothing => return received,
            Received::Closed => {
                received.push(Received::Closed);
                return received;
            }
            other => received.push(other),
        }
    }
}

/// Requests of all kinds, inline ones between, and a protocol error at the end.
fn stream(seed: u64, requests: usize) -> Vec<u8> {
    let mut grammar = Grammar::new(seed);
    let mut bytes = Vec::new();
    let mut count = 0;
    while count < requests {
        for op in grammar.steps() {
            if let Op::Request { args, .. } = op {
                encode_request(&args, &mut bytes);
                count += 1;
            }
            if count % 10 == 9 {
                bytes.extend_from_slice(b"SET inline \"a b\\x00\"\r\n\r\n*0\r\nGET inline\n");
            }
        }
    }
    bytes.extend_from_slice(b"*2\r\n$4\r\nECHO\r\n:1\r\nPING\r\n");
    bytes
}

fn garbage(random: &mut Random) -> Vec<u8> {
    let len = random.between(1, 4_000);
    if random.one_in(3) {
        return random.bytes(len);
    }
    // Of the signs that mean something.
    (0..len)
        .map(|_| {
            *random
                .pick(&[b"*", b"$", b"1", b"9", b"-", b"\r", b"\n", b" ", b"\"", b"'", b"a", b"+"])
                .first()
                .expect("one byte")
        })
        .collect()
}

/// A good stream with some bytes changed, dropped or repeated.
fn spoiled(random: &mut Random, seed: u64) -> Vec<u8> {
    let mut bytes = stream(seed, 10);
    for _ in 0..random.between(1, 10) {
        let at = random.below(bytes.len());
        match random.below(3) {
            0 => bytes[at] = random.bits() as u8,
            1 => drop(bytes.remove(at)),
            _ => bytes.insert(at, bytes[at]),
        }
    }
    bytes
}
