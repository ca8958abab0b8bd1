//! What every other module may use, and what uses none of them but [`number`](crate::number): bytes, hashes, patterns,
//! random numbers, memory that is asked for before it is taken, and the errors that commands end with.

/// Names a connection between engine and host; small, and reused after the connection has gone.
pub type ConnId = u32;

pub(crate) mod bytes;
pub(crate) mod crc64;
pub(crate) mod error;
pub(crate) mod glob;
pub(crate) mod hash;
pub(crate) mod memory;
pub(crate) mod numbered;
pub(crate) mod random;
pub(crate) mod relocate;
pub(crate) mod secret;
pub(crate) mod sha1;
pub(crate) mod sha256;
