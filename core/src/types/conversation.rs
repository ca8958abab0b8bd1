//! A client of an engine of its own, for the tests of commands.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{ConnId, Engine, Options, Output, Peer};

/// One connection to one engine. Replies are shown with a space for each line end, without the last.
pub(crate) struct Conversation {
    engine: Engine,
    conn: ConnId,
    /// The effects of the last request, shown in the same way.
    pub(crate) effects: String,
}

impl Conversation {
    pub(crate) fn new() -> Conversation {
        let options = Options { effects: true, ..Options::default() };
        let mut engine = Engine::new(options, [7; 16], 1_000_000);
        let conn = engine.connect(1_000_000, Peer { addr: "", laddr: "", unix: false });
        Conversation { engine, conn, effects: String::new() }
    }

    /// Sends one request, its words given with spaces between.
    pub(crate) fn ask(&mut self, request: &str) -> String {
        let words: Vec<&[u8]> = request.split_ascii_whitespace().map(str::as_bytes).collect();
        self.ask_words(&words)
    }

    pub(crate) fn ask_words(&mut self, words: &[&[u8]]) -> String {
        let mut input = alloc::format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            input.extend_from_slice(alloc::format!("${}\r\n", word.len()).as_bytes());
            input.extend_from_slice(word);
            input.extend_from_slice(b"\r\n");
        }
        self.engine.handle_input(1_000_000, self.conn, &input);
        let (mut reply, mut effects) = (Vec::new(), Vec::new());
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Write { bytes, .. } => reply.extend_from_slice(bytes),
                Output::Append { bytes } => effects.extend_from_slice(bytes),
                _ => {}
            }
        }
        self.effects = shown(&effects);
        shown(&reply)
    }

    /// Asks and compares, request after request.
    pub(crate) fn check(&mut self, lines: &[(&str, &str)]) {
        for (request, reply) in lines {
            assert_eq!(self.ask(request), *reply, "{request}");
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", " ").trim_end().into()
}
