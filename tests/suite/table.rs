//! The command table: that its rows are whole, and that it says of a command what redis-server says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

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

/// What a server of the version that is followed says of its commands, one on a line: name, then what [`Info`] has.
const FOLLOWED: &str = "data/command-info-7.2.txt";

/// Commands of that version that are not here: one opens connections, one belongs to clusters.
const ABSENT: [&str; 2] = ["migrate", "restore-asking"];

/// `SANDERLING_TABLE_ADDRESS` names a server of that version, from which the file is then written anew.
#[test]
fn command_info_is_that_of_the_version_that_is_followed() {
    if let Ok(address) = std::env::var("SANDERLING_TABLE_ADDRESS") {
        write_followed(&address);
    }
    let mut native = Native::new(Clock::Virtual(1_704_067_200_000_000), [1; 16], &[]);
    let followed = followed();
    let names: Vec<String> = followed.keys().cloned().collect();
    let mut faults = Vec::new();
    for (name, ours) in names.iter().zip(infos(&mut native, &names)) {
        let Some(ours) = ours else {
            assert!(ABSENT.contains(&name.as_str()), "{name} is missing");
            continue;
        };
        for (property, ours, theirs) in
            ours.properties().into_iter().zip(&followed[name]).filter_map(differing)
        {
            faults.push(format!("{name}: {property}: there {theirs}, here {ours}"));
        }
    }
    assert!(faults.is_empty(), "{} differences\n{}\n", faults.len(), faults.join("\n"));
}

type Compared<'a> = ((&'static str, String), &'a String);

fn differing(((property, ours), theirs): Compared<'_>) -> Option<(&'static str, String, &String)> {
    (ours != *theirs).then_some((property, ours, theirs))
}

/// The properties of each command.
fn followed() -> BTreeMap<String, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLLOWED);
    let text = fs::read_to_string(path).expect("the file is there");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut parts = line.split('\t').map(str::to_owned);
            (parts.next().expect("a line begins with a name"), parts.collect())
        })
        .collect()
}

fn write_followed(address: &str) {
    let mut server = Tcp::new(address, address, (7, 2)).expect("the named server answers");
    let connection = server.open();
    server.send(connection, b"COMMAND LIST\r\n");
    let Received::Reply(Reply::Array(listed)) = server.receive(connection) else {
        panic!("COMMAND LIST is no array");
    };
    let mut names: Vec<String> = listed.iter().map(|name| text(name.bytes().expect("a name"))).collect();
    names.sort();
    let mut lines = String::from(
        "# What Redis 7.2 says of its commands (COMMAND INFO): name, arity, flags, positions, categories, tips, keys.\n",
    );
    for (name, info) in names.iter().zip(infos(&mut server, &names)) {
        let properties = info.expect("a server knows its own commands").properties();
        let properties: Vec<String> = properties.into_iter().map(|(_, text)| text).collect();
        lines += &format!("{name}\t{}\n", properties.join("\t"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLLOWED);
    fs::write(path, lines).expect("the file can be written");
}

/// Whatever is not what the oracle says is what the later version says.
#[test]
fn command_info_is_that_of_redis_server() {
    let Some(mut oracle) = compared("comparing COMMAND INFO", Oracle::start()) else { return };
    let mut native = Native::new(Clock::Virtual(1_704_067_200_000_000), [1; 16], &[]);
    let followed = followed();
    let (mut names, mut newer) = (Vec::new(), Vec::new());
    for_each_row(|name, row| {
        let list = if is_newer(row.since) { &mut newer } else { &mut names };
        list.push(name.to_lowercase());
    });
    let (theirs, ours) = (infos(&mut oracle, &names), infos(&mut native, &names));
    let mut faults = Vec::new();
    for ((name, theirs), ours) in names.iter().zip(&theirs).zip(&ours) {
        let Some(theirs) = theirs else {
            faults.push(format!("{name}: redis-server does not know it"));
            continue;
        };
        let ours = ours.as_ref().expect("the engine knows its own commands").properties();
        for (nth, ((property, ours), (_, theirs))) in ours.into_iter().zip(theirs.properties()).enumerate() {
            if ours != theirs && followed.get(name).is_none_or(|later| later[nth] != ours) {
                faults.push(format!("{name}: {property}: redis-server {theirs}, here {ours}"));
            }
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
        for ((property, theirs), (_, ours)) in theirs.properties().into_iter().zip(ours.properties()) {
            if theirs != ours {
                faults.push(format!("{name}: {property}: the newer server {theirs}, here {ours}"));
            }
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
            items.iter().map(|item| text(item.bytes().expect("a word"))).collect()
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

    /// All of it as text, by name.
    fn properties(&self) -> Vec<(&'static str, String)> {
        let words = |words: &BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(",");
        vec![
            ("arity", self.arity.to_string()),
            ("flags", words(&self.flags)),
            ("positions", format!("{:?}", self.positions)),
            ("categories", words(&self.categories)),
            ("tips", words(&self.tips)),
            ("keys", self.keys.join(" | ")),
        ]
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
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

/// Clients show hints from it: every argument that Redis documents has a counterpart, and each has a text to show.
#[test]
fn arguments_are_documented_where_redis_server_documents_them() {
    let mut native = Native::new(Clock::Virtual(1_704_067_200_000_000), [1; 16], &[]);
    let ours = documented(&mut native);
    for (name, arguments) in &ours {
        assert!(arguments.iter().all(|(_, is_shown)| *is_shown), "{name}: {arguments:?}");
    }
    let Some(mut oracle) = compared("comparing COMMAND DOCS", Oracle::start()) else { return };
    let faults: Vec<String> = documented(&mut oracle)
        .into_iter()
        .filter(|(name, theirs)| ours.get(name).is_some_and(|ours| ours.is_empty() && !theirs.is_empty()))
        .map(|(name, _)| name)
        .collect();
    assert!(faults.is_empty(), "no arguments are documented of {faults:?}");
}

/// The arguments of each command by their names, and whether each has a text to show, or parts that have.
fn documented(target: &mut dyn Target) -> BTreeMap<String, Vec<(String, bool)>> {
    let connection = target.open();
    target.send(connection, b"COMMAND DOCS\r\n");
    let Received::Reply(reply) = target.receive(connection) else { panic!("COMMAND DOCS is no map") };
    let mut found = BTreeMap::new();
    note_documented(&reply, &mut found);
    found
}

fn note_documented(commands: &Reply, found: &mut BTreeMap<String, Vec<(String, bool)>>) {
    for pair in commands.elements().expect("commands are a map").chunks_exact(2) {
        let mut arguments = Vec::new();
        if let Some(list) = field(&pair[1], "arguments") {
            for argument in list.elements().expect("arguments are an array") {
                let name = field(argument, "name").and_then(Reply::bytes).expect("an argument has a name");
                arguments.push((text(name), is_shown(argument)));
            }
        }
        found.insert(text(pair[0].bytes().expect("a name")), arguments);
        if let Some(subcommands) = field(&pair[1], "subcommands") {
            note_documented(subcommands, found);
        }
    }
}

fn is_shown(argument: &Reply) -> bool {
    match field(argument, "arguments") {
        Some(parts) => parts.elements().expect("parts are an array").iter().all(is_shown),
        None => field(argument, "display_text").is_some(),
    }
}

fn field<'a>(map: &'a Reply, name: &str) -> Option<&'a Reply> {
    let pairs = map.elements()?.chunks_exact(2);
    pairs.into_iter().find(|pair| pair[0].bytes() == Some(name.as_bytes())).map(|pair| &pair[1])
}
