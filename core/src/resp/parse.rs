//! Reads requests from a byte stream that may end anywhere.

use alloc::vec::Vec;

use crate::base::memory::Memory;
use crate::number::{self, parse_i64, short};
use crate::resp::args::Range;

/// What the parser accepts at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Arguments per request.
    pub arguments_max: usize,
    /// Bytes of one argument.
    pub bulk_bytes_max: usize,
    /// Bytes of a line: an inline command or a length.
    pub line_bytes_max: usize,
    /// Whether the lower limits for clients that have not authenticated hold.
    pub restricted: bool,
    /// What the list of arguments may take.
    pub memory: Memory,
}

impl Limits {
    /// Arguments per request before authentication.
    const RESTRICTED_ARGUMENTS_MAX: usize = 10;
    /// Bytes of one argument before authentication.
    const RESTRICTED_BULK_BYTES_MAX: usize = 16_384;
}

/// Arguments for whose places room is made at once.
const SHORT_ARGUMENTS_MAX: usize = 32;

/// What [`Parser::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A whole request; its arguments were appended to the ranges.
    Request,
    /// A line that does not begin with `*`: its start and length without the line end.
    Inline(Range),
    /// An empty request, to be passed over.
    Nothing,
    /// The bytes end within a request.
    Partial,
    /// The stream is broken; nothing after this can be understood.
    Invalid(&'static str),
    /// As `Invalid`, for a bulk that should have begun with `$` but began with this byte.
    ExpectedBulk(u8),
    /// There is no memory for the list of arguments.
    OutOfMemory,
}

/// Reads one request after the other, and goes on where the bytes ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parser {
    /// Bytes consumed by whole requests and by the parts of a partial one.
    pub position: usize,
    /// Arguments still missing from the request that is being read.
    missing: usize,
    /// Length of the argument whose bytes come next, plus one; 0 when its length is still to come.
    bulk_len_plus_one: usize,
}

impl Parser {
    /// Reads the next request from `bytes[self.position..]`, appending its arguments to `ranges`.
    ///
    /// After `Partial`, the same `ranges` and the same bytes with more appended must be given again.
    #[inline(always)]
    pub(crate) fn next(&mut self, bytes: &[u8], ranges: &mut Vec<Range>, limits: &Limits) -> Parsed {
        if self.missing == 0
            && let Some(position) = short_request(bytes, self.position, ranges)
        {
            self.position = position;
            return Parsed::Request;
        }
        self.next_of_any_length(bytes, ranges, limits)
    }

    #[inline(never)]
    fn next_of_any_length(&mut self, bytes: &[u8], ranges: &mut Vec<Range>, limits: &Limits) -> Parsed {
        if self.missing == 0 {
            match bytes.get(self.position) {
                None => return Parsed::Partial,
                Some(b'*') => {}
                Some(_) => return self.inline(bytes, limits),
            }
            let (digits, next) = match line(bytes, self.position + 1, limits.line_bytes_max) {
                Line::Whole(digits, next) => (digits, next),
                Line::Partial => return Parsed::Partial,
                Line::TooLong => return Parsed::Invalid("too big mbulk count string"),
            };
            // A negative count is an empty request.
            let count = match small_number(digits).map(|count| number::count(count.max(0)).unwrap_or(0)) {
                Some(count) if count <= limits.arguments_max => count,
                _ => return Parsed::Invalid("invalid multibulk length"),
            };
            if limits.restricted && count > Limits::RESTRICTED_ARGUMENTS_MAX {
                return Parsed::Invalid("unauthenticated multibulk length");
            }
            self.position = next;
            if count == 0 {
                return Parsed::Nothing;
            }
            self.missing = count;
        }
        self.arguments(bytes, ranges, limits)
    }

    /// Reads the arguments that are still missing.
    fn arguments(&mut self, bytes: &[u8], ranges: &mut Vec<Range>, limits: &Limits) -> Parsed {
        while self.missing > 0 {
            if self.bulk_len_plus_one == 0 {
                // Room for one more short request spares the next one this path.
                if !limits.memory.reserve(ranges, self.missing.min(SHORT_ARGUMENTS_MAX) + 9) {
                    return Parsed::OutOfMemory;
                }
                self.short_arguments(bytes, ranges);
                if self.missing == 0 {
                    break;
                }
                match bytes.get(self.position) {
                    None => return Parsed::Partial,
                    Some(b'$') => {}
                    Some(&other) => {
                        // Redis looks for the line's end before it looks at the first byte.
                        return match line(bytes, self.position, limits.line_bytes_max) {
                            Line::Whole(..) => Parsed::ExpectedBulk(other),
                            Line::Partial => Parsed::Partial,
                            Line::TooLong => Parsed::Invalid("too big bulk count string"),
                        };
                    }
                }
                let (digits, next) = match line(bytes, self.position + 1, limits.line_bytes_max) {
                    Line::Whole(digits, next) => (digits, next),
                    Line::Partial => return Parsed::Partial,
                    Line::TooLong => return Parsed::Invalid("too big bulk count string"),
                };
                let len = match small_number(digits).and_then(number::count) {
                    Some(len) if len <= limits.bulk_bytes_max => len,
                    _ => return Parsed::Invalid("invalid bulk length"),
                };
                if limits.restricted && len > Limits::RESTRICTED_BULK_BYTES_MAX {
                    return Parsed::Invalid("unauthenticated bulk length");
                }
                self.position = next;
                self.bulk_len_plus_one = len + 1;
            }
            let len = self.bulk_len_plus_one - 1;
            // The two bytes after the bulk are passed over unseen, as Redis does.
            if bytes.len() - self.position < len + 2 {
                return Parsed::Partial;
            }
            if !limits.memory.reserve(ranges, 1) {
                return Parsed::OutOfMemory;
            }
            ranges.push((short(self.position), short(len)));
            self.position += len + 2;
            self.bulk_len_plus_one = 0;
            self.missing -= 1;
        }
        Parsed::Request
    }

    /// Reads arguments that [`short_bulk`] understands, up to the first that it does not, or that is not there as
    /// a whole.
    fn short_arguments(&mut self, bytes: &[u8], ranges: &mut Vec<Range>) {
        let most = self.missing.min(SHORT_ARGUMENTS_MAX);
        let (mut position, mut left) = (self.position, most);
        while left > 0
            && let Some((range, end)) = short_bulk(bytes, position)
        {
            ranges.push(range);
            position = end;
            left -= 1;
        }
        self.position = position;
        self.missing -= most - left;
    }

    /// Bytes that the argument being read still needs, as a hint for the size of the buffer.
    pub(crate) fn wanted(&self, have: usize) -> usize {
        match self.bulk_len_plus_one {
            0 => 0,
            len => (self.position + len + 1).saturating_sub(have),
        }
    }

    /// The arguments still missing from the request that is being read, and how many bytes the one under way still
    /// has with its line end; 0 when its length is still to come.
    pub(super) fn missing(&self) -> (usize, usize) {
        (self.missing, self.bulk_len_plus_one.checked_add(1).filter(|&bytes| bytes > 1).unwrap_or(0))
    }

    /// A parser of what follows in the same bytes.
    pub(crate) fn at(position: usize) -> Parser {
        Parser { position, ..Parser::default() }
    }

    /// Whether a request has begun but not ended.
    pub(crate) fn is_within(&self) -> bool {
        self.missing > 0
    }

    fn inline(&mut self, bytes: &[u8], limits: &Limits) -> Parsed {
        let rest = &bytes[self.position..];
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            let too_long = rest.len() > limits.line_bytes_max;
            return if too_long { Parsed::Invalid("too big inline request") } else { Parsed::Partial };
        };
        let len = if end > 0 && rest[end - 1] == b'\r' { end - 1 } else { end };
        let start = short(self.position);
        self.position += end + 1;
        Parsed::Inline((start, short(len)))
    }
}

/// Splits an inline command into arguments with Redis's quoting rules; `None` for unbalanced quotes.
///
/// The arguments' bytes are appended to `out` and their ranges to `ranges`.
pub(crate) fn split_inline(line: &[u8], out: &mut Vec<u8>, ranges: &mut Vec<Range>) -> Option<()> {
    let is_space = |byte: u8| byte.is_ascii_whitespace() || byte == 0x0b;
    let mut rest = line;
    loop {
        while let [first, tail @ ..] = rest
            && is_space(*first)
        {
            rest = tail;
        }
        // A zero byte ends the line, as it does for a C string.
        if rest.first().is_none_or(|&byte| byte == 0) {
            return Some(());
        }
        let start = out.len();
        rest = split_argument(rest, out)?;
        ranges.push((short(start), short(out.len() - start)));
    }
}

/// Reads one argument, quoted in part or not, and returns what follows it.
fn split_argument<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut quote = 0;
    loop {
        match (quote, rest) {
            (0, [] | [b' ' | b'\n' | b'\r' | b'\t' | 0, ..]) => return Some(rest),
            (0, [mark @ (b'"' | b'\''), tail @ ..]) => {
                quote = *mark;
                rest = tail;
            }
            (b'"', [b'\\', b'x', high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                out.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            (b'"', [b'\\', escaped, tail @ ..]) => {
                out.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                rest = tail;
            }
            (b'\'', [b'\\', b'\'', tail @ ..]) => {
                out.push(b'\'');
                rest = tail;
            }
            (b'"' | b'\'', [mark, tail @ ..]) if *mark == quote => {
                // A closing quote must end the argument.
                let ends = tail.first().is_none_or(|byte| byte.is_ascii_whitespace() || *byte == 0x0b);
                return ends.then_some(tail);
            }
            (b'"' | b'\'', [] | [0, ..]) => return None,
            (_, [byte, tail @ ..]) => {
                out.push(*byte);
                rest = tail;
            }
            (_, []) => return None,
        }
    }
}

fn hex(digit: u8) -> u8 {
    number::low_u8(char::from(digit).to_digit(16).unwrap_or(0).into())
}

/// Reads a whole request of fewer than ten short arguments, as nearly all are, and returns where it ends. `None`, and
/// nothing has changed, if it is of another kind, not there as a whole, or if `ranges` has no room for it.
#[inline(always)]
fn short_request(bytes: &[u8], start: usize, ranges: &mut Vec<Range>) -> Option<usize> {
    let [b'*', digit @ b'1'..=b'9', b'\r', _] = *bytes.get(start..)?.first_chunk::<4>()? else { return None };
    let count = usize::from(digit - b'0');
    let before = ranges.len();
    if ranges.capacity() - before < count {
        return None;
    }
    let mut position = start + 4;
    for _ in 0..count {
        let Some((range, end)) = short_bulk(bytes, position) else {
            ranges.truncate(before);
            return None;
        };
        ranges.push(range);
        position = end;
    }
    Some(position)
}

/// The argument shorter than a hundred bytes that is announced at `start`, and where the next one begins; `None` if
/// there is something else, or not all of it.
#[inline(always)]
fn short_bulk(bytes: &[u8], start: usize) -> Option<(Range, usize)> {
    let word = u32::from_le_bytes(*bytes.get(start..)?.first_chunk::<4>()?);
    let digit = |at: u32| (word >> (8 * at) & 0xff).wrapping_sub(u32::from(b'0'));
    // The bytes after a carriage return are passed over unseen, as Redis does.
    let (len, head) = if word & 0x00ff_00ff == u32::from_le_bytes(*b"$\0\r\0") && digit(1) < 10 {
        (digit(1), 4)
    } else if word & 0xff00_00ff == u32::from_le_bytes(*b"$\0\0\r")
        && digit(1).wrapping_sub(1) < 9
        && digit(2) < 10
    {
        (digit(1) * 10 + digit(2), 5)
    } else {
        return None;
    };
    let (begin, len) = (start + head, len as usize);
    let end = begin + len + 2;
    (end <= bytes.len()).then_some(((short(begin), short(len)), end))
}

/// The second argument of the request that `bytes` begin with, if that and the first are short.
#[inline]
pub(crate) fn short_second_argument(bytes: &[u8]) -> Option<&[u8]> {
    let [b'*', b'2'..=b'9', b'\r', _] = *bytes.first_chunk::<4>()? else { return None };
    let (_, second) = short_bulk(bytes, 4)?;
    let ((start, len), _) = short_bulk(bytes, second)?;
    bytes.get(start as usize..)?.get(..len as usize)
}

enum Line<'a> {
    Whole(&'a [u8], usize),
    Partial,
    TooLong,
}

/// The line that starts at `start`, without its end, and where the next one starts.
#[inline]
fn line(bytes: &[u8], start: usize, line_bytes_max: usize) -> Line<'_> {
    let rest = &bytes[start.min(bytes.len())..];
    // Lengths are short, so this loop ends within a few bytes on every valid request.
    let mut end = 0;
    while end < rest.len() && end <= line_bytes_max {
        if rest[end] == b'\r' {
            // Redis takes whatever byte follows as the line feed.
            return if end + 1 < rest.len() {
                Line::Whole(&rest[..end], start + end + 2)
            } else {
                Line::Partial
            };
        }
        end += 1;
    }
    if end > line_bytes_max { Line::TooLong } else { Line::Partial }
}

/// A length: the common short forms without the checks of the general parser.
#[inline]
pub(super) fn small_number(digits: &[u8]) -> Option<i64> {
    match digits {
        [digit @ b'0'..=b'9'] => Some(i64::from(digit - b'0')),
        [tens @ b'1'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        }
        _ => parse_i64(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use alloc::vec;

    const LIMITS: Limits = Limits {
        arguments_max: 1 << 20,
        bulk_bytes_max: 1 << 29,
        line_bytes_max: 65_536,
        restricted: false,
        memory: Memory::UNKNOWN,
    };

    fn request(bytes: &[u8]) -> Vec<Vec<u8>> {
        let (mut parser, mut ranges) = (Parser::default(), Vec::new());
        assert_eq!(parser.next(bytes, &mut ranges, &LIMITS), Parsed::Request);
        ranges.iter().map(|&(at, len)| bytes[at as usize..(at + len) as usize].to_vec()).collect()
    }

    #[test]
    fn second_arguments_are_found_early() {
        let second = |bytes: &'static str| short_second_argument(bytes.as_bytes());
        assert_eq!(second("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"), Some(&b"key"[..]));
        assert_eq!(second("*3\r\n$3\r\nSET\r\n$10\r\n0123456789\r\n$5\r\nval"), Some(&b"0123456789"[..]));
        assert_eq!(second("*2\r\n$3\r\nGET\r\n$0\r\n\r\n"), Some(&b""[..]));
        for other in [
            "",
            "*2\r\n",
            "*1\r\n$4\r\nPING\r\n",
            "*2\r\n$3\r\nGET\r\n$3\r\nke",
            "GET key\r\n",
            "*99\r\n$3\r\n",
        ] {
            assert_eq!(second(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_request_may_be_cut_anywhere() {
        let bytes = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello\r\nworld\r\n";
        assert_eq!(request(bytes), [&b"SET"[..], b"k", b"hello\r\nworld"]);
        for cut in 0..bytes.len() {
            let (mut parser, mut ranges) = (Parser::default(), Vec::new());
            assert_eq!(parser.next(&bytes[..cut], &mut ranges, &LIMITS), Parsed::Partial, "cut at {cut}");
            assert_eq!(parser.next(bytes, &mut ranges, &LIMITS), Parsed::Request);
            assert_eq!(ranges, [(8, 3), (17, 1), (25, 12)]);
            assert_eq!(parser.position, bytes.len());
        }
    }

    #[test]
    fn broken_streams_are_named() {
        let check = |bytes: &[u8], expect: Parsed| {
            assert_eq!(Parser::default().next(bytes, &mut Vec::new(), &LIMITS), expect);
        };
        check(b"*x\r\n", Parsed::Invalid("invalid multibulk length"));
        check(b"*1048577\r\n", Parsed::Invalid("invalid multibulk length"));
        check(b"*-1\r\n", Parsed::Nothing);
        check(b"*0\r\n", Parsed::Nothing);
        check(b"*1\r\n!3\r\n", Parsed::ExpectedBulk(b'!'));
        check(b"*1\r\n$-1\r\n", Parsed::Invalid("invalid bulk length"));
        check(b"*1\r\n$536870913\r\n", Parsed::Invalid("invalid bulk length"));
        check(&[b'*'; 70_000], Parsed::Invalid("too big mbulk count string"));
        check(&[b'x'; 70_000], Parsed::Invalid("too big inline request"));
        let restricted = Limits { restricted: true, ..LIMITS };
        let mut parser = Parser::default();
        assert_eq!(
            parser.next(b"*11\r\n", &mut Vec::new(), &restricted),
            Parsed::Invalid("unauthenticated multibulk length")
        );
    }

    #[test]
    fn inline_commands_know_quotes() {
        let check = |line: &str, expect: Option<&[&str]>| {
            let (mut out, mut ranges) = (Vec::new(), Vec::new());
            let split = split_inline(line.as_bytes(), &mut out, &mut ranges);
            let words: Vec<String> = ranges
                .iter()
                .map(|&(at, len)| {
                    String::from_utf8_lossy(&out[at as usize..(at + len) as usize]).into_owned()
                })
                .collect();
            assert_eq!(
                split.map(|()| words),
                expect.map(|words| words.iter().map(|w| w.to_string()).collect())
            );
        };
        check("  set  a  b ", Some(&["set", "a", "b"]));
        check(r#"set "a b" 'c d'"#, Some(&["set", "a b", "c d"]));
        check(r#""\x41\n\"" '\''"#, Some(&["A\n\"", "'"]));
        check(r#"a"b"c"#, None);
        check(r#"ab"c d""#, Some(&["abc d"]));
        check(r#""open"#, None);
        check("", Some(&[]));
        check(r#""""#, Some(&[""]));
    }

    #[test]
    fn wanted_tells_how_much_is_missing() {
        let mut parser = Parser::default();
        let bytes = b"*1\r\n$100\r\nabc";
        assert_eq!(parser.next(bytes, &mut vec![], &LIMITS), Parsed::Partial);
        assert_eq!(parser.wanted(bytes.len()), 99);
    }
}
