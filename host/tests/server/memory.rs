//! A sandbox that is full refuses: the engine in it does not trap, and only the client that asks for too much notices.

use crate::client::{Client, bulk, request};
use crate::process::Process;
use std::io::{Read, Write};

/// Sizes of the sandbox in MiB: some have room for a little of what the tests ask for, some for nearly all.
const SANDBOXES: [usize; 3] = [26, 48, 80];
const OOM: &str = "-OOM command not allowed when all memory is used.";
const MIB: usize = 1 << 20;

/// Runs a scenario in sandboxes of several sizes, and sees that data and other clients have survived it.
fn in_small_sandboxes(scenario: impl Fn(&Process, &mut Client, usize)) {
    for mib in SANDBOXES {
        let server = Process::start("wasm", &["--memory-bytes-max", &format!("{mib}mb")]);
        let mut other = server.client();
        other.call(&[b"SET", b"witness", b"unharmed"], "+OK\r\n");
        scenario(&server, &mut other, mib);
        other.call(&[b"GET", b"witness"], bulk(b"unharmed"));
        server.client().ping();
        server.signal("TERM");
        let (status, log) = server.end();
        assert!(status.success() && !log.contains("ENGINE TRAPPED"), "{mib} MiB: {log}");
    }
}

/// Sends a request and reads the first line of the reply; empty when the server has closed instead.
fn ask(client: &mut Client, words: &[&[u8]]) -> String {
    send_and_read(client, &request(words))
}

fn send_and_read(client: &mut Client, bytes: &[u8]) -> String {
    // A server that has closed may refuse the rest.
    let _ = client.stream.write_all(bytes);
    let (mut line, mut byte) = (Vec::new(), [0]);
    while !line.ends_with(b"\r\n") && matches!(client.stream.read(&mut byte), Ok(1)) {
        line.push(byte[0]);
    }
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

/// Whether a reply is one that a request for too much memory may get; nobody is cut off for it.
fn is_refusal(line: &str) -> bool {
    line == OOM
}

/// Fills `key` with so many mebibytes of elements of 10 kB.
fn fill(client: &mut Client, command: &[u8], key: &[u8], salt: u8, mib: usize) {
    for part in 0..mib * MIB / 100_000 {
        let mut words = vec![command.to_vec(), key.to_vec()];
        for index in 0..10 {
            if command == b"ZADD" {
                words.push(b"1".to_vec());
            }
            let mut element = format!("{salt} {part} {index} ").into_bytes();
            element.resize(10_000, salt);
            words.push(element);
        }
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let line = ask(client, &words);
        assert!(line.starts_with(':'), "{line}");
    }
}

#[test]
fn large_values_are_refused() {
    in_small_sandboxes(|server, other, mib| {
        let mut stored = 0;
        loop {
            let mut client = server.client();
            let line = ask(&mut client, &[b"SET", format!("large{stored}").as_bytes(), &vec![b'x'; 5 * MIB]]);
            if is_refusal(&line) {
                break;
            }
            assert_eq!(line, "+OK");
            stored += 1;
            assert!(stored < mib / 5);
        }
        assert!(mib < 48 || stored > 2, "{mib} MiB hold only {stored} values");
        other.ping();
    });
}

/// Sends the rest of requests that were sent in part. Which of them there was room for depends on how their parts
/// arrived, but not that there was none for all.
fn some_are_refused(clients: Vec<Client>, rest: &[u8]) {
    let lines: Vec<String> = clients.into_iter().map(|mut client| send_and_read(&mut client, rest)).collect();
    assert!(lines.iter().all(|line| line == "+OK" || is_refusal(line)), "{lines:?}");
    assert!(lines.iter().any(|line| line == OOM), "{lines:?}");
}

#[test]
fn half_sent_requests_are_refused_before_they_hurt_others() {
    in_small_sandboxes(|server, other, mib| {
        let whole = request(&[b"SET", b"half", &vec![b'h'; 12 * MIB]]);
        let mut clients: Vec<Client> = Vec::new();
        for index in 0..mib / 10 {
            let mut client = server.client();
            let _ = client.stream.write_all(&whole[..10 * MIB]);
            clients.push(client);
            other.call(&[b"SET", format!("other{index}").as_bytes(), &[b'o'; 1000]], "+OK\r\n");
        }
        some_are_refused(clients, &whole[10 * MIB..]);
    });
}

#[test]
fn requests_of_many_arguments_are_refused() {
    in_small_sandboxes(|server, other, _| {
        let mut bytes = b"*1000001\r\n$4\r\nMSET\r\n".to_vec();
        bytes.extend_from_slice(&b"$1\r\nk\r\n".repeat(999_000));
        let mut clients: Vec<Client> = (0..10).map(|_| server.client()).collect();
        for (index, client) in clients.iter_mut().enumerate() {
            let _ = client.stream.write_all(&bytes);
            other.call(&[b"SET", format!("other{index}").as_bytes(), b"o"], "+OK\r\n");
        }
        some_are_refused(clients, &b"$1\r\nk\r\n".repeat(1_000));
    });
}

#[test]
fn growing_strings_are_refused() {
    in_small_sandboxes(|server, other, mib| {
        let mut client = server.client();
        let offset = (mib * MIB).to_string();
        client.call(&[b"SETRANGE", b"leap", offset.as_bytes(), b"x"], format!("{OOM}\r\n"));
        client.call(&[b"EXISTS", b"leap"], ":0\r\n");
        let mut appended = 0;
        while ask(&mut client, &[b"APPEND", b"string", &vec![b'a'; MIB]]).starts_with(':') {
            appended += 1;
            assert!(appended < mib);
        }
        assert!(appended > mib / 8, "{mib} MiB hold only {appended}");
        other.call(&[b"STRLEN", b"string"], format!(":{}\r\n", appended * MIB));
        let mut client = server.client();
        let line = ask(&mut client, &[b"SETRANGE", b"string", offset.as_bytes(), b"x"]);
        assert!(is_refusal(&line), "{line}");
        other.call(&[b"STRLEN", b"string"], format!(":{}\r\n", appended * MIB));
    });
}

#[test]
fn long_transactions_are_refused() {
    in_small_sandboxes(|server, other, mib| {
        let mut client = server.client();
        client.call(&[b"MULTI"], "+OK\r\n");
        let mut queued = 0;
        while ask(&mut client, &[b"SET", b"key", &[b'q'; 20_000]]) == "+QUEUED" {
            queued += 1;
            assert!(queued < mib * MIB / 20_000);
        }
        assert!(ask(&mut client, &[b"EXEC"]).starts_with("-EXECABORT"));
        // Small requests, each of which takes much.
        client.call(&[b"MULTI"], "+OK\r\n");
        for index in 0..30 {
            let key = format!("leap{index}");
            client.call(&[b"SETRANGE", key.as_bytes(), b"3000000", b"x"], "+QUEUED\r\n");
        }
        client.send(request(&[b"EXEC"])).expect("*30\r\n");
        let lines: Vec<String> = (0..30).map(|_| client.line()).collect();
        assert!(lines.iter().all(|line| line == ":3000001" || line == OOM), "{lines:?}");
        assert!(mib > 48 || lines.iter().any(|line| line == OOM), "{lines:?}");
        other.ping();
    });
}

#[test]
fn long_replies_are_refused() {
    in_small_sandboxes(|server, other, mib| {
        fill(other, b"RPUSH", b"list", b'l', mib / 2);
        for command in [&[b"LRANGE".as_slice(), b"list", b"0", b"-1"][..], &[b"SORT", b"list", b"ALPHA"]] {
            let mut client = server.client();
            let line = ask(&mut client, command);
            assert!(is_refusal(&line), "{mib} MiB: {line}");
        }
        let mut client = server.client();
        // Many replies that are too long as a whole are sent in turn.
        let mut clients: Vec<Client> = (0..2 * mib).map(|_| server.client()).collect();
        let end = (mib - 1).to_string();
        for client in &mut clients {
            client.send(request(&[b"LRANGE", b"list", b"0", end.as_bytes()]));
        }
        for client in &mut clients {
            client.expect(format!("*{mib}\r\n"));
        }
        // What could not be told is not taken out.
        for command in [b"LPOP", b"RPOP"] {
            assert_eq!(ask(&mut client, &[command, b"list", b"1000000"]), OOM);
        }
        client.call(&[b"LLEN", b"list"], format!(":{}\r\n", mib / 2 * MIB / 100_000 * 10));
    });
}

#[test]
fn collections_made_of_others_are_refused() {
    in_small_sandboxes(|server, other, mib| {
        fill(other, b"SADD", b"one", b'1', mib / 4);
        fill(other, b"SADD", b"two", b'2', mib / 4);
        for command in [
            &[b"SUNION".as_slice(), b"one", b"two", b"three"][..],
            &[b"SUNIONSTORE", b"target", b"one", b"two"],
            &[b"SDIFFSTORE", b"target", b"one", b"two"],
            &[b"ZUNIONSTORE", b"target", b"2", b"one", b"two"],
            &[b"ZUNION", b"2", b"one", b"two"],
            &[b"SORT", b"one", b"ALPHA", b"STORE", b"target"],
            &[b"COPY", b"one", b"target"],
        ] {
            let mut client = server.client();
            let line = ask(&mut client, command);
            let name = String::from_utf8_lossy(command[0]);
            let may_fit = ["SDIFFSTORE", "COPY", "SORT"].contains(&&*name);
            assert!(is_refusal(&line) || (may_fit && line.starts_with(':')), "{mib} MiB, {name}: {line}");
            other.send(request(&[b"DEL", b"target"])).line();
        }
    });
}
