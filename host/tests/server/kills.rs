//! The server is killed in the midst of writes, again and again, and loses nothing that it has acknowledged; what it has
//! left is read by redis-server, too.
//!
//! `SANDERLING_KILLS=1000` kills more often. A kill leaves what was written with the system; what a loss of power leaves is
//! simulated in `core/persist/tests`.

use crate::client::{Client, request};
use crate::on_both_engines;
use crate::process::{PATIENCE, Process, TempDir};
use crate::redis::{self, Redis};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

on_both_engines!(kills_lose_nothing_that_was_acknowledged);

/// Kills per engine.
const KILLS: usize = 30;
const CLIENTS: usize = 4;
/// After so many kills the directory is shown to redis-server.
const KILLS_PER_LOOK: usize = 10;

/// What a client knows: how often each of its kinds of requests was acknowledged, and which one is under way.
#[derive(Clone, Copy, Default, Debug)]
struct Journal {
    acknowledged: [u64; 4],
    sent: [u64; 4],
}

fn kills_lose_nothing_that_was_acknowledged(engine: &str) {
    let kills = std::env::var("SANDERLING_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let dir = TempDir::new();
    let path = dir.path().to_str().unwrap();
    let mut journals = [Journal::default(); CLIENTS];
    let mut random = 0x2545_f491_4f6c_dd1du64;
    for kill in 0..kills {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let policy = if kill % 2 == 0 { "always" } else { "everysec" };
        let flags = ["--dir", path, "--appendonly", "yes", "--appendfsync", policy];
        let server = Process::start(engine, &flags);
        check(&mut server.client(), &mut journals);
        work_until_killed(server, &mut journals, random);
        if kill % KILLS_PER_LOOK == KILLS_PER_LOOK - 1 {
            compare_with_redis(engine, &dir);
        }
    }
}

/// Lets clients write until the server is killed, after a random time.
fn work_until_killed(server: Process, journals: &mut [Journal], random: u64) {
    let port = server.port;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (acknowledged, first) = std::sync::mpsc::channel();
        for (number, journal) in journals.iter_mut().enumerate() {
            let (is_over, acknowledged) = (&is_over, acknowledged.clone());
            scope.spawn(move || write_on(port, number, journal, is_over, &acknowledged));
        }
        drop(acknowledged);
        first.recv_timeout(PATIENCE).expect("some write is acknowledged");
        let until = Instant::now() + Duration::from_micros(random % 30_000);
        if random.is_multiple_of(3) {
            server.client().send("BGREWRITEAOF\r\n").line();
        }
        while Instant::now() < until {
            std::thread::yield_now();
        }
        is_over.store(true, Ordering::Relaxed);
        server.kill();
    });
}

/// Writes until the connection breaks, which it must not do before the server is killed.
fn write_on(
    port: u16,
    number: usize,
    journal: &mut Journal,
    is_over: &AtomicBool,
    acknowledged: &std::sync::mpsc::Sender<()>,
) {
    let script =
        "redis.call('incr',KEYS[1]) redis.call('rpush',KEYS[2],'x') return redis.call('incr',KEYS[3])";
    let key = |name: &str| format!("{name}:{number}");
    let requests: [Vec<u8>; 4] = [
        words(&["INCR", &key("counter")]),
        words(&["RPUSH", &key("list"), &"v".repeat(100)]),
        [words(&["MULTI"]), words(&["INCR", &key("a")]), words(&["INCR", &key("b")]), words(&["EXEC"])]
            .concat(),
        words(&["EVAL", script, "3", &key("one"), &key("pushed"), &key("two")]),
    ];
    let lines = [1, 1, 6, 1];
    // The kill may come between the connection and its first request.
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut replies = BufReader::new(stream.try_clone().unwrap());
    for turn in 0.. {
        let kind = turn % requests.len();
        journal.sent[kind] += 1;
        if std::io::Write::write_all(&mut stream, &requests[kind]).is_err() {
            return;
        }
        for _ in 0..lines[kind] {
            let mut line = String::new();
            match replies.read_line(&mut line) {
                Ok(count) if count > 0 && line.ends_with("\r\n") => assert!(!line.starts_with('-'), "{line}"),
                _ => {
                    assert!(is_over.load(Ordering::Relaxed), "the connection is broken before the kill");
                    return;
                }
            }
        }
        journal.acknowledged[kind] += 1;
        let _ = acknowledged.send(());
    }
}

fn words(words: &[&str]) -> Vec<u8> {
    request(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>())
}

/// Everything acknowledged is there, of what was sent no more than that, and transactions and scripts are whole.
fn check(client: &mut Client, journals: &mut [Journal]) {
    for (number, journal) in journals.iter_mut().enumerate() {
        let mut number_of = |command: &str, name: &str| {
            client.send(words(&[command, &format!("{name}:{number}")]));
            let line = client.line();
            let text = match line.strip_prefix('$') {
                Some("-1") => "0".to_owned(),
                Some(_) => client.line(),
                None => line.trim_start_matches(':').to_owned(),
            };
            text.parse::<u64>().unwrap_or_else(|_| panic!("{line}"))
        };
        let found = [
            number_of("GET", "counter"),
            number_of("LLEN", "list"),
            number_of("GET", "a"),
            number_of("GET", "one"),
        ];
        assert_eq!(found[2], number_of("GET", "b"), "half a transaction of client {number}");
        assert_eq!(found[3], number_of("GET", "two"), "half a script of client {number}");
        assert_eq!(found[3], number_of("LLEN", "pushed"), "half a script of client {number}");
        for (kind, &found) in found.iter().enumerate() {
            let (least, most) = (journal.acknowledged[kind], journal.sent[kind]);
            assert!(
                (least..=most).contains(&found),
                "client {number} has {found} of kind {kind}, {least} were acknowledged and {most} sent"
            );
        }
        *journal = Journal { acknowledged: found, sent: found };
    }
}

/// redis-server 7.0.15 loads the same directory, to the same digest.
fn compare_with_redis(engine: &str, dir: &TempDir) {
    if !redis::is_there() {
        return;
    }
    let flags =
        ["--dir", dir.path().to_str().unwrap(), "--appendonly", "yes", "--enable-debug-command", "yes"];
    let server = Process::start(engine, &flags);
    let ours = server.client().send(b"DEBUG DIGEST\r\n").line();
    server.kill();
    let theirs = Redis::start(dir.path(), &["--appendonly", "yes"]).digest();
    assert_eq!(theirs, ours);
}
