//! The library `math`, and `os.clock`. All results are the same on every platform.

use super::arguments::to_int;
use super::{library, set};
use crate::api::{Call, Host};
use crate::error::Raise;
use crate::narrow;
use crate::number;
use crate::value::Val;
use crate::vm::Vm;

pub(super) fn open(vm: &mut Vm) -> Result<(), Raise> {
    let table = library(
        vm,
        "math",
        &[
            ("abs", |call, _| abs(call)),
            ("acos", |call, _| map_positive(call, libm::acos)),
            ("asin", |call, _| map_positive(call, libm::asin)),
            ("atan", |call, _| map(call, libm::atan)),
            ("atan2", |call, _| map2(call, libm::atan2)),
            ("ceil", |call, _| map(call, libm::ceil)),
            ("cos", |call, _| map(call, libm::cos)),
            ("cosh", |call, _| map(call, libm::cosh)),
            ("deg", |call, _| map(call, |x| x / RADIANS_PER_DEGREE)),
            ("exp", |call, _| map(call, libm::exp)),
            ("floor", |call, _| map(call, number::floor)),
            ("fmod", |call, _| map2(call, libm::fmod)),
            ("frexp", frexp),
            ("ldexp", ldexp),
            ("log", |call, _| map(call, libm::log)),
            ("log10", |call, _| map_positive(call, libm::log10)),
            ("max", |call, _| extreme(call, |candidate, best| candidate > best)),
            ("min", |call, _| extreme(call, |candidate, best| candidate < best)),
            ("mod", |call, _| map2(call, libm::fmod)),
            ("modf", modf),
            ("pow", |call, _| map2(call, number::power)),
            ("rad", |call, _| map(call, |x| x * RADIANS_PER_DEGREE)),
            ("random", random),
            ("randomseed", randomseed),
            ("sin", |call, _| map(call, libm::sin)),
            ("sinh", |call, _| map(call, libm::sinh)),
            ("sqrt", |call, _| map(call, libm::sqrt)),
            ("tan", |call, _| map(call, libm::tan)),
            ("tanh", |call, _| map(call, libm::tanh)),
        ],
    )?;
    set(vm, table, "pi", Val::Number(core::f64::consts::PI))?;
    set(vm, table, "huge", Val::Number(f64::INFINITY))?;
    library(vm, "os", &[("clock", clock)])?;
    Ok(())
}

const RADIANS_PER_DEGREE: f64 = core::f64::consts::PI / 180.0;

fn map(call: &mut Call<'_>, function: fn(f64) -> f64) -> Result<usize, Raise> {
    let x = call.check_number(0)?;
    call.give_number(number::settled(function(x), x, x))
}

/// For functions that give a positive NaN where they are not defined.
fn map_positive(call: &mut Call<'_>, function: fn(f64) -> f64) -> Result<usize, Raise> {
    let x = call.check_number(0)?;
    let result = function(x);
    let is_undefined = result.is_nan() && !x.is_nan();
    call.give_number(if is_undefined { number::nan(false) } else { number::settled(result, x, x) })
}

fn abs(call: &mut Call<'_>) -> Result<usize, Raise> {
    let x = call.check_number(0)?;
    call.give_number(x.abs())
}

fn map2(call: &mut Call<'_>, function: fn(f64, f64) -> f64) -> Result<usize, Raise> {
    let (x, y) = (call.check_number(0)?, call.check_number(1)?);
    call.give_number(number::settled(function(x, y), x, y))
}

fn extreme(call: &mut Call<'_>, better: fn(f64, f64) -> bool) -> Result<usize, Raise> {
    let mut best = call.check_number(0)?;
    for index in 1..call.count {
        let candidate = call.check_number(index)?;
        if better(candidate, best) {
            best = candidate;
        }
    }
    call.give_number(best)
}

fn frexp(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let (fraction, exponent) = match call.check_number(0)? {
        number if number.is_finite() && number != 0.0 => libm::frexp(number),
        number => (number, 0),
    };
    call.give_number(fraction)?;
    call.give_number(f64::from(exponent))?;
    Ok(2)
}

fn ldexp(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let (x, exponent) = (call.check_number(0)?, to_int(call.check_integer(1)?));
    call.give_number(number::settled(libm::ldexp(x, exponent), x, x))
}

fn modf(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let number = call.check_number(0)?;
    let whole = libm::trunc(number);
    let fraction = if number.is_infinite() { 0.0 } else { number - whole };
    call.give_number(number::settled(whole, number, number))?;
    call.give_number(libm::copysign(fraction, number))?;
    Ok(2)
}

impl Vm {
    /// Seeds the generator: that of C's `drand48`, which Redis carries along to be the same everywhere.
    pub(crate) fn seed(&mut self, seed: u32) {
        self.random = u64::from(seed) << 16 | 0x330e;
    }

    /// A number from 0 to 2^31 - 1.
    fn random_bits(&mut self) -> u32 {
        const MASK: u64 = (1 << 48) - 1;
        self.random = self.random.wrapping_mul(0x5_deec_e66d).wrapping_add(0xb) & MASK;
        narrow::low_u32(self.random >> 17)
    }

    /// Where `math.random` is in its sequence.
    pub fn random_state(&self) -> u64 {
        self.random
    }

    /// Lets `math.random` go on from there.
    pub fn set_random_state(&mut self, state: u64) {
        self.random = state;
    }
}

fn random(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let max = i32::MAX as u32;
    let fraction = f64::from(call.vm.random_bits() % max) / f64::from(max);
    let integer =
        |call: &mut Call<'_>, index| call.check_integer(index).map(|value| f64::from(to_int(value)));
    let (low, high) = match call.count {
        0 => return call.give_number(fraction),
        1 => (1.0, integer(call, 0)?),
        2 => (integer(call, 0)?, integer(call, 1)?),
        _ => return Err(call.fail(b"wrong number of arguments")),
    };
    if low > high {
        return Err(call.bad_argument(call.count - 1, "interval is empty"));
    }
    call.give_number(number::floor(fraction * (high - low + 1.0)) + low)
}

fn randomseed(call: &mut Call<'_>, _: &mut dyn Host) -> Result<usize, Raise> {
    let seed = call.check_integer(0)?;
    call.vm.seed(narrow::low_u32(seed.cast_unsigned()));
    Ok(0)
}

fn clock(call: &mut Call<'_>, host: &mut dyn Host) -> Result<usize, Raise> {
    call.give_number(host.clock())
}
