//! The same bytes in one piece and in two must be answered alike.
//!
//! `cargo +nightly fuzz run split_input` in `tests/`. The first two bytes say where to split the others.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sanderling_core::{Engine, Options, Output, Peer};

const NOW: u64 = 1_704_067_200_000_000;

fuzz_target!(|data: &[u8]| {
    let Some((split, bytes)) = data.split_first_chunk::<2>() else { return };
    let at = usize::from(u16::from_le_bytes(*split)).min(bytes.len());
    let (mut whole, mut split) = (play(&[bytes]), play(&[&bytes[..at], &bytes[at..]]));
    if [&whole.0, &split.0].iter().any(|written| tells_of_reads(written)) {
        mask_numbers(&mut whole.0);
        mask_numbers(&mut split.0);
    }
    assert_eq!(whole, split);
});

/// Whether INFO or CLIENT has answered with a number that goes by how the bytes arrived, as it does in Redis.
fn tells_of_reads(written: &[u8]) -> bool {
    const NAMES: [&[u8]; 4] = [b"total_net_", b"used_memory", b"client_recent_max_", b"qbuf="];
    NAMES.iter().any(|name| written.windows(name.len()).any(|found| found == *name))
}

/// Puts one `#` in place of every number, the lengths of replies included.
fn mask_numbers(written: &mut Vec<u8>) {
    written.iter_mut().filter(|byte| byte.is_ascii_digit()).for_each(|byte| *byte = b'#');
    written.dedup_by(|next, last| *next == b'#' && *last == b'#');
}

/// All that is written to the connection, and whether it was closed.
fn play(pieces: &[&[u8]]) -> (Vec<u8>, bool) {
    let mut engine = Engine::new(Options::default(), [7; 16], NOW);
    let peer = Peer { addr: "127.0.0.1:50000", laddr: "127.0.0.1:6379", unix: false, trusted: false };
    let connection = engine.connect(NOW, peer);
    let (mut written, mut closed) = (Vec::new(), false);
    for piece in pieces {
        if closed {
            break;
        }
        engine.handle_input(NOW, connection, piece);
        loop {
            while let Some(output) = engine.poll_output() {
                match output {
                    Output::Write { bytes, .. } => written.extend_from_slice(bytes),
                    Output::Close { .. } => closed = true,
                    _ => {}
                }
            }
            if engine.poll_timeout().is_none_or(|deadline| deadline > NOW) {
                break;
            }
            engine.handle_timeout(NOW);
        }
    }
    (written, closed)
}
