//! The lock on a directory, so that no two servers keep their data in the same files.

use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// The file that is locked; it tells the process that has the lock.
pub(crate) const NAME: &str = "sanderling.lock";

/// A lock that is held as long as this is there. It goes with the process, however that ends.
pub(crate) struct Lock {
    _file: File,
}

/// Why a directory cannot be locked.
#[derive(Debug)]
pub enum LockError {
    /// Another process has the lock; its id, if the file tells it.
    Held(Option<u32>),
    /// The file cannot be opened or written.
    System(io::Error),
}

impl Lock {
    /// Locks a directory.
    pub(crate) fn take(dir: &Path) -> Result<Lock, LockError> {
        let path = dir.join(NAME);
        let mut options = File::options();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(LockError::System)?;
        if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if error != rustix::io::Errno::WOULDBLOCK {
                return Err(LockError::System(error.into()));
            }
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(LockError::Held(text.trim().parse().ok()));
        }
        let told = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        told.map_err(LockError::System)?;
        Ok(Lock { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_locked_once() {
        let dir = std::env::temp_dir().join(format!("sanderling-lock-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("there is room");
        let lock = Lock::take(&dir).expect("nobody else has it");
        let held = Lock::take(&dir).err().expect("it is held");
        assert!(matches!(held, LockError::Held(Some(pid)) if pid == std::process::id()));
        drop(lock);
        drop(Lock::take(&dir).expect("it is free again"));
        std::fs::remove_dir_all(&dir).expect("it is ours");
    }
}
