use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::ConnId;
use crate::config::Limit;
use crate::engine::conversation::Conversation;
use crate::structures::table::HashSeed;
use crate::types::LOOKUPS;

type Model = BTreeSet<Vec<u8>>;

fn limits() -> EncodingLimits {
    // Miri takes long for every member of the compact forms, which are safe code.
    let (set_entries_max, intset_entries_max) = if cfg!(miri) { (6, 10) } else { (30, 50) };
    let (set_entries_max, intset_entries_max) = (Limit::new(set_entries_max), Limit::new(intset_entries_max));
    EncodingLimits { set_entries_max, intset_entries_max, ..EncodingLimits::new(HashSeed(1, 2)) }
}

fn contents(set: &Set) -> Model {
    set.iter().map(Item::to_vec).collect()
}

fn check(set: &Set, model: &Model, random: &mut Random) {
    assert_eq!(set.len(), model.len());
    assert_eq!(contents(set), *model);
    assert_eq!(contents(&set.copy(&limits())), *model);
    let (mut scanned, mut cursor) = (Vec::new(), 0);
    loop {
        cursor = set.scan(cursor, 60, |item| scanned.push(item.to_vec()));
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(scanned.len(), model.len());
    assert_eq!(scanned.into_iter().collect::<Model>(), *model);
    let wanted = random.below(model.len() as u64 + 2) as usize;
    let mut sampled = Model::new();
    set.sample(wanted, random, |item| assert!(sampled.insert(item.to_vec())));
    assert!(sampled.len() == wanted.min(model.len()) && sampled.is_subset(model));
    assert_eq!(set.random(random).is_none(), model.is_empty());
    assert!(set.draws(random).take(model.len()).all(|item| model.contains(&item.to_vec())));
}

fn text(random: &mut Random, space: u64, only_numbers: bool) -> Vec<u8> {
    let number = random.below(space) as i64 - space as i64 / 2;
    match random.below(4) {
        0 if !only_numbers => format!("member:{number}").into_bytes(),
        1 if !only_numbers => alloc::vec![b'x'; random.below(space.min(70)) as usize],
        _ => format!("{}", number * number * number).into_bytes(),
    }
}

#[test]
fn behaves_as_a_tree_set() {
    let mut encodings = BTreeSet::new();
    let (seeds, stride) = if cfg!(miri) { (2, 25) } else { (8, 1) };
    for seed in 0..seeds {
        let mut random = Random::new([seed; 16]);
        let (mut set, mut model) = (Set::default(), Model::new());
        for step in (0..3000).step_by(stride) {
            // Each seed meets the forms in another order and at another size.
            let space = if step < 1000 { 12 } else { 1000 };
            let only_numbers = step < 200 * u64::from(seed);
            let growth = if (step / 500) % 2 == 0 { 3 } else { 1 };
            let member = text(&mut random, space, only_numbers);
            match random.below(9) {
                0 => {
                    let popped = set.pop(&mut random);
                    assert_eq!(popped.is_none(), model.is_empty());
                    assert!(popped.is_none_or(|member| model.remove(&member)));
                }
                choice if choice % 4 < growth => {
                    assert_eq!(set.insert(&member, &limits()), model.insert(member.clone()));
                    assert!(set.contains(&member));
                }
                _ => {
                    let is_member = model.remove(&member);
                    assert_eq!(set.contains(&member), is_member);
                    assert_eq!(set.contains_item(Item::Bytes(&member)), is_member);
                    assert_eq!(set.remove(&member), is_member);
                }
            }
            encodings.insert(set.encoding());
            if step % 97 == 0 {
                check(&set, &model, &mut random);
            }
        }
        while !set.free_some(100) {}
        assert!(set.is_empty());
    }
    assert_eq!(encodings.len(), 3, "{encodings:?}");
}

#[test]
fn the_form_follows_the_limits() {
    let limits = EncodingLimits::new(HashSeed(1, 2));
    let mut set = Set::default();
    for n in 0..512 {
        set.insert(format!("{n}").as_bytes(), &limits);
    }
    assert_eq!(set.encoding(), "intset");
    set.insert(b"512", &limits);
    assert_eq!((set.encoding(), set.len()), ("hashtable", 513));
    let mut set = Set::default();
    for n in 0..128 {
        set.insert(format!("m{n}").as_bytes(), &limits);
    }
    assert_eq!(set.encoding(), "listpack");
    set.insert(b"m0", &limits);
    assert_eq!(set.encoding(), "listpack");
    set.insert(b"m128", &limits);
    assert_eq!(set.encoding(), "hashtable");
    for (first, second, encoding) in [("1", "a", "listpack"), ("a", "1", "listpack"), ("1", "2", "intset")] {
        let mut set = Set::default();
        set.insert(first.as_bytes(), &limits);
        set.insert(second.as_bytes(), &limits);
        assert_eq!(set.encoding(), encoding);
    }
    let mut set = Set::default();
    set.insert(&[b'x'; 65], &limits);
    assert_eq!(set.encoding(), "hashtable");
    for (additions, first, encoding) in
        [(512, "1", "intset"), (513, "1", "hashtable"), (129, "a", "hashtable"), (128, "a", "listpack")]
    {
        let mut set = Set::default();
        set.expect(additions, first.as_bytes(), &limits);
        set.insert(first.as_bytes(), &limits);
        assert_eq!(set.encoding(), encoding, "{additions}");
    }
}

#[test]
fn members_are_added_found_and_removed() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check_all(
        conn,
        &[
            ("SADD s 3 1 2 1", ":3"),
            ("SADD s 1 a", ":1"),
            ("SMEMBERS s", "*4|$1|1|$1|2|$1|3|$1|a"),
            ("SCARD s", ":4"),
            ("SISMEMBER s a", ":1"),
            ("SISMEMBER s b", ":0"),
            ("SMISMEMBER s a b 1", "*3|:1|:0|:1"),
            ("SMISMEMBER none a b", "*2|:0|:0"),
            ("SREM s a b 1", ":2"),
            ("SMOVE s t 2", ":1"),
            ("SMOVE s t 2", ":0"),
            ("SMOVE s s 3", ":1"),
            ("SMOVE s s 9", ":0"),
            ("SMOVE none t 9", ":0"),
            ("SMEMBERS t", "*1|$1|2"),
            ("SREM s 3 4", ":1"),
            ("SREM s 3", ":0"),
            ("SCARD s", ":0"),
            ("SMEMBERS s", "*0"),
            ("SSCAN none 0 COUNT x", "*2|$1|0|*0"),
            ("SSCAN t 0", "*2|$1|0|*1|$1|2"),
            ("SSCAN t 5 MATCH x*", "*2|$1|0|*0"),
            ("SSCAN t x", "-ERR invalid cursor"),
            ("SSCAN t 0 NOVALUES", "-ERR NOVALUES option can only be used in HSCAN"),
            ("SSCAN t 0 COUNT -1", "-ERR syntax error"),
        ],
    );
}

#[test]
fn sets_are_intersected_united_and_subtracted() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check_all(
        conn,
        &[
            ("SADD a 1 2 3 x", ":4"),
            ("SADD b 2 3 y", ":3"),
            ("SADD c 3 x", ":2"),
            ("SINTER a b", "*2|$1|2|$1|3"),
            ("SINTER a b c", "*1|$1|3"),
            ("SINTER a none", "*0"),
            ("SINTERCARD 2 a b", ":2"),
            ("SINTERCARD 2 a b LIMIT 1", ":1"),
            ("SINTERCARD 2 a b LIMIT 0", ":2"),
            ("SINTERCARD 0 a", "-ERR numkeys should be greater than 0"),
            ("SINTERCARD x a", "-ERR numkeys should be greater than 0"),
            ("SINTERCARD 2 a", "-ERR Number of keys can't be greater than number of args"),
            ("SINTERCARD 1 a LIMIT", "-ERR syntax error"),
            ("SINTERCARD 1 a LIMIT x", "-ERR LIMIT can't be negative"),
            ("SUNION b c", "*4|$1|2|$1|3|$1|y|$1|x"),
            ("SUNION a b c", "*5|$1|1|$1|2|$1|3|$1|x|$1|y"),
            ("SUNION none", "*0"),
            ("SDIFF a b", "*2|$1|1|$1|x"),
            ("SDIFF a a", "*0"),
            ("SDIFF none a", "*0"),
            ("SDIFF a none c", "*2|$1|1|$1|2"),
            ("SINTERSTORE a a b", ":2"),
            ("SMEMBERS a", "*2|$1|2|$1|3"),
            ("SUNIONSTORE d a c", ":3"),
            ("SDIFFSTORE d a b", ":0"),
            ("SCARD d", ":0"),
            ("SET text 1", "+OK"),
            ("SINTER none text", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("SINTERSTORE text none a", ":0"),
            ("GET text", "$-1"),
            ("SET text 1", "+OK"),
            ("SUNIONSTORE text a b", ":3"),
            ("SCARD text", ":3"),
        ],
    );
}

#[test]
fn random_members_are_returned_and_popped() {
    let range = "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check_all(
        conn,
        &[
            ("SRANDMEMBER none", "$-1"),
            ("SRANDMEMBER none 2", "*0"),
            ("SPOP none", "$-1"),
            ("SPOP none 2", "*0"),
            ("SADD s a", ":1"),
            ("SRANDMEMBER s", "$1|a"),
            ("SRANDMEMBER s 5", "*1|$1|a"),
            ("SRANDMEMBER s -3", "*3|$1|a|$1|a|$1|a"),
            ("SRANDMEMBER s -9223372036854775808", range),
            ("SRANDMEMBER s -9223372036854775807", "-ERR value is out of range"),
            ("SRANDMEMBER s 1 2", "-ERR syntax error"),
            ("SPOP s 1 2", "-ERR syntax error"),
            ("SPOP s -1", "-ERR value is out of range, must be positive"),
            ("SPOP s x", "-ERR value is out of range, must be positive"),
            ("SPOP s 0", "*0"),
            ("SPOP s", "$1|a"),
        ],
    );
    assert_eq!(talk.effects(), ["SADD s a", "SREM s a"]);
    talk.check_all(conn, &[("SCARD s", ":0"), ("SADD s a b", ":2"), ("SPOP s 2", "*2|$1|a|$1|b")]);
    assert_eq!(talk.effects(), ["SADD s a b", "DEL s"]);
}

#[test]
fn popping_leaves_exactly_the_rest() {
    for (size, popped) in [(10, 3usize), (500, 20), (500, 495), (2000, 1500), (2000, 1990), (600, 100)] {
        for prefix in ["", "member:"] {
            let mut talk = Conversation::new();
            let conn = talk.client();
            let members: Vec<String> = (0..size).map(|n| format!("{prefix}{n}")).collect();
            talk.ask(conn, &format!("SADD s {}", members.join(" ")));
            let reply = talk.ask(conn, &format!("SPOP s {popped}"));
            let gone: Vec<&str> = reply.split('|').skip(2).step_by(2).collect();
            let effects = talk.effects();
            assert_eq!(effects.len(), 1 + popped.div_ceil(1024));
            let replayed = effects[1..].iter().flat_map(|effect| effect.split(' ').skip(2));
            assert!(replayed.eq(gone.iter().copied()));
            let rest = talk.ask(conn, "SMEMBERS s");
            let rest: Vec<&str> = rest.split('|').skip(2).step_by(2).collect();
            assert_eq!((gone.len(), rest.len()), (popped, size - popped));
            let all: BTreeSet<&str> = gone.into_iter().chain(rest).collect();
            assert_eq!(all, members.iter().map(String::as_str).collect());
        }
    }
}

#[test]
fn other_types_are_refused() {
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.ask(conn, "SET t x");
    talk.ask(conn, "SADD s a");
    for request in [
        "SADD t a",
        "SCARD t",
        "SDIFF s t",
        "SDIFFSTORE d none t",
        "SINTER s t",
        "SINTERCARD 2 none t",
        "SINTERSTORE d none t",
        "SISMEMBER t a",
        "SMEMBERS t",
        "SMISMEMBER t a",
        "SMOVE t s a",
        "SMOVE s t missing",
        "SPOP t",
        "SPOP t 0",
        "SRANDMEMBER t",
        "SRANDMEMBER t 0",
        "SREM t a",
        "SSCAN t 0 COUNT x",
        "SUNION none t",
        "SUNIONSTORE d s t",
    ] {
        assert_eq!(talk.ask(conn, request), wrong, "{request}");
    }
}

#[test]
fn newer_clients_get_sets() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.ask(conn, "HELLO 3");
    talk.check_all(
        conn,
        &[
            ("SMEMBERS s", "~0"),
            ("SPOP s", "_"),
            ("SPOP s 1", "~0"),
            ("SRANDMEMBER s 1", "*0"),
            ("SADD s a", ":1"),
            ("SMEMBERS s", "~1|$1|a"),
            ("SINTER s s", "~1|$1|a"),
            ("SUNION s none", "~1|$1|a"),
            ("SDIFF s s", "~0"),
            ("SRANDMEMBER s -2", "*2|$1|a|$1|a"),
            ("SMISMEMBER s a b", "*2|:1|:0"),
            ("SSCAN s 0", "*2|$1|0|*1|$1|a"),
            ("SPOP s 1", "~1|$1|a"),
        ],
    );
}

#[test]
fn changes_are_announced_as_redis_does() {
    let mut talk = Conversation::new();
    let (conn, listener) = (talk.client(), talk.client());
    talk.check(conn, "CONFIG SET notify-keyspace-events EA", "+OK");
    talk.ask(listener, "PSUBSCRIBE *");
    let events = |talk: &mut Conversation, request: &str| {
        talk.ask(conn, request);
        let heard = talk.ask(listener, "PING");
        let words: Vec<String> = heard.split('|').map(String::from).collect();
        // Each message is four strings: its kind, the pattern, the channel and the key.
        let messages = words.chunks(9).filter(|words| words[0] == "*4");
        let events: Vec<String> = messages
            .map(|words| format!("{} {}", words[6].replace("__keyevent@0__:", ""), words[8]))
            .collect();
        events.join(", ")
    };
    for (request, expected) in [
        ("SADD a 1 2 3", "sadd a"),
        ("SADD a 1", ""),
        ("SREM a 9", ""),
        ("SMOVE a b 1", "srem a, sadd b"),
        ("SPOP b", "spop b, del b"),
        ("SINTERSTORE c a a", "sinterstore c"),
        ("SDIFFSTORE c a a", "del c"),
        ("SDIFFSTORE c a a", ""),
        ("SPOP a 5", "spop a, del a"),
        ("HSET h f 1 g 2", "hset h"),
        ("HSETNX h f 1", ""),
        ("HINCRBY h f 1", "hincrby h"),
        ("HINCRBYFLOAT h f 1", "hincrbyfloat h"),
        ("HDEL h f", "hdel h"),
        ("HDEL h g", "hdel h, del h"),
    ] {
        assert_eq!(events(&mut talk, request), expected, "{request}");
    }
}

/// What operations on several sets look for, in the kinds of sorted sets and sets.
fn lookups(talk: &mut Conversation, conn: ConnId, request: &str, expected: &str) -> usize {
    LOOKUPS.set(0);
    talk.check(conn, request, expected);
    LOOKUPS.get()
}

/// SDIFF of 2,000 members and as many sets of one looked 4,000,000 times. 12,000 kept everyone waiting for 3.9 s.
#[test]
fn costs_of_several_sets_do_not_multiply() {
    const MANY: usize = 2000;
    let mut talk = Conversation::new();
    let conn = talk.client();
    let members: Vec<String> = (0..MANY).map(|nth| format!("m{nth}")).collect();
    talk.check(conn, &format!("SADD s {}", members.join(" ")), &format!(":{MANY}"));
    let pairs: Vec<String> = members.iter().map(|member| format!("1 {member}")).collect();
    talk.check(conn, &format!("ZADD z {}", pairs.join(" ")), &format!(":{MANY}"));
    for nth in 0..MANY {
        let member = if nth % 2 == 0 { format!("m{nth}") } else { format!("x{nth}") };
        talk.send(conn, &[&format!("SADD s{nth} {member}"), &format!("ZADD z{nth} 1 {member}")]);
        talk.expect(conn, ":1|:1");
    }
    let keys = |prefix: &str| -> Vec<String> { (0..MANY).map(|nth| format!("{prefix}{nth}")).collect() };
    let (sets, zsets) = (keys("s").join(" "), keys("z").join(" "));
    let again = |key: &str| [key; MANY].join(" ");
    let (half, all, count) = (format!(":{}", MANY / 2), format!(":{MANY}"), MANY + 1);
    for (request, expected) in [
        (format!("SDIFFSTORE d s {sets}"), half.as_str()),
        (format!("SDIFFCARD {count} s {sets}"), &half),
        (format!("ZDIFFSTORE d {count} z {zsets}"), &half),
        (format!("ZDIFFSTORE d {count} s {sets}"), &half),
        (format!("ZDIFFSTORE d {count} s {}", again("z1")), &all),
        // One and the same set however often.
        (format!("SDIFFSTORE d s {}", again("s1")), &all),
        (format!("SDIFFSTORE d s {}", again("s")), ":0"),
        (format!("SINTERSTORE d s {}", again("s")), &all),
        (format!("SINTERCARD {count} s {}", again("s")), &all),
        (format!("SUNIONSTORE d s {}", again("s")), &all),
        (format!("SUNIONCARD {count} s {}", again("s")), &all),
        (format!("ZDIFFSTORE d {count} z {}", again("z")), ":0"),
        (format!("ZINTERSTORE d {count} z {}", again("z")), &all),
        (format!("ZINTERCARD {count} z {}", again("z")), &all),
        (format!("ZINTERSTORE d {} {} {}", 2 * MANY, again("z"), again("s")), &all),
        (format!("ZINTERSTORE d {} {}", 2 * MANY, again("z s")), &all),
    ] {
        let lookups = lookups(&mut talk, conn, &request, expected);
        assert!(lookups <= 4 * MANY, "{} looked {lookups} times", &request[..20]);
    }
    // Scores are those of as many keys.
    talk.check(conn, &format!("ZUNIONSTORE d {} {}", 2 * MANY, again("z s")), &all);
    talk.check(conn, "ZSCORE d m7", &format!("$4|{}", 2 * MANY));
    talk.check(conn, "ZINTERSTORE d 3 z z s WEIGHTS 2 3 4", &all);
    talk.check(conn, "ZSCORE d m7", "$1|9");
}

/// Both ways to subtract give the same, in the same order.
#[test]
fn both_ways_to_subtract_agree() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    talk.check(conn, "SADD s a b c d e f g h i j 1 2 3 4", ":14");
    talk.check(conn, "ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h 9 i 10 j", ":10");
    talk.check(conn, "SADD all a c e 2 4", ":5");
    for (nth, member) in ["a", "c", "e", "2", "4"].into_iter().enumerate() {
        talk.check(conn, &format!("SADD one{nth} {member}"), ":1");
    }
    let single = "one0 one1 one2 one3 one4 none none2 none3";
    LOOKUPS.set(0);
    let by_members = talk.ask(conn, "SDIFF s all");
    assert_eq!(LOOKUPS.take(), 14);
    assert_eq!(talk.ask(conn, &format!("SDIFF s {single}")), by_members);
    assert_eq!(LOOKUPS.take(), 5);
    assert_eq!(
        talk.ask(conn, &format!("ZDIFF 9 z {single} WITHSCORES")),
        talk.ask(conn, "ZDIFF 2 z all WITHSCORES")
    );
    talk.check(conn, "ZDIFF 9 none one0 one1 one2 one3 one4 z s all", "*0");
}
