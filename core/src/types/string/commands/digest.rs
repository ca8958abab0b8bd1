//! XXH3 with 64 bits and without a seed, by which DIGEST names a string (Yann Collet's specification, version 0.8).

/// The specification's secret.
const SECRET: &[u8; 192] = &[
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde,
    0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79,
    0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46,
    0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb,
    0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2,
    0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c,
    0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59,
    0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3,
    0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3,
    0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8,
    0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb,
    0xca, 0xbb, 0x4b, 0x40, 0x7e,
];

const PRIME32_1: u64 = 0x9e37_79b1;
const PRIME32_2: u64 = 0x85eb_ca77;
const PRIME32_3: u64 = 0xc2b2_ae3d;
const PRIME64_1: u64 = 0x9e37_79b1_85eb_ca87;
const PRIME64_2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const PRIME64_3: u64 = 0x1656_67b1_9e37_79f9;
const PRIME64_4: u64 = 0x85eb_ca77_c2b2_ae63;
const PRIME64_5: u64 = 0x27d4_eb2f_1656_67c5;

const STRIPE_BYTES: usize = 64;
/// Each stripe of a block begins so many bytes further into the secret.
const SECRET_STEP: usize = 8;
const STRIPES_PER_BLOCK: usize = (SECRET.len() - STRIPE_BYTES) / SECRET_STEP;

/// The hash of some bytes.
pub(super) fn xxh3(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0 => avalanche_64(secret(56) ^ secret(64)),
        1..=3 => hash_to_3(bytes),
        4..=8 => hash_to_8(bytes),
        9..=16 => hash_to_16(bytes),
        17..=128 => hash_to_128(bytes),
        129..=240 => hash_to_240(bytes),
        _ => hash_long(bytes),
    }
}

fn read_32(bytes: &[u8], at: usize) -> u64 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")).into()
}

fn read_64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn secret(at: usize) -> u64 {
    read_64(SECRET, at)
}

#[expect(clippy::cast_possible_truncation, reason = "the product is split into its halves")]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

fn avalanche(mut hash: u64) -> u64 {
    hash = (hash ^ hash >> 37).wrapping_mul(0x1656_6791_9e37_79f9);
    hash ^ hash >> 32
}

/// The one of the older XXH64.
fn avalanche_64(mut hash: u64) -> u64 {
    hash = (hash ^ hash >> 33).wrapping_mul(PRIME64_2);
    hash = (hash ^ hash >> 29).wrapping_mul(PRIME64_3);
    hash ^ hash >> 32
}

fn hash_to_3(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let byte = |at: usize| u64::from(bytes[at]);
    let combined = byte(0) << 16 | byte(len / 2) << 24 | byte(len - 1) | (len as u64) << 8;
    avalanche_64(combined ^ read_32(SECRET, 0) ^ read_32(SECRET, 4))
}

fn hash_to_8(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9fb2_1c65_1e98_df25;
    let len = bytes.len();
    let both = read_32(bytes, len - 4).wrapping_add(read_32(bytes, 0) << 32);
    let mut hash = both ^ secret(8) ^ secret(16);
    hash ^= hash.rotate_left(49) ^ hash.rotate_left(24);
    hash = hash.wrapping_mul(FACTOR);
    hash = (hash ^ (hash >> 35).wrapping_add(len as u64)).wrapping_mul(FACTOR);
    hash ^ hash >> 28
}

fn hash_to_16(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let low = read_64(bytes, 0) ^ secret(24) ^ secret(32);
    let high = read_64(bytes, len - 8) ^ secret(40) ^ secret(48);
    let sum = (len as u64).wrapping_add(low.swap_bytes()).wrapping_add(high);
    avalanche(sum.wrapping_add(fold(low, high)))
}

fn mix(bytes: &[u8], at: usize, secret_at: usize) -> u64 {
    fold(read_64(bytes, at) ^ secret(secret_at), read_64(bytes, at + 8) ^ secret(secret_at + 8))
}

fn hash_to_128(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let mut sum = (len as u64).wrapping_mul(PRIME64_1);
    // From both ends towards the middle.
    for pair in 0..len.div_ceil(32) {
        let at = 16 * pair;
        sum = sum.wrapping_add(mix(bytes, at, 2 * at)).wrapping_add(mix(bytes, len - 16 - at, 2 * at + 16));
    }
    avalanche(sum)
}

fn hash_to_240(bytes: &[u8]) -> u64 {
    /// Pieces before a first avalanche, and where the secret is read for the others and the last one.
    const FIRST_PIECES: usize = 8;
    const LATER_AT: usize = 3;
    const LAST_AT: usize = 136 - 17;
    let len = bytes.len();
    let mut sum = (len as u64).wrapping_mul(PRIME64_1);
    for piece in 0..FIRST_PIECES {
        sum = sum.wrapping_add(mix(bytes, 16 * piece, 16 * piece));
    }
    sum = avalanche(sum);
    for piece in FIRST_PIECES..len / 16 {
        sum = sum.wrapping_add(mix(bytes, 16 * piece, 16 * (piece - FIRST_PIECES) + LATER_AT));
    }
    avalanche(sum.wrapping_add(mix(bytes, len - 16, LAST_AT)))
}

fn hash_long(bytes: &[u8]) -> u64 {
    let mut lanes = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1];
    let block_bytes = STRIPE_BYTES * STRIPES_PER_BLOCK;
    // The last stripe is always treated on its own.
    let (whole, last) = (bytes.len() - 1, &bytes[bytes.len() - STRIPE_BYTES..]);
    for block in bytes[..whole].chunks(block_bytes) {
        for (nth, stripe) in block.chunks_exact(STRIPE_BYTES).enumerate() {
            accumulate(&mut lanes, stripe, nth * SECRET_STEP);
        }
        if block.len() == block_bytes {
            scramble(&mut lanes);
        }
    }
    accumulate(&mut lanes, last, SECRET.len() - STRIPE_BYTES - 7);
    let mut sum = (bytes.len() as u64).wrapping_mul(PRIME64_1);
    for (nth, pair) in lanes.chunks_exact(2).enumerate() {
        let at = 11 + 16 * nth;
        sum = sum.wrapping_add(fold(pair[0] ^ secret(at), pair[1] ^ secret(at + 8)));
    }
    avalanche(sum)
}

fn accumulate(lanes: &mut [u64; 8], stripe: &[u8], secret_at: usize) {
    for lane in 0..8 {
        let value = read_64(stripe, 8 * lane);
        let key = value ^ secret(secret_at + 8 * lane);
        lanes[lane ^ 1] = lanes[lane ^ 1].wrapping_add(value);
        lanes[lane] = lanes[lane].wrapping_add((key & 0xffff_ffff) * (key >> 32));
    }
}

fn scramble(lanes: &mut [u64; 8]) {
    for (lane, value) in lanes.iter_mut().enumerate() {
        let key = secret(SECRET.len() - STRIPE_BYTES + 8 * lane);
        *value = (*value ^ *value >> 47 ^ key).wrapping_mul(PRIME32_1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn texts_have_the_digests_of_redis_documentation_and_tests() {
        assert_eq!(xxh3(b"Hello world"), 0xb6ac_b9d8_4a38_ff74);
        assert_eq!(xxh3(b"hello"), 0x9555_e855_5c62_dcfd);
        let long =
            b"v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd";
        assert_eq!(xxh3(long), 0x0000_6c38_adf3_1777);
    }

    /// Made with libxxhash 0.8.1, for every way in which a length is treated and the ends of each.
    #[test]
    fn lengths_have_the_hashes_of_the_reference() {
        let bytes: Vec<u8> = (0..5000).map(|at: usize| (at * 7 + 3) as u8).collect();
        let check = |len: usize, expect: u64| assert_eq!(xxh3(&bytes[..len]), expect, "{len}");
        check(0, 0x2d06_8005_38d3_94c2);
        check(1, 0x13e6_08bc_156d_efed);
        check(3, 0xa908_8dda_485b_481c);
        check(4, 0x6d92_53b1_6c8b_1ed3);
        check(8, 0x6053_9db6_3047_1163);
        check(9, 0xfeff_6683_61d7_23a8);
        check(16, 0xb8c8_59b0_f030_b585);
        check(17, 0x714a_0440_8e79_b80f);
        check(32, 0x19ff_4ee1_d6ba_1a55);
        check(33, 0x3e44_983a_d216_79c8);
        check(64, 0x287e_b1fa_9e4b_e2c1);
        check(65, 0x8292_18de_4d79_8646);
        check(96, 0xf084_e7cf_bc62_4743);
        check(97, 0x1daa_8327_1a8e_7b7c);
        check(128, 0x6742_5a03_6502_61bf);
        check(129, 0xc664_bf33_11c6_abc4);
        check(144, 0x606a_17fa_700b_b932);
        check(240, 0x6455_6dc6_b462_a6cf);
        check(241, 0x8bea_dd3a_8874_fe17);
        check(256, 0x3c38_817f_6d79_c0da);
        check(512, 0xf582_02b8_d901_9d1d);
        check(1023, 0xd269_86a0_b85d_cc44);
        check(1024, 0x9b81_661c_641c_72b1);
        check(1025, 0x806c_2072_ed71_3576);
        check(1088, 0x2f87_81e0_1841_f0da);
        check(2048, 0xabe6_0481_3ba6_2ed1);
        check(2049, 0x55ae_d42c_9f15_54b6);
        check(4999, 0x11fe_9beb_341e_a18d);
    }
}
