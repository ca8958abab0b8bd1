//! Lua programs do the same through EVAL here and in redis-server.

use std::fs;
use std::path::Path;

use sanderling_tests::reply::Reply;
use sanderling_tests::target::{Clock, Native, Oracle, Received, Target, compared};
use sanderling_tests::text::show;

/// Programs of the Lua crate. `functions.lua` is about environments, which scripts of Redis have no access to.
const PROGRAMS: [&str; 7] = [
    "programs/coroutines.lua",
    "programs/errors.lua",
    "programs/language.lua",
    "programs/metatables.lua",
    "programs/strings.lua",
    "programs/tables.lua",
    "redis/libraries.lua",
];

/// Collects what a program prints, and gives it the names that it takes for globals as locals: a script cannot make
/// globals, and may not ask for those that there are not.
const BEFORE: &str = "local lines = {} \
    local io, q, goto_is_a_name, rawlen, newvar, setfenv, getfenv, print \
    local concat, show, choose = table.concat, tostring, select \
    print = function(...) \
      local words = {} \
      for i = 1, choose('#', ...) do words[i] = show((choose(i, ...))) end \
      lines[#lines + 1] = concat(words, ' ') \
    end \
    local ok, failure = pcall(function() ";
const AFTER: &str = "\nend) lines[#lines + 1] = show(ok) .. show(failure) return lines";

/// Lines that Redis writes otherwise, and why.
const DIFFERENT: [(&str, &str); 2] = [
    ("bad argument #1 to '", "its `pcall` without an argument calls what lies on the stack"),
    ("nesting of [[...]] is deprecated", "its Lua is built without the brackets of Lua 5.0"),
];

fn evaluate(target: &mut dyn Target, program: &str) -> Reply {
    let connection = target.open();
    let script = [BEFORE, program, AFTER].concat();
    let request = format!("*3\r\n$4\r\nEVAL\r\n${}\r\n{script}\r\n$1\r\n0\r\n", script.len());
    target.send(connection, request.as_bytes());
    match target.receive(connection) {
        Received::Reply(reply) => reply,
        other => panic!("no reply but {other:?}"),
    }
}

fn lines(reply: &Reply) -> Vec<String> {
    reply.elements().unwrap_or_else(|| panic!("the program ran: {}", show(reply))).iter().map(show).collect()
}

#[test]
fn programs_do_the_same_through_eval() {
    let Some(mut oracle) = compared("Lua programs on redis-server", Oracle::start()) else { return };
    let mut native = Native::new(Clock::Virtual(1_704_067_200_000_000), *b"seed of programs", &[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/lua/tests");
    for name in PROGRAMS {
        let program = fs::read_to_string(folder.join(name)).expect("the program is there");
        let (expected, shown) = (evaluate(&mut oracle, &program), evaluate(&mut native, &program));
        let (expected, shown) = (lines(&expected), lines(&shown));
        let mut differences = Vec::new();
        for (at, (expected, shown)) in expected.iter().zip(&shown).enumerate() {
            let is_explained = DIFFERENT.iter().any(|(text, _)| shown.contains(text));
            if expected != shown && !is_explained {
                differences.push(format!("line {}\n  redis-server {expected}\n  here {shown}", at + 1));
            }
        }
        assert!(differences.is_empty(), "{name}:\n{}", differences.join("\n"));
        assert_eq!(expected.len(), shown.len(), "{name} prints as many lines");
        let last = shown.last().expect("the program's end is shown");
        assert!(last.contains("true") || name.contains("errors"), "{name} runs to its end: {last}");
    }
}
