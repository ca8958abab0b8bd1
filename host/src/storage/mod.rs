//! The server's files of data.

pub(crate) mod disk;
