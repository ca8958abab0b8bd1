//! Effects, which conversations with a client do not show.

use crate::engine::conversation::Conversation;

#[test]
fn what_changes_bytes_has_an_effect() {
    let mut talk = Conversation::new();
    let me = talk.client();
    talk.check_all(
        me,
        &[("PFADD k a b", ":1"), ("PFADD k a", ":0"), ("PFCOUNT k", ":2"), ("PFCOUNT k", ":2")],
    );
    assert_eq!(talk.effects(), ["PFADD k a b", "PFCOUNT k"]);
    talk.check_all(me, &[("PFMERGE j k", "+OK"), ("PFCOUNT j k", ":2"), ("PFDEBUG TODENSE j", ":1")]);
    assert_eq!(talk.effects(), ["PFMERGE j k", "PFDEBUG TODENSE j"]);
}

#[test]
fn the_self_test_passes() {
    let mut talk = Conversation::new();
    let me = talk.client();
    talk.check(me, "PFSELFTEST", "+OK");
}

#[test]
fn the_part_of_an_addition_that_a_corrupt_sketch_took_is_an_effect() {
    let mut talk = Conversation::new();
    let me = talk.client();
    // The first registers are there, all others are not.
    talk.check(me, "PFADD k 0", ":1");
    let mut request = b"*4\r\n$8\r\nSETRANGE\r\n$1\r\nk\r\n$2\r\n16\r\n$2\r\n".to_vec();
    request.extend_from_slice(b"\x6f\xff\r\n");
    talk.send_bytes(me, &request);
    talk.expect(me, ":21");
    talk.effects.clear();
    // Half of all elements belong to registers that are there.
    talk.check(me, "PFADD k a b c d e f g h i j", "-INVALIDOBJ Corrupted HLL object detected");
    let effects = core::mem::take(&mut talk.effects);
    assert!(effects.windows(11).any(|part| part == b"$3\r\nSET\r\n$1"));
    assert!(effects.ends_with(b"$7\r\nKEEPTTL\r\n"));
}
