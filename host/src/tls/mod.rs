//! TLS: its settings, and what they make of the files that they name.

mod client;
mod error;
mod files;
mod load;
mod settings;
mod suites;

pub(crate) use client::{ClientSettings, connect};
pub use error::TlsError;
pub(crate) use files::Stamp;
pub(crate) use load::load;
pub use settings::{AuthClients, TlsSettings};

use sanderling_core::Fact;
use std::cell::Cell;

thread_local! {
    /// For INFO, which is asked in the thread of the server.
    static CERTIFICATE_END: Cell<u64> = const { Cell::new(0) };
}

/// Leaves the end of the certificate, in seconds since 1970, where [`fact`] finds it; 0 is no certificate.
pub(crate) fn show_certificate_end(seconds: u64) {
    CERTIFICATE_END.set(seconds);
}

/// One of the numbers for INFO, if it is one of these.
pub(crate) fn fact(which: Fact) -> Option<u64> {
    (which == Fact::CertificateEnd).then(|| CERTIFICATE_END.get())
}
