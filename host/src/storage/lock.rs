//! The lock on a directory, so that no two processes keep their data in the same files: servers, and programs that have
//! opened it with the npm package, whose `wasm/js/lock.ts` does the same.
//!
//! It is a file that tells who has it. One that is complete gets its name by `link`, of which only one can succeed. What
//! a process that is gone has left is taken away by who first links a name that belongs to this very holder; if that one
//! goes in the midst of it, by who first links a name that belongs to both, and so on. So nobody takes away the lock of
//! another who was faster.

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, test_kill_process};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The file; it has the holder's process id and the beginning of that process.
pub(crate) const NAME: &str = "sanderling.lock";
/// How often others may be faster before it is given up.
const ATTEMPTS_MAX: usize = 100;

/// A lock that is held as long as this is there.
pub(crate) struct Lock {
    path: PathBuf,
    /// The kernel's lock on the file, which servers see also where they do not see each other's processes.
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

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        LockError::System(error)
    }
}

impl Lock {
    /// Locks a directory.
    pub(crate) fn take(dir: &Path) -> Result<Lock, LockError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let me = Holder::this_process();
        // The working directory may change while it is held.
        let dir = &dir.canonicalize()?;
        let own = dir.join(format!("{NAME}.new-{}-{}", me.pid, COUNT.fetch_add(1, Ordering::Relaxed)));
        let mut file = File::create(&own)?;
        let taken = writeln!(file, "{} {}", me.pid, me.start)
            .map_err(LockError::System)
            .and_then(|()| Self::take_as(dir, &own));
        // It has its other name, or none is needed.
        let _ = fs::remove_file(&own);
        let path = taken?;
        // Who only looks whether it is locked does so for a moment.
        flock(&file, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        Ok(Lock { path, _file: file })
    }

    /// Gives a complete file its name, as soon as no process that is there has a file of that name.
    fn take_as(dir: &Path, own: &Path) -> Result<PathBuf, LockError> {
        let path = dir.join(NAME);
        for _ in 0..ATTEMPTS_MAX {
            if link(own, &path)? {
                return Ok(path);
            }
            let Some(holder) = Holder::of(&path)? else { continue };
            if holder.is_there() || is_locked(&path) {
                return Err(LockError::Held((holder.pid != 0).then_some(holder.pid)));
            }
            take_away(own, &path, &holder)?;
        }
        Err(LockError::Held(None))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays is found to be left by a process that is gone.
        let _ = fs::remove_file(&self.path);
    }
}

/// Takes away what a holder has left that is gone, unless another one is about to, or has.
fn take_away(own: &Path, path: &Path, gone: &Holder) -> Result<(), LockError> {
    let mut names = Vec::new();
    let mut name = belonging_to(path, gone);
    while !link(own, &name)? {
        let Some(other) = Holder::of(&name)? else { return Ok(()) };
        if other.is_there() {
            return Err(LockError::Held(Some(other.pid)));
        }
        let next = belonging_to(&name, &other);
        names.push(name);
        name = next;
    }
    names.push(name);
    if Holder::of(path)?.as_ref() == Some(gone) {
        fs::remove_file(path)?;
    }
    // The last one is the one by which all of this may be done.
    for name in names {
        let _ = fs::remove_file(name);
    }
    Ok(())
}

/// The name of a file by which what this holder has left may be taken away.
fn belonging_to(path: &Path, holder: &Holder) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("-{holder}"));
    name.into()
}

/// Gives a file a name beside its own; `false` if there is a file of that name.
fn link(own: &Path, name: &Path) -> Result<bool, LockError> {
    match fs::hard_link(own, name) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether another server has the kernel's lock on it.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
}

/// A process that has a lock, or had one.
#[derive(PartialEq, Eq, Debug)]
struct Holder {
    pid: u32,
    /// When it began, as the system counts; 0 where that cannot be known. Process ids are given again.
    start: u64,
}

impl Holder {
    fn this_process() -> Holder {
        let pid = std::process::id();
        Holder { pid, start: start_of(pid).unwrap_or(0) }
    }

    /// Who has written a file; `None` if there is none. What cannot be read was left by nobody who is there.
    fn of(path: &Path) -> Result<Option<Holder>, LockError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8_lossy(&text);
        let mut numbers = text.split_ascii_whitespace().map(|word| word.parse().ok());
        let mut next = || numbers.next().flatten().unwrap_or(0);
        let (pid, start) = (next(), next());
        Ok(Some(Holder { pid: u32::try_from(pid).unwrap_or(0), start }))
    }

    fn is_there(&self) -> bool {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return false };
        if Path::new("/proc/self/stat").exists() {
            return start_of(self.pid).is_some_and(|start| self.start == 0 || start == self.start);
        }
        !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.start)
    }
}

/// When a process began, in ticks since the system did, as Linux tells it; `None` if it is gone, or has ended.
fn start_of(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may have anything in it.
    let mut words = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = words.next()?;
    // The state is the third word, the beginning the 22nd.
    words.nth(18)?.parse().ok().filter(|_| !matches!(state, "Z" | "X"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("sanderling-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("there is room");
        dir
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).expect("it is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("it is there").file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_directory_is_locked_once() {
        let dir = directory("lock");
        let lock = Lock::take(&dir).expect("nobody else has it");
        let held = Lock::take(&dir).err().expect("it is held");
        assert!(matches!(held, LockError::Held(Some(pid)) if pid == std::process::id()));
        drop(lock);
        drop(Lock::take(&dir).expect("it is free again"));
        assert!(names(&dir).is_empty());
        fs::remove_dir_all(&dir).expect("it is ours");
    }

    #[test]
    fn what_a_process_that_is_gone_has_left_is_taken_away() {
        let dir = directory("stale-lock");
        let me = Holder::this_process();
        // Another process of the same number, one that has written nothing, and a server of before this form.
        let gone = Holder { start: me.start + 1, ..me };
        for text in [format!("{} {}\n", gone.pid, gone.start), String::new(), "4000000\n".to_owned()] {
            fs::write(dir.join(NAME), text).expect("there is room");
            drop(Lock::take(&dir).expect("nobody has it"));
            assert!(names(&dir).is_empty());
        }
        // The one that was about to take it away is gone as well.
        fs::write(dir.join(NAME), "4000000 1\n").expect("there is room");
        fs::write(dir.join(format!("{NAME}-4000000-1")), "4000001 2\n").expect("there is room");
        let lock = Lock::take(&dir).expect("nobody has it");
        assert_eq!(names(&dir), [NAME]);
        drop(lock);
        // Or it is not.
        fs::write(dir.join(NAME), "4000000 1\n").expect("there is room");
        fs::write(dir.join(format!("{NAME}-4000000-1")), format!("{} {}\n", me.pid, me.start)).unwrap();
        assert!(matches!(Lock::take(&dir), Err(LockError::Held(Some(pid))) if pid == me.pid));
        fs::remove_dir_all(&dir).expect("it is ours");
    }
}
