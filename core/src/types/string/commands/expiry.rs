//! The options of SET and GETEX that set, keep or clear a deadline.

use crate::base::error::Error;
use crate::command::context::Context;
use crate::number;
use crate::resp::args::Cursor;

/// What the options say about the deadline.
#[derive(Clone, Copy)]
pub(super) enum Expiry<'a> {
    /// No option was given.
    Unchanged,
    /// KEEPTTL.
    Keep,
    /// PERSIST.
    Persist,
    /// One of EX, PX, EXAT and PXAT, by its index in [`UNITS`], with its argument.
    Time(usize, &'a [u8]),
}

/// The words in front of a time: milliseconds per unit, and whether it counts from now.
const UNITS: [(&str, i64, bool); 4] =
    [("EX", 1000, true), ("PX", 1, true), ("EXAT", 1000, false), ("PXAT", 1, false)];

impl<'a> Expiry<'a> {
    /// Reads one of EX, PX, EXAT and PXAT; the same word may come twice, different ones may not.
    pub(super) fn accept_time(self, cursor: &mut Cursor<'a>) -> Result<Option<Expiry<'a>>, Error> {
        for (index, (word, ..)) in UNITS.iter().enumerate() {
            let fits = match self {
                Expiry::Unchanged => true,
                Expiry::Time(other, _) => other == index,
                Expiry::Keep | Expiry::Persist => false,
            };
            if fits && cursor.accept_with(word, 1) {
                return Ok(Some(Expiry::Time(index, cursor.take()?)));
            }
        }
        Ok(None)
    }

    /// The deadline in unix milliseconds, checked only after all options are known to be well formed.
    pub(super) fn deadline(self, ctx: &Context<'_>) -> Result<Option<u64>, Error> {
        let Expiry::Time(index, argument) = self else { return Ok(None) };
        let (_, unit_millis, is_relative) = UNITS[index];
        expiry_time(ctx, argument, unit_millis, is_relative).map(Some)
    }
}

/// The deadline in unix milliseconds that a positive number of seconds or milliseconds means.
pub(super) fn expiry_time(
    ctx: &Context<'_>,
    argument: &[u8],
    unit_millis: i64,
    is_relative: bool,
) -> Result<u64, Error> {
    let number = number::parse_i64(argument).ok_or(Error::NotInteger)?;
    let base = if is_relative { ctx.clock_millis() as i64 } else { 0 };
    number
        .checked_mul(unit_millis)
        .filter(|_| number > 0)
        .and_then(|millis| millis.checked_add(base))
        .map(|at| at as u64)
        .ok_or_else(|| Error::invalid_expire(&ctx.name()))
}
