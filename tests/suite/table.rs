//! The command table: that its rows are whole, and that it says of a command what redis-server says.

use std::collections::BTreeSet;

use sanderling_core::command::{Arg, ArgKind, Command, table};
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Native, Oracle, Received, Target, Tcp, VERSION_SUPPORTED, compared};
use sanderling_tests::text::show;

#[test]
fn rows_are_whole() {
    for_each_row(|name, row| {
        assert!(row.name.bytes().all(|byte| byte.is_ascii_uppercase() || b"-_".contains(&byte)), "{name}");
        assert!(row.name.len() >= 2, "{name}");
        let summary = row.summary;
        assert!(summary.len() > 10 && summary.ends_with('.'), "{name}: {summary:?} is not a sentence");
        assert!(summary.starts_with(|first: char| first.is_ascii_uppercase()), "{name}: {summary:?}");
        assert!(is_version(row.since), "{name}: since {:?}", row.since);
        let is_container = !row.subcommands.is_empty();
        let is_cost = row.complexity.starts_with("O(") || row.complexity.ends_with('.');
        assert!(is_cost, "{name}: {:?} is neither a cost nor a sentence about it", row.complexity);
        assert!(!row.reply.is_empty(), "{name} says nothing of its reply");
        if let Some((since, instead)) = row.deprecated {
            assert!(
                is_version(since) && !instead.is_empty(),
                "{name}: deprecated since {since:?}: {instead:?}"
            );
        }
        assert!(!row.group.name().is_empty());
        assert!(!is_container || row.args.is_empty(), "{name}: subcommands have the arguments");
        check_args(name, row.args);
    });
}

fn check_args(name: &str, args: &[Arg]) {
    let mut names = BTreeSet::new();
    for arg in args {
        assert!(!arg.name.is_empty(), "{name} has a nameless argument");
        assert!(
            arg.name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_:".contains(&byte)),
            "{name}: {}",
            arg.name
        );
        assert!(names.insert((arg.name, arg.token)), "{name} has two arguments {}", arg.name);
        if let Some(token) = arg.token {
            assert!(!token.is_empty() && token == token.to_uppercase(), "{name}: token {token:?}");
        }
        assert!(arg.multiple || !arg.multiple_token, "{name}: {} repeats its word but not itself", arg.name);
        match arg.kind {
            ArgKind::Token => assert!(arg.token.is_some(), "{name}: {} is a word without a word", arg.name),
            ArgKind::OneOf(parts) => {
                assert!(parts.len() > 1, "{name}: {} has no choice", arg.name);
                assert!(parts.iter().all(|part| !part.optional), "{name}: {}", arg.name);
                check_args(name, parts);
            }
            ArgKind::Block(parts) => {
                assert!(!parts.is_empty(), "{name}: {} is empty", arg.name);
                check_args(name, parts);
            }
            _ => {}
        }
    }
}

fn is_version(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u8>().is_ok())
}

#[test]
fn names_are_unique() {
    let mut seen = BTreeSet::new();
    for_each_row(|name, _| assert!(seen.insert(name.to_owned()), "{name} is there twice"));
}

/// The rows of a file, and the subcommands of a container, are sorted, so that one can be found by eye.
#[test]
fn names_are_sorted_within_files() {
    for row in table() {
        assert!(
            row.subcommands.is_sorted_by_key(|own| own.name),
            "{} has its subcommands in disorder",
            row.name
        );
    }
    for rows in sanderling_core::command::files() {
        for pair in rows.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} stands behind {}", pair[1].name, pair[0].name);
        }
    }
}

fn for_each_row(mut check: impl FnMut(&str, &'static Command)) {
    for row in table() {
        check(row.name, row);
        row.subcommands.iter().for_each(|own| check(&format!("{}|{}", row.name, own.name), own));
    }
}

/// A property of a command that is not what 7.0.15 says of it, and why.
struct Explained {
    /// The command's name as COMMAND INFO gives it.
    name: &'static str,
    property: Property,
    reason: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Property {
    Arity,
    Flags,
    Positions,
    Categories,
    Tips,
    Keys,
}

use Property::{Arity, Categories, Flags, Keys, Positions, Tips};

const NOT_IN_SCRIPTS: &str = "7.2 lets scripts call it, and it then does not wait";
const WITHSCORE: &str = "7.2 has the option WITHSCORE";
const SPECIAL: &str = "7.2 adds response_policy:special";
const BY_PATTERN: &str = "keys that the elements name cannot be told; STORE is a word that can be looked for";
const GETKEYS: &str = "7.2 looks at requests of one word too";

const TIPS: &str = "7.2 adds tips for clients of a cluster";

const EXPLAINED: &[Explained] = &[
    Explained { name: "acl|deluser", property: Tips, reason: TIPS },
    Explained { name: "acl|save", property: Tips, reason: TIPS },
    Explained { name: "acl|setuser", property: Tips, reason: TIPS },
    Explained { name: "blmove", property: Flags, reason: NOT_IN_SCRIPTS },
    Explained { name: "blpop", property: Flags, reason: NOT_IN_SCRIPTS },
    Explained { name: "brpop", property: Flags, reason: NOT_IN_SCRIPTS },
    Explained { name: "brpoplpush", property: Flags, reason: NOT_IN_SCRIPTS },
    Explained { name: "bzpopmax", property: Flags, reason: NOT_IN_SCRIPTS },
    Explained { name: "bzpopmin", property: Flags, reason: NOT_IN_SCRIPTS },
    Explained { name: "client|setname", property: Tips, reason: TIPS },
    Explained { name: "command|getkeys", property: Arity, reason: GETKEYS },
    Explained { name: "command|getkeysandflags", property: Arity, reason: GETKEYS },
    Explained { name: "randomkey", property: Tips, reason: SPECIAL },
    Explained { name: "scan", property: Tips, reason: SPECIAL },
    Explained { name: "sort", property: Keys, reason: BY_PATTERN },
    Explained { name: "sort_ro", property: Keys, reason: BY_PATTERN },
    Explained { name: "wait", property: Categories, reason: NOT_IN_SCRIPTS },
    Explained { name: "wait", property: Flags, reason: NOT_IN_SCRIPTS },
    Explained { name: "zrank", property: Arity, reason: WITHSCORE },
    Explained { name: "zrevrank", property: Arity, reason: WITHSCORE },
];

#[test]
fn command_info_is_that_of_redis_server() {
    let Some(mut oracle) = compared("comparing COMMAND INFO", Oracle::start()) else { return };
    let mut native = Native::new(Clock::Virtual(1_704_067_200_000_000), [1; 16], &[]);
    let (mut names, mut newer) = (Vec::new(), Vec::new());
    for_each_row(|name, row| {
        let list = if is_newer(row.since) { &mut newer } else { &mut names };
        list.push(name.to_lowercase());
    });
    let (theirs, ours) = (infos(&mut oracle, &names), infos(&mut native, &names));
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for ((name, theirs), ours) in names.iter().zip(&theirs).zip(&ours) {
        let Some(theirs) = theirs else {
            faults.push(format!("{name}: redis-server does not know it"));
            continue;
        };
        let ours = ours.as_ref().expect("the engine knows its own commands");
        for (property, theirs, ours) in theirs.differences(ours) {
            match EXPLAINED.iter().position(|it| it.name == name && it.property == property) {
                Some(index) => {
                    used.insert(index);
                }
                None => faults.push(format!("{name}: {property:?}: redis-server {theirs}, here {ours}")),
            }
        }
    }
    for (index, explained) in EXPLAINED.iter().enumerate() {
        if !used.contains(&index) {
            let Explained { name, property, reason } = explained;
            faults.push(format!("{name}: {property:?} does not differ any more ({reason})"));
        }
    }
    faults.extend(differences_to_newer_server(&mut native, &newer));
    assert!(faults.is_empty(), "{} differences\n{}\n", faults.len(), faults.join("\n"));
}

/// Redis lists subcommands beside their commands, with a filter and without.
#[test]
fn command_list_names_every_row() {
    let mut native = Native::new(Clock::Virtual(1_704_067_200_000_000), [1; 16], &[]);
    let connection = native.open();
    native.send(connection, b"COMMAND LIST\r\n");
    let Received::Reply(Reply::Array(listed)) = native.receive(connection) else {
        panic!("COMMAND LIST is no array");
    };
    let mut listed: Vec<String> = listed
        .iter()
        .map(|name| String::from_utf8_lossy(name.bytes().expect("a name")).into_owned())
        .collect();
    let mut names = Vec::new();
    for_each_row(|name, _| names.push(name.to_lowercase()));
    listed.sort();
    names.sort();
    assert_eq!(listed, names);
}

/// Whether a version is later than the oracle's.
fn is_newer(since: &str) -> bool {
    let numbers = |version: &str| -> Vec<u32> {
        version.split('.').map(|part| part.parse().expect("a version is numbers")).collect()
    };
    numbers(since) > numbers(VERSION_SUPPORTED)
}

/// What differs of commands that the oracle does not have, if `SANDERLING_NEWER_ADDRESS` names a server that may.
fn differences_to_newer_server(native: &mut Native, names: &[String]) -> Vec<String> {
    let Ok(address) = std::env::var("SANDERLING_NEWER_ADDRESS") else { return Vec::new() };
    let mut server = Tcp::new(&address, &address, (7, 4)).expect("the named server answers");
    let (theirs, ours) = (infos(&mut server, names), infos(native, names));
    let mut faults = Vec::new();
    for ((name, theirs), ours) in names.iter().zip(&theirs).zip(&ours) {
        let (Some(theirs), Some(ours)) = (theirs, ours) else { continue };
        for (property, theirs, ours) in theirs.differences(ours) {
            faults.push(format!("{name}: {property:?}: the newer server {theirs}, here {ours}"));
        }
    }
    faults
}

/// What COMMAND INFO tells of a command.
struct Info {
    arity: i64,
    flags: BTreeSet<String>,
    positions: [i64; 3],
    categories: BTreeSet<String>,
    tips: BTreeSet<String>,
    keys: Vec<String>,
}

impl Info {
    fn read(reply: &Reply) -> Option<Info> {
        let parts = reply.elements()?;
        let number = |at: usize| match &parts[at] {
            Reply::Integer(number) => *number,
            other => panic!("{other:?} is not a number"),
        };
        let words = |at: usize| {
            let items = parts[at].elements().expect("flags and categories are arrays");
            items
                .iter()
                .map(|item| String::from_utf8_lossy(item.bytes().expect("a word")).into_owned())
                .collect()
        };
        Some(Info {
            arity: number(1),
            flags: words(2),
            positions: [number(3), number(4), number(5)],
            categories: words(6),
            tips: words(7),
            keys: parts[8]
                .elements()
                .expect("key specifications are an array")
                .iter()
                .map(key_spec)
                .collect(),
        })
    }

    fn differences(&self, other: &Info) -> Vec<(Property, String, String)> {
        let mut found = Vec::new();
        let mut check = |property, own: String, other: String| {
            if own != other {
                found.push((property, own, other));
            }
        };
        check(Arity, self.arity.to_string(), other.arity.to_string());
        check(Flags, format!("{:?}", self.flags), format!("{:?}", other.flags));
        check(Positions, format!("{:?}", self.positions), format!("{:?}", other.positions));
        check(Tips, format!("{:?}", self.tips), format!("{:?}", other.tips));
        check(Keys, format!("{:?}", self.keys), format!("{:?}", other.keys));
        check(Categories, format!("{:?}", self.categories), format!("{:?}", other.categories));
        found
    }
}

/// A key specification as text, its flags in order and without notes.
fn key_spec(reply: &Reply) -> String {
    let fields = reply.elements().expect("a key specification is a map");
    let mut lines: Vec<String> = Vec::new();
    for field in fields.chunks_exact(2) {
        let name = String::from_utf8_lossy(field[0].bytes().expect("a name")).into_owned();
        match (name.as_str(), &field[1]) {
            ("notes", _) => {}
            ("flags", flags) => {
                let flags = flags.elements().expect("flags are an array").iter();
                let flags: BTreeSet<_> =
                    flags.map(|flag| String::from_utf8_lossy(flag.bytes().expect("a flag"))).collect();
                lines.push(format!("{flags:?}"));
            }
            (name, how) => {
                lines.push(format!("{name} {}", show(how).split_whitespace().collect::<Vec<_>>().join(" ")))
            }
        }
    }
    lines.sort();
    lines.join("; ")
}

fn infos(target: &mut dyn Target, names: &[String]) -> Vec<Option<Info>> {
    let connection = target.open();
    names
        .iter()
        .map(|name| {
            target.send(connection, format!("COMMAND INFO {name}\r\n").as_bytes());
            match target.receive(connection) {
                Received::Reply(Reply::Array(found)) if found.len() == 1 => Info::read(&found[0]),
                other => panic!("COMMAND INFO {name}: {other:?}"),
            }
        })
        .collect()
}
