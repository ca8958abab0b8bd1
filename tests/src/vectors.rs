//! Requests for every row of the command table, made from its grammar of arguments and then spoiled.
//!
//! The fuzz target `arguments` includes this file, so it uses nothing but the engine and the standard library.

use sanderling_core::command::{Arg, ArgKind, Command, table};

/// Where choices come from: a number below the given one.
pub type Choose<'a> = &'a mut dyn FnMut(usize) -> usize;

/// Repetitions of an argument that may be repeated.
const REPEATS_MAX: usize = 3;
/// Requests have no more arguments than this, however a block repeats.
const ARGUMENTS_MAX: usize = 200;

const KEYS: &[&str] =
    &["str", "int", "list", "hash", "set", "ints", "zset", "stream", "hll", "geo", "none", ""];
const INTEGERS: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    "3",
    "10",
    "100",
    "65536",
    "4294967295",
    "4294967296",
    "2147483647",
    "-2147483649",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "-4611686018427387904",
    "536870912",
    "abc",
    "",
    "1.5",
    " 1",
    "+1",
    "01",
];
const DOUBLES: &[&str] =
    &["0", "1", "-1.5", "3.14", "inf", "-inf", "nan", "1e308", "-1e-308", "abc", "", "180", "85.05", "0x10"];
const STRINGS: &[&str] = &[
    "a",
    "b",
    "field",
    "member",
    "default",
    "*",
    "0-1",
    "1-1",
    "$",
    ">",
    "-",
    "+",
    "(1",
    "[a",
    "1",
    "-1",
    "ID",
    "u8",
    "i64",
    "#1",
    "user:*",
    "",
    "maxmemory",
    "~*",
    "+@all",
    "on",
    "\r\n",
    "\u{e9}",
    "g",
    "c",
    "1704067200000-0",
    "99999999999999999999",
];
const WORDS: &[&str] = &[
    "COUNT",
    "LIMIT",
    "WITHSCORES",
    "MATCH",
    "EX",
    "PX",
    "NX",
    "XX",
    "GET",
    "KEEPTTL",
    "STREAMS",
    "BLOCK",
    "MAXLEN",
    "MINID",
    "~",
    "=",
    "FIELDS",
    "BY",
    "STORE",
    "ASC",
    "DESC",
    "FROMMEMBER",
    "BYRADIUS",
    "m",
    "km",
    "WEIGHTS",
    "AGGREGATE",
    "RANK",
    "ABSTTL",
    "REPLACE",
    "IDLETIME",
    "FREQ",
    "LEFT",
    "RIGHT",
    "BYLEX",
    "BYSCORE",
    "REV",
    "ANY",
    "GROUP",
    "BCAST",
    "PREFIX",
];

/// Requests that give the keys of [`vector`] values of every type.
pub const OPENING: &[&[&str]] = &[
    &["SET", "str", "some text that is long enough"],
    &["SET", "int", "12345"],
    &["RPUSH", "list", "a", "b", "c", "1", "2"],
    &["HSET", "hash", "field", "1", "a", "b"],
    &["SADD", "set", "a", "b", "member"],
    &["SADD", "ints", "1", "2", "3"],
    &["ZADD", "zset", "1", "a", "2", "b", "3", "member"],
    &["XADD", "stream", "1-1", "field", "a"],
    &["XGROUP", "CREATE", "stream", "g", "0"],
    &["PFADD", "hll", "a", "b"],
    &["GEOADD", "geo", "13.36", "38.11", "a", "15.08", "37.5", "b"],
];

/// A request: for some row, as its grammar has it or nearly so.
pub fn vector(choose: Choose<'_>) -> Vec<Vec<u8>> {
    let rows: Vec<&'static Command> = table().collect();
    let mut row = rows[choose(rows.len())];
    let mut words = vec![row.name.as_bytes().to_vec()];
    if !row.subcommands.is_empty() && choose(16) > 0 {
        row = &row.subcommands[choose(row.subcommands.len())];
        words.push(row.name.as_bytes().to_vec());
    }
    for arg in row.args {
        argument(arg, choose, &mut words);
    }
    // Half of them stay right, and reach what lies behind the checks.
    while choose(2) == 0 {
        spoil(choose, &mut words);
    }
    words
}

fn argument(arg: &Arg, choose: Choose<'_>, words: &mut Vec<Vec<u8>>) {
    if arg.optional && choose(2) == 0 {
        return;
    }
    let repeats = if arg.multiple { 1 + choose(REPEATS_MAX) } else { 1 };
    for index in 0..repeats {
        if words.len() > ARGUMENTS_MAX {
            return;
        }
        if let Some(token) = arg.token
            && (index == 0 || arg.multiple_token)
        {
            words.push(token.as_bytes().to_vec());
        }
        let mut pick = |texts: &[&str]| words.push(texts[choose(texts.len())].as_bytes().to_vec());
        match arg.kind {
            ArgKind::Key => pick(KEYS),
            ArgKind::String | ArgKind::Pattern => pick(STRINGS),
            ArgKind::Integer | ArgKind::UnixTime => pick(INTEGERS),
            ArgKind::Double => pick(DOUBLES),
            ArgKind::Token => {}
            ArgKind::OneOf(all) => argument(&all[choose(all.len())], choose, words),
            ArgKind::Block(all) => all.iter().for_each(|inner| argument(inner, choose, words)),
        }
    }
}

fn spoil(choose: Choose<'_>, words: &mut Vec<Vec<u8>>) {
    let at = choose(words.len());
    let lists = [KEYS, INTEGERS, DOUBLES, STRINGS, WORDS];
    let list = lists[choose(lists.len())];
    let word = list[choose(list.len())].as_bytes().to_vec();
    match choose(8) {
        0 if words.len() > 1 => drop(words.remove(at)),
        1 => words.insert(at + 1, word),
        2 if at > 0 => words[at] = word,
        3 => words.push(word),
        4 => {
            let (other, last) = (choose(words.len()), words.len() - 1);
            words.swap(at.max(1).min(last), other.max(1).min(last));
        }
        5 => words.truncate(at + 1),
        6 => words[at].make_ascii_lowercase(),
        _ if at > 0 && !words[at].is_empty() => {
            let byte = choose(words[at].len());
            words[at][byte] = choose(256) as u8;
        }
        _ => {}
    }
}
