//! `sanderling check`: whether files of data are whole, without a server, and cutting off what is not.

use crate::progress::{self, Lines, Progress, megabytes};
use crate::storage::disk::Directory;
use crate::storage::{Content, content};
use sanderling_core::Config;
use sanderling_core::internals::Memory;
use sanderling_core::rdb::file::{FileReader, Found};
use sanderling_persist::{Disk, End, Failure, Kind, Manifest, Scanned, checksum_of, scan};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What `sanderling check --help` prints.
pub const HELP: &str = "\
Usage: sanderling check [--repair] <directory or file ...>

Looks whether files of data are whole: RDB files, and append-only logs with their manifest, of Sanderling, Redis, Valkey
and their forks. A directory stands for the logs and the dumps in it.

  --repair    cut a log off where it is whole no more; the rest is kept beside it, in a file that ends in .torn.
              A file of which nothing is whole is left as it is, and so are RDB files
";

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Checks what the arguments name. What was found is printed; whether all of it is whole now.
pub fn run(arguments: &[String]) -> Result<bool, String> {
    let (mut repairs, mut paths) = (false, Vec::new());
    for argument in arguments {
        match argument.as_str() {
            "--repair" => repairs = true,
            "-h" | "--help" => {
                print!("{HELP}");
                return Ok(true);
            }
            option if option.starts_with('-') => {
                return Err(format!("check knows no {option}; see check --help"));
            }
            path => paths.push(PathBuf::from(path)),
        }
    }
    if paths.is_empty() {
        return Err("check wants a directory or a file; see check --help".into());
    }
    let mut is_whole = true;
    for path in paths {
        is_whole &= check(&path, repairs)?;
    }
    Ok(is_whole)
}

fn check(path: &Path, repairs: bool) -> Result<bool, String> {
    if !path.is_dir() {
        return check_file(path, repairs);
    }
    let mut names: Vec<PathBuf> = fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|error| format!("{}: {error}", path.display()))?;
    names.sort();
    let ends_in = |path: &Path, ending: &str| path.extension().is_some_and(|extension| extension == ending);
    let manifests: Vec<&PathBuf> = names.iter().filter(|path| ends_in(path, "manifest")).collect();
    let mut is_whole = true;
    let mut count = manifests.len();
    for manifest in &manifests {
        is_whole &= check_log(manifest, repairs)?;
    }
    for name in &names {
        let is_alone = manifests.is_empty() && (ends_in(name, "rdb") || ends_in(name, "aof"));
        let is_log = name.is_dir() && name.file_name().is_some_and(|name| name == "appendonlydir");
        if is_alone || is_log {
            count += 1;
            is_whole &= check(name, repairs)?;
        }
    }
    if count == 0 {
        return Err(format!("{}: there is no file of data in it", path.display()));
    }
    Ok(is_whole)
}

fn check_log(manifest: &Path, repairs: bool) -> Result<bool, String> {
    let text = fs::read(manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let manifest = match Manifest::parse(&text) {
        Ok(parsed) => (manifest, parsed),
        Err(error) => return told(manifest, false, &error.to_string()),
    };
    let (path, manifest) = manifest;
    told(path, true, &format!("{} files", manifest.incrs.len() + usize::from(manifest.base.is_some())))?;
    let mut is_whole = true;
    let dir = path.parent().unwrap_or(Path::new(""));
    for entry in manifest.base.iter().chain(&manifest.incrs) {
        let path = dir.join(&entry.name);
        is_whole &= match entry.sealed {
            _ if !path.exists() => told(&path, false, "the manifest names it, and it is not there")?,
            Some((len, crc)) if entry.kind == Kind::Incr => check_sealed(&path, len, crc)?,
            Some((len, crc)) if entry.kind == Kind::Base => check_base(&path, len, crc)?,
            _ => check_file(&path, repairs)?,
        };
    }
    Ok(is_whole)
}

/// A file that nothing is written to any more has to be as it was then.
fn check_sealed(path: &Path, len: u64, crc: u32) -> Result<bool, String> {
    let scanned = scanned(path, len)?;
    if scanned.whole == len && scanned.crc == crc {
        return told(path, true, &format!("{len} bytes, as when it was ended"));
    }
    told(path, false, &format!("it is whole up to offset {} only, and was ended at {len}", scanned.whole))
}

/// A base of commands is as it was written.
fn check_base(path: &Path, len: u64, crc: u32) -> Result<bool, String> {
    let fault = |failure: Failure| format!("{}: {failure}", path.display());
    let (mut disk, name) = directory_of(path);
    let found = disk.len(&name).map_err(fault)?;
    if found < len {
        return told(path, false, &format!("it has {found} bytes, and had {len} when it was written"));
    }
    let is_same = checksum_of(&mut disk, &name, len, crc32c::crc32c_append).map_err(fault)? == crc;
    let how = if is_same { "as when they were written" } else { "and not those that were written" };
    told(path, is_same, &format!("{len} bytes of commands, {how}"))
}

fn check_file(path: &Path, repairs: bool) -> Result<bool, String> {
    match content(path).map_err(|error| format!("{}: {error}", path.display()))? {
        Content::Rdb => check_rdb(path),
        Content::Commands => check_commands(path, repairs),
    }
}

fn check_rdb(path: &Path) -> Result<bool, String> {
    let fault = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = File::open(path).map_err(fault)?;
    let limits = Config::default().encoding_limits;
    let len = file.metadata().map_err(fault)?.len();
    let mut reader = FileReader::new(true, usize::MAX, Some(len));
    let mut progress = Progress::begin(format!("checking {}", path.display()), Lines::Stderr);
    let mut done = 0;
    let (mut keys, mut volatile, mut functions, mut skipped) = (0u64, 0u64, 0u64, 0u64);
    let (mut piece, mut memory) = (vec![0; CHUNK_BYTES], Memory::UNKNOWN);
    loop {
        let count = file.read(&mut piece).map_err(fault)?;
        if count == 0 {
            reader.complete();
        } else {
            reader.push(&piece[..count], &memory);
        }
        done += count as u64;
        progress.tell(done, len, || megabytes(len));
        loop {
            match reader.next(&limits, &mut memory) {
                Err(wrong) => return told(path, false, &wrong.to_string()),
                Ok(None) => break,
                Ok(Some(Found::Key { entry, .. })) => {
                    keys += 1;
                    volatile += u64::from(entry.deadline().is_some());
                }
                Ok(Some(Found::Function(_))) => functions += 1,
                Ok(Some(Found::Skipped(_))) => skipped += 1,
                Ok(Some(Found::End)) => {
                    let version = reader.version().unwrap_or_default();
                    let more = match skipped {
                        0 => String::new(),
                        _ => format!(", {skipped} parts of modules"),
                    };
                    return told(
                        path,
                        true,
                        &format!(
                            "RDB version {version}, {keys} keys, {volatile} with a deadline, {functions} libraries{more}"
                        ),
                    );
                }
                Ok(Some(_)) => {}
            }
        }
    }
}

fn check_commands(path: &Path, repairs: bool) -> Result<bool, String> {
    let len = fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?.len();
    let scanned = scanned(path, len)?;
    let lines = if scanned.has_lines { "with checksums" } else { "without checksums" };
    if scanned.end == End::Whole {
        return told(path, true, &format!("{len} bytes of commands, {lines}"));
    }
    let why = match scanned.end {
        End::Zeros => "zeros follow",
        End::Short => "what follows ends too early",
        _ => "what follows is damaged",
    };
    let durable = match scanned.durable > scanned.whole {
        true => format!(", though {} bytes were known to be durable", scanned.durable),
        false => String::new(),
    };
    let what = format!("{} of {len} bytes are whole, {lines}; {why}{durable}", scanned.whole);
    if !repairs {
        return told(path, false, &format!("{what} (check --repair cuts it off)"));
    }
    if scanned.whole == 0 {
        return told(path, false, &format!("{what}; it is left as it is, since nothing would be left"));
    }
    repair(path, scanned.whole).map_err(|error| format!("{}: {error}", path.display()))?;
    told(path, true, &format!("{what}; that was moved into a file of its own"))
}

/// Moves the end of a file into another one.
fn repair(path: &Path, whole: u64) -> std::io::Result<()> {
    let content = fs::read(path)?;
    let mut kept = path.as_os_str().to_owned();
    kept.push(".torn");
    let rest = usize::try_from(whole).ok().and_then(|whole| content.get(whole..)).unwrap_or_default();
    fs::write(&kept, rest)?;
    File::open(&kept)?.sync_all()?;
    let file = File::options().write(true).open(path)?;
    file.set_len(whole)?;
    file.sync_all()
}

fn scanned(path: &Path, len: u64) -> Result<Scanned, String> {
    let (mut disk, name) = directory_of(path);
    let len = disk.len(&name).map_err(|failure| format!("{}: {failure}", path.display()))?.min(len);
    scan(&mut disk, &name, len, crc32c::crc32c_append)
        .map_err(|failure| format!("{}: {failure}", path.display()))
}

/// The directory of a file, and the file's name in it.
fn directory_of(path: &Path) -> (Directory, String) {
    let (dir, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    (Directory::new(dir).watched(Lines::Stderr), name.to_string_lossy().into_owned())
}

/// Prints what is to be said of a file.
fn told(path: &Path, is_whole: bool, what: &str) -> Result<bool, String> {
    progress::clear();
    println!("{} {}: {what}", if is_whole { "ok " } else { "BAD" }, path.display());
    Ok(is_whole)
}
