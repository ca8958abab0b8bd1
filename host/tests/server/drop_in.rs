//! The server in the place of redis-server: its configuration files, flags and output.

use crate::client::{Client, request};
use crate::process::{PATIENCE, Process, TempDir, free_port};
use sanderling_core::config;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sanderling");

fn stock_files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/configurations");
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The files that Redis and Valkey come with. Directories that only an installation makes are set to others.
#[test]
fn stock_files_start_with_a_warning_for_what_means_nothing() {
    let files = stock_files();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let path = file.to_str().unwrap();
        let dir = TempDir::new();
        let port = free_port();
        let pid_file = dir.join("pid");
        let mut server = Process::launch_bare(&[
            path,
            "--port",
            &port.to_string(),
            "--dir",
            dir.path().to_str().unwrap(),
            "--logfile",
            "",
            "--pidfile",
            &pid_file,
            "--daemonize",
            "no",
        ]);
        let log = server.wait_log("Ready to accept connections").to_owned();
        let mut expected = 0;
        for line in fs::read_to_string(&file).unwrap().lines() {
            let name = line.split(' ').next().unwrap();
            let warnings = log.matches(&format!("{name} means nothing here: ")).count();
            if config::unused(name).is_some_and(|unused| !unused.holds(line[name.len()..].trim())) {
                assert_eq!(warnings, 1, "{path}, {name}:\n{log}");
                expected += 1;
            } else {
                assert_eq!(warnings, 0, "{path}, {name}:\n{log}");
            }
        }
        assert!(expected > 15, "{path}: {expected}");
        assert_eq!(log.matches(" warning ").count(), expected, "{log}");
        // CONFIG REWRITE leaves a file with which the next start works.
        let copy = dir.join("copy.conf");
        fs::write(&copy, fs::read_to_string(&file).unwrap()).unwrap();
        Client::tcp(port).ping().call(&[b"CONFIG", b"SET", b"repl-timeout", b"30"], "+OK\r\n");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let dir = TempDir::new();
    let file = dir.join("a.conf");
    fs::write(&file, "maxmemroy 1gb\nport 1\nsave 1\ncluster-enabled yes\nreplicaof host 6379\nport x\n")
        .unwrap();
    let (status, text) = Process::launch_bare(&[&file, "--appendonly", "maybe", "--nosuchthing", "1"]).end();
    assert_eq!(status.code(), Some(1));
    for part in [
        "line 1: 'maxmemroy 1gb': there is no such setting; did you mean maxmemory?",
        "line 3: 'save 1': 'save': Invalid save parameters",
        "line 4: 'cluster-enabled yes': there is no cluster",
        "line 5: 'replicaof host 6379': there is no replication",
        "line 6: 'port x': 'x' is not a number in range",
        "'--appendonly': argument must be 'yes' or 'no'",
        "'--nosuchthing': there is no such setting",
    ] {
        assert_eq!(text.matches(part).count(), 1, "{part}:\n{text}");
    }
    assert_eq!(text.lines().count(), 7, "{text}");
}

/// What people have in their files and on their command lines.
#[test]
fn usual_settings_are_taken() {
    let dir = TempDir::new();
    for name in ["1.conf", "2.conf", ".3.conf"] {
        fs::write(dir.join(name), format!("maxclients 1{}\n", &name[..1].replace('.', "9"))).unwrap();
    }
    let pattern = dir.join("*.conf");
    let server = Process::start(
        "native",
        &[
            "--include",
            &pattern,
            "--save 900 1",
            "--io-threads",
            "4",
            "--replicaof",
            "no",
            "one",
            "--syslog-enabled",
            "no",
            "--auto-aof-rewrite-min-size",
            "64mb",
            "--rdbchecksum",
            "no",
            "--supervised",
            "auto",
            "--daemonize",
            "no",
            "--dbfilename",
            "d.rdb",
            "--slave-read-only",
            "no",
            "--lua-time-limit",
            "100",
            "--sanitize-dump-payload",
            "clients",
        ],
    );
    let mut client = server.client();
    for (name, value) in [
        ("maxclients", "12"),
        ("save", "900 1"),
        ("io-threads", "4"),
        ("auto-aof-rewrite-min-size", "67108864"),
        ("replica-read-only", "no"),
        ("busy-reply-threshold", "100"),
        ("supervised", "auto"),
    ] {
        let expected = format!("*2\r\n${}\r\n{name}\r\n${}\r\n{value}\r\n", name.len(), value.len());
        client.call(&[b"CONFIG", b"GET", name.as_bytes()], expected);
    }
    let (_, log) = stop(server);
    assert!(
        log.contains("--io-threads: io-threads means nothing here: one thread serves all clients"),
        "{log}"
    );
    assert!(log.contains("sanitize-dump-payload clients means nothing here: payloads are"), "{log}");
    assert!(!log.contains("syslog"), "{log}");
}

fn stop(server: Process) -> (std::process::ExitStatus, String) {
    server.signal("TERM");
    server.end()
}

/// A command has another name, or none; a log that was written before still loads.
#[test]
fn commands_are_renamed() {
    let dir = TempDir::new();
    let kept = ["--dir", dir.path().to_str().unwrap(), "--appendonly", "yes"];
    let first = Process::start("wasm", &kept);
    first.client().call(&[b"SET", b"a", b"1"], "+OK\r\n").call(&[b"INCR", b"a"], ":2\r\n");
    assert!(stop(first).0.success());
    let renames = ["--rename-command", "SET", "put-it", "--rename-command", "INCR", ""];
    let second = Process::start("wasm", &[&kept[..], &renames].concat());
    second
        .client()
        .call(&[b"GET", b"a"], "$1\r\n2\r\n")
        .call(&[b"SET", b"a", b"1"], "-ERR unknown command 'SET', with args beginning with: 'a' '1' \r\n")
        .call(&[b"incr", b"a"], "-ERR unknown command 'incr', with args beginning with: 'a' \r\n")
        .call(&[b"PUT-IT", b"a", b"7"], "+OK\r\n")
        .call(&[b"EVAL", b"return redis.call('put-it', 'b', '8')", b"0"], "+OK\r\n")
        .call(&[b"ACL", b"SETUSER", b"u", b"+set"], "+OK\r\n");
    assert!(stop(second).0.success());
    let third = Process::start("wasm", &[&kept[..], &renames].concat());
    third.client().call(&[b"MGET", b"a", b"b"], "*2\r\n$1\r\n7\r\n$1\r\n8\r\n");
    assert!(stop(third).0.success());
    for (flags, message) in [
        (&["--rename-command", "NOSUCH", "x"][..], "No such command in rename-command"),
        (&["--rename-command", "GET", "SET"], "Target command name already exists"),
        (
            &["--rename-command", "GET", "x", "--rename-command", "SET", "x"],
            "Target command name already exists",
        ),
    ] {
        let (status, text) = Process::launch_bare(flags).end();
        assert_eq!(status.code(), Some(1));
        assert!(text.contains(message), "{text}");
    }
}

/// Programs that start a server wait for its lines on standard output; only what is wrong goes elsewhere.
#[test]
fn the_log_is_on_standard_output() {
    let dir = TempDir::new();
    let socket = dir.join("s");
    let mut child = Command::new(PROGRAM)
        .args(["--port", "0", "--unixsocket", &socket, "--save", "", "--engine", "native"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_socket(&socket).call(&[b"SHUTDOWN"], "");
    assert!(child.wait().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Ready to accept connections") && text.ends_with("stopped\n"), "{text}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn wait_for_socket(path: &str) -> Client<std::os::unix::net::UnixStream> {
    let until = Instant::now() + PATIENCE;
    while std::os::unix::net::UnixStream::connect(path).is_err() {
        assert!(Instant::now() < until, "nobody listens on {path}");
        std::thread::yield_now();
    }
    Client::unix(path)
}

#[test]
fn the_version_is_as_programs_read_it() {
    let (_, text) = Process::launch_bare(&["--version"]).end();
    let words: Vec<&str> = text.trim_end().split(' ').collect();
    assert_eq!(&words[1..2], ["server"], "{text}");
    let numbers: Vec<u32> =
        words[2].strip_prefix("v=").unwrap().split('.').map(|part| part.parse().unwrap()).collect();
    assert!(numbers >= vec![7, 2, 0], "{text}");
    assert!(
        words[3].starts_with("sha=") && words[5] == "bits=64" && words[6].starts_with("build="),
        "{text}"
    );
}

#[test]
fn the_log_tells_connections_if_it_is_to() {
    let mut server = Process::start("native", &["--loglevel", "debug"]);
    let address = {
        let client = server.client();
        client.stream.local_addr().unwrap()
    };
    server.wait_log(&format!("accepted {address}"));
    server.wait_log(&format!("closed {address}"));
    let quiet = Process::start("native", &[]);
    quiet.client().ping();
    assert!(!stop(quiet).1.contains("accepted"));
}

/// The program brings its engine as machine code: a machine that it has never run on is no slower.
#[test]
fn a_first_start_compiles_nothing() {
    let cache = TempDir::new();
    let server = Process::start("wasm", &["--cache-dir", cache.path().to_str().unwrap()]);
    server.client().ping();
    let (_, log) = stop(server);
    assert!(!log.contains("compil"), "{log}");
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
}

/// A signal saves or does not, as the settings say, whatever `save` has.
#[test]
fn signals_save_as_they_are_told_to() {
    let dir = TempDir::new();
    let dump = dir.join("dump.rdb");
    let kept = ["--dir", dir.path().to_str().unwrap()];
    for (flags, is_saved) in [
        (&["--save", "", "--shutdown-on-sigterm", "save"][..], true),
        (&["--save", "900 1", "--shutdown-on-sigterm", "nosave", "force"], false),
        (&["--save", "900 1", "--shutdown-on-sigint", "nosave"], true),
    ] {
        let server = Process::start("native", &[&kept[..], flags].concat());
        server.client().call(&[b"SET", b"a", b"1"], "+OK\r\n");
        assert!(stop(server).0.success());
        assert_eq!(Path::new(&dump).exists(), is_saved, "{flags:?}");
        fs::remove_file(&dump).ok();
    }
}

#[test]
fn it_goes_into_the_background() {
    let dir = TempDir::new();
    let (socket, pid_file, log) = (dir.join("s"), dir.join("pid"), dir.join("log"));
    let (status, printed) = Process::launch_bare(&[
        "--port",
        "0",
        "--unixsocket",
        &socket,
        "--daemonize",
        "yes",
        "--pidfile",
        &pid_file,
        "--logfile",
        &log,
        "--dir",
        dir.path().to_str().unwrap(),
        "--save",
        "",
    ])
    .end();
    assert!(status.success() && printed.is_empty(), "{printed}");
    let mut client = wait_for_socket(&socket);
    client.ping();
    let pid = fs::read_to_string(&pid_file).unwrap().trim().to_owned();
    client.call(&[b"CONFIG", b"GET", b"daemonize"], "*2\r\n$9\r\ndaemonize\r\n$3\r\nyes\r\n");
    if cfg!(target_os = "linux") {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        assert_eq!(fields[3], pid, "it leads its session: {stat}");
        assert_eq!(fields[4], "0", "and has no terminal: {stat}");
        assert_eq!(fs::read_link(format!("/proc/{pid}/fd/1")).unwrap(), Path::new("/dev/null"));
    }
    client.send(request(&[b"SHUTDOWN"])).expect_end();
    let until = Instant::now() + PATIENCE;
    while !fs::read_to_string(&log).unwrap().contains("stopped") {
        assert!(Instant::now() < until);
        std::thread::yield_now();
    }
}

/// systemd hears when the server serves and when it stops; asked to go into the background, it stays.
#[test]
fn systemd_is_told() {
    let dir = TempDir::new();
    let path = dir.join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = |word: &str| {
        let mut all = String::new();
        while !all.contains(word) {
            let mut room = [0; 4096];
            let len = socket.recv(&mut room).unwrap();
            all.push_str(str::from_utf8(&room[..len]).unwrap());
        }
        all
    };
    let variables = [("NOTIFY_SOCKET", path.as_str())];
    for value in ["systemd", "auto"] {
        let server = Process::start_in(&variables, "native", &["--supervised", value, "--daemonize", "yes"]);
        assert!(hear("READY=1\n").contains("STATUS=Loading data\n"));
        server.client().ping();
        server.signal("TERM");
        hear("STOPPING=1\n");
        assert!(server.end().0.success());
    }
    // Nobody is told unasked.
    assert!(stop(Process::start_in(&variables, "native", &[])).0.success());
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert!(socket.recv(&mut [0; 16]).is_err());
    let server = Process::start("native", &["--supervised", "systemd"]);
    assert!(stop(server).1.contains("cannot tell systemd how the server is: NOTIFY_SOCKET is not set"));
}

#[test]
fn ping_tells_whether_a_server_serves() {
    let server = Process::start("native", &["--requirepass", "x"]);
    let address = format!("127.0.0.1:{}", server.port);
    let (status, text) = Process::launch_bare(&["ping", &address]).end();
    assert!(status.success() && text.starts_with("-NOAUTH"), "{text}");
    assert!(stop(server).0.success());
    let (status, text) = Process::launch_bare(&["ping", &address]).end();
    assert_eq!(status.code(), Some(1));
    assert!(text.contains("no answer from 127.0.0.1"), "{text}");
    let (status, text) = Process::launch_bare(&["ping", "/nowhere/s"]).end();
    assert_eq!(status.code(), Some(1), "{text}");
}
