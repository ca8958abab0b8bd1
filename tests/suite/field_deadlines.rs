//! Fields of hashes that expire: random commands, compared with a newer server and replayed from their effects.

use std::time::Duration;

use sanderling_tests::random::Random;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Native, Received, Target, Tcp};
use sanderling_tests::text::{encode_request, show};

/// Where time begins: 2024-01-01.
const BEGIN: u64 = 1_704_067_200_000_000;
const KEYS: usize = 4;
const COMMANDS: usize = 3_000;

/// With a server whose hashes have fields that expire, all of whose data is deleted:
/// `SANDERLING_NEWER_ADDRESS=127.0.0.1:6380 cargo test -p sanderling-tests field_deadlines`.
#[test]
fn a_newer_server_answers_alike() {
    let Ok(address) = std::env::var("SANDERLING_NEWER_ADDRESS") else {
        println!("SKIPPED fields that expire on a newer server: SANDERLING_NEWER_ADDRESS names none");
        return;
    };
    let mut newer = Tcp::new(&address, &address, (7, 4)).expect("the named server answers");
    let mut engine = Native::new(Clock::Machine, [5; 16], &[]);
    let connections = (newer.open(), engine.open());
    for seed in 0..10 {
        let mut random = Random::new(seed);
        // Few fields stay compact, many do not.
        let fields = if seed % 2 == 0 { 6 } else { 300 };
        for args in [words("FLUSHALL"), words("CONFIG SET hash-max-listpack-entries 128")] {
            ask(&mut newer, connections.0, &args);
            ask(&mut engine, connections.1, &args);
        }
        for step in 0..COMMANDS {
            let args = request(&mut random, fields, false);
            let replies = (ask(&mut newer, connections.0, &args), ask(&mut engine, connections.1, &args));
            let (theirs, ours) = (canonical(&args, replies.0), canonical(&args, replies.1));
            assert_eq!(theirs, ours, "seed {seed}, step {step}: {:?}", text(&args));
        }
        // What one dumps, the other restores.
        for key in 0..KEYS {
            let key = format!("h{key}");
            let dumped = ask(&mut engine, connections.1, &words(&format!("DUMP {key}")));
            let Reply::Bulk(payload) = dumped else { continue };
            let expected = whole(&mut engine, connections.1, &key);
            let restore = [words("RESTORE copy 0"), vec![payload, b"REPLACE".to_vec()]].concat();
            let reply = ask(&mut newer, connections.0, &restore);
            assert!(reply.is_simple("OK"), "{}", show(&reply));
            assert_eq!(whole(&mut newer, connections.0, "copy"), expected);
            let Reply::Bulk(payload) = ask(&mut newer, connections.0, &words("DUMP copy")) else {
                panic!("a key that was just restored has a dump")
            };
            let restore = [words("RESTORE copy 0"), vec![payload, b"REPLACE".to_vec()]].concat();
            let reply = ask(&mut engine, connections.1, &restore);
            assert!(reply.is_simple("OK"), "{}", show(&reply));
            assert_eq!(whole(&mut engine, connections.1, "copy"), expected);
        }
    }
}

#[test]
fn replaying_effects_gives_the_same_fields() {
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let fields = if seed % 2 == 0 { 6 } else { 300 };
        let mut first = Native::new(Clock::Virtual(BEGIN), [seed as u8; 16], &[("effects", "yes")]);
        let connection = first.open();
        for _ in 0..COMMANDS {
            let args = request(&mut random, fields, true);
            ask(&mut first, connection, &args);
            if random.one_in(4) {
                first.advance(Duration::from_millis(random.below(40) as u64));
            }
        }
        let state: Vec<_> = (0..KEYS).map(|key| whole(&mut first, connection, &format!("h{key}"))).collect();

        // Time stands still, so nothing expires but by an effect.
        let mut second = Native::new(Clock::Virtual(BEGIN), [0xff; 16], &[]);
        let connection = second.open();
        second.send(connection, &first.effects);
        loop {
            match second.receive_now(connection) {
                Received::Nothing => break,
                Received::Reply(Reply::Error(text)) => {
                    panic!("seed {seed}: an effect is refused: {}", String::from_utf8_lossy(&text))
                }
                Received::Reply(_) => {}
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        for (key, expected) in state.iter().enumerate() {
            assert_eq!(whole(&mut second, connection, &format!("h{key}")), *expected, "seed {seed}");
        }
    }
}

/// Every field that is due goes by itself, however many there are.
#[test]
fn many_fields_go_by_themselves() {
    let mut engine = Native::new(Clock::Virtual(BEGIN), [1; 16], &[]);
    let connection = engine.open();
    for key in 0..30 {
        let mut set = words(&format!("HSETEX many{key} PX {} FIELDS 700", 1_000 + key));
        set.extend((0..1_400).map(|number| (number / 2).to_string().into_bytes()));
        assert_eq!(ask(&mut engine, connection, &set), Reply::Integer(1));
        ask(&mut engine, connection, &words(&format!("HSET many{key} stays 1")));
    }
    engine.advance(Duration::from_millis(1_029));
    assert_eq!(ask(&mut engine, connection, &words("HLEN many29")), Reply::Integer(701));
    engine.advance(Duration::from_millis(1));
    for key in 0..30 {
        assert_eq!(ask(&mut engine, connection, &words(&format!("HLEN many{key}"))), Reply::Integer(1));
    }
}

/// A random request on a few hashes. Deadlines lie long ago or far away, or a few milliseconds ahead if `is_soon`.
fn request(random: &mut Random, fields: usize, is_soon: bool) -> Vec<Vec<u8>> {
    let key = format!("h{}", random.below(KEYS));
    let field = |random: &mut Random| match random.below(3) {
        0 => format!("field{}", random.below(fields)),
        _ => random.below(fields).to_string(),
    };
    let value = |random: &mut Random| match random.below(30) {
        0 => "v".repeat(100),
        _ => random.below(100).to_string(),
    };
    let (unit, time) = match random.below(8) {
        0 => ("PXAT", "1".to_owned()),
        1 => ("EX", "0".to_owned()),
        _ if is_soon => ("PX", random.between(1, 300).to_string()),
        2 => ("EXAT", (4_102_444_800u64 + random.below(5) as u64).to_string()),
        _ => ("PXAT", (4_102_444_800_000u64 + random.below(500) as u64).to_string()),
    };
    let mut count = random.between(1, 4);
    if random.one_in(20) {
        count = random.between(1, fields);
    }
    let names: Vec<String> = (0..count).map(|_| field(random)).collect();
    let named = format!("FIELDS {count} {}", names.join(" "));
    let pairs: Vec<String> = names.iter().map(|name| format!("{name} {}", value(random))).collect();
    let pairs = pairs.join(" ");
    let expire = match unit {
        "EX" => "HEXPIRE",
        "PX" => "HPEXPIRE",
        "EXAT" => "HEXPIREAT",
        _ => "HPEXPIREAT",
    };
    words(&match random.below(24) {
        0..=3 => format!("HSET {key} {pairs}"),
        4 => format!("HSETEX {key} FIELDS {count} {pairs}"),
        5 => format!("HSETEX {key} KEEPTTL FIELDS {count} {pairs}"),
        6 => format!("HSETEX {key} FNX {unit} {time} FIELDS {count} {pairs}"),
        7 => format!("HSETEX {key} {unit} {time} FXX FIELDS {count} {pairs}"),
        8 => format!("HSETEX {key} {unit} {time} FIELDS {count} {pairs}"),
        9 => format!("HGETEX {key} {unit} {time} {named}"),
        10 => format!("HGETEX {key} {} {named}", random.pick(&["PERSIST", ""])),
        11 => format!("HGETDEL {key} {named}"),
        12..=14 => format!("{expire} {key} {time} {} {named}", random.pick(&["", "NX", "XX", "GT", "LT"])),
        15 => format!("HPERSIST {key} {named}"),
        16 => format!("{} {key} {named}", random.pick(&["HEXPIRETIME", "HPEXPIRETIME"])),
        17 => format!("HDEL {key} {}", names.join(" ")),
        18 => format!("HINCRBY {key} {} 1", names[0]),
        19 => format!("HINCRBYFLOAT {key} {} 0.5", names[0]),
        20 => format!("HGETALL {key}"),
        21 => format!("HMGET {key} {}", names.join(" ")),
        22 => format!("{} {key} h{} {}", "COPY", random.below(KEYS), random.pick(&["", "REPLACE"])),
        _ => match random.below(6) {
            0 => format!("RENAME {key} h{}", random.below(KEYS)),
            1 => format!("HSETNX {key} {pairs}"),
            2 => format!("DEL {key}"),
            _ => format!("HLEN {key}"),
        },
    })
}

fn words(line: &str) -> Vec<Vec<u8>> {
    line.split_ascii_whitespace().map(|word| word.as_bytes().to_vec()).collect()
}

fn text(args: &[Vec<u8>]) -> String {
    args.iter().map(|arg| String::from_utf8_lossy(arg)).collect::<Vec<_>>().join(" ")
}

fn ask(target: &mut dyn Target, connection: usize, args: &[Vec<u8>]) -> Reply {
    let mut bytes = Vec::new();
    encode_request(args, &mut bytes);
    target.send(connection, &bytes);
    match target.receive(connection) {
        Received::Reply(reply) => reply,
        other => panic!("no reply to {:?} but {other:?}", text(args)),
    }
}

/// The order of a whole hash is open.
fn canonical(args: &[Vec<u8>], reply: Reply) -> Reply {
    match reply {
        Reply::Array(items) if args[0] == b"HGETALL" => {
            let mut pairs: Vec<_> = items.chunks(2).map(<[Reply]>::to_vec).collect();
            pairs.sort_by_key(|pair| pair[0].bytes().map(<[u8]>::to_vec));
            Reply::Array(pairs.concat())
        }
        reply => reply,
    }
}

/// Fields, values and deadlines of a hash.
fn whole(target: &mut dyn Target, connection: usize, key: &str) -> Vec<(String, i64)> {
    let all = canonical(&words("HGETALL"), ask(target, connection, &words(&format!("HGETALL {key}"))));
    let pairs = all.elements().expect("HGETALL gives an array").chunks(2);
    let mut fields = Vec::new();
    for pair in pairs {
        let [name, value] =
            [&pair[0], &pair[1]].map(|part| String::from_utf8_lossy(part.bytes().expect("text")));
        let asked = words(&format!("HPEXPIRETIME {key} FIELDS 1 {name}"));
        let Reply::Array(deadline) = ask(target, connection, &asked) else {
            panic!("a deadline in an array")
        };
        let [Reply::Integer(deadline)] = deadline[..] else { panic!("one deadline") };
        fields.push((format!("{name} = {value}"), deadline));
    }
    fields
}
