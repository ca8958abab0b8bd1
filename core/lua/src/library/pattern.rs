//! Lua patterns, on any bytes. Each step of a match is charged.

use crate::error::Raise;
use crate::vm::Vm;

/// Captures of a pattern.
pub(super) const CAPTURES_MAX: usize = 32;
/// Repetitions and captures that a match is inside of, each of which takes native stack.
const DEPTH_MAX: u32 = 200;
const ESCAPE: u8 = b'%';

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Extent {
    Open,
    Position,
    Bytes(usize),
}

pub(super) struct Matcher<'a> {
    pub(super) text: &'a [u8],
    pattern: &'a [u8],
    pub(super) level: usize,
    pub(super) captures: [(usize, Extent); CAPTURES_MAX],
    depth: u32,
}

type Match = Result<Option<usize>, Raise>;

impl<'a> Matcher<'a> {
    pub(super) fn new(text: &'a [u8], pattern: &'a [u8]) -> Matcher<'a> {
        // A zero byte ends a pattern, as in Lua 5.1.
        let end = pattern.iter().position(|byte| *byte == 0).unwrap_or(pattern.len());
        Matcher {
            text,
            pattern: &pattern[..end],
            level: 0,
            captures: [(0, Extent::Open); CAPTURES_MAX],
            depth: 0,
        }
    }

    /// Matches the pattern from its byte `p` on at the text's byte `s`; the end of the match.
    pub(super) fn find(&mut self, vm: &mut Vm, s: usize, p: usize) -> Match {
        self.level = 0;
        self.depth = 0;
        self.matches(vm, s, p)
    }

    fn at(&self, p: usize) -> u8 {
        self.pattern.get(p).copied().unwrap_or(0)
    }

    fn matches(&mut self, vm: &mut Vm, s: usize, p: usize) -> Match {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(vm.runtime_error_at(1, b"pattern too complex"));
        }
        let found = self.matches_here(vm, s, p);
        self.depth -= 1;
        found
    }

    fn matches_here(&mut self, vm: &mut Vm, mut s: usize, mut p: usize) -> Match {
        loop {
            vm.charge(1)?;
            if p >= self.pattern.len() {
                return Ok(Some(s));
            }
            match self.pattern[p] {
                b'(' => {
                    return if self.at(p + 1) == b')' {
                        self.open_capture(vm, s, p + 2, Extent::Position)
                    } else {
                        self.open_capture(vm, s, p + 1, Extent::Open)
                    };
                }
                b')' => return self.close_capture(vm, s, p + 1),
                b'$' if p + 1 == self.pattern.len() => {
                    return Ok((s == self.text.len()).then_some(s));
                }
                ESCAPE if self.at(p + 1) == b'b' => match self.balanced(vm, s, p + 2)? {
                    Some(end) => {
                        s = end;
                        p += 4;
                        continue;
                    }
                    None => return Ok(None),
                },
                ESCAPE if self.at(p + 1) == b'f' => {
                    p += 2;
                    if self.at(p) != b'[' {
                        return Err(vm.runtime_error_at(1, b"missing '[' after '%f' in pattern"));
                    }
                    let end = self.class_end(vm, p)?;
                    let before = if s == 0 { 0 } else { self.text[s - 1] };
                    let here = self.text.get(s).copied().unwrap_or(0);
                    if self.in_set(before, p, end - 1) || !self.in_set(here, p, end - 1) {
                        return Ok(None);
                    }
                    p = end;
                    continue;
                }
                ESCAPE if self.at(p + 1).is_ascii_digit() => match self.repeated(vm, s, self.at(p + 1))? {
                    Some(end) => {
                        s = end;
                        p += 2;
                        continue;
                    }
                    None => return Ok(None),
                },
                _ => {}
            }
            let end = self.class_end(vm, p)?;
            match self.at(end) {
                b'?' => {
                    if self.single(s, p, end)
                        && let Some(found) = self.matches(vm, s + 1, end + 1)?
                    {
                        return Ok(Some(found));
                    }
                    p = end + 1;
                }
                b'*' => return self.longest(vm, s, p, end),
                b'+' => {
                    return if self.single(s, p, end) { self.longest(vm, s + 1, p, end) } else { Ok(None) };
                }
                b'-' => return self.shortest(vm, s, p, end),
                _ => {
                    if !self.single(s, p, end) {
                        return Ok(None);
                    }
                    s += 1;
                    p = end;
                }
            }
        }
    }

    /// The end of the class that begins at `p`.
    fn class_end(&self, vm: &mut Vm, mut p: usize) -> Result<usize, Raise> {
        let first = self.at(p);
        p += 1;
        if first == ESCAPE {
            if p >= self.pattern.len() {
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
            if p >= self.pattern.len() {
                return Err(vm.runtime_error_at(1, b"malformed pattern (missing ']')"));
            }
            let byte = self.pattern[p];
            p += 1;
            if byte == ESCAPE && p < self.pattern.len() {
                p += 1;
            }
            if self.at(p) == b']' && p < self.pattern.len() {
                return Ok(p + 1);
            }
        }
    }

    #[inline]
    fn single(&self, s: usize, p: usize, end: usize) -> bool {
        let Some(&byte) = self.text.get(s) else { return false };
        match self.pattern[p] {
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
            if self.pattern[p] == ESCAPE {
                p += 1;
                if in_class(byte, self.at(p)) {
                    return found;
                }
                p += 1;
            } else if self.at(p + 1) == b'-' && p + 2 < last {
                if self.pattern[p] <= byte && byte <= self.pattern[p + 2] {
                    return found;
                }
                p += 3;
            } else {
                if self.pattern[p] == byte {
                    return found;
                }
                p += 1;
            }
        }
        !found
    }

    fn balanced(&mut self, vm: &mut Vm, s: usize, p: usize) -> Match {
        if p + 1 >= self.pattern.len() {
            return Err(vm.runtime_error_at(1, b"unbalanced pattern"));
        }
        let (begin, end) = (self.pattern[p], self.pattern[p + 1]);
        if self.text.get(s) != Some(&begin) {
            return Ok(None);
        }
        let mut depth = 1;
        for (index, byte) in self.text[s + 1..].iter().enumerate() {
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
        vm.charge(self.text.len() - s)?;
        Ok(None)
    }

    fn longest(&mut self, vm: &mut Vm, s: usize, p: usize, end: usize) -> Match {
        let mut count = 0;
        while self.single(s + count, p, end) {
            count += 1;
        }
        vm.charge(count)?;
        loop {
            if let Some(found) = self.matches(vm, s + count, end + 1)? {
                return Ok(Some(found));
            }
            if count == 0 {
                return Ok(None);
            }
            count -= 1;
        }
    }

    fn shortest(&mut self, vm: &mut Vm, mut s: usize, p: usize, end: usize) -> Match {
        loop {
            if let Some(found) = self.matches(vm, s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.single(s, p, end) {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn open_capture(&mut self, vm: &mut Vm, s: usize, p: usize, extent: Extent) -> Match {
        if self.level >= CAPTURES_MAX {
            return Err(vm.runtime_error_at(1, b"too many captures"));
        }
        self.captures[self.level] = (s, extent);
        self.level += 1;
        let found = self.matches(vm, s, p)?;
        if found.is_none() {
            self.level -= 1;
        }
        Ok(found)
    }

    fn close_capture(&mut self, vm: &mut Vm, s: usize, p: usize) -> Match {
        let Some(index) = (0..self.level).rev().find(|index| self.captures[*index].1 == Extent::Open) else {
            return Err(vm.runtime_error_at(1, b"invalid pattern capture"));
        };
        self.captures[index].1 = Extent::Bytes(s - self.captures[index].0);
        let found = self.matches(vm, s, p)?;
        if found.is_none() {
            self.captures[index].1 = Extent::Open;
        }
        Ok(found)
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
        let captured = &self.text[start..start + len];
        Ok(self.text[s..].starts_with(captured).then_some(s + len))
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
