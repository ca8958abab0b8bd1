//! One member of a large set, behind one thin pointer.

use crate::base::relocate::{Mover, Relocate};
use crate::structures::Thin;
use crate::structures::table::Keyed;

/// A member.
pub(crate) struct Member(pub(crate) Thin);

impl Keyed for Member {
    #[inline(always)]
    fn key(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Relocate for Member {
    fn relocate(&mut self, mover: &mut Mover) {
        self.0.relocate(mover);
    }
}

impl Member {
    /// A copy of these bytes.
    pub(crate) fn new(bytes: &[u8]) -> Member {
        Member(Thin::new(&[bytes]))
    }
}
