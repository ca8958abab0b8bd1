//! The Lua machine beside PUC Lua 5.1, on programs that do what most programs do.

use super::options::Options;
use super::table::{markdown, ratio};
use super::{Result, median};
use sanderling_lua::{Call, Error, Host, Options as Limits, Run, Vm};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The least part of PUC Lua's speed.
const TARGET: f64 = 0.5;

/// Programs that take some tenths of a second, so that the start of a process does not count.
const PROGRAMS: [(&str, &str); 7] = [
    (
        "calls (fib)",
        "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end assert(fib(30) == 832040)",
    ),
    ("loops and numbers", "local sum = 0 for i = 1, 2e7 do sum = sum + i % 7 * 2 end assert(sum > 0)"),
    (
        "arrays (sieve)",
        "for _ = 1, 10 do local prime = {} for i = 2, 200000 do prime[i] = true end \
         for i = 2, 447 do if prime[i] then for j = i * i, 200000, i do prime[j] = false end end end end",
    ),
    (
        "fields and methods",
        "local Point = {} Point.__index = Point function Point:add(n) self.x = self.x + n self.y = self.y - n end \
         local p = setmetatable({x = 0, y = 0}, Point) for i = 1, 4e6 do p:add(i) end assert(p.x + p.y == 0)",
    ),
    (
        "tables by strings",
        "local t = {} for i = 1, 300000 do t['key:' .. i % 1000] = (t['key:' .. i % 1000] or 0) + 1 end \
         assert(t['key:7'] == 300)",
    ),
    (
        "strings and patterns",
        "local n = 0 for i = 1, 60000 do local s = string.format('%d:%s', i, 'value') \
         local id, word = string.match(s, '^(%d+):(%a+)$') n = n + #string.gsub(id .. word, 'a', 'b') end assert(n > 0)",
    ),
    (
        "sorting and closures",
        "local seed = 1 local function random() seed = seed * 16807 % 2147483647 return seed end \
         local t = {} for i = 1, 200000 do t[i] = random() end table.sort(t, function(a, b) return a > b end)",
    ),
];

pub(super) fn measure(options: &Options) -> Result<String> {
    if Command::new("lua5.1").arg("-v").stderr(Stdio::null()).status().is_err() {
        let line = "Not measured: there is no lua5.1 (`apt install lua5.1`).\n";
        eprintln!("{line}");
        return Ok(line.to_owned());
    }
    let mut rows = vec![["program", "lua5.1 ms", "ours ms", "speed"].map(str::to_owned).to_vec()];
    for (name, program) in PROGRAMS {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            theirs.push(milliseconds(|| run_theirs(program))?);
            ours.push(milliseconds(|| run_ours(program))?);
        }
        let (theirs, ours) = (median(&theirs), median(&ours));
        let figures = [format!("{theirs:.0}"), format!("{ours:.0}"), ratio(theirs, ours, Some(TARGET))];
        rows.push([name.to_owned()].into_iter().chain(figures).collect());
    }
    Ok(format!(
        "Our machine, native, with its limits on, beside Debian's lua5.1; target: at least {TARGET} of its speed.\n\n{}",
        markdown(&rows)
    ))
}

fn milliseconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begin = Instant::now();
    work()?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

fn run_theirs(program: &str) -> Result<()> {
    let status = Command::new("lua5.1").args(["-e", program]).status()?;
    if status.success() { Ok(()) } else { Err(format!("lua5.1 failed: {program}").into()) }
}

/// The programs call nothing of ours.
struct Nothing;

impl Host for Nothing {
    fn call(&mut self, _: u32, _: &mut Call<'_>) -> std::result::Result<usize, Error> {
        Ok(0)
    }
}

fn run_ours(program: &str) -> Result<()> {
    let mut vm = Vm::new(&Limits::default()).ok_or("no memory for a machine")?;
    let function = vm.load(b"=program", program.as_bytes()).map_err(|error| format!("{error:?}"))?;
    vm.start(function, &[], u64::MAX / 2).map_err(|_| "no memory to start")?;
    match vm.run(&mut Nothing, u64::MAX) {
        Run::Done => Ok(()),
        other => Err(format!("{other:?} in {program}").into()),
    }
}
