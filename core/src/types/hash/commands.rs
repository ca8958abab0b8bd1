//! The commands of hashes.

use crate::command::Command;

pub(crate) const ROWS: &[Command] = &[];
