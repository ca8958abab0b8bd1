//! The edge as the server has it: started when a setting asks for it, and changed by settings and signals.

use super::settings::raise_descriptors;
use crate::config::Settings;
use crate::edge::Edge;
use crate::exchange::{Incoming, LineId};
use crate::log;
use crate::net::{Arrival, is_local, listen_port};
use crate::server::StartError;
use crate::tls::TlsSettings;
use mio::Waker;
use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Arc;

/// The thread at the edge, if there is one.
pub(super) struct Network {
    waker: Arc<Waker>,
    edge: Option<Edge>,
    /// What it works by.
    tls: TlsSettings,
    /// The slots of connections that are no sockets.
    slots: HashMap<LineId, usize>,
}

impl Network {
    /// Starts what the settings ask for.
    pub(super) fn start(settings: &Settings, waker: Arc<Waker>) -> Result<Self, StartError> {
        let mut network = Self { waker, edge: None, tls: TlsSettings::default(), slots: HashMap::new() };
        network.follow(settings, &settings.tls)?;
        if let Some(edge) = &network.edge {
            let http = &settings.http;
            for (port, is_tls, name) in [(http.port, false, "HTTP"), (http.tls_port, true, "HTTPS")] {
                let listeners = listen_port(settings, port)?;
                announce(&listeners, name);
                edge.listen_http(listeners, is_tls);
            }
        }
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

    /// What has come over connections that are no sockets, and where these are.
    pub(super) fn take_messages(&mut self) -> (Vec<Incoming>, &mut HashMap<LineId, usize>) {
        (self.edge.as_ref().map_or_else(Vec::new, Edge::take_messages), &mut self.slots)
    }

    /// Tells the edge of the replies of a turn.
    #[inline]
    pub(super) fn end_turn(&self) {
        if let Some(edge) = &self.edge {
            edge.end_turn();
        }
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
        if tls.port != 0 || settings.http.is_on() {
            let is_moved = tls.port != self.tls.port;
            let listeners = if is_moved { Some(listen_port(settings, tls.port)?) } else { None };
            match &self.edge {
                Some(edge) => edge.configure(settings, tls)?,
                None => self.edge = Some(Edge::start(settings, tls, Arc::clone(&self.waker))?),
            }
            if let (Some(edge), Some(listeners)) = (&self.edge, listeners) {
                announce(&listeners, "TLS");
                edge.listen(listeners);
            }
        } else {
            self.edge = None;
        }
        self.tls = tls.clone();
        Ok(())
    }
}

/// Says where connections are accepted, and where it is better not to speak HTTP.
fn announce(listeners: &[TcpListener], name: &str) {
    for address in listeners.iter().filter_map(|listener| listener.local_addr().ok()) {
        log::notice!("listening on {address} ({name})");
        if name == "HTTP" && !is_local(address.ip()) {
            log::warning!("tokens can be read on the way to {address}: https-port is for other machines");
        }
    }
}
