//! Conversations with an engine, for tests: several clients, exact replies, time as told.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::{ConnId, Engine, HostRequest, Options, Output, Peer};

/// An engine and its clients.
///
/// Requests are words between blanks, with `''` for an empty one. In expected bytes `|` stands for the line
/// end, and the last one is left out; `\|` stands for the character itself.
pub(crate) struct Conversation {
    pub(crate) engine: Engine,
    /// The time, in unix microseconds.
    pub(crate) now: u64,
    received: BTreeMap<ConnId, Vec<u8>>,
    closed: BTreeSet<ConnId>,
    pub(crate) effects: Vec<u8>,
    /// What the host was asked last.
    pub(crate) host_request: Option<(HostRequest, String)>,
    /// What the host was told last of a setting.
    pub(crate) setting: Option<(String, String)>,
    /// How often the host was told to write.
    pub(crate) writes: usize,
    /// What was written of a snapshot, and how it has ended.
    pub(crate) snapshot: Vec<u8>,
    pub(crate) snapshot_end: Option<Result<u64, String>>,
}

impl Conversation {
    /// With default options and effects recorded.
    pub(crate) fn new() -> Conversation {
        Conversation::with(Options { effects: true, ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Conversation {
        let now = 1_700_000_000_000_000;
        Conversation {
            engine: Engine::new(options, *b"a seed for tests", now),
            now,
            received: BTreeMap::new(),
            closed: BTreeSet::new(),
            effects: Vec::new(),
            host_request: None,
            setting: None,
            writes: 0,
            snapshot: Vec::new(),
            snapshot_end: None,
        }
    }

    /// A client connects.
    pub(crate) fn client(&mut self) -> ConnId {
        self.connect(false)
    }

    /// A client connects of whom the host knows that it is the default user.
    pub(crate) fn trusted_client(&mut self) -> ConnId {
        self.connect(true)
    }

    fn connect(&mut self, trusted: bool) -> ConnId {
        let peer = Peer { addr: "127.0.0.1:50000", laddr: "127.0.0.1:6379", unix: false, trusted };
        let conn = self.engine.connect(self.now, peer);
        self.closed.remove(&conn);
        self.received.remove(&conn);
        self.collect();
        conn
    }

    /// A client goes away.
    pub(crate) fn leave(&mut self, conn: ConnId) {
        self.engine.disconnect(self.now, conn);
        self.collect();
    }

    /// Sends requests, each a string of words, as one piece of input.
    pub(crate) fn send(&mut self, conn: ConnId, requests: &[&str]) {
        let input: Vec<u8> = requests.iter().flat_map(|request| encode(request)).collect();
        self.send_bytes(conn, &input);
    }

    pub(crate) fn send_bytes(&mut self, conn: ConnId, bytes: &[u8]) {
        self.engine.handle_input(self.now, conn, bytes);
        self.collect();
        while self.engine.poll_timeout().is_some_and(|at| at <= self.now) {
            self.engine.handle_timeout(self.now);
            self.collect();
        }
    }

    /// Makes a client what another one was.
    pub(crate) fn restore(&mut self, conn: ConnId, session: &[u8]) -> bool {
        let is_restored = self.engine.restore(self.now, conn, session);
        self.collect();
        is_restored
    }

    /// Answers what the host was asked.
    pub(crate) fn answer(&mut self, answer: Result<&[u8], &str>) {
        self.host_request = None;
        self.engine.answer(self.now, answer);
        self.collect();
    }

    /// Lets time pass, in microseconds.
    pub(crate) fn pass(&mut self, micros: u64) {
        self.now += micros;
        self.engine.handle_timeout(self.now);
        self.collect();
        while self.engine.poll_timeout().is_some_and(|at| at <= self.now) {
            self.engine.handle_timeout(self.now);
            self.collect();
        }
    }

    /// Checks what a client has received since the last look.
    #[track_caller]
    pub(crate) fn expect(&mut self, conn: ConnId, expected: &str) {
        let bytes = self.received.remove(&conn).unwrap_or_default();
        let mut want = expected.replace(r"\|", "\0").replace('|', "\r\n").replace('\0', "|");
        if !expected.is_empty() {
            want.push_str("\r\n");
        }
        assert_eq!(String::from_utf8_lossy(&bytes), want);
    }

    /// Sends one request and checks everything received since the last look.
    #[track_caller]
    pub(crate) fn check(&mut self, conn: ConnId, request: &str, expected: &str) {
        self.send(conn, &[request]);
        self.expect(conn, expected);
    }

    /// As [`Conversation::check`], for one request after the other.
    #[track_caller]
    pub(crate) fn check_all(&mut self, conn: ConnId, exchanges: &[(&str, &str)]) {
        for (request, expected) in exchanges {
            self.check(conn, request, expected);
        }
    }

    /// Sends one request and returns what was received since the last look, in the form of expected bytes.
    pub(crate) fn ask(&mut self, conn: ConnId, request: &str) -> String {
        self.send(conn, &[request]);
        self.said(conn)
    }

    /// What a client has received since the last look, in the form of expected bytes.
    pub(crate) fn said(&mut self, conn: ConnId) -> String {
        let bytes = self.received.remove(&conn).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim_end_matches("\r\n").replace("\r\n", "|")
    }

    pub(crate) fn is_closed(&self, conn: ConnId) -> bool {
        self.closed.contains(&conn)
    }

    /// The effects since the last look, one command per string; SELECT is left out.
    pub(crate) fn effects(&mut self) -> Vec<String> {
        let bytes = core::mem::take(&mut self.effects);
        let mut lines = core::str::from_utf8(&bytes).expect("tests write text").split("\r\n");
        let mut all = Vec::new();
        while let Some(count) = lines.next().and_then(|head| head.strip_prefix('*')) {
            let count: usize = count.parse().expect("a count follows the asterisk");
            let words: Vec<&str> = lines.by_ref().take(2 * count).skip(1).step_by(2).collect();
            if words[0] != "SELECT" {
                all.push(words.join(" "));
            }
        }
        all
    }

    pub(crate) fn collect(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Write { conn, bytes, .. } => {
                    assert!(!self.closed.contains(&conn), "nothing is written after the end");
                    self.writes += 1;
                    self.received.entry(conn).or_default().extend_from_slice(bytes);
                }
                Output::Close { conn } => _ = self.closed.insert(conn),
                Output::Append { bytes, .. } => self.effects.extend_from_slice(bytes),
                Output::HostRequest { request, text } => {
                    self.host_request = Some((request, String::from_utf8_lossy(text).into_owned()));
                }
                Output::Setting { name, value } => self.setting = Some((name.into(), value.into())),
                Output::Snapshot { bytes, .. } => self.snapshot.extend_from_slice(bytes),
                Output::SnapshotEnd { keys } => self.snapshot_end = Some(Ok(keys)),
                Output::SnapshotFailed { text } => self.snapshot_end = Some(Err(text.into())),
                Output::Loaded(_)
                | Output::LoadFailed { .. }
                | Output::SaveWanted { .. }
                | Output::Shutdown => {}
            }
        }
    }
}

/// A request in RESP, from words between blanks.
pub(crate) fn encode(request: &str) -> Vec<u8> {
    let words: Vec<&str> = request.split(' ').map(|word| if word == "''" { "" } else { word }).collect();
    let mut bytes = alloc::format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(alloc::format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}
