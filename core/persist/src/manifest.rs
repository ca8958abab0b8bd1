//! The manifest: which files there are, in the form of Redis 7.
//!
//! A line for each file: `file NAME seq N type T`, where the type is `b` for the base, `i` for commands that follow it and
//! `h` for what may be deleted. Other pairs of words may follow and are passed over. Of them `len` and `crc` are ours: how
//! many bytes of a file that is not written to any more count, and the running checksum there.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Longest line, in bytes, as Redis has it.
const LINE_BYTES_MAX: usize = 1024;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The state to begin with: an RDB file, or commands.
    Base,
    /// Commands since.
    Incr,
    /// A file whose time is over.
    History,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file's name.
    pub name: String,
    /// Its number, which rises with each file of a kind.
    pub seq: u64,
    /// What it is.
    pub kind: Kind,
    /// How much of it counts, once it is not written to any more: bytes, and the running checksum there. A base of
    /// commands has nothing else to be checked by.
    pub sealed: Option<(u64, u32)>,
}

/// The files of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The base.
    pub base: Option<Entry>,
    /// The files of commands, in order.
    pub incrs: Vec<Entry>,
    /// Files that may be deleted.
    pub history: Vec<Entry>,
}

/// What is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestError {
    /// It has nothing in it.
    Empty,
    /// A line has nothing in it, is too long, or the last one does not end.
    Line(usize),
    /// A line is not made of pairs of words, or lacks one that must be there.
    Words(usize),
    /// A file's name leads out of the directory.
    Path(usize),
    /// A line's number is 0, or does not rise.
    Seq(usize),
    /// There are two bases.
    Bases(usize),
    /// A line's `type` is none.
    Type(usize),
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManifestError::Empty => f.write_str("the manifest is empty"),
            ManifestError::Line(line) => write!(f, "line {line} is blank, too long or has no end"),
            ManifestError::Words(line) => write!(f, "line {line} is not 'file NAME seq N type T'"),
            ManifestError::Path(line) => write!(f, "line {line} names a file outside of the directory"),
            ManifestError::Seq(line) => write!(f, "the number in line {line} is 0 or does not rise"),
            ManifestError::Bases(line) => write!(f, "line {line} is a second base"),
            ManifestError::Type(line) => write!(f, "line {line} has a type that is none of b, i and h"),
        }
    }
}

impl Manifest {
    /// Reads a manifest.
    pub fn parse(text: &[u8]) -> Result<Manifest, ManifestError> {
        if text.is_empty() {
            return Err(ManifestError::Empty);
        }
        let mut manifest = Manifest::default();
        let mut rest = text;
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let end = rest.iter().position(|&byte| byte == b'\n').ok_or(ManifestError::Line(number))?;
            let line = &rest[..end];
            rest = &rest[end + 1..];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.len() > LINE_BYTES_MAX {
                return Err(ManifestError::Line(number));
            }
            if line[0] != b'#' {
                manifest.add(parse_line(line, number)?, number)?;
            }
        }
        Ok(manifest)
    }

    fn add(&mut self, entry: Entry, number: usize) -> Result<(), ManifestError> {
        match entry.kind {
            Kind::Base if self.base.is_some() => return Err(ManifestError::Bases(number)),
            Kind::Base => self.base = Some(entry),
            Kind::Incr => {
                if self.incrs.last().is_some_and(|last| last.seq >= entry.seq) {
                    return Err(ManifestError::Seq(number));
                }
                self.incrs.push(entry);
            }
            Kind::History => self.history.push(entry),
        }
        Ok(())
    }

    /// The text that [`Manifest::parse`] reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for entry in self.base.iter().chain(&self.history).chain(&self.incrs) {
            let kind = match entry.kind {
                Kind::Base => 'b',
                Kind::Incr => 'i',
                Kind::History => 'h',
            };
            text += &format!("file {} seq {} type {kind}", quoted(&entry.name), entry.seq);
            if let Some((len, crc)) = entry.sealed {
                text += &format!(" len {len} crc {crc:08x}");
            }
            text.push('\n');
        }
        text
    }

    /// Whether no file counts: the log is waiting for its first base.
    pub(crate) fn is_waiting(&self) -> bool {
        self.base.is_none() && self.incrs.is_empty()
    }

    /// Whether a file is named.
    pub fn names(&self, name: &str) -> bool {
        self.base.iter().chain(&self.history).chain(&self.incrs).any(|entry| entry.name == name)
    }
}

fn parse_line(line: &[u8], number: usize) -> Result<Entry, ManifestError> {
    let words = split(line).ok_or(ManifestError::Words(number))?;
    if words.len() < 6 || words.len() % 2 != 0 {
        return Err(ManifestError::Words(number));
    }
    let value = |key: &str| {
        let pair = words.chunks_exact(2).find(|pair| pair[0].eq_ignore_ascii_case(key.as_bytes()));
        pair.and_then(|pair| core::str::from_utf8(&pair[1]).ok())
    };
    let name = value("file").filter(|name| !name.is_empty()).ok_or(ManifestError::Words(number))?;
    if name.contains('/') || name.contains('\\') && cfg!(windows) || name == "." || name == ".." {
        return Err(ManifestError::Path(number));
    }
    let seq = value("seq").and_then(|seq| seq.parse().ok()).ok_or(ManifestError::Words(number))?;
    if seq == 0 {
        return Err(ManifestError::Seq(number));
    }
    let kind = match value("type").ok_or(ManifestError::Words(number))? {
        "b" => Kind::Base,
        "i" => Kind::Incr,
        "h" => Kind::History,
        _ => return Err(ManifestError::Type(number)),
    };
    let len = value("len").and_then(|len| len.parse().ok());
    let crc = value("crc").and_then(|crc| u32::from_str_radix(crc, 16).ok());
    Ok(Entry { name: name.to_string(), seq, kind, sealed: len.zip(crc) })
}

/// The words of a line, some of them in quotes; `None` if a quote does not end.
fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        let Some(&first) = rest.first() else { return Some(words) };
        let mut word = Vec::new();
        rest = match first {
            b'"' => unquote_double(&rest[1..], &mut word)?,
            b'\'' => unquote_single(&rest[1..], &mut word)?,
            _ => {
                let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                word.extend_from_slice(&rest[..end]);
                &rest[end..]
            }
        };
        if rest.first().is_some_and(|next| !next.is_ascii_whitespace()) {
            return None;
        }
        words.push(word);
    }
}

fn unquote_double<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| (byte as char).to_digit(16).map_or(0, |digit| digit as u8);
                word.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            [b'\\', escaped, after @ ..] => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

fn unquote_single<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [b'\'', after @ ..] => return Some(after),
            [b'\\', b'\'', after @ ..] => {
                word.push(b'\'');
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

/// A name as it stands in a line: in quotes if it has to be.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !name.is_empty() && name.bytes().all(is_plain) {
        return name.to_string();
    }
    let mut text = String::from("\"");
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', byte as char]),
            b'\n' => text += "\\n",
            b'\r' => text += "\\r",
            b'\t' => text += "\\t",
            8 => text += "\\b",
            7 => text += "\\a",
            b' '..=b'~' => text.push(byte as char),
            _ => text += &format!("\\x{byte:02x}"),
        }
    }
    text + "\""
}

/// What a base is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseForm {
    /// An RDB file, which has a checksum of its own.
    Rdb,
    /// Commands.
    Commands,
}

impl BaseForm {
    /// What the file's name ends in.
    const fn ending(self) -> &'static str {
        match self {
            BaseForm::Rdb => "base.rdb",
            BaseForm::Commands => "base.aof",
        }
    }
}

/// What the files of a log are called.
#[derive(Clone, Debug)]
pub struct Names {
    /// What all of them begin with, the setting `appendfilename`.
    pub prefix: String,
}

impl Names {
    /// The manifest.
    pub fn manifest(&self) -> String {
        format!("{}.manifest", self.prefix)
    }

    /// The manifest that is being written.
    pub fn new_manifest(&self) -> String {
        format!("temp-{}.manifest", self.prefix)
    }

    /// A base.
    pub fn base(&self, seq: u64, form: BaseForm) -> String {
        format!("{}.{seq}.{}", self.prefix, form.ending())
    }

    /// A base that is being written.
    pub fn new_base(&self, seq: u64, form: BaseForm) -> String {
        format!("temp-{}", self.base(seq, form))
    }

    /// A file of commands.
    pub fn incr(&self, seq: u64) -> String {
        format!("{}.{seq}.incr.aof", self.prefix)
    }

    /// Whether a file would be one of a log of this name: a manifest tells which of them count.
    pub fn is_part(&self, name: &str) -> bool {
        let parse = |name: &str| {
            let (seq, kind) = name.strip_prefix(&*self.prefix)?.strip_prefix('.')?.split_once('.')?;
            let is_base = |form: BaseForm| kind == form.ending();
            let is_kind = is_base(BaseForm::Rdb) || is_base(BaseForm::Commands) || kind == "incr.aof";
            (is_kind && !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
        };
        parse(name).is_some()
    }

    /// Whether a file is one that was being written, of which only a crash leaves something.
    pub fn is_temporary(&self, name: &str) -> bool {
        let rest = name.strip_prefix("temp-");
        rest.is_some_and(|rest| self.is_part(rest) || rest == self.manifest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(text.as_bytes())
    }

    #[test]
    fn manifests_of_servers_are_read() {
        // Redis 7, and Redis 8 with the offsets that it adds.
        let manifest = parse(
            "file appendonly.aof.2.base.rdb seq 2 type b\n\
             file appendonly.aof.2.incr.aof seq 2 type i startoffset 0 endoffset 17\n",
        );
        let manifest = manifest.expect("it is right");
        assert_eq!(
            manifest.base.map(|base| (base.name, base.seq)),
            Some(("appendonly.aof.2.base.rdb".into(), 2))
        );
        assert_eq!(manifest.incrs[0].name, "appendonly.aof.2.incr.aof");
        // An upgraded directory, another order, a comment, ends of lines of another system, a quoted name.
        let manifest = parse(
            "#made by hand\r\nfile appendonly.aof seq 1 type b\r\nseq 1 file \"my \\\"f\\x69le\\\".1.incr.aof\" type i\r\n\
             file 'it''s' seq 2 type h\r\n",
        );
        assert_eq!(manifest, Err(ManifestError::Words(4)));
        let manifest =
            parse("seq 1 file \"my \\\"f\\x69le\\\".1.incr.aof\" type i\nfile 'it\\'s' seq 2 type h\n");
        let manifest = manifest.expect("it is right");
        assert_eq!(
            (&*manifest.incrs[0].name, &*manifest.history[0].name),
            ("my \"file\".1.incr.aof", "it's")
        );
    }

    #[test]
    fn what_redis_refuses_is_refused() {
        assert_eq!(parse(""), Err(ManifestError::Empty));
        assert_eq!(parse("\n"), Err(ManifestError::Line(1)));
        assert_eq!(parse("file a seq 1 type i"), Err(ManifestError::Line(1)));
        assert_eq!(parse("file a seq 1 type\n"), Err(ManifestError::Words(1)));
        assert_eq!(parse("file a seq 0 type i\n"), Err(ManifestError::Seq(1)));
        assert_eq!(parse("file a seq x type i\n"), Err(ManifestError::Words(1)));
        assert_eq!(parse("file ../a seq 1 type i\n"), Err(ManifestError::Path(1)));
        assert_eq!(parse("file a seq 1 type x\n"), Err(ManifestError::Type(1)));
        assert_eq!(parse("file a seq 2 type i\nfile b seq 2 type i\n"), Err(ManifestError::Seq(2)));
        assert_eq!(parse("file a seq 1 type b\nfile b seq 2 type b\n"), Err(ManifestError::Bases(2)));
    }

    #[test]
    fn what_was_written_is_read() {
        let entry = |name: &str, seq, kind, sealed| Entry { name: name.into(), seq, kind, sealed };
        let manifest = Manifest {
            base: Some(entry("a b.1.base.rdb", 1, Kind::Base, None)),
            incrs: Vec::from([
                entry("żółw\n\t.1.incr.aof", 1, Kind::Incr, Some((17, 0x00ab_cdef))),
                entry("b.2.incr.aof", 2, Kind::Incr, None),
            ]),
            history: Vec::from([entry("c\\\"'", 9, Kind::History, None)]),
        };
        assert_eq!(parse(&manifest.text()), Ok(manifest));
    }

    #[test]
    fn files_are_known_by_their_names() {
        let names = Names { prefix: "appendonly.aof".into() };
        for (seq, form) in [(1, BaseForm::Rdb), (20, BaseForm::Commands)] {
            assert!(names.is_part(&names.base(seq, form)) && names.is_part(&names.incr(seq)));
            assert!(names.is_temporary(&names.new_base(seq, form)));
        }
        assert_eq!(names.base(2, BaseForm::Rdb), "appendonly.aof.2.base.rdb");
        assert_eq!(names.base(2, BaseForm::Commands), "appendonly.aof.2.base.aof");
        assert!(names.is_temporary(&names.new_manifest()));
        for other in
            ["appendonly.aof", "appendonly.aof.1.incr.aof.torn", "x.1.incr.aof", "appendonly.aof..incr.aof"]
        {
            assert!(!names.is_part(other) && !names.is_temporary(other));
        }
    }
}
