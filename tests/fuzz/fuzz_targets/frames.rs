//! Frames of a WebSocket as a client may send them: nothing that comes may panic, and it means the same however it is cut.
//!
//! `cargo +nightly fuzz run frames` in `tests/`. The server's own module is built here without the server.
#![no_main]
// Of it the server needs more than is asked for here.
#![allow(dead_code)]

#[path = "../../../host/src/edge/http/websocket/frames.rs"]
mod frames;

use frames::{Event, Frames};
use libfuzzer_sys::fuzz_target;

/// What came, whole.
#[derive(Debug, PartialEq, Eq)]
enum Whole {
    Message { bytes: Vec<u8>, is_text: bool },
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
    Broken(u16),
    /// The beginning of a message whose end has not come.
    Open(Vec<u8>),
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let raw = if choice & 1 == 0 { rest.to_vec() } else { masked(rest) };
    let size = usize::from(choice >> 1) % 7 + 1;
    assert_eq!(read(&raw, size), read(&raw, raw.len().max(1)));
});

/// What comes of bytes in pieces of a size, up to what ends the connection.
fn read(raw: &[u8], size: usize) -> Vec<Whole> {
    let (mut frames, mut seen, mut message) = (Frames::default(), Vec::new(), Vec::new());
    for piece in raw.chunks(size) {
        let mut piece = piece.to_vec();
        let mut rest = piece.as_mut_slice();
        loop {
            match frames.next(&mut rest) {
                Ok(None) => break,
                Ok(Some(Event::Data { bytes, is_text, is_end })) => {
                    message.extend_from_slice(bytes);
                    if is_end {
                        let bytes = std::mem::take(&mut message);
                        assert!(!is_text || str::from_utf8(&bytes).is_ok(), "text is UTF-8");
                        seen.push(Whole::Message { bytes, is_text });
                    }
                }
                Ok(Some(Event::Ping(payload))) => seen.push(Whole::Ping(payload)),
                Ok(Some(Event::Pong)) => seen.push(Whole::Pong),
                Ok(Some(Event::Close(code))) => {
                    seen.push(Whole::Close(code.map(u16::from)));
                    return seen;
                }
                Err(code) => {
                    seen.push(Whole::Broken(u16::from(code)));
                    return seen;
                }
            }
        }
    }
    if !message.is_empty() {
        seen.push(Whole::Open(message));
    }
    seen
}

/// Frames that are right in their form, whose kinds and sizes the bytes choose: a fuzzer does not guess masks.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let (mut raw, mut choices) = (Vec::new(), bytes.iter().copied());
    while let Some(kind) = choices.next() {
        let length = choices.next().unwrap_or(0) % 126;
        // The final bit, and one of the six kinds that there are.
        raw.push(kind & 0x80 | [0, 1, 2, 8, 9, 10][usize::from(kind & 0x7f) % 6]);
        raw.extend([0x80 | length, 1, 2, 3, 4]);
        raw.extend((0..length).map(|at| choices.next().unwrap_or(0) ^ [1, 2, 3, 4][usize::from(at) % 4]));
    }
    raw
}
