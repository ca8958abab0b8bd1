//! Sets.

pub mod commands;

/// Scaffold.
#[derive(Default)]
pub struct Set {}

impl Set {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Frees about `budget` elements of a value that is being thrown away; true when nothing is left.
    pub fn free_some(&mut self, _budget: usize) -> bool {
        true
    }
}
