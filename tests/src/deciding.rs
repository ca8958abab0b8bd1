//! Which arguments decide the form of a reply, where the row of a command describes several.

use sanderling_core::command::{Arg, ArgKind, Command};

use crate::forms::split;

/// The forms of a reply, each with the `null` that belongs to it.
pub fn alternatives(reply: &str) -> Vec<String> {
    let mut alternatives: Vec<String> = Vec::new();
    for form in split(reply, " | ") {
        match alternatives.last_mut() {
            Some(last) if form == "null" => last.push_str(" | null"),
            _ => alternatives.push(form.to_owned()),
        }
    }
    alternatives
}

/// What tells which of several forms a reply has.
#[derive(Debug, PartialEq, Eq)]
pub enum Deciding {
    /// The first without a count, the second with one.
    Count,
    /// The third with this word behind the count.
    CountAndWord(&'static str),
    /// The first without any of these words, and with a word the one of this index.
    Words(Vec<(&'static str, usize)>),
}

/// Words, each with the index of the form that it leads to.
type Words = &'static [(&'static str, usize)];

const GEORADIUS: Words =
    &[("STORE", 2), ("STOREDIST", 2), ("WITHCOORD", 1), ("WITHDIST", 1), ("WITHHASH", 1)];

/// Words that decide though not all are called `WITH...`, and why.
const CHOSEN: &[(&str, Words, &str)] = &[
    ("GEORADIUS", GEORADIUS, "members may be counted instead of returned"),
    ("GEORADIUSBYMEMBER", GEORADIUS, "members may be counted instead of returned"),
    ("LCS", &[("LEN", 1), ("IDX", 2)], "its length or its places are returned instead of the text"),
    ("LPOS", &[("COUNT", 1)], "there may be several indexes"),
    ("SET", &[("GET", 1)], "the old value is returned instead of OK"),
    ("SORT", &[("STORE", 1)], "the elements are counted instead of returned"),
    ("ZADD", &[("INCR", 1)], "the new score is returned instead of a number of members"),
];

/// Commands with several forms among which no word chooses that the types could see, and why.
const UNDECIDED: &[(&str, &str)] = &[
    ("ACL DRYRUN", "what the user may do decides"),
    ("ACL LOG", "RESET stands where a number may stand, and is rare"),
    ("CLIENT KILL", "the number of arguments decides between an old grammar and a new one"),
    ("INCREX", "integers and doubles are one type in JavaScript"),
    ("PFDEBUG", "for tests of the engine"),
    ("PING", "a text and a text; the array is for subscribers in RESP2"),
    ("SHUTDOWN", "it replies if it fails"),
];

/// What decides on the form of a command's reply.
pub fn deciding(name: &str, row: &Command) -> Option<Deciding> {
    if UNDECIDED.iter().any(|(other, _)| *other == name) {
        return None;
    }
    if let Some((_, words, _)) = CHOSEN.iter().find(|(chosen, ..)| *chosen == name) {
        return Some(Deciding::Words(words.to_vec()));
    }
    match row.args.last()?.kind {
        ArgKind::Integer if row.args.last().is_some_and(is_optional_count) => Some(Deciding::Count),
        ArgKind::Block([count, word]) if count.name == "count" && word.optional => {
            with_word(word).map(Deciding::CountAndWord)
        }
        _ => {
            let words: Vec<_> = row.args.iter().filter_map(with_word).map(|word| (word, 1)).collect();
            (!words.is_empty()).then_some(Deciding::Words(words))
        }
    }
}

fn is_optional_count(arg: &Arg) -> bool {
    arg.name == "count" && arg.optional && arg.token.is_none()
}

/// A word that asks for more than the elements: `WITHSCORES`.
fn with_word(arg: &Arg) -> Option<&'static str> {
    arg.token.filter(|word| matches!(arg.kind, ArgKind::Token) && arg.optional && word.starts_with("WITH"))
}

/// The form of the reply to a request, given by the words behind the command's name.
pub fn form_for<'a>(name: &str, row: &Command, args: &[Vec<u8>], forms: &'a [String]) -> Option<&'a String> {
    let has = |word: &str| args.iter().skip(1).any(|arg| arg.eq_ignore_ascii_case(word.as_bytes()));
    let is_counted = args.len() >= row.args.len();
    forms.get(match deciding(name, row)? {
        Deciding::Count => usize::from(is_counted),
        Deciding::CountAndWord(word) => usize::from(is_counted) + usize::from(has(word)),
        Deciding::Words(words) => words.iter().find(|(word, _)| has(word)).map_or(0, |(_, form)| *form),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanderling_core::command::table;

    #[test]
    fn every_form_has_an_argument_that_decides_on_it() {
        let rows = table().flat_map(|row| {
            let inner = row.subcommands.iter().map(|inner| (format!("{} {}", row.name, inner.name), inner));
            [(row.name.to_owned(), row)].into_iter().chain(inner)
        });
        let (mut chosen, mut undecided) = (Vec::new(), Vec::new());
        for (name, row) in rows {
            let forms = alternatives(row.reply).len();
            if forms == 1 {
                continue;
            }
            if UNDECIDED.iter().any(|(other, _)| *other == name) {
                undecided.push(name);
                continue;
            }
            let decided = match deciding(&name, row) {
                None => 1,
                Some(Deciding::Count) => 2,
                Some(Deciding::CountAndWord(_)) => 3,
                Some(Deciding::Words(words)) => 1 + words.iter().map(|(_, form)| *form).max().unwrap_or(0),
            };
            assert_eq!(decided, forms, "{name}: {}: name what decides, or say why nothing does", row.reply);
            chosen.extend(CHOSEN.iter().map(|(other, ..)| *other).filter(|other| *other == name));
        }
        undecided.sort();
        assert_eq!(chosen.len(), CHOSEN.len(), "of CHOSEN, only these are needed: {chosen:?}");
        assert_eq!(undecided, UNDECIDED.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    #[test]
    fn nulls_belong_to_what_is_in_front() {
        assert_eq!(alternatives("integer | null"), ["integer | null"]);
        assert_eq!(alternatives("integer | double | null"), ["integer", "double | null"]);
        assert_eq!(alternatives("[a: integer | null] | null | map"), ["[a: integer | null] | null", "map"]);
    }
}
