//! Snapshots while everything changes: what they load to is what was there when they began.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::base::random::Random;
use crate::engine::conversation::Conversation;
use crate::keyspace::store::Policy;
use crate::{LoadFormat, Options, SaveFault, SaveOptions};

const OPTIONS: SaveOptions =
    SaveOptions { is_base: true, is_compressed: true, compress_min_bytes: 32, has_checksum: true };
/// Databases that requests use.
const DATABASES: usize = 4;
/// What makes a value of each type, of `n` elements that begin with `p`, and long strings.
const MAKERS: [&str; 7] = [
    "for i=1,n do redis.call('SADD',k,p..i) end",
    "for i=1,n do redis.call('HSET',k,p..i,'v'..i) end",
    "for i=1,n do redis.call('HSET',k,p..i,'v'..i) end for i=1,n,3 do redis.call('HPEXPIRE',k,t+i,'FIELDS',1,p..i) end",
    "for i=1,n do redis.call('ZADD',k,i%50,p..i) end",
    "for i=1,n do redis.call('RPUSH',k,p..i) end",
    "for i=1,n do redis.call('XADD',k,'*','f',p..i) end",
    "redis.call('SETRANGE',k,n*300,p)",
];

/// A client's random requests.
struct World {
    talk: Conversation,
    conn: u32,
    random: Random,
}

impl World {
    fn new(seed: u64) -> World {
        let mut talk = Conversation::with(Options::default());
        let conn = talk.client();
        talk.ask(conn, "CONFIG SET enable-debug-command yes");
        talk.ask(conn, "CONFIG SET list-max-listpack-size 20");
        World { talk, conn, random: Random::new([seed as u8; 16]) }
    }

    fn call(&mut self, words: &[&str]) -> String {
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
        }
        self.talk.send_bytes(self.conn, &bytes);
        self.talk.said(self.conn)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.random.below(n)
    }

    fn make(&mut self, kind: usize, key: &str, elements: u64) {
        let script =
            format!("local k,n,p,t=KEYS[1],tonumber(ARGV[1]),ARGV[2],tonumber(ARGV[3]) {}", MAKERS[kind]);
        let prefix = format!("e{}", self.below(3));
        let until = self.below(3_000_000).to_string();
        self.call(&["DEL", key]);
        self.call(&["EVAL", &script, "1", key, &elements.to_string(), &prefix, &until]);
    }

    /// One random request, or something else that happens.
    fn act(&mut self) {
        let key = format!("k{}", self.below(24));
        let other = format!("k{}", self.below(24));
        let element = format!("e{}{}", self.below(3), self.below(1700));
        let number = self.below(2000).to_string();
        let (key, other, element) = (&*key, &*other, &*element);
        let db = self.below(DATABASES as u64).to_string();
        match self.below(64) {
            0 | 1 => {
                let kind = self.random.index(MAKERS.len());
                let elements = [5, 100, 1600][self.random.index(3)];
                self.make(kind, key, elements);
            }
            2 => self.talk.pass(self.random.below(400_000)),
            3 => {
                let policy = Policy::ALL[self.random.index(7)];
                _ = self.talk.engine.parts().0.evict_one(policy, 5);
            }
            4 => _ = self.call(&["SELECT", &db]),
            5 => {
                let second = self.below(DATABASES as u64).to_string();
                self.call(&["SWAPDB", &db, &second]);
            }
            6 if self.below(8) == 0 => _ = self.call(&["FLUSHDB"]),
            7 if self.below(20) == 0 => _ = self.call(&["FLUSHALL"]),
            8 => _ = self.call(&["MOVE", key, &db]),
            9 | 10 => _ = self.call(&["RENAME", key, other]),
            11 => _ = self.call(&["COPY", key, other, "DB", &db, "REPLACE"]),
            12 => _ = self.call(&["DEL", key]),
            13 => _ = self.call(&["PEXPIRE", key, &number]),
            14 => _ = self.call(&["PERSIST", key]),
            15 => _ = self.call(&["SET", key, element]),
            16 => _ = self.call(&["SET", key, &number, "PX", "700", "GET"]),
            17 => _ = self.call(&["APPEND", key, element]),
            18 => _ = self.call(&["SETRANGE", key, &number, element]),
            19 => _ = self.call(&["INCR", key]),
            20 => _ = self.call(&["SETBIT", key, &number, "1"]),
            21 => _ = self.call(&["GETDEL", key]),
            22 => _ = self.call(&["GETEX", key, "PX", &number]),
            23 => _ = self.call(&["BITOP", "OR", key, other, key]),
            24 => _ = self.call(&["PFADD", key, element]),
            25 => _ = self.call(&["LPUSH", key, element, element]),
            26 => _ = self.call(&["RPOP", key, "3"]),
            27 => _ = self.call(&["LSET", key, &number, element]),
            28 => _ = self.call(&["LINSERT", key, "BEFORE", element, "new"]),
            29 => _ = self.call(&["LTRIM", key, "1", &number]),
            30 => _ = self.call(&["LREM", key, "1", element]),
            31 => _ = self.call(&["LMOVE", key, other, "LEFT", "RIGHT"]),
            32 => _ = self.call(&["SORT", key, "ALPHA", "STORE", other]),
            33 | 34 => _ = self.call(&["HSET", key, element, &number, "f", "1"]),
            35 => _ = self.call(&["HDEL", key, element]),
            36 => _ = self.call(&["HPEXPIRE", key, &number, "FIELDS", "2", element, "f"]),
            37 => _ = self.call(&["HPERSIST", key, "FIELDS", "1", element]),
            38 => _ = self.call(&["HINCRBY", key, "f", "1"]),
            39 => _ = self.call(&["HGETDEL", key, "FIELDS", "1", element]),
            40 => _ = self.call(&["HGETALL", key]),
            41 | 42 => _ = self.call(&["SADD", key, element, "new"]),
            43 => _ = self.call(&["SREM", key, element]),
            44 => _ = self.call(&["SPOP", key, &number]),
            45 => _ = self.call(&["SMOVE", key, other, element]),
            46 => _ = self.call(&["SUNIONSTORE", key, key, other]),
            47 | 48 => _ = self.call(&["ZADD", key, &number, element]),
            49 => _ = self.call(&["ZINCRBY", key, "1", element]),
            50 => _ = self.call(&["ZREM", key, element]),
            51 => _ = self.call(&["ZREMRANGEBYRANK", key, "3", &number]),
            52 => _ = self.call(&["ZPOPMIN", key, "2"]),
            53 => _ = self.call(&["ZUNIONSTORE", key, "2", key, other]),
            54 => _ = self.call(&["XADD", key, "MAXLEN", &number, "*", "f", element]),
            55 => _ = self.call(&["XTRIM", key, "MAXLEN", &number]),
            56 => _ = self.call(&["XGROUP", "CREATE", key, "g", "0"]),
            57 => _ = self.call(&["XREADGROUP", "GROUP", "g", element, "COUNT", "5", "STREAMS", key, ">"]),
            58 => _ = self.call(&["XGROUP", "SETID", key, "g", "$"]),
            59 => _ = self.call(&["SPOP", key]),
            60 => _ = self.call(&["GETSET", key, element]),
            61 => _ = self.call(&["RENAMENX", key, other]),
            62 => {
                _ = self.call(&[
                    "EVAL",
                    "redis.call('HSET',KEYS[1],'a','b') return redis.call('DEL',KEYS[2])",
                    "2",
                    key,
                    other,
                ])
            }
            _ => _ = self.call(&["GET", key]),
        }
    }

    /// A beginning that depends on the world's seed alone: values, and snapshots that come to an end or do not.
    fn prepare(&mut self) {
        for _ in 0..150 {
            self.act();
        }
        for _ in 0..self.below(3) {
            let begun = self.talk.engine.save_begin(self.talk.now, OPTIONS);
            assert_eq!(begun, if self.talk.engine.is_clearing() { Err(SaveFault::Clearing) } else { Ok(()) });
            for _ in 0..self.below(60) {
                self.act();
                self.step();
            }
            if self.below(2) == 0 {
                self.talk.engine.save_abort(self.talk.now);
            } else {
                self.end();
            }
            for _ in 0..self.below(20) {
                self.act();
            }
        }
        for _ in 0..30 {
            self.act();
        }
        while self.talk.engine.is_clearing() {
            self.step();
        }
    }

    /// A step of any size.
    fn step(&mut self) {
        let bytes = [1, 100, 3000, 70_000][self.random.index(4)];
        self.talk.engine.save_step(self.talk.now, bytes);
        self.talk.collect();
    }

    /// Goes on to the end of the snapshot and returns the file.
    fn end(&mut self) -> Vec<u8> {
        while self.talk.engine.is_saving() {
            self.talk.engine.save_step(self.talk.now, 70_000);
            self.talk.collect();
        }
        let end = self.talk.snapshot_end.take();
        assert!(matches!(end, Some(Ok(_))), "{end:?}");
        core::mem::take(&mut self.talk.snapshot)
    }

    fn begin(&mut self) {
        self.talk.snapshot.clear();
        assert_eq!(self.talk.engine.save_begin(self.talk.now, OPTIONS), Ok(()));
    }
}

/// What an engine holds, by database and key; looked at when its clock stands still.
fn contents(talk: &mut Conversation) -> BTreeMap<String, String> {
    let conn = talk.client();
    let mut all = BTreeMap::new();
    for db in 0..DATABASES {
        talk.ask(conn, &format!("SELECT {db}"));
        let (store, _) = talk.engine.parts();
        let keys: Vec<String> = store
            .entries(db)
            .map(|entry| String::from_utf8(crate::structures::table::Keyed::key(entry).to_vec()).unwrap())
            .collect();
        for key in keys {
            let mut told = String::new();
            for request in ["DEBUG DIGEST-VALUE", "OBJECT ENCODING", "PEXPIRETIME", "TYPE"] {
                told += &talk.ask(conn, &format!("{request} {key}"));
                told.push(' ');
            }
            if told.contains("hash") {
                let fields = talk.ask(conn, &format!("HKEYS {key}"));
                let mut fields: Vec<&str> = fields.split('|').skip(2).step_by(2).collect();
                fields.sort_unstable();
                let names = fields.join(" ");
                told += &talk.ask(conn, &format!("HPEXPIRETIME {key} FIELDS {} {names}", fields.len()));
            } else if !told.contains("hashtable") {
                told += &talk.ask(conn, &format!("DUMP {key}"));
            }
            all.insert(format!("{db} {key}"), told);
        }
    }
    all
}

fn load(file: &[u8], now: u64) -> BTreeMap<String, String> {
    let mut talk = Conversation::with(Options::default());
    talk.now = now;
    let conn = talk.client();
    talk.ask(conn, "CONFIG SET enable-debug-command yes");
    talk.ask(conn, "CONFIG SET list-max-listpack-size 20");
    talk.engine.load_begin(now, LoadFormat::Rdb { keeps_expired: false, skips_modules: false });
    for piece in file.chunks(5000) {
        talk.engine.load(now, piece).expect("the file is whole");
    }
    talk.engine.load_end(now).expect("the file is whole");
    contents(&mut talk)
}

/// Runs a world up to a moment twice. Of one a snapshot is made while it stands still, of the other while it goes on; and
/// what both load to is what was there.
fn compare(seed: u64) {
    let (mut still, mut moving) = (World::new(seed), World::new(seed));
    still.prepare();
    moving.prepare();
    let now = still.talk.now;
    still.begin();
    let expected = still.end();
    moving.begin();
    assert_eq!(moving.talk.engine.save_begin(now, OPTIONS), Err(SaveFault::Running));
    for _ in 0..1 + moving.below(300) {
        for _ in 0..moving.below(6) {
            moving.act();
        }
        if moving.talk.engine.is_saving() {
            moving.step();
        }
    }
    let file = if moving.talk.engine.is_saving() {
        moving.end()
    } else {
        assert!(matches!(moving.talk.snapshot_end, Some(Ok(_))), "{:?}", moving.talk.snapshot_end);
        core::mem::take(&mut moving.talk.snapshot)
    };
    assert_eq!(file[..9], expected[..9], "seed {seed}: the version");
    let (expected, found) = (load(&expected, now), load(&file, now));
    for (key, told) in &expected {
        assert_eq!(found.get(key), Some(told), "seed {seed}: {key}");
    }
    assert_eq!(found.len(), expected.len(), "seed {seed}");
    // What the world holds itself, whose collections may be in larger forms than they would be loaded to.
    let own = contents(&mut still.talk);
    let digests = |all: &BTreeMap<String, String>| -> Vec<(String, String)> {
        let digest = |told: &String| told.split(' ').next().unwrap_or_default().to_string();
        all.iter().map(|(key, told)| (key.clone(), digest(told))).collect()
    };
    assert!(digests(&own) == digests(&expected), "seed {seed}");
}

#[test]
fn a_snapshot_is_of_the_moment_when_it_began() {
    for seed in 1..=40 {
        compare(seed);
    }
}
