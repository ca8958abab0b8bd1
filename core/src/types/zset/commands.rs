//! The commands of sorted sets.

use crate::command::Command;

pub(crate) const ROWS: &[Command] = &[];
