//! What replies about streams have in common when they were asked for at different moments.

use crate::reply::Reply;

/// Times of two servers may be so far apart, in milliseconds.
const TOLERANCE_MS: u64 = 5_000;

/// Integers from here on are moments: 2001-09-09 in milliseconds.
const FIRST_MOMENT: i64 = 1_000_000_000_000;

/// What 7.2 tells of consumers, and 7.0 does not.
const NEWER: [&[u8]; 2] = [b"active-time", b"inactive"];

/// Spans of time that pass while one looks.
const SPANS: [&[u8]; 2] = [b"seen-time", b"idle"];

/// Whether two replies are the same but for times.
pub fn agree(a: &Reply, b: &Reply) -> bool {
    close(&bare(a), &bare(b))
}

/// The reply with all times set to zero.
pub fn timeless(reply: &Reply) -> Reply {
    match bare(reply) {
        Reply::Integer(number) if number >= FIRST_MOMENT => Reply::Integer(0),
        Reply::Array(parts) => Reply::Array(parts.iter().map(timeless).collect()),
        other => other,
    }
}

/// Maps become flat arrays, and what is said of consumers as time passes goes.
fn bare(reply: &Reply) -> Reply {
    let parts: Vec<Reply> = match reply {
        Reply::Array(parts) => parts.clone(),
        Reply::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect(),
        other => return other.clone(),
    };
    let mut out = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter();
    while let Some(part) = parts.next() {
        match part.bytes() {
            Some(name) if NEWER.contains(&name) => drop(parts.next()),
            Some(name) if SPANS.contains(&name) => {
                parts.next();
                out.push(part);
            }
            _ => out.push(bare(&part)),
        }
    }
    Reply::Array(out)
}

fn close(a: &Reply, b: &Reply) -> bool {
    match (a, b) {
        (Reply::Array(a), Reply::Array(b)) if a.len() == b.len() => {
            // An entry of XPENDING: its name, its consumer, for how long, how often.
            let is_span = |at: usize| a.len() == 4 && at == 2;
            a.iter().zip(b).enumerate().all(|(at, (a, b))| match (a, b) {
                (Reply::Integer(a), Reply::Integer(b)) if is_span(at) => a.abs_diff(*b) <= TOLERANCE_MS,
                _ => close(a, b),
            })
        }
        (Reply::Integer(a), Reply::Integer(b)) if *a >= FIRST_MOMENT && *b >= FIRST_MOMENT => {
            a.abs_diff(*b) <= TOLERANCE_MS
        }
        _ => a == b,
    }
}
