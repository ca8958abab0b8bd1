//! Runs Lua programs from files: `cargo run --example lua program.lua`. There is a `print`, and no limit of
//! instructions.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Printer, machine};
use sanderling_lua::{Options, Run};

fn main() {
    for path in std::env::args().skip(1) {
        let source = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut vm = machine(&Options { memory_bytes_max: 2 << 30, ..Options::default() });
        let name = format!("@{path}");
        let function = match vm.load(name.as_bytes(), &source) {
            Ok(function) => function,
            Err(error) => panic!("{error:?}"),
        };
        vm.start(function, &[], i64::MAX as u64).expect("there is memory");
        let run = vm.run(&mut Printer { output: std::io::stdout() }, u64::MAX);
        if run != Run::Done {
            let failure = vm.failure();
            let message = vm.to_bytes(failure).unwrap_or_default();
            eprintln!("lua: {run:?}: {}", String::from_utf8_lossy(&message));
            std::process::exit(1);
        }
    }
}
