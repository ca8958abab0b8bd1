//! The commands that are measured: what clients send, and what a server holds before.

use super::Result;
use super::resp::{Client, push, push_set};

/// Keys, members and values that clients put in place of `__rand_int__`, unless a row says otherwise.
pub(super) const RANDOM_KEYS: u64 = 1_000_000;
/// Commands that a filling sends at once.
const BATCH: u64 = 1000;
/// Stands for a script's name, which the server tells.
const SHA: &str = "{sha}";
/// Stands for the number of the run.
const RUN: &str = "{run}";
/// Stands for a value of 32 bytes.
const VALUE_PLACE: &str = "{value}";
/// What servers hold to begin with.
const NOTHING: &str = "an empty server";
const KEYS: &str = "1,000,000 keys with values of 32 bytes";
/// Lets a caller pass so many times, and counts it: what rate limiters do.
const SCRIPT: &str = "local used = tonumber(redis.call('GET', KEYS[1]) or '0') \
     if used >= tonumber(ARGV[1]) then return 0 end \
     redis.call('SET', KEYS[1], used + 1) return 1";

/// A row of a table.
pub(super) struct Row {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// Its name in the table.
    pub(super) title: &'static str,
    /// What is sent, with random numbers in it.
    pub(super) words: &'static str,
    /// How many different numbers take the place of `__rand_int__`.
    pub(super) random: u64,
    /// What there is to begin with, for the report.
    pub(super) holds: &'static str,
    /// Makes that from nothing.
    fill: fn(&mut Client) -> Result<()>,
    /// Commands before each run.
    before_run: &'static [&'static str],
    /// The requests for which there is enough.
    pub(super) requests_max: u64,
}

const fn row(
    name: &'static str,
    title: &'static str,
    words: &'static str,
    holds: &'static str,
    fill: fn(&mut Client) -> Result<()>,
) -> Row {
    Row { name, title, words, random: RANDOM_KEYS, holds, fill, before_run: &[], requests_max: u64::MAX }
}

/// The rows that are measured at every depth of the pipeline: those of redis-benchmark's own tests.
pub(super) const PLAIN: [Row; 9] = [
    row("set", "SET", "SET key:__rand_int__ {value}", KEYS, fill_keys),
    row("get", "GET", "GET key:__rand_int__", KEYS, fill_keys),
    row("incr", "INCR", "INCR counter:__rand_int__", NOTHING, fill_nothing),
    row("lpush", "LPUSH", "LPUSH mylist {value}", NOTHING, fill_nothing),
    row("lpop", "LPOP", "LPOP mylist", "as many elements as are taken", fill_nothing),
    row("sadd", "SADD", "SADD myset element:__rand_int__", NOTHING, fill_nothing),
    row("hset", "HSET", "HSET myhash element:__rand_int__ {value}", NOTHING, fill_nothing),
    row("zadd", "ZADD", "ZADD myzset 0 element:__rand_int__", NOTHING, fill_nothing),
    row("mset", "MSET", MSET, KEYS, fill_keys),
];

/// The rows of the other types, and of replies with many elements.
pub(super) const MORE: [Row; 18] = [
    row(
        "xadd",
        "XADD",
        "XADD stream * temperature 21.5 humidity 40 place __rand_int__",
        NOTHING,
        fill_nothing,
    ),
    Row {
        random: 100_000,
        ..row(
            "xrange",
            "XRANGE, 100 entries",
            "XRANGE stream __rand_int__ + COUNT 100",
            "a stream of 100,000 entries with three fields",
            |client| fill_stream(client, 100_000),
        )
    },
    Row {
        // A group of its own for each run, since what it freed would be freed during the next one.
        before_run: &["XGROUP CREATE stream group:{run} 0"],
        requests_max: 50_000,
        ..row(
            "xreadgroup",
            "XREADGROUP, 10 entries",
            "XREADGROUP GROUP group:{run} consumer COUNT 10 STREAMS stream >",
            "a stream of 500,000 entries with three fields, and a new group in each run",
            |client| fill_stream(client, 500_000),
        )
    },
    Row {
        before_run: &[
            "XGROUP CREATE stream group:{run} 0",
            "XREADGROUP GROUP group:{run} consumer STREAMS stream >",
        ],
        random: 100_000,
        requests_max: 100_000,
        ..row(
            "xack",
            "XACK",
            "XACK stream group:{run} __rand_int__-1",
            "a stream of 100,000 entries with three fields, all of them pending before each run",
            |client| fill_stream(client, 100_000),
        )
    },
    row(
        "geosearch",
        "GEOSEARCH, 10 members",
        "GEOSEARCH places FROMLONLAT 13.4 52.5 BYRADIUS 50 km ASC COUNT 10",
        "10,000 places spread over 10 by 10 degrees, of which some 90 lie in the circle",
        |client| {
            fill_with(client, 10_000, 1, |request, number| {
                // Steps of two irrational numbers spread evenly.
                let part = |step: f64| (number as f64 * step).fract() * 10.0;
                let (longitude, latitude) = (8.0 + part(0.618_033_988_7), 47.0 + part(0.414_213_562_4));
                let place =
                    [format!("{longitude:.6}"), format!("{latitude:.6}"), format!("place:{number:012}")];
                push(request, &["GEOADD", "places", &place[0], &place[1], &place[2]]);
            })
        },
    ),
    row("pfadd", "PFADD", "PFADD sketch __rand_int__", NOTHING, fill_nothing),
    Row {
        random: 100_000,
        ..row("setbit", "SETBIT", "SETBIT bits:__rand_int__ 777 1", "100,000 bitmaps of 128 bytes", fill_bits)
    },
    Row {
        random: 100_000,
        ..row("getbit", "GETBIT", "GETBIT bits:__rand_int__ 777", "100,000 bitmaps of 128 bytes", fill_bits)
    },
    row(
        "zrange",
        "ZRANGE, 100 members",
        "ZRANGE zset 5000 5099",
        "a sorted set of 10,000 members",
        fill_zset,
    ),
    Row {
        random: 10_000,
        ..row(
            "zrangebyscore",
            "ZRANGEBYSCORE, 100 with scores",
            "ZRANGEBYSCORE zset __rand_int__ +inf WITHSCORES LIMIT 0 100",
            "a sorted set of 10,000 members",
            fill_zset,
        )
    },
    Row {
        random: 10_000,
        ..row("zrank", "ZRANK", "ZRANK zset member:__rand_int__", "a sorted set of 10,000 members", fill_zset)
    },
    row(
        "lrange",
        "LRANGE, 100 elements",
        "LRANGE list 0 99",
        "a list of 10,000 values of 32 bytes",
        |client| fill_with(client, 10_000, 1, |request, _| push(request, &["RPUSH", "list", VALUE])),
    ),
    Row {
        random: 10_000,
        ..row(
            "hgetall",
            "HGETALL, 20 fields",
            "HGETALL hash:__rand_int__",
            "10,000 hashes of 20 fields",
            |client| {
                fill_with(client, 200_000, 1, |request, number| {
                    let (key, field) =
                        (format!("hash:{:012}", number / 20), format!("field:{}", number % 20));
                    push(request, &["HSET", &key, &field, "a value of a field"]);
                })
            },
        )
    },
    Row {
        random: 100,
        ..row(
            "smembers",
            "SMEMBERS, 100 members",
            "SMEMBERS set:__rand_int__",
            "100 sets of 100 members",
            fill_sets,
        )
    },
    Row {
        random: 99,
        ..row(
            "sinter",
            "SINTER of 100 and 100",
            "SINTER set:__rand_int__ set:000000000099",
            "100 sets of 100 members, of which each two have half in common",
            fill_sets,
        )
    },
    row("sort", "SORT, 100 elements", "SORT numbers", "a list of 100 numbers without order", |client| {
        fill_with(client, 100, 1, |request, number| {
            push(request, &["RPUSH", "numbers", &(number * 7919 % 10_007).to_string()]);
        })
    }),
    row("mget", "MGET, 10 keys", MGET, KEYS, fill_keys),
    Row {
        random: 100_000,
        ..row(
            "evalsha",
            "EVALSHA of GET and SET",
            "EVALSHA {sha} 1 rate:__rand_int__ 1000000",
            "a script that reads a counter, compares it, and sets it",
            |client| client.reply(&format!("SCRIPT LOAD \"{SCRIPT}\"")).map(drop),
        )
    },
];

const MSET: &str = "MSET key:__rand_int__ {value} key:__rand_int__ {value} key:__rand_int__ {value} \
     key:__rand_int__ {value} key:__rand_int__ {value} key:__rand_int__ {value} key:__rand_int__ {value} \
     key:__rand_int__ {value} key:__rand_int__ {value} key:__rand_int__ {value}";
const MGET: &str = "MGET key:__rand_int__ key:__rand_int__ key:__rand_int__ key:__rand_int__ key:__rand_int__ \
     key:__rand_int__ key:__rand_int__ key:__rand_int__ key:__rand_int__ key:__rand_int__";
const VALUE: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

impl Row {
    /// All rows, in the order of the tables.
    pub(super) fn all() -> impl Iterator<Item = &'static Row> {
        PLAIN.iter().chain(&MORE)
    }

    /// Empties the server and gives it what the row needs. Whether it knows the row's command.
    pub(super) fn prepare(&self, client: &mut Client) -> Result<bool> {
        client.reply("FLUSHALL")?;
        let outcome = (self.fill)(client).and_then(|()| self.try_once(client));
        match outcome {
            Err(error) if error.to_string().contains("unknown command") => Ok(false),
            outcome => outcome.map(|()| true),
        }
    }

    /// Runs the row's command once, because redis-benchmark takes an error for an answer.
    fn try_once(&self, client: &mut Client) -> Result<()> {
        let words = self.begin_run(client, "once")?;
        client.reply(&words.replace("__rand_int__", "000000000000")).map(drop)
    }

    /// Puts a server into the state that a run begins in. The words that clients shall send.
    pub(super) fn begin_run(&self, client: &mut Client, run: &str) -> Result<String> {
        for command in self.before_run {
            client.reply(&command.replace(RUN, run))?;
        }
        let words = self.words.replace(RUN, run).replace(VALUE_PLACE, VALUE);
        if !words.contains(SHA) {
            return Ok(words);
        }
        let sha = client.reply(&format!("SCRIPT LOAD \"{SCRIPT}\""))?;
        let sha = sha.split("\r\n").nth(1).ok_or("SCRIPT LOAD tells no name")?;
        Ok(words.replace(SHA, sha))
    }
}

fn fill_nothing(_: &mut Client) -> Result<()> {
    Ok(())
}

/// All that redis-benchmark calls `key:`.
fn fill_keys(client: &mut Client) -> Result<()> {
    fill_with(client, RANDOM_KEYS, 1, push_set)
}

/// Entries named 1-1, 2-1 and so on.
fn fill_stream(client: &mut Client, entries: u64) -> Result<()> {
    fill_with(client, entries, 2, |request, number| {
        let (id, place) = (format!("{number}-1"), format!("{number:012}"));
        push(request, &["XADD", "stream", &id, "temperature", "21.5", "humidity", "40", "place", &place]);
    })
}

/// What LPOP takes: there must be as much as will be taken.
pub(super) fn fill_list(client: &mut Client, elements: u64) -> Result<()> {
    fill_with(client, elements, 1, |request, _| push(request, &["LPUSH", "mylist", VALUE]))
}

fn fill_bits(client: &mut Client) -> Result<()> {
    fill_with(client, 100_000, 1, |request, number| {
        push(request, &["SETBIT", &format!("bits:{number:012}"), "1023", "1"]);
    })
}

fn fill_zset(client: &mut Client) -> Result<()> {
    fill_with(client, 10_000, 1, |request, number| {
        push(request, &["ZADD", "zset", &number.to_string(), &format!("member:{number:012}")]);
    })
}

fn fill_sets(client: &mut Client) -> Result<()> {
    fill_with(client, 10_000, 1, |request, number| {
        let set = number / 100;
        // Every set has fifty members of all sets, and fifty of its own.
        let member = if number % 2 == 0 { format!("all:{}", number % 100) } else { format!("own:{number}") };
        push(request, &["SADD", &format!("set:{set:012}"), &member]);
    })
}

/// Sends so many commands, whose replies have so many lines each.
pub(super) fn fill_with(
    client: &mut Client,
    commands: u64,
    lines: usize,
    push: impl Fn(&mut Vec<u8>, u64),
) -> Result<()> {
    let mut request = Vec::new();
    for first in (0..commands).step_by(BATCH as usize) {
        let end = (first + BATCH).min(commands);
        request.clear();
        (first..end).for_each(|number| push(&mut request, number));
        client.lines(&request, (end - first) as usize * lines)?;
    }
    Ok(())
}
