//! Strings: bytes, or integers in their decimal form. The structure is the keyspace's entry itself.

pub(crate) mod commands;
