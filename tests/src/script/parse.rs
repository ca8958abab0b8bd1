//! The text of a script as steps. Keeps line numbers, so that failures and blessing find their place.

use std::time::Duration;

use super::pattern::Node;
use crate::text::unquote;

/// A whole script.
#[derive(Clone, Debug)]
pub struct Script {
    /// The file's lines, for rewriting.
    pub lines: Vec<String>,
    /// Whom the whole script is for.
    pub audience: Audience,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Which servers a step is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Not sent to older servers.
    pub since: Option<(u32, u32)>,
    /// Sent to older servers, but their reply is not compared.
    pub reply_since: Option<(u32, u32)>,
    /// Why only our own engine can take part.
    pub engine_only: Option<String>,
}

/// One thing that the client does, and all that must come of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Index of its line.
    pub line: usize,
    /// Who takes part.
    pub audience: Audience,
    /// What the client does.
    pub kind: StepKind,
    /// What must arrive, for each connection in order.
    pub expected: Vec<Expected>,
    /// The lines of the expectation, from and to.
    pub expected_lines: (usize, usize),
}

/// What a client does in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Sends a request.
    Request {
        /// On which connection.
        connection: String,
        /// Its arguments.
        words: Vec<Word>,
    },
    /// Sends bytes as they are.
    Raw {
        /// On which connection.
        connection: String,
        /// What is sent.
        bytes: Vec<u8>,
    },
    /// Closes its connection.
    Close {
        /// Which one.
        connection: String,
    },
    /// Waits.
    Advance(Duration),
}

/// A word of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its bytes as written.
    pub bytes: Vec<u8>,
    /// Whether `{NAME}` in it stands for a variable: only in bare words.
    pub bare: bool,
}

/// A message that must arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// On which connection.
    pub connection: String,
    /// What it is; the line `@closed` for the end of the connection.
    pub node: Node,
}

/// Reads a script; the error names the line.
pub fn parse(text: &str) -> Result<Script, String> {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut script = Script { lines: Vec::new(), audience: Audience::default(), steps: Vec::new() };
    let mut pending = Audience::default();
    for (index, line) in lines.iter().enumerate() {
        parse_line(line, index, &mut script, &mut pending)
            .map_err(|why| format!("line {}: {why}", index + 1))?;
    }
    script.lines = lines;
    Ok(script)
}

fn parse_line(line: &str, index: usize, script: &mut Script, pending: &mut Audience) -> Result<(), String> {
    let content = line.trim_end();
    if content.is_empty() || content.starts_with('#') {
        return Ok(());
    }
    let name_end = content.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(content.len());
    let (name, rest) = content.split_at(name_end);
    if let Some(rest) = rest.strip_prefix('<') {
        let step = script.steps.last_mut().ok_or("an expectation before the first step")?;
        step.expected_lines.1 = index + 1;
        return expectation(connection(name), rest.strip_prefix(' ').unwrap_or(rest), &mut step.expected);
    }
    let kind = if let Some(rest) = rest.strip_prefix(">>") {
        let words = words(rest)?;
        StepKind::Raw {
            connection: connection(name),
            bytes: words.into_iter().flat_map(|word| word.bytes).collect(),
        }
    } else if let Some(rest) = rest.strip_prefix('>') {
        StepKind::Request { connection: connection(name), words: words(rest)? }
    } else if let Some(rest) = content.strip_prefix("@script ") {
        return audience(rest, &mut script.audience);
    } else if let Some(rest) = content.strip_prefix("@close ") {
        StepKind::Close { connection: rest.trim().into() }
    } else if let Some(rest) = content.strip_prefix("@advance ") {
        StepKind::Advance(duration(rest.trim())?)
    } else if let Some(rest) = content.strip_prefix('@') {
        return audience(rest, pending);
    } else {
        return Err(format!("neither a step nor an expectation: {content:?}"));
    };
    script.steps.push(Step {
        line: index,
        audience: std::mem::take(pending),
        kind,
        expected: Vec::new(),
        expected_lines: (index + 1, index + 1),
    });
    Ok(())
}

fn connection(name: &str) -> String {
    if name.is_empty() { "A".into() } else { name.into() }
}

fn audience(text: &str, audience: &mut Audience) -> Result<(), String> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "since" => audience.since = Some(version(rest)?),
        "reply-since" => audience.reply_since = Some(version(rest)?),
        "engine-only" if !rest.is_empty() => audience.engine_only = Some(rest.into()),
        "engine-only" => return Err("@engine-only needs a reason".into()),
        _ => return Err(format!("unknown directive @{word}")),
    }
    Ok(())
}

fn version(text: &str) -> Result<(u32, u32), String> {
    let parse = |part: &str| part.parse().map_err(|_| format!("{text:?} is no version"));
    let (major, minor) = text.trim().split_once('.').ok_or_else(|| format!("{text:?} is no version"))?;
    Ok((parse(major)?, parse(minor)?))
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|char: char| !char.is_ascii_digit()).ok_or("a duration needs a unit")?;
    let number: u64 = text[..digits].parse().map_err(|_| format!("{text:?} is no duration"))?;
    match &text[digits..] {
        "us" => Ok(Duration::from_micros(number)),
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        unit => Err(format!("unknown unit {unit:?}")),
    }
}

fn expectation(connection: String, text: &str, expected: &mut Vec<Expected>) -> Result<(), String> {
    let line = text.trim_start_matches(' ');
    let indent = text.len() - line.len();
    let node = Node { line: line.into(), children: Vec::new() };
    if indent == 0 {
        expected.push(Expected { connection, node });
        return Ok(());
    }
    let owner = expected.last_mut().filter(|owner| owner.connection == connection);
    let mut parent = &mut owner.ok_or("an indented line without one above it")?.node;
    for _ in 1..indent / 2 {
        parent = parent.children.last_mut().ok_or("indented too deeply")?;
    }
    if indent % 2 == 1 {
        return Err("indentation is by two spaces".into());
    }
    parent.children.push(node);
    Ok(())
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut rest = text.trim_start();
    let mut words = Vec::new();
    while !rest.is_empty() {
        let word;
        if rest.starts_with('"') {
            let (bytes, after) = unquote(rest)?;
            let (times, after) = repetition(after)?;
            word = Word { bytes: bytes.repeat(times), bare: false };
            rest = after;
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            word = Word { bytes: rest.as_bytes()[..end].to_vec(), bare: true };
            rest = &rest[end..];
        }
        if !rest.is_empty() && !rest.starts_with(' ') {
            return Err(format!("a space is missing before {rest:?}"));
        }
        words.push(word);
        rest = rest.trim_start();
    }
    if words.is_empty() { Err("nothing to send".into()) } else { Ok(words) }
}

fn repetition(text: &str) -> Result<(usize, &str), String> {
    let Some(rest) = text.strip_prefix('*') else { return Ok((1, text)) };
    let end = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    let times = rest[..end].parse().map_err(|_| format!("bad repetition {text:?}"))?;
    Ok((times, &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_steps_and_expectations() {
        let script =
            parse("# why\nB> SET {id} \"a b\"*2\nB< *2\nB<   *1\nB<     :1\nB<   +x\n< _\n@advance 5ms\n")
                .unwrap();
        assert_eq!(script.steps.len(), 2);
        let step = &script.steps[0];
        let StepKind::Request { connection, words } = &step.kind else { panic!("a request") };
        assert_eq!(connection, "B");
        assert_eq!(words[2].bytes, b"a ba b");
        assert!(words[1].bare && !words[2].bare);
        assert_eq!(step.expected.len(), 2);
        assert_eq!(step.expected[0].node.children.len(), 2);
        assert_eq!(step.expected[0].node.children[0].children[0].line, ":1");
        assert_eq!(step.expected_lines, (2, 7));
        assert_eq!(script.steps[1].kind, StepKind::Advance(Duration::from_millis(5)));
    }

    #[test]
    fn names_the_faulty_line() {
        assert!(parse("> PING\nwhat\n").unwrap_err().starts_with("line 2:"));
        assert!(parse("< +OK\n").is_err());
        assert!(parse("@engine-only\n> PING\n").is_err());
        assert!(parse("> SET \"open\n").is_err());
    }
}
