use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::base::random::Random;
use crate::config::Limit;
use crate::keyspace::Entry;
use crate::structures::table::HashSeed;
use crate::structures::{List, Packed};
use crate::types::hash::Hash;
use crate::types::set::Set;
use crate::types::stream::{Group, Id, NodeEntry, Pending, Stream};
use crate::types::zset::Zset;

fn limits() -> EncodingLimits {
    EncodingLimits {
        hash_entries_max: Limit::new(20),
        intset_entries_max: Limit::new(30),
        ..EncodingLimits::new(HashSeed(1, 2))
    }
}

fn with_footer(value: &[u8], version: u16) -> Vec<u8> {
    let mut payload = [value, &version.to_le_bytes()].concat();
    let checksum = crc64(&payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
    payload
}

fn read(value: &[u8]) -> Result<Value, Refusal> {
    restore(&with_footer(value, VERSION_ORDINARY), &limits(), Memory::UNKNOWN, 1 << 20)
}

/// The value's type, encoding and elements, as text.
fn shown(value: &Value) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    match value {
        Value::Int(number) => all.push(format!("{number}").into_bytes()),
        Value::Bytes(bytes) => all.push(bytes.clone()),
        Value::List(list) => all.extend(list.iter().map(|item| item.to_vec())),
        Value::Set(set) => {
            all.extend(set.iter().map(|item| item.to_vec()));
            all.sort();
            all.push(set.encoding().into());
        }
        Value::Hash(hash) => {
            all.extend(hash.iter_timed().map(|(field, value, deadline)| {
                let deadline = deadline.map_or(String::new(), |at| format!(" until {at}"));
                [field.to_vec(), [value.to_vec(), deadline.into_bytes()].concat()].join(&b'=')
            }));
            all.sort();
            all.push(hash.encoding().into());
        }
        Value::Stream(stream) => {
            for node in stream.nodes() {
                all.push(format!("{:?} {}", node.base, node.deleted()).into_bytes());
                all.extend(node.entries().map(|entry| {
                    let fields: Vec<_> = entry.fields.collect();
                    let NodeEntry { id, is_deleted, has_shared_names, .. } = entry;
                    format!("{id:?} {is_deleted} {has_shared_names} {fields:?}").into_bytes()
                }));
            }
            let ids = [stream.last_id, stream.first_id(), stream.max_deleted_id];
            let numbers = (stream.len(), stream.entries_added, stream.newest_id());
            all.push(format!("{ids:?} {numbers:?}").into_bytes());
            for (name, group) in stream.groups() {
                all.push(format!("{name:?} {:?} {:?}", group.last_id, group.entries_read).into_bytes());
                let times = group
                    .pending()
                    .iter()
                    .map(|(id, one)| (id, one.consumer.is_some(), one.delivered_at, one.deliveries));
                all.push(format!("{:?}", times.collect::<Vec<_>>()).into_bytes());
                all.extend(group.consumers().map(|own| {
                    format!("{:?} {} {:?} {:?}", own.name(), own.seen_at, own.active_at, own.pending())
                        .into_bytes()
                }));
            }
        }
        Value::Zset(zset) => {
            all.extend(
                zset.iter()
                    .map(|(member, score)| [member.to_vec(), format!("{score:?}").into_bytes()].join(&b'=')),
            );
            all.push(zset.encoding().into());
        }
    }
    all
}

fn random_text(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => format!("{}", random.below(300) as i64 - 150).into_bytes(),
        1 => format!("{}", random.next_u64() as i64 >> random.below(60)).into_bytes(),
        2 => alloc::vec![b'a' + random.below(3) as u8; random.below(300) as usize],
        3 => (0..random.below(80)).map(|_| random.next_u64() as u8).collect(),
        4 => "some text that comes again, some text that comes again"
            .bytes()
            .take(random.below(60) as usize)
            .collect(),
        _ => format!("element:{}", random.below(100_000)).into_bytes(),
    }
}

fn random_value(random: &mut Random) -> Value {
    let limits = limits();
    let count = 1 + if random.below(8) == 0 { random.below(2_000) } else { random.below(40) };
    match random.below(7) {
        6 => Value::Stream(Box::new(random_stream(random, count))),
        0 => match Entry::with_value(b"", Value::Bytes(random_text(random)), None).take_value() {
            Value::Bytes(text) => crate::number::parse_i64(&text).map_or(Value::Bytes(text), Value::Int),
            other => other,
        },
        1 => {
            let mut list = List::new();
            (0..count).for_each(|_| list.push_back(&random_text(random)));
            Value::List(Box::new(list))
        }
        2 => {
            let mut set = Set::default();
            for _ in 0..count {
                set.insert(&random_text(random), &limits);
            }
            Value::Set(Box::new(set))
        }
        3 => {
            let (mut set, bits) = (Set::default(), random.below(64));
            for _ in 0..count {
                set.insert(format!("{}", random.next_u64() as i64 >> bits).as_bytes(), &limits);
            }
            Value::Set(Box::new(set))
        }
        4 => {
            let (mut hash, is_timed) = (Hash::default(), random.below(2) == 0);
            for _ in 0..count {
                let field = random_text(random);
                hash.insert(&field, &random_text(random), &limits);
                if is_timed && random.below(2) == 0 {
                    hash.set_deadline(&field, Some((1 << 40) + random.below(1000)));
                }
            }
            Value::Hash(Box::new(hash))
        }
        _ => {
            let mut zset = Zset::default();
            for _ in 0..count {
                let score = match random.below(4) {
                    0 => f64::INFINITY,
                    1 => random.below(10) as f64,
                    2 => -(random.below(1 << 60) as f64) / 3.0,
                    _ => f64::from_bits(random.next_u64() >> 2),
                };
                zset.insert(&random_text(random), score, &limits);
            }
            Value::Zset(Box::new(zset))
        }
    }
}

fn random_stream(random: &mut Random, count: u64) -> Stream {
    let (mut stream, limits) = (Stream::default(), limits());
    let has_idle = random.below(2) == 0;
    let names: Vec<_> = (0..1 + random.below(4)).map(|_| random_text(random)).collect();
    let mut id = Id::new(random.below(1 << 41), random.below(5));
    for _ in 0..count {
        id = Id::new(
            id.ms + random.below(3),
            if random.below(2) == 0 { id.seq + 1 } else { u64::MAX - 1_000_000 + id.seq % 1_000 },
        );
        if id <= stream.last_id {
            id = Id::new(stream.last_id.ms + 1, 0);
        }
        let other = random_text(random);
        let names = if random.below(3) == 0 { core::slice::from_ref(&other) } else { &names[..] };
        let values: Vec<_> = names.iter().map(|_| random_text(random)).collect();
        stream.append(id, names.iter().zip(&values).map(|(name, value)| (&name[..], &value[..])), &limits);
        if random.below(4) == 0 {
            stream.delete(id);
        }
    }
    for number in 0..random.below(3) {
        let mut group = Group::new(id, [None, Some(random.below(9) as i64)][random.below(2) as usize]);
        for number in 0..random.below(3) {
            let consumer = group.add_consumer(format!("consumer{number}").as_bytes(), 1 << 40);
            let idle = [None, Some(5)][random.below(2) as usize];
            group.consumer_mut(consumer).active_at = if has_idle { idle } else { Some(1 << 40) };
            for _ in 0..random.below(5) {
                let consumer = if has_idle && random.below(3) == 0 { None } else { Some(consumer) };
                let id = Id::new(random.below(100), random.below(3));
                let deliveries = random.below(400);
                group.deliver(id, Pending { consumer, delivered_at: random.below(1 << 41), deliveries });
            }
        }
        stream.add_group(format!("group{number}").as_bytes(), group);
    }
    stream
}

fn dumped(value: Value, is_compressed: bool) -> Vec<u8> {
    dump(&Entry::with_value(b"key", value, None).value(), is_compressed)
}

#[test]
fn what_is_dumped_is_restored() {
    let mut random = Random::new([5; 16]);
    for _ in 0..if cfg!(miri) { 6 } else { 600 } {
        let value = random_value(&mut random);
        let expected = shown(&value);
        let payload = dumped(value, random.below(2) == 0);
        let restored = restore(&payload, &limits(), Memory::UNKNOWN, 1 << 20).expect("it was just dumped");
        assert_eq!(shown(&restored), expected);
        for end in 0..payload.len().min(40) {
            assert!(restore(&payload[..end], &limits(), Memory::UNKNOWN, 1 << 20).is_err());
        }
    }
}

/// The bytes of redis-server 7.0.15.
#[test]
fn short_strings_are_written_as_redis_does() {
    for (text, payload) in [
        (&b"foo"[..], &b"\x00\x03foo\x0a\x00"[..]),
        (b"10", b"\x00\xc0\x0a\x0a\x00"),
        (b"-129", b"\x00\xc1\x7f\xff\x0a\x00"),
        (b"65536", b"\x00\xc2\x00\x00\x01\x00\x0a\x00"),
        (b"2147483648", b"\x00\x0a2147483648\x0a\x00"),
        (b"", b"\x00\x00\x0a\x00"),
    ] {
        let value = crate::number::parse_i64(text).map_or(Value::Bytes(text.to_vec()), Value::Int);
        let dumped = dumped(value, true);
        assert_eq!(&dumped[..dumped.len() - 8], payload);
    }
}

#[test]
fn old_forms_are_read() {
    let check = |value: &[u8], expected: &[&str]| {
        let value = read(value).unwrap_or_else(|refusal| panic!("{value:?}: {refusal:?}"));
        assert_eq!(shown(&value), expected.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>());
    };
    check(b"\x01\x02\x01a\xc0\x05", &["a", "5"]);
    check(b"\x03\x03\x01a\x031.5\x01b\xff\x01c\xfe", &["b=-inf", "a=1.5", "c=inf", "listpack"]);
    // A ziplist with a text, a small integer and wider ones.
    let elements = b"\x00\x01a\x03\xf3\x02\xc0\x39\x30\x04\xfe\x80\xff";
    let bytes = elements.len() as u8 + 10;
    let block = [&[bytes, 0, 0, 0, bytes - 4, 0, 0, 0, 4, 0], &elements[..]].concat();
    let with_form = |form: u8| [&[form, block.len() as u8], &block[..]].concat();
    check(&with_form(10), &["a", "2", "12345", "-128"]);
    check(&with_form(13), &["12345=-128", "a=2", "listpack"]);
    check(&with_form(12), &["12345=-128.0", "a=2.0", "listpack"]);
    let quicklist = [&[14, 1, block.len() as u8], &block[..]].concat();
    check(&quicklist, &["a", "2", "12345", "-128"]);
    check(b"\x09\x0c\x02\x01a\x01\x01x?\x01b\x00\x00\xff", &["a=x", "b=", "listpack"]);
    // Deadlines in two forms of before they were released.
    check(b"\x16\x02\x00\x01a\x01x\x05\x01b\x01y", &["a=x", "b=y until 5", "listpackex"]);
    check(b"\x17\x0f\x0f\0\0\0\x03\0\x81a\x02\x81x\x02\x05\x01\xff", &["a=x until 5", "listpackex"]);
    check(b"\x0b\x0c\x02\0\0\0\x02\0\0\0\xff\xff\x05\0", &["-1", "5", "intset"]);
    check(b"\x14\x0a\x0a\0\0\0\x01\0\x81x\x02\xff", &["x", "listpack"]);
}

/// Payloads of real servers, with what the servers say of them.
#[test]
fn payloads_are_read_as_their_servers_do() {
    let check = |payload: &str, expected: &[&str]| {
        let byte = |at: usize| u8::from_str_radix(&payload[at..at + 2], 16).expect("two digits");
        let payload: Vec<u8> = (0..payload.len()).step_by(2).map(byte).collect();
        let value = restore(&payload, &limits(), Memory::UNKNOWN, 1 << 20).expect("a server wrote it");
        assert_eq!(shown(&value), expected.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>());
    };
    // Valkey 9.1: SET to abc.
    check("000361626350001686f9acdf20c516", &["abc"]);
    // Redis 6.2: ZADD z -0 a.
    check("0c12120000000d000000020000016103022d30ff0900274f820b6db30cb8", &["a=-0.0", "listpack"]);
    // Redis 6.2: a stream without an entry, with a group.
    check(
        "0f00000000010167000000000900088dbae1c32d8fd8",
        &[
            "[Id { ms: 0, seq: 0 }, Id { ms: 18446744073709551615, seq: 18446744073709551615 }, Id { ms: 0, seq: 0 }] \
             (0, 0, None)",
            "[103] Id { ms: 0, seq: 0 } Some(0)",
            "[]",
        ],
    );
    // Redis 8.0: a hash of whose only field the time was removed.
    check("1900602225aa3f00000e0e000000030081610201010001ff0c006aa24fb19f1c34ec", &["a=1", "listpackex"]);
}

#[test]
fn a_form_of_valkey_is_told_from_that_of_redis() {
    let value = b"\x16\x02\x01a\x01x\xff\xff\xff\xff\xff\xff\xff\xff\x01b\x01y\x05\0\0\0\0\0\0\0";
    let read = |version| restore(&with_footer(value, version), &limits(), Memory::UNKNOWN, 1 << 20);
    let hash = read(VERSION_VALKEY).expect("it is Valkey's");
    assert_eq!(shown(&hash), [&b"a=x"[..], b"b=y until 5", b"listpackex"]);
    assert_eq!(read(VERSION_TIMED).err(), Some(Refusal::Malformed));
}

#[test]
fn what_follows_a_value_is_not_looked_at() {
    assert_eq!(shown(&read(b"\x00\x01ab").expect("servers take it")), [b"a"]);
    let Ok(Value::List(list)) = read(b"\x0a\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\0\xf2\xff") else {
        panic!("it is a list")
    };
    assert!(!list.is_single_chunk(), "as in all servers, whatever its length");
}

/// Blocks that could be taken as they are, but for one thing or another, are read element by element.
#[test]
fn blocks_are_taken_as_the_limits_say() {
    let block = |form: &[u8], items: &[&[u8]]| {
        let mut packed = Packed::new();
        items.iter().for_each(|item| packed.push_back(*item));
        let mut writer = Writer::new(false);
        writer.bytes.extend_from_slice(form);
        writer.listpack(&packed);
        writer.into_bytes()
    };
    let many: Vec<Vec<u8>> = (0..300u32).map(|number| format!("{number}").into_bytes()).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    let wide = [&[b'x'; 100][..], b"v"];
    let list = |items: &[&[u8]]| block(&[form::LIST_QUICKLIST_2, 1, 2], items);
    let hash = |items: &[&[u8]]| block(&[form::HASH_LISTPACK], items);
    for (value, encoding, len) in [
        (list(&[b"a", b"7", b""]), "listpack", 3),
        (list(&many), "listpack", 300),
        (list(&[&[b'y'; 9000], b"a"]), "quicklist", 2),
        (hash(&[b"a", b"1", b"b", b"2"]), "listpack", 2),
        (hash(&many[..40]), "listpack", 20),
        (hash(&many), "hashtable", 150),
        (hash(&wide), "hashtable", 1),
    ] {
        let found = match read(&value).expect("it is right") {
            Value::List(list) => (if list.is_single_chunk() { "listpack" } else { "quicklist" }, list.len()),
            Value::Hash(hash) => (hash.encoding(), hash.len()),
            _ => panic!("{encoding} is something else"),
        };
        assert_eq!(found, (encoding, len));
    }
    // A field that is there twice, one without a value.
    for bad in [hash(&[b"a", b"1", b"a", b"2"]), hash(&[b"a", b"1", b"b"])] {
        assert_eq!(read(&bad).err(), Some(Refusal::Malformed));
    }
}

#[test]
fn malformed_values_are_refused() {
    for value in [
        &b""[..],
        // Forms that do not exist, and modules' values.
        b"\x08\x01a",
        b"\x06\x01a",
        b"\xff",
        // No elements; more than there are; more than could be.
        b"\x01\x00",
        b"\x01\x02\x01a",
        b"\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01a",
        b"\x00\x80\xff\xff\xff\xffabc",
        // Twice the same member, field, member.
        b"\x02\x02\x01a\x01a",
        b"\x04\x02\x01a\x01x\x01a\x01y",
        b"\x05\x02\x01a\0\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\0",
        // A score that is not a number.
        b"\x05\x01\x01a\0\0\0\0\0\0\xf8\x7f",
        b"\x03\x01\x01a\xfd",
        // Compressed: the wrong length, a reach before the begin.
        b"\x00\xc3\x03\x05\x01ab",
        b"\x00\xc3\x02\x03\x20\x00",
        // A listpack with a wrong size, count, element, end; of an odd number; empty.
        b"\x10\x0a\x0b\0\0\0\x01\0\x81x\x02\xff",
        b"\x14\x0a\x0a\0\0\0\x02\0\x81x\x02\xff",
        b"\x14\x0a\x0a\0\0\0\x01\0\x81x\x03\xff",
        b"\x14\x0a\x0a\0\0\0\x01\0\x81x\x02\x00",
        b"\x10\x0a\x0a\0\0\0\x01\0\x81x\x02\xff",
        b"\x14\x07\x07\0\0\0\0\0\xff",
        // Integers out of order, of an odd width, of another count.
        b"\x0b\x0c\x02\0\0\0\x02\0\0\0\x05\0\x05\0",
        b"\x0b\x0b\x03\0\0\0\x01\0\0\0\x01\0\0",
        b"\x0b\x0a\x02\0\0\0\x02\0\0\0\x05\0",
        // A field with no value or deadline, with one that is negative, no number, or too late.
        b"\x17\x0d\x0d\0\0\0\x02\0\x81a\x02\x81x\x02\xff",
        b"\x17\x10\x10\0\0\0\x03\0\x81a\x02\x81x\x02\xdf\xff\x02\xff",
        b"\x17\x10\x10\0\0\0\x03\0\x81a\x02\x81x\x02\x81y\x02\xff",
        b"\x18\xff\xff\xff\xff\xff\xff\0\0\x01\x01\x01a\x01x",
        b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x01a\x01x",
    ] {
        assert_eq!(read(value).err(), Some(Refusal::Malformed), "{value:?}");
    }
}

#[test]
fn footers_are_checked() {
    let good = with_footer(b"\x00\x01a", VERSION_NACKED);
    assert_eq!(verify(&good), Ok(VERSION_NACKED));
    for unknown in [VERSION_NACKED + 1, VERSION_VALKEY - 1, VERSION_VALKEY + 1] {
        assert_eq!(verify(&with_footer(b"\x00\x01a", unknown)), Err(Refusal::Footer));
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(verify(&bad), Err(Refusal::Footer));
    }
    for len in 0..good.len() {
        assert_eq!(verify(&good[..len]), Err(Refusal::Footer));
    }
    assert_eq!(restore(&with_footer(b"", 10), &limits(), Memory::UNKNOWN, 9).err(), Some(Refusal::Malformed));
}

#[test]
fn memory_is_asked_for() {
    let payload = dumped(Value::Bytes(alloc::vec![b'a'; 1 << 19]), true);
    assert!(payload.len() < 10_000);
    let little = Memory::new(|_| crate::base::memory::Room::of(crate::base::memory::HEADROOM_BYTES + 1_000));
    assert_eq!(restore(&payload, &limits(), little, 1 << 20).err(), Some(Refusal::OutOfMemory));
    assert_eq!(restore(&payload, &limits(), Memory::UNKNOWN, 1 << 18).err(), Some(Refusal::Malformed));
    assert!(restore(&payload, &limits(), Memory::UNKNOWN, 1 << 20).is_ok());
}
