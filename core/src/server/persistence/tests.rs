//! When saves are asked for, and what requests are told of files, with a clock of the test's.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{SaveKind, StorageEvent};
use crate::config::Options;
use crate::engine::conversation::encode;
use crate::engine::{Engine, Output};
use crate::server::{ConnId, Peer};

const SECOND: u64 = 1_000_000;

struct Talk {
    engine: Engine,
    conn: ConnId,
    now: u64,
    wanted: Vec<SaveKind>,
}

impl Talk {
    fn with(save: &str) -> Talk {
        let mut options = Options::default();
        options.set("storage", "yes").expect("it is a setting");
        options.set("save", save).expect("the rules are right");
        let now = 1_700_000_000 * SECOND;
        let mut engine = Engine::new(options, [5; 16], now);
        let conn = engine.connect(now, Peer { addr: "", laddr: "", unix: false, trusted: false });
        Talk { engine, conn, now, wanted: Vec::new() }
    }

    fn ask(&mut self, request: &str) -> String {
        self.engine.handle_input(self.now, self.conn, &encode(request));
        self.collect()
    }

    fn tell(&mut self, event: StorageEvent<'_>) {
        self.engine.storage(self.now, event);
        self.collect();
    }

    fn collect(&mut self) -> String {
        let mut reply = String::new();
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Write { bytes, .. } => reply += &String::from_utf8_lossy(bytes),
                Output::SaveWanted { kind } => self.wanted.push(kind),
                _ => {}
            }
        }
        String::from(reply.trim_end())
    }

    /// Lets time go on to when the engine wants to be called, if that is not after so many seconds.
    fn wait(&mut self, seconds: u64) -> Vec<SaveKind> {
        let end = self.now + seconds * SECOND;
        while let Some(at) = self.engine.poll_timeout().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.engine.handle_timeout(self.now);
            self.collect();
            if !self.wanted.is_empty() {
                return core::mem::take(&mut self.wanted);
            }
        }
        self.now = end;
        Vec::new()
    }

    fn info(&mut self, field: &str) -> String {
        let text = self.ask("INFO persistence");
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        String::from(line.expect("INFO has the field").trim_end())
    }
}

#[test]
fn dumps_are_asked_for_by_the_rules() {
    let mut talk = Talk::with("100 1 10 3");
    assert_eq!(talk.wait(1000), []);
    // Nothing was saved for long, so that the first rule is met by the first change.
    assert_eq!(talk.ask("SET a 1"), "+OK");
    assert_eq!(talk.wait(0), [SaveKind::Dump]);
    talk.tell(StorageEvent::SaveBegun(SaveKind::Dump));
    assert_eq!(
        (talk.info("rdb_bgsave_in_progress").as_str(), talk.ask("BGSAVE").as_str()),
        ("1", "-ERR Background save already in progress")
    );
    // What changes from now on is for the next one.
    talk.ask("SET b 1");
    talk.now += 2 * SECOND;
    talk.tell(StorageEvent::Saved(SaveKind::Dump));
    assert_eq!(talk.info("rdb_changes_since_last_save"), "1");
    assert_eq!(talk.info("rdb_last_bgsave_time_sec"), "2");
    assert_eq!(talk.ask("LASTSAVE"), alloc::format!(":{}", talk.now / SECOND));
    let saved = talk.now;
    talk.ask("MSET c 1 d 1");
    assert_eq!(talk.info("rdb_changes_since_last_save"), "3");
    assert_eq!(talk.wait(60), [SaveKind::Dump]);
    assert_eq!((talk.now - saved) / SECOND, 11, "more than ten seconds have passed");
    // One that failed is tried again, but not at once, and writes are refused meanwhile.
    talk.tell(StorageEvent::SaveBegun(SaveKind::Dump));
    talk.tell(StorageEvent::SaveFailed(SaveKind::Dump));
    let failed = talk.now;
    assert!(talk.ask("SET f 1").starts_with("-MISCONF Redis is configured to save RDB snapshots"));
    assert!(talk.ask("PING").starts_with("-MISCONF"));
    assert_eq!(talk.ask("GET a"), "$1\r\n1");
    assert_eq!(talk.wait(60), [SaveKind::Dump]);
    assert_eq!((talk.now - failed) / SECOND, 5);
    talk.tell(StorageEvent::SaveBegun(SaveKind::Dump));
    talk.tell(StorageEvent::Saved(SaveKind::Dump));
    assert_eq!(talk.ask("SET f 1"), "+OK");
}

#[test]
fn saves_wait_for_each_other() {
    let mut talk = Talk::with("");
    assert_eq!(talk.ask("BGREWRITEAOF"), "+Background append only file rewriting started");
    assert_eq!(core::mem::take(&mut talk.wanted), [SaveKind::Base]);
    talk.tell(StorageEvent::SaveBegun(SaveKind::Base));
    assert_eq!(talk.ask("BGREWRITEAOF"), "-ERR Background append only file rewriting already in progress");
    assert!(
        talk.ask("BGSAVE")
            .starts_with("-ERR Another child process is active (AOF?): can't BGSAVE right now.")
    );
    assert_eq!(talk.ask("BGSAVE SCHEDULE"), "+Background saving scheduled");
    assert_eq!(talk.wanted, []);
    talk.tell(StorageEvent::SaveFailed(SaveKind::Base));
    assert_eq!(core::mem::take(&mut talk.wanted), [SaveKind::Dump]);
    assert_eq!(talk.info("aof_last_bgrewrite_status"), "err");
    assert_eq!(talk.info("aof_rewrites_consecutive_failures"), "1");
    talk.tell(StorageEvent::SaveBegun(SaveKind::Dump));
    assert_eq!(talk.ask("BGREWRITEAOF"), "+Background append only file rewriting scheduled");
    assert_eq!(talk.info("aof_rewrite_scheduled"), "1");
    talk.tell(StorageEvent::Saved(SaveKind::Dump));
    assert_eq!(core::mem::take(&mut talk.wanted), [SaveKind::Base]);
    assert_eq!(talk.ask("BGSAVE NOW"), "-ERR syntax error");
}

#[test]
fn a_log_that_fails_refuses_writes_until_it_does_not() {
    let mut talk = Talk::with("");
    assert_eq!(talk.ask("CONFIG SET appendonly yes"), "+OK");
    talk.tell(StorageEvent::LogFailed { why: "No space left on device" });
    let refused = "-MISCONF Errors writing to the AOF file: No space left on device";
    assert_eq!(talk.ask("SET a 1"), refused);
    assert_eq!(talk.ask("PING"), refused);
    assert_eq!(talk.ask("GET a"), "$-1");
    assert_eq!(talk.ask("MULTI"), "+OK");
    assert_eq!(talk.ask("SET a 1"), refused);
    assert_eq!(talk.ask("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
    assert_eq!(talk.info("aof_last_write_status"), "err");
    talk.tell(StorageEvent::LogRecovered);
    assert_eq!(talk.ask("SET a 1"), "+OK");
    assert_eq!(talk.info("aof_last_write_status"), "ok");
}

#[test]
fn only_what_is_durable_ends_a_wait_for_it() {
    for policy in ["always", "everysec", "no"] {
        let mut talk = Talk::with("");
        assert_eq!(talk.ask(&format!("CONFIG SET appendonly yes appendfsync {policy}")), "+OK");
        // Who has written nothing waits for nothing.
        assert_eq!(talk.ask("WAITAOF 1 0 0"), "*2\r\n:1\r\n:0");
        assert_eq!(talk.ask("SET a 1"), "+OK");
        assert_eq!(talk.ask("WAITAOF 1 0 0"), "", "{policy}");
        let first = talk.conn;
        talk.conn = talk.engine.connect(talk.now, Peer { addr: "", laddr: "", unix: false, trusted: false });
        assert_eq!(talk.ask("GET a"), "$1\r\n1");
        assert_eq!(talk.ask("WAITAOF 1 0 0"), "*2\r\n:1\r\n:0");
        assert_eq!(talk.ask("EVAL redis.call('set','b',1) 0"), "$-1");
        talk.engine.storage(talk.now, StorageEvent::Durable { upto: 1 });
        assert_eq!(talk.collect(), "*2\r\n:1\r\n:0");
        assert_eq!(talk.ask("WAITAOF 1 0 0"), "");
        talk.conn = first;
        talk.engine.storage(talk.now, StorageEvent::CommitsAreDurable(true));
        // A reply that leaves with what it tells of says enough, but only as long as the policy is that.
        assert_eq!(talk.ask("INCR a"), ":2");
        let is_met = if policy == "always" { "*2\r\n:1\r\n:0" } else { "" };
        assert_eq!(talk.ask("WAITAOF 1 0 0"), is_met, "{policy}");
    }
}

#[test]
fn an_embedder_without_files_has_nothing_to_save_to() {
    let mut engine = Engine::new(Options::default(), [5; 16], 1);
    let conn = engine.connect(1, Peer { addr: "", laddr: "", unix: false, trusted: false });
    for (request, reply) in [
        ("SAVE", "-ERR nothing can be saved: the engine holds its data in memory only\r\n"),
        ("BGSAVE", "-ERR nothing can be saved: the engine holds its data in memory only\r\n"),
        ("BGSAVE SCHEDULE", "-ERR nothing can be saved: the engine holds its data in memory only\r\n"),
        ("SHUTDOWN SAVE", "-ERR Errors trying to SHUTDOWN. Check logs.\r\n"),
        ("BGREWRITEAOF", "-ERR nothing can be saved: the engine holds its data in memory only\r\n"),
        (
            "CONFIG SET save 1",
            "-ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters\r\n",
        ),
        (
            "CONFIG SET appendonly yes",
            "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - argument must be 'no'\r\n",
        ),
    ] {
        engine.handle_input(1, conn, &encode(request));
        let Some(Output::Write { bytes, .. }) = engine.poll_output() else {
            panic!("{request} has no reply")
        };
        assert_eq!(String::from_utf8_lossy(bytes), reply);
        assert!(engine.poll_output().is_none());
    }
}

#[test]
fn an_embedder_that_always_keeps_a_log_takes_effects_by_themselves() {
    let mut talk = Talk::with("");
    let mut options = Options { effects: true, ..Options::default() };
    options.config.persistence.keep_log_always();
    talk.engine = Engine::new(options, [5; 16], talk.now);
    talk.conn = talk.engine.connect(talk.now, Peer { addr: "", laddr: "", unix: false, trusted: false });
    let refusal = talk.ask("CONFIG SET appendonly no");
    assert!(refusal.contains("argument must be 'yes'"), "{refusal}");
    assert_eq!(talk.ask("CONFIG SET appendonly yes"), "+OK");
    // What is taken by itself is no output any more, and counts as one call.
    talk.engine.handle_input(talk.now, talk.conn, &encode("SET key value"));
    let mut effects = Vec::new();
    while let Some((bytes, db)) = talk.engine.poll_effects() {
        assert_eq!(db, None);
        effects.extend_from_slice(bytes);
    }
    assert!(String::from_utf8_lossy(&effects).contains("SET"));
    assert_eq!(talk.collect(), "+OK");
    assert_eq!(talk.ask("GET key"), "$5\r\nvalue");
    talk.tell(StorageEvent::Durable { upto: 1 });
    assert_eq!(talk.ask("WAITAOF 1 0 0"), "*2\r\n:1\r\n:0");
}
