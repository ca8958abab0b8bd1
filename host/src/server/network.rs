//! The edge as the server has it: started when a setting asks for it, and changed by settings and signals.

use super::settings::raise_descriptors;
use crate::config::{HttpSettings, SettingError, Settings, split_words};
use crate::edge::{Door, Edge};
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
    http: HttpSettings,
    /// The slots of connections that are no sockets.
    slots: HashMap<LineId, usize>,
}

impl Network {
    /// Starts what the settings ask for.
    pub(super) fn start(settings: &Settings, waker: Arc<Waker>) -> Result<Self, StartError> {
        let (tls, http) = (TlsSettings::default(), HttpSettings::default());
        let mut network = Self { waker, edge: None, tls, http, slots: HashMap::new() };
        network.follow(settings, &settings.tls, &settings.http)?;
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
        let (tls, http) = parse(told).map_err(|error| error.to_string())?;
        match self.follow(settings, &tls, &http) {
            Ok(()) => {
                (settings.tls, settings.http) = (tls, http);
                raise_descriptors(settings);
                Ok(Vec::new())
            }
            Err(error) => {
                log::warning!("the settings of the edge stay as they were: {error}");
                Err(match error {
                    StartError::Tls(error) => error.to_string(),
                    error => error.to_string(),
                })
            }
        }
    }

    /// Goes on with the settings that an engine has which has taken over.
    pub(super) fn go_back_to(&mut self, settings: &Settings) {
        if (self.tls != settings.tls || self.http != settings.http)
            && let Err(error) = self.follow(settings, &settings.tls, &settings.http)
        {
            log::warning!("the settings of the edge are not those of the start again: {error}");
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
    pub(super) fn begin_stop(&self) {
        if let Some(edge) = &self.edge {
            edge.begin_stop();
        }
    }

    /// Lets what is left of connections at the edge end.
    pub(super) fn close(&mut self) {
        self.edge = None;
    }

    /// Brings the edge to settings. Nothing has changed if that fails.
    fn follow(
        &mut self,
        settings: &Settings,
        tls: &TlsSettings,
        http: &HttpSettings,
    ) -> Result<(), StartError> {
        // As with Redis, the rest need not be good as long as there is no port. Those who have come by one stay without it.
        if tls.port != 0 || http.is_on() || self.edge.is_some() {
            let doors = [
                (Door::Tls, tls.port, self.tls.port),
                (Door::Http, http.port, self.http.port),
                (Door::Https, http.tls_port, self.http.tls_port),
            ];
            let moved = doors.into_iter().filter(|(_, port, before)| port != before);
            let listeners = moved
                .map(|(door, port, _)| Ok((door, listen_port(settings, port)?)))
                .collect::<Result<Vec<_>, StartError>>()?;
            match &self.edge {
                Some(edge) => edge.configure(settings, tls, http)?,
                None => self.edge = Some(Edge::start(settings, tls, http, Arc::clone(&self.waker))?),
            }
            for (door, listeners) in listeners {
                if let Some(edge) = &self.edge {
                    announce(&listeners, door, edge.console().as_deref());
                    edge.listen(door, listeners);
                }
            }
        }
        (self.tls, self.http) = (tls.clone(), http.clone());
        Ok(())
    }
}

/// The settings that a client has changed, as the engine tells them: a line for each, with its value between quotes.
fn parse(told: &str) -> Result<(TlsSettings, HttpSettings), SettingError> {
    let (mut tls, mut http) = (TlsSettings::default(), HttpSettings::default());
    for line in told.lines() {
        if let [name, value] = &split_words(line)?[..] {
            let _ = tls.set(name, value)? || http.set(name, value)?;
        }
    }
    Ok((tls, http))
}

/// Says where connections are accepted, where a browser finds the console, and where it is better not to speak HTTP.
fn announce(listeners: &[TcpListener], door: Door, console: Option<&str>) {
    let name = match door {
        Door::Tls => "TLS",
        Door::Http => "HTTP",
        Door::Https => "HTTPS",
    };
    for address in listeners.iter().filter_map(|listener| listener.local_addr().ok()) {
        log::notice!("listening on {address} ({name})");
        if let Some(console) = console.filter(|_| door != Door::Tls) {
            log::notice!("the console is at {}://{address}{console}", name.to_lowercase());
        }
        if door == Door::Http && !is_local(address.ip()) {
            log::warning!("tokens can be read on the way to {address}: https-port is for other machines");
        }
    }
}
