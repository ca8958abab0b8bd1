//! What was acknowledged is there after a restart, whatever ended the server.

use crate::client::{Client, bulk, request};
use crate::on_both_engines;
use crate::process::{PATIENCE, Process, TempDir};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

on_both_engines!(
    a_log_survives_a_kill,
    a_dump_survives_a_stop,
    a_log_is_rewritten_while_it_grows,
    a_log_begins_with_a_dump,
    a_log_begins_and_ends_while_clients_are_served,
    what_is_loaded_is_told,
    reloads_keep_everything,
    after_a_trap_everything_is_there,
    a_torn_end_is_cut_off_and_damage_is_refused,
    a_base_of_commands_is_refused_unless_it_is_whole,
    directories_are_locked,
    directories_of_other_servers_are_taken_over,
    dumps_follow_rules_and_their_failure_refuses_writes,
    files_are_kept_elsewhere_where_that_is_allowed,
    durability_can_be_waited_for,
    a_full_disk_refuses_writes_and_heals
);

pub(crate) fn start_in(dir: &TempDir, engine: &str, flags: &[&str]) -> Process {
    let path = dir.path().to_str().unwrap();
    let all: Vec<&str> =
        ["--dir", path, "--enable-debug-command", "yes"].iter().chain(flags).copied().collect();
    Process::start(engine, &all)
}

/// A reply of one line, or the text of a byte string.
pub(crate) fn ask(client: &mut Client, command: &str) -> String {
    let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
    client.send(crate::client::request(&words));
    let line = client.line();
    match line.strip_prefix('$').and_then(|len| len.parse::<usize>().ok()) {
        Some(len) => {
            let mut text = vec![0; len + 2];
            client.stream.read_exact(&mut text).unwrap();
            String::from_utf8(text[..len].to_vec()).unwrap()
        }
        None => line,
    }
}

/// A field of INFO.
pub(crate) fn info(client: &mut Client, field: &str) -> String {
    let text = ask(client, "INFO everything");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("{field} in {text}")).trim_end().to_owned()
}

/// Asks again until the answer is this one.
pub(crate) fn wait_for(client: &mut Client, field: &str, wanted: &str) {
    let until = Instant::now() + PATIENCE;
    while info(client, field) != wanted {
        assert!(Instant::now() < until, "{field} does not become {wanted}");
        std::thread::yield_now();
    }
}

/// Values of all types, with deadlines, functions and groups, in several databases.
fn fill(client: &mut Client) {
    for command in [
        "SET string value",
        "SET number 17",
        "SETEX volatile 100000 soon",
        "RPUSH list a b c",
        "SADD set x y z",
        "SADD integers 1 2 3",
        "HSET hash f v g w",
        "HPEXPIRE hash 100000000 FIELDS 1 g",
        "ZADD zset 1 a 2.5 b -inf c",
        "XADD stream 1-1 field value",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group reader COUNT 1 STREAMS stream >",
        "PFADD sketch a b c",
        "GEOADD places 13.36 38.11 Palermo",
        "SELECT 3",
        "SET elsewhere here",
        "SELECT 0",
        "EVAL redis.call('incr',KEYS[1]);redis.call('incr',KEYS[2]) 2 one two",
    ] {
        let reply = ask(client, command);
        assert!(!reply.starts_with('-'), "{command}: {reply}");
        // What is nested is read as well.
        client.send(b"ECHO =end=\r\n");
        let mut seen = Vec::new();
        while !seen.ends_with(b"=end=\r\n") {
            let mut byte = [0];
            client.stream.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
    }
    let library = b"#!lua name=lib\nredis.register_function('one', function() return 1 end)";
    client.send(crate::client::request(&[b"FUNCTION", b"LOAD", library]));
    client.expect("$3\r\nlib\r\n");
}

pub(crate) fn digest(client: &mut Client) -> String {
    ask(client, "DEBUG DIGEST")
}

fn a_log_survives_a_kill(engine: &str) {
    let dir = TempDir::new();
    let mut seen = String::new();
    for policy in ["always", "everysec", "no"] {
        let flags = ["--appendonly", "yes", "--appendfsync", policy];
        let server = start_in(&dir, engine, &flags);
        let mut client = server.client();
        if seen.is_empty() {
            fill(&mut client);
        } else {
            assert_eq!(digest(&mut client), seen, "{policy}");
            client.call(&[b"FCALL", b"one", b"0"], ":1\r\n");
        }
        // A transaction that is under way is not there afterwards.
        client.send("INCR counter\r\nMULTI\r\nINCR counter\r\n");
        assert!(client.line().starts_with(':'));
        client.expect("+OK\r\n+QUEUED\r\n");
        seen = digest(&mut server.client());
        server.kill();
    }
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    assert_eq!(digest(&mut server.client()), seen);
    assert_eq!(ask(&mut server.client(), "GET counter"), "3");
}

fn a_dump_survives_a_stop(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &["--save", "3600 1"]);
    let mut client = server.client();
    fill(&mut client);
    let seen = digest(&mut client);
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success() && log.contains("the dump is saved"), "{log}");
    let server = start_in(&dir, engine, &["--save", "3600 1"]);
    let mut client = server.client();
    assert_eq!(digest(&mut client), seen);
    assert_eq!(info(&mut client, "rdb_last_load_keys_loaded"), "14");
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "0");
    client.call(&[b"SET", b"more", b"1"], "+OK\r\n");
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "1");
    client.call(&[b"BGSAVE"], "+Background saving started\r\n");
    wait_for(&mut client, "rdb_bgsave_in_progress", "0");
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "0");
    assert_eq!(info(&mut client, "rdb_last_bgsave_status"), "ok");
    let seen = digest(&mut client);
    client.call(&[b"SET", b"lost", b"1"], "+OK\r\n");
    server.kill();
    let server = start_in(&dir, engine, &["--save", "3600 1"]);
    assert_eq!(digest(&mut server.client()), seen);
    // NOSAVE loses what was not saved, SAVE keeps it.
    server.client().call(&[b"SET", b"lost", b"1"], "+OK\r\n").send("SHUTDOWN NOSAVE\r\n").drain();
    assert!(server.end().0.success());
    let server = start_in(&dir, engine, &["--save", ""]);
    assert_eq!(digest(&mut server.client()), seen);
    server.client().call(&[b"SET", b"kept", b"1"], "+OK\r\n").send("SHUTDOWN SAVE\r\n").drain();
    assert!(server.end().0.success());
    let server = start_in(&dir, engine, &["--save", ""]);
    assert_eq!(ask(&mut server.client(), "GET kept"), "1");
}

fn a_log_is_rewritten_while_it_grows(engine: &str) {
    let dir = TempDir::new();
    let flags = [
        "--appendonly",
        "yes",
        "--auto-aof-rewrite-min-size",
        "200kb",
        "--auto-aof-rewrite-percentage",
        "50",
    ];
    let server = start_in(&dir, engine, &flags);
    let mut client = server.client();
    let value = "v".repeat(1000);
    for index in 0..2000 {
        // What is overwritten makes the log longer than the data.
        client.call(&[b"SET", format!("k{}", index % 50).as_bytes(), value.as_bytes()], "+OK\r\n");
        client.call(&[b"INCR", b"counter"], format!(":{}\r\n", index + 1));
    }
    wait_for(&mut client, "aof_rewrite_in_progress", "0");
    client.call(&[b"BGREWRITEAOF"], "+Background append only file rewriting started\r\n");
    wait_for(&mut client, "aof_rewrite_in_progress", "0");
    assert_eq!(info(&mut client, "aof_last_bgrewrite_status"), "ok");
    let seen = digest(&mut client);
    client.call(&[b"INCR", b"counter"], ":2001\r\n");
    let names: Vec<String> = fs::read_dir(dir.path().join("appendonlydir"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 3, "a manifest, a base and one file of commands: {names:?}");
    let size: u64 = info(&mut client, "aof_current_size").parse().unwrap();
    assert!(size < 200_000, "{size} bytes after a rewrite");
    server.kill();
    let server = start_in(&dir, engine, &flags);
    let mut client = server.client();
    assert_eq!(ask(&mut client, "GET counter"), "2001");
    client.call(&[b"DECR", b"counter"], ":2000\r\n");
    assert_eq!(digest(&mut client), seen);
}

fn a_log_begins_with_a_dump(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &[]);
    let mut client = server.client();
    fill(&mut client);
    client.call(&[b"SAVE"], "+OK\r\n");
    let seen = digest(&mut client);
    server.kill();
    for _ in 0..2 {
        let server = start_in(&dir, engine, &["--appendonly", "yes"]);
        assert_eq!(digest(&mut server.client()), seen);
        server.kill();
        // From now on it is the log that counts.
        let _ = fs::remove_file(dir.path().join("dump.rdb"));
    }
}

fn a_log_begins_and_ends_while_clients_are_served(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &[]);
    let mut client = server.client();
    fill(&mut client);
    // Writes of the same call come before the log and after it.
    client
        .send("INCR n\r\nCONFIG SET appendonly yes\r\nINCR n\r\nINCR n\r\n")
        .expect(":1\r\n+OK\r\n:2\r\n:3\r\n");
    wait_for(&mut client, "aof_rewrite_in_progress", "0");
    client.call(&[b"INCR", b"n"], ":4\r\n");
    let seen = digest(&mut client);
    server.kill();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    let mut client = server.client();
    assert_eq!(digest(&mut client), seen);
    client.call(&[b"CONFIG", b"SET", b"appendonly", b"no"], "+OK\r\n");
    client.call(&[b"INCR", b"n"], ":5\r\n");
    assert_eq!(info(&mut client, "aof_enabled"), "0");
    server.kill();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    assert_eq!(ask(&mut server.client(), "GET n"), "4");
}

/// A log that takes a while to load.
fn write_long_log(dir: &Path) {
    let logs = dir.join("appendonlydir");
    fs::create_dir(&logs).unwrap();
    fs::write(logs.join("appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n").unwrap();
    let mut file = std::io::BufWriter::new(fs::File::create(logs.join("appendonly.aof.1.incr.aof")).unwrap());
    for index in 0..3_000_000 {
        write!(file, "*3\r\n$4\r\nSADD\r\n$1\r\ns\r\n$8\r\n{index:08}\r\n").unwrap();
    }
    file.flush().unwrap();
}

fn what_is_loaded_is_told(engine: &str) {
    let dir = TempDir::new();
    write_long_log(dir.path());
    let path = dir.path().to_str().unwrap();
    let port = crate::process::free_port();
    let mut server = Process::launch(engine, port, &["--dir", path, "--appendonly", "yes"]);
    server.wait_log("listening on");
    let mut client = Client::tcp(port);
    client.call(&[b"GET", b"k"], "-LOADING Redis is loading the dataset in memory\r\n");
    assert_eq!(info(&mut client, "loading"), "1");
    assert_eq!(info(&mut client, "loading_total_bytes"), (3_000_000u64 * 35).to_string());
    client.call(&[b"PING"], "-LOADING Redis is loading the dataset in memory\r\n");
    client.call(&[b"CONFIG", b"SET", b"timeout", b"0"], "+OK\r\n");
    server.wait_log("Ready to accept connections");
    client.call(&[b"SCARD", b"s"], ":3000000\r\n");
    assert_eq!(info(&mut client, "loading"), "0");
    // One that is stopped while it loads leaves everything as it is.
    server.kill();
    let port = crate::process::free_port();
    let mut server = Process::launch(engine, port, &["--dir", path, "--appendonly", "yes", "--save", "1 1"]);
    server.wait_log("listening on");
    Client::tcp(port).call(&[b"GET", b"k"], "-LOADING Redis is loading the dataset in memory\r\n");
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success() && !dir.path().join("dump.rdb").exists(), "{log}");
}

fn reloads_keep_everything(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    let mut client = server.client();
    fill(&mut client);
    let seen = digest(&mut client);
    client.call(&[b"DEBUG", b"RELOAD"], "+OK\r\n");
    assert_eq!(digest(&mut client), seen);
    client.call(&[b"FCALL", b"one", b"0"], ":1\r\n");
    client.call(&[b"DEBUG", b"LOADAOF"], "+OK\r\n");
    assert_eq!(digest(&mut client), seen);
    // What was saved takes the place of what is there, and the rest stays.
    client.call(&[b"SET", b"string", b"other"], "+OK\r\n").call(&[b"SET", b"new", b"1"], "+OK\r\n");
    client.call(&[b"DEBUG", b"RELOAD", b"NOSAVE", b"NOFLUSH", b"MERGE"], "+OK\r\n");
    client.call(&[b"MGET", b"string", b"new"], "*2\r\n$5\r\nvalue\r\n$1\r\n1\r\n");
    client.call(&[b"FCALL", b"one", b"0"], ":1\r\n").call(&[b"DEL", b"new"], ":1\r\n");
    assert_eq!(digest(&mut client), seen);
    // All but what is saved is gone; without it nothing is.
    client.call(&[b"FLUSHALL"], "+OK\r\n").call(&[b"FUNCTION", b"FLUSH"], "+OK\r\n");
    client.call(&[b"SET", b"new", b"1"], "+OK\r\n");
    client.call(&[b"DEBUG", b"RELOAD", b"NOSAVE", b"NOFLUSH"], "+OK\r\n");
    client.call(&[b"DEL", b"new"], ":1\r\n");
    assert_eq!(digest(&mut client), seen);
    fs::rename(dir.path().join("dump.rdb"), dir.path().join("away")).unwrap();
    let error = "-ERR Error trying to load the RDB dump, check server logs.\r\n";
    client.call(&[b"DEBUG", b"RELOAD", b"NOSAVE"], error);
    assert_eq!(digest(&mut client), seen);
    fs::rename(dir.path().join("away"), dir.path().join("dump.rdb")).unwrap();
    client.call(&[b"OBJECT", b"ENCODING", b"integers"], "$6\r\nintset\r\n");
    client.call(&[b"SET", b"after", b"1"], "+OK\r\n");
    client.call(&[b"DEBUG", b"RELOAD", b"NOSAVE"], "+OK\r\n");
    assert_eq!(digest(&mut client), seen);
    // What was not saved is neither here nor in the log.
    wait_for(&mut client, "aof_rewrite_in_progress", "0");
    server.kill();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    assert_eq!(digest(&mut server.client()), seen);
}

fn after_a_trap_everything_is_there(engine: &str) {
    let dir = TempDir::new();
    // A log that was begun later is kept by the next engine too.
    let mut server = start_in(&dir, engine, &[]);
    let mut client = server.client();
    client
        .call(&[b"CONFIG", b"SET", b"appendonly", b"yes"], "+OK\r\n")
        .call(&[b"SET", b"a", b"1"], "+OK\r\n");
    wait_for(&mut client, "aof_rewrite_in_progress", "0");
    client.send("DEBUG PANIC\r\n").drain();
    server.wait_log("THE ENGINE TRAPPED: ");
    until(&server, "GET a", "$1\r\n1");
    server.client().call(&[b"SET", b"b", b"2"], "+OK\r\n");
    server.kill();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    server.client().call(&[b"MGET", b"a", b"b"], "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    server.kill();
    for flags in [&["--appendonly", "yes"][..], &["--save", "3600 1"]] {
        let mut server = start_in(&dir, engine, flags);
        let (mut client, mut other) = (server.client(), server.client());
        client.call(&[b"FLUSHALL"], "+OK\r\n");
        fill(&mut client);
        if flags[0] == "--save" {
            client.call(&[b"SAVE"], "+OK\r\n");
        }
        let seen = digest(&mut client);
        // What comes with the fault is not done, and not acknowledged.
        client.send("INCR lost\r\nDEBUG PANIC\r\n");
        assert!(client.drain().is_empty() && other.drain().is_empty());
        server.wait_log("THE ENGINE TRAPPED: ");
        until(&server, "EXISTS lost", ":0");
        assert_eq!(digest(&mut server.client()), seen, "{flags:?}");
        server.kill();
    }
}

fn a_torn_end_is_cut_off_and_damage_is_refused(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &["--appendonly", "yes", "--appendfsync", "always"]);
    let mut client = server.client();
    for index in 0..100 {
        client.call(&[b"SET", format!("k{index}").as_bytes(), b"value"], "+OK\r\n");
    }
    server.kill();
    let log = dir.path().join("appendonlydir/appendonly.aof.1.incr.aof");
    let whole = fs::read(&log).unwrap();
    fs::write(&log, &whole[..whole.len() - 5]).unwrap();
    let mut server = start_in(&dir, engine, &["--appendonly", "yes"]);
    assert!(server.wait_log("Ready").contains("was torn by a crash"));
    server.client().call(&[b"DBSIZE"], ":99\r\n").call(&[b"SET", b"k", b"v"], "+OK\r\n");
    server.kill();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    server.client().call(&[b"DBSIZE"], ":100\r\n");
    server.kill();
    // A byte that was known to be durable.
    let mut spoiled = whole;
    let middle = spoiled.len() / 2;
    spoiled[middle] ^= 1;
    fs::write(&log, &spoiled).unwrap();
    let path = dir.path().to_str().unwrap();
    let server =
        Process::launch(engine, crate::process::free_port(), &["--dir", path, "--appendonly", "yes"]);
    let (status, text) = server.end();
    assert!(!status.success() && text.contains("appendonly.aof.1.incr.aof"), "{text}");
    assert!(fs::read(&log).unwrap() == spoiled, "what is refused stays as it is");
}

fn a_base_of_commands_is_refused_unless_it_is_whole(engine: &str) {
    let dir = TempDir::new();
    let flags = ["--appendonly", "yes", "--aof-use-rdb-preamble", "no", "--aof-timestamp-enabled", "yes"];
    let server = start_in(&dir, engine, &flags);
    let mut client = server.client();
    client.call(&[b"BGREWRITEAOF"], "+Background append only file rewriting started\r\n");
    wait_for(&mut client, "aof_rewrite_in_progress", "0");
    server.kill();
    // One without anything in it is whole, too.
    let folder = dir.path().join("appendonlydir");
    assert_eq!(fs::read(folder.join("appendonly.aof.1.base.aof")).unwrap(), b"");
    let server = start_in(&dir, engine, &flags);
    let mut client = server.client();
    fill(&mut client);
    client.call(&[b"BGREWRITEAOF"], "+Background append only file rewriting started\r\n");
    wait_for(&mut client, "aof_rewrite_in_progress", "0");
    let seen = digest(&mut client);
    server.kill();
    let base = folder.join("appendonly.aof.2.base.aof");
    let whole = fs::read(&base).unwrap();
    let text = String::from_utf8_lossy(&whole);
    let value = text.find("value").expect("a key has it");
    let second = text.find("*2\r\n$6\r\nSELECT").expect("a database is selected");
    let mut spoiled = whole.clone();
    spoiled[value] ^= 1;
    // A letter of a value, the end of a command, and nothing at all.
    for content in [&spoiled, &whole[..second], &[][..]] {
        fs::write(&base, content).unwrap();
        let path = dir.path().to_str().unwrap();
        let flags = ["--dir", path, "--appendonly", "yes"];
        let (status, text) = Process::launch(engine, crate::process::free_port(), &flags).end();
        assert!(!status.success() && text.contains("appendonly.aof.2.base.aof"), "{text}");
        assert!(fs::read(&base).unwrap() == content, "what is refused stays as it is");
    }
    fs::write(&base, &whole).unwrap();
    assert_eq!(digest(&mut start_in(&dir, engine, &flags).client()), seen);
}

/// Files of real servers, whose content is compared in tests/suite: here a server starts where they lie, writes, and starts
/// again.
fn directories_of_other_servers_are_taken_over(engine: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let mut taken = 0;
    for entry in fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        // What the modules of this one keep is refused, by key and offset.
        if path.ends_with("redis-stack-7.4.1") {
            continue;
        }
        for (name, flags) in [
            ("dump.rdb", ["--save", "3600 1"]),
            ("aof", ["--appendonly", "yes"]),
            ("aof-commands", ["--appendonly", "yes"]),
        ] {
            let dir = TempDir::new();
            copy_data(&path.join(name), dir.path());
            let server = start_in(&dir, engine, &flags);
            let mut client = server.client();
            let size: usize = ask(&mut client, "DBSIZE")[1..].parse().unwrap();
            assert!(size > 60, "{}/{name}: {size} keys", path.display());
            client.call(&[b"SET", b"of:ours", b"1"], "+OK\r\n");
            if name == "dump.rdb" {
                client.call(&[b"SAVE"], "+OK\r\n");
            }
            let seen = digest(&mut server.client());
            server.kill();
            let server = start_in(&dir, engine, &flags);
            assert_eq!(digest(&mut server.client()), seen, "{}/{name}", path.display());
            server.kill();
            taken += 1;
        }
    }
    assert!(taken >= 30, "{taken} directories");
}

/// Puts files where their server has them: a dump and a log of one file into the directory, others into a folder of it.
fn copy_data(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to.join("dump.rdb")).unwrap();
        return;
    }
    let names: Vec<_> = fs::read_dir(from).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let folder = if names.len() == 1 { to.to_owned() } else { to.join("appendonlydir") };
    fs::create_dir_all(&folder).unwrap();
    for name in names {
        fs::copy(from.join(&name), folder.join(&name)).unwrap();
    }
}

fn directories_are_locked(engine: &str) {
    let dir = TempDir::new();
    let path = dir.path().to_str().unwrap();
    let server = start_in(&dir, engine, &["--appendonly", "yes"]);
    let other = Process::launch(engine, crate::process::free_port(), &["--dir", path, "--save", "60 1"]);
    let (status, text) = other.end();
    assert!(!status.success() && text.contains("another process keeps its data in this directory"), "{text}");
    server.kill();
    drop(start_in(&dir, engine, &["--save", "60 1"]));
}

fn dumps_follow_rules_and_their_failure_refuses_writes(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &["--save", "1 2"]);
    let mut client = server.client();
    client.call(&[b"SET", b"a", b"1"], "+OK\r\n").call(&[b"SET", b"b", b"1"], "+OK\r\n");
    wait_for(&mut client, "rdb_saves", "1");
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "0");
    client.call(&[b"CONFIG", b"SET", b"save", b"3600 1"], "+OK\r\n");
    // As in Redis the dump of an empty server comes at once.
    client.call(&[b"FLUSHALL"], "+OK\r\n");
    wait_for(&mut client, "rdb_saves", "2");
    // A directory cannot be replaced by a file.
    let dump = dir.path().join("dump.rdb");
    fs::remove_file(&dump).unwrap();
    fs::create_dir(&dump).unwrap();
    client.call(&[b"BGSAVE"], "+Background saving started\r\n");
    wait_for(&mut client, "rdb_last_bgsave_status", "err");
    let refused = "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands \
                   that may modify the data set are disabled, because this instance is configured to report errors during \
                   writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for \
                   details about the RDB error.\r\n";
    client.call(&[b"SET", b"a", b"1"], refused).call(&[b"PING"], refused).call(&[b"GET", b"a"], "$-1\r\n");
    client.send("MULTI\r\nGET a\r\nEXEC\r\n").expect("+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
    client.send("EVAL \"return redis.pcall('set','a',1).err\" 0\r\n");
    assert!(client.line().starts_with('$') && client.line().starts_with("MISCONF"));
    client.call(&[b"SAVE"], "-ERR\r\n");
    client.call(&[b"CONFIG", b"SET", b"stop-writes-on-bgsave-error", b"no"], "+OK\r\n").ping();
    client.call(&[b"CONFIG", b"SET", b"stop-writes-on-bgsave-error", b"yes"], "+OK\r\n");
    client.call(&[b"PING"], refused);
    // Neither does a server stop that is to save before.
    client.call(&[b"SHUTDOWN"], "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
    fs::remove_dir(&dump).unwrap();
    client.call(&[b"BGSAVE", b"SCHEDULE"], "+Background saving started\r\n");
    wait_for(&mut client, "rdb_last_bgsave_status", "ok");
    client.call(&[b"SET", b"a", b"1"], "+OK\r\n");
    client.send("SHUTDOWN\r\n").drain();
    assert!(server.end().0.success() && dump.is_file());
}

fn files_are_kept_elsewhere_where_that_is_allowed(engine: &str) {
    let (dir, other) = (TempDir::new(), TempDir::new());
    let path = |dir: &TempDir| fs::canonicalize(dir.path()).unwrap().to_str().unwrap().to_owned();
    let failed = |name: &str, why: &str| {
        format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {why}\r\n")
    };
    let server = start_in(&dir, engine, &["--save", "3600 1"]);
    for name in ["dir", "dbfilename"] {
        let refused = failed(name, "can't set protected config");
        server.client().call(&[b"CONFIG", b"SET", name.as_bytes(), b"x"], refused);
    }
    server.kill();
    let mut server = start_in(&dir, engine, &["--save", "3600 1", "--enable-protected-configs", "local"]);
    let mut client = server.client();
    let nowhere = failed("dir", "No such file or directory");
    client.call(&[b"CONFIG", b"SET", b"maxmemory", b"1gb", b"dir", b"/nowhere"], nowhere);
    assert_eq!(ask(&mut client, "CONFIG GET maxmemory"), "*2");
    client.expect("$9\r\nmaxmemory\r\n$1\r\n0\r\n");
    let file = other.join("file");
    fs::write(&file, "").unwrap();
    client.call(&[b"CONFIG", b"SET", b"dir", file.as_bytes()], failed("dir", "Not a directory"));
    let no_name = failed("dbfilename", "dbfilename can't be a path, just a filename");
    client.call(&[b"CONFIG", b"SET", b"dbfilename", b"a/b"], no_name);
    // What another server keeps there is left alone.
    let neighbour = start_in(&other, engine, &["--save", "3600 1"]);
    client.send(request(&[b"CONFIG", b"SET", b"dir", path(&other).as_bytes()]));
    assert!(client.line().contains("another process keeps its data in this directory"));
    neighbour.kill();
    client.call(&[b"SET", b"a", b"1"], "+OK\r\n").call(&[b"SAVE"], "+OK\r\n");
    client.call(
        &[b"CONFIG", b"SET", b"dir", path(&other).as_bytes(), b"dbfilename", b"my.rdb", b"timeout", b"9"],
        "+OK\r\n",
    );
    client.call(
        &[b"CONFIG", b"GET", b"dir"],
        [b"*2\r\n$3\r\ndir\r\n", &bulk(path(&other).as_bytes())[..]].concat(),
    );
    client.call(&[b"CONFIG", b"GET", b"timeout"], "*2\r\n$7\r\ntimeout\r\n$1\r\n9\r\n");
    client.call(&[b"SET", b"b", b"1"], "+OK\r\n").call(&[b"SAVE"], "+OK\r\n");
    assert!(other.path().join("my.rdb").exists() && dir.path().join("dump.rdb").exists());
    // A trap does not lead back.
    client.send("DEBUG PANIC\r\n").drain();
    server.wait_log("THE ENGINE TRAPPED: ");
    until(&server, "GET b", "$1\r\n1");
    let mut client = server.client();
    client.call(&[b"CONFIG", b"GET", b"dbfilename"], "*2\r\n$10\r\ndbfilename\r\n$6\r\nmy.rdb\r\n");
    // The old directory is free again.
    drop(start_in(&dir, engine, &["--save", "3600 1"]));
    client.call(&[b"CONFIG", b"SET", b"appendonly", b"yes"], "+OK\r\n");
    let refused = failed("dir", "the log would be left where it is: appendonly has to be no before");
    client.call(&[b"CONFIG", b"SET", b"dir", path(&dir).as_bytes()], refused);
}

fn durability_can_be_waited_for(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &[]);
    let mut client = server.client();
    let error = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n";
    client.call(&[b"WAITAOF", b"1", b"0", b"0"], error);
    let met = "*2\r\n:1\r\n:0\r\n";
    let unmet = "*2\r\n:0\r\n:0\r\n";
    for policy in ["everysec", "always"] {
        client
            .call(&[b"CONFIG", b"SET", b"appendonly", b"yes", b"appendfsync", policy.as_bytes()], "+OK\r\n");
        client.call(&[b"SET", b"a", policy.as_bytes()], "+OK\r\n");
        client.call(&[b"WAITAOF", b"1", b"0", b"0"], met);
        // Replicas there are none, and what is durable is told all the same.
        client.call(&[b"WAITAOF", b"1", b"1", b"10"], met);
    }
    // Nothing makes it durable now, as in Redis, but for a new base.
    client.call(&[b"CONFIG", b"SET", b"appendfsync", b"no"], "+OK\r\n");
    client.call(&[b"SET", b"a", b"no"], "+OK\r\n");
    client.call(&[b"WAITAOF", b"1", b"0", b"10"], unmet);
    server.client().call(&[b"WAITAOF", b"1", b"0", b"0"], met);
    client.send("WAITAOF 1 0 0\r\n");
    server.client().call(&[b"BGREWRITEAOF"], "+Background append only file rewriting started\r\n");
    client.expect(met);
    // While a save has the disk for itself, replies leave sooner, and what waits for the disk does not.
    client.call(
        &[b"CONFIG", b"SET", b"appendfsync", b"always", b"no-appendfsync-on-rewrite", b"yes"],
        "+OK\r\n",
    );
    wait_for(&mut client, "aof_rewrite_in_progress", "0");
    client.call(&[b"DEBUG", b"POPULATE", b"1000000"], "+OK\r\n").call(&[b"WAITAOF", b"1", b"0", b"0"], met);
    client.call(&[b"BGSAVE"], "+Background saving started\r\n");
    while info(&mut client, "current_save_keys_total") == "0" {}
    client.call(&[b"SET", b"a", b"spared"], "+OK\r\n").call(&[b"WAITAOF", b"1", b"0", b"1"], unmet);
    assert_eq!(info(&mut client, "rdb_bgsave_in_progress"), "1", "it has ended too soon to tell");
    client.call(&[b"WAITAOF", b"1", b"0", b"0"], met);
    assert_eq!(info(&mut client, "rdb_bgsave_in_progress"), "0");
    client.call(&[b"SET", b"a", b"after"], "+OK\r\n").call(&[b"WAITAOF", b"1", b"0", b"0"], met);
}

/// Asks on connections of its own until the reply begins with this line. One whose reply is held up is given up, as a
/// client would do it.
pub(crate) fn until(server: &Process, command: &str, wanted: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut client = server.client();
        client.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        client.send(format!("{command}\r\n"));
        let mut reply = [0; 128];
        let len = client.stream.read(&mut reply).unwrap_or(0);
        let line = String::from_utf8_lossy(&reply[..len]);
        if line.starts_with(wanted) {
            return;
        }
        assert!(Instant::now() < end, "{command} is answered by {line:?} and not by {wanted:?}");
    }
}

/// A limit of the size of files makes the disk full for one file, and can be lifted again.
fn a_full_disk_refuses_writes_and_heals(engine: &str) {
    let dir = TempDir::new();
    for policy in ["everysec", "always"] {
        let server = start_in(&dir, engine, &["--appendonly", "yes", "--appendfsync", policy]);
        let mut client = server.client();
        client.call(&[b"SET", b"kept", policy.as_bytes()], "+OK\r\n");
        let limit = |bytes: &str| {
            let pid = server.pid().to_string();
            let set = std::process::Command::new("prlimit")
                .args(["--pid", &pid, &format!("--fsize={bytes}:unlimited")])
                .status();
            assert!(set.expect("prlimit is a part of util-linux").success());
        };
        limit("4096");
        let mut writer = server.client();
        writer.send(crate::client::request(&[b"SET", b"large", &vec![b'x'; 8192]]));
        let error = "-MISCONF Errors writing to the AOF file: File too large";
        until(&server, "INCR refused", error);
        // Reads go on, and no write is done meanwhile.
        until(&server, "GET kept", &format!("${}", policy.len()));
        until(&server, "PING", error);
        until(&server, "INCR late", error);
        until(&server, "GET late", "$-1");
        limit("unlimited");
        until(&server, "SET healed 1", "+OK");
        let seen = digest(&mut server.client());
        server.kill();
        let server = start_in(&dir, engine, &["--appendonly", "yes"]);
        assert_eq!(digest(&mut server.client()), seen, "{policy}");
        server.kill();
    }
}
