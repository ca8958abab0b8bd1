//! Values of every kind: few enough to collide, strange enough to find the edges.

use crate::random::Random;

use super::super::operation::Args;

pub(super) const KEYS: &[&[u8]] =
    &[b"k0", b"k1", b"k2", b"k3", b"k4", b"k5", b"k6", b"k7", b"k8", b"bin\x00\xff\r\n", b"{t}k", b""];

/// Numbers that integers are compared, added and parsed with, and what is nearly one.
const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "10",
    "-10",
    "100",
    "255",
    "65536",
    "2147483647",
    "-2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "007",
    "-0",
    "+1",
    " 1",
    "1 ",
    "1.0",
    "1e2",
    "abc",
    "",
    "0x10",
    "--1",
    "99999999999999999999",
];

const SCORES: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "1.5",
    "-2.25",
    "0.1",
    "0.2",
    "0.30000000000000004",
    "3.14",
    "1e3",
    "1e-3",
    "1e17",
    "1e21",
    "1e22",
    "123456789.123456789",
    "-0",
    "inf",
    "-inf",
    "+inf",
    "Infinity",
    "nan",
    "1e308",
    "-1e308",
    "2.2250738585072014e-308",
    "1e400",
    "0x10",
    "abc",
    "",
    " 1",
    "1 ",
    ".5",
    "5.",
    "4503599627370497",
    "9007199254740993",
    "1e-7",
    "0.000001",
];

/// Sums of these are the same in double and in extended precision once written with 17 decimals.
const TAME_FLOATS: &[&str] = &[
    "0", "1", "-1", "0.5", "1.25", "-2.75", "10", "3.0", "1e2", "100.125", "abc", "", "inf", "nan", " 1",
    "1 ",
];

const WORDS: &[&[u8]] = &[
    b"",
    b"a",
    b"b",
    b"c",
    b"d",
    b"foo",
    b"bar",
    b"hello world",
    b"a\x00b",
    b"\xff\xfe\x00\r\n",
    b"A",
    b"0",
    b"1",
    b"2",
    b"3",
    b"10",
    b"-5",
    b"12",
    b"007",
    b"-0",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"1.5",
    b"-0.25",
    b"3.0",
    b"1e2",
    b"member",
    b"weight_1",
    b"inf",
    b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    b"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
];

/// Values as redis-server 7.0.15 dumps them: one of each form, and one that is spoiled.
const PAYLOADS: &[&[u8]] = &[
    b"\x00\x03bar\x0a\x00\xe6\xbeI`\xeef\xfd\x17",
    b"\x00\xc0\x0a\x0a\x00n\x9fWE\x0e\xaec\xbb",
    b"\x00\xc3\x09<\x01aa\xe0/\x00\x01aa\x0a\x00\xa6~\x08\xb2\x17\xd0\x97\x80",
    b"\x12\x01\x02\x0f\x0f\x00\x00\x00\x03\x00\x81a\x02\x0c\x01\x81c\x02\xff\x0a\x00\x91z:(\xdfM\xc7\x1a",
    b"\x0b\x0c\x02\x00\x00\x00\x02\x00\x00\x00\xd4\xfe\x01\x00\x0a\x00\x0c[\x1a\x13N\x1f\xcf\x0a",
    b"\x02\x02\x01a\x01b\x0a\x00\xfed!%\xeb\x03=\x0d",
    b"\x10\x14\x14\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x83two\x04\xff\x0a\x00\x04(\xb5%\xe1\xe2k\x12",
    b"\x11\x14\x14\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x832.5\x04\xff\x0a\x00\xd4Ln\xa4\xf6D\xd9\xd7",
    b"\x05\x01\xc3\x09@F\x01xx\xe09\x00\x01xx\x00\x00\x00\x00\x00\x00\xf0?\x0a\x00\x89\x15Y=\xc2\xe8\x81\xa1",
    b"\x04\x01\x01f\xc3\x09@F\x01yy\xe09\x00\x01yy\x0a\x00\xee\x85\xcb\x01\xa5\xbb\xf4\x09",
    b"\x00\x03baz\x0a\x00\xe6\xbeI`\xeef\xfd\x17",
];

/// Positions of bits: within the first bytes, far behind, and beyond what there can be.
const BIT_POSITIONS: &[&str] = &[
    "0",
    "1",
    "5",
    "7",
    "8",
    "9",
    "15",
    "16",
    "63",
    "64",
    "100",
    "511",
    "9000",
    "-1",
    "4294967296",
    "9223372036854775807",
    "abc",
    "007",
];

const WIDTHS: &[&str] = &[
    "u1", "i1", "u2", "u3", "i5", "u8", "i8", "u8", "i8", "u16", "i32", "u32", "i63", "u63", "i64", "u64",
    "i65", "u0", "x8", "U8", "u", "",
];

const PATTERNS: &[&str] = &[
    "*",
    "k*",
    "k?",
    "k[0-4]",
    "k[^0-4]",
    "[",
    "a*",
    "*a*",
    "?",
    "",
    "\\*",
    "[a-c]",
    "*b",
    "[]",
    "h[ae]llo*",
    "k[4-0]",
    "[^",
];

/// What a selector may hold.
const SELECTOR_RULES: &[&str] = &[
    "+get",
    "-get",
    "+set",
    "-set",
    "+del",
    "+GET",
    "+@read",
    "-@read",
    "+@write",
    "-@write",
    "+@string",
    "-@string",
    "+@hash",
    "-@hash",
    "+@all",
    "-@all",
    "+@ALL",
    "allcommands",
    "nocommands",
    "+@nosuch",
    "-@nosuch",
    "+nosuch",
    "-nosuch",
    "+config|get",
    "-config|get",
    "+config",
    "-config",
    "+config|nosuch",
    "+client",
    "-client|id",
    "+client|getname",
    "-client",
    "+select|0",
    "+select|1",
    "+get|",
    "-select|0",
    "-select",
    "+select",
    "+client|id|x",
    "+object|encoding",
    "-object",
    "-object|freq",
    "~*",
    "~k*",
    "~k0",
    "~k[1-3]",
    "~",
    "~K*",
    "%R~k*",
    "%W~k*",
    "%RW~k*",
    "%WR~k4",
    "%r~k5",
    "%R~*",
    "%~k",
    "%X~k",
    "%RR~k",
    "%R",
    "%",
    "%RW~*",
    "allkeys",
    "resetkeys",
    "&*",
    "&news",
    "&n*",
    "&",
    "allchannels",
    "resetchannels",
    "+@pubsub",
    "-@pubsub",
    "+publish",
    "-@dangerous",
    "+@fast",
    "-@slow",
    "+@connection",
    "-@admin",
    "+@transaction",
    "+@blocking",
    "-@blocking",
    "+@sortedset",
    "-@sortedset",
    "+@list",
    "-@list",
    "+@set",
    "-@keyspace",
    "+@keyspace",
    "+sort",
    "-sort",
    "bogus",
    "+",
    "-",
    "+@",
    "",
    "+mget",
    "+mset",
    "+zadd",
    "+rename",
    "+copy",
    "-copy",
    "+zunionstore",
    "+smove",
    "+lmove",
];

/// What only the rules of a user outside of parentheses may be.
const USER_RULES: &[&str] = &[
    "on",
    "off",
    "ON",
    "nopass",
    "resetpass",
    ">one",
    ">two",
    "<one",
    "<two",
    ">",
    "#abc",
    "!abc",
    "#7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
    "!7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
    "#7692C3AD3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
    "reset",
    "skip-sanitize-payload",
    "sanitize-payload",
    "clearselectors",
    "(",
    ")",
    "()",
    "(~k*",
    "+get)",
    "(on)",
    "(+get",
    "(+@all ~*)",
    "(\"~k1\" +set)",
    "(\"+get)",
    "( +get ~k2 )",
    "()x",
    "(+nosuch)",
    "(+@read ~k* &n*)",
    "(%R~k1 +@all)",
];

/// Appends a value of the named kind; some kinds are several arguments.
pub(super) fn value(name: &str, random: &mut Random, out: &mut Args) {
    let text = match name {
        "key" => return out.push(key(random)),
        "val" => return out.push(word(random)),
        "mem" => return out.push(WORDS[random.below(18)].to_vec()),
        "many" => return many(random, out),
        "skey" => return out.push(stream_key(random)),
        "sid" => return out.push(entry_name(random)),
        "sfrom" => return out.push(entry_bound(random, "-")),
        "sto" => return out.push(entry_bound(random, "+")),
        "strim" => return trim(random, out),
        "manypairs" => return many_pairs(random, out),
        "scount" => random.pick(&["0", "1", "2", "5", "10", "50", "100", "150", "-1", "abc", ""]),
        "sgroup" => random.pick(&["g0", "g0", "g1", "g2", ""]),
        "sname" => random.pick(&["alice", "bob", "carol"]),
        "idlems" => random.pick(&["0", "0", "0", "90000000", "-1", "abc", "", "9223372036854775807"]),
        "waitms" => random.pick(&["0", "10", "1", "-1", "abc", "1.5"]),
        "manyz" => return many_scored(random, out),
        "keys" => return counted_keys(random, out, false),
        "zkeys" => return counted_keys(random, out, true),
        "int" => random.pick(INTEGERS),
        "bitat" => random.pick(BIT_POSITIONS),
        "bit" => random.pick(&["0", "1", "1", "0", "1", "2", "-1", "abc"]),
        "width" => random.pick(WIDTHS),
        "field" => return field(random, out),
        // Mostly sketches of their own, so that many elements come together.
        "hll" if random.one_in(20) => return out.push(key(random)),
        "hll" => random.pick(&["hll0", "hll1", "hll2", "hll3"]),
        // Seldom, and then mostly where it does little.
        "damage" if random.one_in(4) => random.pick(&["0", "3", "4", "15", "16"]),
        "damage" => random.pick(&["7", "8", "9"]),
        // None begins a run of two bytes: redis-server writes behind the end of a string that ends within one.
        "byte" => {
            const BYTES: &[u8] = b"\x00\x01\x05\x3f\x80\x84\xb5\xff";
            return out.push(vec![BYTES[random.below(8)]]);
        }
        // Sets of their own, where no two places are the same: the order of equal distances is open.
        "geo" => random.pick(&["geo0", "geo1", "geo2"]),
        "place" => return out.extend(place(random)),
        "manyplaces" => {
            let (from, len) = (random.below(200), random.between(1, 150));
            return (from..from + len).for_each(|number| {
                out.extend(valid_place(random));
                out.push(format!("m{number}").into_bytes());
            });
        }
        "unit" => random.pick(&["m", "km", "mi", "ft", "KM", "km", "m", "yd"]),
        "radius" => random.pick(RADII),
        "from" => return from(random, out),
        "by" => return by(random, out),
        "idx" => return out.push(index(random)),
        "cnt" => random.pick(&[
            "0",
            "1",
            "2",
            "3",
            "5",
            "10",
            "100",
            "-1",
            "-2",
            "-5",
            "abc",
            "9223372036854775807",
        ]),
        "pos" => random.pick(&["1", "2", "3", "5", "10", "1000", "0", "-1", "abc"]),
        "user" => random.pick(&["u0", "u1", "u2", "u0", "u1", "u2", "U0", "u 0", ""]),
        "rule" if random.one_in(3) => random.pick(USER_RULES),
        "rule" | "selrule" => random.pick(SELECTOR_RULES),
        "selector" => return selector(random, out),
        "score" => random.pick(SCORES),
        "tame" => random.pick(TAME_FLOATS),
        "payload" => return out.push(PAYLOADS[random.below(PAYLOADS.len())].to_vec()),
        "bound" => return out.push(bound(random)),
        "lex" => {
            random.pick(&["-", "+", "[a", "(a", "[b", "(c", "[foo", "(hello", "[", "(", "a", "", "[\u{7f}"])
        }
        // No time that comes while a run lasts: the servers would not see it come at the same command.
        "ttl" => random.pick(&[
            "20000",
            "30000",
            "50000",
            "100000000",
            "0",
            "-1",
            "abc",
            "9223372036854775807",
            "9223372036854775",
        ]),
        "ttlms" => random.pick(&[
            "20000000",
            "50000000",
            "100000000000",
            "0",
            "-1",
            "abc",
            "9223372036854775807",
            "-9223372036854775808",
        ]),
        "at" => random.pick(&[
            "4102444800",
            "5000000000",
            "1",
            "1000",
            "0",
            "-1",
            "abc",
            "9223372036854775807",
            "9223372036854775",
        ]),
        "atms" => random.pick(&[
            "4102444800000",
            "4102444800123",
            "1",
            "1000000",
            "0",
            "-1",
            "abc",
            "9223372036854775807",
        ]),
        "pat" => random.pick(PATTERNS),
        // SET with a time in the past makes a key that is gone, and when DBSIZE notices is open.
        "future" => random.pick(&["4102444800", "5000000000", "0", "-1", "abc", "9223372036854775807"]),
        "futurems" => random.pick(&["4102444800000", "4102444800123", "0", "-1", "abc"]),
        "db" => random.pick(&["0", "0", "1", "1", "2", "15", "16", "-1", "abc", "1.0", "99999999999"]),
        "somedb" => random.pick(&["0", "1", "2"]),
        "type" => random.pick(&["string", "list", "hash", "set", "zset", "stream", "LIST", "none"]),
        "end" => random.pick(&["LEFT", "RIGHT", "left", "Right", "UP"]),
        "minmax" => random.pick(&["MIN", "MAX", "min", "AVG"]),
        "sortby" => random.pick(&["k*", "weight_*", "k*->a", "*", "k*->", "*->b"]),
        "sortget" => random.pick(&["#", "k*", "k*->a", "nothing*", "x", "*"]),
        "channel" => random.pick(&["news", "sport", "k0", ""]),
        "wait" => random.pick(&[
            "0", "0.01", "1", "-1", "abc", "", "1.5", "-1e400", "1e5000", "1e-400", "-1e-4000", "nan",
        ]),
        "setting" => random.pick(&[
            "maxmemory-samples",
            "maxmemory-eviction-tenacity",
            "lfu-log-factor",
            "lfu-decay-time",
            "slowlog-max-len",
            "latency-tracking-info-percentiles",
            "active-expire-effort",
            "activerehashing",
            "stop-writes-on-bgsave-error",
            "Lazyfree-Lazy-User-Del",
            "databases",
            "no-such-setting",
            "list-compress-depth",
        ]),
        "settingval" => random.pick(&[
            "0",
            "1",
            "5",
            "10",
            "100",
            "101",
            "-1",
            "yes",
            "no",
            "YES",
            "maybe",
            "",
            "abc",
            "1.5",
            "50 99.9",
            "2147483648",
            "9223372036854775807",
            "9223372036854775808",
            " 1",
        ]),
        "offset" => {
            random.pick(&["0", "1", "5", "20", "100", "-1", "536870912", "9223372036854775807", "abc"])
        }
        other => panic!("no values of kind {other:?}"),
    };
    out.push(text.as_bytes().to_vec());
}

/// A selector in one argument or in several.
fn selector(random: &mut Random, out: &mut Args) {
    let rules: Vec<&str> = (0..random.between(1, 5)).map(|_| random.pick(SELECTOR_RULES)).collect();
    let text = format!("({})", rules.join(" "));
    if random.one_in(2) {
        out.push(text.into_bytes());
    } else {
        out.extend(text.split(' ').map(|word| word.as_bytes().to_vec()));
    }
}

/// One operation of BITFIELD.
fn field(random: &mut Random, out: &mut Args) {
    let words: &[&str] = match random.below(12) {
        0 => &["OVERFLOW", random.pick(&["WRAP", "SAT", "FAIL", "sat", "BOGUS"])],
        1 => &["OVERFLOW", "FAIL"],
        2 => &["OVERFLOW", "SAT"],
        3..=5 => &["GET"],
        6..=8 => &["SET"],
        _ => &["INCRBY"],
    };
    out.extend(words.iter().map(|word| word.as_bytes().to_vec()));
    if words.len() == 2 {
        return;
    }
    // A wrong type ends the whole request, so most are right.
    let width = if random.one_in(30) { random.pick(WIDTHS) } else { WIDTHS[random.below(15)] };
    out.push(width.as_bytes().to_vec());
    let position =
        if random.one_in(30) { random.pick(BIT_POSITIONS) } else { BIT_POSITIONS[random.below(13)] };
    let place = if random.one_in(4) { format!("#{}", random.below(12)) } else { position.to_owned() };
    out.push(place.into_bytes());
    if words[0] != "GET" {
        let number = if random.one_in(30) { random.pick(INTEGERS) } else { INTEGERS[random.below(16)] };
        out.push(number.as_bytes().to_vec());
    }
}

const RADII: &[&str] = &[
    "0", "0.5", "1", "10", "100", "250.5", "1000", "5000", "20000", "100000", "10000000", "1e9", "-1", "abc",
    "inf",
];

/// Longitude and latitude, mostly of one region, now and then of no place at all.
fn place(random: &mut Random) -> [Vec<u8>; 2] {
    if random.one_in(25) {
        let wrong =
            ["180", "-180", "85.05112878", "-85.05112878", "0", "200", "-90", "abc", "inf", "1e300", ""];
        return [0; 2].map(|_| random.pick(&wrong).as_bytes().to_vec());
    }
    valid_place(random)
}

fn valid_place(random: &mut Random) -> [Vec<u8>; 2] {
    let (longitudes, latitudes) = match random.below(8) {
        0 => ((-180, 180), (-85, 85)),
        1 => ((170, 180), (-20, 20)),
        2 => ((-180, -170), (-20, 20)),
        3 => ((0, 60), (70, 85)),
        _ => ((10, 15), (45, 50)),
    };
    [longitudes, latitudes].map(|(least, most)| {
        let thousandths = random.between(0, (most - least) as usize * 100_000 - 1);
        format!("{}.{:05}", least + (thousandths / 100_000) as i64, thousandths % 100_000).into_bytes()
    })
}

/// Where a search begins.
fn from(random: &mut Random, out: &mut Args) {
    if random.one_in(2) {
        out.push(b"FROMLONLAT".to_vec());
        out.extend(place(random));
    } else {
        out.push(b"FROMMEMBER".to_vec());
        value("mem", random, out);
    }
}

/// How far a search goes.
fn by(random: &mut Random, out: &mut Args) {
    let lengths = if random.one_in(2) { 1 } else { 2 };
    out.push(if lengths == 1 { b"BYRADIUS".to_vec() } else { b"BYBOX".to_vec() });
    out.extend((0..lengths).map(|_| random.pick(RADII).as_bytes().to_vec()));
    value("unit", random, out);
}

/// One of few keys.
pub(super) fn key(random: &mut Random) -> Vec<u8> {
    // The last two are rare: most of what goes on must collide.
    let pool = if random.one_in(20) { KEYS.len() } else { KEYS.len() - 2 };
    KEYS[random.below(pool)].to_vec()
}

/// A strange argument to put in any place.
pub(super) fn strange(random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => random.pick(INTEGERS).as_bytes().to_vec(),
        1 => random.pick(SCORES).as_bytes().to_vec(),
        2 => key(random),
        _ => word(random),
    }
}

fn word(random: &mut Random) -> Vec<u8> {
    match random.below(40) {
        0 => {
            let len = random.between(1, 20);
            random.bytes(len)
        }
        1 => vec![b'z'; random.between(1, 300)],
        2 => random.pick(INTEGERS).as_bytes().to_vec(),
        _ => WORDS[random.below(WORDS.len())].to_vec(),
    }
}

fn index(random: &mut Random) -> Vec<u8> {
    if random.one_in(10) {
        return random.pick(INTEGERS).as_bytes().to_vec();
    }
    (random.below(16) as i64 - 8).to_string().into_bytes()
}

fn bound(random: &mut Random) -> Vec<u8> {
    let mut bound = if random.one_in(3) { b"(".to_vec() } else { Vec::new() };
    bound.extend_from_slice(random.pick(SCORES).as_bytes());
    bound
}

/// Mostly one of few streams, seldom a key of any type.
fn stream_key(random: &mut Random) -> Vec<u8> {
    if random.one_in(30) {
        key(random)
    } else {
        random.pick(&["s0", "s0", "s0", "s1", "s1", "s2"]).as_bytes().to_vec()
    }
}

/// The name of an entry: small, so that many are the same, and now and then none at all.
fn entry_name(random: &mut Random) -> Vec<u8> {
    let text = match random.below(24) {
        0 => random
            .pick(&[
                "-", "+", "$", ">", "", "abc", "1-abc", "1-", "-1", "1-1-1", "(1-1", "0-0", "1-*", "0-*",
                "+5", " 7-1", "5-+3", "1--0", "1--05", "007-3", "1 ", "5-1\0x",
            ])
            .to_owned(),
        1 => random
            .pick(&[
                "18446744073709551615",
                "18446744073709551615-18446744073709551615",
                "18446744073709551616",
                "9223372036854775808-1",
                "3-18446744073709551615",
                "3-18446744073709551614",
            ])
            .to_owned(),
        2..=6 => format!("{}", random.below(120)),
        7..=10 => format!("{}-*", random.below(120)),
        _ => format!("{}-{}", random.below(120), random.below(3)),
    };
    // Far names would leave no room for the others.
    let is_far = text.len() > 10 && !random.one_in(12);
    if is_far { b"60-1".to_vec() } else { text.into_bytes() }
}

fn entry_bound(random: &mut Random, open: &str) -> Vec<u8> {
    match random.below(6) {
        0 | 1 => open.as_bytes().to_vec(),
        2 => [b"(".to_vec(), entry_name(random)].concat(),
        _ => entry_name(random),
    }
}

fn trim(random: &mut Random, out: &mut Args) {
    let strategy = random.pick(&["MAXLEN", "MAXLEN", "MINID", "minid", "maxlen"]);
    out.push(strategy.as_bytes().to_vec());
    if !random.one_in(3) {
        out.push(random.pick(&["=", "~", "~"]).as_bytes().to_vec());
    }
    if strategy.eq_ignore_ascii_case("MAXLEN") {
        value("scount", random, out);
    } else {
        out.push(entry_name(random));
    }
    if random.one_in(4) {
        out.push(b"LIMIT".to_vec());
        value("scount", random, out);
    }
}

/// So much that few entries fill a chunk of a stream.
fn many_pairs(random: &mut Random, out: &mut Args) {
    for number in 0..random.between(1, 30) {
        out.push(format!("field{}", number % 40).into_bytes());
        out.push(vec![b'v'; random.between(0, 120)]);
    }
}

/// Enough members that a collection leaves its compact form.
fn many(random: &mut Random, out: &mut Args) {
    let (from, len) = (random.below(200), random.between(1, 150));
    let prefix = random.pick(&["", "", "m", "member:"]);
    // An even number, so that it suits fields and values too.
    out.extend((from..from + len / 2 * 2 + 2).map(|number| format!("{prefix}{number}").into_bytes()));
}

fn many_scored(random: &mut Random, out: &mut Args) {
    let (from, len) = (random.below(200), random.between(1, 150));
    for number in from..from + len {
        out.push((number / 3).to_string().into_bytes());
        out.push(format!("m{number}").into_bytes());
    }
}

/// `numkeys key…`, now and then with the wrong number, and with `WEIGHTS` when asked for.
fn counted_keys(random: &mut Random, out: &mut Args, weights: bool) {
    let keys = random.between(1, 3);
    let told = if random.one_in(25) { random.pick(INTEGERS).to_owned() } else { keys.to_string() };
    out.push(told.into_bytes());
    out.extend((0..keys).map(|_| key(random)));
    if weights && random.one_in(3) {
        out.push(b"WEIGHTS".to_vec());
        let count = if random.one_in(10) { keys + 1 } else { keys };
        out.extend((0..count).map(|_| random.pick(SCORES).as_bytes().to_vec()));
    }
}
