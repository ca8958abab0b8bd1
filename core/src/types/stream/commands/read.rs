//! Reading what is new in streams, at once or as soon as there is something, for oneself or for a group.

use alloc::vec::Vec;

use super::{
    COUNT, at_most, no_such_key_or_group, quoting, record, strict_id, write_entries, write_entry, write_id,
};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Begin, Command, Find, Flags, Group, KeyAt, KeySpec, block, flags, integer, key, string, token,
};
use crate::keyspace::Type;
use crate::number;
use crate::resp::args::Args;
use crate::server::blocking::Block;
use crate::server::connection::OwnedRequest;
use crate::types::stream::{ConsumerRef, ID_CHARS_MAX, Id, PENDING_BYTES, Pending, Stream};

/// The arguments of XREAD and XREADGROUP.
struct Read<'a> {
    count: usize,
    /// The deadline of BLOCK: none at all, or none in time.
    block: Option<Option<u64>>,
    group: Option<(&'a [u8], &'a [u8])>,
    no_ack: bool,
    /// How long an entry must have been pending to be taken over, in milliseconds.
    claim: Option<u64>,
    keys: Args<'a>,
    ids: Args<'a>,
    /// Index of the first of `ids` in the request.
    ids_at: usize,
}

/// Index of the word STREAMS of an XREAD or XREADGROUP: the first that is no other option's value.
fn streams_at(args: Args<'_>, is_group: bool) -> Option<usize> {
    let mut cursor = args.cursor(1);
    while !cursor.is_done() {
        let at = cursor.position();
        if cursor.accept("STREAMS") {
            return Some(at);
        }
        let values = if cursor.accept("BLOCK") || cursor.accept("COUNT") || is_group && cursor.accept("CLAIM")
        {
            1
        } else if cursor.accept("GROUP") {
            2
        } else if cursor.accept("NOACK") {
            0
        } else {
            return None;
        };
        cursor.many(values).ok()?;
    }
    None
}

/// The keys of XREAD.
fn keys_of_xread(args: Args<'_>) -> Vec<KeyAt> {
    keys_of(args, false)
}

/// The keys of XREADGROUP.
fn keys_of_xreadgroup(args: Args<'_>) -> Vec<KeyAt> {
    keys_of(args, true)
}

/// The first half of what follows STREAMS; none of an odd number of arguments, which are refused.
fn keys_of(args: Args<'_>, is_group: bool) -> Vec<KeyAt> {
    let Some(at) = streams_at(args, is_group) else { return Vec::new() };
    let rest = args.len() - at - 1;
    let count = if rest.is_multiple_of(2) { rest / 2 } else { 0 };
    (at + 1..=at + count).map(|at| -> KeyAt { (at, &["RO", "access"]) }).collect()
}

/// From where a stream is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// After this ID.
    After(Id),
    /// What no consumer of the group has got.
    New,
}

impl<'a> Read<'a> {
    fn parse(ctx: &Context<'_>, args: Args<'a>, is_group: bool) -> Result<Read<'a>, Error> {
        let nothing = args.slice(0, 0);
        let mut read = Read {
            count: usize::MAX,
            block: None,
            group: None,
            no_ack: false,
            claim: None,
            keys: nothing,
            ids: nothing,
            ids_at: 0,
        };
        let streams_at = streams_at(args, is_group);
        let mut cursor = args.cursor(1);
        while !cursor.is_done() {
            if cursor.accept_with("BLOCK", 1) {
                read.block = Some(deadline_after(ctx.server.steady, cursor.take()?)?);
            } else if cursor.accept_with("COUNT", 1) {
                read.count = at_most(cursor.int()?.max(0) as u64);
            } else if Some(cursor.position()) == streams_at && cursor.accept_with("STREAMS", 1) {
                let rest = cursor.left();
                if rest % 2 == 1 {
                    return Err(unbalanced(ctx, is_group));
                }
                read.keys = cursor.many(rest / 2)?;
                read.ids_at = cursor.position();
                read.ids = cursor.many(rest / 2)?;
            } else if cursor.accept_with("GROUP", 2) {
                if !is_group {
                    return Err(only_for_groups("GROUP"));
                }
                read.group = Some((cursor.take()?, cursor.take()?));
            } else if cursor.accept("NOACK") {
                if !is_group {
                    return Err(only_for_groups("NOACK"));
                }
                read.no_ack = true;
            } else if is_group && cursor.accept_with("CLAIM", 1) {
                const INVALID: Error = Error::Text("ERR min-idle-time is not an integer or out of range");
                let idle = number::parse_i64(cursor.take()?).ok_or(INVALID)?;
                let idle = u64::try_from(idle)
                    .map_err(|_| Error::Text("ERR min-idle-time must be a positive integer"))?;
                read.claim = Some(idle);
            } else {
                return Err(Error::Syntax);
            }
        }
        if read.ids_at == 0 {
            return Err(Error::Syntax);
        }
        if is_group && read.group.is_none() {
            return Err(Error::Text("ERR Missing GROUP option for XREADGROUP"));
        }
        Ok(read)
    }

    /// The rest of the arguments: from where each stream is read.
    fn resolve(&self, ctx: &mut Context<'_>) -> Result<Vec<From>, Error> {
        let pairs = self.keys.iter().zip(self.ids.iter());
        pairs.map(|(key, id)| self.resolve_one(ctx, key, id)).collect()
    }

    fn resolve_one(&self, ctx: &mut Context<'_>, key: &[u8], id: &[u8]) -> Result<From, Error> {
        if self.group.is_some() && ctx.store.peek(key).is_some() {
            // Redis looks once for the group and once for the entries, and counts both.
            ctx.store.hits += 1;
        }
        let stream = ctx.store.stream(key)?;
        if let Some((group, _)) = self.group
            && stream.is_none_or(|stream| stream.group(group).is_none())
        {
            return Err(quoting(&[
                b"NOGROUP No such key '",
                key,
                b"' or consumer group '",
                group,
                b"' in XREADGROUP with GROUP option",
            ]));
        }
        match (id, self.group.is_some()) {
            (b"$", true) => Err(Error::Text(
                "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this \
                 consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just \
                 return an empty result set.",
            )),
            (b"+", true) => Err(Error::Text(
                "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this \
                 consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just \
                 return an empty result set.",
            )),
            (b">", false) => Err(Error::Text(
                "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> \
                 option.",
            )),
            (b"$", false) => Ok(From::After(stream.map_or(Id::MIN, |stream| stream.last_id))),
            // The last entry itself is read, and where there is none, the next one.
            (b"+", false) => Ok(From::After(stream.map_or(Id::MIN, |stream| {
                stream.newest_id().and_then(Id::previous).unwrap_or(stream.last_id)
            }))),
            (b">", true) => Ok(From::New),
            // Redis keeps "what is new" as the greatest ID.
            (id, true) => strict_id(id, 0).map(|id| if id == Id::MAX { From::New } else { From::After(id) }),
            (id, false) => strict_id(id, 0).map(From::After),
        }
    }
}

fn unbalanced(ctx: &Context<'_>, is_group: bool) -> Error {
    let words = if is_group { "an ID or '>'" } else { "an ID, '+', or '$'" };
    let name = ctx.name();
    Error::Owned(alloc::format!(
        "ERR Unbalanced '{name}' list of streams: for each stream key {words} must be specified."
    ))
}

fn only_for_groups(option: &str) -> Error {
    Error::Owned(alloc::format!(
        "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
    ))
}

/// Reads a timeout in whole milliseconds and gives the deadline in steady microseconds; 0 means none.
fn deadline_after(now: u64, timeout: &[u8]) -> Result<Option<u64>, Error> {
    let millis =
        number::parse_i64(timeout).ok_or(Error::Text("ERR timeout is not an integer or out of range"))?;
    if millis < 0 {
        return Err(Error::Text("ERR timeout is negative"));
    }
    if millis == 0 {
        return Ok(None);
    }
    if (now as i64 / 1000).checked_add(millis).is_none() {
        return Err(Error::Text("ERR timeout is out of range"));
    }
    Ok(Some(now.saturating_add((millis as u64).saturating_mul(1000))))
}

fn xread(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let read = Read::parse(ctx, args, false)?;
    let from = read.resolve(ctx)?;
    let (mark, mut served) = (ctx.reply.mark(), 0);
    for (key, from) in read.keys.iter().zip(&from) {
        let From::After(id) = *from else { continue };
        let Some(stream) = ctx.store.stream(key)? else { continue };
        let (true, Some(start)) = (stream.newest_id().is_some_and(|newest| newest > id), id.next()) else {
            continue;
        };
        served += 1;
        begin_stream(ctx.reply.reborrow(), key);
        write_entries(&mut ctx.reply, stream.range(start..=Id::MAX).take(read.count));
    }
    finish(ctx, &read, &from, args, (mark, served))
}

fn begin_stream(mut reply: crate::resp::Reply<'_>, key: &[u8]) {
    if !reply.is_resp3() {
        reply.array(2);
    }
    reply.bulk(key);
}

/// Ends the reply, or waits for there to be one.
fn finish(
    ctx: &mut Context<'_>,
    read: &Read<'_>,
    from: &[From],
    args: Args<'_>,
    (mark, served): (usize, usize),
) -> Result<Flow, Error> {
    if served > 0 {
        let is_map = ctx.reply.is_resp3();
        ctx.reply.wrap(mark, |reply| if is_map { reply.map(served) } else { reply.array(served) });
        return Ok(Flow::Done);
    }
    let Some(deadline) = read.block else {
        ctx.reply.null_array();
        return Ok(Flow::Done);
    };
    let retry_at = next_claim(ctx, read)?;
    Ok(Flow::wait(Block {
        wakes_on_loss: read.group.is_some(),
        retry_at,
        request: resolved_request(read, from, args),
        ..Block::on_keys(Type::Stream, read.keys, deadline)
    }))
}

/// When the next entry that someone has not acknowledged may be taken over, in steady microseconds.
fn next_claim(ctx: &mut Context<'_>, read: &Read<'_>) -> Result<Option<u64>, Error> {
    let (Some(idle), Some((name, _))) = (read.claim, read.group) else { return Ok(None) };
    // What could have been taken already was there no more.
    let earliest = ctx.clock_millis().saturating_sub(idle).saturating_add(1);
    let mut next = None;
    for key in read.keys.iter() {
        let Some(group) = ctx.store.stream_mut(key)?.and_then(|stream| stream.group_mut(name)) else {
            continue;
        };
        let first = group.by_time().range((earliest, Id::MIN)..).next();
        let due = first.map(|(at, _)| ctx.server.steady_of(at.saturating_add(idle).saturating_mul(1000)));
        next = [next, due].into_iter().flatten().min();
    }
    Ok(next)
}

/// The request with IDs in the place of `$` and `+`, which mean what is the end of a stream now.
fn resolved_request(read: &Read<'_>, from: &[From], args: Args<'_>) -> Option<OwnedRequest> {
    if !read.ids.iter().any(|id| matches!(id, b"$" | b"+")) {
        return None;
    }
    let text = |from: &From| match from {
        From::After(id) => id.text(&mut [0; ID_CHARS_MAX]).to_vec(),
        From::New => b">".to_vec(),
    };
    let ids: Vec<Vec<u8>> = from.iter().map(text).collect();
    let words = args.iter().take(read.ids_at).chain(ids.iter().map(Vec::as_slice));
    Some(OwnedRequest::of(words))
}

fn xreadgroup(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let read = Read::parse(ctx, args, true)?;
    let from = read.resolve(ctx)?;
    let Some((group, consumer)) = read.group else { return Err(Error::Syntax) };
    ctx.store.effects.suppress();
    let (mark, mut served) = (ctx.reply.mark(), 0);
    for (key, from) in read.keys.iter().zip(&from) {
        let share = Share { key, group, count: read.count, no_ack: read.no_ack, claim: read.claim };
        let own = super::claim::consumer_or_new(ctx, key, group, consumer)?;
        let is_served = match *from {
            From::After(id) => {
                share.read_history(ctx, own, id)?;
                true
            }
            From::New => share.read_new(ctx, own)?,
        };
        served += usize::from(is_served);
    }
    finish(ctx, &read, &from, args, (mark, served))
}

/// One stream of an XREADGROUP.
struct Share<'a> {
    key: &'a [u8],
    group: &'a [u8],
    count: usize,
    no_ack: bool,
    claim: Option<u64>,
}

impl Share<'_> {
    fn no_group(&self) -> Error {
        no_such_key_or_group(self.key, self.group)
    }

    /// Gives a consumer again what it has not acknowledged.
    fn read_history(&self, ctx: &mut Context<'_>, own: ConsumerRef, after: Id) -> Result<(), Error> {
        begin_stream(ctx.reply.reborrow(), self.key);
        let now = ctx.clock_millis();
        let stream = ctx.store.pending_mut(self.key)?.ok_or_else(|| self.no_group())?;
        let group = stream.group(self.group).ok_or_else(|| self.no_group())?;
        let pending = group.consumer(own).pending();
        let start = after.next();
        let ids: Vec<Id> =
            start.map_or(Vec::new(), |start| pending.range(start..).take(self.count).copied().collect());
        ctx.reply.array(ids.len());
        let mut delivered = Vec::new();
        for id in ids {
            match stream.get(id) {
                Some(entry) => {
                    write_entry(&mut ctx.reply, entry);
                    delivered.push(id);
                }
                None => {
                    ctx.reply.array(2);
                    write_id(&mut ctx.reply, id);
                    ctx.reply.null_array();
                }
            }
        }
        ctx.reply.whole()?;
        let group = stream.group_mut(self.group).ok_or_else(|| self.no_group())?;
        let mut recorded = Vec::new();
        for id in delivered {
            let deliveries = group.pending().get(&id).map_or(0, |one| one.deliveries).wrapping_add(1);
            group.deliver(id, Pending { consumer: Some(own), delivered_at: now, deliveries });
            recorded.push(id);
        }
        self.record(ctx, &recorded)?;
        ctx.store.dirty += 1;
        Ok(())
    }

    /// Gives a consumer what no consumer got before, and before that what others have had for too long; false
    /// if there is nothing.
    fn read_new(&self, ctx: &mut Context<'_>, own: ConsumerRef) -> Result<bool, Error> {
        let now = ctx.clock_millis();
        let mark = ctx.reply.mark();
        begin_stream(ctx.reply.reborrow(), self.key);
        let list = ctx.reply.mark();
        let claimed = self.claim_idle(ctx, own)?;
        let stream = ctx.store.pending_mut(self.key)?.ok_or_else(|| self.no_group())?;
        let last = stream.group(self.group).ok_or_else(|| self.no_group())?.last_id;
        let has_new = stream.newest_id().is_some_and(|newest| newest > last);
        let mut read: Vec<Id> = Vec::new();
        if let (true, Some(start)) = (has_new, last.next()) {
            for entry in stream.range(start..=Id::MAX).take(self.count - claimed) {
                ctx.server.memory.take(PENDING_BYTES)?;
                read.push(entry.id);
                if self.claim.is_some() {
                    write_claimed(&mut ctx.reply, entry, 0, 0);
                } else {
                    write_entry(&mut ctx.reply, entry);
                }
                if ctx.reply.is_cut() {
                    break;
                }
            }
        }
        if claimed == 0 && !has_new {
            ctx.reply.truncate(mark);
            return Ok(false);
        }
        ctx.reply.wrap_array(list, claimed + read.len());
        ctx.reply.whole()?;
        self.take(stream, own, &read, now);
        if !self.no_ack {
            self.record(ctx, &read)?;
        }
        if !read.is_empty() {
            self.record_progress(ctx)?;
        }
        ctx.store.dirty += 1;
        Ok(true)
    }

    /// Notes in the group that a consumer got these new entries.
    fn take(&self, stream: &mut Stream, own: ConsumerRef, ids: &[Id], now: u64) {
        for &id in ids {
            stream.advance(self.group, id);
        }
        let Some(group) = stream.group_mut(self.group) else { return };
        if self.no_ack || ids.is_empty() {
            return;
        }
        for &id in ids {
            group.deliver(id, Pending { consumer: Some(own), delivered_at: now, deliveries: 1 });
        }
        group.consumer_mut(own).active_at = Some(now);
    }

    /// Takes over entries that were not acknowledged for long, the longest first, and writes them; returns how many.
    fn claim_idle(&self, ctx: &mut Context<'_>, own: ConsumerRef) -> Result<usize, Error> {
        let Some(idle) = self.claim else { return Ok(0) };
        let now = ctx.clock_millis();
        let stream = ctx.store.pending_mut(self.key)?.ok_or_else(|| self.no_group())?;
        let group = stream.group_mut(self.group).ok_or_else(|| self.no_group())?;
        ctx.server.memory.take(group.by_time_bytes())?;
        let due = group.by_time().iter().take_while(|(at, _)| now.saturating_sub(*at) >= idle);
        let due: Vec<(u64, Id)> = due.copied().collect();
        let mut claimed = Vec::new();
        for (at, id) in due {
            if claimed.len() == self.count {
                break;
            }
            let Some(entry) = stream.get(id) else { continue };
            ctx.server.memory.take(PENDING_BYTES)?;
            let group = stream.group(self.group).ok_or_else(|| self.no_group())?;
            let deliveries = group.pending().get(&id).map_or(0, |one| one.deliveries);
            write_claimed(&mut ctx.reply, entry, now.saturating_sub(at), deliveries);
            claimed.push((id, deliveries));
        }
        ctx.reply.whole()?;
        let group = stream.group_mut(self.group).ok_or_else(|| self.no_group())?;
        for &(id, deliveries) in &claimed {
            let deliveries = deliveries.wrapping_add(1);
            group.deliver(id, Pending { consumer: Some(own), delivered_at: now, deliveries });
        }
        if !claimed.is_empty() {
            group.consumer_mut(own).active_at = Some(now);
        }
        let ids: Vec<Id> = claimed.iter().map(|(id, _)| *id).collect();
        self.record(ctx, &ids)?;
        Ok(ids.len())
    }

    fn record(&self, ctx: &mut Context<'_>, ids: &[Id]) -> Result<(), Error> {
        super::claim::record_pending(ctx, self.key, self.group, ids)
    }

    fn record_progress(&self, ctx: &mut Context<'_>) -> Result<(), Error> {
        if !ctx.store.effects.enabled {
            return Ok(());
        }
        if let Some((stream, effects)) = ctx.store.stream_and_effects(self.key)
            && let Some(group) = stream.group(self.group)
        {
            record::progress(effects, self.key, self.group, group);
        }
        Ok(())
    }
}

/// An entry with the time that it was not acknowledged for, and how often it was delivered before.
fn write_claimed(
    reply: &mut crate::resp::Reply<'_>,
    entry: crate::types::stream::Entry<'_>,
    idle: u64,
    deliveries: u64,
) {
    reply.array(4);
    write_id(reply, entry.id);
    reply.array(2 * entry.fields.len());
    for (name, value) in entry.fields {
        reply.item(name);
        reply.item(value);
    }
    reply.int(idle as i64);
    reply.int(deliveries as i64);
}

const BLOCK: Arg = integer("milliseconds").after("BLOCK").optional();

/// Keys between STREAMS and as many IDs of entries, searched from this index.
const fn stream_keys(from: i32) -> KeySpec {
    KeySpec {
        flags: &["RO", "access"],
        begin: Begin::Keyword("STREAMS", from),
        find: Find::Range { last: -1, step: 1, limit: 2 },
        notes: "",
    }
}

const STREAMS: Arg = block("streams", &[key("key").multiple(), string("id").multiple()]).after("STREAMS");

pub(super) const ROWS: &[Command] = &[
Command {
complexity: "O(log(N)+M) per stream with N entries and M of them returned",
flags: flags::READ.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS),
args: &[COUNT, BLOCK, STREAMS],
reply: "map of bulk-string to array | null",
handler: xread,
keys: Some(&[stream_keys(1)]),
keys_of: Some(keys_of_xread),
arity: Some(-4),
..Group::Stream.row("XREAD", "5.0.0", "Returns the entries of streams after given ones, and waits for some if asked to.")
},
Command {
complexity: "O(log(N)+M) per stream with N entries and M of them returned",
flags: flags::WAIT.and(Flags::MOVABLEKEYS),
args: &[
            block("group-block", &[string("group"), string("consumer")]).after("GROUP"),
            COUNT,
            BLOCK,
            integer("min-idle-time").after("CLAIM").optional(),
            token("noack", "NOACK").optional(),
            STREAMS,
        ],
reply: "map of bulk-string to array | null",
handler: xreadgroup,
keys: Some(&[stream_keys(4)]),
keys_of: Some(keys_of_xreadgroup),
arity: Some(-7),
..Group::Stream.row("XREADGROUP", "5.0.0", "Returns entries that no consumer of a group got before, or those of one that it has not acknowledged.")
},
];
