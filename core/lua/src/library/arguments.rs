//! Arguments of library functions: reading them, and Lua's complaints about them.

use crate::api::{Call, Host};
use crate::error::Raise;
use crate::meta::Event;
use crate::narrow;
use crate::number;
use crate::table::Table;
use crate::value::{Gc, Str, Val};
use crate::vm::Vm;
use alloc::format;
use alloc::vec::Vec;

/// Bytes that a buffer can take before it is counted; most results are shorter.
const BUFFER_FREE: usize = 256;

impl Call<'_> {
    /// An argument; nil beyond the last. The first has index 0.
    #[inline(always)]
    pub(crate) fn arg(&self, index: usize) -> Val {
        if index < self.count { self.vm.current.at(self.func + 1 + index) } else { Val::Nil }
    }

    pub(crate) fn set_arg(&mut self, index: usize, value: Val) {
        debug_assert!(index < self.count);
        let place = self.func + 1 + index;
        self.vm.current.put(place, value);
    }

    /// An error with this message, behind the position of the caller.
    pub(crate) fn fail(&mut self, message: &[u8]) -> Raise {
        self.vm.runtime_error_at(1, message)
    }

    pub(crate) fn bad_argument(&mut self, index: usize, message: &str) -> Raise {
        self.vm.bad_argument_at(index, message)
    }

    fn type_error(&mut self, index: usize, expected: &str) -> Raise {
        let found = if index < self.count { self.arg(index).type_name() } else { "no value" };
        let message = [expected, " expected, got ", found].concat();
        self.bad_argument(index, &message)
    }

    /// Any value must be given.
    pub(crate) fn check_any(&mut self, index: usize) -> Result<Val, Raise> {
        if index >= self.count {
            return Err(self.bad_argument(index, "value expected"));
        }
        Ok(self.arg(index))
    }

    #[inline]
    pub(crate) fn check_number(&mut self, index: usize) -> Result<f64, Raise> {
        match self.arg(index) {
            Val::Number(number) => Ok(number),
            other => Vm::number_of(&other).ok_or_else(|| self.type_error(index, "number")),
        }
    }

    /// A number cut to an integer, as C does on x86-64: what does not fit is the least integer.
    #[inline]
    pub(crate) fn check_integer(&mut self, index: usize) -> Result<i64, Raise> {
        Ok(to_integer(self.check_number(index)?))
    }

    pub(crate) fn opt_integer(&mut self, index: usize, default: i64) -> Result<i64, Raise> {
        if self.arg(index).is_nil() { Ok(default) } else { self.check_integer(index) }
    }

    /// As C's `int`, which much of the library takes: the lower 32 bits of [`Call::check_integer`].
    pub(crate) fn check_int(&mut self, index: usize) -> Result<i64, Raise> {
        Ok(to_int(self.check_integer(index)?).into())
    }

    /// The same, or a default, cut in the same way, for nil.
    pub(crate) fn opt_int(&mut self, index: usize, default: i64) -> Result<i64, Raise> {
        Ok(to_int(self.opt_integer(index, default)?).into())
    }

    #[inline]
    pub(crate) fn check_string(&mut self, index: usize) -> Result<Gc<Str>, Raise> {
        match self.arg(index) {
            Val::Str(string) => Ok(string),
            Val::Number(number) => {
                // It stays on the stack, as `lua_tolstring` has it, so that it lives as long as the call.
                let string = self.vm.number_string(number)?;
                self.set_arg(index, Val::Str(string));
                Ok(string)
            }
            _ => Err(self.type_error(index, "string")),
        }
    }

    pub(crate) fn opt_string(&mut self, index: usize) -> Result<Option<Gc<Str>>, Raise> {
        if self.arg(index).is_nil() { Ok(None) } else { self.check_string(index).map(Some) }
    }

    #[inline]
    pub(crate) fn check_table(&mut self, index: usize) -> Result<Gc<Table>, Raise> {
        match self.arg(index) {
            Val::Table(table) => Ok(table),
            _ => Err(self.type_error(index, "table")),
        }
    }

    pub(crate) fn check_function(&mut self, index: usize) -> Result<Val, Raise> {
        match self.arg(index) {
            value @ (Val::Lua(_) | Val::Native(_)) => Ok(value),
            _ => Err(self.type_error(index, "function")),
        }
    }

    /// One result.
    #[inline]
    pub(crate) fn give(&mut self, value: Val) -> Result<usize, Raise> {
        self.vm.push(value)?;
        Ok(1)
    }

    pub(crate) fn give_number(&mut self, number: f64) -> Result<usize, Raise> {
        self.give(Val::Number(number))
    }

    pub(crate) fn give_bytes(&mut self, bytes: &[u8]) -> Result<usize, Raise> {
        let string = self.vm.heap.string(bytes)?;
        self.give(Val::Str(string))
    }

    /// An argument as a name for one of several choices.
    pub(crate) fn check_option(
        &mut self,
        index: usize,
        default: &str,
        options: &[&str],
    ) -> Result<usize, Raise> {
        let name = match self.opt_string(index)? {
            Some(name) => name.bytes(),
            None => default.as_bytes(),
        };
        if let Some(found) = options.iter().position(|option| option.as_bytes() == name) {
            return Ok(found);
        }
        let message = format!("invalid option '{}'", alloc::string::String::from_utf8_lossy(name));
        Err(self.bad_argument(index, &message))
    }

    /// What `tostring` gives, as a string on top of the stack.
    pub(crate) fn shown(&mut self, host: &mut dyn Host, value: Val) -> Result<Val, Raise> {
        let method = self.vm.metamethod(&value, Event::Tostring);
        if !method.is_nil() {
            return self.vm.call_for_value(host, method, &[value]);
        }
        self.plain_text(value)
    }

    pub(crate) fn plain_text(&mut self, value: Val) -> Result<Val, Raise> {
        let mut text = Vec::new();
        match value {
            Val::Str(_) => return Ok(value),
            Val::Number(number) => return Ok(Val::Str(self.vm.number_string(number)?)),
            Val::Nil | Val::Dead(_) => text.extend_from_slice(b"nil"),
            Val::Bool(value) => text.extend_from_slice(if value { b"true" } else { b"false" }),
            Val::Light(0) => text.extend_from_slice(b"userdata: (nil)"),
            other => {
                text.extend_from_slice(other.type_name().as_bytes());
                text.extend_from_slice(b": ");
                write_address(&mut text, &other);
            }
        }
        Ok(Val::Str(self.vm.heap.string(&text)?))
    }

    /// Runs with a buffer whose memory is counted, and released whatever happens.
    pub(crate) fn with_buffer<T>(
        &mut self,
        body: impl FnOnce(&mut Self, &mut Buffer) -> Result<T, Raise>,
    ) -> Result<T, Raise> {
        let mut buffer = Buffer::new();
        let outcome = body(self, &mut buffer);
        self.vm.heap.refund(buffer.charged);
        outcome
    }
}

/// What stands for an address: the object's number.
pub(crate) fn write_address(out: &mut Vec<u8>, value: &Val) {
    let number = match (value.object(), value) {
        // SAFETY: a value's object lives.
        (Some(object), _) => unsafe { object.as_ref().id },
        (None, Val::Light(number)) => *number,
        _ => 0,
    };
    out.extend_from_slice(format!("0x{:08x}", number.wrapping_mul(16)).as_bytes());
}

/// Bytes that become a string.
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    charged: usize,
}

impl Buffer {
    pub(crate) fn new() -> Buffer {
        Buffer { bytes: Vec::new(), charged: 0 }
    }

    /// Bytes that were charged for it.
    pub(crate) fn charged(&self) -> usize {
        self.charged
    }

    /// Makes room for more bytes; every byte costs a little.
    pub(crate) fn reserve(&mut self, vm: &mut Vm, more: usize) -> Result<(), Raise> {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            if needed > vm.heap.string_bytes_max {
                return Err(Raise::OutOfMemory);
            }
            let capacity = needed.max(self.bytes.capacity() * 2).max(BUFFER_FREE);
            vm.heap.charge(capacity)?;
            self.charged += capacity;
            self.bytes.try_reserve_exact(capacity - self.bytes.len()).map_err(|_| Raise::OutOfMemory)?;
            // The old block is gone now.
            vm.heap.refund(self.charged - capacity);
            self.charged = capacity;
        }
        vm.charge(more / 8)
    }

    pub(crate) fn push(&mut self, vm: &mut Vm, bytes: &[u8]) -> Result<(), Raise> {
        self.reserve(vm, bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    pub(crate) fn push_byte(&mut self, vm: &mut Vm, byte: u8) -> Result<(), Raise> {
        if self.bytes.len() == self.bytes.capacity() {
            self.reserve(vm, 1)?;
        }
        self.bytes.push(byte);
        Ok(())
    }
}

/// As C converts a `double` to `ptrdiff_t` on x86-64.
#[expect(clippy::cast_possible_truncation, reason = "the number is within the bounds")]
pub(crate) fn to_integer(number: f64) -> i64 {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// As C converts a `double` to `float`.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
pub(crate) fn to_float(number: f64) -> f32 {
    // What becomes of a NaN's sign in the conversion differs between platforms.
    if number.is_nan() {
        return f32::from_bits(0x7fc0_0000 | u32::from(number.is_sign_negative()) << 31);
    }
    number as f32
}

/// As C converts a longer integer to `int`.
pub(crate) fn to_int(number: i64) -> i32 {
    narrow::low_u32(number.cast_unsigned()).cast_signed()
}

/// For messages: a number as Lua writes it.
pub(crate) fn number_text(number: f64) -> Vec<u8> {
    let mut text = Vec::new();
    number::write(&mut text, number);
    text
}
