//! Scaffold.

use crate::command::Command;

pub(crate) const ROWS: &[Command] = &[];
