//! What the command line asks for.

use super::rows::{MORE, PLAIN, Row};
use super::{Result, repository};
use std::path::PathBuf;

/// Text of `--help`.
pub(super) const HELP: &str = "\
Measures Sanderling beside redis-server.

  --sections <list>   throughput, commands, durability, growth, refill, elements, pauses, startup, size, node,
                      queues, lua, tls, rest  [all]
  --rows <list>       rows of throughput: set, get, incr, lpush, lpop, sadd, hset, zadd, mset;
                      of commands: xadd, xrange, xreadgroup, xack, geosearch, pfadd, setbit, getbit, zrange,
                      zrangebyscore, zrank, lrange, hgetall, smembers, sinter, sort, mget, evalsha  [all]
  --pipelines <list>  commands sent at once                    [1,16,64; 16 for commands]
  --servers <list>    redis, newer, valkey, wasm, native       [all that are there]
  --rounds <n>        rounds whose median counts               [5]
  --seconds <s>       about how long one throughput run takes  [1.5; at most 0.8 for commands]
  --keys <list>       sizes at which growth is looked at       [1000000,5000000]
  --out <file>        BENCHMARKS.md when everything is measured, otherwise target/benchmarks.md
  --merge <yes|no>    put the sections in the place of those that the file has      [no]

--rows or --pipelines without --sections mean the sections that the rows are in.
Environment: SANDERLING_BIN, REDIS_BIN, REDIS_NEWER_BIN and VALKEY_BIN name the servers' programs. Those of a newer
Redis and of Valkey take part in all rounds where they are there.";

/// Fewer rounds than this are for trying things out.
const ROUNDS_COMMITTED_MIN: usize = 5;

/// One part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Throughput,
    Commands,
    Durability,
    Growth,
    Refill,
    Elements,
    Pauses,
    Startup,
    Size,
    Node,
    Queues,
    Lua,
    Tls,
    Rest,
}

impl Options {
    /// Commands sent at once, where nothing else was asked for.
    pub(super) fn pipelines_or(&self, default: &[u32]) -> Vec<u32> {
        if self.pipelines.is_empty() { default.to_vec() } else { self.pipelines.clone() }
    }
}

impl Section {
    const ALL: [Section; 14] = [
        Section::Throughput,
        Section::Commands,
        Section::Durability,
        Section::Growth,
        Section::Refill,
        Section::Elements,
        Section::Pauses,
        Section::Startup,
        Section::Size,
        Section::Node,
        Section::Queues,
        Section::Lua,
        Section::Tls,
        Section::Rest,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Section::Throughput => "Requests per second and CPU per operation",
            Section::Commands => "Other types, and replies of many elements",
            Section::Durability => "Keeping data in files",
            Section::Elements => "Memory per element",
            Section::Growth => "Memory and pauses while growing, over the socket",
            Section::Refill => "Filling again with other sizes",
            Section::Pauses => "Worst pause of a single command, engine alone",
            Section::Startup => "Start to first reply",
            Section::Size => "Package size",
            Section::Node => "In Node",
            Section::Queues => "Jobs through BullMQ",
            Section::Lua => "The Lua machine alone",
            Section::Tls => "TLS",
            Section::Rest => "HTTP",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Section::Throughput => "throughput",
            Section::Commands => "commands",
            Section::Durability => "durability",
            Section::Growth => "growth",
            Section::Refill => "refill",
            Section::Elements => "elements",
            Section::Pauses => "pauses",
            Section::Startup => "startup",
            Section::Size => "size",
            Section::Node => "node",
            Section::Queues => "queues",
            Section::Lua => "lua",
            Section::Tls => "tls",
            Section::Rest => "rest",
        }
    }
}

/// A server that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What the others are compared with.
    Redis,
    /// A newer Redis.
    Newer,
    Valkey,
    Wasm,
    Native,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Redis, Kind::Newer, Kind::Valkey, Kind::Wasm, Kind::Native];

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Redis => "redis",
            Kind::Newer => "newer",
            Kind::Valkey => "valkey",
            Kind::Wasm => "wasm",
            Kind::Native => "native",
        }
    }

    /// Its name in tables.
    pub(super) fn title(self) -> &'static str {
        match self {
            Kind::Redis => "redis-server",
            Kind::Newer => "newer redis-server",
            Kind::Valkey => "valkey-server",
            Kind::Wasm => "sanderling wasm",
            Kind::Native => "sanderling native",
        }
    }
}

/// What is measured, and how.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) sections: Vec<Section>,
    /// Names of rows.
    pub(super) rows: Vec<&'static str>,
    /// Commands sent at once; a section's own choice if there are none.
    pub(super) pipelines: Vec<u32>,
    pub(super) servers: Vec<Kind>,
    pub(super) rounds: usize,
    pub(super) seconds: f64,
    pub(super) keys: Vec<u64>,
    pub(super) out: PathBuf,
    /// Whether what the file has of other sections stays.
    pub(super) merges: bool,
}

/// The options, or `None` when the help text is wanted.
pub(super) fn parse(arguments: &[String]) -> Result<Option<Options>> {
    let names: Vec<&str> = Row::all().map(|row| row.name).collect();
    let mut sections = None;
    let mut narrowed = false;
    let mut out = None;
    let mut options = Options {
        sections: Section::ALL.to_vec(),
        rows: Row::all().map(|row| row.name).collect(),
        pipelines: Vec::new(),
        servers: Kind::ALL.to_vec(),
        rounds: ROUNDS_COMMITTED_MIN,
        seconds: 1.5,
        keys: vec![1_000_000, 5_000_000],
        out: PathBuf::new(),
        merges: false,
    };
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        if flag == "--help" || flag == "-h" {
            return Ok(None);
        }
        let value = rest.next().ok_or_else(|| format!("{flag} needs a value"))?;
        // An empty value is a variable of the Makefile that was not given.
        if value.is_empty() {
            continue;
        }
        match flag.as_str() {
            "--sections" => sections = Some(list(value, |name| find(&Section::ALL, Section::name, name))?),
            "--rows" => {
                narrowed = true;
                options.rows = list(value, |name| find(&names, |row| row, name))?;
            }
            "--pipelines" => {
                narrowed = true;
                options.pipelines = list(value, number)?;
            }
            "--servers" => options.servers = list(value, |name| find(&Kind::ALL, Kind::name, name))?,
            "--rounds" => options.rounds = number::<usize>(value)?.max(1),
            "--seconds" => options.seconds = number(value)?,
            "--keys" => options.keys = list(value, number)?,
            "--merge" => options.merges = find(&["yes", "no"], |word| word, value)? == "yes",
            "--out" => out = Some(PathBuf::from(value)),
            _ => return Err(format!("{flag} is not a flag; see --help").into()),
        }
    }
    let whole = sections.is_none()
        && !narrowed
        && options.servers == Kind::ALL
        && options.rounds >= ROUNDS_COMMITTED_MIN;
    if let Some(sections) = sections {
        options.sections = sections;
    } else if narrowed {
        let has = |rows: &[Row]| rows.iter().any(|row| options.rows.contains(&row.name));
        options.sections = [(Section::Throughput, has(&PLAIN)), (Section::Commands, has(&MORE))]
            .into_iter()
            .filter_map(|(section, has)| has.then_some(section))
            .collect();
    }
    options.keys.sort_unstable();
    options.out = out
        .unwrap_or_else(|| repository().join(if whole { "BENCHMARKS.md" } else { "target/benchmarks.md" }));
    Ok(Some(options))
}

fn list<T>(text: &str, item: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    text.split(',').map(|part| item(part.trim())).collect()
}

fn find<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, wanted: &str) -> Result<T> {
    let found = all.iter().copied().find(|item| name(*item).eq_ignore_ascii_case(wanted));
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|item| name(*item)).collect();
        format!("'{wanted}' is none of {}", names.join(", ")).into()
    })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| format!("'{text}' is not a number that fits here").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Options> {
        let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Ok(parse(&arguments)?.expect("the help text was not asked for"))
    }

    #[test]
    fn everything_is_the_default_and_only_that_replaces_the_committed_figures() {
        let options = parsed("").unwrap();
        assert_eq!(options.sections, Section::ALL);
        assert_eq!(options.out.file_name().unwrap(), "BENCHMARKS.md");
        for part in ["--servers redis,wasm", "--rounds 1", "--sections size"] {
            assert_eq!(parsed(part).unwrap().out.file_name().unwrap(), "benchmarks.md");
        }
    }

    #[test]
    fn rows_alone_mean_their_sections() {
        let options = parsed("--rows get,SET --pipelines 64").unwrap();
        assert_eq!(options.sections, [Section::Throughput]);
        assert_eq!(options.rows, ["get", "set"]);
        assert_eq!(options.pipelines, [64]);
        assert_eq!(parsed("--rows xadd").unwrap().sections, [Section::Commands]);
        assert_eq!(parsed("--rows get,xadd").unwrap().sections, [Section::Throughput, Section::Commands]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            ("--rows gett", "'gett' is none of set, get, incr"),
            ("--rounds many", "'many' is not a number"),
            ("--rounds", "--rounds needs a value"),
            ("--fast yes", "--fast is not a flag"),
        ] {
            let error = parsed(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn variables_that_were_not_given_change_nothing() {
        let arguments = ["--rows", "", "--sections", ""].map(str::to_owned);
        assert_eq!(parse(&arguments).unwrap().unwrap().sections, Section::ALL);
    }
}
