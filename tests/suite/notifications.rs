//! What commands announce, and how they count as hits and misses, compared with redis-server command by command.

use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Connection, Native, Oracle, Received, Target, compared};
use sanderling_tests::text::{encode_request, show};

/// Requests that build on each other; every key is there and is not there for some of them.
const REQUESTS: &str = "
SET s v
SET s v
GET s
GET none
GETSET s w
GETDEL s
GETDEL s
SET s 1 EX 100
SET s 1 KEEPTTL
SET s 2 GET
SET none2 2 XX GET
SETEX t 100 v
PSETEX t 100000 v
SETNX t v
SETNX u v
GETEX t EX 50
GETEX t PERSIST
GETEX t
GETEX none
APPEND s 3
STRLEN s
STRLEN none
SETRANGE s 0 9
GETRANGE s 0 1
GETRANGE none 0 1
INCR n
DECRBY n 4
INCRBYFLOAT n 1.5
MSET a 1 b 2
MSETNX a 1 c 2
MSETNX c 1 d 2
MGET a b none
LCS a b
LCS a none
EXISTS a b none
TOUCH a none
TYPE a
TYPE none
TTL a
TTL none
EXPIRE a 100
EXPIRE none 100
PERSIST a
PERSIST a
EXPIRE b -1
EXPIRETIME a
OBJECT ENCODING a
OBJECT ENCODING none
RENAME a a2
RENAMENX a2 c
RENAMENX a2 a3
SET a5 x
RENAME a5 a3
COPY a3 a4
COPY none a4
COPY a3 a4
COPY a3 a4 REPLACE
MOVE a3 1
MOVE none 1
DEL a4 none
UNLINK c d none
KEYS *
RANDOMKEY
DUMP none
RPUSH l a b c
LPUSH l z
LPUSHX l y
RPUSHX none y
LRANGE l 0 -1
LRANGE none 0 -1
LLEN l
LLEN none
LINDEX l 0
LINDEX none 0
LSET l 0 q
LINSERT l BEFORE b x
LINSERT l BEFORE none x
LPOS l b
LPOS none b
LREM l 0 x
LREM l 0 nothing
LTRIM l 0 3
LTRIM none 0 3
LMOVE l l2 LEFT RIGHT
RPOPLPUSH l l2
LMOVE none l2 LEFT RIGHT
LMPOP 2 none l2 LEFT
LMPOP 1 none LEFT
LPOP l
LPOP none
RPOP l 5
BLPOP l2 none 0.01
BLMOVE none l 0.01 LEFT RIGHT
LPUSH l2 1 2
BRPOP none l2 0
BLMPOP 0 1 l2 LEFT
SORT none
RPUSH l 3 1 2
SORT l
SORT l STORE sorted
SORT none STORE sorted
SORT l BY w* GET # GET v*
HSET h a 1 b 2
HSET h a 1
HSETNX h a 1
HSETNX h c 1
HGET h a
HGET h none
HGET none a
HMGET h a none
HMGET none a
HGETALL h
HGETALL none
HKEYS h
HVALS none
HLEN h
HEXISTS h a
HSTRLEN none a
HINCRBY h n 2
HINCRBYFLOAT h n 1.5
HRANDFIELD h
HRANDFIELD none
HSCAN h 0
HSCAN none 0
HDEL h none
HDEL h a b c n
SADD x a b c
SADD x a
SADD y b c d
SCARD x
SCARD none
SISMEMBER x a
SISMEMBER none a
SMISMEMBER x a q
SMISMEMBER none a
SMEMBERS x
SMEMBERS none
SINTER x y
SINTER x none
SUNION x none
SDIFF x y none
SINTERCARD 2 x none
SINTERSTORE z x y
SINTERSTORE z x none
SUNIONSTORE z x none
SDIFFSTORE z none x
SMOVE x y a
SMOVE x y none
SMOVE none y a
SRANDMEMBER x
SRANDMEMBER none
SREM x none
SREM x b c
SPOP y 10
SPOP none
SADD y 1
SPOP y
ZADD r 1 a 2 b 3 c
ZADD r 1 a
ZADD r NX 1 a
ZADD r XX 5 none
ZADD r INCR 1 a
ZINCRBY r 1 a
ZCARD r
ZCARD none
ZSCORE r a
ZSCORE none a
ZMSCORE r a none
ZRANK r a
ZRANK none a
ZCOUNT r 0 10
ZCOUNT none 0 10
ZRANGE r 0 -1
ZRANGE none 0 -1
ZRANGEBYSCORE r 0 10
ZRANGESTORE q r 0 -1
ZRANGESTORE q none 0 -1
ZUNIONSTORE q 2 r none
ZINTERSTORE q 2 r none
ZUNION 2 r none
ZDIFFSTORE q 2 r none
ZDIFF 2 none r
ZINTERCARD 2 r none
ZRANDMEMBER r
ZRANDMEMBER none
ZREM r none
ZREM r c
ZPOPMIN r
ZPOPMAX none
ZMPOP 2 none r MIN
ZADD r 1 a 2 b 3 c
BZPOPMIN none r 0.01
BZMPOP 0 1 r MAX
ZREMRANGEBYRANK r 0 0
ZREMRANGEBYRANK r 0 0
ZADD r 1 a 2 b
ZREMRANGEBYSCORE r 5 6
ZREMRANGEBYSCORE r 0 9
ZADD r 0 a 0 b
ZREMRANGEBYLEX r - +
SETBIT bits 1 1
GETBIT bits 1
GETBIT none 1
BITCOUNT bits
BITCOUNT none
BITPOS bits 1
BITPOS none 1
BITOP NOT nbits bits
BITOP AND nbits none
BITFIELD bits SET u8 0 1
BITFIELD bits GET u8 0
BITFIELD none GET u8 0
BITFIELD_RO none GET u8 0
PFADD hll a b
PFADD hll a
PFCOUNT hll
PFCOUNT none
PFCOUNT hll none
PFMERGE hll2 hll
XADD xs 1-1 a b
XADD xs 2-1 a b
XLEN xs
XLEN none
XRANGE xs - +
XRANGE none - +
XREAD STREAMS xs none 0 0
XDEL xs 1-1
XDEL xs 1-1
XTRIM xs MAXLEN 0
XSETID xs 5-0
XGROUP CREATE xs g 0
XGROUP CREATECONSUMER xs g c
XGROUP SETID xs g 0
XADD xs 6-0 a b
XREADGROUP GROUP g c STREAMS xs >
XACK xs g 6-0
XGROUP DELCONSUMER xs g c
XGROUP DESTROY xs g
XINFO STREAM none
GEOADD geo 1 1 a 2 2 b
GEOPOS geo a none
GEODIST geo a b
GEOSEARCH none FROMLONLAT 1 1 BYRADIUS 1 km
WATCH a none
UNWATCH
SET s v
SWAPDB 0 1
SWAPDB 0 1
FLUSHDB
";

/// What the engine counts or announces otherwise, and why.
const DIFFERENT: &[(&str, &str)] =
    &[("XREADGROUP GROUP g c STREAMS xs >", "Redis looks for the group first, and counts that too")];

struct Listened {
    target: Box<dyn Target>,
    connection: Connection,
    listener: Connection,
}

impl Listened {
    fn new(mut target: Box<dyn Target>) -> Listened {
        let (connection, listener) = (target.open(), target.open());
        let mut listened = Listened { target, connection, listener };
        listened.ask("CONFIG SET notify-keyspace-events KEAmn");
        listened.target.send(listener, b"PSUBSCRIBE __key*__:*\r\n");
        listened.target.settle();
        listened.heard();
        listened
    }

    fn ask(&mut self, request: &str) -> Reply {
        let words: Vec<Vec<u8>> = request.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        let mut bytes = Vec::new();
        encode_request(&words, &mut bytes);
        self.target.send(self.connection, &bytes);
        if request.ends_with(" 0.01") || request.contains(" 0.01 ") {
            self.target.advance(std::time::Duration::from_millis(50));
        }
        match self.target.receive(self.connection) {
            Received::Reply(reply) => reply,
            other => panic!("{request}: {other:?}"),
        }
    }

    /// What the listener has heard since the last look.
    fn heard(&mut self) -> Vec<String> {
        self.target.settle();
        let mut heard = Vec::new();
        while let Received::Reply(message) = self.target.receive_now(self.listener) {
            heard.push(show(&message).split_whitespace().collect::<Vec<_>>().join(" "));
        }
        heard
    }

    /// Hits and misses since the last look.
    fn counted(&mut self) -> (String, String) {
        let text = self.ask("INFO stats");
        let text = String::from_utf8_lossy(text.bytes().expect("INFO is text")).into_owned();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).expect("the counter is there");
            line[name.len()..].to_owned()
        };
        let counted = (value("keyspace_hits:"), value("keyspace_misses:"));
        self.ask("CONFIG RESETSTAT");
        counted
    }
}

#[test]
fn commands_announce_and_count_as_on_redis_server() {
    let Some(oracle) = compared("comparing notifications", Oracle::start()) else { return };
    let native = Native::new(Clock::Virtual(1_704_067_200_000_000), [1; 16], &[]);
    let (mut theirs, mut ours) = (Listened::new(Box::new(oracle)), Listened::new(Box::new(native)));
    let mut faults = Vec::new();
    for request in REQUESTS.lines().filter(|line| !line.is_empty()) {
        let (a, b) = (theirs.ask(request), ours.ask(request));
        let is_known = !show(&b).contains("unknown command") && !show(&a).contains("unknown command");
        let (heard_a, heard_b) = (theirs.heard(), ours.heard());
        let (counted_a, counted_b) = (theirs.counted(), ours.counted());
        if !is_known || DIFFERENT.iter().any(|(name, _)| *name == request) {
            continue;
        }
        if heard_a != heard_b {
            faults.push(format!("{request}\n  redis-server {heard_a:#?}\n  here {heard_b:#?}"));
        }
        if counted_a != counted_b {
            faults.push(format!(
                "{request}\n  hits and misses: redis-server {counted_a:?}, here {counted_b:?}"
            ));
        }
    }
    assert!(faults.is_empty(), "{} differences\n{}\n", faults.len(), faults.join("\n"));
}
