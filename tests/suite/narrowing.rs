//! The fence around numbers that 32 bits cannot hold, where the compiler's own lint has none.

use std::fs;
use std::path::{Path, PathBuf};

/// `cast_possible_truncation` sees casts. What it does not see is `usize::try_from`, which fails in the sandbox for
/// numbers that are right everywhere else: `sanderling_lua::narrow` has functions that say what is meant.
#[test]
fn lengths_are_made_of_numbers_in_one_place_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["core/src", "core/lua/src", "wasm/src"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 100, "the sources are where they are looked for");
    for library in ["core/src/lib.rs", "core/lua/src/lib.rs", "wasm/src/lib.rs", "host/src/lib.rs"] {
        let text = fs::read_to_string(root.join(library)).expect("sources are readable");
        assert!(text.contains("deny(clippy::cast_possible_truncation)"), "{library}");
    }
    let mut faults = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("sources are readable");
        // Tests know their numbers.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            if line.contains("usize::try_from") || line.contains("allow(clippy::cast_possible_truncation") {
                faults.push(format!("{}, line {}: {}", path.display(), index + 1, line.trim()));
            }
        }
    }
    // Words about it are none of it.
    faults.retain(|fault| !fault.contains("//!"));
    assert!(faults.is_empty(), "use the functions of narrow.rs instead:\n{}", faults.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("folders of sources are readable") {
        let path = entry.expect("entries are readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "tests" {
                collect(&path, files);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}
