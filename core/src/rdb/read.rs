//! What all values are made of: bytes, lengths, strings.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::lzf;
use crate::base::memory::Memory;
use crate::number;

/// So many times the bytes of a compressed string are allocated before it is known that it has as many.
const BELIEVED_FACTOR_MAX: usize = 16;

/// Why reading stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// These bytes are not what a server writes.
    Malformed,
    /// They end too early: more of them may follow.
    Short,
    /// They tell of more than can follow.
    Beyond,
    /// A collection without elements, which old servers have written.
    Empty,
    /// There is no memory for what they describe.
    OutOfMemory,
}

/// A length, or the encoding of the string that stands where one was expected.
enum Length {
    Plain(u64),
    Encoded(u8),
}

/// Reads values from bytes that are not trusted.
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    memory: Memory,
    string_bytes_max: usize,
    /// Bytes that may still follow what is there.
    behind: u64,
    /// Bytes that were missing when [`Fault::Short`] was told.
    missing: usize,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`. Memory is asked for at `memory`; no string may be longer than `string_bytes_max` once it
    /// is decompressed.
    pub fn new(bytes: &'a [u8], memory: Memory, string_bytes_max: usize) -> Reader<'a> {
        Reader { rest: bytes, memory, string_bytes_max, behind: 0, missing: 0 }
    }

    /// The same, where so many more bytes may follow; `u64::MAX` if nobody knows.
    pub(super) fn followed_by(mut self, behind: u64) -> Reader<'a> {
        self.behind = behind;
        self
    }

    /// Whether so many bytes can follow.
    pub(super) fn expect(&self, len: usize) -> Result<(), Fault> {
        let most = self.behind.saturating_add(self.rest.len() as u64);
        if len as u64 <= most { Ok(()) } else { Err(Fault::Beyond) }
    }

    /// Bytes from here on, as far as is known.
    pub(super) fn ahead(&self) -> usize {
        match self.behind {
            u64::MAX => self.rest.len(),
            behind => number::saturate(behind).saturating_add(self.rest.len()),
        }
    }

    /// Bytes that were missing when [`Fault::Short`] was told.
    pub(super) fn missing(&self) -> usize {
        self.missing
    }

    /// Goes back to where `mark` was taken.
    pub(super) fn rewind(&mut self, mark: Reader<'a>) {
        self.rest = mark.rest;
    }

    /// The account of memory.
    pub(super) fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Says why so many bytes are not there.
    #[cold]
    fn short(&mut self, len: usize) -> Fault {
        self.missing = len - self.rest.len();
        if self.missing as u64 > self.behind { Fault::Beyond } else { Fault::Short }
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Asks for memory that is about to be taken.
    pub(super) fn reserve(&mut self, bytes: usize) -> Result<(), Fault> {
        self.memory.take(bytes).map_err(|_| Fault::OutOfMemory)
    }

    /// The next `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let Some((bytes, rest)) = self.rest.split_at_checked(len) else { return Err(self.short(len)) };
        self.rest = rest;
        Ok(bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, Fault> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let Some((bytes, rest)) = self.rest.split_first_chunk::<N>() else { return Err(self.short(N)) };
        self.rest = rest;
        Ok(*bytes)
    }

    /// A number in the form of a length.
    pub fn length(&mut self) -> Result<u64, Fault> {
        match self.length_or_encoding()? {
            Length::Plain(len) => Ok(len),
            Length::Encoded(_) => Err(Fault::Malformed),
        }
    }

    /// How many elements follow: at least one, and no more than can follow if each takes only `bytes_each`.
    pub(super) fn count(&mut self, bytes_each: usize) -> Result<usize, Fault> {
        let count = number::exact(self.length()?).ok_or(Fault::Malformed)?;
        let bytes = self.behind.saturating_add(self.rest.len() as u64);
        match count {
            0 => Err(Fault::Empty),
            _ if count as u64 > bytes / bytes_each as u64 => Err(Fault::Beyond),
            _ => Ok(count),
        }
    }

    /// A string: plain, an integer, or compressed.
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, Fault> {
        let number = match self.length_or_encoding()? {
            Length::Plain(len) => {
                let len = number::exact(len).ok_or(Fault::Malformed)?;
                return self.bytes(len).map(Cow::Borrowed);
            }
            Length::Encoded(0) => i64::from(i8::from_le_bytes(self.array()?)),
            Length::Encoded(1) => i64::from(i16::from_le_bytes(self.array()?)),
            Length::Encoded(2) => i64::from(i32::from_le_bytes(self.array()?)),
            Length::Encoded(3) => return self.compressed().map(Cow::Owned),
            Length::Encoded(_) => return Err(Fault::Malformed),
        };
        let mut text = Vec::new();
        number::write_i64(&mut text, number);
        Ok(Cow::Owned(text))
    }

    /// The length of a string that is plain; `None`, and what stands there is taken, if it is none.
    pub(super) fn plain_len(&mut self) -> Result<Option<usize>, Fault> {
        match self.length_or_encoding()? {
            Length::Plain(len) => number::exact(len).ok_or(Fault::Malformed).map(Some),
            Length::Encoded(_) => Ok(None),
        }
    }

    fn compressed(&mut self) -> Result<Vec<u8>, Fault> {
        let compressed_len = number::exact(self.length()?).ok_or(Fault::Malformed)?;
        let len = number::exact(self.length()?).ok_or(Fault::Malformed)?;
        let compressed = self.bytes(compressed_len)?;
        // A large length that is claimed must be the one that the bytes have, and only then is it allocated.
        let is_believed = len / BELIEVED_FACTOR_MAX <= compressed_len;
        if len > self.string_bytes_max || !is_believed && lzf::expanded_len(compressed) != Some(len) {
            return Err(Fault::Malformed);
        }
        self.reserve(len)?;
        lzf::expand(compressed, len).ok_or(Fault::Malformed)
    }

    fn length_or_encoding(&mut self) -> Result<Length, Fault> {
        let first = self.byte()?;
        let low = first & 0x3f;
        Ok(match (first >> 6, first) {
            (0, _) => Length::Plain(u64::from(low)),
            (1, _) => Length::Plain(u64::from(low) << 8 | u64::from(self.byte()?)),
            (2, 0x80) => Length::Plain(u64::from(u32::from_be_bytes(self.array()?))),
            (2, 0x81) => Length::Plain(u64::from_be_bytes(self.array()?)),
            (2, _) => return Err(Fault::Malformed),
            _ => Length::Encoded(low),
        })
    }
}
