//! The databases, and everything that must happen when a key is read, changed, or expires.

pub(crate) mod access;
mod digest;
mod entry;
mod store;
mod table;

pub use access::Access;
pub use digest::Digest;
pub use entry::{Entry, Type, Value, ValueMut, ValueRef};
pub(crate) use store::Place;
pub use store::{Attempt, Invalidation, Notice, NotifyClass, Order, Policy, Store};
pub use table::{ExpiryScan, HashSeed, Iter, Keyed, Table};
