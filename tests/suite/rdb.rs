//! Serialised values go to redis-server and come from it, and none does harm.

use sanderling_core::internals::EncodingLimits;
use sanderling_core::internals::Entry;
use sanderling_core::internals::HashSeed;
use sanderling_core::internals::Memory;
use sanderling_core::rdb::{self, crc64};
use sanderling_tests::differential::session::{Held, Session};
use sanderling_tests::random::Random;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Native, Oracle, Received, Target, Tcp, compared};
use sanderling_tests::text::{encode_request, show};

use crate::memory::peak_during;

/// Payloads that are spoiled.
const MUTATIONS: usize = 100_000;
/// A small element becomes one in a table, and what is compressed expands, though by less in these values than it
/// could, which is 88 times.
const MEMORY_FACTOR: usize = 30;
/// What the emptiest collection may take.
const MEMORY_BYTES: usize = 8 << 10;
/// As long as a string may be.
const STRING_BYTES_MAX: usize = 512 << 20;

/// Values of forms that the engine does not write, or not often, without their footers: a hash as a zipmap, a list,
/// hash and sorted set as ziplists, a list of ziplists, a sorted set with scores as text, a list and sets of strings.
const RARE_FORMS: &[&[u8]] = &[
    b"\x09\x0c\x02\x01a\x01\x01x?\x01b\x00\x00\xff",
    b"\x0a\x17\x17\0\0\0\x13\0\0\0\x04\0\x00\x01a\x03\xf3\x02\xc0\x39\x30\x04\xfe\x80\xff",
    b"\x0d\x17\x17\0\0\0\x13\0\0\0\x04\0\x00\x01a\x03\xf3\x02\xc0\x39\x30\x04\xfe\x80\xff",
    b"\x0c\x17\x17\0\0\0\x13\0\0\0\x04\0\x00\x01a\x03\xf3\x02\xc0\x39\x30\x04\xfe\x80\xff",
    b"\x0e\x01\x17\x17\0\0\0\x13\0\0\0\x04\0\x00\x01a\x03\xf3\x02\xc0\x39\x30\x04\xfe\x80\xff",
    b"\x03\x03\x01a\x031.5\x01b\xff\x01c\xfe",
    b"\x01\x02\x01a\xc0\x05",
    b"\x02\x03\x01a\xc0\x05\xc3\x06\x1d\x01zz\xe0\x12\x00",
    b"\x14\x0a\x0a\0\0\0\x01\0\x81x\x02\xff",
    // Hashes with deadlines of fields, before and since 7.4, with each and with all in one block.
    b"\x16\x02\x00\x01a\x01x\x05\x01b\x01y",
    b"\x17\x0f\x0f\0\0\0\x03\0\x81a\x02\x81x\x02\x05\x01\xff",
    b"\x18\x00\xd8\xc3\x2c\xbb\x03\0\0\x02\x00\x01a\x01x\x05\x01b\x01y",
    b"\x19\x00\xd8\xc3\x2c\xbb\x03\x00\x00\x1d\x1d\x00\x00\x00\x06\x00\x81a\x02\x01\x01\xf4\x00\xd8\xc3\x2c\xbb\x03\
      \x00\x00\x09\x81b\x02\x02\x01\x00\x01\xff",
    // A stream without entries, of whose group one is pending that was given back.
    b"\x1b\0\0\x05\0\0\0\0\0\0\x01\x01g\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\x01\0\0\0\0\0\0\x01\0\x01\
      \0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\x40\x64\x40\x64\0\0\0",
];

#[test]
fn redis_server_restores_what_the_engine_dumps() {
    let Some(mut oracle) = oracle() else { return };
    for seed in 0..4 {
        move_values(&mut engine(), &mut oracle, seed);
    }
}

#[test]
fn the_engine_restores_what_redis_server_dumps() {
    let Some(mut oracle) = oracle() else { return };
    for seed in 4..8 {
        move_values(&mut oracle, &mut engine(), seed);
    }
}

/// As above with a newer server, all of whose data is deleted:
/// `SANDERLING_NEWER_ADDRESS=127.0.0.1:6380 cargo test -p sanderling-tests rdb`.
#[test]
fn values_move_to_a_newer_server_and_back() {
    let Ok(address) = std::env::var("SANDERLING_NEWER_ADDRESS") else {
        println!("SKIPPED serialised values of a newer server: SANDERLING_NEWER_ADDRESS names none");
        return;
    };
    let mut newer = Tcp::new(&address, &address, (7, 4)).expect("the named server answers");
    for seed in 8..12 {
        move_values(&mut engine(), &mut newer, seed);
        move_values(&mut newer, &mut engine(), seed);
    }
}

#[test]
fn integers_and_short_strings_are_dumped_alike() {
    let Some(mut oracle) = oracle() else { return };
    let mut engine = engine();
    for text in [
        "0",
        "1",
        "-1",
        "127",
        "128",
        "-128",
        "-129",
        "32767",
        "32768",
        "2147483647",
        "2147483648",
        "-2147483649",
        "9223372036854775807",
        "-9223372036854775808",
        "007",
        "-0",
        "",
        "a",
        "twenty bytes of text",
        "3.25",
    ] {
        let dumps = [&mut oracle as &mut dyn Target, &mut engine].map(|target| {
            let mut client = Client::new(target);
            client.ask(&[b"SET", b"k", text.as_bytes()]);
            client.ask(&[b"DUMP", b"k"])
        });
        assert_eq!(dumps[0], dumps[1], "{text}");
    }
}

#[test]
fn spoiled_payloads_do_no_harm() {
    let values = values();
    let limits = EncodingLimits::new(HashSeed(1, 2));
    for value in &values {
        let whole = rdb::restore(&with_footer(value.clone()), &limits, Memory::UNKNOWN, STRING_BYTES_MAX);
        assert!(whole.is_ok(), "{value:?} is spoiled to begin with");
    }
    let mut random = Random::new(11);
    let mut restored = 0;
    for round in 0..MUTATIONS {
        let payload = with_footer(spoiled(&values, &mut random));
        let mut value = None;
        let peak = peak_during(|| {
            value = rdb::restore(&payload, &limits, Memory::UNKNOWN, STRING_BYTES_MAX).ok();
        });
        let limit = MEMORY_FACTOR * payload.len() + MEMORY_BYTES;
        assert!(peak <= limit, "round {round}: {payload:?} took {peak} bytes");
        if let Some(value) = value {
            // Whatever was accepted is whole.
            let again = rdb::dump(&Entry::with_value(b"k", value, None).value(), round % 2 == 0);
            let value = rdb::restore(&again, &limits, Memory::UNKNOWN, STRING_BYTES_MAX);
            assert!(value.is_ok(), "round {round}: {payload:?} was accepted, but what it became is not");
            restored += 1;
        }
    }
    println!("{restored} of {MUTATIONS} spoiled payloads are values after all");
    assert!(restored > MUTATIONS / 100, "mutations of which none is valid test little");
}

fn oracle() -> Option<Oracle> {
    compared("serialised values of redis-server", Oracle::start())
}

fn engine() -> Native {
    Native::new(Clock::Machine, [3; 16], &[])
}

/// Makes values on one server, moves each to the other by DUMP and RESTORE, and compares all.
fn move_values(from: &mut dyn Target, to: &mut dyn Target, seed: u64) {
    let is_old = from.since() < (7, 2) || to.since() < (7, 2);
    let mut dumps = Vec::new();
    let mut source = Client::new(from);
    source.ask(&[b"FLUSHALL"]);
    for (number, requests) in values_to_make(seed, is_old).into_iter().enumerate() {
        let key = format!("key{number}").into_bytes();
        for request in requests {
            let args: Vec<&[u8]> =
                request.iter().map(|arg| if arg == b"KEY" { &key } else { arg.as_slice() }).collect();
            let reply = source.ask(&args);
            assert!(!matches!(reply, Reply::Error(_)), "{}", show(&reply));
        }
        let Reply::Bulk(payload) = source.ask(&[b"DUMP", &key]) else {
            panic!("a key that was made has a dump")
        };
        dumps.push((key, payload));
    }
    let mut target = Client::new(to);
    target.ask(&[b"FLUSHALL"]);
    for (key, payload) in &dumps {
        let reply = target.ask(&[b"RESTORE", key, b"0", payload]);
        assert!(reply.is_simple("OK"), "{} of {payload:?}", show(&reply));
    }
    let (expected, found) = (state(from), state(to));
    assert_eq!(expected.len(), dumps.len());
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(expected, found, "seed {seed}");
    }
    for (key, _) in &dumps {
        assert_eq!(stream_state(from, key), stream_state(to, key), "seed {seed}");
    }
}

fn state(target: &mut dyn Target) -> Vec<Held> {
    Session::new(target, 0).state().expect("a server can be looked at")
}

/// All that can be seen of a stream; nothing of other values.
fn stream_state(target: &mut dyn Target, key: &[u8]) -> Vec<String> {
    let mut client = Client::new(target);
    if !client.ask(&[b"TYPE", key]).is_simple("stream") {
        return Vec::new();
    }
    let entries = client.ask(&[b"XRANGE", key, b"-", b"+"]);
    let about = client.ask(&[b"XINFO", b"STREAM", key, b"FULL", b"COUNT", b"0"]);
    [show(&entries), show(&without_new_fields(&about))].into()
}

/// What all servers tell of a stream in the same way, which the lag that they compute is not.
fn without_new_fields(reply: &Reply) -> Reply {
    let Some(parts) = reply.elements() else { return reply.clone() };
    let mut kept = Vec::new();
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        if part.bytes().is_some_and(|name| [&b"active-time"[..], b"lag"].contains(&name)) {
            parts.next();
        } else {
            kept.push(without_new_fields(part));
        }
    }
    Reply::Array(kept)
}

/// Requests that make a value, of every type in small and large, of texts that are integers, compress, or do not.
fn values_to_make(seed: u64, is_old: bool) -> Vec<Vec<Vec<Vec<u8>>>> {
    let mut random = Random::new(seed);
    let mut values = Vec::new();
    for name in ["SET", "RPUSH", "SADD", "SADD", "HSET", "ZADD"] {
        for most in [1usize, 4, 100, 700] {
            let mut args = vec![name.as_bytes().to_vec(), b"KEY".to_vec()];
            let is_numbers = random.one_in(4) || (name == "SADD" && random.one_in(2));
            for number in 0..random.between(most.div_ceil(2), most) {
                match name {
                    "SET" if number > 0 => break,
                    "SET" | "RPUSH" => args.push(text(&mut random, is_numbers)),
                    "SADD" => args.push(text(&mut random, is_numbers)),
                    "HSET" => args.extend([text(&mut random, is_numbers), text(&mut random, is_numbers)]),
                    _ => args.extend([score(&mut random), text(&mut random, is_numbers)]),
                }
            }
            values.push(vec![args]);
        }
    }
    // A list of several nodes, and one with an element longer than a node.
    let long =
        [b"RPUSH".to_vec(), b"KEY".to_vec(), vec![b'l'; 20_000], random.bytes(70_000), b"short".to_vec()];
    values.push(vec![long.to_vec()]);
    for most in [1, 5, 60, 400] {
        values.push(stream(&mut random, most, is_old));
    }
    values
}

/// Requests that make a stream with entries that were deleted, and groups. An old server does not know when consumers
/// last got something, so that there all of them get something when they are seen.
fn stream(random: &mut Random, most: usize, is_old: bool) -> Vec<Vec<Vec<u8>>> {
    let words = |line: &str| line.split(' ').map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
    let mut requests = Vec::new();
    for number in 1..=random.between(most.div_ceil(2), most) {
        let mut add = words(&format!("XADD KEY {}-{}", 1_700_000_000_000 + number / 3 * 7, number * 5));
        for name in ["first", "second"].iter().take(if random.one_in(4) { 1 } else { 2 }) {
            add.extend([name.as_bytes().to_vec(), text(random, false)]);
        }
        requests.push(add);
        if random.one_in(5) {
            requests.push(words(&format!("XDEL KEY {}-{}", 1_700_000_000_000 + number / 3 * 7, number * 5)));
        }
    }
    requests.push(words("XADD KEY 1800000000000-0 last entry"));
    for (group, from) in [("one", "0"), ("two", "1700000000007-9"), ("three", "$")] {
        if random.one_in(3) || (is_old && group == "three") {
            continue;
        }
        requests.push(words(&format!("XGROUP CREATE KEY {group} {from}")));
        let count = random.between(1, 50);
        requests.push(words(&format!("XREADGROUP GROUP {group} reader COUNT {count} STREAMS KEY >")));
        if !is_old {
            requests
                .push(words(&format!("XREADGROUP GROUP {group} other COUNT {count} NOACK STREAMS KEY >")));
            requests.push(words(&format!("XGROUP CREATECONSUMER KEY {group} idle")));
            requests.push(words(&format!("XREADGROUP GROUP {group} reader STREAMS KEY 0")));
        }
        if group == "one" {
            requests.push(words(&format!("XACK KEY {group} 1700000000000-5 1700000000007-15")));
        }
    }
    if random.one_in(3) {
        requests.push(words("XTRIM KEY MAXLEN 0"));
    }
    requests
}

fn text(random: &mut Random, is_number: bool) -> Vec<u8> {
    if is_number {
        return (random.bits() as i64 >> random.below(63)).to_string().into_bytes();
    }
    let longest = if random.one_in(30) { 6_000 } else { 70 };
    let len = random.below(longest);
    match random.below(5) {
        0 => random.bytes(len),
        1 => vec![b'a'; len],
        2 => b"some text that comes again and again and ".iter().copied().cycle().take(len).collect(),
        3 => (random.below(400) as i64 - 200).to_string().into_bytes(),
        _ => format!("element:{}", random.below(100_000)).into_bytes(),
    }
}

fn score(random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => b"inf".to_vec(),
        1 => b"-inf".to_vec(),
        2 => random.below(100).to_string().into_bytes(),
        _ => format!("{:e}", f64::from_bits(random.bits() >> 2) / 3.0).into_bytes(),
    }
}

/// Values without their footers: those of old forms and what the engine dumps, with compression and without.
fn values() -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = RARE_FORMS.iter().map(|value| value.to_vec()).collect();
    for (seed, compression) in [(20, "yes"), (21, "no")] {
        let mut engine =
            Native::new(Clock::Virtual(1_704_067_200_000_000), [3; 16], &[("rdbcompression", compression)]);
        let mut client = Client::new(&mut engine);
        for requests in values_to_make(seed, false) {
            client.ask(&[b"DEL", b"KEY"]);
            for request in requests {
                client.ask(&request.iter().map(Vec::as_slice).collect::<Vec<_>>());
            }
            let Reply::Bulk(payload) = client.ask(&[b"DUMP", b"KEY"]) else { panic!("there is a dump") };
            if payload.len() < 2_000 {
                values.push(payload[..payload.len() - 10].to_vec());
            }
        }
    }
    values
}

/// One of the values with some of its bytes changed, cut out, repeated, or taken from another one.
fn spoiled(values: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut value = values[random.below(values.len())].clone();
    for _ in 0..random.between(1, 4) {
        if value.is_empty() {
            break;
        }
        // Most of what decides lies at the begin.
        let most = if random.one_in(2) { value.len().min(16) } else { value.len() };
        let at = random.below(most);
        let end = (at + random.between(1, 8)).min(value.len());
        match random.below(8) {
            0 => value[at] ^= 1 << random.below(8),
            1 => {
                value[at] = *[0, 1, 2, 3, 0x0a, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xf0, 0xfe, 0xff]
                    .get(random.below(13))
                    .expect("there are thirteen")
            }
            2 => value[at] = random.bits() as u8,
            3 => value.truncate(at),
            4 => drop(value.drain(at..end)),
            5 => drop(value.splice(at..at, value[at..end].to_vec())),
            6 => value[0] = random.below(28) as u8,
            _ => {
                let other = &values[random.below(values.len())];
                let from = random.below(other.len());
                let until = (from + random.between(1, 30)).min(other.len());
                drop(value.splice(at..end, other[from..until].to_vec()));
            }
        }
    }
    value
}

fn with_footer(mut value: Vec<u8>) -> Vec<u8> {
    value.extend_from_slice(&14u16.to_le_bytes());
    let checksum = crc64(&value);
    value.extend_from_slice(&checksum.to_le_bytes());
    value
}

/// A connection that asks and waits for the answer.
struct Client<'a> {
    target: &'a mut dyn Target,
    connection: usize,
}

impl<'a> Client<'a> {
    fn new(target: &'a mut dyn Target) -> Client<'a> {
        let connection = target.open();
        Client { target, connection }
    }

    fn ask(&mut self, args: &[&[u8]]) -> Reply {
        let args: Vec<Vec<u8>> = args.iter().map(|arg| arg.to_vec()).collect();
        let mut bytes = Vec::new();
        encode_request(&args, &mut bytes);
        self.target.send(self.connection, &bytes);
        match self.target.receive(self.connection) {
            Received::Reply(reply) => reply,
            other => panic!("no reply but {other:?}"),
        }
    }
}
