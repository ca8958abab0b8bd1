//! `COMPAT.md`: every command of Redis and Valkey, and what Sanderling makes of it.

use std::fmt::Write;

use sanderling_core::command::{Command, table};

use super::upstream::{Origin, Upstream, commands};

/// The version of Redis whose behaviour the engine has.
const VERSION_TRACKED: (u32, u32) = (7, 2);

/// Something that is meant to be other than in Redis.
pub struct Difference {
    /// The commands that it shows in; none when it is about more than commands.
    pub commands: &'static [&'static str],
    /// What is different, in a few words.
    pub title: &'static str,
    /// How, and why.
    pub text: &'static str,
}

/// All deliberate differences from Redis 7.2.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        commands: &["BGREWRITEAOF", "BGSAVE", "DEBUG", "LASTSAVE", "SAVE", "SHUTDOWN", "WAITAOF"],
        title: "Files are Redis's, and safer",
        text: "The server keeps Redis 7's files, and so does the npm package with a directory in Node, Bun and Deno, and in what a browser stores: there \
               `appendonly` is always `yes`, and `save` is empty unless it is set. Without a directory `SAVE` and its kin fail, \
               and `appendonly` is `no`. Saves happen without a fork, so the fields about forks and \
               copies in `INFO` are 0; a failed sync is not believed to have been undone by a later one, writes that \
               were refused (`MISCONF`) go on by themselves once the disk does, and under `appendfsync always` a full \
               disk does not end the server: clients whose writes could not be kept are disconnected, and those writes are \
               undone; in the npm package their promises reject after a second, and they are written later. Replies leave no sooner than `appendfsync` promises, those that tell of others' writes included. \
               Without `aof-use-rdb-preamble` a base is commands, as in Redis, and forgets as much: when consumers were \
               last seen, pending entries that are deleted, how keys are used; but the manifest has its checksum. \
               `CONFIG SET dir` is refused while a log is kept, which would be left where it is. `DEBUG RELOAD` with \
               nothing to load changes nothing.",
    },
    Difference {
        commands: &["SCAN", "HSCAN", "SSCAN", "ZSCAN"],
        title: "Scans return every element exactly once",
        text: "Redis may return an element twice when a table is resized meanwhile. Cursors are positions in \
               the order of the hashes; they mean nothing to Redis and fit into 48 bits.",
    },
    Difference {
        commands: &["DEL", "FLUSHALL", "FLUSHDB", "UNLINK"],
        title: "Memory is always given back step by step",
        text: "What is deleted is gone at once; the memory of large values comes back in bounded steps, with \
               `SYNC` and `ASYNC` alike. So `DEL` is `UNLINK`.",
    },
    Difference {
        commands: &[],
        title: "A full sandbox refuses whatever would grow",
        text: "Where Redis would be ended by the system, commands get `-OOM command not allowed when all memory is \
               used.`: those that may grow a value though Redis runs them above `maxmemory`, such as `EXPIRE` and \
               `XREADGROUP`, and requests and replies that do not fit. Whatever deletes, reads or controls is served, \
               and the connection stays open. Who listens to others, by subscriptions or `MONITOR`, is disconnected when \
               there is no memory for a message, and who tracks keys is told that any of them may have changed.",
    },
    Difference {
        commands: &["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"],
        title: "Unsubscribing from everything has an order",
        text: "Without arguments the confirmations come sorted by name; in Redis the order is that of a hash \
               table.",
    },
    Difference {
        commands: &["CONFIG GET", "CONFIG SET"],
        title: "Settings of what does not exist here mean nothing",
        text: "Those of replicas, a cluster, threads, defragmentation and the process can be set and are shown as \
               they were set, and nothing follows; the server's log says so where they stand in a file or among the \
               flags. What would be dangerous to ignore is refused: `replicaof` with a host, `cluster-enabled yes`, \
               `min-replicas-to-write`, `loadmodule`. The `lazyfree` settings, `hz` and a few others ask \
               for what happens anyway. `port` and `bind` cannot be changed while the server runs. \
               `requirepass` must be UTF-8. \
               `client-output-buffer-limit normal` has a hard limit of 1 GB by default, since without one a \
               client that never reads takes the server's memory.",
    },
    Difference {
        commands: &["CONFIG SET"],
        title: "Settings of TLS are checked as a whole",
        text: "A change is refused with what is wrong with it, where Redis points to its log, and also if \
               it would ask clients for certificates without an authority that signs them, which locks \
               all of them out of Redis. `tls-protocols` has TLSv1.2 and TLSv1.3, `tls-ciphers` and `tls-ciphersuites` the nine \
               suites of these with forward secrecy, under the names of OpenSSL and IANA. Keys with a passphrase are \
               not read. Sessions are resumed by tickets alone, so `tls-session-cache-size` and \
               `tls-session-cache-timeout` mean nothing. As CONFIG SET of `dir`, it cannot be in a transaction or a \
               script. `tls-auto-reload-interval`, which is Valkey's, is 60 by default.",
    },
    Difference {
        commands: &["CLIENT INFO", "CLIENT LIST"],
        title: "Sockets and output buffers are not in the list of clients",
        text: "Both are the host's, which the engine does not see: `fd` is a number of the engine's, and `qbuf-free`, \
               `argv-mem`, `rbs`, `rbp`, `obl`, `oll` and `omem` are 0. `client-output-buffer-limit` is about what waits for a \
               client that does not read: a reply that the system takes at once does not count, however large.",
    },
    Difference {
        commands: &[
            "GEODIST",
            "GEORADIUS",
            "GEORADIUS_RO",
            "GEORADIUSBYMEMBER",
            "GEORADIUSBYMEMBER_RO",
            "GEOSEARCH",
            "GEOSEARCHSTORE",
        ],
        title: "Distances may differ in their last digit",
        text: "The last bit of a distance depends on the C library that Redis is built with; here it is the same on \
               every machine. It shows in what `STOREDIST` stores, and very seldom in the four decimal places of \
               a reply.",
    },
    Difference {
        commands: &["INFO"],
        title: "INFO has the fields that clients read",
        text: "The section `cpu` is empty in the npm package. Fields about replication links and event loops are missing, \
               and about builds (`gcc_version`, `atomicvar_api`); the allocator has no more than its blocks, and there is no \
               defragmentation whose time could be told. `os`, `arch_bits` and `total_system_memory` are the machine's, \
               `sandbox_memory_max` and `sanderling_engine` tell of the sandbox. `usec` of `commandstats` counts calls \
               that were timed.",
    },
    Difference {
        commands: &["CONFIG SET"],
        title: "A string has less than 4 GiB, in the sandbox and in the npm package less than 2 GiB",
        text: "`proto-max-bulk-len` and `client-query-buffer-limit` show what was set; what goes beyond is refused as if \
               that were the limit.",
    },
    Difference {
        commands: &["SLOWLOG GET", "LATENCY HISTOGRAM", "LATENCY LATEST", "LATENCY HISTORY"],
        title: "Only what may be slow is timed",
        text: "With thresholds of a millisecond and more, commands that take constant time are not timed. \
               `latency-tracking`, which times every command, is off by default: reading the clock twice costs a \
               third of a `GET`'s processor time in pipelines of 64, and half of a `SET`'s; one request at a time it cannot \
               be measured. Without it `LATENCY HISTOGRAM` and the section `latencystats` are empty. `expire-cycle` is how long all \
               steps of expiry took that followed each other, `expire-del` the longest of them.",
    },
    Difference {
        commands: &["MEMORY STATS", "MEMORY DOCTOR", "MEMORY MALLOC-STATS", "LATENCY DOCTOR"],
        title: "Reports are about this engine",
        text: "`MEMORY STATS` has no fields about fragmentation; the reports in prose are in our own words.",
    },
    Difference {
        commands: &["PSYNC", "REPLCONF", "REPLICAOF", "SLAVEOF", "SYNC"],
        title: "There is no replication",
        text: "`REPLICAOF NO ONE` is accepted; whatever would connect to a master or serve a replica fails.",
    },
    Difference {
        commands: &["DEBUG"],
        title: "DEBUG has what test suites use",
        text: "There are no subcommands about Redis's own structures and crashes; without files, `RELOAD` \
               writes values and reads them again in memory. `DEBUG OBJECT` tells a made-up address. `DEBUG DIGEST` is \
               Redis's. `REPLICATE` writes into the log. After `SET-DISABLE-DENY-SCRIPTS 1` scripts may call `DEBUG`, and \
               nothing else that is denied to them. `SLEEP` in a transaction lets the server rest when `EXEC` has run, whose \
               reply comes then.",
    },
    Difference {
        commands: &["DUMP", "RESTORE"],
        title: "Serialised values move to and from other families",
        text: "`RESTORE` takes what Redis up to 8.8 and Valkey up to 9 write, whatever the version of either; what Redis 8.6 \
               remembers of the producers of a stream is left out. `DUMP` writes the oldest form that holds the value and \
               declares its version, so that older servers take it.",
    },
    Difference {
        commands: &["SCRIPT DEBUG"],
        title: "There is no debugger for scripts",
        text: "All modes are accepted, and change nothing.",
    },
    Difference { commands: &["LOLWUT"], title: "LOLWUT draws nothing", text: "It tells the version alone." },
    Difference {
        commands: &["ACL LOAD", "ACL SAVE", "CONFIG REWRITE"],
        title: "The server's files are not used in transactions",
        text: "Inside `MULTI` these three reply an error. The ACL file may have comments, which `ACL SAVE` does not keep, \
               and at most 1 MB; `CONFIG REWRITE` leaves a line alone that says what is so already. The npm package has \
               no such files.",
    },
    Difference {
        commands: &["CLIENT TRACKING"],
        title: "Keys beyond `tracking-table-max-keys` are given up in order",
        text: "Redis chooses them at random. A second prefix that overlaps with another one of the same request is \
               always an error.",
    },
    Difference {
        commands: &["CLIENT NO-EVICT"],
        title: "Clients are evicted for what they keep in the engine",
        text: "`maxmemory-clients` is about requests that wait, queues of `MULTI`, watched keys and subscriptions. \
               Replies wait in the host, where `client-output-buffer-limit` holds.",
    },
    Difference {
        commands: &[
            "COMMAND DOCS",
            "ACL HELP",
            "CLIENT HELP",
            "COMMANDLOG HELP",
            "COMMAND HELP",
            "CONFIG HELP",
            "FUNCTION HELP",
            "LATENCY HELP",
            "MEMORY HELP",
            "MODULE HELP",
            "OBJECT HELP",
            "PUBSUB HELP",
            "SCRIPT HELP",
            "SLOWLOG HELP",
            "XGROUP HELP",
            "XINFO HELP",
        ],
        title: "Help and documentation are in our own words",
        text: "Their form is Redis's. `COMMAND DOCS` has no history of options.",
    },
    Difference {
        commands: &[],
        title: "A request has at most 1,048,576 arguments",
        text: "More are a protocol error, which closes the connection; Redis takes 2,147,483,647.",
    },
    Difference {
        commands: &["MULTI"],
        title: "A transaction's queue is bounded",
        text: "Requests that wait for `EXEC` may together take `client-query-buffer-limit` bytes; beyond it \
               the connection is closed.",
    },
    Difference {
        commands: &["HEXPIRE", "HGETALL", "HLEN"],
        title: "Fields that have expired are gone at once",
        text: "Whatever looks at a hash finds it without them; Redis 8 counts and shows some of them until its cycle of \
               expiry comes along.",
    },
    Difference {
        commands: &["KEYS"],
        title: "Patterns are matched however long they take",
        text: "Redis gives up on patterns with thousands of `*?`, and then finds nothing.",
    },
    Difference {
        commands: &["FUNCTION LOAD", "EVAL"],
        title: "Scripts and libraries have limits",
        text: "`function-max-libraries`, `function-max-bytes`, `script-memory-max`, `script-instructions-max`, \
               `script-cache-max-entries` and `script-cache-max-bytes` bound what clients can make grow; Redis has none of \
               them. `string.dump` is refused, since `loadstring` takes no compiled code, in Redis neither. The table \
               `server`, which Valkey has, is another name of `redis`.",
    },
    Difference {
        commands: &["XINFO"],
        title: "The lag of a group is that of 7.2",
        text: "Later versions know it again after some cases of `XTRIM` and `XDEL`, and bound `entries-read`.",
    },
    Difference {
        commands: &["SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER"],
        title: "A negative count makes at most 128 MiB of reply",
        text: "Larger ones are refused; in Redis they take what memory there is.",
    },
    Difference {
        commands: &["EXEC"],
        title: "Time stands still during a command and what follows from it",
        text: "Clients that wait for what `EXEC` has written are served by the clock at its beginning, however long it took.",
    },
];

/// Why commands are missing: the first line that fits holds.
const REASONS: &[(Matches, &str)] = &[
    (Matches::Origin(Origin::Module), "modules' types are not planned"),
    (Matches::Group("valkey"), "newer than the version tracked"),
    (Matches::NewerThanTracked, "newer than the version tracked"),
    (Matches::Container("MIGRATE"), "the engine opens no connections"),
    (Matches::Container("RESTORE-ASKING"), "there is no cluster; clients connect as to a single server"),
];

/// Which commands a reason is for.
#[derive(Clone, Copy)]
enum Matches {
    Group(&'static str),
    Origin(Origin),
    NewerThanTracked,
    /// A command of this name and its subcommands.
    Container(&'static str),
}

impl Matches {
    fn is(self, command: &Upstream) -> bool {
        match self {
            Matches::Group(group) => command.group == group,
            Matches::Origin(origin) => command.origin == origin,
            Matches::NewerThanTracked => !command.origin.is_in_redis(VERSION_TRACKED),
            Matches::Container(name) => {
                command.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            }
        }
    }
}

/// What became of a command.
enum Status {
    Supported,
    Differs(Vec<&'static Difference>),
    Missing(&'static str),
}

/// Numbers of commands.
#[derive(Default, Clone, Copy)]
struct Counts {
    supported: usize,
    differs: usize,
    missing: usize,
}

impl Counts {
    fn add(&mut self, status: &Status) {
        match status {
            Status::Supported => self.supported += 1,
            Status::Differs(_) => self.differs += 1,
            Status::Missing(_) => self.missing += 1,
        }
    }

    fn all(self) -> usize {
        self.supported + self.differs + self.missing
    }
}

const HEADER: &str = "\
<!-- Generated from the command table by `cargo test -p sanderling-tests generated`; change the table, or
     tests/src/generated/compat.rs, instead. -->

# Compatibility

Sanderling behaves as **Redis 7.2**: the same replies to the byte, the same error texts, RESP2, RESP3 and inline
requests. What differs on purpose is listed below; any other difference is a bug. Conversation scripts and a
differential fuzzer compare the engine with redis-server 7.0.15 in its tests, and where 7.2 itself differs from
7.0 (the digits of scores, compact forms of small lists and sets, newer options) the engine follows 7.2.

The tables name all commands of Redis up to 8.10, with its modules, and of Valkey up to 9.1.
*Supported* means every option and every form of reply of 7.2, and of a newer command those of its own version.
Of the options that older commands got after 7.2 there are, of 7.4: `HSCAN` with `NOVALUES`, `XREAD` with `+` and
`CLIENT KILL` with `MAXAGE`; of 8.x: `SET` with `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE`, `BITOP` with `DIFF`, `DIFF1`, `ANDOR` and
`ONE`, `XADD` and `XTRIM` with `KEEPREF`, `DELREF` and `ACKED`, and `XREADGROUP` with `CLAIM`.

The replies of what is newer were compared with Redis 8.6.3 by 100,000 random requests. Errors about the arguments of
`HEXPIRE` and its kin are worded as by Redis 8.0; 8.6 has other words. `SET` with `IFDEQ`, `GET` and a digest that is none
gets one reply, and not two. A field that `HSETEX` names twice gets the later value, where 8.6.3 ends. By 20,000 requests to
Valkey 9.1.2, fields of hashes that expire differ there in the words of errors, in names of encodings, and in that times
beyond Redis's bounds (2^46 milliseconds) are taken.

## The version that clients are told

`HELLO`, `INFO`, `LOLWUT` and scripts tell Redis 7.4.7, or what the setting `reported-version` says: libraries switch on by it
what servers may not have. 7.4 is the newest version of which that is always right:

| from | clients use | here |
|:--|:--|:--|
| 6.0 | `HELLO`, RESP3, users, client-side caching | yes |
| 6.2 | `GETDEL`, `GETEX`, `COPY`, `XAUTOCLAIM`, `GEOSEARCH` | yes |
| 7.0 | functions, `EXPIRE` with conditions, sharded channels, `COMMAND DOCS` | yes |
| 7.2 | `CLIENT SETINFO`, `WAITAOF`, `ZRANK` with `WITHSCORE` | yes |
| 7.4 | fields that expire: `HEXPIRE` and its kin (redis-om, huey) | yes |
| 8.0 | `HGETDEL`, `HGETEX`, `HSETEX` | yes |
| 8.0 | JSON, search, time series, probabilistic types, vector sets without a look at `MODULE LIST` | no |
| 8.2 | `XACKDEL`, `XDELEX`, `BITOP DIFF` | yes |
| 8.4 | `SET` with `IFEQ` and its kin, `DELEX`, `MSETEX`, `XREADGROUP` with `CLAIM` | yes |

So a client that needs those of 8.x that are here, and none of the types that are not, may be told 8.4.0.

Of what is Valkey's alone there are: `CLIENT LIST` and `CLIENT KILL` with filters and their opposites (`NOT-`), `ZSCAN` with
`NOSCORES`, the table `server` in scripts, `availability-zone`, which `HELLO` tells, and `extended-redis-compatibility`, which
is always `yes`, since with `no` a Valkey tells its own name and version, whose commands are not all here; and `COMMANDLOG`.
`import-mode` means nothing: what a tool brings over expires as it says, and is not kept for a `DEL` of the server that it
comes from, which then does nothing.

Of what is Upstash's alone there are: `SCAN` with `WITHTYPE`, by which each key is followed by its type; the flag
`allow-key-locking` of scripts and functions, which changes nothing, since no script runs beside another; and `ACL RESTTOKEN`,
whose token is the user's name and password as `base64(name:password)`: it is kept nowhere, and is worth what the user may do
when it is shown. What is only Upstash's is refused by Redis, a library with that flag in a dump included.
";

/// The whole file.
pub fn compat() -> String {
    let rows = own_names();
    let all = commands();
    let mut groups: Vec<&str> = all.iter().map(|command| command.group).collect();
    groups.dedup();

    let mut text = HEADER.to_owned();
    write_counts(&mut text, &rows, &all, &groups);
    write_differences(&mut text);
    for group in groups {
        write_group(&mut text, &rows, group, all.iter().filter(|command| command.group == group));
    }
    text
}

/// The names of the engine's commands and subcommands.
pub fn own_names() -> Vec<String> {
    table().flat_map(|row| std::iter::once(row.name.to_owned()).chain(subcommand_names(row))).collect()
}

fn subcommand_names(row: &'static Command) -> impl Iterator<Item = String> {
    row.subcommands.iter().map(|subcommand| format!("{} {}", row.name, subcommand.name))
}

fn status(rows: &[String], command: &Upstream) -> Status {
    if !rows.iter().any(|name| name == command.name) {
        let reason = REASONS.iter().find(|(matches, _)| matches.is(command));
        let (_, reason) = reason.unwrap_or_else(|| panic!("nothing says why {} is missing", command.name));
        return Status::Missing(reason);
    }
    let found: Vec<_> =
        DIFFERENCES.iter().filter(|difference| difference.commands.contains(&command.name)).collect();
    if found.is_empty() { Status::Supported } else { Status::Differs(found) }
}

fn write_counts(text: &mut String, rows: &[String], all: &[Upstream], groups: &[&str]) {
    let count = |wanted: &dyn Fn(&Upstream) -> bool| {
        let mut counts = Counts::default();
        all.iter().filter(|command| wanted(command)).for_each(|command| counts.add(&status(rows, command)));
        counts
    };
    text.push_str("\n## Counts\n\nSubcommands count as commands.\n\n");
    text.push_str("| group | commands | supported | differs | not supported |\n|:--|--:|--:|--:|--:|\n");
    let mut line = |name: &str, counts: Counts| {
        let Counts { supported, differs, missing } = counts;
        let _ = writeln!(text, "| {name} | {} | {supported} | {differs} | {missing} |", counts.all());
    };
    for group in groups {
        line(group, count(&|command| command.group == *group));
    }
    line("**Redis 7.2**", count(&|command| command.origin.is_in_redis(VERSION_TRACKED)));
    line("**all**", count(&|_| true));
}

fn write_differences(text: &mut String) {
    text.push_str("\n## Deliberate differences\n\n");
    for Difference { commands, title, text: how } in DIFFERENCES {
        let names: Vec<_> = commands.iter().map(|name| format!("`{name}`")).collect();
        let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let _ = writeln!(text, "- **{title}**{names}. {how}");
    }
}

fn write_group<'a>(
    text: &mut String,
    rows: &[String],
    group: &str,
    commands: impl Iterator<Item = &'a Upstream>,
) {
    let _ = writeln!(text, "\n## {group}\n");
    text.push_str("| command | since | | |\n|:--|:--|:--|:--|\n");
    for command in commands {
        let (mark, note) = match status(rows, command) {
            Status::Supported => ("supported", String::new()),
            Status::Differs(differences) => {
                let titles: Vec<_> = differences.iter().map(|difference| difference.title).collect();
                ("differs", titles.join("; "))
            }
            Status::Missing(reason) => ("not supported", reason.to_owned()),
        };
        let _ = writeln!(text, "| {} | {} | {mark} | {note} |", command.name, command.origin.text());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_here_is_one_of_upstream() {
        let all = commands();
        for name in own_names() {
            assert!(all.iter().any(|command| command.name == name), "{name} is not in data/commands.txt");
        }
    }

    #[test]
    fn versions_and_groups_are_those_of_upstream() {
        let all = commands();
        let check = |name: &str, row: &Command| {
            let command = all.iter().find(|command| command.name == name).expect("another test finds it");
            // Commands of Valkey's and Upstash's own are listed without the versions that brought them.
            if !matches!(command.origin, Origin::Valkey | Origin::Upstash) {
                assert_eq!(command.origin, Origin::Redis(row.since), "{name}");
                assert_eq!(command.group, row.group.name(), "{name}");
            }
        };
        for row in table() {
            check(row.name, row);
            row.subcommands.iter().for_each(|own| check(&format!("{} {}", row.name, own.name), own));
        }
    }

    #[test]
    fn every_difference_and_every_reason_is_used() {
        let (rows, all) = (own_names(), commands());
        for name in DIFFERENCES.iter().flat_map(|difference| difference.commands) {
            assert!(rows.iter().any(|own| own == name), "a difference names {name}, which is not there");
        }
        let missing: Vec<_> =
            all.iter().filter(|command| !rows.iter().any(|own| own == command.name)).collect();
        for (index, (_, reason)) in REASONS.iter().enumerate() {
            let is_first =
                |command: &&&Upstream| REASONS.iter().position(|(it, _)| it.is(command)) == Some(index);
            assert!(
                missing.iter().any(|command| is_first(&command)),
                "no command is missing because: {reason}"
            );
        }
    }
}
