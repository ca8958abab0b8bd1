//! Making a list of a sequence without looking at its elements.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::{CHUNK_BYTES_MAX, Chunk, Chunks, Fill, List, Many, Packed, Shared};

impl List {
    /// A list of the elements of a sequence that is not empty, if they may lie as they do there.
    #[must_use]
    pub fn from_packed(items: Packed, fill: Fill) -> Option<List> {
        let (bytes, count) = (items.byte_len(), items.len());
        let chunks = if !fill.is_exceeded(bytes, count) {
            Chunks::One(items)
        } else if bytes <= CHUNK_BYTES_MAX {
            let deque = VecDeque::from([Chunk { items: Shared::Own(items), count }]);
            Chunks::Many(Box::new(Many { deque, len: count, fill, was_shared: false }))
        } else {
            return None;
        };
        Some(List { chunks })
    }
}
