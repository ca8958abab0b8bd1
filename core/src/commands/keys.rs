//! Commands on keys whatever they hold.

use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{Arg, Begin, Command, Find, Flags, Group, KeySpec, integer, key, token};
use crate::keyspace::{Entry, NotifyClass, Store, ValueRef};
use crate::number;
use crate::resp::args::Args;

fn del(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut removed = 0;
    for key in args.from(1).iter() {
        if ctx.store.remove(key) {
            ctx.store.changed(key, NotifyClass::Generic, "del");
            removed += 1;
        }
    }
    ctx.reply.int(removed);
    Ok(Flow::Done)
}

fn exists(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let found = args.from(1).iter().filter(|key| ctx.store.read_untouched(key).is_some()).count();
    ctx.reply.count(found);
    Ok(Flow::Done)
}

fn touch(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let found = args.from(1).iter().filter(|key| ctx.store.read(key).is_some()).count();
    ctx.reply.count(found);
    Ok(Flow::Done)
}

fn type_of(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let name = ctx.store.read_untouched(args.at(1)).map_or("none", |entry| entry.type_of().name());
    ctx.reply.simple(name);
    Ok(Flow::Done)
}

fn rename(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    move_key(ctx, args, false)?;
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn renamenx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_moved = move_key(ctx, args, true)?;
    ctx.reply.flag(is_moved);
    Ok(Flow::Done)
}

/// Gives a key another name; false if that would replace a key that must stay.
fn move_key(ctx: &mut Context<'_>, args: Args<'_>, keep_existing: bool) -> Result<bool, Error> {
    let (from, to) = (args.at(1), args.at(2));
    if ctx.store.write(from).is_none() {
        return Err(Error::NoSuchKey);
    }
    if from == to {
        return Ok(!keep_existing);
    }
    if keep_existing && ctx.store.write(to).is_some() {
        return Ok(false);
    }
    let entry = ctx.store.take(from).expect("the key was just found");
    // What is replaced goes first: the name is new to the clients that wait for it.
    ctx.store.remove(to);
    ctx.store.put_entry(entry.renamed(to));
    ctx.store.signal(from);
    ctx.store.notify(NotifyClass::Generic, "rename_from", from);
    ctx.store.changed(to, NotifyClass::Generic, "rename_to");
    Ok(true)
}

/// The database that an argument names.
fn db_index(store: &Store, number: i64) -> Result<usize, Error> {
    number::count(number).filter(|&db| db < store.databases()).ok_or(Error::DbIndex)
}

fn move_to_db(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let source = ctx.store.db;
    let target = db_index(ctx.store, args.small_int(2)?)?;
    if source == target {
        return Err(Error::SameObject);
    }
    let is_there = ctx.store.write(key).is_some();
    ctx.store.db = target;
    let is_taken = ctx.store.write(key).is_some();
    ctx.store.db = source;
    if !is_there || is_taken {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    }
    let entry = ctx.store.take(key).expect("the key was just found");
    ctx.store.signal(key);
    ctx.store.db = target;
    ctx.store.put_entry(entry);
    ctx.store.db = source;
    ctx.store.notify(NotifyClass::Generic, "move_from", key);
    ctx.store.db = target;
    ctx.store.changed(key, NotifyClass::Generic, "move_to");
    ctx.store.db = source;
    ctx.reply.int(1);
    Ok(Flow::Done)
}

fn copy(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (from, to) = (args.at(1), args.at(2));
    let source = ctx.store.db;
    let (mut target, mut replace) = (source, false);
    let mut cursor = args.cursor(3);
    while !cursor.is_done() {
        if cursor.accept("REPLACE") {
            replace = true;
        } else if cursor.accept_with("DB", 1) {
            let index = args.small_int(cursor.position())?;
            cursor.take()?;
            target = db_index(ctx.store, index)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    if source == target && from == to {
        return Err(Error::SameObject);
    }
    let limits = ctx.store.encoding_limits;
    if let Some(entry) = ctx.store.peek(from) {
        ctx.server.memory.take(entry.copy_bytes())?;
    }
    let Some(entry) = ctx.store.read(from).map(|entry| entry.copied(to, &limits)) else {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    };
    ctx.store.db = target;
    let is_taken = ctx.store.write(to).is_some();
    if is_taken && !replace {
        ctx.reply.int(0);
    } else {
        // What is replaced goes first, so that the copy is announced as a new key.
        ctx.store.remove(to);
        ctx.store.put_entry(entry);
        ctx.store.changed(to, NotifyClass::Generic, "copy_to");
        ctx.reply.int(1);
    }
    ctx.store.db = source;
    Ok(Flow::Done)
}

fn object_encoding(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    match ctx.store.peek_counted(args.at(2)) {
        Some(entry) => ctx.reply.text(encoding(entry)),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

/// Longest string that Redis keeps in one piece with its object, in bytes.
const EMBEDDED_BYTES_MAX: usize = 44;

/// The name of the form in which a value is stored, in Redis's terms.
pub(super) fn encoding(entry: &Entry) -> &'static str {
    match entry.value() {
        ValueRef::Int(_) => "int",
        ValueRef::Bytes(bytes) if bytes.len() <= EMBEDDED_BYTES_MAX && !entry.is_raw() => "embstr",
        ValueRef::Bytes(_) => "raw",
        ValueRef::List(list) => list.encoding(),
        ValueRef::Hash(hash) => hash.encoding(),
        ValueRef::Set(set) => set.encoding(),
        ValueRef::Zset(zset) => zset.encoding(),
        ValueRef::Stream(stream) => stream.encoding(),
    }
}

fn object_freq(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (now, counts) = (ctx.store.steady, ctx.store.access.counts);
    let Some(access) = ctx.store.peek_counted(args.at(2)).map(Entry::access) else {
        ctx.reply.null();
        return Ok(Flow::Done);
    };
    if counts {
        ctx.reply.int(i64::from(ctx.store.access.frequency(access, now)));
        return Ok(Flow::Done);
    }
    Err(Error::Text(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
         switching between policies at runtime LRU and LFU data will take some time to adjust.",
    ))
}

fn object_idletime(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let now = ctx.store.steady;
    let Some(access) = ctx.store.peek_counted(args.at(2)).map(Entry::access) else {
        ctx.reply.null();
        return Ok(Flow::Done);
    };
    if ctx.store.access.counts {
        return Err(Error::Text(
            "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching \
             between policies at runtime LRU and LFU data will take some time to adjust.",
        ));
    }
    ctx.reply.int(ctx.store.access.idle_seconds(access, now) as i64);
    Ok(Flow::Done)
}

fn object_refcount(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    /// Redis shares the objects of small integers for ever and reports the greatest count for them.
    const SHARED: i64 = i32::MAX as i64;
    match ctx.store.peek_counted(args.at(2)).map(|entry| matches!(entry.value(), ValueRef::Int(0..10_000))) {
        Some(is_shared) => ctx.reply.int(if is_shared { SHARED } else { 1 }),
        None => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

fn object_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "OBJECT",
        &[
            "ENCODING <key>",
            "    The form in which the value is stored.",
            "FREQ <key>",
            "    How often the key was used lately, on a logarithmic scale.",
            "IDLETIME <key>",
            "    Seconds since the key was last used.",
            "REFCOUNT <key>",
            "    How many references the value has.",
        ],
    );
    Ok(Flow::Done)
}

const WRITE: Flags = Flags::WRITE;
const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);

const DELETED: &[KeySpec] = &[KeySpec::range(1, -1, &["RM", "delete"])];
const LOOKED_AT: &[KeySpec] = &[KeySpec::range(1, -1, &["RO"])];
const COPIED: &[KeySpec] =
    &[KeySpec::range(1, 0, &["RO", "access"]), KeySpec::range(2, 0, &["OW", "update"])];
const RENAMED: &[KeySpec] =
    &[KeySpec::range(1, 0, &["RW", "access", "delete"]), KeySpec::range(2, 0, &["OW", "update"])];
const RENAMED_NX: &[KeySpec] =
    &[KeySpec::range(1, 0, &["RW", "access", "delete"]), KeySpec::range(2, 0, &["OW", "insert"])];

/// A row of this file: all are of one group.
const fn row(name: &'static str, summary: &'static str) -> Command {
    Command { name, group: Group::Generic, reply: "integer", summary, ..Command::DEFAULT }
}

const ONE_KEY: &[Arg] = &[key("key")];
const OBJECT_KEY: &[KeySpec] =
    &[KeySpec { flags: &["RO"], begin: Begin::Index(2), find: Find::Range { last: 0, step: 1, limit: 0 } }];

/// A subcommand of OBJECT that looks at one key.
const fn object_row(name: &'static str, summary: &'static str) -> Command {
    Command {
        flags: Flags::READONLY,
        args: ONE_KEY,
        keys: Some(OBJECT_KEY),
        tips: &["nondeterministic_output"],
        ..row(name, summary)
    }
}

const OBJECT: &[Command] = &[
    Command {
        since: "2.2.3",
        reply: "bulk-string | null",
        handler: object_encoding,
        ..object_row("ENCODING", "Returns the form in which a value is stored.")
    },
    Command {
        since: "4.0.0",
        reply: "integer | null",
        handler: object_freq,
        ..object_row("FREQ", "Returns how often a key was used lately, on a logarithmic scale.")
    },
    Command {
        since: "6.2.0",
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "array of simple-string",
        handler: object_help,
        ..row("HELP", "Lists the subcommands.")
    },
    Command {
        since: "2.2.3",
        reply: "integer | null",
        handler: object_idletime,
        ..object_row("IDLETIME", "Returns for how many seconds a key was not used.")
    },
    Command {
        since: "2.2.3",
        reply: "integer | null",
        handler: object_refcount,
        ..object_row("REFCOUNT", "Returns how many references a value has.")
    },
];

pub(crate) const ROWS: &[Command] = &[
    Command {
        since: "6.2.0",
        complexity: "O(N) in the size of the value",
        flags: Flags::WRITE.and(Flags::DENYOOM),
        args: &[
            key("source"),
            key("destination"),
            integer("destination-db").after("DB").optional(),
            token("replace", "REPLACE").optional(),
        ],
        handler: copy,
        keys: Some(COPIED),
        ..row("COPY", "Copies the value of a key to another key.")
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: WRITE,
        args: &[key("key").multiple()],
        handler: del,
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: Some(DELETED),
        ..row("DEL", "Deletes keys and returns how many there were.")
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: READ_FAST,
        args: &[key("key").multiple()],
        handler: exists,
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: Some(LOOKED_AT),
        ..row("EXISTS", "Returns how many of the keys exist; a key named twice counts twice.")
    },
    Command {
        flags: Flags::WRITE.and(Flags::FAST),
        args: &[key("key"), integer("db")],
        handler: move_to_db,
        ..row("MOVE", "Moves a key to another database.")
    },
    Command { since: "2.2.3", subcommands: OBJECT, ..row("OBJECT", "Tells how a value is stored and used.") },
    Command {
        flags: WRITE,
        args: &[key("key"), key("newkey")],
        reply: "simple-string",
        handler: rename,
        keys: Some(RENAMED),
        ..row("RENAME", "Gives a key another name, replacing the key that had it.")
    },
    Command {
        flags: Flags::WRITE.and(Flags::FAST),
        args: &[key("key"), key("newkey")],
        handler: renamenx,
        keys: Some(RENAMED_NX),
        ..row("RENAMENX", "Gives a key another name, but only if no key has it.")
    },
    Command {
        since: "3.2.1",
        complexity: "O(N) in the number of keys",
        flags: READ_FAST,
        args: &[key("key").multiple()],
        handler: touch,
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: Some(LOOKED_AT),
        ..row("TOUCH", "Marks keys as used and returns how many exist.")
    },
    Command {
        flags: READ_FAST,
        args: &[key("key")],
        reply: "simple-string",
        handler: type_of,
        keys: Some(&[KeySpec::range(1, 0, &["RO"])]),
        ..row("TYPE", "Returns the type of the value at a key.")
    },
    Command {
        since: "4.0.0",
        complexity: "O(1) per key; the memory is given back later",
        flags: Flags::WRITE.and(Flags::FAST),
        args: &[key("key").multiple()],
        handler: del,
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: Some(DELETED),
        ..row("UNLINK", "Deletes keys and returns how many there were.")
    },
];
