//! Dumps and bases are of one moment, although everything is changed while they are written, and redis-server reads them.

use crate::client::{Client, request};
use crate::durability::{ask, digest, info, start_in, wait_for};
use crate::on_both_engines;
use crate::process::TempDir;
use crate::redis::{self, Redis};
use std::fs;
use std::io::Read;

on_both_engines!(
    a_dump_is_of_the_moment_when_it_began,
    a_base_and_what_follows_it_meet,
    a_base_of_commands_and_what_follows_it_meet,
    a_base_of_commands_has_groups_and_deadlines,
    what_redis_7_0_does_not_know_is_kept,
);

/// Values of each kind that are so large that single elements of them are saved.
const LARGE: usize = 4;
/// Elements of a large value.
const ELEMENTS: usize = 15_000;

/// Sends requests, each words with single spaces, and takes all replies, of which none may be an error.
fn all(client: &mut Client, requests: &[String]) -> String {
    let mut sent = Vec::new();
    for text in requests {
        sent.extend(request(&text.split(' ').map(str::as_bytes).collect::<Vec<_>>()));
    }
    exchange(client, sent)
}

fn exchange(client: &mut Client, mut sent: Vec<u8>) -> String {
    const END: &[u8] = b"$5\r\n=end=\r\n";
    sent.extend(request(&[b"ECHO", b"=end="]));
    client.send(sent);
    let mut seen = Vec::new();
    let mut piece = [0; 64 << 10];
    while !seen.ends_with(END) {
        let len = client.stream.read(&mut piece).unwrap();
        assert!(len > 0, "closed after {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..len]);
    }
    seen.truncate(seen.len() - END.len());
    let text = String::from_utf8_lossy(&seen).into_owned();
    let error = text.lines().find(|line| line.starts_with('-') && line.contains(' '));
    assert_eq!(error, None);
    text
}

/// Values of all types and encodings, in some databases, as far as Redis 7.0 knows them.
fn fill(client: &mut Client) {
    let script = "local n, kind = tonumber(ARGV[1]), ARGV[2] for i = 1, n do \
        if kind == 'h' then redis.call('hset', KEYS[1], 'field:' .. i, 'value:' .. i * i) \
        elseif kind == 's' then redis.call('sadd', KEYS[1], 'member:' .. i) \
        elseif kind == 'i' then redis.call('sadd', KEYS[1], i * 7) \
        elseif kind == 'z' then redis.call('zadd', KEYS[1], i / 8, 'member:' .. i) \
        elseif kind == 'l' then redis.call('rpush', KEYS[1], 'element:' .. i) \
        elseif kind == 'w' then redis.call('rpush', KEYS[1], string.rep('wide' .. i, 3000)) \
        elseif kind == 'x' then redis.call('xadd', KEYS[1], i .. '-1', 'name', 'value:' .. i, 'n', i) \
        elseif kind == 'k' then redis.call('set', KEYS[1] .. i, 'value:' .. i) if i % 3 == 0 then \
          redis.call('pexpire', KEYS[1] .. i, 100000000 + i) end \
        end end";
    let mut make = |key: &str, count: usize, kind: &str| {
        let count = count.to_string();
        let words = [b"EVAL", script.as_bytes(), b"1", key.as_bytes(), count.as_bytes(), kind.as_bytes()];
        exchange(client, request(&words));
    };
    for db_kind in ["h", "s", "i", "z", "l", "x"] {
        make(&format!("small:{db_kind}"), 20, db_kind);
        for number in 0..LARGE {
            make(&format!("large:{db_kind}:{number}"), ELEMENTS, db_kind);
        }
    }
    make("wide:l", 40, "w");
    make("key:", 20_000, "k");
    for (key, value) in [
        ("text", "x".repeat(400_000)),
        (
            "digits",
            (0..120_000)
                .map(|number: u32| char::from(b'!' + (number.wrapping_mul(2_654_435_761) >> 26) as u8))
                .collect(),
        ),
        ("number", "-17".to_owned()),
        ("empty", String::new()),
    ] {
        client.call(&[b"SET", key.as_bytes(), value.as_bytes()], "+OK\r\n");
    }
    let library = b"#!lua name=lib\nredis.register_function('one', function() return 1 end)";
    exchange(client, request(&[b"FUNCTION", b"LOAD", library]));
    let texts = [
        "XGROUP CREATE large:x:0 readers 0",
        "XGROUP CREATE large:x:1 late $ ENTRIESREAD 5",
        "XDEL large:x:1 7-1 8-1",
        "XADD emptied 1-1 a b",
        "XDEL emptied 1-1",
        "HSET fields long short short long",
        "ZADD extremes -inf low inf high 0.1 tenth -0 zero",
        "EXPIRE large:h:3 100000",
        "PFADD sketch a b c d",
        "GEOADD places 13.36 38.11 Palermo",
        "SELECT 3",
        "RPUSH elsewhere a b c",
        "SETEX volatile 100000 v",
        "SELECT 9",
        "SADD flushed a b c",
        "SELECT 0",
    ];
    all(client, &texts.map(str::to_owned));
}

/// Changes to values of all kinds, other ones each turn.
fn changes(turn: usize) -> Vec<String> {
    let mut requests = Vec::new();
    for step in 0..8 {
        let at = (turn * 8 + step) * 7919 % ELEMENTS;
        for number in 0..LARGE {
            requests.extend([
                format!("HSET large:h:{number} field:{at} changed new:{turn} v"),
                format!("HDEL large:h:{number} field:{}", at + 1),
                format!("SREM large:s:{number} member:{at}"),
                format!("SADD large:s:{number} new:{turn}"),
                format!("SREM large:i:{number} {}", at * 7),
                format!("ZINCRBY large:z:{number} 1000 member:{at}"),
                format!("ZREM large:z:{number} member:{}", at + 1),
                format!("ZADD large:z:{number} 3 new:{turn}"),
            ]);
        }
        requests.extend([
            format!("INCRBY count:{at} 3"),
            format!("SET key:{} changed", at % 20_000),
            format!("DEL key:{}", (at + 1) % 20_000),
            format!("PERSIST key:{}", (at + 2) % 20_000),
            format!("PEXPIRE key:{} 99999999", (at + 3) % 20_000),
        ]);
    }
    // Each of these values is changed in another turn, since that finishes it at once.
    match turn {
        0..4 => requests.extend([
            format!("RPUSH large:l:{turn} more"),
            format!("XADD large:x:{turn} * more 1"),
            format!("LPOP wide:l {}", turn + 1),
        ]),
        4 => requests.push("APPEND text more".to_owned()),
        5 => requests.push("SETRANGE digits 7 -".to_owned()),
        6 => requests.extend(["SELECT 9", "FLUSHDB", "SELECT 0", "SWAPDB 3 5"].map(str::to_owned)),
        7 => requests.extend(["RENAME large:h:0 moved", "COPY large:z:0 copied"].map(str::to_owned)),
        8 => {
            requests.extend(["RENAME moved large:h:0", "DEL large:s:3", "FUNCTION FLUSH"].map(str::to_owned))
        }
        _ => {}
    }
    requests
}

/// Has everything saved while it is changed.
fn save_among_changes(client: &mut Client, command: &str, field: &str) {
    assert!(ask(client, command).starts_with("+Background"));
    // It begins between two calls.
    while info(client, "current_save_keys_total") == "0" {
        assert_eq!(info(client, field), "1", "the save has ended before anything was changed");
    }
    let mut turn = 0;
    while info(client, field) == "1" {
        all(client, &changes(turn));
        turn += 1;
    }
    assert!(turn > 2, "{turn} turns while everything was saved");
}

fn other(engine: &str) -> &'static str {
    if engine == "wasm" { "native" } else { "wasm" }
}

fn a_dump_is_of_the_moment_when_it_began(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &[]);
    let mut client = server.client();
    fill(&mut client);
    let seen = digest(&mut client);
    save_among_changes(&mut client, "BGSAVE", "rdb_bgsave_in_progress");
    assert_eq!(info(&mut client, "rdb_last_bgsave_status"), "ok");
    assert_ne!(digest(&mut client), seen);
    server.kill();
    assert_eq!(digest(&mut start_in(&dir, other(engine), &[]).client()), seen);
    if redis::is_there() {
        redis::check("redis-check-rdb", &dir.path().join("dump.rdb"));
        assert_eq!(Redis::start(dir.path(), &[]).digest(), seen);
    }
}

fn a_base_and_what_follows_it_meet(engine: &str) {
    base_and_commands_meet(engine, "yes", "rdb");
}

fn a_base_of_commands_and_what_follows_it_meet(engine: &str) {
    base_and_commands_meet(engine, "no", "aof");
}

fn base_and_commands_meet(engine: &str, preamble: &str, ending: &str) {
    let dir = TempDir::new();
    let flags =
        ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--aof-use-rdb-preamble", preamble];
    let server = start_in(&dir, engine, &flags);
    let mut client = server.client();
    fill(&mut client);
    save_among_changes(&mut client, "BGREWRITEAOF", "aof_rewrite_in_progress");
    assert_eq!(info(&mut client, "aof_last_bgrewrite_status"), "ok");
    let seen = digest(&mut client);
    server.kill();
    assert!(dir.path().join(format!("appendonlydir/appendonly.aof.1.base.{ending}")).exists());
    assert_eq!(digest(&mut start_in(&dir, other(engine), &flags).client()), seen);
    if redis::is_there() {
        redis::check("redis-check-aof", &dir.path().join("appendonlydir/appendonly.aof.manifest"));
        assert_eq!(Redis::start(dir.path(), &["--appendonly", "yes"]).digest(), seen);
    }
}

/// The lines of replies, without what passes with time and what commands cannot tell.
fn lasting(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut kept: Vec<String> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        // How many facts there are of something with a name depends on the server's version.
        let is_count = lines[at].starts_with('*') && lines.get(at + 2) == Some(&"name");
        if matches!(lines[at], "seen-time" | "active-time") {
            // Its length stands before it, and the time behind it.
            kept.pop();
            at += 1;
        } else if !is_count {
            kept.push(lines[at].to_owned());
        }
        at += 1;
    }
    kept
}

/// Shows the first line in which they differ.
fn assert_same(found: &[String], expected: &[String]) {
    if let Some(at) = (0..found.len().max(expected.len())).find(|&at| found.get(at) != expected.get(at)) {
        let around = |lines: &[String]| lines[at.saturating_sub(9)..lines.len().min(at + 3)].join(" ");
        panic!("{} instead of {}", around(found), around(expected));
    }
}

/// Three consumers take 500 entries each of a stream that [`fill`] makes, and give two of them back as done.
fn what_readers_send() -> Vec<String> {
    let of_one = |number: usize| {
        [
            format!("XREADGROUP GROUP readers reader:{number} COUNT 500 STREAMS large:x:0 >"),
            format!("XACK large:x:0 readers {}-1 {}-1", number * 500 + 3, number * 500 + 4),
        ]
    };
    (0..3).flat_map(of_one).collect()
}

fn a_base_of_commands_has_groups_and_deadlines(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    let mut client = server.client();
    fill(&mut client);
    let mut requests = what_readers_send();
    let more = [
        "XCLAIM large:x:0 readers reader:1 0 10-1 11-1 TIME 1600000000000 RETRYCOUNT 7",
        "XGROUP CREATECONSUMER large:x:0 readers idle",
        "XGROUP CREATE emptied group 0",
        "XGROUP CREATE begun group $ MKSTREAM",
        "XADD small:stream 5-5 a b c d",
        "XADD small:stream 5-6 other 1",
        "XGROUP CREATE small:stream group 5-5 ENTRIESREAD 1",
        "XREADGROUP GROUP group someone COUNT 1 STREAMS small:stream >",
        "XSETID small:stream 9-9 ENTRIESADDED 12 MAXDELETEDID 3-3",
        "PEXPIREAT large:l:0 2700000000000",
        "PEXPIREAT large:x:0 2700000000001",
        "PEXPIREAT large:z:0 2700000000002",
        "PEXPIREAT text 2700000000003",
    ];
    requests.extend(more.map(str::to_owned));
    all(&mut client, &requests);
    let looks = [
        "XINFO STREAM large:x:0 FULL COUNT 0",
        "XINFO STREAM emptied FULL",
        "XINFO STREAM begun FULL",
        "XINFO STREAM small:stream FULL",
        "XPENDING large:x:0 readers",
        "PEXPIRETIME large:l:0",
        "PEXPIRETIME large:x:0",
        "PEXPIRETIME large:z:0",
        "PEXPIRETIME text",
        "PEXPIRETIME key:3",
        "FUNCTION LIST",
    ];
    let rewrite = |client: &mut Client| {
        client.call(&[b"BGREWRITEAOF"], "+Background append only file rewriting started\r\n");
        wait_for(client, "aof_rewrite_in_progress", "0");
        assert_eq!(info(client, "aof_last_bgrewrite_status"), "ok");
    };
    let folder = dir.path().join("appendonlydir");
    // The setting counts from the next base on.
    client.call(&[b"CONFIG", b"SET", b"aof-use-rdb-preamble", b"no"], "+OK\r\n");
    rewrite(&mut client);
    let base = folder.join("appendonly.aof.1.base.aof");
    let written = fs::read(&base).unwrap();
    assert!(written.starts_with(b"*3\r\n$8\r\nFUNCTION\r\n"));
    let look = |client: &mut Client| (digest(client), lasting(&all(client, &looks.map(str::to_owned))));
    let seen = look(&mut client);
    server.kill();
    if redis::is_there() {
        let manifest = folder.join("appendonly.aof.manifest");
        redis::check("redis-check-aof", &manifest);
        let kept = fs::read(&manifest).unwrap();
        let redis = Redis::start(dir.path(), &["--appendonly", "yes"]);
        let (digest, told) = look(&mut redis.client());
        assert_eq!(digest, seen.0);
        assert_same(&told, &seen.1);
        drop(redis);
        assert_eq!(fs::read(&base).unwrap(), written);
        fs::write(&manifest, kept).unwrap();
    }
    let field_times = "HPEXPIRETIME small:h FIELDS 3 field:1 field:2 field:3".to_owned();
    let fields = |client: &mut Client| all(client, std::slice::from_ref(&field_times));
    let server = start_in(&dir, other(engine), &["--appendonly", "yes", "--aof-use-rdb-preamble", "no"]);
    let mut client = server.client();
    let again = look(&mut client);
    assert_eq!(again.0, seen.0);
    assert_same(&again.1, &seen.1);
    // What Redis 7.0 does not know.
    let newer = [
        "HPEXPIREAT small:h 2700000000000 FIELDS 2 field:1 field:3",
        "HPEXPIREAT large:h:0 2700000000000 FIELDS 2 field:1 field:3",
        "XNACK large:x:0 readers FAIL IDS 1 20-1 RETRYCOUNT 3",
    ];
    all(&mut client, &newer.map(str::to_owned));
    rewrite(&mut client);
    let (seen, seen_fields) = (look(&mut client), fields(&mut client));
    server.kill();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    let mut client = server.client();
    let again = look(&mut client);
    assert_eq!((again.0, fields(&mut client)), (seen.0, seen_fields));
    assert_same(&again.1, &seen.1);
    rewrite(&mut client);
    server.kill();
    assert!(folder.join("appendonly.aof.3.base.rdb").exists());
    assert!(!folder.join("appendonly.aof.2.base.aof").exists());
}

/// Consumers and what they were given, and deadlines of fields, in a dump that is written while they are changed.
fn what_redis_7_0_does_not_know_is_kept(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &[]);
    let mut client = server.client();
    fill(&mut client);
    let mut requests = what_readers_send();
    for at in 1..ELEMENTS / 10 {
        requests.push(format!("HPEXPIRE large:h:1 {} FIELDS 1 field:{}", 100_000_000 + at, at * 3));
    }
    requests.push("HPEXPIRE small:h 100000000 FIELDS 2 field:1 field:7".to_owned());
    all(&mut client, &requests);
    let looks =
        ["XINFO STREAM large:x:0 FULL COUNT 0", "HPEXPIRETIME large:h:1 FIELDS 3 field:3 field:4 field:30"];
    let look = |client: &mut Client| (digest(client), all(client, &looks.map(str::to_owned)));
    let seen = look(&mut client);
    save_among_changes(&mut client, "BGSAVE", "rdb_bgsave_in_progress");
    all(&mut client, &["HPERSIST large:h:1 FIELDS 1 field:3".to_owned()]);
    server.kill();
    let server = start_in(&dir, other(engine), &[]);
    let mut client = server.client();
    assert_eq!(look(&mut client), seen);
    // And what was loaded is saved again.
    client.call(&[b"BGSAVE"], "+Background saving started\r\n");
    wait_for(&mut client, "rdb_bgsave_in_progress", "0");
    server.kill();
    assert_eq!(look(&mut start_in(&dir, engine, &[]).client()), seen);
    assert!(fs::read(dir.path().join("dump.rdb")).unwrap().starts_with(b"REDIS0012"));
}
