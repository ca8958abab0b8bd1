//! Operators: what they do with expressions, and the tests and jumps that comparisons, `and` and `or` become.

use crate::code::{Binary, Compiler, Exp, NO_JUMP, Place, Unary};
use crate::error::Raise;
use crate::meta::Event;
use crate::number;
use crate::opcode::{CONSTANT, Op, a, b, set_a, set_b};

impl Compiler<'_> {
    fn invert(&mut self, jump: i32) {
        let control = self.control(jump);
        let instruction = &mut self.func().code[control];
        let inverted = u32::from(a(*instruction) == 0);
        set_a(instruction, inverted);
    }

    fn jump_on(&mut self, exp: &mut Exp, condition: bool) -> Result<i32, Raise> {
        if let Place::Open(pc) = exp.place {
            let instruction = self.func().code[pc];
            if Op::of(instruction) == Op::Not && pc + 1 == self.pc() {
                // The negation goes, and the test is the other way round.
                self.func().code.pop();
                self.func().lines.pop();
                return self.test_jump(Op::Test, b(instruction), 0, !condition);
            }
        }
        self.discharge_any(exp)?;
        self.free_exp(exp);
        let Place::Register(register) = exp.place else { unreachable!("it was just brought there") };
        self.test_jump(Op::TestSet, 0xff, register, condition)
    }

    fn test_jump(&mut self, op: Op, a: u32, b: u32, condition: bool) -> Result<i32, Raise> {
        self.emit_abc(op, a, b, u32::from(condition))?;
        self.jump()
    }

    /// Goes on if the expression is true, and jumps otherwise.
    pub(crate) fn go_if_true(&mut self, exp: &mut Exp) -> Result<(), Raise> {
        self.discharge(exp)?;
        let jump = match exp.place {
            Place::Constant(_) | Place::Number(_) | Place::True => NO_JUMP,
            Place::Jump(jump) => {
                self.invert(jump);
                jump
            }
            _ => self.jump_on(exp, false)?,
        };
        self.join(&mut exp.when_false, jump)?;
        self.patch_here(exp.when_true)?;
        exp.when_true = NO_JUMP;
        Ok(())
    }

    /// Goes on if the expression is false, and jumps otherwise.
    fn go_if_false(&mut self, exp: &mut Exp) -> Result<(), Raise> {
        self.discharge(exp)?;
        let jump = match exp.place {
            Place::Nil | Place::False => NO_JUMP,
            Place::Jump(jump) => jump,
            _ => self.jump_on(exp, true)?,
        };
        self.join(&mut exp.when_true, jump)?;
        self.patch_here(exp.when_false)?;
        exp.when_false = NO_JUMP;
        Ok(())
    }

    fn not(&mut self, exp: &mut Exp) -> Result<(), Raise> {
        self.discharge(exp)?;
        exp.place = match exp.place {
            Place::Nil | Place::False => Place::True,
            Place::Constant(_) | Place::Number(_) | Place::True => Place::False,
            Place::Jump(jump) => {
                self.invert(jump);
                Place::Jump(jump)
            }
            _ => {
                self.discharge_any(exp)?;
                self.free_exp(exp);
                let Place::Register(register) = exp.place else { unreachable!("it was just brought there") };
                Place::Open(self.emit_abc(Op::Not, 0, register, 0)?)
            }
        };
        core::mem::swap(&mut exp.when_true, &mut exp.when_false);
        self.drop_values(exp.when_true);
        self.drop_values(exp.when_false);
        Ok(())
    }

    pub(crate) fn unary(&mut self, op: Unary, exp: &mut Exp) -> Result<(), Raise> {
        match op {
            Unary::Not => self.not(exp),
            Unary::Minus => {
                if let Some(number) = exp.number() {
                    exp.place = Place::Number(-number);
                    return Ok(());
                }
                let register = self.bring_to_any(exp)?;
                self.free_exp(exp);
                exp.place = Place::Open(self.emit_abc(Op::Unm, 0, register, 0)?);
                Ok(())
            }
            Unary::Len => {
                let register = self.bring_to_any(exp)?;
                self.free_exp(exp);
                exp.place = Place::Open(self.emit_abc(Op::Len, 0, register, 0)?);
                Ok(())
            }
        }
    }

    /// What is to be done with the left side before the right one is read.
    pub(crate) fn infix(&mut self, op: Binary, left: &mut Exp) -> Result<(), Raise> {
        match op {
            Binary::And => self.go_if_true(left),
            Binary::Or => self.go_if_false(left),
            Binary::Concat => self.bring_to_next(left),
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Mod | Binary::Pow => {
                if left.number().is_none() {
                    self.operand(left)?;
                }
                Ok(())
            }
            _ => self.operand(left).map(|_| ()),
        }
    }

    pub(crate) fn binary(&mut self, op: Binary, left: &mut Exp, right: &mut Exp) -> Result<(), Raise> {
        match op {
            Binary::And => {
                self.discharge(right)?;
                self.join(&mut right.when_false, left.when_false)?;
                *left = *right;
                Ok(())
            }
            Binary::Or => {
                self.discharge(right)?;
                self.join(&mut right.when_true, left.when_true)?;
                *left = *right;
                Ok(())
            }
            Binary::Concat => self.concat(left, right),
            Binary::Add => self.arith(Op::Add, Event::Add, left, right),
            Binary::Sub => self.arith(Op::Sub, Event::Sub, left, right),
            Binary::Mul => self.arith(Op::Mul, Event::Mul, left, right),
            Binary::Div => self.arith(Op::Div, Event::Div, left, right),
            Binary::Mod => self.arith(Op::Mod, Event::Mod, left, right),
            Binary::Pow => self.arith(Op::Pow, Event::Pow, left, right),
            Binary::Eq => self.compare(Op::Eq, true, left, right),
            Binary::Ne => self.compare(Op::Eq, false, left, right),
            Binary::Lt => self.compare(Op::Lt, true, left, right),
            Binary::Le => self.compare(Op::Le, true, left, right),
            Binary::Gt => self.compare_swapped(Op::Lt, left, right),
            Binary::Ge => self.compare_swapped(Op::Le, left, right),
        }
    }

    fn concat(&mut self, left: &mut Exp, right: &mut Exp) -> Result<(), Raise> {
        self.settle(right)?;
        let Place::Register(first) = left.place else { unreachable!("`infix` brought it there") };
        if let Place::Open(pc) = right.place
            && Op::of(self.func().code[pc]) == Op::Concat
        {
            // One instruction for the whole chain.
            self.free_exp(left);
            set_b(&mut self.func().code[pc], first);
            left.place = right.place;
            return Ok(());
        }
        self.bring_to_next(right)?;
        let Place::Register(last) = right.place else { unreachable!("it was just brought there") };
        self.free_exp(right);
        self.free_exp(left);
        left.place = Place::Open(self.emit_abc(Op::Concat, 0, first, last)?);
        Ok(())
    }

    fn arith(&mut self, op: Op, event: Event, left: &mut Exp, right: &mut Exp) -> Result<(), Raise> {
        if let (Some(x), Some(y)) = (left.number(), right.number())
            && let Some(value) = fold(event, x, y)
        {
            left.place = Place::Number(value);
            return Ok(());
        }
        let y = self.operand(right)?;
        let x = self.operand(left)?;
        self.free_operands(x, y);
        left.place = Place::Open(self.emit_abc(op, 0, x, y)?);
        Ok(())
    }

    /// The one that was taken last goes first.
    fn free_operands(&mut self, x: u32, y: u32) {
        let in_register = |operand: u32| operand & CONSTANT == 0;
        if in_register(x) && in_register(y) && x > y {
            self.free_register(x);
            self.free_register(y);
        } else {
            self.free_register(y);
            self.free_register(x);
        }
    }

    fn compare(&mut self, op: Op, condition: bool, left: &mut Exp, right: &mut Exp) -> Result<(), Raise> {
        let x = self.operand(left)?;
        let y = self.operand(right)?;
        self.free_operands(x, y);
        self.emit_abc(op, u32::from(condition), x, y)?;
        left.place = Place::Jump(self.jump()?);
        Ok(())
    }

    fn compare_swapped(&mut self, op: Op, left: &mut Exp, right: &mut Exp) -> Result<(), Raise> {
        let x = self.operand(left)?;
        let y = self.operand(right)?;
        self.free_operands(x, y);
        self.emit_abc(op, 1, y, x)?;
        left.place = Place::Jump(self.jump()?);
        Ok(())
    }
}

/// The result of an operation on constants; none where it would be no number, which constants cannot be.
fn fold(event: Event, x: f64, y: f64) -> Option<f64> {
    let value = match event {
        Event::Add => x + y,
        Event::Sub => x - y,
        Event::Mul => x * y,
        Event::Div if y != 0.0 => x / y,
        Event::Mod if y != 0.0 => number::modulo(x, y),
        Event::Pow => number::power(x, y),
        _ => return None,
    };
    (!value.is_nan()).then_some(value)
}
