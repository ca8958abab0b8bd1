//! Calls, returns, errors and coroutines.
//!
//! Lua functions, `pcall`, `xpcall` and coroutines take no native stack: each is a [`Frame`], and the loop in
//! [`crate::interpret`] goes on with whichever is on top. Only native functions that wait for a Lua function nest.

#![expect(clippy::cast_possible_truncation, reason = "the stack has a limit far below 2^32 values")]

use crate::api::{Call, Host};
use crate::error::Raise;
use crate::thread::{After, Frame, FrameKind, NATIVE_STACK, Status, Thread};
use crate::value::{Closure, Gc, Native, NativeKind, Val};
use crate::vm::{STACK_MAX, Vm};
use core::ptr;

/// Where the program goes on.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Flow {
    /// In the same function, with the next instruction.
    Next,
    /// In the function that is on top now.
    Frame,
    /// In the native code that called.
    Return,
}

enum Unwound {
    Caught(Result<Flow, Raise>),
    Uncaught,
}

/// Coroutines that have resumed each other.
const RESUMES_MAX: u32 = 200;

impl Vm {
    /// Pushes a value for native code.
    #[inline]
    pub(crate) fn push(&mut self, value: Val) -> Result<(), Raise> {
        let mut thread = self.current;
        if thread.top >= thread.stack_len {
            self.reserve_stack(thread.top + 1)?;
        }
        thread.put(thread.top, value);
        thread.top += 1;
        Ok(())
    }

    /// Makes sure that the current stack reaches up to `end`.
    #[inline(always)]
    pub(crate) fn reserve_stack(&mut self, end: usize) -> Result<(), Raise> {
        if end > self.current.stack_len { self.grow_stack(end) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn grow_stack(&mut self, end: usize) -> Result<(), Raise> {
        if end > STACK_MAX {
            return Err(self.runtime_error("stack overflow"));
        }
        let mut thread = self.current;
        thread.grow_stack(&mut self.heap, end)
    }

    /// Calls from native code the function at `func`, with the arguments above it. The results lie from `func` on,
    /// up to the top if `want` is -1.
    pub(crate) fn call_value(&mut self, host: &mut dyn Host, func: usize, want: i32) -> Result<(), Raise> {
        if self.native_depth >= self.native_depth_max {
            return Err(self.runtime_error("C stack overflow"));
        }
        let mut thread = self.current;
        let depth = thread.frames.len();
        self.native_depth += 1;
        thread.nested += 1;
        let first = self.precall(host, func, want, After::Nothing, true);
        let end = self.drive(host, first, thread, depth);
        thread.nested = thread.nested.saturating_sub(1);
        self.native_depth -= 1;
        if self.native_depth == 0 {
            self.return_overdraft();
        }
        if want >= 0 && end.is_ok() {
            thread.top = func + want as usize;
        }
        end
    }

    /// Runs until the frame that was entered from native code returns. Errors are caught by the frames above `depth`.
    pub(crate) fn drive(
        &mut self,
        host: &mut dyn Host,
        first: Result<Flow, Raise>,
        entry: Gc<Thread>,
        depth: usize,
    ) -> Result<(), Raise> {
        let mut flow = first;
        loop {
            flow = match flow {
                Ok(Flow::Return) => return Ok(()),
                Ok(Flow::Frame | Flow::Next) => self.interpret(host),
                Err(Raise::Error) => match self.unwind(host, entry, depth) {
                    Unwound::Caught(flow) => flow,
                    Unwound::Uncaught => return Err(Raise::Error),
                },
                Err(raise) => return Err(raise),
            };
        }
    }

    /// Begins the call of whatever lies at `func`. Native functions are done when this returns.
    pub(crate) fn precall(
        &mut self,
        host: &mut dyn Host,
        func: usize,
        want: i32,
        after: After,
        fresh: bool,
    ) -> Result<Flow, Raise> {
        match self.current.at(func) {
            Val::Lua(closure) => {
                self.enter(func, closure, want, after, fresh)?;
                Ok(Flow::Frame)
            }
            Val::Native(native) => {
                let frame = Frame {
                    func: func as u32,
                    base: func as u32 + 1,
                    pc: ptr::null(),
                    want,
                    tail_calls: 0,
                    kind: FrameKind::Native,
                    fresh,
                    after,
                };
                self.enter_native(host, native, frame)
            }
            other => {
                let handler = self.metamethod(&other, crate::meta::Event::Call);
                if !matches!(handler, Val::Lua(_) | Val::Native(_)) {
                    return Err(self.call_error(&other, func));
                }
                // The value itself becomes the first argument.
                self.reserve_stack(self.current.top + 1)?;
                let mut thread = self.current;
                for index in (func..thread.top).rev() {
                    thread.put(index + 1, thread.at(index));
                }
                thread.top += 1;
                thread.put(func, handler);
                self.precall(host, func, want, after, fresh)
            }
        }
    }

    /// Begins the call of a Lua function with the arguments up to the top.
    #[inline]
    pub(crate) fn enter(
        &mut self,
        func: usize,
        closure: Gc<Closure>,
        want: i32,
        after: After,
        fresh: bool,
    ) -> Result<(), Raise> {
        let mut thread = self.current;
        let proto = closure.proto;
        if thread.frames.len() >= self.frames_max {
            return Err(self.frames_overflow());
        }
        let parameters = proto.parameters as usize;
        let count = thread.top - func - 1;
        let end = thread.top + parameters + proto.stack_max as usize + 1;
        if end > thread.stack_len {
            self.grow_stack(end)?;
        }
        let base = if proto.vararg {
            self.move_arguments(closure, func, count)?
        } else {
            for index in count..parameters {
                thread.put(func + 1 + index, Val::Nil);
            }
            func + 1
        };
        let frame = Frame {
            func: func as u32,
            base: base as u32,
            pc: proto.code.as_ptr(),
            want,
            tail_calls: 0,
            kind: FrameKind::Lua,
            fresh,
            after,
        };
        thread.push_frame(&mut self.heap, frame)
    }

    #[cold]
    fn frames_overflow(&mut self) -> Raise {
        self.runtime_error("stack overflow")
    }

    /// For a function with variable arguments: these stay below its base, the fixed ones move there.
    #[inline(never)]
    fn move_arguments(&mut self, closure: Gc<Closure>, func: usize, count: usize) -> Result<usize, Raise> {
        let thread = self.current;
        let proto = closure.proto;
        let fixed = proto.parameters as usize;
        for index in count..fixed {
            thread.put(func + 1 + index, Val::Nil);
        }
        let base = func + 1 + count.max(fixed);
        if proto.needs_arg {
            let extra = count.saturating_sub(fixed);
            let mut table = self.new_table(extra, 1)?;
            for index in 0..extra {
                table.set_index(&mut self.heap, index + 1, thread.at(func + 1 + fixed + index))?;
            }
            let name = self.heap.string(b"n")?;
            table.set(&mut self.heap, Val::Str(name), Val::Number(extra as f64))?;
            thread.put(base + fixed, Val::Table(table));
        } else if proto.has_arg {
            thread.put(base + fixed, Val::Nil);
        }
        for index in 0..fixed {
            thread.put(base + index, thread.at(func + 1 + index));
            thread.put(func + 1 + index, Val::Nil);
        }
        Ok(base)
    }

    fn enter_native(&mut self, host: &mut dyn Host, native: Gc<Native>, frame: Frame) -> Result<Flow, Raise> {
        let mut thread = self.current;
        let func = frame.func as usize;
        self.reserve_stack(thread.top + NATIVE_STACK)?;
        if thread.frames.len() >= self.frames_max {
            return Err(self.frames_overflow());
        }
        thread.push_frame(&mut self.heap, frame)?;
        let count = match native.kind {
            NativeKind::Library(function) => {
                let count = thread.top - func - 1;
                match function(&mut Call { vm: self, func, count }, host) {
                    Err(Raise::Begun) => return self.begun(host),
                    done => done?,
                }
            }
            NativeKind::Host(number) => {
                let count = thread.top - func - 1;
                let handles = self.handles.len();
                let main = self.main;
                let outcome = host.call(number, &mut Call { vm: self, func, count });
                assert!(self.main == main, "the host leaves the machine in its place");
                self.release(handles);
                // A number that is too large would name what is not there.
                outcome?.min(thread.top - func - 1)
            }
            NativeKind::Next => {
                let count = thread.top - func - 1;
                crate::library::next(&mut Call { vm: self, func, count }, host)?
            }
            NativeKind::Pcall => return self.enter_pcall(host, func),
            NativeKind::Xpcall => return self.enter_xpcall(host, func),
            NativeKind::Resume => return self.resume(host, func, FrameKind::Resume),
            NativeKind::Wrap => return self.resume(host, func, FrameKind::Wrap),
            NativeKind::Yield => return self.yield_up(func),
        };
        let plain = !frame.fresh && frame.after == After::Nothing;
        if !plain {
            return self.complete(thread.top - count, count);
        }
        thread.frames.pop();
        deliver(thread, &frame, thread.top - count, count);
        Ok(match thread.frames.last() {
            Some(caller) if caller.kind == FrameKind::Lua => Flow::Next,
            // A `pcall` of a native function.
            _ => {
                let results = thread.top - func;
                return self.continue_frame(func, results);
            }
        })
    }

    /// Ends the call on top, whose results lie at `from`, and those that end with it.
    pub(crate) fn complete(&mut self, from: usize, count: usize) -> Result<Flow, Raise> {
        let mut thread = self.current;
        let Some(frame) = thread.frames.pop() else { return Ok(Flow::Return) };
        deliver(thread, &frame, from, count);
        if frame.fresh {
            return Ok(Flow::Return);
        }
        let func = frame.func as usize;
        match frame.after {
            After::Nothing => {}
            after => {
                self.finish_instruction(after, thread.at(func));
                return Ok(Flow::Frame);
            }
        }
        if thread.frames.last().is_some_and(|caller| caller.kind == FrameKind::Lua) {
            return Ok(Flow::Frame);
        }
        let results = thread.top - func;
        self.continue_frame(func, results)
    }

    /// Goes on with the frame on top, which is no Lua function: the call it waited for has left results at `from`.
    fn continue_frame(&mut self, from: usize, count: usize) -> Result<Flow, Raise> {
        let thread = self.current;
        let Some(frame) = thread.frames.last().copied() else {
            return self.finish_coroutine(from, count);
        };
        let func = frame.func as usize;
        match frame.kind {
            FrameKind::Pcall | FrameKind::Xpcall => {
                thread.put(func, Val::Bool(true));
                self.complete(func, count + 1)
            }
            FrameKind::Handler => {
                let value = if count > 0 { thread.at(from) } else { Val::Nil };
                thread.put(func, Val::Bool(false));
                thread.put(func + 1, value);
                self.complete(func, 2)
            }
            FrameKind::Steps => Ok(Flow::Frame),
            _ => unreachable!("native functions wait inside `call_value`, coroutines inside `resume`"),
        }
    }

    /// What an instruction does with the result of its metamethod.
    fn finish_instruction(&mut self, after: After, result: Val) {
        let mut thread = self.current;
        let Some(mut frame) = thread.frames.last().copied() else { return };
        match after {
            After::Store(register) => {
                let place = frame.base as usize + register as usize;
                thread.put(place, result);
            }
            After::Test(wanted) => {
                if result.is_falsy() == wanted {
                    // SAFETY: a test is followed by a jump, and that by something.
                    frame.pc = unsafe { frame.pc.add(1) };
                }
            }
            After::Iterate(register) => {
                let place = frame.base as usize + register as usize + 2;
                if result.is_nil() {
                    // SAFETY: as above.
                    frame.pc = unsafe { frame.pc.add(1) };
                } else {
                    thread.put(place, result);
                }
            }
            After::Discard | After::Nothing => {}
        }
        if let Some(place) = thread.frames.last_mut() {
            place.pc = frame.pc;
        }
    }

    fn enter_pcall(&mut self, host: &mut dyn Host, func: usize) -> Result<Flow, Raise> {
        let mut thread = self.current;
        if thread.top == func + 1 {
            return Err(self.bad_argument_at(0, "value expected"));
        }
        thread.frames.last_mut().expect("it was just pushed").kind = FrameKind::Pcall;
        self.precall(host, func + 1, -1, After::Nothing, false)
    }

    fn enter_xpcall(&mut self, host: &mut dyn Host, func: usize) -> Result<Flow, Raise> {
        let mut thread = self.current;
        if thread.top < func + 3 {
            return Err(self.bad_argument_at(1, "value expected"));
        }
        thread.frames.last_mut().expect("it was just pushed").kind = FrameKind::Xpcall;
        // The handler waits in the place of `xpcall` itself; the function gets no arguments.
        thread.put(func, thread.at(func + 2));
        thread.top = func + 2;
        self.precall(host, func + 1, -1, After::Nothing, false)
    }

    /// Looks for a frame that catches the error under way: on this stack down to `depth`, or on those of the
    /// coroutines that the entry's stack has resumed.
    fn unwind(&mut self, host: &mut dyn Host, entry: Gc<Thread>, depth: usize) -> Unwound {
        loop {
            let mut thread = self.current;
            let floor = if thread == entry { depth } else { 0 };
            while thread.frames.len() > floor {
                let frame = *thread.frames.last().expect("there are more than the floor");
                let func = frame.func as usize;
                match frame.kind {
                    FrameKind::Pcall | FrameKind::Xpcall | FrameKind::Handler => {
                        // SAFETY: frames lie within their stack.
                        let place = unsafe { thread.slot(func) };
                        thread.close(place);
                        return Unwound::Caught(self.catch(host, frame));
                    }
                    FrameKind::Resume | FrameKind::Wrap => self.resumes = self.resumes.saturating_sub(1),
                    FrameKind::Steps => self.end_steps(),
                    _ => {}
                }
                thread.frames.pop();
                if thread.frames.len() == floor {
                    // SAFETY: as above.
                    let place = unsafe { thread.slot(func) };
                    thread.close(place);
                    thread.top = func;
                }
            }
            if thread == entry {
                return Unwound::Uncaught;
            }
            // The error ends a coroutine, and is a result for its resumer.
            let parent = thread.parent.take().expect("only the entry's stack was not resumed");
            thread.abandon();
            self.current = parent;
            if let Some(flow) = self.failed_coroutine(parent) {
                return Unwound::Caught(flow);
            }
        }
    }

    fn catch(&mut self, host: &mut dyn Host, frame: Frame) -> Result<Flow, Raise> {
        let mut thread = self.current;
        let func = frame.func as usize;
        let thrown = self.thrown;
        match frame.kind {
            FrameKind::Xpcall => {
                thread.frames.last_mut().expect("it is on top").kind = FrameKind::Handler;
                let handler = thread.at(func);
                thread.put(func + 1, handler);
                thread.put(func + 2, thrown);
                thread.top = func + 3;
                self.precall(host, func + 1, -1, After::Nothing, false)
            }
            kind => {
                thread.put(func, Val::Bool(false));
                let value = if kind == FrameKind::Handler {
                    Val::Str(self.heap.string(b"error in error handling")?)
                } else {
                    self.caught(thrown)
                };
                thread.put(func + 1, value);
                thread.top = func + 2;
                self.complete(func, 2)
            }
        }
    }

    /// What `pcall` gives for an error: with [`crate::Options::unwraps_errors`], the text of one that is a table.
    fn caught(&self, thrown: Val) -> Val {
        if self.unwraps_errors
            && let Val::Table(table) = thrown
            && let Some(name) = self.heap.find_short(b"err")
            && let text @ (Val::Str(_) | Val::Number(_)) = table.get_short(name)
        {
            return text;
        }
        thrown
    }

    /// A coroutine has failed; `None` if that is an error in the one that resumed it.
    fn failed_coroutine(&mut self, mut parent: Gc<Thread>) -> Option<Result<Flow, Raise>> {
        parent.status = Status::Running;
        let frame = *parent.frames.last().expect("it waits for the coroutine");
        if frame.kind == FrameKind::Wrap {
            // As `coroutine.wrap` does: a message gets the position of the call in front.
            if let Val::Str(message) = self.thrown {
                let text = self.located(1, message.bytes());
                match self.heap.string(&text) {
                    Ok(text) => self.thrown = Val::Str(text),
                    Err(raise) => return Some(Err(raise)),
                }
            }
            return None;
        }
        self.resumes = self.resumes.saturating_sub(1);
        let func = frame.func as usize;
        parent.put(func, Val::Bool(false));
        parent.put(func + 1, self.thrown);
        Some(self.complete(func, 2))
    }

    /// Continues the coroutine that is the first argument, or belongs to the function.
    fn resume(&mut self, host: &mut dyn Host, func: usize, kind: FrameKind) -> Result<Flow, Raise> {
        let mut parent = self.current;
        let (callee, first) = match (kind, parent.at(func)) {
            (FrameKind::Wrap, Val::Native(wrap)) => (wrap.upvalues[0], func + 1),
            _ => (if parent.top > func + 1 { parent.at(func + 1) } else { Val::Nil }, func + 2),
        };
        let Val::Thread(mut thread) = callee else {
            return Err(self.bad_argument_at(0, "coroutine expected"));
        };
        let status = match thread.status {
            Status::Suspended => None,
            Status::Dead => Some("dead"),
            Status::Running => Some("running"),
            Status::Normal => Some("normal"),
        };
        let problem = match status {
            Some(status) => Some(["cannot resume ", status, " coroutine"].concat()),
            None if self.resumes >= RESUMES_MAX => Some("C stack overflow".into()),
            None => None,
        };
        if let Some(problem) = problem {
            if kind == FrameKind::Wrap {
                return Err(self.runtime_error_at(1, problem.as_bytes()));
            }
            let message = self.heap.string(problem.as_bytes())?;
            parent.put(func, Val::Bool(false));
            parent.put(func + 1, Val::Str(message));
            return self.complete(func, 2);
        }
        parent.frames.last_mut().expect("it was just pushed").kind = kind;
        let count = parent.top - first;
        parent.status = Status::Normal;
        thread.status = Status::Running;
        thread.parent = Some(parent);
        self.current = thread;
        self.resumes += 1;
        let to = thread.top;
        self.reserve_stack(to + count + NATIVE_STACK)?;
        for index in 0..count {
            thread.put(to + index, parent.at(first + index));
        }
        thread.top = to + count;
        if thread.frames.is_empty() {
            self.precall(host, 0, -1, After::Nothing, false)
        } else {
            self.complete(to, count)
        }
    }

    fn yield_up(&mut self, func: usize) -> Result<Flow, Raise> {
        let mut thread = self.current;
        if thread.parent.is_none() || thread.nested > 0 {
            return Err(self.runtime_error("attempt to yield across metamethod/C-call boundary"));
        }
        thread.frames.last_mut().expect("it was just pushed").kind = FrameKind::Yield;
        thread.status = Status::Suspended;
        let count = thread.top - func - 1;
        let flow = self.hand_over(func + 1, count);
        thread.top = func + 1;
        flow
    }

    fn finish_coroutine(&mut self, from: usize, count: usize) -> Result<Flow, Raise> {
        let mut thread = self.current;
        thread.status = Status::Dead;
        let flow = self.hand_over(from, count);
        thread.abandon();
        flow
    }

    /// Gives values to the coroutine that resumed this one, and goes on there.
    fn hand_over(&mut self, from: usize, count: usize) -> Result<Flow, Raise> {
        let mut thread = self.current;
        let mut parent = thread.parent.take().expect("a coroutine that runs was resumed");
        self.current = parent;
        parent.status = Status::Running;
        self.resumes = self.resumes.saturating_sub(1);
        let frame = *parent.frames.last().expect("it waits for the coroutine");
        let func = frame.func as usize;
        self.reserve_stack(func + count + NATIVE_STACK)?;
        let mut to = func;
        if frame.kind == FrameKind::Resume {
            parent.put(to, Val::Bool(true));
            to += 1;
        }
        for index in 0..count {
            parent.put(to + index, thread.at(from + index));
        }
        parent.top = to + count;
        self.complete(func, parent.top - func)
    }
}

/// Moves results to where the caller wants them, as many as it wants.
#[inline(always)]
fn deliver(mut thread: Gc<Thread>, frame: &Frame, from: usize, count: usize) {
    let func = frame.func as usize;
    if frame.want < 0 {
        for index in 0..count {
            thread.put(func + index, thread.at(from + index));
        }
        thread.top = func + count;
        return;
    }
    let want = frame.want as usize;
    for index in 0..want.min(count) {
        thread.put(func + index, thread.at(from + index));
    }
    for index in count..want {
        thread.put(func + index, Val::Nil);
    }
}
