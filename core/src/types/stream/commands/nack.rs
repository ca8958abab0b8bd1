//! Giving entries back to their group without acknowledging them.

use alloc::vec::Vec;

use super::{IDS, claim, group_or, no_such_key_or_group, quoting, strict_id};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, flags, integer, key, keys, one_of, string, token};
use crate::number;
use crate::resp::args::{Args, Cursor};
use crate::types::stream::{Id, PENDING_BYTES, Pending};

/// The count of deliveries of an entry that is not to be delivered again.
const DELIVERIES_MAX: u64 = i64::MAX as u64;

/// What becomes of the count of deliveries.
#[derive(Clone, Copy)]
enum Mode {
    /// The last one does not count.
    Silent,
    /// It counts.
    Fail,
    /// There must be no other.
    Fatal,
}

/// The arguments behind the group.
struct Nack {
    mode: Mode,
    ids: Vec<Id>,
    retries: Option<u64>,
    is_forced: bool,
}

impl Nack {
    fn parse(args: Args<'_>) -> Result<Nack, Error> {
        let mut cursor = args.cursor(3);
        let mode = if cursor.accept("SILENT") {
            Mode::Silent
        } else if cursor.accept("FAIL") {
            Mode::Fail
        } else if cursor.accept("FATAL") {
            Mode::Fatal
        } else {
            return Err(Error::Text("ERR mode must be SILENT, FAIL, or FATAL"));
        };
        if !cursor.accept("IDS") {
            return Err(Error::Text("ERR syntax error, expected IDS keyword"));
        }
        let ids = ids(&mut cursor)?;
        let mut nack = Nack { mode, ids: Vec::new(), retries: None, is_forced: false };
        while !cursor.is_done() {
            if cursor.accept("FORCE") {
                nack.is_forced = true;
            } else if cursor.accept_with("RETRYCOUNT", 1) {
                const NEGATIVE: Error = Error::Text("ERR Invalid RETRYCOUNT value, must be >= 0");
                nack.retries = Some(u64::try_from(cursor.int()?).map_err(|_| NEGATIVE)?);
            } else {
                let word = args.at(cursor.position());
                return Err(quoting(&[b"ERR Unrecognized XNACK option '", word, b"'"]));
            }
        }
        nack.ids = ids.iter().map(|text| strict_id(text, 0)).collect::<Result<_, _>>()?;
        Ok(nack)
    }

    /// How an entry is pending once it was given back, if it is.
    fn apply(&self, old: Option<Pending>) -> Option<Pending> {
        let had = match old {
            Some(old) => Some(old.deliveries),
            None if self.is_forced => None,
            None => return None,
        };
        let deliveries = self.retries.unwrap_or(match self.mode {
            Mode::Silent => had.unwrap_or(0).saturating_sub(1),
            Mode::Fail => had.unwrap_or(0),
            Mode::Fatal => DELIVERIES_MAX,
        });
        // Delivered at the beginning of time, it is the first that others take over.
        Some(Pending { consumer: None, delivered_at: 0, deliveries })
    }
}

fn ids<'a>(cursor: &mut Cursor<'a>) -> Result<Args<'a>, Error> {
    const NOT_POSITIVE: Error = Error::Text("ERR numids must be a positive integer");
    let count = cursor.int().ok().and_then(number::count).filter(|&count| count > 0);
    let count = count.ok_or(NOT_POSITIVE)?;
    cursor.many(count).map_err(|_| Error::Text("ERR number of IDs doesn't match numids"))
}

fn xnack(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (key, name) = (args.at(1), args.at(2));
    group_or(ctx.store.stream_mut(key), name, || no_such_key_or_group(key, name))?;
    let nack = Nack::parse(args)?;
    ctx.store.effects.suppress();
    let mut released = Vec::new();
    ctx.store.streams_seen.unowned = true;
    for &id in &nack.ids {
        if ctx.store.stream_mut(key)?.is_none_or(|stream| !stream.contains(id)) {
            continue;
        }
        let group = group_or(ctx.store.pending_mut(key), name, || no_such_key_or_group(key, name))?;
        if let Some(pending) = nack.apply(group.pending().get(&id).copied()) {
            ctx.server.memory.take(PENDING_BYTES)?;
            group.deliver(id, pending);
            released.push(id);
        }
    }
    claim::record_pending(ctx, key, name, &released)?;
    ctx.store.dirty += released.len() as u64;
    ctx.reply.count(released.len());
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[Command {
    complexity: "O(log(N)) per entry with N pending ones",
    flags: flags::WRITE_FAST,
    args: &[
        key("key"),
        string("group"),
        one_of("mode", &[token("silent", "SILENT"), token("fail", "FAIL"), token("fatal", "FATAL")]),
        IDS,
        integer("count").after("RETRYCOUNT").optional(),
        token("force", "FORCE").optional(),
    ],
    reply: "integer",
    handler: xnack,
    keys: Some(keys::UPDATE),
    ..Group::Stream.row(
        "XNACK",
        "8.8.0",
        "Gives pending entries of a group back, so that others can take them at once.",
    )
}];
