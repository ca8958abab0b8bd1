//! The checksum of dumps and RDB files: the CRC-64 of D. Jones, bits reflected, without inversion.

use alloc::boxed::Box;

use crate::number;

/// The polynomial 0xad93d23594c935a9 with its bits in reverse.
const POLYNOMIAL: u64 = 0xad93_d235_94c9_35a9_u64.reverse_bits();

/// The checksums of all single bytes.
const TABLE: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// The checksum of `bytes`.
pub fn crc64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |crc, &byte| TABLE[usize::from(number::low_u8(crc) ^ byte)] ^ (crc >> 8))
}

/// Bytes that are taken at a time.
const SLICE_BYTES: usize = 16;

/// A checksum that goes on, sixteen bytes at a time (Kounavis and Berry, "A systematic approach to building high performance
/// software-based CRC generators", 2005). Its tables are made when it is.
pub(crate) struct Crc64 {
    /// The checksums of all single bytes with as many zeros behind them as the index says.
    tables: Box<[[u64; 256]; SLICE_BYTES]>,
    crc: u64,
}

impl Default for Crc64 {
    fn default() -> Crc64 {
        let mut tables = Box::new([TABLE; SLICE_BYTES]);
        for slice in 1..SLICE_BYTES {
            for byte in 0..256 {
                let before = tables[slice - 1][byte];
                tables[slice][byte] = TABLE[usize::from(number::low_u8(before))] ^ (before >> 8);
            }
        }
        Crc64 { tables, crc: 0 }
    }
}

impl Crc64 {
    /// Takes more bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let (slices, rest) = bytes.as_chunks::<SLICE_BYTES>();
        let mut crc = self.crc;
        for slice in slices {
            let (words, _) = slice.as_chunks::<8>();
            // The first byte has the furthest to go. What does not depend on the slice before is ready when that is.
            let second = self.checksum(u64::from_le_bytes(words[1]), 0);
            crc = second ^ self.checksum(crc ^ u64::from_le_bytes(words[0]), 8);
        }
        for &byte in rest {
            crc = TABLE[usize::from(number::low_u8(crc) ^ byte)] ^ (crc >> 8);
        }
        self.crc = crc;
    }

    /// The checksum of eight bytes with so many zeros behind them.
    #[inline(always)]
    fn checksum(&self, word: u64, zeros: usize) -> u64 {
        let of = |byte: usize| self.tables[zeros + 7 - byte][usize::from(number::low_u8(word >> (8 * byte)))];
        ((of(0) ^ of(1)) ^ (of(2) ^ of(3))) ^ ((of(4) ^ of(5)) ^ (of(6) ^ of(7)))
    }

    /// The checksum of all bytes so far.
    pub(crate) fn value(&self) -> u64 {
        self.crc
    }
}

#[cfg(test)]
mod tests {
    use super::{Crc64, crc64};
    use alloc::vec::Vec;

    #[test]
    fn it_is_the_same_in_pieces() {
        let bytes: Vec<u8> = (0..1000u32).map(|number| (number * number) as u8).collect();
        for step in [1, 3, 7, 8, 9, 15, 16, 17, 33, 64, 1000] {
            let mut crc = Crc64::default();
            bytes.chunks(step).for_each(|piece| crc.update(piece));
            assert_eq!(crc.value(), crc64(&bytes), "pieces of {step}");
        }
    }

    #[test]
    fn the_check_value_is_right() {
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(crc64(b""), 0);
    }
}
