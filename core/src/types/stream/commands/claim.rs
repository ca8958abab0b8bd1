//! Acknowledging entries, and taking them over from other consumers.

use alloc::vec::Vec;

use super::{
    COUNT, End, group_changed, group_or, no_such_key_or_group, quoting, record, strict_id, write_entry,
    write_id,
};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, integer, key, keys, string, token, unix_time};
use crate::number;
use crate::resp::args::{Args, Cursor};
use crate::types::stream::{ConsumerRef, Id, PENDING_BYTES, Pending};

/// Entries that XAUTOCLAIM looks at, per entry that it may return.
const AUTOCLAIM_LOOKS_PER_ENTRY: usize = 10;
/// Entries that it returns when it is not told.
const AUTOCLAIM_COUNT: usize = 100;
/// The largest number that it can be told; Redis divides what memory addresses by what an entry's ID takes.
const AUTOCLAIM_COUNT_MAX: i64 = i64::MAX / 16;

fn xack(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    // As in Redis it counts as reading.
    ctx.store.read(args.at(1));
    let Some(group) = ctx.store.pending_mut(args.at(1))?.and_then(|stream| stream.group_mut(args.at(2)))
    else {
        ctx.reply.int(0);
        return Ok(Flow::Done);
    };
    let ids: Vec<Id> = args.from(3).iter().map(|text| strict_id(text, 0)).collect::<Result<_, _>>()?;
    let acknowledged = ids.into_iter().filter(|&id| group.acknowledge(id).is_some()).count();
    ctx.store.dirty += acknowledged as u64;
    ctx.reply.count(acknowledged);
    Ok(Flow::Done)
}

/// The consumer of this name, made when missing; its group is there. It was heard of now.
pub(super) fn consumer_or_new(
    ctx: &mut Context<'_>,
    key: &[u8],
    name: &[u8],
    consumer: &[u8],
) -> Result<ConsumerRef, Error> {
    let now = ctx.clock_millis();
    let group = group_or(ctx.store.stream_mut(key), name, || no_such_key_or_group(key, name))?;
    if let Some(own) = group.find(consumer) {
        group.consumer_mut(own).seen_at = now;
        return Ok(own);
    }
    let own = group.add_consumer(consumer, now);
    ctx.store.streams_seen.consumers = true;
    record::consumer(&mut ctx.store.effects, key, name, consumer);
    group_changed(ctx, key, "xgroup-createconsumer");
    Ok(own)
}

/// Records how these entries are pending now.
pub(super) fn record_pending(
    ctx: &mut Context<'_>,
    key: &[u8],
    name: &[u8],
    ids: &[Id],
) -> Result<(), Error> {
    if !ctx.store.effects.enabled {
        return Ok(());
    }
    let Some((stream, effects)) = ctx.store.stream_and_effects(key) else { return Ok(()) };
    let Some(group) = stream.group(name) else { return Ok(()) };
    for &id in ids {
        if let Some(one) = group.pending().get(&id) {
            record::pending(effects, key, name, group, id, one);
        }
    }
    Ok(())
}

/// The options of XCLAIM.
#[derive(Default)]
struct Claim {
    /// The time of delivery, in unix milliseconds; before Redis's checks.
    time: Option<i64>,
    retries: Option<i64>,
    is_forced: bool,
    just_id: bool,
    last_id: Id,
}

impl Claim {
    fn parse(cursor: &mut Cursor<'_>, args: Args<'_>, now: u64) -> Result<Claim, Error> {
        let mut claim = Claim::default();
        while !cursor.is_done() {
            if cursor.accept("FORCE") {
                claim.is_forced = true;
            } else if cursor.accept("JUSTID") {
                claim.just_id = true;
            } else if cursor.accept_with("IDLE", 1) {
                let idle = int(cursor, "ERR Invalid IDLE option argument for XCLAIM")?;
                claim.time = Some((now as i64).wrapping_sub(idle));
            } else if cursor.accept_with("TIME", 1) {
                claim.time = Some(int(cursor, "ERR Invalid TIME option argument for XCLAIM")?);
            } else if cursor.accept_with("RETRYCOUNT", 1) {
                claim.retries = Some(int(cursor, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?);
            } else if cursor.accept_with("LASTID", 1) {
                claim.last_id = strict_id(cursor.take()?, 0)?;
            } else {
                let word = args.at(cursor.position());
                return Err(quoting(&[b"ERR Unrecognized XCLAIM option '", word, b"'"]));
            }
        }
        Ok(claim)
    }

    /// When the entries count as delivered; what lies in the future or before all time is now.
    fn delivered_at(&self, now: u64) -> u64 {
        self.time.and_then(|time| u64::try_from(time).ok()).filter(|&time| time <= now).unwrap_or(now)
    }

    /// How an entry is pending after it was claimed, if it is.
    fn apply(&self, old: Option<Pending>, own: ConsumerRef, idle: u64, now: u64) -> Option<Pending> {
        let old = match old {
            Some(old) => {
                let is_too_new = (now as i64).wrapping_sub(old.delivered_at as i64) < idle as i64;
                if old.consumer.is_some() && idle > 0 && is_too_new {
                    return None;
                }
                old
            }
            None if self.is_forced => Pending { consumer: None, delivered_at: now, deliveries: 1 },
            None => return None,
        };
        let deliveries = match self.retries.and_then(|retries| u64::try_from(retries).ok()) {
            Some(retries) => retries,
            None => old.deliveries.wrapping_add(u64::from(!self.just_id)),
        };
        Some(Pending { consumer: Some(own), delivered_at: self.delivered_at(now), deliveries })
    }
}

fn int(cursor: &mut Cursor<'_>, error: &'static str) -> Result<i64, Error> {
    number::parse_i64(cursor.take()?).ok_or(Error::Text(error))
}

fn min_idle(text: &[u8], error: &'static str) -> Result<u64, Error> {
    number::parse_i64(text).map(|idle| idle.max(0) as u64).ok_or(Error::Text(error))
}

fn xclaim(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(1), args.at(2));
    // It is a read that is counted, although it changes the group.
    ctx.store.read(key);
    group_or(ctx.store.stream_mut(key), name, || no_such_key_or_group(key, name))?;
    let idle = min_idle(args.at(4), "ERR Invalid min-idle-time argument for XCLAIM")?;
    let mut cursor = args.cursor(5);
    let mut ids = Vec::new();
    while let Some(id) = args.get(cursor.position()).and_then(|text| strict_id(text, 0).ok()) {
        ids.push(id);
        cursor.take()?;
    }
    let now = ctx.clock_millis();
    let claim = Claim::parse(&mut cursor, args, now)?;
    ctx.store.effects.suppress();
    let group = group_or(ctx.store.stream_mut(key), name, || no_such_key_or_group(key, name))?;
    let mut must_record_last = claim.last_id > group.last_id;
    group.last_id = group.last_id.max(claim.last_id);
    let own = consumer_or_new(ctx, key, name, args.at(3))?;

    let (mark, mut count) = (ctx.reply.mark(), 0);
    for id in ids {
        if claim_one(ctx, (key, name), (id, own), idle, &claim, &mut must_record_last)? {
            count += 1;
        }
    }
    ctx.reply.wrap_array(mark, count);
    if must_record_last {
        if let Some((stream, effects)) = ctx.store.stream_and_effects(key)
            && let Some(group) = stream.group(name)
        {
            record::progress(effects, key, name, group);
        }
        ctx.store.dirty += 1;
    }
    Ok(Flow::Done)
}

/// Claims one entry and writes it; false if it is not claimed.
fn claim_one(
    ctx: &mut Context<'_>,
    (key, name): (&[u8], &[u8]),
    (id, own): (Id, ConsumerRef),
    idle: u64,
    claim: &Claim,
    must_record_last: &mut bool,
) -> Result<bool, Error> {
    let now = ctx.clock_millis();
    let old = group_or(ctx.store.stream_mut(key), name, || no_such_key_or_group(key, name))?
        .pending()
        .get(&id)
        .copied();
    let entry = ctx.store.stream_mut(key)?.and_then(|stream| stream.get(id));
    let Some(entry) = entry else {
        if old.is_some() {
            forget_deleted(ctx, key, name, id)?;
            *must_record_last = false;
        }
        return Ok(false);
    };
    let Some(pending) = claim.apply(old, own, idle, now) else { return Ok(false) };
    ctx.server.memory.take(PENDING_BYTES)?;
    if claim.just_id {
        write_id(&mut ctx.reply, id);
    } else {
        write_entry(&mut ctx.reply, entry);
    }
    ctx.reply.whole()?;
    let group = group_or(ctx.store.pending_mut(key), name, || no_such_key_or_group(key, name))?;
    group.deliver(id, pending);
    group.consumer_mut(own).active_at = Some(now);
    record_pending(ctx, key, name, &[id])?;
    *must_record_last = false;
    ctx.store.dirty += 1;
    Ok(true)
}

/// Lets a group forget an entry that is in the stream no more.
fn forget_deleted(ctx: &mut Context<'_>, key: &[u8], name: &[u8], id: Id) -> Result<(), Error> {
    record_pending(ctx, key, name, &[id])?;
    let group = group_or(ctx.store.pending_mut(key), name, || no_such_key_or_group(key, name))?;
    group.acknowledge(id);
    ctx.store.dirty += 1;
    Ok(())
}

fn xautoclaim(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(1), args.at(2));
    // As in XCLAIM, and before anything is checked.
    ctx.store.read(key);
    let idle = min_idle(args.at(4), "ERR Invalid min-idle-time argument for XAUTOCLAIM")?;
    let start = End::Start.parse(args.at(5))?;
    let (mut count, mut just_id) = (AUTOCLAIM_COUNT, false);
    let mut cursor = args.cursor(6);
    while !cursor.is_done() {
        if cursor.accept_with("COUNT", 1) {
            let wanted = number::parse_i64(cursor.take()?)
                .filter(|count| (1..=AUTOCLAIM_COUNT_MAX).contains(count))
                .ok_or(Error::Text("ERR COUNT must be > 0"))?;
            count = number::count(wanted).unwrap_or(usize::MAX);
        } else if cursor.accept("JUSTID") {
            just_id = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    group_or(ctx.store.stream_mut(key), name, || no_such_key_or_group(key, name))?;
    ctx.store.effects.suppress();
    let own = consumer_or_new(ctx, key, name, args.at(3))?;
    let claim = Claim { just_id, ..Claim::default() };

    let mark = ctx.reply.mark();
    let (mut claimed, mut deleted) = (0, Vec::new());
    let mut next = Some(start);
    let mut looks = count.saturating_mul(AUTOCLAIM_LOOKS_PER_ENTRY);
    let rest = loop {
        let group = group_or(ctx.store.stream_mut(key), name, || no_such_key_or_group(key, name))?;
        let found = next.and_then(|next| group.pending().range(next..).next()).map(|(&id, _)| id);
        let Some(id) = found.filter(|_| looks > 0 && claimed + deleted.len() < count) else {
            break found.unwrap_or(Id::MIN);
        };
        looks -= 1;
        next = id.next();
        if ctx.store.stream_mut(key)?.is_none_or(|stream| !stream.contains(id)) {
            forget_deleted(ctx, key, name, id)?;
            deleted.push(id);
        } else if claim_one(ctx, (key, name), (id, own), idle, &claim, &mut false)? {
            claimed += 1;
        }
    };
    ctx.reply.wrap_array(mark, claimed);
    ctx.reply.wrap(mark, |reply| {
        reply.array(3);
        write_id(reply, rest);
    });
    ctx.reply.array(deleted.len());
    deleted.into_iter().for_each(|id| write_id(&mut ctx.reply, id));
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(log(N)) per entry with N pending ones",
        flags: flags::WRITE_FAST,
        args: &[key("key"), string("group"), string("id").multiple()],
        reply: "integer",
        handler: xack,
        keys: Some(keys::UPDATE),
        ..Group::Stream.row(
            "XACK",
            "5.0.0",
            "Acknowledges entries of a group and returns how many were pending.",
        )
    },
    Command {
        complexity: "O(log(N)) per entry with N pending ones",
        flags: flags::WRITE_FAST,
        args: &[
            key("key"),
            string("group"),
            string("consumer"),
            string("min-idle-time"),
            string("start"),
            COUNT,
            token("justid", "JUSTID").optional(),
        ],
        reply: "[next: bulk-string, claimed: array, deleted: array of bulk-string]",
        handler: xautoclaim,
        keys: Some(keys::DELETE),
        tips: &["nondeterministic_output"],
        ..Group::Stream.row(
            "XAUTOCLAIM",
            "6.2.0",
            "Gives a consumer what others of its group have not acknowledged for long.",
        )
    },
    Command {
        complexity: "O(log(N)) per entry with N pending ones",
        flags: flags::WRITE_FAST,
        args: &[
            key("key"),
            string("group"),
            string("consumer"),
            string("min-idle-time"),
            string("id").multiple(),
            integer("ms").after("IDLE").optional(),
            unix_time("unix-time-milliseconds").after("TIME").optional(),
            integer("count").after("RETRYCOUNT").optional(),
            token("force", "FORCE").optional(),
            token("justid", "JUSTID").optional(),
            string("lastid").after("LASTID").optional(),
        ],
        reply: "array",
        handler: xclaim,
        keys: Some(keys::UPDATE),
        tips: &["nondeterministic_output"],
        ..Group::Stream.row(
            "XCLAIM",
            "5.0.0",
            "Gives a consumer entries that are pending for others of its group.",
        )
    },
];
