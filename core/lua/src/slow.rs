//! What instructions do when the plain case does not hold: strings as numbers, metamethods, errors.

#![expect(
    clippy::cast_possible_truncation,
    reason = "places in a function's code and its registers have fewer than 18 bits: the compiler refuses what is longer"
)]

use crate::api::Host;
use crate::call::Flow;
use crate::error::Raise;
use crate::meta::Event;
use crate::number;
use crate::table::Table;
use crate::thread::{After, FrameKind};
use crate::value::{Gc, Str, Val};
use crate::vm::Vm;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// How many `__index` or `__newindex` may lead to each other.
const CHAIN_MAX: usize = 100;

impl Vm {
    /// A number, or a string that reads as one.
    pub(crate) fn number_of(value: &Val) -> Option<f64> {
        match value {
            Val::Number(number) => Some(*number),
            Val::Str(string) => number::parse(string.bytes()),
            _ => None,
        }
    }

    /// A string, or a number as one.
    pub(crate) fn text_of(&mut self, value: &Val) -> Result<Option<Gc<Str>>, Raise> {
        Ok(match value {
            Val::Str(string) => Some(*string),
            Val::Number(number) => Some(self.number_string(*number)?),
            _ => None,
        })
    }

    pub(crate) fn number_string(&mut self, number: f64) -> Result<Gc<Str>, Raise> {
        let mut text = Vec::with_capacity(32);
        number::write(&mut text, number);
        self.heap.string(&text)
    }

    /// Calls a metamethod for an instruction. Its frame lies above that of the function on top.
    fn call_metamethod(
        &mut self,
        host: &mut dyn Host,
        method: Val,
        arguments: &[Val],
        after: After,
    ) -> Result<Flow, Raise> {
        let mut thread = self.current;
        let frame = *thread.frames.last().expect("an instruction is executed in a frame");
        let func = match thread.at(frame.func as usize) {
            Val::Lua(closure) if frame.kind == FrameKind::Lua => {
                frame.base as usize + closure.proto.stack_max as usize
            }
            _ => thread.top,
        };
        self.reserve_stack(func + arguments.len() + 1)?;
        thread.put(func, method);
        for (index, argument) in arguments.iter().enumerate() {
            thread.put(func + 1 + index, *argument);
        }
        thread.top = func + 1 + arguments.len();
        self.precall(host, func, 1, after, false)
    }

    /// `object[key]` into a register.
    #[inline(never)]
    pub(crate) fn index_slow(
        &mut self,
        host: &mut dyn Host,
        object: Val,
        key: Val,
        to: u8,
        operand: Option<u32>,
    ) -> Result<Flow, Raise> {
        match self.find_index(object, key, operand)? {
            Found::Value(value) => {
                let thread = self.current;
                let base = thread.frames.last().expect("an instruction is executed in a frame").base;
                thread.put(base as usize + to as usize, value);
                Ok(Flow::Next)
            }
            Found::Method(method, object) => {
                self.call_metamethod(host, method, &[object, key], After::Store(to))
            }
        }
    }

    fn find_index(&mut self, mut object: Val, key: Val, operand: Option<u32>) -> Result<Found, Raise> {
        let mut operand = operand;
        for _ in 0..CHAIN_MAX {
            let method = if let Val::Table(table) = object {
                let value = table.get(&key);
                if !value.is_nil() {
                    return Ok(Found::Value(value));
                }
                match table.meta.and_then(|meta| self.fast_metamethod(meta, Event::Index)) {
                    None => return Ok(Found::Value(Val::Nil)),
                    Some(method) => method,
                }
            } else {
                let method = self.metamethod(&object, Event::Index);
                if method.is_nil() {
                    return Err(self.type_error("index", &object, operand));
                }
                method
            };
            if let Val::Lua(_) | Val::Native(_) = method {
                return Ok(Found::Method(method, object));
            }
            object = method;
            operand = None;
        }
        Err(self.runtime_error("loop in gettable"))
    }

    /// `object[key]` for native code that goes on step by step: the value, or the function that is to be called for it
    /// with this object and the key.
    pub(crate) fn index_or_method(
        &mut self,
        object: Val,
        key: Val,
    ) -> Result<Result<Val, (Val, Val)>, Raise> {
        Ok(match self.find_index(object, key, None)? {
            Found::Value(value) => Ok(value),
            Found::Method(method, object) => Err((method, object)),
        })
    }

    /// Calls a function from native code for its first result.
    pub(crate) fn call_for_value(
        &mut self,
        host: &mut dyn Host,
        function: Val,
        arguments: &[Val],
    ) -> Result<Val, Raise> {
        let func = self.current.top;
        self.push(function)?;
        for argument in arguments {
            self.push(*argument)?;
        }
        self.call_value(host, func, 1)?;
        let mut thread = self.current;
        thread.top = func;
        Ok(thread.at(func))
    }

    /// `object[key] = value`.
    #[inline(never)]
    pub(crate) fn set_index_slow(
        &mut self,
        host: &mut dyn Host,
        object: Val,
        key: Val,
        value: Val,
        operand: Option<u32>,
    ) -> Result<Flow, Raise> {
        let (mut object, mut operand) = (object, operand);
        for _ in 0..CHAIN_MAX {
            let method = if let Val::Table(mut table) = object {
                let handler = match table.meta {
                    Some(meta) if table.get(&key).is_nil() => self.fast_metamethod(meta, Event::NewIndex),
                    _ => None,
                };
                match handler {
                    None => {
                        self.raw_set(&mut table, key, value)?;
                        return Ok(Flow::Next);
                    }
                    Some(method) => method,
                }
            } else {
                let method = self.metamethod(&object, Event::NewIndex);
                if method.is_nil() {
                    return Err(self.type_error("index", &object, operand));
                }
                method
            };
            if let Val::Lua(_) | Val::Native(_) = method {
                return self.call_metamethod(host, method, &[object, key, value], After::Discard);
            }
            object = method;
            operand = None;
        }
        Err(self.runtime_error("loop in settable"))
    }

    /// Assigns without metamethods, for a program: the table may be protected, the key may be none.
    pub(crate) fn raw_set(&mut self, table: &mut Gc<Table>, key: Val, value: Val) -> Result<(), Raise> {
        if table.readonly {
            return Err(self.runtime_error("Attempt to modify a readonly table"));
        }
        match key {
            Val::Nil => return Err(self.runtime_error("table index is nil")),
            Val::Number(number) if number.is_nan() => {
                return Err(self.runtime_error("table index is NaN"));
            }
            _ => {}
        }
        table.set(&mut self.heap, key, value)?;
        self.charge_work()
    }

    #[inline(never)]
    pub(crate) fn arith_slow(
        &mut self,
        host: &mut dyn Host,
        event: Event,
        a: Val,
        b: Val,
        to: u8,
        operands: (u32, u32),
    ) -> Result<Flow, Raise> {
        if let (Some(x), Some(y)) = (Vm::number_of(&a), Vm::number_of(&b)) {
            let result = match event {
                Event::Add => x + y,
                Event::Sub => x - y,
                Event::Mul => x * y,
                Event::Div => x / y,
                Event::Mod => number::modulo(x, y),
                Event::Pow => number::power(x, y),
                _ => -x,
            };
            let result = if event == Event::Unm { result } else { number::settled(result, x, y) };
            let thread = self.current;
            let base = thread.frames.last().expect("an instruction is executed in a frame").base;
            thread.put(base as usize + to as usize, Val::Number(result));
            return Ok(Flow::Next);
        }
        let mut method = self.metamethod(&a, event);
        if method.is_nil() {
            method = self.metamethod(&b, event);
        }
        if method.is_nil() {
            let (value, operand) =
                if Vm::number_of(&a).is_none() { (a, operands.0) } else { (b, operands.1) };
            return Err(self.type_error("perform arithmetic on", &value, Some(operand)));
        }
        self.call_metamethod(host, method, &[a, b], After::Store(to))
    }

    #[inline(never)]
    pub(crate) fn len_slow(
        &mut self,
        host: &mut dyn Host,
        value: Val,
        to: u8,
        operand: u32,
    ) -> Result<Flow, Raise> {
        let method = self.metamethod(&value, Event::Len);
        if method.is_nil() {
            return Err(self.type_error("get length of", &value, Some(operand)));
        }
        self.call_metamethod(host, method, &[value, Val::Nil], After::Store(to))
    }

    /// `a == b` of two tables: known at once, or what `__eq` says later.
    #[inline(never)]
    pub(crate) fn eq_slow(
        &mut self,
        host: &mut dyn Host,
        a: Val,
        b: Val,
        wanted: bool,
    ) -> Result<Result<bool, Flow>, Raise> {
        let (Val::Table(x), Val::Table(y)) = (a, b) else { return Ok(Ok(false)) };
        match self.eq_method(x, y) {
            None => Ok(Ok(false)),
            Some(method) => Ok(Err(self.call_metamethod(host, method, &[a, b], After::Test(wanted))?)),
        }
    }

    /// The `__eq` of two tables: it counts only if both have the same.
    fn eq_method(&mut self, x: Gc<Table>, y: Gc<Table>) -> Option<Val> {
        let (meta, other) = (x.meta?, y.meta?);
        let method = self.fast_metamethod(meta, Event::Eq)?;
        if meta == other {
            return Some(method);
        }
        let second = self.fast_metamethod(other, Event::Eq)?;
        method.raw_eq(&second).then_some(method)
    }

    /// `a < b` or `a <= b` of what are not two numbers.
    #[inline(never)]
    pub(crate) fn order_slow(
        &mut self,
        host: &mut dyn Host,
        event: Event,
        a: Val,
        b: Val,
        wanted: bool,
    ) -> Result<Result<bool, Flow>, Raise> {
        if let (Val::Str(x), Val::Str(y)) = (&a, &b) {
            let order = compare_strings(x.bytes(), y.bytes());
            return Ok(Ok(if event == Event::Lt { order.is_lt() } else { order.is_le() }));
        }
        let Some((method, swapped)) = self.order_method(event, &a, &b) else {
            return Err(self.compare_error(&a, &b));
        };
        let flow = if swapped {
            self.call_metamethod(host, method, &[b, a], After::Test(!wanted))?
        } else {
            self.call_metamethod(host, method, &[a, b], After::Test(wanted))?
        };
        Ok(Err(flow))
    }

    /// The metamethod for a comparison; for `<=` that may be `__lt`, asked about `b < a` and negated.
    fn order_method(&mut self, event: Event, a: &Val, b: &Val) -> Option<(Val, bool)> {
        if a.type_name() != b.type_name() || matches!(a, Val::Number(_)) {
            return None;
        }
        let find = |event| {
            let method = self.metamethod(a, event);
            (!method.is_nil() && method.raw_eq(&self.metamethod(b, event))).then_some(method)
        };
        if let Some(method) = find(event) {
            return Some((method, false));
        }
        if event == Event::Le { find(Event::Lt).map(|method| (method, true)) } else { None }
    }

    /// `a < b`, for native code that goes on step by step: the answer, or the function that is to be called for it.
    pub(crate) fn less_or_method(&mut self, a: &Val, b: &Val) -> Result<Result<bool, Val>, Raise> {
        match (a, b) {
            (Val::Number(x), Val::Number(y)) => Ok(Ok(x < y)),
            (Val::Str(x), Val::Str(y)) => Ok(Ok(compare_strings(x.bytes(), y.bytes()).is_lt())),
            _ => match self.order_method(Event::Lt, a, b) {
                Some((method, false)) => Ok(Err(method)),
                _ => Err(self.compare_error(a, b)),
            },
        }
    }

    /// Concatenates the values at `first..=last` of the current frame's registers; the result lies at `first`.
    #[inline(never)]
    pub(crate) fn concat(&mut self, host: &mut dyn Host, first: usize, last: usize) -> Result<(), Raise> {
        let thread = self.current;
        let base = thread.frames.last().expect("an instruction is executed in a frame").base as usize;
        let mut end = last;
        // From the right, as many at once as are strings or numbers.
        while end > first {
            let b = thread.at(base + end);
            let a = thread.at(base + end - 1);
            let texts = |value: &Val| matches!(value, Val::Str(_) | Val::Number(_));
            if !texts(&a) || !texts(&b) {
                let result = self.concat_meta(host, (a, end - 1), (b, end))?;
                thread.put(base + end - 1, result);
                end -= 1;
                continue;
            }
            let mut start = end - 1;
            while start > first && texts(&thread.at(base + start - 1)) {
                start -= 1;
            }
            let text = self.concat_texts(base + start, end - start + 1)?;
            thread.put(base + start, Val::Str(text));
            end = start;
        }
        Ok(())
    }

    fn concat_texts(&mut self, from: usize, count: usize) -> Result<Gc<Str>, Raise> {
        const FEW: usize = 8;
        let thread = self.current;
        let mut few: [&[u8]; FEW] = [&[]; FEW];
        let mut len = 0;
        for index in 0..count {
            let value = thread.at(from + index);
            let string = match value {
                Val::Str(string) => string,
                Val::Number(number) => {
                    let string = self.number_string(number)?;
                    thread.put(from + index, Val::Str(string));
                    string
                }
                _ => continue,
            };
            len += string.len as usize;
            if let Some(place) = few.get_mut(index) {
                *place = string.bytes();
            }
        }
        if len > self.heap.string_bytes_max {
            return Err(Raise::OutOfMemory);
        }
        self.charge(len / 8)?;
        if self.heap.check(len).is_err() {
            // Everything in use is on the stack here, so garbage can go before the limit counts.
            self.collect_charged();
        }
        if count <= FEW {
            return self.heap.concat(&few[..count]);
        }
        self.heap.charge(count * size_of::<&[u8]>())?;
        let parts: Vec<&[u8]> = (0..count)
            .map(|index| match thread.at(from + index) {
                Val::Str(string) => string.bytes(),
                _ => &[],
            })
            .collect();
        let text = self.heap.concat(&parts);
        self.heap.refund(count * size_of::<&[u8]>());
        text
    }

    fn concat_meta(
        &mut self,
        host: &mut dyn Host,
        (a, a_register): (Val, usize),
        (b, b_register): (Val, usize),
    ) -> Result<Val, Raise> {
        let mut method = self.metamethod(&a, Event::Concat);
        if method.is_nil() {
            method = self.metamethod(&b, Event::Concat);
        }
        if method.is_nil() {
            let (value, register) =
                if matches!(a, Val::Str(_) | Val::Number(_)) { (b, b_register) } else { (a, a_register) };
            return Err(self.type_error("concatenate", &value, Some(register as u32)));
        }
        let mut thread = self.current;
        let frame = *thread.frames.last().expect("an instruction is executed in a frame");
        if let Val::Lua(closure) = thread.at(frame.func as usize) {
            thread.top = frame.base as usize + closure.proto.stack_max as usize;
        }
        self.call_for_value(host, method, &[a, b])
    }
}

enum Found {
    Value(Val),
    /// A function to be called with this object and the key.
    Method(Val, Val),
}

/// Order of strings: by bytes, as `strcoll` in the C locale, which Redis sets.
pub(crate) fn compare_strings(a: &[u8], b: &[u8]) -> Ordering {
    a.cmp(b)
}
