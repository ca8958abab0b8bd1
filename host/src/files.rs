//! Host requests: the files that a client's commands have read and written, users and settings.
//!
//! A file is replaced as a whole, or stays as it was: the new text is written beside it, made durable, and renamed.

use crate::config::{self, Settings};
use crate::log;
use sanderling_core::HostRequest;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

mod rewrite;

/// Does what the engine asks; `bytes_max` is what the answer may have. The error is worded as the system's.
pub(crate) fn run(
    settings: &Settings,
    request: HostRequest,
    text: &[u8],
    bytes_max: usize,
) -> Result<Vec<u8>, String> {
    let (path, what) = match request {
        HostRequest::LoadUsers | HostRequest::SaveUsers => (&settings.acl_file, "ACL file"),
        HostRequest::RewriteSettings => (&settings.config_file, "configuration file"),
        HostRequest::Save
        | HostRequest::SaveAndStop
        | HostRequest::Reload
        | HostRequest::LoadLog
        | HostRequest::ChangeDirectory
        | HostRequest::ChangeEdge => unreachable!("what is about data or the network is done elsewhere"),
    };
    let path = path.as_deref().ok_or("there is no such file")?;
    let done = match request {
        HostRequest::LoadUsers => read(path, bytes_max),
        HostRequest::SaveUsers => replace(path, text).map(|()| Vec::new()).map_err(|error| describe(&error)),
        _ => rewrite_settings(settings, path, text).map(|()| Vec::new()),
    };
    match &done {
        Ok(_) => log::notice!("a client had the {what} {} read or written", path.display()),
        Err(error) => log::warning!("the {what} {}: {error}", path.display()),
    }
    done
}

fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(|error| describe(&error))?;
    file.take(bytes_max as u64 + 1).read_to_end(&mut text).map_err(|error| describe(&error))?;
    if text.len() > bytes_max {
        return Err(format!("it has more than {bytes_max} bytes"));
    }
    Ok(text)
}

fn rewrite_settings(settings: &Settings, path: &Path, text: &[u8]) -> Result<(), String> {
    let text = str::from_utf8(text).map_err(|_| "the name of a user is not UTF-8")?;
    let old = match fs::read_to_string(path) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(describe(&error)),
    };
    let new = rewrite::rewrite(&old, settings, text)?;
    // What the next start would stumble over is better told now.
    config::check(&new).map_err(|error| error.to_string())?;
    replace(path, new.as_bytes()).map_err(|error| describe(&error))
}

/// Puts a text in place of a file's, with the file's permissions.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // A link stays one: it is the file behind it that is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&path);
    let written = write_new(&beside, &path, text).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The name is durable once the directory is.
    File::open(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

fn write_new(beside: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // No other user may read it until the permissions are known.
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(beside)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(text)?;
    file.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// The system's words without the number that Rust puts behind them.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}
