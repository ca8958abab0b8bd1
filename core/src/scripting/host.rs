//! The functions of the table `redis`.

use alloc::vec::Vec;

use sanderling_lua::{Call, Error as LuaError, Host, Value, View};

use super::call::KEPT_BYTES_MAX;
use super::machine::Function;
use super::reply;
use super::run::Run;
use crate::base::sha1::sha1;
use crate::keyspace::Store;
use crate::number::{self, hexadecimal, write_f64_g17};
use crate::resp::Protocol;
use crate::resp::args::Range;
use crate::server::Server;

/// The longest text of an error or status that a script makes, in bytes.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;

/// What a running script can reach.
pub(super) struct ScriptHost<'a> {
    pub(super) store: &'a mut Store,
    pub(super) server: &'a mut Server,
    pub(super) run: &'a mut Run,
}

/// The words of a command that a script calls, in buffers that are used again for the next one.
#[derive(Default)]
pub(super) struct Words {
    pub(super) buffer: Vec<u8>,
    pub(super) ranges: Vec<Range>,
}

impl Words {
    /// Gives exceptional amounts of memory back.
    pub(super) fn shrink(&mut self) {
        if self.buffer.capacity() > KEPT_BYTES_MAX {
            self.buffer = Vec::new();
        }
        if self.ranges.capacity() > KEPT_BYTES_MAX / size_of::<Range>() {
            self.ranges = Vec::new();
        }
    }
}

impl Host for ScriptHost<'_> {
    fn call(&mut self, function: u32, call: &mut Call<'_>) -> Result<usize, LuaError> {
        let Some(function) = Function::numbered(function) else { return Ok(0) };
        match function {
            Function::Call => self.command(call, true),
            Function::Pcall => self.command(call, false),
            Function::AclCheckCmd => self.acl_check_cmd(call),
            Function::Setresp => setresp(self.run, call),
            Function::Log => log(call),
            Function::Sha1hex => sha1hex(call),
            Function::ErrorReply => error_reply(call),
            Function::StatusReply => status_reply(call),
            Function::SetRepl => set_repl(call),
            Function::Breakpoint => give(call, Value::Bool(false)),
            // There is no debugger that it could print to.
            Function::Debug => Ok(0),
            Function::ReplicateCommands => give(call, Value::Bool(true)),
            Function::Register => {
                fail(call, b"ERR redis.register_function can only be called on FUNCTION LOAD command")
            }
        }
    }

    fn clock(&mut self) -> f64 {
        // Time stands still for a script, but one that waits for it to pass must end.
        self.run.tick()
    }
}

/// Throws an error table with this text.
pub(super) fn fail(call: &mut Call<'_>, text: &[u8]) -> Result<usize, LuaError> {
    let error = reply::error(call.vm, text, false)?;
    Err(call.vm.error_value(error))
}

fn give(call: &mut Call<'_>, value: Value) -> Result<usize, LuaError> {
    call.push(value)?;
    Ok(1)
}

/// Writes the arguments of a call as the words of a command; an error's text if they are none.
pub(super) fn collect(call: &Call<'_>, words: &mut Words, server: &Server) -> Result<(), &'static [u8]> {
    const TOO_LONG: &[u8] = b"ERR Lua redis lib command arguments are too long";
    let bytes_max = server.config.input_bytes_max();
    words.buffer.clear();
    words.ranges.clear();
    if call.is_empty() {
        return Err(b"ERR Please specify at least one argument for this redis lib call");
    }
    for index in 0..call.len() {
        let start = words.buffer.len();
        match call.view(index) {
            View::String(text) => {
                // The same string may stand there many times.
                if words.buffer.len() + text.len() > bytes_max
                    || !server.memory.reserve(&mut words.buffer, text.len())
                {
                    return Err(TOO_LONG);
                }
                words.buffer.extend_from_slice(text);
            }
            View::Number(number) => write_number(&mut words.buffer, number),
            _ => return Err(b"ERR Lua redis lib command arguments must be strings or integers"),
        }
        words.ranges.push((number::short(start), number::short(words.buffer.len() - start)));
    }
    Ok(())
}

/// A number as C writes it by `%.17g`, which is how commands get it.
fn write_number(out: &mut Vec<u8>, number: f64) {
    let whole = number::truncated(number);
    if number.abs() < 1e15 && whole as f64 == number && (number != 0.0 || number.is_sign_positive()) {
        number::write_i64(out, whole);
    } else if number.is_nan() {
        out.extend_from_slice(if number.is_sign_negative() { b"-nan" } else { b"nan" });
    } else {
        write_f64_g17(out, number);
    }
}

pub(super) fn log(call: &mut Call<'_>) -> Result<usize, LuaError> {
    if call.len() < 2 {
        return fail(call, b"ERR redis.log() requires two arguments or more.");
    }
    let View::Number(level) = call.view(0) else {
        return fail(call, b"ERR First argument must be a number (log level).");
    };
    if !(0..=3).contains(&number::truncated(level)) {
        return fail(call, b"ERR Invalid debug level.");
    }
    // The engine has no log to write to.
    Ok(0)
}

fn setresp(run: &mut Run, call: &mut Call<'_>) -> Result<usize, LuaError> {
    if call.len() != 1 {
        return fail(call, b"ERR redis.setresp() requires one argument.");
    }
    run.protocol = match integer(call, 0) {
        2 => Protocol::Resp2,
        3 => Protocol::Resp3,
        _ => return fail(call, b"ERR RESP version must be 2 or 3."),
    };
    Ok(0)
}

fn set_repl(call: &mut Call<'_>) -> Result<usize, LuaError> {
    if call.len() != 1 {
        return fail(call, b"ERR redis.set_repl() requires two arguments.");
    }
    if !(0..=3).contains(&integer(call, 0)) {
        return fail(
            call,
            b"ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
        );
    }
    // Effects are always recorded: without them the data that they describe could not be made again.
    Ok(0)
}

/// An argument as a whole number; 0 for what is none.
fn integer(call: &mut Call<'_>, index: usize) -> i64 {
    let value = call.value(index).unwrap_or(Value::Nil);
    call.vm.to_number(value).map_or(0, number::truncated)
}

fn sha1hex(call: &mut Call<'_>) -> Result<usize, LuaError> {
    if call.len() != 1 {
        return fail(call, b"ERR wrong number of arguments");
    }
    let digest = match call.view(0) {
        View::String(text) => {
            let (cost, digest) = (text.len(), sha1(text));
            call.vm.charge_instructions(cost)?;
            digest
        }
        View::Number(_) => {
            let value = call.value(0)?;
            sha1(&call.vm.to_bytes(value).unwrap_or_default())
        }
        _ => sha1(b""),
    };
    call.push_bytes(hexadecimal(&digest).as_bytes())?;
    Ok(1)
}

/// The only argument, if it is a string; as much of it as a reply of one line should hold.
fn only_text(call: &Call<'_>) -> Option<Vec<u8>> {
    let text = if call.len() == 1 { call.bytes(0)? } else { return None };
    Some(text[..text.len().min(LINE_BYTES_MAX)].to_vec())
}

fn error_reply(call: &mut Call<'_>) -> Result<usize, LuaError> {
    let text = only_text(call).unwrap_or_else(|| b"-ERR wrong number or type of arguments".to_vec());
    let text = super::value::trimmed(text.strip_prefix(b"-").unwrap_or(&text));
    // A text of one word is no code.
    let has_code = text.contains(&b' ');
    let text = if has_code { text.to_vec() } else { [b"ERR ".as_slice(), text].concat() };
    let table = reply::error(call.vm, &text, false)?;
    give(call, table)
}

fn status_reply(call: &mut Call<'_>) -> Result<usize, LuaError> {
    let table = match only_text(call) {
        Some(text) => reply::single(call.vm, b"ok", &text)?,
        None => reply::error(call.vm, b"ERR wrong number or type of arguments", false)?,
    };
    give(call, table)
}
