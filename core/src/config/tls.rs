//! Settings of TLS. The engine keeps them, and asks its host, which knows the files, whether they can be in effect; see
//! [`HostRequest::ChangeTls`](crate::HostRequest::ChangeTls).

use alloc::string::{String, ToString};

use super::values::yes_or_no;
use super::{Config, ConfigError, Setting, boolean, integer, one_of};

/// The setting without which the others are of no use yet.
pub(crate) const PORT: &str = "tls-port";

/// Its value; `0` is no port.
pub(crate) fn port(config: &Config) -> &str {
    config.idle(PORT, "0")
}

/// Whether a setting is one of these.
pub(crate) fn is_about_tls(name: &str) -> bool {
    TLS.iter().any(|setting| setting.name == name)
}

/// All of them with their values in `config`.
pub(crate) fn all(config: &Config) -> impl Iterator<Item = (&'static str, String)> {
    TLS.iter().map(|setting| (setting.name, (setting.read)(config, setting.name)))
}

/// A setting that is kept as the text that the last argument makes of a value.
macro_rules! tls {
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

pub(super) const TLS: &[Setting] = &[
    tls!("tls-auth-clients", "yes", |value| {
        one_of(value, &CLIENTS).map(|index| CLIENTS[index].to_string())
    }),
    tls!("tls-auto-reload-interval", "60", |value| {
        integer(value, 0, i32::MAX.into()).map(|seconds| seconds.to_string())
    }),
    tls!("tls-ca-cert-dir", "", line),
    tls!("tls-ca-cert-file", "", line),
    tls!("tls-cert-file", "", line),
    tls!("tls-ciphers", "", line),
    tls!("tls-ciphersuites", "", line),
    tls!("tls-key-file", "", line),
    tls!("tls-key-file-pass", "", |value: &str| {
        if value.is_empty() { Ok(String::new()) } else { Err(ConfigError::new(PASSPHRASE)) }
    }),
    tls!("tls-port", "0", |value| integer(value, 0, u16::MAX.into()).map(|port| port.to_string())),
    tls!("tls-prefer-server-ciphers", "no", flag),
    tls!("tls-protocols", "", line),
    tls!("tls-session-caching", "yes", flag),
];

/// The values of `tls-auth-clients`.
const CLIENTS: [&str; 3] = ["no", "yes", "optional"];

/// Why no passphrase is taken. It would stand beside the key that it is to protect.
const PASSPHRASE: &str = "keys with a passphrase are not read: `openssl pkey -in encrypted.key -out plain.key` takes it \
                          off; then let nobody else read the file";

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
