//! Entries by their IDs: reading ranges of them, deleting them, and setting the last ID.

use alloc::vec::Vec;

use super::{COUNT, End, IDS, REFERENCES, strict_id, write_entries};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, integer, key, keys, string};
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::args::Args;
use crate::types::stream::{Id, References, Stream};

fn xlen(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = ctx.store.stream(args.at(1))?.map_or(0, Stream::len);
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn xrange(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    read_range(ctx, args, (2, 3), false)
}

fn xrevrange(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    read_range(ctx, args, (3, 2), true)
}

fn read_range(
    ctx: &mut Context<'_>,
    args: Args<'_>,
    (start_at, end_at): (usize, usize),
    is_backwards: bool,
) -> Result<Flow, Error> {
    let start = End::Start.parse(args.at(start_at))?;
    let end = End::Stop.parse(args.at(end_at))?;
    let mut count = None;
    let mut cursor = args.cursor(4);
    while !cursor.is_done() {
        if !cursor.accept_with("COUNT", 1) {
            return Err(Error::Syntax);
        }
        count = Some(cursor.int()?.max(0) as u64);
    }
    let Some(stream) = ctx.store.stream(args.at(1))? else {
        ctx.reply.array(0);
        return Ok(Flow::Done);
    };
    let count = match count {
        Some(0) => {
            ctx.reply.null_array();
            return Ok(Flow::Done);
        }
        Some(count) => number::saturate(count),
        None => usize::MAX,
    };
    if is_backwards {
        write_entries(&mut ctx.reply, stream.range_back(start..=end).take(count));
    } else {
        write_entries(&mut ctx.reply, stream.range(start..=end).take(count));
    }
    Ok(Flow::Done)
}

fn ids(args: Args<'_>) -> Result<Vec<Id>, Error> {
    args.iter().map(|text| strict_id(text, 0)).collect()
}

fn xdel(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let Some(stream) = ctx.store.whole_stream_mut(key)? else {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    };
    let ids = ids(args.from(2))?;
    let deleted = ids.into_iter().filter(|&id| stream.delete(id)).count();
    if deleted > 0 {
        ctx.store.changed(key, NotifyClass::Stream, "xdel");
    }
    ctx.reply.count(deleted);
    Ok(Flow::Done)
}

/// What became of an entry that was to be deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Absent = -1,
    Deleted = 1,
    StillReferenced = 2,
}

/// The option for references and the IDs behind IDS, unread; each may come first.
fn references_and_ids(args: Args<'_>, first: usize) -> Result<(References, Args<'_>), Error> {
    let (mut references, mut named) = (None, None);
    let mut cursor = args.cursor(first);
    while let Some(word) = args.get(cursor.position()) {
        if let Some(own) = References::parse(word).filter(|_| references.is_none()) {
            cursor.take()?;
            references = Some(own);
        } else if named.is_none() && cursor.accept_with("IDS", 1) {
            const NOT_POSITIVE: Error = Error::Text("ERR Number of IDs must be a positive integer");
            let count = cursor.int().map_err(|_| NOT_POSITIVE)?;
            let count = number::count(count).filter(|&count| count > 0).ok_or(NOT_POSITIVE)?;
            if count > cursor.left() {
                return Err(Error::Text("ERR The `numids` parameter must match the number of arguments"));
            }
            named = Some(cursor.many(count)?);
        } else {
            return Err(Error::Syntax);
        }
    }
    let named = named.ok_or(Error::Text("ERR IDS option is required"))?;
    Ok((references.unwrap_or_default(), named))
}

/// Deletes an entry unless its references forbid it.
fn delete(stream: &mut Stream, id: Id, references: References) -> Fate {
    // Groups may have entries to come that were never there, or that are gone.
    if references == References::Acknowledged && stream.is_referenced(id) {
        return Fate::StillReferenced;
    }
    if !stream.contains(id) {
        if references == References::Delete {
            stream.forget(id);
        }
        return Fate::Absent;
    }
    stream.delete(id);
    if references == References::Delete {
        stream.forget(id);
    }
    Fate::Deleted
}

fn write_fates(ctx: &mut Context<'_>, key: &[u8], fates: &[Fate]) {
    if fates.contains(&Fate::Deleted) {
        ctx.store.changed(key, NotifyClass::Stream, "xdel");
    }
    ctx.reply.array(fates.len());
    fates.iter().for_each(|&fate| ctx.reply.int(fate as i64));
}

fn xdelex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let is_there = ctx.store.stream_mut(key)?.is_some();
    let (references, named) = references_and_ids(args, 2)?;
    let Some(stream) = ctx.store.whole_stream_mut(key)?.filter(|_| is_there) else {
        ctx.reply.array(named.len());
        named.iter().for_each(|_| ctx.reply.int(Fate::Absent as i64));
        return Ok(Flow::Done);
    };
    let ids = ids(named)?;
    let known = stream.pending_len();
    let fates: Vec<Fate> = ids.into_iter().map(|id| delete(stream, id, references)).collect();
    let forgotten = stream.pending_len() != known;
    if forgotten {
        ctx.store.dirty += 1;
    }
    write_fates(ctx, key, &fates);
    Ok(Flow::Done)
}

fn xackdel(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(1), args.at(2));
    let is_there = ctx.store.stream_mut(key)?.is_some_and(|stream| stream.group(name).is_some());
    let (references, named) = references_and_ids(args, 3)?;
    let Some(stream) = ctx.store.whole_stream_mut(key)?.filter(|_| is_there) else {
        ctx.reply.array(named.len());
        named.iter().for_each(|_| ctx.reply.int(Fate::Absent as i64));
        return Ok(Flow::Done);
    };
    let ids = ids(named)?;
    let known = stream.pending_len();
    let acknowledge_and_delete = |id: Id| {
        let acknowledged = stream.group_mut(name).and_then(|group| group.acknowledge(id));
        match acknowledged {
            None => Fate::Absent,
            Some(_) => match delete(stream, id, references) {
                // It was acknowledged, and is gone, by whichever request.
                Fate::Absent => Fate::Deleted,
                fate => fate,
            },
        }
    };
    let fates: Vec<Fate> = ids.into_iter().map(acknowledge_and_delete).collect();
    if stream.pending_len() != known {
        ctx.store.dirty += 1;
    }
    write_fates(ctx, key, &fates);
    Ok(Flow::Done)
}

fn xsetid(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let id = strict_id(args.at(2), 0)?;
    let (mut added, mut max_deleted) = (None, None);
    let mut cursor = args.cursor(3);
    while !cursor.is_done() {
        if cursor.accept_with("ENTRIESADDED", 1) {
            let number = cursor.int()?;
            added =
                Some(u64::try_from(number).map_err(|_| Error::Text("ERR entries_added must be positive"))?);
        } else if cursor.accept_with("MAXDELETEDID", 1) {
            let own = strict_id(cursor.take()?, 0)?;
            if id < own {
                return Err(Error::Text(
                    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
            max_deleted = Some(own);
        } else {
            return Err(Error::Syntax);
        }
    }
    let stream = ctx.store.stream_mut(key)?.ok_or(Error::NoSuchKey)?;
    if id < stream.max_deleted_id {
        return Err(Error::Text(
            "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
        ));
    }
    if let Some(newest) = stream.newest_id() {
        if id < newest {
            return Err(Error::Text(
                "ERR The ID specified in XSETID is smaller than the target stream top item",
            ));
        }
        if added.is_some_and(|added| added < stream.len() as u64) {
            return Err(Error::Text(
                "ERR The entries_added specified in XSETID is smaller than the target stream length",
            ));
        }
    }
    stream.last_id = id;
    stream.entries_added = added.unwrap_or(stream.entries_added);
    stream.max_deleted_id =
        max_deleted.filter(|max_deleted| !max_deleted.is_min()).unwrap_or(stream.max_deleted_id);
    super::group_changed(ctx, key, "xsetid");
    ctx.reply.ok();
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(log(N)) per entry",
        flags: flags::WRITE_FAST,
        args: &[key("key"), string("group"), REFERENCES, IDS],
        reply: "array of integer",
        handler: xackdel,
        keys: Some(keys::UPDATE),
        ..Group::Stream.row(
            "XACKDEL",
            "8.2.0",
            "Acknowledges entries of a group and deletes them, if other groups allow it.",
        )
    },
    Command {
        complexity: "O(log(N)) per entry",
        flags: flags::WRITE_FAST,
        args: &[key("key"), string("id").multiple()],
        reply: "integer",
        handler: xdel,
        keys: Some(keys::DELETE),
        ..Group::Stream.row("XDEL", "5.0.0", "Deletes entries of a stream and returns how many were there.")
    },
    Command {
        complexity: "O(log(N)) per entry",
        flags: flags::WRITE_FAST,
        args: &[key("key"), REFERENCES, IDS],
        reply: "array of integer",
        handler: xdelex,
        keys: Some(keys::DELETE),
        ..Group::Stream.row(
            "XDELEX",
            "8.2.0",
            "Deletes entries of a stream, if the groups allow it, and tells what became of each.",
        )
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: xlen,
        keys: Some(keys::LOOK),
        ..Group::Stream.row("XLEN", "5.0.0", "Returns how many entries a stream has.")
    },
    Command {
        complexity: "O(log(N)+M) with N entries and M of them returned",
        flags: flags::READ,
        args: &[key("key"), string("start"), string("end"), COUNT],
        reply: "array | null",
        handler: xrange,
        keys: Some(keys::READ),
        ..Group::Stream.row("XRANGE", "5.0.0", "Returns the entries of a range of IDs.")
    },
    Command {
        complexity: "O(log(N)+M) with N entries and M of them returned",
        flags: flags::READ,
        args: &[key("key"), string("end"), string("start"), COUNT],
        reply: "array | null",
        handler: xrevrange,
        keys: Some(keys::READ),
        ..Group::Stream.row(
            "XREVRANGE",
            "5.0.0",
            "Returns the entries of a range of IDs, the last one first.",
        )
    },
    Command {
        flags: flags::GROW_FAST,
        args: &[
            key("key"),
            string("last-id"),
            integer("entries-added").after("ENTRIESADDED").optional().since("7.0.0"),
            string("max-deleted-id").after("MAXDELETEDID").optional().since("7.0.0"),
        ],
        handler: xsetid,
        keys: Some(keys::UPDATE),
        ..Group::Stream.row(
            "XSETID",
            "5.0.0",
            "Sets the last ID that a stream has given, as a client does that rebuilds a stream.",
        )
    },
];
