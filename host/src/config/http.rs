//! Settings of HTTP.

use super::{SettingError, number, yes_or_no};
use crate::limits::bytes;

/// A larger request has no use, and is kept in memory as a whole.
const REQUEST_BYTES_MAX: usize = 512 << 20;
/// Waiting longer is a mistake of unit.
const SECONDS_MAX: u64 = 86_400;

/// What is served over HTTP, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// The port (`http-port`); 0 is none.
    pub port: u16,
    /// The port for HTTP over TLS (`https-port`); 0 is none.
    pub tls_port: u16,
    /// What requests bring that come from nobody in particular (`http-token`).
    pub token: Option<String>,
    /// More names that this server has in the header Host (`http-hosts`); `*` is any.
    pub hosts: Vec<String>,
    /// Origins whose pages may ask (`http-cors-origins`); `*` is any.
    pub cors_origins: Vec<String>,
    /// Bytes of a request's body (`http-max-request`).
    pub request_bytes_max: usize,
    /// Seconds for which the commands of a request may wait (`http-block-max`).
    pub block_seconds_max: u64,
    /// Seconds for which a connection may be idle between requests (`http-idle-timeout`).
    pub idle_seconds_max: u64,
    /// Who may read `/metrics` (`http-metrics`).
    pub metrics: Metrics,
    /// Whether the console is there (`http-console`).
    pub has_console: bool,
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metrics {
    /// Who has a token.
    Token,
    /// Everyone.
    Open,
    /// No one.
    Off,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            port: 0,
            tls_port: 0,
            token: None,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            request_bytes_max: 10 << 20,
            block_seconds_max: 30,
            idle_seconds_max: 60,
            metrics: Metrics::Token,
            has_console: true,
        }
    }
}

impl HttpSettings {
    /// Whether anything is served.
    pub(crate) fn is_on(&self) -> bool {
        self.port != 0 || self.tls_port != 0
    }

    /// Sets what this name stands for; `false` if it is another's.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool, SettingError> {
        let list = || value.split_whitespace().map(str::to_owned).collect();
        match name {
            "http-port" => self.port = number(value)?,
            "https-port" => self.tls_port = number(value)?,
            "http-token" if value.contains(char::is_whitespace) => {
                return Err(SettingError::Engine("a token has no spaces".to_owned()));
            }
            "http-token" => self.token = (!value.is_empty()).then(|| value.to_owned()),
            "http-hosts" => self.hosts = list(),
            "http-cors-origins" => self.cors_origins = list(),
            "http-console" => self.has_console = yes_or_no(value)?,
            "http-max-request" => {
                let most = bytes(value)?;
                if !(1..=REQUEST_BYTES_MAX).contains(&most) {
                    return Err(super::out_of_range("1", "512mb"));
                }
                self.request_bytes_max = most;
            }
            "http-block-max" => self.block_seconds_max = seconds(value)?,
            "http-idle-timeout" => self.idle_seconds_max = seconds(value)?,
            "http-metrics" => {
                self.metrics = match value.to_ascii_lowercase().as_str() {
                    "token" => Metrics::Token,
                    "open" => Metrics::Open,
                    "off" => Metrics::Off,
                    _ => return Err(SettingError::NotOneOf(&["token", "open", "off"])),
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn seconds(value: &str) -> Result<u64, SettingError> {
    let seconds = number(value)?;
    if (1..=SECONDS_MAX).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(super::out_of_range("1", SECONDS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_or_refused() {
        let mut settings = HttpSettings::default();
        for (name, value) in [
            ("http-port", "8079"),
            ("http-token", "secret"),
            ("http-hosts", "a.example  b.example"),
            ("http-max-request", "1mb"),
            ("http-metrics", "OPEN"),
            ("http-block-max", "5"),
            ("http-console", "no"),
        ] {
            assert_eq!(settings.set(name, value), Ok(true), "{name}");
        }
        assert_eq!(settings.hosts, ["a.example", "b.example"]);
        for (name, value) in [
            ("http-port", "70000"),
            ("http-token", "a b"),
            ("http-max-request", "0"),
            ("http-max-request", "1gb"),
            ("http-block-max", "0"),
            ("http-metrics", "maybe"),
            ("http-console", "maybe"),
        ] {
            assert!(settings.set(name, value).is_err(), "{name} {value}");
        }
        assert_eq!(settings.set("port", "1"), Ok(false));
    }
}
