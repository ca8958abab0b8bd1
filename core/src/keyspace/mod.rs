//! The databases, and everything that must happen when a key is read, changed, or expires.

pub(crate) mod access;
pub(crate) mod compaction;
mod digest;
pub(crate) mod effects;
mod entry;
mod keys;
mod snapshot;
mod store;

pub use access::KeyUse;
pub(crate) use digest::Digest;
pub(crate) use entry::Type;
pub(crate) use entry::ValueMut;
pub use entry::{Entry, Value, ValueRef};
pub(crate) use snapshot::{Part, Recorder};
pub(crate) use store::Place;
#[cfg(test)]
pub(crate) use store::Used;
pub(crate) use store::{
    Attempt, Invalidation, Notice, NotifyClass, Policy, Ready, SaveState, SaveStep, Store, StreamsSeen,
};
