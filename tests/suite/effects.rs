//! Effects are all that another engine needs to become equal, and equal inputs make equal outputs.

use std::time::Duration;

use sanderling_core::LoadFormat;
use sanderling_tests::differential::session::{Held, Session};
use sanderling_tests::random::Random;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Native, Received, Target};
use sanderling_tests::text::show;

use crate::workload;

/// Where time begins: 2024-01-01.
const BEGIN: u64 = 1_704_067_200_000_000;

#[test]
fn replaying_effects_gives_the_same_state() {
    for seed in 1..=8 {
        let mut first = Native::new(Clock::Virtual(BEGIN), [seed as u8; 16], &[("effects", "yes")]);
        workload::perform(&mut first, seed, 4_000);
        // Looking at everything finds what has expired, which is an effect too.
        let state = state(&mut first);
        assert!(!first.effects.is_empty(), "seed {seed}: a workload of writes has effects");

        // Time stands still at the beginning, so nothing expires but by an effect.
        let mut second = Native::new(Clock::Virtual(BEGIN), [0xff; 16], &[]);
        let connection = second.open();
        let mut random = Random::new(seed);
        let mut rest = first.effects.as_slice();
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(random.between(1, 5_000).min(rest.len()));
            second.send(connection, piece);
            rest = left;
        }
        no_errors(seed, &mut second, connection);
        compare(seed, &state, &self::state(&mut second));
    }
}

/// A log is loaded later than it was written: nothing expires meanwhile, since what follows may say more, and afterwards
/// everything is as if the engine had gone on all the time.
#[test]
fn replaying_effects_later_gives_the_same_state() {
    for seed in 1..=8 {
        let mut first = Native::new(Clock::Virtual(BEGIN), [seed as u8; 16], &[("effects", "yes")]);
        workload::perform(&mut first, seed, 4_000);
        let log = std::mem::take(&mut first.effects);
        let pause = Duration::from_millis([1, 700, 60_000, 86_400_000][seed as usize % 4]);
        first.advance(pause);
        let state = state(&mut first);

        let mut second = Native::new(Clock::Virtual(first.now()), [0xff; 16], &[]);
        let loaded = second.load(LoadFormat::Commands, &log).expect("effects are commands");
        assert_eq!(loaded.errors, 0, "seed {seed}: effects are refused");
        second.settle();
        compare(seed, &state, &self::state(&mut second));
    }
}

#[test]
fn equal_inputs_give_equal_outputs() {
    for seed in 1..=4 {
        compare_transcripts(seed, &transcript(seed, false), &transcript(seed, false));
    }
}

/// Whether a request comes as bytes or in parts is all the same, whatever state its connection is in and whoever else has
/// to hear of it.
#[test]
fn calls_give_the_outputs_of_inputs() {
    for seed in 1..=12 {
        compare_transcripts(seed, &transcript(seed, false), &transcript(seed, true));
    }
}

/// Everything that an engine puts out in a random workload, whose requests may be called.
fn transcript(seed: u64, calls: bool) -> Vec<u8> {
    let mut engine = Native::new(Clock::Virtual(BEGIN), [7; 16], &[("effects", "yes")]);
    engine.transcript = Some(Vec::new());
    engine.calls = calls;
    workload::perform(&mut engine, seed, 3_000);
    assert_eq!(engine.called > 500, calls, "seed {seed}: {} requests were called", engine.called);
    engine.transcript.expect("it was asked for")
}

fn compare_transcripts(seed: u64, one: &[u8], other: &[u8]) {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let shown = |bytes: &[u8]| {
        String::from_utf8_lossy(&bytes[same.saturating_sub(80)..bytes.len().min(same + 80)]).into_owned()
    };
    assert!(one == other, "seed {seed}: outputs part at byte {same}:\n{}\nand\n{}", shown(one), shown(other));
}

fn state(engine: &mut Native) -> Vec<Held> {
    Session::new(engine, 0).state().expect("an engine can be looked at")
}

fn no_errors(seed: u64, engine: &mut Native, connection: usize) {
    let mut count = 0;
    loop {
        match engine.receive_now(connection) {
            Received::Nothing => break,
            Received::Reply(reply @ Reply::Error(_)) => {
                panic!("seed {seed}: effect {count} is refused: {}", show(&reply))
            }
            Received::Reply(reply) => {
                assert!(!holds_error(&reply), "seed {seed}: effect {count}: {}", show(&reply))
            }
            other => panic!("seed {seed}: after effect {count}: {other:?}"),
        }
        count += 1;
    }
}

fn holds_error(reply: &Reply) -> bool {
    reply.elements().is_some_and(|parts| parts.iter().any(|part| matches!(part, Reply::Error(_))))
}

fn compare(seed: u64, first: &[Held], second: &[Held]) {
    for held in first {
        match second.iter().find(|other| other.name == held.name) {
            None => panic!("seed {seed}: the effects did not make {} ({})", held.name, held.content),
            Some(other) => assert_eq!(held, other, "seed {seed}"),
        }
    }
    for held in second {
        assert!(
            first.iter().any(|other| other.name == held.name),
            "seed {seed}: the effects left {}",
            held.name
        );
    }
}
