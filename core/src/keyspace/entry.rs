//! One key of the keyspace with its value, deadline and access clock, packed into a single allocation.
//!
//! ```text
//! flags u8 | access clock u24 | key length u8 or u32 | value length u8 or u32 (inline strings only)
//! | deadline u64 (when flagged) | key | value
//! ```
//! The value is the string's bytes, an integer's 8 bytes, the parts of a byte vector, or the pointer to a
//! boxed collection. A table slot then costs one thin pointer: 16-byte keys with 32-byte values take 54 bytes
//! here, against about 150 in a design with an object and a string header for each.

#![expect(
    clippy::cast_possible_truncation,
    reason = "each head is chosen by what it can hold, and lengths are checked to fit into the wider"
)]

mod relocate;

use alloc::alloc::{alloc, dealloc, handle_alloc_error, realloc};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::mem::{ManuallyDrop, size_of};
use core::ptr::NonNull;
use core::slice;

use crate::base::bytes;
use crate::base::memory::ELEMENT_BYTES;
use crate::structures::table::Keyed;
use crate::types::EncodingLimits;
use crate::types::hash::Hash;
use crate::types::list::List;
use crate::types::set::Set;
use crate::types::stream::Stream;
use crate::types::zset::Zset;

/// Longest string that is kept inside the entry, in bytes; longer ones get a buffer that can grow.
const INLINE_BYTES_MAX: usize = 1024;

/// A value on its own, before it goes into an entry or after it was taken out.
pub enum Value {
    /// A string that is the decimal form of this integer.
    Int(i64),
    /// Any other string.
    Bytes(Vec<u8>),
    /// A list.
    List(Box<List>),
    /// A hash.
    Hash(Box<Hash>),
    /// A set.
    Set(Box<Set>),
    /// A sorted set.
    Zset(Box<Zset>),
    /// A stream.
    Stream(Box<Stream>),
}

/// A value inside an entry, to read.
pub enum ValueRef<'a> {
    /// A string that is the decimal form of this integer.
    Int(i64),
    /// Any other string.
    Bytes(&'a [u8]),
    /// A list.
    List(&'a List),
    /// A hash.
    Hash(&'a Hash),
    /// A set.
    Set(&'a Set),
    /// A sorted set.
    Zset(&'a Zset),
    /// A stream.
    Stream(&'a Stream),
}

/// A collection inside an entry, to change.
pub enum ValueMut<'a> {
    /// A string of either kind; it is changed by replacing it.
    String,
    /// A list.
    List(&'a mut List),
    /// A hash.
    Hash(&'a mut Hash),
    /// A set.
    Set(&'a mut Set),
    /// A sorted set.
    Zset(&'a mut Zset),
    /// A stream.
    Stream(&'a mut Stream),
}

/// The type of a value, as TYPE names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// Byte strings and integers.
    String,
    /// Lists.
    List,
    /// Hashes.
    Hash,
    /// Sets.
    Set,
    /// Sorted sets.
    Zset,
    /// Streams.
    Stream,
}

impl Type {
    /// All types, in the order of their declaration.
    pub const ALL: [Type; 6] = [Type::String, Type::List, Type::Hash, Type::Set, Type::Zset, Type::Stream];

    /// The name that TYPE replies.
    pub fn name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::List => "list",
            Type::Hash => "hash",
            Type::Set => "set",
            Type::Zset => "zset",
            Type::Stream => "stream",
        }
    }
}

/// A key and its value; see the module's description.
pub struct Entry(NonNull<u8>);

/// Bits of the kind. Those above [`KIND_BUFFER`] are collections, of which the entry holds the pointer.
///
/// All eight values are used. Collections need neither `WIDE_VALUE` nor `RAW`, so that further types may have them in
/// their kind, `KIND_LIST | RAW` and so on, which is room for fifteen; [`Kind::of`] then looks at these bits too.
const KIND: u8 = 0b0111;
const KIND_INLINE: u8 = 0;
const KIND_INT: u8 = 1;
const KIND_BUFFER: u8 = 2;
const KIND_LIST: u8 = 3;
const KIND_HASH: u8 = 4;
const KIND_SET: u8 = 5;
const KIND_ZSET: u8 = 6;
const KIND_STREAM: u8 = 7;
/// A deadline is stored.
const DEADLINE: u8 = 1 << 3;
/// The key's length takes four bytes.
const WIDE_KEY: u8 = 1 << 4;
/// The inline value's length takes four bytes.
const WIDE_VALUE: u8 = 1 << 5;
/// The string was changed in place, which OBJECT ENCODING tells as "raw".
const RAW: u8 = 1 << 6;
/// Which snapshot has the entry: see [`Saver`](super::snapshot::Saver).
const SAVED: u8 = 1 << 7;

/// How a value is stored. Matches on it have no catch-all arm, so that the compiler names each place for a new one.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Inline,
    Int,
    Buffer,
    List,
    Hash,
    Set,
    Zset,
    Stream,
}

impl Kind {
    #[inline(always)]
    fn of(flags: u8) -> Kind {
        match flags & KIND {
            KIND_INLINE => Kind::Inline,
            KIND_INT => Kind::Int,
            KIND_BUFFER => Kind::Buffer,
            KIND_LIST => Kind::List,
            KIND_HASH => Kind::Hash,
            KIND_SET => Kind::Set,
            KIND_ZSET => Kind::Zset,
            KIND_STREAM => Kind::Stream,
            _ => unreachable!("three bits have eight values"),
        }
    }
}

/// Where the variable part begins: after the flags and the access clock.
const HEAD: usize = 4;

/// The parts of a `Vec<u8>`.
type Parts = (*mut u8, usize, usize);

/// Offsets that follow from the flags and the lengths.
#[derive(Clone, Copy)]
struct Shape {
    key: usize,
    key_len: usize,
    value: usize,
    value_len: usize,
}

// SAFETY: an entry owns everything that it points at, and all of that is Send.
unsafe impl Send for Entry {}

impl Keyed for Entry {
    const IS_ELEMENT: bool = false;

    #[inline(always)]
    fn key(&self) -> &[u8] {
        // SAFETY: the length fields are written at creation and never changed for the key; the key lies
        // within the allocation, which lives as long as the borrow.
        unsafe {
            let base = self.0.as_ptr();
            let flags = *base;
            if flags & (WIDE_KEY | WIDE_VALUE) == 0 {
                let key_len = usize::from(*base.add(HEAD));
                let at = HEAD + 1 + usize::from(flags & KIND == KIND_INLINE) + deadline_bytes(flags);
                return slice::from_raw_parts(base.add(at), key_len);
            }
            let shape = self.shape();
            slice::from_raw_parts(base.add(shape.key), shape.key_len)
        }
    }
}

impl Entry {
    /// An entry whose value is a copy of `bytes`.
    pub fn with_bytes(key: &[u8], bytes: &[u8], deadline: Option<u64>) -> Entry {
        if bytes.len() > INLINE_BYTES_MAX {
            return Entry::with_value(key, Value::Bytes(bytes.to_vec()), deadline);
        }
        let entry = Entry::allocate(key, KIND_INLINE, bytes.len(), deadline);
        entry.write_value(bytes);
        entry
    }

    /// An entry that takes over `value`.
    pub fn with_value(key: &[u8], value: Value, deadline: Option<u64>) -> Entry {
        match value {
            Value::Int(number) => {
                let entry = Entry::allocate(key, KIND_INT, 8, deadline);
                entry.write_value(&number.to_ne_bytes());
                entry
            }
            Value::Bytes(bytes) if bytes.len() <= INLINE_BYTES_MAX => {
                Entry::with_bytes(key, &bytes, deadline)
            }
            Value::Bytes(bytes) => {
                let mut bytes = ManuallyDrop::new(bytes);
                let entry = Entry::allocate(key, KIND_BUFFER, size_of::<Parts>(), deadline);
                entry.write_unaligned::<Parts>((bytes.as_mut_ptr(), bytes.len(), bytes.capacity()));
                entry
            }
            Value::List(list) => Entry::with_box(key, KIND_LIST, list, deadline),
            Value::Hash(hash) => Entry::with_box(key, KIND_HASH, hash, deadline),
            Value::Set(set) => Entry::with_box(key, KIND_SET, set, deadline),
            Value::Zset(zset) => Entry::with_box(key, KIND_ZSET, zset, deadline),
            Value::Stream(stream) => Entry::with_box(key, KIND_STREAM, stream, deadline),
        }
    }

    /// Whether the value is a string.
    #[inline(always)]
    pub(super) fn is_string(&self) -> bool {
        self.flags() & KIND <= KIND_BUFFER
    }

    /// The type of the value.
    #[inline]
    pub fn type_of(&self) -> Type {
        match Kind::of(self.flags()) {
            Kind::Inline | Kind::Int | Kind::Buffer => Type::String,
            Kind::List => Type::List,
            Kind::Hash => Type::Hash,
            Kind::Set => Type::Set,
            Kind::Zset => Type::Zset,
            Kind::Stream => Type::Stream,
        }
    }

    /// The last byte of a short string that is kept inside the entry, else of the key. Short entries are about as
    /// long as a line of the cache, but most of them lie across two.
    #[inline(always)]
    pub(super) fn last_byte(&self) -> u8 {
        let key = self.key();
        let flags = self.flags();
        let is_short = flags & (KIND | WIDE_KEY | WIDE_VALUE) == KIND_INLINE;
        let base = self.0.as_ptr();
        // SAFETY: these flags say that the byte behind the key's length is the value's, and that the value lies behind
        // the key. If both are empty, or the key is and the value is elsewhere, this is a byte of the head. The key's
        // own pointer may read nothing but the key, so only its address is used.
        unsafe {
            let value_len = if is_short { usize::from(*base.add(HEAD + 1)) } else { 0 };
            *base.with_addr(key.as_ptr().addr() + key.len() + value_len - 1)
        }
    }

    /// The value, to read.
    #[inline(always)]
    pub fn value(&self) -> ValueRef<'_> {
        let flags = self.flags();
        if flags & (KIND | WIDE_KEY | WIDE_VALUE) == KIND_INLINE {
            // SAFETY: these flags say that both lengths take a byte each, and that the value lies behind the key.
            return unsafe {
                let base = self.0.as_ptr();
                let (key_len, value_len) = (*base.add(HEAD), *base.add(HEAD + 1));
                let at = HEAD + 2 + deadline_bytes(flags) + usize::from(key_len);
                ValueRef::Bytes(slice::from_raw_parts(base.add(at), usize::from(value_len)))
            };
        }
        self.value_of_any_shape()
    }

    fn value_of_any_shape(&self) -> ValueRef<'_> {
        let shape = self.shape();
        // SAFETY: the kind tells what was stored, and the borrow of the entry covers what it points at.
        unsafe {
            let at = self.0.as_ptr().add(shape.value);
            match Kind::of(self.flags()) {
                Kind::Inline => ValueRef::Bytes(slice::from_raw_parts(at, shape.value_len)),
                Kind::Int => ValueRef::Int(at.cast::<i64>().read_unaligned()),
                Kind::Buffer => {
                    let (pointer, len, _) = at.cast::<Parts>().read_unaligned();
                    ValueRef::Bytes(slice::from_raw_parts(pointer, len))
                }
                Kind::List => ValueRef::List(&*at.cast::<*const List>().read_unaligned()),
                Kind::Hash => ValueRef::Hash(&*at.cast::<*const Hash>().read_unaligned()),
                Kind::Set => ValueRef::Set(&*at.cast::<*const Set>().read_unaligned()),
                Kind::Zset => ValueRef::Zset(&*at.cast::<*const Zset>().read_unaligned()),
                Kind::Stream => ValueRef::Stream(&*at.cast::<*const Stream>().read_unaligned()),
            }
        }
    }

    /// The collection, to change.
    #[inline]
    pub fn value_mut(&mut self) -> ValueMut<'_> {
        let at = self.value_address();
        // SAFETY: as in `value`, and the exclusive borrow of the entry covers what it points at.
        unsafe {
            match Kind::of(self.flags()) {
                Kind::Inline | Kind::Int | Kind::Buffer => ValueMut::String,
                Kind::List => ValueMut::List(&mut *at.cast::<*mut List>().read_unaligned()),
                Kind::Hash => ValueMut::Hash(&mut *at.cast::<*mut Hash>().read_unaligned()),
                Kind::Set => ValueMut::Set(&mut *at.cast::<*mut Set>().read_unaligned()),
                Kind::Zset => ValueMut::Zset(&mut *at.cast::<*mut Zset>().read_unaligned()),
                Kind::Stream => ValueMut::Stream(&mut *at.cast::<*mut Stream>().read_unaligned()),
            }
        }
    }

    /// Replaces the value by a copy of `bytes`; in place where the length allows.
    #[inline]
    pub fn set_bytes(&mut self, bytes: &[u8]) {
        let shape = self.shape();
        let flags = self.flags();
        if flags & KIND == KIND_INLINE && shape.value_len == bytes.len() {
            self.write_value(bytes);
            self.set_flags(flags & !RAW);
        } else {
            self.rebuild(|key, deadline| Entry::with_bytes(key, bytes, deadline));
        }
    }

    /// Replaces the value by an integer; in place where one is there already.
    #[inline]
    pub fn set_int(&mut self, number: i64) {
        if self.flags() & KIND == KIND_INT {
            self.write_value(&number.to_ne_bytes());
        } else {
            self.rebuild(|key, deadline| Entry::with_value(key, Value::Int(number), deadline));
        }
    }

    /// Replaces the value.
    pub fn set_value(&mut self, value: Value) {
        self.rebuild(|key, deadline| Entry::with_value(key, value, deadline));
    }

    /// Lets `change` work on the string's bytes, and keeps what it leaves there.
    pub fn change_bytes(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = match self.value() {
            ValueRef::Int(number) => {
                let mut text = Vec::new();
                crate::number::write_i64(&mut text, number);
                text
            }
            ValueRef::Bytes(bytes) if self.flags() & KIND == KIND_INLINE => bytes.to_vec(),
            ValueRef::Bytes(_) => self.take_buffer(),
            ValueRef::List(_)
            | ValueRef::Hash(_)
            | ValueRef::Set(_)
            | ValueRef::Zset(_)
            | ValueRef::Stream(_) => unreachable!("the caller has seen a string"),
        };
        change(&mut bytes);
        self.set_value(Value::Bytes(bytes));
        self.set_flags(self.flags() | RAW);
    }

    /// The string's bytes, to change where they lie while their number stays; none when an integer is stored.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        let shape = self.shape();
        let at = self.value_address();
        // SAFETY: as in `value`, and the exclusive borrow of the entry covers what it points at.
        let bytes = unsafe {
            match Kind::of(self.flags()) {
                Kind::Inline => slice::from_raw_parts_mut(at, shape.value_len),
                Kind::Buffer => {
                    let (pointer, len, _) = at.cast::<Parts>().read_unaligned();
                    slice::from_raw_parts_mut(pointer, len)
                }
                Kind::Int | Kind::List | Kind::Hash | Kind::Set | Kind::Zset | Kind::Stream => return None,
            }
        };
        self.set_flags(self.flags() | RAW);
        Some(bytes)
    }

    /// Takes the value out, leaving an empty string.
    pub fn take_value(&mut self) -> Value {
        let at = self.value_address();
        // SAFETY: each box was leaked when it went in, and the kind changes below, so it is taken once.
        let value = unsafe {
            match Kind::of(self.flags()) {
                Kind::Inline => Value::Bytes(slice::from_raw_parts(at, self.shape().value_len).to_vec()),
                Kind::Int => Value::Int(at.cast::<i64>().read_unaligned()),
                Kind::Buffer => return Value::Bytes(self.take_buffer()),
                Kind::List => Value::List(Box::from_raw(at.cast::<*mut List>().read_unaligned())),
                Kind::Hash => Value::Hash(Box::from_raw(at.cast::<*mut Hash>().read_unaligned())),
                Kind::Set => Value::Set(Box::from_raw(at.cast::<*mut Set>().read_unaligned())),
                Kind::Zset => Value::Zset(Box::from_raw(at.cast::<*mut Zset>().read_unaligned())),
                Kind::Stream => Value::Stream(Box::from_raw(at.cast::<*mut Stream>().read_unaligned())),
            }
        };
        self.forget_value();
        value
    }

    /// The same value under another key.
    pub fn renamed(mut self, key: &[u8]) -> Entry {
        let (is_raw, deadline, access) = (self.is_raw(), self.deadline(), self.access());
        let mut entry = Entry::with_value(key, self.take_value(), deadline).marked(is_raw);
        entry.set_access(access);
        entry
    }

    /// A copy of the value under another key.
    pub fn copied(&self, key: &[u8], limits: &EncodingLimits) -> Entry {
        let value = match self.value() {
            ValueRef::Int(number) => Value::Int(number),
            ValueRef::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            ValueRef::List(list) => Value::List(Box::new(list.copy(limits))),
            ValueRef::Hash(hash) => Value::Hash(Box::new(hash.copy(limits))),
            ValueRef::Set(set) => Value::Set(Box::new(set.copy(limits))),
            ValueRef::Zset(zset) => Value::Zset(Box::new(zset.copy(limits))),
            ValueRef::Stream(stream) => Value::Stream(Box::new(stream.clone())),
        };
        Entry::with_value(key, value, self.deadline()).marked(self.is_raw())
    }

    fn marked(mut self, is_raw: bool) -> Entry {
        if is_raw {
            self.set_flags(self.flags() | RAW);
        }
        self
    }

    /// The time in unix milliseconds at which the key expires.
    #[inline]
    pub fn deadline(&self) -> Option<u64> {
        if self.flags() & DEADLINE == 0 {
            return None;
        }
        // SAFETY: the flag says that a deadline lies in front of the key.
        Some(unsafe { self.0.as_ptr().add(self.shape().key - 8).cast::<u64>().read_unaligned() })
    }

    /// A lower bound of the deadlines of a hash's fields, in unix milliseconds.
    pub fn field_deadline(&self) -> Option<u64> {
        if Kind::of(self.flags()) != Kind::Hash {
            return None;
        }
        let ValueRef::Hash(hash) = self.value() else { return None };
        Some(hash.nearest_deadline()).filter(|&at| at != u64::MAX)
    }

    /// The time in unix milliseconds at which the key or one of its fields expires, whichever is first; it may be
    /// too early where fields are concerned.
    pub fn due_at(&self) -> Option<u64> {
        [self.deadline(), self.field_deadline()].into_iter().flatten().min()
    }

    /// Sets or clears the time in unix milliseconds at which the key expires.
    pub fn set_deadline(&mut self, deadline: Option<u64>) {
        match deadline {
            Some(at) if self.flags() & DEADLINE != 0 => {
                // SAFETY: the flag says that a deadline lies in front of the key.
                unsafe { self.0.as_ptr().add(self.shape().key - 8).cast::<u64>().write_unaligned(at) }
            }
            None if self.flags() & DEADLINE == 0 => {}
            _ => self.resize_deadline(deadline),
        }
    }

    /// Where the entry lies; reading it loads the slot that points there.
    #[inline]
    pub(super) fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }

    /// The access clock: 24 bits whose meaning the eviction policy gives.
    #[inline]
    pub fn access(&self) -> u32 {
        // SAFETY: the head is always initialised.
        u32::from_le(unsafe { self.0.as_ptr().cast::<u32>().read() }) >> 8
    }

    /// Sets the access clock to the low 24 bits of `clock`.
    #[inline]
    pub fn set_access(&mut self, clock: u32) {
        let head = (clock << 8) | u32::from(self.flags());
        // SAFETY: the head is always initialised, and entries are 4-aligned.
        unsafe { self.0.as_ptr().cast::<u32>().write(head.to_le()) }
    }

    /// The bit that tells whether the snapshot has the entry, as it stands among the flags.
    #[inline(always)]
    pub(super) fn saved_bit(&self) -> u8 {
        self.flags() & SAVED
    }

    /// Sets that bit, which is one of [`Entry::SAVED_BITS`].
    #[inline(always)]
    pub(super) fn set_saved_bit(&mut self, bit: u8) {
        self.set_flags(self.flags() & !SAVED | bit);
    }

    /// The values of that bit.
    pub(super) const SAVED_BITS: [u8; 2] = [0, SAVED];

    /// Whether the string was changed in place, so that its encoding is "raw" whatever its length.
    pub fn is_raw(&self) -> bool {
        self.flags() & RAW != 0 && self.is_string()
    }

    /// About what a copy of the value takes, in bytes.
    pub fn copy_bytes(&self) -> usize {
        let (len, bytes) = match self.value() {
            ValueRef::Int(_) => (1, 0),
            ValueRef::Bytes(bytes) => (1, bytes.len()),
            ValueRef::List(list) => (0, list.memory_bytes()),
            ValueRef::Hash(hash) => (hash.len(), hash.memory_bytes()),
            ValueRef::Set(set) => (set.len(), set.memory_bytes()),
            ValueRef::Zset(zset) => (zset.len(), zset.memory_bytes()),
            ValueRef::Stream(stream) => (stream.parts(), stream.memory_bytes()),
        };
        bytes + len * ELEMENT_BYTES
    }

    /// Bytes of the entry's own allocation and of a string's buffer; a collection tells its own.
    pub fn memory_bytes(&self) -> usize {
        let own = layout(&self.shape()).size();
        if self.flags() & KIND != KIND_BUFFER {
            return own;
        }
        // SAFETY: the kind says that a buffer's parts are stored.
        own + unsafe { self.value_address().cast::<Parts>().read_unaligned() }.2
    }

    fn with_box<T>(key: &[u8], kind: u8, value: Box<T>, deadline: Option<u64>) -> Entry {
        let entry = Entry::allocate(key, kind, size_of::<*mut T>(), deadline);
        entry.write_unaligned(Box::into_raw(value));
        entry
    }

    /// An entry with everything written but the value.
    fn allocate(key: &[u8], kind: u8, value_len: usize, deadline: Option<u64>) -> Entry {
        let mut flags = kind;
        if key.len() > 0xff {
            flags |= WIDE_KEY;
        }
        if kind == KIND_INLINE && value_len > 0xff {
            flags |= WIDE_VALUE;
        }
        if deadline.is_some() {
            flags |= DEADLINE;
        }
        let key_len = u32::try_from(key.len()).expect("a request is shorter than 4 GiB");
        let shape = shape(flags, key.len(), value_len);
        let layout = layout(&shape);
        // SAFETY: the layout is not empty and the offsets of `shape` lie within it.
        unsafe {
            let Some(base) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            let at = base.as_ptr();
            at.cast::<u32>().write(u32::from(flags).to_le());
            let mut next = HEAD;
            if flags & WIDE_KEY != 0 {
                at.add(next).cast::<u32>().write_unaligned(key_len);
                next += 4;
            } else {
                *at.add(next) = key.len() as u8;
                next += 1;
            }
            if flags & WIDE_VALUE != 0 {
                at.add(next).cast::<u32>().write_unaligned(value_len as u32);
            } else if kind == KIND_INLINE {
                *at.add(next) = value_len as u8;
            }
            if let Some(deadline) = deadline {
                at.add(shape.key - 8).cast::<u64>().write_unaligned(deadline);
            }
            bytes::copy(key.as_ptr(), at.add(shape.key), key.len());
            Entry(base)
        }
    }

    #[inline(always)]
    fn flags(&self) -> u8 {
        // SAFETY: the head is always initialised.
        unsafe { *self.0.as_ptr() }
    }

    fn set_flags(&mut self, flags: u8) {
        // SAFETY: the head is always initialised; callers change no flag that moves a field.
        unsafe { *self.0.as_ptr() = flags }
    }

    #[inline(always)]
    fn shape(&self) -> Shape {
        // SAFETY: the flags tell which length fields there are; all are initialised at creation.
        unsafe {
            let at = self.0.as_ptr();
            let flags = *at;
            let (key_len, next) = if flags & WIDE_KEY != 0 {
                (at.add(HEAD).cast::<u32>().read_unaligned() as usize, HEAD + 4)
            } else {
                (usize::from(*at.add(HEAD)), HEAD + 1)
            };
            let value_len = match flags & (KIND | WIDE_VALUE) {
                KIND_INLINE => usize::from(*at.add(next)),
                WIDE_VALUE => at.add(next).cast::<u32>().read_unaligned() as usize,
                KIND_INT => 8,
                KIND_BUFFER => size_of::<Parts>(),
                // Of every collection there is the pointer.
                _ => size_of::<usize>(),
            };
            shape(flags, key_len, value_len)
        }
    }

    fn value_address(&self) -> *mut u8 {
        // SAFETY: the offset lies within the allocation.
        unsafe { self.0.as_ptr().add(self.shape().value) }
    }

    fn write_value(&self, bytes: &[u8]) {
        // SAFETY: the callers have made room for just these bytes.
        unsafe { bytes::copy(bytes.as_ptr(), self.value_address(), bytes.len()) }
    }

    fn write_unaligned<T>(&self, value: T) {
        // SAFETY: the callers have made room for a T.
        unsafe { self.value_address().cast::<T>().write_unaligned(value) }
    }

    /// Takes the byte vector out, leaving an empty string.
    fn take_buffer(&mut self) -> Vec<u8> {
        debug_assert_eq!(self.flags() & KIND, KIND_BUFFER);
        // SAFETY: the kind says that a vector's parts are stored; the value is forgotten right after.
        let bytes = unsafe {
            let (pointer, len, capacity) = self.value_address().cast::<Parts>().read_unaligned();
            Vec::from_raw_parts(pointer, len, capacity)
        };
        self.forget_value();
        bytes
    }

    /// Makes the value an empty string without dropping what was there.
    fn forget_value(&mut self) {
        let replacement = Entry::with_bytes(self.key(), b"", self.deadline());
        let old = core::mem::replace(self, replacement);
        self.take_marks(old.access(), old.saved_bit());
        let old = ManuallyDrop::new(old);
        // SAFETY: the old allocation is given back without dropping its value, which the caller has taken.
        unsafe { dealloc(old.0.as_ptr(), layout(&old.shape())) }
    }

    fn rebuild(&mut self, build: impl FnOnce(&[u8], Option<u64>) -> Entry) {
        let (access, saved) = (self.access(), self.saved_bit());
        let replacement = build(self.key(), self.deadline());
        *self = replacement;
        self.take_marks(access, saved);
    }

    /// Takes over what another allocation said of the key besides its value.
    #[inline(always)]
    fn take_marks(&mut self, access: u32, saved: u8) {
        self.set_saved_bit(saved);
        self.set_access(access);
    }

    /// Adds or removes the room for a deadline; the value's bytes move along.
    fn resize_deadline(&mut self, deadline: Option<u64>) {
        let old = self.shape();
        let flags = self.flags() ^ DEADLINE;
        let new = shape(flags, old.key_len, old.value_len);
        let tail = old.key_len + old.value_len;
        // SAFETY: the tail (key and value) is moved before a shrinking and after a growing of the
        // allocation, so it always lies within it; the value is moved bitwise and stays owned once.
        unsafe {
            let mut base = self.0.as_ptr();
            if new.key < old.key {
                base.add(old.key).copy_to(base.add(new.key), tail);
            }
            base = realloc(base, layout(&old), layout(&new).size());
            let Some(address) = NonNull::new(base) else { handle_alloc_error(layout(&new)) };
            self.0 = address;
            if new.key > old.key {
                base.add(old.key).copy_to(base.add(new.key), tail);
            }
            *base = flags;
            if let Some(at) = deadline {
                base.add(new.key - 8).cast::<u64>().write_unaligned(at);
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.flags() & KIND > KIND_INT {
            drop(self.take_value());
        }
        // SAFETY: the value has been taken or needs no drop; the layout is the one of the allocation.
        unsafe { dealloc(self.0.as_ptr(), layout(&self.shape())) }
    }
}

/// Bytes that the deadline takes: the flag's value is their number.
#[inline(always)]
fn deadline_bytes(flags: u8) -> usize {
    const { assert!(DEADLINE == 8) };
    usize::from(flags & DEADLINE)
}

#[inline(always)]
fn shape(flags: u8, key_len: usize, value_len: usize) -> Shape {
    let key_field = if flags & WIDE_KEY != 0 { 4 } else { 1 };
    let value_field = match flags & (KIND | WIDE_VALUE) {
        KIND_INLINE => 1,
        WIDE_VALUE => 4,
        _ => 0,
    };
    let key = HEAD + key_field + value_field + deadline_bytes(flags);
    Shape { key, key_len, value: key + key_len, value_len }
}

fn layout(shape: &Shape) -> Layout {
    // Four-byte alignment lets the head be read as one word.
    Layout::from_size_align(shape.value + shape.value_len, 4)
        .expect("a key and an inline value are far smaller than the address space")
}

#[cfg(test)]
mod tests;
