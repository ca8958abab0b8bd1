//! A disk that fails or is slow, as strace has system calls fail or wait: the server is the one that is shipped.

use crate::client::Client;
use crate::durability::{ask, digest, info, start_in, until, wait_for};
use crate::on_both_engines;
use crate::process::{PATIENCE, Process, TempDir};
use crate::redis;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

on_both_engines!(
    a_failed_sync_loses_nothing_that_was_acknowledged,
    a_sync_that_fails_once_is_not_noticed,
    saves_have_the_disk_for_themselves_if_they_shall,
    what_files_take_their_time_for_is_told,
);

/// strace on a server, which ends with this; then the server's system calls are the kernel's again.
struct Injection(Child);

impl Injection {
    /// Has system calls of the server treated as strace's `inject` says. `None` without strace, where that may be.
    fn into(server: &Process, faults: &[&str]) -> Option<Self> {
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-p", &server.pid().to_string()]);
        for fault in faults {
            command.args(["-e", &format!("inject={fault}")]);
        }
        let mut child = match command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) if redis::is_required() => panic!("strace is wanted: {error}"),
            Err(_) => return None,
        };
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("attached") {
            assert!(said.read_line(&mut line).unwrap() > 0, "strace does not attach: {line}");
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || said.lines().count());
        Some(Self(child))
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        // Other signals than its own to end would stop the server as well.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// After a loss of power a file has what was made durable before the sync that has failed, and maybe no more.
fn lose_what_was_never_durable(dir: &TempDir) {
    let folder = dir.path().join("appendonlydir");
    let manifest = fs::read_to_string(folder.join("appendonly.aof.manifest")).unwrap();
    let mut cut = 0;
    for line in manifest.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let Some(at) = words.iter().position(|word| *word == "len") else { continue };
        let (name, durable) = (words[1], words[at + 1].parse().unwrap());
        let file = File::options().write(true).open(folder.join(name)).unwrap();
        cut += usize::from(file.metadata().unwrap().len() > durable);
        file.set_len(durable).unwrap();
    }
    assert!(cut > 0, "no file has more than is known to be durable: {manifest}");
}

fn a_failed_sync_loses_nothing_that_was_acknowledged(engine: &str) {
    let dir = TempDir::new();
    let mut acknowledged = 0;
    for policy in ["everysec", "always"] {
        let server = start_in(&dir, engine, &["--appendonly", "yes", "--appendfsync", policy]);
        let mut client = server.client();
        client.call(&[b"SET", b"kept", policy.as_bytes()], "+OK\r\n");
        client.call(&[b"WAITAOF", b"1", b"0", b"0"], "*2\r\n:1\r\n:0\r\n");
        let Some(injection) = Injection::into(&server, &["fdatasync,fsync:error=EIO"]) else { return };
        let error = "-MISCONF Errors writing to the AOF file: Input/output error";
        if policy == "everysec" {
            // What is acknowledged until the sync is tried is written, and kept in memory until it is durable.
            let end = Instant::now() + PATIENCE;
            while let Some(count) = ask(&mut client, "INCR counter").strip_prefix(':') {
                acknowledged = count.parse().unwrap();
                assert!(Instant::now() < end, "the failure is not noticed");
            }
        } else {
            // Nothing is, and who waits for it is cut off.
            client.send("INCR counter\r\n");
            assert!(client.drain().is_empty());
        }
        until(&server, "INCR refused", error);
        until(&server, "PING", error);
        until(&server, "GET kept", &format!("${}", policy.len()));
        until(&server, "GET counter", &format!("${}\r\n{acknowledged}\r\n", acknowledged.to_string().len()));
        assert_eq!(info(&mut server.client(), "aof_last_write_status"), "err");
        drop(injection);
        until(&server, "SET healed 1", "+OK");
        let mut client = server.client();
        assert_eq!(ask(&mut client, "EXISTS refused"), ":0");
        acknowledged += 1;
        assert_eq!(ask(&mut client, "INCR counter"), format!(":{acknowledged}"));
        client.call(&[b"WAITAOF", b"1", b"0", b"0"], "*2\r\n:1\r\n:0\r\n");
        let seen = digest(&mut client);
        server.kill();
        if policy == "everysec" {
            lose_what_was_never_durable(&dir);
        }
        let server = start_in(&dir, engine, &["--appendonly", "yes"]);
        assert_eq!(digest(&mut server.client()), seen, "{policy}");
    }
}

/// What the failed sync was about goes into another file at once.
fn a_sync_that_fails_once_is_not_noticed(engine: &str) {
    for policy in ["always", "everysec"] {
        let dir = TempDir::new();
        let server = start_in(&dir, engine, &["--appendonly", "yes", "--appendfsync", policy]);
        let mut client = server.client();
        client.call(&[b"SET", b"kept", b"1"], "+OK\r\n");
        client.call(&[b"WAITAOF", b"1", b"0", b"0"], "*2\r\n:1\r\n:0\r\n");
        // Of every thread the first one fails.
        let Some(injection) = Injection::into(&server, &["fdatasync:error=EIO:when=1"]) else { return };
        for count in 1..=20 {
            client.call(&[b"INCR", b"counter"], format!(":{count}\r\n"));
        }
        let names = || {
            let folder = fs::read_dir(dir.path().join("appendonlydir")).unwrap();
            let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.ends_with(".incr.aof")).count()
        };
        let end = Instant::now() + PATIENCE;
        while names() < 2 {
            assert!(
                Instant::now() < end,
                "{policy}: no file takes the place of the one that cannot be trusted"
            );
            std::thread::yield_now();
        }
        until(&server, "PING", "+PONG");
        client.call(&[b"WAITAOF", b"1", b"0", b"0"], "*2\r\n:1\r\n:0\r\n");
        drop(injection);
        let seen = digest(&mut client);
        server.kill();
        lose_what_was_never_durable(&dir);
        let server = start_in(&dir, engine, &["--appendonly", "yes"]);
        assert_eq!(digest(&mut server.client()), seen, "{policy}");
    }
}

/// With `no-appendfsync-on-rewrite` nothing is made durable beside a save, which shows where it would fail.
fn saves_have_the_disk_for_themselves_if_they_shall(engine: &str) {
    let dir = TempDir::new();
    let flags = ["--appendonly", "yes", "--appendfsync", "always", "--no-appendfsync-on-rewrite", "yes"];
    let server = start_in(&dir, engine, &flags);
    let mut client = server.client();
    client.call(&[b"EVAL", MANY.as_bytes(), b"0"], "$-1\r\n");
    let faults = ["write:delay_enter=10000", "fdatasync:error=EIO"];
    let Some(injection) = Injection::into(&server, &faults) else { return };
    client.call(&[b"BGSAVE"], "+Background saving started\r\n");
    while info(&mut client, "current_save_keys_total") == "0" {
        assert_eq!(info(&mut client, "rdb_bgsave_in_progress"), "1");
    }
    client.call(&[b"SET", b"spared", b"1"], "+OK\r\n");
    assert_eq!(info(&mut client, "rdb_bgsave_in_progress"), "1");
    // What was not made durable meanwhile is now, or fails to be.
    until(&server, "PING", "-MISCONF");
    drop(injection);
    until(&server, "SET healed 1", "+OK");
}

/// A kilobyte for each of many keys, so that a save has more than one step.
const MANY: &str = "for i = 1, 2000 do redis.call('set', 'k' .. i, string.rep(tostring(i), 300)) end";

/// Writes until LATENCY knows an event.
fn write_until_told(client: &mut Client, event: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        assert_eq!(ask(client, "SET k v"), "+OK");
        client.send(format!("LATENCY HISTORY {event}\r\n"));
        let count: usize = client.line()[1..].parse().unwrap();
        for _ in 0..count * 3 {
            client.line();
        }
        if count > 0 {
            return;
        }
        assert!(Instant::now() < end, "{event} is not told");
    }
}

fn what_files_take_their_time_for_is_told(engine: &str) {
    let dir = TempDir::new();
    let server = start_in(&dir, engine, &["--appendonly", "yes", "--latency-monitor-threshold", "2"]);
    let mut client = server.client();
    client.call(&[b"EVAL", MANY.as_bytes(), b"0"], "$-1\r\n");
    let Some(injection) = Injection::into(&server, &["pwrite64:delay_enter=3000"]) else { return };
    write_until_told(&mut client, "aof-write");
    write_until_told(&mut client, "aof-write-alone");
    drop(injection);
    // A sync that lasts longer than the writes beside it.
    let slow = ["fdatasync:delay_enter=200000", "pwrite64:delay_enter=3000"];
    let injection = Injection::into(&server, &slow);
    write_until_told(&mut client, "aof-write-pending-fsync");
    client.call(&[b"CONFIG", b"SET", b"appendfsync", b"always"], "+OK\r\n");
    write_until_told(&mut client, "aof-fsync-always");
    drop(injection);
    client.call(&[b"CONFIG", b"SET", b"appendfsync", b"no"], "+OK\r\n");
    let injection = Injection::into(&server, &["write,pwrite64:delay_enter=3000"]);
    client.call(&[b"BGSAVE"], "+Background saving started\r\n");
    write_until_told(&mut client, "rdb-step");
    write_until_told(&mut client, "aof-write-active-child");
    drop(injection);
    wait_for(&mut client, "rdb_bgsave_in_progress", "0");
}
