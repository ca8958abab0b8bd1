use crate::engine::conversation::Conversation;
use crate::resp::Protocol;
use crate::server::connection::ReplyMode;
use crate::{ConnId, Options};

fn set_reply_mode(talk: &mut Conversation, conn: ConnId, mode: ReplyMode) {
    talk.engine.parts().1.connection(conn).reply_mode = mode;
}

#[test]
fn requests_run_at_exec() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "SET k 1", "+QUEUED");
    talk.check(a, "LPUSH k x", "+QUEUED");
    talk.check(a, "INCR k", "+QUEUED");
    talk.check(b, "GET k", "$-1");
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    talk.check(a, "EXEC", &alloc::format!("*3|+OK|{wrong}|:2"));
    talk.check(a, "EXEC", "-ERR EXEC without MULTI");
    talk.check(a, "DISCARD", "-ERR DISCARD without MULTI");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "EXEC", "*0");
    assert_eq!(talk.effects(), ["MULTI", "SET k 1", "INCR k", "EXEC"]);
}

#[test]
fn a_refused_request_breaks_the_transaction() {
    let mut talk = Conversation::new();
    let a = talk.client();
    for (request, reply) in [
        ("nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' "),
        ("GET", "-ERR wrong number of arguments for 'get' command"),
        ("PUBSUB x", "-ERR unknown subcommand 'x'. Try PUBSUB HELP."),
    ] {
        talk.check(a, "MULTI", "+OK");
        talk.check(a, "SET k 1", "+QUEUED");
        talk.check(a, request, reply);
        talk.check(a, "SET k 2", "+QUEUED");
        talk.check(a, "EXEC", "-EXECABORT Transaction discarded because of previous errors.");
        talk.check(a, "GET k", "$-1");
    }
}

#[test]
fn some_requests_run_at_once_and_do_not_break_it() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "MULTI", "-ERR MULTI calls can not be nested");
    talk.check(a, "WATCH k", "-ERR WATCH inside MULTI is not allowed");
    talk.check(a, "UNWATCH", "+QUEUED");
    talk.check(a, "PING", "+QUEUED");
    talk.check(a, "EXEC", "*2|+OK|+PONG");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "SET k 1", "+QUEUED");
    talk.check(a, "DISCARD", "+OK");
    talk.check(a, "GET k", "$-1");
}

#[test]
fn an_exec_that_is_refused_ends_the_transaction() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "MULTI", "+OK");
    let reply = "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command";
    talk.check(a, "EXEC now", reply);
    talk.check(a, "EXEC", "-ERR EXEC without MULTI");
    talk.check(a, "EXEC now", reply);
}

#[test]
fn without_memory_writes_are_neither_queued_nor_executed() {
    let mut options = Options { memory_used: || 2000, ..Options::default() };
    options.config.maxmemory = crate::config::Limit::new(3000);
    let mut talk = Conversation::with(options);
    let a = talk.client();
    let oom = "OOM command not allowed when used memory > 'maxmemory'.";
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "SET k 1", "+QUEUED");
    talk.engine.parts().1.config.maxmemory = crate::config::Limit::new(1000);
    talk.check(a, "EXEC", &alloc::format!("-EXECABORT Transaction discarded because of: {oom}"));
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "SET k 1", &alloc::format!("-{oom}"));
    talk.check(a, "GET k", "+QUEUED");
    talk.check(a, "WATCH k", "-ERR WATCH inside MULTI is not allowed");
    talk.check(a, "DISCARD", "+OK");
    talk.engine.parts().1.config.maxmemory = crate::config::Limit::new(3000);
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "GET k", "+QUEUED");
    talk.engine.parts().1.config.maxmemory = crate::config::Limit::new(1000);
    talk.check(a, "EXEC", "*1|$-1");
}

#[test]
fn a_queue_that_grows_too_long_closes_the_connection() {
    let mut options = Options::default();
    options.config.query_buffer_bytes_max = crate::config::Limit::new(2000);
    let mut talk = Conversation::with(options);
    let a = talk.client();
    talk.check(a, "MULTI", "+OK");
    for _ in 0..20 {
        if !talk.is_closed(a) {
            talk.send(a, &[&alloc::format!("SET k {}", "x".repeat(300))]);
        }
    }
    assert!(talk.is_closed(a));
}

#[test]
fn a_changed_key_that_is_watched_stops_exec() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "WATCH k other", "+OK");
    talk.check(b, "SET k 1", "+OK");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "SET k 2", "+QUEUED");
    talk.check(a, "EXEC", "*-1");
    talk.check(a, "GET k", "$1|1");
    // That was the end of the watch.
    talk.check(b, "SET k 3", "+OK");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "GET k", "+QUEUED");
    talk.check(a, "EXEC", "*1|$1|3");
    // One's own changes count as well, those of another database do not.
    talk.check(a, "WATCH k", "+OK");
    talk.check(a, "SET k 4", "+OK");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "EXEC", "*-1");
    talk.check(a, "WATCH k", "+OK");
    talk.check(b, "SELECT 1", "+OK");
    talk.check(b, "SET k 5", "+OK");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "EXEC", "*0");
    // UNWATCH and DISCARD end watches.
    talk.check(b, "SELECT 0", "+OK");
    for end in [["UNWATCH", "PING"], ["MULTI", "DISCARD"]] {
        talk.check(a, "WATCH k", "+OK");
        talk.check(b, "SET k 6", "+OK");
        talk.send(a, &end);
        talk.expect(a, if end[1] == "PING" { "+OK|+PONG" } else { "+OK|+OK" });
        talk.check(a, "MULTI", "+OK");
        talk.check(a, "EXEC", "*0");
    }
}

#[test]
fn a_refused_request_counts_before_a_changed_key() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "WATCH k", "+OK");
    talk.check(b, "SET k 1", "+OK");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "GET", "-ERR wrong number of arguments for 'get' command");
    talk.check(a, "EXEC", "-EXECABORT Transaction discarded because of previous errors.");
}

#[test]
fn a_watched_key_that_expires_has_changed() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.engine.parts().0.active_expire = false;
    talk.check(b, "SET k 1 PX 50", "+OK");
    talk.check(a, "WATCH k", "+OK");
    talk.pass(60_000);
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "EXEC", "*-1");
    // One that had expired before was missing all the time.
    talk.check(b, "SET k 1 PX 50", "+OK");
    talk.pass(60_000);
    talk.check(a, "WATCH k", "+OK");
    talk.check(b, "GET k", "$-1");
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "EXEC", "*0");
}

#[test]
fn a_client_that_leaves_watches_no_more() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "WATCH k", "+OK");
    talk.leave(a);
    let c = talk.client();
    assert_eq!(a, c, "the id is used again");
    talk.check(b, "SET k 1", "+OK");
    talk.check(c, "MULTI", "+OK");
    talk.check(c, "EXEC", "*0");
}

#[test]
fn the_database_may_change_within() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.send(a, &["MULTI", "SET k 0", "SELECT 1", "SET k 1", "EXEC", "GET k", "SELECT 0", "GET k"]);
    talk.expect(a, "+OK|+QUEUED|+QUEUED|+QUEUED|*3|+OK|+OK|+OK|$1|1|+OK|$1|0");
    assert_eq!(talk.effects(), ["MULTI", "SET k 0", "SET k 1", "EXEC"]);
}

#[test]
fn nothing_waits_within_a_transaction() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.send(a, &["MULTI", "BLMOVE x y LEFT LEFT 0", "BRPOPLPUSH x y 0", "BLPOP x 0", "BLMPOP 0 1 x LEFT"]);
    talk.expect(a, "+OK|+QUEUED|+QUEUED|+QUEUED|+QUEUED");
    talk.check(a, "EXEC", "*4|$-1|$-1|*-1|*-1");
    talk.send(a, &["MULTI", "RPUSH x 1", "BLPOP x 0", "EXEC"]);
    talk.expect(a, "+OK|+QUEUED|+QUEUED|*2|:1|*2|$1|x|$1|1");
    assert_eq!(talk.effects(), ["MULTI", "RPUSH x 1", "LPOP x", "EXEC"]);
    // A transaction without effect leaves no trace.
    talk.send(a, &["MULTI", "GET k", "EXEC"]);
    assert_eq!(talk.effects(), [""; 0]);
}

#[test]
fn muted_transactions_run_without_replies() {
    let mut talk = Conversation::new();
    let a = talk.client();
    set_reply_mode(&mut talk, a, ReplyMode::Off);
    talk.send(a, &["MULTI", "SET k 1", "EXEC", "EXEC"]);
    talk.expect(a, "");
    set_reply_mode(&mut talk, a, ReplyMode::On);
    talk.check(a, "MULTI", "+OK");
    talk.check(a, "GET k", "+QUEUED");
    set_reply_mode(&mut talk, a, ReplyMode::SkipThis);
    talk.send(a, &["EXEC", "PING"]);
    talk.expect(a, "+PONG");
}

#[test]
fn replies_take_the_form_of_the_protocol() {
    let mut talk = Conversation::new();
    let (a, b) = (talk.client(), talk.client());
    talk.engine.parts().1.connection(a).protocol = Protocol::Resp3;
    talk.send(a, &["MULTI", "GET k", "BLPOP x 0", "EXEC"]);
    talk.expect(a, "+OK|+QUEUED|+QUEUED|*2|_|_");
    talk.check(a, "WATCH k", "+OK");
    talk.check(b, "SET k 1", "+OK");
    talk.send(a, &["MULTI", "EXEC"]);
    talk.expect(a, "+OK|_");
}
