//! Values that a snapshot shares with the database until one of the two changes them.

use alloc::sync::Arc;
use core::mem;
use core::ops::Deref;

/// A value that is owned alone until it is [shared](Shared::share); then whoever changes it first makes a copy.
///
/// Owned values lie in place, so that a value that was never shared costs a comparison and nothing else.
#[derive(Debug)]
pub(crate) enum Shared<T> {
    /// Nobody else has it.
    Own(T),
    /// Others may have it as well.
    Counted(Arc<T>),
}

impl<T: Clone + Default> Shared<T> {
    /// Another owner of the same value.
    pub(crate) fn share(&mut self) -> Shared<T> {
        let counted = match self {
            Shared::Counted(counted) => Arc::clone(counted),
            Shared::Own(value) => {
                let counted = Arc::new(mem::take(value));
                *self = Shared::Counted(Arc::clone(&counted));
                counted
            }
        };
        Shared::Counted(counted)
    }

    /// The value to be changed: a copy where others have it.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        if let Shared::Counted(_) = self {
            self.part();
        }
        match self {
            Shared::Own(value) => value,
            Shared::Counted(_) => unreachable!("it was just made its own"),
        }
    }

    /// Whether a change would make a copy.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Shared::Counted(counted) if Arc::strong_count(counted) > 1)
    }

    /// The value, and none is left.
    pub(crate) fn take(&mut self) -> T {
        match mem::take(self) {
            Shared::Own(value) => value,
            Shared::Counted(counted) => Arc::unwrap_or_clone(counted),
        }
    }

    /// The value to be moved to another place, unless others have it as well.
    pub(crate) fn alone_mut(&mut self) -> Option<&mut T> {
        if self.is_shared() { None } else { Some(self.get_mut()) }
    }

    #[cold]
    fn part(&mut self) {
        *self = Shared::Own(self.take());
    }
}

impl<T> Shared<T> {
    /// Bytes of the place that a value has once it was shared.
    pub(crate) const COUNTED_BYTES: usize = size_of::<T>() + 2 * size_of::<usize>();
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Shared::Own(T::default())
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Shared::Own(value)
    }
}

/// A copy of its own, which shares nothing.
impl<T: Clone> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared::Own(T::clone(self))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self {
            Shared::Own(value) => value,
            Shared::Counted(counted) => counted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn who_changes_first_makes_a_copy() {
        let mut first: Shared<Vec<u8>> = Shared::Own(vec![1, 2]);
        let place = first.as_ptr();
        let mut second = first.share();
        let third = second.share();
        assert!(first.is_shared() && second.is_shared());
        assert_eq!(first.as_ptr(), place, "sharing moves nothing");
        first.get_mut().push(3);
        assert_eq!((&**first, &**second, &**third), (&[1, 2, 3][..], &[1, 2][..], &[1, 2][..]));
        assert!(!first.is_shared() && second.is_shared());
        drop(third);
        second.get_mut().push(4);
        assert_eq!(
            (second.as_ptr() == place, &**second),
            (true, &[1, 2, 4][..]),
            "the last one needs no copy"
        );
    }

    #[test]
    fn a_clone_shares_nothing() {
        let mut first: Shared<Vec<u8>> = Shared::Own(vec![1]);
        let second = first.share();
        let copy = second.clone();
        drop(second);
        assert!(!first.is_shared());
        assert_ne!(copy.as_ptr(), first.as_ptr());
    }
}
