//! Commands on keys whatever they hold.

use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{Arg, Command, Group, KeySpec, access, flags, integer, key, keys, token};
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
    // CLIENT NO-TOUCH is about other commands, and about what scripts do.
    ctx.store.no_touch &= ctx.server.observer.in_script;
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
    if ctx.store.look(from).is_none() {
        return Err(Error::NoSuchKey);
    }
    if from == to {
        return Ok(!keep_existing);
    }
    if keep_existing && ctx.store.look(to).is_some() {
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
    let is_there = ctx.store.look(key).is_some();
    ctx.store.db = target;
    let is_taken = ctx.store.look(key).is_some();
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
    let is_taken = ctx.store.look(to).is_some();
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

const ONE_KEY: &[Arg] = &[key("key")];
const OBJECT: &[Command] = &[
    Command {
        flags: flags::READ,
        args: ONE_KEY,
        reply: "bulk-string | null",
        handler: object_encoding,
        keys: Some(&[KeySpec::range(2, 0, access::LOOK)]),
        tips: &["nondeterministic_output"],
        ..Group::Generic.row("ENCODING", "2.2.3", "Returns the form in which a value is stored.")
    },
    Command {
        flags: flags::READ,
        args: ONE_KEY,
        reply: "integer | null",
        handler: object_freq,
        keys: Some(&[KeySpec::range(2, 0, access::LOOK)]),
        tips: &["nondeterministic_output"],
        ..Group::Generic.row(
            "FREQ",
            "4.0.0",
            "Returns how often a key was used lately, on a logarithmic scale.",
        )
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: object_help,
        ..Group::Generic.row("HELP", "6.2.0", "Lists the subcommands.")
    },
    Command {
        flags: flags::READ,
        args: ONE_KEY,
        reply: "integer | null",
        handler: object_idletime,
        keys: Some(&[KeySpec::range(2, 0, access::LOOK)]),
        tips: &["nondeterministic_output"],
        ..Group::Generic.row("IDLETIME", "2.2.3", "Returns for how many seconds a key was not used.")
    },
    Command {
        flags: flags::READ,
        args: ONE_KEY,
        reply: "integer | null",
        handler: object_refcount,
        keys: Some(&[KeySpec::range(2, 0, access::LOOK)]),
        tips: &["nondeterministic_output"],
        ..Group::Generic.row("REFCOUNT", "2.2.3", "Returns how many references a value has.")
    },
];

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) in the size of the value",
        flags: flags::GROW,
        args: &[
            key("source"),
            key("destination"),
            integer("destination-db").after("DB").optional(),
            token("replace", "REPLACE").optional(),
        ],
        reply: "integer",
        handler: copy,
        keys: Some(&[KeySpec::range(1, 0, access::READ), KeySpec::range(2, 0, access::OVERWRITE)]),
        ..Group::Generic.row("COPY", "6.2.0", "Copies the value of a key to another key.")
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::WRITE,
        args: &[key("key").multiple()],
        reply: "integer",
        handler: del,
        keys: Some(&[KeySpec::range(1, -1, &["RM", "delete"])]),
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        ..Group::Generic.row("DEL", "1.0.0", "Deletes keys and returns how many there were.")
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::READ_FAST,
        args: &[key("key").multiple()],
        reply: "integer",
        handler: exists,
        keys: Some(&[KeySpec::range(1, -1, access::LOOK)]),
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        ..Group::Generic.row(
            "EXISTS",
            "1.0.0",
            "Returns how many of the keys exist; a key named twice counts twice.",
        )
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key"), integer("db")],
        reply: "integer",
        handler: move_to_db,
        ..Group::Generic.row("MOVE", "1.0.0", "Moves a key to another database.")
    },
    Command {
        reply: "integer",
        subcommands: OBJECT,
        ..Group::Generic.row("OBJECT", "2.2.3", "Tells how a value is stored and used.")
    },
    Command {
        flags: flags::WRITE,
        args: &[key("key"), key("newkey")],
        handler: rename,
        keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::OVERWRITE)]),
        ..Group::Generic.row("RENAME", "1.0.0", "Gives a key another name, replacing the key that had it.")
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key"), key("newkey")],
        reply: "integer",
        handler: renamenx,
        keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::CREATE)]),
        ..Group::Generic.row("RENAMENX", "1.0.0", "Gives a key another name, but only if no key has it.")
    },
    Command {
        complexity: "O(N) in the number of keys",
        flags: flags::READ_FAST,
        args: &[key("key").multiple()],
        reply: "integer",
        handler: touch,
        keys: Some(&[KeySpec::range(1, -1, access::LOOK)]),
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        ..Group::Generic.row("TOUCH", "3.2.1", "Marks keys as used and returns how many exist.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        handler: type_of,
        keys: Some(keys::LOOK),
        ..Group::Generic.row("TYPE", "1.0.0", "Returns the type of the value at a key.")
    },
    Command {
        complexity: "O(1) per key; the memory is given back later",
        flags: flags::WRITE_FAST,
        args: &[key("key").multiple()],
        reply: "integer",
        handler: del,
        keys: Some(&[KeySpec::range(1, -1, &["RM", "delete"])]),
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        ..Group::Generic.row("UNLINK", "4.0.0", "Deletes keys and returns how many there were.")
    },
];
