//! The types of methods whose arguments decide the form of the reply.

use sanderling_core::command::{Arg, ArgKind, Command};

use super::replies::{type_of, types_of};
use super::typescript::{block_of_two, is_count, is_member, properties, required};
use crate::deciding::{Deciding, deciding};

/// Arguments without which the first form of a reply has no `null`, and why.
const NULL_BY: &[(&str, &str, &str)] = &[("SET", "condition", "only what has a condition may not be done")];

/// A method's type, if there is something to decide; then it is no signature, but one of the types of `types.ts` that
/// stand for several.
pub(super) fn overloads(name: &str, row: &Command) -> Option<String> {
    let types = types_of(name, row.reply);
    if types.len() == 1 {
        return None;
    }
    let (head, rest) = required(row);
    let (head, forms) = (head.join(", "), types.join(", "));
    match deciding(name, row)? {
        Deciding::Count => Some(format!("t.ByCount<[{head}], {forms}>")),
        Deciding::CountAndWord(word) => Some(format!("t.ByCountAndWord<[{head}], '{word}', {forms}>")),
        Deciding::Words(words) => Some(by_words(name, row, &head, rest, &words, &types)),
    }
}

fn by_words(
    name: &str,
    row: &Command,
    head: &str,
    rest: &[Arg],
    words: &[(&str, usize)],
    types: &[String],
) -> String {
    let any = type_of(name, row.reply);
    let object =
        |options| format!("{{ {} }}", properties(options).expect("what decides has a word to name it"));
    match rest {
        // Every form is one of the last, which there is no need to tell from all of them.
        [options @ .., last] if block_of_two(last).is_some_and(is_member) => {
            let (options, first) = (object(options), &types[0]);
            let without = format!(
                "[[{head}, ...args: t.MembersWithout<{options}, {}>], {first}]",
                choice(&names(words))
            );
            let members = format!("[{head}, members: t.OneOrMore<t.Member>, options?: {options}]");
            format!(
                "t.Overloads<[{without}, [[{head}, ...args: t.MembersOr<{options}>], {any}], [{members}, {any}]]>"
            )
        }
        [count, keys, options @ ..] if is_count(count) && matches!(keys.kind, ArgKind::Key) => {
            let rules = rules(name, row, words, types);
            format!("t.ByOption<t.CountedKeys, {}, [{rules}], {any}, t.KeysOr>", object(options))
        }
        options if options.iter().any(|arg| !arg.optional) => {
            let rules = rules(name, row, words, types);
            let any = format!("{any}, [{head}, first: t.Argument, ...more: t.Argument[]]");
            format!("t.ByOption<[{head}], {}, [{rules}], {any}>", object(options))
        }
        options => {
            let rules = rules(name, row, words, types);
            format!("t.ByOption<[{head}], {}, [{rules}], {any}>", object(options))
        }
    }
}

fn names<'a>(words: &[(&'a str, usize)]) -> Vec<&'a str> {
    words.iter().map(|(word, _)| *word).collect()
}

/// First the form without any of the words, then the others.
fn rules(name: &str, row: &Command, words: &[(&str, usize)], types: &[String]) -> String {
    let without = |words: &[&str], form: &str| format!("{{ without: {}; is: {form} }}", choice(words));
    let mut rules = Vec::new();
    if let Some((_, causes, _)) = NULL_BY.iter().find(|(other, ..)| *other == name) {
        let causes = row.args.iter().find(|arg| arg.name == *causes).expect("the argument is there");
        let ArgKind::OneOf(choices) = causes.kind else { panic!("{name}: words are expected") };
        let causes = choices.iter().filter_map(|choice| choice.token).chain([causes.name]);
        let form = types[0].strip_suffix(" | null").expect("there is a null");
        rules.push(without(&names(words).into_iter().chain(causes).collect::<Vec<_>>(), form));
    }
    rules.push(without(&names(words), &types[0]));
    // One for each form: the compiler takes functions for one that differ in a later argument only.
    for (index, form) in types.iter().enumerate().skip(1) {
        let words: Vec<_> = words.iter().filter(|(_, of)| *of == index).copied().collect();
        rules.push(format!("{{ with: {}; is: {form} }}", choice(&names(&words))));
    }
    rules.join(", ")
}

fn choice(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanderling_core::command::table;

    #[test]
    fn methods() {
        let check = |name: &str, expected: Option<&str>| {
            let row = table().find(|row| row.name == name).expect("there is such a command");
            assert_eq!(overloads(name, row).as_deref(), expected, "{name}");
        };
        check("GET", None);
        check("LPOP", Some("t.ByCount<[key: t.Key], string | null, string[] | null>"));
        check(
            "HRANDFIELD",
            Some("t.ByCountAndWord<[key: t.Key], 'WITHVALUES', string | null, string[], [string, string][]>"),
        );
        check(
            "ZDIFF",
            Some(
                "t.ByOption<t.CountedKeys, { WITHSCORES?: boolean }, [{ without: 'WITHSCORES'; is: string[] }, \
                 { with: 'WITHSCORES'; is: [member: string, score: number][] }], \
                 string[] | [member: string, score: number][], t.KeysOr>",
            ),
        );
    }

    #[test]
    fn every_cause_of_a_null_is_needed() {
        for (name, cause, _) in NULL_BY {
            let row = table().find(|row| row.name == *name).expect("there is such a command");
            let text = overloads(name, row).expect("something decides");
            assert!(
                row.args.iter().any(|arg| arg.name == *cause) && text.contains(&format!("| '{cause}'; is:")),
                "{text}"
            );
        }
    }
}
