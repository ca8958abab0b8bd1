//! The library `struct`: values as C lays them out in memory, with the sizes of a 64-bit machine.

use super::library;
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::narrow;
use crate::number;
use crate::value::Val;
use crate::vm::Vm;
use alloc::format;

const INTEGER_BYTES_MAX: u64 = 32;
const ALIGNMENT_DEFAULT: u64 = 8;
/// As many values as Lua allows on the stack of native functions.
const RESULTS_MAX: usize = 8000;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    library(vm, "struct", &[("pack", pack), ("size", size), ("unpack", unpack)])?;
    Ok(())
}

/// A format, and how it is read so far.
struct Format<'a> {
    text: &'a [u8],
    little: bool,
    align: usize,
}

impl<'a> Format<'a> {
    fn new(text: &'a [u8]) -> Format<'a> {
        Format { text: number::until_zero(text), little: true, align: 1 }
    }

    /// The next option and its size, which is 0 for those that have none.
    fn next(&mut self, call: &mut Call<'_>) -> Result<Option<(u8, usize)>, Raise> {
        let Some((&option, rest)) = self.text.split_first() else { return Ok(None) };
        self.text = rest;
        call.vm.charge(1)?;
        let size = match option {
            b'b' | b'B' | b'x' => 1,
            b'h' | b'H' => 2,
            b'f' => 4,
            b'l' | b'L' | b'T' | b'd' => 8,
            b'c' => self.number(call, 1)?,
            b'i' | b'I' => {
                let size = self.number(call, 4)?;
                if size > INTEGER_BYTES_MAX {
                    let message = format!("integral size {size} is larger than limit of {INTEGER_BYTES_MAX}");
                    return Err(call.fail(message.as_bytes()));
                }
                size
            }
            _ => 0,
        };
        Ok(Some((option, narrow::saturate(size))))
    }

    fn number(&mut self, call: &mut Call<'_>, default: u64) -> Result<u64, Raise> {
        let digits = self.text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(default);
        }
        let mut value = 0_u64;
        for byte in &self.text[..digits] {
            value = value * 10 + u64::from(byte - b'0');
            if value > u64::from(i32::MAX.unsigned_abs()) {
                return Err(call.fail(b"integral size overflow"));
            }
        }
        self.text = &self.text[digits..];
        Ok(value)
    }

    fn padding(&self, at: usize, option: u8, size: usize) -> usize {
        if size == 0 || option == b'c' {
            return 0;
        }
        let size = size.min(self.align);
        // As the original has it, also for sizes that are no power of two.
        size.wrapping_sub(at & size.wrapping_sub(1)) & size.wrapping_sub(1)
    }

    /// An option that is about the format itself.
    fn control(&mut self, call: &mut Call<'_>, option: u8) -> Result<(), Raise> {
        match option {
            b' ' => {}
            b'>' => self.little = false,
            b'<' => self.little = true,
            b'!' => {
                let align = self.number(call, ALIGNMENT_DEFAULT)?;
                if !align.is_power_of_two() {
                    return Err(call.fail(format!("alignment {align} is not a power of 2").as_bytes()));
                }
                self.align = narrow::saturate(align);
            }
            other => {
                let message = format!("invalid format option '{}'", other as char);
                return Err(call.bad_argument(0, &message));
            }
        }
        Ok(())
    }
}

fn pack(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let mut format = Format::new(call.check_string(0)?.bytes());
    let mut argument = 1;
    // The original has a nil behind the arguments, which shows in its message for a missing one.
    call.vm.push(Val::Nil)?;
    call.count += 1;
    call.with_buffer(|call, out| {
        while let Some((option, mut size)) = format.next(call)? {
            for _ in 0..format.padding(out.bytes.len(), option, size) {
                out.push_byte(call.vm, 0)?;
            }
            match option {
                b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                    let bytes = integer_bytes(call.check_number(argument)?);
                    argument += 1;
                    let start = out.bytes.len();
                    out.push(call.vm, &bytes[..size])?;
                    if !format.little {
                        out.bytes[start..].reverse();
                    }
                }
                b'x' => out.push_byte(call.vm, 0)?,
                b'f' | b'd' => {
                    let number = call.check_number(argument)?;
                    argument += 1;
                    let start = out.bytes.len();
                    if option == b'f' {
                        out.push(call.vm, &super::arguments::to_float(number).to_le_bytes())?;
                    } else {
                        out.push(call.vm, &number.to_le_bytes())?;
                    }
                    if !format.little {
                        out.bytes[start..].reverse();
                    }
                }
                b'c' | b's' => {
                    let text = call.check_string(argument)?.bytes();
                    argument += 1;
                    if size == 0 {
                        size = text.len();
                    }
                    if text.len() < size {
                        return Err(call.bad_argument(argument, "string too short"));
                    }
                    out.push(call.vm, &text[..size])?;
                    if option == b's' {
                        out.push_byte(call.vm, 0)?;
                    }
                }
                other => format.control(call, other)?,
            }
        }
        call.give_bytes(&out.bytes)
    })
}

/// The bytes of an integer, the lowest first, of which the format takes as many as it says.
fn integer_bytes(number: f64) -> [u8; narrow::index(INTEGER_BYTES_MAX)] {
    let value = if number < 0.0 {
        super::arguments::to_integer(number).cast_unsigned()
    } else {
        super::format::to_unsigned(number)
    };
    let mut bytes = [0; narrow::index(INTEGER_BYTES_MAX)];
    bytes[..8].copy_from_slice(&value.to_le_bytes());
    bytes
}

fn unpack(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let mut format = Format::new(call.check_string(0)?.bytes());
    let data = call.check_string(1)?.bytes();
    // As the original, which takes a negative position for a very great one.
    let position = call.opt_integer(2, 1)?.cast_unsigned();
    if position == 0 {
        return Err(call.bad_argument(2, "offset must be 1 or greater"));
    }
    let mut at = position - 1;
    let mut count = 0;
    while let Some((option, mut size)) = format.next(call)? {
        at = at.saturating_add(format.padding(narrow::low_index(at), option, size) as u64);
        let start = check_data(call, data, at, size)?;
        if count >= RESULTS_MAX {
            return Err(call.fail(b"stack overflow (too many results)"));
        }
        match option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let number = integer(&data[start..start + size], format.little, option.is_ascii_lowercase());
                call.vm.push(Val::Number(number))?;
                count += 1;
            }
            b'x' => {}
            b'f' | b'd' => {
                let bits = unsigned(&data[start..start + size], format.little);
                let number = if option == b'f' {
                    number::widened(f32::from_bits(narrow::low_u32(bits)))
                } else {
                    f64::from_bits(bits)
                };
                call.vm.push(Val::Number(number))?;
                count += 1;
            }
            b'c' => {
                if size == 0 {
                    let last = call.vm.current.top - 1;
                    let len = match call.vm.current.at(last) {
                        value if count > 0 => Vm::number_of(&value),
                        _ => None,
                    };
                    let Some(len) = len else {
                        return Err(call.fail(b"format 'c0' needs a previous size"));
                    };
                    call.vm.current.top = last;
                    count -= 1;
                    size = narrow::saturate(super::format::to_unsigned(len));
                    check_data(call, data, at, size)?;
                }
                call.give_bytes(&data[start..start + size])?;
                count += 1;
            }
            b's' => {
                let Some(len) = data[start..].iter().position(|byte| *byte == 0) else {
                    return Err(call.fail(b"unfinished string in data"));
                };
                call.give_bytes(&data[start..start + len])?;
                size = len + 1;
                count += 1;
            }
            other => format.control(call, other)?,
        }
        at += size as u64;
    }
    call.give_number((at + 1) as f64)?;
    Ok(count + 1)
}

/// Where so many bytes lie at a position of the data.
fn check_data(call: &mut Call<'_>, data: &[u8], at: u64, size: usize) -> Result<usize, Raise> {
    let start = narrow::saturate(at);
    if size <= data.len() && start <= data.len() - size {
        return Ok(start);
    }
    Err(call.bad_argument(1, "data string too short"))
}

/// The lowest 64 bits.
fn unsigned(bytes: &[u8], little: bool) -> u64 {
    let step = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    if little { bytes.iter().rev().fold(0, step) } else { bytes.iter().fold(0, step) }
}

fn integer(bytes: &[u8], little: bool, signed: bool) -> f64 {
    let value = unsigned(bytes, little);
    if !signed {
        return value as f64;
    }
    // As the processor shifts, modulo 64, for sizes beyond 8.
    let mask = u64::MAX << ((bytes.len() * 8).wrapping_sub(1) & 63);
    (if value & mask != 0 { value | mask } else { value }) as i64 as f64
}

fn size(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let mut format = Format::new(call.check_string(0)?.bytes());
    let mut at = 0usize;
    while let Some((option, size)) = format.next(call)? {
        at += format.padding(at, option, size);
        if option == b's' {
            return Err(call.bad_argument(0, "option 's' has no fixed size"));
        }
        if option == b'c' && size == 0 {
            return Err(call.bad_argument(0, "option 'c0' has no fixed size"));
        }
        if !option.is_ascii_alphanumeric() {
            format.control(call, option)?;
        }
        at += size;
    }
    call.give_number(at as f64)
}
