//! What conversations with a client do not show: effects and limits.

use crate::Options;
use crate::base::memory::{HEADROOM_BYTES, Room};
use crate::engine::conversation::Conversation;

#[test]
fn what_leaves_a_string_as_it_is_has_no_effect() {
    let mut talk = Conversation::new();
    let me = talk.client();
    talk.check(me, "SETBIT k 9 1", ":0");
    assert_eq!(talk.effects(), ["SETBIT k 9 1"]);
    talk.check_all(me, &[("SETBIT k 9 1", ":1"), ("BITFIELD k SET u8 0 0 GET u8 8", "*2|:0|:64")]);
    assert!(talk.effects().is_empty());
}

#[test]
fn zeros_of_a_failed_operation_are_an_effect() {
    let mut talk = Conversation::new();
    let me = talk.client();
    talk.check_all(me, &[("BITFIELD k OVERFLOW FAIL SET u1 100 2", "*1|$-1"), ("STRLEN k", ":13")]);
    assert_eq!(talk.effects(), ["BITFIELD k OVERFLOW FAIL SET u1 100 2"]);
}

#[test]
fn growth_asks_for_memory() {
    let options =
        Options { memory_available: |_| Room::of(HEADROOM_BYTES + (1 << 20)), ..Options::default() };
    let mut talk = Conversation::with(options);
    let me = talk.client();
    let refused = "-OOM command not allowed when all memory is used.";
    talk.check_all(
        me,
        &[
            ("SETBIT k 4294967295 1", refused),
            ("EXISTS k", ":0"),
            ("SET k value", "+OK"),
            ("SETBIT k 4294967295 1", refused),
            ("BITFIELD k SET u8 4294967288 1", refused),
            ("GET k", "$5|value"),
            ("SETBIT k 4294967296 1", "-ERR bit offset is not an integer or out of range"),
        ],
    );
}
