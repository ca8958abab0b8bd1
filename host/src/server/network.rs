//! The edge as the server has it: started when a setting asks for it, and changed by settings and signals.

use super::settings::raise_descriptors;
use crate::config::Settings;
use crate::edge::Edge;
use crate::log;
use crate::net::{Arrival, listen_tls};
use crate::server::StartError;
use crate::tls::TlsSettings;
use mio::Waker;
use std::sync::Arc;

/// The thread at the edge, if there is one.
pub(super) struct Network {
    waker: Arc<Waker>,
    edge: Option<Edge>,
    /// What it works by.
    tls: TlsSettings,
}

impl Network {
    /// Starts what the settings ask for.
    pub(super) fn start(settings: &Settings, waker: Arc<Waker>) -> Result<Self, StartError> {
        let mut network = Self { waker, edge: None, tls: TlsSettings::default() };
        network.follow(settings, &settings.tls)?;
        Ok(network)
    }

    /// Whether [`Network::take_newcomers`] might have something.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        self.edge.as_ref().is_some_and(Edge::has_news)
    }

    /// Connections that are ready.
    pub(super) fn take_newcomers(&self) -> Vec<Arrival> {
        self.edge.as_ref().map_or_else(Vec::new, Edge::take_newcomers)
    }

    /// Goes on with settings that a client has changed, as the engine tells them; if they are no good, with those from
    /// before, and the reason is the answer.
    pub(super) fn change(&mut self, settings: &mut Settings, told: &[u8]) -> Result<Vec<u8>, String> {
        let told = str::from_utf8(told).map_err(|error| error.to_string())?;
        let tls = TlsSettings::told(told).map_err(|error| error.to_string())?;
        match self.follow(settings, &tls) {
            Ok(()) => {
                settings.tls = tls;
                raise_descriptors(settings);
                Ok(Vec::new())
            }
            Err(error) => {
                log::warning!("the settings of TLS stay as they were: {error}");
                Err(match error {
                    StartError::Tls(error) => error.to_string(),
                    error => error.to_string(),
                })
            }
        }
    }

    /// Goes on with the settings that an engine has which has taken over.
    pub(super) fn go_back_to(&mut self, settings: &Settings) {
        if self.tls != settings.tls
            && let Err(error) = self.follow(settings, &settings.tls)
        {
            log::warning!("the settings of TLS are not those of the start again: {error}");
        }
    }

    /// Has certificates and keys loaded anew.
    pub(super) fn reload(&self) {
        match &self.edge {
            Some(edge) => edge.reload(),
            None => log::verbose!("received SIGHUP, and there is nothing to load anew"),
        }
    }

    /// Nothing arrives any more.
    pub(super) fn close(&mut self) {
        self.edge = None;
    }

    /// Brings the edge to settings of TLS. Nothing has changed if that fails.
    fn follow(&mut self, settings: &Settings, tls: &TlsSettings) -> Result<(), StartError> {
        // As with Redis, the rest need not be good as long as there is no port.
        if tls.port != 0 {
            let is_moved = tls.port != self.tls.port;
            let listeners = if is_moved { Some(listen_tls(settings, tls.port)?) } else { None };
            match &self.edge {
                Some(edge) => edge.configure(tls)?,
                None => self.edge = Some(Edge::start(tls, Arc::clone(&self.waker))?),
            }
            if let (Some(edge), Some(listeners)) = (&self.edge, listeners) {
                for address in listeners.iter().filter_map(|listener| listener.local_addr().ok()) {
                    log::notice!("listening on {address} (TLS)");
                }
                edge.listen(listeners);
            }
        } else {
            self.edge = None;
        }
        self.tls = tls.clone();
        Ok(())
    }
}
