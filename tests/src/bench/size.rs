//! What is downloaded: the guest module and the npm package, compressed.

use super::table::{grouped, markdown};
use super::{Result, repository};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// How deep below target/ modules are looked for: Cargo puts build scripts' outputs four folders down.
const DEPTH_MAX: usize = 8;

pub(super) fn measure() -> Result<String> {
    let mut rows = vec![["what", "bytes", "gzip -9"].map(str::to_owned).to_vec()];
    let mut notes = String::new();
    match newest_guest(&repository().join("target"))? {
        Some(path) => rows.push(file_row("guest module (wasm)", &path)?),
        None => notes.push_str("Guest module: not built yet (`make build`).\n"),
    }
    let server = repository().join("target/release/sanderling");
    match server.exists() {
        true => rows.push(file_row("server program", &server)?),
        false => notes.push_str("Server program: not built yet (`make build`).\n"),
    }
    match npm_package()? {
        Some((unpacked, packed)) => {
            rows.push(vec!["npm package".to_owned(), grouped(unpacked as f64), grouped(packed as f64)]);
        }
        None => notes.push_str("npm package: not built yet.\n"),
    }
    eprint!("{notes}");
    Ok(format!("{}\n{notes}", markdown(&rows)))
}

fn file_row(name: &str, path: &Path) -> Result<Vec<String>> {
    let output = Command::new("gzip").args(["-9", "-n", "-c"]).arg(path).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("gzip failed on {}", path.display()).into());
    }
    let bytes = fs::metadata(path)?.len();
    Ok(vec![name.to_owned(), grouped(bytes as f64), grouped(output.stdout.len() as f64)])
}

/// The guest that was built last: `guest.wasm` where the server embeds it from, or Cargo's own output.
fn newest_guest(folder: &Path) -> Result<Option<PathBuf>> {
    let mut found: Option<(SystemTime, PathBuf)> = None;
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name();
            if entry.file_type()?.is_dir() && depth < DEPTH_MAX {
                folders.push((path, depth + 1));
            } else if name == "guest.wasm" || name == "sanderling_wasm.wasm" {
                let modified = entry.metadata()?.modified()?;
                if found.as_ref().is_none_or(|(newest, _)| *newest < modified) {
                    found = Some((modified, path));
                }
            }
        }
    }
    Ok(found.map(|(_, path)| path))
}

/// Unpacked and packed size of what `npm pack` would make.
fn npm_package() -> Result<Option<(u64, u64)>> {
    let folder = repository().join("wasm");
    if !folder.join("package.json").exists() || !folder.join("dist").exists() {
        return Ok(None);
    }
    let output = Command::new("npm")
        .args(["pack", "--dry-run", "--json", "--ignore-scripts"])
        .current_dir(folder)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let field = |name: &str| {
        let after = text.split(&format!("\"{name}\":")).nth(1)?;
        after.trim_start().split(|byte: char| !byte.is_ascii_digit()).next()?.parse().ok()
    };
    match (field("unpackedSize"), field("size")) {
        (Some(unpacked), Some(packed)) => Ok(Some((unpacked, packed))),
        _ => Err(format!("npm pack printed {text}").into()),
    }
}
