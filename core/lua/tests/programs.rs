//! Every program in `tests/programs` prints the same here and in Debian's `lua5.1`; every program in `tests/redis`
//! what redis-server 7.0.15 replied to it, which is recorded beside it.

mod common;

use std::path::{Path, PathBuf};

fn programs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lua"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

#[test]
#[cfg_attr(miri, ignore = "it starts programs")]
fn programs_print_what_lua_prints() {
    for path in programs("programs") {
        let source = std::fs::read(&path).expect("it can be read");
        let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
        let here = common::run_here(&name, &source);
        let Some(reference) = common::run_reference(&name, &source) else {
            return;
        };
        common::compare(&name, &source, &here, &reference);
    }
}

#[test]
#[cfg_attr(miri, ignore = "it reads files")]
fn libraries_do_what_they_do_in_redis() {
    for path in programs("redis") {
        let source = std::fs::read_to_string(&path).expect("it can be read");
        let expected = std::fs::read(path.with_extension("expected")).expect("it is recorded");
        let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
        let here = common::run_here(&name, format!("print((function() {source}\nend)())").as_bytes());
        common::compare(&name, source.as_bytes(), &here, &expected);
    }
}
