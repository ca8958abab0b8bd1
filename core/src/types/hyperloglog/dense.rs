//! The dense encoding: registers of six bits one behind the other, the low bits of a byte first.

use super::REGISTERS;

/// Six bits.
const MASK: u16 = 0x3f;

/// The register at an index.
pub(super) fn get(registers: &[u8], index: usize) -> u8 {
    let (byte, shift) = position(index);
    (pair(registers, byte) >> shift & MASK) as u8
}

/// Sets the register at an index.
pub(super) fn put(registers: &mut [u8], index: usize, value: u8) {
    let (byte, shift) = position(index);
    let changed = pair(registers, byte) & !(MASK << shift) | u16::from(value) << shift;
    let [low, high] = changed.to_le_bytes();
    registers[byte] = low;
    // The last register ends with the last byte.
    if let Some(next) = registers.get_mut(byte + 1) {
        *next = high;
    }
}

/// Raises the register at an index to `count`, if it is lower; whether it was.
pub(super) fn raise(registers: &mut [u8], index: usize, count: u8) -> bool {
    let is_lower = get(registers, index) < count;
    if is_lower {
        put(registers, index, count);
    }
    is_lower
}

/// All registers in order.
pub(super) fn values(registers: &[u8]) -> impl Iterator<Item = u8> {
    (0..REGISTERS).map(|index| get(registers, index))
}

/// The byte in which a register begins, and at which of its bits.
fn position(index: usize) -> (usize, usize) {
    (index * 6 / 8, index * 6 % 8)
}

fn pair(registers: &[u8], byte: usize) -> u16 {
    u16::from_le_bytes([registers[byte], registers.get(byte + 1).copied().unwrap_or(0)])
}
