//! Shortest decimal digits of a double by the Grisu2 algorithm of Florian Loitsch ("Printing
//! Floating-Point Numbers Quickly and Accurately with Integers", 2010).
//!
//! Grisu2 always gives digits that read back as the same number; for about one number in a
//! thousand they are not the shortest or the closest. Redis has used it since 7.2, so those few
//! are part of the wire format, and the steps here keep to the same roundings.

#![expect(
    clippy::cast_possible_truncation,
    reason = "digits are below ten, and exponents of a double are few"
)]

/// Decimal digits and the power of ten of the last one.
pub(super) struct Digits {
    bytes: [u8; 20],
    len: usize,
    pub(super) exponent: i32,
}

impl Digits {
    /// ASCII digits; the first is not zero.
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push(&mut self, digit: u64) {
        // Digits before the first that is not zero do not count.
        if digit != 0 || self.len > 0 {
            self.bytes[self.len] = b'0' + digit as u8;
            self.len += 1;
        }
    }

    /// Lowers the last digit while that brings the digits closer to the number itself. All are
    /// distances from the upper boundary in one unit: `rest` of the digits, `wanted` of the
    /// number, `delta` of the lower boundary; `step` is what one of the last digit is worth.
    fn approach(&mut self, delta: u64, mut rest: u64, step: u64, wanted: u64) {
        while rest < wanted
            && delta - rest >= step
            && (rest + step < wanted || wanted - rest > rest + step - wanted)
        {
            self.bytes[self.len - 1] -= 1;
            rest += step;
        }
    }
}

/// Digits of a positive, finite double.
pub(super) fn shortest(value: f64) -> Digits {
    let (significand, exponent) = super::double::decompose(value);
    // The boundaries are halfway to the neighbours; below a power of two that is a quarter.
    let upper = Float { significand: 2 * significand + 1, exponent: exponent - 1 }.normalized();
    let closer = significand == 1 << 52;
    let shift = if closer { 2 } else { 1 };
    let lower = ((significand << shift) - 1) << (exponent - shift - upper.exponent);
    let number = Float { significand, exponent }.normalized();

    let (power, decimal_exponent) = cached_power(upper.exponent);
    let number = number.times(power);
    let lower = Float { significand: lower, exponent: upper.exponent }.times(power);
    let upper = upper.times(power);
    // The products may be off by one: stay inside of what surely reads back.
    let upper = Float { significand: upper.significand - 1, ..upper };
    let delta = upper.significand - (lower.significand + 1);
    generate(upper, delta, upper.significand - number.significand, -decimal_exponent)
}

/// The fewest digits that are at most `delta` below `upper`.
fn generate(upper: Float, mut delta: u64, mut wanted: u64, exponent: i32) -> Digits {
    let mut digits = Digits { bytes: [0; 20], len: 0, exponent };
    // The cached power puts the binary point between bits 32 and 60.
    let fraction_bits = -upper.exponent;
    let mut whole = upper.significand >> fraction_bits;
    let mut fraction = upper.significand & ((1 << fraction_bits) - 1);

    let mut power = 1_000_000_000;
    for place in (0..10).rev() {
        digits.push(whole / power);
        whole %= power;
        let rest = (whole << fraction_bits) + fraction;
        if rest <= delta {
            digits.exponent += place;
            digits.approach(delta, rest, power << fraction_bits, wanted);
            return digits;
        }
        power /= 10;
    }
    loop {
        // At most a few turns: `delta` grows tenfold in each and is soon above any fraction.
        (fraction, delta, wanted) = (fraction * 10, delta * 10, wanted.wrapping_mul(10));
        digits.push(fraction >> fraction_bits);
        fraction &= (1 << fraction_bits) - 1;
        digits.exponent -= 1;
        if fraction < delta {
            digits.approach(delta, fraction, 1 << fraction_bits, wanted);
            return digits;
        }
    }
}

#[derive(Clone, Copy)]
struct Float {
    significand: u64,
    exponent: i32,
}

impl Float {
    fn normalized(self) -> Float {
        let shift = self.significand.leading_zeros();
        Float { significand: self.significand << shift, exponent: self.exponent - shift as i32 }
    }

    /// The high half of the product, rounded.
    fn times(self, other: Float) -> Float {
        let product = u128::from(self.significand) * u128::from(other.significand) + (1 << 63);
        Float { significand: (product >> 64) as u64, exponent: self.exponent + other.exponent + 64 }
    }
}

/// A power of ten whose product with a number of this binary exponent has an exponent of -60 to
/// -32, and its decimal exponent. More than one power may do; which one is taken decides some last
/// digits, so the search starts where Redis's does.
fn cached_power(exponent: i32) -> (Float, i32) {
    let guess = -(exponent + POWERS.len() as i32) * 30_103 / 100_000;
    let mut index = (guess - POWER_FIRST) / POWER_STEP;
    loop {
        let decimal = POWER_FIRST + index * POWER_STEP;
        // 217706 / 2^16 is the binary logarithm of ten.
        let binary = ((decimal * 217_706) >> 16) - 63;
        match exponent + binary + 64 {
            ..-60 => index += 1,
            -60..=-32 => {
                return (Float { significand: POWERS[index as usize], exponent: binary }, decimal);
            }
            _ => index -= 1,
        }
    }
}

const POWER_FIRST: i32 = -348;
const POWER_STEP: i32 = 8;

/// Significands of 10^-348, 10^-340, ..., 10^340, rounded to 64 bits.
#[rustfmt::skip]
static POWERS: [u64; 87] = [
    0xfa8f_d5a0_081c_0288,
    0xbaae_e17f_a23e_bf76,
    0x8b16_fb20_3055_ac76,
    0xcf42_894a_5dce_35ea,
    0x9a6b_b0aa_5565_3b2d,
    0xe61a_cf03_3d1a_45df,
    0xab70_fe17_c79a_c6ca,
    0xff77_b1fc_bebc_dc4f,
    0xbe56_91ef_416b_d60c,
    0x8dd0_1fad_907f_fc3c,
    0xd351_5c28_3155_9a83,
    0x9d71_ac8f_ada6_c9b5,
    0xea9c_2277_23ee_8bcb,
    0xaecc_4991_4078_536d,
    0x823c_1279_5db6_ce57,
    0xc210_9436_4dfb_5637,
    0x9096_ea6f_3848_984f,
    0xd774_85cb_2582_3ac7,
    0xa086_cfcd_97bf_97f4,
    0xef34_0a98_172a_ace5,
    0xb238_67fb_2a35_b28e,
    0x84c8_d4df_d2c6_3f3b,
    0xc5dd_4427_1ad3_cdba,
    0x936b_9fce_bb25_c996,
    0xdbac_6c24_7d62_a584,
    0xa3ab_6658_0d5f_daf6,
    0xf3e2_f893_dec3_f126,
    0xb5b5_ada8_aaff_80b8,
    0x8762_5f05_6c7c_4a8b,
    0xc9bc_ff60_34c1_3053,
    0x964e_858c_91ba_2655,
    0xdff9_7724_7029_7ebd,
    0xa6df_bd9f_b8e5_b88f,
    0xf8a9_5fcf_8874_7d94,
    0xb944_7093_8fa8_9bcf,
    0x8a08_f0f8_bf0f_156b,
    0xcdb0_2555_6531_31b6,
    0x993f_e2c6_d07b_7fac,
    0xe45c_10c4_2a2b_3b06,
    0xaa24_2499_6973_92d3,
    0xfd87_b5f2_8300_ca0e,
    0xbce5_0864_9211_1aeb,
    0x8cbc_cc09_6f50_88cc,
    0xd1b7_1758_e219_652c,
    0x9c40_0000_0000_0000,
    0xe8d4_a510_0000_0000,
    0xad78_ebc5_ac62_0000,
    0x813f_3978_f894_0984,
    0xc097_ce7b_c907_15b3,
    0x8f7e_32ce_7bea_5c70,
    0xd5d2_38a4_abe9_8068,
    0x9f4f_2726_179a_2245,
    0xed63_a231_d4c4_fb27,
    0xb0de_6538_8cc8_ada8,
    0x83c7_088e_1aab_65db,
    0xc45d_1df9_4271_1d9a,
    0x924d_692c_a61b_e758,
    0xda01_ee64_1a70_8dea,
    0xa26d_a399_9aef_774a,
    0xf209_787b_b47d_6b85,
    0xb454_e4a1_79dd_1877,
    0x865b_8692_5b9b_c5c2,
    0xc835_53c5_c896_5d3d,
    0x952a_b45c_fa97_a0b3,
    0xde46_9fbd_99a0_5fe3,
    0xa59b_c234_db39_8c25,
    0xf6c6_9a72_a398_9f5c,
    0xb7dc_bf53_54e9_bece,
    0x88fc_f317_f222_41e2,
    0xcc20_ce9b_d35c_78a5,
    0x9816_5af3_7b21_53df,
    0xe2a0_b5dc_971f_303a,
    0xa8d9_d153_5ce3_b396,
    0xfb9b_7cd9_a4a7_443c,
    0xbb76_4c4c_a7a4_4410,
    0x8bab_8eef_b640_9c1a,
    0xd01f_ef10_a657_842c,
    0x9b10_a4e5_e991_3129,
    0xe710_9bfb_a19c_0c9d,
    0xac28_20d9_623b_f429,
    0x8044_4b5e_7aa7_cf85,
    0xbf21_e440_03ac_dd2d,
    0x8e67_9c2f_5e44_ff8f,
    0xd433_179d_9c8c_b841,
    0x9e19_db92_b4e3_1ba9,
    0xeb96_bf6e_badf_77d9,
    0xaf87_023b_9bf0_ee6b,
];

#[cfg(test)]
mod tests {
    use super::super::binary::{Big, EXTENDED};
    use super::*;

    #[test]
    fn cached_powers_are_the_nearest() {
        for (i, &significand) in POWERS.iter().enumerate() {
            let decimal = POWER_FIRST + POWER_STEP * i as i32;
            let mut power = Big::from_u64(1);
            power.multiply_power_of_five(decimal.unsigned_abs() as usize);
            let (numerator, denominator) =
                if decimal < 0 { (Big::from_u64(1), power) } else { (power, Big::from_u64(1)) };
            let nearest = EXTENDED.round_ratio(numerator, denominator, decimal).expect("in range");
            assert_eq!(nearest.significand, significand, "10^{decimal}");
            assert_eq!(nearest.exponent, ((decimal * 217_706) >> 16) - 63, "10^{decimal}");
        }
    }
}
