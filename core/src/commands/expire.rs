//! Deadlines of keys: setting, reading and clearing them.

use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Group, flags, integer, key, keys, one_of, token, unix_time};
use crate::keyspace::{Entry, NotifyClass};
use crate::number;
use crate::resp::args::Args;

/// When a new deadline replaces an old one.
#[derive(Clone, Copy, Default)]
struct Condition {
    if_none: bool,
    if_some: bool,
    if_later: bool,
    if_earlier: bool,
}

impl Condition {
    fn parse(args: Args<'_>, start: usize) -> Result<Condition, Error> {
        let mut condition = Condition::default();
        let mut cursor = args.cursor(start);
        while !cursor.is_done() {
            if cursor.accept("NX") {
                condition.if_none = true;
            } else if cursor.accept("XX") {
                condition.if_some = true;
            } else if cursor.accept("GT") {
                condition.if_later = true;
            } else if cursor.accept("LT") {
                condition.if_earlier = true;
            } else {
                return Err(Error::quoting_all("ERR Unsupported option ", cursor.take()?, ""));
            }
        }
        if condition.if_none && (condition.if_some || condition.if_later || condition.if_earlier) {
            return Err(Error::Text("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if condition.if_later && condition.if_earlier {
            return Err(Error::Text("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(condition)
    }

    /// A key without a deadline counts as one that expires at the end of time.
    fn allows(self, old: Option<u64>, new: i64) -> bool {
        let is_later = old.is_some_and(|old| new > old as i64);
        let is_earlier = old.is_none_or(|old| new < old as i64);
        (!self.if_none || old.is_none())
            && (!self.if_some || old.is_some())
            && (!self.if_later || is_later)
            && (!self.if_earlier || is_earlier)
    }
}

fn expire(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_deadline(ctx, args, 1000, true)
}

fn pexpire(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_deadline(ctx, args, 1, true)
}

fn expireat(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_deadline(ctx, args, 1000, false)
}

fn pexpireat(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    set_deadline(ctx, args, 1, false)
}

fn set_deadline(
    ctx: &mut Context<'_>,
    args: Args<'_>,
    unit_millis: i64,
    is_relative: bool,
) -> Result<Flow, Error> {
    let key = args.at(1);
    let condition = Condition::parse(args, 3)?;
    let base = if is_relative { ctx.clock_millis() as i64 } else { 0 };
    let at = args
        .int(2)?
        .checked_mul(unit_millis)
        .and_then(|millis| millis.checked_add(base))
        .ok_or_else(|| Error::invalid_expire(&ctx.name()))?;
    let Some(old) = ctx.store.write(key).map(|entry| entry.deadline()) else {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    };
    if !condition.allows(old, at) {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    }
    if at <= ctx.store.now as i64 {
        ctx.store.remove(key);
        ctx.store.changed(key, NotifyClass::Generic, "del");
        ctx.rewrite(&[b"DEL", key]);
    } else {
        ctx.store.set_deadline(key, Some(at as u64));
        ctx.store.changed(key, NotifyClass::Generic, "expire");
        let mut text = Vec::new();
        number::write_i64(&mut text, at);
        ctx.rewrite(&[b"PEXPIREAT", key, &text]);
    }
    ctx.reply.int(1);
    Ok(Flow::Done)
}

fn persist(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let is_volatile = ctx.store.write(key).is_some_and(|entry| entry.deadline().is_some());
    if is_volatile {
        ctx.store.set_deadline(key, None);
        ctx.store.changed(key, NotifyClass::Generic, "persist");
    }
    ctx.reply.flag(is_volatile);
    Ok(Flow::Done)
}

fn ttl(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_deadline(ctx, args, |at, now| (at.saturating_sub(now) + 500) / 1000)
}

fn pttl(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_deadline(ctx, args, |at, now| at.saturating_sub(now))
}

fn expiretime(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_deadline(ctx, args, |at, _| (at + 500) / 1000)
}

fn pexpiretime(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_deadline(ctx, args, |at, _| at)
}

/// Replies -2 without the key, -1 without a deadline, and otherwise what `form` makes of deadline and now.
fn reply_deadline(ctx: &mut Context<'_>, args: Args<'_>, form: fn(u64, u64) -> u64) -> Result<Flow, Error> {
    let now = ctx.store.now;
    let reply = match ctx.store.read_untouched(args.at(1)).map(Entry::deadline) {
        None => -2,
        Some(None) => -1,
        Some(Some(at)) => form(at, now) as i64,
    };
    ctx.reply.int(reply);
    Ok(Flow::Done)
}

const CONDITION: Arg =
    one_of("condition", &[token("nx", "NX"), token("xx", "XX"), token("gt", "GT"), token("lt", "LT")])
        .optional()
        .since("7.0.0");

pub(crate) const ROWS: &[Command] = &[
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key"), integer("seconds"), CONDITION],
        reply: "integer",
        handler: expire,
        keys: Some(keys::UPDATE),
        ..Group::Generic.row("EXPIRE", "1.0.0", "Lets a key expire after so many seconds.")
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key"), unix_time("unix-time-seconds"), CONDITION],
        reply: "integer",
        handler: expireat,
        keys: Some(keys::UPDATE),
        ..Group::Generic.row("EXPIREAT", "1.2.0", "Lets a key expire at a unix time in seconds.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: expiretime,
        ..Group::Generic.row(
            "EXPIRETIME",
            "7.0.0",
            "Returns the unix time in seconds at which a key expires.",
        )
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: persist,
        keys: Some(keys::UPDATE),
        ..Group::Generic.row("PERSIST", "2.2.0", "Lets a key no longer expire.")
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key"), integer("milliseconds"), CONDITION],
        reply: "integer",
        handler: pexpire,
        keys: Some(keys::UPDATE),
        ..Group::Generic.row("PEXPIRE", "2.6.0", "Lets a key expire after so many milliseconds.")
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key"), unix_time("unix-time-milliseconds"), CONDITION],
        reply: "integer",
        handler: pexpireat,
        keys: Some(keys::UPDATE),
        ..Group::Generic.row("PEXPIREAT", "2.6.0", "Lets a key expire at a unix time in milliseconds.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: pexpiretime,
        ..Group::Generic.row(
            "PEXPIRETIME",
            "7.0.0",
            "Returns the unix time in milliseconds at which a key expires.",
        )
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: pttl,
        tips: &["nondeterministic_output"],
        ..Group::Generic.row("PTTL", "2.6.0", "Returns how many milliseconds are left until a key expires.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: ttl,
        tips: &["nondeterministic_output"],
        ..Group::Generic.row("TTL", "1.0.0", "Returns how many seconds are left until a key expires.")
    },
];
