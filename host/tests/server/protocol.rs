//! Requests and replies over the socket, however they are cut.

use crate::client::{Client, bulk, request};
use crate::on_both_engines;
use crate::process::Process;

on_both_engines!(
    answers_inline_and_resp,
    answers_pipelines_in_order,
    takes_requests_cut_anywhere,
    carries_large_values,
    closes_after_garbage,
    refuses_huge_lengths,
    answers_a_half_closed_client,
    keeps_clients_apart,
    serves_many_clients,
);

fn answers_inline_and_resp(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut client = server.client();
    client.send("PING\r\n").expect("+PONG\r\n");
    client.send("ping hello\n").expect("$5\r\nhello\r\n");
    client.ping();
    client.call(&[b"ECHO", b"\0\r\n\xff"], b"$4\r\n\0\r\n\xff\r\n");
    client.send("\r\n\r\nPING\r\n").expect("+PONG\r\n");
}

fn answers_pipelines_in_order(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut client = server.client();
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    for number in 0..5_000 {
        let (key, value) = (format!("key{}", number % 100), format!("value{number}"));
        requests.extend(request(&[b"SET", key.as_bytes(), value.as_bytes()]));
        requests.extend(request(&[b"GET", key.as_bytes()]));
        replies.extend(b"+OK\r\n");
        replies.extend(bulk(value.as_bytes()));
    }
    client.send(requests).expect(replies);
}

/// Each cut is seen by the server as such: before the second part is sent, another client's round trips show that
/// the loop has come round.
fn takes_requests_cut_anywhere(engine: &str) {
    let server = Process::start(engine, &[]);
    let (mut client, mut other) = (server.client(), server.client());
    let bytes =
        [request(&[b"SET", b"k\r\n", b"v\r\n$1\r\n"]), request(&[b"GET", b"k\r\n"]), b"PING\r\n".to_vec()];
    let bytes = bytes.concat();
    let replies = [b"+OK\r\n".to_vec(), bulk(b"v\r\n$1\r\n"), b"+PONG\r\n".to_vec()].concat();
    for cut in 1..bytes.len() {
        client.send(&bytes[..cut]);
        other.ping().ping();
        client.send(&bytes[cut..]).expect(&replies);
    }
    for byte in &bytes {
        client.send([*byte]);
        other.ping();
    }
    client.expect(&replies);
}

fn carries_large_values(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut client = server.client();
    let value: Vec<u8> = (0..20_000_000u32).map(|index| (index % 251) as u8).collect();
    client.call(&[b"SET", b"large", &value], "+OK\r\n");
    client.call(&[b"GET", b"large"], bulk(&value));
}

fn closes_after_garbage(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut witness = server.client();
    for (garbage, reply) in [
        (&b"*1\r\n!bad\r\n"[..], "-ERR Protocol error: expected '$', got '!'\r\n"),
        (b"*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        (b"*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        (b"SET \"a\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"),
    ] {
        let mut client = server.client();
        // What follows the garbage must neither be executed nor cost the client its error.
        client.send(garbage).send(request(&[b"SET", b"witness", b"1"])).expect(reply).expect_end();
        witness.ping();
    }
    witness.call(&[b"GET", b"witness"], "$-1\r\n");
}

fn refuses_huge_lengths(engine: &str) {
    let server = Process::start(engine, &[]);
    for (bytes, reply) in [
        ("*1\r\n$99999999999\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        ("*1\r\n$536870913\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        ("*2147483648\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        ("*99999999999999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
    ] {
        server.client().send(bytes).expect(reply).expect_end();
    }
    // Announcing much and sending little costs nothing.
    let announced: Vec<Client> = (0..50)
        .map(|_| {
            let mut client = server.client();
            client.send("*2\r\n$536870912\r\n");
            client
        })
        .collect();
    server.client().ping();
    drop(announced);
    server.client().ping();
}

/// `printf … | nc` closes its side at once and still wants the replies.
fn answers_a_half_closed_client(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut client = server.client();
    client.send("PING\r\nPING x\r\n").stream.shutdown(std::net::Shutdown::Write).unwrap();
    client.expect("+PONG\r\n$1\r\nx\r\n").expect_end();
}

fn keeps_clients_apart(engine: &str) {
    let server = Process::start(engine, &[]);
    let (mut one, mut two) = (server.client(), server.client());
    one.send("*2\r\n$4\r\nECHO\r\n$3\r\n");
    two.ping();
    one.send("one\r\n").expect("$3\r\none\r\n");
    drop(one);
    // The id that was left is taken by another client, which sees nothing of the first.
    let mut three = server.client();
    three.ping();
    two.ping();
}

fn serves_many_clients(engine: &str) {
    let server = Process::start(engine, &[]);
    let mut clients: Vec<_> = (0..600).map(|_| server.client()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.send(request(&[b"ECHO", index.to_string().as_bytes()]));
    }
    for (index, client) in clients.iter_mut().enumerate() {
        client.expect(bulk(index.to_string().as_bytes()));
    }
}
