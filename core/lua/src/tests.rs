//! Tests of the parts, small enough for Miri, and of the collector at its most eager.

use crate::heap::Heap;
use crate::number;
use crate::opcode::{ARG_C_MAX, LIST_BATCH};
use crate::value::Val;
use crate::{Call, Error, Host, Options, Run, Vm};
use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, println};

#[derive(Default)]
struct Printer {
    output: String,
}

impl Host for Printer {
    fn call(&mut self, _: u32, call: &mut Call<'_>) -> Result<usize, Error> {
        for index in 0..call.len() {
            let text = call.text(self, index)?;
            if index > 0 {
                self.output.push('\t');
            }
            // Addresses depend on what else was made.
            let text = String::from_utf8_lossy(&text);
            self.output.push_str(text.split(": 0x").next().unwrap_or_default());
        }
        self.output.push('\n');
        Ok(0)
    }
}

fn run_with(source: &str, stress: bool) -> String {
    let mut vm = Vm::new(&Options::default()).expect("there is memory");
    vm.heap.stress = stress;
    vm.heap.set_threshold();
    let print = vm.function("print", 0).expect("there is memory");
    let globals = vm.globals();
    vm.set_field(globals, b"print", print).expect("there is memory");
    let mut host = Printer::default();
    let function = match vm.load(b"@test", source.as_bytes()) {
        Ok(function) => function,
        Err(error) => return format!("{error:?}"),
    };
    vm.start(function, &[], u64::MAX / 4).expect("there is memory");
    let run = vm.run(&mut host, u64::MAX);
    if run != Run::Done {
        let failure = vm.failure();
        let message = vm.to_bytes(failure).unwrap_or_default();
        host.output.push_str(&format!("{run:?} {}", String::from_utf8_lossy(&message)));
    }
    host.output
}

fn check(source: &str, expected: &str) {
    assert_eq!(run_with(source, false), expected, "{source}");
    assert_eq!(run_with(source, true), expected, "collecting all the time: {source}");
}

#[test]
fn closures_coroutines_and_errors_share_the_stack() {
    check(
        "local fs = {} for i = 1, 3 do local n = i fs[i] = function() n = n + i return n end end \
         print(fs[1](), fs[1](), fs[2](), fs[3]())",
        "2\t3\t4\t6\n",
    );
    check(
        "local c = coroutine.wrap(function(a) local up = a local f = function() up = up + 1 return up end \
         while true do coroutine.yield(f()) end end) print(c(1), c(), c())",
        "2\t3\t4\n",
    );
    // The stack of a coroutine that nothing refers to any more, but for a variable on it.
    check(
        "local f = coroutine.wrap(function() local x = {1} coroutine.yield(function() x[1] = x[1] + 1 return x[1] end) end)() \
         collectgarbage() local junk = {} for i = 1, 50 do junk[i] = {i} end collectgarbage() print(f(), f())",
        "2\t3\n",
    );
    check(
        "local function deep(n) local x = {n} if n == 0 then error({'deep'}) end deep(n - 1) return x end \
         local ok, e = pcall(deep, 40) print(ok, e[1]) \
         print(xpcall(function() deep(40) end, function(e) return e[1] .. '!' end))",
        "false\tdeep\nfalse\tdeep!\n",
    );
    check(
        "local function spread(...) local t = {...} return select('#', ...), ... end \
         local t = {} for i = 1, 60 do t[i] = {i} end print((spread(unpack(t)))) print(#{spread(unpack(t))})",
        "60\n61\n",
    );
    check(
        "local t = setmetatable({}, {__index = function(t, k) return {k} end, __concat = function(a, b) return 'cat' end, \
         __lt = function() return true end, __call = function(self, ...) return select('#', ...) end}) \
         print(t.x[1], t .. 'y', t < t, t(1, 2), 'a' .. 'b' .. t)",
        "x\tcat\ttrue\t2\tacat\n",
    );
}

#[test]
fn libraries_keep_what_they_work_on() {
    check(
        "local t = {} for i = 1, 20 do t[i] = {tostring(i * 7 % 20)} end \
         table.sort(t, function(a, b) local junk = {a, b} return tonumber(a[1]) < tonumber(b[1]) end) \
         local r = {} for i, v in ipairs(t) do r[i] = v[1] end print(table.concat(r, ' '))",
        "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19\n",
    );
    check(
        "print((('hello'):gsub('(.)(.)', function(a, b) local junk = {} return b .. a .. #junk end)))",
        "eh0ll0o\n",
    );
    check(
        "local t = cjson.decode('{\"a\":[1,{\"b\":\"x\"},null],\"c\":\"long long long long long long long long long\"}') \
         print(cjson.encode(t.a), #t.c, cmsgpack.unpack(cmsgpack.pack({1, {2}, 'x'}))[2][1], struct.unpack('i4s', struct.pack('i4s', 5, 'abc')))",
        "[1,{\"b\":\"x\"},null]\t44\t2\t5\tabc\t9\n",
    );
    check(
        "for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do print(k .. v) end \
         print(string.format('%s %q %5.1f', 'x', 'y', 1.25), loadstring('local a = ... return {a}')(7)[1])",
        "a1\nb2\nx \"y\"   1.2\t7\n",
    );
    check(
        "local w = setmetatable({}, {__mode = 'kv'}) w[{}] = 1 w[1] = {} w.x = 'y' collectgarbage() \
         local n = 0 for k in pairs(w) do n = n + 1 end print(n, w.x) \
         local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil collectgarbage() end print(next(t))",
        "1\ty\nnil\n",
    );
}

#[test]
fn quick_ways_and_slow_ways_lead_to_the_same() {
    check(
        "x = 1 x = x + 1 local t = {a = 1} t.a = 2 t[1.5] = 3 t[1.5] = t[1.5] + 1 print(x, t.a, t[1.5]) \
         local m = setmetatable({1, 2}, {__newindex = function(t, k, v) rawset(t, k, v .. '!') end}) \
         m[2] = 5 m[2] = nil m[2] = 6 print(m[1], m[2], ('x'):rep(40) .. 'y' .. ('z'):rep(4))",
        "2\t2\t4\n1\t6!\txxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyzzzz\n",
    );
    check(
        "local function count(n, f) local up = n local g = function() up = up + 1 return up end \
         if n == 0 then return f() end return count(n - 1, g) end print(count(5)) \
         local function nest() local up = {1} return function() return function() return up[1] end end end \
         local f = nest()() collectgarbage() print(f())",
        "2\n1\n",
    );
    check(
        "local less = setmetatable({}, {__lt = function() return false end, __le = function() return true end}) \
         if less < less then print('less') else print('not less') end \
         if not (less < less) and less <= less then print('equal') end \
         local f local c = coroutine.wrap(function() local up = 1 f = function() up = up + 1 return up end error({}) end) \
         print(pcall(c), f(), f())",
        "not less\nequal\nfalse\t2\t3\n",
    );
    check(
        "print({}) print(pcall(next, {a = 1, b = 2}, 'c')) local n = 0 \
         for k in (function() n = n + 1 if n < 3 then return n end end) do print(k) end",
        "table\nfalse\tinvalid key to 'next'\n1\n2\n",
    );
}

#[test]
fn a_list_may_have_more_batches_than_fit_an_instruction() {
    let count = ARG_C_MAX * LIST_BATCH;
    let source = format!(
        "local t = {{{}'next', 'last'}} print(#t, t[{count}], t[{count} + 1])",
        "1,".repeat(count as usize)
    );
    assert_eq!(run_with(&source, false), format!("{}\t1\tnext\n", count + 2));
}

#[test]
fn a_table_keeps_its_elements_when_its_parts_change_their_sizes() {
    let mut heap = Heap::new(1 << 16, 1 << 16).expect("there is memory");
    let mut table = heap.new_table().expect("there is memory");
    for index in 1..=8 {
        table.set_index(&mut heap, index, Val::Number(index as f64)).expect("there is memory");
    }
    for (array, nodes) in [(2, 8), (8, 0), (0, 16), (4, 4)] {
        table.resize(&mut heap, array, nodes).expect("there is memory");
        // The nodes are had before the array is refused.
        assert!(table.resize(&mut heap, 1 << 20, 4).is_err());
        for index in 1..=8 {
            assert!(matches!(table.get_index(index), Val::Number(number) if number == index as f64));
        }
        assert_eq!(table.border(), 8);
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes long there")]
fn programs_run_alike_however_often_garbage_is_collected() {
    for source in [
        include_str!("../tests/programs/language.lua"),
        include_str!("../tests/programs/metatables.lua"),
        include_str!("../tests/programs/coroutines.lua"),
        include_str!("../tests/programs/strings.lua"),
        include_str!("../tests/programs/errors.lua"),
    ] {
        // What a deep recursion would take, for every one of its calls.
        let source =
            source.replace("100000", "300").replace("1000", "100").replace("return f() + 1", "error('x')");
        let (eager, lazy) = (run_with(&source, true), run_with(&source, false));
        for (a, b) in eager.lines().zip(lazy.lines()) {
            assert_eq!(a, b);
        }
        assert_eq!(eager.len(), lazy.len());
    }
    println!("every safe point collected");
}

#[test]
fn a_table_is_a_map() {
    let mut heap = Heap::new(1 << 24, 1 << 20).expect("there is memory");
    let mut random = 7u64;
    let mut next = |limit: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    for _ in 0..if cfg!(miri) { 3 } else { 100 } {
        let mut table = heap.new_table().expect("there is memory");
        let mut model: BTreeMap<String, f64> = BTreeMap::new();
        for step in 0..if cfg!(miri) { 60 } else { 400 } {
            let key = match next(4) {
                0 => Val::Number(next(40) as f64),
                1 => Val::Number(next(40) as f64 / 4.0 - 3.0),
                2 => Val::Bool(next(2) == 0),
                _ => Val::Str(heap.string(format!("key{}", next(30)).as_bytes()).expect("there is memory")),
            };
            let name = match key {
                Val::Number(number) => (number + 0.0).to_string(),
                Val::Bool(value) => value.to_string(),
                Val::Str(text) => String::from_utf8_lossy(text.bytes()).into_owned(),
                _ => unreachable!(),
            };
            if next(3) == 0 {
                table.set(&mut heap, key, Val::Nil).expect("there is memory");
                model.remove(&name);
            } else {
                table.set(&mut heap, key, Val::Number(f64::from(step))).expect("there is memory");
                model.insert(name.clone(), f64::from(step));
            }
            let found = match table.get(&key) {
                Val::Number(number) => Some(number),
                _ => None,
            };
            assert_eq!(found, model.get(&name).copied());
        }
        let mut count = 0;
        let mut key = Val::Nil;
        while let Some((following, _)) = table.next(&key).expect("the key is there").0 {
            key = following;
            count += 1;
        }
        assert_eq!(count, model.len());
        let border = table.border();
        assert!(border == 0 || !table.get_index(border).is_nil());
        assert!(table.get_index(border + 1).is_nil());
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes long there and runs safe code only")]
fn numbers_as_text() {
    let text = |number: f64| {
        let mut out = Vec::new();
        number::write(&mut out, number);
        String::from_utf8(out).expect("digits")
    };
    for (number, expected) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (1.0 / 3.0, "0.33333333333333"),
        (1e14, "1e+14"),
        (123_456_789_012_345.0, "1.2345678901234e+14"),
        (5e-324, "4.9406564584125e-324"),
        (f64::MAX, "1.7976931348623e+308"),
        (f64::INFINITY, "inf"),
        (f64::NAN, "nan"),
        (-f64::NAN, "-nan"),
    ] {
        assert_eq!(text(number), expected);
    }
    for (text, expected) in [
        ("1", Some(1.0)),
        (" 0x10 ", Some(16.0)),
        ("1e400", Some(f64::INFINITY)),
        ("2.2250738585072011e-308", Some(2.225_073_858_507_201e-308)),
        ("9007199254740993", Some(9_007_199_254_740_992.0)),
        ("1.7976931348623159e308", Some(f64::INFINITY)),
        ("4.9e-324", Some(5e-324)),
        ("2.4e-324", Some(0.0)),
        ("", None),
        ("1x", None),
        ("e5", None),
    ] {
        assert_eq!(number::parse(text.as_bytes()), expected, "{text}");
    }
    let mut random = 99u64;
    for _ in 0..20_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let number = f64::from_bits(random ^ random >> 29);
        if number.is_finite() {
            assert_eq!(number::parse(format!("{number:e}").as_bytes()), Some(number));
            let mut out = Vec::new();
            number::write_g(&mut out, number, 17, false);
            assert_eq!(number::parse(&out), Some(number), "{number:e}");
        }
    }
}
