//! The files that `include` names; the last part of a path may be a pattern.

use sanderling_core::glob_match;
use std::path::{Path, PathBuf};

/// The files of a path, or those that its last part matches, in the order of their names. Nothing has to match.
pub(super) fn files(path: &str) -> Vec<PathBuf> {
    let path = Path::new(path);
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(pattern) = name.filter(|name| name.contains(['*', '?', '['])) else {
        return vec![path.to_owned()];
    };
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| {
            // As a shell has it: what begins with a dot is only found by one that does.
            let name = entry.file_name();
            let is_hidden = name.as_encoded_bytes().starts_with(b".") && !pattern.starts_with('.');
            !is_hidden && glob_match(pattern.as_bytes(), name.as_encoded_bytes(), false)
        })
        .map(|entry| path.with_file_name(entry.file_name()))
        .collect();
    files.sort();
    files
}
