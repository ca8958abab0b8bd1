//! Runs Lua programs from files: `cargo run --example lua program.lua`. There is a `print`, and no limit of
//! instructions.

use sanderling_lua::{Call, Error, Host, Options, Run, Vm};
use std::io::Write as _;

struct Terminal;

impl Host for Terminal {
    fn call(&mut self, _: u32, call: &mut Call<'_>) -> Result<usize, Error> {
        let mut line = Vec::new();
        for index in 0..call.len() {
            if index > 0 {
                line.push(b'\t');
            }
            line.extend_from_slice(&call.text(self, index)?);
        }
        line.push(b'\n');
        std::io::stdout().write_all(&line).map_err(|_| call.error(b"cannot write"))?;
        Ok(0)
    }
}

fn main() {
    for path in std::env::args().skip(1) {
        let source = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut vm =
            Vm::new(&Options { memory_bytes_max: 2 << 30, ..Options::default() }).expect("there is memory");
        let print = vm.function("print", 0).expect("there is memory");
        let globals = vm.globals();
        vm.set_field(globals, b"print", print).expect("there is memory");
        let name = format!("@{path}");
        let function = match vm.load(name.as_bytes(), &source) {
            Ok(function) => function,
            Err(error) => panic!("{error:?}"),
        };
        vm.start(function, &[], i64::MAX as u64).expect("there is memory");
        let run = vm.run(&mut Terminal, u64::MAX);
        if run != Run::Done {
            let failure = vm.failure();
            let message = vm.to_bytes(failure).unwrap_or_default();
            eprintln!("lua: {run:?}: {}", String::from_utf8_lossy(&message));
            std::process::exit(1);
        }
    }
}
