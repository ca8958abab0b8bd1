//! Values in their serialised form: DUMP and RESTORE.

use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, integer, key, keys, string, token};
use crate::keyspace::{Entry, NotifyClass};
use crate::number;
use crate::rdb;
use crate::resp::args::Args;

/// A dump is put together, compressed from a copy of a part, and then copied into the reply.
const DUMP_COPIES: usize = 2;
/// The access frequency that the option FREQ can set at most.
const FREQUENCY_MAX: i64 = 255;

fn dump(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_compressed = ctx.server.config.rdb_compression;
    let memory = &mut ctx.server.memory;
    ctx.store.drop_due_fields(args.at(1));
    let Some(entry) = ctx.store.read(args.at(1)) else {
        ctx.reply.null();
        return Ok(Flow::Done);
    };
    memory.take(DUMP_COPIES * entry.copy_bytes())?;
    ctx.reply.bulk(&rdb::dump(&entry.value(), is_compressed));
    Ok(Flow::Done)
}

/// The options of RESTORE.
#[derive(Default)]
struct Options {
    replace: bool,
    is_absolute: bool,
    idle_seconds: Option<i64>,
    frequency: Option<i64>,
}

impl Options {
    fn parse(args: Args<'_>) -> Result<Options, Error> {
        let mut options = Options::default();
        let mut cursor = args.cursor(4);
        while !cursor.is_done() {
            if cursor.accept("REPLACE") {
                options.replace = true;
            } else if cursor.accept("ABSTTL") {
                options.is_absolute = true;
            } else if options.frequency.is_none() && cursor.accept_with("IDLETIME", 1) {
                let seconds = cursor.int()?;
                if seconds < 0 {
                    return Err(Error::Text("ERR Invalid IDLETIME value, must be >= 0"));
                }
                options.idle_seconds = Some(seconds);
            } else if options.idle_seconds.is_none() && cursor.accept_with("FREQ", 1) {
                let frequency = cursor.int()?;
                if !(0..=FREQUENCY_MAX).contains(&frequency) {
                    return Err(Error::Text("ERR Invalid FREQ value, must be >= 0 and <= 255"));
                }
                options.frequency = Some(frequency);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }
}

fn restore(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, payload) = (args.at(1), args.at(3));
    let options = Options::parse(args)?;
    if !options.replace && ctx.store.look(key).is_some() {
        return Err(Error::Text("BUSYKEY Target key name already exists."));
    }
    let ttl = args.int(2)?;
    if ttl < 0 {
        return Err(Error::Text("ERR Invalid TTL value, must be >= 0"));
    }
    let limits = ctx.store.encoding_limits;
    let value = rdb::restore(payload, &limits, ctx.server.memory, ctx.server.config.value_bytes_max())?;
    let now = ctx.store.now as i64;
    let deadline = match ttl {
        0 => None,
        at if options.is_absolute => Some(at),
        // A time beyond all numbers wraps around to one long ago, as in Redis.
        ttl => Some(ttl.wrapping_add(ctx.clock_millis() as i64)),
    };
    let is_replaced = options.replace && ctx.store.remove(key);
    if deadline.is_some_and(|at| at <= now) {
        if is_replaced {
            ctx.store.changed(key, NotifyClass::Generic, "del");
            ctx.rewrite(&[b"DEL", key]);
        }
        ctx.store.discard(value);
        ctx.reply.ok();
        return Ok(Flow::Done);
    }
    let mut entry = Entry::with_value(key, value, deadline.map(|at| at as u64));
    let access = &mut ctx.store.access;
    // Each option is for one kind of policy, and means nothing to the others.
    access.mark_new(&mut entry, ctx.store.steady);
    match (access.counts, options.frequency, options.idle_seconds) {
        (true, Some(frequency), _) => {
            access.set_frequency(&mut entry, number::low_u8(frequency.cast_unsigned()), ctx.store.steady)
        }
        (false, _, Some(idle)) => access.set_idle_seconds(&mut entry, idle as u64, ctx.store.steady),
        _ => {}
    }
    ctx.store.put_restored(entry);
    ctx.store.changed(key, NotifyClass::Generic, "restore");
    if let Some(at) = deadline.filter(|_| !options.is_absolute) {
        rewrite_absolute(ctx, args, at);
    }
    ctx.reply.ok();
    Ok(Flow::Done)
}

/// A replay must not count from another time.
fn rewrite_absolute(ctx: &mut Context<'_>, args: Args<'_>, deadline: i64) {
    let mut text = Vec::new();
    number::write_i64(&mut text, deadline);
    let mut all: Vec<&[u8]> = args.iter().collect();
    all[2] = &text;
    all.push(b"ABSTTL");
    ctx.rewrite(&all);
}

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) in the size of the value",
        flags: flags::READ,
        args: &[key("key")],
        reply: "bulk-string | null",
        handler: dump,
        keys: Some(keys::READ),
        tips: &["nondeterministic_output"],
        ..Group::Generic.row("DUMP", "2.6.0", "Returns the value of a key in serialised form, for RESTORE.")
    },
    Command {
        complexity: "O(N) in the size of the value, O(N log N) for a sorted set",
        flags: flags::GROW,
        args: &[
            key("key"),
            integer("ttl"),
            string("serialized-value"),
            token("replace", "REPLACE").optional().since("3.0.0"),
            token("absttl", "ABSTTL").optional().since("5.0.0"),
            integer("seconds").after("IDLETIME").optional().since("5.0.0"),
            integer("frequency").after("FREQ").optional().since("5.0.0"),
        ],
        handler: restore,
        keys: Some(keys::OVERWRITE),
        categories: &["dangerous"],
        ..Group::Generic.row(
            "RESTORE",
            "2.6.0",
            "Makes a key from a value in the serialised form that DUMP returns.",
        )
    },
];
