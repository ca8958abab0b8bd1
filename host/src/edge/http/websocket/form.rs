//! What messages mean, which the two sides have agreed on.

use super::super::conversation::{Held, REPLY_BYTES_MAX};
use super::super::reply::{Replies, error_of, is_push, push_item, push_json, push_string};
use super::super::request::{Commands, read_command};
use super::frames::push_message;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tungstenite::protocol::frame::coding::CloseCode;

/// What the engine says of a command that there is not, around its name.
const UNKNOWN_START: &str = "ERR unknown command '";
const UNKNOWN_END: &str = "', with args beginning with: ";
/// How the errors begin that this has for messages.
const ERROR_START: &str = "ERR ";

/// A subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subprotocol {
    /// Bytes of Redis's protocol, however they are cut into messages.
    Resp,
    /// Each message is a command in JSON, or what comes of one.
    Json,
}

impl Subprotocol {
    /// All of them, as their names are told.
    pub(super) const NAMES: &str = "resp and json";

    /// The one of a name, if it is one.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Resp, Self::Json].into_iter().find(|known| known.name() == name)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Resp => "resp",
            Self::Json => "json",
        }
    }
}

/// Translates between messages and what the engine takes and gives.
pub(super) enum Form {
    Resp,
    Json(Box<Json>),
}

impl Form {
    /// Appends what a piece of a message is for the engine; the code to close with if it cannot be anything.
    pub(super) fn push_input(
        &mut self,
        input: &mut Vec<u8>,
        bytes: &[u8],
        is_text: bool,
        is_end: bool,
    ) -> Result<(), CloseCode> {
        match self {
            Self::Resp => {
                input.extend_from_slice(bytes);
                Ok(())
            }
            Self::Json(_) if !is_text => Err(CloseCode::Unsupported),
            Self::Json(json) => json.push_input(input, bytes, is_end),
        }
    }

    /// Appends messages of what comes from the engine; the code to close with if it cannot be said.
    pub(super) fn push_output(&mut self, out: &mut Vec<u8>, piece: &[u8]) -> Result<(), CloseCode> {
        match self {
            Self::Resp => {
                push_message(out, piece, false);
                Ok(())
            }
            Self::Json(json) => json.push_output(out, piece),
        }
    }
}

/// Commands and replies in JSON, which only make sense as a whole.
pub(super) struct Json {
    /// What has come of a message.
    message: Vec<u8>,
    message_bytes_max: usize,
    replies: Replies,
    /// Counts both, among what all requests keep.
    held: Held,
    total: Arc<AtomicUsize>,
}

impl Json {
    /// With messages of so many bytes at most.
    pub(super) fn new(message_bytes_max: usize, total: &Arc<AtomicUsize>) -> Self {
        Self {
            message: Vec::new(),
            message_bytes_max,
            replies: Replies::default(),
            held: Held::new(total),
            total: Arc::clone(total),
        }
    }

    fn push_input(&mut self, input: &mut Vec<u8>, bytes: &[u8], is_end: bool) -> Result<(), CloseCode> {
        if self.message.len() + bytes.len() > self.message_bytes_max {
            return Err(CloseCode::Size);
        }
        self.hold(bytes.len())?;
        self.message.extend_from_slice(bytes);
        if is_end {
            // The replies to what came before come first, and only the engine knows when these are through. It knows no
            // command of the name of an error, and says so when it is its turn.
            let command = read_command(&std::mem::take(&mut self.message)).unwrap_or_else(|refusal| {
                Commands::one(&[refusal.message.replacen("the body", "the message", 1)])
            });
            input.extend_from_slice(command.wire());
        }
        self.let_go();
        Ok(())
    }

    fn push_output(&mut self, out: &mut Vec<u8>, piece: &[u8]) -> Result<(), CloseCode> {
        self.hold(piece.len())?;
        self.replies.push(piece);
        for reply in self.replies.take().0.iter() {
            push_message(out, &json_of(reply), true);
        }
        if self.replies.bytes() > REPLY_BYTES_MAX {
            return Err(CloseCode::Size);
        }
        self.let_go();
        Ok(())
    }

    fn hold(&mut self, bytes: usize) -> Result<(), CloseCode> {
        if self.held.grow(bytes) { Ok(()) } else { Err(CloseCode::Again) }
    }

    /// Nothing is kept between messages.
    fn let_go(&mut self) {
        if self.message.is_empty() && self.replies.bytes() == 0 {
            self.held = Held::new(&self.total);
        }
    }
}

/// A reply, or what the engine says on its own account.
fn json_of(reply: &[u8]) -> Vec<u8> {
    let mut json = Vec::new();
    if is_push(reply) {
        json.extend_from_slice(b"{\"push\":");
        push_json(&mut json, reply, false);
        json.push(b'}');
    } else if let Some(error) = error_of(reply).as_deref().and_then(own_error) {
        json.extend_from_slice(b"{\"error\":");
        push_string(&mut json, error.as_bytes());
        json.push(b'}');
    } else {
        push_item(&mut json, reply, false);
    }
    json
}

/// The error of a message that was no command, which the engine has taken for the name of one.
fn own_error(error: &str) -> Option<&str> {
    let name = error.strip_prefix(UNKNOWN_START)?.strip_suffix(UNKNOWN_END)?;
    name.starts_with(ERROR_START).then_some(name)
}
