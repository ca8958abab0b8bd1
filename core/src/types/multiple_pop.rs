//! The arguments that LMPOP, ZMPOP and their forms that wait share.

use crate::base::error::Error;
use crate::number;
use crate::resp::args::Args;

/// What such a command is asked for.
pub(crate) struct MultiplePop<'a, End> {
    /// The keys, of which the first that is there counts.
    pub(crate) keys: Args<'a>,
    /// Where to take elements from.
    pub(crate) end: End,
    /// How many at most; at least one.
    pub(crate) count: usize,
}

impl<'a, End> MultiplePop<'a, End> {
    /// Reads `numkeys key [key ...] end [COUNT count]` from the argument at `at` on.
    pub(crate) fn parse(
        args: Args<'a>,
        at: usize,
        end: impl FnOnce(&[u8]) -> Result<End, Error>,
    ) -> Result<MultiplePop<'a, End>, Error> {
        let mut cursor = args.cursor(at);
        let keys = at_least_one(cursor.take()?, "ERR numkeys should be greater than 0")?;
        let keys = cursor.many(keys)?;
        let end = end(cursor.take()?)?;
        let mut count = None;
        while !cursor.is_done() {
            if count.is_some() || !cursor.accept_with("COUNT", 1) {
                return Err(Error::Syntax);
            }
            count = Some(at_least_one(cursor.take()?, "ERR count should be greater than 0")?);
        }
        Ok(MultiplePop { keys, end, count: count.unwrap_or(1) })
    }
}

fn at_least_one(text: &[u8], error: &'static str) -> Result<usize, Error> {
    number::parse_i64(text).and_then(number::count).filter(|&count| count > 0).ok_or(Error::Text(error))
}
