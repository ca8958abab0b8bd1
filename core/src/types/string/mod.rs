//! Strings: bytes, or integers in their decimal form. The structure is the keyspace's entry itself.

pub mod commands;
pub(crate) mod compare;
mod digest;
mod expiry;
pub(crate) mod increx;
mod lcs;
