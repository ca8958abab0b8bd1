//! What scripts cannot show: effects, events, and the odd ways to write an ID.

use alloc::string::String;
use alloc::vec::Vec;

use super::{End, parse_id, strict_id};
use crate::engine::conversation::Conversation;
use crate::server::connection::ConnId;
use crate::types::stream::Id;

#[test]
fn names_are_read_as_redis_reads_them() {
    let max = u64::MAX;
    for (text, expected) in [
        (&b"5"[..], Some((Id::new(5, 0), true))),
        (b"5-7", Some((Id::new(5, 7), true))),
        (b"5-*", Some((Id::new(5, 0), false))),
        (b"007-+3", Some((Id::new(7, 3), true))),
        (b" 7-1", Some((Id::new(7, 1), true))),
        (b"1--05", Some((Id::new(1, max - 4), true))),
        (b"1--5", None),
        (b"5-1\0rest", Some((Id::new(5, 1), true))),
        (b"18446744073709551615", Some((Id::new(max, 0), true))),
        (b"18446744073709551616", None),
        (b"", None),
        (b"-", None),
        (b"1-", None),
        (b"*", None),
        (b"1 ", None),
        (&[b'1'; 128], None),
    ] {
        assert_eq!(parse_id(text, 0).ok(), expected, "{:?}", core::str::from_utf8(text));
    }
    assert!(strict_id(b"5-*", 0).is_err());
    assert_eq!(End::Start.parse(b"(3-18446744073709551615").ok(), Some(Id::new(4, 0)));
    assert_eq!(End::Stop.parse(b"(3").ok(), Some(Id::new(3, max - 1)));
    assert_eq!(End::Stop.parse(b"3").ok(), Some(Id::new(3, max)));
    assert!(End::Start.parse(b"(-").is_err());
}

fn effects(talk: &mut Conversation, client: ConnId, request: &str) -> Vec<String> {
    talk.ask(client, request);
    talk.effects()
}

#[test]
fn effects_say_what_was_done() {
    let mut talk = Conversation::new();
    let client = talk.client();
    effects(&mut talk, client, "SET first x");
    assert_eq!(effects(&mut talk, client, "XADD s * f v"), ["XADD s 1700000000000-0 f v"]);
    assert_eq!(effects(&mut talk, client, "XADD s 1700000000000-* f v"), ["XADD s 1700000000000-1 f v"]);
    assert_eq!(effects(&mut talk, client, "XADD s 2700000000000-0 f v"), ["XADD s 2700000000000-0 f v"]);
    assert_eq!(
        effects(&mut talk, client, "XADD s LIMIT 5 MAXLEN ~ 1 NOMKSTREAM 3700000000000-* f v"),
        ["XADD s MAXLEN = 4 NOMKSTREAM 3700000000000-0 f v"]
    );
    assert_eq!(effects(&mut talk, client, "XTRIM s MINID ~ 9 LIMIT 5"), [""; 0]);
    assert_eq!(effects(&mut talk, client, "XGROUP CREATE s g 0"), ["XGROUP CREATE s g 0"]);
    assert_eq!(
        effects(&mut talk, client, "XREADGROUP GROUP g c COUNT 1 STREAMS s >"),
        [
            "XGROUP CREATECONSUMER s g c",
            "XCLAIM s g c 0 1700000000000-0 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1700000000000-0",
            "XGROUP SETID s g 1700000000000-0 ENTRIESREAD 1",
        ]
    );
    assert_eq!(
        effects(&mut talk, client, "XREADGROUP GROUP g c COUNT 1 NOACK STREAMS s >"),
        ["XGROUP SETID s g 1700000000000-1 ENTRIESREAD 2"]
    );
    assert_eq!(
        effects(&mut talk, client, "XAUTOCLAIM s g d 0 0"),
        [
            "XGROUP CREATECONSUMER s g d",
            "XCLAIM s g d 0 1700000000000-0 TIME 1700000000000 RETRYCOUNT 2 FORCE JUSTID LASTID 1700000000000-1",
        ]
    );
    assert_eq!(
        effects(&mut talk, client, "XNACK s g SILENT IDS 1 1700000000000-0"),
        ["XNACK s g FAIL IDS 1 1700000000000-0 RETRYCOUNT 1 FORCE"]
    );
    assert_eq!(effects(&mut talk, client, "XREADGROUP GROUP g d STREAMS s 0"), [""; 0]);
    assert_eq!(effects(&mut talk, client, "XACK s g 9-9"), [""; 0]);
}

#[test]
fn events_are_those_of_redis() {
    let mut talk = Conversation::new();
    let (listener, client) = (talk.client(), talk.client());
    talk.check(listener, "CONFIG SET notify-keyspace-events Et", "+OK");
    talk.send(listener, &["PSUBSCRIBE __keyevent@0__:*"]);
    talk.ask(listener, "PING");
    for (request, events) in [
        ("XADD s 1 f v", "xadd"),
        ("XADD s MAXLEN 1 2 f v", "xadd xtrim"),
        ("XADD s 3 f v", "xadd"),
        ("XADD s 4 f v", "xadd"),
        ("XTRIM s MAXLEN 3", ""),
        ("XTRIM s MAXLEN 2", "xtrim"),
        ("XDEL s 3 9", "xdel"),
        ("XSETID s 9", "xsetid"),
        ("XGROUP CREATE s g 0", "xgroup-create"),
        ("XGROUP SETID s g 0", "xgroup-setid"),
        ("XGROUP CREATECONSUMER s g c", "xgroup-createconsumer"),
        ("XGROUP CREATECONSUMER s g c", ""),
        ("XREADGROUP GROUP g d STREAMS s >", "xgroup-createconsumer"),
        ("XACK s g 4", ""),
        ("XGROUP DELCONSUMER s g c", "xgroup-delconsumer"),
        ("XGROUP DESTROY s g", "xgroup-destroy"),
    ] {
        talk.ask(client, request);
        let seen = talk.ask(listener, "PING");
        let seen: alloc::vec::Vec<&str> = seen
            .split('|')
            .filter_map(|line| line.strip_prefix("__keyevent@0__:"))
            .filter(|name| *name != "*")
            .collect();
        assert_eq!(seen.join(" "), events, "{request}");
    }
}

#[test]
fn changes_of_groups_break_no_watch() {
    let mut talk = Conversation::new();
    let (one, other) = (talk.client(), talk.client());
    talk.check_all(one, &[("XADD s 1 f v", "$3|1-0"), ("XGROUP CREATE s g 0", "+OK"), ("WATCH s", "+OK")]);
    talk.ask(other, "XREADGROUP GROUP g c STREAMS s >");
    talk.check_all(other, &[("XACK s g 1", ":1"), ("XGROUP SETID s g 0", "+OK")]);
    talk.check_all(one, &[("MULTI", "+OK"), ("EXEC", "*0"), ("WATCH s", "+OK")]);
    talk.check(other, "XDEL s 1", ":1");
    talk.check_all(one, &[("MULTI", "+OK"), ("EXEC", "*-1")]);
}
