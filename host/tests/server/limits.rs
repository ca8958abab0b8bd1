//! What one client does must not hurt the others.

use crate::client::{Client, bulk, request};
use crate::on_both_engines;
use crate::process::{Process, TempDir};
use std::io::{ErrorKind, Read, Write};

on_both_engines!(
    cuts_off_a_client_that_never_reads,
    keeps_requests_of_a_client_that_does_not_read,
    keeps_a_message_once_for_all_that_do_not_read,
    refuses_writes_above_maxmemory,
    makes_a_flooder_wait,
    admits_maxclients,
    admits_as_many_clients_as_there_are_descriptors_for,
    holds_half_requests_of_many,
);

fn cuts_off_a_client_that_never_reads(engine: &str) {
    let mut server = Process::start(engine, &["--client-output-buffer-limit", "normal", "1mb", "0", "0"]);
    let mut other = server.client();
    other.call(&[b"SET", b"large", &[b'x'; 1 << 20]], "+OK\r\n");
    let mut client = server.client();
    client.send(request(&[b"GET", b"large"]).repeat(200));
    for _ in 0..20 {
        other.call(&[b"ECHO", b"still here"], bulk(b"still here"));
    }
    server.wait_log("closed a client that does not read");
    other.ping();
    let received = client.drain().len();
    assert!(received < 200 << 20, "{received}");
}

/// What a client has sent is not turned into replies that it does not take, and is not lost.
fn keeps_requests_of_a_client_that_does_not_read(engine: &str) {
    const REPLIES: usize = 400;
    let server = Process::start(engine, &[]);
    let (mut client, mut other) = (server.client(), server.client());
    let value = [b'x'; 1 << 20];
    other.call(&[b"SET", b"large", &value], "+OK\r\n");
    client.send(request(&[b"GET", b"large"]).repeat(REPLIES));
    for _ in 0..2 * REPLIES {
        other.ping();
    }
    let resident = server.resident_bytes();
    assert!(resident < 200 << 20, "{resident}");
    for _ in 0..REPLIES {
        client.expect(bulk(&value));
    }
    client.ping();
}

/// Each subscriber had a copy of its own, in a buffer that moved whenever it had to grow.
fn keeps_a_message_once_for_all_that_do_not_read(engine: &str) {
    const RECEIVERS: usize = 100;
    const MESSAGES: usize = 60;
    let mut server = Process::start(engine, &[]);
    let mut receivers: Vec<_> = (0..RECEIVERS).map(|_| server.client()).collect();
    for client in &mut receivers {
        client.call(&[b"SUBSCRIBE", b"c"], "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    }
    let mut other = server.client();
    let message = |nth: usize| vec![b'a' + (nth % 26) as u8; 100_000];
    for nth in 0..MESSAGES {
        other.call(&[b"PUBLISH", b"c", &message(nth)], format!(":{RECEIVERS}\r\n"));
    }
    // A copy for each would be 600 MB.
    let resident = server.resident_bytes();
    assert!(resident < 250 << 20, "{resident}");
    for client in &mut receivers {
        for nth in 0..MESSAGES {
            client.expect(b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n").expect(bulk(&message(nth)));
        }
    }
    // What is shared counts for each of them all the same.
    other.call(&[b"CONFIG", b"SET", b"client-output-buffer-limit", b"pubsub 6mb 0 0"], "+OK\r\n");
    for nth in 0..2 * MESSAGES {
        other.send(request(&[b"PUBLISH", b"c", &message(nth)]));
        other.line();
    }
    server.wait_log("closed a client that does not read");
    other.ping();
}

fn refuses_writes_above_maxmemory(engine: &str) {
    let server = Process::start(engine, &["--maxmemory", "40mb"]);
    let mut client = server.client();
    let mut stored = 0;
    let refusal = loop {
        client.send(request(&[b"SET", format!("key{stored}").as_bytes(), &[b'v'; 10_000]]));
        match client.line() {
            line if line == "+OK" => stored += 1,
            line => break line,
        }
        assert!(stored < 5_000, "40 MiB hold no 50 MB");
    };
    assert_eq!(refusal, "-OOM command not allowed when used memory > 'maxmemory'.");
    assert!(stored > 2_500, "{stored}");
    client.call(&[b"CONFIG", b"SET", b"maxmemory", b"0"], "+OK\r\n");
    client.call(&[b"SET", b"one more", b"value"], "+OK\r\n");
}

/// A client that sends without reading is not read from once its replies pile up; nothing is lost.
fn makes_a_flooder_wait(engine: &str) {
    let server = Process::start(engine, &[]);
    let (mut flooder, mut other) = (server.client(), server.client());
    flooder.stream.set_nonblocking(true).unwrap();
    let requests = request(&[b"ECHO", &[b'x'; 1000]]).repeat(64);
    let (mut sent, mut refusals) = (0, 0);
    // The kernel's buffers and ours are full when the server still does not read after others were served.
    while refusals < 200 {
        match flooder.stream.write(&requests[sent % requests.len()..]) {
            Ok(count) => {
                sent += count;
                refusals = 0;
                assert!(sent < 1 << 30, "the server reads without end");
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                refusals += 1;
                other.ping();
            }
            Err(error) => panic!("{error}"),
        }
    }
    flooder.stream.set_nonblocking(false).unwrap();
    let whole = sent / (requests.len() / 64);
    let mut replies = vec![0; whole * bulk(&[b'x'; 1000]).len()];
    flooder.stream.read_exact(&mut replies).unwrap();
    assert!(replies.chunks(bulk(&[b'x'; 1000]).len()).all(|reply| reply == bulk(&[b'x'; 1000])));
}

fn admits_maxclients(engine: &str) {
    let server = Process::start(engine, &["--maxclients", "3"]);
    let mut clients: Vec<Client> = (0..3)
        .map(|_| {
            let mut client = server.client();
            client.ping();
            client
        })
        .collect();
    for _ in 0..5 {
        let mut refused = server.client();
        refused.expect("-ERR max number of clients reached\r\n").expect_end();
    }
    // Many at once, which arrive in one batch and get one name after the other.
    let mut crowd: Vec<Client> = (0..20).map(|_| server.client()).collect();
    for refused in &mut crowd {
        refused.expect("-ERR max number of clients reached\r\n").expect_end();
    }
    clients[0].ping();
    clients.pop();
    // The server notices the departure before it accepts, or the newcomer is turned away and tries again.
    let admitted = (0..1000).any(|_| {
        let mut client = server.client();
        client.send("PING\r\n");
        client.line() == "+PONG"
    });
    assert!(admitted);
}

/// Clients beyond the descriptors were left waiting in the kernel, and the log said so ten times a second.
fn admits_as_many_clients_as_there_are_descriptors_for(engine: &str) {
    let dir = TempDir::new();
    let path = dir.join("s");
    let mut server = Process::launch_with_descriptors(80, engine, &path);
    server.wait_log("maxclients is lowered to 16");
    server.wait_log("Ready to accept connections");
    let mut clients: Vec<_> = (0..16).map(|_| Client::unix(&path)).collect();
    clients.iter_mut().for_each(|client| _ = client.ping());
    for _ in 0..100 {
        Client::unix(&path).expect("-ERR max number of clients reached\r\n").expect_end();
    }
    clients[15].call(&[b"CONFIG", b"GET", b"maxclients"], "*2\r\n$10\r\nmaxclients\r\n$2\r\n16\r\n");
}

fn holds_half_requests_of_many(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut clients: Vec<Client> = (0..100).map(|_| server.client()).collect();
    let bytes = request(&[b"ECHO", &[b'y'; 10_000]]);
    for part in bytes.chunks(3_000) {
        for client in &mut clients {
            client.send(part);
        }
    }
    for client in &mut clients {
        client.expect(bulk(&[b'y'; 10_000]));
    }
}

#[test]
fn a_full_sandbox_answers_oom_and_goes_on() {
    let server = Process::start("wasm", &["--memory-bytes-max", "48mb"]);
    let mut client = server.client();
    let value = [b'v'; 10_000];
    let mut stored = 0;
    let refusal = loop {
        client.send(request(&[b"SET", format!("key{stored}").as_bytes(), &value]));
        match client.line() {
            line if line == "+OK" => stored += 1,
            line => break line,
        }
        assert!(stored < 10_000, "48 MiB hold no 100 MB");
    };
    assert_eq!(refusal, "-OOM command not allowed when all memory is used.");
    assert!(stored > 3_000, "{stored}");
    client.ping().call(&[b"GET", b"key0"], bulk(&value));
    server.client().ping();
    server.signal("TERM");
    let (status, log) = server.end();
    assert!(status.success() && !log.contains("ENGINE TRAPPED"), "{log}");
}
