//! The differential fuzzer by hand:
//! `SANDERLING_FUZZ_COMMANDS=2000000 SANDERLING_FUZZ_SEED=7 cargo run --release -p sanderling-tests --bin differential`.
//!
//! Without arguments the target is the engine in this process; with one it is the server at that address, all of
//! whose data is deleted; with `oracle` it is another redis-server, which must not differ from the first.

use std::process::ExitCode;

use sanderling_tests::differential::{Config, run};
use sanderling_tests::target::{Clock, Native, Oracle, Target, Tcp};

fn main() -> ExitCode {
    match compare(std::env::args().nth(1).as_deref()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
    }
}

fn compare(address: Option<&str>) -> Result<bool, String> {
    let config = Config::from_env();
    let mut oracle = Oracle::start()?;
    let mut target: Box<dyn Target> = match address {
        None => Box::new(Native::new(
            Clock::Machine,
            config.seed.to_le_bytes().repeat(2).try_into().expect("16 bytes"),
            &[],
        )),
        Some("oracle") => Box::new(Oracle::start()?),
        Some(address) => {
            Box::new(Tcp::new(address, address, (7, 2)).map_err(|fault| format!("{address}: {fault}"))?)
        }
    };
    println!(
        "{} commands of seed {} to {} and {}",
        config.commands,
        config.seed,
        oracle.name(),
        target.name()
    );
    let report = run(&config, &mut oracle, &mut *target);
    println!("{} commands compared, {} per second", report.commands, report.per_second);
    for (name, times) in &report.explained {
        println!("{times} times explained: {name}");
    }
    if let Some(difference) = &report.difference {
        println!("DIFFERENT\n{difference}");
    }
    Ok(report.difference.is_none())
}
