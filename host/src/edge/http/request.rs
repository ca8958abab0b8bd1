//! What requests ask for: commands in a body of JSON, or in the path, with the query behind it.

use super::refusal::Refusal;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How deep arrays and objects may lie in an argument that is JSON.
const NESTING_LEVELS_MAX: usize = 64;
/// Commands that a request may have.
const COMMANDS_MAX: usize = 100_000;
/// Words that a command may have, which is what the engine takes.
const WORDS_MAX: usize = 1 << 20;

/// Commands that would leave something behind on a connection, of which there is none between two requests.
const OF_CONNECTIONS: [&str; 23] = [
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "SSUBSCRIBE",
    "UNSUBSCRIBE",
    "PUNSUBSCRIBE",
    "SUNSUBSCRIBE",
    "MONITOR",
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH",
    "UNWATCH",
    "AUTH",
    "HELLO",
    "SELECT",
    "RESET",
    "QUIT",
    "SYNC",
    "PSYNC",
    "REPLCONF",
    "ASKING",
    "READONLY",
    "READWRITE",
];
/// The same of CLIENT.
const OF_CLIENT: [&str; 7] = ["REPLY", "TRACKING", "CACHING", "SETNAME", "SETINFO", "NO-EVICT", "NO-TOUCH"];

/// The words of a command.
pub(super) type Command = Vec<Vec<u8>>;

/// The error that a command gets which only makes sense on a connection; nothing for all others.
pub(super) fn refused(command: &[Vec<u8>]) -> Option<String> {
    let upper = |word: &Vec<u8>| String::from_utf8_lossy(word).to_uppercase();
    let mut name = upper(command.first()?);
    let is_refused = match command.get(1).filter(|_| name == "CLIENT") {
        Some(word) => {
            let word = upper(word);
            name = format!("{name} {word}");
            OF_CLIENT.contains(&word.as_str())
        }
        None => OF_CONNECTIONS.contains(&name.as_str()),
    };
    is_refused.then(|| format!("ERR Command is not available over HTTP: '{name}'. Use WebSocket or TCP"))
}

/// Whether a path asks for messages as they come.
pub(super) fn is_stream(path: &str) -> bool {
    let is_subscription =
        ["/subscribe/", "/psubscribe/", "/ssubscribe/"].iter().any(|start| path.starts_with(start));
    is_subscription || path == "/monitor"
}

/// Whether a command waits for something, and is answered by nothing if that does not come.
pub(super) fn is_blocking(command: &[Vec<u8>]) -> bool {
    let name = command.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    ["BL", "BR", "BZ", "XREAD", "WAIT"].iter().any(|start| name.starts_with(start.as_bytes()))
}

/// The command of a body such as `["SET","key","value"]`.
pub(super) fn read_command(body: &[u8]) -> Result<Command, Refusal> {
    command_of(checked(body, NESTING_LEVELS_MAX + 1)?, "an array of a command and its arguments")
}

/// The commands of a body such as `[["SET","key","value"],["GET","key"]]`.
pub(super) fn read_commands(body: &[u8]) -> Result<Vec<Command>, Refusal> {
    const WANTED: &str = "an array of commands";
    let text = checked(body, NESTING_LEVELS_MAX + 2)?;
    let commands = elements(text, WANTED)?;
    if commands.len() > COMMANDS_MAX {
        return Err(Refusal::bad(format!("ERR more than {COMMANDS_MAX} commands")));
    }
    commands.into_iter().map(|command| command_of(command.get(), WANTED)).collect()
}

/// The command of a path such as `/set/key/value?EX=60`: its segments, then the body if there is one, then names and
/// values of the query, but for the token.
pub(super) fn read_path(path: &str, query: &str, body: &[u8]) -> Result<Command, Refusal> {
    let mut words = path[1..].split('/').map(decoded).collect::<Result<Command, _>>()?;
    if !body.is_empty() {
        words.push(body.to_vec());
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("_token=")) {
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (pair, None),
        };
        for text in [Some(name), value].into_iter().flatten() {
            words.push(decoded(&text.replace('+', " "))?);
        }
    }
    Ok(words)
}

/// A part of an address as it was meant. A plus is a plus.
pub(super) fn decoded(text: &str) -> Result<Vec<u8>, Refusal> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or_else(|| Refusal::bad("ERR invalid percent-encoding in the address"))?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    Ok(bytes)
}

/// Appends a command as it goes over the wire.
pub(super) fn push_command(wire: &mut Vec<u8>, words: &[impl AsRef<[u8]>]) {
    wire.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        let word = word.as_ref();
        wire.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        wire.extend_from_slice(word);
        wire.extend_from_slice(b"\r\n");
    }
}

fn command_of(text: &str, wanted: &str) -> Result<Command, Refusal> {
    let words = elements(text, wanted)?;
    if words.len() > WORDS_MAX {
        return Err(Refusal::bad(format!("ERR more than {WORDS_MAX} arguments")));
    }
    words.into_iter().map(word_of).collect()
}

/// Strings are what they say; everything else goes out as it was written: numbers keep all their digits, and objects
/// their order.
fn word_of(value: &RawValue) -> Result<Vec<u8>, Refusal> {
    let text = value.get();
    if !text.starts_with('"') {
        return Ok(text.as_bytes().to_vec());
    }
    let word: Cow<'_, str> = serde_json::from_str(text).map_err(|_| not_json())?;
    Ok(word.into_owned().into_bytes())
}

fn elements<'a>(text: &'a str, wanted: &str) -> Result<Vec<&'a RawValue>, Refusal> {
    let refusal = || Refusal::bad(format!("ERR the body has to be {wanted}, in JSON"));
    if !text.trim_start().starts_with('[') {
        // What is no JSON at all is told so.
        serde_json::from_str::<&RawValue>(text).map_err(|_| not_json())?;
        return Err(refusal());
    }
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| not_json())?;
    if elements.is_empty() { Err(refusal()) } else { Ok(elements) }
}

fn not_json() -> Refusal {
    Refusal::bad("ERR the body is not JSON")
}

/// A body as text, if it is not nested too deep.
fn checked(body: &[u8], levels_max: usize) -> Result<&str, Refusal> {
    let text = str::from_utf8(body).map_err(|_| not_json())?;
    let (mut depth, mut in_string, mut is_escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > levels_max {
            let message = format!("ERR the body is nested deeper than {NESTING_LEVELS_MAX} levels");
            return Err(Refusal::bad(message));
        }
    }
    Ok(text)
}
