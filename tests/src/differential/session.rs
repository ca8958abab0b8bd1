//! One server during a run: its numbered connections, and how to ask it for everything it holds.

use std::time::Duration;

use super::operation::{Args, to_args};
use crate::reply::Reply;
use crate::target::{Connection, Received, Target};
use crate::text::{encode_request, lines, quote};

/// Databases that a run uses; the grammar names no others that exist, but for 15.
const DATABASES: [usize; 4] = [0, 1, 2, 15];

/// Scans of what a run makes end long before.
const SCAN_TURNS_MAX: usize = 100_000;

/// A server with the connections of a run.
pub struct Session<'a> {
    target: &'a mut dyn Target,
    links: Vec<Option<Link>>,
    /// For looking at everything without touching the state of the numbered connections.
    observer: Option<Connection>,
}

struct Link {
    connection: Connection,
    /// What the server calls it.
    id: i64,
}

/// A key with all that it holds, in a form that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Database and key.
    pub name: String,
    /// Type and content.
    pub content: String,
    /// As of PEXPIRETIME.
    pub expires: i64,
}

impl<'a> Session<'a> {
    /// A session of `connections` connections, which [`Session::reopen`] opens.
    pub fn new(target: &'a mut dyn Target, connections: usize) -> Session<'a> {
        Session { target, links: (0..connections).map(|_| None).collect(), observer: None }
    }

    /// The server's name.
    pub fn name(&self) -> String {
        self.target.name()
    }

    /// Closes the connection if it is open and opens another in its place.
    pub fn reopen(&mut self, connection: usize) {
        if let Some(link) = self.links[connection].take() {
            self.target.close(link.connection);
        }
        let new = self.target.open();
        self.target.send(new, b"CLIENT ID\r\n");
        // Only CLIENT UNBLOCK needs the number; a server without it fails there.
        let id = match self.target.receive(new) {
            Received::Reply(Reply::Integer(id)) => id,
            _ => -1,
        };
        self.links[connection] = Some(Link { connection: new, id });
    }

    /// Lets the server's time pass, if that is ours.
    pub fn advance(&mut self, time: Duration) -> bool {
        self.target.advance(time)
    }

    /// Throws away all that has arrived anywhere.
    pub fn forget_received(&mut self) {
        for link in self.links.iter().flatten() {
            while let Received::Reply(_) = self.target.receive_now(link.connection) {}
        }
    }

    /// Sends requests in one piece.
    pub fn send(&mut self, connection: usize, requests: &[&Args]) {
        let mut bytes = Vec::new();
        for args in requests {
            encode_request(&self.with_ids(args), &mut bytes);
        }
        let connection = self.connection(connection);
        self.target.send(connection, &bytes);
    }

    /// The next message of a connection.
    pub fn receive(&mut self, connection: usize) -> Received {
        let connection = self.connection(connection);
        self.target.receive(connection)
    }

    /// Sends a request and returns all that arrives because of it, with the number of its connection.
    pub fn watched(&mut self, connection: usize, args: &Args) -> Vec<(usize, Received)> {
        self.send(connection, &[args]);
        self.target.settle();
        let mut arrived = Vec::new();
        for (number, link) in self.links.iter().enumerate() {
            let Some(link) = link else { continue };
            loop {
                match self.target.receive_now(link.connection) {
                    Received::Nothing => break,
                    last @ (Received::Closed | Received::Malformed(_)) => {
                        arrived.push((number, last));
                        break;
                    }
                    received => arrived.push((number, received)),
                }
            }
        }
        arrived
    }

    /// All elements of a scan, sorted and without repetitions, or its error.
    pub fn scan(&mut self, connection: usize, args: &Args, cursor_at: usize) -> Result<Vec<String>, String> {
        let pairs = matches!(args[0].as_slice(), b"HSCAN" | b"ZSCAN");
        let mut args = args.clone();
        let mut elements = Vec::new();
        for _ in 0..SCAN_TURNS_MAX {
            self.send(connection, &[&args]);
            let received = self.receive(connection);
            let Received::Reply(Reply::Array(parts)) = &received else { return Err(format!("{received:?}")) };
            let [Reply::Bulk(cursor), Reply::Array(found)] = parts.as_slice() else {
                return Err(format!("{received:?}"));
            };
            if !pairs {
                elements.extend(found.iter().map(|element| lines(element).concat()));
            } else if let Some(score_at) = (args[0] == b"ZSCAN").then_some(1) {
                let pair =
                    |pair: &[Reply]| format!("{} {}", lines(&pair[0]).concat(), canonical(&pair[score_at]));
                elements.extend(found.chunks_exact(2).map(pair));
            } else {
                elements.extend(found.chunks(2).map(|pair| pair.iter().flat_map(lines).collect::<String>()));
            }
            if cursor == b"0" {
                elements.sort();
                elements.dedup();
                return Ok(elements);
            }
            args[cursor_at].clone_from(cursor);
        }
        Err("the scan does not end".into())
    }

    /// Everything that the server holds.
    pub fn state(&mut self) -> Result<Vec<Held>, String> {
        let observer = match self.observer {
            Some(observer) => observer,
            None => *self.observer.insert(self.target.open()),
        };
        let mut held = Vec::new();
        for database in DATABASES {
            self.ask(observer, &[to_args(&["SELECT", &database.to_string()])])?;
            let keys = self.ask(observer, &[to_args(&["KEYS", "*"])])?;
            let Some(Reply::Array(keys)) = keys.first() else { return Err("KEYS gives no array".into()) };
            let mut keys: Vec<Vec<u8>> =
                keys.iter().filter_map(|key| key.bytes().map(<[u8]>::to_vec)).collect();
            keys.sort();
            for key in keys {
                held.push(self.held(observer, database, key)?);
            }
        }
        Ok(held)
    }

    fn held(&mut self, observer: Connection, database: usize, key: Vec<u8>) -> Result<Held, String> {
        let with = |name: &str, rest: &[&str]| {
            let mut args = vec![name.as_bytes().to_vec(), key.clone()];
            args.extend(to_args(rest));
            args
        };
        let about = self.ask(observer, &[with("TYPE", &[]), with("PEXPIRETIME", &[])])?;
        let [Reply::Simple(kind), Reply::Integer(expires)] = about.as_slice() else {
            return Err(format!("a key's type and expiry are {about:?}"));
        };
        let (request, length) = match kind.as_str() {
            "string" => (with("GET", &[]), with("STRLEN", &[])),
            "list" => (with("LRANGE", &["0", "-1"]), with("LLEN", &[])),
            "hash" => (with("HGETALL", &[]), with("HLEN", &[])),
            "set" => (with("SMEMBERS", &[]), with("SCARD", &[])),
            "zset" => (with("ZRANGE", &["0", "-1", "WITHSCORES"]), with("ZCARD", &[])),
            "stream" => {
                let mut request = to_args(&["XINFO", "STREAM"]);
                request.extend([key.clone(), b"FULL".to_vec(), b"COUNT".to_vec(), b"0".to_vec()]);
                (request, with("XLEN", &[]))
            }
            _ => (with("EXISTS", &[]), with("EXISTS", &[])),
        };
        let answers = self.ask(observer, &[request, length])?;
        let mut parts: Vec<String> = match (kind.as_str(), &answers[0]) {
            ("hash", Reply::Array(items)) => items
                .chunks(2)
                .map(|pair| pair.iter().map(canonical_text).collect::<Vec<_>>().join(" = "))
                .collect(),
            ("zset", Reply::Array(items)) => items
                .chunks_exact(2)
                .map(|pair| format!("{} = {}", canonical_text(&pair[0]), canonical(&pair[1])))
                .collect(),
            ("stream", reply) => vec![canonical_text(&super::streams::timeless(reply))],
            (_, Reply::Array(items)) => items.iter().map(canonical_text).collect(),
            (_, other) => vec![canonical_text(other)],
        };
        if matches!(kind.as_str(), "hash" | "set") {
            parts.sort();
        }
        let content = format!("{kind} of {}: {}", canonical_text(&answers[1]), parts.join(", "));
        Ok(Held { name: format!("{database}/{}", quote(&key)), content, expires: *expires })
    }

    fn ask(&mut self, connection: Connection, requests: &[Args]) -> Result<Vec<Reply>, String> {
        let mut bytes = Vec::new();
        requests.iter().for_each(|args| encode_request(args, &mut bytes));
        self.target.send(connection, &bytes);
        let answer = |_| match self.target.receive(connection) {
            Received::Reply(reply) => Ok(reply),
            other => Err(format!("{other:?} while looking at everything")),
        };
        (0..requests.len()).map(answer).collect()
    }

    fn connection(&self, number: usize) -> Connection {
        self.links[number].as_ref().expect("a run opens its connections first").connection
    }

    /// Puts the server's number of a connection in the place of `{id:3}`.
    fn with_ids(&self, args: &Args) -> Args {
        let number = |arg: &[u8]| {
            let text = std::str::from_utf8(arg).ok()?;
            let number: usize = text.strip_prefix("{id:")?.strip_suffix('}')?.parse().ok()?;
            Some(self.links.get(number)?.as_ref()?.id.to_string().into_bytes())
        };
        args.iter().map(|arg| number(arg).unwrap_or_else(|| arg.clone())).collect()
    }
}

fn canonical_text(reply: &Reply) -> String {
    lines(reply).concat()
}

/// A score without regard to how it is written: that is compared elsewhere.
fn canonical(score: &Reply) -> String {
    let text = score.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
    match text.and_then(|text| text.parse::<f64>().ok()) {
        Some(value) => format!("{value:?}"),
        None => canonical_text(score),
    }
}
