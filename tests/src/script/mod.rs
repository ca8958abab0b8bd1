//! Conversation scripts: requests and the exact replies to them, readable by people.
//!
//! ```text
//! # A comment says why the conversation is worth having.
//! > SET key "va\r\nlue" EX 10
//! < +OK
//! > LRANGE list 0 -1
//! < *2
//! <   "a"
//! <   "b"
//! ```
//!
//! **Steps.** `> WORDS` sends one request as an array of bulk strings. `>> "BYTES" "BYTES"` sends raw bytes.
//! A word is bare or quoted (`\r \n \t \" \\ \x00`), and `"ab"*1000` repeats it. A name before the sign
//! chooses the connection: `B> BLPOP list 0`; without a name it is the connection called `A`. A connection
//! opens when it is first used. `@close B` closes it from the client's side. `@advance 1500ms` lets time
//! pass (`us`, `ms`, `s`).
//!
//! **Expectations** follow their step: every message that arrives anywhere because of it, in order for each
//! connection, in the form of [`crate::text`]. None means that nothing must arrive: the client is blocked, or
//! `CLIENT REPLY` is off. A message of another connection carries its name: `B< *2`. `B< @closed` says that
//! the server closed that connection.
//!
//! **Patterns** stand where a value is legitimately arbitrary: `@any` for any whole reply, `@match GLOB` for a
//! line of that shape (`*` and `?`), `@as NAME` for any scalar, which later requests use as `{NAME}`.
//! `@unordered *3` (or `~3`) takes the elements in any order, `@pairs *4` the pairs of a flat array or of
//! a map (`@pairs %2`).
//!
//! **Versions.** Before a step, `@since 7.2` says that older servers do not know it and are not sent it;
//! `@reply-since 7.2` that they answer differently and are not compared; `@engine-only REASON` that
//! redis-server is not sent it at all. `@script since 7.2` or `@script engine-only REASON` in the first lines
//! says it of the whole file.
//!
//! With `SANDERLING_BLESS=1` expectations that redis-server does not meet are rewritten by what it said.

mod parse;
mod pattern;
mod run;

pub use parse::{Audience, Expected, Script, Step, StepKind, parse};
pub use pattern::{Node, Vars, glob, matches};
pub use run::{Outcome, run};
