use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::config::Limit;
use crate::engine::conversation::Conversation;
use crate::structures::table::HashSeed;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn limits() -> EncodingLimits {
    // Miri takes long for every entry of the compact forms, which are safe code.
    EncodingLimits {
        hash_entries_max: Limit::new(if cfg!(miri) { 8 } else { 40 }),
        ..EncodingLimits::new(HashSeed(1, 2))
    }
}

fn contents(hash: &Hash) -> Model {
    hash.iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect()
}

fn random_text(random: &mut Random, space: u64) -> Vec<u8> {
    match random.below(4) {
        0 => format!("{}", random.below(space)).into_bytes(),
        1 => format!("field:{}", random.below(space)).into_bytes(),
        2 => alloc::vec![b'x'; random.below(space.min(70)) as usize],
        _ => format!("-{}", random.below(space)).into_bytes(),
    }
}

fn check(hash: &Hash, model: &Model, random: &mut Random) {
    assert_eq!(hash.len(), model.len());
    assert_eq!(contents(hash), *model);
    assert_eq!(contents(&hash.copy(&limits())), *model);
    let (mut scanned, mut cursor) = (Vec::new(), 0);
    loop {
        cursor = hash.scan(cursor, 60, |(field, value)| scanned.push((field.to_vec(), value.to_vec())));
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(scanned.len(), model.len());
    assert_eq!(scanned.into_iter().collect::<Model>(), *model);
    let wanted = random.below(model.len() as u64 + 2) as usize;
    let mut sampled = BTreeSet::new();
    hash.sample(wanted, random, |(field, value)| {
        assert_eq!(model.get(&field.to_vec()), Some(&value.to_vec()));
        assert!(sampled.insert(field.to_vec()));
    });
    assert_eq!(sampled.len(), wanted.min(model.len()));
    match hash.random(random) {
        None => assert!(model.is_empty()),
        Some((field, value)) => assert_eq!(model.get(&field.to_vec()), Some(&value.to_vec())),
    }
}

#[test]
fn behaves_as_a_tree_map() {
    let (seeds, stride) = if cfg!(miri) { (1, 20) } else { (4, 1) };
    for seed in 0..seeds {
        let mut random = Random::new([seed; 16]);
        let (mut hash, mut model) = (Hash::default(), Model::new());
        // The first half stays packed, the second grows far beyond; both shrink to nothing and grow again.
        for step in (0..4000).step_by(stride) {
            let space = if step < 2000 { 10 } else { 1000 };
            let growth = if (step / 500) % 2 == 0 { 3 } else { 1 };
            let field = random_text(&mut random, space);
            if random.below(4) < growth {
                let value = random_text(&mut random, 50);
                let is_new = model.insert(field.clone(), value.clone()).is_none();
                assert_eq!(hash.insert(&field, &value, &limits()), is_new);
                assert_eq!(hash.get(&field).map(Item::to_vec), Some(value));
            } else {
                let was_there = model.remove(&field).is_some();
                assert_eq!(hash.contains(&field), was_there);
                assert_eq!(hash.remove(&field), was_there);
                assert_eq!(hash.get(&field), None);
            }
            if step % 97 == 0 {
                check(&hash, &model, &mut random);
            }
        }
        assert_eq!(hash.encoding(), "hashtable");
        while !hash.free_some(100) {}
        assert!(hash.is_empty());
    }
}

#[test]
fn draws_reach_every_field_in_both_forms() {
    let mut random = Random::new([1; 16]);
    for fields in [5usize, 200] {
        let mut hash = Hash::default();
        for n in 0..fields {
            hash.insert(format!("{n}").as_bytes(), b"value", &limits());
        }
        let drawn: BTreeSet<Vec<u8>> =
            hash.draws(&mut random).take(fields * 20).map(|(field, _)| field.to_vec()).collect();
        assert_eq!(drawn.len(), fields);
    }
}

#[test]
fn the_form_follows_the_limits() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    let long = "v".repeat(65);
    talk.check_all(
        conn,
        &[("HSET h a 1", ":1"), ("HSET h b 2 a 3", ":1"), ("HGETALL h", "*4|$1|a|$1|3|$1|b|$1|2")],
    );
    let mut hash = Hash::default();
    let limits = EncodingLimits::new(HashSeed(1, 2));
    for n in 0..512 {
        hash.insert(format!("{n}").as_bytes(), b"", &limits);
    }
    assert_eq!(hash.encoding(), "listpack");
    hash.insert(b"0", b"again", &limits);
    assert_eq!(hash.encoding(), "listpack");
    hash.insert(b"512", b"", &limits);
    assert_eq!((hash.encoding(), hash.len()), ("hashtable", 513));
    let mut hash = Hash::default();
    hash.insert(b"field", long.as_bytes(), &limits);
    assert_eq!(hash.encoding(), "hashtable");
}

#[test]
fn fields_are_set_read_and_removed() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check_all(
        conn,
        &[
            ("HGET h a", "$-1"),
            ("HSET h a 1 b two", ":2"),
            ("HSET h a 2 c 3", ":1"),
            ("HMSET h c 4", "+OK"),
            ("HSETNX h c 5", ":0"),
            ("HSETNX h d 5", ":1"),
            ("HGET h c", "$1|4"),
            ("HMGET h a x b", "*3|$1|2|$-1|$3|two"),
            ("HMGET none a b", "*2|$-1|$-1"),
            ("HEXISTS h a", ":1"),
            ("HEXISTS h x", ":0"),
            ("HLEN h", ":4"),
            ("HSTRLEN h b", ":3"),
            ("HSTRLEN h x", ":0"),
            ("HKEYS h", "*4|$1|a|$1|b|$1|c|$1|d"),
            ("HVALS h", "*4|$1|2|$3|two|$1|4|$1|5"),
            ("HKEYS none", "*0"),
            ("HGETALL none", "*0"),
            ("HDEL h a x b", ":2"),
            ("HDEL h c d e", ":2"),
            ("HLEN h", ":0"),
            ("HSET h a", "-ERR wrong number of arguments for 'hset' command"),
            ("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command"),
            ("HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command"),
        ],
    );
}

#[test]
fn numbers_in_fields_are_added_to() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check_all(
        conn,
        &[
            ("HINCRBY h n 5", ":5"),
            ("HINCRBY h n -7", ":-2"),
            ("HINCRBY h n x", "-ERR value is not an integer or out of range"),
            ("HINCRBY h n 9223372036854775807", ":9223372036854775805"),
            ("HINCRBY h n 3", "-ERR increment or decrement would overflow"),
            ("HSET h t text", ":1"),
            ("HINCRBY h t 1", "-ERR hash value is not an integer"),
            ("HINCRBYFLOAT h t 1", "-ERR hash value is not a float"),
            ("HINCRBYFLOAT h f x", "-ERR value is not a valid float"),
            ("HINCRBYFLOAT h f inf", "-ERR value is NaN or Infinity"),
            ("HINCRBYFLOAT h f 0.1", "$3|0.1"),
            ("HINCRBYFLOAT h f 0.2", "$3|0.3"),
        ],
    );
    assert_eq!(talk.effects().last().map(String::as_str), Some("HSET h f 0.3"));
}

#[test]
fn a_scan_sees_every_field_and_matches_names() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check_all(
        conn,
        &[
            ("HSCAN none 0 COUNT x", "*2|$1|0|*0"),
            ("HSCAN none x", "-ERR invalid cursor"),
            ("HSET h a 1 b 2 12 c", ":3"),
            ("HSCAN h 0", "*2|$1|0|*6|$1|a|$1|1|$1|b|$1|2|$2|12|$1|c"),
            ("HSCAN h 0 NOVALUES", "*2|$1|0|*3|$1|a|$1|b|$2|12"),
            ("HSCAN h 0 MATCH 1* COUNT 1", "*2|$1|0|*2|$2|12|$1|c"),
            ("HSCAN h 0 COUNT 0", "-ERR syntax error"),
            ("HSCAN h 0 COUNT x", "-ERR value is not an integer or out of range"),
            ("HSCAN h 0 COUNT", "-ERR syntax error"),
            ("HSCAN h 0 TYPE hash", "-ERR syntax error"),
        ],
    );
    let mut seen = BTreeSet::new();
    for n in 0..1000 {
        talk.ask(conn, &format!("HSET large f{n} v{n}"));
    }
    let mut cursor = String::from("0");
    loop {
        let reply = talk.ask(conn, &format!("HSCAN large {cursor} COUNT 20 NOVALUES"));
        let words: Vec<&str> = reply.split('|').collect();
        for name in words[4..].chunks(2) {
            assert!(seen.insert(String::from(name[1])), "{name:?} came twice");
        }
        cursor = words[2].into();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 1000);
}

#[test]
fn random_fields_come_alone_or_in_numbers() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    let range = "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
    talk.check_all(
        conn,
        &[
            ("HRANDFIELD none", "$-1"),
            ("HRANDFIELD none 5", "*0"),
            ("HSET h a 1", ":1"),
            ("HRANDFIELD h", "$1|a"),
            ("HRANDFIELD h 5", "*1|$1|a"),
            ("HRANDFIELD h 0", "*0"),
            ("HRANDFIELD h 5 WITHVALUES", "*2|$1|a|$1|1"),
            ("HRANDFIELD h -2 withvalues", "*4|$1|a|$1|1|$1|a|$1|1"),
            ("HRANDFIELD h -3", "*3|$1|a|$1|a|$1|a"),
            ("HRANDFIELD h 1 VALUES", "-ERR syntax error"),
            ("HRANDFIELD h 1 WITHVALUES x", "-ERR syntax error"),
            ("HRANDFIELD h x y", "-ERR value is not an integer or out of range"),
            ("HRANDFIELD h -9223372036854775808", range),
            ("HRANDFIELD h 9223372036854775807 WITHVALUES", "-ERR value is out of range"),
            ("HRANDFIELD h -9223372036854775807", "-ERR value is out of range"),
            ("HRANDFIELD h 9223372036854775807", "*1|$1|a"),
        ],
    );
}

#[test]
fn other_types_are_refused() {
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.ask(conn, "SET s x");
    for request in [
        "HDEL s a",
        "HEXISTS s a",
        "HGET s a",
        "HGETALL s",
        "HINCRBY s a 1",
        "HINCRBYFLOAT s a 1",
        "HKEYS s",
        "HLEN s",
        "HMGET s a",
        "HMSET s a 1",
        "HRANDFIELD s",
        "HRANDFIELD s 1",
        "HSCAN s 0 COUNT x",
        "HSET s a 1",
        "HSETNX s a 1",
        "HSTRLEN s a",
        "HVALS s",
    ] {
        assert_eq!(talk.ask(conn, request), wrong, "{request}");
    }
}

#[test]
fn newer_clients_get_maps_and_nested_pairs() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.ask(conn, "HELLO 3");
    talk.check_all(
        conn,
        &[
            ("HGET h a", "_"),
            ("HGETALL h", "%0"),
            ("HSET h a 1", ":1"),
            ("HGETALL h", "%1|$1|a|$1|1"),
            ("HKEYS h", "*1|$1|a"),
            ("HMGET h a b", "*2|$1|1|_"),
            ("HRANDFIELD h 1 WITHVALUES", "*1|*2|$1|a|$1|1"),
            ("HRANDFIELD h -2 WITHVALUES", "*2|*2|$1|a|$1|1|*2|$1|a|$1|1"),
            ("HRANDFIELD none", "_"),
            ("HRANDFIELD none 1 WITHVALUES", "*0"),
            ("HSCAN h 0", "*2|$1|0|*2|$1|a|$1|1"),
        ],
    );
}

type TimedModel = BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>;

fn timed_contents(hash: &Hash) -> TimedModel {
    hash.iter_timed().map(|(field, value, at)| (field.to_vec(), (value.to_vec(), at))).collect()
}

/// Random changes of fields and deadlines, while time passes.
#[test]
fn deadlines_are_those_of_a_model() {
    let (seeds, steps) = if cfg!(miri) { (2, 80) } else { (20, 3_000) };
    for seed in 0..seeds {
        let mut random = Random::new([seed; 16]);
        let space = if seed % 2 == 0 { 30 } else { 400 };
        let (mut hash, mut model, mut now) = (Hash::default(), TimedModel::new(), 1_000);
        for _ in 0..steps {
            let field = random_text(&mut random, space);
            let value = random_text(&mut random, space);
            let deadline = Some(now + random.below(500));
            let known = model.get(&field).map(|(_, deadline)| *deadline);
            assert_eq!(hash.deadline(&field), known);
            match random.below(10) {
                0..=2 => {
                    assert_eq!(hash.insert(&field, &value, &limits()), known.is_none());
                    model.insert(field, (value, None));
                }
                3 => {
                    assert_eq!(hash.update(&field, &value, &limits()), known.is_none());
                    model.insert(field, (value, known.flatten()));
                }
                4..=6 => {
                    assert_eq!(hash.set_deadline(&field, deadline), known.is_some());
                    model.entry(field).and_modify(|entry| entry.1 = deadline);
                }
                7 => {
                    assert_eq!(hash.set_deadline(&field, None), known.is_some());
                    model.entry(field).and_modify(|entry| entry.1 = None);
                }
                8 => {
                    assert_eq!(hash.remove(&field), known.is_some());
                    model.remove(&field);
                }
                _ => {
                    now += random.below(60);
                    let most = random.below(5) as usize;
                    let mut removed = Vec::new();
                    while hash.nearest_deadline() < now {
                        hash.take_due(now, most.max(1), |field| removed.push(field.to_vec()));
                    }
                    removed.sort();
                    let is_due = |at: &Option<u64>| at.is_some_and(|at| at < now);
                    let due = model.iter().filter(|(_, (_, at))| is_due(at));
                    assert_eq!(removed, due.map(|(field, _)| field.clone()).collect::<Vec<_>>());
                    model.retain(|_, (_, at)| !is_due(at));
                }
            }
            let nearest = model.values().filter_map(|(_, at)| *at).min();
            assert!(hash.nearest_deadline() <= nearest.unwrap_or(u64::MAX));
            assert_eq!(hash.has_deadlines(), nearest.is_some());
        }
        assert_eq!(timed_contents(&hash), model);
        assert_eq!(timed_contents(&hash.copy(&limits())), model);
        assert_eq!(hash.len(), model.len());
        assert_eq!(hash.iter().count(), model.len());
    }
}

/// HGET of another field took a third of a second where a million fields were due: it removed all of them first.
#[test]
fn of_many_due_fields_a_bounded_number_goes_with_each_request() {
    const DUE: usize = 40_000;
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check(conn, "HSET h stays v", ":1");
    for first in (0..DUE).step_by(1000) {
        let fields: Vec<String> = (first..first + 1000).map(|nth| format!("f{nth}")).collect();
        let pairs: Vec<String> = fields.iter().map(|field| format!("{field} v")).collect();
        talk.ask(conn, &format!("HSET h {}", pairs.join(" ")));
        talk.ask(conn, &format!("HPEXPIRE h 100 FIELDS 1000 {}", fields.join(" ")));
    }
    talk.check(conn, &format!("HPEXPIRE h 1000000 FIELDS 1 f{}", DUE - 1), "*1|:1");
    talk.engine.parts().0.active_expire = false;
    talk.pass(200_000);
    let len = |talk: &mut Conversation| -> usize { talk.ask(conn, "HLEN h")[1..].parse().expect("a number") };
    let mut before = DUE + 1;
    let mut nth = 0;
    let mut check = |talk: &mut Conversation, request: &str, reply: &str| {
        talk.effects();
        nth += 1;
        talk.check(conn, &request.replace('#', &format!("f{nth}")), reply);
        let removed: usize = talk
            .effects()
            .iter()
            .filter(|one| one.starts_with("HDEL"))
            .map(|one| one.split(' ').count() - 2)
            .sum();
        assert!((1..1400).contains(&removed), "{request} removed {removed}");
        let left = len(talk);
        assert!(left < before, "{request}");
        before = left;
    };
    // No client sees a field that is due.
    check(&mut talk, "HGET h stays", "$1|v");
    check(&mut talk, "HGET h #", "$-1");
    check(&mut talk, "HMGET h # stays #", "*3|$-1|$1|v|$-1");
    check(&mut talk, "HEXISTS h #", ":0");
    check(&mut talk, "HSTRLEN h #", ":0");
    check(&mut talk, "HTTL h FIELDS 1 #", "*1|:-2");
    check(&mut talk, "HEXPIRE h 100 FIELDS 1 #", "*1|:-2");
    check(&mut talk, "HPERSIST h FIELDS 1 #", "*1|:-2");
    check(&mut talk, "HGETDEL h FIELDS 1 #", "*1|$-1");
    check(&mut talk, "HGETEX h FIELDS 1 #", "*1|$-1");
    check(&mut talk, "HDEL h #", ":0");
    check(&mut talk, "HSETEX h FXX FIELDS 1 # x", ":0");
    check(&mut talk, "HSETNX h # x", ":1");
    check(&mut talk, "HINCRBY h # 5", ":5");
    check(&mut talk, "HINCRBYFLOAT h # 5", "$1|5");
    check(&mut talk, "HSETEX h KEEPTTL FIELDS 1 # x", ":1");
    check(&mut talk, "HSET h # x", ":1");
    check(&mut talk, "HSCAN h 0 COUNT 1000000 MATCH f1000*", "*2|$1|0|*0");
    let left = len(&mut talk);
    assert!(left > DUE / 4, "{left}");
    // Active expiry does the rest, and what looks at the whole hash sees nothing of it.
    talk.engine.parts().0.active_expire = true;
    talk.pass(0);
    talk.check(conn, "HLEN h", ":7");
    talk.check(conn, "HTTL h FIELDS 2 f13 f16", "*2|:-1|:-1");
    talk.check(conn, &format!("HTTL h FIELDS 1 f{}", DUE - 1), "*1|:1000");
    talk.check(conn, "DEL h", ":1");
}

/// What looks at a whole hash removes all that is due first.
#[test]
fn a_whole_hash_shows_nothing_that_is_due() {
    for request in ["HGETALL h", "HKEYS h", "HVALS h", "HRANDFIELD h 5"] {
        let mut talk = Conversation::new();
        let conn = talk.client();
        let fields: Vec<String> = (0..2000).map(|nth| format!("f{nth}")).collect();
        let pairs: Vec<String> = fields.iter().map(|field| format!("{field} v")).collect();
        talk.ask(conn, &format!("HSET h {} s s", pairs.join(" ")));
        talk.ask(conn, &format!("HPEXPIRE h 100 FIELDS 2000 {}", fields.join(" ")));
        talk.engine.parts().0.active_expire = false;
        talk.pass(200_000);
        let reply = talk.ask(conn, request);
        assert!(!reply.contains("|f"), "{request}: {reply}");
        talk.send(conn, &["HGETALL h"]);
        talk.expect(conn, "*2|$1|s|$1|s");
    }
}

#[test]
fn a_hash_is_as_small_as_a_slice() {
    assert_eq!(size_of::<Hash>(), size_of::<&[u8]>());
}
