//! From text to tokens.

#![expect(
    clippy::cast_possible_truncation,
    reason = "words are few, and escapes are compared with a byte before"
)]

use crate::error::Raise;
use crate::number;
use crate::value::{Gc, Str};
use crate::vm::Vm;
use alloc::vec::Vec;

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Token {
    /// A byte that stands for itself.
    Byte(u8),
    And,
    Break,
    Do,
    Else,
    ElseIf,
    End,
    False,
    For,
    Function,
    If,
    In,
    Local,
    Nil,
    Not,
    Or,
    Repeat,
    Return,
    Then,
    True,
    Until,
    While,
    Concat,
    Dots,
    Eq,
    Ge,
    Le,
    Ne,
    Number,
    Name,
    String,
    Eof,
}

const WORDS: [(&str, Token); 21] = [
    ("and", Token::And),
    ("break", Token::Break),
    ("do", Token::Do),
    ("else", Token::Else),
    ("elseif", Token::ElseIf),
    ("end", Token::End),
    ("false", Token::False),
    ("for", Token::For),
    ("function", Token::Function),
    ("if", Token::If),
    ("in", Token::In),
    ("local", Token::Local),
    ("nil", Token::Nil),
    ("not", Token::Not),
    ("or", Token::Or),
    ("repeat", Token::Repeat),
    ("return", Token::Return),
    ("then", Token::Then),
    ("true", Token::True),
    ("until", Token::Until),
    ("while", Token::While),
];

/// Which reserved word this is, from 1 on; 0 if none.
pub(crate) fn reserved(bytes: &[u8]) -> u8 {
    if bytes.len() < 2 || bytes.len() > 8 {
        return 0;
    }
    WORDS.iter().position(|(word, _)| word.as_bytes() == bytes).map_or(0, |index| index as u8 + 1)
}

impl Token {
    /// As messages show it, without its own text.
    pub(crate) fn text(self) -> Vec<u8> {
        let fixed = match self {
            Token::Byte(byte) if byte < 32 || byte == 127 => {
                let mut text = b"char(".to_vec();
                number::write_integer(&mut text, u64::from(byte));
                text.push(b')');
                return text;
            }
            Token::Byte(byte) => return [byte].to_vec(),
            Token::Concat => "..",
            Token::Dots => "...",
            Token::Eq => "==",
            Token::Ge => ">=",
            Token::Le => "<=",
            Token::Ne => "~=",
            Token::Number => "<number>",
            Token::Name => "<name>",
            Token::String => "<string>",
            Token::Eof => "<eof>",
            word => WORDS.iter().find(|(_, token)| *token == word).map_or("", |(text, _)| text),
        };
        fixed.as_bytes().to_vec()
    }
}

/// The meaning of a token that has one.
#[derive(Clone, Copy)]
pub(crate) enum Meaning {
    None,
    Number(f64),
    Text(Gc<Str>),
}

pub(crate) struct Lexer<'a> {
    pub(crate) vm: &'a mut Vm,
    source: &'a [u8],
    at: usize,
    pub(crate) line: u32,
    /// The line of the token before the current one.
    pub(crate) last_line: u32,
    pub(crate) token: Token,
    pub(crate) meaning: Meaning,
    ahead: Option<(Token, Meaning)>,
    /// The text of the token as far as it was read.
    buffer: Vec<u8>,
    pub(crate) chunk: Gc<Str>,
}

/// Lines of a program.
const LINES_MAX: u32 = i32::MAX as u32 - 2;

impl<'a> Lexer<'a> {
    pub(crate) fn new(vm: &'a mut Vm, chunk: Gc<Str>, source: &'a [u8]) -> Lexer<'a> {
        Lexer {
            vm,
            source,
            at: 0,
            line: 1,
            last_line: 1,
            token: Token::Eof,
            meaning: Meaning::None,
            ahead: None,
            buffer: Vec::new(),
            chunk,
        }
    }

    /// Goes on to the next token.
    pub(crate) fn next(&mut self) -> Result<(), Raise> {
        self.last_line = self.line;
        (self.token, self.meaning) = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.scan()?,
        };
        Ok(())
    }

    /// Whether the token after the current one is this.
    pub(crate) fn look_ahead_is(&mut self, token: Token) -> Result<bool, Raise> {
        let ahead = self.scan()?;
        self.ahead = Some(ahead);
        Ok(ahead.0 == token)
    }

    /// An error near the current token.
    pub(crate) fn syntax_error(&mut self, message: &str) -> Raise {
        self.error_near(message, Some(self.token))
    }

    /// An error near a token, or with just its line.
    pub(crate) fn error_near(&mut self, message: &str, token: Option<Token>) -> Raise {
        if let Err(raise) = self.vm.heap.check(2 * self.buffer.len() + 1024) {
            return raise;
        }
        let mut text = Vec::new();
        crate::debug::write_source(&mut text, self.chunk);
        text.push(b':');
        number::write_integer(&mut text, u64::from(self.line));
        text.extend_from_slice(b": ");
        text.extend_from_slice(message.as_bytes());
        // A zero byte is no token to C's eyes.
        if let Some(token) = token.filter(|token| *token != Token::Byte(0)) {
            text.extend_from_slice(b" near '");
            match token {
                Token::Name | Token::String | Token::Number => {
                    // C's strings end at a zero byte.
                    let end = self.buffer.iter().position(|byte| *byte == 0).unwrap_or(self.buffer.len());
                    text.extend_from_slice(&self.buffer[..end]);
                }
                other => text.extend_from_slice(&other.text()),
            }
            text.push(b'\'');
        }
        self.vm.throw_text(&text)
    }

    /// The byte here; `None` at the end.
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn peek_at(&self, distance: usize) -> Option<u8> {
        self.source.get(self.at + distance).copied()
    }

    /// Keeps a byte of the token.
    fn keep(&mut self, byte: u8) -> Result<(), Raise> {
        if self.buffer.len() == self.buffer.capacity() {
            self.vm.heap.check(self.buffer.len() * 2 + 32)?;
        }
        self.buffer.push(byte);
        Ok(())
    }

    fn keep_here(&mut self) -> Result<(), Raise> {
        if let Some(byte) = self.peek() {
            self.keep(byte)?;
            self.at += 1;
        }
        Ok(())
    }

    /// A line ends here, with one byte or two different ones.
    fn new_line(&mut self) -> Result<(), Raise> {
        let first = self.peek();
        self.at += 1;
        if matches!(self.peek(), Some(b'\n' | b'\r')) && self.peek() != first {
            self.at += 1;
        }
        self.line += 1;
        if self.line >= LINES_MAX {
            return Err(self.syntax_error("chunk has too many lines"));
        }
        Ok(())
    }

    fn scan(&mut self) -> Result<(Token, Meaning), Raise> {
        self.buffer.clear();
        self.vm.charge(1)?;
        loop {
            let Some(byte) = self.peek() else { return Ok((Token::Eof, Meaning::None)) };
            let token = match byte {
                b'\n' | b'\r' => {
                    self.new_line()?;
                    continue;
                }
                b' ' | b'\t' | 11 | 12 => {
                    self.at += 1;
                    continue;
                }
                b'-' => {
                    if self.peek_at(1) != Some(b'-') {
                        self.at += 1;
                        return Ok((Token::Byte(b'-'), Meaning::None));
                    }
                    self.at += 2;
                    self.comment()?;
                    continue;
                }
                b'[' => match self.bracket_level() {
                    Some(level) => {
                        let text = self.long_text(true, level)?;
                        return Ok((Token::String, text));
                    }
                    None if self.peek_at(1) == Some(b'=') => {
                        self.keep_here()?;
                        while self.peek() == Some(b'=') {
                            self.keep_here()?;
                        }
                        return Err(self.error_near("invalid long string delimiter", Some(Token::String)));
                    }
                    None => Token::Byte(b'['),
                },
                b'=' => self.two(b'=', Token::Eq),
                b'<' => self.two(b'=', Token::Le),
                b'>' => self.two(b'=', Token::Ge),
                b'~' => self.two(b'=', Token::Ne),
                b'"' | b'\'' => {
                    let text = self.quoted(byte)?;
                    return Ok((Token::String, text));
                }
                b'.' => {
                    if self.peek_at(1) == Some(b'.') {
                        self.at += 1;
                        if self.two(b'.', Token::Dots) == Token::Dots { Token::Dots } else { Token::Concat }
                    } else if self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) {
                        return self.numeral();
                    } else {
                        Token::Byte(b'.')
                    }
                }
                b'0'..=b'9' => return self.numeral(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => return self.name(),
                other => Token::Byte(other),
            };
            self.at += 1;
            return Ok((token, Meaning::None));
        }
    }

    /// A token of two bytes, if the second follows; otherwise of one.
    fn two(&mut self, second: u8, token: Token) -> Token {
        let first = self.source[self.at];
        if self.peek_at(1) == Some(second) {
            self.at += 1;
            return token;
        }
        Token::Byte(first)
    }

    fn comment(&mut self) -> Result<(), Raise> {
        if self.peek() == Some(b'[')
            && let Some(level) = self.bracket_level()
        {
            self.long_text(false, level)?;
            self.buffer.clear();
            return Ok(());
        }
        while !matches!(self.peek(), None | Some(b'\n' | b'\r')) {
            self.at += 1;
        }
        Ok(())
    }

    /// How many `=` there are between two brackets here.
    fn bracket_level(&self) -> Option<usize> {
        let bracket = self.peek();
        let level = self.source[self.at + 1..].iter().take_while(|byte| **byte == b'=').count();
        (self.peek_at(level + 1) == bracket).then_some(level)
    }

    fn long_text(&mut self, keep: bool, level: usize) -> Result<Meaning, Raise> {
        for _ in 0..level + 2 {
            self.keep_here()?;
        }
        if matches!(self.peek(), Some(b'\n' | b'\r')) {
            self.new_line()?;
        }
        loop {
            match self.peek() {
                None => {
                    let what = if keep { "unfinished long string" } else { "unfinished long comment" };
                    return Err(self.error_near(what, Some(Token::Eof)));
                }
                Some(b'[') if level == 0 && self.bracket_level() == Some(0) => {
                    self.keep_here()?;
                    self.keep_here()?;
                    return Err(self.error_near("nesting of [[...]] is deprecated", Some(Token::Byte(b'['))));
                }
                Some(b']') if self.bracket_level() == Some(level) => {
                    self.at += level + 2;
                    break;
                }
                Some(b'\n' | b'\r') => {
                    self.keep(b'\n')?;
                    self.new_line()?;
                    if !keep {
                        self.buffer.clear();
                    }
                }
                Some(byte) => {
                    if keep {
                        self.keep(byte)?;
                    }
                    self.at += 1;
                }
            }
        }
        if !keep {
            return Ok(Meaning::None);
        }
        let text = self.vm.heap.string(&self.buffer[level + 2..])?;
        // Messages show the token with its brackets.
        self.keep(b']')?;
        for _ in 0..level {
            self.keep(b'=')?;
        }
        self.keep(b']')?;
        Ok(Meaning::Text(text))
    }

    fn quoted(&mut self, quote: u8) -> Result<Meaning, Raise> {
        self.keep_here()?;
        loop {
            match self.peek() {
                None => return Err(self.error_near("unfinished string", Some(Token::Eof))),
                Some(b'\n' | b'\r') => return Err(self.error_near("unfinished string", Some(Token::String))),
                Some(b'\\') => self.escape()?,
                Some(byte) => {
                    self.keep(byte)?;
                    self.at += 1;
                    if byte == quote {
                        break;
                    }
                }
            }
        }
        let text = &self.buffer[1..self.buffer.len() - 1];
        Ok(Meaning::Text(self.vm.heap.string(text)?))
    }

    fn escape(&mut self) -> Result<(), Raise> {
        self.at += 1;
        let Some(byte) = self.peek() else { return Ok(()) };
        let meant = match byte {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\n' | b'\r' => {
                self.keep(b'\n')?;
                return self.new_line();
            }
            b'0'..=b'9' => {
                let mut code = 0u32;
                let mut digits = 0;
                while digits < 3
                    && let Some(digit @ b'0'..=b'9') = self.peek()
                {
                    code = code * 10 + u32::from(digit - b'0');
                    self.at += 1;
                    digits += 1;
                }
                if code > 255 {
                    return Err(self.error_near("escape sequence too large", Some(Token::String)));
                }
                return self.keep(code as u8);
            }
            other => other,
        };
        self.keep(meant)?;
        self.at += 1;
        Ok(())
    }

    fn numeral(&mut self) -> Result<(Token, Meaning), Raise> {
        while matches!(self.peek(), Some(b'0'..=b'9' | b'.')) {
            self.keep_here()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.keep_here()?;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.keep_here()?;
            }
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.keep_here()?;
        }
        match number::parse(&self.buffer) {
            Some(number) => Ok((Token::Number, Meaning::Number(number))),
            None => Err(self.error_near("malformed number", Some(Token::Number))),
        }
    }

    fn name(&mut self) -> Result<(Token, Meaning), Raise> {
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.keep_here()?;
        }
        let text = self.vm.heap.string(&self.buffer)?;
        match text.reserved() {
            0 => Ok((Token::Name, Meaning::Text(text))),
            word => Ok((WORDS[word as usize - 1].1, Meaning::None)),
        }
    }
}
