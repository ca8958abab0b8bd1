//! Passing over the rest of a request for which there is no memory, so that the conversation goes on behind it.

use super::parse::{Parser, small_number};
use crate::number;

/// Longest line that announces the length of an argument, in bytes; redis-server takes no longer number.
const LINE_BYTES_MAX: usize = 32;

/// A request whose bytes are passed over as they come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skip {
    /// Arguments that are still to be passed over, the one under way included.
    missing: usize,
    /// Bytes of the argument under way, with its line end; 0 when its length is still to come.
    left: usize,
    /// The line of that length as far as it has come.
    line: [u8; LINE_BYTES_MAX],
    line_len: usize,
}

/// How far the skipping came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Skipped {
    /// The request ends after so many bytes.
    Done(usize),
    /// It goes on behind the bytes.
    More,
    /// The stream is broken.
    Broken,
}

impl Skip {
    /// Goes on where `parser` has stopped within a request of which `rest` is there; gives how far that leads, too.
    pub(crate) fn after(parser: &Parser, rest: &[u8]) -> (Skip, Skipped) {
        let (missing, left) = parser.missing();
        let mut skip = Skip { missing, left, line: [0; LINE_BYTES_MAX], line_len: 0 };
        let skipped = skip.feed(rest);
        (skip, skipped)
    }

    /// Passes over what comes next.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Skipped {
        let mut position = 0;
        while self.missing > 0 {
            if self.left == 0 {
                match self.length(&bytes[position..]) {
                    Some(Ok(used)) => position += used,
                    Some(Err(())) => return Skipped::Broken,
                    None => return Skipped::More,
                }
            }
            let part = self.left.min(bytes.len() - position);
            position += part;
            self.left -= part;
            if self.left > 0 {
                return Skipped::More;
            }
            self.missing -= 1;
        }
        Skipped::Done(position)
    }

    /// Reads the line with the length of the next argument, which may come in parts; returns its bytes in `bytes`.
    fn length(&mut self, bytes: &[u8]) -> Option<Result<usize, ()>> {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let Some(room) = self.line.get_mut(self.line_len..self.line_len + part.len()) else {
            return Some(Err(()));
        };
        room.copy_from_slice(part);
        self.line_len += part.len();
        let end = end?;
        let line = &self.line[..core::mem::take(&mut self.line_len)];
        let digits = line.strip_prefix(b"$").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        match digits.and_then(small_number) {
            Some(len @ 0..) => {
                self.left = number::count(len).unwrap_or(0).saturating_add(2);
                Some(Ok(end + 1))
            }
            _ => Some(Err(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::memory::Memory;
    use crate::resp::{Limits, Parsed};
    use alloc::vec::Vec;

    const LIMITS: Limits = Limits {
        arguments_max: 1 << 20,
        bulk_bytes_max: 1 << 29,
        line_bytes_max: 1 << 16,
        restricted: false,
        memory: Memory::UNKNOWN,
    };

    #[test]
    fn a_request_ends_where_it_ends_however_it_is_cut() {
        let request = b"*4\r\n$3\r\nSET\r\n$0\r\n\r\n$13\r\n$3\r\nhello\r\n*1\r\n$2\r\nNX\r\n";
        let whole = [&request[..], b"*1\r\n$4\r\nPING\r\n"].concat();
        for first in 4..request.len() {
            let mut parser = Parser::default();
            assert_eq!(parser.next(&whole[..first], &mut Vec::new(), &LIMITS), Parsed::Partial);
            if !parser.is_within() {
                continue;
            }
            for second in first..=request.len() {
                let (mut skip, skipped) = Skip::after(&parser, &whole[parser.position..second]);
                if second < request.len() {
                    assert_eq!(skipped, Skipped::More, "{first} {second}");
                    assert_eq!(skip.feed(&whole[second..]), Skipped::Done(request.len() - second));
                } else {
                    assert_eq!(skipped, Skipped::Done(request.len() - parser.position));
                }
            }
        }
    }

    #[test]
    fn what_is_no_request_is_told() {
        for rest in [&b"x\r\n"[..], b"$-1\r\n", b"$1x\r\n", &[b'$'; 40], b"\r\n"] {
            let mut parser = Parser::default();
            assert_eq!(parser.next(b"*2\r\n$1\r\na\r\n", &mut Vec::new(), &LIMITS), Parsed::Partial);
            assert_eq!(Skip::after(&parser, rest).1, Skipped::Broken, "{rest:?}");
        }
    }
}
