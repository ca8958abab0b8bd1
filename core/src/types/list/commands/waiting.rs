//! The forms of commands that wait until a list has an element.

use super::End;
use super::ends::{MultiplePop, move_one, parse_multiple_pop, pop_first_present, pop_one, popped};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::keyspace::Type;
use crate::resp::args::Args;
use crate::server::blocking::{Block, TimeoutReply, deadline_after};
use alloc::boxed::Box;

pub(super) fn blpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop_or_wait(ctx, args, End::Left)
}

pub(super) fn brpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
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
        pop_one(list, end, &mut ctx.reply);
        let is_empty = list.is_empty();
        popped(ctx, key, 1, is_empty, end);
        ctx.rewrite(&[end.pop_command(), key]);
        return Ok(Flow::Done);
    }
    Ok(wait_for(keys, deadline))
}

pub(super) fn blmpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let MultiplePop { keys, end, count } = parse_multiple_pop(args, 2)?;
    let deadline = deadline_after(ctx.server.steady, args.at(1))?;
    if pop_first_present(ctx, keys, end, count)? { Ok(Flow::Done) } else { Ok(wait_for(keys, deadline)) }
}

pub(super) fn blmove(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (from, to) = (End::parse(args.at(3))?, End::parse(args.at(4))?);
    let deadline = deadline_after(ctx.server.steady, args.at(5))?;
    let (source, destination) = (args.at(1), args.at(2));
    if move_one(ctx, source, destination, from, to)? {
        ctx.rewrite(&[b"LMOVE", source, destination, args.at(3), args.at(4)]);
        return Ok(Flow::Done);
    }
    Ok(wait_for_source(ctx, args, deadline))
}

pub(super) fn brpoplpush(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
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
    let keys = keys.iter().map(<[u8]>::to_vec).collect();
    Flow::Block(Box::new(Block {
        keys,
        wants: Type::List,
        wakes_on_loss: false,
        deadline,
        retry_at: None,
        on_timeout: TimeoutReply::NullArray,
        request: None,
    }))
}
