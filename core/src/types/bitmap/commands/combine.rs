//! BITOP: bitwise operations on whole strings, the shorter ones with zeros behind them.

use alloc::vec::Vec;

use crate::base::error::Error;
use crate::base::memory::Memory;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, KeySpec, access, flags, key, one_of, token};
use crate::keyspace::{Entry, NotifyClass, Store, Type, Value, ValueRef};
use crate::number;
use crate::resp::args::Args;
use crate::structures::INTEGER_TEXT_BYTES_MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
    /// The bits of the first that are in none of the others.
    Diff,
    /// The bits of the others that are not in the first.
    Diff1,
    /// The bits of the first that are in at least one of the others.
    AndOr,
    /// The bits that exactly one has.
    One,
}

impl Operation {
    const NAMES: [(&'static str, Operation); 8] = [
        ("AND", Operation::And),
        ("OR", Operation::Or),
        ("XOR", Operation::Xor),
        ("NOT", Operation::Not),
        ("DIFF", Operation::Diff),
        ("DIFF1", Operation::Diff1),
        ("ANDOR", Operation::AndOr),
        ("ONE", Operation::One),
    ];

    /// The operation of a word, for so many source keys.
    fn parse(word: &[u8], keys: usize) -> Result<Operation, Error> {
        let found = Operation::NAMES.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        let (name, operation) = found.ok_or(Error::Syntax)?;
        match operation {
            Operation::Not if keys != 1 => {
                Err(Error::Text("ERR BITOP NOT must be called with a single source key."))
            }
            Operation::Diff | Operation::Diff1 | Operation::AndOr if keys < 2 => Err(Error::Owned(
                alloc::format!("ERR BITOP {name} must be called with at least two source keys."),
            )),
            _ => Ok(operation),
        }
    }

    /// The result; `None` when there is no memory for it.
    fn run(self, sources: &[Source<'_>], len: usize, memory: &Memory) -> Option<Vec<u8>> {
        let (first, others) = sources.split_first()?;
        match self {
            Operation::And => {
                let mut result = first.padded(len, memory)?;
                for other in others {
                    let other = other.bytes();
                    merge(&mut result, other, |own, other| own & other);
                    result[other.len()..].fill(0);
                }
                Some(result)
            }
            Operation::Or => union(sources, len, memory),
            Operation::Xor => {
                let mut result = first.padded(len, memory)?;
                for other in others {
                    merge(&mut result, other.bytes(), |own, other| own ^ other);
                }
                Some(result)
            }
            Operation::Not => {
                let mut result = first.padded(len, memory)?;
                result.iter_mut().for_each(|byte| *byte = !*byte);
                Some(result)
            }
            Operation::Diff => combine_with(first, others, len, memory, |first, others| first & !others),
            Operation::Diff1 => combine_with(first, others, len, memory, |first, others| others & !first),
            Operation::AndOr => combine_with(first, others, len, memory, |first, others| first & others),
            Operation::One => {
                let mut seen = first.padded(len, memory)?;
                let mut again = zeros(len, memory)?;
                for other in others {
                    let both = seen.iter_mut().zip(&mut again).zip(other.bytes());
                    for ((seen, again), other) in both {
                        *again |= *seen & other;
                        *seen |= other;
                    }
                }
                merge(&mut seen, &again, |seen, again| seen & !again);
                Some(seen)
            }
        }
    }
}

/// What stands at a source key.
enum Source<'a> {
    Bytes(&'a [u8]),
    Text([u8; INTEGER_TEXT_BYTES_MAX], usize),
}

impl<'a> Source<'a> {
    fn at(store: &'a Store, key: &[u8]) -> Source<'a> {
        match store.view(key).map(Entry::value) {
            Some(ValueRef::Bytes(bytes)) => Source::Bytes(bytes),
            Some(ValueRef::Int(number)) => {
                let (mut text, mut scratch) = ([0; INTEGER_TEXT_BYTES_MAX], [0; INTEGER_TEXT_BYTES_MAX]);
                let written = number::format_i64(&mut scratch, number);
                text[..written.len()].copy_from_slice(written);
                Source::Text(text, written.len())
            }
            _ => Source::Bytes(&[]),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Source::Bytes(bytes) => bytes,
            Source::Text(text, len) => &text[..*len],
        }
    }

    /// A copy with zeros behind it.
    fn padded(&self, len: usize, memory: &Memory) -> Option<Vec<u8>> {
        let mut copy = Vec::new();
        if !memory.reserve(&mut copy, len) {
            return None;
        }
        copy.extend_from_slice(self.bytes());
        copy.resize(len, 0);
        Some(copy)
    }
}

fn zeros(len: usize, memory: &Memory) -> Option<Vec<u8>> {
    Source::Bytes(&[]).padded(len, memory)
}

fn union(sources: &[Source<'_>], len: usize, memory: &Memory) -> Option<Vec<u8>> {
    let mut result = zeros(len, memory)?;
    for source in sources {
        merge(&mut result, source.bytes(), |own, other| own | other);
    }
    Some(result)
}

/// The first source against all the others together.
fn combine_with(
    first: &Source<'_>,
    others: &[Source<'_>],
    len: usize,
    memory: &Memory,
    combine: impl Fn(u8, u8) -> u8,
) -> Option<Vec<u8>> {
    let mut result = union(others, len, memory)?;
    let first = first.bytes();
    merge(&mut result, first, |others, first| combine(first, others));
    result[first.len()..].iter_mut().for_each(|others| *others = combine(0, *others));
    Some(result)
}

/// Simple loops over bytes are what the compiler makes vectors of.
fn merge(result: &mut [u8], other: &[u8], combine: impl Fn(u8, u8) -> u8) {
    for (own, other) in result.iter_mut().zip(other) {
        *own = combine(*own, *other);
    }
}

fn bitop(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let (destination, keys) = (args.at(2), args.from(3));
    let operation = Operation::parse(args.at(1), keys.len())?;
    for key in keys.iter() {
        if ctx.store.read(key).is_some_and(|entry| entry.type_of() != Type::String) {
            return Err(Error::WrongType);
        }
    }
    let sources: Vec<Source<'_>> = keys.iter().map(|key| Source::at(ctx.store, key)).collect();
    let len = sources.iter().map(|source| source.bytes().len()).max().unwrap_or(0);
    let result = operation.run(&sources, len, &ctx.server.memory).ok_or(Error::OutOfMemory)?;
    if len > 0 {
        ctx.store.put(destination, Value::Bytes(result), None);
        // A string that was computed has the encoding of one that was changed.
        ctx.store.write(destination).and_then(Entry::bytes_mut);
        ctx.store.changed(destination, NotifyClass::String, "set");
    } else if ctx.store.remove(destination) {
        ctx.store.changed(destination, NotifyClass::Generic, "del");
    }
    ctx.reply.count(len);
    Ok(Flow::Done)
}

pub(super) const ROWS: &[Command] = &[Command {
    complexity: "O(N) in the length of the longest string",
    flags: flags::GROW,
    args: &[
        one_of(
            "operation",
            &[
                token("and", "AND"),
                token("or", "OR"),
                token("xor", "XOR"),
                token("not", "NOT"),
                token("diff", "DIFF"),
                token("diff1", "DIFF1"),
                token("andor", "ANDOR"),
                token("one", "ONE"),
            ],
        ),
        key("destkey"),
        key("key").multiple(),
    ],
    reply: "integer",
    handler: bitop,
    keys: Some(&[KeySpec::range(2, 0, access::OVERWRITE), KeySpec::range(3, -1, access::READ)]),
    arity: Some(-4),
    ..Group::Bitmap.row("BITOP", "2.6.0", "Combines the bits of several strings and stores the result.")
}];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    fn expected(operation: Operation, bits: &[bool]) -> bool {
        let others = bits[1..].iter().any(|bit| *bit);
        match operation {
            Operation::And => bits.iter().all(|bit| *bit),
            Operation::Or => bits.contains(&true),
            Operation::Xor => bits.iter().filter(|bit| **bit).count() % 2 == 1,
            Operation::Not => !bits[0],
            Operation::Diff => bits[0] && !others,
            Operation::Diff1 => !bits[0] && others,
            Operation::AndOr => bits[0] && others,
            Operation::One => bits.iter().filter(|bit| **bit).count() == 1,
        }
    }

    #[test]
    fn operations_agree_with_their_meaning_bit_by_bit() {
        let mut random = Random::new([9; 16]);
        for _ in 0..400 {
            let count = random.below(4) as usize + 2;
            let strings: Vec<Vec<u8>> = (0..count)
                .map(|_| (0..random.below(30)).map(|_| random.next_u64() as u8).collect())
                .collect();
            let len = strings.iter().map(Vec::len).max().expect("there are some");
            for (name, operation) in Operation::NAMES {
                let sources: Vec<_> = strings.iter().map(|bytes| Source::Bytes(bytes)).collect();
                let result = operation.run(&sources, len, &Memory::UNKNOWN).expect("there is memory");
                assert_eq!(result.len(), len);
                for at in 0..len as u64 * 8 {
                    let bits: Vec<bool> =
                        strings.iter().map(|bytes| crate::types::bitmap::bit(bytes, at)).collect();
                    let found = crate::types::bitmap::bit(&result, at);
                    assert_eq!(found, expected(operation, &bits), "{name} of {bits:?}");
                }
            }
        }
    }
}
