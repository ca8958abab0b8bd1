//! Settings that change while the server runs.

use crate::config::{OnSignal, Settings, log_level, number, yes_or_no};
use crate::edge::{HTTP_CONNECTIONS_MAX, NEWCOMERS_MAX};
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
        "loglevel" => log_level(value).map(log::set_level),
        "dir" => {
            settings.dir = Some(value.into());
            Ok(())
        }
        "tcp-keepalive" => number(value).map(|seconds| settings.tcp_keepalive_seconds = seconds),
        "shutdown-on-sigint" => OnSignal::parse(value).map(|on_signal| settings.on_sigint = on_signal),
        "shutdown-on-sigterm" => OnSignal::parse(value).map(|on_signal| settings.on_sigterm = on_signal),
        "maxclients" => {
            if let Ok(clients) = value.parse() {
                settings.clients_max = clients;
                raise_descriptors(settings);
            }
            Ok(())
        }
        // Others only the engine acts on.
        _ => settings.storage.set(name, value).map(|_| ()),
    };
    if let Err(error) = applied {
        log::warning!("the setting {name} is not in effect: {error}");
    }
}

/// Makes room for as many descriptors as there may be clients. Where the system does not let us, fewer clients are
/// admitted: the others are told so, instead of waiting in the kernel for a client to leave.
pub(super) fn fit_descriptor_limit(settings: &mut Settings) {
    if let Some(clients) = raise_descriptor_limit(settings.clients_max, newcomers(settings)) {
        log::warning!("maxclients is lowered to {clients}");
        settings.clients_max = clients;
        settings.engine.options.push_str(&format!("maxclients {clients}\n"));
    }
}

/// Connections that are no clients yet and have descriptors too.
fn newcomers(settings: &Settings) -> usize {
    let of_tls = if settings.tls.port == 0 { 0 } else { NEWCOMERS_MAX };
    let of_http = if settings.http.is_on() { HTTP_CONNECTIONS_MAX } else { 0 };
    of_tls + of_http
}

/// The same while the server runs, when more may come than before. Who is there stays.
pub(super) fn raise_descriptors(settings: &Settings) {
    raise_descriptor_limit(settings.clients_max, newcomers(settings));
}

/// Raises the limit of descriptors as far as need be; how many clients there is room for if it stays too low.
fn raise_descriptor_limit(clients_max: u32, newcomers: usize) -> Option<u32> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let reserved = DESCRIPTORS_RESERVED + newcomers as u64;
    let wanted = u64::from(clients_max) + reserved;
    let current = limit.current.filter(|&current| current < wanted)?;
    let granted = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    limit.current = Some(granted);
    let granted = if setrlimit(Resource::Nofile, limit).is_ok() { granted } else { current };
    if granted == wanted {
        return None;
    }
    log::warning!(
        "maxclients is {clients_max}, but the system grants {granted} open files in all: raise `ulimit -n`"
    );
    u32::try_from(granted.saturating_sub(reserved).max(1)).ok()
}
