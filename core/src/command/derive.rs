//! What follows from a row: its ACL categories and where its keys are.

use alloc::vec::Vec;

use super::{Arg, ArgKind, Begin, Command, Find, Flags, Group, KeySpec};
use crate::number::{self, parse_i64};
use crate::resp::args::Args;

/// The ACL categories, in the order in which Redis lists them.
pub const CATEGORIES: [&str; 21] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

impl Command {
    /// Whether the command belongs to an ACL category.
    pub fn is_in_category(&self, category: &str) -> bool {
        let flags = self.flags;
        let is_container = !self.subcommands.is_empty() && self.arity.is_none();
        let by_flags = match category {
            "read" => flags.has(Flags::READONLY) && self.group != Group::Scripting,
            "write" => flags.has(Flags::WRITE),
            "admin" => flags.has(Flags::ADMIN),
            "dangerous" => flags.has(Flags::ADMIN),
            "pubsub" => flags.has(Flags::PUBSUB),
            "blocking" => flags.has(Flags::BLOCKING),
            "fast" => flags.has(Flags::FAST),
            "slow" => !flags.has(Flags::FAST),
            _ => false,
        };
        // SORT works on what keys hold, and belongs to the types that it names; WAIT is about the connection.
        let is_of_types = self.group == Group::Generic
            && ["list", "connection"].iter().any(|other| self.categories.contains(other));
        let by_group = !is_container && !is_of_types && self.group.category() == Some(category);
        by_flags || by_group || self.categories.contains(&category)
    }

    /// Where the command's keys are: as the row says it, or as its arguments imply it.
    pub fn key_specs(&self, depth: usize) -> Vec<KeySpec> {
        match self.keys {
            Some(specs) => specs.to_vec(),
            None => {
                let mut specs = Vec::new();
                collect(self.args, depth, default_flags(self.flags), &mut specs);
                specs
            }
        }
    }

    /// First key, last key and step, as COMMAND INFO gives them; zeros when positions do not tell.
    pub fn key_positions(&self, depth: usize) -> (i64, i64, i64) {
        let specs = self.key_specs(depth);
        let ranges = specs.iter().filter_map(|spec| match (spec.begin, spec.find) {
            (Begin::Index(first), Find::Range { last, step, .. }) => {
                let last = if last < 0 { i64::from(last) } else { first as i64 + i64::from(last) };
                Some((first as i64, last, step as i64))
            }
            _ => None,
        });
        // Neighbouring ranges count as one, as in RENAME.
        ranges
            .reduce(|all, next| if next.0 == all.1 + 1 { (all.0, next.1, all.2) } else { all })
            .unwrap_or_default()
    }

    /// The indexes of the keys in a request, each with the flags of its specification; none when the request does
    /// not have the form that the specifications want.
    pub fn keys_in(&self, depth: usize, args: Args<'_>) -> Vec<KeyAt> {
        self.keys_by(&self.key_specs(depth), args)
    }

    /// The same with specifications that are known already.
    pub(crate) fn keys_by(&self, specs: &[KeySpec], args: Args<'_>) -> Vec<KeyAt> {
        // Subcommands may have the names of commands, as CONFIG SET has.
        if specs.is_empty() {
            return Vec::new();
        }
        if let Some(keys_of) = self.keys_of {
            return keys_of(args);
        }
        let (mut keys, mut is_loose): (Vec<KeyAt>, _) = (Vec::new(), false);
        for spec in specs.iter().filter(|spec| spec.is_of_keys()) {
            let Some(first) = begin(spec.begin, args) else { continue };
            if first >= args.len() {
                continue;
            }
            let len = args.len() as i64;
            let indexes = match spec.find {
                Find::Range { last, step, limit } => {
                    let rest = len - first as i64;
                    let last = match last {
                        0.. => first as i64 + i64::from(last),
                        _ if limit > 1 => first as i64 + rest / limit as i64 - 1,
                        _ => len + i64::from(last),
                    };
                    (first as i64..=last.min(len - 1)).step_by(step.max(1))
                }
                Find::KeyNum { count, first: offset, step } => {
                    let text = args.get(first + count).unwrap_or_default();
                    // What is no number has no meaning to the command, but Redis still takes its beginning for one.
                    is_loose |= parse_i64(text).is_none();
                    let count = parse_i64(text).unwrap_or_else(|| leading_number(text));
                    let start = (first + offset) as i64;
                    let end = start.saturating_add(count.max(0).saturating_mul(step as i64));
                    if count <= 0 || end - step as i64 >= len {
                        return Vec::new();
                    }
                    (start..=end - 1).step_by(step.max(1))
                }
                Find::Unknown => continue,
            };
            let known = keys.len();
            keys.extend(indexes.map(|index| (number::count(index).unwrap_or(0), spec.flags)));
            if is_loose {
                // Redis then does not go by specifications: it tells the counted keys first, and of none what it is
                // for.
                keys.rotate_left(known);
                keys.iter_mut().for_each(|key| key.1 = &[]);
                return keys;
            }
        }
        keys
    }
}

/// Where a key stands in a request, and what is done with it.
pub type KeyAt = (usize, &'static [&'static str]);

impl KeySpec {
    /// Whether it is about keys, and not about names that only are hashed like keys.
    pub fn is_of_keys(&self) -> bool {
        !self.flags.contains(&"not_key")
    }
}

/// The number that a text begins with, as C reads it; 0 if there is none.
fn leading_number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let sign = usize::from(digits.starts_with(b"-"));
    let end =
        digits[sign..].iter().position(|byte| !byte.is_ascii_digit()).map_or(digits.len(), |at| at + sign);
    core::str::from_utf8(&digits[..end]).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// How a command uses its keys when its row does not say more.
fn default_flags(flags: Flags) -> &'static [&'static str] {
    if flags.has(Flags::WRITE) { &["RW", "access", "update"] } else { &["RO", "access"] }
}

fn begin(begin: Begin, args: Args<'_>) -> Option<usize> {
    match begin {
        Begin::Unknown => None,
        Begin::Index(index) => Some(index),
        Begin::Keyword(word, from) => {
            let is_word = |index: &usize| args.is(*index, word);
            let found = if from >= 0 {
                (from as usize..args.len()).find(is_word)
            } else {
                (1..=args.len().saturating_sub(from.unsigned_abs() as usize)).rev().find(is_word)
            };
            found.map(|index| index + 1)
        }
    }
}

/// Follows a grammar for as long as positions are known, and notes the keys on the way.
fn collect(args: &[Arg], start: usize, flags: &'static [&'static str], specs: &mut Vec<KeySpec>) {
    let mut position = Some(start);
    let mut number = None;
    for (nth, arg) in args.iter().enumerate() {
        let is_fixed = !arg.optional && !arg.multiple;
        match (arg.kind, position) {
            (ArgKind::Key, _) if arg.token.is_some() => {
                let begin =
                    Begin::Keyword(arg.token.expect("it was just seen"), number::short(start).cast_signed());
                let find = Find::Range { last: 0, step: 1, limit: 0 };
                specs.push(KeySpec { flags, begin, find, notes: "" });
            }
            (ArgKind::Key, Some(at)) if arg.multiple && number == Some(at - 1) => {
                let find = Find::KeyNum { count: 0, first: 1, step: 1 };
                specs.push(KeySpec { flags, begin: Begin::Index(at - 1), find, notes: "" });
            }
            (ArgKind::Key, Some(at)) => {
                let following = args.len() - nth - 1;
                let last = if arg.multiple { -1 - number::short(following).cast_signed() } else { 0 };
                let find = Find::Range { last, step: 1, limit: 0 };
                specs.push(KeySpec { flags, begin: Begin::Index(at), find, notes: "" });
            }
            (ArgKind::Integer, Some(at)) if arg.name == "numkeys" && is_fixed => number = Some(at),
            _ => {}
        }
        let is_single = !matches!(arg.kind, ArgKind::OneOf(_) | ArgKind::Block(_));
        position = match position {
            Some(at) if is_fixed && is_single => {
                let words = usize::from(arg.token.is_some() && !matches!(arg.kind, ArgKind::Token));
                Some(at + 1 + words)
            }
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::Lookup;

    fn check(name: &str, positions: (i64, i64, i64)) {
        let row = Lookup::new().find(name.as_bytes()).expect("the command exists");
        assert_eq!(row.key_positions(1), positions, "{name}");
    }

    #[test]
    fn positions_follow_from_the_grammar() {
        check("GET", (1, 1, 1));
        check("MGET", (1, -1, 1));
        check("MSET", (1, -1, 2));
        check("RENAME", (1, 2, 1));
        check("PING", (0, 0, 0));
        check("SORT", (1, 1, 1));
    }
}
