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

/// A checksum that goes on, eight bytes at a time (Kounavis and Berry, "A systematic approach to building high performance
/// software-based CRC generators", 2005). Its tables are made when it is.
pub(crate) struct Crc64 {
    tables: Box<[[u64; 256]; 8]>,
    crc: u64,
}

impl Default for Crc64 {
    fn default() -> Crc64 {
        let mut tables = Box::new([TABLE; 8]);
        for slice in 1..8 {
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
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let word = (self.crc ^ u64::from_le_bytes(*word)).to_le_bytes();
            // The first byte has the furthest to go.
            let parts = word.iter().zip(self.tables.iter().rev());
            self.crc = parts.fold(0, |crc, (&byte, table)| crc ^ table[usize::from(byte)]);
        }
        for &byte in rest {
            self.crc = TABLE[usize::from(number::low_u8(self.crc) ^ byte)] ^ (self.crc >> 8);
        }
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
        for step in [1, 3, 7, 8, 9, 64, 1000] {
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
