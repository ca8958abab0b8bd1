//! Programs that nobody wrote: changed ones, which must not break the machine, and generated ones, which must print
//! what `lua5.1` prints.

mod common;

use common::{Printer, machine};
use sanderling_lua::{Options, Run};
use std::fmt::Write as _;

/// A small generator, so that every run is the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const FRAGMENTS: &[&str] = &[
    "local function f(a, ...) return a, ... end print(f(1, 2))",
    "for i = 1, 10 do local t = {i, x = i, [i] = 'y'} end",
    "local t = setmetatable({}, {__index = function(t, k) return k end}) return t.x .. t[1]",
    "while true do if x then break end x = (x or 0) + 1 end",
    "local co = coroutine.wrap(function(...) local a = coroutine.yield(...) error(a) end) co(1) pcall(co, 2)",
    "return ('abc'):gsub('(%w)(.-)$', '%2%1'), ('x'):rep(10), #'x', not nil, -1 ^ 2 .. 'a'",
    "local a <const> = 1; a.b.c = d:e(1){2}'3'; return function(...) return arg end",
    "repeat local x = [==[ long ]==] until x == '\\065\\n' --[[ comment ]] ; goto = 5",
    "local a, b, c = 1e5, 0x1F, .5; a, b = b, a; t = {a; b, c = c, [d] = {}} return a and b or c",
    "for k, v in pairs({1, 2, a = 3}) do k, v = v, k end return select('#', nil), unpack({1, 2})",
    "return cjson.encode(cjson.decode('{\"a\":[1,2.5,null,true,\"x\\\\u00e9\"]}')), cmsgpack.unpack('\\147\\1\\2\\161x')",
    "return struct.unpack('>I2i4sc0', struct.pack('>I2i4sbc0', 1, 2, 'x', 1, 'y')), bit.tohex(-1), string.format('%5.2f %q %x', 1, 'a', 3)",
    "table.sort({3, 1, 2}, function(a, b) return a > b end) return pcall(error, {1}), xpcall(error, tostring)",
    "local function g(n) if n == 0 then return 0 end return 1 + g(n - 1) end return g(100), loadstring('return 1')()",
];

const PROGRAMS: &[&str] = &[
    include_str!("programs/coroutines.lua"),
    include_str!("programs/functions.lua"),
    include_str!("programs/language.lua"),
    include_str!("programs/metatables.lua"),
    include_str!("programs/strings.lua"),
    include_str!("programs/tables.lua"),
    include_str!("redis/libraries.lua"),
];

/// Changes, repeats, drops and swaps pieces.
fn mutate(random: &mut Random, source: &mut Vec<u8>) {
    const TOKENS: &[&str] = &[
        "(", ")", "{", "}", "[", "]", "end", "function", "local", "=", ",", ";", "..", "...", "nil", "'",
        "\"", "[[", "]]", "--", "do", "then", "if", "return", "break", "1", "x", ":", ".", "#", "not", "-",
        "\\", "\0", "\u{ff}", "%", "for", "in", "and", "or", "~=", "1e999", "until", "repeat", "while",
        "elseif", "else",
    ];
    for _ in 0..=random.below(4) {
        let at = random.below(source.len() + 1);
        match random.below(6) {
            0 if !source.is_empty() => {
                let at = at.min(source.len() - 1);
                source[at] = random.next() as u8;
            }
            1 => {
                let end = (at + random.below(12)).min(source.len());
                source.drain(at..end);
            }
            2 => {
                let end = (at + random.below(30)).min(source.len());
                let piece = source[at..end].to_vec();
                let to = random.below(source.len() + 1);
                source.splice(to..to, piece);
            }
            3 => source.truncate(at),
            _ => {
                let token = random.pick(TOKENS);
                source.splice(at..at, token.bytes());
            }
        }
    }
}

#[test]
fn changed_programs_do_no_harm() {
    let number =
        |name, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let mut random = Random(number("SANDERLING_FUZZ_SEED", 0x5eed_1234_5678_9abc));
    let rounds = number("SANDERLING_FUZZ_PROGRAMS", if cfg!(miri) { 20 } else { 30_000 });
    let lines: Vec<&str> =
        PROGRAMS.iter().flat_map(|program| program.lines()).chain(FRAGMENTS.iter().copied()).collect();
    let options = Options { memory_bytes_max: 1 << 20, ..Options::default() };
    let mut vm = machine(&options);
    for round in 0..rounds {
        let mut source = Vec::new();
        for _ in 0..=random.below(2) {
            source.extend_from_slice(random.pick(&lines).as_bytes());
            source.push(b'\n');
        }
        mutate(&mut random, &mut source);
        vm.release(0);
        if round % 50 == 0 {
            vm = machine(&options);
        }
        if std::env::var_os("SANDERLING_FUZZ_SHOW").is_some() {
            eprintln!("{round}: {}", String::from_utf8_lossy(&source));
        }
        let Ok(function) = vm.load(b"@fuzz", &source) else { continue };
        if vm.start(function, &[], 20_000).is_err() {
            continue;
        }
        let slice = if round % 3 == 0 { 50 } else { u64::MAX };
        while vm.run(&mut Printer::default(), slice) == Run::Paused {}
    }
}

/// Programs with a meaning: variables are declared, loops end.
struct Generator {
    random: Random,
    out: String,
    variables: usize,
    depth: usize,
}

impl Generator {
    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.random.below(9) {
                0 => "nil".into(),
                1 => self.random.pick(&["true", "false"]).into(),
                2 => self.random.pick(&["'a'", "''", "'10'", "'abc'", "'0x10'", "' 7 '"]).into(),
                3 => self.random.pick(&["0", "1", "2", "-1", "0.5", "1e15", "3", "10", "255", "1/3"]).into(),
                4 => "{}".into(),
                _ if self.variables > 0 => format!("v{}", self.random.below(self.variables)),
                _ => "7".into(),
            };
        }
        let a = self.expression(depth - 1);
        match self.random.below(14) {
            0 => format!("(not {a})"),
            1 => format!("(-{a})"),
            2 => format!("(#{a})"),
            3 => format!("({a})"),
            4 => format!("tostring({a} == nil)"),
            5 => format!("type({a})"),
            6 => format!("({{{a}, n = {a}}})[1]"),
            7 => format!("(function(...) return select('#', ...), ... end)({a})"),
            8 => {
                let b = self.expression(depth - 1);
                format!("string.format('%s|%s', tostring({a} == {b}), type({b}))")
            }
            _ => {
                let b = self.expression(depth - 1);
                let op = self.random.pick(&[
                    "+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or", "and",
                    "or",
                ]);
                format!("({a} {op} {b})")
            }
        }
    }

    fn statement(&mut self) {
        let depth = self.random.below(4);
        let value = self.expression(depth);
        match self.random.below(10) {
            0..=2 => {
                let _ = writeln!(self.out, "local v{} = {value}", self.variables);
                self.variables += 1;
            }
            3 if self.variables > 0 => {
                let target = self.random.below(self.variables);
                let _ = writeln!(self.out, "v{target} = {value}");
            }
            4 if self.depth < 3 => {
                let _ = writeln!(self.out, "if {value} then");
                self.block();
                let _ = writeln!(self.out, "else");
                self.block();
                let _ = writeln!(self.out, "end");
            }
            5 if self.depth < 3 => {
                let _ = writeln!(self.out, "for i = 1, {} do", self.random.below(4));
                self.block();
                if self.random.below(3) == 0 {
                    let _ = writeln!(self.out, "if {value} then break end");
                }
                let _ = writeln!(self.out, "end");
            }
            6 if self.depth < 3 => {
                let _ = writeln!(self.out, "print(pcall(function()");
                self.block();
                let _ = writeln!(self.out, "return {value} end) == true)");
            }
            _ => {
                let _ = writeln!(self.out, "show(pcall(function() return {value} end))");
            }
        }
    }

    fn block(&mut self) {
        let variables = self.variables;
        self.depth += 1;
        for _ in 0..=self.random.below(3) {
            self.statement();
        }
        self.depth -= 1;
        self.variables = variables;
    }
}

fn generate(seed: u64) -> String {
    let mut generator = Generator { random: Random(seed), out: String::new(), variables: 0, depth: 0 };
    // Tables and functions have no text that is the same in both, and NaN has a sign in one only.
    generator.out.push_str(
        "local function show(...) for i = 1, select('#', ...) do local v = select(i, ...) \
         if type(v) == 'table' or type(v) == 'function' then v = type(v) end if v ~= v then v = 'nan' end \
         print(i, (tostring(v):gsub('nan', 'nan'):gsub('%-nan', 'nan'))) end end\n",
    );
    for _ in 0..40 {
        generator.statement();
    }
    generator.out
}

#[test]
#[cfg_attr(miri, ignore = "it starts programs")]
fn generated_programs_print_what_lua_prints() {
    for seed in 1..=150u64 {
        let source = generate(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let name = format!("generated {seed}");
        let here = common::run_here(&name, source.as_bytes());
        let Some(reference) = common::run_reference(&name, source.as_bytes()) else {
            return;
        };
        common::compare(&name, source.as_bytes(), &here, &reference);
    }
}

/// Numbers as text and back: exactly what C does.
#[test]
#[cfg_attr(miri, ignore = "it starts programs")]
fn numbers_look_as_in_lua() {
    let mut random = Random(42);
    let mut source = String::from("local function n(s) return tonumber(s) end\n");
    for _ in 0..3000 {
        let bits = random.next();
        let number = f64::from_bits(bits);
        if !number.is_finite() {
            continue;
        }
        let digits = random.below(18);
        let small = (bits >> 40) as f64 / 10f64.powi(random.below(12) as i32);
        let _ = writeln!(
            source,
            "print(n'{number:e}', ('%.{digits}g %.{digits}e'):format(n'{number:e}', n'{number:e}'), n'{small}', ('%.{digits}f %.17g'):format(n'{small}', n'{small}'))"
        );
        let long: String =
            (0..random.below(40) + 1).map(|_| char::from(b'0' + random.below(10) as u8)).collect();
        let exponent = random.below(700) as i64 - 350;
        let _ = writeln!(
            source,
            "print(('%.17g'):format(n'{long}.{long}e{exponent}'), ('%.17g'):format(n'0.{long}'))"
        );
    }
    for chunk in source.lines().skip(1).collect::<Vec<_>>().chunks(500) {
        let program = format!("local function n(s) return tonumber(s) end\n{}", chunk.join("\n"));
        let here = common::run_here("numbers", program.as_bytes());
        let Some(reference) = common::run_reference("numbers", program.as_bytes()) else {
            return;
        };
        common::compare("numbers", program.as_bytes(), &here, &reference);
    }
}

/// What is no program is refused with the same words.
#[test]
#[cfg_attr(miri, ignore = "it starts programs")]
fn changed_programs_are_refused_as_in_lua() {
    let number =
        |name, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let mut random = Random(number("SANDERLING_FUZZ_SEED", 77));
    let lines: Vec<&str> =
        PROGRAMS[..6].iter().flat_map(|program| program.lines()).chain(FRAGMENTS.iter().copied()).collect();
    for _ in 0..number("SANDERLING_FUZZ_PROGRAMS", 5000) / 500 {
        let mut program = String::from(
            "local function try(s) local f, m = loadstring(s, '=s') print(f and 'ok' or m) end\n",
        );
        for _ in 0..500 {
            let mut source = random.pick(&lines).as_bytes().to_vec();
            source.truncate(300);
            mutate(&mut random, &mut source);
            // Precompiled code begins with an escape, and a zero byte Lua takes for an `e` or a point in places.
            source.retain(|byte| *byte != 27 && *byte != 0);
            program.push_str("try'");
            for byte in source {
                let _ = write!(program, "\\{byte:03}");
            }
            program.push_str("'\n");
        }
        let here = common::run_here("changed", program.as_bytes());
        let Some(reference) = common::run_reference("changed", program.as_bytes()) else {
            return;
        };
        if here != reference
            && let Some(index) = here
                .split(|byte| *byte == b'\n')
                .zip(reference.split(|byte| *byte == b'\n'))
                .position(|(a, b)| a != b)
        {
            eprintln!("{}", program.lines().nth(index + 1).unwrap_or_default());
        }
        common::compare("changed", program.as_bytes(), &here, &reference);
    }
}
