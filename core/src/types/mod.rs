//! The value types. Each is a folder of one shape: the structure in `mod.rs`, its commands by subject in `commands`,
//! each subject a file with handlers and their rows, and tests beside them.

pub(crate) mod bitmap;
pub(crate) mod geo;
pub(crate) mod hash;
pub(crate) mod hyperloglog;
pub(crate) mod list;
pub(crate) mod multiple_pop;
pub(crate) mod sample;
pub(crate) mod scan;
pub(crate) mod set;
pub(crate) mod stream;
pub(crate) mod string;
pub(crate) mod zset;

use crate::command::Command;
use crate::config::Limit;
use crate::structures::Fill;
use crate::structures::table::HashSeed;

/// The rows of the commands of every type, file by file.
pub(crate) const ROWS: &[&[&[Command]]] = &[
    string::commands::ROWS,
    bitmap::commands::ROWS,
    hyperloglog::commands::ROWS,
    geo::commands::ROWS,
    list::commands::ROWS,
    hash::commands::ROWS,
    set::commands::ROWS,
    zset::commands::ROWS,
    stream::commands::ROWS,
];

#[cfg(test)]
std::thread_local! {
    /// Members that were looked for by operations on several sets, for tests of what these cost.
    pub(crate) static LOOKUPS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

#[cfg(test)]
pub(crate) fn count_lookup() {
    LOOKUPS.set(LOOKUPS.get() + 1);
}

/// Up to which size collections keep their compact forms, and the secret that their tables hash with.
#[derive(Clone, Copy, Debug)]
pub struct EncodingLimits {
    /// See [`HashSeed`].
    pub seed: HashSeed,
    /// `hash-max-listpack-entries`.
    pub hash_entries_max: Limit,
    /// `hash-max-listpack-value`, in bytes.
    pub hash_value_bytes_max: Limit,
    /// `set-max-intset-entries`.
    pub intset_entries_max: Limit,
    /// `set-max-listpack-entries`.
    pub set_entries_max: Limit,
    /// `set-max-listpack-value`, in bytes.
    pub set_value_bytes_max: Limit,
    /// `zset-max-listpack-entries`.
    pub zset_entries_max: Limit,
    /// `zset-max-listpack-value`, in bytes.
    pub zset_value_bytes_max: Limit,
    /// `list-max-listpack-size`.
    pub list_fill: Fill,
    /// `stream-node-max-bytes`; 0 means no limit.
    pub stream_node_bytes_max: Limit,
    /// `stream-node-max-entries`; 0 means no limit.
    pub stream_node_entries_max: Limit,
}

impl EncodingLimits {
    /// Redis's limits.
    pub fn new(seed: HashSeed) -> EncodingLimits {
        EncodingLimits {
            seed,
            hash_entries_max: Limit::new(512),
            hash_value_bytes_max: Limit::new(64),
            intset_entries_max: Limit::new(512),
            set_entries_max: Limit::new(128),
            set_value_bytes_max: Limit::new(64),
            zset_entries_max: Limit::new(128),
            zset_value_bytes_max: Limit::new(64),
            list_fill: Fill::default(),
            stream_node_bytes_max: Limit::new(4096),
            stream_node_entries_max: Limit::new(100),
        }
    }
}
