//! Lists: a deque of packed chunks.

pub mod commands;

pub use crate::structures::List;
