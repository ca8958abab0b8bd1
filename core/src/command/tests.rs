//! Rights are checked on the keys that are used, whatever the order of arguments.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Arg, ArgKind, Command, Flags, KeySpec, table};
use crate::base::random::Random;
use crate::engine::conversation::Conversation;
use crate::keyspace::Used;
use crate::resp::args::Args;

/// Requests that are tried of each command.
const REQUESTS: usize = 1000;
/// Requests that each command whose keys move must have carried out, so that the test sees something.
const LEAST_SERVED: usize = 20;
/// Looks at all keys that a script is given.
const SCRIPT: &str = "for i = 1, #KEYS do redis.call('EXISTS', KEYS[i]) end return 1";
/// The values that requests find. Some keys are named as options are.
const DATA: &[&str] = &[
    "SET str a",
    "SET STORE b",
    "RPUSH list 1 2 3",
    "RPUSH BY 4",
    "HSET hash m v",
    "SADD set 1 2 m",
    "SADD GET 3",
    "ZADD zset 1 m 2 n",
    "GEOADD geo 15 37 m 15.1 37.1 n",
    "GEOADD STOREDIST 15 37 m",
    "XADD stream 1-1 f v",
    "XADD STREAMS 1-1 f v",
    "XADD GROUP 1-1 f v",
    "XGROUP CREATE stream g 0",
    "XGROUP CREATE STREAMS g 0",
    "XGROUP CREATE GROUP g 0",
];
const KEYS: &[&str] = &[
    "str",
    "STORE",
    "list",
    "BY",
    "hash",
    "set",
    "GET",
    "zset",
    "geo",
    "STOREDIST",
    "stream",
    "STREAMS",
    "GROUP",
    "absent",
    "COUNT",
    "other",
];
/// Words that a grammar does not name where they are options of the handler's.
const WORDS: &[&str] =
    &["STORE", "STOREDIST", "STREAMS", "GROUP", "COUNT", "BY", "GET", "LIMIT", "BLOCK", "NOACK"];

/// Makes requests from the grammar of a command.
struct Requests {
    random: Random,
    digest: String,
}

impl Requests {
    fn below(&mut self, n: usize) -> usize {
        self.random.below(n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn choose<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// A key that mostly has the type that the command is for.
    fn key(&mut self, row: &Command) -> String {
        let of_type: &[&str] = match row.group {
            super::Group::List => &["list", "BY"],
            super::Group::Hash => &["hash"],
            super::Group::Set => &["set", "GET"],
            super::Group::SortedSet => &["zset", "geo", "set"],
            super::Group::Stream => &["stream", "STREAMS", "GROUP"],
            super::Group::Geo => &["geo", "STOREDIST"],
            super::Group::Generic => &["list", "set", "zset", "BY"],
            _ => &["str"],
        };
        if self.one_in(4) { self.choose(KEYS) } else { self.choose(of_type) }.to_string()
    }

    fn request(&mut self, parent: Option<&Command>, row: &Command) -> Vec<String> {
        let mut words: Vec<String> =
            parent.into_iter().chain([row]).map(|row| row.name.to_string()).collect();
        let fixed = words.len();
        self.expand_all(row, row.args, &mut words);
        while words.len() > fixed && self.one_in(3) {
            self.disturb(row, fixed, &mut words);
        }
        words
    }

    /// Arguments in the order of the grammar; options may also come in any other order, and more than once.
    fn expand_all(&mut self, row: &Command, args: &[Arg], words: &mut Vec<String>) {
        let many = 1 + self.below(3);
        let (mut options, mut last): (Vec<Vec<String>>, _) = (Vec::new(), Vec::new());
        for (nth, arg) in args.iter().enumerate() {
            if arg.optional && !self.one_in(3) && !matches!(arg.kind, ArgKind::Key) {
                continue;
            }
            let is_option = arg.token.is_some() || matches!(arg.kind, ArgKind::OneOf(_));
            let is_last = nth + 1 == args.len() && !arg.optional;
            let times = if is_option && self.one_in(2) { 2 } else { 1 };
            for _ in 0..times {
                let mut own = Vec::new();
                self.expand_one(row, arg, many, &mut own);
                match (is_option, is_last) {
                    (true, false) => options.push(own),
                    (true, true) => last = own,
                    // What has a place of its own stands in front of all options, or between them.
                    (false, _) => words.extend(options.drain(..).flatten().chain(own)),
                }
            }
        }
        while !options.is_empty() {
            let nth = if self.one_in(2) { 0 } else { self.below(options.len()) };
            words.extend(options.remove(nth));
        }
        words.extend(last);
    }

    fn expand_one(&mut self, row: &Command, arg: &Arg, many: usize, words: &mut Vec<String>) {
        if arg.name == "numkeys" {
            return words.push(many.to_string());
        }
        // What belongs to several keys has as many values.
        for time in 0..if arg.multiple { many } else { 1 } {
            if let Some(token) = arg.token
                && (time == 0 || arg.multiple_token)
            {
                words.push(token.to_string());
            }
            self.expand(row, arg, words);
        }
    }

    fn expand(&mut self, row: &Command, arg: &Arg, words: &mut Vec<String>) {
        let word = match (arg.kind, arg.name) {
            (ArgKind::Token, _) => return,
            (ArgKind::Block(parts), _) => return self.expand_all(row, parts, words),
            (ArgKind::OneOf(choices), _) => {
                let nth = self.below(choices.len());
                return self.expand_all(row, &[Arg { optional: false, ..choices[nth] }], words);
            }
            (ArgKind::Key, _) => return words.push(self.key(row)),
            (_, "script") => SCRIPT,
            (_, "sha1") => return words.push(self.digest.clone()),
            (_, "function") if row.flags.has(Flags::READONLY) => "looks",
            (_, "function") => "f",
            (_, "group") => "g",
            (_, "longitude") => "15",
            (_, "latitude") => "37",
            (_, "id") => self.choose(&["0", ">", "$", "1-1"]),
            (ArgKind::Integer | ArgKind::UnixTime, _) => self.choose(&["1", "2", "0", "3"]),
            (ArgKind::Double, _) => self.choose(&["1", "200", "0.5"]),
            (ArgKind::Pattern, _) => self.choose(&["#", "nosort", "STORE", "GET"]),
            (_, "member") => self.choose(&["m", "m", "n", "STORE"]),
            _ if self.one_in(4) => return words.push(self.key(row)),
            _ => self.choose(&["m", "n", "1", "STORE", "STREAMS", "GROUP"]),
        };
        words.push(word.to_string());
    }

    /// Repeats, replaces, adds or exchanges arguments.
    fn disturb(&mut self, row: &Command, fixed: usize, words: &mut Vec<String>) {
        let at = fixed + self.below(words.len() - fixed);
        match self.below(5) {
            0 => {
                let end = (at + 1 + self.below(3)).min(words.len());
                words.extend_from_within(at..end);
            }
            1 => words[at] = if self.one_in(2) { self.choose(WORDS).to_string() } else { self.key(row) },
            2 => {
                let at = at + 1;
                let key = self.key(row);
                words.splice(at..at, [self.choose(WORDS).to_string(), key]);
            }
            3 => {
                let key = self.key(row);
                words.extend([self.choose(WORDS).to_string(), key]);
            }
            _ => {
                let other = fixed + self.below(words.len() - fixed);
                words.swap(at, other);
            }
        }
    }
}

fn encode(words: &[String]) -> Vec<u8> {
    let mut bytes = alloc::format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(alloc::format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

/// Keys that a request has touched and changed, and its reply; none if it waits.
fn run(talk: &mut Conversation, words: &[String]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>, String) {
    let admin = talk.client();
    talk.send(admin, &["FLUSHALL"]);
    talk.send(admin, DATA);
    talk.leave(admin);
    let conn = talk.client();
    talk.engine.parts().0.used.take();
    talk.send_bytes(conn, &encode(words));
    let Used { touched, changed } = talk.engine.parts().0.used.take();
    let reply = talk.said(conn);
    talk.leave(conn);
    (touched, changed, reply)
}

/// All commands with keys, subcommands with their containers.
fn commands_with_keys() -> Vec<(Option<&'static Command>, &'static Command, usize)> {
    let with_subcommands = table().flat_map(|row| {
        let own = row.subcommands.is_empty().then_some((None, row, 1));
        own.into_iter().chain(row.subcommands.iter().map(move |sub| (Some(row), sub, 2)))
    });
    with_subcommands.filter(|(_, row, depth)| row.key_specs(*depth).iter().any(KeySpec::is_of_keys)).collect()
}

/// `GEORADIUS geo 15 37 200 km STORE mine STORE secret` was checked for the first key and wrote to the last, and
/// XREADGROUP read from the keys after one STREAMS where those after another were checked.
#[test]
fn every_used_key_is_among_the_checked_ones() {
    let mut talk = Conversation::new();
    let admin = talk.client();
    let library = alloc::format!(
        "#!lua name=l\nlocal function f(KEYS) {SCRIPT} end\nredis.register_function('f', f)\n\
         redis.register_function{{function_name='looks', callback=f, flags={{'no-writes'}}}}"
    );
    talk.send_bytes(admin, &encode(&["FUNCTION", "LOAD", &library].map(String::from)));
    talk.expect(admin, "$1|l");
    talk.send_bytes(admin, &encode(&["SCRIPT", "LOAD", SCRIPT].map(String::from)));
    let digest = talk.said(admin).rsplit('|').next().expect("a reply has a line").to_string();
    let mut requests = Requests { random: Random::new(*b"keys of requests"), digest };
    let mut served: BTreeMap<&str, usize> = BTreeMap::new();
    for (parent, row, depth) in commands_with_keys() {
        let moves = row.keys_of.is_some() || row.flags.has(Flags::MOVABLEKEYS);
        for _ in 0..if moves { REQUESTS } else { REQUESTS / 10 } {
            let words = requests.request(parent, row);
            let (touched, changed, reply) = run(&mut talk, &words);
            let is_served = !reply.starts_with('-');
            if !is_served && changed.is_empty() {
                // A refused request may have looked at keys, but tells nothing of them that it must not.
                continue;
            }
            if moves && !touched.is_empty() {
                *served.entry(row.name).or_default() += 1;
            }
            check_keys(row, depth, &words, &touched, &changed);
        }
        let times = served.get(row.name).copied().unwrap_or_default();
        assert!(!moves || times >= LEAST_SERVED, "{} was served {times} times only", row.name);
    }
}

fn check_keys(row: &Command, depth: usize, words: &[String], touched: &[Vec<u8>], changed: &[Vec<u8>]) {
    let input = encode(words);
    let mut ranges = Vec::new();
    let mut at = input.iter().position(|&byte| byte == b'\n').expect("a count ends in a line") + 1;
    for word in words {
        at += alloc::format!("${}\r\n", word.len()).len();
        ranges.push((at as u32, word.len() as u32));
        at += word.len() + 2;
    }
    let args = Args::new(&input, &ranges);
    let keys = row.keys_in(depth, args);
    for key in touched {
        assert!(
            keys.iter().any(|&(at, _)| args.at(at) == &key[..]),
            "{words:?} uses {:?}, but {keys:?} are checked",
            String::from_utf8_lossy(key)
        );
    }
    // Redis lets XREADGROUP change a group with the right to read.
    for key in changed.iter().filter(|_| row.name != "XREADGROUP") {
        let writes = |flags: &[&str]| flags.contains(&"RW") || flags.contains(&"OW") || flags.contains(&"RM");
        assert!(
            keys.iter().any(|&(at, flags)| args.at(at) == &key[..] && writes(flags)),
            "{words:?} changes {:?}, but {keys:?} are checked",
            String::from_utf8_lossy(key)
        );
    }
}
