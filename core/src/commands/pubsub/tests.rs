use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ConnId;
use crate::engine::conversation::Conversation;
use crate::resp::Protocol;
use crate::server::connection::ReplyMode;
use crate::server::pubsub::{NOTIFY_KEYEVENT, NOTIFY_KEYSPACE};

const REFUSED: &str =
    r"only (P\|S)SUBSCRIBE / (P\|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";

fn speak_resp3(talk: &mut Conversation, conn: ConnId) {
    talk.engine.parts().1.connection(conn).protocol = Protocol::Resp3;
}

#[test]
fn messages_reach_channels_and_patterns() {
    let mut talk = Conversation::new();
    let (a, b, c) = (talk.client(), talk.client(), talk.client());
    talk.check(a, "SUBSCRIBE news sport", "*3|$9|subscribe|$4|news|:1|*3|$9|subscribe|$5|sport|:2");
    talk.check(b, "PSUBSCRIBE n* *s", "*3|$10|psubscribe|$2|n*|:1|*3|$10|psubscribe|$2|*s|:2");
    talk.check(b, "SUBSCRIBE news", "*3|$9|subscribe|$4|news|:3");
    talk.check(c, "PUBLISH news hello", ":4");
    talk.expect(a, "*3|$7|message|$4|news|$5|hello");
    talk.expect(
        b,
        "*3|$7|message|$4|news|$5|hello|*4|$8|pmessage|$2|*s|$4|news|$5|hello|*4|$8|pmessage|$2|n*|$4|news|$5|hello",
    );
    talk.check(c, "PUBLISH none x", ":1");
    talk.check(c, "PUBLISH zero x", ":0");
    talk.check(a, "UNSUBSCRIBE news", "*3|$11|unsubscribe|$4|news|:1");
    talk.check(c, "PUBLISH news again", ":3");
    talk.expect(a, "");
    talk.leave(b);
    talk.check(c, "PUBLISH news again", ":0");
}

#[test]
fn shard_channels_are_apart() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "SUBSCRIBE c", "*3|$9|subscribe|$1|c|:1");
    talk.check(a, "SSUBSCRIBE c d", "*3|$10|ssubscribe|$1|c|:1|*3|$10|ssubscribe|$1|d|:2");
    talk.check(b, "SPUBLISH c x", ":1");
    talk.expect(a, "*3|$8|smessage|$1|c|$1|x");
    talk.check(a, "SUNSUBSCRIBE", "*3|$12|sunsubscribe|$1|c|:1|*3|$12|sunsubscribe|$1|d|:0");
    talk.check(a, "SUNSUBSCRIBE", "*3|$12|sunsubscribe|$-1|:0");
    talk.check(b, "SPUBLISH c x", ":0");
}

#[test]
fn unsubscribing_from_nothing_is_confirmed() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "UNSUBSCRIBE", "*3|$11|unsubscribe|$-1|:0");
    talk.check(a, "UNSUBSCRIBE a b", "*3|$11|unsubscribe|$1|a|:0|*3|$11|unsubscribe|$1|b|:0");
    talk.check(a, "PUNSUBSCRIBE", "*3|$12|punsubscribe|$-1|:0");
    talk.check(a, "PSUBSCRIBE p", "*3|$10|psubscribe|$1|p|:1");
    talk.check(a, "PSUBSCRIBE p", "*3|$10|psubscribe|$1|p|:1");
    talk.check(a, "UNSUBSCRIBE", "*3|$11|unsubscribe|$-1|:1");
    talk.check(a, "PUNSUBSCRIBE p p", "*3|$12|punsubscribe|$1|p|:0|*3|$12|punsubscribe|$1|p|:0");
}

#[test]
fn resp2_subscribers_may_do_little_else() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "SSUBSCRIBE s", "*3|$10|ssubscribe|$1|s|:1");
    talk.check(a, "GET k", &format!("-ERR Can't execute 'get': {REFUSED}"));
    talk.check(a, "PUBSUB NUMPAT", &format!("-ERR Can't execute 'pubsub\\|numpat': {REFUSED}"));
    talk.check(
        a,
        "EXEC",
        &format!("-EXECABORT Transaction discarded because of: Can't execute 'exec': {REFUSED}"),
    );
    talk.check(a, "PING", "*2|$4|pong|$0|");
    talk.check(a, "PING x", "*2|$4|pong|$1|x");
    talk.check(a, "SUNSUBSCRIBE s", "*3|$12|sunsubscribe|$1|s|:0");
    talk.check(a, "GET k", "$-1");
}

#[test]
fn resp3_subscribers_get_pushes_and_may_do_all() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    speak_resp3(&mut talk, a);
    talk.check(a, "SUBSCRIBE c", ">3|$9|subscribe|$1|c|:1");
    talk.check(b, "SUBSCRIBE c", "*3|$9|subscribe|$1|c|:1");
    talk.check(a, "PUBLISH c hi", ":2|>3|$7|message|$1|c|$2|hi");
    talk.expect(b, "*3|$7|message|$1|c|$2|hi");
    talk.check(a, "UNSUBSCRIBE", ">3|$11|unsubscribe|$1|c|:0");
    talk.check(a, "UNSUBSCRIBE", ">3|$11|unsubscribe|_|:0");
}

#[test]
fn messages_to_oneself_come_after_the_transaction() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.send(a, &["MULTI", "SUBSCRIBE c", "PUBLISH c m", "SSUBSCRIBE s", "EXEC"]);
    let refused = "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client";
    talk.expect(
        a,
        &format!(
            "+OK|+QUEUED|+QUEUED|+QUEUED|*3|*3|$9|subscribe|$1|c|:1|:1|{refused}|*3|$7|message|$1|c|$1|m"
        ),
    );
}

#[test]
fn pushes_are_sent_where_replies_are_not() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.engine.parts().1.connection(a).reply_mode = ReplyMode::Off;
    talk.check(a, "SUBSCRIBE c", "*3|$9|subscribe|$1|c|:1");
    talk.check(a, "PING", "");
    talk.check(b, "PUBLISH c m", ":1");
    talk.expect(a, "*3|$7|message|$1|c|$1|m");
    talk.check(a, "UNSUBSCRIBE c", "*3|$11|unsubscribe|$1|c|:0");
}

#[test]
fn what_exists_can_be_asked_for() {
    let mut talk = Conversation::new();
    let (a, b, c) = (talk.client(), talk.client(), talk.client());
    talk.send(a, &["SUBSCRIBE x y1", "PSUBSCRIBE p*", "SSUBSCRIBE s"]);
    talk.send(b, &["SUBSCRIBE x y2", "PSUBSCRIBE p* q*"]);
    talk.check(c, "PUBSUB CHANNELS", "*3|$1|x|$2|y1|$2|y2");
    talk.check(c, "PUBSUB CHANNELS y?", "*2|$2|y1|$2|y2");
    talk.check(c, "PUBSUB CHANNELS z", "*0");
    talk.check(c, "PUBSUB NUMPAT", ":2");
    talk.check(c, "PUBSUB NUMSUB x none y1", "*6|$1|x|:2|$4|none|:0|$2|y1|:1");
    talk.check(c, "PUBSUB NUMSUB", "*0");
    talk.check(c, "PUBSUB SHARDCHANNELS", "*1|$1|s");
    talk.check(c, "PUBSUB SHARDNUMSUB s", "*2|$1|s|:1");
    talk.check(c, "PUBSUB", "-ERR wrong number of arguments for 'pubsub' command");
    talk.check(c, "PUBSUB FOO", "-ERR unknown subcommand 'FOO'. Try PUBSUB HELP.");
    let reply = "-ERR unknown subcommand or wrong number of arguments for 'Channels'. Try PUBSUB HELP.";
    talk.check(c, "PUBSUB Channels a b", reply);
    talk.check(c, "PUBSUB NUMPAT x", r"-ERR wrong number of arguments for 'pubsub\|numpat' command");
}

#[test]
fn messages_of_any_size_stay_in_order() {
    let mut talk = Conversation::new();
    let subscribers: Vec<ConnId> = (0..20).map(|_| talk.client()).collect();
    for &conn in &subscribers {
        talk.check(conn, "SUBSCRIBE c", "*3|$9|subscribe|$1|c|:1");
    }
    let publisher = talk.client();
    let long = "x".repeat(5000);
    let publish_long = format!("PUBLISH c {long}");
    talk.writes = 0;
    talk.send(publisher, &["PUBLISH c 1", "PUBLISH c 2", &publish_long, "PUBLISH c 3"]);
    // Short messages of a batch come in one piece.
    assert!(talk.writes <= 4 + 3 * subscribers.len(), "{} writes", talk.writes);
    let in_transaction = ["MULTI", "PUBLISH c 4", &publish_long, "PUBLISH c 5", "EXEC"];
    talk.send(publisher, &in_transaction);
    let message = |text: &str| format!("*3|$7|message|$1|c|${}|{text}", text.len());
    let all: Vec<String> = ["1", "2", &long, "3", "4", &long, "5"].iter().map(|text| message(text)).collect();
    for &conn in &subscribers {
        talk.expect(conn, &all.join("|"));
    }
}

#[test]
fn announcements_of_a_transaction_come_between_its_messages() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    let list = 1 << 4;
    talk.engine.parts().0.notify = NOTIFY_KEYSPACE | NOTIFY_KEYEVENT | list;
    talk.check(a, "PSUBSCRIBE *", "*3|$10|psubscribe|$1|*|:1");
    talk.send(b, &["MULTI", "RPUSH k v", "PUBLISH c m", "LPOP k", "EXEC"]);
    let message = |channel: &str, text: &str| {
        format!("*4|$8|pmessage|$1|*|${}|{channel}|${}|{text}", channel.len(), text.len())
    };
    let expected = [
        message("__keyspace@0__:k", "rpush"),
        message("__keyevent@0__:rpush", "k"),
        message("c", "m"),
        message("__keyspace@0__:k", "lpop"),
        message("__keyevent@0__:lpop", "k"),
    ];
    talk.expect(a, &expected.join("|"));
}
