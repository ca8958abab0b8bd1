//! Settings of TLS, with the names and values of redis.conf.

use crate::config::{SettingError, number, yes_or_no};
use std::path::PathBuf;

/// What TLS is spoken with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The port (`tls-port`); 0 is no TLS.
    pub port: u16,
    /// The server's certificate, with those between it and an authority (`tls-cert-file`).
    pub cert_file: Option<PathBuf>,
    /// Its key (`tls-key-file`).
    pub key_file: Option<PathBuf>,
    /// The authorities that clients' certificates are signed by (`tls-ca-cert-file`).
    pub ca_file: Option<PathBuf>,
    /// More of them, all in the files of a directory (`tls-ca-cert-dir`).
    pub ca_dir: Option<PathBuf>,
    /// Whether clients have certificates (`tls-auth-clients`).
    pub auth_clients: AuthClients,
    /// Versions of the protocol (`tls-protocols`); empty is 1.2 and 1.3.
    pub protocols: String,
    /// Suites of version 1.2, in order (`tls-ciphers`); empty is all.
    pub ciphers: String,
    /// Suites of version 1.3, in order (`tls-ciphersuites`); empty is all.
    pub ciphersuites: String,
    /// Whether the server's order of suites counts instead of the client's (`tls-prefer-server-ciphers`).
    pub prefers_own_ciphers: bool,
    /// Whether clients may resume sessions (`tls-session-caching`).
    pub resumes_sessions: bool,
    /// How often the files are looked at, in seconds (`tls-auto-reload-interval`); 0 is never.
    pub reload_seconds: u64,
}

/// Whether clients have to have a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthClients {
    /// They are not asked for one.
    No,
    /// They need one.
    Yes,
    /// One that they show has to be good.
    Optional,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            port: 0,
            cert_file: None,
            key_file: None,
            ca_file: None,
            ca_dir: None,
            auth_clients: AuthClients::Yes,
            protocols: String::new(),
            ciphers: String::new(),
            ciphersuites: String::new(),
            prefers_own_ciphers: false,
            resumes_sessions: true,
            reload_seconds: 60,
        }
    }
}

impl TlsSettings {
    /// Sets what this name stands for; `false` if it is another's.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool, SettingError> {
        let path = |value: &str| (!value.is_empty()).then(|| PathBuf::from(value));
        match name {
            "tls-port" => self.port = number(value)?,
            "tls-cert-file" => self.cert_file = path(value),
            "tls-key-file" => self.key_file = path(value),
            "tls-ca-cert-file" => self.ca_file = path(value),
            "tls-ca-cert-dir" => self.ca_dir = path(value),
            "tls-auth-clients" => {
                self.auth_clients = match value.to_ascii_lowercase().as_str() {
                    "no" => AuthClients::No,
                    "yes" => AuthClients::Yes,
                    "optional" => AuthClients::Optional,
                    _ => return Err(SettingError::NotOneOf(&["no", "yes", "optional"])),
                }
            }
            "tls-protocols" => self.protocols = value.to_owned(),
            "tls-ciphers" => self.ciphers = value.to_owned(),
            "tls-ciphersuites" => self.ciphersuites = value.to_owned(),
            "tls-prefer-server-ciphers" => self.prefers_own_ciphers = yes_or_no(value)?,
            "tls-session-caching" => self.resumes_sessions = yes_or_no(value)?,
            "tls-auto-reload-interval" => self.reload_seconds = number(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}
