//! Commands that look at lists and change them anywhere.

use super::End;
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, integer, key, keys, one_of, string, token};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::structures::{Item, List};

fn llen(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = ctx.store.list(args.at(1))?.map_or(0, List::len);
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn lindex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    // A missing key is reported before a malformed index.
    let Some(list) = ctx.store.list(args.at(1))? else {
        ctx.reply.null();
        return Ok(Flow::Done);
    };
    match position(args.int(2)?, list.len()).and_then(|index| list.get(index)) {
        Some(item) => ctx.reply.item(item),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

/// The position that an index means; negative ones count from the end.
fn position(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index + len as i64 } else { index };
    number::count(index).filter(|&index| index < len)
}

fn linsert(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_after = match args.at(2) {
        word if word.eq_ignore_ascii_case(b"AFTER") => true,
        word if word.eq_ignore_ascii_case(b"BEFORE") => false,
        _ => return Err(Error::Syntax),
    };
    let key = args.at(1);
    let fill = ctx.store.encoding_limits.list_fill;
    let Some(list) = ctx.store.list_mut(key)? else {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    };
    let (pivot, value) = (Item::from(args.at(3)), args.at(4));
    // The form changes before it is known whether there is anything to insert, as in Redis.
    let room = list.grow(fill, value.len(), 1);
    let position = list.find(pivot);
    if let Some(index) = position {
        list.insert_within(index + usize::from(is_after), value, room);
    }
    let len = list.len();
    if position.is_some() {
        ctx.store.changed(key, NotifyClass::List, "linsert");
        ctx.reply.count(len);
    } else {
        ctx.reply.int(-1);
    }
    Ok(Flow::Done)
}

fn lrange(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (start, stop) = (args.int(2)?, args.int(3)?);
    let Some(list) = ctx.store.list(args.at(1))? else {
        ctx.reply.array(0);
        return Ok(Flow::Done);
    };
    let span = number::span(start, stop, list.len());
    ctx.reply.array(span.len());
    list.range(span.start, span.len()).for_each(|item| ctx.reply.item(item));
    Ok(Flow::Done)
}

fn lrem(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let count = wide_int(args.at(2))?;
    let key = args.at(1);
    let Some(list) = ctx.store.whole_list_mut(key)? else {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    };
    let removed = list.remove(count, Item::from(args.at(3)));
    let is_empty = list.is_empty();
    if removed > 0 {
        ctx.store.changed(key, NotifyClass::List, "lrem");
        ctx.store.dirty += removed as u64 - 1;
    }
    if is_empty {
        ctx.store.remove_if_empty(key);
    }
    ctx.reply.count(removed);
    Ok(Flow::Done)
}

/// An integer of which LREM and LPOS need the negative.
fn wide_int(text: &[u8]) -> Result<i64, Error> {
    let number = number::parse_i64(text).ok_or(Error::NotInteger)?;
    if number == i64::MIN { Err(WIDE_INTEGER) } else { Ok(number) }
}

fn lset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let fill = ctx.store.encoding_limits.list_fill;
    let list = ctx.store.list_mut(key)?.ok_or(Error::NoSuchKey)?;
    let index = position(args.int(2)?, list.len()).ok_or(Error::OutOfRange)?;
    let room = list.grow(fill, args.at(3).len(), 1);
    list.set_within(index, args.at(3), room);
    ctx.store.changed(key, NotifyClass::List, "lset");
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn ltrim(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (start, stop) = (args.int(2)?, args.int(3)?);
    let key = args.at(1);
    if let Some(list) = ctx.store.list_mut(key)? {
        let len = list.len();
        let span = number::span(start, stop, len);
        if span.is_empty() {
            // The entry is dropped with the list, which frees a long one step by step.
            ctx.store.notify(NotifyClass::List, "ltrim", key);
            ctx.store.remove(key);
            ctx.store.notify(NotifyClass::Generic, "del", key);
        } else {
            list.trim(span.start, span.len());
            ctx.store.notify(NotifyClass::List, "ltrim", key);
        }
        // It touches watchers even if nothing goes, but only what goes counts as change.
        ctx.store.signal(key);
        ctx.store.dirty += (len - span.len()) as u64;
    }
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// The options of LPOS.
struct Search {
    /// Which match is the first one wanted, counted from 1.
    rank: u64,
    /// Where the search begins.
    from: End,
    /// How many matches are wanted; `None` for one that is not put in an array, 0 for all.
    count: Option<u64>,
    /// How many elements are compared at most; 0 for all.
    compared_max: usize,
}

fn lpos(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let search = parse_search(args)?;
    let Some(list) = ctx.store.list(args.at(1))? else {
        match search.count {
            Some(_) => ctx.reply.array(0),
            None => ctx.reply.null(),
        }
        return Ok(Flow::Done);
    };
    let value = Item::from(args.at(2));
    let compared = if search.compared_max == 0 { list.len() } else { search.compared_max.min(list.len()) };
    match search.from {
        End::Left => {
            let items = list.range(0, compared).enumerate();
            reply_matches(items, value, &search, &mut ctx.reply);
        }
        End::Right => {
            let skipped = list.len() - compared;
            let items = list.range(skipped, compared).enumerate().rev();
            reply_matches(items.map(|(at, item)| (skipped + at, item)), value, &search, &mut ctx.reply);
        }
    }
    Ok(Flow::Done)
}

fn parse_search(args: Args<'_>) -> Result<Search, Error> {
    let not_negative = |text: &[u8], error: &'static str| {
        number::parse_i64(text).and_then(|number| u64::try_from(number).ok()).ok_or(Error::Text(error))
    };
    let mut search = Search { rank: 1, from: End::Left, count: None, compared_max: 0 };
    let mut cursor = args.cursor(3);
    while !cursor.is_done() {
        if cursor.accept_with("RANK", 1) {
            let rank = wide_int(cursor.take()?)?;
            if rank == 0 {
                return Err(Error::Text(
                    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or \
                     use negative to start from the end of the list",
                ));
            }
            search.rank = rank.unsigned_abs();
            search.from = if rank < 0 { End::Right } else { End::Left };
        } else if cursor.accept_with("COUNT", 1) {
            search.count = Some(not_negative(cursor.take()?, "ERR COUNT can't be negative")?);
        } else if cursor.accept_with("MAXLEN", 1) {
            let most = not_negative(cursor.take()?, "ERR MAXLEN can't be negative")?;
            search.compared_max = number::saturate(most);
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(search)
}

fn reply_matches<'a>(
    items: impl Iterator<Item = (usize, Item<'a>)>,
    value: Item<'_>,
    search: &Search,
    reply: &mut Reply<'_>,
) {
    let skip = number::saturate(search.rank - 1);
    let mut matches = items.filter(|(_, item)| *item == value).map(|(at, _)| at).skip(skip);
    let Some(wanted) = search.count else {
        match matches.next() {
            Some(at) => reply.count(at),
            None => reply.null(),
        }
        return;
    };
    let most = if wanted == 0 { usize::MAX } else { number::saturate(wanted) };
    let mark = reply.mark();
    let mut found = 0;
    for at in matches.take(most) {
        reply.count(at);
        found += 1;
    }
    reply.wrap_array(mark, found);
}

/// The error for the one 64-bit integer that has no negative.
const WIDE_INTEGER: Error =
    Error::Text("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) with N chunks of elements up to the index; O(1) at both ends.",
        flags: flags::READ,
        args: &[key("key"), integer("index")],
        reply: "bulk-string | null",
        handler: lindex,
        keys: Some(keys::READ),
        ..Group::List.row("LINDEX", "1.0.0", "Returns the element at an index.")
    },
    Command {
        complexity: "O(N) with N elements up to the pivot.",
        flags: flags::GROW,
        args: &[
            key("key"),
            one_of("where", &[token("before", "BEFORE"), token("after", "AFTER")]),
            string("pivot"),
            string("element"),
        ],
        reply: "integer",
        handler: linsert,
        keys: Some(keys::INSERT),
        ..Group::List.row(
            "LINSERT",
            "2.2.0",
            "Puts an element before or after the first one that equals the pivot.",
        )
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: llen,
        keys: Some(keys::LOOK),
        ..Group::List.row("LLEN", "1.0.0", "Returns the number of elements of a list.")
    },
    Command {
        complexity: "O(N) with N elements compared.",
        flags: flags::READ,
        args: &[
            key("key"),
            string("element"),
            integer("rank").after("RANK").optional(),
            integer("num-matches").after("COUNT").optional(),
            integer("len").after("MAXLEN").optional(),
        ],
        reply: "integer | null | array of integer",
        handler: lpos,
        keys: Some(keys::READ),
        ..Group::List.row("LPOS", "6.0.6", "Returns the indexes of elements that equal a value.")
    },
    Command {
        complexity: "O(S+N) with S chunks of elements before the first one returned and N elements returned.",
        flags: flags::READ,
        args: &[key("key"), integer("start"), integer("stop")],
        reply: "array of bulk-string",
        handler: lrange,
        keys: Some(keys::READ),
        ..Group::List.row("LRANGE", "1.0.0", "Returns the elements between two indexes, both included.")
    },
    Command {
        complexity: "O(N) with N elements.",
        flags: flags::WRITE,
        args: &[key("key"), integer("count"), string("element")],
        reply: "integer",
        handler: lrem,
        keys: Some(keys::DELETE),
        ..Group::List.row(
            "LREM",
            "1.0.0",
            "Removes elements that equal a value: the first ones, the last ones or all.",
        )
    },
    Command {
        complexity: "O(N) with N chunks of elements up to the index; O(1) at both ends.",
        flags: flags::GROW,
        args: &[key("key"), integer("index"), string("element")],
        handler: lset,
        keys: Some(keys::UPDATE),
        ..Group::List.row("LSET", "1.0.0", "Replaces the element at an index.")
    },
    Command {
        complexity: "O(N) with N elements removed.",
        flags: flags::WRITE,
        args: &[key("key"), integer("start"), integer("stop")],
        handler: ltrim,
        keys: Some(keys::DELETE),
        ..Group::List.row("LTRIM", "1.0.0", "Removes the elements outside two indexes.")
    },
];
