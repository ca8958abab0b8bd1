//! A clock that was wrong and is corrected, as by the network's time or by a test that travels in it: what has a date
//! follows the clock, what lasts for a while ends after that while.

use alloc::format;
use alloc::string::{String, ToString};

use crate::engine::conversation::Conversation;
use crate::{Engine, Options, Peer};

const HOUR: u64 = 3_600_000_000;
const SECOND: u64 = 1_000_000;

/// A conversation whose clock was ahead by an hour for a second and a half.
fn corrected() -> Conversation {
    let mut talk = Conversation::new();
    talk.pass(HOUR);
    talk.pass(3 * SECOND / 2);
    set_back(&mut talk, HOUR);
    talk
}

fn set_back(talk: &mut Conversation, micros: u64) {
    talk.now -= micros;
    talk.pass(0);
}

#[test]
fn what_has_a_date_follows_the_clock() {
    let mut talk = corrected();
    let a = talk.client();
    let seconds = talk.now / SECOND;
    talk.check(a, "TIME", &format!("*2|$10|{seconds}|$6|{:06}", talk.now % SECOND));
    talk.check(a, "SET k v EX 1", "+OK");
    talk.check(a, &format!("SET dated v EXAT {}", seconds + 100), "+OK");
    talk.check_all(a, &[("TTL k", ":1"), ("TTL dated", ":100"), ("HSET h f v g w", ":2")]);
    talk.check(a, "HPEXPIRE h 1000 FIELDS 1 f", "*1|:1");
    talk.pass(SECOND + 1000);
    talk.check_all(
        a,
        &[("EXISTS k", ":0"), ("EXISTS dated", ":1"), ("HGET h f", "$-1"), ("HGET h g", "$1|w")],
    );
    talk.check(a, "DBSIZE", ":2");
}

/// A deadline is a date: a key that was given one while the clock was ahead lives until then, as in Redis.
#[test]
fn deadlines_of_a_clock_that_was_ahead_stay_where_they_are() {
    let mut talk = Conversation::new();
    talk.pass(HOUR);
    let a = talk.client();
    talk.check(a, "SET k v EX 1", "+OK");
    set_back(&mut talk, HOUR);
    talk.check(a, "TTL k", ":3601");
    talk.pass(HOUR);
    talk.check(a, "TTL k", ":1");
    talk.pass(SECOND + 1000);
    talk.check(a, "DBSIZE", ":0");
}

#[test]
fn waits_end_after_the_rest_of_their_time() {
    for wait in ["BLPOP none 2", "BZPOPMIN none 2", "XREAD BLOCK 2000 STREAMS none $", "WAIT 1 2000"] {
        let mut talk = Conversation::new();
        let a = talk.client();
        talk.check(a, wait, "");
        talk.pass(SECOND);
        set_back(&mut talk, HOUR);
        assert_eq!(talk.engine.poll_timeout(), Some(talk.now + SECOND), "{wait}");
        talk.pass(SECOND - 1);
        talk.expect(a, "");
        talk.pass(1);
        assert!(!talk.said(a).is_empty(), "{wait}");
    }
}

#[test]
fn waits_that_begin_after_the_correction_are_as_long_as_they_say() {
    let mut talk = corrected();
    let a = talk.client();
    talk.check(a, "BLPOP none 0.3", "");
    assert_eq!(talk.engine.poll_timeout(), Some(talk.now + 300_000));
    talk.pass(299_999);
    talk.expect(a, "");
    talk.pass(1);
    talk.expect(a, "*-1");
}

#[test]
fn pauses_end_after_the_rest_of_their_time() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "CLIENT PAUSE 2000 WRITE", "+OK");
    talk.check(b, "SET k v", "");
    talk.pass(SECOND);
    set_back(&mut talk, HOUR);
    talk.pass(SECOND - 1);
    talk.expect(b, "");
    talk.pass(1);
    talk.expect(b, "+OK");
}

#[test]
fn sleep_ends_after_the_rest_of_its_time() {
    let mut options = Options::default();
    options.set("enable-debug-command", "yes").unwrap();
    let mut talk = Conversation::with(options);
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "DEBUG SLEEP 2", "");
    talk.check(b, "PING", "");
    talk.pass(SECOND);
    set_back(&mut talk, HOUR);
    assert_eq!(talk.engine.poll_timeout(), Some(talk.now + SECOND));
    talk.expect(b, "");
    talk.pass(SECOND);
    talk.expect(b, "+PONG");
}

#[test]
fn idle_clients_are_closed_after_the_rest_of_their_time() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "CONFIG SET timeout 10", "+OK");
    talk.pass(5 * SECOND);
    set_back(&mut talk, HOUR);
    talk.check(b, "PING", "+PONG");
    talk.pass(4 * SECOND);
    assert!(!talk.is_closed(a));
    talk.pass(3 * SECOND);
    assert!(talk.is_closed(a) && !talk.is_closed(b));
}

/// What is said of clients and keys does not count the hour twice, nor backwards.
#[test]
fn ages_grow_by_what_has_passed() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "SET k v", "+OK");
    set_back(&mut talk, HOUR);
    talk.pass(3 * SECOND);
    talk.check(a, "OBJECT IDLETIME k", ":3");
    let list = talk.ask(a, "CLIENT LIST");
    assert!(list.contains(" age=3 "), "{list}");
    let info = talk.ask(a, "INFO server");
    assert!(info.contains("uptime_in_seconds:3|"), "{info}");
    // The clock is corrected again, by which nothing becomes old at once.
    talk.check(a, "CONFIG SET maxmemory-policy allkeys-lfu", "+OK");
    talk.check_all(a, &[("SET counted v", "+OK"), ("OBJECT FREQ counted", ":5")]);
    set_back(&mut talk, HOUR);
    talk.check(a, "OBJECT FREQ counted", ":5");
}

#[test]
fn names_of_entries_only_grow() {
    let mut talk = Conversation::new();
    talk.pass(HOUR);
    let a = talk.client();
    let ahead = talk.now / 1000;
    let name = |ms: u64, seq: u64| {
        let text = format!("{ms}-{seq}");
        format!("${}|{text}", text.len())
    };
    talk.check(a, "XADD s * f v", &name(ahead, 0));
    set_back(&mut talk, HOUR);
    talk.check(a, "XADD s * f v", &name(ahead, 1));
    talk.check(a, "XADD new * f v", &name(talk.now / 1000, 0));
    talk.pass(HOUR + 5000);
    talk.check(a, "XADD s * f v", &name(talk.now / 1000, 0));
}

/// Entries that were delivered while the clock was ahead are idle for no time, and who waits for them is told when
/// they have been idle for long enough by the clock.
#[test]
fn claims_wait_for_the_clock() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check_all(a, &[("XADD s 1-1 f v", "$3|1-1"), ("XGROUP CREATE s g 0", "+OK")]);
    talk.pass(HOUR);
    talk.ask(a, "XREADGROUP GROUP g one STREAMS s >");
    set_back(&mut talk, HOUR);
    talk.check(a, "XPENDING s g - + 1", "*1|*4|$3|1-1|$3|one|:0|:1");
    talk.check(b, "XREADGROUP GROUP g two BLOCK 0 CLAIM 1000 STREAMS s >", "");
    talk.pass(2 * SECOND);
    talk.expect(b, "");
    talk.pass(HOUR);
    assert!(talk.said(b).contains("1-1"));
}

/// Active expiry goes through a large table with pauses, one of which the correction falls into.
#[test]
fn active_expiry_goes_on() {
    let mut talk = Conversation::new();
    let (a, listener) = (talk.client(), talk.client());
    talk.check(a, "CONFIG SET notify-keyspace-events Ex", "+OK");
    talk.ask(listener, "SUBSCRIBE __keyevent@0__:expired");
    for n in 0..3000 {
        talk.check(a, &format!("SET k{n} v PX {}", 1000 + n), "+OK");
    }
    for _ in 0..200 {
        talk.pass(10_000);
        set_back(&mut talk, 5_000);
    }
    set_back(&mut talk, HOUR);
    talk.check(a, "SET late v PX 500", "+OK");
    talk.said(listener);
    talk.pass(501_000);
    assert!(talk.said(listener).contains("|late"));
}

/// A fake clock may begin at 0.
#[test]
fn time_may_begin_at_nothing() {
    let mut engine = Engine::new(Options::default(), *b"a seed for tests", 1_700_000_000_000_000);
    let conn =
        engine.connect(1_700_000_000_000_000, Peer { addr: "", laddr: "", unix: false, trusted: false });
    let mut ask = |now: u64, request: &str| {
        engine.handle_input(now, conn, &crate::engine::conversation::encode(request));
        let mut said = alloc::vec::Vec::new();
        while let Some(output) = engine.poll_output() {
            if let crate::Output::Write { bytes, .. } = output {
                said.extend_from_slice(bytes);
            }
        }
        (String::from_utf8_lossy(&said).trim_end().to_string(), engine.poll_timeout())
    };
    assert_eq!(ask(0, "SET k v EX 1"), ("+OK".to_string(), Some(1_001_000)));
    assert_eq!(ask(1_000_000, "TTL k").0, ":0");
    assert_eq!(ask(1_001_000, "GET k").0, "$-1");
    assert_eq!(ask(1_001_000, "BLPOP none 2"), (String::new(), Some(3_001_000)));
    // Back in the present, all that time has passed.
    let now = 1_700_000_000_000_000;
    assert_eq!(ask(now, "PING").1, Some(now));
}

/// Queues that make IDs of TIME lost their order where the clock tells milliseconds only.
#[test]
fn moments_within_a_millisecond_have_an_order() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.now = 1_700_000_000 * SECOND;
    for micros in [0, 1, 2] {
        talk.check(conn, "TIME", &format!("*2|$10|1700000000|${}|{micros}", micros.to_string().len()));
    }
    // The millisecond is not left, and a clock that tells more is what counts.
    talk.now += 998;
    talk.check_all(
        conn,
        &[
            ("TIME", "*2|$10|1700000000|$3|998"),
            ("TIME", "*2|$10|1700000000|$3|999"),
            ("TIME", "*2|$10|1700000000|$3|999"),
        ],
    );
    talk.now += 2;
    talk.check(conn, "TIME", "*2|$10|1700000000|$4|1000");
    set_back(&mut talk, 1_000_000);
    talk.check(conn, "TIME", "*2|$10|1699999999|$4|1000");
}
