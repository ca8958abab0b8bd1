//! Memory: every allocation is checked against the limit before it happens, and counted to the byte.

#![expect(
    clippy::cast_possible_truncation,
    reason = "strings are shorter than `string_bytes_max`, which is below 4 GiB"
)]

use crate::error::Raise;
use crate::lexer;
use crate::table::Table;
use crate::thread::Thread;
use crate::value::{Closure, Gc, Native, NativeKind, Proto, SHORT_BYTES_MAX, Str, Upvalue, Val};
use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ptr::{self, NonNull};

/// What every object begins with.
#[repr(C)]
pub(crate) struct Header {
    /// The next object of the heap, or of the bucket for short strings.
    pub(crate) next: Option<NonNull<Header>>,
    /// Tells objects apart where addresses must not: they differ between machines.
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    pub(crate) marked: bool,
    /// For a short string, which reserved word it is; for a long one, whether its hash is known.
    pub(crate) extra: u8,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Str,
    Table,
    Closure,
    Native,
    Upvalue,
    Proto,
    Thread,
}

/// The first collection is due when this much is in use.
const THRESHOLD_BYTES_MIN: usize = 256 << 10;
const BUCKETS_MIN: usize = 128;

/// The heap of one virtual machine.
pub(crate) struct Heap {
    /// What is allocated.
    pub(crate) bytes: usize,
    /// What may be allocated.
    pub(crate) bytes_max: usize,
    pub(crate) string_bytes_max: usize,
    /// When `bytes` is at least this, the next safe point collects.
    pub(crate) threshold: usize,
    /// `collectgarbage("stop")` was called.
    pub(crate) stopped: bool,
    /// All objects but short strings.
    pub(crate) objects: Option<NonNull<Header>>,
    /// Short strings by hash.
    pub(crate) buckets: *mut Option<NonNull<Header>>,
    pub(crate) bucket_count: usize,
    pub(crate) short_strings: usize,
    pub(crate) gray: Option<NonNull<Header>>,
    /// Tables with weak keys or values that were reached.
    pub(crate) weak: Option<NonNull<Header>>,
    last_id: u32,
    /// What the collector has looked at.
    pub(crate) visited: usize,
    /// What tables did beyond the usual, in instructions that are not charged yet.
    pub(crate) work: usize,
    /// Collects at every safe point.
    #[cfg(test)]
    pub(crate) stress: bool,
}

impl Heap {
    pub(crate) fn new(bytes_max: usize, string_bytes_max: usize) -> Result<Heap, Raise> {
        let mut heap = Heap {
            bytes: 0,
            bytes_max,
            // Lengths are 32 bits, and some are doubled or added without looking.
            string_bytes_max: string_bytes_max.min(1 << 30),
            threshold: THRESHOLD_BYTES_MIN.min(bytes_max),
            stopped: false,
            objects: None,
            buckets: ptr::null_mut(),
            bucket_count: 0,
            short_strings: 0,
            gray: None,
            weak: None,
            last_id: 0,
            visited: 0,
            work: 0,
            #[cfg(test)]
            stress: false,
        };
        heap.resize_buckets(BUCKETS_MIN)?;
        Ok(heap)
    }

    /// Whether `bytes` more may be allocated.
    #[inline(always)]
    pub(crate) fn check(&self, bytes: usize) -> Result<(), Raise> {
        if bytes > self.bytes_max.saturating_sub(self.bytes) { Err(Raise::OutOfMemory) } else { Ok(()) }
    }

    /// Counts memory that is allocated elsewhere.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Raise> {
        self.check(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Takes back what `charge` counted.
    pub(crate) fn refund(&mut self, bytes: usize) {
        self.bytes -= bytes;
    }

    /// After a collection: the next one is due when twice of what is left is in use. It comes before the limit, so
    /// that garbage alone does not reach it.
    pub(crate) fn set_threshold(&mut self) {
        let headroom = self.bytes_max.saturating_sub(self.bytes) / 2;
        self.threshold = self.bytes + self.bytes.max(THRESHOLD_BYTES_MIN).min(headroom.max(1024));
        #[cfg(test)]
        if self.stress {
            // Miri takes its time for every object.
            self.threshold = if cfg!(miri) { self.bytes + 4096 } else { 0 };
        }
    }

    /// The limit has changed: garbage must still be collected before it is met. A collection that is due sooner stays
    /// due.
    pub(crate) fn lower_threshold(&mut self) {
        let headroom = self.bytes_max.saturating_sub(self.bytes) / 2;
        self.threshold = self.threshold.min(self.bytes + headroom.max(1024));
    }

    #[inline]
    pub(crate) fn allocate(&mut self, layout: Layout) -> Result<NonNull<u8>, Raise> {
        self.check(layout.size())?;
        // SAFETY: no layout here is of size 0: each has a header, or at least one element.
        let block = NonNull::new(unsafe { alloc(layout) }).ok_or(Raise::OutOfMemory)?;
        self.bytes += layout.size();
        Ok(block)
    }

    /// # Safety
    /// `block` came from `allocate` with the same layout, and nothing uses it any more.
    #[inline]
    pub(crate) unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) {
        self.bytes -= layout.size();
        // SAFETY: the caller's promise.
        unsafe { dealloc(block.as_ptr(), layout) }
    }

    /// An array of `len` elements, each a copy of `value`.
    pub(crate) fn array<T: Copy>(&mut self, len: usize, value: T) -> Result<*mut T, Raise> {
        let layout = Layout::array::<T>(len).map_err(|_| Raise::OutOfMemory)?;
        let block = self.allocate(layout)?.cast::<T>().as_ptr();
        for index in 0..len {
            // SAFETY: the block holds `len` elements.
            unsafe { block.add(index).write(value) };
        }
        Ok(block)
    }

    /// # Safety
    /// `array` came from `array` with the same length, and nothing uses it any more.
    pub(crate) unsafe fn free_array<T>(&mut self, array: *mut T, len: usize) {
        let layout = Layout::array::<T>(len).expect("it was allocated with this layout");
        if let Some(block) = NonNull::new(array) {
            // SAFETY: the caller's promise.
            unsafe { self.free(block.cast(), layout) }
        }
    }

    fn header(&mut self, kind: Kind) -> Header {
        self.last_id = self.last_id.wrapping_add(1);
        Header { next: self.objects, id: self.last_id, kind, marked: false, extra: 0 }
    }

    /// Puts an object into a new block and into the list of all objects.
    fn link<T>(&mut self, layout: Layout, object: impl FnOnce(Header) -> T) -> Result<Gc<T>, Raise> {
        let block = self.allocate(layout)?.cast::<T>();
        let header = self.header(Kind::Str);
        // SAFETY: the block is large enough for a `T`, aligned for it, and nobody else's.
        unsafe { block.as_ptr().write(object(header)) };
        self.objects = Some(block.cast());
        // SAFETY: just initialised.
        Ok(unsafe { Gc::new(block) })
    }

    pub(crate) fn new_table(&mut self) -> Result<Gc<Table>, Raise> {
        self.link(Layout::new::<Table>(), |header| Table::new(Header { kind: Kind::Table, ..header }))
    }

    pub(crate) fn new_native(&mut self, kind: NativeKind, upvalues: [Val; 3]) -> Result<Gc<Native>, Raise> {
        self.link(Layout::new::<Native>(), |header| Native {
            header: Header { kind: Kind::Native, ..header },
            gray: None,
            kind,
            upvalues,
        })
    }

    pub(crate) fn new_proto(&mut self, proto: Proto) -> Result<Gc<Proto>, Raise> {
        self.charge(proto.bytes)?;
        let bytes = proto.bytes;
        let made = self.link(Layout::new::<Proto>(), |header| Proto {
            header: Header { kind: Kind::Proto, ..header },
            ..proto
        });
        if made.is_err() {
            self.refund(bytes);
        }
        made
    }

    pub(crate) fn new_thread(&mut self, thread: Thread) -> Result<Gc<Thread>, Raise> {
        self.link(Layout::new::<Thread>(), |header| Thread {
            header: Header { kind: Kind::Thread, ..header },
            ..thread
        })
    }

    pub(crate) fn new_upvalue(
        &mut self,
        value: *mut Val,
        owner: Gc<Thread>,
        next: Option<Gc<Upvalue>>,
    ) -> Result<Gc<Upvalue>, Raise> {
        self.link(Layout::new::<Upvalue>(), |header| Upvalue {
            header: Header { kind: Kind::Upvalue, ..header },
            value,
            closed: Val::Nil,
            owner: Some(owner),
            next,
        })
    }

    /// A closure; all its upvalues are given at once, so that it is never seen without.
    pub(crate) fn new_closure(
        &mut self,
        proto: Gc<Proto>,
        env: Gc<Table>,
        upvalues: &[Gc<Upvalue>],
    ) -> Result<Gc<Closure>, Raise> {
        let closure = self.link(closure_layout(upvalues.len()), |header| Closure {
            header: Header { kind: Kind::Closure, ..header },
            gray: None,
            proto,
            env,
            upvalue_count: upvalues.len() as u32,
        })?;
        for (index, upvalue) in upvalues.iter().enumerate() {
            // SAFETY: the layout has room for them.
            unsafe { closure.upvalue(index).write(*upvalue) };
        }
        Ok(closure)
    }

    /// A string with these bytes: the one there is already, if they are few.
    pub(crate) fn string(&mut self, bytes: &[u8]) -> Result<Gc<Str>, Raise> {
        if bytes.len() > SHORT_BYTES_MAX {
            return self.new_string(bytes.len(), |block| {
                // SAFETY: the block has this length, and is new, so it is not part of `bytes`.
                unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), block, bytes.len()) }
            });
        }
        let hash = hash(bytes);
        match self.find_hashed(bytes, hash) {
            Some(string) => Ok(string),
            None => self.intern(bytes, hash),
        }
    }

    /// The short string with these bytes, if there is one.
    pub(crate) fn find_short(&self, bytes: &[u8]) -> Option<Gc<Str>> {
        self.find_hashed(bytes, hash(bytes))
    }

    #[inline(always)]
    fn find_hashed(&self, bytes: &[u8], hash: u32) -> Option<Gc<Str>> {
        let mut entry = self.bucket(hash);
        while let Some(header) = entry {
            // SAFETY: buckets hold short strings that live.
            let string = unsafe { Gc::<Str>::new(header.cast()) };
            if string.hash == hash && string.bytes() == bytes {
                return Some(string);
            }
            entry = string.header.next;
        }
        None
    }

    fn bucket(&self, hash: u32) -> Option<NonNull<Header>> {
        // SAFETY: the count is a power of two, and the array has that length.
        unsafe { *self.buckets.add(hash as usize & (self.bucket_count - 1)) }
    }

    fn intern(&mut self, bytes: &[u8], hash: u32) -> Result<Gc<Str>, Raise> {
        if self.short_strings >= self.bucket_count {
            self.resize_buckets(self.bucket_count * 2)?;
        }
        let block = self.allocate(string_layout(bytes.len()))?.cast::<Str>();
        let next = self.bucket(hash);
        let header =
            Header { next, kind: Kind::Str, extra: lexer::reserved(bytes), ..self.header(Kind::Str) };
        // SAFETY: the block has room for the `Str` and its bytes, and belongs to nobody else.
        let string = unsafe {
            block.as_ptr().write(Str { header, hash, len: bytes.len() as u32 });
            ptr::copy_nonoverlapping(bytes.as_ptr(), block.as_ptr().add(1).cast(), bytes.len());
            Gc::new(block)
        };
        // SAFETY: as in `bucket`.
        unsafe { *self.buckets.add(hash as usize & (self.bucket_count - 1)) = Some(block.cast()) };
        self.short_strings += 1;
        Ok(string)
    }

    fn new_string(&mut self, len: usize, fill: impl FnOnce(*mut u8)) -> Result<Gc<Str>, Raise> {
        if len > self.string_bytes_max {
            return Err(Raise::OutOfMemory);
        }
        let string = self.link(string_layout(len), |header| Str { header, hash: 0, len: len as u32 })?;
        // SAFETY: `len` bytes lie behind the `Str`.
        fill(unsafe { string.as_ptr().add(1).cast() });
        Ok(string)
    }

    /// One string of several, without a copy in between when it is long.
    pub(crate) fn concat(&mut self, parts: &[&[u8]]) -> Result<Gc<Str>, Raise> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if len <= SHORT_BYTES_MAX {
            let mut buffer = [0; SHORT_BYTES_MAX];
            let mut at = 0;
            for part in parts {
                buffer[at..at + part.len()].copy_from_slice(part);
                at += part.len();
            }
            return self.string(&buffer[..len]);
        }
        self.new_string(len, |block| {
            let mut at = 0;
            for part in parts {
                // SAFETY: the parts' lengths add up to that of the block.
                unsafe { ptr::copy_nonoverlapping(part.as_ptr(), block.add(at), part.len()) };
                at += part.len();
            }
        })
    }

    fn resize_buckets(&mut self, count: usize) -> Result<(), Raise> {
        let buckets = self.array::<Option<NonNull<Header>>>(count, None)?;
        for index in 0..self.bucket_count {
            // SAFETY: below the old count; the strings live.
            let mut entry = unsafe { *self.buckets.add(index) };
            while let Some(header) = entry {
                // SAFETY: as above; the new array has `count` elements, a power of two.
                unsafe {
                    let mut string = Gc::<Str>::new(header.cast());
                    entry = string.header.next;
                    let bucket = buckets.add(string.hash as usize & (count - 1));
                    string.header.next = *bucket;
                    *bucket = Some(header);
                }
            }
        }
        // SAFETY: it was made by `array` with the old count, and is replaced here.
        unsafe { self.free_array(self.buckets, self.bucket_count) };
        self.buckets = buckets;
        self.bucket_count = count;
        Ok(())
    }

    /// # Safety
    /// The object is in no list any more, and nothing refers to it.
    pub(crate) unsafe fn free_object(&mut self, object: NonNull<Header>) {
        // SAFETY: the kind says what the object is, and so how it was allocated; the caller promises the rest.
        unsafe {
            let block = object.cast::<u8>();
            match object.as_ref().kind {
                Kind::Str => {
                    let len = object.cast::<Str>().as_ref().len as usize;
                    self.free(block, string_layout(len));
                }
                Kind::Table => {
                    object.cast::<Table>().as_mut().free_parts(self);
                    self.free(block, Layout::new::<Table>());
                }
                Kind::Closure => {
                    let count = object.cast::<Closure>().as_ref().upvalue_count as usize;
                    self.free(block, closure_layout(count));
                }
                Kind::Native => self.free(block, Layout::new::<Native>()),
                Kind::Upvalue => self.free(block, Layout::new::<Upvalue>()),
                Kind::Proto => {
                    self.bytes -= object.cast::<Proto>().as_ref().bytes;
                    ptr::drop_in_place(object.cast::<Proto>().as_ptr());
                    self.free(block, Layout::new::<Proto>());
                }
                Kind::Thread => {
                    object.cast::<Thread>().as_mut().free_parts(self);
                    self.free(block, Layout::new::<Thread>());
                }
            }
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let mut object = self.objects.take();
        while let Some(header) = object {
            // SAFETY: the whole heap ends, and each object is in one list.
            unsafe {
                object = header.as_ref().next;
                self.free_object(header);
            }
        }
        for index in 0..self.bucket_count {
            // SAFETY: as above.
            let mut entry = unsafe { *self.buckets.add(index) };
            while let Some(header) = entry {
                // SAFETY: as above.
                unsafe {
                    entry = header.as_ref().next;
                    self.free_object(header);
                }
            }
        }
        // SAFETY: made by `array` with this length.
        unsafe { self.free_array(self.buckets, self.bucket_count) };
        debug_assert_eq!(self.bytes, 0, "every byte that was counted is given back");
    }
}

/// The hash of a string in Redis's Lua 5.1, which looks at every byte. It decides the order in which `pairs` finds the
/// entries, which scripts can see, for example in the order of the fields that `cjson.encode` writes.
pub(crate) fn hash(bytes: &[u8]) -> u32 {
    let mut hash = bytes.len() as u32;
    for byte in bytes.iter().rev() {
        hash ^= (hash << 5).wrapping_add(hash >> 2).wrapping_add(u32::from(*byte));
    }
    hash
}

fn string_layout(len: usize) -> Layout {
    Layout::from_size_align(size_of::<Str>() + len, align_of::<Str>()).expect("lengths are limited")
}

fn closure_layout(upvalues: usize) -> Layout {
    let size = size_of::<Closure>() + upvalues * size_of::<Gc<Upvalue>>();
    Layout::from_size_align(size, align_of::<Closure>()).expect("a function has at most 60 upvalues")
}
