//! LCS: the longest common subsequence of two strings, by dynamic programming.

use alloc::vec::Vec;

use super::text_of;
use crate::base::error::Error;
use crate::base::memory::Memory;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, KeySpec, access, flags, integer, key, token};
use crate::keyspace::ValueRef;
use crate::number;
use crate::resp::args::Args;

/// Bytes of the table of lengths that LCS may allocate.
const TABLE_BYTES_MAX: usize = 512 << 20;

/// A run of equal bytes: where it begins in the first and in the second string, and how long it is.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    first: usize,
    second: usize,
    len: usize,
}

fn lcs(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (mut wants_len, mut wants_runs, mut with_len, mut least) = (false, false, false, 0);
    // Both are looked up before anything is said about either.
    let (first, second) = (text(ctx, args.at(1)), text(ctx, args.at(2)));
    let (first, second) = (first?, second?);
    let mut cursor = args.cursor(3);
    while !cursor.is_done() {
        if cursor.accept("IDX") {
            wants_runs = true;
        } else if cursor.accept("LEN") {
            wants_len = true;
        } else if cursor.accept("WITHMATCHLEN") {
            with_len = true;
        } else if cursor.accept_with("MINMATCHLEN", 1) {
            least = number::count(cursor.int()?).unwrap_or(0);
        } else {
            return Err(Error::Syntax);
        }
    }
    if wants_len && wants_runs {
        return Err(Error::Text("ERR If you want both the length and indexes, please just use IDX."));
    }
    let bytes_max = ctx.server.config.value_bytes_max();
    let table = Lengths::new(&first, &second, bytes_max, &mut ctx.server.memory)?;
    let len = table.at(first.len(), second.len()) as usize;
    if wants_len {
        ctx.reply.count(len);
    } else if wants_runs {
        let runs: Vec<Run> = table.runs(&first, &second).into_iter().filter(|run| run.len >= least).collect();
        write_runs(ctx, &runs, with_len);
        ctx.reply.text("len");
        ctx.reply.count(len);
    } else {
        let mut common = Vec::with_capacity(len);
        for run in table.runs(&first, &second).iter().rev() {
            common.extend_from_slice(&first[run.first..run.first + run.len]);
        }
        ctx.reply.bulk(&common);
    }
    Ok(Flow::Done)
}

fn write_runs(ctx: &mut Context<'_>, runs: &[Run], with_len: bool) {
    ctx.reply.map(2);
    ctx.reply.text("matches");
    ctx.reply.array(runs.len());
    for run in runs {
        ctx.reply.array(2 + usize::from(with_len));
        for start in [run.first, run.second] {
            ctx.reply.array(2);
            ctx.reply.count(start);
            ctx.reply.count(start + run.len - 1);
        }
        if with_len {
            ctx.reply.count(run.len);
        }
    }
}

fn text(ctx: &mut Context<'_>, key: &[u8]) -> Result<Vec<u8>, Error> {
    let Context { store, server, .. } = ctx;
    let entry = store.read(key);
    if let Some(ValueRef::Bytes(bytes)) = entry.map(|entry| entry.value()) {
        server.memory.take(bytes.len())?;
    }
    match entry.map(|entry| text_of(entry.value())) {
        None => Ok(Vec::new()),
        Some(text) => text.map_err(|_| Error::Text("ERR The specified keys must contain string values")),
    }
}

/// For each pair of prefixes, the length of their longest common subsequence.
struct Lengths {
    table: Vec<u32>,
    columns: usize,
}

impl Lengths {
    fn new(first: &[u8], second: &[u8], bytes_max: usize, memory: &mut Memory) -> Result<Lengths, Error> {
        const TOO_LARGE: Error =
            Error::Text("ERR Insufficient memory, failed allocating transient memory for LCS");
        let columns = second.len() + 1;
        let cells = (first.len() + 1).checked_mul(columns);
        let cells = cells.filter(|cells| *cells <= bytes_max / size_of::<u32>()).ok_or(Error::Text(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ))?;
        if cells > TABLE_BYTES_MAX / size_of::<u32>() {
            return Err(TOO_LARGE);
        }
        // The runs and the common part come on top of the table.
        memory.take(cells * size_of::<u32>() + 16 * (first.len() + second.len())).map_err(|_| TOO_LARGE)?;
        let mut table = Vec::new();
        table.try_reserve_exact(cells).map_err(|_| TOO_LARGE)?;
        table.resize(cells, 0);
        for (i, a) in first.iter().enumerate() {
            for (j, b) in second.iter().enumerate() {
                table[(i + 1) * columns + j + 1] = if a == b {
                    table[i * columns + j] + 1
                } else {
                    u32::max(table[i * columns + j + 1], table[(i + 1) * columns + j])
                };
            }
        }
        Ok(Lengths { table, columns })
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.table[i * self.columns + j]
    }

    /// The runs of one longest common subsequence, the last one first, chosen as Redis chooses.
    fn runs(&self, first: &[u8], second: &[u8]) -> Vec<Run> {
        let (mut i, mut j) = (first.len(), second.len());
        let mut runs: Vec<Run> = Vec::new();
        let mut extends = false;
        while i > 0 && j > 0 {
            if first[i - 1] == second[j - 1] {
                (i, j) = (i - 1, j - 1);
                match runs.last_mut() {
                    Some(run) if extends => *run = Run { first: i, second: j, len: run.len + 1 },
                    _ => runs.push(Run { first: i, second: j, len: 1 }),
                }
                extends = true;
            } else {
                if self.at(i - 1, j) > self.at(i, j - 1) {
                    i -= 1;
                } else {
                    j -= 1;
                }
                extends = false;
            }
        }
        runs
    }
}

pub(super) const ROWS: &[Command] = &[Command {
    complexity: "O(N*M) in the lengths of the two strings",
    flags: flags::READ,
    args: &[
        key("key1"),
        key("key2").of_spec(0),
        token("len", "LEN").optional(),
        token("idx", "IDX").optional(),
        integer("min-match-len").after("MINMATCHLEN").optional(),
        token("withmatchlen", "WITHMATCHLEN").optional(),
    ],
    reply: "bulk-string | integer | map",
    handler: lcs,
    keys: Some(&[KeySpec::range(1, 1, access::READ)]),
    ..Group::String.row("LCS", "7.0.0", "Finds the longest common subsequence of two strings.")
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_runs_of_the_documentation_s_example() {
        let table = Lengths::new(b"ohmytext", b"mynewtext", 1 << 20, &mut { Memory::UNKNOWN })
            .expect("the table is small");
        assert_eq!(table.at(8, 9), 6);
        assert_eq!(
            table.runs(b"ohmytext", b"mynewtext"),
            [Run { first: 4, second: 5, len: 4 }, Run { first: 2, second: 0, len: 2 }]
        );
    }
}
