//! What the limits amount to on this platform.

use super::Config;
use crate::base::memory::Memory;
use crate::number;
use crate::resp::Limits;

impl Config {
    /// What the parser accepts; `restricted` for clients that have not authenticated.
    #[inline]
    pub(crate) fn limits(&self, restricted: bool, memory: Memory) -> Limits {
        Limits {
            arguments_max: self.arguments_max,
            bulk_bytes_max: self.value_bytes_max(),
            line_bytes_max: LINE_BYTES_MAX,
            restricted,
            memory,
        }
    }

    /// Bytes that a string may have: `proto-max-bulk-len`, but no more than lengths in keys and requests can say.
    #[inline]
    pub fn value_bytes_max(&self) -> usize {
        self.bulk_bytes_max.get().min(VALUE_BYTES_MAX)
    }

    /// Bytes of input that a connection may have waiting: `client-query-buffer-limit`, within the same bounds.
    #[inline]
    pub fn input_bytes_max(&self) -> usize {
        self.query_buffer_bytes_max.get().min(INPUT_BYTES_MAX)
    }

    /// Bytes of memory above which commands that may take more are refused; 0 means no limit.
    #[inline]
    pub fn memory_limit(&self) -> usize {
        match (self.maxmemory.get(), self.memory_bytes_max) {
            (0, 0) => 0,
            (0, hard) => hard - hard / 16,
            (soft, 0) => soft,
            (soft, hard) => soft.min(hard - hard / 16),
        }
    }
}

/// Bytes of input that lie together at most: places in it have 32 bits, and an allocation can have no more than half
/// of the address space.
const INPUT_BYTES_MAX: usize =
    number::saturate(if usize::BITS > 32 { u32::MAX as u64 } else { i32::MAX as u64 });
/// Bytes of one string. What is left are its request's other words.
const VALUE_BYTES_MAX: usize = INPUT_BYTES_MAX - (64 << 10);

/// Bytes of an inline request or of a line that holds a length.
const LINE_BYTES_MAX: usize = 64 << 10;
