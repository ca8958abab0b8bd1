//! Random commands to the engine and to redis-server. See the library's module of the same name.

use sanderling_tests::differential::explained::EXPLAINED;
use sanderling_tests::differential::{Config, Report, run};
use sanderling_tests::target::{Clock, Native, Oracle, compared};

/// Two servers of one kind must agree, or the comparison itself is at fault.
const SANITY_COMMANDS: u64 = 20_000;

#[test]
fn the_engine_answers_as_redis_server_does() {
    let Some(mut oracle) = oracle() else { return };
    let config = Config::from_env();
    let seed = config.seed.to_le_bytes().repeat(2).try_into().expect("twice eight bytes");
    let mut engine = Native::new(Clock::Machine, seed, &[]);
    check(&config, &run(&config, &mut oracle, &mut engine));
}

#[test]
fn redis_server_agrees_with_itself() {
    let (Some(mut oracle), Some(mut other)) = (oracle(), oracle()) else { return };
    let config = Config { commands: SANITY_COMMANDS, only: Vec::new(), ..Config::from_env() };
    check(&config, &run(&config, &mut oracle, &mut other));
}

fn oracle() -> Option<Oracle> {
    compared("the comparison with redis-server", Oracle::start())
}

fn check(config: &Config, report: &Report) {
    println!("seed {}: {} commands compared, {} per second", config.seed, report.commands, report.per_second);
    for explained in EXPLAINED {
        if let Some(times) = report.explained.get(explained.name) {
            println!("{times} times {}: {}", explained.name, explained.reason);
        }
    }
    if let Some(difference) = &report.difference {
        panic!("{difference}");
    }
}
