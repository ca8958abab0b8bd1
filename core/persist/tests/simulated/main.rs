//! The log on a simulated disk: crashes at any operation, lost power, full and failing disks, several lives, crashes within
//! recovery. What was committed is there afterwards, in order, each batch whole, and nothing that never was.
//!
//! `SANDERLING_SEEDS=10000000` runs more, `SANDERLING_SEED=17` one seed, which says what happened.

mod disk;
mod random;
mod world;

use disk::Planted;
use world::run;

/// Seeds that have found something, beyond those that are always tried.
const TELLING: [u64; 2] = [266_118, 735_447];

/// Seeds of a planted mistake, of which some must find it.
const PLANTED_SEEDS: u64 = 20_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number of seeds"))
}

#[test]
fn what_is_committed_survives() {
    if let Some(seed) = number("SANDERLING_SEED") {
        return run(seed, Planted::Nothing, true).expect("the seed is right");
    }
    // Without optimisation a seed takes twenty times as long.
    let seeds = number("SANDERLING_SEEDS").unwrap_or(if cfg!(debug_assertions) { 5_000 } else { 100_000 });
    for seed in TELLING.into_iter().chain(0..seeds) {
        if let Err(why) = run(seed, Planted::Nothing, false) {
            panic!("seed {seed}: {why}");
        }
    }
}

#[test]
fn mistakes_are_found() {
    for planted in [
        Planted::NoSyncDir,
        Planted::NoSyncOfCommands,
        Planted::NoSyncOfManifest,
        Planted::NoSyncOfBase,
        Planted::NoTruncation,
        Planted::FailedSyncBelieved,
        Planted::NoChecksum,
        Planted::UnchainedChecksum,
    ] {
        let found = (0..PLANTED_SEEDS).find(|&seed| run(seed, planted, false).is_err());
        assert!(found.is_some(), "{planted:?} was not found");
    }
}
