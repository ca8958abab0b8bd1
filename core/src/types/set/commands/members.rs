//! The commands on members of one set, or of two.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, KeySpec, access, flags, integer, key, keys, pattern, string};
use crate::keyspace::NotifyClass;
use crate::resp::args::Args;
use crate::types::scan::{ScanOptions, reply_empty, scan_cursor};

fn sadd(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, limits) = (args.at(1), ctx.store.encoding_limits);
    let set = ctx.store.set_or_new(key)?;
    let members = args.from(2);
    set.expect(members.len(), members.at(0), &limits);
    let added = members.iter().filter(|member| set.insert(member, &limits)).count();
    if added > 0 {
        ctx.store.changed(key, NotifyClass::Set, "sadd");
    }
    ctx.reply.count(added);
    Ok(Flow::Done)
}

fn srem(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let Some(set) = ctx.store.set_mut(key)? else {
        ctx.reply.count(0);
        return Ok(Flow::Done);
    };
    let removed = args.from(2).iter().filter(|member| set.remove(member)).count();
    if removed > 0 {
        ctx.store.changed(key, NotifyClass::Set, "srem");
        ctx.store.remove_if_empty(key);
    }
    ctx.reply.count(removed);
    Ok(Flow::Done)
}

fn smove(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (source, destination, member) = (args.at(1), args.at(2), args.at(3));
    let limits = ctx.store.encoding_limits;
    let is_member = ctx.store.set_mut(source).map(|set| set.map(|set| set.contains(member)));
    // Both keys are looked up before anything is said about either.
    if !matches!(is_member, Ok(Some(_))) {
        ctx.store.look(destination);
    }
    let Some(is_member) = is_member? else {
        ctx.reply.flag(false);
        return Ok(Flow::Done);
    };
    // The destination's type counts even when there is nothing to move.
    ctx.store.set_mut(destination)?;
    if is_member && source != destination {
        if let Some(set) = ctx.store.set_mut(source)? {
            set.remove(member);
        }
        ctx.store.changed(source, NotifyClass::Set, "srem");
        ctx.store.remove_if_empty(source);
        if ctx.store.set_or_new(destination)?.insert(member, &limits) {
            ctx.store.changed(destination, NotifyClass::Set, "sadd");
        }
    }
    ctx.reply.flag(is_member);
    Ok(Flow::Done)
}

fn scard(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = ctx.store.set_at(args.at(1))?.map_or(0, |set| set.len());
    ctx.reply.count(len);
    Ok(Flow::Done)
}

fn sismember(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_member = ctx.store.set_at(args.at(1))?.is_some_and(|set| set.contains(args.at(2)));
    ctx.reply.flag(is_member);
    Ok(Flow::Done)
}

fn smismember(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let set = ctx.store.set_at(args.at(1))?;
    let members = args.from(2).iter();
    ctx.reply.array(members.len());
    for member in members {
        ctx.reply.flag(set.is_some_and(|set| set.contains(member)));
    }
    Ok(Flow::Done)
}

fn smembers(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let Some(set) = ctx.store.set_at(args.at(1))? else {
        ctx.reply.set(0);
        return Ok(Flow::Done);
    };
    ctx.reply.set(set.len());
    for member in set.iter() {
        ctx.reply.item(member);
    }
    Ok(Flow::Done)
}

fn sscan(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let cursor = scan_cursor(args.at(2))?;
    let Some(set) = ctx.store.set_at(args.at(1))? else {
        reply_empty(&mut ctx.reply);
        return Ok(Flow::Done);
    };
    let options = ScanOptions::parse_members(args.cursor(3))?;
    options.reply(&mut ctx.reply, |options, reply| {
        let mut replies = 0;
        let next = set.scan(cursor, options.count, |member| {
            if options.passes(member) {
                reply.item(member);
                replies += 1;
            }
        });
        (next, replies)
    });
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) where N is the number of members given.",
        flags: flags::GROW_FAST,
        args: &[key("key"), string("member").multiple()],
        reply: "integer",
        handler: sadd,
        keys: Some(keys::INSERT),
        ..Group::Set.row("SADD", "1.0.0", "Adds members to a set, and returns how many are new.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "integer",
        handler: scard,
        keys: Some(keys::LOOK),
        ..Group::Set.row("SCARD", "1.0.0", "Returns the number of members of a set.")
    },
    Command {
        flags: flags::READ_FAST,
        args: &[key("key"), string("member")],
        reply: "integer",
        handler: sismember,
        keys: Some(keys::LOOK),
        ..Group::Set.row("SISMEMBER", "1.0.0", "Tells whether a set has a member.")
    },
    Command {
        complexity: "O(N) where N is the size of the set.",
        flags: flags::READ,
        args: &[key("key")],
        reply: "set of bulk-string",
        handler: smembers,
        tips: &["nondeterministic_output_order"],
        ..Group::Set.row("SMEMBERS", "1.0.0", "Returns all members of a set.")
    },
    Command {
        complexity: "O(N) where N is the number of members given.",
        flags: flags::READ_FAST,
        args: &[key("key"), string("member").multiple()],
        reply: "array of integer",
        handler: smismember,
        ..Group::Set.row("SMISMEMBER", "6.2.0", "Tells for each of several members whether a set has it.")
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("source"), key("destination"), string("member")],
        reply: "integer",
        handler: smove,
        keys: Some(&[KeySpec::range(1, 0, access::TAKE), KeySpec::range(2, 0, access::INSERT)]),
        ..Group::Set.row("SMOVE", "1.0.0", "Moves a member from one set to another.")
    },
    Command {
        complexity: "O(N) where N is the number of members given.",
        flags: flags::WRITE_FAST,
        args: &[key("key"), string("member").multiple()],
        reply: "integer",
        handler: srem,
        keys: Some(keys::DELETE),
        ..Group::Set.row("SREM", "1.0.0", "Removes members from a set; the key goes with the last one.")
    },
    Command {
        complexity: "O(1) for each call, O(N) for a whole round, where N is the size of the set.",
        flags: flags::READ,
        args: &[
            key("key"),
            integer("cursor"),
            pattern("pattern").after("MATCH").optional(),
            integer("count").after("COUNT").optional(),
        ],
        reply: "array of cursor and array of bulk-string",
        handler: sscan,
        tips: &["nondeterministic_output"],
        ..Group::Set.row("SSCAN", "2.8.0", "Walks through the members of a set step by step.")
    },
];
