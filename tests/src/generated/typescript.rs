//! `commands.generated.ts` of the npm package: a typed method for every command.

use std::fmt::Write;

use sanderling_core::command::{Arg, ArgKind, Command, table};

use super::names::{methods, parameter};
use super::overloads::overloads;
use super::replies::type_of;
use super::upstream::{Origin, commands};

/// Commands without a method of their own: the package has something better, or they would break the pairs of
/// requests and replies.
const LEFT_OUT: &[&str] = &[
    "CLIENT REPLY",
    "DISCARD",
    "EXEC",
    "HELLO",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "QUIT",
    "REPLCONF",
    "RESET",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNSUBSCRIBE",
    "SYNC",
    "UNSUBSCRIBE",
];

const HEADER: &str = "\
// Generated from the engine's command table; `cargo test -p sanderling-tests generated` writes it.

import type { Shape } from './arguments.js';
import type { Reply } from './decode.js';
import type { Value } from './encode.js';
import type * as t from './types.js';

";

/// The whole file.
pub fn typescript() -> String {
    let mut commands: Vec<_> = table().collect();
    commands.sort_by_key(|row| row.name);
    let (mut interface, mut rows) = (String::new(), String::new());
    for row in commands {
        write_command(&mut interface, &mut rows, &[row]);
        for subcommand in row.subcommands {
            write_command(&mut interface, &mut rows, &[row, subcommand]);
        }
    }
    format!(
        "{HEADER}/** A method for every command, as it would be if nothing had to be waited for. */\n\
         export interface Commands {{\n{interface}}}\n\n\
         /** Each command's words, its methods, and what is special about its arguments. */\n\
         export const rows: readonly (readonly [words: string, methods: string, shape?: Shape])[] = [\n{rows}];\n"
    )
}

fn write_command(interface: &mut String, rows: &mut String, path: &[&Command]) {
    let words: Vec<_> = path.iter().map(|row| row.name).collect();
    let name = words.join(" ");
    if LEFT_OUT.contains(&name.as_str()) {
        return;
    }
    let row = path[path.len() - 1];
    let is_container = !row.subcommands.is_empty();
    let methods = methods(&words);
    let overloads = overloads(&name, row);
    let signature = if is_container {
        "(subcommand: string, ...args: t.Argument[]): Reply".to_owned()
    } else {
        signature(row, &parameters(row), &type_of(&name, row.reply))
    };
    for (index, method) in methods.iter().enumerate() {
        if index == 0 {
            write_comment(interface, &name, row);
        } else {
            let _ = writeln!(interface, "  /** The same as {{@link {}}}. */", methods[0]);
        }
        let _ = match &overloads {
            Some(overloads) if index == 0 => writeln!(interface, "  {method}: {overloads};"),
            Some(_) => writeln!(interface, "  {method}: Commands['{}'];", methods[0]),
            None => writeln!(interface, "  {method}{signature};"),
        };
    }
    let shape = if is_container { String::new() } else { format!(", {}", braced(&shape(row))) };
    let _ = writeln!(rows, "  ['{name}', '{}'{shape}],", methods.join(" "));
}

/// A method of one form. Options make two functions of it, of which the last takes them as an object: it is the one whose
/// complaint the compiler shows.
fn signature(row: &Command, parameters: &str, reply: &str) -> String {
    let (lead, rest) = required(row);
    if let (true, [key, time]) = (takes_fields(rest), lead.as_slice()) {
        // As node-redis orders them.
        let named = format!(
            "{key}, fields: t.OneOrMore<Value>, {time}, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>"
        );
        return format!(": t.Overloads<[[[{parameters}], {reply}], [[{named}], {reply}]]>");
    }
    let options = parameters.rsplit_once("...options: t.OptionsOr<").and_then(|(head, options)| {
        let head = head.trim_end_matches(", ");
        Some((head, options.strip_suffix('>')?)).filter(|(head, _)| !head.contains("..."))
    });
    match options {
        Some((head, options)) => format!(": t.WithOptions<[{head}], {options}, {reply}>"),
        None => format!("({parameters}): {reply}"),
    }
}

fn write_comment(interface: &mut String, name: &str, row: &Command) {
    let _ = writeln!(interface, "  /**\n   * {}\n   *", row.summary.replace("*/", "*\\/"));
    let origin = commands().into_iter().find(|command| command.name == name).map(|command| command.origin);
    let origin = match origin {
        Some(origin @ (Origin::Valkey | Origin::Upstash)) => format!("{}'s own", origin.text()),
        _ => format!("since Redis {}", row.since),
    };
    let _ = writeln!(
        interface,
        "   * `{name}`, {origin}, {}.",
        row.complexity.trim_end_matches('.').replace("*/", "*\\/")
    );
    if let Some((since, instead)) = row.deprecated {
        let _ = writeln!(interface, "   *\n   * @deprecated since Redis {since}: use {instead}");
    }
    interface.push_str("   */\n");
}

/// What the package must know when it turns JavaScript's arguments into words.
fn shape(row: &Command) -> String {
    let (lead, rest) = required(row);
    let mut parts = Vec::new();
    if !lead.is_empty() {
        parts.push(format!("lead: {}", lead.len()));
    }
    let words = option_words(rest);
    if !words.is_empty() {
        parts.push(format!("options: '{}'", words.join(" ")));
    }
    let blocks = || row.args.iter().filter(|arg| arg.multiple && arg.token.is_none());
    if let Some(index) = row.args.iter().position(is_count) {
        parts.push(format!("count: {index}"));
        if is_script(&row.args[index..]) {
            parts.push("script: true".to_owned());
        }
        // What is counted may be pairs.
        if row.args.iter().any(|arg| block_of_two(arg).is_some()) {
            parts.push("pairs: true".to_owned());
        }
    } else if let Some(parts_of_two) = row.args.iter().find_map(block_of_two) {
        let is_member = is_member(parts_of_two);
        parts.push(if is_member { "members: ['score', 'value']" } else { "pairs: true" }.to_owned());
    } else if let Some(ArgKind::Block(fields)) = blocks().map(|arg| arg.kind).next() {
        let fields: Vec<_> = fields.iter().map(|field| format!("'{}'", parameter(field.name))).collect();
        parts.push(format!("members: [{}]", fields.join(", ")));
    }
    if takes_fields(rest) {
        parts.push("fields: true".to_owned());
    }
    if lead.len() == 2 && matches!(row.args[1].kind, ArgKind::UnixTime) {
        let unit = if row.args[1].name.ends_with("milliseconds") { 1 } else { 1000 };
        parts.push(format!("time: {unit}"));
    }
    parts.join(", ")
}

/// Whether fields stand behind a word and their number.
fn takes_fields(args: &[Arg]) -> bool {
    args.iter().any(|arg| arg.token == Some("FIELDS"))
}

/// An object of JavaScript.
fn braced(properties: &str) -> String {
    if properties.is_empty() { "{}".to_owned() } else { format!("{{ {properties} }}") }
}

/// The names that an object of options may have: the words of the grammar, and node-redis's names for choices.
fn option_words(args: &[Arg]) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = Vec::new();
    for arg in args {
        match (arg.token, arg.kind) {
            // One that has no words of its own is nothing but a mark of Redis's documentation.
            (Some(word), _) if word != "\"\"" => words.push(word),
            (_, ArgKind::OneOf(parts)) => {
                words.extend(option_words(parts));
                words.extend(group_names(arg.name));
                if parts.iter().any(|part| part.token == Some("FNX")) {
                    words.push("mode");
                }
            }
            (_, ArgKind::Block(parts)) => words.extend(option_words(parts)),
            _ => {}
        }
    }
    if words.contains(&"NOMKSTREAM") {
        // node-redis's name for how a stream is kept short.
        words.push("TRIM");
    }
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| seen.insert(*word));
    words
}

/// What node-redis calls a choice as a whole.
fn group_names(name: &str) -> &'static [&'static str] {
    match name {
        "condition" => &["condition"],
        "comparison" => &["comparison"],
        "order" => &["DIRECTION"],
        "sortby" => &["BY"],
        "expiration" => &["expiration"],
        _ => &[],
    }
}

pub(super) fn is_count(arg: &Arg) -> bool {
    arg.name == "numkeys" && matches!(arg.kind, ArgKind::Integer)
}

/// Whether keys are counted that may be missing, and other arguments follow: so scripts and functions are called.
fn is_script(rest: &[Arg]) -> bool {
    matches!(rest, [count, keys, ..] if is_count(count) && matches!(keys.kind, ArgKind::Key) && keys.optional)
}

/// The parts of a repeated block of two values.
pub(super) fn block_of_two(arg: &Arg) -> Option<&'static [Arg]> {
    match arg.kind {
        ArgKind::Block(parts) if arg.multiple && arg.token.is_none() && parts.len() == 2 => Some(parts),
        _ => None,
    }
}

pub(super) fn is_member(parts: &[Arg]) -> bool {
    parts[0].name == "score"
}

/// The parameters of a method.
fn parameters(row: &Command) -> String {
    let (mut list, rest) = required(row);
    list.extend(open_end(rest, &list));
    list.join(", ")
}

/// The parameters for the arguments that are always there, and the arguments behind them.
pub(super) fn required(row: &Command) -> (Vec<String>, &'static [Arg]) {
    let mut list = Vec::new();
    let mut rest = row.args;
    while let [arg, behind @ ..] = rest {
        let Some(kind) = plain(arg).filter(|_| !arg.optional && !is_count(arg)) else { break };
        list.push(format!("{}: {kind}", unique(&list, arg.name)));
        rest = behind;
    }
    (list, rest)
}

/// Two arguments may have one name, parameters may not.
fn unique(list: &[String], name: &str) -> String {
    let name = parameter(name);
    let taken = |name: &str| list.iter().any(|other| other.split([':', '?']).next() == Some(name));
    if taken(&name) { format!("{name}{}", list.len() + 1) } else { name }
}

/// What stands behind the arguments that are always there.
fn open_end(rest: &'static [Arg], list: &[String]) -> Vec<String> {
    match rest {
        [] => Vec::new(),
        rest if is_script(rest) => vec!["...args: t.ScriptArguments".to_owned()],
        [count, keys, ..] if is_count(count) && matches!(keys.kind, ArgKind::Key) => {
            vec!["...args: t.KeysOr".to_owned()]
        }
        [only] if only.multiple && leaf(only).is_some() && only.token.is_none() => {
            let kind = leaf(only).unwrap_or_default();
            let many =
                if only.optional { format!("t.OneOrMore<{kind}>[]") } else { format!("t.Many<{kind}>") };
            vec![format!("...{}: {many}", unique(list, &format!("{}s", only.name)))]
        }
        [only] if block_of_two(only).is_some() => vec!["...pairs: t.Pairs".to_owned()],
        [.., last] if block_of_two(last).is_some_and(is_member) => {
            let options = properties(&rest[..rest.len() - 1]).unwrap_or_default();
            vec![format!("...args: t.MembersOr<{{ {options} }}>")]
        }
        [many, last] if many.multiple && leaf(many).is_some() && plain(last).is_some() && !last.optional => {
            let (kind, last_kind) = (leaf(many).unwrap_or_default(), plain(last).unwrap_or_default());
            let (name, last_name) = (parameter(many.name), parameter(last.name));
            let array = format!("[{name}s: t.OneOrMore<{kind}>, {last_name}: {last_kind}]");
            vec![format!("...args: {array} | [{name}: {kind}, second: {kind}, ...more: Value[]]")]
        }
        _ if rest.iter().all(|arg| arg.optional) => optional_end(rest, list),
        // What it is cannot be said, but something has to be there.
        _ => vec!["...args: [first: t.Argument, ...more: t.Argument[]]".to_owned()],
    }
}

/// Optional values by position, then options by name.
fn optional_end(mut rest: &'static [Arg], list: &[String]) -> Vec<String> {
    let mut parameters = Vec::new();
    while let [arg, behind @ ..] = rest {
        let Some(kind) = plain(arg).filter(|_| matches!(behind, []) || leaf(arg).is_some()) else { break };
        parameters.push(format!("{}?: {kind}", unique(list, arg.name)));
        rest = behind;
    }
    if !rest.is_empty() {
        parameters.push(match properties(rest) {
            Some(properties) => format!("...options: t.OptionsOr<{{ {properties} }}>"),
            None => "...args: t.Argument[]".to_owned(),
        });
    }
    parameters
}

/// The type of a single argument without a word in front: a value, or one of some words.
fn plain(arg: &Arg) -> Option<String> {
    if arg.multiple || arg.token.is_some() {
        return None;
    }
    leaf(arg).map(str::to_owned).or_else(|| words(arg).map(|words| format!("t.Word<{words}>")))
}

/// The type of a value.
fn leaf(arg: &Arg) -> Option<&'static str> {
    Some(match arg.kind {
        ArgKind::Key => "t.Key",
        ArgKind::String | ArgKind::Pattern => "Value",
        ArgKind::Integer | ArgKind::Double => "t.Numeric",
        ArgKind::UnixTime => "t.Time",
        ArgKind::Token | ArgKind::OneOf(_) | ArgKind::Block(_) => return None,
    })
}

/// The words to choose from, when there are only words.
fn words(arg: &Arg) -> Option<String> {
    let ArgKind::OneOf(choices) = arg.kind else { return None };
    let words: Option<Vec<_>> = choices
        .iter()
        .map(|choice| match choice.kind {
            ArgKind::Token => choice.token.map(|word| format!("'{word}'")),
            _ => None,
        })
        .collect();
    words.map(|words| words.join(" | "))
}

/// Optional arguments as the properties of an object; nothing when one of them has no word to name it.
pub(super) fn properties(args: &[Arg]) -> Option<String> {
    let mut list = Vec::new();
    for arg in args {
        match (arg.kind, arg.token) {
            (ArgKind::Token, Some(word)) => list.push(format!("{}?: boolean", property(word))),
            (ArgKind::OneOf(choices), None) => {
                list.push(properties(choices)?);
                list.extend(grouped(arg, choices));
            }
            (ArgKind::OneOf(_), Some(word)) => {
                list.push(format!("{}?: t.Word<{}>", property(word), words(arg)?));
            }
            (ArgKind::Block(parts), Some(word)) => list.push(block_property(word, parts)?),
            (ArgKind::Block([first, others @ ..]), None) if !arg.multiple && !first.optional => {
                // A word for all parts, or words for each.
                if others.iter().any(|part| part.token.is_some()) {
                    list.push(properties(std::slice::from_ref(first))?);
                    list.push(properties(others)?);
                } else {
                    list.push(block_property(first.token?, [&[*first], others].concat().as_slice())?);
                }
            }
            (_, Some(word)) => list.push(value_property(word, arg)?),
            _ => return None,
        }
    }
    Some(list.join("; "))
}

fn block_property(word: &str, parts: &[Arg]) -> Option<String> {
    let part = |part: &Arg| {
        let kind = leaf(part).map(str::to_owned).or_else(|| Some(format!("t.Word<{}>", words(part)?)))?;
        Some(format!("{}: {kind}", parameter(part.name)))
    };
    let parts: Option<Vec<_>> = parts.iter().map(part).collect();
    Some(format!("{}?: {{ {} }}", property(word), parts?.join("; ")))
}

/// A word as the name of a property.
fn property(word: &str) -> String {
    if word.contains('-') { format!("'{word}'") } else { word.to_owned() }
}

fn value_property(word: &str, arg: &Arg) -> Option<String> {
    let kind = leaf(arg)?;
    let word = property(word);
    Some(if arg.multiple { format!("{word}?: t.OneOrMore<{kind}>") } else { format!("{word}?: {kind}") })
}

/// node-redis names some choices as a whole.
fn grouped(arg: &Arg, choices: &[Arg]) -> Option<String> {
    match arg.name {
        // What is compared with a value has a property of its own.
        "condition" | "comparison" => {
            let bare = choices.iter().filter(|choice| leaf(choice).is_none());
            let bare: Vec<_> =
                bare.filter_map(|choice| choice.token.map(|word| format!("'{word}'"))).collect();
            (!bare.is_empty()).then(|| format!("{}?: {}", arg.name, bare.join(" | ")))
        }
        "order" => Some(format!("DIRECTION?: {}", words(arg)?)),
        "sortby" => Some("BY?: 'SCORE' | 'LEX'".to_owned()),
        "expiration" => {
            let timed: Vec<_> = choices
                .iter()
                .filter(|choice| leaf(choice).is_some())
                .filter_map(|choice| choice.token.map(|word| format!("'{word}'")))
                .collect();
            let bare =
                choices.iter().filter(|choice| leaf(choice).is_none()).filter_map(|choice| choice.token);
            let bare: String = bare.map(|word| format!(" | '{word}' | {{ type: '{word}' }}")).collect();
            Some(format!("expiration?: {{ type: {}; value: t.Time }}{bare}", timed.join(" | ")))
        }
        _ => None,
    }
}
