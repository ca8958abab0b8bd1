//! RDB files and logs: what none of the samples has, in any pieces, and what other servers say of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sanderling_core::{LoadFormat, Loaded};
use sanderling_tests::random::Random;
use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Native, Oracle, Received, Target, compared};
use sanderling_tests::text::encode_request;

use crate::memory::peak_during;

/// When the files are loaded, in microseconds since 1970.
const NOW: u64 = 1_796_200_000_000_000;
const RDB: LoadFormat = LoadFormat::Rdb { keeps_expired: false, skips_modules: false };

fn engine(settings: &[(&str, &str)]) -> Native {
    Native::new(Clock::Virtual(NOW), [4; 16], &[&[("enable-debug-command", "yes")], settings].concat())
}

fn ask(target: &mut dyn Target, line: &str) -> Reply {
    ask_with(target, &line.split(' ').map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>())
}

fn ask_with(target: &mut dyn Target, words: &[Vec<u8>]) -> Reply {
    let connection = target.open();
    let mut request = Vec::new();
    encode_request(words, &mut request);
    target.send(connection, &request);
    match target.receive(connection) {
        Received::Reply(reply) => reply,
        other => panic!("{words:?} is answered by {other:?}"),
    }
}

fn text(target: &mut dyn Target, line: &str) -> String {
    match ask(target, line) {
        Reply::Integer(number) => number.to_string(),
        reply => String::from_utf8_lossy(reply.bytes().unwrap_or_default()).into_owned(),
    }
}

/// The beginning of a file, to which parts are added.
struct File(Vec<u8>);

impl File {
    fn new(magic: &str) -> File {
        File(magic.as_bytes().to_vec())
    }

    fn string(mut self, text: &[u8]) -> File {
        match text.len() {
            len @ 0..64 => self.0.push(len as u8),
            len => {
                self.0.push(0x80);
                self.0.extend_from_slice(&(len as u32).to_be_bytes());
            }
        }
        self.0.extend_from_slice(text);
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> File {
        self.0.extend_from_slice(bytes);
        self
    }

    fn aux(self, name: &str, value: &str) -> File {
        self.bytes(b"\xfa").string(name.as_bytes()).string(value.as_bytes())
    }

    fn set(self, key: &str, value: &[u8]) -> File {
        self.bytes(b"\0").string(key.as_bytes()).string(value)
    }

    /// The file with its end, without a checksum.
    fn end(self) -> Vec<u8> {
        self.bytes(b"\xff\0\0\0\0\0\0\0\0").0
    }
}

fn load(native: &mut Native, file: &[u8]) -> Result<Loaded, String> {
    native.load(RDB, file).map_err(|fault| fault.to_string())
}

#[test]
fn a_file_means_the_same_in_any_pieces() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for server in ["redis-6.2.14", "redis-8.6.3", "valkey-9.1.2"] {
        let file = fs::read(folder.join(server).join("dump.rdb")).expect("the sample is there");
        let states = [(1, true), (7, false), (4096, true), (file.len(), true), (50_000, false)].map(
            |(piece_bytes, is_announced)| {
                let mut native = engine(&[]);
                let announced = is_announced.then_some(file.len() as u64);
                let loaded = native.load_by(RDB, &file, piece_bytes, announced).expect("it is whole");
                (loaded, text(&mut native, "DEBUG DIGEST"))
            },
        );
        assert!(states.iter().all(|state| *state == states[0]), "{server}: {states:?}");
    }
}

/// A value of many pieces is not kept in another form beside it, and what is only announced costs nothing.
#[test]
fn loading_takes_little_more_than_the_data() {
    const MEMBERS: u32 = 40_000;
    let mut zset = File::new("REDIS0009").bytes(b"\x05").string(b"z").bytes(b"\x80");
    zset = zset.bytes(&MEMBERS.to_be_bytes());
    for number in 0..MEMBERS {
        // In no order.
        let score = f64::from(number.wrapping_mul(0x9e37_79b1));
        zset = zset.string(format!("member:{number}").as_bytes()).bytes(&score.to_le_bytes());
    }
    let string = File::new("REDIS0009").set("s", &vec![b'x'; 3 << 20]);
    let lie = File::new("REDIS0009").bytes(b"\xfe\0\xfb\x81\x7f\0\0\0\0\0\0\0\0").set("s", b"1");
    for (file, data_factor) in [(zset.end(), 4), (string.end(), 1), (lie.end(), 0)] {
        for announced in [None, Some(file.len() as u64)] {
            let mut native = engine(&[]);
            let peak = peak_during(|| {
                native.load_by(RDB, &file, 4096, announced).expect("it is whole");
            });
            // What is not announced is made room for as it comes, and then there is the old and the new one.
            let growth = if announced.is_some() { 1 } else { 3 };
            let most = growth * (1 + data_factor) * file.len() + (1 << 18);
            assert!(peak <= most, "{peak} bytes for a file of {}", file.len());
            native.load_by(RDB, &file, 1000, announced).expect_err("the keys are there already");
        }
    }
}

#[test]
fn facts_and_sizes_may_stand_anywhere() {
    let file = File::new("REDIS0012")
        .aux("redis-ver", "8.0.2")
        .bytes(b"\xfe\x00\xfb\x02\x00")
        // A slot of a cluster, with its keys and those that expire.
        .bytes(b"\xf4\x40\xee\x01\x00")
        .set("a", b"1")
        .aux("slot-info", "238,1,0")
        .set("b", b"2")
        .bytes(b"\xfe\x03")
        .set("c", b"3")
        .bytes(b"\xfe\x00")
        .set("d", b"4")
        .end();
    let mut native = engine(&[]);
    assert_eq!(load(&mut native, &file).map(|loaded| loaded.keys), Ok(4));
    assert_eq!(text(&mut native, "DBSIZE"), "3");
    assert_eq!(text(&mut native, "GET d"), "4");
}

/// Replicated primaries before 7.0 put scripts behind the keys.
#[test]
fn scripts_of_old_files_are_kept() {
    let file = File::new("REDIS0009").set("a", b"1").aux("lua", "return 'kept'").end();
    let mut native = engine(&[]);
    assert!(load(&mut native, &file).is_ok());
    let words = ["EVAL", "return redis.sha1hex(\"return 'kept'\")", "0"].map(|word| word.as_bytes().to_vec());
    let digest =
        ask_with(&mut native, &words).bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let digest = digest.expect("a digest is text");
    assert_eq!(text(&mut native, &format!("EVALSHA {digest} 0")), "kept");
}

#[test]
fn deadlines_of_keydb_are_those_of_fields() {
    let at = NOW / 1000 + 5000;
    let member = |file: File, name: &str| {
        file.aux("keydb-subexpire-key", name).aux("keydb-subexpire-when", &at.to_string())
    };
    let file = File::new("REDIS0009").aux("mvcc-tstamp", "123").bytes(b"\x04").string(b"h").bytes(b"\x02");
    let file = file.string(b"f").string(b"1").string(b"g").string(b"2");
    let file = member(file, "f").bytes(b"\x02").string(b"s").bytes(b"\x02").string(b"a").string(b"b");
    let file = member(file, "a").set("last", b"1").end();
    let mut native = engine(&[]);
    let loaded = load(&mut native, &file).expect("it is whole");
    assert_eq!((loaded.keys, loaded.member_deadlines), (3, 1));
    let reply = ask(&mut native, "HPEXPIRETIME h FIELDS 2 f g");
    assert_eq!(reply, Reply::Array(vec![Reply::Integer(at as i64), Reply::Integer(-1)]));
    native.advance(Duration::from_secs(6));
    assert_eq!(text(&mut native, "HLEN h"), "1");
    assert_eq!(text(&mut native, "SCARD s"), "2");
}

#[test]
fn what_is_not_known_is_refused_by_key_type_and_offset() {
    let start = || File::new("REDIS0013").bytes(b"\xfe\0").set("a", b"1");
    for (file, expected) in [
        (
            start().bytes(&[28]).string(b"k").end(),
            "a value of type 28, which is not known, at offset 16, key 'k'",
        ),
        (
            start().bytes(&[64]).string(b"k").end(),
            "a value of type 64, which is not known, at offset 16, key 'k'",
        ),
        (
            start().bytes(b"\x06").string(b"k").bytes(b"\x01\x02").end(),
            "data of a module (--import-skip-unsupported leaves it out), at offset 16, key 'k'",
        ),
        (
            start().bytes(b"\x02").string(b"k").bytes(b"\x40\xff").string(b"m").end(),
            "the file ends too early, at offset 16, key 'k'",
        ),
        (File::new("VALKEY080").bytes(b"\xf3").end(), "keys of a slot that was being moved, at offset 9"),
        (
            File::new("REDIS0013").set("a", b"1").bytes(b"\xf3\x01").end(),
            "what modules keep of the next key besides its value, at offset 14",
        ),
        (start().bytes(b"\xfe\x10").end(), "database 16 at offset 18, and there are not so many"),
        (start().set("a", b"2").end(), "the key 'a' twice, before offset 30"),
        (b"VALKEY011\xff".to_vec(), "it is no RDB file, at offset 0"),
        (b"REDIS0080\xff".to_vec(), "it is no RDB file, at offset 0"),
    ] {
        assert_eq!(load(&mut engine(&[]), &file).map(|_| ()), Err(expected.to_owned()));
    }
}

/// A module's value tells where it ends, also when it is longer than a piece.
#[test]
fn values_of_modules_are_left_out() {
    let part = |file: File, len: usize| file.bytes(b"\x05").string(&vec![b'j'; len]);
    let file = File::new("REDIS0011").bytes(b"\xf7\x81\0\0\0\0\0\0\0\x01\x02\x01\x02\x2a\x00").bytes(b"\x07");
    let file = part(file.string(b"doc").bytes(b"\x81\0\0\0\0\0\0\0\x01"), 20_000);
    let file = part(file.bytes(b"\x01\x05\x02\x07\x03\0\0\0\0\x04\0\0\0\0\0\0\0\0"), 3);
    let file = file.bytes(b"\x00").set("a", b"1").end();
    let skip = LoadFormat::Rdb { keeps_expired: false, skips_modules: true };
    for piece_bytes in [5, 1000, 1 << 20] {
        let mut native = engine(&[]);
        let loaded = native.load_by(skip, &file, piece_bytes, None).expect("it is whole");
        assert_eq!((loaded.keys, loaded.skipped), (1, 2));
        assert_eq!(text(&mut native, "GET a"), "1");
    }
}

/// Redis without an eviction policy says of small integers, which all keys share, that they were last used in 1970, and
/// never since; this would let them go first.
#[test]
fn the_use_of_keys_is_believed_where_it_can_be() {
    let clock = (NOW / 1_000_000) & 0xff_ffff;
    let idle =
        |file: File, seconds: u64| file.bytes(&[&[0xf8, 0x80][..], &(seconds as u32).to_be_bytes()].concat());
    let file = File::new("REDIS0012").aux("ctime", &(NOW / 1_000_000).to_string());
    let file = idle(file, 100).set("idle", b"text");
    let file = idle(file, clock).set("shared", b"5");
    let file = idle(file, 200).set("integer", b"5");
    let file = file.bytes(b"\xf9\x2a").set("used", b"text").bytes(b"\xf9\0").set("counted", b"7");
    let file = file.bytes(b"\xf9\0").set("unused", b"text").end();
    let mut native = engine(&[]);
    load(&mut native, &file).expect("it is whole");
    for (key, seconds) in [("idle", "100"), ("shared", "0"), ("integer", "200"), ("used", "0")] {
        assert_eq!(text(&mut native, &format!("OBJECT IDLETIME {key}")), seconds, "{key}");
    }
    let mut native = engine(&[("maxmemory-policy", "allkeys-lfu")]);
    load(&mut native, &file).expect("it is whole");
    for (key, frequency) in [("used", "42"), ("counted", "5"), ("unused", "0"), ("idle", "5")] {
        assert_eq!(text(&mut native, &format!("OBJECT FREQ {key}")), frequency, "{key}");
    }
}

#[test]
fn a_log_ends_at_what_would_change_its_meaning() {
    let load = |commands: &[&str]| {
        let mut log = b"#TS:1796200000\r\n".to_vec();
        for command in commands {
            let words: Vec<_> = command.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            encode_request(&words, &mut log);
        }
        let mut native = Native::new(Clock::Virtual(NOW), [4; 16], &[("databases", "4")]);
        let loaded = native.load(LoadFormat::Commands, &log).map_err(|fault| fault.to_string());
        loaded.map(|loaded| (loaded.errors, text(&mut native, "DBSIZE")))
    };
    assert_eq!(load(&["SET a 1", "SELECT 3", "SET b 2", "SELECT 0", "SET c 3"]), Ok((0, "2".to_owned())));
    // A known command that is answered by an error is passed over.
    assert_eq!(load(&["SET a 1", "LPUSH a x", "XADD s IDMP p i * a", "SET b 1"]), Ok((2, "2".to_owned())));
    let refused = |commands: &[&str]| load(commands).expect_err("it is refused");
    assert_eq!(refused(&["SELECT 9", "SET b 2"]), "a database that is not there: '9'");
    assert_eq!(refused(&["MULTI", "SELECT 4", "SET b 2", "EXEC"]), "a database that is not there: '4'");
    assert_eq!(refused(&["SET a 1", "NOSUCH a"]), "a command that is not known: 'NOSUCH'");
    assert_eq!(refused(&["XGROUP NOSUCH a b"]), "a subcommand that is not known: 'NOSUCH'");
    assert_eq!(refused(&["SET a 1", "MULTI", "SET b 1"]), "a command without its end");
    let mut native = Native::new(Clock::Virtual(NOW), [4; 16], &[]);
    let inline = native.load(LoadFormat::Commands, b"SET a 1\r\n").map_err(|fault| fault.to_string());
    assert_eq!(inline.map(|_| ()), Err("a line that is no command: 'SET a 1'".to_owned()));
    for nothing in [&b"*0\r\n"[..], b"*1\r\n$4\r\nPING\r\n*0\r\n*1\r\n$4\r\nPING\r\n"] {
        let mut native = Native::new(Clock::Virtual(NOW), [4; 16], &[]);
        let empty = native.load(LoadFormat::Commands, nothing).map_err(|fault| fault.to_string());
        assert_eq!(empty.map(|_| ()), Err("a command without words".to_owned()));
    }
}

/// All types, small and large, as redis-server 7.0.15 has them.
fn filled() -> Native {
    let mut native =
        Native::new(Clock::Machine, [5; 16], &[("enable-debug-command", "yes"), ("effects", "yes")]);
    let mut random = Random::new(3);
    for (size, name) in [(5, "small"), (3000, "large")] {
        for command in ["RPUSH l", "SADD s", "SADD n", "HSET h", "ZADD z"] {
            let (word, key) = command.split_once(' ').expect("a command and a key");
            let mut words = vec![word.as_bytes().to_vec(), format!("{key}:{name}").into_bytes()];
            for number in 0..size {
                match word {
                    "HSET" => words.push(format!("field:{number}").into_bytes()),
                    "ZADD" => words.push(format!("{}", random.below(1000) as f64 / 8.0).into_bytes()),
                    _ => {}
                }
                words.push(match key {
                    "n" => (number * 7).to_string().into_bytes(),
                    _ => format!("element:{number}").into_bytes(),
                });
            }
            ask_with(&mut native, &words);
        }
        for number in 0..size {
            ask(
                &mut native,
                &format!("XADD x:{name} {}-{number} name element:{number} n {number}", 5 + number),
            );
        }
        ask(&mut native, &format!("XDEL x:{name} 6-1"));
        ask(&mut native, &format!("XGROUP CREATE x:{name} group 0"));
        ask(&mut native, &format!("XREADGROUP GROUP group reader COUNT 4 STREAMS x:{name} >"));
        ask_with(&mut native, &[b"SET".to_vec(), name.into(), vec![b'v'; size * 4]]);
    }
    for line in ["SET volatile 1 EX 1000", "SET integer -7"] {
        ask(&mut native, line);
    }
    native
}

/// redis-server loads our files and logs and has the same data then, and its tools call them good.
#[test]
fn redis_server_loads_what_is_written_here() {
    let mut native = filled();
    let (file, digest) = (native.save(), text(&mut native, "DEBUG DIGEST"));
    let folder = Folder::new();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.0.join(name);
        fs::write(&path, bytes).expect("the folder is writable");
        path
    };
    let dump = write("dump.rdb", &file);
    fs::create_dir(folder.0.join("appendonlydir")).expect("the folder is writable");
    write("appendonlydir/appendonly.aof.manifest", b"file appendonly.aof.1.incr.aof seq 1 type i\n");
    let log = write("appendonlydir/appendonly.aof.1.incr.aof", &native.effects);
    for (tool, path) in [("redis-check-rdb", &dump), ("redis-check-aof", &log)] {
        let output = Command::new(tool).arg(path).output().map_err(|fault| format!("{tool}: {fault}"));
        let Some(output) = compared(tool, output) else { return };
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let dir = folder.0.to_str().expect("the folder's name is text");
    for append_only in ["no", "yes"] {
        let settings = ["--dir", dir, "--appendonly", append_only, "--enable-debug-command", "yes"];
        let oracle = Oracle::start_with(&settings);
        let Some(mut oracle) = compared("files that redis-server loads", oracle) else { return };
        assert_eq!(text(&mut oracle, "DEBUG DIGEST"), digest, "appendonly {append_only}");
        if append_only == "no" {
            // And back.
            assert!(ask(&mut oracle, "SAVE").is_simple("OK"));
            let mut again = Native::new(Clock::Machine, [6; 16], &[("enable-debug-command", "yes")]);
            load(&mut again, &fs::read(&dump).expect("it was just saved")).expect("it is whole");
            assert_eq!(text(&mut again, "DEBUG DIGEST"), digest);
        }
    }
}

/// A folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("sanderling-files-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files is writable");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}
