//! Commands about the databases as a whole, and about the server.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Flags, Group, flags, integer, one_of, token};
use crate::number;
use crate::resp::args::Args;

fn dbsize(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.count(ctx.store.len(ctx.store.db));
    Ok(Flow::Done)
}

fn time(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    // For a script time stands still.
    let step = u64::from(!ctx.server.observer.in_script);
    let told = later_than(ctx.server.time_told, step, ctx.server.now);
    ctx.server.time_told = told;
    ctx.reply.array(2);
    ctx.reply.bulk_int((told / 1_000_000) as i64);
    ctx.reply.bulk_int((told % 1_000_000) as i64);
    Ok(Flow::Done)
}

/// The time, or as much later within its millisecond as it takes to be a step later than what was told before. Some clocks
/// tell milliseconds, such as that of JavaScript, and queues order what they hold by the microseconds of TIME.
fn later_than(told: u64, step: u64, now: u64) -> u64 {
    const MILLISECOND: u64 = 1_000;
    let is_same = told / MILLISECOND == now / MILLISECOND;
    if is_same && told >= now { (told + step).min(now - now % MILLISECOND + MILLISECOND - 1) } else { now }
}

fn flushdb(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    check_mode(args)?;
    let removed = ctx.store.flush(ctx.store.db);
    // It is recorded even when nothing was there, as Redis does.
    ctx.store.dirty += removed.max(1) as u64;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn flushall(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    check_mode(args)?;
    let removed: usize = (0..ctx.store.databases()).map(|db| ctx.store.flush(db)).sum();
    ctx.store.dirty += removed.max(1) as u64;
    if !ctx.server.config.persistence.save_rules.is_empty() && !ctx.server.is_loading {
        // As in Redis a dump of what was there is not to come back.
        ctx.server.files.want_after_flush();
    }
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// Both modes do the same here: the memory is always given back step by step.
fn check_mode(args: Args<'_>) -> Result<(), Error> {
    let is_valid = match args.len() {
        1 => true,
        2 => args.is(1, "SYNC") || args.is(1, "ASYNC"),
        _ => false,
    };
    if is_valid { Ok(()) } else { Err(Error::Syntax) }
}

fn swapdb(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let index = |at: usize, error: &'static str| {
        number::parse_i64(args.at(at)).filter(|index| i32::try_from(*index).is_ok()).ok_or(Error::Text(error))
    };
    let first = index(1, "ERR invalid first DB index")?;
    let second = index(2, "ERR invalid second DB index")?;
    let databases = ctx.store.databases();
    let check = |index: i64| number::count(index).filter(|&db| db < databases).ok_or(Error::DbIndex);
    let (first, second) = (check(first)?, check(second)?);
    ctx.store.swap(first, second);
    ctx.store.dirty += 1;
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// Whatever picture is asked for, the last line alone is drawn.
fn lolwut(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 2 && args.is(1, "VERSION") {
        args.int(2)?;
    }
    let text = alloc::format!("Redis ver. {}\n", ctx.server.config.reported_version);
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(Flow::Done)
}

const MODE: &[Arg] =
    &[one_of("flush-type", &[token("async", "ASYNC").since("4.0.0"), token("sync", "SYNC").since("6.2.0")])
        .optional()];

pub(crate) const ROWS: &[Command] = &[
    Command {
        flags: flags::READ_FAST,
        reply: "integer",
        handler: dbsize,
        categories: &["keyspace"],
        tips: &["request_policy:all_shards", "response_policy:agg_sum"],
        ..Group::Server.row("DBSIZE", "1.0.0", "Returns how many keys the database holds.")
    },
    Command {
        complexity: "O(1); the memory is given back later",
        flags: flags::WRITE,
        args: MODE,
        handler: flushall,
        arity: Some(-1),
        categories: &["keyspace", "dangerous"],
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Group::Server.row("FLUSHALL", "1.0.0", "Deletes all keys of all databases.")
    },
    Command {
        complexity: "O(1); the memory is given back later",
        flags: flags::WRITE,
        args: MODE,
        handler: flushdb,
        arity: Some(-1),
        categories: &["keyspace", "dangerous"],
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Group::Server.row("FLUSHDB", "1.0.0", "Deletes all keys of the database.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[integer("version").after("VERSION").optional()],
        reply: "bulk-string",
        handler: lolwut,
        ..Group::Server.row("LOLWUT", "5.0.0", "Returns the version of Redis that the engine behaves as.")
    },
    Command {
        complexity: "O(N) in the number of clients that watch or wait",
        flags: flags::WRITE_FAST,
        args: &[integer("index1"), integer("index2")],
        handler: swapdb,
        categories: &["keyspace", "dangerous"],
        ..Group::Server.row("SWAPDB", "4.0.0", "Swaps the keys of two databases.")
    },
    Command {
        flags: flags::ANYTIME.and(Flags::FAST),
        reply: "[seconds: bulk-string, microseconds: bulk-string]",
        handler: time,
        tips: &["nondeterministic_output"],
        ..Group::Server.row("TIME", "2.6.0", "Returns the server's time.")
    },
];
