//! What is loaded at a start, and after the engine has trapped.

use super::disk::Directory;
use super::{Storage, StorageError, StorageSettings};
use crate::log;
use crate::progress::Lines;
use sanderling_persist::{Disk, Entry, Kind, Manifest, Recovered, recover, replace};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files to load, and what follows.
pub(crate) struct Plan {
    pub(crate) files: Vec<LoadFile>,
    pub(crate) origin: Origin,
}

/// Where the data comes from.
pub(crate) enum Origin {
    /// From a dump, or there is none; no log is kept.
    Dump,
    /// From a dump, though a log is kept: it is to be begun.
    DumpBeforeLog,
    /// From a log, which goes on.
    Log(Box<Recovered>),
}

/// A file to load.
#[derive(Clone, Debug)]
pub(crate) struct LoadFile {
    pub(crate) path: PathBuf,
    /// Bytes of it that count.
    pub(crate) len: u64,
    /// What it begins with.
    pub(crate) content: Content,
    /// Whether keys that have expired are kept, since what follows may know more of them.
    pub(crate) keeps_expired: bool,
}

/// What a file has, or begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    Rdb,
    Commands,
}

impl Plan {
    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }
}

impl Storage {
    /// Looks at the files, and makes the log whole that a crash may have torn.
    pub(crate) fn plan(&self) -> Result<Plan, StorageError> {
        if self.settings().has_log { self.plan_log() } else { self.plan_dump() }
    }

    /// The log, or a dump where there is none yet.
    pub(crate) fn plan_log(&self) -> Result<Plan, StorageError> {
        let settings = self.settings();
        self.make_log_directory()?;
        adopt_single_file(settings)?;
        let dir = Path::new(&settings.log_dir);
        let recovered = recover(&mut self.log_directory().watched(Lines::Log), &settings.log_options())
            .map_err(|refusal| StorageError::Refused { dir: settings.log_dir.clone(), refusal })?;
        if recovered.is_fresh()
            && let Some(dump) = dump(&settings.dump_name)?
        {
            log::notice!("there is no log yet: it is begun with what {} has", settings.dump_name);
            return Ok(Plan { files: vec![dump], origin: Origin::DumpBeforeLog });
        }
        if let Some(torn) = &recovered.torn {
            log::warning!(
                "{} was torn by a crash: {} bytes that nobody was promised were cut off at {}{}",
                torn.name,
                torn.len,
                torn.at,
                torn.kept_as.as_ref().map(|name| format!(", and kept as {name}")).unwrap_or_default()
            );
        }
        let mut files = Vec::new();
        for segment in recovered.segments.iter().filter(|segment| segment.len > 0) {
            let path = dir.join(&segment.name);
            let content = if segment.kind == Kind::Base {
                content(&path).map_err(|error| unreadable(&path, &error))?
            } else {
                Content::Commands
            };
            files.push(LoadFile { path, len: segment.len, content, keeps_expired: true });
        }
        Ok(Plan { files, origin: Origin::Log(Box::new(recovered)) })
    }

    /// The dump alone, whatever the log has.
    pub(crate) fn plan_dump(&self) -> Result<Plan, StorageError> {
        let dump = dump(&self.settings().dump_name)?;
        Ok(Plan { files: dump.into_iter().collect(), origin: Origin::Dump })
    }
}

/// The dump, if there is one.
fn dump(name: &str) -> Result<Option<LoadFile>, StorageError> {
    let path = PathBuf::from(name);
    match fs::metadata(&path) {
        Ok(metadata) => {
            let len = metadata.len();
            Ok(Some(LoadFile { path, len, content: Content::Rdb, keeps_expired: false }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&path, &error)),
    }
}

/// What a file begins with.
pub(crate) fn content(path: &Path) -> io::Result<Content> {
    let mut magic = Vec::new();
    File::open(path)?.take(6).read_to_end(&mut magic)?;
    Ok(if magic.starts_with(b"REDIS") || magic == b"VALKEY" { Content::Rdb } else { Content::Commands })
}

/// Before Redis 7 a log was one file in the working directory. As there it is moved to where logs are now, and becomes
/// the beginning of one.
fn adopt_single_file(settings: &StorageSettings) -> Result<(), StorageError> {
    let old = Path::new(&settings.log_name);
    if !old.is_file() {
        return Ok(());
    }
    let dir = Path::new(&settings.log_dir);
    let names = settings.log_options().names;
    let failed = |failure| StorageError::Log { dir: settings.log_dir.clone(), failure };
    let mut disk = Directory::new(dir);
    let manifest = match fs::read(dir.join(names.manifest())) {
        Ok(text) => {
            // A crash may have come between the two steps below.
            let names_it = Manifest::parse(&text).is_ok_and(|manifest| manifest.names(&settings.log_name));
            if !names_it || dir.join(&settings.log_name).exists() {
                return Ok(());
            }
            None
        }
        Err(_) if disk.list().map_err(failed)?.iter().any(|name| names.is_part(name)) => return Ok(()),
        Err(_) => {
            // Without an RDB file in front its end may be torn, as that of any file of commands.
            let found = content(old).map_err(|error| unreadable(old, &error))?;
            let is_base = found == Content::Rdb;
            let kind = if is_base { Kind::Base } else { Kind::Incr };
            let entry = Entry { name: settings.log_name.clone(), seq: 1, kind, sealed: None };
            let mut manifest = Manifest::default();
            if is_base {
                manifest.base = Some(entry);
            } else {
                manifest.incrs.push(entry);
            }
            Some(manifest.text())
        }
    };
    if let Some(text) = manifest {
        let replaced = replace(&mut disk, &names.manifest(), &names.new_manifest(), text.as_bytes());
        replaced.map_err(failed)?;
    }
    let moved = fs::rename(old, dir.join(old)).and_then(|()| File::open(dir)?.sync_all());
    moved.map_err(|error| unreadable(old, &error))?;
    log::notice!("{} was moved into {}", settings.log_name, settings.log_dir);
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> StorageError {
    StorageError::File { path: path.display().to_string(), why: error.to_string() }
}
