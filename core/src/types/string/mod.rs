//! Strings: bytes, or integers in their decimal form.

pub mod commands;
