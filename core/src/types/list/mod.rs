//! Lists: a deque of packed chunks.

pub(crate) mod commands;

pub(crate) use crate::structures::List;
use crate::types::EncodingLimits;

impl List {
    /// The name that OBJECT ENCODING replies.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        if self.is_single_chunk() { "listpack" } else { "quicklist" }
    }

    /// The same list again, for COPY. Lists have one form only, so no limit matters.
    #[must_use]
    pub fn copy(&self, _: &EncodingLimits) -> List {
        self.clone()
    }
}
