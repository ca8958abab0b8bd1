//! The files of the console as a browser asks for them. What they do there is tested in `www/tests`.

use crate::process::{Process, free_port};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A server with a port for HTTP. No engine has a part in this, so one of them will do.
fn start(more: &[&str]) -> (Process, u16) {
    let port = free_port();
    let text = port.to_string();
    let flags = [&["--http-port", &text], more].concat();
    (Process::start("native", &flags), port)
}

/// The head of an answer, in lower case, and its body.
fn ask(port: u16, method: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let host = if headers.contains("host:") { "" } else { "host: localhost\r\n" };
    write!(stream, "{method} {path} HTTP/1.1\r\n{host}{headers}connection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 2;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    (head, bytes[end + 2..].to_vec())
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

#[test]
fn files_are_sent_to_everyone_who_knows_this_server() {
    let (_server, port) = start(&["--http-token", "secret"]);
    for (path, kind) in [
        ("/console/", "text/html; charset=utf-8"),
        ("/console/console.js", "text/javascript; charset=utf-8"),
        ("/console/console.css", "text/css; charset=utf-8"),
        ("/console/icon.svg", "image/svg+xml"),
    ] {
        // A link on a page of others may lead here: there is nothing of anyone's in it.
        let (head, body) = ask(port, "GET", path, "sec-fetch-site: cross-site\r\n");
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert_eq!(header(&head, "content-type"), kind);
        assert_eq!(header(&head, "content-encoding"), "gzip");
        assert_eq!(header(&head, "cache-control"), "no-cache");
        assert_eq!(header(&head, "x-content-type-options"), "nosniff");
        assert_eq!(header(&head, "referrer-policy"), "no-referrer");
        let policy = header(&head, "content-security-policy");
        for part in
            ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(body.starts_with(b"\x1f\x8b"), "{path} is not compressed");
        let tag = header(&head, "etag");
        let (head, body) = ask(port, "GET", path, &format!("if-none-match: \"other\", {tag}\r\n"));
        assert!(head.starts_with("http/1.1 304 ") && body.is_empty(), "{head}");
        assert_eq!(header(&head, "etag"), tag);
        let (head, body) = ask(port, "HEAD", path, "if-none-match: \"other\"\r\n");
        assert!(head.starts_with("http/1.1 200 ") && body.is_empty(), "{head}");
        let (head, _) = ask(port, "GET", path, "host: evil.example\r\n");
        assert!(head.starts_with("http/1.1 403 "), "{head}");
        let (head, _) = ask(port, "POST", path, "content-length: 0\r\n");
        assert!(head.starts_with("http/1.1 405 "), "{head}");
        assert_eq!(header(&head, "allow"), "get, head");
    }
}

#[test]
fn ways_lead_to_the_console_and_none_out_of_its_folder() {
    let (_server, port) = start(&["--http-token", "secret"]);
    for (path, headers, status) in [
        ("/console", "", 302),
        ("/", "accept: text/html,*/*\r\n", 302),
        // What is no browser is told that it should post.
        ("/", "accept: */*\r\n", 405),
        ("/console/nothing.js", "", 404),
        ("/console/../metrics", "", 404),
        ("/console/%2e%2e/metrics", "", 404),
        ("/consoles", "", 401),
    ] {
        let (head, _) = ask(port, "GET", path, headers);
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{path}: {head}");
        if status == 302 {
            assert_eq!(header(&head, "location"), "/console/");
        }
    }
}

#[test]
fn the_log_has_the_address_and_the_token_only_if_it_was_made() {
    let (mut server, port) = start(&[]);
    let log = server.log_so_far();
    let made = log.lines().find_map(|line| line.split_once("is not set: ")).expect("a token was made").1;
    assert!(
        log.contains(&format!("the console is at http://127.0.0.1:{port}/console/#token={made}\n")),
        "{log}"
    );
    let (mut server, port) = start(&["--http-token", "secret"]);
    let log = server.log_so_far();
    assert!(log.contains(&format!("the console is at http://127.0.0.1:{port}/console/\n")), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[test]
fn without_it_nothing_is_there() {
    let (mut server, port) = start(&["--http-token", "secret", "--http-console", "no"]);
    assert!(!server.log_so_far().contains("console"), "{}", server.log_so_far());
    for path in ["/console", "/console/", "/console/console.js"] {
        let (head, body) = ask(port, "GET", path, "");
        assert!(head.starts_with("http/1.1 401 "), "{head}");
        assert!(String::from_utf8(body).unwrap().contains("WRONGPASS"));
    }
    let (head, _) = ask(port, "GET", "/", "accept: text/html\r\n");
    assert!(head.starts_with("http/1.1 405 "), "{head}");
    let mut client = server.client();
    for (value, status) in [("yes", 200), ("no", 401)] {
        client.call(&[b"CONFIG", b"SET", b"http-console", value.as_bytes()], "+OK\r\n");
        let (head, _) = ask(port, "GET", "/console/", "");
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
    }
}
