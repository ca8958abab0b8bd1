//! The options of HSCAN and SSCAN.

use crate::args::Cursor;
use crate::error::Error;
use crate::glob::glob_match;
use crate::number;
use crate::resp::Reply;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};

/// Elements per call when COUNT does not say.
const COUNT_DEFAULT: usize = 10;

/// What a call asks for.
pub struct ScanOptions<'a> {
    /// About how many elements to look at.
    pub count: usize,
    /// MATCH; `None` passes everything.
    pattern: Option<&'a [u8]>,
    /// NOVALUES, which only hashes have.
    pub without_values: bool,
}

impl<'a> ScanOptions<'a> {
    /// Reads the options up to the last argument.
    pub fn parse(mut cursor: Cursor<'a>, is_hash: bool) -> Result<ScanOptions<'a>, Error> {
        let mut options = ScanOptions { count: COUNT_DEFAULT, pattern: None, without_values: false };
        while !cursor.is_done() {
            if cursor.accept_with("COUNT", 1) {
                let count = cursor.int()?;
                options.count =
                    usize::try_from(count).ok().filter(|&count| count > 0).ok_or(Error::Syntax)?;
            } else if cursor.accept_with("MATCH", 1) {
                // A lone star also matches the empty string, which the matcher itself denies.
                options.pattern = Some(cursor.take()?).filter(|pattern| *pattern != b"*");
            } else if cursor.accept("NOVALUES") {
                if !is_hash {
                    return Err(Error::Text("ERR NOVALUES option can only be used in HSCAN"));
                }
                options.without_values = true;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// Writes the reply: the cursor to go on from, then what `scan` writes. `scan` returns that cursor and the
    /// number of replies it wrote.
    pub fn reply(&self, reply: &mut Reply<'_>, scan: impl FnOnce(&Self, &mut Reply<'_>) -> (u64, usize)) {
        let mark = reply.mark();
        let (next, replies) = scan(self, reply);
        reply.wrap(mark, |head| {
            head.array(2);
            head.bulk(number::format_u64(&mut [0; INTEGER_TEXT_BYTES_MAX], next));
            head.array(replies);
        });
    }

    /// Whether an element passes MATCH.
    pub fn passes(&self, element: Item<'_>) -> bool {
        self.pattern
            .is_none_or(|pattern| glob_match(pattern, element.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), false))
    }
}

/// The reply for a key that does not exist.
pub fn reply_empty(reply: &mut Reply<'_>) {
    reply.array(2);
    reply.text("0");
    reply.array(0);
}
