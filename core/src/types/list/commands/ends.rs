//! Commands that add and take elements at the ends.

use alloc::vec::Vec;

use super::{End, end};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Flags, Group, KeySpec, access, flags, integer, key, keys, string};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::structures::{Fill, List, Room};
use crate::types::multiple_pop::MultiplePop;

fn lpush(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    push(ctx, args, End::Left)
}

fn rpush(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    push(ctx, args, End::Right)
}

fn lpushx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    push_if_present(ctx, args, End::Left)
}

fn rpushx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    push_if_present(ctx, args, End::Right)
}

fn push(ctx: &mut Context<'_>, args: Args<'_>, end: End) -> Result<Flow, Error> {
    let key = args.at(1);
    let fill = ctx.store.encoding_limits.list_fill;
    let list = ctx.store.list_or_new(key)?;
    let len = push_all(list, args, end, fill);
    pushed(ctx, key, args.len() - 2, end);
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn push_if_present(ctx: &mut Context<'_>, args: Args<'_>, end: End) -> Result<Flow, Error> {
    let key = args.at(1);
    let fill = ctx.store.encoding_limits.list_fill;
    let Some(list) = ctx.store.list_mut(key)? else {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    };
    let len = push_all(list, args, end, fill);
    pushed(ctx, key, args.len() - 2, end);
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn push_all(list: &mut List, args: Args<'_>, end: End, fill: Fill) -> usize {
    let values = args.from(2);
    let room = if list.is_single_chunk() {
        list.grow(fill, values.iter().map(<[u8]>::len).sum(), values.len())
    } else {
        Room::default()
    };
    for value in values.iter() {
        end.push(list, value, room);
    }
    list.len()
}

fn pushed(ctx: &mut Context<'_>, key: &[u8], count: usize, end: End) {
    ctx.store.changed(key, NotifyClass::List, end.push_event());
    // Redis counts every element as a change.
    ctx.store.dirty += count as u64 - 1;
}

fn lpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop(ctx, args, End::Left)
}

fn rpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    pop(ctx, args, End::Right)
}

fn pop(ctx: &mut Context<'_>, args: Args<'_>, end: End) -> Result<Flow, Error> {
    let key = args.at(1);
    let count = match args.len() {
        2 => None,
        3 => {
            const NEGATIVE: Error = Error::Text("ERR value is out of range, must be positive");
            let count = number::parse_i64(args.at(2)).and_then(number::count);
            Some(count.ok_or(NEGATIVE)?)
        }
        _ => return Err(Error::Arity(ctx.name())),
    };
    let Some(list) = ctx.store.list_mut(key)? else {
        match count {
            None => ctx.reply.null(),
            Some(_) => ctx.reply.null_array(),
        }
        return Ok(Flow::Done);
    };
    let popped = match count {
        None => {
            pop_one(list, end, &mut ctx.reply)?;
            1
        }
        Some(count) => pop_many(list, end, count, &mut ctx.reply)?,
    };
    let is_empty = list.is_empty();
    if popped > 0 {
        self::popped(ctx, key, popped, is_empty, end);
    }
    Ok(Flow::Done)
}

/// Moves one element of a list, which has one, to the reply.
pub(super) fn pop_one(list: &mut List, end: End, reply: &mut Reply<'_>) -> Result<(), Error> {
    if let Some(item) = end.peek(list) {
        reply.item(item);
    }
    reply.whole()?;
    end.drop_one(list);
    Ok(())
}

/// Moves up to `count` elements to the reply, as an array; returns how many there were.
fn pop_many(list: &mut List, end: End, count: usize, reply: &mut Reply<'_>) -> Result<usize, Error> {
    let count = count.min(list.len());
    reply.array(count);
    match end {
        End::Left => {
            list.range(0, count).for_each(|item| reply.item(item));
            reply.whole()?;
            list.drop_front(count);
        }
        End::Right => {
            list.range(list.len() - count, count).rev().for_each(|item| reply.item(item));
            reply.whole()?;
            list.drop_back(count);
        }
    }
    Ok(count)
}

/// The bookkeeping after `count` elements were taken.
pub(super) fn popped(ctx: &mut Context<'_>, key: &[u8], count: usize, is_empty: bool, end: End) {
    ctx.store.changed(key, NotifyClass::List, end.pop_event());
    ctx.store.dirty += count as u64 - 1;
    if is_empty {
        ctx.store.remove_if_empty(key);
    }
}

fn lmpop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let MultiplePop { keys, end, count } = MultiplePop::parse(args, 1, End::parse)?;
    if !pop_first_present(ctx, keys, end, count)? {
        ctx.reply.null_array();
    }
    Ok(Flow::Done)
}

/// Replies with a key and up to `count` elements of the first list there is; `false` if there is none.
pub(super) fn pop_first_present(
    ctx: &mut Context<'_>,
    keys: Args<'_>,
    end: End,
    count: usize,
) -> Result<bool, Error> {
    for key in keys.iter() {
        let Some(list) = ctx.store.list_mut(key)? else { continue };
        ctx.reply.array(2);
        ctx.reply.bulk(key);
        let popped = pop_many(list, end, count, &mut ctx.reply)?;
        let is_empty = list.is_empty();
        self::popped(ctx, key, popped, is_empty, end);
        let mut text = Vec::new();
        number::write_u64(&mut text, popped as u64);
        ctx.rewrite(&[end.pop_command(), key, &text]);
        return Ok(true);
    }
    Ok(false)
}

fn lmove(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (from, to) = (End::parse(args.at(3))?, End::parse(args.at(4))?);
    if !move_one(ctx, args.at(1), args.at(2), from, to)? {
        ctx.reply.null();
    }
    Ok(Flow::Done)
}

fn rpoplpush(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if !move_one(ctx, args.at(1), args.at(2), End::Right, End::Left)? {
        ctx.reply.null();
    }
    Ok(Flow::Done)
}

/// Moves one element from list to list and replies with it; `false` if the source does not exist.
pub(super) fn move_one(
    ctx: &mut Context<'_>,
    source: &[u8],
    destination: &[u8],
    from: End,
    to: End,
) -> Result<bool, Error> {
    if ctx.store.list_mut(source)?.is_none() {
        return Ok(false);
    }
    // The destination's type matters only if there is something to move, and must be known before.
    ctx.store.list_mut(destination)?;
    let list = ctx.store.list_mut(source)?.expect("the source was there, and looking has changed nothing");
    let value = from.peek(list).expect("lists in the keyspace are not empty").to_vec();
    from.drop_one(list);
    let is_empty = list.is_empty() && source != destination;
    let fill = ctx.store.encoding_limits.list_fill;
    let target = ctx.store.list_or_new(destination)?;
    let room = target.grow(fill, value.len(), 1);
    to.push(target, &value, room);
    ctx.store.signal(destination);
    ctx.store.notify(NotifyClass::List, to.push_event(), destination);
    ctx.reply.bulk(&value);
    popped(ctx, source, 1, is_empty, from);
    Ok(true)
}

pub(super) const ROWS: &[Command] = &[
Command {
flags: flags::GROW,
args: &[key("source"), key("destination"), end("wherefrom"), end("whereto")],
reply: "bulk-string | null",
handler: lmove,
keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::INSERT)]),
..Group::List.row("LMOVE", "6.2.0", "Moves an element from an end of one list to an end of another and replies with it.")
},
Command {
complexity: "O(N+M) with N keys and M elements popped.",
flags: flags::WRITE.and(Flags::MOVABLEKEYS),
args: &[
            integer("numkeys"),
            key("key").multiple(),
            end("where"),
            integer("count").after("COUNT").optional(),
        ],
reply: "array of key and array of bulk-string | null",
handler: lmpop,
keys: Some(&[KeySpec::counted(1, access::TAKE)]),
..Group::List.row("LMPOP", "7.0.0", "Pops elements from the first list that is not empty.")
},
Command {
complexity: "O(N) with N elements popped.",
flags: flags::WRITE_FAST,
args: &[key("key"), integer("count").optional().since("6.2.0")],
reply: "bulk-string | null | array of bulk-string | null",
handler: lpop,
keys: Some(keys::TAKE),
..Group::List.row("LPOP", "1.0.0", "Removes elements from the front of a list and replies with them.")
},
Command {
complexity: "O(1) per element, so O(N) for N elements.",
flags: flags::GROW_FAST,
args: &[key("key"), string("element").multiple()],
reply: "integer",
handler: lpush,
keys: Some(keys::INSERT),
..Group::List.row("LPUSH", "1.0.0", "Puts elements at the front of a list, one after the other; the key is created when it does not exist.")
},
Command {
complexity: "O(1) per element, so O(N) for N elements.",
flags: flags::GROW_FAST,
args: &[key("key"), string("element").multiple()],
reply: "integer",
handler: lpushx,
keys: Some(keys::INSERT),
..Group::List.row("LPUSHX", "2.2.0", "Puts elements at the front of a list that exists.")
},
Command {
complexity: "O(N) with N elements popped.",
flags: flags::WRITE_FAST,
args: &[key("key"), integer("count").optional().since("6.2.0")],
reply: "bulk-string | null | array of bulk-string | null",
handler: rpop,
keys: Some(keys::TAKE),
..Group::List.row("RPOP", "1.0.0", "Removes elements from the end of a list and replies with them.")
},
Command {
flags: flags::GROW,
args: &[key("source"), key("destination")],
reply: "bulk-string | null",
handler: rpoplpush,
keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::INSERT)]),
deprecated: Some(("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")),
..Group::List.row("RPOPLPUSH", "1.2.0", "Moves the last element of one list to the front of another and replies with it.")
},
Command {
complexity: "O(1) per element, so O(N) for N elements.",
flags: flags::GROW_FAST,
args: &[key("key"), string("element").multiple()],
reply: "integer",
handler: rpush,
keys: Some(keys::INSERT),
..Group::List.row("RPUSH", "1.0.0", "Puts elements at the end of a list; the key is created when it does not exist.")
},
Command {
complexity: "O(1) per element, so O(N) for N elements.",
flags: flags::GROW_FAST,
args: &[key("key"), string("element").multiple()],
reply: "integer",
handler: rpushx,
keys: Some(keys::INSERT),
..Group::List.row("RPUSHX", "2.2.0", "Puts elements at the end of a list that exists.")
},
];
