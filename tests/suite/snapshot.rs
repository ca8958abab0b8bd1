//! Snapshots that are made while requests of all kinds come: what they load to is what was there when they began.

use sanderling_core::{LoadFormat, SaveFormat, SaveOptions};
use sanderling_tests::differential::session::{Held, Session};
use sanderling_tests::target::{Clock, Native};

use crate::workload;

/// Where time begins: 2024-01-01.
const BEGIN: u64 = 1_704_067_200_000_000;

#[test]
fn snapshots_are_of_the_moment_when_they_began() {
    for seed in 1..=6 {
        let engine = || {
            let mut engine = Native::new(Clock::Virtual(BEGIN), [seed as u8; 16], &[]);
            workload::perform(&mut engine, seed, 3_000);
            engine
        };
        let (mut still, mut moving) = (engine(), engine());
        let options = SaveOptions {
            format: [SaveFormat::Dump, SaveFormat::Base, SaveFormat::Commands][seed as usize % 3],
            is_compressed: seed % 2 == 0,
            compress_min_bytes: 0,
            has_checksum: true,
        };
        moving.save_begin(options).expect("no other is under way");
        // Requests that find it under way take a short step each.
        moving.step_bytes = Some(40 * seed as usize);
        workload::perform(&mut moving, seed + 100, 2_000);
        while moving.save_step(1 << 16) {}
        assert!(matches!(moving.snapshot_end, Some(Ok(_))), "seed {seed}: {:?}", moving.snapshot_end);

        let mut loaded = Native::new(Clock::Virtual(still.now()), [0xff; 16], &[]);
        let format = match options.format {
            SaveFormat::Dump | SaveFormat::Base => {
                LoadFormat::Rdb { keeps_expired: false, skips_modules: false }
            }
            SaveFormat::Commands => LoadFormat::Commands,
        };
        loaded.load(format, &moving.snapshot).expect("the file is whole");
        assert_eq!(state(&mut loaded), state(&mut still), "seed {seed}");
    }
}

fn state(engine: &mut Native) -> Vec<Held> {
    let mut state = Session::new(engine, 0).state().expect("an engine can be looked at");
    state.sort_by(|one, other| one.name.cmp(&other.name));
    state
}
