//! What the log needs of a file system, or of what takes its place.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no file of that name.
    NotFound,
    /// The storage is full, or a quota is used up.
    NoSpace,
    /// Anything else, as the operating system words it.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotFound => f.write_str("No such file or directory"),
            Failure::NoSpace => f.write_str("No space left on device"),
            Failure::Other(text) => f.write_str(text),
        }
    }
}

/// The operations of one directory. Names are names in it, without a path.
///
/// What was written is durable once [`Disk::sync`] has returned for its file; that a file is there, has another name or is
/// gone is durable once [`Disk::sync_dir`] has.
pub trait Disk {
    /// The files that there are.
    fn list(&mut self) -> Result<Vec<String>, Failure>;
    /// Bytes of a file.
    fn len(&mut self, name: &str) -> Result<u64, Failure>;
    /// Reads from `at` on into `room`; how many bytes there were, less than asked for only at the end.
    fn read(&mut self, name: &str, at: u64, room: &mut [u8]) -> Result<usize, Failure>;
    /// Makes an empty file, in place of one of that name.
    fn create(&mut self, name: &str) -> Result<(), Failure>;
    /// Writes at `at`, which is at most the file's length; how many bytes it took, fewer than given only if the next
    /// call would fail. After a failure any part may have been written.
    fn write(&mut self, name: &str, at: u64, bytes: &[u8]) -> Result<usize, Failure>;
    /// Cuts a file off.
    fn truncate(&mut self, name: &str, len: u64) -> Result<(), Failure>;
    /// Makes what was written to a file durable. After a failure nobody knows what is, and another success says
    /// nothing of it.
    fn sync(&mut self, name: &str) -> Result<(), Failure>;
    /// Makes the names durable.
    fn sync_dir(&mut self) -> Result<(), Failure>;
    /// Gives a file another name, in place of the file of that name.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), Failure>;
    /// Takes a file away.
    fn remove(&mut self, name: &str) -> Result<(), Failure>;
}

/// Writes all of `bytes`, or as much as the disk takes; how many that were, and why not all.
pub(crate) fn write_all<D: Disk>(
    disk: &mut D,
    name: &str,
    at: u64,
    bytes: &[u8],
) -> (usize, Option<Failure>) {
    let mut written = 0;
    while written < bytes.len() {
        match disk.write(name, at + written as u64, &bytes[written..]) {
            Ok(0) => return (written, Some(Failure::NoSpace)),
            Ok(count) => written += count,
            Err(failure) => return (written, Some(failure)),
        }
    }
    (written, None)
}

/// Puts a file of this text in the place of `name`, all of it or nothing; it is durable afterwards.
pub fn replace<D: Disk>(disk: &mut D, name: &str, temporary: &str, text: &[u8]) -> Result<(), Failure> {
    disk.create(temporary)?;
    if let (_, Some(failure)) = write_all(disk, temporary, 0, text) {
        return Err(failure);
    }
    disk.sync(temporary)?;
    disk.rename(temporary, name)?;
    disk.sync_dir()
}
