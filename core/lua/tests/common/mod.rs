//! Running Lua programs here and in Debian's `lua5.1`.
#![allow(dead_code, unreachable_pub)]

use sanderling_lua::{Call, Error, Host, LoadError, Options, Run, Vm};
use std::io::Write;
use std::process::{Command, Stdio};

/// A host with `print`, and where it prints to.
pub struct Printer<W> {
    pub output: W,
}

/// Keeps what is printed.
impl Default for Printer<Vec<u8>> {
    fn default() -> Self {
        Printer { output: Vec::new() }
    }
}

impl<W: Write> Host for Printer<W> {
    fn call(&mut self, _: u32, call: &mut Call<'_>) -> Result<usize, Error> {
        let mut line = Vec::new();
        for index in 0..call.len() {
            if index > 0 {
                line.push(b'\t');
            }
            line.extend_from_slice(&call.text(self, index)?);
        }
        line.push(b'\n');
        self.output.write_all(&line).map_err(|_| call.error(b"cannot write"))?;
        Ok(0)
    }
}

/// A machine that has `print`.
pub fn machine(options: &Options) -> Vm {
    let mut vm = Vm::new(options).expect("there is memory");
    let print = vm.function("print", 0).expect("there is memory");
    let globals = vm.globals();
    vm.set_field(globals, b"print", print).expect("there is memory");
    vm
}

/// What a program prints, and behind it the error that ended it.
pub fn run_here(name: &str, source: &[u8]) -> Vec<u8> {
    let mut vm = machine(&Options::default());
    let mut host = Printer::default();
    let chunk = format!("@{name}");
    let function = match vm.load(chunk.as_bytes(), source) {
        Ok(function) => function,
        Err(LoadError::Syntax(message)) => {
            let mut output = b"lua5.1: ".to_vec();
            output.extend_from_slice(&message);
            output.push(b'\n');
            return output;
        }
        Err(LoadError::OutOfMemory) => return b"out of memory".to_vec(),
    };
    vm.start(function, &[], 2_000_000_000).expect("there is memory");
    let run = vm.run(&mut host, u64::MAX);
    let mut output = host.output;
    match run {
        Run::Done => {}
        Run::Failed => {
            let failure = vm.failure();
            let message = vm.to_bytes(failure).unwrap_or_else(|| b"(error object is a table value)".to_vec());
            output.extend_from_slice(b"lua5.1: ");
            output.extend_from_slice(&message);
            output.push(b'\n');
        }
        other => output.extend_from_slice(format!("{other:?}\n").as_bytes()),
    }
    output
}

/// The same in `lua5.1`; `None`, after saying so, if it is not installed. With `SANDERLING_ORACLE=required`, as in CI, that
/// fails the test, which must not pass by not running.
pub fn run_reference(name: &str, source: &[u8]) -> Option<Vec<u8>> {
    // The program comes by standard input, and takes its name from a small loader.
    let loader = "local name, source = @NAME, io.read('*a') \
        local unused \
        local chunk, message = loadstring(source, name) \
        if not chunk then print('lua5.1: ' .. message) return end \
        local write = io.write \
        print = function(...) \
          for index = 1, select('#', ...) do \
            if index > 1 then write('\\t') end \
            write(tostring((select(index, ...)))) \
          end \
          write('\\n') \
        end \
        io, os, debug, package, require, module, newproxy, dofile, loadfile = nil \
        local ok, message = xpcall(chunk, function(message) return message end) \
        if not ok then \
          if type(message) ~= 'string' and type(message) ~= 'number' then message = '(error object is a table value)' end \
          print('lua5.1: ' .. message) end";
    let child = Command::new("lua5.1")
        .args(["-e", &loader.replace("@NAME", &format!("'@{name}'")), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        let is_required = std::env::var("SANDERLING_ORACLE").is_ok_and(|value| value == "required");
        assert!(!is_required, "lua5.1 is not installed, and nothing may be skipped here");
        println!("skipped: lua5.1 is not installed (apt-get install lua5.1)");
        return None;
    };
    // `-e` runs before `-` is read, so the program takes all of the input.
    let mut input = child.stdin.take().expect("it is piped");
    let source = source.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = input.write_all(&source);
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it writes");
    let mut text = output.stdout;
    text.extend_from_slice(&output.stderr);
    Some(text)
}

/// Compares line by line, so that the message shows the first difference.
pub fn compare(name: &str, source: &[u8], here: &[u8], reference: &[u8]) {
    if here == reference {
        return;
    }
    let (ours, theirs): (Vec<_>, Vec<_>) =
        (here.split(|byte| *byte == b'\n').collect(), reference.split(|byte| *byte == b'\n').collect());
    let mut differences = 0;
    for index in 0..ours.len().max(theirs.len()) {
        let (a, b) = (ours.get(index), theirs.get(index));
        if a != b {
            let show = |line: Option<&&[u8]>| line.map(|line| String::from_utf8_lossy(line).into_owned());
            eprintln!(
                "{name}, line {} of the output:\n  here: {:?}\n  lua5.1: {:?}",
                index + 1,
                show(a),
                show(b)
            );
            differences += 1;
            if differences == 10 {
                break;
            }
        }
    }
    if source.len() < 2000 {
        eprintln!("the program:\n{}", String::from_utf8_lossy(source));
    }
    panic!("{name}: the output differs from that of lua5.1");
}
