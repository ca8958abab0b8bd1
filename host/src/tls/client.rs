//! TLS from the other side, for `sanderling ping`.

use super::load::authorities;
use super::{TlsError, files};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

/// How a server is asked, by the names of redis-cli's options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClientSettings {
    /// Who has signed the server's certificate (`--cacert`).
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether the server's certificate is not looked at (`--insecure`).
    pub(crate) is_insecure: bool,
    /// The certificate to show (`--cert`).
    pub(crate) cert_file: Option<PathBuf>,
    /// Its key (`--key`).
    pub(crate) key_file: Option<PathBuf>,
    /// The name that the server's certificate has to have, if that is not the address (`--sni`).
    pub(crate) name: Option<String>,
}

/// Begins TLS on a connection to `host`; the handshake is done with the first write.
pub(crate) fn connect(
    settings: &ClientSettings,
    host: &str,
    socket: TcpStream,
) -> Result<StreamOwned<ClientConnection, TcpStream>, TlsError> {
    let name = settings.name.as_deref().unwrap_or(host);
    let server = ServerName::try_from(name.to_owned()).map_err(|_| TlsError::Name(name.to_owned()))?;
    let connection = ClientConnection::new(config(settings)?, server).map_err(|_| TlsError::NothingLeft)?;
    Ok(StreamOwned::new(connection, socket))
}

fn config(settings: &ClientSettings) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if settings.is_insecure {
        Arc::new(Trusting(Arc::clone(&provider)))
    } else {
        let ca_file = settings.ca_file.as_deref().ok_or(TlsError::NotSet("--cacert or --insecure"))?;
        let roots = Arc::new(authorities(Some(ca_file), None)?);
        WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(|error| TlsError::Authorities(error.to_string()))?
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::NothingLeft)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match (&settings.cert_file, &settings.key_file) {
        (None, None) => builder.with_no_client_auth(),
        (Some(cert), Some(key)) => {
            let chain = files::certificates(cert)?;
            let own_key = files::private_key(key)?;
            builder.with_client_auth_cert(chain, own_key).map_err(|error| TlsError::Pair {
                cert: cert.clone(),
                key: key.clone(),
                error,
            })?
        }
        (None, Some(_)) => return Err(TlsError::NotSet("--cert")),
        (Some(_), None) => return Err(TlsError::NotSet("--key")),
    };
    Ok(Arc::new(config))
}

/// Takes any certificate. Whether a server answers is all that is asked, and nothing is told to it.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
