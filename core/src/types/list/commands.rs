//! The commands of lists.

use crate::command::Command;

pub(crate) const ROWS: &[Command] = &[];
