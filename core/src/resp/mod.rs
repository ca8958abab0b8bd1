//! The Redis serialisation protocol: requests in, replies out.
//!
//! Requests are arrays of bulk strings or inline commands; replies follow RESP2 or RESP3 as the connection
//! has chosen with HELLO. Format: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.

pub(crate) mod args;
mod parse;
mod skip;
mod write;

pub(crate) use parse::{Limits, Parsed, Parser, short_second_argument, split_inline};
pub(crate) use skip::{Skip, Skipped};
pub(crate) use write::{Protocol, Reply};
