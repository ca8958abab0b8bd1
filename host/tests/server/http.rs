//! Upstash's REST API as requests meet it, byte by byte.

use crate::client::{Client, request};
use crate::on_both_engines;
use crate::process::{PATIENCE, Process, free_port};
use crate::websocket::handshake;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

on_both_engines!(
    answers_commands,
    lets_in_who_has_a_token,
    follows_its_settings,
    keeps_pages_of_others_out,
    leaves_nothing_behind,
    lets_requests_wait,
    refuses_what_is_too_much_and_what_is_none,
    survives_a_client_that_does_not_read_and_one_that_is_killed,
    streams_messages,
    answers_all_before_it_stops,
    keeps_to_the_number_of_clients,
    tells_how_it_is,
);

/// An answer, with its head as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Starts a server with an HTTP port.
pub(crate) fn start(engine: &str, more: &[&str]) -> (Process, u16) {
    let port = free_port();
    let flags: Vec<String> = vec!["--http-port".to_owned(), port.to_string()];
    let flags: Vec<&str> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    (Process::start(engine, &flags), port)
}

pub(crate) const TOKEN: [&str; 2] = ["--http-token", "secret"];
pub(crate) const BEARER: &str = "authorization: Bearer secret\r\n";

/// A request as it goes out; headers end with a line break each.
pub(crate) fn text(method: &str, path: &str, headers: &str, body: &str) -> String {
    let host = if headers.contains("host:") { "" } else { "host: localhost\r\n" };
    format!("{method} {path} HTTP/1.1\r\n{host}{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// Reads an answer that says how long it is.
pub(crate) fn receive(stream: &mut TcpStream, is_head: bool) -> Answer {
    let (status, head) = receive_head(stream);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; if is_head { 0 } else { length.parse().unwrap() }];
    stream.read_exact(&mut body).unwrap();
    Answer { status, head, body: String::from_utf8(body).unwrap() }
}

/// Reads the head of an answer, in lower case, and its status.
fn receive_head(stream: &mut TcpStream) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "closed after {:?}", String::from_utf8_lossy(&head));
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
}

/// The head of the answer to a request on a connection of its own, whatever comes behind it.
fn head_of(port: u16, request: &str) -> (u16, String) {
    let mut stream = Client::tcp(port);
    receive_head(&mut stream.send(request).stream)
}

/// Sends a request on a connection of its own.
fn send(port: u16, request: &str) -> Answer {
    let mut stream = Client::tcp(port).stream;
    // What is refused may not be read to its end.
    let _ = stream.write_all(request.as_bytes());
    receive(&mut stream, request.starts_with("HEAD"))
}

fn post(port: u16, path: &str, body: &str) -> (u16, String) {
    let answer = send(port, &text("POST", path, BEARER, body));
    (answer.status, answer.body)
}

fn answers_commands(engine: &str) {
    let (_server, port) = start(engine, &TOKEN);
    let mut stream = Client::tcp(port).stream;
    for (method, path, headers, body, status, expected) in [
        ("POST", "/", "", r#"["SET","k","v"]"#, 200, r#"{"result":"OK"}"#),
        ("POST", "/", "", r#"["GET","k"]"#, 200, r#"{"result":"v"}"#),
        ("POST", "/", "upstash-encoding: base64\r\n", r#"["GET","k"]"#, 200, r#"{"result":"dg=="}"#),
        ("POST", "/", "", r#"["RPUSH","l", 1.0 ,true,null,{"a": [1]},"\u00e9"]"#, 200, r#"{"result":5}"#),
        (
            "POST",
            "/",
            "",
            r#"["LRANGE","l",0,-1]"#,
            200,
            r#"{"result":["1.0","true","null","{\"a\": [1]}","é"]}"#,
        ),
        (
            "POST",
            "/",
            "",
            r#"["LPUSH","k","x"]"#,
            400,
            r#"{"error":"WRONGTYPE Operation against a key holding the wrong kind of value"}"#,
        ),
        (
            "POST",
            "/pipeline",
            "",
            r#"[["INCR","n"],["NOSUCH"],["GET","none"]]"#,
            200,
            r#"[{"result":1},{"error":"ERR unknown command 'NOSUCH', with args beginning with: "},{"result":null}]"#,
        ),
        (
            "POST",
            "/multi-exec",
            "",
            r#"[["INCR","n"],["LPUSH","k","x"]]"#,
            200,
            r#"[{"result":2},{"error":"WRONGTYPE Operation against a key holding the wrong kind of value"}]"#,
        ),
        (
            "POST",
            "/multi-exec",
            "",
            r#"[["INCR","n"],["GET"]]"#,
            400,
            r#"{"error":"EXECABORT Transaction discarded because of previous errors."}"#,
        ),
        ("GET", "/get/n", "", "", 200, r#"{"result":"2"}"#),
        ("GET", "/set/a%20b%2Fc+d/x?EX=100", "", "", 200, r#"{"result":"OK"}"#),
        ("POST", "/", "", r#"["GET","a b/c+d"]"#, 200, r#"{"result":"x"}"#),
        ("PUT", "/set/raw", "", "[1, 2]", 200, r#"{"result":"OK"}"#),
        ("GET", "/get/raw", "", "", 200, r#"{"result":"[1, 2]"}"#),
        ("GET", "/get/raw", "upstash-response-format: resp2\r\n", "", 200, "$6\r\n[1, 2]\r\n"),
        ("HEAD", "/get/raw", "", "", 200, ""),
        ("GET", "/get/%f", "", "", 400, r#"{"error":"ERR invalid percent-encoding in the address"}"#),
        ("POST", "/", "", "[", 400, r#"{"error":"ERR the body is not JSON"}"#),
        (
            "POST",
            "/",
            "",
            "{}",
            400,
            r#"{"error":"ERR the body has to be an array of a command and its arguments, in JSON"}"#,
        ),
        (
            "DELETE",
            "/get/raw",
            "",
            "",
            405,
            r#"{"error":"ERR the method is not one of GET, HEAD, POST, PUT"}"#,
        ),
    ] {
        let request = text(method, path, &format!("{BEARER}{headers}"), body);
        stream.write_all(request.as_bytes()).unwrap();
        let answer = receive(&mut stream, method == "HEAD");
        assert_eq!((answer.status, answer.body.as_str()), (status, expected), "{method} {path} {body}");
        assert!(answer.head.contains("x-content-type-options: nosniff\r\n"), "{}", answer.head);
        assert!(answer.head.contains("keep-alive: timeout=60\r\n"), "{}", answer.head);
    }
    // However a request is cut, and with others behind it.
    let pair = text("GET", "/echo/one", BEARER, "") + &text("POST", "/", BEARER, r#"["ECHO","two"]"#);
    for cut in 0..pair.len() {
        stream.write_all(&pair.as_bytes()[..cut]).unwrap();
        stream.write_all(&pair.as_bytes()[cut..]).unwrap();
        for word in ["one", "two"] {
            assert_eq!(receive(&mut stream, false).body, format!("{{\"result\":\"{word}\"}}"), "{cut}");
        }
    }
}

fn lets_in_who_has_a_token(engine: &str) {
    let (server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    plain.call(
        &[b"ACL", b"SETUSER", b"ann", b"on", b">pass:word", b"~ann:*", b"+@all", b"-@dangerous"],
        "+OK\r\n",
    );
    let who = |headers: &str, query: &str| {
        let answer = send(port, &text("GET", &format!("/acl/whoami{query}"), headers, ""));
        (answer.status, answer.body)
    };
    let denied = (401, r#"{"error":"WRONGPASS invalid or missing auth token"}"#.to_owned());
    let is = |name: &str| (200, format!("{{\"result\":\"{name}\"}}"));
    // ann:pass:word
    for (headers, query, expected) in [
        ("", "", denied.clone()),
        ("authorization: Bearer secret\r\n", "", is("default")),
        ("authorization: bearer  secret\r\n", "", is("default")),
        ("authorization: Bearer secre\r\n", "", denied.clone()),
        ("authorization: secret\r\n", "", denied.clone()),
        ("authorization: Bearer YW5uOnBhc3M6d29yZA==\r\n", "", is("ann")),
        ("authorization: Basic YW5uOnBhc3M6d29yZA==\r\n", "", is("ann")),
        ("authorization: Basic YW5uOndyb25n\r\n", "", denied.clone()),
        ("", "?_token=secret", is("default")),
        ("", "?_token=YW5uOnBhc3M6d29yZA==", is("ann")),
        ("authorization: Bearer no\r\n", "?_token=secret", denied.clone()),
    ] {
        assert_eq!(who(headers, query), expected, "{headers:?} {query}");
    }
    let ann = "authorization: Bearer YW5uOnBhc3M6d29yZA==\r\n";
    let answer = send(port, &text("GET", "/get/bob", ann, ""));
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (400, r#"{"error":"NOPERM No permissions to access a key"}"#)
    );
    // What a user may, they may no longer once their password has changed, without a wait.
    plain.call(&[b"ACL", b"SETUSER", b"ann", b"resetpass", b">other"], "+OK\r\n");
    assert_eq!(who(ann, ""), denied);
    // Without a token there is one that only the log knows.
    let (mut server, port) = start(engine, &[]);
    let log = server.wait_log("requests over HTTP bring this token");
    let token = log.split("is not set: ").nth(1).unwrap().lines().next().unwrap().trim().to_owned();
    assert_eq!(token.len(), 64);
    assert_eq!(send(port, &text("GET", "/ping", "", "")).status, 401);
    assert_eq!(
        send(port, &text("GET", "/ping", &format!("authorization: Bearer {token}\r\n"), "")).status,
        200
    );
    // Where there is a password, it is what counts.
    let (mut server, port) = start(engine, &["--requirepass", "p"]);
    assert!(!server.log_so_far().contains("bring this token"));
    let default = "authorization: Bearer ZGVmYXVsdDpw\r\n";
    assert_eq!(send(port, &text("GET", "/ping", default, "")).status, 200);
    assert_eq!(send(port, &text("GET", "/ping", BEARER, "")).status, 401);
    // A token beside it is as good, unless the user that it stands for is off.
    let (server, port) = start(engine, &["--requirepass", "p", "--http-token", "secret"]);
    assert_eq!(send(port, &text("GET", "/acl/whoami", BEARER, "")).body, r#"{"result":"default"}"#);
    assert_eq!(send(port, &text("GET", "/ping", "", "")).status, 401);
    let mut plain = server.client();
    plain.call(&[b"GET", b"k"], "-NOAUTH Authentication required.\r\n");
    drop(server);
    let (_server, port) = start(engine, &["--user", "default off", "--http-token", "secret"]);
    assert_eq!(send(port, &text("GET", "/ping", BEARER, "")).status, 401);
}

fn follows_its_settings(engine: &str) {
    let (mut server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    let mut kept = Client::tcp(port).stream;
    let mut ask = |headers: &str| {
        kept.write_all(text("POST", "/", headers, r#"["PING"]"#).as_bytes()).unwrap();
        receive(&mut kept, false).status
    };
    assert_eq!(ask(BEARER), 200);
    plain.call(&[b"CONFIG", b"GET", b"http-token"], "*2\r\n$10\r\nhttp-token\r\n$6\r\nsecret\r\n");
    // A connection that was there keeps to what holds now.
    plain.call(&[b"CONFIG", b"SET", b"http-token", b"other", b"http-max-request", b"20"], "+OK\r\n");
    assert_eq!(ask(BEARER), 401);
    let other = "authorization: Bearer other\r\n";
    assert_eq!(ask(other), 200);
    assert_eq!(send(port, &text("POST", "/", other, r#"["PING","123456789012345"]"#)).status, 413);
    assert_eq!(
        send(port, &text("GET", "/ping", "host: a.example\r\nauthorization: Bearer other\r\n", "")).status,
        403
    );
    plain.call(&[b"CONFIG", b"SET", b"http-hosts", b"a.example", b"http-metrics", b"open"], "+OK\r\n");
    assert_eq!(
        send(port, &text("GET", "/ping", "host: a.example\r\nauthorization: Bearer other\r\n", "")).status,
        200
    );
    assert_eq!(send(port, &text("GET", "/metrics", "", "")).status, 200);
    let refused = |name: &str, why: &str| {
        format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {why}\r\n")
    };
    plain.call(&[b"CONFIG", b"SET", b"http-token", b"a b"], refused("http-token", "a token has no spaces"));
    // Without a certificate there is no port for it.
    plain.send(request(&[b"CONFIG", b"SET", b"https-port", b"1"]));
    assert!(plain.line().contains("argument 'https-port') - "), "it needs a certificate");
    let next = free_port();
    plain.call(&[b"CONFIG", b"SET", b"http-port", next.to_string().as_bytes()], "+OK\r\n");
    server.wait_log(&format!("listening on 127.0.0.1:{next} (HTTP)"));
    assert_eq!(send(next, &text("POST", "/", other, r#"["PING"]"#)).status, 200);
    assert_eq!(ask(other), 200, "who is there stays");
    let mut stream = Client::tcp(next);
    stream.send(text("GET", "/subscribe/c", other, ""));
    assert_eq!(receive_head(&mut stream.stream).0, 200);
    stream.expect("15\r\ndata: subscribe,c,1\n\n\r\n");
    plain.call(&[b"CONFIG", b"SET", b"http-port", b"0"], "+OK\r\n");
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", next)).is_ok() {
        assert!(Instant::now() < until);
    }
    // So it is without a port, and who goes then is gone for the engine, too.
    assert_eq!(ask(other), 200);
    plain.call(&[b"PUBLISH", b"c", b"x"], ":1\r\n");
    stream.expect("13\r\ndata: message,c,x\n\n\r\n");
    drop(stream);
    while plain.line_of(&[b"PUBLISH", b"c", b"x"]) != ":0" {
        assert!(Instant::now() < until);
    }
}

/// A row of the file that the tests of clients read, too, which says what they are.
type GuardRow = (String, Option<String>, Option<String>, serde_json::Value, u16);

fn keeps_pages_of_others_out(engine: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/clients/upstash/guard.json");
    let mut guard: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut take = |name: &str| guard[name].take();
    let hosts: Vec<String> = serde_json::from_value(take("hosts")).unwrap();
    let origins: Vec<String> = serde_json::from_value(take("corsOrigins")).unwrap();
    let (hosts, allowed) = (hosts.join(" "), origins.join(" "));
    let rows: Vec<GuardRow> = serde_json::from_value(take("rows")).unwrap();
    let flags = [&TOKEN[..], &["--http-hosts", &hosts, "--http-cors-origins", &allowed]].concat();
    let (server, port) = start(engine, &flags);
    let mut plain = server.client();
    for (host, origin, site, token, status) in &rows {
        let mut headers = format!("host: {host}\r\n");
        for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
            headers += &value.as_ref().map_or_else(String::new, |value| format!("{name}: {value}\r\n"));
        }
        let mut query = "";
        match token.as_str() {
            None if *token == true => headers += BEARER,
            None => {}
            Some("wrong") => headers += "authorization: Bearer wrong\r\n",
            Some("address") => query = "?_token=secret",
            Some(_) => query = "?_token=wrong",
        }
        let opened = if *status == 200 { 101 } else { *status };
        let asked = handshake(&headers).replacen("GET / ", &format!("GET /{query} "), 1);
        // It is let in without a token where the engine asks for a password, which it does not here.
        assert_eq!(head_of(port, &asked).0, opened, "{headers}{query} as a WebSocket");
        let asked = text("GET", &format!("/subscribe/c{query}"), &headers, "");
        assert_eq!(head_of(port, &asked).0, *status, "{headers}{query} as a stream");
        for (method, path, body) in [("GET", "/set/k/v", ""), ("POST", "/pipeline", r#"[["PING"]]"#)] {
            let (found, head) = head_of(port, &text(method, &format!("{path}{query}"), &headers, body));
            assert_eq!(found, *status, "{headers}{query} {path}");
            let may_read = origin.as_ref().filter(|origin| origins.contains(origin));
            let wanted = may_read.filter(|_| *status != 403);
            let told = head.lines().find_map(|line| line.strip_prefix("access-control-allow-origin: "));
            assert_eq!(told, wanted.map(String::as_str), "{headers}");
            assert!(!head.contains("access-control-allow-credentials"));
        }
        plain.call(&[b"DEL", b"k"], if *status == 200 { ":1\r\n" } else { ":0\r\n" });
    }
    // What names no host, or more than one.
    for address in ["http://evil.example/set/k/v", "http://localhost:1/set/k/v", "http://a@localhost/set/k/v"]
    {
        assert_eq!(head_of(port, &text("GET", address, BEARER, "")).0, 400, "{address}");
    }
    assert_eq!(head_of(port, &text("GET", "http://localhost/del/k", BEARER, "")).0, 200);
    for headers in [
        "",
        "host: localhost\r\nhost: localhost\r\n",
        "host: localhost\r\nhost: evil.example\r\n",
        "host: \r\n",
    ] {
        let websocket = handshake("host: localhost\r\n");
        for asked in [
            text("GET", "/set/k/v", "host: localhost\r\n", ""),
            text("GET", "/subscribe/c", "host: localhost\r\n", ""),
            websocket,
        ] {
            let asked = asked.replacen("host: localhost\r\n", &format!("{headers}{BEARER}"), 1);
            assert_eq!(head_of(port, &asked).0, 400, "{asked}");
        }
    }
    let asks = "host: localhost\r\norigin: https://page.example\r\naccess-control-request-headers: authorization\r\n";
    let answer = send(port, &text("OPTIONS", "/", asks, ""));
    assert_eq!(answer.status, 204);
    assert!(answer.head.contains("access-control-allow-headers: authorization\r\n"), "{}", answer.head);
}

fn leaves_nothing_behind(engine: &str) {
    let (_server, port) = start(engine, &TOKEN);
    for command in ["SUBSCRIBE", "MULTI", "WATCH", "AUTH", "HELLO", "select", "RESET", "QUIT", "MONITOR"] {
        let (status, body) = post(port, "/", &format!("[\"{command}\",\"1\"]"));
        let name = command.to_uppercase();
        let expected = format!(
            "{{\"error\":\"ERR Command is not available over HTTP: '{name}'. Use WebSocket or TCP\"}}"
        );
        assert_eq!((status, body), (400, expected));
    }
    assert_eq!(post(port, "/", r#"["client","reply","off"]"#).0, 400);
    let third = format!("{BEARER}sanderling-db: 3\r\n");
    assert_eq!(send(port, &text("GET", "/set/k/third", &third, "")).status, 200);
    assert_eq!(post(port, "/", r#"["GET","k"]"#).1, r#"{"result":null}"#);
    assert_eq!(send(port, &text("GET", "/get/k", &third, "")).body, r#"{"result":"third"}"#);
    let list = post(port, "/", r#"["CLIENT","LIST"]"#).1;
    assert!(list.contains(&format!(" laddr=127.0.0.1:{port} ")) && !list.contains("db=3"), "{list}");
}

fn lets_requests_wait(engine: &str) {
    let (server, port) = start(engine, &["--http-token", "secret", "--http-block-max", "1"]);
    let mut plain = server.client();
    let wait_for_blocked = |plain: &mut Client, count: usize| {
        let until = Instant::now() + PATIENCE;
        while !plain.text(&[b"INFO", b"clients"]).contains(&format!("blocked_clients:{count}\r\n")) {
            assert!(Instant::now() < until);
        }
    };
    assert_eq!(post(port, "/", r#"["BLPOP","q",0]"#), (200, r#"{"result":null}"#.to_owned()));
    let (_, body) = post(port, "/pipeline", r#"[["SET","a","1"],["BLPOP","q",0],["SET","b","1"]]"#);
    assert!(body.starts_with(r#"[{"result":"OK"},{"result":null},{"error":"ERR not run, "#), "{body}");
    plain.call(&[b"EXISTS", b"b"], ":0\r\n");
    // Who is cut off takes nothing.
    let (server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    let blpop = text("POST", "/", BEARER, r#"["BLPOP","q",0]"#);
    let mut stream = Client::tcp(port).stream;
    stream.write_all(blpop.as_bytes()).unwrap();
    wait_for_blocked(&mut plain, 1);
    drop(stream);
    wait_for_blocked(&mut plain, 0);
    plain.call(&[b"RPUSH", b"q", b"a"], ":1\r\n").call(&[b"LLEN", b"q"], ":1\r\n");
    plain.call(&[b"DEL", b"q"], ":1\r\n");
    let mut stream = Client::tcp(port).stream;
    stream.write_all(blpop.as_bytes()).unwrap();
    wait_for_blocked(&mut plain, 1);
    plain.call(&[b"RPUSH", b"q", b"a"], ":1\r\n");
    assert_eq!(receive(&mut stream, false).body, r#"{"result":["q","a"]}"#);
}

fn refuses_what_is_too_much_and_what_is_none(engine: &str) {
    let (_server, port) = start(engine, &["--http-token", "secret", "--http-max-request", "100kb"]);
    let long = "x".repeat(100 << 10);
    assert_eq!(post(port, "/set/k", &long), (200, r#"{"result":"OK"}"#.to_owned()));
    let too_long = (413, r#"{"error":"ERR max request size exceeded"}"#.to_owned());
    assert_eq!(post(port, "/set/k", &format!("{long}x")), too_long);
    let mut chunked =
        format!("POST /set/k HTTP/1.1\r\nhost: localhost\r\n{BEARER}transfer-encoding: chunked\r\n\r\n");
    for _ in 0..11 {
        chunked += &format!("2800\r\n{}\r\n", "x".repeat(0x2800));
    }
    let answer = send(port, &(chunked + "0\r\n\r\n"));
    assert_eq!((answer.status, answer.body), too_long);
    // What stands behind a body whose length is told twice is no request.
    let mut twice = Client::tcp(port).stream;
    let smuggled = text("GET", "/set/smuggled/x", BEARER, "");
    let chunks = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\n{BEARER}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
    );
    let _ = twice.write_all(chunks.as_bytes());
    assert!(receive(&mut twice, false).head.contains("connection: close\r\n"));
    assert_eq!(post(port, "/", r#"["EXISTS","smuggled"]"#).1, r#"{"result":0}"#);
    // A body that is compressed as well would be taken for what it is not.
    let coded = format!(
        "POST /set/k HTTP/1.1\r\nhost: localhost\r\n{BEARER}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    );
    assert_eq!(send(port, &coded).status, 501);
    let nested = |levels| format!("[\"SET\",\"k\",{}{}]", "[".repeat(levels), "]".repeat(levels));
    assert_eq!((post(port, "/", &nested(64)).0, post(port, "/", &nested(65)).0), (200, 400));
    let head = |more: &str| format!("GET /get/k HTTP/1.1\r\n{more}\r\n");
    for (request, status) in [
        (head(&format!("host: localhost\r\nx: {}\r\n", "x".repeat(17_000))), 431),
        (head(""), 400),
        (head("host: localhost\r\nhost: localhost\r\n"), 400),
        (head("host: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n"), 400),
        ("SET k v\r\n\r\n".to_owned(), 400),
        ("*1\r\n$4\r\nPING\r\n".to_owned(), 400),
    ] {
        let answer = send(port, &request);
        assert_eq!(answer.status, status, "{request:.100}");
        assert!(answer.head.contains("content-type: application/json\r\n"), "{}", answer.head);
        assert!(answer.body.starts_with("{\"error\":\"ERR "), "{}", answer.body);
    }
    assert_eq!(post(port, "/", r#"["PING"]"#).0, 200);
}

fn survives_a_client_that_does_not_read_and_one_that_is_killed(engine: &str) {
    let (server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    plain.call(&[b"SET", b"large", &[b'x'; 1 << 20]], "+OK\r\n");
    // More than a request may be answered with, of which little may be in memory.
    let gets = format!("[{}]", vec![r#"["GET","large"]"#; 2000].join(","));
    let (status, body) = post(port, "/pipeline", &gets);
    assert_eq!(status, 200);
    assert!(
        body.ends_with(r#"{"error":"ERR the replies have more than 67108864 bytes"}]"#),
        "{:.200}",
        &body[body.len() - 200..]
    );
    let resident = server.resident_bytes();
    assert!(resident < 800 << 20, "{resident}");
    let mut silent = Client::tcp(port).stream;
    silent.write_all(text("GET", "/get/large", BEARER, "").repeat(30).as_bytes()).unwrap();
    for _ in 0..100 {
        plain.ping();
        assert_eq!(post(port, "/", r#"["PING"]"#).0, 200);
    }
    // Connections that requests share may go, and others take their place.
    plain.send(request(&[b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes"]));
    assert_ne!(plain.line(), ":0");
    // They are gone when the next turn begins.
    plain.ping();
    assert_eq!(post(port, "/", r#"["PING"]"#), (200, r#"{"result":"PONG"}"#.to_owned()));
}

/// Messages come as they are published, over connections that are subscribers like others.
fn streams_messages(engine: &str) {
    let (server, port) = start(engine, &TOKEN);
    let mut plain = server.client();
    let open = |path: &str| {
        let mut stream = Client::tcp(port);
        stream.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{BEARER}\r\n"));
        assert_eq!(stream.line(), "HTTP/1.1 200 OK");
        let mut head = Vec::new();
        while head.last().is_none_or(|line: &String| !line.is_empty()) {
            head.push(stream.line().to_lowercase());
        }
        assert!(head.contains(&"content-type: text/event-stream".to_owned()), "{head:?}");
        stream
    };
    let chunk = |text: &str| format!("{:X}\r\n{text}\r\n", text.len());
    let mut stream = open("/subscribe/c%201");
    stream.expect(chunk("data: subscribe,c 1,1\n\n"));
    plain.call(&[b"PUBLISH", b"c 1", b"one\ntwo"], ":1\r\n");
    stream.expect(chunk("data: message,c 1,one\ndata: two\n\n"));
    let mut patterns = open("/psubscribe/c*?format=json");
    patterns.expect(chunk("data: [\"psubscribe\",\"c*\",1]\n\n"));
    plain.call(&[b"PUBLISH", b"c2", b"x"], ":1\r\n");
    patterns.expect(chunk("data: [\"pmessage\",\"c*\",\"c2\",\"x\"]\n\n"));
    // Who goes is subscribed no longer, and who is killed hears of the end.
    drop(patterns);
    let until = Instant::now() + PATIENCE;
    while plain.line_of(&[b"PUBSUB", b"NUMPAT"]) != ":0" {
        assert!(Instant::now() < until);
    }
    plain.call(&[b"CLIENT", b"KILL", b"TYPE", b"pubsub"], ":1\r\n");
    stream.expect("0\r\n\r\n");
    // What waits for one that does not read is bounded as for any subscriber.
    let mut silent = open("/subscribe/c");
    silent.expect(chunk("data: subscribe,c,1\n\n"));
    let message = vec![b'x'; 1 << 20];
    let mut sent = 0;
    while plain.line_of(&[b"PUBLISH", b"c", &message]) == ":1" {
        sent += 1;
        assert!(sent < 500, "nobody cuts it off");
    }
    assert!(sent > 30, "{sent}");
    let resident = server.resident_bytes();
    assert!(resident < 400 << 20, "{resident}");
}

/// Whom a stopping server does not serve any more is told so, and what streams ends as it should.
fn answers_all_before_it_stops(engine: &str) {
    let (mut server, port) = start(engine, &TOKEN);
    let mut blocked = Client::tcp(port);
    blocked.send(text("POST", "/", BEARER, r#"["BLPOP","q",0]"#));
    let mut stream = Client::tcp(port);
    stream.send(text("GET", "/subscribe/c", BEARER, ""));
    assert_eq!(receive_head(&mut stream.stream).0, 200);
    stream.expect("15\r\ndata: subscribe,c,1\n\n\r\n");
    let mut idle = Client::tcp(port);
    idle.send(text("POST", "/", BEARER, r#"["PING"]"#));
    receive(&mut idle.stream, false);
    let mut plain = server.client();
    let until = Instant::now() + PATIENCE;
    while !plain.text(&[b"INFO", b"clients"]).contains("blocked_clients:1\r\n") {
        assert!(Instant::now() < until);
    }
    let began = Instant::now();
    server.signal("TERM");
    let answer = receive(&mut blocked.stream, false);
    assert_eq!((answer.status, answer.body.contains("was closed before the reply")), (503, true));
    stream.expect("0\r\n\r\n").expect_end();
    idle.expect_end();
    server.wait_log("stopped");
    // Nobody had to be waited for.
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(server.end().0.success());
}

/// Requests are clients, and count as such.
fn keeps_to_the_number_of_clients(engine: &str) {
    let (server, port) = start(engine, &["--http-token", "secret", "--maxclients", "2"]);
    let mut plain = server.client();
    plain.ping();
    assert_eq!(post(port, "/", r#"["PING"]"#).0, 200);
    plain.send(request(&[b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes"]));
    assert_eq!(plain.line(), ":1");
    let mut other = server.client();
    other.ping();
    let full = (503, r#"{"error":"ERR max number of clients reached"}"#.to_owned());
    assert_eq!(post(port, "/", r#"["PING"]"#), full);
    plain.call(&[b"CONFIG", b"SET", b"maxclients", b"10"], "+OK\r\n");
    assert_eq!(post(port, "/", r#"["PING"]"#).0, 200);
}

fn tells_how_it_is(engine: &str) {
    let (mut server, port) = start(engine, &TOKEN);
    server.wait_log(&format!("listening on 127.0.0.1:{port} (HTTP)"));
    for path in ["/health", "/healthz", "/livez", "/readyz"] {
        let answer = send(port, &text("GET", path, "", ""));
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"ok"}"#));
    }
    assert_eq!(send(port, &text("HEAD", "/health", "", "")).status, 200);
    assert_eq!(send(port, &text("POST", "/health", "", "")).status, 405);
    post(port, "/", r#"["SET","k","v"]"#);
    assert_eq!(send(port, &text("GET", "/metrics", "", "")).status, 401);
    let answer = send(port, &text("GET", "/metrics", BEARER, ""));
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4\r\n"), "{}", answer.head);
    // What the published dashboards and alerts of redis_exporter look at.
    for name in [
        "up",
        "uptime_in_seconds",
        "start_time_seconds",
        "connected_clients",
        "blocked_clients",
        "max_clients",
        "memory_used_bytes",
        "memory_used_rss_bytes",
        "memory_max_bytes",
        "mem_fragmentation_ratio",
        "total_system_memory_bytes",
        "db_keys{db=\"db0\"}",
        "db_keys_expiring{db=\"db0\"}",
        "db_avg_ttl_seconds{db=\"db0\"}",
        "commands_processed_total",
        "commands_total{cmd=\"set\"}",
        "commands_duration_seconds_total{cmd=\"set\"}",
        "keyspace_hits_total",
        "keyspace_misses_total",
        "expired_keys_total",
        "evicted_keys_total",
        "net_input_bytes_total",
        "net_output_bytes_total",
        "connected_slaves",
        "rejected_connections_total",
        "slowlog_length",
    ] {
        let start = format!("redis_{name} ");
        assert!(answer.body.lines().any(|line| line.starts_with(&start)), "{name}: {}", answer.body);
    }
    assert!(answer.body.contains("redis_db_keys{db=\"db0\"} 1\n"), "{}", answer.body);
    // What a Redis server has nothing of.
    for line in [
        "sanderling_engine_traps_total 0",
        "sanderling_http_requests_total{route=\"/\",code=\"200\"} 1",
        "sanderling_http_requests_total{route=\"/health\",code=\"405\"} 1",
        "sanderling_http_requests_total{route=\"/metrics\",code=\"401\"} 1",
        "sanderling_http_request_seconds_bucket{le=\"+Inf\"} 8",
        "sanderling_http_request_seconds_count 8",
        "sanderling_tls_handshakes_total{result=\"ok\"} 0",
    ] {
        assert!(answer.body.lines().any(|other| other == line), "{line}: {}", answer.body);
    }
    let sandbox = answer.body.lines().find_map(|line| line.strip_prefix("sanderling_wasm_memory_bytes "));
    let sandbox: u64 = sandbox.expect("it is told").parse().unwrap();
    assert_eq!(sandbox > 0, engine == "wasm", "{sandbox}");
    let (_server, port) = start(engine, &["--http-metrics", "open"]);
    assert_eq!(send(port, &text("GET", "/metrics", "", "")).status, 200);
    let (_server, port) = start(engine, &["--http-metrics", "off", "--http-token", "secret"]);
    assert_eq!(send(port, &text("GET", "/metrics", BEARER, "")).status, 400, "it is no command");
}
