//! Reads a file of commands without running them: where what is whole ends, and why it does not go on.
//!
//! A file has batches behind their [lines](crate::line), and commands without a line where another server has written.
//! Of a batch every byte is checked; of other commands only that they are commands, and that no MULTI stays open.

use alloc::vec::Vec;

use crate::checksum::Checksum;
use crate::disk::{Disk, Failure};
use crate::line::{self, BEGIN, LINE_BYTES_MAX};
use crate::reader::Reader;

/// Longest line of a command's lengths that is looked at, in bytes.
const LENGTH_BYTES_MAX: usize = 32;
/// Digits of a length that is read on the short way.
const PLAIN_DIGITS_MAX: usize = 4;
/// Longest comment, in bytes, as Redis has it.
const COMMENT_BYTES_MAX: usize = 1024;
/// Longest bulk string, in bytes, as Redis reads an append-only file.
const BULK_BYTES_MAX: u64 = 512 << 20;
/// Lines that are remembered in search of one that fits, after a damaged place.
const CANDIDATES_MAX: usize = 8;

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Bytes up to the end of the last whole batch, or of the last whole command outside of one.
    pub whole: u64,
    /// The running checksum there.
    pub crc: u32,
    /// Bytes of this file that some line says to be durable.
    pub durable: u64,
    /// Whether there is any line.
    pub has_lines: bool,
    /// Whether there is anything else than a line without a batch.
    pub has_commands: bool,
    /// What comes behind `whole`.
    pub end: End,
}

/// What comes behind the last whole place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing.
    Whole,
    /// A batch, a command or a MULTI that ends too early: what a crash leaves.
    Short,
    /// Zeros: what a loss of power leaves on some file systems.
    Zeros,
    /// Something else.
    Damaged(Damage),
}

/// What is wrong with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A batch does not have its checksum.
    Checksum,
    /// There is neither a line nor a command.
    Format,
}

/// Reads the first `len` bytes of a file.
pub fn scan<D: Disk>(disk: &mut D, name: &str, len: u64, checksum: Checksum) -> Result<Scanned, Failure> {
    let mut scan = Scan {
        reader: Reader::new(disk, name, 0, len),
        checksum,
        crc: 0,
        scanned: Scanned {
            whole: 0,
            crc: 0,
            durable: 0,
            has_lines: false,
            has_commands: false,
            end: End::Whole,
        },
        has_multi: false,
    };
    scan.scanned.end = loop {
        match scan.item()? {
            Item::Batch | Item::Command if !scan.has_multi => {
                scan.scanned.whole = scan.reader.at();
                scan.scanned.crc = scan.crc;
            }
            Item::Batch | Item::Command => {}
            Item::End(end) => break end,
        }
    };
    let mut scanned = scan.scanned;
    match scanned.end {
        End::Whole if scanned.whole < len => scanned.end = End::Short,
        End::Damaged(_) => look_behind(disk, name, len, checksum, &mut scanned)?,
        _ => {}
    }
    Ok(scanned)
}

enum Item {
    Batch,
    Command,
    End(End),
}

struct Scan<'a, D: Disk> {
    reader: Reader<'a, D>,
    checksum: Checksum,
    crc: u32,
    scanned: Scanned,
    /// Whether a MULTI of another server is open.
    has_multi: bool,
}

impl<D: Disk> Scan<'_, D> {
    /// Passes over the next batch, command or comment.
    fn item(&mut self) -> Result<Item, Failure> {
        let head = self.reader.peek(LINE_BYTES_MAX)?;
        let plain = if self.has_multi { 0 } else { plain_commands(head) };
        if plain > 0 {
            self.scanned.has_commands = true;
            self.pass(plain)?;
            return Ok(Item::Command);
        }
        match head {
            [] => Ok(Item::End(End::Whole)),
            [b'#'] => Ok(Item::End(End::Short)),
            [b'#', b':', ..] => self.batch(),
            [b'#', ..] => self.comment(),
            [b'*', ..] => {
                self.scanned.has_commands = true;
                self.command()
            }
            _ => Ok(Item::End(End::Damaged(Damage::Format))),
        }
    }

    fn batch(&mut self) -> Result<Item, Failure> {
        let head = self.reader.peek(LINE_BYTES_MAX)?;
        let Some((line, length)) = line::parse(head) else {
            let is_cut = head.len() < LINE_BYTES_MAX && !head.contains(&b'\n') && !head.contains(&0);
            return Ok(Item::End(if is_cut { End::Short } else { End::Damaged(Damage::Format) }));
        };
        if self.has_multi {
            // The transaction of another server that a crash has left open.
            return Ok(Item::End(End::Damaged(Damage::Format)));
        }
        let mut crc = (self.checksum)(self.crc, &head[..line::covered(length)]);
        self.reader.take(length);
        let mut left = line.len;
        while left > 0 {
            let bytes = self.reader.peek(1)?;
            if bytes.is_empty() {
                return Ok(Item::End(End::Short));
            }
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            crc = (self.checksum)(crc, &bytes[..count]);
            self.reader.take(count);
            left -= count as u64;
        }
        if crc != line.crc {
            return Ok(Item::End(End::Damaged(Damage::Checksum)));
        }
        self.crc = crc;
        self.scanned.has_lines = true;
        self.scanned.has_commands |= line.len > 0;
        self.scanned.durable = self.scanned.durable.max(line.durable);
        Ok(Item::Batch)
    }

    fn comment(&mut self) -> Result<Item, Failure> {
        let bytes = self.reader.peek(COMMENT_BYTES_MAX)?;
        let Some(end) = bytes.iter().take(COMMENT_BYTES_MAX).position(|&byte| byte == b'\n') else {
            let is_short = bytes.len() < COMMENT_BYTES_MAX;
            return Ok(Item::End(if is_short { End::Short } else { End::Damaged(Damage::Format) }));
        };
        // The rest of a torn line of ours may be zeros.
        if bytes[..end].iter().any(|&byte| byte.is_ascii_control() && byte != b'\r' && byte != b'\t') {
            return Ok(Item::End(End::Damaged(Damage::Format)));
        }
        self.pass(end + 1)?;
        Ok(Item::Command)
    }

    fn command(&mut self) -> Result<Item, Failure> {
        let count = match self.length(b'*')? {
            Ok(count) if count > 0 => count,
            Ok(_) => return Ok(Item::End(End::Damaged(Damage::Format))),
            Err(end) => return Ok(Item::End(end)),
        };
        let mut name = Vec::new();
        for index in 0..count {
            let len = match self.length(b'$')? {
                Ok(len) if len <= BULK_BYTES_MAX => len,
                Ok(_) => return Ok(Item::End(End::Damaged(Damage::Format))),
                Err(end) => return Ok(Item::End(end)),
            };
            if index == 0 && len <= 8 {
                name = self.reader.peek(len as usize)?.iter().take(len as usize).copied().collect();
            }
            let mut left = len + 2;
            while left > 0 {
                let count = self.reader.peek(1)?.len();
                if count == 0 {
                    return Ok(Item::End(End::Short));
                }
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(count);
                self.pass(count)?;
                left -= count as u64;
            }
        }
        if count == 1 && name.eq_ignore_ascii_case(b"multi") {
            self.has_multi = true;
        } else if count == 1 && name.eq_ignore_ascii_case(b"exec") {
            self.has_multi = false;
        }
        Ok(Item::Command)
    }

    /// A line of a sign and a number.
    fn length(&mut self, sign: u8) -> Result<Result<u64, End>, Failure> {
        let damaged = Ok(Err(End::Damaged(Damage::Format)));
        let bytes = self.reader.peek(LENGTH_BYTES_MAX)?;
        let line = match bytes.iter().take(LENGTH_BYTES_MAX).position(|&byte| byte == b'\n') {
            Some(end) => &bytes[..=end],
            None if bytes.len() < LENGTH_BYTES_MAX => {
                let may_go_on = bytes.first().is_none_or(|&first| first == sign)
                    && bytes.iter().skip(1).all(|&byte| byte.is_ascii_digit() || byte == b'\r');
                return if may_go_on { Ok(Err(End::Short)) } else { damaged };
            }
            None => return damaged,
        };
        let digits = line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let Some([first, digits @ ..]) = digits else { return damaged };
        if *first != sign || digits.is_empty() || digits.len() > 10 {
            return damaged;
        }
        let number = digits.iter().try_fold(0u64, |number, &digit| {
            digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
        });
        let Some(number) = number else { return damaged };
        let count = line.len();
        self.pass(count)?;
        Ok(Ok(number))
    }

    /// Passes over bytes that were peeked at, and that the checksum covers.
    fn pass(&mut self, count: usize) -> Result<(), Failure> {
        let bytes = self.reader.peek(count)?;
        self.crc = (self.checksum)(self.crc, &bytes[..count]);
        self.reader.take(count);
        Ok(())
    }
}

/// Bytes of the whole commands that `bytes` begins with, up to one that needs a closer look: of one word, which may begin a
/// transaction, with longer numbers than usual, or not whole.
fn plain_commands(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(count) = plain_command(&bytes[at..]) {
        at += count;
    }
    at
}

fn plain_command(bytes: &[u8]) -> Option<usize> {
    let (args, mut at) = plain_length(bytes, b'*').filter(|&(args, _)| args > 1)?;
    for _ in 0..args {
        let (len, count) = plain_length(bytes.get(at..)?, b'$')?;
        at += count + len + 2;
    }
    (at <= bytes.len()).then_some(at)
}

/// A line of a sign and a number of few digits, and its own length.
#[inline(always)]
fn plain_length(bytes: &[u8], sign: u8) -> Option<(usize, usize)> {
    let (&first, digits) = bytes.split_first()?;
    let mut number = 0;
    for (index, &byte) in digits.iter().take(PLAIN_DIGITS_MAX + 1).enumerate() {
        match byte {
            b'0'..=b'9' if index < PLAIN_DIGITS_MAX => number = number * 10 + usize::from(byte - b'0'),
            b'\r' if index > 0 && digits.get(index + 1) == Some(&b'\n') && first == sign => {
                return Some((number, index + 3));
            }
            _ => return None,
        }
    }
    None
}

/// Looks at what follows a damaged place: whether it is nothing but zeros, and what later lines say to be durable. Only a
/// line counts whose batch has the checksum that follows from an earlier line.
fn look_behind<D: Disk>(
    disk: &mut D,
    name: &str,
    len: u64,
    checksum: Checksum,
    scanned: &mut Scanned,
) -> Result<(), Failure> {
    let mut reader = Reader::new(disk, name, scanned.whole, len);
    let mut is_zero = true;
    // Checksums that lines announce, continued up to here.
    let mut candidates: Vec<Candidate> = Vec::new();
    loop {
        let bytes = reader.peek(LINE_BYTES_MAX)?;
        if bytes.is_empty() {
            break;
        }
        if let Some((line, length)) = line::parse(bytes) {
            is_zero = false;
            let head = &bytes[..line::covered(length)];
            let mut next: Vec<Candidate> = Vec::new();
            for candidate in candidates.iter().filter(|candidate| candidate.left == 0) {
                let crc = checksum(candidate.crc, head);
                next.push(Candidate { crc, left: line.len, expected: Some(line) });
            }
            next.push(Candidate { crc: line.crc, left: line.len, expected: None });
            // It may also be a part of a batch that only looks like a line.
            for candidate in &mut candidates {
                candidate.pass(checksum, &bytes[..length]);
            }
            reader.take(length);
            settle(&mut candidates, scanned);
            candidates.extend(next);
            let surplus = candidates.len().saturating_sub(CANDIDATES_MAX);
            candidates.drain(..surplus);
            settle(&mut candidates, scanned);
            continue;
        }
        // Up to what may be the next line.
        let count = next_begin(&bytes[1..]) + 1;
        is_zero &= bytes[..count].iter().all(|&byte| byte == 0);
        for candidate in &mut candidates {
            candidate.pass(checksum, &bytes[..count]);
        }
        reader.take(count);
        settle(&mut candidates, scanned);
    }
    if is_zero {
        scanned.end = End::Zeros;
    }
    Ok(())
}

/// A line that was found behind a damaged place.
struct Candidate {
    /// The running checksum, which for a line without a known beginning is the one that it announces.
    crc: u32,
    /// Bytes of its batch that are still to come.
    left: u64,
    /// The line, if where its checksum begins is known.
    expected: Option<line::Line>,
}

impl Candidate {
    fn pass(&mut self, checksum: Checksum, bytes: &[u8]) {
        let inside = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        if self.expected.is_some() {
            self.crc = checksum(self.crc, &bytes[..inside]);
        }
        self.left -= inside as u64;
        if self.left == 0 && inside < bytes.len() {
            // What another server has written behind the batch.
            self.crc = checksum(self.crc, &bytes[inside..]);
        }
    }
}

/// Takes note of what lines say that have turned out to be right.
fn settle(candidates: &mut [Candidate], scanned: &mut Scanned) {
    for candidate in candidates.iter_mut().filter(|candidate| candidate.left == 0) {
        if let Some(line) = candidate.expected.take()
            && line.crc == candidate.crc
        {
            scanned.durable = scanned.durable.max(line.durable);
        }
    }
}

/// Where the next line may begin.
fn next_begin(bytes: &[u8]) -> usize {
    bytes.windows(BEGIN.len()).position(|window| window == BEGIN).unwrap_or_else(|| {
        // A line may begin with the last byte.
        if bytes.last() == Some(&BEGIN[0]) { bytes.len() - 1 } else { bytes.len() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::crc32c;
    use alloc::string::String;
    use alloc::vec;

    /// A file that is only read.
    struct Bytes<'a>(&'a [u8]);

    impl Disk for Bytes<'_> {
        fn list(&mut self) -> Result<Vec<String>, Failure> {
            Ok(vec![String::from("log")])
        }
        fn len(&mut self, _: &str) -> Result<u64, Failure> {
            Ok(self.0.len() as u64)
        }
        fn read(&mut self, _: &str, at: u64, room: &mut [u8]) -> Result<usize, Failure> {
            let rest = &self.0[(at as usize).min(self.0.len())..];
            let count = rest.len().min(room.len());
            room[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }
        fn create(&mut self, _: &str) -> Result<(), Failure> {
            Err(Failure::NoSpace)
        }
        fn write(&mut self, _: &str, _: u64, _: &[u8]) -> Result<usize, Failure> {
            Err(Failure::NoSpace)
        }
        fn truncate(&mut self, _: &str, _: u64) -> Result<(), Failure> {
            Err(Failure::NoSpace)
        }
        fn sync(&mut self, _: &str) -> Result<(), Failure> {
            Err(Failure::NoSpace)
        }
        fn sync_dir(&mut self) -> Result<(), Failure> {
            Err(Failure::NoSpace)
        }
        fn rename(&mut self, _: &str, _: &str) -> Result<(), Failure> {
            Err(Failure::NoSpace)
        }
        fn remove(&mut self, _: &str) -> Result<(), Failure> {
            Err(Failure::NoSpace)
        }
    }

    fn scanned(bytes: &[u8]) -> Scanned {
        scan(&mut Bytes(bytes), "log", bytes.len() as u64, crc32c).expect("memory can be read")
    }

    #[test]
    fn commands_without_lines_are_whole_up_to_any_cut() {
        let set: &[u8] = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$13\r\n*1\r\n$1\r\nx\r\n\r\n\r\n";
        let (multi, exec): (&[u8], &[u8]) = (b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n");
        let empty: &[u8] = b"*2\r\n$4\r\nINCR\r\n$0\r\n\r\n";
        let parts =
            [set, set, b"*1\r\n$8\r\nFLUSHALL\r\n", multi, set, empty, exec, b"#TS:17\r\n", empty, set];
        let mut bytes = Vec::new();
        let mut whole = vec![0];
        for part in parts {
            bytes.extend_from_slice(part);
            whole.push(bytes.len());
        }
        // Within a transaction nothing is whole.
        whole.retain(|&end| {
            !(4..=6).any(|index| end == parts[..index].iter().map(|part| part.len()).sum::<usize>())
        });
        for end in 0..=bytes.len() {
            let found = scanned(&bytes[..end]);
            let expected = whole.iter().copied().filter(|&whole| whole <= end).max().unwrap_or(0);
            assert_eq!(found.whole, expected as u64, "of {end} bytes");
            assert_eq!(found.crc, crc32c(0, &bytes[..expected]));
            assert_eq!(found.end, if expected == end { End::Whole } else { End::Short });
        }
    }

    #[test]
    fn what_is_no_command_is_damage_wherever_it_stands() {
        let set: &[u8] = b"*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n";
        for bad in [&b"*2\r\n$x\r\n"[..], b"*2\r\n+4\r\nINCR\r\n", b"*0\r\n", b"+OK\r\n", b"*2\r\n$\r\n"] {
            let bytes = [set, set, bad, set].concat();
            let found = scanned(&bytes);
            assert_eq!((found.whole, found.end), (2 * set.len() as u64, End::Damaged(Damage::Format)));
        }
    }
}
