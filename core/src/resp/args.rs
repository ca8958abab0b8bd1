//! The arguments of one request, and a cursor that reads options from them.

use crate::base::error::Error;
use crate::base::memory::ELEMENT_BYTES;
use crate::number;

/// Where an argument lies in the request's buffer: start and length in bytes.
pub(crate) type Range = (u32, u32);

/// The arguments of one request; index 0 is the command's name.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    buffer: &'a [u8],
    ranges: &'a [Range],
}

impl<'a> Args<'a> {
    /// Arguments that lie at `ranges` of `buffer`.
    pub fn new(buffer: &'a [u8], ranges: &'a [Range]) -> Args<'a> {
        Args { buffer, ranges }
    }

    /// How many arguments there are, with the name.
    #[inline]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is not even a name.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Bytes that the request has on the wire, between its first argument and the end of its last.
    #[inline]
    pub fn extent(&self) -> usize {
        match *self.ranges {
            [(first, _), .., (last, len)] => (last - first) as usize + len as usize,
            [(_, len)] => len as usize,
            [] => 0,
        }
    }

    /// Bytes of the buffer in which the request lies, perhaps with others.
    #[inline]
    pub(crate) fn buffer_len(&self) -> usize {
        self.buffer.len()
    }

    /// Bytes that a command may take which stores each argument once.
    #[inline]
    pub fn memory_bytes(&self) -> usize {
        self.extent() + self.len() * ELEMENT_BYTES
    }

    /// The argument at `index`, which the arity check has shown to exist.
    #[inline]
    pub fn at(&self, index: usize) -> &'a [u8] {
        let (start, len) = self.ranges[index];
        &self.buffer[start as usize..start as usize + len as usize]
    }

    /// The argument at `index`, if there are so many.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        (index < self.len()).then(|| self.at(index))
    }

    /// The argument at `index` as a 64-bit integer.
    pub fn int(&self, index: usize) -> Result<i64, Error> {
        number::parse_i64(self.at(index)).ok_or(Error::NotInteger)
    }

    /// The argument at `index` as what C calls an `int`, which Redis reads database indexes as.
    pub fn small_int(&self, index: usize) -> Result<i64, Error> {
        let number = self.int(index)?;
        if i32::try_from(number).is_ok() { Ok(number) } else { Err(Error::NotSmallInteger) }
    }

    /// The argument at `index` as a floating-point number.
    pub fn float(&self, index: usize) -> Result<f64, Error> {
        number::parse_f64(self.at(index)).ok_or(Error::NotFloat)
    }

    /// Whether the argument at `index` is this word, in any case.
    pub fn is(&self, index: usize, word: &str) -> bool {
        self.at(index).eq_ignore_ascii_case(word.as_bytes())
    }

    /// The arguments from `start` on.
    pub fn from(&self, start: usize) -> Args<'a> {
        Args { buffer: self.buffer, ranges: &self.ranges[start.min(self.ranges.len())..] }
    }

    /// The arguments of `start..end`.
    pub fn slice(&self, start: usize, end: usize) -> Args<'a> {
        Args { buffer: self.buffer, ranges: &self.ranges[start..end] }
    }

    /// All arguments in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone + use<'a> {
        let Args { buffer, ranges } = *self;
        ranges.iter().map(move |&(start, len)| &buffer[start as usize..start as usize + len as usize])
    }

    /// Bytes of the request in the protocol.
    pub fn request_bytes(&self) -> usize {
        const fn digits(number: usize) -> usize {
            if number < 10 { 1 } else { number.ilog10() as usize + 1 }
        }
        let word = |word: &[u8]| 5 + digits(word.len()) + word.len();
        3 + digits(self.len()) + self.iter().map(word).sum::<usize>()
    }

    /// A cursor over the arguments from `start` on.
    pub fn cursor(&self, start: usize) -> Cursor<'a> {
        Cursor { args: *self, next: start }
    }
}

/// Reads arguments one after the other.
#[derive(Clone)]
pub struct Cursor<'a> {
    args: Args<'a>,
    next: usize,
}

impl<'a> Cursor<'a> {
    /// How many arguments are left.
    pub fn left(&self) -> usize {
        self.args.len() - self.next.min(self.args.len())
    }

    /// Whether all arguments are read.
    pub fn is_done(&self) -> bool {
        self.left() == 0
    }

    /// Index of the next argument in the request.
    pub fn position(&self) -> usize {
        self.next
    }

    /// The next argument; a syntax error when there is none.
    pub fn take(&mut self) -> Result<&'a [u8], Error> {
        let argument = self.args.get(self.next).ok_or(Error::Syntax)?;
        self.next += 1;
        Ok(argument)
    }

    /// The next argument as an integer.
    pub fn int(&mut self) -> Result<i64, Error> {
        number::parse_i64(self.take()?).ok_or(Error::NotInteger)
    }

    /// The next argument as a floating-point number.
    pub fn float(&mut self) -> Result<f64, Error> {
        number::parse_f64(self.take()?).ok_or(Error::NotFloat)
    }

    /// Steps over the next argument if it is this word, in any case.
    pub fn accept(&mut self, word: &str) -> bool {
        let found = self.args.get(self.next).is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()));
        self.next += usize::from(found);
        found
    }

    /// As [`Cursor::accept`], but only when at least `following` more arguments come after the word.
    ///
    /// Redis treats an option without its value as a syntax error; so a word with too few followers is left
    /// unread, and the caller's final `else` reports it.
    pub fn accept_with(&mut self, word: &str, following: usize) -> bool {
        self.left() > following && self.accept(word)
    }

    /// The next `count` arguments.
    pub fn many(&mut self, count: usize) -> Result<Args<'a>, Error> {
        if count > self.left() {
            return Err(Error::Syntax);
        }
        let many = self.args.slice(self.next, self.next + count);
        self.next += count;
        Ok(many)
    }

    /// A syntax error unless all arguments are read.
    pub fn finish(&self) -> Result<(), Error> {
        if self.is_done() { Ok(()) } else { Err(Error::Syntax) }
    }
}
