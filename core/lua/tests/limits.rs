//! What no program can escape: the limits of instructions and memory, and those of nesting, which are errors.

mod common;

use common::{Printer, machine};
use sanderling_lua::{Call, Error, Host, Options, Run, Value, Vm};

const MEMORY: usize = 4 << 20;
const INSTRUCTIONS: u64 = 3_000_000;

fn options() -> Options {
    Options { memory_bytes_max: MEMORY, ..Options::default() }
}

fn start(vm: &mut Vm, program: &str) {
    let function = vm.load(b"@limits", program.as_bytes()).expect("it compiles");
    vm.start(function, &[], INSTRUCTIONS).expect("there is memory");
}

/// How a program ends, and that the machine is whole afterwards.
fn end(program: &str) -> Run {
    let mut vm = machine(&options());
    start(&mut vm, program);
    let run = vm.run(&mut Printer::default(), u64::MAX);
    assert!(vm.memory_bytes() <= MEMORY, "{program}");
    vm.release(0);
    start(&mut vm, "local t = {} for i = 1, 100 do t[i] = ('x'):rep(i) end return #table.concat(t)");
    assert_eq!(vm.run(&mut Printer::default(), u64::MAX), Run::Done, "after {program}");
    assert_eq!(vm.result(0), Value::Number(5050.0));
    run
}

#[test]
#[cfg_attr(miri, ignore = "it takes long there")]
fn no_program_runs_for_ever() {
    for program in [
        "while true do end",
        "repeat until false",
        "for i = 1, math.huge do end",
        "local function f() return f() end f()",
        "while true do pcall(function() while true do end end) end",
        "pcall(pcall, function() while true do end end)",
        "xpcall(function() while true do end end, function() while true do end end)",
        "local c = coroutine.wrap(function() while true do coroutine.yield() end end) while true do c() end",
        "coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()",
        "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end",
        "setmetatable(_G, {__index = function() while true do end end}) return x",
        "('a'):rep(100000):find(('.-'):rep(100) .. 'b')",
        "('a'):rep(1000):find(('a*'):rep(100) .. 'b')",
        "('x'):rep(1000):gsub('.', function() while true do end end)",
        "while true do ('x'):rep(1000000) end",
        "local s = ('x'):rep(100000) while true do s:gsub('x', 'y') end",
        "local s = ('x'):rep(100000) while true do s:find('xy', 1, true) end",
        "local s = ('x'):rep(100000) while true do local _ = s .. 'y' end",
        "local s = ('x'):rep(10000) while true do s:upper() end",
        "local t = {} for i = 1, 1000 do t[i] = i end while true do table.concat(t) end",
        "local t = {} for i = 1, 1000 do t[i] = i end while true do table.sort(t) end",
        "table.sort({3, 2, 1}, function() while true do end end)",
        "local t = {} for i = 1, 10000 do t[i] = i end while true do table.insert(t, 1, 0) table.remove(t, 1) end",
        "local t = {} for i = 1, 1000 do t[i] = i end while true do cjson.encode(t) end",
        "local s = '[' .. ('1,'):rep(1000) .. '1]' while true do cjson.decode(s) end",
        "local t = {} for i = 1, 1000 do t[i] = i end while true do cmsgpack.pack(t) end",
        "local s = ('\\1'):rep(1000) while true do cmsgpack.unpack(s) end",
        "local f = ('b'):rep(1000) while true do struct.size(f) end",
        "local s = 'x = 1 ' .. ('y = 2 '):rep(1000) while true do loadstring(s) end",
        "while true do collectgarbage() end",
        "local t = {} for i = 1, 20000 do t[i] = i end for i = 1, 20000 do t[i] = nil end while true do next(t) end",
        "local t = {} for i = 1, 16383 do t['k' .. i] = i end local i = 0 while true do i = i + 1 t['x' .. i] = 1 t['x' .. i] = nil end",
        "local t = {} for i = 1, 1e9 do t[i * 2^32 + (2^40 - i)] = i end",
        "local t = {} for i = 1, 1000 do t[i] = i end while true do unpack(t) end",
        "local t = {} for i = 1, 5000 do t['k' .. i] = i end while true do table.maxn(t) end",
        "local t = setmetatable({}, {__eq = function() while true do end end}) return t == setmetatable({}, getmetatable(t))",
        "for k in next, setmetatable({}, {}) do end for x in function() return 1 end do end",
        "local mt = {} mt.__lt = function() while true do end end table.sort({setmetatable({}, mt), setmetatable({}, mt)})",
        "tostring(setmetatable({}, {__tostring = function() while true do end end}))",
        "local function f(...) return select('#', ...) end local t = {} for i = 1, 200 do t[i] = i end while true do f(unpack(t)) end",
    ] {
        assert_eq!(end(program), Run::OutOfInstructions, "{program}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes long there")]
fn no_program_takes_more_memory_than_it_may() {
    for program in [
        "local s = 'x' while true do s = s .. s end",
        "local s = 'x' while true do pcall(function() s = s .. s end) end",
        "return ('x'):rep(1e9)",
        "return pcall(string.rep, 'x', 1e9)",
        "load(function() return 'x = 1 ' end)",
        "return ('xy'):rep(2^31 - 1)",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local t = {} for i = 1, 1e9 do t[i] = {} end",
        "local t = {} for i = 1, 1e9 do t['k' .. i] = i end",
        "local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end",
        "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
        "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
        "local t = {} for i = 1, 1e9 do t = {t} end",
        "local s = ('x'):rep(100000) s:gsub('.', ('y'):rep(1000))",
        "local s = ('x'):rep(1000000) local t = {s, s, s, s, s, s, s, s} table.concat(t)",
        "local s = ('x'):rep(3000000) return s:reverse()",
        "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(100) .. i end for i = 1, 1e9 do t = {t, t} end cjson.encode(t)",
        "local t = {('x'):rep(1000000)} for i = 1, 3 do t = {t, t} end return cjson.encode(t)",
        "return cjson.decode('[' .. ('[],'):rep(200000) .. '[]]')",
        "return cmsgpack.unpack(('\\144'):rep(200000))",
        "return loadstring('return {' .. ('{},'):rep(200000) .. '}')",
        "return loadstring(('x = 1 '):rep(200000))",
        "local p = '' load(function() return ('x'):rep(10000) end)",
        "local f = function(...) return ... end local t = {} for i = 1, 7000 do t[i] = i end while true do t = {unpack(t), t, ('x'):rep(100000), f(unpack(t))} end",
        "string.format(('%99d'):rep(100000), unpack({}, 1, 7000))",
        "return struct.pack('c0', ('x'):rep(1900000)) .. struct.pack('!' .. 2^20 .. 'bi' , 1, 2)",
        "local t = {} t[2^25] = 1 for i = 1, 2^20 do t[i] = 1 end",
        "local c c = function() return coroutine.wrap(c)() end local t = {} while true do local k = coroutine.create(c) coroutine.resume(k) t[#t + 1] = k end",
    ] {
        let run = end(program);
        assert!(
            run == Run::OutOfMemory || run == Run::OutOfInstructions || run == Run::Failed,
            "{program}: {run:?}"
        );
    }
    for program in ["local s = 'x' while true do s = s .. s end", "return pcall(string.rep, 'x', 1e9)"] {
        assert_eq!(end(program), Run::OutOfMemory, "{program}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes long there")]
fn garbage_is_collected_before_memory_runs_out() {
    for program in [
        "for i = 1, 100000 do local t = {i, i} end",
        "for i = 1, 10000 do local s = ('x'):rep(1000) .. i end",
        "for i = 1, 15 do local s = ('x'):rep(1000000) end",
        "local s = '' for i = 1, 3000 do s = s .. 'x' end",
        "for i = 1, 1000 do local t = {} for j = 1, 100 do t[j] = j end end",
        "for i = 1, 3000 do local c = coroutine.wrap(function() coroutine.yield() end) c() end",
        "local keep = ('k'):rep(1200000) for i = 1, 15 do local s = keep .. i end",
    ] {
        assert_eq!(end(program), Run::Done, "{program}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes long there")]
fn nesting_is_limited() {
    for (program, message) in [
        ("local function f() return 1 + f() end f()", "limits:1: stack overflow"),
        (
            "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] .. '' end return t.x",
            "limits:1: stack overflow",
        ),
        ("local function f() table.sort({2, 1}, function() f() end) end f()", "C stack overflow"),
        ("local function f(s) return (s:gsub('.', f)) end f('x')", "C stack overflow"),
        (
            "local t = setmetatable({}, {}) getmetatable(t).__tostring = function(t) return tostring(t) end tostring(t)",
            "C stack overflow",
        ),
        (
            "local t = setmetatable({}, {}) getmetatable(t).__concat = function(a, b) return a .. b end return t .. t",
            "C stack overflow",
        ),
        ("local function f() return coroutine.wrap(f)() end f()", "C stack overflow"),
        ("local function f() pcall(f) error('x') end f()", "limits:1: x"),
        ("return ('x'):rep(300):find(('x?'):rep(300))", "limits:1: pattern too complex"),
        ("return ('x'):find(('('):rep(40))", "limits:1: too many captures"),
        ("error(select(2, loadstring('x = ' .. ('('):rep(1000))))", "syntax levels"),
        ("error(select(2, loadstring('x = ' .. ('-'):rep(1000) .. '1')))", "unexpected symbol"),
        ("error(select(2, loadstring('x = ' .. ('not '):rep(1000) .. '1')))", "syntax levels"),
        ("error(select(2, loadstring('x = ' .. ('{'):rep(1000))))", "syntax levels"),
        ("error(select(2, loadstring(('function f() '):rep(1000))))", "syntax levels"),
        ("error(select(2, loadstring('x = ' .. ('1 ^ '):rep(1000) .. '1')))", "syntax levels"),
        ("error(select(2, loadstring('x = ' .. ('a .. '):rep(300) .. 'a')))", "too"),
        ("error(select(2, loadstring('local ' .. ('a,'):rep(300) .. 'a')))", "local variables"),
        ("error(select(2, loadstring(('a,'):rep(300) .. 'a = 1')))", "variables in assignment"),
        ("error(select(2, loadstring('f(' .. ('a,'):rep(300) .. 'a)')))", "too complex"),
        ("local t = {} for i = 1, 2000 do t = {t} end return cjson.encode(t)", "excessive nesting"),
        (
            "cjson.encode_max_depth(1e9) local t = {} for i = 1, 9000 do t = {t} end return cjson.encode(t)",
            "excessive nesting",
        ),
        ("cjson.decode_max_depth(1e9) return cjson.decode(('['):rep(9000))", "too many nested"),
        ("return cmsgpack.unpack(('\\145'):rep(9000))", "stack overflow"),
        ("return unpack({}, 1, 1e7)", "too many results to unpack"),
        ("local function f(...) return (f(1, ...)) end f()", "stack overflow"),
    ] {
        let mut vm = machine(&Options { memory_bytes_max: 64 << 20, ..Options::default() });
        let function = vm.load(b"@limits", program.as_bytes()).expect("it compiles");
        vm.start(function, &[], 500_000_000).expect("there is memory");
        assert_eq!(vm.run(&mut Printer::default(), u64::MAX), Run::Failed, "{program}");
        let failure = vm.failure();
        let found = String::from_utf8_lossy(vm.as_bytes(failure).unwrap_or_default()).into_owned();
        assert!(found.contains(message), "{program}: {found}");
    }
}

#[test]
fn a_run_pauses_and_goes_on() {
    let program = "local t = {} \
        local c = coroutine.wrap(function() for i = 1, 300 do coroutine.yield(i) end end) \
        for i = 1, 300 do t[#t + 1] = select(2, pcall(function() return c() * 2 end)) end \
        table.sort(t, function(a, b) return a > b end) \
        local s = ('x'):rep(50):gsub('.', function(x) return x .. #t end) \
        return #t, t[1], t[300], #s";
    for slice in if cfg!(miri) { [100, 5000].as_slice() } else { &[1, 7, 100, 5000] } {
        let slice = *slice;
        let mut vm = machine(&options());
        start(&mut vm, program);
        let mut pauses = 0;
        loop {
            match vm.run(&mut Printer::default(), slice) {
                Run::Paused => pauses += 1,
                run => {
                    assert_eq!(run, Run::Done);
                    break;
                }
            }
            if pauses % 50 == 0 {
                vm.collect_garbage();
            }
        }
        assert!(pauses > 1);
        let results: Vec<_> = (0..vm.result_count()).map(|index| vm.result(index)).collect();
        assert_eq!(results, [300.0, 600.0, 2.0, 200.0].map(Value::Number));
    }
}

/// Library functions charged what they did but could not pause: a host that gives slices had to wait for 20 s.
#[test]
#[cfg_attr(miri, ignore = "it takes long there")]
fn library_functions_pause_in_between() {
    const SLICE: u64 = 2000;
    // A step of a library function may take some of these more than the slice has.
    const MOST: u64 = SLICE + 4000;
    for program in [
        "return ('a'):rep(30):find(('a*'):rep(4) .. 'b')",
        "return ('a'):rep(30):match(('a-'):rep(4) .. 'b')",
        "return ('a'):rep(13):find(('a?'):rep(12) .. ('a'):rep(12) .. 'b')",
        "return ('ab'):rep(12):match('(.-)(.-)(.-)%3%2%1c')",
        "return #('x'):rep(20000):match('x*')",
        "return select(2, ('ab'):rep(3000):gsub('a.', 'c%0')), ('(b)'):rep(3000):gsub('%b()', {['(b)'] = 'c'})",
        "local n = 0 for a, b in ('ab'):rep(2000):gmatch('(a)(b)') do n = n + 1 end return n",
        "local n = 0 for _ in ('a'):rep(40):gmatch(('a*'):rep(3) .. 'b') do n = n + 1 end return n",
        "return ('a'):rep(3000):find(('a'):rep(1000) .. 'b', 1, true)",
        "return (('x'):rep(20):gsub('.', function(x) local s = 0 for i = 1, 3000 do s = s + i end return s end))",
        "return pcall(string.gsub, ('x'):rep(9), 'x', function() for i = 1, 5000 do end error('e', 0) end)",
        "return pcall(string.gsub, 'x', '.', function() coroutine.yield() end)",
        "return coroutine.wrap(function() return ('a'):rep(100):gsub('a', function(a) return coroutine.wrap(function() \
           coroutine.yield(a:upper()) end)() end) end)()",
        "local t = {} table.insert(t, 30000, 'x') table.insert(t, -20000, 'y') return #t, t[30000], t[-20000]",
        "local t = {} for i = 1, 5000 do t[i] = i end table.insert(t, 1, 0) return table.remove(t, 3), #t, t[4999]",
        "local t = {} for i = 1, 3000 do t[i] = 'x' .. i end return table.concat(t, ', '), table.concat(t, '', 2, 9)",
        "local t = {} for i = 1, 2000 do t[i] = i * 7919 % 2003 end table.sort(t) return table.concat(t, ' ')",
        "local t, n = {}, 0 for i = 1, 300 do t[i] = i * 7919 % 307 end \
           table.sort(t, function(a, b) n = n + 1 for i = 1, 20 do end return a > b end) return n, table.concat(t, ' ')",
        "local t, n = {}, 0 for i = 1, 300 do t[i] = ('k'):rep(i % 17) .. i end table.sort(t) return table.concat(t, ' ')",
        "return pcall(table.sort, {1, 2, 3, 4, 5, 6, 7}, function(a, b) return true end)",
        "return pcall(table.sort, {1, 'x', 3, 4, 5, 6, 7})",
        "local n = 0 table.foreachi({1, 2, 3, 4}, function(i, v) for j = 1, 2000 do n = n + v end end) return n",
        "return table.foreach({a = 1, b = 2, 3}, function(k, v) for j = 1, 2000 do end if k == 'b' then return v end end)",
        "local t = setmetatable({}, {__index = function(t, k) return (k:gsub('.', '%0%0')) end}) return t.abc, t.d",
        "return (('abc'):gsub('.', setmetatable({}, {__index = function(t, k) for i = 1, 5000 do end return k .. k end})))",
        "return pcall(string.gsub, 'abc', '.', setmetatable({}, {__index = function(t, k) error(k, 0) end}))",
        "local mt = {__lt = function(a, b) for i = 1, 1000 do end return a.n < b.n end} local t = {} \
           for i = 1, 9 do t[i] = setmetatable({n = i * 7 % 10}, mt) end table.sort(t) local s = '' \
           for i = 1, 9 do s = s .. t[i].n end return s",
        "for w in ('a b'):gmatch('%a') do if w:find('b') then return w end end",
        "return (('abc'):gsub('%w', string.upper)), (('abc'):gsub('', '-')), (('abc'):gsub('^a', 'x'))",
    ] {
        let outcome = |slice: u64| {
            let mut vm = machine(&Options { memory_bytes_max: 64 << 20, ..Options::default() });
            let function = vm.load(b"@limits", program.as_bytes()).expect("it compiles");
            vm.start(function, &[], 500_000_000).expect("there is memory");
            let mut most = 0;
            let end = loop {
                let before = vm.instructions_left();
                let end = vm.run(&mut Printer::default(), slice);
                most = most.max(before - vm.instructions_left());
                if end != Run::Paused {
                    break end;
                }
                vm.collect_garbage();
            };
            let values: Vec<Value> = match end {
                Run::Done => (0..vm.result_count()).map(|index| vm.result(index)).collect(),
                _ => vec![vm.failure()],
            };
            let show = |value: &Value| {
                vm.to_bytes(*value)
                    .map_or(format!("{value:?}"), |text| String::from_utf8_lossy(&text).into_owned())
            };
            let shown: Vec<String> = values.iter().map(show).collect();
            (end, shown, vm.instructions_left(), most)
        };
        let (end, values, left, _) = outcome(u64::MAX);
        assert_eq!(end, Run::Done, "{program}: {values:?}");
        for slice in [SLICE, 7] {
            let (cut_end, cut_values, cut_left, most) = outcome(slice);
            assert_eq!((cut_end, cut_values), (end, values.clone()), "{program}");
            assert!(most <= MOST, "{program}: {most} instructions without a pause");
            // The collector's work is charged, and it runs at other times.
            assert!(cut_left.abs_diff(left) <= 2000, "{program}: {cut_left} and {left} are left");
        }
    }
}

/// Whoever is in the middle of a library function can be stopped, and the machine is whole afterwards.
#[test]
fn a_run_can_be_stopped_within_a_library_function() {
    let mut vm = machine(&options());
    let before = vm.memory_bytes();
    for program in [
        "return ('a'):rep(1000):find(('a*'):rep(9) .. 'b')",
        "return ('a'):rep(1000):gsub('a', function(x) return (x:gsub('.', function() while true do end end)) end)",
        "table.sort({3, 2, 1}, function() while true do end end)",
        "coroutine.wrap(function() table.foreach({1}, function() while true do end end) end)()",
        "table.insert({}, -2^31, 1)",
        "('x'):gsub('.', setmetatable({}, {__index = function() while true do end end}))",
        "return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
    ] {
        start(&mut vm, program);
        for _ in 0..10 {
            assert_eq!(vm.run(&mut Printer::default(), 1000), Run::Paused, "{program}");
        }
        vm.stop();
        vm.release(0);
        start(&mut vm, "local t = {2, 1} table.sort(t) return ('x'):gsub('x', function() return t[1] end)");
        assert_eq!(vm.run(&mut Printer::default(), u64::MAX), Run::Done);
        let result = vm.result(0);
        assert_eq!(vm.as_bytes(result), Some(b"1".as_slice()));
        vm.release(0);
    }
    vm.collect_garbage();
    assert!(vm.memory_bytes() < before + 64 * 1024, "{} and {before}", vm.memory_bytes());
}

#[test]
fn a_paused_run_can_be_stopped() {
    let mut vm = machine(&options());
    start(&mut vm, "function f() coroutine.wrap(function() while true do pcall(f) end end)() end f()");
    for _ in 0..10 {
        assert_eq!(vm.run(&mut Printer::default(), 1000), Run::Paused);
    }
    vm.stop();
    assert_eq!(vm.run(&mut Printer::default(), 1000), Run::Done, "there is nothing to run");
    start(&mut vm, "return 7");
    assert_eq!(vm.run(&mut Printer::default(), 1000), Run::Done);
    assert_eq!(vm.result(0), Value::Number(7.0));
}

#[test]
fn the_cost_of_a_run_is_the_same_however_it_is_cut() {
    let cost = |slice| {
        let mut vm = machine(&options());
        start(&mut vm, "local s = 0 for i = 1, 1000 do s = s + #tostring(i) end return s");
        while vm.run(&mut Printer::default(), slice) == Run::Paused {}
        INSTRUCTIONS - vm.instructions_left()
    };
    assert_eq!(cost(u64::MAX), cost(10));
    assert_eq!(cost(u64::MAX), cost(333));
}

#[test]
fn every_amount_of_memory_and_instructions_ends_well() {
    let program = "local t = {} for i = 1, 50 do t[i] = {i, tostring(i)} t['k' .. i] = function() return i end end \
        local c = coroutine.wrap(function(...) coroutine.yield(...) return #t end) c(1, 2) c() \
        local j = cjson.decode(cjson.encode({a = {1, 2, {3}}, b = 'x'})) \
        table.sort(t, function(a, b) return a[1] > b[1] end) \
        return loadstring('return ...')(cmsgpack.unpack(cmsgpack.pack({1, j.b}))), ('abc'):gsub('%w', '%0%0'), string.format('%5.1f', 1)";
    let step = if cfg!(miri) { 499 } else { 1 };
    for extra in (0..1500).step_by(step) {
        let mut vm = machine(&Options::default());
        vm.set_memory_bytes_max(vm.memory_bytes() + extra * 31);
        let Ok(function) = vm.load(b"@limits", program.as_bytes()) else { continue };
        if vm.start(function, &[], 1_000_000).is_ok() {
            let run = vm.run(&mut Printer::default(), u64::MAX);
            assert!(matches!(run, Run::Done | Run::OutOfMemory), "{run:?}");
        }
    }
    for instructions in (0..4000).step_by(step * 3) {
        let mut vm = machine(&Options::default());
        let function = vm.load(b"@limits", program.as_bytes()).expect("it compiles");
        vm.start(function, &[], instructions).expect("there is memory");
        let run = vm.run(&mut Printer::default(), u64::MAX);
        assert!(matches!(run, Run::Done | Run::OutOfInstructions), "{run:?}");
    }
}

struct Embedder<'a> {
    calls: &'a mut Vec<String>,
}

impl Host for Embedder<'_> {
    fn call(&mut self, function: u32, call: &mut Call<'_>) -> Result<usize, Error> {
        self.calls.push(format!("{function}/{}", call.len()));
        match function {
            1 => {
                let table = call.vm.table(2, 1)?;
                call.vm.set_index_bytes(table, 1, b"one")?;
                call.vm.set_index(table, 2, 2.into())?;
                let nested = call.vm.table(0, 0)?;
                call.vm.set_field(nested, b"ok", true.into())?;
                call.vm.set_field(table, b"nested", nested)?;
                call.push(table)?;
                Ok(1)
            }
            2 => Err(call.error(b"refused")),
            3 => {
                let table = call.vm.table(0, 1)?;
                call.vm.set_field(table, b"err", 5.into())?;
                Err(call.vm.error_value(table))
            }
            4 => {
                let function = call.value(0)?;
                let results = call.call(self, function, &[20.into(), 22.into()], 1)?;
                call.push(results[0])?;
                Ok(1)
            }
            _ => Err(call.argument_error(0, "is unknown")),
        }
    }
}

#[test]
fn an_embedder_gives_functions_tables_and_errors() {
    let mut vm = Vm::new(&options()).expect("there is memory");
    let globals = vm.globals();
    for (name, number) in [("table_", 1), ("refuse", 2), ("throw", 3), ("callback", 4), ("bad", 5)] {
        let function = vm.function(name, number).expect("there is memory");
        vm.set_field(globals, name.as_bytes(), function).expect("there is memory");
    }
    vm.forbid_missing(globals).expect("there is memory");
    vm.protect(globals).expect("it is a table");
    let program = "local t = table_(1, 2) \
        local r = {t[1], t[2], tostring(t.nested.ok), select(2, pcall(refuse)), select(2, pcall(throw)).err, \
          callback(function(a, b) return a + b end), select(2, pcall(bad)), select(2, pcall(function() return missing end)), \
          select(2, pcall(function() created = 1 end)), select(2, pcall(function() string.x = 1 end)), \
          select(2, pcall(rawset, _G, 'x', 1)), select(2, pcall(function() bad() end)), \
          select(2, pcall(callback, function() refuse() end)), select(2, pcall(table.insert, math, 1))} \
        for i = 1, #r do r[i] = tostring(r[i]) end return table.concat(r, '|')";
    start(&mut vm, program);
    let mut calls = Vec::new();
    assert_eq!(vm.run(&mut Embedder { calls: &mut calls }, u64::MAX), Run::Done);
    let result = vm.result(0);
    let text = String::from_utf8_lossy(vm.as_bytes(result).expect("a string")).into_owned();
    assert_eq!(
        text,
        "one|2|true|refused|5|42|bad argument #1 to '?' (is unknown)\
        |limits:1: Script attempted to access nonexistent global variable 'missing'\
        |limits:1: Attempt to modify a readonly table|limits:1: Attempt to modify a readonly table\
        |Attempt to modify a readonly table|limits:1: bad argument #1 to 'bad' (is unknown)\
        |limits:1: refused|Attempt to modify a readonly table"
    );
    assert_eq!(calls, ["1/2", "2/0", "3/0", "4/1", "5/0", "5/0", "4/1", "2/0"]);
}

#[test]
fn handles_end_and_pins_stay() {
    let mut vm = Vm::new(&options()).expect("there is memory");
    let text = vm.string(b"kept").expect("there is memory");
    let pinned = vm.pin(text).expect("the handle is new");
    let count = vm.handle_count();
    let table = vm.table(0, 0).expect("there is memory");
    assert!(vm.set_field(table, b"x", text).is_ok());
    vm.release(count - 1);
    let other = vm.string(b"other").expect("there is memory");
    assert_eq!(vm.as_bytes(text), None, "the handle has ended");
    assert_eq!(vm.as_bytes(other), Some(b"other".as_slice()));
    assert!(vm.set_field(table, b"x", other).is_err());
    vm.release(0);
    vm.collect_garbage();
    let again = vm.pinned(pinned);
    assert_eq!(vm.as_bytes(again), Some(b"kept".as_slice()));
    vm.unpin(pinned);
    assert_eq!(vm.pinned(pinned), Value::Nil);
}

#[test]
fn errors_say_where_they_happened() {
    let mut vm = machine(&options());
    start(&mut vm, "local function f()\n  local x = nil\n  return x.y\nend\nf()");
    assert_eq!(vm.run(&mut Printer::default(), u64::MAX), Run::Failed);
    assert_eq!(vm.failure_position(), Some((b"@limits".as_slice(), 3)));
    start(&mut vm, "\nerror({})");
    assert_eq!(vm.run(&mut Printer::default(), u64::MAX), Run::Failed);
    assert_eq!(vm.failure_position(), Some((b"@limits".as_slice(), 2)));
}

/// Redis gives every script its keys and arguments in new tables.
#[test]
fn many_short_runs_leave_no_garbage() {
    let mut vm = machine(&options());
    let function = vm.load(b"@limits", b"return #KEYS").expect("it compiles");
    let pinned = vm.pin(function).expect("it is new");
    for round in 0..if cfg!(miri) { 20 } else { 20_000 } {
        vm.release(0);
        let keys = vm.table(4, 0).expect("there is memory");
        vm.set_index_bytes(
            keys,
            1,
            format!("a key of some length, so that memory matters {round}").as_bytes(),
        )
        .expect("there is memory");
        vm.set_global(b"KEYS", keys).expect("there is memory");
        let function = vm.pinned(pinned);
        vm.start(function, &[], 1000).expect("there is memory");
        assert_eq!(vm.run(&mut Printer::default(), u64::MAX), Run::Done);
        assert_eq!(vm.result(0), Value::Number(1.0));
    }
    assert!(vm.memory_bytes() < 1 << 20);
}
