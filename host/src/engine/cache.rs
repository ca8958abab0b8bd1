//! Compiled guests: the one that the program brings, and those that it had to make itself, kept between starts. Compiling
//! takes seconds, mapping a file takes none.
//!
//! A compiled guest is machine code that the server will run unsandboxed, so it is only taken from a file that
//! no user but the server's own can have written.

use crate::log;
use rustix::process::geteuid;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};
use wasmtime::{Engine, Error, Module};

const SUFFIX: &str = "cwasm";
/// Compiled guests of other versions that are left lying.
const FILES_MAX: usize = 8;

/// The module out of what was compiled when the server was built; nothing if this processor lacks what that uses.
pub(super) fn embedded(engine: &Engine, compiled: &[u8]) -> Option<Module> {
    if compiled.is_empty() {
        return None;
    }
    // SAFETY: the bytes are part of this program, made by its build out of the module beside them, and wasmtime checks
    // its version, its configuration and the processor's features.
    match unsafe { Module::deserialize(engine, compiled) } {
        Ok(module) => Some(module),
        Err(error) => {
            log::notice!("the compiled engine in this program does not fit this machine: {error:#}");
            None
        }
    }
}

/// The module out of `dir`; compiled, and kept there if possible, when it is not there yet. What goes wrong with
/// the cache only costs time and a warning.
pub(super) fn load(
    engine: &Engine,
    dir: Option<&Path>,
    module_hash: &str,
    wasm: &[u8],
) -> Result<Module, Error> {
    let path = dir.map(|dir| (dir, dir.join(file_name(engine, module_hash))));
    if let Some((dir, path)) = &path {
        match read(engine, dir, path) {
            Ok(Some(module)) => {
                log::verbose!("took the compiled engine from {}", path.display());
                return Ok(module);
            }
            Ok(None) => {}
            Err(error) => log::warning!("the compiled engine {} is not used: {error:#}", path.display()),
        }
    }
    match &path {
        Some((_, path)) => {
            log::notice!("compiling the engine, which takes some seconds; kept as {}", path.display());
        }
        None => {
            log::notice!("compiling the engine, which takes some seconds at each start without a cache-dir")
        }
    }
    let begun = Instant::now();
    let module = Module::new(engine, wasm)?;
    log::notice!("the engine is compiled, after {:.1} seconds", begun.elapsed().as_secs_f64());
    if let Some((dir, path)) = &path {
        match write(&module, dir, path) {
            Ok(()) => prune(dir, path),
            Err(error) => log::warning!("cannot keep the compiled engine as {}: {error:#}", path.display()),
        }
    }
    Ok(module)
}

/// Names the module, the wasmtime version, its configuration and the processor's features.
fn file_name(engine: &Engine, module_hash: &str) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{module_hash}-{:016x}.{SUFFIX}", hasher.finish())
}

fn read(engine: &Engine, dir: &Path, path: &Path) -> Result<Option<Module>, Error> {
    let file = match OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    check_owner(&fs::metadata(dir)?, "its directory")?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Error::msg("it is not a regular file"));
    }
    check_owner(&metadata, "it")?;
    // SAFETY: the file is one that `write` finished: no other user may write it or rename into its directory, its
    // name holds the fingerprint of what it was made from, and wasmtime checks version and configuration again.
    let module = unsafe { Module::deserialize_open_file(engine, file) }?;
    Ok(Some(module))
}

const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits() as i32;

fn check_owner(metadata: &fs::Metadata, what: &str) -> Result<(), Error> {
    if metadata.uid() != geteuid().as_raw() {
        return Err(Error::msg(format!("{what} belongs to another user")));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(Error::msg(format!("{what} can be written by others")));
    }
    Ok(())
}

/// Writes beside the final name and renames, so that a reader finds a whole file or none.
fn write(module: &Module, dir: &Path, path: &Path) -> Result<(), Error> {
    let code = module.serialize()?;
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    check_owner(&fs::metadata(dir)?, "its directory")?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = write_new(&temporary, &code).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // Whatever the first error was, it is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    Ok(written?)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the oldest compiled guests beyond a few; those in use elsewhere stay mapped there.
fn prune(dir: &Path, keep: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == SUFFIX))
        .filter(|entry| entry.path() != keep)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let excess = (files.len() + 1).saturating_sub(FILES_MAX);
    for (_, path) in files.drain(..excess) {
        // Another server may have been faster.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tuning;

    #[test]
    fn only_what_fits_is_taken() {
        let engine = Engine::new(&tuning::config()).unwrap();
        // The least module there is.
        let module = b"\0asm\x01\0\0\0";
        let compiled = engine.precompile_module(module).unwrap();
        assert!(embedded(&engine, &compiled).is_some());
        assert!(embedded(&engine, b"").is_none());
        assert!(embedded(&engine, b"no machine code at all").is_none());
        // As another version of the server would have it.
        let other = Engine::new(tuning::config().consume_fuel(true)).unwrap();
        let compiled = other.precompile_module(module).unwrap();
        assert!(embedded(&engine, &compiled).is_none());
        // Then it is compiled, with a place to keep it or without.
        assert!(load(&engine, None, "hash", module).is_ok());
    }
}
