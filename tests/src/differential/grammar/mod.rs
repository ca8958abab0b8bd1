//! Random steps that cover the commands.

mod commands;
mod scripts;
mod template;
mod values;

use super::operation::{Args, Op, to_args};
use crate::random::Random;
pub(super) use scripts::handed_on;
use template::Template;

/// Connections whose requests are pipelined; the second speaks RESP3.
pub const PIPELINED: usize = 3;

/// All connections; the later ones wait and subscribe.
pub const CONNECTIONS: usize = 7;

/// A source of random steps.
pub struct Grammar {
    random: Random,
    plain: Vec<Template>,
    blocking: Vec<Template>,
    waiting: Vec<Template>,
    serving: Vec<Template>,
    lex: Vec<Template>,
    acl: Vec<Template>,
    tracking: Vec<Template>,
    tracked: Vec<Template>,
    only: Vec<String>,
}

/// Steers clear of what redis-server 7.0.15 gets wrong or does not know yet.
fn around_faults_of_the_oracle(op: Op) -> Vec<Op> {
    let (connection, mut args) = match op {
        Op::Request { connection, args } => (connection, args),
        Op::Watched { connection, args } => {
            let mut ops = consumers_of(&args, |args| Op::Watched { connection, args });
            ops.push(Op::Watched { connection, args });
            return ops;
        }
        other => return vec![other],
    };
    let name = args[0].to_ascii_uppercase();
    match name.as_slice() {
        // It takes an out-of-range error that an earlier command has met for one of SORT's own numbers; reading
        // a score first makes it forget.
        b"SORT" | b"SORT_RO" => {
            let reading = Op::request(connection, &["ZADD", "no-such-key", "XX", "1", "member"]);
            vec![reading, Op::Request { connection, args }]
        }
        // It forgets a parenthesis that is open when another one opens.
        b"ACL" => {
            let mut is_open = false;
            args.retain(|arg| {
                let (opens, closes) = (arg.starts_with(b"("), arg.ends_with(b")"));
                let is_kept = !(is_open && opens && !closes);
                is_open = (is_open || opens) && !closes;
                is_kept
            });
            vec![Op::Request { connection, args }]
        }
        // Before 7.2 XSETID may go back behind a deleted entry; so none is deleted that it could go back behind.
        b"XDEL" => {
            args.iter_mut().skip(2).filter(|id| id.len() > 10).for_each(|id| *id = b"60-1".to_vec());
            vec![Op::Request { connection, args }]
        }
        // Since 7.2 they make their consumer even when they have nothing to give to it.
        b"XREADGROUP" | b"XCLAIM" | b"XAUTOCLAIM" => {
            let mut ops = consumers_of(&args, |args| Op::Request { connection, args });
            ops.push(Op::Request { connection, args });
            ops
        }
        // A fourth word of ZRANK is an option that came with 7.2.
        b"ZRANK" | b"ZREVRANK" if args.len() == 4 => {
            args.pop();
            vec![Op::Request { connection, args }]
        }
        // It negates the least integer, which no integer is the negative of; 7.2 refuses that.
        b"LREM" | b"LPOS" => {
            for arg in &mut args {
                if arg == b"-9223372036854775808" {
                    *arg = b"-9223372036854775807".to_vec();
                }
            }
            vec![Op::Request { connection, args }]
        }
        _ => vec![Op::Request { connection, args }],
    }
}

/// Requests that make the consumer of a request in each of its streams.
fn consumers_of(args: &Args, op: impl Fn(Args) -> Op) -> Vec<Op> {
    let [name, key, group, consumer, rest @ ..] = args.as_slice() else { return Vec::new() };
    let make = |key: &Vec<u8>| {
        let mut args = to_args(&["XGROUP", "CREATECONSUMER"]);
        args.extend([key.clone(), group.clone(), consumer.clone()]);
        op(args)
    };
    match name.to_ascii_uppercase().as_slice() {
        b"XCLAIM" | b"XAUTOCLAIM" => vec![make(key)],
        b"XREADGROUP" => {
            let keys = rest.iter().skip_while(|word| !word.eq_ignore_ascii_case(b"STREAMS")).skip(1);
            let keys: Vec<_> = keys.collect();
            keys[..keys.len() / 2].iter().map(|key| make(key)).collect()
        }
        _ => Vec::new(),
    }
}

impl Grammar {
    /// A source whose steps follow from the seed.
    pub fn new(seed: u64) -> Grammar {
        let parse = |lines: &[&str]| lines.iter().map(|line| Template::parse(line)).collect();
        Grammar {
            random: Random::new(seed),
            plain: parse(commands::PLAIN),
            blocking: parse(commands::BLOCKING),
            waiting: parse(commands::WAITING),
            serving: parse(commands::SERVING),
            lex: parse(commands::LEX),
            acl: parse(commands::ACL),
            tracking: parse(commands::TRACKING),
            tracked: parse(commands::TRACKED),
            only: Vec::new(),
        }
    }

    /// The same with bursts of these commands alone, unless there are none.
    pub fn only(self, names: &[String]) -> Grammar {
        Grammar { only: names.to_vec(), ..self }
    }

    /// What a run begins with.
    pub fn opening() -> Vec<Op> {
        let mut ops: Vec<Op> = (0..CONNECTIONS).map(|connection| Op::Reopen { connection }).collect();
        ops.push(Op::request(0, &["FLUSHALL"]));
        // Users outlive FLUSHALL; here they are made where they are missing, so that as many are deleted everywhere.
        let users = ["u0", "u1", "u2", "U0", ""];
        ops.extend(users.map(|user| Op::request(0, &["ACL", "SETUSER", user])));
        ops.push(Op::request(0, &[["ACL", "DELUSER"].as_slice(), &users].concat()));
        // So do scripts and functions.
        ops.push(Op::request(0, &["SCRIPT", "FLUSH"]));
        ops.push(Op::request(0, &["FUNCTION", "FLUSH"]));
        ops.push(Op::request(0, &["FUNCTION", "LOAD", scripts::LIBRARY]));
        ops.push(Op::request(1, &["HELLO", "3"]));
        ops
    }

    /// Some steps that belong together: a burst on one connection or an episode on many.
    pub fn steps(&mut self) -> Vec<Op> {
        self.random_steps().into_iter().flat_map(around_faults_of_the_oracle).collect()
    }

    fn random_steps(&mut self) -> Vec<Op> {
        let connection = self.random.below(PIPELINED);
        let mut ops = Vec::new();
        if !self.only.is_empty() {
            self.chosen(connection, &mut ops);
            return ops;
        }
        match self.random.below(100) {
            0 => self.waiting_episode(&mut ops),
            1 if self.random.one_in(2) => self.tracking_episode(&mut ops),
            1 => self.subscribing_episode(&mut ops),
            2 => ops.push(Op::State),
            3 if self.random.one_in(4) => ops.push(Op::request(connection, &["FLUSHALL"])),
            3 => ops.push(Op::request(connection, &["FLUSHDB"])),
            4..=9 => self.watched_transaction(connection, &mut ops),
            _ => self.burst(connection, &mut ops),
        }
        ops
    }

    fn chosen(&mut self, connection: usize, ops: &mut Vec<Op>) {
        for _ in 0..100 * self.plain.len() {
            let args = match self.random.below(4) {
                0 | 1 => self.acl(),
                2 => self.scripted(),
                _ => self.plain(),
            };
            let name = String::from_utf8_lossy(&args[0]).to_ascii_uppercase();
            if self.only.contains(&name) {
                ops.push(Op::Request { connection, args });
            }
            if ops.len() == 50 {
                return;
            }
        }
        assert!(!ops.is_empty(), "the grammar has none of {:?}", self.only);
    }

    fn burst(&mut self, connection: usize, ops: &mut Vec<Op>) {
        for _ in 0..self.random.between(1, 80) {
            match self.random.below(50) {
                0 | 1 => self.random_result(connection, ops),
                2 => self.scan(connection, ops),
                3 => self.lex(connection, ops),
                6 if self.random.one_in(4) => self.permissions(connection, ops),
                4 | 5 => self.transaction(connection, ops),
                7..=9 => {
                    let args = self.scripted();
                    ops.push(Op::Request { connection, args });
                }
                _ => {
                    let args = self.plain();
                    ops.push(Op::Request { connection, args });
                }
            }
        }
    }

    /// A user's rules, and what comes of them.
    fn permissions(&mut self, connection: usize, ops: &mut Vec<Op>) {
        for _ in 0..self.random.between(5, 30) {
            let args = self.acl();
            ops.push(Op::Request { connection, args });
        }
    }

    /// A request about users; many ask whether a user might send some other request.
    fn acl(&mut self) -> Args {
        if self.random.one_in(2) {
            return expand(&self.acl, &mut self.random);
        }
        let mut args = to_args(&["ACL", "DRYRUN"]);
        values::value("user", &mut self.random, &mut args);
        let inner =
            if self.random.one_in(8) { expand(&self.blocking, &mut self.random) } else { self.plain() };
        let sound = around_faults_of_the_oracle(Op::Request { connection: 0, args: inner });
        if let Some(Op::Request { args: inner, .. }) = sound.into_iter().next_back() {
            args.extend(inner);
        }
        args
    }

    /// A plain request, if it can be sent as it is.
    fn sound_plain(&mut self) -> Option<Args> {
        let args = self.plain();
        match around_faults_of_the_oracle(Op::Request { connection: 0, args }).as_mut_slice() {
            // Scripts may wait for replicas, which they then do not, since 7.2; and the order in which Lua has the
            // fields of a map is compared elsewhere, with what differs between two runs left out.
            [Op::Request { args, .. }]
                if [&b"WAIT"[..], b"XINFO"].iter().any(|name| args[0].eq_ignore_ascii_case(name)) =>
            {
                None
            }
            [Op::Request { args, .. }] => Some(std::mem::take(args)),
            _ => None,
        }
    }

    fn plain(&mut self) -> Args {
        let mut args = expand(&self.plain, &mut self.random);
        if self.random.one_in(20) {
            self.spoil(&mut args);
        }
        tame(&mut args);
        args
    }

    /// Makes a request wrong, or at least unusual.
    fn spoil(&mut self, args: &mut Args) {
        let random = &mut self.random;
        let name = args[0].to_ascii_uppercase();
        // Another number would be a time so near that both servers reach it at different moments, or leave
        // the order of the result open.
        let delicate: &[&[u8]] = &[
            b"SET",
            b"GETEX",
            b"SETEX",
            b"PSETEX",
            b"EXPIRE",
            b"PEXPIRE",
            b"EXPIREAT",
            b"PEXPIREAT",
            b"RESTORE",
            b"SORT",
            // It would wait for replicas, follow a master, or show all settings.
            b"WAIT",
            b"REPLICAOF",
            b"SLAVEOF",
            b"CONFIG",
            // How long an entry is pending is a matter of milliseconds as well.
            b"XCLAIM",
            b"XAUTOCLAIM",
            b"XPENDING",
            // Before 7.2 it may go back behind a deleted entry.
            b"XSETID",
        ];
        let kinds = if delicate.contains(&name.as_slice()) { 3 } else { 6 };
        match random.below(kinds) {
            // Without ABSTTL a time long past would be a life of a millisecond.
            0 if args.len() > 1 && name != b"RESTORE" => drop(args.pop()),
            1 => args.push(b"BOGUS".to_vec()),
            2 => args[0].make_ascii_lowercase(),
            3 => args.push(values::strange(random)),
            4 if args.len() > 1 => {
                let at = random.between(1, args.len() - 1);
                args[at] = values::strange(random);
            }
            5 if args.len() > 2 => {
                let at = random.between(1, args.len() - 2);
                args.swap(at, at + 1);
            }
            _ => {}
        }
    }

    /// `MULTI … EXEC`, blocking commands included: they answer at once there.
    fn transaction(&mut self, connection: usize, ops: &mut Vec<Op>) {
        ops.push(Op::request(connection, &["MULTI"]));
        for _ in 0..self.random.between(0, 6) {
            let mut args =
                if self.random.one_in(3) { expand(&self.blocking, &mut self.random) } else { self.plain() };
            // What would end the transaction here lets what follows wait for ever.
            if [&b"EXEC"[..], b"DISCARD"].contains(&args[0].to_ascii_uppercase().as_slice()) {
                args = to_args(&["WATCH", "k0"]);
            }
            ops.push(Op::Request { connection, args });
        }
        let end = if self.random.one_in(6) { "DISCARD" } else { "EXEC" };
        ops.push(Op::request(connection, &[end]));
    }

    fn watched_transaction(&mut self, connection: usize, ops: &mut Vec<Op>) {
        let mut watch = to_args(&["WATCH"]);
        watch.extend((0..self.random.between(1, 2)).map(|_| values::key(&mut self.random)));
        ops.push(Op::Request { connection, args: watch });
        for _ in 0..self.random.between(0, 4) {
            let connection = self.random.below(PIPELINED);
            let args = self.plain();
            ops.push(Op::Request { connection, args });
        }
        self.transaction(connection, ops);
    }

    /// A command that chooses at random, between the commands that tell whether its choice was allowed and that
    /// make both servers equal again.
    fn random_result(&mut self, connection: usize, ops: &mut Vec<Op>) {
        let random = &mut self.random;
        let key = values::key(random);
        let count =
            random.pick(&["0", "1", "2", "5", "200", "-1", "-7", "abc", "-9223372036854775808"]).as_bytes();
        let with = |name: &str, rest: &[&[u8]]| {
            let mut args = vec![name.as_bytes().to_vec(), key.clone()];
            args.extend(rest.iter().map(|arg| arg.to_vec()));
            Op::Request { connection, args }
        };
        let count: &[&[u8]] = if random.one_in(3) { &[] } else { &[count] };
        match random.below(5) {
            0 => {
                ops.extend([with("SMEMBERS", &[]), with("SPOP", count), with("SCARD", &[]), with("DEL", &[])])
            }
            1 => ops.extend([with("SMEMBERS", &[]), with("SRANDMEMBER", count)]),
            2 if count.is_empty() => ops.extend([with("HGETALL", &[]), with("HRANDFIELD", &[])]),
            2 => ops.extend([with("HGETALL", &[]), with("HRANDFIELD", &[count[0], b"WITHVALUES"])]),
            3 if count.is_empty() => {
                ops.extend([with("ZRANGE", &[b"0", b"-1", b"WITHSCORES"]), with("ZRANDMEMBER", &[])]);
            }
            3 => ops.extend([
                with("ZRANGE", &[b"0", b"-1", b"WITHSCORES"]),
                with("ZRANDMEMBER", &[count[0], b"WITHSCORES"]),
            ]),
            _ => {
                ops.extend([Op::request(connection, &["KEYS", "*"]), Op::request(connection, &["RANDOMKEY"])])
            }
        }
    }

    fn scan(&mut self, connection: usize, ops: &mut Vec<Op>) {
        let random = &mut self.random;
        let mut args = to_args(&[random.pick(&["SCAN", "SSCAN", "HSCAN", "ZSCAN"])]);
        if args[0] != b"SCAN" {
            args.push(values::key(random));
        }
        let cursor_at = args.len();
        args.push(b"0".to_vec());
        for option in ["COUNT <pos>", "MATCH <pat>", "TYPE <type>"] {
            if random.one_in(3) && (args[0] == b"SCAN" || !option.starts_with("TYPE")) {
                Template::parse(option).expand(random, &mut args);
            }
        }
        ops.push(Op::Scan { connection, args, cursor_at });
    }

    fn lex(&mut self, connection: usize, ops: &mut Vec<Op>) {
        ops.push(Op::request(connection, &["DEL", "lex"]));
        let score = self.random.pick(&["0", "1", "-1.5"]);
        let mut args = to_args(&["ZADD", "lex"]);
        for _ in 0..self.random.between(1, 12) {
            args.push(score.as_bytes().to_vec());
            Template::parse("<mem>").expand(&mut self.random, &mut args);
        }
        ops.push(Op::Request { connection, args });
        for _ in 0..3 {
            let mut args = expand(&self.lex, &mut self.random);
            for arg in &mut args[1..3] {
                // Ranges of others, whose scores differ, mean nothing.
                if values::KEYS.contains(&arg.as_slice()) {
                    *arg = b"lex".to_vec();
                }
            }
            ops.push(Op::Request { connection, args });
        }
    }

    /// Some wait, others write: who is served, with what, and in which order.
    fn waiting_episode(&mut self, ops: &mut Vec<Op>) {
        ops.push(Op::watched(0, &["SELECT", "0"]));
        for connection in 3..6 {
            if self.random.one_in(2) {
                ops.push(Op::watched(connection, &["HELLO", "3"]));
            }
        }
        let mut waiting = 3;
        for _ in 0..self.random.between(4, 14) {
            if waiting < 6 && self.random.one_in(3) {
                let args = self.few_keys(|grammar| expand(&grammar.waiting, &mut grammar.random));
                ops.push(Op::Watched { connection: waiting, args });
                waiting += 1;
            } else if self.random.one_in(5) {
                self.serving_transaction(ops);
            } else if self.random.one_in(6) {
                let id = format!("{{id:{}}}", self.random.between(3, 5));
                let how = self.random.pick(&["TIMEOUT", "ERROR"]);
                ops.push(Op::watched(0, &["CLIENT", "UNBLOCK", &id, how]));
            } else {
                let args = self.few_keys(|grammar| expand(&grammar.serving, &mut grammar.random));
                ops.push(Op::Watched { connection: 0, args });
            }
        }
        Self::close_episode(ops);
    }

    /// All of it is about one key: with several, servers before 7.2 serve by the order of writing.
    fn serving_transaction(&mut self, ops: &mut Vec<Op>) {
        let key = self.random.pick(&["k0", "k1", "k2"]).as_bytes().to_vec();
        ops.push(Op::watched(0, &["MULTI"]));
        for _ in 0..self.random.between(1, 3) {
            let choice = self.random.below(4);
            let mut args = match choice {
                0 => to_args(&["RPUSH", "", "x", "y"]),
                1 => to_args(&["DEL", ""]),
                2 => to_args(&["LPUSH", "", "z"]),
                _ => to_args(&["ZADD", "", "1", "a", "2", "b"]),
            };
            args[1] = key.clone();
            ops.push(Op::Watched { connection: 0, args });
        }
        ops.push(Op::watched(0, &["EXEC"]));
    }

    /// A request whose keys are among the three that an episode is about.
    fn few_keys(&mut self, make: impl Fn(&mut Grammar) -> Args) -> Args {
        let mut args = make(self);
        for arg in &mut args[1..] {
            if arg.len() == 2 && arg[0] == b'k' {
                arg[1] = b'0' + arg[1] % 3;
            }
        }
        args
    }

    fn subscribing_episode(&mut self, ops: &mut Vec<Op>) {
        if self.random.one_in(2) {
            ops.push(Op::watched(4, &["HELLO", "3"]));
        }
        for _ in 0..self.random.between(4, 16) {
            let random = &mut self.random;
            let reader = random.between(3, 5);
            let channel = random.pick(&["news", "sport", "n2"]);
            match random.below(8) {
                0 | 1 => ops.push(Op::watched(reader, &["SUBSCRIBE", channel, "both"])),
                // One pattern per connection: the order among several is open.
                2 => ops.push(Op::watched(reader, &["PSUBSCRIBE", "n*"])),
                3 => ops.push(Op::watched(reader, &["SSUBSCRIBE", channel])),
                4 => {
                    let name = random.pick(&["UNSUBSCRIBE", "SUNSUBSCRIBE", "PUNSUBSCRIBE"]);
                    let what = if name == "PUNSUBSCRIBE" { "n*" } else { channel };
                    ops.push(Op::watched(reader, &[name, what]));
                }
                5 => ops.push(Op::watched(reader, &[random.pick(&["PING", "GET", "RESET"]), "k0"])),
                6 => ops.push(Op::watched(0, &["SPUBLISH", channel, "sharded"])),
                _ => ops.push(Op::watched(0, &["PUBLISH", channel, "hello"])),
            }
        }
        ops.push(Op::watched(0, &["PUBSUB", "NUMSUB", "news", "sport", "both"]));
        ops.push(Op::watched(0, &["PUBSUB", "NUMPAT"]));
        Self::close_episode(ops);
    }

    /// Some read, others write: who is told what, and when.
    fn tracking_episode(&mut self, ops: &mut Vec<Op>) {
        ops.push(Op::watched(0, &["SELECT", "0"]));
        for connection in 3..6 {
            if self.random.one_in(4) {
                ops.push(Op::watched(connection, &["SUBSCRIBE", "__redis__:invalidate"]));
            } else {
                ops.push(Op::watched(connection, &["HELLO", "3"]));
            }
        }
        for _ in 0..self.random.between(10, 60) {
            // The fifth only listens: what it hears for others comes before or after its own replies.
            let connection = [0, 3, 4][self.random.below(3)];
            let args = if connection != 0 && self.random.one_in(6) {
                expand(&self.tracking, &mut self.random)
            } else {
                self.few_keys(|grammar| expand(&grammar.tracked, &mut grammar.random))
            };
            ops.push(Op::Watched { connection, args });
        }
        ops.push(Op::watched(0, &["DISCARD"]));
        Self::close_episode(ops);
    }

    fn close_episode(ops: &mut Vec<Op>) {
        ops.extend((3..6).map(|connection| Op::Reopen { connection }));
    }
}

fn expand(templates: &[Template], random: &mut Random) -> Args {
    let mut args = Args::new();
    templates[random.below(templates.len())].expand(random, &mut args);
    args
}

/// Takes away what would only cost memory or time: huge counts and offsets.
fn tame(args: &mut Args) {
    let name = args[0].to_ascii_uppercase();
    if name == b"SETRANGE"
        && let Some(offset) = args.get_mut(2)
        && std::str::from_utf8(offset)
            .is_ok_and(|text| text.parse().is_ok_and(|at: i64| (1000..536_870_912).contains(&at)))
    {
        *offset = b"1000".to_vec();
    }
    // Left as it is where it is nothing but a wrong type.
    if name == b"HELLO" && args.len() > 2 {
        args.truncate(2);
    }
}
