//! Reads the files again, whatever a crash has left of them, and makes them ready to go on with.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::checksum::Checksum;
use crate::disk::{Disk, Failure, replace, write_all};
use crate::line::LINE_BYTES_MAX;
use crate::manifest::{Entry, Kind, Manifest, ManifestError, Names};
use crate::reader::checksum_of;
use crate::scan::{End, Scanned, scan};

/// Bytes of a manifest, which has a line for each file.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;
/// Bytes of a torn end that are copied at a time.
const COPY_BYTES: usize = 256 << 10;

/// How to recover.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the files are called.
    pub names: Names,
    /// How checksums are computed.
    pub checksum: Checksum,
    /// Whether a file may end too early; without it such an end is refused, as with `aof-load-truncated no`.
    pub load_truncated: bool,
}

/// What there is to load, and what the log goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The files to load, in order; none where there is no log yet.
    pub segments: Vec<Segment>,
    /// What was cut off.
    pub torn: Option<Torn>,
    /// What the directory now has; `None` where there is no log yet.
    pub(crate) manifest: Option<Manifest>,
    /// The running checksum at the end of the last file of commands.
    pub(crate) crc: u32,
    /// Whether that file has any line.
    pub(crate) has_lines: bool,
}

impl Recovered {
    fn fresh() -> Recovered {
        Recovered { segments: Vec::new(), torn: None, manifest: None, crc: 0, has_lines: false }
    }

    /// Whether there is no log yet.
    pub fn is_fresh(&self) -> bool {
        self.manifest.is_none()
    }
}

/// A file to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes of it that count.
    pub len: u64,
}

/// The end of a file that a crash has torn. None of it was promised to anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub name: String,
    /// Where it was cut off.
    pub at: u64,
    /// Bytes that were cut off.
    pub len: u64,
    /// The file that they were copied into; `None` where there were only zeros, or no room.
    pub kept_as: Option<String>,
}

/// Why there is nothing that may be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The manifest cannot be understood.
    Manifest(ManifestError),
    /// There is a file with content and no manifest that says what it is.
    NoManifest(String),
    /// A file that the manifest names is not there.
    Missing(String),
    /// A file is damaged where it was known to be durable, or where more has followed.
    Damaged {
        /// The file.
        name: String,
        /// Where it is whole up to.
        at: u64,
        /// Bytes of it that were known to be durable.
        durable: u64,
    },
    /// The last file ends too early, and that is not to be put up with.
    Truncated {
        /// The file.
        name: String,
        /// Where it is whole up to.
        at: u64,
    },
    /// An operation failed.
    Disk {
        /// With which file; empty for the directory.
        name: String,
        /// Why.
        failure: Failure,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Manifest(error) => write!(f, "{error}"),
            Refusal::NoManifest(name) => write!(f, "there is {name}, but no manifest that names it"),
            Refusal::Missing(name) => write!(f, "the manifest names {name}, which is not there"),
            Refusal::Damaged { name, at, durable } if durable > at => {
                write!(f, "{name} is damaged at offset {at}, though its first {durable} bytes were durable")
            }
            Refusal::Damaged { name, at, .. } => write!(f, "{name} is damaged at offset {at}"),
            Refusal::Truncated { name, at } => {
                write!(
                    f,
                    "{name} ends within a command that begins at offset {at}, and aof-load-truncated is no"
                )
            }
            Refusal::Disk { name, failure } if name.is_empty() => write!(f, "{failure}"),
            Refusal::Disk { name, failure } => write!(f, "{name}: {failure}"),
        }
    }
}

/// Finds what is to be loaded. A torn end is cut off, and what the manifest does not name is removed, so that doing it
/// twice is the same as doing it once; all that is found is durable afterwards.
pub fn recover<D: Disk>(disk: &mut D, options: &Options) -> Result<Recovered, Refusal> {
    let names = &options.names;
    let listed = disk.list().map_err(of(""))?;
    if !listed.iter().any(|name| *name == names.manifest()) {
        return begin_afresh(disk, options, &listed);
    }
    let mut manifest = read_manifest(disk, names)?;
    if manifest.is_waiting() {
        return give_up_beginning(disk, names, &listed);
    }
    let mut segments = Vec::new();
    if let Some(base) = &manifest.base {
        let len = len(disk, &base.name)?;
        let len = check_base(disk, options, base, len)?;
        segments.push(Segment { name: base.name.clone(), kind: Kind::Base, len });
    }
    let mut files = Vec::new();
    for incr in &manifest.incrs {
        let len = len(disk, &incr.name)?;
        files.push((len, check(disk, options, incr, len)?));
    }
    let mut torn = None;
    let (mut crc, mut has_lines) = (0, false);
    for (index, (len, scanned)) in files.iter().enumerate() {
        let entry = manifest.incrs[index].clone();
        if entry.sealed.is_none() && scanned.end != End::Whole {
            let mut later = files[index + 1..].iter().map(|(_, later)| later);
            let has_followed = later.any(|later| later.has_commands || later.end != End::Whole);
            refuse_damage(options, &entry, scanned, *len, has_followed)?;
            torn = Some(cut_off(disk, &entry.name, scanned, *len)?);
            if index + 1 < manifest.incrs.len() {
                // Nothing is written behind it any more.
                manifest.incrs[index].sealed = Some((scanned.whole, scanned.crc));
                write_manifest(disk, names, &manifest)?;
            }
        }
        segments.push(Segment { name: entry.name, kind: Kind::Incr, len: scanned.whole });
        (crc, has_lines) = (scanned.crc, scanned.has_lines);
    }
    // What a process that was killed has written is not durable by that.
    if let Some(last) = manifest.incrs.last() {
        disk.sync(&last.name).map_err(of(&last.name))?;
    }
    clean_up(disk, names, &mut manifest, &listed)?;
    disk.sync_dir().map_err(of(""))?;
    Ok(Recovered { segments, torn, manifest: Some(manifest), crc, has_lines })
}

/// No manifest: there must be no log either, so that none is ever passed over.
fn begin_afresh<D: Disk>(disk: &mut D, options: &Options, listed: &[String]) -> Result<Recovered, Refusal> {
    let names = &options.names;
    for name in listed {
        // A file without commands is left by a crash at the very beginning.
        if names.is_part(name) && has_content(disk, options, name)? {
            return Err(Refusal::NoManifest(name.clone()));
        }
        if names.is_part(name) || names.is_temporary(name) {
            disk.remove(name).map_err(of(name))?;
        }
    }
    Ok(Recovered::fresh())
}

/// Whether there is more in a file than the line that one begins with, or what a crash has left of it.
fn has_content<D: Disk>(disk: &mut D, options: &Options, name: &str) -> Result<bool, Refusal> {
    let len = len(disk, name)?;
    let scanned = scan(disk, name, len, options.checksum).map_err(of(name))?;
    Ok(scanned.has_commands || len > LINE_BYTES_MAX as u64)
}

/// A log whose first base was never complete: what it was made for stands elsewhere still.
fn give_up_beginning<D: Disk>(disk: &mut D, names: &Names, listed: &[String]) -> Result<Recovered, Refusal> {
    for name in listed.iter().filter(|name| names.is_part(name) || names.is_temporary(name)) {
        disk.remove(name).map_err(of(name))?;
    }
    disk.sync_dir().map_err(of(""))?;
    let manifest = names.manifest();
    disk.remove(&manifest).map_err(of(&manifest))?;
    Ok(Recovered::fresh())
}

fn read_manifest<D: Disk>(disk: &mut D, names: &Names) -> Result<Manifest, Refusal> {
    let name = names.manifest();
    let len = len(disk, &name)?;
    if len > MANIFEST_BYTES_MAX {
        return Err(Refusal::Manifest(ManifestError::Line(1)));
    }
    let mut text = alloc::vec![0; usize::try_from(len).unwrap_or(0)];
    let count = disk.read(&name, 0, &mut text).map_err(of(&name))?;
    Manifest::parse(&text[..count]).map_err(Refusal::Manifest)
}

fn write_manifest<D: Disk>(disk: &mut D, names: &Names, manifest: &Manifest) -> Result<(), Refusal> {
    let (name, temporary) = (names.manifest(), names.new_manifest());
    replace(disk, &name, &temporary, manifest.text().as_bytes()).map_err(of(&name))
}

/// Scans a file of commands; one that is sealed has to be whole up to its seal.
fn check<D: Disk>(disk: &mut D, options: &Options, entry: &Entry, len: u64) -> Result<Scanned, Refusal> {
    let (counts, crc) = match entry.sealed {
        Some((sealed, crc)) => (sealed, Some(crc)),
        None => (len, None),
    };
    let scanned = scan(disk, &entry.name, counts.min(len), options.checksum).map_err(of(&entry.name))?;
    let is_right = scanned.whole == counts && crc.is_none_or(|crc| crc == scanned.crc);
    if entry.sealed.is_some() && !is_right {
        // Where the checksum alone is wrong, no place is known.
        let at = if scanned.whole == counts { 0 } else { scanned.whole };
        return Err(Refusal::Damaged { name: entry.name.clone(), at, durable: counts });
    }
    Ok(scanned)
}

/// A base of commands is written as a whole, and more has followed. What is in another one is for who loads it to find.
/// Returns how many bytes of it count.
fn check_base<D: Disk>(disk: &mut D, options: &Options, base: &Entry, len: u64) -> Result<u64, Refusal> {
    if let Some((sealed, crc)) = base.sealed {
        let found =
            checksum_of(disk, &base.name, sealed.min(len), options.checksum).map_err(of(&base.name))?;
        if len >= sealed && found == crc {
            return Ok(sealed);
        }
        let at = if len < sealed { len } else { 0 };
        return Err(Refusal::Damaged { name: base.name.clone(), at, durable: sealed });
    }
    let mut first = [0];
    let count = disk.read(&base.name, 0, &mut first).map_err(of(&base.name))?;
    if count == 0 || !matches!(first, [b'*' | b'#']) {
        return Ok(len);
    }
    let scanned = scan(disk, &base.name, len, options.checksum).map_err(of(&base.name))?;
    if scanned.end == End::Whole {
        return Ok(len);
    }
    Err(Refusal::Damaged { name: base.name.clone(), at: scanned.whole, durable: scanned.durable })
}

/// An end that is not whole may be what a crash has left, which nobody was promised, or damage.
fn refuse_damage(
    options: &Options,
    entry: &Entry,
    scanned: &Scanned,
    len: u64,
    has_followed: bool,
) -> Result<(), Refusal> {
    let (name, at) = (entry.name.clone(), scanned.whole);
    // A rest that is no longer than our first line in the file may be what became of it.
    let is_short = len - at <= LINE_BYTES_MAX as u64;
    let is_foreign = matches!(scanned.end, End::Damaged(_)) && !scanned.has_lines && !is_short;
    if scanned.durable > at || has_followed || is_foreign {
        return Err(Refusal::Damaged { name, at, durable: scanned.durable });
    }
    if scanned.end != End::Zeros && !options.load_truncated {
        return Err(Refusal::Truncated { name, at });
    }
    Ok(())
}

/// Copies a torn end, and cuts it off before anything is written behind it.
fn cut_off<D: Disk>(disk: &mut D, name: &str, scanned: &Scanned, len: u64) -> Result<Torn, Refusal> {
    let at = scanned.whole;
    let kept_as = match scanned.end {
        End::Zeros => None,
        // It was promised to nobody; where there is no room for it, the log goes on all the same.
        _ => keep(disk, name, at, len).ok(),
    };
    disk.truncate(name, at).map_err(of(name))?;
    disk.sync(name).map_err(of(name))?;
    Ok(Torn { name: name.into(), at, len: len - at, kept_as })
}

fn keep<D: Disk>(disk: &mut D, name: &str, start: u64, end: u64) -> Result<String, Failure> {
    let kept = format!("{name}.torn");
    disk.create(&kept)?;
    let mut room = alloc::vec![0; COPY_BYTES];
    let mut at = start;
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(room.len());
        let count = disk.read(name, at, &mut room[..wanted])?;
        if count == 0 {
            break;
        }
        if let (_, Some(failure)) = write_all(disk, &kept, at - start, &room[..count]) {
            disk.remove(&kept)?;
            return Err(failure);
        }
        at += count as u64;
    }
    disk.sync(&kept)?;
    Ok(kept)
}

/// Removes what a crash has left of files that were being made, and files whose time was over.
fn clean_up<D: Disk>(
    disk: &mut D,
    names: &Names,
    manifest: &mut Manifest,
    listed: &[String],
) -> Result<(), Refusal> {
    for name in listed {
        let is_left = names.is_temporary(name) || (names.is_part(name) && !manifest.names(name));
        let is_over = manifest.history.iter().any(|entry| entry.name == *name);
        if is_left || is_over {
            match disk.remove(name) {
                Ok(()) | Err(Failure::NotFound) => {}
                Err(failure) => return Err(of(name)(failure)),
            }
        }
    }
    // They go from the manifest when it is next written.
    manifest.history.clear();
    Ok(())
}

fn len<D: Disk>(disk: &mut D, name: &str) -> Result<u64, Refusal> {
    disk.len(name).map_err(|failure| match failure {
        Failure::NotFound => Refusal::Missing(name.into()),
        failure => of(name)(failure),
    })
}

fn of(name: &str) -> impl Fn(Failure) -> Refusal {
    move |failure| Refusal::Disk { name: name.into(), failure }
}
