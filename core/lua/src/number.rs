//! Numbers as text, exactly as C's `printf` and `strtod` write and read them, and the arithmetic that `core` has not.

#![expect(
    clippy::cast_possible_truncation,
    reason = "limbs have 32 bits, so that words are split; exponents and digits of a double are few"
)]

use crate::narrow;
use alloc::vec;
use alloc::vec::Vec;

/// Significant digits of a number that Lua writes.
const DIGITS: usize = 14;

/// Appends a number as Lua does: `%.14g`.
pub(crate) fn write(out: &mut Vec<u8>, number: f64) {
    write_g(out, number, DIGITS, false);
}

/// Appends an integer.
pub(crate) fn write_integer(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// The result of an operation on two numbers. A NaN gets the sign that the processors give it which Redis mostly runs on,
/// since others give another one: that of the first operand that is one, and minus where none is.
#[inline(always)]
pub(crate) fn settled(result: f64, x: f64, y: f64) -> f64 {
    if result.is_nan() { nan_of(x, y) } else { result }
}

#[cold]
fn nan_of(x: f64, y: f64) -> f64 {
    let of = [x, y].into_iter().find(|operand| operand.is_nan());
    nan(of.is_none_or(f64::is_sign_negative))
}

/// The NaN with this sign.
pub(crate) fn nan(is_negative: bool) -> f64 {
    f64::from_bits(0x7ff8 << 48 | u64::from(is_negative) << 63)
}

/// A shorter number as a long one. What becomes of a NaN's sign in the conversion differs between platforms.
pub(crate) fn widened(number: f32) -> f64 {
    if number.is_nan() { nan(number.is_sign_negative()) } else { f64::from(number) }
}

/// Appends infinities and NaN; false for all other numbers.
fn write_special(out: &mut Vec<u8>, number: f64) -> bool {
    if number.is_nan() {
        out.extend_from_slice(if number.is_sign_negative() { b"-nan" } else { b"nan" });
    } else if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"inf" } else { b"-inf" });
    } else {
        return false;
    }
    true
}

/// Appends `%.{precision}g`; with `alternate`, trailing zeros and the point stay.
pub(crate) fn write_g(out: &mut Vec<u8>, number: f64, precision: usize, alternate: bool) {
    if write_special(out, number) {
        return;
    }
    if number.is_sign_negative() {
        out.push(b'-');
    }
    let number = number.abs();
    let precision = precision.max(1);
    // Whole numbers that need no rounding, which most are.
    const WHOLE_MAX: f64 = 1e14;
    if !alternate && precision >= DIGITS && number < WHOLE_MAX && number as u64 as f64 == number {
        return write_integer(out, number as u64);
    }
    let mut decimal = Decimal::new(number);
    decimal.round(precision as i64);
    let scientific = decimal.point - 1;
    if scientific < -4 || scientific >= precision as i64 {
        let places = if alternate { precision - 1 } else { decimal.digits.len().saturating_sub(1) };
        write_scientific(out, &decimal, places, alternate, b'e');
    } else {
        let places = if alternate {
            (precision as i64 - decimal.point).max(0) as usize
        } else {
            (decimal.digits.len() as i64 - decimal.point).max(0) as usize
        };
        write_positional(out, &decimal, places, alternate);
    }
}

/// Appends `%.{precision}e`.
pub(crate) fn write_e(out: &mut Vec<u8>, number: f64, precision: usize, alternate: bool) {
    if write_special(out, number) {
        return;
    }
    if number.is_sign_negative() {
        out.push(b'-');
    }
    let mut decimal = Decimal::new(number.abs());
    decimal.round(precision as i64 + 1);
    write_scientific(out, &decimal, precision, alternate, b'e');
}

/// Appends `%.{precision}f`.
pub(crate) fn write_f(out: &mut Vec<u8>, number: f64, precision: usize, alternate: bool) {
    if write_special(out, number) {
        return;
    }
    if number.is_sign_negative() {
        out.push(b'-');
    }
    let mut decimal = Decimal::new(number.abs());
    let kept = decimal.point + precision as i64;
    decimal.round(kept);
    write_positional(out, &decimal, precision, alternate);
}

fn write_scientific(out: &mut Vec<u8>, decimal: &Decimal, places: usize, point: bool, marker: u8) {
    let digit = |index: usize| decimal.digits.get(index).map_or(b'0', |digit| b'0' + digit);
    out.push(digit(0));
    if places > 0 || point {
        out.push(b'.');
    }
    out.extend((1..=places).map(digit));
    let exponent = if decimal.digits.is_empty() { 0 } else { decimal.point - 1 };
    out.push(marker);
    out.push(if exponent < 0 { b'-' } else { b'+' });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    write_integer(out, exponent.unsigned_abs());
}

fn write_positional(out: &mut Vec<u8>, decimal: &Decimal, places: usize, point: bool) {
    let digit = |index: i64| {
        narrow::exact(index).and_then(|index| decimal.digits.get(index)).map_or(b'0', |digit| b'0' + digit)
    };
    if decimal.point <= 0 {
        out.push(b'0');
    }
    out.extend((0..decimal.point).map(digit));
    if places > 0 || point {
        out.push(b'.');
    }
    out.extend((0..places as i64).map(|place| digit(decimal.point + place)));
}

/// A number in decimal, exactly: `0.d1d2d3... * 10^point`, without leading and trailing zeros.
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Of a finite number that is not negative.
    fn new(number: f64) -> Decimal {
        if number == 0.0 {
            return Decimal { digits: Vec::new(), point: 1 };
        }
        let bits = number.to_bits();
        let biased = (bits >> 52) as i32;
        let stored = bits & ((1 << 52) - 1);
        let (mut significand, mut exponent) =
            if biased == 0 { (stored, -1074) } else { (stored | 1 << 52, biased - 1075) };
        let zeros = significand.trailing_zeros();
        significand >>= zeros;
        exponent += zeros as i32;
        let mut big = Big::new(significand);
        // m * 2^-k is m * 5^k / 10^k.
        if exponent >= 0 {
            big.shift_left(exponent as usize);
        } else {
            big.multiply_power_of_five(-exponent as usize);
        }
        let mut digits = big.digits();
        let point = digits.len() as i64 + i64::from(exponent.min(0));
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Decimal { digits, point }
    }

    /// Rounds to this many digits, which may be none or negative: the number is exact, so ties are ties, and go to
    /// the even digit.
    fn round(&mut self, count: i64) {
        let Some(keep) = narrow::exact(count) else {
            self.digits.clear();
            return;
        };
        if keep >= self.digits.len() {
            return;
        }
        let odd = keep > 0 && self.digits[keep - 1] % 2 == 1;
        let half = self.digits[keep].cmp(&5).then(if self.digits.len() > keep + 1 {
            core::cmp::Ordering::Greater
        } else {
            core::cmp::Ordering::Equal
        });
        let up = half.is_gt() || half.is_eq() && odd;
        self.digits.truncate(keep);
        if up {
            while self.digits.last() == Some(&9) {
                self.digits.pop();
            }
            match self.digits.last_mut() {
                Some(digit) => *digit += 1,
                None => {
                    self.digits.push(1);
                    self.point += 1;
                }
            }
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
    }
}

/// An unsigned integer of any size, the least significant limb first, no zero limb last.
struct Big(Vec<u32>);

const FIVE_13: u32 = 1_220_703_125;

impl Big {
    fn new(number: u64) -> Big {
        let mut big = Big(vec![number as u32, (number >> 32) as u32]);
        big.trim();
        big
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn multiply_power_of_five(&mut self, power: usize) {
        for _ in 0..power / 13 {
            self.multiply_add(FIVE_13, 0);
        }
        self.multiply_add(5u32.pow((power % 13) as u32), 0);
    }

    /// Divides in place; whether there was a remainder.
    fn divide_power_of_five(&mut self, power: usize) -> bool {
        let mut inexact = false;
        for _ in 0..power / 13 {
            inexact |= self.divide(FIVE_13) != 0;
        }
        inexact | (self.divide(5u32.pow((power % 13) as u32)) != 0)
    }

    fn divide(&mut self, divisor: u32) -> u32 {
        let mut rest = 0u64;
        for limb in self.0.iter_mut().rev() {
            rest = rest << 32 | u64::from(*limb);
            *limb = (rest / u64::from(divisor)) as u32;
            rest %= u64::from(divisor);
        }
        self.trim();
        rest as u32
    }

    fn shift_left(&mut self, bits: usize) {
        let mut carry = 0u64;
        let small = bits % 32;
        for limb in &mut self.0 {
            carry |= u64::from(*limb) << small;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
        self.0.splice(0..0, core::iter::repeat_n(0, bits / 32));
    }

    fn bits(&self) -> usize {
        match self.0.last() {
            Some(top) => self.0.len() * 32 - top.leading_zeros() as usize,
            None => 0,
        }
    }

    fn digits(mut self) -> Vec<u8> {
        let mut digits = Vec::with_capacity(self.0.len() * 10);
        while !self.0.is_empty() {
            let mut group = self.divide(1_000_000_000);
            for _ in 0..9 {
                digits.push((group % 10) as u8);
                group /= 10;
            }
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        digits.reverse();
        digits
    }

    /// The nearest double to this times 2^exponent, ties to even; `inexact` says that there is a little more.
    fn to_f64(&self, exponent: i64, inexact: bool) -> f64 {
        let bits = self.bits();
        // The leading 64 bits, and whether a one follows.
        let mut top = 0u64;
        let mut rest = inexact;
        for index in 0..64.min(bits) {
            let bit = bits - 1 - index;
            top = top << 1 | u64::from(self.0[bit / 32] >> (bit % 32) & 1);
        }
        if bits > 64 {
            let lower = bits - 64;
            rest |= self.0[..lower / 32].iter().any(|limb| *limb != 0);
            rest |= self.0[lower / 32] & ((1u64 << (lower % 32)) - 1) as u32 != 0;
        }
        let exponent = exponent + bits.saturating_sub(64) as i64;
        compose(top, exponent, rest)
    }
}

/// `significand * 2^exponent`, and a little more if `rest`, as the nearest double.
fn compose(significand: u64, exponent: i64, mut rest: bool) -> f64 {
    if significand == 0 {
        return 0.0;
    }
    let length = 64 - i64::from(significand.leading_zeros());
    // The exponent of the last bit kept.
    let last = (exponent + length - 53).max(-1074);
    let drop = last - exponent;
    let mut kept;
    if drop <= 0 {
        kept = significand << -drop;
    } else if drop > 64 {
        return 0.0;
    } else {
        let wide = u128::from(significand);
        kept = (wide >> drop) as u64;
        let dropped = wide & ((1u128 << drop) - 1);
        let half = 1u128 << (drop - 1);
        rest |= dropped & (half - 1) != 0;
        if dropped & half != 0 && (rest || kept & 1 == 1) {
            kept += 1;
        }
    }
    // A carry out of the significand raises the exponent field by itself.
    let field = (last + 1074) as u64;
    if last > 971 || field + (kept >> 52) >= 2048 {
        return f64::INFINITY;
    }
    if kept >> 52 == 0 { f64::from_bits(kept) } else { f64::from_bits((field << 52) + kept) }
}

/// Reads a number as Lua's `tonumber` does, with C's `strtod`: white space around, decimal or hexadecimal, `inf` and
/// `nan`.
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    let text = trim(until_zero(text));
    let (number, used) = parse_prefix(text)?;
    (used == text.len()).then_some(number)
}

/// C's strings end at a zero byte.
pub(crate) fn until_zero(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    &text[..end]
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Without white space around.
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// The number that the text begins with, and its length.
pub(crate) fn parse_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let (negative, sign) = match text.first()? {
        b'-' => (true, 1),
        b'+' => (false, 1),
        _ => (false, 0),
    };
    let unsigned = &text[sign..];
    let begins =
        |word: &[u8]| unsigned.len() >= word.len() && unsigned[..word.len()].eq_ignore_ascii_case(word);
    let (number, used) = if begins(b"0x") && hexadecimal_follows(&unsigned[2..]) {
        let (number, used) = hexadecimal(&unsigned[2..]);
        (number, used + 2)
    } else if begins(b"infinity") {
        (f64::INFINITY, 8)
    } else if begins(b"inf") {
        (f64::INFINITY, 3)
    } else if begins(b"nan") {
        (nan(false), 3 + payload(&unsigned[3..]))
    } else {
        decimal(unsigned)?
    };
    Some((if negative { -number } else { number }, sign + used))
}

/// How long the part between brackets is that may stand behind `nan`.
fn payload(text: &[u8]) -> usize {
    let is_within = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    match text.split_first() {
        Some((b'(', rest)) => {
            let len = rest.iter().take_while(|byte| is_within(byte)).count();
            if rest.get(len) == Some(&b')') { len + 2 } else { 0 }
        }
        _ => 0,
    }
}

fn hexadecimal_follows(text: &[u8]) -> bool {
    match text {
        [b'.', digit, ..] | [digit, ..] => digit.is_ascii_hexdigit(),
        [] => false,
    }
}

fn decimal(text: &[u8]) -> Option<(f64, usize)> {
    let (mut significand, mut kept, mut digits, mut scale) = (0u64, 0, 0usize, 0i64);
    let mut at = 0;
    let mut point = false;
    for &byte in text {
        match byte {
            b'.' if !point => point = true,
            b'0'..=b'9' => {
                digits += 1;
                if significand > 0 || byte != b'0' {
                    kept += 1;
                    if kept <= 19 {
                        significand = significand * 10 + u64::from(byte - b'0');
                    }
                }
                scale -= i64::from(point);
            }
            _ => break,
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    let mantissa = &text[..at];
    let (exponent, used) = exponent(&text[at..], b'e');
    let scale = scale.saturating_add(exponent);
    Some((decimal_value(mantissa, significand, kept, scale), at + used))
}

/// The exponent behind a number, and the length of its text; none is 0 of length 0.
fn exponent(text: &[u8], marker: u8) -> (i64, usize) {
    if text.first().map(u8::to_ascii_lowercase) != Some(marker) {
        return (0, 0);
    }
    let (negative, start) = match text.get(1) {
        Some(b'-') => (true, 2),
        Some(b'+') => (false, 2),
        _ => (false, 1),
    };
    let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return (0, 0);
    }
    let mut value = 0i64;
    for byte in &text[start..start + digits] {
        // Beyond this it makes no difference.
        value = (value * 10 + i64::from(byte - b'0')).min(1 << 40);
    }
    (if negative { -value } else { value }, start + digits)
}

fn decimal_value(mantissa: &[u8], significand: u64, kept: usize, scale: i64) -> f64 {
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    if significand == 0 {
        return 0.0;
    }
    // One operation of exact numbers rounds correctly.
    if kept <= 19 && significand < 1 << 53 && scale.unsigned_abs() < POWERS.len() as u64 {
        let power = POWERS[scale.unsigned_abs() as usize];
        return if scale < 0 { significand as f64 / power } else { significand as f64 * power };
    }
    let order = kept as i64 + scale;
    if order > 310 {
        return f64::INFINITY;
    }
    if order < -330 {
        return 0.0;
    }
    // More digits than any number halfway between two doubles has: what follows only says that there is more.
    const KEPT_MAX: usize = 800;
    let mut big = Big(Vec::new());
    let (mut taken, mut more) = (0, false);
    for digit in mantissa.iter().filter(|byte| **byte != b'.').map(|byte| u32::from(byte - b'0')) {
        if taken == 0 && digit == 0 {
            continue;
        }
        if taken < KEPT_MAX {
            big.multiply_add(10, digit);
            if big.0.is_empty() {
                big.0.push(digit);
            }
        } else {
            more |= digit != 0;
        }
        taken += 1;
    }
    let scale = scale + taken.saturating_sub(KEPT_MAX) as i64;
    if scale >= 0 {
        big.multiply_power_of_five(scale as usize);
        return big.to_f64(scale, more);
    }
    let power = -scale as usize;
    // Enough bits that 64 remain after the division.
    let shift = (power * 7 / 3 + 70).saturating_sub(big.bits()) + 2;
    big.shift_left(shift);
    let inexact = big.divide_power_of_five(power);
    big.to_f64(scale - shift as i64, inexact || more)
}

fn hexadecimal(text: &[u8]) -> (f64, usize) {
    let (mut significand, mut exponent_of_two, mut rest) = (0u64, 0i64, false);
    let mut at = 0;
    let mut point = false;
    for &byte in text {
        if byte == b'.' && !point {
            point = true;
        } else if let Some(digit) = (byte as char).to_digit(16) {
            if significand >> 60 == 0 {
                significand = significand << 4 | u64::from(digit);
                exponent_of_two -= if point { 4 } else { 0 };
            } else {
                rest |= digit != 0;
                exponent_of_two += if point { 0 } else { 4 };
            }
        } else {
            break;
        }
        at += 1;
    }
    let (power, used) = exponent(&text[at..], b'p');
    (compose(significand, (exponent_of_two + power).clamp(-5000, 5000), rest), at + used)
}

/// Lua's `%`: the result has the sign of the divisor.
#[inline]
pub(crate) fn modulo(x: f64, y: f64) -> f64 {
    x - floor(x / y) * y
}

#[inline]
pub(crate) fn floor(x: f64) -> f64 {
    const WHOLE: f64 = (1u64 << 52) as f64;
    if x.abs() < WHOLE {
        // SAFETY: it is far from the limits of an integer. `as` would check that once more.
        let whole = unsafe { x.to_int_unchecked::<i64>() } as f64;
        let floor = if whole > x { whole - 1.0 } else { whole };
        // Zero keeps its sign.
        return if floor == 0.0 { libm::copysign(0.0, x) } else { floor };
    }
    x
}

/// Lua's `^`.
pub(crate) fn power(x: f64, y: f64) -> f64 {
    if y == 2.0 {
        return x * x;
    }
    libm::pow(x, y)
}
