//! A pause of everything, which scripts cannot look at, and its end.

use crate::engine::conversation::Conversation;

#[test]
fn a_pause_of_everything_ends_by_time_alone() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "CLIENT PAUSE 1000", "+OK");
    talk.check(a, "CLIENT UNPAUSE", "");
    talk.check(b, "PING", "");
    talk.send(b, &["PING again"]);
    // A weaker pause does not weaken the one that there is.
    talk.pass(999_000);
    talk.expect(b, "");
    talk.pass(1_000);
    talk.expect(a, "+OK");
    talk.expect(b, "+PONG|$5|again");
    talk.check(b, "PING", "+PONG");
}

#[test]
fn one_that_waits_can_go() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "CLIENT PAUSE 1000 WRITE", "+OK");
    talk.check(b, "SET k v", "");
    assert!(talk.ask(a, "INFO clients").contains("blocked_clients:1"));
    talk.leave(b);
    assert!(talk.ask(a, "INFO clients").contains("blocked_clients:0"));
    talk.check(a, "CLIENT UNPAUSE", "+OK");
    talk.check(a, "GET k", "$-1");
}

#[test]
fn requests_after_the_end_need_no_timer() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "CLIENT PAUSE 10 WRITE", "+OK");
    talk.check(b, "SET k v", "");
    talk.now += 20_000;
    talk.check(a, "SET k w", "+OK");
    talk.expect(b, "+OK");
}

#[test]
fn what_waits_for_a_key_gives_up_in_time() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(b, "BLPOP list 0.1", "");
    talk.check(a, "CLIENT PAUSE 1000", "+OK");
    talk.pass(200_000);
    talk.expect(b, "*-1");
}

#[test]
fn nothing_expires_meanwhile() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "SET k v PX 10", "+OK");
    talk.check(a, "SADD s a", ":1");
    talk.check(a, "PEXPIRE s 10", ":1");
    talk.effects();
    talk.check(a, "CLIENT PAUSE 1000 WRITE", "+OK");
    talk.pass(100_000);
    talk.check(a, "MGET k k", "*2|$-1|$-1");
    talk.check(a, "SUNION s s", "*0");
    talk.check(a, "DBSIZE", ":2");
    assert!(talk.effects().is_empty());
    talk.pass(1_000_000);
    talk.check(a, "DBSIZE", ":0");
    assert_eq!(talk.effects().len(), 2);
}

/// Fields that are due are not shown, and no client hears of them before the pause is over.
#[test]
fn fields_expire_for_others_when_the_pause_is_over() {
    let mut talk = Conversation::new();
    let (a, listener) = (talk.client(), talk.client());
    talk.check(a, "CONFIG SET notify-keyspace-events KEA", "+OK");
    talk.check_all(a, &[("HSET h f 1 g 2", ":2"), ("HSET only f 1", ":1")]);
    talk.check(a, "HPEXPIRE h 100 FIELDS 1 f", "*1|:1");
    talk.check(a, "HPEXPIRE only 100 FIELDS 1 f", "*1|:1");
    talk.ask(listener, "PSUBSCRIBE __keyevent@0__:*");
    talk.effects();
    talk.check(a, "CLIENT PAUSE 1000 WRITE", "+OK");
    talk.pass(500_000);
    talk.check_all(a, &[("HGETALL h", "*2|$1|g|$1|2"), ("HGET only f", "$-1"), ("HKEYS only", "*0")]);
    talk.expect(listener, "");
    assert!(talk.effects().is_empty());
    talk.pass(500_000);
    assert_eq!(talk.effects(), ["HDEL h f", "HDEL only f"]);
    let heard = talk.ask(listener, "PING");
    assert!(heard.matches("hexpired").count() == 2 && heard.contains("__keyevent@0__:del"), "{heard}");
    talk.check_all(a, &[("HLEN h", ":1"), ("EXISTS only", ":0")]);
}
