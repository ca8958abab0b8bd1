//! The library `bit`, as LuaBitOp has it: 32 bits, signed.

use super::library;
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::narrow;
use crate::vm::Vm;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    library(
        vm,
        "bit",
        &[
            ("arshift", |call, _| shift(call, |bits, count| (bits as i32 >> count) as u32)),
            ("band", |call, _| fold(call, |a, b| a & b)),
            ("bnot", |call, _| map(call, |bits| !bits)),
            ("bor", |call, _| fold(call, |a, b| a | b)),
            ("bswap", |call, _| map(call, u32::swap_bytes)),
            ("bxor", |call, _| fold(call, |a, b| a ^ b)),
            ("lshift", |call, _| shift(call, |bits, count| bits << count)),
            ("rol", |call, _| shift(call, u32::rotate_left)),
            ("ror", |call, _| shift(call, u32::rotate_right)),
            ("rshift", |call, _| shift(call, |bits, count| bits >> count)),
            ("tobit", |call, _| map(call, |bits| bits)),
            ("tohex", tohex),
        ],
    )?;
    Ok(())
}

/// A number as 32 bits: rounded to an integer, ties to even, and cut to its lowest bits.
fn bits(call: &mut Call<'_>, index: usize) -> Result<u32, Raise> {
    /// 2^52 + 2^51: added to it, a number has its integer part in the lowest bits.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let number = call.check_number(index)?;
    Ok(narrow::low_u32((number + MAGIC).to_bits()))
}

fn give(call: &mut Call<'_>, bits: u32) -> Result<usize, Raise> {
    call.give_number(f64::from(bits as i32))
}

fn map(call: &mut Call<'_>, function: fn(u32) -> u32) -> Result<usize, Raise> {
    let value = bits(call, 0)?;
    give(call, function(value))
}

fn fold(call: &mut Call<'_>, function: fn(u32, u32) -> u32) -> Result<usize, Raise> {
    let mut value = bits(call, 0)?;
    for index in 1..call.count {
        value = function(value, bits(call, index)?);
    }
    give(call, value)
}

fn shift(call: &mut Call<'_>, function: fn(u32, u32) -> u32) -> Result<usize, Raise> {
    let (value, count) = (bits(call, 0)?, bits(call, 1)?);
    give(call, function(value, count & 31))
}

fn tohex(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let mut value = bits(call, 0)?;
    let count = if call.count < 2 { 8 } else { bits(call, 1)? as i32 };
    let digits: &[u8; 16] = if count < 0 { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let count = count.unsigned_abs().min(8) as usize;
    let mut text = [0; 8];
    for place in text[..count].iter_mut().rev() {
        *place = digits[(value & 15) as usize];
        value >>= 4;
    }
    call.give_bytes(&text[..count])
}
