//! `sanderling check` on files of real servers, and on files that were spoiled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

/// Runs the program; whether it found all whole, and what it printed.
fn check(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sanderling")).arg("check").args(arguments).output();
    let output = output.expect("the program is built");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).expect("it prints text"))
}

fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sanderling-check-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).expect("there is room");
    path
}

#[test]
fn files_of_servers_are_whole() {
    let mut count = 0;
    for server in fs::read_dir(fixtures()).expect("there are samples") {
        let server = server.expect("it is readable").path();
        for part in ["dump.rdb", "aof", "aof-commands"] {
            let path = server.join(part);
            if path.exists() {
                let (is_whole, text) = check(&[&path.to_string_lossy()]);
                assert!(is_whole && text.lines().all(|line| line.starts_with("ok  ")), "{text}");
                count += 1;
            }
        }
    }
    assert!(count > 30, "{count} samples");
    let dump = fixtures().join("redis-7.0.15/dump.rdb");
    let (_, text) = check(&[&dump.to_string_lossy()]);
    assert!(text.contains("RDB version 10, 86 keys, 10 with a deadline, 2 libraries"), "{text}");
}

#[test]
fn a_spoiled_byte_is_found() {
    let dir = directory("spoiled");
    let mut dump = fs::read(fixtures().join("redis-8.0.2/dump.rdb")).expect("the sample is there");
    let last = dump.len() - 3;
    dump[last] ^= 1;
    fs::write(dir.join("dump.rdb"), dump).expect("there is room");
    let (is_whole, text) = check(&[&dir.to_string_lossy()]);
    assert!(!is_whole && text.contains("the checksum is wrong, at offset "), "{text}");
    fs::remove_dir_all(dir).expect("it is ours");
}

#[test]
fn a_torn_end_is_cut_off_and_kept() {
    let dir = directory("torn");
    let log = dir.join("appendonly.aof");
    let whole =
        b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*1\r\n$4\r\nEXEC\r\n".to_vec();
    let torn = [whole.as_slice(), b"*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$1"].concat();
    fs::write(&log, &torn).expect("there is room");
    let path = log.to_string_lossy().into_owned();
    let (is_whole, text) = check(&[&path]);
    assert!(
        !is_whole && text.contains(&format!("{} of {} bytes are whole", whole.len(), torn.len())),
        "{text}"
    );
    let (is_whole, text) = check(&["--repair", &path]);
    assert!(is_whole, "{text}");
    assert_eq!(fs::read(&log).expect("it is there"), whole);
    assert_eq!(fs::read(dir.join("appendonly.aof.torn")).expect("it is kept"), &torn[whole.len()..]);
    assert!(check(&[&path]).0);
    // A file of which nothing is whole is left alone.
    fs::write(&log, b"no log at all").expect("there is room");
    let (is_whole, text) = check(&["--repair", &path]);
    assert!(!is_whole && text.contains("nothing would be left"), "{text}");
    assert_eq!(fs::read(&log).expect("it is there"), b"no log at all");
    fs::remove_dir_all(dir).expect("it is ours");
}

#[test]
fn what_cannot_be_checked_is_said() {
    let dir = directory("empty");
    let (is_whole, text) = check(&[&dir.to_string_lossy()]);
    assert!(!is_whole && text.contains("there is no file of data in it"), "{text}");
    assert!(!check(&[]).0 && !check(&["--unknown"]).0 && !check(&["/nowhere/at/all"]).0);
    assert!(check(&["--help"]).1.contains("--repair"));
    fs::remove_dir_all(dir).expect("it is ours");
}
