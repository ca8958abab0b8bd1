//! Lua patterns, on any bytes. Each step of a match is charged, and a run may pause between two.

use crate::error::Raise;
use crate::value::{Gc, Str};
use crate::vm::Vm;
use alloc::vec::Vec;

/// Captures of a pattern.
pub(super) const CAPTURES_MAX: usize = 32;
/// Repetitions and captures that a match is inside of, and the match itself.
const DEPTH_MAX: usize = 200;
/// Choices that a match has room for without an allocation.
const CHOICES_INLINE: usize = 8;
/// Repetitions that are counted before it is looked whether the slice of instructions is used up.
const COUNTED_AT_ONCE: usize = 1024;
const ESCAPE: u8 = b'%';

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Extent {
    Open,
    Position,
    Bytes(usize),
}

/// A match under way. It goes on where it was when a run pauses: what it would come back to lies in `choices`.
pub(super) struct Matcher {
    text: Gc<Str>,
    pattern: Gc<Str>,
    /// Length of the pattern, which a zero byte ends, as in Lua 5.1.
    pattern_len: usize,
    pub(super) level: usize,
    pub(super) captures: [(usize, Extent); CAPTURES_MAX],
    choices: Choices,
    doing: Doing,
}

/// What to do next.
#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    /// Match the pattern from its byte `p` on at the text's byte `s`.
    Match {
        s: usize,
        p: usize,
    },
    /// Count how often the single class from `p` to `end` matches from `s` on.
    Count {
        s: usize,
        p: usize,
        end: usize,
        count: usize,
    },
    /// Go back to the last choice.
    Fail,
}

/// What is done when the rest of the pattern does not match.
#[derive(Clone, Copy)]
enum Choice {
    /// Go on as if what is optional were not there.
    Without { s: usize, p: usize },
    /// Try one repetition less, before the rest at `p`.
    Less { s: usize, p: usize, count: usize },
    /// Try one repetition more of the class from `p` to `end`.
    More { s: usize, p: usize, end: usize },
    /// Undo the beginning of a capture.
    Opened,
    /// Undo the end of this one.
    Closed(usize),
}

/// A stack, of which the first few need no allocation: most matches have no more.
struct Choices {
    first: [Choice; CHOICES_INLINE],
    rest: Vec<Choice>,
    len: usize,
}

impl Default for Choices {
    fn default() -> Choices {
        Choices { first: [Choice::Opened; CHOICES_INLINE], rest: Vec::new(), len: 0 }
    }
}

impl Choices {
    #[inline]
    fn push(&mut self, choice: Choice) {
        match self.first.get_mut(self.len) {
            Some(place) => *place = choice,
            None => self.rest.push(choice),
        }
        self.len += 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<Choice> {
        self.len = self.len.checked_sub(1)?;
        match self.first.get(self.len) {
            Some(choice) => Some(*choice),
            None => self.rest.pop(),
        }
    }

    fn clear(&mut self) {
        self.len = 0;
        self.rest.clear();
    }
}

type Match = Result<Option<usize>, Raise>;

impl Matcher {
    pub(super) fn new(text: Gc<Str>, pattern: Gc<Str>) -> Matcher {
        let bytes = pattern.bytes();
        Matcher {
            text,
            pattern,
            pattern_len: bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()),
            level: 0,
            captures: [(0, Extent::Open); CAPTURES_MAX],
            choices: Choices::default(),
            doing: Doing::Nothing,
        }
    }

    /// Matches the pattern from its byte `p` on at the text's byte `s`; the end of the match.
    ///
    /// # Errors
    /// [`Raise::Pause`] if the slice of instructions is used up: the same call goes on then.
    pub(super) fn find(&mut self, vm: &mut Vm, s: usize, p: usize) -> Match {
        if let Doing::Nothing = self.doing {
            self.level = 0;
            self.choices.clear();
            self.doing = Doing::Match { s, p };
        }
        loop {
            vm.check_slice()?;
            match self.doing {
                Doing::Match { s, p } => {
                    if let Some(end) = self.step(vm, s, p)? {
                        self.doing = Doing::Nothing;
                        return Ok(Some(end));
                    }
                }
                Doing::Count { s, p, end, count } => self.count(vm, (s, p, end), count)?,
                Doing::Fail | Doing::Nothing => match self.choices.pop() {
                    Some(choice) => self.go_back(vm, choice)?,
                    None => {
                        self.doing = Doing::Nothing;
                        return Ok(None);
                    }
                },
            }
        }
    }

    pub(super) fn text<'a>(&self) -> &'a [u8] {
        self.text.bytes()
    }

    fn pattern<'a>(&self) -> &'a [u8] {
        &self.pattern.bytes()[..self.pattern_len]
    }

    #[inline]
    fn at(&self, p: usize) -> u8 {
        self.pattern().get(p).copied().unwrap_or(0)
    }

    /// Goes on with the rest of the pattern, and comes back to a choice if that does not match.
    #[inline]
    fn choose(&mut self, vm: &mut Vm, choice: Choice, s: usize, p: usize) -> Result<(), Raise> {
        // The match itself is inside of one.
        if self.choices.len + 2 > DEPTH_MAX {
            return Err(vm.runtime_error_at(1, b"pattern too complex"));
        }
        self.choices.push(choice);
        self.doing = Doing::Match { s, p };
        Ok(())
    }

    fn go_back(&mut self, vm: &mut Vm, choice: Choice) -> Result<(), Raise> {
        self.doing = Doing::Fail;
        match choice {
            Choice::Without { s, p } => self.doing = Doing::Match { s, p },
            Choice::Less { count: 0, .. } => {}
            Choice::Less { s, p, count } => {
                let count = count - 1;
                self.choose(vm, Choice::Less { s, p, count }, s + count, p)?;
            }
            Choice::More { s, p, end } => {
                if self.single(s, p, end) {
                    self.choose(vm, Choice::More { s: s + 1, p, end }, s + 1, end + 1)?;
                }
            }
            Choice::Opened => self.level -= 1,
            Choice::Closed(index) => self.captures[index].1 = Extent::Open,
        }
        Ok(())
    }

    /// Matches one item of the pattern; the end of the match if there is none left.
    #[inline]
    fn step(&mut self, vm: &mut Vm, s: usize, p: usize) -> Match {
        vm.charge(1)?;
        if p >= self.pattern_len {
            return Ok(Some(s));
        }
        match self.at(p) {
            b'(' if self.at(p + 1) == b')' => self.open_capture(vm, s, p + 2, Extent::Position)?,
            b'(' => self.open_capture(vm, s, p + 1, Extent::Open)?,
            b')' => self.close_capture(vm, s, p + 1)?,
            b'$' if p + 1 == self.pattern_len => {
                self.doing = Doing::Fail;
                return Ok((s == self.text().len()).then_some(s));
            }
            ESCAPE if self.at(p + 1) == b'b' => {
                let end = self.balanced(vm, s, p + 2)?;
                self.go_on(end, p + 4);
            }
            ESCAPE if self.at(p + 1) == b'f' => self.frontier(vm, s, p + 2)?,
            ESCAPE if self.at(p + 1).is_ascii_digit() => {
                let end = self.repeated(vm, s, self.at(p + 1))?;
                self.go_on(end, p + 2);
            }
            _ => self.item(vm, s, p)?,
        }
        Ok(None)
    }

    /// On with the pattern at `p`, if what was before it has matched up to here.
    fn go_on(&mut self, end: Option<usize>, p: usize) {
        self.doing = end.map_or(Doing::Fail, |s| Doing::Match { s, p });
    }

    /// Matches a class with what says how often it may come.
    #[inline]
    fn item(&mut self, vm: &mut Vm, s: usize, p: usize) -> Result<(), Raise> {
        let end = self.class_end(vm, p)?;
        match self.at(end) {
            b'?' if self.single(s, p, end) => {
                self.choose(vm, Choice::Without { s, p: end + 1 }, s + 1, end + 1)?
            }
            b'?' => self.doing = Doing::Match { s, p: end + 1 },
            b'*' => self.doing = Doing::Count { s, p, end, count: 0 },
            b'+' if self.single(s, p, end) => self.doing = Doing::Count { s: s + 1, p, end, count: 0 },
            b'-' => self.choose(vm, Choice::More { s, p, end }, s, end + 1)?,
            b'+' => self.doing = Doing::Fail,
            _ => {
                let next = self.single(s, p, end).then_some(s + 1);
                self.go_on(next, end);
            }
        }
        Ok(())
    }

    fn frontier(&mut self, vm: &mut Vm, s: usize, p: usize) -> Result<(), Raise> {
        if self.at(p) != b'[' {
            return Err(vm.runtime_error_at(1, b"missing '[' after '%f' in pattern"));
        }
        let end = self.class_end(vm, p)?;
        let before = if s == 0 { 0 } else { self.text()[s - 1] };
        let here = self.text().get(s).copied().unwrap_or(0);
        let is_there = !self.in_set(before, p, end - 1) && self.in_set(here, p, end - 1);
        self.go_on(is_there.then_some(s), end);
        Ok(())
    }

    /// Counts a bounded number of repetitions, and goes on with the rest behind the last one.
    fn count(&mut self, vm: &mut Vm, (s, p, end): (usize, usize, usize), from: usize) -> Result<(), Raise> {
        let mut count = from;
        while count - from < COUNTED_AT_ONCE && self.single(s + count, p, end) {
            count += 1;
        }
        vm.charge(count - from)?;
        if count - from == COUNTED_AT_ONCE {
            self.doing = Doing::Count { s, p, end, count };
            return Ok(());
        }
        self.choose(vm, Choice::Less { s, p: end + 1, count }, s + count, end + 1)
    }

    /// The end of the class that begins at `p`.
    fn class_end(&self, vm: &mut Vm, mut p: usize) -> Result<usize, Raise> {
        let first = self.at(p);
        p += 1;
        if first == ESCAPE {
            if p >= self.pattern_len {
                return Err(vm.runtime_error_at(1, b"malformed pattern (ends with '%')"));
            }
            return Ok(p + 1);
        }
        if first != b'[' {
            return Ok(p);
        }
        if self.at(p) == b'^' {
            p += 1;
        }
        loop {
            // The first byte of a set is in it, even a bracket.
            if p >= self.pattern_len {
                return Err(vm.runtime_error_at(1, b"malformed pattern (missing ']')"));
            }
            let byte = self.pattern()[p];
            p += 1;
            if byte == ESCAPE && p < self.pattern_len {
                p += 1;
            }
            if self.at(p) == b']' && p < self.pattern_len {
                return Ok(p + 1);
            }
        }
    }

    #[inline]
    fn single(&self, s: usize, p: usize, end: usize) -> bool {
        let Some(&byte) = self.text().get(s) else { return false };
        match self.pattern()[p] {
            b'.' => true,
            ESCAPE => in_class(byte, self.at(p + 1)),
            b'[' => self.in_set(byte, p, end - 1),
            literal => literal == byte,
        }
    }

    /// Whether a byte is in the set that begins at `p` and whose bracket at `last` closes it.
    fn in_set(&self, byte: u8, mut p: usize, last: usize) -> bool {
        let mut found = true;
        if self.at(p + 1) == b'^' {
            found = false;
            p += 1;
        }
        p += 1;
        while p < last {
            if self.pattern()[p] == ESCAPE {
                p += 1;
                if in_class(byte, self.at(p)) {
                    return found;
                }
                p += 1;
            } else if self.at(p + 1) == b'-' && p + 2 < last {
                if self.pattern()[p] <= byte && byte <= self.pattern()[p + 2] {
                    return found;
                }
                p += 3;
            } else {
                if self.pattern()[p] == byte {
                    return found;
                }
                p += 1;
            }
        }
        !found
    }

    fn balanced(&mut self, vm: &mut Vm, s: usize, p: usize) -> Match {
        if p + 1 >= self.pattern_len {
            return Err(vm.runtime_error_at(1, b"unbalanced pattern"));
        }
        let (begin, end, text) = (self.at(p), self.at(p + 1), self.text());
        if text.get(s) != Some(&begin) {
            return Ok(None);
        }
        let mut depth = 1;
        for (index, byte) in text[s + 1..].iter().enumerate() {
            if *byte == end {
                depth -= 1;
                if depth == 0 {
                    vm.charge(index)?;
                    return Ok(Some(s + 1 + index + 1));
                }
            } else if *byte == begin {
                depth += 1;
            }
        }
        vm.charge(text.len() - s)?;
        Ok(None)
    }

    fn open_capture(&mut self, vm: &mut Vm, s: usize, p: usize, extent: Extent) -> Result<(), Raise> {
        if self.level >= CAPTURES_MAX {
            return Err(vm.runtime_error_at(1, b"too many captures"));
        }
        self.captures[self.level] = (s, extent);
        self.level += 1;
        self.choose(vm, Choice::Opened, s, p)
    }

    fn close_capture(&mut self, vm: &mut Vm, s: usize, p: usize) -> Result<(), Raise> {
        let Some(index) = (0..self.level).rev().find(|index| self.captures[*index].1 == Extent::Open) else {
            return Err(vm.runtime_error_at(1, b"invalid pattern capture"));
        };
        self.captures[index].1 = Extent::Bytes(s - self.captures[index].0);
        self.choose(vm, Choice::Closed(index), s, p)
    }

    /// What an earlier capture matched, once more.
    fn repeated(&mut self, vm: &mut Vm, s: usize, digit: u8) -> Match {
        let index = (digit as usize).wrapping_sub(b'1' as usize);
        let (start, Extent::Bytes(len)) = (match self.captures.get(index) {
            Some(capture) if index < self.level => *capture,
            _ => return Err(vm.runtime_error_at(1, b"invalid capture index")),
        }) else {
            // A capture of a position has a length that nothing matches.
            return match self.captures[index].1 {
                Extent::Position => Ok(None),
                _ => Err(vm.runtime_error_at(1, b"invalid capture index")),
            };
        };
        vm.charge(len / 8)?;
        let captured = &self.text()[start..start + len];
        Ok(self.text()[s..].starts_with(captured).then_some(s + len))
    }
}

fn in_class(byte: u8, class: u8) -> bool {
    let found = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | b'\t'..=b'\r'),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    found != class.is_ascii_uppercase()
}
