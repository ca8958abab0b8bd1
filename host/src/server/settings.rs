//! Settings that change while the server runs.

use crate::config::{Settings, yes_or_no};
use crate::log;
use sanderling_core::DEFAULT_USER_GUARDED;

/// Descriptors for everything that is not a client.
const DESCRIPTORS_RESERVED: u64 = 64;

/// Acts on a change of settings that the engine has told of.
pub(super) fn apply(settings: &mut Settings, name: &str, value: &str) {
    let applied = match name {
        DEFAULT_USER_GUARDED => yes_or_no(value).map(|guarded| settings.has_password = guarded),
        "protected-mode" => yes_or_no(value).map(|protected| settings.protected_mode = protected),
        "client-output-buffer-limit" => settings.output_limits.update(value),
        "loglevel" => value.parse().map(log::set_level),
        "tcp-keepalive" => match value.parse() {
            Ok(seconds) => {
                settings.tcp_keepalive_seconds = seconds;
                Ok(())
            }
            Err(_) => Err("not a number of seconds".to_owned()),
        },
        "maxclients" => {
            if let Ok(clients) = value.parse() {
                settings.clients_max = clients;
                raise_descriptor_limit(settings);
            }
            Ok(())
        }
        // The engine acts on it alone.
        _ => Ok(()),
    };
    if let Err(error) = applied {
        log::warning!("the setting {name} is not in effect: {error}");
    }
}

/// Makes room for as many descriptors as there may be clients, as far as the system lets us.
pub(super) fn raise_descriptor_limit(settings: &mut Settings) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = u64::from(settings.clients_max) + DESCRIPTORS_RESERVED;
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let granted = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    limit.current = Some(granted);
    let raised = setrlimit(Resource::Nofile, limit);
    if granted < wanted || raised.is_err() {
        log::warning!(
            "maxclients is {}, but the system grants {granted} open files in all: raise `ulimit -n`",
            settings.clients_max
        );
    }
}
