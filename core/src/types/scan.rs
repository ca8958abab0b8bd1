//! What SCAN, HSCAN, SSCAN and ZSCAN share: the cursor, the options, the form of the reply.

use crate::base::error::Error;
use crate::base::glob::glob_match;
use crate::number;
use crate::resp::Reply;
use crate::resp::args::Cursor;
use crate::structures::{INTEGER_TEXT_BYTES_MAX, Item};

/// Elements per call when COUNT does not say.
const COUNT_DEFAULT: usize = 10;

/// What a call asks for.
pub(crate) struct ScanOptions<'a> {
    /// About how many elements to look at.
    pub count: usize,
    /// MATCH; `None` passes everything.
    pattern: Option<&'a [u8]>,
}

/// Reads a cursor.
pub(crate) fn scan_cursor(argument: &[u8]) -> Result<u64, Error> {
    number::parse_cursor(argument).ok_or(Error::Text("ERR invalid cursor"))
}

impl<'a> ScanOptions<'a> {
    /// Reads the options up to the last argument; `own` reads those that only one command has, and tells whether
    /// there was one.
    pub(crate) fn parse(
        mut cursor: Cursor<'a>,
        mut own: impl FnMut(&mut Cursor<'a>) -> Result<bool, Error>,
    ) -> Result<ScanOptions<'a>, Error> {
        let mut options = ScanOptions { count: COUNT_DEFAULT, pattern: None };
        while !cursor.is_done() {
            if cursor.accept_with("COUNT", 1) {
                let count = cursor.int()?;
                if count < 1 {
                    return Err(Error::Syntax);
                }
                options.count = number::count(count).unwrap_or(usize::MAX);
            } else if cursor.accept_with("MATCH", 1) {
                // A lone star also matches the empty string, which the matcher itself denies.
                options.pattern = Some(cursor.take()?).filter(|pattern| *pattern != b"*");
            } else if !own(&mut cursor)? {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// The same for a command of sets or sorted sets, which have no values to leave out.
    pub(crate) fn parse_members(cursor: Cursor<'a>) -> Result<ScanOptions<'a>, Error> {
        ScanOptions::parse(cursor, |cursor| ScanOptions::refuse_others(cursor).map(|()| false))
    }

    /// The options of commands of other types are refused by name.
    pub(crate) fn refuse_others(cursor: &mut Cursor<'a>) -> Result<(), Error> {
        match (cursor.accept("NOVALUES"), cursor.accept("NOSCORES")) {
            (true, _) => Err(Error::Text("ERR NOVALUES option can only be used in HSCAN")),
            (_, true) => Err(Error::Text("ERR NOSCORES option can only be used in ZSCAN")),
            _ => Ok(()),
        }
    }

    /// Writes the reply: the cursor to go on from, then what `scan` writes. `scan` returns that cursor and the
    /// number of replies it wrote.
    pub(crate) fn reply(
        &self,
        reply: &mut Reply<'_>,
        scan: impl FnOnce(&Self, &mut Reply<'_>) -> (u64, usize),
    ) {
        let mark = reply.mark();
        let (next, replies) = scan(self, reply);
        reply.wrap(mark, |head| {
            head.array(2);
            head.bulk(number::format_u64(&mut [0; INTEGER_TEXT_BYTES_MAX], next));
            head.array(replies);
        });
    }

    /// Whether an element passes MATCH.
    pub(crate) fn passes(&self, element: Item<'_>) -> bool {
        self.pattern
            .is_none_or(|pattern| glob_match(pattern, element.text(&mut [0; INTEGER_TEXT_BYTES_MAX]), false))
    }
}

/// The reply for a key that does not exist.
pub(crate) fn reply_empty(reply: &mut Reply<'_>) {
    reply.array(2);
    reply.text("0");
    reply.array(0);
}
