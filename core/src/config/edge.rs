//! Settings of the edge: of TLS, and of what is served over HTTP. The engine keeps them, and asks its host, which has the
//! ports and the files, whether they can be in effect; see [`HostRequest::ChangeEdge`](crate::HostRequest::ChangeEdge).

use alloc::string::{String, ToString};

use super::values::{bytes, yes_or_no};
use super::{Config, ConfigError, Setting, boolean, integer, one_of};

/// The setting without which those of TLS are of no use yet.
pub(crate) const TLS_PORT: &str = "tls-port";
/// The settings that ask for a port.
pub(crate) const PORTS: [&str; 3] = [TLS_PORT, "http-port", "https-port"];

/// The port of such a setting; `0` is no port.
pub(crate) fn port<'a>(config: &'a Config, name: &'static str) -> &'a str {
    config.idle(name, "0")
}

/// Whether a setting is one of these.
pub(crate) fn is_about_edge(name: &str) -> bool {
    EDGE.iter().any(|setting| setting.name == name)
}

/// All of them with their values in `config`.
pub(crate) fn all(config: &Config) -> impl Iterator<Item = (&'static str, String)> {
    EDGE.iter().map(|setting| (setting.name, (setting.read)(config, setting.name)))
}

/// A setting that is kept as the text that the last argument makes of a value.
macro_rules! edge {
    ($name:literal, $default:literal, $text:expr) => {
        Setting {
            name: $name,
            alias: None,
            is_mutable: true,
            is_host: false,
            read: |config, name| config.idle(name, $default).to_string(),
            write: |config, name, value| {
                let text: Result<String, ConfigError> = $text(value);
                config.host.insert(name, text?);
                Ok(())
            },
        }
    };
}

pub(super) const EDGE: &[Setting] = &[
    edge!("http-block-max", "30", seconds),
    edge!("http-console", "yes", flag),
    edge!("http-cors-origins", "", line),
    edge!("http-hosts", "", line),
    edge!("http-idle-timeout", "60", seconds),
    edge!("http-max-request", "10485760", |value| {
        bytes(value, 1, REQUEST_BYTES_MAX).map(|bytes| bytes.to_string())
    }),
    edge!("http-metrics", "token", |value| {
        one_of(value, &METRICS).map(|index| METRICS[index].to_string())
    }),
    edge!("http-port", "0", network_port),
    edge!("http-token", "", |value: &str| {
        if value.contains(char::is_whitespace) {
            return Err(ConfigError::new("a token has no spaces"));
        }
        line(value)
    }),
    edge!("https-port", "0", network_port),
    edge!("tls-auth-clients", "yes", |value| {
        one_of(value, &CLIENTS).map(|index| CLIENTS[index].to_string())
    }),
    edge!("tls-auto-reload-interval", "60", |value| {
        integer(value, 0, i32::MAX.into()).map(|seconds| seconds.to_string())
    }),
    edge!("tls-ca-cert-dir", "", line),
    edge!("tls-ca-cert-file", "", line),
    edge!("tls-cert-file", "", line),
    edge!("tls-ciphers", "", line),
    edge!("tls-ciphersuites", "", line),
    edge!("tls-key-file", "", line),
    edge!("tls-key-file-pass", "", |value: &str| {
        if value.is_empty() { Ok(String::new()) } else { Err(ConfigError::new(PASSPHRASE)) }
    }),
    edge!("tls-port", "0", network_port),
    edge!("tls-prefer-server-ciphers", "no", flag),
    edge!("tls-protocols", "", line),
    edge!("tls-session-caching", "yes", flag),
];

/// A larger request has no use, and is kept in memory as a whole.
const REQUEST_BYTES_MAX: u64 = 512 << 20;

/// Waiting longer is a mistake of unit.
const SECONDS_MAX: i64 = 86_400;

/// The values of `http-metrics`.
const METRICS: [&str; 3] = ["token", "open", "off"];

/// The values of `tls-auth-clients`.
const CLIENTS: [&str; 3] = ["no", "yes", "optional"];

/// Why no passphrase is taken. It would stand beside the key that it is to protect.
const PASSPHRASE: &str = "keys with a passphrase are not read: `openssl pkey -in encrypted.key -out plain.key` takes it \
                          off; then let nobody else read the file";

fn network_port(value: &str) -> Result<String, ConfigError> {
    integer(value, 0, u16::MAX.into()).map(|port| port.to_string())
}

fn seconds(value: &str) -> Result<String, ConfigError> {
    integer(value, 1, SECONDS_MAX).map(|seconds| seconds.to_string())
}

fn flag(value: &str) -> Result<String, ConfigError> {
    boolean(value).map(|is| yes_or_no(is).to_string())
}

/// The host is told one setting on a line.
fn line(value: &str) -> Result<String, ConfigError> {
    if value.contains(['\n', '\r', '\0']) {
        return Err(ConfigError::new("a value has no line breaks"));
    }
    Ok(value.to_string())
}
