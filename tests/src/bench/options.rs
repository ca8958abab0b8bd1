//! What the command line asks for.

use super::{Result, repository};
use std::path::PathBuf;

/// Text of `--help`.
pub(super) const HELP: &str = "\
Measures Sanderling beside redis-server.

  --sections <list>   throughput, growth, pauses, startup, size, node,
                      queues                                            [all]
  --rows <list>       set, get, incr, lpush, lpop, sadd, hset, zadd, mset [all]
  --pipelines <list>  commands sent at once                               [1,16,64]
  --servers <list>    redis, wasm, native                                 [all]
  --rounds <n>        rounds whose median counts                          [5]
  --seconds <s>       about how long one throughput run takes             [1.5]
  --keys <list>       sizes at which growth is looked at                  [1000000,5000000]
  --out <file>        BENCHMARKS.md when everything is measured, otherwise target/benchmarks.md

--rows or --pipelines without --sections mean the throughput section only.
Environment: SANDERLING_BIN and REDIS_BIN name the servers' programs.";

/// Commands that redis-benchmark knows, in the order of the table.
pub(super) const ROWS: [&str; 9] = ["set", "get", "incr", "lpush", "lpop", "sadd", "hset", "zadd", "mset"];

/// Fewer rounds than this are for trying things out.
const ROUNDS_COMMITTED_MIN: usize = 5;

/// One part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Throughput,
    Growth,
    Pauses,
    Startup,
    Size,
    Node,
    Queues,
}

impl Section {
    const ALL: [Section; 7] = [
        Section::Throughput,
        Section::Growth,
        Section::Pauses,
        Section::Startup,
        Section::Size,
        Section::Node,
        Section::Queues,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Section::Throughput => "Requests per second and CPU per operation",
            Section::Growth => "Memory and pauses while growing, over the socket",
            Section::Pauses => "Worst pause of a single command, engine alone",
            Section::Startup => "Start to first reply",
            Section::Size => "Package size",
            Section::Node => "In Node",
            Section::Queues => "Jobs through BullMQ",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Section::Throughput => "throughput",
            Section::Growth => "growth",
            Section::Pauses => "pauses",
            Section::Startup => "startup",
            Section::Size => "size",
            Section::Node => "node",
            Section::Queues => "queues",
        }
    }
}

/// A server that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Redis,
    Wasm,
    Native,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Redis, Kind::Wasm, Kind::Native];

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Redis => "redis",
            Kind::Wasm => "wasm",
            Kind::Native => "native",
        }
    }

    /// Its name in tables.
    pub(super) fn title(self) -> &'static str {
        match self {
            Kind::Redis => "redis-server",
            Kind::Wasm => "sanderling wasm",
            Kind::Native => "sanderling native",
        }
    }
}

/// What is measured, and how.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) sections: Vec<Section>,
    pub(super) rows: Vec<String>,
    pub(super) pipelines: Vec<u32>,
    pub(super) servers: Vec<Kind>,
    pub(super) rounds: usize,
    pub(super) seconds: f64,
    pub(super) keys: Vec<u64>,
    pub(super) out: PathBuf,
}

/// The options, or `None` when the help text is wanted.
pub(super) fn parse(arguments: &[String]) -> Result<Option<Options>> {
    let mut sections = None;
    let mut narrowed = false;
    let mut out = None;
    let mut options = Options {
        sections: Section::ALL.to_vec(),
        rows: ROWS.map(str::to_owned).to_vec(),
        pipelines: vec![1, 16, 64],
        servers: Kind::ALL.to_vec(),
        rounds: ROUNDS_COMMITTED_MIN,
        seconds: 1.5,
        keys: vec![1_000_000, 5_000_000],
        out: PathBuf::new(),
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
                options.rows = list(value, |name| find(&ROWS, |row| row, name).map(str::to_owned))?;
            }
            "--pipelines" => {
                narrowed = true;
                options.pipelines = list(value, number)?;
            }
            "--servers" => options.servers = list(value, |name| find(&Kind::ALL, Kind::name, name))?,
            "--rounds" => options.rounds = number::<usize>(value)?.max(1),
            "--seconds" => options.seconds = number(value)?,
            "--keys" => options.keys = list(value, number)?,
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
        options.sections = vec![Section::Throughput];
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
    fn rows_alone_mean_throughput() {
        let options = parsed("--rows get,SET --pipelines 64").unwrap();
        assert_eq!(options.sections, [Section::Throughput]);
        assert_eq!(options.rows, ["get", "set"]);
        assert_eq!(options.pipelines, [64]);
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
