//! The commands on members of one set, or of two.

use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::keyspace::NotifyClass;
use crate::resp::args::Args;
use crate::types::scan::{ScanOptions, reply_empty, scan_cursor};

pub(super) fn sadd(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
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

pub(super) fn srem(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
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

pub(super) fn smove(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (source, destination, member) = (args.at(1), args.at(2), args.at(3));
    let limits = ctx.store.encoding_limits;
    let is_member = ctx.store.set_mut(source).map(|set| set.map(|set| set.contains(member)));
    // Both keys are looked up before anything is said about either.
    if !matches!(is_member, Ok(Some(_))) {
        ctx.store.write(destination);
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

pub(super) fn scard(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let len = ctx.store.set_at(args.at(1))?.map_or(0, |set| set.len());
    ctx.reply.count(len);
    Ok(Flow::Done)
}

pub(super) fn sismember(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let is_member = ctx.store.set_at(args.at(1))?.is_some_and(|set| set.contains(args.at(2)));
    ctx.reply.flag(is_member);
    Ok(Flow::Done)
}

pub(super) fn smismember(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let set = ctx.store.set_at(args.at(1))?;
    let members = args.from(2).iter();
    ctx.reply.array(members.len());
    for member in members {
        ctx.reply.flag(set.is_some_and(|set| set.contains(member)));
    }
    Ok(Flow::Done)
}

pub(super) fn smembers(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
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

pub(super) fn sscan(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
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
