//! The commands of HyperLogLog.

mod debug;
mod sketch;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use super::Encoding;
use crate::base::error::Error;
use crate::command::Command;
use crate::command::context::Context;
use crate::keyspace::{Entry, ValueRef};

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] = &[debug::ROWS, sketch::ROWS];

/// The encoding of the sketch in an entry.
fn encoding_of(entry: &Entry) -> Result<Encoding, Error> {
    const NO_SKETCH: Error = Error::Text("WRONGTYPE Key is not a valid HyperLogLog string value.");
    match entry.value() {
        ValueRef::Bytes(bytes) => Encoding::of(bytes).ok_or(NO_SKETCH),
        ValueRef::Int(_) => Err(NO_SKETCH),
        _ => Err(Error::WrongType),
    }
}

/// The bytes of an entry that is known to hold a sketch.
fn bytes_of(entry: &Entry) -> &[u8] {
    match entry.value() {
        ValueRef::Bytes(bytes) => bytes,
        _ => unreachable!("a sketch is stored as bytes"),
    }
}

/// Lets `change` work on the sketch at a key, which is known to be there.
fn change<T>(ctx: &mut Context<'_>, key: &[u8], change: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let mut result = None;
    let entry = ctx.store.write(key).expect("the sketch is there");
    entry.change_bytes(|bytes| result = Some(change(bytes)));
    result.expect("the change was made")
}
