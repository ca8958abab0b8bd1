//! The interpreter's loop.

#![expect(
    clippy::cast_possible_truncation,
    reason = "places in a function's code and its registers have fewer than 18 bits: the compiler refuses what is longer"
)]

use crate::api::Host;
use crate::call::Flow;
use crate::error::Raise;
use crate::meta::Event;
use crate::number;
use crate::opcode::{self as opcode, CONSTANT, LIST_BATCH, Op, a, b, bx, c, sbx};
use crate::thread::{After, FrameKind, Thread};
use crate::value::{Closure, Gc, NativeKind, Upvalue, Val};
use crate::vm::Vm;
use core::mem::MaybeUninit;

/// Upvalues of a function; the compiler keeps to it.
pub(crate) const UPVALUES_MAX: usize = 60;

impl Vm {
    /// Executes the function on top, and those that it calls or returns to, until one returns to native code.
    pub(crate) fn interpret(&mut self, host: &mut dyn Host) -> Result<Flow, Raise> {
        'frame: loop {
            let mut thread = self.current;
            let frame = *thread.frames.last().expect("a function is being executed");
            let Val::Lua(closure) = thread.at(frame.func as usize) else {
                // A library function that goes on step by step.
                match self.step(host)? {
                    Flow::Return => return Ok(Flow::Return),
                    Flow::Frame | Flow::Next => continue 'frame,
                }
            };
            let constants = closure.proto.constants.as_ptr();
            let base_index = frame.base as usize;
            // For the whole loop: the compiler emits only registers below the function's `stack_max`, which
            // `enter` reserved above `base`, constants, upvalues and functions that exist, and jumps within the code,
            // which ends with a return. `base` is taken anew after whatever may have moved the stack.
            //
            // SAFETY: as it says.
            let mut base = unsafe { thread.stack.add(base_index) };
            let mut pc = frame.pc;

            macro_rules! reg {
                ($index:expr) => {
                    // SAFETY: see above.
                    *unsafe { &mut *base.add($index as usize) }
                };
            }
            macro_rules! constant {
                ($index:expr) => {
                    // SAFETY: see above.
                    *unsafe { &*constants.add($index as usize) }
                };
            }
            macro_rules! rk {
                ($operand:expr) => {{
                    let operand = $operand;
                    if operand & CONSTANT != 0 { constant!(operand & !CONSTANT) } else { reg!(operand) }
                }};
            }
            // The same without a copy: where a register or constant lies.
            macro_rules! place {
                ($operand:expr) => {{
                    let operand = $operand;
                    let place: *const Val = if operand & CONSTANT != 0 {
                        constants.wrapping_add((operand & !CONSTANT) as usize)
                    } else {
                        base.wrapping_add(operand as usize)
                    };
                    // SAFETY: see above.
                    unsafe { &*place }
                }};
            }
            macro_rules! save {
                () => {
                    save_pc(thread, pc)
                };
            }
            // For what may call a metamethod: afterwards everything is as it was, or another function is on top.
            macro_rules! flow {
                ($call:expr) => {{
                    save!();
                    match $call? {
                        // SAFETY: the stack may have moved.
                        Flow::Next => base = unsafe { thread.stack.add(base_index) },
                        Flow::Frame => continue 'frame,
                        Flow::Return => return Ok(Flow::Return),
                    }
                }};
            }
            // For what is repeated after a collection if there is no memory.
            macro_rules! retry {
                ($call:expr) => {
                    match $call {
                        Err(Raise::OutOfMemory) => {
                            self.collect_charged();
                            $call
                        }
                        other => other,
                    }
                };
            }
            macro_rules! safe_point {
                () => {
                    if self.heap.bytes >= self.heap.threshold && !self.heap.stopped {
                        self.collect_at(pc);
                    }
                };
            }
            macro_rules! jump {
                () => {
                    // SAFETY: a test is followed by a jump.
                    unsafe {
                        pc = pc.offset(sbx(*pc) as isize + 1);
                    }
                };
            }
            macro_rules! skip {
                () => {
                    // SAFETY: see above.
                    unsafe {
                        pc = pc.add(1);
                    }
                };
            }
            macro_rules! arith {
                ($i:expr, $event:expr, $x:ident, $y:ident, $result:expr) => {{
                    let i = $i;
                    let (left, right) = (place!(b(i)), place!(c(i)));
                    if let (&Val::Number($x), &Val::Number($y)) = (left, right) {
                        reg!(a(i)) = Val::Number(number::settled($result, $x, $y));
                    } else {
                        flow!(self.arith_slow(host, $event, *left, *right, a(i) as u8, (b(i), c(i))));
                    }
                }};
            }
            macro_rules! order {
                ($i:expr, $event:expr, $op:tt) => {{
                    let i = $i;
                    let (left, right) = (place!(b(i)), place!(c(i)));
                    let wanted = a(i) != 0;
                    let holds = if let (Val::Number(x), Val::Number(y)) = (left, right) {
                        x $op y
                    } else {
                        save!();
                        match self.order_slow(host, $event, *left, *right, wanted)? {
                            Ok(holds) => holds,
                            Err(_) => continue 'frame,
                        }
                    };
                    if holds == wanted { jump!() } else { skip!() }
                }};
            }

            loop {
                // SAFETY: see above.
                let i = unsafe { *pc };
                self.fuel -= 1;
                if self.fuel < 0 {
                    save_pc(thread, pc);
                    self.fuel += 1;
                    self.out_of_fuel()?;
                    self.fuel -= 1;
                }
                skip!();
                match Op::of(i) {
                    Op::Move => reg!(a(i)) = reg!(b(i)),
                    Op::LoadK => reg!(a(i)) = constant!(bx(i)),
                    Op::LoadBool => {
                        reg!(a(i)) = Val::Bool(b(i) != 0);
                        if c(i) != 0 {
                            skip!();
                        }
                    }
                    Op::LoadNil => {
                        for register in a(i)..=b(i) as usize {
                            reg!(register) = Val::Nil;
                        }
                    }
                    Op::GetUpvalue => {
                        // SAFETY: see above; open upvalues point into a stack, closed ones to themselves.
                        let value = unsafe {
                            let upvalue: Gc<Upvalue> = *closure.upvalue(b(i) as usize);
                            *upvalue.value
                        };
                        reg!(a(i)) = value;
                    }
                    Op::SetUpvalue => {
                        let value = reg!(a(i));
                        // SAFETY: as for GetUpvalue.
                        unsafe {
                            let upvalue: Gc<Upvalue> = *closure.upvalue(b(i) as usize);
                            let place = upvalue.value;
                            *place = value;
                        }
                    }
                    Op::GetGlobal => {
                        let key = constant!(bx(i));
                        let env = closure.env;
                        let value = match key {
                            Val::Str(name) if name.is_short() => env.get_short(name),
                            _ => env.get(&key),
                        };
                        if value.is_nil() && env.meta.is_some() {
                            flow!(self.index_slow(host, Val::Table(env), key, a(i) as u8, None));
                        } else {
                            reg!(a(i)) = value;
                        }
                    }
                    Op::SetGlobal => {
                        let key = constant!(bx(i));
                        let mut env = closure.env;
                        if let Val::Str(name) = key
                            && !env.readonly
                            && let Some(slot) = env.present_short(name)
                        {
                            let value = reg!(a(i));
                            // SAFETY: a place in the table, which nothing has changed.
                            unsafe { *slot = value };
                            continue;
                        }
                        flow!(retry!(self.set_index_slow(host, Val::Table(env), key, reg!(a(i)), None)));
                    }
                    Op::GetField => {
                        let object = place!(b(i));
                        let key = place!(c(i) | CONSTANT);
                        if let (Val::Table(table), Val::Str(name)) = (object, key) {
                            let value = table.get_short(*name);
                            if !value.is_nil() || table.meta.is_none() {
                                reg!(a(i)) = value;
                                continue;
                            }
                        }
                        flow!(self.index_slow(host, *object, *key, a(i) as u8, Some(b(i))));
                    }
                    Op::GetTable => {
                        let object = place!(b(i));
                        let key = place!(c(i));
                        if let Val::Table(table) = object {
                            let value = match key {
                                Val::Number(number) => table.get_number(*number),
                                _ => table.get(key),
                            };
                            if !value.is_nil() || table.meta.is_none() {
                                reg!(a(i)) = value;
                                continue;
                            }
                        }
                        flow!(self.index_slow(host, *object, *key, a(i) as u8, Some(b(i))));
                    }
                    Op::SetField => {
                        let object = reg!(a(i));
                        let key = constant!(b(i));
                        let value = rk!(c(i));
                        if let (Val::Table(mut table), Val::Str(name)) = (object, key)
                            && !table.readonly
                            && let Some(slot) = table.present_short(name)
                        {
                            // SAFETY: a place in the table, which nothing has changed.
                            unsafe { *slot = value };
                            continue;
                        }
                        flow!(retry!(self.set_index_slow(host, object, key, value, Some(a(i) as u32))));
                    }
                    Op::SetTable => {
                        let object = reg!(a(i));
                        let key = rk!(b(i));
                        let value = rk!(c(i));
                        if let (Val::Table(table), Val::Number(number)) = (object, key)
                            && !table.readonly
                            && let Some(slot) = table.array_slot(number)
                        {
                            // SAFETY: a place in the table, which nothing has changed.
                            unsafe {
                                if table.meta.is_none() || !(*slot).is_nil() {
                                    *slot = value;
                                    continue;
                                }
                            }
                        }
                        flow!(retry!(self.set_index_slow(host, object, key, value, Some(a(i) as u32))));
                    }
                    Op::NewTable => {
                        save!();
                        let (elements, entries) = (opcode::unpack_size(b(i)), opcode::unpack_size(c(i)));
                        let table = retry!(self.new_table(elements as usize, entries as usize))?;
                        reg!(a(i)) = Val::Table(table);
                        safe_point!();
                    }
                    Op::Method => {
                        let object = reg!(b(i));
                        let key = rk!(c(i));
                        reg!(a(i) + 1) = object;
                        if let Val::Table(table) = object {
                            let value = table.get(&key);
                            if !value.is_nil() {
                                reg!(a(i)) = value;
                                continue;
                            }
                        }
                        flow!(self.index_slow(host, object, key, a(i) as u8, Some(b(i))));
                    }
                    Op::Add => arith!(i, Event::Add, x, y, x + y),
                    Op::Sub => arith!(i, Event::Sub, x, y, x - y),
                    Op::Mul => arith!(i, Event::Mul, x, y, x * y),
                    Op::Div => arith!(i, Event::Div, x, y, x / y),
                    Op::Mod => arith!(i, Event::Mod, x, y, number::modulo(x, y)),
                    Op::Pow => arith!(i, Event::Pow, x, y, number::power(x, y)),
                    Op::Unm => {
                        let value = reg!(b(i));
                        if let Val::Number(number) = value {
                            reg!(a(i)) = Val::Number(-number);
                        } else {
                            flow!(self.arith_slow(host, Event::Unm, value, value, a(i) as u8, (b(i), b(i))));
                        }
                    }
                    Op::Not => reg!(a(i)) = Val::Bool(reg!(b(i)).is_falsy()),
                    Op::Len => match reg!(b(i)) {
                        Val::Table(table) => reg!(a(i)) = Val::Number(table.border() as f64),
                        Val::Str(string) => reg!(a(i)) = Val::Number(f64::from(string.len)),
                        other => flow!(self.len_slow(host, other, a(i) as u8, b(i))),
                    },
                    Op::Concat => {
                        save!();
                        let (first, last) = (b(i) as usize, c(i) as usize);
                        self.concat(host, first, last)?;
                        // SAFETY: the stack may have moved.
                        base = unsafe { thread.stack.add(base_index) };
                        reg!(a(i)) = reg!(first);
                        safe_point!();
                    }
                    Op::Jmp => {
                        // SAFETY: see above.
                        pc = unsafe { pc.offset(sbx(i) as isize) };
                    }
                    Op::Eq => {
                        let (left, right) = (place!(b(i)), place!(c(i)));
                        let wanted = a(i) != 0;
                        let mut holds = left.raw_eq(right);
                        if !holds
                            && let (Val::Table(x), Val::Table(y)) = (left, right)
                            && x.meta.is_some()
                            && y.meta.is_some()
                        {
                            save!();
                            match self.eq_slow(host, *left, *right, wanted)? {
                                Ok(equal) => holds = equal,
                                Err(_) => continue 'frame,
                            }
                        }
                        if holds == wanted {
                            jump!();
                        } else {
                            skip!();
                        }
                    }
                    Op::Lt => order!(i, Event::Lt, <),
                    Op::Le => order!(i, Event::Le, <=),
                    Op::Test => {
                        if reg!(a(i)).is_falsy() == (c(i) != 0) {
                            skip!();
                        } else {
                            jump!();
                        }
                    }
                    Op::TestSet => {
                        let value = reg!(b(i));
                        if value.is_falsy() == (c(i) != 0) {
                            skip!();
                        } else {
                            reg!(a(i)) = value;
                            jump!();
                        }
                    }
                    Op::Call => {
                        let func = base_index + a(i);
                        if b(i) != 0 {
                            thread.top = func + b(i) as usize;
                        }
                        save!();
                        let want = c(i) as i32 - 1;
                        if let Val::Lua(callee) = reg!(a(i)) {
                            self.enter(func, callee, want, After::Nothing, false)?;
                            continue 'frame;
                        }
                        match self.precall(host, func, want, After::Nothing, false)? {
                            Flow::Next => {}
                            Flow::Frame => {
                                self.safe_point_between();
                                continue 'frame;
                            }
                            Flow::Return => return Ok(Flow::Return),
                        }
                        // SAFETY: the stack may have moved.
                        base = unsafe { thread.stack.add(base_index) };
                        if self.heap.bytes >= self.heap.threshold && !self.heap.stopped {
                            self.collect_at(pc);
                        }
                    }
                    Op::TailCall => {
                        let func = base_index + a(i);
                        if b(i) != 0 {
                            thread.top = func + b(i) as usize;
                        }
                        save!();
                        if let Val::Lua(callee) = reg!(a(i)) {
                            self.replace(callee, func)?;
                            continue 'frame;
                        }
                        // Of other functions the results are returned by the next instruction.
                        match self.precall(host, func, -1, After::Nothing, false)? {
                            Flow::Next => {}
                            Flow::Frame => continue 'frame,
                            Flow::Return => return Ok(Flow::Return),
                        }
                        // SAFETY: the stack may have moved.
                        base = unsafe { thread.stack.add(base_index) };
                    }
                    Op::Return => {
                        let from = base_index + a(i);
                        let count = if b(i) != 0 { b(i) as usize - 1 } else { thread.top - from };
                        if thread.open.is_some() {
                            thread.close(base);
                        }
                        let frames = thread.frames.len();
                        if frame.fresh
                            || frame.after != After::Nothing
                            || frames < 2
                            || thread.frames[frames - 2].kind != FrameKind::Lua
                        {
                            match self.complete(from, count)? {
                                Flow::Return => return Ok(Flow::Return),
                                _ => continue 'frame,
                            }
                        }
                        thread.frames.pop();
                        let func = frame.func as usize;
                        let want = if frame.want < 0 {
                            thread.top = func + count;
                            count
                        } else {
                            frame.want as usize
                        };
                        for index in 0..want.min(count) {
                            thread.put(func + index, thread.at(from + index));
                        }
                        for index in count..want {
                            thread.put(func + index, Val::Nil);
                        }
                        continue 'frame;
                    }
                    Op::ForLoop => {
                        let register = a(i);
                        if let (Val::Number(at), Val::Number(limit), Val::Number(step)) =
                            (reg!(register), reg!(register + 1), reg!(register + 2))
                        {
                            let at = at + step;
                            if if step > 0.0 { at <= limit } else { limit <= at } {
                                reg!(register) = Val::Number(at);
                                reg!(register + 3) = Val::Number(at);
                                // SAFETY: see above.
                                pc = unsafe { pc.offset(sbx(i) as isize) };
                            }
                        }
                    }
                    Op::ForPrep => {
                        save!();
                        let register = a(i);
                        for (index, what) in ["initial", "limit", "step"].into_iter().enumerate() {
                            match Vm::number_of(&reg!(register + index)) {
                                Some(number) => reg!(register + index) = Val::Number(number),
                                None => return Err(self.for_error(what)),
                            }
                        }
                        if let (Val::Number(at), Val::Number(step)) = (reg!(register), reg!(register + 2)) {
                            reg!(register) = Val::Number(at - step);
                        }
                        // SAFETY: see above.
                        pc = unsafe { pc.offset(sbx(i) as isize) };
                    }
                    Op::TForLoop => {
                        let register = a(i);
                        let (function, state, control) =
                            (reg!(register), reg!(register + 1), reg!(register + 2));
                        if let (Val::Native(native), Val::Table(table)) = (function, state)
                            && let NativeKind::Next = native.kind
                            && let Some((entry, cost)) = table.next(&control)
                        {
                            self.fuel -= cost as i64 / 8;
                            match entry {
                                None => skip!(),
                                Some((key, value)) => {
                                    reg!(register + 2) = key;
                                    reg!(register + 3) = key;
                                    reg!(register + 4) = value;
                                    for extra in 2..c(i) as usize {
                                        reg!(register + 3 + extra) = Val::Nil;
                                    }
                                }
                            }
                            continue;
                        }
                        reg!(register + 3) = function;
                        reg!(register + 4) = state;
                        reg!(register + 5) = control;
                        let func = base_index + register + 3;
                        thread.top = func + 3;
                        flow!(self.precall(host, func, c(i) as i32, After::Iterate(register as u8), false));
                    }
                    Op::SetList => {
                        save!();
                        let count =
                            if b(i) != 0 { b(i) as usize } else { thread.top - (base_index + a(i)) - 1 };
                        let mut batch = c(i);
                        if batch == 0 {
                            // SAFETY: the compiler put the number behind the instruction.
                            batch = unsafe { *pc } >> 6;
                            skip!();
                        }
                        let Val::Table(mut table) = reg!(a(i)) else { continue };
                        let first = (batch as usize - 1) * LIST_BATCH as usize;
                        retry!(table.reserve_array(&mut self.heap, first + count))?;
                        self.charge(count)?;
                        for index in 1..=count {
                            let value = reg!(a(i) + index);
                            table.set_index(&mut self.heap, first + index, value)?;
                        }
                    }
                    Op::Close => {
                        // SAFETY: see above.
                        thread.close(unsafe { base.add(a(i)) });
                    }
                    Op::Closure => {
                        save!();
                        let made = self.make_closure(closure, bx(i), base, &mut pc)?;
                        reg!(a(i)) = Val::Lua(made);
                        safe_point!();
                    }
                    Op::Vararg => {
                        let have = base_index - frame.func as usize - 1 - closure.proto.parameters as usize;
                        let want = if b(i) != 0 { b(i) as usize - 1 } else { have };
                        if b(i) == 0 {
                            save!();
                            self.reserve_stack(base_index + a(i) + have + 1)?;
                            // SAFETY: the stack may have moved.
                            base = unsafe { thread.stack.add(base_index) };
                            thread.top = base_index + a(i) + have;
                            self.charge(have)?;
                        }
                        for index in 0..want {
                            let value =
                                if index < have { thread.at(base_index - have + index) } else { Val::Nil };
                            reg!(a(i) + index) = value;
                        }
                    }
                }
            }
        }
    }

    #[cold]
    fn for_error(&mut self, what: &str) -> Raise {
        let what = if what == "initial" { "initial value" } else { what };
        self.runtime_error(&["'for' ", what, " must be a number"].concat())
    }

    #[cold]
    #[inline(never)]
    fn collect_at(&mut self, pc: *const u32) {
        save_pc(self.current, pc);
        self.collect_charged();
    }

    /// A safe point between two functions.
    fn safe_point_between(&mut self) {
        if self.heap.bytes >= self.heap.threshold && !self.heap.stopped {
            self.collect_charged();
        }
    }

    /// Puts a tail call in place of the function on top.
    #[inline(never)]
    fn replace(&mut self, callee: Gc<Closure>, func: usize) -> Result<(), Raise> {
        let mut thread = self.current;
        let frame = thread.frames.pop().expect("a function is being executed");
        let old = frame.func as usize;
        // SAFETY: within the stack.
        let place = unsafe { thread.slot(frame.base as usize) };
        thread.close(place);
        let count = thread.top - func;
        for index in 0..count {
            thread.put(old + index, thread.at(func + index));
        }
        thread.top = old + count;
        let entered = self.enter(old, callee, frame.want, frame.after, frame.fresh);
        if entered.is_err() {
            // The error's position is that of the function that called.
            let _ = thread.push_frame(&mut self.heap, frame);
            return entered;
        }
        if let Some(top) = thread.frames.last_mut() {
            top.tail_calls = frame.tail_calls.saturating_add(1);
        }
        Ok(())
    }

    #[inline(never)]
    fn make_closure(
        &mut self,
        around: Gc<Closure>,
        index: usize,
        base: *mut Val,
        pc: &mut *const u32,
    ) -> Result<Gc<Closure>, Raise> {
        let proto = around.proto.protos[index];
        let count = proto.upvalue_names.len();
        let mut list = [MaybeUninit::<Gc<Upvalue>>::uninit(); UPVALUES_MAX];
        for place in list.iter_mut().take(count) {
            // SAFETY: the compiler put one instruction per upvalue behind CLOSURE, which names a register or an
            // upvalue that exists.
            unsafe {
                let i = **pc;
                *pc = (*pc).add(1);
                place.write(if Op::of(i) == Op::GetUpvalue {
                    *around.upvalue(b(i) as usize)
                } else {
                    Thread::find_upvalue(self.current, &mut self.heap, base.add(b(i) as usize))?
                });
            }
        }
        // SAFETY: the first `count` were just written.
        let upvalues = unsafe { core::slice::from_raw_parts(list.as_ptr().cast::<Gc<Upvalue>>(), count) };
        self.heap.new_closure(proto, around.env, upvalues)
    }
}

/// Notes in the frame on top where it goes on.
#[inline(always)]
fn save_pc(mut thread: Gc<Thread>, pc: *const u32) {
    if let Some(frame) = thread.frames.last_mut() {
        frame.pc = pc;
    }
}
