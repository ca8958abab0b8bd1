//! Compiled guests: the one that the program brings, and those that it had to make itself, kept between starts. Compiling
//! takes seconds, mapping a file takes none.
//!
//! A compiled guest is machine code that the server will run unsandboxed, so it is only taken from a file that
//! no user but the server's own can have written.

use super::tuning;
use crate::log;
use rustix::mm::{MprotectFlags, mprotect};
use rustix::param::page_size;
use rustix::process::geteuid;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use wasmtime::{CustomCodeMemory, Engine, Error, Module};

const SUFFIX: &str = "cwasm";
/// Compiled guests of other versions that are left lying.
const FILES_MAX: usize = 8;

/// The module out of what was compiled when the server was built, and what runs it; nothing if this processor lacks what
/// that uses.
pub(super) fn embedded(compiled: &'static [u8]) -> Option<(Engine, Module)> {
    if compiled.is_empty() {
        return None;
    }
    match deserialize(compiled) {
        Ok(embedded) => Some(embedded),
        Err(error) => {
            log::notice!("the compiled engine in this program does not fit this machine: {error:#}");
            None
        }
    }
}

fn deserialize(compiled: &'static [u8]) -> Result<(Engine, Module), Error> {
    let mut config = tuning::config();
    // Setting a compiler up takes longer than all of the rest.
    config.enable_compiler(false);
    if runs_in_place(compiled) {
        config.with_custom_code_memory(Some(Arc::new(InPlace)));
        let engine = Engine::new(&config)?;
        // SAFETY: as below; and the bytes are a constant of this program, which nothing ever changes or gives up.
        let module = unsafe { Module::deserialize_raw(&engine, NonNull::from(compiled)) }?;
        return Ok((engine, module));
    }
    let engine = Engine::new(&config)?;
    // SAFETY: the bytes are part of this program, made by its build out of the module beside them, and wasmtime checks
    // its version, its configuration and the processor's features.
    let module = unsafe { Module::deserialize(&engine, compiled) }?;
    Ok((engine, module))
}

/// Whether code may run where it lies in the program, instead of being copied: its pages are its own, and the processor
/// sees by itself that they hold instructions.
fn runs_in_place(compiled: &[u8]) -> bool {
    cfg!(target_arch = "x86_64") && compiled.as_ptr().addr().is_multiple_of(page_size())
}

/// Lets machine code run in pages of the program's constants.
struct InPlace;

impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        page_size()
    }

    fn publish_executable(&self, code: *const u8, len: usize) -> Result<(), Error> {
        // SAFETY: the range is in a constant that begins with a page, and wasmtime gives code pages of its own. They can
        // be read as before.
        unsafe { mprotect(code.cast_mut().cast(), len, MprotectFlags::READ | MprotectFlags::EXEC) }?;
        Ok(())
    }

    /// Other engines of this process may run the same code, so it stays as it is; and it can't be written either way.
    fn unpublish_executable(&self, _: *const u8, _: usize) -> Result<(), Error> {
        Ok(())
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
    use crate::engine::guest;

    #[test]
    fn only_what_fits_is_taken() {
        let engine = Engine::new(&tuning::config()).unwrap();
        // The least module there is.
        let module = b"\0asm\x01\0\0\0";
        // Where no page begins, so that it is copied.
        let elsewhere = |compiled: Vec<u8>| &*Vec::leak([vec![0], compiled].concat());
        let compiled = elsewhere(engine.precompile_module(module).unwrap());
        let compiled = &compiled[1..];
        assert!(!runs_in_place(compiled) && embedded(compiled).is_some());
        assert!(embedded(b"").is_none());
        assert!(embedded(b"no machine code at all").is_none());
        // As another version of the server would have it.
        let other = Engine::new(tuning::config().consume_fuel(true)).unwrap();
        assert!(embedded(&elsewhere(other.precompile_module(module).unwrap())[1..]).is_none());
        assert!(cfg!(not(target_arch = "x86_64")) || runs_in_place(guest::compiled()));
        // Then it is compiled, with a place to keep it or without.
        assert!(load(&engine, None, "hash", module).is_ok());
    }
}
