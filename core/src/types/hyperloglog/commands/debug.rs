//! PFDEBUG and PFSELFTEST.

use alloc::string::String;
use core::fmt::Write;

use super::{bytes_of, change, encoding_of};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, KeySpec, flags, key, string};
use crate::resp::args::Args;
use crate::types::hyperloglog::{
    DENSE_BYTES, Encoding, HEADER_BYTES, add, cardinality, dense, empty, make_dense, sparse,
};

fn pfdebug(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(2);
    let Some(entry) = ctx.store.write(key) else {
        return Err(Error::Text("ERR The specified key does not exist"));
    };
    let encoding = encoding_of(entry)?;
    let subcommands = ["GETREG", "DECODE", "ENCODING", "TODENSE"];
    let Some(subcommand) = subcommands.into_iter().find(|name| args.is(1, name)) else {
        return Err(Error::quoting_all("ERR Unknown PFDEBUG subcommand '", args.at(1), "'"));
    };
    match subcommand {
        "GETREG" => {
            convert(ctx, key, encoding)?;
            let Some(entry) = ctx.store.view(key) else { return Ok(Flow::Done) };
            let registers = &bytes_of(entry)[HEADER_BYTES..];
            ctx.reply.array(super::super::REGISTERS);
            dense::values(registers).for_each(|value| ctx.reply.int(value.into()));
        }
        "DECODE" if encoding == Encoding::Dense => return Err(Error::Text("ERR HLL encoding is not sparse")),
        "DECODE" => {
            let text = decode(&bytes_of(entry)[HEADER_BYTES..]);
            ctx.reply.text(&text);
        }
        "ENCODING" => ctx.reply.simple(if encoding == Encoding::Dense { "dense" } else { "sparse" }),
        _ => {
            convert(ctx, key, encoding)?;
            ctx.reply.flag(encoding == Encoding::Sparse);
        }
    }
    Ok(Flow::Done)
}

/// Stores a sparse sketch densely.
fn convert(ctx: &mut Context<'_>, key: &[u8], encoding: Encoding) -> Result<(), Error> {
    if encoding == Encoding::Sparse {
        ctx.server.memory.take(DENSE_BYTES)?;
        change(ctx, key, make_dense)?;
        ctx.store.dirty += 1;
    }
    Ok(())
}

fn decode(registers: &[u8]) -> String {
    let mut text = String::new();
    for run in sparse::runs(registers) {
        let kind = run.kind();
        let separator = if text.is_empty() { "" } else { " " };
        // Writing to a string does not fail.
        let _ = match kind {
            'v' => write!(text, "{separator}{kind}:{},{}", run.value, run.len),
            _ => write!(text, "{separator}{kind}:{}", run.len),
        };
    }
    text
}

/// Elements of the self-test.
const ELEMENTS: u32 = 20_000;
/// The standard error of 16384 registers is 0.81 percent; four times that is next to impossible.
const ERROR_MAX: f64 = 0.0325;

fn pfselftest(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.server.memory.take(2 * DENSE_BYTES)?;
    let mut sparse_first = empty();
    let mut dense_only = empty();
    make_dense(&mut dense_only)?;
    let mut check_at = 1;
    for number in 1..=ELEMENTS {
        add(&mut sparse_first, &number.to_le_bytes(), ctx.server.config.hll_sparse_bytes_max.get())?;
        add(&mut dense_only, &number.to_le_bytes(), 0)?;
        if number != check_at {
            continue;
        }
        check_at *= 10;
        let encoding = Encoding::of(&sparse_first).expect("it was made here");
        let estimate = cardinality(&sparse_first, encoding)?;
        if estimate != cardinality(&dense_only, Encoding::Dense)? {
            return Err(Error::Text("TESTFAILED dense/sparse disagree"));
        }
        let error = (estimate as f64 - f64::from(number)).abs() / f64::from(number);
        // Few elements are counted exactly but for collisions.
        if error > ERROR_MAX && estimate.abs_diff(number.into()) > 1 {
            return Err(Error::Text("TESTFAILED too big error"));
        }
    }
    ctx.reply.ok();
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[
    Command {
        flags: flags::GROW.and(Flags::ADMIN),
        args: &[string("subcommand"), key("key")],
        reply: "array of integer | bulk-string | simple-string | integer",
        handler: pfdebug,
        keys: Some(&[KeySpec::range(2, 0, &["RW", "access"])]),
        is_internal: true,
        ..Group::HyperLogLog.row("PFDEBUG", "2.8.9", "Shows how a sketch is stored, or stores it densely.")
    },
    Command {
        complexity: "O(1), though it takes some milliseconds",
        flags: Flags::ADMIN,
        handler: pfselftest,
        is_internal: true,
        ..Group::HyperLogLog.row(
            "PFSELFTEST",
            "2.8.9",
            "Checks that the registers of sketches work and that estimates are near.",
        )
    },
];
