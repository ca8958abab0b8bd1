//! Error messages: where, and about which variable.

#![expect(
    clippy::cast_possible_truncation,
    reason = "places in a function's code and its registers have fewer than 18 bits: the compiler refuses what is longer"
)]

use crate::error::Raise;
use crate::number;
use crate::opcode::{self as opcode, CONSTANT, Op};
use crate::thread::{Frame, FrameKind, Thread};
use crate::value::{Gc, Proto, Str, Val};
use crate::vm::Vm;
use alloc::vec::Vec;

/// Characters of a program's text that stand for its name.
const SOURCE_BYTES_MAX: usize = 79;

impl Vm {
    /// Throws a value.
    pub(crate) fn throw(&mut self, value: Val) -> Raise {
        self.thrown = value;
        self.thrown_at = self.lua_position();
        Raise::Error
    }

    /// Throws a text as it is.
    pub(crate) fn throw_text(&mut self, text: &[u8]) -> Raise {
        match self.heap.string(text) {
            Ok(text) => self.throw(Val::Str(text)),
            Err(raise) => raise,
        }
    }

    /// Throws a message, behind the position if a Lua function is on top.
    pub(crate) fn runtime_error(&mut self, message: &str) -> Raise {
        self.runtime_error_at(0, message.as_bytes())
    }

    /// Throws a message behind the position at a level: 0 is the function that runs, 1 the one that called it.
    pub(crate) fn runtime_error_at(&mut self, level: usize, message: &[u8]) -> Raise {
        // The text is there twice for a moment.
        if let Err(raise) = self.heap.check(2 * message.len() + 1024) {
            return raise;
        }
        let text = self.located(level, message);
        self.throw_text(&text)
    }

    /// A message behind the position at a level.
    pub(crate) fn located(&self, level: usize, message: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        if let Some((proto, line)) = self.position(level) {
            write_source(&mut text, proto.source);
            text.push(b':');
            number::write_integer(&mut text, u64::from(line));
            text.extend_from_slice(b": ");
        }
        text.extend_from_slice(message);
        text
    }

    /// Function and line at a level, if that is a Lua function.
    fn position(&self, level: usize) -> Option<(Gc<Proto>, u32)> {
        let frame = level_frame(self.current, level)?;
        frame_position(self.current, &self.current.frames[frame])
    }

    /// The innermost function that is Lua's, or called by one: what Redis shows as the place of an error.
    pub(crate) fn lua_position(&self) -> Option<(Gc<Str>, u32)> {
        let (proto, line) = self.position(0).or_else(|| self.position(1))?;
        Some((proto.source, line))
    }

    /// "bad argument" for an argument of the native function that runs; the first has index 0.
    pub(crate) fn bad_argument_at(&mut self, index: usize, message: &str) -> Raise {
        self.bad_argument_number(index + 1, message)
    }

    /// As `bad_argument_at`, with the number as the message shows it.
    pub(crate) fn bad_argument_number(&mut self, number: usize, message: &str) -> Raise {
        let named = self.current_name();
        let mut number = number;
        let mut text = Vec::new();
        let name = match &named {
            Some((kind, name)) => {
                if *kind == "method" {
                    number = number.saturating_sub(1);
                    if number == 0 {
                        text.extend_from_slice(b"calling '");
                        text.extend_from_slice(name);
                        text.extend_from_slice(b"' on bad self (");
                        text.extend_from_slice(message.as_bytes());
                        text.push(b')');
                        return self.runtime_error_at(1, &text);
                    }
                }
                name.as_slice()
            }
            None => b"?",
        };
        text.extend_from_slice(b"bad argument #");
        number::write_integer(&mut text, number as u64);
        text.extend_from_slice(b" to '");
        text.extend_from_slice(name);
        text.extend_from_slice(b"' (");
        text.extend_from_slice(message.as_bytes());
        text.push(b')');
        self.runtime_error_at(1, &text)
    }

    /// How the program called the function on top.
    fn current_name(&self) -> Option<(&'static str, Vec<u8>)> {
        let thread = self.current;
        let count = thread.frames.len();
        let top = thread.frames.last()?;
        if top.fresh || count < 2 {
            return None;
        }
        let caller = &thread.frames[count - 2];
        if caller.kind != FrameKind::Lua {
            return None;
        }
        let Val::Lua(closure) = thread.at(caller.func as usize) else { return None };
        let pc = pc_of(closure.proto, caller);
        let instruction = closure.proto.code[pc];
        match Op::of(instruction) {
            Op::Call | Op::TailCall | Op::TForLoop => {
                register_name(closure.proto, pc, opcode::a(instruction))
            }
            _ => None,
        }
    }

    /// "attempt to index global 'x' (a nil value)". `operand` is the register or constant of the instruction that the
    /// value came from, if known.
    pub(crate) fn type_error(&mut self, action: &str, value: &Val, operand: Option<u32>) -> Raise {
        let name = operand.and_then(|operand| self.operand_name(operand));
        let mut text = Vec::new();
        text.extend_from_slice(b"attempt to ");
        text.extend_from_slice(action.as_bytes());
        match name {
            Some((kind, name)) => {
                text.push(b' ');
                text.extend_from_slice(kind.as_bytes());
                text.extend_from_slice(b" '");
                text.extend_from_slice(&name);
                text.extend_from_slice(b"' (a ");
                text.extend_from_slice(value.type_name().as_bytes());
                text.extend_from_slice(b" value)");
            }
            None => {
                text.extend_from_slice(b" a ");
                text.extend_from_slice(value.type_name().as_bytes());
                text.extend_from_slice(b" value");
            }
        }
        self.runtime_error_at(0, &text)
    }

    pub(crate) fn call_error(&mut self, value: &Val, func: usize) -> Raise {
        let thread = self.current;
        let operand = thread
            .frames
            .last()
            .and_then(|frame| (frame.kind == FrameKind::Lua).then(|| (func as u32).wrapping_sub(frame.base)));
        self.type_error("call", value, operand.filter(|register| *register < CONSTANT))
    }

    fn operand_name(&self, operand: u32) -> Option<(&'static str, Vec<u8>)> {
        let thread = self.current;
        let frame = thread.frames.last()?;
        if frame.kind != FrameKind::Lua || operand >= CONSTANT {
            return None;
        }
        let Val::Lua(closure) = thread.at(frame.func as usize) else { return None };
        register_name(closure.proto, pc_of(closure.proto, frame), operand as usize)
    }

    pub(crate) fn compare_error(&mut self, a: &Val, b: &Val) -> Raise {
        let (a, b) = (a.type_name(), b.type_name());
        let message = if a == b {
            ["attempt to compare two ", a, " values"].concat()
        } else {
            ["attempt to compare ", a, " with ", b].concat()
        };
        self.runtime_error(&message)
    }
}

/// The frame at a level, counting calls that tail calls have replaced; those have none.
pub(crate) fn level_frame(thread: Gc<Thread>, level: usize) -> Option<usize> {
    let mut left = level as i64;
    let mut index = thread.frames.len();
    while index > 0 {
        index -= 1;
        if left == 0 {
            return Some(index);
        }
        left -= 1 + i64::from(thread.frames[index].tail_calls);
        if left < 0 {
            return None;
        }
    }
    None
}

fn frame_position(thread: Gc<Thread>, frame: &Frame) -> Option<(Gc<Proto>, u32)> {
    if frame.kind != FrameKind::Lua {
        return None;
    }
    let Val::Lua(closure) = thread.at(frame.func as usize) else { return None };
    let proto = closure.proto;
    Some((proto, proto.lines[pc_of(proto, frame)]))
}

/// The instruction that a frame executes: the one before the saved.
fn pc_of(proto: Gc<Proto>, frame: &Frame) -> usize {
    let offset = (frame.pc as usize).wrapping_sub(proto.code.as_ptr() as usize) / size_of::<u32>();
    offset.saturating_sub(1).min(proto.code.len() - 1)
}

/// What a register holds at an instruction, in the program's words.
fn register_name(proto: Gc<Proto>, pc: usize, register: usize) -> Option<(&'static str, Vec<u8>)> {
    if let Some(name) = local_name(proto, register, pc) {
        return Some(("local", name.bytes().to_vec()));
    }
    let instruction = proto.code[setter(proto, pc, register)?];
    let constant = |index: usize| match proto.constants.get(index) {
        Some(Val::Str(name)) => name.bytes().to_vec(),
        _ => b"?".to_vec(),
    };
    let key = || {
        let operand = opcode::c(instruction);
        if operand & CONSTANT != 0 { constant((operand & !CONSTANT) as usize) } else { b"?".to_vec() }
    };
    match Op::of(instruction) {
        Op::GetGlobal => Some(("global", constant(opcode::bx(instruction)))),
        Op::Move => {
            let from = opcode::b(instruction) as usize;
            if from < opcode::a(instruction) { register_name(proto, pc, from) } else { None }
        }
        Op::GetTable => Some(("field", key())),
        Op::GetField => Some(("field", constant(opcode::c(instruction) as usize))),
        Op::Method => Some(("method", key())),
        Op::GetUpvalue => {
            let name = proto.upvalue_names.get(opcode::b(instruction) as usize);
            Some(("upvalue", name.map_or_else(|| b"?".to_vec(), |name| name.bytes().to_vec())))
        }
        _ => None,
    }
}

fn local_name(proto: Gc<Proto>, register: usize, pc: usize) -> Option<Gc<Str>> {
    let mut left = register;
    for local in &proto.locals {
        if local.start as usize > pc {
            break;
        }
        if pc < local.end as usize {
            if left == 0 {
                return Some(local.name);
            }
            left -= 1;
        }
    }
    None
}

/// The instruction before `end` that set a register last, following jumps ahead.
fn setter(proto: Gc<Proto>, end: usize, register: usize) -> Option<usize> {
    let mut found = None;
    let mut pc = 0;
    while pc < end {
        let instruction = proto.code[pc];
        let op = Op::of(instruction);
        let a = opcode::a(instruction);
        if op.sets_a() && a == register {
            found = Some(pc);
        }
        match op {
            Op::LoadNil if a <= register && register <= opcode::b(instruction) as usize => found = Some(pc),
            Op::Method if register == a + 1 => found = Some(pc),
            Op::Call | Op::TailCall if register >= a => found = Some(pc),
            Op::TForLoop if register >= a + 2 => found = Some(pc),
            Op::Jmp | Op::ForLoop | Op::ForPrep => {
                let target = (pc as i64 + 1 + i64::from(opcode::sbx(instruction))) as usize;
                if pc < target && target <= end {
                    pc = target;
                    continue;
                }
            }
            Op::Closure => pc += proto.protos[opcode::bx(instruction)].upvalue_names.len(),
            Op::SetList if opcode::c(instruction) == 0 => pc += 1,
            _ => {}
        }
        pc += 1;
    }
    found
}

/// A source as messages show it.
pub(crate) fn write_source(out: &mut Vec<u8>, source: Gc<Str>) {
    let source = source.bytes();
    match source.first() {
        Some(b'=') => out.extend_from_slice(&source[1..source.len().min(SOURCE_BYTES_MAX + 1)]),
        Some(b'@') => {
            let name = &source[1..];
            // Of a long name, the end says more.
            const ROOM: usize = SOURCE_BYTES_MAX - 7;
            if name.len() > ROOM {
                out.extend_from_slice(b"...");
                out.extend_from_slice(&name[name.len() - ROOM..]);
            } else {
                out.extend_from_slice(name);
            }
        }
        _ => {
            const ROOM: usize = SOURCE_BYTES_MAX - 16;
            let line = source.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(source.len());
            out.extend_from_slice(b"[string \"");
            let shown = line.min(ROOM);
            out.extend_from_slice(&source[..shown]);
            if shown < source.len() {
                out.extend_from_slice(b"...");
            }
            out.extend_from_slice(b"\"]");
        }
    }
}
