//! The databases, and everything that must happen when a key is read, changed, or expires.

pub(crate) mod access;
pub(crate) mod compaction;
mod digest;
pub(crate) mod effects;
mod entry;
mod store;

pub use access::Access;
pub use digest::Digest;
pub use entry::{Entry, Type, Value, ValueMut, ValueRef};
pub(crate) use store::Place;
#[cfg(test)]
pub(crate) use store::Used;
pub use store::{Attempt, Invalidation, Notice, NotifyClass, Order, Policy, Ready, Store};
