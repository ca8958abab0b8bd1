//! What changes of groups amount to, as commands for what replays effects.

use alloc::vec::Vec;

use crate::keyspace::effects::Effects;
use crate::number::{write_i64, write_u64};
use crate::types::stream::{Group, ID_CHARS_MAX, Id, Pending};

fn number(value: u64) -> Vec<u8> {
    let mut text = Vec::new();
    write_u64(&mut text, value);
    text
}

/// Records how an entry is pending now; one with an owner that is no entry any more is forgotten by that.
pub(super) fn pending(effects: &mut Effects, key: &[u8], name: &[u8], group: &Group, id: Id, one: &Pending) {
    effects.suppress();
    if !effects.enabled {
        return;
    }
    let (time, deliveries) = (number(one.delivered_at), number(one.deliveries));
    let (mut own, mut last) = ([0; ID_CHARS_MAX], [0; ID_CHARS_MAX]);
    let (own, last) = (id.text(&mut own), group.last_id.text(&mut last));
    let Some(consumer) = one.consumer.map(|consumer| group.consumer(consumer).name()) else {
        let release: [&[u8]; 10] =
            [b"XNACK", key, name, b"FAIL", b"IDS", b"1", own, b"RETRYCOUNT", &deliveries, b"FORCE"];
        return effects.rewrite(release.into_iter());
    };
    let claim: [&[u8]; 14] = [
        b"XCLAIM",
        key,
        name,
        consumer,
        b"0",
        own,
        b"TIME",
        &time,
        b"RETRYCOUNT",
        &deliveries,
        b"FORCE",
        b"JUSTID",
        b"LASTID",
        last,
    ];
    effects.rewrite(claim.into_iter());
}

/// Records how far a group has read.
pub(super) fn progress(effects: &mut Effects, key: &[u8], name: &[u8], group: &Group) {
    effects.suppress();
    if !effects.enabled {
        return;
    }
    let mut read = Vec::new();
    // A count that has wrapped around cannot be set, and says as little as none.
    write_i64(&mut read, group.entries_read.unwrap_or(-1).max(-1));
    let mut last = [0; ID_CHARS_MAX];
    let last = group.last_id.text(&mut last);
    effects.rewrite([&b"XGROUP"[..], b"SETID", key, name, last, b"ENTRIESREAD", &read].into_iter());
}

/// Records a consumer that was made on the way.
pub(super) fn consumer(effects: &mut Effects, key: &[u8], group: &[u8], consumer: &[u8]) {
    effects.rewrite([&b"XGROUP"[..], b"CREATECONSUMER", key, group, consumer].into_iter());
}
