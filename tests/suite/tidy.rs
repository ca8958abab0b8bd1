//! What keeps the house in order: how long files and functions are, where there may be unsafe code, and what may use what.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file. What is generated, or is one long list of inputs, is not looked at.
const FILE_LINES_MAX: usize = 800;
/// Lines of a function: what fits a screen, and some.
const FUNCTION_LINES_MAX: usize = 100;

/// Functions that may be longer, with the reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    (
        "core/lua/src/interpret.rs",
        "interpret",
        "one loop with an arm for each instruction, whose state stays in registers",
    ),
    ("tests/src/differential/grammar/values.rs", "value", "a list: an arm for each kind of argument"),
];

/// Files that may hold unsafe code, each with a test in Miri or, at the edges of WebAssembly, none that could run there.
const UNSAFE_FILES: &[&str] = &[
    "core/lua/src/call.rs",
    "core/lua/src/gc.rs",
    "core/lua/src/heap.rs",
    "core/lua/src/interpret.rs",
    "core/lua/src/library/arguments.rs",
    "core/lua/src/number.rs",
    "core/lua/src/opcode.rs",
    "core/lua/src/table.rs",
    "core/lua/src/thread.rs",
    "core/lua/src/value.rs",
    "core/lua/src/vm.rs",
    "core/src/base/bytes.rs",
    "core/src/keyspace/entry.rs",
    "core/src/keyspace/entry/relocate.rs",
    "core/src/observe/statistics.rs",
    "core/src/structures/table.rs",
    "core/src/structures/table/iter.rs",
    "core/src/structures/table/segment.rs",
    "core/src/structures/thin.rs",
    "core/src/types/zset/gather.rs",
    "core/src/types/zset/large.rs",
    "core/src/types/zset/member.rs",
    "host/src/daemon.rs",
    "host/src/engine/cache.rs",
    "host/src/facts.rs",
    "host/src/memory.rs",
    "host/src/server/signals.rs",
    "wasm/src/allocator.rs",
    "wasm/src/allocator/tests.rs",
    "wasm/src/bindings.rs",
    "wasm/src/guest.rs",
];

/// What the modules of the engine may use of each other, from the bottom up. Those above are one circle: a row of the
/// command table has a handler, a handler gets the server, and the server's users are checked against rows.
const FLOORS: &[(&str, &[&str])] = &[
    ("number", &[]),
    ("base", &["number"]),
    ("structures", &["number", "base"]),
    ("resp", &["number", "base", "structures"]),
    ("keyspace", &["number", "base", "structures", "types"]),
    ("rdb", &["number", "base", "structures", "keyspace", "types"]),
    ("abi", &["base", "config", "engine", "number", "server"]),
];
/// What the structures of value types may use; their commands stand in folders of that name and may use everything.
const UNDER_TYPES: &[&str] = &["number", "base", "structures", "keyspace", "types"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The sources below some folders, by their paths from the root.
fn sources(folders: &[&str], endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), endings, &mut found);
    }
    assert!(!found.is_empty(), "there are sources");
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it is readable").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(&*name, "target" | "node_modules" | "dist" | "corpus") {
                collect(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) && !name.contains(".generated.") {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let path = path.strip_prefix(root()).expect("it is below the root");
            found.push((path.to_string_lossy().replace('\\', "/"), text));
        }
    }
}

#[test]
fn files_are_short() {
    let folders = ["core", "host", "wasm/src", "wasm/js", "www/src", "tests/src", "tests/suite"];
    let long: Vec<String> = sources(&folders, &[".rs", ".ts"])
        .iter()
        .filter(|(_, text)| text.lines().count() > FILE_LINES_MAX)
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "files of more than {FILE_LINES_MAX} lines: {long:#?}");
}

#[test]
fn functions_fit_a_screen() {
    let mut long = Vec::new();
    for (path, text) in sources(&["core", "host", "wasm/src", "tests/src"], &[".rs"]) {
        for (name, lines) in functions(&text) {
            let is_known =
                LONG_FUNCTIONS.iter().any(|(file, function, _)| *file == path && *function == name);
            if lines > FUNCTION_LINES_MAX && !is_known {
                long.push(format!("{path}: {name}, {lines} lines"));
            }
        }
    }
    assert!(long.is_empty(), "functions of more than {FUNCTION_LINES_MAX} lines: {long:#?}");
}

/// The functions of a formatted file: a function ends with a brace that stands as far in as its first line.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let Some(name) = function_name(trimmed) else { continue };
        let end = format!("{}}}", &line[..line.len() - trimmed.len()]);
        let is_declared = lines[start..].iter().take(12).find_map(|line| {
            (line.ends_with('{') || line.ends_with('}'))
                .then_some(false)
                .or_else(|| line.ends_with(';').then_some(true))
        });
        if is_declared == Some(false)
            && !line.ends_with('}')
            && let Some(length) = lines[start..].iter().position(|line| *line == end)
        {
            found.push((name.to_owned(), length + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split(' ').skip_while(|word| {
        matches!(*word, "const" | "unsafe" | "async" | "extern" | "\"C\"") || word.starts_with("pub")
    });
    (words.next()? == "fn").then_some(())?;
    words.next()?.split(['(', '<']).next()
}

#[test]
fn unsafe_code_stands_where_it_may() {
    let mut found = BTreeSet::new();
    for (path, text) in sources(&["core", "host/src", "wasm/src"], &[".rs"]) {
        let is_unsafe = text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.split(|character: char| !character.is_alphanumeric() && character != '_')
                .any(|word| word == "unsafe")
        });
        if is_unsafe {
            found.insert(path);
        }
    }
    let listed: BTreeSet<String> = UNSAFE_FILES.iter().map(|path| (*path).to_owned()).collect();
    let more: Vec<_> = found.difference(&listed).collect();
    let fewer: Vec<_> = listed.difference(&found).collect();
    assert!(
        more.is_empty(),
        "unsafe code is new in {more:?}: it needs a reason, a test in Miri and a line here"
    );
    assert!(fewer.is_empty(), "there is no unsafe code any more in {fewer:?}");
}

#[test]
fn modules_use_what_lies_below_them() {
    let mut faults = Vec::new();
    for (path, text) in sources(&["core/src"], &[".rs"]) {
        let inside = path.strip_prefix("core/src/").expect("it is below that folder");
        let is_test = inside.ends_with("tests.rs") || inside.ends_with("conversation.rs");
        let own = inside.split(['/', '.']).next().expect("a path has a first part");
        let allowed = match own {
            "types" if inside.contains("/commands/") || inside.matches('/').count() == 1 => None,
            "types" => Some(UNDER_TYPES),
            _ => FLOORS.iter().find(|(module, _)| *module == own).map(|(_, allowed)| *allowed),
        };
        let Some(allowed) = allowed.filter(|_| !is_test) else { continue };
        // Tests at the end of a file may use what they test with.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let end = used.find(|character: char| !character.is_ascii_lowercase() && character != '_');
                let used = &used[..end.unwrap_or(used.len())];
                if used != own && !used.is_empty() && !allowed.contains(&used) {
                    faults.push(format!("{path}: {used}, in `{}`", line.trim()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "uses of what lies above: {faults:#?}");
}

#[test]
fn files_of_the_package_say_what_they_are() {
    let silent: Vec<String> = sources(&["wasm/js", "www/src"], &[".ts"])
        .into_iter()
        .filter(|(path, text)| {
            !path.ends_with(".d.ts") && !text.starts_with("//") && !text.starts_with("/**")
        })
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "files that begin without a sentence on what they are: {silent:#?}");
}
