//! Instructions: 32 bits, a register machine like that of Lua 5.1.
//!
//! ```text
//! operation 6 | A 8 | C 9 | B 9        from the lowest bit
//! operation 6 | A 8 | Bx 18, or sBx around 2^17 - 1
//! ```
//! B and C from 256 on name a constant where the operation takes a register or a constant ("RK").

/// Registers a function can use.
pub(crate) const REGISTERS_MAX: u32 = 250;
/// Set in an operand that is a constant.
pub(crate) const CONSTANT: u32 = 256;
/// The largest constant that fits such an operand.
pub(crate) const CONSTANT_MAX: u32 = 255;
pub(crate) const ARG_C_MAX: u32 = 511;
pub(crate) const ARG_BX_MAX: u32 = (1 << 18) - 1;
pub(crate) const JUMP_ZERO: i32 = (ARG_BX_MAX >> 1) as i32;
/// Elements that one SETLIST stores. Few in Miri, where a list of so many batches that their number needs an
/// instruction of its own must be short.
pub(crate) const LIST_BATCH: u32 = if cfg!(miri) { 2 } else { 50 };

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(u8)]
pub(crate) enum Op {
    /// R(A) := R(B)
    Move,
    /// R(A) := K(Bx)
    LoadK,
    /// R(A) := B ~= 0; skips the next instruction if C
    LoadBool,
    /// R(A), ..., R(B) := nil
    LoadNil,
    /// R(A) := Upvalue[B]
    GetUpvalue,
    /// R(A) := Globals[K(Bx)]
    GetGlobal,
    /// R(A) := R(B)[RK(C)]
    GetTable,
    /// R(A) := R(B)[K(C)], a short string
    GetField,
    /// Globals[K(Bx)] := R(A)
    SetGlobal,
    /// Upvalue[B] := R(A)
    SetUpvalue,
    /// R(A)[RK(B)] := RK(C)
    SetTable,
    /// R(A)[K(B)] := RK(C), the key a short string
    SetField,
    /// R(A) := {} with sizes B and C
    NewTable,
    /// R(A+1) := R(B); R(A) := R(B)[RK(C)]
    Method,
    /// R(A) := RK(B) + RK(C), and so on
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    /// R(A) := -R(B)
    Unm,
    /// R(A) := not R(B)
    Not,
    /// R(A) := #R(B)
    Len,
    /// R(A) := R(B) .. ... .. R(C)
    Concat,
    /// pc += sBx
    Jmp,
    /// if (RK(B) == RK(C)) ~= A then pc++
    Eq,
    Lt,
    Le,
    /// if R(A) is not as true as C then pc++
    Test,
    /// if R(B) is as true as C then R(A) := R(B) else pc++
    TestSet,
    /// R(A), ... := R(A)(R(A+1), ... B-1 of them), C-1 results; 0 is up to the top
    Call,
    TailCall,
    /// return R(A), ... B-1 of them
    Return,
    /// R(A) += R(A+2); if not past R(A+1) then { pc += sBx; R(A+3) := R(A) }
    ForLoop,
    /// R(A) -= R(A+2); pc += sBx
    ForPrep,
    /// R(A+3), ... C of them := R(A)(R(A+1), R(A+2)); if R(A+3) is nil then pc++ else R(A+2) := R(A+3)
    TForLoop,
    /// R(A)[(C-1) * 50 + i] := R(A+i), 1 <= i <= B
    SetList,
    /// closes upvalues from R(A) on
    Close,
    /// R(A) := closure of Proto[Bx]; Move and GetUpvalue instructions follow, one per upvalue
    Closure,
    /// R(A), ... := the variable arguments, B-1 of them
    Vararg,
}

const COUNT: u8 = Op::Vararg as u8 + 1;

impl Op {
    #[inline(always)]
    pub(crate) fn of(instruction: u32) -> Op {
        let number = (instruction & 63) as u8;
        debug_assert!(number < COUNT);
        // SAFETY: only the compiler in this crate makes instructions, from values of this type.
        unsafe { core::mem::transmute::<u8, Op>(number) }
    }

    /// Whether the operation sets register A.
    pub(crate) fn sets_a(self) -> bool {
        !matches!(
            self,
            Op::SetGlobal
                | Op::SetUpvalue
                | Op::SetTable
                | Op::SetField
                | Op::Jmp
                | Op::Eq
                | Op::Lt
                | Op::Le
                | Op::Test
                | Op::Return
                | Op::TForLoop
                | Op::SetList
                | Op::Close
        )
    }

    /// Whether the next instruction is the jump that this one decides about.
    pub(crate) fn is_test(self) -> bool {
        matches!(self, Op::Eq | Op::Lt | Op::Le | Op::Test | Op::TestSet | Op::TForLoop)
    }
}

#[inline(always)]
pub(crate) fn a(instruction: u32) -> usize {
    (instruction >> 6 & 0xff) as usize
}

#[inline(always)]
pub(crate) fn b(instruction: u32) -> u32 {
    instruction >> 23
}

#[inline(always)]
pub(crate) fn c(instruction: u32) -> u32 {
    instruction >> 14 & 0x1ff
}

#[inline(always)]
pub(crate) fn bx(instruction: u32) -> usize {
    (instruction >> 14) as usize
}

#[inline(always)]
pub(crate) fn sbx(instruction: u32) -> i32 {
    (instruction >> 14) as i32 - JUMP_ZERO
}

pub(crate) fn abc(op: Op, a: u32, b: u32, c: u32) -> u32 {
    op as u32 | a << 6 | c << 14 | b << 23
}

pub(crate) fn abx(op: Op, a: u32, bx: u32) -> u32 {
    op as u32 | a << 6 | bx << 14
}

pub(crate) fn set_a(instruction: &mut u32, a: u32) {
    *instruction = *instruction & !(0xff << 6) | a << 6;
}

pub(crate) fn set_b(instruction: &mut u32, b: u32) {
    *instruction = *instruction & !(0x1ff << 23) | b << 23;
}

pub(crate) fn set_c(instruction: &mut u32, c: u32) {
    *instruction = *instruction & !(0x1ff << 14) | c << 14;
}

pub(crate) fn set_sbx(instruction: &mut u32, sbx: i32) {
    *instruction = *instruction & 0x3fff | ((sbx + JUMP_ZERO) as u32) << 14;
}

/// A size as NEWTABLE's operands hold it: `eeeeexxx` is `1xxx * 2^(eeeee - 1)`.
pub(crate) fn pack_size(mut size: u32) -> u32 {
    let mut exponent = 0;
    while size >= 16 {
        size = size.div_ceil(2);
        exponent += 1;
    }
    if size < 8 { size } else { (exponent + 1) << 3 | (size - 8) }
}

pub(crate) fn unpack_size(packed: u32) -> u32 {
    let exponent = packed >> 3 & 31;
    if exponent == 0 { packed } else { ((packed & 7) + 8) << (exponent - 1) }
}
