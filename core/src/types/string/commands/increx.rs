//! INCREX: a counter with bounds and a deadline.

use alloc::vec::Vec;

use super::expiry::Expiry;
use super::text_of;
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, double, flags, integer, key, one_of, string, token, unix_time};
use crate::keyspace::{NotifyClass, Value};
use crate::number::{self, LongDouble};
use crate::resp::Reply;
use crate::resp::args::Args;

/// What a request asks for; numbers are text until it is known of which kind they are.
struct Request<'a> {
    by: Option<&'a [u8]>,
    is_float: bool,
    least: Option<&'a [u8]>,
    most: Option<&'a [u8]>,
    saturates: bool,
    expiry: Expiry<'a>,
    only_new_deadline: bool,
}

impl<'a> Request<'a> {
    /// Reads the options, of which none may come twice.
    fn parse(args: Args<'a>) -> Result<Request<'a>, Error> {
        let mut request = Request {
            by: None,
            is_float: false,
            least: None,
            most: None,
            saturates: false,
            expiry: Expiry::Unchanged,
            only_new_deadline: false,
        };
        let mut cursor = args.cursor(2);
        while !cursor.is_done() {
            let has_no_expiry = matches!(request.expiry, Expiry::Unchanged);
            if request.by.is_none() && cursor.accept_with("BYINT", 1) {
                request.by = Some(cursor.take()?);
            } else if request.by.is_none() && cursor.accept_with("BYFLOAT", 1) {
                (request.by, request.is_float) = (Some(cursor.take()?), true);
            } else if request.least.is_none() && cursor.accept_with("LBOUND", 1) {
                request.least = Some(cursor.take()?);
            } else if request.most.is_none() && cursor.accept_with("UBOUND", 1) {
                request.most = Some(cursor.take()?);
            } else if !request.saturates && cursor.accept("SATURATE") {
                request.saturates = true;
            } else if has_no_expiry && !request.only_new_deadline && cursor.accept("PERSIST") {
                request.expiry = Expiry::Persist;
            } else if !request.only_new_deadline
                && !matches!(request.expiry, Expiry::Persist)
                && cursor.accept("ENX")
            {
                request.only_new_deadline = true;
            } else if has_no_expiry && let Some(time) = request.expiry.accept_time(&mut cursor)? {
                request.expiry = time;
            } else {
                return Err(Error::Syntax);
            }
        }
        if request.only_new_deadline && !matches!(request.expiry, Expiry::Time(..)) {
            return Err(Error::Text("ERR ENX flag requires an expiration"));
        }
        Ok(request)
    }

    /// The increment and the bounds, each read by `read`.
    fn numbers<T: Copy>(
        &self,
        one: T,
        read: fn(&[u8], &str) -> Result<T, Error>,
    ) -> Result<(T, Option<T>, Option<T>), Error> {
        Ok((
            self.by.map_or(Ok(one), |text| read(text, "Increment"))?,
            self.least.map(|text| read(text, "LBOUND")).transpose()?,
            self.most.map(|text| read(text, "UBOUND")).transpose()?,
        ))
    }
}

const CROSSED: Error = Error::Text("ERR LBOUND can't be greater than UBOUND");

/// The sum and what was really added; no sum when it would lie outside.
struct Outcome<T> {
    old: T,
    sum: Option<T>,
}

fn read_integer(text: &[u8], what: &str) -> Result<i64, Error> {
    number::parse_i64(text)
        .ok_or_else(|| Error::Owned(alloc::format!("ERR {what} is not an integer or out of range")))
}

fn read_float(text: &[u8], what: &str) -> Result<LongDouble, Error> {
    LongDouble::parse(text).ok_or_else(|| Error::Owned(alloc::format!("ERR {what} is not a valid float")))
}

/// The old and the new integer; outside of 64 bits is outside of the bounds.
#[expect(clippy::cast_possible_truncation, reason = "the sum is within bounds of 64 bits")]
fn add_integers(request: &Request<'_>, text: Option<Vec<u8>>) -> Result<Outcome<i64>, Error> {
    let (by, least, most) = request.numbers(1, read_integer)?;
    let (least, most) = (least.unwrap_or(i64::MIN), most.unwrap_or(i64::MAX));
    let old = text.map_or(Ok(0), |text| number::parse_i64(&text).ok_or(Error::NotInteger))?;
    let sum = i128::from(old) + i128::from(by);
    let bounded = sum.clamp(least.into(), most.into());
    let is_kept = bounded == sum || request.saturates;
    Ok(Outcome { old, sum: is_kept.then_some(bounded as i64) })
}

fn add_floats(request: &Request<'_>, text: Option<Vec<u8>>) -> Result<Outcome<LongDouble>, Error> {
    let (by, least, most) = request.numbers(LongDouble::from(1), read_float)?;
    let old = text.map_or(Ok(LongDouble::from(0)), |text| LongDouble::parse(&text).ok_or(Error::NotFloat))?;
    if old.is_infinite() {
        return Err(Error::Text("ERR value cannot be Infinity"));
    }
    let sum = old + by;
    let bounded = bounded_float(sum, least, most);
    let is_kept = bounded == sum || request.saturates;
    Ok(Outcome { old, sum: is_kept.then_some(bounded) })
}

/// A number brought between two others, of which the first is not greater; the limits of its kind are bounds too.
fn bounded_float(number: LongDouble, least: Option<LongDouble>, most: Option<LongDouble>) -> LongDouble {
    let number = least.filter(|&least| number.is_less(least)).unwrap_or(number);
    let number = most.filter(|&most| most.is_less(number)).unwrap_or(number);
    if !number.is_infinite() {
        return number;
    }
    let greatest = LongDouble::parse(b"1.18973149535723176502e+4932").expect("it is a number");
    if number.is_less(LongDouble::from(0)) { -greatest } else { greatest }
}

/// What can be told to be wrong without looking at the key.
fn check(request: &Request<'_>) -> Result<(), Error> {
    if !request.is_float {
        let (_, least, most) = request.numbers(1, read_integer)?;
        return if least.zip(most).is_some_and(|(least, most)| least > most) { Err(CROSSED) } else { Ok(()) };
    }
    let (by, least, most) = request.numbers(LongDouble::from(1), read_float)?;
    if by.is_infinite() {
        return Err(Error::Text("ERR BYFLOAT increment cannot be Infinity"));
    }
    if least.zip(most).is_some_and(|(least, most)| most.is_less(least)) { Err(CROSSED) } else { Ok(()) }
}

fn increx(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let request = Request::parse(args)?;
    check(&request)?;
    let deadline = request.expiry.deadline(ctx)?;
    let text = ctx.store.look(key).map(|entry| text_of(entry.value())).transpose()?;
    ctx.reply.array(2);
    let mut new = Vec::new();
    if request.is_float {
        let Outcome { old, sum } = add_floats(&request, text)?;
        reply_float(&mut ctx.reply, sum.unwrap_or(old));
        reply_float(&mut ctx.reply, sum.map_or(LongDouble::from(0), |sum| sum + -old));
        let Some(sum) = sum else { return Ok(Flow::Done) };
        sum.write_human(&mut new);
    } else {
        let Outcome { old, sum } = add_integers(&request, text)?;
        ctx.reply.int(sum.unwrap_or(old));
        ctx.reply.int(sum.map_or(0, |sum| sum.wrapping_sub(old)));
        let Some(sum) = sum else { return Ok(Flow::Done) };
        number::write_i64(&mut new, sum);
    }
    store(ctx, key, &new, &request, deadline);
    Ok(Flow::Done)
}

fn reply_float(reply: &mut Reply<'_>, number: LongDouble) {
    let mut text = Vec::new();
    number.write_human(&mut text);
    reply.double_text(&text);
}

/// Stores the new number, sets, keeps or clears the deadline, and tells of both.
fn store(ctx: &mut Context<'_>, key: &[u8], text: &[u8], request: &Request<'_>, deadline: Option<u64>) {
    let old_deadline = ctx.store.peek(key).and_then(|entry| entry.deadline());
    let deadline = deadline.filter(|_| !request.only_new_deadline || old_deadline.is_none());
    if deadline.is_some_and(|at| at <= ctx.store.now) {
        if ctx.store.remove(key) {
            ctx.store.changed(key, NotifyClass::Generic, "del");
            ctx.rewrite(&[b"DEL", key]);
        }
        return;
    }
    let persists = matches!(request.expiry, Expiry::Persist) && old_deadline.is_some();
    let kept = if persists { None } else { deadline.or(old_deadline) };
    if request.is_float {
        // The text stays a text even where it could be stored as an integer, as with INCRBYFLOAT.
        match ctx.store.write(key) {
            Some(entry) => entry.set_bytes(text),
            None => ctx.store.put(key, Value::Bytes(text.to_vec()), None),
        }
        if kept != old_deadline {
            ctx.store.set_deadline(key, kept);
        }
        ctx.store.changed(key, NotifyClass::String, "incrbyfloat");
    } else {
        ctx.store.put_string(key, text, kept, false);
        ctx.store.changed(key, NotifyClass::String, "incrby");
    }
    if let Some(at) = deadline {
        ctx.store.notify(NotifyClass::Generic, "expire", key);
        let mut time = Vec::new();
        number::write_u64(&mut time, at);
        ctx.rewrite(&[b"SET", key, text, b"PXAT", &time]);
    } else if persists {
        ctx.store.notify(NotifyClass::Generic, "persist", key);
        ctx.rewrite(&[b"SET", key, text]);
    } else {
        ctx.rewrite(&[b"SET", key, text, b"KEEPTTL"]);
    }
}

pub(super) const ROWS: &[Command] = &[Command {
    flags: flags::GROW_FAST,
    args: &[
        key("key"),
        one_of("increment", &[double("float").after("BYFLOAT"), integer("integer").after("BYINT")])
            .optional(),
        token("saturate", "SATURATE").optional(),
        string("lowerbound").after("LBOUND").optional(),
        string("upperbound").after("UBOUND").optional(),
        one_of(
            "expiration",
            &[
                integer("seconds").after("EX"),
                integer("milliseconds").after("PX"),
                unix_time("unix-time-seconds").after("EXAT"),
                unix_time("unix-time-milliseconds").after("PXAT"),
                token("persist", "PERSIST"),
            ],
        )
        .optional(),
        token("enx", "ENX").optional(),
    ],
    reply: "array of integer | array of double",
    handler: increx,
    ..Group::String.row(
        "INCREX",
        "8.8.0",
        "Adds to the number at a key within bounds, and sets, keeps or clears its deadline.",
    )
}];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::conversation::Conversation;

    #[test]
    fn results_and_deadlines_are_effects() {
        let mut talk = Conversation::new();
        let me = talk.client();
        let mut check = |request: &str, expected: &str, effects: &[&str]| {
            talk.check(me, request, expected);
            assert_eq!(talk.effects(), effects, "{request}");
        };
        check("INCREX k BYINT 7", "*2|:7|:7", &["SET k 7 KEEPTTL"]);
        check("INCREX k UBOUND 7", "*2|:7|:0", &[]);
        check("INCREX k EX 100", "*2|:8|:1", &["SET k 8 PXAT 1700000100000"]);
        check("INCREX k EX 200 ENX", "*2|:9|:1", &["SET k 9 KEEPTTL"]);
        check("INCREX k PERSIST", "*2|:10|:1", &["SET k 10"]);
        check("INCREX k BYFLOAT 0.5", "*2|$4|10.5|$3|0.5", &["SET k 10.5 KEEPTTL"]);
        check("INCREX k BYFLOAT 1 EXAT 1", "*2|$4|11.5|$1|1", &["DEL k"]);
        check("INCREX k EXAT 1", "*2|:1|:1", &[]);
        check("MSETEX 2 a 1 b 2 EX 1", ":1", &["SET a 1 PXAT 1700000001000", "SET b 2 PXAT 1700000001000"]);
        check("DELIFEQ a 1", ":1", &["DEL a"]);
        check("DELEX b IFEQ 1", ":0", &[]);
        check("DELEX b IFNE 1", ":1", &["DEL b"]);
    }

    #[test]
    fn numbers_beyond_the_greatest_are_bounded() {
        let read = |text: &[u8]| LongDouble::parse(text).expect("it is a number");
        let huge = read(b"1e4932");
        let bounded = bounded_float(huge + huge, None, None);
        assert!(!bounded.is_infinite() && huge.is_less(bounded));
        assert!(bounded_float(-huge + -huge, None, None).is_less(-huge));
        let between = |text: &[u8]| bounded_float(read(text), Some(read(b"-1.5")), Some(read(b"2")));
        assert_eq!([between(b"-2"), between(b"0"), between(b"3")], [read(b"-1.5"), read(b"0"), read(b"2")]);
    }
}
