//! A command's possible requests, written in one line.
//!
//! `SET <key> <val> [NX|XX] [GET] [EX <ttl>|KEEPTTL]`: `<name>` is a value of that kind, `[a|b]` none or one
//! of the choices, `(a|b)` one of them; `+` after any of these repeats it one to four times.

use crate::random::Random;

use super::super::operation::Args;
use super::values::value;

/// A parsed line.
#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Item>);

#[derive(Clone, Debug)]
struct Item {
    part: Part,
    repeated: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Word(String),
    Value(String),
    Choice { optional: bool, choices: Vec<Template> },
}

impl Template {
    /// Parses a line; it is our own, so a fault in it is a fault of the program.
    pub(super) fn parse(line: &str) -> Template {
        let mut rest = line;
        let template = sequence(&mut rest);
        assert!(rest.is_empty(), "unbalanced template {line:?}");
        template
    }

    /// Appends one of the possible requests.
    pub(super) fn expand(&self, random: &mut Random, out: &mut Args) {
        for item in &self.0 {
            let times = if item.repeated { random.between(1, 4) } else { 1 };
            for _ in 0..times {
                match &item.part {
                    Part::Word(word) => out.push(word.as_bytes().to_vec()),
                    Part::Value(name) => value(name, random, out),
                    Part::Choice { optional: true, .. } if random.one_in(2) => {}
                    Part::Choice { choices, .. } => choices[random.below(choices.len())].expand(random, out),
                }
            }
        }
    }
}

/// Items up to the end or to a sign that belongs to the choice around them.
fn sequence(rest: &mut &str) -> Template {
    let mut items = Vec::new();
    loop {
        *rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Template(items) };
        let part = match first {
            '|' | ')' | ']' => return Template(items),
            '(' | '[' => choice(rest, first == '['),
            '<' => {
                let end = rest.find('>').expect("a value's name ends with >");
                let name = rest[1..end].to_owned();
                *rest = &rest[end + 1..];
                Part::Value(name)
            }
            _ => {
                let end = rest.find([' ', '|', ')', ']']).unwrap_or(rest.len());
                let word = rest[..end].to_owned();
                *rest = &rest[end..];
                Part::Word(word)
            }
        };
        let repeated = rest.starts_with('+');
        if repeated {
            *rest = &rest[1..];
        }
        items.push(Item { part, repeated });
    }
}

fn choice(rest: &mut &str, optional: bool) -> Part {
    let mut choices = Vec::new();
    loop {
        *rest = &rest[1..];
        choices.push(sequence(rest));
        match rest.chars().next() {
            Some('|') => {}
            Some(')' | ']') => break,
            _ => panic!("an open choice in a template"),
        }
    }
    *rest = &rest[1..];
    Part::Choice { optional, choices }
}
