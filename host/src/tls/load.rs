//! What a server speaks TLS with, out of its settings and the files that they name.

use super::suites::{provider, versions};
use super::{AuthClients, TlsError, TlsSettings, files};
use crate::log;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Everything that a handshake needs.
pub(crate) struct Loaded {
    /// For connections from now on.
    pub(crate) config: Arc<ServerConfig>,
    /// When the certificate ends, in seconds since 1970; `None` if it does not say so in a way that is understood.
    pub(crate) certificate_end: Option<u64>,
}

/// Reads the files and makes of them what handshakes need.
pub(crate) fn load(settings: &TlsSettings) -> Result<Loaded, TlsError> {
    let cert_file = settings.cert_file.as_deref().ok_or(TlsError::NotSet("tls-cert-file"))?;
    let key_file = settings.key_file.as_deref().ok_or(TlsError::NotSet("tls-key-file"))?;
    let provider = Arc::new(provider(settings)?);
    let versions = versions(settings)?;
    let verifier = verifier(settings, &provider)?;
    let chain = files::certificates(cert_file)?;
    let Some(own) = chain.first() else { return Err(TlsError::NoCertificate(cert_file.to_owned())) };
    let certificate_end = end_of(own);
    let key = files::private_key(key_file)?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|_| TlsError::NothingLeft)?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config =
        builder.with_single_cert(chain, key).map_err(|error| pair_error(cert_file, key_file, error))?;
    config.ignore_client_order = settings.prefers_own_ciphers;
    // A session that is resumed is not verified again, so tickets end with what they were given under: each load has
    // keys of its own. The clients keep them; nothing is kept here.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if settings.resumes_sessions {
        config.ticketer = ring::Ticketer::new().map_err(TlsError::Tickets)?;
    } else {
        config.send_tls13_tickets = 0;
    }
    Ok(Loaded { config: Arc::new(config), certificate_end })
}

/// Who looks at the clients' certificates, if they are asked for any.
fn verifier(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let asks = settings.auth_clients != AuthClients::No;
    let TlsSettings { ca_file, ca_dir, .. } = settings;
    if ca_file.is_none() && ca_dir.is_none() {
        return if asks { Err(TlsError::NoAuthorities) } else { Ok(None) };
    }
    // What is named has to be good even where it is not needed yet.
    let roots = Arc::new(authorities(ca_file.as_deref(), ca_dir.as_deref())?);
    if !asks {
        return Ok(None);
    }
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    let builder = match settings.auth_clients {
        AuthClients::Optional => builder.allow_unauthenticated(),
        _ => builder,
    };
    builder.build().map(Some).map_err(|error| TlsError::Authorities(error.to_string()))
}

/// The certificates of those who sign others.
pub(super) fn authorities(file: Option<&Path>, dir: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut all: Vec<CertificateDer<'static>> = Vec::new();
    if let Some(file) = file {
        let found = files::certificates(file)?;
        if found.is_empty() {
            return Err(TlsError::NoCertificate(file.to_owned()));
        }
        all.extend(found);
    }
    if let Some(dir) = dir {
        let listed = files::list(dir).map_err(|error| TlsError::Read { path: dir.to_owned(), error })?;
        for file in listed {
            all.extend(files::certificates(&file)?);
        }
    }
    let mut roots = RootCertStore::empty();
    let (_, ignored) = roots.add_parsable_certificates(all);
    if roots.is_empty() {
        return Err(TlsError::Authorities("there is none".to_owned()));
    }
    if ignored > 0 {
        log::warning!("{ignored} certificates of authorities cannot be used and are left out");
    }
    Ok(roots)
}

fn pair_error(cert: &Path, key: &Path, error: rustls::Error) -> TlsError {
    let (cert, key) = (cert.to_owned(), key.to_owned());
    match error {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { cert, key },
        error => TlsError::Pair { cert, key, error },
    }
}

/// When a certificate ends, in seconds since 1970.
fn end_of(certificate: &CertificateDer<'_>) -> Option<u64> {
    let certificate = Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs())
}
