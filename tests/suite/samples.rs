//! Files that real servers have written: each is loaded, and a client must see what it saw there.

use std::fs;
use std::path::{Path, PathBuf};

use sanderling_core::LoadFormat;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Connection, Native, Received, Target};
use serde_json::Value;

use crate::memory::peak_during;

/// Two days after the samples were made: what expired then is gone.
const MADE: u64 = 1_796_200_000_000_000;

/// Servers whose files can be loaded, all but what modules keep.
const SERVERS: [&str; 10] = [
    "redis-6.0.16",
    "redis-6.2.14",
    "redis-7.0.15",
    "redict-7.3.6",
    "redis-7.4.1",
    "redis-8.0.2",
    "redis-8.2.3",
    "redis-8.6.3",
    "valkey-8.1.1",
    "valkey-9.1.2",
];

/// How many spoiled files are tried, unless `SANDERLING_SPOILED` says more.
const SPOILED: usize = 20_000;
/// So many times the bytes of a file may be held while it is loaded, its data included: most of it is compressed.
const MEMORY_FACTOR: usize = 30;
/// And these, for the engine that loads it.
const MEMORY_BYTES: usize = 1 << 20;

/// Those whose files have more than redis-server 7.0.15 can load.
const HAS_TIMED_FIELDS: [&str; 5] =
    ["redis-7.4.1", "redis-8.0.2", "redis-8.2.3", "redis-8.6.3", "valkey-9.1.2"];
/// DEBUG DIGEST of the others, as redis-server 7.0.15 tells it once it has loaded one, and `e:gone` has expired.
const DIGEST: &str = "0f3c848baa0bb705043e143ce5747c38eb3fb136";
/// The same of files before 7.0, in whose packed sorted sets a zero has a sign.
const DIGEST_SIGNED: &str = "c7f2de1f2364f6c6e8859e222f260fce99bdb122";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn engine() -> Native {
    Native::new(Clock::Virtual(MADE), [9; 16], &[("enable-debug-command", "yes")])
}

#[test]
fn dumps_hold_what_their_servers_had() {
    let mut faults = Vec::new();
    for server in SERVERS {
        let mut native = engine();
        let rdb = LoadFormat::Rdb { keeps_expired: false, skips_modules: false };
        let file = fs::read(folder().join(server).join("dump.rdb")).expect("the sample is there");
        match native.load(rdb, &file) {
            Ok(_) => compare(server, "dump.rdb", &mut native, &mut faults),
            Err(fault) => faults.push(format!("{server}/dump.rdb: {fault}")),
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn logs_hold_what_their_servers_had() {
    let mut faults = Vec::new();
    for server in SERVERS {
        for kind in ["aof", "aof-commands"] {
            let mut native = engine();
            match load_log(&mut native, &folder().join(server).join(kind)) {
                Ok(()) => compare(server, kind, &mut native, &mut faults),
                Err(fault) => faults.push(format!("{server}/{kind}: {fault}")),
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Files with idle times, frequencies, a replica's and a cluster's facts, without checksum, without compression.
#[test]
fn variants_hold_what_their_servers_had() {
    let mut faults = Vec::new();
    for server in SERVERS {
        let folder = folder().join(server).join("variants");
        let Ok(text) = fs::read(folder.join("variants.json")) else { continue };
        let json: Value = serde_json::from_slice(&text).expect("it is JSON");
        for (name, databases) in json.as_object().expect("files are listed") {
            let mut native = engine();
            let rdb = LoadFormat::Rdb { keeps_expired: false, skips_modules: false };
            let file = fs::read(folder.join(name)).expect("the sample is there");
            let mut fault = |what: String| faults.push(format!("{server}/{name}: {what}"));
            match native.load(rdb, &file) {
                Ok(_) => compare_databases(databases, false, &mut native, &mut fault),
                Err(why) => fault(why.to_string()),
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What modules keep is refused by key and offset, or left out where that is asked for.
#[test]
fn data_of_modules_is_refused_or_left_out() {
    let file = fs::read(folder().join("redis-stack-7.4.1/dump.rdb")).expect("the sample is there");
    let load = |skips_modules| {
        let mut native = engine();
        let loaded = native.load(LoadFormat::Rdb { keeps_expired: false, skips_modules }, &file);
        (native, loaded)
    };
    let (_, refused) = load(false);
    let refused = refused.expect_err("it has data of modules").to_string();
    assert!(
        refused.starts_with("data of a module (--import-skip-unsupported leaves it out), at offset "),
        "{refused}"
    );
    let (mut native, loaded) = load(true);
    let loaded = loaded.expect("the rest is plain");
    assert!(loaded.keys >= 3 && loaded.skipped >= 5, "{loaded:?}");
    let connection = native.open();
    native.send(connection, b"HGET doc:1 title\r\n");
    assert!(matches!(native.receive_now(connection), Received::Reply(Reply::Bulk(_))));
}

/// No file does harm, however it is spoiled: it is loaded or refused.
#[test]
fn spoiled_files_do_no_harm() {
    let mut random = sanderling_tests::random::Random::new(11);
    let files: Vec<Vec<u8>> = SERVERS
        .iter()
        .map(|server| fs::read(folder().join(server).join("variants/nochecksum.rdb")))
        .filter_map(Result::ok)
        .collect();
    assert!(files.len() >= 5, "the samples are there");
    let spoiled =
        std::env::var("SANDERLING_SPOILED").map_or(SPOILED, |count| count.parse().expect("a number"));
    let mut loaded = 0;
    for round in 0..spoiled {
        let mut file = files[round % files.len()].clone();
        for _ in 0..random.between(1, 4) {
            if file.len() < 2 {
                break;
            }
            let at = random.below(file.len());
            match random.below(4) {
                0 => file.truncate(at.max(1)),
                1 => file[at] ^= 1 << random.below(8),
                2 => file[at] = [0, 0xff, 0x80, 0x81, 0xc3, 0xfa][random.below(6)],
                _ => _ = file.remove(at),
            }
        }
        let announced = [None, Some(file.len() as u64)][round % 2];
        let peak = peak_during(|| {
            let rdb = LoadFormat::Rdb { keeps_expired: true, skips_modules: true };
            loaded += usize::from(engine().load_by(rdb, &file, 4099, announced).is_ok());
        });
        assert!(peak <= MEMORY_FACTOR * file.len() + MEMORY_BYTES, "round {round} took {peak} bytes");
    }
    println!("{loaded} of {spoiled} spoiled files can be loaded after all");
    assert!(loaded > spoiled / 100, "mutations of which none is valid test little");
}

/// Loads the files of a log by its manifest, or the one file that servers before 7.0 have.
fn load_log(native: &mut Native, folder: &Path) -> Result<(), String> {
    let read = |name: &str| fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"));
    let mut names = vec!["appendonly.aof".to_owned()];
    if let Ok(text) = read("appendonly.aof.manifest") {
        let manifest = sanderling_persist::Manifest::parse(&text).map_err(|error| error.to_string())?;
        names = manifest.base.iter().chain(&manifest.incrs).map(|entry| entry.name.clone()).collect();
    }
    for name in names {
        let content = read(&name)?;
        let mut rest = content.as_slice();
        if content.starts_with(b"REDIS") || content.starts_with(b"VALKEY") {
            let rdb = LoadFormat::Rdb { keeps_expired: true, skips_modules: false };
            let loaded = native.load(rdb, rest).map_err(|fault| format!("{name}: {fault}"))?;
            rest = &content[loaded.bytes as usize..];
        }
        let loaded = native.load(LoadFormat::Commands, rest).map_err(|fault| format!("{name}: {fault}"))?;
        if loaded.errors > 0 {
            return Err(format!("{name}: {} commands were refused", loaded.errors));
        }
    }
    Ok(())
}

/// Compares all that a client can see with what it saw on the server.
fn compare(server: &str, kind: &str, native: &mut Native, faults: &mut Vec<String>) {
    let path = folder().join(server).join(format!("{kind}.json"));
    let json: Value =
        serde_json::from_slice(&fs::read(path).expect("the sample has a description")).expect("it is JSON");
    let mut client = Client { is_from_commands: false, connection: native.open(), native };
    let mut fault = |what: String| faults.push(format!("{server}/{kind}: {what}"));
    let digest = client.text(&["DEBUG", "DIGEST"]);
    let is_signed = server.starts_with("redis-6") && kind != "aof-commands";
    if !HAS_TIMED_FIELDS.contains(&server) && digest != if is_signed { DIGEST_SIGNED } else { DIGEST } {
        fault(format!("DEBUG DIGEST is {digest}"));
    }
    for (name, library) in json["functions"].as_object().expect("functions are listed") {
        let listed = client.ask(&["FUNCTION", "LIST", "LIBRARYNAME", name, "WITHCODE"]);
        let code = library["code"].as_str().expect("code is text");
        if !format!("{listed:?}").contains(&format!("{:?}", code.as_bytes()).replace(['[', ']'], "")) {
            fault(format!("library {name} is {listed:?}"));
        }
    }
    compare_databases(&json["databases"], kind == "aof-commands", client.native, &mut fault);
}

fn compare_databases(
    databases: &Value,
    is_from_commands: bool,
    native: &mut Native,
    fault: &mut dyn FnMut(String),
) {
    let mut client = Client { is_from_commands, connection: native.open(), native };
    for (db, keys) in databases.as_object().expect("databases are listed") {
        client.ask(&["SELECT", db]);
        let keys = keys.as_array().expect("keys are listed");
        let size = client.number(&["DBSIZE"]);
        if size != keys.len() as i64 {
            fault(format!("database {db} has {size} keys, there {}", keys.len()));
        }
        for key in keys {
            let Some(name) = key["key"].as_str() else { continue };
            compare_key(&mut client, name, key, &mut |what| fault(format!("{db}/{name}: {what}")));
        }
    }
}

fn compare_key(client: &mut Client<'_>, name: &str, key: &Value, fault: &mut dyn FnMut(String)) {
    let mut same = |what: &str, here: String, there: String| {
        if here != there {
            fault(format!("{what} is {here}, there {there}"));
        }
    };
    same("TYPE", client.text(&["TYPE", name]), key["type"].as_str().unwrap_or_default().into());
    let deadline = key["pexpiretime"].as_i64().unwrap_or(-1);
    same("PEXPIRETIME", client.number(&["PEXPIRETIME", name]).to_string(), deadline.to_string());
    compare_value(client, name, key, &mut same);
    for (field, at) in key["field_pexpiretime"].as_object().into_iter().flatten() {
        let here = client.text(&["HPEXPIRETIME", name, "FIELDS", "1", field]);
        same(&format!("the deadline of {field}"), here, at.to_string());
    }
    if key["type"] == "stream" {
        let info = client.ask(&["XINFO", "STREAM", name, "FULL", "COUNT", "1"]);
        for field in [
            "length",
            "last-generated-id",
            "max-deleted-entry-id",
            "entries-added",
            "recorded-first-entry-id",
        ] {
            let there = key[field].as_str().map_or_else(|| key[field].to_string(), str::to_owned);
            // Servers before 7.0 do not tell.
            if !key[field].is_null() {
                same(field, find(&info, field).unwrap_or_default(), there);
            }
        }
        let groups = key["groups"].as_array().map_or(0, Vec::len);
        same(
            "groups",
            client.ask(&["XINFO", "GROUPS", name]).elements().map_or(0, |all| all.len()).to_string(),
            groups.to_string(),
        );
    }
}

fn compare_value(
    client: &mut Client<'_>,
    name: &str,
    key: &Value,
    same: &mut dyn FnMut(&str, String, String),
) {
    let value = &key["value"];
    let words: &[&str] = match key["type"].as_str() {
        Some("string") => &["GET", name],
        Some("list") => &["LRANGE", name, "0", "-1"],
        Some("set") => &["SMEMBERS", name],
        Some("hash") => &["HGETALL", name],
        Some("zset") => &["ZRANGE", name, "0", "-1", "WITHSCORES"],
        Some("stream") => &["XRANGE", name, "-", "+"],
        other => panic!("{name} is of type {other:?}"),
    };
    let reply = client.ask(words);
    let (mut here, mut there) = (flat(&reply), flat_json(value));
    if matches!(key["type"].as_str(), Some("set" | "hash")) {
        here.sort();
        there.sort();
    }
    same("the number of parts", here.len().to_string(), there.len().to_string());
    for (here, there) in here.iter().zip(&there) {
        // The same double has other digits in servers before 7.2, but its zero has its sign in all.
        let is_same_number = matches!((here.parse::<f64>(), there.parse::<f64>()), (Ok(a), Ok(b)) if a.to_bits() == b.to_bits());
        // ZADD of -0 is that of 0 since 7.0, also in a log from before.
        let is_signed_zero = (here.as_str(), there.as_str()) == ("0", "-0") && client.is_from_commands;
        if !(key["type"] == "zset" && is_same_number || is_signed_zero) {
            same("a part", here.clone(), there.clone());
        }
    }
}

/// All texts in a reply, as the descriptions show them; of a hash a field and its value are one.
fn flat(reply: &Reply) -> Vec<String> {
    match reply.elements() {
        Some(parts) => parts.iter().flat_map(flat).collect(),
        None => vec![described(reply)],
    }
}

fn flat_json(value: &Value) -> Vec<String> {
    match value {
        Value::Array(parts) => parts.iter().flat_map(flat_json).collect(),
        Value::String(text) => vec![text.clone()],
        // Of what is long or no text only the length is compared; DEBUG DIGEST knows the rest.
        Value::Object(facts) => {
            vec![match (&facts.get("len"), facts.get("base64").and_then(Value::as_str)) {
                (Some(len), _) => format!("{len} bytes"),
                (None, Some(text)) => {
                    format!(
                        "{} bytes",
                        text.len() / 4 * 3 - text.bytes().filter(|&byte| byte == b'=').count()
                    )
                }
                _ => panic!("{value} is no value"),
            }]
        }
        other => vec![other.to_string()],
    }
}

fn described(reply: &Reply) -> String {
    let Some(bytes) = reply.bytes() else { return shown(reply) };
    let has_controls = |text: &str| text.chars().any(|at| (at < ' ' && at != '\n') || at == '\x7f');
    match std::str::from_utf8(bytes) {
        Ok(text) if !has_controls(text) && text.chars().count() <= 400 => text.to_owned(),
        _ => format!("{} bytes", bytes.len()),
    }
}

/// The value behind a name in a flat list.
fn find(reply: &Reply, name: &str) -> Option<String> {
    let elements = reply.elements()?;
    let at = elements.iter().position(|element| element.bytes() == Some(name.as_bytes()))?;
    Some(shown(elements.get(at + 1)?))
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Integer(number) => number.to_string(),
        other => match (other.bytes(), other.elements()) {
            (Some(bytes), _) => String::from_utf8_lossy(bytes).into_owned(),
            (None, Some([only])) => shown(only),
            _ => format!("{other:?}"),
        },
    }
}

struct Client<'a> {
    is_from_commands: bool,
    native: &'a mut Native,
    connection: Connection,
}

impl Client<'_> {
    fn ask(&mut self, words: &[&str]) -> Reply {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
        }
        self.native.send(self.connection, &request);
        match self.native.receive_now(self.connection) {
            Received::Reply(reply) => reply,
            other => panic!("{words:?} is answered by {other:?}"),
        }
    }

    fn text(&mut self, words: &[&str]) -> String {
        shown(&self.ask(words))
    }

    fn number(&mut self, words: &[&str]) -> i64 {
        self.text(words).parse().unwrap_or(i64::MIN)
    }
}
