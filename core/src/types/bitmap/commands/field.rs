//! BITFIELD and BITFIELD_RO.

use alloc::vec::Vec;
use core::ops::Range;

use super::{FROM, bytes_at, grow, position, string_at};
use crate::base::error::{Error, until_zero};
use crate::command::context::{Context, Flow};
use crate::command::{Arg, Command, Group, KeyAt, KeySpec, block, flags, integer, key, one_of, token};
use crate::keyspace::NotifyClass;
use crate::resp::args::{Args, Cursor};
use crate::structures::INTEGER_TEXT_BYTES_MAX;
use crate::types::bitmap::byte_of;
use crate::types::bitmap::field::{Overflow, Width};

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64, Overflow),
    Add(i64, Overflow),
}

/// One of the operations of a request.
#[derive(Clone, Copy)]
struct Operation {
    width: Width,
    position: u64,
    action: Action,
}

impl Operation {
    fn parse(ctx: &Context<'_>, cursor: &mut Cursor<'_>, overflow: Overflow) -> Result<Operation, Error> {
        let action: fn(i64, Overflow) -> Action = if cursor.accept_with("GET", 2) {
            |_, _| Action::Get
        } else if cursor.accept_with("SET", 3) {
            Action::Set
        } else if cursor.accept_with("INCRBY", 3) {
            Action::Add
        } else {
            return Err(Error::Syntax);
        };
        let width = Width::parse(until_zero(cursor.take()?, usize::MAX)).ok_or(Error::Text(
            "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
        ))?;
        let position = position(ctx, cursor.take()?, Some(width))?;
        let value = if matches!(action(0, overflow), Action::Get) { 0 } else { cursor.int()? };
        Ok(Operation { width, position, action: action(value, overflow) })
    }

    fn writes(&self) -> bool {
        !matches!(self.action, Action::Get)
    }

    /// The bytes that it may change.
    fn bytes(&self) -> Range<usize> {
        if self.writes() { byte_of(self.position)..self.end() } else { 0..0 }
    }

    /// How many bytes a string has that holds the field.
    fn end(&self) -> usize {
        byte_of(self.position + u64::from(self.width.bits) - 1) + 1
    }

    /// Does it; returns the reply, and whether anything is other than before.
    fn run(&self, bytes: &mut [u8]) -> (Option<i64>, bool) {
        let old = self.width.read(bytes, self.position);
        let (new, replies_old) = match self.action {
            Action::Get => return (Some(old), false),
            Action::Set(value, overflow) => (self.width.fit(self.width.given(value), overflow), true),
            Action::Add(by, overflow) => (self.width.fit(i128::from(old) + i128::from(by), overflow), false),
        };
        let Some(new) = new else { return (None, false) };
        self.width.write(bytes, self.position, new);
        (Some(if replies_old { old } else { new }), old != new)
    }
}

/// The key of BITFIELD, which is only read when all that is asked for is GET.
fn keys_of_bitfield(args: Args<'_>) -> Vec<KeyAt> {
    let mut cursor = args.cursor(2);
    while cursor.accept_with("GET", 2) || cursor.accept_with("OVERFLOW", 1) {
        let values = if args.is(cursor.position() - 1, "GET") { 2 } else { 1 };
        if cursor.many(values).is_err() {
            break;
        }
    }
    let flags: &[_] = if cursor.is_done() { &["RO", "access"] } else { &["RW", "access", "update"] };
    alloc::vec![(1, flags)]
}

fn parse(ctx: &Context<'_>, args: Args<'_>) -> Result<Vec<Operation>, Error> {
    let mut cursor = args.cursor(2);
    let (mut operations, mut overflow) = (Vec::new(), Overflow::Wrap);
    while !cursor.is_done() {
        if !cursor.accept_with("OVERFLOW", 1) {
            operations.push(Operation::parse(ctx, &mut cursor, overflow)?);
            continue;
        }
        overflow = if cursor.accept("WRAP") {
            Overflow::Wrap
        } else if cursor.accept("SAT") {
            Overflow::Saturate
        } else if cursor.accept("FAIL") {
            Overflow::Fail
        } else {
            return Err(Error::Text("ERR Invalid OVERFLOW type specified"));
        };
    }
    Ok(operations)
}

fn bitfield(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let operations = parse(ctx, args)?;
    let Some(len) = operations.iter().filter(|one| one.writes()).map(Operation::end).max() else {
        return reply_fields(ctx, args.at(1), &operations);
    };
    let key = args.at(1);
    let has_grown = grow(ctx, key, len)?;
    ctx.reply.array(operations.len());
    let mut changes = 0;
    for operation in &operations {
        let (reply, differs) = operation.run(bytes_at(ctx, key, operation.bytes()));
        changes += u64::from(operation.writes() && reply.is_some() && (has_grown || differs));
        match reply {
            Some(number) => ctx.reply.int(number),
            None => ctx.reply.null(),
        }
    }
    if changes > 0 {
        ctx.store.changed(key, NotifyClass::String, "setbit");
    } else if has_grown {
        // No client is told of zeros that a failed operation leaves, but a replay must have them.
        ctx.store.dirty += 1;
    }
    Ok(Flow::Done)
}

fn bitfield_ro(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let operations = parse(ctx, args)?;
    if operations.iter().any(Operation::writes) {
        return Err(Error::Text("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    reply_fields(ctx, args.at(1), &operations)
}

fn reply_fields(ctx: &mut Context<'_>, key: &[u8], operations: &[Operation]) -> Result<Flow, Error> {
    let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
    let bytes = string_at(ctx.store, key, &mut scratch)?.unwrap_or_default();
    ctx.reply.array(operations.len());
    for Operation { width, position, .. } in operations {
        ctx.reply.int(width.read(bytes, *position));
    }
    Ok(Flow::Done)
}

const WRITE: Arg = one_of(
    "write-operation",
    &[
        block("set-block", &[FROM[0], FROM[1], integer("value")]).after("SET"),
        block("incrby-block", &[FROM[0], FROM[1], integer("increment")]).after("INCRBY"),
    ],
);
const GET: Arg = block("get-block", &FROM).after("GET");
const OVERFLOW: Arg =
    one_of("overflow-block", &[token("wrap", "WRAP"), token("sat", "SAT"), token("fail", "FAIL")])
        .after("OVERFLOW")
        .optional();

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(1) for each operation",
        flags: flags::GROW,
        args: &[
            key("key"),
            one_of("operation", &[GET, block("write", &[OVERFLOW, WRITE])]).multiple().optional(),
        ],
        reply: "array of integer or null",
        handler: bitfield,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "access", "update", "variable_flags"])
            .noting("It writes only with SET or INCRBY.")]),
        keys_of: Some(keys_of_bitfield),
        ..Group::Bitmap.row(
            "BITFIELD",
            "3.2.0",
            "Reads, sets and increments integers of any width in a string.",
        )
    },
    Command {
        complexity: "O(1) for each operation",
        flags: flags::READ_FAST,
        args: &[key("key"), block("get-block", &FROM).after("GET").multiple_with_token().optional()],
        reply: "array of integer",
        handler: bitfield_ro,
        ..Group::Bitmap.row("BITFIELD_RO", "6.0.0", "Reads integers of any width in a string.")
    },
];
