//! The commands of streams.

use crate::command::Command;

pub(crate) const ROWS: &[Command] = &[];
