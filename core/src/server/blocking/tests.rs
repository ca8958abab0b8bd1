use alloc::format;
use alloc::vec::Vec;

use crate::ConnId;
use crate::engine::conversation::Conversation;
use crate::server::connection::ReplyMode;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

/// How many connections wait, in how many queues of database 0, and with how many timers.
fn state(talk: &mut Conversation, keys: &[&str]) -> (usize, usize, usize) {
    let (store, server) = talk.engine.parts();
    let queued = keys.iter().map(|key| store.waiters_count(0, key.as_bytes())).sum();
    (server.blocked, queued, server.timers.len())
}

#[test]
fn the_client_that_waits_longest_is_served_first() {
    let mut talk = Conversation::new();
    let waiters: Vec<ConnId> = (0..5).map(|_| talk.client()).collect();
    let p = talk.client();
    for &conn in &waiters {
        talk.check(conn, "BLPOP k 0", "");
    }
    talk.check(p, "RPUSH k a b", ":2");
    talk.expect(waiters[0], "*2|$1|k|$1|a");
    talk.expect(waiters[1], "*2|$1|k|$1|b");
    talk.expect(waiters[2], "");
    // Who comes again stands behind.
    talk.check(waiters[0], "BRPOP k 0", "");
    talk.check(p, "RPUSH k c d e f g", ":5");
    talk.expect(waiters[2], "*2|$1|k|$1|c");
    talk.expect(waiters[3], "*2|$1|k|$1|d");
    talk.expect(waiters[4], "*2|$1|k|$1|e");
    talk.expect(waiters[0], "*2|$1|k|$1|g");
    talk.check(p, "LRANGE k 0 -1", "*1|$1|f");
    assert_eq!(state(&mut talk, &["k"]), (0, 0, 0));
    let effects = talk.effects();
    assert_eq!(&effects[..3], ["RPUSH k a b", "LPOP k", "LPOP k"]);
    assert_eq!(&effects[4..], ["LPOP k", "LPOP k", "LPOP k", "RPOP k"]);
}

#[test]
fn one_waits_for_several_keys() {
    let mut talk = Conversation::new();
    let (a, p) = (talk.client(), talk.client());
    talk.check(a, "BLPOP x y x z 0", "");
    assert_eq!(state(&mut talk, &["x", "y", "z"]), (1, 3, 0));
    talk.check(p, "RPUSH z 1", ":1");
    talk.expect(a, "*2|$1|z|$1|1");
    assert_eq!(state(&mut talk, &["x", "y", "z"]), (0, 0, 0));
    // When several come at once, the order of the request's keys decides.
    talk.check(a, "BLMPOP 0 2 x y LEFT COUNT 2", "");
    talk.send(p, &["MULTI", "RPUSH y 1 2 3", "RPUSH x 4", "EXEC"]);
    talk.expect(a, "*2|$1|x|*1|$1|4");
    talk.expect(p, "+OK|+QUEUED|+QUEUED|*2|:3|:1");
    talk.check(p, "LLEN y", ":3");
}

#[test]
fn a_key_that_is_gone_or_retyped_wakes_no_client() {
    let mut talk = Conversation::new();
    let (a, p) = (talk.client(), talk.client());
    talk.check(a, "BLPOP k 0", "");
    talk.send(p, &["MULTI", "RPUSH k 1", "LPOP k", "EXEC"]);
    talk.expect(p, "+OK|+QUEUED|+QUEUED|*2|:1|$1|1");
    talk.expect(a, "");
    talk.send(p, &["MULTI", "RPUSH k 1", "SET k x", "EXEC"]);
    talk.expect(p, "+OK|+QUEUED|+QUEUED|*2|:1|+OK");
    talk.expect(a, "");
    talk.check(p, "RPUSH k 1", WRONG_TYPE);
    talk.check(p, "SET k x PX 5", "+OK");
    talk.pass(10_000);
    talk.expect(a, "");
    talk.check(p, "RPUSH k 1", ":1");
    talk.expect(a, "*2|$1|k|$1|1");
}

#[test]
fn one_who_is_served_may_make_another_key_ready() {
    let mut talk = Conversation::new();
    let (a, b, c, p) = (talk.client(), talk.client(), talk.client(), talk.client());
    talk.check(c, "BLPOP end 0", "");
    talk.check(b, "BLMOVE middle end LEFT RIGHT 0", "");
    talk.check(a, "BRPOPLPUSH start middle 0", "");
    talk.check(p, "RPUSH start v", ":1");
    talk.expect(a, "$1|v");
    talk.expect(b, "$1|v");
    talk.expect(c, "*2|$3|end|$1|v");
    let effects = ["RPUSH start v", "RPOPLPUSH start middle", "LMOVE middle end LEFT RIGHT", "LPOP end"];
    assert_eq!(talk.effects(), effects);
    // In a circle, the element ends up where no client waits.
    talk.check(a, "BLMOVE x y LEFT LEFT 0", "");
    talk.check(b, "BLMOVE y x LEFT LEFT 0", "");
    talk.check(p, "RPUSH x v", ":1");
    talk.expect(a, "$1|v");
    talk.expect(b, "$1|v");
    talk.check(p, "LLEN x", ":1");
}

#[test]
fn a_request_that_fails_when_it_is_run_again_replies_so() {
    let mut talk = Conversation::new();
    let (a, b, p) = (talk.client(), talk.client(), talk.client());
    talk.check(p, "SET s x", "+OK");
    talk.check(a, "BLMOVE k s LEFT LEFT 0", "");
    talk.check(b, "BLPOP k 0", "");
    talk.check(p, "RPUSH k v", ":1");
    talk.expect(a, WRONG_TYPE);
    talk.expect(b, "*2|$1|k|$1|v");
}

#[test]
fn waits_end_in_time() {
    let mut talk = Conversation::new();
    let (a, b, c, d) = (talk.client(), talk.client(), talk.client(), talk.client());
    talk.check(a, "BLPOP k l 0.2", "");
    talk.check(b, "BLMOVE k l LEFT LEFT 0.1", "");
    talk.check(c, "BLMPOP 0.1001 1 k LEFT", "");
    talk.check(d, "BLPOP k -0.0001", "");
    assert_eq!(talk.engine.poll_timeout(), Some(talk.now + 100_000));
    talk.pass(99_999);
    talk.expect(b, "");
    talk.pass(1);
    talk.expect(b, "*-1");
    talk.expect(c, "");
    talk.pass(1_000);
    talk.expect(c, "*-1");
    talk.pass(99_000);
    talk.expect(a, "*-1");
    talk.expect(d, "");
    talk.pass(1_000_000_000_000);
    talk.expect(d, "");
    assert_eq!(state(&mut talk, &["k", "l"]), (1, 1, 0));
    assert_eq!(talk.engine.poll_timeout(), None);
}

#[test]
fn a_request_that_runs_again_in_vain_keeps_its_deadline_and_place() {
    let mut talk = Conversation::new();
    let (a, b, p) = (talk.client(), talk.client(), talk.client());
    talk.check(a, "BLPOP k 1", "");
    talk.check(b, "BLPOP k 0", "");
    talk.pass(600_000);
    talk.send(p, &["MULTI", "RPUSH k 1", "LPOP k", "EXEC"]);
    talk.pass(399_999);
    talk.expect(a, "");
    talk.pass(1);
    talk.expect(a, "*-1");
    talk.check(p, "RPUSH k 1 2", "+OK|+QUEUED|+QUEUED|*2|:1|$1|1|:2");
    talk.expect(b, "*2|$1|k|$1|1");
}

#[test]
fn what_follows_a_waiting_request_is_processed_after_it() {
    let mut talk = Conversation::new();
    let (a, p) = (talk.client(), talk.client());
    talk.send(a, &["SET n 1", "BLPOP k 0", "INCR n", "BLPOP k 0.5", "INCR n"]);
    talk.expect(a, "+OK");
    talk.check(a, "GET n", "");
    talk.check(p, "GET n", "$1|1");
    talk.check(p, "RPUSH k v", ":1");
    talk.expect(a, "*2|$1|k|$1|v|:2");
    talk.check(p, "GET n", "$1|2");
    talk.pass(500_000);
    talk.expect(a, "*-1|:3|$1|3");
}

#[test]
fn a_partial_request_behind_a_waiting_one_is_kept() {
    let mut talk = Conversation::new();
    let (a, p) = (talk.client(), talk.client());
    let mut input = crate::engine::conversation::encode("BLPOP k 0");
    input.extend_from_slice(b"*2\r\n$4\r\nEC");
    talk.send_bytes(a, &input);
    talk.check(p, "RPUSH k v", ":1");
    talk.expect(a, "*2|$1|k|$1|v");
    talk.send_bytes(a, b"HO\r\n$2\r\nhi\r\n");
    talk.expect(a, "$2|hi");
    // The rest may also come while it waits.
    talk.send_bytes(a, &input);
    talk.send_bytes(a, b"HO\r\n$2\r\nhi\r\n");
    talk.check(p, "RPUSH k v", ":1");
    talk.expect(a, "*2|$1|k|$1|v|$2|hi");
}

#[test]
fn a_client_that_leaves_waits_no_more() {
    let mut talk = Conversation::new();
    let (a, b, p) = (talk.client(), talk.client(), talk.client());
    talk.send(a, &["BLPOP k l 5", "SET n 1"]);
    talk.check(b, "BLPOP k 0", "");
    talk.leave(a);
    assert_eq!(state(&mut talk, &["k", "l"]), (1, 1, 0));
    let c = talk.client();
    assert_eq!(a, c, "the id is used again");
    talk.check(p, "RPUSH k 1", ":1");
    talk.expect(b, "*2|$1|k|$1|1");
    talk.check(c, "GET n", "$-1");
}

#[test]
fn one_who_is_about_to_be_closed_takes_nothing() {
    let mut talk = Conversation::new();
    let (a, b, p) = (talk.client(), talk.client(), talk.client());
    talk.check(a, "BLPOP k 0", "");
    talk.check(b, "BLPOP k 0", "");
    talk.engine.parts().1.close(a);
    talk.check(p, "RPUSH k 1", ":1");
    talk.expect(a, "");
    talk.expect(b, "*2|$1|k|$1|1");
    assert!(talk.is_closed(a));
}

#[test]
fn a_wait_can_be_ended_from_outside() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "CLIENT ID", ":1");
    talk.send(a, &["BLPOP k 5", "PING", "BRPOPLPUSH k l 0"]);
    talk.check(b, "CLIENT UNBLOCK 1 ERROR", ":1");
    talk.expect(a, "-UNBLOCKED client unblocked via CLIENT UNBLOCK|+PONG");
    assert_eq!(state(&mut talk, &["k"]), (1, 1, 0));
    // It does not wait any more for the client that comes next in the same batch.
    talk.send(b, &["CLIENT UNBLOCK 1", "CLIENT UNBLOCK 1", "RPUSH k v", "LLEN k"]);
    talk.expect(b, ":1|:0|:1|:1");
    talk.expect(a, "*-1");
    assert_eq!(state(&mut talk, &["k"]), (0, 0, 0));
}

#[test]
fn databases_are_apart() {
    let mut talk = Conversation::new();
    let (a, p) = (talk.client(), talk.client());
    talk.send(a, &["SELECT 3", "BLPOP k 0"]);
    talk.expect(a, "+OK");
    talk.check(p, "RPUSH k 1", ":1");
    talk.expect(a, "");
    talk.send(p, &["SELECT 3", "RPUSH k 2", "SELECT 0"]);
    talk.expect(p, "+OK|:1|+OK");
    talk.expect(a, "*2|$1|k|$1|2");
    talk.check(a, "LLEN k", ":0");
    talk.check(p, "LLEN k", ":1");
}

#[test]
fn a_reply_that_is_not_wanted_is_left_out_when_it_comes() {
    let mut talk = Conversation::new();
    let (a, p) = (talk.client(), talk.client());
    let mute = |talk: &mut Conversation| {
        talk.engine.parts().1.connection(a).reply_mode = ReplyMode::SkipThis;
    };
    mute(&mut talk);
    talk.send(a, &["BLPOP k 0", "PING"]);
    talk.check(p, "RPUSH k 1", ":1");
    talk.expect(a, "+PONG");
    mute(&mut talk);
    talk.send(a, &["BLPOP k 0.1", "PING"]);
    talk.pass(100_000);
    talk.expect(a, "+PONG");
}

#[test]
fn many_who_wait_for_one_key_are_served_in_order() {
    let mut talk = Conversation::new();
    let waiters: Vec<ConnId> = (0..2000).map(|_| talk.client()).collect();
    let p = talk.client();
    for &conn in &waiters {
        talk.send(conn, &["BLPOP k 0"]);
    }
    for (index, &conn) in waiters.iter().enumerate() {
        talk.check(p, &format!("RPUSH k {index}"), ":1");
        let text = format!("{index}");
        talk.expect(conn, &format!("*2|$1|k|${}|{text}", text.len()));
    }
}
