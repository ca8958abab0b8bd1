//! Which keys go when memory is short, with the memory that the engine really takes.

use std::time::Duration;

use sanderling_core::Options;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Connection, Native, Received, Target};
use sanderling_tests::text::encode_request;

use crate::memory::held;

/// 2024-01-01.
const BEGIN: u64 = 1_704_067_200_000_000;
/// What the engine may take for keys, in bytes.
const ROOM: usize = 1 << 20;

struct Server {
    native: Native,
    connection: Connection,
}

impl Server {
    /// An engine whose memory is limited to what it takes when it is empty and `ROOM` more.
    fn new(policy: &str) -> Server {
        let mut options = Options { memory_used: held, ..Options::default() };
        options.set("maxmemory-policy", policy).expect("the policy exists");
        let mut native = Native::with(Clock::Virtual(BEGIN), [3; 16], options);
        let connection = native.open();
        let mut server = Server { native, connection };
        server.ask(&["CONFIG", "SET", "maxmemory", &(held() + ROOM).to_string()]);
        server
    }

    fn ask(&mut self, words: &[&str]) -> Reply {
        let mut bytes = Vec::new();
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        encode_request(&words, &mut bytes);
        self.native.send(self.connection, &bytes);
        match self.native.receive(self.connection) {
            Received::Reply(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    /// Writes keys `name0`, `name1` … of about 500 bytes each; returns how many were refused.
    fn fill(&mut self, name: &str, count: usize, options: &[&str]) -> usize {
        let value = "v".repeat(450);
        let write = |index| {
            let key = format!("{name}{index}");
            let mut words = vec!["SET", key.as_str(), value.as_str()];
            words.extend(options);
            usize::from(matches!(self.ask(&words), Reply::Error(_)))
        };
        (0..count).map(write).sum()
    }

    /// How many of the keys `name0`, `name1` … are there.
    fn count(&mut self, name: &str, count: usize) -> usize {
        let is_there = |index| {
            let key = format!("{name}{index}");
            usize::from(self.ask(&["EXISTS", &key]) == Reply::Integer(1))
        };
        (0..count).map(is_there).sum()
    }

    fn pass(&mut self, seconds: u64) {
        assert!(self.native.advance(Duration::from_secs(seconds)));
    }
}

#[test]
fn every_policy_keeps_to_the_limit() {
    for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random"] {
        let mut server = Server::new(policy);
        assert_eq!(server.fill("key", 10_000, &[]), 0, "{policy}");
        let left = server.count("key", 10_000);
        assert!((1_000..2_200).contains(&left), "{policy} leaves {left} keys");
    }
    for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
        let mut server = Server::new(policy);
        assert_eq!(server.fill("stays", 500, &[]), 0, "{policy}");
        assert_eq!(server.fill("goes", 5_000, &["EX", "1000"]), 0, "{policy}");
        assert_eq!(server.count("stays", 500), 500, "{policy}");
        let left = server.count("goes", 5_000);
        assert!((500..1_700).contains(&left), "{policy} leaves {left} keys");
        // Once no key with a deadline is left, nothing may go.
        assert!(server.fill("more", 5_000, &[]) > 2_000, "{policy}");
        assert_eq!((server.count("goes", 5_000), server.count("stays", 500)), (0, 500), "{policy}");
    }
    let mut server = Server::new("noeviction");
    assert!(server.fill("key", 5_000, &[]) > 2_000);
}

#[test]
fn keys_in_use_stay() {
    for policy in ["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu"] {
        let mut server = Server::new(policy);
        let deadline: &[&str] = &["EX", "100000"];
        server.fill("used", 300, deadline);
        server.fill("idle", 300, deadline);
        for round in 0..25 {
            server.pass(60);
            (0..300).for_each(|index| _ = server.ask(&["GET", &format!("used{index}")]));
            server.fill(&format!("new{round}:"), 100, deadline);
        }
        let (used, idle) = (server.count("used", 300), server.count("idle", 300));
        assert!(used > 270 && idle < 150, "{policy}: {used} used and {idle} idle keys are left");
    }
}

#[test]
fn near_deadlines_go_first() {
    let mut server = Server::new("volatile-ttl");
    server.fill("late", 600, &["EX", "100000"]);
    server.fill("soon", 600, &["EX", "1000"]);
    server.fill("new", 1_100, &["EX", "200000"]);
    let (late, soon) = (server.count("late", 600), server.count("soon", 600));
    assert!(late > 580 && soon < 450, "{late} late and {soon} near deadlines are left");
}

#[test]
fn a_lower_limit_is_reached_step_by_step() {
    let mut server = Server::new("allkeys-lru");
    server.fill("key", 1_500, &[]);
    let limit = held() - ROOM / 2;
    server.ask(&["CONFIG", "SET", "maxmemory", &limit.to_string()]);
    assert!(held() <= limit, "{} bytes of {limit} are held", held());
}

#[test]
fn what_is_evicted_is_announced_and_recorded() {
    let mut options = Options { memory_used: held, effects: true, ..Options::default() };
    options.set("notify-keyspace-events", "Ee").expect("the classes exist");
    let mut native = Native::with(Clock::Virtual(BEGIN), [3; 16], options);
    let (connection, listener) = (native.open(), native.open());
    native.send(listener, b"SUBSCRIBE __keyevent@0__:evicted\r\n");
    native.receive(listener);
    native.send(connection, b"SET key value\r\n");
    native.send(connection, b"CONFIG SET maxmemory 1 maxmemory-policy allkeys-random\r\n");
    let Received::Reply(message) = native.receive(listener) else { panic!("nothing was announced") };
    assert_eq!(message.elements().and_then(|parts| parts[2].bytes()), Some(b"key".as_slice()));
    assert!(native.effects.ends_with(b"*2\r\n$3\r\nDEL\r\n$3\r\nkey\r\n"));
}

/// Keys go before the next command of any kind, and by themselves, but not while CLIENT PAUSE has the data stand still.
#[test]
fn a_limit_that_comes_down_is_kept_by_whatever_comes_next() {
    let mut server = Server::new("allkeys-lru");
    server.fill("k", 1000, &[]);
    server.ask(&["CLIENT", "PAUSE", "1000", "WRITE"]);
    server.ask(&["CONFIG", "SET", "maxmemory", &(held() - ROOM / 4).to_string()]);
    let limit = held() - ROOM / 4;
    server.native.advance(Duration::from_millis(100));
    assert_eq!(server.ask(&["DBSIZE"]), Reply::Integer(1000));
    server.ask(&["CLIENT", "UNPAUSE"]);
    server.ask(&["PING"]);
    let Reply::Integer(left) = server.ask(&["DBSIZE"]) else { panic!("DBSIZE is a number") };
    assert!(left < 1000 && held() <= limit + ROOM / 16, "{left} keys, {} bytes of {limit}", held());
}
