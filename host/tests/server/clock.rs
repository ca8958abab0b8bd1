//! The system's clock is ahead and corrected, as when a machine hears of the right time after its start.

use crate::client::{Client, request};
use crate::on_both_engines;
use crate::process::{PATIENCE, Process, TempDir};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

on_both_engines!(a_correction_is_followed, a_wait_survives_a_correction);

/// Stands before the C library's function and adds to the time what a file says, in seconds.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *at) {
    int result = syscall(SYS_clock_gettime, id, at);
    char text[32] = "";
    int file;
    if (result == 0 && id == CLOCK_REALTIME && (file = open(getenv("CLOCK_AHEAD"), O_RDONLY)) >= 0) {
        if (read(file, text, sizeof text - 1) > 0) at->tv_sec += atol(text);
        close(file);
    }
    return result;
}
"#;

/// A server with a clock of its own.
struct Timed {
    server: Process,
    dir: TempDir,
}

impl Timed {
    fn start(engine: &str) -> Self {
        let dir = TempDir::new();
        let (source, library, ahead) = (dir.join("shim.c"), dir.join("shim.so"), dir.join("ahead"));
        fs::write(&source, SHIM).unwrap();
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o", &library, &source]).status().unwrap();
        assert!(built.success(), "the linker of Rust programs compiles C");
        let server = Process::start_in(&[("LD_PRELOAD", &library), ("CLOCK_AHEAD", &ahead)], engine, &[]);
        Self { server, dir }
    }

    /// Sets the clock ahead of the right time. The file is replaced as a whole, so that no half of it is read.
    fn set_ahead(&self, seconds: u64) {
        fs::write(self.dir.join("new"), seconds.to_string()).unwrap();
        fs::rename(self.dir.join("new"), self.dir.join("ahead")).unwrap();
    }
}

/// What the server takes for the time, in seconds.
fn time(client: &mut Client) -> u64 {
    client.send(request(&[b"TIME"])).expect("*2\r\n$10\r\n");
    let seconds = client.line().parse().unwrap();
    client.line();
    client.line();
    seconds
}

fn a_correction_is_followed(engine: &str) {
    let timed = Timed::start(engine);
    let mut client = timed.server.client();
    let start = time(&mut client);
    timed.set_ahead(3600);
    assert!((3600..3660).contains(&(time(&mut client) - start)));
    timed.set_ahead(0);
    let now = time(&mut client);
    assert!((0..60).contains(&(now - start)));

    // A date in the future is one, and what lasts for a while ends.
    client.call(&[b"SET", b"dated", b"v", b"EXAT", (now + 1000).to_string().as_bytes()], "+OK\r\n");
    client.call(&[b"EXISTS", b"dated"], ":1\r\n");
    client.call(&[b"SET", b"k", b"v", b"PX", b"300"], "+OK\r\n");
    let began = Instant::now();
    while client.send(request(&[b"EXISTS", b"k"])).line() == ":1" {
        assert!(began.elapsed() < PATIENCE, "the key does not expire");
    }
    assert!(began.elapsed() > Duration::from_millis(290));
    let began = Instant::now();
    client.call(&[b"BLPOP", b"none", b"0.3"], "*-1\r\n");
    assert!(began.elapsed() > Duration::from_millis(290));
}

/// While the server does nothing but wait for the end of the wait.
fn a_wait_survives_a_correction(engine: &str) {
    let timed = Timed::start(engine);
    timed.set_ahead(3600);
    let mut client = timed.server.client();
    client.ping();
    client.send(request(&[b"BLPOP", b"none", b"0.5"]));
    let mut other = timed.server.client();
    while !info(&mut other).contains("blocked_clients:1") {}
    timed.set_ahead(0);
    client.expect("*-1\r\n");
}

fn info(client: &mut Client) -> String {
    let len = client.send(request(&[b"INFO", b"clients"])).line()[1..].parse::<usize>().unwrap();
    let mut text = vec![0; len + 2];
    std::io::Read::read_exact(&mut client.stream, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}
