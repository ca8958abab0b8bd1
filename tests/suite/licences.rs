//! Every dependency comes from the registry, and has a licence that this project's own two allow. Advisories need a database from the network,
//! which the tests do without; `cargo audit` asks it.

use std::process::Command;

/// Licences that may be combined with MIT OR Apache-2.0 in source and binaries.
const ALLOWED: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// As lock files name crates.io.
const REGISTRY: &str = "\"registry+https://github.com/rust-lang/crates.io-index\"";

#[test]
fn every_dependency_has_a_licence_that_fits() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--workspace", "--all-features", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}\t{l}"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs, since it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names of packages are text");
    let packages: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    assert!(packages.len() > 50, "cargo tree named only {} packages", packages.len());
    let misfits: Vec<_> = packages
        .iter()
        // A package that was named before is marked, and its licence is the same.
        .map(|(package, licence)| (*package, licence.trim_end_matches(" (*)")))
        .filter(|(_, licence)| !fits(licence))
        .collect();
    assert!(misfits.is_empty(), "licences that are not known to fit: {misfits:?}");
}

#[test]
fn every_dependency_comes_from_the_registry() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).expect("the lock file is committed");
    let sources: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert!(sources.len() > 50, "the lock file has only {} sources", sources.len());
    let others: Vec<_> = sources.iter().filter(|source| **source != REGISTRY).collect();
    assert!(others.is_empty(), "{others:?}");
    // What is in the registry can neither change nor go away, which takes the checksum to tell.
    let checksums = lock.lines().filter(|line| line.starts_with("checksum = ")).count();
    assert_eq!(checksums, sources.len());
}

/// Whether one of the alternatives consists of allowed licences only.
fn fits(licence: &str) -> bool {
    licence
        .replace(['(', ')'], "")
        .replace('/', " OR ")
        .split(" OR ")
        .any(|alternative| alternative.split(" AND ").all(|part| ALLOWED.contains(&part.trim())))
}

#[test]
fn alternatives_and_conjunctions_are_told_apart() {
    assert!(fits("MIT OR GPL-3.0-only"));
    assert!(fits("MIT/Apache-2.0"));
    assert!(fits("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!fits("GPL-3.0-only"));
    assert!(!fits("MIT AND GPL-3.0-only"));
    assert!(!fits(""));
}
