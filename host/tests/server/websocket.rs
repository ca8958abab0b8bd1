//! WebSocket as clients meet it, byte by byte.

use crate::client::{Client, bulk, request};
use crate::http::{BEARER, TOKEN, start, text};
use crate::on_both_engines;
use crate::process::PATIENCE;
use std::io::{Read, Write};
use std::thread;
use std::time::Instant;

on_both_engines!(
    carries_conversations,
    speaks_json,
    agrees_on_what_is_whole,
    lets_in_who_is_somebody,
    closes_what_breaks_the_protocol,
    loses_nothing_with_a_client_that_goes,
    holds_back_who_is_ahead,
    counts_as_clients,
    says_that_it_goes,
    counts_memory_that_changes_hands,
);

/// The key of the standard's example, and its answer.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// The code of the end of a server.
const GOING_AWAY: u16 = 1001;

/// The head of a request for one; headers end with a line break each.
pub(crate) fn handshake(headers: &str) -> String {
    let given = format!("upgrade: websocket\r\nconnection: keep-alive, Upgrade\r\n{headers}");
    text("GET", "/", &format!("{given}sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n"), "")
}

/// The status of the answer to a request on a connection of its own, with its head and body.
fn ask(port: u16, request: &str) -> (u16, String) {
    let mut stream = Client::tcp(port).stream;
    stream.write_all(request.as_bytes()).unwrap();
    let answer = crate::http::receive(&mut stream, false);
    (answer.status, answer.head + &answer.body)
}

/// A frame as a client sends it; the first byte as it is.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// An open WebSocket.
struct Socket {
    client: Client,
    /// What has come in messages and was not looked at.
    bytes: Vec<u8>,
}

impl Socket {
    fn open(port: u16, headers: &str) -> Self {
        let mut client = Client::tcp(port);
        client.send(handshake(headers));
        let answer = crate::http::receive(&mut client.stream, true);
        assert_eq!(answer.status, 101, "{}", answer.head);
        assert!(answer.head.contains(&format!("sec-websocket-accept: {}\r\n", ACCEPT.to_lowercase())));
        Self { client, bytes: Vec::new() }
    }

    fn send(&mut self, first: u8, payload: &[u8]) -> &mut Self {
        self.client.send(frame(first, payload));
        self
    }

    /// The next frame that is no piece of a message.
    fn frame(&mut self) -> (u8, Vec<u8>) {
        let mut exact = |len: usize| {
            let mut bytes = vec![0; len];
            self.client.stream.read_exact(&mut bytes).unwrap();
            bytes
        };
        let head = exact(2);
        let len = match head[1] {
            126 => u16::from_be_bytes(exact(2).try_into().unwrap()).into(),
            127 => u64::from_be_bytes(exact(8).try_into().unwrap()).try_into().unwrap(),
            len => usize::from(len),
        };
        (head[0], exact(len))
    }

    /// Takes bytes of the replies, wherever messages end.
    fn expect(&mut self, expected: impl AsRef<[u8]>) -> &mut Self {
        let expected = expected.as_ref();
        while self.bytes.len() < expected.len() {
            let (first, payload) = self.frame();
            assert_eq!(first, BINARY, "{payload:?}");
            self.bytes.extend(payload);
        }
        let rest = self.bytes.split_off(expected.len());
        let got = std::mem::replace(&mut self.bytes, rest);
        assert!(got == expected, "{:.200?}", String::from_utf8_lossy(&got));
        self
    }

    fn call(&mut self, command: &[&[u8]], expected: impl AsRef<[u8]>) -> &mut Self {
        self.send(BINARY, &request(command)).expect(expected)
    }

    /// Expects to be told of the end by this code.
    fn expect_close(mut self, code: u16) {
        let (first, payload) = self.frame();
        assert_eq!((first, payload), (CLOSE, code.to_be_bytes().to_vec()));
        self.send(CLOSE, &code.to_be_bytes());
        self.client.expect_end();
    }
}

/// Waits until INFO of the clients has a line.
fn wait_for(plain: &mut Client, line: &str) {
    let until = Instant::now() + PATIENCE;
    while !plain.text(&[b"INFO", b"clients"]).contains(&format!("{line}\r\n")) {
        assert!(Instant::now() < until, "{line}");
    }
}

fn carries_conversations(engine: &str) {
    let (server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    let mut socket = Socket::open(port, BEARER);
    socket.call(&[b"SET", b"k", b"v"], "+OK\r\n");
    // Wherever commands are cut, whatever carries them, and with pings in between.
    let pair = [request(&[b"ECHO", b"one"]), request(&[b"ECHO", "zw\u{f6}lf".as_bytes()])].concat();
    for cut in 0..=pair.len() {
        let (a, b) = pair.split_at(cut);
        socket.send(BINARY, a).send(BINARY, b).expect("$3\r\none\r\n$6\r\nzw\u{f6}lf\r\n");
        let pieces = [frame(0x01, a), frame(PING, b"there?"), frame(0x00, b""), frame(0x80, b)].concat();
        socket.client.send(&pieces[..cut]).send(&pieces[cut..]);
        // A pong does not wait for replies, nor they for it.
        let (first, payload) = socket.frame();
        let (pong, replies) = match first {
            PONG => (payload, socket.frame().1),
            _ => (socket.frame().1, payload),
        };
        assert_eq!(pong, b"there?");
        socket.bytes.extend(replies);
        socket.expect("$3\r\none\r\n$6\r\nzw\u{f6}lf\r\n");
    }
    // With bytes that came with the request.
    let mut early = Client::tcp(port);
    early.send([handshake(BEARER).into_bytes(), frame(BINARY, &request(&[b"PING"]))].concat());
    assert_eq!(crate::http::receive(&mut early.stream, true).status, 101);
    Socket { client: early, bytes: Vec::new() }.expect("+PONG\r\n");
    // What only a connection has.
    socket
        .call(&[b"WATCH", b"k"], "+OK\r\n")
        .call(&[b"MULTI"], "+OK\r\n")
        .call(&[b"GET", b"k"], "+QUEUED\r\n");
    plain.call(&[b"SET", b"k", b"w"], "+OK\r\n");
    socket.call(&[b"EXEC"], "*-1\r\n").call(&[b"SELECT", b"3"], "+OK\r\n");
    socket.call(&[b"CLIENT", b"SETNAME", b"page"], "+OK\r\n").send(BINARY, &request(&[b"HELLO", b"3"]));
    socket.frame();
    socket.call(&[b"CLIENT", b"TRACKING", b"ON"], "+OK\r\n").call(&[b"GET", b"t"], "_\r\n");
    let list = plain.text(&[b"CLIENT", b"LIST"]);
    let line = list.lines().find(|line| line.contains(" name=page ")).unwrap();
    assert!(line.contains(&format!(" laddr=127.0.0.1:{port} ")) && line.contains(" db=3 "), "{line}");
    plain.call(&[b"SELECT", b"3"], "+OK\r\n").call(&[b"SET", b"t", b"x"], "+OK\r\n");
    socket.expect(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nt\r\n");
    socket.call(&[b"SUBSCRIBE", b"c"], ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    plain.call(&[b"PUBLISH", b"c", b"news"], ":1\r\n");
    socket.expect(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nnews\r\n");
    // Values of any size, both ways.
    let large = vec![b'x'; 20 << 20];
    socket.call(&[b"SET", b"large", &large], "+OK\r\n").call(&[b"GET", b"large"], bulk(&large));
    socket.send(BINARY, &request(&[b"QUIT"])).expect("+OK\r\n");
    socket.expect_close(1000);
    let killed = Socket::open(port, BEARER);
    plain.send(request(&[b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes"]));
    assert_ne!(plain.line(), ":0");
    killed.expect_close(1000);
}

fn agrees_on_what_is_whole(engine: &str) {
    let (_server, port) = start(engine, &TOKEN);
    for (whole, instead, status, expected) in [
        (
            "sec-websocket-version: 13\r\n",
            "sec-websocket-version: 8\r\n",
            426,
            "sec-websocket-version: 13\r\n",
        ),
        ("sec-websocket-version: 13\r\n", "", 426, "sec-websocket-version: 13\r\n"),
        (KEY, "dGhlIHNhbXBsZQ==", 400, "not whole"),
        (KEY, "no base64", 400, "not whole"),
        ("connection: keep-alive, Upgrade\r\n", "", 400, "not whole"),
        // What asks for no WebSocket, or for it elsewhere, is a request like others.
        ("upgrade: websocket", "upgrade: h2c", 405, "allow: post"),
        ("GET / ", "GET /ping ", 200, "PONG"),
        ("GET / ", "POST / ", 400, "not JSON"),
    ] {
        let (got, answer) = ask(port, &handshake(BEARER).replace(whole, instead));
        assert_eq!(got, status, "{instead}: {answer}");
        assert!(answer.contains(expected), "{answer}");
    }
    for (offered, status, chosen) in [
        ("resp", 101, "\r\nsec-websocket-protocol: resp\r\n"),
        ("chat,resp", 101, "\r\nsec-websocket-protocol: resp\r\n"),
        ("chat\r\nsec-websocket-protocol: resp", 101, "\r\nsec-websocket-protocol: resp\r\n"),
        ("chat", 400, "subprotocol"),
        ("token.c2VjcmV0", 400, "subprotocol"),
    ] {
        let (got, answer) = ask(port, &handshake(&format!("{BEARER}sec-websocket-protocol: {offered}\r\n")));
        assert_eq!(got, status, "{offered}: {answer}");
        assert!(answer.contains(chosen), "{answer}");
    }
    // No extension is agreed on, whatever is offered.
    let (status, head) =
        ask(port, &handshake(&format!("{BEARER}sec-websocket-extensions: permessage-deflate\r\n")));
    assert_eq!(status, 101);
    assert!(!head.contains("sec-websocket-extensions") && !head.contains("sec-websocket-protocol"), "{head}");
}

fn lets_in_who_is_somebody(engine: &str) {
    let ann: &[&[u8]] = &[b"ACL", b"SETUSER", b"ann", b"on", b">pass:word", b"~*", b"+@all"];
    let (server, port) = start(engine, &TOKEN);
    server.client().call(ann, "+OK\r\n");
    let (with_password, port_of_password) = start(engine, &["--requirepass", "p"]);
    with_password.client().call(&[b"AUTH", b"p"], "+OK\r\n").call(ann, "+OK\r\n");
    let protocol = |names: &str| format!("sec-websocket-protocol: {names}\r\n");
    let table = [
        // Whoever says nothing may say it later, if it is asked for then.
        (String::new(), 401, 101),
        (protocol("resp"), 401, 101),
        (BEARER.to_owned(), 101, 401),
        (protocol("resp, token.c2VjcmV0"), 101, 401),
        (protocol("token.c2VjcmV0, resp"), 101, 401),
        (protocol("resp, token.c2VjcmV"), 401, 401),
        (protocol("resp, token.c2Vjc"), 401, 401),
        (protocol("resp, token."), 401, 401),
        ("authorization: Bearer secre\r\n".to_owned(), 401, 401),
        (format!("authorization: Bearer secre\r\n{}", protocol("resp, token.c2VjcmV0")), 401, 401),
        // ann:pass:word, as it is in a token of REST
        ("authorization: Basic YW5uOnBhc3M6d29yZA==\r\n".to_owned(), 101, 101),
        (protocol("resp, token.WVc1dU9uQmhjM002ZDI5eVpBPT0"), 101, 101),
        ("authorization: Basic YW5uOndyb25n\r\n".to_owned(), 401, 401),
        // default:p, which is a password only where there is one
        ("authorization: Basic ZGVmYXVsdDpw\r\n".to_owned(), 401, 101),
        ("authorization: Bearer ZGVmYXVsdDpw\r\n".to_owned(), 401, 101),
    ];
    // Those who guess are made to wait, but not one after the other.
    thread::scope(|scope| {
        for (headers, status, status_of_password) in &table {
            for (port, expected) in [(port, *status), (port_of_password, *status_of_password)] {
                scope.spawn(move || {
                    let (got, answer) = ask(port, &handshake(headers));
                    assert_eq!(got, expected, "{headers}: {answer}");
                    let is_refused =
                        answer.contains(r#"{"error":"WRONGPASS invalid or missing auth token"}"#);
                    assert_eq!(is_refused, got == 401, "{answer}");
                });
            }
        }
    });
    let (status, _) = ask(port, &handshake("").replace("GET /", "GET /?_token=secret"));
    assert_eq!(status, 101);
    // A password that is none opens REST no more than it opens this.
    let default = "authorization: Basic ZGVmYXVsdDpw\r\n";
    assert_eq!(ask(port, &text("GET", "/ping", default, "")).0, 401);
    let mut socket = Socket::open(port_of_password, "");
    socket.call(&[b"GET", b"k"], "-NOAUTH Authentication required.\r\n");
    socket.send(BINARY, &request(&[b"HELLO", b"2", b"AUTH", b"default", b"p"])).frame();
    socket.call(&[b"ACL", b"WHOAMI"], bulk(b"default"));
    let mut socket = Socket::open(port, "authorization: Basic YW5uOnBhc3M6d29yZA==\r\n");
    socket.call(&[b"ACL", b"WHOAMI"], bulk(b"ann"));
}

fn closes_what_breaks_the_protocol(engine: &str) {
    let (_server, port) = start(engine, &TOKEN);
    let unmasked = [&[BINARY, 14][..], &request(&[b"PING"])].concat();
    for (bytes, code) in [
        (unmasked, 1002),
        (frame(0xc2, b"compressed"), 1002),
        (frame(0x83, b"of no kind"), 1002),
        (frame(0x80, b"continues nothing"), 1002),
        (frame(0x09, b"a ping in fragments"), 1002),
        (frame(PING, &[b'x'; 126]), 1002),
        (frame(CLOSE, &[3]), 1002),
        (frame(TEXT, b"\xff"), 1007),
    ] {
        let mut socket = Socket::open(port, BEARER);
        socket.client.send(bytes);
        socket.expect_close(code);
    }
    for (payload, expected) in [(&b""[..], &b""[..]), (b"\x03\xe9bye", b"\x03\xe9")] {
        let mut socket = Socket::open(port, BEARER);
        // What was sent before it counts.
        socket.send(BINARY, &request(&[b"INCR", b"n"])).send(CLOSE, payload);
        loop {
            let (first, payload) = socket.frame();
            if first == CLOSE {
                assert_eq!(payload, expected);
                break;
            }
        }
        socket.client.expect_end();
    }
    Socket::open(port, BEARER).call(&[b"GET", b"n"], bulk(b"2"));
}

fn loses_nothing_with_a_client_that_goes(engine: &str) {
    let (server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    for says_goodbye in [true, false] {
        let mut socket = Socket::open(port, BEARER);
        socket.send(BINARY, &request(&[b"BLPOP", b"q", b"0"]));
        wait_for(&mut plain, "blocked_clients:1");
        if says_goodbye {
            assert_eq!(socket.send(CLOSE, b"").frame(), (CLOSE, Vec::new()));
        } else {
            drop(socket);
        }
        wait_for(&mut plain, "blocked_clients:0");
        plain.call(&[b"RPUSH", b"q", b"a"], ":1\r\n").call(&[b"DEL", b"q"], ":1\r\n");
    }
    let mut socket = Socket::open(port, BEARER);
    socket.send(BINARY, &request(&[b"BLPOP", b"q", b"0"]));
    wait_for(&mut plain, "blocked_clients:1");
    plain.call(&[b"RPUSH", b"q", b"a"], ":1\r\n");
    socket.expect("*2\r\n$1\r\nq\r\n$1\r\na\r\n");
}

fn speaks_json(engine: &str) {
    let (server, port) = start(engine, &["--http-token", "secret", "--http-max-request", "100kb"]);
    let mut plain = server.client();
    let protocol = "sec-websocket-protocol: json\r\n";
    let open = || Socket::open(port, &format!("{BEARER}{protocol}"));
    let mut socket = open();
    let say = |socket: &mut Socket, message: &str, expected: &str| {
        socket.send(TEXT, message.as_bytes());
        let (first, payload) = socket.frame();
        assert_eq!((first, String::from_utf8(payload).unwrap().as_str()), (TEXT, expected), "{message}");
    };
    for (message, expected) in [
        (r#"["SET","k","v\u00e9\n"]"#, r#"{"result":"OK"}"#),
        (r#"["GET","k"]"#, r#"{"result":"vé\n"}"#),
        (r#"["HSET","h","a",1.50,"b",true]"#, r#"{"result":2}"#),
        (r#"["HGETALL","h"]"#, r#"{"result":{"a":"1.50","b":"true"}}"#),
        (r#"["GET","none"]"#, r#"{"result":null}"#),
        (r#"["ZADD","z",1.5,"m"]"#, r#"{"result":1}"#),
        (r#"["ZSCORE","z","m"]"#, r#"{"result":1.5}"#),
        (
            r#"["LPUSH","k","x"]"#,
            r#"{"error":"WRONGTYPE Operation against a key holding the wrong kind of value"}"#,
        ),
        (r#"["NO"]"#, r#"{"error":"ERR unknown command 'NO', with args beginning with: "}"#),
        ("[", r#"{"error":"ERR the message is not JSON"}"#),
        ("{}", r#"{"error":"ERR the message has to be an array of a command and its arguments, in JSON"}"#),
        ("", r#"{"error":"ERR the message is not JSON"}"#),
        (r#"["MULTI"]"#, r#"{"result":"OK"}"#),
        (r#"["INCR","n"]"#, r#"{"result":"QUEUED"}"#),
        (r#"["EXEC"]"#, r#"{"result":[1]}"#),
        (r#"["SUBSCRIBE","c"]"#, r#"{"push":["subscribe","c",1]}"#),
        (r#"["PING"]"#, r#"{"result":"PONG"}"#),
    ] {
        say(&mut socket, message, expected);
    }
    plain.call(&[b"PUBLISH", b"c", b"news"], ":1\r\n");
    assert_eq!(socket.frame(), (TEXT, br#"{"push":["message","c","news"]}"#.to_vec()));
    // Errors of messages keep their place among the replies that are waited for.
    socket.send(TEXT, br#"["BLPOP","q",0]"#).send(TEXT, b"[[").send(TEXT, br#"["PING"]"#);
    wait_for(&mut plain, "blocked_clients:1");
    plain.call(&[b"RPUSH", b"q", b"a"], ":1\r\n");
    for expected in
        [r#"{"result":["q","a"]}"#, r#"{"error":"ERR the message is not JSON"}"#, r#"{"result":"PONG"}"#]
    {
        assert_eq!(socket.frame(), (TEXT, expected.as_bytes().to_vec()));
    }
    let long = format!(r#"["SET","k","{}"]"#, "x".repeat(99 << 10));
    socket.send(0x01, &long.as_bytes()[..50_000]).send(0x80, &long.as_bytes()[50_000..]);
    assert_eq!(socket.frame(), (TEXT, br#"{"result":"OK"}"#.to_vec()));
    socket.send(TEXT, long.replace('x', "xx").as_bytes());
    socket.expect_close(1009);
    let mut socket = open();
    socket.send(BINARY, br#"["PING"]"#);
    socket.expect_close(1003);
    // Who has to bring a password first does so by HELLO.
    let (_server, port) = start(engine, &["--requirepass", "p"]);
    let mut socket = Socket::open(port, protocol);
    say(&mut socket, r#"["PING"]"#, r#"{"error":"NOAUTH Authentication required."}"#);
    socket.send(TEXT, br#"["HELLO",3,"AUTH","default","p"]"#);
    let hello = String::from_utf8(socket.frame().1).unwrap();
    assert!(hello.starts_with(r#"{"result":{"server":""#) && hello.contains(r#""proto":3"#), "{hello}");
    say(&mut socket, r#"["SUBSCRIBE","c"]"#, r#"{"push":["subscribe","c",1]}"#);
}

/// Who sends and does not read what comes of it fills neither the memory with replies nor with requests.
fn holds_back_who_is_ahead(engine: &str) {
    let (server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    plain.call(&[b"SET", b"large", &[b'x'; 1 << 20]], "+OK\r\n");
    let before = server.resident_bytes();
    // A client that asks for 2 GB, and goes on with as much as is taken.
    let mut sender = Socket::open(port, BEARER);
    const ASKED: usize = 2000;
    sender.send(BINARY, &request(&[b"GET", b"large"]).repeat(ASKED));
    let mut stream = sender.client.stream.try_clone().unwrap();
    stream.set_nonblocking(true).unwrap();
    let message = frame(BINARY, &request(&[b"SET", b"k", &[b'y'; 1 << 20]]));
    let (mut sent, mut refused) = (0usize, 0);
    while refused < 1000 {
        match stream.write(&message[sent % message.len()..]) {
            Ok(count) => (sent, refused) = (sent + count, 0),
            Err(_) => refused += 1,
        }
        assert!(sent < 100 << 20, "nobody holds it back");
        if refused > 0 {
            plain.ping();
        }
    }
    let resident = server.resident_bytes();
    assert!(resident < before + (200 << 20), "{before} {resident}");
    // All of it arrives when there is room again.
    stream.set_nonblocking(false).unwrap();
    let whole = sent.div_ceil(message.len());
    let rest = message[message.len() - (whole * message.len() - sent)..].to_vec();
    let sending = thread::spawn(move || stream.write_all(&rest).unwrap());
    let reply = bulk(&[b'x'; 1 << 20]);
    for _ in 0..ASKED {
        sender.expect(&reply);
    }
    for _ in 0..whole {
        sender.expect("+OK\r\n");
    }
    sending.join().unwrap();
    sender.call(&[b"ECHO", b"end"], bulk(b"end"));
    // One that is cut off is gone although it reads nothing.
    sender.send(BINARY, &request(&[b"GET", b"large"]).repeat(100));
    plain.send(request(&[b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes"]));
    assert_eq!(plain.line(), ":1");
    wait_for(&mut plain, "connected_clients:1");
}

/// A stopping server tells open WebSockets, gives them what they are owed, and does not wait long for those who say nothing.
fn says_that_it_goes(engine: &str) {
    let (mut server, port) = start(engine, &TOKEN);
    let mut reply = Socket::open(port, BEARER);
    reply.call(&[b"SUBSCRIBE", b"c"], "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    let mut json = Socket::open(port, &format!("{BEARER}sec-websocket-protocol: json\r\n"));
    json.send(TEXT, br#"["PING"]"#);
    assert_eq!(json.frame(), (TEXT, br#"{"result":"PONG"}"#.to_vec()));
    let mut blocked = Socket::open(port, BEARER);
    blocked.send(BINARY, &request(&[b"BLPOP", b"q", b"0"]));
    let mut plain = server.client();
    wait_for(&mut plain, "blocked_clients:1");
    let silent = Socket::open(port, BEARER);
    plain.call(&[b"PUBLISH", b"c", b"last"], ":1\r\n");
    server.signal("TERM");
    reply.expect("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nlast\r\n");
    for socket in [reply, json, blocked] {
        socket.expect_close(GOING_AWAY);
    }
    server.wait_log("stopped");
    drop(silent);
    assert!(server.end().0.success());
}

fn counts_as_clients(engine: &str) {
    let (server, port) = start(engine, &["--http-token", "secret", "--maxclients", "2"]);
    let mut plain = server.client();
    plain.ping();
    let mut socket = Socket::open(port, BEARER);
    socket.call(&[b"PING"], "+PONG\r\n");
    let (status, answer) = ask(port, &handshake(BEARER));
    assert_eq!(status, 503);
    assert!(answer.contains(r#"{"error":"ERR max number of clients reached"}"#), "{answer}");
    drop(socket);
    wait_for(&mut plain, "connected_clients:1");
    Socket::open(port, BEARER).call(&[b"PING"], "+PONG\r\n");
}

/// Bytes come from one thread and are given back by another: neither seems to hold less or more for that.
fn counts_memory_that_changes_hands(engine: &str) {
    let (server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    let mut used = || {
        let info = plain.text(&[b"INFO", b"memory"]);
        info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap().parse::<i64>().unwrap()
    };
    let mut socket = Socket::open(port, BEARER);
    let value = vec![b'x'; 1 << 20];
    let mut exchange = |times| {
        for _ in 0..times {
            socket.call(&[b"SET", b"k", &value], "+OK\r\n");
        }
        socket.call(&[b"GET", b"k"], bulk(&value));
    };
    exchange(1);
    let before = used();
    exchange(60);
    let after = used();
    assert!((after - before).abs() < 16 << 20, "{before} {after}");
}
