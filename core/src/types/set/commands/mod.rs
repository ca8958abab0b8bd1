//! The commands of sets.

mod algebra;
mod members;
mod random;

use crate::command::Command;

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] = &[algebra::ROWS, members::ROWS, random::ROWS];
