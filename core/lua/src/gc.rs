//! The collector: marks what can be reached, frees the rest, all at once.
//!
//! Objects that were reached but not looked into form a list through their `gray` field, so that marking needs no
//! memory of its own however the objects hang together.

use crate::heap::{Header, Heap, Kind};
use crate::meta::Event;
use crate::table::Table;
use crate::thread::Thread;
use crate::value::{Closure, Gc, Native, Proto, Str, Upvalue, Val};
use crate::vm::Vm;
use core::ptr::NonNull;

impl Vm {
    /// Frees what cannot be reached. Only to be called at a safe point: everything in use is on a stack, in the
    /// registry, or reachable from there.
    pub(crate) fn collect(&mut self) {
        let mode = self.name(Event::Mode);
        self.mark_roots();
        let heap = &mut self.heap;
        heap.propagate(mode);
        heap.clear_weak(mode);
        heap.sweep();
        heap.set_threshold();
    }

    /// As `collect`, as part of what the program costs: otherwise one that keeps little memory free would have the
    /// collector do most of the work.
    pub(crate) fn collect_charged(&mut self) {
        self.heap.visited = 0;
        self.collect();
        self.fuel = self.fuel.saturating_sub(self.heap.visited as i64 / 4);
    }

    fn mark_roots(&mut self) {
        let heap = &mut self.heap;
        heap.mark(&Val::Table(self.globals));
        heap.mark(&Val::Thread(self.main));
        heap.mark(&Val::Thread(self.current));
        if let Some((source, _)) = self.thrown_at {
            heap.mark(&Val::Str(source));
        }
        for value in [self.thrown, self.next_function, self.ipairs_function] {
            heap.mark(&value);
        }
        if let Some(meta) = self.string_meta {
            heap.mark(&Val::Table(meta));
        }
        for name in &self.names {
            heap.mark(&Val::Str(*name));
        }
        for value in self.registry.iter().chain(self.handles.iter().map(|(value, _)| value)) {
            heap.mark(value);
        }
    }
}

impl Heap {
    pub(crate) fn mark(&mut self, value: &Val) {
        if let Some(object) = value.object() {
            self.mark_object(object);
        }
    }

    fn mark_object(&mut self, object: NonNull<Header>) {
        // SAFETY: what is reachable lives; the kind says which object it is.
        unsafe {
            let header = object.as_ptr();
            if (*header).marked {
                return;
            }
            (*header).marked = true;
            match (*header).kind {
                Kind::Str => {}
                Kind::Upvalue => {
                    let upvalue = Gc::<Upvalue>::new(object.cast());
                    match upvalue.owner {
                        // The value is on that stack.
                        Some(thread) => self.mark_object(thread.header()),
                        None => {
                            let value = upvalue.closed;
                            self.mark(&value);
                        }
                    }
                }
                _ => {
                    *gray_link(object) = self.gray;
                    self.gray = Some(object);
                }
            }
        }
    }

    fn propagate(&mut self, mode: Gc<Str>) {
        while let Some(object) = self.gray {
            // SAFETY: as above.
            unsafe {
                self.gray = *gray_link(object);
                match object.as_ref().kind {
                    Kind::Table => self.mark_table(Gc::new(object.cast()), mode),
                    Kind::Closure => self.mark_closure(Gc::new(object.cast())),
                    Kind::Native => {
                        let upvalues = Gc::<Native>::new(object.cast()).upvalues;
                        for value in &upvalues {
                            self.mark(value);
                        }
                    }
                    Kind::Proto => self.mark_proto(Gc::new(object.cast())),
                    Kind::Thread => self.mark_thread(Gc::new(object.cast())),
                    Kind::Str | Kind::Upvalue => {}
                }
            }
        }
    }

    fn mark_table(&mut self, mut table: Gc<Table>, mode: Gc<Str>) {
        let (mut weak_keys, mut weak_values) = (false, false);
        self.visited += table.size() / 4;
        if let Some(meta) = table.meta {
            self.mark(&Val::Table(meta));
            if let Val::Str(mode) = meta.get_short(mode) {
                weak_keys = mode.bytes().contains(&b'k');
                weak_values = mode.bytes().contains(&b'v');
            }
        }
        if weak_keys || weak_values {
            table.gray = self.weak;
            self.weak = Some(table.header());
        }
        if weak_keys && weak_values {
            return;
        }
        let heap = core::cell::RefCell::new(self);
        Table::each(
            table,
            |value| {
                if !weak_values {
                    heap.borrow_mut().mark(value);
                }
            },
            |key, value| {
                if value.is_nil() {
                    bury(key);
                    return;
                }
                if !weak_keys {
                    heap.borrow_mut().mark(key);
                }
                if !weak_values {
                    heap.borrow_mut().mark(value);
                }
            },
        );
    }

    fn mark_closure(&mut self, closure: Gc<Closure>) {
        self.mark_object(closure.proto.header());
        self.mark_object(closure.env.header());
        for index in 0..closure.upvalue_count as usize {
            // SAFETY: below the count.
            let upvalue = unsafe { *closure.upvalue(index) };
            self.mark_object(upvalue.header());
        }
    }

    fn mark_proto(&mut self, proto: Gc<Proto>) {
        self.mark_object(proto.source.header());
        for value in &proto.constants {
            self.mark(value);
        }
        for inner in &proto.protos {
            self.mark_object(inner.header());
        }
        for local in &proto.locals {
            self.mark_object(local.name.header());
        }
        for name in &proto.upvalue_names {
            self.mark_object(name.header());
        }
    }

    fn mark_thread(&mut self, thread: Gc<Thread>) {
        self.mark_object(thread.globals.header());
        if let Some(parent) = thread.parent {
            self.mark_object(parent.header());
        }
        let used = thread.used();
        for index in 0..used {
            let value = thread.at(index);
            self.mark(&value);
        }
        // What lies above is not marked, so it must not be there when it is freed.
        for index in used..thread.stack_len {
            thread.put(index, Val::Nil);
        }
        let mut open = thread.open;
        while let Some(upvalue) = open {
            // Its value is on the stack, and was marked there.
            self.mark_object(upvalue.header());
            open = upvalue.next;
        }
    }

    /// Takes from weak tables what nothing else refers to. Strings are values, not objects, in this respect.
    fn clear_weak(&mut self, mode: Gc<Str>) {
        let mut entry = self.weak.take();
        while let Some(object) = entry {
            // SAFETY: tables that were marked.
            let table = unsafe { Gc::<Table>::new(object.cast()) };
            entry = table.gray;
            let modes = table.meta.map_or(Val::Nil, |meta| meta.get_short(mode));
            let Val::Str(modes) = modes else { continue };
            let weak_keys = modes.bytes().contains(&b'k');
            let weak_values = modes.bytes().contains(&b'v');
            let heap = core::cell::RefCell::new(&mut *self);
            Table::each(
                table,
                |value| {
                    if weak_values && heap.borrow_mut().is_lost(value) {
                        *value = Val::Nil;
                    }
                },
                |key, value| {
                    let mut heap = heap.borrow_mut();
                    if !value.is_nil()
                        && (weak_values && heap.is_lost(value) || weak_keys && heap.is_lost(key))
                    {
                        *value = Val::Nil;
                    }
                    if value.is_nil() {
                        bury(key);
                    } else {
                        // Strings in it were not marked yet.
                        heap.mark(key);
                        heap.mark(value);
                    }
                },
            );
        }
    }

    /// Whether the value is an object that was not reached. A string is kept.
    fn is_lost(&mut self, value: &Val) -> bool {
        if let Val::Str(_) = value {
            self.mark(value);
            return false;
        }
        // SAFETY: objects are freed only after this.
        value.object().is_some_and(|object| unsafe { !object.as_ref().marked })
    }

    fn sweep(&mut self) {
        let mut objects = self.objects;
        self.sweep_list(&mut objects);
        self.objects = objects;
        for index in 0..self.bucket_count {
            // SAFETY: below the number of buckets.
            let mut bucket = unsafe { *self.buckets.add(index) };
            if bucket.is_some() {
                let freed = self.sweep_list(&mut bucket);
                self.short_strings -= freed;
                // SAFETY: as above.
                unsafe { *self.buckets.add(index) = bucket };
            }
        }
    }

    fn sweep_list(&mut self, list: &mut Option<NonNull<Header>>) -> usize {
        let mut freed = 0;
        let mut link: *mut Option<NonNull<Header>> = list;
        // SAFETY: the list holds objects that live; one that is freed is taken out of the list first, and was not
        // reached, so nothing refers to it. Threads on which a program runs are roots.
        unsafe {
            while let Some(object) = *link {
                let header = object.as_ptr();
                self.visited += 1;
                if (*header).marked {
                    (*header).marked = false;
                    link = &raw mut (*header).next;
                } else {
                    *link = (*header).next;
                    self.free_object(object);
                    freed += 1;
                }
            }
        }
        freed
    }
}

impl Thread {
    /// How far up the stack something may be in use.
    fn used(&self) -> usize {
        let mut used = self.top;
        if let Some(frame) = self.frames.last()
            && let Val::Lua(closure) = self.at(frame.func as usize)
        {
            used = used.max(frame.base as usize + closure.proto.stack_max as usize);
        }
        used.min(self.stack_len)
    }
}

/// The key of an entry without value does not keep its object alive, but `next` may be asked to go on from it.
fn bury(key: &mut Val) {
    if let Some(object) = key.object() {
        *key = Val::Dead(object.as_ptr() as usize);
    }
}

/// Where objects that may be gray keep the link of the list.
///
/// # Safety
/// The object is not a string or upvalue.
unsafe fn gray_link(object: NonNull<Header>) -> *mut Option<NonNull<Header>> {
    #[repr(C)]
    struct Gray {
        header: Header,
        gray: Option<NonNull<Header>>,
    }
    // SAFETY: these objects begin with the same two fields, in C's layout.
    unsafe { &raw mut (*object.cast::<Gray>().as_ptr()).gray }
}
