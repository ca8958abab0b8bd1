//! Loads certificates and keys anew when their files have changed. Those that are no good change nothing.

use super::{Shared, Tls};
use crate::log;
use crate::tls::Stamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::timeout;

/// Looks at the files as often as the settings say, and when it is told to.
pub(super) async fn watch(shared: Arc<Shared>) {
    loop {
        let seconds = shared.tls().as_ref().map_or(0, |tls| tls.settings.reload_seconds);
        let told = shared.look.notified();
        match seconds {
            0 => told.await,
            // Whether it was told or the time is up makes no difference.
            _ => drop(timeout(Duration::from_secs(seconds), told).await),
        }
        let is_forced = shared.is_forced.swap(false, Ordering::AcqRel);
        look(&shared, is_forced);
    }
}

fn look(shared: &Shared, is_forced: bool) {
    let (settings, known) = {
        let tls = shared.tls();
        let Some(tls) = &*tls else { return };
        (tls.settings.clone(), tls.stamp.clone())
    };
    let stamp = Stamp::of(&settings);
    if stamp == known && !is_forced {
        return;
    }
    let loaded = Tls::load(&settings);
    let mut guard = shared.tls();
    // Otherwise a client has changed them meanwhile, and had the files loaded.
    let Some(tls) = guard.as_mut().filter(|tls| tls.settings == settings) else { return };
    match loaded {
        Ok(loaded) => {
            *tls = loaded;
            log::notice!("the files of TLS are loaded anew");
        }
        Err(error) => {
            // A pair of which one half is there so far is looked at again when the other comes.
            tls.stamp = stamp;
            log::warning!("the files of TLS are not loaded anew, those from before stay in use: {error}");
        }
    }
    drop(guard);
    shared.tell_loop();
}
