//! Looking at what was delivered and not acknowledged.

use alloc::boxed::Box;

use super::{End, no_such_key_or_group, write_id};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{self, Command, block, flags, integer, key, keys, string};
use crate::number;
use crate::resp::args::Args;
use crate::types::stream::{ConsumerRef, Group, Id, Pending};

/// Which pending entries are asked for.
struct Selection<'a> {
    idle: u64,
    start: Id,
    end: Id,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Selection<'a> {
    fn parse(args: Args<'a>) -> Result<Option<Selection<'a>>, Error> {
        if args.len() == 3 {
            return Ok(None);
        }
        if args.len() < 6 || args.len() > 9 {
            return Err(Error::Syntax);
        }
        let (mut first, mut idle) = (3, 0);
        if args.is(3, "IDLE") {
            idle = args.int(4)?.max(0) as u64;
            if args.len() < 8 {
                return Err(Error::Syntax);
            }
            first = 5;
        }
        let count = number::count(args.int(first + 2)?.max(0)).unwrap_or(usize::MAX);
        let start = End::Start.parse(args.at(first))?;
        let end = End::Stop.parse(args.at(first + 1))?;
        Ok(Some(Selection { idle, start, end, count, consumer: args.get(first + 3) }))
    }
}

fn xpending(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(1), args.at(2));
    let selection = Selection::parse(args)?;
    let now = ctx.clock_millis();
    let group = ctx.store.stream(key)?.and_then(|stream| stream.group(name));
    let group = group.ok_or_else(|| no_such_key_or_group(key, name))?;
    match selection {
        None => summary(&mut ctx.reply, group),
        Some(selection) => list(&mut ctx.reply, group, &selection, now),
    }
    Ok(Flow::Done)
}

fn summary(reply: &mut crate::resp::Reply<'_>, group: &Group) {
    let pending = group.pending();
    reply.array(4);
    reply.count(pending.len());
    let (Some((first, _)), Some((last, _))) = (pending.first(), pending.last()) else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    write_id(reply, *first);
    write_id(reply, *last);
    let owners = || group.consumers().filter(|consumer| !consumer.pending().is_empty());
    reply.array(owners().count());
    for consumer in owners() {
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk_int(consumer.pending().len() as i64);
    }
}

fn list(reply: &mut crate::resp::Reply<'_>, group: &Group, selection: &Selection<'_>, now: u64) {
    let owner = match selection.consumer.map(|name| group.find(name)) {
        None => None,
        Some(Some(owner)) => Some(owner),
        Some(None) => return reply.array(0),
    };
    if selection.start > selection.end {
        return reply.array(0);
    }
    let is_due = |one: &Pending| {
        selection.idle == 0 || (now as i64).wrapping_sub(one.delivered_at as i64) >= selection.idle as i64
    };
    let (mark, mut written) = (reply.mark(), 0);
    let due = matching(group, owner, selection).filter(|(_, one)| is_due(one)).take(selection.count);
    for (id, one) in due {
        reply.array(4);
        write_id(reply, id);
        reply.bulk(one.consumer.map_or(b"", |owner| group.consumer(owner).name()));
        let idle = (now as i64).wrapping_sub(one.delivered_at as i64).max(0);
        reply.int(if one.consumer.is_some() { idle } else { -1 });
        reply.int(one.deliveries as i64);
        written += 1;
    }
    reply.wrap_array(mark, written);
}

fn matching<'a>(
    group: &'a Group,
    owner: Option<ConsumerRef>,
    selection: &Selection<'_>,
) -> Box<dyn Iterator<Item = (Id, &'a Pending)> + 'a> {
    let ids = selection.start..=selection.end;
    match owner {
        None => Box::new(group.pending().range(ids).map(|(id, one)| (*id, one))),
        Some(owner) => Box::new(
            group.consumer(owner).pending().range(ids).filter_map(|id| Some((*id, group.pending().get(id)?))),
        ),
    }
}

pub(super) const ROWS: &[Command] = &[Command {
    complexity: "O(N) with N entries looked at; O(1) for the summary of few consumers",
    flags: flags::READ,
    args: &[
        key("key"),
        string("group"),
        block(
            "filters",
            &[
                integer("min-idle-time").after("IDLE").optional().since("6.2.0"),
                string("start"),
                string("end"),
                integer("count"),
                string("consumer").optional(),
            ],
        )
        .optional(),
    ],
    reply: "array",
    handler: xpending,
    keys: Some(keys::READ),
    tips: &["nondeterministic_output"],
    ..command::Group::Stream.row(
        "XPENDING",
        "5.0.0",
        "Tells which entries of a group are delivered and not acknowledged.",
    )
}];
