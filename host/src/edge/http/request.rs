//! What requests ask for: commands in a body of JSON, or in the path, with the query behind it.

use super::refusal::Refusal;
use sanderling_core::number::write_u64;
use serde::de::{self, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

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

/// Commands as they go over the wire, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Commands {
    wire: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Commands {
    /// One command.
    pub(super) fn one(words: &[impl AsRef<[u8]>]) -> Self {
        let mut commands = Self::default();
        commands.push(words);
        commands
    }

    /// Appends one.
    pub(super) fn push(&mut self, words: &[impl AsRef<[u8]>]) {
        let mut draft = Draft::default();
        for word in words {
            draft.push(word.as_ref());
        }
        draft.end(self);
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All of them.
    pub(super) fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// The words of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = Words<'_>> {
        (0..self.ends.len()).map(|nth| self.words(nth))
    }

    /// The words of one.
    pub(super) fn words(&self, nth: usize) -> Words<'_> {
        let start = if nth == 0 { 0 } else { self.ends[nth - 1] };
        let command = &self.wire[start..self.ends[nth]];
        Words(line(command).map_or(&[], |(_, words)| words))
    }

    /// The same without some of them.
    pub(super) fn without(&self, left_out: impl Fn(usize) -> bool) -> Self {
        let mut commands = Self::default();
        let mut start = 0;
        for (nth, &end) in self.ends.iter().enumerate() {
            if !left_out(nth) {
                commands.wire.extend_from_slice(&self.wire[start..end]);
                commands.ends.push(commands.wire.len());
            }
            start = end;
        }
        commands
    }
}

/// The words of a command.
#[derive(Clone)]
pub(super) struct Words<'a>(&'a [u8]);

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = line(self.0)?;
        let length: usize = str::from_utf8(length).ok()?.parse().ok()?;
        let word = rest.get(..length)?;
        self.0 = rest.get(length + LINE_BREAK.len()..)?;
        Some(word)
    }
}

const LINE_BREAK: &[u8] = b"\r\n";

/// The number that stands before a command or a word, and what comes behind it.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\r')?;
    Some((bytes.get(1..end)?, bytes.get(end + LINE_BREAK.len()..)?))
}

/// A command whose words are not all known yet, and so not their number either, which goes out before them.
#[derive(Default)]
struct Draft {
    words: Vec<u8>,
    count: usize,
}

impl Draft {
    fn push(&mut self, word: &[u8]) {
        push_number(&mut self.words, b'$', word.len());
        self.words.extend_from_slice(word);
        self.words.extend_from_slice(LINE_BREAK);
        self.count += 1;
    }

    /// Appends the command, and is ready for the next.
    fn end(&mut self, commands: &mut Commands) {
        push_number(&mut commands.wire, b'*', self.count);
        commands.wire.extend_from_slice(&self.words);
        commands.ends.push(commands.wire.len());
        self.words.clear();
        self.count = 0;
    }
}

fn push_number(wire: &mut Vec<u8>, kind: u8, number: usize) {
    wire.push(kind);
    write_u64(wire, number as u64);
    wire.extend_from_slice(LINE_BREAK);
}

/// The error that a command gets which only makes sense on a connection; nothing for all others.
pub(super) fn refused(mut command: Words<'_>) -> Option<String> {
    let name = command.next()?;
    let is_in =
        |names: &[&str], word: &[u8]| names.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(word));
    let upper = |word: &[u8]| String::from_utf8_lossy(word).to_uppercase();
    let told = if name.eq_ignore_ascii_case(b"CLIENT") {
        let word = command.next().filter(|word| is_in(&OF_CLIENT, word))?;
        format!("CLIENT {}", upper(word))
    } else if is_in(&OF_CONNECTIONS, name) {
        upper(name)
    } else {
        return None;
    };
    Some(format!("ERR Command is not available over HTTP: '{told}'. Use WebSocket or TCP"))
}

/// Whether a path asks for messages as they come.
pub(super) fn is_stream(path: &str) -> bool {
    let is_subscription =
        ["/subscribe/", "/psubscribe/", "/ssubscribe/"].iter().any(|start| path.starts_with(start));
    is_subscription || path == "/monitor"
}

/// Whether a command waits for something, and is answered by nothing if that does not come.
pub(super) fn is_blocking(mut command: Words<'_>) -> bool {
    let name = command.next().map(<[u8]>::to_ascii_uppercase).unwrap_or_default();
    ["BL", "BR", "BZ", "XREAD", "WAIT"].iter().any(|start| name.starts_with(start.as_bytes()))
}

/// The command of a body such as `["SET","key","value"]`.
pub(super) fn read_command(body: &[u8]) -> Result<Commands, Refusal> {
    read(body, "an array of a command and its arguments", false)
}

/// The commands of a body such as `[["SET","key","value"],["GET","key"]]`.
pub(super) fn read_commands(body: &[u8]) -> Result<Commands, Refusal> {
    read(body, "an array of commands", true)
}

/// The command of a path such as `/set/key/value?EX=60`: its segments, then the body if there is one, then names and
/// values of the query, but for the token.
pub(super) fn read_path(path: &str, query: &str, body: &[u8]) -> Result<Commands, Refusal> {
    let mut words = path[1..].split('/').map(decoded).collect::<Result<Vec<_>, _>>()?;
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
    Ok(Commands::one(&words))
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

/// Reads a body in one go: a command, or an array of them.
fn read(body: &[u8], wanted: &str, is_list: bool) -> Result<Commands, Refusal> {
    let text = str::from_utf8(body).map_err(|_| not_json())?;
    let mut reading = Reading::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = if is_list {
        AllCommands(&mut reading).deserialize(&mut deserializer)
    } else {
        OneCommand(&mut reading).deserialize(&mut deserializer)
    };
    match read.and_then(|()| deserializer.end()) {
        Ok(()) => Ok(reading.commands),
        Err(error) => Err(reading.refusal.unwrap_or_else(|| {
            // What is no JSON at all is told so.
            let is_json = error.is_data() && serde_json::from_str::<&RawValue>(text).is_ok();
            if is_json {
                Refusal::bad(format!("ERR the body has to be {wanted}, in JSON"))
            } else {
                not_json()
            }
        })),
    }
}

/// What a body holds so far.
#[derive(Default)]
struct Reading {
    commands: Commands,
    draft: Draft,
    /// Why it is not read to its end, if that is more than what it is not.
    refusal: Option<Refusal>,
}

impl Reading {
    /// Strings are what they say; everything else goes out as it was written: numbers keep all their digits, and objects
    /// their order.
    fn word(&mut self, value: &RawValue) -> Result<(), Refusal> {
        let text = value.get();
        if self.draft.count == WORDS_MAX {
            return Err(Refusal::bad(format!("ERR more than {WORDS_MAX} arguments")));
        }
        match text.as_bytes() {
            [b'"', plain @ .., b'"'] if !plain.contains(&b'\\') => self.draft.push(plain),
            [b'"', ..] => {
                let word: String = serde_json::from_str(text).map_err(|_| not_json())?;
                self.draft.push(word.as_bytes());
            }
            [b'[' | b'{', ..] if levels(text) > NESTING_LEVELS_MAX => {
                let message = format!("ERR the body is nested deeper than {NESTING_LEVELS_MAX} levels");
                return Err(Refusal::bad(message));
            }
            literal => self.draft.push(literal),
        }
        Ok(())
    }

    fn end_command(&mut self) -> Result<(), Refusal> {
        if self.commands.len() == COMMANDS_MAX {
            return Err(Refusal::bad(format!("ERR more than {COMMANDS_MAX} commands")));
        }
        self.draft.end(&mut self.commands);
        Ok(())
    }

    /// Ends the reading for a reason of our own.
    fn refuse<E: de::Error>(&mut self, refusal: Refusal) -> E {
        let error = E::custom(&refusal.message);
        self.refusal = Some(refusal);
        error
    }
}

/// An array of commands.
struct AllCommands<'r>(&'r mut Reading);

/// An array of words.
struct OneCommand<'r>(&'r mut Reading);

impl<'de> DeserializeSeed<'de> for AllCommands<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AllCommands<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of commands")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut commands: A) -> Result<(), A::Error> {
        while commands.next_element_seed(OneCommand(&mut *self.0))?.is_some() {}
        if self.0.commands.len() == 0 { Err(A::Error::custom("there is none")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for OneCommand<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for OneCommand<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of a command and its arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<(), A::Error> {
        while let Some(word) = words.next_element()? {
            self.0.word(word).map_err(|refusal| self.0.refuse(refusal))?;
        }
        if self.0.draft.count == 0 {
            return Err(A::Error::custom("there is no command"));
        }
        self.0.end_command().map_err(|refusal| self.0.refuse(refusal))
    }
}

/// How deep arrays and objects lie in a value that is one.
fn levels(text: &str) -> usize {
    let (mut depth, mut most, mut in_string, mut is_escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

fn not_json() -> Refusal {
    Refusal::bad("ERR the body is not JSON")
}
