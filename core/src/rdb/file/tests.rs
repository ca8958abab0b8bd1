//! A base of commands, word by word.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::engine::conversation::Conversation;
use crate::{LoadFormat, SaveFormat, SaveOptions};

/// The commands that a snapshot of what these requests make consists of.
fn base(requests: &[&str]) -> Vec<String> {
    let mut talk = Conversation::new();
    let conn = talk.client();
    for request in requests {
        let reply = talk.ask(conn, request);
        assert!(!reply.starts_with('-'), "{request}: {reply}");
    }
    let options = SaveOptions {
        format: SaveFormat::Commands,
        is_compressed: true,
        compress_min_bytes: 0,
        has_checksum: true,
    };
    talk.snapshot.clear();
    assert_eq!(talk.engine.save_begin(talk.now, options), Ok(()));
    while talk.engine.is_saving() {
        talk.engine.save_step(talk.now, 1);
        talk.collect();
    }
    commands(&String::from_utf8(core::mem::take(&mut talk.snapshot)).expect("these are texts"))
}

/// The words of each command, whose lengths must be right.
fn commands(text: &str) -> Vec<String> {
    let mut lines = text.split("\r\n");
    let mut commands = Vec::new();
    while let Some(head) = lines.next().filter(|head| !head.is_empty()) {
        let count: usize = head.strip_prefix('*').expect("a command begins").parse().expect("a number");
        let words: Vec<&str> = (0..count)
            .map(|_| {
                let len = lines.next().and_then(|line| line.strip_prefix('$')).expect("a length comes next");
                let word = lines.next().expect("a word comes next");
                assert_eq!(word.len().to_string(), len);
                word
            })
            .collect();
        commands.push(words.join(" "));
    }
    assert_eq!(lines.next(), None);
    commands
}

#[test]
fn every_type_is_written_as_redis_writes_it() {
    for (requests, expected) in [
        (&["SET k v", "SELECT 9", "SET n -17"][..], &["SELECT 0", "SET k v", "SELECT 9", "SET n -17"][..]),
        (&["SET k v PXAT 2700000000000"], &["SELECT 0", "SET k v", "PEXPIREAT k 2700000000000"]),
        (&["RPUSH l a 5 b"], &["SELECT 0", "RPUSH l a 5 b"]),
        (&["SADD s 3 1 2"], &["SELECT 0", "SADD s 1 2 3"]),
        (
            &["ZADD z 2.5 a -inf 7", "PEXPIREAT z 2700000000000"],
            &["SELECT 0", "ZADD z -inf 7 2.5 a", "PEXPIREAT z 2700000000000"],
        ),
        (&["HSET h a 1 b 2"], &["SELECT 0", "HSET h a 1 b 2"]),
        (
            &["HSET h a 1 b 2", "HPEXPIREAT h 2700000000000 FIELDS 1 b"],
            &["SELECT 0", "HSET h a 1", "HSET h b 2", "HPEXPIREAT h 2700000000000 FIELDS 1 b"],
        ),
        (&[], &[]),
    ] {
        assert_eq!(base(requests), expected, "{requests:?}");
    }
}

#[test]
fn groups_are_written_with_all_that_is_pending() {
    let requests = [
        "XADD s 1-1 f v g w",
        "XADD s 2-1 f v",
        "XADD s 3-1 f v",
        "XGROUP CREATE s g 0",
        "XREADGROUP GROUP g c COUNT 2 STREAMS s >",
        "XGROUP CREATECONSUMER s g idle",
        "XCLAIM s g c 0 1-1 TIME 1600000000000 RETRYCOUNT 5",
        "XNACK s g FAIL IDS 1 2-1 RETRYCOUNT 3",
        "XDEL s 3-1",
    ];
    assert_eq!(
        base(&requests),
        [
            "SELECT 0",
            "XADD s 1-1 f v g w",
            "XADD s 2-1 f v",
            "XSETID s 3-1 ENTRIESADDED 3 MAXDELETEDID 3-1",
            "XGROUP CREATE s g 2-1 ENTRIESREAD 2",
            "XGROUP CREATECONSUMER s g c",
            "XGROUP CREATECONSUMER s g idle",
            "XCLAIM s g c 0 1-1 TIME 1600000000000 RETRYCOUNT 5 JUSTID FORCE",
            "XNACK s g FAIL IDS 1 2-1 RETRYCOUNT 3 FORCE",
        ]
    );
    assert_eq!(
        base(&["XGROUP CREATE s g $ MKSTREAM"]),
        [
            "SELECT 0",
            "XADD s MAXLEN 0 0-1 x y",
            "XSETID s 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0",
            "XGROUP CREATE s g 0-0 ENTRIESREAD -1",
        ]
    );
}

/// By the time that keys expire by nothing is due while files are loaded; but the clock goes on.
#[test]
fn times_that_commands_tell_are_loaded_as_they_are() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    let log = "XADD s 1-1 f v\r\nXGROUP CREATE s g 0\r\nXCLAIM s g c 0 1-1 TIME 1600000000000 JUSTID FORCE\r\n\
               SET absolute v PXAT 1\r\nPERSIST absolute\r\nSETEX relative 100 v\r\nSET key v\r\nEXPIRE key 100\r\n\
               HSET h f v\r\nHPEXPIRE h 100000 FIELDS 1 f\r\nSET gone v PXAT 1\r\n";
    let log: String = log
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let text: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
            format!("*{}\r\n{text}", words.len())
        })
        .collect();
    talk.engine.load_begin(talk.now, LoadFormat::Commands, None);
    talk.engine.load(talk.now, log.as_bytes()).expect("the commands are right");
    assert_eq!(talk.engine.load_end(talk.now).map(|loaded| loaded.errors), Ok(0));
    let info = talk.ask(conn, "XINFO STREAM s FULL");
    assert!(info.contains(":1600000000000"), "{info}");
    let seen = format!("seen-time|:{}", talk.now / 1000);
    assert!(info.contains(&seen), "{info} has no {seen}");
    for key in ["relative", "key"] {
        talk.check(conn, &format!("TTL {key}"), ":100");
    }
    talk.check(conn, "HTTL h FIELDS 1 f", "*1|:100");
    talk.check(conn, "MGET absolute gone", "*2|$1|v|$-1");
}

#[test]
fn commands_have_so_many_elements_at_most() {
    for (name, arguments, element) in
        [("RPUSH", 1, "e{}"), ("SADD", 1, "e{}"), ("ZADD", 2, "{} e{}"), ("HSET", 2, "f{} v{}")]
    {
        for len in [64, 65, 3000] {
            let elements: Vec<String> =
                (0..len).map(|number| element.replace("{}", &number.to_string())).collect();
            let commands = base(&[&format!("{name} k {}", elements.join(" ")), "PEXPIREAT k 2700000000000"]);
            let (last, commands) = commands[1..].split_last().expect("there are some");
            assert_eq!(last, "PEXPIREAT k 2700000000000");
            let sizes: Vec<usize> =
                commands.iter().map(|command| (command.split(' ').count() - 2) / arguments).collect();
            assert!(sizes.iter().all(|&size| size <= 64) && sizes.iter().sum::<usize>() == len, "{sizes:?}");
            if name != "RPUSH" {
                // Of a list a part is a chunk.
                assert_eq!(sizes.len(), len.div_ceil(64), "{name}");
            }
        }
    }
}
