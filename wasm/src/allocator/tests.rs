//! Tests of the guest's allocator.

use super::*;
use std::alloc::{alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::iter;

#[test]
#[cfg_attr(miri, ignore = "it takes long there and runs safe code only")]
fn classes_waste_at_most_an_eighth() {
    for size in 1..=SMALL_BYTES_MAX {
        let class = class_of(Layout::from_size_align(size, 1).unwrap()).unwrap();
        let bytes = CLASS_BYTES[class] as usize;
        assert!(bytes >= size, "{size}");
        assert!(bytes - size < 8 || (bytes - size) * 8 <= bytes, "{size} in {bytes}");
        assert!(class == 0 || (CLASS_BYTES[class - 1] as usize) < size);
    }
    assert_eq!(class_of(Layout::from_size_align(SMALL_BYTES_MAX + 1, 1).unwrap()), None);
}

#[test]
#[cfg_attr(miri, ignore = "it takes long there and runs safe code only")]
fn bins_ascend_with_length() {
    let mut last = 0;
    for units in 1..UNITS_MAX {
        let bin = bin_of(units);
        assert!(bin == last || bin == last + 1);
        last = bin;
    }
    assert!(last < BINS);
}

#[test]
fn blocks_never_overlap_and_keep_their_bytes() {
    let (seeds, steps) = if cfg!(miri) { (2, 300) } else { (6, 8_000) };
    for seed in 1..=seeds {
        let mut model = Model::new(64 << 20, seed);
        for _ in 0..steps {
            model.step();
        }
        model.clear();
        model.heap.close_window(true);
        assert_eq!(model.heap.used_bytes(), 0);
        // All that remains in slabs is one of each class.
        assert!(model.heap.committed_bytes() - model.heap.free_bytes() <= CLASSES * SLAB_BYTES);
    }
}

#[test]
fn a_full_memory_refuses_and_recovers() {
    let bytes = if cfg!(miri) { 4 * SLAB_BYTES } else { 4 << 20 };
    let mut heap = Heap::new(bytes);
    let layout = Layout::from_size_align(56, 8).unwrap();
    let mut blocks = Vec::new();
    while let Some(block) = NonNull::new(heap.allocate(layout)) {
        blocks.push(block);
    }
    assert!(blocks.len() * 56 > bytes * 95 / 100, "{}", blocks.len());
    assert_eq!(heap.refused_bytes(), 56);
    let large = Layout::from_size_align(bytes / 2, 8).unwrap();
    assert!(heap.allocate(large).is_null());
    for block in blocks.drain(..) {
        // SAFETY: each block is freed once with its own layout.
        unsafe { heap.deallocate(block, layout) };
    }
    // What one class gave up serves a large block: all slabs but the class's last one became runs again.
    assert!(!heap.allocate(large).is_null());
}

#[test]
fn a_large_block_grows_and_shrinks_where_it_lies() {
    let mut heap = Heap::new(64 << 20);
    let layout = |size| Layout::from_size_align(size, 8).unwrap();
    let first = NonNull::new(heap.allocate(layout(1 << 20))).unwrap();
    let second = NonNull::new(heap.allocate(layout(1 << 20))).unwrap();
    // SAFETY: each block is live and named by its layout.
    unsafe {
        heap.deallocate(second, layout(1 << 20));
        assert_eq!(heap.reallocate(first, layout(1 << 20), 2 << 20), first.as_ptr());
        assert_eq!(heap.reallocate(first, layout(2 << 20), 10_000), first.as_ptr());
        assert_eq!(heap.used_bytes(), 10 << 10);
        // The last block grows with the memory behind it, so a buffer that doubles never needs three times its size.
        assert_eq!(heap.reallocate(first, layout(10_000), 60 << 20), first.as_ptr());
        assert!(heap.committed_bytes() <= 61 << 20);
        assert!(heap.reallocate(first, layout(60 << 20), 70 << 20).is_null());
        heap.deallocate(first, layout(60 << 20));
    }
    assert_eq!(heap.used_bytes(), 0);
    assert_eq!(heap.contiguous_bytes(), heap.committed_bytes());
}

#[test]
fn other_classes_help_out_when_memory_is_full() {
    let mut heap = Heap::new(if cfg!(miri) { 4 * SLAB_BYTES } else { 4 << 20 });
    let layout = |size| Layout::from_size_align(size, 8).unwrap();
    let mut blocks = Vec::new();
    while let Some(block) = NonNull::new(heap.allocate(layout(64))) {
        blocks.push(block);
    }
    let (first, second) = (blocks[0], blocks[1]);
    // SAFETY: each block is live and named by its layout.
    unsafe {
        // There is no slab of the smaller class, nor room for one: a block that shrinks stays where it lies.
        assert_eq!(heap.reallocate(first, layout(64), 20), first.as_ptr());
        assert!(heap.allocate(layout(20)).is_null());
        assert_eq!(heap.reallocate(first, layout(20), 30), first.as_ptr().cast());
        heap.deallocate(second, layout(64));
        assert_eq!(heap.allocate(layout(20)), second.as_ptr());
        assert!(heap.allocate(Layout::from_size_align(16, 16).unwrap()).is_null());
        heap.deallocate(second, layout(20));
        heap.deallocate(first, layout(30));
        for block in blocks.drain(2..) {
            heap.deallocate(block, layout(64));
        }
    }
    assert_eq!(heap.used_bytes(), 0);
}

#[test]
fn empty_slabs_are_given_back_when_asked_for() {
    let mut heap = Heap::new(8 << 20);
    for size in (8..1000).step_by(8) {
        let layout = Layout::from_size_align(size, 8).unwrap();
        let block = NonNull::new(heap.allocate(layout)).unwrap();
        // SAFETY: the block is live and of this layout.
        unsafe { heap.deallocate(block, layout) };
    }
    assert!(heap.committed_bytes() - heap.free_bytes() > 16 * SLAB_BYTES);
    heap.reclaim();
    assert_eq!(heap.committed_bytes(), heap.free_bytes());
    assert_eq!(heap.contiguous_bytes(), heap.roomy_bytes());
}

#[test]
fn memory_in_pieces_becomes_one() {
    // Beside a window of a quarter there has to be a mebibyte that is free.
    let bytes = if cfg!(miri) { 2 << 20 } else { 8 << 20 };
    for size in [100, 10_000] {
        let mut heap = Heap::new(bytes);
        let layout = Layout::from_size_align(size, 8).unwrap();
        let mut blocks = Vec::new();
        while let Some(block) = NonNull::new(heap.allocate(layout)) {
            blocks.push(block);
        }
        let mut live = Vec::new();
        for (nth, block) in blocks.into_iter().enumerate() {
            if nth % 16 == 0 {
                live.push(block);
            } else {
                // SAFETY: each block is freed once with its own layout.
                unsafe { heap.deallocate(block, layout) };
            }
        }
        let large = bytes / 4;
        assert!(heap.contiguous_bytes() < large);
        for _ in 0..100 {
            if heap.contiguous_bytes() >= large || !heap.open_window(large) {
                break;
            }
            for block in live.iter_mut().filter(|block| heap.is_in_window(block.as_ptr())).collect::<Vec<_>>()
            {
                // SAFETY: both blocks are live and this long.
                unsafe {
                    let moved = NonNull::new(heap.allocate(layout)).unwrap();
                    block.copy_to_nonoverlapping(moved, size);
                    heap.deallocate(*block, layout);
                    *block = moved;
                }
            }
            heap.close_window(true);
        }
        assert!(heap.contiguous_bytes() >= large, "blocks of {size} bytes");
        for block in live {
            // SAFETY: as above.
            unsafe { heap.deallocate(block, layout) };
        }
        assert_eq!(heap.used_bytes(), 0);
    }
}

#[test]
fn what_does_not_move_is_avoided() {
    let mut heap = Heap::new(32 * SLAB_BYTES);
    let layout = Layout::from_size_align(1000, 8).unwrap();
    let mut blocks = Vec::new();
    while let Some(block) = NonNull::new(heap.allocate(layout)) {
        blocks.push(block);
    }
    let stays = blocks[5];
    let mut last = None;
    for (nth, &block) in blocks.iter().enumerate() {
        if nth == 5 || nth % 64 == 40 {
            last = Some(block);
        } else {
            // SAFETY: each block is freed once with its own layout.
            unsafe { heap.deallocate(block, layout) };
        }
    }
    assert!(last.is_some());
    // Nothing is moved, so each window finds what stays, until there is none left to try.
    let mut windows = 0;
    while heap.open_window(SLAB_BYTES) {
        heap.close_window(true);
        windows += 1;
        assert!(windows <= 32);
    }
    assert!(windows > 0 && !heap.is_in_window(stays.as_ptr()));
}

#[test]
fn what_did_not_move_is_tried_again_once_something_has_come_free() {
    let mut heap = Heap::new(8 * SLAB_BYTES);
    let layout = Layout::from_size_align(1000, 8).unwrap();
    let mut blocks: Vec<_> = iter::from_fn(|| NonNull::new(heap.allocate(layout))).collect();
    // Two blocks stay in the first slab, some in the second one, and all other slabs are full.
    for block in blocks.drain(2..104) {
        // SAFETY: each block is freed once with its own layout.
        unsafe { heap.deallocate(block, layout) };
    }
    // Blocks whose owner was not asked, or had no memory to move them to, may move the next time.
    assert!(heap.open_window(1000) && heap.is_in_window(blocks[0].as_ptr()));
    heap.close_window(false);
    assert!(heap.open_window(1000));
    heap.close_window(true);
    assert!(heap.is_pinned(heap.start_unit / SLAB_UNITS, 2 * 1024));
    // SAFETY: as above.
    unsafe { heap.deallocate(blocks[1], layout) };
    assert!(heap.open_window(1000) && heap.is_in_window(blocks[0].as_ptr()));
}

#[test]
fn huge_requests_are_refused() {
    let mut heap = Heap::new(1 << 20);
    for size in [2 << 20, 1 << 31, 1 << 32, 1 << 40] {
        assert!(heap.allocate(Layout::from_size_align(size, 1).unwrap()).is_null());
    }
}

/// A heap whose address space is one native allocation.
struct Heap(NonNull<SizeClasses<Region>>);

struct Region {
    base: *mut u8,
    end: usize,
    bytes: usize,
}

// SAFETY: hands out each part of one zeroed allocation once, from 64 KiB upwards.
unsafe impl Pages for Region {
    fn at(&self, offset: usize) -> *mut u8 {
        self.base.wrapping_add(offset)
    }

    fn offset(&self, block: NonNull<u8>) -> usize {
        block.addr().get() - self.base.addr()
    }

    fn grow(&mut self, bytes: usize) -> Option<usize> {
        let start = self.end;
        (start.checked_add(bytes)? <= self.bytes).then(|| self.end += bytes)?;
        Some(start)
    }
}

impl Heap {
    fn new(bytes: usize) -> Self {
        let region = Layout::from_size_align(bytes + SLAB_BYTES, SLAB_BYTES).unwrap();
        // SAFETY: neither layout is empty; every field but `pages` is valid as zeroes.
        unsafe {
            let base = alloc_zeroed(region);
            let heap = NonNull::new(alloc_zeroed(Layout::new::<SizeClasses<Region>>()))
                .unwrap()
                .cast::<SizeClasses<Region>>();
            let region = Region { base, end: SLAB_BYTES, bytes: region.size() };
            (&raw mut (*heap.as_ptr()).pages).write(region);
            Self(heap)
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let region = Layout::from_size_align(self.pages.bytes, SLAB_BYTES).unwrap();
        // SAFETY: both came from `Heap::new` with these layouts.
        unsafe {
            dealloc(self.pages.base, region);
            dealloc(self.0.as_ptr().cast(), Layout::new::<SizeClasses<Region>>());
        }
    }
}

impl std::ops::Deref for Heap {
    type Target = SizeClasses<Region>;
    fn deref(&self) -> &Self::Target {
        // SAFETY: alive as long as `self`.
        unsafe { self.0.as_ref() }
    }
}

impl std::ops::DerefMut for Heap {
    fn deref_mut(&mut self) -> &mut Self::Target {
        // SAFETY: alive as long as `self`, which is borrowed mutably.
        unsafe { self.0.as_mut() }
    }
}

/// A live block.
struct Block {
    start: NonNull<u8>,
    layout: Layout,
    /// What all its bytes are.
    fill: u8,
}

/// The heap beside a map of what is live, by address.
struct Model {
    heap: Heap,
    live: BTreeMap<usize, Block>,
    random: u64,
}

impl Model {
    fn new(bytes: usize, seed: u64) -> Self {
        Self {
            heap: Heap::new(bytes),
            live: BTreeMap::new(),
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        }
    }

    fn step(&mut self) {
        match self.below(10) {
            0..=4 => self.allocate(),
            5..=7 => self.free(),
            _ => self.resize(),
        }
        match self.below(400) {
            0 => _ = self.heap.open_window(self.random as usize % (1 << 20)),
            1 => self.evacuate(),
            2 => self.heap.close_window(true),
            _ => {}
        }
    }

    /// Moves what lies in the window, and nothing comes to lie there.
    fn evacuate(&mut self) {
        let doomed: Vec<usize> = self
            .live
            .values()
            .map(|block| block.start.as_ptr())
            .filter(|&at| self.heap.is_in_window(at))
            .map(|at| at.addr())
            .collect();
        for address in doomed {
            let layout = self.live[&address].layout;
            let moved = self.heap.allocate(layout);
            assert!(!self.heap.is_in_window(moved));
            self.add(moved, layout);
            if !moved.is_null() {
                let block = self.live.remove(&address).unwrap();
                // SAFETY: it was live, and is no more.
                unsafe { self.heap.deallocate(block.start, layout) };
            }
        }
    }

    fn allocate(&mut self) {
        let align = if self.below(20) == 0 { 1 << self.below(14) } else { 1 << self.below(4) };
        let layout = Layout::from_size_align(self.size(), align as usize).unwrap();
        let block = self.heap.allocate(layout);
        self.add(block, layout);
    }

    fn free(&mut self) {
        if let Some(Block { start, layout, .. }) = self.pick() {
            // SAFETY: `pick` removed a live block.
            unsafe { self.heap.deallocate(start, layout) };
        }
    }

    fn resize(&mut self) {
        let Some(Block { start, layout, fill }) = self.pick() else { return };
        let size = self.size();
        // SAFETY: `pick` removed a live block.
        let moved = unsafe { self.heap.reallocate(start, layout, size) };
        if moved.is_null() {
            self.add(start.as_ptr(), layout);
            return;
        }
        // SAFETY: the block has at least these bytes.
        let kept = unsafe { std::slice::from_raw_parts(moved, layout.size().min(size)) };
        assert!(is_filled(kept, fill), "realloc keeps the bytes");
        self.add(moved, Layout::from_size_align(size, layout.align()).unwrap());
    }

    /// Checks a new block against its neighbours and fills it.
    fn add(&mut self, block: *mut u8, layout: Layout) {
        let Some(start) = NonNull::new(block) else { return };
        let address = start.addr().get();
        assert_eq!(address % layout.align(), 0);
        if let Some((before, other)) = self.live.range(..address).next_back() {
            assert!(before + other.layout.size() <= address);
        }
        if let Some((after, _)) = self.live.range(address..).next() {
            assert!(address + layout.size() <= *after);
        }
        let fill = address_fill(address);
        // SAFETY: the block is ours and this long.
        unsafe { ptr::write_bytes(block, fill, layout.size()) };
        self.live.insert(address, Block { start, layout, fill });
    }

    /// Takes a random live block out of the map after checking its bytes.
    fn pick(&mut self) -> Option<Block> {
        let from = self.heap.pages.base.addr() + self.below(self.heap.pages.end as u64) as usize;
        let address = *self.live.range(from..).next().or_else(|| self.live.iter().next())?.0;
        let block = self.live.remove(&address)?;
        // SAFETY: the block is live and this long.
        let bytes = unsafe { std::slice::from_raw_parts(block.start.as_ptr(), block.layout.size()) };
        assert!(is_filled(bytes, block.fill), "nothing else wrote into the block");
        Some(block)
    }

    fn clear(&mut self) {
        while !self.live.is_empty() {
            self.free();
        }
    }

    fn size(&mut self) -> usize {
        let bits = self.below(20);
        1 + self.below(1 << bits) as usize
    }

    fn below(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % end
    }
}

/// Whether all bytes are `fill`: the first is, and each is like the one before. The comparison of whole slices is
/// quick even where nothing is optimised.
fn is_filled(bytes: &[u8], fill: u8) -> bool {
    bytes[0] == fill && bytes[1..] == bytes[..bytes.len() - 1]
}

fn address_fill(address: usize) -> u8 {
    (address / 8) as u8 ^ (address / 65536) as u8
}
