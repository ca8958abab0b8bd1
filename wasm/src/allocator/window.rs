//! Clearing a part of memory, so that what lies there in pieces becomes one.
//!
//! Slabs come free only when they are wholly empty, and runs only merge with their neighbours: after many small blocks
//! have gone, memory may be nearly empty and yet have room for nothing large. A *window* is a range of pages with
//! little in it. While it is open nothing is put there, and what comes free there is withheld. The owner of the blocks
//! asks for each whether it lies in the window, and moves it by allocating another. When the window closes, all that is
//! free in it comes back at once, as one run if everything could be moved. Pages with something that did not move are
//! remembered, and avoided until something in them comes free.

use super::{
    CLASS_BLOCKS, CLASS_BYTES, Pages, SLAB_BYTES, SLAB_UNITS, SLABS_MAX, SizeClasses, Slab, UNIT_BYTES, units,
};
use core::ptr::NonNull;

/// A window is this share of memory at most, as its divisor: the more is cleared at a time, the less often all blocks
/// must be asked.
const MEMORY_SHARE: u32 = 8;
/// More pages than that are not cleared at a time.
const PAGES_MAX: u32 = 1024;
/// Nothing is gained by clearing what is fuller than this, in parts of [`FULL`].
const WORTH: i64 = 3;
/// See [`WORTH`].
const FULL: i64 = 4;
/// A window is opened if so much is left outside when all that lies in it has moved there. What is moved only in part
/// gives nothing and takes what others need.
const OPEN_BYTES: i64 = 1 << 20;
/// Where there is less, what is moved is this share of it at most, as a divisor.
const MOVED_SHARE: i64 = 4;
/// Of the holes in slabs this share is counted as room, as a divisor.
const HOLES_SHARE: i64 = 4;

/// The range that is being cleared.
pub(super) struct Window {
    /// Its first unit.
    start: u32,
    /// The unit behind its last one; 0 if no window is open.
    end: u32,
    /// The first run that is withheld, as its unit; 0 is none. A withheld run begins with the next one and its length.
    withheld: u32,
}

impl Window {
    pub(super) const CLOSED: Window = Window { start: 0, end: 0, withheld: 0 };

    /// Whether a run lies in the window, or in part.
    #[inline(always)]
    pub(super) fn meets(&self, start: u32, length: u32) -> bool {
        start < self.end && start + length > self.start
    }
}

impl<P: Pages> SizeClasses<P> {
    /// Opens a window in which a block of so many bytes could lie once it is cleared; `false` if there is none that is
    /// worth it.
    pub fn open_window(&mut self, bytes: usize) -> bool {
        if self.window.end != 0 {
            return true;
        }
        let least = bytes.div_ceil(SLAB_BYTES).clamp(1, SLABS_MAX) as u32;
        let pages = self.end_unit.saturating_sub(self.start_unit) / SLAB_UNITS;
        if least > pages {
            return false;
        }
        let mut width = (pages / MEMORY_SHARE).min(PAGES_MAX).max(least);
        loop {
            if let Some(page) = self.emptiest(width) {
                self.open(page * SLAB_UNITS, (page + width) * SLAB_UNITS);
                return true;
            }
            if width == least {
                // What was pinned once may have become movable since.
                self.pinned = [0; SLABS_MAX];
                return false;
            }
            width = (width / 2).max(least);
        }
    }

    /// Whether a block at this address is to be moved.
    #[inline]
    pub fn is_in_window(&self, address: *const u8) -> bool {
        let Some(block) = NonNull::new(address.cast_mut()) else { return false };
        self.window.meets((self.offset(block) / UNIT_BYTES) as u32, 1)
    }

    /// Closes the window, and gives back what is free in it. What is still there is avoided from now on if its owner was
    /// asked to move it and had memory for that.
    pub fn close_window(&mut self, was_asked: bool) {
        let Window { start, end, mut withheld } = core::mem::replace(&mut self.window, Window::CLOSED);
        while withheld != 0 {
            let offset = withheld as usize * UNIT_BYTES;
            let (next, length) = (self.load(offset), self.load(offset + 4));
            self.free_run(withheld, length);
            withheld = next;
        }
        for page in start / SLAB_UNITS..end / SLAB_UNITS {
            let slab = self.slabs[page as usize];
            if slab.class_plus_one != 0 && slab.previous == page as u16 {
                self.slabs[page as usize].previous = 0;
                self.link_slab(page as u16, slab.class());
            }
        }
        let mut scan = Scan::at(self.start_unit);
        while was_asked && scan.unit < end {
            let page = scan.unit / SLAB_UNITS;
            let live = scan.look(self).live;
            if page * SLAB_UNITS >= start {
                self.pinned[page as usize] = units(live as usize) as u8;
            }
        }
    }

    /// Keeps a run out of use until the window closes.
    #[cold]
    pub(super) fn withhold(&mut self, start: u32, length: u32) {
        let offset = start as usize * UNIT_BYTES;
        self.store(offset, self.window.withheld);
        self.store(offset + 4, length);
        self.window.withheld = start;
    }

    fn open(&mut self, start: u32, end: u32) {
        self.window = Window { start, end, withheld: 0 };
        for page in start / SLAB_UNITS..end / SLAB_UNITS {
            let slab = self.slabs[page as usize];
            if slab.class_plus_one != 0 {
                self.retire(page as u16, slab);
            }
        }
        let mut unit = self.start_unit;
        while unit < end {
            let is_slab = self.slabs[(unit / SLAB_UNITS) as usize].class_plus_one != 0;
            let length = if is_slab { 0 } else { self.run_at(unit) };
            if length > 0 && unit + length > start {
                self.withhold_part(unit, length, start, end);
            }
            unit += if is_slab { SLAB_UNITS } else { length.max(1) };
        }
    }

    /// Lets a slab serve no more.
    fn retire(&mut self, page: u16, slab: Slab) {
        let class = slab.class();
        if slab.used == 0 {
            self.remove_slab(page, class);
        } else if slab.used < CLASS_BLOCKS[class] {
            self.unlink_slab(page, class);
            self.slabs[page as usize].previous = page;
        }
    }

    /// Withholds what of a free run lies within the window.
    fn withhold_part(&mut self, unit: u32, length: u32, start: u32, end: u32) {
        self.remove_run(unit, length);
        let (first, last) = (unit.max(start), (unit + length).min(end));
        if first > unit {
            self.insert_run(unit, first - unit);
        }
        if unit + length > last {
            self.insert_run(last, unit + length - last);
        }
        self.withhold(first, last - first);
    }

    /// The first of so many pages which give most for what has to be moved, if that is worth it.
    fn emptiest(&self, width: u32) -> Option<u32> {
        let first_page = self.start_unit.div_ceil(SLAB_UNITS);
        let (mut ahead, mut behind) = (Scan::at(self.start_unit), Scan::at(self.start_unit));
        let (mut live, mut gain, mut free, mut pinned) = (0, 0, 0, 0);
        let mut best = None;
        for page in first_page..self.end_unit / SLAB_UNITS {
            let new = ahead.look(self);
            pinned += u32::from(self.is_pinned(page, new.live));
            (live, gain, free) = (live + new.live, gain + new.gain, free + new.free);
            let Some(first) = (page + 1).checked_sub(width).filter(|&first| first >= first_page) else {
                continue;
            };
            let is_worth = gain > 0 && live * FULL <= width as i64 * SLAB_BYTES as i64 * WORTH;
            let outside = self.roomy_bytes() as i64 - free;
            // Holes in slabs serve their own classes; with many of them, most of what is moved finds its own.
            let holes = self.hole_bytes() as i64 - gain;
            let has_room = outside - live >= OPEN_BYTES
                || (free == 0 && live * MOVED_SHARE <= outside + holes / HOLES_SHARE);
            if pinned == 0 && is_worth && has_room && best.is_none_or(|(most, _)| gain - live > most) {
                best = Some((gain - live, first));
            }
            let old = behind.look(self);
            pinned -= u32::from(self.is_pinned(first, old.live));
            (live, gain, free) = (live - old.live, gain - old.gain, free - old.free);
        }
        best.map(|(_, first)| first)
    }

    /// Whether there is still as much in a page as when something did not move that lay there.
    pub(super) fn is_pinned(&self, page: u32, live: i64) -> bool {
        let pinned = self.pinned[page as usize];
        pinned != 0 && units(live as usize) >= u32::from(pinned)
    }
}

/// A walk over the pages, which knows how far a free run reaches.
struct Scan {
    /// The first unit of the next page.
    unit: u32,
    free_until: u32,
}

/// What there is in a page, in bytes.
struct Found {
    live: i64,
    /// What clearing it would give; nothing if it is free already.
    gain: i64,
    /// What is free already and would be withheld.
    free: i64,
}

impl Scan {
    fn at(start_unit: u32) -> Scan {
        Scan { unit: start_unit.next_multiple_of(SLAB_UNITS), free_until: 0 }
    }

    /// Looks at the next page.
    fn look<P: Pages>(&mut self, heap: &SizeClasses<P>) -> Found {
        let (start, end) = (self.unit, self.unit + SLAB_UNITS);
        self.unit = end;
        let slab = &heap.slabs[(start / SLAB_UNITS) as usize];
        if slab.class_plus_one != 0 {
            let live = slab.used as i64 * CLASS_BYTES[slab.class()] as i64;
            return Found { live, gain: SLAB_BYTES as i64 - live, free: 0 };
        }
        let mut live = 0;
        let mut unit = start;
        while unit < end {
            if unit >= self.free_until {
                let length = heap.run_at(unit);
                if length == 0 {
                    live += UNIT_BYTES as i64;
                    unit += 1;
                    continue;
                }
                self.free_until = unit + length;
            }
            unit = self.free_until.min(end);
        }
        match live {
            0 => Found { live, gain: 0, free: SLAB_BYTES as i64 },
            _ => Found { live, gain: SLAB_BYTES as i64 - live, free: 0 },
        }
    }
}
