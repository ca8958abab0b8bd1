//! Moving an entry and what it owns to other memory.

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::{Entry, Kind, Parts, layout};
use crate::base::relocate::{Mover, Relocate};
use crate::types::hash::Hash;
use crate::types::list::List;
use crate::types::set::Set;
use crate::types::stream::Stream;
use crate::types::zset::Zset;

impl Relocate for Entry {
    fn relocate(&mut self, mover: &mut Mover) {
        self.move_block(mover);
        match Kind::of(self.flags()) {
            Kind::Inline | Kind::Int => {}
            Kind::Buffer => {
                let at = self.value_address().cast::<Parts>();
                // SAFETY: the kind says that a vector's parts are stored; they go back in before anyone looks.
                unsafe {
                    let (pointer, len, capacity) = at.read_unaligned();
                    let mut bytes = Vec::from_raw_parts(pointer, len, capacity);
                    mover.vec(&mut bytes);
                    let mut bytes = ManuallyDrop::new(bytes);
                    at.write_unaligned((bytes.as_mut_ptr(), bytes.len(), bytes.capacity()));
                }
            }
            Kind::List => self.move_boxed::<List>(mover),
            Kind::Hash => self.move_boxed::<Hash>(mover),
            Kind::Set => self.move_boxed::<Set>(mover),
            Kind::Zset => self.move_boxed::<Zset>(mover),
            Kind::Stream => self.move_boxed::<Stream>(mover),
        }
    }
}

impl Entry {
    /// Moves the entry's own allocation.
    #[inline]
    fn move_block(&mut self, mover: &mut Mover) {
        let base = self.0.as_ptr();
        // The length is in the entry, which most of the time need not be loaded.
        if !mover.is_within(base) {
            return;
        }
        let layout = layout(&self.shape());
        if mover.wants(base, layout.size()) {
            // SAFETY: both allocations are as long as the layout says; what the entry owns is moved bitwise and stays
            // owned once.
            unsafe {
                let Some(moved) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
                moved.as_ptr().copy_from_nonoverlapping(base, layout.size());
                dealloc(base, layout);
                self.0 = moved;
            }
        }
    }

    /// Moves the collection, which is a `T`.
    fn move_boxed<T: Default + Relocate>(&mut self, mover: &mut Mover) {
        let at = self.value_address().cast::<*mut T>();
        // SAFETY: the box was leaked when it went in, and is leaked again before anyone looks.
        unsafe {
            let mut value = Box::from_raw(at.read_unaligned());
            mover.boxed(&mut value);
            value.relocate(mover);
            at.write_unaligned(Box::into_raw(value));
        }
    }
}
