//! Writes replies in RESP2 or RESP3, straight into the buffer that the host sends.

use alloc::vec::Vec;

use crate::base::bytes::{append_head_within_capacity, append_within_capacity};
use crate::base::error::Error;
use crate::base::memory::Memory;
use crate::number::{decimal_len_i64, write_f64, write_i64};
use crate::structures::Item;

/// The protocol version that a connection has chosen with HELLO.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// What connections begin with.
    #[default]
    Resp2,
    /// Adds maps, sets, doubles, booleans, nulls and pushes.
    Resp3,
}

/// Room that is left for what follows a reply that was too long, in bytes.
const REPLY_KEPT_BYTES: usize = 64 << 10;
/// The longest head, number or mark, with its line end, in bytes.
const HEAD_BYTES_MAX: usize = 32;

/// Appends one connection's replies.
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    /// The version to write.
    pub protocol: Protocol,
    memory: Memory,
    /// Something had to be left out.
    is_cut: bool,
}

impl<'a> Reply<'a> {
    /// A writer that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Reply<'a> {
        Reply { out, protocol, memory: Memory::UNKNOWN, is_cut: false }
    }

    /// The same within what memory there is: what does not fit is left out, and [`Reply::is_cut`] tells so.
    #[inline]
    pub fn within(self, memory: Memory) -> Reply<'a> {
        Reply { memory, ..self }
    }

    /// Whether memory ran out, so that what was written is no reply.
    #[inline]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Fails if memory ran out: asked before anything is changed that the reply tells of.
    #[inline]
    pub fn whole(&self) -> Result<(), Error> {
        if self.is_cut { Err(Error::OutOfMemory) } else { Ok(()) }
    }

    /// Whether there is no room for anything more, not even an error.
    pub fn is_full(&mut self) -> bool {
        !self.memory.reserve(self.out, HEAD_BYTES_MAX)
    }

    /// Makes room for so many bytes, and as many heads as there are elements; fails if there is none.
    pub fn expect(&mut self, elements: usize, bytes: usize) -> Result<(), Error> {
        self.has_room(bytes.saturating_add(elements.saturating_mul(HEAD_BYTES_MAX)));
        self.whole()
    }

    /// Takes everything after `mark` back, and gives the memory of what was too long back as well.
    #[cold]
    pub fn discard(&mut self, mark: usize) {
        self.out.truncate(mark);
        self.out.shrink_to(mark + REPLY_KEPT_BYTES);
        self.is_cut = false;
    }

    /// The same writer for a shorter time.
    pub fn reborrow(&mut self) -> Reply<'_> {
        Reply { out: self.out, protocol: self.protocol, memory: self.memory, is_cut: false }
    }

    /// Whether the connection speaks RESP3.
    #[inline]
    pub fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// Where the next reply will begin, for [`Reply::truncate`] and [`Reply::wrap`].
    #[inline]
    pub fn mark(&self) -> usize {
        self.out.len()
    }

    /// Takes back everything after `mark`.
    pub fn truncate(&mut self, mark: usize) {
        self.out.truncate(mark);
    }

    /// What was written since `mark`.
    pub fn since(&self, mark: usize) -> &[u8] {
        &self.out[mark..]
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        if !self.has_room(HEAD_BYTES_MAX) {
            return;
        }
        append_within_capacity(self.out, b"+OK\r\n");
    }

    /// A simple string; `text` must not hold line ends.
    pub fn simple(&mut self, text: &str) {
        if !self.has_room(text.len() + HEAD_BYTES_MAX) {
            return;
        }
        self.out.push(b'+');
        self.out.extend_from_slice(text.as_bytes());
        self.line_end();
    }

    /// A reply of one line, such as a simple string, after its kind; line ends in `text` become spaces.
    pub fn line(&mut self, kind: u8, text: &[u8]) {
        if self.has_room(text.len() + HEAD_BYTES_MAX) {
            self.out.push(kind);
            self.one_line(text);
            self.line_end();
        }
    }

    /// A byte string in which line ends become spaces.
    pub fn bulk_line(&mut self, text: &[u8]) {
        if self.has_room(text.len() + HEAD_BYTES_MAX) {
            self.head(b'$', text.len() as i64);
            self.one_line(text);
            self.line_end();
        }
    }

    fn one_line(&mut self, text: &[u8]) {
        self.out.extend(text.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
    }

    /// An error reply; where there is no memory for it, a shorter one that tells so.
    pub fn error(&mut self, error: &Error) {
        if !(self.line_of(error) || self.line_of(&Error::OutOfMemory)) {
            self.is_cut = true;
        }
    }

    /// Writes an error's line if there is room, and be it the last there is.
    fn line_of(&mut self, error: &Error) -> bool {
        let text = error.text();
        let bytes = text.len() + HEAD_BYTES_MAX;
        if !(self.memory.reserve(self.out, bytes) || self.out.try_reserve_exact(bytes).is_ok()) {
            return false;
        }
        self.out.push(b'-');
        // A line break inside the text would end the reply early.
        self.one_line(&text);
        self.line_end();
        true
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, number: i64) {
        if !self.has_room(HEAD_BYTES_MAX) {
            return;
        }
        self.head(b':', number);
    }

    /// A count as an integer.
    #[inline]
    pub fn count(&mut self, count: usize) {
        self.int(count as i64);
    }

    /// 1 or 0 as an integer, the answer of most predicates.
    #[inline]
    pub fn flag(&mut self, flag: bool) {
        self.int(i64::from(flag));
    }

    /// A boolean in RESP3, 1 or 0 in RESP2.
    pub fn bool(&mut self, flag: bool) {
        match self.protocol {
            Protocol::Resp2 => self.flag(flag),
            Protocol::Resp3 => self.raw(if flag { b"#t\r\n" } else { b"#f\r\n" }),
        }
    }

    /// A byte string.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        if !self.has_room(bytes.len() + HEAD_BYTES_MAX) {
            return;
        }
        self.head(b'$', bytes.len() as i64);
        append_within_capacity(self.out, bytes);
        self.line_end();
    }

    /// A byte string from text.
    pub fn text(&mut self, text: &str) {
        self.bulk(text.as_bytes());
    }

    /// An integer as a byte string.
    #[inline]
    pub fn bulk_int(&mut self, number: i64) {
        if !self.has_room(2 * HEAD_BYTES_MAX) {
            return;
        }
        self.head(b'$', decimal_len_i64(number) as i64);
        write_i64(self.out, number);
        self.line_end();
    }

    /// An element of a collection as a byte string.
    #[inline]
    pub fn item(&mut self, item: Item<'_>) {
        match item {
            Item::Int(number) => self.bulk_int(number),
            Item::Bytes(bytes) => self.bulk(bytes),
        }
    }

    /// A double in RESP3, its shortest decimal form as a byte string in RESP2.
    pub fn double(&mut self, number: f64) {
        let mut text = Vec::with_capacity(24);
        write_f64(&mut text, number);
        self.double_text(&text);
    }

    /// A double whose decimal form is given.
    pub fn double_text(&mut self, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                if self.has_room(text.len() + HEAD_BYTES_MAX) {
                    self.out.push(b',');
                    self.out.extend_from_slice(text);
                    self.line_end();
                }
            }
        }
    }

    /// Text with a format of three letters in RESP3, a byte string in RESP2.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        let format = format.as_bytes().first_chunk().expect("a format has three letters");
        self.verbatim_as(*format, text);
    }

    /// The same with any bytes as format.
    pub fn verbatim_as(&mut self, format: [u8; 3], text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                if self.has_room(text.len() + 2 * HEAD_BYTES_MAX) {
                    self.prefixed(b'=', text.len() as i64 + 4);
                    self.out.extend_from_slice(&format);
                    self.out.push(b':');
                    self.out.extend_from_slice(text);
                    self.line_end();
                }
            }
        }
    }

    /// No value, where a byte string would stand.
    #[inline]
    pub fn null(&mut self) {
        if !self.has_room(HEAD_BYTES_MAX) {
            return;
        }
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// No value, where an array would stand.
    pub fn null_array(&mut self) {
        if !self.has_room(HEAD_BYTES_MAX) {
            return;
        }
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"*-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// The head of an array of `len` replies.
    #[inline]
    pub fn array(&mut self, len: usize) {
        self.prefixed(b'*', len as i64);
    }

    /// The head of a map of `len` pairs; in RESP2 an array of twice as many replies.
    pub fn map(&mut self, len: usize) {
        match self.protocol {
            Protocol::Resp2 => self.prefixed(b'*', len as i64 * 2),
            Protocol::Resp3 => self.prefixed(b'%', len as i64),
        }
    }

    /// The head of a set of `len` replies; an array in RESP2.
    pub fn set(&mut self, len: usize) {
        match self.protocol {
            Protocol::Resp2 => self.prefixed(b'*', len as i64),
            Protocol::Resp3 => self.prefixed(b'~', len as i64),
        }
    }

    /// The head of a push of `len` replies; an array in RESP2.
    pub fn push(&mut self, len: usize) {
        match self.protocol {
            Protocol::Resp2 => self.prefixed(b'*', len as i64),
            Protocol::Resp3 => self.prefixed(b'>', len as i64),
        }
    }

    /// Puts an array's head in front of what was written since `mark`, once its length is known.
    pub fn wrap_array(&mut self, mark: usize, len: usize) {
        self.wrap(mark, |reply| reply.array(len));
    }

    /// Puts a head in front of what was written since `mark`.
    pub fn wrap(&mut self, mark: usize, head: impl FnOnce(&mut Reply<'_>)) {
        let mut bytes = Vec::with_capacity(24);
        head(&mut Reply::new(&mut bytes, self.protocol));
        if self.has_room(bytes.len()) {
            self.out.splice(mark..mark, bytes);
        }
    }

    /// Bytes that already are a reply.
    pub fn raw(&mut self, bytes: &[u8]) {
        if !self.has_room(bytes.len()) {
            return;
        }
        self.out.extend_from_slice(bytes);
    }

    /// Whether so many bytes can be appended; once they could not, nothing more is.
    #[inline]
    fn has_room(&mut self, bytes: usize) -> bool {
        let has_room = !self.is_cut && self.memory.reserve(self.out, bytes);
        self.is_cut = !has_room;
        has_room
    }

    #[inline]
    fn prefixed(&mut self, kind: u8, number: i64) {
        if self.has_room(HEAD_BYTES_MAX) {
            self.head(kind, number);
        }
    }

    /// A number behind its kind, for which there is room.
    #[inline(always)]
    fn head(&mut self, kind: u8, number: i64) {
        append_head_within_capacity(self.out, kind, number);
    }

    /// The end of what there was room for.
    #[inline]
    fn line_end(&mut self) {
        append_within_capacity(self.out, b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(protocol: Protocol, write: impl FnOnce(&mut Reply<'_>), expect: &str) {
        let mut out = Vec::new();
        write(&mut Reply::new(&mut out, protocol));
        assert_eq!(core::str::from_utf8(&out), Ok(expect));
    }

    #[test]
    fn replies_take_the_form_of_the_protocol() {
        use Protocol::{Resp2, Resp3};
        check(Resp2, |reply| reply.double(1.5), "$3\r\n1.5\r\n");
        check(Resp3, |reply| reply.double(1.5), ",1.5\r\n");
        check(Resp2, |reply| reply.null(), "$-1\r\n");
        check(Resp3, |reply| reply.null_array(), "_\r\n");
        check(Resp2, |reply| reply.map(2), "*4\r\n");
        check(Resp3, |reply| reply.map(2), "%2\r\n");
        check(Resp3, |reply| reply.bool(true), "#t\r\n");
        check(Resp2, |reply| reply.bulk_int(-1234), "$5\r\n-1234\r\n");
        check(Resp3, |reply| reply.verbatim("txt", b"hi"), "=6\r\ntxt:hi\r\n");
        check(Resp2, |reply| reply.int(-7), ":-7\r\n");
    }

    #[test]
    fn a_length_can_come_late() {
        check(
            Protocol::Resp2,
            |reply| {
                reply.ok();
                let mark = reply.mark();
                reply.int(1);
                reply.int(2);
                reply.wrap_array(mark, 2);
            },
            "+OK\r\n*2\r\n:1\r\n:2\r\n",
        );
    }
}
