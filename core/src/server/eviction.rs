//! Making room: when keys are evicted, what is moved together, and how much work that may be at a time.
//!
//! There are two limits. What is in use must stay below `maxmemory`, which is a matter of counting; and what a request
//! is about to take must really be there, which the embedder's allocator knows. For the first a command evicts a few
//! keys and runs. Without the second it cannot run, so that it evicts, and has memory put together that lies in pieces,
//! until it can or until there is nothing left to do.

use alloc::vec::Vec;

use crate::base::memory::Purpose;
use crate::keyspace::{Attempt, Store};
use crate::server::{GlobalState, Server, pubsub};

/// Keys that one command may evict per point of `maxmemory-eviction-tenacity`. Redis gives a point 50
/// microseconds, and an eviction takes about one.
const KEYS_PER_TENACITY: usize = 50;
/// What a step of freeing deleted values counts as, in evicted keys.
const FREE_STEP_KEYS: usize = 32;
/// So much is evicted at least before memory is put together, in bytes; that is a walk over all keys.
const EVICTED_BYTES_MIN: usize = 1 << 20;
/// Parts of memory that are cleared for one request without anything being evicted.
const COMPACTIONS_MAX: usize = 8;

/// So many evicted keys are announced together.
const NOTICES_MAX: usize = 64;

/// What came of making room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// Memory is below its limit.
    Made,
    /// It is not yet, but keys are being evicted; meanwhile commands run.
    Running,
    /// It is not, and nothing may be evicted.
    None,
}

/// Evicts keys until memory is below its limit or the work for one command is done; what is left to do is done by
/// [`go_on`].
#[cold]
pub(crate) fn make_room(store: &mut Store, server: &mut Server) -> Room {
    if server.global_state.has(GlobalState::PAUSED) {
        // The data stands still; what would add to it waits.
        server.is_evicting = false;
        return Room::Running;
    }
    let policy = server.config.maxmemory_policy;
    let samples = server.config.maxmemory_samples;
    let mut left = keys_max(server.config.eviction_tenacity);
    while {
        // What is evicted may be kept until it is saved.
        server.memory_held = store.save_held_bytes();
        server.is_out_of_memory()
    } {
        if left == 0 {
            server.is_evicting = policy.order.is_some();
            return if server.is_evicting { Room::Running } else { Room::None };
        }
        // What is deleted already counts as used until it is freed.
        if store.free_deleted() {
            left = left.saturating_sub(FREE_STEP_KEYS);
            continue;
        }
        left -= 1;
        if store.evict_one(policy, samples) == Attempt::Nothing {
            server.is_evicting = false;
            return Room::None;
        }
        announce_some(store, server);
    }
    server.is_evicting = false;
    Room::Made
}

/// Has [`go_on`] evict if memory is over its limit, which has come down or could not be kept.
pub(crate) fn wake(server: &mut Server) {
    server.is_evicting |= server.config.maxmemory_policy.order.is_some() && server.is_out_of_memory();
}

/// Takes so many bytes for a purpose, if need be after others have gone; `false` if there is no room.
#[inline]
pub(crate) fn take(store: &mut Store, server: &mut Server, purpose: Purpose, bytes: usize) -> bool {
    server.memory.take_for(purpose, bytes).is_ok()
        || (provide(store, server, purpose, bytes) && server.memory.take_for(purpose, bytes).is_ok())
}

/// Makes room for `more` elements of a list, if need be after others have gone; `false` if there is none.
#[cold]
pub(crate) fn reserve<T>(
    store: &mut Store,
    server: &mut Server,
    purpose: Purpose,
    list: &mut Vec<T>,
    more: usize,
) -> bool {
    let bytes = (list.len() + more.max(list.len() / 8)).saturating_mul(size_of::<T>());
    server.memory.reserve_for(purpose, list, more)
        || (provide(store, server, purpose, bytes) && server.memory.reserve_for(purpose, list, more))
}

/// The same without anything being evicted.
#[inline]
pub(crate) fn take_within(store: &mut Store, server: &mut Server, purpose: Purpose, bytes: usize) -> bool {
    server.memory.take_for(purpose, bytes).is_ok()
        // The first time a part may be ended that was being cleared for others.
        || (0..2).any(|_| compact(store, server, bytes) && server.memory.take_for(purpose, bytes).is_ok())
}

/// Frees, moves and evicts until so many bytes can be had.
#[cold]
fn provide(store: &mut Store, server: &mut Server, purpose: Purpose, bytes: usize) -> bool {
    // No sandbox is as large, and nothing should go for it.
    if bytes > server.config.memory_limit().wrapping_sub(1) / 2 {
        return false;
    }
    let mut compactions = 0;
    loop {
        while store.free_deleted() {}
        if server.memory.has_for(purpose, bytes) {
            return true;
        }
        if compactions < COMPACTIONS_MAX && compact(store, server, bytes) {
            compactions += 1;
            continue;
        }
        compactions = 0;
        if store.save_yield() {
            continue;
        }
        let used = (server.memory_used)();
        let goal = used.saturating_sub(EVICTED_BYTES_MIN.max(2 * bytes));
        evict_to(store, server, goal);
        // Nothing may go, or nobody knows what is in use.
        if (server.memory_used)() >= used {
            return false;
        }
    }
}

/// Evicts until no more than so many bytes are in use; `false` if nothing more may be evicted.
#[cold]
pub(crate) fn evict_to(store: &mut Store, server: &mut Server, bytes: usize) -> bool {
    let (policy, samples) = (server.config.maxmemory_policy, server.config.maxmemory_samples);
    while (server.memory_used)() > bytes {
        // A snapshot that keeps what is evicted would have everything evicted.
        store.save_yield();
        if !store.free_deleted() && store.evict_one(policy, samples) == Attempt::Nothing {
            return false;
        }
        announce_some(store, server);
    }
    true
}

/// Announces what has been evicted so far, so that no list of it grows while memory is short.
fn announce_some(store: &mut Store, server: &mut Server) {
    if store.notices.len() >= NOTICES_MAX {
        pubsub::publish_notices(store, server);
    }
}

/// Puts memory together; `false` if that has brought nothing.
fn compact(store: &mut Store, server: &mut Server, bytes: usize) -> bool {
    let (memory, used) = (server.memory, (server.memory_used)());
    server.compactor.compact(store, memory, used, bytes + crate::base::memory::PIECE_BYTES)
}

/// Goes on with evicting what one command had to leave, and with moving together what lies in pieces.
pub(crate) fn go_on(store: &mut Store, server: &mut Server) {
    if server.is_evicting {
        make_room(store, server);
    }
    if server.compactor.is_wanted() {
        let (memory, used) = (server.memory, (server.memory_used)());
        server.compactor.go_on(store, memory, used);
    }
}

/// How many keys may go for one command. Above ten, each point of tenacity gives 15 % more; 100 is no limit.
fn keys_max(tenacity: usize) -> usize {
    if tenacity >= 100 {
        return usize::MAX;
    }
    let base = KEYS_PER_TENACITY * tenacity.min(10);
    (10..tenacity).fold(base, |keys, _| keys + keys * 15 / 100)
}
