//! The forms of replies, as rows of the table describe them, in TypeScript.

use crate::deciding::alternatives;
use crate::forms::split;

/// Commands whose replies depend on options in ways that the description leaves open.
const EXACT: &[(&str, &[&str])] = &[
    // One element without a count, pairs with it.
    ("ZPOPMAX", &["[member: string, score: number] | []", "[member: string, score: number][]"]),
    ("ZPOPMIN", &["[member: string, score: number] | []", "[member: string, score: number][]"]),
    ("PING", &["string"]),
    ("TYPE", &["string"]),
    ("ZMSCORE", &["(number | null)[]"]),
];

/// The type of a command's reply.
pub(super) fn type_of(command: &str, reply: &str) -> String {
    match EXACT.iter().find(|(name, _)| *name == command) {
        Some((_, exact)) => exact.join(" | "),
        None => union(reply),
    }
}

/// The types of the forms among which arguments decide.
pub(super) fn types_of(command: &str, reply: &str) -> Vec<String> {
    match EXACT.iter().find(|(name, _)| *name == command) {
        Some((_, exact)) => exact.iter().map(|exact| (*exact).to_owned()).collect(),
        None => alternatives(reply).iter().map(|form| union(form)).collect(),
    }
}

fn union(reply: &str) -> String {
    let mut types: Vec<String> = Vec::new();
    for kind in split(reply, " | ").into_iter().map(alternative) {
        // What may be anything is nothing more besides.
        if kind == "Reply" {
            return kind;
        }
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    // The compiler would forget about `'OK'` beside `string`, but what is bytes in bytes mode differs.
    if types.iter().any(|kind| kind == "'OK'") {
        types.iter_mut().filter(|kind| *kind == "string").for_each(|kind| *kind = "(string & {})".to_owned());
    }
    types.join(" | ")
}

/// The type for text that the form describes, without ` | `; anything for what is not understood.
fn alternative(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return labelled_tuple(inner);
    }
    if let Some(rest) = text.strip_prefix("array of ") {
        return array(rest);
    }
    if let Some(element) = text.strip_prefix("set of ") {
        return list(&alternative(element));
    }
    if let Some(rest) = text.strip_prefix("map of ") {
        let value = rest.split_once(" to ").map_or("Reply".to_owned(), |(_, value)| alternative(value));
        return format!("{{ [key: string]: {value} }}");
    }
    match text {
        "integer" => "t.Integer",
        "double" => "number",
        "bulk-string" | "key" | "cursor" => "string",
        "simple-string" => "'OK'",
        "null" => "null",
        "boolean" => "boolean",
        "map" => "{ [key: string]: Reply }",
        "array" => "Reply[]",
        _ => "Reply",
    }
    .to_owned()
}

fn array(rest: &str) -> String {
    if let Some(element) = rest.strip_suffix(" or null") {
        return list(&format!("{} | null", alternative(element)));
    }
    if let Some(pair) = rest.strip_prefix("pairs of ") {
        let (first, second) = pair.split_once(" and ").unwrap_or((pair, pair));
        return format!("[{}, {}][]", alternative(first), alternative(second));
    }
    if rest == "array of bulk-string and double" {
        // Here each pair is an array that is spelled out.
        return alternative(rest);
    }
    if rest.starts_with("array of ") {
        return list(&alternative(rest));
    }
    if rest == "simple-string" {
        return "string[]".to_owned();
    }
    let parts: Vec<_> = split(rest, " and ");
    match parts.as_slice() {
        [element] => list(&alternative(element)),
        // Members with their scores come in pairs.
        ["bulk-string", "double"] => "[member: string, score: number][]".to_owned(),
        [first, _, ..] => {
            // What follows `array of` belongs to that array as a whole.
            let behind = &rest[first.len() + " and ".len()..];
            let others = if behind.starts_with("array of ") {
                vec![alternative(behind)]
            } else {
                parts[1..].iter().map(|part| alternative(part)).collect()
            };
            format!("[{}, {}]", alternative(first), others.join(", "))
        }
        [] => "Reply[]".to_owned(),
    }
}

fn list(element: &str) -> String {
    if element.contains(" | ") { format!("({element})[]") } else { format!("{element}[]") }
}

/// `seconds: bulk-string, microseconds: bulk-string`.
fn labelled_tuple(inner: &str) -> String {
    let parts = inner.split(", ").map(|part| match part.split_once(": ") {
        Some((label, form)) => format!("{}: {}", super::names::parameter(label), alternative(form)),
        None => alternative(part),
    });
    format!("[{}]", parts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_among_which_arguments_decide() {
        assert_eq!(
            types_of("X", "simple-string | null | bulk-string | null"),
            ["'OK' | null", "string | null"]
        );
        assert_eq!(types_of("X", "integer"), ["t.Integer"]);
        assert_eq!(types_of("ZPOPMIN", "array").len(), 2);
    }

    #[test]
    fn forms() {
        let check = |reply, expected: &str| assert_eq!(type_of("X", reply), expected, "{reply}");
        check("integer", "t.Integer");
        check("bulk-string | null", "string | null");
        check("array of bulk-string or null", "(string | null)[]");
        check("array of cursor and array of bulk-string", "[string, string[]]");
        check("array of key and array of bulk-string | null", "[string, string[]] | null");
        check("array of key and bulk-string and double | null", "[string, string, number] | null");
        check(
            "array of key and array of array of bulk-string and double | null",
            "[string, [member: string, score: number][]] | null",
        );
        check("array of pairs of bulk-string and integer", "[string, t.Integer][]");
        check("array of integer and double", "[t.Integer, number]");
        check("map of bulk-string to bulk-string", "{ [key: string]: string }");
        check("[cursor: bulk-string, keys: array of bulk-string]", "[cursor: string, keys: string[]]");
        check("set of bulk-string", "string[]");
        check("array of any | null", "Reply[] | null");
        check("bulk-string | any", "Reply");
        check("simple-string | null | bulk-string | null", "'OK' | null | (string & {})");
    }
}
