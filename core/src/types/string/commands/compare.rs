//! Commands that depend on what a string is: the conditions of SET and DELEX, DELIFEQ, DIGEST.

use alloc::vec::Vec;

use super::digest::xxh3;
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, KeyAt, KeySpec, flags, key, keys, one_of, string};
use crate::keyspace::{NotifyClass, Store, ValueRef};
use crate::number;
use crate::resp::args::{Args, Cursor};
use crate::structures::INTEGER_TEXT_BYTES_MAX;

/// Characters of a digest.
const DIGEST_CHARS: usize = 16;

/// A condition on a string: the words of [`Condition::WORDS`] by their index, with what to compare with.
#[derive(Clone, Copy)]
pub(super) struct Condition<'a> {
    kind: usize,
    operand: &'a [u8],
}

impl<'a> Condition<'a> {
    /// The words with whether they compare digests, and whether the two must be equal.
    const WORDS: [(&'static str, bool, bool); 4] =
        [("IFEQ", false, true), ("IFNE", false, false), ("IFDEQ", true, true), ("IFDNE", true, false)];

    /// Reads a condition; after another one only the same word may come again.
    pub(super) fn accept(cursor: &mut Cursor<'a>, before: Option<Condition<'_>>) -> Option<Condition<'a>> {
        for (kind, (word, ..)) in Condition::WORDS.iter().enumerate() {
            if before.is_none_or(|before| before.kind == kind) && cursor.accept_with(word, 1) {
                return Some(Condition { kind, operand: cursor.take().ok()? });
            }
        }
        None
    }

    /// Whether it holds for the string at a key; none is not equal to anything. The digest is looked at last.
    pub(super) fn holds(self, store: &mut Store, key: &[u8]) -> Result<bool, Error> {
        let (_, by_digest, wants_equal) = Condition::WORDS[self.kind];
        let Some(entry) = store.look(key) else { return Ok(!wants_equal) };
        let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
        let bytes = bytes_of(entry.value(), &mut scratch)?;
        let is_equal =
            if by_digest { xxh3(bytes) == read_digest(self.operand)? } else { bytes == self.operand };
        Ok(is_equal == wants_equal)
    }
}

fn bytes_of<'a>(
    value: ValueRef<'a>,
    scratch: &'a mut [u8; INTEGER_TEXT_BYTES_MAX],
) -> Result<&'a [u8], Error> {
    match value {
        ValueRef::Bytes(bytes) => Ok(bytes),
        ValueRef::Int(number) => Ok(number::format_i64(scratch, number)),
        _ => Err(Error::WrongType),
    }
}

fn read_digest(text: &[u8]) -> Result<u64, Error> {
    let is_digest = text.len() == DIGEST_CHARS && text.iter().all(u8::is_ascii_hexdigit);
    let digest = core::str::from_utf8(text).ok().filter(|_| is_digest);
    digest
        .and_then(|text| u64::from_str_radix(text, 16).ok())
        .ok_or(Error::Text("ERR must be exactly 16 hexadecimal characters"))
}

/// The key of DELEX, which is only looked at with a condition.
fn keys_of_delex(args: Args<'_>) -> Vec<KeyAt> {
    let flags: &[_] = if args.len() > 2 { &["RW", "delete"] } else { &["RM", "delete"] };
    alloc::vec![(1, flags)]
}

fn delex(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let key = args.at(1);
    let deletes = match args.len() {
        2 => true,
        4 => {
            // Only a string can be compared, and a missing one need not be.
            let is_there = match ctx.store.look(key).map(|entry| entry.value()) {
                None => false,
                Some(ValueRef::Bytes(_) | ValueRef::Int(_)) => true,
                Some(_) => {
                    const NO_STRING: &str = "ERR Key should be of string type if conditions are specified";
                    return Err(Error::Text(NO_STRING));
                }
            };
            is_there && {
                let condition = Condition::accept(&mut args.cursor(2), None);
                let condition =
                    condition.ok_or(Error::Text("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"))?;
                condition.holds(ctx.store, key)?
            }
        }
        _ => return Err(Error::Arity(ctx.name())),
    };
    delete(ctx, key, deletes);
    Ok(Flow::Done)
}

fn delifeq(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let condition = Condition { kind: 0, operand: args.at(2) };
    let deletes = condition.holds(ctx.store, args.at(1))?;
    delete(ctx, args.at(1), deletes);
    Ok(Flow::Done)
}

/// Deletes a key, if that is wanted, and replies how many there were.
fn delete(ctx: &mut Context<'_>, key: &[u8], is_wanted: bool) {
    let is_deleted = is_wanted && ctx.store.remove(key);
    if is_deleted {
        ctx.store.changed(key, NotifyClass::Generic, "del");
        ctx.rewrite(&[b"DEL", key]);
    }
    ctx.reply.flag(is_deleted);
}

fn digest(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut scratch = [0; INTEGER_TEXT_BYTES_MAX];
    match ctx.store.read(args.at(1)) {
        None => ctx.reply.null(),
        Some(entry) => {
            let hash = xxh3(bytes_of(entry.value(), &mut scratch)?);
            ctx.reply.text(&alloc::format!("{hash:016x}"));
        }
    }
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(1); O(N) in the length of the string for digests",
        flags: flags::WRITE_FAST,
        args: &[
            key("key"),
            one_of(
                "condition",
                &[
                    string("ifeq-value").after("IFEQ"),
                    string("ifne-value").after("IFNE"),
                    string("ifdeq-digest").after("IFDEQ"),
                    string("ifdne-digest").after("IFDNE"),
                ],
            )
            .optional(),
        ],
        reply: "integer",
        handler: delex,
        keys: Some(&[KeySpec::range(1, 0, &["RW", "delete", "variable_flags"])]),
        keys_of: Some(keys_of_delex),
        ..Group::String.row(
            "DELEX",
            "8.4.0",
            "Deletes a key, perhaps only if its string, or the digest of that, is or is not a given one.",
        )
    },
    Command {
        flags: flags::WRITE_FAST,
        args: &[key("key"), string("value")],
        reply: "integer",
        handler: delifeq,
        keys: Some(keys::TAKE),
        ..Group::String.row("DELIFEQ", "9.0.0", "Deletes a key if it holds a given string.")
    },
    Command {
        complexity: "O(N) in the length of the string",
        flags: flags::READ_FAST,
        args: &[key("key")],
        reply: "bulk-string | null",
        handler: digest,
        ..Group::String.row("DIGEST", "8.4.0", "Returns the XXH3 hash of a string in hexadecimal.")
    },
];
