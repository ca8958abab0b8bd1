//! Starting and stopping, and everything that is said on the way.

use crate::client::{Client, request};
use crate::on_both_engines;
use crate::process::{Process, TempDir, free_port};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

on_both_engines!(
    survives_other_signals,
    stops_on_signals,
    serves_a_unix_socket,
    stops_with_replies_delivered
);

fn stops_on_signals(engine: &str) {
    for signal in ["TERM", "INT"] {
        let dir = TempDir::new();
        let pid_file = dir.join("pid");
        let server = Process::start(engine, &["--pidfile", &pid_file]);
        let mut client = server.client();
        client.ping();
        assert!(fs::read_to_string(&pid_file).unwrap().trim().parse::<u32>().is_ok());
        server.signal(signal);
        client.expect_end();
        let (status, log) = server.end();
        assert!(status.success(), "{log}");
        assert!(log.contains(&format!("received SIG{signal}")), "{log}");
        assert!(!Path::new(&pid_file).exists());
    }
}

/// The terminal that a server was started in is closed, or a daemon's manager asks for logs to be opened anew.
fn survives_other_signals(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut client = server.client();
    client.ping().call(&[b"SET", b"k", b"v"], "+OK\r\n");
    for signal in ["HUP", "PIPE", "HUP"] {
        server.signal(signal);
        client.call(&[b"GET", b"k"], "$1\r\nv\r\n");
    }
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success(), "{log}");
}

/// A large reply is on its way when the signal comes.
fn stops_with_replies_delivered(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut client = server.client();
    let value = vec![b'z'; 8 << 20];
    client.call(&[b"SET", b"k", &value], "+OK\r\n");
    client.send(request(&[b"GET", b"k"])).expect("$8388608\r\n");
    server.signal("TERM");
    let rest = client.drain();
    assert_eq!(rest.len(), value.len() + 2);
    let (status, log) = server.end();
    assert!(status.success(), "{log}");
}

fn serves_a_unix_socket(engine: &str) {
    let dir = TempDir::new();
    let path = dir.join("s");
    let mut server = Process::launch(engine, 0, &["--unixsocket", &path, "--unixsocketperm", "700"]);
    server.wait_log("Ready to accept connections");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let mut client = Client::unix(&path);
    client.ping().call(&[b"SET", b"a", b"1"], "+OK\r\n");
    // A second server must not take the socket away from a living one.
    let second = Process::launch(engine, 0, &["--unixsocket", &path]);
    let (status, log) = second.end();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("another server answers on it"), "{log}");
    client.ping();
    server.signal("KILL");
    server.end();
    // But what a dead one left behind is in no server's way.
    assert!(Path::new(&path).exists());
    let mut server = Process::launch(engine, 0, &["--unixsocket", &path]);
    server.wait_log("Ready to accept connections");
    Client::unix(&path).call(&[b"GET", b"a"], "$-1\r\n");
    server.signal("TERM");
    assert!(server.end().0.success());
    assert!(!Path::new(&path).exists());
}

#[test]
fn a_unix_socket_does_not_replace_a_file() {
    let dir = TempDir::new();
    let path = dir.join("precious");
    fs::write(&path, "data").unwrap();
    let (status, log) = Process::launch("native", 0, &["--unixsocket", &path]).end();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("no socket"), "{log}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "data");
}

#[test]
fn a_taken_port_is_said_to_be() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let (status, log) = Process::launch("wasm", port, &[]).end();
    assert_eq!(status.code(), Some(1));
    let message = format!(
        "Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address already in use;"
    );
    assert!(log.contains(&message) && log.contains("--port"), "{log}");
}

/// A server that was started in the background has said why it ended in its log.
#[test]
fn the_log_file_says_why_there_is_no_server() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let dir = TempDir::new();
    let path = dir.join("log");
    let (_, printed) = Process::launch("native", port, &["--logfile", &path]).end();
    for text in [printed, fs::read_to_string(&path).unwrap()] {
        assert!(text.contains("Address already in use"), "{text}");
    }
}

#[test]
fn a_server_must_listen_somewhere() {
    let (status, log) = Process::launch("native", 0, &[]).end();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("Configured to not listen anywhere"), "{log}");
}

#[test]
fn help_and_version_are_printed() {
    for flag in ["--help", "-h"] {
        let (status, text) = Process::launch_bare(&[flag]).end();
        assert!(status.success() && text.contains("--maxclients"), "{text}");
    }
    for flag in ["--version", "-v"] {
        let (status, text) = Process::launch_bare(&[flag]).end();
        assert!(status.success() && text.starts_with("Sanderling server v="), "{text}");
    }
}

#[test]
fn help_stands_among_other_flags_and_before_a_reader_that_is_gone() {
    let (status, text) = Process::launch_bare(&["--port", "1", "--help"]).end();
    assert!(status.success() && text.contains("--maxclients"), "{text}");
    for flag in ["--help", "--version"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sanderling"));
        let output = command.arg(flag).stdout(writer).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn mistakes_end_the_start() {
    for (arguments, message) in [
        (&["--no-such-setting", "1"][..], "no-such-setting"),
        (&["--port", "x"], "'x' is not a number in range"),
        (&["--maxclients", "many"], "many"),
        (&["/does/not/exist.conf"], "cannot open the configuration file"),
        (&["--loglevel", "loud"], "must be one of debug, verbose, notice, warning"),
    ] {
        let (status, text) = Process::launch_bare(arguments).end();
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn flags_override_the_file_and_files_include() {
    let dir = TempDir::new();
    let (file, included) = (dir.join("a.conf"), dir.join("b.conf"));
    let port = free_port();
    fs::write(&included, "maxclients 2\nengine native\n").unwrap();
    fs::write(&file, format!("# test\nport 1\nbind 127.0.0.1\ninclude \"{included}\"\nloglevel notice\n"))
        .unwrap();
    let mut server = Process::launch_bare(&[&file, "--port", &port.to_string(), "--maxclients", "1"]);
    let log = server.wait_log("Ready to accept connections");
    assert!(log.contains("engine native"), "{log}");
    let mut first = Client::tcp(port);
    first.ping();
    Client::tcp(port).expect("-ERR max number of clients reached\r\n").expect_end();
}

#[test]
fn the_log_can_be_a_file_of_json() {
    let dir = TempDir::new();
    let path = dir.join("log");
    let socket = dir.join("s");
    let server =
        Process::launch("native", 0, &["--unixsocket", &socket, "--logfile", &path, "--log-format", "json"]);
    let ready = || fs::read_to_string(&path).unwrap_or_default().contains("Ready to accept connections");
    let until = std::time::Instant::now() + crate::process::PATIENCE;
    while !ready() && std::time::Instant::now() < until {
        std::thread::yield_now();
    }
    server.signal("TERM");
    assert!(server.end().0.success());
    for line in fs::read_to_string(&path).unwrap().lines() {
        assert!(line.starts_with("{\"time\":\"") && line.ends_with("\"}"), "{line}");
    }
}

/// Logs are rotated by renaming the file, with or without a signal.
#[test]
fn a_log_file_that_is_gone_is_opened_anew() {
    let dir = TempDir::new();
    let (path, old) = (dir.join("log"), dir.join("log.1"));
    let server = Process::start_logging(&path);
    fs::rename(&path, &old).unwrap();
    server.signal("HUP");
    server.signal("TERM");
    assert!(server.end().0.success());
    let (old, new) = (fs::read_to_string(old).unwrap(), fs::read_to_string(path).unwrap());
    assert!(old.contains("Ready to accept connections") && !old.contains("received SIGTERM"), "{old}");
    assert!(!new.contains("Ready to accept connections") && new.contains("received SIGTERM"), "{new}");
}

/// Its directory is gone as well: the server goes on, and the lines go where they went before.
#[test]
fn a_log_file_that_cannot_be_opened_anew_stops_nothing() {
    let dir = TempDir::new();
    let (logs, old) = (dir.join("logs"), dir.join("old"));
    fs::create_dir(&logs).unwrap();
    let server = Process::start_logging(&format!("{logs}/log"));
    fs::rename(&logs, &old).unwrap();
    server.signal("TERM");
    assert!(server.end().0.success());
    assert!(fs::read_to_string(format!("{old}/log")).unwrap().contains("received SIGTERM"));
}

#[test]
fn the_second_start_takes_the_compiled_engine_from_the_cache() {
    let dir = TempDir::new();
    let cache = dir.join("cache");
    let flags = ["--compile-engine", "yes", "--cache-dir", &cache, "--loglevel", "verbose"];
    let mut server = Process::start("wasm", &flags);
    assert!(server.wait_log("Ready").contains("compiling the engine"));
    let file = fs::read_dir(format!("{cache}/sanderling")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);

    let mut server = Process::start("wasm", &flags);
    let log = server.wait_log("Ready");
    assert!(log.contains("took the compiled engine from") && !log.contains("compiling"), "{log}");
    server.client().ping();

    // Machine code that others could have written is not run.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let mut server = Process::start("wasm", &flags);
    let log = server.wait_log("Ready");
    assert!(log.contains("can be written by others"), "{log}");
    server.client().ping();

    // A file that is damaged is replaced.
    fs::write(&file, b"no ELF file").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut server = Process::start("wasm", &flags);
    assert!(server.wait_log("Ready").contains("is not used"));
    let mut server = Process::start("wasm", &flags);
    assert!(server.wait_log("Ready").contains("took the compiled engine from"));
}

#[test]
fn a_cache_that_cannot_be_written_only_costs_time() {
    let dir = TempDir::new();
    let file = dir.join("file");
    fs::write(&file, "").unwrap();
    let mut server = Process::start("wasm", &["--compile-engine", "yes", "--cache-dir", &file]);
    assert!(server.wait_log("Ready").contains("cannot keep the compiled engine"));
    server.client().ping();
    let mut server = Process::start("wasm", &["--compile-engine", "yes", "--cache-dir", ""]);
    let log = server.wait_log("Ready");
    assert!(log.contains("compiling the engine") && !log.contains("cannot keep"), "{log}");
}
