//! The databases, and everything that must happen when a key is read, changed, or expires.

mod entry;
mod store;
mod table;

pub use entry::{Entry, Type, Value, ValueMut, ValueRef};
pub use store::{Invalidation, Notice, NotifyClass, Store};
pub use table::{ExpiryScan, HashSeed, Iter, Keyed, Table};
