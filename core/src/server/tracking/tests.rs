//! What scripts cannot tell: limits, and who has gone.

use crate::Options;
use crate::engine::conversation::Conversation;

const HELLO: &str = "HELLO 3";

#[test]
fn keys_beyond_the_limit_are_given_up() {
    let mut options = Options::default();
    options.set("tracking-table-max-keys", "2").expect("it is a number");
    let mut talk = Conversation::with(options);
    let (reader, other) = (talk.client(), talk.client());
    talk.ask(reader, HELLO);
    talk.check(reader, "CLIENT TRACKING ON", "+OK");
    // As in Redis, also when no other command follows.
    let gone = "|>2|$10|invalidate|*1|$1|a|>2|$10|invalidate|*1|$1|b";
    talk.check(reader, "MGET a b c d", &alloc::format!("*4|_|_|_|_{gone}"));
    assert!(talk.engine.poll_timeout().is_none_or(|at| at > talk.now), "nothing is left to do");
    talk.check(other, "MSET a 1 b 1 c 1", "+OK");
    talk.expect(reader, ">2|$10|invalidate|*1|$1|c");
    assert!(talk.ask(other, "INFO stats").contains("tracking_total_keys:1"));
}

#[test]
fn readers_that_have_gone_are_forgotten() {
    let mut talk = Conversation::new();
    let stays = talk.client();
    talk.ask(stays, HELLO);
    talk.check(stays, "CLIENT TRACKING ON", "+OK");
    for _ in 0..100 {
        let goes = talk.client();
        talk.ask(goes, HELLO);
        talk.check(goes, "CLIENT TRACKING ON", "+OK");
        talk.check(goes, "GET k", "_");
        talk.leave(goes);
    }
    let (_, server) = talk.engine.parts();
    let (_, readers, _) = server.tracking.sizes();
    assert!(readers <= 4, "{readers} readers");
    // Their places may be taken by others, who have read nothing.
    let new = talk.client();
    talk.ask(new, HELLO);
    talk.check(new, "CLIENT TRACKING ON", "+OK");
    talk.check(stays, "SET k 1", "+OK");
    talk.expect(new, "");
}

#[test]
fn what_expires_by_itself_is_told() {
    let mut talk = Conversation::new();
    let reader = talk.client();
    talk.ask(reader, HELLO);
    talk.check(reader, "CLIENT TRACKING ON NOLOOP", "+OK");
    talk.check(reader, "SET k v PX 100", "+OK");
    talk.check(reader, "GET k", "$1|v");
    talk.pass(200_000);
    talk.expect(reader, ">2|$10|invalidate|*1|$1|k");
}

#[test]
fn nothing_is_noted_while_no_client_tracks() {
    let mut talk = Conversation::new();
    let reader = talk.client();
    talk.check(reader, "CLIENT TRACKING ON BCAST", "+OK");
    talk.check(reader, "SET k v", "+OK");
    talk.check(reader, "CLIENT TRACKING OFF", "+OK");
    talk.check(reader, "SET k v", "+OK");
    let (store, server) = talk.engine.parts();
    assert!(store.invalidated.is_empty() && server.global_state.is_usual());
    // A client that goes takes its tracking with it.
    talk.check(reader, "CLIENT TRACKING ON BCAST", "+OK");
    talk.leave(reader);
    assert!(talk.engine.parts().1.global_state.is_usual());
}

/// Each request that adds one looked at all that there were.
#[test]
fn prefixes_are_added_to_those_that_there_are() {
    let mut talk = Conversation::new();
    let (reader, other) = (talk.client(), talk.client());
    talk.ask(reader, HELLO);
    for index in 0..3000 {
        talk.check(reader, &alloc::format!("CLIENT TRACKING ON BCAST PREFIX p{index:04}:"), "+OK");
    }
    talk.check(other, "MSET p0000:a 1 p2999:b 1 q 1", "+OK");
    talk.expect(reader, ">2|$10|invalidate|*1|$7|p0000:a|>2|$10|invalidate|*1|$7|p2999:b");
    let refused = talk.ask(reader, "CLIENT TRACKING ON BCAST PREFIX p0000:x");
    assert!(
        refused.starts_with("-ERR Prefix 'p0000:x' overlaps with an existing prefix 'p0000:'"),
        "{refused}"
    );
    assert!(talk.ask(other, "INFO stats").contains("tracking_total_prefixes:3000"));
    talk.check(reader, "CLIENT TRACKING OFF", "+OK");
    assert!(talk.ask(other, "INFO stats").contains("tracking_total_prefixes:0"));
}
