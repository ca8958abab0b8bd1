//! Reading a file, in pieces.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::opcode;
use crate::base::crc64::Crc64;
use crate::base::memory::Memory;
use crate::keyspace::{KeyUse as Used, Value};
use crate::rdb::{Fault, Reader, form};
use crate::types::EncodingLimits;

/// Bytes of the longest header: `VALKEY` and three digits, `REDIS` and four.
const HEADER_BYTES: usize = 9;
/// The version from which on files end with a checksum.
const VERSION_WITH_CHECKSUM: u16 = 5;
/// The version from which on Valkey counts for itself.
const VERSION_VALKEY: u16 = 80;
/// Bytes of the buffer that are given back once they are read.
const PASSED_BYTES_MAX: usize = 1 << 20;
/// Kinds of the parts of a module's value.
const PART_END: u64 = 0;
const PART_SIGNED: u64 = 1;
const PART_UNSIGNED: u64 = 2;
const PART_FLOAT: u64 = 3;
const PART_DOUBLE: u64 = 4;
const PART_STRING: u64 = 5;

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
    /// A key.
    Key {
        /// Its name.
        key: Vec<u8>,
        /// Its value.
        value: Value,
        /// When it expires, in unix milliseconds.
        deadline: Option<u64>,
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
    buffer: Vec<u8>,
    /// Bytes of the buffer that are read.
    passed: usize,
    /// Offset of the buffer's first byte in the file.
    offset: u64,
    /// Bytes that the next part takes at least, as far as is known.
    wanted: usize,
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
}

impl FileReader {
    /// A reader of a file that is still to come. No string may be longer than `string_bytes_max` once it is
    /// decompressed; what belongs to modules is skipped if `skips_modules`, and is a fault if not.
    pub fn new(skips_modules: bool, string_bytes_max: usize) -> FileReader {
        FileReader {
            buffer: Vec::new(),
            passed: 0,
            offset: 0,
            wanted: HEADER_BYTES,
            is_complete: false,
            version: None,
            crc: Crc64::default(),
            skips_modules,
            string_bytes_max,
            deadline: None,
            used: None,
        }
    }

    /// The file goes on with these bytes; `false` if there is no memory for them.
    pub fn push(&mut self, bytes: &[u8], memory: &Memory) -> bool {
        if self.passed > PASSED_BYTES_MAX || self.passed == self.buffer.len() {
            self.buffer.drain(..self.passed);
            self.offset += self.passed as u64;
            self.passed = 0;
        }
        let is_kept = memory.reserve(&mut self.buffer, bytes.len());
        if is_kept {
            self.buffer.extend_from_slice(bytes);
        }
        is_kept
    }

    /// Nothing follows.
    pub fn complete(&mut self) {
        self.is_complete = true;
    }

    /// The file's version, once the header is read.
    pub fn version(&self) -> Option<u16> {
        self.version
    }

    /// Where the next part begins.
    pub fn offset(&self) -> u64 {
        self.offset + self.passed as u64
    }

    /// The next part; `None` if more of the file must come first.
    pub fn next(&mut self, limits: &EncodingLimits, memory: Memory) -> Result<Option<Found>, FileFault> {
        loop {
            if self.buffer.len() - self.passed < self.wanted && !self.is_complete {
                return Ok(None);
            }
            let rest = &self.buffer[self.passed..];
            let mut part = Part {
                reader: Reader::new(rest, memory, self.string_bytes_max),
                version: self.version,
                skips_modules: self.skips_modules,
                key: None,
            };
            let read = if part.version.is_none() { part.header() } else { part.read(limits) };
            let (taken, key) = (rest.len() - part.reader.left(), part.key);
            match read {
                Err(Wrong::Fault(Fault::Short)) if !self.is_complete => {
                    // Twice as much, so that a long value is not begun again for every piece.
                    self.wanted = 2 * rest.len().max(HEADER_BYTES);
                }
                Err(wrong) => return Err(self.fault(wrong.what(), key)),
                Ok(read) => {
                    self.wanted = 1;
                    self.crc.update(&self.buffer[self.passed..self.passed + taken]);
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
            Read::Key(key, value) => {
                Found::Key { key, value, deadline: self.deadline.take(), used: self.used.take() }
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
        if self.version.is_some_and(|version| version < VERSION_WITH_CHECKSUM) {
            return Ok(Found::End);
        }
        let rest = &self.buffer[self.passed..];
        let Some(checksum) = rest.first_chunk::<8>() else { return Err(self.fault(What::Short, None)) };
        let checksum = u64::from_le_bytes(*checksum);
        if checksum != 0 && checksum != self.crc.value() {
            return Err(self.fault(What::Checksum, None));
        }
        self.passed += 8;
        Ok(Found::End)
    }

    fn fault(&self, what: What, key: Option<Vec<u8>>) -> FileFault {
        FileFault { what, offset: self.offset(), key }
    }
}

/// What a part of the file is.
enum Read {
    Header(u16),
    Deadline(u64),
    Used(Used),
    Nothing,
    Key(Vec<u8>, Value),
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
            Wrong::Fault(Fault::Short) => What::Short,
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
    version: Option<u16>,
    skips_modules: bool,
    /// The key that is being read, for a fault in its value.
    key: Option<Vec<u8>>,
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

    fn read(&mut self, limits: &EncodingLimits) -> Result<Read, Wrong> {
        let reader = &mut self.reader;
        let is_valkey = self.version >= Some(VERSION_VALKEY);
        Ok(match reader.byte()? {
            opcode::END if self.version < Some(VERSION_WITH_CHECKSUM) => Read::End,
            opcode::END => {
                // The checksum has to be there too.
                reader.clone().array::<8>()?;
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
            opcode::MODULE_AUX => self.module_aux()?,
            form => self.key(form, is_valkey, limits)?,
        })
    }

    fn key(&mut self, form: u8, is_valkey: bool, limits: &EncodingLimits) -> Result<Read, Wrong> {
        let key = self.reader.string()?.into_owned();
        self.key = Some(key.clone());
        if form == form::MODULE || form == form::MODULE_2 {
            if form == form::MODULE_2 && self.skips_modules {
                self.reader.length()?;
                self.module_parts()?;
                return Ok(Read::Other(Found::Skipped(key)));
            }
            return Err(Wrong::What(What::Module));
        }
        match self.reader.value_of_form(form, is_valkey, limits) {
            Ok(Some(value)) => Ok(Read::Key(key, value)),
            Ok(None) => Err(Wrong::What(What::Form(form))),
            Err(Fault::Empty) => Ok(Read::Other(Found::EmptyKey(key))),
            Err(fault) => Err(fault.into()),
        }
    }

    /// What a module keeps besides keys: the module, when it wants it, and parts.
    fn module_aux(&mut self) -> Result<Read, Wrong> {
        if !self.skips_modules {
            return Err(Wrong::What(What::Module));
        }
        for _ in 0..3 {
            self.reader.length()?;
        }
        self.module_parts()?;
        Ok(Read::Other(Found::Skipped(Vec::new())))
    }

    fn module_parts(&mut self) -> Result<(), Wrong> {
        loop {
            match self.reader.length()? {
                PART_END => return Ok(()),
                PART_SIGNED | PART_UNSIGNED => _ = self.reader.length()?,
                PART_FLOAT => _ = self.reader.array::<4>()?,
                PART_DOUBLE => _ = self.reader.array::<8>()?,
                PART_STRING => _ = self.reader.string()?,
                _ => return Err(Wrong::Fault(Fault::Malformed)),
            }
        }
    }
}
