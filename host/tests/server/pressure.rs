//! What a full sandbox does: it answers everyone, loses nothing, and one that may evict always finds room.

use crate::client::{Client, request};
use crate::process::Process;
use std::io::{BufRead, BufReader, Write};

// Requests for every row of the command table; the file uses nothing but the engine and the standard library.
#[path = "../../../tests/src/vectors.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is a module of another crate, which uses all of it")]
mod vectors;

const OOM: &str = "-OOM command not allowed when all memory is used.";
/// Requests that are sent together.
const BATCH: usize = 500;
/// Requests for random rows to each full sandbox.
const VECTORS: usize = 12_000;

/// A connection that sends many requests at a time and counts replies.
struct Pipeline {
    client: Client,
    replies: BufReader<std::net::TcpStream>,
}

impl Pipeline {
    fn new(server: &Process) -> Self {
        let client = server.client();
        let replies = BufReader::new(client.stream.try_clone().unwrap());
        Self { client, replies }
    }

    /// Sends `count` requests and returns how many were refused for want of memory; no other error may come.
    fn refused(&mut self, count: usize, make: impl FnMut(usize) -> Vec<u8>) -> usize {
        self.run(0..count, make).iter().filter(|line| *line == OOM).count()
    }

    /// The first lines of the replies.
    fn run(&mut self, range: std::ops::Range<usize>, mut make: impl FnMut(usize) -> Vec<u8>) -> Vec<String> {
        let mut lines = Vec::with_capacity(range.len());
        let (mut at, mut bytes) = (range.start, Vec::new());
        while at < range.end {
            let first = at;
            bytes.clear();
            while at < range.end && at - first < BATCH && bytes.len() < 1 << 20 {
                bytes.extend_from_slice(&make(at));
                at += 1;
            }
            let (stream, replies) = (&mut self.client.stream, &mut self.replies);
            let mut writer = stream.try_clone().unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| writer.write_all(&bytes).unwrap());
                for _ in first..at {
                    lines.push(read_reply(replies));
                }
            });
            let wrong =
                lines[lines.len() - (at - first)..].iter().find(|line| line.starts_with('-') && *line != OOM);
            assert_eq!(wrong, None);
        }
        lines
    }

    /// Sends requests until one is refused; returns how many were sent, and how many were not refused.
    fn until_refused(&mut self, mut make: impl FnMut(usize) -> Vec<u8>) -> (usize, usize) {
        let mut sent = 0;
        loop {
            let lines = self.run(sent..sent + BATCH, &mut make);
            let refused = lines.iter().filter(|line| *line == OOM).count();
            sent += BATCH;
            if refused > 0 {
                return (sent, sent - refused);
            }
            assert!(sent < 4_000_000, "memory has no end");
        }
    }
}

/// Reads a reply and returns its first line.
fn read_reply(replies: &mut BufReader<std::net::TcpStream>) -> String {
    let mut line = String::new();
    assert!(replies.read_line(&mut line).unwrap() > 0, "the connection was closed");
    let line = line.trim_end().to_owned();
    match line.as_bytes()[0] {
        b'$' if line != "$-1" => {
            let len: u64 = line[1..].parse().unwrap();
            let mut rest = std::io::Read::take(&mut *replies, len + 2);
            std::io::copy(&mut rest, &mut std::io::sink()).unwrap();
        }
        b'*' if line != "*-1" => {
            for _ in 0..line[1..].parse().unwrap() {
                read_reply(replies);
            }
        }
        _ => {}
    }
    line
}

fn words(words: &[&str]) -> Vec<u8> {
    request(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>())
}

fn start(flags: &[&str]) -> Process {
    Process::start("wasm", flags)
}

fn sandbox(mib: usize) -> Process {
    start(&["--memory-bytes-max", &format!("{mib}mb")])
}

fn size(server: &Process) -> usize {
    let mut client = server.client();
    let line = client.send(words(&["DBSIZE"])).line();
    line[1..].parse().unwrap_or_else(|_| panic!("{line}"))
}

/// Everyone is served, and the engine has not broken down.
fn end_well(server: Process) {
    server.client().ping();
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success() && !log.contains("TRAPPED"), "{log}");
}

#[test]
fn deadlines_are_set_or_refused() {
    let server = sandbox(40);
    let mut pipeline = Pipeline::new(&server);
    let value = "v".repeat(40);
    let (sent, stored) = pipeline.until_refused(|index| words(&["SET", &format!("k{index}"), &value]));
    assert!(stored > 50_000, "{stored}");
    for command in ["EXPIRE", "PEXPIREAT", "GETEX", "PERSIST"] {
        let refused = pipeline.refused(sent, |index| {
            let key = format!("k{}", index * 7919 % sent);
            match command {
                "EXPIRE" => words(&["EXPIRE", &key, "1000"]),
                "PEXPIREAT" => words(&["PEXPIREAT", &key, "4000000000000"]),
                "GETEX" => words(&["GETEX", &key, "EX", "1000"]),
                _ => words(&["PERSIST", &key]),
            }
        });
        assert!(command != "PERSIST" || refused == 0, "{refused}");
        assert_eq!(size(&server), stored, "after {command}, of which {refused} were refused");
    }
    // What is deleted makes room again.
    assert_eq!(pipeline.refused(sent, |index| words(&["DEL", &format!("k{index}")])), 0);
    assert_eq!(
        pipeline.refused(1000, |index| words(&["SET", &format!("k{index}"), &value, "EX", "1000"])),
        0
    );
    end_well(server);
}

#[test]
fn lists_of_the_server_end_where_memory_does() {
    // Ever new consumers, each of whom reads nothing.
    let server = sandbox(48);
    let mut pipeline = Pipeline::new(&server);
    server.client().call(&[b"XGROUP", b"CREATE", b"s", b"g", b"$", b"MKSTREAM"], "+OK\r\n");
    let (made, _) = pipeline.until_refused(|index| {
        words(&["XREADGROUP", "GROUP", "g", &format!("consumer{index}"), "STREAMS", "s", ">"])
    });
    assert!(made > 50_000, "{made}");
    end_well(server);
    // Commands that are all logged, and passwords that are all wrong.
    for (setting, log) in [("slowlog-max-len", "SLOWLOG"), ("acllog-max-len", "ACL")] {
        let server = sandbox(32);
        let mut pipeline = Pipeline::new(&server);
        let mut client = server.client();
        client.call(&[b"CONFIG", b"SET", setting.as_bytes(), b"1000000000"], "+OK\r\n");
        client.call(&[b"CONFIG", b"SET", b"slowlog-log-slower-than", b"0"], "+OK\r\n");
        for round in 0..600 {
            let mut bytes = Vec::new();
            for index in 0..BATCH {
                bytes.extend(match log {
                    "ACL" => words(&["AUTH", &format!("user{round}-{index}"), &"x".repeat(80)]),
                    _ => words(&["ECHO", &"x".repeat(120)]),
                });
            }
            pipeline.client.send(&bytes);
            for _ in 0..BATCH {
                read_reply(&mut pipeline.replies);
            }
        }
        client.ping();
        end_well(server);
    }
}

/// Fills a sandbox in some way; the keys begin with `fill`.
fn fill(pipeline: &mut Pipeline, how: &str) -> usize {
    let value = |bytes: usize| "v".repeat(bytes);
    match how {
        "tiny values" => {
            pipeline.until_refused(|index| words(&["SET", &format!("fill{index}"), &value(20)])).1
        }
        "values of mixed size" => {
            let mixed = |index| words(&["SET", &format!("fill{index}"), &value(1usize << (index % 12))]);
            pipeline.until_refused(mixed).1
        }
        "large values" => {
            let large = |index| words(&["SET", &format!("fill{index}"), &value(100_000)]);
            let stored = pipeline.until_refused(large).1;
            // Small ones fill the rest.
            let small = |index| words(&["SET", &format!("filled{index}"), &value(100)]);
            stored + pipeline.until_refused(small).1
        }
        _ => {
            let mut keys = 0;
            pipeline.until_refused(|index| {
                let (key, element) = (format!("fill{}", index / 600), format!("element{index}"));
                keys = index / 600;
                match keys % 5 {
                    0 => words(&["RPUSH", &key, &element]),
                    1 => words(&["SADD", &key, &element]),
                    2 => words(&["HSET", &key, &element, &element]),
                    3 => words(&["ZADD", &key, "1", &element]),
                    _ => words(&["XADD", &key, "*", &element, &element]),
                }
            });
            keys.saturating_sub(2)
        }
    }
}

/// Whether a request would do what the test counts on not being done.
fn is_harmful(request: &[Vec<u8>]) -> bool {
    let word = |at: usize| request.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    match &*word(0) {
        b"FLUSHALL" | b"FLUSHDB" | b"SWAPDB" | b"SHUTDOWN" | b"DEBUG" | b"RESTORE-ASKING" => true,
        b"CLIENT" => matches!(&*word(1), b"PAUSE" | b"KILL"),
        b"CONFIG" => word(1) == b"SET",
        b"ACL" => matches!(&*word(1), b"SETUSER" | b"LOAD" | b"DELUSER"),
        _ => false,
    }
}

#[test]
fn every_command_is_done_or_refused() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % bound
    };
    for how in ["tiny values", "values of mixed size", "large values", "collections"] {
        let server = sandbox(32);
        let mut pipeline = Pipeline::new(&server);
        for opening in vectors::OPENING {
            pipeline.run(0..1, |_| words(opening));
        }
        let filled = fill(&mut pipeline, how);
        let mut other = server.client();
        let mut sent = 0;
        while sent < VECTORS {
            // Those behind one that waits, or that ends the conversation, are lost.
            let mut bytes = Vec::new();
            for _ in 0..10 {
                let vector = vectors::vector(&mut below);
                if !is_harmful(&vector) {
                    let vector: Vec<&[u8]> = vector.iter().map(Vec::as_slice).collect();
                    bytes.extend(request(&vector));
                }
                sent += 1;
            }
            let mut client = server.client();
            client.send(&bytes);
            drop(client);
            if sent % 100 == 0 {
                other.ping();
            }
        }
        let left = size(&server);
        assert!(left >= filled, "{how}: {left} of {filled} keys are left");
        // It is still a server: what is deleted makes room.
        other.call(&[b"FLUSHALL"], "+OK\r\n").call(&[b"SET", b"k", &[b'v'; 1 << 20]], "+OK\r\n");
        end_well(server);
    }
}

#[test]
fn a_full_sandbox_serves_everyone() {
    for (mib, bytes) in [(64, 1 << 20), (32, 1000), (26, 100)] {
        let server = sandbox(mib);
        let mut pipeline = Pipeline::new(&server);
        let value = "v".repeat(bytes);
        let (_, stored) = pipeline.until_refused(|index| words(&["SET", &format!("k{index}"), &value]));
        assert!(stored > 20, "{stored}");
        // Who was refused goes on.
        assert_eq!(pipeline.run(0..1, |_| words(&["PING"])), ["+PONG"]);
        let clients: Vec<Client> = (0..100)
            .map(|_| {
                let mut client = server.client();
                client.ping().call(&[b"CONFIG", b"SET", b"timeout", b"0"], "+OK\r\n");
                client.call(&[b"CLIENT", b"SETNAME", b"someone"], "+OK\r\n").call(&[b"MULTI"], "+OK\r\n");
                client.call(&[b"DISCARD"], "+OK\r\n").call(&[b"EXISTS", b"k0"], ":1\r\n");
                client
            })
            .collect();
        // A request that does not fit costs itself and nothing else, however it comes.
        let mut client = server.client();
        let large = request(&[b"SET", b"large", &vec![b'x'; 8 << 20]]);
        for part in large.chunks(100_000) {
            client.send(part);
        }
        client.expect(format!("{OOM}\r\n"));
        let mut bytes = words(&["ECHO", "before"]);
        bytes.extend(&large);
        bytes.extend(words(&["ECHO", "after"]));
        client.send(&bytes).expect(format!("$6\r\nbefore\r\n{OOM}\r\n$5\r\nafter\r\n"));
        let mut many = b"*1000001\r\n$4\r\nMSET\r\n".to_vec();
        many.extend_from_slice(&b"$1\r\nk\r\n".repeat(1_000_000));
        many.extend(words(&["PING"]));
        client.send(&many).expect(format!("{OOM}\r\n+PONG\r\n"));
        // In a transaction it is refused like any other.
        client.call(&[b"MULTI"], "+OK\r\n").send(&large).expect(format!("{OOM}\r\n"));
        client.call(&[b"EXEC"], "-EXECABORT Transaction discarded because of previous errors.\r\n");
        assert_eq!(size(&server), stored);
        drop(clients);
        client.call(&[b"FLUSHALL"], "+OK\r\n").call(&[b"SET", b"k", &vec![b'v'; 4 << 20]], "+OK\r\n");
        end_well(server);
    }
}

/// What fills a sandbox is loaded again in its place, without the room of what it replaces.
#[test]
fn what_fills_a_sandbox_is_loaded_again() {
    for how in ["tiny values", "values of mixed size", "collections"] {
        let server = start(&["--memory-bytes-max", "40mb", "--enable-debug-command", "yes"]);
        fill(&mut Pipeline::new(&server), how);
        let stored = size(&server);
        server.client().call(&[b"DEBUG", b"RELOAD"], "+OK\r\n");
        assert_eq!(size(&server), stored, "{how}");
        end_well(server);
    }
}

/// Writes values of some sizes, of which none may be refused.
fn all_are_stored(server: &Process, sizes: &[(usize, usize)]) {
    let mut pipeline = Pipeline::new(server);
    for &(bytes, count) in sizes {
        let value = "v".repeat(bytes);
        let refused = pipeline.refused(count, |index| words(&["SET", &format!("{bytes}:{index}"), &value]));
        assert_eq!(refused, 0, "of {count} values of {bytes} bytes");
    }
}

#[test]
fn eviction_finds_room_whatever_the_sizes() {
    let evicting = |sandbox: &str, maxmemory: &str| {
        start(&["--memory-bytes-max", sandbox, "--maxmemory", maxmemory, "--maxmemory-policy", "allkeys-lru"])
    };
    let server = evicting("256mb", "128mb");
    all_are_stored(&server, &[(200, 500_000), (100_000, 4_000), (200, 100_000)]);
    end_well(server);
    let server = evicting("64mb", "40mb");
    all_are_stored(&server, &[(100, 300_000), (10_000, 21_000), (1_000_000, 200), (100, 300_000)]);
    end_well(server);
    // Without maxmemory it is the sandbox that ends; requests that are received in parts evict as well.
    let server = start(&["--memory-bytes-max", "64mb", "--maxmemory-policy", "allkeys-lru"]);
    all_are_stored(&server, &[(100_000, 2_000), (1_000_000, 200), (100, 500_000), (3_000_000, 20)]);
    end_well(server);
}

#[test]
fn what_was_deleted_serves_other_sizes() {
    for (small, large, count) in [(100, 1 << 20, 36), (2_000, 1 << 20, 36), (10_000, 2 << 20, 14)] {
        let server = sandbox(64);
        let mut pipeline = Pipeline::new(&server);
        let value = "v".repeat(small);
        let (sent, _) = pipeline.until_refused(|index| words(&["SET", &format!("k{index}"), &value]));
        // All but every twentieth goes.
        let lines = pipeline.run(0..sent, |index| {
            if index % 20 == 0 {
                words(&["EXISTS", &format!("k{index}")])
            } else {
                words(&["DEL", &format!("k{index}")])
            }
        });
        assert!(lines.iter().filter(|line| *line == ":1").count() > sent - BATCH);
        let value = "w".repeat(large);
        // Received requests take as much as what they store, for a while; and large values stay where they are, with
        // less between them than another one takes.
        let refused = pipeline.refused(count, |index| words(&["SET", &format!("large{index}"), &value]));
        assert_eq!(refused, 0, "of values of {large} bytes after {small}");
        server.client().ping();
        let mut client = server.client();
        for index in (0..sent - BATCH).step_by(20 * 97) {
            client.call(&[b"STRLEN", format!("k{index}").as_bytes()], format!(":{small}\r\n"));
        }
        end_well(server);
    }
}
