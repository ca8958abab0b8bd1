//! The documents name files and tests that are there.

use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENTS: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// Folders whose files hold tests and whatever else the documents name in Rust.
const SOURCES: [&str; 4] = ["core/src", "host", "tests", "wasm/src"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What stands between single backquotes, without blocks of code.
fn quoted(document: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).expect("the document is there");
    let mut words = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            words.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    assert!(!is_block, "{document} has a block without an end");
    words
}

#[test]
fn paths_in_documents_exist() {
    let is_path = |word: &str| {
        word.contains('/')
            && !word.starts_with(['~', '/'])
            && !word.starts_with("target/")
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
    };
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        for word in quoted(document).into_iter().filter(|word| is_path(word)) {
            // Inside the engine's part, paths begin at its sources; the package's entries are no paths.
            let is_there = root().join(&word).exists() || root().join("core/src").join(&word).exists();
            if !is_there && !is_entry(&word) {
                missing.push(format!("{document}: {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "not there: {missing:?}");
}

/// Whether a word is what the npm package can be imported by, such as `sanderling/inline`.
fn is_entry(word: &str) -> bool {
    let package = fs::read_to_string(root().join("wasm/package.json")).expect("the package is there");
    word.strip_prefix("sanderling/").is_some_and(|entry| package.contains(&format!("\"./{entry}\": ")))
}

#[test]
fn functions_in_documents_exist() {
    let mut sources = String::new();
    SOURCES.iter().for_each(|folder| collect(&root().join(folder), &mut sources));
    let is_name = |word: &str| {
        word.contains('_')
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        for word in quoted(document).into_iter().filter(|word| is_name(word)) {
            if !sources.contains(&word) {
                missing.push(format!("{document}: {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "not there: {missing:?}");
}

fn collect(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of the repository").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "node_modules" && name != "target" {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).expect("sources are UTF-8"));
        }
    }
}
