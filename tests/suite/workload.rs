//! A random workload for an engine alone: what the fuzzer does, with time passing.

use std::time::Duration;

use sanderling_tests::differential::grammar::{CONNECTIONS, Grammar};
use sanderling_tests::differential::operation::Op;
use sanderling_tests::differential::session::Session;
use sanderling_tests::random::Random;
use sanderling_tests::target::Native;

/// Performs at least `commands` commands on `engine`, advancing its clock now and then so that keys expire.
pub(crate) fn perform(engine: &mut Native, seed: u64, commands: u64) {
    let mut grammar = Grammar::new(seed);
    let mut random = Random::new(seed ^ 0x5eed);
    let mut session = Session::new(engine, CONNECTIONS);
    let mut ops = Grammar::opening();
    let mut done = 0;
    while done < commands {
        for op in &ops {
            match op {
                Op::Request { connection, args } => session.send(*connection, &[args]),
                Op::Watched { connection, args } => drop(session.watched(*connection, args)),
                Op::Scan { connection, args, cursor_at } => drop(session.scan(*connection, args, *cursor_at)),
                Op::Reopen { connection } => session.reopen(*connection),
                Op::State => {}
            }
            session.forget_received();
            done += op.commands();
        }
        // Most expiries are 100 s or more ahead.
        let time = random.pick(&["0", "1", "20000", "3000000", "60000000"]);
        session.advance(Duration::from_micros(time.parse().expect("these are numbers")));
        ops = grammar.steps();
    }
}
