//! Plays a script against a target.

use std::collections::HashMap;

use super::parse::{Audience, Script, Step, StepKind, Word};
use super::pattern::{Node, Vars, matches};
use crate::reply::Reply;
use crate::target::{Connection, Received, Target};
use crate::text::{encode_request, lines};

/// What came of a script.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Every expectation that was not met, with its line.
    pub failures: Vec<String>,
    /// Every step that was left out, with its line and the reason.
    pub skipped: Vec<String>,
    /// How many steps were played.
    pub played: usize,
    /// Requests with their replies, where nothing else came at the same time.
    pub replies: Vec<(usize, Vec<Vec<u8>>, Reply)>,
    /// The script's text with what really arrived in place of what was not met.
    pub blessed: String,
}

/// Plays `script` on a fresh target.
pub fn run(script: &Script, target: &mut dyn Target) -> Outcome {
    let mut player = Player {
        target,
        names: Vec::new(),
        open: HashMap::new(),
        vars: Vars::new(),
        outcome: Outcome::default(),
        corrections: Vec::new(),
    };
    if let Some(reason) = excuse(&script.audience, player.target) {
        player.outcome.skipped.push(format!("the whole script: {reason}"));
    } else {
        for step in &script.steps {
            if let Err(reason) = player.play(step) {
                player.outcome.skipped.push(format!("line {} and the rest: {reason}", step.line + 1));
                break;
            }
        }
    }
    let mut outcome = player.outcome;
    outcome.blessed = correct(script, player.corrections);
    outcome
}

struct Player<'a> {
    target: &'a mut dyn Target,
    /// In the order of first use.
    names: Vec<String>,
    open: HashMap<String, Connection>,
    vars: Vars,
    outcome: Outcome,
    /// Lines to put in place of a range of lines.
    corrections: Vec<((usize, usize), Vec<String>)>,
}

impl Player<'_> {
    /// The error says why the script cannot go on.
    fn play(&mut self, step: &Step) -> Result<(), String> {
        let line = step.line + 1;
        if let Some(reason) = excuse(&step.audience, self.target) {
            self.outcome.skipped.push(format!("line {line}: {reason}"));
            return Ok(());
        }
        self.act(&step.kind)?;
        self.outcome.played += 1;
        let arrived = self.arrived();
        if let StepKind::Request { words, connection } = &step.kind
            && let [(name, Received::Reply(reply))] = &arrived[..]
            && name == connection
        {
            let words = words.iter().map(|word| self.substitute(word)).collect();
            self.outcome.replies.push((line, words, reply.clone()));
        }
        let compared = step.audience.reply_since.is_none_or(|since| self.target.since() >= since);
        if compared && let Err(reason) = self.compare(step, &arrived) {
            self.outcome.failures.push(format!("line {line}: {reason}"));
            self.corrections.push((step.expected_lines, show(&arrived)));
        }
        Ok(())
    }

    fn act(&mut self, kind: &StepKind) -> Result<(), String> {
        match kind {
            StepKind::Request { connection, words } => {
                let words: Vec<Vec<u8>> = words.iter().map(|word| self.substitute(word)).collect();
                let mut bytes = Vec::new();
                encode_request(&words, &mut bytes);
                let connection = self.connection(connection);
                self.target.send(connection, &bytes);
            }
            StepKind::Raw { connection, bytes } => {
                let connection = self.connection(connection);
                self.target.send(connection, bytes);
            }
            StepKind::Close { connection } => {
                if let Some(connection) = self.open.remove(connection) {
                    self.target.close(connection);
                }
            }
            StepKind::Advance(time) => {
                if !self.target.advance(*time) {
                    return Err(format!("{} cannot let {time:?} pass", self.target.name()));
                }
            }
        }
        Ok(())
    }

    fn connection(&mut self, name: &str) -> Connection {
        if let Some(&connection) = self.open.get(name) {
            return connection;
        }
        let connection = self.target.open();
        self.open.insert(name.into(), connection);
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.into());
        }
        connection
    }

    fn substitute(&self, word: &Word) -> Vec<u8> {
        if !word.bare {
            return word.bytes.clone();
        }
        let mut text = String::from_utf8_lossy(&word.bytes).into_owned();
        for (name, value) in &self.vars {
            text = text.replace(&format!("{{{name}}}"), &String::from_utf8_lossy(value));
        }
        text.into_bytes()
    }

    /// Everything that the step made arrive, connection by connection.
    fn arrived(&mut self) -> Vec<(String, Received)> {
        self.target.settle();
        let mut arrived = Vec::new();
        for name in &self.names {
            let Some(&connection) = self.open.get(name) else { continue };
            loop {
                let received = self.target.receive_now(connection);
                match received {
                    Received::Nothing => break,
                    Received::Reply(_) => arrived.push((name.clone(), received)),
                    Received::Closed | Received::Malformed(_) => {
                        arrived.push((name.clone(), received));
                        self.open.remove(name);
                        break;
                    }
                }
            }
        }
        arrived
    }

    fn compare(&mut self, step: &Step, arrived: &[(String, Received)]) -> Result<(), String> {
        let vars = &mut self.vars;
        let mut met = step.expected.len() == arrived.len();
        for name in &self.names {
            let expected = step.expected.iter().filter(|expected| expected.connection == *name);
            let own = arrived.iter().filter(|(connection, _)| connection == name);
            met &= expected.clone().count() == own.clone().count();
            met &= expected.zip(own).all(|(expected, (_, received))| fits(&expected.node, received, vars));
        }
        if met {
            return Ok(());
        }
        let wanted: Vec<String> =
            step.expected.iter().flat_map(|each| wanted(&each.connection, &each.node)).collect();
        Err(format!("expected\n{}\nbut got\n{}", indent(&wanted), indent(&show(arrived))))
    }
}

fn fits(node: &Node, received: &Received, vars: &mut Vars) -> bool {
    match received {
        Received::Reply(reply) => matches(node, reply, vars),
        Received::Closed => node.line == "@closed",
        Received::Nothing | Received::Malformed(_) => false,
    }
}

/// Why a target does not take part, if it does not.
fn excuse(audience: &Audience, target: &dyn Target) -> Option<String> {
    let ours = target.since() >= (7, 2);
    match audience {
        Audience { engine_only: Some(reason), .. } if !ours => Some(reason.clone()),
        Audience { since: Some((major, minor)), .. } if target.since() < (*major, *minor) => {
            Some(format!("{} is older than {major}.{minor}", target.name()))
        }
        _ => None,
    }
}

fn prefix(connection: &str) -> String {
    if connection == "A" { "<".into() } else { format!("{connection}<") }
}

fn show(arrived: &[(String, Received)]) -> Vec<String> {
    let mut shown = Vec::new();
    for (connection, received) in arrived {
        let prefix = prefix(connection);
        let texts = match received {
            Received::Reply(reply) => lines(reply),
            Received::Closed => vec!["@closed".into()],
            Received::Nothing => Vec::new(),
            Received::Malformed(fault) => vec![format!("# not RESP: {fault}")],
        };
        shown.extend(texts.into_iter().map(|text| format!("{prefix} {text}")));
    }
    shown
}

fn wanted(connection: &str, node: &Node) -> Vec<String> {
    fn write(node: &Node, prefix: &str, depth: usize, lines: &mut Vec<String>) {
        lines.push(format!("{prefix} {}{}", "  ".repeat(depth), node.line));
        node.children.iter().for_each(|child| write(child, prefix, depth + 1, lines));
    }
    let mut lines = Vec::new();
    write(node, &prefix(connection), 0, &mut lines);
    lines
}

fn indent(lines: &[String]) -> String {
    if lines.is_empty() {
        return "    (nothing)".into();
    }
    lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// The script's text with corrected expectations; scripts that use the name `A` keep using it.
fn correct(script: &Script, corrections: Vec<((usize, usize), Vec<String>)>) -> String {
    let named = script.lines.iter().any(|line| line.starts_with("A>"));
    let mut lines = script.lines.clone();
    for ((from, to), new) in corrections.into_iter().rev() {
        let new = new
            .into_iter()
            .map(|line| if named && line.starts_with('<') { format!("A{line}") } else { line });
        lines.splice(from..to, new.collect::<Vec<_>>());
    }
    lines.join("\n") + "\n"
}

/// The messages of a list, for tests of other modules.
impl Outcome {
    /// Whether nothing was amiss.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_messages_with_their_connection() {
        let arrived = [
            ("A".to_owned(), Received::Reply(Reply::Array(vec![Reply::Integer(1)]))),
            ("B".to_owned(), Received::Closed),
        ];
        assert_eq!(show(&arrived), ["< *1", "<   :1", "B< @closed"]);
    }
}
