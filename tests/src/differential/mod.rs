//! The differential fuzzer: the same random commands to redis-server and to a target, and every reply compared.
//!
//! A run follows from its seed. [`grammar`] makes steps, [`session`] performs them on a server, [`judge`]
//! compares what comes back, [`explained`] lists the differences that are right, and [`minimise`] shortens a
//! run that found another.

pub mod explained;
pub mod grammar;
pub mod judge;
mod minimise;
pub mod operation;
pub mod session;
pub mod streams;

use std::collections::HashMap;
use std::time::Instant;

use crate::target::Target;
use grammar::{CONNECTIONS, Grammar};
use judge::Judge;
use minimise::minimise;
use operation::Op;
use session::{Held, Session};

/// Pipelines are no longer than this.
const BATCH_MAX: usize = 200;

/// How many shorter runs are tried to find the shortest.
const MINIMISE_TRIES_MAX: usize = 1_500;

/// How many steps are shown of those that led to a difference which does not come back.
const LAST_STEPS: usize = 100;

/// What a run is.
#[derive(Clone, Debug)]
pub struct Config {
    /// Ends when so many commands were compared.
    pub commands: u64,
    /// Where its randomness comes from.
    pub seed: u64,
    /// Unless empty: only these commands, without transactions and episodes of several connections.
    pub only: Vec<String>,
}

impl Config {
    /// From `SANDERLING_FUZZ_COMMANDS`, `SANDERLING_FUZZ_SEED` and `SANDERLING_FUZZ_ONLY` (names of commands with
    /// commas between), else what continuous integration runs.
    pub fn from_env() -> Config {
        let number = |name: &str, default: u64| match std::env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
            Err(_) => default,
        };
        Config {
            commands: number("SANDERLING_FUZZ_COMMANDS", 200_000),
            seed: number("SANDERLING_FUZZ_SEED", 20_240_101),
            only: std::env::var("SANDERLING_FUZZ_ONLY")
                .map(|names| names.split(',').map(str::to_ascii_uppercase).collect())
                .unwrap_or_default(),
        }
    }
}

/// What a run found.
#[derive(Debug)]
pub struct Report {
    /// How many commands were compared.
    pub commands: u64,
    /// The same in a second.
    pub per_second: u64,
    /// How often each explained difference was met.
    pub explained: HashMap<&'static str, u64>,
    /// The first unexplained difference, with the steps that lead to it.
    pub difference: Option<String>,
}

/// Runs until a difference or the configured number of commands.
pub fn run(config: &Config, oracle: &mut dyn Target, target: &mut dyn Target) -> Report {
    let begin = Instant::now();
    let mut pair = Pair {
        oracle: Session::new(oracle, CONNECTIONS),
        target: Session::new(target, CONNECTIONS),
        judge: Judge::default(),
    };
    let mut grammar = Grammar::new(config.seed).only(&config.only);
    let mut done = Vec::new();
    let mut commands = 0;
    let mut next = Grammar::opening();
    let mut difference = None;
    loop {
        let result = pair.perform(&next);
        if let Err((at, what)) = result {
            done.extend_from_slice(&next[..=at]);
            difference = Some(explain(config, &mut pair, &done, &what));
            break;
        }
        commands += next.iter().map(Op::commands).sum::<u64>();
        done.append(&mut next);
        if commands >= config.commands {
            if let Err((_, what)) = pair.perform(&[Op::State]) {
                done.push(Op::State);
                difference = Some(explain(config, &mut pair, &done, &what));
            }
            break;
        }
        next = grammar.steps();
    }
    let per_second = (commands as f64 / begin.elapsed().as_secs_f64()) as u64;
    Report { commands, per_second, explained: pair.judge.met, difference }
}

/// Both servers.
struct Pair<'a> {
    oracle: Session<'a>,
    target: Session<'a>,
    judge: Judge,
}

/// Index of the step that found a difference, and what it is.
type Difference = (usize, String);

impl Pair<'_> {
    fn perform(&mut self, ops: &[Op]) -> Result<(), Difference> {
        let mut at = 0;
        while at < ops.len() {
            let len = match &ops[at] {
                Op::Request { connection, .. } => {
                    self.batch(*connection, &ops[at..]).map_err(|(i, what)| (at + i, what))?
                }
                other => {
                    self.single(other).map_err(|what| (at, what))?;
                    1
                }
            };
            at += len;
        }
        Ok(())
    }

    /// Sends the first requests of `ops` that are of one connection in one piece; returns how many.
    fn batch(&mut self, connection: usize, ops: &[Op]) -> Result<usize, Difference> {
        let requests: Vec<_> = ops
            .iter()
            .take(BATCH_MAX)
            .map_while(|op| match op {
                Op::Request { connection: own, args } if *own == connection => Some(args),
                _ => None,
            })
            .collect();
        self.oracle.send(connection, &requests);
        self.target.send(connection, &requests);
        for (index, args) in requests.iter().enumerate() {
            let (oracle, target) = (self.oracle.receive(connection), self.target.receive(connection));
            self.judge.reply(connection, args, oracle, target).map_err(|what| (index, what))?;
        }
        Ok(requests.len())
    }

    fn single(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Request { .. } => unreachable!("requests go in batches"),
            Op::Watched { connection, args } => self.watched(*connection, args),
            Op::Scan { connection, args, cursor_at } => {
                let oracle = self.oracle.scan(*connection, args, *cursor_at);
                let target = self.target.scan(*connection, args, *cursor_at);
                if oracle == target {
                    Ok(())
                } else {
                    Err(format!("  oracle\n      {oracle:?}\n  target\n      {target:?}"))
                }
            }
            Op::State => compare_states(self.oracle.state()?, self.target.state()?),
            Op::Reopen { connection } => {
                self.oracle.reopen(*connection);
                self.target.reopen(*connection);
                self.judge.reopened(*connection);
                Ok(())
            }
        }
    }

    fn watched(&mut self, connection: usize, args: &operation::Args) -> Result<(), String> {
        let oracle = self.oracle.watched(connection, args);
        let target = self.target.watched(connection, args);
        let places = |arrived: &[(usize, _)]| arrived.iter().map(|(place, _)| *place).collect::<Vec<_>>();
        if places(&oracle) != places(&target) {
            return Err(format!("  oracle\n      {oracle:?}\n  target\n      {target:?}"));
        }
        let last_own = oracle.iter().rposition(|(place, _)| *place == connection);
        for (index, ((place, oracle), (_, target))) in oracle.into_iter().zip(target).enumerate() {
            if Some(index) == last_own {
                self.judge.reply(place, args, oracle, target)?;
            } else {
                // What it answers is a wait or a subscription of that connection: scores may be in it.
                self.judge.reply(place, &vec![b"BZPOPMIN".to_vec()], oracle, target)?;
            }
        }
        Ok(())
    }
}

fn compare_states(oracle: Vec<Held>, target: Vec<Held>) -> Result<(), String> {
    let mut differences = Vec::new();
    let mut others: HashMap<&str, &Held> = target.iter().map(|held| (held.name.as_str(), held)).collect();
    for held in &oracle {
        match others.remove(held.name.as_str()) {
            None => differences.push(format!("  {}: only the oracle has it: {}", held.name, held.content)),
            Some(other) if other.content != held.content => differences
                .push(format!("  {}\n    oracle {}\n    target {}", held.name, held.content, other.content)),
            Some(other) if other.expires.abs_diff(held.expires) > 5_000 => differences.push(format!(
                "  {} expires at {} on the oracle, at {} on the target",
                held.name, held.expires, other.expires
            )),
            Some(_) => {}
        }
    }
    differences.extend(
        others.values().map(|held| format!("  {}: only the target has it: {}", held.name, held.content)),
    );
    if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) }
}

/// A message with the shortest run found that ends in a difference.
fn explain(config: &Config, pair: &mut Pair<'_>, done: &[Op], what: &str) -> String {
    let seed = config.seed;
    let last = done.last().map(Op::show).unwrap_or_default();
    let header = format!("seed {seed}, step {}: {last}\n{what}\n", done.len() - 1);
    let mut found = what.to_owned();
    println!("DIFFERENT {header}\nmaking it shorter");
    let fails = |candidate: &[Op]| match pair.fresh(candidate) {
        _ if would_wait(candidate) => false,
        Err((_, what)) => {
            found = what;
            true
        }
        Ok(()) => false,
    };
    // The opening is performed before every candidate.
    match minimise(done, MINIMISE_TRIES_MAX, fails) {
        Some(steps) => {
            // The last failing candidate need not be the shortest, so it is performed once more.
            let found = pair.fresh(&steps).err().map_or(found, |(_, what)| what);
            let lines: Vec<String> = steps.iter().map(Op::show).collect();
            format!(
                "{header}\nthe same from an empty server in {} steps:\n{}\n{found}\n",
                steps.len(),
                lines.join("\n")
            )
        }
        None => {
            let last: Vec<String> =
                done[done.len().saturating_sub(LAST_STEPS)..].iter().map(Op::show).collect();
            format!(
                "{header}\nit does not come back when the steps are performed again on an empty server; the last \
                 were:\n{}\n",
                last.join("\n")
            )
        }
    }
}

/// Whether a blocking command that was in a transaction has lost its MULTI: there would be no reply to wait for.
fn would_wait(ops: &[Op]) -> bool {
    let mut open = [false; CONNECTIONS];
    ops.iter().any(|op| {
        let Op::Request { connection, args } = op else { return false };
        let name = args[0].to_ascii_uppercase();
        match name.as_slice() {
            b"MULTI" => open[*connection] = true,
            b"EXEC" | b"DISCARD" => open[*connection] = false,
            _ => {}
        }
        let may_wait = args.iter().any(|arg| arg == b"BLOCK")
            || name.starts_with(b"BL")
            || name.starts_with(b"BR")
            || name.starts_with(b"BZ");
        !open[*connection] && may_wait
    })
}

impl Pair<'_> {
    /// Performs steps on empty servers with new connections.
    fn fresh(&mut self, ops: &[Op]) -> Result<(), Difference> {
        self.judge.forget();
        self.perform(&Grammar::opening()).and_then(|()| self.perform(ops))
    }
}
