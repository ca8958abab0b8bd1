//! Snapshots while everything changes: what they load to is what was there when they began.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::base::random::Random;
use crate::engine::conversation::Conversation;
use crate::keyspace::store::Policy;
use crate::rdb::file::WRITTEN;
use crate::{LoadFormat, Options, Output, Room, SaveFault, SaveFormat, SaveOptions};

const OPTIONS: SaveOptions =
    SaveOptions { format: SaveFormat::Base, is_compressed: true, compress_min_bytes: 32, has_checksum: true };
const COMMANDS: SaveOptions = SaveOptions { format: SaveFormat::Commands, ..OPTIONS };
/// Databases that requests use.
const DATABASES: usize = 4;
/// What makes a value of each type, of `n` elements that begin with `p`, and long strings.
const MAKERS: [&str; 8] = [
    "for i=1,n do redis.call('SADD',k,p..i) end",
    "for i=1,n do redis.call('HSET',k,p..i,'v'..i) end",
    "for i=1,n do redis.call('HSET',k,p..i,'v'..i) end for i=1,n,3 do redis.call('HPEXPIRE',k,t+i,'FIELDS',1,p..i) end",
    "for i=1,n do redis.call('ZADD',k,i%50,p..i) end",
    "for i=1,n do redis.call('RPUSH',k,p..i) end",
    "for i=1,n do redis.call('XADD',k,'*','f',p..i) end",
    "for i=1,n do redis.call('XADD',k,'*','f',p..i) end redis.call('XGROUP','CREATE',k,'g','0') \
     redis.call('XREADGROUP','GROUP','g','c','STREAMS',k,'>') \
     redis.call('XAUTOCLAIM',k,'g','d','0','0','COUNT',math.ceil(n/3),'JUSTID')",
    "redis.call('SETRANGE',k,n*300,p)",
];

/// A script that changes one key and deletes another one.
const TWO_KEYS: &str = "redis.call('HSET',KEYS[1],'a','b') return redis.call('DEL',KEYS[2])";

fn options() -> Options {
    let mut options = Options::default();
    for (name, value) in [("enable-debug-command", "yes"), ("list-max-listpack-size", "20")] {
        options.set(name, value).expect("these are settings");
    }
    options
}

/// A client's random requests.
struct World {
    talk: Conversation,
    conn: u32,
    random: Random,
}

impl World {
    fn new(seed: u64) -> World {
        let mut talk = Conversation::with(options());
        let conn = talk.client();
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
        let prefix = format!("e{}", self.below(2));
        let until = self.below(3_000).to_string();
        self.call(&["DEL", key]);
        self.call(&["EVAL", &script, "1", key, &elements.to_string(), &prefix, &until]);
    }

    /// One random request, or something else that happens.
    fn act(&mut self) {
        let key = format!("k{}", self.below(8));
        let other = format!("k{}", self.below(8));
        let element = format!("e{}{}", self.below(2), self.below(1700));
        let number = self.below(2000).to_string();
        // Somewhere in a string of several pieces, or a little behind it.
        let place = (self.below(8) * 65_000 + self.below(3000)).to_string();
        let (key, other, element) = (&*key, &*other, &*element);
        let db = self.below(DATABASES as u64).to_string();
        match self.below(68) {
            0 | 1 => {
                let kind = self.random.index(MAKERS.len());
                let elements = [5, 100, 1600, 1600][self.random.index(4)];
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
            6 if self.below(3) == 0 => _ = self.call(&["FLUSHDB"]),
            7 if self.below(8) == 0 => _ = self.call(&["FLUSHALL"]),
            8 => _ = self.call(&["MOVE", key, &db]),
            9 | 10 => _ = self.call(&["RENAME", key, other]),
            11 => _ = self.call(&["COPY", key, other, "DB", &db, "REPLACE"]),
            12 => _ = self.call(&["DEL", key]),
            13 => _ = self.call(&["PEXPIRE", key, &number]),
            14 => _ = self.call(&["PERSIST", key]),
            15 => _ = self.call(&["SET", key, element]),
            16 => _ = self.call(&["SET", key, &number, "PX", "700", "GET"]),
            17 => _ = self.call(&["APPEND", key, element]),
            18 => _ = self.call(&["SETRANGE", key, &place, element]),
            19 => _ = self.call(&["INCR", key]),
            20 => _ = self.call(&["SETBIT", key, &format!("{place}7"), "1"]),
            21 => _ = self.call(&["GETDEL", key]),
            22 => _ = self.call(&["GETEX", key, "PX", &number]),
            23 => _ = self.call(&["BITOP", "OR", key, other, key]),
            24 if self.below(2) == 0 => {
                _ = self.call(&["BITFIELD", key, "SET", "u16", &format!("{place}5"), &number])
            }
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
            54..=58 | 63..=66 => self.act_on_stream(key, element, &number),
            59 => _ = self.call(&["SPOP", key]),
            60 => _ = self.call(&["GETSET", key, element]),
            61 => _ = self.call(&["RENAMENX", key, other]),
            62 => _ = self.call(&["EVAL", TWO_KEYS, "2", key, other]),
            _ => _ = self.call(&["GET", key]),
        }
    }

    /// The same with a stream and its groups.
    fn act_on_stream(&mut self, key: &str, element: &str, number: &str) {
        match self.below(9) {
            0 => _ = self.call(&["XADD", key, "MAXLEN", number, "*", "f", element]),
            1 => _ = self.call(&["XTRIM", key, "MAXLEN", number]),
            2 => _ = self.call(&["XGROUP", "CREATE", key, "g", "0"]),
            3 => _ = self.call(&["XREADGROUP", "GROUP", "g", element, "COUNT", "5", "STREAMS", key, ">"]),
            4 => _ = self.call(&["XGROUP", "SETID", key, "g", "$"]),
            5 => _ = self.call(&["XAUTOCLAIM", key, "g", element, "0", "0", "COUNT", "9"]),
            6 => {
                let script = "for _, one in ipairs(redis.call('XPENDING',KEYS[1],'g','-','+',ARGV[1])) do \
                     redis.call('XACK',KEYS[1],'g',one[1]) end";
                _ = self.call(&["EVAL", script, "1", key, number]);
            }
            7 => {
                let script = "local id = redis.call('XPENDING',KEYS[1],'g','-','+',5)[5][1] \
                     return redis.call('XNACK',KEYS[1],'g','FAIL','IDS',1,id)";
                _ = self.call(&["EVAL", script, "1", key]);
            }
            _ => {
                let consumer = ["c", "d", element][self.random.index(3)];
                _ = self.call(&["XGROUP", "DELCONSUMER", key, "g", consumer]);
            }
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
        // Many are large when the snapshot begins.
        for _ in 0..12 {
            let (kind, key) = (self.random.index(MAKERS.len()), format!("k{}", self.below(8)));
            let db = self.below(DATABASES as u64).to_string();
            self.call(&["SELECT", &db]);
            self.make(kind, &key, 1600);
            self.act();
        }
        while self.talk.engine.is_clearing() {
            self.step();
        }
    }

    /// A step of any size.
    fn step(&mut self) {
        let bytes = [1, 1, 100, 3000, 30_000][self.random.index(5)];
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

    /// Goes on to the end of the snapshot, whatever that is; whether it is whole.
    fn ends_well(&mut self) -> bool {
        while self.talk.snapshot_end.is_none() {
            self.step();
        }
        self.talk.snapshot_end.take().expect("it has ended").is_ok()
    }

    /// Lets what a snapshot has left be cleared away.
    fn clear(&mut self) {
        while self.talk.engine.is_clearing() {
            self.talk.pass(1);
        }
    }

    fn begin(&mut self) {
        self.begin_as(OPTIONS);
    }

    fn begin_as(&mut self, options: SaveOptions) {
        self.talk.snapshot.clear();
        assert_eq!(self.talk.engine.save_begin(self.talk.now, options), Ok(()));
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
                let reply = talk.ask(conn, &format!("{request} {key}"));
                assert!(!reply.starts_with('-'), "{reply}");
                told += &reply;
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
    let mut talk = Conversation::with(options());
    talk.now = now;
    let format = match file.first() {
        Some(b'R') => LoadFormat::Rdb { keeps_expired: false, skips_modules: false },
        _ => LoadFormat::Commands,
    };
    talk.engine.load_begin(now, format, None);
    for piece in file.chunks(5000) {
        talk.engine.load(now, piece).expect("the file is whole");
    }
    let loaded = talk.engine.load_end(now).expect("the file is whole");
    assert_eq!(loaded.errors, 0);
    contents(&mut talk)
}

/// Runs a world up to a moment twice. Of one a snapshot is made while it stands still, of the other while it goes on; and
/// what both load to is what was there.
fn compare(seed: u64, options: SaveOptions) {
    let (mut still, mut moving) = (World::new(seed), World::new(seed));
    still.prepare();
    moving.prepare();
    let now = still.talk.now;
    still.begin_as(options);
    let expected = still.end();
    moving.begin_as(options);
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
    if options.format != SaveFormat::Commands {
        assert_eq!(file[..9], expected[..9], "seed {seed}: the version");
    }
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
    // By hand as many as one likes.
    let seeds = std::env::var("SANDERLING_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    for seed in 1..=seeds {
        compare(seed, OPTIONS);
        compare(seed, COMMANDS);
    }
}

#[test]
fn what_was_moved_is_saved_as_it_was_wherever_it_goes_then() {
    let world = || {
        let mut world = World::new(3);
        for (kind, key) in [(0, "set"), (1, "hash"), (3, "zset"), (3, "other")] {
            world.make(kind, key, 3000);
        }
        // A segment of this one is saved in several steps.
        let wide = "for i=1,400 do redis.call('HSET',KEYS[1],i,string.rep('x',900)..i) end";
        world.call(&["EVAL", wide, "1", "wide"]);
        // The walk comes through the other database as well.
        world.call(&["SELECT", "1"]);
        (0..300).for_each(|key| _ = world.call(&["SET", &format!("small{key}"), "value"]));
        world.call(&["SELECT", "0"]);
        world.begin();
        world
    };
    let mut still = world();
    let (file, now) = (still.end(), still.talk.now);
    let expected = load(&file, now);
    let ends: [&[&str]; 7] = [
        &["SWAPDB", "0", "1"],
        &["FLUSHDB"],
        &["FLUSHALL"],
        &["DEL", "moved", "zset", "again"],
        &["SET", "moved", "new"],
        &["RENAME", "moved", "again"],
        &["SPOP", "moved", "2900"],
    ];
    for end in ends {
        for steps in [0, 5] {
            let mut moving = world();
            (0..steps).for_each(|_| moving.talk.engine.save_step(now, 4000));
            moving.call(&["RENAME", "set", "moved"]);
            moving.call(&["SADD", "moved", "new"]);
            moving.call(&["SREM", "moved", "e05", "e15"]);
            moving.call(&["MOVE", "zset", "1"]);
            moving.call(&["RENAME", "hash", "again"]);
            moving.call(&["HSET", "again", "e07", "new", "e17", "new"]);
            moving.talk.engine.save_step(now, 4000);
            moving.call(end);
            (0..steps * 20).for_each(|_| moving.talk.engine.save_step(now, 500));
            moving.call(&["HSET", "wide", "7", "new", "new", "new"]);
            moving.call(&["SELECT", "1"]);
            moving.call(&["ZADD", "zset", "5", "e09", "6", "e19"]);
            moving.call(&["FLUSHDB"]);
            assert!(load(&moving.end(), now) == expected, "{end:?} after {steps} steps");
        }
    }
}

#[test]
fn what_is_next_to_be_written_is_so_as_it_was() {
    for (kind, change) in [
        "SADD k new",
        "HSET k e05 new",
        "HPEXPIRE k 100000 FIELDS 1 e05",
        "ZADD k 5 e05",
        "LREM k 0 e05",
        "XTRIM k MAXLEN 5",
        "XGROUP DELCONSUMER k g c",
        "SETRANGE k 400000 new",
    ]
    .into_iter()
    .enumerate()
    {
        let world = || {
            let mut world = World::new(3);
            world.make(kind, "k", 2000);
            world.begin();
            world
        };
        let mut still = world();
        let (file, now) = (still.end(), still.talk.now);
        let expected = load(&file, now);
        for steps in 1..4 {
            let mut moving = world();
            // A step that can do no more than to find it.
            (0..steps).for_each(|_| moving.talk.engine.save_step(now, 1));
            let request: Vec<&str> = change.split(' ').collect();
            moving.call(&request);
            assert!(load(&moving.end(), now) == expected, "{change} after {steps} steps");
        }
    }
}

#[test]
fn every_way_to_a_key_saves_it_first() {
    let world = || {
        let mut world = World::new(5);
        for request in [
            "SET s value",
            "SET due soon PX 500",
            "SET late later PX 500000",
            "SET n 5",
            "RPUSH l a",
            "SADD set a",
            "HSET h a 1 b 2",
            "HPEXPIRE h 500 FIELDS 1 a",
            "HSET last a 1",
            "HPEXPIRE last 500 FIELDS 1 a",
            "ZADD z 1 a",
            "XADD x 1-1 f v",
        ] {
            world.talk.ask(world.conn, request);
        }
        world.begin();
        world
    };
    let mut still = world();
    let (file, now) = (still.end(), still.talk.now);
    let expected = load(&file, now);
    assert_eq!(expected.len(), 10);
    for change in [
        "SET s other|SET n 6|SET l string",
        "SET late other KEEPTTL|SETRANGE s 2 x|INCR n",
        "GETEX s PX 100|GETEX late PERSIST",
        "PEXPIRE s 100|PERSIST late|EXPIRE l 0",
        "APPEND s x|SETBIT late 7 1|BITFIELD n SET u8 0 1",
        "GETDEL s|GETSET n 3|DEL h",
        "RPOP l|SREM set a|ZREM z a|HDEL last a|XDEL x 1-1",
        "LPUSH l b|SADD set b|HSET h c 3|ZADD z 2 a|XADD x 2-2 f w|HINCRBY h b 1",
        "RENAME s t|RENAME h s|MOVE z 1|COPY n l REPLACE",
        "HPERSIST h FIELDS 1 a|HPEXPIRE h 900 FIELDS 1 b",
        "wait|GET due|HGETALL h|HGETALL last",
        "wait|HGET h a|HMGET last a|TTL due",
        "wait",
        "evict|evict|evict|evict",
        "SWAPDB 0 1|SET s other",
        "FLUSHDB|SET s other",
        "XGROUP CREATE x g 0|XREADGROUP GROUP g c STREAMS x >",
        "SUNIONSTORE set set l|ZUNIONSTORE z 1 set|SORT set ALPHA STORE l|BITOP NOT s s",
        "EVAL redis.call('DEL','s','n') 0|PFADD s a",
    ] {
        let mut moving = world();
        for request in change.split('|') {
            match request {
                "wait" => moving.talk.pass(600_000),
                "evict" => _ = moving.talk.engine.parts().0.evict_one(Policy::ALL[4], 5),
                request => _ = moving.talk.ask(moving.conn, request),
            }
        }
        assert!(load(&moving.end(), now) == expected, "{change}");
    }
}

#[test]
fn nothing_of_an_aborted_snapshot_is_left() {
    let mut world = World::new(2);
    for (kind, key) in [(0, "set"), (1, "hash"), (3, "zset"), (4, "list")] {
        world.make(kind, key, 2000);
    }
    world.begin();
    world.talk.engine.save_step(world.talk.now, 1000);
    world.call(&["SADD", "set", "new", "e05"]);
    world.call(&["HSET", "hash", "e05", "new"]);
    world.call(&["ZADD", "zset", "7", "e05"]);
    world.call(&["MOVE", "zset", "1"]);
    world.call(&["UNLINK", "list"]);
    world.talk.engine.save_abort(world.talk.now);
    world.call(&["HSET", "hash", "e06", "new"]);
    while world.talk.engine.is_clearing() {
        world.step();
    }
    world.call(&["SADD", "set", "newer"]);
    world.begin();
    let file = world.end();
    assert!(load(&file, world.talk.now).len() == 3);
    let digest = |told: BTreeMap<String, String>| -> Vec<String> {
        told.into_values().map(|told| told.split(' ').next().unwrap_or_default().to_string()).collect()
    };
    assert_eq!(digest(load(&file, world.talk.now)), digest(contents(&mut world.talk)));
}

/// The bytes that `act` had written of records.
fn written(world: &mut World, act: impl FnOnce(&mut World)) -> usize {
    let before = WRITTEN.get();
    act(world);
    WRITTEN.get() - before
}

#[test]
fn neither_a_command_nor_a_step_writes_much_at_a_time() {
    const ELEMENTS: u64 = 20_000;
    const STEP_BYTES: usize = 64 << 10;
    const NAMES: [&str; 8] = ["set", "hash", "timed", "zset", "list", "stream", "claimed", "string"];
    let mut world = World::new(1);
    for (kind, name) in NAMES.into_iter().enumerate() {
        for copy in ["changed", "deleted", "replaced", "moved", "left"] {
            world.make(kind, &format!("{name}:{copy}"), ELEMENTS);
        }
    }
    for small in 0..3000 {
        world.call(&["SET", &format!("small{small}"), "value"]);
    }
    world.begin();
    for (name, change) in [
        ("set", ["SADD", "set:changed", "new", "e17", "e18"].as_slice()),
        ("set", &["SPOP", "set:changed", "3"]),
        ("hash", &["HSET", "hash:changed", "e17", "new"]),
        ("hash", &["HPEXPIRE", "hash:changed", "100000", "FIELDS", "1", "e18"]),
        ("timed", &["HDEL", "timed:changed", "e17"]),
        ("zset", &["ZADD", "zset:changed", "5", "e17", "6", "new"]),
        ("zset", &["ZREMRANGEBYRANK", "zset:changed", "3", "5"]),
        ("list", &["RPUSH", "list:changed", "new"]),
        ("list", &["LTRIM", "list:changed", "5", "-5"]),
        ("list", &["LREM", "list:changed", "0", "e17"]),
        ("stream", &["XADD", "stream:changed", "*", "f", "new"]),
        ("stream", &["XGROUP", "CREATE", "stream:changed", "g", "0"]),
        ("stream", &["XTRIM", "stream:changed", "MAXLEN", "10"]),
        ("claimed", &["XAUTOCLAIM", "claimed:changed", "g", "new", "0", "0", "COUNT", "3"]),
        ("claimed", &["XGROUP", "DELCONSUMER", "claimed:changed", "g", "d"]),
        ("string", &["SETRANGE", "string:changed", "70000", "some"]),
        ("string", &["SETBIT", "string:changed", "1000000", "1"]),
        ("string", &["APPEND", "string:changed", "some"]),
    ] {
        for command in [change, &["EXPIRE", change[1], "100"], &["MOVE", &format!("{name}:moved"), "1"]] {
            let bytes = written(&mut world, |world| _ = world.call(command));
            assert!(bytes < 300, "{command:?} writes {bytes} bytes");
        }
    }
    for name in NAMES {
        let (deleted, replaced) = (format!("{name}:deleted"), format!("{name}:replaced"));
        for command in [["UNLINK", &deleted].as_slice(), &["SET", &replaced, "new"]] {
            let bytes = written(&mut world, |world| _ = world.call(command));
            assert!(bytes < 300, "{command:?} writes {bytes} bytes");
        }
    }
    let mut left = 10_000;
    while world.talk.engine.is_saving() {
        let bytes = written(&mut world, |world| {
            world.talk.engine.save_step(world.talk.now, usize::MAX);
            let mut sent = 0;
            while let Some(output) = world.talk.engine.poll_output() {
                if let Output::Snapshot { bytes, .. } = output {
                    sent += bytes.len();
                }
            }
            assert!(sent < 3 * STEP_BYTES, "a step hands over {sent} bytes");
        });
        assert!(bytes < 2 * STEP_BYTES, "a step writes {bytes} bytes");
        left -= 1;
        if left == 9_950 {
            let bytes = written(&mut world, |world| _ = world.call(&["FLUSHALL"]));
            assert!(bytes < 300, "FLUSHALL writes {bytes} bytes");
        }
        assert!(left > 0, "it comes to an end");
    }
}

#[test]
fn the_version_is_the_oldest_that_holds_what_is_there() {
    let mut world = World::new(1);
    let mut version = |commands: &[&str]| {
        for command in commands {
            let reply = world.talk.ask(world.conn, command);
            assert!(!reply.starts_with('-'), "{command}: {reply}");
        }
        world.begin();
        String::from_utf8(world.end()[..9].to_vec()).unwrap()
    };
    assert_eq!(version(&["SET k v", "XADD s * f v", "XGROUP CREATE s g 0"]), "REDIS0010");
    assert_eq!(version(&["XREADGROUP GROUP g c STREAMS s >"]), "REDIS0011");
    assert_eq!(version(&["HSET h f v", "HEXPIRE h 100 FIELDS 1 f"]), "REDIS0012");
    assert_eq!(version(&["XNACK s g FAIL IDS 1 1700000000000-0"]), "REDIS0014");
    assert_eq!(version(&["FLUSHALL", "SET k v"]), "REDIS0010");
    let restored = "XADD s 1-1 f v|XGROUP CREATE s g 0|XGROUP CREATECONSUMER s g c|COPY s t|DEL s";
    assert_eq!(version(&restored.split('|').collect::<Vec<_>>()), "REDIS0011");
}

#[test]
fn how_keys_are_used_is_saved_where_it_counts() {
    for (policy, question) in [("allkeys-lru", "OBJECT IDLETIME k"), ("volatile-lfu", "OBJECT FREQ k")] {
        let mut options = options();
        options.set("maxmemory-policy", policy).unwrap();
        let mut talk = Conversation::with(options.clone());
        let conn = talk.client();
        talk.ask(conn, "SET k v");
        for _ in 0..200 {
            talk.ask(conn, "GET k");
        }
        talk.pass(25_000_000);
        let expected = talk.ask(conn, question);
        talk.engine.save_begin(talk.now, OPTIONS).unwrap();
        talk.engine.save_step(talk.now, usize::MAX);
        talk.collect();
        let mut other = Conversation::with(options);
        let conn = other.client();
        other.engine.load_begin(
            other.now,
            LoadFormat::Rdb { keeps_expired: true, skips_modules: false },
            None,
        );
        other.engine.load(other.now, &talk.snapshot).unwrap();
        other.engine.load_end(other.now).unwrap();
        assert_eq!(other.ask(conn, question), expected, "{policy}");
        assert!(!expected.starts_with('-') && expected != ":0");
    }
}

#[test]
fn without_memory_for_what_changes_the_snapshot_ends_and_nothing_else_does() {
    static LEFT: AtomicUsize = AtomicUsize::new(usize::MAX / 2);
    let options = Options { memory_available: |_| Room::of(LEFT.load(Relaxed)), ..Options::default() };
    let mut world = World::new(1);
    world.talk = Conversation::with(options);
    world.conn = world.talk.client();
    for key in 0..5000 {
        world.call(&["SET", &format!("k{key}"), "value"]);
    }
    world.make(0, "set", 3000);
    // The walk alone has memory to fail for, too.
    for victims in [&["k1", "k2"][..], &["set", "k3"], &[]] {
        world.begin();
        if !victims.is_empty() {
            world.step();
        }
        LEFT.store(0, Relaxed);
        for &key in victims {
            let command = if key == "set" { ["SREM", key, "e1"] } else { ["UNLINK", key, ""] };
            assert!(world.call(&command).starts_with(':'));
        }
        assert!(!world.ends_well());
        assert!(!world.talk.engine.is_saving());
        LEFT.store(usize::MAX / 2, Relaxed);
        world.clear();
    }
    world.begin();
    let keys = contents_keys(&world.end(), world.talk.now);
    assert_eq!(keys, world.talk.engine.parts().0.len(0));
}

#[test]
fn what_is_written_in_one_go_is_so_only_where_there_is_memory() {
    static LEFT: AtomicUsize = AtomicUsize::new(usize::MAX / 2);
    let mut options = Options { memory_available: |_| Room::of(LEFT.load(Relaxed)), ..Options::default() };
    options.set("hash-max-listpack-entries", "100000").expect("it is a setting");
    options.set("stream-node-max-entries", "0").expect("it is a setting");
    options.set("stream-node-max-bytes", "0").expect("it is a setting");
    let mut world = World::new(1);
    world.talk = Conversation::with(options);
    world.conn = world.talk.client();
    let long = "x".repeat(200_000);
    let makers = [
        ["EVAL", "for i=1,20000 do redis.call('HSET',KEYS[1],i,'value') end", "1", "hash"].as_slice(),
        &["EVAL", "for i=1,20000 do redis.call('XADD',KEYS[1],i..'-1','f','value') end", "1", "stream"],
        &["RPUSH", "list", "a", &long, "b"],
    ];
    for maker in makers {
        world.call(&["FLUSHALL"]);
        world.call(maker);
        for has_memory in [false, true] {
            world.begin();
            LEFT.store(if has_memory { usize::MAX / 2 } else { 0 }, Relaxed);
            assert_eq!(world.ends_well(), has_memory, "{:?}", maker[1]);
            LEFT.store(usize::MAX / 2, Relaxed);
            world.clear();
        }
    }
}

#[test]
fn what_shares_chunks_with_a_snapshot_is_changed_throughout_only_where_there_is_memory() {
    static LEFT: AtomicUsize = AtomicUsize::new(usize::MAX / 2);
    let options = Options { memory_available: |_| Room::of(LEFT.load(Relaxed)), ..Options::default() };
    let mut world = World::new(1);
    world.talk = Conversation::with(options);
    world.conn = world.talk.client();
    world.make(4, "list", 5000);
    world.call(&["XADD", "stream", "1-1", "f", "v"]);
    world.call(&["EVAL", "for i=2,20000 do redis.call('XADD',KEYS[1],i..'-1','f',i) end", "1", "stream"]);
    for is_list in [true, false] {
        for (has_memory, id) in [(true, "17-1"), (false, "18-1")] {
            world.begin();
            let deletion = ["XDEL", "stream", id];
            let (first, throughout): (&[&str], &[&str]) = if is_list {
                (&["RPUSH", "list", "new"], &["LREM", "list", "0", "new"])
            } else {
                (&["XADD", "stream", "*", "f", "new"], &deletion)
            };
            world.call(first);
            LEFT.store(if has_memory { usize::MAX / 2 } else { 0 }, Relaxed);
            assert_eq!(world.call(throughout), ":1", "{throughout:?}");
            assert_eq!(world.ends_well(), has_memory, "{throughout:?}");
            LEFT.store(usize::MAX / 2, Relaxed);
            world.clear();
        }
    }
}

#[test]
fn a_snapshot_does_not_begin_in_the_midst_of_a_script() {
    let mut world = World::new(1);
    let engine = &mut world.talk.engine;
    let script = "redis.call('SET','k','1') local n=0 while n<20000000 do n=n+1 end redis.call('INCR','k')";
    let request = format!("*3\r\n$4\r\nEVAL\r\n${}\r\n{script}\r\n$1\r\n0\r\n", script.len());
    engine.handle_input(world.talk.now, world.conn, request.as_bytes());
    assert_eq!(engine.save_begin(world.talk.now, OPTIONS), Err(SaveFault::Busy));
    while engine.save_begin(world.talk.now, OPTIONS).is_err() {
        engine.handle_timeout(world.talk.now);
    }
    assert_eq!(contents_keys(&world.end(), world.talk.now), 1);
}

/// How many keys a file has.
fn contents_keys(file: &[u8], now: u64) -> usize {
    let mut talk = Conversation::with(options());
    talk.engine.load_begin(now, LoadFormat::Rdb { keeps_expired: true, skips_modules: false }, None);
    talk.engine.load(now, file).expect("the file is whole");
    usize::try_from(talk.engine.load_end(now).expect("the file is whole").keys).unwrap()
}

#[test]
fn facts_about_the_writer_stand_at_the_front() {
    let mut world = World::new(1);
    world.call(&[
        "FUNCTION",
        "LOAD",
        "#!lua name=mine\nredis.register_function('f',function() return 1 end)",
    ]);
    world.call(&["SET", "k", "v"]);
    world.begin();
    let file = world.end();
    let text = String::from_utf8_lossy(&file);
    let mut at = 0;
    for part in ["REDIS0010", "redis-ver", "redis-bits", "ctime", "used-mem", "aof-base", "#!lua name=mine"] {
        at += text[at..].find(part).unwrap_or_else(|| panic!("{part} comes next"));
    }
    assert_eq!(contents_keys(&file, world.talk.now), 1);
}
