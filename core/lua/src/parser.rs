//! The first half of the compiler: the grammar, in one pass.

#![expect(
    clippy::cast_possible_truncation,
    reason = "places in a function's code and its registers have fewer than 18 bits: the compiler refuses what is longer"
)]

use crate::code::{Block, Capture, Compiler, Exp, Func, NO_JUMP, Place};
use crate::error::Raise;
use crate::heap::{Header, Kind};
use crate::interpret::UPVALUES_MAX;
use crate::lexer::{Lexer, Meaning, Token};
use crate::number;
use crate::opcode::{Op, set_b, set_c};
use crate::value::{Gc, LocalName, Proto, Str};
use crate::vm::Vm;
use alloc::string::String;
use alloc::vec::Vec;

const LOCALS_MAX: usize = 200;
/// Levels of syntax, each of which takes native stack.
const DEPTH_MAX: u32 = 200;

/// Compiles a program.
pub(crate) fn compile(vm: &mut Vm, chunk_name: &[u8], source: &[u8]) -> Result<Gc<Proto>, Raise> {
    let chunk = vm.heap.string(chunk_name)?;
    let lexer = Lexer::new(vm, chunk, source);
    let mut compiler = Compiler { lexer, funcs: Vec::new(), charged: 0, depth: 0 };
    let proto = compiler.main();
    let charged = compiler.charged;
    vm.heap.refund(charged);
    vm.heap.new_proto(proto?)
}

impl Compiler<'_> {
    fn main(&mut self) -> Result<Proto, Raise> {
        self.open_function(0)?;
        self.func().vararg = true;
        self.lexer.next()?;
        self.chunk()?;
        self.check(Token::Eof)?;
        self.close_function()
    }

    pub(crate) fn open_function(&mut self, line: u32) -> Result<(), Raise> {
        self.account(size_of::<Func>())?;
        let constants = self.lexer.vm.heap.new_table()?;
        self.funcs.push(Func::new(constants, line));
        Ok(())
    }

    pub(crate) fn close_function(&mut self) -> Result<Proto, Raise> {
        self.end_scope(0);
        self.emit_return(0, Some(0))?;
        let func = self.funcs.pop().expect("it was opened");
        let header = Header { next: None, id: 0, kind: Kind::Proto, marked: false, extra: 0 };
        Ok(func.finish(header, self.lexer.chunk))
    }

    // Tokens.

    pub(crate) fn token(&self) -> Token {
        self.lexer.token
    }

    pub(crate) fn next(&mut self) -> Result<(), Raise> {
        self.lexer.next()
    }

    pub(crate) fn accept(&mut self, token: Token) -> Result<bool, Raise> {
        if self.token() == token {
            self.next()?;
            return Ok(true);
        }
        Ok(false)
    }

    fn expected(&mut self, token: Token) -> Raise {
        let mut message = String::from("'");
        message.push_str(&String::from_utf8_lossy(&token.text()));
        message.push_str("' expected");
        self.lexer.syntax_error(&message)
    }

    fn check(&mut self, token: Token) -> Result<(), Raise> {
        if self.token() == token { Ok(()) } else { Err(self.expected(token)) }
    }

    pub(crate) fn expect(&mut self, token: Token) -> Result<(), Raise> {
        self.check(token)?;
        self.next()
    }

    /// The end of something that began with another token.
    pub(crate) fn expect_match(&mut self, end: Token, begin: Token, line: u32) -> Result<(), Raise> {
        if self.token() == end {
            return self.next();
        }
        if line == self.lexer.line {
            return Err(self.expected(end));
        }
        let mut message = Vec::new();
        message.push(b'\'');
        message.extend_from_slice(&end.text());
        message.extend_from_slice(b"' expected (to close '");
        message.extend_from_slice(&begin.text());
        message.extend_from_slice(b"' at line ");
        number::write_integer(&mut message, u64::from(line));
        message.push(b')');
        Err(self.lexer.syntax_error(&String::from_utf8_lossy(&message)))
    }

    pub(crate) fn name(&mut self) -> Result<Gc<Str>, Raise> {
        match (self.token(), self.lexer.meaning) {
            (Token::Name, Meaning::Text(name)) => {
                self.next()?;
                Ok(name)
            }
            _ => Err(self.expected(Token::Name)),
        }
    }

    pub(crate) fn name_constant(&mut self) -> Result<Exp, Raise> {
        let name = self.name()?;
        Ok(Exp::new(Place::Constant(self.string_constant(name)?)))
    }

    /// A level deeper in the syntax.
    pub(crate) fn enter(&mut self) -> Result<(), Raise> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.lexer.error_near("chunk has too many syntax levels", None));
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    fn limit(&mut self, limit: usize, what: &str) -> Raise {
        let line = self.func().line_defined;
        let mut message = Vec::new();
        if line == 0 {
            message.extend_from_slice(b"main function has more than ");
        } else {
            message.extend_from_slice(b"function at line ");
            number::write_integer(&mut message, u64::from(line));
            message.extend_from_slice(b" has more than ");
        }
        number::write_integer(&mut message, limit as u64);
        message.push(b' ');
        message.extend_from_slice(what.as_bytes());
        self.lexer.error_near(&String::from_utf8_lossy(&message), None)
    }

    // Variables and scopes.

    /// Declares a local variable, the `pending`th that is not in scope yet. `activate` brings it there.
    pub(crate) fn declare(&mut self, name: Gc<Str>, pending: usize) -> Result<(), Raise> {
        if self.func().active.len() + pending + 1 > LOCALS_MAX {
            return Err(self.limit(LOCALS_MAX, "local variables"));
        }
        self.account(2 * size_of::<LocalName>() + 8)?;
        self.func().locals.push(LocalName { name, start: 0, end: 0 });
        Ok(())
    }

    pub(crate) fn declare_hidden(&mut self, name: &str, pending: usize) -> Result<(), Raise> {
        let name = self.lexer.vm.heap.string(name.as_bytes())?;
        self.declare(name, pending)
    }

    /// The last `count` variables declared are in scope from here on.
    pub(crate) fn activate(&mut self, count: usize) {
        let pc = self.pc() as u32;
        let func = self.func();
        let first = func.locals.len() - count;
        for index in first..func.locals.len() {
            func.locals[index].start = pc;
            func.active.push(index as u32);
        }
    }

    /// Variables beyond the first `count` go out of scope.
    fn end_scope(&mut self, count: usize) {
        let pc = self.pc() as u32;
        let func = self.func();
        for index in func.active.drain(count..) {
            func.locals[index as usize].end = pc;
        }
    }

    fn open_block(&mut self, is_loop: bool) {
        let func = self.func();
        debug_assert_eq!(func.free as usize, func.active.len(), "between statements only variables are kept");
        let active = func.active.len();
        func.blocks.push(Block { breaks: NO_JUMP, active, captured: false, is_loop });
    }

    fn close_block(&mut self) -> Result<(), Raise> {
        let block = self.func().blocks.pop().expect("it was opened");
        self.end_scope(block.active);
        if block.captured {
            self.emit_abc(Op::Close, block.active as u32, 0, 0)?;
        }
        self.func().free = block.active as u32;
        self.patch_here(block.breaks)
    }

    pub(crate) fn variable(&mut self, name: Gc<Str>) -> Result<Exp, Raise> {
        let level = self.funcs.len() - 1;
        let place = match self.resolve(level, name)? {
            Some(Capture::Local(register)) => Place::Local(register),
            Some(Capture::Upvalue(index)) => Place::Upvalue(index),
            None => Place::Global(self.string_constant(name)?),
        };
        Ok(Exp::new(place))
    }

    /// What a name is in the function at a level; `None` for a global variable.
    fn resolve(&mut self, level: usize, name: Gc<Str>) -> Result<Option<Capture>, Raise> {
        let func = &self.funcs[level];
        let same = |index: &u32| {
            let local = func.locals[*index as usize].name;
            crate::value::Val::Str(local).raw_eq(&crate::value::Val::Str(name))
        };
        if let Some(register) = func.active.iter().rposition(same) {
            return Ok(Some(Capture::Local(register as u32)));
        }
        if level == 0 {
            return Ok(None);
        }
        let Some(outer) = self.resolve(level - 1, name)? else { return Ok(None) };
        if let Capture::Local(register) = outer {
            // The block of the variable closes it at its end.
            let blocks = &mut self.funcs[level - 1].blocks;
            if let Some(block) = blocks.iter_mut().rev().find(|block| block.active <= register as usize) {
                block.captured = true;
            }
        }
        if let Some(index) = self.funcs[level].captures.iter().position(|(capture, _)| *capture == outer) {
            return Ok(Some(Capture::Upvalue(index as u32)));
        }
        if self.funcs[level].captures.len() >= UPVALUES_MAX {
            return Err(self.limit(UPVALUES_MAX, "upvalues"));
        }
        self.account(64)?;
        self.funcs[level].captures.push((outer, name));
        Ok(Some(Capture::Upvalue(self.funcs[level].captures.len() as u32 - 1)))
    }

    /// Makes as many values of a list as there are variables.
    fn adjust(&mut self, variables: u32, values: u32, last: &mut Exp) -> Result<(), Raise> {
        if last.is_open_list() {
            let wanted = (variables + 1).saturating_sub(values);
            self.set_results(last, Some(wanted))?;
            if wanted > 1 {
                self.reserve(wanted - 1)?;
            }
            return Ok(());
        }
        if last.place != Place::Void {
            self.bring_to_next(last)?;
        }
        if variables > values {
            let register = self.func().free;
            self.reserve(variables - values)?;
            self.load_nil(register, variables - values)?;
        }
        Ok(())
    }

    // Statements.

    fn block_ends(&self) -> bool {
        matches!(self.token(), Token::Else | Token::ElseIf | Token::End | Token::Eof | Token::Until)
    }

    pub(crate) fn chunk(&mut self) -> Result<(), Raise> {
        self.enter()?;
        let mut last = false;
        while !last && !self.block_ends() {
            last = self.statement()?;
            self.accept(Token::Byte(b';'))?;
            let func = self.func();
            debug_assert!(func.free as usize >= func.active.len());
            func.free = func.active.len() as u32;
        }
        self.leave();
        Ok(())
    }

    fn block(&mut self) -> Result<(), Raise> {
        self.open_block(false);
        self.chunk()?;
        self.close_block()
    }

    /// A statement; whether it must be the last of its block.
    fn statement(&mut self) -> Result<bool, Raise> {
        let line = self.lexer.line;
        match self.token() {
            Token::If => self.if_statement(line)?,
            Token::While => self.while_statement(line)?,
            Token::Do => {
                self.next()?;
                self.block()?;
                self.expect_match(Token::End, Token::Do, line)?;
            }
            Token::For => self.for_statement(line)?,
            Token::Repeat => self.repeat_statement(line)?,
            Token::Function => self.function_statement(line)?,
            Token::Local => {
                self.next()?;
                if self.accept(Token::Function)? {
                    self.local_function()?;
                } else {
                    self.local_statement()?;
                }
            }
            Token::Return => {
                self.return_statement()?;
                return Ok(true);
            }
            Token::Break => {
                self.next()?;
                self.break_statement()?;
                return Ok(true);
            }
            _ => self.expression_statement()?,
        }
        Ok(false)
    }

    fn condition(&mut self) -> Result<i32, Raise> {
        let mut exp = self.expression()?;
        if exp.place == Place::Nil {
            exp.place = Place::False;
        }
        self.go_if_true(&mut exp)?;
        Ok(exp.when_false)
    }

    fn if_statement(&mut self, line: u32) -> Result<(), Raise> {
        let mut ends = NO_JUMP;
        let mut otherwise = self.then_block()?;
        while self.token() == Token::ElseIf {
            let jump = self.jump()?;
            self.join(&mut ends, jump)?;
            self.patch_here(otherwise)?;
            otherwise = self.then_block()?;
        }
        if self.token() == Token::Else {
            let jump = self.jump()?;
            self.join(&mut ends, jump)?;
            self.patch_here(otherwise)?;
            self.next()?;
            self.block()?;
        } else {
            self.join(&mut ends, otherwise)?;
        }
        self.patch_here(ends)?;
        self.expect_match(Token::End, Token::If, line)
    }

    fn then_block(&mut self) -> Result<i32, Raise> {
        self.next()?;
        let otherwise = self.condition()?;
        self.expect(Token::Then)?;
        self.block()?;
        Ok(otherwise)
    }

    fn while_statement(&mut self, line: u32) -> Result<(), Raise> {
        self.next()?;
        let start = self.label();
        let exit = self.condition()?;
        self.open_block(true);
        self.expect(Token::Do)?;
        self.block()?;
        let back = self.jump()?;
        self.patch(back, start)?;
        self.expect_match(Token::End, Token::While, line)?;
        self.close_block()?;
        self.patch_here(exit)
    }

    fn repeat_statement(&mut self, line: u32) -> Result<(), Raise> {
        let start = self.label();
        self.open_block(true);
        self.open_block(false);
        self.next()?;
        self.chunk()?;
        self.expect_match(Token::Until, Token::Repeat, line)?;
        // The condition sees the variables of the body.
        let again = self.condition()?;
        let captured = self.func().blocks.last().is_some_and(|block| block.captured);
        if captured {
            // Their closures must be given the values before the body runs again.
            self.break_statement()?;
            self.patch_here(again)?;
            self.close_block()?;
            let back = self.jump()?;
            self.patch(back, start)?;
        } else {
            self.close_block()?;
            self.patch(again, start)?;
        }
        self.close_block()
    }

    fn break_statement(&mut self) -> Result<(), Raise> {
        let mut captured = false;
        let blocks = &self.func().blocks;
        let mut target = None;
        for (index, block) in blocks.iter().enumerate().rev() {
            if block.is_loop {
                target = Some((index, block.active as u32));
                break;
            }
            captured |= block.captured;
        }
        let Some((index, active)) = target else {
            return Err(self.lexer.syntax_error("no loop to break"));
        };
        if captured {
            self.emit_abc(Op::Close, active, 0, 0)?;
        }
        let jump = self.jump()?;
        let mut breaks = self.func().blocks[index].breaks;
        self.join(&mut breaks, jump)?;
        self.func().blocks[index].breaks = breaks;
        Ok(())
    }

    fn for_statement(&mut self, line: u32) -> Result<(), Raise> {
        self.open_block(true);
        self.next()?;
        let name = self.name()?;
        match self.token() {
            Token::Byte(b'=') => self.numeric_for(name, line)?,
            Token::Byte(b',') | Token::In => self.generic_for(name)?,
            _ => return Err(self.lexer.syntax_error("'=' or 'in' expected")),
        }
        self.expect_match(Token::End, Token::For, line)?;
        self.close_block()
    }

    fn numeric_for(&mut self, name: Gc<Str>, line: u32) -> Result<(), Raise> {
        let base = self.func().free;
        self.declare_hidden("(for index)", 0)?;
        self.declare_hidden("(for limit)", 1)?;
        self.declare_hidden("(for step)", 2)?;
        self.declare(name, 3)?;
        self.expect(Token::Byte(b'='))?;
        self.expression_to_register()?;
        self.expect(Token::Byte(b','))?;
        self.expression_to_register()?;
        if self.accept(Token::Byte(b','))? {
            self.expression_to_register()?;
        } else {
            let mut step = Exp::new(Place::Number(1.0));
            self.bring_to_next(&mut step)?;
        }
        self.for_body(base, line, 1, true)
    }

    fn expression_to_register(&mut self) -> Result<(), Raise> {
        let mut exp = self.expression()?;
        self.bring_to_next(&mut exp)
    }

    fn generic_for(&mut self, first: Gc<Str>) -> Result<(), Raise> {
        let base = self.func().free;
        self.declare_hidden("(for generator)", 0)?;
        self.declare_hidden("(for state)", 1)?;
        self.declare_hidden("(for control)", 2)?;
        self.declare(first, 3)?;
        let mut names = 1;
        while self.accept(Token::Byte(b','))? {
            let name = self.name()?;
            self.declare(name, 3 + names)?;
            names += 1;
        }
        self.expect(Token::In)?;
        let line = self.lexer.line;
        let (mut last, count) = self.expression_list()?;
        self.adjust(3, count, &mut last)?;
        // Values beyond the third were evaluated, and are dropped.
        self.func().free = base + 3;
        // The call of the iterator.
        self.check_stack(3)?;
        self.for_body(base, line, names as u32, false)
    }

    fn for_body(&mut self, base: u32, line: u32, names: u32, numeric: bool) -> Result<(), Raise> {
        // The variables of the program are declared already, behind the hidden ones.
        let total = names as usize + 3;
        let first = self.func().locals.len() - total;
        let own: Vec<LocalName> = self.func().locals.drain(first + 3..).collect();
        self.activate(3);
        self.func().locals.extend(own);
        self.expect(Token::Do)?;
        let prepare =
            if numeric { self.emit_abx(Op::ForPrep, base, no_jump_operand())? as i32 } else { self.jump()? };
        self.open_block(false);
        self.activate(names as usize);
        self.reserve(names)?;
        self.block()?;
        self.close_block()?;
        self.patch_here(prepare)?;
        if numeric {
            let end = self.emit_abx(Op::ForLoop, base, no_jump_operand())? as i32;
            self.fix_line(line);
            self.patch(end, prepare as usize + 1)
        } else {
            self.emit_abc(Op::TForLoop, base, 0, names)?;
            self.fix_line(line);
            let back = self.jump()?;
            self.patch(back, prepare as usize + 1)
        }
    }

    fn function_statement(&mut self, line: u32) -> Result<(), Raise> {
        self.next()?;
        let name = self.name()?;
        let mut variable = self.variable(name)?;
        let mut is_method = false;
        loop {
            match self.token() {
                Token::Byte(b'.') => self.field(&mut variable)?,
                Token::Byte(b':') => {
                    self.field(&mut variable)?;
                    is_method = true;
                    break;
                }
                _ => break,
            }
        }
        let mut body = self.body(is_method, line)?;
        self.store(&variable, &mut body)?;
        self.fix_line(line);
        Ok(())
    }

    fn local_function(&mut self) -> Result<(), Raise> {
        let name = self.name()?;
        self.declare(name, 0)?;
        let variable = Exp::new(Place::Local(self.func().free));
        self.reserve(1)?;
        // In scope already in its own body.
        self.activate(1);
        let line = self.lexer.line;
        let mut body = self.body(false, line)?;
        self.store(&variable, &mut body)?;
        let pc = self.pc() as u32;
        let func = self.func();
        if let Some(index) = func.active.last() {
            // Messages call it a local variable from here on.
            func.locals[*index as usize].start = pc;
        }
        Ok(())
    }

    fn local_statement(&mut self) -> Result<(), Raise> {
        let mut names = 0;
        loop {
            let name = self.name()?;
            self.declare(name, names)?;
            names += 1;
            if !self.accept(Token::Byte(b','))? {
                break;
            }
        }
        let (mut last, count) = if self.accept(Token::Byte(b'='))? {
            // The names are not in scope yet; functions in the list must not count them.
            self.expression_list()?
        } else {
            (Exp::new(Place::Void), 0)
        };
        self.adjust(names as u32, count, &mut last)?;
        self.activate(names);
        Ok(())
    }

    fn return_statement(&mut self) -> Result<(), Raise> {
        self.next()?;
        if self.block_ends() || self.token() == Token::Byte(b';') {
            return self.emit_return(0, Some(0));
        }
        let (mut last, count) = self.expression_list()?;
        let active = self.func().active.len() as u32;
        if last.is_open_list() {
            self.set_results(&last, None)?;
            if let Place::Call(pc) = last.place
                && count == 1
            {
                let call = &mut self.func().code[pc];
                *call = *call & !63 | Op::TailCall as u32;
            }
            return self.emit_return(active, None);
        }
        if count == 1 {
            let register = self.bring_to_any(&mut last)?;
            return self.emit_return(register, Some(1));
        }
        self.bring_to_next(&mut last)?;
        self.emit_return(active, Some(count))
    }

    fn expression_statement(&mut self) -> Result<(), Raise> {
        let exp = self.suffixed()?;
        if let Place::Call(pc) = exp.place {
            set_c(&mut self.func().code[pc], 1);
            return Ok(());
        }
        let mut targets = Vec::new();
        targets.push(exp);
        self.assignment(&mut targets)
    }

    /// An assignment, whose first target was read.
    fn assignment(&mut self, targets: &mut Vec<Exp>) -> Result<(), Raise> {
        loop {
            let target = *targets.last().expect("there is a first");
            let assignable = matches!(
                target.place,
                Place::Local(_) | Place::Upvalue(_) | Place::Global(_) | Place::Indexed(..)
            );
            if !assignable {
                return Err(self.lexer.syntax_error("syntax error"));
            }
            if !self.accept(Token::Byte(b','))? {
                break;
            }
            let next = self.suffixed()?;
            if let Place::Local(register) = next.place {
                self.keep_from_conflict(targets, register)?;
            }
            if targets.len() as u32 >= DEPTH_MAX - self.depth {
                return Err(self.limit((DEPTH_MAX - self.depth) as usize, "variables in assignment"));
            }
            targets.push(next);
        }
        self.expect(Token::Byte(b'='))?;
        let (mut last, count) = self.expression_list()?;
        let wanted = targets.len() as u32;
        if count == wanted {
            if last.is_open_list() {
                self.set_one(&mut last);
            }
            let target = targets.pop().expect("there is a first");
            self.store(&target, &mut last)?;
        } else {
            self.adjust(wanted, count, &mut last)?;
            if count > wanted {
                self.func().free -= count - wanted;
            }
        }
        while let Some(target) = targets.pop() {
            let mut value = Exp::new(Place::Register(self.func().free - 1));
            self.store(&target, &mut value)?;
        }
        Ok(())
    }

    fn set_one(&mut self, exp: &mut Exp) {
        match exp.place {
            Place::Call(pc) => exp.place = Place::Register(crate::opcode::a(self.func().code[pc]) as u32),
            Place::Vararg(pc) => {
                set_b(&mut self.func().code[pc], 2);
                exp.place = Place::Open(pc);
            }
            _ => {}
        }
    }

    /// A local variable is assigned to that earlier targets use as table or key: they get a copy of what it was.
    fn keep_from_conflict(&mut self, targets: &mut [Exp], register: u32) -> Result<(), Raise> {
        let copy = self.func().free;
        let mut conflict = false;
        for target in targets {
            if let Place::Indexed(table, key) = &mut target.place {
                for used in [table, key] {
                    if *used == register {
                        *used = copy;
                        conflict = true;
                    }
                }
            }
        }
        if conflict {
            self.emit_abc(Op::Move, copy, register, 0)?;
            self.reserve(1)?;
        }
        Ok(())
    }
}

fn no_jump_operand() -> u32 {
    (NO_JUMP + crate::opcode::JUMP_ZERO) as u32
}
