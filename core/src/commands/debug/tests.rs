use crate::engine::conversation::Conversation;
use crate::{Engine, Options};

fn talk() -> Conversation {
    let mut options = Options { effects: true, ..Options::default() };
    options.set("enable-debug-command", "yes").expect("it can be enabled at the beginning");
    Conversation::with(options)
}

/// The digests are those that redis-server 7.0.15 replies.
#[test]
fn digests_are_those_of_redis() {
    let mut talk = talk();
    let a = talk.client();
    talk.check(a, "DEBUG DIGEST", "+0000000000000000000000000000000000000000");
    talk.check(a, "SET a 1", "+OK");
    talk.check(a, "DEBUG DIGEST", "+943d800368fb9c0e951138f1bc0e313ac769d91f");
    talk.check_all(a, &[("RPUSH ll a b c", ":3"), ("SADD s a b c", ":3"), ("ZADD z 1 a 2.5 b", ":2")]);
    talk.check(a, "HSET hh f v", ":1");
    talk.check(
        a,
        "DEBUG DIGEST-VALUE a ll s z hh none",
        "*6|+b4fc66738120fba0b5aa500ab5c2bf89cea1c5da|+8bf72d812571eea9b927f3c11beb0c4165a6ff89|\
         +593c2414786d75446e97f4ea5d4b731f3313da72|+c45c5b051acd64070e5ed1a949939d5145f806c5|\
         +90c76e9e9f4c62d642a34fc97c7dad503b51f906|+0000000000000000000000000000000000000000",
    );
    talk.check(a, "DEBUG DIGEST", "+154f6bd854f92cc5448ae243bc626db3e3c78752");
    talk.check(a, "EXPIRE a 1000", ":1");
    talk.check(a, "DEBUG DIGEST", "+8d1a501476d7794f2951592529e4c1dbc8ac0c3c");
}

#[test]
fn a_sleeping_server_serves_no_client() {
    let mut talk = talk();
    let (a, b, c) = (talk.client(), talk.client(), talk.client());
    talk.check(c, "BLPOP list 1", "");
    talk.send(a, &["DEBUG SLEEP 2", "PING"]);
    talk.check(b, "SET k v", "");
    talk.pass(1_900_000);
    talk.expect(a, "");
    talk.expect(b, "");
    talk.expect(c, "");
    talk.pass(200_000);
    talk.expect(a, "+OK|+PONG");
    talk.expect(b, "+OK");
    talk.expect(c, "*-1");
    talk.check(a, "DEBUG SLEEP 0", "+OK");
    talk.check(a, "DEBUG SLEEP bogus", "+OK");
}

#[test]
fn sleeping_is_slow() {
    let mut talk = talk();
    let a = talk.client();
    talk.check(a, "CONFIG SET latency-monitor-threshold 10", "+OK");
    talk.check(a, "DEBUG SLEEP 0.02", "");
    talk.pass(20_000);
    talk.expect(a, "+OK");
    talk.check(
        a,
        "SLOWLOG GET",
        "*1|*6|:0|:1700000000|:20000|*3|$5|DEBUG|$5|SLEEP|$4|0.02|$15|127.0.0.1:50000|$0|",
    );
    talk.check(a, "LATENCY LATEST", "*1|*4|$7|command|:1700000000|:20|:20");
    talk.check(a, "LATENCY HISTORY command", "*1|*2|:1700000000|:20");
    let graph = talk.ask(a, "LATENCY GRAPH command");
    let lines = "-".repeat(80);
    let drawn =
        std::format!("command - high 20 ms, low 20 ms (all time high 20 ms)\n{lines}\n \n \n \n_\n \n0\ns\n");
    assert!(graph.ends_with(&drawn), "{graph}");
    talk.check(a, "LATENCY RESET", ":1");
}

#[test]
fn debug_must_be_enabled() {
    let mut talk = Conversation::new();
    let a = talk.client();
    let refused = "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can \
                   run it from a local connection, otherwise you need to set this option in the configuration \
                   file, and then restart the server.";
    talk.check(a, "DEBUG SLEEP 0", refused);
    talk.check(a, "DEBUG", "-ERR wrong number of arguments for 'debug' command");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "DEBUG SLEEP 0", refused);
    talk.check(a, "EXEC", "-EXECABORT Transaction discarded because of previous errors.");
    let mut options = Options::default();
    options.set("enable-debug-command", "local").expect("the word is known");
    let mut talk = Conversation::with(options);
    let a = talk.client();
    talk.check(a, "DEBUG SLEEP 0", "+OK");
}

#[test]
fn subcommands_answer() {
    let mut talk = talk();
    let a = talk.client();
    talk.check_all(
        a,
        &[
            ("DEBUG OBJECT none", "-ERR no such key"),
            (
                "DEBUG OBJECT k x",
                "-ERR unknown subcommand or wrong number of arguments for 'OBJECT'. Try DEBUG HELP.",
            ),
            ("DEBUG QUICKLIST-PACKED-THRESHOLD 10b", "+OK"),
            (
                "DEBUG QUICKLIST-PACKED-THRESHOLD x",
                "-ERR argument must be a memory value bigger than 1 and smaller than 4gb",
            ),
            ("DEBUG SET-ACTIVE-EXPIRE 1", "+OK"),
            ("DEBUG ERROR FOO", "-FOO"),
            ("DEBUG LOG text", "+OK"),
            ("DEBUG REPLYBUFFER RESIZING 0", "+OK"),
            ("DEBUG REPLYBUFFER PEAK-RESET-TIME never", "+OK"),
            ("DEBUG REPLYBUFFER PEAK-RESET-TIME x", "-ERR value is not an integer or out of range"),
            (
                "DEBUG REPLYBUFFER x 1",
                "-ERR unknown subcommand or wrong number of arguments for 'REPLYBUFFER'. Try DEBUG HELP.",
            ),
            ("DEBUG HTSTATS 99", "-ERR Out of range database"),
            ("DEBUG HTSTATS x", "-ERR value is not an integer or out of range"),
            ("DEBUG HTSTATS-KEY none", "-ERR no such key"),
            ("DEBUG LISTPACK none", "-ERR no such key"),
            ("DEBUG PROTOCOL map", "*6|:0|:0|:1|:1|:2|:0"),
            ("DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command"),
            ("DEBUG PROTOCOL bignum", "$37|1234567999999999999999999999999999999"),
            ("DEBUG PROTOCOL double", "$5|3.141"),
            ("DEBUG POPULATE 2", "+OK"),
            ("DEBUG POPULATE 2 p 7", "+OK"),
            ("MGET key:0 key:1 p:0", "*3|$7|value:0|$7|value:1|$7|value:0"),
            ("DEBUG POPULATE -1", "-ERR value is out of range, must be positive"),
        ],
    );
    assert_eq!(talk.effects().len(), 4);
    _ = talk.ask(a, "HELLO 3");
    talk.check_all(
        a,
        &[
            ("DEBUG PROTOCOL map", "%3|:0|#f|:1|#t|:2|#f"),
            ("DEBUG PROTOCOL push", ">2|$16|server-cpu-usage|:42"),
            ("DEBUG PROTOCOL double", ",3.141"),
            ("DEBUG PROTOCOL true", "#t"),
            ("DEBUG PROTOCOL null", "_"),
            ("DEBUG PROTOCOL bignum", "(1234567999999999999999999999999999999"),
        ],
    );
}

#[test]
fn shutdown_reaches_the_host() {
    let mut engine = Engine::new(Options::default(), [1; 16], 1);
    let conn = engine.connect(1, crate::Peer::default());
    engine.handle_input(1, conn, b"SHUTDOWN NOSAVE NOW\r\n");
    assert_eq!(engine.poll_output(), Some(crate::Output::Shutdown));
    assert_eq!(engine.poll_output(), None);
}

#[test]
fn what_is_reloaded_is_as_before() {
    let mut talk = talk();
    let a = talk.client();
    for request in [
        "SET a 1",
        "SET text hello",
        "RPUSH l a b 3",
        "SADD s a b",
        "SADD i 1 2",
        "HSET h f v g w",
        "HPEXPIRE h 5000 FIELDS 1 f",
        "ZADD z 1 a 2.5 b",
        "XADD x 1-1 f v",
        "XGROUP CREATE x g 0",
        "EXPIRE a 1000",
        "SELECT 2",
        "SET other x",
        "SELECT 0",
    ] {
        talk.ask(a, request);
    }
    let before = talk.ask(a, "DEBUG DIGEST");
    talk.effects();
    talk.check(a, "DEBUG RELOAD", "+OK");
    talk.check(a, "DEBUG RELOAD MERGE noflush", "+OK");
    assert_eq!(talk.ask(a, "DEBUG DIGEST"), before);
    assert!(talk.effects().is_empty());
    talk.check_all(a, &[("TTL a", ":1000"), ("HPTTL h FIELDS 2 f g", "*2|:5000|:-1"), ("DBSIZE", ":8")]);
    assert!(
        talk.ask(a, "DEBUG RELOAD NOSAVE").starts_with('-') && talk.ask(a, "DEBUG RELOAD X").starts_with('-')
    );
    talk.check_all(a, &[("DEBUG STRINGMATCH-LEN 10 a*", ":1"), ("DEBUG STRINGMATCH-LEN 10 b*", ":0")]);
}

#[test]
fn a_transaction_that_sleeps_ends_later() {
    let mut talk = talk();
    let (conn, waiter, other) = (talk.client(), talk.client(), talk.client());
    talk.send(waiter, &["BLPOP list 0"]);
    talk.send(conn, &["MULTI", "RPUSH list a", "PEXPIRE list 50", "DEBUG SLEEP 0.2", "EXEC"]);
    talk.expect(conn, "+OK|+QUEUED|+QUEUED|+QUEUED");
    talk.send(other, &["PING"]);
    talk.expect(other, "");
    talk.pass(200_000);
    talk.expect(conn, "*3|:1|:1|+OK");
    talk.expect(other, "+PONG");
    // By then the list has expired, which nobody has seen.
    talk.expect(waiter, "");
    talk.check(conn, "RPUSH list b", ":1");
    talk.expect(waiter, "*2|$4|list|$1|b");
}

#[test]
fn scripts_may_call_debug_when_told_so() {
    let mut talk = talk();
    let conn = talk.client();
    let call = "EVAL return(redis.call('debug','protocol','integer')) 0";
    assert!(talk.ask(conn, call).starts_with("-ERR This Redis command is not allowed"));
    talk.check(conn, "DEBUG SET-DISABLE-DENY-SCRIPTS 1", "+OK");
    assert_eq!(talk.ask(conn, call), ":12345");
    talk.check(conn, "DEBUG SET-DISABLE-DENY-SCRIPTS 0", "+OK");
    assert!(talk.ask(conn, call).starts_with("-ERR This Redis command is not allowed"));
}

#[test]
fn what_has_expired_is_shown_while_it_is_there() {
    let mut talk = talk();
    let conn = talk.client();
    talk.check(conn, "DEBUG SET-ACTIVE-EXPIRE 0", "+OK");
    talk.check(conn, "SET k v PX 10", "+OK");
    talk.pass(20_000);
    assert!(talk.ask(conn, "DEBUG OBJECT k").starts_with("+Value at:"));
    talk.check(conn, "GET k", "$-1");
    talk.check(conn, "DEBUG OBJECT k", "-ERR no such key");
}

#[test]
fn ranges_of_client_sizes_are_told_while_there_is_a_limit() {
    let mut talk = talk();
    let conn = talk.client();
    talk.check(conn, "DEBUG CLIENT-EVICTION", "-ERR maxmemory-clients is disabled.");
    talk.check(conn, "CONFIG SET maxmemory-clients 10mb", "+OK");
    let shown = talk.ask(conn, "DEBUG CLIENT-EVICTION");
    assert!(
        shown.contains("bucket          0 -      32767: tot-mem:") && shown.contains("clients: 1"),
        "{shown}"
    );
    assert_eq!(shown.matches("bucket").count(), 19);
}

#[test]
fn what_is_replicated_goes_into_the_log() {
    let mut talk = talk();
    let conn = talk.client();
    talk.check(conn, "DEBUG REPLICATE AOF SET k v", "+OK");
    talk.check(conn, "DEBUG REPLICATE REPL SET k w", "+OK");
    talk.check(conn, "GET k", "$-1");
    assert_eq!(talk.effects(), ["SET k v"]);
}
