//! Why TLS cannot be spoken by the settings.

use std::path::PathBuf;
use std::{fmt, io};

/// What is wrong with settings of TLS, or with the files that they name.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A setting is missing.
    NotSet(&'static str),
    /// Clients are to show certificates, and no authority is named that signs them.
    NoAuthorities,
    /// A file or directory cannot be read.
    Read {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file has no certificate in the form of PEM.
    NoCertificate(PathBuf),
    /// A file has no key in the form of PEM.
    NoKey(PathBuf),
    /// A key has a passphrase.
    Encrypted(PathBuf),
    /// What is between the lines of PEM is none.
    NotPem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: rustls::pki_types::pem::Error,
    },
    /// Key and certificate do not belong together.
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's.
        key: PathBuf,
    },
    /// Key or certificate are of a kind that is not known.
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's.
        key: PathBuf,
        /// What is wrong.
        error: rustls::Error,
    },
    /// None of the authorities' certificates can be used.
    Authorities(String),
    /// A version of the protocol is not spoken.
    Protocol(String),
    /// A suite is not known.
    Suite {
        /// The setting.
        setting: &'static str,
        /// The name.
        name: String,
    },
    /// The versions and suites that the settings leave do not go together.
    NothingLeft,
    /// There is no randomness for the keys of tickets.
    Tickets(rustls::Error),
    /// A server's certificate cannot be asked for by this name.
    Name(String),
    /// The thread of handshakes cannot be started.
    Thread(io::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::NotSet(name) => write!(f, "{name} is not set"),
            TlsError::NoAuthorities => f.write_str(
                "tls-auth-clients asks clients for certificates: either tls-ca-cert-file or tls-ca-cert-dir has to name \
                 who signs them, or tls-auth-clients has to be no",
            ),
            TlsError::Read { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            TlsError::NoCertificate(path) => write!(f, "{} has no certificate (PEM)", path.display()),
            TlsError::NoKey(path) => write!(f, "{} has no private key (PEM)", path.display()),
            TlsError::Encrypted(path) => write!(
                f,
                "the key in {0} has a passphrase, and such keys are not read: `openssl pkey -in {0} -out plain.key` \
                 takes it off",
                path.display()
            ),
            TlsError::NotPem { path, error } => write!(f, "{} is not PEM: {error}", path.display()),
            TlsError::Mismatch { cert, key } => {
                write!(f, "the key in {} is not that of the certificate in {}", key.display(), cert.display())
            }
            TlsError::Pair { cert, key, error } => write!(
                f,
                "the certificate in {} with the key in {} cannot be used: {error}",
                cert.display(),
                key.display()
            ),
            TlsError::Authorities(why) => write!(f, "the authorities' certificates cannot be used: {why}"),
            TlsError::Protocol(name) => {
                write!(f, "tls-protocols: {name} is not spoken, only TLSv1.2 and TLSv1.3 are")
            }
            TlsError::Suite { setting, name } => {
                write!(f, "{setting}: {name} is not among the suites of this server, which are ")?;
                f.write_str(&super::suites::names(setting).join(":"))
            }
            TlsError::NothingLeft => {
                f.write_str("tls-protocols, tls-ciphers and tls-ciphersuites leave nothing that could be spoken")
            }
            TlsError::Tickets(error) => write!(f, "cannot make keys for tickets: {error}"),
            TlsError::Name(name) => write!(f, "{name} is not the name of a server"),
            TlsError::Thread(error) => write!(f, "cannot start the thread that does handshakes: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}
