//! What every other module may use, and what uses none of them but [`number`](crate::number): bytes, hashes, patterns,
//! random numbers, memory that is asked for before it is taken, and the errors that commands end with.

/// Names a connection between engine and host; small, and reused after the connection has gone.
pub type ConnId = u32;

pub mod bytes;
pub mod crc64;
pub mod error;
pub mod glob;
pub mod hash;
pub mod memory;
pub mod random;
pub(crate) mod relocate;
pub(crate) mod secret;
pub mod sha1;
pub(crate) mod sha256;
