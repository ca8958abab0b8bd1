//! Reading a file, in pieces.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::opcode;
use crate::base::crc64::Crc64;
use crate::base::memory::Memory;
use crate::keyspace::{Entry, KeyUse as Used, Value};
use crate::number;
use crate::rdb::load::Begun;
use crate::rdb::partial::Partial;
use crate::rdb::{Fault, Reader, VERSION_VALKEY, form};
use crate::types::EncodingLimits;

/// Bytes of the longest header: `VALKEY` and three digits, `REDIS` and four.
const HEADER_BYTES: usize = 9;
/// The version from which on files end with a checksum.
const VERSION_WITH_CHECKSUM: u16 = 5;
/// A larger buffer is given back when nothing is in it.
const BUFFER_KEPT_BYTES_MAX: usize = 1 << 20;
/// What a key takes besides its own bytes and its value: its entry, and its place in the table.
const KEY_BYTES: usize = 64;
/// A part of a file.
pub enum Found {
    /// A fact about the writer.
    Aux {
        /// Its name.
        name: Vec<u8>,
        /// What it says.
        value: Vec<u8>,
    },
    /// The text of a library of functions.
    Function(Vec<u8>),
    /// The database of what follows.
    Database(u64),
    /// How many keys it has, and how many of them have deadlines; nobody has to believe it.
    Sizes {
        /// Keys.
        keys: u64,
        /// Those with deadlines.
        volatile: u64,
    },
    /// A key with its value and, if it has one, its deadline.
    Key {
        /// The key.
        entry: Entry,
        /// What is known of its use.
        used: Option<Used>,
    },
    /// A key without anything in it, which is left out.
    EmptyKey(Vec<u8>),
    /// A key, or what else a module keeps, which was skipped because that was asked for.
    Skipped(Vec<u8>),
    /// The end; nothing follows.
    End,
}

/// Why a file cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// What is wrong.
    pub what: What,
    /// Where the part begins in which it is, in bytes.
    pub offset: u64,
    /// The key that it belongs to, if it belongs to one.
    pub key: Option<Vec<u8>>,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It begins with no magic that is known.
    Magic,
    /// A value has a form that is not known.
    Form(u8),
    /// A value, or something else, belongs to a module.
    Module,
    /// Keys of a slot that was being moved when the file was written.
    MovingSlot,
    /// What modules keep of a key besides its value.
    KeyMeta,
    /// A part is not what a server writes.
    Malformed,
    /// The file ends within a part.
    Short,
    /// It does not have the checksum that it should.
    Checksum,
    /// There is no memory for a part.
    OutOfMemory,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Magic => f.write_str("it is no RDB file")?,
            What::Form(form) => write!(f, "a value of type {form}, which is not known")?,
            What::Module => f.write_str("data of a module (--import-skip-unsupported leaves it out)")?,
            What::MovingSlot => f.write_str("keys of a slot that was being moved")?,
            What::KeyMeta => f.write_str("what modules keep of the next key besides its value")?,
            What::Malformed => f.write_str("a part that no server writes")?,
            What::Short => f.write_str("the file ends too early")?,
            What::Checksum => f.write_str("the checksum is wrong")?,
            What::OutOfMemory => f.write_str("there is no memory for it")?,
        }
        write!(f, ", at offset {}", self.offset)?;
        match &self.key {
            Some(key) => write!(f, ", key '{}'", String::from_utf8_lossy(key)),
            None => Ok(()),
        }
    }
}

/// Reads a file that comes in pieces of any size.
pub struct FileReader {
    /// What has come and is not read.
    buffer: Vec<u8>,
    /// Bytes of the buffer that are read.
    passed: usize,
    /// Bytes of the buffer that the checksum covers.
    summed: usize,
    /// Offset of the buffer's first byte in the file.
    offset: u64,
    /// Bytes from what is read on that the next part takes at least, as far as is known.
    wanted: usize,
    /// Bytes of the whole file, if they are known.
    total: Option<u64>,
    /// Whether no more comes.
    is_complete: bool,
    /// The version and whether it is Valkey's; none before the header.
    version: Option<u16>,
    crc: Crc64,
    skips_modules: bool,
    string_bytes_max: usize,
    /// What was said of the next key.
    deadline: Option<u64>,
    used: Option<Used>,
    /// What has begun in front of what is to be read next.
    open: Option<Open>,
}

/// A part of which only the beginning has come.
struct Open {
    /// Where it begins in the file.
    offset: u64,
    /// Its key, if it is one.
    key: Option<Vec<u8>>,
    partial: Partial,
}

impl FileReader {
    /// A reader of a file that is still to come, and of `total` bytes if that is known: it is not believed to hold more
    /// than would fit. No string may be longer than `string_bytes_max` once it is decompressed; what belongs to modules is
    /// skipped if `skips_modules`, and is a fault if not.
    pub fn new(skips_modules: bool, string_bytes_max: usize, total: Option<u64>) -> FileReader {
        FileReader {
            buffer: Vec::new(),
            passed: 0,
            summed: 0,
            offset: 0,
            wanted: HEADER_BYTES,
            total,
            is_complete: false,
            version: None,
            crc: Crc64::default(),
            skips_modules,
            string_bytes_max,
            deadline: None,
            used: None,
            open: None,
        }
    }

    /// The file goes on with these bytes; `false` if there is no memory for them.
    pub fn push(&mut self, bytes: &[u8], memory: &Memory) -> bool {
        self.forget_passed();
        let left = self.buffer.len();
        if left == 0 && self.buffer.capacity() > BUFFER_KEPT_BYTES_MAX.max(bytes.len()) {
            self.buffer = Vec::new();
        }
        // What is known to come is not made room for again and again.
        let ahead = match self.total {
            Some(_) => number::saturate(self.behind()).min(self.wanted.saturating_sub(left)),
            None => 0,
        };
        let is_kept = memory.reserve(&mut self.buffer, bytes.len().max(ahead));
        if is_kept {
            self.buffer.extend_from_slice(bytes);
        }
        is_kept
    }

    fn forget_passed(&mut self) {
        self.sum();
        self.buffer.drain(..self.passed);
        self.offset += self.passed as u64;
        (self.passed, self.summed) = (0, 0);
    }

    /// Has the checksum cover all that is read.
    fn sum(&mut self) {
        self.crc.update(&self.buffer[self.summed..self.passed]);
        self.summed = self.passed;
    }

    /// Bytes that may come behind those that are there; `u64::MAX` if nobody knows.
    fn behind(&self) -> u64 {
        let there = self.offset + self.buffer.len() as u64;
        match self.total {
            _ if self.is_complete => 0,
            // Who said less than there was does not know either.
            Some(total) if total >= there => total - there,
            _ => u64::MAX,
        }
    }

    /// Nothing follows.
    pub fn complete(&mut self) {
        self.is_complete = true;
    }

    /// The file's version, once the header is read.
    pub fn version(&self) -> Option<u16> {
        self.version
    }

    /// Bytes that are left of the file, as far as is known.
    pub fn left(&self) -> u64 {
        let there = (self.buffer.len() - self.passed) as u64;
        if self.behind() == u64::MAX { there } else { self.behind() + there }
    }

    /// Where the next part begins.
    pub fn offset(&self) -> u64 {
        self.offset + self.passed as u64
    }

    /// The next part if it is a key with a short string, as most are; else it is up to [`FileReader::next`].
    #[inline]
    pub(crate) fn next_short_string(&mut self, memory: &mut Memory) -> Option<(Entry, Option<Used>)> {
        if self.open.is_some() || self.version.is_none() {
            return None;
        }
        let rest = &self.buffer[self.passed..];
        let [form::STRING, key_len @ 0..0x40, after @ ..] = rest else { return None };
        let (key, after) = after.split_at_checked(usize::from(*key_len))?;
        let (value_len, after) = match *after {
            [short @ 0..0x40, ref after @ ..] => (usize::from(short), after),
            [high @ 0x40..0x80, low, ref after @ ..] => {
                (usize::from(high & 0x3f) << 8 | usize::from(low), after)
            }
            _ => return None,
        };
        let (text, after) = after.split_at_checked(value_len)?;
        memory.take(key.len() + text.len() + KEY_BYTES).ok()?;
        let entry = match number::parse_i64(text) {
            Some(number) => Entry::with_value(key, Value::Int(number), self.deadline),
            None => Entry::with_bytes(key, text, self.deadline),
        };
        self.passed = self.buffer.len() - after.len();
        self.wanted = 1;
        self.deadline = None;
        Some((entry, self.used.take()))
    }

    /// The next part; `None` if more of the file must come first.
    pub fn next(&mut self, limits: &EncodingLimits, memory: &mut Memory) -> Result<Option<Found>, FileFault> {
        loop {
            if self.buffer.len() - self.passed < self.wanted && !self.is_complete {
                return Ok(None);
            }
            let (offset, open) = (self.offset(), self.open.take());
            let rest = &self.buffer[self.passed..];
            let reader = Reader::new(rest, *memory, self.string_bytes_max).followed_by(self.behind());
            let mut part = Part { reader, file: self, limits, offset, key: None, open: None };
            let read = match open {
                Some(open) => part.go_on(open),
                None if self.version.is_none() => part.header(),
                None => part.read(),
            };
            let Part { mut reader, offset, key, open, .. } = part;
            *memory = *reader.memory();
            let (left, missing) = (reader.left(), reader.missing());
            let taken = rest.len() - left;
            match read {
                Err(Wrong::Fault(Fault::Short)) => {
                    self.open = open;
                    // Of what is not open nothing was read.
                    let taken = if self.open.is_some() { taken } else { 0 };
                    self.passed += taken;
                    self.wanted = self.buffer.len() - self.passed + missing.max(1);
                }
                Err(wrong) => return Err(FileFault { what: wrong.what(), offset, key }),
                Ok(read) => {
                    self.wanted = 1;
                    self.passed += taken;
                    if let Some(found) = self.take(read)? {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    /// What a part means, if it means something by itself.
    fn take(&mut self, read: Read) -> Result<Option<Found>, FileFault> {
        Ok(Some(match read {
            Read::Header(version) => {
                self.version = Some(version);
                return Ok(None);
            }
            Read::Deadline(at) => {
                self.deadline = Some(at);
                return Ok(None);
            }
            Read::Used(used) => {
                self.used = Some(used);
                return Ok(None);
            }
            Read::Nothing => return Ok(None),
            Read::Key(entry) => {
                self.deadline = None;
                Found::Key { entry, used: self.used.take() }
            }
            Read::Other(found) => {
                if matches!(found, Found::EmptyKey(_) | Found::Skipped(_)) {
                    (self.deadline, self.used) = (None, None);
                }
                found
            }
            Read::End => return self.end().map(Some),
        }))
    }

    /// The checksum, which may be left out as zeros, and was not there at all in old files.
    fn end(&mut self) -> Result<Found, FileFault> {
        self.sum();
        if self.version.is_some_and(|version| version < VERSION_WITH_CHECKSUM) {
            return Ok(Found::End);
        }
        let rest = &self.buffer[self.passed..];
        let fault = |what| Err(FileFault { what, offset: self.offset(), key: None });
        let Some(checksum) = rest.first_chunk::<8>() else { return fault(What::Short) };
        let checksum = u64::from_le_bytes(*checksum);
        if checksum != 0 && checksum != self.crc.value() {
            return fault(What::Checksum);
        }
        self.passed += 8;
        self.summed = self.passed;
        Ok(Found::End)
    }
}

/// What a part of the file is.
enum Read {
    Header(u16),
    Deadline(u64),
    Used(Used),
    Nothing,
    Key(Entry),
    Other(Found),
    End,
}

/// Why a part cannot be read.
enum Wrong {
    Fault(Fault),
    What(What),
}

impl Wrong {
    fn what(self) -> What {
        match self {
            Wrong::Fault(Fault::Malformed | Fault::Empty) => What::Malformed,
            Wrong::Fault(Fault::Short | Fault::Beyond) => What::Short,
            Wrong::Fault(Fault::OutOfMemory) => What::OutOfMemory,
            Wrong::What(what) => what,
        }
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Wrong {
        Wrong::Fault(fault)
    }
}

struct Part<'a> {
    reader: Reader<'a>,
    file: &'a FileReader,
    limits: &'a EncodingLimits,
    /// Where in the file it begins.
    offset: u64,
    /// The key in whose value the fault is.
    key: Option<Vec<u8>>,
    /// What has begun and is not whole yet.
    open: Option<Open>,
}

impl Part<'_> {
    fn header(&mut self) -> Result<Read, Wrong> {
        let header = self.reader.array::<HEADER_BYTES>()?;
        let (magic, digits) = match &header {
            [b'R', b'E', b'D', b'I', b'S', ..] => header.split_at(5),
            [b'V', b'A', b'L', b'K', b'E', b'Y', ..] => header.split_at(6),
            _ => return Err(Wrong::What(What::Magic)),
        };
        let digits = digits.iter().try_fold(0u16, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0'))
        });
        let version = digits.filter(|&version| {
            if magic == b"REDIS" { (1..VERSION_VALKEY).contains(&version) } else { version >= VERSION_VALKEY }
        });
        version.map(Read::Header).ok_or(Wrong::What(What::Magic))
    }

    fn read(&mut self) -> Result<Read, Wrong> {
        let reader = &mut self.reader;
        let version = self.file.version;
        let is_valkey = version >= Some(VERSION_VALKEY);
        Ok(match reader.byte()? {
            opcode::END if version < Some(VERSION_WITH_CHECKSUM) => Read::End,
            opcode::END => {
                // The checksum has to be there too.
                let mark = reader.clone();
                reader.array::<8>()?;
                reader.rewind(mark);
                Read::End
            }
            opcode::DATABASE => Read::Other(Found::Database(reader.length()?)),
            opcode::DEADLINE_SECONDS => {
                let seconds = i32::from_le_bytes(reader.array()?);
                Read::Deadline(u64::from(seconds.max(0).cast_unsigned()) * 1000)
            }
            opcode::DEADLINE_MILLIS => {
                let millis = i64::from_le_bytes(reader.array()?);
                Read::Deadline(millis.max(0).cast_unsigned())
            }
            opcode::SIZES => Read::Other(Found::Sizes { keys: reader.length()?, volatile: reader.length()? }),
            opcode::AUX => {
                let (name, value) = (reader.string()?.into_owned(), reader.string()?.into_owned());
                Read::Other(Found::Aux { name, value })
            }
            opcode::FREQUENCY => Read::Used(Used::Frequency(reader.byte()?)),
            opcode::IDLE => Read::Used(Used::IdleSeconds(reader.length()?)),
            opcode::FUNCTION => Read::Other(Found::Function(reader.string()?.into_owned())),
            opcode::SLOT_INFO => {
                for _ in 0..3 {
                    reader.length()?;
                }
                Read::Nothing
            }
            opcode::KEY_META if is_valkey => return Err(Wrong::What(What::MovingSlot)),
            opcode::KEY_META => return Err(Wrong::What(What::KeyMeta)),
            opcode::MODULE_AUX => self.module_aux()?,
            form => self.key(form, is_valkey)?,
        })
    }

    fn key(&mut self, form: u8, is_valkey: bool) -> Result<Read, Wrong> {
        let key = self.reader.string()?;
        let deadline = self.file.deadline;
        let begun = match form {
            form::MODULE | form::MODULE_2 => self.module(form),
            _ => match self.reader.begin_value(form, is_valkey, self.limits) {
                Ok(Some(begun)) => Ok(begun),
                Ok(None) => Err(Wrong::What(What::Form(form))),
                Err(Fault::Empty) => return Ok(Read::Other(Found::EmptyKey(key.into_owned()))),
                Err(fault) => Err(fault.into()),
            },
        };
        match begun {
            Ok(Begun::Text(text)) => {
                self.reserve(key.len() + text.len())?;
                Ok(Read::Key(match number::parse_i64(&text) {
                    Some(number) => Entry::with_value(&key, Value::Int(number), deadline),
                    None => Entry::with_bytes(&key, &text, deadline),
                }))
            }
            Ok(Begun::Whole(value)) => {
                self.reserve(key.len())?;
                Ok(Read::Key(Entry::with_value(&key, value, deadline)))
            }
            Ok(Begun::Partial(partial)) => {
                let key = Some(key.into_owned());
                self.go_on(Open { offset: self.offset, key, partial })
            }
            Err(wrong) => {
                self.key = Some(key.into_owned());
                Err(wrong)
            }
        }
    }

    /// Reads on what was begun.
    fn go_on(&mut self, mut open: Open) -> Result<Read, Wrong> {
        self.offset = open.offset;
        if let Err(fault) = open.partial.go_on(&mut self.reader, self.limits) {
            match fault {
                Fault::Short => self.open = Some(open),
                _ => self.key = open.key,
            }
            return Err(fault.into());
        }
        let Open { key, partial, .. } = open;
        let key = key.unwrap_or_default();
        match partial.finish(&mut self.reader, self.limits) {
            Ok(Some(value)) => {
                self.reserve(key.len())?;
                Ok(Read::Key(Entry::with_value(&key, value, self.file.deadline)))
            }
            Ok(None) => Ok(Read::Other(Found::Skipped(key))),
            Err(Fault::Empty) => Ok(Read::Other(Found::EmptyKey(key))),
            Err(fault) => {
                self.key = Some(key);
                Err(fault.into())
            }
        }
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), Wrong> {
        Ok(self.reader.reserve(bytes + KEY_BYTES)?)
    }

    /// A key of a module; those of the second form tell where they end.
    fn module(&mut self, form: u8) -> Result<Begun<'static>, Wrong> {
        if form == form::MODULE || !self.file.skips_modules {
            return Err(Wrong::What(What::Module));
        }
        self.reader.length()?;
        Ok(Begun::Partial(Partial::module()))
    }

    /// What a module keeps besides keys: the module, when it wants it, and parts.
    fn module_aux(&mut self) -> Result<Read, Wrong> {
        if !self.file.skips_modules {
            return Err(Wrong::What(What::Module));
        }
        for _ in 0..3 {
            self.reader.length()?;
        }
        self.go_on(Open { offset: self.offset, key: None, partial: Partial::module() })
    }
}
