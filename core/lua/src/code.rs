//! The second half of the compiler: expressions that are known so far, and the instructions that they become.
//!
//! There is no syntax tree. The parser describes an expression by where its value is, or will be, and asks for it to
//! be brought to a register at the latest moment. Jumps whose target is not known yet form lists, threaded through
//! their own operands.

#![expect(
    clippy::cast_possible_truncation,
    reason = "places in a function's code and its registers have fewer than 18 bits: the compiler refuses what is longer"
)]

use crate::error::Raise;
use crate::lexer::Lexer;
use crate::opcode::{
    ARG_BX_MAX, ARG_C_MAX, CONSTANT, CONSTANT_MAX, JUMP_ZERO, LIST_BATCH, Op, REGISTERS_MAX, a, abc, abx, b,
    c, sbx, set_a, set_b, set_c, set_sbx,
};
use crate::table::Table;
use crate::value::{Gc, LocalName, Proto, Str, Val};
use alloc::vec::Vec;

/// The end of a list of jumps.
pub(crate) const NO_JUMP: i32 = -1;

/// Where the value of an expression is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    /// No value: an empty list.
    Void,
    Nil,
    True,
    False,
    /// A number that is not in the table of constants yet.
    Number(f64),
    Constant(u32),
    Local(u32),
    Upvalue(u32),
    /// A global variable, by the constant that is its name.
    Global(u32),
    /// An element: the register of the table, and register or constant of the key.
    Indexed(u32, u32),
    /// The outcome of the test before this jump.
    Jump(i32),
    /// The result of this instruction, whose register is to be chosen.
    Open(usize),
    /// In a register.
    Register(u32),
    /// The results of this call.
    Call(usize),
    /// The values of this VARARG.
    Vararg(usize),
}

/// An expression: its place, and the jumps that leave it when it is true, and when it is false.
#[derive(Clone, Copy)]
pub(crate) struct Exp {
    pub(crate) place: Place,
    pub(crate) when_true: i32,
    pub(crate) when_false: i32,
}

impl Exp {
    pub(crate) fn new(place: Place) -> Exp {
        Exp { place, when_true: NO_JUMP, when_false: NO_JUMP }
    }

    fn has_jumps(&self) -> bool {
        self.when_true != self.when_false
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self.place {
            Place::Number(number) if !self.has_jumps() => Some(number),
            _ => None,
        }
    }

    pub(crate) fn is_open_list(&self) -> bool {
        matches!(self.place, Place::Call(_) | Place::Vararg(_))
    }
}

/// A block of statements.
pub(crate) struct Block {
    pub(crate) breaks: i32,
    pub(crate) active: usize,
    /// A closure took one of its variables.
    pub(crate) captured: bool,
    pub(crate) is_loop: bool,
}

/// How a closure gets an upvalue: from a register of the function around it, or one of its upvalues.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Capture {
    Local(u32),
    Upvalue(u32),
}

/// A function while it is compiled.
pub(crate) struct Func {
    pub(crate) code: Vec<u32>,
    pub(crate) lines: Vec<u32>,
    constants: Vec<Val>,
    constant_index: Gc<Table>,
    nil_constant: Option<u32>,
    pub(crate) protos: Vec<Gc<Proto>>,
    pub(crate) locals: Vec<LocalName>,
    /// Variables in scope, by their index in `locals`; the position is the register.
    pub(crate) active: Vec<u32>,
    pub(crate) captures: Vec<(Capture, Gc<Str>)>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) free: u32,
    pub(crate) stack_max: u32,
    /// Jumps to the next instruction.
    pending: i32,
    /// The last instruction that something jumps to.
    last_target: usize,
    pub(crate) line_defined: u32,
    pub(crate) parameters: u32,
    pub(crate) vararg: bool,
    pub(crate) has_arg: bool,
    pub(crate) needs_arg: bool,
}

impl Func {
    pub(crate) fn new(constant_index: Gc<Table>, line_defined: u32) -> Func {
        Func {
            code: Vec::new(),
            lines: Vec::new(),
            constants: Vec::new(),
            constant_index,
            nil_constant: None,
            protos: Vec::new(),
            locals: Vec::new(),
            active: Vec::new(),
            captures: Vec::new(),
            blocks: Vec::new(),
            free: 0,
            stack_max: 2,
            pending: NO_JUMP,
            last_target: usize::MAX,
            line_defined,
            parameters: 0,
            vararg: false,
            has_arg: false,
            needs_arg: false,
        }
    }

    /// The finished function.
    pub(crate) fn finish(self, header: crate::heap::Header, source: Gc<Str>) -> Proto {
        let names: Vec<Gc<Str>> = self.captures.iter().map(|(_, name)| *name).collect();
        let bytes = size_of_val(self.code.as_slice())
            + size_of_val(self.lines.as_slice())
            + size_of_val(self.constants.as_slice())
            + size_of_val(self.protos.as_slice())
            + size_of_val(self.locals.as_slice())
            + size_of_val(names.as_slice());
        Proto {
            header,
            gray: None,
            code: self.code.into_boxed_slice(),
            constants: self.constants.into_boxed_slice(),
            protos: self.protos.into_boxed_slice(),
            lines: self.lines.into_boxed_slice(),
            locals: self.locals.into_boxed_slice(),
            upvalue_names: names.into_boxed_slice(),
            source,
            line_defined: self.line_defined,
            parameters: self.parameters as u8,
            vararg: self.vararg,
            needs_arg: self.needs_arg,
            has_arg: self.has_arg,
            stack_max: self.stack_max as u8,
            bytes,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Unary {
    Minus,
    Not,
    Len,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Concat,
    Ne,
    Eq,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
}

/// The compiler: the lexer, and the functions in each other that are being compiled, the innermost last.
pub(crate) struct Compiler<'a> {
    pub(crate) lexer: Lexer<'a>,
    pub(crate) funcs: Vec<Func>,
    /// Memory that the compiler itself uses.
    pub(crate) charged: usize,
    pub(crate) depth: u32,
}

impl Compiler<'_> {
    #[inline(always)]
    pub(crate) fn func(&mut self) -> &mut Func {
        self.funcs.last_mut().expect("a function is being compiled")
    }

    pub(crate) fn account(&mut self, bytes: usize) -> Result<(), Raise> {
        self.lexer.vm.heap.charge(bytes)?;
        self.charged += bytes;
        Ok(())
    }

    pub(crate) fn pc(&mut self) -> usize {
        self.func().code.len()
    }

    fn emit(&mut self, instruction: u32) -> Result<usize, Raise> {
        self.resolve_pending()?;
        self.account(16)?;
        let line = self.lexer.last_line;
        let func = self.func();
        func.code.push(instruction);
        func.lines.push(line);
        if func.code.len() > ARG_BX_MAX as usize * 8 {
            return Err(self.lexer.error_near("code size overflow", None));
        }
        Ok(self.pc() - 1)
    }

    pub(crate) fn emit_abc(&mut self, op: Op, a: u32, b: u32, c: u32) -> Result<usize, Raise> {
        self.emit(abc(op, a, b, c))
    }

    pub(crate) fn emit_abx(&mut self, op: Op, a: u32, bx: u32) -> Result<usize, Raise> {
        self.emit(abx(op, a, bx))
    }

    /// Blames the last instruction's errors on another line.
    pub(crate) fn fix_line(&mut self, line: u32) {
        if let Some(last) = self.func().lines.last_mut() {
            *last = line;
        }
    }

    // Registers.

    pub(crate) fn check_stack(&mut self, count: u32) -> Result<(), Raise> {
        let size = self.func().free + count;
        if size > self.func().stack_max {
            if size >= REGISTERS_MAX {
                return Err(self.lexer.syntax_error("function or expression too complex"));
            }
            self.func().stack_max = size;
        }
        Ok(())
    }

    pub(crate) fn reserve(&mut self, count: u32) -> Result<(), Raise> {
        self.check_stack(count)?;
        self.func().free += count;
        Ok(())
    }

    pub(crate) fn free_register(&mut self, register: u32) {
        let func = self.func();
        if register & CONSTANT == 0 && register as usize >= func.active.len() {
            func.free -= 1;
            debug_assert_eq!(func.free, register, "registers are freed in the order of a stack");
        }
    }

    pub(crate) fn free_exp(&mut self, exp: &Exp) {
        if let Place::Register(register) = exp.place {
            self.free_register(register);
        }
    }

    // Constants.

    fn add_constant(&mut self, key: Val) -> Result<u32, Raise> {
        if let Val::Number(index) = self.func().constant_index.get(&key) {
            return Ok(index as u32);
        }
        let index = self.push_constant(key)?;
        let mut table = self.func().constant_index;
        table.set(&mut self.lexer.vm.heap, key, Val::Number(f64::from(index)))?;
        Ok(index)
    }

    fn push_constant(&mut self, value: Val) -> Result<u32, Raise> {
        self.account(2 * size_of::<Val>())?;
        let index = self.func().constants.len() as u32;
        if index > ARG_BX_MAX {
            return Err(self.lexer.error_near("constant table overflow", None));
        }
        self.func().constants.push(value);
        Ok(index)
    }

    pub(crate) fn string_constant(&mut self, string: Gc<Str>) -> Result<u32, Raise> {
        self.add_constant(Val::Str(string))
    }

    fn nil_constant(&mut self) -> Result<u32, Raise> {
        if let Some(index) = self.func().nil_constant {
            return Ok(index);
        }
        let index = self.push_constant(Val::Nil)?;
        self.func().nil_constant = Some(index);
        Ok(index)
    }

    // Jumps.

    pub(crate) fn jump(&mut self) -> Result<i32, Raise> {
        // Jumps to this one may as well go where it goes.
        let pending = core::mem::replace(&mut self.func().pending, NO_JUMP);
        let mut jump = self.emit(abx(Op::Jmp, 0, (NO_JUMP + JUMP_ZERO) as u32))? as i32;
        self.join(&mut jump, pending)?;
        Ok(jump)
    }

    /// A place to jump to. What is before must not be merged with what follows.
    pub(crate) fn label(&mut self) -> usize {
        let func = self.func();
        func.last_target = func.code.len();
        func.last_target
    }

    fn jump_target(&mut self, pc: i32) -> i32 {
        let offset = sbx(self.func().code[pc as usize]);
        if offset == NO_JUMP { NO_JUMP } else { pc + 1 + offset }
    }

    fn set_jump(&mut self, pc: i32, target: i32) -> Result<(), Raise> {
        let offset = target - (pc + 1);
        if offset.abs() > JUMP_ZERO {
            return Err(self.lexer.syntax_error("control structure too long"));
        }
        set_sbx(&mut self.func().code[pc as usize], offset);
        Ok(())
    }

    /// Appends one list of jumps to another.
    pub(crate) fn join(&mut self, list: &mut i32, other: i32) -> Result<(), Raise> {
        if other == NO_JUMP {
            return Ok(());
        }
        if *list == NO_JUMP {
            *list = other;
            return Ok(());
        }
        let mut at = *list;
        loop {
            let next = self.jump_target(at);
            if next == NO_JUMP {
                return self.set_jump(at, other);
            }
            at = next;
        }
    }

    /// The test that decides about a jump, or the jump itself.
    pub(crate) fn control(&mut self, jump: i32) -> usize {
        let code = &self.func().code;
        let jump = jump as usize;
        if jump >= 1 && Op::of(code[jump - 1]).is_test() { jump - 1 } else { jump }
    }

    /// Whether some jump of the list brings no value along.
    fn needs_value(&mut self, mut list: i32) -> bool {
        while list != NO_JUMP {
            let control = self.control(list);
            if Op::of(self.func().code[control]) != Op::TestSet {
                return true;
            }
            list = self.jump_target(list);
        }
        false
    }

    /// Gives the test of a jump the register for its value, or lets it drop the value.
    fn set_test_register(&mut self, jump: i32, register: Option<u32>) -> bool {
        let control = self.control(jump);
        let instruction = &mut self.func().code[control];
        if Op::of(*instruction) != Op::TestSet {
            return false;
        }
        match register {
            Some(register) if register != b(*instruction) => set_a(instruction, register),
            _ => *instruction = abc(Op::Test, b(*instruction), 0, c(*instruction)),
        }
        true
    }

    pub(crate) fn drop_values(&mut self, mut list: i32) {
        while list != NO_JUMP {
            self.set_test_register(list, None);
            list = self.jump_target(list);
        }
    }

    fn patch_values(
        &mut self,
        mut list: i32,
        with_value: i32,
        register: Option<u32>,
        without: i32,
    ) -> Result<(), Raise> {
        while list != NO_JUMP {
            let next = self.jump_target(list);
            let has_value = self.set_test_register(list, register);
            self.set_jump(list, if has_value { with_value } else { without })?;
            list = next;
        }
        Ok(())
    }

    fn resolve_pending(&mut self) -> Result<(), Raise> {
        let pending = core::mem::replace(&mut self.func().pending, NO_JUMP);
        if pending != NO_JUMP {
            let here = self.pc() as i32;
            self.patch_values(pending, here, None, here)?;
        }
        Ok(())
    }

    /// Lets jumps go to a place.
    pub(crate) fn patch(&mut self, list: i32, target: usize) -> Result<(), Raise> {
        if target == self.pc() {
            return self.patch_here(list);
        }
        self.patch_values(list, target as i32, None, target as i32)
    }

    /// Lets jumps go to the next instruction.
    pub(crate) fn patch_here(&mut self, list: i32) -> Result<(), Raise> {
        self.label();
        let mut pending = self.func().pending;
        self.join(&mut pending, list)?;
        self.func().pending = pending;
        Ok(())
    }

    // Values.

    pub(crate) fn load_nil(&mut self, from: u32, count: u32) -> Result<(), Raise> {
        let func = self.func();
        if func.last_target != func.code.len()
            && func.pending == NO_JUMP
            && let Some(previous) = func.code.last_mut()
            && Op::of(*previous) == Op::LoadNil
        {
            let (first, last) = (a(*previous) as u32, b(*previous));
            if first <= from && from <= last + 1 {
                set_b(previous, last.max(from + count - 1));
                return Ok(());
            }
        }
        self.emit_abc(Op::LoadNil, from, from + count - 1, 0)?;
        Ok(())
    }

    pub(crate) fn emit_return(&mut self, first: u32, count: Option<u32>) -> Result<(), Raise> {
        self.emit_abc(Op::Return, first, count.map_or(0, |count| count + 1), 0)?;
        Ok(())
    }

    /// How many results an open list gives; `None` for all.
    pub(crate) fn set_results(&mut self, exp: &Exp, count: Option<u32>) -> Result<(), Raise> {
        let operand = count.map_or(0, |count| count + 1);
        match exp.place {
            Place::Call(pc) => set_c(&mut self.func().code[pc], operand),
            Place::Vararg(pc) => {
                let free = self.func().free;
                let instruction = &mut self.func().code[pc];
                set_b(instruction, operand);
                set_a(instruction, free);
                self.reserve(1)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn set_one_result(&mut self, exp: &mut Exp) {
        match exp.place {
            Place::Call(pc) => exp.place = Place::Register(a(self.func().code[pc]) as u32),
            Place::Vararg(pc) => {
                set_b(&mut self.func().code[pc], 2);
                exp.place = Place::Open(pc);
            }
            _ => {}
        }
    }

    /// The constant with this index, if it is a short string that fits the operand of a field instruction.
    fn field_constant(&mut self, operand: u32) -> Option<u32> {
        if operand & CONSTANT == 0 {
            return None;
        }
        let index = operand & !CONSTANT;
        match self.func().constants[index as usize] {
            Val::Str(name) if name.is_short() => Some(index),
            _ => None,
        }
    }

    /// Makes a variable a value.
    pub(crate) fn discharge(&mut self, exp: &mut Exp) -> Result<(), Raise> {
        exp.place = match exp.place {
            Place::Local(register) => Place::Register(register),
            Place::Upvalue(index) => Place::Open(self.emit_abc(Op::GetUpvalue, 0, index, 0)?),
            Place::Global(name) => Place::Open(self.emit_abx(Op::GetGlobal, 0, name)?),
            Place::Indexed(table, key) => {
                self.free_register(key);
                self.free_register(table);
                let field = self.field_constant(key);
                Place::Open(match field {
                    Some(name) => self.emit_abc(Op::GetField, 0, table, name)?,
                    None => self.emit_abc(Op::GetTable, 0, table, key)?,
                })
            }
            Place::Call(_) | Place::Vararg(_) => {
                self.set_one_result(exp);
                exp.place
            }
            other => other,
        };
        Ok(())
    }

    fn discharge_to(&mut self, exp: &mut Exp, register: u32) -> Result<(), Raise> {
        self.discharge(exp)?;
        match exp.place {
            Place::Nil => self.load_nil(register, 1)?,
            Place::True | Place::False => {
                self.emit_abc(Op::LoadBool, register, u32::from(exp.place == Place::True), 0)?;
            }
            Place::Constant(index) => {
                self.emit_abx(Op::LoadK, register, index)?;
            }
            Place::Number(number) => {
                let index = self.add_constant(Val::Number(number))?;
                self.emit_abx(Op::LoadK, register, index)?;
            }
            Place::Open(pc) => set_a(&mut self.func().code[pc], register),
            Place::Register(from) => {
                if from != register {
                    self.emit_abc(Op::Move, register, from, 0)?;
                }
            }
            _ => return Ok(()),
        }
        exp.place = Place::Register(register);
        Ok(())
    }

    pub(crate) fn discharge_any(&mut self, exp: &mut Exp) -> Result<(), Raise> {
        if let Place::Register(_) = exp.place {
            return Ok(());
        }
        self.reserve(1)?;
        let register = self.func().free - 1;
        self.discharge_to(exp, register)
    }

    fn bring_to(&mut self, exp: &mut Exp, register: u32) -> Result<(), Raise> {
        self.discharge_to(exp, register)?;
        if let Place::Jump(jump) = exp.place {
            self.join(&mut exp.when_true, jump)?;
        }
        if exp.has_jumps() {
            let (mut load_false, mut load_true) = (NO_JUMP, NO_JUMP);
            if self.needs_value(exp.when_true) || self.needs_value(exp.when_false) {
                let over = if let Place::Jump(_) = exp.place { NO_JUMP } else { self.jump()? };
                self.label();
                load_false = self.emit_abc(Op::LoadBool, register, 0, 1)? as i32;
                self.label();
                load_true = self.emit_abc(Op::LoadBool, register, 1, 0)? as i32;
                self.patch_here(over)?;
            }
            let end = self.label() as i32;
            self.patch_values(exp.when_false, end, Some(register), load_false)?;
            self.patch_values(exp.when_true, end, Some(register), load_true)?;
        }
        *exp = Exp::new(Place::Register(register));
        Ok(())
    }

    /// Brings the value to a new register.
    pub(crate) fn bring_to_next(&mut self, exp: &mut Exp) -> Result<(), Raise> {
        self.discharge(exp)?;
        self.free_exp(exp);
        self.reserve(1)?;
        let register = self.func().free - 1;
        self.bring_to(exp, register)
    }

    /// Brings the value to some register, and says which.
    pub(crate) fn bring_to_any(&mut self, exp: &mut Exp) -> Result<u32, Raise> {
        self.discharge(exp)?;
        if let Place::Register(register) = exp.place {
            if !exp.has_jumps() {
                return Ok(register);
            }
            if register as usize >= self.func().active.len() {
                self.bring_to(exp, register)?;
                return Ok(register);
            }
        }
        self.bring_to_next(exp)?;
        match exp.place {
            Place::Register(register) => Ok(register),
            _ => unreachable!("it was just brought there"),
        }
    }

    pub(crate) fn settle(&mut self, exp: &mut Exp) -> Result<(), Raise> {
        if exp.has_jumps() {
            self.bring_to_any(exp)?;
            return Ok(());
        }
        self.discharge(exp)
    }

    /// Brings the value where an instruction can name it: a register, or a constant.
    pub(crate) fn operand(&mut self, exp: &mut Exp) -> Result<u32, Raise> {
        self.settle(exp)?;
        let index = match exp.place {
            Place::Nil | Place::True | Place::False | Place::Number(_)
                if self.func().constants.len() as u32 > CONSTANT_MAX =>
            {
                None
            }
            Place::Nil => Some(self.nil_constant()?),
            Place::True => Some(self.add_constant(Val::Bool(true))?),
            Place::False => Some(self.add_constant(Val::Bool(false))?),
            Place::Number(number) => Some(self.add_constant(Val::Number(number))?),
            Place::Constant(index) => Some(index),
            _ => None,
        };
        if let Some(index) = index
            && index <= CONSTANT_MAX
        {
            exp.place = Place::Constant(index);
            return Ok(index | CONSTANT);
        }
        self.bring_to_any(exp)
    }

    pub(crate) fn store(&mut self, variable: &Exp, value: &mut Exp) -> Result<(), Raise> {
        match variable.place {
            Place::Local(register) => {
                self.free_exp(value);
                return self.bring_to(value, register);
            }
            Place::Upvalue(index) => {
                let register = self.bring_to_any(value)?;
                self.emit_abc(Op::SetUpvalue, register, index, 0)?;
            }
            Place::Global(name) => {
                let register = self.bring_to_any(value)?;
                self.emit_abx(Op::SetGlobal, register, name)?;
            }
            Place::Indexed(table, key) => {
                let operand = self.operand(value)?;
                match self.field_constant(key) {
                    Some(name) => self.emit_abc(Op::SetField, table, name, operand)?,
                    None => self.emit_abc(Op::SetTable, table, key, operand)?,
                };
            }
            _ => unreachable!("the parser checks what is assigned to"),
        }
        self.free_exp(value);
        Ok(())
    }

    /// `object:name`: the method and the object in two new registers.
    pub(crate) fn method(&mut self, object: &mut Exp, name: &mut Exp) -> Result<(), Raise> {
        let from = self.bring_to_any(object)?;
        self.free_exp(object);
        let register = self.func().free;
        self.reserve(2)?;
        let name_operand = self.operand(name)?;
        self.emit_abc(Op::Method, register, from, name_operand)?;
        self.free_exp(name);
        object.place = Place::Register(register);
        Ok(())
    }

    pub(crate) fn indexed(&mut self, table: &mut Exp, key: &mut Exp) -> Result<(), Raise> {
        let operand = self.operand(key)?;
        if let Place::Register(register) | Place::Local(register) = table.place {
            table.place = Place::Indexed(register, operand);
        }
        Ok(())
    }

    /// Stores elements that wait in registers behind the table; `None` for an open number of them.
    pub(crate) fn set_list(&mut self, table: u32, done: u32, count: Option<u32>) -> Result<(), Raise> {
        let batch = (done - 1) / LIST_BATCH + 1;
        let operand = count.unwrap_or(0);
        if batch <= ARG_C_MAX {
            self.emit_abc(Op::SetList, table, operand, batch)?;
        } else {
            self.emit_abc(Op::SetList, table, operand, 0)?;
            // Marked as an instruction, so that code that looks at all of them need not know.
            self.emit(batch << 6 | Op::Move as u32)?;
        }
        self.func().free = table + 1;
        Ok(())
    }
}
