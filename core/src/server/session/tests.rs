//! Connections that go on in another engine.

use crate::ConnId;
use crate::engine::conversation::Conversation;

/// What a connection of one engine becomes in a fresh one, which is set up by some requests before.
fn moved(setup: &[&str], requests: &[&str]) -> (Conversation, ConnId) {
    let mut first = Conversation::new();
    first.client();
    let old = first.client();
    first.send(old, requests);
    let session = first.engine.session(old).expect("nothing is open");
    let mut next = Conversation::new();
    let own = next.client();
    next.send(own, setup);
    let conn = next.client();
    assert!(next.restore(conn, &session));
    (next, conn)
}

#[test]
fn what_a_client_has_set_up_is_there() {
    let requests = [
        "HELLO 3",
        "SELECT 3",
        "CLIENT SETNAME ann",
        "CLIENT SETINFO LIB-NAME lib",
        "CLIENT SETINFO LIB-VER 1.2",
        "CLIENT NO-EVICT ON",
        "CLIENT NO-TOUCH ON",
    ];
    let (mut talk, conn) = moved(&[], &requests);
    talk.expect(conn, "");
    let line = talk.ask(conn, "CLIENT INFO");
    for wanted in
        ["id=2 ", " name=ann ", " db=3 ", " flags=eT ", " resp=3 ", " lib-name=lib ", " lib-ver=1.2"]
    {
        assert!(line.contains(wanted), "{wanted} is not in {line}");
    }
    // Nobody else is ever given that number.
    let other = talk.client();
    assert!(!talk.ask(other, "CLIENT ID").contains(":2|"));
}

#[test]
fn subscriptions_go_on() {
    let (mut talk, conn) = moved(&[], &["SUBSCRIBE a b", "PSUBSCRIBE c*", "SSUBSCRIBE d", "UNSUBSCRIBE b"]);
    let other = talk.client();
    talk.check(other, "PUBLISH a 1", ":1");
    talk.expect(conn, "*3|$7|message|$1|a|$1|1");
    talk.check(other, "PUBLISH b 1", ":0");
    talk.check(other, "PUBLISH cc 1", ":1");
    talk.expect(conn, "*4|$8|pmessage|$2|c*|$2|cc|$1|1");
    talk.check(other, "SPUBLISH d 1", ":1");
    talk.expect(conn, "*3|$8|smessage|$1|d|$1|1");
    talk.leave(conn);
    talk.check(other, "PUBSUB CHANNELS", "*0");
    talk.check(other, "PUBSUB NUMPAT", ":0");
}

#[test]
fn who_keeps_values_forgets_them() {
    let (mut talk, conn) = moved(&[], &["HELLO 3", "CLIENT TRACKING ON NOLOOP", "GET key"]);
    talk.expect(conn, ">2|$10|invalidate|_");
    // And is told again of what it reads from now on, but not of its own changes.
    talk.check(conn, "GET key", "_");
    talk.check(conn, "SET key own", "+OK");
    let other = talk.client();
    talk.check(conn, "GET key", "$3|own");
    talk.check(other, "SET key other", "+OK");
    talk.expect(conn, ">2|$10|invalidate|*1|$3|key");
    let (mut talk, conn) = moved(&[], &["HELLO 3", "CLIENT TRACKING ON", "GET key", "CLIENT TRACKING OFF"]);
    talk.expect(conn, ">2|$10|invalidate|_");
}

#[test]
fn prefixes_are_told_of() {
    let (mut talk, conn) = moved(&[], &["HELLO 3", "CLIENT TRACKING ON BCAST PREFIX a: PREFIX b:"]);
    talk.expect(conn, "");
    let other = talk.client();
    talk.check(other, "MSET a:1 x b:1 x c:1 x", "+OK");
    talk.expect(conn, ">2|$10|invalidate|*1|$3|a:1|>2|$10|invalidate|*1|$3|b:1");
}

#[test]
fn users_are_who_they_were() {
    let ann = "ACL SETUSER ann on >secret ~mine:* +@all";
    let (mut talk, conn) = moved(&[ann], &[ann, "AUTH ann secret"]);
    talk.check(conn, "ACL WHOAMI", "$3|ann");
    assert!(talk.ask(conn, "GET other").starts_with("-NOPERM"));

    // Who has gone meanwhile is nobody, and who had not logged in has not.
    let mut first = Conversation::new();
    let conn = first.client();
    first.send(conn, &[ann, "AUTH ann secret"]);
    let session = first.engine.session(conn).expect("nothing is open");
    let mut next = Conversation::new();
    let conn = next.client();
    assert!(!next.restore(conn, &session));

    let mut guarded = Conversation::new();
    let own = guarded.client();
    guarded.send(own, &["CONFIG SET requirepass secret"]);
    let stranger = guarded.client();
    let session = guarded.engine.session(stranger).expect("nothing is open");
    let mut open = Conversation::new();
    let conn = open.client();
    assert!(open.restore(conn, &session));
    let own = open.client();
    open.send(own, &["CONFIG SET requirepass secret"]);
    assert!(open.ask(conn, "GET key").starts_with("-NOAUTH"));
}

#[test]
fn what_is_open_stays_in_its_engine() {
    for (requests, end) in [
        (&["MULTI"][..], "DISCARD"),
        (&["WATCH key"], "UNWATCH"),
        (&["CLIENT REPLY SKIP"], "PING"),
        (&["HELLO 3", "CLIENT TRACKING ON OPTIN", "CLIENT CACHING YES"], "PING"),
        (&["MONITOR"], "RESET"),
    ] {
        let mut talk = Conversation::new();
        let conn = talk.client();
        assert!(talk.engine.session(conn).is_some());
        talk.send(conn, requests);
        assert!(talk.engine.session(conn).is_none(), "{requests:?}");
        talk.send(conn, &[end]);
        assert!(talk.engine.session(conn).is_some(), "{end}");
    }
    let mut talk = Conversation::new();
    let (conn, other) = (talk.client(), talk.client());
    talk.send(conn, &["BLPOP list 0"]);
    assert!(talk.engine.session(conn).is_none());
    talk.send(other, &["RPUSH list a"]);
    assert!(talk.engine.session(conn).is_some());
    talk.send_bytes(conn, b"*1\r\n$4\r\nPI");
    assert!(talk.engine.session(conn).is_none());
    talk.send_bytes(conn, b"NG\r\n");
    assert!(talk.engine.session(conn).is_some());
    talk.leave(conn);
    assert!(talk.engine.session(conn).is_none());
}

#[test]
fn what_is_no_session_is_refused() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.send(conn, &["SELECT 3", "SUBSCRIBE a"]);
    let session = talk.engine.session(conn).expect("nothing is open");
    for end in 1..session.len() {
        let conn = talk.client();
        // Cut between two parts it is one of less.
        talk.restore(conn, &session[..end]);
        talk.leave(conn);
    }
    for broken in
        [&[0, 0, 0, 0, 0][..], &[4, 1, 0, 0, 0, 9], &[4, 4, 0, 0, 0, 99, 0, 0, 0], &[1, 255, 255, 255, 255]]
    {
        let conn = talk.client();
        assert!(!talk.restore(conn, broken), "{broken:?}");
        talk.leave(conn);
    }
    assert!(!talk.restore(99, &session));
    let other = talk.client();
    talk.check(other, "PUBSUB NUMSUB a", "*2|$1|a|:1");
}

#[test]
fn nobody_waits_for_a_key_to_expire() {
    let mut talk = Conversation::new();
    let (conn, other) = (talk.client(), talk.client());
    talk.check(conn, "SET key value EX 100", "+OK");
    assert!(talk.engine.poll_timeout().is_some());
    assert_eq!(talk.engine.poll_waits(), None);
    talk.send(other, &["BLPOP list 5"]);
    assert_eq!(talk.engine.poll_waits(), Some(talk.now + 5_000_000));
}
