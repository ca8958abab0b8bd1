//! The commands of sets.

use crate::command::Command;

pub(crate) const ROWS: &[Command] = &[];
