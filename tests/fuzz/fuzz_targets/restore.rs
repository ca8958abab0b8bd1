//! Any bytes as a serialised value, with the right footer, must be refused or become a whole value.
//!
//! `cargo +nightly fuzz run restore` in `tests/`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sanderling_core::internals::Entry;
use sanderling_core::internals::HashSeed;
use sanderling_core::internals::Memory;
use sanderling_core::rdb;
use sanderling_core::internals::EncodingLimits;

/// Strings may not expand beyond this.
const STRING_BYTES_MAX: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let limits = EncodingLimits::new(HashSeed(1, 2));
    let mut payload = [data, &14u16.to_le_bytes()].concat();
    let checksum = rdb::crc64(&payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
    let Ok(value) = rdb::restore(&payload, &limits, Memory::UNKNOWN, STRING_BYTES_MAX) else { return };
    let dumped = rdb::dump(&Entry::with_value(b"key", value, None).value(), true);
    assert!(rdb::restore(&dumped, &limits, Memory::UNKNOWN, usize::MAX).is_ok());
});
