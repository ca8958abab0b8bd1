//! A directory as the log sees it.

use crate::progress::{Lines, Progress, megabytes};
use rustix::io::Errno;
use sanderling_persist::{Disk, Failure};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Who may read the files: their owner and its group, as with Redis.
const FILE_MODE: u32 = 0o644;

/// A directory of the file system, whose files stay open once they were written to.
pub(crate) struct Directory {
    path: PathBuf,
    open: HashMap<String, File>,
    /// Whether what is to be durable is left to [`Directory::settle`].
    postpones: bool,
    /// What is told how far a file is read.
    watch: Option<Watch>,
}

/// Is told a name, and how many bytes of that file are read of how many.
type Watch = Box<dyn FnMut(&str, u64, u64)>;

impl Directory {
    /// The directory at a path.
    pub(crate) fn new(path: &Path) -> Directory {
        Directory { path: path.to_owned(), open: HashMap::new(), postpones: false, watch: None }
    }

    /// The same, which tells how far files are read.
    pub(crate) fn watched(self, lines: Lines) -> Directory {
        let mut progress: Option<(String, Progress)> = None;
        let watch = move |name: &str, at: u64, len: u64| {
            if progress.as_ref().is_none_or(|(of, _)| of != name) {
                progress = Some((name.to_owned(), Progress::begin(format!("checking {name}"), lines)));
            }
            if let Some((_, progress)) = &mut progress {
                progress.tell(at, len, || megabytes(len));
            }
        };
        Directory { watch: Some(Box::new(watch)), ..self }
    }

    /// The same on a disk that fails to make anything durable. Whoever uses it promises nothing to anyone before
    /// [`Directory::settle`].
    pub(crate) fn on_failing_disk(path: &Path) -> Directory {
        Directory { postpones: true, ..Directory::new(path) }
    }

    /// Makes durable what was postponed.
    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        if !self.postpones {
            return Ok(());
        }
        for name in self.list()? {
            self.file(&name)?.sync_data().map_err(failure)?;
        }
        File::open(&self.path).and_then(|dir| dir.sync_all()).map_err(failure)?;
        self.postpones = false;
        Ok(())
    }

    /// The file of this name, for another thread.
    pub(crate) fn handle(&mut self, name: &str) -> Result<File, Failure> {
        self.file(name)?.try_clone().map_err(failure)
    }

    /// The file of this name, opened for reading and writing.
    fn file(&mut self, name: &str) -> Result<&File, Failure> {
        if !self.open.contains_key(name) {
            let file = File::options().read(true).write(true).open(self.path.join(name)).map_err(failure)?;
            self.open.insert(name.to_owned(), file);
        }
        Ok(&self.open[name])
    }
}

impl Disk for Directory {
    fn list(&mut self) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failure)? {
            // A name that is no text is no file of ours.
            names.extend(entry.map_err(failure)?.file_name().into_string());
        }
        Ok(names)
    }

    fn len(&mut self, name: &str) -> Result<u64, Failure> {
        fs::metadata(self.path.join(name)).map(|metadata| metadata.len()).map_err(failure)
    }

    fn read(&mut self, name: &str, at: u64, room: &mut [u8]) -> Result<usize, Failure> {
        let file = File::open(self.path.join(name)).map_err(failure)?;
        let mut count = 0;
        while count < room.len() {
            match file.read_at(&mut room[count..], at + count as u64) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failure(error)),
            }
        }
        if let Some(watch) = &mut self.watch {
            let len = file.metadata().map_or(0, |metadata| metadata.len());
            watch(name, at + count as u64, len);
        }
        Ok(count)
    }

    fn create(&mut self, name: &str) -> Result<(), Failure> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true).mode(FILE_MODE);
        let file = options.open(self.path.join(name)).map_err(failure)?;
        self.open.insert(name.to_owned(), file);
        Ok(())
    }

    fn write(&mut self, name: &str, at: u64, bytes: &[u8]) -> Result<usize, Failure> {
        loop {
            match self.file(name)?.write_at(bytes, at) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done.map_err(failure),
            }
        }
    }

    fn truncate(&mut self, name: &str, len: u64) -> Result<(), Failure> {
        self.file(name)?.set_len(len).map_err(failure)
    }

    fn sync(&mut self, name: &str) -> Result<(), Failure> {
        if self.postpones {
            return Ok(());
        }
        self.file(name)?.sync_data().map_err(failure)
    }

    fn sync_dir(&mut self) -> Result<(), Failure> {
        if self.postpones {
            return Ok(());
        }
        File::open(&self.path).and_then(|dir| dir.sync_all()).map_err(failure)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Failure> {
        fs::rename(self.path.join(from), self.path.join(to)).map_err(failure)?;
        self.open.remove(to);
        if let Some(file) = self.open.remove(from) {
            self.open.insert(to.to_owned(), file);
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), Failure> {
        self.open.remove(name);
        fs::remove_file(self.path.join(name)).map_err(failure)
    }
}

/// What the system says, without its number.
pub(crate) fn failure(error: io::Error) -> Failure {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    if error.kind() == io::ErrorKind::NotFound {
        Failure::NotFound
    } else if is(Errno::NOSPC) || is(Errno::DQUOT) {
        Failure::NoSpace
    } else {
        let text = error.to_string();
        Failure::Other(text.split(" (os error").next().unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanderling_persist::{Log, Names, Options, Policy, crc32c, recover};

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("sanderling-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("there is room");
        path
    }

    #[test]
    fn a_log_is_written_and_recovered() {
        let path = directory("log");
        let options = Options {
            names: Names { prefix: "appendonly.aof".into() },
            checksum: crc32c,
            load_truncated: true,
        };
        let commands = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
        let mut disk = Directory::new(&path);
        let recovered = recover(&mut disk, &options).expect("nothing is there");
        assert!(recovered.is_fresh());
        let mut log = Log::open(&mut disk, &options, recovered, Policy::Always, true).expect("there is room");
        for _ in 0..3 {
            log.push(None, commands);
            log.append(&mut disk, 0);
        }
        assert_eq!((log.committed(), log.durable(), log.trouble()), (3, 3, None));
        // A torn write at its end.
        let mut torn = fs::read(path.join("appendonly.aof.1.incr.aof")).expect("it is there");
        let whole = torn.len() as u64;
        torn.extend_from_slice(b"#:1e:3:0123");
        fs::write(path.join("appendonly.aof.1.incr.aof"), torn).expect("there is room");
        let recovered = recover(&mut Directory::new(&path), &options).expect("the end was never promised");
        assert_eq!(recovered.segments[0].len, whole);
        assert_eq!(recovered.torn.as_ref().map(|torn| (torn.at, torn.len)), Some((whole, 11)));
        fs::remove_dir_all(&path).expect("it is ours");
    }

    #[test]
    fn the_processor_counts_checksums_as_the_tables_do() {
        let bytes: Vec<u8> = (0..1000u32).map(|at| (at * 7 % 251) as u8).collect();
        for at in [0, 1, 7, 8, 100, 999, 1000] {
            let (first, rest) = bytes.split_at(at);
            assert_eq!(crc32c::crc32c_append(crc32c::crc32c_append(0, first), rest), crc32c(0, &bytes));
        }
    }

    #[test]
    fn failures_are_told_apart() {
        let mut disk = Directory::new(Path::new("/nowhere"));
        assert_eq!(disk.len("x"), Err(Failure::NotFound));
        assert_eq!(failure(io::Error::from_raw_os_error(28)), Failure::NoSpace);
        assert_eq!(failure(io::Error::from_raw_os_error(5)), Failure::Other("Input/output error".into()));
    }
}
