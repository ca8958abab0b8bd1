//! Values of every kind: few enough to collide, strange enough to find the edges.

use crate::random::Random;

use super::super::operation::Args;

const KEYS: &[&[u8]] =
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
        "idlems" => random.pick(&["0", "0", "0", "1000000", "-1", "abc", "", "9223372036854775807"]),
        "waitms" => random.pick(&["0", "10", "1", "-1", "abc", "1.5"]),
        "manyz" => return many_scored(random, out),
        "keys" => return counted_keys(random, out, false),
        "zkeys" => return counted_keys(random, out, true),
        "int" => random.pick(INTEGERS),
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
        "score" => random.pick(SCORES),
        "tame" => random.pick(TAME_FLOATS),
        "bound" => return out.push(bound(random)),
        "lex" => {
            random.pick(&["-", "+", "[a", "(a", "[b", "(c", "[foo", "(hello", "[", "(", "a", "", "[\u{7f}"])
        }
        "ttl" => random.pick(&[
            "100",
            "1000",
            "50000",
            "100000000",
            "0",
            "-1",
            "abc",
            "9223372036854775807",
            "9223372036854775",
        ]),
        "ttlms" => random.pick(&[
            "100000",
            "5000000",
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
        "wait" => random.pick(&["0", "0.01", "1", "-1", "abc", "", "1.5"]),
        "offset" => {
            random.pick(&["0", "1", "5", "20", "100", "-1", "536870912", "9223372036854775807", "abc"])
        }
        other => panic!("no values of kind {other:?}"),
    };
    out.push(text.as_bytes().to_vec());
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
