//! CRC32C, as iSCSI uses it (RFC 3720, appendix B.4).

use crc::{CRC_32_ISCSI, Crc, Table};

/// Continues a CRC32C over more bytes: 0 begins one. An embedder may give one that uses the processor's instruction.
pub type Checksum = fn(u32, &[u8]) -> u32;

static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// CRC32C by tables, sixteen bytes at a time.
pub fn crc32c(crc: u32, bytes: &[u8]) -> u32 {
    // The register is the checksum inverted; the library takes it with its bits in the other order.
    let mut digest = CRC.digest_with_initial((!crc).reverse_bits());
    digest.update(bytes);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_checksum_of_rfc_3720() {
        assert_eq!(crc32c(0, b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(0, &[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(0, b""), 0);
    }

    #[test]
    fn it_continues() {
        let bytes: alloc::vec::Vec<u8> = (0..=255).collect();
        let whole = crc32c(0, &bytes);
        for at in 0..bytes.len() {
            assert_eq!(crc32c(crc32c(0, &bytes[..at]), &bytes[at..]), whole);
        }
    }
}
