//! Settings that change while the engine runs.

use alloc::vec::Vec;

use crate::acl;
use crate::config::{Config, Setting};
use crate::keyspace::Store;
use crate::server::{Server, client_eviction, eviction, persistence};

/// Settings that are about to be in effect.
pub(crate) struct Change {
    pub(crate) config: Config,
    pub(crate) settings: Vec<&'static Setting>,
}

/// Puts settings into effect.
pub(crate) fn apply(store: &mut Store, server: &mut Server, change: Change) {
    let Change { config: changed, settings } = change;
    changed.apply(store);
    server.observer.configure(&changed);
    server.config = changed;
    // A limit that has come down is reached step by step.
    if settings.iter().any(|setting| setting.name == "maxmemory") {
        eviction::wake(server);
    }
    if settings.iter().any(|setting| setting.name == "maxmemory-clients") {
        client_eviction::count_again(server);
    }
    if settings.iter().any(|setting| setting.name == "requirepass") {
        acl::set_default_password(server);
    }
    follow_persistence(store, server);
    for setting in settings.iter().filter(|setting| setting.is_host) {
        let value = (setting.read)(&server.config, setting.name);
        server.settings.push((setting.name.into(), value));
    }
}

/// From now on effects are recorded, or not any more, and what writes are refused for may have changed.
fn follow_persistence(store: &mut Store, server: &mut Server) {
    let has_log = server.config.persistence.has_log;
    if server.config.persistence.is_available && server.records_effects != has_log {
        persistence::keep_log(store, server, has_log);
    }
    persistence::refresh(server);
}
