//! Every error that a command can end with, and its exact text on the wire.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// Longest part of a client's own bytes that is quoted in an error, in bytes.
const QUOTED_BYTES_MAX: usize = 128;

/// Why a command failed. The texts are Redis's, since clients match on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The key holds another type.
    WrongType,
    /// Options that do not fit together or are unknown.
    Syntax,
    /// An argument should be a 64-bit integer.
    NotInteger,
    /// An argument should be a 32-bit integer.
    NotSmallInteger,
    /// An argument should be a floating-point number.
    NotFloat,
    /// An argument lies outside its range.
    OutOfRange,
    /// An increment would leave the 64-bit range.
    Overflow,
    /// An increment would give NaN or infinity.
    NanOrInfinity,
    /// The key must exist.
    NoSuchKey,
    /// Memory would pass its limit.
    OutOfMemory,
    /// More is used than `maxmemory` allows.
    OverMaxmemory,
    /// The string would pass its limit.
    StringTooLong,
    /// A database index that does not exist.
    DbIndex,
    /// The number of arguments does not fit; the command's full name in lower case.
    Arity(String),
    /// Source and destination must differ.
    SameObject,
    /// Not authenticated yet.
    NoAuth,
    /// Wrong user name or password.
    WrongPass,
    /// A text with its code, such as `ERR min or max is not a float`.
    Text(&'static str),
    /// The same, made at run time.
    Owned(String),
    /// The same, with bytes of the client's in it.
    Quoting(Vec<u8>),
}

impl Error {
    /// An error whose text quotes what the client sent, up to a zero byte, as C's `%s` does.
    pub fn quoting(before: &str, quoted: &[u8], after: &str) -> Error {
        Error::Quoting([before.as_bytes(), until_zero(quoted, QUOTED_BYTES_MAX), after.as_bytes()].concat())
    }

    /// The same, however long it is.
    pub fn quoting_all(before: &str, quoted: &[u8], after: &str) -> Error {
        Error::Quoting([before.as_bytes(), until_zero(quoted, usize::MAX), after.as_bytes()].concat())
    }

    /// `ERR invalid expire time in '…' command`.
    pub fn invalid_expire(command: &str) -> Error {
        Error::Owned(alloc::format!("ERR invalid expire time in '{command}' command"))
    }

    /// The text with its code, without the leading `-` and the line end.
    pub fn text(&self) -> Cow<'_, [u8]> {
        let text = match self {
            Error::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            Error::Syntax => "ERR syntax error",
            Error::NotInteger => "ERR value is not an integer or out of range",
            Error::NotSmallInteger => {
                "ERR value is out of range, value must between -2147483648 and 2147483647"
            }
            Error::NotFloat => "ERR value is not a valid float",
            Error::OutOfRange => "ERR index out of range",
            Error::Overflow => "ERR increment or decrement would overflow",
            Error::NanOrInfinity => "ERR increment would produce NaN or Infinity",
            Error::NoSuchKey => "ERR no such key",
            Error::OutOfMemory => "OOM command not allowed when all memory is used.",
            Error::OverMaxmemory => "OOM command not allowed when used memory > 'maxmemory'.",
            Error::StringTooLong => "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            Error::DbIndex => "ERR DB index is out of range",
            Error::SameObject => "ERR source and destination objects are the same",
            Error::NoAuth => "NOAUTH Authentication required.",
            Error::WrongPass => "WRONGPASS invalid username-password pair or user is disabled.",
            Error::Arity(command) => {
                let text = alloc::format!("ERR wrong number of arguments for '{command}' command");
                return Cow::Owned(text.into_bytes());
            }
            Error::Text(text) => text,
            Error::Owned(text) => text,
            Error::Quoting(bytes) => return Cow::Borrowed(bytes),
        };
        Cow::Borrowed(text.as_bytes())
    }
}

/// The first bytes up to a zero byte, at most `most`.
pub(crate) fn until_zero(bytes: &[u8], most: usize) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    &bytes[..end.min(most)]
}
