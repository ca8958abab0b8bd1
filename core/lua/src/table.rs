//! Tables: an array part for the keys 1 to n, and a hash part for the rest.
//!
//! Sizes, collisions and the border that `#` finds follow Lua 5.1, because scripts can see them: the length of a
//! table with holes, and the order in which `pairs` goes through it. The hash part is a chained scatter table with
//! Brent's variation: a colliding node that is not in its main position gives way.

#![expect(
    clippy::cast_possible_truncation,
    reason = "an array has at most `ARRAY_BITS` bits, and nodes take more memory than 2^31 of them could have"
)]

use crate::error::Raise;
use crate::heap::{Header, Heap};
use crate::value::{Gc, Str, Val};
use core::ptr::{self, NonNull};

#[repr(C)]
pub(crate) struct Table {
    pub(crate) header: Header,
    pub(crate) gray: Option<NonNull<Header>>,
    pub(crate) meta: Option<Gc<Table>>,
    array: *mut Val,
    nodes: *mut Node,
    array_len: u32,
    /// The number of nodes is 2 to this power; the shared empty node counts as one.
    log_nodes: u8,
    /// Metamethods that are known to be absent, a bit each; see [`crate::meta::Event`].
    pub(crate) absent: u8,
    pub(crate) readonly: bool,
    /// Nodes from here on are in use.
    free_end: u32,
}

#[derive(Clone, Copy)]
pub(crate) struct Node {
    key: Val,
    value: Val,
    /// Distance to the next node of the chain; 0 at its end.
    next: i32,
}

const FREE_NODE: Node = Node { key: Val::Nil, value: Val::Nil, next: 0 };

/// The hash part of tables that have none: lookups need no extra case.
struct Shared(Node);
// SAFETY: it is never written.
unsafe impl Sync for Shared {}
static EMPTY: Shared = Shared(FREE_NODE);

/// Chains are hardly ever longer.
const CHAIN_USUAL: usize = 32;

/// The largest array part has 2^26 elements.
const ARRAY_BITS: usize = 26;

fn empty_node() -> *mut Node {
    (&raw const EMPTY.0).cast_mut()
}

/// The key as an index of an array, if it is a whole number from 1 on.
#[inline(always)]
fn array_index(key: f64) -> Option<u32> {
    let index = to_i32(key);
    (f64::from(index) == key && index > 0).then_some(index as u32)
}

/// A number cut to an integer; anything for numbers that do not fit.
#[inline(always)]
pub(crate) fn to_i32(number: f64) -> i32 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        // `as` would also bring numbers out of range to the nearest integer, which costs several instructions.
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { core::arch::x86_64::_mm_cvttsd_si32(core::arch::x86_64::_mm_set_sd(number)) }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    {
        number as i32
    }
}

impl Table {
    pub(crate) fn new(header: Header) -> Table {
        Table {
            header,
            gray: None,
            meta: None,
            array: ptr::null_mut(),
            nodes: empty_node(),
            array_len: 0,
            log_nodes: 0,
            absent: 0,
            readonly: false,
            free_end: 0,
        }
    }

    #[inline(always)]
    fn node_count(&self) -> usize {
        1 << self.log_nodes
    }

    pub(crate) fn has_nodes(&self) -> bool {
        !ptr::eq(self.nodes, empty_node())
    }

    #[inline(always)]
    fn node(&self, index: usize) -> *mut Node {
        debug_assert!(index < self.node_count());
        // SAFETY: below the number of nodes.
        unsafe { self.nodes.add(index) }
    }

    #[inline(always)]
    pub(crate) fn get_short(&self, key: Gc<Str>) -> Val {
        match self.find_short(key) {
            // SAFETY: a node of this table.
            Some(node) => unsafe { (*node).value },
            None => Val::Nil,
        }
    }

    #[inline(always)]
    fn find_short(&self, key: Gc<Str>) -> Option<*mut Node> {
        let mut node = self.node(key.hash as usize & (self.node_count() - 1));
        loop {
            // SAFETY: `node` is one of this table's, or the shared one; chains stay inside the table.
            unsafe {
                if let Val::Str(found) = (*node).key
                    && found == key
                {
                    return Some(node);
                }
                let next = (*node).next;
                if next == 0 {
                    return None;
                }
                node = node.offset(next as isize);
            }
        }
    }

    /// The place of an existing value, for assignment, when the key is a short string and the value is not nil.
    #[inline(always)]
    pub(crate) fn present_short(&mut self, key: Gc<Str>) -> Option<*mut Val> {
        let node = self.find_short(key)?;
        // SAFETY: a node of this table; it has a key, so it is not the shared one.
        unsafe { if (*node).value.is_nil() { None } else { Some(&raw mut (*node).value) } }
    }

    /// The place of an element of the array part.
    #[inline(always)]
    pub(crate) fn array_slot(&self, key: f64) -> Option<*mut Val> {
        let index = (to_i32(key) as u32).wrapping_sub(1);
        if index < self.array_len && f64::from(index) + 1.0 == key {
            // SAFETY: below the length.
            return Some(unsafe { self.array.add(index as usize) });
        }
        None
    }

    #[inline]
    pub(crate) fn get_number(&self, key: f64) -> Val {
        match self.array_slot(key) {
            // SAFETY: an element of the array part.
            Some(slot) => unsafe { *slot },
            None => self.get_node(&Val::Number(key)),
        }
    }

    #[inline(always)]
    pub(crate) fn get_index(&self, index: usize) -> Val {
        if index.wrapping_sub(1) < self.array_len as usize {
            // SAFETY: below the length.
            return unsafe { *self.array.add(index - 1) };
        }
        self.get_node(&Val::Number(index as f64))
    }

    #[inline]
    pub(crate) fn get(&self, key: &Val) -> Val {
        match *key {
            Val::Str(key) if key.is_short() => self.get_short(key),
            Val::Number(key) => self.get_number(key),
            Val::Nil => Val::Nil,
            _ => self.get_node(key),
        }
    }

    fn get_node(&self, key: &Val) -> Val {
        match self.find_node(key).0 {
            // SAFETY: a node of this table.
            Some(node) => unsafe { (*node).value },
            None => Val::Nil,
        }
    }

    /// The node of a key, and how far it is down its chain.
    fn find_node(&self, key: &Val) -> (Option<*mut Node>, usize) {
        let mut node = self.main_position(key);
        let mut steps = 0;
        loop {
            steps += 1;
            // SAFETY: as in `find_short`.
            unsafe {
                if (*node).key.raw_eq(key) {
                    return (Some(node), steps);
                }
                let next = (*node).next;
                if next == 0 {
                    return (None, steps);
                }
                node = node.offset(next as isize);
            }
        }
    }

    fn main_position(&self, key: &Val) -> *mut Node {
        let count = self.node_count();
        // An odd divisor, for keys whose low bits say little.
        let modulo = |hash: u32| hash as usize % ((count - 1) | 1);
        self.node(match key {
            Val::Str(key) => key.hash_code() as usize & (count - 1),
            Val::Number(number) => {
                if *number == 0.0 {
                    0
                } else {
                    let bits = number.to_bits();
                    modulo((bits as u32).wrapping_add((bits >> 32) as u32))
                }
            }
            Val::Bool(value) => usize::from(*value) & (count - 1),
            Val::Light(value) => modulo(*value),
            Val::Nil | Val::Dead(_) => 0,
            other => {
                let object = other.object().expect("all other values are objects");
                // SAFETY: it lives, or it could not be in a value.
                modulo(unsafe { object.as_ref().id })
            }
        })
    }

    /// Assigns without metamethods. The key is neither nil nor NaN.
    pub(crate) fn set(&mut self, heap: &mut Heap, key: Val, value: Val) -> Result<(), Raise> {
        self.absent = 0;
        if let Val::Number(number) = key
            && let Some(slot) = self.array_slot(number)
        {
            // SAFETY: an element of the array part.
            unsafe { *slot = value };
            return Ok(());
        }
        let (found, steps) = self.find_node(&key);
        if let Some(node) = found {
            // SAFETY: a node of this table with a key, so not the shared one.
            unsafe { (*node).value = value };
            return Ok(());
        }
        if steps > CHAIN_USUAL {
            // Keys that were chosen to be slow to find: the cost grows so fast that there cannot be many.
            heap.work += steps * steps;
        }
        let slot = self.insert(heap, key)?;
        // SAFETY: the place that was just made for the key.
        unsafe { *slot = value };
        Ok(())
    }

    pub(crate) fn set_index(&mut self, heap: &mut Heap, index: usize, value: Val) -> Result<(), Raise> {
        if index.wrapping_sub(1) < self.array_len as usize {
            // SAFETY: below the length.
            unsafe { *self.array.add(index - 1) = value };
            return Ok(());
        }
        self.set(heap, Val::Number(index as f64), value)
    }

    /// A place for a key that is not in the table.
    fn insert(&mut self, heap: &mut Heap, key: Val) -> Result<*mut Val, Raise> {
        let main = self.main_position(&key);
        // SAFETY: nodes of this table throughout; the shared one is not written, since it has no free place.
        unsafe {
            if !self.has_nodes() || !(*main).value.is_nil() {
                let Some(free) = self.free_node() else {
                    self.rehash(heap, &key)?;
                    return self.place(heap, key);
                };
                let other = self.main_position(&(*main).key);
                if ptr::eq(other, main) {
                    let next = (*main).next;
                    (*free).next =
                        if next == 0 { 0 } else { main.offset(next as isize).offset_from(free) as i32 };
                    (*main).next = free.offset_from(main) as i32;
                    (*free).key = key;
                    return Ok(&raw mut (*free).value);
                }
                // The other one is not where it belongs: it moves to the free node.
                let mut before = other;
                while !ptr::eq(before.offset((*before).next as isize), main) {
                    before = before.offset((*before).next as isize);
                }
                (*before).next = free.offset_from(before) as i32;
                *free = *main;
                if (*main).next != 0 {
                    (*free).next = main.offset((*main).next as isize).offset_from(free) as i32;
                }
                (*main).next = 0;
                (*main).value = Val::Nil;
            }
            (*main).key = key;
            Ok(&raw mut (*main).value)
        }
    }

    /// The place of a key, made if there is none.
    fn place(&mut self, heap: &mut Heap, key: Val) -> Result<*mut Val, Raise> {
        if let Val::Number(number) = key
            && let Some(slot) = self.array_slot(number)
        {
            return Ok(slot);
        }
        match self.find_node(&key).0 {
            // SAFETY: a node of this table.
            Some(node) => Ok(unsafe { &raw mut (*node).value }),
            None => self.insert(heap, key),
        }
    }

    /// Nodes are given out from the end; one whose key was ever used is not given out again before a rehash.
    fn free_node(&mut self) -> Option<*mut Node> {
        while self.free_end > 0 {
            self.free_end -= 1;
            let node = self.node(self.free_end as usize);
            // SAFETY: a node of this table.
            if unsafe { (*node).key.is_nil() } {
                return Some(node);
            }
        }
        None
    }

    /// Makes the parts as large as what is there, and one more key, needs.
    fn rehash(&mut self, heap: &mut Heap, extra: &Val) -> Result<(), Raise> {
        // How many keys there are above 2^(i-1) and up to 2^i.
        let mut slices = [0u32; ARRAY_BITS + 1];
        let mut indices = self.count_array(&mut slices);
        let mut total = indices + 1;
        for index in 0..self.node_count() {
            // SAFETY: a node of this table.
            let node = unsafe { &*self.node(index) };
            if !node.value.is_nil() {
                indices += count_index(&node.key, &mut slices);
                total += 1;
            }
        }
        indices += count_index(extra, &mut slices);
        let (array_len, in_array) = array_size(&slices, indices);
        self.resize(heap, array_len, (total - in_array) as usize)
    }

    fn count_array(&self, slices: &mut [u32]) -> u32 {
        let (mut total, mut index, mut limit) = (0, 1, 1);
        for slice in slices {
            let end = limit.min(self.array_len);
            let mut count = 0;
            while index <= end {
                // SAFETY: not above the length.
                count += u32::from(unsafe { !(*self.array.add(index as usize - 1)).is_nil() });
                index += 1;
            }
            *slice += count;
            total += count;
            if end == self.array_len {
                break;
            }
            limit *= 2;
        }
        total
    }

    /// Gives the parts these sizes; what does not fit the array part any more goes to the hash part.
    pub(crate) fn resize(&mut self, heap: &mut Heap, array_len: u32, nodes: usize) -> Result<(), Raise> {
        if nodes == 0 && self.array_len == 0 && !self.has_nodes() {
            // Most tables get an array once and never change it: there is nothing to be moved.
            if array_len > 0 {
                self.array = heap.array(array_len as usize, Val::Nil)?;
            }
            heap.work += (self.size() + array_len as usize) / 8;
            self.array_len = array_len;
            return Ok(());
        }
        // All memory comes first, so that a refusal leaves the table as it was.
        let (new_nodes, log_nodes) = if nodes == 0 {
            (empty_node(), 0)
        } else {
            let log = usize::BITS - (nodes - 1).leading_zeros();
            if log > 26 {
                return Err(Raise::OutOfMemory);
            }
            (heap.array(1 << log, FREE_NODE)?, log as u8)
        };
        let old_len = self.array_len;
        let new_array = if array_len == old_len || array_len == 0 {
            Ok(ptr::null_mut())
        } else {
            heap.array(array_len as usize, Val::Nil)
        };
        let new_array = match new_array {
            Ok(array) => array,
            Err(refused) => {
                if nodes > 0 {
                    // SAFETY: made above.
                    unsafe { heap.free_array(new_nodes, 1 << log_nodes) };
                }
                return Err(refused);
            }
        };
        let (old_array, old_nodes, old_count) = (self.array, self.nodes, self.node_count());
        heap.work += (self.size() + array_len as usize + nodes) / 8;
        self.nodes = new_nodes;
        self.log_nodes = log_nodes;
        self.free_end = if nodes == 0 { 0 } else { 1 << log_nodes };
        if array_len != old_len {
            // SAFETY: both have at least that many elements, or the count is 0.
            unsafe {
                if array_len > 0 && old_len > 0 {
                    ptr::copy_nonoverlapping(old_array, new_array, old_len.min(array_len) as usize);
                }
            }
            self.array = new_array;
            self.array_len = array_len;
        }
        for index in array_len..old_len {
            // SAFETY: below the old length.
            let value = unsafe { *old_array.add(index as usize) };
            if !value.is_nil() {
                self.set(heap, Val::Number(f64::from(index) + 1.0), value)?;
            }
        }
        if old_nodes != empty_node() {
            for index in (0..old_count).rev() {
                // SAFETY: below the old count.
                let node = unsafe { *old_nodes.add(index) };
                if !node.value.is_nil() {
                    self.set(heap, node.key, node.value)?;
                }
            }
            // SAFETY: replaced above, and nothing refers to it.
            unsafe { heap.free_array(old_nodes, old_count) };
        }
        if array_len != old_len && old_len > 0 {
            // SAFETY: as above.
            unsafe { heap.free_array(old_array, old_len as usize) };
        }
        Ok(())
    }

    /// Makes the array part at least this large.
    pub(crate) fn reserve_array(&mut self, heap: &mut Heap, len: usize) -> Result<(), Raise> {
        if len > 1 << ARRAY_BITS {
            return Err(Raise::OutOfMemory);
        }
        if len as u32 > self.array_len {
            let nodes = if self.has_nodes() { self.node_count() } else { 0 };
            self.resize(heap, len as u32, nodes)?;
        }
        Ok(())
    }

    /// A border: some n with a value at n, or 0, and none at n + 1.
    pub(crate) fn border(&self) -> usize {
        let end = self.array_len as usize;
        if end > 0 && self.get_index(end).is_nil() {
            return self.search(0, end);
        }
        if !self.has_nodes() {
            return end;
        }
        let (mut low, mut high) = (end, end + 1);
        while !self.get_index(high).is_nil() {
            low = high;
            if high > i32::MAX as usize / 2 {
                // Made on purpose to lead this search astray.
                return (1..).find(|&index| self.get_index(index).is_nil()).expect("memory ends") - 1;
            }
            high *= 2;
        }
        self.search(low, high)
    }

    /// A border between a place with a value, or 0, and one without.
    fn search(&self, mut low: usize, mut high: usize) -> usize {
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            if self.get_index(middle).is_nil() {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }

    /// The entry after the one with this key, nil for the first, and how many places were looked at; `None` if there
    /// is no such key.
    pub(crate) fn next(&self, key: &Val) -> Option<(Option<(Val, Val)>, usize)> {
        let position = self.position(key)?;
        Some(match self.entry_at_or_after(position) {
            Some((end, key, value)) => (Some((key, value)), end - position),
            None => (None, self.size() - position),
        })
    }

    /// The first entry that is not empty from a position on, and the position after it.
    pub(crate) fn entry_at_or_after(&self, position: usize) -> Option<(usize, Val, Val)> {
        let len = self.array_len as usize;
        for index in position..len {
            // SAFETY: below the length.
            let value = unsafe { *self.array.add(index) };
            if !value.is_nil() {
                return Some((index + 1, Val::Number((index + 1) as f64), value));
            }
        }
        for index in position.max(len) - len..self.node_count() {
            // SAFETY: below the number of nodes.
            let node = unsafe { &*self.node(index) };
            if !node.value.is_nil() {
                return Some((len + index + 1, node.key, node.value));
            }
        }
        None
    }

    /// Where the traversal goes on after a key.
    fn position(&self, key: &Val) -> Option<usize> {
        if key.is_nil() {
            return Some(0);
        }
        if let Val::Number(number) = key
            && let Some(index) = array_index(*number)
            && index <= self.array_len
        {
            return Some(index as usize);
        }
        let address = key.object().map(|object| object.as_ptr() as usize);
        let mut node = self.main_position(key);
        loop {
            // SAFETY: as in `find_short`.
            unsafe {
                let same = match (*node).key {
                    Val::Dead(dead) => Some(dead) == address,
                    found => found.raw_eq(key),
                };
                if same {
                    return Some(self.array_len as usize + node.offset_from(self.nodes) as usize + 1);
                }
                if (*node).next == 0 {
                    return None;
                }
                node = node.offset((*node).next as isize);
            }
        }
    }

    /// Shows the collector each value, and each key with it.
    pub(crate) fn each(
        table: Gc<Table>,
        mut array: impl FnMut(&mut Val),
        mut node: impl FnMut(&mut Val, &mut Val),
    ) {
        // The table itself is not borrowed meanwhile: its own header may be among what is marked.
        let (elements, len) = (table.array, table.array_len as usize);
        let (nodes, count) = (table.nodes, if table.has_nodes() { table.node_count() } else { 0 });
        for index in 0..len {
            // SAFETY: below the length; nothing else refers to the element.
            array(unsafe { &mut *elements.add(index) });
        }
        for index in 0..count {
            // SAFETY: below the number of nodes; the table has its own.
            let entry = unsafe { &mut *nodes.add(index) };
            node(&mut entry.key, &mut entry.value);
        }
    }

    /// How many places there are to look at.
    pub(crate) fn size(&self) -> usize {
        self.array_len as usize + self.node_count()
    }

    pub(crate) fn free_parts(&mut self, heap: &mut Heap) {
        // SAFETY: both were made by `array` with these lengths, and the table is not used any more.
        unsafe {
            if self.has_nodes() {
                heap.free_array(self.nodes, self.node_count());
            }
            heap.free_array(self.array, self.array_len as usize);
        }
    }
}

fn count_index(key: &Val, slices: &mut [u32]) -> u32 {
    if let Val::Number(number) = key
        && let Some(index) = array_index(*number)
        && index <= 1 << ARRAY_BITS
    {
        slices[(u32::BITS - (index - 1).leading_zeros()) as usize] += 1;
        return 1;
    }
    0
}

/// The largest n such that more than half of the places 1 to n are used, a power of two, and how many are.
fn array_size(slices: &[u32], indices: u32) -> (u32, u32) {
    let (mut below, mut size, mut used) = (0, 0, 0);
    let mut limit = 1u32;
    for slice in slices {
        if limit / 2 >= indices {
            break;
        }
        below += slice;
        if *slice > 0 && below > limit / 2 {
            size = limit;
            used = below;
        }
        if below == indices {
            break;
        }
        limit = limit.wrapping_mul(2);
    }
    (size, used)
}
