//! Tests of batches of requests.

use alloc::vec::Vec;

use crate::engine::conversation::{Conversation, encode};
mod time;
use crate::base::memory::{HEADROOM_BYTES, Room};
use crate::config::Options;
use crate::engine::{Engine, LoadFormat, Output, SaveFormat, SaveOptions};
use crate::server::{Peer, Present, StorageEvent};

#[test]
fn what_was_announced_changes_no_reply() {
    // Announced are other databases than the first, requests of every kind, what is no request, and other inputs
    // than those that come.
    let script: [&[u8]; 6] = [
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n",
        b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n",
        b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n*1\r\n$4\r\nPING\r\n",
        b"*2\r\n$3\r\nGET\r\n$0\r\n\r\n",
        b"GET key\r\n",
        b"*2\r\n$3\r\nGET\r\n$3\r\nk",
    ];
    let replies = |ahead: bool| {
        let mut talk = Conversation::new();
        let (one, two) = (talk.client(), talk.client());
        for bytes in script {
            if ahead {
                let others = [&b"*2\r\n$99\r\n"[..], b"*2\r\n$1", b"", b"*0\r\n", b"\xff"];
                let announced = script.iter().chain(&others).cycle().take(100);
                talk.engine.look_ahead(announced.map(|bytes| (one, *bytes)));
                talk.engine.look_ahead([(two, bytes), (one, bytes), (7, bytes)].into_iter());
            }
            talk.send_bytes(one, bytes);
            talk.send_bytes(two, bytes);
        }
        talk.send_bytes(one, b"ey\r\n");
        [one, two].map(|conn| talk.said(conn))
    };
    assert_eq!(replies(true), replies(false));
    assert!(replies(true)[0].ends_with("$5|value|$5|value"), "{}", replies(true)[0]);
}

#[test]
fn a_name_is_found_however_the_one_before_was_sent() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    let ping = b"*1\r\n$4\r\nPING\r\n";
    let parts: [&[u8]; 7] = [
        b"PING\r\n",
        ping,
        ping,
        b"PING\r\n",
        b"*1\r\n$4\r\nPong\r\n",
        b"*1\r\n$4\r\nping\r\n",
        b"*1\r\n$0\r\n\r\n",
    ];
    let input: Vec<u8> = parts.concat();
    talk.send_bytes(conn, &input);
    let unknown = |name| alloc::format!("-ERR unknown command '{name}', with args beginning with: ");
    let pong = "+PONG";
    let replies = [pong, pong, pong, pong, &unknown("Pong"), pong, &unknown("")];
    assert_eq!(talk.said(conn), replies.join("|"));
}

/// An engine with memory for small requests only.
fn short_of_memory() -> Conversation {
    Conversation::with(Options {
        memory_available: |_| Room::of(HEADROOM_BYTES + (100 << 10)),
        ..Options::default()
    })
}

const OOM: &str = "-OOM command not allowed when all memory is used.";

#[test]
fn a_request_without_memory_costs_itself_alone_however_it_is_cut() {
    let large = encode(&alloc::format!("SET key {}", "x".repeat(300 << 10)));
    let input = [&encode("ECHO before")[..], &large, &encode("ECHO after"), &large, &encode("PING")].concat();
    let expected = alloc::format!("$6|before|{OOM}|$5|after|{OOM}|+PONG");
    for part in [input.len(), 200 << 10, 70_001, 4096, 61] {
        let mut talk = short_of_memory();
        let conn = talk.client();
        for bytes in input.chunks(part) {
            talk.send_bytes(conn, bytes);
        }
        // One that comes as a whole is used where it lies, and refused when it is to be kept.
        talk.expect(conn, &expected);
        talk.check(conn, "EXISTS key", ":0");
        assert!(!talk.is_closed(conn));
    }
}

#[test]
fn what_is_refused_keeps_its_place_behind_a_wait() {
    let mut talk = short_of_memory();
    let (conn, other) = (talk.client(), talk.client());
    talk.send(conn, &["BLPOP list 0", "ECHO before"]);
    let large = encode(&alloc::format!("SET key {}", "x".repeat(2 << 20)));
    for bytes in large.chunks(50_000) {
        talk.send_bytes(conn, bytes);
    }
    talk.send(conn, &["ECHO after"]);
    talk.check(other, "RPUSH list element", ":1");
    talk.expect(conn, &alloc::format!("*2|$4|list|$7|element|$6|before|{OOM}|$5|after"));
    assert!(!talk.is_closed(conn));
}

#[test]
fn a_transaction_with_a_request_without_memory_is_not_executed() {
    let mut talk = short_of_memory();
    let conn = talk.client();
    talk.check(conn, "MULTI", "+OK");
    talk.check(conn, "SET key value", "+QUEUED");
    for bytes in encode(&alloc::format!("SET key {}", "x".repeat(300 << 10))).chunks(100_000) {
        talk.send_bytes(conn, bytes);
    }
    talk.expect(conn, OOM);
    talk.check(conn, "EXEC", "-EXECABORT Transaction discarded because of previous errors.");
    talk.check(conn, "EXISTS key", ":0");
}

#[test]
fn without_memory_control_and_deletion_are_served() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check(conn, "SET key value", "+OK");
    talk.check(conn, "RPUSH list a b", ":2");
    let (store, server) = talk.engine.parts();
    server.memory = crate::base::memory::Memory::new(|_| Room::of(HEADROOM_BYTES - 1));
    store.memory = server.memory;
    let other = talk.client();
    for (request, reply) in [
        ("PING", "+PONG"),
        ("SET other value", OOM),
        ("EXPIRE key 100", OOM),
        ("GETEX key EX 100", OOM),
        ("RENAME key other", OOM),
        ("GET key", "$5|value"),
        ("CONFIG SET maxmemory 100mb", "+OK"),
        ("CLIENT SETNAME someone", "+OK"),
        ("SUBSCRIBE channel", "*3|$9|subscribe|$7|channel|:1"),
        ("UNSUBSCRIBE", "*3|$11|unsubscribe|$7|channel|:0"),
        ("WATCH key", "+OK"),
        ("MULTI", "+OK"),
        ("DISCARD", "+OK"),
        ("LPOP list", "$1|a"),
        ("DEL key", ":1"),
        ("FLUSHALL", "+OK"),
    ] {
        talk.check(other, request, reply);
    }
}

/// However much a client writes at once, the host is handed about a batch of it per call, in pieces, and gets all of it.
#[test]
fn effects_come_in_batches() {
    let mut options = Options { effects: true, ..Options::default() };
    options.config.output_batch_bytes_max = 64 << 10;
    let mut engine = Engine::new(options, [1; 16], 1);
    let conn = engine.connect(1, Peer { addr: "", laddr: "", unix: false, trusted: false });
    let value = alloc::string::String::from_utf8(alloc::vec![b'v'; 100]).expect("it is ASCII");
    let large = "w".repeat(1 << 20);
    let mut input = alloc::string::String::new();
    for index in 0..5000 {
        input += &alloc::format!("*3\r\n$3\r\nSET\r\n$5\r\nk{index:04}\r\n$100\r\n{value}\r\n");
    }
    input += &alloc::format!("*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n${}\r\n{large}\r\n", large.len());
    engine.handle_input(1, conn, input.as_bytes());
    let (mut written, mut calls) = (Vec::new(), 0);
    loop {
        let mut len = 0;
        while let Some(output) = engine.poll_output() {
            if let Output::Append { bytes, .. } = output {
                assert!(bytes.len() <= 256 << 10, "pieces are small");
                len += bytes.len();
                written.extend_from_slice(bytes);
            }
        }
        assert!(len < (64 << 10) + 200 || len > large.len(), "{len} bytes of effects in one call");
        calls += 1;
        if engine.poll_timeout() != Some(0) {
            break;
        }
        engine.handle_timeout(1);
    }
    assert!(calls > 8);
    let expected = alloc::format!("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n{input}");
    assert!(written == expected.as_bytes());
}

/// Clients switch on by the version what servers may not have, and dashboards show where the server runs.
#[test]
fn what_clients_are_told_of_version_and_machine_can_be_set() {
    let mut options = Options::default();
    for (name, value) in [
        ("reported-version", "8.4.0"),
        ("os", "Linux 6.1 x86_64"),
        ("arch-bits", "64"),
        ("executable", "/bin/s"),
        ("port", "6379"),
        ("bind", "127.0.0.1 -::1"),
        ("unixsocket", "/tmp/s.sock"),
        ("logfile", "/tmp/s.log"),
    ] {
        options.set(name, value).expect("it is a setting");
    }
    assert!(
        options.set("reported-version", "8.4").is_err() && options.set("reported-version", "x.1.2").is_err()
    );
    let mut talk = Conversation::with(options);
    let conn = talk.client();
    assert!(talk.ask(conn, "HELLO").contains("|$7|version|$5|8.4.0|"));
    talk.check(conn, "EVAL return(redis.REDIS_VERSION) 0", "$5|8.4.0");
    talk.check(conn, "EVAL return(server.REDIS_VERSION_NUM) 0", ":525312");
    talk.check(conn, "CONFIG GET logfile", "*2|$7|logfile|$10|/tmp/s.log");
    let info = talk.ask(conn, "INFO server");
    for line in [
        "redis_version:8.4.0",
        "os:Linux 6.1 x86_64",
        "arch_bits:64",
        "executable:/bin/s",
        "listener0:name=tcp,bind=127.0.0.1,bind=-::1,port=6379",
        "listener1:name=unix,bind=/tmp/s.sock",
    ] {
        assert!(
            info.contains(&alloc::format!("|{line}|")) || info.ends_with(line),
            "{line} is not in {info}"
        );
    }
}

#[test]
fn the_list_of_clients_counts_the_request_that_asks_for_it() {
    let mut talk = Conversation::new();
    let (conn, other) = (talk.client(), talk.client());
    talk.check(other, "PING", "+PONG");
    let list = talk.ask(conn, "CLIENT LIST");
    assert!(list.contains(" qbuf=26 ") && list.contains(" qbuf=0 "), "{list}");
}

#[test]
fn what_is_loaded_wakes_waiters_and_stops_transactions() {
    let mut talk = Conversation::new();
    let (writer, waiter, watcher) = (talk.client(), talk.client(), talk.client());
    talk.check(writer, "RPUSH q job", ":1");
    talk.check(writer, "SET watched 1", "+OK");
    let options = SaveOptions {
        format: SaveFormat::Dump,
        is_compressed: false,
        compress_min_bytes: 0,
        has_checksum: true,
    };
    talk.engine.save_begin(talk.now, options).expect("nothing else is under way");
    while talk.engine.is_saving() {
        talk.engine.save_step(talk.now, usize::MAX);
        talk.pass(0);
    }
    talk.check(writer, "FLUSHALL", "+OK");
    talk.send(waiter, &["BLPOP q other 0"]);
    talk.check(watcher, "WATCH watched", "+OK");
    let begun = StorageEvent::LoadingBegun { bytes: 0, present: Present::Goes };
    talk.engine.storage(talk.now, begun);
    let format = LoadFormat::Rdb { keeps_expired: false, skips_modules: false };
    talk.engine.load_begin(talk.now, format, None);
    let file = talk.snapshot.clone();
    talk.engine.load(talk.now, &file).expect("it was just written");
    talk.engine.load_end(talk.now).expect("it is whole");
    talk.engine.storage(talk.now, StorageEvent::LoadingEnded);
    assert!(talk.engine.poll_timeout().is_some_and(|at| at <= talk.now), "there is somebody to be woken");
    talk.check(watcher, "MULTI", "+OK");
    talk.check(watcher, "SET other 1", "+QUEUED");
    talk.check(watcher, "EXEC", "*-1");
    talk.expect(waiter, "*2|$1|q|$3|job");
}
