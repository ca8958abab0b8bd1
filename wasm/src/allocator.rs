//! The guest's allocator: size classes without headers, over runs of linear memory.
//!
//! Rust hands the size back when it frees, so a block needs no header: that is worth 4 to 8 bytes on every key.
//!
//! * Up to [`SMALL_BYTES_MAX`]: a block comes from a *slab*, 64 KiB cut into equal blocks of one class. There
//!   is a class every 8 bytes up to 128 and eight per doubling above, so rounding wastes at most 12.5%. What a
//!   slab needs to know about itself lies in a side table, not in the slab: 64 KiB strides would otherwise put
//!   every slab's bookkeeping into the same cache set.
//! * Above that: a *run* of 1 KiB units. Free runs keep their length at both ends and a bit per boundary unit
//!   says whether it is free, so that neighbours merge in constant time. Slabs are runs too, which is how memory
//!   moves between classes and large blocks.
//!
//! A slab knows its class, so that a block may come from a slab of larger ones when there is neither a free block of
//! its class nor room for another slab: then what other classes have free serves too, and a block that is to shrink
//! can stay where it lies. Before that happens a caller that plans with memory is told that there is none; see
//! [`window`] for how memory that lies in pieces becomes one.
//!
//! Memory that cannot be had is a null pointer, never a trap; what follows from that is the caller's decision.

mod window;

use self::window::Window;
use core::alloc::Layout;
use core::ptr::{self, NonNull};
use sanderling_core::{HEADROOM_BYTES, Room};

/// The largest block that comes from a slab; a larger one is a run of its own.
pub const SMALL_BYTES_MAX: usize = 8 << 10;

const UNIT_BYTES: usize = 1 << 10;
const SLAB_BYTES: usize = 64 << 10;
const SLAB_UNITS: u32 = (SLAB_BYTES / UNIT_BYTES) as u32;
/// What 32-bit addresses can name.
const UNITS_MAX: u32 = 1 << 22;
const SLABS_MAX: usize = 1 << 16;
const CLASSES: usize = 64;
/// Memory is asked for in steps of 1/32 of what there is, within these bounds.
const GROW_BYTES_MIN: usize = SLAB_BYTES;
const GROW_BYTES_MAX: usize = 4 << 20;
/// Runs of fewer units than this have a bin per length.
const EXACT_BINS: u32 = 64;
const BINS: usize = 128;
/// How many runs of a bin are looked at when not each of them fits.
const BIN_LOOKS_MAX: usize = 8;
/// What a share of memory is never promised to anyone, as its divisor: the larger memory is, the larger are the tables
/// that double in it.
const KEPT_SHARE: u64 = 128;
/// A run of so many units has room for a slab wherever it begins.
const ROOMY_UNITS: u32 = 2 * SLAB_UNITS - 1;

/// Where the address space comes from.
///
/// # Safety
/// `grow` returns the offset of memory that is writable and owned by the caller alone, a multiple of 64 KiB at or
/// behind the end of everything returned before, and never 0. `at(offset)` is the same for the same offset at all
/// times, `at(offset + n)` lies `n` bytes behind `at(offset)`, and `offset` is its inverse; `at(0)` is aligned to
/// 64 KiB.
pub unsafe trait Pages {
    /// The address of an offset.
    fn at(&self, offset: usize) -> *mut u8;
    /// The offset of an address.
    fn offset(&self, block: NonNull<u8>) -> usize;
    /// Adds `bytes`, a multiple of 64 KiB; `None` when refused.
    fn grow(&mut self, bytes: usize) -> Option<usize>;
}

/// The allocator's whole state; all zeroes except for `pages`, so that a static of it costs no file bytes.
pub struct SizeClasses<P> {
    pages: P,
    used_bytes: usize,
    committed_bytes: usize,
    refused_bytes: usize,
    /// Units in free runs.
    free_units: u32,
    /// Those of them in runs of at least [`ROOMY_UNITS`].
    roomy_units: u32,
    /// Where the first memory that was granted begins.
    start_unit: u32,
    /// Behind the last memory that was granted.
    end_unit: u32,
    /// What is being cleared.
    window: Window,
    /// Units that were in use in each page after it was to be cleared; 0 if it was not, or nothing stayed.
    pinned: [u8; SLABS_MAX],
    /// Per class the first slab with a free block; 0 is none.
    partial: [u16; CLASSES],
    /// Per bin the first free run, as its unit; 0 is none.
    bins: [u32; BINS],
    bins_filled: u128,
    /// A bit for the first and the last unit of each free run.
    boundaries: [u32; (UNITS_MAX / 32) as usize],
    slabs: [Slab; SLABS_MAX],
}

#[derive(Clone, Copy)]
struct Slab {
    /// Offset of the first freed block, which holds the offset of the next one; 0 is none.
    free: u32,
    used: u16,
    /// Blocks handed out at least once; those behind were never touched.
    carved: u16,
    next: u16,
    /// The slab itself while it is being cleared: nothing more is put into it, and it goes with its last block.
    previous: u16,
    /// Its class plus one; 0 if the page is no slab.
    class_plus_one: u8,
}

impl Slab {
    const NONE: Slab = Slab { free: 0, used: 0, carved: 0, next: 0, previous: 0, class_plus_one: 0 };

    /// The class of a page that is a slab.
    #[inline]
    fn class(&self) -> usize {
        // The mask changes nothing, but spares a check of bounds.
        (self.class_plus_one as usize).wrapping_sub(1) & (CLASSES - 1)
    }
}

const CLASS_BYTES: [u16; CLASSES] = {
    let mut table = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        table[class] = if class < 16 {
            (class as u16 + 1) * 8
        } else {
            (9 + (class as u16 - 16) % 8) << (4 + (class - 16) / 8)
        };
        class += 1;
    }
    table
};

const CLASS_BLOCKS: [u16; CLASSES] = {
    let mut table = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        table[class] = (SLAB_BYTES / CLASS_BYTES[class] as usize) as u16;
        class += 1;
    }
    table
};

impl<P: Pages> SizeClasses<P> {
    /// An allocator that owns nothing yet.
    pub const fn new(pages: P) -> Self {
        Self {
            pages,
            used_bytes: 0,
            committed_bytes: 0,
            refused_bytes: 0,
            free_units: 0,
            roomy_units: 0,
            start_unit: 0,
            end_unit: 0,
            window: Window::CLOSED,
            pinned: [0; SLABS_MAX],
            partial: [0; CLASSES],
            bins: [0; BINS],
            bins_filled: 0,
            boundaries: [0; (UNITS_MAX / 32) as usize],
            slabs: [Slab::NONE; SLABS_MAX],
        }
    }

    /// Bytes in live blocks, rounding included.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    /// Bytes obtained from [`Pages`] so far; they are never given back.
    pub fn committed_bytes(&self) -> usize {
        self.committed_bytes
    }

    /// Bytes that a block of any size could come from without more memory, but for their being in pieces. What is
    /// free inside slabs is not among them: it only serves the slab's own class.
    pub fn free_bytes(&self) -> usize {
        self.free_units as usize * UNIT_BYTES
    }

    /// Bytes of slabs that no block takes.
    pub fn hole_bytes(&self) -> usize {
        (self.committed_bytes() - self.free_bytes()).saturating_sub(self.used_bytes())
    }

    /// Bytes in free runs that are long enough for a slab: what blocks of any class could come from.
    pub fn roomy_bytes(&self) -> usize {
        self.roomy_units as usize * UNIT_BYTES
    }

    /// A size that can be served without more memory: no more than the largest free run.
    pub fn contiguous_bytes(&self) -> usize {
        if self.bins_filled == 0 {
            return 0;
        }
        let bin = BINS - 1 - self.bins_filled.leading_zeros() as usize;
        self.load(self.bins[bin] as usize * UNIT_BYTES) as usize * UNIT_BYTES
    }

    /// Size of the last request that could not be served; 0 when there was none.
    pub fn refused_bytes(&self) -> usize {
        self.refused_bytes
    }

    /// A block of `layout`, or null.
    pub fn allocate(&mut self, layout: Layout) -> *mut u8 {
        let offset = match class_of(layout) {
            Some(class) => self.allocate_small(class),
            None => self.allocate_large(layout),
        };
        match offset.or_else(|| self.allocate_larger(layout)) {
            Some(offset) => self.at(offset),
            None => {
                self.refused_bytes = layout.size();
                ptr::null_mut()
            }
        }
    }

    /// A block of a larger class that has one, when there is neither one of its own nor room for a slab.
    #[cold]
    fn allocate_larger(&mut self, layout: Layout) -> Option<usize> {
        // Blocks of other classes may not lie at multiples of a stricter alignment.
        let class = class_of(layout).filter(|_| layout.align() <= 8)?;
        let larger = (class + 1..CLASSES).find(|&larger| self.partial[larger] != 0)?;
        Some(self.allocate_from(self.partial[larger], larger))
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// `block` is live, from this allocator, and of this very `layout`.
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) {
        let offset = self.offset(block);
        match class_of(layout) {
            Some(_) => self.free_small(offset),
            None => {
                let units = units(layout.size());
                self.used_bytes -= units as usize * UNIT_BYTES;
                self.free_run((offset / UNIT_BYTES) as u32, units);
            }
        }
    }

    /// Changes a block's size, where it lies if possible; null leaves the old block as it was.
    ///
    /// # Safety
    /// As for [`Self::deallocate`]; `size` is not 0 and valid for a layout of the same alignment.
    pub unsafe fn reallocate(&mut self, block: NonNull<u8>, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller vouches for size and alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class_of(layout), class_of(wanted)) {
            (Some(old), Some(new)) if old == new => return block.as_ptr(),
            (None, None) if self.resize_run(block, layout.size(), size) => return block.as_ptr(),
            _ => {}
        }
        let moved = self.allocate(wanted);
        if moved.is_null() && class_of(layout).is_some() {
            // A slab knows its class, so that any block that fits into its blocks is as well off there.
            let slab = &self.slabs[self.offset(block) / SLAB_BYTES];
            if size <= CLASS_BYTES[slab.class()] as usize {
                return block.as_ptr();
            }
        }
        if !moved.is_null() {
            // SAFETY: both blocks are live, do not overlap, and are at least this long.
            unsafe { ptr::copy_nonoverlapping(block.as_ptr(), moved, layout.size().min(size)) };
            // SAFETY: as the caller vouches.
            unsafe { self.deallocate(block, layout) };
        }
        moved
    }

    /// Asks for memory so that a block of so many bytes can be had, of no more than `most`; `false` if it cannot.
    pub fn provide(&mut self, bytes: usize, most: u64) -> bool {
        if self.contiguous_bytes() >= bytes {
            return true;
        }
        // What is free at the end grows with what is added behind it.
        let missing = bytes.div_ceil(UNIT_BYTES).saturating_sub(self.last_run() as usize);
        missing < UNITS_MAX as usize
            && missing as u64 * UNIT_BYTES as u64 <= most
            && self.grow(missing as u32, 1).is_some()
            && self.contiguous_bytes() >= bytes
    }

    /// Makes runs again of the slabs that are kept although they are empty, so that blocks that come and go need not
    /// drag a slab along: when memory is short there is better use for them.
    pub fn reclaim(&mut self) {
        for class in 0..CLASSES {
            let mut index = self.partial[class];
            for _ in 0..BIN_LOOKS_MAX {
                if index == 0 {
                    break;
                }
                let Slab { used, next, .. } = self.slabs[index as usize];
                if used == 0 {
                    self.remove_slab(index, class);
                }
                index = next;
            }
        }
    }

    /// Asks for memory so that an allocation of so many bytes leaves the headroom, or can be had at least, when memory may
    /// grow by `most`.
    pub fn provide_room(&mut self, bytes: usize, most: u64) {
        let wanted = bytes.saturating_add(HEADROOM_BYTES).min(isize::MAX as usize);
        if most > 0 && !self.provide(wanted, most) {
            self.provide(bytes, most);
        }
        if self.contiguous_bytes() < wanted {
            self.reclaim();
        }
    }

    /// What there is in memory that may grow by `growth`, up to `max`.
    pub fn room(&self, growth: u64, max: u64) -> Room {
        let limit = isize::MAX as u64;
        let total = (self.roomy_bytes() as u64 + growth).saturating_sub(max / KEPT_SHARE);
        let contiguous = self.contiguous_bytes().max(growth.min(limit) as usize);
        Room { contiguous, total: total.min(limit) as usize }
    }

    /// Length of the free run at the end of memory, in units.
    fn last_run(&self) -> u32 {
        if self.end_unit > 0 && self.is_boundary(self.end_unit - 1) {
            self.load(self.end_unit as usize * UNIT_BYTES - 4)
        } else {
            0
        }
    }

    fn allocate_small(&mut self, class: usize) -> Option<usize> {
        let index = match self.partial[class] {
            0 => self.add_slab(class)?,
            index => index,
        };
        Some(self.allocate_from(index, class))
    }

    /// A block of a slab that has one.
    #[inline]
    fn allocate_from(&mut self, index: u16, class: usize) -> usize {
        let slab = self.slabs[index as usize];
        let bytes = CLASS_BYTES[class] as usize;
        let offset = if slab.free == 0 {
            self.slabs[index as usize].carved += 1;
            index as usize * SLAB_BYTES + slab.carved as usize * bytes
        } else {
            self.slabs[index as usize].free = self.load(slab.free as usize);
            slab.free as usize
        };
        self.slabs[index as usize].used += 1;
        if slab.used + 1 == CLASS_BLOCKS[class] {
            self.unlink_slab(index, class);
        }
        self.used_bytes += bytes;
        offset
    }

    fn free_small(&mut self, offset: usize) {
        let index = (offset / SLAB_BYTES) as u16;
        let slab = self.slabs[index as usize];
        let class = slab.class();
        self.store(offset, slab.free);
        self.slabs[index as usize].free = offset as u32;
        self.slabs[index as usize].used = slab.used - 1;
        self.used_bytes -= CLASS_BYTES[class] as usize;
        if slab.used == CLASS_BLOCKS[class] {
            self.offer_slab(index, class);
        } else if slab.used == 1 && (slab.next != 0 || slab.previous != 0) {
            // The last partial slab of a class stays, or a block that comes and goes would drag a slab along.
            self.remove_slab(index, class);
        }
    }

    /// Makes a run of an empty slab again.
    fn remove_slab(&mut self, index: u16, class: usize) {
        self.unlink_slab(index, class);
        self.slabs[index as usize] = Slab::NONE;
        self.free_run(index as u32 * SLAB_UNITS, SLAB_UNITS);
    }

    /// Puts a slab that has a free block again among those that serve its class, unless it is being cleared.
    fn offer_slab(&mut self, index: u16, class: usize) {
        if self.window.meets(index as u32 * SLAB_UNITS, SLAB_UNITS) {
            self.slabs[index as usize].previous = index;
        } else {
            self.link_slab(index, class);
        }
    }

    fn add_slab(&mut self, class: usize) -> Option<u16> {
        let index = (self.take_run(SLAB_UNITS, SLAB_UNITS)? / SLAB_UNITS) as u16;
        self.slabs[index as usize] = Slab { class_plus_one: class as u8 + 1, ..Slab::NONE };
        self.link_slab(index, class);
        Some(index)
    }

    fn link_slab(&mut self, index: u16, class: usize) {
        let next = self.partial[class];
        self.slabs[index as usize].next = next;
        self.slabs[index as usize].previous = 0;
        if next != 0 {
            self.slabs[next as usize].previous = index;
        }
        self.partial[class] = index;
    }

    fn unlink_slab(&mut self, index: u16, class: usize) {
        let Slab { next, previous, .. } = self.slabs[index as usize];
        match previous {
            0 => self.partial[class] = next,
            // It is being cleared, and in no list.
            own if own == index => {}
            previous => self.slabs[previous as usize].next = next,
        }
        if next != 0 {
            self.slabs[next as usize].previous = previous;
        }
        self.slabs[index as usize].next = 0;
        self.slabs[index as usize].previous = 0;
    }

    fn allocate_large(&mut self, layout: Layout) -> Option<usize> {
        let units = units(layout.size());
        let start = self.take_run(units, layout.align().div_ceil(UNIT_BYTES) as u32)?;
        self.used_bytes += units as usize * UNIT_BYTES;
        Some(start as usize * UNIT_BYTES)
    }

    fn resize_run(&mut self, block: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> bool {
        let start = (self.offset(block) / UNIT_BYTES) as u32;
        let (old, new) = (units(old_bytes), units(new_bytes));
        if new > old {
            let (end, more) = (start + old, new - old);
            let mut room = self.run_at(end);
            if room < more && end + room == self.end_unit {
                // The block is the last one, so what memory grows by lies behind it.
                if self.grow(more - room, 1).is_none() {
                    return false;
                }
                room = self.run_at(end);
            }
            if room < more {
                return false;
            }
            self.remove_run(end, room);
            if room > more {
                self.insert_run(end + more, room - more);
            }
        } else if new < old {
            self.free_run(start + new, old - new);
        }
        self.used_bytes = self.used_bytes - old as usize * UNIT_BYTES + new as usize * UNIT_BYTES;
        true
    }

    /// Length of the free run that begins at a unit; 0 when none does. Only asked about the end of a block, where a
    /// boundary can only be a beginning.
    fn run_at(&self, unit: u32) -> u32 {
        if unit < UNITS_MAX && self.is_boundary(unit) { self.load(unit as usize * UNIT_BYTES) } else { 0 }
    }

    /// A run of `units`, its first unit a multiple of `align` units (a power of two).
    fn take_run(&mut self, units: u32, align: u32) -> Option<u32> {
        if units >= UNITS_MAX {
            return None;
        }
        let (run, length) = match self.find_run(units, align) {
            Some(found) => found,
            None => {
                self.grow(units, align)?;
                self.find_run(units, align)?
            }
        };
        self.remove_run(run, length);
        let start = run.next_multiple_of(align);
        if start > run {
            self.insert_run(run, start - run);
        }
        let end = start + units;
        if run + length > end {
            self.insert_run(end, run + length - end);
        }
        Some(start)
    }

    /// The first run that fits, from the smallest bin upwards, and its length.
    fn find_run(&self, units: u32, align: u32) -> Option<(u32, u32)> {
        let mut filled = self.bins_filled & (u128::MAX << bin_of(units));
        while filled != 0 {
            let mut run = self.bins[filled.trailing_zeros() as usize];
            for _ in 0..BIN_LOOKS_MAX {
                if run == 0 {
                    break;
                }
                let length = self.load(run as usize * UNIT_BYTES);
                if run.next_multiple_of(align) + units <= run + length {
                    return Some((run, length));
                }
                run = self.load(run as usize * UNIT_BYTES + 4);
            }
            filled &= filled - 1;
        }
        None
    }

    /// Asks for memory for a run; a generous step first, then only what is needed.
    fn grow(&mut self, units: u32, align: u32) -> Option<()> {
        // New memory starts at a multiple of 64 KiB, so that only a stricter alignment needs slack.
        let slack = if align > SLAB_UNITS { align } else { 0 };
        let needed = (units as usize + slack as usize)
            .checked_mul(UNIT_BYTES)?
            .checked_next_multiple_of(SLAB_BYTES)?;
        let step =
            (self.committed_bytes / 32).clamp(GROW_BYTES_MIN, GROW_BYTES_MAX) / SLAB_BYTES * SLAB_BYTES;
        let (offset, bytes) = match self.pages.grow(needed.max(step)) {
            Some(offset) => (offset, needed.max(step)),
            None => (self.pages.grow(needed)?, needed),
        };
        if self.committed_bytes == 0 {
            self.start_unit = (offset / UNIT_BYTES) as u32;
        }
        self.committed_bytes += bytes;
        self.end_unit = ((offset + bytes) / UNIT_BYTES) as u32;
        self.free_run((offset / UNIT_BYTES) as u32, (bytes / UNIT_BYTES) as u32);
        Some(())
    }

    /// Adds a run and merges it with free neighbours.
    fn free_run(&mut self, mut start: u32, mut length: u32) {
        if self.window.meets(start, length) {
            return self.withhold(start, length);
        }
        let end = start + length;
        let more = self.run_at(end);
        if more > 0 {
            self.remove_run(end, more);
            length += more;
        }
        if self.is_boundary(start - 1) {
            let before = self.load(start as usize * UNIT_BYTES - 4);
            start -= before;
            self.remove_run(start, before);
            length += before;
        }
        self.insert_run(start, length);
    }

    /// A free run begins with `length, next, previous` and ends with `length`, each 4 bytes.
    fn insert_run(&mut self, start: u32, length: u32) {
        let bin = bin_of(length);
        let (offset, next) = (start as usize * UNIT_BYTES, self.bins[bin]);
        self.store(offset, length);
        self.store(offset + 4, next);
        self.store(offset + 8, 0);
        self.store(offset + length as usize * UNIT_BYTES - 4, length);
        if next != 0 {
            self.store(next as usize * UNIT_BYTES + 8, start);
        }
        self.bins[bin] = start;
        self.bins_filled |= 1 << bin;
        self.free_units += length;
        self.roomy_units += if length >= ROOMY_UNITS { length } else { 0 };
        self.set_boundary(start, true);
        self.set_boundary(start + length - 1, true);
    }

    fn remove_run(&mut self, start: u32, length: u32) {
        let offset = start as usize * UNIT_BYTES;
        let (next, previous) = (self.load(offset + 4), self.load(offset + 8));
        match previous {
            0 => {
                let bin = bin_of(length);
                self.bins[bin] = next;
                if next == 0 {
                    self.bins_filled &= !(1 << bin);
                }
            }
            previous => self.store(previous as usize * UNIT_BYTES + 4, next),
        }
        if next != 0 {
            self.store(next as usize * UNIT_BYTES + 8, previous);
        }
        self.free_units -= length;
        self.roomy_units -= if length >= ROOMY_UNITS { length } else { 0 };
        self.set_boundary(start, false);
        self.set_boundary(start + length - 1, false);
    }

    fn is_boundary(&self, unit: u32) -> bool {
        self.boundaries[(unit / 32) as usize] & (1 << (unit % 32)) != 0
    }

    fn set_boundary(&mut self, unit: u32, free: bool) {
        let word = &mut self.boundaries[(unit / 32) as usize];
        *word = (*word & !(1 << (unit % 32))) | (free as u32) << (unit % 32);
    }

    fn at(&self, offset: usize) -> *mut u8 {
        self.pages.at(offset)
    }

    fn offset(&self, block: NonNull<u8>) -> usize {
        self.pages.offset(block)
    }

    fn load(&self, offset: usize) -> u32 {
        // SAFETY: callers name free memory that `Pages` granted; it is theirs alone and aligned to 4.
        unsafe { self.at(offset).cast::<u32>().read() }
    }

    fn store(&mut self, offset: usize, value: u32) {
        // SAFETY: as for `load`.
        unsafe { self.at(offset).cast::<u32>().write(value) }
    }
}

/// The class that serves a layout; `None` means a run.
fn class_of(layout: Layout) -> Option<usize> {
    // A block lies at a multiple of its class's size in a slab, so a strict alignment takes a power of two.
    let size = if layout.align() <= 8 {
        layout.size()
    } else {
        layout.size().max(layout.align()).next_power_of_two()
    };
    match size {
        0..=128 => Some(size.saturating_sub(1) / 8),
        129..=SMALL_BYTES_MAX => {
            let last = size - 1;
            let doubling = last.ilog2() as usize;
            Some(16 + (doubling - 7) * 8 + ((last >> (doubling - 3)) & 7))
        }
        _ => None,
    }
}

fn units(bytes: usize) -> u32 {
    bytes.div_ceil(UNIT_BYTES) as u32
}

/// A bin per length below [`EXACT_BINS`], four per doubling above.
fn bin_of(units: u32) -> usize {
    if units < EXACT_BINS {
        units as usize
    } else {
        let doubling = units.ilog2();
        (EXACT_BINS + (doubling - 6) * 4 + ((units >> (doubling - 2)) & 3)) as usize
    }
}

#[cfg(target_arch = "wasm32")]
pub use global::{compaction, refused_bytes, room, set_memory_max, used_bytes};

#[cfg(target_arch = "wasm32")]
mod global {
    use super::{NonNull, Pages, SLAB_BYTES, SizeClasses};
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::UnsafeCell;
    use core::ptr;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use sanderling_core::{Compaction, Room};

    /// The address space, when no lower end was set.
    const ADDRESSES: u64 = 1 << 32;

    /// 0 is unknown.
    static MEMORY_MAX: AtomicUsize = AtomicUsize::new(0);

    #[global_allocator]
    static ALLOCATOR: Global = Global(UnsafeCell::new(SizeClasses::new(LinearMemory)));

    /// Bytes in live blocks.
    pub fn used_bytes() -> usize {
        with(|allocator| allocator.used_bytes())
    }

    /// Tells the size beyond which `memory.grow` will fail.
    pub fn set_memory_max(bytes: usize) {
        MEMORY_MAX.store(bytes, Ordering::Relaxed);
    }

    /// Size of the last request that was refused; 0 when none was.
    pub fn refused_bytes() -> usize {
        with(|allocator| allocator.refused_bytes())
    }

    /// What there is for an allocation of so many bytes, and for many small ones. Memory grows here if it has to: what
    /// a platform promises it may refuse, and then it is better to know before anything is begun.
    pub fn room(bytes: usize) -> Room {
        with(|allocator| allocator.provide_room(bytes, growth()));
        // What a platform refuses lessens what memory can grow by.
        with(|allocator| allocator.room(growth(), memory_max()))
    }

    /// Bytes that memory can grow by.
    fn growth() -> u64 {
        (memory_max() / SLAB_BYTES as u64 * SLAB_BYTES as u64).saturating_sub(memory_bytes())
    }

    /// How memory in pieces becomes one.
    pub const fn compaction() -> Compaction {
        Compaction {
            open: |bytes| with(|allocator| allocator.open_window(bytes)),
            is_within: |address| with(|allocator| allocator.is_in_window(address)),
            close: |was_asked| with(|allocator| allocator.close_window(was_asked)),
        }
    }

    fn memory_max() -> u64 {
        match MEMORY_MAX.load(Ordering::Relaxed) {
            0 | usize::MAX => ADDRESSES,
            bytes => bytes as u64,
        }
    }

    fn memory_bytes() -> u64 {
        core::arch::wasm32::memory_size(0) as u64 * SLAB_BYTES as u64
    }

    struct Global(UnsafeCell<SizeClasses<LinearMemory>>);

    // SAFETY: without the `atomics` feature a module has one thread.
    #[cfg(not(target_feature = "atomics"))]
    unsafe impl Sync for Global {}

    fn with<T>(f: impl FnOnce(&mut SizeClasses<LinearMemory>) -> T) -> T {
        // SAFETY: one thread, and no closure here calls back into the allocator.
        f(unsafe { &mut *ALLOCATOR.0.get() })
    }

    // SAFETY: blocks come from `SizeClasses`, which honours layouts and reports failure as null.
    unsafe impl GlobalAlloc for Global {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            with(|allocator| allocator.allocate(layout))
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: the caller gives back a live block, which is never null.
            with(|allocator| unsafe { allocator.deallocate(NonNull::new_unchecked(block), layout) });
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: as above, and the caller vouches for the new size.
            with(|allocator| unsafe { allocator.reallocate(NonNull::new_unchecked(block), layout, size) })
        }
    }

    struct LinearMemory;

    // SAFETY: pages that `memory.grow` adds are zeroed, aligned to 64 KiB, and unowned; page 0 belongs to
    // the module's data and stack.
    unsafe impl Pages for LinearMemory {
        fn at(&self, offset: usize) -> *mut u8 {
            // Not the null pointer plus an offset: the compiler takes a load from that for unreachable.
            ptr::with_exposed_provenance_mut(offset)
        }

        fn offset(&self, block: NonNull<u8>) -> usize {
            block.expose_provenance().get()
        }

        fn grow(&mut self, bytes: usize) -> Option<usize> {
            match core::arch::wasm32::memory_grow(0, bytes / SLAB_BYTES) {
                usize::MAX => {
                    // A platform that gives less than was thought gives no more later.
                    if memory_bytes() + bytes as u64 <= memory_max() {
                        set_memory_max(memory_bytes() as usize);
                    }
                    None
                }
                page => Some(page * SLAB_BYTES),
            }
        }
    }
}

#[cfg(test)]
mod tests;
