//! Whether a reply has the form that the row of its command describes.
//!
//! The words are those of which the TypeScript types are made (`generated/replies.rs`). They mean RESP3; in RESP2 a
//! map is an array of names and values by turns, a set an array, a double a string, and pairs stand flat.

use crate::reply::Reply;

/// Whether a reply has the form that the text describes. Errors always do.
pub fn allows(form: &str, reply: &Reply) -> bool {
    matches!(reply, Reply::Error(_)) || split(form, " | ").into_iter().any(|form| is(form.trim(), reply))
}

/// Forms without ` | `.
fn is(form: &str, reply: &Reply) -> bool {
    if let Some(inner) = form.strip_prefix('[').and_then(|form| form.strip_suffix(']')) {
        let parts: Vec<&str> = split(inner, ", ")
            .into_iter()
            .map(|part| part.split_once(": ").map_or(part, |(_, form)| form))
            .collect();
        return elements(reply).is_some_and(|elements| is_each(&parts, elements));
    }
    if let Some(rest) = form.strip_prefix("array of ") {
        return matches!(reply, Reply::Array(_)) && elements(reply).is_some_and(|all| is_array(rest, all));
    }
    if let Some(element) = form.strip_prefix("set of ") {
        return elements(reply).is_some_and(|all| all.iter().all(|each| is(element, each)));
    }
    if let Some(rest) = form.strip_prefix("map of ") {
        let (name, value) = rest.split_once(" to ").unwrap_or((rest, "any"));
        // In RESP2, streams with their entries are pairs of their own.
        if value == "array" && matches!(reply, Reply::Array(all) if are_nested_pairs(name, value, all)) {
            return true;
        }
        let values: Vec<&str> = value.split(" or ").flat_map(|part| part.split(", ")).collect();
        return pairs(reply).is_some_and(|pairs| {
            pairs.iter().all(|(first, second)| is(name, first) && values.iter().any(|form| is(form, second)))
        });
    }
    match form {
        "integer" => matches!(reply, Reply::Integer(_)),
        "double" => matches!(reply, Reply::Double(_) | Reply::Bulk(_)),
        "bulk-string" | "key" | "cursor" => matches!(reply, Reply::Bulk(_) | Reply::Verbatim(..)),
        "simple-string" => matches!(reply, Reply::Simple(_)),
        "null" => matches!(reply, Reply::Null | Reply::NullBulk | Reply::NullArray),
        "boolean" => matches!(reply, Reply::Bool(_) | Reply::Integer(_)),
        "map" => pairs(reply).is_some(),
        "array" => matches!(reply, Reply::Array(_)),
        "any" => true,
        _ if form.starts_with("push for every ") => matches!(reply, Reply::Push(_) | Reply::Array(_)),
        _ => false,
    }
}

/// What stands behind `array of`.
fn is_array(rest: &str, all: &[Reply]) -> bool {
    if let Some(element) = rest.strip_suffix(" or null") {
        let forms: Vec<&str> = element.split(" or ").collect();
        return all.iter().all(|each| is("null", each) || forms.iter().any(|form| is(form, each)));
    }
    if let Some(pair) = rest.strip_prefix("pairs of ") {
        let (first, second) = pair.split_once(" and ").unwrap_or((pair, pair));
        return are_pairs(first, second, all);
    }
    if rest == "array of bulk-string and double" {
        return all
            .iter()
            .all(|each| elements(each).is_some_and(|pair| is_each(&["bulk-string", "double"], pair)));
    }
    if rest.starts_with("array of ") || rest.starts_with("map of ") {
        return all.iter().all(|each| is(rest, each));
    }
    let parts = split(rest, " and ");
    match parts.as_slice() {
        [element] => all.iter().all(|each| is(element, each)),
        ["bulk-string", "double"] => are_pairs("bulk-string", "double", all),
        [first, ..] if rest[first.len() + " and ".len()..].starts_with("array of ") => {
            is_each(&[first, &rest[first.len() + " and ".len()..]], all)
        }
        parts => is_each(parts, all),
    }
}

/// Pairs, each an array of its own or one behind the other.
fn are_pairs(first: &str, second: &str, all: &[Reply]) -> bool {
    are_nested_pairs(first, second, all)
        || all.len().is_multiple_of(2)
            && all.chunks(2).all(|pair| is(first, &pair[0]) && is(second, &pair[1]))
}

fn are_nested_pairs(first: &str, second: &str, all: &[Reply]) -> bool {
    all.iter().all(|each| elements(each).is_some_and(|pair| is_each(&[first, second], pair)))
}

fn is_each(forms: &[&str], all: &[Reply]) -> bool {
    forms.len() == all.len() && forms.iter().zip(all).all(|(form, each)| is(form, each))
}

fn elements(reply: &Reply) -> Option<&[Reply]> {
    match reply {
        Reply::Array(all) | Reply::Set(all) => Some(all),
        _ => None,
    }
}

fn pairs(reply: &Reply) -> Option<Vec<(&Reply, &Reply)>> {
    match reply {
        Reply::Map(pairs) => Some(pairs.iter().map(|(name, value)| (name, value)).collect()),
        Reply::Array(all) if all.len().is_multiple_of(2) => {
            Some(all.chunks(2).map(|pair| (&pair[0], &pair[1])).collect())
        }
        _ => None,
    }
}

/// Splits outside of brackets.
pub(crate) fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 && at >= start && text[at..].starts_with(separator) {
            parts.push(&text[start..at]);
            start = at + separator.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_hold_or_do_not() {
        let check = |form: &str, bytes: &str, expected: bool| {
            let bytes = bytes.replace('|', "\r\n");
            let (reply, _) = Reply::parse(bytes.as_bytes()).unwrap().unwrap();
            assert_eq!(allows(form, &reply), expected, "{form}: {bytes}");
        };
        check("integer", "-ERR x|", true);
        check("integer | null", "$-1|", true);
        check("integer", "$1|1|", false);
        check("map of bulk-string to integer", "*2|$1|a|:1|", true);
        check("map of bulk-string to integer", "%1|$1|a|+x|", false);
        check("array of bulk-string and double", "*2|$1|a|$1|1|", true);
        check("array of bulk-string and double", "*1|*2|$1|a|,1|", true);
        check("array of bulk-string and double", "*1|$1|a|", false);
        check("array of cursor and array of bulk-string", "*2|$1|0|*1|$1|a|", true);
        check("array of key and bulk-string and double | null", "*3|$1|k|$1|a|,1|", true);
        check("[seconds: bulk-string, microseconds: bulk-string]", "*2|$1|1|$1|2|", true);
        check("array of bulk-string or null", "*2|_|$1|2|", true);
        check("set of bulk-string", "~1|$1|1|", true);
        check("array of simple-string", "*1|$1|1|", false);
    }
}
