//! The commands of hashes.

mod combined;
mod deadlines;
mod read;
mod write;

use crate::command::{Arg, Command, block, integer, string};

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] = &[combined::ROWS, deadlines::ROWS, read::ROWS, write::ROWS];

const FIELDS: Arg = block("fields", &[integer("numfields"), string("field").multiple()]).after("FIELDS");
