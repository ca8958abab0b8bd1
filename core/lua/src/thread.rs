//! A coroutine: a stack of values and a stack of calls. The main program is one too.

use crate::error::Raise;
use crate::heap::{Header, Heap, Kind};
use crate::table::Table;
use crate::value::{Gc, Upvalue, Val};
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

#[repr(C)]
pub(crate) struct Thread {
    pub(crate) header: Header,
    pub(crate) gray: Option<NonNull<Header>>,
    pub(crate) stack: *mut Val,
    pub(crate) stack_len: usize,
    /// The first free place, as natives see it; Lua functions use it only for an open number of values.
    pub(crate) top: usize,
    pub(crate) frames: Vec<Frame>,
    /// Upvalues that point into the stack, the highest first.
    pub(crate) open: Option<Gc<Upvalue>>,
    pub(crate) globals: Gc<Table>,
    pub(crate) status: Status,
    /// Who resumed it.
    pub(crate) parent: Option<Gc<Thread>>,
    /// Native functions on this stack that wait for a Lua function: it cannot yield meanwhile.
    pub(crate) nested: u32,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Status {
    Suspended,
    Running,
    /// It resumed another one.
    Normal,
    Dead,
}

/// A call.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// Where the function lies on the stack, and where its results go.
    pub(crate) func: u32,
    pub(crate) base: u32,
    /// For a Lua function that is not on top: the next instruction.
    pub(crate) pc: *const u32,
    /// How many results the caller wants; -1 for all.
    pub(crate) want: i32,
    /// Calls that this one has replaced.
    pub(crate) tail_calls: u32,
    pub(crate) kind: FrameKind,
    /// The caller is native code, to which control returns.
    pub(crate) fresh: bool,
    pub(crate) after: After,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum FrameKind {
    Lua,
    Native,
    /// A library function that goes on step by step.
    Steps,
    Pcall,
    Xpcall,
    /// The handler of an `xpcall` is running.
    Handler,
    Resume,
    Wrap,
    Yield,
}

/// What an instruction that called a metamethod does with the result.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum After {
    /// The call was one in the program.
    Nothing,
    /// Into a register.
    Store(u8),
    /// Skips the next instruction unless the result's truth is this.
    Test(bool),
    Discard,
    /// A step of `for ... in`, whose loop's first register this is: on with the loop, or past it.
    Iterate(u8),
}

/// Places beyond what a native function's arguments take, so that most need not look.
pub(crate) const NATIVE_STACK: usize = 24;
const STACK_MIN: usize = 64;

impl Thread {
    pub(crate) fn new(globals: Gc<Table>) -> Thread {
        Thread {
            header: Header { next: None, id: 0, kind: Kind::Thread, marked: false, extra: 0 },
            gray: None,
            stack: ptr::null_mut(),
            stack_len: 0,
            top: 0,
            frames: Vec::new(),
            open: None,
            globals,
            status: Status::Suspended,
            parent: None,
            nested: 0,
        }
    }

    /// # Safety
    /// `index` is below `stack_len`.
    #[inline(always)]
    pub(crate) unsafe fn slot(&self, index: usize) -> *mut Val {
        debug_assert!(index < self.stack_len);
        // SAFETY: the caller's promise.
        unsafe { self.stack.add(index) }
    }

    #[inline(always)]
    pub(crate) fn at(&self, index: usize) -> Val {
        debug_assert!(index < self.stack_len);
        // SAFETY: callers index places that their frame reserved; the assertion above checks that in tests.
        unsafe { *self.stack.add(index) }
    }

    #[inline(always)]
    pub(crate) fn put(&self, index: usize, value: Val) {
        debug_assert!(index < self.stack_len);
        // SAFETY: as for `at`.
        unsafe { *self.stack.add(index) = value }
    }

    /// Makes room for the stack up to `end`; every pointer into it is stale then.
    #[cold]
    #[inline(never)]
    pub(crate) fn grow_stack(&mut self, heap: &mut Heap, end: usize) -> Result<(), Raise> {
        let len = end.max(self.stack_len * 2).max(STACK_MIN);
        self.move_stack(heap, len)
    }

    fn move_stack(&mut self, heap: &mut Heap, len: usize) -> Result<(), Raise> {
        let stack = heap.array(len, Val::Nil)?;
        // SAFETY: both have at least as many places as are copied; the old stack is not used afterwards, and open
        // upvalues, which point into it, are moved along.
        unsafe {
            if self.stack_len > 0 {
                ptr::copy_nonoverlapping(self.stack, stack, self.stack_len.min(len));
            }
            let mut open = self.open;
            while let Some(mut upvalue) = open {
                let offset = upvalue.value.offset_from(self.stack);
                upvalue.value = stack.offset(offset);
                open = upvalue.next;
            }
            heap.free_array(self.stack, self.stack_len);
        }
        self.stack = stack;
        self.stack_len = len;
        Ok(())
    }

    /// Gives back what a deep recursion needed, when nothing is on the stack.
    pub(crate) fn shrink(&mut self, heap: &mut Heap) {
        const KEPT: usize = 4096;
        if self.stack_len > KEPT {
            // A refusal leaves the stack as it is.
            let _ = self.move_stack(heap, KEPT);
        }
        heap.refund(self.frames.capacity() * size_of::<Frame>());
        self.frames.shrink_to(KEPT / 16);
        heap.bytes += self.frames.capacity() * size_of::<Frame>();
    }

    #[inline(always)]
    pub(crate) fn push_frame(&mut self, heap: &mut Heap, frame: Frame) -> Result<(), Raise> {
        if self.frames.len() == self.frames.capacity() {
            self.grow_frames(heap)?;
        }
        self.frames.push(frame);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn grow_frames(&mut self, heap: &mut Heap) -> Result<(), Raise> {
        let more = self.frames.len().max(8);
        heap.charge(more * size_of::<Frame>())?;
        let before = self.frames.capacity();
        if self.frames.try_reserve_exact(more).is_err() {
            heap.refund(more * size_of::<Frame>());
            return Err(Raise::OutOfMemory);
        }
        // The allocator may give more than was asked for.
        let surplus = self.frames.capacity() - before - more;
        heap.bytes += surplus * size_of::<Frame>();
        Ok(())
    }

    /// The upvalue for a place of the stack: closures made in the same call share it.
    pub(crate) fn find_upvalue(
        mut thread: Gc<Thread>,
        heap: &mut Heap,
        place: *mut Val,
    ) -> Result<Gc<Upvalue>, Raise> {
        let mut before: Option<Gc<Upvalue>> = None;
        let mut entry = thread.open;
        while let Some(upvalue) = entry {
            if upvalue.value == place {
                return Ok(upvalue);
            }
            if upvalue.value < place {
                break;
            }
            before = Some(upvalue);
            entry = upvalue.next;
        }
        let made = heap.new_upvalue(place, thread, entry)?;
        match before {
            Some(mut before) => before.next = Some(made),
            None => thread.open = Some(made),
        }
        Ok(made)
    }

    /// Variables from `place` on cease to exist on the stack; closures keep their values.
    pub(crate) fn close(&mut self, place: *mut Val) {
        while let Some(mut upvalue) = self.open {
            if upvalue.value < place {
                break;
            }
            self.open = upvalue.next;
            // SAFETY: it points to a place of this thread's stack.
            upvalue.closed = unsafe { *upvalue.value };
            upvalue.value = upvalue.closed_place();
            upvalue.owner = None;
            upvalue.next = None;
        }
    }

    pub(crate) fn free_parts(&mut self, heap: &mut Heap) {
        // SAFETY: made by `array`, and the thread is not used any more.
        unsafe { heap.free_array(self.stack, self.stack_len) };
        heap.refund(self.frames.capacity() * size_of::<Frame>());
        self.frames = Vec::new();
    }
}

impl Gc<Upvalue> {
    /// Where the value lies once the variable has left the stack.
    fn closed_place(self) -> *mut Val {
        // SAFETY: a field of an object that lives; no reference is made.
        unsafe { &raw mut (*self.as_ptr()).closed }
    }
}
