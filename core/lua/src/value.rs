//! Values and the objects on the heap.
//!
//! Objects are reached through [`Gc`], a plain pointer. What makes that sound is one rule, kept by the whole crate:
//! the collector runs only at safe points of the interpreter's loop, where everything that is still in use is
//! reachable from the stacks, the globals or the registry. Between two safe points no object is freed, so a `Gc` may
//! be held in a local variable; what calls back into Lua keeps its values on the stack meanwhile.

use crate::heap::Header;
use crate::table::Table;
use crate::thread::Thread;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// A pointer to an object on the heap.
pub(crate) struct Gc<T>(NonNull<T>);

impl<T> Clone for Gc<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Gc<T> {}

impl<T> PartialEq for Gc<T> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Gc<T> {
    /// # Safety
    /// `pointer` comes from [`crate::heap::Heap`], is initialised and has not been freed.
    #[inline(always)]
    pub(crate) unsafe fn new(pointer: NonNull<T>) -> Gc<T> {
        Gc(pointer)
    }

    #[inline(always)]
    pub(crate) fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }

    #[inline(always)]
    pub(crate) fn header(self) -> NonNull<Header> {
        self.0.cast()
    }
}

impl<T> Deref for Gc<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the object lives until the next safe point (see the module), and references made here do not
        // outlive the expression or block that made them, in which no other reference to it is used.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for Gc<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`.
        unsafe { self.0.as_mut() }
    }
}

/// A Lua value: 16 bytes.
#[derive(Clone, Copy)]
pub(crate) enum Val {
    Nil,
    Bool(bool),
    Number(f64),
    Str(Gc<Str>),
    Table(Gc<Table>),
    Lua(Gc<Closure>),
    Native(Gc<Native>),
    Thread(Gc<Thread>),
    /// Light userdata; 0 is `cjson.null`.
    Light(u32),
    /// The key of a table's entry that was removed; kept because `next` may be asked to go on from it. The address
    /// is only compared.
    Dead(usize),
}

const _: () = assert!(size_of::<Val>() == 16);

impl Val {
    #[inline(always)]
    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Val::Nil)
    }

    #[inline(always)]
    pub(crate) fn is_falsy(&self) -> bool {
        matches!(self, Val::Nil | Val::Bool(false))
    }

    /// The name of the type, as `type` gives it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Val::Nil | Val::Dead(_) => "nil",
            Val::Bool(_) => "boolean",
            Val::Number(_) => "number",
            Val::Str(_) => "string",
            Val::Table(_) => "table",
            Val::Lua(_) | Val::Native(_) => "function",
            Val::Thread(_) => "thread",
            Val::Light(_) => "userdata",
        }
    }

    /// Equality without metamethods.
    #[inline(always)]
    pub(crate) fn raw_eq(&self, other: &Val) -> bool {
        match (self, other) {
            (Val::Number(a), Val::Number(b)) => a == b,
            (Val::Str(a), Val::Str(b)) => a == b || Str::long_eq(*a, *b),
            (Val::Nil, Val::Nil) => true,
            (Val::Bool(a), Val::Bool(b)) => a == b,
            (Val::Table(a), Val::Table(b)) => a == b,
            (Val::Lua(a), Val::Lua(b)) => a == b,
            (Val::Native(a), Val::Native(b)) => a == b,
            (Val::Thread(a), Val::Thread(b)) => a == b,
            (Val::Light(a), Val::Light(b)) => a == b,
            _ => false,
        }
    }

    /// Where the object lies, for values that have one.
    pub(crate) fn object(&self) -> Option<NonNull<Header>> {
        match self {
            Val::Str(s) => Some(s.header()),
            Val::Table(t) => Some(t.header()),
            Val::Lua(f) => Some(f.header()),
            Val::Native(f) => Some(f.header()),
            Val::Thread(t) => Some(t.header()),
            _ => None,
        }
    }
}

/// Strings up to this length exist once each, so that they are equal only if they are the same object.
pub(crate) const SHORT_BYTES_MAX: usize = 40;

/// An immutable byte string; its bytes follow.
#[repr(C)]
pub(crate) struct Str {
    pub(crate) header: Header,
    pub(crate) hash: u32,
    pub(crate) len: u32,
}

impl Str {
    #[inline(always)]
    pub(crate) fn is_short(&self) -> bool {
        self.len as usize <= SHORT_BYTES_MAX
    }

    #[inline(always)]
    fn long_eq(a: Gc<Str>, b: Gc<Str>) -> bool {
        a.len == b.len && !a.is_short() && a.bytes() == b.bytes()
    }

    /// Short strings that are reserved words carry their number in the header.
    pub(crate) fn reserved(&self) -> u8 {
        self.header.extra
    }
}

impl Gc<Str> {
    /// The hash, which is computed for long strings when it is first needed.
    pub(crate) fn hash_code(self) -> u32 {
        if !self.is_short() && self.header.extra == 0 {
            let mut string = self;
            string.hash = crate::heap::hash(self.bytes());
            string.header.extra = 1;
        }
        self.hash
    }

    /// The bytes. They stay as long as the object does, which is at least until the next safe point.
    #[inline(always)]
    pub(crate) fn bytes<'a>(self) -> &'a [u8] {
        let len = self.len as usize;
        // SAFETY: the heap allocated `len` initialised bytes behind the `Str` in one block, they never change, and
        // the pointer was made for the whole block.
        unsafe { core::slice::from_raw_parts(self.as_ptr().add(1).cast::<u8>(), len) }
    }
}

/// The compiled form of a function.
#[repr(C)]
pub(crate) struct Proto {
    pub(crate) header: Header,
    pub(crate) gray: Option<NonNull<Header>>,
    pub(crate) code: alloc::boxed::Box<[u32]>,
    pub(crate) constants: alloc::boxed::Box<[Val]>,
    pub(crate) protos: alloc::boxed::Box<[Gc<Proto>]>,
    /// The line of each instruction.
    pub(crate) lines: alloc::boxed::Box<[u32]>,
    pub(crate) locals: alloc::boxed::Box<[LocalName]>,
    pub(crate) upvalue_names: alloc::boxed::Box<[Gc<Str>]>,
    pub(crate) source: Gc<Str>,
    pub(crate) line_defined: u32,
    pub(crate) parameters: u8,
    pub(crate) vararg: bool,
    /// Whether the function has the local `arg` of Lua 5.0, and wants it filled.
    pub(crate) needs_arg: bool,
    pub(crate) has_arg: bool,
    pub(crate) stack_max: u8,
    /// What the boxes above hold, for the account.
    pub(crate) bytes: usize,
}

/// A local variable and the instructions during which it is one.
pub(crate) struct LocalName {
    pub(crate) name: Gc<Str>,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A Lua function; the upvalues follow.
#[repr(C)]
pub(crate) struct Closure {
    pub(crate) header: Header,
    pub(crate) gray: Option<NonNull<Header>>,
    pub(crate) proto: Gc<Proto>,
    pub(crate) env: Gc<Table>,
    pub(crate) upvalue_count: u32,
}

impl Gc<Closure> {
    /// # Safety
    /// `index` is below `upvalue_count`.
    #[inline(always)]
    pub(crate) unsafe fn upvalue(self, index: usize) -> *mut Gc<Upvalue> {
        // SAFETY: the heap allocated `upvalue_count` pointers behind the `Closure`.
        unsafe { self.as_ptr().add(1).cast::<Gc<Upvalue>>().add(index) }
    }
}

/// A variable that a closure took from the function around it. While that function runs, `value` points into the
/// stack; afterwards, at `closed`.
#[repr(C)]
pub(crate) struct Upvalue {
    pub(crate) header: Header,
    pub(crate) value: *mut Val,
    pub(crate) closed: Val,
    /// While it is open: whose stack `value` points into, which must live as long.
    pub(crate) owner: Option<Gc<Thread>>,
    /// The next open upvalue of the thread, further down the stack.
    pub(crate) next: Option<Gc<Upvalue>>,
}

/// A function of the embedder or of a library.
#[repr(C)]
pub(crate) struct Native {
    pub(crate) header: Header,
    pub(crate) gray: Option<NonNull<Header>>,
    pub(crate) kind: NativeKind,
    pub(crate) upvalues: [Val; 3],
}

/// What a native function is.
#[derive(Clone, Copy)]
pub(crate) enum NativeKind {
    Library(crate::library::Function),
    /// The embedder's, by its number.
    Host(u32),
    /// `next`, which the interpreter knows in loops.
    Next,
    Pcall,
    Xpcall,
    Resume,
    Wrap,
    Yield,
}
