//! Plays every conversation of `scripts/` on every target at hand.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use sanderling_core::command::{Command, table};
use sanderling_tests::reply::Reply;
use sanderling_tests::script::{parse, run};
use sanderling_tests::target::{Clock, Native, Oracle, Target, Tcp, compared};
use sanderling_tests::text::lines;
use sanderling_tests::{deciding, forms};

/// Where the engine's time begins: 2024-01-01.
const BEGIN: u64 = 1_704_067_200_000_000;

#[test]
fn scripts_on_the_native_engine() {
    play("the native engine", |_| {
        Ok(Box::new(Native::new(Clock::Virtual(BEGIN), *b"seed of scripts!", &[])))
    });
}

#[test]
fn scripts_on_the_native_engine_by_calls() {
    play("the native engine, called", |_| {
        let mut engine = Native::new(Clock::Virtual(BEGIN), *b"seed of scripts!", &[]);
        engine.calls = true;
        Ok(Box::new(engine))
    });
}

/// Commands whose replies the scripts do not show: help texts and reports are in words of our own, most of CLUSTER and
/// what is about files and replicas always fails here, others depend on the clock or end the conversation, and those
/// that wait get their replies when something else happens.
const UNSEEN: &[&str] = &[
    "ACL LOAD",
    "ACL SAVE",
    "CONFIG REWRITE",
    "BGREWRITEAOF",
    "BGSAVE",
    "SAVE",
    "FAILOVER",
    "PSYNC",
    "REPLCONF",
    "SYNC",
    "MODULE LOAD",
    "MODULE LOADEX",
    "MODULE UNLOAD",
    "ASKING",
    "READONLY",
    "READWRITE",
    "DEBUG",
    "LATENCY DOCTOR",
    "LATENCY GRAPH",
    "MEMORY DOCTOR",
    "MEMORY MALLOC-STATS",
    "MEMORY STATS",
    "QUIT",
    "SHUTDOWN",
    "SPUBLISH",
    "TIME",
    "BLMOVE",
    "BRPOPLPUSH",
    "SCRIPT KILL",
    "SCRIPT SHOW",
    "FUNCTION KILL",
    "FUNCTION RESTORE",
];

/// What a row says of its command's replies is what they are.
#[test]
fn replies_have_the_forms_that_rows_describe() {
    let mut faults = BTreeSet::new();
    let mut checked = BTreeSet::new();
    for path in script_files() {
        let file = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let script =
            parse(&fs::read_to_string(&path).expect("scripts are readable")).expect("scripts are right");
        let mut target = Native::new(Clock::Virtual(BEGIN), *b"seed of scripts!", &[]);
        for (line, request, reply) in run(&script, &mut target).replies {
            let Some((name, row)) = row_of(&request) else { continue };
            if matches!(&reply, Reply::Simple(text) if text == "QUEUED") || matches!(reply, Reply::Error(_)) {
                continue;
            }
            checked.insert(name.clone());
            let words = name.split(' ').count();
            let alternatives = deciding::alternatives(row.reply);
            // Where an argument decides among forms, as the types have it, no other form will do.
            let form = deciding::form_for(&name, row, &request[words..], &alternatives)
                .map_or(row.reply, String::as_str);
            if !forms::allows(form, &reply) {
                faults.insert(format!("{name}: {form}: {file}, line {line}: {}", lines(&reply).join(" ")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.into_iter().collect::<Vec<_>>().join("\n"));
    let rows = table().flat_map(|row| {
        let inner = row.subcommands.iter().map(|inner| format!("{} {}", row.name, inner.name));
        let own = row.subcommands.is_empty().then(|| row.name.to_owned());
        own.into_iter().chain(inner)
    });
    let unseen: Vec<String> = rows.filter(|name| !checked.contains(name) && !is_excused(name)).collect();
    assert!(unseen.is_empty(), "no script shows a reply of {unseen:?}");
    let seen: Vec<_> = UNSEEN.iter().filter(|name| checked.contains(**name)).collect();
    assert!(seen.is_empty(), "scripts do show replies of {seen:?}");
}

/// Whether no script has to show a reply of a command.
fn is_excused(name: &str) -> bool {
    name.ends_with(" HELP") || name.starts_with("CLUSTER ") || UNSEEN.contains(&name)
}

/// The command of a request by its full name, and its row.
fn row_of(request: &[Vec<u8>]) -> Option<(String, &'static Command)> {
    let row = table().find(|row| row.name.as_bytes().eq_ignore_ascii_case(&request[0]))?;
    match request.get(1).and_then(|name| row.subcommand(name)) {
        Some(inner) => Some((format!("{} {}", row.name, inner.name), inner)),
        None if !row.subcommands.is_empty() && request.len() > 1 => None,
        None => Some((row.name.to_owned(), row)),
    }
}

/// The scripts must say what Redis says, or the other targets prove nothing.
#[test]
fn scripts_on_redis_server() {
    if compared("scripts on redis-server", Oracle::start()).is_none() {
        return;
    }
    play("redis-server", |_| Ok(Box::new(Oracle::start()?)));
}

/// Against a running host: `SANDERLING_ADDRESS=127.0.0.1:6379 cargo test -p sanderling-tests scripts_on_an_address`, or by
/// WebSocket `ws://token@127.0.0.1:8079`.
/// Everything in it is deleted.
#[test]
fn scripts_on_an_address() {
    let Ok(address) = std::env::var("SANDERLING_ADDRESS") else {
        println!(
            "SKIPPED scripts on a running server: SANDERLING_ADDRESS names none (all its data would be deleted)"
        );
        return;
    };
    play(&address, |file| {
        let mut target = Tcp::new(&address, &address, (7, 2)).map_err(|fault| fault.to_string())?;
        if OF_PASSWORDS.contains(&file) {
            target = target.with_passwords();
        }
        let connection = target.open();
        target.send(connection, b"FLUSHALL\r\n");
        target.receive(connection);
        target.close(connection);
        Ok(Box::new(target))
    });
}

/// Scripts that tell what becomes of who brings no password.
const OF_PASSWORDS: [&str; 2] = ["acl.txt", "auth.txt"];

/// Plays all scripts, or those whose names contain `SANDERLING_SCRIPT`, each on a target of its own.
fn play(name: &str, start: impl Fn(&str) -> Result<Box<dyn Target>, String>) {
    let bless = std::env::var_os("SANDERLING_BLESS").is_some() && name == "redis-server";
    let chosen = std::env::var("SANDERLING_SCRIPT").unwrap_or_default();
    let mut failures = Vec::new();
    let mut played = 0;
    for path in script_files().into_iter().filter(|path| path.to_string_lossy().contains(&chosen)) {
        let file = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("scripts are readable");
        let script = match parse(&text) {
            Ok(script) => script,
            Err(fault) => {
                failures.push(format!("{file}: {fault}"));
                continue;
            }
        };
        let mut target = start(&file).expect("a target that started once starts again");
        let outcome = run(&script, &mut *target);
        played += outcome.played;
        for skipped in &outcome.skipped {
            println!("{file}: skipped on {name}: {skipped}");
        }
        if bless && !outcome.failures.is_empty() {
            println!("{file}: {} expectations rewritten", outcome.failures.len());
            fs::write(&path, outcome.blessed).expect("scripts are writable when blessing");
        } else {
            failures.extend(outcome.failures.iter().map(|failure| format!("{file}: {failure}")));
        }
    }
    println!("{played} steps played on {name}");
    assert!(failures.is_empty(), "{} failures on {name}\n\n{}\n", failures.len(), failures.join("\n\n"));
    assert!(played > 0, "no script was played on {name}");
}

fn script_files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of scripts is there")
        .map(|entry| entry.expect("the folder is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}
