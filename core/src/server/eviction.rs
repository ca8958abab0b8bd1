//! Keeping to `maxmemory`: when keys are evicted, and how much work that may be at a time.

use crate::keyspace::{Attempt, Store};
use crate::server::Server;

/// Keys that one command may evict per point of `maxmemory-eviction-tenacity`. Redis gives a point 50
/// microseconds, and an eviction takes about one.
const KEYS_PER_TENACITY: usize = 50;
/// What a step of freeing deleted values counts as, in evicted keys.
const FREE_STEP_KEYS: usize = 32;

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
    let policy = server.config.maxmemory_policy;
    let samples = server.config.maxmemory_samples;
    let mut left = keys_max(server.config.eviction_tenacity);
    while server.is_out_of_memory() {
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
    }
    server.is_evicting = false;
    Room::Made
}

/// Goes on with evicting what one command had to leave.
pub(crate) fn go_on(store: &mut Store, server: &mut Server) {
    if server.is_evicting {
        make_room(store, server);
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
