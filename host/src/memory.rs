//! The allocator of the process, and what the engine's thread has taken from it.
//!
//! mimalloc and not the system's: glibc's `free` puts small blocks together in bulk from time to time, which made
//! single steps of lazy freeing, and single requests after them, take a hundred times what all others took.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering};

thread_local! {
    /// Bytes that this thread has taken and not given back. A block may be given back by another thread.
    static HELD_BYTES: Cell<isize> = const { Cell::new(0) };
    /// How many of them it has told of.
    static TOLD_BYTES: Cell<isize> = const { Cell::new(0) };
}

/// What threads have told of together.
static OTHERS_BYTES: AtomicIsize = AtomicIsize::new(0);

/// Bytes that the calling thread holds, and those that exchange blocks with it; 0 where [`Counting`] is not the process's
/// allocator. One thread owns an engine, so on it this is the engine's memory and the server's own, which is small.
pub fn held_bytes() -> usize {
    (HELD_BYTES.get() + OTHERS_BYTES.load(Ordering::Relaxed)).max(0) as usize
}

/// Tells the engine's thread what the calling one holds. To be called now and then by one that gives it blocks or takes some:
/// who gives back what another has taken would otherwise seem to hold ever less, and the other one ever more.
pub(crate) fn tell_held_bytes() {
    let held = HELD_BYTES.get();
    OTHERS_BYTES.fetch_add(held - TOLD_BYTES.replace(held), Ordering::Relaxed);
}

/// Counts per thread what it passes on to mimalloc.
#[derive(Debug, Default)]
pub struct Counting;

fn count(bytes: isize) {
    HELD_BYTES.set(HELD_BYTES.get() + bytes);
}

// SAFETY: every call is passed on unchanged; counting touches only a thread-local cell, which neither allocates nor
// has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same here.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as for `alloc`.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the block came from above, hence from mimalloc, with this layout.
        unsafe { MiMalloc.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: as for `dealloc`, and the caller vouches for the size.
        unsafe { MiMalloc.realloc(block, layout, size) }
    }
}
