//! The forms of commands that wait until a list has an element.

use super::ends::{move_one, pop_first_present, pop_one, popped};
use super::{End, end};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, KeySpec, access, double, flags, integer, key};
use crate::keyspace::Type;
use crate::resp::args::Args;
use crate::server::blocking::{Block, deadline_after};
use crate::types::multiple_pop::MultiplePop;

fn blpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop_or_wait(ctx, args, End::Left)
}

fn brpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop_or_wait(ctx, args, End::Right)
}

fn pop_or_wait(ctx: &mut Context<'_>, args: Args<'_>, end: End) -> Result<Flow, Error> {
    let timeout = args.len() - 1;
    let deadline = deadline_after(ctx.server.steady, args.at(timeout))?;
    let keys = args.slice(1, timeout);
    for key in keys.iter() {
        let Some(list) = ctx.store.list_mut(key)? else { continue };
        ctx.reply.array(2);
        ctx.reply.bulk(key);
        pop_one(list, end, &mut ctx.reply)?;
        let is_empty = list.is_empty();
        popped(ctx, key, 1, is_empty, end);
        ctx.rewrite(&[end.pop_command(), key]);
        return Ok(Flow::Done);
    }
    Ok(wait_for(keys, deadline))
}

fn blmpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let MultiplePop { keys, end, count } = MultiplePop::parse(args, 2, End::parse)?;
    let deadline = deadline_after(ctx.server.steady, args.at(1))?;
    if pop_first_present(ctx, keys, end, count)? { Ok(Flow::Done) } else { Ok(wait_for(keys, deadline)) }
}

fn blmove(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (from, to) = (End::parse(args.at(3))?, End::parse(args.at(4))?);
    let deadline = deadline_after(ctx.server.steady, args.at(5))?;
    let (source, destination) = (args.at(1), args.at(2));
    if move_one(ctx, source, destination, from, to)? {
        ctx.rewrite(&[b"LMOVE", source, destination, args.at(3), args.at(4)]);
        return Ok(Flow::Done);
    }
    Ok(wait_for_source(ctx, args, deadline))
}

fn brpoplpush(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let deadline = deadline_after(ctx.server.steady, args.at(3))?;
    let (source, destination) = (args.at(1), args.at(2));
    if move_one(ctx, source, destination, End::Right, End::Left)? {
        ctx.rewrite(&[b"RPOPLPUSH", source, destination]);
        return Ok(Flow::Done);
    }
    Ok(wait_for_source(ctx, args, deadline))
}

fn wait_for_source(ctx: &mut Context<'_>, args: Args<'_>, deadline: Option<u64>) -> Flow {
    if ctx.may_block {
        return wait_for(args.slice(1, 2), deadline);
    }
    // Where Redis does not wait it replies with a missing string, but with a missing array at the end of a
    // wait.
    ctx.reply.null();
    Flow::Done
}

pub(super) fn wait_for(keys: Args<'_>, deadline: Option<u64>) -> Flow {
    Flow::wait(Block::on_keys(Type::List, keys, deadline))
}

pub(super) const ROWS: &[Command] = &[
Command {
flags: flags::GROW.and(Flags::BLOCKING),
args: &[key("source"), key("destination"), end("wherefrom"), end("whereto"), double("timeout")],
reply: "bulk-string | null",
handler: blmove,
keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::INSERT)]),
..Group::List.row("BLMOVE", "6.2.0", "Moves an element from one list to another and replies with it; waits for one if the source is empty.")
},
Command {
complexity: "O(N+M) with N keys and M elements popped.",
flags: flags::WAIT.and(Flags::MOVABLEKEYS),
args: &[
            double("timeout"),
            integer("numkeys"),
            key("key").multiple(),
            end("where"),
            integer("count").after("COUNT").optional(),
        ],
reply: "array of key and array of bulk-string | null",
handler: blmpop,
keys: Some(&[KeySpec::counted(2, access::TAKE)]),
..Group::List.row("BLMPOP", "7.0.0", "Pops elements from the first list that is not empty; waits for one if there is none.")
},
Command {
complexity: "O(N) with N keys.",
flags: flags::WAIT,
args: &[key("key").multiple(), double("timeout")],
reply: "array of key and bulk-string | null",
handler: blpop,
keys: Some(&[KeySpec::range(1, -2, access::TAKE)]),
..Group::List.row("BLPOP", "2.0.0", "Pops the first element of the first list that is not empty; waits for one if there is none.")
},
Command {
complexity: "O(N) with N keys.",
flags: flags::WAIT,
args: &[key("key").multiple(), double("timeout")],
reply: "array of key and bulk-string | null",
handler: brpop,
keys: Some(&[KeySpec::range(1, -2, access::TAKE)]),
..Group::List.row("BRPOP", "2.0.0", "Pops the last element of the first list that is not empty; waits for one if there is none.")
},
Command {
flags: flags::GROW.and(Flags::BLOCKING),
args: &[key("source"), key("destination"), double("timeout")],
reply: "bulk-string | null",
handler: brpoplpush,
keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::INSERT)]),
deprecated: Some(("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")),
..Group::List.row("BRPOPLPUSH", "2.2.0", "Moves the last element of one list to the front of another and replies with it; waits for one if the source is empty.")
},
];
