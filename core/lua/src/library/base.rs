//! The basic functions.

use super::arguments::to_int;
use super::{register, register_kind, set};
use crate::api::{Call, Host};
use crate::debug::level_frame;
use crate::error::Raise;
use crate::meta::Event;
use crate::narrow;
use crate::number;
use crate::steps::{Next, Work};
use crate::value::{NativeKind, Val};
use crate::vm::Vm;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    let globals = vm.globals;
    register(
        vm,
        globals,
        &[
            ("assert", assert),
            ("collectgarbage", collectgarbage),
            ("error", error),
            ("gcinfo", gcinfo),
            ("getfenv", getfenv),
            ("getmetatable", getmetatable),
            ("ipairs", ipairs),
            ("load", load),
            ("loadstring", loadstring),
            ("pairs", pairs),
            ("rawequal", rawequal),
            ("rawget", rawget),
            ("rawset", rawset),
            ("select", select),
            ("setfenv", setfenv),
            ("setmetatable", setmetatable),
            ("tonumber", tonumber),
            ("tostring", tostring),
            ("type", type_of),
            ("unpack", unpack),
        ],
    )?;
    let next = vm.heap.new_native(NativeKind::Next, [Val::Nil; 3])?;
    vm.next_function = Val::Native(next);
    set(vm, globals, "next", Val::Native(next))?;
    let step = vm.heap.new_native(NativeKind::Library(ipairs_step), [Val::Nil; 3])?;
    vm.ipairs_function = Val::Native(step);
    register_kind(vm, globals, "pcall", NativeKind::Pcall)?;
    register_kind(vm, globals, "xpcall", NativeKind::Xpcall)?;
    set(vm, globals, "_G", Val::Table(globals))?;
    let version = vm.heap.string(b"Lua 5.1")?;
    set(vm, globals, "_VERSION", Val::Str(version))
}

/// The `__index` of protected globals.
pub(crate) fn missing_global(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let mut message = b"Script attempted to access nonexistent global variable '".to_vec();
    match call.arg(1) {
        Val::Str(name) => message.extend_from_slice(name.bytes()),
        Val::Number(number) => number::write(&mut message, number),
        _ => message.extend_from_slice(b"(null)"),
    }
    message.push(b'\'');
    Err(call.fail(&message))
}

fn assert(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    if call.check_any(0)?.is_falsy() {
        let message = match call.opt_string(1)? {
            Some(message) => message.bytes(),
            None => b"assertion failed!",
        };
        return Err(call.fail_plain(message));
    }
    for index in 0..call.count {
        let value = call.arg(index);
        call.vm.push(value)?;
    }
    Ok(call.count)
}

impl Call<'_> {
    /// `luaL_error("%s", message)`: with the position, if the caller is a Lua function.
    fn fail_plain(&mut self, message: &[u8]) -> Raise {
        self.fail(message)
    }
}

fn collectgarbage(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    const OPTIONS: [&str; 7] = ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul"];
    let option = call.check_option(0, "collect", &OPTIONS)?;
    call.opt_integer(1, 0)?;
    match OPTIONS[option] {
        // The limit of memory would be met sooner; nothing else happens.
        "stop" => call.vm.heap.stopped = true,
        "restart" => call.vm.heap.stopped = false,
        "count" => {
            let count = call.vm.heap.bytes as f64 / 1024.0;
            return call.give_number(count);
        }
        "collect" | "step" => {
            // What native functions further out hold lies on the stack.
            call.vm.collect_charged();
            call.vm.charge(1)?;
            if OPTIONS[option] == "step" {
                return call.give(Val::Bool(true));
            }
        }
        _ => return call.give_number(200.0),
    }
    call.give_number(0.0)
}

fn gcinfo(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let count = call.vm.heap.bytes / 1024;
    call.give_number(count as f64)
}

fn error(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let level = call.opt_int(1, 1)?;
    let value = call.arg(0);
    if let Val::Str(_) | Val::Number(_) = value
        && level > 0
    {
        let text = call.check_string(0)?;
        return Err(call.vm.runtime_error_at(narrow::count(level).unwrap_or(0).min(1 << 30), text.bytes()));
    }
    Err(call.vm.throw(value))
}

/// The function that `getfenv` and `setfenv` mean: itself, or by its level.
fn function_argument(call: &mut Call<'_>, optional: bool) -> Result<Val, Raise> {
    if let value @ (Val::Lua(_) | Val::Native(_)) = call.arg(0) {
        return Ok(value);
    }
    let level = if optional { call.opt_int(0, 1)? } else { call.check_int(0)? };
    if level < 0 {
        return Err(call.bad_argument(0, "level must be non-negative"));
    }
    let thread = call.vm.current;
    let Some(frame) = level_frame(thread, narrow::count(level).unwrap_or(0).min(1 << 30)) else {
        return Err(call.bad_argument(0, "invalid level"));
    };
    Ok(thread.at(thread.frames[frame].func as usize))
}

fn getfenv(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let environment = match function_argument(call, true)? {
        Val::Lua(closure) => closure.env,
        _ => call.vm.current.globals,
    };
    call.give(Val::Table(environment))
}

fn setfenv(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let environment = call.check_table(1)?;
    if let Val::Number(level) = call.arg(0)
        && level == 0.0
    {
        let mut thread = call.vm.current;
        thread.globals = environment;
        return Ok(0);
    }
    match function_argument(call, false)? {
        Val::Lua(mut closure) => {
            closure.env = environment;
            call.give(Val::Lua(closure))
        }
        _ => Err(call.fail(b"'setfenv' cannot change environment of given object")),
    }
}

fn getmetatable(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let value = call.check_any(0)?;
    let result = match call.vm.metatable(&value) {
        None => Val::Nil,
        Some(meta) => match meta.get_short(call.vm.name(Event::Metatable)) {
            Val::Nil => Val::Table(meta),
            hidden => hidden,
        },
    };
    call.give(result)
}

fn setmetatable(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let mut table = call.check_table(0)?;
    let meta = match (call.kind(1), call.arg(1)) {
        (crate::Kind::Nil, _) => None,
        (_, Val::Table(meta)) => Some(meta),
        _ => return Err(call.bad_argument(1, "nil or table expected")),
    };
    if !call.vm.metamethod(&Val::Table(table), Event::Metatable).is_nil() {
        return Err(call.fail(b"cannot change a protected metatable"));
    }
    if table.readonly {
        return Err(call.vm.runtime_error("Attempt to modify a readonly table"));
    }
    table.meta = meta;
    call.give(Val::Table(table))
}

fn ipairs(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    let step = call.vm.ipairs_function;
    call.vm.push(step)?;
    call.vm.push(Val::Table(table))?;
    call.vm.push(Val::Number(0.0))?;
    Ok(3)
}

fn ipairs_step(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let index = i64::from(to_int(call.check_int(1)? + 1));
    let table = call.check_table(0)?;
    let value = table.get_number(index as f64);
    if value.is_nil() {
        return Ok(0);
    }
    call.vm.push(Val::Number(index as f64))?;
    call.vm.push(value)?;
    Ok(2)
}

fn pairs(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    let next = call.vm.next_function;
    call.vm.push(next)?;
    call.vm.push(Val::Table(table))?;
    call.vm.push(Val::Nil)?;
    Ok(3)
}

pub(crate) fn next(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let table = call.check_table(0)?;
    match table.next(&call.arg(1)) {
        None => Err(call.vm.runtime_error("invalid key to 'next'")),
        Some((None, cost)) => {
            call.vm.charge(cost / 8)?;
            call.give(Val::Nil)
        }
        Some((Some((key, value)), cost)) => {
            call.vm.charge(cost / 8)?;
            call.vm.push(key)?;
            call.vm.push(value)?;
            Ok(2)
        }
    }
}

fn load(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let function = call.check_function(0)?;
    let name = call.opt_string(1)?.map_or(b"=(load)".as_slice(), |name| name.bytes()).to_vec();
    let compiled = call.with_buffer(|call, buffer| {
        loop {
            match call.vm.call_for_value(host, function, &[])? {
                Val::Nil => break,
                Val::Str(piece) if piece.len == 0 => break,
                piece @ (Val::Str(_) | Val::Number(_)) => {
                    if let Some(piece) = call.vm.text_of(&piece)? {
                        buffer.push(call.vm, piece.bytes())?;
                    }
                }
                _ => return Err(call.vm.throw_text(b"reader function must return a string")),
            }
        }
        call.vm.charge(buffer.bytes.len() / 4)?;
        call.vm.compile(&name, &buffer.bytes)
    });
    give_compiled(call, compiled)
}

fn loadstring(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let source = call.check_string(0)?;
    let name = call.opt_string(1)?.unwrap_or(source);
    call.vm.charge(source.len as usize / 4)?;
    let compiled = call.vm.compile(name.bytes(), source.bytes());
    give_compiled(call, compiled)
}

fn give_compiled(call: &mut Call<'_>, compiled: Result<Val, Raise>) -> Result<usize, Raise> {
    match compiled {
        Ok(function) => call.give(function),
        Err(Raise::Error) => {
            let message = call.vm.thrown;
            call.vm.push(Val::Nil)?;
            call.vm.push(message)?;
            Ok(2)
        }
        Err(raise) => Err(raise),
    }
}

fn rawequal(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let (a, b) = (call.check_any(0)?, call.check_any(1)?);
    call.give(Val::Bool(a.raw_eq(&b)))
}

fn rawget(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let (table, key) = (call.check_table(0)?, call.check_any(1)?);
    call.give(table.get(&key))
}

fn rawset(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let mut table = call.check_table(0)?;
    let (key, value) = (call.check_any(1)?, call.check_any(2)?);
    call.vm.raw_set(&mut table, key, value)?;
    call.give(Val::Table(table))
}

fn select(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let count = call.count as i64;
    if let Val::Str(option) = call.arg(0)
        && option.bytes().first() == Some(&b'#')
    {
        return call.give_number((count - 1) as f64);
    }
    let mut index = call.check_int(0)?;
    if index < 0 {
        index += count;
    } else if index > count {
        index = count;
    }
    if index < 1 {
        return Err(call.bad_argument(0, "index out of range"));
    }
    // They are the topmost values already.
    Ok(narrow::count(count - index).unwrap_or(0))
}

fn tonumber(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let base = call.opt_int(1, 10)?;
    if base == 10 {
        let value = call.check_any(0)?;
        return match Vm::number_of(&value) {
            Some(number) => call.give_number(number),
            None => call.give(Val::Nil),
        };
    }
    let text = call.check_string(0)?;
    let Some(base) = u32::try_from(base).ok().filter(|base| (2..=36).contains(base)) else {
        return Err(call.bad_argument(1, "base out of range"));
    };
    match parse_in_base(text.bytes(), base) {
        Some(number) => call.give_number(number),
        None => call.give(Val::Nil),
    }
}

/// As C's `strtoul`, whose result is unsigned: a minus sign wraps around, and overflow gives the largest.
fn parse_in_base(text: &[u8], base: u32) -> Option<f64> {
    let text = number::trim(number::until_zero(text));
    let (negative, mut digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if let [b'0', b'x' | b'X', rest @ ..] = digits
        && base == 16
        && rest.first().is_some_and(u8::is_ascii_hexdigit)
    {
        digits = rest;
    }
    if digits.is_empty() {
        return None;
    }
    let (mut value, mut overflow) = (0u64, false);
    for byte in digits {
        let digit = (*byte as char).to_digit(base)?;
        match value.checked_mul(u64::from(base)).and_then(|value| value.checked_add(u64::from(digit))) {
            Some(next) => value = next,
            None => overflow = true,
        }
    }
    Some(if overflow {
        u64::MAX as f64
    } else if negative {
        value.wrapping_neg() as f64
    } else {
        value as f64
    })
}

fn tostring(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    let value = call.check_any(0)?;
    let method = call.vm.metamethod(&value, Event::Tostring);
    if !method.is_nil() {
        return call.work(host, ByMethod { method, place: None });
    }
    let text = call.plain_text(value)?;
    call.give(text)
}

/// The result of a metamethod for the first argument.
struct ByMethod {
    method: Val,
    /// Where it was called.
    place: Option<usize>,
}

impl Work for ByMethod {
    fn go_on(&mut self, call: &mut Call<'_>, _: &mut dyn Host) -> Result<Next, Raise> {
        let mut thread = call.vm.current;
        if let Some(place) = self.place {
            let result = if thread.top > place { thread.at(place) } else { Val::Nil };
            thread.top = place;
            return call.give(result).map(Next::Done);
        }
        self.place = Some(thread.top);
        let value = call.arg(0);
        call.vm.push(self.method)?;
        call.vm.push(value)?;
        Ok(Next::Call(thread.top - 2))
    }
}

fn type_of(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let name = call.check_any(0)?.type_name();
    call.give_bytes(name.as_bytes())
}

fn unpack(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    /// As many values as Lua allows on the stack of native functions.
    const RESULTS_MAX: usize = 8000;
    let table = call.check_table(0)?;
    let first = call.opt_int(1, 1)?;
    let last = match call.arg(2) {
        Val::Nil => table.border() as i64,
        _ => call.check_int(2)?,
    };
    if first > last {
        return Ok(0);
    }
    let count = narrow::count(last - first + 1).unwrap_or(0);
    if count >= RESULTS_MAX {
        return Err(call.fail(b"too many results to unpack"));
    }
    call.vm.charge(count)?;
    let top = call.vm.current.top;
    call.vm.reserve_stack(top + count)?;
    for index in first..=last {
        call.vm.push(table.get_number(index as f64))?;
    }
    Ok(count)
}
