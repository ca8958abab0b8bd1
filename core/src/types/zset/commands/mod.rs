//! The commands of sorted sets, by subject.

mod combine;
mod members;
mod pop;
mod range;
mod visit;

#[cfg(test)]
mod tests;

pub(in crate::types) use members::{Conditions, add_members, reply_of_scores};

use crate::base::error::Error;
use crate::command::context::Context;
use crate::command::{Arg, Command, token};
use crate::keyspace::{NotifyClass, Value};
use crate::number;
use crate::resp::Reply;
use crate::structures::Item;
use crate::types::zset::{LexRange, ScoreRange, Zset};

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] = &[combine::ROWS, members::ROWS, pop::ROWS, range::ROWS, visit::ROWS];

/// Writes members, perhaps with scores: one flat array in RESP2, an array of pairs in RESP3.
fn write_members<'a>(
    reply: &mut Reply<'_>,
    members: impl ExactSizeIterator<Item = (Item<'a>, f64)>,
    with_scores: bool,
) {
    write_head(reply, members.len(), with_scores);
    for (member, score) in members {
        write_member(reply, member, score, with_scores);
    }
}

fn write_head(reply: &mut Reply<'_>, len: usize, with_scores: bool) {
    reply.array(if with_scores && !reply.is_resp3() { len.saturating_mul(2) } else { len });
}

#[inline]
fn write_member(reply: &mut Reply<'_>, member: Item<'_>, score: f64, with_scores: bool) {
    if with_scores && reply.is_resp3() {
        reply.array(2);
    }
    reply.item(member);
    if with_scores {
        reply.double(score);
    }
}

/// Puts a result in the place of whatever `key` held, or deletes the key when there is none; replies how many
/// members the result has.
pub(in crate::types) fn store_result(ctx: &mut Context<'_>, key: &[u8], result: Zset, event: &'static str) {
    ctx.reply.count(result.len());
    if !result.is_empty() {
        ctx.store.put(key, Value::Zset(result.into()), None);
        ctx.store.changed(key, NotifyClass::Zset, event);
    } else if ctx.store.remove(key) {
        ctx.store.changed(key, NotifyClass::Generic, "del");
    }
}

fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, Error> {
    ScoreRange::parse(min, max).ok_or(Error::Text("ERR min or max is not a float"))
}

fn lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, Error> {
    LexRange::parse(min, max).ok_or(Error::Text("ERR min or max not valid string range item"))
}

/// A number of at least `min`; `error` is for whatever else the text is.
fn at_least(min: i64, text: &[u8], error: &'static str) -> Result<u64, Error> {
    number::parse_i64(text).filter(|&number| number >= min).map(i64::unsigned_abs).ok_or(Error::Text(error))
}

const WITH_SCORES: Arg = token("withscores", "WITHSCORES").optional();
