//! Settings that 32 bits cannot hold, as flags, in files and by CONFIG SET: they are what they say.

use crate::client::request;
use crate::on_both_engines;
use crate::process::Process;

on_both_engines!(
    flags_keep_their_numbers,
    limits_of_gigabytes_limit_nothing_small,
    no_string_is_longer_than_can_be_told,
);

/// Settings in bytes and in numbers, all of them greater than 32 bits.
const LARGE: [(&str, &str); 17] = [
    ("maxmemory", "5368709120"),
    ("maxmemory-clients", "4294967296"),
    ("client-query-buffer-limit", "4294967296"),
    ("proto-max-bulk-len", "4294967296"),
    ("hash-max-listpack-entries", "4294967296"),
    ("hash-max-listpack-value", "4294967296"),
    ("set-max-intset-entries", "4294967296"),
    ("zset-max-listpack-entries", "4294967297"),
    ("hll-sparse-max-bytes", "4294967296"),
    ("stream-node-max-bytes", "4294967297"),
    ("stream-node-max-entries", "4294967297"),
    ("slowlog-max-len", "4294967296"),
    ("acllog-max-len", "4294967296"),
    ("tracking-table-max-keys", "4294967296"),
    ("script-memory-max", "4294967296"),
    ("script-cache-max-bytes", "4294967296"),
    ("function-max-bytes", "4294967296"),
];

fn flags_keep_their_numbers(engine: &str) {
    let flags: Vec<String> =
        LARGE.iter().flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()]).collect();
    let server = Process::start(engine, &flags.iter().map(String::as_str).collect::<Vec<_>>());
    let mut client = server.client();
    for (name, value) in LARGE {
        let expected = format!("*2\r\n${}\r\n{name}\r\n${}\r\n{value}\r\n", name.len(), value.len());
        client.call(&[b"CONFIG", b"GET", name.as_bytes()], expected);
    }
    // They are still served, and written to.
    let value = vec![b'x'; 100_000];
    client.call(&[b"SET", b"k", &value], "+OK\r\n").call(&[b"STRLEN", b"k"], ":100000\r\n");
    client.call(&[b"HSET", b"h", b"f", &value], ":1\r\n");
    client.call(&[b"OBJECT", b"ENCODING", b"h"], "$8\r\nlistpack\r\n");
    client.call(&[b"PFADD", b"hll", b"a"], ":1\r\n").call(&[b"PFCOUNT", b"hll"], ":1\r\n");
    client.call(&[b"EVAL", b"return 1", b"0"], ":1\r\n");
    client.call(
        &[b"FUNCTION", b"LOAD", b"#!lua name=l\nredis.register_function('f', function() end)"],
        "$1\r\nl\r\n",
    );
}

/// The client that sets them, and the next one, go on.
fn limits_of_gigabytes_limit_nothing_small(engine: &str) {
    let server = Process::start(engine, &[]);
    for (name, value) in
        LARGE.iter().copied().chain([("maxmemory", "4gb"), ("client-query-buffer-limit", "4gb")])
    {
        let mut client = server.client();
        client.call(&[b"CONFIG", b"SET", name.as_bytes(), value.as_bytes()], "+OK\r\n");
        client.call(&[b"SET", b"k", b"v"], "+OK\r\n");
        server.client().call(&[b"GET", b"k"], "$1\r\nv\r\n");
    }
    let mut client = server.client();
    client.send(request(&[b"INFO", b"memory"]));
    let mut seen = String::new();
    while !seen.contains("maxmemory:") {
        seen = client.line();
    }
    assert_eq!(seen, "maxmemory:4294967296");
}

/// Limits beyond what lengths in requests and keys can say are as if they were just that.
fn no_string_is_longer_than_can_be_told(engine: &str) {
    let server =
        Process::start(engine, &["--proto-max-bulk-len", "8gb", "--client-query-buffer-limit", "8gb"]);
    let mut client = server.client();
    let too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
    for offset in ["4294967295", "4294967296", "8589934591", "9223372036854775807"] {
        client.call(&[b"SETRANGE", b"k", offset.as_bytes(), b"x"], too_long);
    }
    client.call(
        &[b"SETBIT", b"k", b"34359738368", b"1"],
        "-ERR bit offset is not an integer or out of range\r\n",
    );
    for length in ["4294967295", "4294967296", "8589934591"] {
        let mut other = server.client();
        other
            .send(format!("*1\r\n${length}\r\n"))
            .expect("-ERR Protocol error: invalid bulk length\r\n")
            .expect_end();
    }
    client.ping();
}
