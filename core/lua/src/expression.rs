//! Expressions: the grammar from operators down to names, tables and functions.

#![expect(
    clippy::cast_possible_truncation,
    reason = "places in a function's code and its registers have fewer than 18 bits: the compiler refuses what is longer"
)]

use crate::code::{Binary, Capture, Compiler, Exp, Place, Unary};
use crate::error::Raise;
use crate::lexer::{Meaning, Token};
use crate::opcode::{LIST_BATCH, Op, pack_size, set_b, set_c};
use alloc::vec::Vec;

impl Compiler<'_> {
    pub(crate) fn expression_list(&mut self) -> Result<(Exp, u32), Raise> {
        let mut count = 1;
        let mut exp = self.expression()?;
        while self.accept(Token::Byte(b','))? {
            self.bring_to_next(&mut exp)?;
            exp = self.expression()?;
            count += 1;
        }
        Ok((exp, count))
    }

    pub(crate) fn expression(&mut self) -> Result<Exp, Raise> {
        self.operators(0)
    }

    /// Operands and operators that bind more tightly than `limit`.
    fn operators(&mut self, limit: u8) -> Result<Exp, Raise> {
        const UNARY_PRIORITY: u8 = 8;
        self.enter()?;
        let unary = match self.token() {
            Token::Not => Some(Unary::Not),
            Token::Byte(b'-') => Some(Unary::Minus),
            Token::Byte(b'#') => Some(Unary::Len),
            _ => None,
        };
        let mut left = if let Some(op) = unary {
            self.next()?;
            let mut operand = self.operators(UNARY_PRIORITY)?;
            self.unary(op, &mut operand)?;
            operand
        } else {
            self.simple()?
        };
        while let Some((op, left_priority, right_priority)) = binary(self.token())
            && left_priority > limit
        {
            self.next()?;
            self.infix(op, &mut left)?;
            let mut right = self.operators(right_priority)?;
            self.binary(op, &mut left, &mut right)?;
        }
        self.leave();
        Ok(left)
    }

    fn simple(&mut self) -> Result<Exp, Raise> {
        let place = match self.token() {
            Token::Number => match self.lexer.meaning {
                Meaning::Number(number) => Place::Number(number),
                _ => Place::Nil,
            },
            Token::String => match self.lexer.meaning {
                Meaning::Text(text) => Place::Constant(self.string_constant(text)?),
                _ => Place::Nil,
            },
            Token::Nil => Place::Nil,
            Token::True => Place::True,
            Token::False => Place::False,
            Token::Dots => {
                if !self.func().vararg {
                    return Err(self.lexer.syntax_error("cannot use '...' outside a vararg function"));
                }
                self.func().needs_arg = false;
                Place::Vararg(self.emit_abc(Op::Vararg, 0, 1, 0)?)
            }
            Token::Byte(b'{') => return self.table(),
            Token::Function => {
                self.next()?;
                let line = self.lexer.line;
                return self.body(false, line);
            }
            _ => return self.suffixed(),
        };
        self.next()?;
        Ok(Exp::new(place))
    }

    /// A variable or expression in parentheses, and what is done with it.
    pub(crate) fn suffixed(&mut self) -> Result<Exp, Raise> {
        let mut exp = self.prefix()?;
        loop {
            match self.token() {
                Token::Byte(b'.') => self.field(&mut exp)?,
                Token::Byte(b'[') => {
                    self.bring_to_any(&mut exp)?;
                    let mut key = self.key()?;
                    self.indexed(&mut exp, &mut key)?;
                }
                Token::Byte(b':') => {
                    self.next()?;
                    let mut name = self.name_constant()?;
                    self.method(&mut exp, &mut name)?;
                    self.arguments(&mut exp)?;
                }
                Token::Byte(b'(' | b'{') | Token::String => {
                    self.bring_to_next(&mut exp)?;
                    self.arguments(&mut exp)?;
                }
                _ => return Ok(exp),
            }
        }
    }

    fn prefix(&mut self) -> Result<Exp, Raise> {
        match self.token() {
            Token::Byte(b'(') => {
                let line = self.lexer.line;
                self.next()?;
                let mut exp = self.expression()?;
                self.expect_match(Token::Byte(b')'), Token::Byte(b'('), line)?;
                self.discharge(&mut exp)?;
                Ok(exp)
            }
            Token::Name => {
                let name = self.name()?;
                self.variable(name)
            }
            _ => Err(self.lexer.syntax_error("unexpected symbol")),
        }
    }

    pub(crate) fn field(&mut self, exp: &mut Exp) -> Result<(), Raise> {
        self.bring_to_any(exp)?;
        self.next()?;
        let mut key = self.name_constant()?;
        self.indexed(exp, &mut key)
    }

    fn key(&mut self) -> Result<Exp, Raise> {
        self.next()?;
        let mut exp = self.expression()?;
        self.settle(&mut exp)?;
        self.expect(Token::Byte(b']'))?;
        Ok(exp)
    }

    fn arguments(&mut self, function: &mut Exp) -> Result<(), Raise> {
        let line = self.lexer.line;
        let mut last = match self.token() {
            Token::Byte(b'(') => {
                if line != self.lexer.last_line {
                    return Err(self.lexer.syntax_error("ambiguous syntax (function call x new statement)"));
                }
                self.next()?;
                let list = if self.token() == Token::Byte(b')') {
                    Exp::new(Place::Void)
                } else {
                    let (last, _) = self.expression_list()?;
                    self.set_results(&last, None)?;
                    last
                };
                self.expect_match(Token::Byte(b')'), Token::Byte(b'('), line)?;
                list
            }
            Token::Byte(b'{') => self.table()?,
            Token::String => {
                let exp = match self.lexer.meaning {
                    Meaning::Text(text) => Exp::new(Place::Constant(self.string_constant(text)?)),
                    _ => Exp::new(Place::Nil),
                };
                self.next()?;
                exp
            }
            _ => return Err(self.lexer.syntax_error("function arguments expected")),
        };
        let Place::Register(base) = function.place else { unreachable!("it was brought there") };
        let count = if last.is_open_list() {
            0
        } else {
            if last.place != Place::Void {
                self.bring_to_next(&mut last)?;
            }
            self.func().free - base
        };
        *function = Exp::new(Place::Call(self.emit_abc(Op::Call, base, count, 2)?));
        self.fix_line(line);
        // The call leaves one result, unless told otherwise later.
        self.func().free = base + 1;
        Ok(())
    }

    fn table(&mut self) -> Result<Exp, Raise> {
        let line = self.lexer.line;
        let pc = self.emit_abc(Op::NewTable, 0, 0, 0)?;
        let mut table = Exp::new(Place::Open(pc));
        self.bring_to_next(&mut table)?;
        let Place::Register(register) = table.place else { unreachable!("it was just brought there") };
        let (mut elements, mut entries, mut waiting) = (0u32, 0u32, 0u32);
        let mut element = Exp::new(Place::Void);
        self.expect(Token::Byte(b'{'))?;
        while self.token() != Token::Byte(b'}') {
            if element.place != Place::Void {
                self.bring_to_next(&mut element)?;
                element = Exp::new(Place::Void);
                if waiting == LIST_BATCH {
                    self.set_list(register, elements, Some(waiting))?;
                    waiting = 0;
                }
            }
            let is_entry = match self.token() {
                Token::Name => self.lexer.look_ahead_is(Token::Byte(b'='))?,
                Token::Byte(b'[') => true,
                _ => false,
            };
            if is_entry {
                self.entry(register)?;
                entries += 1;
            } else {
                element = self.expression()?;
                elements += 1;
                waiting += 1;
            }
            if !self.accept(Token::Byte(b','))? && !self.accept(Token::Byte(b';'))? {
                break;
            }
        }
        self.expect_match(Token::Byte(b'}'), Token::Byte(b'{'), line)?;
        if waiting > 0 {
            if element.is_open_list() {
                self.set_results(&element, None)?;
                self.set_list(register, elements, None)?;
                // It is not known how many there will be.
                elements -= 1;
            } else {
                if element.place != Place::Void {
                    self.bring_to_next(&mut element)?;
                }
                self.set_list(register, elements, Some(waiting))?;
            }
        }
        let instruction = &mut self.func().code[pc];
        set_b(instruction, pack_size(elements));
        set_c(instruction, pack_size(entries));
        Ok(table)
    }

    fn entry(&mut self, table: u32) -> Result<(), Raise> {
        let free = self.func().free;
        let mut key = if self.token() == Token::Name { self.name_constant()? } else { self.key()? };
        self.expect(Token::Byte(b'='))?;
        let mut target = Exp::new(Place::Register(table));
        self.indexed(&mut target, &mut key)?;
        let mut value = self.expression()?;
        self.store(&target, &mut value)?;
        self.func().free = free;
        Ok(())
    }

    /// Parameters and body of a function, up to its end.
    pub(crate) fn body(&mut self, is_method: bool, line: u32) -> Result<Exp, Raise> {
        self.open_function(line)?;
        self.expect(Token::Byte(b'('))?;
        let mut count = 0;
        if is_method {
            self.declare_hidden("self", 0)?;
            count = 1;
        }
        while self.token() != Token::Byte(b')') {
            match self.token() {
                Token::Name => {
                    let name = self.name()?;
                    self.declare(name, count)?;
                    count += 1;
                }
                Token::Dots => {
                    self.next()?;
                    // A function that does not use `...` finds its arguments in `arg`, as in Lua 5.0.
                    self.declare_hidden("arg", count)?;
                    let func = self.func();
                    func.vararg = true;
                    func.has_arg = true;
                    func.needs_arg = true;
                }
                _ => return Err(self.lexer.syntax_error("<name> or '...' expected")),
            }
            if self.func().vararg || !self.accept(Token::Byte(b','))? {
                break;
            }
            if self.token() == Token::Byte(b')') {
                return Err(self.lexer.syntax_error("<name> or '...' expected"));
            }
        }
        let has_arg = self.func().has_arg;
        self.activate(count + usize::from(has_arg));
        self.func().parameters = count as u32;
        let active = self.func().active.len() as u32;
        self.reserve(active)?;
        self.expect(Token::Byte(b')'))?;
        self.chunk()?;
        self.expect_match(Token::End, Token::Function, line)?;
        let captures: Vec<Capture> = self.func().captures.iter().map(|(capture, _)| *capture).collect();
        let proto = self.close_function()?;
        let proto = self.lexer.vm.heap.new_proto(proto)?;
        self.account(16)?;
        self.func().protos.push(proto);
        let index = self.func().protos.len() as u32 - 1;
        let pc = self.emit_abx(Op::Closure, 0, index)?;
        for capture in captures {
            match capture {
                Capture::Local(register) => self.emit_abc(Op::Move, 0, register, 0)?,
                Capture::Upvalue(index) => self.emit_abc(Op::GetUpvalue, 0, index, 0)?,
            };
        }
        Ok(Exp::new(Place::Open(pc)))
    }
}

/// A binary operator, and how tightly it binds to its left and right.
fn binary(token: Token) -> Option<(Binary, u8, u8)> {
    Some(match token {
        Token::Or => (Binary::Or, 1, 1),
        Token::And => (Binary::And, 2, 2),
        Token::Byte(b'<') => (Binary::Lt, 3, 3),
        Token::Byte(b'>') => (Binary::Gt, 3, 3),
        Token::Le => (Binary::Le, 3, 3),
        Token::Ge => (Binary::Ge, 3, 3),
        Token::Ne => (Binary::Ne, 3, 3),
        Token::Eq => (Binary::Eq, 3, 3),
        Token::Concat => (Binary::Concat, 5, 4),
        Token::Byte(b'+') => (Binary::Add, 6, 6),
        Token::Byte(b'-') => (Binary::Sub, 6, 6),
        Token::Byte(b'*') => (Binary::Mul, 7, 7),
        Token::Byte(b'/') => (Binary::Div, 7, 7),
        Token::Byte(b'%') => (Binary::Mod, 7, 7),
        Token::Byte(b'^') => (Binary::Pow, 10, 9),
        _ => return None,
    })
}
